/* nts_job_recover.c - what became of a write whose answer was never stored (S3.7).
 *
 * Where intents are kept a write is proven by its intent's id, which it stored in its own transaction. Notion keeps no
 * such proof: there, time must pass until the write can have no more surprises, then values are compared.
 */
#include "sync/nts_job_impl.h"

#include <string.h>

/* @a absorbed: a link of its own that the page found got meanwhile, in whose place this record's stands; or NULL. */
static nts_step_t store_verdict(nts_job_t *job, const nts_link_t *absorbed)
{
    job->call = (nts_call_t){ 0 };
    job->call.commit.absorb = absorbed ? absorbed->id : 0;
    job->call.commit.link = job->link->id ? job->link : NULL;
    job->call.commit.entries = apr_pmemdup(job->p, &job->entry, sizeof(nts_entry_t *));
    job->call.commit.entry_count = 1;
    return nts_job_commit(job, NTS_JOB_RECOVERED);
}

static nts_step_t wait_for_fate(nts_job_t *job, apr_time_t until)
{
    nts_outcome_set(
        &job->outcome, job->p, NTS_REMEDY_RETRY, "notion.fate_unknown",
        "Notion did not answer a write; it is judged when it can no longer arrive late");
    job->outcome.retry_at = until;
    return nts_job_wait(job, until);
}

/* All we made since the intent, and a while before it: our clock may have been set since it was last compared with Notion's (D56),
 * and a page that is not found is made twice. Which of them it is, is judged here. */
static nts_step_t find_created(nts_job_t *job)
{
    nts_ask_t *ask = nts_job_new_ask(job, NTS_ASK_FIND, job->entry->side);
    apr_time_t since = job->entry->at - NTS_CLOCK_SET;

    ask->listing.edited_since = since - since % NTS_MINUTE;
    return nts_job_ask(job, NTS_JOB_RECOVER_FOUND);
}

/* When the write was sent, at the latest: a clock that was set forward since would make the wait too short; and the process that is
 * gone may have sent a create, which waits its turn, just before another took its place. Other writes follow their read. */
static apr_time_t sent_by(const nts_job_t *job)
{
    const nts_job_config_t *config = job->config;
    apr_time_t sent = config->clock_set > job->entry->at ? config->clock_set : job->entry->at;

    return job->entry->op == NTS_ENTRY_CREATE && config->taken > sent ? config->taken : sent;
}

/* A create may wait for the budget, or for the service's Retry-After, for longer than it takes to be judged (seed 51177 of the
 * simulation: it was judged while it could still arrive, and repeated). From here on its time is when it was sent. */
nts_step_t nts_job_sent_late(nts_job_t *job, apr_time_t sent)
{
    job->entry->at = sent;
    return store_verdict(job, NULL);
}

nts_step_t nts_job_recover(nts_job_t *job, const nts_entry_t *pending)
{
    nts_side_t side;
    nts_ask_t *ask;

    if (pending->link && pending->link != job->link->id) {
        nts_target_t owner = { 0 };

        owner.link = pending->link; /* found by its id alone: a tombstone that is being restored */
        return nts_job_load(job, &owner);
    }
    job->entry = apr_pmemdup(job->p, pending, sizeof(*pending));
    job->settled_count = 0; /* notices are settled by the round that follows */
    if (job->heard && !strcmp(job->heard, job->entry->intent)) {
        job->heard = NULL; /* what was heard is tried once; then it is looked for */
        if (job->heard_record) {
            nts_job_settle_entry(job, job->entry, job->heard_record, job->heard_sent);
        }
        else {
            job->entry->state = NTS_ENTRY_NOT_APPLIED;
            job->entry->note = job->heard_note;
        }
        return store_verdict(job, NULL);
    }
    side = job->entry->side;
    if (nts_job_traits(job, side)->keeps_intents) {
        ask = nts_job_new_ask(job, NTS_ASK_INTENT, side);
        ask->intent = job->entry->intent;
        return nts_job_ask(job, NTS_JOB_RECOVER_INTENT);
    }
    if (job->now < sent_by(job) + NTS_FATE_WAIT) {
        return wait_for_fate(job, sent_by(job) + NTS_FATE_WAIT);
    }
    if (job->entry->op == NTS_ENTRY_CREATE) {
        if (job->entry->looked && job->now < job->entry->looked + NTS_LOOKUP_WAIT) {
            return wait_for_fate(job, job->entry->looked + NTS_LOOKUP_WAIT);
        }
        return find_created(job);
    }
    ask = nts_job_new_ask(job, nts_job_is_body_entry(job, job->entry) ? NTS_ASK_BODY : NTS_ASK_READ,
                          side);
    ask->id = side == NTS_NOTION ? job->entry->page : job->entry->key;
    return nts_job_ask(job, NTS_JOB_RECOVER_PAGE);
}

