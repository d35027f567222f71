/* sync_world_store.c - the store of the engine's tests: what the real one promises, in memory. */
#include "sync_world_impl.h"

#include <stdlib.h>
#include <string.h>

#include "sync/nts_limits.h"

static int is_for(const nts_notice_t *notice, const char *page, const char *key)
{
    const char *id = notice->side == NTS_NOTION ? page : key;

    return id && notice->record && !strcmp(notice->record, id);
}

/* The other record that the target names, or that has a dead one's key. */
static void load_counterpart(world_t *w, nts_loaded_t *loaded, const nts_target_t *target,
                             apr_pool_t *p)
{
    const nts_link_t *link = loaded->link;
    nts_link_t *other[NTS_SIDE_COUNT];
    int i;

    other[NTS_NOTION] = world_link(w, NTS_NOTION, target->page);
    other[NTS_EXTERNAL] = world_link(w, NTS_EXTERNAL, target->key);
    if (link && link->state == NTS_LINK_TOMBSTONE && !other[NTS_EXTERNAL]) {
        other[NTS_EXTERNAL] = world_link(w, NTS_EXTERNAL, link->key);
    }
    for (i = 0; link && i < NTS_SIDE_COUNT; i++) {
        if (other[i] && other[i]->id != link->id) {
            loaded->counterpart = nts_link_copy(other[i], p);
        }
    }
}

int world_creates_of_others(const world_t *w, const nts_call_t *call)
{
    int i, count = w->others_pending;

    for (i = 0; i < w->entry_count; i++) {
        const nts_entry_t *e = w->entries[i];

        count += e->state == NTS_ENTRY_PENDING && e->op == NTS_ENTRY_CREATE &&
                 e->side == call->lookup_side && e->link != call->lookup_for;
    }
    return count;
}

nts_loaded_t *world_load(world_t *w, const nts_target_t *target, apr_pool_t *p)
{
    nts_loaded_t *loaded = apr_pcalloc(p, sizeof(*loaded));
    nts_link_t *link =
        target->link && target->link <= w->link_count ? w->links[target->link - 1] : NULL;
    nts_entry_t *pending = apr_pcalloc(p, 16 * sizeof(*pending));
    nts_notice_t *notices = apr_pcalloc(p, 100 * sizeof(*notices));
    const char *page, *key;
    int i;

    if (!link) {
        link = world_link(w, NTS_NOTION, target->page);
    }
    if (!link) {
        link = world_link(w, NTS_EXTERNAL, target->key);
    }
    loaded->link = link ? nts_link_copy(link, p) : NULL;
    page = link && link->page ? link->page : target->page;
    key = link && link->key ? link->key : target->key;
    load_counterpart(w, loaded, target, p);
    world_load_rulings(w, loaded, p);
    for (i = 0; i < w->entry_count; i++) {
        const nts_entry_t *e = w->entries[i];

        if (e->state != NTS_ENTRY_PENDING) {
            continue;
        }
        if (link ? e->link == link->id : key && e->key && !strcmp(e->key, key)) {
            pending[loaded->pending_count++] = *e;
        }
        else if (e->op == NTS_ENTRY_CREATE || e->op == NTS_ENTRY_RESTORE) {
            loaded->creates_pending[e->side]++;
            loaded->creates_parked[e->side] +=
                e->link && w->links[e->link - 1]->trouble == NTS_TROUBLE_PARKED &&
                !strcmp(w->links[e->link - 1]->outcome.code, NTS_CREATE_AMBIGUOUS);
        }
    }
    for (i = 0; i < w->notice_count; i++) {
        if (!w->settled[i] && is_for(&w->notices[i], page, key)) {
            notices[loaded->notice_count++] = w->notices[i];
        }
    }
    loaded->company = w->company;
    loaded->company_count = w->company_count;
    loaded->pending = pending;
    loaded->notices = notices;
    loaded->tombstone_image = link ? w->images[link->id] : NULL;
    loaded->tombstone_taken = link && w->images[link->id] ? w->gone_with[link->id] : NULL;
    loaded->image_key = link && !link->key && !world_link(w, NTS_EXTERNAL, w->images[link->id])
                            ? w->images[link->id]
                            : NULL; /* the image of a row is its key */
    return loaded;
}

