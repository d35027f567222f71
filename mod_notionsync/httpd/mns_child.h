/* mns_child.h - what an httpd child has of its own: connections to the store, opened after the fork. */
#ifndef MNS_CHILD_H
#define MNS_CHILD_H

#include <apr_thread_mutex.h>

#include "httpd/mns_core.h"

/** A connection that the child's threads use in turns; opened when first needed, and again after it
 *  failed. */
typedef struct mns_handle_t {
    nts_store_config_t config;
    apr_thread_mutex_t *turn;
    apr_pool_t *root;   /* used by whose turn it is */
    nts_store_t *store; /* NULL: not open */
    apr_time_t failed;  /* when opening failed last */
    apr_status_t failure;
} mns_handle_t;

/** What is done with it. The store belongs to this call only; a failure that cannot be the caller's
 *  doing closes it. May be called twice: statements have become stale once (D3). */
typedef apr_status_t mns_handle_fn(void *baton, nts_store_t *store);

typedef struct mns_child_t {
    mns_core_t *core;
    mns_handle_t *reader; /* pages, keys */
    mns_handle_t *writer; /* inbox, commands */
    struct mns_commits_t *commits;
    apr_thread_mutex_t *vault_turn; /* of what follows and of the vault */
    apr_time_t *noted;              /* per service: when a good event was noted in the store */
} mns_child_t;

/** The child_init hook. */
void mns_child_init(apr_pool_t *pchild, server_rec *s);

/** Tell the workers of all generations that something was stored. They watch this file. */
void mns_workers_wake(const mns_core_t *core);

/** Take a turn. @return what @a fn answers, or why the store cannot be opened */
apr_status_t mns_handle_run(mns_handle_t *handle, mns_handle_fn *fn, void *baton);

#endif /* MNS_CHILD_H */
