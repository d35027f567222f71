/* nts_job_decide.c - what should happen to a record, given what is known of both sides. */
#include "sync/nts_job_impl.h"

#include <string.h>

/* ---- reading what is not known yet ---- */

/* S3.6: a query shows what was told 21 s before it was sent. Non-zero: the oldest notices, and so all that are loaded, are as old as that;
 * *told: how many of them came from the side that was asked. */
static int shows_notices(const nts_job_t *job, int *told)
{
    nts_side_t side = job->spawn.candidate_side;
    int i;

    *told = 0;
    for (i = 0; i < job->loaded->notice_count; i++) {
        const nts_notice_t *notice = &job->loaded->notices[i];

        if (notice->side == side && notice->stored + NTS_QUERY_LAG > job->spawn.candidate_sent) {
            return 0;
        }
        *told += notice->side == side;
    }
    return i < NTS_NOTICES_LOADED; /* else there may be younger ones */
}

/* Only fields of a record that is there on both sides are to be decided. Where the other side was not read yet it will be; should it be
 * deleted there, the row is no longer enough (nts_job_is_fresh_for). */
static int is_plain_edit(const nts_job_t *job)
{
    nts_side_t far = nts_side_other(job->spawn.candidate_side);
    nts_presence_t presence = job->view[far].presence;

    return job->link->id && job->link->state == NTS_LINK_ACTIVE &&
           (presence == NTS_PRESENCE_LIVE ||
            (presence == NTS_PRESENCE_UNKNOWN && nts_job_id_on(job, far)));
}

/* S3.2: a query row may be used for the other side only if everything we did to the record, and all that
 * we were told of it or, where nothing was told or more than fields is at stake, the minute of its last edit, is older than the lag
 * of queries. */
static int is_candidate_trusted(const nts_job_t *job, nts_side_t side)
{
    const nts_record_t *row = job->spawn.candidate;
    apr_time_t sent = job->spawn.candidate_sent;
    int told;
    int i;

    if (!row || job->spawn.candidate_side != side || job->rounds || job->undo ||
        job->ruling_count || row->trashed || row->elsewhere ||
        row->standing == NTS_STANDING_UNKNOWN || job->link->state == NTS_LINK_TOMBSTONE ||
        !shows_notices(job, &told)) {
        return 0;
    }
    for (i = 0; i < job->config->mapping->pair_count; i++) {
        if (row->values[i].truncated) {
            return 0;
        }
    }
    if ((!(told && is_plain_edit(job)) && row->edited + NTS_MINUTE + NTS_QUERY_LAG > sent) ||
        job->config->clock_set + NTS_QUERY_LAG > sent || job->config->clock_was >= sent) {
        return 0;
    }
    return !job->link->id || job->link->touched + NTS_QUERY_LAG <= sent;
}

/* That side's value of a pair is not what was agreed: edited, or computed anew by the service. */
static int is_news(const nts_job_t *job, nts_side_t side, int i)
{
    const nts_pair_t *pair = &job->config->mapping->pairs[i];
    const nts_base_t *base = nts_link_base(job->link, pair->id);
    const nts_value_t *now = &job->view[side].record->values[i];

    if (!pair->computed[side]) {
        return nts_merge_is_edited(pair, base, side, now, job->p);
    }
    return !base || !nts_value_equal(&base->value[side], now);
}

/* How many writes to @a side will surely follow the read of it, so that the budget is reserved with it. */
static int expected_writes(const nts_job_t *job, nts_side_t side)
{
    nts_direction_t away = side == NTS_NOTION ? NTS_TO_EXTERNAL : NTS_TO_NOTION;
    nts_side_t far = nts_side_other(side);
    int i;

    if (nts_job_is_deleted(job, far)) {
        return job->link->state == NTS_LINK_ACTIVE;
    }
    if (job->view[far].presence != NTS_PRESENCE_LIVE) {
        return 0;
    }
    for (i = 0; i < job->config->mapping->pair_count; i++) {
        const nts_pair_t *pair = &job->config->mapping->pairs[i];

        if (pair->direction != away && !pair->is_body && is_news(job, far, i)) {
            return 1; /* the body has a read of its own */
        }
    }
    return 0;
}

