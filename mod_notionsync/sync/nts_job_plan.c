/* nts_job_plan.c - planning a job instead of doing it, and doing just what a plan says (S2.9). */
#include "sync/nts_fingerprint.h"
#include "sync/nts_job_impl.h"

#include <string.h>

#define TITLE_MAX 80

/* ---- what is shown ---- */

static const char *presence_word(nts_presence_t presence)
{
    static const char *const words[] = { "unknown", "none", "live", "trashed", "gone", "missing" };

    return words[presence];
}

static const nts_value_t *shown_value(const nts_job_t *job, nts_side_t side, int index)
{
    return job->view[side].record ? &job->view[side].record->values[index] : NULL;
}

/* Of both sides as they were read. A base is no part of it: what it decides is compared write by write. */
static const char *fingerprint(const nts_job_t *job)
{
    const nts_mapping_t *mapping = job->config->mapping;
    nts_shown_t *shown =
        apr_pcalloc(job->p, ((apr_size_t)mapping->pair_count + 1) * sizeof(*shown));
    int i, side;

    for (i = 0; i < mapping->pair_count; i++) {
        shown[i].pair = &mapping->pairs[i];
        for (side = 0; side < NTS_SIDE_COUNT; side++) {
            shown[i].value[side] = shown_value(job, (nts_side_t)side, i);
        }
    }
    return nts_fingerprint_make(apr_pstrcat(job->p, "plan ",
                                            presence_word(job->view[NTS_NOTION].presence), " ",
                                            presence_word(job->view[NTS_EXTERNAL].presence), NULL),
                                shown, mapping->pair_count, job->p);
}

/* The page's title, or else the first mapped field that says something. */
static const char *title_of(const nts_job_t *job)
{
    const nts_mapping_t *mapping = job->config->mapping;
    int i, side, best = 0;

    for (i = 0; i < mapping->pair_count; i++) {
        if (mapping->pairs[i].notion_id && !strcmp(mapping->pairs[i].notion_id, "title")) {
            best = i;
        }
    }
    for (side = 0; side < NTS_SIDE_COUNT && best < mapping->pair_count; side++) {
        const nts_value_t *value = shown_value(job, (nts_side_t)side, best);

        if (value && value->kind != NTS_VALUE_ABSENT && !nts_value_is_empty(value)) {
            return nts_value_display(value, TITLE_MAX, job->p);
        }
    }
    return NULL;
}

static void plan_field(nts_job_t *job, nts_plan_item_t *item, int index)
{
    const nts_pair_t *pair = &job->config->mapping->pairs[index];
    const nts_decision_t *d = &job->decisions[index];
    nts_plan_field_t *field = &item->fields[item->field_count];
    int side;

    if (d->verdict != NTS_VERDICT_HELD && d->verdict != NTS_VERDICT_STUCK && !d->pending &&
        !d->write[0] && !d->write[1]) {
        return;
    }
    item->field_count++;
    field->pair = pair->id;
    field->name = nts_job_field_name(job, pair);
    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        const nts_value_t *value = shown_value(job, (nts_side_t)side, index);

        field->now[side] = value ? *value : nts_value_absent;
        field->write[side] = d->verdict == NTS_VERDICT_WRITE && d->write[side];
    }
    if (d->verdict == NTS_VERDICT_WRITE) {
        field->after = d->want;
        field->lost = d->lost;
        field->reason = d->reason;
    }
    else {
        field->reason = d->outcome.what;
    }
    item->conflicts += field->lost.kind != NTS_VALUE_ABSENT ||
                       (d->verdict == NTS_VERDICT_HELD && d->outcome.code &&
                        !strcmp(d->outcome.code, "held.conflict"));
}

static nts_plan_item_t *new_item(nts_job_t *job, nts_plan_kind_t kind)
{
    nts_plan_item_t *item = apr_pcalloc(job->p, sizeof(*item));
    int count = job->config->mapping->pair_count, i;

    item->kind = kind;
    item->page = job->link->page;
    item->key = job->link->key;
    item->title = title_of(job);
    item->fingerprint = fingerprint(job);
    item->pairs = job->pairing;
    item->fields = apr_pcalloc(job->p, ((apr_size_t)count + 1) * sizeof(*item->fields));
    for (i = 0; i < count; i++) {
        plan_field(job, item, i);
    }
    if (item->pairs && kind != NTS_PLAN_BUSY) {
        item->kind = NTS_PLAN_MATCH;
    }
    job->planned = item;
    return item;
}

