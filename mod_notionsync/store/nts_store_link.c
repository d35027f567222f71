/* nts_store_link.c - writing links, looking many up, and loading all that is known of one record. */
#include <string.h>

#include <apr_hash.h>

#include "store/nts_store_impl.h"

#define NOTICES_MAX_SQL "100" /* NTS_NOTICES_LOADED */
#define LOOKUP_MAX 100        /* ids in one statement */

/* --- writing */

static const nts_stmt_t insert_link = {
    "INSERT INTO link (mapping, page, key, state, bases, trouble, outcome, fingerprint, attempts,"
    " next_try, touched, missing, issues, blocker)"
    " VALUES (%lld, %s, %s, %lld, %s, %lld, %s, %s, %lld, %lld, %lld, %lld, %s, %s)"
};
static const nts_stmt_t update_link = {
    "UPDATE link SET page = %s, key = %s, state = %lld, bases = %s, trouble = %lld, outcome = %s,"
    " fingerprint = %s, attempts = %lld, next_try = %lld, touched = %lld, missing = %lld,"
    " issues = %s, blocker = %s WHERE id = %lld"
};

static const char *blocker_of(const nts_link_t *link)
{
    return link->trouble == NTS_TROUBLE_PARKED ? link->outcome.blocker : NULL;
}

static apr_status_t insert(nts_store_t *store, apr_int64_t mapping, nts_link_t *link,
                           const char *bases, const char *outcome, apr_pool_t *ptemp)
{
    apr_status_t rv = nts_db_exec(
        NULL, store->db, &insert_link,
        NTS_ARGS(nts_int(mapping), nts_text(link->page), nts_text(link->key), nts_int(link->state),
                 nts_text(bases), nts_int(link->trouble), nts_text(outcome),
                 nts_text(link->fingerprint), nts_int(link->attempts), nts_int(link->next_try),
                 nts_int(link->touched), nts_int(link->missing),
                 nts_text(nts_link_issues_text(link, ptemp)), nts_text(blocker_of(link))));

    return rv == APR_SUCCESS ? nts_db_last_id(&link->id, store->db, ptemp) : rv;
}

static apr_status_t update(nts_store_t *store, const nts_link_t *link, const char *bases,
                           const char *outcome, apr_pool_t *ptemp)
{
    return nts_db_exec(NULL, store->db, &update_link,
                       NTS_ARGS(nts_text(link->page), nts_text(link->key), nts_int(link->state),
                                nts_text(bases), nts_int(link->trouble), nts_text(outcome),
                                nts_text(link->fingerprint), nts_int(link->attempts),
                                nts_int(link->next_try), nts_int(link->touched),
                                nts_int(link->missing), nts_text(nts_link_issues_text(link, ptemp)),
                                nts_text(blocker_of(link)), nts_int(link->id)));
}

apr_status_t nts_link_write(nts_store_t *store, apr_int64_t mapping, nts_link_t *link, int before,
                            apr_pool_t *ptemp)
{
    const char *bases = link->base_count ? nts_link_bases_text(link, ptemp) : NULL;
    const char *outcome = nts_outcome_store(&link->outcome, ptemp);
    int moved = (link->state == NTS_LINK_ACTIVE) - (before == NTS_LINK_ACTIVE);
    apr_status_t rv = link->id ? update(store, link, bases, outcome, ptemp)
                               : insert(store, mapping, link, bases, outcome, ptemp);

    if (rv == APR_SUCCESS && moved) {
        rv = nts_tally_move(store, mapping, moved);
    }
    return rv;
}

/* --- loading
 *
 * Where SQLite, which knows nothing of how full the tables are, would choose the wrong index, the
 * statement names the right one. */

/* Whoever made it: an intent that names this page or key concerns this record, even if it belongs to a
 * link that is dead or not the one found. Unless that one's key was changed since (op 4 is NTS_ENTRY_LINK): then another row has the
 * key that it names (seed 67166 of the simulation: the new row waited with the record, and was settled with it). */
