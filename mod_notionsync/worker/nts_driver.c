/* nts_driver.c - the steps of jobs and scans, and what starts jobs. */
#include <string.h>

#include "base/nts_log.h"
#include "store/nts_store_plan.h"
#include "worker/nts_driver.h"
#include "worker/nts_events.h"
#include "worker/nts_flow.h"
#include "worker/nts_reconcile.h"
#include "worker/nts_work.h"

/* Jobs of a group under way; bulk ones leave room for live ones. */
#define JOBS_MAX 64
#define BULK_MAX 32
/* Jobs of one scan that may wait; it goes on when half of them are done. */
#define SPAWNED_MAX 64
/* After the store failed, or a service had no time and said nothing of when. */
#define RETRY_BASE apr_time_from_sec(1)
#define RETRY_MAX apr_time_from_sec(300)
/* A record that another job has in hand; that job's end wakes it. */
#define YIELD_MAX apr_time_from_sec(30)
#define UNTIL_MAX apr_time_from_sec(24 * 3600)

static int perform(nts_work_t *w, const nts_call_t *call);

/* --- ends */

static void tell_ended(nts_work_t *w, nts_ended_fn *fn, nts_step_t step, apr_status_t failed)
{
    nts_ended_t ended = { 0 };

    ended.step = step;
    ended.failed = failed;
    ended.scan = w->scan;
    ended.requests = w->requests;
    if (w->scan) {
        ended.outcome = nts_scan_outcome(w->scan);
        ended.until = nts_scan_until(w->scan);
    }
    else {
        ended.outcome = nts_job_outcome(w->job);
        ended.refused = nts_job_refused(w->job);
        ended.until = nts_job_until(w->job);
        ended.writes = nts_job_writes(w->job);
        ended.planned = nts_job_planned(w->job);
    }
    fn(w->starter->baton, &ended);
}

/* When a job that is not over comes back, on the schedule's clock. */
static apr_time_t due_again(const nts_work_t *w, apr_time_t until)
{
    const nts_host_t *host = w->flow->host;
    int failures = w->task ? nts_task_failures(w->task) + 1 : 1;

    if (until) {
        return nts_host_mono(host) + nts_host_until(host, until, UNTIL_MAX);
    }
    return nts_host_mono(host) + nts_backoff(failures, host->random, RETRY_BASE, RETRY_MAX);
}

/* The scan goes on when few enough of what it spawned are left. Those that wait for a service are not
 * waited for in turn. */
static void wake_scan(nts_starter_t *starter)
{
    nts_work_t *scan = starter->waiting;

    if (scan && starter->jobs - starter->late <= starter->enough) {
        starter->waiting = NULL;
        nts_work_resume(scan);
    }
}

void nts_starter_job_over(nts_starter_t *starter)
{
    starter->jobs--;
    wake_scan(starter);
}

/* It is no longer among its starter's. */
static void forget_errand(const nts_errand_t *errand)
{
    errand->starter->jobs--;
    errand->starter->late -= errand->late;
    wake_scan(errand->starter);
}

/* The spawned record has had its turn: whoever spawned it counts it. */
static void end_errand(nts_work_t *w, nts_step_t step, apr_status_t failed)
{
    nts_starter_t *starter = w->starter;

    forget_errand(w->errand);
    w->errand = NULL;
    w->starter = NULL;
    if (starter->job_ended) {
        w->starter = starter;
        tell_ended(w, starter->job_ended, step, failed);
        w->starter = NULL;
    }
}

/* The task of a job that was not broken off. */
static void end_task(nts_work_t *w, nts_step_t step, apr_status_t failed)
{
    nts_schedule_t *schedule = w->flow->schedule;
    apr_time_t until = nts_job_until(w->job);

    if (failed != APR_SUCCESS) {
        nts_schedule_retry(schedule, w->task, due_again(w, 0));
    }
    else if (step == NTS_STEP_WAIT || (step == NTS_STEP_TROUBLE && until)) {
        nts_schedule_retry(schedule, w->task, due_again(w, until));
    }
    else if (step == NTS_STEP_BLOCKED) {
        nts_schedule_put_back(schedule, w->task);
    }
    else {
        nts_schedule_finish(schedule, w->task);
    }
}

