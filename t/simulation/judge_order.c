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

int judge_was_shown(const judge_cell_t *cell, const judge_version_t *version)
{
    int i;

    for (i = 0; i < cell->stays->nelts; i++) {
        if (APR_ARRAY_IDX(cell->stays, i, judge_stay_t).version == version) {
            return 1;
        }
    }
    return 0;
}

/* Upwards by `parent` and `over`, and with @a joins also across them. */
static int search(judge_t *j, const judge_version_t *a, const judge_version_t *b, int joins)
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
        for (i = 0; b->over && i < b->over->nelts; i++) {
            if (search(j, a, APR_ARRAY_IDX(b->over, i, judge_version_t *), joins)) {
                return 1;
            }
        }
        for (i = 0; joins && b->joins && i < b->joins->nelts; i++) {
            if (search(j, a, APR_ARRAY_IDX(b->joins, i, judge_version_t *), joins)) {
                return 1;
            }
        }
    }
    return 0;
}

int judge_is_known(judge_t *j, const judge_version_t *a, const judge_version_t *b)
{
    j->visit++;
    return search(j, a, b, 0);
}

int judge_may_be_known(judge_t *j, const judge_version_t *a, const judge_version_t *b)
{
    j->visit++;
    return search(j, a, b, 1);
}

static void add_line(apr_array_header_t *line, const judge_version_t *version)
{
    int i;

    for (i = 0; version && i < line->nelts; i++) {
        if (APR_ARRAY_IDX(line, i, const judge_version_t *) == version) {
            return;
        }
    }
    if (version) {
        APR_ARRAY_PUSH(line, const judge_version_t *) = version;
    }
}

const judge_version_t *judge_climb(judge_t *j, const judge_version_t *from, judge_climb_fn *visit,
                                   void *baton)
{
    apr_array_header_t *line = apr_array_make(j->p, 8, sizeof(const judge_version_t *));
    int i, k;

    add_line(line, from);
    for (i = 0; i < line->nelts; i++) {
        const judge_version_t *version = APR_ARRAY_IDX(line, i, const judge_version_t *);
        judge_climb_t way = visit(j, version, baton);

        if (way == JUDGE_FOUND) {
            return version;
        }
        if (way == JUDGE_ABOVE_NOT) {
            continue;
        }
        add_line(line, version->parent);
        for (k = 0; version->over && k < version->over->nelts; k++) {
            add_line(line, APR_ARRAY_IDX(version->over, k, judge_version_t *));
        }
    }
    return NULL;
}

typedef struct common_t {
    const judge_version_t *other, *newest;
} common_t;

static judge_climb_t note_common(judge_t *j, const judge_version_t *version, void *baton)
{
    common_t *common = baton;

    if (!judge_is_known(j, version, common->other)) {
        return JUDGE_ON;
    }
    if (!common->newest || version->item > common->newest->item) {
        common->newest = version;
    }
    return JUDGE_ABOVE_NOT;
}

const judge_version_t *judge_common_ancestor(judge_t *j, const judge_version_t *a,
                                             const judge_version_t *b)
{
    common_t common = { b, NULL };

    (void)judge_climb(j, a, note_common, &common);
    return common.newest;
}

void judge_supersede(judge_t *j, judge_version_t *now, judge_version_t *was)
{
    if (judge_is_known(j, was, now) || judge_is_known(j, now, was)) {
        return; /* an older one that came back replaces nothing */
    }
    if (!now->over) {
        now->over = apr_array_make(j->p, 1, sizeof(judge_version_t *));
    }
    APR_ARRAY_PUSH(now->over, judge_version_t *) = was;
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
