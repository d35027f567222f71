/* nts_store_read.c - reading for people: counts, the audit, what is in trouble and what is due. Short
 * statements with limits, so that no reader holds up the log's reset (D54). */
#include <string.h>

#include "base/nts_str.h"
#include "store/nts_store_impl.h"

/* --- counts */

static const nts_stmt_t count_rest = {
    "SELECT state, count(*) FROM link INDEXED BY link_rest WHERE mapping = %lld"
    " AND state <> " NTS_SQL_ACTIVE " GROUP BY state"
};
static const nts_stmt_t count_trouble = {
    "SELECT trouble, count(*) FROM link INDEXED BY link_trouble WHERE mapping = %lld"
    " AND trouble <> 0 GROUP BY trouble"
};
static const nts_stmt_t count_waiting = {
    "SELECT count(*) FROM inbox INDEXED BY inbox_open WHERE mapping = %lld"
    " AND settled = 0"
};
static const nts_stmt_t count_pending = {
    "SELECT count(*) FROM entry INDEXED BY entry_pending WHERE mapping = %lld"
    " AND state = " NTS_SQL_PENDING
};

static apr_status_t count_links(nts_counts_t *counts, nts_store_t *store, apr_int64_t mapping,
                                apr_pool_t *ptemp)
{
    nts_tally_t tally;
    nts_rows_t rows;
    apr_status_t rv = nts_tally_read(&tally, store, mapping, ptemp);

    if (rv == APR_SUCCESS) {
        counts->links[NTS_LINK_ACTIVE] = tally.active;
        rv = nts_db_select(&rows, store->db, &count_rest, NTS_ARGS(nts_int(mapping)), ptemp);
    }
    while (rv == APR_SUCCESS && nts_rows_next(&rows)) {
        apr_int64_t state = nts_rows_int(&rows, 0);

        if (state < 0 || state > NTS_LINK_IGNORED) {
            return APR_EMISMATCH;
        }
        counts->links[state] = nts_rows_int(&rows, 1);
    }
    return rv;
}

static apr_status_t count_troubles(nts_counts_t *counts, nts_store_t *store, apr_int64_t mapping,
                                   apr_pool_t *ptemp)
{
    nts_rows_t rows;
    apr_status_t rv =
        nts_db_select(&rows, store->db, &count_trouble, NTS_ARGS(nts_int(mapping)), ptemp);

    while (rv == APR_SUCCESS && nts_rows_next(&rows)) {
        apr_int64_t trouble = nts_rows_int(&rows, 0);

        if (trouble == NTS_TROUBLE_PARKED) {
            counts->parked = nts_rows_int(&rows, 1);
        }
        else if (trouble == NTS_TROUBLE_HELD) {
            counts->held = nts_rows_int(&rows, 1);
        }
    }
    return rv;
}

apr_status_t nts_store_count(nts_counts_t *counts, nts_store_t *store, apr_int64_t mapping)
{
    apr_pool_t *ptemp = nts_store_scratch(store);
    apr_status_t rv;

    memset(counts, 0, sizeof(*counts));
    rv = count_links(counts, store, mapping, ptemp);
    if (rv == APR_SUCCESS) {
        rv = count_troubles(counts, store, mapping, ptemp);
    }
    if (rv == APR_SUCCESS) {
        rv = nts_db_get_int(&counts->waiting, store->db, &count_waiting, NTS_ARGS(nts_int(mapping)),
                            ptemp);
    }
    if (rv == APR_SUCCESS) {
        rv = nts_db_get_int(&counts->pending, store->db, &count_pending, NTS_ARGS(nts_int(mapping)),
                            ptemp);
    }
    return rv;
}

/* --- the audit */

static const nts_stmt_t entries_of_mapping = { "SELECT " NTS_ENTRY_COLUMNS " FROM entry"
                                               " WHERE mapping = %lld AND id < %lld"
                                               " ORDER BY id DESC LIMIT %lld" };
static const nts_stmt_t entries_of_link = { "SELECT " NTS_ENTRY_COLUMNS " FROM entry"
                                            " WHERE mapping = %lld AND link = %lld AND link <> 0"
                                            " AND id < %lld ORDER BY id DESC LIMIT %lld" };
static const nts_stmt_t entry_by_id = { "SELECT " NTS_ENTRY_COLUMNS ", mapping FROM entry"
                                        " WHERE id = %lld" };

static const nts_stmt_t entries_of_run = {
    "SELECT " NTS_ENTRY_COLUMNS " FROM entry INDEXED BY entry_run"
    " WHERE mapping = %lld AND run = %lld AND run <> 0 AND id < %lld ORDER BY id DESC LIMIT %lld"
};

