/* mns_migrate.h - the store made ready, and hook secrets read, by a process that lives only for that. */
#ifndef MNS_MIGRATE_H
#define MNS_MIGRATE_H

#include "httpd/mns_core.h"

/**
 * Create or migrate the store and write the setup into it, in a child that has dropped its privileges:
 * the parent opens no database, ever (D25), and the files belong to httpd's user (D37). Waits for it. The
 * ids that the store gave are filled into core->setup, and hook secrets into core->vault.
 * @param problem a sentence for the administrator on failure
 */
apr_status_t mns_store_prepare(const char **problem, mns_core_t *core, apr_pool_t *ptemp);

#endif /* MNS_MIGRATE_H */
