/* Proves: which types go together, what survives on the way through the common domain and what is said when
 * it does not, and by seeded chance: what was rendered projects to the same value, and equality in a domain
 * is an equivalence. */
#include <stdlib.h>

#include "model/nts_domain.h"
#include "tap/tap.h"
#include "unit/ut_random.h"
#include "unit/ut_values.h"

static apr_pool_t *pool;

static const nts_option_t stages[] = { { "i1", "Open" }, { "i2", "Won" }, { "i3", "Lost, sadly" } };

/* Types as the two sides describe them. */
static const nts_type_t types[] = {
    { .kind = NTS_TYPE_TEXT, .native = "rich_text", .nullable = 1, .max_length = 200000 },
    { .kind = NTS_TYPE_TEXT, .native = "url", .nullable = 1, .max_length = 2000 },
    { .kind = NTS_TYPE_TEXT, .native = "unique_id", .computed = 1, .serial = 1 },
    { .kind = NTS_TYPE_NUMBER, .native = "number", .nullable = 1, .binary = 1 },
    { .kind = NTS_TYPE_BOOL, .native = "checkbox" },
    { .kind = NTS_TYPE_DATE, .native = "date", .nullable = 1, .scale = 3, .zoned = 1 },
    { .kind = NTS_TYPE_INSTANT, .native = "created_time", .computed = 1, .whole = 1, .zoned = 1 },
    { .kind = NTS_TYPE_OPTION,
      .native = "select",
      .nullable = 1,
      .options = stages,
      .option_count = 3,
      .options_open = 1 },
    { .kind = NTS_TYPE_OPTION,
      .native = "status",
      .nullable = 1,
      .options = stages,
      .option_count = 2 },
    { .kind = NTS_TYPE_SET,
      .native = "multi_select",
      .nullable = 1,
      .options = stages,
      .option_count = 3,
      .options_open = 1 },
    { .native = "button" },
    { .kind = NTS_TYPE_TEXT,
      .native = "formula",
      .nullable = 1,
      .computed = 1,
      .varying = 1,
      .binary = 1 },
    { .kind = NTS_TYPE_FILES, .native = "files", .nullable = 1, .max_members = 3 },
    { .kind = NTS_TYPE_PLACE, .native = "place", .nullable = 1, .one_way = 1 },
    { .kind = NTS_TYPE_TEXT, .native = "TEXT", .nullable = 1 },
    { .kind = NTS_TYPE_TEXT, .native = "TEXT NOT NULL" },
    { .kind = NTS_TYPE_TEXT, .native = "VARCHAR(5)", .nullable = 1, .max_length = 5 },
    { .kind = NTS_TYPE_NUMBER, .native = "INTEGER", .nullable = 1, .whole = 1 },
    { .kind = NTS_TYPE_NUMBER, .native = "INTEGER NOT NULL", .whole = 1 },
    { .kind = NTS_TYPE_NUMBER, .native = "REAL", .nullable = 1, .binary = 1 },
    { .kind = NTS_TYPE_NUMBER, .native = "NUMERIC", .nullable = 1 },
    { .kind = NTS_TYPE_NUMBER,
      .native = "DECIMAL(6,2)",
      .nullable = 1,
      .precision = 6,
      .scale = 2 },
    { .kind = NTS_TYPE_NUMBER,
      .native = "DECIMAL(2,2)",
      .nullable = 1,
      .precision = 2,
      .scale = 2 },
    { .kind = NTS_TYPE_BOOL, .native = "BOOLEAN", .nullable = 1 },
    { .kind = NTS_TYPE_DAY, .native = "DATE", .nullable = 1 },
    { .kind = NTS_TYPE_INSTANT, .native = "TIMESTAMP", .nullable = 1 },
    { .kind = NTS_TYPE_INSTANT, .native = "TIMESTAMPTZ", .nullable = 1, .zoned = 1 },
    { .kind = NTS_TYPE_SET, .native = "TEXT[]", .nullable = 1, .options_open = 1 },
    { .kind = NTS_TYPE_TEXT, .native = "CHAR(5)", .nullable = 1, .max_length = 5, .padded = 1 },
    { .kind = NTS_TYPE_NUMBER, .native = "FLOAT", .nullable = 1, .binary = 1, .single = 1 },
    { .kind = NTS_TYPE_TEXT,
      .native = "SET(open,won)",
      .nullable = 1,
      .list = 1,
      .options = stages,
      .option_count = 2 },
};
#define TYPE_COUNT ((int)(sizeof(types) / sizeof(types[0])))
#define NOTION_COUNT 14

static const nts_type_t *type_named(const char *native)
{
    for (int i = 0; i < TYPE_COUNT; i++) {
        if (strcmp(types[i].native, native) == 0) {
            return &types[i];
        }
    }
    abort();
}

/* Words of a directive: "lossy create csv zone". */
static nts_domain_options_t options_of(const char *words)
{
    nts_domain_options_t options = { 0 };

    options.lossy_accept = strstr(words, "lossy") != NULL;
    options.options_create[NTS_NOTION] = strstr(words, "create") != NULL;
    options.format = strstr(words, "csv")        ? NTS_FORMAT_CSV
                     : strstr(words, "plain")    ? NTS_FORMAT_PLAIN
                     : strstr(words, "json")     ? NTS_FORMAT_JSON
                     : strstr(words, "array")    ? NTS_FORMAT_ARRAY
                     : strstr(words, "markdown") ? NTS_FORMAT_MARKDOWN
                                                 : NTS_FORMAT_DEFAULT;
    options.timezone = strstr(words, "zone") ? "Europe/Berlin" : NULL;
    return options;
}

