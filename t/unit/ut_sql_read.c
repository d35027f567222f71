/* Proves that rows are read as what they are: every declared type with fitting and unfitting values,
 * keys of one and several columns, pages in order of the key, hostile names and values. */
#include <stdlib.h>

#include "sql_kit.h"
#include "tap/tap.h"

static void test_types(void)
{
    static const struct {
        const char *type;
        const char *stored; /* an SQL expression */
        const char *value;
    } cases[] = {
        { "TEXT", "'Ada'", "text:Ada" },
        { "TEXT", "''", "text:" },
        { "TEXT", "NULL", "null" },
        { "TEXT", "12", "text:12" },
        { "TEXT", "x'00ff'", "opaque:a BLOB of 2 bytes in a column of type TEXT" },
        { "TEXT", "CAST(x'ff' AS TEXT)",
          "opaque:1 bytes of text that is not UTF-8 in a column of type TEXT" },
        { "TEXT", "CAST(x'610062' AS TEXT)",
          "opaque:3 bytes of text that is not UTF-8 in a column of type TEXT" },
        { "TEXT", "replace(hex(zeroblob(2500000)), '0', 'a')",
          "opaque:5000000 bytes of text that is too long in a column of type TEXT" },
        { "", "12.5", "text:12.5" },
        { "", "x'00'", "opaque:a BLOB of 1 bytes in a column of type TEXT" },
        { "JSON", "'{\"a\":1}'", "text:{\"a\":1}" },
        { "STRING", "'007'", "text:7" },
        { "INTEGER", "42", "number:42" },
        { "INTEGER", "-9223372036854775808", "number:-9223372036854775808" },
        { "INTEGER", "'42'", "number:42" },
        { "INTEGER", "4.5", "opaque:the number 4.5 in a column of type INTEGER" },
        { "INTEGER", "'many'", "opaque:the text \"many\" in a column of type INTEGER" },
        { "INTEGER", "x'31'", "opaque:a BLOB of 1 bytes in a column of type INTEGER" },
        { "INTEGER", "1e20", "number:100000000000000000000" },
        { "REAL", "0.1", "number:0.1" },
        { "REAL", "3", "number:3" },
        { "REAL", "1e300", "opaque:none" },
        { "REAL", "9e999", "opaque:an infinite number in a column of type REAL" },
        { "DECIMAL(10,2)", "19.99", "number:19.99" },
        { "DECIMAL(10,2)", "'n/a'", "opaque:the text \"n/a\" in a column of type DECIMAL(10,2)" },
        { "BOOLEAN", "1", "bool:true" },
        { "BOOLEAN", "0", "bool:false" },
        { "BOOLEAN", "2", "opaque:the integer 2 in a column of type BOOLEAN" },
        { "BOOLEAN", "'t'", "opaque:the text \"t\" in a column of type BOOLEAN" },
        { "DATE", "'2026-02-28'", "date:2026-02-28" },
        { "DATE", "'2026-02-30'", "opaque:the text \"2026-02-30\" in a column of type DATE" },
        { "DATE", "'2026-02-28 10:00:00'",
          "opaque:the text \"2026-02-28 10:00:00\" in a column of type DATE" },
        { "DATE", "1766000000", "opaque:the integer 1766000000 in a column of type DATE" },
        { "DATETIME", "'2026-07-01 12:00:00'", "date:2026-07-01T10:00:00Z" },
        { "DATETIME", "'2026-01-01 12:00:00'", "date:2026-01-01T11:00:00Z" },
        { "DATETIME", "'2026-07-01 12:00:00.250'", "date:2026-07-01T10:00:00.25Z" },
        { "DATETIME", "'2026-07-01T12:00'", "date:2026-07-01T10:00:00Z" },
        { "DATETIME", "'2026-07-01T12:00:00Z'", "date:2026-07-01T12:00:00Z" },
        { "DATETIME", "'2026-07-01 12:00:00.123456789+05:30'", "date:2026-07-01T06:30:00.123456Z" },
        { "DATETIME", "'2026-07-01 12:00:00 +0530'", "date:2026-07-01T06:30:00Z" },
        { "DATETIME", "'2026-07-01 12:00:00 UTC'", "date:2026-07-01T12:00:00Z" },
        { "DATETIME", "'2026-07-01'", "date:2026-06-30T22:00:00Z" },
        { "DATETIME", "'2026-07-01 12:00:00 '",
          "opaque:the text \"2026-07-01 12:00:00 \" in a column of type DATETIME" },
        { "DATETIME", "'2026-07-01 12:00:00 1'",
          "opaque:the text \"2026-07-01 12:00:00 1\" in a column of type DATETIME" },
        { "DATETIME", "'yesterday'", "opaque:the text \"yesterday\" in a column of type DATETIME" },
        { "DATETIME", "1766000000", "opaque:the integer 1766000000 in a column of type DATETIME" },
        { "TIMESTAMPTZ", "'2026-07-01 12:00:00+02'", "date:2026-07-01T10:00:00Z" },
        { "BLOB", "x'00'", "opaque:a BLOB of 1 bytes in a column of type BLOB" },
        { "BLOB", "NULL", "null" },
    };
    size_t i;

    begin_database("values.db", "");
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *table = apr_psprintf(pool, "t%d", (int)i);
        nts_mapping_t *m = mapping_of(table, NULL, "v", NULL);
        nts_answer_t *answer;

        m->timezone = "Europe/Berlin";
        app_run(apr_psprintf(pool,
                             "CREATE TABLE %s (id INTEGER PRIMARY KEY, v %s);"
                             "INSERT INTO %s VALUES (1, %s)",
                             table, cases[i].type, table, cases[i].stored));
        answer = read_row(m, "1");
        if (strcmp(cases[i].value, "opaque:none") == 0) {
            tap_int(answer->record->values[0].kind, NTS_VALUE_NUMBER, "%s in %s is a number",
                    cases[i].stored, cases[i].type);
            continue;
        }
        tap_str(value_of(answer, 0), cases[i].value, "%s in %s", cases[i].stored, cases[i].type);
    }
    end_database();
}

