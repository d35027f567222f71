/* nts_work.c - one job or scan under way: asks, commits, and whose record it is. */
#include <string.h>

#include "base/nts_log.h"
#include "base/nts_str.h"
#include "worker/nts_contact.h"
#include "worker/nts_events.h"
#include "worker/nts_files.h"
#include "worker/nts_flow.h"
#include "worker/nts_meeting.h"
#include "worker/nts_mirror.h"
#include "worker/nts_reconcile.h"
#include "worker/nts_work.h"

/* How often a flow's latency is worth a statement. */
#define LATENCY_SHOWN apr_time_from_sec(1)
#define LATENCY_MAX apr_time_from_sec(3600)

void nts_segment_count(const nts_host_t *host, nts_count_t what)
{
    if (host->segment) {
        nts_segment_add(host->segment, what, 1);
    }
}

/* --- life */

static void go_on(void *baton)
{
    nts_work_t *w = baton;

    /* A scan that was held up by its own jobs is owed a reply; one that slept is not. */
    nts_work_step(w, w->reply_due ? &w->reply : NULL);
}

nts_work_t *nts_work_create(nts_flow_t *flow, nts_urgency_t urgency)
{
    apr_pool_t *p;
    nts_work_t *w;
    int side;

    (void)apr_pool_create(&p, flow->p);
    apr_pool_tag(p, "nts_work");
    w = apr_pcalloc(p, sizeof(*w));
    w->p = p;
    w->flow = flow;
    w->urgency = urgency;
    (void)apr_snprintf(w->tag, sizeof(w->tag), "work %pp", (void *)w);
    w->config.mapping = flow->mapping;
    w->config.random = flow->host->random;
    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        w->config.bot[side] = flow->end[side].who_is_bot ? flow->end[side].who : NULL;
    }
    w->number = ++flow->works_made;
    nts_timer_init(&w->timer, go_on, w);
    nts_timer_init(&w->patience, nts_meeting_lose_patience, w);
    w->next = flow->works;
    w->back = &flow->works;
    if (w->next) {
        w->next->back = &w->next;
    }
    flow->works = w;
    flow->work_count++;
    return w;
}

void nts_work_unlink(nts_work_t *w)
{
    if (w->back) {
        *w->back = w->next;
        if (w->next) {
            w->next->back = w->back;
        }
        w->back = NULL;
        w->flow->work_count--;
        nts_timer_cancel(w->flow->host->loop, &w->timer);
        nts_timer_cancel(w->flow->host->loop, &w->patience);
        nts_meeting_over(w);
        nts_commits_forget(w->flow->host->commits, &w->unit);
    }
}

int nts_work_is_idle(const nts_work_t *w)
{
    return !w->asking && !nts_unit_is_added(&w->unit);
}

void nts_work_sleep(nts_work_t *w, apr_time_t due)
{
    w->reply_due = 0;
    nts_timer_set(w->flow->host->loop, &w->timer, due - nts_host_mono(w->flow->host));
}

void nts_work_resume(nts_work_t *w)
{
    memset(&w->reply, 0, sizeof(w->reply));
    nts_timer_set(w->flow->host->loop, &w->timer, 0);
}

/* --- whose record */

static const nts_work_t *holder_of(const nts_work_t *w, apr_int64_t link, const char *page,
                                   const char *key)
{
    const nts_work_t *other;

    for (other = w->flow->works; other; other = other->next) {
        if (other != w && other->job &&
            ((link && other->link == link) || (page && nts_str_same(page, other->page)) ||
             (key && nts_str_same(key, other->key)))) {
            return other;
        }
    }
    return NULL;
}

const nts_work_t *nts_work_take_identity(nts_work_t *w, const nts_target_t *target,
                                         const nts_loaded_t *loaded)
{
    const nts_link_t *link = loaded->link;
    const nts_link_t *counterpart = loaded->counterpart;
    const char *page = link && link->page ? link->page : target->page;
    const char *key = link && link->key ? link->key : target->key;
    const nts_work_t *other = holder_of(w, link ? link->id : 0, page, key);

    if (!other && counterpart) {
        other = holder_of(w, counterpart->id, counterpart->page, counterpart->key);
    }
    if (!other) {
        w->link = link ? link->id : 0;
        w->page = apr_pstrdup(w->p, page);
        w->key = apr_pstrdup(w->p, key);
    }
    return other;
}

