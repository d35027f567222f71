/* nts_job_gone.c - records that are not on both sides any more, and those outside the filter (S2.7, S4, S5.3). */
#include "sync/nts_job_impl.h"

#include <string.h>

/* ---- outside the filter (S5.3) ---- */

int nts_job_is_side_outside(const nts_job_t *job, nts_side_t side)
{
    const nts_record_t *record = job->view[side].record;

    return record && record->standing == NTS_STANDING_OUTSIDE;
}

int nts_job_is_outside(const nts_job_t *job)
{
    return nts_job_is_side_outside(job, NTS_NOTION) || nts_job_is_side_outside(job, NTS_EXTERNAL);
}

/* What is left of the record. Where a page stood that is in the trash does not matter any more (seed 145 of the simulation: a row
 * that came back was nobody's to decide). What cannot be judged stays as it is. */
static int is_surely_inside(const nts_job_t *job)
{
    int side;

    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        const nts_record_t *record = job->view[side].record;

        if (record && job->view[side].presence == NTS_PRESENCE_LIVE &&
            record->standing != NTS_STANDING_INSIDE) {
            return 0;
        }
    }
    return 1;
}

/* Both ids stay reserved; nothing goes through the link until the record is inside again. */
static void make_dormant(nts_job_t *job)
{
    if (job->link->state == NTS_LINK_ACTIVE) {
        nts_side_t left = nts_job_is_side_outside(job, NTS_NOTION) ? NTS_NOTION : NTS_EXTERNAL;

        job->link->state = NTS_LINK_DORMANT;
        job->dirty = 1;
        nts_job_new_entry(job, NTS_ENTRY_LINK, nts_side_other(left), 1)->note = apr_psprintf(
            job->p, "left the filter of %s: nothing is synced until it is inside again",
            nts_side_name(left));
    }
}

nts_step_t nts_job_sleep_outside(nts_job_t *job)
{
    make_dormant(job);
    return nts_job_end_well(job);
}

/* ---- deletes (S2.7, S4) ---- */

/* Did a person edit the surviving side since both sides agreed? Not formulas, not our own writes. */
static int survivor_was_edited(const nts_job_t *job, nts_side_t survivor)
{
    int i;

    for (i = 0; i < job->config->mapping->pair_count; i++) {
        const nts_pair_t *pair = &job->config->mapping->pairs[i];
        const nts_base_t *base = nts_link_base(job->link, pair->id);

        if (pair->direction == (survivor == NTS_NOTION ? NTS_TO_NOTION : NTS_TO_EXTERNAL) ||
            pair->is_key || !base) {
            continue;
        }
        if (nts_merge_is_edited(pair, base, survivor, &job->view[survivor].record->values[i],
                                job->p)) {
            return 1;
        }
    }
    return 0;
}

nts_step_t nts_job_tombstone(nts_job_t *job)
{
    if (job->link->state != NTS_LINK_TOMBSTONE) {
        job->link->state = NTS_LINK_TOMBSTONE;
        job->dirty = 1;
    }
    return nts_job_end_well(job);
}

/* S4.2: what the limit held waits for a person, not for the hour to pass. */
static int is_held_delete(const nts_link_t *link)
{
    return link->trouble == NTS_TROUBLE_HELD && link->outcome.code &&
           !strcmp(link->outcome.code, NTS_HELD_DELETE_LIMIT);
}

/* Whatever is found meanwhile: told in the place of that, a page that is not there for us would free its row's delete to go by itself once
 * the page is shown again, in the trash (seed 4994 of the simulation). */
static nts_step_t hold_still(nts_job_t *job)
{
    nts_outcome_copy(&job->outcome, &job->link->outcome, job->p);
    return nts_job_trouble(job, NTS_TROUBLE_HELD);
}

/* To delete what is left, that has to be read last (S3.1); to bring back what was deleted, the side that lost it, if that does not compare.
 * Either will do to decide which: else reads that take more than a second would follow each other without an end. */
static int is_survivor_known(const nts_job_t *job, nts_side_t deleted)
{
    nts_side_t survivor = nts_side_other(deleted);

    return nts_job_is_fresh_for(job, survivor) ||
           (!nts_job_traits(job, deleted)->compares && !job->view[survivor].candidate &&
            nts_job_is_fresh_for(job, deleted));
}