/* S4.2 as the store does it: counted inside the transaction. */
static int is_beyond_limit(world_t *w, const nts_commit_t *commit, const char **why)
{
    apr_int64_t active = 0, deleted = 0;
    int i;

    for (i = 0; i < w->link_count; i++) {
        active += w->links[i] && w->links[i]->state == NTS_LINK_ACTIVE;
    }
    for (i = 0; i < w->entry_count; i++) {
        deleted += w->entries[i]->op == NTS_ENTRY_REMOVE && w->counted[i] &&
                   w->entries[i]->state != NTS_ENTRY_NOT_APPLIED &&
                   w->entries[i]->at > w->now - apr_time_from_sec(3600);
    }
    return !nts_delete_is_allowed(active + deleted, active, deleted, commit->delete_limit_percent,
                                  why, w->p);
}

/* A page and a key are each linked once. */
static int is_taken(world_t *w, const nts_link_t *link)
{
    const nts_link_t *page = world_link(w, NTS_NOTION, link->page);
    const nts_link_t *key = world_link(w, NTS_EXTERNAL, link->key);

    return link->state != NTS_LINK_TOMBSTONE &&
           ((page && page->state != NTS_LINK_TOMBSTONE && page->id != link->id) ||
            (key && key->state != NTS_LINK_TOMBSTONE && key->id != link->id));
}

nts_commit_result_t world_commit(world_t *w, const nts_commit_t *c, const char **why)
{
    nts_link_t *absorbed;
    int i, k;

    if (c->counts_as_delete && is_beyond_limit(w, c, why)) {
        return NTS_COMMIT_LIMIT;
    }
    if (c->absorb && (!w->links[c->absorb - 1] || w->links[c->absorb - 1]->state != NTS_LINK_NEW)) {
        return NTS_COMMIT_CLASH;
    }
    if (c->link && c->link->id && c->key_was && w->links[c->link->id - 1]->key &&
        strcmp(c->key_was, w->links[c->link->id - 1]->key) != 0) {
        return NTS_COMMIT_CLASH; /* S4.4: it has moved */
    }
    absorbed = c->absorb ? w->links[c->absorb - 1] : NULL;
    if (absorbed) {
        w->links[c->absorb - 1] = NULL;
    }
    if (c->link && is_taken(w, c->link)) {
        if (absorbed) {
            w->links[c->absorb - 1] = absorbed;
        }
        return NTS_COMMIT_CLASH;
    }
    if (c->link) {
        if (!c->link->id) {
            c->link->id = ++w->link_count;
        }
        w->links[c->link->id - 1] = c->link_forget ? NULL : nts_link_copy(c->link, w->p);
    }
    for (i = 0; i < c->entry_count; i++) {
        nts_entry_t *e = c->entries[i];

        e->link = c->link ? c->link->id : e->link;
        if (e->op == NTS_ENTRY_REMOVE && e->image) {
            w->images[e->link] = e->image;
            w->gone_with[e->link] = e->taken;
        }
        for (k = 0; k < w->entry_count && strcmp(w->entries[k]->intent, e->intent); k++) {
        }
        if (k == w->entry_count) {
            w->counted[w->entry_count] = c->counts_as_delete;
            w->entries[w->entry_count++] = e;
            e->id = w->entry_count;
        }
        w->entries[k] = apr_pmemdup(w->p, e, sizeof(*e));
        w->entries[k]->id = k + 1;
    }
    for (i = 0; i < c->settled_count; i++) {
        w->settled[c->settled[i] - 1] = 1;
    }
    for (i = 0; i < c->follow_count; i++) {
        world_notice(w, c->follow[i]->side, c->follow[i]->record);
    }
    for (i = 0; i < c->ruled_count; i++) {
        w->ruling_intents[c->ruled[i].id - 1] = c->ruled[i].intent ? c->ruled[i].intent : "";
    }
    return NTS_COMMIT_OK;
}

