/* Proves: writes contain exactly the fields that were given, in the forms that Notion takes, and what Notion
 * cannot take is refused before it is sent. */
#include "unit/ut_notion.h"

#define TIME "2026-11-20T08:03:00.000Z"

static const char *create_body(const char *properties_json)
{
    return apr_pstrcat(pool,
                       "{\"parent\":{\"type\":\"data_source_id\",\"data_source_id\":\"" DATA_SOURCE
                       "\"},\"properties\":{",
                       properties_json, "}}", NULL);
}

static const char *update_body(const char *properties_json)
{
    return apr_pstrcat(pool, "{\"properties\":{", properties_json, "}}", NULL);
}

static void test_create(void)
{
    nts_ask_t ask = ut_ask(NTS_ASK_CREATE);
    nts_value_t *values = ut_values();
    nts_option_t tags[] = { { "k2", "big" }, { NULL, "new, \"one\"" } };
    talk_t talk;

    ask.values = values;
    ask.id = NULL;
    values[NAME] = nts_value_text("Order \"17\"");
    (void)nts_value_number(&values[QTY], "-3.50", pool);
    values[STAGE] = nts_value_option("o1", "Open");
    values[TAGS] = nts_value_set(tags, 2, pool);
    (void)nts_value_date(&values[DUE], "2026-12-01T09:00:00+01:00", "2026-12-01T10:00:00Z", pool);
    values[NOTES] = nts_value_text("n");
    values[DONE] = nts_value_bool(1);
    values[KIND] = nts_value_option(NULL, "A");
    values[LINK] = nts_value_text("https://a/");
    values[NO] = nts_value_text("ORD-17");
    (void)nts_value_date(&values[MADE], "2026-12-01T09:00:00Z", NULL, pool);
    talk = ut_begin(&ask);
    ut_request_is(
        &talk, "POST", "/pages",
        create_body("\"title\":{\"title\":[{\"type\":\"text\",\"text\":{\"content\":\"Order "
                    "\\\"17\\\"\"}}]},"
                    "\"Ab%3Ec\":{\"number\":-3.5},\"s%3AxQ\":{\"status\":{\"id\":\"o1\"}},"
                    "\"g8Lm\":{\"multi_select\":[{\"id\":\"k2\"},{\"name\":\"new, \\\"one\\\"\"}]},"
                    "\"Zt4e\":{\"date\":{\"start\":\"2026-12-01T08:00:00Z\",\"end\":\"2026-12-"
                    "01T10:00:00Z\"}},"
                    "\"n%25(1\":{\"rich_text\":[{\"type\":\"text\",\"text\":{\"content\":\"n\"}}]},"
                    "\"d%5Dne\":{\"checkbox\":true},\"k%7Cnd\":{\"select\":{\"name\":\"A\"}},"
                    "\"u%3Dk7\":{\"url\":\"https://a/\"}"),
        "a value of each type; computed ones are left out");
    ut_reply(&talk, 200,
             ut_page(PAGE_1, TIME, BOT,
                     "\"Name\":{\"id\":\"title\",\"type\":\"title\",\"title\":" TEXT("Order") "}"));
    ut_result_is(&talk, NTS_RESULT_OK, "created");
    tap_str(talk.answer->id, PAGE_1, "its id");
    tap_ok(talk.answer->record->by_us && talk.answer->sent_at == ut_now(NULL), "ours");
    tap_str(ut_text(&talk.answer->record->values[NAME], pool), "\"Order\"", "as Notion shows it");
    tap_int(talk.answer->record->values[QTY].kind, NTS_VALUE_ABSENT,
            "what it does not show is absent");
}

static void test_nulls(void)
{
    nts_ask_t ask = ut_ask(NTS_ASK_UPDATE);
    nts_value_t *values = ut_values();
    talk_t talk;

    ask.values = values;
    for (int i = 0; i < PAIRS; i++) {
        values[i] = nts_value_null;
    }
    talk = ut_begin(&ask);
    ut_request_is(&talk, "PATCH", "/pages/" PAGE_1,
                  update_body("\"title\":{\"title\":[]},\"Ab%3Ec\":{\"number\":null},"
                              "\"s%3AxQ\":{\"status\":null},\"g8Lm\":{\"multi_select\":[]},"
                              "\"Zt4e\":{\"date\":null},\"n%25(1\":{\"rich_text\":[]},"
                              "\"d%5Dne\":{\"checkbox\":false},\"k%7Cnd\":{\"select\":null},"
                              "\"u%3Dk7\":{\"url\":null}"),
                  "clearing each type as Notion wants it");
    values = ut_values();
    ask.values = values;
    values[NAME] = nts_value_text("");
    values[LINK] = nts_value_text("");
    values[TAGS] = nts_value_set(NULL, 0, pool);
    (void)nts_value_date(&values[DUE], "2026-12-01", NULL, pool);
    talk = ut_begin(&ask);
    ut_request_is(
        &talk, "PATCH", "/pages/" PAGE_1,
        update_body("\"title\":{\"title\":[]},\"g8Lm\":{\"multi_select\":[]},"
                    "\"Zt4e\":{\"date\":{\"start\":\"2026-12-01\"}},\"u%3Dk7\":{\"url\":null}"),
        "empty texts and sets, a day; only what was given");
}

