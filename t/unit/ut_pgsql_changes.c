/* Proves that of what applications change in PostgreSQL nothing is missed or held up, in whatever order they commit, that
 * nothing of ours can make their statements fail, and that what is installed is noticed when it no longer fits. */
#include "change_cases.h"
#include "pgsql_kit.h"
#include "tap/tap.h"

static const change_words_t words = {
    .series = { "SELECT n FROM generate_series(", ", ", ") AS n" },
    .many = 11000,
    .numbers = "string_agg(coalesce(number::text, '-'), ',' ORDER BY id)",
    .read_committed = "SELECT 1",
};

/* --- what is logged */

static void test_statements(void)
{
    const nts_change_t *change;
    apr_time_t before;

    begin_changes("statements",
                  "CREATE TABLE deals (id integer PRIMARY KEY, name text, j json, amount numeric)");
    before = apr_time_now();
    tap_str(logged("INSERT INTO deals VALUES (1, 'Ada', '{}', 1)"), "i1", "an insert");
    change = changes_after(deals, 0)->changes;
    tap_ok(change->at >= before - 1000 && change->at <= apr_time_now() + 1000,
           "with the time, to the millisecond");
    tap_str(logged("UPDATE deals SET name = 'Bob'"), "u1", "an update");
    tap_str(logged("UPDATE deals SET name = 'Bob', j = '{}'"), "", "that changes nothing");
    tap_str(logged("UPDATE deals SET j = '{ }'"), "u1",
            "of a type that knows no equality, by its bytes");
    tap_str(logged("UPDATE deals SET id = 2"), "k2<1", "a key change");
    tap_str(logged("INSERT INTO deals (id, name) VALUES (2, 'Eve') ON CONFLICT (id) DO UPDATE SET "
                   "name = excluded.name"),
            "u2", "an upsert");
    tap_str(logged("BEGIN; INSERT INTO deals (id) VALUES (9); ROLLBACK"), "", "rolled back");
    tap_str(logged("INSERT INTO deals (id) VALUES (3), (4); DELETE FROM deals"), "i3 i4 d2 d3 d4",
            "many rows");
    tap_str(logged("TRUNCATE deals"), "t", "TRUNCATE asks for a look at everything");
    tap_str(logged("BEGIN; INSERT INTO deals (id) VALUES (5); SAVEPOINT a; DELETE FROM deals; "
                   "INSERT INTO deals (id) VALUES (5); COMMIT"),
            "i5 r5 i5", "S4.4: delete and insert in one transaction are a replace");
    tap_str(logged("DELETE FROM deals"), "d5", "in two");
    tap_str(logged("INSERT INTO deals (id) VALUES (5)"), "i5", "they are a new record");
    pg_run(pg, "DELETE FROM deals");
    pg_run(pg, "INSERT INTO deals (id) VALUES (5)");
    tap_str(news(), "d5 i5", "also when both are seen at once");
    end_pg();
}

static void test_images(void)
{
    nts_answer_t *answer;
    nts_ask_t ask;

    begin_changes(
        "images",
        "CREATE TABLE deals (id integer PRIMARY KEY, \"it's, \"\"x\"\"\" text, n numeric, "
        "r double precision, b bytea, d date, tz timestamptz, a integer[], tags text[], "
        "j jsonb, ok boolean, g integer GENERATED ALWAYS AS (id + 1) STORED, name text);"
        "INSERT INTO deals VALUES (1, 'O''Neil, \"x\"', 1.10, 0.1, '\\x00ff', "
        "'2026-05-12', '2026-05-12 10:00+02', '{1,NULL,3}', '{a,\"b c\"}', '[1]', true, "
        "DEFAULT, NULL);"
        "INSERT INTO deals (id, name) VALUES (2, repeat('x', 1100000));"
        "CREATE TABLE kept AS SELECT * FROM deals WHERE id = 1");
    pg_run(
        pg,
        "SET DateStyle = 'German, DMY'; SET extra_float_digits = -3; SET TimeZone = 'Asia/Tokyo'");
    pg_run(pg, "DELETE FROM deals");
    answer = changes_after(deals, 0);
    tap_str(entries(answer), "d1 d2", "two deletes");
    tap_ok(answer->changes[1].image == NULL, "a very large row is logged without its image");
    ask = ask_of(NTS_ASK_RESTORE, deals);
    ask.id = "1";
    ask.intent = "back";
    ask.image = answer->changes[0].image;
    tap_str(result_of(perform(&ask)), "ok", "from the image of a trigger");
    tap_str(pg_text(pg, "SELECT x.* *= y.* FROM deals AS x, kept AS y"), "t",
            "the row is put back byte for byte, whatever the writer's settings were");
    end_pg();
}

static void test_keys(void)
{
    begin_changes("keys", "CREATE TABLE deals (a text, b integer, name text, PRIMARY KEY (a, b))");
    tap_str(logged("INSERT INTO deals VALUES ('it''s, \"x\"\\', 1)"),
            "i[\"it's, \\\"x\\\"\\\\\",\"1\"]", "a key of two columns");
    tap_str(logged("UPDATE deals SET b = 2"),
            "k[\"it's, \\\"x\\\"\\\\\",\"2\"]<[\"it's, \\\"x\\\"\\\\\",\"1\"]",
            "one of them changed");
    tap_str(logged("INSERT INTO deals VALUES (repeat('x', 2500), 1)"), "t",
            "a key too long for an index");
    end_pg();
}

