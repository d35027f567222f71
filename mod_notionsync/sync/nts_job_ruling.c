/* nts_job_ruling.c - what a person has to decide about a record, and what a person decided (S2.9).
 *
 * A ruling is carried out if its fingerprint is that of what the job itself sees. Its end is stored with the
 * intent that carries it out; so a crash leaves it either as it was or taken.
 */
#include "sync/nts_job_impl.h"

#include <string.h>

#include "sync/nts_fingerprint.h"

/* ---- what is shown ---- */

static void show_pair(nts_shown_t *shown, const nts_job_t *job, int index)
{
    const nts_pair_t *pair = &job->config->mapping->pairs[index];
    int side;

    *shown = (nts_shown_t){ 0 };
    shown->pair = pair;
    shown->base = nts_link_base(job->link, pair->id);
    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        const nts_view_t *view = &job->view[side];

        if (view->presence == NTS_PRESENCE_LIVE && view->record) {
            shown->value[side] = &view->record->values[index];
        }
    }
}

static const char *field_fingerprint(const nts_job_t *job, int index)
{
    nts_shown_t shown;

    show_pair(&shown, job, index);
    return nts_fingerprint_make(job->decisions[index].outcome.code, &shown, 1, job->p);
}

static const char *record_fingerprint(const nts_job_t *job, const char *kind)
{
    const nts_mapping_t *mapping = job->config->mapping;
    nts_shown_t *shown =
        apr_pcalloc(job->p, ((apr_size_t)mapping->pair_count + 1) * sizeof(*shown));
    int i, n = 0;

    for (i = 0; i < mapping->pair_count; i++) {
        if (mapping->pairs[i].domain) {
            show_pair(&shown[n++], job, i);
        }
    }
    return nts_fingerprint_make(kind, shown, n, job->p);
}

/* One issue for each field that is held or stuck, or one for the record. */
static void gather(nts_issue_t *issues, int *count, nts_job_t *job)
{
    const nts_mapping_t *mapping = job->config->mapping;
    nts_issue_t *issue;
    int i;

    *count = 0;
    for (i = 0; i < mapping->pair_count && job->by_field; i++) {
        const nts_decision_t *d = &job->decisions[i];
        nts_shown_t shown;

        if (d->verdict != NTS_VERDICT_HELD && d->verdict != NTS_VERDICT_STUCK && !d->pending) {
            continue;
        }
        show_pair(&shown, job, i);
        issue = &issues[(*count)++];
        issue->pair = shown.pair->id;
        issue->code = d->outcome.code;
        issue->what = d->outcome.what;
        issue->fingerprint = field_fingerprint(job, i);
        issue->value[NTS_NOTION] =
            shown.value[NTS_NOTION] ? *shown.value[NTS_NOTION] : nts_value_absent;
        issue->value[NTS_EXTERNAL] =
            shown.value[NTS_EXTERNAL] ? *shown.value[NTS_EXTERNAL] : nts_value_absent;
    }
    if (!*count) {
        issue = &issues[(*count)++];
        issue->code = job->outcome.code;
        issue->what = job->outcome.what;
        issue->fingerprint = record_fingerprint(job, job->deed ? job->deed : "record");
    }
}

int nts_job_keep_issues(nts_job_t *job)
{
    nts_link_t *link = job->link;
    apr_size_t room = (apr_size_t)job->config->mapping->pair_count + 1;
    nts_issue_t *issues = apr_pcalloc(job->p, room * sizeof(*issues));
    const char **prints = apr_pcalloc(job->p, room * sizeof(*prints));
    const char *all;
    int i, count, moved;

    gather(issues, &count, job);
    for (i = 0; i < count; i++) {
        const nts_issue_t *old = nts_link_issue(link, issues[i].pair);

        prints[i] = issues[i].fingerprint;
        issues[i].since =
            old && old->fingerprint && !strcmp(old->fingerprint, prints[i]) ? old->since : job->now;
    }
    all = count == 1 ? prints[0] : nts_fingerprint_join(prints, count, job->p);
    moved = !link->fingerprint || strcmp(link->fingerprint, all) != 0;
    link->issues = issues;
    link->issue_count = count;
    link->fingerprint = all;
    return moved;
}

