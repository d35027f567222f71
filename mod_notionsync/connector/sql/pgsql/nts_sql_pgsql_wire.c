/* nts_sql_pgsql_wire.c - talking to the server without ever waiting for it without end.
 *
 * libpq's own blocking calls wait as long as the network lets them. Here each wait is a poll with a deadline; at
 * the deadline the connection is given up. The server's own statement_timeout ends what still runs there.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/nts_str.h"
#include "connector/sql/pgsql/nts_sql_pgsql.h"

apr_time_t nts_sql_pgsql_mono(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return apr_time_from_sec((apr_time_t)now.tv_sec) + now.tv_nsec / 1000;
}

/* Positive: the socket is ready. 0: the deadline passed, or somebody wants us to stop. */
static int wait_for(PGconn *conn, short events, apr_time_t deadline, int stop_fd)
{
    for (;;) {
        apr_time_t left = deadline - nts_sql_pgsql_mono();
        struct pollfd fds[2] = { { PQsocket(conn), events, 0 }, { stop_fd, POLLIN, 0 } };
        int n;

        if (left <= 0 || fds[0].fd < 0) {
            return 0;
        }
        n = poll(fds, stop_fd < 0 ? 1 : 2, (int)apr_time_as_msec(left) + 1);
        if (n > 0) {
            return fds[1].revents ? 0 : 1;
        }
        if (n < 0 && errno != EINTR) {
            return 0;
        }
    }
}

/* connect_timeout= of the connection info, which only libpq's blocking calls heed by themselves. */
static apr_interval_time_t own_wait(PGconn *conn, apr_interval_time_t wait)
{
    PQconninfoOption *options = conn ? PQconninfo(conn) : NULL;
    PQconninfoOption *o;
    apr_int64_t seconds;

    for (o = options; o && o->keyword; o++) {
        if (strcmp(o->keyword, "connect_timeout") == 0 && o->val &&
            nts_int_parse(&seconds, o->val, 1, 60) == APR_SUCCESS) {
            wait = apr_time_from_sec(seconds);
        }
    }
    PQconninfoFree(options);
    return wait;
}

/* libpq would write notices, such as that the server is being stopped, to httpd's error log without saying whose they are. */
static void drop_notice(void *baton, const char *words)
{
    (void)baton;
    (void)words;
}

/* libpq looks for a client's certificate in the home directory, and gives up TLS where it may not look: httpd's children have
 * the home of whoever started httpd. NULL: it may; else what surely does not exist, which it goes on without. */
static const char *client_certificate(void)
{
    const char *home = getenv("HOME");
    char path[APR_PATH_MAX];
    struct stat ignored;

    (void)apr_snprintf(path, sizeof(path), "%s/.postgresql/postgresql.crt", home ? home : "");
    return home && *home && stat(path, &ignored) != 0 && errno == EACCES ? "/dev/null/none" : NULL;
}

PGconn *nts_sql_pgsql_connect(const char *database, const char *secret, apr_interval_time_t wait,
                              int stop_fd)
{
    /* What stands before dbname may be overruled by the connection info. */
    const char *const words[] = { "application_name",
                                  "keepalives_idle",
                                  "keepalives_interval",
                                  "keepalives_count",
                                  "tcp_user_timeout",
                                  "sslcert",
                                  "dbname",
                                  "client_encoding",
                                  secret ? "password" : NULL,
                                  NULL };
    const char *const values[] = { "notionsync",         "30",     "10",   "3",    "20000",
                                   client_certificate(), database, "UTF8", secret, NULL };
    PGconn *conn = PQconnectStartParams(words, values, 1);
    apr_time_t deadline = nts_sql_pgsql_mono() + own_wait(conn, wait);
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;

    if (conn) {
        (void)PQsetNoticeProcessor(conn, drop_notice, NULL);
    }
    while (conn && PQstatus(conn) != CONNECTION_BAD && state != PGRES_POLLING_OK &&
           state != PGRES_POLLING_FAILED) {
        if (!wait_for(conn, state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline, stop_fd)) {
            break; /* its status is not yet CONNECTION_OK, and stays so */
        }
        state = PQconnectPoll(conn);
    }
    if (conn && PQstatus(conn) == CONNECTION_OK) {
        (void)PQsetnonblocking(conn, 1);
    }
    return conn;
}

PGresult *nts_sql_pgsql_result(PGconn *conn, apr_time_t deadline, int stop_fd, int *is_late)
{
    int unsent = PQflush(conn);

    *is_late = 0;
    while (unsent == 1 || PQisBusy(conn)) {
        if (!wait_for(conn, unsent == 1 ? POLLIN | POLLOUT : POLLIN, deadline, stop_fd)) {
            *is_late = 1;
            return NULL;
        }
        if (!PQconsumeInput(conn)) {
            break; /* PQgetResult tells why */
        }
        unsent = unsent == 1 ? PQflush(conn) : 0;
    }
    return PQgetResult(conn);
}

int nts_sql_pgsql_say(PGconn *conn, const char *sql, apr_interval_time_t wait, int stop_fd)
{
    apr_time_t deadline = nts_sql_pgsql_mono() + wait;
    int is_late = 0;
    int is_fine = PQsendQuery(conn, sql);
    PGresult *result;

    while (is_fine && (result = nts_sql_pgsql_result(conn, deadline, stop_fd, &is_late)) != NULL) {
        ExecStatusType status = PQresultStatus(result);

        is_fine = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
        PQclear(result);
    }
    return is_fine && !is_late && PQstatus(conn) == CONNECTION_OK;
}
