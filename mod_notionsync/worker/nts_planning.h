/* nts_planning.h - plans: what a run would do, and doing just that.
 *
 * Made by the same scans and jobs as a run, dry (nts_job_config_t.dry); applied by the same scans and jobs, each
 * of which is given its item (nts_spawn_t.approved) and does nothing else. Works while the mapping is paused or
 * waits for a person too, which is when people want one: a run whose jobs wait for that is broken off. One at a time, and not while another
 * run is under way.
 * A restart makes a plan anew, and goes on applying: what is done reads as done.
 */
#ifndef NTS_PLANNING_H
#define NTS_PLANNING_H

#include "store/nts_store_plan.h"
#include "worker/nts_group.h"
#include "worker/nts_reconcile.h"

/** How it ended. */
typedef struct nts_planned_t {
    const char *problem;      /* NULL: none */
    const nts_plan_t *plan;   /* with its counts; NULL: there is none */
    const apr_int64_t *fates; /* applied: items by nts_plan_fate_t; NULL */
    int released;             /* the mapping waited for this, and goes on */
    int incomplete;           /* Notion's listing did not prove its end: deletes may be missing */
} nts_planned_t;

typedef void nts_planning_done_fn(void *baton, const nts_planned_t *planned);

nts_planning_t *nts_planning_create(nts_flow_t *flow);
/** Make a plan. APR_EBUSY: one is being made or applied. @a by belongs to the caller until @a done. */
apr_status_t nts_planning_make(nts_flow_t *flow, const char *by,
                               nts_reconcile_progress_fn *progress, nts_planning_done_fn *done,
                               void *baton);
/** Carry one out. */
apr_status_t nts_planning_apply(nts_flow_t *flow, apr_int64_t plan, const char *by,
                                nts_reconcile_progress_fn *progress, nts_planning_done_fn *done,
                                void *baton);
/** No run is under way: begin, or go on, if there is a reason to. Non-zero: no run may begin. */
int nts_planning_go(nts_flow_t *flow);
/** A plan is to be made or applied, or that is under way. */
int nts_planning_is_wanted(const nts_flow_t *flow);
/** Nothing is started any more. */
void nts_planning_stop(nts_flow_t *flow);

#endif /* NTS_PLANNING_H */
