/* nts_planning.c - a plan from the wish for it to its end: contact, match, scan, and what comes of it. */
#include <string.h>

#include "base/nts_log.h"
#include "worker/nts_contact.h"
#include "worker/nts_flow.h"
#include "worker/nts_planning_impl.h"

#define PROGRESS apr_time_from_sec(1)

struct nts_planning_t {
    nts_flow_t *flow;
    nts_planning_run_t *run; /* NULL: none */
    int stopped;
    nts_timer_t forget;
};

static void forget_older(void *baton);

int nts_planning_is_stopped(const nts_planning_run_t *run)
{
    return run->planning->stopped;
}

/* Something says which records belong together. */
static int can_match(const nts_flow_t *flow)
{
    return flow->mapping->match_count > 0 || nts_mapping_key_pair(flow->mapping) >= 0;
}

/* --- ends */

static void close_row(nts_planning_run_t *run)
{
    nts_flow_t *flow = run->flow;

    run->row.state = run->planning->stopped ? "stopped" : run->problem ? "failed" : "done";
    run->row.finished = nts_host_wall(flow->host);
    run->row.note = run->problem;
    if (run->row.id && !flow->group->lost &&
        nts_store_put_run(flow->host->store, &run->row) != APR_SUCCESS) {
        nts_log(NTS_LOG_DEBUG, 0, "mapping %s: the end of a plan could not be stored", flow->label);
    }
}

/* What waited for this goes on; what is paused may be resumed without waiting again (S4.1, S5.1). */
static int release(nts_planning_run_t *run)
{
    nts_flow_t *flow = run->flow;
    nts_mapping_status_t *status = &flow->status;
    int waited = status->state == NTS_MAPPING_WAITING;

    if (status->state != NTS_MAPPING_WAITING && status->state != NTS_MAPPING_PAUSED) {
        return 0;
    }
    if (!status->instance || strcmp(status->instance, run->plan->instance) != 0 ||
        status->waiting_instance || run->plan->counter < status->counter) {
        /* From where the plan was made, or the first key change that it left out: what was changed since is still to be taken. */
        status->counter = run->plan->counter;
    }
    /* Where there is a rule, the match itself is still to come: it also holds what is ambiguous. */
    status->matched |= !can_match(flow);
    status->full_done = 0;
    status->doubt = NULL;
    status->mark = nts_contact_mark(flow->contact);
    status->waiting_instance = NULL;
    nts_flow_set_instance(flow, run->plan->instance);
    if (waited) {
        nts_flow_enter(flow, NTS_MAPPING_STARTING, NULL);
        nts_contact_start(flow->contact);
    }
    return waited;
}

static apr_status_t end_making(nts_planning_run_t *run)
{
    nts_store_t *store = run->flow->host->store;
    nts_plan_t *plan = run->plan;
    apr_int64_t room = 0;
    apr_status_t rv = nts_store_count_plan(&plan->counts, store, plan->id);

    if (rv == APR_SUCCESS) {
        apr_int64_t deletes = plan->counts.kinds[NTS_PLAN_DELETE] - plan->counts.over_limit;

        rv = nts_store_delete_room(&room, store, run->flow->mapping, deletes);
        plan->counts.over_limit += deletes - room;
    }
    if (rv == APR_SUCCESS) {
        rv = nts_store_match_clear(store, run->flow->given->id);
    }
    plan->state = "ready";
    plan->requests = run->row.requests;
    return rv == APR_SUCCESS ? nts_store_put_plan(store, plan) : rv;
}

/* What the scan did not hand on shows on both sides what was agreed: nothing is left to do. */
static apr_status_t close_items(const nts_planning_run_t *run)
{
    int more = !run->incomplete;
    apr_status_t rv = APR_SUCCESS;

    while (rv == APR_SUCCESS && more) {
        rv = nts_store_close_plan(&more, run->flow->host->store, run->plan->id);
    }
    return rv;
}

static apr_status_t end_applying(nts_planning_run_t *run, apr_int64_t *fates, int *released)
{
    nts_store_t *store = run->flow->host->store;
    nts_plan_t *plan = run->plan;
    apr_status_t rv = close_items(run);

    if (rv == APR_SUCCESS) {
        rv = nts_store_count_fates(fates, store, plan->id);
    }
    plan->state = "applied";
    plan->applied = nts_host_wall(run->flow->host);
    if (rv == APR_SUCCESS) {
        rv = nts_store_put_plan(store, plan);
    }
    if (rv == APR_SUCCESS && !fates[NTS_PLAN_OPEN] && !fates[NTS_PLAN_REFUSED] &&
        !fates[NTS_PLAN_PARTLY]) {
        *released = release(run);
    }
    return rv;
}

