/* nts_job_undo.c - taking an audit entry back (S5.5): a normal, audited write, refused for what has been
 * edited since. Only one side is written here; the other follows as it would any edit.
 *
 * A job whose undo is refused goes on as any other job of the record: what it read is decided on, or the notices
 * that it settles would be settled unread.
 */
#include "sync/nts_job_impl.h"

#include <string.h>

#define SHOWN_MAX 60 /* characters of a value in a refusal */

/* @return what nts_job_undo_step returns then */
static int refuse(nts_job_t *job, const char *code, const char *what)
{
    job->undo = NULL;
    nts_outcome_set(&job->refused, job->p, NTS_REMEDY_PERSON, code, "%s", what);
    job->refused.advice = "change the record by hand; the audit shows the former values";
    return 0;
}

/* @a step is the undo's own write. */
static int done(nts_job_t *job, nts_step_t *step, nts_step_t taken)
{
    job->undo_done = 1;
    job->undo_entry = job->entry;
    *step = taken;
    return 1;
}

void nts_job_undo_failed(nts_job_t *job)
{
    if (job->undo_entry && job->undo_entry == job->entry) {
        job->undo_done = 0;
        job->undo_entry = NULL;
    }
}

int nts_job_is_by_undo(const nts_job_t *job)
{
    if (!job->undo) {
        return 0;
    }
    return !job->undo_done || job->undo->entry->op == NTS_ENTRY_REMOVE ||
           job->undo->entry->op == NTS_ENTRY_RESTORE;
}

/* The side an undo writes: the one that is allowed to change, the external one when both are. */
static nts_side_t side_to_write(const nts_pair_t *pair)
{
    if (pair->direction == NTS_TO_EXTERNAL || pair->computed[NTS_EXTERNAL]) {
        return NTS_NOTION;
    }
    return NTS_EXTERNAL;
}

typedef enum undo_answer_t { UNDO_REFUSED, UNDO_NOTHING, UNDO_FOLLOWS, UNDO_WRITE } undo_answer_t;

/* Nothing a person or we had decided: an empty field that took what the other side had (a default, a number that
 * Notion gave), or our own value as the other side stores it. Put back, it would come again. */
static int follows_by_itself(const nts_entry_field_t *field)
{
    if (field->reason && !strcmp(field->reason, NTS_REASON_REWRITTEN)) {
        return 1;
    }
    return field->agreed.kind == NTS_VALUE_ABSENT &&
           (field->before.kind == NTS_VALUE_ABSENT || nts_value_is_empty(&field->before));
}

/* Prepare the decision of one field. */
static undo_answer_t undo_field(nts_job_t *job, int index, const nts_entry_field_t *field)
{
    const nts_pair_t *pair = &job->config->mapping->pairs[index];
    nts_decision_t *d = &job->decisions[index];
    nts_side_t to = side_to_write(pair);
    int former[NTS_SIDE_COUNT];
    nts_decision_t probe;
    int side;

    *d = (nts_decision_t){ 0 };
    if (pair->is_key || pair->computed[to] || follows_by_itself(field)) {
        return UNDO_NOTHING; /* the record keeps its key */
    }
    if (!pair->domain || field->agreed.kind == NTS_VALUE_ABSENT) {
        return UNDO_REFUSED;
    }
    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        if (nts_domain_project(&d->common[side], pair->domain, (nts_side_t)side,
                               &job->view[side].record->values[index], NULL,
                               job->p) != APR_SUCCESS) {
            return UNDO_REFUSED;
        }
        former[side] = nts_domain_equal(pair->domain, &d->common[side], &field->agreed);
        if (!former[side] && !nts_domain_equal(pair->domain, &d->common[side], &field->after)) {
            return UNDO_REFUSED;
        }
    }
    if (former[NTS_NOTION] || former[NTS_EXTERNAL]) {
        /* An undo that was broken off after its first write: the other side follows as it would any edit. */
        return former[NTS_NOTION] && former[NTS_EXTERNAL] ? UNDO_NOTHING : UNDO_FOLLOWS;
    }
    if (nts_domain_render(&d->native[to], pair->domain, to, &field->agreed, NULL, job->p) !=
        APR_SUCCESS) {
        return UNDO_REFUSED;
    }
    d->verdict = NTS_VERDICT_WRITE;
    d->write[to] = 1;
    d->want = field->agreed;
    d->agreed = field->after;
    d->reason = apr_psprintf(job->p, "undo of entry %" APR_INT64_T_FMT, job->undo->entry->id);
    probe = *d; /* the page follows, if it is not the side that is written here */
    probe.write[NTS_NOTION] = 1;
    nts_job_guard_body(job, index, &probe);
    if (probe.verdict != NTS_VERDICT_WRITE) {
        *d = probe;
        return UNDO_REFUSED;
    }
    return UNDO_WRITE;
}

