/* Drives the Notion connector over HTTP against the simulator; started by notion-connector.t with its address.
 * What the unit tests believe about Notion meets here what the simulator, which shares no code with us, does. */
#include <poll.h>
#include <stdlib.h>

#include "base/nts_str.h"
#include "connector/nts_connector.h"
#include "net/nts_net.h"
#include "tap/tap.h"

static apr_pool_t *pool;
static nts_net_t *net;
static const char *base;
static nts_connection_t *connection;
static nts_mapping_t *mapping;

typedef struct exchange_t {
    const nts_http_answer_t *answer;
} exchange_t;

static void keep_answer(void *baton, const nts_http_answer_t *answer)
{
    ((exchange_t *)baton)->answer = answer;
}

static const nts_http_answer_t *exchange(const nts_http_request_t *request)
{
    exchange_t kept = { NULL };

    nts_net_start(net, request, keep_answer, &kept, pool);
    while (!kept.answer) {
        (void)nts_net_poll(net, NULL, 0, -1);
    }
    return kept.answer;
}

/* A call of the simulator's control interface. */
static const nts_json_t *control(const char *method, const char *path, const char *body)
{
    static const nts_http_header_t header = { "Content-Type", "application/json" };
    nts_http_request_t *request = apr_pcalloc(pool, sizeof(*request));
    const nts_http_answer_t *answer;
    const nts_json_t *root = NULL;

    request->method = method;
    request->url = apr_pstrcat(pool, base, "/_control/", path, NULL);
    request->headers = &header;
    request->header_count = body ? 1 : 0;
    request->body = body;
    request->body_len = body ? strlen(body) : 0;
    answer = exchange(request);
    (void)nts_json_parse(&root, answer->body, answer->body_len, NULL, pool);
    if (answer->status != 200) {
        tap_diag("control %s: %d %s", path, answer->status, answer->body ? answer->body : "");
    }
    return root;
}

static const nts_answer_t *perform(const nts_ask_t *ask)
{
    const nts_http_request_t *request = NULL;
    const nts_answer_t *answer = NULL;
    nts_op_t *op = NULL;
    nts_op_state_t state;

    (void)nts_connector_notion.begin(&op, connection, ask, pool);
    state = nts_connector_notion.step(op, NULL, &request, &answer);
    while (state == NTS_OP_SEND) {
        state = nts_connector_notion.step(op, exchange(request), &request, &answer);
    }
    return answer;
}

static nts_ask_t ask_for(nts_ask_kind_t kind, const char *id)
{
    nts_ask_t ask = { .kind = kind, .side = NTS_NOTION, .mapping = mapping, .id = id };

    return ask;
}

static const nts_answer_t *ask(nts_ask_kind_t kind, const char *id, const nts_value_t *values)
{
    nts_ask_t made = ask_for(kind, id);

    made.values = values;
    return perform(&made);
}

static int result_is(const nts_answer_t *answer, nts_result_t result, const char *what)
{
    if (!tap_str(nts_result_name(answer->result), nts_result_name(result), "%s", what)) {
        tap_diag("%s", nts_outcome_text(&answer->outcome, pool));
        return 0;
    }
    return 1;
}

/* --- the mapping: every property of the data source below, each with a text column */

static const char *const names[] = { "Name", "Qty",  "Stage", "Kind", "Tags", "Due",
                                     "Note", "Done", "Link",  "No",   "Made" };
#define PAIRS ((int)(sizeof(names) / sizeof(names[0])))
enum { NAME, QTY, STAGE, KIND, TAGS, DUE, NOTE, DONE, LINK, NO, MADE };

