/* Proves that of what applications change in MariaDB nothing is missed or held up, in whatever order they commit, that
 * nothing of ours can make their statements fail or wait, and that what is installed is noticed when it no longer fits. */
#include <stdio.h>

#include "change_cases.h"
#include "mysql_kit.h"
#include "server_kit.h"
#include "tap/tap.h"

static const change_words_t words = {
    .series = { "SELECT seq FROM seq_", "_to_", "" },
    .many = 2500,
    .numbers = "GROUP_CONCAT(COALESCE(number, '-') ORDER BY id)",
    .read_committed = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
};

/* --- what is logged */

static void test_statements(void)
{
    const nts_change_t *change;
    apr_time_t before;

    begin_changes("statements", "CREATE TABLE deals (id int PRIMARY KEY, name varchar(20), j json, "
                                "amount decimal(9,2), raw blob, g point)");
    before = apr_time_now();
    tap_str(logged("INSERT INTO deals (id, name, j, amount) VALUES (1, 'Ada', '{}', 1)"), "i1",
            "an insert");
    change = changes_after(deals, 0)->changes;
    tap_ok(change->at >= before - 1000 && change->at <= apr_time_now() + 1000,
           "with the time, to the millisecond, whatever the zone of the server");
    tap_str(logged("UPDATE deals SET name = 'Bob'"), "u1", "an update");
    tap_str(logged("UPDATE deals SET name = 'Bob', j = '{}', amount = 1.00"), "",
            "that changes nothing");
    tap_str(logged("UPDATE deals SET name = 'BOB'"), "u1", "what the collation calls equal is not");
    tap_str(logged("UPDATE deals SET name = 'BOB '"), "u1", "nor a space at the end");
    tap_str(logged("UPDATE deals SET j = '{ }'"), "u1", "or inside of JSON");
    tap_str(logged("UPDATE deals SET raw = x'00', g = ST_GeomFromText('POINT(1 1)')"), "u1",
            "bytes and places");
    tap_str(logged("UPDATE deals SET g = ST_GeomFromText('POINT(1 2)')"), "u1", "another place");
    tap_str(logged("UPDATE deals SET id = 2"), "k2<1", "a key change");
    tap_str(logged("INSERT INTO deals (id, name) VALUES (2, 'Eve') ON DUPLICATE KEY UPDATE "
                   "name = VALUES(name)"),
            "u2", "an upsert");
    tap_str(logged("BEGIN; INSERT INTO deals (id) VALUES (9); ROLLBACK"), "", "rolled back");
    tap_str(logged("INSERT INTO deals (id) VALUES (3), (4); DELETE FROM deals ORDER BY id"),
            "i3 i4 d2 d3 d4", "many rows");
    tap_str(logged("INSERT INTO deals (id) SELECT seq FROM seq_1_to_3"), "i1 i2 i3",
            "from a SELECT");
    tap_str(logged("REPLACE INTO deals (id, name) VALUES (3, 'x')"), "r3 i3",
            "S4.4: REPLACE is a replace");
    tap_str(
        logged("BEGIN; DELETE FROM deals WHERE id = 3; INSERT INTO deals (id) VALUES (3); COMMIT"),
        "r3 i3", "as are delete and insert in one transaction");
    tap_str(logged("DELETE FROM deals WHERE id = 3"), "d3", "in two");
    tap_str(logged("INSERT INTO deals (id) VALUES (3)"), "i3", "they are a new record");
    tap_str(logged("TRUNCATE deals"), "", "TRUNCATE tells nobody, which is documented");
    end_my();
}

/* What the application sees of its own statements is what it would see without us. */
static void test_unseen(void)
{
    begin_changes("unseen",
                  "CREATE TABLE deals (id int AUTO_INCREMENT PRIMARY KEY, name varchar(20))");
    my_run(my, "INSERT INTO deals (name) VALUES ('a'), ('b'), ('c')");
    tap_str(my_text(my, "INSERT INTO deals (name) VALUES ('d'); SELECT LAST_INSERT_ID()"), "4",
            "the number of a new row is the row's");
    tap_str(my_text(my, "UPDATE deals SET name = 'x'; SELECT ROW_COUNT()"), "4",
            "rows are counted without ours");
    tap_str(my_text(my, "SELECT LAST_INSERT_ID()"), "4", "and nothing else moves it");
    end_my();
}

