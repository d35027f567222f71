# MariaDB as the external database, on a real server.
use strict;
use warnings;
use NotionSync::MariaDB;
use NotionSync::Sync;
use NotionSync::SqlCases;

build_info('mariadb') eq 'yes' or lacking('the module was built without MariaDB');
table_is_synced(
    mariadb => NotionSync::MariaDB->new,
    columns => { email => 'varchar(190) UNIQUE', kind => q(enum('person','company')), tags => q(set('vip','old','new','paid')), name => 'varchar(190)' },
    list    => sub { join ',', @_ },
    first   => sub {
        $_[0]->sql('CREATE TABLE firms (id INTEGER PRIMARY KEY); INSERT INTO firms VALUES (1); '
                . 'ALTER TABLE contacts ADD firm INTEGER, ADD FOREIGN KEY (firm) REFERENCES firms (id) ON DELETE CASCADE');
    },
    meanwhile => sub {
        my ($sync) = @_;
        # What a foreign key deletes fires no trigger.
        $sync->edit_row('Row 9', firm => 1);
        $sync->wait_quiet;
        $sync->sql('DELETE FROM firms');
        $sync->must('reconcile', 'contacts', '--full');
        wait_ok { !$sync->page('Row 9') } 20, 'what a foreign key has deleted is found by reconciliation';
        return 1;
    },
);
finish();
