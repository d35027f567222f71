/* nts_reconcile_run.c - one run: its row in the store, its scan, the jobs that the scan hands out. */
#include "base/nts_log.h"
#include "model/nts_offer.h"
#include "worker/nts_flow.h"
#include "worker/nts_reconcile_impl.h"
#include "worker/nts_runs.h"

#define PROGRESS apr_time_from_sec(1)

/* --- the row of a run */

static apr_status_t store_run(void *baton, nts_store_t *store, int again)
{
    nts_reconcile_run_t *run = baton;

    (void)again;
    return nts_store_put_run(store, &run->row);
}

static void show_progress(void *baton)
{
    nts_reconcile_run_t *run = baton;
    const nts_scan_report_t *report = &run->report;

    nts_timer_set(run->r->flow->host->loop, &run->show, PROGRESS);
    if (run->row.seen[NTS_NOTION] == report->seen[NTS_NOTION] &&
        run->row.seen[NTS_EXTERNAL] == report->seen[NTS_EXTERNAL]) {
        return;
    }
    run->row.seen[NTS_NOTION] = report->seen[NTS_NOTION];
    run->row.seen[NTS_EXTERNAL] = report->seen[NTS_EXTERNAL];
    run->row.note = report->phase;
    nts_commits_add(run->r->flow->host->commits, &run->put, 0);
    if (run->asked.progress) {
        run->asked.progress(run->asked.baton, &run->row, report->phase);
    }
}

static const char *kind_name(nts_scan_kind_t kind)
{
    static const char *const names[] = { "first", "full", "incremental", "minute", "verify" };

    return names[kind];
}

/* Both sides are equal but for what nobody has looked at: of a run that is asked for that. */
static const char *not_compared(const nts_reconcile_run_t *run)
{
    return run->kind == NTS_SCAN_VERIFY ? nts_offer_not_compared(run->r->flow->mapping, run->p)
                                        : NULL;
}

static void close_row(nts_reconcile_run_t *run)
{
    nts_flow_t *flow = run->r->flow;
    int is_complete = run->scan_step == NTS_STEP_DONE && !run->broken_off;

    run->row.state = run->broken_off ? "stopped" : is_complete ? "done" : "failed";
    run->row.finished = nts_host_wall(flow->host);
    run->row.seen[NTS_NOTION] = run->report.seen[NTS_NOTION];
    run->row.seen[NTS_EXTERNAL] = run->report.seen[NTS_EXTERNAL];
    run->row.note = run->broken_off ? "broken off"
                    : is_complete   ? not_compared(run)
                                    : nts_outcome_text(&run->outcome, run->p);
    if (nts_store_put_run(flow->host->store, &run->row) != APR_SUCCESS) {
        nts_log(NTS_LOG_DEBUG, 0, "mapping %s: the end of a run could not be stored", flow->label);
    }
    nts_log(run->kind == NTS_SCAN_MINUTE ? NTS_LOG_DEBUG : NTS_LOG_INFO, 0,
            "mapping %s: %s run %s: %" APR_INT64_T_FMT " pages and %" APR_INT64_T_FMT
            " rows seen, %" APR_INT64_T_FMT " written to notion, %" APR_INT64_T_FMT
            " to external, %" APR_INT64_T_FMT " troubles, %" APR_INT64_T_FMT " requests",
            flow->label, run->row.kind, run->row.state, run->row.seen[NTS_NOTION],
            run->row.seen[NTS_EXTERNAL], run->row.written[NTS_NOTION],
            run->row.written[NTS_EXTERNAL], run->row.troubles, run->row.requests);
}

/* --- the end of a run */

/* Said once, and once more when events come again. */
static void look_for_silence(nts_reconcile_t *r, apr_pool_t *p)
{
    nts_flow_t *flow = r->flow;
    nts_outcome_t silence = { 0 };

    if (nts_store_get_silence(&silence, flow->host->store, flow->given, NTS_NOTION, p) !=
            APR_SUCCESS ||
        (!silence.code && nts_store_get_silence(&silence, flow->host->store, flow->given,
                                                NTS_EXTERNAL, p) != APR_SUCCESS) ||
        r->is_silent == (silence.code != NULL)) {
        return;
    }
    r->is_silent = silence.code != NULL;
    nts_log(r->is_silent ? NTS_LOG_WARNING : NTS_LOG_NOTICE, 0, "mapping %s: %s", flow->label,
            r->is_silent ? nts_outcome_text(&silence, p) : "events come again");
}

