/* nts_notion_error.c - what an answer of Notion means: for a read, for a write, and for the administrator.
 *
 * A write is NOT_DONE only where it is certain that nothing happened; whatever may have been committed is
 * UNKNOWN (S3.7). Bodies are read as JSON only where Notion says that they are: edge servers answer in HTML.
 */
#include <stdarg.h>
#include <string.h>

#include "base/nts_str.h"
#include "connector/notion/nts_notion_impl.h"
#include "model/nts_reference.h"

/* A workspace's budget may close for longer than a window; nothing sensible is longer than this. */
#define RETRY_MAX apr_time_from_sec(3600)

/* One failed answer being judged. */
typedef struct failure_t {
    nts_op_t *op;
    const nts_http_answer_t *http;
    const nts_json_t *body; /* NULL: none, or not JSON */
    const char *code;       /* Notion's; "" none */
    const char *message;    /* Notion's; "" none */
} failure_t;

static void set_words(nts_op_t *op, const char *words, const char *request_id)
{
    /* What a service repeats of our own request must not bring the token into a log. */
    if (!words || *words == '\0' || (*op->conn->token && strstr(words, op->conn->token))) {
        return;
    }
    nts_outcome_set_words(&op->answer.outcome, op->p, words, strlen(words));
    if (request_id && strlen(request_id) <= 64 && strlen(op->answer.outcome.words) < 400 &&
        nts_utf8_is_valid(request_id, strlen(request_id))) {
        op->answer.outcome.words =
            apr_psprintf(op->p, "%s (request %s)", op->answer.outcome.words, request_id);
    }
}

/* What was being done, for sentences. */
static const char *doing(const nts_op_t *op)
{
    if (op->phase == NTS_NOTION_WHO || op->ask.kind == NTS_ASK_WHO) {
        return "asking who the token belongs to";
    }
    if (op->phase == NTS_NOTION_PEOPLE) {
        return "listing the people of the workspace";
    }
    switch (op->ask.kind) {
    case NTS_ASK_PROVISION:
        if (op->phase == NTS_NOTION_MAKE) {
            return "making properties in the data source";
        }
        return "reading the data source";
    case NTS_ASK_DESCRIBE:
        return "reading the data source";
    case NTS_ASK_LIST:
    case NTS_ASK_FIND:
        return "listing the data source";
    case NTS_ASK_CREATE:
        return "creating a page";
    case NTS_ASK_UPDATE:
        return nts_notion_is_body_write(op) ? "changing the body of a page" : "updating a page";
    case NTS_ASK_REMOVE:
        return "moving a page to the trash";
    case NTS_ASK_RESTORE:
        return "restoring a page";
    case NTS_ASK_BODY:
        return "reading the body of a page";
    default:
        return "reading a page";
    }
}

static int fail(failure_t *f, nts_result_t result, nts_remedy_t remedy, const char *code,
                const char *advice, const char *what)
{
    nts_op_t *op = f->op;

    op->answer.result = result;
    nts_outcome_set(&op->answer.outcome, op->p, remedy, code, "%s: %s", doing(op), what);
    op->answer.outcome.advice = advice;
    set_words(op, f->message, nts_json_get_string(f->body, "request_id"));
    return 0;
}

void nts_notion_refuse(nts_op_t *op, const char *code, const char *advice, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    op->answer.result = NTS_RESULT_REFUSED;
    nts_outcome_set(&op->answer.outcome, op->p, NTS_REMEDY_PERSON, code, "%s",
                    apr_pvsprintf(op->p, fmt, args));
    op->answer.outcome.advice = advice;
    va_end(args);
}

/* Something came, or nothing, that leaves open what happened at Notion. */
static int unclear(failure_t *f, const char *code, const char *what)
{
    return fail(f, nts_notion_is_write(f->op) ? NTS_RESULT_UNKNOWN : NTS_RESULT_NOT_DONE,
                NTS_REMEDY_RETRY, code, NULL, what);
}

void nts_notion_nonsense(nts_op_t *op, const char *what)
{
    failure_t f = { op, NULL, NULL, "", "" };

    (void)unclear(&f, "notion.unreadable", what);
}

static int is_json(const nts_http_answer_t *http)
{
    const char *type = nts_http_header(http, "Content-Type");

    return type && (strstr(type, "application/json") || strstr(type, "application/problem+json"));
}

static apr_time_t now_of(const failure_t *f)
{
    const nts_clock_t *clock = f->op->conn->clock;

    return f->http->answered_at ? f->http->answered_at : clock->wall(clock->baton);
}