static const nts_stmt_t pending_of = {
    "SELECT " NTS_ENTRY_COLUMNS
    " FROM entry INDEXED BY entry_pending WHERE mapping = %lld AND state = " NTS_SQL_PENDING
    " AND ((link = %lld AND link <> 0) OR page = %s OR (key = %s AND NOT EXISTS (SELECT 1"
    " FROM entry AS moved INDEXED BY entry_link WHERE moved.link = entry.link AND moved.link <> 0"
    " AND moved.id > entry.id AND moved.op = 4 AND moved.key <> entry.key)))"
    " ORDER BY id"
};
/* op 0 is NTS_ENTRY_CREATE, 3 is NTS_ENTRY_RESTORE: what is there again may show itself before its intent ends. Trouble 1 is
 * NTS_TROUBLE_PARKED. */
static const nts_stmt_t pending_creates = {
    "SELECT side, count(*), sum(EXISTS (SELECT 1 FROM link WHERE link.id = entry.link AND"
    " link.trouble = 1 AND instr(link.outcome, '" NTS_CREATE_AMBIGUOUS
    "') > 0)) FROM entry INDEXED BY entry_pending WHERE mapping = %lld"
    " AND state = " NTS_SQL_PENDING " AND op IN (0, 3) GROUP BY side"
};

static apr_status_t append_pending(nts_loaded_t *loaded, nts_rows_t *rows, apr_pool_t *p)
{
    nts_entry_t *list = NULL;
    int room = 0;
    apr_status_t rv = APR_SUCCESS;

    while (rv == APR_SUCCESS && nts_rows_next(rows)) {
        if (loaded->pending_count >= room) {
            nts_entry_t *more;

            room = loaded->pending_count + 8;
            more = apr_pcalloc(p, sizeof(*more) * (apr_size_t)room);
            if (loaded->pending_count) {
                memcpy(more, loaded->pending, sizeof(*more) * (apr_size_t)loaded->pending_count);
            }
            list = more;
            loaded->pending = list;
        }
        rv = nts_row_entry(&list[loaded->pending_count], rows, p);
        if (rv == APR_SUCCESS) {
            loaded->pending_count++;
        }
    }
    return rv;
}

static apr_status_t load_pending(nts_loaded_t *loaded, nts_store_t *store, apr_int64_t mapping,
                                 const nts_target_t *ids, apr_pool_t *p, apr_pool_t *ptemp)
{
    nts_rows_t rows;
    int i;
    apr_status_t rv;

    rv = nts_db_select(
        &rows, store->db, &pending_of,
        NTS_ARGS(nts_int(mapping), nts_int(ids->link), nts_text(ids->page), nts_text(ids->key)),
        ptemp);
    if (rv == APR_SUCCESS) {
        rv = append_pending(loaded, &rows, p);
    }
    if (rv == APR_SUCCESS) {
        rv = nts_db_select(&rows, store->db, &pending_creates, NTS_ARGS(nts_int(mapping)), ptemp);
    }
    while (rv == APR_SUCCESS && nts_rows_next(&rows)) {
        nts_side_t side = nts_rows_int(&rows, 0) ? NTS_EXTERNAL : NTS_NOTION;

        loaded->creates_pending[side] = (int)nts_rows_int(&rows, 1);
        loaded->creates_parked[side] = (int)nts_rows_int(&rows, 2);
    }
    /* This record's own are not other records'. */
    for (i = 0; i < loaded->pending_count; i++) {
        if (loaded->pending[i].op == NTS_ENTRY_CREATE ||
            loaded->pending[i].op == NTS_ENTRY_RESTORE) {
            loaded->creates_pending[loaded->pending[i].side]--;
        }
    }
    return rv == APR_SUCCESS ? rows.problem : rv;
}

/* The first block with an open notice of mapping %lld that is also @a such. */
#define FIRST_BLOCK(such)                                                                          \
    "(SELECT " NTS_SQL_BLOCK("id") " FROM inbox INDEXED BY inbox_open WHERE mapping = %lld"        \
                                   " AND settled = 0" such                                         \
                                   " ORDER BY " NTS_SQL_BLOCK("id") " LIMIT 1)"

/* A key change is a notice of the new key; the link has moved there already (nts_store_key.c). Looked up
 * block by block, in those where something is open; the few that end alike are told apart in their rows. */
