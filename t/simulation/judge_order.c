/* judge_order.c - what two versions of a value are to each other: known to its maker, or made without knowing. */
#include "simulation/judge_impl.h"

judge_version_t *judge_now(const judge_cell_t *cell)
{
    return APR_ARRAY_IDX(cell->stays, cell->stays->nelts - 1, judge_stay_t).version;
}

judge_version_t *judge_then(const judge_cell_t *cell, apr_time_t at)
{
    int i = cell->stays->nelts - 1;

    while (i > 0 && APR_ARRAY_IDX(cell->stays, i, judge_stay_t).from > at) {
        i--;
    }
    return APR_ARRAY_IDX(cell->stays, i, judge_stay_t).version;
}

int judge_is_known(judge_t *j, const judge_version_t *a, const judge_version_t *b)
{
    (void)j;
    for (; b; b = b->parent) {
        if (a == b) {
            return 1;
        }
    }
    return 0;
}

static int search(judge_t *j, const judge_version_t *a, const judge_version_t *b)
{
    int i;

    for (; b; b = b->parent) {
        if (a == b) {
            return 1;
        }
        if (b->visited == j->visit) {
            return 0;
        }
        ((judge_version_t *)b)->visited = j->visit;
        for (i = 0; b->joins && i < b->joins->nelts; i++) {
            if (search(j, a, APR_ARRAY_IDX(b->joins, i, judge_version_t *))) {
                return 1;
            }
        }
    }
    return 0;
}

int judge_may_be_known(judge_t *j, const judge_version_t *a, const judge_version_t *b)
{
    j->visit++;
    return search(j, a, b);
}

const judge_version_t *judge_common_ancestor(judge_t *j, const judge_version_t *a,
                                             const judge_version_t *b)
{
    for (; a; a = a->parent) {
        if (judge_is_known(j, a, b)) {
            return a;
        }
    }
    return NULL;
}

void judge_join(judge_t *j, judge_version_t *a, judge_version_t *b)
{
    int i;

    if (a == b) {
        return;
    }
    if (!a->joins) {
        a->joins = apr_array_make(j->p, 1, sizeof(judge_version_t *));
    }
    if (!b->joins) {
        b->joins = apr_array_make(j->p, 1, sizeof(judge_version_t *));
    }
    for (i = 0; i < a->joins->nelts; i++) {
        if (APR_ARRAY_IDX(a->joins, i, judge_version_t *) == b) {
            return;
        }
    }
    APR_ARRAY_PUSH(a->joins, judge_version_t *) = b;
    APR_ARRAY_PUSH(b->joins, judge_version_t *) = a;
}
