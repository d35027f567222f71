/* Proves that a table and columns that are lacking in an SQLite database are made with types that hold what Notion's properties
 * do, that what is printed is what is run, and that what is there is left alone, whoever made it and however far they came. */
#include <stdlib.h>

#include "made_kit.h"
#include "tap/tap.h"

#define ALL made_field_count
#define COLUMNS "SELECT group_concat(name, ' ') FROM pragma_table_info('deals')"
#define OURS "SELECT count(*) FROM sqlite_schema"
#define TYPES                                                                                      \
    "name TEXT, Qty NUMERIC, done BOOLEAN, due TEXT, stage TEXT, tags TEXT, e_mail TEXT, site "    \
    "TEXT, made at TIMESTAMPTZ, a \"quoted\" name TEXT"

static void test_table(void)
{
    nts_mapping_t *mapping;
    nts_answer_t *answer;
    const char *printed;

    begin_database("table.db", "");
    mapping = mapping_of("deals", NULL, NULL);
    answer = perform_kind(NTS_ASK_DESCRIBE, mapping);
    tap_str(result_of(answer), "blocked sql.schema", "there is no table");
    tap_int(answer->no_table, 1, "which is told apart from other failures");
    answer = perform_kind(NTS_ASK_PROVISION, mapping);
    tap_str(result_of(answer), "blocked sql.schema", "provisioning makes none");
    tap_int(answer->no_table, 1, "unless it is told to");

    answer = make_fields(mapping, ALL, 1);
    tap_str(result_of(answer), "ok", "how it would be made");
    tap_int(answer->no_table, 0, "is no failure");
    printed = answer->statements;
    tap_str(app_text(OURS), "0", "is only shown");
    answer = make_fields(mapping, ALL, 0);
    tap_str(answer->statements, printed, "what is run is what was shown");
    tap_str(made_types(mapping), TYPES, "each column can hold its property, and NULL");
    answer = perform_kind(NTS_ASK_DESCRIBE, mapping);
    tap_int(answer->schema->provisioned, 1, "the triggers fit the table that was made");
    tap_str(answer->schema->key, "id", "it has a key");
    tap_str(make_fields(mapping, ALL, 0)->statements, "", "a second time there is nothing to do");
    app_run("INSERT INTO deals (name, \"a \"\"quoted\"\" name\") VALUES ('x', 'y');"
            "UPDATE deals SET name = 'z'");
    tap_str(entries(changes_after(mapping, 0)), "i1 u1", "changes are noticed");
    app_run("DELETE FROM deals; INSERT INTO deals (name) VALUES ('w')");
    tap_str(app_text("SELECT id FROM deals"), "2", "a key is never given twice");
    end_database();

    begin_database("printed.db", "");
    app_run(printed);
    mapping = mapping_of("deals", NULL, NULL);
    tap_int(perform_kind(NTS_ASK_DESCRIBE, mapping)->schema->provisioned, 1,
            "run by somebody else it is just as good");
    tap_str(make_fields(mapping, ALL, 0)->statements, "", "and nothing is left to do");
    end_database();
}

static void test_columns(void)
{
    nts_mapping_t *mapping;
    nts_answer_t *answer;
    const char *printed;

    begin_database("columns.db", "CREATE TABLE Deals (id INTEGER PRIMARY KEY, qty TEXT, mine TEXT "
                                 "NOT NULL DEFAULT 'm'); INSERT INTO deals (qty) VALUES ('7')");
    mapping = mapping_of("deals", NULL, NULL);
    provision(mapping);
    printed = make_fields(mapping, ALL, 1)->statements;
    tap_str(app_text(COLUMNS), "id qty mine", "shown only");
    tap_ok(strstr(printed, "ALTER TABLE \"Deals\" ADD COLUMN \"due\" TEXT;") != NULL,
           "a column is added");
    tap_ok(strstr(printed, "Qty") == NULL, "one that is there, in whatever case, is not");
    answer = make_fields(mapping, ALL, 0);
    tap_str(answer->statements, printed, "what is run is what was shown");
    tap_str(app_text("SELECT qty || mine || ifnull(due, '-') FROM deals"), "7m-",
            "what is there stays as it is");
    tap_str(app_text("SELECT type FROM pragma_table_info('deals') WHERE name = 'qty'"), "TEXT",
            "also its type");
    tap_int(perform_kind(NTS_ASK_DESCRIBE, mapping)->schema->provisioned, 1, "triggers fit again");
    tap_str(entries(changes_after(mapping, 0)), "t", "what went unseen meanwhile is looked at");
    app_run("UPDATE deals SET due = '2026-01-01'");
    tap_str(entries(changes_after(mapping, 1)), "u1", "changes of a new column are noticed");
    tap_str(make_fields(mapping, ALL, 0)->statements, "", "a second time there is nothing to do");
    end_database();
}

