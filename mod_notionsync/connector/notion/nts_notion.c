/* nts_notion.c - the Notion connector: connections, requests, and the steps of an op. */
#include <string.h>

#include "base/nts_str.h"
#include "connector/notion/nts_notion_impl.h"

/* Notion gives up after 60 s and then says what became of a write; cutting it off earlier would lose that. */
#define TIMEOUT apr_time_from_sec(70)

#define BEARER "Bearer "

/* It would break the request's header. */
static int is_token(const char *token)
{
    const char *c = token;

    while (c && (unsigned char)*c > ' ' && (unsigned char)*c < 0x7f) {
        c++;
    }
    return c && c > token && *c == '\0';
}

static apr_status_t open_connection(nts_connection_t **connection, const nts_service_t *service,
                                    const char *secret, const nts_clock_t *clock,
                                    nts_outcome_t *out, apr_pool_t *p)
{
    nts_connection_t *conn = apr_pcalloc(p, sizeof(*conn));

    *connection = NULL;
    if (!service->oauth_client && !is_token(secret)) {
        nts_outcome_set(out, p, NTS_REMEDY_PERSON, "notion.token",
                        "the token of service %s is empty or contains characters that no token has",
                        service->name);
        if (out) {
            out->advice = "put the token, and nothing else, where NotionSyncToken points";
        }
        return APR_EINVAL;
    }
    conn->p = p;
    conn->endpoint = apr_pstrdup(p, service->endpoint ? service->endpoint : NTS_NOTION_ENDPOINT);
    conn->room = service->oauth_client ? NTS_NOTION_TOKEN_MAX + 1 : strlen(secret) + 1;
    conn->authorization = apr_pcalloc(p, strlen(BEARER) + conn->room);
    conn->token = apr_cpystrn(conn->authorization, BEARER, sizeof(BEARER));
    if (!service->oauth_client) {
        (void)apr_cpystrn(conn->token, secret, conn->room);
    }
    conn->clock = clock;
    conn->page_size = NTS_NOTION_PAGE_SIZE;
    *connection = conn;
    return APR_SUCCESS;
}

/* Through volatile, so that it is not optimised away: a core must not hold the token. */
static void wipe_token(nts_connection_t *connection)
{
    volatile char *c = connection->token;
    apr_size_t i;

    for (i = 0; i < connection->room; i++) {
        c[i] = '\0';
    }
}

static apr_status_t set_token(nts_connection_t *connection, const char *token)
{
    wipe_token(connection);
    if (!token) {
        connection->who = NULL; /* the next may be somebody else's */
        return APR_SUCCESS;
    }
    if (!is_token(token) || strlen(token) >= connection->room) {
        return APR_EINVAL;
    }
    (void)apr_cpystrn(connection->token, token, connection->room);
    return APR_SUCCESS;
}

static void set_file_key(nts_connection_t *connection, const nts_key_t *key)
{
    connection->file_key = key;
}

static void close_connection(nts_connection_t *connection)
{
    wipe_token(connection);
}

int nts_notion_is_write(const nts_op_t *op)
{
    switch (op->ask.kind) {
    case NTS_ASK_CREATE:
    case NTS_ASK_UPDATE:
    case NTS_ASK_REMOVE:
    case NTS_ASK_RESTORE:
        return op->phase == NTS_NOTION_MAIN;
    case NTS_ASK_PROVISION:
        return op->phase == NTS_NOTION_MAKE;
    default:
        return 0;
    }
}

void nts_notion_request(nts_op_t *op, const char *method, const char *path, const nts_json_t *body)
{
    nts_http_request_t *request = &op->request;
    nts_http_header_t *header = op->headers;

    memset(request, 0, sizeof(*request));
    request->method = method;
    request->url = apr_pstrcat(op->p, op->conn->endpoint, "/v1", path, NULL);
    *header++ = (nts_http_header_t){ "Authorization", op->conn->authorization };
    *header++ = (nts_http_header_t){ "Notion-Version", NTS_NOTION_VERSION };
    *header++ = (nts_http_header_t){ "Accept", "application/json" };
    if (body) {
        *header++ = (nts_http_header_t){ "Content-Type", "application/json" };
        request->body = nts_json_text(body, op->p);
        request->body_len = strlen(request->body);
    }
    request->headers = op->headers;
    request->header_count = (int)(header - op->headers);
    request->timeout = TIMEOUT;
}

const char *nts_notion_encode_id(const char *id, apr_pool_t *p)
{
    static const char kept[] = "!'()*"; /* beyond what RFC 3986 calls unreserved */
    const char *encoded = nts_percent_encode(id, p);
    char *to = apr_pstrdup(p, encoded);
    char *c = to;

    while (*encoded) {
        unsigned char byte = 0;

        if (*encoded == '%' && encoded[1] && encoded[2] &&
            nts_hex_parse(&byte, 1, apr_pstrmemdup(p, encoded + 1, 2)) == APR_SUCCESS &&
            strchr(kept, byte)) {
            *c++ = (char)byte;
            encoded += 3;
        }
        else {
            *c++ = *encoded++;
        }
    }
    *c = '\0';
    return to;
}

