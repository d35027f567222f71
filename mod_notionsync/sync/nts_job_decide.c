/* nts_job_decide.c - what should happen to a record, given what is known of both sides. */
#include "sync/nts_job_impl.h"

#include <string.h>

/* ---- reading what is not known yet ---- */

/* S3.2: a query row may be used for the external side only if everything we did to the record, and the
 * minute of its last edit, is older than the lag of queries. */
static int is_candidate_trusted(const nts_job_t *job)
{
    const nts_record_t *row = job->spawn.candidate;
    apr_time_t sent = job->spawn.candidate_sent;
    int i;

    if (!row || job->rounds || job->undo || job->ruling_count || job->loaded->notice_count ||
        row->trashed || row->elsewhere || row->standing == NTS_STANDING_UNKNOWN ||
        job->link->state == NTS_LINK_TOMBSTONE) {
        return 0;
    }
    for (i = 0; i < job->config->mapping->pair_count; i++) {
        if (row->values[i].truncated) {
            return 0;
        }
    }
    if (row->edited + NTS_MINUTE + NTS_QUERY_LAG > sent ||
        job->config->clock_set + NTS_QUERY_LAG > sent) {
        return 0;
    }
    return !job->link->id || job->link->touched + NTS_QUERY_LAG <= sent;
}

/* The row's value of a pair that Notion gets is not what was agreed: edited, or computed anew by the database. */
static int is_news_outside(const nts_job_t *job, int i)
{
    const nts_pair_t *pair = &job->config->mapping->pairs[i];
    const nts_base_t *base = nts_link_base(job->link, pair->id);
    const nts_value_t *now = &job->view[NTS_EXTERNAL].record->values[i];

    if (!pair->computed[NTS_EXTERNAL]) {
        return nts_merge_is_edited(pair, base, NTS_EXTERNAL, now, job->p);
    }
    return !base || !nts_value_equal(&base->value[NTS_EXTERNAL], now);
}

/* How many writes to the page will surely follow the read, so that the budget is reserved with it. */
static int expected_writes(const nts_job_t *job)
{
    const nts_view_t *external = &job->view[NTS_EXTERNAL];
    int i;

    if (external->presence == NTS_PRESENCE_GONE) {
        return job->link->state == NTS_LINK_ACTIVE;
    }
    if (external->presence != NTS_PRESENCE_LIVE) {
        return 0;
    }
    for (i = 0; i < job->config->mapping->pair_count; i++) {
        const nts_pair_t *pair = &job->config->mapping->pairs[i];

        if (pair->direction != NTS_TO_EXTERNAL && is_news_outside(job, i)) {
            return 1;
        }
    }
    return 0;
}

/* Only the external side gave notice, and shows what was agreed: what changed there is not mapped (S3.11). */
static int is_unmapped_change(const nts_job_t *job)
{
    const nts_link_t *link = job->link;
    int i;

    if (job->view[NTS_EXTERNAL].presence != NTS_PRESENCE_LIVE || job->rounds || job->undo ||
        job->view[NTS_EXTERNAL].record->standing != NTS_STANDING_INSIDE || job->ruling_count ||
        job->spawn.candidate || job->config->full_run || !job->loaded->notice_count ||
        link->state != NTS_LINK_ACTIVE || link->trouble != NTS_TROUBLE_NONE || link->attempts ||
        link->missing) {
        return 0;
    }
    for (i = 0; i < job->loaded->notice_count; i++) {
        if (job->loaded->notices[i].side != NTS_EXTERNAL) {
            return 0;
        }
    }
    for (i = 0; i < job->config->mapping->pair_count; i++) {
        const nts_pair_t *pair = &job->config->mapping->pairs[i];
        const nts_base_t *base = nts_link_base(link, pair->id);

        if (pair->domain && (!base || base->has_rewrite || is_news_outside(job, i))) {
            return 0;
        }
    }
    return 1;
}

