/* Values in tests: as the JSON that nts_value_json.c describes, and by chance. */
#ifndef UT_VALUES_H
#define UT_VALUES_H

#include <string.h>

#include "model/nts_value.h"
#include "unit/ut_random.h"

/** The value that a JSON text stands for; absent if it is none. */
__attribute__((unused)) static nts_value_t ut_value(const char *json, apr_pool_t *p)
{
    const nts_json_t *node = NULL;
    nts_value_t value;

    (void)nts_json_parse(&node, json, strlen(json), NULL, p);
    (void)nts_value_from_json(&value, node, p);
    return value;
}

/** The other way; "{}" is absent. */
__attribute__((unused)) static const char *ut_text(const nts_value_t *value, apr_pool_t *p)
{
    nts_json_t *array = nts_json_make_array(p);

    nts_value_to_json(value, array, NULL);
    return nts_json_text(nts_json_at(array, 0), p);
}

__attribute__((unused)) static const char *ut_random_text(ut_random_t *random, apr_pool_t *p)
{
    static const char *const parts[] = {
        "a", "B", ",", "\"", " ",   "\\", "\n", "0", "-", "\xc3\xa4", "\xf0\x9f\x93\xa6",
        "'", "]", "x", "/",  "true"
    };
    const char *text = "";

    for (int n = ut_random_below(random, 8); n > 0; n--) {
        text = apr_pstrcat(p, text, parts[ut_random_below(random, 16)], NULL);
    }
    return text;
}

__attribute__((unused)) static const char *ut_random_instant(ut_random_t *random, apr_pool_t *p)
{
    apr_time_t t = apr_time_from_sec((apr_int64_t)ut_random_below(random, 2000000000) - 100000000);
    static const int fractions[] = { 0, 0, 500000, 118000, 123456 };

    return nts_value_instant_text(t + fractions[ut_random_below(random, 5)], p);
}

__attribute__((unused)) static nts_value_t ut_random_date(ut_random_t *random, apr_pool_t *p)
{
    const char *start = ut_random_instant(random, p);
    const char *end = ut_random_below(random, 3) == 0 ? ut_random_instant(random, p) : NULL;
    nts_value_t value;

    if (ut_random_below(random, 2)) {
        start = apr_pstrmemdup(p, start, 10);
        end = end ? apr_pstrmemdup(p, end, 10) : NULL;
    }
    (void)nts_value_date(&value, start, end, p);
    return value;
}

__attribute__((unused)) static nts_option_t ut_random_option(ut_random_t *random, apr_pool_t *p)
{
    nts_option_t option = { NULL, apr_pstrcat(p, "o", ut_random_text(random, p), NULL) };

    if (ut_random_below(random, 2)) {
        option.id = apr_pstrcat(p, "id of ", option.name, NULL); /* as in one data source */
    }
    return option;
}

__attribute__((unused)) static nts_value_t ut_random_number(ut_random_t *random, apr_pool_t *p)
{
    nts_value_t value;
    const char *text =
        apr_psprintf(p, "%" APR_INT64_T_FMT "e%d",
                     (apr_int64_t)(ut_random(random) >> ut_random_below(random, 60)) *
                         (ut_random_below(random, 2) ? 1 : -1),
                     ut_random_below(random, 10) - 5);

    if (ut_random_below(random, 2)) {
        text = apr_psprintf(p, "%d", ut_random_below(random, 5));
    }
    (void)nts_value_number(&value, text, p);
    return value;
}

/** Any value at all. */
__attribute__((unused)) static nts_value_t ut_random_value(ut_random_t *random, apr_pool_t *p)
{
    nts_value_t value = nts_value_null;
    nts_option_t options[4];
    int count = ut_random_below(random, 5);

    switch ((nts_value_kind_t)ut_random_below(random, NTS_VALUE_OPAQUE + 1)) {
    case NTS_VALUE_ABSENT:
        return nts_value_absent;
    case NTS_VALUE_NULL:
        break;
    case NTS_VALUE_TEXT:
        value = nts_value_text(ut_random_text(random, p));
        break;
    case NTS_VALUE_NUMBER:
        value = ut_random_number(random, p);
        break;
    case NTS_VALUE_BOOL:
        value = nts_value_bool(ut_random_below(random, 2));
        break;
    case NTS_VALUE_DATE:
        value = ut_random_date(random, p);
        break;
    case NTS_VALUE_OPTION:
        options[0] = ut_random_option(random, p);
        value = nts_value_option(options[0].id, options[0].name);
        break;
    case NTS_VALUE_SET:
        for (int i = 0; i < count && i < 4; i++) {
            options[i] = ut_random_option(random, p);
        }
        value = nts_value_set(options, count < 4 ? count : 4, p);
        break;
    case NTS_VALUE_OPAQUE:
        value = nts_value_opaque(ut_random_text(random, p));
        break;
    }
    value.truncated = ut_random_below(random, 10) == 0;
    return value;
}

#endif /* UT_VALUES_H */
