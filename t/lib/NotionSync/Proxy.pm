package NotionSync::Proxy;
# What stands between a client and a server on the loopback, and can be cut.
#
#     my $proxy = NotionSync::Proxy->new($port);  # of the server
#     $proxy->{port}                              # where clients go
#     $proxy->cut;                                # all connections end at once, new ones are refused
#     $proxy->open;
use strict;
use warnings;
use Carp qw(croak);
use IO::Select;
use IO::Socket::INET;
use POSIX ();
use NotionSync::Test;

my @open;

sub new {
    my ($class, $to) = @_;
    my $self = bless { to => $to, port => free_port(), owner => $$ }, $class;
    push @open, $self;
    return $self->open;
}

sub open {
    my ($self) = @_;
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $self->{port}, Listen => 20, ReuseAddr => 1)
        // croak "port $self->{port}: $!";
    $self->{pid} = fork // croak "fork: $!";
    unless ($self->{pid}) {
        $SIG{PIPE} = 'IGNORE';
        relay($listen, $self->{to}) while getppid == $self->{owner};
        POSIX::_exit(0);
    }
    return $self;
}

# Whoever is connected, for a second at the most.
my (%other, $select);

sub relay {
    my ($listen, $to) = @_;
    $select //= IO::Select->new($listen);
    for my $socket ($select->can_read(1)) {
        if ($socket == $listen) {
            my $client = $listen->accept or next;
            my $back = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $to) or next;
            @other{$client, $back} = ($back, $client);
            $select->add($client, $back);
            next;
        }
        my $target = $other{$socket} // next;
        my $got = sysread $socket, my $bytes, 65536;
        next if $got && $got == ($target->syswrite($bytes) // 0);
        delete @other{$socket, $target};
        $select->remove($socket, $target);
        close $_ for $socket, $target;
    }
    return;
}

sub cut {
    my ($self) = @_;
    if (my $pid = delete $self->{pid}) {
        kill KILL => $pid;
        waitpid $pid, 0;
    }
    return $self;
}

END {
    my $status = $?;
    $_->{owner} == $$ and $_->cut for @open;
    $? = $status;
}

1;
