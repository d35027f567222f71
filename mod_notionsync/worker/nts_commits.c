/* nts_commits.c - one transaction for all that a turn wants stored. */
#include <string.h>

#include "worker/nts_commits.h"

/* A transaction holds the one writer lock of all processes, hooks included. */
#define LONGEST apr_time_from_msec(4)
/* Waiting for that lock stops the loop, so it is not waited for long. */
#define LOCK_WAIT apr_time_from_msec(1000)
#define FIRST_PAUSE apr_time_from_msec(100)
#define LAST_PAUSE apr_time_from_sec(5)
/* On a busy machine others may hold the lock for longer than that; it is a trouble when it lasts. */
#define LOCK_PATIENCE apr_time_from_sec(10)

struct nts_commits_t {
    nts_store_t *store;
    nts_loop_t *loop;
    const nts_clock_t *clock;
    nts_commits_trouble_fn *trouble;
    void *baton;
    nts_unit_t *live;
    nts_unit_t **live_end;
    nts_unit_t *bulk;
    nts_unit_t **bulk_end;
    nts_unit_t *stored; /* inside the transaction under way */
    nts_unit_t **stored_end;
    nts_timer_t again;
    apr_interval_time_t pause; /* 0: the store works */
    apr_time_t failing_since;  /* mono; while there is a pause */
    int told;                  /* of the trouble */
    int alone;                 /* units still to be stored one by one, after a failure among them */
};

/* The timer only wakes the loop: the turn's end does the rest. */
static void try_again(void *baton)
{
    (void)baton;
}

nts_commits_t *nts_commits_create(nts_store_t *store, nts_loop_t *loop, const nts_clock_t *clock,
                                  nts_commits_trouble_fn *trouble, void *baton, apr_pool_t *p)
{
    nts_commits_t *c = apr_pcalloc(p, sizeof(*c));

    c->store = store;
    c->loop = loop;
    c->clock = clock;
    c->trouble = trouble;
    c->baton = baton;
    c->live_end = &c->live;
    c->bulk_end = &c->bulk;
    c->stored_end = &c->stored;
    nts_timer_init(&c->again, try_again, c);
    return c;
}

/* --- lists: each keeps where its end is, and each unit what points to it */

static void append(nts_unit_t ***end, nts_unit_t *unit)
{
    unit->next = NULL;
    unit->back = *end;
    **end = unit;
    *end = &unit->next;
}

static void fix_end(nts_unit_t ***end, nts_unit_t *unit)
{
    if (*end == &unit->next) {
        *end = unit->back;
    }
}

static void take_out(nts_commits_t *c, nts_unit_t *unit)
{
    if (!unit->back) {
        return;
    }
    fix_end(&c->live_end, unit);
    fix_end(&c->bulk_end, unit);
    fix_end(&c->stored_end, unit);
    *unit->back = unit->next;
    if (unit->next) {
        unit->next->back = unit->back;
    }
    unit->back = NULL;
    unit->next = NULL;
}

void nts_unit_init(nts_unit_t *unit, nts_unit_store_fn *store, nts_unit_then_fn *then, void *baton)
{
    memset(unit, 0, sizeof(*unit));
    unit->store = store;
    unit->then = then;
    unit->baton = baton;
}

void nts_commits_add(nts_commits_t *c, nts_unit_t *unit, int live)
{
    if (!unit->back) {
        unit->tried = 0;
        append(live ? &c->live_end : &c->bulk_end, unit);
    }
}

void nts_commits_forget(nts_commits_t *c, nts_unit_t *unit)
{
    take_out(c, unit);
}

int nts_commits_is_empty(const nts_commits_t *c)
{
    return !c->live && !c->bulk;
}

/* --- storing */

/* The whole store failed: everything waits. */
static void pause_all(nts_commits_t *c, apr_status_t rv)
{
    apr_time_t now = c->clock->mono(c->clock->baton);

    if (!c->pause) {
        c->failing_since = now;
    }
    c->pause = c->pause ? c->pause * 2 : FIRST_PAUSE;
    if (c->pause > LAST_PAUSE) {
        c->pause = LAST_PAUSE;
    }
    nts_timer_set(c->loop, &c->again, c->pause);
    if (rv != APR_TIMEUP || now - c->failing_since >= LOCK_PATIENCE) {
        c->told = 1;
        c->trouble(c->baton, rv);
    }
}

/* Put what was in a transaction that came to nothing back in front, in its order. */
static void put_back(nts_commits_t *c)
{
    nts_unit_t *first = c->stored;

    if (!first) {
        return;
    }
    *c->stored_end = c->live;
    if (c->live) {
        c->live->back = c->stored_end;
    }
    else {
        c->live_end = c->stored_end;
    }
    c->live = first;
    first->back = &c->live;
    c->stored = NULL;
    c->stored_end = &c->stored;
}

static void tell(nts_commits_t *c, apr_status_t rv)
{
    nts_unit_t *unit;

    while ((unit = c->stored) != NULL) {
        take_out(c, unit);
        if (unit->then) {
            unit->then(unit->baton, rv); /* the unit may be gone afterwards */
        }
    }
}

static nts_unit_t *next_unit(const nts_commits_t *c)
{
    return c->live ? c->live : c->bulk;
}

/* Run units inside the transaction until time is up, there are none left, or one fails. */
static apr_status_t store_some(nts_commits_t *c)
{
    apr_time_t began = c->clock->mono(c->clock->baton);
    nts_unit_t *unit;
    apr_status_t rv = APR_SUCCESS;

    while (rv == APR_SUCCESS && (unit = next_unit(c)) != NULL) {
        take_out(c, unit);
        append(&c->stored_end, unit);
        rv = unit->store(unit->baton, c->store, unit->tried);
        unit->tried = 1;
        if (c->alone || c->clock->mono(c->clock->baton) - began > LONGEST) {
            break;
        }
    }
    return rv;
}

static int count_stored(const nts_commits_t *c)
{
    const nts_unit_t *unit;
    int count = 0;

    for (unit = c->stored; unit; unit = unit->next) {
        count++;
    }
    return count;
}

/* One of them failed and doomed the transaction. Next time each goes alone; one that fails alone, though
 * a transaction could be begun, is at fault itself. */
static void sort_out(nts_commits_t *c, apr_status_t rv)
{
    nts_store_rollback(c->store);
    if (c->alone || count_stored(c) == 1) {
        c->alone -= c->alone > 0;
        tell(c, rv);
        return;
    }
    c->alone = count_stored(c);
    put_back(c);
}

int nts_commits_flush(nts_commits_t *c)
{
    apr_status_t rv;

    if (nts_commits_is_empty(c) || nts_timer_is_set(&c->again)) {
        return 0;
    }
    rv = nts_store_begin(c->store, LOCK_WAIT);
    if (rv != APR_SUCCESS) {
        pause_all(c, rv);
        return 0;
    }
    rv = store_some(c);
    if (rv != APR_SUCCESS) {
        sort_out(c, rv);
        return 1;
    }
    rv = nts_store_commit(c->store);
    if (rv != APR_SUCCESS) {
        put_back(c);
        pause_all(c, rv);
        return 0;
    }
    if (c->pause) {
        c->pause = 0;
        if (c->told) {
            c->told = 0;
            c->trouble(c->baton, APR_SUCCESS);
        }
    }
    c->alone -= c->alone > 0;
    tell(c, APR_SUCCESS);
    return 1;
}
