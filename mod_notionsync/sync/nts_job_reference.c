/* nts_job_reference.c - references to records of other mappings (S5.2): what a record waits for, and whether Notion shows
 * an emptied relation or hides it. */
#include "sync/nts_job_impl.h"

#include <apr_tables.h>

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

static void add_wait(apr_array_header_t *waits, const nts_pair_t *pair, int side, const char *name)
{
    nts_wait_t *wait = apr_array_push(waits);

    wait->mapping = pair->relation_id;
    wait->side = (nts_side_t)side;
    wait->name = name;
}

/* Also of references that nothing has to be done about now: a deleted target may come back, or its key be another's. Several
 * where one has room wait for people, not for their targets (seed 479 of the simulation, where one of the two was linked, and so told
 * at once, again and again). */
static void add_waits(apr_array_header_t *waits, const nts_pair_t *pair, int side,
                      const nts_value_t *value)
{
    int count = value->kind == NTS_VALUE_SET ? value->as.set.count : 0, i;

    if (nts_domain_is_reference_list(pair->domain)) {
        for (i = 0; i < count; i++) {
            if (!value->as.set.options[i].id || (value->member_waits && value->member_waits[i])) {
                add_wait(waits, pair, side, value->as.set.options[i].name);
            }
        }
    }
    else if (value->waits && value->kind == NTS_VALUE_OPTION) {
        add_wait(waits, pair, side, value->as.option.name);
    }
    else if (value->waits && count == 1) {
        add_wait(waits, pair, side, value->as.set.options[0].name);
    }
}

void nts_job_keep_waits(nts_job_t *job)
{
    const nts_mapping_t *mapping = job->config->mapping;
    nts_commit_t *commit = &job->call.commit;
    int is_over = job->link->state == NTS_LINK_TOMBSTONE || job->link->state == NTS_LINK_IGNORED;
    apr_array_header_t *waits = NULL;
    int i, side;

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
            waits = apr_array_make(job->p, 8, sizeof(nts_wait_t));
        }
        for (side = 0; side < NTS_SIDE_COUNT && !is_over; side++) {
            add_waits(waits, &mapping->pairs[i], side, value[side]);
        }
    }
    commit->has_waits = waits != NULL;
    commit->waits = waits ? (const nts_wait_t *)(const void *)waits->elts : NULL;
    commit->wait_count = waits ? waits->nelts : 0;
}

/* --- the other end of a two-way relation */

/* The records of @a side that @a base names and @a other does not. */
static void add_mirrors(apr_array_header_t *mirrors, const nts_pair_t *pair, int side,
                        const nts_base_t *base, const nts_base_t *other)
{
    const nts_value_t *value = base ? &base->value[side] : NULL;
    int i;

    for (i = 0; value && value->kind == NTS_VALUE_SET && i < value->as.set.count; i++) {
        const char *name = value->as.set.options[i].name;

        if (*name && !nts_base_names(other, (nts_side_t)side, name)) {
            add_wait(mirrors, pair, side, name);
        }
    }
}

static int is_mirrored(const nts_pair_t *pair, int side)
{
    return is_reference(pair) && nts_domain_type(pair->domain, (nts_side_t)side)->mirrored;
}

void nts_job_keep_mirrors(nts_job_t *job)
{
    const nts_mapping_t *mapping = job->config->mapping;
    const nts_link_t *was = job->loaded ? job->loaded->link : NULL;
    apr_array_header_t *mirrors = apr_array_make(job->p, 1, sizeof(nts_wait_t));
    int i, side;

    for (i = 0; i < mapping->pair_count; i++) {
        const nts_pair_t *pair = &mapping->pairs[i];
        const nts_base_t *before = was ? nts_link_base(was, pair->id) : NULL;
        const nts_base_t *now = nts_link_base(job->link, pair->id);

        for (side = 0; side < NTS_SIDE_COUNT; side++) {
            if (is_mirrored(pair, side)) {
                add_mirrors(mirrors, pair, side, before, now);
                add_mirrors(mirrors, pair, side, now, before);
            }
        }
    }
    job->call.commit.mirrors = (const nts_wait_t *)(const void *)mirrors->elts;
    job->call.commit.mirror_count = mirrors->nelts;
}

