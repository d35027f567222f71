/* Proves that provisioning installs, repairs, prints and removes what notices changes, that a table is
 * described as it is, and that tables which cannot be synced are refused with what to do. */
#include <stdlib.h>

#include "sql_kit.h"
#include "tap/tap.h"

#define DEALS                                                                                      \
    "CREATE TABLE Deals (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT '', amount REAL, "     \
    "total INTEGER GENERATED ALWAYS AS (id * 2) STORED)"

#define OURS "SELECT count(*) FROM sqlite_schema WHERE name LIKE '\\_notionsync%' ESCAPE '\\'"

static void test_install(void)
{
    nts_mapping_t *mapping;
    nts_answer_t *answer;
    nts_ask_t ask;
    const char *printed;

    begin_database("install.db", DEALS);
    mapping = mapping_of("deals", NULL, "name", NULL);

    answer = perform_kind(NTS_ASK_DESCRIBE, mapping);
    tap_str(result_of(answer), "ok", "a table can be described before anything is installed");
    tap_int(answer->schema->provisioned, 0, "and says that nothing is");
    tap_str(answer->schema->problem, "the table Deals has no change table and triggers yet", "why");
    tap_ok(answer->schema->instance == NULL, "there is no instance id");
    tap_str(result_of(changes_after(mapping, 0)), "blocked sql.triggers", "changes are not read");

    ask = ask_of(NTS_ASK_PROVISION, mapping);
    ask.dry = 1;
    printed = perform(&ask)->statements;
    tap_str(app_text(OURS), "0", "a dry run installs nothing");
    tap_ok(strstr(printed, "CREATE TRIGGER \"_notionsync_update_Deals\"") != NULL,
           "but prints the statements");

    answer = provision(mapping);
    tap_str(answer->statements, printed, "which are those that a real run runs");
    tap_ok(answer->instance && strlen(answer->instance) == 32, "now there is an instance id");

    answer = perform_kind(NTS_ASK_DESCRIBE, mapping);
    tap_int(answer->schema->provisioned, 1, "it is installed");
    tap_ok(answer->schema->problem == NULL, "and nothing is wrong");
    tap_str(answer->schema->title, "Deals", "the table's own spelling");
    tap_str(answer->schema->key, "id", "the key");
    tap_int(answer->schema->counter, 0, "no change yet");
    tap_int(nts_schema_find(answer->schema, "total")->type.computed, 1, "a generated column");
    tap_int(nts_schema_find(answer->schema, "name")->type.nullable, 0, "NOT NULL");

    tap_str(provision(mapping)->statements, "", "a second run has nothing to do");
    app_run("INSERT INTO deals (id, name) VALUES (7, 'x')");
    answer = perform_kind(NTS_ASK_DESCRIBE, mapping);
    tap_int(answer->schema->counter, 1, "the counter is the highest number given out");
    end_database();
}

/* Someone else runs what was printed. */
static void test_printed_script(void)
{
    nts_mapping_t *mapping;
    nts_ask_t ask;

    begin_database("printed.db", DEALS);
    mapping = mapping_of("Deals", NULL, "name", NULL);
    ask = ask_of(NTS_ASK_PROVISION, mapping);
    ask.dry = 1;
    app_run(perform(&ask)->statements);
    tap_int(perform_kind(NTS_ASK_DESCRIBE, mapping)->schema->provisioned, 1,
            "the printed script, run by someone else, installs everything");
    end_database();
}

static void test_repair(void)
{
    nts_mapping_t *mapping;
    nts_answer_t *answer;
    const char *instance;

    begin_database("repair.db", DEALS);
    mapping = mapping_of("Deals", NULL, "name", NULL);
    instance = provision(mapping)->instance;

    app_run("DROP TRIGGER _notionsync_delete_Deals");
    answer = perform_kind(NTS_ASK_DESCRIBE, mapping);
    tap_int(answer->schema->provisioned, 0, "a missing trigger is noticed");
    tap_str(answer->schema->problem,
            "_notionsync_delete_Deals is missing in the database: changes of Deals are not noticed",
            "and named");
    tap_str(result_of(changes_after(mapping, 0)), "blocked sql.triggers",
            "reading changes does not pretend that there were none");
    answer = provision(mapping);
    tap_ok(strstr(answer->statements, "insert_Deals") == NULL, "only that one is installed again");
    tap_str(answer->instance, instance, "the instance id stays");
    tap_str(entries(changes_after(mapping, 0)), "t", "what happened meanwhile is to be looked for");

    app_run("ALTER TABLE Deals ADD COLUMN stage TEXT");
    answer = perform_kind(NTS_ASK_DESCRIBE, mapping);
    tap_ok(answer->schema->problem && strstr(answer->schema->problem, "does not match") != NULL,
           "triggers that do not know a new column are out of date: %s", answer->schema->problem);
    provision(mapping);
    app_run("INSERT INTO Deals (id) VALUES (1); UPDATE Deals SET stage = 'Won'");
    tap_str(entries(changes_after(mapping, 1)), "t i1 u1", "repaired, they log it");

    app_run("ALTER TABLE Deals RENAME COLUMN stage TO phase");
    tap_int(perform_kind(NTS_ASK_DESCRIBE, mapping)->schema->provisioned, 0,
            "so are those whose images would carry a column's old name");

    tap_ok(app_try("ALTER TABLE Deals DROP COLUMN phase") != NULL,
           "it drops none that a trigger names (docs/design/sql.md)");

    app_run("CREATE TABLE copy AS SELECT * FROM Deals; DROP TABLE Deals;"
            "ALTER TABLE copy RENAME TO Deals");
    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, mapping)), "blocked sql.key",
            "a rebuilt table without its primary key is refused");
    end_database();
}

