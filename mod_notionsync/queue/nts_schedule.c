/* nts_schedule.c - what a group has to do: coalesced, ordered, and each record one run at a time. */
#include <stdlib.h>

#include "queue/nts_task_impl.h"

/* Wakes remembered, so that a task does not lie down for what has just happened. A task that ran
 * while more than these came is taken to have missed one: it runs once more, no harm done. */
#define WAKES_KEPT 256

struct nts_schedule_t {
    apr_interval_time_t debounce;
    nts_task_heap_t heaps[NTS_URGENCY_COUNT];
    nts_task_table_t table;
    nts_schedule_counts_t counts;
    apr_uint64_t order;
    apr_uint64_t wakes[WAKES_KEPT]; /* hashes of what was woken; number n at n % WAKES_KEPT */
    apr_uint64_t wake_count;
};

static apr_status_t destroy(void *schedule)
{
    nts_schedule_t *s = schedule;
    int i;

    nts_table_destroy(&s->table);
    for (i = 0; i < NTS_URGENCY_COUNT; i++) {
        free(s->heaps[i].tasks);
    }
    return APR_SUCCESS;
}

nts_schedule_t *nts_schedule_create(apr_interval_time_t debounce, apr_pool_t *p)
{
    nts_schedule_t *s = apr_pcalloc(p, sizeof(*s));

    s->debounce = debounce;
    apr_pool_cleanup_register(p, s, destroy, apr_pool_cleanup_null);
    return s;
}

/* --- the three states */

/* Take a task out of whatever it does. */
static void leave_state(nts_schedule_t *s, nts_task_t *task)
{
    switch (task->state) {
    case NTS_TASK_WAITING:
        s->counts.waiting[task->urgency]--;
        nts_heap_remove(&s->heaps[task->urgency], task);
        break;
    case NTS_TASK_LYING:
        s->counts.lying--;
        nts_heap_remove(&s->heaps[task->urgency], task);
        nts_table_lift(&s->table, task);
        break;
    case NTS_TASK_RUNNING:
    default:
        s->counts.running--;
        break;
    }
}

static void enter_waiting(nts_schedule_t *s, nts_task_t *task, nts_urgency_t urgency,
                          apr_time_t due)
{
    task->state = NTS_TASK_WAITING;
    task->urgency = urgency;
    task->due = due;
    s->counts.waiting[urgency]++;
    nts_heap_insert(&s->heaps[urgency], task);
}

static void enter_lying(nts_schedule_t *s, nts_task_t *task, const char *what, apr_time_t until)
{
    task->state = NTS_TASK_LYING;
    task->due = until;
    s->counts.lying++;
    nts_table_lay(&s->table, task, what);
    if (until != NTS_NEVER) {
        nts_heap_insert(&s->heaps[task->urgency], task);
    }
}

static void enter_running(nts_schedule_t *s, nts_task_t *task)
{
    task->state = NTS_TASK_RUNNING;
    task->again = 0;
    task->wakes_seen = s->wake_count;
    s->counts.running++;
}

/* --- notices */

static apr_time_t debounced_due(const nts_schedule_t *s, apr_time_t first, apr_time_t now)
{
    apr_interval_time_t longest = s->debounce > NTS_DEBOUNCE_MAX ? s->debounce : NTS_DEBOUNCE_MAX;
    apr_time_t last = first + longest;

    return now + s->debounce < last ? now + s->debounce : last;
}

static void notice_running(const nts_schedule_t *s, nts_task_t *task, nts_urgency_t urgency,
                           apr_time_t now)
{
    if (!task->again) {
        task->again = 1;
        task->again_noticed = now;
        task->again_urgency = urgency;
        task->again_due = urgency == NTS_LIVE ? debounced_due(s, now, now) : now;
        return;
    }
    if (urgency == NTS_LIVE) {
        task->again_due = debounced_due(s, task->again_noticed, now);
        task->again_urgency = NTS_LIVE;
    }
}

/* A task that waits or lies: when is it due now? */
static void notice_resting(nts_schedule_t *s, nts_task_t *task, nts_urgency_t urgency,
                           apr_time_t now)
{
    apr_time_t due = task->due;

    if (urgency == NTS_BULK) {
        due = now < due ? now : due;
        urgency = task->urgency;
    }
    else if (task->debounced) {
        due = debounced_due(s, task->debounced, now);
    }
    else {
        /* It rests for another reason: this is the first notice of a row, and half-typed values
         * are not to travel even if it was due already. */
        task->debounced = now;
        due = debounced_due(s, now, now);
    }
    if (!task->noticed) {
        task->noticed = now;
    }
    leave_state(s, task);
    enter_waiting(s, task, urgency, due);
}

nts_task_t *nts_schedule_add(nts_schedule_t *s, const char *key, nts_urgency_t urgency,
                             apr_time_t now)
{
    nts_task_t *task = nts_table_find(&s->table, key);

    if (!task) {
        task = nts_schedule_add_at(s, key, urgency,
                                   urgency == NTS_LIVE ? debounced_due(s, now, now) : now);
        task->noticed = now;
        task->debounced = urgency == NTS_LIVE ? now : 0;
    }
    else if (task->state == NTS_TASK_RUNNING) {
        notice_running(s, task, urgency, now);
    }
    else {
        notice_resting(s, task, urgency, now);
    }
    return task;
}

nts_task_t *nts_schedule_add_at(nts_schedule_t *s, const char *key, nts_urgency_t urgency,
                                apr_time_t due)
{
    nts_task_t *task = nts_table_find(&s->table, key);

    if (!task) {
        task = nts_table_insert(&s->table, key);
        task->order = ++s->order;
        enter_waiting(s, task, urgency, due);
    }
    return task;
}

