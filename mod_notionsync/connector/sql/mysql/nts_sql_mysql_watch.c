/* nts_sql_mysql_watch.c - noticing that somebody has committed a change.
 *
 * The server wakes nobody. So a session of its own looks, four times a second, for entries that have no number yet: a look
 * into one place of an index. The loop is told of new ones at once, and of those that stay once a second, because one
 * that was committed late may have a lower id; and each time after it has (re)connected. While there is no session
 * the slow poll remains.
 */
#include <time.h>

#include "connector/sql/mysql/nts_sql_mysql.h"
#include "connector/sql/nts_sql_watch.h"

#define PAUSE_BASE apr_time_from_msec(250)
#define PAUSE_MAX apr_time_from_sec(30)
#define LOOK_EVERY apr_time_from_msec(250)
#define TELL_AGAIN 4 /* looks */
/* One look in so many is also for what no trigger tells of (nts_sql_unwatched.c): every five seconds. */
#define MODIFIED_EVERY 20
/* A look that is expensive, because the server has much to tidy up there, is taken less often: for a twentieth of the time. */
#define SHARE 20

static apr_time_t mono(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return apr_time_from_sec((apr_time_t)now.tv_sec) + now.tv_nsec / 1000;
}

static const char newest_entry[] = "SELECT id FROM _notionsync_change WHERE number IS NULL "
                                   "ORDER BY id DESC LIMIT 1";
/* A row: somebody has named a column with modified=. */
static const char any_modified[] =
    "SELECT 1 FROM _notionsync_table AS t JOIN _notionsync_intent AS i "
    "ON i.intent = CONCAT('modified:', t.tbl) LIMIT 1";

/* The number in the first row; 0: there is none, or no table yet. Zero returned: the session has failed. */
static int look(apr_int64_t *found, const char *sql, nts_sql_db_t *db, apr_pool_t *p)
{
    nts_sql_rows_t rows;
    nts_sql_error_t error;

    *found = 0;
    if (nts_sql_mysql_run(db, sql, NULL, 0, 0, &rows, &error, p) != APR_SUCCESS) {
        return error.kind == NTS_SQL_SCHEMA;
    }
    *found = rows.count == 1 ? rows.cells[0].integer : 0;
    return 1;
}

/* Until the session fails (non-zero) or the watch ends (zero). */
static int look_on(nts_sql_watch_t *watch, nts_sql_db_t *db, apr_pool_t *p)
{
    apr_int64_t told = 0;
    int since = 0;
    int looks = 0;

    for (;;) {
        apr_time_t before = mono();
        apr_interval_time_t pause;
        apr_int64_t newest;
        apr_int64_t modified = 0;

        if (!look(&newest, newest_entry, db, p) ||
            (++looks % MODIFIED_EVERY == 0 && !look(&modified, any_modified, db, p))) {
            return 1;
        }
        if (modified || (newest && (newest != told || ++since >= TELL_AGAIN))) {
            nts_sql_watch_tell(watch);
            since = 0;
        }
        told = newest;
        apr_pool_clear(p);
        pause = (mono() - before) * SHARE;
        if (!nts_sql_watch_rest(watch, pause > LOOK_EVERY ? pause : LOOK_EVERY)) {
            return 0;
        }
    }
}

static void run(nts_sql_watch_t *watch)
{
    apr_pool_t *p = nts_sql_watch_pool(watch);
    apr_interval_time_t pause = PAUSE_BASE;
    apr_pool_t *session_pool;
    apr_pool_t *look_pool;
    int go_on = 1;

    apr_pool_create(&session_pool, p);
    apr_pool_create(&look_pool, p);
    while (go_on) {
        nts_sql_db_t *db;
        nts_sql_error_t error;

        if (nts_sql_mysql_open(&db, nts_sql_watch_database(watch), nts_sql_watch_secret(watch),
                               &error, session_pool) == APR_SUCCESS) {
            pause = PAUSE_BASE;
            nts_sql_watch_tell(watch);
            go_on = look_on(watch, db, look_pool);
            nts_sql_mysql_close(db);
        }
        apr_pool_clear(session_pool);
        go_on = go_on && nts_sql_watch_rest(watch, pause);
        pause = 2 * pause < PAUSE_MAX ? 2 * pause : PAUSE_MAX;
    }
}

nts_sql_watch_t *nts_sql_mysql_watch_open(const char *database, const char *secret, apr_pool_t *p)
{
    return nts_sql_watch_start(database, secret, run, p);
}
