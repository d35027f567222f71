# What the compiled code really uses and offers: the library needs nothing of httpd, the engine nothing of the outside
# world, names begin as they should, and httpd sees one symbol of the module.
use strict;
use warnings;
use NotionSync::Test;

my $build = build_info('builddir');

# name => [[object, type, symbol], ...] of the object files below a folder
sub symbols {
    my (@objects) = @_;
    return () unless @objects;
    my ($exit, $out) = run_command('nm', '-A', '-P', '--no-demangle', @objects);
    die $out if $exit != 0;
    return map { /\A(\S+?):? (\S+) (\S) ?/ ? [$1, $3, $2] : () } split /\n/, $out;
}

# Objects of sources that are still there; a build directory keeps others.
sub objects {
    my ($folder) = @_;
    return grep {
        my ($where, $name) = m{/(mod_notionsync/.*)\.libs/(?:\w*la-)?([^/]+)\.o\z};
        -e build_info('srcdir') . "/$where$name.c";
    } glob "$build/mod_notionsync/$folder/{,*/,*/*/}.libs/*.o";
}
sub brief { my ($s) = @_; my ($object) = $s->[0] =~ m{mod_notionsync/(.*)}; return "$object: $s->[2]" }
sub none { my ($what, @found) = @_; ok(!@found, $what) or diag join "\n", map { brief($_) } @found }

my @folders = qw(base model sync db store net connector queue worker);
my @library = symbols(map { objects($_) } @folders);
my @module  = symbols(objects('httpd'));
ok(scalar @library, 'the library has been built');
ok(scalar @module, 'so has the module');

none('the library calls nothing of httpd', grep { $_->[1] eq 'U' && $_->[2] =~ /\A(?:ap|mns)_/ } @library);
my $foreign = qr/\A(?:__asan|__ubsan|__odr_asan|__tsan|_GLOBAL_|__gcov|__start_|__stop_)/;
none('what the library defines begins with nts_',
    grep { $_->[1] =~ /\A[TDBRCWV]\z/ && $_->[2] !~ /\Ants_/ && $_->[2] !~ $foreign } @library);
none('what the httpd side defines begins with mns_',
    grep { $_->[1] =~ /\A[TDBRCWV]\z/ && $_->[2] !~ /\A(?:mns_|notionsync_module\z)/ && $_->[2] !~ $foreign } @module);

# The engine is steps on values: what it does not call, it cannot wait for.
my $io = qr/\A(?:
      time|gettimeofday|clock_gettime|clock|localtime\w*|gmtime\w*|mktime|nanosleep|usleep|sleep|rand|random|srand
    | open\w*|read|write|close|fopen\w*|fread|fwrite|fputs|fputc|puts|putchar|printf|fprintf|vprintf|vfprintf|syslog
    | socket|connect|send\w*|recv\w*|poll|select|epoll_\w+|getaddrinfo|fork|exec\w+|kill|getenv|setenv|setlocale|pthread_\w+
    | apr_time_now|apr_sleep|apr_file_\w+|apr_socket_\w+|apr_env_\w+|apr_proc_\w+|apr_thread_\w+|apr_generate_random_bytes
    | nts_log\w*|nts_clock_system|nts_random_system|curl_\w+|sqlite3_\w+
)\z/x;
none('sync and model use no clock, file, socket, log, process or random source',
    grep { $_->[1] eq 'U' && $_->[2] =~ $io } symbols(map { objects($_) } qw(sync model)));

SKIP: {
    skip 'a sanitizer adds data of its own', 1 if build_info->{sanitize};
    my @static;
    for my $object (map { objects($_) } qw(sync model)) {
        my ($exit, $out) = run_command('size', '-A', $object);
        die $out if $exit != 0;
        push @static, "$object: $1 of $2 bytes" while $out =~ /^(\.(?:data|bss|tdata|tbss)(?:\.(?!rel\.ro)\S*)?)\s+([1-9]\d*)/mg;
    }
    ok(!@static, 'sync and model have no static state') or diag join "\n", @static;
}

my ($exit, $out) = run_command('nm', '-D', '--defined-only', '-P', build_info('module'));
is($exit, 0, 'nm reads the module') or diag $out;
my @exported = grep { !/$foreign/ } map { /\A(\S+)/ } split /\n/, $out;
is("@exported", 'notionsync_module', 'the module exports its record and nothing else');

($exit, $out) = run_command('nm', '-D', '--undefined-only', build_info('module'));
my @absent = $out =~ /\bU ((?:nts|mns)_\S+)/g;
ok(!@absent, 'all that the module uses of the library is in it') or diag join "\n", @absent;

# mod_md brings jansson into the process, whose json_object_get is another function.
my @json = $out =~ /\bU (json_\S+)/g;
cmp_ok(scalar @json, '>', 0, 'the module uses json-c');
ok(!(grep { !/\@JSONC_/ } @json), 'and asks for its symbols by version') or diag join "\n", @json;

done_testing();
