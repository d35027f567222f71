/* nts_worker.c - a worker from its start to its end. */
#include <unistd.h>

#include "base/nts_log.h"
#include "worker/nts_root.h"
#include "worker/nts_worker_impl.h"

/* How long running jobs may take to an end. */
#define DRAIN_MAX apr_time_from_sec(4)
/* ... of which the last is for what those know that have not come to one. */
#define DRAIN_LAST apr_time_from_sec(1)
#define HELPER_MAX apr_time_from_sec(1)
#define POOL_KEEP ((apr_size_t)1024 * 1024)

/* --- what is seen of it */

void nts_worker_count(const nts_worker_t *w, nts_worker_view_t *view)
{
    int i;

    for (i = 0; i < w->group_count; i++) {
        if (nts_group_is_owned(w->groups[i])) {
            view->groups++;
            view->running += w->groups[i]->jobs[NTS_LIVE] + w->groups[i]->jobs[NTS_BULK];
        }
    }
}

void nts_worker_show(nts_worker_t *w, nts_worker_state_t state)
{
    nts_worker_view_t view = { 0 };

    if (!w->config->segment) {
        return;
    }
    view.pid = getpid();
    view.state = state;
    view.heartbeat = nts_host_wall(&w->host);
    view.started = view.heartbeat - (nts_host_mono(&w->host) - w->started);
    nts_worker_count(w, &view);
    nts_segment_set_worker(w->config->segment, w->config->index, &view);
}

/* --- the end */

void nts_worker_drain(nts_worker_t *w, apr_interval_time_t longest, const char *why)
{
    int i;

    if (w->host.draining) {
        return;
    }
    nts_log(NTS_LOG_INFO, 0, "worker %d: draining: %s", w->config->index, why);
    w->host.draining = 1;
    w->drain_until = nts_host_mono(&w->host) + longest;
    nts_worker_show(w, NTS_WORKER_DRAINING);
    for (i = 0; i < w->group_count; i++) {
        if (nts_group_is_owned(w->groups[i])) {
            nts_group_drain(w->groups[i]);
        }
    }
}

/* What waits for its turn waits no longer. What it has written could be proven by whoever comes next, but not in a database that has come in
 * the place of this one (S3.3, seed 15499 of the simulation). */
static void leave_jobs(nts_worker_t *w)
{
    int i;

    w->is_leaving = 1;
    for (i = 0; i < w->group_count; i++) {
        if (nts_group_is_owned(w->groups[i])) {
            nts_group_leave(w->groups[i]);
        }
    }
}

/* @return how long it may wait for what is under way */
static apr_interval_time_t drain_on(nts_worker_t *w)
{
    apr_interval_time_t left = w->drain_until - nts_host_mono(&w->host);

    if (!w->is_leaving && left > DRAIN_LAST) {
        return left - DRAIN_LAST;
    }
    if (!w->is_leaving) {
        leave_jobs(w);
    }
    return left;
}

static int is_quiet(const nts_worker_t *w)
{
    int i;

    for (i = 0; i < w->group_count; i++) {
        if (nts_group_is_owned(w->groups[i]) && !nts_group_is_idle(w->groups[i])) {
            return 0;
        }
    }
    return nts_commits_is_empty(w->host.commits);
}

static void give_back(nts_worker_t *w)
{
    int i;

    w->is_clean = 1;
    for (i = 0; i < w->group_count; i++) {
        if (nts_group_is_owned(w->groups[i]) &&
            nts_group_release(w->groups[i], HELPER_MAX) != APR_SUCCESS) {
            nts_log(NTS_LOG_WARNING, 0,
                    "worker %d: a database of group %s does not answer; its thread is left behind",
                    w->config->index, w->groups[i]->name);
        }
        w->is_clean &= !nts_group_is_owned(w->groups[i]);
    }
    nts_worker_show(w, NTS_WORKER_ABSENT);
}

/* --- the store */

static int end_of_turn(void *baton)
{
    nts_worker_t *w = baton;

    if (!nts_commits_flush(w->host.commits)) {
        return 0;
    }
    nts_worker_note_written(w);
    return 1;
}

static void store_trouble(void *baton, apr_status_t rv)
{
    nts_worker_t *w = baton;

    if (rv == APR_SUCCESS) {
        nts_log(NTS_LOG_NOTICE, 0, "worker %d: the state store works again", w->config->index);
    }
    else {
        nts_log(NTS_LOG_ERROR, rv,
                "worker %d: the state store takes nothing; work waits and is tried again",
                w->config->index);
    }
}

/* --- start */

static int is_stored(const nts_setup_t *setup)
{
    int i;

    for (i = 0; i < setup->service_count; i++) {
        if (!setup->services[i]->id) {
            return 0;
        }
    }
    for (i = 0; i < setup->mapping_count; i++) {
        if (!setup->mappings[i]->id) {
            return 0;
        }
    }
    return 1;
}

