/* nts_segment_impl.h - the layout of the shared segment; for nts_segment.c and nts_gauge.c only.
 *
 * Changing anything here means raising NTS_SEGMENT_LAYOUT.
 */
#ifndef NTS_SEGMENT_IMPL_H
#define NTS_SEGMENT_IMPL_H

#include <stdatomic.h>

#include <apr_shm.h>

#include "queue/nts_segment.h"

#define NTS_SEGMENT_MAGIC 0x6e747331u /* "nts1" */
#define NTS_SEGMENT_LAYOUT 2

typedef _Atomic apr_int64_t nts_shared_t;

typedef struct nts_segment_worker_t {
    /* Under the lock: running numbers of slots, so that full and empty differ. */
    apr_uint64_t pushed;
    apr_uint64_t taken;

    atomic_int overflowed; /* read the inbox */

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

/* Offsets, not pointers. */
typedef struct nts_segment_parts_t {
    nts_segment_size_t size;
    apr_uint64_t workers;
    apr_uint64_t groups;
    apr_uint64_t services;
    apr_uint64_t slots;
    apr_uint64_t end;
} nts_segment_parts_t;

typedef struct nts_segment_head_t {
    apr_uint32_t magic;
    apr_uint32_t layout;
    nts_segment_parts_t
        parts;          /* for who looks from outside; nobody here reads it to find his way */
    atomic_int writing; /* somebody is inside the lock */
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

#endif /* NTS_SEGMENT_IMPL_H */
