/* Proves: schemas, who we are and pages are read as Notion shows them, property ids are encoded exactly once,
 * values that a page shows only in part are completed, and what an answer lacks is absent, not empty. */
#include "unit/ut_notion.h"

#define SOME_TIME "2026-11-20T08:03:00.000Z"
#define OTHER_TIME "2026-11-20T08:04:00.000Z"

static void test_find(void)
{
    tap_ok(nts_connector_find(NTS_SERVICE_NOTION) == &nts_connector_notion,
           "Notion has its connector");
    tap_ok(nts_connector_find(NTS_SERVICE_SQL) == &nts_connector_sql, "SQL has its own");
}

static void test_open(void)
{
    nts_service_t service = { .name = "work" };
    nts_outcome_t out;
    static const char *const bad[] = { NULL, "", "a b", "a\r\nX: y", "caf\xc3\xa9" };

    for (int i = 0; i < 5; i++) {
        nts_connection_t *refused = NULL;

        tap_int(nts_connector_notion.open(&refused, &service, bad[i], &ut_clock, &out, pool),
                APR_EINVAL, "token number %d is refused", i);
        tap_ok(!refused && out.advice && strstr(out.what, "work"), "saying what to do");
    }
    service.endpoint = "http://127.0.0.1:81";
    (void)nts_connector_notion.open(&connection, &service, "t", &ut_clock, &out, pool);
    {
        nts_ask_t ask = ut_ask(NTS_ASK_WHO);
        talk_t talk = ut_begin(&ask);

        tap_str(talk.request->url, "http://127.0.0.1:81/v1/users/me", "another endpoint is used");
        nts_connector_notion.close(connection);
        tap_str(ut_header(talk.request, "Authorization"), "Bearer ",
                "a closed connection forgets its token");
    }
}

/* A service that is installed has its token later, and another one each time. */
static void test_token(void)
{
    nts_service_t service = { .name = "work", .oauth_client = "client" };
    nts_ask_t ask = ut_ask(NTS_ASK_WHO);
    char *huge = apr_pcalloc(pool, 10001);
    nts_outcome_t out;
    talk_t talk;

    memset(huge, 'a', 10000);
    tap_int(nts_connector_notion.open(&connection, &service, NULL, &ut_clock, &out, pool),
            APR_SUCCESS, "an installed service needs no token at first");
    tap_int(nts_connector_notion.set_token(connection, "first"), APR_SUCCESS, "it is given one");
    talk = ut_begin(&ask);
    tap_str(ut_header(talk.request, "Authorization"), "Bearer first", "which is sent");
    (void)nts_connector_notion.set_token(connection, "other");
    tap_str(ut_header(talk.request, "Authorization"), "Bearer other",
            "what was built before goes with the next one");
    tap_int(nts_connector_notion.set_token(connection, "a\r\nX: y"), APR_EINVAL,
            "what would break the header is none");
    tap_str(ut_header(talk.request, "Authorization"), "Bearer ", "nothing is sent then");
    tap_int(nts_connector_notion.set_token(connection, huge), APR_EINVAL, "nor what is too long");
    nts_connector_notion.close(connection);
}

static void test_who(void)
{
    nts_ask_t ask = ut_ask(NTS_ASK_WHO);
    talk_t talk;

    ut_open(0);
    talk = ut_begin(&ask);
    ut_request_is(&talk, "GET", "/users/me", NULL, "who");
    ut_reply(&talk, 200, ME);
    ut_result_is(&talk, NTS_RESULT_OK, "who");
    tap_str(talk.answer->who, BOT, "the bot's id");
    tap_int(talk.answer->who_is_bot, 1, "it is a bot");
    tap_int(talk.answer->requests, 1, "one request");

    talk = ut_begin(&ask);
    ut_reply(
        &talk, 200,
        "{\"object\":\"user\",\"id\":\"DDDDDDDD000040008000000000000001\",\"type\":\"person\"}");
    tap_str(talk.answer->who, "dddddddd-0000-4000-8000-000000000001",
            "a personal token is a person");
    tap_int(talk.answer->who_is_bot, 0, "and no bot");

    talk = ut_begin(&ask);
    ut_reply(&talk, 200, "{\"object\":\"list\"}");
    ut_result_is(&talk, NTS_RESULT_NOT_DONE, "an answer that is no user");
}

