/* sw_notion.c - Notion: the simulator in process, at the end of a virtual line. */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "sim/sim_hook.h"
#include "sim/sim_page.h"
#include "sim/sim_schema.h"
#include "sim/sim_serve.h"
#include "sim/sim_stale.h"
#include "simulation/sw.h"

const char *sw_notion_property(const sw_world_t *w, int field)
{
    static const char *const ids[SW_FIELDS] = { "m:rk", "n;me", "nt{s", "am_t", "st^e", "tg=s",
                                                "due1", "m[t]", "dn_e", "c@de", "ma1l", "rem`" };

    return field == (w->title_is_mark ? SW_MARK : SW_NAME) ? "title" : ids[field];
}

const char *sw_field_type(const sw_world_t *w, int field)
{
    return !strcmp(sw_notion_property(w, field), "title") ? "title"
           : field == SW_NAME                             ? "rich_text"
           : field == SW_STAGE && w->is_status            ? "status"
                                                          : sw_fields[field].type;
}

/* ---- time */

static sim_ms_t notion_now(void)
{
    return sm_wall(sm_the, SM_NOTION) / 1000;
}

static void awake(sm_t *sm, void *baton)
{
    sw_world_t *w = baton;

    if (w->woken && w->woken <= sm_now(sm)) {
        w->woken = 0;
        sim_embed_tick();
        sw_notion_wake(w);
        apr_pool_clear(w->ptemp);
    }
}

void sw_notion_wake(sw_world_t *w)
{
    sim_ms_t due = sim_embed_due();
    apr_interval_time_t wait;

    if (due == INT64_MAX) {
        return;
    }
    wait = due * 1000 - sm_wall(w->sm, SM_NOTION);
    wait = wait > 0 ? wait : 0;
    if (!w->woken || sm_now(w->sm) + wait < w->woken) {
        w->woken = sm_now(w->sm) + wait;
        sm_after(w->sm, wait, awake, w);
    }
}

/* ---- requests */

static const char *header_of(const sm_request_t *request, const char *name)
{
    int i;

    for (i = 0; i < request->header_count; i++) {
        if (!strcasecmp(request->headers[i].name, name)) {
            return request->headers[i].value;
        }
    }
    return NULL;
}

static void answered(sim_req_t *q)
{
    sw_world_t *w = sw_world(sm_the);

    if (w->answer) {
        sim_req_free(w->answer);
    }
    w->answer = q;
}

static void performed(sim_req_t *q, int late)
{
    sw_world_t *w = sw_world(sm_the);

    if (late) {
        sm_count(w->sm, "Notion: performed late");
    }
    w->performed = q->fail.status ? 0 : (int)(intptr_t)q->ctx;
    if (!q->fail.status && (q->created || !strcmp(q->class, "page_update"))) {
        w->performing = q;
        sw_notion_look(w, HISTORY_EFFECT, (int)(intptr_t)q->ctx, &q->page_id);
        w->performing = NULL;
        sw_notion_save(w, &q->page_id);
    }
}

void sw_notion_save(sw_world_t *w, const sim_id_t *id)
{
    sw_page_t *m = w->saving ? sw_notion_mirror(w, id) : NULL;

    if (m && m->saving < sm_now(w->sm) + w->saving) {
        m->saving = sm_now(w->sm) + w->saving;
    }
}

/* The page that the request is about, if it is just being saved; NULL: none, or it is not. */
static sim_page_t *page_in_hand(sw_world_t *w, const char *path)
{
    static const char pages[] = "/v1/pages/";
    sw_page_t *m;
    sim_id_t id;

    if (strncmp(path, pages, sizeof(pages) - 1) != 0 ||
        !sim_id_parse(&id, path + sizeof(pages) - 1)) {
        return NULL;
    }
    m = sw_notion_mirror(w, &id);
    return m && m->saving > sm_now(w->sm) ? sim_page_find(&id) : NULL;
}

static void put_headers(const sim_req_t *q, sm_reply_t *reply, apr_pool_t *p)
{
    nts_http_header_t *headers = apr_pcalloc(p, 4 * sizeof(*headers));
    char *date = apr_palloc(p, APR_RFC822_DATE_LEN);
    int n = 0;

    (void)apr_rfc822_date(date, sm_wall(sm_the, SM_NOTION));
    headers[n].name = "Date"; /* in whole seconds */
    headers[n++].value = date;
    headers[n].name = "Content-Type";
    headers[n++].value = apr_pstrdup(p, q->type);
    if (!q->no_request_id) {
        headers[n].name = "x-notion-request-id";
        headers[n++].value = apr_pstrdup(p, q->request_id);
    }
    if (q->retry_after >= 0) {
        headers[n].name = "Retry-After";
        headers[n++].value = apr_itoa(p, q->retry_after);
    }
    reply->headers = headers;
    reply->header_count = n;
}

