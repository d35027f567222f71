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
    meanwhile => sub {
        my ($sync) = @_;
        my $written = $server->sql('SELECT count(DISTINCT xid::text) AS written FROM _notionsync_change WHERE id IN (SELECT max(c.id) FROM _notionsync_change AS c '
            . "JOIN contacts AS t ON c.key = t.id::text WHERE t.email IN ('p8\@x.org', 'p9\@x.org', 'p10\@x.org') GROUP BY t.id)")->[0]{written};
        is($written, 1, 'records that exchange unique values do so in one transaction');
        return 0;
    },
);
finish();
