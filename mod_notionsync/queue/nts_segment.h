/* nts_segment.h - the shared memory of one generation: rings that tell workers where to look, and
 * what the dashboard shows of now.
 *
 * A cache and a wake-up, never the truth (D35): whoever finds it full, damaged or gone loses no work,
 * because the inbox in the store has it all. Created by the parent before it forks, inherited by
 * children and workers, never shared between generations. Holds no pointers.
 *
 * Rings are under a lock which the host lends; all else is single atomic words.
 */
#ifndef NTS_SEGMENT_H
#define NTS_SEGMENT_H

#include "base/nts_skew.h"
#include "queue/nts_urgency.h"

typedef struct nts_segment_t nts_segment_t;

/** Enter and leave; any status but APR_SUCCESS means that the lock is not held. */
typedef struct nts_segment_lock_t {
    apr_status_t (*lock)(void *baton);
    void (*unlock)(void *baton);
    void *baton;
} nts_segment_lock_t;

typedef struct nts_segment_size_t {
    int workers;
    int slots;    /* in the ring of each worker */
    int groups;   /* as numbered by the setup */
    int services; /* as numbered by the setup */
    int places;   /* questions that may be asked at once (nts_desk.h); 0: none is */
} nts_segment_size_t;

/** Bytes that this takes, for a message when it is too much; 0 if a number is out of bounds (1024
 *  workers, 2^22 slots, 2^20 groups and services, 256 places). */
apr_uint64_t nts_segment_bytes(const nts_segment_size_t *size);
/** In the parent. Also makes an eventfd for each worker. Goes with @a p. The lock must hold between
 *  processes and between the threads of one, and be released when its holder dies. */
apr_status_t nts_segment_create(nts_segment_t **seg, const nts_segment_size_t *size,
                                const nts_segment_lock_t *lock, apr_pool_t *p);
/** APR_EMISMATCH and a sentence if what is in it cannot be; takes no lock. */
apr_status_t nts_segment_validate(const char **problem, const nts_segment_t *seg);

/* ---- rings ---- */

#define NTS_SLOT_RECORD_MAX 96

/** "Look at this record." The inbox row was committed before. */
typedef struct nts_slot_t {
    apr_int64_t mapping;
    apr_int64_t inbox; /* id there; 0 unknown */
    apr_time_t due;    /* wall clock; 0 at once */
    apr_int32_t side;  /* nts_side_t the notice is about */
    apr_int32_t urgency;
    char record[NTS_SLOT_RECORD_MAX]; /* page id or key; "" if it does not fit: read the inbox */
} nts_slot_t;

/** Fill in; a record too long is left out. */
void nts_slot_set(nts_slot_t *slot, apr_int64_t mapping, apr_int64_t inbox, nts_side_t side,
                  const char *record, nts_urgency_t urgency, apr_time_t due);

/** Push and wake the worker. When the ring is full or the lock fails, the worker is told to read the
 *  inbox, and woken all the same. */
void nts_segment_push(nts_segment_t *seg, int worker, const nts_slot_t *slots, int count);
/** Push to the owner of @a group; without an owner nobody is told, for who takes the group reads the
 *  inbox. */
void nts_segment_notify(nts_segment_t *seg, int group, const nts_slot_t *slots, int count);
/**
 * Take up to @a max slots. Clear the wake-up before (nts_segment_clear), then drain until it answers
 * 0 slots.
 * @param overflowed set to 1 if notices were lost to the ring since the last drain: read the inbox
 */
int nts_segment_drain(nts_segment_t *seg, int worker, nts_slot_t *slots, int max, int *overflowed);

/** The worker's wake-up descriptor, to be waited for with POLLIN; the same number in all processes. */
int nts_segment_fd(const nts_segment_t *seg, int worker);
void nts_segment_wake(nts_segment_t *seg, int worker);
void nts_segment_wake_all(nts_segment_t *seg);
/** Makes the descriptor wait again. */
void nts_segment_clear(nts_segment_t *seg, int worker);

/* ---- who owns what ---- */

