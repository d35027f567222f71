/* Proves: between two data sources fields are paired by their names, the two titles whatever they are called; what one of them lacks is told
 * as a property that holds it, with its choices; and unknown choices are made only where create= lets something be made. */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "base/nts_str.h"
#include "auto_kit.h"
#include "tap/tap.h"

static apr_pool_t *pool;

static const nts_option_t stages[] = { { "o1", "Lead" }, { "o2", "Won" } };

static const nts_schema_field_t here[] = {
    { "title", "Name", { .kind = NTS_TYPE_TEXT, .native = "title", .nullable = 1 } },
    { "a1", "Due date", { .kind = NTS_TYPE_DATE, .native = "date", .nullable = 1, .zoned = 1 } },
    { "a2",
      "Stage",
      { .kind = NTS_TYPE_OPTION,
        .native = "status",
        .nullable = 1,
        .options = stages,
        .option_count = 2 } },
    { "a3",
      "Mail",
      { .kind = NTS_TYPE_TEXT, .native = "email", .nullable = 1, .max_length = 200 } },
    { "a4",
      "Sum",
      { .kind = NTS_TYPE_TEXT, .native = "formula", .computed = 1, .varying = 1, .nullable = 1 } },
    { "a5",
      "Made",
      { .kind = NTS_TYPE_INSTANT,
        .native = "created_time",
        .computed = 1,
        .zoned = 1,
        .whole = 1 } },
    { "a6", "\xf0\x9f\x92\xa1", { .kind = NTS_TYPE_BOOL, .native = "checkbox" } },
    { "a7", "Firm", { .kind = NTS_TYPE_REFERENCE, .native = "relation", .nullable = 1 } },
    { "a9", "Owner", { .kind = NTS_TYPE_PEOPLE, .native = "people", .nullable = 1 } },
    { "a8", "Where", { .kind = NTS_TYPE_PLACE, .native = "place", .nullable = 1, .one_way = 1 } },
};
static const nts_schema_t notion = { .fields = here, .count = 10, .has_ids = 1 };

static const nts_schema_field_t there[] = {
    { "title", "Called", { .kind = NTS_TYPE_TEXT, .native = "title", .nullable = 1 } },
    { "b1", "due-date", { .kind = NTS_TYPE_DATE, .native = "date", .nullable = 1, .zoned = 1 } },
    { "b2",
      "Number",
      { .kind = NTS_TYPE_TEXT, .native = "unique_id", .computed = 1, .nullable = 1 } },
    { "b3", "Press", { .native = "button", .computed = 1 } },
};
static const nts_schema_t external = { .fields = there, .count = 4, .has_ids = 1 };

static void test_pairs(void)
{
    nts_mapping_t mapping = auto_mapping(0, 0);
    nts_auto_t found = auto_look(&mapping, &notion, &external, pool);

    tap_str(auto_pairs(&found, pool), "Name<->Called, Due date<->due-date",
            "the two titles are one field, and so are namesakes");
    tap_int(found.lacking_count[0] + found.lacking_count[1], 0, "nothing is to be made");
    tap_ok(auto_says(&found, "the other data source has no property for \"Mail\""),
           "what is missed there");
    tap_ok(auto_says(&found, "Notion has no property for \"Number\" of the other data source"),
           "and here is named");
    tap_ok(auto_says(&found, "\"Press\" of the other data source (button) cannot be synced"),
           "with what cannot be synced there");
    tap_ok(auto_says(&found, "\"Firm\" is a relation"), "and a relation, which wants its mapping");
}

/* Names that say otherwise. */
static void test_titles(void)
{
    static const nts_schema_field_t other[] = {
        { "title", "Called", { .kind = NTS_TYPE_TEXT, .native = "title", .nullable = 1 } },
        { "c1", "name", { .kind = NTS_TYPE_TEXT, .native = "rich_text", .nullable = 1 } },
    };
    const nts_schema_t right = { .fields = other, .count = 2, .has_ids = 1 };
    nts_pair_t pair = { .notion = "Mail", .external = "Called", .direction = NTS_BOTH };
    nts_mapping_t mapping = auto_mapping(0, 0);
    nts_auto_t found = auto_look(&mapping, &notion, &right, pool);

    tap_str(auto_pairs(&found, pool), "Name<->name", "a namesake goes before the title");
    mapping.pairs = &pair;
    mapping.pair_count = 1;
    found = auto_look(&mapping, &notion, &external, pool);
    tap_str(auto_pairs(&found, pool), "Mail<->Called, Due date<->due-date",
            "a line that names a title goes before the other one");
}

static void test_lacking(void)
{
    nts_mapping_t mapping = auto_mapping(0, 1);
    nts_auto_t found = auto_look(&mapping, &notion, &external, pool);
    const nts_schema_field_t *stage = &found.lacking[NTS_EXTERNAL][0];

    tap_str(auto_lacking(&found, NTS_EXTERNAL, pool),
            "Stage:select, Mail:email, Sum:rich_text, Made:date, \xf0\x9f\x92\xa1:checkbox, "
            "Owner:people",
            "create=external: properties of the same names, of the same type or one that holds it");
    tap_str(auto_lacking(&found, NTS_NOTION, pool), "", "and none here");
    tap_int(found.lacking_count[NTS_EXTERNAL] ? stage->type.option_count : 0, 2,
            "with the choices there are");
    tap_ok(auto_says(&found, "no property is made for \"Where\" (place)"),
           "but for what cannot be made");
    tap_int(found.choice_count, 0, "no side is asked for its values");
    mapping = auto_mapping(1, 0);
    found = auto_look(&mapping, &notion, &external, pool);
    tap_str(auto_lacking(&found, NTS_NOTION, pool), "Number:rich_text",
            "create=notion: the same from there");
    tap_str(auto_lacking(&found, NTS_EXTERNAL, pool), "", "and none there");
}

