/* nts_work.h - one job or scan under way: what the files of nts_driver and nts_work.c share. */
#ifndef NTS_WORK_H
#define NTS_WORK_H

#include "worker/nts_driver.h"

#define NTS_WORK_TAG 32

/** A record that a scan handed on, while it waits for its turn. */
typedef struct nts_errand_t {
    nts_spawn_t spawn;             /* its candidate is not used */
    const nts_record_t *candidate; /* our own copy */
    nts_starter_t *starter;
    int late;
    struct nts_errand_t *next; /* of those that are dropped */
    apr_pool_t *p;
} nts_errand_t;

/** What a work changes in one transaction. */
typedef struct nts_saving_t {
    nts_commit_t commit;
    const nts_call_t *matches;
    nts_commit_result_t result;
    const char *words;
    apr_int64_t link_id;    /* as they were, should the transaction have to be repeated */
    apr_int64_t *entry_ids; /* id and link of each */
    int told;               /* notices that were put into inboxes of siblings */
} nts_saving_t;

struct nts_work_t {
    nts_work_t *next;
    nts_work_t **back;
    nts_flow_t *flow;
    apr_pool_t *p;
    char tag[NTS_WORK_TAG]; /* what yielding tasks wait for */
    nts_urgency_t urgency;
    nts_job_t *job; /* one of these */
    nts_scan_t *scan;
    nts_job_config_t config;
    nts_task_t *task; /* NULL: a scan, or an undo */
    nts_errand_t *errand;
    nts_starter_t *starter;
    nts_grant_t grant[NTS_SIDE_COUNT];
    nts_reply_t reply;
    nts_unit_t unit;
    nts_saving_t saving;
    nts_timer_t timer; /* begins or goes on */
    int reply_due;     /* with a reply */
    int asking;        /* an ask is under way */
    int dead;          /* ends as soon as nothing is under way */
    int leaves;        /* ... and stores what it knows of its writes first */
    apr_int64_t link;  /* what it works on, as far as is known; 0, NULL */
    const char *page;
    const char *key;
    int creating; /* a page, whose id is not known yet */
    nts_ask_kind_t asked;
    nts_side_t asked_side;
    apr_int64_t number;     /* works of the flow in the order in which they began */
    const nts_ask_t *held;  /* a write that waits for others (nts_meeting.h); NULL: none */
    apr_int64_t held_since; /* the number of the newest work then */
    nts_timer_t patience;   /* no longer */
    int is_dismissed;       /* ... and not at all any more */
    int meets;              /* it is performed together with others */
    int has_met;            /* it was */
    apr_time_t noticed;     /* wall clock: the first notice it answers was stored; 0 none */
    apr_int64_t requests;
};

nts_work_t *nts_work_create(nts_flow_t *flow, nts_urgency_t urgency);
void nts_work_unlink(nts_work_t *w);
/** Nothing will call it but its timer. */
int nts_work_is_idle(const nts_work_t *w);
/** Go on at @a due (monotonic), without a reply. */
void nts_work_sleep(nts_work_t *w, apr_time_t due);
/** Go on in this turn: with an empty reply if reply_due. */
void nts_work_resume(nts_work_t *w);

/** Remember what was loaded; another work that has it in hand, or NULL. */
const nts_work_t *nts_work_take_identity(nts_work_t *w, const nts_target_t *target,
                                         const nts_loaded_t *loaded);

void nts_work_ask(nts_work_t *w, const nts_ask_t *ask);
/** The answer to what @a baton, a work, has asked. */
void nts_work_answered(void *baton, const nts_answer_t *answer);
void nts_work_commit(nts_work_t *w, const nts_commit_t *commit);
void nts_work_put_matches(nts_work_t *w, const nts_call_t *call);

nts_errand_t *nts_errand_make(nts_flow_t *flow, const nts_spawn_t *spawn, nts_starter_t *starter);
/** The schedule's name of a record; the same as nts_flow_notice and nts_flow_remember use. */
const char *nts_errand_key(const nts_errand_t *errand);
void nts_errand_parse(nts_target_t *target, const char *key, apr_pool_t *p);

/** Count something for the dashboard. */
void nts_segment_count(const nts_host_t *host, nts_count_t what);

/* nts_driver_step.c */
/** Step until something has to be awaited. */
void nts_work_step(nts_work_t *w, const nts_reply_t *reply);

/* nts_driver_end.c: each nts_work_ function but nts_work_due_again ends @a w, which is gone then. */
/** It came to @a step, unless @a failed says what kept it from going on (APR_EINTR: it was broken off). */
void nts_work_end(nts_work_t *w, nts_step_t step, apr_status_t failed);
/** The store failed. */
void nts_work_fail(nts_work_t *w, apr_status_t rv);
/** Another job has the record: come back when it has ended. */
void nts_work_yield(nts_work_t *w, const nts_work_t *other);
/** When a job that is not over comes back, on the schedule's clock. @a until: wall clock; 0: after a pause. */
apr_time_t nts_work_due_again(const nts_work_t *w, apr_time_t until);
/** It is no longer among its starter's. */
void nts_errand_forget(const nts_errand_t *errand);
/** The running @a task, whose work had @a errand, is to run again with it. If a scan handed the record on meanwhile, that one job does for
 *  both, and the scan is told that its own is over. So is the scan of an @a errand that was given up. */
void nts_errand_return(nts_task_t *task, nts_errand_t *errand);

#endif /* NTS_WORK_H */
