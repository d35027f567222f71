/* nts_segment_impl.h - the layout of the shared segment; for nts_segment.c, nts_gauge.c and nts_desk.c only.
 *
 * Changing anything here means raising NTS_SEGMENT_LAYOUT.
 */
#ifndef NTS_SEGMENT_IMPL_H
#define NTS_SEGMENT_IMPL_H

#include <stdatomic.h>

#include <apr_shm.h>

#include "base/nts_wake.h"
#include "queue/nts_desk.h"

#define NTS_SEGMENT_MAGIC 0x6e747331u /* "nts1" */
#define NTS_SEGMENT_LAYOUT 3

typedef _Atomic apr_int64_t nts_shared_t;

typedef struct nts_segment_worker_t {
    /* Under the lock: running numbers of slots, so that full and empty differ. */
    apr_uint64_t pushed;
    apr_uint64_t taken;

    atomic_int overflowed; /* read the inbox */
    atomic_int asked;      /* look at the places */

    nts_shared_t pid;
    nts_shared_t state;
    nts_shared_t started;
    nts_shared_t heartbeat;
    nts_shared_t groups;
    nts_shared_t running;
} nts_segment_worker_t;

typedef struct nts_segment_group_t {
    nts_shared_t owner;
    nts_shared_t waiting[NTS_URGENCY_COUNT];
    nts_shared_t lying;
    nts_shared_t running;
    nts_shared_t oldest;
} nts_segment_group_t;

typedef struct nts_segment_service_t {
    nts_shared_t used;
    nts_shared_t capacity;
    nts_shared_t closed_until;
    nts_shared_t clock_at; /* 0: nothing is known of it */
    nts_shared_t clock_low;
    nts_shared_t clock_high;
} nts_segment_service_t;

typedef enum nts_place_state_t {
    NTS_PLACE_FREE = 0,
    NTS_PLACE_ASKED,
    NTS_PLACE_TAKEN, /* the worker has seen it */
    NTS_PLACE_ANSWERED
} nts_place_state_t;

/* What one who asks and one who answers share. All under the lock but the wake-up. */
typedef struct nts_segment_place_t {
    nts_wake_t wake;     /* of who asked */
    apr_uint64_t serial; /* of the question; no two have one */
    apr_int32_t state;   /* nts_place_state_t */
    apr_int32_t worker;  /* who is asked */
    apr_time_t until;    /* monotonic: nobody waits for the answer any longer */
    apr_uint32_t length;
    unsigned char bytes[NTS_QUESTION_MAX];
    nts_desk_reply_t reply;
} nts_segment_place_t;

/* Offsets, not pointers. */
typedef struct nts_segment_parts_t {
    nts_segment_size_t size;
    apr_uint64_t workers;
    apr_uint64_t groups;
    apr_uint64_t services;
    apr_uint64_t slots;
    apr_uint64_t places;
    apr_uint64_t end;
} nts_segment_parts_t;

typedef struct nts_segment_head_t {
    apr_uint32_t magic;
    apr_uint32_t layout;
    nts_segment_parts_t
        parts;          /* for who looks from outside; nobody here reads it to find his way */
    atomic_int writing; /* somebody is inside the lock */
    apr_uint64_t asked; /* questions so far; under the lock */
    nts_shared_t counts[NTS_COUNT_COUNT];
} nts_segment_head_t;

/* Of each process its own copy, made before the fork: what is shared may be damaged. */
struct nts_segment_t {
    apr_shm_t *shm;
    char *base;
    nts_segment_head_t *head;
    nts_segment_parts_t parts;
    nts_segment_lock_t lock;
    int *fds; /* eventfds, of the same numbers in all processes */
};

static inline nts_segment_worker_t *nts_segment_worker(const nts_segment_t *seg, int worker)
{
    return (nts_segment_worker_t *)(void *)(seg->base + seg->parts.workers) + worker;
}

static inline nts_segment_group_t *nts_segment_group(const nts_segment_t *seg, int group)
{
    return (nts_segment_group_t *)(void *)(seg->base + seg->parts.groups) + group;
}

static inline nts_segment_service_t *nts_segment_service(const nts_segment_t *seg, int service)
{
    return (nts_segment_service_t *)(void *)(seg->base + seg->parts.services) + service;
}

static inline nts_segment_place_t *nts_segment_place(const nts_segment_t *seg, int place)
{
    return (nts_segment_place_t *)(void *)(seg->base + seg->parts.places) + place;
}

/** Any status but APR_SUCCESS: it is not held. Finds out whether its last holder died inside, and repairs. */
apr_status_t nts_segment_enter(nts_segment_t *seg);
void nts_segment_leave(nts_segment_t *seg);

#endif /* NTS_SEGMENT_IMPL_H */