static void serve(sm_t *sm, void *baton, const sm_request_t *request, sm_reply_t *reply,
                  apr_pool_t *p)
{
    sw_world_t *w = baton;
    const char *bearer = header_of(request, "Authorization");
    const char *mark = strchr(request->path, '?');
    const char *path =
        mark ? apr_pstrmemdup(p, request->path, (apr_size_t)(mark - request->path)) : request->path;
    sim_page_t *in_hand = page_in_hand(w, path);
    sim_req_t *q;

    (void)sm;
    if (in_hand) {
        in_hand->busy++; /* as a write under way would */
    }
    sim_embed_request(request->method, path, mark ? mark + 1 : NULL,
                      bearer && strlen(bearer) > 7 ? bearer + 7 : NULL,
                      header_of(request, "Notion-Version"), request->body, request->body_len,
                      (void *)(intptr_t)request->number);
    if (in_hand) {
        in_hand->busy--;
    }
    sim_embed_tick();
    q = w->answer;
    w->answer = NULL;
    if (sm_is_counting()) {
        sw_notion_count_answer(w, q, request->number, in_hand != NULL);
    }
    if (w->slow_count > 0) {
        w->slow_count--;
        reply->delay = w->slow;
    }
    if (q->ending == SIM_CUT || q->ending == SIM_TRUNCATE) {
        reply->fate = SM_FATE_CUT;
    }
    else {
        reply->status = q->status;
        reply->body = apr_pstrmemdup(p, q->out.s ? q->out.s : "", q->out.len);
        reply->body_len = q->out.len;
        put_headers(q, reply, p);
    }
    sim_req_free(q);
    sw_notion_wake(w);
    apr_pool_clear(w->ptemp);
}

/* ---- webhooks */

/* The data source for which the event says it is: those who have no mapping of it never see the event. NULL: it says none. */
static const char *told_place(const sw_world_t *w, const sim_event_t *e)
{
    const char *told = strstr(e->body, "\"data_source_id\":\"");

    return told ? apr_pstrmemdup(w->ptemp, told + strlen("\"data_source_id\":\""), SIM_ID_TEXT - 1)
                : NULL;
}

/* The properties that it names (of what stands on a page the title may be part); "": only some that nobody maps; NULL: it may be about
 * any. */
static const char *told_fields(const sw_world_t *w, const sim_event_t *e)
{
    const char *told = strstr(e->body, "\"updated_properties\":["), *names = "";
    int k;

    if (!strcmp(e->type, "page.content_updated")) {
        return sw_fields[w->title_is_mark ? SW_MARK : SW_NAME].prop;
    }
    if (!told || strcmp(e->type, "page.properties_updated") != 0) {
        return NULL;
    }
    for (k = 0; k < SW_FIELDS; k++) {
        char *id = sim_percent_encode(sw_notion_property(w, k));

        if (strstr(told, apr_pstrcat(w->ptemp, "\"", id, "\"", NULL))) {
            names =
                apr_pstrcat(w->ptemp, names, *names ? HISTORY_MEMBER : "", sw_fields[k].prop, NULL);
        }
        free(id);
    }
    return names;
}

static void hook_done(sm_t *sm, void *baton, int status)
{
    sim_event_t *e = baton;
    sw_world_t *w = sw_world(sm);
    history_item_t item;
    char entity[SIM_ID_TEXT];

    sim_id_format(entity, &e->entity);
    memset(&item, 0, sizeof(item));
    item.kind = HISTORY_NOTICE;
    item.op = status == 200 ? HISTORY_DELIVERED : HISTORY_LOST;
    item.at = sm_now(sm);
    item.side = HISTORY_NOTION;
    item.place = told_place(w, e);
    item.record = entity;
    item.before = e->id;
    item.field = told_fields(w, e);
    item.note = e->type;
    item.sent = sm_now(sm) - SM_MS(notion_now() - e->created_ms);
    item.after = strstr(e->body, "\"person\"") ? "person" : NULL; /* one of its authors */
    history_add(w->history, &item);
    if (sm_is_counting()) {
        sw_notion_count_event(w, e);
    }
    sim_event_done(e, status, status ? NULL : "nobody there", 1);
    sw_notion_wake(w);
}

static void deliver(sim_event_t *e)
{
    sm_host_hook(sm_the, "work", e->body, hook_done, e);
}

/* ---- opening */

const char *sw_notion_control(sw_world_t *w, const char *method, const char *what, const char *body)
{
    int ok;
    const char *answer = sim_embed_control(method, what, body, &ok);

    if (!ok) {
        sm_remark(w->sm, "Notion refuses %s %s %s: %s", method, what, body ? body : "", answer);
    }
    sw_notion_wake(w);
    return ok ? answer : NULL;
}

