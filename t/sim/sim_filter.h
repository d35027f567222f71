/* Filters of a query: parsed with Notion's complaints, then asked of each page.  With the world's lock held. */
#ifndef SIM_FILTER_H
#define SIM_FILTER_H

#include "sim_error.h"
#include "sim_world.h"

typedef struct sim_filter_t sim_filter_t;

/* NULL without failure: no filter.  Free with sim_filter_free */
sim_filter_t *sim_filter_parse(json_object *o, const sim_ds_t *ds, const sim_token_t *t,
                               sim_fail_t *f);
void sim_filter_free(sim_filter_t *n);
int sim_filter_match(const sim_filter_t *n, const sim_page_t *p, const sim_state_t *st);
/* bounds that the filter surely puts on a timestamp: only pages with lo <= time <= hi can match */
void sim_filter_bounds(const sim_filter_t *n, int created, sim_ms_t *lo, sim_ms_t *hi);

#endif
