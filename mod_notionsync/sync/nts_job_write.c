/* nts_job_write.c - one write: intend, send, take the answer, settle (S3.3 to S3.6). */
#include "sync/nts_job_impl.h"

#include "base/nts_str.h"
#include "model/nts_reference.h"

#include <string.h>

static int pair_count(const nts_job_t *job)
{
    return job->config->mapping->pair_count;
}

static nts_value_t *new_values(nts_job_t *job)
{
    return apr_pcalloc(job->p, (apr_size_t)pair_count(job) * sizeof(nts_value_t));
}

/* What the write must still find there (S3.3), if it compares; else what its formatting is taken from (S5.6). The key is no column. */
static const nts_value_t *expected_values(const nts_job_t *job, nts_side_t side)
{
    int key = nts_mapping_key_pair(job->config->mapping);
    nts_value_t *values;

    if (!job->view[side].record) {
        return NULL;
    }
    if (side == NTS_NOTION || key < 0) {
        return job->view[side].record->values;
    }
    values = apr_pmemdup(job->p, job->view[side].record->values,
                         (apr_size_t)pair_count(job) * sizeof(*values));
    values[key] = nts_value_absent;
    return values;
}

/* What goes along with values of the other side (nts_ask_t.beside). */
static const nts_value_t *values_beside(const nts_job_t *job, nts_side_t side)
{
    const nts_record_t *record = job->view[nts_side_other(side)].record;

    return record ? record->values : NULL;
}

/* Store the notes and @a entry with the link. */
static nts_step_t commit_entry(nts_job_t *job, nts_entry_t *entry, nts_job_state_t then)
{
    nts_commit_t *commit = &job->call.commit;
    nts_entry_t **entries =
        apr_pcalloc(job->p, (apr_size_t)(job->note_count + 1) * sizeof(nts_entry_t *));

    if (job->note_count) {
        memcpy(entries, job->notes, (apr_size_t)job->note_count * sizeof(nts_entry_t *));
    }
    entries[job->note_count] = entry;
    commit->link = job->link;
    commit->entries = entries;
    commit->entry_count = job->note_count + 1;
    nts_job_end_rulings(job, entry);
    return nts_job_commit(job, then);
}

static nts_step_t intend(nts_job_t *job, nts_entry_t *entry, nts_ask_kind_t kind)
{
    nts_ask_t *write = &job->write;

    if (job->config->dry) {
        return nts_job_plan_write(job, entry);
    }
    if (!nts_job_plan_fits(job, entry)) {
        return nts_job_plan_refuse(job);
    }
    if (nts_job_is_too_busy(job)) {
        return nts_job_wait(job, 0);
    }
    write->kind = kind;
    write->side = entry->side;
    write->mapping = job->config->mapping;
    write->intent = entry->intent;
    write->id = entry->side == NTS_NOTION ? entry->page : entry->key;
    job->entry = entry;
    job->call = (nts_call_t){ 0 };
    if (kind == NTS_ASK_REMOVE && !entry->undoes && !job->spawn.approved &&
        !nts_job_is_ruled(job)) {
        job->call.commit.counts_as_delete = 1;
        job->call.commit.delete_limit_percent = job->config->mapping->delete_limit_percent;
    }
    job->call.commit.image_told = write->image ? job->loaded->told : 0;
    return commit_entry(job, entry, NTS_JOB_INTENDED);
}

const char *nts_job_field_name(const nts_job_t *job, const nts_pair_t *pair)
{
    static const char *const arrows[] = { "<->", "->", "<-" };

    return apr_psprintf(job->p, "%s %s %s", pair->notion, arrows[pair->direction], pair->external);
}

