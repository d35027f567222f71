/* nts_job.h - one record's way from a notice to agreement: load, read, decide, intend, write, settle.
 *
 * Sans-I/O: a job is stepped with the reply to its last call and answers with the next. Only what was
 * committed outlives a crash; a restarted record begins again at load (architecture).
 */
#ifndef NTS_JOB_H
#define NTS_JOB_H

#include "base/nts_clock.h"
#include "sync/nts_call.h"

typedef struct nts_job_t nts_job_t;

/** Code of the outcome of a job whose record is not as its plan shows it. */
#define NTS_PLAN_MOVED "plan.moved"

typedef struct nts_job_config_t {
    const nts_mapping_t *mapping;    /* bound */
    const nts_random_t *random;      /* intent ids */
    const char *bot[NTS_SIDE_COUNT]; /* our own author id there; NULL none, or not a bot */
    const char *cause;               /* for the audit */
    apr_int64_t run;                 /* for the audit; 0 none */
    /* part of a full run: a 404 counts towards a held delete (S4.1) */
    int full_run;
    /* when this process last found its wall clock set forward: what was stamped before that may be younger than it looks;
     * 0 never */
    apr_time_t clock_set;
    /* what its wall clock showed when this process last found it set back, for an hour: what was stamped until then may be older
     * than it looks; 0: never */
    apr_time_t clock_was;
    /* when this process began to work on the mapping: others may have sent what they intended until then; 0 unknown */
    apr_time_t taken;
    /* first match is not over: nothing unlinked is created yet (S5.1) */
    int hold_creates;
    /* only say what would be done: nothing is written, nothing is committed (nts_job_planned) */
    int dry;
} nts_job_config_t;

/** What a person asked to be taken back (S5.5). */
typedef struct nts_undo_t {
    const nts_entry_t *entry;
} nts_undo_t;

/** Everything belongs to @a p, which must live as long as the job. @a spawn carries the target and the
 *  scan's evidence; @a undo may be NULL. */
nts_job_t *nts_job_create(const nts_job_config_t *config, const nts_spawn_t *spawn,
                          const nts_undo_t *undo, apr_pool_t *p);

/** The next step. @a reply is NULL the first time. @a now is wall time. With NTS_STEP_CALL the call is
 *  at nts_job_call(). */
nts_step_t nts_job_step(nts_job_t *job, const nts_reply_t *reply, apr_time_t now);

const nts_call_t *nts_job_call(const nts_job_t *job);
/** A write is under way: who breaks off now learns its fate only much later (S3.7). */
int nts_job_is_writing(const nts_job_t *job);
/** It is broken off, while no commit is awaited and no write is under way: what it knows of its writes is to be stored, which is its last call. */
nts_step_t nts_job_leave(nts_job_t *job);
/** After NTS_STEP_WAIT and NTS_STEP_TROUBLE; 0: as the caller thinks best, later each time. */
apr_time_t nts_job_until(const nts_job_t *job);
/** After NTS_STEP_WAIT, _TROUBLE, _BLOCKED: why. */
const nts_outcome_t *nts_job_outcome(const nts_job_t *job);
/** True if a field waits because nobody in Notion is known by what the other side calls them. */
int nts_job_misses_person(const nts_job_t *job);
/** Of a dry job that is done: what it would do; NULL: nothing. Belongs to the job. */
const nts_plan_item_t *nts_job_planned(const nts_job_t *job);
/** Outcome code of an undo that found nothing to take back. */
#define NTS_UNDO_NOTHING "undo.nothing"
/** A person's decision (S2.9), or undo (S5.5), that was not carried out, because things have moved on; remedy NONE if all
 *  were, or there was none. The job went on without it. */
const nts_outcome_t *nts_job_refused(const nts_job_t *job);
/** Number of records written so far, per side. */
const int *nts_job_writes(const nts_job_t *job);

#endif /* NTS_JOB_H */
