# Keys of MariaDB's that are fields of Notion as well.
use strict;
use warnings;
use NotionSync::MariaDB;
use NotionSync::Sync;
use NotionSync::SqlCases;

build_info('mariadb') eq 'yes' or lacking('the module was built without MariaDB');
keys_are_followed(mariadb => NotionSync::MariaDB->new);
finish();
