/* nts_str.h - strict reading and writing of small texts. Independent of the locale (D57). */
#ifndef NTS_STR_H
#define NTS_STR_H

#include "base/nts_base.h"

/** True if the bytes are valid UTF-8 without NUL (overlong forms and surrogates are invalid). */
int nts_utf8_is_valid(const char *bytes, apr_size_t len);
/** Bytes of the valid character that begins here, 1 to 4; 0 if none does (or it is NUL). */
apr_size_t nts_utf8_sequence(const char *bytes, apr_size_t len);
/** Number of code points of a valid text. */
apr_size_t nts_utf8_length(const char *text);
/** Byte offset of code point number @a n (or the length in bytes when shorter). */
apr_size_t nts_utf8_offset(const char *text, apr_size_t n);
/** The same in UTF-16 units, as JavaScript counts: two for a character beyond U+FFFF. An offset is never within a character. */
apr_size_t nts_utf16_length(const char *text);
apr_size_t nts_utf16_offset(const char *text, apr_size_t units);
/** For terminals: a space for each control character, which could be a command to one. NULL stays NULL. */
const char *nts_str_printable(const char *text, apr_pool_t *p);
/** Equality of two texts that may be missing: NULL equals only NULL. */
int nts_str_same(const char *a, const char *b);
/** A copy of @a size bytes outside of any pool, for what comes and goes as long as a process lives. The caller free()s it. Never
 *  NULL: a process without memory ends, and its successor finds its work in the store. */
void *nts_str_keep(const void *what, apr_size_t size);
/** Case-insensitive equality for ASCII letters, exact for all else. */
int nts_str_equal_nocase(const char *a, const char *b);

/** Whole decimal number, nothing before or after. APR_EINVAL if not, or out of [min, max]. */
apr_status_t nts_int_parse(apr_int64_t *value, const char *text, apr_int64_t min, apr_int64_t max);
/** "300ms", "5s", "10min", "2h", "90d" to microseconds. A bare number is APR_EINVAL, and so is "5m",
 *  which some read as months. */
apr_status_t nts_duration_parse(apr_interval_time_t *value, const char *text);
/** "300 ms", "1.5 s", "2 min", "3 h", "4 d": for people, rounded to a tenth of the unit. */
const char *nts_duration_text(apr_interval_time_t value, apr_pool_t *p);

/** Any UUID spelling (dashes or not, any case) to the lower-case dashed form; APR_EINVAL if none. */
apr_status_t nts_uuid_normalise(const char **uuid, const char *text, apr_pool_t *p);

/** RFC 3339 date-time with offset or Z ("2026-11-22T10:15:42.118Z", "+01:00"), or one without an
 *  offset, read as UTC. Fractions beyond microseconds are cut. */
apr_status_t nts_time_parse(apr_time_t *value, const char *text);
/** "2026-11-22T10:15:42.118Z", milliseconds, UTC. */
const char *nts_time_text(apr_time_t value, apr_pool_t *p);

/** Lower-case hex. */
const char *nts_hex_text(const unsigned char *bytes, apr_size_t len, apr_pool_t *p);
/** Exactly @a len bytes from 2*len hex digits of either case; APR_EINVAL otherwise. */
apr_status_t nts_hex_parse(unsigned char *bytes, apr_size_t len, const char *text);

/** %XX decoding of a whole text; APR_EINVAL on a broken escape, an encoded NUL, or when the result
 *  is not UTF-8. A plus sign stays one. */
apr_status_t nts_percent_decode(const char **decoded, const char *text, apr_pool_t *p);
/** Percent-encodes everything but unreserved characters. */
const char *nts_percent_encode(const char *text, apr_pool_t *p);

#endif /* NTS_STR_H */