void nts_job_drop_issues(nts_job_t *job)
{
    job->link->issues = NULL;
    job->link->issue_count = 0;
    job->link->fingerprint = NULL;
}

/* ---- what was decided ---- */

static const char *who(const nts_ruling_t *ruling)
{
    return ruling->by ? ruling->by : "a person";
}

static const char *reason(const nts_job_t *job, const nts_ruling_t *ruling)
{
    return apr_psprintf(job->p, "%s decided: %s", who(ruling), nts_choice_name(ruling->choice));
}

void nts_job_take_rulings(nts_job_t *job, const nts_loaded_t *loaded)
{
    job->rulings = loaded->rulings;
    job->ruling_count = job->undo ? 0 : loaded->ruling_count; /* an undo is a decision of its own */
    job->ruling_ends =
        apr_pcalloc(job->p, ((apr_size_t)loaded->ruling_count + 1) * sizeof(*job->ruling_ends));
}

void nts_job_reset_rulings(nts_job_t *job)
{
    int i;

    job->deed = NULL;
    job->by_field = 0;
    for (i = 0; i < job->ruling_count; i++) {
        if (job->ruling_ends[i] == NTS_RULING_CHOSEN) {
            job->ruling_ends[i] = NTS_RULING_OPEN;
        }
    }
}

static void refuse(nts_job_t *job, int index, const char *why)
{
    const nts_ruling_t *ruling = &job->rulings[index];
    nts_entry_t *entry = nts_job_new_entry(job, NTS_ENTRY_REFUSE, NTS_EXTERNAL, 1);

    entry->note = apr_psprintf(job->p, "%s decided: %s; not carried out: %s", who(ruling),
                               nts_choice_name(ruling->choice), why);
    nts_outcome_set(&job->refused, job->p, NTS_REMEDY_PERSON, "ruling.refused", "%s", entry->note);
    job->refused.advice = "look at the record as it is now, and decide again";
    job->ruling_ends[index] = NTS_RULING_SPENT;
}

static int is_as_shown(const nts_ruling_t *ruling, const char *fingerprint)
{
    return !ruling->fingerprint || !strcmp(ruling->fingerprint, fingerprint);
}

void nts_job_rule_fields(nts_job_t *job)
{
    const nts_mapping_t *mapping = job->config->mapping;
    int i, k;

    for (k = 0; k < job->ruling_count; k++) {
        const nts_ruling_t *ruling = &job->rulings[k];
        nts_side_t from = ruling->choice == NTS_CHOICE_NOTION ? NTS_NOTION : NTS_EXTERNAL;
        const nts_value_t *now[NTS_SIDE_COUNT];
        nts_decision_t held;

        for (i = 0; i < mapping->pair_count && mapping->pairs[i].id != ruling->pair; i++) {
            continue;
        }
        if (job->ruling_ends[k] != NTS_RULING_OPEN || i == mapping->pair_count ||
            ruling->choice > NTS_CHOICE_EXTERNAL || job->decisions[i].verdict != NTS_VERDICT_HELD) {
            continue;
        }
        if (!is_as_shown(ruling, field_fingerprint(job, i))) {
            refuse(job, k, "the values have moved on since they were shown");
            continue;
        }
        now[NTS_NOTION] = &job->view[NTS_NOTION].record->values[i];
        now[NTS_EXTERNAL] = &job->view[NTS_EXTERNAL].record->values[i];
        held = job->decisions[i];
        nts_merge_rule(&job->decisions[i], &mapping->pairs[i], now, from, reason(job, ruling),
                       job->p);
        nts_job_guard_body(job, i, &job->decisions[i]);
        if (job->decisions[i].verdict == NTS_VERDICT_STUCK ||
            job->decisions[i].verdict == NTS_VERDICT_HELD) {
            refuse(job, k, nts_outcome_text(&job->decisions[i].outcome, job->p));
            job->decisions[i] = held;
            continue;
        }
        job->ruling_ends[k] = NTS_RULING_CHOSEN;
    }
}