static void add_field(nts_job_t *job, nts_entry_t *entry, int index, const nts_decision_t *d)
{
    const nts_pair_t *pair = &job->config->mapping->pairs[index];
    nts_entry_field_t *fields =
        apr_pcalloc(job->p, (apr_size_t)(entry->field_count + 1) * sizeof(*fields));
    nts_entry_field_t *field = &fields[entry->field_count];
    nts_side_t far = nts_side_other(entry->side);

    if (entry->field_count) {
        memcpy(fields, entry->fields, (apr_size_t)entry->field_count * sizeof(*fields));
    }
    field->pair = pair->id;
    field->name = nts_job_field_name(job, pair);
    field->agreed = d->agreed;
    field->before = d->common[entry->side];
    field->after = d->want;
    field->sent = d->native[entry->side];
    field->other = job->view[far].record ? job->view[far].record->values[index] : nts_value_absent;
    field->lost = d->lost;
    field->reason = d->reason;
    entry->fields = fields;
    entry->field_count++;
}

/* S5.8: in a circle of records that wait for each other's values none can be written alone. */
static void take_company(nts_job_t *job, nts_side_t side)
{
    if (side == NTS_EXTERNAL && !job->undo && !job->spawn.approved) {
        job->write.company = job->loaded->company;
        job->write.company_count = job->loaded->company_count;
    }
}

nts_step_t nts_job_write_fields(nts_job_t *job, nts_side_t side)
{
    nts_entry_t *entry = nts_job_new_entry(job, NTS_ENTRY_UPDATE, side, 0);
    nts_value_t *values = new_values(job);
    int with_body = side == NTS_EXTERNAL || nts_job_writes_body_alone(job);
    int i;

    if (nts_job_is_by_undo(job)) {
        entry->undoes = job->undo->entry->id;
    }
    for (i = 0; i < pair_count(job); i++) {
        if (nts_job_is_body(job, i) && !with_body) {
            continue;
        }
        if (job->decisions[i].verdict == NTS_VERDICT_WRITE && job->decisions[i].write[side]) {
            values[i] = job->decisions[i].native[side];
            add_field(job, entry, i, &job->decisions[i]);
        }
    }
    job->write = (nts_ask_t){ 0 };
    job->write.values = values;
    job->write.expected = expected_values(job, side);
    job->write.beside = values_beside(job, side);
    take_company(job, side);
    return intend(job, entry, NTS_ASK_UPDATE);
}

/* In the common domain, and as it is sent. Of a list of references what can be carried. */
static apr_status_t copy_value(nts_job_t *job, const nts_pair_t *pair, nts_side_t side,
                               const nts_value_t *value, nts_decision_t *d)
{
    apr_status_t rv;

    if (nts_domain_is_reference_list(pair->domain)) {
        return nts_merge_copy_references(d, pair, side, value, job->p);
    }
    rv = nts_domain_project(&d->want, pair->domain, nts_side_other(side), value, &d->outcome,
                            job->p);
    return rv == APR_SUCCESS ? nts_domain_render(&d->native[side], pair->domain, side, &d->want,
                                                 &d->outcome, job->p)
                             : rv;
}

/* The source's value for a field that the copy does not have yet; non-zero if there is one to send. */
static int value_for_copy(nts_job_t *job, int index, nts_side_t side, nts_decision_t *d)
{
    const nts_pair_t *pair = &job->config->mapping->pairs[index];
    nts_side_t from = nts_side_other(side);
    const nts_value_t *value = &job->view[from].record->values[index];
    nts_decision_t probe;

    *d = (nts_decision_t){ 0 };
    if (!pair->domain || pair->computed[side] ||
        pair->direction == (side == NTS_NOTION ? NTS_TO_EXTERNAL : NTS_TO_NOTION)) {
        return 0;
    }
    if (copy_value(job, pair, side, value, d) != APR_SUCCESS) {
        d->verdict = value->kind == NTS_VALUE_ABSENT ? NTS_VERDICT_UNREAD : NTS_VERDICT_STUCK;
        return 0;
    }
    probe = *d;
    probe.verdict = NTS_VERDICT_WRITE;
    probe.write[side] = 1;
    nts_job_hide_reference(job, index, &probe);
    nts_job_guard_body(job, index, &probe);
    if (pair->is_body && side == NTS_NOTION) { /* once the page is there (S5.9) */
        *d = d->want.kind == NTS_VALUE_NULL ? *d : probe;
        return 0;
    }
    *d = probe.verdict == NTS_VERDICT_STUCK ? probe : *d;
    return probe.verdict == NTS_VERDICT_WRITE;
}

