/* nts_zone.c - reads zone files (RFC 8536) and the rule at their end for the years after. */
#include <string.h>

#include <apr_file_io.h>

#include "base/nts_zone.h"

#define ZONE_DIRECTORY "/usr/share/zoneinfo"
#define ZONE_FILE_MAX (256 * 1024)
#define TRANSITIONS_MAX 4096
#define DAY 86400

/* When one half of the year begins: "M10.5.0/3", "J60/2", "59". */
typedef struct year_rule_t {
    char form; /* 'M' month, week, weekday; 'J' day without 29 February; 'N' day from 0 */
    int month;
    int week;
    int day;
    int time; /* seconds after midnight of the wall clock before the change; may be negative */
} year_rule_t;

struct nts_zone_t {
    int count;
    const apr_int64_t *at; /* seconds since 1970 of each change, ascending */
    const int *offset;     /* from that change on */
    int first_offset;      /* before the first */
    int has_rule;          /* the rest is for after the last */
    int has_summer;
    int standard;
    int summer;
    year_rule_t summer_begins;
    year_rule_t summer_ends;
};

static int take_digits(int *n, const char **text)
{
    int count = 0;

    for (*n = 0; **text >= '0' && **text <= '9' && count < 6; (*text)++, count++) {
        *n = *n * 10 + (**text - '0');
    }
    return count > 0;
}

/* "[+-]hh[:mm[:ss]]" as seconds. */
static int take_clock(int *seconds, const char **text)
{
    int sign = 1;
    int part;
    int weight = 3600;

    *seconds = 0;
    if (**text == '+' || **text == '-') {
        sign = *(*text)++ == '-' ? -1 : 1;
    }
    for (;;) {
        if (!take_digits(&part, text) || part > 167) {
            return 0;
        }
        *seconds += part * weight;
        if (**text != ':' || weight == 1) {
            break;
        }
        (*text)++;
        weight /= 60;
    }
    *seconds *= sign;
    return 1;
}

/* "CET" or "<+03>". */
static int take_name(const char **text)
{
    const char *start = *text;

    if (*start == '<') {
        const char *end = strchr(start, '>');

        *text = end ? end + 1 : start;
        return end != NULL;
    }
    while ((**text >= 'A' && **text <= 'Z') || (**text >= 'a' && **text <= 'z')) {
        (*text)++;
    }
    return *text > start;
}

static int take_rule(year_rule_t *rule, const char **text)
{
    int held;

    memset(rule, 0, sizeof(*rule));
    rule->time = 2 * 3600;
    if (*(*text)++ != ',') {
        return 0;
    }
    if (**text == 'M') {
        rule->form = *(*text)++;
        held = take_digits(&rule->month, text) && *(*text)++ == '.' &&
               take_digits(&rule->week, text) && *(*text)++ == '.' &&
               take_digits(&rule->day, text) && rule->month >= 1 && rule->month <= 12 &&
               rule->week >= 1 && rule->week <= 5 && rule->day <= 6;
    }
    else {
        rule->form = **text == 'J' ? *(*text)++ : 'N';
        held = take_digits(&rule->day, text) && rule->day <= 365;
    }
    if (held && **text == '/') {
        (*text)++;
        held = take_clock(&rule->time, text);
    }
    return held;
}

/* The line at the end of a file: "CET-1CEST,M3.5.0,M10.5.0/3". Its offsets count to the west. */
static int read_footer(nts_zone_t *zone, const char *text)
{
    if (*text == '\0') {
        return 1;
    }
    if (!take_name(&text) || !take_clock(&zone->standard, &text)) {
        return 0;
    }
    zone->standard = -zone->standard;
    zone->has_rule = 1;
    if (*text == '\0') {
        return 1;
    }
    if (!take_name(&text)) {
        return 0;
    }
    zone->summer = zone->standard + 3600;
    if (*text != ',') {
        if (!take_clock(&zone->summer, &text)) {
            return 0;
        }
        zone->summer = -zone->summer;
    }
    zone->has_summer = 1;
    return take_rule(&zone->summer_begins, &text) && take_rule(&zone->summer_ends, &text) &&
           *text == '\0';
}

static apr_int64_t take_big_endian(const unsigned char *bytes, int len)
{
    apr_uint64_t n = len == 8 || !(bytes[0] & 0x80) ? 0 : ~(apr_uint64_t)0;

    while (len-- > 0) {
        n = n << 8 | *bytes++;
    }
    return (apr_int64_t)n;
}

typedef struct zone_counts_t {
    apr_int64_t isut;
    apr_int64_t isstd;
    apr_int64_t leap;
    apr_int64_t times;
    apr_int64_t types;
    apr_int64_t chars;
} zone_counts_t;

