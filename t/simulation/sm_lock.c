/* sm_lock.c - in place of db/nts_lock.c: the same promises between simulated processes. */
#include <stdlib.h>
#include <string.h>

#include "db/nts_lock.h"
#include "simulation/sm_kernel.h"

#define WRITER 0

typedef struct held_t {
    struct held_t *next;
    apr_int64_t byte; /* WRITER, or a group's number */
    nts_lock_t *by;
} held_t;

typedef struct waiter_t {
    struct waiter_t *next;
    sm_thread_t *thread;
} waiter_t;

struct nts_lock_t {
    nts_lock_t *next;
    sm_process_t *process; /* NULL: the kernel's */
    const char *path;
    apr_pool_t *p;
};

/* One host, one folder of state: all handles see the same file by its path. */
static held_t *held;
static waiter_t *waiters; /* in the order they came */
static nts_lock_t *handles;

static held_t **find(const nts_lock_t *lock, apr_int64_t byte)
{
    held_t **at = &held;

    while (*at && ((*at)->byte != byte || strcmp((*at)->by->path, lock->path) != 0)) {
        at = &(*at)->next;
    }
    return at;
}

static void wake_next(void)
{
    if (waiters) {
        sm_wake(waiters->thread);
    }
}

static apr_status_t take(nts_lock_t *lock, apr_int64_t byte)
{
    held_t *held_now = *find(lock, byte);

    if (held_now) {
        return held_now->by == lock ? APR_EINVAL : APR_EBUSY;
    }
    held_now = malloc(sizeof(*held_now));
    if (!held_now) {
        return APR_ENOMEM;
    }
    held_now->byte = byte;
    held_now->by = lock;
    held_now->next = held;
    held = held_now;
    return APR_SUCCESS;
}

static void give(nts_lock_t *lock, apr_int64_t byte)
{
    held_t **at = find(lock, byte);
    held_t *found = *at;

    if (found && found->by == lock) {
        *at = found->next;
        free(found);
        if (byte == WRITER) {
            wake_next();
        }
    }
}

static void release_all(const nts_lock_t *lock)
{
    held_t **at = &held;

    while (*at) {
        held_t *one = *at;

        if (one->by == lock) {
            *at = one->next;
            free(one);
        }
        else {
            at = &one->next;
        }
    }
    wake_next();
}

static apr_status_t close_lock(void *data)
{
    nts_lock_t *lock = data;
    nts_lock_t **at = &handles;

    release_all(lock);
    while (*at && *at != lock) {
        at = &(*at)->next;
    }
    if (*at) {
        *at = lock->next;
    }
    return APR_SUCCESS;
}

apr_status_t nts_lock_open(nts_lock_t **plock, const char *path, apr_pool_t *p)
{
    nts_lock_t *lock = apr_pcalloc(p, sizeof(*lock));

    lock->process = sm_current();
    lock->path = apr_pstrdup(p, path);
    lock->p = p;
    lock->next = handles;
    handles = lock;
    apr_pool_cleanup_register(p, lock, close_lock, apr_pool_cleanup_null);
    *plock = lock;
    return APR_SUCCESS;
}

void nts_lock_close(nts_lock_t *lock)
{
    (void)apr_pool_cleanup_run(lock->p, lock, close_lock);
}

static void leave_queue(const waiter_t *waiter)
{
    waiter_t **at = &waiters;

    while (*at && *at != waiter) {
        at = &(*at)->next;
    }
    if (*at) {
        *at = waiter->next;
    }
}

static apr_status_t wait_for_writer(nts_lock_t *lock, apr_interval_time_t wait)
{
    apr_time_t until = sm_now(sm_the) + wait;
    waiter_t *waiter = apr_pcalloc(sm_the->p, sizeof(*waiter));
    waiter_t **end = &waiters;
    apr_status_t rv = APR_EBUSY;

    while (*end) {
        end = &(*end)->next;
    }
    waiter->thread = sm_self();
    *end = waiter;
    while (rv == APR_EBUSY && sm_now(sm_the) < until) {
        (void)sm_block(until - sm_now(sm_the));
        if (waiters == waiter) {
            rv = take(lock, WRITER);
        }
    }
    leave_queue(waiter);
    if (rv != APR_SUCCESS) {
        wake_next();
    }
    return rv == APR_EBUSY ? APR_TIMEUP : rv;
}

apr_status_t nts_lock_writer(nts_lock_t *lock, apr_interval_time_t wait)
{
    held_t *mine = *find(lock, WRITER);
    apr_status_t rv;

    if (mine && mine->by == lock) {
        return APR_EINVAL;
    }
    if (!sm_self()) {
        return APR_SUCCESS; /* the kernel: who holds it has not begun (see below), and cannot meanwhile */
    }
    sm_point(SM_POINT_STORE_BEFORE);
    rv = waiters ? APR_EBUSY : take(lock, WRITER);
    if (rv == APR_EBUSY) {
        rv = wait > 0 ? wait_for_writer(lock, wait) : APR_TIMEUP;
    }
    if (rv == APR_SUCCESS && sm_the->kernel->disk_us > 0) {
        /* All the time that the unit takes: others wait for it, and its process may be stopped in it. The unit itself
         * then happens at one instant. */
        sm_sleep(sm_between(&sm_the->kernel->latency, 0, sm_the->kernel->disk_us));
    }
    return rv;
}

void nts_lock_release_writer(nts_lock_t *lock)
{
    sm_note_t note = { SM_NOTE_COMMITTED, 0, 0, NULL, NULL, NULL };

    give(lock, WRITER);
    if (lock->process && sm_self()) {
        note.process = lock->process->number;
        sm_note(sm_the, &note);
        sm_point(SM_POINT_STORE_AFTER);
    }
}

apr_status_t nts_lock_try_group(nts_lock_t *lock, apr_int64_t n)
{
    sm_note_t note = { SM_NOTE_TOOK, 0, (int)n, NULL, NULL, NULL };
    apr_status_t rv = n < 1 || n > NTS_LOCK_GROUP_MAX ? APR_EINVAL : take(lock, n);

    if (rv == APR_SUCCESS && lock->process) {
        note.process = lock->process->number;
        sm_note(sm_the, &note);
    }
    return rv;
}

void nts_lock_release_group(nts_lock_t *lock, apr_int64_t n)
{
    if (n > 0) {
        give(lock, n);
    }
}

/* --- for the kernel */

void sm_lock_drop(const sm_process_t *process)
{
    nts_lock_t *lock;
    waiter_t **at = &waiters;

    if (process->state == SM_DEAD) {
        while (*at) {
            if ((*at)->thread->process == process) {
                *at = (*at)->next;
            }
            else {
                at = &(*at)->next;
            }
        }
    }
    for (lock = handles; lock; lock = lock->next) {
        if (lock->process == process) {
            release_all(lock);
        }
    }
}

void sm_lock_reset(void)
{
    while (held) {
        held_t *next = held->next;

        free(held);
        held = next;
    }
    waiters = NULL;
    handles = NULL;
}