static int is_doubtful(const nts_pair_t *pair, const nts_base_t *base)
{
    return nts_merge_is_doubtful(pair, base, NTS_NOTION) ||
           nts_merge_is_doubtful(pair, base, NTS_EXTERNAL);
}

/* Only the external side gave notice, and shows what was agreed: what changed there is not mapped (S3.11). */
static int is_unmapped_change(const nts_job_t *job)
{
    const nts_link_t *link = job->link;
    const nts_record_t *row = job->view[NTS_EXTERNAL].record;
    int i;

    if (job->view[NTS_EXTERNAL].presence != NTS_PRESENCE_LIVE || job->rounds || job->undo ||
        row->standing != NTS_STANDING_INSIDE || job->ruling_count ||
        (job->spawn.candidate && job->spawn.candidate_side == NTS_NOTION) ||
        job->config->full_run || !job->loaded->notice_count || link->state != NTS_LINK_ACTIVE ||
        link->trouble != NTS_TROUBLE_NONE || link->attempts || link->missing) {
        return 0;
    }
    for (i = 0; i < job->loaded->notice_count; i++) {
        if (job->loaded->notices[i].side != NTS_EXTERNAL) {
            return 0;
        }
    }
    for (i = 0; i < job->config->mapping->pair_count; i++) {
        const nts_pair_t *pair = &job->config->mapping->pairs[i];
        const nts_base_t *base = nts_link_base(link, pair->id);

        if (pair->domain &&
            (!base || base->has_rewrite || is_news(job, NTS_EXTERNAL, i) ||
             nts_merge_has_unlinked(pair, base, NTS_EXTERNAL, &row->values[i], job->p) ||
             is_doubtful(pair, base))) {
            return 0;
        }
    }
    return 1;
}

static nts_step_t end_in_sync(nts_job_t *job);

static void take_candidate(nts_job_t *job)
{
    nts_view_t *view = &job->view[job->spawn.candidate_side];

    *view = (nts_view_t){ 0 };
    view->presence = NTS_PRESENCE_LIVE;
    view->record = apr_pmemdup(job->p, job->spawn.candidate, sizeof(*view->record));
    view->sent = job->spawn.candidate_sent;
    view->answered = job->now;
    view->candidate = 1;
}

nts_step_t nts_job_look_at_external(nts_job_t *job)
{
    if (is_candidate_trusted(job, NTS_EXTERNAL)) {
        take_candidate(job);
        return nts_job_decide(job);
    }
    return nts_job_read(job, NTS_EXTERNAL, 0, 0);
}

static nts_step_t look_at_notion(nts_job_t *job)
{
    nts_view_t *view = &job->view[NTS_NOTION];

    if (!job->link->page) {
        view->presence = NTS_PRESENCE_NONE;
        return nts_job_decide(job);
    }
    if (is_unmapped_change(job)) {
        return end_in_sync(job);
    }
    if (job->link->state == NTS_LINK_DORMANT && nts_job_is_side_outside(job, NTS_EXTERNAL) &&
        job->view[NTS_EXTERNAL].presence == NTS_PRESENCE_LIVE) {
        return nts_job_end_well(job); /* whatever the page says */
    }
    if (is_candidate_trusted(job, NTS_NOTION)) {
        take_candidate(job);
        return nts_job_decide(job);
    }
    return nts_job_read(job, NTS_NOTION, 0, expected_writes(job, NTS_NOTION));
}

int nts_job_is_recent(const nts_job_t *job, nts_side_t side)
{
    apr_interval_time_t age = job->now - job->view[side].answered;

    /* Less than none: our clock was set back since (seed 33589 of the simulation). */
    return age >= 0 && age <= NTS_READ_FRESH;
}

