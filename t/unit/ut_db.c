/* Every trap of APR DBD with SQLite that db/ guards against (D1-D11, D18-D25 of the pitfalls) is set
 * here, and is seen not to spring: nothing half done is ever stored, nothing done is ever lost, and
 * every failure has the status that its callers act on. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_general.h>

#include "db/nts_db.h"
#include "db/nts_txn.h"
#include "store_kit.h"
#include "tap/tap.h"

static apr_pool_t *p;

static const nts_stmt_t insert = { "INSERT INTO t (k, n, s) VALUES (%lld, %lld, %s)" };
static const nts_stmt_t insert_types = { "INSERT INTO x (a, b) VALUES (%lld, %s)" };
static const nts_stmt_t count_all = { "SELECT count(*) FROM t" };
static const nts_stmt_t get_row = { "SELECT n, s, typeof(n), typeof(s) FROM t WHERE k = %lld" };

static const char *new_file(void)
{
    return apr_pstrcat(p, kit_dir(p), "/t.db", NULL);
}

static nts_db_t *open_db(const char *file)
{
    nts_db_t *db;
    const char *problem;
    apr_status_t rv = nts_db_open(&db, "sqlite3", file, &problem, p);

    if (rv != APR_SUCCESS) {
        printf("Bail out! %s: %s\n", file, problem);
        exit(1);
    }
    return db;
}

static nts_db_t *make_db(const char *file)
{
    nts_db_t *db = open_db(file);

    (void)nts_db_set_wal(db);
    (void)nts_db_run(db, "CREATE TABLE t (k INTEGER PRIMARY KEY, n INTEGER CHECK (n < 1000 OR "
                         "n > 1000000), s TEXT UNIQUE)");
    return db;
}

static apr_status_t put(nts_db_t *db, apr_int64_t k, const char *s)
{
    return nts_db_exec(NULL, db, &insert, NTS_ARGS(nts_int(k), nts_int(k), nts_text(s)));
}

static apr_int64_t rows_in(nts_db_t *db)
{
    apr_int64_t n;

    return nts_db_get_int(&n, db, &count_all, NTS_NO_ARGS, p) == APR_SUCCESS ? n : -1;
}

static void test_pragmas(void)
{
    const char *file = new_file();
    nts_db_t *db = make_db(file);
    const char *answer;

    (void)nts_db_ask(&answer, db, "PRAGMA journal_mode", p);
    tap_str(answer, "wal", "D2: a PRAGMA that answers does its work when asked");
    (void)nts_db_ask(&answer, db, "PRAGMA synchronous", p);
    tap_str(answer, "2", "D55: every connection syncs fully");
    (void)nts_db_ask(&answer, db, "PRAGMA busy_timeout", p);
    tap_str(answer, "10", "D12: SQLite itself waits for no writer, only out a glitch");
    tap_int(nts_db_run(db, "PRAGMA journal_mode=WAL"), APR_EINVAL,
            "D2: one that answers is refused where no answer is read");
    tap_int(put(db, 1, "a"), APR_SUCCESS, "and the connection goes on");
    tap_int(nts_db_run(db, "DELETE FROM t; DELETE FROM nosuch"), APR_EINVAL,
            "D4: two statements in one text are refused");
    tap_int(rows_in(db), 1, "before the first has run");
    (void)nts_db_reopen(db);
    (void)nts_db_ask(&answer, db, "PRAGMA synchronous", p);
    tap_str(answer, "2", "a reopened connection is set up like a new one");
    nts_db_close(db);
}

static void test_binding(void)
{
    static const nts_stmt_t like = { "SELECT count(*) FROM t WHERE s LIKE 'a%%' AND k = %lld" };
    static const nts_stmt_t bad = { "SELECT %d" };
    static const apr_int64_t numbers[] = { INT64_MIN, -1, 0, 999, INT64_MAX };
    nts_db_t *db = make_db(new_file());
    nts_rows_t rows;
    apr_int64_t n;
    int changed = 7;
    int i;
    int good = 0;

    for (i = 0; i < 5; i++) {
        (void)nts_db_exec(NULL, db, &insert,
                          NTS_ARGS(nts_int(i), nts_int(numbers[i]), nts_text(NULL)));
        (void)nts_db_select(&rows, db, &get_row, NTS_ARGS(nts_int(i)), p);
        good += nts_rows_next(&rows) && nts_rows_int(&rows, 0) == numbers[i] && !rows.problem &&
                !nts_rows_text(&rows, 1) && strcmp(nts_rows_text(&rows, 2), "integer") == 0;
    }
    tap_int(good, 5, "D18, D19, D20: numbers arrive as numbers, to the last bit; NULL as NULL");
    tap_int(nts_db_exec(&changed, db, &insert, NTS_ARGS(nts_int(9), nts_int(1), nts_text(""))),
            APR_SUCCESS, "an empty text");
    (void)nts_db_select(&rows, db, &get_row, NTS_ARGS(nts_int(9)), p);
    tap_ok(nts_rows_next(&rows) && strcmp(nts_rows_text(&rows, 1), "") == 0 &&
               strcmp(nts_rows_text(&rows, 3), "text") == 0,
           "D22: is not NULL");
    tap_int(changed, 1, "D5: and counts as one row");
    tap_ok(!nts_rows_next(&rows), "there is no second row");
    tap_ok(!nts_rows_next(&rows), "nor a third");
    tap_int(put(db, 10, "abc"), APR_SUCCESS, "a text");
    tap_ok(nts_db_get_int(&n, db, &like, NTS_ARGS(nts_int(10)), p) == APR_SUCCESS && n == 1,
           "D23: a doubled percent sign is one of SQL");
    tap_int(nts_db_get_int(&n, db, &bad, NTS_ARGS(nts_int(1)), p), APR_EINVAL,
            "D18: placeholders that bind as text are refused");
    tap_int(nts_db_exec(NULL, db, &insert, NTS_ARGS(nts_int(1), nts_int(1))), APR_EINVAL,
            "too few arguments are refused");
    tap_int(nts_db_exec(NULL, db, &insert, NTS_ARGS(nts_int(1), nts_text("1"), nts_text("1"))),
            APR_EINVAL, "an argument of the wrong kind too");
    nts_db_close(db);
}

static void test_reading(void)
{
    static const nts_stmt_t get = { "SELECT a, b FROM x" };
    static const char *const wrong[] = { "12abc", "", "1e300", "9223372036854775808", "1.5" };
    nts_db_t *db = make_db(new_file());
    nts_rows_t rows;
    int i;

    (void)nts_db_run(db, "CREATE TABLE x (a INTEGER, b TEXT)");
    for (i = 0; i < 5; i++) {
        (void)nts_db_run(db, "DELETE FROM x");
        (void)nts_db_exec(NULL, db, &insert_types, NTS_ARGS(nts_int(i), nts_text(wrong[i])));
        (void)nts_db_select(&rows, db, &get, NTS_NO_ARGS, p);
        tap_ok(nts_rows_next(&rows) && nts_rows_int(&rows, 1) == 0 && rows.problem == APR_EMISMATCH,
               "D20: \"%s\" is no number", wrong[i]);
    }
    (void)nts_db_select(&rows, db, &get, NTS_NO_ARGS, p);
    tap_ok(nts_rows_next(&rows) && nts_rows_text(&rows, 7) == NULL,
           "a column that is not there is NULL");
    nts_db_close(db);
}

static void test_classes(void)
{
    static const nts_stmt_t no_table = { "SELECT 1 FROM nosuch" };
    nts_db_t *db = make_db(new_file());
    nts_db_t *other;
    apr_int64_t n;

    (void)put(db, 1, "a");
    tap_int(put(db, 2, "a"), APR_EEXIST, "D1: a unique text twice is APR_EEXIST");
    tap_int(put(db, 1, "b"), APR_EEXIST, "so is a key twice");
    tap_ok(strstr(nts_db_error(db), "UNIQUE") != NULL, "and the words are kept: %s",
           nts_db_error(db));
    tap_int(put(db, 5000, "c"), APR_EMISMATCH, "a CHECK is not");
    tap_int(nts_db_get_int(&n, db, &no_table, NTS_NO_ARGS, p), APR_EGENERAL, "nor a missing table");
    tap_int(put(db, 3, "d"), APR_SUCCESS, "outside a transaction the next one works");
    nts_db_close(db);

    tap_int(nts_db_open(&other, "sqlite3", "/nonexistent/x.db", NULL, p), APR_EACCES,
            "a file that cannot be opened");
    tap_ok(other == NULL, "gives no connection");
    tap_ok(nts_db_open(&other, "nosuchdriver", "x", NULL, p) != APR_SUCCESS, "nor does a driver");
}

static void test_stale(void)
{
    const char *file = new_file();
    nts_db_t *db = make_db(file);
    nts_db_t *other;
    nts_txn_t *txn;
    apr_int64_t n;

    (void)put(db, 1, "a");
    (void)rows_in(db);
    other = open_db(file);
    (void)nts_db_run(other, "ALTER TABLE t ADD COLUMN extra TEXT");
    tap_int(put(db, 2, "b"), APR_SUCCESS, "D3: after DDL elsewhere a statement is run anew");
    tap_int(rows_in(db), 2, "exactly once");
    (void)nts_db_run(other, "CREATE INDEX t_n ON t (n)");
    tap_int(rows_in(db), 2, "and so is a select");

    (void)nts_db_run(other, "CREATE INDEX t_s ON t (s, n)");
    tap_int(nts_txn_begin(&txn, db, p), APR_SUCCESS, "a transaction after DDL begins");
    tap_int(nts_db_get_int(&n, db, &count_all, NTS_NO_ARGS, p), APR_EAGAIN,
            "but its statements are stale");
    tap_int(put(db, 3, "c"), APR_EAGAIN, "all of them");
    tap_int(nts_txn_commit(txn), APR_EAGAIN, "and it does not commit");
    tap_int(nts_txn_begin(&txn, db, p), APR_SUCCESS, "the next one");
    tap_int(put(db, 3, "c"), APR_SUCCESS, "has a new connection");
    tap_int(nts_txn_commit(txn), APR_SUCCESS, "and commits");
    tap_int(rows_in(other), 3, "as the other connection sees");

    (void)nts_db_run(db, "DROP INDEX t_s");
    tap_int(put(db, 4, "d"), APR_SUCCESS, "DDL by the connection itself is no trap either");
    (void)nts_db_run(other, "VACUUM");
    tap_int(put(db, 5, "e"), APR_SUCCESS, "nor is VACUUM");
    nts_db_close(other);
    nts_db_close(db);
}

static void test_transactions(void)
{
    const char *file = new_file();
    nts_db_t *db = make_db(file);
    nts_db_t *other = open_db(file);
    apr_pool_t *sub;
    nts_txn_t *txn;
    nts_txn_t *second;
    int changed = 7;

    (void)put(db, 1, "a");
    (void)nts_txn_begin(&txn, db, p);
    (void)put(db, 2, "b");
    tap_int(put(db, 3, "a"), APR_EEXIST, "D7: the first failure in a transaction");
    tap_int(put(db, 4, "c"), APR_EEXIST, "is every later statement's answer");
    tap_int(nts_db_exec(&changed, db, &insert, NTS_ARGS(nts_int(5), nts_int(5), nts_text("e"))),
            APR_EEXIST, "without running it");
    tap_int(changed, 0, "D5: and no row count is left over");
    tap_int(rows_in(db), -1, "selects too");
    tap_int(nts_txn_commit(txn), APR_EEXIST, "D6: the commit says so");
    tap_int(rows_in(other), 1, "and nothing is stored");

    (void)nts_txn_begin(&txn, db, p);
    tap_int(nts_txn_begin(&second, db, p), APR_EINVAL, "no transaction inside another");
    tap_int(nts_db_exec(NULL, db, &insert, NTS_ARGS(nts_int(6))), APR_EINVAL,
            "a mistake of ours inside a transaction");
    tap_int(nts_txn_commit(txn), APR_EINVAL, "dooms it as well");

    (void)apr_pool_create(&sub, p);
    (void)nts_txn_begin(&txn, db, sub);
    (void)put(db, 7, "g");
    apr_pool_destroy(sub);
    tap_int(rows_in(other), 1, "D8: a pool that dies takes its transaction back");
    tap_int(put(db, 8, "h"), APR_SUCCESS, "and the connection is free again");
    tap_int(rows_in(other), 2, "with statements of their own");

    (void)nts_txn_begin(&txn, db, p);
    (void)put(db, 9, "i");
    nts_txn_rollback(txn);
    tap_int(rows_in(db), 2, "a rollback undoes");
    (void)nts_txn_begin(&txn, db, p);
    (void)put(db, 9, "i");
    tap_int(nts_txn_commit(txn), APR_SUCCESS, "a commit");
    tap_int(rows_in(other), 3, "stores");
    nts_db_close(other);

    (void)apr_pool_create(&sub, p);
    (void)nts_txn_begin(&txn, db, sub);
    (void)put(db, 10, "j");
    nts_db_close(db);
    apr_pool_destroy(sub);
    db = open_db(file);
    tap_int(rows_in(db), 3, "closing the connection undoes what is open");
    nts_db_close(db);
}

static void test_failed_begin(void)
{
    const char *file = new_file();
    nts_db_t *db = make_db(file);
    nts_db_t *other = open_db(file);
    nts_txn_t *theirs;
    nts_txn_t *txn;

    (void)nts_txn_begin(&theirs, other, p);
    (void)put(other, 1, "a");
    tap_int(nts_txn_begin(&txn, db, p), APR_EBUSY, "D10: while another writes, begin is busy");
    tap_ok(txn == NULL, "and gives no transaction");
    tap_int(rows_in(db), 0, "reading goes on");
    (void)nts_txn_commit(theirs);
    tap_int(put(db, 2, "b"), APR_SUCCESS, "a statement is on its own again");
    tap_int(rows_in(other), 2, "and stored at once");
    tap_int(nts_txn_begin(&txn, db, p), APR_SUCCESS, "the next begin works");
    nts_txn_rollback(txn);
    nts_db_close(other);
    nts_db_close(db);
}

static void test_failed_commit(void)
{
    static const nts_stmt_t orphan = { "INSERT INTO child (parent) VALUES (%lld)" };
    const char *file = new_file();
    nts_db_t *db = make_db(file);
    nts_txn_t *txn;

    (void)nts_db_run(db, "PRAGMA foreign_keys=ON");
    (void)nts_db_run(db, "CREATE TABLE child (parent INTEGER REFERENCES t (k) DEFERRABLE INITIALLY"
                         " DEFERRED)");
    (void)nts_txn_begin(&txn, db, p);
    (void)put(db, 1, "a");
    (void)nts_db_exec(NULL, db, &orphan, NTS_ARGS(nts_int(77)));
    tap_int(nts_txn_commit(txn), APR_EMISMATCH, "D11: a commit that fails says so");
    tap_int(rows_in(db), 0, "stores nothing");
    tap_int(nts_txn_begin(&txn, db, p), APR_SUCCESS, "and leaves no transaction behind");
    (void)put(db, 2, "b");
    tap_int(nts_txn_commit(txn), APR_SUCCESS, "the next one commits");
    tap_int(rows_in(db), 1, "what it holds");
    nts_db_close(db);
}

/* In a child of its own: a limit on file sizes cannot be taken back, and stands for a full disk. */
static void test_full(void)
{
    const char *file = new_file();
    nts_db_t *db;
    const char *answer;
    char big[3000];
    pid_t pid;
    int status = 0;

    db = make_db(file);
    (void)put(db, 1, "a");
    (void)nts_db_ask(&answer, db, "PRAGMA max_page_count=4", p);
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    (void)put(db, 2, big);
    tap_int(put(db, 3, apr_pstrcat(p, big, "3", NULL)), APR_ENOSPC,
            "a full database is APR_ENOSPC");
    nts_db_close(db);

    (void)fflush(stdout);
    pid = fork();
    if (pid == 0) {
        struct rlimit limit = { 60000, 60000 };
        nts_txn_t *txn;
        int k;
        int failed = 0;

        (void)signal(SIGXFSZ, SIG_IGN);
        (void)setrlimit(RLIMIT_FSIZE, &limit);
        db = open_db(file);
        for (k = 100; k < 140; k++) {
            (void)nts_txn_begin(&txn, db, p);
            (void)put(db, k, apr_psprintf(p, "%d%s", k, big));
            if (nts_txn_commit(txn) != APR_SUCCESS) {
                failed = k;
                break;
            }
        }
        failed = failed && rows_in(db) == 2 + failed - 100 ? failed - 100 : 255;
        nts_db_close(db);
        _exit(failed); /* how many commits were reported */
    }
    (void)waitpid(pid, &status, 0);
    tap_ok(WIFEXITED(status) && WEXITSTATUS(status) < 255,
           "a commit that finds no room fails, and the rows are those of the commits before");
    db = open_db(file);
    tap_int(rows_in(db), 2 + WEXITSTATUS(status), "so they are for the next process");
    nts_db_close(db);
}

