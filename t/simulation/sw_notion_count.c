/* sw_notion_count.c - traps of the service, counted for who asks whether they come about (--count). */
#include <string.h>

#include <apr_strings.h>

#include "sim/sim_page.h"
#include "simulation/sw.h"

static int contains(const sim_req_t *q, const char *words)
{
    return q->out.s && q->out.len > 0 && strstr(q->out.s, words) != NULL;
}

void sw_notion_count_answer(sw_notion_t *notion, const sim_req_t *q, int number, int is_in_hand)
{
    int is_page = !strcmp(q->class, "page_read");
    int is_query = !strcmp(q->class, "query");
    int i;

    if (is_in_hand && q->status == 409) {
        sm_count(notion->w->sm, "Notion: 409, the page was just being saved");
    }
    if (notion->performed == number && q->status != 200 && !is_page && !is_query) {
        sm_count(notion->w->sm, "Notion: done, and the answer does not say so");
    }
    if (!strcmp(q->class, "property_item") && contains(q, "\"mention\"")) {
        sm_count(notion->w->sm,
                 "Notion: a text of more mentions than a page shows, read by itself");
    }
    if (is_query && contains(q, "\"incomplete\"")) {
        sm_count(notion->w->sm, "Notion: a query beyond its cap");
    }
    if (is_query && contains(q, "\"has_more\":true,\"next_cursor\"")) {
        sm_count(notion->w->sm, "Notion: a query of several pages");
    }
    for (i = 0; is_query && i < notion->page_count; i++) {
        const sim_page_t *page = sim_page_find(&notion->pages[i].id);

        if (page && page->seen && page->seen != page->live) {
            sm_count(notion->w->sm, "Notion: a query while a write is not shown yet");
            break;
        }
    }
}

void sw_notion_count_event(sw_notion_t *notion, const sim_event_t *e)
{
    sw_page_t *m = sw_notion_mirror(notion, &e->entity);

    sm_count(notion->w->sm, apr_pstrcat(notion->w->sm->p, "Notion: event ", e->type, NULL));
    if (!notion->events) {
        notion->events = apr_hash_make(notion->w->sm->p);
    }
    if (apr_hash_get(notion->events, e->id, APR_HASH_KEY_STRING)) {
        sm_count(notion->w->sm, "Notion: an event that was sent before");
    }
    apr_hash_set(notion->events, apr_pstrdup(notion->w->sm->p, e->id), APR_HASH_KEY_STRING, e);
    if (strstr(e->body, "\"person\"") && strstr(e->body, "\"type\":\"bot\"}")) {
        sm_count(notion->w->sm, "Notion: an event of mixed authors");
    }
    if (sim_time_now() - e->created_ms > 60000) {
        sm_count(notion->w->sm, "Notion: an event more than a minute late");
    }
    if (m && e->created_ms < m->told) {
        sm_count(notion->w->sm, "Notion: an event that another of its page has overtaken");
    }
    if (m && e->created_ms > m->told) {
        m->told = e->created_ms;
    }
}
