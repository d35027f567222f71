# Keys of PostgreSQL's that are fields of Notion as well.
use strict;
use warnings;
use NotionSync::Postgres;
use NotionSync::Sync;
use NotionSync::SqlCases;

build_info('pgsql') eq 'yes' or lacking('the module was built without PostgreSQL');
keys_are_followed(pgsql => NotionSync::Postgres->new);
finish();
