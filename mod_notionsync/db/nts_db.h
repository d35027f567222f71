/* nts_db.h - one connection to the state database, through APR DBD: the only folder that knows DBD.
 *
 * A connection belongs to the process that opened it and is never carried over a fork (D25): used by
 * another process every call answers APR_EINVAL, and closing it there does nothing. One thread at a
 * time. Statements take int64 and text only (D18-D20). A connection whose prepared statements have
 * been killed by a schema change (D3) is reopened by the next call outside a transaction.
 */
#ifndef NTS_DB_H
#define NTS_DB_H

#include "base/nts_base.h"

typedef struct nts_db_t nts_db_t;

/** A statement. One static object each; prepared on first use, per connection. Placeholders are %lld
 *  (int64) and %s (text); a percent sign of SQL itself is written %% (D23). */
typedef struct nts_stmt_t {
    const char *sql;
} nts_stmt_t;

/** One argument; made by nts_int, nts_text and nts_null. */
typedef struct nts_arg_t {
    enum { NTS_ARG_INT, NTS_ARG_TEXT } kind;
    apr_int64_t number;
    const char *text; /* NULL: SQL NULL */
} nts_arg_t;

static inline nts_arg_t nts_int(apr_int64_t number)
{
    nts_arg_t arg = { NTS_ARG_INT, number, NULL };
    return arg;
}

/** NULL is stored as NULL. */
static inline nts_arg_t nts_text(const char *text)
{
    nts_arg_t arg = { NTS_ARG_TEXT, 0, text };
    return arg;
}

#define NTS_ARGS_MAX 128

/** The arguments of a statement: NTS_ARGS(nts_int(id), nts_text(name)); none: NTS_NO_ARGS. */
#define NTS_ARGS(...)                                                                              \
    (const nts_arg_t[]){ __VA_ARGS__ },                                                            \
        (int)(sizeof((const nts_arg_t[]){ __VA_ARGS__ }) / sizeof(nts_arg_t))
#define NTS_NO_ARGS NULL, 0

/**
 * Open. The connection is closed with @a p. SQLite: WAL is expected to be set already (nts_db_set_wal);
 * synchronous=FULL (D55), busy time-out 10 ms (D12).
 * @param problem may be NULL; on failure the driver's words, in @a p
 */
apr_status_t nts_db_open(nts_db_t **db, const char *driver, const char *params,
                         const char **problem, apr_pool_t *p);
/** Close now instead of with the pool. Undoes an open transaction. */
void nts_db_close(nts_db_t *db);
/** Close and open again: the only cure for stale statements (D3). Not inside a transaction. */
apr_status_t nts_db_reopen(nts_db_t *db);
/** The driver's words about the last failure; never NULL; overwritten by the next failure. */
const char *nts_db_error(const nts_db_t *db);
/** How many connections this process has open: must be 0 at every fork (D25). */
int nts_db_open_count(void);

/** Run one statement once: DDL, or a PRAGMA without an answer. No semicolon (D4). */
apr_status_t nts_db_run(nts_db_t *db, const char *sql);
/** Run one statement once and give the first column of its first row (D2): NULL if there is none.
 *  For every PRAGMA that answers. */
apr_status_t nts_db_ask(const char **answer, nts_db_t *db, const char *sql, apr_pool_t *p);
/** Switch the file to write-ahead logging, for good. Outside a transaction. */
apr_status_t nts_db_set_wal(nts_db_t *db);
/** Who commits writes the log back once it holds this many pages (D54). 1000 unless set; kept when the
 *  connection is reopened. */
apr_status_t nts_db_set_autocheckpoint(nts_db_t *db, int pages);
/** Write back what can be without making anybody wait (D54). Outside a transaction; needs no lock. */
apr_status_t nts_db_checkpoint(nts_db_t *db);

/**
 * Run a prepared INSERT, UPDATE or DELETE.
 * @param changed may be NULL; rows it changed, on success (D5)
 * @return APR_EEXIST uniqueness; APR_EMISMATCH a CHECK or NOT NULL, or a damaged file; APR_EBUSY locked;
 *         APR_EAGAIN stale inside a transaction: roll back and begin again; APR_ENOSPC; APR_EACCES not
 *         writable; APR_EINVAL arguments do not fit the statement. Inside a transaction every failure
 *         dooms it (D7).
 */
apr_status_t nts_db_exec(int *changed, nts_db_t *db, const nts_stmt_t *stmt, const nts_arg_t *args,
                         int count);

/** Rows of a select. A plain value: nothing to release, but read to the end or drop it. All rows are
 *  in memory at once (D21): use LIMIT. */
typedef struct nts_rows_t {
    nts_db_t *db;
    struct apr_dbd_results_t *results;
    struct apr_dbd_row_t *row;
    apr_pool_t *p;
    apr_status_t problem; /* APR_EMISMATCH once a column held something else than was asked for */
} nts_rows_t;

/** Run a prepared SELECT; rows live in @a p. */
apr_status_t nts_db_select(nts_rows_t *rows, nts_db_t *db, const nts_stmt_t *stmt,
                           const nts_arg_t *args, int count, apr_pool_t *p);
/** Go to the next row; false at the end. */
int nts_rows_next(nts_rows_t *rows);
/** Columns count from 0. A NULL reads as 0; anything but a whole number as 0 too, and is remembered
 *  in `problem` (D20). */
apr_int64_t nts_rows_int(nts_rows_t *rows, int column);
/** NULL for NULL. Lives in the select's pool. */
const char *nts_rows_text(nts_rows_t *rows, int column);
/** First column of the first row as a number; APR_ENOENT without a row or when it is NULL. */
apr_status_t nts_db_get_int(apr_int64_t *value, nts_db_t *db, const nts_stmt_t *stmt,
                            const nts_arg_t *args, int count, apr_pool_t *ptemp);
/** Row id of the last INSERT that was done. */
apr_status_t nts_db_last_id(apr_int64_t *id, nts_db_t *db, apr_pool_t *ptemp);

#endif /* NTS_DB_H */