static const nts_stmt_t notices_of = {
    "WITH RECURSIVE block (number) AS (SELECT " FIRST_BLOCK("") " UNION ALL SELECT " FIRST_BLOCK(
        " AND " NTS_SQL_BLOCK(
            "id") " > number") " FROM block WHERE number IS NOT NULL),"
                               " wanted (of_side, name) AS (VALUES (0, %s), (1, %s))"
                               " SELECT " NTS_NOTICE_COLUMNS " FROM block CROSS JOIN wanted"
                               " CROSS JOIN inbox INDEXED BY inbox_open WHERE mapping = %lld AND "
                               "settled = 0"
                               " AND " NTS_SQL_BLOCK(
                                   "id") " = number AND side = of_side"
                                         " AND " NTS_SQL_TAIL("record") " = " NTS_SQL_TAIL(
                                             "name") " AND record = name"
                                                     " ORDER BY id LIMIT " NOTICES_MAX_SQL
};

/* S4.4: whether a row under a deleted record's key is a new one depends on who made it. */
static apr_status_t look_at_makers(nts_notice_t *notices, const nts_loaded_t *loaded,
                                   nts_store_t *store, apr_int64_t mapping, apr_pool_t *ptemp)
{
    int count =
        loaded->link && loaded->link->state == NTS_LINK_TOMBSTONE ? loaded->notice_count : 0;
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < count && rv == APR_SUCCESS; i++) {
        if (notices[i].intent && notices[i].kind && !strcmp(notices[i].kind, "change.i")) {
            rv = nts_key_is_made_elsewhere(&notices[i].made_elsewhere, store, mapping, &notices[i],
                                           ptemp);
        }
    }
    return rv;
}

static apr_status_t load_notices(nts_loaded_t *loaded, nts_store_t *store, apr_int64_t mapping,
                                 const nts_target_t *ids, apr_pool_t *p, apr_pool_t *ptemp)
{
    nts_notice_t *list = NULL;
    nts_rows_t rows;
    apr_status_t rv;

    rv = nts_db_select(&rows, store->db, &notices_of,
                       NTS_ARGS(nts_int(mapping), nts_int(mapping), nts_text(ids->page),
                                nts_text(ids->key), nts_int(mapping)),
                       ptemp);
    while (rv == APR_SUCCESS && loaded->notice_count < NTS_NOTICES_LOADED && nts_rows_next(&rows)) {
        if (!list) {
            list = apr_pcalloc(p, sizeof(*list) * NTS_NOTICES_LOADED);
            loaded->notices = list;
        }
        rv = nts_row_notice(&list[loaded->notice_count], &rows, p);
        if (rv == APR_SUCCESS) {
            loaded->notice_count++;
        }
    }
    return rv == APR_SUCCESS ? look_at_makers(list, loaded, store, mapping, ptemp) : rv;
}

static const nts_stmt_t entry_image = {
    "SELECT image, at, key, taken FROM entry WHERE link = %lld AND image IS NOT NULL"
    " ORDER BY id DESC LIMIT 1"
};
/* What a row was before it was replaced (S4.4) it is not when it is deleted (seed 431133). What went with it is known of deletes of our own,
 * whichever mapping they were done for. */
#define INBOX_IMAGE                                                                                \
    "SELECT image, stored, id, (SELECT e.taken FROM entry AS e WHERE e.intent = inbox.intent)"     \
    " FROM inbox WHERE mapping = %lld AND record = %s AND image IS NOT NULL"                       \
    " AND stored >= %lld AND kind IS NOT 'change.r' ORDER BY id"
static const nts_stmt_t first_inbox_image = { INBOX_IMAGE " LIMIT 1" };
static const nts_stmt_t last_inbox_image = { INBOX_IMAGE " DESC LIMIT 1" };
/* A page that was trashed for a row of which no image was known. */
static const nts_stmt_t removed_without = { "SELECT at FROM entry WHERE link = %lld AND op = %lld"
                                            " AND side = %lld AND image IS NULL"
                                            " ORDER BY id DESC LIMIT 1" };
