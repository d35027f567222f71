# C files look as .clang-format says; "make format" makes them.
use strict;
use warnings;
use NotionSync::Source;
use NotionSync::Test;

my $clang_format = tool_or_skip('clang-format', 14);
my @files = c_files(qw(mod_notionsync t));
cmp_ok(scalar @files, '>', 0, 'there are sources');
while (my @some = splice @files, 0, 50) {
    my ($exit, $out) = run_command($clang_format, '--dry-run', '--Werror', '--ferror-limit=3', @some);
    ok($exit == 0, 'these are formatted: ' . join ' ', map { relative($_) } @some) or diag $out;
}
done_testing();
