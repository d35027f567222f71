/* nts_notion_list.c - enumerations and lookups by query.
 *
 * Notion ends a query after 10,000 rows and says so only in request_status. A listing therefore is a row of
 * windows: when one is cut off, the next begins at the last row's minute (S7.2). The end is proven only by an
 * answer without more rows and without that mark. Rows at a seam come twice; whoever lists de-duplicates by id.
 */
#include <string.h>

#include "base/nts_str.h"
#include "connector/notion/nts_notion_impl.h"

#define PAGE_SIZE_MIN 10
/* So many answers in a row before a larger one is tried. */
#define PAGE_GOOD 8
#define MINUTE apr_time_from_sec(60)

/* created_time never changes, so a full enumeration goes by it; edits are listed by the other. */
static const char *timestamp_of(const nts_op_t *op)
{
    return op->ask.kind == NTS_ASK_LIST &&
                   (op->ask.listing.edited_since || op->ask.listing.edited_before)
               ? "last_edited_time"
               : "created_time";
}

static void add_condition(nts_json_t *filter, const char *timestamp, const char *condition,
                          const char *instant)
{
    nts_json_add_string(filter, "timestamp", timestamp);
    nts_json_add_string(nts_json_add_object(filter, timestamp), condition, instant);
}

static void add_filter(nts_op_t *op, nts_json_t *body, const char *timestamp)
{
    apr_time_t before = op->ask.kind == NTS_ASK_LIST ? op->ask.listing.edited_before : 0;
    nts_json_t *both;

    if (op->window.from && before) {
        both = nts_json_add_array(nts_json_add_object(body, "filter"), "and");
        add_condition(nts_json_add_object(both, NULL), timestamp, "on_or_after", op->window.from);
        add_condition(nts_json_add_object(both, NULL), timestamp, "before",
                      nts_time_text(before, op->p));
    }
    else if (op->window.from) {
        add_condition(nts_json_add_object(body, "filter"), timestamp, "on_or_after",
                      op->window.from);
    }
    else if (before) {
        add_condition(nts_json_add_object(body, "filter"), timestamp, "before",
                      nts_time_text(before, op->p));
    }
}

static int page_size_of(const nts_op_t *op)
{
    int limit = op->ask.listing.limit;

    return limit > 0 && limit < op->conn->page_size ? limit : op->conn->page_size;
}

static void request_rows(nts_op_t *op)
{
    const char *timestamp = timestamp_of(op);
    nts_json_t *body = nts_json_make_object(op->scratch);
    nts_json_t *sort;

    add_filter(op, body, timestamp);
    sort = nts_json_add_object(nts_json_add_array(body, "sorts"), NULL);
    nts_json_add_string(sort, "timestamp", timestamp);
    nts_json_add_string(sort, "direction", "ascending");
    if (op->window.cursor) {
        nts_json_add_string(body, "start_cursor", op->window.cursor);
    }
    nts_json_add_int(body, "page_size", page_size_of(op));
    nts_notion_request(op, "POST",
                       apr_pstrcat(op->p, "/data_sources/", nts_notion_source(op), "/query",
                                   nts_notion_filter(op), NULL),
                       body);
}

static const char *window_text(const nts_notion_window_t *window, apr_pool_t *p)
{
    nts_json_t *node = nts_json_make_object(p);

    if (window->from) {
        nts_json_add_string(node, "from", window->from);
    }
    if (window->cursor) {
        nts_json_add_string(node, "cursor", window->cursor);
    }
    if (window->last) {
        nts_json_add_string(node, "last", window->last);
    }
    return nts_json_text(node, p);
}

static apr_status_t window_parse(nts_notion_window_t *window, const char *text, apr_pool_t *p)
{
    const nts_json_t *node;

    memset(window, 0, sizeof(*window));
    if (nts_json_parse(&node, text, strlen(text), NULL, p) != APR_SUCCESS ||
        nts_json_type(node) != NTS_JSON_OBJECT) {
        return APR_EINVAL;
    }
    window->from = apr_pstrdup(p, nts_json_get_string(node, "from"));
    window->cursor = apr_pstrdup(p, nts_json_get_string(node, "cursor"));
    window->last = apr_pstrdup(p, nts_json_get_string(node, "last"));
    return APR_SUCCESS;
}