static void log_end(const nts_work_t *w, nts_step_t step, apr_status_t failed)
{
    const int *writes = nts_job_writes(w->job);
    const char *record = w->page ? w->page : w->key ? w->key : "?";

    if (failed != APR_SUCCESS) {
        nts_log(NTS_LOG_ERROR, failed,
                "mapping %s, record %s: the state store failed; it is tried again later",
                w->flow->label, record);
    }
    else if (step == NTS_STEP_DONE && writes[NTS_NOTION] + writes[NTS_EXTERNAL] > 0) {
        nts_log(NTS_LOG_INFO, 0,
                "mapping %s, record %s: in sync, written %d to notion, %d to external",
                w->flow->label, record, writes[NTS_NOTION], writes[NTS_EXTERNAL]);
    }
    else if (step != NTS_STEP_DONE) {
        nts_log(NTS_LOG_DEBUG, 0, "mapping %s, record %s: %s", w->flow->label, record,
                nts_outcome_text(nts_job_outcome(w->job), w->p));
    }
}

/* A spawned record that waits for a busy service is still the scan's. */
static int comes_back(nts_step_t step, apr_status_t failed)
{
    return failed == APR_SUCCESS && step == NTS_STEP_WAIT;
}

static void end_job(nts_work_t *w, nts_step_t step, apr_status_t failed)
{
    nts_flow_t *flow = w->flow;
    int broken_off = failed == APR_EINTR;

    if (flow->end[NTS_NOTION].port) {
        nts_port_return(flow->end[NTS_NOTION].port, &w->grant);
    }
    if (!broken_off) {
        log_end(w, step, failed);
        if (!failed && step == NTS_STEP_WAIT) {
            nts_flow_note_retry(flow, nts_job_outcome(w->job));
        }
        else if (!failed && step == NTS_STEP_DONE) {
            nts_flow_note_success(flow, w->requests > 0);
        }
        nts_segment_count(flow->host, step == NTS_STEP_DONE && !failed ? NTS_COUNT_JOBS_DONE
                                                                       : NTS_COUNT_JOBS_FAILED);
    }
    if (w->task) {
        flow->group->jobs[w->urgency]--;
        if (w->errand && comes_back(step, failed)) {
            w->errand->candidate = NULL; /* the fresh job reads for itself */
            w->starter->late += !w->errand->late;
            w->errand->late = 1;
            wake_scan(w->starter);
            nts_task_set_data(w->task, w->errand);
            w->errand = NULL;
        }
        else if (w->errand) {
            nts_errand_t *errand = w->errand;

            end_errand(w, step, failed);
            apr_pool_destroy(errand->p);
        }
        if (broken_off) {
            nts_schedule_put_back(flow->schedule, w->task);
        }
        else {
            end_task(w, step, failed);
        }
    }
    else if (w->starter) {
        tell_ended(w, w->starter->ended, step, failed);
    }
}

static void work_end(nts_work_t *w, nts_step_t step, apr_status_t failed)
{
    nts_flow_t *flow = w->flow;
    nts_outcome_t blocked = { 0 };
    char tag[NTS_WORK_TAG];
    apr_pool_t *ptemp = NULL;

    memcpy(tag, w->tag, sizeof(tag));
    nts_work_unlink(w);
    if (step == NTS_STEP_BLOCKED && failed == APR_SUCCESS && w->job) {
        (void)apr_pool_create(&ptemp, flow->p);
        nts_outcome_copy(&blocked, nts_job_outcome(w->job), ptemp);
    }
    if (w->scan) {
        tell_ended(w, w->starter->ended, step, failed);
    }
    else {
        end_job(w, step, failed);
        (void)nts_schedule_wake(flow->schedule, tag, nts_host_mono(flow->host));
    }
    apr_pool_destroy(w->p);
    if (ptemp) {
        nts_flow_block(flow, &blocked);
        apr_pool_destroy(ptemp);
    }
    nts_events_work_ended(flow);
    nts_driver_pump_soon(flow->group);
}