static void test_reading(void)
{
    nts_mapping_t *m;
    nts_answer_t *answer;
    nts_ask_t ask;
    apr_time_t before = apr_time_now();

    begin_database("reading.db", "CREATE TABLE deals (id INTEGER PRIMARY KEY, name TEXT, r REAL, "
                                 "raw BLOB, g AS (id * 2));"
                                 "INSERT INTO deals VALUES (1, 'Ada', 1.0, x'0f')");
    m = mapping_of("deals", NULL, "NAME", "gone", NULL);
    answer = read_row(m, "2");
    tap_str(result_of(answer), "missing sql.not_provisioned",
            "without an instance id a missing row proves nothing");
    tap_str(value_of(read_row(m, "1"), 0), "text:Ada", "though rows can be read");
    provision(m);
    answer = read_row(m, "1");
    tap_str(value_of(answer, 0), "text:Ada", "columns are found in any case");
    tap_str(value_of(answer, 1), "absent", "a column that is not there is not read");
    tap_ok(answer->record->changed == 0 && !answer->record->intent, "no change is known");
    tap_ok(answer->sent_at >= before && answer->answered_at >= answer->sent_at, "times");
    app_run("UPDATE deals SET name = 'Bob'");
    answer = read_row(m, "1");
    tap_ok(answer->record->changed >= before - 1000 && answer->record->changed <= apr_time_now(),
           "the row's last change, read with it");
    tap_str(result_of(read_row(m, "2")), "gone", "a missing row is a proof now");
    tap_str(result_of(read_row(m, "01")), "gone", "01 is another key than 1");
    tap_str(result_of(read_row(m, "1 OR 1=1")), "gone", "a key is a value and nothing else");

    ask = ask_of(NTS_ASK_READ, m);
    ask.id = "1";
    ask.want_image = 1;
    tap_str(perform(&ask)->record->image,
            "{\"id\":1,\"name\":\"Bob\",\"r\":1.0,\"raw\":{\"blob\":\"0f\"}}", "the whole row");

    app_run("ALTER TABLE deals DROP COLUMN g");
    m->pairs[1].domain = (const nts_domain_t *)"bound";
    answer = read_row(m, "1");
    tap_str(result_of(answer), "blocked sql.schema", "a bound column that went away");
    tap_str(answer->outcome.field, "gone", "is named");
    end_database();
}