int nts_job_is_sendable(const nts_job_t *job, nts_side_t side)
{
    return nts_job_traits(job, side)->compares || nts_job_is_recent(job, side);
}

/* S3.1: where a write does not compare, the record may be written only after a read of it that was sent after the other side was
 * read. */
int nts_job_is_fresh_for(const nts_job_t *job, nts_side_t side)
{
    const nts_view_t *view = &job->view[side], *far = &job->view[nts_side_other(side)];

    return nts_job_traits(job, side)->compares ||
           (!view->candidate && nts_job_is_recent(job, side) &&
            (far->presence == NTS_PRESENCE_NONE || view->sent >= far->sent));
}

/* ---- both live: fields ---- */

/* S1: an event that names the property raises the start; it never lowers the end. */
static apr_time_t event_floor(const nts_job_t *job, nts_side_t side, const nts_pair_t *pair)
{
    const char *id = nts_pair_field_id(pair, side);
    apr_time_t latest = 0;
    int i;

    for (i = 0; i < job->loaded->notice_count; i++) {
        const nts_notice_t *notice = &job->loaded->notices[i];
        const char *found;
        apr_size_t len;

        if (notice->side != side) {
            continue;
        }
        if (pair->is_body && side == NTS_NOTION && notice->kind &&
            !strcmp(notice->kind, "page.content_updated") && notice->at - NTS_MINUTE > latest) {
            latest = notice->at - NTS_MINUTE;
        }
        if (!notice->properties || !id) {
            continue;
        }
        len = strlen(id);
        found = strstr(notice->properties, id);
        if (found && found > notice->properties && found[-1] == '"' && found[len] == '"' &&
            notice->at - NTS_MINUTE > latest) {
            latest = notice->at - NTS_MINUTE;
        }
    }
    return latest;
}

/* People were shown what the record holds: it was changed before that. */
static int was_shown(const nts_job_t *job, nts_side_t side, int index)
{
    const nts_issue_t *issue = nts_link_issue(job->link, job->config->mapping->pairs[index].id);

    return issue && nts_value_equal(&issue->value[side], &job->view[side].record->values[index]);
}

/*
 * Until when the record may have been changed. By the time of its last edit, and a minute, to which that is floored. By the change table,
 * unless its last entry is older than a read that still showed the base, or is that of a write of ours, which found in the field what was
 * agreed (S3.2). Then no trigger told of the change (seeds 440941 and 14243 of the simulation: the table had none for a while), and it may
 * be as young as our read.
 */
static apr_time_t changed_until(const nts_job_t *job, nts_side_t side, int index, apr_time_t from)
{
    const nts_view_t *view = &job->view[side];
    apr_time_t told = view->record->changed;

    if (view->record->edited) {
        return view->record->edited + NTS_MINUTE;
    }
    if (view->record->changed_by_us && !was_shown(job, side, index)) {
        return view->answered;
    }
    return told && told >= from ? told : view->answered;
}

static void stamp_field(const nts_job_t *job, int index, const nts_base_t *base,
                        nts_stamp_t stamps[NTS_SIDE_COUNT])
{
    int i;

    for (i = 0; i < NTS_SIDE_COUNT; i++) {
        nts_side_t side = (nts_side_t)i;
        apr_time_t named = event_floor(job, side, &job->config->mapping->pairs[index]);
        nts_stamp_t *stamp = &stamps[side];

        stamp->from = base ? base->seen[side] : 0;
        stamp->from = named > stamp->from ? named : stamp->from;
        stamp->to = changed_until(job, side, index, stamp->from);
        stamp->to = stamp->to < stamp->from ? stamp->from : stamp->to;
    }
}

/* S2.10: it was held with these very values, a moment ago or when the record was last shown to people. That the page or the row was
 * changed since in another field, by us or by others, makes them no later edit (seed 11146 of `ut_plan`). */
