package NotionSync::DatabaseServer;
# What servers of databases that a test runs for itself have in common: a directory of their own, an owner who is not root, an end.
use strict;
use warnings;
use Carp qw(croak);
use POSIX ();
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
