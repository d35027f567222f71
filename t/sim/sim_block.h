/* Serving in a thread of its own, which sleeps while time passes. */
#ifndef SIM_BLOCK_H
#define SIM_BLOCK_H

#include "sim_req.h"

/* the API or the control interface; takes the lock itself.  Afterwards the answer stands in q */
void sim_block_serve(sim_req_t *q);

#endif
