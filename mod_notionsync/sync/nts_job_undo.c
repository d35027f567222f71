/* nts_job_undo.c - taking an audit entry back (S5.5): a normal, audited write, refused for what has been
 * edited since. Only one side is written here; the other follows as it would any edit. */
#include "sync/nts_job_impl.h"

static nts_step_t refuse(nts_job_t *job, const char *code, const char *what)
{
    nts_outcome_set(&job->outcome, job->p, NTS_REMEDY_PERSON, code, "%s", what);
    job->outcome.advice = "change the record by hand; the audit shows the former values";
    return nts_job_finish(job, NTS_STEP_DONE);
}

/* The side an undo writes: the one that is allowed to change, the external one when both are. */
static nts_side_t side_to_write(const nts_pair_t *pair)
{
    if (pair->direction == NTS_TO_EXTERNAL || pair->computed[NTS_EXTERNAL]) {
        return NTS_NOTION;
    }
    return NTS_EXTERNAL;
}

/* Prepare the decision of one field; returns 1 to write, 0 nothing to do, -1 refused. */
static int undo_field(nts_job_t *job, int index, const nts_entry_field_t *field)
{
    const nts_pair_t *pair = &job->config->mapping->pairs[index];
    nts_decision_t *d = &job->decisions[index];
    nts_side_t to = side_to_write(pair);
    int side;

    *d = (nts_decision_t){ 0 };
    if (!pair->domain || pair->computed[to] || field->agreed.kind == NTS_VALUE_ABSENT) {
        return -1;
    }
    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        if (nts_domain_project(&d->common[side], pair->domain, (nts_side_t)side,
                               &job->view[side].record->values[index], NULL,
                               job->p) != APR_SUCCESS) {
            return -1;
        }
    }
    if (nts_domain_equal(pair->domain, &d->common[0], &field->agreed) &&
        nts_domain_equal(pair->domain, &d->common[1], &field->agreed)) {
        return 0;
    }
    if (!nts_domain_equal(pair->domain, &d->common[0], &field->after) ||
        !nts_domain_equal(pair->domain, &d->common[1], &field->after) ||
        nts_domain_render(&d->native[to], pair->domain, to, &field->agreed, NULL, job->p) !=
            APR_SUCCESS) {
        return -1;
    }
    d->verdict = NTS_VERDICT_WRITE;
    d->write[to] = 1;
    d->want = field->agreed;
    d->agreed = field->after;
    d->reason = apr_psprintf(job->p, "undo of entry %" APR_INT64_T_FMT, job->undo->entry->id);
    return 1;
}

static int undo_update(nts_job_t *job, nts_step_t *step)
{
    const nts_mapping_t *mapping = job->config->mapping;
    int f, i, wanted[NTS_SIDE_COUNT] = { 0, 0 }, refused = 0;
    nts_side_t to;

    for (i = 0; i < mapping->pair_count; i++) {
        job->decisions[i] = (nts_decision_t){ 0 };
    }
    for (f = 0; f < job->undo->entry->field_count; f++) {
        const nts_entry_field_t *field = &job->undo->entry->fields[f];
        int answer;

        for (i = 0; i < mapping->pair_count && mapping->pairs[i].id != field->pair; i++) {
        }
        answer = i < mapping->pair_count ? undo_field(job, i, field) : -1;
        refused += answer < 0;
        if (answer > 0) {
            wanted[side_to_write(&mapping->pairs[i])]++;
        }
    }
    if (refused || !(wanted[NTS_NOTION] + wanted[NTS_EXTERNAL])) {
        job->undo_done = 1;
        *step = refused ? refuse(job, "undo.edited",
                                 "a field of this entry has been edited since, or had no agreed "
                                 "value before it")
                        : refuse(job, "undo.nothing", "both sides already hold the former values");
        return 1;
    }
    to = wanted[NTS_NOTION] ? NTS_NOTION : NTS_EXTERNAL;
    if (to == NTS_NOTION && job->now - job->view[NTS_NOTION].sent > NTS_READ_FRESH) {
        *step = nts_job_read(job, NTS_NOTION, 0, 1);
        return 1;
    }
    job->undo_done = 1;
    *step = nts_job_write_fields(job, to);
    return 1;
}

/* The copy that the entry created goes, its origin is marked "do not sync" (S5.5). */
static int undo_create(nts_job_t *job, nts_step_t *step)
{
    nts_side_t copy = job->undo->entry->side;
    const nts_mapping_t *mapping = job->config->mapping;
    int i;

    for (i = 0; i < mapping->pair_count; i++) {
        if (nts_merge_is_edited(&mapping->pairs[i], nts_link_base(job->link, mapping->pairs[i].id),
                                copy, &job->view[copy].record->values[i], job->p) &&
            nts_link_base(job->link, mapping->pairs[i].id)) {
            job->undo_done = 1;
            *step = refuse(job, "undo.edited", "the created record has been edited since");
            return 1;
        }
    }
    if (copy == NTS_EXTERNAL && !job->view[copy].record->image) {
        *step = nts_job_read(job, NTS_EXTERNAL, 1, 0);
        return 1;
    }
    job->undo_done = 1;
    *step = nts_job_remove(job, copy);
    return 1;
}

/* A delete is taken back on the Notion side; a tombstone's page found live again restores the row. */
static int undo_remove(nts_job_t *job, nts_step_t *step)
{
    job->undo_done = 1;
    if (job->view[NTS_NOTION].presence == NTS_PRESENCE_TRASHED) {
        *step = nts_job_restore(job, NTS_NOTION);
        return 1;
    }
    if (job->view[NTS_NOTION].presence == NTS_PRESENCE_LIVE &&
        job->view[NTS_EXTERNAL].presence == NTS_PRESENCE_GONE) {
        *step = nts_job_restore(job, NTS_EXTERNAL);
        return 1;
    }
    *step = refuse(job, "undo.nothing", "the record is not deleted any more, or cannot come back");
    return 1;
}

int nts_job_undo_step(nts_job_t *job, nts_step_t *step)
{
    int both = job->view[NTS_NOTION].presence == NTS_PRESENCE_LIVE &&
               job->view[NTS_EXTERNAL].presence == NTS_PRESENCE_LIVE;

    if (job->undo_done) {
        return 0;
    }
    switch (job->undo->entry->op) {
    case NTS_ENTRY_REMOVE:
        return undo_remove(job, step);
    case NTS_ENTRY_UPDATE:
        if (both) {
            return undo_update(job, step);
        }
        break;
    case NTS_ENTRY_CREATE:
        if (both) {
            return undo_create(job, step);
        }
        break;
    default:
        break;
    }
    job->undo_done = 1;
    *step = refuse(job, "undo.impossible",
                   "this entry wrote nothing that could be taken back, or "
                   "the record is not on both sides any more");
    return 1;
}
