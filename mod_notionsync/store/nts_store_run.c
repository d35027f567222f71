/* nts_store_run.c - reconciliations: when, how much, what came of it. */
#include "store/nts_store_impl.h"

static const nts_stmt_t insert_run = {
    "INSERT INTO run (mapping, kind, state, started, finished, seen_notion, seen_external,"
    " expected, written_notion, written_external, troubles, requests, note)"
    " VALUES (%lld, %s, %s, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %s)"
};
static const nts_stmt_t update_run = {
    "UPDATE run SET state = %s, finished = %lld, seen_notion = %lld, seen_external = %lld,"
    " expected = %lld, written_notion = %lld, written_external = %lld, troubles = %lld,"
    " requests = %lld, note = %s WHERE id = %lld"
};
static const nts_stmt_t get_runs = {
    "SELECT id, mapping, kind, state, started, finished, seen_notion, seen_external, expected,"
    " written_notion, written_external, troubles, requests, note FROM run WHERE mapping = %lld"
    " ORDER BY id DESC LIMIT %lld"
};

static apr_status_t insert(nts_store_t *store, nts_run_t *run)
{
    apr_status_t rv = nts_db_exec(
        NULL, store->db, &insert_run,
        NTS_ARGS(nts_int(run->mapping), nts_text(run->kind), nts_text(run->state),
                 nts_int(run->started), nts_int(run->finished), nts_int(run->seen[NTS_NOTION]),
                 nts_int(run->seen[NTS_EXTERNAL]), nts_int(run->expected),
                 nts_int(run->written[NTS_NOTION]), nts_int(run->written[NTS_EXTERNAL]),
                 nts_int(run->troubles), nts_int(run->requests), nts_text(run->note)));

    return rv == APR_SUCCESS ? nts_db_last_id(&run->id, store->db, nts_store_scratch(store)) : rv;
}

static apr_status_t update(nts_store_t *store, const nts_run_t *run)
{
    return nts_db_exec(NULL, store->db, &update_run,
                       NTS_ARGS(nts_text(run->state), nts_int(run->finished),
                                nts_int(run->seen[NTS_NOTION]), nts_int(run->seen[NTS_EXTERNAL]),
                                nts_int(run->expected), nts_int(run->written[NTS_NOTION]),
                                nts_int(run->written[NTS_EXTERNAL]), nts_int(run->troubles),
                                nts_int(run->requests), nts_text(run->note), nts_int(run->id)));
}

apr_status_t nts_store_put_run(nts_store_t *store, nts_run_t *run)
{
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    return nts_unit_leave(store, own, run->id ? update(store, run) : insert(store, run));
}

static void read_run(nts_run_t *run, nts_rows_t *rows, apr_pool_t *p)
{
    run->id = nts_rows_int(rows, 0);
    run->mapping = nts_rows_int(rows, 1);
    run->kind = nts_row_copy(rows, 2, p);
    run->state = nts_row_copy(rows, 3, p);
    run->started = nts_rows_int(rows, 4);
    run->finished = nts_rows_int(rows, 5);
    run->seen[NTS_NOTION] = nts_rows_int(rows, 6);
    run->seen[NTS_EXTERNAL] = nts_rows_int(rows, 7);
    run->expected = nts_rows_int(rows, 8);
    run->written[NTS_NOTION] = nts_rows_int(rows, 9);
    run->written[NTS_EXTERNAL] = nts_rows_int(rows, 10);
    run->troubles = nts_rows_int(rows, 11);
    run->requests = nts_rows_int(rows, 12);
    run->note = nts_row_copy(rows, 13, p);
}

apr_status_t nts_store_get_runs(nts_run_t **runs, int *count, nts_store_t *store,
                                apr_int64_t mapping, int limit, apr_pool_t *p)
{
    nts_run_t *list;
    nts_rows_t rows;
    int n = 0;
    apr_status_t rv;

    *runs = NULL;
    *count = 0;
    if (limit <= 0) {
        return APR_SUCCESS;
    }
    list = apr_pcalloc(p, sizeof(*list) * (apr_size_t)limit);
    rv = nts_db_select(&rows, store->db, &get_runs, NTS_ARGS(nts_int(mapping), nts_int(limit)),
                       nts_store_scratch(store));
    if (rv != APR_SUCCESS) {
        return rv;
    }
    while (n < limit && nts_rows_next(&rows)) {
        read_run(&list[n++], &rows, p);
    }
    if (rows.problem == APR_SUCCESS) {
        *runs = list;
        *count = n;
    }
    return rows.problem;
}
