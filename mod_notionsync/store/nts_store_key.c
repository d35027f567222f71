/* nts_store_key.c - a changed external key moves its link before anything else is done (S4.4).
 *
 * Done in the transaction that takes the change, in the order of the changes, so that no job ever sees
 * the new key as an unknown record or the old one as a deleted row. A job under way with the old key
 * is refused by nts_commit_t.key_was and begins again.
 */
#include <string.h>

#include "store/nts_store_impl.h"

#define REPLACED " (replaced, "
/* By so much may the database's clock, of which a change tells, be off ours, of which a link tells. */
#define CLOCKS_APART apr_time_from_sec(10)

int nts_key_is_displaced(const char *key)
{
    return strstr(key, REPLACED) != NULL;
}

apr_status_t nts_key_displace(nts_store_t *store, apr_int64_t mapping, nts_link_t *link,
                              const char *by, apr_time_t at, apr_pool_t *ptemp)
{
    nts_notice_t look = { 0 };
    int known;
    apr_status_t rv;

    link->key = apr_psprintf(ptemp, "%s" REPLACED "%s)", link->key, by);
    rv = nts_link_write(store, mapping, link, (int)link->state, ptemp);
    if (rv != APR_SUCCESS || !link->page) {
        return rv;
    }
    look.side = NTS_NOTION;
    look.record = link->page;
    look.event = apr_psprintf(ptemp, "replaced:%s", by);
    look.kind = "key.replaced";
    look.at = at;
    return nts_notice_insert(&known, store, mapping, &look, ptemp);
}

static const nts_stmt_t made_elsewhere = { "SELECT id, at FROM entry WHERE intent = %s"
                                           " AND mapping <> %lld AND op = 0 AND side = 1" };
static const nts_stmt_t entries_since = { "SELECT count(*) FROM entry INDEXED BY entry_link"
                                          " WHERE link = %lld AND link <> 0 AND id > %lld"
                                          " AND op IN (0, 1, 3, 4, 5)" };

/* The record of @a link has the row since it was made: whoever takes a row for a record's makes, writes or agrees on something,
 * and the entries of that are stored one after the other whatever clocks say. When it was looked at last does not tell by itself: our clock may have been set back since (seed 15612
 * of the simulation), or what was stored then read before. */
static apr_status_t has_row_since(int *has, nts_store_t *store, const nts_link_t *link,
                                  apr_int64_t made, apr_time_t made_at, apr_pool_t *ptemp)
{
    apr_int64_t count = 0;
    apr_status_t rv = APR_SUCCESS;

    if (link->touched >= made_at) {
        rv = nts_db_get_int(&count, store->db, &entries_since,
                            NTS_ARGS(nts_int(link->id), nts_int(made)), ptemp);
    }
    *has = count > 0;
    return rv;
}

apr_status_t nts_key_is_made_elsewhere(int *is_made, nts_store_t *store, apr_int64_t mapping,
                                       const nts_notice_t *notice, apr_pool_t *ptemp)
{
    nts_rows_t rows;
    apr_status_t rv = nts_db_select(&rows, store->db, &made_elsewhere,
                                    NTS_ARGS(nts_text(notice->intent), nts_int(mapping)), ptemp);

    *is_made = rv == APR_SUCCESS && nts_rows_next(&rows);
    return rv == APR_SUCCESS ? rows.problem : rv;
}

apr_status_t nts_key_made_elsewhere(nts_store_t *store, apr_int64_t mapping,
                                    const nts_notice_t *notice, apr_pool_t *ptemp)
{
    nts_link_t *link;
    nts_rows_t rows;
    int has = 0;
    apr_status_t rv = nts_db_select(&rows, store->db, &made_elsewhere,
                                    NTS_ARGS(nts_text(notice->intent), nts_int(mapping)), ptemp);

    if (rv != APR_SUCCESS || !nts_rows_next(&rows)) {
        return rv == APR_SUCCESS ? rows.problem : rv;
    }
    rv = nts_link_by_key(&link, store, mapping, notice->record, ptemp, ptemp);
    if (rv != APR_SUCCESS || !link || !link->page || !link->touched) {
        return rv == APR_ENOENT ? APR_SUCCESS : rv;
    }
    rv = has_row_since(&has, store, link, nts_rows_int(&rows, 0), nts_rows_int(&rows, 1), ptemp);
    if (rv != APR_SUCCESS || has) {
        return rv;
    }
    return nts_key_displace(store, mapping, link,
                            apr_psprintf(ptemp, "notice %" APR_INT64_T_FMT, notice->id), notice->at,
                            ptemp);
}

apr_status_t nts_key_gone(nts_store_t *store, apr_int64_t mapping, const nts_notice_t *notice,
                          apr_pool_t *ptemp)
{
    nts_link_t *link;
    int i, is_later = 0;
    apr_status_t rv = nts_link_by_key(&link, store, mapping, notice->record, ptemp, ptemp);

    if (rv != APR_SUCCESS || !link) {
        return rv == APR_ENOENT ? APR_SUCCESS : rv;
    }
    for (i = 0; i < link->base_count; i++) {
        apr_time_t *seen = &link->bases[i].seen[NTS_EXTERNAL];

        is_later |= *seen > notice->stored;
        *seen = *seen > notice->stored ? notice->stored : *seen;
    }
    return is_later ? nts_link_write(store, mapping, link, (int)link->state, ptemp) : APR_SUCCESS;
}

