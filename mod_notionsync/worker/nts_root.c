/* nts_root.c - pools that share nothing with any other. */
#include <stdlib.h>

#include <apr_allocator.h>

#include "worker/nts_root.h"

apr_pool_t *nts_root_create(const char *tag, apr_size_t keep)
{
    apr_allocator_t *allocator = NULL;
    apr_pool_t *pool = NULL;

    if (apr_allocator_create(&allocator) != APR_SUCCESS ||
        apr_pool_create_unmanaged_ex(&pool, NULL, allocator) != APR_SUCCESS) {
        abort();
    }
    /* 0 would mean: keep everything. */
    apr_allocator_max_free_set(allocator, keep ? keep : 1);
    apr_allocator_owner_set(allocator, pool);
    apr_pool_tag(pool, tag);
    return pool;
}
