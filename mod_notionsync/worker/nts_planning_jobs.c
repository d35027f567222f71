/* nts_planning_jobs.c - the jobs of a plan: they have a queue of their own, for the mapping may be paused, and what
 * waits in its schedule is none of the plan's. */
#include <string.h>

#include "worker/nts_planning_impl.h"
#include "worker/nts_work.h"

/* Under way at once; a scan goes on when half of what it handed on is done. */
#define JOBS_MAX 16
/* Another job has the record, or it was changed under us: so long, and each time longer by so much where nothing is said of when. */
#define AGAIN apr_time_from_msec(500)
#define LONGER_MAX 8
/* How long a record may put a job off: a write of unknown fate takes some minutes to be judged (S3.7). */
#define PUT_OFF_MAX apr_time_from_sec(900)
#define UNTIL_MAX apr_time_from_sec(300)
/* A record that is decided anew sees the pair that it met; what meets another one each time comes to no end by itself. */
#define CLASHES_MAX 3

struct nts_planning_job_t {
    nts_planning_run_t *run;
    nts_planning_job_t *next;  /* in the queue */
    nts_planning_job_t *after; /* among those asleep */
    nts_planning_job_t **back;
    nts_errand_t *errand; /* it lives in its pool */
    apr_pool_t *p;
    nts_starter_t starter;
    nts_unit_t unit;
    nts_timer_t again;
    apr_time_t begun; /* monotonic; 0: not yet */
    int waits;        /* how often it slept */
    /* what is to be stored */
    nts_plan_item_t *item; /* a plan is made */
    int clash;
    int clashes;         /* how often */
    nts_plan_row_t *row; /* it is applied */
    nts_plan_fate_t fate;
    const char *why;
};

static void pump(nts_planning_run_t *run);

/* --- ends */

static void job_over(nts_planning_job_t *job)
{
    nts_planning_run_t *run = job->run;
    nts_errand_t *errand = job->errand;

    nts_starter_job_over(&run->starter);
    apr_pool_destroy(errand->p);
    pump(run);
    if (!run->scan && run->starter.jobs == 0) {
        nts_planning_over(run);
    }
}

static void put_in_queue(nts_planning_job_t *job)
{
    nts_planning_run_t *run = job->run;

    job->next = NULL;
    *run->last = job;
    run->last = &job->next;
}

static void wake_up(void *baton)
{
    nts_planning_job_t *job = baton;

    *job->back = job->after;
    if (job->after) {
        job->after->back = job->back;
    }
    job->back = NULL;
    put_in_queue(job);
    pump(job->run);
}

static void sleep_until(nts_planning_job_t *job, apr_time_t until)
{
    nts_planning_run_t *run = job->run;
    nts_host_t *host = run->flow->host;

    job->after = run->asleep;
    job->back = &run->asleep;
    if (job->after) {
        job->after->back = &job->after;
    }
    run->asleep = job;
    job->waits += job->waits < LONGER_MAX;
    nts_timer_set(host->loop, &job->again,
                  until ? AGAIN + nts_host_until(host, until, UNTIL_MAX) : AGAIN * job->waits);
}

/* --- storing what came of it */

static apr_status_t store_result(void *baton, nts_store_t *store, int again)
{
    nts_planning_job_t *job = baton;
    const nts_group_t *group = job->run->flow->group;

    (void)again;
    if (!nts_store_owns_group(store, group->name, group->epoch)) {
        return APR_EBUSY;
    }
    return job->item ? nts_store_add_plan_item(&job->clash, store, job->run->plan->id, job->item)
                     : nts_store_end_plan_item(store, job->row->id, job->fate, job->why);
}

static void have_stored(void *baton, apr_status_t rv)
{
    nts_planning_job_t *job = baton;

    if (rv != APR_SUCCESS) {
        nts_planning_fail(job->run, "the state store could not keep an item of the plan");
    }
    if (rv == APR_SUCCESS && job->clash && ++job->clashes > CLASHES_MAX) {
        nts_planning_fail(job->run, "a record belongs to one partner by what is stored, and to "
                                    "another by the plan: make a new plan");
    }
    else if (rv == APR_SUCCESS && job->clash && !nts_planning_is_stopped(job->run)) {
        /* Another record was paired with its partner meanwhile: decide again. */
        job->item = NULL;
        job->clash = 0;
        put_in_queue(job);
        pump(job->run);
        return;
    }
    job_over(job);
}