static apr_status_t note_move(nts_store_t *store, apr_int64_t mapping, const nts_link_t *link,
                              const nts_notice_t *notice, apr_pool_t *ptemp)
{
    nts_entry_t entry = { 0 };

    entry.link = link->id;
    entry.op = NTS_ENTRY_LINK;
    entry.side = NTS_EXTERNAL;
    entry.state = NTS_ENTRY_NOTED;
    entry.at = nts_store_now(store);
    entry.page = link->page;
    entry.key = link->key;
    entry.cause = notice->event;
    entry.note = apr_psprintf(ptemp, "the key changed from %s", notice->old_key);
    return nts_entry_insert(store, mapping, &entry, 0, ptemp);
}

static const nts_stmt_t moves_since = { "SELECT count(*) FROM entry WHERE link = %lld AND op = %lld"
                                        " AND at >= %lld" };

/* A row that no link has got the key of one that has: no two rows have one key, so that one's row was gone by then (seed 408488 of the
 * simulation). Unless that link was looked at, or got its key, after the change: then it may be that very row's. */
static apr_status_t make_way(nts_store_t *store, apr_int64_t mapping, const nts_notice_t *notice,
                             apr_pool_t *ptemp)
{
    nts_link_t *former;
    apr_int64_t moves = 0;
    apr_status_t rv = nts_link_by_key(&former, store, mapping, notice->record, ptemp, ptemp);

    if (rv != APR_SUCCESS || !former || former->state == NTS_LINK_TOMBSTONE || !former->touched ||
        former->touched + CLOCKS_APART >= notice->at) {
        return rv == APR_ENOENT ? APR_SUCCESS : rv;
    }
    rv = nts_db_get_int(
        &moves, store->db, &moves_since,
        NTS_ARGS(nts_int(former->id), nts_int(NTS_ENTRY_LINK), nts_int(notice->at - CLOCKS_APART)),
        ptemp);
    if (rv != APR_SUCCESS || moves) {
        return rv;
    }
    return nts_key_displace(store, mapping, former,
                            apr_psprintf(ptemp, "notice %" APR_INT64_T_FMT, notice->id), notice->at,
                            ptemp);
}

apr_status_t nts_key_move(nts_store_t *store, apr_int64_t mapping, const nts_notice_t *notice,
                          apr_pool_t *ptemp)
{
    nts_link_t *link, *former;
    int told = 0; /* those who waited for the new key hear of it when their inboxes are read next */
    apr_status_t rv = nts_link_by_key(&link, store, mapping, notice->old_key, ptemp, ptemp);

    if (rv != APR_SUCCESS || !link || link->state == NTS_LINK_TOMBSTONE) {
        return rv == APR_SUCCESS || rv == APR_ENOENT ? make_way(store, mapping, notice, ptemp) : rv;
    }
    rv = nts_link_by_key(&former, store, mapping, notice->record, ptemp, ptemp);
    if (rv == APR_SUCCESS && former && former->id != link->id &&
        former->state != NTS_LINK_TOMBSTONE) {
        rv = nts_key_displace(store, mapping, former,
                              apr_psprintf(ptemp, "notice %" APR_INT64_T_FMT, notice->id),
                              notice->at, ptemp);
    }
    if (rv != APR_SUCCESS && rv != APR_ENOENT) {
        return rv;
    }
    link->key = notice->record;
    rv = nts_link_write(store, mapping, link, (int)link->state, ptemp);
    if (rv == APR_SUCCESS) {
        rv = nts_waiting_tell(&told, store, mapping, link, ptemp);
    }
    return rv == APR_SUCCESS ? note_move(store, mapping, link, notice, ptemp) : rv;
}

static const nts_stmt_t told_since = {
    "SELECT count(*) FROM inbox INDEXED BY inbox_moved"
    " WHERE mapping = %lld AND old_key = %s AND stored >= %lld"
};

apr_status_t nts_key_moved_since(int *moved, nts_store_t *store, apr_int64_t mapping,
                                 const char *key, apr_time_t since, apr_pool_t *ptemp)
{
    apr_int64_t count = 0;
    apr_status_t rv =
        nts_db_get_int(&count, store->db, &told_since,
                       NTS_ARGS(nts_int(mapping), nts_text(key), nts_int(since)), ptemp);

    *moved = count > 0;
    return rv;
}

/* Told of since then, and not followed yet by any link. */
static const nts_stmt_t moved_since = {
    "SELECT " NTS_NOTICE_COLUMNS " FROM inbox INDEXED BY inbox_moved WHERE mapping = %lld"
    " AND settled = 0 AND side = %lld AND old_key = %s AND stored >= %lld AND id > %lld AND NOT "
    "EXISTS (SELECT 1 FROM entry"
    " WHERE entry.mapping = inbox.mapping AND entry.op = %lld AND entry.cause = inbox.event)"
    " ORDER BY id LIMIT 1"
};

apr_status_t nts_key_catch_up(nts_store_t *store, apr_int64_t mapping, const char *key,
                              apr_time_t since, apr_pool_t *ptemp)
{
    apr_int64_t after = 0;
    apr_status_t rv = APR_SUCCESS;

    while (rv == APR_SUCCESS && key) {
        nts_notice_t notice;
        nts_rows_t rows;

        rv = nts_db_select(&rows, store->db, &moved_since,
                           NTS_ARGS(nts_int(mapping), nts_int(NTS_EXTERNAL), nts_text(key),
                                    nts_int(since), nts_int(after), nts_int(NTS_ENTRY_LINK)),
                           ptemp);
        if (rv != APR_SUCCESS || !nts_rows_next(&rows)) {
            break;
        }
        rv = nts_row_notice(&notice, &rows, ptemp);
        after = notice.id;
        key = notice.record;
        if (rv == APR_SUCCESS && key) {
            rv = nts_key_move(store, mapping, &notice, ptemp);
        }
    }
    return rv;
}
