package NotionSync::Shell;
# One client of a database that stays, for those who ask often: a process for each statement would take longer than what is to be measured.
#
#     my $shell = NotionSync::Shell->new($server->shell);
#     my $rows = $shell->ask('SELECT ...');       # rows, each a hash; [] where the statement yields none
#     $shell->close;
#
# A server's shell is a hash: command (of sh), statement (of the SQL, what is to be typed), mark (a statement that prints a line), is_mark (what that line
# looks like), rows (of the text printed, the rows), error (what a line looks like that tells of one).
use strict;
use warnings;
use Carp qw(croak);
use IPC::Open2 qw(open2);

sub new {
    my ($class, %self) = @_;
    my $self = bless \%self, $class;
    $self->{pid} = open2($self->{out}, $self->{in}, "exec $self->{command} 2>&1");
    binmode $_ for @$self{qw(in out)};
    $self->{in}->autoflush(1);
    return $self;
}

sub ask {
    my ($self, $sql) = @_;
    utf8::encode($sql) if utf8::is_utf8($sql);
    print { $self->{in} } $self->{statement}->($sql), ";\n$self->{mark}\n";
    my $text = '';
    while (1) {
        my $line = readline $self->{out};
        defined $line or croak "the database's client ended:\n$text\n  in: $sql";
        last if $line =~ $self->{is_mark};
        $text .= $line;
    }
    croak "$text\n  in: $sql" if $text =~ $self->{error};
    return length $text ? $self->{rows}->($text) : [];
}

sub close {
    my ($self) = @_;
    close $self->{in};
    waitpid $self->{pid}, 0;
    return;
}

1;
