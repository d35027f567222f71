/* Proves, on a real server, what becomes of values that a column of PostgreSQL does not take: the column is named, with the
 * server's own words, nothing else of the record is written, and a value that fits lifts it. And that keys of every kind,
 * with collations, padding and without case, find their row and no other. */
#include <string.h>

#include "pgsql_kit.h"
#include "tap/tap.h"

static nts_mapping_t *m;
static int writes;

static nts_answer_t *write_values(nts_ask_kind_t kind, const char *id, const nts_value_t *values)
{
    nts_ask_t ask = ask_of(kind, m);

    ask.id = id;
    ask.intent = apr_psprintf(pool, "w%d", ++writes);
    ask.values = values;
    return perform(&ask);
}

static int pair_of(const char *column)
{
    int i;

    for (i = 0; strcmp(m->pairs[i].external, column) != 0; i++) {
    }
    return i;
}

static nts_answer_t *write_one(const char *column, nts_value_t value)
{
    nts_value_t *values = values_of(m);

    values[pair_of("t")] = nts_value_text("written too");
    values[pair_of(column)] = value;
    return write_values(NTS_ASK_UPDATE, "1", values);
}

static const char *field_of(const nts_answer_t *answer)
{
    return answer->outcome.field ? answer->outcome.field : "(none)";
}

/* --- values */

#define NARROW                                                                                     \
    "CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE DOMAIN positive AS integer CHECK (VALUE > " \
    "0); CREATE DOMAIN given AS text NOT NULL;"                                                    \
    "CREATE TABLE narrow (id integer PRIMARY KEY, t text, s smallint, b bigint, n numeric(5,2), "  \
    "r "                                                                                           \
    "real, v varchar(5), c char(3), ok boolean, day date, ts timestamp(0), feeling mood, u uuid, " \
    "j json, x xml, p positive, g given, l text[], net inet, at time);"                            \
    "INSERT INTO narrow (id, t, g) VALUES (1, 'as it was', 'given')"

static nts_mapping_t *narrow_mapping(void)
{
    return mapping_of("narrow", NULL, "t", "s", "b", "n", "r", "v", "c", "ok", "day", "ts",
                      "feeling", "u", "j", "x", "p", "g", "l", "net", "at", NULL);
}

static void test_unfit(void)
{
    const struct {
        const char *column;
        nts_value_t wrong;
        const char *result;
        const char *words; /* of the server; NULL: it is not asked */
        nts_value_t right;
        const char *stored;
    } cases[] = {
        { "s", number_of("40000"), "refused sql.refused", "out of range", number_of("-32768"),
          "-32768" },
        { "b", number_of("9223372036854775808"), "refused sql.value", NULL,
          number_of("9223372036854775807"), "9223372036854775807" },
        { "s", number_of("1.5"), "refused sql.value", NULL, number_of("2"), "2" },
        { "n", number_of("12345"), "refused sql.refused", "overflow", number_of("123.45"),
          "123.45" },
        { "r", number_of("1e200"), "refused sql.refused", "out of range", number_of("0.1"), "0.1" },
        { "v", nts_value_text("sixsix"), "refused sql.refused", "too long",
          nts_value_text("f\xc3\xbcnf5"), "f\xc3\xbcnf5" },
        { "c", nts_value_text("four"), "refused sql.refused", "too long", nts_value_text("ab"),
          "ab" },
        { "day", date_of("2026-01-05T10:00:00Z"), "refused sql.value", NULL, date_of("2026-02-28"),
          "2026-02-28" },
        { "ts", date_of("2026-01-05"), "refused sql.value", NULL, date_of("2026-01-05T10:15:42Z"),
          "2026-01-05 10:15:42" },
        { "feeling", nts_value_option(NULL, "so so"), "refused sql.refused", "invalid input value",
          nts_value_option(NULL, "happy"), "happy" },
        { "u", nts_value_text("no uuid"), "refused sql.refused", "invalid input syntax",
          nts_value_text("6f9619ff-8b86-d011-b42d-00c04fc964ff"),
          "6f9619ff-8b86-d011-b42d-00c04fc964ff" },
        { "j", nts_value_text("{"), "refused sql.refused", "invalid input syntax",
          nts_value_text("{\"b\": 1}"), "{\"b\": 1}" },
        { "x", nts_value_text("<a>"), "refused sql.refused", "invalid XML", nts_value_text("<a/>"),
          "<a/>" },
        { "p", number_of("-1"), "refused sql.constraint", "positive_check", number_of("1"), "1" },
        { "g", nts_value_null, "refused sql.required", "does not allow null", nts_value_text("x"),
          "x" },
        { "l", nts_value_text("no list"), "refused sql.refused", "malformed array",
          nts_value_text("[\"a\",\"b c\"]"), "{a,\"b c\"}" },
        { "net", nts_value_text("1.2.3"), "refused sql.refused", "invalid input syntax",
          nts_value_text("10.0.0.1"), "10.0.0.1/32" },
        { "at", nts_value_text("25:00"), "refused sql.refused", "out of range",
          nts_value_text("23:59"), "23:59:00" },
        { "ok", nts_value_text("maybe"), "refused sql.refused", "invalid input syntax",
          nts_value_bool(1), "true" },
    };
    apr_size_t i;

    begin_pg("narrow", NARROW);
    m = narrow_mapping();
    provision(m);
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *column = cases[i].column;
        nts_answer_t *answer = write_one(column, cases[i].wrong);
        const char *words = answer->outcome.words ? answer->outcome.words : "(none)";

        tap_str(result_of(answer), cases[i].result, "%s: what does not fit", column);
        tap_str(field_of(answer), column, "... names the column");
        if (cases[i].words) {
            tap_ok(strstr(words, cases[i].words) != NULL, "... and says why: %s", words);
        }
        tap_str(pg_text(pg, "SELECT t FROM narrow"), "as it was", "... nothing else is written");
        tap_str(result_of(write_one(column, cases[i].right)), "ok", "... what fits is");
        tap_str(pg_text(pg, apr_psprintf(pool, "SELECT %s::text FROM narrow", column)),
                cases[i].stored, "... as it is");
        pg_run(pg, "UPDATE narrow SET t = 'as it was'");
    }
    tap_str(pg_text(pg, "SELECT octet_length(c) FROM narrow"), "3", "char is padded by the server");
    end_pg();
}

