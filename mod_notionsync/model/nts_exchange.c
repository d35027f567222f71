/* nts_exchange.c - names of what is asked and answered, and whose clock it goes by. */
#include "model/nts_exchange.h"

const char *nts_ask_name(nts_ask_kind_t kind)
{
    static const char *const names[] = { "describe",  "who",         "read",   "read many",
                                         "list",      "find",        "create", "update",
                                         "remove",    "restore",     "intent", "changes",
                                         "provision", "unprovision", "mark",   "body",
                                         "files" };

    return names[kind];
}

const char *nts_result_name(nts_result_t result)
{
    static const char *const names[] = { "ok",      "gone",    "missing", "stale",  "not done",
                                         "unknown", "refused", "trashed", "blocked" };

    return names[result];
}

void nts_ask_to_clock(nts_ask_t *ask, const nts_skew_t *skew)
{
    nts_listing_t *listing = &ask->listing;

    /* Whoever lists edits leaves a minute and more for what is late; widening that for clocks that are right
     * would only list the minutes beside it as well. Looking for what was created leaves nothing. */
    if (ask->kind == NTS_ASK_FIND || nts_skew_is_notable(skew)) {
        listing->edited_since = nts_skew_theirs_earliest(skew, listing->edited_since);
        listing->edited_before = nts_skew_theirs_latest(skew, listing->edited_before);
    }
}

static void correct_record(nts_record_t *record, const nts_skew_t *skew)
{
    record->created = nts_skew_latest(skew, record->created);
    record->edited = nts_skew_latest(skew, record->edited);
    record->changed = nts_skew_latest(skew, record->changed);
}

void nts_answer_from_clock(nts_answer_t *answer, const nts_skew_t *skew, apr_pool_t *p)
{
    nts_change_t *changes;
    int i;

    if (answer->record) {
        correct_record(answer->record, skew);
    }
    for (i = 0; i < answer->record_count; i++) {
        correct_record(&answer->records[i], skew);
    }
    for (i = 0; i < answer->file_count; i++) {
        answer->files[i].expires = nts_skew_earliest(skew, answer->files[i].expires);
    }
    if (answer->change_count > 0) {
        changes =
            apr_pmemdup(p, answer->changes, (apr_size_t)answer->change_count * sizeof(*changes));
        for (i = 0; i < answer->change_count; i++) {
            changes[i].at = nts_skew_latest(skew, changes[i].at);
        }
        answer->changes = changes;
    }
}

static void add_key(nts_record_t *record, const nts_mapping_t *mapping, int pair, apr_pool_t *p)
{
    nts_value_t *values;

    if (record->values && record->id) {
        values = apr_pmemdup(p, record->values, (apr_size_t)mapping->pair_count * sizeof(*values));
        values[pair] = nts_mapping_key_value(&mapping->pairs[pair], record->id, p);
        record->values = values;
    }
}

void nts_answer_add_keys(nts_answer_t *answer, const nts_ask_t *ask, apr_pool_t *p)
{
    int pair = ask->side == NTS_EXTERNAL && ask->mapping ? nts_mapping_key_pair(ask->mapping) : -1;
    int i;

    if (pair < 0 || !ask->mapping->pairs[pair].domain) {
        return;
    }
    if (answer->record) {
        add_key(answer->record, ask->mapping, pair, p);
    }
    for (i = 0; i < answer->record_count; i++) {
        add_key(&answer->records[i], ask->mapping, pair, p);
    }
}