/* From the header, else from the body, which repeats it as a text; 0: not told. */
static apr_time_t retry_at(const failure_t *f)
{
    apr_time_t now = now_of(f);
    apr_time_t at = nts_http_retry_after(f->http, now, RETRY_MAX);
    const char *text =
        nts_json_string(nts_json_path(f->body, "additional_data", "retry_after", NULL));
    apr_int64_t seconds;

    if (!at && text && nts_int_parse(&seconds, text, 0, apr_time_sec(RETRY_MAX)) == APR_SUCCESS) {
        at = now + apr_time_from_sec(seconds);
    }
    return at;
}

static int fail_limited(failure_t *f)
{
    const char *reason =
        nts_json_string(nts_json_path(f->body, "additional_data", "rate_limit_reason", NULL));
    const char *code = "notion.rate_limited";
    const char *what = "too many requests of this connection";

    if (reason && strcmp(reason, "public_api_request_blocked") == 0) {
        return fail(f, NTS_RESULT_BLOCKED, NTS_REMEDY_PERSON, NTS_ACCESS_BLOCKED,
                    "write to Notion's support, then resume the mapping: nothing is asked before",
                    "Notion has blocked this connection");
    }
    if (reason && strcmp(reason, "public_api_space_request_rate_limit") == 0) {
        code = "notion.rate_limited_workspace";
        what = "too many requests of all connections of the workspace together";
    }
    else if (reason && strcmp(reason, "public_api_endpoint_rate_limit") == 0) {
        code = "notion.rate_limited_endpoint";
        what = "too many requests of this kind";
    }
    (void)fail(f, NTS_RESULT_NOT_DONE, NTS_REMEDY_RETRY, code, NULL, what);
    f->op->answer.outcome.retry_at = retry_at(f);
    return 0;
}

static int is_about_schema(const char *message)
{
    return strstr(message, "is not a property that exists") ||
           strstr(message, "is expected to be") ||
           strstr(message, "Could not find property with name or id");
}

/* The wording is not promised. Only complaints about the object itself begin like this; a message about a
 * value may quote any text. */
static int is_about_trash(const char *message)
{
    if (strncmp(message, "Can't ", 6) != 0 && strncmp(message, "Cannot ", 7) != 0) {
        return strstr(message, "You must unarchive") != NULL;
    }
    return strstr(message, "archived") || strstr(message, "trash");
}

static int is_about_page(const nts_op_t *op)
{
    return op->phase != NTS_NOTION_WHO &&
           (op->ask.kind == NTS_ASK_READ || op->ask.kind == NTS_ASK_BODY ||
            op->ask.kind == NTS_ASK_FILES || op->ask.kind == NTS_ASK_CREATE ||
            op->ask.kind == NTS_ASK_UPDATE || op->ask.kind == NTS_ASK_REMOVE ||
            op->ask.kind == NTS_ASK_RESTORE);
}

/* "body.properties.Ab%3Ec.email.length should be ...": the pair whose value Notion complains of, or NULL. So it does of somebody who is
 * not there (any more), by the id. */
static const nts_pair_t *named_pair(const failure_t *f)
{
    const nts_ask_t *ask = &f->op->ask;

    if (!nts_notion_is_write(f->op) || !ask->values) {
        return NULL;
    }
    for (int i = 0; i < ask->mapping->pair_count; i++) {
        const nts_pair_t *pair = &ask->mapping->pairs[i];
        const nts_value_t *value = &ask->values[i];

        if (value->kind == NTS_VALUE_ABSENT || !nts_pair_field_id(pair, ask->side) ||
            !pair->domain) {
            continue;
        }
        if (strstr(f->message,
                   apr_pstrcat(f->op->p, "body.properties.",
                               nts_notion_encode_id(nts_pair_field_id(pair, ask->side), f->op->p),
                               ".", NULL))) {
            return pair;
        }
        for (int k = 0; value->kind == NTS_VALUE_SET && k < value->as.set.count &&
                        nts_domain_type(pair->domain, ask->side)->kind == NTS_TYPE_PEOPLE;
             k++) {
            const char *id = value->as.set.options[k].id;

            if (id && strstr(f->message, id)) {
                return pair;
            }
        }
    }
    return NULL;
}

/* The value alone is refused, and parked (S1). */
static int fail_value(failure_t *f, const nts_pair_t *pair)
{
    nts_side_t side = f->op->ask.side;
    const char *name = nts_pair_field(pair, side);
    int is_person = nts_domain_type(pair->domain, side)->kind == NTS_TYPE_PEOPLE;

    if (is_person) {
        (void)fail(f, NTS_RESULT_REFUSED, NTS_REMEDY_PERSON, "notion.person",
                   "take the person out, or invite the person to the workspace",
                   "somebody is not known in Notion, or not shown to the connection");
    }
    else {
        (void)fail(f, NTS_RESULT_REFUSED, NTS_REMEDY_PERSON, "notion.value", "change the value",
                   apr_psprintf(f->op->p, "Notion refused the value of '%s'", name));
    }
    f->op->answer.outcome.field = apr_pstrdup(f->op->p, name);
    return 0;
}