static void test_remove(void)
{
    nts_mapping_t *deals;
    nts_mapping_t *people;
    nts_ask_t ask;

    begin_database("remove.db", DEALS "; CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)");
    deals = mapping_of("deals", NULL, "name", NULL);
    people = mapping_of("people", NULL, "name", NULL);
    provision(deals);
    provision(people);
    app_run("INSERT INTO deals (id) VALUES (1); INSERT INTO people (id) VALUES (1)");

    ask = ask_of(NTS_ASK_UNPROVISION, deals);
    ask.dry = 1;
    tap_ok(strstr(perform(&ask)->statements, "DROP TRIGGER") != NULL, "removal can be printed");
    tap_int(perform_kind(NTS_ASK_DESCRIBE, deals)->schema->provisioned, 1, "and then does nothing");
    ask.dry = 0;
    tap_str(result_of(perform(&ask)), "ok", "one of two tables is removed");
    tap_str(app_text("SELECT group_concat(tbl) FROM _notionsync_change"), "people",
            "its entries are gone, the other's stay");
    tap_int(perform_kind(NTS_ASK_DESCRIBE, people)->schema->provisioned, 1, "so do its triggers");
    app_run("DROP TABLE people");
    tap_str(result_of(perform_kind(NTS_ASK_UNPROVISION, people)), "ok",
            "the last one is removed, though its table is gone");
    tap_str(app_text(OURS), "0", "nothing of ours is left");
    app_run("INSERT INTO deals (id) VALUES (2)");
    end_database();
}

static const char *described(const char *table, const char *key)
{
    nts_answer_t *answer = perform_kind(NTS_ASK_DESCRIBE, mapping_of(table, key, NULL));

    return answer->result == NTS_RESULT_OK
               ? apr_pstrcat(pool, "key ", answer->schema->key, NULL)
               : apr_psprintf(pool, "%s: %s", answer->outcome.code, answer->outcome.what);
}

static void test_keys(void)
{
    begin_database("keys.db", "CREATE TABLE nokey (a TEXT, b TEXT NOT NULL, c TEXT NOT NULL);"
                              "CREATE UNIQUE INDEX nokey_b ON nokey (b);"
                              "CREATE UNIQUE INDEX nokey_ca ON nokey (c, a);"
                              "CREATE UNIQUE INDEX nokey_part ON nokey (c) WHERE a IS NOT NULL;"
                              "CREATE TABLE textkey (k TEXT PRIMARY KEY, v);"
                              "CREATE TABLE two (a TEXT, b INTEGER, v, PRIMARY KEY (b, a));"
                              "CREATE TABLE blobkey (k BLOB PRIMARY KEY);"
                              "CREATE TABLE loosekey (k PRIMARY KEY);"
                              "CREATE TABLE norowid (k TEXT PRIMARY KEY, v) WITHOUT ROWID;"
                              "CREATE VIEW v AS SELECT * FROM textkey;"
                              "CREATE VIRTUAL TABLE search USING fts5(body)");
    tap_str(described("nokey", NULL), "sql.key: the table nokey has no primary key", "no key");
    tap_str(described("nokey", "b"), "key b", "key= names a unique column that is never NULL");
    tap_str(described("nokey", "a"), "sql.key: key=a of table nokey is not unique", "not unique");
    tap_str(described("nokey", "c"), "sql.key: key=c of table nokey is not unique",
            "a partial index makes nothing unique");
    tap_str(described("nokey", "c, a"),
            "sql.key: column a of table nokey cannot be the key: it may be NULL", "may be NULL");
    tap_str(described("nokey", "x"), "sql.schema: key=x: the table nokey has no column x",
            "a column that is not there");
    tap_str(described("textkey", NULL), "key k", "a primary key may be declared without NOT NULL");
    tap_str(described("two", NULL), "key b,a", "two columns, in the order of the key");
    tap_str(described("two", "a,b"), "key a,b", "or as key= has it");
    tap_ok(strncmp(described("blobkey", NULL), "sql.key: column k of table blobkey cannot be",
                   44) == 0,
           "a BLOB is refused: %s", described("blobkey", NULL));
    tap_ok(strncmp(described("loosekey", NULL), "sql.key: ", 9) == 0, "a key without a type, too");
    tap_str(described("norowid", NULL), "key k", "WITHOUT ROWID");
    tap_str(described("v", NULL), "sql.view: v is a view; only tables can be synced", "a view");
    tap_str(described("search", NULL),
            "sql.view: search is a virtual table; only tables can be "
            "synced",
            "a virtual table");
    tap_ok(strstr(described("gone", NULL), "sql.schema: the database ") != NULL, "no such table");
    tap_str(described("sqlite_schema", NULL) + 0,
            apr_psprintf(pool, "sql.schema: the database %s has no table sqlite_schema",
                         path_of("keys.db")),
            "the schema is no table of the application");

    app_run("INSERT INTO textkey VALUES ('a', 1), (NULL, 2)");
    provision(mapping_of("textkey", NULL, NULL));
    tap_str(perform_kind(NTS_ASK_DESCRIBE, mapping_of("textkey", NULL, NULL))->schema->problem,
            "rows of textkey with NULL in the key (k) cannot be synced",
            "rows without a key are not passed over in silence");
    tap_str(described("_notionsync_change", NULL),
            "sql.view: _notionsync_change is an internal table and cannot be synced", "our own");
    end_database();
}

