/* nts_worker.c - a worker from its start to its end: takes groups, and gives them back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/nts_log.h"
#include "worker/nts_driver.h"
#include "worker/nts_events.h"
#include "worker/nts_group.h"
#include "worker/nts_root.h"

/* A group that is another worker's by number is taken when that one had time to do it itself. */
#define GRACE apr_time_from_sec(5)
#define TAKE_OWN apr_time_from_sec(1)
#define TAKE_OTHERS apr_time_from_sec(5)
#define HEARTBEAT apr_time_from_sec(5)
/* How long running jobs may take to an end. */
#define DRAIN_MAX apr_time_from_sec(4)
#define DRAIN_ORPHANED apr_time_from_sec(2)
#define HELPER_MAX apr_time_from_sec(1)
#define SIZES_EVERY apr_time_from_sec(3600)
#define PRUNE_BUSY apr_time_from_sec(60)
#define PRUNE_IDLE apr_time_from_sec(3600)
#define INBOX_KEEP apr_time_from_sec(72 * 3600) /* events older than 48 h are refused at the door */
#define AUDIT_KEEP apr_time_from_sec(90 * 24 * 3600)
/* Writing the log of the state store back, so that commits seldom have to (nts_store_checkpoint). */
#define WRITE_BACK apr_time_from_sec(1)
/* Without inotify the tool's commands are looked for. */
#define WAKE_POLL apr_time_from_sec(5)
#define SLOTS 64
#define POOL_KEEP ((apr_size_t)1024 * 1024)

typedef struct worker_t {
    nts_host_t host;
    const nts_worker_config_t *config;
    apr_pool_t *p;
    nts_group_t **groups;
    int group_count;
    int inotify;
    int wake_watch;
    apr_time_t started; /* monotonic */
    apr_time_t drain_until;
    int is_clean;            /* at the end: nothing is left behind */
    apr_int64_t jobs_pruned; /* jobs done when last pruned */
    nts_timer_t take;
    nts_timer_t beat;
    nts_timer_t sizes;
    nts_timer_t prune;
    nts_timer_t write_back;
    nts_timer_t wake_poll;
} worker_t;

/* --- groups */

static int is_preferred(const worker_t *w, int group)
{
    int count = w->config->worker_count > 0 ? w->config->worker_count : 1;

    return group % count == w->config->index % count;
}

static void count_groups(const worker_t *w, nts_worker_view_t *view)
{
    int i;

    for (i = 0; i < w->group_count; i++) {
        if (nts_group_is_owned(w->groups[i])) {
            view->groups++;
            view->running += w->groups[i]->jobs[NTS_LIVE] + w->groups[i]->jobs[NTS_BULK];
        }
    }
}

static void show(worker_t *w, nts_worker_state_t state)
{
    nts_worker_view_t view = { 0 };

    if (!w->config->segment) {
        return;
    }
    view.pid = getpid();
    view.state = state;
    view.heartbeat = nts_host_wall(&w->host);
    view.started = view.heartbeat - (nts_host_mono(&w->host) - w->started);
    count_groups(w, &view);
    nts_segment_set_worker(w->config->segment, w->config->index, &view);
}

/* Non-zero if some group that this worker should have is not taken yet. */
static int take_groups(worker_t *w)
{
    int others_too = nts_host_mono(&w->host) - w->started >= GRACE;
    int missing = 0;
    int i;

    for (i = 0; i < w->group_count; i++) {
        nts_group_t *group = w->groups[i];
        apr_status_t rv;

        if (nts_group_is_owned(group)) {
            if (group->lost && nts_group_is_idle(group)) {
                (void)nts_group_release(group, 0);
            }
            continue;
        }
        if (!is_preferred(w, i) && !others_too) {
            continue;
        }
        rv = nts_group_take(group);
        if (rv != APR_SUCCESS) {
            missing |= is_preferred(w, i);
            if (!APR_STATUS_IS_EBUSY(rv)) {
                nts_log(NTS_LOG_ERROR, rv, "worker %d: group %s cannot be taken; trying again",
                        w->config->index, group->name);
            }
        }
    }
    return missing;
}

static void take_now(void *baton)
{
    worker_t *w = baton;

    if (!w->host.draining) {
        nts_timer_set(w->host.loop, &w->take, take_groups(w) ? TAKE_OWN : TAKE_OTHERS);
    }
}

/* --- wake-ups */

static nts_flow_t *flow_of(const worker_t *w, apr_int64_t mapping)
{
    int i;
    int j;

    for (i = 0; i < w->group_count; i++) {
        for (j = 0; j < w->groups[i]->flow_count; j++) {
            if (w->groups[i]->flows[j]->given->id == mapping) {
                return w->groups[i]->flows[j];
            }
        }
    }
    return NULL;
}

static void look_everywhere(worker_t *w)
{
    int i;

    for (i = 0; i < w->group_count; i++) {
        if (nts_group_is_owned(w->groups[i])) {
            nts_group_look(w->groups[i]);
        }
    }
}

