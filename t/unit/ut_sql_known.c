/* Proves that what the connector keeps of a schema between asks is never older than the data it reads: every change is
 * noticed, whoever makes it, also one that is undone, and in a file put in the place of another. */
#include <stdio.h>
#include <string.h>

#include "sql_kit.h"
#include "tap/tap.h"

#define DEALS                                                                                      \
    "CREATE TABLE deals (id INTEGER PRIMARY KEY, name TEXT, size INTEGER);"                        \
    "INSERT INTO deals VALUES (1, 'Ada', 5)"

static nts_mapping_t *m;

static void begin(const char *name)
{
    begin_database(name, DEALS);
    m = mapping_of("deals", NULL, "name", "size", NULL);
    provision(m);
    tap_str(value_of(read_row(m, "1"), 1), "number:5", "a table that is known: %s", name);
}

/* In the same session as everything before: nothing is opened anew. */
static void test_changes(void)
{
    nts_answer_t *answer;

    begin("changes.db");
    app_run("ALTER TABLE deals RENAME COLUMN size TO width;"
            "ALTER TABLE deals ADD COLUMN size TEXT DEFAULT 'new'");
    tap_str(value_of(read_row(m, "1"), 1), "text:new",
            "a column in the place of another, with its own type");
    answer = perform_kind(NTS_ASK_DESCRIBE, m);
    tap_int(answer->schema->count, 4, "which is described");
    tap_str(answer->schema->fields[2].name, "width", "under its name");
    tap_str(result_of(changes_after(m, 0)), "blocked sql.triggers", "triggers do not know it");
    provision(m);
    tap_str(entries(changes_after(m, 0)), "t", "until they are made again");
    app_run("DROP TRIGGER _notionsync_insert_deals");
    tap_str(result_of(changes_after(m, 0)), "blocked sql.triggers", "one is dropped");
    provision(m);
    (void)perform_kind(NTS_ASK_DESCRIBE, m);
    app_run("DROP TABLE _notionsync_table");
    tap_str(result_of(read_row(m, "1")), "blocked sql.other_instance",
            "a table of ours is dropped");
    end_database();
}

static void test_key(void)
{
    nts_mapping_t *by_name;

    begin_database("key.db", "CREATE TABLE deals (id INTEGER, name TEXT NOT NULL);"
                             "CREATE UNIQUE INDEX names ON deals (name);"
                             "INSERT INTO deals VALUES (1, 'Ada')");
    by_name = mapping_of("deals", "name", "id", NULL);
    provision(by_name);
    tap_str(value_of(read_row(by_name, "Ada"), 0), "number:1", "a key by an index");
    app_run("DROP INDEX names");
    tap_str(result_of(read_row(by_name, "Ada")), "blocked sql.key", "the index is dropped");
    app_run("CREATE UNIQUE INDEX names ON deals (name COLLATE NOCASE)");
    tap_str(value_of(read_row(by_name, "Ada"), 0), "number:1", "and made again in another way");
    end_database();
}

/* Provisioning changes the schema itself, and what it does may be undone. */
static void test_undone(void)
{
    begin_database("undone.db", DEALS ";"
                                      "CREATE VIEW _notionsync_intent AS SELECT 1 AS x");
    m = mapping_of("deals", NULL, "name", "size", NULL);
    tap_str(value_of(read_row(m, "1"), 1), "number:5", "a table without triggers");
    tap_ok(perform_kind(NTS_ASK_PROVISION, m)->result != NTS_RESULT_OK,
           "provisioning fails on its way, and is undone");
    /* So that the schema's number is one that it had while that went on. */
    app_run("DROP VIEW _notionsync_intent; ALTER TABLE deals RENAME COLUMN size TO height");
    tap_str(value_of(read_row(m, "1"), 1), "absent", "what came after it is seen");
    app_run("ALTER TABLE deals RENAME COLUMN height TO size");
    provision(m);
    tap_str(result_of(read_row(m, "1")), "ok", "and it can be tried again");
    end_database();
}

/* Two files with one and the same schema number. */
static void test_replaced(void)
{
    begin_database("other.db", "CREATE TABLE deals (id INTEGER PRIMARY KEY, name TEXT, size TEXT);"
                               "INSERT INTO deals VALUES (1, 'Ada', 'large')");
    end_database();
    begin_database_with("live.db", "DELETE", DEALS);
    m = mapping_of("deals", NULL, "name", "size", NULL);
    tap_str(value_of(read_row(m, "1"), 1), "number:5", "the first file");
    tap_str(app_text("PRAGMA schema_version"), "1", "at its first schema");
    tap_ok(rename(path_of("other.db"), path_of("live.db")) == 0, "another takes its place");
    tap_str(value_of(read_row(m, "1"), 1), "text:large", "and is looked at anew");
    end_database();
}

/* More tables than are kept. */
static void test_many(void)
{
    int good = 0;
    int i;

    begin_database("many.db", "");
    for (i = 0; i < 200; i++) {
        app_run(apr_psprintf(pool,
                             "CREATE TABLE t%d (id INTEGER PRIMARY KEY, c%d TEXT);"
                             "INSERT INTO t%d VALUES (1, 'of %d')",
                             i, i, i, i));
    }
    for (i = 0; i < 400; i++) {
        const char *table = apr_psprintf(pool, "t%d", i % 200);

        m = mapping_of(table, NULL, apr_psprintf(pool, "c%d", i % 200), NULL);
        good +=
            strcmp(value_of(read_row(m, "1"), 0), apr_psprintf(pool, "text:of %d", i % 200)) == 0;
    }
    tap_int(good, 400, "two hundred tables, twice");
    end_database();
}

int main(void)
{
    begin_tests();
    test_changes();
    test_key();
    test_undone();
    test_replaced();
    test_many();
    end_tests();
    return tap_done();
}
