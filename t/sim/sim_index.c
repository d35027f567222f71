/* An ordered index of pages: a treap whose nodes live in the pages. */
#include "sim_index.h"

#include <string.h>

static int64_t minute_of(sim_ms_t ms)
{
    return sim_time_floor(ms) / SIM_MINUTE;
}

static int compare(const sim_node_t *n, int64_t minute, const sim_id_t *id)
{
    if (n->minute != minute) {
        return n->minute < minute ? -1 : 1;
    }
    return sim_id_cmp(n->id, id);
}

static void replace_child(sim_index_t *ix, sim_node_t *parent, const sim_node_t *old,
                          sim_node_t *with)
{
    if (!parent) {
        ix->root = with;
    }
    else if (parent->left == old) {
        parent->left = with;
    }
    else {
        parent->right = with;
    }
    if (with) {
        with->up = parent;
    }
}

/* lifts n above its parent */
static void rotate_up(sim_index_t *ix, sim_node_t *n)
{
    sim_node_t *p = n->up, *grand = p->up;

    if (p->left == n) {
        p->left = n->right;
        if (n->right) {
            n->right->up = p;
        }
        n->right = p;
    }
    else {
        p->right = n->left;
        if (n->left) {
            n->left->up = p;
        }
        n->left = p;
    }
    replace_child(ix, grand, p, n);
    p->up = n;
}

void sim_index_add(sim_index_t *ix, sim_node_t *n, void *owner, const sim_id_t *id, sim_ms_t ms)
{
    sim_node_t **at = &ix->root, *up = NULL;

    sim_index_remove(ix, n);
    n->owner = owner;
    n->id = id;
    n->minute = minute_of(ms);
    n->priority = (uint32_t)sim_rand_u64();
    while (*at) {
        up = *at;
        at = compare(up, n->minute, id) < 0 ? &up->right : &up->left;
    }
    *at = n;
    n->up = up;
    ix->count++;
    while (n->up && n->up->priority < n->priority) {
        rotate_up(ix, n);
    }
}

void sim_index_remove(sim_index_t *ix, sim_node_t *n)
{
    if (!n->owner) {
        return;
    }
    while (n->left && n->right) {
        rotate_up(ix, n->left->priority > n->right->priority ? n->left : n->right);
    }
    replace_child(ix, n->up, n, n->left ? n->left : n->right);
    memset(n, 0, sizeof(*n));
    ix->count--;
}

sim_node_t *sim_index_first(const sim_index_t *ix)
{
    sim_node_t *n = ix->root;

    while (n && n->left) {
        n = n->left;
    }
    return n;
}

sim_node_t *sim_index_last(const sim_index_t *ix)
{
    sim_node_t *n = ix->root;

    while (n && n->right) {
        n = n->right;
    }
    return n;
}

sim_node_t *sim_index_from(const sim_index_t *ix, sim_ms_t ms, const sim_id_t *id)
{
    static const sim_id_t lowest;
    sim_node_t *n = ix->root, *best = NULL;

    while (n) {
        if (compare(n, minute_of(ms), id ? id : &lowest) >= 0) {
            best = n;
            n = n->left;
        }
        else {
            n = n->right;
        }
    }
    return best;
}

sim_node_t *sim_index_before(const sim_index_t *ix, sim_ms_t ms, const sim_id_t *id)
{
    static const sim_id_t lowest;
    int64_t minute = minute_of(ms) + (id ? 0 : 1);
    sim_node_t *n = ix->root, *best = NULL;

    while (n) {
        if (compare(n, minute, id ? id : &lowest) < 0) {
            best = n;
            n = n->right;
        }
        else {
            n = n->left;
        }
    }
    return best;
}

sim_node_t *sim_index_next(sim_node_t *n)
{
    if (n->right) {
        for (n = n->right; n->left; n = n->left) {
        }
        return n;
    }
    while (n->up && n->up->right == n) {
        n = n->up;
    }
    return n->up;
}

sim_node_t *sim_index_prev(sim_node_t *n)
{
    if (n->left) {
        for (n = n->left; n->right; n = n->right) {
        }
        return n;
    }
    while (n->up && n->up->left == n) {
        n = n->up;
    }
    return n->up;
}