/* --- steps */

void nts_work_step(nts_work_t *w, const nts_reply_t *reply)
{
    if (w->dead) {
        work_end(w, NTS_STEP_WAIT, APR_EINTR);
        return;
    }
    for (;;) {
        apr_time_t now = nts_host_look_at_clock(w->flow->host);
        nts_step_t step;

        w->config.clock_set = w->flow->host->clock_set;
        step = w->job ? nts_job_step(w->job, reply, now) : nts_scan_step(w->scan, reply, now);

        if (w->scan && w->starter->progress) {
            w->starter->progress(w->starter->baton, w->scan);
        }
        if (w->scan && step == NTS_STEP_WAIT) {
            nts_flow_note_retry(w->flow, nts_scan_outcome(w->scan));
            nts_work_sleep(w, due_again(w, nts_scan_until(w->scan)));
            return;
        }
        if (step != NTS_STEP_CALL) {
            work_end(w, step, APR_SUCCESS);
            return;
        }
        memset(&w->reply, 0, sizeof(w->reply));
        if (!perform(w, w->job ? nts_job_call(w->job) : nts_scan_call(w->scan))) {
            return;
        }
        reply = &w->reply;
    }
}

void nts_work_fail(nts_work_t *w, apr_status_t rv)
{
    work_end(w, NTS_STEP_WAIT, rv);
}

/* Another job has the record: come back when it has ended. */
static void yield_to(nts_work_t *w, const nts_work_t *other)
{
    nts_flow_t *flow = w->flow;
    apr_time_t now = nts_host_mono(flow->host);

    nts_work_unlink(w);
    if (w->task) {
        flow->group->jobs[w->urgency]--;
        if (w->errand) {
            nts_task_set_data(w->task, w->errand);
        }
        nts_schedule_wait(flow->schedule, w->task, other->tag, now + YIELD_MAX, now);
    }
    else {
        tell_ended(w, w->starter->ended, NTS_STEP_WAIT, APR_SUCCESS);
    }
    apr_pool_destroy(w->p);
    nts_driver_pump_soon(flow->group);
}

/* S2.9: to who plans, or does what was planned, pairs of the plan are links. @a link is what is stored. */
static apr_status_t see_planned(nts_link_t **link, const nts_work_t *w, nts_side_t side,
                                const char *id, apr_pool_t *p)
{
    const nts_flow_t *flow = w->flow;
    nts_link_t *planned = NULL;
    apr_status_t rv;

    if (!w->starter || !w->starter->plan || !id || (*link && (*link)->state != NTS_LINK_NEW)) {
        return APR_SUCCESS;
    }
    rv = nts_store_planned_link(&planned, flow->host->store, flow->mapping->id, w->starter->plan,
                                w->starter->plan_matches, side, id, p);
    if (rv == APR_SUCCESS && planned) {
        *link = planned;
    }
    return rv;
}

