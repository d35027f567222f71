/* Simple values, as the control interface takes and gives them.  With the world's lock held. */
#ifndef SIM_SIMPLE_H
#define SIM_SIMPLE_H

#include "sim_error.h"
#include "sim_page.h"

/* one value; makes options that do not exist.  lenient: numbers and booleans may come as strings */
sim_value_t *sim_simple_take(sim_prop_t *p, json_object *val, int lenient, sim_fail_t *f);
/* an object of them, checked whole before anything is made; *sets is malloc'd */
void sim_simple_sets(sim_ds_t *ds, json_object *properties, int lenient, sim_set_t **sets,
                     size_t *nsets, sim_fail_t *f);
void sim_simple_json(sim_buf_t *b, const sim_prop_t *p, const sim_page_t *page,
                     const sim_state_t *st);
/* a value as text, for changes of type; what cannot be text is "" */
void sim_simple_text(sim_buf_t *b, sim_type_t type, const sim_value_t *v);
/* the constant of a formula or rollup */
sim_value_t *sim_simple_computed(const sim_prop_t *p, json_object *val);

#endif