static int was_contested(const nts_job_t *job, int index, const nts_decision_t *before,
                         const nts_decision_t *d, const nts_value_t *const now[NTS_SIDE_COUNT])
{
    const nts_pair_t *pair = &job->config->mapping->pairs[index];
    const nts_issue_t *issue = nts_link_issue(job->link, pair->id);

    if (before->verdict == NTS_VERDICT_HELD && before->outcome.code &&
        !strcmp(before->outcome.code, NTS_HELD_CONTESTED)) {
        return nts_domain_equal(pair->domain, &before->common[0], &d->common[0]) &&
               nts_domain_equal(pair->domain, &before->common[1], &d->common[1]);
    }
    return issue && issue->code && !strcmp(issue->code, NTS_HELD_CONTESTED) &&
           nts_value_equal(&issue->value[0], now[0]) && nts_value_equal(&issue->value[1], now[1]);
}

/* The answer to a write of other fields shows only a part of what the read before showed whole: what waited for somebody then, still does. */
static int waits(const nts_decision_t *d)
{
    return d->verdict == NTS_VERDICT_HELD || d->verdict == NTS_VERDICT_STUCK || d->pending;
}

static void decide_field(nts_job_t *job, int i)
{
    const nts_mapping_t *mapping = job->config->mapping;
    const nts_pair_t *pair = &mapping->pairs[i];
    const nts_base_t *base = nts_link_base(job->link, pair->id);
    nts_decision_t before = job->decisions[i], *d = &job->decisions[i];
    const nts_value_t *now[NTS_SIDE_COUNT];
    nts_stamp_t stamps[NTS_SIDE_COUNT];
    int side;

    now[NTS_NOTION] = &job->view[NTS_NOTION].record->values[i];
    now[NTS_EXTERNAL] = &job->view[NTS_EXTERNAL].record->values[i];
    stamp_field(job, i, base, stamps);
    nts_merge_field(d, mapping, i, base, now, stamps, job->p);
    if (d->verdict == NTS_VERDICT_UNREAD && now[NTS_NOTION]->truncated && waits(&before)) {
        *d = before;
        return;
    }
    if (d->verdict == NTS_VERDICT_WRITE && base && was_contested(job, i, &before, d, now)) {
        for (side = 0; side < NTS_SIDE_COUNT; side++) {
            stamps[side].to = stamps[side].from = base->seen[side];
        }
        nts_merge_field(d, mapping, i, base, now, stamps, job->p);
    }
    nts_job_hide_reference(job, i, d);
    nts_job_guard_body(job, i, d);
}

void nts_job_decide_fields(nts_job_t *job)
{
    int i;

    for (i = 0; i < job->config->mapping->pair_count; i++) {
        decide_field(job, i);
    }
}

static int has_write(const nts_job_t *job, nts_side_t side)
{
    int i;

    for (i = 0; i < job->config->mapping->pair_count; i++) {
        if (job->decisions[i].verdict == NTS_VERDICT_WRITE && job->decisions[i].write[side]) {
            return 1;
        }
    }
    return 0;
}

/* S2.3: equal values that may never have stood opposite each other: the page was awaited (Notion wanted silence, a long line for the
 * budget, a freeze) while people could edit what had been read of the row. Then one is an edit over the other, and nothing is agreed on
 * (seeds 33471 and 8495 of the simulation). */
static int agrees_on_old(const nts_job_t *job)
{
    const nts_view_t *notion = &job->view[NTS_NOTION], *external = &job->view[NTS_EXTERNAL];
    int i;

    for (i = 0; i < job->config->mapping->pair_count; i++) {
        int by_itself = nts_job_is_body(job, i);
        apr_time_t answered = by_itself ? job->body.answered : notion->answered;

        if (job->decisions[i].verdict == NTS_VERDICT_AGREED && (by_itself || !notion->candidate) &&
            answered - external->sent > NTS_READ_APART) {
            return 1;
        }
    }
    return 0;
}

