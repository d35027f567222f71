/* Proves S5.9 of the Notion connector: the body is asked for by itself and never as a property, an update names the places that
 * changed and forbids to delete child pages, an answer in part says so, and what Notion refuses of it is told from what it
 * refuses of a page. */
#include <string.h>

#include "ut_notion.h"

#define AT API "/pages/" PAGE_1 "/markdown"

/* The name and the body of a page. */
static nts_ask_t body_ask(nts_ask_kind_t kind)
{
    static const nts_type_t body = { .kind = NTS_TYPE_TEXT, .native = "body", .nullable = 1 };
    static const nts_type_t column = { .kind = NTS_TYPE_TEXT, .native = "TEXT", .nullable = 1 };
    static const nts_domain_options_t options = { .body = 1 };
    const nts_type_t *types[2] = { &body, &column };
    nts_ask_t ask = ut_ask(kind);
    nts_mapping_t *mapping = ut_mapping();

    mapping->pair_count = 2;
    mapping->pairs[1].notion = mapping->pairs[1].notion_id = NTS_BODY_FIELD;
    mapping->pairs[1].is_body = 1;
    (void)nts_domain_make(&mapping->pairs[1].domain, types, &options, NULL, pool);
    ask.mapping = mapping;
    return ask;
}

static const char *shown(const char *id, const char *markdown, const char *rest)
{
    return apr_psprintf(pool, "{\"object\":\"page_markdown\",\"id\":\"%s\",\"markdown\":\"%s\"%s}",
                        id, markdown, rest);
}

#define WHOLE ",\"truncated\":false,\"unknown_block_ids\":[]"

static talk_t write_body(const char *page, const char *wanted)
{
    nts_ask_t ask = body_ask(NTS_ASK_UPDATE);
    nts_value_t *values = ut_values();
    nts_value_t *before = ut_values();

    values[1] = *wanted ? nts_value_text(wanted) : nts_value_null;
    before[1] = page ? nts_body_value(page, 0, pool) : nts_value_absent;
    ask.values = values;
    ask.expected = before;
    return ut_begin(&ask);
}

static const char *request_of(const talk_t *talk)
{
    return talk->request ? apr_pstrcat(pool, talk->request->method, " ", talk->request->url, " ",
                                       talk->request->body ? talk->request->body : "", NULL)
                         : "none";
}

static void test_reading(void)
{
    nts_ask_t ask = body_ask(NTS_ASK_BODY);
    talk_t talk = ut_begin(&ask);

    tap_str(request_of(&talk), "GET " AT " ", "the body is a request of its own");
    ut_reply(&talk, 200, shown(PAGE_1, "a\\nb", WHOLE));
    tap_int(talk.answer->result, NTS_RESULT_OK, "and its answer a record");
    tap_str(talk.answer->record->values[1].as.text, "a\nb", "with the body");
    tap_int(talk.answer->record->values[0].kind, NTS_VALUE_ABSENT, "and nothing else");
    tap_ok(strstr(talk.answer->record->values[1].rich, "\"partial\":false") != NULL, "shown whole");
    talk = ut_begin(&ask);
    ut_reply(&talk, 200,
             shown(PAGE_1, "a", ",\"truncated\":false,\"unknown_block_ids\":[\"" PAGE_2 "\"]"));
    tap_ok(strstr(talk.answer->record->values[1].rich, "\"partial\":true") != NULL,
           "blocks that are not shown make it a part");
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, shown(PAGE_1, "a", ""));
    tap_ok(strstr(talk.answer->record->values[1].rich, "\"partial\":true") != NULL,
           "and so does an answer that does not tell");
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, shown(PAGE_1, "\\ud83d", WHOLE));
    tap_int(talk.answer->record->values[1].kind, NTS_VALUE_OPAQUE, "half a character is no text");
    talk = ut_begin(&ask);
    ut_reply(&talk, 200, shown(PAGE_2, "a", WHOLE));
    tap_int(talk.answer->result, NTS_RESULT_NOT_DONE, "the body of another page is no answer");
    talk = ut_begin(&ask);
    ut_reply(&talk, 404, "{\"object\":\"error\",\"status\":404,\"code\":\"object_not_found\"}");
    tap_int(talk.answer->result, NTS_RESULT_MISSING, "404: the page is missing");
    ask = body_ask(NTS_ASK_READ);
    ut_open(1);
    talk = ut_begin(&ask);
    tap_str(request_of(&talk), "GET " API "/pages/" PAGE_1 "?filter_properties=title ",
            "a page is asked for its properties only");
}

static void test_writing(void)
{
    talk_t talk = write_body("a\nb\nc", "a\nB\nc");

    tap_str(request_of(&talk),
            "PATCH " AT
            " {\"type\":\"update_content\",\"update_content\":{\"allow_deleting_content\":false,"
            "\"content_updates\":[{\"old_str\":\"b\",\"new_str\":\"B\"}]}}",
            "the place that changed, and nothing may be deleted");
    ut_reply(&talk, 200, shown(PAGE_1, "a\\nB\\nc", WHOLE));
    tap_str(talk.answer->record->values[1].as.text, "a\nB\nc", "the answer shows what came of it");
    talk = write_body("", "new");
    tap_str(request_of(&talk),
            "PATCH " AT
            " {\"type\":\"replace_content\",\"replace_content\":{\"allow_deleting_content\":false,"
            "\"new_str\":\"new\"}}",
            "an empty page is given all of it, and still nothing may be deleted");
    talk = write_body("a\n<page url=\"u\">C</page>", "a");
    tap_ok(!talk.request && talk.answer->result == NTS_RESULT_REFUSED &&
               !strcmp(talk.answer->outcome.code, NTS_BODY_REFUSED),
           "what must not be done is not sent");
    talk = write_body(NULL, "a");
    tap_ok(!talk.request && talk.answer->result == NTS_RESULT_REFUSED, "nor what was never read");
}

static void refused(int status, const char *body, nts_result_t result, const char *code)
{
    talk_t talk = write_body("a", "b");

    ut_reply(&talk, status, body);
    tap_int(talk.answer->result, result, "%d: %s", status, nts_result_name(result));
    tap_str(talk.answer->outcome.code, code, "%d: %s", status, code);
}

static void test_refusals(void)
{
    refused(400,
            "{\"object\":\"error\",\"status\":400,\"code\":\"validation_error\",\"message\":\"old_"
            "str is expected to "
            "be unique.\"}",
            NTS_RESULT_REFUSED, NTS_BODY_REFUSED);
    refused(400,
            "{\"object\":\"error\",\"status\":400,\"code\":\"validation_error\",\"message\":\"Can'"
            "t edit block that "
            "is archived.\"}",
            NTS_RESULT_TRASHED, "notion.trashed");
    refused(409, "{\"object\":\"error\",\"status\":409,\"code\":\"conflict_error\"}",
            NTS_RESULT_NOT_DONE, "notion.conflict");
    refused(503, "{\"object\":\"error\",\"status\":503,\"code\":\"service_unavailable\"}",
            NTS_RESULT_UNKNOWN, "notion.unavailable");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    ut_open(0);
    test_reading();
    test_writing();
    test_refusals();
    apr_terminate();
    return tap_done();
}