static nts_step_t end_in_sync(nts_job_t *job);

static nts_step_t look_at_notion(nts_job_t *job)
{
    nts_view_t *view = &job->view[NTS_NOTION];

    if (!job->link->page) {
        view->presence = NTS_PRESENCE_NONE;
        return nts_job_decide(job);
    }
    if (is_unmapped_change(job)) {
        return end_in_sync(job);
    }
    if (job->link->state == NTS_LINK_DORMANT && nts_job_is_side_outside(job, NTS_EXTERNAL)) {
        return nts_job_end_well(job); /* whatever the page says */
    }
    if (is_candidate_trusted(job)) {
        view->presence = NTS_PRESENCE_LIVE;
        view->record = apr_pmemdup(job->p, job->spawn.candidate, sizeof(*view->record));
        view->sent = job->spawn.candidate_sent;
        view->answered = job->now;
        view->candidate = 1;
        return nts_job_decide(job);
    }
    return nts_job_read(job, NTS_NOTION, 0, expected_writes(job));
}

int nts_job_is_page_recent(const nts_job_t *job)
{
    return job->now - job->view[NTS_NOTION].answered <= NTS_READ_FRESH;
}

/* S3.1: a page may be written only after a read of it that was sent after the external side was read. */
int nts_job_is_fresh_for_notion(const nts_job_t *job)
{
    const nts_view_t *notion = &job->view[NTS_NOTION], *external = &job->view[NTS_EXTERNAL];

    return !notion->candidate && nts_job_is_page_recent(job) &&
           (external->presence == NTS_PRESENCE_NONE || notion->sent >= external->sent);
}

/* ---- both live: fields ---- */

/* S1: an event that names the property raises the start; it never lowers the end. */
static apr_time_t event_floor(const nts_job_t *job, const nts_pair_t *pair)
{
    apr_time_t latest = 0;
    int i;

    for (i = 0; i < job->loaded->notice_count; i++) {
        const nts_notice_t *notice = &job->loaded->notices[i];
        const char *found;
        apr_size_t len;

        if (notice->side != NTS_NOTION || !notice->properties || !pair->notion_id) {
            continue;
        }
        len = strlen(pair->notion_id);
        found = strstr(notice->properties, pair->notion_id);
        if (found && found > notice->properties && found[-1] == '"' && found[len] == '"' &&
            notice->at - NTS_MINUTE > latest) {
            latest = notice->at - NTS_MINUTE;
        }
    }
    return latest;
}

static void stamp_field(const nts_job_t *job, const nts_pair_t *pair, const nts_base_t *base,
                        nts_stamp_t stamps[NTS_SIDE_COUNT])
{
    const nts_view_t *notion = &job->view[NTS_NOTION], *external = &job->view[NTS_EXTERNAL];
    apr_time_t named = event_floor(job, pair);
    int side;

    stamps[NTS_NOTION].from = base ? base->seen[NTS_NOTION] : 0;
    if (named > stamps[NTS_NOTION].from) {
        stamps[NTS_NOTION].from = named;
    }
    stamps[NTS_NOTION].to =
        notion->record->edited ? notion->record->edited + NTS_MINUTE : notion->answered;
    stamps[NTS_EXTERNAL].from = base ? base->seen[NTS_EXTERNAL] : 0;
    stamps[NTS_EXTERNAL].to =
        external->record->changed ? external->record->changed : external->answered;
    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        if (stamps[side].to < stamps[side].from) {
            stamps[side].to = stamps[side].from;
        }
    }
}

/* S2.10: it was held with these very values, a moment ago or when the record was last shown to people. That the page or the row was
 * changed since in another field, by us or by others, makes them no later edit (seed 11146 of `ut_plan`). */
