/* Proves S5.2 of the Notion connector: relations in the schema, read whole (also beyond the 25 that a page shows), written
 * whole. */
#include "model/nts_reference.h"
#include "ut_notion.h"

#define OTHER "ffffffff-0000-4000-8000-0000000000bb"
#define TIME "2026-11-02T10:00:00.000Z"

/* Only the page's relation is mapped. */
static nts_ask_t relation_ask(nts_ask_kind_t kind)
{
    static const nts_type_t relation = {
        .kind = NTS_TYPE_REFERENCE, .native = "relation", .nullable = 1, .target = OTHER
    };
    static const nts_type_t column = { .kind = NTS_TYPE_TEXT, .native = "TEXT", .nullable = 1 };
    static const nts_domain_options_t options = { .reference = 1 };
    const nts_type_t *types[2] = { &relation, &column };
    nts_ask_t ask = ut_ask(kind);
    nts_mapping_t *mapping = ut_mapping();

    mapping->pair_count = 1;
    mapping->pairs[0].notion = "Items";
    mapping->pairs[0].notion_id = "w:5p";
    (void)nts_domain_make(&mapping->pairs[0].domain, types, &options, NULL, pool);
    ask.mapping = mapping;
    return ask;
}

static const char *page_id(int number)
{
    return apr_psprintf(pool, "eeeeeeee-0000-4000-8000-%012d", number);
}

static const char *list(int from, int count, const char *before, const char *after)
{
    const char *text = "";

    for (int i = 0; i < count; i++) {
        text = apr_pstrcat(pool, text, i ? "," : "", before, page_id(from + i), after, NULL);
    }
    return text;
}

static const char *relation(int count, const char *more)
{
    return ut_page(PAGE_1, TIME, BOT,
                   apr_pstrcat(pool,
                               "\"Items\":{\"id\":\"w%3A5p\",\"type\":\"relation\",\"relation\":[",
                               list(1, count, "{\"id\":\"", "\"}"), "]", more, "}", NULL));
}

static void test_schema(void)
{
    nts_ask_t ask = ut_ask(NTS_ASK_DESCRIBE);
    talk_t talk = ut_begin(&ask);
    const nts_schema_t *schema;
    nts_schema_t *again = NULL;
    nts_json_t *root = nts_json_make_object(pool);

    ut_reply(&talk, 200,
             "{\"object\":\"data_source\",\"id\":\"" DATA_SOURCE "\",\"title\":[],\"properties\":{"
             "\"Items\":{\"id\":\"w%3A5p\",\"type\":\"relation\",\"relation\":{\"data_source_id\":"
             "\"ffffffff0000400080000000000000bb\",\"type\":\"single_property\","
             "\"single_property\":{}}},"
             "\"Twin\":{\"id\":\"tw\",\"type\":\"relation\",\"relation\":{\"data_source_id\":"
             "\"" OTHER "\",\"type\":\"dual_property\",\"dual_property\":{"
             "\"synced_property_id\":\"x\",\"synced_property_name\":\"y\"}}}}}");
    if (!ut_result_is(&talk, NTS_RESULT_OK, "described")) {
        return;
    }
    schema = talk.answer->schema;
    tap_int(schema->fields[0].type.kind, NTS_TYPE_REFERENCE, "a relation");
    tap_str(schema->fields[0].type.target, OTHER, "to that data source, however its id is written");
    tap_int(schema->fields[0].type.mirrored, 0, "of one end");
    tap_int(schema->fields[1].type.mirrored, 1, "or of two");
    nts_schema_to_json(schema, root);
    tap_int(nts_schema_from_json(&again, root, pool), APR_SUCCESS, "stored and read back");
    tap_ok(again && again->fields[0].type.kind == NTS_TYPE_REFERENCE &&
               !strcmp(again->fields[0].type.target, OTHER) && again->fields[1].type.mirrored,
           "the same");
}

static void test_read(void)
{
    nts_ask_t ask = relation_ask(NTS_ASK_READ);
    talk_t talk = ut_begin(&ask);
    const nts_value_t *value;

    ut_reply(&talk, 200, relation(2, ",\"has_more\":false"));
    ut_result_is(&talk, NTS_RESULT_OK, "read");
    value = &talk.answer->record->values[0];
    tap_ok(value->kind == NTS_VALUE_SET && value->as.set.count == 2 &&
               !strcmp(value->as.set.options[1].name, page_id(2)) && !value->as.set.options[1].id,
           "pages, by their ids");
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, relation(0, ",\"has_more\":false"));
    tap_ok(nts_value_is_empty(&talk.answer->record->values[0]), "or none");
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, relation(25, ",\"has_more\":false"));
    ut_result_is(&talk, NTS_RESULT_OK, "25 that say they are all are all");
    talk = ut_begin(&ask);
    ut_reply(&talk, 200,
             ut_page(PAGE_1, TIME, BOT,
                     "\"Items\":{\"id\":\"w%3A5p\",\"type\":\"relation\",\"relation\":[{}]}"));
    tap_int(talk.answer->record->values[0].kind, NTS_VALUE_OPAQUE,
            "what is no page is not guessed");
}