/* What a person needs to know of a field that was edited since. */
static const char *differs_now(const nts_job_t *job, const nts_entry_field_t *field, int index)
{
    const nts_record_t *notion = job->view[NTS_NOTION].record;
    const nts_record_t *external = job->view[NTS_EXTERNAL].record;

    return apr_psprintf(
        job->p, "%s (this entry wrote '%s'; now Notion has '%s', the other side '%s')", field->name,
        nts_value_display(&field->after, SHOWN_MAX, job->p),
        notion ? nts_value_display(&notion->values[index], SHOWN_MAX, job->p) : "?",
        external ? nts_value_display(&external->values[index], SHOWN_MAX, job->p) : "?");
}

/* S5.4: nobody knows whether it was edited since. */
static const char *suspended_now(const nts_job_t *job, const nts_entry_field_t *field)
{
    return apr_psprintf(job->p, "%s (the field is suspended, and not read)", field->name);
}

/* ... that cannot be taken back. */
static const char *edited_since(const nts_job_t *job, const nts_entry_field_t *field, int index)
{
    if (index >= 0 && job->decisions[index].verdict == NTS_VERDICT_HELD) {
        return apr_psprintf(job->p, "%s (%s)", field->name, job->decisions[index].outcome.what);
    }
    if (index < 0) {
        return apr_psprintf(job->p, "%s (not in the configuration any more)", field->name);
    }
    if (!job->config->mapping->pairs[index].domain) {
        return suspended_now(job, field);
    }
    if (field->agreed.kind == NTS_VALUE_ABSENT) {
        return apr_psprintf(job->p, "%s (nothing was agreed before)", field->name);
    }
    return differs_now(job, field, index);
}

static int pair_index(const nts_job_t *job, apr_int64_t pair)
{
    const nts_mapping_t *mapping = job->config->mapping;
    int i;

    for (i = 0; i < mapping->pair_count; i++) {
        if (mapping->pairs[i].id == pair) {
            return i;
        }
    }
    return -1;
}

static const char *append(const nts_job_t *job, const char *list, const char *item)
{
    return list ? apr_pstrcat(job->p, list, "; ", item, NULL) : item;
}

static int undo_update(nts_job_t *job, nts_step_t *step)
{
    const nts_mapping_t *mapping = job->config->mapping;
    int f, i, follows = 0, wanted[NTS_SIDE_COUNT] = { 0, 0 };
    const char *refused = NULL;
    int alone, has_body = 0;
    nts_side_t to;

    for (i = 0; i < mapping->pair_count; i++) {
        job->decisions[i] = (nts_decision_t){ 0 };
    }
    for (f = 0; f < job->undo->entry->field_count; f++) {
        const nts_entry_field_t *field = &job->undo->entry->fields[f];
        int index = pair_index(job, field->pair);
        undo_answer_t answer = index >= 0 ? undo_field(job, index, field) : UNDO_REFUSED;

        if (answer == UNDO_REFUSED) {
            refused = append(job, refused, edited_since(job, field, index));
        }
        else if (answer == UNDO_WRITE) {
            wanted[side_to_write(&mapping->pairs[index])]++;
            has_body |= mapping->pairs[index].is_body;
        }
        follows += answer == UNDO_FOLLOWS;
    }
    if (refused) {
        return refuse(job, "undo.edited", apr_pstrcat(job->p, "edited since: ", refused, NULL));
    }
    if (follows && !(wanted[NTS_NOTION] + wanted[NTS_EXTERNAL])) {
        job->undo_done = 1;
        return 0;
    }
    if (!(wanted[NTS_NOTION] + wanted[NTS_EXTERNAL])) {
        return refuse(job, NTS_UNDO_NOTHING, "both sides already hold the former values");
    }
    to = wanted[NTS_NOTION] ? NTS_NOTION : NTS_EXTERNAL;
    alone = to == NTS_NOTION && nts_job_writes_body_alone(job);
    if (alone && !nts_job_is_body_fresh(job)) {
        *step = nts_job_read_body(job, 1);
        return 1;
    }
    if (!alone && !nts_job_is_sendable(job, to)) {
        *step = nts_job_read(job, to, 0, 1);
        return 1;
    }
    if (to == NTS_NOTION && !alone &&
        has_body) { /* properties first; the body is the undo's next write */
        *step = nts_job_write_fields(job, to);
        return 1;
    }
    return done(job, step, nts_job_write_fields(job, to));
}

