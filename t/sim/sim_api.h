/* The endpoints of the API, one function each.  With the world's lock held; q has a token. */
#ifndef SIM_API_H
#define SIM_API_H

#include "sim_req.h"

void sim_api_users_me(sim_req_t *q);
void sim_api_user(sim_req_t *q);
void sim_api_users(sim_req_t *q);
void sim_api_database(sim_req_t *q);
void sim_api_data_source(sim_req_t *q);
void sim_api_data_source_update(sim_req_t *q);
void sim_api_query(sim_req_t *q);
void sim_api_page_create(sim_req_t *q);
void sim_api_page_read(sim_req_t *q);
void sim_api_page_update(sim_req_t *q);
void sim_api_property_item(sim_req_t *q);
void sim_api_body_read(sim_req_t *q);
void sim_api_body_update(sim_req_t *q);
void sim_api_search(sim_req_t *q);
void sim_api_blocks(sim_req_t *q);
void sim_api_blocks_append(sim_req_t *q);

/* sim_api_old.c: what version 2022-06-28 asks otherwise, and what an answer to it looked like */
void sim_api_old_database(sim_req_t *q);
void sim_api_old_query(sim_req_t *q);
void sim_api_old_answer(sim_req_t *q);
/* the data source of a database that has but one; NULL with a failure */
sim_ds_t *sim_api_only_source(sim_req_t *q, const sim_id_t *id);

/* the object named in segment n of the path, visible to the token; NULL with a failure */
sim_ds_t *sim_api_ds(sim_req_t *q, int n);
sim_page_t *sim_api_page(sim_req_t *q, int n);
int sim_api_id(sim_req_t *q, int n, const char *what, sim_id_t *id);
/* the envelope of a list: before the results, and after them */
void sim_api_list_open(sim_req_t *q, const char *type);
/* i: where the next answer starts, or -1 at the end; hash: of what was asked.
 * Gives where the cursor's text stands in the answer, 0 if there is none */
size_t sim_api_list_close(sim_req_t *q, int64_t i, uint64_t hash);
/* where a list is to go on, and how many at most; 0 with a failure */
int sim_api_list_from(sim_req_t *q, uint64_t hash, int64_t *start, int64_t *page_size);

#endif
