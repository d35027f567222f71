# docs/directives.md and the example speak of exactly the directives that there are, and what they show is accepted.
use strict;
use warnings;
use NotionSync::Test;

my $source = build_info('srcdir');
my $doc    = read_file("$source/docs/directives.md");
my %known  = map { $_ => 1 } read_file("$source/mod_notionsync/httpd/mns_directives.c") =~ /(?:RAW_ARGS|DIRECTIVE)\("(<?NotionSync\w+)"/g;

my ($available, $reserved) = split /^## Not available yet$/m, $doc;
my %described = map { s/\\//gr =~ s/>//r => 1 } $available =~ /^## (\\?<?NotionSync\w+\\?>?)$/mg;
my ($names)   = $reserved =~ /\A([^;]*);/;
my %reserved  = map { $_ => 1 } $names =~ /`(NotionSync\w+)`/g;
ok(!$described{$_} != !$reserved{$_}, "$_ is described, or said to be missing") for sort keys %known;
ok($known{$_}, "$_ exists") for sort keys %described, keys %reserved;

for my $section ($available =~ /^## .*?(?=^## |^---|\z)/msg) {
    my ($name) = $section =~ /^## \\?<?(NotionSync\w+)/;
    for my $part (qw(Description Syntax Context)) {
        like($section, qr/^\| \*\*$part\*\* \| /m, "$name has its " . lc $part);
    }
}

# Examples that are whole, and parts of services and mappings.
my $httpd = new_httpd;
$httpd->write_file('conf/token', "ntn_0000\n", mode => 0600);
my @whole = map { /^</ ? $_ : /NotionSyncFi(?:eld|lter)/ ? in_mapping($_) : in_service($_) } $available =~ /^```apache\n(.*?)^```/msg;
my $mappings = 0;
sub in_mapping {
    my ($lines) = @_;
    my $name  = 'x' . ++$mappings;
    my $field = $lines =~ /NotionSyncField / ? '' : "NotionSyncField Name <-> name\n";
    return "<NotionSyncMapping $name>\nNotionSyncNotion work 1a2b3c4d-0000-4000-8000-5e6f7a8b9c0e\nNotionSyncExternal crm $name\n$field$lines</NotionSyncMapping>\n";
}
sub in_service { return "<NotionSyncService y notion>\n$_[0]</NotionSyncService>\n" }
my $config = join '', grep { !/pass show/ } @whole;
$config =~ s{/etc/notionsync/(?:token|oauth)\b}{conf/token}g;
$httpd->config($config);
my ($exit, $out) = $httpd->configtest;
is($exit, 0, 'the examples of the documentation are accepted') or diag $out;

my $example = read_file("$source/conf/notionsync.conf");
$httpd->config($example);
($exit, $out) = $httpd->configtest;
is($exit, 0, 'so is the example as it stands') or diag $out;
$example =~ s/^#(?=[<N ])//mg;
$example =~ s/^(?: mod_notionsync| "apachectl| State| The | From| Where| Stands).*\n//mg;
$example =~ s{/etc/notionsync/token}{conf/token};
$httpd->config($example);
($exit, $out) = $httpd->configtest;
is($exit, 0, 'and with what is commented out') or diag $out;

done_testing();
