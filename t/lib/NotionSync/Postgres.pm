package NotionSync::Postgres;
# A PostgreSQL server of the test's own: a cluster in a temporary directory, reached by a socket there and by nothing else.
#
#     my $server = NotionSync::Postgres->new;     # skips the file where PostgreSQL is not installed
#     $server->conninfo                           # as the application's role, which owns the database and is no superuser
#     my $rows = $server->sql('SELECT ...');      # rows, each a hash
#     $server->stop; $server->start;
use strict;
use warnings;
use Carp qw(croak);
use POSIX ();
use Time::HiRes qw(sleep);
use NotionSync::Test;

my @running;

# The newest that is installed.
sub programs {
    my ($newest) = sort { ($b =~ m{/(\d+)/})[0] <=> ($a =~ m{/(\d+)/})[0] } glob '/usr/lib/postgresql/*/bin';
    return $newest && -x "$newest/initdb" ? $newest : undef;
}

sub new {
    my ($class) = @_;
    my $self = bless { bin => programs() // lacking('PostgreSQL is not installed (on Debian: apt-get install postgresql)'),
        dir => temp_dir(), owner => $$ }, $class;
    # It refuses to run as root.
    if ($> == 0) {
        $self->{as} = [(getpwnam 'nobody')[2, 3]];
        chown @{ $self->{as} }, $self->{dir} or croak "$self->{dir}: $!";
    }
    $self->run('initdb', '-N', '-D', "$self->{dir}/data", qw(-U postgres -A trust -E UTF8 --locale=C --no-instructions));
    $self->start;
    $self->psql('postgres', 'postgres', 'CREATE ROLE app LOGIN; ');
    $self->psql('postgres', 'postgres', 'CREATE DATABASE crm OWNER app');
    $self->psql('postgres', 'crm', 'ALTER SCHEMA public OWNER TO app');
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
    open STDIN,  '<',  '/dev/null';
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

sub start {
    my ($self) = @_;
    my $data = "$self->{dir}/data";
    $self->{pid} = $self->spawn('postgres', '-D', $data, '-k', $self->{dir}, '-h', '', '-F', '-c', 'shared_buffers=16MB');
    push @running, $self;
    for (1 .. 1200) {
        my ($exit) = run_command("$self->{bin}/pg_isready", '-q', '-h', $self->{dir});
        return $self if $exit == 0;
        last if waitpid($self->{pid}, POSIX::WNOHANG()) != 0;
        sleep 0.05;
    }
    croak "PostgreSQL does not start:\n" . read_file("$self->{dir}/log");
}

sub stop {
    my ($self) = @_;
    if (my $pid = delete $self->{pid}) {
        kill INT => $pid;
        waitpid $pid, 0;
    }
    return $self;
}

sub conninfo { my ($self) = @_; return "host=$self->{dir} dbname=crm user=app" }

sub psql {
    my ($self, $role, $database, $sql) = @_;
    my ($exit, $out) = run_command("$self->{bin}/psql", '-XqAt', '-v', 'ON_ERROR_STOP=1', '-h', $self->{dir}, '-U', $role, '-d', $database, '-c', $sql);
    croak "psql: $out\n  in: $sql" if $exit != 0;
    return $out;
}

# As the application. What shows rows must be one statement.
sub sql {
    my ($self, $sql) = @_;
    if ($sql =~ /\A\s*SELECT\b/i || $sql =~ /\bRETURNING\b/i) {
        return decode($self->psql('app', 'crm', "WITH t AS ($sql) SELECT coalesce(json_agg(t), '[]') FROM t"));
    }
    $self->psql('app', 'crm', $sql);
    return [];
}

END {
    my $status = $?;
    $_->{owner} == $$ and $_->stop for @running;
    $? = $status;
}

1;
