/* nts_driver_step.c - the steps of a work: what each asks for is done, or begun. */
#include <string.h>

#include "store/nts_store_plan.h"
#include "worker/nts_flow.h"
#include "worker/nts_work.h"

/* Jobs of one scan that may wait; it goes on when half of them are done. */
#define SPAWNED_MAX 64

/* --- calls */

/* S2.9: to who plans, or does what was planned, pairs of the plan are links. @a link is what is stored. */
static apr_status_t see_planned(nts_link_t **link, const nts_work_t *w, nts_side_t side,
                                const char *id, apr_pool_t *p)
{
    const nts_flow_t *flow = w->flow;
    nts_link_t *planned = NULL;
    apr_status_t rv;

    if (!w->starter || !w->starter->plan || !id || (*link && (*link)->state != NTS_LINK_NEW)) {
        return APR_SUCCESS;
    }
    rv = nts_store_planned_link(&planned, flow->host->store, flow->mapping->id, w->starter->plan,
                                w->starter->plan_matches, side, id, p);
    if (rv == APR_SUCCESS && planned) {
        *link = planned;
    }
    return rv;
}

/* A record that is known by its link is paired as the plan has it, too (seed 3547 of the simulation: a row whose create was
 * unsettled never heard of the page that the plan gave it, and was planned again and again). */
static apr_status_t see_planned_target(nts_loaded_t *loaded, const nts_work_t *w,
                                       const nts_target_t *target)
{
    const char *page = target->page;
    const char *key = target->key;

    if (target->link && loaded->link) {
        page = loaded->link->page;
        key = loaded->link->key;
    }
    return see_planned(&loaded->link, w, page ? NTS_NOTION : NTS_EXTERNAL, page ? page : key, w->p);
}

/* Links and look-ups are in the store, which is here: no waiting. */
static int load(nts_work_t *w, const nts_call_t *call)
{
    nts_flow_t *flow = w->flow;
    nts_loaded_t *loaded = NULL;
    const nts_work_t *other;
    int side;
    apr_status_t rv = nts_store_load(&loaded, flow->host->store, flow->mapping, &call->load, w->p);

    if (rv == APR_SUCCESS && w->config.dry) {
        rv = see_planned_target(loaded, w, &call->load);
    }
    if (rv != APR_SUCCESS) {
        nts_work_fail(w, rv);
        return 0;
    }
    /* Who only looks needs no record to himself. */
    other = w->config.dry ? NULL : nts_work_take_identity(w, &call->load, loaded);
    if (other) {
        nts_work_yield(w, other);
        return 0;
    }
    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        if (flow->mapping->traits[side]->tells_events) {
            nts_loaded_from_clock(loaded, (nts_side_t)side, nts_port_skew(flow->end[side].port),
                                  w->p);
        }
    }
    if (loaded->notice_count > 0) {
        const nts_notice_t *last = &loaded->notices[loaded->notice_count - 1];

        w->noticed = loaded->notices[0].stored;
        if ((!w->starter || w->starter->live) && last->event) {
            w->config.cause = last->event;
        }
    }
    w->reply.loaded = loaded;
    return 1;
}

static int look_up(nts_work_t *w, const nts_call_t *call)
{
    nts_link_t **links = NULL;
    apr_pool_t *p = w->scan ? nts_scan_pool(w->scan) : w->p;
    apr_status_t rv = nts_store_lookup(
        &links, &w->reply.link_count, w->flow->host->store, w->flow->mapping->id, call->lookup_side,
        call->lookup_ids, call->lookup_count, call->lookup_after, call->lookup_limit, p);
    int i;

    for (i = 0; call->lookup_ids && i < w->reply.link_count && rv == APR_SUCCESS; i++) {
        rv = see_planned(&links[i], w, call->lookup_side, call->lookup_ids[i], p);
    }
    if (rv == APR_SUCCESS && call->lookup_makers) {
        int *made = apr_pcalloc(p, ((apr_size_t)call->lookup_count + 1) * sizeof(*made));

        rv = nts_store_sibling_creates(&w->reply.others_pending, made, w->flow->host->store,
                                       w->flow->mapping->id, call->lookup_side, call->lookup_for,
                                       call->lookup_ids, call->lookup_count);
        w->reply.made_by_others = made;
    }
    if (rv == APR_SUCCESS && call->lookup_known) {
        int *known = apr_pcalloc(p, ((apr_size_t)call->lookup_count + 1) * sizeof(*known));

        rv = nts_store_known_elsewhere(known, w->flow->host->store, w->flow->mapping->id,
                                       call->lookup_ids, call->lookup_count);
        w->reply.known_to_others = known;
    }
    if (rv != APR_SUCCESS) {
        nts_work_fail(w, rv);
        return 0;
    }
    w->reply.links = links;
    return 1;
}

static int join_matches(nts_work_t *w, const nts_call_t *call)
{
    nts_flow_t *flow = w->flow;
    nts_matched_t *matched = apr_pcalloc(nts_scan_pool(w->scan), sizeof(*matched));
    apr_status_t rv;

    if (w->starter->plan) { /* the candidates stay, and stand for the links */
        rv = nts_store_match_keys(flow->host->store, flow->mapping->id);
        if (rv != APR_SUCCESS) {
            nts_work_fail(w, rv);
            return 0;
        }
        w->reply.matched = matched;
        return 1;
    }
    rv = nts_store_match_join(matched, flow->host->store, flow->mapping, call->match_after,
                              flow->group->name, flow->group->epoch, nts_scan_pool(w->scan));

    if (rv != APR_SUCCESS) {
        nts_work_fail(w, rv);
        return 0;
    }
    w->reply.matched = matched;
    return 1;
}

