/* Proves: each way in which Notion may fail means the right thing for a read, a query and a write: a write
 * that may have been committed is never called undone, nothing that passes blocks a mapping, every outcome
 * says what happened, and no outcome contains the token. */
#include "unit/ut_notion.h"

#define JSON_TYPE "application/json; charset=utf-8"
#define ERROR(status, code, message)                                                               \
    "{\"object\":\"error\",\"status\":" #status ",\"code\":\"" code "\",\"message\":\"" message    \
    "\",\"request_id\":\"r-1\"}"
#define LIMITED(reason)                                                                            \
    "{\"object\":\"error\",\"status\":429,\"code\":\"rate_limited\",\"message\":\"You have been "  \
    "rate limited.\",\"additional_data\":{\"rate_limit_reason\":\"" reason                         \
    "\",\"retry_after\":\"17\"}}"

typedef struct case_t {
    const char *what;
    int status; /* 0: not sent; -1: fate unknown */
    const char *type;
    const char *body;
    const char *retry_after;
    nts_result_t read;
    nts_result_t list;
    nts_result_t create;
    nts_result_t update;
    const char *code; /* of the update's outcome */
    int seconds;      /* until retry_at; -1: not told */
} case_t;

#define OK NTS_RESULT_OK
#define LATER NTS_RESULT_NOT_DONE
#define OPEN NTS_RESULT_UNKNOWN
#define NO NTS_RESULT_REFUSED
#define STOP NTS_RESULT_BLOCKED
#define GONE NTS_RESULT_MISSING
#define TRASH NTS_RESULT_TRASHED