static void test_many(void)
{
    nts_mapping_t *m;
    nts_ask_t ask;
    nts_answer_t *answer;
    const char **ids = apr_pcalloc(pool, 2000 * sizeof(*ids));
    const char *cursor = NULL;
    int seen = 0;
    int pages = 0;
    int ordered = 1;
    apr_int64_t last = 0;

    begin_database("many.db", "CREATE TABLE deals (id INTEGER PRIMARY KEY, name TEXT);"
                              "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                              "WHERE i < 10000) INSERT INTO deals SELECT i * 3, 'n' || i FROM n");
    m = mapping_of("deals", NULL, "name", NULL);
    provision(m);

    for (int i = 0; i < 2000; i++) {
        ids[i] = apr_psprintf(pool, "%d", i + 1);
    }
    ask = ask_of(NTS_ASK_READ_MANY, m);
    ask.ids = ids;
    ask.id_count = 2000;
    answer = perform(&ask);
    tap_int(answer->record_count, 666, "every third of 2,000 keys is there");

    ask = ask_of(NTS_ASK_LIST, m);
    do {
        ask.listing.cursor = cursor;
        answer = perform(&ask);
        for (int i = 0; i < answer->record_count; i++) {
            apr_int64_t id = 0;

            id = strtoll(answer->records[i].id, NULL, 10);
            ordered &= id > last;
            last = id;
        }
        seen += answer->record_count;
        pages++;
        cursor = answer->cursor;
    } while (cursor && pages < 20);
    tap_int(seen, 10000, "10,000 rows are listed");
    tap_ok(ordered, "in order of the key");
    tap_int(pages, 11, "a thousand at a time");
    tap_int(answer->complete, 1, "and the end is proven");

    ask.listing.limit = 7;
    ask.listing.cursor = "29";
    answer = perform(&ask);
    tap_int(answer->record_count, 7, "a smaller page");
    tap_str(answer->records[0].id, "30", "begins after the cursor");
    tap_str(answer->cursor, "48", "and ends with a new one");
    tap_int(answer->complete, 0, "not complete");

    app_run("UPDATE deals SET name = replace(hex(zeroblob(500000)), '00', 'x') WHERE id < 100");
    ask.listing.limit = 0;
    ask.listing.cursor = NULL;
    answer = perform(&ask);
    tap_ok(answer->record_count > 1 && answer->record_count < 40 && answer->cursor != NULL,
           "large rows end a page early: %d", answer->record_count);
    end_database();
}

static const char *listed(const nts_mapping_t *m, int limit)
{
    const char *text = "";
    nts_ask_t ask = ask_of(NTS_ASK_LIST, m);
    nts_answer_t *answer;

    ask.listing.limit = limit;
    do {
        answer = perform(&ask);
        for (int i = 0; i < answer->record_count; i++) {
            text = apr_pstrcat(pool, text, *text ? " " : "", answer->records[i].id, NULL);
        }
        ask.listing.cursor = answer->cursor;
    } while (answer->cursor);
    return text;
}

