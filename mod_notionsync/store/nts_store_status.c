/* nts_store_status.c - how a mapping is doing, and what its sides looked like last. */
#include <string.h>

#include "model/nts_offer.h"
#include "store/nts_store_impl.h"

static const nts_stmt_t set_property[NTS_SIDE_COUNT] = {
    { "UPDATE pair SET property = %s WHERE id = %lld" },
    { "UPDATE pair SET external_property = %s WHERE id = %lld" }
};
static const nts_stmt_t set_bound = { "UPDATE pair SET bound = %s WHERE id = %lld" };
static const nts_stmt_t get_bounds = { "SELECT id, bound, property, external_property FROM pair"
                                       " WHERE mapping = %lld AND running = 1" };
static const nts_stmt_t get_status = {
    "SELECT state, outcome, matched, instance, counter, listed, full_done, latency_notion,"
    " latency_external, triggers, mark, mark_next, doubt, restored, restored_as, witness, "
    "witness_at, seen_as, seen_from"
    " FROM status WHERE mapping = %lld"
};
static const nts_stmt_t put_status = {
    "INSERT OR REPLACE INTO status (mapping, state, outcome, matched, instance, counter, listed,"
    " full_done, latency_notion, latency_external, triggers, mark, mark_next, doubt, restored,"
    " restored_as, witness, witness_at, seen_as, seen_from)"
    " VALUES (%lld, %lld, %s, %lld, %s, %lld, %lld, %lld, %lld, %lld, %s, %s, %s, %s,"
    " nullif(%lld, -1), %s, %lld, %lld, %s, %lld)"
};
static const nts_stmt_t put_schema = { "INSERT OR REPLACE INTO schema_snapshot (mapping, side, at,"
                                       " text) VALUES (%lld, %lld, %lld, %s)" };
static const nts_stmt_t get_schema = { "SELECT text FROM schema_snapshot WHERE mapping = %lld"
                                       " AND side = %lld" };

apr_status_t nts_store_put_property(nts_store_t *store, apr_int64_t pair, nts_side_t side,
                                    const char *id)
{
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = nts_db_exec(NULL, store->db, &set_property[side], NTS_ARGS(nts_text(id), nts_int(pair)));
    return nts_unit_leave(store, own, rv);
}

apr_status_t nts_store_put_bound(nts_store_t *store, const nts_pair_t *pair)
{
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = nts_db_exec(NULL, store->db, &set_bound,
                     NTS_ARGS(nts_text(nts_bound_text(&pair->bound, nts_store_scratch(store))),
                              nts_int(pair->id)));
    return nts_unit_leave(store, own, rv);
}

apr_status_t nts_store_get_bounds(nts_store_t *store, nts_mapping_t *mapping, apr_pool_t *p)
{
    nts_rows_t rows;
    int i;
    apr_status_t rv = nts_db_select(&rows, store->db, &get_bounds, NTS_ARGS(nts_int(mapping->id)),
                                    nts_store_scratch(store));

    for (i = 0; i < mapping->pair_count; i++) {
        mapping->pairs[i].bound = (nts_bound_t){ 0 };
    }
    while (rv == APR_SUCCESS && nts_rows_next(&rows)) {
        for (i = 0; i < mapping->pair_count && rv == APR_SUCCESS; i++) {
            if (mapping->pairs[i].id && mapping->pairs[i].id == nts_rows_int(&rows, 0)) {
                const char *property = nts_row_copy(&rows, 2, p);
                const char *there = nts_row_copy(&rows, 3, p);

                rv = nts_bound_parse(&mapping->pairs[i].bound, nts_rows_text(&rows, 1), p);
                mapping->pairs[i].notion_id = property ? property : mapping->pairs[i].notion_id;
                mapping->pairs[i].external_id = there ? there : mapping->pairs[i].external_id;
            }
        }
        rv = rv == APR_SUCCESS ? rows.problem : rv;
    }
    return rv;
}

apr_status_t nts_store_get_status(nts_mapping_status_t *status, nts_store_t *store,
                                  apr_int64_t mapping, apr_pool_t *p)
{
    nts_rows_t rows;
    apr_status_t rv;

    memset(status, 0, sizeof(*status));
    rv = nts_db_select(&rows, store->db, &get_status, NTS_ARGS(nts_int(mapping)),
                       nts_store_scratch(store));
    if (rv != APR_SUCCESS || !nts_rows_next(&rows)) {
        return rv;
    }
    status->state = (nts_mapping_state_t)nts_rows_int(&rows, 0);
    rv = nts_outcome_fetch(&status->outcome, nts_rows_text(&rows, 1), p);
    status->matched = nts_rows_int(&rows, 2) != 0;
    status->instance = nts_row_copy(&rows, 3, p);
    status->counter = nts_rows_int(&rows, 4);
    status->listed = nts_rows_int(&rows, 5);
    status->full_done = nts_rows_int(&rows, 6);
    status->latency[NTS_NOTION] = nts_rows_int(&rows, 7);
    status->latency[NTS_EXTERNAL] = nts_rows_int(&rows, 8);
    status->triggers = nts_row_copy(&rows, 9, p);
    status->mark = nts_row_copy(&rows, 10, p);
    status->mark_next = nts_row_copy(&rows, 11, p);
    status->doubt = nts_row_copy(&rows, 12, p);
    status->waiting_from = nts_rows_text(&rows, 13) ? nts_rows_int(&rows, 13) : 0;
    status->waiting_instance = nts_row_copy(&rows, 14, p);
    status->witness = nts_rows_int(&rows, 15);
    status->witness_at = nts_rows_int(&rows, 16);
    status->seen_instance = nts_row_copy(&rows, 17, p);
    status->seen_from = nts_rows_int(&rows, 18);
    return rv == APR_SUCCESS ? rows.problem : rv;
}