/* A plan that came to nothing is not kept as if it were one; one that was being applied can be applied again; one that
 * did not fit is left as it is. */
static void spoil_plan(nts_planning_run_t *run)
{
    int applying = run->plan && strcmp(run->plan->state, "applying") == 0;

    if (!run->plan || run->planning->stopped || run->flow->group->lost ||
        (run->applies && !applying)) {
        return;
    }
    run->plan->state = applying ? "ready" : "failed";
    run->plan->note = run->problem;
    (void)nts_store_put_plan(run->flow->host->store, run->plan);
}

static void finish(nts_planning_run_t *run)
{
    apr_int64_t fates[NTS_PLAN_PARTLY + 1] = { 0 };
    nts_planned_t planned = { 0 };
    nts_flow_t *flow = run->flow;
    apr_pool_t *p = run->p;

    run->planning->run = NULL;
    nts_timer_cancel(flow->host->loop, &run->planning->forget);
    if (!run->problem && (run->applies ? end_applying(run, fates, &planned.released)
                                       : end_making(run)) != APR_SUCCESS) {
        run->problem = "the state store failed";
    }
    if (run->problem) {
        spoil_plan(run);
    }
    close_row(run);
    nts_log(NTS_LOG_NOTICE, 0, "mapping %s: a plan was %s by %s: %s", flow->label,
            run->applies ? "applied" : "made", run->by ? run->by : "?",
            run->problem ? run->problem : "done");
    planned.problem = run->problem;
    planned.plan = run->plan;
    planned.incomplete = run->incomplete;
    planned.fates = run->applies ? fates : NULL;
    run->done(run->baton, &planned);
    apr_pool_destroy(p);
    if (!flow->planning->stopped) {
        nts_reconcile_soon(flow);
    }
}

void nts_planning_fail(nts_planning_run_t *run, const char *problem)
{
    if (!run->problem) {
        run->problem = problem;
        if (run->scan) {
            nts_driver_break_off_scan(run->scan);
        }
        nts_planning_drop(run);
    }
}

/* --- scans */

static void scan_ended(void *baton, const nts_ended_t *ended)
{
    nts_planning_run_t *run = baton;
    const nts_scan_report_t *report = nts_scan_report(ended->scan);

    run->scan = NULL;
    run->row.requests += ended->requests;
    run->incomplete |= run->phase == NTS_PLANNING_SCAN && !report->complete;
    if (ended->failed || ended->step == NTS_STEP_BLOCKED) {
        nts_planning_fail(run, ended->failed == APR_EINTR ? "it was broken off"
                               : ended->failed            ? "the state store failed"
                                               : nts_outcome_text(ended->outcome, run->p));
    }
    if (run->starter.jobs == 0) {
        nts_planning_over(run);
    }
}

static void show_progress(void *baton, const nts_scan_t *scan)
{
    nts_planning_run_t *run = baton;
    const nts_scan_report_t *report = nts_scan_report(scan);
    apr_time_t now = nts_host_mono(run->flow->host);

    run->row.seen[NTS_NOTION] = report->seen[NTS_NOTION];
    run->row.seen[NTS_EXTERNAL] = report->seen[NTS_EXTERNAL];
    if (now - run->shown >= PROGRESS) {
        run->shown = now;
        run->progress(run->baton, &run->row, report->phase);
    }
}

static void scan(nts_planning_run_t *run, nts_scan_kind_t kind)
{
    nts_flow_t *flow = run->flow;
    nts_scan_config_t config = { 0 };
    apr_status_t rv = nts_store_max_link(&config.max_link, flow->host->store);

    if (rv == APR_SUCCESS && kind == NTS_SCAN_FIRST) {
        rv = nts_store_match_clear(flow->host->store, flow->given->id);
    }
    if (rv != APR_SUCCESS) {
        nts_planning_fail(run, "the state store failed");
        finish(run);
        return;
    }
    run->phase = kind == NTS_SCAN_FIRST ? NTS_PLANNING_MATCH : NTS_PLANNING_SCAN;
    config.kind = kind;
    config.mapping = flow->mapping;
    run->starter.ended = scan_ended;
    run->starter.take = nts_planning_take;
    run->starter.progress = show_progress;
    run->starter.baton = run;
    run->starter.run = run->row.id;
    run->starter.plan = run->plan->id;
    run->starter.plan_matches = !run->applies && run->phase == NTS_PLANNING_SCAN;
    run->starter.instance = run->plan->instance;
    run->scan = nts_driver_scan(flow, &config, NTS_BULK, &run->starter);
}

