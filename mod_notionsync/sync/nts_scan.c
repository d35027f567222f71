/* nts_scan.c - streaming whole sides, one page in memory at a time. */
#include "sync/nts_scan_impl.h"

#include <string.h>

#include "sync/nts_merge.h"

nts_scan_t *nts_scan_create(const nts_scan_config_t *config, apr_pool_t *p)
{
    nts_scan_t *scan = apr_pcalloc(p, sizeof(*scan));

    scan->config = *config;
    scan->p = p;
    scan->seen[NTS_NOTION] = apr_pcalloc(p, (apr_size_t)(config->max_link / 8 + 1));
    scan->seen[NTS_EXTERNAL] = apr_pcalloc(p, (apr_size_t)(config->max_link / 8 + 1));
    scan->report.phase = "starting";
    (void)apr_pool_create(&scan->page, p);
    apr_pool_tag(scan->page, "nts_scan page");
    (void)apr_pool_create(&scan->cursor_pool[0], p);
    (void)apr_pool_create(&scan->cursor_pool[1], p);
    return scan;
}

const nts_call_t *nts_scan_call(const nts_scan_t *scan)
{
    return &scan->call;
}

apr_pool_t *nts_scan_pool(const nts_scan_t *scan)
{
    return scan->page;
}

apr_time_t nts_scan_until(const nts_scan_t *scan)
{
    return scan->until;
}

const nts_outcome_t *nts_scan_outcome(const nts_scan_t *scan)
{
    return &scan->outcome;
}

const nts_scan_report_t *nts_scan_report(const nts_scan_t *scan)
{
    return &scan->report;
}

static const nts_traits_t *traits_of(const nts_scan_t *scan, nts_side_t side)
{
    return scan->config.mapping->traits[side];
}

/* Rows are read and compared as their pages are listed. Else both sides are listed, and each record is held against its own base. */
static int reads_rows(const nts_scan_t *scan)
{
    return traits_of(scan, NTS_EXTERNAL)->reads_many;
}

/* The listing of @a side showed them; at a seam of two windows some of them once more (S7.2), which are counted once. */
static void mark_seen(nts_scan_t *scan, nts_side_t side)
{
    unsigned char *seen = scan->seen[side];
    int i;

    scan->again = apr_pcalloc(scan->page, (apr_size_t)scan->record_count + 1);
    for (i = 0; i < scan->record_count; i++) {
        apr_int64_t link = scan->links[i] ? scan->links[i]->id : 0;

        if (link > 0 && link <= scan->config.max_link) {
            scan->again[i] = (seen[link / 8] & (1u << (link % 8))) != 0;
            scan->report.seen[side] -= scan->again[i];
            seen[link / 8] = (unsigned char)(seen[link / 8] | (1u << (link % 8)));
        }
    }
}

static int is_marked(const nts_scan_t *scan, nts_side_t side, apr_int64_t link)
{
    return (scan->seen[side][link / 8] & (1 << (link % 8))) != 0;
}

int nts_scan_was_seen(const nts_scan_t *scan, apr_int64_t link)
{
    /* to compare with the other record is to look at both */
    int is_pair_seen = reads_rows(scan) || scan->config.kind == NTS_SCAN_VERIFY;

    /* a link younger than the scan was made by a job: nothing to ask */
    return link > scan->config.max_link || (is_marked(scan, NTS_NOTION, link) &&
                                            (is_pair_seen || is_marked(scan, NTS_EXTERNAL, link)));
}

nts_step_t nts_scan_end(nts_scan_t *scan)
{
    scan->state = NTS_SCAN_ENDED;
    scan->report.phase = "done";
    return NTS_STEP_DONE;
}

nts_step_t nts_scan_not_now(nts_scan_t *scan, const nts_answer_t *answer)
{
    nts_outcome_copy(&scan->outcome, &answer->outcome, scan->p);
    scan->until = answer->outcome.retry_at;
    if (answer->result == NTS_RESULT_BLOCKED || answer->result == NTS_RESULT_REFUSED ||
        answer->result == NTS_RESULT_MISSING) {
        scan->state = NTS_SCAN_ENDED;
        return NTS_STEP_BLOCKED;
    }
    return NTS_STEP_WAIT; /* the call stands; a NULL reply repeats it */
}