#define HEADER_LEN 44

/* The counts of the header at `bytes`; 0 if there is none or they cannot be. */
static int read_header(zone_counts_t *counts, const unsigned char *bytes, apr_size_t len)
{
    if (len < HEADER_LEN || memcmp(bytes, "TZif", 4) != 0) {
        return 0;
    }
    counts->isut = take_big_endian(bytes + 20, 4);
    counts->isstd = take_big_endian(bytes + 24, 4);
    counts->leap = take_big_endian(bytes + 28, 4);
    counts->times = take_big_endian(bytes + 32, 4);
    counts->types = take_big_endian(bytes + 36, 4);
    counts->chars = take_big_endian(bytes + 40, 4);
    return counts->isut >= 0 && counts->isut <= 256 && counts->isstd >= 0 && counts->isstd <= 256 &&
           counts->leap >= 0 && counts->leap <= 1024 && counts->times >= 0 &&
           counts->times <= TRANSITIONS_MAX && counts->types >= 1 && counts->types <= 256 &&
           counts->chars >= 0 && counts->chars <= 4096;
}

static apr_size_t data_length(const zone_counts_t *counts, int time_len)
{
    return (apr_size_t)(counts->times * (time_len + 1) + counts->types * 6 + counts->chars +
                        counts->leap * (time_len + 4) + counts->isstd + counts->isut);
}

/* Times of `time_len` bytes, an index of types, the types of six bytes each. */
static int read_transitions(nts_zone_t *zone, const zone_counts_t *counts,
                            const unsigned char *data, int time_len, apr_pool_t *p)
{
    const unsigned char *index = data + counts->times * time_len;
    const unsigned char *types = index + counts->times;
    apr_int64_t *at = apr_palloc(p, (apr_size_t)(counts->times + 1) * sizeof(*at));
    int *offset = apr_palloc(p, (apr_size_t)(counts->times + 1) * sizeof(*offset));
    int i;

    zone->count = (int)counts->times;
    zone->first_offset = (int)take_big_endian(types, 4);
    for (i = 0; i < zone->count; i++) {
        if (index[i] >= counts->types) {
            return 0;
        }
        at[i] = take_big_endian(data + (apr_size_t)i * (apr_size_t)time_len, time_len);
        offset[i] = (int)take_big_endian(types + 6 * index[i], 4);
        if ((i > 0 && at[i] <= at[i - 1]) || offset[i] < -DAY || offset[i] > DAY) {
            return 0;
        }
    }
    zone->at = at;
    zone->offset = offset;
    return zone->first_offset >= -DAY && zone->first_offset <= DAY;
}

/* Files of version 2 and later hold everything twice: the second time with 64 bits, and a footer. */
static int read_zone(nts_zone_t *zone, const unsigned char *bytes, apr_size_t len, apr_pool_t *p)
{
    zone_counts_t counts;
    apr_size_t data;
    int time_len = 4;

    if (!read_header(&counts, bytes, len)) {
        return 0;
    }
    data = data_length(&counts, 4);
    if (bytes[4] >= '2' && len >= HEADER_LEN + data) {
        bytes += HEADER_LEN + data;
        len -= HEADER_LEN + data;
        time_len = 8;
        if (!read_header(&counts, bytes, len)) {
            return 0;
        }
        data = data_length(&counts, 8);
    }
    if (len < HEADER_LEN + data ||
        !read_transitions(zone, &counts, bytes + HEADER_LEN, time_len, p)) {
        return 0;
    }
    bytes += HEADER_LEN + data;
    len -= HEADER_LEN + data;
    if (time_len == 8 && len >= 2 && bytes[0] == '\n') {
        const unsigned char *end = memchr(bytes + 1, '\n', len - 1);

        return end && read_footer(zone, apr_pstrmemdup(p, (const char *)bytes + 1,
                                                       (apr_size_t)(end - bytes - 1)));
    }
    return 1;
}

/* Letters, digits, '_', '+', '-' and '/' between them: nothing that leaves the directory. */
static int is_zone_name(const char *name)
{
    apr_size_t len = strlen(name);

    return len > 0 && len <= 64 && name[0] != '/' && name[len - 1] != '/' &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") ==
               len;
}

static apr_status_t read_file(nts_zone_t *zone, const char *name, apr_pool_t *p, apr_pool_t *ptemp)
{
    unsigned char *bytes = apr_palloc(ptemp, ZONE_FILE_MAX);
    apr_size_t len = 0;
    apr_file_t *file;
    apr_status_t rv;

    rv = apr_file_open(&file, apr_pstrcat(ptemp, ZONE_DIRECTORY "/", name, NULL),
                       APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, ptemp);
    if (rv != APR_SUCCESS) {
        return APR_STATUS_IS_ENOENT(rv) || APR_STATUS_IS_ENOTDIR(rv) ? APR_ENOENT : rv;
    }
    rv = apr_file_read_full(file, bytes, ZONE_FILE_MAX, &len);
    apr_file_close(file);
    if (rv != APR_SUCCESS && rv != APR_EOF) {
        return rv;
    }
    return rv == APR_EOF && read_zone(zone, bytes, len, p) ? APR_SUCCESS : APR_EMISMATCH;
}

