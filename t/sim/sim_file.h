/* Files that Notion holds: addresses that are another one each time, and the host that serves them for an hour. */
#ifndef SIM_FILE_H
#define SIM_FILE_H

#include "sim_req.h"

/* the members of {"url","expiry_time"} for a stored file {"name","hosted","at"}; with the world's lock held */
void sim_file_json(sim_buf_t *b, json_object *file);
/* the members "hosted" and "at" of the file that an address names, whatever its signature; 0: it names none */
int sim_file_take(sim_buf_t *out, const char *url);
/* a request to that host; with the world's lock held */
int sim_file_is(const sim_req_t *q);
void sim_file_serve(sim_req_t *q);

#endif
