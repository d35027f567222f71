/* nts_store_reference.c - what a reference leads to, and who waits for a record to be linked (S5.2).
 *
 * Who waits and who is linked meet in transactions: the commit that begins to wait looks whether its target was linked
 * meanwhile, and the commit that links a record tells those who wait. So no order of the two loses the notice.
 */
#include <string.h>

#include "store/nts_store_impl.h"

/* Of one commit; each of them tells the next when it has ended. */
#define WAKE_MAX 100
#define WAKE_MAX_SQL "100"
/* Who waits for so many is not told of each: it would be read, and perhaps written, once for every record that is linked. */
#define SEVERAL 8

/* --- what a reference leads to */

#define REFERENT "SELECT id, page, key, state FROM link"
static const nts_stmt_t by_link = { REFERENT " WHERE id = %lld AND mapping = %lld" };
static const nts_stmt_t by_page = { REFERENT " WHERE mapping = %lld AND page = %s"
                                             " AND state <> " NTS_SQL_TOMBSTONE };
static const nts_stmt_t by_key = { REFERENT " WHERE mapping = %lld AND key = %s"
                                            " AND state <> " NTS_SQL_TOMBSTONE };
static const nts_stmt_t gone_by_page = { REFERENT
                                         " INDEXED BY link_gone WHERE mapping = %lld AND page = %s"
                                         " AND state = " NTS_SQL_TOMBSTONE
                                         " ORDER BY id DESC LIMIT 1" };
static const nts_stmt_t gone_by_key = {
    REFERENT " INDEXED BY link_gone_key WHERE mapping = %lld AND key = %s"
             " AND state = " NTS_SQL_TOMBSTONE " ORDER BY id DESC LIMIT 1"
};

static void judge(nts_referent_t *found, apr_int64_t link, int state)
{
    const char *key = found->name[NTS_EXTERNAL];

    switch (state) {
    case NTS_LINK_ACTIVE:
    case NTS_LINK_DORMANT:
        found->link = link;
        found->waits = !found->name[NTS_NOTION] || !key ? "which is on one side only so far"
                       : nts_key_is_displaced(key)      ? "whose row was replaced by another"
                                                        : NULL;
        break;
    case NTS_LINK_TOMBSTONE:
        found->link = link;
        found->waits = "which was deleted";
        break;
    case NTS_LINK_IGNORED:
        found->link =
            link; /* seed 11 of the simulation: both sides may still refer to what was let go */
        found->waits = "which is marked not to be synced";
        break;
    default:
        found->waits = "which is on one side only so far";
        break;
    }
}

static apr_status_t find(nts_referent_t *found, nts_store_t *store, const nts_stmt_t *stmt,
                         nts_arg_t first, nts_arg_t second, apr_pool_t *p, apr_pool_t *ptemp)
{
    nts_rows_t rows;
    apr_status_t rv = nts_db_select(&rows, store->db, stmt, NTS_ARGS(first, second), ptemp);

    if (rv == APR_SUCCESS && nts_rows_next(&rows)) {
        found->name[NTS_NOTION] = nts_row_copy(&rows, 1, p);
        found->name[NTS_EXTERNAL] = nts_row_copy(&rows, 2, p);
        judge(found, nts_rows_int(&rows, 0), (int)nts_rows_int(&rows, 3));
        return APR_SUCCESS;
    }
    return rv == APR_SUCCESS ? rows.problem == APR_SUCCESS ? APR_ENOENT : rows.problem : rv;
}

/* Within a unit as well: leaves the store's scratch pool alone. */
static apr_status_t seek(nts_referent_t *found, nts_store_t *store, apr_int64_t mapping,
                         nts_side_t side, const char *name, apr_int64_t link, apr_pool_t *p,
                         apr_pool_t *ptemp)
{
    apr_status_t rv;

    memset(found, 0, sizeof(*found));
    if (!name) {
        rv = find(found, store, &by_link, nts_int(link), nts_int(mapping), p, ptemp);
    }
    else {
        rv = find(found, store, side == NTS_NOTION ? &by_page : &by_key, nts_int(mapping),
                  nts_text(name), p, ptemp);
        if (rv == APR_ENOENT) {
            rv = find(found, store, side == NTS_NOTION ? &gone_by_page : &gone_by_key,
                      nts_int(mapping), nts_text(name), p, ptemp);
        }
    }
    if (rv == APR_ENOENT) {
        found->waits = "which is not linked yet";
        rv = APR_SUCCESS;
    }
    return rv;
}

