/* nts_value.c - canonical values: making, comparing, copying. */
#include <stdlib.h>
#include <string.h>

#include "base/nts_str.h"
#include "model/nts_decimal.h"
#include "model/nts_value.h"

/* The years 0000 to 9999. */
#define INSTANT_MIN apr_time_from_sec(APR_INT64_C(-62167219200))
#define INSTANT_MAX (apr_time_from_sec(APR_INT64_C(253402300800)) - 1)

const nts_value_t nts_value_absent = { .kind = NTS_VALUE_ABSENT };
const nts_value_t nts_value_null = { .kind = NTS_VALUE_NULL };

nts_value_t nts_value_text(const char *text)
{
    nts_value_t value = { .kind = NTS_VALUE_TEXT };

    value.as.text = text;
    return value;
}

apr_status_t nts_value_number(nts_value_t *value, const char *text, apr_pool_t *p)
{
    const char *normal;
    apr_status_t rv = nts_decimal_normalise(&normal, text, p);

    *value = nts_value_absent;
    if (rv == APR_SUCCESS) {
        value->kind = NTS_VALUE_NUMBER;
        value->as.text = normal;
    }
    return rv;
}

nts_value_t nts_value_bool(int truth)
{
    nts_value_t value = { .kind = NTS_VALUE_BOOL };

    value.as.truth = truth != 0;
    return value;
}

nts_value_t nts_value_option(const char *id, const char *name)
{
    nts_value_t value = { .kind = NTS_VALUE_OPTION };

    value.as.option.id = id;
    value.as.option.name = name;
    return value;
}

nts_value_t nts_value_opaque(const char *what)
{
    nts_value_t value = { .kind = NTS_VALUE_OPAQUE };

    value.as.text = what;
    return value;
}

int nts_option_equal(const nts_option_t *a, const nts_option_t *b)
{
    if (a->id && b->id) {
        return strcmp(a->id, b->id) == 0;
    }
    return strcmp(a->name, b->name) == 0;
}

static int compare_options(const void *a, const void *b)
{
    const nts_option_t *x = a;
    const nts_option_t *y = b;
    int order = strcmp(x->name, y->name);

    if (order == 0) {
        order = strcmp(x->id ? x->id : "", y->id ? y->id : "");
    }
    return order;
}

static int has_option(const nts_option_t *options, int count, const nts_option_t *wanted)
{
    for (int i = 0; i < count; i++) {
        if (nts_option_equal(&options[i], wanted)) {
            return 1;
        }
    }
    return 0;
}

nts_value_t nts_value_set(const nts_option_t *options, int count, apr_pool_t *p)
{
    nts_value_t value = { .kind = NTS_VALUE_SET };
    nts_option_t *sorted = apr_palloc(p, sizeof(*sorted) * (apr_size_t)(count + 1));
    nts_option_t *kept = apr_palloc(p, sizeof(*kept) * (apr_size_t)(count + 1));

    if (count > 0) {
        memcpy(sorted, options, sizeof(*sorted) * (apr_size_t)count);
        qsort(sorted, (size_t)count, sizeof(*sorted), compare_options);
    }
    /* From the back, so that of one name the spelling with an id stays. */
    value.as.set.options = kept + count;
    for (int i = count - 1; i >= 0; i--) {
        if (!has_option(value.as.set.options, value.as.set.count, &sorted[i])) {
            value.as.set.count++;
            value.as.set.options--;
            kept[count - value.as.set.count] = sorted[i];
        }
    }
    return value;
}

const char *nts_value_instant_text(apr_time_t instant, apr_pool_t *p)
{
    apr_int64_t fraction;
    char digits[16];
    int len = 6;

    /* A zone's offset must not carry the first or last day into a year of other length. */
    instant = instant < INSTANT_MIN ? INSTANT_MIN : instant > INSTANT_MAX ? INSTANT_MAX : instant;
    fraction = instant % APR_USEC_PER_SEC;
    if (fraction < 0) {
        fraction += APR_USEC_PER_SEC;
    }
    if (fraction == 0) {
        return apr_psprintf(p, "%.19sZ", nts_time_text(instant, p));
    }
    (void)apr_snprintf(digits, sizeof(digits), "%06d", (int)fraction);
    while (digits[len - 1] == '0') {
        len--;
    }
    return apr_psprintf(p, "%.19s.%.*sZ", nts_time_text(instant, p), len, digits);
}