static const nts_domain_t *make(const char *notion, const char *external, const char *words,
                                nts_outcome_t *out)
{
    const nts_type_t *pair[2] = { type_named(notion), type_named(external) };
    nts_domain_options_t options = options_of(words);
    const nts_domain_t *domain = NULL;

    (void)nts_domain_make(&domain, pair, &options, out, pool);
    return domain;
}

/* Which pairs exist: a row a Notion type, a column an external type; '.' none. */
static void test_pairs(void)
{
    static const char *const table[NOTION_COUNT] = {
        /*                 TEXT..5 ..INTEGER..  numeric  bool day ts tstz set, char float SET */
        /* rich_text    */ "TTT"
                           "NNNNNN"
                           "BDDDSTNT",
        /* url          */
        "TTT"
        "NNNNNN"
        "BDDDSTNT",
        /* unique_id    */
        "TTT"
        "NNNNNN"
        "BDDDSTNT",
        /* number       */
        "NNN"
        "NNNNNN"
        "B....NN.",
        /* checkbox     */
        "BBB"
        "BBBBBB"
        "B....BB.",
        /* date         */
        "DDD"
        "......"
        ".DDD.D..",
        /* created_time */
        "DDD"
        "......"
        "..DD.D..",
        /* select       */
        "OOO"
        "......"
        ".....O..",
        /* status       */
        "OOO"
        "......"
        ".....O..",
        /* multi_select */
        "SSS"
        "......"
        "....SS.S",
        /* button       */
        "..."
        "......"
        "........",
        /* formula      */
        "TTT"
        "NNNNNN"
        "BDDDSTNT",
        /* files        */
        "SSS"
        "......"
        ".....S..",
        /* place        */
        "PPP"
        "......"
        ".....P..",
    };

    for (int n = 0; n < NOTION_COUNT; n++) {
        for (int e = NOTION_COUNT; e < TYPE_COUNT; e++) {
            char family = table[n][e - NOTION_COUNT];
            nts_outcome_t out = { 0 };
            const nts_domain_t *domain = make(types[n].native, types[e].native, "", &out);
            int is_as_told = (domain != NULL) == (family != '.') &&
                             (!domain || nts_domain_is_set(domain) == (family == 'S'));

            if (!tap_ok(is_as_told, "%s and %s: %c", types[n].native, types[e].native, family)) {
                tap_diag("%s", out.what ? out.what : "made");
            }
            if (!domain) {
                tap_ok(out.what && strstr(out.what, types[n].native) && out.advice &&
                           out.remedy == NTS_REMEDY_PERSON,
                       "the outcome names %s and says what to do", types[n].native);
            }
        }
    }
}

static void test_options(void)
{
    nts_outcome_t out = { 0 };

    tap_ok(!make("rich_text", "TEXT", "csv", &out), "format=csv is for sets");
    tap_str(out.code, "field.format", "and says so");
    tap_ok(!make("multi_select", "TEXT", "plain", &out), "format=plain is not");
    tap_ok(make("rich_text", "TEXT", "plain", &out) != NULL, "but for texts");
    tap_ok(!make("multi_select", "TEXT", "array", &out),
           "format=array is for columns that hold lists");
    tap_ok(strstr(out.advice, "format=json") != NULL, "and others are named: %s", out.advice);
    tap_ok(make("multi_select", "SET(open,won)", "array", &out) != NULL, "for those it is");
    tap_ok(!make("multi_select", "SET(open,won)", "csv", &out), "which take no other");
    tap_ok(strstr(out.advice, "format=array") != NULL, "and say so: %s", out.advice);
    tap_ok(!make("multi_select", "SET(open,won)", "plain", &out), "nor plain");
    tap_ok(!make("multi_select", "SET(open,won)", "json", &out), "nor json");
    tap_ok(make("rich_text", "TEXT", "markdown", &out) != NULL, "format=markdown is for texts");
    for (int i = 0; i < 5; i++) {
        static const char *const pairs[][2] = { { "url", "TEXT" },
                                                { "multi_select", "TEXT" },
                                                { "rich_text", "SET(open,won)" },
                                                { "rich_text", "INTEGER" },
                                                { "number", "TEXT" } };

        tap_ok(!make(pairs[i][0], pairs[i][1], "markdown", &out) && out.advice &&
                   strstr(out.advice, "Markdown is for") && !strcmp(out.code, "field.format"),
               "%s and %s: it is not", pairs[i][0], pairs[i][1]);
    }
    for (int i = 0; i < 4; i++) {
        static const char *const pairs[][2] = { { "files", "csv" },
                                                { "files", "plain" },
                                                { "multi_select", "json" },
                                                { "multi_select", "array" } };

        tap_ok(!make(pairs[i][0], pairs[i][0], pairs[i][1], &out) &&
                   !strcmp(out.code, "field.format") && strstr(out.advice, "neither of the two"),
               "%s of two workspaces have no format=%s: %s", pairs[i][0], pairs[i][1], out.advice);
    }
    tap_ok(!make("place", "files", "", &out) && strstr(out.advice, "a place of another workspace"),
           "a place goes with one of another workspace: %s", out.advice);
    tap_ok(make("created_time", "DATE", "lossy", &out) != NULL,
           "lossy=accept pairs days and instants");
    {
        const nts_type_t *pair[2] = { type_named("date"), type_named("TIMESTAMP") };
        nts_domain_options_t options = { .timezone = "Atlantis/Capital" };
        const nts_domain_t *domain;

        tap_int(nts_domain_make(&domain, pair, &options, &out, pool), APR_EMISMATCH,
                "an unknown zone is refused");
        tap_str(out.code, "field.timezone", "and named");
    }
}

