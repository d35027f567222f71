package NotionSync::Postgres;
# A PostgreSQL server of the test's own: a cluster in a temporary directory, reached by a socket there and by nothing else.
#
#     my $server = NotionSync::Postgres->new;     # skips the file where PostgreSQL is not installed
#     $server->conninfo                           # as the application's role, which owns the database and is no superuser
#     my $rows = $server->sql('SELECT ...');      # rows, each a hash
#     $server->stop; $server->start;
#
#     my $server = NotionSync::Postgres->new(tcp => 1);   # on a port of the loopback too, with TLS where openssl is there
#     my $proxy = $server->proxy;                 # conninfo then leads through it
#     $proxy->cut; $proxy->open;
use strict;
use warnings;
use Carp qw(croak);
use POSIX ();
use Time::HiRes qw(sleep);
use NotionSync::Proxy;
use NotionSync::Test;

my @running;

# The newest that is installed.
sub programs {
    my ($newest) = sort { ($b =~ m{/(\d+)/})[0] <=> ($a =~ m{/(\d+)/})[0] } glob '/usr/lib/postgresql/*/bin';
    return $newest && -x "$newest/initdb" ? $newest : undef;
}

sub new {
    my ($class, %opt) = @_;
    my $self = bless { bin => programs() // lacking('PostgreSQL is not installed (on Debian: apt-get install postgresql)'),
        dir => temp_dir(), owner => $$ }, $class;
    # It refuses to run as root.
    if ($> == 0) {
        $self->{as} = [(getpwnam 'nobody')[2, 3]];
        chown @{ $self->{as} }, $self->{dir} or croak "$self->{dir}: $!";
    }
    $self->run('initdb', '-N', '-D', "$self->{dir}/data", qw(-U postgres -A trust -E UTF8 --locale=C --no-instructions));
    $self->{port} = free_port() if $opt{tcp};
    $self->make_certificate if $opt{tcp};
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

# The server's own, as the packages of distributions make one.
sub make_certificate {
    my ($self) = @_;
    my ($program) = grep { -x } map { "$_/openssl" } split /:/, $ENV{PATH} // '';
    return unless $program;
    my ($key, $certificate) = map { "$self->{dir}/data/server.$_" } qw(key crt);
    my ($exit, $out) = run_command($program, qw(req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2),
        '-subj', '/CN=localhost', '-keyout', $key, '-out', $certificate);
    croak "openssl: $out" if $exit;
    chmod 0600, $key or croak "$key: $!";
    chown @{ $self->{as} }, $key, $certificate if $self->{as};
    $self->{has_tls} = 1;
    return;
}

sub has_tls { return $_[0]{has_tls} }

sub start {
    my ($self) = @_;
    my $data = "$self->{dir}/data";
    my @tcp = $self->{port} ? ('-h', '127.0.0.1', '-p', $self->{port}, $self->{has_tls} ? ('-c', 'ssl=on') : ()) : ('-h', '');
    $self->{pid} = $self->spawn('postgres', '-D', $data, '-k', $self->{dir}, @tcp, '-F', '-c', 'shared_buffers=16MB');
    push @running, $self;
    for (1 .. 1200) {
        my ($exit) = run_command("$self->{bin}/pg_isready", '-q', '-h', $self->{dir}, '-p', $self->{port} // 5432);
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

sub conninfo {
    my ($self) = @_;
    return 'host=127.0.0.1 port=' . $self->{proxy}{port} . ' dbname=crm user=app' if $self->{proxy};
    return "host=$self->{dir} dbname=crm user=app" . ($self->{port} ? " port=$self->{port}" : '');
}

sub proxy { my ($self) = @_; return $self->{proxy} = NotionSync::Proxy->new($self->{port} // croak 'not without tcp => 1') }

sub psql {
    my ($self, $role, $database, $sql) = @_;
    my ($exit, $out) = run_command("$self->{bin}/psql", '-XqAt', '-v', 'ON_ERROR_STOP=1', '-h', $self->{dir}, '-p', $self->{port} // 5432, '-U', $role, '-d', $database, '-c', $sql);
    croak "psql: $out\n  in: $sql" if $exit != 0;
    chomp $out;
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