static void finish(nts_reconcile_run_t *run)
{
    nts_flow_t *flow = run->r->flow;

    run->r->running = NULL;
    nts_timer_cancel(flow->host->loop, &run->show);
    nts_commits_forget(flow->host->commits, &run->put);
    close_row(run);
    if (run->kind == NTS_SCAN_FULL || run->kind == NTS_SCAN_INCREMENTAL) {
        look_for_silence(run->r, run->p);
    }
    nts_reconcile_over(run);
    apr_pool_destroy(run->p);
    nts_reconcile_soon(flow);
}

static void finish_if_over(nts_reconcile_run_t *run)
{
    if (!run->scan && run->starter.jobs == 0) {
        finish(run);
    }
}

/* S4.1: where no mark tells that another state store has worked here, records that we made tell it, if no mapping knows of them. Kept
 * before pairs are: a worker that dies then must not go on as if nothing were. With records on one side alone nothing can be made twice. */
static void doubt_state(nts_reconcile_run_t *run)
{
    nts_flow_t *flow = run->r->flow;
    const nts_matched_t *found = run->report.matched;
    nts_mapping_status_t status = flow->status;

    if (!run->report.strangers || status.doubt || !found || !found->unlinked[NTS_NOTION] ||
        !found->unlinked[NTS_EXTERNAL]) {
        return;
    }
    status.doubt = "state.lost";
    nts_flow_set_status(flow, &status);
    /* At once; should that fail, it is stored with the next commits. */
    (void)nts_store_put_status(flow->host->store, flow->group->name, flow->group->epoch,
                               flow->given->id, &flow->status);
}

static void scan_progress(void *baton, const nts_scan_t *scan)
{
    nts_reconcile_run_t *run = baton;

    run->report = *nts_scan_report(scan);
    doubt_state(run);
}

/* What the report points to must outlive the scan. */
static void keep_report(nts_reconcile_run_t *run, const nts_scan_t *scan)
{
    nts_scan_report_t *kept = &run->report;
    nts_difference_t *differences;
    int i;

    *kept = *nts_scan_report(scan);
    if (kept->matched) {
        kept->matched = apr_pmemdup(run->p, kept->matched, sizeof(*kept->matched));
    }
    differences =
        apr_palloc(run->p, ((apr_size_t)kept->difference_count + 1) * sizeof(*differences));
    for (i = 0; i < kept->difference_count; i++) {
        differences[i] = kept->differences[i];
        differences[i].page = apr_pstrdup(run->p, differences[i].page);
        differences[i].key = apr_pstrdup(run->p, differences[i].key);
        differences[i].what = apr_pstrdup(run->p, differences[i].what);
    }
    kept->differences = differences;
}

static void scan_ended(void *baton, const nts_ended_t *ended)
{
    nts_reconcile_run_t *run = baton;

    keep_report(run, ended->scan);
    run->scan = NULL;
    run->scan_step = ended->step;
    run->row.requests += ended->requests;
    if (ended->failed == APR_EINTR) {
        run->broken_off = 1;
    }
    else if (ended->failed != APR_SUCCESS) {
        char cause[120];

        run->scan_step = NTS_STEP_BLOCKED;
        nts_outcome_set(&run->outcome, run->p, NTS_REMEDY_RETRY, "store.failed",
                        "the state store failed: %s",
                        apr_strerror(ended->failed, cause, sizeof(cause)));
    }
    else if (ended->outcome) {
        nts_outcome_copy(&run->outcome, ended->outcome, run->p);
    }
    finish_if_over(run);
}

static void job_ended(void *baton, const nts_ended_t *ended)
{
    nts_reconcile_run_t *run = baton;

    run->row.requests += ended->requests;
    run->row.written[NTS_NOTION] += ended->writes[NTS_NOTION];
    run->row.written[NTS_EXTERNAL] += ended->writes[NTS_EXTERNAL];
    run->row.troubles += ended->step == NTS_STEP_TROUBLE;
    if (ended->failed || ended->step == NTS_STEP_BLOCKED) {
        run->broken_off = 1;
    }
    finish_if_over(run);
}