int nts_notion_list_begin(nts_op_t *op)
{
    const nts_listing_t *listing = &op->ask.listing;

    if (op->ask.kind == NTS_ASK_LIST && listing->cursor) {
        if (window_parse(&op->window, listing->cursor, op->p) != APR_SUCCESS) {
            nts_notion_refuse(op, "notion.cursor", "start the listing again",
                              "the listing's cursor is not one of ours");
            return 0;
        }
    }
    else if (listing->edited_since) {
        /* Notion floors its times to the minute. */
        op->window.from =
            nts_time_text(listing->edited_since - listing->edited_since % MINUTE, op->p);
    }
    request_rows(op);
    return 1;
}

/* Begins the next window at the last row seen. Zero: it would be the same again. */
static int open_window(nts_op_t *op)
{
    nts_notion_window_t *window = &op->window;
    apr_time_t from = 0;
    apr_time_t last = 0;

    if (!window->last || nts_time_parse(&last, window->last) != APR_SUCCESS) {
        return 0;
    }
    if (window->from && nts_time_parse(&from, window->from) == APR_SUCCESS && last <= from) {
        return 0;
    }
    window->from = window->last;
    window->cursor = NULL;
    window->last = NULL;
    return 1;
}

/* A lookup is one record's matter, and no reason to stop the others. */
static nts_op_state_t too_many(nts_op_t *op)
{
    int is_lookup = op->ask.kind == NTS_ASK_FIND;

    op->answer.result = is_lookup ? NTS_RESULT_NOT_DONE : NTS_RESULT_BLOCKED;
    nts_outcome_set(
        &op->answer.outcome, op->p, is_lookup ? NTS_REMEDY_RETRY : NTS_REMEDY_PERSON,
        NTS_LISTING_CUT,
        "Notion lists no more than 10,000 rows at once, and more than that share the minute "
        "%s of %s: the data source cannot be listed to its end",
        op->window.last ? op->window.last : "of the first row", timestamp_of(op));
    op->answer.outcome.advice = strcmp(timestamp_of(op), "created_time") == 0
                                    ? "split the data source, or make its pages again more slowly"
                                    : "a full run sees all of them";
    return NTS_OP_DONE;
}

/* True if the record holds all the values that were sent (S3.7). */
static int holds_values(const nts_op_t *op, const nts_record_t *record)
{
    for (int i = 0; op->ask.values && i < op->ask.mapping->pair_count; i++) {
        const nts_value_t *wanted = &op->ask.values[i];
        const nts_value_t *held = &record->values[i];

        if (wanted->kind != NTS_VALUE_ABSENT && !nts_value_equal(wanted, held) &&
            !(nts_value_is_empty(wanted) && nts_value_is_empty(held) && !held->truncated)) {
            return 0;
        }
    }
    return 1;
}

static void keep_found(nts_op_t *op, const nts_record_t *record)
{
    int count = op->ask.mapping->pair_count;
    nts_record_t *kept;
    nts_value_t *values;

    for (int i = 0; i < op->found->nelts; i++) { /* at a seam of windows rows come twice */
        if (strcmp(APR_ARRAY_IDX(op->found, i, nts_record_t).id, record->id) == 0) {
            return;
        }
    }
    values = apr_pcalloc(op->p, sizeof(*values) * (apr_size_t)(count + 1));
    for (int i = 0; i < count; i++) {
        values[i] = nts_value_copy(&record->values[i], op->p);
    }
    kept = &APR_ARRAY_PUSH(op->found, nts_record_t);
    *kept = *record;
    kept->id = apr_pstrdup(op->p, record->id);
    kept->values = values;
}

/* The rows of one answer; APR_EINVAL if one is not what it should be. */
static apr_status_t take_records(nts_op_t *op, const nts_json_t *results)
{
    int count = nts_json_count(results);
    nts_record_t *records = apr_palloc(op->scratch, sizeof(*records) * (apr_size_t)(count + 1));
    int taken = 0;

    for (int i = 0; i < count; i++) {
        const nts_json_t *row = nts_json_at(results, i);
        const char *object = nts_json_get_string(row, "object");
        const char *last = nts_json_get_string(row, timestamp_of(op));

        if (!last) {
            return APR_EINVAL;
        }
        if (i == count - 1) {
            op->window.last = apr_pstrdup(op->p, last);
        }
        if (object && strcmp(object, "page") != 0) {
            continue; /* a wiki's rows may be data sources */
        }
        if (nts_notion_record(&records[taken], op, row, op->scratch) != APR_SUCCESS) {
            return APR_EINVAL;
        }
        taken++;
    }
    if (op->ask.kind == NTS_ASK_LIST) {
        op->answer.records = records;
        op->answer.record_count = taken;
        return APR_SUCCESS;
    }
    for (int i = 0; i < taken; i++) {
        if (records[i].by_us && holds_values(op, &records[i])) {
            keep_found(op, &records[i]);
        }
    }
    return APR_SUCCESS;
}