static void test_keys(void)
{
    nts_mapping_t *m;
    const char *ids[] = { "[\"a\",\"2\"]", "[\"b\",\"1\"]", "[\"x\"]", "nonsense",
                          "[\"a\",\"3\"]" };
    nts_ask_t ask;

    begin_database("keys.db",
                   "CREATE TABLE two (a TEXT, b INTEGER, v TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;"
                   "INSERT INTO two VALUES ('a', 2, 'a2'), ('a', 10, 'a10'), ('b', 1, 'b1');"
                   "CREATE TABLE nocase (k TEXT COLLATE NOCASE PRIMARY KEY, v);"
                   "INSERT INTO nocase VALUES ('b', 1), ('A', 2), ('c', 3), (NULL, 4), (x'01', 5);"
                   "CREATE TABLE exact (k TEXT NOT NULL COLLATE NOCASE, v);"
                   "CREATE UNIQUE INDEX exact_k ON exact (k COLLATE BINARY);"
                   "INSERT INTO exact VALUES ('b', 1), ('B', 2), ('a', 3), ('A', 4);"
                   "CREATE TABLE code (k NUMERIC PRIMARY KEY, v);"
                   "INSERT INTO code VALUES (7, 'n'), ('x7', 't'), ('010', 'o')");
    m = mapping_of("two", NULL, "v", NULL);
    provision(m);
    tap_str(listed(m, 2), "[\"a\",\"2\"] [\"a\",\"10\"] [\"b\",\"1\"]", "a key of two columns");
    tap_str(value_of(read_row(m, "[\"a\",\"10\"]"), 0), "text:a10", "one of them");
    tap_str(result_of(read_row(m, "[\"a\",\"11\"]")), "gone", "one that is not there");
    tap_str(result_of(read_row(m, "a")), "refused sql.key", "no key of this table");
    tap_str(result_of(read_row(m, "[\"a\",10]")), "refused sql.key", "parts are texts");
    ask = ask_of(NTS_ASK_READ_MANY, m);
    ask.ids = ids;
    ask.id_count = 5;
    tap_int(perform(&ask)->record_count, 2, "several of them, others are missing in the answer");

    m = mapping_of("nocase", NULL, "v", NULL);
    tap_str(listed(m, 1), "A b c", "a key without case; NULL and BLOB are no keys");
    tap_str(value_of(read_row(m, "A"), 0), "text:2", "by its exact spelling");
    tap_str(result_of(read_row(m, "a")), "gone", "and by no other");

    m = mapping_of("exact", "k", "v", NULL);
    tap_str(listed(m, 1), "A B a b", "the order is the unique index's, so none is passed over");
    tap_str(value_of(read_row(m, "B"), 0), "text:2", "B is not b");

    m = mapping_of("code", NULL, "v", NULL);
    tap_str(listed(m, 1), "7 10 x7", "numbers and texts in one key");
    tap_str(value_of(read_row(m, "10"), 0), "text:o", "as the database keeps them");
    end_database();
}

static const char *found(const nts_mapping_t *m, const nts_value_t *values)
{
    nts_ask_t ask = ask_of(NTS_ASK_FIND, m);
    nts_answer_t *answer;
    const char *text = "";

    ask.values = values;
    answer = perform(&ask);
    for (int i = 0; i < answer->record_count; i++) {
        text = apr_pstrcat(pool, text, *text ? " " : "", answer->records[i].id, NULL);
    }
    return answer->result == NTS_RESULT_OK ? text : result_of(answer);
}

static void test_find(void)
{
    nts_mapping_t *m;
    nts_value_t *v;

    begin_database("find.db",
                   "CREATE TABLE deals (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE, n REAL, "
                   "at DATETIME, loose);"
                   "INSERT INTO deals VALUES (1, 'Ada', 1.5, '2026-07-01 12:00:00', 7),"
                   "(2, 'ada', 2, '2026-07-01T10:00:00.000Z', '7'),"
                   "(3, '', NULL, '2026-07-02 01:00:00', NULL),"
                   "(4, NULL, 2, NULL, ''), (5, 'Ada', 1.5, '2026-07-01T18:00+08:00', 'x')");
    m = mapping_of("deals", NULL, "name", "n", "at", "loose", NULL);
    m->timezone = "Europe/Berlin";
    provision(m);
    v = values_of(m);
    tap_str(found(m, v), "1 2 3 4 5", "no condition");
    v[0] = nts_value_text("Ada");
    tap_str(found(m, v), "1 5", "a text, exactly");
    v[0] = nts_value_null;
    tap_str(found(m, v), "3 4", "null and empty text are one");
    v = values_of(m);
    v[1] = number_of("2");
    tap_str(found(m, v), "2 4", "a number");
    v[2] = nts_value_null;
    tap_str(found(m, v), "4", "two conditions");
    v = values_of(m);
    v[2] = date_of("2026-07-01T10:00:00Z");
    tap_str(found(m, v), "1 2 5", "an instant, however it is spelled");
    v = values_of(m);
    v[3] = nts_value_text("7");
    tap_str(found(m, v), "1 2", "a column without a type");
    v[3] = nts_value_text("x' OR '1'='1");
    tap_str(found(m, v), "", "a value is a value");
    v = values_of(m);
    v[1] = nts_value_bool(1);
    v[1] = date_of("2026-07-01");
    tap_str(found(m, v), "", "what the column cannot hold");
    end_database();
}

