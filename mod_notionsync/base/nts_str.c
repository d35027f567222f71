/* nts_str.c - strict reading and writing of small texts; no call here looks at the locale. */
#include <stdlib.h>
#include <string.h>

#include "base/nts_str.h"

static int is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

apr_size_t nts_utf8_sequence(const char *bytes, apr_size_t len)
{
    const unsigned char *s = (const unsigned char *)bytes;

    if (len == 0 || s[0] == 0) {
        return 0;
    }
    if (s[0] < 0x80) {
        return 1;
    }
    if (s[0] < 0xC2) {
        return 0; /* a continuation byte, or overlong */
    }
    if (s[0] < 0xE0) {
        return len >= 2 && is_continuation(s[1]) ? 2 : 0;
    }
    if (s[0] < 0xF0) {
        if (len < 3 || !is_continuation(s[1]) || !is_continuation(s[2])) {
            return 0;
        }
        if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F)) {
            return 0; /* overlong, surrogate */
        }
        return 3;
    }
    if (s[0] > 0xF4 || len < 4 || !is_continuation(s[1]) || !is_continuation(s[2]) ||
        !is_continuation(s[3])) {
        return 0;
    }
    if ((s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F)) {
        return 0; /* overlong, beyond U+10FFFF */
    }
    return 4;
}

int nts_utf8_is_valid(const char *bytes, apr_size_t len)
{
    apr_size_t at = 0;

    while (at < len) {
        apr_size_t step = nts_utf8_sequence(bytes + at, len - at);

        if (step == 0) {
            return 0;
        }
        at += step;
    }
    return 1;
}

apr_size_t nts_utf8_length(const char *text)
{
    apr_size_t n = 0;

    for (; *text; text++) {
        n += !is_continuation((unsigned char)*text);
    }
    return n;
}

apr_size_t nts_utf8_offset(const char *text, apr_size_t n)
{
    const char *c = text;

    for (; *c; c++) {
        if (!is_continuation((unsigned char)*c) && n-- == 0) {
            break;
        }
    }
    return (apr_size_t)(c - text);
}

static apr_size_t units_of(unsigned char first)
{
    return is_continuation(first) ? 0 : first >= 0xf0 ? 2 : 1;
}

apr_size_t nts_utf16_length(const char *text)
{
    apr_size_t n = 0;

    for (; *text; text++) {
        n += units_of((unsigned char)*text);
    }
    return n;
}

apr_size_t nts_utf16_offset(const char *text, apr_size_t units)
{
    const char *c = text;

    for (; *c; c++) {
        apr_size_t wanted = units_of((unsigned char)*c);

        if (wanted > units) {
            break;
        }
        units -= wanted;
    }
    return (apr_size_t)(c - text);
}

const char *nts_str_printable(const char *text, apr_pool_t *p)
{
    char *shown = apr_pstrdup(p, text);
    char *to = shown;
    const char *from;

    for (from = shown; from && *from; from++) {
        unsigned char c = (unsigned char)*from, next = (unsigned char)from[1];
        int is_c1 = c == 0xc2 && next >= 0x80 && next < 0xa0; /* U+0080 to U+009F */

        *to++ = c < 0x20 || c == 0x7f || is_c1 ? ' ' : *from;
        from += is_c1;
    }
    if (to) {
        *to = '\0';
    }
    return shown;
}

int nts_str_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