nts_step_t nts_job_create_on(nts_job_t *job, nts_side_t side)
{
    nts_value_t *values = new_values(job);
    nts_entry_t *entry;
    nts_step_t step;
    int i;

    if (side == NTS_EXTERNAL && nts_job_show_body(job, &step)) {
        return step;
    }
    entry = nts_job_new_entry(job, NTS_ENTRY_CREATE, side, 0);
    entry->note = nts_job_record_reason(job);
    for (i = 0; i < pair_count(job); i++) {
        if (value_for_copy(job, i, side, &job->decisions[i])) {
            values[i] = job->decisions[i].native[side];
            add_field(job, entry, i, &job->decisions[i]);
        }
    }
    job->write = (nts_ask_t){ 0 };
    job->write.values = values;
    job->write.beside = values_beside(job, side);
    return intend(job, entry, NTS_ASK_CREATE);
}

nts_step_t nts_job_remove(nts_job_t *job, nts_side_t side)
{
    nts_view_t *view = &job->view[side];
    nts_entry_t *entry;

    if (!nts_job_traits(job, side)->has_trash && !view->record->image) {
        return nts_job_read(job, side, 1, 0); /* S4.3: the whole row is kept */
    }
    if (!nts_job_is_sendable(job, side)) {
        return nts_job_read(job, side, 0, 1);
    }
    entry = nts_job_new_entry(job, NTS_ENTRY_REMOVE, side, 0);
    /* The row as it is, or was: whoever has its key by then, the record comes back from its own image. */
    entry->image = !nts_job_traits(job, side)->has_trash   ? view->record->image
                   : nts_job_is_deleted(job, NTS_EXTERNAL) ? job->loaded->tombstone_image
                                                           : NULL;
    entry->taken =
        nts_job_traits(job, side)->has_trash && entry->image ? job->loaded->tombstone_taken : NULL;
    entry->note = nts_job_is_ruled(job)                      ? nts_job_record_reason(job)
                  : !job->undo || job->undo_done             ? "deleted on the other side"
                  : job->undo->entry->op == NTS_ENTRY_CREATE ? NTS_NOTE_UNDO_CREATE
                                                             : NTS_NOTE_UNDO_RESTORE;
    if (job->undo && nts_job_is_by_undo(job)) {
        entry->undoes = job->undo->entry->id;
    }
    job->write = (nts_ask_t){ 0 };
    job->write.expected = expected_values(job, side);
    return intend(job, entry, NTS_ASK_REMOVE);
}