/* Links and look-ups are in the store, which is here: no waiting. */
static int load(nts_work_t *w, const nts_call_t *call)
{
    nts_flow_t *flow = w->flow;
    nts_loaded_t *loaded = NULL;
    const nts_work_t *other;
    apr_status_t rv = nts_store_load(&loaded, flow->host->store, flow->mapping, &call->load, w->p);

    if (rv == APR_SUCCESS && w->config.dry && !call->load.link) {
        rv = see_planned(&loaded->link, w, call->load.page ? NTS_NOTION : NTS_EXTERNAL,
                         call->load.page ? call->load.page : call->load.key, w->p);
    }
    if (rv != APR_SUCCESS) {
        nts_work_fail(w, rv);
        return 0;
    }
    /* Who only looks needs no record to himself. */
    other = w->config.dry ? NULL : nts_work_take_identity(w, &call->load, loaded);
    if (other) {
        yield_to(w, other);
        return 0;
    }
    nts_loaded_from_clock(loaded, nts_port_skew(flow->end[NTS_NOTION].port), w->p);
    if (loaded->notice_count > 0) {
        const nts_notice_t *last = &loaded->notices[loaded->notice_count - 1];

        w->noticed = loaded->notices[0].stored;
        if (!w->starter && last->event) {
            w->config.cause = last->event;
        }
    }
    w->reply.loaded = loaded;
    return 1;
}

static int look_up(nts_work_t *w, const nts_call_t *call)
{
    nts_link_t **links = NULL;
    apr_pool_t *p = w->scan ? nts_scan_pool(w->scan) : w->p;
    apr_status_t rv = nts_store_lookup(
        &links, &w->reply.link_count, w->flow->host->store, w->flow->mapping->id, call->lookup_side,
        call->lookup_ids, call->lookup_count, call->lookup_after, call->lookup_limit, p);
    int i;

    for (i = 0; call->lookup_ids && i < w->reply.link_count && rv == APR_SUCCESS; i++) {
        rv = see_planned(&links[i], w, call->lookup_side, call->lookup_ids[i], p);
    }
    if (rv == APR_SUCCESS && call->lookup_makers) {
        int *made = apr_pcalloc(p, ((apr_size_t)call->lookup_count + 1) * sizeof(*made));

        rv = nts_store_sibling_creates(&w->reply.others_pending, made, w->flow->host->store,
                                       w->flow->mapping->id, call->lookup_ids, call->lookup_count);
        w->reply.made_by_others = made;
    }
    if (rv != APR_SUCCESS) {
        nts_work_fail(w, rv);
        return 0;
    }
    w->reply.links = links;
    return 1;
}

static int join_matches(nts_work_t *w)
{
    nts_flow_t *flow = w->flow;
    nts_matched_t *matched = apr_pcalloc(nts_scan_pool(w->scan), sizeof(*matched));
    apr_status_t rv;

    if (w->starter->plan) { /* the candidates stay, and stand for the links */
        rv = nts_store_match_keys(flow->host->store, flow->mapping->id);
        if (rv != APR_SUCCESS) {
            nts_work_fail(w, rv);
            return 0;
        }
        w->reply.matched = matched;
        return 1;
    }
    rv = nts_store_match_join(matched, flow->host->store, flow->mapping, flow->group->name,
                              flow->group->epoch, nts_scan_pool(w->scan));

    if (rv != APR_SUCCESS) {
        nts_work_fail(w, rv);
        return 0;
    }
    w->reply.matched = matched;
    return 1;
}

/* --- spawning */

static void add_errand(nts_work_t *w, const nts_spawn_t *spawn)
{
    nts_flow_t *flow = w->flow;
    nts_errand_t *errand = nts_errand_make(flow, spawn, w->starter);
    nts_task_t *task = nts_schedule_add(flow->schedule, nts_errand_key(errand), NTS_BULK,
                                        nts_host_mono(flow->host));
    nts_errand_t *old = nts_task_data(task);

    if (old) {
        /* Spawned twice before its turn came: one job answers both. */
        forget_errand(old);
        apr_pool_destroy(old->p);
    }
    nts_task_set_data(task, errand);
    w->starter->jobs++;
}

/* Non-zero: @a many or more are under way, and the scan goes on, with a reply, when @a enough are left. */
static int wait_for_jobs(nts_work_t *w, int many, int enough)
{
    if (w->starter->jobs - w->starter->late < many) {
        return 0;
    }
    w->starter->waiting = w;
    w->starter->enough = enough;
    w->reply_due = 1;
    return 1;
}