/* The database has forgotten it, applied or not. What both sides show decides over fields and deletes as ever; a create
 * that may have happened must not be repeated: a person, or match fields, must say which row it made, if any. */
static void judge_forgotten(nts_job_t *job)
{
    nts_link_t *link = job->link;

    job->entry->state = NTS_ENTRY_UNKNOWN;
    job->entry->note = "found too late: the database no longer knows what became of it";
    if (job->entry->op == NTS_ENTRY_CREATE && link->state == NTS_LINK_NEW) {
        link->trouble = NTS_TROUBLE_HELD;
        link->next_try = 0;
        nts_outcome_set(&link->outcome, job->p, NTS_REMEDY_PERSON, NTS_MATCH_AMBIGUOUS,
                        "a row was to be created for this page more than a week ago, and the "
                        "database no longer knows whether it was");
        link->outcome.advice = "look for the row: pair it with the page, or say that there is none";
    }
}

nts_step_t nts_job_recover_intent(nts_job_t *job, const nts_answer_t *answer)
{
    if (answer->result != NTS_RESULT_OK) {
        return nts_job_not_now(job, answer);
    }
    if (answer->applied) {
        job->entry->taken = answer->taken;
        nts_job_settle_entry(job, job->entry, answer->record, job->entry->at);
    }
    else if (job->now - job->entry->at >= NTS_INTENT_KEPT) {
        judge_forgotten(job);
    }
    else {
        job->entry->state = NTS_ENTRY_NOT_APPLIED;
    }
    return store_verdict(job, NULL);
}

/* What the page shows of the fields that were sent: judged one by one. */
static void judge_update(nts_job_t *job, const nts_record_t *record, apr_time_t read_at)
{
    const nts_mapping_t *mapping = job->config->mapping;
    nts_side_t side = job->entry->side;
    int f, i, after = 0, before = 0;

    for (f = 0; f < job->entry->field_count; f++) {
        const nts_entry_field_t *field = &job->entry->fields[f];
        nts_value_t now;

        for (i = 0; i < mapping->pair_count && mapping->pairs[i].id != field->pair; i++) {
        }
        if (i == mapping->pair_count || !mapping->pairs[i].domain ||
            nts_domain_project(&now, mapping->pairs[i].domain, side, &record->values[i], NULL,
                               job->p) != APR_SUCCESS) {
            continue;
        }
        if (nts_domain_equal(mapping->pairs[i].domain, &now, &field->after)) {
            (void)nts_merge_settle(nts_link_base_make(job->link, field->pair, job->p),
                                   &mapping->pairs[i], side, &field->sent, &field->before,
                                   &record->values[i], &field->other, read_at, job->entry->at,
                                   job->p);
            after++;
        }
        else if (nts_domain_equal(mapping->pairs[i].domain, &now, &field->before)) {
            before++;
        }
        else if (nts_link_base(job->link, field->pair)) {
            /* of a set, what arrived of it (seed 50019 of the simulation) */
            nts_merge_settle_members(nts_link_base(job->link, field->pair), &mapping->pairs[i],
                                     side, &field->before, &field->after, &now, &field->other,
                                     job->p);
        }
    }
    /* A field that shows neither keeps its base, and so counts as changed on both sides; of a set only members that do. */
    job->entry->state = after                               ? NTS_ENTRY_APPLIED
                        : before == job->entry->field_count ? NTS_ENTRY_NOT_APPLIED
                                                            : NTS_ENTRY_UNKNOWN;
}

