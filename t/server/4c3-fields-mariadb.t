# NotionSyncFields auto create=both with MariaDB, on a real server: the table is made and filled, columns and properties that come
# later are made on the other side, and verify finds both sides equal.
use strict;
use warnings;
use NotionSync::Fields;
use NotionSync::MariaDB;
use NotionSync::Sync;

build_info('mariadb') eq 'yes' or lacking('the module was built without MariaDB');
my $server = NotionSync::MariaDB->new;
my $sync   = fields_with(mariadb => $server, table => 'SELECT 1');
is($sync->row('Ada')->{tags}[0], 'old', 'choices are a JSON array');
column_and_property($sync, "SET('x','y')", 'x,y', ['x', 'y']);
finish();
