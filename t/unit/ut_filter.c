/* Proves that filters (S5.3) say what is wrong with them and where, are bound to fields and types that exist, and
 * judge records two-valued: every test is true or false of an empty field too. */
#include <string.h>

#include "model/nts_filter.h"
#include "model/nts_mapping.h"
#include "tap/tap.h"

static apr_pool_t *p;

static const nts_option_t stages[] = { { "o1", "Lead" }, { "o2", "Won" }, { "o3", "Closed lost" } };

enum { NAME = 0, STAGE, TAGS, QTY, DONE, DUE, PEOPLE, FORMULA, FIELDS };

static nts_schema_field_t fields[FIELDS] = {
    { "title", "Name", { .kind = NTS_TYPE_TEXT, .native = "title" } },
    { "st",
      "Deal stage",
      { .kind = NTS_TYPE_OPTION, .native = "select", .options = stages, .option_count = 3 } },
    { "tg",
      "Tags",
      { .kind = NTS_TYPE_SET, .native = "multi_select", .options = stages, .option_count = 3 } },
    { "qt", "Qty", { .kind = NTS_TYPE_NUMBER, .native = "number" } },
    { "dn", "Done", { .kind = NTS_TYPE_BOOL, .native = "checkbox" } },
    { "du", "Due", { .kind = NTS_TYPE_DATE, .native = "date" } },
    { "pp", "People", { .kind = NTS_TYPE_UNSUPPORTED, .native = "people" } },
    { "ed", "Edited", { .kind = NTS_TYPE_INSTANT, .native = "last_edited_time", .computed = 1 } },
};
static const nts_schema_t schema = { .fields = fields, .count = FIELDS, .title = "Deals" };

static const char *problem_of(const char *text)
{
    const nts_filter_t *filter;
    const char *problem = NULL;

    return nts_filter_parse(&filter, text, &problem, p) == APR_SUCCESS ? "none" : problem;
}

static void test_grammar(void)
{
    static const char *const good[] = {
        "a = 1",
        "a=1",
        "\"Deal stage\" = \"Won\"",
        "not a = 1 and not (b < 2 or c >= -3.5e2)",
        "a is empty",
        "a is not empty or b IS EMPTY",
        "a in ('x', \"y\", 3)",
        "a not in (true, false)",
        "a contains 'it\\'s'",
        "a not contains \"b\"",
        "due >= 2026-01-31 and due < 2026-02-01T12:00:00+01:00",
        "((((a = 1))))",
        "\"and\" = 'or'",
        "h\xc3\xb6he > 3\n  and b = 'x'",
        "not not a is empty",
        "# remark\na = '#' # and another\nor b = 2",
    };
    static const struct {
        const char *text;
        const char *problem;
    } bad[] = {
        { "", "the expression ends at character 1; expected is the name of a field" },
        { "a", "the expression ends at character 2; expected is =" },
        { "a = ", "the expression ends at character 5; expected is a text in quotes" },
        { "a = Won", "at character 5: found 'Won'; expected is a text in quotes" },
        { "a == 1", "at character 4: found '='; expected is a text" },
        { "a ! 1", "at character 3: found '!'; expected is =" },
        { "a = 1 b = 2", "at character 7: found 'b'; expected is and, or, or the end" },
        { "(a = 1", "the expression ends at character 7; expected is and, or, or ')'" },
        { "a = 1)", "at character 6: found ')'; expected is and, or, or the end" },
        { "a = \"x", "at character 5: the quote is never closed" },
        { "\xc3\xb6 = \"x", "at character 5: the quote is never closed" },
        { "a in 1", "at character 6: found '1'; expected is '('" },
        { "a in (1", "the expression ends at character 8; expected is ',' or ')'" },
        { "a in ()", "at character 7: found ')'; expected is a text" },
        { "a is nothing", "at character 6: found 'nothing'; expected is empty or not empty" },
        { "a not = 1", "at character 7: found '='; expected is in or contains" },
        { "and = 1", "at character 1: found 'and'; expected is the name" },
        { "a = 1 and", "the expression ends at character 10; expected is the name" },
        { "3 < a", "at character 1: found '3'; expected is the name" },
        { "a = 2026-13-01", "at character 5: found '2026-13-01'; expected is a text" },
        { "a = 1 or \xff", "the expression is not UTF-8" },
    };
    char deep[400] = "";
    int i;

    for (i = 0; i < (int)(sizeof(good) / sizeof(good[0])); i++) {
        tap_str(problem_of(good[i]), "none", "%s", good[i]);
    }
    for (i = 0; i < (int)(sizeof(bad) / sizeof(bad[0])); i++) {
        const char *found = problem_of(bad[i].text);

        tap_ok(strncmp(found, bad[i].problem, strlen(bad[i].problem)) == 0, "'%s': %s", bad[i].text,
               found);
    }
    memset(deep, '(', 300);
    tap_ok(strstr(problem_of(deep), "at most 50 levels") != NULL, "nesting has an end");
}