/* What cannot hold a value of Notion's is told when the table is described, by name. */
static void test_unsupported(void)
{
    static const char *const names[] = { "raw", "i", "pt", "span", "m", "pair" };
    const nts_schema_t *schema;
    apr_size_t i;

    begin_pg("unsupported",
             "CREATE TYPE both_of AS (a integer, b integer);"
             "CREATE TABLE odd (id integer PRIMARY KEY, raw bytea, i numeric[], pt point, span "
             "int4range, m money, pair both_of);"
             "CREATE TABLE dated (day date PRIMARY KEY, name text);"
             "CREATE TABLE halves (k numeric(4,1) PRIMARY KEY, name text)");
    m = mapping_of("odd", NULL, NULL);
    schema = perform_kind(NTS_ASK_DESCRIBE, m)->schema;
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        tap_str(schema->fields[i + 1].name, names[i], "a column");
        tap_int(schema->fields[i + 1].type.kind, NTS_TYPE_UNSUPPORTED, "of the type %s holds none",
                schema->fields[i + 1].type.native);
    }
    m = mapping_of("dated", NULL, "name", NULL);
    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, m)), "blocked sql.key",
            "and a date is no key");
    m = mapping_of("halves", NULL, "name", NULL);
    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, m)), "blocked sql.key", "nor is a fraction");
    end_pg();
}