static const char *const data_source =
    "{\"object\":\"data_source\",\"id\":\"" DATA_SOURCE "\",\"title\":[{\"type\":\"text\","
    "\"text\":{\"content\":\"Or\"},\"plain_text\":\"Or\"},{\"type\":\"text\",\"plain_text\":"
    "\"ders\"}],"
    "\"in_trash\":false,\"properties\":{"
    "\"Name\":{\"id\":\"title\",\"name\":\"Name\",\"type\":\"title\",\"title\":{}},"
    "\"Qty\":{\"id\":\"Ab%3Ec\",\"name\":\"Qty\",\"type\":\"number\",\"number\":{\"format\":"
    "\"number\"}},"
    "\"Stage\":{\"id\":\"s%3AxQ\",\"name\":\"Stage\",\"type\":\"status\",\"status\":{\"options\":["
    "{\"id\":\"o1\",\"name\":\"Open\",\"color\":\"blue\"}],\"groups\":[]}},"
    "\"Kind\":{\"id\":\"k%7Cnd\",\"name\":\"Kind\",\"type\":\"select\",\"select\":{\"options\":["
    "{\"id\":\"k%3B1\",\"name\":\"A\",\"color\":\"red\"},{\"id\":\"k2\",\"name\":\"B\"}]}},"
    "\"Tags\":{\"id\":\"g8Lm\",\"name\":\"Tags\",\"type\":\"multi_select\",\"multi_select\":"
    "{\"options\":[]}},"
    "\"Done\":{\"id\":\"d%5Dne\",\"name\":\"Done\",\"type\":\"checkbox\",\"checkbox\":{}},"
    "\"Due\":{\"id\":\"Zt4e\",\"name\":\"Due\",\"type\":\"date\",\"date\":{}},"
    "\"Made\":{\"id\":\"m%26de\",\"name\":\"Made\",\"type\":\"created_time\",\"created_time\":{}},"
    "\"No\":{\"id\":\"n6Yc\",\"name\":\"No\",\"type\":\"unique_id\",\"unique_id\":{\"prefix\":null}"
    "},"
    "\"Mail\":{\"id\":\"mail\",\"name\":\"Mail\",\"type\":\"email\",\"email\":{}},"
    "\"Items\":{\"id\":\"w%3A5p\",\"name\":\"Items\",\"type\":\"relation\",\"relation\":{}},"
    "\"Total\":{\"id\":\"v%7C0b\",\"name\":\"Total\",\"type\":\"formula\",\"formula\":{}},"
    "\"Odd\":{\"id\":\"%zz\",\"name\":\"Odd\",\"type\":\"hologram\",\"hologram\":{}},"
    "\"Broken\":{\"name\":\"Broken\"}},\"url\":\"https://app.notion.com/x\"}";

static void test_describe(void)
{
    nts_ask_t ask = ut_ask(NTS_ASK_DESCRIBE);
    talk_t talk = ut_begin(&ask);
    const nts_schema_t *schema;
    static const struct {
        const char *id;
        const char *name;
        const char *kind;
        int computed;
    } fields[] = {
        { "title", "Name", "text", 0 },      { "Ab>c", "Qty", "number", 0 },
        { "s:xQ", "Stage", "option", 0 },    { "k|nd", "Kind", "option", 0 },
        { "g8Lm", "Tags", "set", 0 },        { "d]ne", "Done", "bool", 0 },
        { "Zt4e", "Due", "date", 0 },        { "m&de", "Made", "instant", 1 },
        { "n6Yc", "No", "text", 1 },         { "mail", "Mail", "text", 0 },
        { "w:5p", "Items", "reference", 0 }, { "v|0b", "Total", "text", 1 },
        { "%zz", "Odd", "unsupported", 0 },
    };

    ut_request_is(&talk, "GET", "/data_sources/" DATA_SOURCE, NULL, "describe");
    ut_reply(&talk, 200, data_source);
    if (!ut_result_is(&talk, NTS_RESULT_OK, "describe")) {
        return;
    }
    schema = talk.answer->schema;
    tap_str(schema->title, "Orders", "the title in one piece");
    tap_int(schema->count, 13, "every property that has an id");
    for (int i = 0; i < schema->count; i++) {
        const nts_schema_field_t *field = nts_schema_find_name(schema, fields[i].name);

        if (tap_ok(field != NULL, "%s is there", fields[i].name)) {
            tap_str(field->id, fields[i].id, "%s: id, decoded", fields[i].name);
            tap_str(nts_type_kind_name(field->type.kind), fields[i].kind, "%s: kind",
                    fields[i].name);
            tap_int(field->type.computed, fields[i].computed, "%s: computed", fields[i].name);
        }
    }
    tap_ok(nts_schema_find_name(schema, "Made")->type.fixed &&
               nts_schema_find_name(schema, "No")->type.fixed &&
               !nts_schema_find_name(schema, "Total")->type.fixed,
           "what is computed once is told from what goes on changing");
    {
        const nts_schema_field_t *kind = nts_schema_find_name(schema, "Kind");
        const nts_schema_field_t *stage = nts_schema_find_name(schema, "Stage");

        tap_int(kind->type.option_count, 2, "a select's options");
        tap_str(kind->type.options[0].id, "k%3B1", "an option's id as it came");
        tap_ok(kind->type.options_open && !stage->type.options_open,
               "only a select's options can be added");
        tap_ok(!nts_schema_find_name(schema, "Done")->type.nullable, "a checkbox is never null");
        tap_str(nts_schema_find_name(schema, "Odd")->type.native, "hologram",
                "unknown types are named");
    }
}

