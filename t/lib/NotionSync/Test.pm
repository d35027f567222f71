package NotionSync::Test;
# What a whole-server test needs: private httpds on free ports, HTTP, waiting for conditions, SQLite, error logs.
#
#     use NotionSync::Test;
#     my $sim   = start_sim();
#     my $httpd = start_httpd(define => { SIM => $sim->url }, config => <<'CONF');
#         ... ${SIM}, and always ${ROOT}, ${STATE}, ${PORT} ...
#     CONF
#     is($httpd->get('/')->{status}, 404, 'nothing is served');
#     wait_ok { $httpd->log_lines(qr/ready/) } 10, 'the worker is ready';
#     $httpd->log_expect(qr/AH00128/);
#     finish();                       # stops all, checks all error logs, done_testing
#
# Every process that is started here ends with the test, also when the test is killed. The directory of a server
# stays when the test fails. Only modules that come with perl.
use strict;
use warnings;
use Carp qw(croak);
use Cwd qw(abs_path);
use Exporter qw(import);
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use JSON::PP ();
use POSIX qw(WNOHANG);
use Test::More;
use Time::HiRes qw(time);
use NotionSync::OpenAPI ();
use NotionSync::Server;

our @EXPORT = (qw(build_info new_httpd start_httpd start_sim finish wait_for wait_ok patience free_port run_command
    sqlite server_user temp_dir read_file write_file decode encode lacking require_module), @Test::More::EXPORT);

# For configurations: the dashboard and the hooks, at their usual places.
our $SERVED = <<'CONF';
<Location "/notionsync">
  NotionSyncServe status
</Location>
<Location "/notionsync/hook">
  NotionSyncServe hook
</Location>
CONF

my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my (@servers, @temp_dirs, $build, $main_pid, $keeper);
$main_pid = $$;

sub decode { return $json->decode($_[0]) }
sub encode { return $json->encode($_[0]) }

# What configure found: version, srcdir, builddir, httpd, httpd_modules, module, simulator, tool, cc, sanitize ...
sub build_info {
    my ($key) = @_;
    unless ($build) {
        my $dir = $ENV{NTS_BUILDDIR} || do { my ($found) = grep { -e "$_/t/build.json" } '.', 'build'; $found || '.' };
        $build = decode(read_file(abs_path($dir) . '/t/build.json'));
    }
    return $key ? $build->{$key} // croak("no '$key' in t/build.json") : $build;
}

sub read_file {
    my ($path) = @_;
    open my $fh, '<:raw', $path or croak "$path: $!";
    local $/;
    return <$fh> // '';
}

sub write_file {
    my ($path, $text, $mode) = @_;
    open my $fh, '>:raw', $path or croak "$path: $!";
    print {$fh} $text or croak "$path: $!";
    close $fh or croak "$path: $!";
    chmod $mode, $path if defined $mode;
    return $path;
}

# Others must be able to look into it: httpd's children run as somebody else when the test runs as root.
sub temp_dir {
    my $dir = tempdir('notionsync-XXXXXXXX', TMPDIR => 1);
    chmod 0755, $dir;
    push @temp_dirs, $dir;
    return $dir;
}

# Who httpd's children run as: [name, uid, gid]. Oneself unless root.
sub server_user {
    return [scalar getpwuid($>), $>, $) + 0] if $> != 0;
    for my $name (qw(www-data apache httpd nobody)) {
        my @pw = getpwnam $name;
        return [$name, @pw[2, 3]] if @pw;
    }
    croak 'root, but no user www-data, apache or nobody to run httpd as';
}

# Factor on time-outs: machines that test are busy, and programs that are watched are slow. What is awaited ends the
# wait, so that patience costs nothing where all is well.
sub patience { return $ENV{NTS_PATIENCE} || (build_info->{sanitize} ? 8 : 4) }

# wait_for { condition } SECONDS, WHAT: the condition's value once it is true; dies when the time is over.
sub wait_for(&;$$) {
    my ($cond, $seconds, $what) = @_;
    return _wait($cond, $seconds) || croak sprintf 'gave up after %s s: %s', _seconds($seconds), $what // 'condition';
}