/* Whoever came only so far. */
static void test_interrupted(void)
{
    nts_mapping_t *mapping;
    int count;

    for (count = 0; count <= ALL; count++) {
        begin_database(apr_psprintf(pool, "half%d.db", count), "");
        mapping = mapping_of("deals", NULL, NULL);
        (void)make_fields(mapping, count, 0);
        (void)make_fields(mapping, ALL, 0);
        if (!tap_str(made_types(mapping), TYPES, "with %d columns there it is completed", count) ||
            !tap_int(perform_kind(NTS_ASK_DESCRIBE, mapping)->schema->provisioned, 1,
                     "and so are the triggers")) {
            return;
        }
        end_database();
    }
}

static void test_key(void)
{
    nts_mapping_t *mapping;

    begin_database("key.db", "");
    mapping = mapping_of("order", "No", NULL);
    tap_str(result_of(make_fields(mapping, 1, 0)), "ok",
            "key= names the key, words of SQL are names");
    tap_str(perform_kind(NTS_ASK_DESCRIBE, mapping)->schema->key, "No", "as it is written");
    mapping = mapping_of("other", "a,b", NULL);
    tap_str(result_of(make_fields(mapping, 1, 0)), "blocked sql.key",
            "a key of several columns is for people to make");
    mapping = mapping_of("_notionsync_x", NULL, NULL);
    tap_str(result_of(make_fields(mapping, 1, 0)), "blocked sql.view", "our own names are ours");
    tap_str(app_text("SELECT count(*) FROM sqlite_schema WHERE name IN ('other', '_notionsync_x')"),
            "0", "nothing was made");
    end_database();
}

static void test_choices(void)
{
    static const char *const wanted[] = { "stage", "n", "nothing" };
    nts_mapping_t *mapping;
    nts_ask_t ask;
    const nts_type_t *type;

    begin_database("choices.db",
                   "CREATE TABLE deals (id INTEGER PRIMARY KEY, stage TEXT, n INTEGER);"
                   "INSERT INTO deals (stage, n) VALUES ('won', 1), ('new', 2), ('won', 3),"
                   " (NULL, 4), ('lost', 5)");
    mapping = mapping_of("deals", NULL, NULL);
    ask = ask_of(NTS_ASK_DESCRIBE, mapping);
    ask.ids = wanted;
    ask.id_count = 3;
    type = &nts_schema_find(perform(&ask)->schema, "stage")->type;
    tap_int(type->option_count, 3, "the values that stand in a column");
    tap_str(type->options[0].name, "won", "the most frequent first");
    tap_str(type->options[1].name, "lost", "the others in order");
    app_run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) "
            "INSERT INTO deals (stage) SELECT 'stage ' || i FROM n");
    type = &nts_schema_find(perform(&ask)->schema, "stage")->type;
    tap_int(type->option_count, 101, "no more than it takes to see that they are too many");
    type = &nts_schema_find(perform_kind(NTS_ASK_DESCRIBE, mapping)->schema, "stage")->type;
    tap_int(type->option_count, 0, "nobody looks at them who has not asked");
    end_database();
}

int main(void)
{
    begin_tests();
    test_table();
    test_columns();
    test_interrupted();
    test_key();
    test_choices();
    end_tests();
    return tap_done();
}
