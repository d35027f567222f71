/* nts_store_rows.c - rows as the model's structures. */
#include <string.h>

#include "store/nts_store_impl.h"

const char *nts_row_copy(nts_rows_t *rows, int column, apr_pool_t *p)
{
    return apr_pstrdup(p, nts_rows_text(rows, column));
}

const char *nts_outcome_store(const nts_outcome_t *out, apr_pool_t *p)
{
    nts_json_t *object;

    if (out->remedy == NTS_REMEDY_NONE && !out->code && !out->what) {
        return NULL;
    }
    object = nts_json_make_object(p);
    nts_outcome_to_json(out, object);
    return nts_json_text(object, p);
}

apr_status_t nts_outcome_fetch(nts_outcome_t *out, const char *text, apr_pool_t *p)
{
    const nts_json_t *root;

    memset(out, 0, sizeof(*out));
    if (!text) {
        return APR_SUCCESS;
    }
    if (nts_json_parse(&root, text, strlen(text), NULL, p) != APR_SUCCESS) {
        return APR_EMISMATCH;
    }
    nts_outcome_from_json(out, root, p);
    return APR_SUCCESS;
}

/* --- links */

apr_status_t nts_row_link(nts_link_t **plink, nts_rows_t *rows, apr_pool_t *p)
{
    nts_link_t *link = apr_pcalloc(p, sizeof(*link));
    const char *bases;
    const char *issues;
    apr_status_t rv;

    *plink = NULL;
    link->id = nts_rows_int(rows, 0);
    link->page = nts_row_copy(rows, 1, p);
    link->key = nts_row_copy(rows, 2, p);
    link->state = (nts_link_state_t)nts_rows_int(rows, 3);
    bases = nts_rows_text(rows, 4);
    link->trouble = (nts_trouble_t)nts_rows_int(rows, 5);
    rv = nts_outcome_fetch(&link->outcome, nts_rows_text(rows, 6), p);
    link->fingerprint = nts_row_copy(rows, 7, p);
    link->attempts = (int)nts_rows_int(rows, 8);
    link->next_try = nts_rows_int(rows, 9);
    link->touched = nts_rows_int(rows, 10);
    link->missing = nts_rows_int(rows, 11);
    issues = nts_rows_text(rows, 12);
    if (rv == APR_SUCCESS && bases) {
        rv = nts_link_bases_parse(link, bases, p);
    }
    if (rv == APR_SUCCESS && issues) {
        rv = nts_link_issues_parse(link, issues, p);
    }
    if (rv == APR_SUCCESS) {
        rv = rows->problem;
    }
    if (rv == APR_SUCCESS) {
        *plink = link;
    }
    return rv;
}

apr_status_t nts_get_of_service(nts_rows_t *rows, int *found, nts_store_t *store,
                                const nts_stmt_t *stmt, apr_int64_t service)
{
    apr_status_t rv =
        nts_db_select(rows, store->db, stmt, NTS_ARGS(nts_int(service)), nts_store_scratch(store));

    *found = rv == APR_SUCCESS && nts_rows_next(rows);
    return rv;
}

apr_status_t nts_get_link(nts_link_t **link, nts_store_t *store, const nts_stmt_t *stmt,
                          const nts_arg_t *args, int count, apr_pool_t *p, apr_pool_t *ptemp)
{
    nts_rows_t rows;
    apr_status_t rv;

    *link = NULL;
    rv = nts_db_select(&rows, store->db, stmt, args, count, ptemp);
    if (rv == APR_SUCCESS && nts_rows_next(&rows)) {
        rv = nts_row_link(link, &rows, p);
    }
    return rv;
}

static const nts_stmt_t link_by_id = { "SELECT " NTS_LINK_COLUMNS
                                       " FROM link WHERE id = %lld AND mapping = %lld" };
static const nts_stmt_t live_by_page = { "SELECT " NTS_LINK_COLUMNS " FROM link WHERE mapping = "
                                         "%lld AND page = %s AND state <> " NTS_SQL_TOMBSTONE };
static const nts_stmt_t gone_by_page = {
    "SELECT " NTS_LINK_COLUMNS
    " FROM link WHERE mapping = %lld AND page = %s AND state = " NTS_SQL_TOMBSTONE
    " ORDER BY id DESC LIMIT 1"
};
static const nts_stmt_t gone_by_key = { "SELECT " NTS_LINK_COLUMNS
                                        " FROM link INDEXED BY link_gone_key WHERE mapping = %lld"
                                        " AND key = %s AND state = " NTS_SQL_TOMBSTONE
                                        " ORDER BY id DESC LIMIT 1" };
