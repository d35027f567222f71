/* nts_store_tally.c - how many links are active, and how many became or ceased to be, minute by minute.
 *
 * Counting a hundred thousand rows for each delete would take longer than the delete.
 */
#include "store/nts_store_impl.h"

#define MINUTES 60

/* Minute 0 stands for the sum of all time. */
static const nts_stmt_t add = {
    "INSERT INTO tally (mapping, minute, made, gone) VALUES (%lld, %lld, %lld, %lld)"
    " ON CONFLICT (mapping, minute)"
    " DO UPDATE SET made = made + excluded.made, gone = gone + excluded.gone"
};
static const nts_stmt_t get_active = { "SELECT made - gone FROM tally WHERE mapping = %lld"
                                       " AND minute = 0" };
static const nts_stmt_t get_hour = { "SELECT sum(made), sum(gone) FROM tally WHERE mapping = %lld"
                                     " AND minute > %lld" };

static apr_int64_t minute_now(const nts_store_t *store)
{
    return apr_time_sec(nts_store_now(store)) / 60;
}

apr_status_t nts_tally_move(nts_store_t *store, apr_int64_t mapping, int by)
{
    int made = by > 0 ? by : 0;
    int gone = by < 0 ? -by : 0;
    apr_status_t rv =
        nts_db_exec(NULL, store->db, &add,
                    NTS_ARGS(nts_int(mapping), nts_int(0), nts_int(made), nts_int(gone)));

    if (rv == APR_SUCCESS) {
        rv = nts_db_exec(
            NULL, store->db, &add,
            NTS_ARGS(nts_int(mapping), nts_int(minute_now(store)), nts_int(made), nts_int(gone)));
    }
    return rv;
}

apr_status_t nts_tally_read(nts_tally_t *tally, nts_store_t *store, apr_int64_t mapping,
                            apr_pool_t *ptemp)
{
    nts_rows_t rows;
    apr_status_t rv;

    tally->made = tally->left = 0;
    rv = nts_db_get_int(&tally->active, store->db, &get_active, NTS_ARGS(nts_int(mapping)), ptemp);
    if (rv == APR_ENOENT) {
        rv = APR_SUCCESS;
    }
    if (rv == APR_SUCCESS) {
        rv = nts_db_select(&rows, store->db, &get_hour,
                           NTS_ARGS(nts_int(mapping), nts_int(minute_now(store) - MINUTES)), ptemp);
    }
    if (rv == APR_SUCCESS && nts_rows_next(&rows)) {
        tally->made = nts_rows_int(&rows, 0);
        tally->left = nts_rows_int(&rows, 1);
    }
    return rv;
}