static void make_world(void)
{
    const nts_json_t *made;

    (void)control("POST", "reset",
                  "{\"rate_limit\":0,\"stale_ms\":0,\"query_cap\":30,\"short_pages\":0.3}");
    made = control(
        "POST", "data_source",
        "{\"name\":\"Orders\",\"properties\":{\"Name\":{\"type\":\"title\"},"
        "\"Qty\":{\"type\":\"number\",\"id\":\"A>%c\"},"
        "\"Stage\":{\"type\":\"status\",\"options\":[\"Open\",\"Won\"],\"id\":\"s(:'\"},"
        "\"Kind\":{\"type\":\"select\",\"options\":[\"A\"]},\"Tags\":{\"type\":\"multi_select\","
        "\"options\":[\"red\"],\"id\":\"t!*~\"},\"Due\":{\"type\":\"date\"},"
        "\"Note\":{\"type\":\"rich_text\"},\"Done\":{\"type\":\"checkbox\"},"
        "\"Link\":{\"type\":\"url\"},\"No\":{\"type\":\"unique_id\",\"prefix\":\"ORD\"},"
        "\"Made\":{\"type\":\"created_time\"},\"Extra\":{\"type\":\"number\"}}}");
    mapping = apr_pcalloc(pool, sizeof(*mapping));
    mapping->vhost = "";
    mapping->name = "orders";
    (void)nts_uuid_normalise(&mapping->data_source, nts_json_get_string(made, "id"), pool);
    mapping->pair_count = PAIRS;
    mapping->pairs = apr_pcalloc(pool, sizeof(nts_pair_t) * (apr_size_t)PAIRS);
    for (int i = 0; i < PAIRS; i++) {
        mapping->pairs[i].notion = mapping->pairs[i].external = names[i];
        mapping->pairs[i].options.options_create[NTS_NOTION] = 1;
        mapping->pairs[i].direction = i >= NO ? NTS_TO_EXTERNAL : NTS_BOTH;
    }
}

static void test_describe(void)
{
    nts_schema_field_t columns[PAIRS];
    nts_schema_t external = { .fields = columns, .count = PAIRS };
    nts_outcome_t outcomes[PAIRS];
    const nts_answer_t *answer = ask(NTS_ASK_DESCRIBE, NULL, NULL);

    memset(columns, 0, sizeof(columns));
    for (int i = 0; i < PAIRS; i++) {
        columns[i].id = columns[i].name = names[i];
        columns[i].type.kind = NTS_TYPE_TEXT;
        columns[i].type.native = "TEXT";
        columns[i].type.nullable = 1;
    }
    if (result_is(answer, NTS_RESULT_OK, "the data source is described")) {
        tap_str(answer->schema->title, "Orders", "with its title");
        tap_int(answer->schema->count, PAIRS + 1, "and all properties");
        tap_int(nts_mapping_bind(mapping, answer->schema, &external, outcomes, pool), APR_SUCCESS,
                "a mapping is bound to it");
    }
    answer = ask(NTS_ASK_WHO, NULL, NULL);
    result_is(answer, NTS_RESULT_OK, "we know who we are");
    tap_ok(answer->who && answer->who_is_bot, "a bot");
}

/* --- values, as the text columns have them */

static nts_value_t *values_of(const char *const texts[PAIRS])
{
    nts_value_t *values = apr_pcalloc(pool, sizeof(*values) * (apr_size_t)PAIRS);

    for (int i = 0; i < PAIRS; i++) {
        nts_value_t text = texts[i] ? nts_value_text(texts[i]) : nts_value_absent;
        nts_value_t common;
        const nts_domain_t *domain = mapping->pairs[i].domain;

        if (texts[i] && (nts_domain_project(&common, domain, NTS_EXTERNAL, &text, NULL, pool) ||
                         nts_domain_render(&values[i], domain, NTS_NOTION, &common, NULL, pool))) {
            tap_diag("'%s' cannot be written to %s", texts[i], names[i]);
        }
    }
    return values;
}

/* A record's value as the text column would get it; NULL for null. */
static const char *column(const nts_record_t *record, int pair)
{
    const nts_domain_t *domain = mapping->pairs[pair].domain;
    nts_value_t common;
    nts_value_t text;

    if (!record ||
        nts_domain_project(&common, domain, NTS_NOTION, &record->values[pair], NULL, pool) ||
        nts_domain_render(&text, domain, NTS_EXTERNAL, &common, NULL, pool)) {
        return "(cannot be read)";
    }
    return text.kind == NTS_VALUE_TEXT ? text.as.text : NULL;
}