static const nts_stmt_t live_by_key = { "SELECT " NTS_LINK_COLUMNS " FROM link WHERE mapping = "
                                        "%lld AND key = %s AND state <> " NTS_SQL_TOMBSTONE };

apr_status_t nts_link_by_id(nts_link_t **link, nts_store_t *store, apr_int64_t mapping,
                            apr_int64_t id, apr_pool_t *p, apr_pool_t *ptemp)
{
    return nts_get_link(link, store, &link_by_id, NTS_ARGS(nts_int(id), nts_int(mapping)), p,
                        ptemp);
}

apr_status_t nts_link_by_page(nts_link_t **link, nts_store_t *store, apr_int64_t mapping,
                              const char *page, apr_pool_t *p, apr_pool_t *ptemp)
{
    apr_status_t rv = nts_get_link(link, store, &live_by_page,
                                   NTS_ARGS(nts_int(mapping), nts_text(page)), p, ptemp);

    if (rv == APR_SUCCESS && !*link) {
        rv = nts_get_link(link, store, &gone_by_page, NTS_ARGS(nts_int(mapping), nts_text(page)), p,
                          ptemp);
    }
    return rv;
}

apr_status_t nts_link_gone_by_key(nts_link_t **link, nts_store_t *store, apr_int64_t mapping,
                                  const char *key, apr_pool_t *p, apr_pool_t *ptemp)
{
    return nts_get_link(link, store, &gone_by_key, NTS_ARGS(nts_int(mapping), nts_text(key)), p,
                        ptemp);
}

/* No tombstones here: a key that is used again is a new record (S4.4), a page that comes back is the
 * old one (S4.1). */
apr_status_t nts_link_by_key(nts_link_t **link, nts_store_t *store, apr_int64_t mapping,
                             const char *key, apr_pool_t *p, apr_pool_t *ptemp)
{
    return nts_get_link(link, store, &live_by_key, NTS_ARGS(nts_int(mapping), nts_text(key)), p,
                        ptemp);
}

/* --- entries and notices */

apr_status_t nts_row_entry(nts_entry_t *entry, nts_rows_t *rows, apr_pool_t *p)
{
    const char *fields;
    apr_status_t rv = APR_SUCCESS;

    memset(entry, 0, sizeof(*entry));
    entry->id = nts_rows_int(rows, 0);
    entry->intent = nts_row_copy(rows, 1, p);
    entry->link = nts_rows_int(rows, 2);
    entry->op = (nts_entry_op_t)nts_rows_int(rows, 3);
    entry->side = (nts_side_t)nts_rows_int(rows, 4);
    entry->state = (nts_entry_state_t)nts_rows_int(rows, 5);
    entry->at = nts_rows_int(rows, 6);
    entry->page = nts_row_copy(rows, 7, p);
    entry->key = nts_row_copy(rows, 8, p);
    entry->cause = nts_row_copy(rows, 9, p);
    entry->run = nts_rows_int(rows, 10);
    entry->image = nts_row_copy(rows, 11, p);
    entry->note = nts_row_copy(rows, 12, p);
    fields = nts_rows_text(rows, 13);
    entry->undoes = nts_rows_int(rows, 14);
    entry->looked = nts_rows_int(rows, 15);
    entry->taken = nts_row_copy(rows, 16, p);
    if (fields) {
        rv = nts_entry_fields_parse(entry, fields, p);
    }
    return rv == APR_SUCCESS ? rows->problem : rv;
}

apr_status_t nts_row_notice(nts_notice_t *notice, nts_rows_t *rows, apr_pool_t *p)
{
    memset(notice, 0, sizeof(*notice));
    notice->id = nts_rows_int(rows, 0);
    notice->side = (nts_side_t)nts_rows_int(rows, 1);
    notice->record = nts_row_copy(rows, 2, p);
    notice->event = nts_row_copy(rows, 3, p);
    notice->kind = nts_row_copy(rows, 4, p);
    notice->properties = nts_row_copy(rows, 5, p);
    notice->authors = nts_row_copy(rows, 6, p);
    notice->old_key = nts_row_copy(rows, 7, p);
    notice->intent = nts_row_copy(rows, 8, p);
    notice->image = nts_row_copy(rows, 9, p);
    notice->at = nts_rows_int(rows, 10);
    notice->stored = nts_rows_int(rows, 11);
    return rows->problem;
}