/* Arrays of texts of whatever kind are lists of choices; those of an enum have its labels. */
static void test_lists(void)
{
    static const char *const names[] = { "f", "c", "w", "u", "v", "n", "b" };
    static const char *const seen[] = { "text:[\"sad\",\"so, so\"]",
                                        "text:[\"A\"]",
                                        "text:[\"x\",\"y z\"]",
                                        "text:[\"6f9619ff-8b86-d011-b42d-00c04fc964ff\"]",
                                        "text:[]",
                                        "text:[\"-17\",\"2147483647\"]",
                                        "text:[\"9223372036854775807\"]" };
    const nts_schema_t *schema;
    nts_value_t *values;
    nts_answer_t *before;
    nts_answer_t *answer;
    apr_size_t i;

    begin_pg("lists",
             "CREATE TYPE mood AS ENUM ('sad', 'so, so'); CREATE EXTENSION citext;"
             "CREATE DOMAIN words AS text[];"
             "CREATE TABLE lists (id integer PRIMARY KEY, t text, f mood[], c citext[], w words, u "
             "uuid[], v varchar(9)[], padded char(4)[], n integer[], b bigint[], d numeric[]);"
             "INSERT INTO lists VALUES (1, 'x', '{sad,\"so, so\"}', '{A}', '{x,\"y z\"}', "
             "'{6F9619FF-8B86-D011-B42D-00C04FC964FF}', '{}', NULL, '{-17,2147483647}', "
             "'{9223372036854775807}')");
    m = mapping_of("lists", NULL, "t", "f", "c", "w", "u", "v", "n", "b", NULL);
    provision(m);
    before = perform_kind(NTS_ASK_DESCRIBE, m);
    schema = before->schema;
    tap_str(result_of(before), "ok", "a table with arrays");
    tap_int(schema->fields[2].type.option_count, 2, "an array of an enum has its labels");
    tap_int(schema->fields[3].type.option_count, 0, "one of texts has none");
    tap_int(schema->fields[7].type.kind, NTS_TYPE_UNSUPPORTED, "one of padded texts holds none");
    tap_ok(schema->fields[8].type.list && schema->fields[8].type.whole,
           "one of whole numbers is a list of such");
    tap_ok(!schema->fields[3].type.whole, "as one of texts is not");
    tap_int(schema->fields[10].type.kind, NTS_TYPE_UNSUPPORTED,
            "one of other numbers holds nothing, too");
    values = values_of(m);
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        int pair = pair_of(names[i]);

        answer = read_row(m, "1");
        tap_str(value_of(answer, pair), seen[i], "%s is read", names[i]);
        values[pair] = answer->record->values[pair];
    }
    values[pair_of("v")] = nts_value_text("[\"a\",\"b\\\"c\"]");
    values[pair_of("b")] = nts_value_text("[\"17\",\"-4\"]");
    answer = write_values(NTS_ASK_UPDATE, "1", values);
    tap_str(result_of(answer), "ok", "all of them are written");
    tap_str(pg_text(pg, "SELECT concat_ws(' ', f, c, w, u, v, n, b) FROM lists"),
            "{sad,\"so, so\"} {A} {x,\"y z\"} {6f9619ff-8b86-d011-b42d-00c04fc964ff} "
            "{a,\"b\\\"c\"} {-17,2147483647} {17,-4}",
            "as they were");
    values[pair_of("n")] = nts_value_text("[\"2147483648\"]");
    answer = write_values(NTS_ASK_UPDATE, "1", values);
    tap_str(result_of(answer), "refused sql.refused",
            "a number that the elements do not take is refused");
    tap_str(field_of(answer), "n", "by name");
    pg_run(pg, "ALTER TYPE mood RENAME VALUE 'sad' TO 'low'; ALTER TABLE lists ADD more text");
    answer = perform_kind(NTS_ASK_DESCRIBE, m);
    tap_str(answer->schema->fields[2].type.options[0].name, "low", "a label that was renamed");
    tap_str(schema->fields[2].type.options[0].name, "sad",
            "what was told before stays what it was for who still holds it");
    end_pg();
}

/* --- required */

static void test_required(void)
{
    nts_value_t *values;
    nts_answer_t *answer;

    begin_pg("required",
             "CREATE TABLE people (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, t text, "
             "email text NOT NULL, plan text NOT NULL DEFAULT 'free', twice integer GENERATED "
             "ALWAYS AS (length(email) * 2) STORED, site text NOT NULL DEFAULT 'x');"
             "ALTER TABLE people ADD hidden text");
    m = mapping_of("people", NULL, "t", "email", "plan", "twice", NULL);
    provision(m);
    values = values_of(m);
    values[0] = nts_value_text("Ada");
    values[2] = nts_value_null;
    answer = write_values(NTS_ASK_CREATE, NULL, values);
    tap_str(result_of(answer), "refused sql.required", "a record that lacks what must be there");
    tap_str(field_of(answer), "email", "waits for it, by name");
    tap_int(answer->outcome.remedy, NTS_REMEDY_WAIT, "until it is edited");
    tap_ok(answer->outcome.advice && strstr(answer->outcome.advice, "\"email\"") != NULL,
           "and says what to fill in: %s", answer->outcome.advice);
    values[1] = nts_value_text("a@x");
    answer = write_values(NTS_ASK_CREATE, NULL, values);
    tap_str(result_of(answer), "ok", "then it is made");
    tap_str(value_of(answer, 2), "text:free", "an empty value takes the DEFAULT");
    tap_str(value_of(answer, 3), "number:6", "what is generated is read back");
    pg_run(pg, "ALTER TABLE people ADD boss text NOT NULL DEFAULT 'b'; "
               "ALTER TABLE people ALTER boss DROP DEFAULT");
    provision(m);
    answer = write_values(NTS_ASK_CREATE, NULL, values);
    tap_str(field_of(answer), "boss", "a column that nobody mapped");
    tap_ok(answer->outcome.advice && strstr(answer->outcome.advice, "DEFAULT") != NULL,
           "wants other help: %s", answer->outcome.advice);
    end_pg();
}

/* --- keys */