nts_step_t nts_job_restore(nts_job_t *job, nts_side_t side)
{
    int is_made_again = !nts_job_traits(job, side)->has_trash;
    const nts_ruling_t *ruling;
    nts_entry_t *entry;
    nts_step_t step;

    if (is_made_again && (!job->loaded->tombstone_image || nts_job_key_is_taken(job)) &&
        !nts_job_is_ruled(job)) {
        ruling = nts_job_rule_record(job, "delete", NTS_CHOICE_DELETE, NTS_CHOICE_RESTORE);
        if (ruling) {
            return ruling->choice == NTS_CHOICE_DELETE ? nts_job_remove(job, nts_side_other(side))
                                                       : nts_job_bring_back(job, side);
        }
        nts_outcome_set(&job->outcome, job->p, NTS_REMEDY_PERSON, "held.restore",
                        "the external record was deleted, the page lives, and %s",
                        nts_job_key_is_taken(job) ? "another record has its key now"
                                                  : "no image of the row was kept");
        job->outcome.advice =
            "insert the row again under its key; or approve: delete the page too, or "
            "restore: a new row is made of it";
        return nts_job_trouble(job, NTS_TROUBLE_HELD);
    }
    if (is_made_again && nts_job_hold_alone(job, &step)) {
        return step;
    }
    if (!nts_job_is_sendable(job, side)) {
        return nts_job_read(job, side, 0, 1);
    }
    entry = nts_job_new_entry(job, NTS_ENTRY_RESTORE, side, 0);
    entry->key = entry->key ? entry->key : job->loaded->image_key;
    entry->note = nts_job_is_by_undo(job) ? "undo of a delete"
                  : nts_job_is_ruled(job) ? nts_job_record_reason(job)
                  : job->link->state == NTS_LINK_TOMBSTONE
                      ? "restored on the other side"
                      : "deleted here, but edited on the other side since";
    if (nts_job_is_by_undo(job)) {
        entry->undoes = job->undo->entry->id;
    }
    job->write = (nts_ask_t){ 0 };
    job->write.image = is_made_again ? job->loaded->tombstone_image : NULL;
    return intend(job, entry, NTS_ASK_RESTORE);
}

/* S4.2: not for the hour to pass: for a person. */
static nts_step_t hold_delete(nts_job_t *job, const char *why)
{
    nts_outcome_set(&job->outcome, job->p, NTS_REMEDY_PERSON, NTS_HELD_DELETE_LIMIT,
                    "the delete is held: %s", why ? why : "the hourly limit");
    job->outcome.advice = "approve it (delete), or restore the record";
    job->entry = NULL;
    return nts_job_trouble(job, NTS_TROUBLE_HELD);
}

nts_step_t nts_job_intended(nts_job_t *job, const nts_reply_t *reply)
{
    int is_timed;

    if (reply->committed == NTS_COMMIT_LIMIT) {
        return hold_delete(job, reply->commit_words);
    }
    job->note_count = 0;
    job->pairing = 0; /* stored */
    nts_job_rulings_stored(job);
    job->key_was = job->link->key;
    job->call = (nts_call_t){ 0 };
    is_timed =
        !nts_job_traits(job, job->entry->side)->compares && job->entry->op != NTS_ENTRY_CREATE;
    if (is_timed &&
        !(nts_job_is_body_entry(job, job->entry) ? nts_job_is_body_fresh(job)
                                                 : nts_job_is_recent(job, job->entry->side))) {
        /* S3.1: too old by now. The intent is closed; the record begins again. */
        nts_outcome_set(&job->outcome, job->p, NTS_REMEDY_RETRY, "notion.read_too_old",
                        "the page was read too long before the write could be sent");
        job->entry->state = NTS_ENTRY_NOT_APPLIED;
        nts_job_undo_failed(job);
        return commit_entry(job, job->entry, NTS_JOB_NOT_APPLIED);
    }
    job->call.ask = job->write;
    if (is_timed) {
        apr_time_t answered = nts_job_is_body_entry(job, job->entry)
                                  ? job->body.answered
                                  : job->view[job->entry->side].answered;

        job->call.ask.send_within = answered + NTS_READ_FRESH + 1 - job->now;
    }
    return nts_job_ask(job, NTS_JOB_WRITTEN);
}

static int pair_index(const nts_job_t *job, apr_int64_t pair)
{
    int i;

    for (i = 0; i < pair_count(job); i++) {
        if (job->config->mapping->pairs[i].id == pair) {
            return i;
        }
    }
    return -1;
}

/* S3.5: only fields that were sent may settle; all others are compared with their bases later. @a record NULL: applied, but not shown.
 * Then what was sent is what was agreed, and what differs by the time it is read is an edit: without that a row that was edited
 * meanwhile had nothing to be compared with, and was held (seed 20647). */
