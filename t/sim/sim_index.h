/* An ordered index of pages: a treap whose nodes live in the pages.  The key is (minute, id), so pages of one minute
 * stand in no meaningful order, as at Notion. */
#ifndef SIM_INDEX_H
#define SIM_INDEX_H

#include "sim_time.h"
#include "sim_util.h"

typedef struct sim_node_t {
    struct sim_node_t *left, *right, *up;
    void *owner; /* the page; NULL while not in the index */
    const sim_id_t *id;
    int64_t minute;
    uint32_t priority;
} sim_node_t;

typedef struct sim_index_t {
    sim_node_t *root;
    size_t count;
} sim_index_t;

void sim_index_add(sim_index_t *ix, sim_node_t *n, void *owner, const sim_id_t *id, sim_ms_t ms);
void sim_index_remove(sim_index_t *ix, sim_node_t *n); /* nothing if it is not in */

sim_node_t *sim_index_first(const sim_index_t *ix);
sim_node_t *sim_index_last(const sim_index_t *ix);
/* the first node whose key is >= (minute of ms, id); id NULL: any id */
sim_node_t *sim_index_from(const sim_index_t *ix, sim_ms_t ms, const sim_id_t *id);
/* the last node whose key is < (minute of ms, id), or, with id NULL, whose minute is <= that of ms */
sim_node_t *sim_index_before(const sim_index_t *ix, sim_ms_t ms, const sim_id_t *id);
sim_node_t *sim_index_next(sim_node_t *n);
sim_node_t *sim_index_prev(sim_node_t *n);

#endif