static void test_describe_bad(void)
{
    nts_ask_t ask = ut_ask(NTS_ASK_DESCRIBE);
    talk_t talk = ut_begin(&ask);

    ut_reply(&talk, 200,
             "{\"object\":\"data_source\",\"id\":\"x\",\"in_trash\":true,\"properties\":{}}");
    ut_result_is(&talk, NTS_RESULT_BLOCKED, "a data source in the trash");
    tap_str(talk.answer->outcome.code, "notion.data_source_trashed", "and why");
    talk = ut_begin(&ask);
    ut_reply(&talk, 404,
             "{\"object\":\"error\",\"status\":404,\"code\":\"object_not_found\",\"message\":"
             "\"Could not find data source with ID: x.\",\"request_id\":\"r1\"}");
    ut_result_is(&talk, NTS_RESULT_BLOCKED, "one that is not shared");
    tap_ok(strstr(talk.answer->outcome.advice, "add the connection") != NULL, "advice: %s",
           talk.answer->outcome.advice);
    tap_str(talk.answer->outcome.words, "Could not find data source with ID: x. (request r1)",
            "Notion's words, with the request's id");
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, "{\"object\":\"page\"}");
    ut_result_is(&talk, NTS_RESULT_NOT_DONE, "an answer that is none");
    ((nts_mapping_t *)ask.mapping)->data_source = "../users";
    talk = ut_begin(&ask);
    ut_result_is(&talk, NTS_RESULT_REFUSED, "an id that is none is not sent");
}

static const char *const members = "\"Name\":{\"id\":\"title\",\"type\":\"title\",\"title\":" TEXT(
    "Order 17") "},"
                "\"Qty renamed\":{\"id\":\"Ab%3Ec\",\"type\":\"number\",\"number\":3.10},"
                "\"Stage\":{\"id\":\"s%3AxQ\",\"type\":\"status\",\"status\":{\"id\":\"o1\","
                "\"name\":\"Open\","
                "\"color\":\"blue\"}},"
                "\"Tags\":{\"id\":\"g8Lm\",\"type\":\"multi_select\",\"multi_select\":[{\"id\":\"k%"
                "3B1\","
                "\"name\":\"urgent\",\"color\":\"red\"},{\"id\":\"k2\",\"name\":\"big\"}]},"
                "\"Due\":{\"id\":\"Zt4e\",\"type\":\"date\",\"date\":{\"start\":\"2026-12-01T09:00:"
                "00.000+01:00\","
                "\"end\":null,\"time_zone\":null}},"
                "\"Notes\":{\"id\":\"n%25(1\",\"type\":\"rich_text\",\"rich_text\":[{\"type\":"
                "\"text\","
                "\"text\":{\"content\":\"see \"},\"plain_text\":\"see "
                "\"},{\"type\":\"mention\",\"mention\":{},"
                "\"plain_text\":\"@Ada\"},{\"type\":\"equation\",\"plain_text\":\"e=mc\"}]},"
                "\"Done\":{\"id\":\"d%5Dne\",\"type\":\"checkbox\",\"checkbox\":true},"
                "\"Kind\":{\"id\":\"k%7Cnd\",\"type\":\"select\",\"select\":null},"
                "\"Link\":{\"id\":\"u%3Dk7\",\"type\":\"url\",\"url\":null},"
                "\"No\":{\"id\":\"n6Yc\",\"type\":\"unique_id\",\"unique_id\":{\"prefix\":\"ORD\","
                "\"number\":17}},"
                "\"Made\":{\"id\":\"m%26de\",\"type\":\"created_time\",\"created_time\":"
                "\"" SOME_TIME "\"}";

