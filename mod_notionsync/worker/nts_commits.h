/* nts_commits.h - what one turn of the loop wants stored, in one durable transaction at its end.
 *
 * A unit is one thing to store. Units that are added during a turn share a transaction; a unit that
 * fails is taken out and its neighbours are stored without it. While the store as a whole cannot take
 * anything, units wait and are tried again, later and later.
 */
#ifndef NTS_COMMITS_H
#define NTS_COMMITS_H

#include "store/nts_store.h"
#include "worker/nts_loop.h"

/** Store it, inside a transaction. May be called again after a rollback, so it must not depend on what
 *  it changed itself; `again` tells. A failure other than of the whole store ends this unit. */
typedef apr_status_t nts_unit_store_fn(void *baton, nts_store_t *store, int again);
/** It is durable, or (rv) it alone cannot be stored. May add units. */
typedef void nts_unit_then_fn(void *baton, apr_status_t rv);

/** Part of whoever adds it; stays until `then` was called or nts_commits_forget. */
typedef struct nts_unit_t {
    struct nts_unit_t *next;
    struct nts_unit_t **back; /* what points to it; NULL: not added */
    nts_unit_store_fn *store;
    nts_unit_then_fn *then; /* may be NULL */
    void *baton;
    int tried;
} nts_unit_t;

typedef struct nts_commits_t nts_commits_t;

/** @a trouble is called when the store as a whole fails, for the log and the dashboard, and once with
 *  APR_SUCCESS when it works again. That others hold the writer lock (APR_TIMEUP) is told when it has
 *  lasted 10 s. */
typedef void nts_commits_trouble_fn(void *baton, apr_status_t rv);

nts_commits_t *nts_commits_create(nts_store_t *store, nts_loop_t *loop, const nts_clock_t *clock,
                                  nts_commits_trouble_fn *trouble, void *baton, apr_pool_t *p);

void nts_unit_init(nts_unit_t *unit, nts_unit_store_fn *store, nts_unit_then_fn *then, void *baton);
static inline int nts_unit_is_added(const nts_unit_t *unit)
{
    return unit->back != NULL;
}
/** Add it to this turn's; live ones are stored before the others. Adding twice is adding once. */
void nts_commits_add(nts_commits_t *commits, nts_unit_t *unit, int live);
/** Take it out again, if it was added; `then` is not called. */
void nts_commits_forget(nts_commits_t *commits, nts_unit_t *unit);

/** One transaction, of a few milliseconds at most. Non-zero if anything was done. */
int nts_commits_flush(nts_commits_t *commits);
/** Nothing waits to be stored. */
int nts_commits_is_empty(const nts_commits_t *commits);

#endif /* NTS_COMMITS_H */