nts_step_t nts_job_recover_page(nts_job_t *job, const nts_answer_t *answer)
{
    int trashed;

    if (answer->result == NTS_RESULT_MISSING || answer->result == NTS_RESULT_TRASHED ||
        (answer->result == NTS_RESULT_REFUSED && nts_job_is_body_entry(job, job->entry))) {
        job->entry->state = NTS_ENTRY_UNKNOWN;
        return store_verdict(job, NULL);
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
    return store_verdict(job, NULL);
}

nts_step_t nts_job_recover_found(nts_job_t *job, const nts_answer_t *answer)
{
    nts_step_t step;

    if (answer->result != NTS_RESULT_OK) {
        return nts_job_not_now(job, answer);
    }
    step = nts_job_look_up_found(job, job->entry->side, answer, NTS_JOB_RECOVER_LINKS);
    job->call.lookup_makers = 1;
    job->call.lookup_for = job->link->id;
    return step;
}

/* How much of what the intent sent it holds. What was sent empty is not compared: Notion may have put a default (a status). */
static void count_sent(const nts_job_t *job, const nts_record_t *page, int *held, int *sent)
{
    const nts_mapping_t *mapping = job->config->mapping;
    int f, i;

    *held = *sent = 0;
    for (f = 0; f < job->entry->field_count; f++) {
        const nts_entry_field_t *field = &job->entry->fields[f];
        nts_value_t now;

        for (i = 0; i < mapping->pair_count && mapping->pairs[i].id != field->pair; i++) {
            continue;
        }
        if (i == mapping->pair_count || !mapping->pairs[i].domain ||
            field->after.kind == NTS_VALUE_NULL) {
            continue;
        }
        ++*sent;
        *held += nts_domain_project(&now, mapping->pairs[i].domain, job->entry->side,
                                    &page->values[i], NULL, job->p) == APR_SUCCESS &&
                 nts_domain_equal(mapping->pairs[i].domain, &now, &field->after);
    }
}

/* S3.7: where pages carry keys, the key decides. A page with this record's key is its page, whatever else was
 * edited; one with another key is another's, or somebody changed the key. -1: it carries none, and what was sent
 * decides. */
static int carries_key(const nts_job_t *job, const nts_record_t *page)
{
    const char *key = job->entry->side == NTS_NOTION ? nts_job_key_on_page(job, page) : NULL;

    return !key || !job->entry->key ? -1 : !strcmp(key, job->entry->key);
}

/* Settled by its creation; what differs from what was sent is somebody's edit since, not a rewrite of ours. If nobody edited it, it is
 * what Notion filled in, which loses to an edit of the row (S3.5; seed 408629 of the simulation). */
static nts_step_t adopt(nts_job_t *job, const nts_record_t *page, const nts_link_t *page_link)
{
    int f;

    nts_job_settle_entry(job, job->entry, page, job->entry->at);
    for (f = 0; !page->untouched && f < job->entry->field_count; f++) {
        nts_base_t *base = nts_link_base(job->link, job->entry->fields[f].pair);

        if (base) {
            base->has_rewrite = 0;
        }
    }
    return store_verdict(job, page_link);
}

static nts_step_t park_ambiguous(nts_job_t *job, int count)
{
    nts_outcome_set(&job->outcome, job->p, NTS_REMEDY_RETRY, NTS_CREATE_AMBIGUOUS,
                    "Notion did not answer a create, and %d unlinked pages may be it", count);
    job->outcome.advice = "trash the doubles in Notion";
    return nts_job_trouble(job, NTS_TROUBLE_PARKED);
}

/* Made when the intent was, as far as clocks tell: Notion floors to the minute. */
static int is_of_its_time(const nts_job_t *job, const nts_record_t *page)
{
    return page->created >= job->entry->at - NTS_MINUTE - NTS_SKEW_NOTABLE &&
           page->created <= sent_by(job) + NTS_FATE_WAIT;
}

/* What nobody edited shows what was sent, but for what Notion makes of it, which is never most of it, nor the key. One that does not is what
 * another intent made, of a store of which this one is an older copy (seed 407 of the simulation, `status=1`: its record was filled with
 * another's values). */
static int is_of_another(const nts_record_t *page, int mine, int held, int sent)
{
    return page->untouched && (!mine || 2 * held < sent);
}

/* Unlinked pages that may be what the intent made: those that seem older than it, for our clock may have been set, only if there are
 * no others. */
typedef struct created_t {
    const nts_record_t *same[2]; /* holds all that was sent; 0: of its time, 1: older */
    const nts_link_t *same_link[2];
    int same_count[2];
    const nts_record_t *other[2]; /* edited since; if older, it has to hold most of what was sent */
    const nts_link_t *other_link[2];
    int other_count[2];
} created_t;

static void sort_page(created_t *c, const nts_job_t *job, const nts_record_t *page,
                      const nts_link_t *link)
{
    int mine = carries_key(job, page), held, sent, early;

    count_sent(job, page, &held, &sent);
    if (mine > 0 || (mine && held == sent)) {
        early = !is_of_its_time(job, page) && page->created < job->entry->at;
        c->same[early] = page;
        c->same_link[early] = link;
        c->same_count[early]++;
    }
    else if (!is_of_another(page, mine, held, sent) &&
             page->created <= sent_by(job) + NTS_FATE_WAIT) {
        early = !is_of_its_time(job, page);
        if (!early || (held && 2 * held >= sent)) {
            c->other[early] = page;
            c->other_link[early] = link;
            c->other_count[early]++;
        }
    }
}

static void sort_created(created_t *c, const nts_job_t *job, const nts_reply_t *reply)
{
    nts_side_t far = nts_side_other(job->entry->side);
    int i;

    for (i = 0; i < job->found_count; i++) {
        nts_link_t *link = i < reply->link_count ? reply->links[i] : NULL;

        if ((link && (link->state != NTS_LINK_NEW || *nts_link_id(link, far))) ||
            (reply->made_by_others && reply->made_by_others[i])) {
            continue;
        }
        sort_page(c, job, &job->found[i], link);
    }
    if (!c->same_count[0]) {
        c->same[0] = c->same[1];
        c->same_link[0] = c->same_link[1];
        c->same_count[0] = c->same_count[1];
    }
    if (!c->other_count[0]) {
        c->other[0] = c->other[1];
        c->other_link[0] = c->other_link[1];
        c->other_count[0] = c->other_count[1];
    }
}

/*
 * Whoever made an unlinked page of ours is an intent. One that holds all that was sent is this one's. If none does, one of its time
 * that was edited since may be it: taken if it is alone and no other intent could have made it.
 */
nts_step_t nts_job_recover_links(nts_job_t *job, const nts_reply_t *reply)
{
    created_t c = { 0 };
    int others, same_count, other_count;

    sort_created(&c, job, reply);
    same_count = c.same_count[0];
    other_count = c.other_count[0];
    /* Begun since all was loaded, too (seed 12786 of the simulation: the page of another record got this one's link). */
    others = job->loaded->creates_pending[job->entry->side] > 0 || reply->others_pending > 0;
    if (same_count == 1 || (!same_count && other_count == 1 && !others)) {
        return c.same[0] ? adopt(job, c.same[0], c.same_link[0])
                         : adopt(job, c.other[0], c.other_link[0]);
    }
    if (!same_count && other_count && others && job->now < job->entry->at + NTS_CLAIM_WAIT) {
        return wait_for_fate(job, job->now + NTS_LOOKUP_WAIT); /* most likely theirs */
    }
    if (same_count + other_count > 0) {
        return park_ambiguous(job, same_count ? same_count : other_count);
    }
    if (!job->entry->looked) {
        job->entry->looked = job->now; /* a second look, later: listings lag behind */
    }
    else {
        job->entry->state = NTS_ENTRY_NOT_APPLIED;
    }
    return store_verdict(job, NULL);
}
