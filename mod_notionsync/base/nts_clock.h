/* nts_clock.h - time and chance as interfaces, so that tests and the simulation own both. */
#ifndef NTS_CLOCK_H
#define NTS_CLOCK_H

#include "base/nts_base.h"

/** A source of time. Wall time may step (D56); mono never goes back. Both in microseconds. */
typedef struct nts_clock_t {
    apr_time_t (*wall)(void *baton);
    apr_time_t (*mono)(void *baton);
    void *baton;
} nts_clock_t;

/** The machine's clocks. */
extern const nts_clock_t nts_clock_system;

/** A source of random bytes; the system's is cryptographically strong. */
typedef struct nts_random_t {
    void (*bytes)(void *baton, unsigned char *to, apr_size_t len);
    void *baton;
} nts_random_t;

extern const nts_random_t nts_random_system;

/** A random version 4 UUID, lower case with dashes, from @a p. */
const char *nts_random_uuid(const nts_random_t *random, apr_pool_t *p);

/** Uniform in [0, below); @a below > 0. */
apr_uint32_t nts_random_below(const nts_random_t *random, apr_uint32_t below);

#endif /* NTS_CLOCK_H */
