# Whatever befalls the PostgreSQL server, its connections, its rights, its disk or its tables: nothing that was edited on
# either side is lost, the status says what is wrong, and the sync goes on by itself when it is mended.
use strict;
use warnings;
use NotionSync::Postgres;
use NotionSync::Sync;
use NotionSync::SqlCases;

build_info('pgsql') eq 'yes' or lacking('the module was built without PostgreSQL');
my $server = NotionSync::Postgres->new(tcp => 1);
my $proxy  = $server->proxy;
my $sync = start_sync(
    pgsql   => $server,
    columns => { notes => 'text', email => 'text UNIQUE' },
    before  => sub { $_[0]->add_pages(map { { name => "Page $_", score => $_ } } 1 .. 12) },
);
sub admin { return $server->psql('postgres', 'crm', $_[0]) }
my $mine = "FROM pg_stat_activity WHERE application_name = 'notionsync'";

$sync->wait_equal(what => 'both sides are equal, through a proxy');
$sync->wait_quiet;
SKIP: {
    skip 'openssl is not installed', 1 unless $server->has_tls;
    is(admin("SELECT string_agg(DISTINCT ssl::text, ',') FROM pg_stat_ssl WHERE pid IN (SELECT pid $mine)"), 'true',
        'TLS is used where the server offers it');
}

my $faults = fault_cases($sync);
sub befalls { return $faults->befalls(@_) }

befalls('the connection is cut',
    break => sub { $proxy->cut }, mend => sub { $proxy->open }, code => qr/sql\.unreachable/, state => 'blocked');

befalls('the server is stopped',
    break => sub { $server->stop }, mend => sub { $server->start }, code => qr/sql\.unreachable/, no_rows => 1);

befalls('there is no connection left',
    break => sub { admin("ALTER ROLE app CONNECTION LIMIT 0; SELECT pg_terminate_backend(pid) $mine") },
    mend  => sub { admin('ALTER ROLE app CONNECTION LIMIT -1') },
    code  => qr/sql\.unreachable/, says => qr/too many connections/, no_rows => 1);

befalls('a right is revoked',
    break => sub { admin('REVOKE UPDATE ON contacts FROM app') }, mend => sub { admin('GRANT UPDATE ON contacts TO app') },
    code  => qr/sql\.denied/, says => qr/permission denied|lacks the right UPDATE/, state => 'blocked', person => 1, no_rows => 1);

# The out-of-line part of the table stands on a full disk: the server's own failure to extend a file.
{
    my $file = admin("SELECT pg_relation_filepath(reltoastrelid) FROM pg_class WHERE oid = 'contacts'::regclass");
    my $path = "$server->{dir}/data/$file";
    my $release = 'ALTER TABLE contacts SET (toast.autovacuum_enabled = false)';
    admin('ALTER TABLE contacts ALTER notes SET STORAGE EXTERNAL');
    is(-s $path, 0, 'no value is kept out of line yet');
    befalls('the disk is full',
        break => sub { unlink $path and symlink '/dev/full', $path or die "$path: $!"; admin($release) },
        mend  => sub {
            unlink $path;
            write_file($path, '', 0600);
            chown @{ $server->{as} }, $path if $server->{as};
            admin($release);
        },
        value => join(' ', map { sprintf 'line %05d of many', $_ } 1 .. 1500), code => qr/sql\.disk/, says => qr/No space left/);
}

# Only its own field stands still.
my %column = (suspends => 'mapping.column_missing', field => 'phone', meanwhile => '+49 30 1');
befalls('a column is renamed', %column, break => sub { admin('ALTER TABLE contacts RENAME phone TO telephone') },
    mend => sub { admin('ALTER TABLE contacts RENAME telephone TO phone') });
befalls('a column is dropped', %column, break => sub { admin('ALTER TABLE contacts DROP phone') },
    mend => sub { admin('ALTER TABLE contacts ADD phone text') });
befalls('a column gets another type', suspends => 'field.unsupported', field => 'score', meanwhile => 77,
    break => sub { admin('ALTER TABLE contacts ALTER score TYPE bytea USING NULL') },
    mend  => sub { admin('ALTER TABLE contacts DROP score; ALTER TABLE contacts ADD score double precision') });

$sync->wait_equal;
$sync->wait_quiet;
$sync->verify_ok(equal => 12);
$sync->httpd->log_expect(qr/sql\.unreachable/, qr/sql\.denied/, qr/mapping\.column_missing/, qr/field\.unsupported/);
$sync->httpd->log_allow(qr/sql\.disk/, qr/sql\.triggers/, qr/sql\.schema/);
finish();
