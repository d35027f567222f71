/* nts_driver.h - performs what jobs and scans ask for.
 *
 * Loads and look-ups are answered at once from the store; commits join the turn's transaction; asks go
 * to the ports. Two works never touch one record: the later one waits for the earlier.
 */
#ifndef NTS_DRIVER_H
#define NTS_DRIVER_H

#include "worker/nts_group.h"

/** Start what is due in the group, live first, as far as there is room. */
void nts_driver_pump(nts_group_t *group);
/** As nts_driver_pump, a little later, in this turn still. */
void nts_driver_pump_soon(nts_group_t *group);

/** What a work ended with. The outcome and the machine live until this returns. */
typedef struct nts_ended_t {
    nts_step_t step;     /* not CALL */
    apr_status_t failed; /* the store could not do what was asked; or APR_EINTR: broken off */
    const nts_outcome_t *outcome;
    const nts_outcome_t *refused; /* of a job: as nts_job_refused */
    apr_time_t until;
    const nts_scan_t *scan; /* NULL: a job */
    const int *writes;      /* of a job, per side */
    /* of a dry job: what it would do; NULL: nothing */
    const nts_plan_item_t *planned;
    apr_int64_t requests; /* asks that cost requests */
} nts_ended_t;

typedef void nts_ended_fn(void *baton, const nts_ended_t *ended);
/** Called after each step of a scan, for progress. */
typedef void nts_progress_fn(void *baton, const nts_scan_t *scan);
/** Takes a record that a scan hands on, in place of the schedule. */
typedef void nts_take_fn(void *baton, const nts_spawn_t *spawn);

/** Who started a scan. */
typedef struct nts_starter_t {
    nts_ended_fn *ended;       /* of the scan itself */
    nts_ended_fn *job_ended;   /* of each job it spawned; never again after that */
    nts_progress_fn *progress; /* may be NULL */
    void *baton;
    apr_int64_t run; /* for the audit */
    int full;        /* it is a full run (S4.1) */
    int live;        /* somebody waits for its jobs: notices are their cause (S7.1) */
    const char *cause;
    /* A plan is made or applied; else all zero. */
    nts_take_fn
        *take;        /* counts in `jobs` what it takes, and nts_starter_job_over when it is done */
    apr_int64_t plan; /* its pairs are links for scans, and for dry jobs */
    int plan_matches; /* so are the candidates of the first match */
    const char
        *instance; /* of the external database; NULL: the one that the mapping is synced with */
    /* Kept by the driver: */
    int jobs;            /* spawned and not ended */
    int late;            /* of those: waiting for a service that had no time */
    int given_up;        /* nts_driver_give_up was called */
    nts_work_t *waiting; /* the scan, while there are too many others */
    int enough;          /* it goes on when so many are left */
} nts_starter_t;

/** Run a scan. @a starter lives until all has ended. */
nts_work_t *nts_driver_scan(nts_flow_t *flow, const nts_scan_config_t *config,
                            nts_urgency_t urgency, nts_starter_t *starter);
/** Run a job of one record; with @a undo one that takes that entry back, else NULL. */
nts_work_t *nts_driver_record(nts_flow_t *flow, apr_int64_t link, const nts_entry_t *undo,
                              nts_starter_t *starter);

/** Run a job that does what @a spawn approves, or only says what it would do. */
void nts_driver_job(nts_flow_t *flow, const nts_spawn_t *spawn, int dry, nts_starter_t *starter);
/** One of those that starter->take took is done: its scan may go on. */
void nts_starter_job_over(nts_starter_t *starter);

/** Break off everything of the flow that nothing is under way for, and the rest as soon as that has
 *  come back. */
void nts_driver_break_off(nts_flow_t *flow);
/** As break_off, but writes that are under way come to their end, and what jobs know of earlier ones is stored. */
void nts_driver_quieten(nts_flow_t *flow);
void nts_driver_break_off_scan(nts_work_t *work);
/** What @a starter's scan handed on and no job is under way for is not its own any more: job_ended is called for each. The records stay in
 *  the schedule. Its scan, if it is not over, is to be broken off first. */
void nts_driver_give_up(nts_flow_t *flow, nts_starter_t *starter);

/** True while a job works on this record, or on one that may turn out to be it. */
int nts_driver_is_busy_with(const nts_flow_t *flow, nts_side_t side, const char *record);
/** Jobs and scans of the flow that are under way. */
int nts_driver_load(const nts_flow_t *flow);

#endif /* NTS_DRIVER_H */
