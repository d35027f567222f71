/* simulation_world.c - a data source, a table, one mapping of a name, and two people. */
#include <stdlib.h>
#include <string.h>

#include <apr_hash.h>
#include <json-c/json.h>
#include <sqlite3.h>

#include "sim/sim_embed.h"
#include "simulation_world.h"

#define ENDPOINT "http://127.0.0.1:1/notion"
#define RECORDS 6

int small_pages;
int small_rows;

static char source[64];
static sqlite3 *app;
static sim_req_t *answer;
static int is_open;

/* --- Notion */

static sim_ms_t notion_now(void)
{
    return sm_the ? sm_wall(sm_the, SM_NOTION) / 1000 : 1790000000000LL;
}

static void answered(sim_req_t *q)
{
    answer = q;
}

static void hook_done(sm_t *sm, void *baton, int status)
{
    (void)sm;
    sim_event_done(baton, status, NULL, 0);
}

static void deliver(sim_event_t *e)
{
    sm_host_hook(sm_the, "workspace", apr_pstrmemdup(sm_the->p, e->body, e->body_len), hook_done,
                 e);
}

static void tick(sm_t *sm, void *baton);

static void order_tick(sm_t *sm)
{
    sim_ms_t due = sim_embed_due();

    if (due < INT64_MAX) {
        sm_after(sm, SM_MS(due - notion_now()), tick, NULL);
    }
}

static void tick(sm_t *sm, void *baton)
{
    (void)baton;
    sim_embed_tick();
    order_tick(sm);
}

static const char *control(const char *method, const char *what, const char *body)
{
    int ok;
    const char *out = sim_embed_control(method, what, body, &ok);

    if (!ok) {
        abort();
    }
    return out;
}

static void serve(sm_t *sm, void *baton, const sm_request_t *request, sm_reply_t *reply,
                  apr_pool_t *p)
{
    static const nts_http_header_t json_type[] = { { "Content-Type", "application/json" } };
    char *path = apr_pstrdup(p, request->path);
    char *query = strchr(path, '?');

    (void)baton;
    if (query) {
        *query++ = '\0';
    }
    answer = NULL;
    (void)sim_embed_request(request->method, path, query, "ntn_sim_token", "2026-03-11",
                            request->body, request->body_len, NULL);
    sim_embed_tick();
    order_tick(sm);
    if (!answer) {
        abort(); /* no latency was asked for */
    }
    reply->status = answer->status;
    reply->headers = json_type;
    reply->header_count = 1;
    reply->body = apr_pstrmemdup(p, answer->out.s ? answer->out.s : "", answer->out.len);
    reply->body_len = answer->out.len;
    sim_req_free(answer);
}

/* The next request is told to come again. */
static void be_busy(sm_t *sm, const sm_action_t *a)
{
    (void)control("POST", "fault",
                  apr_psprintf(sm->p,
                               "{\"after\":%" APR_INT64_T_FMT
                               ",\"action\":{\"status\":429,\"retry_after\":30}}",
                               a->n[0]));
}

static const sm_kind_t busy_kind = { "test.busy", be_busy, { "after" } };

static void open_notion(sm_t *sm)
{
    static const sim_embed_host_t host = { notion_now, answered, NULL, deliver };
    json_object *made;
    int i;

    if (!is_open) {
        sim_embed_open(&host);
        is_open = 1;
    }
    (void)sim_embed_reset("{\"seed\":1,\"rate_limit\":0}");
    made = json_tokener_parse(control(
        "POST", "data_source", "{\"name\":\"T\",\"properties\":{\"Name\":{\"type\":\"title\"}}}"));
    apr_cpystrn(source, json_object_get_string(json_object_object_get(made, "id")), sizeof(source));
    json_object_put(made);
    (void)control("POST", "webhook", "{\"url\":\"test:\",\"token\":\"secret_x\",\"active\":true}");
    for (i = 0; i < RECORDS; i++) {
        (void)control("POST", "page",
                      apr_psprintf(sm->p,
                                   "{\"data_source\":\"%s\",\"properties\":{\"Name\":\"page %d\"}}",
                                   source, i));
    }
    sm_serve(sm, ENDPOINT, SM_MS(20), SM_MS(200), serve, NULL);
    order_tick(sm);
}