/* S5.4: the field was away, and both sides still show what was agreed on: from now on what differs is an edit. */
static void trust_base(nts_job_t *job, int i)
{
    const nts_pair_t *pair = &job->config->mapping->pairs[i];
    nts_base_t *base = nts_link_base(job->link, pair->id);

    if (job->decisions[i].verdict == NTS_VERDICT_NONE && is_doubtful(pair, base)) {
        nts_merge_trust(base, pair);
        job->dirty = 1;
    }
}

/* Bases of fields on which both sides are equal move together (S1); both reads must be authoritative. That is done before other
 * fields are written: a write that is refused for good must not keep them back (seed 21846 of the simulation). */
static void take_agreements(nts_job_t *job)
{
    int i, edits = 0;

    for (i = 0; i < job->config->mapping->pair_count; i++) {
        const nts_pair_t *pair = &job->config->mapping->pairs[i];
        const nts_value_t *now[NTS_SIDE_COUNT];
        apr_time_t read_at[NTS_SIDE_COUNT];
        nts_base_t *base;

        if (job->decisions[i].verdict != NTS_VERDICT_AGREED) {
            trust_base(job, i);
            continue;
        }
        base = nts_link_base_make(job->link, pair->id, job->p);
        edits += base->value[NTS_NOTION].kind != NTS_VALUE_ABSENT;
        now[NTS_NOTION] = &job->view[NTS_NOTION].record->values[i];
        now[NTS_EXTERNAL] = &job->view[NTS_EXTERNAL].record->values[i];
        read_at[NTS_NOTION] = nts_job_shown_at(job, NTS_NOTION, i);
        read_at[NTS_EXTERNAL] = job->view[NTS_EXTERNAL].sent;
        nts_merge_agree(base, pair->domain, now, read_at, job->p);
        nts_merge_trust(base, pair);
        job->dirty = 1;
    }
    if (edits) {
        nts_job_new_entry(job, NTS_ENTRY_AGREE, NTS_EXTERNAL, 1)->note =
            "both sides were changed to the same value";
    }
}

/* All is well: no trouble is left. */
nts_step_t nts_job_end_well(nts_job_t *job)
{
    if (job->link->trouble != NTS_TROUBLE_NONE || job->link->attempts || job->link->missing) {
        job->link->trouble = NTS_TROUBLE_NONE;
        job->link->attempts = 0;
        job->link->next_try = 0;
        job->link->missing = 0;
        job->link->outcome = (nts_outcome_t){ 0 };
        nts_job_drop_issues(job);
        job->dirty = 1;
    }
    return nts_job_finish(job, NTS_STEP_DONE);
}

static nts_step_t end_in_sync(nts_job_t *job)
{
    int i, held = -1, stuck = -1;

    if (nts_job_is_outside(job)) {
        return nts_job_sleep_outside(job);
    }
    for (i = job->config->mapping->pair_count - 1; i >= 0; i--) {
        held = job->decisions[i].verdict == NTS_VERDICT_HELD ? i : held;
        stuck =
            job->decisions[i].verdict == NTS_VERDICT_STUCK || job->decisions[i].pending ? i : stuck;
    }
    if (held >= 0 || stuck >= 0) {
        nts_outcome_copy(&job->outcome, &job->decisions[held >= 0 ? held : stuck].outcome, job->p);
        if (job->outcome.remedy == NTS_REMEDY_NONE ||
            (job->outcome.remedy == NTS_REMEDY_RETRY && job->hidden.remedy == NTS_REMEDY_NONE)) {
            job->outcome.remedy = NTS_REMEDY_WAIT; /* time alone does not change a value */
        }
        job->by_field = 1;
        return nts_job_trouble(job, held >= 0 ? NTS_TROUBLE_HELD : NTS_TROUBLE_PARKED);
    }
    return nts_job_end_well(job);
}

/* Paired, but never synced: there is nothing that the other side would have to hear of before. */
static int was_ever_agreed(const nts_job_t *job)
{
    return job->link->base_count > 0 || job->link->state == NTS_LINK_TOMBSTONE;
}

