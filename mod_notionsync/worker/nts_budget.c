/* nts_budget.c - a window of requests, made durable in chunks. */
#include <string.h>

#include <apr_tables.h>

#include "base/nts_log.h"
#include "worker/nts_budget.h"

/* Released chunks only shorten what a successor waits: they can wait for company. */
#define RELEASE_DELAY apr_time_from_sec(2)
/* After the store refused a reservation. */
#define RESERVE_AGAIN apr_time_from_sec(1)
#define GATE_LONGEST apr_time_from_sec(3600)
/* Less is drift. */
#define CLOCK_STEP apr_time_from_sec(1)

typedef struct done_chunk_t {
    apr_int64_t chunk;
    apr_time_t answered; /* wall clock */
} done_chunk_t;

struct nts_budget_t {
    nts_budget_config_t config;
    nts_window_t *window;
    nts_timer_t ready;
    nts_unit_t reserve;
    apr_int64_t reserved_chunk;
    int reserved_count;
    nts_timer_t collect;
    nts_unit_t release;
    apr_array_header_t *done; /* done_chunk_t: being released */
    nts_unit_t gate;
    apr_time_t gate_until; /* wall clock */
    nts_unit_t move;
    apr_interval_time_t apart; /* wall clock from the one that nobody sets, at the last look */
    apr_interval_time_t
        step; /* the wall clock was set forward by so much, and the store's answers were not */
    apr_interval_time_t moving; /* of that, what is being stored */
    int was_set;                /* forward, before this was opened, and nobody lived to see it */
};

static apr_time_t mono(const nts_budget_t *b)
{
    return b->config.clock->mono(b->config.clock->baton);
}

static apr_time_t wall(const nts_budget_t *b)
{
    return b->config.clock->wall(b->config.clock->baton);
}

static nts_moment_t moment(const nts_budget_t *b)
{
    nts_moment_t now = { wall(b), mono(b) };

    return now;
}

static void tell_ready(void *baton)
{
    nts_budget_t *b = baton;
    apr_interval_time_t left = nts_window_closed_until(b->window) - mono(b);

    if (left > 0) {
        /* Something shorter moved the timer: the gate's end must not be missed. */
        nts_timer_set(b->config.loop, &b->ready, left);
        return;
    }
    b->config.ready(b->config.baton);
}

/* --- reserving ahead */

static apr_status_t store_reserve(void *baton, nts_store_t *store, int again)
{
    nts_budget_t *b = baton;

    (void)again;
    return nts_store_reserve(&b->reserved_chunk, store, b->config.service->id, b->reserved_count,
                             moment(b));
}

static void have_reserved(void *baton, apr_status_t rv)
{
    nts_budget_t *b = baton;

    if (rv != APR_SUCCESS) {
        nts_log(NTS_LOG_ERROR, rv,
                "service %s: requests could not be reserved in the store; trying again in %d s",
                b->config.service->name, (int)apr_time_sec(RESERVE_AGAIN));
        nts_timer_set(b->config.loop, &b->ready, RESERVE_AGAIN);
        return;
    }
    nts_window_reserved(b->window, b->reserved_chunk, b->reserved_count);
    b->config.ready(b->config.baton);
}

static void reserve_ahead(nts_budget_t *b)
{
    int wanted = nts_window_wants(b->window);

    if (wanted > 0 && !nts_unit_is_added(&b->reserve)) {
        b->reserved_count = wanted;
        nts_commits_add(b->config.commits, &b->reserve, 1);
    }
}

int nts_budget_take(nts_budget_t *b, int n, nts_urgency_t urgency, int *slots)
{
    apr_interval_time_t wait = nts_window_take(b->window, slots, n, urgency, mono(b));

    reserve_ahead(b);
    if (wait == 0) {
        return 1;
    }
    if (wait > 0) {
        nts_timer_hasten(b->config.loop, &b->ready, wait);
    }
    else if (wait == NTS_WINDOW_NEVER) {
        nts_log(NTS_LOG_ERROR, 0,
                "service %s: the budget of %d requests is too small for %d at once",
                b->config.service->name, nts_window_capacity(b->window), n);
    }
    return 0;
}

/* --- releasing */

static apr_status_t store_release(void *baton, nts_store_t *store, int again)
{
    nts_budget_t *b = baton;
    apr_status_t rv = APR_SUCCESS;
    int i;

    (void)again;
    for (i = 0; rv == APR_SUCCESS && i < b->done->nelts; i++) {
        const done_chunk_t *done = &APR_ARRAY_IDX(b->done, i, done_chunk_t);

        rv = nts_store_release(store, done->chunk, done->answered);
    }
    return rv;
}

static void have_released(void *baton, apr_status_t rv)
{
    nts_budget_t *b = baton;

    if (rv != APR_SUCCESS) {
        nts_log(
            NTS_LOG_WARNING, rv,
            "service %s: answered requests could not be released in the store; a successor will "
            "count them longer than it needs to",
            b->config.service->name);
    }
    apr_array_clear(b->done);
}

static void collect_done(nts_budget_t *b, int all)
{
    apr_int64_t chunk;
    apr_interval_time_t since;

    if (nts_unit_is_added(&b->release)) {
        return;
    }
    while (nts_window_next_done(b->window, &chunk, &since, all, mono(b))) {
        done_chunk_t *done = apr_array_push(b->done);

        done->chunk = chunk;
        done->answered = wall(b) - since;
    }
    if (b->done->nelts > 0) {
        nts_commits_add(b->config.commits, &b->release, 0);
    }
}

