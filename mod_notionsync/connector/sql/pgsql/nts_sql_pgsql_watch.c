/* nts_sql_pgsql_watch.c - being woken when somebody has committed a change.
 *
 * A session of its own listens, on a thread of its own: the loop must not wait for a server, and the helper thread waits
 * for answers. It does nothing but write an eventfd, at each notice and each time it has (re)connected, since nothing
 * is kept for a listener that was away. While there is no session the slow poll remains.
 */
#include <apr_thread_proc.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "connector/sql/pgsql/nts_sql_pgsql.h"

#define CONNECT_WAIT apr_time_from_sec(10)
#define PAUSE_BASE apr_time_from_msec(250)
#define PAUSE_MAX apr_time_from_sec(30)
/* A session that is told nothing is asked for a sign of life this often: a cut that no packet told of. */
#define SILENCE_MS 60000
/* Between looks where the triggers send no notices (nts_sql_pgsql_ddl.c). */
#define LOOK_MS 2000

struct nts_sql_watch_t {
    const char *database;
    const char *secret;
    int changed_fd; /* read by the loop */
    int stop_fd;    /* written when the thread is to end */
    apr_thread_t *thread;
    apr_pool_t *pool; /* a root of the thread's own (C.4) */
};

static void tell(int fd)
{
    uint64_t one = 1;
    ssize_t n = write(fd, &one, sizeof(one));

    (void)n; /* full means that it is readable anyway */
}

/* Zero: told to stop. */
static int rest(const nts_sql_watch_t *watch, apr_interval_time_t pause)
{
    struct pollfd fd = { watch->stop_fd, POLLIN, 0 };

    return poll(&fd, 1, (int)apr_time_as_msec(pause)) == 0;
}

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
    while ((result = nts_sql_pgsql_result(conn, deadline, watch->stop_fd, &is_late)) != NULL) {
        has = PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) == 1;
        PQclear(result);
    }
    return has;
}

/* Until the session fails (non-zero) or the watch ends (zero). Notices are looked for before each wait: some come with the
 * answer to another question. */
static int listen_on(const nts_sql_watch_t *watch, PGconn *conn)
{
    int silence = has_notices(watch, conn) ? SILENCE_MS : LOOK_MS;

    for (;;) {
        struct pollfd fds[2] = { { PQsocket(conn), POLLIN, 0 }, { watch->stop_fd, POLLIN, 0 } };
        int count = take_notices(conn);
        int n;

        if (count < 0) {
            return 1;
        }
        if (count > 0) {
            tell(watch->changed_fd);
        }
        n = poll(fds, 2, silence);
        if (fds[1].revents) {
            return 0;
        }
        if (n == 0 && silence == LOOK_MS) {
            tell(watch->changed_fd);
        }
        else if (n == 0 && !nts_sql_pgsql_say(conn, "SELECT 1", CONNECT_WAIT, watch->stop_fd)) {
            return 1;
        }
    }
}

static void *APR_THREAD_FUNC run(apr_thread_t *thread, void *baton)
{
    const nts_sql_watch_t *watch = baton;
    apr_interval_time_t pause = PAUSE_BASE;
    int go_on = 1;

    (void)thread;
    while (go_on) {
        PGconn *conn =
            nts_sql_pgsql_connect(watch->database, watch->secret, CONNECT_WAIT, watch->stop_fd);

        if (conn && PQstatus(conn) == CONNECTION_OK &&
            nts_sql_pgsql_say(conn, "LISTEN " NTS_SQL_PGSQL_CHANNEL, CONNECT_WAIT,
                              watch->stop_fd)) {
            pause = PAUSE_BASE;
            tell(watch->changed_fd);
            go_on = listen_on(watch, conn);
        }
        PQfinish(conn);
        go_on = go_on && rest(watch, pause);
        pause = 2 * pause < PAUSE_MAX ? 2 * pause : PAUSE_MAX;
    }
    return NULL;
}

static int start(nts_sql_watch_t *watch)
{
    apr_allocator_t *allocator;

    if (apr_allocator_create(&allocator) != APR_SUCCESS) {
        return 0;
    }
    if (apr_pool_create_unmanaged_ex(&watch->pool, NULL, allocator) != APR_SUCCESS) {
        apr_allocator_destroy(allocator);
        return 0;
    }
    apr_allocator_owner_set(allocator, watch->pool);
    return apr_thread_create(&watch->thread, NULL, run, watch, watch->pool) == APR_SUCCESS;
}

nts_sql_watch_t *nts_sql_pgsql_watch_open(const char *database, const char *secret, apr_pool_t *p)
{
    nts_sql_watch_t *watch = apr_pcalloc(p, sizeof(*watch));

    watch->database = database;
    watch->secret = secret;
    watch->changed_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    watch->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (watch->changed_fd < 0 || watch->stop_fd < 0 || !start(watch)) {
        nts_sql_pgsql_watch_close(watch);
        return NULL;
    }
    return watch;
}

int nts_sql_pgsql_watch_descriptor(nts_sql_watch_t *watch)
{
    return watch->changed_fd;
}

int nts_sql_pgsql_watch_drain(nts_sql_watch_t *watch)
{
    uint64_t count;

    return read(watch->changed_fd, &count, sizeof(count)) == (ssize_t)sizeof(count);
}

void nts_sql_pgsql_watch_close(nts_sql_watch_t *watch)
{
    apr_status_t ignored;

    if (watch->thread) {
        tell(watch->stop_fd);
        (void)apr_thread_join(&ignored, watch->thread);
    }
    if (watch->pool) {
        apr_pool_destroy(watch->pool);
    }
    if (watch->changed_fd >= 0) {
        (void)close(watch->changed_fd);
    }
    if (watch->stop_fd >= 0) {
        (void)close(watch->stop_fd);
    }
    watch->thread = NULL;
    watch->pool = NULL;
    watch->changed_fd = watch->stop_fd = -1;
}
