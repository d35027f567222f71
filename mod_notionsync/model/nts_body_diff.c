/* nts_body_diff.c - which lines of a body differ: the shortest way from the old ones to the new ones. */
#include <stdlib.h>
#include <string.h>

#include "model/nts_body_impl.h"

/* Lines taken out and put in. With more of them all that lies between the first and the last change is one hunk. */
#define STEPS_MAX 1000

typedef struct texts_t {
    const nts_body_line_t *old;
    int old_count;
    const nts_body_line_t *new;
    int new_count;
    apr_array_header_t *hunks; /* nts_body_hunk_t */
    apr_pool_t *p;
} texts_t;

static int is_same(const texts_t *texts, int old, int new)
{
    return strcmp(texts->old[old].text, texts->new[new].text) == 0;
}

static void add_hunk(const texts_t *texts, int from, int to, int new_from, int new_to)
{
    if (from < to || new_from < new_to) {
        APR_ARRAY_PUSH(texts->hunks, nts_body_hunk_t) =
            (nts_body_hunk_t){ from, to, new_from, new_to, 0 };
    }
}

/* The search for the shortest way from the old lines to the new ones (E. Myers, An O(ND) Difference Algorithm and Its Variations, 1986). `reach`
 * is, for each diagonal from -step - 1 to step + 1, how many old lines so many steps get past at most. */
typedef struct search_t {
    const texts_t *texts;
    int from; /* of both texts */
    int n;    /* old lines */
    int m;    /* new ones */
    int *reach[STEPS_MAX + 2];
} search_t;

/* From which diagonal step `step` comes to diagonal k. */
static int came_from(const search_t *s, int step, int k)
{
    const int *reach = s->reach[step] + step + 1;

    return k == -step || (k != step && reach[k - 1] < reach[k + 1]) ? k + 1 : k - 1;
}

static int follow(const search_t *s, int x, int y)
{
    while (x < s->n && y < s->m && is_same(s->texts, s->from + x, s->from + y)) {
        x++;
        y++;
    }
    return x;
}

/* Steps that it takes, or -1: too many. */
static int find_way(search_t *s, apr_pool_t *ptemp)
{
    s->reach[0] = apr_pcalloc(ptemp, 3 * sizeof(int));
    for (int step = 0; step <= STEPS_MAX; step++) {
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

/* The new line that each old one has become; -1: it has gone. */
static void go_back(const search_t *s, int steps, int *became)
{
    int x = s->n;
    int y = s->m;

    for (int step = steps; step >= 0; step--) {
        int before = came_from(s, step, x - y);
        int from_x = step ? s->reach[step][step + 1 + before] : 0;
        int from_y = step ? from_x - before : 0;

        while (x > from_x && y > from_y) {
            became[--x] = --y;
        }
        x = from_x;
        y = from_y;
    }
}

static void add_hunks(const search_t *s, const int *became)
{
    int old = 0;
    int new = 0;

    for (int x = 0; x < s->n; x++) {
        if (became[x] >= 0) {
            add_hunk(s->texts, s->from + old, s->from + x, s->from + new, s->from + became[x]);
            old = x + 1;
            new = became[x] + 1;
        }
    }
    add_hunk(s->texts, s->from + old, s->from + s->n, s->from + new, s->from + s->m);
}

/* n old lines from `from` on, and m new ones from there on, differ at both ends. */
static void compare_middle(const texts_t *texts, int from, int n, int m)
{
    apr_pool_t *ptemp = NULL;
    search_t *s;
    int *became;
    int steps;

    if (apr_pool_create(&ptemp, texts->p) != APR_SUCCESS) {
        abort();
    }
    s = apr_pcalloc(ptemp, sizeof(*s));
    *s = (search_t){ .texts = texts, .from = from, .n = n, .m = m };
    steps = find_way(s, ptemp);
    if (steps < 0) {
        add_hunk(texts, from, from + n, from, from + m);
    }
    else {
        became = apr_palloc(ptemp, ((apr_size_t)n + 1) * sizeof(int));
        for (int i = 0; i < n; i++) {
            became[i] = -1;
        }
        go_back(s, steps, became);
        add_hunks(s, became);
    }
    apr_pool_destroy(ptemp);
}

apr_array_header_t *nts_body_diff(const apr_array_header_t *old_lines,
                                  const apr_array_header_t *new_lines, apr_pool_t *p)
{
    texts_t texts = { .old = (const nts_body_line_t *)(const void *)old_lines->elts,
                      .old_count = old_lines->nelts,
                      .new = (const nts_body_line_t *)(const void *)new_lines->elts,
                      .new_count = new_lines->nelts,
                      .hunks = apr_array_make(p, 16, sizeof(nts_body_hunk_t)),
                      .p = p };
    int from = 0;
    int n = texts.old_count;
    int m = texts.new_count;

    while (from < n && from < m && is_same(&texts, from, from)) {
        from++;
    }
    while (n > from && m > from && is_same(&texts, n - 1, m - 1)) {
        n--;
        m--;
    }
    compare_middle(&texts, from, n - from, m - from);
    return texts.hunks;
}
