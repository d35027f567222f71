/* The lag of queries: each write of a page waits here until queries may see it.  With the world's lock held. */
#ifndef SIM_STALE_H
#define SIM_STALE_H

#include "sim_world.h"

/* the page's live state becomes visible after stale_ms (-1: as set), never before an earlier one of that page */
void sim_stale_push(sim_page_t *p, int64_t stale_ms);
void sim_stale_forget(sim_page_t *p);
/* every waiting state of a data source's pages; *at starts as NULL */
sim_state_t *sim_stale_each(void **at, const sim_ds_t *ds);

/* makes visible what is due at now; all of it with now = INT64_MAX */
void sim_stale_tick(sim_ms_t now);
sim_ms_t sim_stale_due(void); /* of the next one; INT64_MAX if none */
size_t sim_stale_count(void);
void sim_stale_reset(void);

#endif