static const nts_filter_t *bind_text(const char *text, nts_outcome_t *out)
{
    const nts_filter_t *filter;
    const nts_filter_t *bound = NULL;
    const char *problem;

    memset(out, 0, sizeof(*out));
    if (nts_filter_parse(&filter, text, &problem, p) != APR_SUCCESS) {
        tap_diag("%s: %s", text, problem);
        return NULL;
    }
    (void)nts_filter_bind(&bound, filter, &schema, NULL, out, p);
    return bound;
}

static void test_binding(void)
{
    static const struct {
        const char *text;
        const char *what;
    } bad[] = {
        { "Nmae = 'x'",
          "NotionSyncFilter: \"Deals\" has no field \"Nmae\"; it has \"Name\", \"Deal stage\"" },
        { "Qty = '3'",
          "NotionSyncFilter: \"Qty\" is a field of the type number and cannot be compared with 3 "
          "(character 7); expected is a number" },
        { "Name = 3",
          "NotionSyncFilter: \"Name\" is a field of the type title and cannot be compared with 3" },
        { "Done = 1", "NotionSyncFilter: \"Done\" is a field of the type checkbox and cannot be" },
        { "Done < true",
          "NotionSyncFilter: \"Done\" is a field of the type checkbox, which has no order" },
        { "'Deal stage' = 'Wno'", "NotionSyncFilter: \"Deal stage\" has no choice \"Wno\" "
                                  "(character 16); it has \"Lead\", \"Won\"" },
        { "Tags = 'Won'",
          "NotionSyncFilter: \"Tags\" is a field of the type multi_select, which holds several" },
        { "Qty contains 3",
          "NotionSyncFilter: \"Qty\" is a field of the type number, which contains nothing" },
        { "Due > 'soon'", "NotionSyncFilter: \"Due\" is a field of the type date and cannot be "
                          "compared with soon" },
        { "People is empty",
          "NotionSyncFilter: \"People\" is a field of the type people, which filters do not" },
    };
    nts_outcome_t out;
    const nts_filter_t *bound;

    for (int i = 0; i < (int)(sizeof(bad) / sizeof(bad[0])); i++) {
        tap_ok(!bind_text(bad[i].text, &out) && out.what &&
                   strncmp(out.what, bad[i].what, strlen(bad[i].what)) == 0 &&
                   out.remedy == NTS_REMEDY_PERSON,
               "%s: %s", bad[i].text, out.what ? out.what : "nothing");
    }
    bound = bind_text("Edited > 2026-01-01 or Name = 'x' or Name = 'y'", &out);
    tap_ok(bound && bound->field_count == 2, "a field that is named twice is listed once");
    tap_ok(bound && bound->fields[0].unannounced && !bound->fields[1].unannounced,
           "S3.11 what changes unannounced");
}

/* 1 inside, 0 outside, -1 unknown, -2 not bound. The values by the order of `fields`. */
static int judge(const char *text, const nts_value_t *all)
{
    nts_value_t values[FIELDS];
    nts_outcome_t out;
    const nts_filter_t *bound = bind_text(text, &out);

    for (int i = 0; bound && i < bound->field_count; i++) {
        for (int k = 0; k < FIELDS; k++) {
            if (strcmp(fields[k].id, bound->fields[i].id) == 0) {
                values[i] = all[k];
            }
        }
    }
    if (!bound) {
        tap_diag("%s: %s", text, out.what);
        return -2;
    }
    switch (nts_filter_judge(bound, values)) {
    case NTS_STANDING_INSIDE:
        return 1;
    case NTS_STANDING_OUTSIDE:
        return 0;
    default:
        return -1;
    }
}