static void settle_fields(nts_job_t *job, const nts_entry_t *entry, const nts_record_t *record,
                          apr_time_t sent_at)
{
    nts_side_t far = nts_side_other(entry->side);
    int f;

    for (f = 0; f < entry->field_count; f++) {
        const nts_entry_field_t *field = &entry->fields[f];
        int i = pair_index(job, field->pair);

        apr_time_t shown = i >= 0 && job->view[far].sent ? nts_job_shown_at(job, far, i) : 0;
        apr_time_t other_at = shown ? shown : entry->at;

        if (i >= 0) { /* S5.7: a pair that was removed from the configuration has no base */
            (void)nts_merge_settle(nts_link_base_make(job->link, field->pair, job->p),
                                   &job->config->mapping->pairs[i], entry->side, &field->sent,
                                   &field->before, record ? &record->values[i] : &field->sent,
                                   &field->other, sent_at, other_at, job->p);
        }
    }
}

static int has_note(const nts_entry_t *entry, const char *note)
{
    return entry->note && !strcmp(entry->note, note);
}

/* What came back with the record, so that an undo can tell what was edited since. */
static void keep_restored(nts_job_t *job, nts_entry_t *entry, const nts_record_t *record)
{
    nts_entry_field_t *fields = apr_pcalloc(job->p, (apr_size_t)pair_count(job) * sizeof(*fields));
    int i, n = 0;

    for (i = 0; i < pair_count(job); i++) {
        const nts_pair_t *pair = &job->config->mapping->pairs[i];

        if (pair->domain && !pair->is_key &&
            nts_domain_project(&fields[n].after, pair->domain, entry->side, &record->values[i],
                               NULL, job->p) == APR_SUCCESS) {
            fields[n].pair = pair->id;
            fields[n++].name = nts_job_field_name(job, pair);
        }
    }
    entry->fields = fields;
    entry->field_count = n;
}

/* A row was last seen no later than it was deleted, also if our clock was set back since: else its image counts as a former row's (seed
 * 81054 of the simulation). */
static void end_seen(nts_link_t *link, nts_side_t side, apr_time_t gone)
{
    int i;

    for (i = 0; i < link->base_count; i++) {
        apr_time_t *seen = &link->bases[i].seen[side];

        *seen = *seen > gone ? gone : *seen;
    }
}

void nts_job_settle_entry(nts_job_t *job, nts_entry_t *entry, const nts_record_t *record,
                          apr_time_t sent_at)
{
    nts_link_t *link = job->link;

    entry->state = NTS_ENTRY_APPLIED;
    job->settled_writes[entry->side]++;
    settle_fields(job, entry, record, sent_at);
    switch (entry->op) {
    case NTS_ENTRY_CREATE:
        if (record) {
            *nts_link_id(link, entry->side) = record->id;
        }
        link->state = NTS_LINK_ACTIVE;
        entry->page = link->page;
        entry->key = link->key;
        break;
    case NTS_ENTRY_REMOVE:
        end_seen(link, entry->side, entry->at);
        link->state = has_note(entry, NTS_NOTE_UNDO_CREATE)    ? NTS_LINK_IGNORED
                      : has_note(entry, NTS_NOTE_UNDO_RESTORE) ? link->state
                                                               : NTS_LINK_TOMBSTONE;
        if (link->state == NTS_LINK_IGNORED && nts_job_traits(job, entry->side)->reuses_keys) {
            *nts_link_id(link, entry->side) =
                NULL; /* whoever uses it again makes a new record (S4.4) */
        }
        break;
    case NTS_ENTRY_RESTORE:
        if (record) {
            keep_restored(job, entry, record);
        }
        /* It had no key if it was ignored; one that it got since the row was written is newer (S4.4). */
        if (record && entry->side == NTS_EXTERNAL &&
            (!link->key || nts_str_same(link->key, entry->key))) {
            link->key = record->id;
        }
        /* A row is restored for a living page, so the record lives again, and its key is not free any more. A
         * page may be restored for a row that has yet to follow (undo of a delete). */
        link->state = entry->side == NTS_EXTERNAL || link->state == NTS_LINK_IGNORED
                          ? NTS_LINK_ACTIVE
                          : link->state;
        break;
    case NTS_ENTRY_UPDATE:
        /* S4.4: a field of it is the row's key, or a trigger gave it another one. That of a change told of since is newer. */
        if (record && entry->side == NTS_EXTERNAL && nts_str_same(link->key, entry->key)) {
            link->key = entry->key = record->id;
        }
        break;
    default:
        break;
    }
    job->dirty = 1;
}