nts_step_t nts_job_decide_live(nts_job_t *job)
{
    nts_side_t side;
    int alone;

    if (job->link->state == NTS_LINK_DORMANT) {
        nts_job_new_entry(job, NTS_ENTRY_LINK, NTS_EXTERNAL, 1)->note = "inside the filter again";
    }
    if (job->link->state != NTS_LINK_ACTIVE) {
        job->link->state = NTS_LINK_ACTIVE;
        job->dirty = 1;
    }
    if (nts_job_is_outside(job) && !was_ever_agreed(job) && !job->undo) {
        return nts_job_sleep_outside(job);
    }
    nts_job_decide_fields(job);
    nts_job_rule_fields(job);
    if (agrees_on_old(job)) {
        job->row_again = 1;
        return nts_job_read(job, NTS_EXTERNAL, 0, 0);
    }
    side = has_write(job, NTS_NOTION) ? NTS_NOTION : NTS_EXTERNAL;
    alone = side == NTS_NOTION && nts_job_writes_body_alone(job);
    if (has_write(job, side) &&
        !(alone ? nts_job_is_body_fresh(job) : nts_job_is_fresh_for(job, side))) {
        if (job->row_again) {
            take_agreements(job); /* or the next wait for the page makes them old again */
        }
        job->row_again = 0;
        return alone ? nts_job_read_body(job, 1) : nts_job_read(job, side, 0, 1);
    }
    if (has_write(job, side) && nts_job_needs_proof(job, side)) {
        return nts_job_ask_proof(job, side);
    }
    take_agreements(job);
    return has_write(job, side) ? nts_job_write_fields(job, side) : end_in_sync(job);
}

/* ---- the record ---- */

nts_step_t nts_job_decide(nts_job_t *job)
{
    nts_view_t *notion = &job->view[NTS_NOTION], *external = &job->view[NTS_EXTERNAL];
    nts_step_t step;

    nts_job_reset_rulings(job);
    if (external->presence == NTS_PRESENCE_UNKNOWN) {
        return nts_job_look_at_external(job);
    }
    if (notion->presence == NTS_PRESENCE_UNKNOWN) {
        return look_at_notion(job);
    }
    if ((external->presence != NTS_PRESENCE_NONE || job->link->state == NTS_LINK_IGNORED) &&
        nts_job_show_body(job, &step)) {
        return step;
    }
    if (job->undo && nts_job_undo_step(job, &step)) {
        return step;
    }
    if (job->link->state == NTS_LINK_IGNORED) {
        return nts_job_decide_ignored(job);
    }
    if (external->presence == NTS_PRESENCE_NONE || notion->presence == NTS_PRESENCE_NONE) {
        return nts_job_decide_single(job, external->presence == NTS_PRESENCE_NONE ? NTS_NOTION
                                                                                  : NTS_EXTERNAL);
    }
    if (job->link->state == NTS_LINK_TOMBSTONE) {
        return nts_job_decide_tombstone(job);
    }
    if (job->link->state == NTS_LINK_DORMANT) {
        return nts_job_decide_dormant(job);
    }
    if (notion->presence == NTS_PRESENCE_MISSING || external->presence == NTS_PRESENCE_MISSING) {
        return nts_job_decide_missing(job, notion->presence == NTS_PRESENCE_MISSING ? NTS_NOTION
                                                                                    : NTS_EXTERNAL);
    }
    if (nts_job_is_deleted(job, NTS_NOTION)) {
        return nts_job_is_deleted(job, NTS_EXTERNAL) ? nts_job_tombstone(job)
                                                     : nts_job_decide_delete(job, NTS_NOTION);
    }
    return nts_job_is_deleted(job, NTS_EXTERNAL) ? nts_job_decide_delete(job, NTS_EXTERNAL)
                                                 : nts_job_decide_live(job);
}
