/* nts_db_impl.h - what the files of db/ share. */
#ifndef NTS_DB_IMPL_H
#define NTS_DB_IMPL_H

#include <sys/types.h>

#include <apr_dbd.h>
#include <apr_hash.h>

#include "db/nts_db.h"
#include "db/nts_txn.h"

#define NTS_DB_ERROR_MAX 512

struct nts_db_t {
    apr_pool_t *p;    /* the connection's own; dies with the caller's */
    apr_pool_t *conn; /* prepared statements and the handle: cleared when reopened (D21) */
    pid_t pid;        /* who opened it (D25) */
    const char *driver_name;
    const char *params;
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle;    /* NULL: closed, or reopening failed */
    apr_hash_t *prepared; /* nts_stmt_t * -> prepared statement */
    int autocheckpoint;   /* pages */
    int opening;          /* the handle is being set up */
    int stale;            /* D3: only a new connection helps */
    nts_txn_t *txn;       /* open transaction */
    apr_status_t failed;  /* D6, D7: first failure inside it */
    char error[NTS_DB_ERROR_MAX];
};

/** A driver's code as a status; remembers words, staleness and a transaction's doom. */
apr_status_t nts_db_note(nts_db_t *db, int rc);
/** APR_SUCCESS if the connection may be used now; reopens a stale one outside a transaction. */
apr_status_t nts_db_ready(nts_db_t *db);
/** Fail without the driver having been asked, under the same rules. */
apr_status_t nts_db_fail(nts_db_t *db, apr_status_t rv, const char *why);

#endif /* NTS_DB_IMPL_H */