void *nts_str_keep(const void *what, apr_size_t size)
{
    void *kept = malloc(size);

    if (!kept) {
        abort();
    }
    return memcpy(kept, what, size);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int nts_str_equal_nocase(const char *a, const char *b)
{
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

/* The digits at *text as a number below zero (so that the most negative one fits); moves *text
 * behind them. APR_EINVAL if there is none or they do not fit. */
static apr_status_t take_digits(apr_int64_t *negative, const char **text)
{
    const char *c = *text;
    apr_int64_t n = 0;

    if (*c < '0' || *c > '9') {
        return APR_EINVAL;
    }
    for (; *c >= '0' && *c <= '9'; c++) {
        int digit = *c - '0';

        if (n < (INT64_MIN + digit) / 10) {
            return APR_EINVAL;
        }
        n = n * 10 - digit;
    }
    *negative = n;
    *text = c;
    return APR_SUCCESS;
}

apr_status_t nts_int_parse(apr_int64_t *value, const char *text, apr_int64_t min, apr_int64_t max)
{
    int is_negative = *text == '-';
    const char *c = text + is_negative;
    apr_int64_t n = 0;

    *value = 0;
    if (take_digits(&n, &c) != APR_SUCCESS || *c != '\0' || (!is_negative && n == INT64_MIN)) {
        return APR_EINVAL;
    }
    if (!is_negative) {
        n = -n;
    }
    if (n < min || n > max) {
        return APR_EINVAL;
    }
    *value = n;
    return APR_SUCCESS;
}

static const struct {
    const char *name;
    apr_int64_t length;
} units[] = {
    { "ms", 1000 },
    { "s", APR_USEC_PER_SEC },
    { "min", 60 * APR_USEC_PER_SEC },
    { "h", 3600 * APR_USEC_PER_SEC },
    { "d", 86400 * APR_USEC_PER_SEC },
};
#define UNIT_COUNT ((int)(sizeof(units) / sizeof(units[0])))

apr_status_t nts_duration_parse(apr_interval_time_t *value, const char *text)
{
    apr_int64_t n = 0;
    int i;

    *value = 0;
    if (take_digits(&n, &text) != APR_SUCCESS) {
        return APR_EINVAL;
    }
    for (i = 0; i < UNIT_COUNT; i++) {
        if (strcmp(text, units[i].name) == 0) {
            if (n < -(INT64_MAX / units[i].length)) {
                return APR_EINVAL;
            }
            *value = -n * units[i].length;
            return APR_SUCCESS;
        }
    }
    return APR_EINVAL;
}

const char *nts_duration_text(apr_interval_time_t value, apr_pool_t *p)
{
    const char *sign = value < 0 ? "-" : "";
    apr_uint64_t n = value < 0 ? (apr_uint64_t)0 - (apr_uint64_t)value : (apr_uint64_t)value;
    apr_uint64_t tenths = 0;
    int i;

    if (n < APR_USEC_PER_SEC - 500) {
        return apr_psprintf(p, "%s%" APR_UINT64_T_FMT " ms", sign, (n + 500) / 1000);
    }
    for (i = 1;; i++) {
        apr_uint64_t tenth = (apr_uint64_t)units[i].length / 10;

        /* What rounds up to the next unit is said in the next unit. */
        tenths = n / tenth + (n % tenth >= tenth / 2);
        if (i + 1 == UNIT_COUNT ||
            tenths < 10 * (apr_uint64_t)(units[i + 1].length / units[i].length)) {
            break;
        }
    }
    if (tenths % 10 == 0) {
        return apr_psprintf(p, "%s%" APR_UINT64_T_FMT " %s", sign, tenths / 10, units[i].name);
    }
    return apr_psprintf(p, "%s%" APR_UINT64_T_FMT ".%d %s", sign, tenths / 10, (int)(tenths % 10),
                        units[i].name);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

const char *nts_hex_text(const unsigned char *bytes, apr_size_t len, apr_pool_t *p)
{
    static const char digits[] = "0123456789abcdef";
    char *text = apr_palloc(p, 2 * len + 1);
    apr_size_t i;

    for (i = 0; i < len; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * len] = '\0';
    return text;
}

apr_status_t nts_hex_parse(unsigned char *bytes, apr_size_t len, const char *text)
{
    apr_size_t i;

    for (i = 0; i < len; i++) {
        int high = hex_value(text[2 * i]);
        int low = high < 0 ? -1 : hex_value(text[2 * i + 1]);

        if (low < 0) {
            return APR_EINVAL;
        }
        bytes[i] = (unsigned char)(high * 16 + low);
    }
    return text[2 * len] == '\0' ? APR_SUCCESS : APR_EINVAL;
}

apr_status_t nts_uuid_normalise(const char **uuid, const char *text, apr_pool_t *p)
{
    int is_dashed = strlen(text) == 36;
    char *to;
    int i;

    *uuid = NULL;
    if (!is_dashed && strlen(text) != 32) {
        return APR_EINVAL;
    }
    to = apr_palloc(p, 37);
    for (i = 0; i < 36; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (is_dashed && *text++ != '-') {
                return APR_EINVAL;
            }
            to[i] = '-';
        }
        else {
            if (hex_value(*text) < 0) {
                return APR_EINVAL;
            }
            to[i] = lower(*text++);
        }
    }
    to[36] = '\0';
    *uuid = to;
    return APR_SUCCESS;
}

static int is_unreserved(char c)
{
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

apr_status_t nts_percent_decode(const char **decoded, const char *text, apr_pool_t *p)
{
    char *start = apr_palloc(p, strlen(text) + 1);
    char *to = start;

    *decoded = NULL;
    for (; *text; text++) {
        if (*text == '%') {
            int high = hex_value(text[1]);
            int low = high < 0 ? -1 : hex_value(text[2]);

            if (low < 0 || high + low == 0) {
                return APR_EINVAL;
            }
            *to++ = (char)(high * 16 + low);
            text += 2;
        }
        else {
            *to++ = *text;
        }
    }
    *to = '\0';
    if (!nts_utf8_is_valid(start, (apr_size_t)(to - start))) {
        return APR_EINVAL;
    }
    *decoded = start;
    return APR_SUCCESS;
}

const char *nts_percent_encode(const char *text, apr_pool_t *p)
{
    static const char digits[] = "0123456789ABCDEF";
    char *start = apr_palloc(p, 3 * strlen(text) + 1);
    char *to = start;

    for (; *text; text++) {
        if (is_unreserved(*text)) {
            *to++ = *text;
        }
        else {
            *to++ = '%';
            *to++ = digits[(unsigned char)*text >> 4];
            *to++ = digits[(unsigned char)*text & 15];
        }
    }
    *to = '\0';
    return start;
}