/* --- a target that a side hides, or has not any more */

/* What is written there names records. (A list whose members only go may name one that is not shown any more.) */
static int names_records(const nts_decision_t *d)
{
    return d->want.kind != NTS_VALUE_NULL;
}

void nts_job_hide_reference(const nts_job_t *job, int index, nts_decision_t *d)
{
    const nts_pair_t *pair = &job->config->mapping->pairs[index];
    int side;

    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        const nts_outcome_t *unfit = job->unfit[side] ? &job->unfit[side][index] : NULL;

        if (unfit && unfit->remedy != NTS_REMEDY_NONE && d->verdict == NTS_VERDICT_WRITE &&
            d->write[side]) {
            d->verdict = NTS_VERDICT_STUCK;
            d->write[NTS_NOTION] = d->write[NTS_EXTERNAL] = 0;
            d->outcome = *unfit;
            return;
        }
    }
    if (job->hidden.remedy == NTS_REMEDY_NONE || d->verdict != NTS_VERDICT_WRITE ||
        !d->write[job->hidden_side] || !is_reference(pair) || !names_records(d)) {
        return;
    }
    d->write[job->hidden_side] = 0;
    d->outcome = job->hidden;
    if (nts_domain_is_reference_list(pair->domain) && d->write[!job->hidden_side]) {
        d->pending = 1; /* the other side still gets its part */
    }
    else {
        d->verdict = NTS_VERDICT_STUCK;
        d->write[!job->hidden_side] = 0;
    }
    d->outcome.field = pair->notion;
}

/* --- an emptied relation */

/* @a to is the side that is written */
static int takes_out(const nts_job_t *job, int index, nts_side_t to)
{
    const nts_decision_t *d = &job->decisions[index];
    const nts_pair_t *pair = &job->config->mapping->pairs[index];
    const nts_value_t *now = shown(job, index, nts_side_other(to));

    return is_reference(pair) && d->verdict == NTS_VERDICT_WRITE && d->write[to] && now &&
           nts_value_is_empty(now) &&
           (d->want.kind == NTS_VALUE_NULL || nts_domain_is_reference_list(pair->domain));
}

int nts_job_needs_proof(const nts_job_t *job, nts_side_t to)
{
    nts_side_t from = nts_side_other(to);
    int i;

    if (!nts_job_traits(job, from)->hides_references || job->is_emptied[from]) {
        return 0;
    }
    for (i = 0; i < job->config->mapping->pair_count; i++) {
        if (takes_out(job, i, to)) {
            return 1;
        }
    }
    return 0;
}

nts_step_t nts_job_ask_proof(nts_job_t *job, nts_side_t to)
{
    (void)nts_job_new_ask(job, NTS_ASK_DESCRIBE, nts_side_other(to));
    return nts_job_ask(job, NTS_JOB_PROVED);
}

/* A relation whose data source is not shared reads as empty, and is not in the schema. */
nts_step_t nts_job_proved(nts_job_t *job, const nts_answer_t *answer)
{
    const nts_mapping_t *mapping = job->config->mapping;
    nts_side_t from = job->call.ask.side;
    int i;

    if (answer->result != NTS_RESULT_OK || !answer->schema) {
        return nts_job_not_now(job, answer);
    }
    for (i = 0; i < mapping->pair_count; i++) {
        const nts_pair_t *pair = &mapping->pairs[i];

        if (takes_out(job, i, nts_side_other(from)) &&
            !nts_schema_find_id(answer->schema, nts_pair_field_id(pair, from))) {
            nts_answer_t blocked = *answer;

            blocked.result = NTS_RESULT_BLOCKED;
            nts_outcome_set(&blocked.outcome, job->p, NTS_REMEDY_PERSON, "notion.relation_hidden",
                            "'%s' shows nothing, and is not in the data source's schema: what it "
                            "relates to is not shared with the connection",
                            nts_pair_field(pair, from));
            blocked.outcome.field = pair->notion;
            blocked.outcome.advice = "share the data source that it refers to in Notion";
            return nts_job_not_now(job, &blocked);
        }
    }
    job->is_emptied[from] = 1;
    return nts_job_decide(job);
}