# The same as a check of its own that passes or fails.
sub wait_ok(&;$$) {
    my ($cond, $seconds, $what) = @_;
    my $start = time;
    my $value = _wait($cond, $seconds);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok($value, $what // 'condition') or diag sprintf 'gave up after %.1f s', time - $start;
    return $value;
}

sub _seconds { return ($_[0] // 10) * patience() }

sub _wait {
    my ($cond, $seconds) = @_;
    my $start = time;
    my $end   = $start + _seconds($seconds);
    while (1) {
        my $value = $cond->();
        return $value if $value;
        my $now = time;
        return if $now > $end;
        # Who has waited long looks less often: asking costs the processor that others need.
        my $pause = ($now - $start) / 20;
        select undef, undef, undef, $pause < 0.015 ? 0.015 : $pause > 0.25 ? 0.25 : $pause;
    }
}

# A port nobody listens on. Below the range from which the kernel takes outgoing ports, where one that is free now
# may be somebody's end of a connection when httpd restarts; two tests that chance on the same are told apart by
# NotionSync::Server, which tries again.
sub free_port {
    my $high = 32767;
    if (open my $fh, '<', '/proc/sys/net/ipv4/ip_local_port_range') {
        my ($low) = split ' ', <$fh>;
        $high = $low - 1 if $low > 12000;
    }
    for (1 .. 200) {
        my $port   = 10240 + int rand($high - 10240);
        my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 1, ReuseAddr => 1);
        return $port if $socket;
    }
    croak 'no free port';
}

# (exit status, standard output and error) of a command given as a list; 128 + signal when killed by one.
sub run_command {
    my (@command) = @_;
    my $pid = open my $out, '-|';
    croak "fork: $!" unless defined $pid;
    unless ($pid) {
        open STDERR, '>&', \*STDOUT;
        open STDIN,  '<',  '/dev/null';
        { no warnings 'exec'; exec { $command[0] } @command; }
        print "$command[0]: $!\n";
        POSIX::_exit(127);
    }
    local $/;
    my $text = <$out> // '';
    close $out;
    return ($? & 127 ? 128 + ($? & 127) : $? >> 8, $text);
}

# Rows, each a hash, of SQL run by SQLite's shell. A database that this creates belongs to httpd's user.
sub sqlite {
    my ($file, $sql) = @_;
    my $new = !-e $file;
    my ($exit, $out) = run_command('sqlite3', '-batch', '-bail', '-json', '-cmd', '.timeout 10000', $file, $sql);
    croak "sqlite3 $file: $out\n  in: $sql" if $exit != 0;
    if ($new && $> == 0) {
        chown @{ server_user() }[1, 2], $_ for grep { -e } $file, "$file-wal", "$file-shm";
    }
    # Each statement with rows prints an array of its own; the last is what was asked for.
    my $rows = [];
    $json->incr_reset;
    $json->incr_parse($out);
    while (my $array = $json->incr_parse) { $rows = $array }
    return $rows;
}

# Skip the whole file because something is not installed; fail instead where check.sh has seen to that.
sub lacking {
    my ($what) = @_;
    die "$what, although everything should be installed\n" if $ENV{NTS_NO_SKIP};
    plan(skip_all => $what);
}

sub require_module {
    defined NotionSync::Server::module_known($_) or lacking("httpd has no mod_$_") for @_;
}

# A private httpd with the module, not yet started. See NotionSync::Server for options and methods.
sub new_httpd {
    my (%opt) = @_;
    my $server = NotionSync::Server->new(load => { notionsync_module => build_info('module') }, %opt);
    push @servers, $server;
    return $server;
}

sub start_httpd { return new_httpd(@_)->start }

# The Notion simulator (t/sim/README.md): one process, so that all requests meet one memory. It writes every exchange to ${ROOT}/record,
# which finish() holds against Notion's document, unless record => 0; the other options are those of new_httpd.
sub start_sim {
    my (%opt) = @_;
    croak 'the simulator is not built: ' . build_info('simulator') unless -e build_info('simulator');
    my $config = delete $opt{config} // '';
    my $record = delete $opt{record} // 1;
    my $server = NotionSync::Server->new(
        name   => 'sim',
        mpm    => 'event',
        load   => { notionsim_module => build_info('simulator') },
        limits => <<'LIMITS',
ServerLimit 1
StartServers 1
ThreadsPerChild 64
MaxRequestWorkers 64
MinSpareThreads 1
MaxSpareThreads 64
MaxConnectionsPerChild 0
LIMITS
        config => <<"CONFIG",
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 60
AllowEncodedSlashes NoDecode
<Location "/">
  SetHandler notionsim
</Location>
$config
CONFIG
        %opt,
    );
    $server->{env}{NOTIONSIM_RECORD} = $server->give(write_file($server->record, '')) if $record;
    push @servers, $server;
    return $server->start;
}

# Stop everything, check every error log and what was recorded of simulators, end the test.
sub finish {
    for my $server (reverse @servers) {
        $server->stop;
        $server->log_ok unless $server->{log_checked};
    }
    NotionSync::OpenAPI::check_rest(grep { -e } map { $_->record } @servers);
    done_testing();
}

# --- nothing outlives the test

# A process that does nothing but wait for the end of this one, and then ends what we had started: END does not
# run when a test is killed outright.
sub _keeper {
    return $keeper if $keeper;
    pipe my $read, my $write or croak "pipe: $!";
    my $pid = fork // croak "fork: $!";
    unless ($pid) {
        close $write;
        setpgrp;
        open STDOUT, '>', '/dev/null';      # or prove would wait for us
        open STDERR, '>', '/dev/null';
        my %alive;
        while (my $line = <$read>) {
            my ($sign, $group) = $line =~ /\A([-+])(\d+)/ or next;
            if ($sign eq '+') { $alive{$group} = 1 } else { delete $alive{$group} }
        }
        kill 'KILL', map { -$_ } keys %alive if %alive;
        POSIX::_exit(0);
    }
    close $read;
    $write->autoflush(1);
    return $keeper = $write;
}

# NotionSync::Server tells us of each process group that it starts and ends.
sub note_started { return print { _keeper() } "+$_[0]\n" }
sub note_ended   { return $keeper ? print {$keeper} "-$_[0]\n" : 1 }

$SIG{$_} = sub { exit 1 } for qw(INT TERM HUP);
$SIG{PIPE} = 'IGNORE';

END {
    if ($$ == $main_pid) {
        my $status = $?;
        for my $server (@servers) {
            # A test that died has enough to say; one that merely forgot finish() must not pass.
            if ($status == 0 && $server->{starts} && !$server->{log_checked}) {
                diag("the error log of '$server->{name}' was never checked: call finish()");
                $status = 1;
            }
            $server->stop(quiet => 1);
        }
        my $failed = $status != 0 || !Test::More->builder->is_passing;
        if ($failed || $ENV{NTS_KEEP}) {
            diag("kept: $_->{root} ($_->{name})") for @servers;
            diag("kept: $_") for grep { my $dir = $_; !grep { $_->{root} eq $dir } @servers } @temp_dirs;
        }
        else {
            remove_tree($_, { error => \my $ignored }) for @temp_dirs;
        }
        $? = $status;
    }
}

1;