/* Sent empty: Notion has put a default there. */
static int is_default(const nts_job_t *job, const nts_entry_field_t *field, const nts_pair_t *pair,
                      nts_side_t copy)
{
    const char *native = nts_domain_type(pair->domain, copy)->native;

    return nts_job_traits(job, copy)->fills_defaults && field->after.kind == NTS_VALUE_NULL &&
           native && !strcmp(native, "status");
}

/* Fields of the copy (of what came back) that are not as the entry made them, whoever edited them and wherever. */
static const char *copy_edits(const nts_job_t *job, nts_side_t copy)
{
    const nts_mapping_t *mapping = job->config->mapping;
    const char *edits = NULL;
    int f;

    for (f = 0; f < job->undo->entry->field_count; f++) {
        const nts_entry_field_t *field = &job->undo->entry->fields[f];
        int index = pair_index(job, field->pair);
        const nts_pair_t *pair = index >= 0 ? &mapping->pairs[index] : NULL;
        const nts_value_t *value = pair ? &job->view[copy].record->values[index] : NULL;
        nts_value_t now;

        if (pair && (pair->is_key || (pair->domain && is_default(job, field, pair, copy)))) {
            continue;
        }
        if (pair && !pair->domain) {
            edits = append(job, edits, suspended_now(job, field));
            continue;
        }
        if (!pair ||
            !nts_merge_is_edited(pair, nts_link_base(job->link, pair->id), copy, value, job->p)) {
            /* as agreed: then what was agreed must be what the entry made */
            value = pair && nts_link_base(job->link, pair->id)
                        ? &nts_link_base(job->link, pair->id)->value[copy]
                        : NULL;
        }
        if (value &&
            (nts_domain_project(&now, pair->domain, copy, value, NULL, job->p) != APR_SUCCESS ||
             !nts_domain_equal(pair->domain, &now, &field->after))) {
            edits = append(job, edits, differs_now(job, field, index));
        }
    }
    return edits;
}

/* What has to be known of it before it is removed, is; or *step asks. */
static int can_be_removed(nts_job_t *job, nts_side_t side, nts_step_t *step)
{
    if (!nts_job_traits(job, side)->has_trash && !job->view[side].record->image) {
        *step = nts_job_read(job, side, 1, 0);
        return 0;
    }
    if (!nts_job_is_sendable(job, side)) {
        *step = nts_job_read(job, side, 0, 1);
        return 0;
    }
    return 1;
}

/* The copy that the entry created goes, its origin is marked "do not sync" (S5.5). */
static int undo_create(nts_job_t *job, nts_step_t *step)
{
    nts_side_t copy = job->undo->entry->side;
    const char *edits = copy_edits(job, copy);

    if (edits) {
        return refuse(job, "undo.edited", apr_pstrcat(job->p, "edited since: ", edits, NULL));
    }
    if (!can_be_removed(job, copy, step)) {
        return 1;
    }
    return done(job, step, nts_job_remove(job, copy));
}

