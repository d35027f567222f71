# The body of a page (S5.9) in columns of a PostgreSQL server: both ways, and one that the column is too short for.
use strict;
use warnings;
use NotionSync::Postgres;
use NotionSync::Sync;
use NotionSync::SqlCases;

build_info('pgsql') eq 'yes' or lacking('the module was built without PostgreSQL');
body_is_synced(pgsql => NotionSync::Postgres->new, 'text');
body_is_synced(pgsql => NotionSync::Postgres->new, 'varchar(60)', 60, qr/does not fit into the external field \(.*\(60\)\)/);
finish();
