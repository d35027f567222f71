/* Proves of model/nts_bound, nts_bind and nts_offer (S5.4): what becomes of a pair's fields is noted, counted and kept; which pairs a mapping can do
 * without; and which properties are offered, with a line that httpd would read as it stands. */
#include <string.h>

#include <apr_general.h>

#include "model/nts_offer.h"
#include "tap/tap.h"

static apr_pool_t *p;

static nts_schema_field_t field_of(const char *id, const char *name, const char *native,
                                   nts_type_kind_t kind)
{
    nts_schema_field_t field = { id, name, { .kind = kind, .native = native, .nullable = 1 } };

    return field;
}

static nts_pair_t pair_of(const char *notion, const char *external)
{
    nts_pair_t pair = { .notion = notion, .external = external };

    return pair;
}

static void test_forms(void)
{
    nts_schema_field_t text = field_of("a", "Notes", "rich_text", NTS_TYPE_TEXT);
    nts_schema_field_t number = field_of("a", "Notes", "number", NTS_TYPE_NUMBER);
    nts_schema_field_t column = field_of("notes", "notes", "TEXT", NTS_TYPE_TEXT);
    nts_schema_field_t longer = field_of("notes", "notes", "VARCHAR(80)", NTS_TYPE_TEXT);
    nts_found_t both = { { &text, &column }, { 1, 0 } }, gone = { { NULL, &column }, { 1, 0 } };
    nts_found_t other = { { &number, &longer }, { 1, 0 } }, dropped = { { &text, NULL }, { 1, 0 } };
    nts_bound_t bound = { 0 }, back;

    nts_bound_note(&bound, &gone, p);
    tap_ok(!nts_bound_is_known(&bound) && !bound.form[0],
           "of what was never bound nothing is noted");
    nts_bound_note(&bound, &both, p);
    nts_bound_begin(&bound, &both, p);
    tap_ok(nts_bound_is_known(&bound) && !nts_bound_is_changed(&bound), "bound");
    nts_bound_note(&bound, &both, p);
    tap_int(bound.form[NTS_NOTION], 0, "what is as it was counts for nothing");
    nts_bound_note(&bound, &gone, p);
    nts_bound_note(&bound, &gone, p);
    tap_int(bound.form[NTS_NOTION], 1, "a property that has gone counts once");
    tap_ok(nts_bound_is_changed(&bound), "and shows");
    nts_bound_note(&bound, &both, p);
    tap_int(bound.recast[NTS_NOTION], 0, "restored it is the one it was");
    tap_int(bound.form[NTS_NOTION], 1, "that has been away");
    nts_bound_note(&bound, &other, p);
    tap_int(bound.recast[NTS_NOTION], 2, "another type makes it another");
    tap_int(bound.form[NTS_EXTERNAL], 0, "a longer column is the same");
    tap_ok(nts_bound_is_changed(&bound), "which shows");
    nts_bound_note(&bound, &both, p);
    tap_int(bound.recast[NTS_NOTION], 3, "and the former type once more");
    nts_bound_note(&bound, &dropped, p);
    nts_bound_note(&bound, &both, p);
    tap_int(bound.recast[NTS_EXTERNAL], 1, "a column that is back was made anew");
    nts_bound_note(&bound, &gone, p);
    nts_bound_note(&bound, &other, p);
    tap_int(bound.recast[NTS_NOTION], 5, "gone, and back as another");
    nts_outcome_set(&bound.why, p, NTS_REMEDY_PERSON, "mapping.types", "they do not fit");
    bound.since = 7;
    tap_int(nts_bound_parse(&back, nts_bound_text(&bound, p), p), APR_SUCCESS, "it is kept");
    tap_str(nts_bound_text(&back, p), nts_bound_text(&bound, p), "whole");
    tap_str(back.why.code, "mapping.types", "with the reason");
    tap_ok(nts_bound_is_of(&back, NTS_NOTION, "rich_text") &&
               !nts_bound_is_of(&back, NTS_NOTION, "number"),
           "and the type it was bound to");
    tap_int(nts_bound_parse(&back, "{", p), APR_EMISMATCH, "what is no JSON is refused");
}

