/* Proves that every type of PostgreSQL that can hold a value of Notion's is read and written exactly, on a real server, that
 * rows are reached by their keys and by nothing else, and that a write is one transaction which knows who was there. */
#include <string.h>

#include "pgsql_kit.h"
#include "tap/tap.h"

static nts_mapping_t *m;

static nts_answer_t *write_with(nts_ask_kind_t kind, const char *id, const char *intent, int pair,
                                nts_value_t value, const nts_value_t *expected)
{
    nts_ask_t ask = ask_of(kind, m);
    nts_value_t *values = values_of(m);

    ask.id = id;
    ask.intent = intent;
    ask.values = values;
    ask.expected = expected;
    if (pair >= 0) {
        values[pair] = value;
    }
    return perform(&ask);
}

static const char *field_of(const nts_answer_t *answer)
{
    return answer->outcome.field ? answer->outcome.field : "(none)";
}

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

static const nts_schema_field_t *field_named(const nts_schema_t *schema, const char *name)
{
    int i;

    for (i = 0; i < schema->count && strcmp(schema->fields[i].name, name) != 0; i++) {
    }
    return &schema->fields[i];
}

static void test_types(void)
{
    const nts_schema_t *schema;
    nts_answer_t *before;
    nts_answer_t *answer;
    nts_ask_t ask;
    int i;

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
    tap_int(field_named(schema, "n2")->type.precision, 30, "the digits of a numeric");
    tap_int(field_named(schema, "n2")->type.scale, 4, "and those after the point");
    tap_int(field_named(schema, "price")->type.scale, 2, "also through a domain");
    tap_int(field_named(schema, "price")->type.nullable, 0, "which is NOT NULL");
    tap_int(field_named(schema, "feeling")->type.option_count, 3, "the choices of an enum");
    tap_int(field_named(schema, "raw")->type.kind, NTS_TYPE_UNSUPPORTED, "bytes hold no value");
    tap_str(field_named(schema, "raw")->type.native, "bytea", "and are named");

    before = read_row(m, "1");
    for (i = 0; i < TYPE_COUNT; i++) {
        tap_str(value_of(before, i), read_as[i], "%s is read", column_names[i]);
    }
    /* Each value through the connector into another row. */
    ask = ask_of(NTS_ASK_CREATE, m);
    ask.intent = "copy";
    ask.values = before->record->values;
    answer = perform(&ask);
    tap_str(result_of(answer), "ok", "all of them are written");
    tap_str(answer->id, "2", "to a row that the database numbers");
    for (i = 0; i < TYPE_COUNT; i++) {
        tap_str(value_of(answer, i), read_as[i], "%s comes back", column_names[i]);
    }
    tap_str(pg_text(pg,
                    "SELECT count(*) FROM typed a, typed b WHERE a.id = 1 AND b.id = 2 AND "
                    "(a.n, a.n2, a.s, a.b, a.r, a.d, a.t, a.v, a.c, a.ok, a.day, a.ts, a.tz, a.ts3,"
                    " a.feeling, a.u, a.j, a.tags, a.price, a.at, a.span) = (b.n, b.n2, b.s, b.b,"
                    " b.r, b.d, b.t, b.v, b.c, b.ok, b.day, b.ts, b.tz, b.ts3, b.feeling, b.u,"
                    " b.j, b.tags, b.price, b.at, b.span)"),
            "1", "as the server sees it, too");
    ask = ask_of(NTS_ASK_FIND, m);
    ask.values = before->record->values;
    answer = perform(&ask);
    tap_str(result_of(answer), "ok", "rows are found by their values");
    tap_int(answer->record_count, 2, "both of them");
    for (i = 0; i < TYPE_COUNT; i++) {
        nts_value_t *values = values_of(m);

        values[i] = before->record->values[i];
        ask.values = values;
        tap_int(perform(&ask)->record_count, 2, "by %s alone", column_names[i]);
        values[i] = nts_value_null;
        tap_str(result_of(perform(&ask)), "ok", "by an empty %s", column_names[i]);
    }
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
    tap_str(result_of(write_with(NTS_ASK_UPDATE, "a", "w", 0, number_of("1e200"), NULL)), "ok",
            "200 digits");
    tap_str(result_of(write_with(NTS_ASK_UPDATE, "a", "x", 2, number_of("1e200"), NULL)),
            "refused sql.refused", "but not in a real");
    end_pg();
}

/* --- keys */

