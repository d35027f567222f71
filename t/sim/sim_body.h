/* The bodies of pages, as Markdown.  With the world's lock held. */
#ifndef SIM_BODY_H
#define SIM_BODY_H

#include "sim_error.h"
#include "sim_world.h"

/* What a person makes of it; NULL or "": empty.  An address that begins with SIM_FILE is a file that Notion holds, a line with the tag
 * <unknown/> a block that it does not show, one with <page/> or <database/> a child. */
void sim_body_set(sim_page_t *p, const char *markdown);
/* As it is kept: files by their names, not by addresses. */
const char *sim_body_get(const sim_page_t *p);
/* Lines of new blocks before line `at` of its outline (sim_outline.h). */
void sim_body_insert(sim_page_t *p, size_t at, const char *lines);

#define SIM_FILE "notion-file:"

/* One member of content_updates. */
typedef struct sim_update_t {
    const char *old_str;
    const char *new_str;
    int all; /* replace_all_matches */
} sim_update_t;

/* Searches and replaces, or NULL updates and the whole.  Zero, with a failure: nothing was done.  *changed: the body is another one. */
int sim_body_update(sim_page_t *p, const sim_update_t *updates, size_t n, const char *whole,
                    int may_delete, int *changed, sim_fail_t *f);
/* {"object":"page_markdown"...}; addresses of files are signed anew each time */
void sim_body_json(sim_buf_t *b, const sim_page_t *p);

#endif
