/* Proves that every type of PostgreSQL that can hold a value of Notion's is read and written exactly, on a real server, and what
 * write_cases.c says of keys and writes, children_cases.c of deletes. */
#include <string.h>

#include "pgsql_kit.h"
#include "tap/tap.h"
#include "children_cases.h"
#include "swap_cases.h"
#include "write_cases.h"

static nts_mapping_t *m;

static const write_words_t words = {
    .id = "integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    .code = "upper(gen_random_uuid()::text)",
    .exact = "text",
    .joined = "string_agg(name, ',' ORDER BY id)",
};

static const children_words_t children = {
    .schema = "public.",
    .unread = "CREATE TABLE secrets (id integer PRIMARY KEY, person integer REFERENCES people (id) "
              "ON DELETE CASCADE); INSERT INTO secrets VALUES (1, 4)",
    .unread_fate = "were deleted with it",
    .has_views = 1,
};

/* --- types */

#define TYPES                                                                                      \
    "CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'happy');"                                       \
    "CREATE DOMAIN cents AS numeric(12,2) NOT NULL DEFAULT 0;"                                     \
    "CREATE TABLE typed (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"                     \
    " n numeric, n2 numeric(30,4), s smallint, b bigint, r real, d double precision,"              \
    " t text, v varchar(5), c char(5), ok boolean, day date, ts timestamp, tz timestamptz,"        \
    " ts3 timestamp(3), feeling mood, u uuid, j jsonb, tags text[], price cents,"                  \
    " raw bytea, twice integer GENERATED ALWAYS AS (id * 2) STORED, at time, span interval);"      \
    "INSERT INTO typed (n, n2, s, b, r, d, t, v, c, ok, day, ts, tz, ts3, feeling, u, j, tags,"    \
    " price, raw, at, span) VALUES"                                                                \
    " (12345678901234567890123456789.123456789, 0.0500, -7, 9223372036854775807, 0.1, 0.1,"        \
    " 'zwölf', 'ab', 'ab', true, '2026-01-05', '2026-01-05 10:15:42.25',"                         \
    " '2026-01-05 10:15:42+02', '2026-01-05 10:15:42.1234', 'it''s ok',"                           \
    " '6F9619FF-8B86-D011-B42D-00C04FC964FF', '{\"b\":1}', '{a,\"b, \\\"c\\\"\"}', 3.5,"           \
    " '\\x00ff', '10:00', '1 day')"

static const char *const column_names[] = { "n",       "n2", "s",  "b",    "r",     "d",  "t",
                                            "v",       "c",  "ok", "day",  "ts",    "tz", "ts3",
                                            "feeling", "u",  "j",  "tags", "price", "at", "span" };

static const char *const read_as[] = { "number:12345678901234567890123456789.123456789",
                                       "number:0.05",
                                       "number:-7",
                                       "number:9223372036854775807",
                                       "number:0.1",
                                       "number:0.1",
                                       "text:zwölf",
                                       "text:ab",
                                       "text:ab",
                                       "bool:true",
                                       "date:2026-01-05",
                                       "date:2026-01-05T10:15:42.25Z",
                                       "date:2026-01-05T08:15:42Z",
                                       "date:2026-01-05T10:15:42.123Z",
                                       "option:it's ok",
                                       "text:6f9619ff-8b86-d011-b42d-00c04fc964ff",
                                       "text:{\"b\": 1}",
                                       "text:[\"a\",\"b, \\\"c\\\"\"]",
                                       "number:3.5",
                                       "text:10:00:00",
                                       "text:1 day" };
#define TYPE_COUNT ((int)(sizeof(read_as) / sizeof(read_as[0])))

static nts_mapping_t *typed_mapping(void)
{
    return mapping_of("typed", NULL, "n", "n2", "s", "b", "r", "d", "t", "v", "c", "ok", "day",
                      "ts", "tz", "ts3", "feeling", "u", "j", "tags", "price", "at", "span", NULL);
}

