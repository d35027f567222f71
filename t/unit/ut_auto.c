/* Proves: fields are paired by their names and by nothing else, what one side lacks is told with a type that holds it, what
 * cannot be paired is named, two names that would be one are refused, and no pair that was lost is made anew empty. */
#include <stdlib.h>

#include <apr_general.h>

#include "base/nts_str.h"
#include "auto_kit.h"
#include "tap/tap.h"

static apr_pool_t *pool;

static const nts_option_t stages[] = {
    { NULL, "new" }, { NULL, "won" }, { NULL, "a, b" }, { NULL, "Won" }
};

static const nts_schema_field_t properties[] = {
    { "title", "Name", { .kind = NTS_TYPE_TEXT, .native = "title", .nullable = 1 } },
    { "a1", "Due date", { .kind = NTS_TYPE_DATE, .native = "date", .nullable = 1, .zoned = 1 } },
    { "a2", "Amount", { .kind = NTS_TYPE_NUMBER, .native = "number", .nullable = 1, .binary = 1 } },
    { "a3", "Owner", { .kind = NTS_TYPE_UNSUPPORTED, .native = "people" } },
    { "a4", "Company", { .kind = NTS_TYPE_REFERENCE, .native = "relation" } },
    { "a5",
      "Made",
      { .kind = NTS_TYPE_INSTANT,
        .native = "created_time",
        .computed = 1,
        .zoned = 1,
        .whole = 1 } },
};
static const nts_schema_t notion = { .fields = properties, .count = 6 };

static const nts_schema_field_t columns[] = {
    { "id", "id", { .kind = NTS_TYPE_NUMBER, .native = "INTEGER", .whole = 1 } },
    { "name", "name", { .kind = NTS_TYPE_TEXT, .native = "TEXT", .nullable = 1 } },
    { "DUE_DATE", "DUE_DATE", { .kind = NTS_TYPE_DAY, .native = "DATE", .nullable = 1 } },
    { "made", "made", { .kind = NTS_TYPE_TEXT, .native = "TEXT", .nullable = 1 } },
    { "stage",
      "stage",
      { .kind = NTS_TYPE_OPTION,
        .native = "stage",
        .nullable = 1,
        .options = stages,
        .option_count = 4 } },
    { "photo", "photo", { .kind = NTS_TYPE_UNSUPPORTED, .native = "BLOB" } },
    { "price",
      "price",
      { .kind = NTS_TYPE_NUMBER, .native = "NUMERIC(30,4)", .precision = 30, .scale = 4 } },
    { "tags", "tags", { .kind = NTS_TYPE_TEXT, .native = "text[]", .nullable = 1, .list = 1 } },
};
static const nts_schema_t table = { .fields = columns, .count = 8, .key = "id" };

static const char *choice_of(const nts_auto_t *found)
{
    return found->choice_count ? found->choices[0] : "(none)";
}

static int is_silent(const nts_auto_t *found, const char *about)
{
    return !found->apart || !strstr(found->apart, about);
}

