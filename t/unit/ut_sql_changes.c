/* Proves that every change an application makes is logged with its key and time, that what changes
 * nothing is not, and that reading the log loses no entry and says so when entries are gone. */
#include <stdlib.h>

#include "base/nts_str.h"
#include "sql_kit.h"
#include "tap/tap.h"

static const char *after(const nts_mapping_t *mapping, apr_int64_t since)
{
    return entries(changes_after(mapping, since));
}

/* What the entries say that these statements add. */
static const char *logged(const nts_mapping_t *mapping, const char *sql)
{
    apr_int64_t since =
        nts_int_parse(&since,
                      app_text("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE "
                               "name = '_notionsync_change'"),
                      0, APR_INT64_MAX) == APR_SUCCESS
            ? since
            : 0;

    app_run(sql);
    return after(mapping, since);
}

static void test_statements(void)
{
    nts_mapping_t *m;
    const nts_change_t *change;
    nts_answer_t *answer;
    apr_time_t before;

    begin_database("statements.db",
                   "CREATE TABLE deals (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE, "
                   "amount REAL, email TEXT UNIQUE, raw BLOB, twice GENERATED ALWAYS AS (id * 2))");
    m = mapping_of("deals", NULL, "name", "amount", NULL);
    provision(m);

    before = apr_time_now();
    tap_str(logged(m, "INSERT INTO deals (id, name) VALUES (1, 'Ada')"), "i1", "an insert");
    change = changes_after(m, 0)->changes;
    tap_ok(change->at >= before - 1000 && change->at <= apr_time_now() + 1000,
           "with the time, to the millisecond");
    tap_str(logged(m, "UPDATE deals SET amount = 1.5"), "u1", "an update");
    tap_str(logged(m, "UPDATE deals SET amount = 1.5, name = 'Ada'"), "", "that changes nothing");
    tap_str(logged(m, "UPDATE deals SET name = 'ADA'"), "u1", "that changes letter case only");
    tap_str(logged(m, "UPDATE deals SET amount = NULL"), "u1", "to NULL");
    tap_str(logged(m, "UPDATE deals SET amount = 0"), "u1", "from NULL");
    tap_str(logged(m, "UPDATE deals SET id = 2"), "k2<1", "a key change");
    tap_str(logged(m, "INSERT OR REPLACE INTO deals (id, name) VALUES (2, 'Bob')"), "i2",
            "REPLACE shows as an insert: it may have overwritten");
    tap_str(logged(m, "INSERT INTO deals (id, name) VALUES (2, 'Eve') ON CONFLICT (id) "
                      "DO UPDATE SET name = excluded.name"),
            "u2", "an upsert that updates");
    tap_str(logged(m, "INSERT OR IGNORE INTO deals (id) VALUES (2)"), "", "that was ignored");
    tap_str(logged(m, "BEGIN; INSERT INTO deals (id) VALUES (9); ROLLBACK"), "", "rolled back");
    tap_str(logged(m, "INSERT INTO deals (id) VALUES (3), (4); DELETE FROM deals"),
            "i3 i4 d2 d3 d4", "many rows");
    tap_str(logged(m, "PRAGMA recursive_triggers = ON;"
                      "INSERT INTO deals (id, name) VALUES (5, 'x');"
                      "REPLACE INTO deals (id, name) VALUES (5, 'y');"
                      "PRAGMA recursive_triggers = OFF"),
            "i5 r5 i5", "REPLACE where the writer has recursive triggers");
    tap_ok(app_try("UPDATE OR ROLLBACK deals SET name = 'z'") == NULL &&
               app_try("UPDATE OR FAIL deals SET name = 'zz'") == NULL,
           "conflict clauses of the application do not reach into the log");

    answer = changes_after(m, 0);
    tap_int(answer->complete, 1, "all was read");
    tap_int(answer->last_change, 18, "up to the last number");
    tap_int(answer->counter, 18, "which is the highest");
    tap_str(answer->instance, perform_kind(NTS_ASK_DESCRIBE, m)->instance, "on this instance");
    tap_str(after(m, 18), "", "and then there is nothing");
    end_database();
}

