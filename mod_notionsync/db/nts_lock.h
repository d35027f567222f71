/* nts_lock.h - the lock file: who may write to the store, and who owns which group.
 *
 * Byte ranges of one file, locked with fcntl, so that locks die with their holder (D33) and hold between
 * generations, workers, httpd children and the tool (D36). Such locks vanish when any descriptor of the
 * file is closed (D53): a process has one descriptor per file, opened after the fork, shared by all its
 * nts_lock_t; they exclude each other as processes do. Thread-safe.
 */
#ifndef NTS_LOCK_H
#define NTS_LOCK_H

#include "base/nts_base.h"

typedef struct nts_lock_t nts_lock_t;

/** Open, creating the file if absent. Closed, and all its locks released, with @a p. Useless in a
 *  process forked later: every call there answers APR_EINVAL and cleaning up does nothing. */
apr_status_t nts_lock_open(nts_lock_t **lock, const char *path, apr_pool_t *p);
void nts_lock_close(nts_lock_t *lock);

/**
 * Become the one writer. Waiters are served roughly in the order they came; who releases and asks
 * again queues behind them.
 * @param wait longest wait; 0: do not wait
 * @return APR_TIMEUP; APR_EINVAL: held by this nts_lock_t already
 */
apr_status_t nts_lock_writer(nts_lock_t *lock, apr_interval_time_t wait);
void nts_lock_release_writer(nts_lock_t *lock);

/** Own group @a n (1 to NTS_LOCK_GROUP_MAX) until released, closed or dead. APR_EBUSY: somebody else does. */
apr_status_t nts_lock_try_group(nts_lock_t *lock, apr_int64_t n);
void nts_lock_release_group(nts_lock_t *lock, apr_int64_t n);

#define NTS_LOCK_GROUP_MAX APR_INT64_C(1000000000)

#endif /* NTS_LOCK_H */
