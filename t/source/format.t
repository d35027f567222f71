# C files look as .clang-format says; "make format" makes them.
use strict;
use warnings;
use NotionSync::Source;
use NotionSync::Test;

my $clang_format = tool_or_skip('clang-format', 14);
for my $file (c_files(qw(mod_notionsync t))) {
    my ($exit, $out) = run_command($clang_format, '--dry-run', '--Werror', '--ferror-limit=3', $file);
    ok($exit == 0, relative($file) . ' is formatted') or diag $out;
}
done_testing();