typedef struct case_t {
    const char *notion;
    const char *external;
    const char *words;
    char side; /* whose value: 'n', 'e' */
    const char *value;
    const char *common;   /* NULL: nothing near it */
    const char *rendered; /* on the other side; NULL: cannot be; "" not looked at */
    int fits;             /* projects without loss, or with accepted loss */
    const char *words_of_outcome;
} case_t;

static const case_t cases[] = {
    /* texts */
    { "rich_text", "TEXT", "", 'n', "\"a\"", "\"a\"", "\"a\"", 1, NULL },
    { "rich_text", "TEXT", "", 'n', "\"\"", "null", "null", 1, NULL },
    { "rich_text", "TEXT", "", 'e', "null", "null", "null", 1, NULL },
    { "rich_text", "TEXT NOT NULL", "", 'n', "null", "null", "\"\"", 1, NULL },
    { "url", "TEXT", "", 'e', "\"\"", "null", "null", 1, NULL },
    { "rich_text", "VARCHAR(5)", "", 'n', "\"12345\"", "\"12345\"", "\"12345\"", 1, NULL },
    { "rich_text", "VARCHAR(5)", "", 'n', "\"123456\"", "\"12345\"", "", 0, "6 characters" },
    { "rich_text", "CHAR(5)", "", 'n', "\"ab \"", "\"ab\"", "\"ab\"", 1, NULL },
    { "rich_text", "CHAR(5)", "", 'n', "\"12345  \"", "\"12345\"", "\"12345\"", 1, NULL },
    { "rich_text", "CHAR(5)", "", 'n', "\"  \"", "null", "null", 1, NULL },
    { "rich_text", "CHAR(5)", "", 'n', "\"12 456\"", "\"12 45\"", "", 0, "6 characters" },
    { "rich_text", "CHAR(5)", "lossy", 'n', "\"123  6\"", "\"123\"", "\"123\"", 1, NULL },
    { "rich_text", "VARCHAR(5)", "lossy", 'n', "\"123456\"", "\"12345\"", "\"12345\"", 1, NULL },
    { "rich_text", "VARCHAR(5)", "lossy", 'n', "\"1234\xc3\xa4\xc3\xb6\"", "\"1234\xc3\xa4\"",
      "\"1234\xc3\xa4\"", 1, NULL },
    { "rich_text", "VARCHAR(5)", "", 'n', "\"\xf0\x9f\x93\xa6\xf0\x9f\x93\xa6\xc3\xa4\"",
      "\"\xf0\x9f\x93\xa6\xf0\x9f\x93\xa6\xc3\xa4\"", "", 1, NULL },
    { "rich_text", "TEXT", "", 'e', "{\"n\":\"5\"}", NULL, "", 0, "no text" },
    { "rich_text", "TEXT", "", 'n', "{\"x\":\"a formula\"}", NULL, "", -1, "a formula" },
    { "rich_text", "TEXT", "", 'n', "{\"cut\":\"ab\"}", NULL, "", -1, "in part" },
    { "rich_text", "TEXT", "", 'n', "{}", NULL, "", -1, "not in the answer" },
    /* ... as Markdown: what is compared has one spelling */
    { "rich_text", "TEXT", "markdown", 'e', "\"__a__ b_c\"", "\"**a** b_c\"", "\"**a** b_c\"", 1,
      NULL },
    { "rich_text", "TEXT", "markdown", 'n', "\"**a** b\"", "\"**a** b\"", "\"**a** b\"", 1, NULL },
    { "rich_text", "TEXT", "markdown", 'e', "\"\"", "null", "null", 1, NULL },
    { "rich_text", "VARCHAR(5)", "markdown", 'e', "\"a*b*c\"", "\"a<em>b</em>c\"", "", 1, NULL },
    { "rich_text", "VARCHAR(5)", "markdown", 'n', "\"**b** \"", NULL, "", 0, "6 characters" },
    { "rich_text", "CHAR(5)", "markdown", 'e', "\"*b*  \"", "\"_b_\"", "\"_b_\"", 1, NULL },
    { "rich_text", "TEXT", "markdown", 'e', "{\"n\":\"5\"}", NULL, "", 0, "no text" },
    /* numbers */
    { "number", "INTEGER", "", 'n', "{\"n\":\"3\"}", "{\"n\":\"3\"}", "{\"n\":\"3\"}", 1, NULL },
    { "number", "INTEGER", "", 'n', "null", "null", "null", 1, NULL },
    { "number", "INTEGER NOT NULL", "", 'n', "null", "null", NULL, 1, "must not be empty" },
    { "number", "INTEGER", "", 'n', "{\"n\":\"2.5\"}", "{\"n\":\"3\"}", "", 0, "INTEGER" },
    { "number", "INTEGER", "lossy", 'n', "{\"n\":\"-2.5\"}", "{\"n\":\"-3\"}", "{\"n\":\"-3\"}", 1,
      NULL },
    { "number", "INTEGER", "", 'n', "{\"n\":\"1e30\"}", NULL, "", 0, "beyond" },
    { "number", "INTEGER", "lossy", 'n', "{\"n\":\"1e30\"}", NULL, "", 0, "beyond" },
    { "number", "INTEGER", "", 'e', "{\"n\":\"9007199254740993\"}", "{\"n\":\"9007199254740992\"}",
      "", 0, "number" },
    { "number", "NUMERIC", "", 'e', "{\"n\":\"12345678901234567890\"}",
      "{\"n\":\"12345678901234567000\"}", "", 0, "12345678901234567890" },
    { "number", "NUMERIC", "", 'e', "{\"n\":\"0.1\"}", "{\"n\":\"0.1\"}", "{\"n\":\"0.1\"}", 1,
      NULL },
    { "number", "NUMERIC", "", 'e', "{\"n\":\"1e309\"}", NULL, "", 0, "beyond" },
    { "number", "REAL", "", 'e', "{\"n\":\"0.10000000000000001\"}", "{\"n\":\"0.1\"}",
      "{\"n\":\"0.1\"}", 1, NULL },
    { "number", "DECIMAL(6,2)", "", 'n', "{\"n\":\"1234.56\"}", "{\"n\":\"1234.56\"}",
      "{\"n\":\"1234.56\"}", 1, NULL },
    { "number", "DECIMAL(6,2)", "", 'n', "{\"n\":\"0.125\"}", "{\"n\":\"0.13\"}", "", 0, "0.13" },
    { "number", "DECIMAL(6,2)", "lossy", 'n', "{\"n\":\"9999.995\"}", NULL, "", 0, "beyond" },
    { "number", "DECIMAL(2,2)", "", 'n', "{\"n\":\"-0.25\"}", "{\"n\":\"-0.25\"}",
      "{\"n\":\"-0.25\"}", 1, NULL },
    { "number", "DECIMAL(2,2)", "", 'n', "{\"n\":\"1\"}", NULL, "", 0, "beyond" },
    { "number", "TEXT", "", 'e', "\"1.50\"", "{\"n\":\"1.5\"}", "{\"n\":\"1.5\"}", 1, NULL },
    { "number", "TEXT", "", 'n', "{\"n\":\"1.5\"}", "{\"n\":\"1.5\"}", "\"1.5\"", 1, NULL },
    { "number", "TEXT", "", 'e', "\"abc\"", NULL, "", 0, "no number" },
    { "number", "TEXT", "lossy", 'e', "\"abc\"", NULL, "", 0, "'abc'" },
    { "number", "VARCHAR(5)", "", 'n', "{\"n\":\"123456\"}", NULL, "", 0, "does not fit" },
    { "rich_text", "INTEGER", "", 'e', "{\"n\":\"9007199254740993\"}",
      "{\"n\":\"9007199254740993\"}", "\"9007199254740993\"", 1, NULL },
    { "unique_id", "TEXT", "", 'n', "\"ORD-17\"", "\"ORD-17\"", "\"ORD-17\"", 1, NULL },
    { "unique_id", "INTEGER", "", 'n', "\"ORD-17\"", "{\"n\":\"17\"}", "{\"n\":\"17\"}", 1, NULL },
    { "unique_id", "INTEGER", "", 'n', "\"17\"", "{\"n\":\"17\"}", "{\"n\":\"17\"}", 1, NULL },
    { "number", "FLOAT", "", 'n', "{\"n\":\"0.1\"}", "{\"n\":\"0.1\"}", "{\"n\":\"0.1\"}", 1,
      NULL },
    { "number", "FLOAT", "", 'e', "{\"n\":\"3.1415927\"}", "{\"n\":\"3.1415927\"}",
      "{\"n\":\"3.1415927\"}", 1, NULL },
    { "number", "FLOAT", "", 'n', "{\"n\":\"3.14159265\"}", "{\"n\":\"3.1415927\"}", "", 0,
      "3.1415927" },
    { "number", "FLOAT", "", 'n', "{\"n\":\"16777216\"}", "{\"n\":\"16777216\"}",
      "{\"n\":\"16777216\"}", 1, NULL },
    { "number", "FLOAT", "", 'n', "{\"n\":\"16777217\"}", "{\"n\":\"16777216\"}", "", 0, "FLOAT" },
    { "number", "FLOAT", "lossy", 'n', "{\"n\":\"16777217\"}", "{\"n\":\"16777216\"}",
      "{\"n\":\"16777216\"}", 1, NULL },
    { "number", "FLOAT", "", 'n', "{\"n\":\"1e39\"}", NULL, "", 0, "beyond" },
    /* booleans */
    { "checkbox", "BOOLEAN", "", 'n', "true", "true", "true", 1, NULL },
    { "checkbox", "BOOLEAN", "", 'e', "null", "false", "false", 1, NULL },
    { "checkbox", "INTEGER", "", 'e', "{\"n\":\"1\"}", "true", "true", 1, NULL },
    { "checkbox", "INTEGER", "", 'n', "false", "false", "{\"n\":\"0\"}", 1, NULL },
    { "checkbox", "INTEGER", "", 'e', "{\"n\":\"2\"}", "true", "", 0, "0 or 1" },
    { "checkbox", "INTEGER", "lossy", 'e', "{\"n\":\"-2\"}", "true", "true", 1, NULL },
    { "checkbox", "TEXT", "", 'e', "\"True\"", "true", "true", 1, NULL },
    { "checkbox", "TEXT", "", 'e', "\"\"", "false", "false", 1, NULL },
    { "checkbox", "TEXT", "", 'n', "true", "true", "\"true\"", 1, NULL },
    { "checkbox", "TEXT", "lossy", 'e', "\"perhaps\"", NULL, "", 0, "neither true nor false" },
    /* dates */
    { "date", "DATE", "", 'n', "{\"d\":\"2026-11-22\"}", "{\"d\":\"2026-11-22\"}",
      "{\"d\":\"2026-11-22\"}", 1, NULL },
    { "date", "DATE", "", 'n', "{\"d\":\"2026-11-22T10:00:00Z\"}", "{\"d\":\"2026-11-22\"}", "", 0,
      "DATE" },
    { "date", "DATE", "lossy zone", 'n', "{\"d\":\"2026-11-22T23:30:00Z\"}",
      "{\"d\":\"2026-11-23\"}", "{\"d\":\"2026-11-23\"}", 1, NULL },
    { "date", "DATE", "", 'n', "{\"d\":\"2026-11-22\",\"e\":\"2026-11-24\"}",
      "{\"d\":\"2026-11-22\"}", "", 0, "2026-11-22 to 2026-11-24" },
    { "date", "TIMESTAMP", "", 'n', "{\"d\":\"2026-11-22\"}", "{\"d\":\"2026-11-22T00:00:00Z\"}",
      "", 0, "TIMESTAMP" },
    { "date", "TIMESTAMP", "lossy zone", 'n', "{\"d\":\"2026-11-22\"}",
      "{\"d\":\"2026-11-21T23:00:00Z\"}", "{\"d\":\"2026-11-21T23:00:00Z\"}", 1, NULL },
    /* seconds are the column's own */
    { "date", "TIMESTAMP", "", 'e', "{\"d\":\"2026-11-22T10:00:59.123456Z\"}",
      "{\"d\":\"2026-11-22T10:00:00Z\"}", "{\"d\":\"2026-11-22T10:00:00Z\"}", 1, NULL },
    { "date", "TIMESTAMP", "", 'e', "{\"d\":\"1966-11-22T10:00:00.123456Z\"}",
      "{\"d\":\"1966-11-22T10:00:00Z\"}", "{\"d\":\"1966-11-22T10:00:00Z\"}", 1, NULL },
    { "date", "TEXT", "", 'e', "\"2026-11-22T10:00:01Z/2026-11-22T11:00:59Z\"",
      "{\"d\":\"2026-11-22T10:00:00Z\",\"e\":\"2026-11-22T11:00:00Z\"}",
      "{\"d\":\"2026-11-22T10:00:00Z\",\"e\":\"2026-11-22T11:00:00Z\"}", 1, NULL },
    { "date", "TIMESTAMP", "", 'n', "{\"d\":\"2026-11-22T10:00:30Z\"}",
      "{\"d\":\"2026-11-22T10:00:00Z\"}", "{\"d\":\"2026-11-22T10:00:00Z\"}", 1, NULL },
    /* clocks go back at 01:00Z: 00:30Z and 01:30Z both show 02:30 */
    { "date", "TIMESTAMP", "zone", 'n', "{\"d\":\"2026-10-25T00:30:00Z\"}",
      "{\"d\":\"2026-10-25T00:30:00Z\"}", "{\"d\":\"2026-10-25T00:30:00Z\"}", 1, NULL },
    { "date", "TIMESTAMP", "zone", 'n', "{\"d\":\"2026-10-25T01:30:00Z\"}",
      "{\"d\":\"2026-10-25T00:30:00Z\"}", "", 0, "TIMESTAMP" },
    { "date", "TIMESTAMPTZ", "zone", 'n', "{\"d\":\"2026-10-25T01:30:00Z\"}",
      "{\"d\":\"2026-10-25T01:30:00Z\"}", "{\"d\":\"2026-10-25T01:30:00Z\"}", 1, NULL },
    { "date", "TEXT", "", 'n', "{\"d\":\"2026-11-22\",\"e\":\"2026-11-24\"}",
      "{\"d\":\"2026-11-22\",\"e\":\"2026-11-24\"}", "\"2026-11-22/2026-11-24\"", 1, NULL },
    { "date", "TEXT", "", 'e', "\"2026-11-22T10:00:00Z/2026-11-22T12:00+01:00\"",
      "{\"d\":\"2026-11-22T10:00:00Z\",\"e\":\"2026-11-22T11:00:00Z\"}",
      "{\"d\":\"2026-11-22T10:00:00Z\",\"e\":\"2026-11-22T11:00:00Z\"}", 1, NULL },
    { "date", "TEXT", "zone", 'e', "\"2026-07-01 10:00\"", "{\"d\":\"2026-07-01T08:00:00Z\"}",
      "{\"d\":\"2026-07-01T08:00:00Z\"}", 1, NULL },
    { "date", "TEXT", "zone", 'e', "\"2026-07-01 10:00+00\"", "{\"d\":\"2026-07-01T10:00:00Z\"}",
      "", 1, NULL },
    { "date", "TEXT", "", 'e', "\"soon\"", NULL, "", 0, "no date" },
    { "date", "TEXT", "lossy", 'e', "\"2026-11-22/\"", NULL, "", 0, "no date" },
    { "date", "VARCHAR(5)", "", 'n', "{\"d\":\"2026-11-22\"}", NULL, "", 0, "VARCHAR(5)" },
    { "created_time", "TEXT", "", 'n', "{\"d\":\"2026-11-22T10:00:00Z\"}",
      "{\"d\":\"2026-11-22T10:00:00Z\"}", "\"2026-11-22T10:00:00Z\"", 1, NULL },
    { "created_time", "DATE", "lossy", 'n', "{\"d\":\"2026-11-22T10:00:00Z\"}",
      "{\"d\":\"2026-11-22\"}", "{\"d\":\"2026-11-22\"}", 1, NULL },
    /* choices */
    { "select", "TEXT", "", 'n', "{\"o\":\"Won\",\"id\":\"i2\"}", "{\"o\":\"Won\",\"id\":\"i2\"}",
      "\"Won\"", 1, NULL },
    { "select", "TEXT", "", 'e', "\"Won\"", "{\"o\":\"Won\",\"id\":\"i2\"}",
      "{\"o\":\"Won\",\"id\":\"i2\"}", 1, NULL },
    { "select", "TEXT", "", 'e', "\"wON\"", "{\"o\":\"Won\",\"id\":\"i2\"}",
      "{\"o\":\"Won\",\"id\":\"i2\"}", 1, NULL },
    { "select", "TEXT", "", 'e', "\"\"", "null", "null", 1, NULL },
    { "select", "TEXT", "", 'e', "\"New\"", "{\"o\":\"New\"}", NULL, 1, "no choice 'New'" },
    { "select", "TEXT", "create", 'e', "\"New\"", "{\"o\":\"New\"}", "{\"o\":\"New\"}", 1, NULL },
    { "select", "TEXT", "create", 'e', "\"a,b\"", "{\"o\":\"a,b\"}", NULL, 1, "commas" },
    { "select", "TEXT", "", 'e', "\"Lost, sadly\"", "{\"o\":\"Lost, sadly\",\"id\":\"i3\"}",
      "{\"o\":\"Lost, sadly\",\"id\":\"i3\"}", 1, NULL },
    { "status", "TEXT", "create", 'e', "\"New\"", "{\"o\":\"New\"}", NULL, 1, "no choice 'New'" },
    { "select", "VARCHAR(5)", "lossy", 'n', "{\"o\":\"Lost, sadly\",\"id\":\"i3\"}", NULL, "", 0,
      "does not fit" },
    { "select", "TEXT", "", 'e', "{\"n\":\"5\"}", NULL, "", 0, "no choice" },
    /* sets */
    { "multi_select", "TEXT", "", 'n',
      "{\"s\":[{\"o\":\"Won\",\"id\":\"i2\"},{\"o\":\"Open\",\"id\":\"i1\"}]}",
      "{\"s\":[{\"o\":\"Open\",\"id\":\"i1\"},{\"o\":\"Won\",\"id\":\"i2\"}]}",
      "\"[\\\"Open\\\",\\\"Won\\\"]\"", 1, NULL },
    { "multi_select", "TEXT", "csv", 'n',
      "{\"s\":[{\"o\":\"Lost, sadly\",\"id\":\"i3\"},{\"o\":\"a\"}]}",
      "{\"s\":[{\"o\":\"Lost, sadly\",\"id\":\"i3\"},{\"o\":\"a\"}]}", "\"\\\"Lost, sadly\\\",a\"",
      1, NULL },
    { "multi_select", "TEXT", "", 'n', "{\"s\":[]}", "null", "null", 1, NULL },
    { "multi_select", "TEXT", "", 'e', "\"[]\"", "null", "{\"s\":[]}", 1, NULL },
    { "multi_select", "TEXT", "", 'e', "null", "null", "{\"s\":[]}", 1, NULL },
    { "multi_select", "TEXT", "", 'e', "\"[\\\"won\\\",\\\"Won\\\"]\"",
      "{\"s\":[{\"o\":\"Won\",\"id\":\"i2\"}]}", "{\"s\":[{\"o\":\"Won\",\"id\":\"i2\"}]}", 1,
      NULL },
    { "multi_select", "TEXT", "create", 'e', "\"[\\\"x\\\",\\\"X\\\"]\"", "{\"s\":[{\"o\":\"X\"}]}",
      "{\"s\":[{\"o\":\"X\"}]}", 1, NULL },
    { "multi_select", "TEXT", "", 'e', "\"[\\\"x\\\"]\"", "{\"s\":[{\"o\":\"x\"}]}", NULL, 1,
      "no choice 'x'" },
    { "multi_select", "TEXT", "", 'e', "\"red, green\"", NULL, "", 0, "JSON array" },
    { "multi_select", "TEXT", "", 'e', "\"[1]\"", NULL, "", 0, "element 1 is no text" },
    { "multi_select", "TEXT", "", 'e', "\"[\\\"\\\"]\"", NULL, "", 0, "element 1 is empty" },
    { "multi_select", "TEXT", "", 'e', "\"{}\"", NULL, "", 0, "no array" },
    { "multi_select", "TEXT", "csv", 'e', "\"Won, open ,,\"",
      "{\"s\":[{\"o\":\"Open\",\"id\":\"i1\"},{\"o\":\"Won\",\"id\":\"i2\"}]}", "", 1, NULL },
    { "multi_select", "TEXT", "csv", 'e', "\"\\\"Lost, sadly\\\" , \\\"a \\\"\\\"b\\\"\"",
      "{\"s\":[{\"o\":\"Lost, sadly\",\"id\":\"i3\"},{\"o\":\"a \\\"b\"}]}", NULL, 1, "no choice" },
    { "multi_select", "TEXT", "csv", 'e', "\"\\\"a\"", NULL, "", 0, "not closed" },
    { "multi_select", "TEXT", "csv", 'e', "\"\\\"a\\\"b\"", NULL, "", 0, "follows" },
    { "multi_select", "TEXT", "csv", 'e', "\"a\\\"b\"", NULL, "", 0, "inside" },
    { "multi_select", "TEXT", "csv", 'e', "\"a\\nb\"", NULL, "", 0, "lines" },
    { "multi_select", "TEXT[]", "", 'e', "{\"s\":[{\"o\":\"open\"}]}",
      "{\"s\":[{\"o\":\"Open\",\"id\":\"i1\"}]}", "{\"s\":[{\"o\":\"Open\",\"id\":\"i1\"}]}", 1,
      NULL },
    { "multi_select", "SET(open,won)", "", 'n', "{\"s\":[{\"o\":\"won\",\"id\":\"i2\"}]}",
      "{\"s\":[{\"o\":\"won\",\"id\":\"i2\"}]}", "\"[\\\"Won\\\"]\"", 1, NULL },
    { "multi_select", "SET(open,won)", "", 'n',
      "{\"s\":[{\"o\":\"Won\",\"id\":\"i2\"},{\"o\":\"Lost, sadly\",\"id\":\"i3\"}]}",
      "{\"s\":[{\"o\":\"Lost, sadly\",\"id\":\"i3\"},{\"o\":\"Won\",\"id\":\"i2\"}]}", NULL, 1,
      "has no choice 'Lost, sadly'" },
    { "multi_select", "VARCHAR(5)", "", 'n', "{\"s\":[{\"o\":\"Won\",\"id\":\"i2\"}]}", NULL, "", 0,
      "does not fit" },
};

