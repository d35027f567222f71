/* nts_job_recover.c - what became of a write whose answer was never stored (S3.7).
 *
 * An external write is proven by the intent's id, which it stored in its own transaction. Notion keeps no
 * such proof: there, time must pass until the write can have no more surprises, then values are compared.
 */
#include "sync/nts_job_impl.h"

static nts_step_t store_verdict(nts_job_t *job)
{
    job->call = (nts_call_t){ 0 };
    job->call.commit.link = job->link->id ? job->link : NULL;
    job->call.commit.entries = apr_pmemdup(job->p, &job->entry, sizeof(nts_entry_t *));
    job->call.commit.entry_count = 1;
    return nts_job_commit(job, NTS_JOB_RECOVERED);
}

static nts_step_t wait_for_fate(nts_job_t *job, apr_time_t until)
{
    nts_outcome_set(
        &job->outcome, job->p, NTS_REMEDY_RETRY, "notion.fate-unknown",
        "Notion did not answer a write; it is judged when it can no longer arrive late");
    job->outcome.retry_at = until;
    return nts_job_wait(job, until);
}

static nts_step_t find_created(nts_job_t *job)
{
    const nts_mapping_t *mapping = job->config->mapping;
    nts_ask_t *ask = nts_job_new_ask(job, NTS_ASK_FIND, NTS_NOTION);
    nts_value_t *values = apr_pcalloc(job->p, (apr_size_t)mapping->pair_count * sizeof(*values));
    int f, i;

    for (f = 0; f < job->entry->field_count; f++) {
        for (i = 0; i < mapping->pair_count; i++) {
            if (mapping->pairs[i].id == job->entry->fields[f].pair) {
                values[i] = job->entry->fields[f].sent;
            }
        }
    }
    ask->values = values;
    ask->listing.edited_since = job->entry->at - job->entry->at % NTS_MINUTE;
    return nts_job_ask(job, NTS_JOB_RECOVER_FOUND);
}

nts_step_t nts_job_recover(nts_job_t *job, const nts_entry_t *pending)
{
    nts_ask_t *ask;

    if (pending->link && pending->link != job->link->id) {
        nts_target_t owner = { 0 };

        owner.link = pending->link; /* found by its id alone: a tombstone that is being restored */
        return nts_job_load(job, &owner);
    }
    job->entry = apr_pmemdup(job->p, pending, sizeof(*pending));
    job->settled_count = 0; /* notices are settled by the round that follows */
    if (job->entry->side == NTS_EXTERNAL) {
        ask = nts_job_new_ask(job, NTS_ASK_INTENT, NTS_EXTERNAL);
        ask->intent = job->entry->intent;
        return nts_job_ask(job, NTS_JOB_RECOVER_INTENT);
    }
    if (job->now < job->entry->at + NTS_FATE_WAIT) {
        return wait_for_fate(job, job->entry->at + NTS_FATE_WAIT);
    }
    if (job->entry->op == NTS_ENTRY_CREATE) {
        if (job->entry->looked && job->now < job->entry->looked + NTS_LOOKUP_WAIT) {
            return wait_for_fate(job, job->entry->looked + NTS_LOOKUP_WAIT);
        }
        return find_created(job);
    }
    ask = nts_job_new_ask(job, NTS_ASK_READ, NTS_NOTION);
    ask->id = job->entry->page;
    return nts_job_ask(job, NTS_JOB_RECOVER_PAGE);
}

nts_step_t nts_job_recover_intent(nts_job_t *job, const nts_answer_t *answer)
{
    if (answer->result != NTS_RESULT_OK) {
        return nts_job_not_now(job, answer);
    }
    if (answer->applied) {
        nts_job_settle_entry(job, job->entry, answer->record, job->entry->at);
    }
    else {
        job->entry->state = NTS_ENTRY_NOT_APPLIED;
    }
    return store_verdict(job);
}

