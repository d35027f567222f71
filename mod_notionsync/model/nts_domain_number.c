/* nts_domain_number.c - numbers: exact decimals, whole numbers, doubles, and texts that hold one.
 */
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nts_str.h"
#include "model/nts_decimal.h"
#include "model/nts_domain_impl.h"

/* The number that a value holds, if any. */
static const char *number_of(const nts_type_t *type, const nts_value_t *value, apr_pool_t *p)
{
    const char *text = value->as.text;
    const char *normal = NULL;

    if (value->kind == NTS_VALUE_NUMBER) {
        return text;
    }
    if (value->kind == NTS_VALUE_BOOL && type->varying) {
        return value->as.truth ? "1" : "0";
    }
    if (value->kind != NTS_VALUE_TEXT) {
        return NULL;
    }
    if (type->serial) { /* "ORD-17" */
        const char *dash = strrchr(text, '-');

        text = dash ? dash + 1 : text;
    }
    return nts_decimal_normalise(&normal, text, p) == APR_SUCCESS ? normal : NULL;
}

/* The nearest number that a double holds; NULL beyond its range. */
static const char *through_double(const char *normal, apr_pool_t *p)
{
    const char *back = NULL;
    double d;

    if (nts_decimal_to_double(&d, normal) != APR_SUCCESS ||
        nts_decimal_from_double(&back, d, p) != APR_SUCCESS) {
        return NULL;
    }
    return back;
}

/* The shortest decimal that stands for the same float as this one does: what databases show; NULL beyond its range. */
static const char *through_single(const char *normal, apr_pool_t *p)
{
    const char *back = NULL;
    double d;
    float f;
    int digits;

    if (nts_decimal_to_double(&d, normal) != APR_SUCCESS || d > FLT_MAX || d < -FLT_MAX) {
        return NULL;
    }
    f = (float)d;
    for (digits = FLT_DIG; digits <= FLT_DECIMAL_DIG && !back; digits++) {
        char text[32];

        (void)snprintf(text, sizeof(text), "%.*e", digits - 1, (double)f);
        if (digits == FLT_DECIMAL_DIG || strtof(text, NULL) == f) {
            (void)nts_decimal_normalise(&back, text, p);
        }
    }
    return back;
}

static int fits_64_bits(const char *whole)
{
    apr_int64_t n;

    return nts_int_parse(&n, whole, INT64_MIN, INT64_MAX) == APR_SUCCESS;
}

/* The number as a field of that type holds it, with its nearest value; NULL if nothing is near. */
static const char *fit(const nts_type_t *type, const char *normal, apr_pool_t *p)
{
    const char *fitted = normal;
    int integer_digits;
    int fraction_digits;

    if (type->binary) {
        fitted = type->single ? through_single(fitted, p) : through_double(fitted, p);
    }
    if (fitted && (type->whole || type->precision)) {
        fitted = nts_decimal_round(fitted, type->whole ? 0 : type->scale, p);
    }
    if (!fitted) {
        return NULL;
    }
    nts_decimal_digits(fitted, &integer_digits, &fraction_digits);
    if (type->precision) {
        int room = type->precision - (type->whole ? 0 : type->scale);

        /* DECIMAL(2,2) holds 0.25: the zero before the point is no digit of it. */
        integer_digits -= fitted[fitted[0] == '-'] == '0';
        return integer_digits <= room ? fitted : NULL;
    }
    return type->whole && !type->binary && !fits_64_bits(fitted) ? NULL : fitted;
}

static apr_status_t project_number(nts_value_t *common, const nts_domain_t *domain, nts_side_t side,
                                   const nts_value_t *value, nts_outcome_t *out, apr_pool_t *p)
{
    const nts_type_t *own = &domain->types[side];
    const char *number = number_of(own, value, p);
    const char *fitted = number;
    apr_status_t rv = APR_SUCCESS;

    if (number && own->binary) {
        /* Its spelling may have spare digits. */
        fitted = number = own->single ? through_single(number, p) : through_double(number, p);
    }
    if (!number) {
        return nts_domain_strange(domain, side, value, out, p);
    }
    /* The other side first: when both change the value, that is the one to name. */
    for (int i = 0; i < NTS_SIDE_COUNT; i++) {
        nts_side_t at = i == 0 ? nts_side_other(side) : side;
        const char *before = fitted;

        fitted = fit(&domain->types[at], before, p);
        if (!fitted) {
            return nts_domain_unfit(out, p, "change the number, or use a field with more digits",
                                    "the number %s is beyond what the %s field (%s) holds",
                                    nts_domain_show(value, p), nts_side_name(at),
                                    domain->types[at].native);
        }
        if (rv == APR_SUCCESS && strcmp(fitted, before) != 0) {
            rv = nts_domain_lossy(domain, out, p, "the %s field (%s) would hold %s as %s",
                                  nts_side_name(at), domain->types[at].native, before, fitted);
        }
    }
    common->kind = NTS_VALUE_NUMBER;
    common->as.text = fitted;
    return rv;
}

static apr_status_t render_number(nts_value_t *value, const nts_domain_t *domain, nts_side_t side,
                                  const nts_value_t *common, nts_outcome_t *out, apr_pool_t *p)
{
    if (common->kind != NTS_VALUE_NUMBER) {
        return nts_domain_strange(domain, side, common, out, p);
    }
    *value = *common;
    if (domain->types[side].kind == NTS_TYPE_TEXT) {
        value->kind = NTS_VALUE_TEXT;
    }
    return APR_SUCCESS;
}

const nts_family_t nts_family_number = { "number", project_number, render_number };
