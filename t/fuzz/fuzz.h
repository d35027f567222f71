/* fuzz.h - what the fuzzers share. Each is one function that takes bytes from outside and must neither crash nor break
 * a promise of the parser it tries; libFuzzer calls it (make fuzz), and so does replay.c (make check). */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_pools.h>
#include <apr_strings.h>

/** What a fuzzer is. @a p is empty, and destroyed behind it. */
void fuzz_one(const unsigned char *data, size_t len, apr_pool_t *p);

/** The same by libFuzzer's name for it (fuzz.c). Always answers 0. */
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t len);

/** Ends the process if a promise does not hold. */
#define FUZZ_ASSERT(held)                                                                          \
    do {                                                                                           \
        if (!(held)) {                                                                             \
            (void)fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #held);        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/** The input as a text, up to its first NUL. */
__attribute__((unused)) static const char *fuzz_text(const unsigned char *data, size_t len,
                                                     apr_pool_t *p)
{
    return apr_pstrmemdup(p, (const char *)data, len);
}

#endif /* FUZZ_H */
