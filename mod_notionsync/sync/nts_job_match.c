/* nts_job_match.c - a record that one side only shows: its partner is looked for, or made. */
#include "sync/nts_job_impl.h"

#include <string.h>

static nts_step_t nothing_to_do(nts_job_t *job)
{
    if (job->link->id && job->link->state == NTS_LINK_NEW) {
        job->link->page = job->link->key = NULL; /* forgotten by the last commit */
        job->dirty = 1;
    }
    return nts_job_finish(job, NTS_STEP_DONE);
}

/* Only @a side shows the record. */
static nts_step_t ask_for_match(nts_job_t *job, nts_side_t side)
{
    const nts_mapping_t *mapping = job->config->mapping;
    nts_side_t far = nts_side_other(side);
    nts_ask_t *ask = nts_job_new_ask(job, NTS_ASK_FIND, far);
    nts_value_t *values = apr_pcalloc(job->p, (apr_size_t)mapping->pair_count * sizeof(*values));
    int i, m, found = 0;

    for (m = 0; m < mapping->match_count; m++) {
        for (i = 0; i < mapping->pair_count; i++) {
            const nts_pair_t *pair = &mapping->pairs[i];
            nts_value_t common;

            if (strcmp(pair->external, mapping->matches[m].external) != 0 || !pair->domain ||
                nts_domain_project(&common, pair->domain, side, &job->view[side].record->values[i],
                                   NULL, job->p) != APR_SUCCESS ||
                common.kind == NTS_VALUE_NULL ||
                nts_domain_render(&values[i], pair->domain, far, &common, NULL, job->p) !=
                    APR_SUCCESS) {
                continue;
            }
            found++;
        }
    }
    if (found < mapping->match_count) {
        return nts_job_create_on(job, far); /* an empty match field matches nothing */
    }
    ask->values = values;
    return nts_job_ask(job, NTS_JOB_MATCH_FOUND);
}

/* S5.1: more than one record may be its partner. Reading this one cannot settle that; the next match of
 * whole sides can. */
static int awaits_match(const nts_link_t *link)
{
    return link && link->trouble == NTS_TROUBLE_HELD && link->outcome.code &&
           !strcmp(link->outcome.code, NTS_MATCH_AMBIGUOUS);
}

/* ---- the link property (S5.1) ---- */

/* The key that a page carries, as the external side spells it; NULL: none. */
const char *nts_job_key_on_page(const nts_job_t *job, const nts_record_t *page)
{
    int i = nts_mapping_key_pair(job->config->mapping);
    nts_value_t common;

    if (i < 0 || !job->config->mapping->pairs[i].domain ||
        nts_domain_project(&common, job->config->mapping->pairs[i].domain, NTS_NOTION,
                           &page->values[i], NULL, job->p) != APR_SUCCESS ||
        (common.kind != NTS_VALUE_TEXT && common.kind != NTS_VALUE_NUMBER)) {
        return NULL;
    }
    return common.as.text;
}

/* A page that names a row nobody has linked is that row's; one that names a linked row is a copy of its page, and a
 * new record, whose key is overwritten once it has a row of its own (S4.4). */
static nts_step_t ask_for_key(nts_job_t *job, const char *key)
{
    const char **ids = apr_pcalloc(job->p, sizeof(*ids));
    int is_cheap = nts_job_traits(job, NTS_EXTERNAL)->reads_many;
    nts_ask_t *ask =
        nts_job_new_ask(job, is_cheap ? NTS_ASK_READ_MANY : NTS_ASK_READ, NTS_EXTERNAL);

    ids[0] = key;
    ask->id = is_cheap ? NULL : key;
    ask->ids = is_cheap ? ids : NULL;
    ask->id_count = is_cheap;
    job->by_key = 1;
    return nts_job_ask(job, NTS_JOB_MATCH_FOUND);
}

/* What was looked for is not there: the next way to find a partner, or none. */
static nts_step_t match_failed(nts_job_t *job, nts_side_t side)
{
    if (job->by_key) {
        job->by_key = 0;
        return nts_job_decide(job);
    }
    return nts_job_create_on(job, side);
}

