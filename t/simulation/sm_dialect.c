/* sm_dialect.c - in place of connector/sql/nts_sql_dialect.c: SQLite, and SQLite as if a server stood before it.
 *
 * Includes production's file, so that what is simulated is what runs, and a transaction whose connection was lost can be
 * kept: its handle becomes the kernel's, and does what the server would.
 */
#include <stdlib.h>

#include "simulation/sm_server.h"

/* NOLINTNEXTLINE(bugprone-suspicious-include): the file itself */
#include "connector/sql/sqlite/nts_sql_sqlite.c"

/* As in nts_sql_pgsql.c and nts_sql_mysql_wire.c. */
#define CONNECT_WAIT SM_SEC(5)
#define STATEMENT_WAIT SM_SEC(15)
#define LONGEST_PAUSE SM_SEC(8)

/* A connection, as the server and we know it. */
typedef struct sm_session_t {
    struct sm_session_t *next;
    const nts_sql_db_t *db; /* NULL: closed */
    int writes;             /* that its transaction has begun; 0: it does not write */
    int is_failed;          /* PostgreSQL: in one that is only good for being rolled back */
    int is_cut;
    int is_silent; /* and nobody has said so */
} session_t;

static int is_away(const sm_server_t *server)
{
    return sm_now(sm_the) < server->away_until;
}

static int is_mysql(void)
{
    return sm_setting_of(sm_the, "unsteady.mysql") > 0;
}

/* NULL: of one that is closed. */
static session_t *find_session(const nts_sql_db_t *db)
{
    session_t *s = sm_server_of(sm_the)->sessions;

    while (s && s->db != db) {
        s = s->next;
    }
    return s;
}

static session_t *session_of(const nts_sql_db_t *db)
{
    session_t *s = find_session(db);

    if (!s) {
        abort();
    }
    return s;
}

/* --- what is told */

static apr_status_t tell(nts_sql_error_t *error, nts_sql_class_t kind, const char *words,
                         int reopen)
{
    memset(error, 0, sizeof(*error));
    error->kind = kind;
    error->words = words;
    error->reopen = reopen;
    error->is_unanswered = kind == NTS_SQL_UNREACHABLE;
    return APR_EGENERAL;
}

static apr_status_t tell_lost(nts_sql_error_t *error, int is_silent, apr_interval_time_t wait)
{
    if (is_silent) {
        sm_server_of(sm_the)->waited += wait;
        return tell(error, NTS_SQL_UNREACHABLE, "the server did not answer in time", 1);
    }
    return tell(error, NTS_SQL_UNREACHABLE,
                is_mysql() ? "Lost connection to server during query"
                           : "server closed the connection unexpectedly",
                1);
}

