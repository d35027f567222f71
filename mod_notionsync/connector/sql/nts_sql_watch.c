/* nts_sql_watch.c - a thread that writes an eventfd when something may have changed. */
#include <apr_thread_proc.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "connector/sql/nts_sql_watch.h"

struct nts_sql_watch_t {
    const char *database;
    const char *secret;
    nts_sql_watch_body_t *body;
    int changed_fd; /* read by the loop */
    int stop_fd;    /* written when the thread is to end */
    apr_thread_t *thread;
    apr_pool_t *pool; /* a root of the thread's own (C.4) */
};

static void write_one(int fd)
{
    uint64_t one = 1;
    ssize_t n = write(fd, &one, sizeof(one));

    (void)n; /* full means that it is readable anyway */
}

static void *APR_THREAD_FUNC run(apr_thread_t *thread, void *baton)
{
    nts_sql_watch_t *watch = baton;

    (void)thread;
    watch->body(watch);
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

nts_sql_watch_t *nts_sql_watch_start(const char *database, const char *secret,
                                     nts_sql_watch_body_t *body, apr_pool_t *p)
{
    nts_sql_watch_t *watch = apr_pcalloc(p, sizeof(*watch));

    watch->database = database;
    watch->secret = secret;
    watch->body = body;
    watch->changed_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    watch->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (watch->changed_fd < 0 || watch->stop_fd < 0 || !start(watch)) {
        nts_sql_watch_close(watch);
        return NULL;
    }
    return watch;
}

int nts_sql_watch_descriptor(nts_sql_watch_t *watch)
{
    return watch->changed_fd;
}

int nts_sql_watch_drain(nts_sql_watch_t *watch)
{
    uint64_t count;

    return read(watch->changed_fd, &count, sizeof(count)) == (ssize_t)sizeof(count);
}

void nts_sql_watch_close(nts_sql_watch_t *watch)
{
    apr_status_t ignored;

    if (watch->thread) {
        write_one(watch->stop_fd);
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

const char *nts_sql_watch_database(const nts_sql_watch_t *watch)
{
    return watch->database;
}

const char *nts_sql_watch_secret(const nts_sql_watch_t *watch)
{
    return watch->secret;
}

apr_pool_t *nts_sql_watch_pool(const nts_sql_watch_t *watch)
{
    return watch->pool;
}

int nts_sql_watch_stop_fd(const nts_sql_watch_t *watch)
{
    return watch->stop_fd;
}

void nts_sql_watch_tell(nts_sql_watch_t *watch)
{
    write_one(watch->changed_fd);
}

int nts_sql_watch_rest(const nts_sql_watch_t *watch, apr_interval_time_t pause)
{
    struct pollfd fd = { watch->stop_fd, POLLIN, 0 };

    return poll(&fd, 1, (int)apr_time_as_msec(pause)) == 0;
}