static void test_fork(void)
{
    const char *file = new_file();
    nts_db_t *db = make_db(file);
    pid_t pid;
    int status = 0;

    (void)put(db, 1, "a");
    tap_ok(nts_db_open_count() > 0, "an open connection is counted");
    (void)fflush(stdout);
    pid = fork();
    if (pid == 0) {
        nts_txn_t *txn;
        int bad = put(db, 2, "b") != APR_EINVAL || nts_txn_begin(&txn, db, p) != APR_EINVAL ||
                  rows_in(db) != -1 || nts_db_reopen(db) != APR_EINVAL;

        nts_db_close(db);
        _exit(bad);
    }
    (void)waitpid(pid, &status, 0);
    tap_int(status, 0, "D25: a connection carried over a fork refuses to work");
    tap_int(put(db, 3, "c"), APR_SUCCESS, "and closing it there does the parent no harm");
    tap_int(access(apr_pstrcat(p, file, "-wal", NULL), F_OK), 0, "whose log is still there");
    nts_db_close(db);
    db = open_db(file);
    tap_int(rows_in(db), 2, "and nothing is lost");
    nts_db_close(db);
}

#if defined(__SANITIZE_ADDRESS__)
static void test_memory(void)
{
    tap_skip(1, "the sanitizer keeps what was freed");
}
#else
static long resident(void)
{
    long size = 0;
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (file) {
        if (fscanf(file, "%ld %ld", &size, &pages) != 2) {
            pages = 0;
        }
        (void)fclose(file);
    }
    return pages;
}

static void test_memory(void)
{
    nts_db_t *db = make_db(new_file());
    apr_pool_t *sub;
    nts_txn_t *txn;
    long before = 0;
    int i;

    (void)apr_pool_create(&sub, p);
    for (i = 0; i < 60000; i++) {
        apr_int64_t n;

        apr_pool_clear(sub);
        if (i == 10000) {
            before = resident();
        }
        (void)nts_txn_begin(&txn, db, sub);
        (void)nts_db_get_int(&n, db, &count_all, NTS_NO_ARGS, sub);
        nts_txn_rollback(txn);
    }
    tap_ok(resident() - before < 64, "D21: fifty thousand transactions and selects take no memory");
    nts_db_close(db);
}
#endif

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_pragmas();
    test_binding();
    test_reading();
    test_classes();
    test_stale();
    test_transactions();
    test_failed_begin();
    test_failed_commit();
    test_full();
    test_fork();
    test_memory();
    tap_int(nts_db_open_count(), 0, "every connection was closed");
    apr_pool_destroy(p);
    return tap_done();
}
