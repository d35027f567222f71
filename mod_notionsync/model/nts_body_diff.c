/* nts_body_diff.c - which lines of a body differ. */
#include <string.h>

#include "model/nts_body_impl.h"
#include "model/nts_diff.h"

typedef struct texts_t {
    const apr_array_header_t *old; /* nts_body_line_t */
    const apr_array_header_t *now;
} texts_t;

static int is_same(const void *baton, int old, int now)
{
    const texts_t *texts = baton;

    return strcmp(APR_ARRAY_IDX(texts->old, old, nts_body_line_t).text,
                  APR_ARRAY_IDX(texts->now, now, nts_body_line_t).text) == 0;
}

static void add_hunk(apr_array_header_t *hunks, int from, int to, int new_from, int new_to)
{
    if (from < to || new_from < new_to) {
        APR_ARRAY_PUSH(hunks, nts_body_hunk_t) = (nts_body_hunk_t){ from, to, new_from, new_to, 0 };
    }
}

apr_array_header_t *nts_body_diff(const apr_array_header_t *old_lines,
                                  const apr_array_header_t *new_lines, apr_pool_t *p)
{
    apr_array_header_t *hunks = apr_array_make(p, 16, sizeof(nts_body_hunk_t));
    texts_t texts = { old_lines, new_lines };
    const int *became = nts_diff(old_lines->nelts, new_lines->nelts, is_same, &texts, p);
    int old = 0;
    int new = 0;

    for (int x = 0; x < old_lines->nelts; x++) {
        if (became[x] >= 0) {
            add_hunk(hunks, old, x, new, became[x]);
            old = x + 1;
            new = became[x] + 1;
        }
    }
    add_hunk(hunks, old, old_lines->nelts, new, new_lines->nelts);
    return hunks;
}
