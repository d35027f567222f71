/* Databases, data sources and their properties: making and changing them, and showing them as the API does.
 * With the world's lock held. */
#ifndef SIM_SCHEMA_H
#define SIM_SCHEMA_H

#include "sim_world.h"

extern const char *const sim_colors[];     /* NULL-terminated */
const char *sim_color_find(const char *s); /* the constant of that name, or NULL */

sim_db_t *sim_db_add(const sim_id_t *id, const char *name);
sim_ds_t *sim_ds_add(const sim_id_t *id, sim_db_t *db, const char *name, sim_user_t *by);
void sim_ds_free(sim_ds_t *ds);
/* ids NULL: generated, with characters that need percent-encoding */
sim_prop_t *sim_prop_add(sim_ds_t *ds, const char *id, const char *name, sim_type_t type);
void sim_prop_remove(sim_ds_t *ds, sim_prop_t *p);
/* One that was removed under that name is back, with its id and the values it had; NULL: there is none. */
sim_prop_t *sim_prop_restore(sim_ds_t *ds, const char *name);
void sim_prop_rename(sim_prop_t *p, const char *name);
void sim_prop_set_id(sim_prop_t *p, const char *id);
/* another type: options and settings of the old one go, values are converted where text allows it */
void sim_prop_retype(sim_ds_t *ds, sim_prop_t *p, sim_type_t type, int keep_id);
void sim_status_defaults(sim_prop_t *p); /* Not started, In progress, Done */
void sim_ds_touch(sim_ds_t *ds, sim_user_t *by);

/* as the API shows them; t decides what is visible */
void sim_ds_json(sim_buf_t *b, const sim_ds_t *ds, const sim_token_t *t, int old_version);
void sim_db_json(sim_buf_t *b, const sim_db_t *db, const sim_token_t *t, int old_version);
void sim_prop_json(sim_buf_t *b, const sim_prop_t *p);
void sim_option_json(sim_buf_t *b, const sim_option_t *o, int with_description);
void sim_object_url(sim_buf_t *b, const char *title, const sim_id_t *id);
int sim_prop_is_visible(const sim_prop_t *p, const sim_token_t *t);

#endif
