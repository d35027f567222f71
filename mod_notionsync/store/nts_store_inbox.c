/* nts_store_inbox.c - notices: stored before they are acknowledged, kept settled for a while so that a
 * repeated event is known (S3.9). */
#include "store/nts_store_impl.h"

/* Rows that one call of nts_store_prune removes from a table, so that it stays short. */
#define PRUNE_MAX "500"

static const nts_stmt_t insert_notice = {
    "INSERT INTO inbox (id, mapping, side, record, event, kind, properties, authors, old_key, "
    "intent,"
    " image, at, stored) VALUES (%lld, %lld, %lld, %s, %s, %s, %s, %s, %s, %s, %s, %lld,"
    " %lld) ON CONFLICT (" NTS_SQL_EVENT_UNIQUE ") DO NOTHING"
};
static const nts_stmt_t last_notice = { "SELECT max(id) FROM inbox" };
static const nts_stmt_t settle = { "UPDATE inbox SET settled = %lld WHERE id = %lld"
                                   " AND settled = 0" };
/* The index has the order of blocks: of each at most some hundreds are sorted, until there are enough. */
static const nts_stmt_t get_open = {
    "SELECT " NTS_NOTICE_COLUMNS " FROM inbox INDEXED BY inbox_open WHERE mapping = %lld"
    " AND settled = 0 AND " NTS_SQL_BLOCK("id") " >= " NTS_SQL_BLOCK(
        "%lld") " AND id > %lld"
                " ORDER BY " NTS_SQL_BLOCK("id") ", id LIMIT %lld"
};
static const nts_stmt_t set_counter = { "INSERT INTO status (mapping, counter, witness, witness_at)"
                                        " VALUES (%lld, %lld, %lld, %lld) ON CONFLICT (mapping)"
                                        " DO UPDATE SET counter = excluded.counter,"
                                        " witness = excluded.witness,"
                                        " witness_at = excluded.witness_at" };

/* The number that SQLite would give: asking it for each row would take longer than counting. */
static apr_status_t find_next(nts_store_t *store, apr_pool_t *ptemp)
{
    apr_int64_t last;
    apr_status_t rv = APR_SUCCESS;

    if (store->next_notice == 0) {
        rv = nts_db_get_int(&last, store->db, &last_notice, NTS_NO_ARGS, ptemp);
        if (rv == APR_SUCCESS || rv == APR_ENOENT) {
            store->next_notice = last + 1;
            rv = APR_SUCCESS;
        }
    }
    return rv;
}

apr_status_t nts_notice_insert(int *known, nts_store_t *store, apr_int64_t mapping,
                               nts_notice_t *notice, apr_pool_t *ptemp)
{
    int changed = 0;
    apr_status_t rv = find_next(store, ptemp);

    *known = 0;
    notice->id = 0;
    notice->stored = nts_store_now(store);
    if (rv == APR_SUCCESS) {
        rv = nts_db_exec(&changed, store->db, &insert_notice,
                         NTS_ARGS(nts_int(store->next_notice), nts_int(mapping),
                                  nts_int(notice->side), nts_text(notice->record),
                                  nts_text(notice->event), nts_text(notice->kind),
                                  nts_text(notice->properties), nts_text(notice->authors),
                                  nts_text(notice->old_key), nts_text(notice->intent),
                                  nts_text(store->no_values ? NULL : notice->image),
                                  nts_int(notice->at), nts_int(notice->stored)));
    }
    if (rv == APR_SUCCESS && changed == 0) {
        *known = 1;
    }
    else if (rv == APR_SUCCESS) {
        notice->id = store->next_notice++;
    }
    return rv;
}

