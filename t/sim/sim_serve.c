/* Serving one request from arrival to answer, and the passing of time. */
#include "sim_serve.h"

#include <stdlib.h>
#include <string.h>

#include "sim_auth.h"
#include "sim_control.h"
#include "sim_event.h"
#include "sim_fault.h"
#include "sim_hook.h"
#include "sim_log.h"
#include "sim_oauth.h"
#include "sim_send.h"
#include "sim_stale.h"
#include "sim_state.h"

/* a request that was answered but is performed later */
typedef struct late_t {
    struct late_t *next;
    sim_ms_t due;
    sim_req_t *q;
} late_t;

static late_t *late SIM_STATE; /* by due */
static size_t nlate SIM_STATE;

static void (*performed)(sim_req_t *q, int late);

void sim_serve_watch(void (*fn)(sim_req_t *q, int late))
{
    performed = fn;
}

static void perform(sim_req_t *q, int is_late)
{
    sim_api_perform(q);
    if (performed) {
        performed(q, is_late);
    }
}

static void perform_late(late_t *l)
{
    l->q->token = l->q->bearer ? sim_token_find(l->q->bearer) : NULL;
    if (sim_api_find(l->q) && (l->q->token || sim_oauth_is(l->q))) {
        perform(l->q, 1);
    }
    sim_req_free(l->q);
    free(l);
}

static void queue_late(const sim_req_t *q, int64_t ms)
{
    late_t *l = sim_mem_alloc(sizeof(*l)), **at = &late;

    l->q = sim_req_copy(q);
    l->due = sim_time_now() + ms;
    while (*at && (*at)->due <= l->due) {
        at = &(*at)->next;
    }
    l->next = *at;
    *at = l;
    nlate++;
}

void sim_serve_tick(void)
{
    sim_ms_t now = sim_time_now();

    while (late && late->due <= now) {
        late_t *l = late;

        late = l->next;
        nlate--;
        perform_late(l);
    }
    sim_stale_tick(now);
    sim_hook_tick(now);
}

sim_ms_t sim_serve_due(void)
{
    sim_ms_t hook = sim_hook_due();

    return late && late->due < hook ? late->due : hook;
}

size_t sim_serve_late(void)
{
    return nlate;
}

void sim_serve_hurry(void)
{
    late_t *l;

    for (l = late; l; l = l->next) {
        l->due = 0;
    }
    sim_serve_tick();
}

const char *sim_serve_reset(json_object *o)
{
    const char *bad = sim_settings_merge(o, 1);

    if (bad) {
        return bad;
    }
    while (late) {
        late_t *l = late;

        late = l->next;
        sim_req_free(l->q);
        free(l);
    }
    nlate = 0;
    sim_stale_reset();
    sim_hook_reset();
    sim_event_reset();
    sim_fault_reset();
    sim_log_clear();
    sim_settings_default();
    sim_settings_merge(o, 0);
    if (!sim_set.seed) {
        sim_set.seed = (int64_t)sim_world_fresh_seed();
    }
    sim_rand_seed((uint64_t)sim_set.seed);
    sim_time_shift(sim_set.clock_offset_ms);
    sim_oauth_reset();
    sim_world_reset();
    return NULL;
}

static void edit(sim_req_t *q, json_object *what)
{
    sim_fail_t f = SIM_FAIL_INIT;
    sim_id_t id = q->page_id;
    sim_page_t *p;

    if (!what) {
        return;
    }
    if (sim_member_str(what, "page")) {
        sim_id_parse(&id, sim_member_str(what, "page"));
    }
    p = sim_page_find(&id);
    if (p) {
        sim_control_edit_page(p, what, &f);
    }
    sim_fail_free(&f);
}

/* performs, or not, as the action says */
static void act(sim_req_t *q, const sim_action_t *a)
{
    if (a->late_ms >= 0) {
        queue_late(q, a->late_ms);
        sim_send_wake();
    }
    else if (!a->cut_before && !(a->cut && !a->commit) && (!a->status || a->commit)) {
        perform(q, 0);
        if (q->fail.status) {
            return; /* refused for its own faults */
        }
    }
    edit(q, a->edit_after);
    if (a->status) {
        sim_fault_answer(q, a);
    }
    if (a->bad_json) {
        q->out.len = 0;
        sim_buf_str(&q->out, "{\"object\":\"list\",\"results\":[{\"id\":");
        q->no_request_id = 1;
        q->bad_json = 1;
    }
    if (a->truncate) {
        q->ending = SIM_TRUNCATE;
    }
    if (a->cut || a->cut_before || a->commit_then_cut) {
        q->ending = SIM_CUT;
    }
}