static char *long_text(void)
{
    char *text = apr_palloc(pool, 4 * 3000 + 1);

    for (int i = 0; i < 3000; i++) {
        memcpy(text + 4 * i, "\xf0\x9f\x93\xa6", 4);
    }
    text[4 * 3000] = '\0';
    return text;
}

static const char *const nothing[PAIRS];

static void test_write(void)
{
    const char *const first[PAIRS] = { "Order \"17\"",
                                       "-0.125",
                                       "won",
                                       "A",
                                       "[\"new one\",\"red\"]",
                                       "2026-12-01T09:00:00Z/2026-12-02T10:30:00Z",
                                       long_text(),
                                       "true",
                                       "https://example.org/?a=b&c",
                                       NULL,
                                       NULL };
    const char *const second[PAIRS] = { "",      "",      NULL, "",   "[]", "2026-12-24",
                                        "short", "false", "",   NULL, NULL };
    const nts_answer_t *made = ask(NTS_ASK_CREATE, NULL, values_of(first));
    const nts_answer_t *read;
    const char *id = made->id;

    if (!result_is(made, NTS_RESULT_OK, "a page is created")) {
        return;
    }
    tap_ok(made->record->by_us, "by us");
    read = ask(NTS_ASK_READ, id, NULL);
    result_is(read, NTS_RESULT_OK, "and read");
    tap_ok(read->record->by_us && !read->record->trashed && !read->record->elsewhere,
           "in its place");
    for (int i = 0; i < PAIRS; i++) {
        if (first[i]) {
            tap_str(column(read->record, i), i == STAGE ? "Won" : first[i], "%s as it was sent",
                    names[i]);
            tap_ok(nts_value_equal(&made->record->values[i], &read->record->values[i]),
                   "and answered");
        }
    }
    tap_str(column(read->record, NO), "ORD-1", "its number");
    tap_ok(read->record->values[MADE].kind == NTS_VALUE_DATE, "its time");
    result_is(ask(NTS_ASK_UPDATE, id, values_of(second)), NTS_RESULT_OK, "it is updated");
    read = ask(NTS_ASK_READ, id, NULL);
    for (int i = 0; i < PAIRS; i++) {
        if (second[i]) {
            tap_str(column(read->record, i),
                    *second[i] && strcmp(second[i], "[]") != 0 ? second[i] : NULL,
                    "%s is what was sent", names[i]);
        }
    }
    tap_str(column(read->record, STAGE), "Won", "what was not sent is what it was");

    result_is(ask(NTS_ASK_REMOVE, id, NULL), NTS_RESULT_OK, "it is moved to the trash");
    read = ask(NTS_ASK_READ, id, NULL);
    tap_ok(read->record && read->record->trashed, "and read there");
    result_is(ask(NTS_ASK_UPDATE, id, values_of(second)), NTS_RESULT_TRASHED, "not updated there");
    result_is(ask(NTS_ASK_RESTORE, id, NULL), NTS_RESULT_OK, "restored");
    result_is(ask(NTS_ASK_UPDATE, id, values_of(second)), NTS_RESULT_OK, "and updated again");
}