static void put_settings(sw_world_t *w, sim_buf_t *b)
{
    static const int stales[] = { 0, 2000, 15000, 20000 };
    static const int waits[] = { 100, 1000, 10000, 60000 };

    sim_json_open(b, '{');
    sim_json_kint(b, "seed", (int64_t)(w->sm->seed & 0x7fffffff) + 1);
    sim_json_kint(b, "rate_limit", w->budget);
    sim_json_kint(b, "window_ms", w->window / 1000);
    sim_json_kint(b, "stale_ms", stales[sm_setting(w->sm, "stale", 0, 3)]);
    sim_json_kint(b, "created_stale_ms", 1000 * sm_setting(w->sm, "created_stale", 0, 0));
    sim_json_kint(b, "query_cap", sm_setting(w->sm, "query_cap", 10000, 10000));
    sim_json_kbool(b, "stale_random", (int)sm_setting(w->sm, "stale_random", 0, 1));
    sim_json_kint(b, "delay_ms", waits[sm_setting(w->sm, "event_delay", 0, 3)]);
    sim_json_kint(b, "aggregate_ms", waits[sm_setting(w->sm, "aggregate", 0, 3)]);
    sim_json_key(b, "loss");
    sim_json_num(b, (double)(sm_setting(w->sm, "loss", -200, 100) > 0
                                 ? sm_setting(w->sm, "loss_share", 1, 100)
                                 : 0) /
                        100);
    sim_json_key(b, "duplicate");
    sim_json_num(b, (double)sm_setting(w->sm, "repeat", 0, 30) / 100);
    sim_json_key(b, "short_pages");
    sim_json_num(b, (double)sm_setting(w->sm, "short_pages", 0, 3) / 10);
    sim_json_kstr(b, "cursor", sm_setting(w->sm, "offsets", 0, 3) ? "key" : "offset");
    sim_json_kint(b, "reference_limit", 25);
    sim_json_kint(b, "webhook_attempts", 3);
    sim_json_kint(b, "webhook_retry_ms", 5000);
    sim_json_kint(b, "log_bodies", 0);
    sim_json_close(b, '}');
}

/* One that nobody maps has other ids, as any two data sources have. */
static void put_property(const sw_world_t *w, sim_buf_t *b, int k, int is_mapped)
{
    int i;

    sim_json_key(b, sw_fields[k].prop);
    sim_json_open(b, '{');
    sim_json_kstr(b, "type", sw_field_type(w, k));
    if (strcmp(sw_notion_property(w, k), "title") != 0 && is_mapped) {
        sim_json_kstr(b, "id", sw_notion_property(w, k));
    }
    if (k == SW_STAGE && w->is_status) {
        sim_json_key(b, "options");
        sim_json_open(b, '[');
        for (i = 0; sw_status_choices[i]; i++) {
            sim_json_str(b, sw_status_choices[i]);
        }
        sim_json_close(b, ']');
    }
    sim_json_close(b, '}');
}

static void open_source(sw_world_t *w, int i)
{
    static const char *const names[SW_SOURCES] = { "First", "Second", "Third" };
    sim_buf_t b = SIM_BUF_INIT;
    const char *answer;
    int k;

    sim_json_open(&b, '{');
    sim_json_kstr(&b, "name", names[i]);
    sim_json_key(&b, "properties");
    sim_json_open(&b, '{');
    for (k = 0; k < SW_FIELDS; k++) {
        if (i < w->sources || k == SW_MARK || (sm_setting_of(w->sm, "moves_keep") >> k & 1)) {
            put_property(w, &b, k, i < w->sources);
        }
    }
    if (i < w->sources && sw_relation_property(w, i)) {
        sim_json_kraw(&b, "Ref", sw_relation_property(w, i));
    }
    sim_json_kraw(&b, SW_KEY_PROPERTY, "{\"type\":\"rich_text\"}");
    sim_json_kraw(&b, SW_KEY_PROPERTY " 2", "{\"type\":\"rich_text\"}");
    sim_json_close(&b, '}');
    sim_json_close(&b, '}');
    answer = sw_notion_control(w, "POST", "data_source", b.s);
    if (!answer || strncmp(answer, "{\"id\":\"", 7) != 0) {
        abort();
    }
    w->source_ids[i] = apr_pstrndup(w->sm->p, answer + 7, 36);
    sim_buf_free(&b);
}

void sw_notion_open(sw_world_t *w)
{
    static const sim_embed_host_t host = { notion_now, answered, performed, deliver };
    sim_buf_t b = SIM_BUF_INIT;
    int i;

    sim_embed_open(&host);
    put_settings(w, &b);
    if (sim_embed_reset(b.s)) {
        abort();
    }
    sim_buf_free(&b);
    for (i = 0; i < w->sources + (sm_setting_of(w->sm, "moves") > 0); i++) {
        open_source(w, i);
    }
    sw_notion_control(w, "POST", "webhook",
                      "{\"url\":\"sim:\",\"token\":\"secret_x\",\"active\":true}");
    sm_serve(w->sm, SW_ENDPOINT, SM_MS(5), SM_MS(5 + 40 * (1 << sm_setting(w->sm, "far", 0, 5))),
             serve, w);
}

void sw_notion_close(sw_world_t *w)
{
    if (w->answer) {
        sim_req_free(w->answer);
        w->answer = NULL;
    }
    (void)sim_embed_reset(NULL);
    free(w->pages);
    w->pages = NULL;
    w->page_count = w->page_room = 0;
}