static void test_case(const case_t *c)
{
    nts_outcome_t out = { 0 };
    const nts_domain_t *domain = make(c->notion, c->external, c->words, &out);
    nts_side_t side = c->side == 'n' ? NTS_NOTION : NTS_EXTERNAL;
    nts_value_t value = ut_value(c->value, pool);
    nts_value_t common;
    nts_value_t rendered;
    apr_status_t rv = nts_domain_project(&common, domain, side, &value, &out, pool);

    tap_int(rv,
            c->fits > 0   ? APR_SUCCESS
            : c->fits < 0 ? APR_EINVAL
                          : APR_EMISMATCH,
            "%s, %s %s: %s of %c", c->notion, c->external, c->words, c->value, c->side);
    tap_str(ut_text(&common, pool), c->common ? c->common : "{}", "in the domain");
    if (rv == APR_SUCCESS && (!c->rendered || *c->rendered)) {
        rv = nts_domain_render(&rendered, domain, nts_side_other(side), &common, &out, pool);
        tap_str(rv == APR_SUCCESS ? ut_text(&rendered, pool) : NULL, c->rendered,
                "on the other side");
    }
    if (c->words_of_outcome) {
        tap_ok(out.what && strstr(out.what, c->words_of_outcome) && out.code, "told: %s",
               out.what ? out.what : "nothing");
        tap_ok(rv == APR_EINVAL || out.advice, "with advice: %s", out.advice ? out.advice : "none");
    }
}

