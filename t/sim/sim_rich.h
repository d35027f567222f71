/* Rich text: taking it, keeping it, showing it.  Runs of equal style are joined and cut anew at 2000 characters, so that
 * what is read back need not be segmented as it was written. */
#ifndef SIM_RICH_H
#define SIM_RICH_H

#include "sim_error.h"
#include "sim_world.h"

/* the items as the API takes them; strict: with the API's limits (a person has none).
 * NULL for empty text, or if f says what is wrong; path is where it stands in the body */
sim_value_t *sim_rich_take(json_object *items, const char *path, int strict, const sim_token_t *t,
                           sim_fail_t *f);
/* the items as the API shows them; mentions beyond the limit are dropped, 0: no limit */
void sim_rich_json(sim_buf_t *b, const sim_value_t *v, size_t mention_limit);
/* the same as an array of its own, for listings; release with json_object_put */
json_object *sim_rich_items(const sim_value_t *v);

#endif
