/* The Notion connector in tests: a mapping with a property of each type, canned answers, and asking step by
 * step. Every JSON text here is written by hand in the shapes that Notion documents. */
#ifndef UT_NOTION_H
#define UT_NOTION_H

#include <stdlib.h>

#include <apr_file_io.h>

#include "base/nts_str.h"
#include "connector/nts_connector.h"
#include "tap/tap.h"
#include "unit/ut_values.h"

#define DATA_SOURCE "ffffffff-0000-4000-8000-0000000000aa"
#define PAGE_1 "eeeeeeee-0000-4000-8000-000000000001"
#define PAGE_2 "eeeeeeee-0000-4000-8000-000000000002"
#define BOT "b0b0b0b0-0000-4000-8000-000000000001"
#define TOKEN "ntn_sekret"
#define API "https://api.notion.com/v1"
#define ME "{\"object\":\"user\",\"id\":\"" BOT "\",\"type\":\"bot\",\"name\":\"sync\",\"bot\":{}}"

static apr_pool_t *pool;
static nts_connection_t *connection;

typedef struct property_t {
    const char *name;
    const char *id; /* decoded */
    nts_type_t type;
} property_t;

/* In the order of the mapping's pairs. */
static const property_t properties[] = {
    { "Name", "title", { .kind = NTS_TYPE_TEXT, .native = "title", .nullable = 1 } },
    { "Qty", "Ab>c", { .kind = NTS_TYPE_NUMBER, .native = "number", .nullable = 1, .binary = 1 } },
    { "Stage", "s:xQ", { .kind = NTS_TYPE_OPTION, .native = "status", .nullable = 1 } },
    { "Tags", "g8Lm", { .kind = NTS_TYPE_SET, .native = "multi_select", .nullable = 1 } },
    { "Due", "Zt4e", { .kind = NTS_TYPE_DATE, .native = "date", .nullable = 1, .zoned = 1 } },
    { "Notes", "n%(1", { .kind = NTS_TYPE_TEXT, .native = "rich_text", .nullable = 1 } },
    { "Done", "d]ne", { .kind = NTS_TYPE_BOOL, .native = "checkbox" } },
    { "Kind", "k|nd", { .kind = NTS_TYPE_OPTION, .native = "select", .nullable = 1 } },
    { "Link", "u=k7", { .kind = NTS_TYPE_TEXT, .native = "url", .nullable = 1 } },
    { "No", "n6Yc", { .kind = NTS_TYPE_TEXT, .native = "unique_id", .computed = 1, .serial = 1 } },
    { "Made",
      "m&de",
      { .kind = NTS_TYPE_INSTANT, .native = "created_time", .computed = 1, .zoned = 1 } },
};
#define PAIRS ((int)(sizeof(properties) / sizeof(properties[0])))
enum { NAME, QTY, STAGE, TAGS, DUE, NOTES, DONE, KIND, LINK, NO, MADE };

#define FILTER                                                                                     \
    "?filter_properties=title&filter_properties=Ab%3Ec&filter_properties=s%3AxQ"                   \
    "&filter_properties=g8Lm&filter_properties=Zt4e&filter_properties=n%25%281"                    \
    "&filter_properties=d%5Dne&filter_properties=k%7Cnd&filter_properties=u%3Dk7"                  \
    "&filter_properties=n6Yc&filter_properties=m%26de"

static apr_time_t ut_now(void *baton)
{
    (void)baton;
    return apr_time_from_sec(1700000000);
}

static const nts_clock_t ut_clock = { ut_now, ut_now, NULL };