static void test_types(void)
{
    const nts_schema_t *schema;
    nts_answer_t *answer;

    begin_pg("types", TYPES);
    m = typed_mapping();
    provision(m);
    answer = perform_kind(NTS_ASK_DESCRIBE, m);
    tap_str(result_of(answer), "ok", "it is described");
    schema = answer->schema;
    tap_str(schema->key, "id", "with its key");
    tap_int(field_named(schema, "id")->type.computed, 1, "an identity is the database's to give");
    tap_int(field_named(schema, "twice")->type.computed, 1, "and so is a generated column");
    tap_int(field_named(schema, "v")->type.max_length, 5, "the length of a varchar");
    tap_int(field_named(schema, "c")->type.padded, 1, "that a char is filled up with blanks");
    tap_int(field_named(schema, "v")->type.padded, 0, "and a varchar is not");
    tap_int(field_named(schema, "r")->type.single, 1, "that a real keeps half the digits");
    tap_int(field_named(schema, "d")->type.single, 0, "of a double precision");
    tap_int(field_named(schema, "n2")->type.precision, 30, "the digits of a numeric");
    tap_int(field_named(schema, "n2")->type.scale, 4, "and those after the point");
    tap_int(field_named(schema, "price")->type.scale, 2, "also through a domain");
    tap_int(field_named(schema, "price")->type.nullable, 0, "which is NOT NULL");
    tap_int(field_named(schema, "feeling")->type.option_count, 3, "the choices of an enum");
    tap_int(field_named(schema, "raw")->type.kind, NTS_TYPE_UNSUPPORTED, "bytes hold no value");
    tap_str(field_named(schema, "raw")->type.native, "bytea", "and are named");

    check_values(m, column_names, read_as, TYPE_COUNT);
    tap_str(pg_text(pg,
                    "SELECT count(*) FROM typed a, typed b WHERE a.id = 1 AND b.id = 2 AND "
                    "(a.n, a.n2, a.s, a.b, a.r, a.d, a.t, a.v, a.c, a.ok, a.day, a.ts, a.tz, a.ts3,"
                    " a.feeling, a.u, a.j, a.tags, a.price, a.at, a.span) = (b.n, b.n2, b.s, b.b,"
                    " b.r, b.d, b.t, b.v, b.c, b.ok, b.day, b.ts, b.tz, b.ts3, b.feeling, b.u,"
                    " b.j, b.tags, b.price, b.at, b.span)"),
            "1", "as the server sees it, too");
    end_pg();
}

static void test_strange(void)
{
    begin_pg("strange", "CREATE TABLE odd (id text PRIMARY KEY, n numeric, d date, f real);"
                        "INSERT INTO odd VALUES ('a', 'NaN', 'infinity', '-Infinity')");
    m = mapping_of("odd", NULL, "n", "d", "f", NULL);
    provision(m);
    tap_str(value_of(read_row(m, "a"), 0), "opaque:the text \"NaN\" in a column of type numeric",
            "what is no number");
    tap_str(value_of(read_row(m, "a"), 1), "opaque:the text \"infinity\" in a column of type date",
            "or no day");
    tap_str(value_of(read_row(m, "a"), 2), "opaque:the text \"-Infinity\" in a column of type real",
            "parks its field");
    tap_str(result_of(write_value(m, NTS_ASK_UPDATE, "a", "w", 0, number_of("1e200"), NULL)), "ok",
            "200 digits");
    tap_str(result_of(write_value(m, NTS_ASK_UPDATE, "a", "x", 2, number_of("1e200"), NULL)),
            "refused sql.refused", "but not in a real");
    end_pg();
}

/* --- keys */

static void test_schemas(void)
{
    begin_pg("schemas",
             "CREATE SCHEMA crm; CREATE TABLE crm.people (id integer PRIMARY KEY, name text);"
             "INSERT INTO crm.people VALUES (2, 'Bob')");
    m = mapping_of("crm.people", NULL, "name", NULL);
    provision(m);
    tap_str(value_of(read_row(m, "2"), 0), "text:Bob", "a table of another schema");
    end_pg();
}

