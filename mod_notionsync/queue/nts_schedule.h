/* nts_schedule.h - what one group of mappings has to do, and when. In memory only: the inbox is the
 * truth, and a lost schedule is read again from there.
 *
 * A task is a record, named by a key of the caller's making. It waits for its time, waits for a
 * named thing, or runs; it is in the schedule once, however often it is noticed. Times are those of
 * one clock, the caller's. Single-threaded.
 */
#ifndef NTS_SCHEDULE_H
#define NTS_SCHEDULE_H

#include "base/nts_clock.h"
#include "queue/nts_urgency.h"

typedef struct nts_schedule_t nts_schedule_t;
typedef struct nts_task_t nts_task_t;

#define NTS_NEVER APR_INT64_C(0x7fffffffffffffff)
#define NTS_DEBOUNCE_MAX apr_time_from_sec(1)

/** @a debounce: how long a live notice waits for the next one; it is never later than
 *  NTS_DEBOUNCE_MAX (or the debounce, if that is longer) after the first. */
nts_schedule_t *nts_schedule_create(apr_interval_time_t debounce, apr_pool_t *p);

/**
 * Notice a record.
 * - unknown: it becomes due after the debounce (bulk: at once);
 * - waiting, or lying until something happens: its time moves: a live notice sets it to now + debounce
 *   and makes bulk work live, a bulk one at most makes it due now (failures are still counted);
 * - running: it becomes due again when it has finished.
 * The task stays valid until it is finished and not due again.
 */
nts_task_t *nts_schedule_add(nts_schedule_t *s, const char *key, nts_urgency_t urgency,
                             apr_time_t now);
/** Bring in a record that is to be looked at at @a due (a stored failure, after a restart). Does
 *  nothing if it is known. */
nts_task_t *nts_schedule_add_at(nts_schedule_t *s, const char *key, nts_urgency_t urgency,
                                apr_time_t due);

/** As nts_schedule_add() for a notice that others will follow: the record is due at @a due at the latest, and not moved back by the
 *  next. Not before it has finished if it runs. */
nts_task_t *nts_schedule_add_late(nts_schedule_t *s, const char *key, nts_urgency_t urgency,
                                  apr_time_t due);

/** Bulk work that somebody waits for after all: a waiting task becomes live, due when it was. */
void nts_schedule_hurry(nts_schedule_t *s, nts_task_t *task);

/** The next due task, now running; NULL if there is none. Live before bulk, the longest due first.
 *  @param least NTS_LIVE: live tasks only; NTS_BULK: both */
nts_task_t *nts_schedule_pop(nts_schedule_t *s, nts_urgency_t least, apr_time_t now);
/** When the next task of that class becomes due; NTS_NEVER. */
apr_time_t nts_schedule_next_due(const nts_schedule_t *s, nts_urgency_t urgency);

/* A running task ends in one of these. If it was noticed meanwhile it is due again after the
 * debounce whatever the end, else as said. */
/** Done; its failures are forgotten. */
void nts_schedule_finish(nts_schedule_t *s, nts_task_t *task);
/** Failed; again at @a due. Adds one to its failures. */
void nts_schedule_retry(nts_schedule_t *s, nts_task_t *task, apr_time_t due);
/** Lies until @a what is woken, at the latest until @a until (NTS_NEVER: no limit). Due at once if
 *  @a what was woken while it ran. */
void nts_schedule_wait(nts_schedule_t *s, nts_task_t *task, const char *what, apr_time_t until,
                       apr_time_t now);
/** Not started after all (no budget): due as before, its place kept. */
void nts_schedule_put_back(nts_schedule_t *s, nts_task_t *task);

/** What tasks wait for has happened: they are due now. Answers how many. */
int nts_schedule_wake(nts_schedule_t *s, const char *what, apr_time_t now);

const char *nts_task_key(const nts_task_t *task);
nts_urgency_t nts_task_urgency(const nts_task_t *task);
/** Failures in a row before this run. */
int nts_task_failures(const nts_task_t *task);
/** First notice that this run answers, for the latency shown; 0 unknown. */
apr_time_t nts_task_noticed(const nts_task_t *task);
/** The caller's own; NULL in a new task. What it points to is the caller's to free before a finish. */
void *nts_task_data(const nts_task_t *task);
void nts_task_set_data(nts_task_t *task, void *data);

typedef void nts_task_fn(void *baton, nts_task_t *task);
/** Every task, in no order; @a fn may change its data, and nothing else. */
void nts_schedule_each(const nts_schedule_t *s, nts_task_fn *fn, void *baton);

typedef struct nts_schedule_counts_t {
    int waiting[NTS_URGENCY_COUNT]; /* for their time */
    int lying;                      /* for something to happen */
    int running;
} nts_schedule_counts_t;
nts_schedule_counts_t nts_schedule_count(const nts_schedule_t *s);

/** Exponential back-off with jitter: between half of and all of base * 2^(failures - 1), at most
 *  @a max; @a failures >= 1. */
apr_interval_time_t nts_backoff(int failures, const nts_random_t *random, apr_interval_time_t base,
                                apr_interval_time_t max);

#endif /* NTS_SCHEDULE_H */