/* --- the table */

static void run_sql(const char *sql)
{
    (void)sqlite3_exec(app, sql, NULL, NULL, NULL);
}

static void open_table(sm_t *sm)
{
    if (sqlite3_open(apr_pstrcat(sm->p, sm_folder(sm), "/ext.db", NULL), &app) != SQLITE_OK) {
        abort();
    }
    run_sql("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)");
}

static void close_table(sm_t *sm)
{
    (void)sm;
    (void)sqlite3_close(app);
    app = NULL;
}

static void need_table(sm_t *sm)
{
    if (!app &&
        sqlite3_open(apr_pstrcat(sm->p, sm_folder(sm), "/ext.db", NULL), &app) != SQLITE_OK) {
        abort();
    }
}

/* --- people */

static void edit_row(sm_t *sm, const sm_action_t *a)
{
    need_table(sm);
    run_sql(apr_psprintf(sm->p,
                         "UPDATE people SET name = 'row %" APR_INT64_T_FMT
                         "' WHERE id = (SELECT id FROM people ORDER BY id LIMIT 1 OFFSET "
                         "%" APR_INT64_T_FMT ")",
                         a->n[1], a->n[0]));
}

static const sm_kind_t row_kind = { "test.row", edit_row, { "which", "name" } };

static void add_row(sm_t *sm, const sm_action_t *a)
{
    need_table(sm);
    run_sql(apr_psprintf(sm->p, "INSERT INTO people (name) VALUES ('new %" APR_INT64_T_FMT "')",
                         a->n[0]));
}

static const sm_kind_t add_kind = { "test.add", add_row, { "name" } };

/* Names of the live pages, each as often as it stands there. */
static int page_names(sm_t *sm, apr_hash_t *names, const char **ids)
{
    json_object *all = json_tokener_parse(
        control("GET", apr_pstrcat(sm->p, "pages?data_source=", source, NULL), NULL));
    json_object *list = json_object_object_get(all, "pages");
    size_t i;
    int live = 0;

    for (i = 0; i < json_object_array_length(list); i++) {
        json_object *page = json_object_array_get_idx(list, i);
        const char *name = json_object_get_string(
            json_object_object_get(json_object_object_get(page, "properties"), "Name"));

        if (!json_object_get_boolean(json_object_object_get(page, "in_trash"))) {
            if (ids && live < 64) {
                ids[live] =
                    apr_pstrdup(sm->p, json_object_get_string(json_object_object_get(page, "id")));
            }
            live++;
            name = apr_pstrdup(sm->p, name ? name : "");
            apr_hash_set(names, name, APR_HASH_KEY_STRING,
                         (char *)apr_hash_get(names, name, APR_HASH_KEY_STRING) + 1);
        }
    }
    json_object_put(all);
    return live;
}

static void edit_page(sm_t *sm, const sm_action_t *a)
{
    const char *ids[64];
    int count = page_names(sm, apr_hash_make(sm->p), ids);

    if (count > 0) {
        (void)control("PATCH", apr_pstrcat(sm->p, "page/", ids[a->n[0] % count], NULL),
                      apr_psprintf(sm->p,
                                   "{\"properties\":{\"Name\":\"edit %" APR_INT64_T_FMT "\"}}",
                                   a->n[1]));
        order_tick(sm);
    }
}

static const sm_kind_t page_kind = { "test.page", edit_page, { "which", "name" } };

/* --- the configuration */

