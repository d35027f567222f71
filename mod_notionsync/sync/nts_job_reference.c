/* nts_job_reference.c - references to records of other mappings (S5.2): what a record waits for, and whether Notion shows
 * an emptied relation or hides it. */
#include "sync/nts_job_impl.h"

#include "model/nts_reference.h"

static int is_reference(const nts_pair_t *pair)
{
    return pair->domain && nts_domain_is_reference(pair->domain);
}

/* --- what a record waits for */

static const nts_value_t *shown(const nts_job_t *job, int index, int side)
{
    const nts_view_t *view = &job->view[side];

    return view->presence == NTS_PRESENCE_LIVE && view->record ? &view->record->values[index]
                                                               : NULL;
}

/* Also of references that nothing has to be done about now: a deleted target may come back, or its key be another's. Several
 * wait for people, not for their targets (seed 479 of the simulation, where one of the two was linked, and so told at once,
 * again and again). */
static void add_wait(nts_wait_t *waits, int *count, const nts_pair_t *pair, int side,
                     const nts_value_t *value)
{
    const nts_option_t *target = value->kind == NTS_VALUE_OPTION ? &value->as.option
                                 : value->kind == NTS_VALUE_SET && value->as.set.count == 1
                                     ? value->as.set.options
                                     : NULL;

    if (target && value->waits) {
        waits[*count].mapping = pair->relation_id;
        waits[*count].side = (nts_side_t)side;
        waits[(*count)++].name = target->name;
    }
}

void nts_job_keep_waits(nts_job_t *job)
{
    const nts_mapping_t *mapping = job->config->mapping;
    nts_commit_t *commit = &job->call.commit;
    int is_over = job->link->state == NTS_LINK_TOMBSTONE || job->link->state == NTS_LINK_IGNORED;
    nts_wait_t *waits = NULL;
    int i, side, count = 0;

    for (i = 0; i < mapping->pair_count; i++) {
        const nts_value_t *value[NTS_SIDE_COUNT];

        if (!is_reference(&mapping->pairs[i])) {
            continue;
        }
        value[NTS_NOTION] = shown(job, i, NTS_NOTION);
        value[NTS_EXTERNAL] = shown(job, i, NTS_EXTERNAL);
        if (!is_over && (!value[NTS_NOTION] || !value[NTS_EXTERNAL])) {
            return; /* not looked at: what was stored stays */
        }
        if (!waits) {
            waits = apr_pcalloc(job->p, 2 * (apr_size_t)mapping->pair_count * sizeof(*waits));
        }
        for (side = 0; side < NTS_SIDE_COUNT && !is_over; side++) {
            add_wait(waits, &count, &mapping->pairs[i], side, value[side]);
        }
    }
    commit->has_waits = waits != NULL;
    commit->waits = waits;
    commit->wait_count = count;
}

/* --- a target that a side hides, or has not any more */

void nts_job_hide_reference(const nts_job_t *job, int index, nts_decision_t *d)
{
    const nts_pair_t *pair = &job->config->mapping->pairs[index];

    if (job->unfit && job->unfit[index].remedy != NTS_REMEDY_NONE &&
        d->verdict == NTS_VERDICT_WRITE && d->write[NTS_NOTION]) {
        d->verdict = NTS_VERDICT_STUCK;
        d->write[NTS_NOTION] = d->write[NTS_EXTERNAL] = 0;
        d->outcome = job->unfit[index];
        return;
    }
    if (job->hidden.remedy == NTS_REMEDY_NONE || d->verdict != NTS_VERDICT_WRITE ||
        !d->write[job->hidden_side] || !is_reference(pair) || d->want.kind == NTS_VALUE_NULL) {
        return;
    }
    d->verdict = NTS_VERDICT_STUCK;
    d->write[NTS_NOTION] = d->write[NTS_EXTERNAL] = 0;
    d->outcome = job->hidden;
    d->outcome.field = pair->notion;
}

/* --- an emptied relation */

static int takes_out(const nts_job_t *job, int index)
{
    const nts_decision_t *d = &job->decisions[index];
    const nts_value_t *now = shown(job, index, NTS_NOTION);

    return is_reference(&job->config->mapping->pairs[index]) && d->verdict == NTS_VERDICT_WRITE &&
           d->write[NTS_EXTERNAL] && d->want.kind == NTS_VALUE_NULL && now &&
           nts_value_is_empty(now);
}

int nts_job_needs_proof(const nts_job_t *job)
{
    int i;

    for (i = 0; i < job->config->mapping->pair_count && !job->is_emptied; i++) {
        if (takes_out(job, i)) {
            return 1;
        }
    }
    return 0;
}

nts_step_t nts_job_ask_proof(nts_job_t *job)
{
    (void)nts_job_new_ask(job, NTS_ASK_DESCRIBE, NTS_NOTION);
    return nts_job_ask(job, NTS_JOB_PROVED);
}

/* A relation whose data source is not shared reads as empty, and is not in the schema. */
nts_step_t nts_job_proved(nts_job_t *job, const nts_answer_t *answer)
{
    const nts_mapping_t *mapping = job->config->mapping;
    int i;

    if (answer->result != NTS_RESULT_OK || !answer->schema) {
        return nts_job_not_now(job, answer);
    }
    for (i = 0; i < mapping->pair_count; i++) {
        const nts_pair_t *pair = &mapping->pairs[i];

        if (takes_out(job, i) && !nts_schema_find_id(answer->schema, pair->notion_id)) {
            nts_answer_t blocked = *answer;

            blocked.result = NTS_RESULT_BLOCKED;
            nts_outcome_set(&blocked.outcome, job->p, NTS_REMEDY_PERSON, "notion.relation_hidden",
                            "'%s' shows nothing, and is not in the data source's schema: what it "
                            "relates to is not shared with the connection",
                            pair->notion);
            blocked.outcome.field = pair->notion;
            blocked.outcome.advice = "share the data source that it refers to in Notion";
            return nts_job_not_now(job, &blocked);
        }
    }
    job->is_emptied = 1;
    return nts_job_decide(job);
}