int nts_driver_is_busy_with(const nts_flow_t *flow, nts_side_t side, const char *record)
{
    const nts_work_t *w;

    for (w = flow->works; w; w = w->next) {
        if (w->job && (w->creating ||
                       (record && nts_str_same(record, side == NTS_NOTION ? w->page : w->key)))) {
            return 1;
        }
    }
    return 0;
}

/* --- asks */

/* How long it took from the notice to the write, for the dashboard. */
static void note_latency(nts_work_t *w, nts_side_t side, const nts_answer_t *answer)
{
    nts_flow_t *flow = w->flow;
    apr_interval_time_t latency = answer->answered_at - w->noticed;
    apr_time_t now = nts_host_mono(flow->host);

    if (!w->noticed || w->urgency != NTS_LIVE || latency < 0 || latency > LATENCY_MAX) {
        return;
    }
    flow->status.latency[side] = latency;
    if (now - flow->latency_shown > LATENCY_SHOWN) {
        flow->latency_shown = now;
        nts_flow_put_status(flow); /* joins the settlement's transaction */
    }
    else {
        nts_timer_hasten(flow->host->loop, &flow->show_latency, LATENCY_SHOWN);
    }
}

static int is_write(nts_ask_kind_t kind)
{
    return kind == NTS_ASK_CREATE || kind == NTS_ASK_UPDATE || kind == NTS_ASK_REMOVE ||
           kind == NTS_ASK_RESTORE;
}

void nts_work_answered(void *baton, const nts_answer_t *answer)
{
    nts_work_t *w = baton;

    w->asking = 0;
    w->requests += answer->requests;
    if (is_write(w->asked) && answer->result == NTS_RESULT_OK) {
        note_latency(w, w->asked_side, answer);
    }
    nts_files_forget(w->flow, answer->record ? answer->record->id : w->page);
    if (answer->is_retyped || nts_str_same(answer->outcome.code, "notion.schema_changed")) {
        (void)nts_contact_doubt_schema(w->flow->contact);
    }
    w->has_met |= w->meets && answer->result == NTS_RESULT_OK;
    w->meets = 0;
    memset(&w->reply, 0, sizeof(w->reply));
    w->reply.answer = answer;
    nts_work_step(w, &w->reply);
}

void nts_work_ask(nts_work_t *w, const nts_ask_t *ask)
{
    apr_pool_t *p = w->scan ? nts_scan_pool(w->scan) : w->p;
    const nts_traits_t *traits = w->flow->given->traits[ask->side];
    nts_ask_t copy = *ask;

    w->asking = 1;
    w->asked = ask->kind;
    w->asked_side = ask->side;
    if (!traits->keeps_intents && ask->kind == NTS_ASK_CREATE) {
        w->creating = 1;
    }
    if (traits->tells_changes && !copy.instance) {
        /* Copied: the status is renewed when anything of it changes. */
        copy.instance = w->starter && w->starter->instance
                            ? w->starter->instance
                            : apr_pstrdup(p, w->flow->status.instance);
    }
    if (ask->side == NTS_EXTERNAL && ask->company_count) {
        nts_meeting_join(w, apr_pmemdup(p, &copy, sizeof(copy)));
        return;
    }
    nts_port_ask(w->flow->end[ask->side].port, &copy, w->urgency,
                 traits->compares ? NULL : &w->grant[ask->side], nts_work_answered, w, p);
}

/* --- commits */

/* A transaction that came to nothing has left numbers behind. */
static void restore_ids(nts_saving_t *saving)
{
    int i;

    if (saving->commit.link) {
        saving->commit.link->id = saving->link_id;
    }
    for (i = 0; i < saving->commit.entry_count; i++) {
        saving->commit.entries[i]->id = saving->entry_ids[2 * i];
        saving->commit.entries[i]->link = saving->entry_ids[2 * i + 1];
    }
}

