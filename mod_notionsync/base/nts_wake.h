/* nts_wake.h - a place where processes wait for each other, in memory that they share.
 *
 * Only a hint: what is waited for is looked at again after each sleep, so what a killed process leaves here costs a needless
 * wake-up. All zero is a place where nobody waits.
 */
#ifndef NTS_WAKE_H
#define NTS_WAKE_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/nts_base.h"

typedef struct nts_wake_t {
    _Atomic uint32_t releases; /* changes at each release that somebody waits for */
    _Atomic uint32_t waiters;
} nts_wake_t;

/** Announce a waiter; then look again before sleeping. */
void nts_wake_enter(nts_wake_t *wake);
void nts_wake_leave(nts_wake_t *wake);
/** What to give to nts_wake_sleep; taken before looking. */
uint32_t nts_wake_mark(nts_wake_t *wake);
/** Sleep until a release after @a mark, or @a longest. May return early. */
void nts_wake_sleep(nts_wake_t *wake, uint32_t mark, apr_interval_time_t longest);
/** After a release: wake one waiter, if there is any. */
void nts_wake_one(nts_wake_t *wake);

#endif /* NTS_WAKE_H */