static void test_images(void)
{
    nts_mapping_t *m;
    nts_answer_t *answer;

    begin_database("images.db",
                   "CREATE TABLE deals (id INTEGER PRIMARY KEY, \"it's, \"\"x\"\"\", r REAL, "
                   "b BLOB, n, t TEXT, g AS (id + 1));"
                   "INSERT INTO deals VALUES (1, 'O''Neil, \"x\"', 0.1, x'00ff', NULL, 'zwölf');"
                   "INSERT INTO deals VALUES (2, '', 1e300, x'', 9223372036854775807, '');"
                   "INSERT INTO deals VALUES (3, CAST(x'ff' AS TEXT), 9e999, NULL, -1.0, NULL);"
                   "INSERT INTO deals VALUES (4, zeroblob(2000000), 1, NULL, NULL, NULL)");
    m = mapping_of("deals", NULL, "t", NULL);
    provision(m);
    app_run("DELETE FROM deals");
    answer = changes_after(m, 0);
    tap_str(entries(answer), "d1 d2 d3 d4", "four deletes");
    tap_str(answer->changes[0].image,
            "{\"id\":1,\"it's, \\\"x\\\"\":\"O'Neil, \\\"x\\\"\",\"r\":0.1,"
            "\"b\":{\"blob\":\"00ff\"},\"n\":null,\"t\":\"zwölf\"}",
            "quotes, commas, a blob, without the generated column");
    tap_str(answer->changes[1].image,
            "{\"id\":2,\"it's, \\\"x\\\"\":\"\",\"r\":1.0e+300,\"b\":{\"blob\":\"\"},"
            "\"n\":9223372036854775807,\"t\":\"\"}",
            "empty text, empty blob, large numbers");
    tap_str(answer->changes[2].image,
            "{\"id\":3,\"it's, \\\"x\\\"\":{\"text\":\"ff\"},\"r\":9.0e+999,\"b\":null,"
            "\"n\":-1.0,\"t\":null}",
            "text that is not UTF-8, infinity");
    tap_ok(answer->changes[3].image == NULL, "a very large row is logged without its image");
    end_database();
}

static void test_keys(void)
{
    nts_mapping_t *two;
    nts_mapping_t *text;

    begin_database("keys.db", "CREATE TABLE two (a TEXT, b INTEGER, v, PRIMARY KEY (a, b));"
                              "CREATE TABLE texts (k TEXT PRIMARY KEY, v)");
    two = mapping_of("two", NULL, "v", NULL);
    text = mapping_of("texts", NULL, "v", NULL);
    provision(two);
    provision(text);

    tap_str(logged(two, "INSERT INTO two VALUES ('it''s, \"x\"', 1, 0)"),
            "i[\"it's, \\\"x\\\"\",\"1\"]", "a key of two columns");
    tap_str(logged(two, "UPDATE two SET b = 2"),
            "k[\"it's, \\\"x\\\"\",\"2\"]<[\"it's, \\\"x\\\"\",\"1\"]", "one of them changed");
    tap_str(logged(two, "UPDATE two SET a = NULL"), "d[\"it's, \\\"x\\\"\",\"2\"]",
            "a key that becomes NULL is gone");
    tap_str(logged(two, "UPDATE two SET v = 1; UPDATE two SET b = 3"), "", "and stays unseen");
    tap_str(logged(two, "UPDATE two SET a = ''"), "i[\"\",\"3\"]", "until it has one again");

    tap_str(logged(text, "INSERT INTO texts VALUES ('a', 1), (NULL, 2), (x'00', 3), (7, 4)"),
            "ia i7", "NULL and BLOB keys are not logged");
    tap_str(logged(text, "DELETE FROM texts WHERE k IS NULL OR typeof(k) = 'blob'"), "",
            "nor are their deletes");
    tap_str(after(two, 0),
            "i[\"it's, \\\"x\\\"\",\"1\"] "
            "k[\"it's, \\\"x\\\"\",\"2\"]<[\"it's, \\\"x\\\"\",\"1\"] "
            "d[\"it's, \\\"x\\\"\",\"2\"] i[\"\",\"3\"]",
            "each table has entries of its own");
    end_database();
}