__attribute__((unused)) static nts_mapping_t *ut_mapping(void)
{
    static const nts_type_t column = { .kind = NTS_TYPE_TEXT, .native = "TEXT", .nullable = 1 };
    static const nts_domain_options_t options = { .options_create = { 1, 1 } };
    nts_mapping_t *mapping = apr_pcalloc(pool, sizeof(*mapping));

    mapping->name = "orders";
    mapping->vhost = "";
    mapping->data_source = DATA_SOURCE;
    mapping->pair_count = PAIRS;
    mapping->pairs = apr_pcalloc(pool, sizeof(nts_pair_t) * (apr_size_t)PAIRS);
    for (int i = 0; i < PAIRS; i++) {
        const nts_type_t *types[2] = { &properties[i].type, &column };

        mapping->pairs[i].id = i + 1;
        mapping->pairs[i].notion = properties[i].name;
        mapping->pairs[i].notion_id = properties[i].id;
        mapping->pairs[i].external = properties[i].name;
        mapping->pairs[i].computed[NTS_NOTION] = properties[i].type.computed;
        (void)nts_domain_make(&mapping->pairs[i].domain, types, &options, NULL, pool);
    }
    return mapping;
}

__attribute__((unused)) static nts_ask_t ut_ask(nts_ask_kind_t kind)
{
    nts_ask_t ask = { .kind = kind, .side = NTS_NOTION };

    ask.mapping = ut_mapping();
    ask.id = PAGE_1;
    return ask;
}

/** Values per pair, all absent. */
__attribute__((unused)) static nts_value_t *ut_values(void)
{
    return apr_pcalloc(pool, sizeof(nts_value_t) * (apr_size_t)PAIRS);
}

/** A fresh connection; @a who non-zero: one that knows who it is. */
__attribute__((unused)) static void ut_open(int who);

/* An ask under way. */
typedef struct talk_t {
    nts_op_t *op;
    nts_op_state_t state;
    const nts_http_request_t *request; /* to be answered, or NULL */
    const nts_answer_t *answer;        /* at the end, or NULL */
} talk_t;

/* What is asked of Notion, for t/server/openapi-units.t: a line in the file that the environment names, as the simulator writes it. */
static void ut_note(const talk_t *talk)
{
    const char *file = getenv("NOTIONSIM_RECORD");
    const nts_http_request_t *request = talk->state == NTS_OP_SEND ? talk->request : NULL;
    const char *path = request ? strstr(request->url, "/v1/") : NULL, *version = NULL;
    const char *mark = path ? strchr(path, '?') : NULL;
    apr_file_t *out;
    int is_json = 0;

    if (!file || !path) {
        return;
    }
    for (int i = 0; i < request->header_count; i++) {
        const nts_http_header_t *header = &request->headers[i];

        version = strcmp(header->name, "Notion-Version") == 0 ? header->value : version;
        is_json |= strcmp(header->name, "Content-Type") == 0 &&
                   strcmp(header->value, "application/json") == 0;
    }
    if (apr_file_open(&out, file, APR_FOPEN_APPEND | APR_FOPEN_WRITE | APR_FOPEN_CREATE,
                      APR_FPROT_OS_DEFAULT, pool) != APR_SUCCESS) {
        abort();
    }
    (void)apr_file_printf(
        out,
        "{\"kind\":\"api\",\"agent\":\"unit\",\"method\":\"%s\",\"path\":\"%.*s\","
        "\"query\":\"%s\",\"version\":\"%s\",\"json\":%s,\"status\":0,"
        "\"request\":%s,\"response\":null}\n",
        request->method, mark ? (int)(mark - path) : (int)strlen(path), path, mark ? mark + 1 : "",
        version ? version : "", is_json ? "true" : "false", request->body ? request->body : "null");
    (void)apr_file_close(out);
}

__attribute__((unused)) static talk_t ut_begin(const nts_ask_t *ask)
{
    talk_t talk = { 0 };

    (void)nts_connector_notion.begin(&talk.op, connection, ask, pool);
    talk.state = nts_connector_notion.step(talk.op, NULL, &talk.request, &talk.answer);
    ut_note(&talk);
    return talk;
}

__attribute__((unused)) static void ut_step(talk_t *talk, const nts_http_answer_t *http)
{
    talk->state = nts_connector_notion.step(talk->op, http, &talk->request, &talk->answer);
    ut_note(talk);
}