/* A long name, too long for a table. */
static void test_long_choice(void)
{
    const nts_domain_t *domain = make("select", "TEXT", "create", NULL);
    char *name = apr_pcalloc(pool, 102);
    nts_value_t common;
    nts_value_t value;

    memset(name, 'x', 101);
    value = nts_value_option(NULL, name);
    tap_int(nts_domain_render(&common, domain, NTS_NOTION, &value, NULL, pool), APR_EMISMATCH,
            "a choice of 101 characters cannot be made in Notion");
    name[100] = '\0';
    tap_int(nts_domain_render(&common, domain, NTS_NOTION, &value, NULL, pool), APR_SUCCESS,
            "one of 100 can");
}

/* A choice deleted and made again, or newer than the schema. */
static void test_choice_ids(void)
{
    const nts_domain_t *domain = make("status", "TEXT", "", NULL);
    nts_value_t stale = nts_value_option("gone", "won");
    nts_value_t newer = nts_value_option("i9", "Brand new");
    nts_value_t renamed = nts_value_option("i2", "Won!");
    nts_value_t known = nts_value_option("i2", "Won");
    nts_value_t named = nts_value_option(NULL, "WON");
    nts_value_t value;

    (void)nts_domain_render(&value, domain, NTS_NOTION, &stale, NULL, pool);
    tap_str(ut_text(&value, pool), "{\"o\":\"Won\",\"id\":\"i2\"}",
            "an unknown id gives way to a known name");
    (void)nts_domain_render(&value, domain, NTS_NOTION, &newer, NULL, pool);
    tap_str(ut_text(&value, pool), "{\"o\":\"Brand new\",\"id\":\"i9\"}",
            "a choice newer than the schema goes as it came");
    (void)nts_domain_project(&value, domain, NTS_NOTION, &renamed, NULL, pool);
    tap_str(ut_text(&value, pool), "{\"o\":\"Won!\",\"id\":\"i2\"}",
            "a value's name is newer than the schema's");
    tap_ok(nts_domain_equal(domain, &renamed, &known), "equal by id");
    tap_ok(nts_domain_equal(domain, &named, &known),
           "equal by name without case where an id is missing");
    tap_ok(!nts_domain_equal(domain, &stale, &known), "different by id though alike by name");
}