static void save_ids(nts_saving_t *saving, apr_pool_t *p)
{
    int i;

    saving->link_id = saving->commit.link ? saving->commit.link->id : 0;
    saving->entry_ids =
        apr_palloc(p, ((apr_size_t)saving->commit.entry_count + 1) * 2 * sizeof(apr_int64_t));
    for (i = 0; i < saving->commit.entry_count; i++) {
        saving->entry_ids[2 * i] = saving->commit.entries[i]->id;
        saving->entry_ids[2 * i + 1] = saving->commit.entries[i]->link;
    }
}

static int is_done_write(const nts_entry_t *entry)
{
    return entry->state == NTS_ENTRY_APPLIED && entry->op <= NTS_ENTRY_RESTORE;
}

static apr_status_t store_commit(void *baton, nts_store_t *store, int again)
{
    nts_work_t *w = baton;
    nts_saving_t *saving = &w->saving;
    nts_group_t *group = w->flow->group;
    apr_status_t rv;

    if (again) {
        restore_ids(saving);
    }
    rv = nts_store_apply(&saving->result, &saving->words, store, w->flow->mapping, group->name,
                         group->epoch, &saving->commit, w->p);
    if (rv == APR_SUCCESS && saving->result == NTS_COMMIT_OK) {
        /* S3.9: what we wrote to a data source comes back as events that our own bot caused, which other mappings of
         * the same data source would drop. Writes to tables they see in the change table. */
        rv = nts_store_tell_siblings(&saving->told, store, w->flow->mapping->id, &saving->commit);
    }
    return rv;
}

/* What was stored tells others what to do. */
static void note_commit(nts_work_t *w)
{
    nts_flow_t *flow = w->flow;
    const nts_commit_t *commit = &w->saving.commit;
    int i;

    for (i = 0; i < commit->entry_count; i++) {
        const nts_entry_t *entry = commit->entries[i];
        const nts_traits_t *traits = flow->given->traits[entry->side];

        if (entry->state == NTS_ENTRY_PENDING && traits->keeps_intents) {
            nts_flow_add_intent(flow, entry->intent);
        }
        if (is_done_write(entry) && traits->lists_edits) {
            nts_reconcile_note_edit(flow, nts_host_wall(flow->host));
        }
        if ((entry->op == NTS_ENTRY_HOLD || entry->op == NTS_ENTRY_REFUSE) && entry->note) {
            nts_log(NTS_LOG_WARNING, 0, "mapping %s, record %s: %s", flow->label,
                    entry->page  ? entry->page
                    : entry->key ? entry->key
                                 : "?",
                    entry->note);
        }
    }
    if (w->saving.told > 0) {
        nts_events_tell_siblings(flow);
    }
    if (commit->follow_count > 0 || commit->told_waiting > 0) {
        nts_events_look(flow);
    }
    if (commit->told_waiting > 0) {
        nts_events_tell_referrers(flow);
    }
    if (commit->mirror_count > 0) {
        nts_mirrors_tell(flow, commit);
    }
    for (i = 0; i < commit->woken_count; i++) {
        if (!nts_meeting_wrote(flow, commit->woken[i])) {
            nts_flow_wake(flow, commit->woken[i]);
        }
    }
    if (commit->link) {
        w->link = commit->link->id;
        w->page = apr_pstrdup(w->p, commit->link->page);
        w->key = apr_pstrdup(w->p, commit->link->key);
    }
}

static void committed(void *baton, apr_status_t rv)
{
    nts_work_t *w = baton;
    nts_saving_t *saving = &w->saving;

    if (rv != APR_SUCCESS) {
        restore_ids(saving);
        nts_work_fail(w, rv);
        return;
    }
    if (saving->result == NTS_COMMIT_OK) {
        note_commit(w);
    }
    else if (saving->result == NTS_COMMIT_CLASH) {
        nts_group_check(w->flow->group);
    }
    memset(&w->reply, 0, sizeof(w->reply));
    w->reply.committed = saving->result;
    w->reply.commit_words = saving->words;
    nts_work_step(w, &w->reply);
}

