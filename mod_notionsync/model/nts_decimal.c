/* nts_decimal.c - exact decimal numbers as text; no call here looks at the locale. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nts_str.h"
#include "model/nts_decimal.h"

/* Far more than a double or any database has; bounds the zeros that an exponent may ask for. */
#define EXPONENT_MAX 100000

/* Where the parts of a JSON number are. */
typedef struct parts_t {
    int is_negative;
    const char *integer;
    int integer_len;
    const char *fraction;
    int fraction_len;
    apr_int64_t exponent;
} parts_t;

static const char *skip_digits(const char *c)
{
    while (*c >= '0' && *c <= '9') {
        c++;
    }
    return c;
}

static apr_status_t take_parts(parts_t *parts, const char *text)
{
    const char *c = text;

    memset(parts, 0, sizeof(*parts));
    if (strlen(text) > 4 * NTS_DECIMAL_DIGITS_MAX) {
        return APR_EINVAL;
    }
    if (*c == '-') {
        parts->is_negative = 1;
        c++;
    }
    parts->integer = c;
    c = skip_digits(c);
    parts->integer_len = (int)(c - parts->integer);
    parts->fraction = c;
    if (*c == '.') {
        parts->fraction = ++c;
        c = skip_digits(c);
        parts->fraction_len = (int)(c - parts->fraction);
        if (parts->fraction_len == 0) {
            return APR_EINVAL;
        }
    }
    if (parts->integer_len == 0) {
        return APR_EINVAL;
    }
    if (*c == 'e' || *c == 'E') {
        c += c[1] == '+' ? 2 : 1;
        return nts_int_parse(&parts->exponent, c, -EXPONENT_MAX, EXPONENT_MAX);
    }
    return *c == '\0' ? APR_SUCCESS : APR_EINVAL;
}

/* Normal form of 0.DIGITS times ten to the power of `point`. */
static apr_status_t from_digits(const char **normal, int is_negative, const char *digits,
                                apr_size_t len, apr_int64_t point, apr_pool_t *p)
{
    apr_int64_t integer_len;
    apr_int64_t fraction_len;
    char *to;
    char *c;

    while (len > 0 && *digits == '0') {
        digits++;
        len--;
        point--;
    }
    while (len > 0 && digits[len - 1] == '0') {
        len--;
    }
    if (len == 0) {
        *normal = "0";
        return APR_SUCCESS;
    }
    integer_len = point > 0 ? point : 1;
    fraction_len = (apr_int64_t)len > point ? (apr_int64_t)len - point : 0;
    if (integer_len > NTS_DECIMAL_DIGITS_MAX || fraction_len > NTS_DECIMAL_DIGITS_MAX) {
        return APR_EINVAL;
    }
    to = c = apr_palloc(p, (apr_size_t)(integer_len + fraction_len + 3));
    if (is_negative) {
        *c++ = '-';
    }
    if (point <= 0) {
        *c++ = '0';
    }
    for (apr_int64_t i = point < 0 ? point : 0; i < (apr_int64_t)len || i < point; i++) {
        if (i == point) {
            *c++ = '.';
        }
        *c++ = i >= 0 && i < (apr_int64_t)len ? digits[i] : '0';
    }
    *c = '\0';
    *normal = to;
    return APR_SUCCESS;
}

apr_status_t nts_decimal_normalise(const char **normal, const char *text, apr_pool_t *p)
{
    parts_t parts;
    const char *digits;
    apr_status_t rv;

    *normal = NULL;
    rv = take_parts(&parts, text);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    digits = apr_psprintf(p, "%.*s%.*s", parts.integer_len, parts.integer, parts.fraction_len,
                          parts.fraction);
    return from_digits(normal, parts.is_negative, digits, strlen(digits),
                       parts.integer_len + parts.exponent, p);
}

int nts_decimal_compare(const char *a, const char *b)
{
    int sign = *a == '-' ? -1 : 1;
    int order = strcmp(a, b);
    int integer[2];
    int fraction[2];

    if ((*a == '-') != (*b == '-')) {
        return sign;
    }
    nts_decimal_digits(a, &integer[0], &fraction[0]);
    nts_decimal_digits(b, &integer[1], &fraction[1]);
    /* With as many digits before the point the texts are in order: what is a prefix of another is less. */
    return integer[0] != integer[1] ? (integer[0] < integer[1] ? -sign : sign) : sign * order;
}

void nts_decimal_digits(const char *normal, int *integer_digits, int *fraction_digits)
{
    const char *integer = normal + (*normal == '-');
    const char *end = skip_digits(integer);

    *integer_digits = (int)(end - integer);
    *fraction_digits = *end == '.' ? (int)strlen(end + 1) : 0;
}