/* S4.4 as far as SQLite can tell. */
static void test_replace(void)
{
    nts_mapping_t *m;
    apr_int64_t since;
    nts_answer_t *answer;
    int i;

    begin_database("replace.db", "CREATE TABLE deals (id INTEGER PRIMARY KEY, name TEXT);"
                                 "INSERT INTO deals VALUES (1, 'old'), (2, 'two')");
    m = mapping_of("deals", NULL, "name", NULL);
    provision(m);
    app_run("BEGIN; DELETE FROM deals; INSERT INTO deals VALUES (1, 'new'); COMMIT");
    answer = changes_after(m, 0);
    tap_str(entries(answer), "r1 d2 i1", "delete and insert in one transaction is a replace");
    tap_str(answer->changes[0].image, "{\"id\":1,\"name\":\"old\"}", "with the row that was there");

    since = answer->last_change;
    app_run("DELETE FROM deals");
    answer = changes_after(m, since);
    tap_str(entries(answer), "d1", "a delete that was seen alone");
    app_run("INSERT INTO deals VALUES (1, 'again')");
    tap_str(after(m, answer->last_change), "i1", "makes the insert after it a new record");

    app_run("DELETE FROM deals; INSERT INTO deals VALUES (1, 'later')");
    app_run("UPDATE _notionsync_change SET at = at + 3000 WHERE id = (SELECT max(id) FROM "
            "_notionsync_change)");
    tap_str(after(m, answer->last_change + 1), "d1 i1",
            "so does time between the two, though both were seen at once");

    /* A whole table loaded anew: the deletes of one batch, the inserts in later ones. */
    app_run("DELETE FROM deals; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
            "WHERE i < 1500) INSERT INTO deals SELECT i, 'x' FROM n");
    since = changes_after(m, 0)->counter;
    app_run(
        "BEGIN; DELETE FROM deals; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM "
        "n WHERE i < 1500) INSERT INTO deals SELECT i, 'y' FROM n; COMMIT");
    answer = changes_after(m, since);
    for (i = 0; i < answer->change_count && answer->changes[i].op == 'r'; i++) {
    }
    tap_int(i, 1000, "a table that is loaded anew shows replaces only");
    tap_int(answer->complete, 0, "in more than one batch");
    end_database();
}

static void test_batches(void)
{
    nts_mapping_t *m;
    nts_mapping_t *other;
    nts_answer_t *answer;
    apr_int64_t since = 0;
    int count = 0;
    int turns = 0;

    begin_database("batches.db", "CREATE TABLE deals (id INTEGER PRIMARY KEY, name TEXT);"
                                 "CREATE TABLE other (id INTEGER PRIMARY KEY)");
    m = mapping_of("deals", NULL, "name", NULL);
    other = mapping_of("other", NULL, NULL);
    provision(m);
    provision(other);
    app_run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) "
            "INSERT INTO deals SELECT i, 'x' FROM n");
    do {
        answer = changes_after(m, since);
        for (int i = 0; i < answer->change_count; i++) {
            count += answer->changes[i].number > since;
            since = answer->changes[i].number;
        }
        since = answer->last_change;
        turns++;
    } while (!answer->complete);
    tap_int(count, 2500, "2,500 entries, ascending");
    tap_int(turns, 3, "in three batches");
    tap_int(since, 2500, "up to the last");

    answer = changes_after(other, 0);
    tap_int(answer->change_count, 0, "none of them is the other table's");
    tap_int(answer->last_change, 2500, "which steps over them at once");
    app_run("INSERT INTO deals (name) VALUES ('y')");
    answer = changes_after(other, 2500);
    tap_int(answer->last_change, 2500, "but not over each single one");
    tap_int(changes_after(other, 2500)->last_change, 2500, "asked again without news");
    end_database();
}

static void test_pruning(void)
{
    nts_mapping_t *m;
    nts_ask_t ask;

    begin_database("pruning.db", "CREATE TABLE deals (id INTEGER PRIMARY KEY, name TEXT);"
                                 "CREATE TABLE other (id INTEGER PRIMARY KEY)");
    m = mapping_of("deals", NULL, "name", NULL);
    provision(m);
    provision(mapping_of("other", NULL, NULL));
    app_run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700) "
            "INSERT INTO deals SELECT i, 'x' FROM n; INSERT INTO other VALUES (1);"
            "UPDATE _notionsync_change SET at = at - 3700000;"
            "INSERT INTO deals (id) VALUES (800), (801)");
    ask = ask_of(NTS_ASK_CHANGES, m);
    ask.since = 703;
    (void)perform(&ask);
    tap_str(app_text("SELECT count(*) FROM _notionsync_change"), "703",
            "entries that are not settled stay");
    ask.settled_to = 702;
    tap_int(perform(&ask)->result, NTS_RESULT_OK, "settled ones are deleted by the way");
    tap_str(app_text("SELECT count(*) FROM _notionsync_change"), "203", "a part at a time");
    (void)perform(&ask);
    (void)perform(&ask);
    tap_str(
        app_text("SELECT group_concat(id) FROM (SELECT id FROM _notionsync_change ORDER BY id)"),
        "701,702,703", "in the end all old ones; young ones and other tables' stay");
    app_run("UPDATE _notionsync_change SET at = 0 WHERE id = 702");
    (void)perform(&ask);
    tap_str(app_text("SELECT count(*) FROM _notionsync_change"), "3", "not at every look");
    mono_time += apr_time_from_sec(61);
    app_run("PRAGMA user_version = 1");
    (void)perform(&ask);
    tap_str(app_text("SELECT count(*) FROM _notionsync_change"), "2", "but once a minute");

    tap_str(after(m, 702), "i801", "a reader that was there misses nothing");
    tap_str(after(m, 300), "t i801", "one that lagged behind is told that it has");
    tap_int(changes_after(m, 300)->changes[0].number, 702, "up to where");
    end_database();
}

