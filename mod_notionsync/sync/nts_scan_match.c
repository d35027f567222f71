/* nts_scan_match.c - first contact (S5.1): if both sides hold unlinked records, nothing is created until the
 * link property and the match fields have paired them, in this order. The external side is read first: it is free, and an empty table needs no
 * match at all. */
#include "base/nts_crypto.h"
#include "sync/nts_scan_impl.h"

#include <string.h>

static int match_pair(const nts_mapping_t *mapping, const nts_match_t *match)
{
    int i;

    for (i = 0; i < mapping->pair_count; i++) {
        if (mapping->pairs[i].domain && !strcmp(mapping->pairs[i].external, match->external) &&
            !strcmp(mapping->pairs[i].notion, match->notion)) {
            return i;
        }
    }
    return -1;
}

nts_step_t nts_scan_match_start(nts_scan_t *scan)
{
    const nts_mapping_t *mapping = scan->config.mapping;
    int m;

    for (m = 0; m < mapping->match_count; m++) {
        if (match_pair(mapping, &mapping->matches[m]) < 0) {
            nts_outcome_set(&scan->outcome, scan->p, NTS_REMEDY_PERSON, "config.match",
                            "NotionSyncMatch \"%s\" %s names no NotionSyncField of this mapping",
                            mapping->matches[m].notion, mapping->matches[m].external);
            scan->outcome.advice = "add a NotionSyncField for that pair";
            scan->state = NTS_SCAN_ENDED;
            return NTS_STEP_BLOCKED;
        }
    }
    scan->match_side = NTS_EXTERNAL;
    return nts_scan_list(scan, NTS_EXTERNAL);
}

/* A hash over the key; NULL where there is none. */
static const char *hash_key(nts_scan_t *scan, nts_side_t side, const nts_record_t *record)
{
    const nts_mapping_t *mapping = scan->config.mapping;
    int i = nts_mapping_key_pair(mapping);
    nts_json_t *values;
    nts_value_t common;

    if (i < 0 ||
        nts_domain_project(&common, mapping->pairs[i].domain, side, &record->values[i], NULL,
                           scan->page) != APR_SUCCESS ||
        common.kind == NTS_VALUE_NULL) {
        return NULL;
    }
    values = nts_json_make_array(scan->page);
    nts_value_to_json(&common, values, NULL);
    return apr_pstrcat(scan->page, NTS_MATCH_BY_KEY,
                       nts_sha256_text(nts_json_text(values, scan->page), scan->page), NULL);
}

/* One hash over all match values in the common domain; NULL if one of them is empty: such a record matches
 * nothing. */
static const char *hash_record(nts_scan_t *scan, nts_side_t side, const nts_record_t *record)
{
    const nts_mapping_t *mapping = scan->config.mapping;
    nts_json_t *values = nts_json_make_array(scan->page);
    int m;

    if (mapping->match_count == 0) {
        return NULL;
    }
    for (m = 0; m < mapping->match_count; m++) {
        int i = match_pair(mapping, &mapping->matches[m]);
        nts_value_t common;

        if (nts_domain_project(&common, mapping->pairs[i].domain, side, &record->values[i], NULL,
                               scan->page) != APR_SUCCESS ||
            common.kind == NTS_VALUE_NULL) {
            return NULL;
        }
        nts_value_to_json(&common, values, NULL);
    }
    return nts_sha256_text(nts_json_text(values, scan->page), scan->page);
}

