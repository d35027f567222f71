/* ctl_plan.h - plans in the tool: listed, written to files, read from them. */
#ifndef CTL_PLAN_H
#define CTL_PLAN_H

#include "store/nts_store_plan.h"
#include "tool/ctl.h"

/** Anything but APR_SUCCESS ends the walk. @a p is cleared every page. */
typedef apr_status_t ctl_plan_item_fn(void *baton, const nts_plan_row_t *row, apr_pool_t *p);
apr_status_t ctl_plan_each(ctl_t *ctl, apr_int64_t plan, nts_plan_fate_t least,
                           ctl_plan_item_fn *fn, void *baton);
void ctl_plan_print_item(const nts_plan_row_t *row, apr_pool_t *p);

/** As one JSON object, an item a line, sealed against damage; values whole. */
apr_status_t ctl_plan_write(ctl_t *ctl, FILE *file, const nts_mapping_t *mapping,
                            const nts_plan_t *plan);
/** ctl->plan_file, whole and fitting a running mapping, is in the store then. CTL_FAILED after having said what
 *  is wrong. */
int ctl_plan_read(apr_int64_t *plan, const nts_mapping_t **mapping, ctl_t *ctl, const char *name);

#endif /* CTL_PLAN_H */