static const char *items(int from, int count, const char *next)
{
    return apr_psprintf(
        pool,
        "{\"object\":\"list\",\"type\":\"property_item\",\"results\":[%s],\"has_more\":%s,"
        "\"next_cursor\":%s,\"property_item\":{\"id\":\"w%%3A5p\",\"type\":\"relation\","
        "\"relation\":{},\"next_url\":null}}",
        list(from, count,
             "{\"object\":\"property_item\",\"id\":\"w%3A5p\",\"type\":\"relation\","
             "\"relation\":{\"id\":\"",
             "\"}}"),
        next ? "true" : "false", next ? apr_psprintf(pool, "\"%s\"", next) : "null");
}

static void test_completion(void)
{
    static const char *const cut[] = { ",\"has_more\":true", "" };
    nts_ask_t ask = relation_ask(NTS_ASK_READ);
    talk_t talk;
    int i;

    for (i = 0; i < 2; i++) {
        talk = ut_begin(&ask);
        ut_reply(&talk, 200, relation(25, cut[i]));
        ut_request_is(&talk, "GET", "/pages/" PAGE_1 "/properties/w%3A5p?page_size=100", NULL,
                      i ? "25 that do not say may not be all" : "those that say there are more");
        ut_reply(&talk, 200, items(1, 100, "c"));
        ut_reply(&talk, 200, items(101, 30, NULL));
        ut_reply(&talk, 200,
                 relation(25, cut[i])); /* the page once more, as they came in two parts */
        ut_result_is(&talk, NTS_RESULT_OK, "then");
        tap_int(talk.answer->record->values[0].as.set.count, 130, "all of them");
    }
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, relation(25, ",\"has_more\":true"));
    ut_reply(&talk, 200, items(1, 0, NULL));
    tap_ok(talk.answer->record->values[0].kind == NTS_VALUE_SET &&
               nts_value_is_empty(&talk.answer->record->values[0]),
           "emptied meanwhile");
}

static void test_write(void)
{
    nts_ask_t ask = relation_ask(NTS_ASK_UPDATE);
    nts_option_t pages[101] = { { NULL, PAGE_1 }, { NULL, PAGE_2 } };
    nts_value_t value = nts_value_set(pages, 2, pool);
    talk_t talk;
    int i;

    ask.values = &value;
    talk = ut_begin(&ask);
    ut_request_is(&talk, "PATCH", "/pages/" PAGE_1,
                  "{\"properties\":{\"w%3A5p\":{\"relation\":[{\"id\":\"" PAGE_1
                  "\"},{\"id\":\"" PAGE_2 "\"}]}}}",
                  "all of the list");
    value = nts_value_null;
    talk = ut_begin(&ask);
    ut_request_is(&talk, "PATCH", "/pages/" PAGE_1,
                  "{\"properties\":{\"w%3A5p\":{\"relation\":[]}}}", "or none");
    for (i = 0; i < 101; i++) {
        pages[i].name = page_id(i);
    }
    value = nts_value_set(pages, 101, pool);
    talk = ut_begin(&ask);
    ut_result_is(&talk, NTS_RESULT_REFUSED, "more than a hundred cannot be written");
}

#define NOT_FOUND(id)                                                                              \
    "{\"object\":\"error\",\"status\":404,\"code\":\"object_not_found\",\"message\":\"Could not "  \
    "find "                                                                                        \
    "page with ID: " id ". Make sure the relevant pages are shared.\"}"

/* Both are a 404 for the page that is written; only the words tell whose. */
static void test_hidden(void)
{
    nts_ask_t ask = relation_ask(NTS_ASK_UPDATE);
    nts_option_t pages[1] = { { NULL, PAGE_2 } };
    nts_value_t value = nts_value_set(pages, 1, pool);
    talk_t talk;

    ask.values = &value;
    talk = ut_begin(&ask);
    ut_reply(&talk, 404, NOT_FOUND(PAGE_2));
    ut_result_is(&talk, NTS_RESULT_REFUSED, "a page that is referred to is not shown to us");
    tap_str(talk.answer->outcome.code, NTS_REFERENCE_HIDDEN, "which is said");
    talk = ut_begin(&ask);
    ut_reply(&talk, 404, NOT_FOUND(PAGE_1));
    ut_result_is(&talk, NTS_RESULT_MISSING, "the page that is written is not");
    pages[0].name = PAGE_1;
    value = nts_value_set(pages, 1, pool);
    talk = ut_begin(&ask);
    ut_reply(&talk, 404, NOT_FOUND(PAGE_1));
    tap_str(talk.answer->outcome.code, NTS_REFERENCE_HIDDEN,
            "what it refers to may be that page itself: a read tells (89103)");
    pages[0].name = PAGE_2;
    value = nts_value_set(pages, 1, pool);
    ask.kind = NTS_ASK_CREATE;
    ask.id = NULL;
    talk = ut_begin(&ask);
    ut_reply(&talk, 404, NOT_FOUND(PAGE_2));
    ut_result_is(&talk, NTS_RESULT_REFUSED, "nor does it stop the mapping when a page is made");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    ut_open(1);
    test_schema();
    test_read();
    test_completion();
    test_write();
    test_hidden();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