/* Only then: an idle worker does not wake for it. */
static void note_written(worker_t *w)
{
    if (!nts_timer_is_set(&w->write_back)) {
        nts_timer_set(w->host.loop, &w->write_back, WRITE_BACK);
    }
}

static void ring_readable(void *baton)
{
    worker_t *w = baton;
    nts_segment_t *segment = w->config->segment;
    nts_slot_t slots[SLOTS];
    int overflowed = 0;
    int count;
    int i;

    nts_segment_clear(segment, w->config->index);
    do {
        count = nts_segment_drain(segment, w->config->index, slots, SLOTS, &overflowed);
        for (i = 0; i < count; i++) {
            nts_flow_t *flow = flow_of(w, slots[i].mapping);

            if (flow) {
                nts_events_look(flow);
            }
        }
        if (count > 0) {
            note_written(w); /* by one of httpd's children */
        }
    } while (count > 0);
    if (overflowed) {
        look_everywhere(w);
    }
    if (nts_timer_is_set(&w->take) && !w->host.draining) {
        /* Someone may have been told to wake whoever is there, a group without an owner among it. */
        nts_timer_hasten(w->host.loop, &w->take, TAKE_OWN);
    }
}

static void watch_wake_path(worker_t *w)
{
    if (w->inotify >= 0 && w->wake_watch < 0) {
        w->wake_watch = inotify_add_watch(w->inotify, w->config->wake_path,
                                          IN_ATTRIB | IN_MODIFY | IN_CLOSE_WRITE | IN_DELETE_SELF |
                                              IN_MOVE_SELF);
    }
    if (w->wake_watch < 0) {
        nts_timer_set(w->host.loop, &w->wake_poll, WAKE_POLL);
    }
}

static void wake_readable(void *baton)
{
    worker_t *w = baton;
    char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t got;

    while ((got = read(w->inotify, buffer, sizeof(buffer))) > 0) {
        ssize_t at = 0;

        while (at + (ssize_t)sizeof(struct inotify_event) <= got) {
            const struct inotify_event *event =
                (const struct inotify_event *)(const void *)(buffer + at);

            if (event->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF)) {
                w->wake_watch = -1;
            }
            at += (ssize_t)(sizeof(*event) + event->len);
        }
    }
    watch_wake_path(w);
    look_everywhere(w);
}

static void poll_wake_path(void *baton)
{
    worker_t *w = baton;

    watch_wake_path(w);
    look_everywhere(w);
}

/* --- the end */

static void begin_drain(worker_t *w, apr_interval_time_t longest, const char *why)
{
    int i;

    if (w->host.draining) {
        return;
    }
    nts_log(NTS_LOG_INFO, 0, "worker %d: draining: %s", w->config->index, why);
    w->host.draining = 1;
    w->drain_until = nts_host_mono(&w->host) + longest;
    show(w, NTS_WORKER_DRAINING);
    for (i = 0; i < w->group_count; i++) {
        if (nts_group_is_owned(w->groups[i])) {
            nts_group_drain(w->groups[i]);
        }
    }
}

static void lifeline_readable(void *baton)
{
    worker_t *w = baton;
    char byte;
    ssize_t got = read(w->config->lifeline, &byte, 1);

    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        nts_loop_unwatch(w->host.loop, w->config->lifeline);
        begin_drain(w, DRAIN_ORPHANED, "the parent is gone");
    }
}

static void stop_readable(void *baton)
{
    worker_t *w = baton;

    /* The descriptor stays readable: *stop is what counts. */
    nts_loop_unwatch(w->host.loop, w->config->stop_fd);
}

static int is_quiet(const worker_t *w)
{
    int i;

    for (i = 0; i < w->group_count; i++) {
        if (nts_group_is_owned(w->groups[i]) && !nts_group_is_idle(w->groups[i])) {
            return 0;
        }
    }
    return nts_commits_is_empty(w->host.commits);
}

static void give_back(worker_t *w)
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
    show(w, NTS_WORKER_ABSENT);
}

/* --- timers */

/* Each owned group is asked for its epoch, too: a worker that was frozen, and wakes when another has long taken over, would
 * otherwise go on asking the services until its first commit is refused (seed 113 of the simulation). */
static void heartbeat(void *baton)
{
    worker_t *w = baton;
    int i;

    for (i = 0; i < w->group_count; i++) {
        if (nts_group_is_owned(w->groups[i])) {
            nts_group_check(w->groups[i]);
        }
    }
    show(w, w->host.draining ? NTS_WORKER_DRAINING : NTS_WORKER_READY);
    nts_timer_set(w->host.loop, &w->beat, HEARTBEAT);
}

static long resident_kib(void)
{
    char line[128] = "";
    const char *second;
    FILE *file = fopen("/proc/self/statm", "r");

    if (file) {
        if (!fgets(line, sizeof(line), file)) {
            line[0] = '\0';
        }
        (void)fclose(file);
    }
    second = strchr(line, ' ');
    return second ? strtol(second, NULL, 10) * (sysconf(_SC_PAGESIZE) / 1024) : 0;
}