static void test_declared(void)
{
    nts_pair_t pairs[] = {
        { .notion = "Mail", .external = "Address", .direction = NTS_BOTH },
        { .notion = "No", .external = "Number", .direction = NTS_TO_NOTION },
        { .notion = NTS_BODY_FIELD, .external = "Text", .direction = NTS_BOTH, .is_body = 1 },
        { .notion = "Firm", .external = "Firm", .direction = NTS_BOTH, .relation = "firms" },
    };
    nts_mapping_t mapping = auto_mapping(1, 1);
    nts_auto_t found;

    mapping.pairs = pairs;
    mapping.pair_count = 4;
    pairs[2].options.body = 1;
    pairs[3].options.reference = 1;
    found = auto_look(&mapping, &notion, &external, pool);
    tap_ok(
        strstr(auto_lacking(&found, NTS_EXTERNAL, pool), "Address:email, Text:rich_text") != NULL,
        "what lines name is made under their names (%s)", auto_lacking(&found, NTS_EXTERNAL, pool));
    tap_str(auto_lacking(&found, NTS_NOTION, pool), "No:rich_text", "on either side");
    tap_ok(auto_says(&found, "the property Firm has to be made by hand"), "but for a relation");
    pairs[0].notion_id = "a3";
    found = auto_look(&mapping, &notion, &external, pool);
    tap_ok(!strstr(auto_lacking(&found, NTS_EXTERNAL, pool), "Address"),
           "what was there once is not made anew");
}

/* S5.4: both are known by their ids. */
static void test_known(void)
{
    nts_pair_t pairs[] = {
        { .id = 1,
          .notion = "Then",
          .notion_id = "a1",
          .external = "Formerly",
          .external_id = "b1",
          .automatic = 1 },
        { .id = 2,
          .notion = "Mail",
          .notion_id = "a3",
          .external = "Mail",
          .external_id = "b9",
          .automatic = 1 },
    };
    nts_mapping_t mapping = auto_mapping(0, 1);
    nts_auto_t found;

    mapping.pairs = pairs;
    mapping.pair_count = 2;
    found = auto_look(&mapping, &notion, &external, pool);
    tap_str(auto_pairs(&found, pool), "Then<->Formerly, Name<->Called",
            "a pair goes on under the ids of both, whatever they are called");
    tap_int(found.pairs[0].id, 1, "with its number");
    tap_ok(auto_says(&found, "\"Mail\" and Mail are no longer paired: the other property has gone"),
           "and ends when one has gone");
    tap_ok(!strstr(auto_lacking(&found, NTS_EXTERNAL, pool), "Mail"),
           "which is not made anew at once");
}

static void test_clash(void)
{
    static const nts_schema_field_t other[] = {
        { "title", "Called", { .kind = NTS_TYPE_TEXT, .native = "title" } },
        { "b1", "Due-date", { .kind = NTS_TYPE_DATE, .native = "date" } },
        { "b2", "due date", { .kind = NTS_TYPE_DATE, .native = "date" } },
        { "b3", "Title", { .kind = NTS_TYPE_NUMBER, .native = "number", .binary = 1 } },
        { "b4", "title", { .kind = NTS_TYPE_NUMBER, .native = "number", .binary = 1 } },
    };
    const nts_schema_t two = { .fields = other, .count = 3, .has_ids = 1 };
    const nts_schema_t odd = { .fields = other + 4, .count = 1, .has_ids = 1 };
    nts_mapping_t mapping = auto_mapping(0, 0);
    nts_outcome_t out = { 0 };
    nts_auto_t found;

    tap_int(nts_auto_look(&found, &mapping, &notion, &two, &out, pool), APR_EMISMATCH,
            "two properties that count as one name");
    tap_ok(out.what && strstr(out.what, "\"Due-date\" and \"due date\""), "are both named: %s",
           out.what);
    mapping = auto_mapping(1, 0);
    found = auto_look(&mapping, &notion, &odd, pool);
    tap_ok(auto_says(&found, "Notion takes no property with the name of \"title\" of the other"),
           "what is called as every title's id is not made, but said");
    tap_str(auto_lacking(&found, NTS_NOTION, pool), "", "for that would change the title");
}

/* What one side does not know yet is made there only if it may be. */
static void test_choices(void)
{
    static const nts_type_t select = {
        .kind = NTS_TYPE_OPTION, .native = "select", .nullable = 1, .options_open = 1
    };
    static const nts_type_t *const types[NTS_SIDE_COUNT] = { &select, &select };
    nts_mapping_t mapping = auto_mapping(0, 1);
    nts_auto_t found = auto_look(&mapping, &notion, &external, pool);
    nts_value_t value = nts_value_option(NULL, "Brand new"), out;
    const nts_domain_t *domain;

    if (nts_domain_make(&domain, types, &found.pairs[0].options, NULL, pool) != APR_SUCCESS) {
        tap_ok(0, "two selects go together");
        return;
    }
    tap_int(nts_domain_render(&out, domain, NTS_EXTERNAL, &value, NULL, pool), APR_SUCCESS,
            "create=external: a new choice is made there");
    tap_int(nts_domain_render(&out, domain, NTS_NOTION, &value, NULL, pool), APR_EMISMATCH,
            "and not here");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_pairs();
    test_titles();
    test_lacking();
    test_declared();
    test_known();
    test_clash();
    test_choices();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