static void test_read(void)
{
    static const char *const values[PAIRS] = {
        "\"Order 17\"",
        "{\"n\":\"3.1\"}",
        "{\"o\":\"Open\",\"id\":\"o1\"}",
        "{\"s\":[{\"o\":\"big\",\"id\":\"k2\"},{\"o\":\"urgent\",\"id\":\"k%3B1\"}]}",
        "{\"d\":\"2026-12-01T08:00:00Z\"}",
        "\"see @Adae=mc\"",
        "true",
        "null",
        "null",
        "\"ORD-17\"",
        "{\"d\":\"2026-11-20T08:03:00Z\"}",
    };
    nts_ask_t ask = ut_ask(NTS_ASK_READ);
    talk_t talk = ut_begin(&ask);
    const nts_record_t *record;

    ut_request_is(&talk, "GET", "/pages/" PAGE_1 FILTER, NULL, "read");
    ut_reply(&talk, 200, ut_page(PAGE_1, SOME_TIME, BOT, members));
    if (!ut_result_is(&talk, NTS_RESULT_OK, "read")) {
        return;
    }
    record = talk.answer->record;
    tap_str(record->id, PAGE_1, "its id");
    for (int i = 0; i < PAIRS; i++) {
        tap_str(ut_text(&record->values[i], pool), values[i], "%s", properties[i].name);
    }
    tap_ok(record->by_us && !record->trashed && !record->archived && !record->elsewhere,
           "made by us, live");
    tap_ok(record->created == record->edited &&
               strcmp(nts_time_text(record->created, pool), SOME_TIME) == 0,
           "with its times");
    tap_ok(talk.answer->sent_at == ut_now(NULL) &&
               talk.answer->answered_at > talk.answer->sent_at && talk.answer->requests == 1,
           "and when it was read, by one request");
}

/* A property's value alone, as `Name`, `Qty` ... would show it. */
static void test_odd_values(void)
{
    static const struct {
        int pair;
        const char *member;
        const char *value;
    } cases[] = {
        { NAME, "\"type\":\"title\",\"title\":[]", "null" },
        { NAME, "\"type\":\"title\",\"title\":" TEXT("a\\ud83d"),
          "{\"x\":\"a text with half a character in it\"}" },
        { NAME, "\"type\":\"title\"", "{}" },
        { NAME, "\"type\":\"title\",\"title\":null", "null" },
        { NAME, "\"type\":\"title\",\"title\":\"a\"", "{\"x\":\"title\"}" },
        { NAME,
          "\"type\":\"rich_text\",\"rich_text\":[{\"type\":\"text\",\"text\":{\"content\":\"c\"}}]",
          "\"c\"" },
        { QTY, "\"type\":\"number\",\"number\":null", "null" },
        { QTY, "\"type\":\"number\",\"number\":1e21", "{\"n\":\"1000000000000000000000\"}" },
        { QTY, "\"type\":\"number\",\"number\":12345678901234567000",
          "{\"n\":\"12345678901234567000\"}" },
        { QTY, "\"type\":\"number\",\"number\":\"3\"", "{\"x\":\"a number beyond all bounds\"}" },
        { QTY, "\"type\":\"formula\",\"formula\":{\"type\":\"number\",\"number\":42}",
          "{\"n\":\"42\"}" },
        { QTY, "\"type\":\"hologram\",\"hologram\":{}", "{\"x\":\"hologram\"}" },
        { QTY, "\"number\":3", "{}" },
        { STAGE, "\"type\":\"status\",\"status\":null", "null" },
        { STAGE, "\"type\":\"status\",\"status\":{\"id\":\"o1\"}", "{\"x\":\"status\"}" },
        { NAME,
          "\"type\":\"rich_text\",\"rich_text\":[{\"type\":\"text\",\"text\":{\"content\":"
          "\"c\\udc00\"}}]",
          "{\"x\":\"a text with half a character in it\"}" },
        { STAGE, "\"type\":\"status\",\"status\":{\"id\":\"o1\",\"name\":\"\\ud83d\"}",
          "{\"x\":\"a text with half a character in it\"}" },
        { TAGS,
          "\"type\":\"multi_select\",\"multi_select\":[{\"id\":\"t\",\"name\":\"a\"},{\"id\":"
          "\"u\",\"name\":\"b\\ud83d\"}]",
          "{\"x\":\"a text with half a character in it\"}" },
        { NO, "\"type\":\"unique_id\",\"unique_id\":{\"prefix\":\"\\ud83d\",\"number\":1}",
          "{\"x\":\"a text with half a character in it\"}" },
        { TAGS, "\"type\":\"multi_select\",\"multi_select\":[]", "{\"s\":[]}" },
        { TAGS, "\"type\":\"multi_select\",\"multi_select\":[1]", "{\"x\":\"multi_select\"}" },
        { DUE,
          "\"type\":\"date\",\"date\":{\"start\":\"2026-11-22\",\"end\":\"2026-11-24\",\"time_"
          "zone\":null}",
          "{\"d\":\"2026-11-22\",\"e\":\"2026-11-24\"}" },
        { DUE, "\"type\":\"date\",\"date\":null", "null" },
        { DUE,
          "\"type\":\"date\",\"date\":{\"start\":\"2026-11-22T10:00:00.000\",\"time_zone\":\"Asia/"
          "Tokyo\"}",
          "{\"x\":\"a date of an unknown form\"}" },
        { DUE, "\"type\":\"date\",\"date\":{\"start\":\"12026-11-22\"}",
          "{\"x\":\"a date of an unknown form\"}" },
        { DONE, "\"type\":\"checkbox\",\"checkbox\":false", "false" },
        { DONE, "\"type\":\"checkbox\",\"checkbox\":0", "{\"x\":\"checkbox\"}" },
        { LINK, "\"type\":\"url\",\"url\":\"https://a/\"", "\"https://a/\"" },
        { LINK, "\"type\":\"url\",\"url\":\"\\udc00\"",
          "{\"x\":\"a text with half a character in it\"}" },
        { NO, "\"type\":\"unique_id\",\"unique_id\":{\"prefix\":null,\"number\":17}", "\"17\"" },
        { NO, "\"type\":\"unique_id\",\"unique_id\":{\"prefix\":\"A\",\"number\":null}", "null" },
        { MADE, "\"type\":\"created_time\",\"created_time\":\"soon\"", "{\"x\":\"created_time\"}" },
    };

    for (int i = 0; i < (int)(sizeof(cases) / sizeof(cases[0])); i++) {
        nts_ask_t ask = ut_ask(NTS_ASK_READ);
        talk_t talk = ut_begin(&ask);

        ut_reply(&talk, 200,
                 ut_page(PAGE_1, SOME_TIME, BOT,
                         apr_pstrcat(pool, "\"P\":{\"id\":\"",
                                     nts_percent_encode(properties[cases[i].pair].id, pool), "\",",
                                     cases[i].member, "}", NULL)));
        if (ut_result_is(&talk, NTS_RESULT_OK, cases[i].member)) {
            tap_str(ut_text(&talk.answer->record->values[cases[i].pair], pool), cases[i].value,
                    "value of %s", cases[i].member);
            tap_int(talk.answer->record->values[cases[i].pair == NAME ? QTY : NAME].kind,
                    NTS_VALUE_ABSENT, "another that is not there is absent");
        }
    }
}

