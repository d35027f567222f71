/* Time: the simulator's clock, ISO 8601 in and out, dates with zones. */
#include "sim_time.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim_state.h"

/* read without the world's lock */
static _Atomic sim_ms_t clock_offset SIM_STATE;
static sim_ms_t (*source)(void); /* NULL: the machine's clock */

void sim_time_source(sim_ms_t (*now)(void))
{
    source = now;
}

sim_ms_t sim_time_real(void)
{
    struct timespec ts;

    if (source) {
        return source();
    }
    clock_gettime(CLOCK_REALTIME, &ts);
    return (sim_ms_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

sim_ms_t sim_time_now(void)
{
    return sim_time_real() + clock_offset;
}

void sim_time_shift(sim_ms_t offset)
{
    clock_offset = offset;
}

int64_t sim_time_mono_us(void)
{
    struct timespec ts;

    if (source) {
        return source() * 1000;
    }
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static sim_ms_t floor_to(sim_ms_t ms, sim_ms_t unit)
{
    sim_ms_t rest = ms % unit;

    return ms - (rest < 0 ? rest + unit : rest);
}

sim_ms_t sim_time_floor(sim_ms_t ms)
{
    return floor_to(ms, SIM_MINUTE);
}

/* days since 1970-01-01 in the Gregorian calendar, and back (H. Hinnant's algorithms) */
static int64_t days_of(int64_t y, int m, int d)
{
    int64_t era, yoe, doy;

    y -= m <= 2;
    era = (y >= 0 ? y : y - 399) / 400;
    yoe = y - era * 400;
    doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void civil_of(int64_t days, int *y, int *m, int *d)
{
    int64_t era, doe, yoe, doy, mp;

    days += 719468;
    era = (days >= 0 ? days : days - 146096) / 146097;
    doe = days - era * 146097;
    yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    mp = (5 * doy + 2) / 153;
    *d = (int)(doy - (153 * mp + 2) / 5 + 1);
    *m = (int)(mp < 10 ? mp + 3 : mp - 9);
    *y = (int)(yoe + era * 400 + (*m <= 2));
}

static void print_wall(sim_buf_t *b, sim_ms_t ms, int with_time)
{
    sim_ms_t day = floor_to(ms, SIM_DAY);
    int y, m, d, rest = (int)(ms - day);

    civil_of(day / SIM_DAY, &y, &m, &d);
    sim_buf_fmt(b, "%04d-%02d-%02d", y, m, d);
    if (with_time) {
        sim_buf_fmt(b, "T%02d:%02d:%02d.%03d", rest / 3600000, rest / 60000 % 60, rest / 1000 % 60,
                    rest % 1000);
    }
}

void sim_time_json_exact(sim_buf_t *b, const char *key, sim_ms_t ms)
{
    if (key) {
        sim_json_key(b, key);
    }
    sim_json_raw(b, "\"");
    print_wall(b, ms, 1);
    sim_buf_str(b, "Z\"");
}

void sim_time_json(sim_buf_t *b, const char *key, sim_ms_t ms)
{
    sim_time_json_exact(b, key, sim_time_floor(ms));
}

static int take_digits(const char **s, int n, int *out)
{
    *out = 0;
    while (n-- > 0) {
        if (!isdigit((unsigned char)**s)) {
            return 0;
        }
        *out = *out * 10 + (*(*s)++ - '0');
    }
    return 1;
}

static int take_char(const char **s, char c)
{
    if (**s != c) {
        return 0;
    }
    (*s)++;
    return 1;
}

static int month_days(int y, int m)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return days[m - 1] + (m == 2 && (y % 4 == 0 && (y % 100 != 0 || y % 400 == 0)));
}

static int parse_time(sim_date_t *d, const char **s)
{
    int hour, min, sec = 0, ms = 0, scale = 100;

    if (!take_digits(s, 2, &hour) || !take_char(s, ':') || !take_digits(s, 2, &min)) {
        return 0;
    }
    if (take_char(s, ':')) {
        if (!take_digits(s, 2, &sec)) {
            return 0;
        }
        if (take_char(s, '.')) {
            if (!isdigit((unsigned char)**s)) {
                return 0;
            }
            for (; isdigit((unsigned char)**s); (*s)++, scale /= 10) {
                ms += (**s - '0') * scale;
            }
        }
    }
    if (hour > 23 || min > 59 || sec > 59) {
        return 0;
    }
    d->local_ms += ((hour * 60 + min) * 60 + sec) * 1000 + ms;
    return 1;
}

static int parse_offset(sim_date_t *d, const char **s)
{
    int sign = **s == '-' ? -1 : 1, hour, min = 0;

    d->has_offset = 1;
    if (take_char(s, 'Z')) {
        return 1;
    }
    if (**s != '+' && **s != '-') {
        d->has_offset = 0;
        return 1;
    }
    (*s)++;
    if (!take_digits(s, 2, &hour) || (take_char(s, ':'), **s && !take_digits(s, 2, &min)) ||
        hour > 14 || min > 59) {
        return 0;
    }
    d->offset_min = sign * (hour * 60 + min);
    return 1;
}

int sim_date_parse(sim_date_t *d, const char *s)
{
    int y, m, day;

    memset(d, 0, sizeof(*d));
    if (!s || !take_digits(&s, 4, &y) || !take_char(&s, '-') || !take_digits(&s, 2, &m) ||
        !take_char(&s, '-') || !take_digits(&s, 2, &day) || m < 1 || m > 12 || day < 1 ||
        day > month_days(y, m)) {
        return 0;
    }
    d->local_ms = days_of(y, m, day) * SIM_DAY;
    if (*s == 'T') {
        s++;
        d->has_time = 1;
        if (!parse_time(d, &s) || !parse_offset(d, &s)) {
            return 0;
        }
    }
    d->utc_ms = d->local_ms - (sim_ms_t)d->offset_min * SIM_MINUTE;
    return *s == '\0';
}

void sim_date_print(sim_buf_t *b, const sim_date_t *d)
{
    print_wall(b, d->local_ms, d->has_time);
    if (d->has_time) {
        int off = abs(d->offset_min);

        sim_buf_fmt(b, "%c%02d:%02d", d->offset_min < 0 ? '-' : '+', off / 60, off % 60);
    }
}
