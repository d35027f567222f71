/* nts_reconcile.c - which run comes next, and what it leaves behind. */
#include <string.h>

#include <apr_tables.h>

#include "base/nts_log.h"
#include "worker/nts_contact.h"
#include "worker/nts_driver.h"
#include "worker/nts_events.h"
#include "worker/nts_flow.h"
#include "worker/nts_planning.h"
#include "worker/nts_reconcile.h"
#include "worker/nts_runs.h"

#define MINUTE apr_time_from_sec(60)
/* S3.10: a minute is listed this long after it ended; S3.10: a listing starts this long before the last. */
#define LATE apr_time_from_sec(90)
/* Runs that are due at a start are spread over this. */
#define START_SPREAD apr_time_from_sec(5)
#define PROGRESS apr_time_from_sec(1)
#define FAIL_BASE apr_time_from_sec(20)
#define FAIL_MAX apr_time_from_sec(900)
#define LONGEST apr_time_from_sec(24 * 3600)
#define MINUTES_MAX 120

/** A run that is wanted, or under way. */
typedef struct asked_t {
    int is_set;
    nts_scan_kind_t kind;
    const char *cause;
    nts_reconcile_progress_fn *progress;
    nts_reconcile_done_fn *done;
    void *baton;
} asked_t;

typedef struct running_t {
    nts_reconcile_t *r;
    apr_pool_t *p;
    nts_run_t row;
    nts_scan_kind_t kind;
    asked_t asked; /* is_set: by a person */
    apr_time_t since;
    apr_time_t before;
    nts_starter_t starter;
    nts_work_t *scan; /* NULL: it is over */
    nts_step_t scan_step;
    int broken_off;
    nts_outcome_t outcome;
    nts_scan_report_t report;
    nts_timer_t show;
    nts_unit_t put;
    int shown;
} running_t;

struct nts_reconcile_t {
    nts_flow_t *flow;
    running_t *running;
    asked_t asked; /* waiting for its turn */
    int full_wanted;
    int rematched;                    /* since the last full run */
    int contacted;                    /* contact was made for the full run that is wanted */
    apr_array_header_t *full_notices; /* apr_int64_t: settled by the next complete full run */
    int full_notices_taken;           /* how many of them the run under way answers */
    apr_time_t next_full;             /* wall clock; 0: not by time */
    apr_time_t next_incremental;
    apr_array_header_t *minutes; /* apr_time_t, ascending: to be listed once more */
    int failures;
    apr_time_t not_before; /* monotonic: after a failure */
    int stopped_marked;    /* runs that a restart interrupted are marked */
    nts_timer_t timer;
};

static void start_next(void *baton);

static void next_soon(nts_reconcile_t *r)
{
    nts_timer_hasten(r->flow->host->loop, &r->timer, 0);
}

void nts_reconcile_soon(nts_flow_t *flow)
{
    next_soon(flow->reconcile);
}

/* --- the row of a run */

static apr_status_t store_run(void *baton, nts_store_t *store, int again)
{
    running_t *run = baton;

    (void)again;
    return nts_store_put_run(store, &run->row);
}

