/* nts_reconcile_impl.h - what nts_reconcile.c (which run comes next) and nts_reconcile_run.c (one run) share. */
#ifndef NTS_RECONCILE_IMPL_H
#define NTS_RECONCILE_IMPL_H

#include <apr_tables.h>

#include "worker/nts_commits.h"
#include "worker/nts_driver.h"
#include "worker/nts_reconcile.h"
#include "worker/nts_timetable.h"

/** A run that is wanted, or under way. */
typedef struct nts_reconcile_asked_t {
    int is_set;
    nts_scan_kind_t kind;
    const char *cause;
    nts_reconcile_progress_fn *progress;
    nts_reconcile_done_fn *done;
    void *baton;
} nts_reconcile_asked_t;

typedef struct nts_reconcile_run_t {
    nts_reconcile_t *r;
    apr_pool_t *p;
    nts_run_t row;
    nts_scan_kind_t kind;
    nts_reconcile_asked_t asked; /* is_set: by a person */
    apr_time_t since;
    apr_time_t before;
    nts_starter_t starter;
    nts_work_t *scan; /* NULL: it is over */
    nts_step_t scan_step;
    int broken_off;
    int is_outdated; /* bound anew since it began */
    nts_outcome_t outcome;
    nts_scan_report_t report;
    nts_timer_t show;
    nts_unit_t put;
    int shown;
} nts_reconcile_run_t;

struct nts_reconcile_t {
    nts_flow_t *flow;
    nts_reconcile_run_t *running;
    nts_reconcile_asked_t asked; /* waiting for its turn */
    int full_wanted;
    int rematched;                    /* since the last full run */
    int contacted;                    /* contact was made for the full run that is wanted */
    apr_array_header_t *full_notices; /* apr_int64_t: settled by the next complete full run */
    int full_notices_taken;           /* how many of them the run under way answers */
    nts_timetable_t due;
    int failures;
    apr_time_t not_before; /* monotonic: after a failure */
    apr_time_t
        doubted; /* monotonic: one side first had nothing to pair, after another store had worked here */
    int stopped_marked; /* runs that a restart interrupted are marked */
    int is_silent;      /* events that should have come have not, as was logged */
    nts_timer_t timer;
};

/** Begin a run. @a asked NULL: by the clock. @a since, @a before bound what is listed, 0: no bound. nts_reconcile_over() follows, at once
 *  if the store fails. */
void nts_reconcile_begin(nts_reconcile_t *r, nts_scan_kind_t kind,
                         const nts_reconcile_asked_t *asked, apr_time_t since, apr_time_t before);
/** Break a run off that may wait for others; it is over at once, or when what is under way has ended. */
void nts_reconcile_give_up(nts_reconcile_run_t *run);
/** The run is over and its row is stored; draw the conclusions (nts_reconcile.c). @a run lives until this returns. */
void nts_reconcile_over(nts_reconcile_run_t *run);

#endif /* NTS_RECONCILE_IMPL_H */
