/* nts_txn.c - transactions that fail closed. */
#include "db/nts_db_impl.h"

struct nts_txn_t {
    nts_db_t *db;
    apr_dbd_transaction_t *t;
    apr_pool_t *p;
};

static int end(nts_txn_t *txn, int mode)
{
    nts_db_t *db = txn->db;

    db->txn = NULL;
    (void)apr_dbd_transaction_mode_set(db->driver, txn->t, mode);
    return apr_dbd_transaction_end(db->driver, txn->p, txn->t);
}

/* The pool dies: the driver's own cleanup, registered before ours and so run after it, undoes. */
static apr_status_t forget(void *data)
{
    nts_txn_t *txn = data;

    txn->db->txn = NULL;
    return APR_SUCCESS;
}

apr_status_t nts_txn_begin(nts_txn_t **ptxn, nts_db_t *db, apr_pool_t *p)
{
    nts_txn_t *txn = apr_pcalloc(p, sizeof(*txn)); /* D9: t must be NULL */
    apr_status_t rv;

    *ptxn = NULL;
    if (db->txn) {
        return APR_EINVAL;
    }
    rv = nts_db_ready(db);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    txn->db = db;
    txn->p = p;
    rv = nts_db_note(db, apr_dbd_transaction_start(db->driver, p, db->handle, &txn->t));
    if (rv != APR_SUCCESS) {
        if (txn->t) {
            (void)end(txn, APR_DBD_TRANSACTION_ROLLBACK); /* D10: detach it */
        }
        return rv;
    }
    /* D8: from here on a pool that goes away undoes. */
    (void)apr_dbd_transaction_mode_set(db->driver, txn->t, APR_DBD_TRANSACTION_ROLLBACK);
    apr_pool_cleanup_register(p, txn, forget, apr_pool_cleanup_null);
    db->failed = APR_SUCCESS;
    db->txn = *ptxn = txn;
    return APR_SUCCESS;
}

void nts_txn_rollback(nts_txn_t *txn)
{
    apr_pool_cleanup_kill(txn->p, txn, forget);
    (void)end(txn, APR_DBD_TRANSACTION_ROLLBACK);
}

apr_status_t nts_txn_commit(nts_txn_t *txn)
{
    nts_db_t *db = txn->db;
    apr_status_t rv = db->failed;
    int changed = 0;

    /* D6: the driver answers 0 for a rollback it was forced into. */
    if (rv != APR_SUCCESS) {
        nts_txn_rollback(txn);
        return rv;
    }
    apr_pool_cleanup_kill(txn->p, txn, forget);
    rv = nts_db_note(db, end(txn, APR_DBD_TRANSACTION_COMMIT));
    if (rv != APR_SUCCESS) {
        /* D11: the driver has forgotten it, the database has not. */
        (void)apr_dbd_query(db->driver, db->handle, &changed, "ROLLBACK");
    }
    return rv;
}