static void roll_back(nts_sql_db_t *db)
{
    if (!sqlite3_get_autocommit(db->handle)) {
        (void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    }
}

/* What is kept compiled goes; the handle is the server's. */
static void leave(nts_sql_db_t *db, const sm_server_fault_t *fault)
{
    int i;

    for (i = 0; i < KEPT_MAX; i++) {
        (void)sqlite3_finalize(db->kept[i].stmt);
        db->kept[i].stmt = NULL;
    }
    sm_server_leave(sm_the, db->handle, fault);
    db->handle = NULL;
}

/* --- faults */

static int begins_with(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* MariaDB undoes the whole transaction; PostgreSQL lets us do that, and takes no other statement meanwhile. */
static apr_status_t be_victim(session_t *s, nts_sql_db_t *db, nts_sql_error_t *error)
{
    sm_count(sm_the, "database: a write was rolled back as a deadlock's victim");
    sm_remark(sm_the, "    the database rolls back: deadlock");
    if (is_mysql()) {
        s->writes = 0;
        roll_back(db);
        return tell(error, NTS_SQL_BUSY,
                    "Deadlock found when trying to get lock; try restarting transaction", 0);
    }
    s->is_failed = 1;
    return tell(error, NTS_SQL_BUSY, "deadlock detected", 0);
}

static apr_status_t be_victim_at_commit(session_t *s, nts_sql_db_t *db, nts_sql_error_t *error)
{
    sm_count(sm_the, "database: a COMMIT was rolled back, not to be serialized");
    sm_remark(sm_the, "    the database rolls back: serialization failure at COMMIT");
    s->writes = 0;
    roll_back(db);
    return tell(error, NTS_SQL_BUSY,
                is_mysql() ? "Deadlock found when trying to get lock; try restarting transaction"
                           : "could not serialize access due to read/write dependencies among "
                             "transactions",
                0);
}

static void count_cut(const sm_server_fault_t *fault, int is_done)
{
    static const char *const names[SM_SERVER_KINDS] = {
        [SM_SERVER_CUT] = "database: cut at a statement of a write",
        [SM_SERVER_CUT_READ] = "database: cut at another statement",
        [SM_SERVER_CUT_COMMIT] = "database: cut at COMMIT, which did not take place",
    };

    sm_count(sm_the, !is_done      ? names[fault->kind]
                     : fault->left ? "database: cut at COMMIT, which takes place later"
                                   : "database: cut at COMMIT, which took place");
    sm_remark(sm_the, "    the connection is cut%s%s%s", fault->is_silent ? " without a word" : "",
              is_done                               ? " at a COMMIT that takes place"
              : fault->kind == SM_SERVER_CUT_COMMIT ? " at a COMMIT"
                                                    : "",
              fault->left ? ", and the transaction stays open" : "");
}

static void cut_all(sm_server_t *server, const sm_server_fault_t *fault)
{
    session_t *s;

    server->away_until = sm_now(sm_the) + fault->away;
    server->is_silent = fault->is_silent;
    for (s = server->sessions; s; s = s->next) {
        s->is_silent = s->is_cut ? s->is_silent : fault->is_silent;
        s->is_cut = 1;
    }
}

static apr_status_t cut(session_t *s, nts_sql_db_t *db, const sm_server_fault_t *fault,
                        nts_sql_error_t *error)
{
    int is_done = fault->is_done;

    s->is_cut = 1;
    s->is_silent = fault->is_silent;
    if (fault->away) {
        cut_all(sm_server_of(sm_the), fault);
    }
    if (s->writes && fault->left) {
        leave(db, fault);
    }
    else if (is_done) {
        is_done = sqlite3_exec(db->handle, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
    }
    count_cut(fault, is_done);
    if (db->handle) {
        roll_back(db);
    }
    return tell_lost(error, fault->is_silent, STATEMENT_WAIT);
}

static apr_status_t befall(const sm_server_fault_t *fault, session_t *s, nts_sql_db_t *db,
                           nts_sql_error_t *error)
{
    switch (fault->kind) {
    case SM_SERVER_VICTIM:
        return be_victim(s, db, error);
    case SM_SERVER_VICTIM_COMMIT:
        return be_victim_at_commit(s, db, error);
    default:
        return cut(s, db, fault, error);
    }
}

/* --- the dialect */

static apr_status_t unsteady_open(nts_sql_db_t **db, const char *database, const char *secret,
                                  nts_sql_error_t *error, apr_pool_t *p)
{
    sm_server_t *server = sm_server_of(sm_the);
    session_t *s;

    if (is_away(server)) {
        *db = NULL;
        sm_count(sm_the, "database: could not be connected to");
        return tell_lost(error, server->is_silent, CONNECT_WAIT);
    }
    if (open_file(db, database, secret, error, p) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    s = find_session(NULL);
    if (!s) {
        s = apr_pcalloc(sm_the->p, sizeof(*s));
        s->next = server->sessions;
        server->sessions = s;
    }
    s->db = *db;
    s->writes = s->is_failed = s->is_cut = s->is_silent = 0;
    return APR_SUCCESS;
}

static void unsteady_close(nts_sql_db_t *db)
{
    session_of(db)->db = NULL;
    close_file(db);
}

/* That a connection is lost is seen, unless nobody said so. */
static int unsteady_is_current(nts_sql_db_t *db)
{
    const session_t *s = session_of(db);

    return s->is_cut ? s->is_silent : is_current(db);
}

static int unsteady_is_in_transaction(nts_sql_db_t *db)
{
    return !session_of(db)->is_cut && is_in_transaction(db);
}

/* PostgreSQL, after a deadlock: 25P02 but for what ends it; and COMMIT is none. */
static apr_status_t run_failed(int *is_over, session_t *s, nts_sql_db_t *db, const char *sql,
                               nts_sql_error_t *error)
{
    *is_over = 1;
    if (begins_with(sql, "ROLLBACK")) {
        s->is_failed = 0;
        *is_over = 0;
        return APR_SUCCESS;
    }
    if (strcmp(sql, "COMMIT") == 0) {
        s->is_failed = s->writes = 0;
        roll_back(db);
        return tell(error, NTS_SQL_BUSY, "the transaction was undone", 0);
    }
    return tell(error, NTS_SQL_BUSY, "current transaction is aborted", 1);
}

static apr_status_t unsteady_run(nts_sql_db_t *db, const char *sql, const nts_sql_cell_t *params,
                                 int count, apr_size_t max_bytes, nts_sql_rows_t *rows,
                                 nts_sql_error_t *error, apr_pool_t *p)
{
    session_t *s = session_of(db);
    sm_server_fault_t fault;
    apr_status_t rv;
    int is_over = 0;

    memset(rows, 0, sizeof(*rows));
    if (s->is_cut) {
        return tell_lost(error, s->is_silent, STATEMENT_WAIT);
    }
    if (s->is_failed) {
        rv = run_failed(&is_over, s, db, sql, error);
        if (is_over) {
            return rv;
        }
    }
    fault = sm_server_due(sm_the, s->writes, sql);
    if (fault.kind != SM_SERVER_KINDS) {
        return befall(&fault, s, db, error);
    }
    rv = run(db, sql, params, count, max_bytes, rows, error, p);
    if (!is_in_transaction(db)) {
        s->writes = 0;
    }
    else if (begins_with(sql, "BEGIN IMMEDIATE") || (s->writes && begins_with(sql, "RELEASE "))) {
        s->writes++;
    }
    return rv;
}

const nts_sql_dialect_t *nts_sql_dialect_find(const char *driver)
{
    static nts_sql_dialect_t unsteady;

    if (!driver || strcmp(driver, nts_sql_sqlite.driver) != 0) {
        return NULL;
    }
    if (sm_setting_of(sm_the, "unsteady") <= 0) {
        return &nts_sql_sqlite;
    }
    unsteady = nts_sql_sqlite;
    unsteady.open_pause = LONGEST_PAUSE;
    unsteady.open = unsteady_open;
    unsteady.close = unsteady_close;
    unsteady.is_current = unsteady_is_current;
    unsteady.is_in_transaction = unsteady_is_in_transaction;
    unsteady.run = unsteady_run;
    return &unsteady;
}
