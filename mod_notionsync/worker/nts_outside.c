/* nts_outside.c - the external change table: noticing changes, and taking them into the inbox. */
#include <string.h>

#include "base/nts_log.h"
#include "worker/nts_contact.h"
#include "worker/nts_events_impl.h"
#include "worker/nts_flow.h"
#include "worker/nts_reconcile.h"

/* Without a descriptor the table is polled; with one this is a safety net. */
#define POLL apr_time_from_sec(2)
#define SAFETY apr_time_from_sec(30)
/* While our own writes make the descriptor readable all the time. */
#define NOT_SOONER apr_time_from_msec(5)
/* Own writes move the counter without anything to store: now and then that is stored too. */
#define LAG_MAX 1000
#define LAG_TIME apr_time_from_sec(5)
#define FAIL_BASE apr_time_from_sec(1)
#define FAIL_MAX apr_time_from_sec(30)

/* A descriptor tells of a write, not of a commit: SQLite writes its log first, then waits for the disk, then
 * shows the change to readers, which no one is told of. So a wake-up is followed by several looks. */
static const apr_interval_time_t looks[] = { 4000, 20000, 100000, 500000 };
#define LOOKS ((int)(sizeof(looks) / sizeof(looks[0])))

static void ask_changes(void *baton);

static void look_later(nts_events_t *e)
{
    apr_interval_time_t wait = e->watch < 0 ? POLL : SAFETY;

    if (e->looks < LOOKS) {
        wait = looks[e->looks++];
    }
    if (e->counter > e->flow->status.counter && wait > LAG_TIME) {
        wait = LAG_TIME;
    }
    nts_timer_hasten(e->flow->host->loop, &e->outside, wait);
}

void nts_events_look_outside(nts_flow_t *flow)
{
    nts_events_t *e = flow->events;
    apr_interval_time_t since = nts_host_mono(flow->host) - e->outside_at;

    if (!flow->is_on || !flow->given->traits[NTS_EXTERNAL]->tells_changes) {
        return;
    }
    if (e->outside_asking) {
        e->outside_again = 1;
        return;
    }
    nts_timer_hasten(flow->host->loop, &e->outside, since < NOT_SOONER ? NOT_SOONER - since : 0);
}

/* --- the descriptor, which mappings of one database may share */

static void watch_readable(void *baton)
{
    nts_events_t *e = baton;
    nts_group_t *group = e->flow->group;
    int watch = e->watch;
    int i;

    if (!nts_port_watch_drain(e->flow->end[NTS_EXTERNAL].port, watch)) {
        return;
    }
    for (i = 0; i < group->flow_count; i++) {
        if (group->flows[i]->events->watch == watch) {
            group->flows[i]->events->looks = 0;
            nts_events_look_outside(group->flows[i]);
        }
    }
}

static void unwatch(nts_events_t *e)
{
    if (e->watches) {
        nts_loop_unwatch(e->flow->host->loop, e->watch);
    }
    e->watches = 0;
    e->watch = -1;
}

static void watch(nts_events_t *e)
{
    nts_group_t *group = e->flow->group;
    int fd = nts_port_watch(e->flow->end[NTS_EXTERNAL].port, e->flow->mapping);
    int i;

    if (fd == e->watch) {
        return;
    }
    unwatch(e);
    e->watch = fd;
    if (fd < 0) {
        return;
    }
    for (i = 0; i < group->flow_count; i++) {
        const nts_events_t *other = group->flows[i]->events;

        if (other != e && other->watch == fd && other->watches) {
            return;
        }
    }
    e->watches = 1;
    nts_loop_watch(e->flow->host->loop, fd, watch_readable, e);
}

/* --- taking */

static apr_status_t store_changes(void *baton, nts_store_t *store, int again)
{
    nts_events_t *e = baton;

    (void)again;
    return nts_store_take_changes(store, e->flow->given->id, e->rows, e->row_count, e->taking,
                                  e->flow->status.witness, e->flow->status.witness_at);
}

static void release_answer(nts_events_t *e)
{
    if (e->outside_pool) {
        apr_pool_destroy(e->outside_pool);
    }
    e->outside_pool = NULL;
    e->rows = NULL;
    e->row_count = 0;
    e->outside_asking = 0;
}

static void look_after_failure(nts_events_t *e)
{
    nts_timer_set(e->flow->host->loop, &e->outside,
                  nts_backoff(++e->outside_failures, e->flow->host->random, FAIL_BASE, FAIL_MAX));
}

static void have_stored(void *baton, apr_status_t rv)
{
    nts_events_t *e = baton;
    int had_rows = e->row_count > 0;

    release_answer(e);
    if (rv != APR_SUCCESS) {
        nts_log(NTS_LOG_ERROR, rv, "mapping %s: changes could not be stored; they are read again",
                e->flow->label);
        e->counter = e->flow->status.counter;
        look_after_failure(e);
    }
    else {
        e->outside_failures = 0;
        e->flow->status.counter = e->taking;
        if (had_rows) {
            nts_events_look(e->flow);
            nts_events_tell_referrers(e->flow); /* a key that they wait for may have come */
        }
        if (e->outside_again) {
            e->outside_again = 0;
            nts_events_look_outside(e->flow);
        }
        look_later(e);
    }
    nts_contact_work_ended(e->flow->contact);
}

static const char *kind_of(const nts_change_t *change, apr_pool_t *p)
{
    return apr_psprintf(p, "change.%c", change->op);
}

