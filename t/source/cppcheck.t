# cppcheck has nothing to say about the module's sources but what t/source/cppcheck.supp excuses. Computes on all cores.
use strict;
use warnings;
use NotionSync::Source;
use NotionSync::Test;

my $cppcheck = tool_or_skip('cppcheck', '2.10');
my $flags = join ' ', include_flags('t/sim/');
$flags =~ s/-isystem /-I/g;        # it knows no system headers
my @includes = grep { /\A-[ID]/ } split ' ', $flags;
my @folders = grep { -d } map { build_info('srcdir') . "/$_" } qw(mod_notionsync t/sim);
my ($exit, $out) = run_command($cppcheck, '--std=c11', '--enable=warning,style,performance,portability', '--quiet',
    '--inline-suppr', '--error-exitcode=1', '--suppressions-list=' . build_info('srcdir') . '/t/source/cppcheck.supp',
    '--template={file}:{line}: {severity}: {message} [{id}]', '-j2', @includes, @folders);
is($exit, 0, 'cppcheck is content') or diag $out;
done_testing();
