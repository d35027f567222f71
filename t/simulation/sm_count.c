/* sm_count.c - how often what happened: does the world bring about what it is said to? */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "simulation/sm_kernel.h"

static int is_on;

void sm_count_all(int on)
{
    is_on = on;
}

int sm_is_counting(void)
{
    return is_on;
}

void sm_count(sm_t *sm, const char *what)
{
    int *count;

    if (!is_on) {
        return;
    }
    if (!sm->kernel->counts) {
        sm->kernel->counts = apr_hash_make(sm->p);
    }
    count = apr_hash_get(sm->kernel->counts, what, APR_HASH_KEY_STRING);
    if (!count) {
        count = apr_pcalloc(sm->p, sizeof(*count));
        apr_hash_set(sm->kernel->counts, apr_pstrdup(sm->p, what), APR_HASH_KEY_STRING, count);
    }
    ++*count;
}

const char *sm_count_text(const sm_t *sm, apr_pool_t *p)
{
    apr_hash_index_t *at;
    const char *text = "";

    for (at = sm->kernel->counts ? apr_hash_first(p, sm->kernel->counts) : NULL; at;
         at = apr_hash_next(at)) {
        text = apr_psprintf(p, "%s%s\t%d\n", text, (const char *)apr_hash_this_key(at),
                            *(const int *)apr_hash_this_val(at));
    }
    return text;
}
