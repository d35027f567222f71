/* Proves that a table and columns that are lacking in a PostgreSQL database are made with types that hold what Notion's properties
 * do, that what is printed is what is run, and that what is there is left alone; names are what PostgreSQL keeps whole. */
#include <string.h>

#include "made_kit.h"
#include "pgsql_kit.h"
#include "tap/tap.h"

#define ALL made_field_count
#define TYPES                                                                                      \
    "name text, Qty double precision, done boolean, due text, stage text, tags text[], e_mail "    \
    "text, site text, made at timestamp with time zone, a \"quoted\" name text"
#define TABLES                                                                                     \
    "SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE "   \
    "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"

static void test_table(void)
{
    nts_mapping_t *mapping;
    nts_answer_t *answer;
    const char *printed;

    begin_pg("made", "DO $$BEGIN END$$");
    mapping = mapping_of("Deals", NULL, NULL);
    answer = perform_kind(NTS_ASK_DESCRIBE, mapping);
    tap_str(result_of(answer), "blocked sql.schema", "there is no table");
    tap_int(answer->no_table, 1, "which is told apart from other failures");
    printed = make_fields(mapping, ALL, 1)->statements;
    tap_str(pg_text(pg, TABLES), "0", "how it would be made is only shown");
    tap_str(make_fields(mapping, ALL, 0)->statements, printed, "what is run is what was shown");
    tap_str(made_types(mapping), TYPES, "each column can hold its property, and NULL");
    answer = perform_kind(NTS_ASK_DESCRIBE, mapping);
    tap_int(answer->schema->provisioned, 1, "the triggers fit the table that was made");
    tap_str(answer->schema->key, "id", "it has a key");
    tap_str(answer->schema->title, "public.Deals", "under the name that was asked for");
    tap_str(make_fields(mapping, ALL, 0)->statements, "", "a second time there is nothing to do");
    pg_run(pg, "INSERT INTO \"Deals\" (name, tags) VALUES ('x', '{a,b}')");
    tap_str(entries(changes_after(mapping, 0)), "i1", "changes are noticed");
    end_pg();

    begin_pg("printed", "DO $$BEGIN END$$");
    pg_run(pg, printed);
    tap_int(perform_kind(NTS_ASK_DESCRIBE, mapping)->schema->provisioned, 1,
            "run by somebody else it is just as good");
    tap_str(make_fields(mapping, ALL, 0)->statements, "", "and nothing is left to do");
    end_pg();
}

static void test_schema(void)
{
    nts_mapping_t *mapping = mapping_of("crm.deals", "no", NULL);

    begin_pg("elsewhere", "CREATE SCHEMA crm");
    tap_str(result_of(make_fields(mapping, 2, 0)), "ok", "in another schema");
    tap_str(perform_kind(NTS_ASK_DESCRIBE, mapping)->schema->title, "crm.deals", "it is there");
    tap_str(make_fields(mapping, 2, 0)->statements, "", "and found again");
    end_pg();
}

static void test_columns(void)
{
    nts_mapping_t *mapping = mapping_of("deals", NULL, NULL);
    nts_answer_t *answer;
    const char *printed;

    begin_pg("columns", "CREATE TABLE deals (id int PRIMARY KEY, qty numeric(9,2), mine text NOT "
                        "NULL DEFAULT 'm'); INSERT INTO deals VALUES (1, 7.5)");
    provision(mapping);
    printed = make_fields(mapping, ALL, 1)->statements;
    tap_str(pg_text(pg, "SELECT count(*) FROM pg_attribute WHERE attnum > 0 AND attrelid = "
                        "'deals'::regclass"),
            "3", "shown only");
    tap_ok(strstr(printed, "ALTER TABLE \"public\".\"deals\" ADD COLUMN IF NOT EXISTS \"tags\" "
                           "text[];") != NULL,
           "a column is added, unless somebody else did");
    answer = make_fields(mapping, ALL, 0);
    tap_str(answer->statements, printed, "what is run is what was shown");
    tap_str(pg_text(pg, "SELECT concat(qty, mine, due IS NULL) FROM deals"), "7.50mt",
            "what is there stays as it is, also a column of another type");
    tap_int(perform_kind(NTS_ASK_DESCRIBE, mapping)->schema->provisioned, 1, "triggers fit again");
    tap_str(entries(changes_after(mapping, 0)), "t", "what went unseen meanwhile is looked at");
    tap_str(make_fields(mapping, ALL, 0)->statements, "", "a second time there is nothing to do");
    end_pg();
}

static void test_interrupted(void)
{
    nts_mapping_t *mapping = mapping_of("deals", NULL, NULL);
    int count;

    for (count = 0; count <= ALL; count += 5) {
        begin_pg(apr_psprintf(pool, "half%d", count), "DO $$BEGIN END$$");
        (void)make_fields(mapping, count, 0);
        (void)make_fields(mapping, ALL, 0);
        tap_str(made_types(mapping), TYPES, "with %d columns there it is completed", count);
        tap_int(perform_kind(NTS_ASK_DESCRIBE, mapping)->schema->provisioned, 1, "triggers too");
        end_pg();
    }
}

