/* nts_mirror.h - the other end of a two-way relation changes with this one, and Notion tells nobody (S5.2). */
#ifndef NTS_MIRROR_H
#define NTS_MIRROR_H

#include "worker/nts_group.h"

/** How long a record that others of its kind may be told of in a moment is let wait: each look is a read of its page, in several requests
 *  where the list is long, and often a write. */
#define NTS_REFERENCES_WAIT apr_time_from_sec(10)

/** Have the records looked at whose other end is not as it was agreed on, after @a commit is stored. Nothing is kept of that: who dies
 *  leaves it to the full run. */
void nts_mirrors_tell(nts_flow_t *flow, const nts_commit_t *commit);

#endif /* NTS_MIRROR_H */
