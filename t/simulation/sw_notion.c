/* sw_notion.c - Notion: the simulator in process, at the end of a virtual line. A world may have two of them (sim_embed_enter). */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "sim/sim_hook.h"
#include "sim/sim_page.h"
#include "sim/sim_schema.h"
#include "sim/sim_serve.h"
#include "sim/sim_stale.h"
#include "simulation/sw.h"

const char *sw_notion_property(const sw_notion_t *notion, int field)
{
    static const char *const ids[SW_FIELDS] = { "m:rk", "n;me", "nt{s", "am_t", "st^e", "tg=s",
                                                "due1", "m[t]", "dn_e", "c@de", "ma1l", "rem`" };

    return field == (notion->title_is_mark ? SW_MARK : SW_NAME) ? "title" : ids[field];
}

const char *sw_field_type(const sw_notion_t *notion, int field)
{
    return !strcmp(sw_notion_property(notion, field), "title") ? "title"
           : field == SW_NAME                                  ? "rich_text"
           : field == SW_STAGE && notion->w->is_status         ? "status"
                                                               : sw_fields[field].type;
}

const char *sw_notion_name(const sw_notion_t *notion, int field)
{
    return notion->side == HISTORY_NOTION ? sw_fields[field].prop : sw_fields[field].column;
}

/* ---- which of them */

void sw_notion_enter(sw_notion_t *notion)
{
    sim_embed_enter(notion->side);
    notion->w->awake = notion;
}

sw_notion_t *sw_notion_of(sm_t *sm, const sm_action_t *a)
{
    sw_world_t *w = sw_world(sm);
    sw_notion_t *notion = &w->notion[!strncmp(a->kind->name, SW_AWAY, strlen(SW_AWAY))];

    sw_notion_enter(notion);
    return notion;
}

/* ---- time */

static sim_ms_t notion_now(void)
{
    return sm_wall(sm_the, SM_NOTION) / 1000;
}

static void awake(sm_t *sm, void *baton)
{
    sw_notion_t *notion = baton;

    if (notion->woken && notion->woken <= sm_now(sm)) {
        notion->woken = 0;
        sw_notion_enter(notion);
        sim_embed_tick();
        sw_notion_wake(notion);
        apr_pool_clear(notion->w->ptemp);
    }
}

