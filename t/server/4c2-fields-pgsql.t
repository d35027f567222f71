# NotionSyncFields auto create=both with PostgreSQL, on a real server: the table is made and filled, columns and properties that come
# later are made on the other side, and verify finds both sides equal.
use strict;
use warnings;
use NotionSync::Fields;
use NotionSync::Postgres;
use NotionSync::Sync;

build_info('pgsql') eq 'yes' or lacking('the module was built without PostgreSQL');
my $server = NotionSync::Postgres->new;
my $sync   = fields_with(pgsql => $server, table => 'SELECT 1');
is($sync->row('Ada')->{tags}[0], 'old', 'choices are an array');
is($sync->sql('SELECT pg_typeof(tags)::text AS kind FROM contacts LIMIT 1')->[0]{kind}, 'text[]', 'of texts');
column_and_property($sync, 'text[]', '{x,y}', ['x', 'y']);
finish();
