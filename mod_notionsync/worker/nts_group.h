/* nts_group.h - what a worker holds in its hands: groups, and in each a flow per mapping.
 *
 * A flow is one mapping at work. These structures are the worker's own and shared by the files that
 * make it up; each part changes its own members:
 *
 *     nts_group      taking, releasing and losing groups
 *     nts_flow       states of a mapping; what is due and what is known of our own writes
 *     nts_driver     jobs and scans, step by step
 *     nts_contact    first contact and every later one: who, describe, bind
 *     nts_events     the inbox and the external change table
 *     nts_reconcile  what runs by the clock
 *     nts_commands   what people ask for
 *     nts_planning   what a run would do, and doing just that
 *     nts_files      where files that Notion keeps are now
 */
#ifndef NTS_GROUP_H
#define NTS_GROUP_H

#include <apr_hash.h>

#include "queue/nts_schedule.h"
#include "sync/nts_job.h"
#include "sync/nts_scan.h"
#include "worker/nts_grouping.h"
#include "worker/nts_port.h"
#include "worker/nts_worker.h"

typedef struct nts_group_t nts_group_t;
typedef struct nts_flow_t nts_flow_t;
typedef struct nts_work_t nts_work_t;
typedef struct nts_contact_t nts_contact_t;
typedef struct nts_events_t nts_events_t;
typedef struct nts_reconcile_t nts_reconcile_t;
typedef struct nts_gather_t nts_gather_t;
typedef struct nts_commands_t nts_commands_t;
typedef struct nts_planning_t nts_planning_t;
typedef struct nts_files_t nts_files_t;

/** What all groups of a worker share. */
typedef struct nts_host_t {
    const nts_worker_config_t *config;
    nts_loop_t *loop;
    nts_net_t *net;
    nts_store_t *store;
    nts_commits_t *commits;
    const nts_clock_t *clock;
    const nts_random_t *random;
    nts_segment_t *segment;
    const nts_grouping_t *grouping;
    apr_interval_time_t
        clock_ahead;      /* of the wall clock before the monotonic one, when last looked at */
    apr_time_t clock_set; /* wall clock: found to have been set forward then; 0 never */
    apr_time_t clock_was; /* and this it showed when it was found set back; 0 never, or long ago */
    apr_time_t clock_was_until; /* monotonic: then that is long ago */
    int draining;               /* nothing new is started */
    const char *broken;         /* an invariant of our own that does not hold; NULL: none */
} nts_host_t;

struct nts_group_t {
    nts_host_t *host;
    int number; /* of the grouping and the segment */
    const char *name;
    apr_pool_t *p; /* of this ownership; NULL: not owned */
    apr_int64_t epoch;
    apr_time_t taken; /* wall clock: owned since */
    int lost;         /* somebody else took it: nothing is started or stored any more */
    nts_port_t **ports;
    int port_count;
    nts_flow_t **flows;
    int flow_count;
    nts_files_t *files;
    int next_flow;               /* whose turn it is */
    int jobs[NTS_URGENCY_COUNT]; /* running */
    nts_timer_t pump;
};

/** One side of a mapping. */
typedef struct nts_end_t {
    nts_port_t *port;
    const char *who; /* our author id there; NULL: not known yet, or its events have none */
    int who_is_bot;
} nts_end_t;

struct nts_flow_t {
    nts_group_t *group;
    nts_host_t *host;
    nts_mapping_t *given; /* as configured, unbound; our own copy */
    const char *label;
    apr_pool_t *p;
    nts_end_t end[NTS_SIDE_COUNT];

    nts_mapping_t *mapping; /* bound; NULL before first contact */
    apr_pool_t *bound_pool; /* it lives in */
    int has_computed[NTS_SIDE_COUNT];
    int has_content
        [NTS_SIDE_COUNT]; /* the page's title, or its body, is mapped: either may be what changed in its content */
    int has_mirrored[NTS_SIDE_COUNT]; /* ... an end of a two-way relation */
    int writes_body[NTS_SIDE_COUNT];

    nts_mapping_status_t status;
    apr_pool_t *status_pool; /* its texts */
    int is_on;               /* its parts were started since it last stood still */
    nts_unit_t put_status;
    apr_time_t failing_since; /* monotonic: a service does not let jobs through; 0: it does */
    apr_time_t latency_shown; /* monotonic: latencies were last stored */
    nts_timer_t show_latency;

    nts_schedule_t *schedule; /* times are monotonic */
    nts_work_t *works;        /* jobs and scans under way */
    int work_count;
    apr_int64_t works_made; /* so far */
    int held_count;         /* of them wait for each other (nts_meeting.h) */
    int file_reads;         /* pages being read for nts_files.h */

    apr_hash_t *intents[2]; /* of our own external writes: the younger, the older */
    apr_pool_t *intents_pool[2];

    nts_contact_t *contact;
    nts_events_t *events;
    nts_gather_t
        *gather[NTS_SIDE_COUNT]; /* NULL: that side has no events of records, or lists no edits */
    nts_reconcile_t *reconcile;
    nts_commands_t *commands;
    nts_planning_t *planning;
};

static inline apr_time_t nts_host_wall(const nts_host_t *host)
{
    return host->clock->wall(host->clock->baton);
}

static inline apr_time_t nts_host_mono(const nts_host_t *host)
{
    return host->clock->mono(host->clock->baton);
}

/** The wall clock, looked at for steps: call it often. */
apr_time_t nts_host_look_at_clock(nts_host_t *host);

/** How long until a wall time, which may come from a clock that has been set since: at least 0, at most
 *  @a longest (D56). */
apr_interval_time_t nts_host_until(const nts_host_t *host, apr_time_t wall,
                                   apr_interval_time_t longest);

/* ---- groups (nts_group.c) ---- */

nts_group_t *nts_group_create(nts_host_t *host, int number, apr_pool_t *p);
/** Take it if nobody has it. APR_EBUSY: somebody has. */
apr_status_t nts_group_take(nts_group_t *group);
static inline int nts_group_is_owned(const nts_group_t *group)
{
    return group->p != NULL;
}
/** Nothing of it is under way that must be awaited. */
int nts_group_is_idle(const nts_group_t *group);
/** Start nothing new; jobs under way may end in their own time. */
void nts_group_drain(nts_group_t *group);
/** Nothing is sent any more; jobs that are not writing end, and what they know of their writes is stored. */
void nts_group_leave(nts_group_t *group);
/** Give it up. APR_TIMEUP: a helper is stuck; the lock is held until the process ends, by _exit. */
apr_status_t nts_group_release(nts_group_t *group, apr_interval_time_t wait);
/** Our clock may have been set: what services asked for is kept by it. */
void nts_group_look_at_clock(nts_group_t *group);
/** A commit was refused: is it still ours? If not, everything of it ends. */
void nts_group_check(nts_group_t *group);
/** Something was placed for it: commands, notices. */
void nts_group_look(nts_group_t *group);
/** Show the dashboard what it does. */
void nts_group_show(nts_group_t *group);

#endif /* NTS_GROUP_H */
