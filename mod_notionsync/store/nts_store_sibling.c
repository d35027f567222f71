/* nts_store_sibling.c - mappings that share a data source or a table (S3.9): what one of them did, for the others.
 *
 * Siblings are found by what they share, not by their services: two services may lead to one database, or be two
 * names of one connection, and then their groups may belong to two workers.
 */
#include "store/nts_store_impl.h"

/* Where mappings have their sides, but for tables, whose triggers tell everybody: a data source is the same on whichever side
 * a mapping has it. What keeps no change table has its own name for an instance, once it was reached (nts_contact). */
#define PLACES                                                                                     \
    "(SELECT id AS mapping, 0 AS side, data_source AS place, running FROM mapping UNION ALL"       \
    " SELECT id, 1, collection, running FROM mapping JOIN status ON status.mapping = id"           \
    " AND instance = collection)"

static const nts_stmt_t find_siblings = {
    "SELECT o.mapping, o.side FROM " PLACES " AS m JOIN " PLACES " AS o ON o.place = m.place"
    " WHERE m.mapping = %lld AND m.side = %lld AND o.mapping <> m.mapping AND o.running = 1"
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
    "SELECT count(*) FROM " PLACES " AS m JOIN " PLACES " AS o ON o.place = m.place"
    " JOIN entry AS e INDEXED BY entry_pending ON e.mapping = o.mapping AND e.op = 0"
    " AND e.side = o.side AND e.state = " NTS_SQL_PENDING
    " WHERE m.mapping = %lld AND m.side = %lld"
    " AND CASE WHEN o.mapping = m.mapping THEN e.link <> %lld ELSE o.running = 1 END"
};
/* Of any data source: people move pages. As a mapping's page, and as its external record; by its other side as well. */
static const nts_stmt_t find_maker_of_page = {
    "SELECT count(*) FROM mapping AS o JOIN link AS l INDEXED BY link_page"
    " ON l.mapping = o.id AND l.page = %s AND l.state <> " NTS_SQL_TOMBSTONE
    " JOIN entry AS e INDEXED BY entry_link"
    " ON e.link = l.id AND e.link <> 0 AND e.op = 0 AND e.side = 0 AND e.state = 1"
    " WHERE o.id <> %lld OR %lld <> 0"
};
static const nts_stmt_t find_maker_of_key = {
    "SELECT count(*) FROM " PLACES " AS o JOIN link AS l INDEXED BY link_key"
    " ON l.mapping = o.mapping AND l.key = %s AND l.state <> " NTS_SQL_TOMBSTONE
    " JOIN entry AS e INDEXED BY entry_link"
    " ON e.link = l.id AND e.link <> 0 AND e.op = 0 AND e.side = 1 AND e.state = 1"
    " WHERE o.side = 1 AND (o.mapping <> %lld OR %lld <> 1)"
};
/* Whoever made them. */
static const nts_stmt_t find_knowing = {
    "SELECT (SELECT count(*) FROM mapping AS o JOIN link AS l INDEXED BY link_page"
    " ON l.mapping = o.id AND l.page = %s AND l.state <> " NTS_SQL_TOMBSTONE
    " WHERE o.id <> %lld) + (SELECT count(*) FROM " PLACES
    " AS o JOIN link AS l INDEXED BY link_key"
    " ON l.mapping = o.mapping AND l.key = %s AND l.state <> " NTS_SQL_TOMBSTONE
    " WHERE o.side = 1 AND o.mapping <> %lld)"
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

/** Where another mapping has the same place. */
typedef struct sibling_t {
    apr_int64_t mapping;
    nts_side_t side;
} sibling_t;

typedef struct siblings_t {
    sibling_t of[NTS_SIDE_COUNT][SIBLINGS_MAX];
    int count[NTS_SIDE_COUNT];
    int is_known[NTS_SIDE_COUNT];
} siblings_t;

static apr_status_t find_all(siblings_t *siblings, nts_store_t *store, apr_int64_t mapping,
                             nts_side_t side, apr_pool_t *ptemp)
{
    int *count = &siblings->count[side];
    nts_rows_t rows;
    apr_status_t rv = nts_db_select(&rows, store->db, &find_siblings,
                                    NTS_ARGS(nts_int(mapping), nts_int(side)), ptemp);

    while (rv == APR_SUCCESS && *count < SIBLINGS_MAX && nts_rows_next(&rows)) {
        sibling_t *sibling = &siblings->of[side][(*count)++];

        sibling->mapping = nts_rows_int(&rows, 0);
        sibling->side = nts_rows_int(&rows, 1) ? NTS_EXTERNAL : NTS_NOTION;
    }
    siblings->is_known[side] = 1;
    return rv;
}

/* It was done, or nobody will ever know that it was not. */
static int may_have_written(const nts_entry_t *entry)
{
    return (entry->state == NTS_ENTRY_APPLIED || entry->state == NTS_ENTRY_UNKNOWN) &&
           entry->op <= NTS_ENTRY_RESTORE;
}

static apr_status_t tell(int *told, nts_store_t *store, const siblings_t *siblings,
                         const nts_entry_t *entry, const char *record, apr_pool_t *ptemp)
{
    apr_status_t rv = APR_SUCCESS;
    int known;
    int i;

    for (i = 0; i < siblings->count[entry->side] && rv == APR_SUCCESS; i++) {
        const sibling_t *sibling = &siblings->of[entry->side][i];
        nts_notice_t notice = { 0 };

        notice.side = sibling->side;
        notice.record = record;
        notice.event = apr_pstrcat(ptemp, "sibling:", entry->intent, NULL);
        notice.kind = "sibling";
        notice.at = entry->at;
        rv = nts_notice_insert(&known, store, sibling->mapping, &notice, ptemp);
        *told += !known;
    }
    return rv;
}

/* What was written; NULL: not known. */
static const char *record_of(const nts_commit_t *commit, const nts_entry_t *entry)
{
    const char *id = commit->link ? *nts_link_id(commit->link, entry->side) : NULL;

    return id ? id : entry->side == NTS_NOTION ? entry->page : entry->key;
}

apr_status_t nts_store_tell_siblings(int *told, nts_store_t *store, apr_int64_t mapping,
                                     const nts_commit_t *commit)
{
    apr_pool_t *ptemp = nts_store_scratch(store);
    siblings_t siblings = { 0 };
    apr_status_t rv = APR_SUCCESS;
    int i;

    *told = 0;
    for (i = 0; i < commit->entry_count && rv == APR_SUCCESS; i++) {
        const nts_entry_t *entry = commit->entries[i];
        const char *record = record_of(commit, entry);

        if (!may_have_written(entry) || !record) {
            continue;
        }
        if (!siblings.is_known[entry->side]) {
            rv = find_all(&siblings, store, mapping, entry->side, ptemp);
        }
        if (rv == APR_SUCCESS) {
            rv = tell(told, store, &siblings, entry, record, ptemp);
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

static apr_status_t is_made_elsewhere(int *made, nts_store_t *store, apr_int64_t mapping,
                                      nts_side_t side, const char *record, apr_pool_t *ptemp)
{
    const nts_arg_t args[] = { nts_text(record), nts_int(mapping), nts_int(side) };
    apr_int64_t as_page = 0, as_key = 0;
    apr_status_t rv = nts_db_get_int(&as_page, store->db, &find_maker_of_page, args, 3, ptemp);

    if (rv == APR_SUCCESS && !as_page) {
        rv = nts_db_get_int(&as_key, store->db, &find_maker_of_key, args, 3, ptemp);
    }
    *made = as_page + as_key > 0;
    return rv;
}

apr_status_t nts_store_sibling_creates(apr_int64_t *pending, int *made, nts_store_t *store,
                                       apr_int64_t mapping, nts_side_t side, apr_int64_t link,
                                       const char *const *records, int count)
{
    apr_pool_t *ptemp = nts_store_scratch(store);
    int i;
    apr_status_t rv =
        nts_db_get_int(pending, store->db, &count_creates,
                       NTS_ARGS(nts_int(mapping), nts_int(side), nts_int(link)), ptemp);

    for (i = 0; i < count && rv == APR_SUCCESS; i++) {
        rv = is_made_elsewhere(&made[i], store, mapping, side, records[i], ptemp);
    }
    return rv;
}

apr_status_t nts_store_known_elsewhere(int *known, nts_store_t *store, apr_int64_t mapping,
                                       const char *const *records, int count)
{
    apr_pool_t *ptemp = nts_store_scratch(store);
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < count && rv == APR_SUCCESS; i++) {
        apr_int64_t links = 0;

        rv = nts_db_get_int(&links, store->db, &find_knowing,
                            NTS_ARGS(nts_text(records[i]), nts_int(mapping), nts_text(records[i]),
                                     nts_int(mapping)),
                            ptemp);
        known[i] = links > 0;
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
