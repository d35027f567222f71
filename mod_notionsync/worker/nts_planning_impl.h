/* nts_planning_impl.h - a plan under way: what nts_planning.c, nts_planning_jobs.c and nts_planning_moved.c share. */
#ifndef NTS_PLANNING_IMPL_H
#define NTS_PLANNING_IMPL_H

#include <apr_hash.h>

#include "worker/nts_driver.h"
#include "worker/nts_planning.h"

typedef enum nts_planning_phase_t {
    NTS_PLANNING_CONTACT = 0, /* both sides are looked at first */
    NTS_PLANNING_FORGET,      /* older plans go */
    NTS_PLANNING_MATCH,       /* candidates of the first match are put down */
    NTS_PLANNING_SCAN,
    NTS_PLANNING_END
} nts_planning_phase_t;

typedef struct nts_planning_job_t nts_planning_job_t;

typedef struct nts_planning_run_t {
    nts_planning_t *planning;
    nts_flow_t *flow;
    apr_pool_t *p;
    int applies;
    nts_planning_phase_t phase;
    nts_plan_t *plan;
    nts_run_t row;
    const char *by;
    nts_reconcile_progress_fn *progress;
    nts_planning_done_fn *done;
    void *baton;
    nts_starter_t starter;
    nts_work_t *scan; /* NULL: it is over */
    nts_step_t scan_step;
    int incomplete;
    const char *problem;       /* the first; NULL: none */
    nts_planning_job_t *first; /* waiting for their turn */
    nts_planning_job_t **last;
    nts_planning_job_t *asleep; /* until their time */
    int active;
    apr_time_t shown;
    apr_hash_t *moved; /* keys that are followed only when the mapping goes on; NULL: none */
    apr_pool_t *asked; /* of the ask for them; NULL: none is under way */
} nts_planning_run_t;

/** A scan hands on a record (nts_starter_t.take). */
void nts_planning_take(void *baton, const nts_spawn_t *spawn);
/** Drop what was not begun, for the run has a problem or ends. */
void nts_planning_drop(nts_planning_run_t *run);
/** It is over: the next phase, or the end (nts_planning.c). */
void nts_planning_over(nts_planning_run_t *run);
/** Something is wrong with the whole: the first such is kept, and nothing more is begun. */
void nts_planning_fail(nts_planning_run_t *run, const char *problem);
int nts_planning_is_stopped(const nts_planning_run_t *run);
/** All is known that the plan needs: older plans go, then both sides are read (nts_planning.c). */
void nts_planning_begin(nts_planning_run_t *run);
/** Ask which keys were changed in a database that is not accepted yet; nts_planning_begin or _over follows. @return 0: nothing is to be
 *  asked */
int nts_planning_find_moved(nts_planning_run_t *run);
/** A row has or had that key, and the change is still to be followed. */
int nts_planning_is_moved(const nts_planning_run_t *run, const char *key);

#endif /* NTS_PLANNING_IMPL_H */
