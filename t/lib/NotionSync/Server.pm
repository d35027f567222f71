package NotionSync::Server;
# One private httpd: its directory, configuration, process, HTTP client and error log. Made through NotionSync::Test.
#
# Options: name, config (directives), modules ([status ...], without "mod_"), load ({name_module => file}),
#          mpm (event, worker, prefork; default $NTS_MPM or event), limits (directives about processes), ports
#          (how many; the second is ${PORT2}), define ({NAME => value}: ${NAME}), log_level, env ({NAME => value} for
#          httpd), root (a directory that is there and empty, instead of a temporary one).
# Files:   ${ROOT} with conf/ logs/ htdocs/ run/, and ${STATE} which belongs to the user httpd's children run as.
use strict;
use warnings;
use Carp qw(croak);
use HTTP::Tiny;
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64);
use POSIX qw(WNOHANG);
use Test::More;
use Time::HiRes qw(time);

my @basic = qw(authn_core authz_core authz_host authz_user auth_basic authn_file unixd log_config);

sub new {
    my ($class, %opt) = @_;
    my $self = bless {
        name => 'httpd', config => '', modules => [], load => {}, ports => 1, log_level => 'info', env => {}, define => {},
        mpm => $ENV{NTS_MPM} || 'event', expect => [], allow => [], starts => 0, %opt,
    }, $class;
    my $root = $self->{root} //= NotionSync::Test::temp_dir();
    for my $dir (qw(conf logs htdocs run state)) {
        mkdir "$root/$dir" or croak "$root/$dir: $!";
    }
    $self->give("$root/state", 0700);
    $self->give("$root/run");
    NotionSync::Test::write_file("$root/htdocs/index.html", "here\n", 0644);
    $self->choose_ports;
    return $self;
}