static void fill_row(nts_inbox_row_t *row, const nts_flow_t *flow, const nts_answer_t *answer,
                     const nts_change_t *change, apr_pool_t *p)
{
    const char *instance = answer->instance ? answer->instance : flow->status.instance;

    memset(row, 0, sizeof(*row));
    row->mapping = flow->given->id;
    row->notice.side = NTS_EXTERNAL;
    row->notice.record = change->op == 't' ? NULL : change->key;
    row->notice.event =
        apr_psprintf(p, "change:%s:%" APR_INT64_T_FMT, instance ? instance : "", change->number);
    row->notice.kind = kind_of(change, p);
    row->notice.old_key = change->old_key;
    row->notice.intent = change->intent;
    row->notice.image = change->image;
    row->notice.at = change->at;
}

/* What is not our own work goes into the inbox. Another mapping's intent is a change to this one. */
static void take(nts_events_t *e, const nts_answer_t *answer)
{
    nts_flow_t *flow = e->flow;
    apr_int64_t lag = answer->last_change - flow->status.counter;
    int is_lagging = lag > LAG_MAX || (lag > 0 && answer->change_count == 0);
    int i;

    e->rows =
        apr_pcalloc(e->outside_pool, ((apr_size_t)answer->change_count + 1) * sizeof(*e->rows));
    e->row_count = 0;
    for (i = 0; i < answer->change_count; i++) {
        const nts_change_t *change = &answer->changes[i];

        if (!change->intent || !nts_flow_has_intent(flow, change->intent)) {
            fill_row(&e->rows[e->row_count++], flow, answer, change, e->outside_pool);
        }
    }
    e->counter = answer->last_change;
    if (answer->witness_at && !flow->status.waiting_instance) {
        flow->status.witness = answer->witness;
        flow->status.witness_at = answer->witness_at;
    }
    e->outside_again |= answer->change_count > 0 && answer->counter > answer->last_change;
    if (e->row_count == 0 && !is_lagging) {
        e->outside_failures = 0;
        release_answer(e);
        if (e->outside_again) {
            e->outside_again = 0;
            nts_events_look_outside(flow);
        }
        look_later(e);
        return;
    }
    e->taking = e->counter;
    nts_commits_add(flow->host->commits, &e->take_unit, 1);
}

static void answered(void *baton, const nts_answer_t *answer)
{
    nts_events_t *e = baton;
    nts_flow_t *flow = e->flow;
    nts_outcome_t why;
    apr_pool_t *p = e->outside_pool;

    if (!flow->is_on || flow->group->lost) {
        release_answer(e);
        nts_contact_work_ended(flow->contact);
        return;
    }
    if (answer->result == NTS_RESULT_OK && answer->counter >= flow->status.counter &&
        !answer->is_rewritten) {
        take(e, answer);
        return;
    }
    why = answer->outcome;
    e->outside_pool = NULL;
    release_answer(e);
    if (answer->result == NTS_RESULT_OK) {
        /* The counter went back, or came to pass ours anew: the database was restored. Contact tells a person (S4.1). */
        nts_contact_set_back(flow->contact, answer);
    }
    else if (answer->result == NTS_RESULT_BLOCKED) {
        nts_flow_block(flow, &why);
    }
    else {
        nts_log(e->outside_failures == 0 ? NTS_LOG_WARNING : NTS_LOG_DEBUG, 0,
                "mapping %s: changes cannot be read: %s", flow->label, nts_outcome_text(&why, p));
        look_after_failure(e);
    }
    apr_pool_destroy(p);
}

/* Entries that every mapping of the table has in its inbox may be deleted there. */
static apr_int64_t settled_to(const nts_flow_t *flow)
{
    apr_int64_t own = flow->status.counter;
    apr_int64_t other = -1;

    if (nts_store_sibling_counter(&other, flow->host->store, flow->given->id,
                                  flow->status.instance) != APR_SUCCESS) {
        return 0;
    }
    return other >= 0 && other < own ? other : own;
}

static void ask_changes(void *baton)
{
    nts_events_t *e = baton;
    nts_flow_t *flow = e->flow;
    nts_ask_t ask = { 0 };

    if (e->outside_asking || !flow->is_on || !nts_flow_is_running(flow)) {
        return;
    }
    e->outside_asking = 1;
    e->outside_again = 0;
    e->outside_at = nts_host_mono(flow->host);
    (void)apr_pool_create(&e->outside_pool, flow->p);
    apr_pool_tag(e->outside_pool, "nts_outside");
    ask.kind = NTS_ASK_CHANGES;
    ask.side = NTS_EXTERNAL;
    ask.mapping = flow->mapping;
    /* Copied: the status is renewed when anything of it changes. */
    ask.instance = apr_pstrdup(e->outside_pool, flow->status.instance);
    ask.since = e->counter;
    ask.settled_to = settled_to(flow);
    ask.witness = flow->status.witness;
    ask.witness_at = flow->status.witness_at;
    nts_port_ask(flow->end[NTS_EXTERNAL].port, &ask, NTS_LIVE, NULL, answered, e, e->outside_pool);
}

/* --- life */

void nts_outside_init(nts_events_t *e)
{
    e->watch = -1;
    e->looks = LOOKS;
    nts_timer_init(&e->outside, ask_changes, e);
    nts_unit_init(&e->take_unit, store_changes, have_stored, e);
}

void nts_outside_start(nts_events_t *e)
{
    if (!e->flow->given->traits[NTS_EXTERNAL]->tells_changes) {
        return;
    }
    if (!e->outside_asking) {
        e->counter = e->flow->status.counter;
    }
    watch(e);
    nts_events_look_outside(e->flow);
}

void nts_outside_stop(nts_events_t *e)
{
    nts_timer_cancel(e->flow->host->loop, &e->outside);
    unwatch(e);
}