static void log_sizes(void *baton)
{
    worker_t *w = baton;
    nts_worker_view_t view = { 0 };

    count_groups(w, &view);
    nts_log(NTS_LOG_DEBUG, 0,
            "worker %d: %ld KiB resident, %d groups, %d jobs, %d requests under way",
            w->config->index, resident_kib(), (int)view.groups, (int)view.running,
            nts_net_active(w->host.net));
    nts_timer_set(w->host.loop, &w->sizes, SIZES_EVERY);
}

/* One worker prunes for all; while work is being done, often enough to keep up with it. */
static void prune(void *baton)
{
    worker_t *w = baton;
    apr_time_t now = nts_host_wall(&w->host);
    apr_interval_time_t keep = w->config->audit_keep ? w->config->audit_keep : AUDIT_KEEP;
    apr_int64_t done =
        w->config->segment ? nts_segment_counter(w->config->segment, NTS_COUNT_JOBS_DONE) : 0;
    apr_status_t rv = nts_store_prune(w->host.store, now - INBOX_KEEP, now - keep);

    if (rv != APR_SUCCESS) {
        nts_log(NTS_LOG_WARNING, rv,
                "worker %d: old notices and audit entries could not be removed", w->config->index);
    }
    nts_timer_set(w->host.loop, &w->prune, done != w->jobs_pruned ? PRUNE_BUSY : PRUNE_IDLE);
    w->jobs_pruned = done;
}

/* What cannot be written back now can be later; whoever commits to a long log does it too. */
static void write_back(void *baton)
{
    const worker_t *w = baton;

    (void)nts_store_checkpoint(w->host.store);
}

static int end_of_turn(void *baton)
{
    worker_t *w = baton;

    if (!nts_commits_flush(w->host.commits)) {
        return 0;
    }
    note_written(w);
    return 1;
}

static void store_trouble(void *baton, apr_status_t rv)
{
    worker_t *w = baton;

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

static apr_status_t open_store(worker_t *w)
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

static apr_status_t open_net(worker_t *w)
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

static void watch_descriptors(worker_t *w)
{
    const nts_worker_config_t *config = w->config;

    w->inotify = -1;
    w->wake_watch = -1;
    nts_timer_init(&w->wake_poll, poll_wake_path, w);
    if (config->segment) {
        nts_loop_watch(w->host.loop, nts_segment_fd(config->segment, config->index), ring_readable,
                       w);
    }
    if (config->lifeline >= 0) {
        nts_loop_watch(w->host.loop, config->lifeline, lifeline_readable, w);
    }
    if (config->stop_fd >= 0) {
        nts_loop_watch(w->host.loop, config->stop_fd, stop_readable, w);
    }
    if (config->wake_path) {
        w->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (w->inotify >= 0) {
            nts_loop_watch(w->host.loop, w->inotify, wake_readable, w);
        }
        watch_wake_path(w);
    }
}

static void make_groups(worker_t *w)
{
    int i;

    w->host.grouping = nts_grouping_make(w->config->setup, w->p);
    w->group_count = w->host.grouping->count;
    w->groups = apr_pcalloc(w->p, ((apr_size_t)w->group_count + 1) * sizeof(*w->groups));
    for (i = 0; i < w->group_count; i++) {
        w->groups[i] = nts_group_create(&w->host, i, w->p);
    }
}

static void set_timers(worker_t *w)
{
    nts_timer_init(&w->take, take_now, w);
    nts_timer_init(&w->beat, heartbeat, w);
    nts_timer_init(&w->sizes, log_sizes, w);
    nts_timer_init(&w->prune, prune, w);
    nts_timer_init(&w->write_back, write_back, w);
    nts_timer_set(w->host.loop, &w->take, 0);
    nts_timer_set(w->host.loop, &w->beat, 0);
    nts_timer_set(w->host.loop, &w->sizes, SIZES_EVERY);
    if (w->config->index == 0) {
        nts_timer_set(w->host.loop, &w->prune, PRUNE_BUSY);
    }
}

/* --- the loop */

/* Set by a signal handler. */
static int stop_asked(const worker_t *w)
{
    return __atomic_load_n(w->config->stop, __ATOMIC_RELAXED);
}

static int run(worker_t *w)
{
    const nts_worker_config_t *config = w->config;

    for (;;) {
        apr_interval_time_t longest = -1;
        apr_status_t rv;

        if (stop_asked(w) >= 2) {
            return NTS_WORKER_EXIT_OK;
        }
        if (stop_asked(w) == 1) {
            begin_drain(w, DRAIN_MAX, "asked to stop");
        }
        if (w->host.draining) {
            longest = w->drain_until - nts_host_mono(&w->host);
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
    worker_t *w;
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
    show(w, NTS_WORKER_STARTING);
    if (open_store(w) != APR_SUCCESS || open_net(w) != APR_SUCCESS) {
        return NTS_WORKER_EXIT_STARTUP;
    }
    w->host.commits =
        nts_commits_create(w->host.store, w->host.loop, config->clock, store_trouble, w, root);
    nts_loop_at_turn_end(w->host.loop, end_of_turn, w);
    watch_descriptors(w);
    make_groups(w);
    set_timers(w);
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