static nts_step_t remove_survivor(nts_job_t *job, nts_side_t survivor)
{
    return nts_job_is_fresh_for(job, survivor) ? nts_job_remove(job, survivor)
                                               : nts_job_read(job, survivor, 0, 1);
}

/* @a deleted lost the record; the other side still has it. */
nts_step_t nts_job_decide_delete(nts_job_t *job, nts_side_t deleted)
{
    nts_side_t survivor = nts_side_other(deleted);
    const nts_ruling_t *ruling;

    memset(job->decisions, 0,
           (apr_size_t)job->config->mapping->pair_count * sizeof(*job->decisions));
    if (!is_survivor_known(job, deleted)) {
        return nts_job_read(job, survivor, 0, 1);
    }
    if (nts_job_is_outside(
            job)) { /* it had left the filter before: the delete is none of ours (S5.3) */
        make_dormant(job);
        return nts_job_decide_dormant(job);
    }
    ruling = nts_job_rule_record(job, "delete", NTS_CHOICE_DELETE, NTS_CHOICE_RESTORE);
    if (ruling) {
        return ruling->choice == NTS_CHOICE_DELETE ? remove_survivor(job, survivor)
                                                   : nts_job_bring_back(job, deleted);
    }
    if (survivor_was_edited(job, survivor)) {
        return nts_job_restore(job, deleted);
    }
    if (job->undo && job->undo->entry->op == NTS_ENTRY_RESTORE) {
        return remove_survivor(job, survivor);
    }
    switch (job->config->mapping->deletes[survivor]) {
    case NTS_DELETES_PROPAGATE:
        if (is_held_delete(job->link) && !job->config->dry && !job->spawn.approved) {
            return hold_still(job);
        }
        return remove_survivor(job, survivor);
    case NTS_DELETES_IGNORE:
        job->link->state = NTS_LINK_IGNORED;
        if (nts_job_traits(job, deleted)->reuses_keys) {
            *nts_link_id(job->link, deleted) =
                NULL; /* whoever uses it again makes a new record (S4.4) */
        }
        job->dirty = 1;
        nts_job_new_entry(job, NTS_ENTRY_REFUSE, survivor, 1)->note =
            "deleted on one side only: NotionSyncDeletes says ignore";
        return nts_job_finish(job, NTS_STEP_DONE);
    case NTS_DELETES_HOLD:
        break;
    }
    nts_outcome_set(&job->outcome, job->p, NTS_REMEDY_PERSON, "held.delete",
                    "the record was deleted in %s; NotionSyncDeletes says hold",
                    nts_side_name(deleted));
    job->outcome.advice = "approve it (delete), or restore the record";
    return nts_job_trouble(job, NTS_TROUBLE_HELD);
}

/* S4.1: not there for us in full runs a day apart. One run that finds it missing begins to count. */
static int is_missing_for_long(nts_job_t *job)
{
    if (!job->link->missing && job->config->full_run) {
        job->link->missing = job->now;
        job->dirty = 1;
    }
    return job->link->missing && job->config->full_run &&
           job->now - job->link->missing >= NTS_MISSING_WAIT;
}

/* S5.3: nothing is created, updated or deleted through it. What was deleted meanwhile is held once what is left is
 * inside: a person saw it vanish from the one side for another reason than the filter. */
