/* POST /v1/data_sources/{id}/query.  With the world's lock held. */
#ifndef SIM_QUERY_H
#define SIM_QUERY_H

#include "sim_req.h"

void sim_query_perform(sim_req_t *q, sim_ds_t *ds);

#endif
