/* nts_job.c - stepping a job: load, read, and the ways to end. */
#include "sync/nts_job_impl.h"

#include <string.h>

#include "base/nts_str.h"

nts_job_t *nts_job_create(const nts_job_config_t *config, const nts_spawn_t *spawn,
                          const nts_undo_t *undo, apr_pool_t *p)
{
    nts_job_t *job = apr_pcalloc(p, sizeof(*job));

    job->config = config;
    job->p = p;
    job->spawn = *spawn;
    job->undo = undo;
    job->decisions =
        apr_pcalloc(p, (apr_size_t)config->mapping->pair_count * sizeof(*job->decisions));
    return job;
}

void nts_loaded_from_clock(nts_loaded_t *loaded, nts_side_t side, const nts_skew_t *skew,
                           apr_pool_t *p)
{
    nts_notice_t *notices =
        apr_pmemdup(p, loaded->notices, (apr_size_t)loaded->notice_count * sizeof(*notices));
    int i;

    for (i = 0; i < loaded->notice_count; i++) {
        if (notices[i].side == side) {
            notices[i].at = nts_skew_earliest(skew, notices[i].at);
        }
    }
    loaded->notices = notices;
}

const nts_call_t *nts_job_call(const nts_job_t *job)
{
    return &job->call;
}

apr_time_t nts_job_until(const nts_job_t *job)
{
    return job->until;
}

int nts_job_is_writing(const nts_job_t *job)
{
    return job->state == NTS_JOB_INTENDED || job->state == NTS_JOB_WRITTEN;
}

const nts_outcome_t *nts_job_outcome(const nts_job_t *job)
{
    return &job->outcome;
}

int nts_job_misses_person(const nts_job_t *job)
{
    int i;

    for (i = 0; job->decisions && i < job->config->mapping->pair_count; i++) {
        const nts_decision_t *d = &job->decisions[i];

        if (d->verdict == NTS_VERDICT_STUCK && d->outcome.code &&
            !strcmp(d->outcome.code, NTS_DOMAIN_PERSON)) {
            return 1;
        }
    }
    return 0;
}

const nts_outcome_t *nts_job_refused(const nts_job_t *job)
{
    return &job->refused;
}

const int *nts_job_writes(const nts_job_t *job)
{
    return job->writes;
}

const nts_traits_t *nts_job_traits(const nts_job_t *job, nts_side_t side)
{
    return job->config->mapping->traits[side];
}

const char *nts_job_id_on(const nts_job_t *job, nts_side_t side)
{
    return *nts_link_id(job->link, side);
}

int nts_job_is_deleted(const nts_job_t *job, nts_side_t side)
{
    return job->view[side].presence == NTS_PRESENCE_GONE ||
           job->view[side].presence == NTS_PRESENCE_TRASHED;
}

int nts_job_key_is_taken(const nts_job_t *job)
{
    const nts_link_t *other = job->loaded->counterpart;

    return job->link->state == NTS_LINK_TOMBSTONE && job->link->key && other && other->key &&
           !strcmp(other->key, job->link->key);
}

nts_ask_t *nts_job_new_ask(nts_job_t *job, nts_ask_kind_t kind, nts_side_t side)
{
    job->call = (nts_call_t){ 0 };
    job->call.ask.kind = kind;
    job->call.ask.side = side;
    job->call.ask.mapping = job->config->mapping;
    return &job->call.ask;
}

nts_step_t nts_job_ask(nts_job_t *job, nts_job_state_t then)
{
    job->call.kind = NTS_CALL_ASK;
    job->state = then;
    return NTS_STEP_CALL;
}

nts_step_t nts_job_commit(nts_job_t *job, nts_job_state_t then)
{
    job->call.kind = NTS_CALL_COMMIT;
    job->call.commit.key_was = job->key_was;
    if (job->view[NTS_EXTERNAL].presence == NTS_PRESENCE_LIVE && job->view[NTS_EXTERNAL].record) {
        job->call.commit.row_intent = job->view[NTS_EXTERNAL].record->intent;
        job->call.commit.row_read = job->view[NTS_EXTERNAL].sent;
    }
    if (job->call.commit.link) {
        job->call.commit.link->touched = job->now;
    }
    job->state = then;
    return NTS_STEP_CALL;
}