static int was_contested(const nts_job_t *job, int index, const nts_decision_t *before,
                         const nts_decision_t *d, const nts_value_t *const now[NTS_SIDE_COUNT])
{
    const nts_pair_t *pair = &job->config->mapping->pairs[index];
    const nts_issue_t *issue = nts_link_issue(job->link, pair->id);

    if (before->verdict == NTS_VERDICT_HELD && before->outcome.code &&
        !strcmp(before->outcome.code, NTS_HELD_CONTESTED)) {
        return nts_domain_equal(pair->domain, &before->common[0], &d->common[0]) &&
               nts_domain_equal(pair->domain, &before->common[1], &d->common[1]);
    }
    return issue && issue->code && !strcmp(issue->code, NTS_HELD_CONTESTED) &&
           nts_value_equal(&issue->value[0], now[0]) && nts_value_equal(&issue->value[1], now[1]);
}

static void decide_field(nts_job_t *job, int i)
{
    const nts_mapping_t *mapping = job->config->mapping;
    const nts_pair_t *pair = &mapping->pairs[i];
    const nts_base_t *base = nts_link_base(job->link, pair->id);
    nts_decision_t before = job->decisions[i], *d = &job->decisions[i];
    const nts_value_t *now[NTS_SIDE_COUNT];
    nts_stamp_t stamps[NTS_SIDE_COUNT];
    int side;

    now[NTS_NOTION] = &job->view[NTS_NOTION].record->values[i];
    now[NTS_EXTERNAL] = &job->view[NTS_EXTERNAL].record->values[i];
    stamp_field(job, pair, base, stamps);
    nts_merge_field(d, mapping, i, base, now, stamps, job->p);
    if (d->verdict == NTS_VERDICT_WRITE && base && was_contested(job, i, &before, d, now)) {
        for (side = 0; side < NTS_SIDE_COUNT; side++) {
            stamps[side].to = stamps[side].from = base->seen[side];
        }
        nts_merge_field(d, mapping, i, base, now, stamps, job->p);
    }
}

void nts_job_decide_fields(nts_job_t *job)
{
    int i;

    for (i = 0; i < job->config->mapping->pair_count; i++) {
        decide_field(job, i);
    }
}

static int has_write(const nts_job_t *job, nts_side_t side)
{
    int i;

    for (i = 0; i < job->config->mapping->pair_count; i++) {
        if (job->decisions[i].verdict == NTS_VERDICT_WRITE && job->decisions[i].write[side]) {
            return 1;
        }
    }
    return 0;
}

/* Bases of fields on which both sides are equal move together (S1); both reads must be authoritative. */
static void take_agreements(nts_job_t *job)
{
    int i, edits = 0;

    for (i = 0; i < job->config->mapping->pair_count; i++) {
        const nts_pair_t *pair = &job->config->mapping->pairs[i];
        const nts_value_t *now[NTS_SIDE_COUNT];
        apr_time_t read_at[NTS_SIDE_COUNT];
        nts_base_t *base;

        if (job->decisions[i].verdict != NTS_VERDICT_AGREED) {
            continue;
        }
        base = nts_link_base_make(job->link, pair->id, job->p);
        edits += base->value[NTS_NOTION].kind != NTS_VALUE_ABSENT;
        now[NTS_NOTION] = &job->view[NTS_NOTION].record->values[i];
        now[NTS_EXTERNAL] = &job->view[NTS_EXTERNAL].record->values[i];
        read_at[NTS_NOTION] = job->view[NTS_NOTION].sent;
        read_at[NTS_EXTERNAL] = job->view[NTS_EXTERNAL].sent;
        nts_merge_agree(base, now, read_at, job->p);
        job->dirty = 1;
    }
    if (edits) {
        nts_job_new_entry(job, NTS_ENTRY_AGREE, NTS_EXTERNAL, 1)->note =
            "both sides were changed to the same value";
    }
}