/* What the page shows of the fields that were sent: judged one by one. */
static void judge_update(nts_job_t *job, const nts_record_t *record, apr_time_t read_at)
{
    const nts_mapping_t *mapping = job->config->mapping;
    int f, i, after = 0, before = 0;

    for (f = 0; f < job->entry->field_count; f++) {
        const nts_entry_field_t *field = &job->entry->fields[f];
        nts_value_t now;

        for (i = 0; i < mapping->pair_count && mapping->pairs[i].id != field->pair; i++) {
        }
        if (i == mapping->pair_count || !mapping->pairs[i].domain ||
            nts_domain_project(&now, mapping->pairs[i].domain, NTS_NOTION, &record->values[i], NULL,
                               job->p) != APR_SUCCESS) {
            continue;
        }
        if (nts_domain_equal(mapping->pairs[i].domain, &now, &field->after)) {
            (void)nts_merge_settle(nts_link_base_make(job->link, field->pair, job->p),
                                   &mapping->pairs[i], NTS_NOTION, &field->sent, &field->before,
                                   &record->values[i], &field->other, read_at, job->entry->at,
                                   job->p);
            after++;
        }
        else if (nts_domain_equal(mapping->pairs[i].domain, &now, &field->before)) {
            before++;
        }
    }
    /* A field that shows neither keeps its base, and so counts as changed on both sides. */
    job->entry->state = after                               ? NTS_ENTRY_APPLIED
                        : before == job->entry->field_count ? NTS_ENTRY_NOT_APPLIED
                                                            : NTS_ENTRY_UNKNOWN;
}

nts_step_t nts_job_recover_page(nts_job_t *job, const nts_answer_t *answer)
{
    int trashed;

    if (answer->result == NTS_RESULT_MISSING) {
        job->entry->state = NTS_ENTRY_UNKNOWN;
        return store_verdict(job);
    }
    if (answer->result != NTS_RESULT_OK || !answer->record) {
        return nts_job_not_now(job, answer);
    }
    trashed = answer->record->trashed;
    if (job->entry->op == NTS_ENTRY_UPDATE) {
        judge_update(job, answer->record, answer->sent_at);
    }
    else if ((job->entry->op == NTS_ENTRY_REMOVE) == trashed) {
        nts_job_settle_entry(job, job->entry, NULL, job->entry->at);
    }
    else {
        job->entry->state = NTS_ENTRY_NOT_APPLIED;
    }
    return store_verdict(job);
}

nts_step_t nts_job_recover_found(nts_job_t *job, const nts_answer_t *answer)
{
    const char **ids;
    int i;

    if (answer->result != NTS_RESULT_OK) {
        return nts_job_not_now(job, answer);
    }
    ids = apr_pcalloc(job->p, (apr_size_t)(answer->record_count + 1) * sizeof(*ids));
    for (i = 0; i < answer->record_count; i++) {
        ids[i] = answer->records[i].id;
    }
    job->found = answer->records;
    job->found_count = answer->record_count;
    job->call = (nts_call_t){ 0 };
    job->call.kind = NTS_CALL_LOOKUP;
    job->call.lookup_side = NTS_NOTION;
    job->call.lookup_ids = ids;
    job->call.lookup_count = answer->record_count;
    job->state = NTS_JOB_RECOVER_LINKS;
    return NTS_STEP_CALL;
}

nts_step_t nts_job_recover_links(nts_job_t *job, const nts_reply_t *reply)
{
    const nts_record_t *candidate = NULL;
    int i, free_ones = 0;

    for (i = 0; i < job->found_count; i++) {
        const nts_link_t *link = i < reply->link_count ? reply->links[i] : NULL;

        if (!link || (link->state == NTS_LINK_NEW && !link->key)) {
            free_ones++;
            candidate = &job->found[i];
        }
    }
    if (free_ones > 1) {
        nts_outcome_set(&job->outcome, job->p, NTS_REMEDY_RETRY, "notion.create-ambiguous",
                        "Notion did not answer a create, and %d unlinked pages look like it",
                        free_ones);
        job->outcome.advice = "trash the doubles in Notion";
        return nts_job_trouble(job, NTS_TROUBLE_PARKED);
    }
    if (free_ones == 1) {
        nts_job_settle_entry(job, job->entry, candidate, job->entry->at);
        return store_verdict(job);
    }
    if (!job->entry->looked) {
        job->entry->looked = job->now; /* a second look, later: listings lag behind */
    }
    else {
        job->entry->state = NTS_ENTRY_NOT_APPLIED;
    }
    return store_verdict(job);
}