/* two updates of one page at a time: the second is refused */
static int take_page(sim_req_t *q)
{
    static const char *const updates[] = { "page_update", "body_update", "blocks_append", NULL };
    sim_page_t *p = sim_page_find(&q->page_id);

    if (!sim_text_in(q->class, updates) || !p) {
        return 0;
    }
    if (p->busy && sim_set.conflict) {
        sim_fail_set(&q->fail, 409, "conflict_error", "%s", sim_error_message(409));
        return 0;
    }
    p->busy++;
    return 1;
}

static void put_request_id(sim_req_t *q)
{
    if (q->out.len && q->out.s[q->out.len - 1] == '}') {
        q->out.len--;
        sim_json_kstr(&q->out, "request_id", q->request_id);
        if (sim_set.novelties) {
            sim_json_kint(&q->out, "novelty_of_answers", 1);
        }
        sim_json_close(&q->out, '}');
    }
}

/* Sources differ on the shape of OAuth errors: both fields are there. */
static void put_oauth_error(sim_req_t *q)
{
    if (q->fail.is_oauth) {
        q->out.len--;
        sim_json_kstr(&q->out, "error", q->fail.code);
        sim_json_close(&q->out, '}');
    }
}

static void finish(sim_req_t *q)
{
    if (q->fail.status) {
        q->status = q->fail.status;
        q->out.len = 0;
        sim_error_json(&q->out, q->status, q->fail.code, q->fail.message.s, q->fail.extra.s,
                       q->request_id);
        put_oauth_error(q);
    }
    else if (!q->no_request_id && q->status == 200) {
        put_request_id(q);
    }
    if (q->ending == SIM_CUT) {
        q->status = 0;
    }
}

static void check_body(sim_req_t *q)
{
    static const sim_action_t too_large = { .status = 413, .html = 1, .late_ms = -1 };

    if (q->body_len > (size_t)sim_set.request_max && sim_set.request_status == 413) {
        q->action = &too_large;
    }
    else if (q->body_len > (size_t)sim_set.request_max) {
        sim_fail_shape(&q->fail, "body.length should be ≤ `%lld`, instead was `%zu`.",
                       (long long)sim_set.request_max, q->body_len);
    }
    else if (q->json_bad) {
        sim_fail_set(&q->fail, 400, "invalid_json", "Error parsing JSON body.");
    }
}

int64_t sim_serve_arrive(sim_req_t *q)
{
    static const sim_action_t none = { .late_ms = -1 };
    sim_id_t id;

    q->came_ms = sim_time_now();
    q->generation = sim_w.generation;
    sim_rand_id(&id);
    sim_id_format(q->request_id, &id);
    if (sim_api_find(q) && sim_auth_check(q)) {
        check_body(q);
    }
    if (!q->fail.status) {
        q->action = q->action ? q->action : sim_fault_find(q);
        q->taken = take_page(q);
    }
    if (q->fail.status) {
        return -1;
    }
    q->action = q->action ? q->action : &none;
    q->short_page = q->action->short_page;
    return q->action->delay_ms + sim_set.latency_ms / 2;
}

/* 0 with a failure if the world was reset while the request waited */
static int is_of_this_world(sim_req_t *q)
{
    if (q->generation == sim_w.generation) {
        return 1;
    }
    q->token = NULL;
    sim_fail_set(&q->fail, 503, "service_unavailable", "The simulator was reset.");
    return 0;
}

int64_t sim_serve_act(sim_req_t *q)
{
    const sim_action_t *a = q->action;
    sim_id_t id = q->page_id;
    sim_page_t *p;

    if (!is_of_this_world(q)) {
        return 0;
    }
    edit(q, a->edit_before);
    act(q, a);
    p = q->taken ? sim_page_find(&id) : NULL;
    if (p && p->busy) {
        p->busy--;
    }
    return a->delay_after_ms + (sim_set.latency_ms + 1) / 2;
}

void sim_serve_answer(sim_req_t *q, int64_t took_us)
{
    is_of_this_world(q);
    finish(q);
    sim_log_add(q, q->came_ms, took_us);
    if (sim_hook_windows() || sim_event_pending()) {
        sim_send_wake();
    }
}