static nts_answer_t *look_with(const nts_mapping_t *m, const nts_answer_t *seen)
{
    nts_ask_t ask = { 0 };

    ask.kind = NTS_ASK_CHANGES;
    ask.side = NTS_EXTERNAL;
    ask.mapping = m;
    ask.witness = seen->witness;
    ask.witness_at = seen->witness_at;
    return perform(&ask);
}

/* S4.1: a database that was set back is known also when its numbers have passed the old ones. */
static void test_witness(void)
{
    nts_mapping_t *m;
    nts_answer_t *seen, *again;

    begin_database("witness.db", "CREATE TABLE deals (id INTEGER PRIMARY KEY, name TEXT);"
                                 "CREATE TABLE other (id INTEGER PRIMARY KEY)");
    m = mapping_of("deals", NULL, "name", NULL);
    provision(m);
    seen = changes_after(m, 0);
    tap_ok(!seen->witness_at && !seen->is_rewritten, "nothing was changed yet");
    app_run("INSERT INTO deals (id) VALUES (1), (2), (3)");
    seen = changes_after(m, 0);
    tap_ok(seen->witness == 3 && seen->witness_at == seen->changes[2].at, "the newest change");
    app_run("INSERT INTO deals (id) VALUES (4)");
    app_run("UPDATE _notionsync_change SET at = at + 1000 WHERE id = 4"); /* surely younger */
    again = look_with(m, seen);
    tap_ok(!again->is_rewritten && again->witness == 4, "is known again");
    app_run("UPDATE _notionsync_change SET at = at + 1 WHERE id = 3");
    tap_ok(look_with(m, seen)->is_rewritten, "another one of that number is not the same");
    tap_ok(!look_with(m, again)->is_rewritten, "but who saw only what is there sees no other");
    tap_int(look_with(m, seen)->shared_to, 2, "what comes after it was done in a copy (S4.4)");
    tap_int(look_with(m, again)->shared_to, 4, "of which there is nothing if it is none");
    app_run("UPDATE _notionsync_change SET at = at + 100000");
    tap_int(look_with(m, seen)->shared_to, 0, "in a copy where nothing is known all of it is new");
    app_run("UPDATE _notionsync_change SET at = at - 100000");
    app_run("DELETE FROM _notionsync_change WHERE id = 3");
    tap_ok(!look_with(m, seen)->is_rewritten, "and one that was tidied away tells nothing");
    end_database();
}

/* The log of a table that nobody reads any more. */
static void test_cap(void)
{
    nts_mapping_t *m;

    begin_database("cap.db", "CREATE TABLE deals (id INTEGER PRIMARY KEY, name TEXT)");
    m = mapping_of("deals", NULL, "name", NULL);
    provision(m);
    app_run("INSERT INTO deals (id) VALUES (1), (2), (3);"
            "INSERT INTO _notionsync_change (id, tbl, op, key, at) VALUES (1001998, 'deals', 'u', "
            "'1', 0); INSERT INTO deals (id) VALUES (4), (5)");
    tap_str(app_text("SELECT count(*) FROM _notionsync_change"), "3",
            "no more than a million numbers are kept");
    tap_str(after(m, 0), "t u1 i4 i5", "and a reader that comes back knows");
    end_database();
}

int main(void)
{
    begin_tests();
    test_statements();
    test_images();
    test_keys();
    test_replace();
    test_batches();
    test_pruning();
    test_witness();
    test_cap();
    end_tests();
    return tap_done();
}
