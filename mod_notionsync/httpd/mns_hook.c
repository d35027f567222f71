/* mns_hook.c - the key of a service's events, and the handshake that brings it. */
#include <string.h>

#include "httpd/mns_hook.h"
#include "httpd/mns_vault.h"

/* A key that was replaced is believed for this long at most. */
#define KEY_BELIEVED apr_time_from_sec(60)
/* Forged signatures must not become a load on the store. */
#define KEY_ASKED_AGAIN apr_time_from_msec(250)
#define PROGRESS_NOTED apr_time_from_sec(60)

typedef struct look_t {
    const mns_child_t *child;
    const nts_service_t *service;
    mns_hook_key_t *key;
    apr_pool_t *p;
} look_t;

/* A mns_handle_fn. */
static apr_status_t read_key(void *baton, nts_store_t *store)
{
    look_t *look = baton;
    const char *secret = NULL;
    apr_status_t rv = nts_store_get_secret(&secret, store, look->service, "hook",
                                           &look->child->core->vault->hook, look->p);

    if (rv == APR_SUCCESS) {
        mns_hook_key_set(look->key, secret);
        explicit_bzero((void *)secret, strlen(secret));
    }
    return rv;
}

/* Ask the store. What it cannot answer leaves the key as it is. */
static void refresh_key(mns_child_t *child, int service, mns_hook_key_t *key)
{
    look_t look = { child, child->core->setup.services[service], key, NULL };
    apr_status_t rv;

    if (apr_pool_create(&look.p, NULL) != APR_SUCCESS) {
        return;
    }
    rv = mns_handle_run(child->reader, read_key, &look);
    if (APR_STATUS_IS_ENOENT(rv) || rv == APR_EMISMATCH) {
        key->length = 0;
    }
    if (rv == APR_SUCCESS || APR_STATUS_IS_ENOENT(rv) || rv == APR_EMISMATCH) {
        key->checked = apr_time_now();
    }
    apr_pool_destroy(look.p);
}

static int is_older(apr_time_t then, apr_interval_time_t age)
{
    apr_time_t now = apr_time_now();

    return now < then || now - then > age;
}

int mns_hook_is_signed(mns_child_t *child, int service, const char *signature, const char *bytes,
                       apr_size_t len)
{
    mns_hook_key_t *shared = &child->core->vault->keys[service];
    mns_hook_key_t key;
    apr_time_t checked;
    int good;

    (void)apr_thread_mutex_lock(child->vault_turn);
    key = *shared;
    checked = key.checked;
    (void)apr_thread_mutex_unlock(child->vault_turn);
    if (!key.fixed && is_older(key.checked, KEY_BELIEVED)) {
        refresh_key(child, service, &key);
    }
    good = mns_hook_key_verify(&key, signature, bytes, len);
    if (!good && !key.fixed && is_older(key.checked, KEY_ASKED_AGAIN)) {
        refresh_key(child, service, &key);
        good = mns_hook_key_verify(&key, signature, bytes, len);
    }
    (void)apr_thread_mutex_lock(child->vault_turn);
    if (key.checked != checked) {
        *shared = key;
    }
    (void)apr_thread_mutex_unlock(child->vault_turn);
    explicit_bzero(&key, sizeof(key));
    return good;
}

/* ---- the handshake ---- */

typedef struct handshake_t {
    const mns_child_t *child;
    const nts_service_t *service;
    const char *token;
    apr_pool_t *p;
} handshake_t;

/* A mns_handle_fn. */
static apr_status_t take_token(void *baton, nts_store_t *store)
{
    const handshake_t *hs = baton;

    return nts_store_take_handshake(store, hs->service, &hs->child->core->vault->hook, hs->token);
}

/* A mns_handle_fn: APR_SUCCESS if the token is the one that is stored. */
static apr_status_t compare_token(void *baton, nts_store_t *store)
{
    const handshake_t *hs = baton;
    const char *secret;
    apr_status_t rv = nts_store_get_secret(&secret, store, hs->service, "hook",
                                           &hs->child->core->vault->hook, hs->p);

    if (rv != APR_SUCCESS) {
        return APR_STATUS_IS_ENOENT(rv) ? APR_EEXIST : rv;
    }
    rv = strlen(secret) == strlen(hs->token) &&
                 nts_equal_constant_time(secret, hs->token, strlen(secret))
             ? APR_SUCCESS
             : APR_EEXIST;
    explicit_bzero((void *)secret, strlen(secret));
    return rv;
}

apr_status_t mns_hook_take(mns_child_t *child, int service, const char *token)
{
    handshake_t hs = { child, child->core->setup.services[service], token, NULL };
    apr_status_t rv;

    if (hs.service->hook_secret) {
        return APR_EEXIST;
    }
    rv = mns_handle_run(child->writer, take_token, &hs);
    if (rv == APR_SUCCESS) {
        /* The first event may follow at once. */
        (void)apr_thread_mutex_lock(child->vault_turn);
        child->core->vault->keys[service].checked = 0;
        (void)apr_thread_mutex_unlock(child->vault_turn);
    }
    if (APR_STATUS_IS_EEXIST(rv) && apr_pool_create(&hs.p, NULL) == APR_SUCCESS) {
        rv = mns_handle_run(child->reader, compare_token, &hs);
        apr_pool_destroy(hs.p);
    }
    return rv;
}

/* ---- after a good event ---- */

typedef struct progress_t {
    nts_hook_t *hook;
    apr_int64_t service;
    apr_pool_t *p;
} progress_t;

/* A mns_handle_fn. */
static apr_status_t read_hook(void *baton, nts_store_t *store)
{
    progress_t *progress = baton;

    return nts_store_get_hook(progress->hook, store, progress->service, progress->p);
}

int mns_hook_progress(nts_hook_t *hook, mns_child_t *child, int service, apr_time_t now,
                      apr_pool_t *p)
{
    progress_t progress = { hook, child->core->setup.services[service]->id, p };
    apr_time_t *noted = &child->noted[service];
    int due;

    (void)apr_thread_mutex_lock(child->vault_turn);
    due = is_older(*noted, PROGRESS_NOTED);
    if (due) {
        *noted = now;
    }
    (void)apr_thread_mutex_unlock(child->vault_turn);
    if (!due || mns_handle_run(child->reader, read_hook, &progress) != APR_SUCCESS) {
        return 0;
    }
    /* "pending": somebody opened a handshake although the old key still works; leave that open. */
    if (strcmp(hook->state, "pending") != 0) {
        hook->state = "verified";
    }
    hook->last_event = now;
    return 1;
}
