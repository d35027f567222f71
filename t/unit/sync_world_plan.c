/* sync_world_plan.c - planning and applying in the world of the engine's tests. */
#include "sync_world_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nts_str.h"

static nts_link_t *pair_of(world_t *w, const char *page, const char *key)
{
    nts_link_t *link = apr_pcalloc(w->p, sizeof(*link));

    link->page = page;
    link->key = key;
    link->state = NTS_LINK_ACTIVE;
    return link;
}

/* What the match scan put down: bearers of the same hash on a side, and the last of them. */
static int bearers(const world_t *w, nts_side_t side, const char *hash, const char **id)
{
    int i, n = 0;

    for (i = 0; i < w->match_count[side]; i++) {
        if (nts_str_same(w->match_hash[side][i], hash)) {
            *id = w->match_id[side][i];
            n++;
        }
    }
    return n;
}

static nts_link_t *matched(world_t *w, nts_side_t side, const char *id)
{
    const char *ids[NTS_SIDE_COUNT] = { NULL, NULL }, *hash = NULL;
    nts_link_t *link;
    int i, there[NTS_SIDE_COUNT];

    for (i = 0; i < w->match_count[side]; i++) {
        hash = nts_str_same(w->match_id[side][i], id) ? w->match_hash[side][i] : hash;
    }
    there[NTS_NOTION] = hash ? bearers(w, NTS_NOTION, hash, &ids[NTS_NOTION]) : 0;
    there[NTS_EXTERNAL] = hash ? bearers(w, NTS_EXTERNAL, hash, &ids[NTS_EXTERNAL]) : 0;
    if (!there[NTS_NOTION] || !there[NTS_EXTERNAL]) {
        return NULL;
    }
    if (there[NTS_NOTION] == 1 && there[NTS_EXTERNAL] == 1) {
        return pair_of(w, ids[NTS_NOTION], ids[NTS_EXTERNAL]);
    }
    link = apr_pcalloc(w->p, sizeof(*link));
    *(side == NTS_NOTION ? &link->page : &link->key) = id;
    link->trouble = NTS_TROUBLE_HELD;
    nts_outcome_set(&link->outcome, w->p, NTS_REMEDY_PERSON, NTS_MATCH_AMBIGUOUS, "ambiguous");
    return link;
}

nts_link_t *world_planned_link(world_t *w, nts_link_t *link, nts_side_t side, const char *id)
{
    int i;

    if (w->mode == WORLD_DOES || !id || (link && link->state != NTS_LINK_NEW)) {
        return link;
    }
    for (i = 0; i < w->item_count; i++) {
        const nts_plan_item_t *item = w->items[i];

        if (item->pairs && nts_str_same(side == NTS_NOTION ? item->page : item->key, id)) {
            return pair_of(w, item->page, item->key);
        }
    }
    if (w->mode == WORLD_PLANS) {
        nts_link_t *found = matched(w, side, id);

        return found ? found : link;
    }
    return link;
}

/* Through its stored form: what a plan keeps is what is applied. */
void world_plan_take(world_t *w, const nts_plan_item_t *item)
{
    nts_json_t *node = nts_json_make_object(w->p);
    const nts_json_t *again;
    const char *text;

    nts_plan_item_to_json(item, node);
    text = nts_json_text(node, w->p);
    if (nts_json_parse(&again, text, strlen(text), NULL, w->p) != APR_SUCCESS ||
        nts_plan_item_from_json(&w->items[w->item_count], again, w->p) != APR_SUCCESS) {
        printf("Bail out! an item cannot be read back: %s\n", text);
        exit(1);
    }
    w->item_count++;
}

int world_plan_find(const world_t *w, const nts_target_t *target)
{
    const nts_link_t *link =
        target->link && target->link <= w->link_count ? w->links[target->link - 1] : NULL;
    const char *page = link && link->page ? link->page : target->page;
    const char *key = link && link->key ? link->key : target->key;
    int i;

    for (i = 0; i < w->item_count; i++) {
        const nts_plan_item_t *item = w->items[i];

        if (nts_plan_kind_acts(item->kind) &&
            ((page && nts_str_same(item->page, page)) || (key && nts_str_same(item->key, key)))) {
            return i;
        }
    }
    return -1;
}

const nts_scan_report_t *world_plan(world_t *w, int match)
{
    const nts_scan_report_t *report;

    w->mode = WORLD_PLANS;
    w->item_count = 0;
    w->match_count[NTS_NOTION] = w->match_count[NTS_EXTERNAL] = 0;
    if (match) {
        (void)world_scan(w, NTS_SCAN_FIRST);
    }
    report = world_scan(w, NTS_SCAN_FULL);
    w->match_count[NTS_NOTION] = w->match_count[NTS_EXTERNAL] = 0;
    w->mode = WORLD_DOES;
    return report;
}

const nts_scan_report_t *world_apply(world_t *w)
{
    const nts_scan_report_t *report;

    memset(w->item_step, 0, sizeof(w->item_step));
    w->mode = WORLD_APPLIES;
    report = world_scan(w, NTS_SCAN_FULL);
    w->mode = WORLD_DOES;
    return report;
}
