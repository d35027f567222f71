/* nts_decimal.h - exact decimal numbers as text. */
#ifndef NTS_DECIMAL_H
#define NTS_DECIMAL_H

#include "base/nts_base.h"

/** Longest integer part or fraction accepted, in digits. */
#define NTS_DECIMAL_DIGITS_MAX 400

/** Normal form: optional '-', digits without leading zeros, optional '.' and digits without trailing
 *  zeros; no exponent; "-0" is "0". Accepts JSON spelling with exponents. APR_EINVAL otherwise. */
apr_status_t nts_decimal_normalise(const char **normal, const char *text, apr_pool_t *p);
/** Below, at or above zero as @a a is less than, equal to or greater than @a b, both normal forms. */
int nts_decimal_compare(const char *a, const char *b);
/** Digits before and after the point of a normal form. */
void nts_decimal_digits(const char *normal, int *integer_digits, int *fraction_digits);
/** Round half away from zero to @a scale digits after the point; normal form. */
const char *nts_decimal_round(const char *normal, int scale, apr_pool_t *p);
/** The shortest decimal that reads back as the same IEEE double, in normal form; independent of the
 *  locale (D57). APR_EINVAL for infinities and NaN. */
apr_status_t nts_decimal_from_double(const char **normal, double value, apr_pool_t *p);
/** The nearest double. APR_EINVAL if it overflows. */
apr_status_t nts_decimal_to_double(double *value, const char *normal);

#endif /* NTS_DECIMAL_H */