nts_step_t nts_scan_list(nts_scan_t *scan, nts_side_t side)
{
    nts_listing_t *listing = &scan->call.ask.listing;

    apr_pool_clear(scan->page);
    scan->records = NULL;
    scan->record_count = 0;
    scan->call = (nts_call_t){ 0 };
    scan->call.kind = NTS_CALL_ASK;
    scan->call.ask.kind = NTS_ASK_LIST;
    scan->call.ask.side = side;
    scan->call.ask.mapping = scan->config.mapping;
    listing->cursor = scan->cursor;
    if (traits_of(scan, side)->lists_edits) {
        listing->edited_since = scan->config.since;
        listing->edited_before = scan->config.before;
    }
    if (side == NTS_NOTION) {
        scan->report.phase = "reading Notion";
        scan->state = NTS_SCAN_NOTION_LISTED;
    }
    else {
        scan->report.phase = "reading the external side";
        scan->state = NTS_SCAN_EXTERNAL_LISTED;
    }
    return NTS_STEP_CALL;
}

nts_step_t nts_scan_lookup(nts_scan_t *scan, nts_side_t side, nts_scan_state_t then)
{
    const char **ids = apr_pcalloc(scan->page, (apr_size_t)(scan->record_count + 1) * sizeof(*ids));
    int i;

    for (i = 0; i < scan->record_count; i++) {
        ids[i] = scan->records[i].id;
    }
    scan->call = (nts_call_t){ 0 };
    scan->call.kind = NTS_CALL_LOOKUP;
    scan->call.lookup_side = side;
    scan->call.lookup_ids = ids;
    scan->call.lookup_count = scan->record_count;
    scan->call.lookup_known = scan->config.tells_own[side];
    scan->state = then;
    return NTS_STEP_CALL;
}

nts_step_t nts_scan_list_absent(nts_scan_t *scan)
{
    apr_pool_clear(scan->page);
    scan->report.phase = "looking for what neither listing showed";
    scan->call = (nts_call_t){ 0 };
    scan->call.kind = NTS_CALL_LOOKUP;
    scan->call.lookup_after = scan->after;
    scan->call.lookup_limit = NTS_SCAN_LINKS_PAGE;
    scan->state = NTS_SCAN_ABSENT_LINKS;
    return NTS_STEP_CALL;
}

static nts_step_t take_page(nts_scan_t *scan, nts_side_t side, const nts_answer_t *answer)
{
    if (answer->result != NTS_RESULT_OK) {
        return nts_scan_not_now(scan, answer);
    }
    if (side == NTS_NOTION && !scan->report.list_sent) {
        scan->report.list_sent = answer->sent_at;
    }
    scan->records = answer->records;
    scan->record_count = answer->record_count;
    scan->page_sent = answer->sent_at;
    scan->report.seen[side] += answer->record_count;
    scan->last_page = !answer->cursor;
    scan->cursor = NULL;
    if (answer->cursor) {
        apr_pool_t *turn = scan->cursor_pool[scan->cursor_turn ^= 1];

        apr_pool_clear(turn);
        scan->cursor = apr_pstrdup(turn, answer->cursor);
    }
    else if (side == NTS_NOTION) {
        scan->report.complete = answer->complete;
    }
    else if (!reads_rows(scan)) {
        scan->report.complete &= answer->complete;
    }
    if (scan->config.kind == NTS_SCAN_BATCH) {
        return nts_scan_batch_page(scan);
    }
    return nts_scan_lookup(scan, side,
                           side == NTS_NOTION ? NTS_SCAN_NOTION_LINKS : NTS_SCAN_EXTERNAL_LINKS);
}

static nts_step_t read_rows(nts_scan_t *scan)
{
    const char **keys =
        apr_pcalloc(scan->page, (apr_size_t)(scan->record_count + 1) * sizeof(*keys));
    int i, n = 0;

    for (i = 0; i < scan->record_count; i++) {
        const nts_link_t *link = scan->links[i];

        if (link && link->key &&
            (link->state == NTS_LINK_ACTIVE || link->state == NTS_LINK_DORMANT)) {
            keys[n++] = link->key;
        }
    }
    scan->call = (nts_call_t){ 0 };
    scan->call.kind = NTS_CALL_ASK;
    scan->call.ask.kind = NTS_ASK_READ_MANY;
    scan->call.ask.side = NTS_EXTERNAL;
    scan->call.ask.mapping = scan->config.mapping;
    scan->call.ask.ids = keys;
    scan->call.ask.id_count = n;
    scan->state = NTS_SCAN_EXTERNAL_ROWS;
    return NTS_STEP_CALL;
}

nts_record_t *nts_scan_row(const nts_scan_t *scan, const char *key)
{
    int i;

    for (i = 0; i < scan->row_count; i++) {
        if (!strcmp(scan->rows[i].id, key)) {
            return &scan->rows[i];
        }
    }
    return NULL;
}

