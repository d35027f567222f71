/* nts_loop.h - the one event loop of a worker: descriptors, timers, and what waits for a turn's end.
 *
 * Single-threaded. Nothing wakes up without a reason: a loop with nothing due sleeps until its next
 * timer.
 */
#ifndef NTS_LOOP_H
#define NTS_LOOP_H

#include "base/nts_clock.h"
#include "net/nts_net.h"

typedef struct nts_loop_t nts_loop_t;

typedef void nts_loop_fn(void *baton);

/** A timer is part of whoever uses it and must be cancelled before that goes away. */
typedef struct nts_timer_t {
    nts_loop_fn *fn;
    void *baton;
    apr_time_t due; /* on the monotonic clock */
    int place;      /* in the heap, from 1; 0: not set */
} nts_timer_t;

/** Nothing runs before nts_loop_turn. @a net carries the wait; it outlives the loop. */
apr_status_t nts_loop_create(nts_loop_t **loop, nts_net_t *net, const nts_clock_t *clock,
                             apr_pool_t *p);

/** Call @a fn when @a fd is readable, at its end, or in error, until nts_loop_unwatch. One watcher a
 *  descriptor; it takes what made it readable. */
void nts_loop_watch(nts_loop_t *loop, int fd, nts_loop_fn *fn, void *baton);
void nts_loop_unwatch(nts_loop_t *loop, int fd);

void nts_timer_init(nts_timer_t *timer, nts_loop_fn *fn, void *baton);
/** Call once, @a after from now; a timer that is set already is moved. */
void nts_timer_set(nts_loop_t *loop, nts_timer_t *timer, apr_interval_time_t after);
/** As nts_timer_set, but a timer that is due earlier stays as it is. */
void nts_timer_hasten(nts_loop_t *loop, nts_timer_t *timer, apr_interval_time_t after);
void nts_timer_cancel(nts_loop_t *loop, nts_timer_t *timer);
static inline int nts_timer_is_set(const nts_timer_t *timer)
{
    return timer->place != 0;
}

/** Called at the end of each turn, and again as long as it answers non-zero: it did something that may
 *  have made more to do. */
typedef int nts_loop_end_fn(void *baton);
void nts_loop_at_turn_end(nts_loop_t *loop, nts_loop_end_fn *fn, void *baton);

/** Monotonic now. */
apr_time_t nts_loop_mono(const nts_loop_t *loop);

/** Wait until something is to be done, at most @a longest (< 0: no limit), and do it all. */
apr_status_t nts_loop_turn(nts_loop_t *loop, apr_interval_time_t longest);

#endif /* NTS_LOOP_H */