/* --- spawning */

static void add_errand(nts_work_t *w, const nts_spawn_t *spawn)
{
    nts_flow_t *flow = w->flow;
    nts_errand_t *errand = nts_errand_make(flow, spawn, w->starter);
    nts_task_t *task = nts_schedule_add(flow->schedule, nts_errand_key(errand), NTS_BULK,
                                        nts_host_mono(flow->host));
    nts_errand_t *old = nts_task_data(task);

    if (w->starter->live) {
        nts_schedule_hurry(flow->schedule, task);
    }
    if (old && old->starter != w->starter) {
        /* Of another scan, which counts it: that job does for both. */
        old->spawn.only_told &= spawn->only_told;
        apr_pool_destroy(errand->p);
        return;
    }
    if (old) {
        /* Spawned twice before its turn came: one job answers both. */
        nts_errand_forget(old);
        apr_pool_destroy(old->p);
    }
    nts_task_set_data(task, errand);
    w->starter->jobs++;
}

/* Non-zero: @a many or more are under way, and the scan goes on, with a reply, when @a enough are left. */
static int wait_for_jobs(nts_work_t *w, int many, int enough)
{
    if (w->starter->jobs - w->starter->late < many) {
        return 0;
    }
    w->starter->waiting = w;
    w->starter->enough = enough;
    w->reply_due = 1;
    return 1;
}

static int spawn(nts_work_t *w, const nts_call_t *call)
{
    int i;

    for (i = 0; i < call->spawn_count; i++) {
        if (w->starter->take) {
            w->starter->take(w->starter->baton, &call->spawns[i]);
        }
        else {
            add_errand(w, &call->spawns[i]);
        }
    }
    nts_driver_pump_soon(w->flow->group);
    return !wait_for_jobs(w, SPAWNED_MAX, SPAWNED_MAX / 2);
}

/* Rows that jobs of this scan are about to make would look like new ones: the external side is listed when
 * they are done. Non-zero: it waits. */
static int must_wait(nts_work_t *w, const nts_ask_t *ask)
{
    if (!w->scan || ask->kind != NTS_ASK_LIST || ask->side != NTS_EXTERNAL || ask->listing.cursor ||
        !wait_for_jobs(w, 1, 0)) {
        return 0;
    }
    w->reply_due = 0; /* the same call again */
    return 1;
}

static int perform(nts_work_t *w, const nts_call_t *call)
{
    switch (call->kind) {
    case NTS_CALL_LOAD:
        return load(w, call);
    case NTS_CALL_LOOKUP:
        return look_up(w, call);
    case NTS_CALL_ASK:
        if (!must_wait(w, &call->ask)) {
            nts_work_ask(w, &call->ask);
        }
        return 0;
    case NTS_CALL_COMMIT:
        nts_work_commit(w, &call->commit);
        return 0;
    case NTS_CALL_SPAWN:
        return spawn(w, call);
    case NTS_CALL_MATCH_PUT:
        nts_work_put_matches(w, call);
        return 0;
    case NTS_CALL_MATCH_JOIN:
        return join_matches(w, call);
    case NTS_CALL_NONE:
    default:
        break;
    }
    w->flow->host->broken = "a job asked for nothing";
    nts_work_fail(w, APR_EGENERAL);
    return 0;
}

/* --- steps */

/* It is broken off. Where another database may come in the place of the one that was written, that one cannot prove what was (S3.3): what
 * the job knows of it is stored first, or a row would be made again (seed 455117 of the simulation). */
static void leave(nts_work_t *w)
{
    if (w->job && w->leaves) {
        w->leaves = 0;
        if (nts_job_leave(w->job) == NTS_STEP_CALL) {
            (void)perform(w, nts_job_call(w->job)); /* a commit: it is awaited */
            return;
        }
    }
    nts_work_end(w, NTS_STEP_WAIT, APR_EINTR);
}

void nts_work_step(nts_work_t *w, const nts_reply_t *reply)
{
    if (w->dead) {
        leave(w);
        return;
    }
    for (;;) {
        apr_time_t now = nts_host_look_at_clock(w->flow->host);
        nts_step_t step;

        w->config.clock_set = w->flow->host->clock_set;
        w->config.clock_was = w->flow->host->clock_was;
        w->config.taken = w->flow->group->taken;
        step = w->job ? nts_job_step(w->job, reply, now) : nts_scan_step(w->scan, reply, now);

        if (w->scan && w->starter->progress) {
            w->starter->progress(w->starter->baton, w->scan);
        }
        if (w->scan && step == NTS_STEP_WAIT) {
            nts_flow_note_retry(w->flow, nts_scan_outcome(w->scan));
            nts_work_sleep(w, nts_work_due_again(w, nts_scan_until(w->scan)));
            return;
        }
        if (step != NTS_STEP_CALL) {
            nts_work_end(w, step, APR_SUCCESS);
            return;
        }
        memset(&w->reply, 0, sizeof(w->reply));
        if (!perform(w, w->job ? nts_job_call(w->job) : nts_scan_call(w->scan))) {
            return;
        }
        reply = &w->reply;
    }
}
