# The judge of the simulation can fail: defects that are put into the engine, one at a time, are each caught. Compiles a file and
# links a program for each; "make mutants" looks for seeds anew. That the sound engine passes seeds up to 2,000 is what seeds.t tests, and
# the others are run with it too. Computes on all cores.
use strict;
use warnings;
use NotionSync::Test;

my $source = build_info('srcdir');
chomp(my $cores = `getconf _NPROCESSORS_ONLN` || 1);
my @part = map {
    open my $out, '-|', $^X, "$source/t/simulation/mutate", '--build=' . build_info('builddir'), "--source=$source", '--patience=120',
        '--sound=2000', "--part=$_/$cores" or die "mutate: $!\n";
    $out;
} 1 .. $cores;
my ($exit, $caught, $open, %seen) = (0, 0, 0);
for my $part (@part) {
    my $ended = 0;
    while (<$part>) {
        ($caught, $open, $ended) = ($caught + $1, $open + $2, 1) if /^mutants: (\d+) caught, \d+ not caught, (\d+) without a seed$/;
        $seen{$1} = $2 if /^(\S+): (.*)$/;
    }
    $exit ||= !close($part) || !$ended;
}
ok(!$exit, 'every defect whose seed is known is caught')
  or diag map { "$_: $seen{$_}\n" } grep { $seen{$_} !~ /\Aseed |\Ano seed/ } sort keys %seen;
cmp_ok($caught, '>=', 60, 'and these are many');
is($open, 0, 'there is none whose seed is not known');
done_testing();