static apr_status_t open_store(nts_worker_t *w)
{
    nts_outcome_t out = { 0 };
    apr_status_t rv = nts_store_open(&w->host.store, &w->config->store, &out, w->p);

    if (rv == APR_SUCCESS && !is_stored(w->config->setup)) {
        rv = nts_store_put_setup(w->host.store, w->config->setup, w->p);
    }
    if (rv != APR_SUCCESS) {
        nts_log(NTS_LOG_CRIT, rv, "worker %d: cannot work without the state store: %s",
                w->config->index, nts_outcome_text(&out, w->p));
    }
    return rv;
}

static apr_status_t open_net(nts_worker_t *w)
{
    apr_status_t rv = nts_net_create(&w->host.net, w->config->clock, w->config->user_agent, w->p);

    if (rv != APR_SUCCESS) {
        nts_log(NTS_LOG_CRIT, rv, "worker %d: libcurl cannot be set up", w->config->index);
        return rv;
    }
    if (w->config->proxy) {
        nts_net_set_proxy(w->host.net, w->config->proxy);
    }
    if (w->config->ca_file) {
        nts_net_set_ca_file(w->host.net, w->config->ca_file);
    }
    return nts_loop_create(&w->host.loop, w->host.net, w->config->clock, w->p);
}

static void make_groups(nts_worker_t *w)
{
    int i;

    w->host.grouping = nts_grouping_make(w->config->setup, w->p);
    w->group_count = w->host.grouping->count;
    w->groups = apr_pcalloc(w->p, ((apr_size_t)w->group_count + 1) * sizeof(*w->groups));
    for (i = 0; i < w->group_count; i++) {
        w->groups[i] = nts_group_create(&w->host, i, w->p);
    }
}

/* --- the loop */

/* Set by a signal handler. */
static int stop_asked(const nts_worker_t *w)
{
    return __atomic_load_n(w->config->stop, __ATOMIC_RELAXED);
}

static int run(nts_worker_t *w)
{
    const nts_worker_config_t *config = w->config;

    for (;;) {
        apr_interval_time_t longest = -1;
        apr_status_t rv;

        if (stop_asked(w) >= 2) {
            return NTS_WORKER_EXIT_OK;
        }
        if (stop_asked(w) == 1) {
            nts_worker_drain(w, DRAIN_MAX, "asked to stop");
        }
        if (w->host.draining) {
            longest = drain_on(w);
            if (longest <= 0 || is_quiet(w)) {
                give_back(w);
                nts_log(NTS_LOG_INFO, 0, "worker %d: ends", config->index);
                return NTS_WORKER_EXIT_OK;
            }
        }
        rv = nts_loop_turn(w->host.loop, longest);
        if (rv != APR_SUCCESS) {
            nts_log(NTS_LOG_CRIT, rv, "worker %d: the event loop failed", config->index);
            return NTS_WORKER_EXIT_BROKEN;
        }
        if (w->host.broken) {
            nts_log(NTS_LOG_CRIT, 0, "worker %d: this must not happen: %s; the worker ends",
                    config->index, w->host.broken);
            return NTS_WORKER_EXIT_BROKEN;
        }
    }
}

int nts_worker_run(const nts_worker_config_t *config, apr_pool_t *p)
{
    nts_worker_t *w;
    apr_pool_t *root = nts_root_create("nts_worker", POOL_KEEP);
    int code;

    (void)p; /* its allocator may be shared with others */
    w = apr_pcalloc(root, sizeof(*w));
    w->p = root;
    w->config = config;
    w->host.config = config;
    w->host.clock = config->clock;
    w->host.random = config->random;
    w->host.segment = config->segment;
    w->started = nts_host_mono(&w->host);
    (void)nts_host_look_at_clock(&w->host); /* it may be set before there is work (61656) */
    nts_worker_show(w, NTS_WORKER_STARTING);
    if (open_store(w) != APR_SUCCESS || open_net(w) != APR_SUCCESS) {
        return NTS_WORKER_EXIT_STARTUP;
    }
    w->host.commits =
        nts_commits_create(w->host.store, w->host.loop, config->clock, store_trouble, w, root);
    nts_loop_at_turn_end(w->host.loop, end_of_turn, w);
    nts_worker_watch(w);
    make_groups(w);
    nts_worker_set_timers(w);
    nts_log(NTS_LOG_INFO, 0, "worker %d: ready, %d groups, %s", config->index, w->group_count,
            nts_net_version());
    code = run(w);
    if (w->is_clean) {
        nts_store_close(w->host.store);
        nts_net_destroy(w->host.net);
        (void)close(w->inotify);
        apr_pool_destroy(root);
    }
    return code;
}
