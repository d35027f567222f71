/* nts_limits.c - how many deletes may go ahead without a person. */
#include "sync/nts_limits.h"

#define ALWAYS_ALLOWED 5

int nts_delete_is_allowed(apr_int64_t active_at_start, apr_int64_t active_now, apr_int64_t deleted,
                          int percent, const char **why, apr_pool_t *p)
{
    apr_int64_t limit = active_at_start * percent / 100;

    if (limit < ALWAYS_ALLOWED) {
        limit = ALWAYS_ALLOWED;
    }
    if (active_now <= 1) {
        *why = "it would delete the last record of the mapping";
        return 0;
    }
    if (active_at_start >= 4 && (deleted + 1) * 2 > active_at_start) {
        *why = apr_psprintf(p,
                            "it would be delete number %" APR_INT64_T_FMT
                            " within an hour, more than half of the %" APR_INT64_T_FMT
                            " records of the mapping",
                            deleted + 1, active_at_start);
        return 0;
    }
    if (deleted + 1 > limit) {
        *why = apr_psprintf(p,
                            "the limit of %" APR_INT64_T_FMT
                            " deletes an hour (%d%% of %" APR_INT64_T_FMT
                            " records, at least %d) is used up",
                            limit, percent, active_at_start, ALWAYS_ALLOWED);
        return 0;
    }
    return 1;
}
