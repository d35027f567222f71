/* Proves that of what applications change in PostgreSQL nothing is missed or held up, in whatever order they commit, that
 * nothing of ours can make their statements fail, and that what is installed is noticed when it no longer fits. */
#include <poll.h>
#include <string.h>

#include "base/nts_str.h"
#include "pgsql_kit.h"
#include "tap/tap.h"

#define DEALS                                                                                      \
    "CREATE TABLE deals (id integer PRIMARY KEY, name text);"                                      \
    "INSERT INTO deals VALUES (1, 'Ada')"

static nts_mapping_t *m;
static apr_int64_t since;

static void begin(const char *name, const char *sql)
{
    begin_pg(name, sql);
    m = mapping_of("deals", NULL, "name", NULL);
    provision(m);
    since = 0;
}

/* The entries after the last ones asked for. */
static const char *news(void)
{
    nts_answer_t *answer = changes_after(m, since);

    since = answer->last_change;
    return entries(answer);
}

static const char *logged(const char *sql)
{
    pg_run(pg, sql);
    return news();
}

/* --- what is logged */

static void test_statements(void)
{
    const nts_change_t *change;
    apr_time_t before;

    begin("statements",
          "CREATE TABLE deals (id integer PRIMARY KEY, name text, j json, amount numeric)");
    before = apr_time_now();
    tap_str(logged("INSERT INTO deals VALUES (1, 'Ada', '{}', 1)"), "i1", "an insert");
    change = changes_after(m, 0)->changes;
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

    begin("images",
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
    answer = changes_after(m, 0);
    tap_str(entries(answer), "d1 d2", "two deletes");
    tap_ok(answer->changes[1].image == NULL, "a very large row is logged without its image");
    ask = ask_of(NTS_ASK_RESTORE, m);
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
    begin("keys", "CREATE TABLE deals (a text, b integer, name text, PRIMARY KEY (a, b))");
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

static void test_order(void)
{
    PGconn *slow;
    PGconn *foreign;
    PGresult *result;

    begin("orders", DEALS ", (2, 'Bob')");
    slow = pg_session("app", "orders");
    foreign = pg_session("postgres", "postgres");
    pg_run(foreign, "BEGIN; SELECT pg_current_xact_id()");
    pg_run(slow, "BEGIN; UPDATE deals SET name = 'slow' WHERE id = 1");
    tap_str(logged("UPDATE deals SET name = 'fast' WHERE id = 2"), "u2",
            "neither a transaction of another database nor an open one of this table holds it up");
    pg_run(slow, "COMMIT");
    tap_str(news(), "u1", "and what is committed late is not skipped");
    tap_str(news(), "", "nor seen twice");
    pg_run(slow, "BEGIN; DELETE FROM deals WHERE id = 1");
    pg_run(pg, "BEGIN; UPDATE deals SET name = 'x' WHERE id = 2; ROLLBACK");
    tap_str(logged("UPDATE deals SET name = 'y' WHERE id = 2"), "u2",
            "a number that was rolled back is waited for by nobody");
    pg_run(slow, "ROLLBACK");
    tap_str(news(), "", "nor an entry that never came");
    /* One row, changed by both: the second waits for the first. */
    pg_run(slow, "BEGIN; UPDATE deals SET name = 'first' WHERE id = 1");
    tap_int(PQsendQuery(pg, "UPDATE deals SET id = 7 WHERE id = 1"), 1, "a second writer");
    pg_run(slow, "SELECT pg_sleep(0.05); COMMIT");
    for (result = PQgetResult(pg); result; result = PQgetResult(pg)) {
        PQclear(result);
    }
    tap_str(news(), "u1 k7<1", "of one row comes after the first");
    PQfinish(slow);
    PQfinish(foreign);
    end_pg();
}

/* Whoever dies between giving numbers and reading leaves entries that have theirs. */
static void test_numbering(void)
{
    PGconn *other;
    const char *number = "SELECT string_agg(coalesce(number::text, '-'), ',' ORDER BY id) "
                         "FROM _notionsync_change";

    begin("numbers", DEALS);
    other = pg_session("app", "numbers");
    pg_run(pg, "INSERT INTO deals (id) VALUES (2), (3)");
    tap_str(pg_text(pg, number), "-,-", "entries are made without numbers");
    pg_run(other, "BEGIN; SELECT 1 FROM _notionsync_instance FOR UPDATE");
    tap_str(result_of(changes_after(m, 0)), "not done sql.busy", "somebody else is giving them");
    pg_run(
        other,
        "UPDATE _notionsync_change SET number = id; UPDATE _notionsync_instance SET counter = 2");
    pg_run(pg, "INSERT INTO deals (id) VALUES (4)");
    pg_run(other, "COMMIT");
    tap_str(news(), "i2 i3 i4", "then they are there for all");
    tap_str(pg_text(pg, number), "1,2,3", "and the next go on from there");
    tap_int(changes_after(m, 3)->counter, 3, "with the counter");
    pg_run(pg, "INSERT INTO deals SELECT n FROM generate_series(100, 11099) AS n");
    tap_int(changes_after(m, 0)->counter, 11003, "many are numbered in several goes");
    tap_str(pg_text(pg, "SELECT count(DISTINCT number) FROM _notionsync_change"), "11003",
            "each has its own");
    PQfinish(other);
    end_pg();
}

static void test_pruning(void)
{
    nts_ask_t ask;

    begin("pruning", DEALS);
    pg_run(pg, "INSERT INTO deals SELECT n FROM generate_series(2, 701) AS n");
    (void)changes_after(m, 0);
    pg_run(pg,
           "UPDATE _notionsync_change SET at = at - 3700000; INSERT INTO deals (id) VALUES (800)");
    ask = ask_of(NTS_ASK_CHANGES, m);
    ask.since = 701;
    ask.settled_to = 701;
    (void)perform(&ask);
    (void)perform(&ask);
    (void)perform(&ask);
    tap_str(pg_text(pg, "SELECT count(*) FROM _notionsync_change"), "1", "old settled entries go");
    tap_str(entries(changes_after(m, 700)), "i800", "a reader that was there misses nothing");
    tap_str(entries(changes_after(m, 300)), "t i800", "one that lagged behind is told");
    end_pg();
}

static void test_cap(void)
{
    begin("cap", DEALS);
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

    begin("altered", "CREATE TABLE deals (id integer PRIMARY KEY, name text, size integer);"
                     "INSERT INTO deals VALUES (1, 'Ada', 5)");
    other = pg_session("postgres", "altered");
    tap_str(news(), "", "nothing yet");
    pg_run(pg, "ALTER TABLE deals DROP COLUMN size");
    tap_ok(pg_try(pg, "DELETE FROM deals") == NULL, "a column that is dropped fails no statement");
    tap_str(result_of(changes_after(m, since)), "blocked sql.triggers", "and is noticed");
    provision(m);
    tap_str(news(), "t t", "the delete without its description, and what may have been missed");
    pg_run(pg, "INSERT INTO deals VALUES (1, 'Ada'); ALTER TABLE deals RENAME COLUMN id TO number;"
               "UPDATE deals SET name = 'Bob'");
    tap_str(pg_text(pg, "SELECT op FROM _notionsync_change ORDER BY id DESC LIMIT 1"), "t",
            "a key that is renamed fails no statement");
    tap_str(result_of(changes_after(m, since)), "blocked sql.triggers", "and is noticed");
    pg_run(pg, "ALTER TABLE deals ALTER COLUMN name TYPE varchar(80), ADD COLUMN more json");
    provision(m);
    (void)news();
    tap_str(logged("UPDATE deals SET name = 'Eve'"), "u1", "provisioned again it goes on");
    pg_run(pg, "ALTER TABLE deals DISABLE TRIGGER _notionsync_update");
    tap_str(result_of(changes_after(m, since)), "blocked sql.triggers", "a trigger that is off");
    provision(m);
    pg_run(pg, "CREATE OR REPLACE FUNCTION \"_notionsync_log_public.deals\"() RETURNS trigger "
               "LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
    tap_str(result_of(changes_after(m, since)), "blocked sql.triggers", "or does something else");
    provision(m);
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
    provision(m);
    (void)news();
    tap_str(logged("DELETE FROM deals; INSERT INTO deals VALUES (8)"), "d1 i8",
            "a column's name ends no text of ours");
    end_pg();
}

static void test_removal(void)
{
    nts_ask_t dry;

    begin("removal", DEALS "; CREATE TABLE others (id integer PRIMARY KEY)");
    provision(mapping_of("others", NULL, NULL));
    dry = ask_of(NTS_ASK_PROVISION, m);
    dry.dry = 1;
    tap_str(perform(&dry)->statements, "", "once is enough");
    tap_str(result_of(perform_kind(NTS_ASK_UNPROVISION, m)), "ok", "one table is given up");
    tap_str(pg_text(pg, "SELECT count(*) FROM pg_trigger WHERE tgname LIKE '\\_notionsync%'"), "4",
            "the other keeps its triggers");
    pg_run(pg, "DROP TABLE others");
    tap_str(result_of(perform_kind(NTS_ASK_UNPROVISION, mapping_of("others", NULL, NULL))), "ok",
            "also one that is gone");
    tap_str(pg_text(pg,
                    "SELECT (SELECT count(*) FROM pg_class WHERE relname LIKE '\\_notionsync%') + "
                    "(SELECT count(*) FROM pg_proc WHERE proname LIKE '\\_notionsync%')"),
            "0", "and nothing is left");
    provision(m);
    tap_str(logged("UPDATE deals SET name = 'x'"), "u1", "until it begins anew");
    end_pg();
}

/* --- being woken */

static int is_woken(int fd, int milliseconds)
{
    struct pollfd wait = { fd, POLLIN, 0 };

    return poll(&wait, 1, milliseconds) > 0 && nts_connector_sql.watch_drain(connection, fd);
}

static void test_watch(void)
{
    int fd;

    begin("watched", DEALS);
    fd = nts_connector_sql.watch(connection, m);
    tap_ok(fd >= 0 && is_woken(fd, 10000), "once it listens it says so, for what came before");
    tap_ok(!is_woken(fd, 100), "then it is quiet");
    pg_run(pg, "UPDATE deals SET name = 'x'");
    tap_ok(is_woken(fd, 10000), "a change wakes");
    pg_run(pg, "BEGIN; UPDATE deals SET name = 'y'");
    tap_ok(!is_woken(fd, 100), "not before it is committed");
    pg_run(pg, "ROLLBACK");
    tap_ok(!is_woken(fd, 100), "nor if it never is");
    pg_run(pg,
           "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' OR "
           "(application_name = 'notionsync' AND query LIKE 'SELECT 1 %')");
    tap_ok(is_woken(fd, 10000), "cut off it connects again, and says so");
    pg_run(pg, "UPDATE deals SET name = 'z'");
    tap_ok(is_woken(fd, 10000), "and hears the next");
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

    begin("passed", DEALS);
    pg_run(pg, "INSERT INTO deals VALUES (2, 'Bob')");
    fd = nts_connector_sql.watch(connection, m);
    tap_ok(fd >= 0 && is_woken(fd, 10000), "it listens");
    since = changes_after(m, 0)->last_change;
    tap_ok(!is_woken(fd, 100), "and hears nothing");
    other = pg_session("app", "passed");
    pg_run(other, "BEGIN; UPDATE deals SET name = 'undone' WHERE id = 1");
    pg_run(pg, "UPDATE deals SET name = 'done' WHERE id = 2");
    pg_run(other, "ROLLBACK");
    tap_ok(is_woken(fd, 5000), "a change of which nobody told is found by looking");
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

    begin("notices", DEALS);
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
    tap_int(changes_after(m, since)->change_count, 301, "and none is missing");
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
        test_order();
        test_numbering();
        test_pruning();
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