static apr_status_t follow_key(nts_store_t *store, apr_int64_t mapping, const nts_notice_t *notice,
                               apr_pool_t *ptemp)
{
    if (notice->old_key && notice->record) {
        return nts_key_move(store, mapping, notice, ptemp);
    }
    if (notice->intent && notice->record && notice->kind && strcmp(notice->kind, "change.i") == 0) {
        return nts_key_made_elsewhere(store, mapping, notice, ptemp);
    }
    if (notice->image && notice->record && notice->kind && strcmp(notice->kind, "change.d") == 0) {
        return nts_key_gone(store, mapping, notice, ptemp);
    }
    return APR_SUCCESS;
}

static apr_status_t insert_rows(int *known, nts_store_t *store, nts_inbox_row_t *rows, int count)
{
    apr_pool_t *ptemp = nts_store_scratch(store);
    apr_status_t rv = APR_SUCCESS;
    int i;

    *known = 0;
    for (i = 0; i < count && rv == APR_SUCCESS; i++) {
        int this_one;

        rv = nts_notice_insert(&this_one, store, rows[i].mapping, &rows[i].notice, ptemp);
        *known += this_one;
        if (rv == APR_SUCCESS && !this_one) {
            rv = follow_key(store, rows[i].mapping, &rows[i].notice, ptemp);
        }
    }
    return rv;
}

apr_status_t nts_store_put_notices(int *duplicates, nts_store_t *store, nts_inbox_row_t *rows,
                                   int count)
{
    int known = 0;
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv == APR_SUCCESS) {
        rv = nts_unit_leave(store, own, insert_rows(&known, store, rows, count));
    }
    if (duplicates) {
        *duplicates = rv == APR_SUCCESS ? known : 0;
    }
    return rv;
}

apr_status_t nts_store_take_changes(nts_store_t *store, apr_int64_t mapping, nts_inbox_row_t *rows,
                                    int count, apr_int64_t counter, apr_int64_t witness,
                                    apr_time_t witness_at)
{
    int known;
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = insert_rows(&known, store, rows, count);
    if (rv == APR_SUCCESS) {
        rv = nts_db_exec(
            NULL, store->db, &set_counter,
            NTS_ARGS(nts_int(mapping), nts_int(counter), nts_int(witness), nts_int(witness_at)));
    }
    return nts_unit_leave(store, own, rv);
}

static const nts_stmt_t renumber = { "UPDATE inbox SET event = 'before:' || id WHERE mapping = %lld"
                                     " AND side = %lld AND event LIKE 'change:%%'" };

apr_status_t nts_store_renumber_changes(nts_store_t *store, apr_int64_t mapping)
{
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = nts_db_exec(NULL, store->db, &renumber, NTS_ARGS(nts_int(mapping), nts_int(NTS_EXTERNAL)));
    return nts_unit_leave(store, own, rv);
}

apr_status_t nts_store_get_notices(nts_notice_t **notices, int *count, nts_store_t *store,
                                   apr_int64_t mapping, apr_int64_t after, int limit, apr_pool_t *p)
{
    nts_notice_t *list;
    nts_rows_t rows;
    int n = 0;
    apr_status_t rv;

    *notices = NULL;
    *count = 0;
    if (limit <= 0) {
        return APR_SUCCESS;
    }
    list = apr_pcalloc(p, sizeof(*list) * (apr_size_t)limit);
    rv = nts_db_select(&rows, store->db, &get_open,
                       NTS_ARGS(nts_int(mapping), nts_int(after), nts_int(after), nts_int(limit)),
                       nts_store_scratch(store));
    while (rv == APR_SUCCESS && n < limit && nts_rows_next(&rows)) {
        rv = nts_row_notice(&list[n++], &rows, p);
    }
    if (rv == APR_SUCCESS) {
        *notices = list;
        *count = n;
    }
    return rv;
}

apr_status_t nts_notice_settle(nts_store_t *store, const apr_int64_t *ids, int count)
{
    apr_time_t now = nts_store_now(store);
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < count && rv == APR_SUCCESS; i++) {
        rv = nts_db_exec(NULL, store->db, &settle, NTS_ARGS(nts_int(now), nts_int(ids[i])));
    }
    return rv;
}

