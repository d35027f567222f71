/* Proves of the Notion connector: rollups that a page shows in part are read whole, or said to be none; files keep their names and
 * their order when one is added; verification and place are written as Notion takes them. */
#include <apr_tables.h>

#include "unit/ut_notion.h"

#define SOME_TIME "2026-11-20T08:03:00.000Z"
#define ITEM "/pages/" PAGE_1 "/properties/pppp?page_size=100"

/* Only one property, of that type, against a text column. */
static nts_ask_t ask_for(nts_ask_kind_t kind, const nts_type_t *type)
{
    static const nts_type_t column = { .kind = NTS_TYPE_TEXT, .native = "TEXT", .nullable = 1 };
    static const nts_domain_options_t options = { 0 };
    const nts_type_t *types[2] = { type, &column };
    nts_ask_t ask = ut_ask(kind);
    nts_mapping_t *mapping = ut_mapping();

    mapping->pair_count = 1;
    mapping->pairs[0].notion = "P";
    mapping->pairs[0].notion_id = "pppp";
    mapping->pairs[0].computed[NTS_NOTION] = type->computed;
    (void)nts_domain_make(&mapping->pairs[0].domain, types, &options, NULL, pool);
    ask.mapping = mapping;
    return ask;
}

static nts_ask_t rollup_ask(void)
{
    static const nts_type_t type = {
        .kind = NTS_TYPE_TEXT, .native = "rollup", .nullable = 1, .computed = 1, .varying = 1
    };

    return ask_for(NTS_ASK_READ, &type);
}

static const char *page_with(const char *native, const char *json)
{
    return ut_page(PAGE_1, SOME_TIME, BOT,
                   apr_psprintf(pool, "\"P\":{\"id\":\"pppp\",\"type\":\"%s\",\"%s\":%s}", native,
                                native, json));
}

static const char *numbers(int from, int count, const char *before)
{
    const char *text = "";

    for (int i = from; i < from + count; i++) {
        text = apr_psprintf(pool, "%s%s{%s\"type\":\"number\",\"number\":%d}", text,
                            i > from ? "," : "", before, i);
    }
    return text;
}

static const char *rollup_of(int count)
{
    return page_with(
        "rollup",
        apr_psprintf(pool, "{\"type\":\"array\",\"array\":[%s],\"function\":\"show_original\"}",
                     numbers(1, count, "")));
}

/* An answer to the property by itself. */
static const char *item(const char *results, const char *cursor, const char *rollup)
{
    return apr_psprintf(
        pool,
        "{\"object\":\"list\",\"results\":[%s],\"next_cursor\":%s,\"has_more\":%s,"
        "\"type\":\"property_item\",\"property_item\":{\"id\":\"pppp\",\"next_url\":"
        "null,\"type\":\"rollup\",\"rollup\":%s}}",
        results, cursor ? apr_pstrcat(pool, "\"", cursor, "\"", NULL) : "null",
        cursor ? "true" : "false", rollup);
}

#define PART "\"object\":\"property_item\",\"id\":\"pppp\","
#define DONE_ROLLUP "{\"type\":\"array\",\"array\":[],\"function\":\"show_original\"}"

static const char *list_text(int count)
{
    const char *text = "[";

    for (int i = 1; i <= count; i++) {
        text = apr_psprintf(pool, "%s%s%d", text, i > 1 ? "," : "", i);
    }
    return apr_pstrcat(pool, text, "]", NULL);
}

static const nts_value_t *value_of(const talk_t *talk)
{
    return talk->answer && talk->answer->record ? &talk->answer->record->values[0]
                                                : &nts_value_absent;
}

static void test_rollup(void)
{
    nts_ask_t ask = rollup_ask();
    talk_t talk = ut_begin(&ask);

    ut_reply(&talk, 200, rollup_of(24));
    tap_str(value_of(&talk)->as.text, list_text(24), "24 elements are all there are");

    talk = ut_begin(&ask);
    ut_reply(&talk, 200, rollup_of(25));
    ut_request_is(&talk, "GET", ITEM, NULL, "25 may be a part");
    ut_reply(&talk, 200,
             item(numbers(1, 100, PART), "next", "{\"type\":\"incomplete\",\"incomplete\":{}}"));
    ut_request_is(&talk, "GET", ITEM "&start_cursor=next", NULL, "the rest");
    ut_reply(&talk, 200, item(numbers(101, 3, PART), NULL, DONE_ROLLUP));
    ut_request_is(&talk, "GET", "/pages/" PAGE_1 "?filter_properties=pppp", NULL,
                  "the page once more, as there were several answers");
    ut_reply(&talk, 200, rollup_of(25));
    tap_str(value_of(&talk)->as.text, list_text(103), "all of them");
}

static void test_unfinished(void)
{
    static const char unfinished[] =
        "{\"type\":\"incomplete\",\"incomplete\":{},\"function\":\"sum\"}";
    nts_ask_t ask = rollup_ask();
    talk_t talk = ut_begin(&ask);

    ut_reply(&talk, 200, page_with("rollup", unfinished));
    ut_request_is(&talk, "GET", ITEM, NULL, "what is not finished is asked for");
    ut_reply(&talk, 200, item("", NULL, "{\"type\":\"number\",\"number\":7,\"function\":\"sum\"}"));
    tap_str(value_of(&talk)->as.text, "7", "and there it is");

    talk = ut_begin(&ask);
    ut_reply(&talk, 200, page_with("rollup", unfinished));
    ut_reply(&talk, 200, item("", NULL, unfinished));
    tap_int(value_of(&talk)->kind, NTS_VALUE_OPAQUE, "or it is nothing to sync, not zero");
    tap_int(value_of(&talk)->truncated, 0, "and not asked for again");
}