/* The other side is a data source of Notion: what goes for Notion's properties goes for its. */
static void test_far_property(void)
{
    nts_schema_field_t text = field_of("a", "Notes", "rich_text", NTS_TYPE_TEXT);
    nts_schema_field_t title = field_of("title", "title", "title", NTS_TYPE_TEXT);
    nts_schema_field_t renamed = field_of("title", "Name", "title", NTS_TYPE_TEXT);
    nts_schema_field_t number = field_of("title", "Name", "number", NTS_TYPE_NUMBER);
    nts_found_t both = { { &text, &title }, { 1, 1 } }, called = { { &text, &renamed }, { 1, 1 } };
    nts_found_t gone = { { &text, NULL }, { 1, 1 } }, other = { { &text, &number }, { 1, 1 } };
    nts_bound_t bound = { 0 };

    nts_bound_begin(&bound, &both, p);
    nts_bound_note(&bound, &called, p);
    tap_int(bound.form[NTS_EXTERNAL], 0,
            "a property that is called what its id is may get another name");
    nts_bound_note(&bound, &gone, p);
    tap_ok(nts_bound_is_changed(&bound), "one that was deleted shows");
    nts_bound_note(&bound, &called, p);
    tap_ok(bound.form[NTS_EXTERNAL] == 1 && bound.recast[NTS_EXTERNAL] == 0,
           "restored it has its values");
    nts_bound_note(&bound, &other, p);
    tap_int(bound.recast[NTS_EXTERNAL], 2, "another type makes it another");
    tap_ok(nts_bound_is_of(&bound, NTS_EXTERNAL, "title"), "it was bound to the title");
}

static void test_spare(void)
{
    static const nts_match_t matches[] = { { "Mail", "mail" } };
    const nts_filter_t *filter;
    nts_pair_t pairs[] = { pair_of("Name", "name"), pair_of("Mail", "mail"),
                           pair_of("Stage", "stage"), pair_of("Key", NTS_KEY_FIELD),
                           pair_of("New", "new") };
    nts_mapping_t mapping = {
        .pairs = pairs, .pair_count = 5, .matches = matches, .match_count = 1
    };
    const char *problem = NULL;
    int i;

    tap_int(nts_filter_parse(&filter, "Stage = 'Won'", &problem, p), APR_SUCCESS, "a filter");
    mapping.filter[NTS_NOTION] = filter;
    pairs[3].is_key = 1;
    for (i = 0; i < 4; i++) {
        pairs[i].bound.type[0] = pairs[i].bound.type[1] = "text";
        pairs[i].bound.seen[NTS_EXTERNAL] = "text";
    }
    tap_ok(!nts_mapping_cannot_spare(&mapping, 0), "a field that is gone can be done without");
    tap_str(nts_mapping_cannot_spare(&mapping, 1), "records are paired by it", "not a match field");
    tap_str(nts_mapping_cannot_spare(&mapping, 2), "which records are covered depends on it",
            "not one of the filter");
    tap_str(nts_mapping_cannot_spare(&mapping, 3), "pages keep their keys in it",
            "not the link property");
    tap_str(nts_mapping_cannot_spare(&mapping, 4), "the configuration does not fit it",
            "nor a line that never fitted");
    pairs[0].bound.seen[NTS_NOTION] = "text";
    tap_str(nts_mapping_cannot_spare(&mapping, 0), "the configuration does not fit it",
            "nor one whose fields are what they were");
}

static const char *line_of(const nts_json_t *offered, const char *property, const char *key)
{
    int i;

    for (i = 0; i < nts_json_count(offered); i++) {
        const nts_json_t *node = nts_json_at(offered, i);

        if (strcmp(nts_json_get_string(node, "property"), property) == 0) {
            return nts_json_get_string(node, key);
        }
    }
    return NULL;
}