/* True if an earlier field has the same property. */
static int is_repeated(const nts_ask_t *ask, int at)
{
    const char *id = nts_notion_field_id(ask, at);

    for (int i = 0; i < at; i++) {
        const char *other = nts_notion_field_id(ask, i);

        if (other && strcmp(other, id) == 0) {
            return 1;
        }
    }
    return 0;
}

const char *nts_notion_filter(const nts_op_t *op)
{
    apr_array_header_t *parts = apr_array_make(op->p, 16, sizeof(const char *));
    int fields = nts_notion_field_count(&op->ask);
    int count = 0;

    for (int i = 0; i < fields; i++) {
        if (!nts_notion_field_id(&op->ask, i) || is_repeated(&op->ask, i)) {
            continue;
        }
        /* Ids are kept decoded, so they are encoded exactly once: twice would name no property. */
        APR_ARRAY_PUSH(parts, const char *) =
            apr_pstrcat(op->p, count++ ? "&" : "?", "filter_properties=",
                        nts_percent_encode(nts_notion_field_id(&op->ask, i), op->p), NULL);
    }
    return count <= NTS_NOTION_FILTER_MAX ? apr_array_pstrcat(op->p, parts, '\0') : "";
}

static apr_status_t begin(nts_op_t **op, nts_connection_t *connection, const nts_ask_t *ask,
                          apr_pool_t *p)
{
    nts_op_t *made = apr_pcalloc(p, sizeof(*made));

    *op = NULL;
    made->conn = connection;
    made->ask = *ask;
    made->p = p;
    made->scratch = p;
    if (ask->kind == NTS_ASK_FIND) {
        apr_status_t rv = apr_pool_create(&made->scratch, p);

        if (rv != APR_SUCCESS) {
            return rv;
        }
        apr_pool_tag(made->scratch, "notion find");
        made->found = apr_array_make(p, 4, sizeof(nts_record_t));
    }
    *op = made;
    return APR_SUCCESS;
}

void nts_notion_request_page(nts_op_t *op)
{
    nts_notion_request(
        op, "GET", apr_pstrcat(op->p, "/pages/", op->ask.id, nts_notion_filter(op), NULL), NULL);
}

/* An id of the ask as it may stand in a path; NULL with the answer filled in if it is none. */
static const char *path_id(nts_op_t *op, const char *id, const char *what)
{
    const char *uuid = NULL;

    if (!id || nts_uuid_normalise(&uuid, id, op->p) != APR_SUCCESS) {
        nts_notion_refuse(op, "notion.id", "correct the id", "'%s' is no id of a Notion %s",
                          id ? id : "", what);
        return NULL;
    }
    return uuid;
}

/* Whoever is going to say which pages we made must know who we are (S3.7, S3.8). */
static int needs_who(const nts_op_t *op)
{
    return !op->conn->who && (op->ask.kind == NTS_ASK_READ || op->ask.kind == NTS_ASK_LIST ||
                              op->ask.kind == NTS_ASK_FIND);
}

/* The request proper. Zero: the answer is filled in. */
static int begin_main(nts_op_t *op)
{
    const char *id;

    op->phase = NTS_NOTION_MAIN;
    switch (op->ask.kind) {
    case NTS_ASK_WHO:
        nts_notion_request(op, "GET", "/users/me", NULL);
        return 1;
    case NTS_ASK_DESCRIBE:
    case NTS_ASK_PROVISION:
        id = path_id(op, nts_notion_source(op), "data source");
        if (id) {
            nts_notion_request(op, "GET", apr_pstrcat(op->p, "/data_sources/", id, NULL), NULL);
        }
        return id != NULL;
    case NTS_ASK_READ:
    case NTS_ASK_BODY:
    case NTS_ASK_FILES:
        op->ask.id = path_id(op, op->ask.id, "page");
        if (op->ask.id && op->ask.kind == NTS_ASK_BODY) {
            nts_notion_request_body(op);
        }
        else if (op->ask.id) {
            nts_notion_request_page(op);
        }
        return op->ask.id != NULL;
    case NTS_ASK_LIST:
    case NTS_ASK_FIND:
        return path_id(op, nts_notion_source(op), "data source") && nts_notion_list_begin(op);
    case NTS_ASK_CREATE:
        return path_id(op, nts_notion_source(op), "data source") && nts_notion_write_begin(op);
    case NTS_ASK_UPDATE:
    case NTS_ASK_REMOVE:
    case NTS_ASK_RESTORE:
        op->ask.id = path_id(op, op->ask.id, "page");
        return op->ask.id && nts_notion_write_begin(op);
    case NTS_ASK_READ_MANY:
    case NTS_ASK_INTENT:
    case NTS_ASK_CHANGES:
    case NTS_ASK_UNPROVISION:
    case NTS_ASK_MARK:
        break;
    }
    nts_notion_refuse(op, "notion.not_applicable", NULL, "Notion has nothing like '%s'",
                      nts_ask_name(op->ask.kind));
    return 0;
}

