/* nts_reconcile.h - what runs by the clock: full and incremental runs, minutes listed once more.
 *
 * One scan of a mapping at a time. A run is over when its scan and all jobs it spawned are; a row in the
 * store tells of it. A run that a restart interrupted is marked stopped and repeated.
 */
#ifndef NTS_RECONCILE_H
#define NTS_RECONCILE_H

#include "worker/nts_group.h"

nts_reconcile_t *nts_reconcile_create(nts_flow_t *flow);
/** The flow begins to run: set timers, catch up, do the first match if it is due. */
void nts_reconcile_start(nts_flow_t *flow);
/** No more runs are started; those under way are broken off. */
void nts_reconcile_stop(nts_flow_t *flow);
/** Notion showed an edit at that time: its minute is listed once more (S3.10). */
void nts_reconcile_note_edit(nts_flow_t *flow, apr_time_t at);
/** Another database, or one that was set back, was accepted: what the run under way has seen may be of the former one, so that it counts
 *  as broken off, however it ends. */
void nts_reconcile_begin_anew(nts_flow_t *flow);
/** The mapping was bound anew: of a full run under way nobody knows which records it compared by the former schema, so that it is
 *  followed by another one, and settles nothing. */
void nts_reconcile_bound(nts_flow_t *flow);
/** A full run as soon as may be. @a notice is settled when it is complete; 0: none */
void nts_reconcile_full_soon(nts_flow_t *flow, apr_int64_t notice);

/** Look whether something may begin, a run or a plan. */
void nts_reconcile_soon(nts_flow_t *flow);

/** How a run that a person asked for ended. @a report is NULL when it was broken off. */
typedef void nts_reconcile_done_fn(void *baton, const nts_scan_report_t *report,
                                   const nts_run_t *run, const nts_outcome_t *outcome);
typedef void nts_reconcile_progress_fn(void *baton, const nts_run_t *run, const char *phase);

/** A run that a person asked for: NTS_SCAN_FULL, _INCREMENTAL or _VERIFY. Works while paused too.
 *  APR_EBUSY: another one waits already. */
apr_status_t nts_reconcile_ask(nts_flow_t *flow, nts_scan_kind_t kind, const char *cause,
                               nts_reconcile_progress_fn *progress, nts_reconcile_done_fn *done,
                               void *baton);

#endif /* NTS_RECONCILE_H */