/* Length of the offset at the end of an instant: "Z", "+01:00", "+01" or nothing. */
static apr_size_t offset_length(const char *text)
{
    apr_size_t len = strlen(text);

    if (len > 0 && (text[len - 1] == 'Z' || text[len - 1] == 'z')) {
        return 1;
    }
    if (len > 16 && (text[len - 6] == '+' || text[len - 6] == '-')) {
        return 6;
    }
    /* Behind "YYYY-MM-DDTHH:MM" at the earliest, so that no date's dash is taken. */
    return len > 16 && (text[len - 3] == '+' || text[len - 3] == '-') ? 3 : 0;
}

int nts_value_has_offset(const char *text)
{
    return offset_length(text) > 0;
}

apr_status_t nts_value_instant_parse(apr_time_t *instant, const char *text, apr_pool_t *p)
{
    apr_size_t offset = offset_length(text);
    apr_size_t len = strlen(text) - offset;
    apr_status_t rv;

    *instant = 0;
    if (len < 16 || len > 64) {
        return APR_EINVAL;
    }
    /* Databases leave out seconds, and minutes of an offset. */
    rv = nts_time_parse(instant,
                        apr_psprintf(p, "%.*s%s%s%s", (int)len, text, len == 16 ? ":00" : "",
                                     text + len, offset == 3 ? ":00" : ""));
    if (rv == APR_SUCCESS && (*instant < INSTANT_MIN || *instant > INSTANT_MAX)) {
        return APR_EINVAL; /* by its offset */
    }
    return rv;
}

/* One end of a date in its one spelling. */
static apr_status_t spell_date(const char **spelled, const char *text, apr_pool_t *p)
{
    apr_time_t instant;
    apr_status_t rv;

    if (strlen(text) == 10) {
        rv = nts_time_parse(&instant, apr_pstrcat(p, text, "T00:00:00Z", NULL));
        *spelled = text;
        return rv;
    }
    rv = nts_value_instant_parse(&instant, text, p);
    *spelled = rv == APR_SUCCESS ? nts_value_instant_text(instant, p) : NULL;
    return rv;
}

apr_status_t nts_value_date(nts_value_t *value, const char *start, const char *end, apr_pool_t *p)
{
    nts_date_t date = { NULL, NULL };
    apr_status_t rv = spell_date(&date.start, start, p);

    *value = nts_value_absent;
    if (rv == APR_SUCCESS && end) {
        rv = spell_date(&date.end, end, p);
        if (rv == APR_SUCCESS && (strlen(date.start) == 10) != (strlen(date.end) == 10)) {
            rv = APR_EINVAL;
        }
    }
    if (rv == APR_SUCCESS) {
        value->kind = NTS_VALUE_DATE;
        value->as.date.start = apr_pstrdup(p, date.start);
        value->as.date.end = apr_pstrdup(p, date.end);
    }
    return rv;
}

int nts_value_is_empty(const nts_value_t *value)
{
    return value->kind == NTS_VALUE_NULL ||
           (value->kind == NTS_VALUE_TEXT && value->as.text[0] == '\0') ||
           (value->kind == NTS_VALUE_SET && value->as.set.count == 0);
}

int nts_value_is_day(const nts_value_t *value)
{
    return value->kind == NTS_VALUE_DATE && strlen(value->as.date.start) == 10;
}

static int dates_equal(const nts_date_t *a, const nts_date_t *b)
{
    if (strcmp(a->start, b->start) != 0 || !a->end != !b->end) {
        return 0;
    }
    return !a->end || strcmp(a->end, b->end) == 0;
}