static void test_images(void)
{
    nts_answer_t *answer;
    nts_ask_t ask;

    begin_changes(
        "images",
        "SET sql_mode = 'ANSI_QUOTES', time_zone = 'SYSTEM';"
        "CREATE TABLE deals (id int PRIMARY KEY, \"it's, \"\"x\"\"\" text, n decimal(30,10), "
        "r double, f float, b varbinary(10), b0 blob, d date, ts timestamp(3) NULL, dt "
        "datetime(6), "
        "at time(1), tags set('a','b'), e enum('x','y'), bits bit(9), one bit(1), bu bigint "
        "unsigned, j json, u uuid, l varchar(20) CHARACTER SET latin1, g point, c char(5), "
        "y year, ok tinyint(1), twice int AS (id * 2) STORED, name longtext);"
        "INSERT INTO deals VALUES (1, 'O''Neil, \"x\" \\ 😀', 1.10, 0.1, 0.1, x'00ff', NULL, "
        "'2026-05-12', '2026-10-25 02:30:00.123', '2026-05-12 10:00:00.000001', '-10:00:00.5', "
        "'b,a', 'y', b'100000001', b'1', 18446744073709551615, '{\"a\": [1]}', UUID(), 'Zoë', "
        "ST_GeomFromText('POINT(1 2)'), 'ab', 2026, 7, DEFAULT, NULL);"
        "INSERT INTO deals (id, name) VALUES (2, REPEAT('x', 1100000));"
        "CREATE TABLE kept AS SELECT * FROM deals WHERE id = 1");
    my_run(my, "SET sql_mode = '', time_zone = '-05:00', character_set_client = latin1, "
               "collation_connection = latin1_german1_ci, div_precision_increment = 0");
    my_run(my, "DELETE FROM deals ORDER BY id");
    answer = changes_after(deals, 0);
    tap_str(entries(answer), "d1 d2", "two deletes");
    tap_ok(answer->change_count == 2 && answer->changes[1].image == NULL,
           "a very large row is logged without its image");
    ask = ask_of(NTS_ASK_RESTORE, deals);
    ask.id = "1";
    ask.intent = "back";
    ask.image = answer->changes[0].image;
    tap_ok(ask.image != NULL, "the other has one");
    answer = perform(&ask);
    tap_str(result_of(answer), "ok", "from the image of a trigger");
    my_run(my, "SET sql_mode = 'ANSI_QUOTES'");
    tap_str(
        my_text(
            my,
            "SELECT CONCAT_WS(',', BINARY x.\"it's, \"\"x\"\"\" = BINARY y.\"it's, \"\"x\"\"\", "
            "x.n = y.n, x.r = y.r, x.f = y.f, x.b = y.b, x.b0 IS NULL, x.d = y.d, "
            "x.ts = y.ts, x.dt = y.dt, x.at = y.at, x.tags = y.tags, x.e = y.e, "
            "x.bits = y.bits, x.one = y.one, x.bu = y.bu, BINARY x.j = BINARY y.j, x.u = y.u, "
            "BINARY x.l = BINARY y.l, HEX(x.g) = HEX(y.g), x.c = y.c, x.y = y.y, x.ok = y.ok, "
            "x.twice = y.twice, x.name IS NULL) FROM deals AS x, kept AS y"),
        "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1",
        "the row is put back byte for byte, whatever the writer's settings were");
    end_my();
}

static void test_keys(void)
{
    begin_changes("keyed",
                  "CREATE TABLE deals (a varchar(600), b int, name varchar(20), PRIMARY KEY (a, b))"
                  " CHARACTER SET latin1");
    tap_str(logged("INSERT INTO deals VALUES ('it''s, \"x\"\\\\', 1, NULL)"),
            "i[\"it's, \\\"x\\\"\\\\\",\"1\"]", "a key of two columns");
    tap_str(logged("UPDATE deals SET b = 2"),
            "k[\"it's, \\\"x\\\"\\\\\",\"2\"]<[\"it's, \\\"x\\\"\\\\\",\"1\"]",
            "one of them changed");
    tap_str(logged("UPDATE deals SET a = 'Abc'; UPDATE deals SET a = 'ABC'"),
            "k[\"Abc\",\"2\"]<[\"it's, \\\"x\\\"\\\\\",\"2\"] k[\"ABC\",\"2\"]<[\"Abc\",\"2\"]",
            "also by its case alone");
    tap_str(logged("INSERT INTO deals VALUES (REPEAT('x', 590), 1, NULL)"), "t",
            "a key too long for the index");
    end_my();
}

