package NotionSync::OpenAPI;
# F2: what was recorded of the simulator held against Notion's OpenAPI document (t/node/openapi.mjs). Every server test does so at its end, by
# finish(): each request of the module, each answer and webhook of the simulator.
#
#     my @kinds = NotionSync::OpenAPI::check_record($sim->record);      # a check for each kind of exchange; then the test knows which there were
use strict;
use warnings;
use Carp qw(croak);
use NotionSync::Test ();
use Test::More ();

my %checked;

# An extract of the document, or the file that NTS_NOTION_OPENAPI names
sub document { return $ENV{NTS_NOTION_OPENAPI} // NotionSync::Test::build_info('srcdir') . '/t/node/notion-api.json' }

# What is not installed of what it needs; undef: nothing.
sub lacks {
    return 'the document is not there' unless -e document();
    return 'the npm packages of t/node are not installed (npm ci)' unless -d NotionSync::Test::build_info('srcdir') . '/t/node/node_modules/ajv';
    return (NotionSync::Test::run_command('node', '--version'))[0] == 0 ? undef : 'node is not installed';
}

# Where compiled schemas are kept from one test to the next.
sub kept { return ('--keep', NotionSync::Test::build_info('builddir') . '/t/openapi') }

# {exit, kinds => [[name, whether it is good]], notes => [lines], whole}
sub judge {
    my (@args) = @_;
    my ($exit, $out) = NotionSync::Test::run_command('node', NotionSync::Test::build_info('srcdir') . '/t/node/openapi.mjs', @args);
    my %found = (exit => $exit, kinds => [], notes => [], whole => 0);
    for my $line (split /\n/, $out) {
        if ($line =~ /\A(not )?ok - (.*)\z/) { push @{ $found{kinds} }, [$2, !$1] }
        elsif ($line =~ /\Adone (\d+)\z/)    { $found{whole} = $1 == @{ $found{kinds} } && $exit == 0 }
        elsif ($line !~ /\Aused /)           { push @{ $found{notes} }, $line }
    }
    return \%found;
}

# A check for each kind of exchange; the kinds. exceptions => 1 checks the list of exceptions as well.
sub check_record {
    my ($file, %opt) = @_;
    my $found = judge($opt{exceptions} ? '--exceptions' : (), kept(), document(), $file);
    $checked{$file} = 1;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    Test::More::ok($_->[1], $_->[0]) for @{ $found->{kinds} };
    Test::More::diag($_) for @{ $found->{notes} };
    Test::More::ok($found->{whole}, 'all was validated');
    return map { $_->[0] } @{ $found->{kinds} };
}

# One check of all records that were not looked at yet; none if there is nothing in them.
sub check_rest {
    my (@files) = grep { !$checked{$_}++ && -s } @_;
    return unless @files;
    my $lacks = lacks();
    if (defined $lacks) {
        croak "$lacks, although everything should be installed" if $ENV{NTS_NO_SKIP};
        Test::More::note("exchanges are not held against Notion's document: $lacks");
        return;
    }
    my $found = judge(kept(), document(), @files);
    my @bad = map { $_->[0] } grep { !$_->[1] } @{ $found->{kinds} };
    Test::More::ok($found->{whole} && !@bad, "every request and answer is what Notion's document describes");
    Test::More::diag("not so: $_") for @bad;
    Test::More::diag($_) for @{ $found->{notes} };
    return;
}

1;
