#!/usr/bin/perl
# Lets libFuzzer look for inputs that break a parser of outside data (R6): a build below this one, with its runtime and
# the sanitizers, then each fuzzer for some time, beginning with the inputs that t/fuzz/corpus holds. What is new and
# interesting is kept in BUILD/fuzz/corpus, for the next run; what breaks something in BUILD/fuzz/found.
#   t/fuzz/fuzz.pl --source=DIR --build=DIR --apxs=FILE --seconds=N --fuzzers='NAME ...'
use strict;
use warnings;
use File::Path qw(make_path);
use Getopt::Long qw(GetOptions);

my %given = (seconds => 60, apxs => 'apxs');
GetOptions(\%given, 'source=s', 'build=s', 'apxs=s', 'seconds=i', 'fuzzers=s') or exit 2;
my @fuzzers = split ' ', $given{fuzzers};

my ($clang) = grep { system("command -v $_ >/dev/null 2>&1") == 0 } qw(clang clang-14 clang-15 clang-16 clang-19);
die "make fuzz needs clang and its runtime: apt-get install clang libclang-rt-dev\n" unless $clang;

my $dir = "$given{build}/fuzz";
make_path("$dir/found", map { "$dir/corpus/$_" } @fuzzers);
chdir $dir or die "$dir: $!\n";

sub run {
    my @command = @_;
    system(@command) == 0 or die "make fuzz: '@command' failed\n";
}

run("$given{source}/configure", '--quiet', '--enable-asan', '--enable-ubsan', "--with-apxs=$given{apxs}",
    "CC=$clang", 'CFLAGS=-g -O1 -fsanitize=fuzzer-no-link') unless -e 'Makefile';
# First by itself: a configure that runs again must not see libFuzzer's main.
run('make', '--quiet', 'am--refresh');
run('make', '--quiet', 'LDFLAGS=-fsanitize=fuzzer', map { "t/fuzz/fuzz_$_" } @fuzzers);

my $broken = 0;
for my $name (@fuzzers) {
    # libFuzzer writes a line for each thing it learns; its last lines say how it ended.
    my $log = "$dir/$name.log";
    my $status = system("t/fuzz/fuzz_$name -max_total_time=$given{seconds} -timeout=10 -rss_limit_mb=2048 -max_len=16384"
        . " -print_final_stats=1 -artifact_prefix='$dir/found/$name-' 'corpus/$name'"
        . " '$given{source}/t/fuzz/corpus/$name' >'$log' 2>&1");
    open my $in, '<', $log or die "$log: $!\n";
    my $text = do { local $/; <$in> };
    my ($runs) = $text =~ /stat::number_of_executed_units:\s*(\d+)/;
    my $count = () = glob "$dir/corpus/$name/*";
    printf "fuzz: %-10s %s, %s inputs tried, %d kept\n", $name, $status ? 'BROKEN' : 'nothing found', $runs // '?', $count;
    next unless $status;
    $broken++;
    my ($found) = $text =~ /Test unit written to (\S+)/;
    print "  what happened: $log\n";
    print "  again: make t/fuzz/ut_fuzz_$name && t/fuzz/ut_fuzz_$name $found\n" if $found;
}
exit($broken ? 1 : 0);