/* All is well: no trouble is left. */
nts_step_t nts_job_end_well(nts_job_t *job)
{
    if (job->link->trouble != NTS_TROUBLE_NONE || job->link->attempts || job->link->missing) {
        job->link->trouble = NTS_TROUBLE_NONE;
        job->link->attempts = 0;
        job->link->next_try = 0;
        job->link->missing = 0;
        job->link->outcome = (nts_outcome_t){ 0 };
        nts_job_drop_issues(job);
        job->dirty = 1;
    }
    return nts_job_finish(job, NTS_STEP_DONE);
}

static nts_step_t end_in_sync(nts_job_t *job)
{
    int i, held = -1, stuck = -1;

    if (nts_job_is_outside(job)) {
        return nts_job_sleep_outside(job);
    }
    for (i = job->config->mapping->pair_count - 1; i >= 0; i--) {
        held = job->decisions[i].verdict == NTS_VERDICT_HELD ? i : held;
        stuck = job->decisions[i].verdict == NTS_VERDICT_STUCK ? i : stuck;
    }
    if (held >= 0 || stuck >= 0) {
        nts_outcome_copy(&job->outcome, &job->decisions[held >= 0 ? held : stuck].outcome, job->p);
        if (job->outcome.remedy == NTS_REMEDY_NONE || job->outcome.remedy == NTS_REMEDY_RETRY) {
            job->outcome.remedy = NTS_REMEDY_WAIT; /* time alone does not change a value */
        }
        job->by_field = 1;
        return nts_job_trouble(job, held >= 0 ? NTS_TROUBLE_HELD : NTS_TROUBLE_PARKED);
    }
    return nts_job_end_well(job);
}

/* Paired, but never synced: there is nothing that the other side would have to hear of before. */
static int was_ever_agreed(const nts_job_t *job)
{
    return job->link->base_count > 0 || job->link->state == NTS_LINK_TOMBSTONE;
}

nts_step_t nts_job_decide_live(nts_job_t *job)
{
    if (job->link->state == NTS_LINK_DORMANT) {
        nts_job_new_entry(job, NTS_ENTRY_LINK, NTS_EXTERNAL, 1)->note = "inside the filter again";
    }
    if (job->link->state != NTS_LINK_ACTIVE) {
        job->link->state = NTS_LINK_ACTIVE;
        job->dirty = 1;
    }
    if (nts_job_is_outside(job) && !was_ever_agreed(job) && !job->undo) {
        return nts_job_sleep_outside(job);
    }
    nts_job_decide_fields(job);
    nts_job_rule_fields(job);
    if (has_write(job, NTS_NOTION)) {
        if (!nts_job_is_fresh_for_notion(job)) {
            return nts_job_read(job, NTS_NOTION, 0, 1);
        }
        return nts_job_write_fields(job, NTS_NOTION);
    }
    if (has_write(job, NTS_EXTERNAL)) {
        return nts_job_write_fields(job, NTS_EXTERNAL);
    }
    take_agreements(job);
    return end_in_sync(job);
}

/* ---- records with one side only ---- */

static nts_step_t nothing_to_do(nts_job_t *job)
{
    if (job->link->id && job->link->state == NTS_LINK_NEW) {
        job->link->page = job->link->key = NULL; /* forgotten by the last commit */
        job->dirty = 1;
    }
    return nts_job_finish(job, NTS_STEP_DONE);
}

