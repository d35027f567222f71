/* nts_worker_timers.c - what a worker does by the clock: takes groups, shows that it lives, keeps the state store small. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/nts_log.h"
#include "worker/nts_worker_impl.h"

/* A group that is another worker's by number is taken when that one had time to do it itself. */
#define GRACE apr_time_from_sec(5)
#define TAKE_OWN apr_time_from_sec(1)
#define TAKE_OTHERS apr_time_from_sec(5)
#define HEARTBEAT apr_time_from_sec(5)
#define SIZES_EVERY apr_time_from_sec(3600)
#define PRUNE_BUSY apr_time_from_sec(60)
#define PRUNE_IDLE apr_time_from_sec(3600)
#define INBOX_KEEP apr_time_from_sec(72 * 3600) /* events older than 48 h are refused at the door */
#define AUDIT_KEEP apr_time_from_sec(90 * 24 * 3600)
/* Writing the log of the state store back, so that commits seldom have to (nts_store_checkpoint). */
#define WRITE_BACK apr_time_from_sec(1)

/* --- groups */

static int is_preferred(const nts_worker_t *w, int group)
{
    int count = w->config->worker_count > 0 ? w->config->worker_count : 1;

    return group % count == w->config->index % count;
}

/* Non-zero if some group that this worker should have is not taken yet. */
static int take_groups(nts_worker_t *w)
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
    nts_worker_t *w = baton;

    if (!w->host.draining) {
        nts_timer_set(w->host.loop, &w->take, take_groups(w) ? TAKE_OWN : TAKE_OTHERS);
    }
}

void nts_worker_look_for_groups(nts_worker_t *w)
{
    if (nts_timer_is_set(&w->take) && !w->host.draining) {
        nts_timer_hasten(w->host.loop, &w->take, TAKE_OWN);
    }
}

/* --- upkeep */

/* Each owned group is asked for its epoch, too: a worker that was frozen, and wakes when another has long taken over, would
 * otherwise go on asking the services until its first commit is refused (seed 113 of the simulation). */
static void heartbeat(void *baton)
{
    nts_worker_t *w = baton;
    int i;

    for (i = 0; i < w->group_count; i++) {
        if (nts_group_is_owned(w->groups[i])) {
            nts_group_check(w->groups[i]);
        }
    }
    nts_worker_show(w, w->host.draining ? NTS_WORKER_DRAINING : NTS_WORKER_READY);
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
    nts_worker_t *w = baton;
    nts_worker_view_t view = { 0 };

    nts_worker_count(w, &view);
    nts_log(NTS_LOG_DEBUG, 0,
            "worker %d: %ld KiB resident, %d groups, %d jobs, %d requests under way",
            w->config->index, resident_kib(), (int)view.groups, (int)view.running,
            nts_net_active(w->host.net));
    nts_timer_set(w->host.loop, &w->sizes, SIZES_EVERY);
}

/* One worker prunes for all; while work is being done, often enough to keep up with it. */
static void prune(void *baton)
{
    nts_worker_t *w = baton;
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
    const nts_worker_t *w = baton;

    (void)nts_store_checkpoint(w->host.store);
}

void nts_worker_note_written(nts_worker_t *w)
{
    if (!nts_timer_is_set(&w->write_back)) {
        nts_timer_set(w->host.loop, &w->write_back, WRITE_BACK);
    }
}

void nts_worker_set_timers(nts_worker_t *w)
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
