/* Seeded chance for property tests: splitmix64. */
#ifndef UT_RANDOM_H
#define UT_RANDOM_H

#include <apr.h>

typedef struct ut_random_t {
    apr_uint64_t state;
} ut_random_t;

static inline apr_uint64_t ut_random(ut_random_t *random)
{
    apr_uint64_t z = (random->state += APR_UINT64_C(0x9E3779B97F4A7C15));

    z = (z ^ (z >> 30)) * APR_UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * APR_UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/** Uniform enough in [0, below). */
static inline int ut_random_below(ut_random_t *random, int below)
{
    return (int)(ut_random(random) % (apr_uint64_t)below);
}

#endif /* UT_RANDOM_H */
