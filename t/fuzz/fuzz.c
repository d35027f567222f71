/* fuzz.c - one input, with a pool of its own: what a parser leaves behind outside it is a leak. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t len)
{
    static int is_initialized;
    apr_pool_t *p;

    if (!is_initialized) {
        (void)apr_initialize();
        is_initialized = 1;
    }
    (void)apr_pool_create(&p, NULL);
    fuzz_one(data, len, p);
    apr_pool_destroy(p);
    return 0;
}
