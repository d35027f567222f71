/* nts_clock.c - the machine's clocks and random numbers. */
#include <stdlib.h>
#include <time.h>

#include <openssl/rand.h>

#include "base/nts_clock.h"
#include "base/nts_str.h"

static apr_time_t system_wall(void *baton)
{
    (void)baton;
    return apr_time_now();
}

static apr_time_t system_mono(void *baton)
{
    struct timespec now;

    (void)baton;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        abort(); /* POSIX knows no reason; without it no budget and no time-out would hold */
    }
    return apr_time_from_sec((apr_time_t)now.tv_sec) + (apr_time_t)(now.tv_nsec / 1000);
}

const nts_clock_t nts_clock_system = { system_wall, system_mono, NULL };

static void system_bytes(void *baton, unsigned char *to, apr_size_t len)
{
    (void)baton;
    while (len > 0) {
        int part = len > 1 << 20 ? 1 << 20 : (int)len;

        if (RAND_bytes(to, part) != 1) {
            abort(); /* going on would mean guessable keys and nonces */
        }
        to += part;
        len -= (apr_size_t)part;
    }
}

const nts_random_t nts_random_system = { system_bytes, NULL };

const char *nts_random_uuid(const nts_random_t *random, apr_pool_t *p)
{
    unsigned char bytes[16];
    const char *uuid;

    random->bytes(random->baton, bytes, sizeof(bytes));
    bytes[6] = (unsigned char)((bytes[6] & 0x0F) | 0x40); /* version 4 */
    bytes[8] = (unsigned char)((bytes[8] & 0x3F) | 0x80); /* variant of RFC 9562 */
    /* 32 hex digits are always a UUID. */
    (void)nts_uuid_normalise(&uuid, nts_hex_text(bytes, sizeof(bytes), p), p);
    return uuid;
}

apr_uint32_t nts_random_below(const nts_random_t *random, apr_uint32_t below)
{
    /* Numbers under 2^32 modulo below are refused: without them every remainder is equally likely. */
    apr_uint32_t refused = (apr_uint32_t)(0 - below) % below;
    apr_uint32_t drawn;

    do {
        random->bytes(random->baton, (unsigned char *)&drawn, sizeof(drawn));
    } while (drawn < refused);
    return drawn % below;
}
