/* The control interface; README.md describes it. */
#ifndef SIM_CONTROL_H
#define SIM_CONTROL_H

#include "sim_req.h"

/* takes the lock itself where needed */
void sim_control_serve(sim_req_t *q);

/* the parts, each with the lock held; a failure in q->fail becomes 400 or 404 */
void sim_control_world(sim_req_t *q);  /* reset, world, settings, token, user, time */
void sim_control_schema(sim_req_t *q); /* data_source */
void sim_control_pages(sim_req_t *q);  /* page, pages */
void sim_control_watch(sim_req_t *q);  /* fault, faults, log, counts, events, idle, flush */
/* these send something while the lock is not held; they are called without it */
void sim_control_webhook(sim_req_t *q); /* webhook */
void sim_control_event(sim_req_t *q);   /* POST event */

/* a person edits: the body of PATCH page */
void sim_control_edit_page(sim_page_t *p, json_object *o, sim_fail_t *f);

/* shared helpers */
int sim_control_id(sim_req_t *q, const char *text, sim_id_t *id); /* 0 with a failure */
sim_user_t *sim_control_by(json_object *o, sim_fail_t *f);        /* "by", or the first person */
/* key_ms, key as number or ISO text; 0 if absent */
sim_ms_t sim_control_time(json_object *o, const char *key, sim_fail_t *f);
/* "true"/"false" of a member, or def */
int sim_control_flag(json_object *o, const char *key, int def);
int64_t sim_control_int(json_object *o, const char *key, int64_t def);
int sim_control_known(json_object *o, const char *const *known, sim_fail_t *f);

#endif