static int spawn(nts_work_t *w, const nts_call_t *call)
{
    int i;

    for (i = 0; i < call->spawn_count; i++) {
        if (w->starter->take) {
            w->starter->take(w->starter->baton, &call->spawns[i]);
        }
        else {
            add_errand(w, &call->spawns[i]);
        }
    }
    nts_driver_pump_soon(w->flow->group);
    return !wait_for_jobs(w, SPAWNED_MAX, SPAWNED_MAX / 2);
}

/* Rows that jobs of this scan are about to make would look like new ones: the external side is listed when
 * they are done. Non-zero: it waits. */
static int must_wait(nts_work_t *w, const nts_ask_t *ask)
{
    if (!w->scan || ask->kind != NTS_ASK_LIST || ask->side != NTS_EXTERNAL || ask->listing.cursor ||
        !wait_for_jobs(w, 1, 0)) {
        return 0;
    }
    w->reply_due = 0; /* the same call again */
    return 1;
}

static int perform(nts_work_t *w, const nts_call_t *call)
{
    switch (call->kind) {
    case NTS_CALL_LOAD:
        return load(w, call);
    case NTS_CALL_LOOKUP:
        return look_up(w, call);
    case NTS_CALL_ASK:
        if (!must_wait(w, &call->ask)) {
            nts_work_ask(w, &call->ask);
        }
        return 0;
    case NTS_CALL_COMMIT:
        nts_work_commit(w, &call->commit);
        return 0;
    case NTS_CALL_SPAWN:
        return spawn(w, call);
    case NTS_CALL_MATCH_PUT:
        nts_work_put_matches(w, call);
        return 0;
    case NTS_CALL_MATCH_JOIN:
        return join_matches(w);
    case NTS_CALL_NONE:
    default:
        break;
    }
    w->flow->host->broken = "a job asked for nothing";
    nts_work_fail(w, APR_EGENERAL);
    return 0;
}

/* --- starting */

static void start_task(nts_flow_t *flow, nts_task_t *task)
{
    nts_errand_t *errand = nts_task_data(task);
    nts_work_t *w = nts_work_create(flow, nts_task_urgency(task));
    nts_spawn_t spawned = { 0 };

    nts_task_set_data(task, NULL);
    w->task = task;
    w->errand = errand;
    flow->group->jobs[w->urgency]++;
    if (errand) {
        spawned = errand->spawn;
        spawned.candidate = errand->candidate;
        w->starter = errand->starter;
        w->config.cause = errand->starter->cause;
        w->config.run = errand->starter->run;
        w->config.full_run = errand->starter->full;
    }
    else {
        nts_errand_parse(&spawned.target, nts_task_key(task), w->p);
        w->config.cause = "retry";
    }
    w->job = nts_job_create(&w->config, &spawned, NULL, w->p);
    nts_work_step(w, NULL);
}

/* One task of each flow in turn. */
static int start_round(nts_group_t *group, nts_urgency_t least, apr_time_t now)
{
    int limit = least == NTS_LIVE ? JOBS_MAX : BULK_MAX;
    int started = 0;
    int i;

    for (i = 0; i < group->flow_count; i++) {
        nts_flow_t *flow = group->flows[(group->next_flow + i) % group->flow_count];
        int jobs = least == NTS_LIVE ? group->jobs[NTS_LIVE] + group->jobs[NTS_BULK]
                                     : group->jobs[NTS_BULK];
        nts_task_t *task;

        if (jobs >= limit || group->lost || group->host->broken) {
            return 0;
        }
        task = nts_flow_is_running(flow) ? nts_schedule_pop(flow->schedule, least, now) : NULL;
        if (task) {
            start_task(flow, task);
            started = 1;
        }
    }
    group->next_flow = group->flow_count ? (group->next_flow + 1) % group->flow_count : 0;
    return started;
}