static void test_offers(void)
{
    nts_schema_field_t properties[] = {
        field_of("a", "Name", "title", NTS_TYPE_TEXT),
        field_of("b", "Due \"soon\" \\", "date", NTS_TYPE_DATE),
        field_of("c", "Press", "button", NTS_TYPE_UNSUPPORTED),
        field_of("d", "Sum", "formula", NTS_TYPE_NUMBER),
        field_of("e", "Firm", "relation", NTS_TYPE_REFERENCE),
        field_of("f", "Notes (old)", "rich_text", NTS_TYPE_TEXT),
        field_of("g", "Mail", "email", NTS_TYPE_TEXT),
    };
    nts_schema_field_t columns[] = { field_of("name", "name", "TEXT", NTS_TYPE_TEXT),
                                     field_of("notes_old", "notes_old", "TEXT", NTS_TYPE_TEXT),
                                     field_of("mail", "mail", "TEXT", NTS_TYPE_TEXT) };
    nts_schema_t notion = { .fields = properties, .count = 7 };
    nts_schema_t external = { .fields = columns, .count = 3 };
    nts_pair_t pairs[] = { pair_of("Formerly called", "name"), pair_of("Gone", "mail") };
    nts_mapping_t mapping = { .pairs = pairs, .pair_count = 2 };
    nts_json_t *root = nts_json_make_object(p);
    const nts_json_t *offered;

    properties[3].type.computed = 1;
    pairs[0].notion_id = "a";
    pairs[1].notion_id = "zz";
    nts_outcome_set(&pairs[1].bound.why, p, NTS_REMEDY_PERSON, "mapping.property_gone", "gone");
    pairs[1].bound.why.advice = "restore it";
    tap_int(nts_offer_suspended(&mapping, root), 1, "one is suspended");
    tap_str(nts_json_get_string(nts_json_at(nts_json_get(root, "suspended"), 0), "advice"),
            "restore it", "with what to do");
    nts_offer_properties(&mapping, &notion, &external, root, p);
    offered = nts_json_get(root, "offered");
    tap_int(nts_json_count(offered), 5, "what nobody has mapped, and can be");
    tap_ok(!line_of(offered, "Name", "line"), "not what is mapped under its id");
    tap_str(line_of(offered, "Due \"soon\" \\", "line"),
            "NotionSyncField \"Due \\\"soon\\\" \\\\\" <-> \"due_soon\"", "quoted");
    tap_ok(line_of(offered, "Due \"soon\" \\", "lacks") != NULL, "a column is lacking");
    tap_str(line_of(offered, "Notes (old)", "line"),
            "NotionSyncField \"Notes (old)\" <-> \"notes_old\"", "with the column of its name");
    tap_ok(!line_of(offered, "Notes (old)", "lacks"), "which is there");
    tap_str(line_of(offered, "Sum", "line"), "NotionSyncField \"Sum\" -> \"sum\"",
            "what is computed goes one way");
    tap_str(line_of(offered, "Firm", "line"),
            "NotionSyncField \"Firm\" <-> \"firm\" relation=MAPPING", "a relation needs a mapping");
    tap_ok(line_of(offered, "Mail", "lacks") &&
               strstr(line_of(offered, "Mail", "lacks"), "another pair") != NULL,
           "a column that another pair has is not free");
}

/* Two data sources: what one of them has is offered with what it could be paired with in the other. */
static void test_offers_of_two(void)
{
    nts_schema_field_t here[] = { field_of("title", "Name", "title", NTS_TYPE_TEXT),
                                  field_of("b", "Due date", "date", NTS_TYPE_DATE),
                                  field_of("c", "Sum", "formula", NTS_TYPE_TEXT),
                                  field_of("d", "Only here", "number", NTS_TYPE_NUMBER) };
    nts_schema_field_t there[] = { field_of("title", "Called", "title", NTS_TYPE_TEXT),
                                   field_of("y", "due-date", "date", NTS_TYPE_DATE),
                                   field_of("z", "Made", "created_time", NTS_TYPE_INSTANT),
                                   field_of("w", "Press", "button", NTS_TYPE_UNSUPPORTED),
                                   field_of("v", "sum", "rich_text", NTS_TYPE_TEXT) };
    nts_schema_t notion = { .fields = here, .count = 4 };
    nts_schema_t external = { .fields = there, .count = 5, .has_ids = 1 };
    nts_pair_t pairs[] = { pair_of("Name", "Formerly called"), pair_of("Old", "sum") };
    nts_mapping_t mapping = { .pairs = pairs, .pair_count = 2 };
    nts_json_t *root = nts_json_make_object(p);
    const nts_json_t *offered;

    here[2].type.computed = there[2].type.computed = 1;
    pairs[0].notion_id = pairs[0].external_id = "title";
    pairs[1].notion_id = "gone";
    nts_offer_properties(&mapping, &notion, &external, root, p);
    offered = nts_json_get(root, "offered");
    tap_int(nts_json_count(offered), 4, "what is free on either side, each once");
    tap_str(line_of(offered, "Due date", "line"), "NotionSyncField \"Due date\" <-> \"due-date\"",
            "a property with its namesake of the other data source");
    tap_ok(!line_of(offered, "Due date", "lacks"), "which is there");
    tap_str(line_of(offered, "Sum", "lacks"), "the property of this name is in another pair",
            "or is another's");
    tap_str(line_of(offered, "Only here", "line"),
            "NotionSyncField \"Only here\" <-> \"Only here\"", "or would have to be made,");
    tap_str(line_of(offered, "Only here", "lacks"),
            "the other data source has no such property yet", "under the same name");
    tap_str(line_of(offered, "Made", "line"), "NotionSyncField \"Made\" <- \"Made\"",
            "so is what only the other one has");
    tap_str(line_of(offered, "Made", "lacks"), "Notion has no such property yet",
            "and Notion lacks");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_forms();
    test_far_property();
    test_spare();
    test_offers();
    test_offers_of_two();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
