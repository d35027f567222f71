/* Proves: decimals have one normal form, rounding is half away from zero, doubles become the shortest
 * decimal that reads back, and none of it looks at the locale. */
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "model/nts_decimal.h"
#include "tap/tap.h"
#include "unit/ut_random.h"

static apr_pool_t *pool;

static void test_normalise(void)
{
    static const struct {
        const char *text;
        const char *normal;
    } cases[] = {
        { "0", "0" },
        { "-0", "0" },
        { "0.000", "0" },
        { "-0.0e7", "0" },
        { "12", "12" },
        { "-12.50", "-12.5" },
        { "007", "7" },
        { "1e3", "1000" },
        { "1E+3", "1000" },
        { "1.25e1", "12.5" },
        { "125e-2", "1.25" },
        { "1e-3", "0.001" },
        { "-1.5e-3", "-0.0015" },
        { "100e-2", "1" },
        { "12345678901234567890.5", "12345678901234567890.5" },
        { "1e399", NULL }, /* set below */
        { "", NULL },
        { "-", NULL },
        { "+1", NULL },
        { ".5", NULL },
        { "5.", NULL },
        { "1e", NULL },
        { "1e+", NULL },
        { "1e--5", NULL },
        { "1 ", NULL },
        { " 1", NULL },
        { "0x10", NULL },
        { "NaN", NULL },
        { "Infinity", NULL },
        { "1,5", NULL },
        { "1e400", NULL },
        { "1e-401", NULL },
        { "1e999999999999999999999", NULL },
    };

    for (int i = 0; i < (int)(sizeof(cases) / sizeof(cases[0])); i++) {
        const char *normal = "unset";
        apr_status_t rv = nts_decimal_normalise(&normal, cases[i].text, pool);

        if (strcmp(cases[i].text, "1e399") == 0) {
            tap_ok(rv == APR_SUCCESS && strlen(normal) == 400, "1e399 has 400 digits");
            continue;
        }
        tap_str(normal, cases[i].normal, "normal form of '%s'", cases[i].text);
        tap_int(rv, cases[i].normal ? APR_SUCCESS : APR_EINVAL, "status of '%s'", cases[i].text);
    }
}

static void test_round(void)
{
    static const struct {
        const char *normal;
        int scale;
        const char *rounded;
    } cases[] = {
        { "1.25", 1, "1.3" }, { "-1.25", 1, "-1.3" },   { "1.24", 1, "1.2" },
        { "0.5", 0, "1" },    { "-0.5", 0, "-1" },      { "-0.4", 0, "0" },
        { "9.995", 2, "10" }, { "99.5", 0, "100" },     { "1.2", 5, "1.2" },
        { "0.0004", 3, "0" }, { "0.0005", 3, "0.001" }, { "1234", 0, "1234" },
    };

    for (int i = 0; i < (int)(sizeof(cases) / sizeof(cases[0])); i++) {
        tap_str(nts_decimal_round(cases[i].normal, cases[i].scale, pool), cases[i].rounded,
                "%s to %d digits", cases[i].normal, cases[i].scale);
    }
}

static void test_digits(void)
{
    int before;
    int after;

    nts_decimal_digits("-123.4567", &before, &after);
    tap_int(before, 3, "digits before the point");
    tap_int(after, 4, "digits after the point");
    nts_decimal_digits("0", &before, &after);
    tap_int(before, 1, "zero has one digit");
    tap_int(after, 0, "and no fraction");
}