static void test_cap(void)
{
    MYSQL *other;

    begin_changes("capped", DEALS);
    other = my_session("app", "capped");
    my_run(my, "INSERT INTO deals (id) VALUES (2), (3), (4)");
    my_run(my, "ALTER TABLE _notionsync_change AUTO_INCREMENT = 1001999");
    my_run(other, "BEGIN; SELECT id FROM _notionsync_change WHERE id = 1 FOR UPDATE");
    my_run(my, "SET innodb_lock_wait_timeout = 1;"
               "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE");
    my_run(my, "BEGIN; INSERT INTO deals (id) VALUES (5), (6), (7); COMMIT");
    my_run(other, "COMMIT");
    tap_str(my_text(my, "SELECT GROUP_CONCAT(id) FROM _notionsync_change WHERE id < 1000000"), "1",
            "no more than a million entries are kept, but what others hold");
    tap_str(news(), "i2 i5 i6 t i7", "and a reader knows");
    my_end(other);
    end_my();
}

/* --- what may happen to the table */

static void test_alterations(void)
{
    MYSQL *admin;
    MYSQL *clerk;

    begin_changes("altered", "CREATE TABLE deals (id int PRIMARY KEY, name varchar(20), size int);"
                             "INSERT INTO deals VALUES (1, 'Ada', 5)");
    admin = my_session("root", "altered");
    tap_str(news(), "", "nothing yet");
    my_run(my, "ALTER TABLE deals DROP COLUMN size");
    tap_ok(my_try(my, "DELETE FROM deals") == NULL, "a column that is dropped fails no statement");
    tap_str(result_of(changes_after(deals, since)), "blocked sql.triggers", "and is noticed");
    provision(deals);
    tap_str(news(), "t t", "the delete without its description, and what may have been missed");
    my_run(my, "INSERT INTO deals VALUES (1, 'Ada'); ALTER TABLE deals RENAME COLUMN id TO number;"
               "UPDATE deals SET name = 'Bob'");
    tap_str(my_text(my, "SELECT op FROM _notionsync_change ORDER BY id DESC LIMIT 1"), "t",
            "a key that is renamed fails no statement");
    tap_str(result_of(changes_after(deals, since)), "blocked sql.triggers", "and is noticed");
    my_run(my, "ALTER TABLE deals MODIFY name varchar(80), ADD COLUMN more json");
    provision(deals);
    (void)news();
    tap_str(logged("UPDATE deals SET name = 'Eve'"), "u1", "provisioned again it goes on");
    my_run(my, "DROP TRIGGER _notionsync_update_deals");
    tap_str(result_of(changes_after(deals, since)), "blocked sql.triggers",
            "a trigger that is gone");
    my_run(my,
           "CREATE TRIGGER _notionsync_update_deals AFTER UPDATE ON deals FOR EACH ROW SET @x = 1");
    tap_str(result_of(changes_after(deals, since)), "blocked sql.triggers",
            "or does something else");
    provision(deals);
    (void)news();
    /* Somebody who may write the table, and nothing else. */
    my_run(admin, "CREATE USER clerk@localhost;"
                  "GRANT SELECT, INSERT, UPDATE, DELETE ON altered.deals TO clerk@localhost");
    clerk = my_session("clerk", "altered");
    tap_ok(my_try(clerk, "UPDATE deals SET name = 'clerk'") == NULL,
           "who has no rights on our tables writes all the same");
    tap_str(news(), "u1", "and is logged");
    my_run(my, "ALTER TABLE deals ADD COLUMN `END; $$ it's \"` text");
    provision(deals);
    (void)news();
    tap_str(logged("DELETE FROM deals; INSERT INTO deals (number) VALUES (8)"), "d1 i8",
            "a column's name ends no text of ours");
    my_end(clerk);
    my_end(admin);
    end_my();
}

/* The statements that are printed are such that the client program takes them. */
static void test_printed(void)
{
    const char *path = path_of("printed.sql");
    const char *argv[] = {
        "/usr/bin/mariadb", "--no-defaults", "-S", socket_path(), "-u", "app", "printed", NULL
    };
    nts_answer_t *answer;
    nts_ask_t ask;
    FILE *file;

    begin_my("printed", DEALS);
    deals = mapping_of("deals", NULL, "name", NULL);
    since = 0;
    ask = ask_of(NTS_ASK_PROVISION, deals);
    ask.dry = 1;
    answer = perform(&ask);
    file = fopen(path, "w");
    tap_ok(file && fputs(answer->statements, file) >= 0 && fclose(file) == 0, "printed");
    tap_int(run_program(argv, path), 1, "run by hand");
    tap_str(perform(&ask)->statements, "", "nothing is left to do");
    tap_str(logged("UPDATE deals SET name = 'x'"), "u1", "and it works");
    end_my();
}