static const nts_stmt_t row_came_back = {
    "SELECT 1 FROM inbox WHERE +mapping = %lld AND side = 1 AND record = %s AND id > %lld"
    " AND kind IN ('change.i', 'change.u', 'change.k') AND intent IS NULL LIMIT 1"
};
/* A row that is replaced is told of as deleted and made at once. */
static const nts_stmt_t count_made = {
    "SELECT coalesce(sum(CASE kind WHEN 'change.r' THEN -1 ELSE 1 END), 0)"
    " FROM inbox INDEXED BY inbox_event WHERE mapping = %lld AND side = 1"
    " AND CASE WHEN side = 0 THEN at ELSE coalesce(record, '') END = %s AND id < %lld"
    " AND stored >= %lld AND kind IN ('change.i', 'change.k', 'change.r')"
};
static const nts_stmt_t later_link = {
    "SELECT 1 FROM link AS l INDEXED BY link_gone_key JOIN entry AS e INDEXED BY entry_link"
    " ON e.link = l.id AND e.link <> 0 AND e.at < %lld WHERE l.mapping = %lld AND l.key = %s"
    " AND l.id > %lld AND l.state = " NTS_SQL_TOMBSTONE " LIMIT 1"
};

/* When the row was last seen alive. */
static apr_time_t row_seen(const nts_link_t *link)
{
    apr_time_t seen = 0;

    for (int i = 0; link && i < link->base_count; i++) {
        if (link->bases[i].seen[NTS_EXTERNAL] > seen) {
            seen = link->bases[i].seen[NTS_EXTERNAL];
        }
    }
    return seen;
}

/* No older image is of the row for which the page went (seed 409556 of the simulation, shortened). */
static apr_status_t look_at_removal(apr_time_t *since, nts_store_t *store, apr_int64_t link,
                                    apr_pool_t *ptemp)
{
    apr_int64_t removed = 0;
    apr_status_t rv = nts_db_get_int(
        &removed, store->db, &removed_without,
        NTS_ARGS(nts_int(link), nts_int(NTS_ENTRY_REMOVE), nts_int(NTS_NOTION)), ptemp);

    *since = removed > *since ? removed : *since;
    return rv == APR_ENOENT ? APR_SUCCESS : rv;
}

/* S4.4: another row was made under a deleted record's key before an image came (seed 46744 of the simulation: the row itself was lost with
 * its database, and left none). Either that was told, or, where it is too long ago, the other record's link knows. */
static apr_status_t look_for_successor(int *found, nts_store_t *store, const nts_link_t *link,
                                       apr_int64_t mapping, apr_int64_t image, apr_time_t stored,
                                       apr_time_t since, apr_pool_t *ptemp)
{
    apr_int64_t made = 0;
    nts_rows_t rows;
    apr_status_t rv = nts_db_get_int(
        &made, store->db, &count_made,
        NTS_ARGS(nts_int(mapping), nts_text(link->key), nts_int(image), nts_int(since)), ptemp);

    *found = made > 0;
    if (rv == APR_SUCCESS && !*found) {
        rv = nts_db_select(
            &rows, store->db, &later_link,
            NTS_ARGS(nts_int(stored), nts_int(mapping), nts_text(link->key), nts_int(link->id)),
            ptemp);
        *found = rv == APR_SUCCESS && nts_rows_next(&rows);
    }
    return rv;
}

/*
 * The row as it was when it was deleted. Seen alive since, it was another one: not every delete leaves an image (SQLite's
 * REPLACE calls no trigger; seed 6169 of the simulation, where the row before it came back); nor if an application was told to have
 * made it again since (451426). And under a deleted record's key, or one that it left, others live and die after it, so there the
 * first image counts, if it is not one of theirs. Under what is left of a key that another row got nothing can come back (seed 454638:
 * a row was to be made with that for its key).
 */