/* Adds one to a row of digits in place; true if it ran over ("99" became "00"). */
static int increment(char *digits, apr_size_t len)
{
    while (len-- > 0) {
        if (digits[len] != '9') {
            digits[len]++;
            return 0;
        }
        digits[len] = '0';
    }
    return 1;
}

const char *nts_decimal_round(const char *normal, int scale, apr_pool_t *p)
{
    int is_negative = *normal == '-';
    const char *rounded = NULL;
    int integer_len;
    int fraction_len;
    char *digits;
    apr_size_t len;

    nts_decimal_digits(normal, &integer_len, &fraction_len);
    if (scale < 0 || fraction_len <= scale) {
        return normal;
    }
    len = (apr_size_t)integer_len + (apr_size_t)scale;
    /* A leading zero has room for the carry. */
    digits = apr_psprintf(p, "0%.*s%.*s", integer_len, normal + is_negative, scale,
                          normal + is_negative + integer_len + 1);
    if (normal[is_negative + integer_len + 1 + scale] >= '5') {
        (void)increment(digits, len + 1);
    }
    if (from_digits(&rounded, is_negative, digits, len + 1, integer_len + 1, p) != APR_SUCCESS) {
        return normal; /* 400 nines; cannot become longer than what is accepted */
    }
    return rounded;
}

/* A mantissa of digits and the power of ten behind it to the nearest double. Without a decimal
 * point strtod does not look at the locale (D57). */
static double to_double(int is_negative, const char *digits, int len, int exponent)
{
    char text[2 * NTS_DECIMAL_DIGITS_MAX + 40];

    (void)snprintf(text, sizeof(text), "%s%.*se%d", is_negative ? "-" : "", len, digits, exponent);
    return strtod(text, NULL);
}

apr_status_t nts_decimal_to_double(double *value, const char *normal)
{
    char digits[2 * NTS_DECIMAL_DIGITS_MAX + 1];
    int is_negative = *normal == '-';
    int integer_len;
    int fraction_len;
    double d;

    *value = 0;
    nts_decimal_digits(normal, &integer_len, &fraction_len);
    if (integer_len > NTS_DECIMAL_DIGITS_MAX || fraction_len > NTS_DECIMAL_DIGITS_MAX) {
        return APR_EINVAL;
    }
    memcpy(digits, normal + is_negative, (apr_size_t)integer_len);
    memcpy(digits + integer_len, normal + is_negative + integer_len + 1, (apr_size_t)fraction_len);
    d = to_double(is_negative, digits, integer_len + fraction_len, -fraction_len);
    if (!isfinite(d)) {
        return APR_EINVAL;
    }
    *value = d;
    return APR_SUCCESS;
}

/* The `count` significant digits nearest to `value` > 0 and the power of ten behind them. Whatever
 * the locale puts for a decimal point is no digit. */
static void to_digits(char *digits, int *exponent, double value, int count)
{
    char text[64];
    int len = 0;
    const char *c = text;

    (void)snprintf(text, sizeof(text), "%.*e", count - 1, value);
    for (; *c && *c != 'e'; c++) {
        if (*c >= '0' && *c <= '9' && len < count) {
            digits[len++] = *c;
        }
    }
    digits[len] = '\0';
    *exponent = (*c == 'e' ? (int)strtol(c + 1, NULL, 10) : 0) - (count - 1);
}

apr_status_t nts_decimal_from_double(const char **normal, double value, apr_pool_t *p)
{
    double magnitude = fabs(value);
    int count = magnitude < DBL_MIN ? 1 : DBL_DIG; /* the smallest have fewer digits than 15 */

    *normal = NULL;
    if (!isfinite(value)) {
        return APR_EINVAL;
    }
    if (magnitude == 0) {
        *normal = "0";
        return APR_SUCCESS;
    }
    for (;; count++) {
        char digits[DBL_DECIMAL_DIG + 1];
        int exponent;
        int found;

        to_digits(digits, &exponent, magnitude, count);
        found = to_double(0, digits, count, exponent) == magnitude;
        if (!found && count < DBL_DECIMAL_DIG) {
            /* Above a power of two the doubles lie twice as far apart as below: the next decimal
             * up may read back where the nearest does not. */
            found = !increment(digits, (apr_size_t)count) &&
                    to_double(0, digits, count, exponent) == magnitude;
        }
        if (found || count == DBL_DECIMAL_DIG) {
            return from_digits(normal, value < 0, digits, (apr_size_t)count, count + exponent, p);
        }
    }
}
