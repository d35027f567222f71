/* mns_plan.h - the plan of a mapping on the dashboard. */
#ifndef MNS_PLAN_H
#define MNS_PLAN_H

#include "httpd/mns_status.h"
#include "store/nts_store_plan.h"

/** A plan that is older is read again before a button applies it. */
#define MNS_PLAN_FRESH apr_time_from_sec(3600)

/** May a button apply it: made within the hour, with this configuration, and not applied yet. */
int mns_plan_is_fresh(const nts_plan_t *plan, const nts_mapping_t *mapping, apr_time_t now,
                      apr_pool_t *p);

#endif /* MNS_PLAN_H */
