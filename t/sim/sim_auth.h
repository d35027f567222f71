/* Who asks, in which version, and how often. */
#ifndef SIM_AUTH_H
#define SIM_AUTH_H

#include "sim_req.h"

/* sets token; 0 with a failure if the request is refused.  With the world's lock held. */
int sim_auth_check(sim_req_t *q);
/* 0 with a 403 unless the token has all of the rights */
int sim_auth_can(sim_req_t *q, int rights);
/* a new window for every token: after a change of the settings */
void sim_auth_forget(void);

/* The free plan's limit: 0 with a failure if bots have made so many blocks before, else these are counted.  People have none. */
int sim_auth_has_room(sim_req_t *q, int64_t blocks);

#endif