static apr_status_t load_image(nts_loaded_t *loaded, nts_store_t *store, apr_int64_t mapping,
                               const nts_target_t *ids, apr_pool_t *p, apr_pool_t *ptemp)
{
    int is_gone = loaded->link && loaded->link->state == NTS_LINK_TOMBSTONE;
    apr_time_t since = row_seen(loaded->link), at = 0;
    apr_int64_t image = 0; /* notice that brought it */
    int is_other = 0;
    nts_rows_t rows;
    apr_status_t rv = APR_SUCCESS;

    if (loaded->link && loaded->link->key && nts_key_is_displaced(loaded->link->key)) {
        return APR_SUCCESS;
    }
    if (loaded->link && ids->link) {
        rv = nts_db_select(&rows, store->db, &entry_image, NTS_ARGS(nts_int(ids->link)), ptemp);
        if (rv == APR_SUCCESS && nts_rows_next(&rows) && nts_rows_int(&rows, 1) >= since) {
            loaded->tombstone_image = nts_row_copy(&rows, 0, p);
            loaded->tombstone_taken = nts_row_copy(&rows, 3, p);
            loaded->image_key = loaded->link->key ? NULL : nts_row_copy(&rows, 2, p);
            at = nts_rows_int(&rows, 1);
        }
    }
    if (rv == APR_SUCCESS && is_gone && !loaded->tombstone_image) {
        rv = look_at_removal(&since, store, ids->link, ptemp);
    }
    if (rv == APR_SUCCESS && ids->key &&
        !((is_gone || loaded->image_key) && loaded->tombstone_image)) {
        rv = nts_db_select(&rows, store->db, is_gone ? &first_inbox_image : &last_inbox_image,
                           NTS_ARGS(nts_int(mapping), nts_text(ids->key), nts_int(since)), ptemp);
        if (rv == APR_SUCCESS && nts_rows_next(&rows) && nts_rows_int(&rows, 1) >= at) {
            loaded->tombstone_image = nts_row_copy(&rows, 0, p);
            loaded->tombstone_taken = nts_row_copy(&rows, 3, p);
            image = nts_rows_int(&rows, 2);
            at = nts_rows_int(&rows, 1);
        }
    }
    if (rv == APR_SUCCESS && image && is_gone && loaded->link->key) {
        rv = look_for_successor(&is_other, store, loaded->link, mapping, image, at, since, ptemp);
    }
    if (rv == APR_SUCCESS && image && !is_gone) {
        rv = nts_db_select(&rows, store->db, &row_came_back,
                           NTS_ARGS(nts_int(mapping), nts_text(ids->key), nts_int(image)), ptemp);
        is_other = rv == APR_SUCCESS && nts_rows_next(&rows);
    }
    loaded->tombstone_image = is_other ? NULL : loaded->tombstone_image;
    return rv;
}

/* S5.5: a copy that was taken back leaves its key to whoever uses it again, but may come back under it. */
static apr_status_t keep_free_key(nts_loaded_t *loaded, nts_store_t *store, apr_int64_t mapping,
                                  apr_pool_t *ptemp)
{
    nts_link_t *other = NULL;
    apr_status_t rv;

    if (!loaded->image_key) {
        return APR_SUCCESS;
    }
    rv = nts_link_by_key(&other, store, mapping, loaded->image_key, ptemp, ptemp);
    loaded->image_key = other ? NULL : loaded->image_key;
    return rv;
}

/* The link, and the other one if page and key lead to two. */
static apr_status_t load_links(nts_loaded_t *loaded, nts_store_t *store, const nts_mapping_t *of,
                               const nts_target_t *target, apr_pool_t *p, apr_pool_t *ptemp)
{
    const nts_traits_t *traits = of->traits[NTS_EXTERNAL];
    apr_int64_t mapping = of->id;
    nts_link_t *by_key = NULL;
    apr_status_t rv = APR_SUCCESS;

    if (target->link) {
        rv = nts_link_by_id(&loaded->link, store, mapping, target->link, p, ptemp);
    }
    if (rv == APR_SUCCESS && !loaded->link && target->page) {
        rv = nts_link_by_page(&loaded->link, store, mapping, target->page, p, ptemp);
    }
    if (rv == APR_SUCCESS && loaded->link && target->page &&
        (!loaded->link->page || strcmp(loaded->link->page, target->page) != 0)) {
        rv = nts_link_by_page(&loaded->counterpart, store, mapping, target->page, p, ptemp);
    }
    if (rv == APR_SUCCESS && target->key &&
        !(loaded->link && loaded->link->key && strcmp(loaded->link->key, target->key) == 0 &&
          loaded->link->state != NTS_LINK_TOMBSTONE)) {
        rv = nts_link_by_key(&by_key, store, mapping, target->key, p, ptemp);
    }
    if (rv == APR_SUCCESS && target->key && !by_key && !loaded->link && traits &&
        !traits->reuses_keys) { /* S4.1: it lives again */
        rv = nts_link_gone_by_key(&by_key, store, mapping, target->key, p, ptemp);
    }
    if (!loaded->link) {
        loaded->link = by_key;
    }
    else if (by_key && by_key->id != loaded->link->id) {
        loaded->counterpart = by_key;
    }
    if (rv == APR_SUCCESS && loaded->link && loaded->link->state == NTS_LINK_TOMBSTONE &&
        loaded->link->key && !loaded->counterpart) {
        rv = nts_link_by_key(&loaded->counterpart, store, mapping, loaded->link->key, p, ptemp);
    }
    return rv;
}