const nts_ruling_t *nts_job_rule_record(nts_job_t *job, const char *deed, nts_choice_t one,
                                        nts_choice_t other)
{
    int k;

    job->deed = deed;
    for (k = 0; k < job->ruling_count; k++) {
        const nts_ruling_t *ruling = &job->rulings[k];

        if (job->ruling_ends[k] != NTS_RULING_OPEN || ruling->pair ||
            (ruling->choice != one && ruling->choice != other)) {
            continue;
        }
        if (!is_as_shown(ruling, record_fingerprint(job, deed))) {
            refuse(job, k, "the record has changed since it was shown");
            continue;
        }
        job->ruling_ends[k] = NTS_RULING_CHOSEN;
        return ruling;
    }
    return NULL;
}

static const nts_ruling_t *chosen(const nts_job_t *job)
{
    int k;

    for (k = 0; k < job->ruling_count; k++) {
        if (job->ruling_ends[k] == NTS_RULING_CHOSEN && !job->rulings[k].pair) {
            return &job->rulings[k];
        }
    }
    return NULL;
}

int nts_job_is_ruled(const nts_job_t *job)
{
    return chosen(job) != NULL;
}

const char *nts_job_record_reason(const nts_job_t *job)
{
    const nts_ruling_t *ruling = chosen(job);

    return ruling ? reason(job, ruling) : NULL;
}

/* ---- doing it ---- */

nts_step_t nts_job_bring_back(nts_job_t *job, nts_side_t side)
{
    nts_view_t *view = &job->view[side];

    if (nts_job_traits(job, side)->has_trash
            ? view->presence == NTS_PRESENCE_TRASHED
            : job->loaded->tombstone_image && !nts_job_key_is_taken(job) &&
                  (job->link->key || job->loaded->image_key)) {
        return nts_job_restore(job, side);
    }
    /* A new record on that side, of what the other one holds: what was agreed with the old one is history. */
    *nts_link_id(job->link, side) = NULL;
    job->link->state = NTS_LINK_NEW;
    job->link->bases = NULL;
    job->link->base_count = 0;
    job->link->missing = 0;
    view->presence = NTS_PRESENCE_NONE;
    return nts_job_create_on(job, side);
}

/* The partner's own row, if it has one, is in no pair. */
static const char *why_not_partner(const nts_job_t *job, nts_side_t side, const char *other)
{
    const nts_link_t *partner = job->loaded->counterpart;

    if (!partner) {
        return NULL;
    }
    if (partner->state != NTS_LINK_NEW || *nts_link_id(job->loaded->counterpart, side)) {
        return apr_pstrcat(job->p, other, " is paired already", NULL);
    }
    return NULL;
}

/* Done with the next commit, without a write of its own. */
static void spend(nts_job_t *job, const nts_ruling_t *ruling)
{
    nts_job_new_entry(job, NTS_ENTRY_LINK, NTS_EXTERNAL, 1)->note = reason(job, ruling);
    job->ruling_ends[ruling - job->rulings] = NTS_RULING_SPENT;
}

nts_step_t nts_job_pair(nts_job_t *job, nts_side_t side, const nts_ruling_t *ruling)
{
    const char **far = nts_link_id(job->link, nts_side_other(side));
    nts_commit_t *commit = &job->call.commit;
    nts_notice_t *again = apr_pcalloc(job->p, sizeof(*again));
    const char *why;

    if (!job->has_partner) {
        nts_target_t target = { job->link->id, job->link->page, job->link->key };

        job->has_partner = 1; /* what the store knows of the partner comes with the record */
        *(side == NTS_NOTION ? &target.key : &target.page) = ruling->other;
        return nts_job_load(job, &target);
    }
    why = why_not_partner(job, side, ruling->other);
    if (why) {
        refuse(job, (int)(ruling - job->rulings), why);
        job->settled_count = 0; /* some of them may be the other's */
        return nts_job_decide(job);
    }
    *far = ruling->other;
    job->link->state = NTS_LINK_ACTIVE;
    spend(job, ruling);
    again->side = side;
    again->record = nts_job_id_on(job, side);
    again->event = apr_psprintf(job->p, "ruling:%" APR_INT64_T_FMT, ruling->id);
    again->kind = "ruling";
    again->at = job->now;
    job->call = (nts_call_t){ 0 };
    commit->link = job->link;
    commit->entries = job->notes;
    commit->entry_count = job->note_count;
    commit->absorb = job->loaded->counterpart ? job->loaded->counterpart->id : 0;
    commit->follow = apr_pmemdup(job->p, &again, sizeof(again));
    commit->follow_count = 1;
    nts_job_end_rulings(job, NULL);
    return nts_job_commit(job, NTS_JOB_RECOVERED);
}