static void test_names(void)
{
    static const char *const cases[][2] = {
        { "Name", "name" },
        { "Due date", "due_date" },
        { "  E-mail (work)!", "e_mail_work" },
        { "due_date", "due_date" },
        { "No. 1", "no_1" },
        { "\xc3\x84rger", "\xc3\xa4rger" },                         /* Ärger */
        { "\xd0\x98\xd0\xbc\xd1\x8f", "\xd0\xb8\xd0\xbc\xd1\x8f" }, /* Имя */
        { "\xc5\x81\xc3\xb3"
          "d\xc5\xba",
          "\xc5\x82\xc3\xb3"
          "d\xc5\xba" }, /* Łódź */
        { "\xf0\x9f\x92\xa1 Idea", "idea" },
        { "\xe5\x90\x8d\xe5\x89\x8d", "\xe5\x90\x8d\xe5\x89\x8d" }, /* 名前 */
        { "a \xe2\x80\x93 b", "a_b" },                              /* a – b */
    };
    const char *a = apr_pstrcat(pool, "A very long name of a property that goes on and on and on ",
                                "until it ends", NULL);
    const char *b = apr_pstrcat(pool, a, " otherwise", NULL);
    const char *wide = "\xe5\x90\x8d\xe5\x89\x8d\xe5\x90\x8d\xe5\x89\x8d\xe5\x90\x8d\xe5\x89\x8d"
                       "\xe5\x90\x8d\xe5\x89\x8d\xe5\x90\x8d\xe5\x89\x8d\xe5\x90\x8d\xe5\x89\x8d"
                       "\xe5\x90\x8d\xe5\x89\x8d\xe5\x90\x8d\xe5\x89\x8d\xe5\x90\x8d\xe5\x89\x8d"
                       "\xe5\x90\x8d\xe5\x89\x8d\xe5\x90\x8d\xe5\x89\x8d\xe5\x90\x8d\xe5\x89\x8d";
    const char *cut;
    int i;

    for (i = 0; i < (int)(sizeof(cases) / sizeof(cases[0])); i++) {
        tap_str(nts_auto_column_name(cases[i][0], pool), cases[i][1], "the column for '%s'",
                cases[i][0]);
    }
    tap_ok(nts_auto_column_name("!? \xf0\x9f\x92\xa1", pool) == NULL, "signs name no column");
    tap_ok(nts_auto_column_name("", pool) == NULL, "nor does nothing");
    cut = nts_auto_column_name(a, pool);
    tap_int(strlen(cut), NTS_AUTO_NAME_MAX, "a long name is cut");
    tap_ok(strcmp(cut, nts_auto_column_name(b, pool)) != 0, "and stays apart from another");
    tap_str(nts_auto_column_name(cut, pool), cut, "the column that was made is found by it");
    cut = nts_auto_column_name(wide, pool);
    tap_ok(strlen(cut) <= NTS_AUTO_NAME_MAX && nts_utf8_is_valid(cut, strlen(cut)),
           "no character is cut in two");
}

static void test_pairs(void)
{
    nts_mapping_t mapping = auto_mapping(0, 0);
    nts_auto_t found = auto_look(&mapping, &notion, &table, pool);

    tap_str(auto_pairs(&found, pool), "Name<->name, Due date<->DUE_DATE, Made->made",
            "names are compared without case and signs; a computed property goes one way");
    tap_ok(found.is_changed && found.pairs[0].automatic, "these are new");
    tap_int(found.lacking_count[0] + found.lacking_count[1], 0, "nothing is to be made");
    tap_ok(auto_says(&found, "no column amount for \"Amount\""),
           "a property without a column is named");
    tap_ok(auto_says(&found, "no property for the column stage"),
           "and a column without a property");
    tap_ok(auto_says(&found, "\"Owner\" (people) cannot be synced"), "and what cannot be synced");
    tap_ok(auto_says(&found, "\"Company\" is a relation"),
           "and a relation, which wants its mapping");
    tap_ok(is_silent(&found, "column id"), "the key is not a field");

    mapping.pairs = found.pairs;
    mapping.pair_count = found.pair_count;
    found = auto_look(&mapping, &notion, &table, pool);
    tap_int(found.is_changed, 0, "looked at again they are the same");
}

static void test_lacking(void)
{
    nts_mapping_t mapping = auto_mapping(0, 1);
    nts_auto_t found = auto_look(&mapping, &notion, &table, pool);
    const nts_schema_field_t *field;

    tap_str(auto_lacking(&found, NTS_EXTERNAL, pool), "amount:number", "a column that is lacking");
    tap_str(auto_lacking(&found, NTS_NOTION, pool), "", "and nothing in Notion");

    found = auto_look(&mapping, &notion, NULL, pool);
    tap_str(auto_lacking(&found, NTS_EXTERNAL, pool),
            "name:title, due_date:date, amount:number, made:created_time",
            "without a table all columns are lacking");
    tap_int(found.pair_count, 0, "and nothing is paired");

    mapping = auto_mapping(1, 0);
    found = auto_look(&mapping, &notion, &table, pool);
    tap_str(auto_lacking(&found, NTS_NOTION, pool), "stage:select, price:number, tags:multi_select",
            "properties that are lacking, by the columns' types");
    field = found.lacking[NTS_NOTION];
    if (!field) {
        return;
    }
    tap_int(field->type.option_count, 2, "the choices of an enum come along");
    tap_str(field->type.options[1].name, "won", "in their order");
    tap_ok(auto_says(&found, "\"stage\" is made with 2 of the choices"),
           "but for one with a comma, and one that differs in case only, which is said");
    tap_int(found.choice_count, 1, "a list is asked for its values");
    tap_str(choice_of(&found), "tags", "the column");
}

