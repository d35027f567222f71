# Files and functions stay short enough to be read in one go, say what they are for, and leave nothing marked for later.
use strict;
use warnings;
use NotionSync::Source;
use NotionSync::Test;

my ($file_max, $function_max) = (800, 100);
my @files = c_files(qw(mod_notionsync t));
my (@long, @deep, @mute, @later);
for my $path (@files) {
    my $name  = relative($path);
    my $text  = read_file($path);
    my $lines = $text =~ tr/\n//;
    push @mute, $name unless $text =~ m{\A/\*+ \S};
    push @long, "$name: $lines lines" if $lines > $file_max;
    push @deep, map { "$name:$_->[1]: $_->[0], $_->[2] lines" } grep { $_->[2] > $function_max } functions($path);
    my $n = 0;
    for my $line (split /\n/, $text) {
        $n++;
        push @later, "$name:$n: $line" if $line =~ /\b(?:TODO|FIXME|XXX|HACK)\b/;
    }
}
cmp_ok(scalar @files, '>', 0, 'there are sources');
ok(!@long,  "no file has more than $file_max lines")         or diag join "\n", @long;
ok(!@deep,  "no function has more than $function_max lines") or diag join "\n", @deep;
ok(!@mute,  'each file begins with what it is for')          or diag join "\n", @mute;
ok(!@later, 'nothing is marked as left to do')               or diag join "\n", @later;
done_testing();