static const case_t cases[] = {
    { "not sent", 0, NULL, NULL, NULL, LATER, LATER, LATER, LATER, "notion.unreachable", -1 },
    { "cut", -1, NULL, NULL, NULL, LATER, LATER, OPEN, OPEN, "notion.cut", -1 },
    { "not JSON", 200, JSON_TYPE, "{\"object\":\"pa", NULL, LATER, LATER, OPEN, OPEN,
      "notion.unreadable", -1 },
    { "HTML instead", 200, "text/html", "<html>", NULL, LATER, LATER, OPEN, OPEN,
      "notion.unreadable", -1 },
    { "JSON called HTML", 200, "text/html", "{\"object\":\"page\"}", NULL, LATER, LATER, OPEN, OPEN,
      "notion.unreadable", -1 },
    { "empty", 200, JSON_TYPE, "", NULL, LATER, LATER, OPEN, OPEN, "notion.unreadable", -1 },
    { "an array", 200, JSON_TYPE, "[]", NULL, LATER, LATER, OPEN, OPEN, "notion.unreadable", -1 },
    { "validation", 400, JSON_TYPE,
      ERROR(400, "validation_error",
            "body failed validation: body.properties.Qty.number should be a number, "
            "instead was `\\\"in the trash\\\"`."),
      NULL, NO, STOP, NO, NO, "notion.refused", -1 },
    { "a value that speaks of archives", 400, JSON_TYPE,
      ERROR(400, "validation_error",
            "Invalid status option. Status option \\\"is archived\\\" does not exist."),
      NULL, NO, STOP, NO, NO, "notion.refused", -1 },
    { "a page in the trash", 400, JSON_TYPE,
      ERROR(400, "validation_error",
            "Can't edit block that is archived. You must unarchive the block before "
            "editing."),
      NULL, NO, STOP, STOP, TRASH, "notion.trashed", -1 },
    { "the same in other words", 400, JSON_TYPE,
      ERROR(400, "validation_error", "Can't update a page that is in the trash."), NULL, NO, STOP,
      STOP, TRASH, "notion.trashed", -1 },
    { "a property that went", 400, JSON_TYPE,
      ERROR(400, "validation_error", "Ab%3Ec is not a property that exists."), NULL, LATER, LATER,
      LATER, LATER, "notion.schema_changed", -1 },
    { "a property of another type", 400, JSON_TYPE,
      ERROR(400, "validation_error", "Name is expected to be rich_text."), NULL, LATER, LATER,
      LATER, LATER, "notion.schema_changed", -1 },
    { "a property that a query misses", 400, JSON_TYPE,
      ERROR(400, "validation_error", "Could not find property with name or id: x"), NULL, LATER,
      LATER, LATER, LATER, "notion.schema_changed", -1 },
    { "missing version", 400, JSON_TYPE,
      ERROR(400, "missing_version", "Notion-Version header failed"), NULL, NO, STOP, NO, NO,
      "notion.refused", -1 },
    { "unauthorized", 401, JSON_TYPE, ERROR(401, "unauthorized", "API token is invalid."), NULL,
      STOP, STOP, STOP, STOP, "notion.unauthorized", -1 },
    { "no capability", 403, JSON_TYPE,
      ERROR(403, "restricted_resource", "API token does not have access"), NULL, STOP, STOP, STOP,
      STOP, "notion.forbidden", -1 },
    { "the plan's blocks", 403, JSON_TYPE,
      "{\"object\":\"error\",\"status\":403,\"code\":\"restricted_resource\",\"message\":\"limit\","
      "\"additional_data\":{\"block_limit\":\"block_creation\"}}",
      NULL, NO, NO, NO, NO, "notion.block_limit", -1 },
    { "a wall before Notion", 403, "text/html", "<html>Attention</html>", NULL, LATER, LATER, LATER,
      LATER, "notion.edge_refused", -1 },
    { "missing", 404, JSON_TYPE, ERROR(404, "object_not_found", "Could not find page with ID: x."),
      NULL, GONE, STOP, STOP, GONE, "notion.missing", -1 },
    { "conflict", 409, JSON_TYPE, ERROR(409, "conflict_error", "Conflict occurred while saving."),
      "3", LATER, LATER, LATER, LATER, "notion.conflict", 3 },
    { "full", 409, JSON_TYPE, ERROR(409, "row_limit_exceeded", "250,000 rows"), NULL, NO, NO, NO,
      NO, "notion.row_limit", -1 },
    { "too large", 413, "text/html", "", NULL, NO, NO, NO, NO, "notion.too_large", -1 },
    { "limit of the connection", 429, JSON_TYPE, LIMITED("public_api_request_rate_limit"), "42",
      LATER, LATER, LATER, LATER, "notion.rate_limited", 42 },
    { "told in the body alone", 429, JSON_TYPE, LIMITED("mcp_tool_rate_limit"), NULL, LATER, LATER,
      LATER, LATER, "notion.rate_limited", 17 },
    { "limit of the workspace", 429, JSON_TYPE, LIMITED("public_api_space_request_rate_limit"),
      "400", LATER, LATER, LATER, LATER, "notion.rate_limited_workspace", 400 },
    { "limit of an endpoint", 429, JSON_TYPE, LIMITED("public_api_endpoint_rate_limit"), "1", LATER,
      LATER, LATER, LATER, "notion.rate_limited_endpoint", 1 },
    { "blocked", 429, JSON_TYPE, LIMITED("public_api_request_blocked"), "17", STOP, STOP, STOP,
      STOP, "notion.access_blocked", -1 },
    { "429 as HTML", 429, "text/html", "<html>", NULL, LATER, LATER, LATER, LATER,
      "notion.rate_limited", -1 },
    { "server error", 500, JSON_TYPE,
      ERROR(500, "internal_server_error", "Unexpected error occurred."), NULL, LATER, LATER, OPEN,
      OPEN, "notion.unavailable", -1 },
    { "502 as HTML", 502, "text/html", "<html>Bad Gateway</html>", NULL, LATER, LATER, OPEN, OPEN,
      "notion.unavailable", -1 },
    { "unavailable", 503, JSON_TYPE, ERROR(503, "service_unavailable", "try again later"), "5",
      LATER, LATER, OPEN, OPEN, "notion.unavailable", 5 },
    { "an id that is none", 503, JSON_TYPE,
      "{\"object\":\"error\",\"status\":503,\"additional_data\":{\"committed_resource_id\":\"x\"}}",
      NULL, LATER, LATER, OPEN, OPEN, "notion.unavailable", -1 },
    { "overloaded", 529, JSON_TYPE, ERROR(529, "service_overload", "overloaded"), "9", LATER, LATER,
      LATER, LATER, "notion.overloaded", 9 },
    { "request timeout", 408, "text/html", "", NULL, LATER, LATER, OPEN, OPEN, "notion.unavailable",
      -1 },
    { "a redirect", 302, "text/html", "", NULL, STOP, STOP, STOP, STOP, "notion.unexpected", -1 },
    { "another 4xx", 405, "text/html", "", NULL, STOP, STOP, STOP, STOP, "notion.unexpected", -1 },
};