static void hold_ambiguous(world_t *w, nts_side_t side, const char *id)
{
    nts_link_t *link = world_link(w, side, id);

    if (!link) {
        link = apr_pcalloc(w->p, sizeof(*link));
        link->id = w->link_count + 1;
        *(side == NTS_NOTION ? &link->page : &link->key) = id;
        w->links[w->link_count++] = link;
        w->matched.ambiguous += side == NTS_NOTION;
    }
    link->trouble = NTS_TROUBLE_HELD;
    nts_outcome_set(&link->outcome, w->p, NTS_REMEDY_PERSON, NTS_MATCH_AMBIGUOUS, "ambiguous");
}

static int stands_on(const world_t *w, nts_side_t side, const char *hash)
{
    int i;

    for (i = 0; i < w->match_count[side] && strcmp(w->match_hash[side][i], hash) != 0; i++) {
    }
    return i < w->match_count[side];
}

/* S5.1: a key that stands on both sides goes before match fields; one that stands alone is nothing. */
static void settle_keys(world_t *w)
{
    const char *id, *hash;
    int side, i, k;

    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        for (i = 0; i < w->match_count[side]; i++) {
            if (w->match_hash[side][i][0] == *NTS_MATCH_BY_KEY &&
                !stands_on(w, nts_side_other((nts_side_t)side), w->match_hash[side][i])) {
                w->match_hash[side][i] = "-";
            }
        }
    }
    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        for (i = 0; i < w->match_count[side]; i++) {
            id = w->match_id[side][i];
            for (k = 0; k < w->match_count[side]; k++) {
                hash = w->match_hash[side][k];
                if (!strcmp(w->match_id[side][k], id) && *hash == *NTS_MATCH_BY_KEY && k != i) {
                    w->match_hash[side][i] = "-";
                }
            }
        }
    }
}

void world_join_matches(world_t *w)
{
    int i, k;

    settle_keys(w);
    w->matched = (nts_matched_t){ .outdated = w->outdated };
    for (i = 0; i < w->match_count[NTS_NOTION]; i++) {
        int same[2] = { 0, 0 }, at = 0;

        if (w->match_hash[NTS_NOTION][i][0] == '-') {
            continue;
        }
        for (k = 0; k < w->match_count[NTS_NOTION]; k++) {
            same[0] += !strcmp(w->match_hash[NTS_NOTION][i], w->match_hash[NTS_NOTION][k]);
        }
        for (k = 0; k < w->match_count[NTS_EXTERNAL]; k++) {
            if (!strcmp(w->match_hash[NTS_NOTION][i], w->match_hash[NTS_EXTERNAL][k])) {
                same[1]++;
                at = k;
            }
        }
        if (same[0] == 1 && same[1] == 1) {
            nts_link_t *link = apr_pcalloc(w->p, sizeof(*link));

            link->id = w->link_count + 1;
            link->page = w->match_id[NTS_NOTION][i];
            link->key = w->match_id[NTS_EXTERNAL][at];
            link->state = NTS_LINK_ACTIVE;
            w->links[w->link_count++] = link;
            w->matched.linked++;
        }
        else if (same[1]) {
            hold_ambiguous(w, NTS_NOTION, w->match_id[NTS_NOTION][i]);
            hold_ambiguous(w, NTS_EXTERNAL, w->match_id[NTS_EXTERNAL][at]);
        }
    }
}

nts_entry_t *world_last_entry(world_t *w, nts_entry_op_t op)
{
    int i;

    for (i = w->entry_count - 1; i >= 0; i--) {
        if (w->entries[i]->op == op) {
            return w->entries[i];
        }
    }
    return NULL;
}