/* What triggers of the application do in our transaction is not ours. */
static void test_triggers(void)
{
    nts_answer_t *answer;

    begin_pg("triggers",
             "CREATE TABLE deals (id integer PRIMARY KEY, name text, total integer DEFAULT 0);"
             "INSERT INTO deals VALUES (1, 'a'), (2, 'b');"
             "CREATE FUNCTION spread() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
             "IF NEW.id = 1 THEN UPDATE deals SET total = total + 1 WHERE id = 2; END IF; "
             "NEW.name := upper(NEW.name); RETURN NEW; END $$;"
             "CREATE TRIGGER spread BEFORE UPDATE OF name ON deals FOR EACH ROW EXECUTE FUNCTION "
             "spread();"
             "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
             "RAISE EXCEPTION 'not on sundays'; END $$;"
             "CREATE TRIGGER stop BEFORE DELETE ON deals FOR EACH ROW EXECUTE FUNCTION stop()");
    m = mapping_of("deals", NULL, "name", "total", NULL);
    provision(m);
    answer = write_value(m, NTS_ASK_UPDATE, "1", "w1", 0, nts_value_text("new"), NULL);
    tap_str(value_of(answer, 0), "text:NEW", "what a trigger rewrote is read back");
    tap_str(entries(changes_after(m, 0)), "u2 u1@w1",
            "the row that it touched besides is nobody's echo");
    answer = write_value(m, NTS_ASK_REMOVE, "1", "w2", -1, nts_value_null, NULL);
    tap_str(result_of(answer), "refused sql.constraint", "a trigger that refuses");
    tap_ok(answer->outcome.words && strstr(answer->outcome.words, "not on sundays") != NULL,
           "is heard: %s", answer->outcome.words ? answer->outcome.words : "(nothing)");
    end_pg();
}

/* S5.8: a constraint that is looked at in COMMIT would not tell which row is in the way. */
static void test_deferred(void)
{
    const nts_answer_t *answers;
    nts_answer_t *answer;

    begin_pg("deferred",
             "CREATE TABLE deals (id integer PRIMARY KEY, name text NOT NULL, boss integer, "
             "CONSTRAINT \"one Name\" UNIQUE (name) DEFERRABLE INITIALLY DEFERRED, "
             "CONSTRAINT has_boss FOREIGN KEY (boss) REFERENCES deals (id) DEFERRABLE INITIALLY "
             "DEFERRED);"
             "INSERT INTO deals VALUES (1, 'a'), (2, 'b')");
    m = mapping_of("deals", NULL, "name", "boss", NULL);
    provision(m);
    answer = write_value(m, NTS_ASK_UPDATE, "2", "w8", 0, nts_value_text("a"), NULL);
    tap_str(result_of(answer), "refused sql.constraint", "a deferred constraint");
    tap_str(field_of(answer), "name", "names its column");
    tap_str(answer->outcome.blocker ? answer->outcome.blocker : "(none)", "1", "and who has it");
    answer = write_value(m, NTS_ASK_CREATE, "3", "w9", 0, nts_value_text("b"), NULL);
    tap_str(answer->outcome.blocker ? answer->outcome.blocker : "(none)", "2",
            "for a new row, too");
    answers = exchange_two(m);
    tap_str(result_of(&answers[0]), "ok", "two rows exchange their values");
    tap_str(text_in(application(), "SELECT string_agg(name, ',' ORDER BY id) FROM deals"), "b,a",
            "both of them");
    end_pg();
}

int main(void)
{
    begin_tests();
    if (begin_server()) {
        test_types();
        test_strange();
        test_schemas();
        test_writing(&words);
        test_swapping();
        test_children(&children);
        test_triggers();
        test_deferred();
        end_server();
    }
    else {
        tap_skip(1, "PostgreSQL is not installed (on Debian: apt-get install postgresql)");
    }
    end_tests();
    return tap_done();
}