apr_status_t nts_zone_load(const nts_zone_t **zone, const char *name, apr_pool_t *p)
{
    nts_zone_t *loaded = apr_pcalloc(p, sizeof(*loaded));
    apr_pool_t *ptemp;
    apr_status_t rv = APR_SUCCESS;

    *zone = NULL;
    if (name && !is_zone_name(name)) {
        return APR_EINVAL;
    }
    if (name && strcmp(name, "UTC") != 0) {
        apr_pool_create(&ptemp, p);
        rv = read_file(loaded, name, p, ptemp);
        apr_pool_destroy(ptemp);
    }
    if (rv == APR_SUCCESS) {
        *zone = loaded;
    }
    return rv;
}

/* Seconds since 1970 at which a year's rule takes effect, by a clock `offset` east of Greenwich. */
static apr_int64_t rule_seconds(const year_rule_t *rule, int year, int offset)
{
    static const int month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    apr_int64_t y = year - 1;
    apr_int64_t day = y * 365 + y / 4 - y / 100 + y / 400 - 719162; /* 1 January */
    int i;

    if (rule->form == 'M') {
        int length = month_days[rule->month - 1] + (rule->month == 2 && is_leap);
        int in_month;

        for (i = 0; i < rule->month - 1; i++) {
            day += month_days[i] + (i == 1 && is_leap);
        }
        /* 1970 began on a Thursday. */
        in_month = (rule->day - (int)((day + 4) % 7) + 7) % 7 + (rule->week - 1) * 7;
        day += in_month < length ? in_month : in_month - 7;
    }
    else if (rule->form == 'J') {
        day += rule->day - 1 + (is_leap && rule->day >= 60);
    }
    else {
        day += rule->day;
    }
    return day * DAY + rule->time - offset;
}

static int offset_by_rule(const nts_zone_t *zone, apr_int64_t seconds)
{
    apr_time_exp_t parts;
    apr_int64_t begins;
    apr_int64_t ends;
    int is_summer;

    if (!zone->has_summer ||
        apr_time_exp_gmt(&parts, apr_time_from_sec(seconds + zone->standard)) != APR_SUCCESS) {
        return zone->standard;
    }
    begins = rule_seconds(&zone->summer_begins, parts.tm_year + 1900, zone->standard);
    ends = rule_seconds(&zone->summer_ends, parts.tm_year + 1900, zone->summer);
    if (begins < ends) {
        is_summer = seconds >= begins && seconds < ends;
    }
    else {
        is_summer = seconds >= begins || seconds < ends;
    }
    return is_summer ? zone->summer : zone->standard;
}

static apr_int64_t floor_seconds(apr_time_t at)
{
    return apr_time_sec(at) - (at % APR_USEC_PER_SEC < 0);
}

int nts_zone_offset(const nts_zone_t *zone, apr_time_t at)
{
    apr_int64_t seconds = floor_seconds(at);
    int low = 0;
    int high;

    if (!zone) {
        return 0;
    }
    high = zone->count;
    while (low < high) {
        int middle = low + (high - low) / 2;

        if (zone->at[middle] <= seconds) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    if (low == zone->count && zone->has_rule) {
        return offset_by_rule(zone, seconds);
    }
    return low > 0 ? zone->offset[low - 1] : zone->first_offset;
}

apr_time_t nts_zone_to_local(const nts_zone_t *zone, apr_time_t at)
{
    return at + apr_time_from_sec((apr_time_t)nts_zone_offset(zone, at));
}

apr_time_t nts_zone_to_utc(const nts_zone_t *zone, apr_time_t local)
{
    /* No place changes its clock twice within two days, so one of these offsets is the right one. */
    apr_time_t before =
        apr_time_from_sec((apr_time_t)nts_zone_offset(zone, local - apr_time_from_sec(DAY)));
    apr_time_t after =
        apr_time_from_sec((apr_time_t)nts_zone_offset(zone, local + apr_time_from_sec(DAY)));
    int before_holds = nts_zone_to_local(zone, local - before) == local;
    int after_holds = nts_zone_to_local(zone, local - after) == local;

    if (before_holds && after_holds) {
        return before > after ? local - before : local - after;
    }
    return after_holds ? local - after : local - before;
}