/* What people changed on either side and nobody has carried over yet. */
static const char *unsynced_edits(const nts_job_t *job)
{
    const nts_mapping_t *mapping = job->config->mapping;
    const char *edits = NULL;
    int i, side;

    for (i = 0; i < mapping->pair_count; i++) {
        const nts_pair_t *pair = &mapping->pairs[i];
        const nts_base_t *base = nts_link_base(job->link, pair->id);
        int edited = 0;

        for (side = 0; side < NTS_SIDE_COUNT && pair->domain && base && !pair->is_key; side++) {
            edited |= nts_merge_is_edited(pair, base, (nts_side_t)side,
                                          &job->view[side].record->values[i], job->p);
        }
        if (edited) {
            edits = append(job, edits,
                           apr_psprintf(job->p, "%s (edited and not synced yet)",
                                        nts_job_field_name(job, pair)));
        }
    }
    return edits;
}

/* What came back goes again, and the other side with it: as after any delete, but asked for. Neither goes with what was
 * edited since. */
static int undo_restore(nts_job_t *job, nts_step_t *step)
{
    nts_side_t side = job->undo->entry->side;
    const char *edits = unsynced_edits(job);

    if (!job->undo->entry->field_count) {
        return refuse(job, "undo.impossible", "the audit does not tell what came back then");
    }
    edits = edits ? edits : copy_edits(job, side);
    if (edits) {
        return refuse(job, "undo.edited", apr_pstrcat(job->p, "edited since: ", edits, NULL));
    }
    if (!can_be_removed(job, side, step)) {
        return 1;
    }
    if (nts_job_traits(job, side)->compares && !nts_job_is_sendable(job, nts_side_other(side))) {
        *step = nts_job_read(job, nts_side_other(side), 0, 1);
        return 1;
    }
    return done(job, step, nts_job_remove(job, side));
}

/* S2.7: a row that would come back alone waits for a person who has been told so. */
static int undo_row(nts_job_t *job, nts_step_t *step)
{
    const char *lost = nts_job_lost_with_row(job, step);

    if (!lost) {
        return 1;
    }
    if (*lost) {
        (void)refuse(job, "undo.alone",
                     apr_psprintf(job->p, "the row would come back alone: %s", lost));
        job->refused.advice = job->link->state == NTS_LINK_IGNORED
                                  ? "sync the record again: its row comes back so"
                                  : "restore it where it is held: its row comes back so";
        return 0;
    }
    return done(job, step, nts_job_restore(job, NTS_EXTERNAL));
}

/* A delete is taken back on the Notion side; a tombstone's page found live again restores the row. */
static int undo_remove(nts_job_t *job, nts_step_t *step)
{
    if (job->view[NTS_NOTION].presence == NTS_PRESENCE_TRASHED) {
        return done(job, step, nts_job_restore(job, NTS_NOTION));
    }
    if (job->view[NTS_NOTION].presence == NTS_PRESENCE_LIVE &&
        (nts_job_is_deleted(job, NTS_EXTERNAL) || job->loaded->image_key)) {
        return undo_row(job, step);
    }
    return refuse(job, NTS_UNDO_NOTHING, "the record is not deleted any more, or cannot come back");
}

int nts_job_undo_step(nts_job_t *job, nts_step_t *step)
{
    int both = job->view[NTS_NOTION].presence == NTS_PRESENCE_LIVE &&
               job->view[NTS_EXTERNAL].presence == NTS_PRESENCE_LIVE;

    if (job->undo_done) {
        return 0;
    }
    if (job->undo->entry->state == NTS_ENTRY_NOT_APPLIED) {
        /* What the audit tells of later may look like it: a write that was tried again, another undo (440007). */
        return refuse(job, NTS_UNDO_NOTHING, "this entry's write did not happen");
    }
    if (job->link->state == NTS_LINK_DORMANT) {
        return refuse(job, "undo.outside",
                      "the record is outside the filter, where nothing is written");
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
    case NTS_ENTRY_RESTORE:
        if (both) {
            return undo_restore(job, step);
        }
        break;
    default:
        break;
    }
    return refuse(job, "undo.impossible",
                  "this entry wrote nothing that could be taken back, or "
                  "the record is not on both sides any more");
}