/* A worker that was frozen wakes with a status of its own to be stored. It would put back what the next one keeps here: the mark in the
 * database above all, which then looks as if the store was an older copy (seed 407505 of the simulation). */
apr_status_t nts_store_put_status(nts_store_t *store, const char *group, apr_int64_t epoch,
                                  apr_int64_t mapping, const nts_mapping_status_t *status)
{
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!nts_store_owns_group(store, group, epoch)) {
        return nts_unit_leave(store, own, APR_EBUSY);
    }
    rv = nts_db_exec(
        NULL, store->db, &put_status,
        NTS_ARGS(nts_int(mapping), nts_int(status->state),
                 nts_text(nts_outcome_store(&status->outcome, nts_store_scratch(store))),
                 nts_int(status->matched != 0), nts_text(status->instance),
                 nts_int(status->counter), nts_int(status->listed), nts_int(status->full_done),
                 nts_int(status->latency[NTS_NOTION]), nts_int(status->latency[NTS_EXTERNAL]),
                 nts_text(status->triggers), nts_text(status->mark), nts_text(status->mark_next),
                 nts_text(status->doubt),
                 nts_int(status->waiting_instance ? status->waiting_from : -1),
                 nts_text(status->waiting_instance), nts_int(status->witness),
                 nts_int(status->witness_at), nts_text(status->seen_instance),
                 nts_int(status->seen_from)));
    return nts_unit_leave(store, own, rv);
}

apr_status_t nts_store_put_schema(nts_store_t *store, apr_int64_t mapping, nts_side_t side,
                                  const char *schema)
{
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = nts_db_exec(
        NULL, store->db, &put_schema,
        NTS_ARGS(nts_int(mapping), nts_int(side), nts_int(nts_store_now(store)), nts_text(schema)));
    return nts_unit_leave(store, own, rv);
}

apr_status_t nts_schema_text(const char **text, nts_store_t *store, apr_int64_t mapping,
                             nts_side_t side, apr_pool_t *p)
{
    nts_rows_t rows;
    apr_status_t rv =
        nts_db_select(&rows, store->db, &get_schema, NTS_ARGS(nts_int(mapping), nts_int(side)), p);

    *text = rv == APR_SUCCESS && nts_rows_next(&rows) ? nts_rows_text(&rows, 0) : NULL;
    return rv;
}

apr_status_t nts_store_get_schema(const char **schema, nts_store_t *store, apr_int64_t mapping,
                                  nts_side_t side, apr_pool_t *p)
{
    const char *text;
    apr_status_t rv = nts_schema_text(&text, store, mapping, side, nts_store_scratch(store));

    *schema = rv == APR_SUCCESS ? apr_pstrdup(p, text) : NULL;
    return rv;
}

/* NULL: not seen yet. */
static apr_status_t seen_schema(nts_schema_t **schema, nts_store_t *store, apr_int64_t mapping,
                                nts_side_t side, apr_pool_t *p)
{
    const nts_json_t *root;
    const char *text = NULL;
    apr_status_t rv = nts_store_get_schema(&text, store, mapping, side, p);

    *schema = NULL;
    if (rv != APR_SUCCESS || !text) {
        return rv == APR_ENOENT ? APR_SUCCESS : rv;
    }
    rv = nts_json_parse(&root, text, strlen(text), NULL, p);
    return rv == APR_SUCCESS ? nts_schema_from_json(schema, root, p) : rv;
}

apr_status_t nts_store_show_fields(nts_json_t *parent, int *suspended, nts_store_t *store,
                                   const nts_mapping_t *mapping, int offers, apr_pool_t *p)
{
    nts_mapping_t *whole = apr_pmemdup(p, mapping, sizeof(*whole));
    nts_schema_t *schemas[NTS_SIDE_COUNT] = { NULL, NULL };
    apr_status_t rv;
    int count;
    int side;

    whole->pairs =
        apr_pmemdup(p, mapping->pairs, (apr_size_t)mapping->pair_count * sizeof(*whole->pairs));
    rv = mapping->auto_fields ? nts_store_get_pairs(store, whole, p) : APR_SUCCESS;
    rv = rv == APR_SUCCESS ? nts_store_get_bounds(store, whole, p) : rv;
    for (side = 0; side < NTS_SIDE_COUNT && offers && rv == APR_SUCCESS; side++) {
        rv = seen_schema(&schemas[side], store, mapping->id, (nts_side_t)side, p);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    count = nts_offer_suspended(whole, parent);
    if (suspended) {
        *suspended = count;
    }
    if (schemas[NTS_NOTION] && schemas[NTS_EXTERNAL]) {
        nts_offer_properties(whole, schemas[NTS_NOTION], schemas[NTS_EXTERNAL], parent, p);
    }
    return APR_SUCCESS;
}