/* Where no intents are kept nothing else proves what became of a write: not to be forgotten if it cannot be stored at once. */
static void hear(nts_job_t *job, const nts_record_t *record, apr_time_t sent)
{
    if (!nts_job_traits(job, job->entry->side)->keeps_intents) {
        job->heard = job->entry->intent;
        job->heard_record = record;
        job->heard_note = job->entry->note;
        job->heard_sent = sent;
    }
}

static nts_step_t write_happened(nts_job_t *job, const nts_answer_t *answer)
{
    nts_entry_t *entry = job->entry;
    nts_side_t side = entry->side;

    if (entry->op == NTS_ENTRY_REMOVE && side == NTS_EXTERNAL) {
        entry->taken = answer->taken;
    }
    nts_job_settle_entry(job, entry, answer->record, answer->sent_at);
    job->writes[side]++;
    if (answer->record && nts_job_is_body_entry(job, entry)) {
        hear(job, answer->record, answer->sent_at);
        nts_job_body_written(job, answer);
    }
    else if (answer->record) {
        hear(job, answer->record, answer->sent_at);
        nts_job_take_view(job, side, answer);
        if (entry->op == NTS_ENTRY_REMOVE && !nts_job_traits(job, side)->has_trash) {
            job->view[side].presence = NTS_PRESENCE_GONE;
        }
        if (entry->op == NTS_ENTRY_RESTORE) {
            job->view[NTS_NOTION].presence =
                NTS_PRESENCE_UNKNOWN; /* alone first (S2.7): then afresh */
        }
    }
    else if (entry->op == NTS_ENTRY_REMOVE) {
        job->view[side].presence =
            nts_job_traits(job, side)->has_trash ? NTS_PRESENCE_TRASHED : NTS_PRESENCE_GONE;
    }
    else { /* created, says a 503 that names it (S3.7), or an answer without the record: read it */
        if (entry->op == NTS_ENTRY_CREATE && answer->id) {
            *nts_link_id(job->link, side) = answer->id;
            entry->page = job->link->page;
            entry->key = job->link->key;
        }
        job->view[side].presence = NTS_PRESENCE_UNKNOWN;
    }
    nts_job_keep(job,
                 entry); /* stored with the next intent, or with the end: one transaction (S3.6) */
    return nts_job_decide(job);
}

static int is_outcome(const nts_answer_t *answer, const char *code)
{
    return answer->outcome.code && !strcmp(answer->outcome.code, code);
}

/* One value was refused, and it is said of which field: the others of the record are written without it. Non-zero if it is so. */
static int set_aside(nts_job_t *job, const nts_answer_t *answer)
{
    nts_side_t side = job->entry->side;
    nts_outcome_t **unfit = &job->unfit[side];
    int i;

    if (answer->result != NTS_RESULT_REFUSED || !answer->outcome.field ||
        !nts_job_traits(job, side)->names_refused || job->rounds + 1 >= NTS_ROUNDS_MAX) {
        return 0;
    }
    for (i = 0; i < pair_count(job); i++) {
        if (job->decisions[i].native[side].kind != NTS_VALUE_ABSENT &&
            !strcmp(nts_pair_field(&job->config->mapping->pairs[i], side), answer->outcome.field)) {
            break;
        }
    }
    if (i == pair_count(job)) {
        return 0;
    }
    if (!*unfit) {
        *unfit = apr_pcalloc(job->p, (apr_size_t)pair_count(job) * sizeof(**unfit));
    }
    if ((*unfit)[i].remedy != NTS_REMEDY_NONE) {
        return 0; /* it was not in the write: the refusal is of something else */
    }
    nts_outcome_copy(&(*unfit)[i], &answer->outcome, job->p);
    return 1;
}

