/* nts_loop.c - one event loop: poll, due timers, turn's end. */
#include <string.h>

#include <apr_tables.h>

#include "worker/nts_loop.h"

/* Turn's ends in a row before the descriptors are looked at again. */
#define ROUNDS_MAX 16

typedef struct watcher_t {
    nts_loop_fn *fn; /* NULL: gone, to be swept out */
    void *baton;
} watcher_t;

struct nts_loop_t {
    nts_net_t *net;
    const nts_clock_t *clock;
    int hurry;                    /* the last turn left something to do */
    apr_array_header_t *fds;      /* struct pollfd, as watchers */
    apr_array_header_t *watchers; /* watcher_t */
    int gone;                     /* watchers to be swept out */
    apr_array_header_t *heap;     /* nts_timer_t *, earliest first */
    nts_loop_end_fn *at_end;
    void *at_end_baton;
};

apr_status_t nts_loop_create(nts_loop_t **loop, nts_net_t *net, const nts_clock_t *clock,
                             apr_pool_t *p)
{
    nts_loop_t *l = apr_pcalloc(p, sizeof(*l));

    l->net = net;
    l->clock = clock;
    l->fds = apr_array_make(p, 16, sizeof(struct pollfd));
    l->watchers = apr_array_make(p, 16, sizeof(watcher_t));
    l->heap = apr_array_make(p, 32, sizeof(nts_timer_t *));
    *loop = l;
    return APR_SUCCESS;
}

apr_time_t nts_loop_mono(const nts_loop_t *loop)
{
    return loop->clock->mono(loop->clock->baton);
}

/* --- descriptors */

static watcher_t *watcher_at(const nts_loop_t *loop, int i)
{
    return &APR_ARRAY_IDX(loop->watchers, i, watcher_t);
}

static struct pollfd *fd_at(const nts_loop_t *loop, int i)
{
    return &APR_ARRAY_IDX(loop->fds, i, struct pollfd);
}

void nts_loop_watch(nts_loop_t *loop, int fd, nts_loop_fn *fn, void *baton)
{
    struct pollfd *entry = apr_array_push(loop->fds);
    watcher_t *watcher = apr_array_push(loop->watchers);

    memset(entry, 0, sizeof(*entry));
    entry->fd = fd;
    entry->events = POLLIN;
    watcher->fn = fn;
    watcher->baton = baton;
}

void nts_loop_unwatch(nts_loop_t *loop, int fd)
{
    int i;

    for (i = 0; i < loop->fds->nelts; i++) {
        if (fd_at(loop, i)->fd == fd && watcher_at(loop, i)->fn) {
            /* Called from a watcher perhaps: places must not move under the one who walks. */
            watcher_at(loop, i)->fn = NULL;
            loop->gone++;
            return;
        }
    }
}

static void sweep(nts_loop_t *loop)
{
    int kept = 0;
    int i;

    if (!loop->gone) {
        return;
    }
    for (i = 0; i < loop->fds->nelts; i++) {
        if (watcher_at(loop, i)->fn) {
            *watcher_at(loop, kept) = *watcher_at(loop, i);
            *fd_at(loop, kept) = *fd_at(loop, i);
            kept++;
        }
    }
    loop->fds->nelts = loop->watchers->nelts = kept;
    loop->gone = 0;
}

static void call_watchers(nts_loop_t *loop)
{
    /* Those that are added meanwhile have seen no poll yet. */
    int count = loop->fds->nelts;
    int i;

    for (i = 0; i < count; i++) {
        watcher_t watcher = *watcher_at(loop, i);

        if (fd_at(loop, i)->revents && watcher.fn) {
            watcher.fn(watcher.baton);
        }
    }
}

/* --- timers: a binary heap, each timer knowing its place */

static nts_timer_t **slot(const nts_loop_t *loop, int place)
{
    return &APR_ARRAY_IDX(loop->heap, place - 1, nts_timer_t *);
}

