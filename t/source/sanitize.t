# The unit tests and the fuzzers' inputs pass when AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer watch them.
# Takes minutes: many of them wait, beside which others have the cores.
use strict;
use warnings;
use NotionSync::Test;

plan(skip_all => 'this build is watched already') if build_info->{sanitize};
plan(skip_all => 'the source directory is the build directory') if build_info('srcdir') eq build_info('builddir');

# What make was told about the tests to run (T too, which it exports) is not meant for the one below.
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES NTS_WRAP)};
chomp(my $cores = `getconf _NPROCESSORS_ONLN` || 1);
my ($exit, $out) = run_command('nice', 'make', '-C', build_info('builddir'), "-j$cores", 'check-sanitize-units', 'T=');
is($exit, 0, 'the unit tests and fuzzers pass in a build with sanitizers') or diag $out;
my ($tests) = $out =~ /^Files=\d+, Tests=(\d+)/m;
cmp_ok($tests // 0, '>', 0, 'and there were some');
done_testing();