/* S5.2: what it named was let go, so that its name leads nowhere: no edit, and still nobody may overlook it (seed 452 of the simulation). */
static int is_lost(const nts_pair_t *pair, const nts_value_t *value)
{
    int i;

    if (!pair->domain || !nts_domain_is_reference(pair->domain) || !value->waits) {
        return 0;
    }
    for (i = 0; value->kind == NTS_VALUE_SET && i < value->as.set.count; i++) {
        if (!value->as.set.options[i].id) {
            return 1;
        }
    }
    return value->kind == NTS_VALUE_OPTION && !value->as.option.id;
}

/* A list of references that holds none is kept as null, whatever its side shows. */
static int is_empty_still(const nts_pair_t *pair, const nts_value_t *base, const nts_value_t *value)
{
    return pair->domain && nts_domain_is_reference_list(pair->domain) && nts_value_is_empty(base) &&
           nts_value_is_empty(value) && !value->truncated;
}

static int shows_value(const nts_pair_t *pair, const nts_base_t *base, nts_side_t side,
                       const nts_value_t *value)
{
    return nts_value_is_same(&base->value[side], value) ||
           is_empty_still(pair, &base->value[side], value);
}

/* Both sides show just what was agreed on: the common case, decided without a job. */
static int shows_bases(const nts_scan_t *scan, const nts_link_t *link, const nts_record_t *page,
                       const nts_record_t *row)
{
    const nts_mapping_t *mapping = scan->config.mapping;
    int i;

    for (i = 0; i < mapping->pair_count; i++) {
        const nts_base_t *base = nts_link_base(link, mapping->pairs[i].id);

        if (!mapping->pairs[i].domain) {
            continue; /* suspended: it is not read (S5.4) */
        }
        if (!base || base->has_rewrite ||
            nts_merge_is_doubtful(&mapping->pairs[i], base, NTS_NOTION) ||
            nts_merge_is_doubtful(&mapping->pairs[i], base, NTS_EXTERNAL) ||
            !(mapping->pairs[i].is_body
                  ? nts_merge_is_body_known(base, page, scan->config.kind == NTS_SCAN_FULL)
                  : shows_value(&mapping->pairs[i], base, NTS_NOTION, &page->values[i])) ||
            !(nts_value_equal(&base->value[NTS_EXTERNAL], &row->values[i]) ||
              is_empty_still(&mapping->pairs[i], &base->value[NTS_EXTERNAL], &row->values[i])) ||
            is_lost(&mapping->pairs[i], &row->values[i])) {
            return 0;
        }
    }
    return 1;
}

/* ... what @a side alone shows. */
static int shows_its_base(const nts_scan_t *scan, nts_side_t side, const nts_link_t *link,
                          const nts_record_t *record)
{
    const nts_mapping_t *mapping = scan->config.mapping;
    int i;

    for (i = 0; i < mapping->pair_count; i++) {
        const nts_base_t *base = nts_link_base(link, mapping->pairs[i].id);

        if (!mapping->pairs[i].domain) {
            continue; /* suspended, as above */
        }
        if (!base || base->has_rewrite || nts_merge_is_doubtful(&mapping->pairs[i], base, side) ||
            !(mapping->pairs[i].is_body && side == NTS_NOTION
                  ? nts_merge_is_body_known(base, record, scan->config.kind == NTS_SCAN_FULL)
                  : shows_value(&mapping->pairs[i], base, side, &record->values[i])) ||
            is_lost(&mapping->pairs[i], &record->values[i])) {
            return 0;
        }
    }
    return 1;
}

int nts_scan_is_outside(const nts_scan_t *scan, int i)
{
    const nts_link_t *link = scan->links[i];
    const nts_record_t *row = link && link->key ? nts_scan_row(scan, link->key) : NULL;

    return (!link || link->state == NTS_LINK_DORMANT) && !scan->records[i].trashed &&
           (scan->records[i].standing == NTS_STANDING_OUTSIDE ||
            (row && row->standing == NTS_STANDING_OUTSIDE));
}

static int needs_job(const nts_scan_t *scan, nts_side_t side, int i)
{
    const nts_link_t *link = scan->links[i];
    const nts_record_t *row;

    if (!link) {
        return 1;
    }
    if (link->state == NTS_LINK_IGNORED) {
        return 0;
    }
    if (link->state != NTS_LINK_ACTIVE || link->missing || scan->records[i].trashed) {
        return 1;
    }
    if (!reads_rows(scan)) {
        return scan->records[i].standing == NTS_STANDING_OUTSIDE ||
               !shows_its_base(scan, side, link, &scan->records[i]);
    }
    row = link->key ? nts_scan_row(scan, link->key) : NULL;
    if (!row || row->standing == NTS_STANDING_OUTSIDE ||
        scan->records[i].standing == NTS_STANDING_OUTSIDE) {
        return 1; /* it is gone, or has left the filter */
    }
    return !shows_bases(scan, link, &scan->records[i], row);
}

