/* nts_store_match.c - first match (S5.1): hashes of match values, joined inside the store so that no
 * side has to fit in memory. */
#include <string.h>

#include "store/nts_store_impl.h"

#define BATCH 200 /* hashes in one transaction */
#define BATCH_SQL "200"

static const nts_stmt_t clear_some = {
    "DELETE FROM match_candidate WHERE mapping = %lld AND (side, id, hash) IN"
    " (SELECT side, id, hash FROM match_candidate WHERE mapping = %lld LIMIT 500)"
};
static const nts_stmt_t put = {
    "INSERT OR REPLACE INTO match_candidate (mapping, side, id, hash) VALUES (%lld, %lld, %s, %s)"
};
static const nts_stmt_t count_side = { "SELECT count(DISTINCT id) FROM match_candidate"
                                       " WHERE mapping = %lld AND side = %lld" };
/* Hashes that stand on both sides, in order, with how often. */
static const nts_stmt_t shared = {
    "SELECT hash, sum(side = 0), sum(side = 1) FROM match_candidate WHERE mapping = %lld"
    " AND hash > %s GROUP BY hash HAVING sum(side = 0) > 0 AND sum(side = 1) > 0"
    " ORDER BY hash LIMIT " BATCH_SQL
};
static const nts_stmt_t bearers = { "SELECT side, id FROM match_candidate WHERE mapping = %lld"
                                    " AND hash = %s" };
static const nts_stmt_t set_matched = { "INSERT INTO status (mapping, matched) VALUES (%lld, 1)"
                                        " ON CONFLICT (mapping) DO UPDATE SET matched = 1" };

/* A key that stands on one side only pairs nothing; where it stands on both, match fields have no say. Hashes of keys
 * begin with NTS_MATCH_BY_KEY, which is before all digits. */
static const nts_stmt_t drop_lone_keys = {
    "DELETE FROM match_candidate AS c WHERE mapping = %lld AND hash < '0' AND NOT EXISTS"
    " (SELECT 1 FROM match_candidate AS o WHERE o.mapping = c.mapping AND o.hash = c.hash"
    " AND o.side <> c.side)"
};
static const nts_stmt_t drop_overruled = {
    "DELETE FROM match_candidate AS c WHERE mapping = %lld AND hash >= '0' AND EXISTS"
    " (SELECT 1 FROM match_candidate AS k WHERE k.mapping = c.mapping AND k.side = c.side"
    " AND k.id = c.id AND k.hash < '0')"
};

static apr_status_t run_own(int *changed, nts_store_t *store, const nts_stmt_t *stmt,
                            const nts_arg_t *args, int count)
{
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = nts_db_exec(changed, store->db, stmt, args, count);
    return nts_unit_leave(store, own, rv);
}

apr_status_t nts_store_match_clear(nts_store_t *store, apr_int64_t mapping)
{
    int changed;
    apr_status_t rv;

    do {
        rv = run_own(&changed, store, &clear_some, NTS_ARGS(nts_int(mapping), nts_int(mapping)));
    } while (rv == APR_SUCCESS && changed > 0);
    return rv;
}

/* The code is the outcome's second member, after "remedy". */
static const nts_stmt_t release = {
    "UPDATE link INDEXED BY link_trouble SET trouble = 0, outcome = NULL WHERE mapping = %lld"
    " AND trouble = 2 AND trouble <> 0 AND state = 0 AND outcome LIKE "
    "'%%\"code\":\"" NTS_MATCH_AMBIGUOUS "\"%%'"
};
static const nts_stmt_t count_held = {
    "SELECT count(*) FROM link INDEXED BY link_trouble WHERE mapping = %lld AND trouble = 2"
    " AND trouble <> 0 AND state = 0 AND outcome LIKE '%%\"code\":\"" NTS_MATCH_AMBIGUOUS "\"%%'"
};
static const nts_stmt_t set_unmatched = { "UPDATE status SET matched = 0 WHERE mapping = %lld" };

apr_status_t nts_store_match_release(int *released, nts_store_t *store, apr_int64_t mapping)
{
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    *released = 0;
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = nts_db_exec(released, store->db, &release, NTS_ARGS(nts_int(mapping)));
    if (rv == APR_SUCCESS && *released > 0) {
        rv = nts_db_exec(NULL, store->db, &set_unmatched, NTS_ARGS(nts_int(mapping)));
    }
    return nts_unit_leave(store, own, rv);
}

apr_status_t nts_store_match_is_held(int *held, nts_store_t *store, apr_int64_t mapping)
{
    apr_int64_t count = 0;
    apr_status_t rv = nts_db_get_int(&count, store->db, &count_held, NTS_ARGS(nts_int(mapping)),
                                     nts_store_scratch(store));

    *held = count > 0;
    return rv;
}

