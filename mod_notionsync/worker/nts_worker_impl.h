/* nts_worker_impl.h - a worker under way: what nts_worker.c (start, loop, end), nts_worker_wake.c (what others have to say) and
 * nts_worker_timers.c (groups and upkeep, by the clock) share. */
#ifndef NTS_WORKER_IMPL_H
#define NTS_WORKER_IMPL_H

#include "worker/nts_group.h"

typedef struct nts_worker_t {
    nts_host_t host;
    const nts_worker_config_t *config;
    apr_pool_t *p;
    nts_group_t **groups;
    int group_count;
    int inotify;
    int wake_watch;
    apr_time_t started; /* monotonic */
    apr_time_t drain_until;
    int is_leaving;          /* jobs that wait are broken off: the end is near */
    int is_clean;            /* at the end: nothing is left behind */
    apr_int64_t jobs_pruned; /* jobs done when last pruned */
    nts_timer_t take;
    nts_timer_t beat;
    nts_timer_t sizes;
    nts_timer_t prune;
    nts_timer_t write_back;
    nts_timer_t wake_poll;
} nts_worker_t;

/* nts_worker.c */
/** Tell the segment. */
void nts_worker_show(nts_worker_t *w, nts_worker_state_t state);
/** Groups that it owns, and jobs in them: view->groups and view->running. */
void nts_worker_count(const nts_worker_t *w, nts_worker_view_t *view);
/** Begin nothing new, and end when all is quiet or after @a longest. */
void nts_worker_drain(nts_worker_t *w, apr_interval_time_t longest, const char *why);

/* nts_worker_wake.c */
/** Listen to the ring, the lifeline, the signal handler and the wake file. */
void nts_worker_watch(nts_worker_t *w);

/* nts_worker_timers.c */
void nts_worker_set_timers(nts_worker_t *w);
/** Something was written to the state store: its log is written back soon. Only then: an idle worker does not wake for it. */
void nts_worker_note_written(nts_worker_t *w);
/** Someone may have been told to wake whoever is there, a group without an owner among it. */
void nts_worker_look_for_groups(nts_worker_t *w);

#endif /* NTS_WORKER_IMPL_H */