nts_step_t nts_job_load(nts_job_t *job, const nts_target_t *target)
{
    job->call = (nts_call_t){ 0 };
    job->call.kind = NTS_CALL_LOAD;
    job->call.load = *target;
    job->state = NTS_JOB_LOADED;
    return NTS_STEP_CALL;
}

nts_step_t nts_job_read(nts_job_t *job, nts_side_t side, int want_image, int follow_writes)
{
    nts_ask_t *ask = nts_job_new_ask(job, NTS_ASK_READ, side);

    ask->id = nts_job_id_on(job, side);
    ask->want_image = want_image;
    ask->follow_writes = follow_writes;
    job->reading = side;
    return nts_job_ask(job, NTS_JOB_READ);
}

void nts_job_keep(nts_job_t *job, nts_entry_t *entry)
{
    nts_entry_t **grown =
        apr_pcalloc(job->p, (apr_size_t)(job->note_count + 1) * sizeof(nts_entry_t *));

    if (job->note_count) {
        memcpy(grown, job->notes, (apr_size_t)job->note_count * sizeof(nts_entry_t *));
    }
    grown[job->note_count++] = entry;
    job->notes = grown;
}

nts_entry_t *nts_job_new_entry(nts_job_t *job, nts_entry_op_t op, nts_side_t side, int note)
{
    nts_entry_t *entry = apr_pcalloc(job->p, sizeof(*entry));

    entry->intent = nts_random_uuid(job->config->random, job->p);
    entry->link = job->link->id;
    entry->op = op;
    entry->side = side;
    entry->state = note ? NTS_ENTRY_NOTED : NTS_ENTRY_PENDING;
    entry->at = job->now;
    entry->page = job->link->page;
    entry->key = job->link->key;
    entry->cause = job->config->cause;
    entry->run = job->config->run;
    if (note) {
        nts_job_keep(job, entry);
    }
    return entry;
}

static nts_step_t end(nts_job_t *job, nts_step_t step)
{
    job->state = NTS_JOB_ENDED;
    return step;
}

/* Later: the notices stay unsettled, but what was written already is stored. */
static nts_step_t end_unsettled(nts_job_t *job, nts_step_t step)
{
    job->settled_count = 0;
    if (job->pairing) {
        return end(job, step); /* not stored yet, and not looked at whole */
    }
    return job->note_count ? nts_job_finish(job, step) : end(job, step);
}

nts_step_t nts_job_wait(nts_job_t *job, apr_time_t until)
{
    if (job->config->dry) {
        return nts_job_plan_busy(job, "an earlier write has to be settled first");
    }
    job->until = until;
    return end_unsettled(job, NTS_STEP_WAIT);
}

nts_step_t nts_job_leave(nts_job_t *job)
{
    int awaits_commit = job->call.kind == NTS_CALL_COMMIT;

    return awaits_commit || job->config->dry ? end(job, NTS_STEP_WAIT)
                                             : end_unsettled(job, NTS_STEP_WAIT);
}

nts_step_t nts_job_not_now(nts_job_t *job, const nts_answer_t *answer)
{
    job->outcome = answer->outcome;
    job->until = answer->outcome.retry_at;
    return end_unsettled(job,
                         answer->result == NTS_RESULT_BLOCKED ? NTS_STEP_BLOCKED : NTS_STEP_WAIT);
}

/* A record nobody linked and that is in no trouble needs no row. */
static int is_worth_storing(const nts_link_t *link)
{
    return link->id || link->trouble != NTS_TROUBLE_NONE || (link->page && link->key) ||
           link->state != NTS_LINK_NEW;
}

