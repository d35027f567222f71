/* sync_world_record.c - what many tests ask of single records. */
#include "sync_world.h"

/* All that there is gets its partner, and what that took is not counted. */
static world_t *link_all(world_t *w)
{
    (void)world_settle(w);
    world_wait(w, apr_time_from_sec(300));
    w->requests = w->writes[NTS_NOTION] = w->writes[NTS_EXTERNAL] = w->spawned = 0;
    return w;
}

world_t *world_linked(apr_pool_t *p)
{
    world_t *w = world_create(p);

    (void)world_add(w, NTS_NOTION, "p1", "one");
    return link_all(w);
}

world_t *world_linked_many(int n, apr_pool_t *p)
{
    world_t *w = world_create(p);
    int i;

    for (i = 0; i < n; i++) {
        (void)world_add(w, NTS_NOTION, apr_psprintf(p, "p%d", i), apr_psprintf(p, "name %d", i));
    }
    return link_all(w);
}

void world_forget_events(world_t *w)
{
    int i;

    for (i = 0; i < w->notice_count; i++) {
        w->settled[i] = 1;
    }
}

const char *world_text_of(const world_thing_t *thing, int pair)
{
    return thing && thing->values[pair].kind == NTS_VALUE_TEXT ? thing->values[pair].as.text : "";
}

const char *world_key_of(world_t *w, const char *page)
{
    const nts_link_t *link = world_link(w, NTS_NOTION, page);

    return link ? link->key : NULL;
}
