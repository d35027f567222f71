# The body of a page (S5.9) in columns of a MariaDB server: both ways, and one that the column is too short for.
use strict;
use warnings;
use NotionSync::MariaDB;
use NotionSync::Sync;
use NotionSync::SqlCases;

build_info('mariadb') eq 'yes' or lacking('the module was built without MariaDB');
body_is_synced(mariadb => NotionSync::MariaDB->new, 'longtext');
body_is_synced(mariadb => NotionSync::MariaDB->new, 'varchar(60)', 60, qr/does not fit into the external field \(.*\(60\)\)/);
body_is_synced(mariadb => NotionSync::MariaDB->new, 'text', 65_535, qr/Data too long for column 'extra'/);
finish();
