# Shortened scenarios in which the simulated world itself was wrong, or that no unit test can bring about: kept/NAME.scenario.
#   line-at-exchange  (15499) what jobs knew of their writes was lost, with their database, while they stood in line for the budget
#   drain-waits       (34866) a worker that drains, while a job that has made a row waits for the budget; the database is exchanged for one
#                     that has the row, but cannot prove who made it
#   bound-within-run  (20256) a choice is renamed while a job of a full run waits for the fate of its write, the listing being over
#   long-transaction  (3804) what a trigger did in a transaction of the application that was still open was taken for our write
#   key-of-another    (19903) a row comes back from its image under a key that another record's had before a database was set back
#   clock-at-start    (61656, shortened) the clock is set forward while a worker, just started, waits for its first answers
#   woken-early       (33359) a worker is frozen for two seconds, and would ask before its heartbeat in a budget that another counts
#   seen-by-another   (44498) what one mapping saw of a database while another one of the table waited was forgotten as httpd was restarted
#   image-in-flight   (67608) a row is deleted once more, in a copy of the database, and nobody knows when its job begins
use strict;
use warnings;
use NotionSync::Test;

my $program = build_info('builddir') . '/t/simulation/simulation';
my @kept    = sort glob build_info('srcdir') . '/t/simulation/kept/*.scenario';
ok(@kept > 0, 'there are some');
for my $file (@kept) {
    my ($name) = $file =~ m{([^/]+)\.scenario\z};
    my ($exit, $out) = run_command($program, '--scenario', $file);
    ok($exit == 0 && $out =~ /^simulation: 1 seeds, 0 violations,/m, $name) or diag $out;
}
done_testing();