/* S5.1: would a run match whole sides first? */
static int needs_match(const nts_planning_run_t *run)
{
    const nts_flow_t *flow = run->flow;
    int held = 0;

    if (run->applies || !can_match(flow)) {
        return 0;
    }
    return !flow->status.matched || flow->status.doubt ||
           (nts_store_match_is_held(&held, flow->host->store, flow->given->id) == APR_SUCCESS &&
            held);
}

void nts_planning_over(nts_planning_run_t *run)
{
    if (!run->problem && run->phase == NTS_PLANNING_MATCH) {
        scan(run, NTS_SCAN_FULL);
        return;
    }
    finish(run);
}

/* --- beginnings */

/* One plan a mapping is kept; a large one goes in small steps. */
static void forget_older(void *baton)
{
    nts_planning_t *planning = baton;
    nts_planning_run_t *run = planning->run;
    nts_flow_t *flow = planning->flow;
    int more = 0;

    if (nts_store_forget_plans(&more, flow->host->store, flow->given->id, run->plan->id) !=
        APR_SUCCESS) {
        nts_planning_fail(run, "the state store failed");
        finish(run);
    }
    else if (more) {
        nts_timer_set(flow->host->loop, &planning->forget, apr_time_from_msec(1));
    }
    else {
        scan(run, needs_match(run) ? NTS_SCAN_FIRST : NTS_SCAN_FULL);
    }
}

static void new_plan(nts_planning_run_t *run)
{
    nts_flow_t *flow = run->flow;

    run->plan = apr_pcalloc(run->p, sizeof(*run->plan));
    run->plan->mapping = flow->given->id;
    run->plan->uid = nts_random_uuid(flow->host->random, run->p);
    run->plan->revision = nts_plan_revision(flow->given, run->p);
    run->plan->instance = apr_pstrdup(run->p, nts_contact_instance(flow->contact));
    run->plan->counter = nts_contact_counter(flow->contact);
    run->plan->state = "making";
    run->plan->made = nts_host_wall(flow->host);
    run->plan->by = run->by;
}

/* Why the plan cannot be applied to this mapping as it is; NULL: it can. */
static const char *misfit(const nts_planning_run_t *run)
{
    const nts_flow_t *flow = run->flow;
    const nts_plan_t *plan = run->plan;
    const char *instance = nts_contact_instance(flow->contact);

    if (plan->mapping != flow->given->id) {
        return "the plan is of another mapping";
    }
    if (strcmp(plan->revision, nts_plan_revision(flow->given, run->p)) != 0) {
        return "the configuration of the mapping has changed since the plan was made: make a new "
               "plan";
    }
    if (!instance || !plan->instance || strcmp(plan->instance, instance) != 0) {
        return "the external database is not the one that the plan was made with: make a new plan";
    }
    if (plan->counter > nts_contact_counter(flow->contact)) {
        return "the external database is an older copy of the one that the plan was made with: "
               "make a new plan";
    }
    if (strcmp(plan->state, "ready") != 0 && strcmp(plan->state, "applying") != 0 &&
        strcmp(plan->state, "applied") != 0) {
        return "the plan is not complete: make a new one";
    }
    return NULL;
}

static const char *cause_of(const nts_planning_run_t *run)
{
    return apr_psprintf(run->p, "plan %" APR_INT64_T_FMT " of %s, %s by %s", run->plan->id,
                        nts_value_instant_text(run->plan->made, run->p),
                        run->applies ? "applied" : "made", run->by ? run->by : "?");
}

