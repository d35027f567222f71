/* nts_job_body.c - the body of a page (S5.9): read by itself, only if it may have changed; written by itself, or held. */
#include "sync/nts_job_impl.h"

#include <string.h>

#include "base/nts_str.h"

/* Index of the pair, or -1: there is none, or it is suspended. */
static int body_of(const nts_job_t *job)
{
    int i = nts_mapping_body_pair(job->config->mapping);

    return i >= 0 && job->config->mapping->pairs[i].domain ? i : -1;
}

int nts_job_is_body(const nts_job_t *job, int index)
{
    return job->config->mapping->pairs[index].is_body;
}

/* --- whether it is read */

/* A page that an event tells of is another one in its body, unless the event is about properties. */
static int is_told_of(const nts_job_t *job, int *named)
{
    int i;

    *named = 0;
    for (i = 0; i < job->loaded->notice_count; i++) {
        const nts_notice_t *notice = &job->loaded->notices[i];

        if (notice->side != NTS_NOTION) {
            continue;
        }
        if (!notice->kind || strcmp(notice->kind, "page.properties_updated") != 0) {
            return 1;
        }
        ++*named;
    }
    return 0;
}

static int is_news(const nts_job_t *job, int i, const nts_base_t *base)
{
    const nts_view_t *external = &job->view[NTS_EXTERNAL];
    const nts_pair_t *pair = &job->config->mapping->pairs[i];

    return external->presence == NTS_PRESENCE_LIVE && pair->direction != NTS_TO_EXTERNAL &&
           nts_merge_is_edited(pair, base, NTS_EXTERNAL, &external->record->values[i], job->p);
}

/*
 * The time of a page's last edit moves with its body, and tells nothing of which of the two was edited. What events told of properties,
 * or a write of ours, explains it until the page is looked at without any: a full run takes nothing for an explanation.
 */
static int is_due(const nts_job_t *job, int i, const nts_base_t *base)
{
    const nts_pair_t *pair = &job->config->mapping->pairs[i];
    const nts_record_t *page = job->view[NTS_NOTION].record;
    int named;

    if (base->value[NTS_NOTION].kind == NTS_VALUE_ABSENT || base->has_rewrite || job->undo ||
        job->ruling_count || nts_link_issue(job->link, pair->id) || is_told_of(job, &named) ||
        is_news(job, i, base)) {
        return 1;
    }
    return !nts_merge_is_body_known(base, page, job->config->full_run) &&
           (!named || job->config->full_run);
}

/* Nobody has put anything into a page that our create just made; and where the row has nothing for it, there is nothing to write. */
static int is_just_made(const nts_job_t *job, int i)
{
    const nts_view_t *external = &job->view[NTS_EXTERNAL];

    return job->entry && job->entry->op == NTS_ENTRY_CREATE && job->entry->side == NTS_NOTION &&
           job->settled_writes[NTS_NOTION] == 1 && external->record &&
           nts_value_is_empty(&external->record->values[i]);
}

/* --- reading and showing it */

nts_step_t nts_job_read_body(nts_job_t *job, int follow_writes)
{
    nts_ask_t *ask = nts_job_new_ask(job, NTS_ASK_BODY, NTS_NOTION);

    ask->id = job->link->page;
    ask->follow_writes = follow_writes;
    return nts_job_ask(job, NTS_JOB_READ_BODY);
}

/* The page as it was read, with the body. */
static void show(nts_job_t *job, int i)
{
    nts_view_t *view = &job->view[NTS_NOTION];
    apr_size_t count = (apr_size_t)job->config->mapping->pair_count;
    nts_record_t *record = apr_pmemdup(job->p, view->record, sizeof(*record));
    nts_value_t *values = apr_pmemdup(job->p, view->record->values, count * sizeof(*values));

    values[i] = job->body.value;
    record->values = values;
    view->record = record;
}

static void take_body(nts_job_t *job, const nts_value_t *value, apr_time_t sent,
                      apr_time_t answered)
{
    job->body.state = NTS_BODY_READ;
    job->body.value = *value;
    job->body.sent = sent;
    job->body.answered = answered;
}

int nts_job_show_body(nts_job_t *job, nts_step_t *step)
{
    const nts_view_t *view = &job->view[NTS_NOTION];
    int i = body_of(job);
    const nts_base_t *base;

    if (i < 0 || view->presence != NTS_PRESENCE_LIVE) {
        return 0;
    }
    base = nts_link_base(job->link, job->config->mapping->pairs[i].id);
    if (job->body.state == NTS_BODY_UNSEEN && !base && is_just_made(job, i)) {
        take_body(job, &nts_value_null, view->sent, view->answered);
    }
    if (job->body.state == NTS_BODY_UNSEEN && (!base || is_due(job, i, base))) {
        *step = nts_job_read_body(job, is_news(job, i, base));
        return 1;
    }
    if (job->body.state == NTS_BODY_UNSEEN && base) {
        job->body.state = NTS_BODY_ASSUMED;
        job->body.value = base->value[NTS_NOTION];
    }
    show(job, i);
    return 0;
}

nts_step_t nts_job_body_read(nts_job_t *job, const nts_answer_t *answer)
{
    int i = body_of(job);
    nts_value_t refused;

    switch (answer->result) {
    case NTS_RESULT_OK:
        take_body(job, &answer->record->values[i], answer->sent_at, answer->answered_at);
        break;
    case NTS_RESULT_REFUSED:
        refused = nts_value_opaque(nts_outcome_text(&answer->outcome, job->p));
        take_body(job, &refused, answer->sent_at, answer->answered_at);
        break;
    case NTS_RESULT_MISSING:
    case NTS_RESULT_TRASHED:
        if (nts_job_is_too_busy(job)) {
            return nts_job_wait(job, job->now + apr_time_from_sec(2));
        }
        job->view[NTS_NOTION].presence = NTS_PRESENCE_UNKNOWN; /* it was there a moment ago */
        break;
    default:
        return nts_job_not_now(job, answer);
    }
    return nts_job_decide(job);
}