void nts_reconcile_give_up(nts_reconcile_run_t *run)
{
    run->broken_off = 1;
    if (run->scan) {
        nts_driver_break_off_scan(run->scan);
    }
    nts_driver_give_up(run->r->flow, &run->starter);
}

/* --- the beginning of one */

static const char *cause_text(const nts_reconcile_run_t *run)
{
    return run->asked.is_set ? run->asked.cause
                             : apr_psprintf(run->p, "%s run %" APR_INT64_T_FMT, run->row.kind,
                                            run->row.id); /* NTS_CAUSE_INCREMENTAL */
}

/* A first match of a mapping of which the store has never known a record. What a person made whose token we have is no sign. */
static void seek_strangers(nts_scan_config_t *config, const nts_flow_t *flow)
{
    nts_counts_t counts;
    apr_int64_t links = 0;
    int i;

    if (config->kind != NTS_SCAN_FIRST || flow->given->traits[NTS_EXTERNAL]->tells_changes ||
        flow->status.full_done || flow->status.doubt ||
        nts_store_count(&counts, flow->host->store, flow->given->id) != APR_SUCCESS) {
        return;
    }
    for (i = 0; i <= NTS_LINK_IGNORED; i++) {
        links += counts.links[i];
    }
    for (i = 0; i < NTS_SIDE_COUNT && !links; i++) {
        config->tells_own[i] = flow->end[i].who && flow->end[i].who_is_bot;
    }
}

void nts_reconcile_begin(nts_reconcile_t *r, nts_scan_kind_t kind,
                         const nts_reconcile_asked_t *asked, apr_time_t since, apr_time_t before)
{
    nts_flow_t *flow = r->flow;
    nts_scan_config_t config = { 0 };
    nts_reconcile_run_t *run;
    apr_pool_t *p;
    apr_status_t rv;

    (void)apr_pool_create(&p, flow->p);
    apr_pool_tag(p, "nts_reconcile run");
    run = apr_pcalloc(p, sizeof(*run));
    run->r = r;
    run->p = p;
    run->kind = kind;
    run->since = since;
    run->before = before;
    if (asked) {
        run->asked = *asked;
    }
    run->row.mapping = flow->given->id;
    run->row.kind = kind_name(kind);
    run->row.state = "running";
    run->row.started = nts_host_wall(flow->host);
    run->row.expected =
        kind == NTS_SCAN_FULL || kind == NTS_SCAN_VERIFY ? nts_runs_expected(r->flow, p) : 0;
    nts_unit_init(&run->put, store_run, NULL, run);
    nts_timer_init(&run->show, show_progress, run);
    rv = nts_store_put_run(flow->host->store, &run->row);
    if (rv == APR_SUCCESS) {
        rv = nts_store_max_link(&config.max_link, flow->host->store);
    }
    if (rv == APR_SUCCESS && kind == NTS_SCAN_FIRST) {
        rv = nts_store_match_clear(flow->host->store, flow->given->id);
        rv = rv == APR_SUCCESS ? nts_store_max_entry(&config.max_entry, flow->host->store) : rv;
    }
    r->running = run;
    if (rv != APR_SUCCESS) {
        nts_outcome_set(&run->outcome, p, NTS_REMEDY_RETRY, "store.failed",
                        "the state store failed at the beginning of a run");
        run->scan_step = NTS_STEP_BLOCKED;
        finish(run);
        return;
    }
    config.kind = kind;
    config.whole = flow->status.doubt != NULL;
    config.mapping = flow->mapping;
    config.since = since;
    config.before = before;
    seek_strangers(&config, flow);
    run->starter.ended = scan_ended;
    run->starter.job_ended = job_ended;
    run->starter.progress = scan_progress;
    run->starter.baton = run;
    run->starter.run = run->row.id;
    run->starter.full = kind == NTS_SCAN_FULL;
    run->starter.cause = cause_text(run);
    run->scan = nts_driver_scan(flow, &config, NTS_BULK, &run->starter);
    nts_timer_set(flow->host->loop, &run->show, PROGRESS);
}