/* Whose piece each is Notion does not tell. */
static void test_pieces(void)
{
    nts_ask_t ask = rollup_ask();
    talk_t talk = ut_begin(&ask);

    ut_reply(&talk, 200, rollup_of(25));
    ut_reply(&talk, 200,
             item("{" PART "\"type\":\"title\",\"title\":{\"type\":\"text\",\"plain_text\":\"a\"}}",
                  NULL, DONE_ROLLUP));
    tap_int(value_of(&talk)->kind, NTS_VALUE_OPAQUE, "texts in pieces are not guessed at");
    tap_ok(strstr(value_of(&talk)->as.text, "in pieces") != NULL, "%s", value_of(&talk)->as.text);
}

static void test_elements(void)
{
    nts_ask_t ask = rollup_ask();
    talk_t talk = ut_begin(&ask);

    ut_reply(
        &talk, 200,
        page_with("rollup",
                  "{\"type\":\"array\",\"array\":[{\"type\":\"number\",\"number\":null},"
                  "{\"type\":\"date\",\"date\":{\"start\":\"2026-12-01\",\"end\":\"2026-12-02\"}},"
                  "{\"type\":\"select\",\"select\":{\"id\":\"x\",\"name\":\"A\"}},"
                  "{\"type\":\"multi_select\",\"multi_select\":[{\"id\":\"y\",\"name\":\"b\"},"
                  "{\"id\":\"z\",\"name\":\"a\"}]},"
                  "{\"type\":\"formula\",\"formula\":{\"type\":\"boolean\",\"boolean\":false}}],"
                  "\"function\":\"show_original\"}"));
    tap_str(value_of(&talk)->as.text, "[null,\"2026-12-01/2026-12-02\",\"A\",[\"a\",\"b\"],false]",
            "elements of all kinds");

    talk = ut_begin(&ask);
    ut_reply(&talk, 200,
             page_with("rollup", "{\"type\":\"array\",\"array\":[{\"type\":\"hologram\","
                                 "\"hologram\":{}}],\"function\":\"show_original\"}"));
    tap_int(value_of(&talk)->kind, NTS_VALUE_OPAQUE, "one of an unknown type");
}

/* The body of a write of the value; @a before: what the page showed. */
static const char *written(const nts_type_t *type, const char *value, const char *before)
{
    nts_ask_t read = ask_for(NTS_ASK_READ, type);
    nts_ask_t ask = ask_for(NTS_ASK_UPDATE, type);
    nts_value_t now = ut_value(value, pool);
    talk_t talk;

    ask.values = &now;
    if (before) {
        talk = ut_begin(&read);
        ut_reply(&talk, 200, page_with(type->native, before));
        ask.expected = talk.answer->record->values;
    }
    talk = ut_begin(&ask);
    return talk.request ? talk.request->body : talk.answer->outcome.what;
}

#define FILE(name, url)                                                                            \
    "{\"name\":\"" name "\",\"type\":\"external\",\"external\":{\"url\":\"" url "\"}}"

static void test_files(void)
{
    static const nts_type_t type = { .kind = NTS_TYPE_FILES, .native = "files", .nullable = 1 };
    static const char before[] =
        "[" FILE("Zed", "https://e.org/z") "," FILE("Ann", "https://e.org/a") "]";

    tap_str(written(&type,
                    "{\"s\":[{\"o\":\"https://e.org/a\"},{\"o\":\"https://e.org/b.pdf#p2\"},"
                    "{\"o\":\"https://e.org/z\"}]}",
                    before),
            "{\"properties\":{\"pppp\":{\"files\":[" FILE("Zed", "https://e.org/z") "," FILE(
                "Ann", "https://e.org/a") "," FILE("b.pdf", "https://e.org/b.pdf#p2") "]}}}",
            "names and order stay, one is added");
    tap_str(written(&type, "{\"s\":[{\"o\":\"https://e.org/a\"}]}", before),
            "{\"properties\":{\"pppp\":{\"files\":[" FILE("Ann", "https://e.org/a") "]}}}",
            "one is taken out");
    tap_str(written(&type, "{\"s\":[{\"o\":\"https://e.org/\"}]}", NULL),
            "{\"properties\":{\"pppp\":{\"files\":[" FILE("e.org", "https://e.org/") "]}}}",
            "an address without a path has its host's name");
    tap_str(written(&type, "null", before), "{\"properties\":{\"pppp\":{\"files\":[]}}}", "none");
}

static void test_verification(void)
{
    static const nts_type_t type = { .kind = NTS_TYPE_OPTION,
                                     .native = "verification",
                                     .nullable = 1 };

    tap_str(written(&type, "{\"o\":\"verified\"}", NULL),
            "{\"properties\":{\"pppp\":{\"verification\":{\"state\":\"verified\"}}}}", "verified");
    tap_str(written(&type, "null", NULL),
            "{\"properties\":{\"pppp\":{\"verification\":{\"state\":\"unverified\"}}}}",
            "no longer verified");
    tap_ok(strstr(written(&type, "{\"o\":\"expired\"}", NULL), "'P' (verification): ") != NULL,
           "nobody can make it expired");
}

static void test_place(void)
{
    static const nts_type_t type = { .kind = NTS_TYPE_PLACE, .native = "place", .nullable = 1 };

    tap_str(written(&type, "\"{\\\"lat\\\":1,\\\"lon\\\":2.5}\"", NULL),
            "{\"properties\":{\"pppp\":{\"place\":{\"lat\":1,\"lon\":2.5}}}}", "a place");
    tap_str(written(&type, "null", NULL), "{\"properties\":{\"pppp\":{\"place\":null}}}", "none");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    ut_open(1);
    test_rollup();
    test_unfinished();
    test_pieces();
    test_elements();
    test_files();
    test_verification();
    test_place();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