static void test_refused(void)
{
    const char *const some[PAIRS] = { "a" };
    nts_value_t *values = values_of(nothing);
    const nts_answer_t *made = ask(NTS_ASK_CREATE, NULL, values_of(some));
    const nts_answer_t *answer;

    values[STAGE] = nts_value_option(NULL, "No such status");
    answer = ask(NTS_ASK_UPDATE, made->id, values);
    result_is(answer, NTS_RESULT_REFUSED, "an unknown status is refused");
    tap_ok(answer->outcome.words != NULL, "in Notion's words: %s", answer->outcome.words);
    result_is(ask(NTS_ASK_READ, "eeeeeeee-0000-4000-8000-00000000dead", NULL), NTS_RESULT_MISSING,
              "a page that is not there");
    result_is(ask(NTS_ASK_UPDATE, "eeeeeeee-0000-4000-8000-00000000dead", values_of(some)),
              NTS_RESULT_MISSING, "nor to be written");
    (void)control(
        "PATCH", apr_pstrcat(pool, "data_source/", mapping->data_source, NULL),
        "{\"properties\":{\"Link\":{\"rename\":\"Address\"},\"Qty\":{\"rename\":\"Number\"}}}");
    values = values_of(nothing);
    values[LINK] = nts_value_text("https://b/");
    (void)nts_value_number(&values[QTY], "7", pool);
    result_is(ask(NTS_ASK_UPDATE, made->id, values), NTS_RESULT_OK,
              "renamed properties are written by id");
    answer = ask(NTS_ASK_READ, made->id, NULL);
    tap_str(column(answer->record, QTY), "7", "and read by id");
    (void)control("PATCH", apr_pstrcat(pool, "data_source/", mapping->data_source, NULL),
                  "{\"properties\":{\"Number\":null}}");
    answer = ask(NTS_ASK_UPDATE, made->id, values);
    result_is(answer, NTS_RESULT_NOT_DONE, "a property that was deleted");
    tap_str(answer->outcome.code, "notion.schema_changed", "is a changed schema");
    answer = ask(NTS_ASK_READ, made->id, NULL);
    result_is(answer, NTS_RESULT_OK, "reading goes on");
    tap_int(answer->record->values[QTY].kind, NTS_VALUE_ABSENT, "the value is absent, not empty");
}

/* 25 mentions and more in a text: the page shows only a part. */
static void test_mentions(void)
{
    const nts_json_t *made;
    const nts_answer_t *answer;
    const nts_json_t *users = nts_json_get(control("GET", "world", NULL), "users");
    const char *user = nts_json_get_string(nts_json_at(users, 0), "id");
    nts_json_t *body = nts_json_make_object(pool);
    nts_json_t *items;
    apr_size_t length;

    nts_json_add_string(body, "data_source", mapping->data_source);
    items = nts_json_add_array(nts_json_add_object(body, "properties"), "Note");
    for (int i = 0; i < 130; i++) {
        nts_json_t *item = nts_json_add_object(items, NULL);
        nts_json_t *mention;

        nts_json_add_string(item, "type", "mention");
        mention = nts_json_add_object(item, "mention");
        nts_json_add_string(mention, "type", "user");
        nts_json_add_string(nts_json_add_object(mention, "user"), "id", user);
    }
    made = control("POST", "page", nts_json_text(body, pool));
    answer = ask(NTS_ASK_READ, nts_json_get_string(made, "id"), NULL);
    if (result_is(answer, NTS_RESULT_OK, "a page with 130 mentions is read") && answer->record) {
        const nts_value_t *note = &answer->record->values[NOTE];

        tap_int(answer->requests, 4, "by two requests more, and the page once more");
        length = note->kind == NTS_VALUE_TEXT ? strlen(note->as.text) : 0;
        tap_ok(!note->truncated && length >= 130 && length % 130 == 0, "whole: %d bytes",
               (int)length);
    }
}

/* --- listings: a cap of 30 rows, short pages */

static int list_all(nts_ask_t *made, int *rows, int *unique, int *requests)
{
    const nts_json_t *seen = nts_json_make_object(pool);

    *rows = *unique = *requests = 0;
    for (int turn = 0; turn < 500; turn++) {
        const nts_answer_t *answer = perform(made);

        *requests += answer->requests;
        if (answer->result != NTS_RESULT_OK) {
            tap_diag("ended by: %s", answer->outcome.code);
            return 0;
        }
        for (int i = 0; i < answer->record_count; i++) {
            *rows += 1;
            *unique += !nts_json_get(seen, answer->records[i].id);
            /* nts_json_make_object gave a tree that may still grow */
            nts_json_add_bool((nts_json_t *)seen, answer->records[i].id, 1);
        }
        if (!answer->cursor) {
            return answer->complete;
        }
        made->listing.cursor = answer->cursor;
    }
    return 0;
}