nts_step_t nts_job_look_up_found(nts_job_t *job, nts_side_t side, const nts_answer_t *answer,
                                 nts_job_state_t then)
{
    const char **ids = apr_pcalloc(job->p, ((apr_size_t)answer->record_count + 1) * sizeof(*ids));
    int i;

    for (i = 0; i < answer->record_count; i++) {
        ids[i] = answer->records[i].id;
    }
    job->found = answer->records;
    job->found_count = answer->record_count;
    job->call = (nts_call_t){ 0 };
    job->call.kind = NTS_CALL_LOOKUP;
    job->call.lookup_side = side;
    job->call.lookup_ids = ids;
    job->call.lookup_count = answer->record_count;
    job->state = then;
    return NTS_STEP_CALL;
}

/* That a record was read by itself, as READ_MANY would show it. */
static const nts_answer_t *as_list(const nts_job_t *job, const nts_answer_t *answer)
{
    nts_answer_t *list = apr_pmemdup(job->p, answer, sizeof(*answer));
    const nts_record_t *record = answer->record;

    if (answer->result == NTS_RESULT_MISSING || answer->result == NTS_RESULT_GONE ||
        answer->result == NTS_RESULT_REFUSED ||
        (record && (record->trashed || record->elsewhere))) {
        list->result = NTS_RESULT_OK; /* whatever the page names, it is no record of this mapping */
        record = NULL;
    }
    list->records = answer->record;
    list->record_count = record != NULL;
    return list;
}

nts_step_t nts_job_match_found(nts_job_t *job, const nts_answer_t *answer)
{
    nts_side_t side = job->call.ask.side;

    answer = job->call.ask.kind == NTS_ASK_READ ? as_list(job, answer) : answer;
    if (answer->result != NTS_RESULT_OK) {
        return nts_job_not_now(job, answer);
    }
    if (answer->record_count == 0) {
        return match_failed(job, side);
    }
    return nts_job_look_up_found(job, side, answer, NTS_JOB_MATCH_LINKS);
}

/* The row has a link of its own, without a page: the pair is stored in its place at once, then begun anew. */
static nts_step_t absorb(nts_job_t *job, const nts_link_t *row_link)
{
    nts_commit_t *commit = &job->call.commit;

    job->call = (nts_call_t){ 0 };
    commit->link = job->link;
    commit->entries = job->notes;
    commit->entry_count = job->note_count;
    commit->absorb = row_link->id;
    return nts_job_commit(job, NTS_JOB_RECOVERED);
}

static nts_step_t look_up_one(nts_job_t *job, nts_side_t side, const char *id, nts_job_state_t then)
{
    const char **ids = apr_pcalloc(job->p, sizeof(*ids));

    ids[0] = id;
    job->call = (nts_call_t){ 0 };
    job->call.kind = NTS_CALL_LOOKUP;
    job->call.lookup_side = side;
    job->call.lookup_ids = ids;
    job->call.lookup_count = 1;
    job->state = then;
    return NTS_STEP_CALL;
}

/* S3.8: creates on that side are unsettled, and one may have to do with this record. Where they are parked until a person helps, it is
 * parked as well, and seen: seeds 1792 and 402787 of the simulation, where such pages were read every 15 s for ever. */
static nts_step_t wait_for_creates(nts_job_t *job, nts_side_t side, const char *why)
{
    if (job->loaded->creates_parked[side] < job->loaded->creates_pending[side]) {
        return nts_job_wait(job, job->now + NTS_LOOKUP_WAIT);
    }
    nts_outcome_set(&job->outcome, job->p, NTS_REMEDY_RETRY, NTS_CREATE_AMBIGUOUS, "%s", why);
    job->outcome.advice = "trash the doubles in Notion";
    return nts_job_trouble(job, NTS_TROUBLE_PARKED);
}

static int is_made_by_us(const nts_job_t *job, nts_side_t side, const nts_record_t *record)
{
    return nts_job_traits(job, side)->keeps_intents ? record->intent != NULL : record->by_us;
}