static nts_setup_t *configure(sm_t *sm, void *baton, apr_pool_t *p)
{
    /* Without it nothing is done when both sides hold something at the first contact (S5.1). */
    static const nts_match_t matches[] = { { "Name", "name" } };
    nts_setup_t *setup = apr_pcalloc(p, sizeof(*setup));
    const nts_service_t **services = apr_pcalloc(p, 2 * sizeof(*services));
    nts_service_t *notion = apr_pcalloc(p, sizeof(*notion));
    nts_service_t *sql = apr_pcalloc(p, sizeof(*sql));
    nts_mapping_t **mappings = apr_pcalloc(p, sizeof(*mappings));
    nts_mapping_t *mapping = apr_pcalloc(p, sizeof(*mapping));

    (void)baton;
    notion->vhost = sql->vhost = mapping->vhost = "";
    notion->name = "workspace";
    notion->kind = NTS_SERVICE_NOTION;
    notion->endpoint = ENDPOINT;
    notion->budget_requests = 180;
    notion->budget_window = SM_SEC(60);
    sql->name = "db";
    sql->kind = NTS_SERVICE_SQL;
    sql->database_driver = "sqlite";
    sql->database = apr_pstrcat(p, sm_folder(sm), "/ext.db", NULL);
    sql->provision_auto = 1;
    services[0] = notion;
    services[1] = sql;
    mapping->name = "people";
    mapping->notion = notion;
    mapping->external = sql;
    mapping->data_source = source;
    mapping->collection = "people";
    mapping->pair_count = 1;
    mapping->pairs = apr_pcalloc(p, sizeof(nts_pair_t));
    mapping->pairs[0].notion = "Name";
    mapping->pairs[0].external = "name";
    mapping->matches = matches;
    mapping->match_count = 1;
    mapping->conflict = NTS_CONFLICT_LAST_WRITE;
    mapping->grace = SM_SEC(5);
    mapping->delete_limit_percent = 10;
    mapping->reconcile = SM_MIN(30);
    mapping->full = SM_MIN(24 * 60);
    mapping->debounce = SM_MS(50);
    mappings[0] = mapping;
    setup->services = services;
    setup->service_count = 2;
    setup->mappings = mappings;
    setup->mapping_count = 1;
    return setup;
}

/* --- the part */

static void set_up(sm_t *sm)
{
    open_notion(sm);
    open_table(sm);
    sm_register(sm, &row_kind);
    sm_register(sm, &add_kind);
    sm_register(sm, &page_kind);
    sm_register(sm, &busy_kind);
    sm_host_configure(sm, 2, configure, NULL, "ntn_sim_token");
}

static void plan(sm_t *sm)
{
    apr_interval_time_t span = SM_MIN(sm_setting_of(sm, "minutes"));
    const sm_kind_t *const kinds[] = { &row_kind, &page_kind, &add_kind };
    sm_dice_t dice;
    int i;

    sm_dice_init(&dice, sm, "small");
    for (i = 0; i < 24; i++) {
        sm_action_t *action =
            sm_plan(sm, sm_between(&dice, 0, span), kinds[sm_below(&dice, 9) / 4]);

        action->n[0] = sm_between(&dice, 0, RECORDS);
        action->n[1] = i;
        if (action->kind == &add_kind) {
            action->n[0] = i;
        }
    }
}

static void compare(sm_t *sm)
{
    apr_hash_t *names = apr_hash_make(sm->p);
    sqlite3_stmt *stmt;

    small_pages = page_names(sm, names, NULL);
    small_rows = 0;
    need_table(sm);
    (void)sqlite3_prepare_v2(app, "SELECT name FROM people", -1, &stmt, NULL);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(stmt, 0);
        char *left = apr_hash_get(names, name ? name : "", APR_HASH_KEY_STRING);

        small_rows++;
        if (!left) {
            sm_violation(sm, "S6.1", "the row \"%s\" has no page", name);
        }
        else {
            apr_hash_set(names, apr_pstrdup(sm->p, name ? name : ""), APR_HASH_KEY_STRING,
                         left == (char *)NULL + 1 ? NULL : left - 1);
        }
    }
    (void)sqlite3_finalize(stmt);
    if (small_pages != small_rows) {
        sm_violation(sm, "S6.1", "%d pages, %d rows", small_pages, small_rows);
    }
}

static int quiet(sm_t *sm, int round)
{
    if (round == 0) {
        sm_host_command(sm, "people", "reconcile", "{\"full\":true}", NULL, NULL);
        return 1;
    }
    compare(sm);
    return 0;
}

static void end(sm_t *sm)
{
    close_table(sm);
    (void)sim_embed_reset(NULL);
}

const sm_part_t small_world = {
    .name = "small",
    .setup = set_up,
    .plan = plan,
    .quiet = quiet,
    .blackout = close_table,
    .end = end,
};