static const nts_http_answer_t *answer_of(const case_t *c)
{
    nts_http_answer_t *http = apr_pcalloc(pool, sizeof(*http));
    nts_http_header_t *headers = apr_pcalloc(pool, sizeof(*headers) * 2);

    http->transport = c->status == 0  ? NTS_HTTP_NOT_SENT
                      : c->status < 0 ? NTS_HTTP_FATE_UNKNOWN
                                      : NTS_HTTP_ANSWERED;
    http->sent_at = http->answered_at = ut_now(NULL);
    if (c->status <= 0) {
        http->words = "connection reset by peer";
        return http;
    }
    http->status = c->status;
    headers[0] = (nts_http_header_t){ "content-type", c->type };
    http->headers = headers;
    http->header_count = 1;
    if (c->retry_after) {
        headers[1] = (nts_http_header_t){ "retry-after", c->retry_after };
        http->header_count = 2;
    }
    http->body = c->body;
    http->body_len = strlen(c->body);
    return http;
}

static void check(const case_t *c, nts_ask_kind_t kind, nts_result_t result)
{
    nts_ask_t ask = ut_ask(kind);
    nts_value_t *values = ut_values();
    talk_t talk;
    const nts_outcome_t *out;

    values[NAME] = nts_value_text("a");
    ask.values = values;
    talk = ut_begin(&ask);
    ut_step(&talk, answer_of(c));
    if (!ut_result_is(&talk, result, apr_psprintf(pool, "%s: %s", c->what, nts_ask_name(kind)))) {
        return;
    }
    out = &talk.answer->outcome;
    tap_ok(out->what && out->code && out->remedy != NTS_REMEDY_NONE, "told: %s",
           nts_outcome_text(out, pool));
    tap_ok(out->remedy != NTS_REMEDY_PERSON || out->advice, "with advice, where a person must act");
    tap_ok((result == LATER || result == OPEN) == (out->remedy == NTS_REMEDY_RETRY),
           "tried again or not");
    tap_ok(!strstr(nts_outcome_text(out, pool), TOKEN), "without the token");
    tap_ok(!talk.answer->record && !talk.answer->id && !talk.answer->complete,
           "and with nothing made up");
    if (kind == NTS_ASK_UPDATE) {
        tap_str(out->code, c->code, "%s: code", c->what);
        tap_int(out->retry_at ? apr_time_sec(out->retry_at - ut_now(NULL)) : -1, c->seconds,
                "%s: when", c->what);
    }
}

static void test_words(void)
{
    static const case_t speaks = {
        "words", 400,  JSON_TYPE, ERROR(400, "validation_error", "Qty should be a number"),
        NULL,    NO,   NO,        NO,
        NO,      NULL, -1
    };
    static const case_t betrays = {
        "words", 401,  JSON_TYPE, ERROR(401, "unauthorized", "Bearer " TOKEN " is invalid"),
        NULL,    NO,   NO,        NO,
        NO,      NULL, -1
    };
    nts_ask_t ask = ut_ask(NTS_ASK_RESTORE);
    talk_t talk = ut_begin(&ask);

    ut_step(&talk, answer_of(&speaks));
    tap_str(talk.answer->outcome.words, "Qty should be a number (request r-1)", "Notion's words");
    tap_str(talk.answer->outcome.what, "restoring a page: Notion refused it", "and ours");
    talk = ut_begin(&ask);
    ut_step(&talk, answer_of(&betrays));
    tap_ok(!strstr(nts_outcome_text(&talk.answer->outcome, pool), TOKEN),
           "words with the token are dropped: %s", nts_outcome_text(&talk.answer->outcome, pool));
}

/* Notion names the value by its property's id, as it was sent: that one alone is parked. */
static void test_named_values(void)
{
    nts_ask_t ask = ut_ask(NTS_ASK_UPDATE);
    nts_value_t *values = ut_values();
    talk_t talk;

    values[NAME] = nts_value_text("a");
    values[QTY] = ut_value("{\"n\":\"1\"}", pool);
    ask.values = values;
    talk = ut_begin(&ask);
    ut_reply(&talk, 400,
             ERROR(400, "validation_error",
                   "body failed validation: body.properties.Ab%3Ec.number should be less."));
    ut_result_is(&talk, NO, "a value that Notion names");
    tap_str(talk.answer->outcome.code, "notion.value", "its code");
    tap_str(talk.answer->outcome.field, "Qty", "its field");
    tap_str(talk.answer->outcome.what, "updating a page: Notion refused the value of 'Qty'",
            "said");
    talk = ut_begin(&ask);
    ut_reply(&talk, 400,
             ERROR(400, "validation_error",
                   "body failed validation: body.properties.s%3AxQ.status should be less."));
    tap_str(talk.answer->outcome.field, NULL, "one that was not sent is none");
}