/* Fields that showed their base in an authoritative read: a later change's stamp begins here (S1). */
static void refresh_seen(nts_job_t *job)
{
    int i, side;

    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        const nts_view_t *view = &job->view[side];

        if (view->presence != NTS_PRESENCE_LIVE || view->candidate) {
            continue;
        }
        for (i = 0; i < job->config->mapping->pair_count; i++) {
            const nts_pair_t *pair = &job->config->mapping->pairs[i];
            nts_base_t *base = nts_link_base(job->link, pair->id);

            if (base && base->seen[side] < nts_job_shown_at(job, (nts_side_t)side, i) &&
                nts_value_equal(&base->value[side], &view->record->values[i])) {
                base->seen[side] = nts_job_shown_at(job, (nts_side_t)side, i);
            }
        }
    }
}

nts_step_t nts_job_finish(nts_job_t *job, nts_step_t step)
{
    nts_commit_t *commit = &job->call.commit;

    if (job->config->dry) {
        return nts_job_plan_rest(job, step);
    }
    if (job->pairing && !nts_job_plan_fits(job, NULL)) {
        return nts_job_plan_refuse(job);
    }
    if (step == NTS_STEP_DONE || step == NTS_STEP_TROUBLE) {
        nts_job_drop_rulings(job);
    }
    job->call = (nts_call_t){ 0 };
    nts_job_end_rulings(job, NULL);
    nts_job_see_body(job);
    if (!job->dirty && !job->settled_count && !job->note_count && !commit->ruled_count) {
        return end(job, step);
    }
    refresh_seen(job);
    if (job->link && is_worth_storing(job->link)) {
        commit->link = job->link;
        commit->link_forget = job->link->id && job->link->state == NTS_LINK_NEW &&
                              !job->link->page && !job->link->key;
        nts_job_keep_waits(job);
        nts_job_keep_mirrors(job);
    }
    commit->entries = job->notes;
    commit->entry_count = job->note_count;
    commit->settled = job->settled;
    commit->settled_count = job->settled_count;
    job->after_commit = step;
    return nts_job_commit(job, NTS_JOB_FINISHED);
}

/* Parked records come back by themselves, each time later: 30 s, 1 min, 2 min ... 1 h. */
static apr_time_t back_off(int attempts)
{
    int doublings = attempts < 8 ? attempts : 8;
    apr_interval_time_t wait = apr_time_from_sec(30) * (1 << doublings);

    return wait < apr_time_from_sec(3600) ? wait : apr_time_from_sec(3600);
}

nts_step_t nts_job_trouble(nts_job_t *job, nts_trouble_t trouble)
{
    nts_link_t *link = job->link;
    int moved, same;

    if (job->config->dry) {
        return nts_job_plan_trouble(job, trouble);
    }
    moved = nts_job_keep_issues(job);
    same = link->trouble == trouble && nts_str_same(link->outcome.code, job->outcome.code) &&
           nts_str_same(link->outcome.what, job->outcome.what) &&
           !(moved && trouble == NTS_TROUBLE_HELD);

    if (job->outcome.remedy == NTS_REMEDY_RETRY) {
        link->next_try =
            job->outcome.retry_at ? job->outcome.retry_at : job->now + back_off(link->attempts);
        job->outcome.retry_at = link->next_try;
        link->attempts++;
        job->dirty = 1;
    }
    else {
        link->next_try = 0;
        job->dirty |= !same || moved;
    }
    link->trouble = trouble;
    nts_outcome_copy(&link->outcome, &job->outcome, job->p);
    job->until = link->next_try;
    if (!same) {
        nts_entry_t *entry = nts_job_new_entry(
            job, trouble == NTS_TROUBLE_HELD ? NTS_ENTRY_HOLD : NTS_ENTRY_REFUSE, NTS_EXTERNAL, 1);

        entry->note = nts_outcome_text(&job->outcome, job->p);
    }
    return nts_job_finish(job, NTS_STEP_TROUBLE);
}

/* An unlinked key may be a linked record whose key was changed (S4.4): the store moves keys when it
 * takes the change, so what is loaded here is already right. */
