/* nts_db.c - opening, closing, and the one place where a driver's error becomes a status. */
#include <string.h>
#include <unistd.h>

#include <apr_atomic.h>

#include "db/nts_db_impl.h"

/* The driver's code for "here is a row", which its query function takes for an error (D2). */
#define SQLITE_ROW 100

/* For the assertion at forks only (D25). */
static volatile apr_uint32_t open_count;

int nts_db_open_count(void)
{
    return (int)apr_atomic_read32(&open_count);
}

const char *nts_db_error(const nts_db_t *db)
{
    return db->error[0] ? db->error : "no message from the driver";
}

/* --- errors */

static int begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* D1: the sqlite3 driver's codes say little (a UNIQUE violation and a corrupt file are both 1), its
 * words say everything. */
static apr_status_t classify(const char *words)
{
    if (strcmp(words, "database schema has changed") == 0 || strcmp(words, "not an error") == 0) {
        return APR_EAGAIN; /* D3 */
    }
    if (begins(words, "database is locked") || begins(words, "database table is locked")) {
        return APR_EBUSY;
    }
    if (begins(words, "UNIQUE constraint failed") || begins(words, "PRIMARY KEY")) {
        return APR_EEXIST;
    }
    if (strstr(words, "constraint failed") || begins(words, "database disk image is malformed") ||
        begins(words, "file is not a database")) {
        return APR_EMISMATCH;
    }
    if (begins(words, "database or disk is full")) {
        return APR_ENOSPC;
    }
    if (begins(words, "attempt to write a readonly database") ||
        begins(words, "unable to open database file")) {
        return APR_EACCES;
    }
    return APR_EGENERAL;
}

apr_status_t nts_db_fail(nts_db_t *db, apr_status_t rv, const char *why)
{
    apr_cpystrn(db->error, why, sizeof(db->error));
    if (db->txn && db->failed == APR_SUCCESS) {
        db->failed = rv;
    }
    return rv;
}

apr_status_t nts_db_note(nts_db_t *db, int rc)
{
    const char *words;
    apr_status_t rv;

    if (rc == 0) {
        return APR_SUCCESS;
    }
    if (rc == SQLITE_ROW) {
        return nts_db_fail(db, APR_EINVAL, "a statement that answers rows was run without asking");
    }
    /* The words belong to the connection and die with its next call. */
    words = apr_dbd_error(db->driver, db->handle, rc);
    rv = classify(words ? words : "");
    if (rv == APR_EAGAIN) {
        db->stale = 1;
    }
    return nts_db_fail(db, rv, words ? words : "");
}

/* --- opening */

static apr_status_t close_handle(void *data)
{
    nts_db_t *db = data;

    /* A forked child must not close what its parent uses: SQLite would believe itself the last user
     * and remove the log (D25). */
    if (db->handle && db->pid == getpid()) {
        if (db->txn) {
            nts_txn_rollback(db->txn);
        }
        (void)apr_dbd_close(db->driver, db->handle);
        apr_atomic_dec32(&open_count);
    }
    db->handle = NULL;
    return APR_SUCCESS;
}

/* Per connection, not kept in the file.
 *
 * Waiting for writers is the writer lock's business (D12), but a reader that finds the log's index just
 * being changed takes SQLite's write lock for some nanoseconds to look again, and a BEGIN that meets it
 * would cost the driver's 100 ms. SQLite's own first pause is 1 ms. */
static const char *const pragmas[] = {
    "PRAGMA busy_timeout=10",
    "PRAGMA synchronous=FULL",            /* D55: an acknowledged notice survives a power cut */
    "PRAGMA journal_size_limit=67108864", /* a log that had to grow shrinks again */
    "PRAGMA cache_size=-4096",            /* KB */
    "PRAGMA temp_store=MEMORY",
    "PRAGMA trusted_schema=OFF",
};

#define AUTOCHECKPOINT 1000

/* Whoever closes a connection locks the file for an instant, to see whether it is the last; who looks at
 * the file for the first time just then is told that it is locked. Once looked at, never again. */
#define LOOKS 1000
#define LOOK_PAUSE apr_time_from_msec(1)

static apr_status_t ask_patiently(nts_db_t *db, const char *sql)
{
    const char *answer;
    int looks;
    apr_status_t rv = APR_EBUSY;

    for (looks = 0; looks < LOOKS && rv == APR_EBUSY; looks++) {
        if (looks) {
            apr_sleep(LOOK_PAUSE);
        }
        rv = nts_db_ask(&answer, db, sql, db->conn);
    }
    return rv;
}

static apr_status_t put_autocheckpoint(nts_db_t *db)
{
    char sql[64];

    (void)apr_snprintf(sql, sizeof(sql), "PRAGMA wal_autocheckpoint=%d", db->autocheckpoint);
    return ask_patiently(db, sql);
}