/* --- the order of commits */

/* A snapshot that any transaction of the server holds back is nothing that we wait for. */
static void test_foreign(void)
{
    PGconn *foreign;

    begin_changes("foreigners", DEALS);
    foreign = pg_session("postgres", "postgres");
    pg_run(foreign, "BEGIN; SELECT pg_current_xact_id()");
    tap_str(logged("UPDATE deals SET name = 'fast'"), "u1",
            "a transaction of another database holds nothing up");
    PQfinish(foreign);
    end_pg();
}

static void test_cap(void)
{
    begin_changes("cap", DEALS);
    pg_run(pg, "INSERT INTO deals (id) VALUES (2), (3)");
    pg_run(pg, "ALTER TABLE _notionsync_change ALTER id RESTART WITH 1001999");
    pg_run(
        pg,
        "BEGIN ISOLATION LEVEL SERIALIZABLE; INSERT INTO deals (id) VALUES (4), (5), (6); COMMIT");
    tap_str(pg_text(pg, "SELECT count(*) FROM _notionsync_change WHERE id < 1000000"), "0",
            "no more than a million entries are kept");
    tap_str(news(), "i4 i5 t i6", "and a reader knows");
    end_pg();
}

/* --- what may happen to the table */

static void test_alterations(void)
{
    PGconn *other;

    begin_changes("altered", "CREATE TABLE deals (id integer PRIMARY KEY, name text, size integer);"
                             "INSERT INTO deals VALUES (1, 'Ada', 5)");
    other = pg_session("postgres", "altered");
    tap_str(news(), "", "nothing yet");
    pg_run(pg, "ALTER TABLE deals DROP COLUMN size");
    tap_ok(pg_try(pg, "DELETE FROM deals") == NULL, "a column that is dropped fails no statement");
    tap_str(result_of(changes_after(deals, since)), "blocked sql.triggers", "and is noticed");
    provision(deals);
    tap_str(news(), "t t", "the delete without its description, and what may have been missed");
    pg_run(pg, "INSERT INTO deals VALUES (1, 'Ada'); ALTER TABLE deals RENAME COLUMN id TO number;"
               "UPDATE deals SET name = 'Bob'");
    tap_str(pg_text(pg, "SELECT op FROM _notionsync_change ORDER BY id DESC LIMIT 1"), "t",
            "a key that is renamed fails no statement");
    tap_str(result_of(changes_after(deals, since)), "blocked sql.triggers", "and is noticed");
    pg_run(pg, "ALTER TABLE deals ALTER COLUMN name TYPE varchar(80), ADD COLUMN more json");
    provision(deals);
    (void)news();
    tap_str(logged("UPDATE deals SET name = 'Eve'"), "u1", "provisioned again it goes on");
    pg_run(pg, "ALTER TABLE deals DISABLE TRIGGER _notionsync_update");
    tap_str(result_of(changes_after(deals, since)), "blocked sql.triggers",
            "a trigger that is off");
    provision(deals);
    pg_run(pg, "CREATE OR REPLACE FUNCTION \"_notionsync_log_public.deals\"() RETURNS trigger "
               "LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
    tap_str(result_of(changes_after(deals, since)), "blocked sql.triggers",
            "or does something else");
    provision(deals);
    (void)news();
    /* Somebody who may write the table, and nothing else. */
    pg_run(other,
           "CREATE ROLE clerk LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE ON deals TO clerk");
    PQfinish(other);
    other = pg_session("clerk", "altered");
    tap_ok(pg_try(other,
                  "SET search_path = pg_temp; CREATE TEMP TABLE _notionsync_change (id int); "
                  "UPDATE public.deals SET name = 'clerk'") == NULL,
           "who has no rights on our tables writes all the same");
    tap_str(news(), "u1", "and is logged");
    tap_ok(pg_try(other,
                  "CREATE TEMP TABLE own (id int); CREATE TRIGGER forged AFTER INSERT ON own FOR "
                  "EACH ROW EXECUTE FUNCTION public.\"_notionsync_log_public.deals\"()") != NULL,
           "but cannot use the function, which has other rights, for anything else");
    PQfinish(other);
    pg_run(pg, "ALTER TABLE deals ADD COLUMN \"$notionsync$; it's\" text");
    provision(deals);
    (void)news();
    tap_str(logged("DELETE FROM deals; INSERT INTO deals VALUES (8)"), "d1 i8",
            "a column's name ends no text of ours");
    end_pg();
}

static void test_removal(void)
{
    nts_ask_t dry;

    begin_changes("removal", DEALS "; CREATE TABLE others (id integer PRIMARY KEY)");
    provision(mapping_of("others", NULL, NULL));
    dry = ask_of(NTS_ASK_PROVISION, deals);
    dry.dry = 1;
    tap_str(perform(&dry)->statements, "", "once is enough");
    tap_str(result_of(perform_kind(NTS_ASK_UNPROVISION, deals)), "ok", "one table is given up");
    tap_str(pg_text(pg, "SELECT count(*) FROM pg_trigger WHERE tgname LIKE '\\_notionsync%'"), "4",
            "the other keeps its triggers");
    pg_run(pg, "DROP TABLE others");
    tap_str(result_of(perform_kind(NTS_ASK_UNPROVISION, mapping_of("others", NULL, NULL))), "ok",
            "also one that is gone");
    tap_str(pg_text(pg,
                    "SELECT (SELECT count(*) FROM pg_class WHERE relname LIKE '\\_notionsync%') + "
                    "(SELECT count(*) FROM pg_proc WHERE proname LIKE '\\_notionsync%')"),
            "0", "and nothing is left");
    provision(deals);
    tap_str(logged("UPDATE deals SET name = 'x'"), "u1", "until it begins anew");
    end_pg();
}

/* --- being woken */

static void test_watch(void)
{
    int fd;

    begin_changes("watched", DEALS);
    fd = nts_connector_sql.watch(connection, deals);
    tap_ok(fd >= 0 && is_woken(fd, 60000), "once it listens it says so, for what came before");
    tap_ok(!is_woken(fd, 100), "then it is quiet");
    pg_run(pg, "UPDATE deals SET name = 'x'");
    tap_ok(is_woken(fd, 60000), "a change wakes");
    pg_run(pg, "BEGIN; UPDATE deals SET name = 'y'");
    tap_ok(!is_woken(fd, 100), "not before it is committed");
    pg_run(pg, "ROLLBACK");
    tap_ok(!is_woken(fd, 100), "nor if it never is");
    pg_run(pg,
           "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' OR "
           "(application_name = 'notionsync' AND query LIKE 'SELECT 1 %')");
    tap_ok(is_woken(fd, 60000), "cut off it connects again, and says so");
    pg_run(pg, "UPDATE deals SET name = 'z'");
    tap_ok(is_woken(fd, 60000), "and hears the next");
    end_pg();
}

static int notices_of(PGconn *session)
{
    PGnotify *notice;
    int count = 0;

    pg_run(session, "SELECT 1"); /* what was committed before has been sent before its answer */
    while ((notice = PQnotifies(session)) != NULL) {
        count++;
        PQfreemem(notice);
    }
    return count;
}

/* A change for which no notice was sent, because another transaction had just sent one, which then was undone. */
static void test_passed_over(void)
{
    PGconn *other;
    int fd;

    begin_changes("passed", DEALS);
    pg_run(pg, "INSERT INTO deals VALUES (2, 'Bob')");
    fd = nts_connector_sql.watch(connection, deals);
    tap_ok(fd >= 0 && is_woken(fd, 60000), "it listens");
    since = changes_after(deals, 0)->last_change;
    tap_ok(!is_woken(fd, 100), "and hears nothing");
    other = pg_session("app", "passed");
    pg_run(other, "BEGIN; UPDATE deals SET name = 'undone' WHERE id = 1");
    pg_run(pg, "UPDATE deals SET name = 'done' WHERE id = 2");
    pg_run(other, "ROLLBACK");
    tap_ok(is_woken(fd, 60000), "a change of which nobody told is found by looking");
    tap_str(news(), "u2", "namely this");
    PQfinish(other);
    end_pg();
}

/* A notice makes commits take turns, on the whole server: an application that commits all the time sends few of them. */
static void test_notices(void)
{
    PGconn *other;
    apr_time_t before;
    int elapsed;
    int count;
    int i;

    begin_changes("notices", DEALS);
    other = pg_session("app", "notices");
    pg_run(other, "LISTEN _notionsync");
    pg_run(pg, "UPDATE deals SET name = 'first'");
    tap_int(notices_of(other), 1, "a change is told of");
    before = apr_time_now();
    for (i = 0; i < 300; i++) {
        pg_run(pg, apr_psprintf(pool, "UPDATE deals SET name = 'n%d'", i));
    }
    elapsed = (int)apr_time_as_msec(apr_time_now() - before);
    count = notices_of(other);
    tap_ok(count > 0 && count <= elapsed / 10 + 1, "300 changes in %d ms: %d notices", elapsed,
           count);
    tap_int(changes_after(deals, since)->change_count, 301, "and none is missing");
    (void)apr_sleep(apr_time_from_msec(15));
    pg_run(pg, "UPDATE deals SET name = 'last'");
    tap_int(notices_of(other), 1, "after a pause each is told of");
    PQfinish(other);
    end_pg();
}

int main(void)
{
    begin_tests();
    if (begin_server()) {
        test_statements();
        test_images();
        test_keys();
        test_foreign();
        test_changes(&words);
        test_cap();
        test_alterations();
        test_removal();
        test_watch();
        test_passed_over();
        test_notices();
        end_server();
    }
    else {
        tap_skip(1, "PostgreSQL is not installed (on Debian: apt-get install postgresql)");
    }
    end_tests();
    return tap_done();
}