static nts_step_t planned(nts_job_t *job)
{
    job->state = NTS_JOB_ENDED;
    return NTS_STEP_DONE;
}

/* ---- planning ---- */

nts_step_t nts_job_plan_write(nts_job_t *job, const nts_entry_t *entry)
{
    static const nts_plan_kind_t kinds[] = { NTS_PLAN_CREATE, NTS_PLAN_UPDATE, NTS_PLAN_DELETE,
                                             NTS_PLAN_RESTORE };
    nts_plan_item_t *item;
    int i;

    if (entry->op == NTS_ENTRY_RESTORE && nts_job_traits(job, entry->side)->has_trash) {
        /* Once the record is back, its fields are decided as usual (S2.7). What a row will hold that is made from
         * an image again, only reading it can tell. */
        nts_job_decide_fields(job);
    }
    for (i = 0; entry->op == NTS_ENTRY_CREATE && i < job->config->mapping->pair_count; i++) {
        /* the body follows its page, as the same record's next write */
        int sent = job->write.values[i].kind != NTS_VALUE_ABSENT ||
                   (nts_job_is_body(job, i) && job->decisions[i].write[entry->side]);

        job->decisions[i].verdict = sent ? NTS_VERDICT_WRITE : job->decisions[i].verdict;
        job->decisions[i].write[entry->side] = sent;
    }
    item = new_item(job, kinds[entry->op]);
    item->side = entry->side;
    item->note = entry->note;
    item->over_limit = entry->op == NTS_ENTRY_REMOVE && job->link->trouble == NTS_TROUBLE_HELD;
    return planned(job);
}

nts_step_t nts_job_plan_trouble(nts_job_t *job, nts_trouble_t trouble)
{
    nts_plan_item_t *item =
        new_item(job, trouble == NTS_TROUBLE_PARKED ? NTS_PLAN_PARKED
                      : job->outcome.code && (!strcmp(job->outcome.code, NTS_MATCH_AMBIGUOUS) ||
                                              !strcmp(job->outcome.code, "held.ambiguous"))
                          ? NTS_PLAN_AMBIGUOUS
                          : NTS_PLAN_HELD);

    item->code = job->outcome.code;
    item->note = nts_outcome_text(&job->outcome, job->p);
    return planned(job);
}

nts_step_t nts_job_plan_busy(nts_job_t *job, const char *note)
{
    new_item(job, NTS_PLAN_BUSY)->note = note;
    return planned(job);
}

nts_step_t nts_job_plan_rest(nts_job_t *job, nts_step_t step)
{
    if (job->pairing && step == NTS_STEP_DONE) {
        (void)new_item(job, NTS_PLAN_MATCH);
    }
    job->state = NTS_JOB_ENDED;
    return step;
}

const nts_plan_item_t *nts_job_planned(const nts_job_t *job)
{
    return job->planned;
}

/* ---- doing what a plan says ---- */

void nts_job_plan_pair(nts_job_t *job)
{
    const nts_plan_item_t *item = job->spawn.approved;
    nts_link_t *link = job->link;

    job->pairing = job->config->dry && !link->id && link->page && link->key && !job->spawn.approved;
    if (!item || !item->pairs || (link->page && link->key)) {
        return;
    }
    link->page = apr_pstrdup(job->p, item->page);
    link->key = apr_pstrdup(job->p, item->key);
    link->state = NTS_LINK_ACTIVE;
    job->pairing = 1;
    job->dirty = 1;
    nts_job_new_entry(job, NTS_ENTRY_LINK, NTS_EXTERNAL, 1)->note = "paired, as planned";
}

static const nts_plan_field_t *planned_field(const nts_plan_item_t *item, apr_int64_t pair)
{
    int i;

    for (i = 0; i < item->field_count; i++) {
        if (item->fields[i].pair == pair) {
            return &item->fields[i];
        }
    }
    return NULL;
}