static void store(nts_planning_job_t *job)
{
    nts_unit_init(&job->unit, store_result, have_stored, job);
    nts_commits_add(job->run->flow->host->commits, &job->unit, 0);
}

/* The work goes when this returns, so the item is copied, by way of its stored form. */
static nts_plan_item_t *keep_item(const nts_plan_item_t *item, apr_pool_t *p)
{
    nts_json_t *node = nts_json_make_object(p);
    nts_plan_item_t *kept = NULL;
    const nts_json_t *again;
    const char *text;

    nts_plan_item_to_json(item, node);
    text = nts_json_text(node, p);
    return nts_json_parse(&again, text, strlen(text), NULL, p) == APR_SUCCESS &&
                   nts_plan_item_from_json(&kept, again, p) == APR_SUCCESS
               ? kept
               : NULL;
}

static void have_planned(nts_planning_job_t *job, const nts_plan_item_t *item)
{
    if (!item) {
        job_over(job);
        return;
    }
    job->item = keep_item(item, job->p);
    if (!job->item) {
        nts_planning_fail(job->run, "an item of the plan cannot be written down");
        job_over(job);
        return;
    }
    store(job);
}

static void end_item(nts_planning_job_t *job, nts_plan_fate_t fate, const char *why)
{
    job->fate = fate;
    job->why = apr_pstrdup(job->p, why);
    store(job);
}

/* What is held or has no place stays so, beside what was written as planned; a record that moved, or that a
 * service refused, is another matter. */
static void judge_trouble(nts_planning_job_t *job, const nts_ended_t *ended)
{
    const nts_outcome_t *outcome = ended->outcome;
    int written = ended->writes[NTS_NOTION] + ended->writes[NTS_EXTERNAL];
    int moved = outcome->code && !strcmp(outcome->code, NTS_PLAN_MOVED);

    if (!moved && outcome->remedy != NTS_REMEDY_RETRY && (written || job->row->item->pairs)) {
        end_item(job, NTS_PLAN_DONE, NULL);
        return;
    }
    end_item(job, written ? NTS_PLAN_PARTLY : NTS_PLAN_REFUSED, nts_outcome_text(outcome, job->p));
}

/* Come back, unless that has gone on for too long. */
static void put_off(nts_planning_job_t *job, const nts_ended_t *ended)
{
    nts_planning_run_t *run = job->run;
    const char *why = ended->outcome->what ? nts_outcome_text(ended->outcome, job->p)
                                           : "another job has the record";

    if (nts_host_mono(run->flow->host) - job->begun < PUT_OFF_MAX) {
        sleep_until(job, ended->until);
    }
    else if (run->applies) {
        end_item(job, NTS_PLAN_REFUSED, why);
    }
    else {
        nts_planning_fail(run, apr_pstrcat(run->p, "a record could not be read: ", why, NULL));
        job_over(job);
    }
}

static void job_ended(void *baton, const nts_ended_t *ended)
{
    nts_planning_job_t *job = baton;
    nts_planning_run_t *run = job->run;

    run->active--;
    run->row.requests += ended->requests;
    run->row.written[NTS_NOTION] += ended->writes[NTS_NOTION];
    run->row.written[NTS_EXTERNAL] += ended->writes[NTS_EXTERNAL];
    if (ended->failed == APR_EINTR) {
        nts_planning_fail(run, "it was broken off");
        job_over(job);
    }
    else if (ended->step == NTS_STEP_BLOCKED) {
        nts_planning_fail(run, nts_outcome_text(ended->outcome, run->p));
        job_over(job);
    }
    else if (run->problem) {
        job_over(job);
    }
    else if (ended->failed || ended->step == NTS_STEP_WAIT) {
        put_off(job, ended);
    }
    else if (!run->applies) {
        have_planned(job, ended->planned);
    }
    else if (ended->step == NTS_STEP_TROUBLE) {
        judge_trouble(job, ended);
    }
    else {
        end_item(job, NTS_PLAN_DONE, NULL);
    }
}

