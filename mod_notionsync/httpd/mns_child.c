/* mns_child.c - what an httpd child has of its own. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <apr_allocator.h>

#include <httpd.h>
#include <http_log.h>
#include <http_main.h>

#include "httpd/mns_child.h"
#include "httpd/mns_commit.h"
#include "httpd/mns_process.h"
#include "httpd/mns_spawn.h"

APLOG_USE_MODULE(notionsync);

/* Who sends an event, or looks at a page, waits for this. */
#define OPEN_WAIT apr_time_from_sec(3)
/* A store that could not be opened is left alone for a moment, so that a burst of requests does not
 * spend its time with trying. */
#define REOPEN_AFTER apr_time_from_sec(1)

/* ---- connections ---- */

/* A root pool with an allocator of its own: pchild belongs to other threads too. Never destroyed, for a
 * thread may still be in a transaction when a child is told to end at once, and a pool that goes with
 * one open would commit it (D8). */
static apr_status_t make_handle(mns_handle_t **phandle, const nts_store_config_t *config,
                                apr_pool_t *pchild)
{
    mns_handle_t *handle = apr_pcalloc(pchild, sizeof(*handle));
    apr_allocator_t *allocator;
    apr_status_t rv;

    handle->config = *config;
    handle->config.open_wait = OPEN_WAIT;
    rv = apr_thread_mutex_create(&handle->turn, APR_THREAD_MUTEX_DEFAULT, pchild);
    if (rv == APR_SUCCESS) {
        rv = apr_allocator_create(&allocator);
    }
    if (rv == APR_SUCCESS) {
        rv = apr_pool_create_ex(&handle->root, NULL, NULL, allocator);
    }
    if (rv == APR_SUCCESS) {
        apr_allocator_owner_set(allocator, handle->root);
        apr_pool_tag(handle->root, "notionsync_store");
        *phandle = handle;
    }
    return rv;
}

static void close_store(mns_handle_t *handle)
{
    if (handle->store) {
        nts_store_close(handle->store);
        handle->store = NULL;
    }
    apr_pool_clear(handle->root);
}

static apr_status_t open_store(mns_handle_t *handle)
{
    nts_outcome_t out = { 0 };
    apr_time_t now = apr_time_now();
    apr_status_t rv;

    /* Clocks step (D56): a failure that seems to lie in the future is no reason to wait. */
    if (handle->failed && now >= handle->failed && now < handle->failed + REOPEN_AFTER) {
        return handle->failure;
    }
    rv = nts_store_open(&handle->store, &handle->config, &out, handle->root);
    handle->failed = rv == APR_SUCCESS ? 0 : apr_time_now();
    handle->failure = rv;
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, ap_server_conf,
                     "the state store cannot be opened: %s", nts_outcome_text(&out, handle->root));
        close_store(handle);
    }
    return rv;
}

/* True if the connection may have been at fault. */
static int is_suspect(apr_status_t rv)
{
    return rv != APR_SUCCESS && !APR_STATUS_IS_ENOENT(rv) && !APR_STATUS_IS_EEXIST(rv) &&
           !APR_STATUS_IS_TIMEUP(rv) && rv != APR_EBUSY && rv != APR_EINVAL && rv != APR_EMISMATCH;
}

apr_status_t mns_handle_run(mns_handle_t *handle, mns_handle_fn *fn, void *baton)
{
    int tries;
    apr_status_t rv = apr_thread_mutex_lock(handle->turn);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    for (tries = 0; tries < 2; tries++) {
        rv = handle->store ? APR_SUCCESS : open_store(handle);
        if (rv != APR_SUCCESS) {
            break;
        }
        rv = fn(baton, handle->store);
        if (is_suspect(rv)) {
            close_store(handle);
        }
        if (!APR_STATUS_IS_EAGAIN(rv)) {
            break;
        }
    }
    (void)apr_thread_mutex_unlock(handle->turn);
    return rv;
}

void mns_workers_wake(const mns_core_t *core)
{
    (void)utimensat(AT_FDCWD, core->wake_path, NULL, 0);
}

/* ---- child_init ---- */

/* The environment that httpd was started with is in each child, to be seen in a core dump and inherited by
 * CGI programs. New workers come from the parent, which keeps it. */
static void forget_variable(const char *reference)
{
    char *value = reference && !strncmp(reference, "env:", 4) ? getenv(reference + 4) : NULL;

    if (value) {
        explicit_bzero(value, strlen(value));
    }
}

static void forget_variables(const nts_setup_t *setup)
{
    int i;

    for (i = 0; i < setup->service_count; i++) {
        forget_variable(setup->services[i]->token);
        forget_variable(setup->services[i]->oauth_secret);
        forget_variable(setup->services[i]->password);
        forget_variable(setup->services[i]->hook_secret);
    }
}

void mns_child_init(apr_pool_t *pchild, server_rec *s)
{
    mns_core_t *core = mns_core_get(s);
    mns_child_t *child;
    apr_status_t rv;

    mns_lifeline_leave();
    if (!core) {
        return;
    }
    mns_log_open(s);
    forget_variables(&core->setup);
    rv = apr_global_mutex_child_init(&core->mutex, apr_global_mutex_lockfile(core->mutex), pchild);
    if (rv != APR_SUCCESS) {
        /* Rings degrade without it: workers are told to read the inbox (D36). */
        ap_log_error(APLOG_MARK, APLOG_WARNING, rv, s,
                     "the mutex notionsync cannot be used in this child; it is slower without");
    }
    child = apr_pcalloc(pchild, sizeof(*child));
    child->core = core;
    child->noted = apr_pcalloc(pchild, (apr_size_t)core->setup.service_count * sizeof(apr_time_t));
    rv = make_handle(&child->reader, &core->store, pchild);
    if (rv == APR_SUCCESS) {
        rv = make_handle(&child->writer, &core->store, pchild);
    }
    if (rv == APR_SUCCESS) {
        rv = apr_thread_mutex_create(&child->vault_turn, APR_THREAD_MUTEX_DEFAULT, pchild);
    }
    if (rv == APR_SUCCESS) {
        rv = mns_commits_create(&child->commits, child, pchild);
    }
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, s,
                     "this child cannot take events nor show the dashboard");
        return;
    }
    core->child = child;
}