apr_status_t nts_store_referent(nts_referent_t *found, nts_store_t *store, apr_int64_t mapping,
                                nts_side_t side, const char *name, apr_int64_t link, apr_pool_t *p)
{
    return seek(found, store, mapping, side, name, link, p, nts_store_scratch(store));
}

/* --- telling those who wait */

static const nts_stmt_t waiting_for = {
    "SELECT w.id, w.link, l.mapping, l.page, l.key FROM waiting AS w INDEXED BY waiting_name"
    " JOIN link AS l ON l.id = w.link WHERE w.mapping = %lld AND w.side = %lld AND w.name = %s"
    " AND w.told = 0 LIMIT " WAKE_MAX_SQL
};
static const nts_stmt_t waits_of = { "SELECT coalesce(sum(told), 0), count(*) FROM waiting"
                                     " INDEXED BY waiting_link WHERE link = %lld" };
static const nts_stmt_t note_told = { "UPDATE waiting SET told = 1 WHERE id = %lld" };

typedef struct waiter_t {
    apr_int64_t id, link, mapping;
    const char *page, *key;
} waiter_t;

static apr_status_t tell(nts_store_t *store, const waiter_t *waiter, const char *kind,
                         const char *why, apr_pool_t *ptemp)
{
    nts_notice_t notice = { 0 };
    int known;

    notice.side = waiter->page ? NTS_NOTION : NTS_EXTERNAL;
    notice.record = waiter->page ? waiter->page : waiter->key;
    notice.at = nts_store_now(store);
    /* Each waking is one of its own: what was told before may be settled. */
    notice.event = apr_psprintf(ptemp, "reference:%s:%" APR_TIME_T_FMT, why, notice.at);
    notice.kind = kind;
    return nts_notice_insert(&known, store, waiter->mapping, &notice, ptemp);
}

/* Told of one: a record that waits for many is put on notice with the first, and with the last. In between it is on notice already:
 * whatever it is told of before it ends, that end looks for once more (nts_waiting_put). */
static apr_status_t tell_once(nts_store_t *store, const waiter_t *waiter, apr_pool_t *ptemp)
{
    nts_rows_t rows;
    apr_int64_t told = 0, all = 0;
    int is_partial;
    apr_status_t rv = nts_db_exec(NULL, store->db, &note_told, NTS_ARGS(nts_int(waiter->id)));

    if (rv == APR_SUCCESS) {
        rv = nts_db_select(&rows, store->db, &waits_of, NTS_ARGS(nts_int(waiter->link)), ptemp);
    }
    if (rv == APR_SUCCESS && nts_rows_next(&rows)) {
        told = nts_rows_int(&rows, 0);
        all = nts_rows_int(&rows, 1);
    }
    is_partial = all >= SEVERAL && told < all;
    if (rv != APR_SUCCESS || (is_partial && told > 1)) {
        return rv;
    }
    return tell(
        store, waiter, is_partial ? NTS_NOTICE_REFERENCES : NTS_NOTICE_REFERENCE,
        apr_psprintf(ptemp, "%" APR_INT64_T_FMT ":%" APR_INT64_T_FMT, waiter->id, waiter->link),
        ptemp);
}

static apr_status_t tell_some(int *told, nts_store_t *store, apr_int64_t mapping, nts_side_t side,
                              const char *name, apr_pool_t *ptemp)
{
    waiter_t waiters[WAKE_MAX];
    nts_rows_t rows;
    int count = 0, i;
    apr_status_t rv =
        nts_db_select(&rows, store->db, &waiting_for,
                      NTS_ARGS(nts_int(mapping), nts_int(side), nts_text(name)), ptemp);

    while (rv == APR_SUCCESS && count < WAKE_MAX && nts_rows_next(&rows)) {
        waiter_t *waiter = &waiters[count++];

        waiter->id = nts_rows_int(&rows, 0);
        waiter->link = nts_rows_int(&rows, 1);
        waiter->mapping = nts_rows_int(&rows, 2);
        waiter->page = nts_row_copy(&rows, 3, ptemp);
        waiter->key = nts_row_copy(&rows, 4, ptemp);
    }
    for (i = 0; i < count && rv == APR_SUCCESS; i++) {
        rv = tell_once(store, &waiters[i], ptemp);
        *told += rv == APR_SUCCESS;
    }
    return rv;
}

