/* Users, values and pages as the API shows them.  With the world's lock held. */
#ifndef SIM_RENDER_H
#define SIM_RENDER_H

#include "sim_world.h"

typedef struct sim_view_t {
    const sim_token_t *token; /* who looks; NULL: control, which sees everything */
    int old_version;          /* 2025-09-03 */
    size_t limit;             /* of references in a page; 0: none */
    char **only;              /* filter_properties, names or ids; NULL: all */
    size_t nonly;
} sim_view_t;

void sim_user_partial_json(sim_buf_t *b, const sim_user_t *u);
void sim_user_json(sim_buf_t *b, const sim_user_t *u, const sim_view_t *view);
/* the answer of users/me: with the bot's owner */
void sim_user_me_json(sim_buf_t *b, const sim_user_t *u, const sim_view_t *view);
void sim_plain_rich_json(sim_buf_t *b, const char *s);
void sim_date_json(sim_buf_t *b, const sim_value_t *v);

/* the bare value, as it stands under its type's name */
void sim_value_json_of(sim_buf_t *b, const sim_prop_t *p, const sim_page_t *page,
                       const sim_state_t *st, const sim_view_t *view);
/* {"id":…,"type":…,"<type>":…} */
void sim_prop_value_json(sim_buf_t *b, const sim_prop_t *p, const sim_page_t *page,
                         const sim_state_t *st, const sim_view_t *view);
/* what Notion may add to any object that it shows, without another version */
void sim_novelty_json(sim_buf_t *b);
void sim_page_json(sim_buf_t *b, const sim_page_t *page, const sim_state_t *st,
                   const sim_view_t *view);
/* a relation or person in a list of its own */
void sim_person_json(sim_buf_t *b, const sim_id_t *id, const sim_view_t *view);

#endif