void nts_work_commit(nts_work_t *w, const nts_commit_t *commit)
{
    memset(&w->saving, 0, sizeof(w->saving));
    w->saving.commit = *commit;
    save_ids(&w->saving, w->p);
    nts_unit_init(&w->unit, store_commit, committed, w);
    nts_commits_add(w->flow->host->commits, &w->unit, w->urgency == NTS_LIVE);
}

/* --- first match */

static apr_status_t store_matches(void *baton, nts_store_t *store, int again)
{
    nts_work_t *w = baton;
    const nts_call_t *call = w->saving.matches;
    apr_status_t rv = APR_SUCCESS;
    int i;

    (void)again;
    for (i = 0; i < call->match_count && rv == APR_SUCCESS; i++) {
        rv = nts_store_match_put(store, w->flow->mapping->id, call->match_side, call->match_ids[i],
                                 call->match_hashes[i]);
    }
    return rv;
}

static void stored_matches(void *baton, apr_status_t rv)
{
    nts_work_t *w = baton;

    if (rv != APR_SUCCESS) {
        nts_work_fail(w, rv);
        return;
    }
    memset(&w->reply, 0, sizeof(w->reply));
    nts_work_step(w, &w->reply);
}

void nts_work_put_matches(nts_work_t *w, const nts_call_t *call)
{
    w->saving.matches = call;
    nts_unit_init(&w->unit, store_matches, stored_matches, w);
    nts_commits_add(w->flow->host->commits, &w->unit, 0);
}

/* --- errands */

static const nts_record_t *copy_record(const nts_record_t *record, int pairs, apr_pool_t *p)
{
    nts_record_t *copy = apr_pmemdup(p, record, sizeof(*record));
    nts_value_t *values = apr_palloc(p, ((apr_size_t)pairs + 1) * sizeof(*values));
    int i;

    for (i = 0; i < pairs; i++) {
        values[i] = nts_value_copy(&record->values[i], p);
    }
    copy->values = values;
    copy->id = apr_pstrdup(p, record->id);
    copy->intent = apr_pstrdup(p, record->intent);
    copy->image = apr_pstrdup(p, record->image);
    return copy;
}

nts_errand_t *nts_errand_make(nts_flow_t *flow, const nts_spawn_t *spawned, nts_starter_t *starter)
{
    apr_pool_t *p;
    nts_errand_t *errand;

    (void)apr_pool_create(&p, flow->p);
    apr_pool_tag(p, "nts_errand");
    errand = apr_pcalloc(p, sizeof(*errand));
    errand->p = p;
    errand->starter = starter;
    errand->spawn = *spawned;
    errand->spawn.target.page = apr_pstrdup(p, spawned->target.page);
    errand->spawn.target.key = apr_pstrdup(p, spawned->target.key);
    errand->spawn.candidate = NULL;
    if (spawned->candidate) {
        errand->candidate = copy_record(spawned->candidate, flow->mapping->pair_count, p);
    }
    return errand;
}

const char *nts_errand_key(const nts_errand_t *errand)
{
    const nts_target_t *target = &errand->spawn.target;

    if (target->page) {
        return apr_pstrcat(errand->p, "n:", target->page, NULL);
    }
    return target->key ? apr_pstrcat(errand->p, "e:", target->key, NULL)
                       : apr_psprintf(errand->p, "l:%" APR_INT64_T_FMT, target->link);
}

void nts_errand_parse(nts_target_t *target, const char *key, apr_pool_t *p)
{
    const char *rest = apr_pstrdup(p, key + 2);

    memset(target, 0, sizeof(*target));
    switch (key[0]) {
    case 'n':
        target->page = rest;
        break;
    case 'e':
        target->key = rest;
        break;
    default:
        target->link = apr_atoi64(rest);
        break;
    }
}