static void put(nts_loop_t *loop, int place, nts_timer_t *timer)
{
    *slot(loop, place) = timer;
    timer->place = place;
}

static void settle(nts_loop_t *loop, nts_timer_t *timer)
{
    int place = timer->place;

    while (place > 1 && (*slot(loop, place / 2))->due > timer->due) {
        put(loop, place, *slot(loop, place / 2));
        place /= 2;
    }
    for (;;) {
        int child = place * 2;

        if (child > loop->heap->nelts) {
            break;
        }
        if (child < loop->heap->nelts &&
            (*slot(loop, child + 1))->due < (*slot(loop, child))->due) {
            child++;
        }
        if ((*slot(loop, child))->due >= timer->due) {
            break;
        }
        put(loop, place, *slot(loop, child));
        place = child;
    }
    put(loop, place, timer);
}

void nts_timer_init(nts_timer_t *timer, nts_loop_fn *fn, void *baton)
{
    memset(timer, 0, sizeof(*timer));
    timer->fn = fn;
    timer->baton = baton;
}

void nts_timer_set(nts_loop_t *loop, nts_timer_t *timer, apr_interval_time_t after)
{
    timer->due = nts_loop_mono(loop) + (after > 0 ? after : 0);
    if (!timer->place) {
        APR_ARRAY_PUSH(loop->heap, nts_timer_t *) = timer;
        timer->place = loop->heap->nelts;
    }
    settle(loop, timer);
}

void nts_timer_hasten(nts_loop_t *loop, nts_timer_t *timer, apr_interval_time_t after)
{
    if (!timer->place || timer->due > nts_loop_mono(loop) + after) {
        nts_timer_set(loop, timer, after);
    }
}

void nts_timer_cancel(nts_loop_t *loop, nts_timer_t *timer)
{
    nts_timer_t *last;

    if (!timer->place) {
        return;
    }
    last = *(nts_timer_t **)apr_array_pop(loop->heap);
    if (last != timer) {
        last->place = timer->place;
        settle(loop, last);
    }
    timer->place = 0;
}

/* A timer that is set to "now" meanwhile waits for the next round, so that descriptors and the turn's
 * end get their share. */
static void call_timers(nts_loop_t *loop)
{
    apr_time_t now = nts_loop_mono(loop);
    int left = loop->heap->nelts;

    while (left-- > 0 && loop->heap->nelts > 0 && (*slot(loop, 1))->due <= now) {
        nts_timer_t *timer = *slot(loop, 1);

        nts_timer_cancel(loop, timer);
        timer->fn(timer->baton);
    }
}

/* --- turns */

void nts_loop_at_turn_end(nts_loop_t *loop, nts_loop_end_fn *fn, void *baton)
{
    loop->at_end = fn;
    loop->at_end_baton = baton;
}

static apr_interval_time_t wait_time(const nts_loop_t *loop, apr_interval_time_t longest)
{
    apr_interval_time_t wait = longest;

    if (loop->hurry) {
        return 0;
    }
    if (loop->heap->nelts > 0) {
        apr_interval_time_t next = (*slot(loop, 1))->due - nts_loop_mono(loop);

        next = next > 0 ? next : 0;
        wait = wait < 0 || next < wait ? next : wait;
    }
    return wait;
}

apr_status_t nts_loop_turn(nts_loop_t *loop, apr_interval_time_t longest)
{
    apr_status_t rv;
    int rounds = 0;

    sweep(loop);
    rv = nts_net_poll(loop->net, (struct pollfd *)(void *)loop->fds->elts, loop->fds->nelts,
                      wait_time(loop, longest));
    if (rv != APR_SUCCESS) {
        return rv;
    }
    call_watchers(loop);
    call_timers(loop);
    do {
        loop->hurry = loop->at_end && loop->at_end(loop->at_end_baton);
    } while (loop->hurry && ++rounds < ROUNDS_MAX);
    return APR_SUCCESS;
}
