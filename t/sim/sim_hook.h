/* Changes become webhook events: collected per entity for a while, then queued for the sender. */
#ifndef SIM_HOOK_H
#define SIM_HOOK_H

#include "sim_page.h"
#include "sim_world.h"

enum {
    SIM_EV_CREATED = 1,
    SIM_EV_PROPS = 2,
    SIM_EV_CONTENT = 4,
    SIM_EV_DELETED = 8,
    SIM_EV_UNDELETED = 16,
    SIM_EV_MOVED = 32,
    SIM_EV_LOCKED = 64,
    SIM_EV_UNLOCKED = 128,
    SIM_EV_SCHEMA = 256
};

/* notes a change; with the world's lock held */
void sim_hook_page(const sim_page_t *p, unsigned kinds, const sim_set_t *sets, size_t nsets,
                   const sim_user_t *by);
/* rows were added or removed, or the data source itself changed */
void sim_hook_ds(const sim_ds_t *ds, unsigned kinds, const sim_id_t *row, const sim_user_t *by);
/* action: created, updated or deleted */
void sim_hook_schema(const sim_ds_t *ds, const sim_prop_t *prop, const char *action,
                     const sim_user_t *by);

/* turns windows that are over into events; all windows with now = INT64_MAX */
void sim_hook_tick(sim_ms_t now);
sim_ms_t sim_hook_due(void); /* end of the next window; INT64_MAX if none */
size_t sim_hook_windows(void);
void sim_hook_reset(void);

#endif
