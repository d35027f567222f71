/* sync_world_ruling.c - what people decide, in the engine's made-up world. */
#include "sync_world_impl.h"

#include <string.h>

static int is_open(const world_t *w, int i)
{
    int k;

    for (k = 0; w->ruling_intents[i] && k < w->entry_count; k++) {
        if (!strcmp(w->entries[k]->intent, w->ruling_intents[i])) {
            return w->entries[k]->state == NTS_ENTRY_NOT_APPLIED;
        }
    }
    return !w->ruling_intents[i];
}

int world_open_rulings(const world_t *w)
{
    int i, n = 0;

    for (i = 0; i < w->ruling_count; i++) {
        n += is_open(w, i);
    }
    return n;
}

nts_ruling_t *world_rule(world_t *w, const nts_link_t *link, int pair, nts_choice_t choice)
{
    nts_ruling_t *ruling = &w->rulings[w->ruling_count++];
    const nts_issue_t *issue;

    *ruling = (nts_ruling_t){ 0 };
    ruling->id = w->ruling_count;
    ruling->link = link->id;
    ruling->pair = pair < 0 ? 0 : w->pairs[pair].id;
    ruling->choice = choice;
    ruling->by = "alice";
    ruling->at = w->now;
    issue = nts_link_issue(link, ruling->pair);
    ruling->fingerprint = issue ? issue->fingerprint : NULL;
    return ruling;
}

void world_load_rulings(const world_t *w, nts_loaded_t *loaded, apr_pool_t *p)
{
    nts_ruling_t *list = apr_pcalloc(p, WORLD_MAX * sizeof(*list));
    int i;

    for (i = 0; loaded->link && i < w->ruling_count; i++) {
        if (w->rulings[i].link == loaded->link->id && is_open(w, i)) {
            list[loaded->ruling_count++] = w->rulings[i];
        }
    }
    loaded->rulings = list;
}