nts_task_t *nts_schedule_add_late(nts_schedule_t *s, const char *key, nts_urgency_t urgency,
                                  apr_time_t due)
{
    nts_task_t *task = nts_schedule_add_at(s, key, urgency, due);

    if (task->state == NTS_TASK_RUNNING) {
        if (!task->again) {
            task->again = 1;
            task->again_noticed = due;
            task->again_urgency = urgency;
            task->again_due = due;
        }
    }
    else if (task->due > due) {
        leave_state(s, task);
        enter_waiting(s, task, task->urgency, due);
    }
    return task;
}

void nts_schedule_hurry(nts_schedule_t *s, nts_task_t *task)
{
    if (task->state == NTS_TASK_WAITING && task->urgency == NTS_BULK) {
        leave_state(s, task);
        enter_waiting(s, task, NTS_LIVE, task->due);
    }
}

/* --- running */

nts_task_t *nts_schedule_pop(nts_schedule_t *s, nts_urgency_t least, apr_time_t now)
{
    int urgency;

    for (urgency = NTS_LIVE; urgency <= (int)least; urgency++) {
        nts_task_t *task = nts_heap_first(&s->heaps[urgency]);

        if (task && task->due <= now) {
            leave_state(s, task);
            enter_running(s, task);
            return task;
        }
    }
    return NULL;
}

apr_time_t nts_schedule_next_due(const nts_schedule_t *s, nts_urgency_t urgency)
{
    const nts_task_t *task = nts_heap_first(&s->heaps[urgency]);

    return task ? task->due : NTS_NEVER;
}

/* The end of a run that was noticed meanwhile. */
static int go_again(nts_schedule_t *s, nts_task_t *task)
{
    if (!task->again) {
        return 0;
    }
    task->noticed = task->again_noticed;
    task->debounced = task->again_urgency == NTS_LIVE ? task->again_noticed : 0;
    task->order = ++s->order; /* behind those that waited while it ran */
    enter_waiting(s, task, task->again_urgency, task->again_due);
    return 1;
}

void nts_schedule_finish(nts_schedule_t *s, nts_task_t *task)
{
    leave_state(s, task);
    task->failures = 0;
    if (!go_again(s, task)) {
        nts_table_remove(&s->table, task);
    }
}

void nts_schedule_retry(nts_schedule_t *s, nts_task_t *task, apr_time_t due)
{
    leave_state(s, task);
    task->failures++;
    if (!go_again(s, task)) {
        task->debounced = 0;
        enter_waiting(s, task, task->urgency, due);
    }
}

static int was_woken_since(const nts_schedule_t *s, apr_uint64_t since, const char *what)
{
    apr_uint64_t hash = nts_task_hash(what);
    apr_uint64_t n;

    if (s->wake_count - since > WAKES_KEPT) {
        return 1;
    }
    for (n = since; n < s->wake_count; n++) {
        if (s->wakes[n % WAKES_KEPT] == hash) {
            return 1;
        }
    }
    return 0;
}

void nts_schedule_wait(nts_schedule_t *s, nts_task_t *task, const char *what, apr_time_t until,
                       apr_time_t now)
{
    leave_state(s, task);
    if (go_again(s, task)) {
        return;
    }
    task->debounced = 0;
    if (was_woken_since(s, task->wakes_seen, what)) {
        enter_waiting(s, task, task->urgency, now);
    }
    else {
        enter_lying(s, task, what, until);
    }
}

void nts_schedule_put_back(nts_schedule_t *s, nts_task_t *task)
{
    leave_state(s, task);
    if (task->again && task->again_urgency < task->urgency) {
        task->urgency = task->again_urgency;
    }
    enter_waiting(s, task, task->urgency, task->due);
}

int nts_schedule_wake(nts_schedule_t *s, const char *what, apr_time_t now)
{
    nts_task_t *task;
    int woken = 0;

    s->wakes[s->wake_count++ % WAKES_KEPT] = nts_task_hash(what);
    while ((task = nts_table_lying_for(&s->table, what)) != NULL) {
        leave_state(s, task);
        enter_waiting(s, task, task->urgency, now);
        woken++;
    }
    return woken;
}

/* --- what a task tells */

const char *nts_task_key(const nts_task_t *task)
{
    return task->key;
}

nts_urgency_t nts_task_urgency(const nts_task_t *task)
{
    return task->urgency;
}

int nts_task_failures(const nts_task_t *task)
{
    return task->failures;
}

apr_time_t nts_task_noticed(const nts_task_t *task)
{
    return task->noticed;
}

void *nts_task_data(const nts_task_t *task)
{
    return task->data;
}

void nts_task_set_data(nts_task_t *task, void *data)
{
    task->data = data;
}

void nts_schedule_each(const nts_schedule_t *s, nts_task_fn *fn, void *baton)
{
    nts_table_each(&s->table, fn, baton);
}

nts_schedule_counts_t nts_schedule_count(const nts_schedule_t *s)
{
    return s->counts;
}

apr_interval_time_t nts_backoff(int failures, const nts_random_t *random, apr_interval_time_t base,
                                apr_interval_time_t max)
{
    apr_interval_time_t longest = base < max ? base : max;
    apr_interval_time_t half;
    apr_interval_time_t step;

    while (--failures > 0 && longest < max) {
        longest = longest > max / 2 ? max : 2 * longest;
    }
    half = longest / 2;
    step = (apr_interval_time_t)nts_random_below(random, 65537);
    /* half * step / 65536 without overflow */
    return longest - half + half / 65536 * step + half % 65536 * step / 65536;
}