static const char *type_of(const nts_schema_t *schema, const char *column)
{
    static const char *const kinds[] = { "unsupported", "text", "number", "bool", "day",
                                         "instant",     "date", "option", "set" };
    const nts_type_t *t = &nts_schema_find(schema, column)->type;

    return apr_psprintf(pool, "%s%s%s%s%s%s", kinds[t->kind], t->whole ? " whole" : "",
                        t->binary ? " binary" : "", t->zoned ? " zoned" : "",
                        t->max_length ? apr_psprintf(pool, " %d", t->max_length) : "",
                        t->precision ? apr_psprintf(pool, " %d.%d", t->precision, t->scale) : "");
}

static void test_types(void)
{
    static const struct {
        const char *declared;
        const char *type;
    } cases[] = {
        { "TEXT", "text" },
        { "VARCHAR(40)", "text 40" },
        { "nvarchar ( 12 )", "text 12" },
        { "CHARACTER VARYING(255)", "text 255" },
        { "CLOB", "text" },
        { "", "text" },
        { "BLOB", "unsupported" },
        { "INTEGER", "number whole" },
        { "bigint", "number whole" },
        { "UNSIGNED BIG INT", "number whole" },
        { "REAL", "number binary" },
        { "DOUBLE PRECISION", "number binary" },
        { "FLOAT", "number binary" },
        { "NUMERIC", "number binary" },
        { "DECIMAL(10,2)", "number binary 10.2" },
        { "NUMERIC(5)", "number whole binary 5.0" },
        { "BOOLEAN", "bool" },
        { "bool", "bool" },
        { "DATE", "day" },
        { "DATETIME", "instant" },
        { "TIMESTAMP", "instant" },
        { "TIMESTAMPTZ", "instant zoned" },
        { "TIMESTAMP WITH TIME ZONE", "instant zoned" },
        { "TIME", "text" },
        { "JSON", "text" },
        { "UUID", "text" },
    };
    const char *sql = "CREATE TABLE types (id INTEGER PRIMARY KEY";
    const nts_schema_t *schema;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql = apr_psprintf(pool, "%s, c%d %s", sql, (int)i, cases[i].declared);
    }
    begin_database("types.db", apr_pstrcat(pool, sql, ")", NULL));
    schema = perform_kind(NTS_ASK_DESCRIBE, mapping_of("types", NULL, NULL))->schema;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tap_str(type_of(schema, apr_psprintf(pool, "c%d", (int)i)), cases[i].type, "\"%s\" is %s",
                cases[i].declared, cases[i].type);
    }
    tap_str(nts_schema_find(schema, "c1")->type.native, "VARCHAR(40)", "as it was declared");
    end_database();
}

/* Hundreds of columns: the triggers' expressions must not grow deep. */
static void test_wide(void)
{
    const char *sql = "CREATE TABLE wide (id INTEGER PRIMARY KEY";
    nts_mapping_t *mapping;
    int i;

    for (i = 0; i < 1500; i++) {
        sql = apr_psprintf(pool, "%s, c%d", sql, i);
    }
    begin_database("wide.db", apr_pstrcat(pool, sql, ")", NULL));
    mapping = mapping_of("wide", NULL, "c7", NULL);
    provision(mapping);
    app_run("INSERT INTO wide (id, c7) VALUES (1, 'x'); UPDATE wide SET c1499 = 'y';"
            "DELETE FROM wide");
    tap_str(entries(changes_after(mapping, 0)), "i1 u1 d1", "1,500 columns");
    end_database();
}

int main(void)
{
    begin_tests();
    test_install();
    test_printed_script();
    test_repair();
    test_remove();
    test_keys();
    test_types();
    test_wide();
    end_tests();
    return tap_done();
}
