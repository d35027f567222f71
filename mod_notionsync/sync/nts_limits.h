/* nts_limits.h - the delete limit (S4.2), pure. */
#ifndef NTS_LIMITS_H
#define NTS_LIMITS_H

#include "base/nts_base.h"

/**
 * May one more confirmed delete go ahead now?
 * @param active_at_start links that were active when the sliding hour began
 * @param active_now      links active now, the one to be deleted included
 * @param deleted         confirmed deletes of the last hour, without this one
 * @param percent         of active_at_start; at least 5 records are always allowed by the percentage
 * @param why             set to a sentence when the answer is no
 * Deleting the last record, or more than half of four or more, is never automatic.
 */
int nts_delete_is_allowed(apr_int64_t active_at_start, apr_int64_t active_now, apr_int64_t deleted,
                          int percent, const char **why, apr_pool_t *p);

#endif /* NTS_LIMITS_H */