static int fail_bad_request(failure_t *f)
{
    nts_op_t *op = f->op;

    if (is_about_schema(f->message) && !nts_notion_is_body_write(op)) {
        return fail(f, NTS_RESULT_NOT_DONE, NTS_REMEDY_RETRY, "notion.schema_changed", NULL,
                    "the data source's properties are no longer what they were");
    }
    if (op->ask.kind == NTS_ASK_CREATE && is_about_trash(f->message)) {
        return fail(f, NTS_RESULT_BLOCKED, NTS_REMEDY_PERSON, "notion.data_source_trashed",
                    "restore the database in Notion", "the data source is in the trash");
    }
    if ((nts_notion_is_write(op) || op->ask.kind == NTS_ASK_BODY) && is_about_trash(f->message)) {
        return fail(f, NTS_RESULT_TRASHED, NTS_REMEDY_WAIT, "notion.trashed",
                    "restore it in Notion, or the page or database that contains it",
                    "the page is in the trash");
    }
    if (nts_notion_is_body_write(op)) {
        return fail(f, NTS_RESULT_REFUSED, NTS_REMEDY_PERSON, NTS_BODY_REFUSED,
                    "change the page in Notion, or the text", "Notion refused it");
    }
    if (named_pair(f)) {
        return fail_value(f, named_pair(f));
    }
    if (is_about_page(op)) {
        return fail(f, NTS_RESULT_REFUSED, NTS_REMEDY_PERSON, "notion.refused",
                    "change the value that Notion names", "Notion refused it");
    }
    return fail(f, NTS_RESULT_BLOCKED, NTS_REMEDY_PERSON, "notion.refused",
                "look at Notion's words; the mapping or the data source's id may be wrong",
                "Notion refused it");
}

static int fail_forbidden(failure_t *f)
{
    if (!f->body) {
        /* Notion's own refusals are JSON; this one came from a server in front of it. */
        return fail(f, NTS_RESULT_NOT_DONE, NTS_REMEDY_RETRY, "notion.edge_refused", NULL,
                    "a server in front of Notion refused the request");
    }
    if (nts_json_path(f->body, "additional_data", "block_limit", NULL)) {
        return fail(f, NTS_RESULT_REFUSED, NTS_REMEDY_PERSON, "notion.block_limit",
                    "upgrade the workspace's plan or delete content; updates still work",
                    "the workspace has used up the blocks of its plan");
    }
    return fail(f, NTS_RESULT_BLOCKED, NTS_REMEDY_PERSON, "notion.forbidden",
                "give the connection the capabilities to read, update and insert content",
                "the connection is not allowed to");
}

/* S5.2: "Could not find page with ID: ...", which is one that the page that is written shall refer to. It may be that page itself, which was moved
 * where the property does not lead (seed 89103 of the simulation: it was read again, was there, and so written again, for ever). */
static int names_reference(const failure_t *f)
{
    const nts_ask_t *ask = &f->op->ask;

    if (!nts_notion_is_write(f->op) || !ask->values) {
        return 0;
    }
    for (int i = 0; i < ask->mapping->pair_count; i++) {
        const nts_value_t *value = &ask->values[i];

        if (value->kind != NTS_VALUE_SET || !ask->mapping->pairs[i].domain ||
            !nts_domain_is_reference(ask->mapping->pairs[i].domain)) {
            continue;
        }
        for (int k = 0; k < value->as.set.count; k++) {
            if (strstr(f->message, value->as.set.options[k].name)) {
                return 1;
            }
        }
    }
    return 0;
}

static int fail_missing(failure_t *f)
{
    nts_op_t *op = f->op;

    if (op->phase == NTS_NOTION_COMPLETE) { /* the page was there a moment ago */
        return fail(f, NTS_RESULT_NOT_DONE, NTS_REMEDY_RETRY, "notion.schema_changed", NULL,
                    "a property, or the page, went away meanwhile");
    }
    if (named_pair(f)) {
        return fail_value(f, named_pair(f));
    }
    if (names_reference(f)) {
        return fail(f, NTS_RESULT_REFUSED, NTS_REMEDY_RETRY, NTS_REFERENCE_HIDDEN,
                    "if it still exists, share it with the connection",
                    "a page that is referred to does not exist, or is not shared with the "
                    "connection");
    }
    if (is_about_page(op) && op->ask.kind != NTS_ASK_CREATE) {
        return fail(f, NTS_RESULT_MISSING, NTS_REMEDY_WAIT, "notion.missing",
                    "if it still exists, share it with the connection",
                    "the page does not exist, or is not shared with the connection");
    }
    return fail(
        f, NTS_RESULT_BLOCKED, NTS_REMEDY_PERSON, "notion.not_shared",
        "open the database in Notion, menu ..., Connections, and add the connection; check the "
        "data source's id",
        "the data source does not exist, or is not shared with the connection");
}