static void test_keys(void)
{
    nts_ask_t ask;
    nts_answer_t *answer;
    const char *ids[] = { "1", "x", "3", "99999999999999999999" };

    begin_pg("keys",
             "CREATE SCHEMA crm; CREATE TABLE crm.people (id integer PRIMARY KEY, name text);"
             "INSERT INTO crm.people VALUES (1, 'Ada'), (2, 'Bob'), (3, 'Eve');"
             "CREATE TABLE two (a text, b integer, v text, PRIMARY KEY (b, a));"
             "INSERT INTO two VALUES ('it''s', 1, 'x'), ('o', 1, 'y'), ('', 2, 'z');"
             "CREATE TABLE loose (id integer, name text UNIQUE);"
             "CREATE TABLE padded (c char(6) PRIMARY KEY, v text);"
             "INSERT INTO padded VALUES ('ab', 'x');"
             "CREATE VIEW seen AS SELECT * FROM two");
    m = mapping_of("crm.people", NULL, "name", NULL);
    provision(m);
    tap_str(value_of(read_row(m, "2"), 0), "text:Bob", "a table of another schema");
    tap_str(result_of(read_row(m, "02")), "gone", "another spelling is another key");
    tap_str(result_of(read_row(m, "x")), "gone", "no number is no key");
    tap_str(result_of(read_row(m, "99999999999999999999")), "gone", "nor one out of range");
    ask = ask_of(NTS_ASK_READ_MANY, m);
    ask.ids = ids;
    ask.id_count = 4;
    tap_int(perform(&ask)->record_count, 2, "several keys, those that are");

    m = mapping_of("two", NULL, "v", NULL);
    provision(m);
    ask = ask_of(NTS_ASK_LIST, m);
    ask.listing.limit = 2;
    answer = perform(&ask);
    tap_int(answer->record_count, 2, "a page");
    tap_str(answer->records[0].id, "[\"1\",\"it's\"]",
            "a key of two columns, in the index's order");
    ask.listing.cursor = answer->cursor;
    answer = perform(&ask);
    tap_int(answer->record_count, 1, "and the rest");
    tap_str(answer->records[0].id, "[\"2\",\"\"]", "with an empty part");
    tap_int(answer->complete, 1, "to the end");
    tap_str(value_of(read_row(m, "[\"1\",\"it's\"]"), 0), "text:x", "is found again");
    m = mapping_of("two", "a,b", "v", NULL);
    tap_str(value_of(read_row(m, "[\"it's\",\"1\"]"), 0), "text:x", "or named in another order");

    m = mapping_of("padded", NULL, "v", NULL);
    provision(m);
    tap_str(value_of(read_row(m, "ab"), 0), "text:x", "a padded key, without its padding");
    tap_str(result_of(read_row(m, "ab  ")), "gone", "which nobody sees");
    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, mapping_of("loose", NULL, "name", NULL))),
            "blocked sql.key", "no primary key");
    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, mapping_of("loose", "name", "id", NULL))),
            "blocked sql.key", "a key that may be NULL");
    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, mapping_of("loose", "id", "id", NULL))),
            "blocked sql.key", "or that is not unique");
    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, mapping_of("seen", NULL, "v", NULL))),
            "blocked sql.key", "a view without key=");
    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, mapping_of("none", NULL, "v", NULL))),
            "blocked sql.schema", "no table");
    end_pg();
}

/* --- writes */