/** Answer the request with a status and a JSON body. */
__attribute__((unused)) static void ut_reply(talk_t *talk, int status, const char *body)
{
    static const nts_http_header_t headers[] = { { "Content-Type",
                                                   "application/json; charset=utf-8" } };
    nts_http_answer_t http = { .transport = NTS_HTTP_ANSWERED, .status = status };

    http.headers = headers;
    http.header_count = 1;
    http.body = body;
    http.body_len = strlen(body);
    http.sent_at = ut_now(NULL);
    http.answered_at = ut_now(NULL) + 1000;
    ut_step(talk, &http);
}

static void ut_open(int who)
{
    nts_service_t service = { .name = "work", .kind = NTS_SERVICE_NOTION };

    (void)nts_connector_notion.open(&connection, &service, TOKEN, &ut_clock, NULL, pool);
    if (who) {
        nts_ask_t ask = ut_ask(NTS_ASK_WHO);
        talk_t talk = ut_begin(&ask);

        ut_reply(&talk, 200, ME);
    }
}

static const char *ut_header(const nts_http_request_t *request, const char *name)
{
    for (int i = 0; request && i < request->header_count; i++) {
        if (strcmp(request->headers[i].name, name) == 0) {
            return request->headers[i].value;
        }
    }
    return NULL;
}

/** The request that is waiting, exactly. @a body NULL: none. */
__attribute__((unused)) static int ut_request_is(const talk_t *talk, const char *method,
                                                 const char *path, const char *body,
                                                 const char *what)
{
    const nts_http_request_t *request = talk->request;
    int held = tap_ok(request && talk->state == NTS_OP_SEND, "%s: a request", what);

    if (!request) {
        return 0;
    }
    held &= tap_str(request->method, method, "%s: method", what);
    held &= tap_str(request->url, apr_pstrcat(pool, API, path, NULL), "%s: address", what);
    held &= tap_str(request->body, body, "%s: body", what);
    held &= tap_ok(!body || request->body_len == strlen(body), "%s: length", what);
    held &= tap_str(ut_header(request, "Authorization"), "Bearer " TOKEN, "%s: token", what);
    held &= tap_str(ut_header(request, "Notion-Version"), "2026-03-11", "%s: version", what);
    held &= tap_str(ut_header(request, "Content-Type"), body ? "application/json" : NULL,
                    "%s: type", what);
    return held;
}

__attribute__((unused)) static int ut_result_is(const talk_t *talk, nts_result_t result,
                                                const char *what)
{
    if (!tap_ok(talk->answer && talk->state == NTS_OP_DONE && !talk->request, "%s: answered",
                what)) {
        return 0;
    }
    if (!tap_str(nts_result_name(talk->answer->result), nts_result_name(result), "%s: result",
                 what)) {
        tap_diag("%s", nts_outcome_text(&talk->answer->outcome, pool));
        return 0;
    }
    return 1;
}

/* A rich text array of one item. */
#define TEXT(text)                                                                                 \
    "[{\"type\":\"text\",\"text\":{\"content\":\"" text                                            \
    "\",\"link\":null},\"annotations\":{\"bold\":false},\"plain_text\":\"" text                    \
    "\",\"href\":null}]"

/** A page object with these properties (JSON members). */
__attribute__((unused)) static const char *ut_page(const char *id, const char *created,
                                                   const char *author, const char *members)
{
    return apr_psprintf(pool,
                        "{\"object\":\"page\",\"id\":\"%s\",\"created_time\":\"%s\","
                        "\"last_edited_time\":\"%s\",\"created_by\":{\"object\":\"user\","
                        "\"id\":\"%s\"},\"last_edited_by\":{\"object\":\"user\",\"id\":\"%s\"},"
                        "\"cover\":null,\"icon\":null,\"parent\":{\"type\":\"data_source_id\","
                        "\"data_source_id\":\"" DATA_SOURCE "\",\"database_id\":"
                        "\"ffffffff-0000-4000-8000-000000000001\"},\"in_trash\":false,"
                        "\"is_archived\":false,\"is_locked\":false,\"properties\":{%s},"
                        "\"url\":\"https://app.notion.com/p/x\",\"public_url\":null}",
                        id, created, created, author, author, members);
}

#endif /* UT_NOTION_H */