static const nts_stmt_t last_told = { "SELECT coalesce(max(id), 0) FROM inbox" };

apr_status_t nts_store_load(nts_loaded_t **ploaded, nts_store_t *store,
                            const nts_mapping_t *mapping, const nts_target_t *target, apr_pool_t *p)
{
    apr_pool_t *ptemp = nts_store_scratch(store);
    nts_loaded_t *loaded = apr_pcalloc(p, sizeof(*loaded));
    nts_target_t ids = *target;
    apr_status_t rv;

    *ploaded = NULL;
    rv = nts_db_get_int(&loaded->told, store->db, &last_told, NTS_NO_ARGS, ptemp);
    if (rv == APR_SUCCESS) {
        rv = load_links(loaded, store, mapping, target, p, ptemp);
    }
    /* All names of the record, wherever they come from. */
    ids.link = loaded->link ? loaded->link->id : 0;
    if (loaded->link && loaded->link->page) {
        ids.page = loaded->link->page;
    }
    if (loaded->link && loaded->link->key) {
        ids.key = loaded->link->key;
    }
    if (rv == APR_SUCCESS) {
        rv = load_pending(loaded, store, mapping->id, &ids, p, ptemp);
    }
    if (rv == APR_SUCCESS) {
        rv = load_notices(loaded, store, mapping->id, &ids, p, ptemp);
    }
    if (rv == APR_SUCCESS) {
        rv = load_image(loaded, store, mapping->id, &ids, p, ptemp);
    }
    if (rv == APR_SUCCESS) {
        rv = keep_free_key(loaded, store, mapping->id, ptemp);
    }
    if (rv == APR_SUCCESS) {
        rv = nts_rulings_load(loaded, store, mapping->id, &ids, p, ptemp);
    }
    if (rv == APR_SUCCESS) {
        rv = nts_blocked_company(&loaded->company, &loaded->company_count, store, mapping->id,
                                 loaded->link, p, ptemp);
    }
    if (rv == APR_SUCCESS) {
        *ploaded = loaded;
    }
    return rv;
}

/* --- many at once */

#define TEN "%s, %s, %s, %s, %s, %s, %s, %s, %s, %s"
#define HUNDRED TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN

static const nts_stmt_t live_by_pages = {
    "SELECT " NTS_LINK_COLUMNS " FROM link WHERE mapping = %lld AND state <> " NTS_SQL_TOMBSTONE
    " AND page IN (" HUNDRED ")"
};
static const nts_stmt_t gone_by_pages = { "SELECT " NTS_LINK_COLUMNS
                                          " FROM link INDEXED BY link_gone WHERE mapping = %lld"
                                          " AND state = " NTS_SQL_TOMBSTONE " AND page IN (" HUNDRED
                                          ") ORDER BY id" };
static const nts_stmt_t live_by_keys = {
    "SELECT " NTS_LINK_COLUMNS " FROM link WHERE mapping = %lld AND state <> " NTS_SQL_TOMBSTONE
    " AND key IN (" HUNDRED ")"
};
static const nts_stmt_t links_after = {
    "SELECT " NTS_LINK_COLUMNS
    " FROM link WHERE id > %lld AND mapping = %lld AND state IN (0, 1, 2)"
    " ORDER BY id LIMIT %lld"
};
static const nts_stmt_t max_link = { "SELECT max(id) FROM link" };

/* Adds what the statement finds among these ids to @a found; those found before stay. */
static apr_status_t find_some(apr_hash_t *found, nts_store_t *store, apr_int64_t mapping,
                              const nts_stmt_t *stmt, nts_side_t side, const char *const *ids,
                              int count, apr_pool_t *p, apr_pool_t *ptemp)
{
    nts_arg_t args[LOOKUP_MAX + 1];
    nts_rows_t rows;
    int i;
    apr_status_t rv;

    args[0] = nts_int(mapping);
    for (i = 0; i < LOOKUP_MAX; i++) {
        args[i + 1] = nts_text(i < count ? ids[i] : NULL); /* NULL is IN nothing */
    }
    rv = nts_db_select(&rows, store->db, stmt, args, LOOKUP_MAX + 1, ptemp);
    while (rv == APR_SUCCESS && nts_rows_next(&rows)) {
        nts_link_t *link;

        rv = nts_row_link(&link, &rows, p);
        if (rv == APR_SUCCESS) {
            apr_hash_set(found, side == NTS_NOTION ? link->page : link->key, APR_HASH_KEY_STRING,
                         link);
        }
    }
    return rv;
}

