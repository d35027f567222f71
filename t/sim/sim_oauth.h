/* OAuth: clients, the person who is asked, codes, grants with their two tokens.  With the world's lock held. */
#ifndef SIM_OAUTH_H
#define SIM_OAUTH_H

#include "sim_req.h"

/* the endpoints; q has a client (sim_oauth_check), but for authorize, which a browser asks */
void sim_oauth_authorize(sim_req_t *q);
void sim_oauth_token(sim_req_t *q);
void sim_oauth_introspect(sim_req_t *q);
void sim_oauth_revoke(sim_req_t *q);

/* Basic authentication of a client; 0 with a failure */
int sim_oauth_check(sim_req_t *q);
/* is it an endpoint of these? */
int sim_oauth_is(const sim_req_t *q);

/* control: POST oauth makes or changes a client, or what its person does; GET oauth shows them */
void sim_control_oauth(sim_req_t *q);
void sim_oauth_reset(void);

#endif
