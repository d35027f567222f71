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
/* A session that is told nothing is asked for a sign of life this often: a cut that no packet told of. */
#define SILENCE_MS 60000
/* Between looks where the triggers send no notices (nts_sql_pgsql_ddl.c). */
#define LOOK_MS 2000

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

/* True if triggers may tell us. */
static int has_notices(const nts_sql_watch_t *watch, PGconn *conn)
{
    apr_time_t deadline = nts_sql_pgsql_mono() + CONNECT_WAIT;
    int has = 1;
    int is_late;
    PGresult *result;

    if (!PQsendQuery(conn, "SELECT 1 WHERE current_setting('max_prepared_transactions') = '0'")) {
        return 1;
    }
    while ((result = nts_sql_pgsql_result(conn, deadline, nts_sql_watch_stop_fd(watch),
                                          &is_late)) != NULL) {
        has = PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) == 1;
        PQclear(result);
    }
    return has;
}

/* Until the session fails (non-zero) or the watch ends (zero). Notices are looked for before each wait: some come with the
 * answer to another question. */
static int listen_on(nts_sql_watch_t *watch, PGconn *conn)
{
    int silence = has_notices(watch, conn) ? SILENCE_MS : LOOK_MS;

    for (;;) {
        struct pollfd fds[2] = { { PQsocket(conn), POLLIN, 0 },
                                 { nts_sql_watch_stop_fd(watch), POLLIN, 0 } };
        int count = take_notices(conn);
        int n;

        if (count < 0) {
            return 1;
        }
        if (count > 0) {
            nts_sql_watch_tell(watch);
        }
        n = poll(fds, 2, silence);
        if (fds[1].revents) {
            return 0;
        }
        if (n == 0 && silence == LOOK_MS) {
            nts_sql_watch_tell(watch);
        }
        else if (n == 0 &&
                 !nts_sql_pgsql_say(conn, "SELECT 1", CONNECT_WAIT, nts_sql_watch_stop_fd(watch))) {
            return 1;
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