static void test_writes(void)
{
    nts_answer_t *answer;
    nts_value_t *expected;
    nts_ask_t ask;

    begin_pg(
        "writes",
        "CREATE TABLE people (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT "
        "NULL,"
        " email text CONSTRAINT one_address UNIQUE, boss integer REFERENCES people, age integer"
        " CONSTRAINT grown CHECK (age > 17));"
        "INSERT INTO people (name, email, age) VALUES ('Ada', 'a@x', 30), ('Bob', 'b@x', 40)");
    m = mapping_of("people", NULL, "name", "email", "boss", "age", NULL);
    provision(m);
    answer = write_with(NTS_ASK_UPDATE, "1", "w1", 0, nts_value_text("Eve"), NULL);
    tap_str(result_of(answer), "ok", "an update");
    tap_str(value_of(answer, 0), "text:Eve", "is read back");
    tap_str(answer->record->intent, "w1", "with its intent");
    tap_str(entries(changes_after(m, 0)), "u1@w1", "which its entry bears");
    answer = write_with(NTS_ASK_UPDATE, "1", "w1", 0, nts_value_text("Zoe"), NULL);
    tap_str(value_of(answer, 0), "text:Eve", "asked again it is not done again");

    expected = values_of(m);
    expected[0] = nts_value_text("Ada");
    answer = write_with(NTS_ASK_UPDATE, "1", "w2", 0, nts_value_text("Zoe"), expected);
    tap_str(result_of(answer), "stale sql.stale", "a row that is not as expected");
    tap_str(value_of(answer, 0), "text:Eve", "is shown and left");

    answer = write_with(NTS_ASK_UPDATE, "2", "w3", 1, nts_value_text("a@x"), NULL);
    tap_str(result_of(answer), "refused sql.constraint", "a value that is taken");
    tap_str(field_of(answer), "email", "names its column");
    tap_str(answer->outcome.blocker ? answer->outcome.blocker : "(none)", "1", "and who has it");
    answer = write_with(NTS_ASK_UPDATE, "2", "w4", 3, number_of("3"), NULL);
    tap_str(result_of(answer), "refused sql.constraint", "a check");
    tap_str(field_of(answer), "grown", "by its name");
    answer = write_with(NTS_ASK_UPDATE, "2", "w5", 2, number_of("77"), NULL);
    tap_str(result_of(answer), "refused sql.constraint", "a reference to nothing");
    tap_str(field_of(answer), "boss", "names its column");
    answer = write_with(NTS_ASK_UPDATE, "2", "w6", 0, nts_value_null, NULL);
    tap_str(result_of(answer), "refused sql.required", "NULL where there must be a value");
    tap_str(field_of(answer), "name", "names its column");
    tap_str(pg_text(pg, "SELECT count(*) FROM _notionsync_intent WHERE op <> 'state'"), "1",
            "of refused writes nothing is kept");

    ask = ask_of(NTS_ASK_READ, m);
    ask.id = "2";
    ask.want_image = 1;
    answer = perform(&ask);
    tap_str(answer->record->image,
            "{\"id\":2,\"name\":\"Bob\",\"email\":\"b@x\",\"boss\":null,\"age\":40}", "an image");
    tap_str(result_of(write_with(NTS_ASK_REMOVE, "2", "w7", -1, nts_value_null, NULL)), "ok",
            "a delete");
    tap_str(result_of(read_row(m, "2")), "gone", "the row is gone");
    ask = ask_of(NTS_ASK_RESTORE, m);
    ask.id = "2";
    ask.intent = "w8";
    ask.image = answer->record->image;
    tap_str(result_of(perform(&ask)), "ok", "and comes back");
    tap_str(pg_text(pg, "SELECT concat_ws(',', id, name, email, age) FROM people WHERE id = 2"),
            "2,Bob,b@x,40", "under its number");
    tap_str(entries(changes_after(m, 0)), "u1@w1 d2@w7 i2@w8", "each under its intent");
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
    answer = write_with(NTS_ASK_UPDATE, "1", "w1", 0, nts_value_text("new"), NULL);
    tap_str(value_of(answer, 0), "text:NEW", "what a trigger rewrote is read back");
    tap_str(entries(changes_after(m, 0)), "u2 u1@w1",
            "the row that it touched besides is nobody's echo");
    answer = write_with(NTS_ASK_REMOVE, "1", "w2", -1, nts_value_null, NULL);
    tap_str(result_of(answer), "refused sql.constraint", "a trigger that refuses");
    tap_ok(answer->outcome.words && strstr(answer->outcome.words, "not on sundays") != NULL,
           "is heard: %s", answer->outcome.words ? answer->outcome.words : "(nothing)");
    end_pg();
}

/* Two writes to one row in one transaction, and a third that is refused. */
static void test_bundle(void)
{
    nts_ask_t asks[4];
    const nts_ask_t *ask_of_each[4];
    nts_answer_t answers[4];
    nts_answer_t *answer_of_each[4];
    apr_pool_t *pools[4];
    int done = 0;
    int i;

    begin_pg("bundle", "CREATE TABLE deals (id integer PRIMARY KEY, name text UNIQUE);"
                       "INSERT INTO deals VALUES (1, 'a'), (2, 'b'), (3, 'c')");
    m = mapping_of("deals", NULL, "name", NULL);
    provision(m);
    for (i = 0; i < 4; i++) {
        static const char *const names[] = { "A", "AA", "c", "C" };
        static const char *const keys[] = { "1", "1", "2", "3" };
        static const char *const intents[] = { "w0", "w1", "w2", "w3" };
        nts_value_t *values = values_of(m);

        values[0] = nts_value_text(names[i]);
        asks[i] = ask_of(NTS_ASK_UPDATE, m);
        asks[i].id = keys[i];
        asks[i].intent = intents[i];
        asks[i].values = values;
        ask_of_each[i] = &asks[i];
        answer_of_each[i] = &answers[i];
        pools[i] = pool;
    }
    while (done < 4) {
        done += nts_connector_sql.perform_writes(connection, ask_of_each + done,
                                                 answer_of_each + done, pools + done, 4 - done);
    }
    tap_str(result_of(&answers[1]), "ok", "the second write to a row");
    tap_str(result_of(&answers[2]), "refused sql.constraint", "one that is refused");
    tap_str(result_of(&answers[3]), "ok", "does not undo the others");
    tap_str(entries(changes_after(m, 0)), "u1@w0 u1@w1 u3@w3", "each entry has its own intent");
    tap_str(pg_text(pg, "SELECT string_agg(name, ',' ORDER BY id) FROM deals"), "AA,b,C",
            "and all is there");
    end_pg();
}

int main(void)
{
    begin_tests();
    if (begin_server()) {
        test_types();
        test_strange();
        test_keys();
        test_writes();
        test_triggers();
        test_bundle();
        end_server();
    }
    else {
        tap_skip(1, "PostgreSQL is not installed (on Debian: apt-get install postgresql)");
    }
    end_tests();
    return tap_done();
}