static void take_loaded(nts_job_t *job, nts_loaded_t *loaded)
{
    int i;

    job->loaded = loaded;
    job->link = loaded->link ? nts_link_copy(loaded->link, job->p)
                             : apr_pcalloc(job->p, sizeof(*job->link));
    if (!loaded->link) {
        job->link->page = job->spawn.target.page;
        job->link->key = job->spawn.target.key;
    }
    job->key_was = loaded->link ? loaded->link->key : NULL;
    nts_job_take_rulings(job, loaded);
    job->settled =
        apr_pcalloc(job->p, (apr_size_t)(loaded->notice_count + 1) * sizeof(*job->settled));
    job->settled_count = loaded->notice_count;
    for (i = 0; i < loaded->notice_count; i++) {
        job->settled[i] = loaded->notices[i].id;
    }
    nts_job_plan_pair(job);
}

static nts_step_t start_reading(nts_job_t *job)
{
    job->view[NTS_NOTION] = job->view[NTS_EXTERNAL] = (nts_view_t){ 0 };
    job->body = (nts_job_body_t){ 0 };
    job->referrers = NULL;
    if (nts_job_key_is_taken(job)) {
        job->view[NTS_EXTERNAL].presence = NTS_PRESENCE_GONE;
        return nts_job_decide(job);
    }
    if (job->link->key) {
        return nts_job_look_at_external(job);
    }
    job->view[NTS_EXTERNAL].presence = NTS_PRESENCE_NONE;
    return nts_job_decide(job);
}

static nts_step_t loaded(nts_job_t *job, nts_loaded_t *loaded_now)
{
    int i;

    take_loaded(job, loaded_now);
    if (job->spawn.only_told && !loaded_now->notice_count && !loaded_now->pending_count &&
        !job->ruling_count) {
        return end(job, NTS_STEP_DONE); /* another job has seen to it */
    }
    if (job->link->state == NTS_LINK_IGNORED && !job->undo && !job->ruling_count &&
        !loaded_now->pending_count) {
        return nts_job_finish(job, NTS_STEP_DONE);
    }
    for (i = 0; i < loaded_now->pending_count && job->has_partner; i++) {
        if (loaded_now->pending[i].link != job->link->id) {
            return nts_job_wait(job,
                                job->now + NTS_LOOKUP_WAIT); /* the partner's: its own job asks */
        }
    }
    if (loaded_now->pending_count > 0 && job->config->dry) {
        return nts_job_plan_busy(job, "what became of an earlier write is not known yet");
    }
    if (loaded_now->pending_count > 0) {
        return nts_job_recover(job, &loaded_now->pending[0]);
    }
    return start_reading(job);
}

void nts_job_take_view(nts_job_t *job, nts_side_t side, const nts_answer_t *answer)
{
    nts_view_t *view = &job->view[side];

    *view = (nts_view_t){ 0 };
    view->sent = answer->sent_at;
    view->answered = answer->answered_at;
    view->record = answer->record;
    if (side == NTS_EXTERNAL && answer->referrers) {
        job->referrers = answer->referrers;
    }
    if (answer->result == NTS_RESULT_GONE) {
        view->presence = NTS_PRESENCE_GONE;
    }
    else if (answer->result == NTS_RESULT_MISSING || !answer->record || answer->record->elsewhere) {
        view->presence = NTS_PRESENCE_MISSING;
    }
    else {
        view->presence = answer->record->trashed ? NTS_PRESENCE_TRASHED : NTS_PRESENCE_LIVE;
    }
}

static nts_step_t was_read(nts_job_t *job, nts_side_t side, const nts_answer_t *answer)
{
    switch (answer->result) {
    case NTS_RESULT_OK:
    case NTS_RESULT_GONE:
    case NTS_RESULT_MISSING:
        nts_job_take_view(job, side, answer);
        return nts_job_decide(job);
    case NTS_RESULT_REFUSED:
    case NTS_RESULT_TRASHED:
        job->outcome = answer->outcome;
        return nts_job_trouble(job, NTS_TROUBLE_PARKED);
    case NTS_RESULT_STALE:
    case NTS_RESULT_NOT_DONE:
    case NTS_RESULT_UNKNOWN:
    case NTS_RESULT_BLOCKED:
        break;
    }
    return nts_job_not_now(job, answer);
}