static void test_equal(void)
{
    const nts_domain_t *domain = make("multi_select", "TEXT", "", NULL);
    nts_value_t empty = nts_value_set(NULL, 0, pool);
    nts_value_t text = nts_value_text("");

    tap_ok(nts_domain_equal(domain, &empty, &nts_value_null), "an empty set is no value");
    tap_ok(nts_domain_equal(domain, &text, &nts_value_null), "nor is an empty text");
    tap_ok(!nts_domain_equal(domain, &nts_value_absent, &nts_value_absent),
           "absent equals nothing");
    tap_ok(!nts_domain_equal(domain, &nts_value_absent, &nts_value_null), "not even null");
}

/* A value that the side may show: of its own kind, now and then an odd one. */
static nts_value_t random_of(const nts_type_t *type, ut_random_t *random)
{
    nts_option_t options[3];
    nts_value_t value = nts_value_null;
    int count = ut_random_below(random, 4);

    if (ut_random_below(random, 10) == 0) {
        return ut_random_value(random, pool);
    }
    switch (type->kind) {
    case NTS_TYPE_REFERENCE: /* ut_reference.c */
        break;
    case NTS_TYPE_FILES:
        for (int i = 0; i < count && i < 3; i++) {
            options[i].id = NULL;
            options[i].name =
                apr_psprintf(pool, "https://example.org/%d,%d", i, ut_random_below(random, 3));
        }
        return nts_value_set(options, count < 3 ? count : 3, pool);
    case NTS_TYPE_PEOPLE: /* ut_people.c */
        break;
    case NTS_TYPE_PLACE:
        return nts_value_text(
            apr_psprintf(pool, "{\"lon\": %d.50, \"lat\":%d%s}", ut_random_below(random, 200) - 100,
                         ut_random_below(random, 200) - 100,
                         ut_random_below(random, 2) ? ",\"name\":\"x\",\"address\":null" : ""));
    case NTS_TYPE_TEXT:
        if (type->varying) {
            return ut_random_value(random, pool);
        }
        return nts_value_text(ut_random_below(random, 2)
                                  ? ut_random_text(random, pool)
                                  : apr_psprintf(pool, "%d", ut_random_below(random, 3)));
    case NTS_TYPE_NUMBER:
        return ut_random_number(random, pool);
    case NTS_TYPE_BOOL:
        return nts_value_bool(ut_random_below(random, 2));
    case NTS_TYPE_OPTION:
        options[0] = type->options[ut_random_below(random, type->option_count)];
        return nts_value_option(options[0].id, options[0].name);
    case NTS_TYPE_SET:
        for (int i = 0; i < count && i < 3; i++) {
            options[i] = type->option_count && ut_random_below(random, 2)
                             ? type->options[ut_random_below(random, type->option_count)]
                             : ut_random_option(random, pool);
        }
        return nts_value_set(options, count < 3 ? count : 3, pool);
    case NTS_TYPE_DAY:
    case NTS_TYPE_INSTANT:
    case NTS_TYPE_DATE:
        return ut_random_date(random, pool);
    case NTS_TYPE_UNSUPPORTED:
        break;
    }
    return value;
}