static int total_pages(void)
{
    return (int)nts_json_get_int(
        control("GET", apr_psprintf(pool, "pages?data_source=%s&limit=1", mapping->data_source),
                NULL),
        "total", -1);
}

static void test_list(void)
{
    nts_ask_t made = ask_for(NTS_ASK_LIST, NULL);
    int rows;
    int unique;
    int requests;
    int total;

    (void)control(
        "POST", "pages",
        apr_psprintf(
            pool,
            "{\"data_source\":\"%s\",\"count\":250,\"properties\":{\"Name\":\"Record {n}\"},"
            "\"per_minute\":8}",
            mapping->data_source));
    total = total_pages();
    tap_ok(list_all(&made, &rows, &unique, &requests),
           "a listing beyond the cap comes to a proven end");
    tap_ok(unique == total && total > 250, "with all %d pages (%d found, %d rows, %d requests)",
           total, unique, rows, requests);

    (void)control("POST", "settings", "{\"cursor_ttl_ms\":1}");
    made = ask_for(NTS_ASK_LIST, NULL);
    tap_ok(list_all(&made, &rows, &unique, &requests) && unique == total,
           "so it does when Notion forgets every cursor (%d requests)", requests);
    (void)control("POST", "settings", "{\"cursor_ttl_ms\":0}");

    made = ask_for(NTS_ASK_LIST, NULL);
    made.listing.edited_since = nts_clock_system.wall(NULL) - apr_time_from_sec(120);
    tap_ok(list_all(&made, &rows, &unique, &requests) && unique >= 4 && unique < total,
           "what was edited of late is less: %d", unique);

    (void)control("POST", "settings", "{\"query_cap\":5}");
    made = ask_for(NTS_ASK_LIST, NULL);
    tap_ok(!list_all(&made, &rows, &unique, &requests),
           "eight pages a minute and a cap of five: no listing");
    (void)control("POST", "settings", "{\"query_cap\":10000}");
}

/* --- what may go wrong on the way */

static void fault(const char *method, const char *action)
{
    (void)control("DELETE", "faults", NULL);
    (void)control(
        "POST", "fault",
        apr_psprintf(pool, "{\"match\":{\"method\":\"%s\",\"path_regex\":\"^/v1/\"},\"action\":%s}",
                     method, action));
}

static void test_faults(void)
{
    static const struct {
        const char *action;
        nts_result_t read;
        nts_result_t write;
    } cases[] = {
        { "{\"status\":400}", NTS_RESULT_REFUSED, NTS_RESULT_REFUSED },
        { "{\"status\":401}", NTS_RESULT_BLOCKED, NTS_RESULT_BLOCKED },
        { "{\"status\":403}", NTS_RESULT_BLOCKED, NTS_RESULT_BLOCKED },
        { "{\"status\":404}", NTS_RESULT_MISSING, NTS_RESULT_MISSING },
        { "{\"status\":409}", NTS_RESULT_NOT_DONE, NTS_RESULT_NOT_DONE },
        { "{\"status\":413}", NTS_RESULT_REFUSED, NTS_RESULT_REFUSED },
        { "{\"status\":429,\"retry_after\":7}", NTS_RESULT_NOT_DONE, NTS_RESULT_NOT_DONE },
        { "{\"status\":429,\"reason\":\"public_api_request_blocked\"}", NTS_RESULT_BLOCKED,
          NTS_RESULT_BLOCKED },
        { "{\"status\":500}", NTS_RESULT_NOT_DONE, NTS_RESULT_UNKNOWN },
        { "{\"status\":502}", NTS_RESULT_NOT_DONE, NTS_RESULT_UNKNOWN },
        { "{\"status\":503}", NTS_RESULT_NOT_DONE, NTS_RESULT_UNKNOWN },
        { "{\"status\":504}", NTS_RESULT_NOT_DONE, NTS_RESULT_UNKNOWN },
        { "{\"status\":529}", NTS_RESULT_NOT_DONE, NTS_RESULT_NOT_DONE },
        { "{\"cut_before\":true}", NTS_RESULT_NOT_DONE, NTS_RESULT_UNKNOWN },
        { "{\"commit_then_cut\":true}", NTS_RESULT_NOT_DONE, NTS_RESULT_UNKNOWN },
        { "{\"truncate\":true}", NTS_RESULT_NOT_DONE, NTS_RESULT_UNKNOWN },
        { "{\"bad_json\":true}", NTS_RESULT_NOT_DONE, NTS_RESULT_UNKNOWN },
    };
    const char *const some[PAIRS] = { "a" };
    const char *id = ask(NTS_ASK_CREATE, NULL, values_of(some))->id;

    for (int i = 0; i < (int)(sizeof(cases) / sizeof(cases[0])); i++) {
        fault("GET", cases[i].action);
        result_is(ask(NTS_ASK_READ, id, NULL), cases[i].read,
                  apr_pstrcat(pool, "read: ", cases[i].action, NULL));
        fault("PATCH", cases[i].action);
        result_is(ask(NTS_ASK_UPDATE, id, values_of(some)), cases[i].write,
                  apr_pstrcat(pool, "write: ", cases[i].action, NULL));
    }
    (void)control("DELETE", "faults", NULL);
}