static void test_judging(void)
{
    static const struct {
        const char *text;
        int full; /* the answer for a record with values */
        int none; /* and for an empty one */
    } cases[] = {
        { "Name = 'Ada'", 1, 0 },
        { "Name = 'ada'", 0, 0 },
        { "Name != 'Ada'", 0, 1 },
        { "Name < 'B' and Name >= 'A'", 1, 0 },
        { "Name contains 'd'", 1, 0 },
        { "Name not contains 'x'", 1, 1 },
        { "Name contains ''", 1, 0 },
        { "Name is empty", 0, 1 },
        { "Name is not empty", 1, 0 },
        { "Name in ('x', 'Ada')", 1, 0 },
        { "Name not in ('x', 'y')", 1, 1 },
        { "'Deal stage' = 'won'", 1, 0 },
        { "'Deal stage' != 'Won'", 0, 1 },
        { "'Deal stage' in ('Lead', 'Closed lost')", 0, 0 },
        { "Tags contains 'LEAD'", 1, 0 },
        { "Tags contains 'Won'", 0, 0 },
        { "Tags not contains 'Won'", 1, 1 },
        { "Tags is empty", 0, 1 },
        { "Qty = 12.50", 1, 0 },
        { "Qty > 9", 1, 0 },
        { "Qty < 100", 1, 0 },
        { "Qty >= 12.5 and Qty <= 12.5", 1, 0 },
        { "Qty > 12.5 or Qty < 12.5", 0, 0 },
        { "Qty > -13", 1, 0 },
        { "not Qty < 100", 0, 1 },
        { "Done = true", 1, 0 },
        { "Done = false", 0, 0 },
        { "Done != false", 1, 1 },
        { "Due = 2026-03-05", 1, 0 },
        { "Due = 2026-03-05T10:00:00Z", 1, 0 },
        { "Due < 2026-03-05T10:00:00.5Z", 1, 0 },
        { "Due > '2026-03-05T11:30:00+02:00'", 1, 0 },
        { "Due >= 2026-03-06", 0, 0 },
        { "Due <= 2026-03-05", 1, 0 },
        { "Name = 'x' or Name = 'Ada' and Qty = 1", 0, 0 },
        { "(Name = 'x' or Name = 'Ada') and Qty != 1", 1, 0 },
        { "not (Name = 'x' and Qty = 1)", 1, 1 },
        { "not Name = 'Ada' or Done = true", 1, 1 },
    };
    nts_value_t full[FIELDS], none[FIELDS];
    int i;

    for (i = 0; i < FIELDS; i++) {
        full[i] = none[i] = nts_value_null;
    }
    full[NAME] = nts_value_text("Ada");
    full[STAGE] = nts_value_option("o2", "Won");
    full[TAGS] = nts_value_set(stages, 1, p);
    (void)nts_value_number(&full[QTY], "12.5", p);
    full[DONE] = nts_value_bool(1);
    (void)nts_value_date(&full[DUE], "2026-03-05T10:00:00Z", NULL, p);
    none[TAGS] = nts_value_set(NULL, 0, p);
    for (i = 0; i < (int)(sizeof(cases) / sizeof(cases[0])); i++) {
        tap_int(judge(cases[i].text, full), cases[i].full, "%s: a record", cases[i].text);
        tap_int(judge(cases[i].text, none), cases[i].none, "%s: an empty one", cases[i].text);
    }
    tap_int(judge("Due = 2026-03-05 and Due < 2026-03-05T10:00:00Z", full), 0,
            "instants to the microsecond");
    full[NAME].truncated = 1;
    tap_int(judge("Name = 'Ada' or Qty = 12.5", full), -1,
            "a value that was cut is judged by nobody");
    full[NAME] = nts_value_absent;
    tap_int(judge("Qty = 12.5 or Name = 'x'", full), -1, "nor one that was not shown");
    full[NAME] = nts_value_opaque("bytes");
    tap_int(judge("Name != 'x' and Name is not empty", full), 1,
            "what nobody can read is not empty, and equals nothing");
    tap_int(nts_filter_judge(NULL, full), NTS_STANDING_INSIDE, "without a filter all are inside");
}

static void test_mapping(void)
{
    static const nts_service_t notion = { .vhost = "", .name = "n" },
                               external = { .vhost = "", .name = "e" };
    nts_mapping_t mapping = { .vhost = "",
                              .name = "m",
                              .notion = &notion,
                              .data_source = "d",
                              .external = &external,
                              .collection = "t",
                              .conflict = NTS_CONFLICT_LAST_WRITE };
    nts_pair_t pair = { .notion = "Old name", .notion_id = "st", .external = "stage" };
    nts_json_t *root = nts_json_make_object(p);
    nts_mapping_t *read = NULL;
    const char *problem;
    nts_outcome_t out = { 0 };

    mapping.pairs = &pair;
    mapping.pair_count = 1;
    (void)nts_filter_parse(&mapping.filter[NTS_NOTION], "\"Old name\" = 'Won'", &problem, p);
    (void)nts_filter_parse(&mapping.filter[NTS_EXTERNAL], "Qty > 0", &problem, p);
    nts_mapping_to_json(&mapping, root);
    tap_int(nts_mapping_from_json(&read, root, &notion, &external, p), APR_SUCCESS,
            "a mapping keeps its filters");
    tap_str(read->filter[NTS_NOTION]->text, "\"Old name\" = 'Won'", "Notion's");
    tap_str(read->filter[NTS_EXTERNAL]->text, "Qty > 0", "and the other");
    read->pairs[0].notion_id = "st";
    tap_int(nts_mapping_bind_filters(read, &schema, &schema, &out, p), APR_SUCCESS,
            "a property that was renamed is found by the id of its pair");
    tap_str(read->filter[NTS_NOTION]->fields[0].id, "st", "that one");
    read->pairs[0].notion_id = NULL;
    tap_int(nts_mapping_bind_filters(read, &schema, &schema, &out, p), APR_EMISMATCH,
            "without it there is none");
    tap_str(out.code, "filter.field", "says the outcome");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_grammar();
    test_binding();
    test_judging();
    test_mapping();
    apr_terminate();
    return tap_done();
}
