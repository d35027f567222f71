/* Cursors: opaque, different at each request, refused for another query or when too old. */
#ifndef SIM_CURSOR_H
#define SIM_CURSOR_H

#include "sim_error.h"
#include "sim_time.h"

typedef struct sim_cursor_t {
    int64_t minute; /* place of the last row in the order */
    sim_id_t id;
    int64_t count;      /* rows given so far */
    int64_t incomplete; /* the query has more rows than the cap */
    uint64_t query;     /* hash of what was asked */
    int64_t made_ms;
} sim_cursor_t;

uint64_t sim_cursor_hash(uint64_t h, const char *s);
/* "next_cursor":…,"has_more":… ; c NULL: the end */
void sim_cursor_json(sim_buf_t *b, sim_cursor_t *c);
/* 0 with a failure if it is not one of ours for this query */
int sim_cursor_parse(sim_cursor_t *c, const char *text, uint64_t query, sim_fail_t *f);

#endif