static void test_flags(void)
{
    nts_ask_t ask = ut_ask(NTS_ASK_READ);
    talk_t talk = ut_begin(&ask);
    char *page =
        apr_pstrdup(pool, ut_page(PAGE_1, SOME_TIME, "dddddddd-0000-4000-8000-000000000001", ""));

    memcpy(strstr(page, "\"in_trash\":false") + 11, "true ", 5);
    memcpy(strstr(page, "\"is_archived\":false") + 14, "true ", 5);
    memcpy(strstr(page, "\"data_source_id\":\"") + 18, "0", 1);
    ut_reply(&talk, 200, page);
    ut_result_is(&talk, NTS_RESULT_OK, "a page in the trash is read");
    tap_ok(talk.answer->record->trashed && talk.answer->record->archived &&
               talk.answer->record->elsewhere && !talk.answer->record->by_us,
           "trashed, archived, moved, by somebody else");

    talk = ut_begin(&ask);
    ut_reply(&talk, 200, "{\"object\":\"page\",\"id\":\"" PAGE_1 "\"}");
    ut_result_is(&talk, NTS_RESULT_MISSING, "a page without its contents proves nothing");
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, ut_page(PAGE_2, SOME_TIME, BOT, ""));
    ut_result_is(&talk, NTS_RESULT_NOT_DONE, "another page than asked for");
    tap_ok(!talk.answer->record, "is not given");
    ask.id = "EEEEEEEE000040008000000000000001";
    talk = ut_begin(&ask);
    ut_request_is(&talk, "GET", "/pages/" PAGE_1 FILTER, NULL, "an id of another spelling");
    ask.id = "../../v1/users";
    talk = ut_begin(&ask);
    ut_result_is(&talk, NTS_RESULT_REFUSED, "an id that is none");
    tap_int(talk.answer->requests, 0, "is not sent");
}

static void test_filter_limits(void)
{
    nts_ask_t ask = ut_ask(NTS_ASK_READ);
    nts_mapping_t *mapping = ut_mapping();
    nts_pair_t *pairs = apr_pcalloc(pool, sizeof(*pairs) * 101);
    talk_t talk;

    for (int i = 0; i < 101; i++) {
        pairs[i].notion_id = apr_psprintf(pool, "p%d", i);
    }
    mapping->pairs = pairs;
    mapping->pair_count = 100;
    ask.mapping = mapping;
    talk = ut_begin(&ask);
    tap_ok(strstr(talk.request->url, "&filter_properties=p99") != NULL, "100 properties are named");
    mapping->pair_count = 101;
    talk = ut_begin(&ask);
    tap_str(talk.request->url, API "/pages/" PAGE_1, "101 are not: the page comes whole");
    mapping->pair_count = 3;
    pairs[1].notion_id = "p0";
    pairs[2].notion_id = NULL;
    talk = ut_begin(&ask);
    tap_str(talk.request->url, API "/pages/" PAGE_1 "?filter_properties=p0",
            "each once, those that are not known not at all");
}

