package NotionSync::MariaDB;
# A MariaDB server of the test's own, in a temporary directory, reached by a socket there and by nothing else.
#
#     my $server = NotionSync::MariaDB->new;      # skips the file where MariaDB is not installed
#     $server->conninfo                           # as the application's account, which may do everything in its database
#     my $rows = $server->sql('SELECT ...');      # rows, each a hash of texts
#     $server->stop; $server->start;
#
#     my $server = NotionSync::MariaDB->new(durable => 1);    # as it is installed: commits wait for the disk
#     my $server = NotionSync::MariaDB->new(tcp => 1);    # on a port of the loopback too, with TLS where openssl is there
#     my $proxy = $server->proxy;                 # conninfo then leads through it
#     $proxy->cut; $proxy->open;
#     my $server = NotionSync::MariaDB->new(most => '24M');   # no more room than that, but for tables in files of their own
#     $server->give_room('64M');                  # restarts it
#     $server->own_files(1);                      # which tables have that are made from here on
#     $server->admin('SQL');                      # as the administrator, in the application's database
use strict;
use warnings;
use Carp qw(croak);
use POSIX ();
use NotionSync::DatabaseServer;
use NotionSync::Test;

our @ISA = ('NotionSync::DatabaseServer');

my $tables = '/usr/share/mysql/mysql_system_tables';
# When a server starts it removes whatever it finds among its temporary files, of other servers, too: so each has a folder of its own.
my @files  = qw(--innodb-temp-data-file-path=ibtmp1:10M:autoextend --lc-messages-dir=/usr/share/mysql);
my @small  = qw(--innodb-log-file-size=4M --innodb-flush-method=nosync --skip-sync-frm --innodb-buffer-pool-size=16M --aria-log-file-size=8M);

sub new {
    my ($class, %opt) = @_;
    -x '/usr/sbin/mariadbd' && -r "$tables.sql" or lacking('MariaDB is not installed (on Debian: apt-get install mariadb-server)');
    my $self = $class->new_server(bin => '/usr/sbin', settings => [
        '--innodb-data-file-path=ibdata1:10M:autoextend' . ($opt{most} ? ":max:$opt{most}" : ''), $opt{most} ? '--innodb-file-per-table=0' : (),
        @files, $opt{durable} ? () : @small]);
    # What a server needs, and no more: a tenth of the time of mariadb-install-db.
    local $self->{input} = "$self->{dir}/first.sql";
    write_file($self->{input}, "CREATE DATABASE mysql;\nUSE mysql;\nSET \@auth_root_socket=NULL;\n" . read_file("$tables.sql") . read_file("${tables}_data.sql"));
    mkdir $self->data or croak $self->data . ": $!";
    chown @{ $self->{as} }, $self->data if $self->{as};
    $self->run('mariadbd', '--no-defaults', '--bootstrap', '--datadir=' . $self->data, '--tmpdir=' . $self->data, @{ $self->{settings} });
    delete $self->{input};
    $self->{port} = free_port() if $opt{tcp};
    $self->make_certificate(map { "$self->{dir}/server.$_" } qw(key crt)) if $opt{tcp};
    $self->start;
    $self->client('root', 'mysql', 'CREATE DATABASE crm CHARACTER SET utf8mb4; CREATE USER app@localhost; GRANT ALL ON crm.* TO app@localhost');
    return $self;
}

sub own_files { my ($self, $on) = @_; return $self->admin('SET GLOBAL innodb_file_per_table = ' . ($on ? 1 : 0)) }
sub admin     { my ($self, $sql) = @_; return $self->client('root', 'crm', $sql, '-BN') }

sub give_room {
    my ($self, $most) = @_;
    s/:max:\w+/:max:$most/ for @{ $self->{settings} };
    return $self->stop->start;
}

# True: it was done.
sub admin_try { my ($self, $sql) = @_; return (run_command($self->command('root', 'crm', '-e', $sql)))[0] == 0 }