int nts_job_needs_body(const nts_job_t *job)
{
    return body_of(job) >= 0 && job->body.state == NTS_BODY_UNSEEN;
}

/* --- when it was read */

apr_time_t nts_job_shown_at(const nts_job_t *job, nts_side_t side, int index)
{
    const nts_base_t *base;

    if (side != NTS_NOTION || !nts_job_is_body(job, index)) {
        return job->view[side].sent;
    }
    base = nts_link_base(job->link, job->config->mapping->pairs[index].id);
    return job->body.state == NTS_BODY_READ ? job->body.sent : base ? base->seen[NTS_NOTION] : 0;
}

int nts_job_is_body_fresh(const nts_job_t *job)
{
    apr_interval_time_t age = job->now - job->body.answered;

    return job->body.state == NTS_BODY_READ && age >= 0 && age <= NTS_READ_FRESH &&
           job->body.sent >= job->view[NTS_EXTERNAL].sent;
}

void nts_job_see_body(nts_job_t *job)
{
    int i = body_of(job);
    nts_base_t *base = i >= 0 ? nts_link_base(job->link, job->config->mapping->pairs[i].id) : NULL;

    if (base && job->body.state == NTS_BODY_READ && base->seen[NTS_NOTION] < job->body.sent &&
        nts_value_equal(&base->value[NTS_NOTION], &job->body.value)) {
        base->seen[NTS_NOTION] = job->body.sent;
        job->dirty = 1; /* or each run would read it again */
    }
}

/* --- writing it */

int nts_job_is_body_entry(const nts_job_t *job, const nts_entry_t *entry)
{
    int i = nts_mapping_body_pair(job->config->mapping);

    return i >= 0 && entry->side == NTS_NOTION && entry->op == NTS_ENTRY_UPDATE &&
           entry->field_count == 1 && entry->fields[0].pair == job->config->mapping->pairs[i].id;
}

int nts_job_writes_body_alone(const nts_job_t *job)
{
    int body = body_of(job);
    int i;

    for (i = 0; i < job->config->mapping->pair_count; i++) {
        if (i != body && job->decisions[i].verdict == NTS_VERDICT_WRITE &&
            job->decisions[i].write[NTS_NOTION]) {
            return 0;
        }
    }
    return body >= 0 && job->decisions[body].verdict == NTS_VERDICT_WRITE &&
           job->decisions[body].write[NTS_NOTION];
}

void nts_job_body_written(nts_job_t *job, const nts_answer_t *answer)
{
    int i = body_of(job);

    if (i >= 0) { /* S5.7: the pair may have gone from the configuration */
        take_body(job, &answer->record->values[i], answer->sent_at, answer->answered_at);
        show(job, i);
    }
}

void nts_job_refuse_body(nts_job_t *job, const nts_answer_t *answer)
{
    nts_outcome_copy(&job->body_refused, &answer->outcome, job->p);
    job->body_refused_at = job->body.value;
    job->body.state = NTS_BODY_UNSEEN;
}

static void hold(nts_job_t *job, nts_decision_t *d, const char *code, const char *what)
{
    d->verdict = NTS_VERDICT_HELD;
    d->write[NTS_NOTION] = d->write[NTS_EXTERNAL] = 0;
    d->lost = nts_value_absent;
    d->reason = what;
    nts_outcome_set(&d->outcome, job->p, NTS_REMEDY_PERSON, code, "%s", what);
    d->outcome.field = NTS_BODY_FIELD;
    d->outcome.advice =
        "make the change in Notion, or take it back where it was made; or decide for "
        "notion (resolve)";
}

/* Notion refused this very text for this very page, now or when the record was last shown to people. */
static const char *refusal(const nts_job_t *job, int i)
{
    const nts_issue_t *issue = nts_link_issue(job->link, job->config->mapping->pairs[i].id);
    int side;

    if (job->body_refused.remedy != NTS_REMEDY_NONE &&
        nts_value_equal(&job->body_refused_at, &job->view[NTS_NOTION].record->values[i])) {
        return nts_outcome_text(&job->body_refused, job->p);
    }
    if (!issue || !issue->code || strcmp(issue->code, NTS_HELD_BODY_REFUSED) != 0) {
        return NULL;
    }
    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        if (!nts_value_equal(&issue->value[side], &job->view[side].record->values[i])) {
            return NULL;
        }
    }
    return issue->what;
}

void nts_job_guard_body(nts_job_t *job, int index, nts_decision_t *d)
{
    const nts_record_t *page = job->view[NTS_NOTION].record;
    const char *refused;
    nts_body_edit_t edit;

    if (!nts_job_is_body(job, index) || d->verdict != NTS_VERDICT_WRITE || !d->write[NTS_NOTION]) {
        return;
    }
    nts_body_edit(&edit, page ? &page->values[index] : &nts_value_null, &d->want, job->p);
    refused = page ? refusal(job, index) : NULL;
    if (edit.problem) {
        hold(job, d, NTS_HELD_BODY,
             apr_psprintf(job->p, "the body of the page is not changed: %s", edit.problem));
    }
    else if (refused) {
        hold(job, d, NTS_HELD_BODY_REFUSED, refused);
    }
}