/* Tombstones of pages that no live link has: the newest of each. */
static apr_status_t find_gone(apr_hash_t *found, nts_store_t *store, apr_int64_t mapping,
                              const char *const *ids, int count, apr_pool_t *p, apr_pool_t *ptemp)
{
    const char *missing[LOOKUP_MAX];
    int left = 0;
    int i;

    for (i = 0; i < count; i++) {
        if (!apr_hash_get(found, ids[i], APR_HASH_KEY_STRING)) {
            missing[left++] = ids[i];
        }
    }
    return left ? find_some(found, store, mapping, &gone_by_pages, NTS_NOTION, missing, left, p,
                            ptemp)
                : APR_SUCCESS;
}

static apr_status_t lookup_ids(nts_link_t **links, nts_store_t *store, apr_int64_t mapping,
                               nts_side_t side, const char *const *ids, int count, apr_pool_t *p)
{
    int done;
    int i;
    apr_status_t rv = APR_SUCCESS;

    for (done = 0; done < count && rv == APR_SUCCESS; done += LOOKUP_MAX) {
        apr_pool_t *ptemp = nts_store_scratch(store);
        apr_hash_t *found = apr_hash_make(ptemp);
        int some = count - done < LOOKUP_MAX ? count - done : LOOKUP_MAX;

        rv = find_some(found, store, mapping, side == NTS_NOTION ? &live_by_pages : &live_by_keys,
                       side, ids + done, some, p, ptemp);
        if (rv == APR_SUCCESS && side == NTS_NOTION) {
            rv = find_gone(found, store, mapping, ids + done, some, p, ptemp);
        }
        for (i = 0; i < some && rv == APR_SUCCESS; i++) {
            links[done + i] = apr_hash_get(found, ids[done + i], APR_HASH_KEY_STRING);
        }
    }
    return rv;
}

static apr_status_t lookup_after(nts_link_t **links, int *count, nts_store_t *store,
                                 apr_int64_t mapping, apr_int64_t after, int limit, apr_pool_t *p)
{
    nts_rows_t rows;
    apr_status_t rv = nts_db_select(&rows, store->db, &links_after,
                                    NTS_ARGS(nts_int(after), nts_int(mapping), nts_int(limit)),
                                    nts_store_scratch(store));

    while (rv == APR_SUCCESS && *count < limit && nts_rows_next(&rows)) {
        rv = nts_row_link(&links[*count], &rows, p);
        if (rv == APR_SUCCESS) {
            ++*count;
        }
    }
    return rv;
}

apr_status_t nts_store_lookup(nts_link_t ***plinks, int *pcount, nts_store_t *store,
                              apr_int64_t mapping, nts_side_t side, const char *const *ids,
                              int id_count, apr_int64_t after, int limit, apr_pool_t *p)
{
    int room = ids ? id_count : limit;
    nts_link_t **links;
    int count = 0;
    apr_status_t rv;

    *plinks = NULL;
    *pcount = 0;
    if (room <= 0) {
        return APR_SUCCESS;
    }
    links = apr_pcalloc(p, sizeof(nts_link_t *) * (apr_size_t)room);
    if (ids) {
        count = id_count;
        rv = lookup_ids(links, store, mapping, side, ids, id_count, p);
    }
    else {
        rv = lookup_after(links, &count, store, mapping, after, limit, p);
    }
    if (rv == APR_SUCCESS) {
        *plinks = links;
        *pcount = count;
    }
    return rv;
}

apr_status_t nts_store_max_link(apr_int64_t *max, nts_store_t *store)
{
    apr_status_t rv =
        nts_db_get_int(max, store->db, &max_link, NTS_NO_ARGS, nts_store_scratch(store));

    return rv == APR_ENOENT ? APR_SUCCESS : rv;
}