/* A rich text with 25 mentions, and then, says the property itself, more. */
static const char *mentions(int count)
{
    const char *text = "";

    for (int i = 0; i < count; i++) {
        text = apr_pstrcat(pool, text, i ? "," : "",
                           "{\"type\":\"mention\",\"mention\":{},\"plain_text\":\"@\"}", NULL);
    }
    return apr_pstrcat(pool, "[", text, "]", NULL);
}

static const char *item_list(const char *texts, const char *next)
{
    return apr_psprintf(
        pool,
        "{\"object\":\"list\",\"type\":\"property_item\",\"results\":[%s],\"has_more\":%s,"
        "\"next_cursor\":%s,\"property_item\":{\"id\":\"n\",\"type\":\"rich_text\","
        "\"rich_text\":{},\"next_url\":null}}",
        texts, next ? "true" : "false", next ? apr_psprintf(pool, "\"%s\"", next) : "null");
}

#define ITEM(text)                                                                                 \
    "{\"object\":\"property_item\",\"id\":\"n\",\"type\":\"rich_text\",\"rich_text\":"             \
    "{\"type\":\"text\",\"plain_text\":\"" text "\"}}"

static const char *cut_page(int count, const char *edited)
{
    return ut_page(
        PAGE_1, edited, BOT,
        apr_pstrcat(
            pool, "\"Name\":{\"id\":\"title\",\"type\":\"title\",\"title\":", mentions(count),
            "},\"Notes\":{\"id\":\"n%25(1\",\"type\":\"rich_text\",\"rich_text\":", mentions(count),
            "}", NULL));
}

static talk_t read_cut(const nts_ask_t *ask, int count)
{
    talk_t talk = ut_begin(ask);

    ut_reply(&talk, 200, cut_page(count, SOME_TIME));
    return talk;
}

static void test_completion(void)
{
    nts_ask_t ask = ut_ask(NTS_ASK_READ);
    talk_t talk = read_cut(&ask, 24);

    ut_result_is(&talk, NTS_RESULT_OK, "24 mentions are all");
    talk = read_cut(&ask, 25);
    ut_request_is(&talk, "GET", "/pages/" PAGE_1 "/properties/title?page_size=100", NULL,
                  "25 may not be");
    ut_reply(&talk, 200, item_list(ITEM("one ") "," ITEM("two "), "c/1+"));
    ut_request_is(&talk, "GET",
                  "/pages/" PAGE_1 "/properties/title?page_size=100&start_cursor=c%2F1%2B", NULL,
                  "its second page");
    ut_reply(&talk, 200, item_list(ITEM("three"), NULL));
    ut_request_is(&talk, "GET", "/pages/" PAGE_1 "/properties/n%25%281?page_size=100", NULL,
                  "the next such property, its id encoded once");
    ut_reply(&talk, 200, item_list("", NULL));
    tap_ok(strncmp(talk.request->url, API "/pages/" PAGE_1 "?", strlen(API) + 44) == 0,
           "as one came in two parts, the page once more");
    ut_reply(&talk, 200, cut_page(25, SOME_TIME));
    if (ut_result_is(&talk, NTS_RESULT_OK, "then")) {
        tap_str(ut_text(&talk.answer->record->values[NAME], pool), "\"one two three\"",
                "the whole text");
        tap_str(ut_text(&talk.answer->record->values[NOTES], pool), "null", "emptied meanwhile");
        tap_int(talk.answer->requests, 5, "five requests");
    }
}

/* Pieces of text; in a page, or as items of the property. */
static const char *pieces(int count, const char *before, const char *after)
{
    const char *text = "";

    for (int i = 1; i <= count; i++) {
        text = apr_psprintf(pool, "%s%s%s{\"type\":\"text\",\"plain_text\":\"%d \"}%s", text,
                            i > 1 ? "," : "", before, i, after);
    }
    return text;
}

