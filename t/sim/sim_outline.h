/* The blocks that a page's body is made of: a line each, indented by tabs below another; code goes from fence to fence.
 * With the world's lock held. */
#ifndef SIM_OUTLINE_H
#define SIM_OUTLINE_H

#include "sim_error.h"
#include "sim_world.h"

/* s is of the page's body, without the tabs; depth counts them */
typedef struct sim_line_t {
    const char *s;
    size_t len;
    int depth;
} sim_line_t;

typedef struct sim_outline_t {
    sim_line_t *lines; /* malloc'd; as many as p->nblocks, whose ids are p->blocks */
    size_t n;
} sim_outline_t;

/* Of the body as it is now; from the first time on its blocks have ids. */
void sim_outline_of(sim_outline_t *o, sim_page_t *p);
/* Of any text, without ids. */
void sim_outline_split(sim_outline_t *o, const char *text);
void sim_outline_free(sim_outline_t *o);
/* The first line behind line `at` that is not below it. */
size_t sim_outline_end(const sim_outline_t *o, size_t at);
/* The page whose body has this block, *at is its line; NULL: none. */
sim_page_t *sim_outline_find(const sim_id_t *id, size_t *at);

/* Before the body becomes another one: lines that are alike at its beginning and its end stay the same blocks. */
void sim_outline_change(sim_page_t *p, const char *body);
/* Instead: n new blocks, whose lines will stand before line `at`. */
void sim_outline_insert(sim_page_t *p, size_t at, size_t n);

/* sim_outline_json.c: a block as the API shows it.  Its text is the line's Markdown: nothing in it is parsed. */
void sim_outline_json(sim_buf_t *b, const sim_page_t *p, const sim_outline_t *o, size_t at,
                      int old_version);

/* sim_outline_take.c: blocks as the API takes them, as lines of Markdown with `depth` tabs before the outermost; how many there are, those
 * below others included.  Of no use once f says what is wrong. */
size_t sim_outline_take(sim_buf_t *lines, json_object *children, const char *path, int depth,
                        const sim_token_t *token, sim_fail_t *f);

#endif