static void test_removal(void)
{
    const char *count = "SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = "
                        "DATABASE()";
    nts_ask_t dry;

    begin_changes("removal",
                  DEALS "; CREATE TABLE a_table_with_a_name_that_is_almost_as_long_as_it_may_be_x "
                        "(id int PRIMARY KEY)");
    provision(mapping_of("a_table_with_a_name_that_is_almost_as_long_as_it_may_be_x", NULL, NULL));
    dry = ask_of(NTS_ASK_PROVISION, deals);
    dry.dry = 1;
    tap_str(perform(&dry)->statements, "", "once is enough");
    tap_str(result_of(perform_kind(NTS_ASK_UNPROVISION, deals)), "ok", "one table is given up");
    tap_str(my_text(my, count), "3", "the other keeps its triggers");
    my_run(my, "DROP TABLE a_table_with_a_name_that_is_almost_as_long_as_it_may_be_x");
    tap_str(
        result_of(perform_kind(
            NTS_ASK_UNPROVISION,
            mapping_of("a_table_with_a_name_that_is_almost_as_long_as_it_may_be_x", NULL, NULL))),
        "ok", "also one that is gone");
    tap_str(my_text(my, "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = "
                        "DATABASE()"),
            "1", "and nothing is left");
    provision(deals);
    since = 0;
    tap_str(logged("UPDATE deals SET name = 'x'"), "u1", "until it begins anew");
    my_run(my, "DROP TABLE _notionsync_change");
    tap_ok(perform_kind(NTS_ASK_CHANGES, deals)->result == NTS_RESULT_BLOCKED, "dropped by hand");
    provision(deals);
    tap_str(news(), "", "it is made again");
    end_my();
}

/* What fires no trigger: found by reconciliation, and documented. */
static void test_cascades(void)
{
    begin_changes(
        "cascades",
        "CREATE TABLE firms (id int PRIMARY KEY);"
        "CREATE TABLE deals (id int PRIMARY KEY, name varchar(20), firm int, FOREIGN KEY (firm) "
        "REFERENCES firms (id) ON DELETE CASCADE);"
        "INSERT INTO firms VALUES (1); INSERT INTO deals VALUES (1, 'Ada', 1)");
    tap_str(logged("DELETE FROM firms"), "", "what a foreign key deletes is not told");
    tap_str(result_of(read_row(deals, "1")), "gone", "but found when it is looked for");
    end_my();
}

/* --- being woken */

static void test_watch(void)
{
    int fd;
    int i;

    begin_changes("watched", DEALS);
    my_run(my, "UPDATE deals SET name = 'before'");
    fd = nts_connector_sql.watch(connection, deals);
    tap_ok(fd >= 0 && is_woken(fd, 60000), "once it is there it says so, for what came before");
    tap_str(news(), "u1", "which is read");
    for (i = 0; i < 20 && is_woken(fd, 400); i++) {
        /* what it had seen before */
    }
    tap_ok(i < 20, "then it is quiet");
    my_run(my, "BEGIN; UPDATE deals SET name = 'y'");
    tap_ok(!is_woken(fd, 400), "a change wakes not before it is committed");
    my_run(my, "COMMIT");
    tap_ok(is_woken(fd, 60000), "but then");
    tap_ok(is_woken(fd, 60000), "and again, as long as nobody reads it");
    tap_str(news(), "u1", "until it is read");
    my_run(my, apr_psprintf(pool, "KILL %s",
                            my_text(my, "SELECT MAX(ID) FROM information_schema.PROCESSLIST WHERE "
                                        "ID <> CONNECTION_ID()")));
    tap_ok(is_woken(fd, 60000), "cut off it connects again, and says so");
    my_run(my, "UPDATE deals SET name = 'z'");
    tap_ok(is_woken(fd, 60000), "and sees the next");
    end_my();
}

int main(void)
{
    begin_tests();
    if (begin_server()) {
        test_statements();
        test_unseen();
        test_images();
        test_keys();
        test_changes(&words);
        test_cap();
        test_alterations();
        test_printed();
        test_removal();
        test_cascades();
        test_watch();
        end_server();
    }
    else {
        tap_skip(1, "MariaDB is not installed (on Debian: apt-get install mariadb-server)");
    }
    end_tests();
    return tap_done();
}
