/* nts_segment.c - the rings of the shared segment, and how workers are woken.
 *
 * Everything in the segment may be left half done by a process that was killed, and a mutex that is
 * released by the death of its holder does not say so (D34). So the holder marks the segment while it
 * writes; who then finds the mark empties the rings and sends the workers to the inbox.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "queue/nts_segment_impl.h"

#define WORKERS_MAX 1024
#define SLOTS_MAX (1 << 22)
#define PARTS_MAX (1 << 20)
#define PLACES_MAX 256

/* --- where things are */

static apr_uint64_t align(apr_uint64_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

/* 0 if the numbers are out of bounds. */
static int lay_out(nts_segment_parts_t *parts, const nts_segment_size_t *size)
{
    apr_uint64_t at = align(sizeof(nts_segment_head_t));

    memset(parts, 0, sizeof(*parts));
    if (size->workers < 1 || size->workers > WORKERS_MAX || size->slots < 1 ||
        size->slots > SLOTS_MAX || size->groups < 0 || size->groups > PARTS_MAX ||
        size->services < 0 || size->services > PARTS_MAX || size->places < 0 ||
        size->places > PLACES_MAX) {
        return 0;
    }
    parts->size = *size;
    parts->workers = at;
    at += align((apr_uint64_t)size->workers * sizeof(nts_segment_worker_t));
    parts->groups = at;
    at += align((apr_uint64_t)size->groups * sizeof(nts_segment_group_t));
    parts->services = at;
    at += align((apr_uint64_t)size->services * sizeof(nts_segment_service_t));
    parts->slots = at;
    at += align((apr_uint64_t)size->workers * (apr_uint64_t)size->slots * sizeof(nts_slot_t));
    parts->places = at;
    at += align((apr_uint64_t)size->places * sizeof(nts_segment_place_t));
    parts->end = at;
    return at <= SIZE_MAX / 2;
}

apr_uint64_t nts_segment_bytes(const nts_segment_size_t *size)
{
    nts_segment_parts_t parts;

    (void)lay_out(&parts, size);
    return parts.end;
}

static nts_slot_t *slot_at(const nts_segment_t *seg, int worker, apr_uint64_t n)
{
    nts_slot_t *slots = (nts_slot_t *)(void *)(seg->base + seg->parts.slots);
    apr_uint64_t ring = (apr_uint64_t)seg->parts.size.slots;

    return slots + (apr_uint64_t)worker * ring + n % ring;
}

/* --- making one */

static apr_status_t close_fds(void *segment)
{
    nts_segment_t *seg = segment;
    int i;

    for (i = 0; i < seg->parts.size.workers; i++) {
        if (seg->fds[i] >= 0) {
            (void)close(seg->fds[i]);
        }
    }
    return APR_SUCCESS;
}

static apr_status_t make_fds(nts_segment_t *seg, apr_pool_t *p)
{
    int count = seg->parts.size.workers;
    int i;

    seg->fds = apr_palloc(p, (apr_size_t)count * sizeof(*seg->fds));
    memset(seg->fds, -1, (apr_size_t)count * sizeof(*seg->fds));
    apr_pool_cleanup_register(p, seg, close_fds, apr_pool_cleanup_null);
    for (i = 0; i < count; i++) {
        seg->fds[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (seg->fds[i] < 0) {
            return APR_FROM_OS_ERROR(errno);
        }
    }
    return APR_SUCCESS;
}

apr_status_t nts_segment_create(nts_segment_t **seg, const nts_segment_size_t *size,
                                const nts_segment_lock_t *lock, apr_pool_t *p)
{
    nts_segment_t *s = apr_pcalloc(p, sizeof(*s));
    apr_status_t rv;
    int i;

    *seg = NULL;
    if (!lay_out(&s->parts, size)) {
        return APR_EINVAL;
    }
    rv = apr_shm_create(&s->shm, (apr_size_t)s->parts.end, NULL, p);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    s->base = apr_shm_baseaddr_get(s->shm); /* zeroed by the kernel */
    s->head = (nts_segment_head_t *)(void *)s->base;
    s->head->magic = NTS_SEGMENT_MAGIC;
    s->head->layout = NTS_SEGMENT_LAYOUT;
    s->head->parts = s->parts;
    s->lock = *lock;
    for (i = 0; i < size->groups; i++) {
        nts_segment_set_owner(s, i, -1);
    }
    rv = make_fds(s, p);
    if (rv == APR_SUCCESS) {
        *seg = s;
    }
    return rv;
}

static int is_same_layout(const nts_segment_parts_t *a, const nts_segment_parts_t *b)
{
    return memcmp(&a->size, &b->size, sizeof(a->size)) == 0 && a->workers == b->workers &&
           a->groups == b->groups && a->services == b->services && a->slots == b->slots &&
           a->places == b->places && a->end == b->end;
}

apr_status_t nts_segment_validate(const char **problem, const nts_segment_t *seg)
{
    int i;

    *problem = NULL;
    if (seg->head->magic != NTS_SEGMENT_MAGIC || seg->head->layout != NTS_SEGMENT_LAYOUT ||
        !is_same_layout(&seg->head->parts, &seg->parts)) {
        *problem = "the shared segment does not begin as it was made";
    }
    for (i = 0; !*problem && i < seg->parts.size.workers; i++) {
        const nts_segment_worker_t *w = nts_segment_worker(seg, i);

        if (w->pushed - w->taken > (apr_uint64_t)seg->parts.size.slots) {
            *problem = "a ring in the shared segment holds more than it can";
        }
    }
    for (i = 0; !*problem && i < seg->parts.size.groups; i++) {
        apr_int64_t owner = atomic_load(&nts_segment_group(seg, i)->owner);

        if (owner < -1 || owner >= seg->parts.size.workers) {
            *problem = "a group in the shared segment has an owner who cannot be";
        }
    }
    return *problem ? APR_EMISMATCH : APR_SUCCESS;
}

/* --- the lock */

/* Nothing in the rings can be trusted; what was in them is in the inbox. Who asked something finds the question gone. */
static void repair(nts_segment_t *seg)
{
    int i;

    for (i = 0; i < seg->parts.size.workers; i++) {
        nts_segment_worker_t *w = nts_segment_worker(seg, i);

        w->pushed = 0;
        w->taken = 0;
        atomic_store(&w->overflowed, 1);
        nts_segment_wake(seg, i);
    }
    for (i = 0; i < seg->parts.size.places; i++) {
        nts_segment_place(seg, i)->state = NTS_PLACE_FREE;
    }
    nts_segment_add(seg, NTS_COUNT_SEGMENT_REPAIRS, 1);
}

apr_status_t nts_segment_enter(nts_segment_t *seg)
{
    apr_status_t rv = seg->lock.lock(seg->lock.baton);

    if (rv == APR_SUCCESS && atomic_exchange(&seg->head->writing, 1)) {
        repair(seg);
    }
    return rv;
}

void nts_segment_leave(nts_segment_t *seg)
{
    atomic_store(&seg->head->writing, 0);
    seg->lock.unlock(seg->lock.baton);
}

/* --- rings */

void nts_slot_set(nts_slot_t *slot, apr_int64_t mapping, apr_int64_t inbox, nts_side_t side,
                  const char *record, nts_urgency_t urgency, apr_time_t due)
{
    apr_size_t len = record ? strlen(record) : 0;

    memset(slot, 0, sizeof(*slot));
    slot->mapping = mapping;
    slot->inbox = inbox;
    slot->due = due;
    slot->side = (apr_int32_t)side;
    slot->urgency = (apr_int32_t)urgency;
    if (len > 0 && len < sizeof(slot->record)) {
        memcpy(slot->record, record, len);
    }
}

void nts_segment_push(nts_segment_t *seg, int worker, const nts_slot_t *slots, int count)
{
    nts_segment_worker_t *w = nts_segment_worker(seg, worker);
    int pushed = 0;

    if (nts_segment_enter(seg) == APR_SUCCESS) {
        while (pushed < count && w->pushed - w->taken < (apr_uint64_t)seg->parts.size.slots) {
            *slot_at(seg, worker, w->pushed) = slots[pushed++];
            w->pushed++;
        }
        if (pushed < count) {
            atomic_store(&w->overflowed, 1);
        }
        nts_segment_leave(seg);
    }
    else {
        atomic_store(&w->overflowed, 1);
    }
    if (pushed < count) {
        nts_segment_add(seg, NTS_COUNT_RING_OVERFLOWS, count - pushed);
    }
    /* Even when the ring was not empty: who filled it may have died before waking the worker. */
    nts_segment_wake(seg, worker);
}

void nts_segment_notify(nts_segment_t *seg, int group, const nts_slot_t *slots, int count)
{
    int owner = nts_segment_owner(seg, group);

    if (owner >= 0) {
        nts_segment_push(seg, owner, slots, count);
    }
}

int nts_segment_drain(nts_segment_t *seg, int worker, nts_slot_t *slots, int max, int *overflowed)
{
    nts_segment_worker_t *w = nts_segment_worker(seg, worker);
    int taken = 0;

    *overflowed = 0;
    if (nts_segment_enter(seg) != APR_SUCCESS) {
        /* Then nobody can push either: the inbox it is. */
        *overflowed = 1;
        return 0;
    }
    if (w->pushed - w->taken > (apr_uint64_t)seg->parts.size.slots) {
        repair(seg); /* damaged: without this it would be read round and round */
    }
    while (taken < max && w->taken != w->pushed) {
        slots[taken] = *slot_at(seg, worker, w->taken);
        slots[taken++].record[NTS_SLOT_RECORD_MAX - 1] = '\0';
        w->taken++;
    }
    *overflowed = atomic_exchange(&w->overflowed, 0) != 0;
    nts_segment_leave(seg);
    return taken;
}

/* --- waking */

int nts_segment_fd(const nts_segment_t *seg, int worker)
{
    return seg->fds[worker];
}

void nts_segment_wake(nts_segment_t *seg, int worker)
{
    apr_uint64_t one = 1;

    /* It fails only when the counter is full, and then the worker is awake. */
    (void)!write(seg->fds[worker], &one, sizeof(one));
}

void nts_segment_wake_all(nts_segment_t *seg)
{
    int i;

    for (i = 0; i < seg->parts.size.workers; i++) {
        nts_segment_wake(seg, i);
    }
}

void nts_segment_clear(nts_segment_t *seg, int worker)
{
    apr_uint64_t count;

    (void)!read(seg->fds[worker], &count, sizeof(count));
}