static int sets_equal(const nts_value_t *a, const nts_value_t *b)
{
    if (a->as.set.count != b->as.set.count) {
        return 0;
    }
    for (int i = 0; i < a->as.set.count; i++) {
        /* Almost always in the same place. */
        if (!nts_option_equal(&a->as.set.options[i], &b->as.set.options[i]) &&
            !has_option(b->as.set.options, b->as.set.count, &a->as.set.options[i])) {
            return 0;
        }
    }
    return 1;
}

int nts_value_equal(const nts_value_t *a, const nts_value_t *b)
{
    if (a->kind != b->kind || a->truncated || b->truncated) {
        return 0;
    }
    switch (a->kind) {
    case NTS_VALUE_NULL:
        return 1;
    case NTS_VALUE_TEXT:
    case NTS_VALUE_NUMBER:
        return strcmp(a->as.text, b->as.text) == 0;
    case NTS_VALUE_BOOL:
        return a->as.truth == b->as.truth;
    case NTS_VALUE_DATE:
        return dates_equal(&a->as.date, &b->as.date);
    case NTS_VALUE_OPTION:
        return nts_option_equal(&a->as.option, &b->as.option);
    case NTS_VALUE_SET:
        return sets_equal(a, b);
    case NTS_VALUE_ABSENT:
    case NTS_VALUE_OPAQUE:
        break;
    }
    return 0;
}

static nts_option_t copy_option(const nts_option_t *option, apr_pool_t *p)
{
    nts_option_t copy = { apr_pstrdup(p, option->id), apr_pstrdup(p, option->name) };

    return copy;
}

nts_option_t *nts_options_copy(const nts_option_t *options, int count, apr_pool_t *p)
{
    nts_option_t *copy = apr_palloc(p, sizeof(*copy) * (apr_size_t)(count + 1));

    for (int i = 0; i < count; i++) {
        copy[i] = copy_option(&options[i], p);
    }
    return copy;
}

static const char *const *copy_texts(const char *const *texts, int count, apr_pool_t *p)
{
    const char **copy = apr_palloc(p, sizeof(*copy) * (apr_size_t)(count + 1));

    for (int i = 0; i < count; i++) {
        copy[i] = apr_pstrdup(p, texts[i]);
    }
    return copy;
}

nts_value_t nts_value_copy(const nts_value_t *value, apr_pool_t *p)
{
    nts_value_t copy = *value;

    copy.rich = apr_pstrdup(p, value->rich);
    copy.waits = apr_pstrdup(p, value->waits);
    switch (value->kind) {
    case NTS_VALUE_TEXT:
    case NTS_VALUE_NUMBER:
    case NTS_VALUE_OPAQUE:
        copy.as.text = apr_pstrdup(p, value->as.text);
        break;
    case NTS_VALUE_DATE:
        copy.as.date.start = apr_pstrdup(p, value->as.date.start);
        copy.as.date.end = apr_pstrdup(p, value->as.date.end);
        break;
    case NTS_VALUE_OPTION:
        copy.as.option = copy_option(&value->as.option, p);
        break;
    case NTS_VALUE_SET:
        copy.as.set.options = nts_options_copy(value->as.set.options, value->as.set.count, p);
        if (value->member_waits) {
            copy.member_waits = copy_texts(value->member_waits, value->as.set.count, p);
        }
        break;
    case NTS_VALUE_ABSENT:
    case NTS_VALUE_NULL:
    case NTS_VALUE_BOOL:
        break;
    }
    return copy;
}

static int has_name(const nts_value_t *set, const char *name)
{
    for (int i = 0; i < set->as.set.count; i++) {
        if (strcmp(set->as.set.options[i].name, name) == 0) {
            return 1;
        }
    }
    return 0;
}

int nts_value_is_same(const nts_value_t *a, const nts_value_t *b)
{
    if (!nts_value_equal(a, b)) {
        return 0;
    }
    if (a->kind == NTS_VALUE_OPTION) {
        return strcmp(a->as.option.name, b->as.option.name) == 0;
    }
    for (int i = 0; a->kind == NTS_VALUE_SET && i < a->as.set.count; i++) {
        if (!has_name(b, a->as.set.options[i].name)) {
            return 0;
        }
    }
    return 1;
}