static const char *listed(int limit)
{
    nts_ask_t ask = ask_of(NTS_ASK_LIST, m);
    const char *all = NULL;

    ask.listing.limit = limit;
    do {
        nts_answer_t *answer = perform(&ask);
        int i;

        for (i = 0; i < answer->record_count; i++) {
            all = apr_pstrcat(pool, all ? all : "", all ? " " : "", answer->records[i].id, NULL);
        }
        ask.listing.cursor = answer->cursor;
    } while (ask.listing.cursor);
    return all;
}

static void test_keys(void)
{
    nts_value_t *values;
    nts_answer_t *answer;

    begin_pg(
        "spelling",
        "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = "
        "false); CREATE COLLATION german (provider = icu, locale = 'de');"
        "CREATE TYPE size AS ENUM ('small', 'large');"
        "CREATE TABLE l (k text COLLATE loose PRIMARY KEY, t text);"
        "INSERT INTO l VALUES ('ABC', 'x'), ('b', 'y'), ('a', 'z');"
        "CREATE TABLE g (k text COLLATE german PRIMARY KEY, t text);"
        "INSERT INTO g VALUES ('\xc3\x84', 'x'), ('b', 'y'), ('a', 'z'), ('B', 'u'), ('', 'v');"
        "CREATE TABLE e (k size PRIMARY KEY, t text);"
        "INSERT INTO e VALUES ('large', 'x'), ('small', 'y');"
        "CREATE TABLE u (k uuid PRIMARY KEY, t text);"
        "INSERT INTO u VALUES ('6F9619FF-8B86-D011-B42D-00C04FC964FF', 'x');"
        "CREATE TABLE two (a char(4), b bigint, t text, PRIMARY KEY (a, b));"
        "INSERT INTO two VALUES ('x', 1, 'p'), ('x', 2, 'q'), ('xy', 1, 'r');"
        "CREATE EXTENSION citext; CREATE TABLE c (k citext PRIMARY KEY, t text);"
        "INSERT INTO c VALUES ('Ada', 'x')");
    m = mapping_of("l", NULL, "k", "t", NULL);
    provision(m);
    tap_str(listed(1), "a ABC b", "in the order of a collation without case, page by page");
    tap_str(result_of(read_row(m, "abc")), "gone", "another case is another key");
    values = values_of(m);
    values[0] = nts_value_text("abc");
    answer = write_values(NTS_ASK_CREATE, NULL, values);
    tap_str(result_of(answer), "refused sql.constraint", "though there is room for one only");
    tap_str(answer->outcome.blocker, "ABC", "and the other is named");
    m = mapping_of("g", NULL, "t", NULL);
    provision(m);
    tap_str(listed(2), " a \xc3\x84 b B", "in the order of a language, an empty key first");
    tap_str(value_of(read_row(m, ""), 0), "text:v", "which is a key");
    m = mapping_of("e", NULL, "t", NULL);
    provision(m);
    tap_str(listed(1), "small large", "in the order of an enum");
    tap_str(result_of(read_row(m, "huge")), "gone", "which no other word is of");
    m = mapping_of("u", NULL, "t", NULL);
    provision(m);
    tap_str(listed(1), "6f9619ff-8b86-d011-b42d-00c04fc964ff", "a uuid, as the server writes it");
    tap_str(result_of(read_row(m, "6F9619FF-8B86-D011-B42D-00C04FC964FF")), "gone",
            "and in no other way");
    m = mapping_of("two", NULL, "t", NULL);
    provision(m);
    tap_str(listed(1), "[\"x\",\"1\"] [\"x\",\"2\"] [\"xy\",\"1\"]", "padded and composite");
    tap_str(value_of(read_row(m, "[\"x\",\"2\"]"), 0), "text:q", "is found without its padding");
    pg_run(pg, "UPDATE two SET a = 'z' WHERE t = 'q'");
    tap_str(entries(changes_after(m, 0)), "k[\"z\",\"2\"]<[\"x\",\"2\"]", "and followed so");
    m = mapping_of("c", NULL, "t", NULL);
    provision(m);
    tap_str(value_of(read_row(m, "Ada"), 0), "text:x", "citext");
    tap_str(result_of(read_row(m, "ADA")), "gone", "in its own spelling");
    end_pg();
}

int main(void)
{
    begin_tests();
    if (begin_server()) {
        test_unfit();
        test_unsupported();
        test_lists();
        test_required();
        test_keys();
        end_server();
    }
    else {
        tap_skip(1, "PostgreSQL is not installed (on Debian: apt-get install postgresql)");
    }
    end_tests();
    return tap_done();
}