nts_step_t nts_job_decide_ignored(nts_job_t *job)
{
    const nts_ruling_t *ruling =
        nts_job_rule_record(job, "ignored", NTS_CHOICE_SYNC, NTS_CHOICE_SYNC);
    nts_presence_t n = job->view[NTS_NOTION].presence, e = job->view[NTS_EXTERNAL].presence;

    if (!ruling) {
        return nts_job_finish(job, NTS_STEP_DONE);
    }
    if (n == NTS_PRESENCE_LIVE && e == NTS_PRESENCE_LIVE) {
        spend(job, ruling);
        job->link->state = NTS_LINK_ACTIVE;
        job->dirty = 1;
        return nts_job_decide(job);
    }
    if (n != NTS_PRESENCE_LIVE && e != NTS_PRESENCE_LIVE) {
        job->link->state = NTS_LINK_TOMBSTONE;
        job->dirty = 1;
        return nts_job_finish(job, NTS_STEP_DONE);
    }
    /* It stays as it is until the other side is back: a copy that is missing would look like a delete. */
    return nts_job_bring_back(job, n == NTS_PRESENCE_LIVE ? NTS_EXTERNAL : NTS_NOTION);
}

/* ---- its end ---- */

static int carries(const nts_entry_t *entry, const nts_ruling_t *ruling)
{
    int f;

    for (f = 0; f < entry->field_count; f++) {
        if (entry->fields[f].pair == ruling->pair) {
            return 1;
        }
    }
    return !ruling->pair;
}

void nts_job_end_rulings(nts_job_t *job, const nts_entry_t *intent)
{
    nts_ruling_end_t *ends =
        apr_pcalloc(job->p, ((apr_size_t)job->ruling_count + 1) * sizeof(*ends));
    int k, n = 0;

    for (k = 0; k < job->ruling_count; k++) {
        if (job->ruling_ends[k] == NTS_RULING_SPENT) {
            ends[n++].id = job->rulings[k].id;
        }
        else if (intent && intent->state == NTS_ENTRY_PENDING &&
                 job->ruling_ends[k] == NTS_RULING_CHOSEN && carries(intent, &job->rulings[k])) {
            ends[n].id = job->rulings[k].id;
            ends[n++].intent = intent->intent;
        }
    }
    job->call.commit.ruled = ends;
    job->call.commit.ruled_count = n;
}

void nts_job_rulings_stored(nts_job_t *job)
{
    const nts_commit_t *commit = &job->call.commit;
    int i, k;

    for (i = 0; i < commit->ruled_count; i++) {
        for (k = 0; k < job->ruling_count; k++) {
            if (job->rulings[k].id == commit->ruled[i].id) {
                job->ruling_ends[k] = NTS_RULING_STORED;
            }
        }
    }
}

void nts_job_drop_rulings(nts_job_t *job)
{
    int k;

    if (job->view[NTS_NOTION].presence == NTS_PRESENCE_UNKNOWN ||
        job->view[NTS_EXTERNAL].presence == NTS_PRESENCE_UNKNOWN) {
        return; /* nothing is known that could speak against them */
    }
    for (k = 0; k < job->ruling_count; k++) {
        if (job->ruling_ends[k] == NTS_RULING_OPEN) {
            refuse(job, k, "nothing of the kind is to be decided any more");
        }
        else if (job->ruling_ends[k] == NTS_RULING_CHOSEN) {
            job->ruling_ends[k] = NTS_RULING_SPENT; /* done, and nothing had to be written */
        }
    }
}
