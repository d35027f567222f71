# Every C file of the module is named once in the Makefile.inc of its folder, or a release would lack it.
use strict;
use warnings;
use NotionSync::Source;
use NotionSync::Test;

my %listed;
for my $fragment (glob build_info('srcdir') . '/mod_notionsync/{*,*/*}/Makefile.inc') {
    for my $line (grep { !/\A\s*#/ } split /\n/, read_file($fragment)) {
        $listed{$1}++ while $line =~ m{\b(mod_notionsync/\S+\.[ch])\b}g;
    }
}
my @files   = map { relative($_) } c_files('mod_notionsync');
my @missing = grep { !$listed{$_} } @files;
my @twice   = grep { $listed{$_} > 1 } sort keys %listed;
cmp_ok(scalar @files, '>', 0, 'there are sources');
ok(!@missing, 'each is in a Makefile.inc') or diag join "\n", @missing;
ok(!@twice,   'and none twice')            or diag join "\n", @twice;
done_testing();
