/* Property values as API requests bring them: checked as strictly as Notion checks, and turned into values. */
#ifndef SIM_WRITE_H
#define SIM_WRITE_H

#include "sim_error.h"
#include "sim_page.h"

/* who writes, where errors go, and whether this is only the check: then no option is made */
typedef struct sim_writer_t {
    sim_token_t *token;
    sim_fail_t *fail;
    int check_only;
} sim_writer_t;

/* The properties object of a request.  Nothing is changed if something is wrong with any of them.  *sets is malloc'd;
 * its values belong to the caller until an update takes them. */
void sim_write_properties(sim_writer_t *w, sim_ds_t *ds, json_object *properties, sim_set_t **sets,
                          size_t *nsets);

/* a date object; NULL if f says what is wrong */
sim_value_t *sim_date_take(json_object *o, const char *path, sim_fail_t *f);

/* one value of each kind of type; path is where it stands in the body */
sim_value_t *sim_write_options(sim_writer_t *w, sim_prop_t *p, json_object *val, const char *path);
sim_value_t *sim_write_ids(sim_writer_t *w, sim_prop_t *p, json_object *val, const char *path);
sim_value_t *sim_write_files(sim_writer_t *w, json_object *val, const char *path);
sim_value_t *sim_write_place(sim_writer_t *w, json_object *val, const char *path);
sim_value_t *sim_write_verification(sim_writer_t *w, json_object *val, const char *path);

#endif