static void test_trash(void)
{
    nts_ask_t ask = ut_ask(NTS_ASK_REMOVE);
    nts_value_t *values = ut_values();
    talk_t talk;

    values[NAME] = nts_value_text("not for now");
    ask.values = values;
    talk = ut_begin(&ask);
    ut_request_is(&talk, "PATCH", "/pages/" PAGE_1, "{\"in_trash\":true}", "to the trash");
    ut_reply(&talk, 200, ut_page(PAGE_1, TIME, BOT, ""));
    ut_result_is(&talk, NTS_RESULT_OK, "trashed");
    ask.kind = NTS_ASK_RESTORE;
    talk = ut_begin(&ask);
    ut_request_is(&talk, "PATCH", "/pages/" PAGE_1, "{\"in_trash\":false}",
                  "restored alone (S2.7)");
    ut_reply(&talk, 200, ut_page(PAGE_2, TIME, BOT, ""));
    ut_result_is(&talk, NTS_RESULT_UNKNOWN, "an answer about another page leaves it open");
    ask.id = "x";
    talk = ut_begin(&ask);
    ut_result_is(&talk, NTS_RESULT_REFUSED, "an id that is none is not sent");
}

static char *repeat(const char *part, int count)
{
    apr_size_t len = strlen(part);
    char *text = apr_palloc(pool, len * (apr_size_t)count + 1);

    for (int i = 0; i < count; i++) {
        memcpy(text + len * (apr_size_t)i, part, len);
    }
    text[len * (apr_size_t)count] = '\0';
    return text;
}

/* The texts of the pieces that were sent. */
static const nts_json_t *pieces(const talk_t *talk, const char *key)
{
    const nts_json_t *root = NULL;

    (void)nts_json_parse(&root, talk->request->body, talk->request->body_len, NULL, pool);
    return nts_json_path(root, "properties", key, "rich_text", NULL);
}

static const char *piece(const nts_json_t *list, int i)
{
    const char *text =
        nts_json_string(nts_json_path(nts_json_at(list, i), "text", "content", NULL));

    return text ? text : "";
}

static void test_long_text(void)
{
    nts_ask_t ask = ut_ask(NTS_ASK_UPDATE);
    nts_value_t *values = ut_values();
    const nts_json_t *list;
    talk_t talk;

    ask.values = values;
    values[NOTES] = nts_value_text(repeat("x", 2000));
    talk = ut_begin(&ask);
    tap_int(nts_json_count(pieces(&talk, "n%25(1")), 1, "2000 characters are one piece");
    values[NOTES] = nts_value_text(repeat("x", 2001));
    talk = ut_begin(&ask);
    list = pieces(&talk, "n%25(1");
    tap_int(nts_json_count(list), 2, "2001 are two");
    tap_ok(strlen(piece(list, 0)) == 2000 && strlen(piece(list, 1)) == 1, "cut at 2000");
    values[NOTES] = nts_value_text(apr_pstrcat(pool, "x", repeat("\xf0\x9f\x93\xa6", 1000), NULL));
    talk = ut_begin(&ask);
    list = pieces(&talk, "n%25(1");
    tap_ok(nts_json_count(list) == 2 && strlen(piece(list, 0)) == 1 + 999 * 4 &&
               strlen(piece(list, 1)) == 4,
           "characters that JavaScript counts twice are counted twice, and not cut in the middle");
    values[NOTES] = nts_value_text(repeat("\xc3\xa4", 2000));
    talk = ut_begin(&ask);
    tap_int(nts_json_count(pieces(&talk, "n%25(1")), 1, "bytes do not count");
    values[NOTES] = nts_value_text(repeat("y", 200000));
    talk = ut_begin(&ask);
    list = pieces(&talk, "n%25(1");
    tap_ok(nts_json_count(list) == 100 && strlen(piece(list, 99)) == 2000,
           "a hundred pieces are sent");
    values[NOTES] = nts_value_text(repeat("y", 200001));
    talk = ut_begin(&ask);
    ut_result_is(&talk, NTS_RESULT_REFUSED, "more are not");
    tap_str(talk.answer->outcome.field, "Notes", "and the field is named");
    values[NAME] = nts_value_text(repeat("\xf0\x9f\x93\xa6", 80000));
    values[NOTES] = nts_value_text(repeat("\xf0\x9f\x93\xa6", 80000));
    talk = ut_begin(&ask);
    ut_result_is(&talk, NTS_RESULT_REFUSED, "a request of more than 500 KB");
    tap_str(talk.answer->outcome.code, "notion.too_large", "is not sent");
    tap_int(talk.answer->requests, 0, "at all");
}