static void show_progress(void *baton)
{
    running_t *run = baton;
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

/* --- the end of a run */

static void schedule_full(nts_reconcile_t *r, apr_time_t last)
{
    apr_interval_time_t every = r->flow->given->full;
    apr_time_t now = nts_host_wall(r->flow->host);

    if (!every) {
        r->next_full = 0;
        return;
    }
    r->next_full =
        last + every +
        nts_random_below(r->flow->host->random, (apr_uint32_t)(apr_time_sec(every) / 20 + 1)) *
            APR_USEC_PER_SEC;
    if (r->next_full < now || r->next_full > now + 2 * every) {
        r->next_full = now + nts_random_below(r->flow->host->random, (apr_uint32_t)START_SPREAD);
    }
}

static void schedule_incremental(nts_reconcile_t *r, apr_time_t last)
{
    apr_interval_time_t every = r->flow->given->reconcile;
    apr_time_t now = nts_host_wall(r->flow->host);

    r->next_incremental = every
                              ? last + every +
                                    nts_random_below(r->flow->host->random,
                                                     (apr_uint32_t)(apr_time_sec(every) / 20 + 1)) *
                                        APR_USEC_PER_SEC
                              : 0;
    if (every && (r->next_incremental < now || r->next_incremental > now + 2 * every)) {
        r->next_incremental =
            now + nts_random_below(r->flow->host->random, (apr_uint32_t)START_SPREAD);
    }
}

/* Minutes that a complete listing has covered late enough are done with. */
static void cover_minutes(nts_reconcile_t *r, apr_time_t since, apr_time_t before, apr_time_t sent)
{
    int kept = 0;
    int i;

    for (i = 0; i < r->minutes->nelts; i++) {
        apr_time_t minute = APR_ARRAY_IDX(r->minutes, i, apr_time_t);

        if (minute < since || (before && minute + MINUTE > before) ||
            sent < minute + MINUTE + LATE) {
            APR_ARRAY_IDX(r->minutes, kept++, apr_time_t) = minute;
        }
    }
    r->minutes->nelts = kept;
}

static void settle_full_notices(nts_reconcile_t *r)
{
    int i;

    for (i = 0; i < r->full_notices_taken; i++) {
        nts_events_settle(r->flow, APR_ARRAY_IDX(r->full_notices, i, apr_int64_t));
    }
    memmove(r->full_notices->elts,
            r->full_notices->elts + r->full_notices_taken * (int)sizeof(apr_int64_t),
            (apr_size_t)(r->full_notices->nelts - r->full_notices_taken) * sizeof(apr_int64_t));
    r->full_notices->nelts -= r->full_notices_taken;
    r->full_notices_taken = 0;
}

/* A complete listing moves the times that the next ones start from. */
static void take_listing(nts_reconcile_t *r, const running_t *run)
{
    nts_flow_t *flow = r->flow;
    apr_time_t sent = run->report.list_sent;

    if (run->kind == NTS_SCAN_MINUTE) {
        cover_minutes(r, run->since, run->before, sent);
        return;
    }
    if (!run->report.complete || !sent) {
        return;
    }
    flow->status.listed = sent;
    cover_minutes(r, run->kind == NTS_SCAN_FULL ? 0 : run->since, 0, sent);
    if (run->kind == NTS_SCAN_FULL) {
        flow->status.full_done = nts_host_wall(flow->host);
        settle_full_notices(r);
        schedule_full(r, flow->status.full_done);
    }
    schedule_incremental(r, sent);
    nts_flow_put_status(flow);
}

/* S5.1: a link property pairs what carries keys. If at first contact no page does, creating all of it on both sides
 * would double everything: a person must say what belongs together. */
static int has_no_pair(const nts_flow_t *flow, const nts_matched_t *found)
{
    return found && !flow->given->match_count && !flow->status.full_done && !found->linked &&
           !found->ambiguous && found->unlinked[NTS_NOTION] && found->unlinked[NTS_EXTERNAL];
}

/* NULL: one side holds no records without a link, so nothing could be made twice. */
static int is_all_paired(const nts_matched_t *found)
{
    return !found || (!found->ambiguous && found->linked == found->unlinked[NTS_NOTION] &&
                      found->linked == found->unlinked[NTS_EXTERNAL]);
}

/* Both sides hold records, and which belong together nobody knows (any more). Non-zero: the mapping waits. */
static int waits_for_person(nts_flow_t *flow, const running_t *run)
{
    const nts_matched_t *found = run->report.matched;
    nts_outcome_t why = { 0 };

    if (flow->status.doubt && (run->report.needs_match || !is_all_paired(found))) {
        nts_outcome_set(&why, run->p, NTS_REMEDY_PERSON, "state.lost",
                        "the table was synced before, by a state store that is not this one, and "
                        "not all records have found their partners: nothing is created or deleted");
        why.advice = nts_contact_advice(flow, run->p);
    }
    else if (run->report.needs_match || has_no_pair(flow, found)) {
        nts_outcome_set(&why, run->p, NTS_REMEDY_PERSON, "mapping.match",
                        "both sides hold records, and nothing says which belong together");
        why.advice = "add NotionSyncMatch lines and restart; or read what 'notionsyncctl plan' "
                     "says, and apply it";
    }
    else {
        return 0;
    }
    nts_flow_enter(flow, NTS_MAPPING_WAITING, &why);
    return 1;
}

static void matched(nts_reconcile_t *r, const running_t *run)
{
    nts_flow_t *flow = r->flow;
    const nts_matched_t *found = run->report.matched;

    if (found) {
        nts_log(NTS_LOG_NOTICE, 0,
                "mapping %s: first match: %" APR_INT64_T_FMT " pairs made, %" APR_INT64_T_FMT
                " records ambiguous and held",
                flow->label, found->linked, found->ambiguous);
    }
    if (waits_for_person(flow, run)) {
        return;
    }
    if (flow->status.doubt) {
        nts_log(NTS_LOG_NOTICE, 0,
                "mapping %s: the table was synced before by another state store; all records "
                "found their partners again",
                flow->label);
        flow->status.doubt = NULL;
    }
    flow->status.matched = 1;
    nts_flow_put_status(flow);
    r->full_wanted = 1;
    r->contacted = 1;
    r->rematched = 1;
    nts_flow_run(flow);
}

static void failed(nts_reconcile_t *r, const running_t *run)
{
    nts_host_t *host = r->flow->host;

    r->not_before =
        nts_host_mono(host) + nts_backoff(++r->failures, host->random, FAIL_BASE, FAIL_MAX);
    if (run->kind == NTS_SCAN_FULL || run->kind == NTS_SCAN_INCREMENTAL) {
        nts_log(NTS_LOG_WARNING, 0, "mapping %s: the %s run failed and is repeated: %s",
                r->flow->label, run->row.kind, nts_outcome_text(&run->outcome, run->p));
    }
    r->full_wanted |= run->kind == NTS_SCAN_FULL && !run->asked.is_set;
}

static void close_row(running_t *run)
{
    nts_flow_t *flow = run->r->flow;
    int is_complete = run->scan_step == NTS_STEP_DONE && !run->broken_off;

    run->row.state = run->broken_off ? "stopped" : is_complete ? "done" : "failed";
    run->row.finished = nts_host_wall(flow->host);
    run->row.seen[NTS_NOTION] = run->report.seen[NTS_NOTION];
    run->row.seen[NTS_EXTERNAL] = run->report.seen[NTS_EXTERNAL];
    run->row.note = run->broken_off ? "broken off"
                    : is_complete   ? NULL
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

static void finish(running_t *run)
{
    nts_reconcile_t *r = run->r;
    nts_flow_t *flow = r->flow;
    nts_outcome_t block = { 0 };

    r->running = NULL;
    nts_timer_cancel(flow->host->loop, &run->show);
    nts_commits_forget(flow->host->commits, &run->put);
    close_row(run);
    if (run->broken_off) {
        r->full_wanted |= run->kind == NTS_SCAN_FULL && !run->asked.is_set;
        r->full_notices_taken = 0;
    }
    else if (run->scan_step == NTS_STEP_DONE) {
        r->failures = 0;
        if (run->kind == NTS_SCAN_FIRST) {
            matched(r, run);
        }
        else if (run->kind != NTS_SCAN_VERIFY) {
            take_listing(r, run);
        }
    }
    else {
        failed(r, run);
        block = run->outcome;
    }
    if (run->asked.is_set) {
        run->asked.done(run->asked.baton, run->broken_off ? NULL : &run->report, &run->row,
                        &run->outcome);
    }
    if (block.remedy == NTS_REMEDY_PERSON) {
        nts_flow_block(flow, &block);
    }
    apr_pool_destroy(run->p);
    next_soon(r);
}

static void finish_if_over(running_t *run)
{
    if (!run->scan && run->starter.jobs == 0) {
        finish(run);
    }
}

static void scan_progress(void *baton, const nts_scan_t *scan)
{
    running_t *run = baton;

    run->report = *nts_scan_report(scan);
}

/* What the report points to must outlive the scan. */
static void keep_report(running_t *run, const nts_scan_t *scan)
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
    running_t *run = baton;

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
    running_t *run = baton;

    run->row.requests += ended->requests;
    run->row.written[NTS_NOTION] += ended->writes[NTS_NOTION];
    run->row.written[NTS_EXTERNAL] += ended->writes[NTS_EXTERNAL];
    run->row.troubles += ended->step == NTS_STEP_TROUBLE;
    if (ended->failed || ended->step == NTS_STEP_BLOCKED) {
        run->broken_off = 1;
    }
    finish_if_over(run);
}

/* --- the beginning of one */

static apr_time_t floor_minute(apr_time_t at)
{
    return at - at % MINUTE;
}

static const char *cause_text(const running_t *run)
{
    return run->asked.is_set
               ? run->asked.cause
               : apr_psprintf(run->p, "%s run %" APR_INT64_T_FMT, run->row.kind, run->row.id);
}

static void begin(nts_reconcile_t *r, nts_scan_kind_t kind, const asked_t *asked, apr_time_t since,
                  apr_time_t before)
{
    nts_flow_t *flow = r->flow;
    nts_scan_config_t config = { 0 };
    running_t *run;
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

static apr_time_t incremental_since(const nts_flow_t *flow)
{
    return flow->status.listed > LATE ? floor_minute(flow->status.listed - LATE) : 0;
}

static void begin_minutes(nts_reconcile_t *r, apr_time_t now)
{
    apr_time_t first = APR_ARRAY_IDX(r->minutes, 0, apr_time_t);
    apr_time_t last = first;
    int i;

    /* Neighbours that are due are one listing. */
    for (i = 1; i < r->minutes->nelts; i++) {
        apr_time_t minute = APR_ARRAY_IDX(r->minutes, i, apr_time_t);

        if (minute > last + MINUTE || now < minute + MINUTE + LATE) {
            break;
        }
        last = minute;
    }
    begin(r, NTS_SCAN_MINUTE, NULL, first, last + MINUTE);
}

static void begin_asked(nts_reconcile_t *r)
{
    asked_t asked = r->asked;

    r->asked.is_set = 0;
    begin(r, asked.kind, &asked,
          asked.kind == NTS_SCAN_INCREMENTAL ? incremental_since(r->flow) : 0, 0);
}

/* A full run looks at the schemas first: one request more (P8). */
static void begin_full(nts_reconcile_t *r)
{
    if (!r->contacted) {
        r->contacted = 1;
        nts_contact_start(r->flow->contact);
        return;
    }
    r->contacted = 0;
    r->rematched = 0;
    r->full_wanted = 0;
    r->full_notices_taken = r->full_notices->nelts;
    begin(r, NTS_SCAN_FULL, NULL, 0, 0);
}

/* The earliest of the times that are set. */
static void sleep_until_next(nts_reconcile_t *r, apr_time_t now)
{
    apr_time_t next = NTS_NEVER;
    apr_interval_time_t wait;
    apr_time_t mono = nts_host_mono(r->flow->host);

    if (r->next_full) {
        next = r->next_full;
    }
    if (r->next_incremental && r->next_incremental < next) {
        next = r->next_incremental;
    }
    if (r->minutes->nelts > 0) {
        apr_time_t minute = APR_ARRAY_IDX(r->minutes, 0, apr_time_t) + MINUTE + LATE;

        next = minute < next ? minute : next;
    }
    if (r->full_wanted || !r->flow->status.matched) {
        next = now;
    }
    if (next == NTS_NEVER) {
        return;
    }
    wait = nts_host_until(r->flow->host, next, LONGEST);
    if (r->not_before > mono + wait) {
        wait = r->not_before - mono;
    }
    nts_timer_set(r->flow->host->loop, &r->timer, wait);
}

static int may_begin(const nts_reconcile_t *r)
{
    return r->flow->status.state == NTS_MAPPING_RUNNING &&
           nts_host_mono(r->flow->host) >= r->not_before;
}

/* S5.1: what an earlier match held as ambiguous may not be so any more; whole sides are to be matched
 * again before they are compared. True if there is such a record. */
static int needs_rematch(nts_reconcile_t *r)
{
    nts_flow_t *flow = r->flow;
    int released = 0;

    if (r->rematched || (flow->given->match_count == 0 && nts_mapping_key_pair(flow->given) < 0) ||
        nts_store_match_release(&released, flow->host->store, flow->given->id) != APR_SUCCESS) {
        return 0;
    }
    if (released > 0) {
        flow->status.matched = 0;
    }
    return released > 0;
}

static void start_next(void *baton)
{
    nts_reconcile_t *r = baton;
    nts_flow_t *flow = r->flow;
    apr_time_t now = nts_host_wall(flow->host);

    if (r->running || nts_planning_go(flow) || !nts_flow_is_usable(flow) || flow->host->draining) {
        return;
    }
    if (r->asked.is_set && r->asked.kind == NTS_SCAN_FULL && may_begin(r)) {
        (void)needs_rematch(r);
    }
    if (r->asked.is_set && (flow->status.matched || r->asked.kind == NTS_SCAN_VERIFY)) {
        begin_asked(r);
        return;
    }
    if (may_begin(r)) {
        if ((r->full_wanted || (r->next_full && r->next_full <= now)) && flow->status.matched) {
            r->full_wanted = 1;
            (void)needs_rematch(r);
        }
        if (!flow->status.matched) {
            begin(r, NTS_SCAN_FIRST, NULL, 0, 0);
            return;
        }
        if (r->full_wanted || (r->next_full && r->next_full <= now)) {
            r->full_wanted = 1;
            begin_full(r);
            return;
        }
        if (r->next_incremental && r->next_incremental <= now) {
            begin(r, NTS_SCAN_INCREMENTAL, NULL, incremental_since(flow), 0);
            return;
        }
        if (r->minutes->nelts > 0 &&
            APR_ARRAY_IDX(r->minutes, 0, apr_time_t) + MINUTE + LATE <= now) {
            begin_minutes(r, now);
            return;
        }
    }
    /* While it is paused nothing falls due, and whoever resumes it starts us. */
    if (flow->status.state == NTS_MAPPING_RUNNING) {
        sleep_until_next(r, now);
    }
}

/* --- for others */

nts_reconcile_t *nts_reconcile_create(nts_flow_t *flow)
{
    nts_reconcile_t *r = apr_pcalloc(flow->p, sizeof(*r));

    r->flow = flow;
    r->full_notices = apr_array_make(flow->p, 4, sizeof(apr_int64_t));
    r->minutes = apr_array_make(flow->p, 8, sizeof(apr_time_t));
    nts_timer_init(&r->timer, start_next, r);
    return r;
}

void nts_reconcile_start(nts_flow_t *flow)
{
    nts_reconcile_t *r = flow->reconcile;

    if (!r->stopped_marked) {
        r->stopped_marked = 1;
        nts_runs_mark_stopped(flow);
        /* Whatever was missed while nobody looked. */
        r->full_wanted = flow->status.full_done == 0;
        r->contacted = r->full_wanted;
        schedule_full(r, flow->status.full_done);
        schedule_incremental(r, 0);
    }
    else if (flow->status.full_done == 0 && !r->running) {
        r->full_wanted = 1;
    }
    next_soon(r);
}

void nts_reconcile_stop(nts_flow_t *flow)
{
    nts_reconcile_t *r = flow->reconcile;

    nts_timer_cancel(flow->host->loop, &r->timer);
    if (r->running) {
        /* Its jobs may never end, if the group goes with them. */
        nts_timer_cancel(flow->host->loop, &r->running->show);
        if (r->running->scan) {
            nts_driver_break_off_scan(r->running->scan);
        }
    }
}

void nts_reconcile_note_edit(nts_flow_t *flow, apr_time_t at)
{
    nts_reconcile_t *r = flow->reconcile;
    apr_time_t now = nts_host_wall(flow->host);
    apr_time_t minute;
    int i;

    /* An event may be days late, and a clock may be wrong: what is not about now, the next incremental
     * listing finds. */
    if (at > now || at < now - 2 * LATE) {
        at = now;
    }
    minute = floor_minute(at);
    for (i = r->minutes->nelts - 1; i >= 0; i--) {
        if (APR_ARRAY_IDX(r->minutes, i, apr_time_t) == minute) {
            return;
        }
    }
    if (r->minutes->nelts >= MINUTES_MAX) {
        r->next_incremental = now;
        apr_array_clear(r->minutes);
        next_soon(r);
        return;
    }
    APR_ARRAY_PUSH(r->minutes, apr_time_t) = minute;
    for (i = r->minutes->nelts - 1; i > 0; i--) {
        apr_time_t *pair = &APR_ARRAY_IDX(r->minutes, i - 1, apr_time_t);

        if (pair[0] <= pair[1]) {
            break;
        }
        pair[1] = pair[0];
        pair[0] = minute;
    }
    nts_timer_hasten(flow->host->loop, &r->timer,
                     nts_host_until(flow->host, minute + MINUTE + LATE, LONGEST));
}

void nts_reconcile_full_soon(nts_flow_t *flow, apr_int64_t notice)
{
    nts_reconcile_t *r = flow->reconcile;
    int i;

    for (i = 0; notice && i < r->full_notices->nelts; i++) {
        if (APR_ARRAY_IDX(r->full_notices, i, apr_int64_t) == notice) {
            notice = 0;
        }
    }
    if (notice) {
        APR_ARRAY_PUSH(r->full_notices, apr_int64_t) = notice;
    }
    r->full_wanted = 1;
    next_soon(r);
}

apr_status_t nts_reconcile_ask(nts_flow_t *flow, nts_scan_kind_t kind, const char *cause,
                               nts_reconcile_progress_fn *progress, nts_reconcile_done_fn *done,
                               void *baton)
{
    nts_reconcile_t *r = flow->reconcile;

    if (r->asked.is_set) {
        return APR_EBUSY;
    }
    r->asked.is_set = 1;
    r->asked.kind = kind;
    r->asked.cause = cause;
    r->asked.progress = progress;
    r->asked.done = done;
    r->asked.baton = baton;
    next_soon(r);
    return APR_SUCCESS;
}
