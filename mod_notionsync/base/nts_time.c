/* nts_time.c - RFC 3339 texts and instants; declared in nts_str.h. */
#include "base/nts_str.h"

#define SECONDS_PER_DAY APR_INT64_C(86400)

/* Days from 1970-01-01 to a date of the Gregorian calendar. Years are counted from March, so that
 * the leap day is a year's last; 400 years are one period. */
static apr_int64_t days_from_date(int year, int month, int day)
{
    int y = month > 2 ? year : year - 1;
    int month_from_march = month > 2 ? month - 3 : month + 9;
    int era = (y >= 0 ? y : y - 399) / 400;
    int year_of_era = y - era * 400;
    int day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return (apr_int64_t)era * 146097 + day_of_era - 719468;
}

static void date_from_days(int *year, int *month, int *day, apr_int64_t days)
{
    apr_int64_t z = days + 719468;
    apr_int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int day_of_era = (int)(z - era * 146097);
    int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int month_from_march = (5 * day_of_year + 2) / 153;

    *day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    *month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

static int days_in_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return days[month - 1] + (month == 2 && is_leap);
}

/* Exactly `count` digits as a number in [min, max]; -1 if there is no such thing. */
static int take_number(const char **text, int count, int min, int max)
{
    int n = 0;

    while (count-- > 0) {
        if (**text < '0' || **text > '9') {
            return -1;
        }
        n = n * 10 + (*(*text)++ - '0');
    }
    return n >= min && n <= max ? n : -1;
}

static int take_char(const char **text, char c)
{
    if (**text != c) {
        return 0;
    }
    (*text)++;
    return 1;
}

/* "2026-11-22" to days since 1970. */
static int take_date(apr_int64_t *days, const char **text)
{
    int year = take_number(text, 4, 0, 9999);
    int month;
    int day;

    if (year < 0 || !take_char(text, '-')) {
        return 0;
    }
    month = take_number(text, 2, 1, 12);
    if (month < 0 || !take_char(text, '-')) {
        return 0;
    }
    day = take_number(text, 2, 1, days_in_month(year, month));
    if (day < 0) {
        return 0;
    }
    *days = days_from_date(year, month, day);
    return 1;
}

/* "10:15:42" and an optional fraction to microseconds since midnight. */
static int take_time_of_day(apr_int64_t *since_midnight, const char **text)
{
    apr_int64_t weight = APR_USEC_PER_SEC / 10;
    int hour = take_number(text, 2, 0, 23);
    int minute;
    int second;

    if (hour < 0 || !take_char(text, ':')) {
        return 0;
    }
    minute = take_number(text, 2, 0, 59);
    if (minute < 0 || !take_char(text, ':')) {
        return 0;
    }
    second = take_number(text, 2, 0, 60); /* 60: a leap second is the next minute's first */
    if (second < 0) {
        return 0;
    }
    *since_midnight = apr_time_from_sec(((apr_int64_t)hour * 60 + minute) * 60 + second);
    if (!take_char(text, '.')) {
        return 1;
    }
    if (**text < '0' || **text > '9') {
        return 0;
    }
    for (; **text >= '0' && **text <= '9'; (*text)++) {
        *since_midnight += (**text - '0') * weight;
        weight /= 10;
    }
    return 1;
}

/* "Z", "+01:00" or nothing, to seconds east of Greenwich. */
static int take_offset(int *seconds, const char **text)
{
    int sign = **text == '-' ? -1 : 1;
    int hours;
    int minutes;

    *seconds = 0;
    if (**text == '\0' || take_char(text, 'Z') || take_char(text, 'z')) {
        return 1;
    }
    if (!take_char(text, '+') && !take_char(text, '-')) {
        return 0;
    }
    hours = take_number(text, 2, 0, 23);
    if (hours < 0 || !take_char(text, ':')) {
        return 0;
    }
    minutes = take_number(text, 2, 0, 59);
    *seconds = sign * (hours * 3600 + minutes * 60);
    return minutes >= 0;
}

apr_status_t nts_time_parse(apr_time_t *value, const char *text)
{
    apr_int64_t days = 0;
    apr_int64_t since_midnight = 0;
    int offset = 0;

    *value = 0;
    if (!take_date(&days, &text)) {
        return APR_EINVAL;
    }
    if (!take_char(&text, 'T') && !take_char(&text, 't') && !take_char(&text, ' ')) {
        return APR_EINVAL;
    }
    if (!take_time_of_day(&since_midnight, &text) || !take_offset(&offset, &text) ||
        *text != '\0') {
        return APR_EINVAL;
    }
    *value = apr_time_from_sec(days * SECONDS_PER_DAY - offset) + since_midnight;
    return APR_SUCCESS;
}

const char *nts_time_text(apr_time_t value, apr_pool_t *p)
{
    apr_int64_t ms = value / 1000 - (value % 1000 < 0); /* down, before 1970 too */
    apr_int64_t days = ms / (SECONDS_PER_DAY * 1000) - (ms % (SECONDS_PER_DAY * 1000) < 0);
    int ms_of_day = (int)(ms - days * SECONDS_PER_DAY * 1000);
    int second = ms_of_day / 1000;
    int year;
    int month;
    int day;

    date_from_days(&year, &month, &day, days);
    return apr_psprintf(p, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year, month, day, second / 3600,
                        second / 60 % 60, second % 60, ms_of_day % 1000);
}