static apr_status_t set_up(nts_db_t *db)
{
    apr_size_t i;

    for (i = 0; i < sizeof(pragmas) / sizeof(pragmas[0]); i++) {
        apr_status_t rv = ask_patiently(db, pragmas[i]);

        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    return put_autocheckpoint(db);
}

static apr_status_t open_handle(nts_db_t *db)
{
    const char *words = NULL;
    apr_status_t rv;

    db->prepared = apr_hash_make(db->conn);
    rv = apr_dbd_open_ex(db->driver, db->conn, db->params, &db->handle, &words);
    if (rv != APR_SUCCESS) {
        db->handle = NULL;
        apr_cpystrn(db->error, words ? words : "the driver cannot open it", sizeof(db->error));
        rv = classify(db->error);
        return rv == APR_EAGAIN ? APR_EGENERAL : rv;
    }
    apr_atomic_inc32(&open_count);
    /* D23: the driver registers no cleanup. */
    apr_pool_cleanup_register(db->conn, db, close_handle, apr_pool_cleanup_null);
    db->stale = 0;
    db->opening = 1;
    rv = set_up(db);
    db->opening = 0;
    /* One that is set up by half is opened again before it is used. */
    db->stale = rv != APR_SUCCESS;
    return rv;
}

apr_status_t nts_db_open(nts_db_t **pdb, const char *driver, const char *params,
                         const char **problem, apr_pool_t *p)
{
    apr_pool_t *own = NULL;
    nts_db_t *db;
    apr_status_t rv;

    *pdb = NULL;
    if (problem) {
        *problem = NULL;
    }
    rv = apr_pool_create(&own, p);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    apr_pool_tag(own, "nts_db");
    db = apr_pcalloc(own, sizeof(*db));
    db->p = own;
    db->pid = getpid();
    db->autocheckpoint = AUTOCHECKPOINT;
    db->driver_name = apr_pstrdup(own, driver);
    db->params = apr_pstrdup(own, params);
    rv = apr_pool_create(&db->conn, own);
    if (rv == APR_SUCCESS) {
        apr_pool_tag(db->conn, "nts_db_conn");
        rv = apr_dbd_init(own); /* D23: works once, and says so every time */
    }
    if (rv == APR_SUCCESS) {
        rv = apr_dbd_get_driver(own, db->driver_name, &db->driver);
        if (rv != APR_SUCCESS) {
            apr_cpystrn(db->error, "APR has no such DBD driver", sizeof(db->error));
        }
    }
    if (rv == APR_SUCCESS) {
        rv = open_handle(db);
    }
    if (rv != APR_SUCCESS) {
        if (problem) {
            *problem = apr_pstrdup(p, nts_db_error(db));
        }
        apr_pool_destroy(own);
        return rv;
    }
    *pdb = db;
    return APR_SUCCESS;
}

void nts_db_close(nts_db_t *db)
{
    apr_pool_destroy(db->p);
}

apr_status_t nts_db_reopen(nts_db_t *db)
{
    if (db->txn || db->pid != getpid()) {
        return APR_EINVAL;
    }
    apr_pool_clear(db->conn);
    return open_handle(db);
}

apr_status_t nts_db_ready(nts_db_t *db)
{
    if (db->pid != getpid()) {
        return nts_db_fail(db, APR_EINVAL, "the connection belongs to another process");
    }
    if (db->txn) {
        /* D7: nothing runs after the first failure. */
        return db->failed;
    }
    if (!db->opening && (db->stale || !db->handle)) {
        return nts_db_reopen(db);
    }
    return APR_SUCCESS;
}

/* --- one-shot statements */

apr_status_t nts_db_run(nts_db_t *db, const char *sql)
{
    int changed = 0;
    int tries;
    apr_status_t rv = APR_EGENERAL;

    /* D4: of several statements the driver reports the last one's result only. */
    if (strchr(sql, ';')) {
        return nts_db_fail(db, APR_EINVAL, "more than one statement");
    }
    for (tries = 0; tries < 2; tries++) {
        rv = nts_db_ready(db);
        if (rv == APR_SUCCESS) {
            rv = nts_db_note(db, apr_dbd_query(db->driver, db->handle, &changed, sql));
        }
        if (rv != APR_EAGAIN || db->txn) {
            break;
        }
    }
    return rv;
}

apr_status_t nts_db_ask(const char **answer, nts_db_t *db, const char *sql, apr_pool_t *p)
{
    nts_rows_t rows = { db, NULL, NULL, p, APR_SUCCESS };
    int tries;
    apr_status_t rv = APR_EGENERAL;

    *answer = NULL;
    if (strchr(sql, ';')) {
        return nts_db_fail(db, APR_EINVAL, "more than one statement");
    }
    for (tries = 0; tries < 2; tries++) {
        rv = nts_db_ready(db);
        if (rv == APR_SUCCESS) {
            rows.results = NULL;
            rv = nts_db_note(db, apr_dbd_select(db->driver, p, db->handle, &rows.results, sql, 0));
        }
        if (rv != APR_EAGAIN || db->txn) {
            break;
        }
    }
    if (rv == APR_SUCCESS && nts_rows_next(&rows)) {
        *answer = nts_rows_text(&rows, 0);
    }
    return rv;
}

apr_status_t nts_db_set_wal(nts_db_t *db)
{
    const char *mode;
    apr_status_t rv = nts_db_ask(&mode, db, "PRAGMA journal_mode=WAL", db->conn);

    if (rv == APR_SUCCESS && (!mode || strcmp(mode, "wal") != 0)) {
        rv = nts_db_fail(db, APR_ENOTIMPL,
                         "this file cannot use write-ahead logging (not a local file system?)");
    }
    return rv;
}

apr_status_t nts_db_set_autocheckpoint(nts_db_t *db, int pages)
{
    db->autocheckpoint = pages;
    return put_autocheckpoint(db);
}

apr_status_t nts_db_checkpoint(nts_db_t *db)
{
    apr_pool_t *ptemp;
    const char *busy;
    apr_status_t rv;

    if (db->txn) {
        return APR_EINVAL;
    }
    rv = apr_pool_create(&ptemp, db->p);
    if (rv == APR_SUCCESS) {
        /* Busy means that another does it just now. */
        rv = nts_db_ask(&busy, db, "PRAGMA wal_checkpoint(PASSIVE)", ptemp);
        apr_pool_destroy(ptemp);
    }
    return rv;
}