/* We made that row, for somebody: the create may have begun since all that is known here was loaded (seed 458364 of the simulation: the
 * page of a copy took the row of its original, which went to the original in the end, and the copy into the trash). */
static nts_step_t look_once_more(nts_job_t *job)
{
    job->row_seen = 1;
    job->matched = job->key_tried = job->by_key = 0;
    return nts_job_load(job, &job->spawn.target);
}

nts_step_t nts_job_match_links(nts_job_t *job, const nts_reply_t *reply)
{
    nts_side_t far = job->call.lookup_side, side = nts_side_other(far);
    nts_link_t *row_link;
    int i, free_ones = 0, disputed = 0, last = 0;

    for (i = 0; i < job->found_count; i++) {
        nts_link_t *link = i < reply->link_count ? reply->links[i] : NULL;

        if (!link || !*nts_link_id(link, side)) {
            free_ones++;
            disputed += awaits_match(link);
            last = i;
        }
    }
    if (free_ones == 0) {
        return match_failed(job, far);
    }
    if (free_ones > 1 || disputed) {
        nts_outcome_set(&job->outcome, job->p, NTS_REMEDY_PERSON, "held.ambiguous",
                        free_ones > 1 ? "%d unlinked external records match this page"
                                      : "%d unlinked external record matches this page, and others",
                        free_ones);
        job->outcome.advice =
            "say which one it is (pair), or that it is none of them (apart); or make "
            "the match fields unique";
        return nts_job_trouble(job, NTS_TROUBLE_HELD);
    }
    row_link = last < reply->link_count ? reply->links[last] : NULL;
    if (is_made_by_us(job, far, &job->found[last]) && !row_link && !job->row_seen) {
        return look_once_more(job);
    }
    if (is_made_by_us(job, far, &job->found[last]) && job->loaded->creates_pending[far]) {
        return nts_job_wait(job, job->now + NTS_LOOKUP_WAIT); /* S3.8: its maker is asked first */
    }
    if (row_link && job->loaded->creates_pending[side]) {
        return wait_for_creates(job, side,
                                "the row that matches the page may have one already: Notion "
                                "did not answer its create, and which page that is cannot "
                                "be told");
    }
    *nts_link_id(job->link, far) = job->found[last].id;
    job->link->state = NTS_LINK_ACTIVE;
    job->dirty = 1;
    job->pairing = job->config->dry || job->spawn.approved; /* what is held against a plan */
    nts_job_new_entry(job, NTS_ENTRY_LINK, NTS_EXTERNAL, 1)->note =
        job->by_key ? "paired by its link property" : "paired by its match fields";
    job->by_key = 0;
    return row_link && !job->config->dry ? absorb(job, row_link) : nts_job_read(job, far, 0, 0);
}

/* S4.4: its key was another one a moment ago, and no link had that. */
static int was_moved(const nts_job_t *job)
{
    int i;

    for (i = 0; i < job->loaded->notice_count; i++) {
        if (job->loaded->notices[i].side == NTS_EXTERNAL && job->loaded->notices[i].old_key) {
            return 1;
        }
    }
    return 0;
}

/* S3.8: a create of unknown fate may have made it. A row's intent is known by its key: one whose key was changed since may be that of a
 * create whose link is not stored yet (seed 62749: it got a second page, and the first was trashed). */
static int may_be_ours(const nts_job_t *job, nts_side_t side)
{
    return job->loaded->creates_pending[side] > 0 && !job->made_by_sibling &&
           (is_made_by_us(job, side, job->view[side].record) ||
            (nts_job_traits(job, side)->reuses_keys && was_moved(job)));
}

nts_step_t nts_job_maker_known(nts_job_t *job, const nts_reply_t *reply)
{
    job->maker_asked = 1;
    job->made_by_sibling = reply->made_by_others && reply->made_by_others[0];
    return nts_job_decide(job);
}