static nts_op_state_t start(nts_op_t *op)
{
    if (needs_who(op)) {
        op->phase = NTS_NOTION_WHO;
        nts_notion_request(op, "GET", "/users/me", NULL);
        return NTS_OP_SEND;
    }
    return begin_main(op) ? NTS_OP_SEND : NTS_OP_DONE;
}

/* The answer to CREATE, UPDATE, REMOVE, RESTORE is the whole page; what it shows in part is marked so. */
static nts_op_state_t take_written(nts_op_t *op, const nts_json_t *root)
{
    nts_record_t *record = apr_pcalloc(op->p, sizeof(*record));

    if (nts_notion_record(record, op, root, op->p) != APR_SUCCESS ||
        (op->ask.kind != NTS_ASK_CREATE && strcmp(record->id, op->ask.id) != 0)) {
        nts_notion_nonsense(op, "Notion's answer to a write was not the page");
        return NTS_OP_DONE;
    }
    if (op->ask.kind == NTS_ASK_CREATE) {
        record->by_us = 1;
        op->answer.id = record->id;
    }
    op->answer.record = record;
    return NTS_OP_DONE;
}

static nts_op_state_t take_main(nts_op_t *op, const nts_json_t *root)
{
    switch (op->ask.kind) {
    case NTS_ASK_WHO:
        return nts_notion_take_who(op, root);
    case NTS_ASK_DESCRIBE:
        return nts_notion_take_schema(op, root);
    case NTS_ASK_PROVISION:
        return nts_notion_make(op, root);
    case NTS_ASK_READ:
        return nts_notion_take_page(op, root);
    case NTS_ASK_LIST:
    case NTS_ASK_FIND:
        return nts_notion_take_rows(op, root);
    case NTS_ASK_BODY:
        return nts_notion_take_body(op, root);
    case NTS_ASK_FILES:
        return nts_notion_take_held(op, root);
    default:
        return nts_notion_is_body_write(op) ? nts_notion_take_body(op, root)
                                            : take_written(op, root);
    }
}

static nts_op_state_t take(nts_op_t *op, const nts_http_answer_t *http)
{
    int is_query = op->phase == NTS_NOTION_MAIN &&
                   (op->ask.kind == NTS_ASK_LIST || op->ask.kind == NTS_ASK_FIND);
    const nts_json_t *root;

    op->answer.requests++;
    if (op->phase != NTS_NOTION_COMPLETE) {
        op->answer.answered_at = http->answered_at;
    }
    if (op->phase == NTS_NOTION_MAIN) {
        op->answer.sent_at = http->sent_at;
    }
    if (op->scratch != op->p) {
        apr_pool_clear(op->scratch);
    }
    root = nts_notion_take(op, http);
    if (!root && op->phase == NTS_NOTION_PEOPLE) {
        (void)nts_notion_spare_people(op);
        return NTS_OP_DONE;
    }
    if (!root) {
        op->answer.record = NULL; /* a page of which a part is missing */
        return is_query && nts_notion_list_again(op, http) ? NTS_OP_SEND : NTS_OP_DONE;
    }
    switch (op->phase) {
    case NTS_NOTION_WHO:
        if (nts_notion_take_who(op, root) == NTS_OP_DONE && op->answer.result != NTS_RESULT_OK) {
            return NTS_OP_DONE;
        }
        return begin_main(op) ? NTS_OP_SEND : NTS_OP_DONE;
    case NTS_NOTION_COMPLETE:
        return nts_notion_take_item(op, root);
    case NTS_NOTION_PEOPLE:
        return nts_notion_take_users(op, root);
    case NTS_NOTION_MAKE:
        return nts_notion_take_made(op, root);
    default:
        return take_main(op, root);
    }
}

static nts_op_state_t step(nts_op_t *op, const nts_http_answer_t *http,
                           const nts_http_request_t **request, const nts_answer_t **answer)
{
    nts_op_state_t state = NTS_OP_DONE;

    *request = NULL;
    *answer = NULL;
    if (op->phase == NTS_NOTION_START) {
        state = start(op);
    }
    else if (op->phase != NTS_NOTION_DONE) {
        state = take(op, http);
    }
    if (state == NTS_OP_SEND) {
        *request = &op->request;
    }
    else {
        op->phase = NTS_NOTION_DONE;
        *answer = &op->answer;
    }
    return state;
}

const nts_traits_t nts_traits_notion = {
    .has_trash = 1,
    .lists_edits = 1,
    .hides_references = 1,
    .names_refused = 1,
    .fills_defaults = 1,
    .tells_events = 1,
};

const nts_connector_t nts_connector_notion = {
    .kind = NTS_SERVICE_NOTION,
    .name = "notion",
    .traits = &nts_traits_notion,
    .open = open_connection,
    .begin = begin,
    .step = step,
    .close = close_connection,
    .oauth = &nts_notion_oauth,
    .set_token = set_token,
    .set_file_key = set_file_key,
};
