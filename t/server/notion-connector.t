# The Notion connector over real HTTP against the simulator, which shares no code with it: schemas, every type of value
# there and back, the trash, texts that pages show in part, listings beyond Notion's cap, every fault, lost creates.
use strict;
use warnings;
use NotionSync::Test;

my $sim = start_sim();
my ($exit, $out) = run_command(build_info('builddir') . '/t/server/notion_client', $sim->url);
my $planned;
my $count = 0;
for my $line (split /\n/, $out) {
    if ($line =~ /\A(not )?ok \d+ - (.*)\z/) {
        $count++;
        ok(!$1, $2);
    }
    elsif ($line =~ /\A1\.\.(\d+)\z/) {
        $planned = $1;
    }
    else {
        diag($line);
    }
}
is($exit, 0, 'the session ended normally');
is($count, $planned, 'and came to its end');
finish();
