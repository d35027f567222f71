# The folders depend on each other in one direction only, each foreign library has one home, and no two files include
# each other. The compiler would not mind; the next reader would.
use strict;
use warnings;
use NotionSync::Source;
use NotionSync::Test;

my @library = qw(base model sync db store net connector queue worker);
my %may = (
    base      => [],
    model     => [qw(base)],
    sync      => [qw(base model)],
    db        => [qw(base)],
    store     => [qw(base model sync db)],
    net       => [qw(base)],
    connector => [qw(base model net)],
    queue     => [qw(base model)],
    worker    => \@library,
    httpd     => \@library,
    tool      => \@library,
);

# Who may include a foreign header.
my @homes = (
    [qr{^(?:json-c/.*|json\.h)$}                       => 'base'],
    [qr{^openssl/}                                     => 'base'],
    [qr{^apr_dbd\.h$}                                  => 'db'],
    [qr{^curl/}                                        => 'net'],
    [qr{^sqlite3\.h$}                                  => 'connector/sql/sqlite'],
    [qr{^(?:mysql.*\.h|mariadb.*)$}                    => 'connector/sql'],
    [qr{^(?:libpq|pg_config|postgres).*\.h$}           => 'connector/sql/pgsql'],
    [qr{^(?:httpd|http_\w+|ap_\w+|mod_\w+|util_\w+|scoreboard|mpm_common|unixd)\.h$} => 'httpd'],
);

# Text processing and arithmetic, but nothing that reaches outside: the engine has no I/O and no clock.
my %pure = map { $_ => 1 } qw(sync model);
my $outside = qr{^(?:time|unistd|fcntl|poll|signal|pthread|threads|netdb|dirent|syslog|locale)\.h$
    |^(?:sys|net|netinet|arpa)/
    |^apr_(?:file_\w+|network_io|poll|thread_\w+|proc_mutex|global_mutex|shm|mmap|signal|env|random|escape_io)\.h$}x;

my $top = build_info('srcdir') . '/mod_notionsync';
my (%edges, @foreign, @upward, @impure, @missing);
for my $path (c_files('mod_notionsync')) {
    my ($file)   = $path =~ m{\A\Q$top\E/(.*)\z};
    my ($folder) = $file =~ m{\A(\w+)/};
    my ($within) = $file =~ m{\A(.*)/};
    ok($may{$folder}, "$file is in a folder that has a place in the order") unless $may{$folder};
    for (includes($path)) {
        my ($line, $system, $name) = @$_;
        my $where = "$file:$line includes $name";
        for (@homes) {
            my ($header, $home) = @$_;
            push @foreign, "$where, which belongs to $home/" if $name =~ $header && "$within/" !~ m{\A\Q$home\E/};
        }
        push @impure, $where if $pure{$folder} && $name =~ $outside;
        next if $system || $name eq 'config.h';
        unless (-e "$top/$name") {
            push @missing, "$where, which is no file below mod_notionsync/";
            next;
        }
        push @{ $edges{$file} }, $name;
        my ($target) = $name =~ m{\A(\w+)/};
        push @upward, $where unless $target eq $folder || grep { $_ eq $target } @{ $may{$folder} // [] };
    }
}

sub none { my ($what, @found) = @_; ok(!@found, $what) or diag join "\n", @found }

none('own files are included by their path below mod_notionsync/', @missing);
none('no folder includes one above it', @upward);
none('each foreign header stays in its folder', @foreign);
none('the engine and its values reach nothing outside', @impure);

# A cycle is found where a walk along the includes meets a file that it is still inside of.
my (%state, @cycles);
sub walk {
    my ($file, @trail) = @_;
    if (($state{$file} // '') eq 'open') {
        push @cycles, join ' -> ', @trail, $file;
        return;
    }
    return if $state{$file};
    $state{$file} = 'open';
    walk($_, @trail, $file) for @{ $edges{$file} // [] };
    $state{$file} = 'done';
}
walk($_) for sort keys %edges;
none('no files include each other in a circle', @cycles);

done_testing();