# A connection of the application by TCP, that stays: {id, end}.
sub hold_connection {
    my ($self) = @_;
    my @tcp = ('mariadb', '--no-defaults', '--protocol=TCP', '-h', '127.0.0.1', '-P', $self->{port}, '-u', 'app', '-D', 'crm');
    pipe my $read, my $write or croak "pipe: $!";
    my $pid = fork // croak "fork: $!";
    unless ($pid) {
        open STDOUT, '>&', $write;
        close $read;
        { no warnings 'exec'; exec { $tcp[0] } @tcp, '-BNn', '-e', 'SELECT CONNECTION_ID(); SELECT SLEEP(600)'; }
        POSIX::_exit(127);
    }
    close $write;
    chomp(my $id = <$read> // croak 'no connection to hold');
    return { id => $id, end => sub { kill KILL => $pid; waitpid $pid, 0 } };
}

sub data   { my ($self) = @_; return "$self->{dir}/data" }
sub socket { my ($self) = @_; return "$self->{dir}/socket" }

sub start {
    my ($self) = @_;
    my @probe = $self->command('root', 'mysql', '-e', 'SELECT 1');
    my @tls = $self->{has_tls} ? map { "--ssl-$_->[0]=$self->{dir}/server.$_->[1]" } ['key', 'key'], ['cert', 'crt'] : '--skip-ssl';
    my @tcp = $self->{port} ? ('--bind-address=127.0.0.1', "--port=$self->{port}", @tls) : '--skip-networking';
    return $self->launch(sub { (run_command(@probe))[0] == 0 },
        'mariadbd', '--no-defaults', '--datadir=' . $self->data, '--tmpdir=' . $self->data, '--socket=' . $self->socket, @tcp, '--performance-schema=off', @{ $self->{settings} });
}

sub stop_signal { return 'TERM' }
sub conninfo    { my ($self) = @_; return ($self->{proxy} ? "host=127.0.0.1 port=$self->{proxy}{port}" : 'socket=' . $self->socket) . ' dbname=crm user=app' }

# What Sync.pm has to know.
sub driver  { return 'mysql' }
sub types   { return (REAL => 'double', DATETIME => 'datetime(3)') }
sub id_type { return 'INTEGER AUTO_INCREMENT' }

sub command {
    my ($self, $account, $database, @more) = @_;
    return ('mariadb', '--no-defaults', '--default-character-set=utf8mb4', '--init-command', q(SET sql_mode='NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES'),
        '-S', $self->socket, '-u', $account, '-D', $database, @more);
}

sub client {
    my ($self, $account, $database, $sql, @more) = @_;
    my ($exit, $out) = run_command($self->command($account, $database, @more, '-e', $sql));
    croak "mariadb: $out\n  in: $sql" if $exit != 0;
    return $out;
}

my %entity = (lt => '<', gt => '>', amp => '&', quot => '"');

# As the application.
sub sql {
    my ($self, $sql) = @_;
    return rows_of($self->client('app', 'crm', $sql, '--xml'));
}

sub rows_of {
    my ($out) = @_;
    utf8::decode($out);
    my @rows;
    while ($out =~ m{<row>(.*?)</row>}gs) {
        my $row = $1;
        my %row;
        while ($row =~ m{<field name="([^"]+)"(?: xsi:nil="true" />|>(.*?)</field>)}gs) {
            my ($name, $value) = ($1, $2);
            $value =~ s/&(\w+);/$entity{$1}/g if defined $value;
            $row{$name} = $value;
        }
        push @rows, \%row;
    }
    return \@rows;
}

# Of the module, while nobody else is there as the application.
sub our_connections { return 0 + $_[0]->admin(q(SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'app')) }

# For NotionSync::Shell.
sub shell {
    my ($self) = @_;
    return (
        command   => join(' ', map { "'" . s/'/'\\''/gr . "'" } $self->command('app', 'crm', '--xml', '--unbuffered', '--force')),
        statement => sub { return $_[0] },
        mark      => q(SELECT '==end==';),
        is_mark   => qr/<field name="==end==">/,
        rows      => \&rows_of,
        error     => qr/^ERROR/m,
    );
}

1;
