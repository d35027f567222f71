/* nts_timetable.c - when runs fall due. */
#include "worker/nts_timetable.h"

#define MINUTE apr_time_from_sec(60)
/* S3.10: a minute is listed this long after it ended; S3.10: a listing starts this long before the last. */
#define LATE apr_time_from_sec(90)
/* Runs that are due at a start are spread over this. */
#define START_SPREAD apr_time_from_sec(5)
#define MINUTES_MAX 120

static apr_time_t floor_minute(apr_time_t at)
{
    return at - at % MINUTE;
}

static apr_time_t minute_at(const nts_timetable_t *t, int i)
{
    return APR_ARRAY_IDX(t->minutes, i, apr_time_t);
}

void nts_timetable_init(nts_timetable_t *t, nts_host_t *host, apr_pool_t *p)
{
    t->host = host;
    t->full = t->incremental = 0;
    t->minutes = apr_array_make(p, 8, sizeof(apr_time_t));
}

apr_time_t nts_timetable_after(const nts_timetable_t *t, apr_time_t last, apr_interval_time_t every)
{
    apr_time_t now = nts_host_wall(t->host);
    apr_time_t next;

    if (!every) {
        return 0;
    }
    next = last + every +
           nts_random_below(t->host->random, (apr_uint32_t)(apr_time_sec(every) / 20 + 1)) *
               APR_USEC_PER_SEC;
    if (next < now || next > now + 2 * every) {
        next = now + nts_random_below(t->host->random, (apr_uint32_t)START_SPREAD);
    }
    return next;
}

apr_time_t nts_timetable_add_minute(nts_timetable_t *t, apr_time_t at)
{
    apr_time_t now = nts_host_wall(t->host);
    apr_time_t minute;
    int i;

    /* An event may be days late, and a clock may be wrong: what is not about now, the next incremental
     * listing finds. */
    if (at > now || at < now - 2 * LATE) {
        at = now;
    }
    minute = floor_minute(at);
    for (i = t->minutes->nelts - 1; i >= 0; i--) {
        if (minute_at(t, i) == minute) {
            return 0;
        }
    }
    if (t->minutes->nelts >= MINUTES_MAX) {
        t->incremental = now;
        apr_array_clear(t->minutes);
        return NTS_NEVER;
    }
    APR_ARRAY_PUSH(t->minutes, apr_time_t) = minute;
    for (i = t->minutes->nelts - 1; i > 0; i--) {
        apr_time_t *pair = &APR_ARRAY_IDX(t->minutes, i - 1, apr_time_t);

        if (pair[0] <= pair[1]) {
            break;
        }
        pair[1] = pair[0];
        pair[0] = minute;
    }
    return minute;
}

void nts_timetable_cover(nts_timetable_t *t, apr_time_t since, apr_time_t before, apr_time_t sent)
{
    int kept = 0;
    int i;

    for (i = 0; i < t->minutes->nelts; i++) {
        apr_time_t minute = minute_at(t, i);

        if (minute < since || (before && minute + MINUTE > before) ||
            sent < minute + MINUTE + LATE) {
            APR_ARRAY_IDX(t->minutes, kept++, apr_time_t) = minute;
        }
    }
    t->minutes->nelts = kept;
}

apr_time_t nts_timetable_minute_due(const nts_timetable_t *t)
{
    return t->minutes->nelts > 0 ? minute_at(t, 0) + MINUTE + LATE : NTS_NEVER;
}

void nts_timetable_minutes(const nts_timetable_t *t, apr_time_t now, apr_time_t *since,
                           apr_time_t *before)
{
    apr_time_t last = minute_at(t, 0);
    int i;

    *since = last;
    for (i = 1; i < t->minutes->nelts; i++) {
        apr_time_t minute = minute_at(t, i);

        if (minute > last + MINUTE || now < minute + MINUTE + LATE) {
            break;
        }
        last = minute;
    }
    *before = last + MINUTE;
}

apr_time_t nts_timetable_next(const nts_timetable_t *t)
{
    apr_time_t next = nts_timetable_minute_due(t);

    if (t->full && t->full < next) {
        next = t->full;
    }
    if (t->incremental && t->incremental < next) {
        next = t->incremental;
    }
    return next;
}

apr_time_t nts_timetable_since(apr_time_t listed)
{
    return listed > LATE ? floor_minute(listed - LATE) : 0;
}
