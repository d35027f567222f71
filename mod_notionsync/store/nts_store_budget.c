/* nts_store_budget.c - requests are reserved before they are sent, so that whoever comes next knows of
 * them (S6.8). */
#include "store/nts_store_impl.h"

static const nts_stmt_t reserve = { "INSERT INTO budget_chunk (service, requests, reserved, mono)"
                                    " VALUES (%lld, %lld, %lld, %lld)" };
static const nts_stmt_t release = { "UPDATE budget_chunk SET answered = %lld WHERE id = %lld"
                                    " AND answered = 0" };
/* Whoever should have moved answers along may have died before it saw that the clock was set (seed 61786 of the simulation). By how much it
 * was is what has passed by it since the reservation, less what has passed by the other; less than a second is drift. Nothing is known where the machine was
 * started since. */
static const nts_stmt_t follow = {
    "UPDATE budget_chunk SET answered = answered + (%lld - reserved) - (%lld - mono),"
    " reserved = %lld - (%lld - mono)"
    " WHERE service = %lld AND answered > 0 AND mono > 0 AND mono <= %lld"
    " AND (%lld - reserved) - (%lld - mono) > 1000000"
};
/* What nobody will answer any more counts as answered now; so does an answer from the future, which
 * only a clock that was set back can give (D56). */
static const nts_stmt_t adopt = { "UPDATE budget_chunk SET answered = %lld WHERE service = %lld"
                                  " AND (answered = 0 OR answered > %lld)" };
static const nts_stmt_t forget = { "DELETE FROM budget_chunk WHERE service = %lld"
                                   " AND answered <= %lld AND id < (SELECT max(id) FROM"
                                   " budget_chunk)" };
static const nts_stmt_t move_along = { "UPDATE budget_chunk SET answered = answered + %lld,"
                                       " reserved = reserved + %lld"
                                       " WHERE service = %lld AND answered > 0" };
static const nts_stmt_t counted = { "SELECT coalesce(sum(requests), 0) FROM budget_chunk"
                                    " WHERE service = %lld AND answered > %lld" };
static const nts_stmt_t get_gate = { "SELECT until FROM gate WHERE service = %lld" };
static const nts_stmt_t set_gate = { "INSERT INTO gate (service, until) VALUES (%lld, %lld)"
                                     " ON CONFLICT (service) DO UPDATE SET"
                                     " until = max(until, excluded.until)" };

apr_status_t nts_store_reserve(apr_int64_t *chunk, nts_store_t *store, apr_int64_t service, int n,
                               nts_moment_t now)
{
    int own;
    apr_status_t rv;

    *chunk = 0;
    if (n < 1 || n > 10) {
        return APR_EINVAL;
    }
    rv = nts_unit_enter(&own, store);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = nts_db_exec(NULL, store->db, &reserve,
                     NTS_ARGS(nts_int(service), nts_int(n), nts_int(now.wall), nts_int(now.mono)));
    if (rv == APR_SUCCESS) {
        rv = nts_db_last_id(chunk, store->db, nts_store_scratch(store));
    }
    rv = nts_unit_leave(store, own, rv);
    if (rv != APR_SUCCESS) {
        *chunk = 0;
    }
    return rv;
}

apr_status_t nts_store_release(nts_store_t *store, apr_int64_t chunk, apr_time_t answered)
{
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = nts_db_exec(NULL, store->db, &release, NTS_ARGS(nts_int(answered), nts_int(chunk)));
    return nts_unit_leave(store, own, rv);
}

apr_status_t nts_store_answers_moved(nts_store_t *store, apr_int64_t service,
                                     apr_interval_time_t by)
{
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = nts_db_exec(NULL, store->db, &move_along,
                     NTS_ARGS(nts_int(by), nts_int(by), nts_int(service)));
    return nts_unit_leave(store, own, rv);
}

static apr_status_t inherit(apr_int64_t *requests, apr_time_t *gate, int *moved, nts_store_t *store,
                            apr_int64_t service, apr_time_t before, nts_moment_t now)
{
    apr_pool_t *ptemp = nts_store_scratch(store);
    apr_int64_t wall = now.wall, mono = now.mono;
    apr_status_t rv =
        nts_db_exec(moved, store->db, &follow,
                    NTS_ARGS(nts_int(wall), nts_int(mono), nts_int(wall), nts_int(mono),
                             nts_int(service), nts_int(mono), nts_int(wall), nts_int(mono)));

    if (rv == APR_SUCCESS) {
        rv = nts_db_exec(NULL, store->db, &adopt,
                         NTS_ARGS(nts_int(wall), nts_int(service), nts_int(wall)));
    }
    if (rv == APR_SUCCESS) {
        rv = nts_db_exec(NULL, store->db, &forget, NTS_ARGS(nts_int(service), nts_int(before)));
    }
    if (rv == APR_SUCCESS) {
        rv = nts_db_get_int(requests, store->db, &counted,
                            NTS_ARGS(nts_int(service), nts_int(before)), ptemp);
    }
    if (rv == APR_SUCCESS) {
        rv = nts_db_get_int(gate, store->db, &get_gate, NTS_ARGS(nts_int(service)), ptemp);
    }
    return rv == APR_ENOENT ? APR_SUCCESS : rv;
}

apr_status_t nts_store_inherit(int *requests, apr_time_t *gate, int *was_set, nts_store_t *store,
                               apr_int64_t service, apr_interval_time_t window, nts_moment_t now)
{
    apr_int64_t sum = 0;
    apr_time_t until = 0;
    int own, moved = 0;
    apr_status_t rv = nts_unit_enter(&own, store);

    *requests = 0;
    *gate = 0;
    *was_set = 0;
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = inherit(&sum, &until, &moved, store, service, now.wall - window, now);
    rv = nts_unit_leave(store, own, rv);
    if (rv == APR_SUCCESS) {
        *requests = (int)sum;
        *gate = until > now.wall ? until : 0;
        *was_set = moved > 0;
    }
    return rv;
}

apr_status_t nts_store_gate(nts_store_t *store, apr_int64_t service, apr_time_t until)
{
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = nts_db_exec(NULL, store->db, &set_gate, NTS_ARGS(nts_int(service), nts_int(until)));
    return nts_unit_leave(store, own, rv);
}
