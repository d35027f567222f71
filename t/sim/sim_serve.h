/* Serving one request from arrival to answer, and the passing of time.  With the world's lock held. */
#ifndef SIM_SERVE_H
#define SIM_SERVE_H

#include "sim_req.h"

/* A request goes through three steps; the host lets the time that each returns (ms) pass before the next.  Whatever is due
 * then must have happened first (sim_serve_tick). */
int64_t sim_serve_arrive(sim_req_t *q);               /* checks; -1: refused, answer at once */
int64_t sim_serve_act(sim_req_t *q);                  /* performs, or not, as a fault says */
void sim_serve_answer(sim_req_t *q, int64_t took_us); /* now the answer stands in q */

/* is told of every request that was performed, as its effect happens; late: after its answer.  NULL: nobody */
void sim_serve_watch(void (*fn)(sim_req_t *q, int late));

void sim_serve_tick(void);    /* whatever is due happens */
sim_ms_t sim_serve_due(void); /* of the next late commit or end of a window */
size_t sim_serve_late(void);  /* late commits waiting */
void sim_serve_hurry(void);   /* makes late commits happen now */
/* everything empty, the settings in o merged over the defaults; what is wrong with them, or NULL */
const char *sim_serve_reset(json_object *o);

#endif