static void test_together(void)
{
    nts_mapping_t *mapping = mapping_of("deals", NULL, NULL);

    begin_pg("together", "DO $$BEGIN END$$");
    made_together(conninfo_of("app", "together"), mapping, TYPES);
    end_pg();
}

/* Behind a pooler the end of a lock may reach another session than its beginning did, which does nothing there. */
static void test_pooled(void)
{
    nts_mapping_t *mapping = mapping_of("deals", NULL, NULL);

    begin_pg("pooled", "ALTER DATABASE pooled SET search_path = public, pg_catalog;"
                       "CREATE FUNCTION public.pg_advisory_unlock(bigint) RETURNS boolean LANGUAGE "
                       "sql AS 'SELECT true'");
    tap_str(result_of(make_fields(mapping, 2, 0)), "ok", "provisioning takes a lock");
    tap_str(pg_text(pg, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), "0",
            "that ends with its transaction, and not with the session");
    tap_str(pg_text(pg, "SELECT count(*) FROM pg_stat_activity WHERE application_name = "
                        "'notionsync' AND datname = 'pooled'"),
            "1", "which is still there");
    end_pg();
}

static void test_names(void)
{
    static const char whole[] = "a23456789b23456789c23456789d23456789e23456789f23456789g23";
    nts_schema_field_t field = made_fields[0];
    nts_mapping_t *mapping = mapping_of("deals", NULL, NULL);
    nts_ask_t ask = ask_of(NTS_ASK_PROVISION, mapping);
    char name[80];

    begin_pg("names", "DO $$BEGIN END$$");
    ask.make = &field;
    ask.make_count = 1;
    ask.may_make_table = 1;
    field.name = name;
    apr_snprintf(name, sizeof(name),
                 "%s\xc3\xa4"
                 "12345",
                 whole);
    tap_int(strlen(name), 64, "64 bytes, 63 characters");
    tap_str(result_of(perform(&ask)), "blocked sql.name", "PostgreSQL would cut such a name");
    apr_snprintf(name, sizeof(name),
                 "%s\xc3\xa4"
                 "1234",
                 whole);
    tap_str(result_of(perform(&ask)), "ok", "63 bytes it keeps");
    tap_ok(nts_schema_find(perform_kind(NTS_ASK_DESCRIBE, mapping)->schema, name) != NULL, "whole");
    mapping = mapping_of(apr_pstrcat(pool, whole, "12345678", NULL), NULL, NULL);
    tap_str(result_of(make_fields(mapping, 1, 0)), "blocked sql.name", "and of a table's");
    end_pg();
}

static void test_view(void)
{
    nts_mapping_t *mapping = mapping_of("seen", "id", NULL);

    begin_pg("views", "CREATE TABLE deals (id int PRIMARY KEY, name text); CREATE VIEW seen AS "
                      "SELECT id, name FROM deals");
    tap_str(result_of(make_fields(mapping, ALL, 0)), "blocked sql.view",
            "a view gets its columns from what it is made of");
    tap_str(result_of(make_fields(mapping, 1, 0)), "ok", "one that has them all is provisioned");
    end_pg();
}

/* Who may not create. */
static void test_denied(void)
{
    nts_mapping_t *mapping = mapping_of("deals", NULL, NULL);
    nts_answer_t *answer;

    begin_pg("denied", "REVOKE CREATE ON SCHEMA public FROM PUBLIC; ALTER SCHEMA public OWNER TO "
                       "app; REVOKE ALL ON SCHEMA public FROM app");
    answer = make_fields(mapping, ALL, 0);
    tap_ok(answer->result == NTS_RESULT_BLOCKED, "who may create nothing is told so");
    tap_diag("%s", nts_outcome_text(&answer->outcome, pool));
    tap_str(pg_text(pg, TABLES), "0", "and nothing was made");
    end_pg();
}

static void test_choices(void)
{
    static const char *const wanted[] = { "tags", "stage" };
    nts_mapping_t *mapping = mapping_of("deals", NULL, NULL);
    const nts_schema_t *schema;
    nts_ask_t ask = ask_of(NTS_ASK_DESCRIBE, mapping);

    begin_pg("choices", "CREATE TABLE deals (id int PRIMARY KEY, tags text[], stage varchar(20));"
                        "INSERT INTO deals VALUES (1, '{b,a}', 'won'), (2, '{a}', 'new'), (3, "
                        "NULL, 'won'), (4, '{}', NULL)");
    ask.ids = wanted;
    ask.id_count = 2;
    schema = perform(&ask)->schema;
    tap_int(schema->fields[1].type.option_count, 2, "the elements of arrays");
    tap_str(schema->fields[1].type.options[0].name, "a", "the most frequent first");
    tap_int(schema->fields[2].type.option_count, 2, "the values of a column");
    tap_str(schema->fields[2].type.options[0].name, "won", "the most frequent first");
    end_pg();
}

int main(void)
{
    begin_tests();
    if (begin_server()) {
        test_table();
        test_schema();
        test_columns();
        test_interrupted();
        test_together();
        test_pooled();
        test_names();
        test_view();
        test_denied();
        test_choices();
        end_server();
    }
    else {
        tap_skip(1, "PostgreSQL is not installed (on Debian: apt-get install postgresql)");
    }
    end_tests();
    return tap_done();
}