nts_step_t nts_scan_spawn(nts_scan_t *scan, nts_spawn_t *spawns, int count, nts_scan_state_t then)
{
    scan->report.spawned += count;
    if (count == 0) {
        return nts_scan_next(scan, then);
    }
    scan->call = (nts_call_t){ 0 };
    scan->call.kind = NTS_CALL_SPAWN;
    scan->call.spawns = spawns;
    scan->call.spawn_count = count;
    scan->state = then;
    return NTS_STEP_CALL;
}

nts_spawn_t *nts_scan_new_spawns(nts_scan_t *scan, int count)
{
    return apr_pcalloc(scan->page, (apr_size_t)(count + 1) * sizeof(nts_spawn_t));
}

void nts_scan_aim(nts_spawn_t *spawn, nts_side_t side, const char *id)
{
    *(side == NTS_NOTION ? &spawn->target.page : &spawn->target.key) = id;
}

void nts_scan_show(nts_spawn_t *spawn, const nts_scan_t *scan, nts_side_t side,
                   const nts_record_t *record)
{
    if (traits_of(scan, side)->lists_edits) {
        spawn->candidate = record;
        spawn->candidate_side = side;
        spawn->candidate_sent = scan->page_sent;
    }
}

/* The records of a page of @a side's listing. */
static nts_step_t compare(nts_scan_t *scan, nts_side_t side)
{
    nts_spawn_t *spawns = nts_scan_new_spawns(scan, scan->record_count);
    int i, n = 0;

    for (i = 0; i < scan->record_count; i++) {
        if (nts_scan_is_outside(scan, i)) {
            scan->report.outside++;
        }
        else if (needs_job(scan, side, i)) {
            spawns[n].target.link = scan->links[i] ? scan->links[i]->id : 0;
            nts_scan_aim(&spawns[n], side, scan->records[i].id);
            nts_scan_show(&spawns[n++], scan, side, &scan->records[i]);
        }
    }
    return nts_scan_spawn(scan, spawns, n,
                          side == NTS_NOTION ? NTS_SCAN_NOTION_SPAWNED : NTS_SCAN_EXTERNAL_SPAWNED);
}

static nts_step_t compare_page(nts_scan_t *scan, const nts_answer_t *answer)
{
    if (answer->result != NTS_RESULT_OK) {
        return nts_scan_not_now(scan, answer);
    }
    scan->rows = answer->records;
    scan->row_count = answer->record_count;
    return scan->config.kind == NTS_SCAN_VERIFY ? nts_scan_verify_page(scan)
                                                : compare(scan, NTS_NOTION);
}

static nts_step_t find_unlinked_rows(nts_scan_t *scan)
{
    nts_spawn_t *spawns = nts_scan_new_spawns(scan, scan->record_count);
    int i, n = 0;

    for (i = 0; i < scan->record_count; i++) {
        const nts_link_t *link = scan->links[i];

        if (!link && scan->records[i].standing == NTS_STANDING_OUTSIDE) {
            scan->report.outside++;
        }
        else if (!link || link->state == NTS_LINK_TOMBSTONE || link->state == NTS_LINK_NEW) {
            spawns[n++].target.key = scan->records[i].id;
        }
    }
    return nts_scan_spawn(scan, spawns, n, NTS_SCAN_EXTERNAL_SPAWNED);
}

/* S4.1: absence only asks the question; the job reads both records themselves. */
static nts_step_t find_absent(nts_scan_t *scan, const nts_reply_t *reply)
{
    nts_spawn_t *spawns = nts_scan_new_spawns(scan, reply->link_count);
    int i, n = 0;

    scan->last_page = reply->link_count < NTS_SCAN_LINKS_PAGE;
    for (i = 0; i < reply->link_count; i++) {
        const nts_link_t *link = reply->links[i];

        scan->after = link->id;
        if (!nts_scan_was_seen(scan, link->id) && link->state != NTS_LINK_IGNORED) {
            spawns[n].target.link = link->id;
            spawns[n].target.page = link->page;
            spawns[n++].target.key = link->key;
        }
    }
    return nts_scan_spawn(scan, spawns, n, NTS_SCAN_ABSENT_SPAWNED);
}

