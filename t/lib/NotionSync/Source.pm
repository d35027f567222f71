package NotionSync::Source;
# The project's own C files, for the tests that read them.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use Exporter qw(import);
use File::Find ();
use Test::More;
use NotionSync::Test qw(build_info read_file run_command);

our @EXPORT = qw(c_files relative code_only includes functions tool_or_skip include_flags check_each);

# C files below folders of the source directory, sorted.
sub c_files {
    my (@folders) = @_;
    my $top = build_info('srcdir');
    my @found;
    for my $folder (grep { -d "$top/$_" } @folders) {
        File::Find::find({
            no_chdir   => 1,
            preprocess => sub { grep { $_ ne 'node_modules' } @_ },
            wanted     => sub { push @found, $_ if -f && /\.[ch]\z/ && !m{/config\.h\z} },
        }, "$top/$folder");
    }
    return sort @found;
}

sub relative {
    my ($path) = @_;
    my $top = build_info('srcdir');
    $path =~ s{\A\Q$top\E/}{};
    return $path;
}

# The text with comments, strings and character constants blanked; line breaks stay where they are.
sub code_only {
    my ($text) = @_;
    my $blank = sub { my $t = shift; $t =~ s/[^\n]/ /g; return $t };
    $text =~ s{(/\*.*?\*/|//[^\n]*)|("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')}
              {defined $1 ? $blank->($1) : substr($2, 0, 1) . $blank->(substr $2, 1, -1) . substr($2, -1)}gse;
    return $text;
}

# [line number, 1 for <> or 0 for "", name] of each #include.
sub includes {
    my ($path) = @_;
    my ($n, @found) = (0);
    for my $line (split /\n/, read_file($path)) {
        $n++;
        push @found, [$n, $1 eq '<' ? 1 : 0, $2] if $line =~ /\A\s*#\s*include\s*([<"])([^>"]+)[>"]/;
    }
    return @found;
}

# [name, first line, number of lines] of each function: in this style its braces stand in the first column.
sub functions {
    my ($path) = @_;
    my ($n, $start, $name, @found) = (0, 0, '?');
    for my $line (split /\n/, code_only(read_file($path))) {
        $n++;
        if ($line =~ /\A[A-Za-z_].*?(\w+)\s*\(/ && $line !~ /;\s*\z/) { $name  = $1 }
        elsif ($line =~ /\A\{/)                                       { $start = $n }
        elsif ($line =~ /\A\}/ && $start) {
            push @found, [$name, $start, $n - $start + 1];
            $start = 0;
        }
    }
    return @found;
}

# The command, if it is the version these checks are written for: others format and judge differently.
sub tool_or_skip {
    my ($name, $version) = @_;
    my $other;
    for my $command ("$name-$version", $name) {
        my ($exit, $out) = run_command($command, '--version');
        next if $exit != 0;
        return $command if $out =~ /\b(?:version |Cppcheck )\Q$version\E\b/;
        ($other) = $out =~ /\b(\d+\.\d\S*)/;
    }
    plan(skip_all => "$name is $other here; its rules were written for $version") if $other;
    NotionSync::Test::lacking("no $name");
}

# What the compiler is told about headers.
sub include_flags {
    my ($path) = @_;
    my $info  = build_info();
    my @flags = ('-std=c11', "-I$info->{srcdir}/mod_notionsync", "-I$info->{builddir}/mod_notionsync",
        "-I$info->{srcdir}/t", split ' ', $info->{cppflags});
    push @flags, split ' ', $info->{httpd_cppflags} if $path =~ m{/(?:httpd|sim)/};
    return @flags;
}

# Runs a slow check over files, two at a time, and reports one test per file. What passed is remembered by a hash of
# all that it depends on ($key->(file) yields that), so that only what changed is checked again.
#   check_each($label, \@files, $key, $command)    $command->(file) yields the command as a list
sub check_each {
    my ($label, $files, $key, $command) = @_;
    my $cache = build_info('builddir') . '/t/passed';
    mkdir $cache;
    my (%running, %result);
    my @todo;
    for my $file (@$files) {
        my $mark = "$cache/$label-" . sha256_hex(join "\0", $key->($file));
        if (-e $mark) { $result{$file} = [0, ''] }
        else          { push @todo, [$file, $mark] }
    }
    while (@todo || %running) {
        while (@todo && keys %running < 2) {
            my ($file, $mark) = @{ shift @todo };
            my $pid = fork // die "fork: $!\n";
            unless ($pid) {
                my ($exit, $out) = run_command($command->($file));
                NotionSync::Test::write_file($exit ? "$mark.bad" : "$mark.new", $out);
                rename "$mark.new", $mark unless $exit;
                POSIX::_exit($exit ? 1 : 0);
            }
            $running{$pid} = [$file, $mark];
        }
        my $pid = waitpid -1, 0;
        my ($file, $mark) = @{ delete $running{$pid} // next };
        my $bad = $? != 0;
        $result{$file} = [$bad, $bad && -e "$mark.bad" ? read_file("$mark.bad") : ''];
        unlink "$mark.bad";
    }
    for my $file (@$files) {
        my ($bad, $out) = @{ $result{$file} };
        ok(!$bad, "$label: " . relative($file)) or diag $out;
    }
    plan(skip_all => 'no sources') unless @$files;
    return;
}

1;