/* A page shows a hundred pieces of a text at most, says the document; or all of them. */
static void check_pieces(int shown, int count, const char *what)
{
    nts_ask_t ask = ut_ask(NTS_ASK_READ);
    talk_t talk = ut_begin(&ask);
    const char *text, *last = apr_psprintf(pool, " %d \"", count);

    ut_reply(&talk, 200,
             ut_page(PAGE_1, SOME_TIME, BOT,
                     apr_pstrcat(pool,
                                 "\"Notes\":{\"id\":\"n%25(1\",\"type\":\"rich_text\","
                                 "\"rich_text\":[",
                                 pieces(shown, "", ""), "]}", NULL)));
    if (shown >= 100) {
        ut_request_is(&talk, "GET", "/pages/" PAGE_1 "/properties/n%25%281?page_size=100", NULL,
                      what);
        ut_reply(&talk, 200,
                 item_list(pieces(count,
                                  "{\"object\":\"property_item\",\"id\":\"n\",\"type\":"
                                  "\"rich_text\",\"rich_text\":",
                                  "}"),
                           NULL));
    }
    if (ut_result_is(&talk, NTS_RESULT_OK, what)) {
        text = ut_text(&talk.answer->record->values[NOTES], pool);
        tap_str(strlen(text) > strlen(last) ? text + strlen(text) - strlen(last) : text, last,
                "to its end");
    }
}

static void test_pieces(void)
{
    check_pieces(99, 99, "99 pieces are all");
    check_pieces(100, 100, "100 may be a part");
    check_pieces(100, 150, "and are one here");
    check_pieces(150, 150, "150 are asked for, too");
}

/* Page and completed texts, as somebody reads them who goes on to write; then the page once more, with so many mentions. */
static talk_t look_again(int count, const char *edited)
{
    nts_ask_t ask = ut_ask(NTS_ASK_READ);
    talk_t talk;

    ask.follow_writes = 1;
    talk = read_cut(&ask, 25);
    ut_reply(&talk, 200, item_list(ITEM("one"), NULL));
    ut_reply(&talk, 200, item_list(ITEM("two"), NULL));
    tap_ok(strncmp(talk.request->url, API "/pages/" PAGE_1 "?", strlen(API) + 44) == 0,
           "the page once more: %s", talk.request->url);
    ut_reply(&talk, 200, cut_page(count, edited));
    return talk;
}

static void test_completion_before_a_write(void)
{
    talk_t talk = look_again(25, SOME_TIME);

    if (ut_result_is(&talk, NTS_RESULT_OK, "S3.1 the same page")) {
        tap_str(ut_text(&talk.answer->record->values[NAME], pool), "\"one\"",
                "with what was read in full");
        tap_int(talk.answer->requests, 4, "four requests");
    }
    talk = look_again(24, SOME_TIME);
    if (ut_result_is(&talk, NTS_RESULT_OK, "a page that is shown whole now")) {
        tap_ok(!talk.answer->record->values[NAME].truncated &&
                   !strstr(ut_text(&talk.answer->record->values[NAME], pool), "one"),
               "needs no completing");
    }
    talk = look_again(25, OTHER_TIME);
    ut_request_is(&talk, "GET", "/pages/" PAGE_1 "/properties/title?page_size=100", NULL,
                  "a page that was edited meanwhile is completed anew");
    for (int i = 0; i < 2; i++) {
        ut_reply(&talk, 200, item_list(ITEM("one"), NULL));
        ut_reply(&talk, 200, item_list(ITEM("two"), NULL));
        ut_reply(&talk, 200, cut_page(25, i % 2 ? OTHER_TIME : SOME_TIME));
    }
    if (ut_result_is(&talk, NTS_RESULT_NOT_DONE, "each time")) {
        tap_str(talk.answer->outcome.code, "notion.changing", "is left for later");
        tap_ok(!talk.answer->record, "and there is no page");
    }
}