void nts_planning_begin(nts_planning_run_t *run)
{
    nts_flow_t *flow = run->flow;
    nts_store_t *store = flow->host->store;
    apr_status_t rv = nts_store_put_plan(store, run->plan);

    run->row.mapping = flow->given->id;
    run->row.kind = run->applies ? "apply" : "plan";
    run->row.state = "running";
    run->row.started = nts_host_wall(flow->host);
    if (rv == APR_SUCCESS) {
        rv = nts_store_put_run(store, &run->row);
    }
    if (rv != APR_SUCCESS) {
        nts_planning_fail(run, "the state store failed");
        finish(run);
        return;
    }
    run->starter.cause = cause_of(run);
    nts_timer_set(flow->host->loop, &run->planning->forget, 0);
}

static void start(nts_planning_run_t *run)
{
    run->phase = NTS_PLANNING_FORGET;
    if (!run->applies) {
        new_plan(run);
        if (nts_planning_find_moved(run)) {
            return;
        }
    }
    else if (misfit(run)) {
        run->problem = misfit(run);
        finish(run);
        return;
    }
    else {
        run->plan->state = "applying";
    }
    nts_planning_begin(run);
}

int nts_planning_go(nts_flow_t *flow)
{
    nts_planning_run_t *run = flow->planning->run;

    if (!run || flow->planning->stopped || run->phase != NTS_PLANNING_CONTACT ||
        nts_contact_is_open(flow->contact)) {
        return run != NULL;
    }
    if (run->row.started == 0) { /* as a full run does: the sides are looked at first */
        run->row.started = nts_host_wall(flow->host);
        nts_contact_look(flow->contact);
        if (nts_contact_is_open(flow->contact)) {
            return 1;
        }
    }
    if (nts_flow_is_readable(flow)) {
        start(run);
        return 1;
    }
    run->problem = flow->status.outcome.what ? nts_outcome_text(&flow->status.outcome, run->p)
                   : nts_contact_words(flow->contact, run->p)
                       ? nts_contact_words(flow->contact, run->p)
                       : "the mapping cannot work now";
    finish(run);
    return 0;
}

int nts_planning_is_wanted(const nts_flow_t *flow)
{
    return flow->planning->run && !flow->planning->stopped;
}

static nts_planning_run_t *ask(nts_flow_t *flow, const char *by,
                               nts_reconcile_progress_fn *progress, nts_planning_done_fn *done,
                               void *baton)
{
    nts_planning_t *planning = flow->planning;
    nts_planning_run_t *run;
    apr_pool_t *p;

    if (planning->run || planning->stopped) {
        return NULL;
    }
    (void)apr_pool_create(&p, flow->p);
    apr_pool_tag(p, "nts_planning run");
    run = apr_pcalloc(p, sizeof(*run));
    run->planning = planning;
    run->flow = flow;
    run->p = p;
    run->by = apr_pstrdup(p, by);
    run->progress = progress;
    run->done = done;
    run->baton = baton;
    run->last = &run->first;
    return run;
}

apr_status_t nts_planning_make(nts_flow_t *flow, const char *by,
                               nts_reconcile_progress_fn *progress, nts_planning_done_fn *done,
                               void *baton)
{
    nts_planning_run_t *run = ask(flow, by, progress, done, baton);

    if (!run) {
        return APR_EBUSY;
    }
    flow->planning->run = run;
    nts_reconcile_soon(flow);
    return APR_SUCCESS;
}

apr_status_t nts_planning_apply(nts_flow_t *flow, apr_int64_t plan, const char *by,
                                nts_reconcile_progress_fn *progress, nts_planning_done_fn *done,
                                void *baton)
{
    nts_planning_run_t *run = ask(flow, by, progress, done, baton);
    apr_status_t rv;

    if (!run) {
        return APR_EBUSY;
    }
    run->applies = 1;
    rv = nts_store_get_plan(&run->plan, flow->host->store, plan, run->p);
    if (rv != APR_SUCCESS) {
        apr_pool_destroy(run->p);
        return rv;
    }
    flow->planning->run = run;
    nts_reconcile_soon(flow);
    return APR_SUCCESS;
}

nts_planning_t *nts_planning_create(nts_flow_t *flow)
{
    nts_planning_t *planning = apr_pcalloc(flow->p, sizeof(*planning));

    planning->flow = flow;
    nts_timer_init(&planning->forget, forget_older, planning);
    return planning;
}

void nts_planning_stop(nts_flow_t *flow)
{
    nts_planning_t *planning = flow->planning;

    planning->stopped = 1;
    nts_timer_cancel(flow->host->loop, &planning->forget);
    if (planning->run) {
        nts_planning_fail(planning->run, "the server stops or is restarted");
    }
}