apr_status_t nts_waiting_tell(int *told, nts_store_t *store, apr_int64_t mapping,
                              const nts_link_t *link, apr_pool_t *ptemp)
{
    apr_status_t rv = APR_SUCCESS;

    if (link->page && link->key &&
        (link->state == NTS_LINK_ACTIVE || link->state == NTS_LINK_DORMANT)) {
        rv = tell_some(told, store, mapping, NTS_NOTION, link->page, ptemp);
        if (rv == APR_SUCCESS) {
            rv = tell_some(told, store, mapping, NTS_EXTERNAL, link->key, ptemp);
        }
    }
    return rv;
}

/* --- who waits */

static const nts_stmt_t told_ones = { "SELECT id, mapping, side, name FROM waiting INDEXED BY"
                                      " waiting_link WHERE link = %lld AND id > %lld AND told = 1"
                                      " ORDER BY id LIMIT " WAKE_MAX_SQL };
static const nts_stmt_t wait_no_more = { "DELETE FROM waiting WHERE link = %lld" };
static const nts_stmt_t wait_for = { "INSERT INTO waiting (link, mapping, side, name, told)"
                                     " VALUES (%lld, %lld, %lld, %s, 0)" };

/* Some of what this one was told of; *count of them, and *last the highest id. */
static apr_status_t pass_on_some(int *told, int *count, apr_int64_t *last, nts_store_t *store,
                                 apr_int64_t link, apr_pool_t *ptemp)
{
    nts_wait_t waits[WAKE_MAX];
    nts_rows_t rows;
    int i;
    apr_status_t rv =
        nts_db_select(&rows, store->db, &told_ones, NTS_ARGS(nts_int(link), nts_int(*last)), ptemp);

    *count = 0;
    while (rv == APR_SUCCESS && *count < WAKE_MAX && nts_rows_next(&rows)) {
        nts_wait_t *wait = &waits[(*count)++];

        *last = nts_rows_int(&rows, 0);
        wait->mapping = nts_rows_int(&rows, 1);
        wait->side = nts_rows_int(&rows, 2) ? NTS_EXTERNAL : NTS_NOTION;
        wait->name = nts_row_copy(&rows, 3, ptemp);
    }
    for (i = 0; i < *count && rv == APR_SUCCESS; i++) {
        rv = tell_some(told, store, waits[i].mapping, waits[i].side, waits[i].name, ptemp);
    }
    return rv;
}

/* More may wait for what this one waited for than a commit should tell at once: this one's end tells the next. */
static apr_status_t pass_on(int *told, nts_store_t *store, apr_int64_t link, apr_pool_t *ptemp)
{
    apr_int64_t last = 0;
    int count = WAKE_MAX;
    apr_status_t rv = APR_SUCCESS;

    while (rv == APR_SUCCESS && count == WAKE_MAX) {
        rv = pass_on_some(told, &count, &last, store, link, ptemp);
    }
    return rv;
}

apr_status_t nts_waiting_forget(nts_store_t *store, apr_int64_t link)
{
    return nts_db_exec(NULL, store->db, &wait_no_more, NTS_ARGS(nts_int(link)));
}

apr_status_t nts_waiting_put(int *told, nts_store_t *store, apr_int64_t mapping,
                             const nts_commit_t *commit, apr_pool_t *ptemp)
{
    const nts_link_t *link = commit->link;
    waiter_t self = { 0, link->id, mapping, link->page, link->key };
    apr_status_t rv = pass_on(told, store, link->id, ptemp);
    int i, is_told = 0;

    if (rv == APR_SUCCESS) {
        rv = nts_waiting_forget(store, link->id);
    }
    for (i = 0; i < commit->wait_count && rv == APR_SUCCESS; i++) {
        const nts_wait_t *wait = &commit->waits[i];
        nts_referent_t now;

        rv = nts_db_exec(NULL, store->db, &wait_for,
                         NTS_ARGS(nts_int(link->id), nts_int(wait->mapping), nts_int(wait->side),
                                  nts_text(wait->name)));
        if (rv == APR_SUCCESS) {
            rv = seek(&now, store, wait->mapping, wait->side, wait->name, 0, ptemp, ptemp);
        }
        if (rv == APR_SUCCESS && !now.waits && !is_told) { /* linked while the job was under way */
            rv = tell(store, &self, NTS_NOTICE_REFERENCE, "now", ptemp);
            is_told = 1;
            ++*told;
        }
    }
    return rv;
}
