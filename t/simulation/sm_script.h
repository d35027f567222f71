/* sm_script.h - a scenario: what was set, and what is done when. */
#ifndef SM_SCRIPT_H
#define SM_SCRIPT_H

#include <apr_tables.h>

#include "simulation/sm_kernel.h"

typedef struct sm_value_t {
    const char *name;
    apr_int64_t value;
} sm_value_t;

typedef struct sm_script_t {
    apr_array_header_t *values;  /* sm_value_t */
    apr_array_header_t *fixed;   /* sm_value_t: what the seed may not decide */
    apr_array_header_t *kinds;   /* const sm_kind_t * */
    apr_array_header_t *actions; /* sm_action_t *, in the order of their time once it runs */
    const char *given;           /* text it was read from; NULL: planned from the seed */
    sm_dice_t dice;
} sm_script_t;

/** @a text: a scenario as sm_script_text gives it; NULL: to be planned. */
void sm_script_create(sm_t *sm, const char *text);
/** Settings that all seeds have from now on, unless a text says otherwise: "name=1,other=0"; must stay. NULL: none. */
void sm_script_set(const char *settings);
/** Read the actions of the given text, after all kinds are registered. APR_EINVAL: a line is not one. */
apr_status_t sm_script_read(sm_t *sm, const char **problem);
/** Sort the actions and hand them to the heap. */
void sm_script_start(sm_t *sm);
/** Is there an action of this kind whose first number is not 0? */
int sm_script_has(const sm_t *sm, const char *kind);
/** As text, to be read again: "seed N", "set NAME N", "+12.000345 KIND n n \"text\"". */
const char *sm_script_text(const sm_t *sm, apr_pool_t *p);
/** The seed that a text names, or 0. */
apr_uint64_t sm_script_seed(const char *text);

#endif /* SM_SCRIPT_H */