/* --- beginnings */

static void begin(nts_planning_job_t *job)
{
    nts_planning_run_t *run = job->run;
    nts_spawn_t spawn = job->errand->spawn;

    run->active++;
    /* What a scan saw is old when the job comes back. */
    spawn.candidate = job->begun ? NULL : job->errand->candidate;
    if (!job->begun) {
        job->begun = nts_host_mono(run->flow->host);
    }
    spawn.approved = job->row ? job->row->item : NULL;
    job->starter.cause = run->starter.cause;
    job->starter.run = run->starter.run;
    job->starter.plan = run->starter.plan;
    job->starter.plan_matches = run->starter.plan_matches;
    job->starter.instance = run->starter.instance;
    job->starter.ended = job_ended;
    job->starter.baton = job;
    nts_driver_job(run->flow, &spawn, !run->applies, &job->starter);
}

static void pump(nts_planning_run_t *run)
{
    while (run->first && run->active < JOBS_MAX && !run->problem && !nts_planning_is_stopped(run)) {
        nts_planning_job_t *job = run->first;

        run->first = job->next;
        if (!run->first) {
            run->last = &run->first;
        }
        begin(job);
    }
}

/* By all that is known of it. */
static int load_target(nts_planning_run_t *run, nts_target_t *target, apr_pool_t *p)
{
    nts_loaded_t *loaded = NULL;

    if (!target->link) {
        return 1;
    }
    if (nts_store_load(&loaded, run->flow->host->store, run->flow->mapping, target, p) !=
        APR_SUCCESS) {
        nts_planning_fail(run, "the state store failed");
        return 0;
    }
    if (loaded->link) {
        target->page = loaded->link->page;
        target->key = loaded->link->key;
    }
    return 1;
}

/* The item about this record that is still to be carried out; NULL: none. */
static nts_plan_row_t *find_row(nts_planning_run_t *run, const nts_target_t *target, apr_pool_t *p)
{
    nts_plan_row_t *row = NULL;

    if (nts_store_find_plan_item(&row, run->flow->host->store, run->plan->id, target->page,
                                 target->key, p) != APR_SUCCESS) {
        nts_planning_fail(run, "the state store failed");
        return NULL;
    }
    return row && (row->fate == NTS_PLAN_OPEN || row->fate == NTS_PLAN_REFUSED) ? row : NULL;
}

/* The plan has nothing on it, or is to have nothing. @a row: the item about it, if it is applied */
static int is_left_out(nts_planning_run_t *run, const nts_spawn_t *spawn, nts_plan_row_t **row,
                       apr_pool_t *p)
{
    nts_target_t target = spawn->target;

    if ((run->applies || run->moved) && !load_target(run, &target, p)) {
        return 1;
    }
    if (run->applies) {
        *row = find_row(run, &target, p);
        return !*row;
    }
    return nts_planning_is_moved(run, target.key);
}

void nts_planning_take(void *baton, const nts_spawn_t *spawn)
{
    nts_planning_run_t *run = baton;
    nts_errand_t *errand;
    nts_planning_job_t *job;
    nts_plan_row_t *row = NULL;

    if (run->problem) {
        return;
    }
    errand = nts_errand_make(run->flow, spawn, &run->starter);
    if (is_left_out(run, spawn, &row, errand->p)) {
        apr_pool_destroy(errand->p);
        return;
    }
    job = apr_pcalloc(errand->p, sizeof(*job));
    job->run = run;
    job->errand = errand;
    job->p = errand->p;
    job->row = row;
    nts_timer_init(&job->again, wake_up, job);
    run->starter.jobs++;
    put_in_queue(job);
    pump(run);
}

void nts_planning_drop(nts_planning_run_t *run)
{
    nts_planning_job_t *job;

    while (run->asleep) {
        job = run->asleep;
        run->asleep = job->after;
        nts_timer_cancel(run->flow->host->loop, &job->again);
        put_in_queue(job);
    }
    while (run->first) {
        job = run->first;
        run->first = job->next;
        nts_starter_job_over(&run->starter);
        apr_pool_destroy(job->errand->p);
    }
    run->last = &run->first;
}
