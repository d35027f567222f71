/* sm_helper.c - production's helper, worker/nts_helper.c, with threads of the simulation. */
#include <signal.h>
#include <stdlib.h>

#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>

#include "simulation/sm_kernel.h"

#define WAITERS_MAX 8

typedef struct cond_t {
    sm_thread_t *waiters[WAITERS_MAX];
    int count;
} cond_t;

typedef struct birth_t {
    apr_thread_start_t fn;
    void *baton;
    sm_thread_t *thread;
} birth_t;

/* One thread runs at a time, and gives way only where it waits: there is nothing to lock. */
static apr_status_t mutex_create(apr_thread_mutex_t **mutex, unsigned int flags, apr_pool_t *p)
{
    (void)flags;
    *mutex = apr_palloc(p, 1);
    return APR_SUCCESS;
}

static apr_status_t mutex_nothing(apr_thread_mutex_t *mutex)
{
    (void)mutex;
    return APR_SUCCESS;
}

static cond_t *cond_of(apr_thread_cond_t *cond)
{
    return (cond_t *)(void *)cond;
}

static apr_status_t cond_create(apr_thread_cond_t **cond, apr_pool_t *p)
{
    *cond = apr_pcalloc(p, sizeof(cond_t));
    return APR_SUCCESS;
}

static apr_status_t cond_timedwait(apr_thread_cond_t *cond, apr_thread_mutex_t *mutex,
                                   apr_interval_time_t longest)
{
    cond_t *c = cond_of(cond);
    int woken;
    int i;

    (void)mutex;
    if (c->count == WAITERS_MAX) {
        abort();
    }
    c->waiters[c->count++] = sm_self();
    woken = sm_block(longest);
    for (i = 0; i < c->count; i++) {
        if (c->waiters[i] == sm_self()) {
            c->waiters[i--] = c->waiters[--c->count];
        }
    }
    return woken ? APR_SUCCESS : APR_TIMEUP;
}

static apr_status_t cond_wait(apr_thread_cond_t *cond, apr_thread_mutex_t *mutex)
{
    return cond_timedwait(cond, mutex, -1);
}

static apr_status_t cond_wake(apr_thread_cond_t *cond)
{
    const cond_t *c = cond_of(cond);
    int i;

    for (i = 0; i < c->count; i++) {
        sm_wake(c->waiters[i]);
    }
    return APR_SUCCESS;
}

static void *run_born(void *baton)
{
    const birth_t *birth = baton;

    return birth->fn((apr_thread_t *)(void *)birth->thread, birth->baton);
}

static apr_status_t thread_create(apr_thread_t **thread, apr_threadattr_t *attr,
                                  apr_thread_start_t fn, void *baton, apr_pool_t *p)
{
    birth_t *birth = apr_pcalloc(sm_the->p, sizeof(*birth));

    (void)attr;
    (void)p;
    birth->fn = fn;
    birth->baton = baton;
    birth->thread = sm_thread_start(sm_the, sm_current(), run_born, birth);
    *thread = (apr_thread_t *)(void *)birth->thread;
    return APR_SUCCESS;
}

static apr_status_t thread_join(apr_status_t *rv, apr_thread_t *thread)
{
    const sm_thread_t *joined = (const sm_thread_t *)(void *)thread;

    while (!joined->over) {
        sm_sleep(1);
    }
    *rv = APR_SUCCESS;
    return APR_SUCCESS;
}

/* The process's own mask would stay with a fiber that begins behind it, and with it went the alarm that ends an endless seed. */
static int no_mask(int how, const sigset_t *set, sigset_t *before)
{
    (void)how;
    (void)set;
    if (before) {
        (void)sigemptyset(before);
    }
    return 0;
}

#define pthread_sigmask no_mask
#define apr_thread_mutex_create mutex_create
#define apr_thread_mutex_lock mutex_nothing
#define apr_thread_mutex_unlock mutex_nothing
#define apr_thread_cond_create cond_create
#define apr_thread_cond_wait cond_wait
#define apr_thread_cond_timedwait cond_timedwait
#define apr_thread_cond_signal cond_wake
#define apr_thread_cond_broadcast cond_wake
#define apr_thread_create thread_create
#define apr_thread_join thread_join

/* NOLINTNEXTLINE(bugprone-suspicious-include): the file itself, so that what is simulated is what runs */
#include "worker/nts_helper.c"
