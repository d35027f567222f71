/* nts_state.h - where the state lives: the files beside the database, and the server's key.
 *
 * One place for names that the module and the tool must agree on.
 */
#ifndef NTS_STATE_H
#define NTS_STATE_H

#include "base/nts_clock.h"
#include "base/nts_crypto.h"
#include "base/nts_outcome.h"

/** The database when no directive names one. */
#ifndef NTS_STATE_DATABASE
#define NTS_STATE_DATABASE "/var/lib/notionsync/notionsync.db"
#endif

/** Locks of writers and groups (nts_store_config_t.lock_path). */
const char *nts_state_lock_path(const char *database, apr_pool_t *p);
/** Touched after a command was placed (nts_worker_config_t.wake_path). */
const char *nts_state_wake_path(const char *database, apr_pool_t *p);
/** The server's key, when no directive names another file. */
const char *nts_state_key_path(const char *database, apr_pool_t *p);

/**
 * Read the server's key: 64 hexadecimal digits in a file that belongs to root or to us and that nobody
 * else may read or change. The directory may belong to httpd's user, so a link, or a file somebody else
 * put there, is refused.
 * @return APR_ENOENT if there is none; @a out explains a failure and never shows the contents
 */
apr_status_t nts_key_read(nts_key_t *key, const char *path, nts_outcome_t *out, apr_pool_t *p);
/** As nts_key_read, making a file with a random key if there is none; one process at a time. */
apr_status_t nts_key_make(nts_key_t *key, const char *path, const nts_random_t *random,
                          nts_outcome_t *out, apr_pool_t *p);

#endif /* NTS_STATE_H */