static apr_status_t read_entries(nts_entry_t **entries, int *count, nts_rows_t *rows, int limit,
                                 apr_pool_t *p)
{
    nts_entry_t *list = apr_pcalloc(p, sizeof(*list) * (apr_size_t)limit);
    int n = 0;
    apr_status_t rv = APR_SUCCESS;

    while (rv == APR_SUCCESS && n < limit && nts_rows_next(rows)) {
        rv = nts_row_entry(&list[n++], rows, p);
    }
    if (rv == APR_SUCCESS) {
        *entries = list;
        *count = n;
    }
    return rv;
}

apr_status_t nts_store_get_entries(nts_entry_t **entries, int *count, nts_store_t *store,
                                   apr_int64_t mapping, apr_int64_t link, apr_int64_t before,
                                   int limit, apr_pool_t *p)
{
    apr_pool_t *ptemp = nts_store_scratch(store);
    nts_rows_t rows;
    apr_status_t rv;

    *entries = NULL;
    *count = 0;
    if (limit <= 0) {
        return APR_SUCCESS;
    }
    if (before <= 0) {
        before = INT64_MAX;
    }
    if (link) {
        rv = nts_db_select(
            &rows, store->db, &entries_of_link,
            NTS_ARGS(nts_int(mapping), nts_int(link), nts_int(before), nts_int(limit)), ptemp);
    }
    else {
        rv = nts_db_select(&rows, store->db, &entries_of_mapping,
                           NTS_ARGS(nts_int(mapping), nts_int(before), nts_int(limit)), ptemp);
    }
    return rv == APR_SUCCESS ? read_entries(entries, count, &rows, limit, p) : rv;
}

apr_status_t nts_store_get_run_entries(nts_entry_t **entries, int *count, nts_store_t *store,
                                       apr_int64_t mapping, apr_int64_t run, apr_int64_t before,
                                       int limit, apr_pool_t *p)
{
    nts_rows_t rows;
    apr_status_t rv;

    *entries = NULL;
    *count = 0;
    if (limit <= 0) {
        return APR_SUCCESS;
    }
    rv = nts_db_select(&rows, store->db, &entries_of_run,
                       NTS_ARGS(nts_int(mapping), nts_int(run),
                                nts_int(before > 0 ? before : INT64_MAX), nts_int(limit)),
                       nts_store_scratch(store));
    return rv == APR_SUCCESS ? read_entries(entries, count, &rows, limit, p) : rv;
}

apr_status_t nts_store_get_entry(nts_entry_t **pentry, apr_int64_t *mapping, nts_store_t *store,
                                 apr_int64_t id, apr_pool_t *p)
{
    nts_entry_t *entry;
    nts_rows_t rows;
    apr_status_t rv;

    *pentry = NULL;
    if (mapping) {
        *mapping = 0;
    }
    rv = nts_db_select(&rows, store->db, &entry_by_id, NTS_ARGS(nts_int(id)),
                       nts_store_scratch(store));
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!nts_rows_next(&rows)) {
        return APR_ENOENT;
    }
    entry = apr_palloc(p, sizeof(*entry));
    rv = nts_row_entry(entry, &rows, p);
    if (rv == APR_SUCCESS) {
        *pentry = entry;
        if (mapping) {
            *mapping = nts_rows_int(&rows, NTS_ENTRY_COLUMN_COUNT);
        }
    }
    return rv;
}

/* --- links */

static apr_status_t read_links(nts_link_t ***plinks, int *count, nts_rows_t *rows, int limit,
                               apr_pool_t *p)
{
    nts_link_t **links = apr_pcalloc(p, sizeof(nts_link_t *) * (apr_size_t)limit);
    int n = 0;
    apr_status_t rv = APR_SUCCESS;

    while (rv == APR_SUCCESS && n < limit && nts_rows_next(rows)) {
        rv = nts_row_link(&links[n++], rows, p);
    }
    if (rv == APR_SUCCESS) {
        *plinks = links;
        *count = n;
    }
    return rv;
}

static const nts_stmt_t troubles = { "SELECT " NTS_LINK_COLUMNS " FROM link WHERE mapping = %lld"
                                     " AND trouble = %lld AND trouble <> 0"
                                     " ORDER BY id DESC LIMIT %lld" };

apr_status_t nts_store_get_troubles(nts_link_t ***links, int *count, nts_store_t *store,
                                    apr_int64_t mapping, nts_trouble_t which, int limit,
                                    apr_pool_t *p)
{
    nts_rows_t rows;
    apr_status_t rv;

    *links = NULL;
    *count = 0;
    if (limit <= 0) {
        return APR_SUCCESS;
    }
    rv = nts_db_select(&rows, store->db, &troubles,
                       NTS_ARGS(nts_int(mapping), nts_int(which), nts_int(limit)),
                       nts_store_scratch(store));
    return rv == APR_SUCCESS ? read_links(links, count, &rows, limit, p) : rv;
}

