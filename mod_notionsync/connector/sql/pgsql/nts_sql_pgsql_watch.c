/* nts_sql_pgsql_watch.c - being woken when somebody has committed a change.
 *
 * A session of its own listens. It does nothing but tell the loop, at each notice and each time it has (re)connected, since
 * nothing is kept for a listener that was away. While there is no session the slow poll remains.
 */
#include <poll.h>

#include "connector/sql/nts_sql_watch.h"
#include "connector/sql/pgsql/nts_sql_pgsql.h"

#define CONNECT_WAIT apr_time_from_sec(10)
#define PAUSE_BASE apr_time_from_msec(250)
#define PAUSE_MAX apr_time_from_sec(30)
/* A session that is told nothing looks for itself: for changes of which nobody told, because the triggers send few notices or none
 * (nts_sql_pgsql_ddl.c), and whether the server is still there. */
#define LOOK_MS 1000
/* One look in so many is also for what no trigger tells of (nts_sql_unwatched.c). */
#define MODIFIED_EVERY 5

static int take_notices(PGconn *conn)
{
    PGnotify *notice;
    int count = 0;

    if (!PQconsumeInput(conn)) {
        return -1;
    }
    while ((notice = PQnotifies(conn)) != NULL) {
        count++;
        PQfreemem(notice);
    }
    return count;
}

/* 1: the answer has a row, 0: it has none, -1: the session failed. */
static int has_row(const nts_sql_watch_t *watch, PGconn *conn, const char *sql)
{
    apr_time_t deadline = nts_sql_pgsql_mono() + CONNECT_WAIT;
    int is_late = 0;
    int has = 0;
    PGresult *result;

    if (!PQsendQuery(conn, sql)) {
        return -1;
    }
    while ((result = nts_sql_pgsql_result(conn, deadline, nts_sql_watch_stop_fd(watch),
                                          &is_late)) != NULL) {
        has |= PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0;
        PQclear(result);
    }
    return is_late || PQstatus(conn) != CONNECTION_OK ? -1 : has;
}

static int look(const nts_sql_watch_t *watch, PGconn *conn, int is_modified_due)
{
    /* Whether there is something to look at is asked first, or the server's log would fill with errors. */
    int there = has_row(watch, conn,
                        "SELECT 1 WHERE has_table_privilege(to_regclass('_notionsync_change'), "
                        "'SELECT') AND has_table_privilege(to_regclass('_notionsync_intent'), "
                        "'SELECT')");

    if (there <= 0) {
        return there;
    }
    return has_row(watch, conn,
                   is_modified_due
                       ? "SELECT 1 FROM _notionsync_change WHERE number IS NULL UNION ALL "
                         "SELECT 1 FROM _notionsync_table AS t JOIN _notionsync_intent AS i "
                         "ON i.intent = concat('modified:', t.tbl) LIMIT 1"
                       : "SELECT 1 FROM _notionsync_change WHERE number IS NULL LIMIT 1");
}

/* Until the session fails (non-zero) or the watch ends (zero). Notices are looked for before each wait: some come with the
 * answer to another question. */
static int listen_on(nts_sql_watch_t *watch, PGconn *conn)
{
    int looks = 0;

    for (;;) {
        struct pollfd fds[2] = { { PQsocket(conn), POLLIN, 0 },
                                 { nts_sql_watch_stop_fd(watch), POLLIN, 0 } };
        int found = take_notices(conn);
        int n;

        if (found < 0) {
            return 1;
        }
        if (found > 0) {
            nts_sql_watch_tell(watch);
        }
        n = poll(fds, 2, LOOK_MS);
        if (fds[1].revents) {
            return 0;
        }
        found = n == 0 ? look(watch, conn, ++looks % MODIFIED_EVERY == 0) : 0;
        if (found < 0) {
            return 1;
        }
        if (found > 0) {
            nts_sql_watch_tell(watch);
        }
    }
}

static void run(nts_sql_watch_t *watch)
{
    apr_interval_time_t pause = PAUSE_BASE;
    int go_on = 1;

    while (go_on) {
        PGconn *conn =
            nts_sql_pgsql_connect(nts_sql_watch_database(watch), nts_sql_watch_secret(watch),
                                  CONNECT_WAIT, nts_sql_watch_stop_fd(watch));

        if (conn && PQstatus(conn) == CONNECTION_OK &&
            nts_sql_pgsql_say(conn, "LISTEN " NTS_SQL_PGSQL_CHANNEL, CONNECT_WAIT,
                              nts_sql_watch_stop_fd(watch))) {
            pause = PAUSE_BASE;
            nts_sql_watch_tell(watch);
            go_on = listen_on(watch, conn);
        }
        PQfinish(conn);
        go_on = go_on && nts_sql_watch_rest(watch, pause);
        pause = 2 * pause < PAUSE_MAX ? 2 * pause : PAUSE_MAX;
    }
}

nts_sql_watch_t *nts_sql_pgsql_watch_open(const char *database, const char *secret, apr_pool_t *p)
{
    return nts_sql_watch_start(database, secret, run, p);
}
