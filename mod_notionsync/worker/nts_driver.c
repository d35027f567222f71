/* nts_driver.c - what starts jobs and scans, and what breaks them off. */
#include "worker/nts_driver.h"
#include "worker/nts_flow.h"
#include "worker/nts_meeting.h"
#include "worker/nts_work.h"

/* Jobs of a group under way; bulk ones leave room for live ones. */
#define JOBS_MAX 64
#define BULK_MAX 32

static void start_task(nts_flow_t *flow, nts_task_t *task)
{
    nts_errand_t *errand = nts_task_data(task);
    nts_work_t *w = nts_work_create(flow, nts_task_urgency(task));
    nts_spawn_t spawned = { 0 };

    nts_task_set_data(task, NULL);
    w->task = task;
    w->errand = errand;
    flow->group->jobs[w->urgency]++;
    if (errand) {
        spawned = errand->spawn;
        spawned.candidate = errand->candidate;
        w->starter = errand->starter;
        w->config.cause = errand->starter->cause;
        w->config.run = errand->starter->run;
        w->config.full_run = errand->starter->full;
    }
    else {
        nts_errand_parse(&spawned.target, nts_task_key(task), w->p);
        w->config.cause = "retry";
    }
    w->job = nts_job_create(&w->config, &spawned, NULL, w->p);
    nts_work_step(w, NULL);
}

/* One task of each flow in turn. */
static int start_round(nts_group_t *group, nts_urgency_t least, apr_time_t now)
{
    int limit = least == NTS_LIVE ? JOBS_MAX : BULK_MAX;
    int started = 0;
    int i;

    for (i = 0; i < group->flow_count; i++) {
        nts_flow_t *flow = group->flows[(group->next_flow + i) % group->flow_count];
        int jobs = least == NTS_LIVE ? group->jobs[NTS_LIVE] + group->jobs[NTS_BULK]
                                     : group->jobs[NTS_BULK];
        nts_task_t *task;

        if (jobs >= limit || group->lost || group->host->broken) {
            return 0;
        }
        task = nts_flow_is_running(flow) ? nts_schedule_pop(flow->schedule, least, now) : NULL;
        if (task) {
            start_task(flow, task);
            started = 1;
        }
    }
    group->next_flow = group->flow_count ? (group->next_flow + 1) % group->flow_count : 0;
    return started;
}

static void sleep_until_due(nts_group_t *group, apr_time_t now)
{
    int room[NTS_URGENCY_COUNT];
    apr_time_t next = NTS_NEVER;
    int i;
    int u;

    room[NTS_LIVE] = group->jobs[NTS_LIVE] + group->jobs[NTS_BULK] < JOBS_MAX;
    room[NTS_BULK] = room[NTS_LIVE] && group->jobs[NTS_BULK] < BULK_MAX;
    for (i = 0; i < group->flow_count; i++) {
        const nts_flow_t *flow = group->flows[i];

        for (u = 0; u < NTS_URGENCY_COUNT && nts_flow_is_running(flow); u++) {
            apr_time_t due =
                room[u] ? nts_schedule_next_due(flow->schedule, (nts_urgency_t)u) : NTS_NEVER;

            next = due < next ? due : next;
        }
    }
    if (next != NTS_NEVER) {
        nts_timer_hasten(group->host->loop, &group->pump, next - now);
    }
}

void nts_driver_pump(nts_group_t *group)
{
    apr_time_t now = nts_host_mono(group->host);

    if (group->lost || group->host->draining || !nts_group_is_owned(group)) {
        return;
    }
    while (start_round(group, NTS_LIVE, now)) {
        continue;
    }
    while (start_round(group, NTS_BULK, now)) {
        continue;
    }
    sleep_until_due(group, now);
    nts_group_look_at_clock(group);
    nts_group_show(group);
}

void nts_driver_pump_soon(nts_group_t *group)
{
    nts_timer_hasten(group->host->loop, &group->pump, 0);
}

nts_work_t *nts_driver_scan(nts_flow_t *flow, const nts_scan_config_t *config,
                            nts_urgency_t urgency, nts_starter_t *starter)
{
    nts_work_t *w = nts_work_create(flow, urgency);

    w->starter = starter;
    w->scan = nts_scan_create(config, w->p);
    nts_work_sleep(w, nts_host_mono(flow->host));
    return w;
}

nts_work_t *nts_driver_record(nts_flow_t *flow, apr_int64_t link, const nts_entry_t *undo,
                              nts_starter_t *starter)
{
    nts_work_t *w = nts_work_create(flow, NTS_LIVE);
    nts_undo_t *undoing = apr_pcalloc(w->p, sizeof(*undoing));
    nts_spawn_t spawned = { 0 };

    undoing->entry = undo;
    spawned.target.link = link;
    w->starter = starter;
    w->config.cause = starter->cause;
    w->config.run = starter->run;
    w->job = nts_job_create(&w->config, &spawned, undo ? undoing : NULL, w->p);
    nts_work_sleep(w, nts_host_mono(flow->host));
    return w;
}

void nts_driver_job(nts_flow_t *flow, const nts_spawn_t *spawned, int dry, nts_starter_t *starter)
{
    nts_work_t *w = nts_work_create(flow, NTS_BULK);

    w->starter = starter;
    w->config.cause = starter->cause;
    w->config.run = starter->run;
    w->config.dry = dry;
    w->job = nts_job_create(&w->config, spawned, NULL, w->p);
    nts_work_sleep(w, nts_host_mono(flow->host));
}

/* --- breaking off */

void nts_driver_break_off_scan(nts_work_t *w)
{
    w->dead = 1;
    nts_meeting_dismiss(w);
    if (w->starter && w->starter->waiting == w) {
        w->starter->waiting = NULL;
    }
    if (nts_work_is_idle(w)) {
        nts_work_sleep(w, nts_host_mono(w->flow->host));
    }
}

void nts_driver_break_off(nts_flow_t *flow)
{
    nts_work_t *w;

    for (w = flow->works; w; w = w->next) {
        nts_driver_break_off_scan(w);
    }
}

/* What it knows of its writes is to be stored now: who waits for the budget may wait for minutes, and this process may end before (seed
 * 15499 of the simulation). */
static void withdraw(nts_work_t *w)
{
    if (w->asking) {
        nts_port_withdraw(w->flow->end[w->asked_side].port, w);
    }
}

void nts_driver_quieten(nts_flow_t *flow)
{
    nts_work_t *w;

    for (w = flow->works; w; w = w->next) {
        nts_meeting_dismiss(w);
        if (!w->job || !nts_job_is_writing(w->job)) {
            w->leaves = 1;
            nts_driver_break_off_scan(w);
            withdraw(w);
        }
    }
}

int nts_driver_load(const nts_flow_t *flow)
{
    return flow->work_count;
}