static int fail_conflict(failure_t *f)
{
    if (strcmp(f->code, "row_limit_exceeded") == 0) {
        return fail(f, NTS_RESULT_REFUSED, NTS_REMEDY_PERSON, "notion.row_limit",
                    "delete rows or split the data source", "the data source is full");
    }
    (void)fail(f, NTS_RESULT_NOT_DONE, NTS_REMEDY_RETRY, "notion.conflict", NULL,
               "somebody else was changing it at the same moment");
    f->op->answer.outcome.retry_at = retry_at(f);
    return 0;
}

/* A create may be committed and still answer 503; then the body names the page. */
static int fail_server(failure_t *f)
{
    const char *id =
        nts_json_string(nts_json_path(f->body, "additional_data", "committed_resource_id", NULL));
    nts_op_t *op = f->op;

    if (id && op->phase == NTS_NOTION_MAIN && op->ask.kind == NTS_ASK_CREATE &&
        nts_uuid_normalise(&op->answer.id, id, op->p) == APR_SUCCESS) {
        op->answer.result = NTS_RESULT_OK;
        return 0;
    }
    (void)unclear(f, "notion.unavailable",
                  apr_psprintf(op->p, "Notion answered %d", f->http->status));
    op->answer.outcome.retry_at = retry_at(f);
    return 0;
}

static int fail_status(failure_t *f)
{
    int status = f->http->status;

    switch (status) {
    case 400:
        return fail_bad_request(f);
    case 401:
        return fail(f, NTS_RESULT_BLOCKED, NTS_REMEDY_PERSON, "notion.unauthorized",
                    "put a valid token where NotionSyncToken points, and reload",
                    "Notion does not accept the token");
    case 403:
        return fail_forbidden(f);
    case 404:
        return fail_missing(f);
    case 409:
        return fail_conflict(f);
    case 413:
        return fail(f, NTS_RESULT_REFUSED, NTS_REMEDY_PERSON, "notion.too_large",
                    "shorten the values", "the request was too large for Notion");
    case 429:
        return fail_limited(f);
    case 529:
        (void)fail(f, NTS_RESULT_NOT_DONE, NTS_REMEDY_RETRY, "notion.overloaded", NULL,
                   "Notion is overloaded");
        f->op->answer.outcome.retry_at = retry_at(f);
        return 0;
    default:
        break;
    }
    if (status >= 500 || status == 408 || status < 300) { /* 2xx: done, perhaps, and not told */
        return fail_server(f);
    }
    return fail(
        f, NTS_RESULT_BLOCKED, NTS_REMEDY_PERSON, "notion.unexpected",
        "check NotionSyncEndpoint, and what stands between this host and Notion",
        apr_psprintf(f->op->p, "an answer that Notion never gives: HTTP status %d", status));
}

const nts_json_t *nts_notion_take(nts_op_t *op, const nts_http_answer_t *http)
{
    failure_t f = { op, http, NULL, "", "" };
    const char *text;

    op->answer.result = NTS_RESULT_OK;
    memset(&op->answer.outcome, 0, sizeof(op->answer.outcome)); /* of an attempt before */
    if (http->transport == NTS_HTTP_NOT_SENT) {
        f.message = http->words ? http->words : "";
        (void)fail(&f, NTS_RESULT_NOT_DONE, NTS_REMEDY_RETRY, "notion.unreachable",
                   "check this host's network and name resolution if it persists",
                   "Notion could not be reached");
        return NULL;
    }
    if (http->transport == NTS_HTTP_FATE_UNKNOWN) {
        f.message = http->words ? http->words : "";
        (void)unclear(&f, "notion.cut", "the answer did not arrive whole");
        return NULL;
    }
    if (is_json(http)) {
        (void)nts_json_parse(&f.body, http->body, http->body_len, NULL, op->scratch);
    }
    if (http->status == 200) {
        if (!f.body || nts_json_type(f.body) != NTS_JSON_OBJECT) {
            (void)unclear(&f, "notion.unreadable", "the answer was not the JSON it should be");
            return NULL;
        }
        return f.body;
    }
    text = nts_json_get_string(f.body, "code");
    f.code = text ? text : "";
    text = nts_json_get_string(f.body, "message");
    f.message = text ? text : "";
    (void)fail_status(&f);
    return NULL;
}