nts_step_t nts_scan_next(nts_scan_t *scan, nts_scan_state_t finished)
{
    int whole = scan->config.kind == NTS_SCAN_FULL || scan->config.kind == NTS_SCAN_VERIFY;

    if (scan->config.kind == NTS_SCAN_BATCH) {
        return nts_scan_batch_next(scan);
    }
    switch (finished) {
    case NTS_SCAN_NOTION_SPAWNED:
        if (!scan->last_page) {
            return nts_scan_list(scan, NTS_NOTION);
        }
        return whole || traits_of(scan, NTS_EXTERNAL)->lists_edits
                   ? nts_scan_list(scan, NTS_EXTERNAL)
                   : nts_scan_end(scan);
    case NTS_SCAN_EXTERNAL_SPAWNED:
        if (!scan->last_page) {
            return nts_scan_list(scan, NTS_EXTERNAL);
        }
        /* a listing without a proven end is no listing (S7.2): nothing counts as absent */
        return whole && scan->report.complete ? nts_scan_list_absent(scan) : nts_scan_end(scan);
    case NTS_SCAN_ABSENT_SPAWNED:
        return scan->last_page ? nts_scan_end(scan) : nts_scan_list_absent(scan);
    default:
        return nts_scan_end(scan);
    }
}

/* @a known: to other mappings, one for each record; NULL: it was not asked. */
static void count_strangers(nts_scan_t *scan, const int *known)
{
    int i;

    for (i = 0; known && i < scan->record_count; i++) {
        scan->report.strangers += !known[i] && !scan->links[i] && scan->records[i].by_us;
    }
}

static nts_step_t take_links(nts_scan_t *scan, const nts_reply_t *reply)
{
    nts_side_t side = scan->state == NTS_SCAN_NOTION_LINKS ? NTS_NOTION : NTS_EXTERNAL;

    scan->links = reply->links;
    if (scan->config.kind == NTS_SCAN_FIRST) {
        count_strangers(scan, reply->known_to_others);
        return nts_scan_match_page(scan, scan->match_side);
    }
    mark_seen(scan, side);
    if (side == NTS_NOTION && reads_rows(scan)) {
        return read_rows(scan);
    }
    if (scan->config.kind == NTS_SCAN_VERIFY) {
        return side == NTS_NOTION ? nts_scan_verify_page(scan) : nts_scan_verify_external(scan);
    }
    return reads_rows(scan) ? find_unlinked_rows(scan) : compare(scan, side);
}

nts_step_t nts_scan_step(nts_scan_t *scan, const nts_reply_t *reply, apr_time_t now)
{
    (void)now;
    if (!reply && scan->state != NTS_SCAN_START) {
        return NTS_STEP_CALL; /* after a WAIT: the same call again */
    }
    switch (scan->state) {
    case NTS_SCAN_START:
        return scan->config.kind == NTS_SCAN_FIRST ? nts_scan_match_start(scan)
                                                   : nts_scan_list(scan, scan->config.side);
    case NTS_SCAN_NOTION_LISTED:
        return take_page(scan, NTS_NOTION, reply->answer);
    case NTS_SCAN_EXTERNAL_LISTED:
        return take_page(scan, NTS_EXTERNAL, reply->answer);
    case NTS_SCAN_NOTION_LINKS:
    case NTS_SCAN_EXTERNAL_LINKS:
        return take_links(scan, reply);
    case NTS_SCAN_EXTERNAL_ROWS:
        return compare_page(scan, reply->answer);
    case NTS_SCAN_NOTION_SPAWNED:
    case NTS_SCAN_EXTERNAL_SPAWNED:
    case NTS_SCAN_ABSENT_SPAWNED:
        return nts_scan_next(scan, scan->state);
    case NTS_SCAN_ABSENT_LINKS:
        return scan->config.kind == NTS_SCAN_VERIFY
                   ? nts_scan_verify_absent(scan, reply->links, reply->link_count)
                   : find_absent(scan, reply);
    case NTS_SCAN_MATCH_STORED:
        return nts_scan_match_next(scan);
    case NTS_SCAN_MATCH_JOINED:
        return nts_scan_match_joined(scan, reply->matched);
    case NTS_SCAN_CONFIRM_EXTERNAL:
        return nts_scan_confirm_external(scan, reply->answer);
    case NTS_SCAN_CONFIRM_NOTION:
        return nts_scan_confirm_notion(scan, reply->answer);
    case NTS_SCAN_CONFIRM_BODY:
        return nts_scan_confirm_body(scan, reply->answer);
    case NTS_SCAN_ENDED:
        break;
    }
    return NTS_STEP_DONE;
}