static nts_step_t ask_for_match(nts_job_t *job)
{
    const nts_mapping_t *mapping = job->config->mapping;
    nts_ask_t *ask = nts_job_new_ask(job, NTS_ASK_FIND, NTS_EXTERNAL);
    nts_value_t *values = apr_pcalloc(job->p, (apr_size_t)mapping->pair_count * sizeof(*values));
    int i, m, found = 0;

    for (m = 0; m < mapping->match_count; m++) {
        for (i = 0; i < mapping->pair_count; i++) {
            const nts_pair_t *pair = &mapping->pairs[i];
            nts_value_t common;

            if (strcmp(pair->external, mapping->matches[m].external) != 0 || !pair->domain ||
                nts_domain_project(&common, pair->domain, NTS_NOTION,
                                   &job->view[NTS_NOTION].record->values[i], NULL,
                                   job->p) != APR_SUCCESS ||
                common.kind == NTS_VALUE_NULL ||
                nts_domain_render(&values[i], pair->domain, NTS_EXTERNAL, &common, NULL, job->p) !=
                    APR_SUCCESS) {
                continue;
            }
            found++;
        }
    }
    if (found < mapping->match_count) {
        return nts_job_create_on(job, NTS_EXTERNAL); /* an empty match field matches nothing */
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
    nts_ask_t *ask = nts_job_new_ask(job, NTS_ASK_READ_MANY, NTS_EXTERNAL);

    ids[0] = key;
    ask->ids = ids;
    ask->id_count = 1;
    job->by_key = 1;
    return nts_job_ask(job, NTS_JOB_MATCH_FOUND);
}

/* What was looked for is not there: the next way to find a partner, or none. */
static nts_step_t match_failed(nts_job_t *job)
{
    if (job->by_key) {
        job->by_key = 0;
        return nts_job_decide(job);
    }
    return nts_job_create_on(job, NTS_EXTERNAL);
}

nts_step_t nts_job_match_found(nts_job_t *job, const nts_answer_t *answer)
{
    const char **ids;
    int i;

    if (answer->result != NTS_RESULT_OK) {
        return nts_job_not_now(job, answer);
    }
    if (answer->record_count == 0) {
        return match_failed(job);
    }
    ids = apr_pcalloc(job->p, (apr_size_t)answer->record_count * sizeof(*ids));
    for (i = 0; i < answer->record_count; i++) {
        ids[i] = answer->records[i].id;
    }
    job->found = answer->records;
    job->found_count = answer->record_count;
    job->call = (nts_call_t){ 0 };
    job->call.kind = NTS_CALL_LOOKUP;
    job->call.lookup_side = NTS_EXTERNAL;
    job->call.lookup_ids = ids;
    job->call.lookup_count = answer->record_count;
    job->state = NTS_JOB_MATCH_LINKS;
    return NTS_STEP_CALL;
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

nts_step_t nts_job_match_links(nts_job_t *job, const nts_reply_t *reply)
{
    const nts_link_t *row_link;
    int i, free_ones = 0, disputed = 0, last = 0;

    for (i = 0; i < job->found_count; i++) {
        const nts_link_t *link = i < reply->link_count ? reply->links[i] : NULL;

        if (!link || !link->page) {
            free_ones++;
            disputed += awaits_match(link);
            last = i;
        }
    }
    if (free_ones == 0) {
        return match_failed(job);
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
    if ((row_link && job->loaded->creates_pending[NTS_NOTION]) ||
        (job->found[last].intent && job->loaded->creates_pending[NTS_EXTERNAL])) {
        return nts_job_wait(job, job->now + NTS_LOOKUP_WAIT); /* S3.8: its maker is asked first */
    }
    job->link->key = job->found[last].id;
    job->link->state = NTS_LINK_ACTIVE;
    job->dirty = 1;
    job->pairing = job->config->dry || job->spawn.approved; /* what is held against a plan */
    nts_job_new_entry(job, NTS_ENTRY_LINK, NTS_EXTERNAL, 1)->note =
        job->by_key ? "paired by its link property" : "paired by its match fields";
    job->by_key = 0;
    return row_link && !job->config->dry ? absorb(job, row_link)
                                         : nts_job_read(job, NTS_EXTERNAL, 0, 0);
}

/* S3.8: a create of unknown fate may have made it. */
static int may_be_ours(const nts_job_t *job, nts_side_t side)
{
    const nts_record_t *record = job->view[side].record;

    return job->loaded->creates_pending[side] > 0 && !job->made_by_sibling &&
           (side == NTS_NOTION ? record->by_us : record->intent != NULL);
}

nts_step_t nts_job_maker_known(nts_job_t *job, const nts_reply_t *reply)
{
    job->maker_asked = 1;
    job->made_by_sibling = reply->made_by_others && reply->made_by_others[0];
    return nts_job_decide(job);
}

/* Who made it is asked first. Where those who may have made it are parked until a person helps, the record is parked as
 * well, and seen: seed 1792 of the simulation, where such pages were read every 15 s for ever. */
static nts_step_t wait_for_maker(nts_job_t *job, nts_side_t side)
{
    const char **ids;

    if (side == NTS_EXTERNAL) {
        return nts_job_wait(job, job->now + NTS_LOOKUP_WAIT); /* the database tells soon */
    }
    if (!job->maker_asked) {
        ids = apr_pcalloc(job->p, sizeof(*ids));
        ids[0] = job->link->page;
        job->call = (nts_call_t){ 0 };
        job->call.kind = NTS_CALL_LOOKUP;
        job->call.lookup_side = NTS_NOTION;
        job->call.lookup_ids = ids;
        job->call.lookup_count = 1;
        job->call.lookup_makers = 1;
        job->state = NTS_JOB_MAKER_KNOWN;
        return NTS_STEP_CALL;
    }
    if (job->loaded->creates_parked < job->loaded->creates_pending[NTS_NOTION]) {
        return nts_job_wait(job, job->now + NTS_LOOKUP_WAIT);
    }
    nts_outcome_set(&job->outcome, job->p, NTS_REMEDY_RETRY, NTS_CREATE_AMBIGUOUS,
                    "the page may be what Notion made of another record, whose create it did not "
                    "answer, and of which one cannot be told");
    job->outcome.advice = "trash the doubles in Notion";
    return nts_job_trouble(job, NTS_TROUBLE_PARKED);
}

static nts_step_t decide_single(nts_job_t *job, nts_side_t side)
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
    if (side == NTS_NOTION && job->config->mapping->match_count && !job->matched) {
        job->matched = 1;
        return ask_for_match(job);
    }
    return nts_job_create_on(job, nts_side_other(side));
}

nts_step_t nts_job_decide(nts_job_t *job)
{
    nts_view_t *notion = &job->view[NTS_NOTION], *external = &job->view[NTS_EXTERNAL];
    nts_step_t step;

    nts_job_reset_rulings(job);
    if (external->presence == NTS_PRESENCE_UNKNOWN) {
        return nts_job_read(job, NTS_EXTERNAL, 0, 0);
    }
    if (notion->presence == NTS_PRESENCE_UNKNOWN) {
        return look_at_notion(job);
    }
    if (job->undo && nts_job_undo_step(job, &step)) {
        return step;
    }
    if (job->link->state == NTS_LINK_IGNORED) {
        return nts_job_decide_ignored(job);
    }
    if (external->presence == NTS_PRESENCE_NONE || notion->presence == NTS_PRESENCE_NONE) {
        return decide_single(job,
                             external->presence == NTS_PRESENCE_NONE ? NTS_NOTION : NTS_EXTERNAL);
    }
    if (job->link->state == NTS_LINK_TOMBSTONE) {
        return nts_job_decide_tombstone(job);
    }
    if (job->link->state == NTS_LINK_DORMANT) {
        return nts_job_decide_dormant(job);
    }
    if (notion->presence == NTS_PRESENCE_MISSING) {
        return nts_job_decide_missing(job);
    }
    if (notion->presence == NTS_PRESENCE_TRASHED) {
        return external->presence == NTS_PRESENCE_GONE ? nts_job_tombstone(job)
                                                       : nts_job_decide_delete(job, NTS_NOTION);
    }
    return external->presence == NTS_PRESENCE_GONE ? nts_job_decide_delete(job, NTS_EXTERNAL)
                                                   : nts_job_decide_live(job);
}
