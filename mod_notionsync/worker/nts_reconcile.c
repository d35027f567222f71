/* nts_reconcile.c - which run comes next, and what it leaves behind. */
#include <string.h>

#include "base/nts_log.h"
#include "base/nts_str.h"
#include "worker/nts_contact.h"
#include "worker/nts_events.h"
#include "worker/nts_flow.h"
#include "worker/nts_planning.h"
#include "worker/nts_reconcile_impl.h"
#include "worker/nts_runs.h"

/* All that was sent before is in Notion's listings, or never will be. */
#define SURELY_LISTED apr_time_from_sec(120)
#define FAIL_BASE apr_time_from_sec(20)
#define FAIL_MAX apr_time_from_sec(900)
#define LONGEST apr_time_from_sec(24 * 3600)

static void start_next(void *baton);

static void next_soon(nts_reconcile_t *r)
{
    nts_timer_hasten(r->flow->host->loop, &r->timer, 0);
}

void nts_reconcile_soon(nts_flow_t *flow)
{
    next_soon(flow->reconcile);
}

/* --- the end of a run */

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
static void take_listing(nts_reconcile_t *r, const nts_reconcile_run_t *run)
{
    nts_flow_t *flow = r->flow;
    apr_time_t sent = run->report.list_sent;

    if (run->kind == NTS_SCAN_MINUTE) {
        nts_timetable_cover(&r->due, run->since, run->before, sent);
        return;
    }
    if (!run->report.complete || !sent) {
        return;
    }
    flow->status.listed = sent;
    nts_timetable_cover(&r->due, run->kind == NTS_SCAN_FULL ? 0 : run->since, 0, sent);
    if (run->kind == NTS_SCAN_FULL && run->is_outdated) {
        r->full_wanted = 1;
        r->full_notices_taken = 0;
    }
    else if (run->kind == NTS_SCAN_FULL) {
        flow->status.full_done = nts_host_wall(flow->host);
        settle_full_notices(r);
        r->due.full = nts_timetable_after(&r->due, flow->status.full_done, flow->given->full);
    }
    r->due.incremental = nts_timetable_after(&r->due, sent, flow->given->reconcile);
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
static int waits_for_person(nts_flow_t *flow, const nts_reconcile_run_t *run)
{
    const nts_matched_t *found = run->report.matched;
    nts_outcome_t why = { 0 };

    if (flow->status.doubt && (run->report.needs_match || !is_all_paired(found))) {
        nts_outcome_set(&why, run->p, NTS_REMEDY_PERSON, "state.lost",
                        "it was synced before, by a state store that is not this one, and "
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

/* S4.1: the table was synced by another state store, maybe a moment ago, and one side shows nothing to pair. What that store made is in a
 * listing after SURELY_LISTED: Notion may commit a minute late, and list later still (S3.2, S3.7). What is not listed would be
 * made a second time; so it is looked again then. */
static int is_too_early_to_match(nts_reconcile_t *r)
{
    apr_time_t mono = nts_host_mono(r->flow->host);

    if (!r->doubted) {
        r->doubted = mono;
        r->not_before = mono + SURELY_LISTED;
    }
    return mono < r->doubted + SURELY_LISTED;
}

static void matched(nts_reconcile_t *r, const nts_reconcile_run_t *run)
{
    nts_flow_t *flow = r->flow;
    const nts_matched_t *found = run->report.matched;

    if (found) {
        nts_log(NTS_LOG_NOTICE, 0,
                "mapping %s: first match: %" APR_INT64_T_FMT " pairs made, %" APR_INT64_T_FMT
                " records ambiguous and held",
                flow->label, found->linked, found->ambiguous);
    }
    if (waits_for_person(flow, run) || (flow->status.doubt && !found && is_too_early_to_match(r))) {
        return;
    }
    if (flow->status.doubt) {
        nts_log(NTS_LOG_NOTICE, 0,
                "mapping %s: it was synced before by another state store; all records "
                "found their partners again",
                flow->label);
        flow->status.doubt = NULL;
        r->doubted = 0;
    }
    flow->status.matched = 1;
    nts_flow_put_status(flow);
    r->full_wanted = 1;
    r->contacted = 1;
    r->rematched = 1;
    nts_flow_run(flow);
}

/* S7.2: more pages were edited in one minute than Notion lists at once. They were not made in one, so a full run, which lists by the time of
 * their creation, sees them. */
static int needs_full_instead(const nts_reconcile_run_t *run)
{
    return (run->kind == NTS_SCAN_INCREMENTAL || run->kind == NTS_SCAN_MINUTE) &&
           nts_str_same(run->outcome.code, NTS_LISTING_CUT);
}

static void failed(nts_reconcile_t *r, const nts_reconcile_run_t *run)
{
    nts_host_t *host = r->flow->host;

    if (needs_full_instead(run)) {
        nts_log(NTS_LOG_NOTICE, 0,
                "mapping %s: more pages were edited in one minute than Notion lists at once: a "
                "full run looks at all of them",
                r->flow->label);
        r->full_wanted = 1;
        return;
    }

    if (run->outcome.remedy !=
        NTS_REMEDY_PERSON) { /* who tells us to go on waits for nothing else */
        r->not_before =
            nts_host_mono(host) + nts_backoff(++r->failures, host->random, FAIL_BASE, FAIL_MAX);
    }
    if (run->kind == NTS_SCAN_FULL || run->kind == NTS_SCAN_INCREMENTAL) {
        nts_log(NTS_LOG_WARNING, 0, "mapping %s: the %s run failed and is repeated: %s",
                r->flow->label, run->row.kind, nts_outcome_text(&run->outcome, run->p));
    }
    r->full_wanted |= run->kind == NTS_SCAN_FULL && !run->asked.is_set;
}

void nts_reconcile_over(nts_reconcile_run_t *run)
{
    nts_reconcile_t *r = run->r;
    nts_flow_t *flow = r->flow;
    nts_outcome_t block = { 0 };

    if (run->broken_off) {
        /* Another database may have been accepted while this ended: nts_reconcile_start() left the full run to us. */
        r->full_wanted |=
            flow->status.full_done == 0 || (run->kind == NTS_SCAN_FULL && !run->asked.is_set);
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
        if (!needs_full_instead(run)) {
            block = run->outcome;
        }
    }
    if (run->asked.is_set) {
        run->asked.done(run->asked.baton, run->broken_off ? NULL : &run->report, &run->row,
                        &run->outcome);
    }
    if (block.remedy == NTS_REMEDY_PERSON) {
        nts_flow_block(flow, &block);
    }
}

/* --- the beginning of one */

/* A full run looks at the schemas first, whoever wants it: one request more (P8). The event that told of a change may be lost, and what
 * changed in the schema alone nobody compares otherwise (S5.4, S6.1). Non-zero: they are being looked at, and the end of that comes back
 * here. */
static int must_look_at_schemas(nts_reconcile_t *r)
{
    if (!r->contacted) {
        r->contacted = 1;
        nts_contact_start(r->flow->contact);
    }
    return nts_contact_is_open(r->flow->contact);
}

static void begin_asked(nts_reconcile_t *r)
{
    nts_reconcile_asked_t asked = r->asked;

    if (asked.kind == NTS_SCAN_FULL) {
        if (must_look_at_schemas(r)) {
            return;
        }
        r->contacted = 0;
    }
    r->asked.is_set = 0;
    nts_reconcile_begin(
        r, asked.kind, &asked,
        asked.kind == NTS_SCAN_INCREMENTAL ? nts_timetable_since(r->flow->status.listed) : 0, 0);
}

static void begin_full(nts_reconcile_t *r)
{
    if (must_look_at_schemas(r)) {
        return;
    }
    r->contacted = 0;
    r->rematched = 0;
    r->full_wanted = 0;
    r->full_notices_taken = r->full_notices->nelts;
    nts_reconcile_begin(r, NTS_SCAN_FULL, NULL, 0, 0);
}

/* The earliest of the times that are set. */
static void sleep_until_next(nts_reconcile_t *r, apr_time_t now)
{
    apr_time_t next =
        r->full_wanted || !r->flow->status.matched ? now : nts_timetable_next(&r->due);
    apr_time_t mono = nts_host_mono(r->flow->host);
    apr_interval_time_t wait;

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

/* The look at the schemas before an asked full run found that a person has to say something first (S4.1): whoever asked is told so now, and
 * waits for nothing (seed 60263). */
static void end_asked_in_vain(nts_reconcile_t *r)
{
    nts_reconcile_asked_t asked = r->asked;
    nts_scan_report_t report = { 0 };
    nts_run_t row = { 0 };

    if (!asked.is_set || !r->contacted || r->running || nts_contact_is_open(r->flow->contact) ||
        (r->flow->status.state != NTS_MAPPING_WAITING &&
         r->flow->status.state != NTS_MAPPING_BLOCKED)) {
        return;
    }
    r->asked.is_set = 0;
    r->contacted = 0;
    row.kind = "full";
    row.state = "failed";
    asked.done(asked.baton, &report, &row, &r->flow->status.outcome);
}

/* What a run has handed on waits while the mapping is paused, or waits for a person. A plan, and a look at the differences, do not: they are
 * what people want then, and a resume that stands behind one would never come (seed 409936). The run is repeated later. */
static int is_in_the_way(const nts_reconcile_t *r)
{
    nts_mapping_state_t state = r->flow->status.state;

    return r->running && !r->running->starter.given_up &&
           (state == NTS_MAPPING_PAUSED || state == NTS_MAPPING_WAITING ||
            state == NTS_MAPPING_BLOCKED) &&
           (nts_planning_is_wanted(r->flow) ||
            (r->asked.is_set && r->asked.kind == NTS_SCAN_VERIFY));
}

static void start_next(void *baton)
{
    nts_reconcile_t *r = baton;
    nts_flow_t *flow = r->flow;
    apr_time_t now = nts_host_wall(flow->host);

    end_asked_in_vain(r);
    if (is_in_the_way(r)) {
        nts_reconcile_give_up(r->running);
    }
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
        if ((r->full_wanted || (r->due.full && r->due.full <= now)) && flow->status.matched) {
            r->full_wanted = 1;
            (void)needs_rematch(r);
        }
        if (!flow->status.matched) {
            nts_reconcile_begin(r, NTS_SCAN_FIRST, NULL, 0, 0);
            return;
        }
        if (r->full_wanted || (r->due.full && r->due.full <= now)) {
            r->full_wanted = 1;
            begin_full(r);
            return;
        }
        if (r->due.incremental && r->due.incremental <= now) {
            nts_reconcile_begin(r, NTS_SCAN_INCREMENTAL, NULL,
                                nts_timetable_since(flow->status.listed), 0);
            return;
        }
        if (nts_timetable_minute_due(&r->due) <= now) {
            apr_time_t since;
            apr_time_t before;

            nts_timetable_minutes(&r->due, now, &since, &before);
            nts_reconcile_begin(r, NTS_SCAN_MINUTE, NULL, since, before);
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
    nts_timetable_init(&r->due, flow->host, flow->p);
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
        r->due.full = nts_timetable_after(&r->due, flow->status.full_done, flow->given->full);
        r->due.incremental = nts_timetable_after(&r->due, 0, flow->given->reconcile);
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

void nts_reconcile_begin_anew(nts_flow_t *flow)
{
    if (flow->reconcile->running) {
        flow->reconcile->running->broken_off = 1;
    }
}

void nts_reconcile_bound(nts_flow_t *flow)
{
    if (flow->reconcile->running) {
        flow->reconcile->running->is_outdated = 1;
    }
}

void nts_reconcile_note_edit(nts_flow_t *flow, apr_time_t at)
{
    nts_reconcile_t *r = flow->reconcile;
    apr_time_t minute = nts_timetable_add_minute(&r->due, at);

    if (minute == NTS_NEVER) {
        next_soon(r);
    }
    else if (minute) {
        nts_timer_hasten(flow->host->loop, &r->timer,
                         nts_host_until(flow->host, nts_timetable_minute_due(&r->due), LONGEST));
    }
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