static void sleep_until_due(nts_group_t *group, apr_time_t now)
{
    int room[NTS_URGENCY_COUNT];
    apr_time_t next = NTS_NEVER;
    int i;
    int u;

    room[NTS_LIVE] = group->jobs[NTS_LIVE] + group->jobs[NTS_BULK] < JOBS_MAX;
    room[NTS_BULK] = room[NTS_LIVE] && group->jobs[NTS_BULK] < BULK_MAX;
    for (i = 0; i < group->flow_count; i++) {
        const nts_flow_t *flow = group->flows[i];

        for (u = 0; u < NTS_URGENCY_COUNT && nts_flow_is_running(flow); u++) {
            apr_time_t due =
                room[u] ? nts_schedule_next_due(flow->schedule, (nts_urgency_t)u) : NTS_NEVER;

            next = due < next ? due : next;
        }
    }
    if (next != NTS_NEVER) {
        nts_timer_hasten(group->host->loop, &group->pump, next - now);
    }
}

void nts_driver_pump(nts_group_t *group)
{
    apr_time_t now = nts_host_mono(group->host);

    if (group->lost || group->host->draining || !nts_group_is_owned(group)) {
        return;
    }
    while (start_round(group, NTS_LIVE, now)) {
        continue;
    }
    while (start_round(group, NTS_BULK, now)) {
        continue;
    }
    sleep_until_due(group, now);
    nts_group_show(group);
}

void nts_driver_pump_soon(nts_group_t *group)
{
    nts_timer_hasten(group->host->loop, &group->pump, 0);
}

nts_work_t *nts_driver_scan(nts_flow_t *flow, const nts_scan_config_t *config,
                            nts_urgency_t urgency, nts_starter_t *starter)
{
    nts_work_t *w = nts_work_create(flow, urgency);

    w->starter = starter;
    w->scan = nts_scan_create(config, w->p);
    nts_work_sleep(w, nts_host_mono(flow->host));
    return w;
}

nts_work_t *nts_driver_record(nts_flow_t *flow, apr_int64_t link, const nts_entry_t *undo,
                              nts_starter_t *starter)
{
    nts_work_t *w = nts_work_create(flow, NTS_LIVE);
    nts_undo_t *undoing = apr_pcalloc(w->p, sizeof(*undoing));
    nts_spawn_t spawned = { 0 };

    undoing->entry = undo;
    spawned.target.link = link;
    w->starter = starter;
    w->config.cause = starter->cause;
    w->config.run = starter->run;
    w->job = nts_job_create(&w->config, &spawned, undo ? undoing : NULL, w->p);
    nts_work_sleep(w, nts_host_mono(flow->host));
    return w;
}

void nts_driver_job(nts_flow_t *flow, const nts_spawn_t *spawned, int dry, nts_starter_t *starter)
{
    nts_work_t *w = nts_work_create(flow, NTS_BULK);

    w->starter = starter;
    w->config.cause = starter->cause;
    w->config.run = starter->run;
    w->config.dry = dry;
    w->job = nts_job_create(&w->config, spawned, NULL, w->p);
    nts_work_sleep(w, nts_host_mono(flow->host));
}

/* --- breaking off */

void nts_driver_break_off_scan(nts_work_t *w)
{
    w->dead = 1;
    if (w->starter && w->starter->waiting == w) {
        w->starter->waiting = NULL;
    }
    if (nts_work_is_idle(w)) {
        nts_work_sleep(w, nts_host_mono(w->flow->host));
    }
}

void nts_driver_break_off(nts_flow_t *flow)
{
    nts_work_t *w;

    for (w = flow->works; w; w = w->next) {
        nts_driver_break_off_scan(w);
    }
}

void nts_driver_quieten(nts_flow_t *flow)
{
    nts_work_t *w;

    for (w = flow->works; w; w = w->next) {
        if (!w->job || !nts_job_is_writing(w->job)) {
            nts_driver_break_off_scan(w);
        }
    }
}

int nts_driver_load(const nts_flow_t *flow)
{
    return flow->work_count;
}