/** Called by the worker that took a group's lock, before it reads the inbox; -1: by nobody, before
 *  the lock is given up. */
void nts_segment_set_owner(nts_segment_t *seg, int group, int worker);
/** -1: nobody, or somebody who cannot be. */
int nts_segment_owner(const nts_segment_t *seg, int group);

/* ---- shown by the dashboard ---- */

typedef enum nts_worker_state_t {
    NTS_WORKER_ABSENT = 0,
    NTS_WORKER_STARTING,
    NTS_WORKER_READY,
    NTS_WORKER_DRAINING
} nts_worker_state_t;

typedef struct nts_worker_view_t {
    apr_int64_t pid;
    nts_worker_state_t state;
    apr_time_t started;   /* wall clock */
    apr_time_t heartbeat; /* wall clock */
    apr_int64_t groups;   /* owned */
    apr_int64_t running;  /* jobs */
} nts_worker_view_t;

/** By the worker itself, and by the parent when it has forked or lost one. */
void nts_segment_set_worker(nts_segment_t *seg, int worker, const nts_worker_view_t *view);
void nts_segment_heartbeat(nts_segment_t *seg, int worker, apr_time_t now);
void nts_segment_get_worker(nts_worker_view_t *view, const nts_segment_t *seg, int worker);

typedef struct nts_group_view_t {
    apr_int64_t waiting[NTS_URGENCY_COUNT];
    apr_int64_t lying;
    apr_int64_t running;
    apr_time_t oldest; /* due time of the longest due task; 0 none */
} nts_group_view_t;

void nts_segment_set_group(nts_segment_t *seg, int group, const nts_group_view_t *view);
void nts_segment_get_group(nts_group_view_t *view, const nts_segment_t *seg, int group);

typedef struct nts_budget_view_t {
    apr_int64_t used;
    apr_int64_t capacity;
    apr_time_t closed_until; /* wall clock; 0 open */
} nts_budget_view_t;

void nts_segment_set_budget(nts_segment_t *seg, int service, const nts_budget_view_t *view);
void nts_segment_get_budget(nts_budget_view_t *view, const nts_segment_t *seg, int service);

/** The service's clock against ours. */
void nts_segment_set_clock(nts_segment_t *seg, int service, const nts_skew_t *skew);
void nts_segment_get_clock(nts_skew_t *skew, const nts_segment_t *seg, int service);

/** Counted since this generation began. */
typedef enum nts_count_t {
    NTS_COUNT_HOOKS_STORED = 0,
    NTS_COUNT_HOOKS_DUPLICATE,
    NTS_COUNT_HOOKS_COMMITS,    /* transactions that stored them */
    NTS_COUNT_HOOKS_IRRELEVANT, /* well signed, but about nothing that is mapped */
    NTS_COUNT_REFUSED_SIGNATURE,
    NTS_COUNT_REFUSED_SIZE,
    NTS_COUNT_REFUSED_SYNTAX,
    NTS_COUNT_REFUSED_METHOD,
    NTS_COUNT_REFUSED_STORE,    /* the store could not take it: answered 503 */
    NTS_COUNT_RING_OVERFLOWS,   /* notices left to the inbox */
    NTS_COUNT_SEGMENT_REPAIRS,  /* a process died inside a ring */
    NTS_COUNT_NOTICES_ECHO,     /* dropped unread: our own writes */
    NTS_COUNT_REQUESTS,         /* sent to services */
    NTS_COUNT_REQUESTS_FAILED,  /* without an answer, or 5xx */
    NTS_COUNT_REQUESTS_LIMITED, /* 429 and 529 */
    NTS_COUNT_JOBS_DONE,
    NTS_COUNT_JOBS_FAILED,
    NTS_COUNT_WORKER_STARTS,
    NTS_COUNT_COUNT
} nts_count_t;

void nts_segment_add(nts_segment_t *seg, nts_count_t what, apr_int64_t n);
apr_int64_t nts_segment_counter(const nts_segment_t *seg, nts_count_t what);

#endif /* NTS_SEGMENT_H */
