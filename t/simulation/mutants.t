# The judge of the simulation can fail: defects that are put into the engine, one at a time, are each caught. Compiles a file and
# links a program for each; "make mutants" looks for seeds anew.
use strict;
use warnings;
use NotionSync::Test;

my $source = build_info('srcdir');
my ($exit, $out) =
  run_command($^X, "$source/t/simulation/mutate", '--build=' . build_info('builddir'), "--source=$source", '--patience=120');
my %seen = map { /\A(\S+): (.*)\z/ ? ($1 => $2) : () } split /\n/, $out;
my ($caught, $open) = $out =~ /^mutants: (\d+) caught, \d+ not caught, (\d+) without a seed$/m;
ok($exit == 0, 'every defect whose seed is known is caught')
  or diag map { "$_: $seen{$_}\n" } grep { $seen{$_} !~ /\Aseed |\Ano seed/ } sort keys %seen;
cmp_ok($caught // 0, '>=', 60, 'and these are many');
is($open, 0, 'there is none whose seed is not known');
done_testing();