nts_step_t nts_job_decide_dormant(nts_job_t *job)
{
    nts_presence_t n = job->view[NTS_NOTION].presence, e = job->view[NTS_EXTERNAL].presence;
    nts_side_t deleted = n == NTS_PRESENCE_LIVE ? NTS_EXTERNAL : NTS_NOTION;
    const nts_ruling_t *ruling;

    if ((n == NTS_PRESENCE_MISSING &&
         (!nts_job_is_deleted(job, NTS_EXTERNAL) || !is_missing_for_long(job))) ||
        (e == NTS_PRESENCE_MISSING &&
         (!nts_job_is_deleted(job, NTS_NOTION) || !is_missing_for_long(job)))) {
        return nts_job_finish(job, NTS_STEP_DONE); /* proof of nothing */
    }
    if (n != NTS_PRESENCE_LIVE && e != NTS_PRESENCE_LIVE) {
        return nts_job_tombstone(job);
    }
    if (!is_surely_inside(job)) {
        return nts_job_end_well(job);
    }
    if (n == NTS_PRESENCE_LIVE && e == NTS_PRESENCE_LIVE) {
        return nts_job_decide_live(job);
    }
    if (!is_survivor_known(job, deleted)) {
        return nts_job_read(job, nts_side_other(deleted), 0, 1);
    }
    ruling = nts_job_rule_record(job, "delete", NTS_CHOICE_DELETE, NTS_CHOICE_RESTORE);
    if (ruling) {
        return ruling->choice == NTS_CHOICE_DELETE ? remove_survivor(job, nts_side_other(deleted))
                                                   : nts_job_bring_back(job, deleted);
    }
    nts_outcome_set(&job->outcome, job->p, NTS_REMEDY_PERSON, "held.delete",
                    "the record was deleted in %s while it was outside the filter",
                    nts_side_name(deleted));
    job->outcome.advice = "approve it (delete), or restore the record";
    return nts_job_trouble(job, NTS_TROUBLE_HELD);
}

/* What is known of a page that is not there for us: to have moved it is no delete either (S4.1), and it may come back. */
static void tell_missing(nts_job_t *job, nts_side_t missing, int is_held)
{
    int is_moved = job->view[missing].record != NULL;
    const char *what = missing == NTS_NOTION ? "page" : "external record";
    const char *other = missing == NTS_NOTION ? "external record" : "page";

    if (is_held) {
        nts_outcome_set(&job->outcome, job->p, NTS_REMEDY_PERSON, "held.missing",
                        is_moved ? "full runs a day apart have found the %s in another data source"
                                 : "Notion has answered 404 for this %s in full runs a day apart",
                        what);
        job->outcome.advice = apr_psprintf(
            job->p,
            is_moved ? "move the %s back; or approve: delete the %s too, or "
                       "restore: a new %s is made of it"
                     : "share the %s with the connection again; or approve: delete the "
                       "%s too, or restore: a new %s is made of it",
            what, other, what);
        return;
    }
    nts_outcome_set(&job->outcome, job->p, NTS_REMEDY_WAIT,
                    is_moved ? "notion.moved" : "notion.missing",
                    is_moved ? "the %s is in another data source now"
                             : "the %s was purged, or is no longer shared with the connection",
                    what);
    job->outcome.advice = apr_psprintf(
        job->p,
        is_moved
            ? "move it back, or delete the %s too; nothing is deleted or written because of this"
            : "share it again, or delete the %s too; nothing is deleted because of this",
        other);
}

/* That its other side is gone says nothing of the page: shown again it is one whose row was deleted, not a deleted one that lives again
 * (seed 51331 of the simulation). Only when it was missing for long there is nothing left that a person could be asked about. */
static nts_step_t decide_missing_alone(nts_job_t *job, nts_side_t missing)
{
    if (is_missing_for_long(job)) {
        return nts_job_tombstone(job);
    }
    if (is_held_delete(job->link)) {
        return hold_still(job);
    }
    tell_missing(job, missing, 0);
    job->outcome.advice = apr_psprintf(
        job->p,
        "the %s was deleted: if the %s is gone as well nothing has to be done, full runs a day "
        "apart will find that; else share it, or move it back, and its delete is decided",
        missing == NTS_NOTION ? "external record" : "page",
        missing == NTS_NOTION ? "page" : "external record");
    return nts_job_trouble(job, NTS_TROUBLE_PARKED);
}