apr_status_t nts_store_match_put(nts_store_t *store, apr_int64_t mapping, nts_side_t side,
                                 const char *id, const char *hash)
{
    return run_own(NULL, store, &put,
                   NTS_ARGS(nts_int(mapping), nts_int(side), nts_text(id), nts_text(hash)));
}

static const nts_stmt_t max_entry = { "SELECT max(id) FROM entry" };

apr_status_t nts_store_max_entry(apr_int64_t *max, nts_store_t *store)
{
    apr_status_t rv =
        nts_db_get_int(max, store->db, &max_entry, NTS_NO_ARGS, nts_store_scratch(store));

    return rv == APR_ENOENT ? APR_SUCCESS : rv;
}

typedef struct join_t {
    nts_store_t *store;
    apr_int64_t mapping, after;
    const char *group;
    apr_int64_t epoch;
    nts_matched_t *result;
    apr_pool_t *ptemp; /* of one batch */
} join_t;

static apr_status_t find(nts_link_t **link, join_t *join, nts_side_t side, const char *id)
{
    return side == NTS_NOTION
               ? nts_link_by_page(link, join->store, join->mapping, id, join->ptemp, join->ptemp)
               : nts_link_by_key(link, join->store, join->mapping, id, join->ptemp, join->ptemp);
}

static int is_linked(const nts_link_t *link)
{
    return link && link->state != NTS_LINK_NEW && link->state != NTS_LINK_TOMBSTONE;
}

/* Records that were seen with one side only may have a row each; the page's becomes the pair's. */
static const nts_stmt_t drop_row = { "DELETE FROM link WHERE id = %lld" };