typedef struct tally_t {
    int projected;
    int not_stable;
    int not_reflexive;
    int not_symmetric;
    int not_transitive;
} tally_t;

/* Project, render to each side, project again. */
static void check_round_trip(const nts_domain_t *domain, const nts_type_t *const pair[2],
                             const nts_value_t *common, tally_t *tally)
{
    for (int side = 0; side < NTS_SIDE_COUNT; side++) {
        nts_value_t rendered;
        nts_value_t again;

        if (pair[side]->computed || nts_domain_render(&rendered, domain, (nts_side_t)side, common,
                                                      NULL, pool) != APR_SUCCESS) {
            continue; /* never written, a choice that is not known, a NOT NULL */
        }
        if (nts_domain_project(&again, domain, (nts_side_t)side, &rendered, NULL, pool) !=
                APR_SUCCESS ||
            !nts_domain_equal(domain, common, &again)) {
            tally->not_stable++;
            if (tally->not_stable < 10) {
                tap_diag("%s -> %s -> %s", ut_text(common, pool), ut_text(&rendered, pool),
                         ut_text(&again, pool));
            }
        }
    }
}

static void check_pair(const nts_domain_t *domain, const nts_type_t *const pair[2],
                       ut_random_t *random, tally_t *tally)
{
    nts_value_t seen[12];
    int count = 0;

    for (int i = 0; i < 12; i++) {
        nts_side_t side = (nts_side_t)ut_random_below(random, 2);
        nts_value_t value = random_of(pair[side], random);

        if (nts_domain_project(&seen[count], domain, side, &value, NULL, pool) == APR_SUCCESS) {
            check_round_trip(domain, pair, &seen[count++], tally);
        }
    }
    tally->projected += count;
    for (int a = 0; a < count; a++) {
        tally->not_reflexive += !nts_domain_equal(domain, &seen[a], &seen[a]);
        for (int b = 0; b < count; b++) {
            int ab = nts_domain_equal(domain, &seen[a], &seen[b]);

            tally->not_symmetric += ab != nts_domain_equal(domain, &seen[b], &seen[a]);
            for (int c = 0; ab && c < count; c++) {
                tally->not_transitive += nts_domain_equal(domain, &seen[b], &seen[c]) !=
                                         nts_domain_equal(domain, &seen[a], &seen[c]);
            }
        }
    }
}

