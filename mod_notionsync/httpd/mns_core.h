/* mns_core.h - what one generation of the server runs with; made by the parent before it forks. */
#ifndef MNS_CORE_H
#define MNS_CORE_H

#include "base/nts_crypto.h"
#include "httpd/mns_config.h"
#include "queue/nts_segment.h"
#include "store/nts_store.h"
#include "worker/nts_grouping.h"

#include <apr_global_mutex.h>

/* Never the address of data in here: what points into it would outlive a generation (D32). */
typedef struct mns_core_t {
    server_rec *main;
    nts_setup_t setup; /* with the store's ids */
    const nts_grouping_t *grouping;
    nts_store_config_t store;
    const char *wake_path;
    const char *key_path; /* of the server's key, which workers read for themselves */
    nts_segment_t *segment;
    apr_global_mutex_t *mutex;
    struct mns_vault_t *vault; /* keys for httpd's children; mns_vault.h */
    struct mns_child_t *child; /* in an httpd child */
    apr_time_t started;
} mns_core_t;

/** The running core, or NULL when nothing is configured. */
mns_core_t *mns_core_get(const server_rec *s);

/** pre_config: what must be known before directives are read. */
int mns_core_prepare(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp);
/** post_config: make all of it and start the workers. */
int mns_core_start(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);

#endif /* MNS_CORE_H */