static apr_status_t pair_up(join_t *join, const char *page, const char *key)
{
    nts_entry_t entry = { 0 };
    nts_link_t *by_page;
    nts_link_t *by_key;
    nts_link_t *link;
    int before, is_new = 0;
    apr_status_t rv = find(&by_page, join, NTS_NOTION, page);

    if (rv == APR_SUCCESS) {
        rv = find(&by_key, join, NTS_EXTERNAL, key);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (is_linked(by_page) || is_linked(by_key)) {
        return APR_SUCCESS; /* an earlier, interrupted join made it, or a person did */
    }
    /* S4.4: its row is gone, and this is another one, which nobody has compared (seed 57559 of the simulation) */
    rv = nts_sibling_made_row(&is_new, join->store, join->mapping, key, join->after, join->ptemp);
    if (rv != APR_SUCCESS || is_new) {
        join->result->outdated += is_new;
        return rv;
    }
    link = apr_pcalloc(join->ptemp, sizeof(*link));
    if (by_page && by_page->state == NTS_LINK_NEW) {
        link->id = by_page->id;
    }
    if (by_key && link->id) {
        rv = nts_db_exec(NULL, join->store->db, &drop_row, NTS_ARGS(nts_int(by_key->id)));
    }
    else if (by_key) {
        link->id = by_key->id;
    }
    before = link->id ? NTS_LINK_NEW : -1;
    link->page = page;
    link->key = key;
    link->state = NTS_LINK_ACTIVE;
    if (rv == APR_SUCCESS) {
        rv = nts_link_write(join->store, join->mapping, link, before, join->ptemp);
    }
    if (rv == APR_SUCCESS) {
        entry.link = link->id;
        entry.op = NTS_ENTRY_LINK;
        entry.state = NTS_ENTRY_NOTED;
        entry.page = page;
        entry.key = key;
        entry.cause = "first match";
        rv = nts_entry_insert(join->store, join->mapping, &entry, 0, join->ptemp);
        join->result->linked++;
    }
    return rv;
}

void nts_match_hold(nts_link_t *link, const apr_int64_t *times, apr_pool_t *p)
{
    link->state = NTS_LINK_NEW;
    link->trouble = NTS_TROUBLE_HELD;
    link->next_try = 0;
    nts_outcome_set(&link->outcome, p, NTS_REMEDY_PERSON, NTS_MATCH_AMBIGUOUS,
                    "The match fields of this record have the same values in %" APR_INT64_T_FMT
                    " Notion pages and %" APR_INT64_T_FMT " external records",
                    times[NTS_NOTION], times[NTS_EXTERNAL]);
    link->outcome.advice = "Make the match fields unique on both sides.";
}

static apr_status_t hold(join_t *join, nts_side_t side, const char *id, const apr_int64_t *times)
{
    nts_link_t *link;
    int before = NTS_LINK_NEW;
    apr_status_t rv = find(&link, join, side, id);

    if (rv != APR_SUCCESS || is_linked(link)) {
        return rv;
    }
    if (!link || link->state == NTS_LINK_TOMBSTONE) {
        link = apr_pcalloc(join->ptemp, sizeof(*link));
        before = -1;
    }
    *(side == NTS_NOTION ? &link->page : &link->key) = id;
    nts_match_hold(link, times, join->ptemp);
    join->result->ambiguous++;
    return nts_link_write(join->store, join->mapping, link, before, join->ptemp);
}

static apr_status_t join_hash(join_t *join, const char *hash, const apr_int64_t *times)
{
    const char *ids[NTS_SIDE_COUNT] = { NULL, NULL };
    int unique = times[NTS_NOTION] == 1 && times[NTS_EXTERNAL] == 1;
    nts_rows_t rows;
    apr_status_t rv = nts_db_select(&rows, join->store->db, &bearers,
                                    NTS_ARGS(nts_int(join->mapping), nts_text(hash)), join->ptemp);

    while (rv == APR_SUCCESS && nts_rows_next(&rows)) {
        nts_side_t side = nts_rows_int(&rows, 0) ? NTS_EXTERNAL : NTS_NOTION;
        const char *id = nts_rows_text(&rows, 1);

        if (unique) {
            ids[side] = id;
        }
        else {
            rv = hold(join, side, id, times);
        }
    }
    if (rv == APR_SUCCESS && unique) {
        rv = pair_up(join, ids[NTS_NOTION], ids[NTS_EXTERNAL]);
    }
    return rv;
}

/* One transaction. @a last is the hash to go on after; *done when there are no more. */
static apr_status_t join_batch(int *done, const char **last, join_t *join, apr_pool_t *plast)
{
    const char *hash = NULL;
    apr_int64_t newest;
    int n = 0;
    nts_rows_t rows;
    apr_status_t rv = nts_group_epoch(&newest, join->store, join->group, join->ptemp);

    if (rv == APR_ENOENT || (rv == APR_SUCCESS && newest != join->epoch)) {
        return APR_EBUSY;
    }
    if (rv == APR_SUCCESS) {
        rv = nts_db_select(&rows, join->store->db, &shared,
                           NTS_ARGS(nts_int(join->mapping), nts_text(*last)), join->ptemp);
    }
    while (rv == APR_SUCCESS && nts_rows_next(&rows)) {
        apr_int64_t times[NTS_SIDE_COUNT];

        times[NTS_NOTION] = nts_rows_int(&rows, 1);
        times[NTS_EXTERNAL] = nts_rows_int(&rows, 2);
        hash = nts_rows_text(&rows, 0);
        rv = join_hash(join, hash, times);
        n++;
    }
    *last = hash ? apr_pstrdup(plast, hash) : *last;
    *done = n < BATCH;
    if (rv == APR_SUCCESS && *done && !join->result->outdated) {
        rv = nts_db_exec(NULL, join->store->db, &set_matched, NTS_ARGS(nts_int(join->mapping)));
    }
    return rv;
}

apr_status_t nts_store_match_keys(nts_store_t *store, apr_int64_t mapping)
{
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = nts_db_exec(NULL, store->db, &drop_lone_keys, NTS_ARGS(nts_int(mapping)));
    if (rv == APR_SUCCESS) {
        rv = nts_db_exec(NULL, store->db, &drop_overruled, NTS_ARGS(nts_int(mapping)));
    }
    return nts_unit_leave(store, own, rv);
}

apr_status_t nts_store_match_join(nts_matched_t *result, nts_store_t *store,
                                  const nts_mapping_t *mapping, apr_int64_t after,
                                  const char *group, apr_int64_t epoch, apr_pool_t *p)
{
    join_t join = { store, mapping->id, after, group, epoch, result, NULL };
    const char *last = "";
    int done = 0;
    int side;
    apr_status_t rv = APR_SUCCESS;

    memset(result, 0, sizeof(*result));
    for (side = 0; side < NTS_SIDE_COUNT && rv == APR_SUCCESS; side++) {
        rv =
            nts_db_get_int(&result->unlinked[side], store->db, &count_side,
                           NTS_ARGS(nts_int(mapping->id), nts_int(side)), nts_store_scratch(store));
    }
    if (rv == APR_SUCCESS) {
        rv = nts_store_match_keys(store, mapping->id);
    }
    while (rv == APR_SUCCESS && !done) {
        int own;

        rv = nts_unit_enter(&own, store);
        if (rv == APR_SUCCESS) {
            join.ptemp = nts_store_scratch(store);
            rv = nts_unit_leave(store, own, join_batch(&done, &last, &join, p));
        }
    }
    return rv == APR_SUCCESS ? nts_store_match_clear(store, mapping->id) : rv;
}