static void test_properties(void)
{
    static const char *const words[] = { "", "lossy", "create", "lossy create zone", "csv create" };
    ut_random_t random = { 7 };
    tally_t tally = { 0 };

    for (int round = 0; round < 40; round++) {
        for (int n = 0; n < NOTION_COUNT; n++) {
            for (int e = 0; e < TYPE_COUNT; e++) {
                const nts_type_t *pair[2] = { &types[n], &types[e] };
                const nts_domain_t *domain =
                    make(types[n].native, types[e].native, words[round % 5], NULL);

                if (domain) {
                    check_pair(domain, pair, &random, &tally);
                }
            }
        }
        apr_pool_clear(pool);
    }
    tap_ok(tally.projected > 10000, "%d random values are in a domain", tally.projected);
    tap_int(tally.not_stable, 0, "what was rendered for a side is the same in the domain");
    tap_int(tally.not_reflexive, 0, "each equals itself");
    tap_int(tally.not_symmetric, 0, "equality is symmetric");
    tap_int(tally.not_transitive, 0, "equality is transitive");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    test_pairs();
    test_options();
    for (int i = 0; i < (int)(sizeof(cases) / sizeof(cases[0])); i++) {
        test_case(&cases[i]);
    }
    test_long_choice();
    test_choice_ids();
    test_equal();
    test_properties();
    apr_terminate();
    return tap_done();
}