/* After the rows of an answer: non-zero if there are more, with op->window at them. */
static int move_on(nts_op_t *op, const nts_json_t *root, int *is_cut)
{
    const char *status = nts_json_string(nts_json_path(root, "request_status", "type", NULL));

    *is_cut = 0;
    if (nts_json_bool(nts_json_get(root, "has_more"), 0)) {
        op->window.cursor = apr_pstrdup(op->p, nts_json_get_string(root, "next_cursor"));
        return 1;
    }
    if (status && strcmp(status, "complete") != 0) {
        *is_cut = !open_window(op);
        return 1;
    }
    return 0;
}

/* A query that is too large takes Notion a minute to fail, so larger ones are tried seldom. */
static void grow_pages(nts_connection_t *conn)
{
    if (conn->page_size == NTS_NOTION_PAGE_SIZE || ++conn->page_good < PAGE_GOOD) {
        return;
    }
    conn->page_good = 0;
    conn->page_size =
        conn->page_size * 2 < NTS_NOTION_PAGE_SIZE ? conn->page_size * 2 : NTS_NOTION_PAGE_SIZE;
}

nts_op_state_t nts_notion_take_rows(nts_op_t *op, const nts_json_t *root)
{
    const nts_json_t *results = nts_json_get(root, "results");
    const nts_json_t *has_more = nts_json_get(root, "has_more");
    int is_cut;

    if (!results || nts_json_type(results) != NTS_JSON_ARRAY || !has_more ||
        nts_json_type(has_more) != NTS_JSON_BOOL ||
        (nts_json_bool(has_more, 0) && !nts_json_get_string(root, "next_cursor")) ||
        take_records(op, results) != APR_SUCCESS) {
        op->answer.records = NULL;
        op->answer.record_count = 0;
        nts_notion_nonsense(op, "the answer was no list of pages");
        return NTS_OP_DONE;
    }
    grow_pages(op->conn);
    if (!move_on(op, root, &is_cut)) {
        op->answer.complete = 1;
    }
    else if (is_cut) {
        op->answer.records = NULL;
        op->answer.record_count = 0;
        return too_many(op);
    }
    else if (op->ask.kind == NTS_ASK_LIST) {
        op->answer.cursor = window_text(&op->window, op->p);
    }
    else {
        request_rows(op);
        return NTS_OP_SEND;
    }
    if (op->ask.kind == NTS_ASK_FIND) {
        op->answer.records = (nts_record_t *)(void *)op->found->elts;
        op->answer.record_count = op->found->nelts;
    }
    return NTS_OP_DONE;
}

/* A cursor that Notion no longer takes: what was listed stays listed, the rest is asked for by time. */
static int drop_cursor(nts_op_t *op)
{
    if (!op->window.cursor) {
        return 0;
    }
    if (!open_window(op)) {
        op->window.cursor = NULL; /* the window's first minute once more */
        op->window.last = NULL;
    }
    return 1;
}

int nts_notion_list_again(nts_op_t *op, const nts_http_answer_t *http)
{
    const char *words = op->answer.outcome.words;
    int is_easier = 0;

    if (http->transport == NTS_HTTP_FATE_UNKNOWN || http->status == 503 || http->status == 504) {
        /* Smaller answers are built in less time; the next listings begin with this size too. */
        is_easier = op->conn->page_size > PAGE_SIZE_MIN;
        op->conn->page_size /= 2;
        op->conn->page_good = 0;
        if (op->conn->page_size < PAGE_SIZE_MIN) {
            op->conn->page_size = PAGE_SIZE_MIN;
        }
        is_easier = is_easier && http->transport == NTS_HTTP_ANSWERED && http->status == 504;
    }
    else if (http->status == 400 && words && strstr(words, "start_cursor")) {
        is_easier = drop_cursor(op);
    }
    if (is_easier) {
        request_rows(op);
    }
    return is_easier;
}