static void test_lost_create(void)
{
    const char *const some[PAIRS] = { "lost", "5",    NULL, NULL, "[\"red\"]", "2026-12-01",
                                      "",     "true", NULL, NULL, NULL };
    const nts_answer_t *answer;
    const nts_answer_t *found;
    nts_ask_t find;

    make_world();
    test_describe();
    find = ask_for(NTS_ASK_FIND, NULL);
    find.listing.edited_since = nts_clock_system.wall(NULL);
    (void)ask(NTS_ASK_CREATE, NULL, values_of(nothing));
    fault("POST", "{\"status\":503,\"commit\":true}");
    answer = ask(NTS_ASK_CREATE, NULL, values_of(some));
    result_is(answer, NTS_RESULT_OK, "a create that was committed and answered 503");
    tap_ok(answer->id && !answer->record, "is known by its id");
    find.values = values_of(some);
    found = perform(&find);
    tap_ok(found->record_count == 1 && strcmp(found->records[0].id, answer->id) == 0,
           "and is found by its values");

    fault("POST", "{\"commit_then_cut\":true}");
    result_is(ask(NTS_ASK_CREATE, NULL, values_of(some)), NTS_RESULT_UNKNOWN,
              "a create without an answer");
    found = perform(&find);
    tap_int(found->record_count, 2, "is found as well");
    tap_int(total_pages(), 3, "nothing was sent twice");
    (void)control("DELETE", "faults", NULL);
    (void)control("PATCH", apr_pstrcat(pool, "data_source/", mapping->data_source, NULL),
                  "{\"shared\":false}");
    result_is(perform(&find), NTS_RESULT_BLOCKED, "a data source that is no longer shared");
    result_is(ask(NTS_ASK_READ, answer->id, NULL), NTS_RESULT_MISSING, "nor are its pages");
}

int main(int argc, const char *const *argv)
{
    nts_service_t service = { .name = "sim", .kind = NTS_SERVICE_NOTION };

    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    if (argc != 2) {
        return 2;
    }
    base = apr_pstrdup(pool, argv[1]);
    service.endpoint = base;
    (void)nts_net_create(&net, &nts_clock_system, "notion_client", pool);
    (void)nts_connector_notion.open(&connection, &service, "ntn_sim_token", &nts_clock_system, NULL,
                                    pool);
    make_world();
    test_describe();
    test_write();
    test_mentions();
    test_list();
    test_faults();
    test_refused();
    test_lost_create();
    nts_net_destroy(net);
    apr_terminate();
    return tap_done();
}