nts_step_t nts_job_decide_missing(nts_job_t *job, nts_side_t missing)
{
    const nts_ruling_t *ruling;
    int is_held;

    if (nts_job_is_deleted(job, nts_side_other(missing))) {
        return decide_missing_alone(job, missing);
    }
    ruling = nts_job_rule_record(job, "delete", NTS_CHOICE_DELETE, NTS_CHOICE_RESTORE);
    if (ruling) {
        return ruling->choice == NTS_CHOICE_DELETE ? nts_job_remove(job, nts_side_other(missing))
                                                   : nts_job_bring_back(job, missing);
    }
    if (is_held_delete(job->link)) {
        return hold_still(job);
    }
    is_held = is_missing_for_long(job);
    tell_missing(job, missing, is_held);
    return nts_job_trouble(job, is_held ? NTS_TROUBLE_HELD : NTS_TROUBLE_PARKED);
}

/* ---- a deleted record that lives again (S4.1) ---- */

/* S4.4: the row is another record's, and a new one. It may have been told of while this one's delete was under way, so what was told
 * of the row is left for it (seed 936 of the simulation). */
static nts_step_t leave_key(nts_job_t *job)
{
    const nts_loaded_t *loaded = job->loaded;
    int i, count = 0;

    for (i = 0; i < loaded->notice_count; i++) {
        if (loaded->notices[i].side == NTS_NOTION) {
            job->settled[count++] = loaded->notices[i].id;
        }
    }
    nts_job_drop_rulings(job);
    job->call = (nts_call_t){ 0 };
    nts_job_end_rulings(job, NULL);
    job->call.commit.link = job->link;
    job->call.commit.entries = job->notes;
    job->call.commit.entry_count = job->note_count;
    job->call.commit.settled = job->settled;
    job->call.commit.settled_count = count;
    job->spawn.target = (nts_target_t){ .key = job->link->key };
    return nts_job_commit(job, NTS_JOB_LEFT);
}

/* People made a row under the key, or another mapping did of a record of its own, and its own job has not seen to that yet. */
static int is_told_of_new_row(const nts_loaded_t *loaded)
{
    int i;

    for (i = 0; i < loaded->notice_count; i++) {
        const nts_notice_t *notice = &loaded->notices[i];

        if (notice->side == NTS_EXTERNAL && (!notice->intent || notice->made_elsewhere) &&
            notice->kind &&
            (!strcmp(notice->kind, "change.i") || !strcmp(notice->kind, "change.k"))) {
            return 1;
        }
    }
    return 0;
}

/* S4.4: a row that was made under the key is a new record; once its own job has linked it, the key is taken and the page is one whose row
 * is gone. Until then the page's job would give the page a stranger's values. What is told of it may have come since
 * all that is known here was loaded, above all after a pause (seed 448222 of the simulation). */
static nts_step_t decide_both_again(nts_job_t *job)
{
    if (!job->row_seen) {
        job->row_seen = 1;
        return nts_job_load(job, &job->spawn.target);
    }
    if (!is_told_of_new_row(job->loaded)) {
        return nts_job_decide_live(job);
    }
    return job->config->dry
               ? nts_job_plan_busy(job, "another record has the key of this one's row now")
               : nts_job_wait(job, 0); /* later each time: it may wait for a person */
}

/* Of a deleted record only the external side lives: under a key that others may use it is another record; else it is that one again. */
static nts_step_t decide_row_again(nts_job_t *job)
{
    if (!nts_job_traits(job, NTS_EXTERNAL)->reuses_keys) {
        return nts_job_is_outside(job) ? nts_job_end_well(job) : nts_job_restore(job, NTS_NOTION);
    }
    return job->undo || job->config->dry ? nts_job_end_well(job) : leave_key(job);
}

nts_step_t nts_job_decide_tombstone(nts_job_t *job)
{
    nts_presence_t n = job->view[NTS_NOTION].presence, e = job->view[NTS_EXTERNAL].presence;

    if (n == NTS_PRESENCE_LIVE && e == NTS_PRESENCE_LIVE) {
        return job->undo ? nts_job_decide_live(job) : decide_both_again(job);
    }
    if (n == NTS_PRESENCE_LIVE && nts_job_is_deleted(job, NTS_EXTERNAL) &&
        !nts_job_is_outside(job)) {
        return nts_job_restore(job, NTS_EXTERNAL);
    }
    if (n == NTS_PRESENCE_TRASHED && e == NTS_PRESENCE_LIVE) {
        return decide_row_again(job);
    }
    return nts_job_end_well(job);
}