/* More than a request may hold. */
static void test_bound(void)
{
    nts_option_t *many = apr_pcalloc(pool, 101 * sizeof(*many));
    nts_schema_field_t field = { "kind", "kind", { .kind = NTS_TYPE_OPTION, .native = "kind" } };
    nts_schema_t external = { .fields = &field, .count = 1, .key = "id" };
    nts_mapping_t mapping = auto_mapping(1, 0);
    nts_auto_t found;
    int i;

    for (i = 0; i < 101; i++) {
        many[i].name = apr_psprintf(pool, "choice %d", i);
    }
    field.type.options = many;
    field.type.option_count = 101;
    found = auto_look(&mapping, &notion, &external, pool);
    tap_int(found.lacking[NTS_NOTION][0].type.option_count, NTS_AUTO_CHOICES_MAX,
            "of more choices than a request may hold the first are made");
    tap_ok(auto_says(&found, "made with 100 of the choices"), "and that is said");
    field.type.option_count = 100;
    found = auto_look(&mapping, &notion, &external, pool);
    tap_int(found.lacking[NTS_NOTION][0].type.option_count, 100, "exactly as many are all made");
    tap_ok(is_silent(&found, "choices"), "and nothing is said");
}

static void test_declared(void)
{
    nts_pair_t pairs[] = {
        { .notion = "Amount", .external = "price", .direction = NTS_BOTH },
        { .notion = "Stage name",
          .external = "made",
          .direction = NTS_BOTH,
          .options = { .options_create = { 1, 1 } } },
        { .notion = "Due date", .external = "deadline", .direction = NTS_BOTH },
    };
    nts_pair_t key = {
        .notion = "Key", .external = NTS_KEY_FIELD, .direction = NTS_TO_NOTION, .is_key = 1
    };
    nts_pair_t body = {
        .notion = NTS_BODY_FIELD, .external = "text", .direction = NTS_BOTH, .is_body = 1
    };
    nts_mapping_t mapping = auto_mapping(1, 1);
    nts_auto_t found;

    mapping.pairs = pairs;
    mapping.pair_count = 3;
    found = auto_look(&mapping, &notion, &table, pool);
    tap_str(auto_lacking(&found, NTS_EXTERNAL, pool), "deadline:date",
            "a column that a line of the configuration names");
    tap_str(auto_lacking(&found, NTS_NOTION, pool),
            "Stage name:select, DUE_DATE:date, stage:select, tags:multi_select",
            "properties that lines name; with options=create a text becomes choices");
    tap_str(choice_of(&found), "made", "which are those that stand there");
    tap_ok(auto_says(&found, "\"Made\": the column made is the key, or another's"),
           "what a line pairs is nobody else's");

    pairs[2].notion_id = "a1";
    found = auto_look(&mapping, &notion, &table, pool);
    tap_str(auto_lacking(&found, NTS_EXTERNAL, pool), "",
            "a column that was there once is not made anew: it would be empty, and look like an "
            "edit");

    mapping.pairs = &body;
    mapping.pair_count = 1;
    found = auto_look(&mapping, &notion, &table, pool);
    tap_ok(strstr(auto_lacking(&found, NTS_EXTERNAL, pool), "text:rich_text") != NULL &&
               !strstr(auto_lacking(&found, NTS_NOTION, pool), NTS_BODY_FIELD),
           "the column of the body is made, and no property called so (%s)",
           auto_lacking(&found, NTS_EXTERNAL, pool));
    mapping.pairs = &key;
    mapping.pair_count = 1;
    found = auto_look(&mapping, &notion, NULL, pool);
    tap_str(auto_lacking(&found, NTS_NOTION, pool), "Key:rich_text",
            "the property that keeps the key");
}

