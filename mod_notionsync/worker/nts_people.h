/* nts_people.h - commands about records: what a person decided, wants tried again, or taken back.
 *
 * "resolve" and "approve" store rulings (S2.9), "retry" needs none but for a record that is not synced, "undo" takes
 * entries back, newest first (S5.5). Then the records are run one after the other, each as a job like any other. How
 * far it has come stands in the command's progress, so that the next owner of the group goes on there.
 */
#ifndef NTS_PEOPLE_H
#define NTS_PEOPLE_H

#include "worker/nts_group.h"

typedef struct nts_people_t nts_people_t;

/** Over: @a result says what came of it, ok or not. Belongs to the command's pool. */
typedef void nts_people_done_fn(void *baton, int ok, const nts_json_t *result);

nts_people_t *nts_people_create(nts_flow_t *flow);
/** Begin, or go on where @a command's progress says. @a p lives until @a done, which may be called at once. */
void nts_people_start(nts_people_t *people, nts_command_t *command, const nts_json_t *args,
                      nts_people_done_fn *done, void *baton, apr_pool_t *p);
/** Nothing is started any more, and nobody is told. */
void nts_people_stop(nts_people_t *people);

#endif /* NTS_PEOPLE_H */