apr_status_t nts_store_settle(nts_store_t *store, const apr_int64_t *ids, int count)
{
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    return rv == APR_SUCCESS ? nts_unit_leave(store, own, nts_notice_settle(store, ids, count))
                             : rv;
}

/* --- forgetting. Row numbers are given out again after the highest is removed, and workers remember
 *     where they were: the newest row of a table always stays. */

static const nts_stmt_t prune_inbox = {
    "DELETE FROM inbox WHERE id IN (SELECT id FROM (SELECT id, settled FROM inbox"
    " WHERE settled > 0 ORDER BY id LIMIT " PRUNE_MAX ") WHERE settled < %lld)"
    " AND id < (SELECT max(id) FROM inbox)"
};
static const nts_stmt_t prune_entries = {
    "DELETE FROM entry WHERE id IN (SELECT id FROM (SELECT id, at, state FROM entry"
    " ORDER BY id LIMIT " PRUNE_MAX ") WHERE at < %lld AND state <> " NTS_SQL_PENDING ")"
    " AND id < (SELECT max(id) FROM entry)"
};
/* Tombstones are kept as long as the audit (S1). */
static const nts_stmt_t prune_links = {
    "DELETE FROM link WHERE id IN (SELECT id FROM link WHERE state = " NTS_SQL_TOMBSTONE
    " AND touched < %lld ORDER BY touched LIMIT " PRUNE_MAX ")"
};
static const nts_stmt_t prune_commands = {
    "DELETE FROM command WHERE id IN (SELECT id FROM (SELECT id, at, state FROM command"
    " ORDER BY id LIMIT " PRUNE_MAX ") WHERE at < %lld AND state IN ('done', 'failed'))"
    " AND id < (SELECT max(id) FROM command)"
};
static const nts_stmt_t prune_rulings = {
    "DELETE FROM ruling WHERE id IN (SELECT id FROM (SELECT id, at FROM ruling"
    " ORDER BY id LIMIT " PRUNE_MAX ") WHERE at < %lld)"
};
static const nts_stmt_t prune_runs = {
    "DELETE FROM run WHERE id IN (SELECT id FROM (SELECT id, started FROM run"
    " ORDER BY id LIMIT " PRUNE_MAX ") WHERE started < %lld)"
    " AND id < (SELECT max(id) FROM run)"
};
static const nts_stmt_t prune_tally = { "DELETE FROM tally WHERE minute > 0 AND minute < %lld" };
static const nts_stmt_t prune_chunks = {
    "DELETE FROM budget_chunk WHERE id IN (SELECT id FROM (SELECT id, answered FROM budget_chunk"
    " ORDER BY id LIMIT " PRUNE_MAX ") WHERE answered > 0 AND answered < %lld)"
    " AND id < (SELECT max(id) FROM budget_chunk)"
};

apr_status_t nts_store_prune(nts_store_t *store, apr_time_t inbox_before, apr_time_t audit_before)
{
    const apr_time_t day = apr_time_from_sec(24 * 3600);
    apr_time_t now = nts_store_now(store);
    const struct {
        const nts_stmt_t *stmt;
        apr_int64_t before;
    } steps[] = {
        { &prune_inbox, inbox_before },
        { &prune_entries, audit_before },
        { &prune_links, audit_before },
        { &prune_commands, audit_before },
        { &prune_rulings, audit_before },
        { &prune_runs, audit_before },
        { &prune_tally, apr_time_sec(now - day) / 60 },
        { &prune_chunks, now - day },
    };
    apr_size_t i;
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    for (i = 0; i < sizeof(steps) / sizeof(steps[0]) && rv == APR_SUCCESS; i++) {
        rv = nts_db_exec(NULL, store->db, steps[i].stmt, NTS_ARGS(nts_int(steps[i].before)));
    }
    return nts_unit_leave(store, own, rv);
}
