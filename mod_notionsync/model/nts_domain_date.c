/* nts_domain_date.c - days, instants and ranges; instants meet in UTC. */
#include <string.h>

#include "base/nts_str.h"
#include "model/nts_domain_impl.h"

static apr_time_t time_of(const char *instant, apr_pool_t *p)
{
    apr_time_t t;

    (void)nts_value_instant_parse(&t, instant, p); /* a value's spelling always can be read */
    return t;
}

/* One end of a date in a text column. */
static const char *end_of_text(const nts_domain_t *domain, const char *text, apr_pool_t *p)
{
    apr_time_t t;

    if (strlen(text) == 10 || nts_value_has_offset(text)) {
        return text;
    }
    if (nts_value_instant_parse(&t, text, p) != APR_SUCCESS) {
        return text; /* for nts_value_date to refuse */
    }
    return nts_value_instant_text(nts_zone_to_utc(domain->zone, t), p);
}

/* "2026-11-22", "2026-11-22T10:00:00Z", or two of these with a slash between (ISO 8601). */
static apr_status_t parse_text(nts_value_t *date, const nts_domain_t *domain, const char *text,
                               apr_pool_t *p)
{
    const char *slash = strchr(text, '/');

    if (!slash) {
        return nts_value_date(date, end_of_text(domain, text, p), NULL, p);
    }
    return nts_value_date(
        date, end_of_text(domain, apr_pstrmemdup(p, text, (apr_size_t)(slash - text)), p),
        end_of_text(domain, slash + 1, p), p);
}

/* Digits of a second's fraction that a field keeps. */
static int fraction_digits(const nts_type_t *type)
{
    if (type->kind == NTS_TYPE_TEXT) {
        return 6;
    }
    return type->whole ? 0 : type->scale > 0 && type->scale < 6 ? type->scale : 6;
}

/* The instant cut to what one field keeps of it. */
static const char *cut_instant(const nts_domain_t *domain, nts_side_t side, const char *instant,
                               apr_pool_t *p)
{
    const nts_type_t *type = &domain->types[side];
    apr_time_t unit = 1;
    apr_time_t t = time_of(instant, p);

    for (int digits = fraction_digits(type); digits < 6; digits++) {
        unit *= 10;
    }
    t -= (t % unit + unit) % unit;
    if (type->kind == NTS_TYPE_INSTANT && !type->zoned) {
        /* The second of two equal hours in autumn cannot be told in a column without offsets. */
        t = nts_zone_to_utc(domain->zone, nts_zone_to_local(domain->zone, t));
    }
    return nts_value_instant_text(t, p);
}

/* People set the minute in Notion; whether its API keeps seconds that it is given is not known. So where one field is a date of Notion's,
 * two times in a minute are equal: neither is Notion's answer an edit that would cut the column's seconds off, nor is a value parked for them.
 */
static const char *minute_of(const char *end, apr_pool_t *p)
{
    const apr_time_t minute = apr_time_from_sec(60);
    apr_time_t t;

    if (!end || strlen(end) == 10) {
        return end;
    }
    t = time_of(end, p);
    return nts_value_instant_text(t - (t % minute + minute) % minute, p);
}

static int is_by_minute(const nts_domain_t *domain)
{
    return domain->types[NTS_NOTION].kind == NTS_TYPE_DATE ||
           domain->types[NTS_EXTERNAL].kind == NTS_TYPE_DATE;
}

static const char *midnight_of(const nts_domain_t *domain, const char *day, apr_pool_t *p)
{
    apr_time_t wall = time_of(apr_pstrcat(p, day, "T00:00:00Z", NULL), p);

    return nts_value_instant_text(nts_zone_to_utc(domain->zone, wall), p);
}

static const char *day_of(const nts_domain_t *domain, const char *instant, apr_pool_t *p)
{
    apr_time_t wall = nts_zone_to_local(domain->zone, time_of(instant, p));

    return apr_pstrmemdup(p, nts_value_instant_text(wall, p), 10);
}

/* What one side makes of the date. */
static void fit(nts_date_t *date, const nts_domain_t *domain, nts_side_t side, apr_pool_t *p)
{
    nts_type_kind_t kind = domain->types[side].kind;
    int is_day = strlen(date->start) == 10;

    if (kind == NTS_TYPE_DAY || kind == NTS_TYPE_INSTANT) {
        date->end = NULL;
    }
    if (kind == NTS_TYPE_DAY && !is_day) {
        date->start = day_of(domain, date->start, p);
        is_day = 1;
    }
    /* Against a day column a day stays one: rendering makes it midnight. */
    if (kind == NTS_TYPE_INSTANT && is_day &&
        domain->types[nts_side_other(side)].kind != NTS_TYPE_DAY) {
        date->start = midnight_of(domain, date->start, p);
        is_day = 0;
    }
    if (!is_day) {
        date->start = cut_instant(domain, side, date->start, p);
        date->end = date->end ? cut_instant(domain, side, date->end, p) : NULL;
    }
}

static apr_status_t project_date(nts_value_t *common, const nts_domain_t *domain, nts_side_t side,
                                 const nts_value_t *value, nts_outcome_t *out, apr_pool_t *p)
{
    nts_value_t date = *value;
    nts_value_t fitted;
    apr_status_t rv = APR_SUCCESS;

    if (value->kind == NTS_VALUE_TEXT) {
        if (parse_text(&date, domain, value->as.text, p) != APR_SUCCESS) {
            return nts_domain_unfit(
                out, p, "write 2026-11-22, 2026-11-22T10:00:00Z, or two of these with / between",
                "the %s field (%s) holds '%s', which is no date", nts_side_name(side),
                domain->types[side].native, nts_domain_show(value, p));
        }
    }
    else if (value->kind != NTS_VALUE_DATE) {
        return nts_domain_strange(domain, side, value, out, p);
    }
    if (is_by_minute(domain)) {
        date.as.date.start = minute_of(date.as.date.start, p);
        date.as.date.end = minute_of(date.as.date.end, p);
    }
    *common = date;
    for (int i = 0; i < NTS_SIDE_COUNT; i++) {
        nts_side_t at = i == 0 ? nts_side_other(side) : side;

        fitted = *common;
        fit(&fitted.as.date, domain, at, p);
        if (rv == APR_SUCCESS && !nts_value_equal(&fitted, common)) {
            rv = nts_domain_lossy(domain, out, p, "the %s field (%s) would hold %s as %s",
                                  nts_side_name(at), domain->types[at].native,
                                  nts_domain_show(common, p), nts_domain_show(&fitted, p));
        }
        *common = fitted;
    }
    return rv;
}

const char *nts_domain_date_text(const nts_date_t *date, apr_pool_t *p)
{
    return date->end ? apr_pstrcat(p, date->start, "/", date->end, NULL) : date->start;
}

static apr_status_t render_date(nts_value_t *value, const nts_domain_t *domain, nts_side_t side,
                                const nts_value_t *common, nts_outcome_t *out, apr_pool_t *p)
{
    const nts_date_t *date = &common->as.date;

    if (common->kind != NTS_VALUE_DATE) {
        return nts_domain_strange(domain, side, common, out, p);
    }
    if (domain->types[side].kind == NTS_TYPE_TEXT) {
        *value = nts_value_text(nts_domain_date_text(date, p));
        return APR_SUCCESS;
    }
    *value = *common;
    if (domain->types[side].kind == NTS_TYPE_INSTANT && nts_value_is_day(common)) {
        value->as.date.start = midnight_of(domain, date->start, p);
    }
    return APR_SUCCESS;
}

const nts_family_t nts_family_date = { "date", project_date, render_date };
