/* nts_store_sibling.c - mappings that share a data source or a table (S3.9): what one of them did, for the others.
 *
 * Siblings are found by what they share, not by their services: two services may lead to one database, or be two
 * names of one connection, and then their groups may belong to two workers.
 */
#include "store/nts_store_impl.h"

static const nts_stmt_t find_siblings = {
    "SELECT o.id FROM mapping AS m JOIN mapping AS o ON o.data_source = m.data_source"
    " WHERE m.id = %lld AND o.id <> m.id AND o.running = 1"
};
/* A trigger writes one change table for all mappings of a table; a database is known by its instance. One that is not accepted
 * yet will be taken from the least number that it showed since it was seen. */
static const nts_stmt_t least_counter = {
    "SELECT min(coalesce(s.restored, s.counter)) FROM mapping AS m JOIN mapping AS "
    "o"
    " ON o.collection = m.collection COLLATE NOCASE AND o.id <> m.id AND o.running = 1"
    " JOIN status AS s ON s.mapping = o.id AND coalesce(s.restored_as, s.instance) = %s"
    " WHERE m.id = %lld"
};
static const nts_stmt_t count_creates = {
    "SELECT count(*) FROM mapping AS m JOIN mapping AS o ON o.data_source = m.data_source"
    " JOIN entry AS e INDEXED BY entry_pending ON e.mapping = o.id AND e.op = 0 AND e.side = 0"
    " AND e.state = " NTS_SQL_PENDING " WHERE m.id = %lld"
    " AND CASE WHEN o.id = m.id THEN e.link <> %lld ELSE o.running = 1 END"
};
/* Of any data source: people move pages. */
static const nts_stmt_t find_maker = {
    "SELECT count(*) FROM mapping AS o JOIN link AS l INDEXED BY link_page"
    " ON l.mapping = o.id AND l.page = %s AND l.state <> " NTS_SQL_TOMBSTONE
    " JOIN entry AS e INDEXED BY entry_link"
    " ON e.link = l.id AND e.link <> 0 AND e.op = 0 AND e.side = 0 AND e.state = 1"
    " WHERE o.id <> %lld"
};

static const nts_stmt_t made_row = {
    "SELECT count(*) FROM mapping AS m JOIN status AS t ON t.mapping = m.id"
    " JOIN mapping AS o ON o.collection = m.collection COLLATE NOCASE AND o.id <> m.id"
    " JOIN status AS s ON s.mapping = o.id AND s.instance = t.instance"
    " JOIN link AS l INDEXED BY link_key ON l.mapping = o.id AND l.key = %s"
    " AND l.state <> " NTS_SQL_TOMBSTONE " JOIN entry AS e INDEXED BY entry_link"
    " ON e.link = l.id AND e.link <> 0 AND e.op = 0 AND e.side = 1 AND e.state = 1 AND e.id > %lld"
    " WHERE m.id = %lld"
};

#define SIBLINGS_MAX 64

static apr_status_t siblings_of(apr_int64_t *siblings, int *count, nts_store_t *store,
                                apr_int64_t mapping, apr_pool_t *ptemp)
{
    nts_rows_t rows;
    apr_status_t rv =
        nts_db_select(&rows, store->db, &find_siblings, NTS_ARGS(nts_int(mapping)), ptemp);

    *count = 0;
    while (rv == APR_SUCCESS && *count < SIBLINGS_MAX && nts_rows_next(&rows)) {
        siblings[(*count)++] = nts_rows_int(&rows, 0);
    }
    return rv;
}

/* It was done, or nobody will ever know that it was not. */
static int may_have_written(const nts_entry_t *entry)
{
    return (entry->state == NTS_ENTRY_APPLIED || entry->state == NTS_ENTRY_UNKNOWN) &&
           entry->op <= NTS_ENTRY_RESTORE && entry->side == NTS_NOTION;
}

static apr_status_t tell(int *told, nts_store_t *store, const apr_int64_t *siblings, int count,
                         const nts_entry_t *entry, const char *page, apr_pool_t *ptemp)
{
    apr_status_t rv = APR_SUCCESS;
    int known;
    int i;

    for (i = 0; i < count && rv == APR_SUCCESS; i++) {
        nts_notice_t notice = { 0 };

        notice.side = NTS_NOTION;
        notice.record = page;
        notice.event = apr_pstrcat(ptemp, "sibling:", entry->intent, NULL);
        notice.kind = "sibling";
        notice.at = entry->at;
        rv = nts_notice_insert(&known, store, siblings[i], &notice, ptemp);
        *told += !known;
    }
    return rv;
}

apr_status_t nts_store_tell_siblings(int *told, nts_store_t *store, apr_int64_t mapping,
                                     const nts_commit_t *commit)
{
    apr_pool_t *ptemp = nts_store_scratch(store);
    apr_int64_t siblings[SIBLINGS_MAX];
    int count = -1;
    apr_status_t rv = APR_SUCCESS;
    int i;

    *told = 0;
    for (i = 0; i < commit->entry_count && rv == APR_SUCCESS; i++) {
        const nts_entry_t *entry = commit->entries[i];
        const char *page = commit->link && commit->link->page ? commit->link->page : entry->page;

        if (!may_have_written(entry) || !page) {
            continue;
        }
        if (count < 0) {
            rv = siblings_of(siblings, &count, store, mapping, ptemp);
        }
        if (rv == APR_SUCCESS) {
            rv = tell(told, store, siblings, count, entry, page, ptemp);
        }
    }
    return rv;
}

apr_status_t nts_store_sibling_counter(apr_int64_t *least, nts_store_t *store, apr_int64_t mapping,
                                       const char *instance)
{
    nts_rows_t rows;
    apr_status_t rv =
        nts_db_select(&rows, store->db, &least_counter,
                      NTS_ARGS(nts_text(instance), nts_int(mapping)), nts_store_scratch(store));

    *least = -1;
    if (rv == APR_SUCCESS && nts_rows_next(&rows) && nts_rows_text(&rows, 0)) {
        *least = nts_rows_int(&rows, 0);
    }
    return rv == APR_SUCCESS ? rows.problem : rv;
}

apr_status_t nts_store_sibling_creates(apr_int64_t *pending, int *made, nts_store_t *store,
                                       apr_int64_t mapping, apr_int64_t link,
                                       const char *const *pages, int count)
{
    apr_pool_t *ptemp = nts_store_scratch(store);
    int i;
    apr_status_t rv = nts_db_get_int(pending, store->db, &count_creates,
                                     NTS_ARGS(nts_int(mapping), nts_int(link)), ptemp);

    for (i = 0; i < count && rv == APR_SUCCESS; i++) {
        apr_int64_t found = 0;

        rv = nts_db_get_int(&found, store->db, &find_maker,
                            NTS_ARGS(nts_text(pages[i]), nts_int(mapping)), ptemp);
        made[i] = found > 0;
    }
    return rv;
}

apr_status_t nts_sibling_made_row(int *made, nts_store_t *store, apr_int64_t mapping,
                                  const char *key, apr_int64_t after, apr_pool_t *ptemp)
{
    apr_int64_t count = 0;
    apr_status_t rv =
        nts_db_get_int(&count, store->db, &made_row,
                       NTS_ARGS(nts_text(key), nts_int(after), nts_int(mapping)), ptemp);

    *made = count > 0;
    return rv;
}
