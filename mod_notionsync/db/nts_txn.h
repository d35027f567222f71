/* nts_txn.h - transactions that fail closed: what was not committed by nts_txn_commit is undone.
 *
 * DBD would commit a transaction whose pool dies (D8), answer success for one it had to roll back (D6),
 * and lose track of a failed begin or commit (D10, D11). Writers hold the store's writer lock around
 * these (D12).
 */
#ifndef NTS_TXN_H
#define NTS_TXN_H

#include "db/nts_db.h"

typedef struct nts_txn_t nts_txn_t;

/**
 * Begin, as a writer. When @a p is destroyed before nts_txn_commit, everything is undone.
 * @return APR_EBUSY another writer; APR_EINVAL this connection is inside one already
 */
apr_status_t nts_txn_begin(nts_txn_t **txn, nts_db_t *db, apr_pool_t *p);
/** Durable when this answers APR_SUCCESS, undone otherwise: then the first failure inside it is given.
 *  @a txn is over either way. */
apr_status_t nts_txn_commit(nts_txn_t *txn);
/** Undo. @a txn is over. */
void nts_txn_rollback(nts_txn_t *txn);

#endif /* NTS_TXN_H */
