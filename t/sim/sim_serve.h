/* Serving one request from arrival to answer, and the passing of time. */
#ifndef SIM_SERVE_H
#define SIM_SERVE_H

#include "sim_req.h"

/* takes the lock itself; afterwards the answer stands in q */
void sim_serve(sim_req_t *q);

/* with the world's lock held: whatever is due happens */
void sim_serve_tick(void);
sim_ms_t sim_serve_due(void); /* of the next late commit or end of a window */
size_t sim_serve_late(void);  /* late commits waiting */
void sim_serve_hurry(void);   /* makes late commits happen now */
/* everything empty, the settings in o merged over the defaults; what is wrong with them, or NULL */
const char *sim_serve_reset(json_object *o);

#endif
