/* When runs fall due: a run follows the last by its interval and up to a twentieth, never long ago and never by a stepped clock; the
 * minute of an edit is listed once more 90 s after it ended, and not before a listing late enough has shown it (S3.10). */
#include <string.h>

#include <apr_general.h>

#include "tap/tap.h"
#include "worker/nts_timetable.h"

#define SEC(n) apr_time_from_sec(n)
#define NOON SEC(1800000000) /* a full minute */
#define HOUR SEC(3600)

static apr_time_t now;

static apr_time_t wall(void *baton)
{
    (void)baton;
    return now;
}

static void chance(void *baton, unsigned char *to, apr_size_t len)
{
    (void)baton;
    memset(to, 0xa7, len);
}

static const nts_clock_t the_clock = { wall, wall, NULL };
static const nts_random_t the_chance = { chance, NULL };

static int is_within(apr_time_t at, apr_time_t from, apr_interval_time_t spread)
{
    return at >= from && at <= from + spread;
}

static void test_after(apr_pool_t *p)
{
    nts_host_t host = { 0 };
    nts_timetable_t t;

    host.clock = &the_clock;
    host.random = &the_chance;
    nts_timetable_init(&t, &host, p);
    now = NOON;
    tap_int(nts_timetable_after(&t, NOON, 0), 0, "without an interval nothing falls due");
    tap_int(nts_timetable_after(&t, NOON - SEC(5), SEC(19)), NOON + SEC(14),
            "the next run is the interval after the last");
    tap_ok(
        is_within(nts_timetable_after(&t, NOON - SEC(60), HOUR), NOON - SEC(60) + HOUR, HOUR / 20),
        "chance adds a twentieth of it at most");
    tap_ok(is_within(nts_timetable_after(&t, NOON - 3 * HOUR, HOUR), NOON, SEC(5)),
           "what is overdue is due within seconds");
    tap_ok(is_within(nts_timetable_after(&t, NOON + 2 * HOUR, HOUR), NOON, SEC(5)),
           "a last run in the future was put down by a clock that has been set since");
}

static void test_minutes(apr_pool_t *p)
{
    nts_host_t host = { 0 };
    nts_timetable_t t;
    apr_time_t since;
    apr_time_t before;

    host.clock = &the_clock;
    host.random = &the_chance;
    nts_timetable_init(&t, &host, p);
    tap_ok(nts_timetable_next(&t) == NTS_NEVER, "nothing is due at first");
    now = NOON + SEC(130);
    tap_int(nts_timetable_add_minute(&t, NOON + SEC(61)), NOON + SEC(60), "an edit has its minute");
    tap_int(nts_timetable_add_minute(&t, NOON + SEC(119)), 0, "which is put down once");
    tap_int(nts_timetable_add_minute(&t, NOON + SEC(7)), NOON, "an earlier one comes first");
    tap_int(nts_timetable_minute_due(&t), NOON + SEC(60 + 90), "due 90 s after it ended");
    tap_int(nts_timetable_next(&t), NOON + SEC(60 + 90), "which is the next of all");
    t.incremental = NOON + SEC(140);
    tap_int(nts_timetable_next(&t), NOON + SEC(140), "but for a run that comes sooner");
    nts_timetable_minutes(&t, NOON + SEC(150), &since, &before);
    tap_ok(since == NOON && before == NOON + SEC(60),
           "a minute too young for it is not listed with it");
    nts_timetable_minutes(&t, NOON + SEC(210), &since, &before);
    tap_ok(since == NOON && before == NOON + SEC(120), "a neighbour that is due is");
    nts_timetable_cover(&t, NOON, NOON + SEC(120), NOON + SEC(209));
    tap_int(nts_timetable_minute_due(&t), NOON + SEC(120 + 90),
            "a listing settles what ended 90 s before it was sent");
    nts_timetable_cover(&t, NOON + SEC(61), 0, NOON + SEC(900));
    tap_int(nts_timetable_minute_due(&t), NOON + SEC(120 + 90),
            "but no minute that began before it");
    nts_timetable_cover(&t, NOON, NOON + SEC(119), NOON + SEC(900));
    tap_int(nts_timetable_minute_due(&t), NOON + SEC(120 + 90), "nor one that it saw in part");
    nts_timetable_cover(&t, NOON, 0, NOON + SEC(210));
    tap_ok(nts_timetable_minute_due(&t) == NTS_NEVER, "then all are done with");
}

static void test_strange_times(apr_pool_t *p)
{
    nts_host_t host = { 0 };
    nts_timetable_t t;
    int i;

    host.clock = &the_clock;
    host.random = &the_chance;
    nts_timetable_init(&t, &host, p);
    now = NOON + SEC(20);
    tap_int(nts_timetable_add_minute(&t, NOON + SEC(500)), NOON,
            "an edit of the future counts as one of now");
    tap_int(nts_timetable_add_minute(&t, NOON - HOUR), 0, "and so does an event hours late");
    for (i = 1; i < 120; i++) {
        now += SEC(60);
        (void)nts_timetable_add_minute(&t, now);
    }
    tap_int(t.minutes->nelts, 120, "two hours of minutes are kept");
    now += SEC(60);
    tap_ok(nts_timetable_add_minute(&t, now) == NTS_NEVER, "one more is too many");
    tap_ok(t.minutes->nelts == 0 && t.incremental == now, "an incremental run takes their place");
}

static void test_since(void)
{
    tap_int(nts_timetable_since(NOON + SEC(100)), NOON,
            "a listing starts with the minute that began 90 s before the last");
    tap_int(nts_timetable_since(NOON + SEC(89)), NOON - SEC(60), "not a second later");
    tap_int(nts_timetable_since(0), 0, "the first one starts at the beginning");
}

int main(void)
{
    apr_pool_t *p;

    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_after(p);
    test_minutes(p);
    test_strange_times(p);
    test_since();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