static void test_completion_fails(void)
{
    static const struct {
        int status;
        const char *body;
        nts_result_t result;
        const char *what;
    } cases[] = {
        { 404,
          "{\"object\":\"error\",\"status\":404,\"code\":\"object_not_found\",\"message\":"
          "\"gone\"}",
          NTS_RESULT_NOT_DONE, "the property went away" },
        { 429,
          "{\"object\":\"error\",\"status\":429,\"code\":\"rate_limited\",\"message\":\"slow\"}",
          NTS_RESULT_NOT_DONE, "the budget ran out" },
        { 200, "{\"object\":\"list\",\"results\":[1],\"has_more\":false}", NTS_RESULT_NOT_DONE,
          "no text" },
        { 200, "{\"object\":\"list\",\"results\":[],\"has_more\":true,\"next_cursor\":null}",
          NTS_RESULT_NOT_DONE, "more without a cursor" },
        { 200, "{\"object\":\"property_item\",\"type\":\"title\"}", NTS_RESULT_NOT_DONE,
          "no list" },
        { 401, "{\"object\":\"error\",\"status\":401,\"code\":\"unauthorized\",\"message\":\"no\"}",
          NTS_RESULT_BLOCKED, "the token was revoked" },
    };
    nts_ask_t ask = ut_ask(NTS_ASK_READ);
    talk_t talk;

    for (int i = 0; i < (int)(sizeof(cases) / sizeof(cases[0])); i++) {
        talk = read_cut(&ask, 25);
        ut_reply(&talk, cases[i].status, cases[i].body);
        ut_result_is(&talk, cases[i].result, cases[i].what);
        tap_ok(!talk.answer->record, "and half a record is not given");
    }
    talk = read_cut(&ask, 25);
    ut_reply(&talk, 200, item_list(ITEM("a\\ud800"), NULL));
    ut_reply(&talk, 200, item_list(ITEM("b"), NULL));
    tap_str(ut_text(&talk.answer->record->values[NAME], pool),
            "{\"x\":\"a text with half a character in it\"}", "half a character is seen there too");
    tap_str(ut_text(&talk.answer->record->values[NOTES], pool), "\"b\"", "and does not spread");
    talk = read_cut(&ask, 25);
    for (int i = 0; talk.request && i < 200; i++) {
        ut_reply(&talk, 200, item_list(ITEM("a"), "same"));
    }
    ut_result_is(&talk, NTS_RESULT_NOT_DONE, "a list that never ends");
}

/* by_us decides who makes a page (S3.8), so reading begins with who we are. */
static void test_unknown_bot(void)
{
    nts_ask_t ask = ut_ask(NTS_ASK_READ);
    talk_t talk;

    ut_open(0);
    talk = ut_begin(&ask);
    ut_request_is(&talk, "GET", "/users/me", NULL, "who are we");
    ut_reply(&talk, 200, ME);
    ut_request_is(&talk, "GET", "/pages/" PAGE_1 FILTER, NULL, "then the page");
    ut_reply(&talk, 200, ut_page(PAGE_1, SOME_TIME, BOT, ""));
    ut_result_is(&talk, NTS_RESULT_OK, "read");
    tap_int(talk.answer->record->by_us, 1, "made by us");
    tap_int(talk.answer->requests, 2, "two requests, once");
    talk = ut_begin(&ask);
    ut_request_is(&talk, "GET", "/pages/" PAGE_1 FILTER, NULL, "the next read");
    ut_open(0);
    talk = ut_begin(&ask);
    ut_reply(&talk, 401, "{}");
    ut_result_is(&talk, NTS_RESULT_BLOCKED, "without an answer to that nothing is read");
}

/* What differs from what our create sent is Notion's own only if nobody else edited the page. */
static void test_untouched(void)
{
    const char *page = ut_page(PAGE_1, SOME_TIME, BOT, ""), *editor, *minute;
    nts_ask_t ask = ut_ask(NTS_ASK_READ);
    talk_t talk;
    char *other;

    ut_open(1);
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, page);
    ut_result_is(&talk, NTS_RESULT_OK, "read");
    tap_int(talk.answer->record->untouched, 1, "made by us and left alone");

    editor = strstr(strstr(page, "last_edited_by"), BOT);
    other = apr_pstrdup(pool, page);
    other[editor - page] = other[editor - page] == '1' ? '2' : '1';
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, other);
    tap_ok(talk.answer->record->by_us && !talk.answer->record->untouched, "a person edited it");

    minute = strstr(strstr(page, "last_edited_time"), SOME_TIME) + strlen("2026-01-15T10:0");
    other = apr_pstrdup(pool, page);
    other[minute - page] = other[minute - page] == '1' ? '2' : '1';
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, other);
    tap_int(talk.answer->record->untouched, 0, "we edited it later, maybe for another table");
}

static void test_not_applicable(void)
{
    static const nts_ask_kind_t kinds[] = { NTS_ASK_READ_MANY, NTS_ASK_INTENT, NTS_ASK_CHANGES,
                                            NTS_ASK_UNPROVISION };

    for (int i = 0; i < 4; i++) {
        nts_ask_t ask = ut_ask(kinds[i]);
        talk_t talk = ut_begin(&ask);

        ut_result_is(&talk, NTS_RESULT_REFUSED, nts_ask_name(kinds[i]));
        tap_str(talk.answer->outcome.code, "notion.not_applicable", "and why");
    }
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    test_find();
    test_open();
    test_token();
    test_who();
    ut_open(1);
    test_describe();
    test_describe_bad();
    test_read();
    test_odd_values();
    test_flags();
    test_filter_limits();
    test_completion();
    test_pieces();
    test_completion_before_a_write();
    test_completion_fails();
    test_unknown_bot();
    test_untouched();
    test_not_applicable();
    apr_terminate();
    return tap_done();
}
