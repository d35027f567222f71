/* nts_making.h - fields that one side lacks are made there (NotionSyncFields auto create=), or it is shown how.
 *
 * Both sides are described anew for it, and each side looks once more before it makes anything: what was broken off goes
 * on at the next attempt, and two at once make nothing twice.
 */
#ifndef NTS_MAKING_H
#define NTS_MAKING_H

#include "worker/nts_group.h"

typedef struct nts_made_t {
    nts_outcome_t why;      /* code NULL: done */
    const char *statements; /* SQL that was or would be run, the triggers' too; "" none */
    const char *request;    /* to Notion; "" none */
    const char *summary;    /* for people: what was or would be made; NULL: no field */
} nts_made_t;

typedef void nts_making_done_fn(void *baton, const nts_made_t *made);

/** @a done comes from a later turn of the loop, whatever happens; until then @a p must live. @a dry: only show. */
void nts_making_start(nts_flow_t *flow, int dry, nts_making_done_fn *done, void *baton,
                      apr_pool_t *p);

/** The sides on which the configuration lets fields be made. */
int nts_making_is_wanted(const nts_mapping_t *given);

#endif /* NTS_MAKING_H */