sub record { return "$_[0]{root}/record" }      # of a simulator: what it was asked and answered
sub root  { return $_[0]{root} }
sub state { return "$_[0]{root}/state" }
sub pid   { return $_[0]{pid} }
sub port  { return $_[0]{port_list}[($_[1] // 1) - 1] }
sub url   { return 'http://127.0.0.1:' . $_[0]->port . ($_[1] // '') }

# Hand a file to the user httpd's children run as.
sub give {
    my ($self, $path, $mode) = @_;
    chown @{ NotionSync::Test::server_user() }[1, 2], $path if $> == 0;
    chmod $mode, $path if defined $mode;
    return $path;
}

# A file below ROOT; owner => 'server' hands it over.
sub write_file {
    my ($self, $name, $text, %opt) = @_;
    my $path = NotionSync::Test::write_file("$self->{root}/$name", $text, $opt{mode} // 0644);
    $self->give($path) if ($opt{owner} // '') eq 'server';
    return $path;
}

# --- configuration

sub choose_ports {
    my ($self) = @_;
    my %port;
    $port{ NotionSync::Test::free_port() } = 1 while keys %port < $self->{ports};
    $self->{port_list} = [sort keys %port];
    return;
}

my $static;

# The file of a module, '' if it is part of httpd itself.
sub module_known {
    my ($name) = @_;
    my $file = NotionSync::Test::build_info('httpd_modules') . "/mod_$name.so";
    return $file if -e $file;
    $static //= (NotionSync::Test::run_command(httpd_binary(), '-l'))[1];
    return $static =~ /^\s*(?:mod_)?\Q$name\E\.c$/m ? '' : undef;
}

sub httpd_binary { return $ENV{HTTPD} || NotionSync::Test::build_info('httpd') }

sub load_line {
    my ($name) = @_;
    my $file = module_known($name) // croak "httpd has no mod_$name";
    return $file ? "LoadModule ${name}_module \"$file\"\n" : '';
}

sub config { my ($self, $text) = @_; $self->{config} = $text if defined $text; return $self->{config} }

sub write_config {
    my ($self) = @_;
    my ($root, $mpm) = @$self{qw(root mpm)};
    my $limits = $self->{limits} // ($mpm eq 'prefork'
        ? "StartServers 4\nMinSpareServers 1\nMaxSpareServers 8\nServerLimit 16\nMaxRequestWorkers 16\n"
        : "ServerLimit 4\nStartServers 2\nThreadsPerChild 8\nMinSpareThreads 1\nMaxSpareThreads 32\n"
            . "MaxRequestWorkers 32\n");
    my $text = "ServerRoot \"$root\"\nServerName 127.0.0.1\nDefine ROOT \"$root\"\nDefine STATE \"$root/state\"\n";
    my $n = 0;
    for my $port (@{ $self->{port_list} }) {
        $n++;
        $text .= 'Define PORT' . ($n > 1 ? $n : '') . " $port\nListen 127.0.0.1:$port\n";
    }
    $text .= "Define $_ \"$self->{define}{$_}\"\n" for sort keys %{ $self->{define} };
    my %seen;
    $text .= join '', map { load_line($_) } grep { !$seen{$_}++ } "mpm_$mpm", @basic, @{ $self->{modules} };
    $text .= join '', map { "LoadModule $_ \"$self->{load}{$_}\"\n" } sort keys %{ $self->{load} };
    if ($> == 0) {
        my $user = NotionSync::Test::server_user();
        $text .= "User $user->[0]\nGroup #$user->[2]\n";
    }
    $text .= <<"CONF";
PidFile "$root/run/httpd.pid"
DefaultRuntimeDir "$root/run"
ErrorLog "$root/logs/error.log"
LogLevel $self->{log_level}
LogFormat "%h %u %t \\"%r\\" %>s %b %D" test
CustomLog "$root/logs/access.log" test
CoreDumpDirectory "$root/run"
DocumentRoot "$root/htdocs"
TraceEnable off
Timeout 30
GracefulShutdownTimeout 10
$limits
$self->{config}
CONF
    NotionSync::Test::write_file("$root/conf/httpd.conf", $text);
    return "$root/conf/httpd.conf";
}

sub command { my ($self) = @_; return (httpd_binary(), '-d', $self->{root}, '-f', "$self->{root}/conf/httpd.conf") }

# A server linked with a sanitizer's runtime only through a module needs it to be there first. Leaks are judged by
# the unit tests: httpd itself leaves much to exit().
sub environment {
    my ($self) = @_;
    my %env = (%{ $self->{env} }, LC_ALL => 'C');
    my $sanitize = NotionSync::Test::build_info()->{sanitize} // '';
    my ($runtime) = $sanitize =~ /(address|thread)/;
    if ($runtime) {
        my ($cc) = split ' ', NotionSync::Test::build_info('cc');
        my $file = $runtime eq 'address' ? 'libasan.so' : 'libtsan.so';
        chomp(my $path = (NotionSync::Test::run_command($cc, "-print-file-name=$file"))[1]);
        $env{LD_PRELOAD}   = $path;
        $env{ASAN_OPTIONS} = 'detect_leaks=0:' . ($ENV{ASAN_OPTIONS} // '');
    }
    $env{UBSAN_OPTIONS} = 'print_stacktrace=1:' . ($ENV{UBSAN_OPTIONS} // '') if $sanitize =~ /undefined/;
    return \%env;
}

# (exit status, output) of httpd -t
sub configtest {
    my ($self) = @_;
    $self->write_config;
    local %ENV = (%ENV, %{ $self->environment });
    return NotionSync::Test::run_command($self->command, '-t');
}

# --- process

sub start {
    my ($self) = @_;
    croak "$self->{name} runs already" if $self->{pid};
    for my $try (1 .. 5) {
        $self->write_config;
        my $problem = $self->try_start;
        return $self unless defined $problem;
        $self->choose_ports if $self->{starts} == 0;        # later the address must stay what it was
        next if $problem =~ /Address already in use/ && $try < 5;
        croak "$self->{name} did not start:\n$problem";
    }
}

sub try_start {
    my ($self) = @_;
    my $root = $self->{root};
    my ($stderr, $pidfile) = ("$root/logs/stderr", "$root/run/httpd.pid");
    my $log_before = -s "$root/logs/error.log" || 0;
    unlink $pidfile;
    my $pid = fork // croak "fork: $!";
    unless ($pid) {
        setpgrp;        # so that all of its children can be ended with it
        %ENV = (%ENV, %{ $self->environment });
        open STDIN,  '<', '/dev/null';
        open STDOUT, '>', $stderr;
        open STDERR, '>&', \*STDOUT;
        my @command = $self->command;
        { no warnings 'exec'; exec { $command[0] } @command, '-DFOREGROUND'; }
        print STDERR "$command[0]: $!\n";
        POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    NotionSync::Test::note_started($pid);
    my $end = time + 20 * NotionSync::Test::patience();
    my $state = 'it does not accept connections';
    while (time < $end) {
        if (waitpid($pid, WNOHANG) == $pid) {
            $self->gone;
            $state = "exit status " . ($? >> 8) . ($? & 127 ? ', signal ' . ($? & 127) : '');
            last;
        }
        # The file is written once the ports are ours: whoever answers now is this server and no other.
        if (-s $pidfile && NotionSync::Test::read_file($pidfile) == $pid && $self->connect(timeout => 1)) {
            $self->{starts}++;
            return;
        }
        select undef, undef, undef, 0.015;
    }
    $self->stop(quiet => 1);
    my $log = -e "$root/logs/error.log" ? substr NotionSync::Test::read_file("$root/logs/error.log"), $log_before : '';
    return join "\n", $state, NotionSync::Test::read_file($stderr), $log;
}

# Forget a process that has ended, and end what it may have left.
sub gone {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    local $?;
    CORE::kill 'KILL', -$pid;
    NotionSync::Test::note_ended($pid);
    return;
}

sub reap {
    my ($self, $seconds) = @_;
    my $end = time + $seconds * NotionSync::Test::patience();
    while ($self->{pid}) {
        local $?;
        if (waitpid($self->{pid}, WNOHANG) != 0) {
            $self->{status} = $?;
            $self->gone;
            return 1;
        }
        return 0 if time > $end;
        select undef, undef, undef, 0.01;
    }
    return 1;
}

# A child of the event MPM that is told to end at once closes the socket of each of its threads from its main thread. A
# thread that finishes with a connection at that very moment gives the memory of this socket back to the kernel, and the
# child crashes (httpd 2.4.71, without any module but its own: main thread in apr_os_sock_get, another in munmap below
# apr_allocator_destroy). People do not see it, since the child was to end anyway; a test would find it in the error log.
# So the last connections of a test are let end first: none is accepted but not looked at, none half closed, and no
# thread runs.
sub settle {
    my ($self) = @_;
    my $end = time + 5 * NotionSync::Test::patience();
    my $quiet = 0;
    while ($quiet < 3 && time < $end) {
        $quiet = $self->is_closing || $self->is_running ? 0 : $quiet + 1;
        select undef, undef, undef, 0.004;
    }
    return $self;
}

# Has one of our connections begun to end, or not yet been looked at? See proc_net_tcp(5).
sub is_closing {
    my ($self) = @_;
    my %port = map { sprintf('%04X', $_) => 1 } @{ $self->{port_list} };
    open my $fh, '<', '/proc/net/tcp' or return 0;
    while (<$fh>) {
        my ($port, $state, $unread, $inode) = /\A\s*\d+: \w+:(\w+) \S+ (\w\w) \w+:(\w+)(?: +\S+){4} +(\d+)/ or next;
        next unless $port{$port};
        return 1 if $state eq '08';                                                 # the client has closed
        return 1 if $state eq '01' && ($inode == 0 || $unread =~ /[^0]/);           # to be accepted, to be read
        return 1 if $state =~ /\A0[459B]\z/ && $inode != 0;                         # we have, and linger
    }
    return 0;
}

# Does a thread of a child that serves do anything?
sub is_running {
    my ($self) = @_;
    for my $pid ($self->children(qr/\A(?!notionsync)/)) {
        for my $stat (glob "/proc/$pid/task/[0-9]*/stat") {
            open my $fh, '<', $stat or next;
            return 1 if (<$fh> // '') =~ /\A\d+ \(.*\) [RD] /s;
        }
    }
    return 0;
}

# SIGTERM; fails the test when httpd does not end by itself.
sub stop {
    my ($self, %opt) = @_;
    my $pid = $self->{pid} or return $self;
    $self->settle unless $opt{quiet};
    CORE::kill 'TERM', $pid;
    unless ($self->reap($opt{seconds} // 20)) {
        $self->kill;
        fail("$self->{name} ends when told to") unless $opt{quiet};
    }
    return $self;
}

# As if the machine had died: the parent first, so that it can tidy up nothing, then all it had started.
sub kill {
    my ($self) = @_;
    my $pid = $self->{pid} or return $self;
    CORE::kill 'KILL', $pid;
    CORE::kill 'KILL', -$pid;
    $self->reap(10) or croak "$self->{name} survived SIGKILL";
    return $self;
}

sub restart { my ($self) = @_; return $self->stop->start }

# New generation; returns when it serves. graceful(signal => 'HUP') is the ungraceful kind.
sub graceful {
    my ($self, %opt) = @_;
    my $before = $self->log_lines(qr/resuming normal operations/);
    $self->write_config;
    $self->settle if ($opt{signal} // '') eq 'HUP';
    CORE::kill $opt{signal} // 'USR1', $self->{pid};
    NotionSync::Test::wait_for(sub {
        croak "$self->{name} ended instead of restarting:\n" . $self->log_tail if waitpid($self->{pid}, WNOHANG) != 0;
        return $self->log_lines(qr/resuming normal operations/) > $before;
    }, 20, "a new generation of $self->{name}");
    return $self;
}

# Pids of the parent's direct children that live, those whose name matches if one is given.
sub children {
    my ($self, $name) = @_;
    my @pids;
    for my $stat (glob '/proc/[0-9]*/stat') {
        open my $fh, '<', $stat or next;
        my ($pid, $comm, $ppid) = (<$fh> // '') =~ /\A(\d+) \((.*)\) [^ZX] (\d+)/s or next;
        next unless $ppid == $self->{pid};
        push @pids, $pid if !defined $name || $comm =~ $name || _cmdline($pid) =~ $name;
    }
    return @pids;
}

sub _cmdline {
    my ($pid) = @_;
    open my $fh, '<', "/proc/$pid/cmdline" or return '';
    local $/;
    return <$fh> // '';
}

# --- HTTP

sub connect {
    my ($self, %opt) = @_;
    return IO::Socket::INET->new(
        PeerAddr => '127.0.0.1', PeerPort => $self->port($opt{port}), Proto => 'tcp',
        Timeout => $opt{timeout} // 10 * NotionSync::Test::patience(),
    );
}

# {status, reason, headers (names in lower case), body}. Options: headers, body, user => 'name:password', timeout,
# port (which one), json (a structure to send). No redirects are followed; 599 is the client's word for no answer.
sub request {
    my ($self, $method, $path, %opt) = @_;
    my %headers = %{ $opt{headers} // {} };
    $headers{authorization} = 'Basic ' . encode_base64($opt{user}, '') if defined $opt{user};
    if (exists $opt{json}) {
        $opt{body} = NotionSync::Test::encode($opt{json});
        $headers{'content-type'} //= 'application/json';
    }
    my $client = HTTP::Tiny->new(
        max_redirect => 0, keep_alive => 0, proxy => undef, http_proxy => undef, https_proxy => undef,
        agent => 'notionsync-test', timeout => $opt{timeout} // 30 * NotionSync::Test::patience(),
    );
    my $answer = $client->request($method, 'http://127.0.0.1:' . $self->port($opt{port}) . $path,
        { headers => \%headers, defined $opt{body} ? (content => $opt{body}) : () });
    return { status => $answer->{status}, reason => $answer->{reason}, headers => $answer->{headers},
        body => $answer->{content} // '' };
}

sub get { my ($self, $path, %opt) = @_; return $self->request('GET', $path, %opt) }

sub post {
    my ($self, $path, $body, %opt) = @_;
    return $self->request('POST', $path, ref $body ? (json => $body) : (body => $body // ''), %opt);
}

# The decoded body of an answer that must be 200 and JSON.
sub get_json {
    my ($self, $path, %opt) = @_;
    my $answer = $self->get($path, %opt);
    croak "GET $path: $answer->{status}\n$answer->{body}" if $answer->{status} != 200;
    return NotionSync::Test::decode($answer->{body});
}

# Send bytes as they are and read until the server closes: for requests that no client would make.
# Options: shut (close our sending side), timeout, port.
sub raw {
    my ($self, $bytes, %opt) = @_;
    my $socket = $self->connect(%opt) or croak "connect: $@";
    binmode $socket;
    my $end = time + ($opt{timeout} // 10) * NotionSync::Test::patience();
    my ($sent, $text) = (0, '');
    while ($sent < length $bytes) {
        my $n = syswrite $socket, $bytes, length($bytes) - $sent, $sent;
        last unless defined $n;         # refused before it was all sent: the answer may be there all the same
        $sent += $n;
    }
    shutdown $socket, 1 if $opt{shut};
    while ((my $left = $end - time) > 0) {
        my $read = '';
        vec($read, fileno $socket, 1) = 1;
        next unless select $read, undef, undef, $left;
        my $n = sysread $socket, $text, 65536, length $text;
        last unless $n;
    }
    my ($head, $body) = split /\r\n\r\n/, $text, 2;
    my ($status_line, @lines) = split /\r\n/, $head // '';
    my ($status) = ($status_line // '') =~ m{\AHTTP/\S+ (\d+)};
    my %headers = map { /\A([^:]+):\s*(.*)\z/ ? (lc $1, $2) : () } @lines;
    return { status => $status // 0, headers => \%headers, body => $body // '', raw => $text };
}

# A call of the simulator's control interface; the decoded answer. Dies unless it is 2xx.
sub sim {
    my ($self, $method, $path, $data) = @_;
    $path = "/_control/$path" unless $path =~ m{\A/_control/};
    my $answer = $self->request($method, $path, defined $data ? (json => $data) : ());
    croak "$method $path: $answer->{status} $answer->{body}" if $answer->{status} !~ /\A2/;
    return length $answer->{body} ? NotionSync::Test::decode($answer->{body}) : undef;
}

# --- error log

sub log_text { my ($self) = @_; my $f = "$self->{root}/logs/error.log"; return -e $f ? NotionSync::Test::read_file($f) : '' }

sub log_lines {
    my ($self, $match) = @_;
    return grep { !defined $match || $_ =~ $match } split /\n/, $self->log_text;
}

sub log_tail { my ($self, $n) = @_; my @l = $self->log_lines; my $from = @l - ($n // 20); return join "\n", @l[($from < 0 ? 0 : $from) .. $#l] }

# log_expect: lines that must have appeared by the end. log_allow: lines that may.
sub log_expect { my ($self, @match) = @_; push @{ $self->{expect} }, @match; return $self }
sub log_allow  { my ($self, @match) = @_; push @{ $self->{allow} },  @match; return $self }

# Lines at warning or above that nobody announced; children that crashed (httpd calls that a notice); and whatever
# was not written by httpd's logger, such as a sanitizer's report.
sub log_unexpected {
    my ($self) = @_;
    my @known = (@{ $self->{expect} }, @{ $self->{allow} });
    my @bad;
    LINE: for my $line ($self->log_lines) {
        if ($line =~ /\A\[[^\]]+\] \[[^\]:]*:(?:notice|info|debug|trace\d)\]/) {
            next unless $line =~ /exit signal/;
        }
        next if $line eq '';
        $line =~ $_ and next LINE for @known;
        push @bad, $line;
    }
    return @bad;
}

# One check: what was expected is there, and nothing else.
sub log_ok {
    my ($self, @match) = @_;
    $self->log_expect(@match);
    $self->{log_checked} = 1;
    my @unexpected = $self->log_unexpected;
    my @missing    = grep { my $m = $_; !$self->log_lines($m) } @{ $self->{expect} };
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $good = ok(!@unexpected && !@missing, "the error log of $self->{name} holds what it should");
    diag("unexpected: $_") for @unexpected;
    diag("missing: $_")    for @missing;
    return $good;
}

1;
