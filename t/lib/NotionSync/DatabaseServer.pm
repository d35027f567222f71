package NotionSync::DatabaseServer;
# What servers of databases that a test runs for itself have in common: a directory of their own, an owner who is not root, an end.
use strict;
use warnings;
use Carp qw(croak);
use POSIX ();
use NotionSync::Proxy;
use NotionSync::Test;

my @running;

# With {bin}, the folder of its programs.
sub new_server {
    my ($class, %self) = @_;
    my $self = bless { %self, dir => temp_dir(), owner => $$ }, $class;
    # They refuse to run as root.
    if ($> == 0) {
        $self->{as} = [(getpwnam 'nobody')[2, 3]];
        chown @{ $self->{as} }, $self->{dir} or croak "$self->{dir}: $!";
    }
    return $self;
}

sub in_child {
    my ($self, @command) = @_;
    if ($self->{as}) {
        my ($uid, $gid) = @{ $self->{as} };
        $) = "$gid $gid";
        POSIX::setgid($gid);
        POSIX::setuid($uid);
    }
    chdir '/';
    open STDIN,  '<',  $self->{input} // '/dev/null';
    open STDOUT, '>>', "$self->{dir}/log";
    open STDERR, '>&', \*STDOUT;
    { no warnings 'exec'; exec { $command[0] } @command; }
    POSIX::_exit(127);
}

sub spawn {
    my ($self, $program, @arguments) = @_;
    my $pid = fork // croak "fork: $!";
    $self->in_child("$self->{bin}/$program", @arguments) unless $pid;
    return $pid;
}

sub run {
    my ($self, @command) = @_;
    waitpid $self->spawn(@command), 0;
    croak "$command[0]:\n" . read_file("$self->{dir}/log") if $?;
    return;
}

# Starts the server; returns as soon as $is_up says so.
sub launch {
    my ($self, $is_up, @command) = @_;
    $self->{pid} = $self->spawn(@command);
    push @running, $self;
    for (1 .. 1200) {
        return $self if $is_up->();
        last if waitpid($self->{pid}, POSIX::WNOHANG()) != 0;
        select undef, undef, undef, 0.05;
    }
    croak "$command[0] does not start:\n" . read_file("$self->{dir}/log");
}

# The server's own, as the packages of distributions make one.
sub make_certificate {
    my ($self, $key, $certificate) = @_;
    my ($program) = grep { -x } map { "$_/openssl" } split /:/, $ENV{PATH} // '';
    return unless $program;
    my ($exit, $out) = run_command($program, qw(req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2),
        '-subj', '/CN=localhost', '-keyout', $key, '-out', $certificate);
    croak "openssl: $out" if $exit;
    chmod 0600, $key or croak "$key: $!";
    chown @{ $self->{as} }, $key, $certificate if $self->{as};
    $self->{has_tls} = 1;
    return;
}

sub has_tls { return $_[0]{has_tls} }

# Of a server with a port; its conninfo then leads through the proxy.
sub proxy { my ($self) = @_; return $self->{proxy} = NotionSync::Proxy->new($self->{port} // croak 'not without tcp => 1') }

# The signal that ends it at once, losing nothing.
sub stop_signal { return 'INT' }

sub stop {
    my ($self) = @_;
    if (my $pid = delete $self->{pid}) {
        kill $self->stop_signal => $pid;
        waitpid $pid, 0;
    }
    return $self;
}

END {
    my $status = $?;
    $_->{owner} == $$ and $_->stop for @running;
    $? = $status;
}

1;
