/* nts_wake.c - sleeping until another process releases: a futex in shared memory.
 *
 * Where there are no futexes, and when a holder was killed, the sleep's end does it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* syscall */
#endif

#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#endif

#include "base/nts_wake.h"

void nts_wake_enter(nts_wake_t *wake)
{
    (void)atomic_fetch_add(&wake->waiters, 1);
}

void nts_wake_leave(nts_wake_t *wake)
{
    (void)atomic_fetch_sub(&wake->waiters, 1);
}

uint32_t nts_wake_mark(nts_wake_t *wake)
{
    return atomic_load(&wake->releases);
}

void nts_wake_sleep(nts_wake_t *wake, uint32_t mark, apr_interval_time_t longest)
{
    struct timespec span;

    span.tv_sec = (time_t)apr_time_sec(longest);
    span.tv_nsec = (long)apr_time_usec(longest) * 1000;
#ifdef __linux__
    (void)syscall(SYS_futex, &wake->releases, FUTEX_WAIT, mark, &span, NULL, 0);
#else
    (void)mark;
    if (longest > 500) {
        span.tv_sec = 0;
        span.tv_nsec = 500000;
    }
    (void)nanosleep(&span, NULL);
#endif
}

void nts_wake_one(nts_wake_t *wake)
{
    /* Without waiters a mapped file stays clean, and is never written to disk. */
    if (atomic_load(&wake->waiters) == 0) {
        return;
    }
    (void)atomic_fetch_add(&wake->releases, 1);
#ifdef __linux__
    (void)syscall(SYS_futex, &wake->releases, FUTEX_WAKE, 1, NULL, NULL, 0);
#endif
}
