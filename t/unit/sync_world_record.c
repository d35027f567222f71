/* sync_world_record.c - what many tests ask of single records. */
#include "sync_world.h"

world_t *world_linked(apr_pool_t *p)
{
    world_t *w = world_create(p);

    (void)world_add(w, NTS_NOTION, "p1", "one");
    (void)world_settle(w);
    world_wait(w, apr_time_from_sec(300));
    w->requests = w->writes[NTS_NOTION] = w->writes[NTS_EXTERNAL] = 0;
    return w;
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
