/* Pages: their states, what queries see of them, and the back-relations between them.  With the world's lock held. */
#ifndef SIM_PAGE_H
#define SIM_PAGE_H

#include "sim_world.h"

/* what a change is made of */
typedef struct sim_change_t {
    sim_user_t *by;
    sim_ms_t edited_ms; /* 0: now */
    int64_t stale_ms;   /* -1: the setting */
    int quiet;          /* no event */
    int keep_time;      /* timestamps and editor stay (back-relations) */
} sim_change_t;

#define SIM_CHANGE_INIT                                                                            \
    {                                                                                              \
        NULL, 0, -1, 0, 0                                                                          \
    }

/* one property set to a value; takes the value's reference */
typedef struct sim_set_t {
    sim_prop_t *prop;
    sim_value_t *value;
} sim_set_t;

/* -1: leave as it is */
typedef struct sim_flags_t {
    int in_trash;
    int archived;
    int locked;
    int content; /* 1: the body was edited */
} sim_flags_t;

#define SIM_FLAGS_INIT                                                                             \
    {                                                                                              \
        -1, -1, -1, 0                                                                              \
    }

sim_page_t *sim_page_create(sim_ds_t *ds, const sim_id_t *id, sim_ms_t created_ms, sim_set_t *sets,
                            size_t nsets, const sim_change_t *how);
void sim_page_update(sim_page_t *p, sim_set_t *sets, size_t nsets, const sim_flags_t *flags,
                     const sim_change_t *how);
void sim_page_move(sim_page_t *p, sim_ds_t *to, const sim_change_t *how);
void sim_page_purge(sim_page_t *p);
void sim_page_free(sim_page_t *p); /* the memory only; for reset */
/* rewrites one property in all states of all pages: schema changes show at once and leave no trace.
 * fn takes the reference of the old value and gives one to the new */
typedef sim_value_t *sim_convert_fn(void *ctx, sim_value_t *old);
void sim_page_convert_all(sim_ds_t *ds, size_t slot, sim_convert_fn *fn, void *ctx);

sim_state_t *sim_state_ref(sim_state_t *st);
void sim_state_unref(sim_state_t *st);

#endif
