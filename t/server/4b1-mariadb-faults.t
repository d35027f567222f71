# Whatever befalls the MariaDB server, its connections, its rights, its disk or its tables: nothing that was edited on
# either side is lost, the status says what is wrong, and the sync goes on by itself when it is mended.
use strict;
use warnings;
use NotionSync::MariaDB;
use NotionSync::Sync;
use NotionSync::SqlCases;

build_info('mariadb') eq 'yes' or lacking('the module was built without MariaDB');
my $server = NotionSync::MariaDB->new(tcp => 1, most => '24M');
my $proxy  = $server->proxy;
my $sync = start_sync(
    mariadb => $server,
    columns => { notes => 'text', email => 'varchar(190) UNIQUE' },
    before  => sub {
        # The table alone stands where there is little room; what is ours does not.
        $server->own_files(1);
        $_[0]->add_pages(map { { name => "Page $_", score => $_ } } 1 .. 12);
    },
);
sub admin { return $server->admin($_[0]) }

# Those of the module: the others come by the socket and go at once.
sub our_sessions { return split ' ', admin(q(SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'app' AND HOST LIKE '%:%')) }
sub end_sessions { my ($keep) = @_; $server->admin_try("KILL $_") for grep { $_ != ($keep // 0) } our_sessions() }

$sync->wait_equal(what => 'both sides are equal, through a proxy');
$sync->wait_quiet;
SKIP: {
    skip 'openssl is not installed', 1 unless $server->has_tls;
    cmp_ok((split ' ', admin(q(SHOW GLOBAL STATUS LIKE 'Ssl_finished_accepts')))[1], '>', 1, 'TLS is used where the server offers it');
}

my $faults = fault_cases($sync);
sub befalls { return $faults->befalls(@_) }

befalls('the connection is cut',
    break => sub { $proxy->cut }, mend => sub { $proxy->open }, code => qr/sql\.unreachable/, state => 'blocked');

befalls('the server is stopped',
    break => sub { $server->stop }, mend => sub { $server->start }, code => qr/sql\.unreachable/, no_rows => 1);

# Somebody else has the one connection that the account may have; only those are counted that began with a limit.
{
    my $other;
    befalls('there is no connection left',
        break => sub {
            admin('ALTER USER app@localhost WITH MAX_USER_CONNECTIONS 1');
            $other = $server->hold_connection;
            end_sessions($other->{id});
        },
        mend => sub {
            admin('ALTER USER app@localhost WITH MAX_USER_CONNECTIONS 0');
            $other->{end}->();
        },
        code => qr/sql\.unreachable/, says => qr/max_user_connections/, no_rows => 1);
}

# Of a whole database it is taken from sessions that begin later; so is it given.
befalls('a right is revoked',
    break => sub { admin('REVOKE UPDATE ON crm.* FROM app@localhost'); end_sessions() },
    mend  => sub { admin('GRANT UPDATE ON crm.* TO app@localhost') },
    code  => qr/sql\.denied/, says => qr/UPDATE/, state => 'blocked', person => 1, no_rows => 1);

# The server's own failure to find room for a page. It cannot delete anything then, so that it gets more and is started anew.
befalls('the disk is full',
    break => sub {
        $server->own_files(0);
        admin('CREATE TABLE filler (b longblob)');
        $server->own_files(1);
        1 while $server->admin_try(q{INSERT INTO filler VALUES (REPEAT('x', 1000000))});
    },
    mend  => sub { $server->give_room('64M') },
    value => join(' ', map { sprintf 'line %05d of many', $_ } 1 .. 1500), code => qr/sql\.disk/, says => qr/is full/, no_rows => 1);

# Only its own field stands still.
my %column = (suspends => 'mapping.column_missing', field => 'phone', meanwhile => '+49 30 1');
befalls('a column is renamed', %column, break => sub { admin('ALTER TABLE contacts RENAME COLUMN phone TO telephone') },
    mend => sub { admin('ALTER TABLE contacts RENAME COLUMN telephone TO phone') });
befalls('a column is dropped', %column, break => sub { admin('ALTER TABLE contacts DROP phone') },
    mend => sub { admin('ALTER TABLE contacts ADD phone text') });
befalls('a column gets another type', suspends => 'field.unsupported', field => 'score', meanwhile => 77,
    break => sub { admin('ALTER TABLE contacts DROP score, ADD score blob') },
    mend  => sub { admin('ALTER TABLE contacts DROP score, ADD score double') });

$sync->wait_equal;
$sync->wait_quiet;
$sync->verify_ok(equal => 12);
$sync->httpd->log_expect(qr/sql\.unreachable/, qr/sql\.denied/, qr/mapping\.column_missing/, qr/field\.unsupported/);
$sync->httpd->log_allow(qr/sql\.disk/, qr/sql\.triggers/, qr/sql\.schema/);
finish();
