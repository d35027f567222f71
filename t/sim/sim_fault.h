/* Faults: what goes wrong with which requests.  With the world's lock held. */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include "sim_req.h"

typedef struct sim_action_t {
    int status;
    const char *code, *message, *reason;
    json_object *extra;  /* additional_data */
    int64_t retry_after; /* -1: as usual */
    int html;
    int commit;
    int without_id; /* committed_resource_id: false */
    int commit_then_cut, cut_before, cut, truncate, bad_json, short_page;
    int64_t delay_ms, delay_after_ms;
    int64_t late_ms; /* -1: no late commit */
    json_object *edit_before, *edit_after;
} sim_action_t;

/* what is wrong with it, or NULL; the id of the new fault */
const char *sim_fault_add(json_object *o, int64_t *id);
/* the action of the first fault that hits this request, or NULL; sets its fault_id.  Valid until a reset */
const sim_action_t *sim_fault_find(sim_req_t *q);
/* id 0: all; how many */
size_t sim_fault_remove(int64_t id);
void sim_fault_json(sim_buf_t *b);
void sim_fault_reset(void);
/* makes the error answer that the action asks for */
void sim_fault_answer(sim_req_t *q, const sim_action_t *a);

#endif
