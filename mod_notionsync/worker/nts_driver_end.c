/* nts_driver_end.c - how a work ends: who is told, and when it comes back. */
#include <string.h>

#include "base/nts_log.h"
#include "worker/nts_contact.h"
#include "worker/nts_events.h"
#include "worker/nts_flow.h"
#include "worker/nts_gather.h"
#include "worker/nts_work.h"

/* After the store failed, or a service had no time and said nothing of when. */
#define RETRY_BASE apr_time_from_sec(1)
#define RETRY_MAX apr_time_from_sec(300)
/* A record that another job has in hand; that job's end wakes it. */
#define YIELD_MAX apr_time_from_sec(30)
#define UNTIL_MAX apr_time_from_sec(24 * 3600)

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

apr_time_t nts_work_due_again(const nts_work_t *w, apr_time_t until)
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

void nts_errand_forget(const nts_errand_t *errand)
{
    errand->starter->jobs--;
    errand->starter->late -= errand->late;
    wake_scan(errand->starter);
}

/* The record's job is no longer this scan's. It may have waited for nothing else, so it is told. */
static void drop_errand(nts_errand_t *errand)
{
    static const int no_writes[NTS_SIDE_COUNT] = { 0 };
    nts_starter_t *starter = errand->starter;
    nts_ended_t ended = { 0 };

    nts_errand_forget(errand);
    apr_pool_destroy(errand->p);
    ended.step = NTS_STEP_DONE;
    ended.writes = no_writes;
    if (starter->job_ended) {
        starter->job_ended(starter->baton, &ended);
    }
}

void nts_errand_return(nts_task_t *task, nts_errand_t *errand)
{
    nts_errand_t *newer = nts_task_data(task);

    if (errand->starter->given_up) {
        drop_errand(errand);
        return;
    }
    nts_task_set_data(task, errand);
    if (newer) {
        errand->spawn.only_told &= newer->spawn.only_told;
        drop_errand(newer);
    }
}

typedef struct giving_up_t {
    const nts_starter_t *starter;
    nts_errand_t *dropped;
} giving_up_t;

static void take_errand(void *baton, nts_task_t *task)
{
    giving_up_t *up = baton;
    nts_errand_t *errand = nts_task_data(task);

    if (errand && errand->starter == up->starter) {
        nts_task_set_data(task, NULL);
        errand->next = up->dropped;
        up->dropped = errand;
    }
}

void nts_driver_give_up(nts_flow_t *flow, nts_starter_t *starter)
{
    giving_up_t up = { .starter = starter };

    starter->given_up = 1;
    nts_schedule_each(flow->schedule, take_errand, &up);
    while (up.dropped) { /* the last one may end the starter */
        nts_errand_t *errand = up.dropped;

        up.dropped = errand->next;
        drop_errand(errand);
    }
}

/* The spawned record has had its turn: whoever spawned it counts it. */
static void end_errand(nts_work_t *w, nts_step_t step, apr_status_t failed)
{
    nts_starter_t *starter = w->starter;

    nts_errand_forget(w->errand);
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
        nts_schedule_retry(schedule, w->task, nts_work_due_again(w, 0));
    }
    else if (step == NTS_STEP_WAIT || (step == NTS_STEP_TROUBLE && until)) {
        nts_schedule_retry(schedule, w->task, nts_work_due_again(w, until));
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
    int side;

    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        if (flow->end[side].port && w->grant[side].count > 0) {
            nts_port_return(flow->end[side].port, &w->grant[side]);
        }
    }
    if (!broken_off) {
        log_end(w, step, failed);
        if (!failed && nts_job_misses_person(w->job)) {
            nts_contact_miss_person(flow->contact);
        }
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
            nts_errand_return(w->task, w->errand);
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
            nts_gather_job_over(flow, nts_task_key(w->task));
            end_task(w, step, failed);
        }
    }
    else if (w->starter) {
        tell_ended(w, w->starter->ended, step, failed);
    }
}

void nts_work_end(nts_work_t *w, nts_step_t step, apr_status_t failed)
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
void nts_work_fail(nts_work_t *w, apr_status_t rv)
{
    nts_work_end(w, NTS_STEP_WAIT, rv);
}

void nts_work_yield(nts_work_t *w, const nts_work_t *other)
{
    nts_flow_t *flow = w->flow;
    apr_time_t now = nts_host_mono(flow->host);

    nts_work_unlink(w);
    if (w->task) {
        flow->group->jobs[w->urgency]--;
        if (w->errand) {
            nts_errand_return(w->task, w->errand);
        }
        nts_schedule_wait(flow->schedule, w->task, other->tag, now + YIELD_MAX, now);
    }
    else {
        tell_ended(w, w->starter->ended, NTS_STEP_WAIT, APR_SUCCESS);
    }
    apr_pool_destroy(w->p);
    nts_driver_pump_soon(flow->group);
}