nts_step_t nts_scan_match_page(nts_scan_t *scan, nts_side_t side)
{
    apr_size_t room = (apr_size_t)(2 * scan->record_count + 1);
    const char **ids = apr_pcalloc(scan->page, room * sizeof(*ids));
    const char **hashes = apr_pcalloc(scan->page, room * sizeof(*hashes));
    nts_matched_t *matched = apr_pcalloc(scan->p, sizeof(*matched));
    int i, n = 0;

    if (!scan->report.matched) {
        scan->report.matched = matched;
    }
    *matched = *scan->report.matched;
    scan->report.matched = matched;
    for (i = 0; i < scan->record_count; i++) {
        if (scan->links[i] && scan->links[i]->state != NTS_LINK_NEW) {
            continue;
        }
        /* S5.3: one outside the filter is paired, so that its partner is not copied, but it asks for nothing */
        if (!scan->config.mapping->match_count &&
            scan->records[i].standing == NTS_STANDING_OUTSIDE) {
            continue;
        }
        matched->unlinked[side]++;
        ids[n] = scan->records[i].id;
        hashes[n] = hash_key(scan, side, &scan->records[i]);
        n += hashes[n] != NULL;
        ids[n] = scan->records[i].id;
        hashes[n] = hash_record(scan, side, &scan->records[i]);
        n += hashes[n] != NULL;
    }
    if (n == 0) {
        return nts_scan_match_next(scan);
    }
    scan->call = (nts_call_t){ 0 };
    scan->call.kind = NTS_CALL_MATCH_PUT;
    scan->call.match_side = side;
    scan->call.match_ids = ids;
    scan->call.match_hashes = hashes;
    scan->call.match_count = n;
    scan->state = NTS_SCAN_MATCH_STORED;
    return NTS_STEP_CALL;
}

static nts_step_t no_match_needed(nts_scan_t *scan)
{
    const nts_matched_t *matched = scan->report.matched;

    if (scan->config.whole && matched->unlinked[NTS_NOTION] + matched->unlinked[NTS_EXTERNAL] > 0) {
        scan->report.needs_match = 1;
        return nts_scan_end(scan);
    }
    scan->report.matched = NULL;
    return nts_scan_end(scan);
}

nts_step_t nts_scan_match_next(nts_scan_t *scan)
{
    const nts_matched_t *matched = scan->report.matched;
    int can_match =
        scan->config.mapping->match_count > 0 || nts_mapping_key_pair(scan->config.mapping) >= 0;

    /* without match fields one unlinked record a side is enough to know that a person must decide */
    if (!scan->last_page && (can_match || !matched->unlinked[scan->match_side])) {
        return nts_scan_list(scan, scan->match_side);
    }
    if (!matched->unlinked[scan->match_side] &&
        !(scan->config.whole && scan->match_side == NTS_EXTERNAL)) {
        return no_match_needed(scan);
    }
    if (scan->match_side == NTS_EXTERNAL) {
        scan->match_side = NTS_NOTION;
        scan->cursor = NULL;
        return nts_scan_list(scan, NTS_NOTION);
    }
    if (!can_match) {
        scan->report.needs_match = 1;
        return nts_scan_end(scan);
    }
    if (!scan->report.complete) {
        nts_outcome_set(
            &scan->outcome, scan->p, NTS_REMEDY_RETRY, "notion.listing_incomplete",
            "Notion's listing did not prove its end: nothing is matched on a part of it");
        scan->state = NTS_SCAN_ENDED;
        return NTS_STEP_BLOCKED;
    }
    scan->report.phase = "matching";
    scan->call = (nts_call_t){ 0 };
    scan->call.kind = NTS_CALL_MATCH_JOIN;
    scan->call.match_after = scan->config.max_entry;
    scan->state = NTS_SCAN_MATCH_JOINED;
    return NTS_STEP_CALL;
}

nts_step_t nts_scan_match_joined(nts_scan_t *scan, const nts_matched_t *matched)
{
    nts_matched_t *found = apr_pmemdup(scan->p, matched, sizeof(*matched));

    /* Of all, not only of those that had something to be matched by. */
    found->unlinked[NTS_NOTION] = scan->report.matched->unlinked[NTS_NOTION];
    found->unlinked[NTS_EXTERNAL] = scan->report.matched->unlinked[NTS_EXTERNAL];
    scan->report.matched = found;
    if (found->outdated) {
        nts_outcome_set(&scan->outcome, scan->p, NTS_REMEDY_RETRY, "match.outdated",
                        "while both sides were matched, another mapping made %" APR_INT64_T_FMT
                        " rows under keys that had been listed as other rows'",
                        found->outdated);
        scan->state = NTS_SCAN_ENDED;
        return NTS_STEP_BLOCKED;
    }
    return nts_scan_end(scan);
}
