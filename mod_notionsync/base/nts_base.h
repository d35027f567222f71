/* nts_base.h - what every file of the library may assume. */
#ifndef NTS_BASE_H
#define NTS_BASE_H

#include <apr.h>
#include <apr_errno.h>
#include <apr_pools.h>
#include <apr_strings.h>
#include <apr_time.h>

/*
 * Conventions of the whole library:
 * - a function returns apr_status_t and gives results through its first parameters, which are
 *   NULL/0 on entry to its body and set for real only on success;
 * - fixed meanings: APR_ENOENT nothing there, APR_EEXIST uniqueness, APR_EBUSY try again soon,
 *   APR_EAGAIN reopen and retry once, APR_TIMEUP, APR_EINVAL the caller's fault, APR_EMISMATCH
 *   stored data contradicts itself or a value does not fit; anything else is unexpected;
 * - `p` owns the results, `ptemp` is scratch that may be cleared after the call;
 * - times are apr_time_t (microseconds since 1970, wall clock) unless a name says otherwise;
 * - strings are NUL-terminated, valid UTF-8.
 */

#if defined(__GNUC__)
#define NTS_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define NTS_PRINTF(fmt, args)
#endif

/** The two ends of a mapping. Both implement one connector interface; only a rule names a side. */
typedef enum nts_side_t { NTS_NOTION = 0, NTS_EXTERNAL = 1 } nts_side_t;
#define NTS_SIDE_COUNT 2

/** The other end. */
static inline nts_side_t nts_side_other(nts_side_t side)
{
    return side == NTS_NOTION ? NTS_EXTERNAL : NTS_NOTION;
}

/** "notion" or "external": for messages and stored JSON. */
static inline const char *nts_side_name(nts_side_t side)
{
    return side == NTS_NOTION ? "notion" : "external";
}

#endif /* NTS_BASE_H */