static nts_step_t load_again(nts_job_t *job)
{
    nts_target_t target = { 0 };

    target.link = job->link->id;
    target.page = job->link->page;
    target.key = job->link->key;
    return nts_job_load(job, &target);
}

/* The link, or its key, was changed under us: begin again, a moment later; if that does not help, later and
 * later, as after any failure (seed 141 of the simulation: a key that somebody else holds for good). What became of a write is not
 * forgotten for that (seed 50182: for want of it, a later edit looked like a conflict). */
static nts_step_t clashed(nts_job_t *job, const nts_reply_t *reply)
{
    if (job->heard && job->link->id && !job->undo && !job->spawn.approved) {
        job->note_count = 0;
        return load_again(job);
    }
    nts_outcome_set(&job->outcome, job->p, NTS_REMEDY_RETRY, "store.clash",
                    "the record was linked or changed by another job meanwhile: %s",
                    reply->commit_words ? reply->commit_words : "started again");
    job->until = 0;
    return end(job, NTS_STEP_WAIT);
}

int nts_job_is_too_busy(nts_job_t *job)
{
    if (++job->rounds <= NTS_ROUNDS_MAX) {
        return 0;
    }
    nts_outcome_set(&job->outcome, job->p, NTS_REMEDY_RETRY, "record.busy",
                    "the record keeps changing while it is synced");
    return 1;
}

static nts_step_t committed(nts_job_t *job, const nts_reply_t *reply)
{
    nts_job_state_t state = job->state;

    if (reply->committed == NTS_COMMIT_CLASH) {
        return clashed(job, reply);
    }
    job->heard = NULL;
    switch (state) {
    case NTS_JOB_INTENDED:
        return nts_job_intended(job, reply);
    case NTS_JOB_RECOVERED:
    case NTS_JOB_NOT_APPLIED:
        job->note_count = 0;
        nts_job_rulings_stored(job);
        return nts_job_is_too_busy(job) ? nts_job_wait(job, 0) : load_again(job);
    case NTS_JOB_LEFT:
        job->note_count = 0;
        nts_job_rulings_stored(job);
        return nts_job_is_too_busy(job) ? nts_job_wait(job, 0)
                                        : nts_job_load(job, &job->spawn.target);
    default:
        return end(job, job->after_commit);
    }
}

nts_step_t nts_job_step(nts_job_t *job, const nts_reply_t *reply, apr_time_t now)
{
    job->now = now;
    switch (job->state) {
    case NTS_JOB_START:
        return nts_job_load(job, &job->spawn.target);
    case NTS_JOB_LOADED:
        return loaded(job, reply->loaded);
    case NTS_JOB_READ:
        return was_read(job, job->reading, reply->answer);
    case NTS_JOB_READ_BODY:
        return nts_job_body_read(job, reply->answer);
    case NTS_JOB_MATCH_FOUND:
        return nts_job_match_found(job, reply->answer);
    case NTS_JOB_MATCH_LINKS:
        return nts_job_match_links(job, reply);
    case NTS_JOB_MAKER_KNOWN:
        return nts_job_maker_known(job, reply);
    case NTS_JOB_ORIGIN_KNOWN:
        return nts_job_origin_known(job, reply);
    case NTS_JOB_PROVED:
        return nts_job_proved(job, reply->answer);
    case NTS_JOB_WRITTEN:
        return nts_job_written(job, reply->answer);
    case NTS_JOB_RECOVER_INTENT:
        return nts_job_recover_intent(job, reply->answer);
    case NTS_JOB_RECOVER_PAGE:
        return nts_job_recover_page(job, reply->answer);
    case NTS_JOB_RECOVER_FOUND:
        return nts_job_recover_found(job, reply->answer);
    case NTS_JOB_RECOVER_LINKS:
        return nts_job_recover_links(job, reply);
    case NTS_JOB_INTENDED:
    case NTS_JOB_NOT_APPLIED:
    case NTS_JOB_RECOVERED:
    case NTS_JOB_LEFT:
    case NTS_JOB_FINISHED:
        return committed(job, reply);
    case NTS_JOB_ENDED:
        break;
    }
    return NTS_STEP_DONE;
}
