/* The simulator inside a test: requests under way wait here for their time, instead of in threads. */
#include "sim_embed.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_control.h"
#include "sim_log.h"
#include "sim_send.h"
#include "sim_serve.h"
#include "sim_state.h"

/* a request between two steps */
typedef struct flight_t {
    struct flight_t *next;
    sim_ms_t due;
    int acted;
    sim_req_t *q;
} flight_t;

static sim_embed_host_t host;
static flight_t *flights SIM_STATE; /* by due, then age */
static sim_buf_t said;              /* the last answer of the control interface */

void sim_send_wake(void)
{
    /* the host asks what is due after everything that it does */
}

long sim_send_once(const char *url, const char *body, size_t len, const char *const *headers,
                   long timeout_ms, sim_buf_t *response, char *error)
{
    (void)url, (void)body, (void)len, (void)headers, (void)timeout_ms, (void)response;
    snprintf(error, 256, "nothing is sent at once in process");
    return 0;
}

/* ---- several simulators in a process */

/* the section of SIM_STATE, by the linker's names for where it begins and ends */
extern char state_begin[] __asm__("__start_sim_state");
extern char state_end[] __asm__("__stop_sim_state");

void sim_embed_enter(int which)
{
    static char *asleep[SIM_EMBED_WORLDS];
    static int awake;
    size_t size = (size_t)((uintptr_t)state_end - (uintptr_t)state_begin); /* two objects to C */

    if (which == awake) {
        return;
    }
    if (!asleep[awake]) {
        asleep[awake] = sim_mem_alloc(size);
    }
    if (!asleep[which]) {
        asleep[which] = sim_mem_alloc(size);
    }
    memcpy(asleep[awake], state_begin, size);
    memcpy(state_begin, asleep[which], size);
    awake = which;
}

void sim_embed_open(const sim_embed_host_t *h)
{
    host = *h;
    sim_time_source(host.now);
    sim_serve_watch(host.performed);
}

const char *sim_embed_reset(const char *settings)
{
    json_object *o = NULL;
    const char *bad;
    flight_t *f;
    int err = 0;

    if (settings) {
        o = sim_parse(settings, strlen(settings), &err);
    }
    bad = err ? "not JSON" : sim_serve_reset(o);
    json_object_put(o);
    while (!bad && (f = flights) != NULL) {
        flights = f->next;
        sim_req_free(f->q);
        free(f);
    }
    return bad;
}

static void put_flight(flight_t *f, int64_t wait)
{
    flight_t **at = &flights;

    f->due = sim_time_now() + (wait > 0 ? wait : 0);
    while (*at && (*at)->due <= f->due) {
        at = &(*at)->next;
    }
    f->next = *at;
    *at = f;
}

sim_req_t *sim_embed_request(const char *method, const char *path, const char *query,
                             const char *bearer, const char *version, const char *body, size_t len,
                             void *ctx)
{
    flight_t *f = sim_mem_alloc(sizeof(*f));
    int64_t wait;

    sim_serve_tick();
    f->q = sim_req_make(method, path, query, bearer, version, body, len, 1);
    f->q->ctx = ctx;
    f->q->agent = sim_mem_dup(SIM_LOG_IN_PROCESS);
    wait = sim_serve_arrive(f->q);
    f->acted = wait < 0;
    put_flight(f, wait);
    return f->q;
}

void sim_embed_forget(sim_req_t *q)
{
    q->ctx = NULL;
}

/* one step of the first request whose time has come */
static void step_flight(void)
{
    flight_t *f = flights;

    flights = f->next;
    if (!f->acted) {
        f->acted = 1;
        put_flight(f, sim_serve_act(f->q));
        return;
    }
    sim_serve_answer(f->q, 0);
    sim_log_record_api(sim_set.record, f->q);
    if (host.answered) {
        host.answered(f->q);
    }
    else {
        sim_req_free(f->q);
    }
    free(f);
}

static void deliver(sim_event_t *e)
{
    sim_log_record_hook(sim_set.record, e->sub->url, 0, "", e->body, e->body_len);
    if (host.deliver) {
        host.deliver(e);
    }
    else {
        sim_event_done(e, 200, NULL, 0);
    }
}

sim_ms_t sim_embed_due(void)
{
    sim_ms_t due = sim_serve_due(), events = sim_event_due();

    due = events < due ? events : due;
    return flights && flights->due < due ? flights->due : due;
}

void sim_embed_tick(void)
{
    sim_ms_t now = sim_time_now();
    sim_event_t *e;

    sim_serve_tick();
    while (flights && flights->due <= now) {
        step_flight();
        sim_serve_tick();
    }
    while ((e = sim_event_take(now)) != NULL) {
        deliver(e);
    }
}

const char *sim_embed_control(const char *method, const char *what, const char *body, int *ok)
{
    sim_buf_t path = SIM_BUF_INIT;
    const char *mark = strchr(what, '?');
    sim_req_t *q;

    sim_buf_str(&path, "/_control/");
    sim_buf_add(&path, what, mark ? (size_t)(mark - what) : strlen(what));
    q = sim_req_make(method, path.s, mark ? mark + 1 : NULL, NULL, NULL, body,
                     body ? strlen(body) : 0, 1);
    sim_control_serve(q);
    *ok = q->status == 200;
    said.len = 0;
    sim_buf_add(&said, q->out.s, q->out.len);
    sim_req_free(q);
    sim_buf_free(&path);
    return said.s;
}