/* trouble 2 is NTS_TROUBLE_HELD */
static const nts_stmt_t held = { "SELECT " NTS_LINK_COLUMNS " FROM link WHERE mapping = %lld"
                                 " AND trouble = 2 AND trouble <> 0 AND id > %lld"
                                 " ORDER BY id LIMIT 500" };

apr_status_t nts_store_get_held_deletes(nts_link_t ***plinks, int *count, nts_store_t *store,
                                        apr_int64_t mapping, int limit, apr_pool_t *p)
{
    nts_link_t **links = apr_pcalloc(p, sizeof(nts_link_t *) * (apr_size_t)(limit + 1));
    apr_int64_t after = 0;
    nts_rows_t rows;
    int read;
    apr_status_t rv;

    *plinks = links;
    *count = 0;
    do {
        rv = nts_db_select(&rows, store->db, &held, NTS_ARGS(nts_int(mapping), nts_int(after)),
                           nts_store_scratch(store));
        for (read = 0; rv == APR_SUCCESS && *count < limit && nts_rows_next(&rows); read++) {
            nts_link_t *link;

            rv = nts_row_link(&link, &rows, p);
            if (rv == APR_SUCCESS) {
                after = link->id;
                links[*count] = link;
                *count += nts_link_is_held_delete(link);
            }
        }
    } while (rv == APR_SUCCESS && read == 500 && *count < limit);
    return rv;
}

apr_status_t nts_store_get_link(nts_link_t **link, nts_store_t *store, apr_int64_t mapping,
                                apr_int64_t id, apr_pool_t *p)
{
    return nts_link_by_id(link, store, mapping, id, p, nts_store_scratch(store));
}

/* As it is written, or, where keys are ids of pages, as those are normalised. */
static apr_status_t find_by_key(nts_link_t **link, nts_store_t *store, apr_int64_t mapping,
                                const char *any, const char *page, apr_pool_t *p, apr_pool_t *ptemp)
{
    apr_status_t rv = nts_link_by_key(link, store, mapping, any, p, ptemp);

    return rv == APR_SUCCESS && !*link && page
               ? nts_link_by_key(link, store, mapping, page, p, ptemp)
               : rv;
}

apr_status_t nts_store_find_link(nts_link_t **link, nts_store_t *store, apr_int64_t mapping,
                                 const char *any, apr_pool_t *p)
{
    apr_pool_t *ptemp = nts_store_scratch(store);
    const char *page = NULL;
    nts_link_t *by_key = NULL;
    apr_int64_t id;
    apr_status_t rv = APR_SUCCESS;

    *link = NULL;
    if (nts_uuid_normalise(&page, any, ptemp) == APR_SUCCESS) {
        rv = nts_link_by_page(link, store, mapping, page, p, ptemp);
    }
    if (rv == APR_SUCCESS) {
        rv = find_by_key(&by_key, store, mapping, any, page, p, ptemp);
    }
    /* A page that people moved from one side to the other is both (S4.1): what they are asked about is the latter. */
    if (by_key && (!*link || by_key->trouble == NTS_TROUBLE_HELD)) {
        *link = by_key;
    }
    /* Last, because keys are often numbers too. */
    if (rv == APR_SUCCESS && !*link && nts_int_parse(&id, any, 1, INT64_MAX) == APR_SUCCESS) {
        rv = nts_link_by_id(link, store, mapping, id, p, ptemp);
    }
    return rv == APR_SUCCESS && !*link ? APR_ENOENT : rv;
}

static const nts_stmt_t due = { "SELECT " NTS_LINK_COLUMNS " FROM link WHERE id IN ("
                                "SELECT id FROM link INDEXED BY link_trouble WHERE mapping = %lld "
                                "AND trouble = 1 AND trouble <> 0 AND next_try > 0"
                                " AND id > %lld"
                                " UNION SELECT link FROM entry INDEXED BY entry_pending WHERE "
                                "mapping = %lld AND state = " NTS_SQL_PENDING
                                " AND link > %lld) ORDER BY id LIMIT %lld" };

apr_status_t nts_store_get_due(nts_link_t ***links, int *count, nts_store_t *store,
                               apr_int64_t mapping, apr_int64_t after, int limit, apr_pool_t *p)
{
    nts_rows_t rows;
    apr_status_t rv;

    *links = NULL;
    *count = 0;
    if (limit <= 0) {
        return APR_SUCCESS;
    }
    rv = nts_db_select(&rows, store->db, &due,
                       NTS_ARGS(nts_int(mapping), nts_int(after), nts_int(mapping), nts_int(after),
                                nts_int(limit)),
                       nts_store_scratch(store));
    return rv == APR_SUCCESS ? read_links(links, count, &rows, limit, p) : rv;
}
