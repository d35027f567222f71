/* nts_store_group.c - who may write: a lock that dies with its holder, and an epoch that outlives it. */
#include "store/nts_store_impl.h"

static const nts_stmt_t get_epoch = { "SELECT epoch FROM grp WHERE name = %s" };
static const nts_stmt_t get_number = { "SELECT id FROM grp WHERE name = %s" };
static const nts_stmt_t make_group = { "INSERT INTO grp (name, epoch) VALUES (%s, 0)"
                                       " ON CONFLICT (name) DO NOTHING" };
static const nts_stmt_t raise_epoch = { "UPDATE grp SET epoch = epoch + 1 WHERE name = %s" };

apr_status_t nts_group_epoch(apr_int64_t *epoch, nts_store_t *store, const char *group,
                             apr_pool_t *ptemp)
{
    return nts_db_get_int(epoch, store->db, &get_epoch, NTS_ARGS(nts_text(group)), ptemp);
}

static apr_status_t make(nts_store_t *store, const char *group)
{
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = nts_db_exec(NULL, store->db, &make_group, NTS_ARGS(nts_text(group)));
    return nts_unit_leave(store, own, rv);
}

/* A group's number never changes: it is a byte of the lock file. */
static apr_status_t number(apr_int64_t *n, nts_store_t *store, const char *group)
{
    apr_status_t rv = nts_db_get_int(n, store->db, &get_number, NTS_ARGS(nts_text(group)),
                                     nts_store_scratch(store));

    if (rv == APR_ENOENT) {
        rv = make(store, group);
        if (rv == APR_SUCCESS) {
            rv = nts_db_get_int(n, store->db, &get_number, NTS_ARGS(nts_text(group)),
                                nts_store_scratch(store));
        }
    }
    return rv;
}

apr_status_t nts_store_lock_group(nts_store_t *store, const char *group)
{
    apr_int64_t n;
    apr_status_t rv = number(&n, store, group);

    return rv == APR_SUCCESS ? nts_lock_try_group(store->lock, n) : rv;
}

void nts_store_unlock_group(nts_store_t *store, const char *group)
{
    apr_int64_t n;

    if (nts_db_get_int(&n, store->db, &get_number, NTS_ARGS(nts_text(group)),
                       nts_store_scratch(store)) == APR_SUCCESS) {
        nts_lock_release_group(store->lock, n);
    }
}

apr_status_t nts_store_own_group(apr_int64_t *epoch, nts_store_t *store, const char *group)
{
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    *epoch = 0;
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = nts_db_exec(NULL, store->db, &make_group, NTS_ARGS(nts_text(group)));
    if (rv == APR_SUCCESS) {
        rv = nts_db_exec(NULL, store->db, &raise_epoch, NTS_ARGS(nts_text(group)));
    }
    if (rv == APR_SUCCESS) {
        rv = nts_group_epoch(epoch, store, group, nts_store_scratch(store));
    }
    rv = nts_unit_leave(store, own, rv);
    if (rv != APR_SUCCESS) {
        *epoch = 0;
    }
    return rv;
}

int nts_store_owns_group(nts_store_t *store, const char *group, apr_int64_t epoch)
{
    apr_int64_t newest;
    apr_status_t rv = nts_group_epoch(&newest, store, group, nts_store_scratch(store));

    /* A disk that does not answer has not given the group to anybody. */
    return rv == APR_SUCCESS ? newest == epoch : rv != APR_ENOENT;
}