static void test_known(void)
{
    nts_pair_t pairs[] = {
        { .id = 1,
          .notion = "Renamed since",
          .notion_id = "a1",
          .external = "DUE_DATE",
          .automatic = 1 },
        { .id = 2, .notion = "Amount", .notion_id = "a2", .external = "amount", .automatic = 1 },
        { .id = 3, .notion = "Gone", .notion_id = "zz", .external = "stage", .automatic = 1 },
    };
    nts_mapping_t mapping = auto_mapping(1, 1);
    nts_auto_t found;

    mapping.pairs = pairs;
    mapping.pair_count = 3;
    found = auto_look(&mapping, &notion, &table, pool);
    tap_str(auto_pairs(&found, pool), "Renamed since<->DUE_DATE, Name<->name, Made->made",
            "a pair goes on under its property's id; one that has lost a field ends");
    tap_int(found.pairs[0].id, 1, "with its number");
    tap_ok(found.is_changed, "which is a change");
    tap_ok(!strstr(auto_lacking(&found, NTS_EXTERNAL, pool), "amount"),
           "a column that has gone is not made anew as long as its pair is known");
    tap_ok(!strstr(auto_lacking(&found, NTS_NOTION, pool), "stage"), "nor is a property");
    tap_ok(auto_says(&found, "\"Amount\" and amount are no longer paired: the column has gone"),
           "and it is said");

    mapping.pairs = found.pairs;
    mapping.pair_count = found.pair_count;
    found = auto_look(&mapping, &notion, &table, pool);
    tap_str(auto_lacking(&found, NTS_EXTERNAL, pool), "amount:number",
            "once it is forgotten it is as any other, and begins without what was agreed");
    tap_ok(!nts_auto_is_new(&mapping), "such a mapping is not new");
    mapping.pair_count = 0;
    tap_ok(nts_auto_is_new(&mapping), "one that was never bound is");
}

static void test_clash(void)
{
    static const nts_schema_field_t two[] = {
        { "title", "Name", { .kind = NTS_TYPE_TEXT, .native = "title" } },
        { "b1", "Due date", { .kind = NTS_TYPE_DATE, .native = "date" } },
        { "b2", "due-date", { .kind = NTS_TYPE_DATE, .native = "date" } },
    };
    static const nts_schema_field_t both[] = {
        { "name", "name", { .kind = NTS_TYPE_TEXT, .native = "TEXT" } },
        { "Name", "Name", { .kind = NTS_TYPE_TEXT, .native = "TEXT" } },
    };
    const nts_schema_t left = { .fields = two, .count = 3 };
    const nts_schema_t right = { .fields = both, .count = 2, .key = "id" };
    nts_pair_t pair = { .notion = "due-date", .external = "due", .direction = NTS_BOTH };
    nts_mapping_t mapping = auto_mapping(0, 1);
    nts_outcome_t out = { 0 };
    nts_auto_t found;

    tap_int(nts_auto_look(&found, &mapping, &left, NULL, &out, pool), APR_EMISMATCH,
            "two properties that would be one column");
    tap_str(out.what, "the properties \"Due date\" and \"due-date\" would be one column, due_date",
            "both are named");
    mapping.pairs = &pair;
    mapping.pair_count = 1;
    tap_int(nts_auto_look(&found, &mapping, &left, NULL, &out, pool), APR_SUCCESS,
            "a line that pairs one of them settles it");
    tap_str(auto_lacking(&found, NTS_EXTERNAL, pool), "due:date, name:title, due_date:date",
            "with both");
    mapping = auto_mapping(0, 0);
    tap_int(nts_auto_look(&found, &mapping, &left, &right, &out, pool), APR_EMISMATCH,
            "two columns that would be one property");
    tap_str(out.what, "the columns name and Name would be one property, \"name\"",
            "both are named");
    tap_int(nts_auto_look(&found, &mapping, &left, &table, &out, pool), APR_EMISMATCH,
            "two properties for the column that is there");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_names();
    test_pairs();
    test_lacking();
    test_bound();
    test_declared();
    test_known();
    test_clash();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
