/* The offset of another clock: measured from answers, kept as an interval, used both ways. */
#include <apr_general.h>

#include "base/nts_skew.h"
#include "tap/tap.h"

#define SEC(n) apr_time_from_sec(n)
#define MS(n) apr_time_from_msec(n)
#define NOW SEC(1800000000)

/* One answer at @a at, sent 80 ms before, of a clock that is @a ahead and shows whole seconds. */
static void answer(nts_skew_t *skew, apr_time_t at, apr_interval_time_t ahead)
{
    apr_time_t shown = at - MS(40) + ahead;

    nts_skew_measure(skew, shown - shown % SEC(1), SEC(1), at - MS(80), at);
}

static int holds(const nts_skew_t *skew, apr_interval_time_t ahead)
{
    return skew->is_known && skew->low <= ahead && ahead <= skew->high;
}

static void test_narrowing(void)
{
    static const apr_interval_time_t offsets[] = { 0, MS(300), -MS(1700), SEC(300), -SEC(300) };
    apr_size_t o;
    int i;

    for (o = 0; o < sizeof(offsets) / sizeof(offsets[0]); o++) {
        nts_skew_t skew = { 0 };
        apr_interval_time_t first;
        int wrong = 0;

        answer(&skew, NOW, offsets[o]);
        tap_ok(holds(&skew, offsets[o]), "one answer holds an offset of %d ms",
               (int)(offsets[o] / 1000));
        first = nts_skew_uncertainty(&skew);
        tap_ok(first <= MS(540), "within a second and the exchange's time");
        for (i = 1; i < 60; i++) {
            answer(&skew, NOW + i * MS(1137), offsets[o]);
            wrong += !holds(&skew, offsets[o]);
        }
        tap_int(wrong, 0, "sixty answers never exclude it");
        tap_ok(nts_skew_uncertainty(&skew) < MS(130), "and leave %d ms of the %d ms",
               (int)(nts_skew_uncertainty(&skew) / 1000), (int)(first / 1000));
        tap_int(nts_skew_is_notable(&skew), offsets[o] > SEC(2) || offsets[o] < -SEC(2),
                "notable beyond two seconds");
    }
}

static void test_changes(void)
{
    nts_skew_t skew = { 0 };

    answer(&skew, NOW, 0);
    answer(&skew, NOW + SEC(10), SEC(90));
    tap_ok(holds(&skew, SEC(90)), "a clock that was set: the new offset counts");
    tap_ok(nts_skew_is_notable(&skew), "and is notable");
    nts_skew_measure(&skew, NOW, SEC(1), NOW + SEC(20), NOW + SEC(19));
    tap_ok(holds(&skew, SEC(90)), "an answer before its sending tells nothing (D56)");
    nts_skew_measure(&skew, 0, SEC(1), NOW + SEC(20), NOW + SEC(21));
    tap_ok(holds(&skew, SEC(90)), "nor does one without a clock");
    answer(&skew, NOW + SEC(3600), SEC(91));
    tap_ok(holds(&skew, SEC(91)), "an hour later it may have drifted by a second");
}

static void test_use(void)
{
    nts_skew_t none = { 0 }, skew = { 1, SEC(300) - MS(500), SEC(300) + MS(500), NOW };

    tap_ok(nts_skew_earliest(&none, NOW) == NOW && nts_skew_latest(&none, NOW) == NOW,
           "without a measurement the clocks count as one");
    tap_ok(nts_skew_earliest(&skew, NOW) == NOW - SEC(300) - MS(500), "theirs, at the earliest");
    tap_ok(nts_skew_latest(&skew, NOW) == NOW - SEC(300) + MS(500), "and at the latest");
    tap_ok(nts_skew_theirs_earliest(&skew, NOW) == NOW + SEC(300) - MS(500),
           "ours, at the earliest");
    tap_ok(nts_skew_theirs_latest(&skew, NOW) == NOW + SEC(300) + MS(500), "and at the latest");
    tap_ok(!nts_skew_earliest(&skew, 0) && !nts_skew_latest(&skew, 0) &&
               !nts_skew_theirs_earliest(&skew, 0) && !nts_skew_theirs_latest(&skew, 0),
           "no time stays no time");
    tap_ok(nts_skew_offset(&skew) == SEC(300) && nts_skew_uncertainty(&skew) == MS(500),
           "the middle, and how far it may be off");
}

int main(void)
{
    (void)apr_initialize();
    test_narrowing();
    test_changes();
    test_use();
    apr_terminate();
    return tap_done();
}