static void test_doubles(void)
{
    static const struct {
        double value;
        const char *normal;
    } cases[] = {
        { 0.0, "0" },
        { -0.0, "0" },
        { 0.1, "0.1" },
        { -2.5, "-2.5" },
        { 0.1 + 0.2, "0.30000000000000004" },
        { 1e21, "1000000000000000000000" },
        { 9007199254740993.0, "9007199254740992" },
        { 1.0 / 3.0, "0.3333333333333333" },
        { 123456789.125, "123456789.125" },
        /* 2^89: the nearest decimal of 16 digits does not read back, the next one up does */
        { 618970019642690137449562112.0, "618970019642690200000000000" },
    };
    const char *normal;
    double d;

    for (int i = 0; i < (int)(sizeof(cases) / sizeof(cases[0])); i++) {
        tap_int(nts_decimal_from_double(&normal, cases[i].value, pool), APR_SUCCESS, "a number");
        tap_str(normal, cases[i].normal, "shortest decimal of %.17g", cases[i].value);
    }
    (void)nts_decimal_from_double(&normal, 4.9406564584124654e-324, pool);
    tap_int(strlen(normal), 326, "the smallest double has one digit: 5e-324");
    tap_int(nts_decimal_from_double(&normal, NAN, pool), APR_EINVAL, "NaN is refused");
    tap_int(nts_decimal_from_double(&normal, -INFINITY, pool), APR_EINVAL, "infinity is refused");
    (void)nts_decimal_normalise(&normal, "1e309", pool);
    tap_int(nts_decimal_to_double(&d, normal), APR_EINVAL, "1e309 is no double");
}

static void test_random_doubles(void)
{
    int wrong = 0;
    int longer = 0;
    ut_random_t random = { 20261122 };

    for (int i = 0; i < 20000; i++) {
        apr_uint64_t bits = ut_random(&random);
        const char *normal = NULL;
        double value;
        double back = 0;
        char text[64];

        memcpy(&value, &bits, sizeof(value));
        if (i % 2) {
            value = (double)(apr_int64_t)(bits >> 20) / 1000; /* amounts as people have them */
        }
        if (!isfinite(value)) {
            continue;
        }
        if (nts_decimal_from_double(&normal, value, pool) != APR_SUCCESS ||
            nts_decimal_to_double(&back, normal) != APR_SUCCESS ||
            memcmp(&back, &value, sizeof(back)) != 0) {
            wrong += value != 0;
        }
        (void)snprintf(text, sizeof(text), "%.15g", value);
        if (strtod(text, NULL) == value) {
            const char *other;

            (void)nts_decimal_normalise(&other, text, pool);
            longer += strlen(other) < strlen(normal);
        }
        if (i % 1000 == 999) {
            apr_pool_clear(pool);
        }
    }
    tap_int(wrong, 0, "20000 random doubles read back");
    tap_int(longer, 0, "none has a shorter spelling");
}

static void test_compare(void)
{
    static const char *const order[] = { "-100", "-99.5", "-99", "-1",   "-0.5", "-0.05",
                                         "0",    "0.05",  "0.5", "0.55", "1",    "9",
                                         "10",   "10.01", "99",  "100" };
    int count = (int)(sizeof(order) / sizeof(order[0]));
    int wrong = 0;

    for (int i = 0; i < count; i++) {
        for (int k = 0; k < count; k++) {
            int found = nts_decimal_compare(order[i], order[k]);

            wrong += (found > 0) - (found < 0) != (i > k) - (i < k);
        }
    }
    tap_int(wrong, 0, "all are in order");
}

static void test_locale(void)
{
    static const char *const names[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "ru_RU.UTF-8" };
    const char *normal;
    double d;

    for (int i = 0; i < 4; i++) {
        if (setlocale(LC_ALL, names[i])) {
            (void)nts_decimal_from_double(&normal, 1234.5, pool);
            tap_str(normal, "1234.5", "a decimal comma changes nothing (%s)", names[i]);
            (void)nts_decimal_to_double(&d, "1234.5");
            tap_ok(d == 1234.5, "nor when reading");
            (void)setlocale(LC_ALL, "C");
            return;
        }
    }
    tap_skip(2, "no locale with a decimal comma is installed");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    test_normalise();
    test_round();
    test_digits();
    test_doubles();
    test_random_doubles();
    test_compare();
    test_locale();
    apr_terminate();
    return tap_done();
}