static void collect_now(void *baton)
{
    collect_done(baton, 0);
}

void nts_budget_answered(nts_budget_t *b, int slot)
{
    nts_window_answered(b->window, slot, mono(b));
    nts_timer_hasten(b->config.loop, &b->collect, RELEASE_DELAY);
}

void nts_budget_return(nts_budget_t *b, int slot)
{
    nts_window_unused(b->window, slot);
    nts_timer_hasten(b->config.loop, &b->ready, 0);
}

/* --- the gate */

static apr_status_t store_gate(void *baton, nts_store_t *store, int again)
{
    nts_budget_t *b = baton;

    (void)again;
    return nts_store_gate(store, b->config.service->id, b->gate_until);
}

/* Close the window until a wall time, which is not trusted to be near (D56). Zero: it is closed for longer already. That is told by the
 * clock that nobody sets: after a step back an earlier gate would seem to end later (seeds 401600, 402706 of the simulation). */
static int close_until(nts_budget_t *b, apr_time_t until)
{
    apr_interval_time_t left = until - wall(b);

    left = left > GATE_LONGEST ? GATE_LONGEST : left;
    if (left <= 0 || mono(b) + left <= nts_window_closed_until(b->window)) {
        return 0;
    }
    nts_window_close(b->window, mono(b) + left);
    nts_timer_set(b->config.loop, &b->ready, left);
    return 1;
}

void nts_budget_gate(nts_budget_t *b, apr_time_t until)
{
    if (close_until(b, until)) {
        b->gate_until = until;
        nts_commits_add(b->config.commits, &b->gate, 1);
    }
}

static apr_status_t store_move(void *baton, nts_store_t *store, int again)
{
    nts_budget_t *b = baton;

    (void)again;
    b->moving = b->step;
    return nts_store_answers_moved(store, b->config.service->id, b->moving);
}

/* What could not be stored is with the next look. */
static void have_moved(void *baton, apr_status_t rv)
{
    nts_budget_t *b = baton;

    b->step -= rv == APR_SUCCESS ? b->moving : 0;
}

/* Answers by a clock that was set forward since look as old as that, and their window as over (seed 613435 of the simulation). By one that
 * was set back they seem to come from the future, which the store knows how to take. */
static void move_answers(nts_budget_t *b)
{
    apr_interval_time_t apart = wall(b) - mono(b), step = apart - b->apart;

    if (step > CLOCK_STEP || step < -CLOCK_STEP) {
        b->apart = apart;
        b->step += step > 0 ? step : 0;
    }
    if (b->step > 0) {
        nts_commits_add(b->config.commits, &b->move, 1);
    }
}

void nts_budget_look_at_clock(nts_budget_t *b)
{
    apr_time_t until = nts_budget_gated_until(b);

    move_answers(b);

    if (until && b->gate_until + CLOCK_STEP < until) {
        b->gate_until = until;
        nts_commits_add(b->config.commits, &b->gate, 1);
    }
}

apr_time_t nts_budget_gated_until(const nts_budget_t *b)
{
    apr_interval_time_t left = nts_window_closed_until(b->window) - mono(b);

    return left > 0 ? wall(b) + left : 0;
}

int nts_budget_used(nts_budget_t *b, int *capacity)
{
    *capacity = nts_window_capacity(b->window);
    return nts_window_used(b->window, mono(b));
}

/* --- beginning and end */

apr_status_t nts_budget_open(nts_budget_t **budget, const nts_budget_config_t *config,
                             apr_pool_t *p)
{
    nts_budget_t *b = apr_pcalloc(p, sizeof(*b));
    const nts_service_t *service = config->service;
    apr_time_t gate = 0;
    int inherited = 0;
    apr_status_t rv;

    *budget = NULL;
    b->config = *config;
    b->done = apr_array_make(p, 8, sizeof(done_chunk_t));
    nts_timer_init(&b->ready, tell_ready, b);
    nts_timer_init(&b->collect, collect_now, b);
    nts_unit_init(&b->reserve, store_reserve, have_reserved, b);
    nts_unit_init(&b->release, store_release, have_released, b);
    nts_unit_init(&b->gate, store_gate, NULL, b);
    nts_unit_init(&b->move, store_move, have_moved, b);
    b->apart = wall(b) - mono(b);
    b->window = nts_window_create(service->budget_requests, service->budget_window, p);
    rv = nts_store_inherit(&inherited, &gate, &b->was_set, config->store, service->id,
                           service->budget_window, moment(b));
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (inherited > 0) {
        nts_window_inherit(b->window, inherited, mono(b) + service->budget_window);
    }
    b->gate_until = gate;
    (void)close_until(b, gate);
    reserve_ahead(b);
    *budget = b;
    return APR_SUCCESS;
}

int nts_budget_was_set(const nts_budget_t *b)
{
    return b->was_set;
}

void nts_budget_close(nts_budget_t *b)
{
    nts_timer_cancel(b->config.loop, &b->ready);
    nts_timer_cancel(b->config.loop, &b->collect);
    nts_commits_forget(b->config.commits, &b->reserve);
    nts_budget_look_at_clock(b); /* set since the last look, and nobody looks after this (471774) */
    collect_done(b, 1);
}