void sw_notion_wake(sw_notion_t *notion)
{
    sim_ms_t due;
    apr_interval_time_t wait;

    sw_notion_enter(notion);
    due = sim_embed_due();
    if (due == INT64_MAX) {
        return;
    }
    wait = due * 1000 - sm_wall(notion->w->sm, SM_NOTION);
    wait = wait > 0 ? wait : 0;
    if (!notion->woken || sm_now(notion->w->sm) + wait < notion->woken) {
        notion->woken = sm_now(notion->w->sm) + wait;
        sm_after(notion->w->sm, wait, awake, notion);
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
    sw_notion_t *notion = sw_world(sm_the)->awake;

    if (notion->answer) {
        sim_req_free(notion->answer);
    }
    notion->answer = q;
}

static void performed(sim_req_t *q, int late)
{
    sw_notion_t *notion = sw_world(sm_the)->awake;

    if (late) {
        sm_count(notion->w->sm, "Notion: performed late");
    }
    notion->performed = q->fail.status ? 0 : (int)(intptr_t)q->ctx;
    if (!q->fail.status && (q->created || !strcmp(q->class, "page_update"))) {
        notion->performing = q;
        sw_notion_look(notion, HISTORY_EFFECT, (int)(intptr_t)q->ctx, &q->page_id);
        notion->performing = NULL;
        sw_notion_save(notion, &q->page_id);
    }
}

void sw_notion_save(sw_notion_t *notion, const sim_id_t *id)
{
    sw_page_t *m = notion->saving ? sw_notion_mirror(notion, id) : NULL;

    if (m && m->saving < sm_now(notion->w->sm) + notion->saving) {
        m->saving = sm_now(notion->w->sm) + notion->saving;
    }
}

/* The page that the request is about, if it is just being saved; NULL: none, or it is not. */
static sim_page_t *page_in_hand(sw_notion_t *notion, const char *path)
{
    static const char pages[] = "/v1/pages/";
    sw_page_t *m;
    sim_id_t id;

    if (strncmp(path, pages, sizeof(pages) - 1) != 0 ||
        !sim_id_parse(&id, path + sizeof(pages) - 1)) {
        return NULL;
    }
    m = sw_notion_mirror(notion, &id);
    return m && m->saving > sm_now(notion->w->sm) ? sim_page_find(&id) : NULL;
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
    sw_notion_t *notion = baton;
    const char *bearer = header_of(request, "Authorization");
    const char *mark = strchr(request->path, '?');
    const char *path =
        mark ? apr_pstrmemdup(p, request->path, (apr_size_t)(mark - request->path)) : request->path;
    sim_page_t *in_hand;
    sim_req_t *q;

    (void)sm;
    sw_notion_enter(notion);
    in_hand = page_in_hand(notion, path);
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
    q = notion->answer;
    notion->answer = NULL;
    if (sm_is_counting()) {
        sw_notion_count_answer(notion, q, request->number, in_hand != NULL);
    }
    if (notion->slow_count > 0) {
        notion->slow_count--;
        reply->delay = notion->slow;
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
    sw_notion_wake(notion);
    apr_pool_clear(notion->w->ptemp);
}

/* ---- webhooks */

/* The data source for which the event says it is: those who have no mapping of it never see the event. NULL: it says none. */
static const char *told_place(const sw_notion_t *notion, const sim_event_t *e)
{
    const char *told = strstr(e->body, "\"data_source_id\":\"");

    return told ? apr_pstrmemdup(notion->w->ptemp, told + strlen("\"data_source_id\":\""),
                                 SIM_ID_TEXT - 1)
                : NULL;
}

/* The properties that it names (of what stands on a page the title may be part); "": only some that nobody maps; NULL: it may be about
 * any. */
static const char *told_fields(const sw_notion_t *notion, const sim_event_t *e)
{
    const char *told = strstr(e->body, "\"updated_properties\":["), *names = "";
    int k;

    if (!strcmp(e->type, "page.content_updated")) {
        return sw_notion_name(notion, notion->title_is_mark ? SW_MARK : SW_NAME);
    }
    if (!told || strcmp(e->type, "page.properties_updated") != 0) {
        return NULL;
    }
    for (k = 0; k < SW_FIELDS; k++) {
        char *id = sim_percent_encode(sw_notion_property(notion, k));

        if (strstr(told, apr_pstrcat(notion->w->ptemp, "\"", id, "\"", NULL))) {
            names = apr_pstrcat(notion->w->ptemp, names, *names ? HISTORY_MEMBER : "",
                                sw_notion_name(notion, k), NULL);
        }
        free(id);
    }
    return names;
}

typedef struct hook_t {
    sw_notion_t *notion;
    sim_event_t *event;
} hook_t;

static void hook_done(sm_t *sm, void *baton, int status)
{
    const hook_t *hook = baton;
    sim_event_t *e = hook->event;
    sw_notion_t *notion = hook->notion;
    history_item_t item;
    char entity[SIM_ID_TEXT];

    sw_notion_enter(notion);
    sim_id_format(entity, &e->entity);
    memset(&item, 0, sizeof(item));
    item.kind = HISTORY_NOTICE;
    item.op = status == 200 ? HISTORY_DELIVERED : HISTORY_LOST;
    item.at = sm_now(sm);
    item.side = notion->side;
    item.place = told_place(notion, e);
    item.record = entity;
    item.before = e->id;
    item.field = told_fields(notion, e);
    item.note = e->type;
    item.sent = sm_now(sm) - SM_MS(notion_now() - e->created_ms);
    item.after = strstr(e->body, "\"person\"") ? "person" : NULL; /* one of its authors */
    history_add(notion->w->history, &item);
    if (sm_is_counting()) {
        sw_notion_count_event(notion, e);
    }
    sim_event_done(e, status, status ? NULL : "nobody there", 1);
    sw_notion_wake(notion);
}

static void deliver(sim_event_t *e)
{
    hook_t *hook = apr_pcalloc(sm_the->p, sizeof(*hook));

    hook->notion = sw_world(sm_the)->awake;
    hook->event = e;
    sm_host_hook(sm_the, hook->notion->service, e->body, hook_done, hook);
}

/* ---- opening */

const char *sw_notion_control(sw_notion_t *notion, const char *method, const char *what,
                              const char *body)
{
    const char *answer;
    int ok;

    sw_notion_enter(notion);
    answer = sim_embed_control(method, what, body, &ok);
    if (!ok) {
        sm_remark(notion->w->sm, "Notion refuses %s %s %s: %s", method, what, body ? body : "",
                  answer);
    }
    sw_notion_wake(notion);
    return ok ? answer : NULL;
}

apr_int64_t sw_notion_setting(const sw_notion_t *notion, const char *name, apr_int64_t from,
                              apr_int64_t to)
{
    return sm_setting(
        notion->w->sm,
        notion->side == HISTORY_NOTION ? name : apr_pstrcat(notion->w->sm->p, SW_AWAY, name, NULL),
        from, to);
}

static void put_settings(sw_notion_t *notion, sim_buf_t *b)
{
    static const int stales[] = { 0, 2000, 15000, 20000 };
    static const int waits[] = { 100, 1000, 10000, 60000 };

    sim_json_open(b, '{');
    sim_json_kint(b, "seed",
                  ((int64_t)(notion->w->sm->seed & 0x7fffffff) + 1) * (notion->side + 1));
    sim_json_kint(b, "rate_limit", notion->budget);
    sim_json_kint(b, "window_ms", notion->window / 1000);
    sim_json_kint(b, "stale_ms", stales[sw_notion_setting(notion, "stale", 0, 3)]);
    sim_json_kint(b, "created_stale_ms", 1000 * sw_notion_setting(notion, "created_stale", 0, 0));
    sim_json_kint(b, "query_cap", sw_notion_setting(notion, "query_cap", 10000, 10000));
    sim_json_kbool(b, "stale_random", (int)sw_notion_setting(notion, "stale_random", 0, 1));
    sim_json_kint(b, "delay_ms", waits[sw_notion_setting(notion, "event_delay", 0, 3)]);
    sim_json_kint(b, "aggregate_ms", waits[sw_notion_setting(notion, "aggregate", 0, 3)]);
    sim_json_key(b, "loss");
    sim_json_num(b, (double)(sw_notion_setting(notion, "loss", -200, 100) > 0
                                 ? sw_notion_setting(notion, "loss_share", 1, 100)
                                 : 0) /
                        100);
    sim_json_key(b, "duplicate");
    sim_json_num(b, (double)sw_notion_setting(notion, "repeat", 0, 30) / 100);
    sim_json_key(b, "short_pages");
    sim_json_num(b, (double)sw_notion_setting(notion, "short_pages", 0, 3) / 10);
    sim_json_kstr(b, "cursor", sw_notion_setting(notion, "offsets", 0, 3) ? "key" : "offset");
    sim_json_kint(b, "reference_limit", 25);
    sim_json_kint(b, "webhook_attempts", 3);
    sim_json_kint(b, "webhook_retry_ms", 5000);
    sim_json_kint(b, "log_bodies", 0);
    sim_json_close(b, '}');
}

/* One that nobody maps has other ids, as any two data sources have. */
static void put_property(const sw_notion_t *notion, sim_buf_t *b, int k, int is_mapped)
{
    int i;

    sim_json_key(b, sw_notion_name(notion, k));
    sim_json_open(b, '{');
    sim_json_kstr(b, "type", sw_field_type(notion, k));
    if (strcmp(sw_notion_property(notion, k), "title") != 0 && is_mapped) {
        sim_json_kstr(b, "id", sw_notion_property(notion, k));
    }
    if (k == SW_STAGE && notion->w->is_status) {
        sim_json_key(b, "options");
        sim_json_open(b, '[');
        for (i = 0; sw_status_choices[i]; i++) {
            sim_json_str(b, sw_status_choices[i]);
        }
        sim_json_close(b, ']');
    }
    sim_json_close(b, '}');
}

static void open_source(sw_notion_t *notion, int i)
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
        if (i < notion->sources || k == SW_MARK ||
            (sm_setting_of(notion->w->sm, "moves_keep") >> k & 1)) {
            put_property(notion, &b, k, i < notion->sources);
        }
    }
    if (i < notion->sources && sw_relation_property(notion->w, i)) {
        sim_json_kraw(&b, "Ref", sw_relation_property(notion->w, i));
    }
    sim_json_kraw(&b, SW_KEY_PROPERTY, "{\"type\":\"rich_text\"}");
    sim_json_kraw(&b, SW_KEY_PROPERTY " 2", "{\"type\":\"rich_text\"}");
    sim_json_close(&b, '}');
    sim_json_close(&b, '}');
    answer = sw_notion_control(notion, "POST", "data_source", b.s);
    if (!answer || strncmp(answer, "{\"id\":\"", 7) != 0) {
        abort();
    }
    notion->source_ids[i] = apr_pstrndup(notion->w->sm->p, answer + 7, 36);
    sim_buf_free(&b);
}

void sw_notion_open(sw_notion_t *notion)
{
    static const sim_embed_host_t host = { notion_now, answered, performed, deliver };
    sim_buf_t b = SIM_BUF_INIT;
    int i;

    sim_embed_open(&host);
    sw_notion_enter(notion);
    put_settings(notion, &b);
    if (sim_embed_reset(b.s)) {
        abort();
    }
    sim_buf_free(&b);
    for (i = 0; i < notion->sources + (sm_setting_of(notion->w->sm, "moves") > 0); i++) {
        open_source(notion, i);
    }
    sw_notion_control(notion, "POST", "webhook",
                      "{\"url\":\"sim:\",\"token\":\"secret_x\",\"active\":true}");
    sm_serve(notion->w->sm, notion->endpoint, SM_MS(5),
             SM_MS(5 + 40 * (1 << sw_notion_setting(notion, "far", 0, 5))), serve, notion);
}

void sw_notion_close(sw_notion_t *notion)
{
    sw_notion_enter(notion);
    if (notion->answer) {
        sim_req_free(notion->answer);
        notion->answer = NULL;
    }
    (void)sim_embed_reset(NULL);
    free(notion->pages);
    notion->pages = NULL;
    notion->page_count = notion->page_room = 0;
}