static int is_planned_op(const nts_plan_item_t *item, const nts_entry_t *entry)
{
    switch (entry->op) {
    case NTS_ENTRY_CREATE:
        return item->kind == NTS_PLAN_CREATE && item->side == entry->side;
    case NTS_ENTRY_REMOVE:
        return item->kind == NTS_PLAN_DELETE && item->side == entry->side;
    case NTS_ENTRY_RESTORE:
        return item->kind == NTS_PLAN_RESTORE && item->side == entry->side;
    default:
        return nts_plan_kind_acts(item->kind) && item->kind != NTS_PLAN_DELETE;
    }
}

static const nts_pair_t *pair_of(const nts_job_t *job, apr_int64_t id)
{
    int i;

    for (i = 0; i < job->config->mapping->pair_count; i++) {
        if (job->config->mapping->pairs[i].id == id) {
            return &job->config->mapping->pairs[i];
        }
    }
    return NULL;
}

/* Whoever made it: this job, or one that died before it could say so. */
static int is_created(const nts_job_t *job, const nts_plan_item_t *item)
{
    const nts_link_t *stored = job->loaded->link;

    return item->kind == NTS_PLAN_CREATE &&
           (job->settled_writes[item->side] > 0 || (stored && stored->page && stored->key));
}

/* What a new record fills in by itself - a number, a time, a default - comes back with the answer to its create, and
 * nobody can know it before. */
static int is_filled_in(const nts_job_t *job, const nts_plan_item_t *item, const nts_entry_t *entry,
                        const nts_plan_field_t *field)
{
    return is_created(job, item) && entry->op == NTS_ENTRY_UPDATE && entry->side != item->side &&
           (!field || nts_value_is_empty(&field->after));
}

/* S3.5: nor what a trigger makes of what this job wrote, as planned; the side that was carried over shows still what it did. */
static int is_made_of_it(const nts_job_t *job, const nts_entry_t *entry,
                         const nts_entry_field_t *field)
{
    return job->settled_writes[nts_side_other(entry->side)] > 0 && field->reason &&
           !strcmp(field->reason, NTS_REASON_REWRITTEN);
}

/* Every value that would be written stands in the item as it is. */
static int is_planned(const nts_job_t *job, const nts_plan_item_t *item, const nts_entry_t *entry)
{
    int f;

    if (!is_planned_op(item, entry)) {
        return 0;
    }
    for (f = 0; f < entry->field_count; f++) {
        const nts_plan_field_t *field = planned_field(item, entry->fields[f].pair);
        const nts_pair_t *pair = pair_of(job, entry->fields[f].pair);

        if (is_filled_in(job, item, entry, field) || is_made_of_it(job, entry, &entry->fields[f]) ||
            (pair && pair->is_key)) {
            continue; /* a new row's key nobody could know */
        }
        if (!field || !pair || !pair->domain || !field->write[entry->side] ||
            !nts_domain_equal(pair->domain, &field->after, &entry->fields[f].after)) {
            return 0;
        }
    }
    return 1;
}

int nts_job_plan_fits(nts_job_t *job, const nts_entry_t *entry)
{
    const nts_plan_item_t *item = job->spawn.approved;

    if (!item) {
        return 1;
    }
    /* Our own first write moves the values, also one that a crash cut short; from then on each write is held against the item. */
    if (!job->settled_writes[NTS_NOTION] && !job->settled_writes[NTS_EXTERNAL] &&
        !is_created(job, item) && strcmp(item->fingerprint, fingerprint(job)) != 0) {
        return 0;
    }
    return !entry || is_planned(job, item, entry);
}

nts_step_t nts_job_plan_refuse(nts_job_t *job)
{
    int written = job->settled_writes[NTS_NOTION] + job->settled_writes[NTS_EXTERNAL];

    nts_outcome_set(&job->outcome, job->p, NTS_REMEDY_PERSON, NTS_PLAN_MOVED,
                    written ? "the record was changed while the plan was carried out"
                            : "the record is not as it was when the plan was made");
    job->outcome.advice = "make a new plan, which shows it as it is now";
    if (written) { /* what happened has to be stored; its notices are still to be answered */
        job->settled_count = 0;
    }
    if (written && job->spawn.approved->kind == NTS_PLAN_RESTORE) {
        job->outcome =
            (nts_outcome_t){ 0 }; /* it is back, as planned; its fields are the next run's */
        return nts_job_finish(job, NTS_STEP_DONE);
    }
    if (written) {
        return nts_job_finish(job, NTS_STEP_TROUBLE);
    }
    job->state = NTS_JOB_ENDED;
    return NTS_STEP_TROUBLE;
}