/* Who made it is asked first. */
static nts_step_t wait_for_maker(nts_job_t *job, nts_side_t side)
{
    nts_step_t step;

    if (nts_job_traits(job, side)->keeps_intents) {
        return nts_job_wait(job, job->now + NTS_LOOKUP_WAIT); /* it tells soon */
    }
    if (!job->maker_asked) {
        step = look_up_one(job, side, nts_job_id_on(job, side), NTS_JOB_MAKER_KNOWN);
        job->call.lookup_makers = 1;
        return step;
    }
    return wait_for_creates(
        job, side,
        "the page may be what Notion made of another record, whose create it did not answer, "
        "and of which one cannot be told");
}

/* ---- moved from one side to the other (S4.1) ---- */

/* Ids that are nobody else's on either side may be of one record, which can be moved from side to side. */
static int may_be_moved(const nts_job_t *job)
{
    return !nts_job_traits(job, NTS_NOTION)->reuses_keys &&
           !nts_job_traits(job, NTS_EXTERNAL)->reuses_keys;
}

nts_step_t nts_job_origin_known(nts_job_t *job, const nts_reply_t *reply)
{
    const nts_link_t *link = reply->link_count ? reply->links[0] : NULL;

    job->origin_asked = 1;
    if (link && (link->state == NTS_LINK_ACTIVE || link->state == NTS_LINK_DORMANT)) {
        job->origin = nts_link_copy(link, job->p);
    }
    return nts_job_decide(job);
}

/* There its partner waits for it (notion.moved), for it can be moved back with all its history. A copy of it, made in the place that it
 * left, would be there beside it then; so nothing is made until a person says that it is a record of this side now, or its partner is gone for good. */
static nts_step_t hold_moved(nts_job_t *job, nts_side_t side)
{
    nts_link_t *origin = nts_link_copy(job->origin, job->p);

    nts_outcome_set(
        &job->outcome, job->p, NTS_REMEDY_PERSON, NTS_HELD_MOVED,
        "it was moved here from the mapping's other side, where it is the partner of %s",
        *nts_link_id(origin, side));
    job->outcome.advice = "move it back; or say that it is a new record of this side (apart)";
    return nts_job_trouble(job, NTS_TROUBLE_HELD);
}

nts_step_t nts_job_decide_single(nts_job_t *job, nts_side_t side)
{
    const nts_ruling_t *ruling;
    const char *key;

    if (job->view[side].presence != NTS_PRESENCE_LIVE || job->undo ||
        job->view[side].record->standing != NTS_STANDING_INSIDE) {
        return nothing_to_do(job);
    }
    ruling = nts_job_rule_record(job, "match", NTS_CHOICE_PAIR, NTS_CHOICE_APART);
    if (ruling && ruling->choice == NTS_CHOICE_PAIR) {
        return nts_job_pair(job, side, ruling);
    }
    if (!ruling && awaits_match(job->link)) {
        nts_outcome_copy(&job->outcome, &job->link->outcome, job->p);
        return nts_job_trouble(job, NTS_TROUBLE_HELD);
    }
    if (!ruling && !job->origin_asked && may_be_moved(job)) {
        return look_up_one(job, nts_side_other(side), nts_job_id_on(job, side),
                           NTS_JOB_ORIGIN_KNOWN);
    }
    if (!ruling && job->origin) {
        return hold_moved(job, side);
    }
    if (may_be_ours(job, side)) {
        return wait_for_maker(job, side);
    }
    if (ruling) {
        return nts_job_create_on(job, nts_side_other(side));
    }
    if (job->config->hold_creates) {
        return nts_job_wait(job, job->now + apr_time_from_sec(30));
    }
    key = side == NTS_NOTION ? nts_job_key_on_page(job, job->view[side].record) : NULL;
    if (key && !job->key_tried) {
        job->key_tried = 1;
        return ask_for_key(job, key);
    }
    if (nts_job_traits(job, nts_side_other(side))->finds_values &&
        job->config->mapping->match_count && !job->matched) {
        job->matched = 1;
        return ask_for_match(job, side);
    }
    return nts_job_create_on(job, nts_side_other(side));
}
