# PostgreSQL as the external database, on a real server.
use strict;
use warnings;
use NotionSync::Postgres;
use NotionSync::Sync;
use NotionSync::SqlCases;

build_info('pgsql') eq 'yes' or lacking('the module was built without PostgreSQL');
my $server = NotionSync::Postgres->new;
$server->sql("CREATE TYPE kind_of_contact AS ENUM ('person', 'company'); CREATE TYPE tag AS ENUM ('vip', 'old', 'new', 'paid')");
table_is_synced(
    pgsql   => $server,
    columns => { email => 'text UNIQUE', kind => 'kind_of_contact', tags => 'tag[]', score => 'numeric(12,2)' },
    list    => sub { '{' . join(',', @_) . '}' },
);
finish();
