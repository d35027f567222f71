/* nts_diff.c - what two rows of things have in common. */
#include "model/nts_diff.h"

#include <stdlib.h>

/* Things from `from` on, of both rows. `reach` is, for each diagonal from -step - 1 to step + 1, how many old ones so many steps get
 * past at most. */
typedef struct search_t {
    nts_diff_same_fn *same;
    const void *baton;
    int from;
    int n; /* old ones */
    int m; /* new ones */
    int *reach[NTS_DIFF_STEPS_MAX + 2];
} search_t;

/* From which diagonal step `step` comes to diagonal k. */
static int came_from(const search_t *s, int step, int k)
{
    const int *reach = s->reach[step] + step + 1;

    return k == -step || (k != step && reach[k - 1] < reach[k + 1]) ? k + 1 : k - 1;
}

static int follow(const search_t *s, int x, int y)
{
    while (x < s->n && y < s->m && s->same(s->baton, s->from + x, s->from + y)) {
        x++;
        y++;
    }
    return x;
}

/* Steps that it takes, or -1: too many. */
static int find_way(search_t *s, apr_pool_t *ptemp)
{
    s->reach[0] = apr_pcalloc(ptemp, 3 * sizeof(int));
    for (int step = 0; step <= NTS_DIFF_STEPS_MAX; step++) {
        int *next = apr_pcalloc(ptemp, (2 * (apr_size_t)step + 5) * sizeof(int));
        int *reached = next + step + 2;

        for (int k = -step; k <= step; k += 2) {
            int before = came_from(s, step, k);
            int x = s->reach[step][step + 1 + before] + (before < k);

            x = follow(s, x, x - k);
            reached[k] = x;
            if (x >= s->n && x - k >= s->m) {
                return step;
            }
        }
        s->reach[step + 1] = next;
    }
    return -1;
}

static void go_back(const search_t *s, int steps, int *became)
{
    int x = s->n;
    int y = s->m;

    for (int step = steps; step >= 0; step--) {
        int before = came_from(s, step, x - y);
        int from_x = step ? s->reach[step][step + 1 + before] : 0;
        int from_y = step ? from_x - before : 0;

        while (x > from_x && y > from_y) {
            became[s->from + --x] = s->from + --y;
        }
        x = from_x;
        y = from_y;
    }
}

int *nts_diff(int n, int m, nts_diff_same_fn *same, const void *baton, apr_pool_t *p)
{
    int *became = apr_palloc(p, ((apr_size_t)n + 1) * sizeof(int));
    int shift = m - n;
    apr_pool_t *ptemp = NULL;
    search_t *s;
    int steps;

    if (apr_pool_create(&ptemp, p) != APR_SUCCESS) {
        abort();
    }
    s = apr_pcalloc(ptemp, sizeof(*s));
    *s = (search_t){ .same = same, .baton = baton, .n = n, .m = m };
    for (int i = 0; i < n; i++) {
        became[i] = -1;
    }
    while (s->from < s->n && s->from < s->m && same(baton, s->from, s->from)) {
        became[s->from] = s->from;
        s->from++;
    }
    while (s->n > s->from && s->m > s->from && same(baton, s->n - 1, s->m - 1)) {
        s->n--;
        s->m--;
        became[s->n] = s->n + shift;
    }
    s->n -= s->from;
    s->m -= s->from;
    steps = find_way(s, ptemp);
    if (steps >= 0) {
        go_back(s, steps, became);
    }
    apr_pool_destroy(ptemp);
    return became;
}
