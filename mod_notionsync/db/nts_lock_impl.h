/* nts_lock_impl.h - what the two files of the lock share. */
#ifndef NTS_LOCK_IMPL_H
#define NTS_LOCK_IMPL_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/nts_base.h"

/** A place to wait for something to be released, in memory that all processes map. Only a hint: the
 *  lock itself is the kernel's, so what a killed process leaves here costs a needless wake-up. */
typedef struct nts_wake_t {
    _Atomic uint32_t releases; /* changes at each release that somebody waits for */
    _Atomic uint32_t waiters;
} nts_wake_t;

/** The first page of the lock file. */
typedef struct nts_lock_page_t {
    nts_wake_t writer; /* the one that is next */
    nts_wake_t turn;   /* those behind it */
} nts_lock_page_t;

#define NTS_LOCK_PAGE_SIZE 4096

/** Announce a waiter; then look again before sleeping. */
void nts_wake_enter(nts_wake_t *wake);
void nts_wake_leave(nts_wake_t *wake);
/** What to give to nts_wake_sleep; taken before looking. */
uint32_t nts_wake_mark(nts_wake_t *wake);
/** Sleep until a release after @a mark, or @a longest. May return early. */
void nts_wake_sleep(nts_wake_t *wake, uint32_t mark, apr_interval_time_t longest);
/** After a release: wake one waiter, if there is any. */
void nts_wake_one(nts_wake_t *wake);

#endif /* NTS_LOCK_IMPL_H */
