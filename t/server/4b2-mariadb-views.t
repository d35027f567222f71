# A view of MariaDB instead of a table.
use strict;
use warnings;
use NotionSync::MariaDB;
use NotionSync::Sync;
use NotionSync::SqlCases;

build_info('mariadb') eq 'yes' or lacking('the module was built without MariaDB');
view_is_synced(
    mariadb => NotionSync::MariaDB->new,
    base    => <<'SQL',
CREATE TABLE base (id int AUTO_INCREMENT PRIMARY KEY, name varchar(190), notes text, score double, site text, gone boolean NOT NULL DEFAULT false,
    touched timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3), KEY (touched));
SQL
    wake => sub { },
    says => qr/contacts is a view/,
);
finish();