static void test_unwritable(void)
{
    nts_ask_t ask = ut_ask(NTS_ASK_UPDATE);
    nts_value_t *values = ut_values();
    nts_option_t *many = apr_pcalloc(pool, sizeof(*many) * 101);
    talk_t talk;

    ask.values = values;
    for (int i = 0; i < 101; i++) {
        many[i].name = apr_psprintf(pool, "o%d", i);
    }
    values[TAGS] = nts_value_set(many, 101, pool);
    talk = ut_begin(&ask);
    ut_result_is(&talk, NTS_RESULT_REFUSED, "101 options");
    values[TAGS] = nts_value_set(many, 100, pool);
    talk = ut_begin(&ask);
    tap_ok(talk.request != NULL, "100 are sent");
    values[TAGS] = nts_value_absent;
    values[QTY] = nts_value_text("5");
    talk = ut_begin(&ask);
    ut_result_is(&talk, NTS_RESULT_REFUSED, "a text for a number");
    tap_str(talk.answer->outcome.code, "notion.value", "and why");
    values[QTY] = nts_value_absent;
    values[NAME] = ut_value("{\"cut\":\"a\"}", pool);
    talk = ut_begin(&ask);
    ut_result_is(&talk, NTS_RESULT_REFUSED, "a value that was read in part is never written");
    values[NAME] = nts_value_text("a");
    ((nts_mapping_t *)ask.mapping)->pairs[NAME].domain = NULL;
    talk = ut_begin(&ask);
    ut_result_is(&talk, NTS_RESULT_REFUSED, "a suspended pair is not written");
}

static void test_answers(void)
{
    nts_ask_t ask = ut_ask(NTS_ASK_CREATE);
    nts_value_t *values = ut_values();
    talk_t talk;

    ask.values = values;
    values[NAME] = nts_value_text("a");
    talk = ut_begin(&ask);
    ut_reply(&talk, 503,
             "{\"object\":\"error\",\"status\":503,\"code\":\"service_unavailable\",\"message\":"
             "\"The change was "
             "saved\",\"additional_data\":{\"committed_resource_id\":"
             "\"EEEEEEEE000040008000000000000002\"}}");
    ut_result_is(&talk, NTS_RESULT_OK, "a 503 that names the page made it (S3.7)");
    tap_str(talk.answer->id, PAGE_2, "its id");
    tap_ok(!talk.answer->record, "and nothing more is known of it");
    ask.kind = NTS_ASK_UPDATE;
    talk = ut_begin(&ask);
    ut_reply(&talk, 503,
             "{\"object\":\"error\",\"status\":503,\"code\":\"service_unavailable\",\"message\":"
             "\"The change was "
             "saved\",\"additional_data\":{\"committed_resource_id\":"
             "\"EEEEEEEE000040008000000000000002\"}}");
    ut_result_is(&talk, NTS_RESULT_UNKNOWN, "of an update it proves nothing");
    ask.kind = NTS_ASK_CREATE;
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, "{\"object\":\"page\",\"id\":\"" PAGE_1 "\"");
    ut_result_is(&talk, NTS_RESULT_UNKNOWN, "half an answer to a write");
    talk = ut_begin(&ask);
    ut_reply(&talk, 202, "{\"object\":\"async_task\",\"id\":\"x\"}");
    ut_result_is(&talk, NTS_RESULT_UNKNOWN, "a task that was not asked for");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    ut_open(1);
    test_create();
    test_nulls();
    test_trash();
    test_long_text();
    test_unwritable();
    test_answers();
    apr_terminate();
    return tap_done();
}