#define EVIL "Robert\"); DROP TABLE x;--'%s $1 ?1"

static void test_hostile_names(void)
{
    const char *table = "we\"ird 'töble'; --";
    const char *column = "select \"a\", 'ü' ]`[";
    nts_mapping_t *m;
    nts_answer_t *answer;
    nts_ask_t ask;

    begin_database("hostile.db",
                   "CREATE TABLE \"we\"\"ird 'töble'; --\" (\"key \"\"k\"\"\" TEXT PRIMARY KEY, "
                   "\"select \"\"a\"\", 'ü' ]`[\" TEXT, rowid TEXT, \"order\" INTEGER)");
    m = mapping_of(table, NULL, column, "rowid", "order", NULL);
    provision(m);
    tap_int(perform_kind(NTS_ASK_DESCRIBE, m)->schema->provisioned, 1, "hostile names are names");
    ask = ask_of(NTS_ASK_CREATE, m);
    ask.id = EVIL;
    ask.intent = "intent-1";
    ask.values = values_of(m);
    ((nts_value_t *)ask.values)[0] = nts_value_text(EVIL);
    ((nts_value_t *)ask.values)[1] = nts_value_text("\xF0\x9F\x98\x80 %n");
    answer = perform(&ask);
    tap_str(result_of(answer), "ok", "hostile values are values");
    tap_str(answer->id, EVIL, "so is the key");
    answer = read_row(m, EVIL);
    tap_str(value_of(answer, 0), "text:" EVIL, "read back");
    tap_str(value_of(answer, 1), "text:\xF0\x9F\x98\x80 %n", "beyond the basic plane");
    tap_str(answer->record->intent, "intent-1", "our own write");
    app_run("DELETE FROM \"we\"\"ird 'töble'; --\"");
    answer = changes_after(m, 0);
    tap_str(entries(answer), "i" EVIL "@intent-1 d" EVIL, "and in the log");
    tap_ok(strstr(answer->changes[1].image, "\"select \\\"a\\\", 'ü' ]`[\":\"Robert\\\"); DROP"),
           "and in the image");
    end_database();
}

/* S1, seed 63248 of the simulation: the last entry of a row tells nothing of what came after it while the triggers were missing. */
static void test_missed(void)
{
    nts_mapping_t *m;
    apr_time_t missed;

    begin_database("missed.db", "CREATE TABLE deals (id INTEGER PRIMARY KEY, name TEXT);"
                                "INSERT INTO deals VALUES (1, 'Ada'), (2, 'Eve')");
    m = mapping_of("deals", NULL, "name", NULL);
    provision(m);
    app_run("UPDATE deals SET name = 'Bob' WHERE id = 1; UPDATE _notionsync_change SET at = 5000");
    tap_ok(read_row(m, "1")->record->changed == 5000 * 1000, "what was told of bears its time");
    app_run("DROP TRIGGER _notionsync_update_deals; UPDATE deals SET name = 'Eve'");
    provision(m);
    app_run("UPDATE _notionsync_change SET at = 9000 WHERE op = 't'");
    missed = read_row(m, "1")->record->changed;
    tap_ok(missed == 9000 * 1000, "a row may have changed until its triggers were there again");
    tap_ok(read_row(m, "2")->record->changed == 0, "no entry is none");
    app_run("UPDATE deals SET name = 'Ada' WHERE id = 1");
    tap_ok(read_row(m, "1")->record->changed > missed, "and what is told of since bears its time");
    end_database();
}

int main(void)
{
    begin_tests();
    test_types();
    test_reading();
    test_many();
    test_keys();
    test_find();
    test_hostile_names();
    test_missed();
    end_tests();
    return tap_done();
}