/* Somebody who is not there: by 404 or 400, whatever Notion answers; the page itself is meant where nobody is named. */
static void test_missing_people(void)
{
    static const char id[] = "dddddddd-0000-4000-8000-000000000001";
    static const nts_type_t people = { .kind = NTS_TYPE_PEOPLE, .native = "people", .nullable = 1 };
    static const nts_type_t column = { .kind = NTS_TYPE_TEXT, .native = "TEXT", .nullable = 1 };
    static const nts_domain_options_t options = { 0 };
    static const int statuses[] = { 404, 400 };
    const nts_type_t *types[2] = { &people, &column };
    nts_option_t ada = { id, "Ada" };
    nts_ask_t ask = ut_ask(NTS_ASK_UPDATE);
    nts_mapping_t *mapping = ut_mapping();
    nts_value_t value = nts_value_set(&ada, 1, pool);
    talk_t talk;

    mapping->pair_count = 1;
    (void)nts_domain_make(&mapping->pairs[0].domain, types, &options, NULL, pool);
    ask.mapping = mapping;
    ask.values = &value;
    for (int i = 0; i < 2; i++) {
        talk = ut_begin(&ask);
        ut_reply(&talk, statuses[i],
                 ERROR(404, "object_not_found",
                       "Could not find user with ID: "
                       "dddddddd-0000-4000-8000-000000000001."));
        ut_result_is(&talk, NO, "somebody is not there");
        tap_str(talk.answer->outcome.code, "notion.person", "%d: its code", statuses[i]);
        tap_str(talk.answer->outcome.field, "Name", "%d: its field", statuses[i]);
    }
    talk = ut_begin(&ask);
    ut_reply(&talk, 404,
             ERROR(404, "object_not_found", "Could not find page with ID: " PAGE_1 "."));
    ut_result_is(&talk, GONE, "the page is not there");
}

/* A restore that meets a trashed parent, a removal of a page that is not there. */
static void test_other_writes(void)
{
    nts_ask_t ask = ut_ask(NTS_ASK_RESTORE);
    talk_t talk = ut_begin(&ask);

    ut_reply(&talk, 400,
             ERROR(400, "validation_error", "Can't unarchive a page whose parent is archived."));
    ut_result_is(&talk, TRASH, "a restore below a trashed parent");
    ask.kind = NTS_ASK_REMOVE;
    talk = ut_begin(&ask);
    ut_reply(&talk, 404, ERROR(404, "object_not_found", "Could not find page"));
    ut_result_is(&talk, GONE, "a removal of what is not there");
    ask.kind = NTS_ASK_WHO;
    talk = ut_begin(&ask);
    ut_reply(&talk, 401, ERROR(401, "unauthorized", "API token is invalid."));
    ut_result_is(&talk, STOP, "who, with a bad token");
    tap_str(talk.answer->outcome.what,
            "asking who the token belongs to: Notion does not accept the token", "says so");
    ask.kind = NTS_ASK_DESCRIBE;
    talk = ut_begin(&ask);
    ut_reply(&talk, 500, ERROR(500, "internal_server_error", "x"));
    ut_result_is(&talk, LATER, "a data source that cannot be read now");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    ut_open(1);
    for (int i = 0; i < (int)(sizeof(cases) / sizeof(cases[0])); i++) {
        check(&cases[i], NTS_ASK_READ, cases[i].read);
        check(&cases[i], NTS_ASK_LIST, cases[i].list);
        check(&cases[i], NTS_ASK_CREATE, cases[i].create);
        check(&cases[i], NTS_ASK_UPDATE, cases[i].update);
        apr_pool_clear(pool);
        ut_open(1);
    }
    test_words();
    test_named_values();
    test_missing_people();
    test_other_writes();
    apr_terminate();
    return tap_done();
}
