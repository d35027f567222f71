# F1: Notion's official JavaScript client runs a full session against the simulator - schema, queries with its paging
# helpers, create, read, update, trash, restore, property items, errors of every kind, its own retries - and accepts the
# signatures of the simulator's webhooks with its own helper. So the simulator is not merely what we believe Notion to be.
use strict;
use warnings;
use NotionSync::Test;

my $dir = build_info('srcdir') . '/t/node';
my ($missing, $version) = run_command('node', '--version');
lacking('node is not installed') if $missing;
lacking('the npm packages of t/node are not installed (npm ci)') unless -d "$dir/node_modules/\@notionhq/client";
diag("node $version") if $version !~ /\Av(?:1[89]|[2-9]\d)\./;

my $sim = start_sim();
my ($exit, $out) = run_command('node', "$dir/official-client.mjs", $sim->url);
my $count = 0;
my $last;
for my $line (split /\n/, $out) {
    if ($line =~ /\A(not )?ok - (.*)\z/) {
        $count++;
        ok(!$1, "client: $2");
    }
    elsif ($line =~ /\Adone (\d+)\z/) {
        $last = $1;
    }
    elsif ($line =~ /\A# seed/) {
        note($line);
    }
    else {
        diag($line);
    }
}
is($exit, 0, 'the session ended normally');
is($last, $count, 'and came to its end');
cmp_ok($count, '>', 70, 'with all of its checks');
finish();
