/* nts_gauge.c - what the shared segment shows of now: single words, each written whole. */
#include "queue/nts_segment_impl.h"

void nts_segment_set_owner(nts_segment_t *seg, int group, int worker)
{
    /* Sequentially consistent: a child that commits to the inbox and then sees no owner relies on
     * the owner-to-be setting this first and reading the inbox afterwards. */
    atomic_store(&nts_segment_group(seg, group)->owner, worker);
}

int nts_segment_owner(const nts_segment_t *seg, int group)
{
    apr_int64_t owner = atomic_load(&nts_segment_group(seg, group)->owner);

    return owner >= 0 && owner < seg->parts.size.workers ? (int)owner : -1;
}

void nts_segment_set_worker(nts_segment_t *seg, int worker, const nts_worker_view_t *view)
{
    nts_segment_worker_t *w = nts_segment_worker(seg, worker);

    atomic_store(&w->pid, view->pid);
    atomic_store(&w->state, view->state);
    atomic_store(&w->started, view->started);
    atomic_store(&w->heartbeat, view->heartbeat);
    atomic_store(&w->groups, view->groups);
    atomic_store(&w->running, view->running);
}

void nts_segment_heartbeat(nts_segment_t *seg, int worker, apr_time_t now)
{
    atomic_store(&nts_segment_worker(seg, worker)->heartbeat, now);
}

void nts_segment_get_worker(nts_worker_view_t *view, const nts_segment_t *seg, int worker)
{
    nts_segment_worker_t *w = nts_segment_worker(seg, worker);

    view->pid = atomic_load(&w->pid);
    view->state = (nts_worker_state_t)atomic_load(&w->state);
    view->started = atomic_load(&w->started);
    view->heartbeat = atomic_load(&w->heartbeat);
    view->groups = atomic_load(&w->groups);
    view->running = atomic_load(&w->running);
}

void nts_segment_set_group(nts_segment_t *seg, int group, const nts_group_view_t *view)
{
    nts_segment_group_t *g = nts_segment_group(seg, group);
    int i;

    for (i = 0; i < NTS_URGENCY_COUNT; i++) {
        atomic_store(&g->waiting[i], view->waiting[i]);
    }
    atomic_store(&g->lying, view->lying);
    atomic_store(&g->running, view->running);
    atomic_store(&g->oldest, view->oldest);
}

void nts_segment_get_group(nts_group_view_t *view, const nts_segment_t *seg, int group)
{
    nts_segment_group_t *g = nts_segment_group(seg, group);
    int i;

    for (i = 0; i < NTS_URGENCY_COUNT; i++) {
        view->waiting[i] = atomic_load(&g->waiting[i]);
    }
    view->lying = atomic_load(&g->lying);
    view->running = atomic_load(&g->running);
    view->oldest = atomic_load(&g->oldest);
}

void nts_segment_set_budget(nts_segment_t *seg, int service, const nts_budget_view_t *view)
{
    nts_segment_service_t *s = nts_segment_service(seg, service);

    atomic_store(&s->used, view->used);
    atomic_store(&s->capacity, view->capacity);
    atomic_store(&s->closed_until, view->closed_until);
}

void nts_segment_get_budget(nts_budget_view_t *view, const nts_segment_t *seg, int service)
{
    nts_segment_service_t *s = nts_segment_service(seg, service);

    view->used = atomic_load(&s->used);
    view->capacity = atomic_load(&s->capacity);
    view->closed_until = atomic_load(&s->closed_until);
}

void nts_segment_set_clock(nts_segment_t *seg, int service, const nts_skew_t *skew)
{
    nts_segment_service_t *s = nts_segment_service(seg, service);

    atomic_store(&s->clock_low, skew->low);
    atomic_store(&s->clock_high, skew->high);
    atomic_store(&s->clock_at, skew->is_known ? skew->at : 0);
}

void nts_segment_get_clock(nts_skew_t *skew, const nts_segment_t *seg, int service)
{
    nts_segment_service_t *s = nts_segment_service(seg, service);

    skew->at = atomic_load(&s->clock_at);
    skew->is_known = skew->at != 0;
    skew->low = atomic_load(&s->clock_low);
    skew->high = atomic_load(&s->clock_high);
}

void nts_segment_add(nts_segment_t *seg, nts_count_t what, apr_int64_t n)
{
    (void)atomic_fetch_add_explicit(&seg->head->counts[what], n, memory_order_relaxed);
}

apr_int64_t nts_segment_counter(const nts_segment_t *seg, nts_count_t what)
{
    return atomic_load_explicit(&seg->head->counts[what], memory_order_relaxed);
}
