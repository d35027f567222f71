# clang-tidy and its analyser, as .clang-tidy sets them, have nothing to say about any C file of the module. Computes on all cores.
use strict;
use warnings;
use NotionSync::Source;
use NotionSync::Test;

my $clang_tidy = tool_or_skip('clang-tidy', 14);
my ($cc) = split ' ', build_info('cc');
my $rules = read_file(build_info('srcdir') . '/.clang-tidy');

# The analyser looks at so many states of a function. Half of the files have fewer; with its default of 225,000 the others bring the
# time of all from about 170 s of one core to about 420 s (2.5 times as long, measured on 171 files), spread so widely that no few files
# or functions are to blame. NTS_TIDY_STATES=225000 looks at all of those.
my @budget = map { ('-Xclang', $_) } '-analyzer-config', 'max-nodes=' . ($ENV{NTS_TIDY_STATES} // 60_000);

# What it says depends on the file with all that it includes (line numbers too: NOLINT is a matter of lines) and on
# the rules.
sub key {
    my ($file) = @_;
    my ($exit, $text) = run_command($cc, '-E', '-C', include_flags($file), $file);
    return ($rules, $text, "@{[include_flags($file)]} @budget", $exit ? rand : 0);
}

check_each('tidy', [grep { /\.c\z/ } c_files(qw(mod_notionsync t/sim))], \&key, sub {
    my ($file) = @_;
    return ($clang_tidy, '-quiet', $file, '--', include_flags($file), @budget);
});
done_testing();