/* S5.2: the write as a whole is refused for the references in it; without them it can go on. */
static int is_refused_reference(const nts_answer_t *answer)
{
    return is_outcome(answer, NTS_REFERENCE_HIDDEN) || is_outcome(answer, NTS_REFERENCE_ROOM);
}

/* Certain: nothing happened. The intent is closed, then the record begins again or parks. */
static nts_step_t write_did_not_happen(nts_job_t *job, const nts_answer_t *answer)
{
    nts_result_t result = answer->result;

    job->entry->state = NTS_ENTRY_NOT_APPLIED;
    job->entry->note =
        answer->outcome.what ? nts_outcome_text(&answer->outcome, job->p) : nts_result_name(result);
    hear(job, NULL, answer->sent_at);
    job->outcome = answer->outcome;
    if (is_refused_reference(answer)) {
        nts_outcome_copy(&job->hidden, &answer->outcome, job->p);
        job->hidden_side = job->entry->side;
    }
    if (result == NTS_RESULT_REFUSED && nts_job_is_body_entry(job, job->entry)) {
        nts_job_refuse_body(job, answer);
        job->call = (nts_call_t){ 0 };
        nts_job_undo_failed(job);
        return commit_entry(job, job->entry, NTS_JOB_NOT_APPLIED);
    }
    if (set_aside(job, answer) || result == NTS_RESULT_STALE || result == NTS_RESULT_GONE ||
        result == NTS_RESULT_MISSING || result == NTS_RESULT_TRASHED ||
        is_refused_reference(answer) || is_outcome(answer, NTS_REFERENCE_GONE)) {
        job->call = (nts_call_t){ 0 };
        nts_job_undo_failed(job);
        return commit_entry(job, job->entry, NTS_JOB_NOT_APPLIED); /* decide again by fresh reads */
    }
    nts_job_keep(job, job->entry);
    if (result == NTS_RESULT_REFUSED) {
        /* S5.8: the others did not come in time, or could not: nobody else would have it tried again. */
        if (job->outcome.remedy == NTS_REMEDY_NONE ||
            (job->outcome.remedy == NTS_REMEDY_WAIT && job->outcome.blocker &&
             job->write.company_count)) {
            job->outcome.remedy = NTS_REMEDY_RETRY;
        }
        /* S2.7: a record whose place is taken comes back as a person says. */
        return nts_job_trouble(job, job->entry->op == NTS_ENTRY_RESTORE ? NTS_TROUBLE_HELD
                                                                        : NTS_TROUBLE_PARKED);
    }
    return nts_job_not_now(job, answer); /* the service is busy or out of order */
}

nts_step_t nts_job_written(nts_job_t *job, const nts_answer_t *answer)
{
    switch (answer->result) {
    case NTS_RESULT_OK:
        return write_happened(job, answer);
    case NTS_RESULT_UNKNOWN:
        /* S3.7: the intent stays pending; recovery judges it when there can be no more surprises. Where intents are kept
         * it can be asked about at once. */
        job->outcome = answer->outcome;
        if (nts_job_traits(job, job->entry->side)->keeps_intents) {
            return nts_job_wait(job, job->now + apr_time_from_sec(1));
        }
        if (job->entry->op == NTS_ENTRY_CREATE &&
            answer->sent_at > job->entry->at + NTS_SENT_LATE) {
            return nts_job_sent_late(job, answer->sent_at);
        }
        return nts_job_wait(job, job->entry->at + NTS_FATE_WAIT);
    case NTS_RESULT_GONE:
        if (job->entry->op == NTS_ENTRY_REMOVE) {
            return write_happened(job, answer); /* somebody else deleted it: the same end */
        }
        break;
    default:
        break;
    }
    return write_did_not_happen(job, answer);
}
