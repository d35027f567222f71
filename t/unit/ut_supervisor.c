/* A worker that died is started again: at once after a long life, later and later after short ones
 * and after those that ended by "cannot work". */
#include <apr_general.h>

#include "tap/tap.h"
#include "worker/nts_supervisor.h"

#define SEC(n) apr_time_from_sec(n)
#define T0 SEC(1000000)

static void test_long_life(void)
{
    nts_supervisor_t s = { 0 };

    tap_ok(nts_supervisor_is_due(&s, T0), "a new supervisor wants a worker");
    nts_supervisor_started(&s, T0);
    tap_ok(!nts_supervisor_is_due(&s, T0 + SEC(9)), "a running worker is not started twice");
    nts_supervisor_ended(&s, 0, T0 + SEC(31));
    tap_ok(nts_supervisor_is_due(&s, T0 + SEC(31)), "after a long life it starts at once");
}

static void test_back_off(void)
{
    static const int waits[] = { 1, 2, 4, 8, 16, 32, 60, 60 };
    nts_supervisor_t s = { 0 };
    apr_time_t now = T0;
    size_t i;

    for (i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        nts_supervisor_started(&s, now);
        nts_supervisor_ended(&s, 0, now + SEC(1));
        now += SEC(1);
        tap_ok(!nts_supervisor_is_due(&s, now + SEC(waits[i]) - 1) &&
                   nts_supervisor_is_due(&s, now + SEC(waits[i])),
               "short life %d: next start after %d s", (int)i + 1, waits[i]);
        now += SEC(waits[i]);
    }
    nts_supervisor_started(&s, now);
    nts_supervisor_ended(&s, 0, now + SEC(40));
    nts_supervisor_started(&s, now + SEC(40));
    nts_supervisor_ended(&s, 0, now + SEC(41));
    tap_int(s.next_start, now + SEC(42), "a long life makes the back-off begin again");
}

static void test_startup_errors(void)
{
    nts_supervisor_t s = { 0 };
    apr_time_t now = T0;

    for (int i = 0; i < 9; i++) {
        nts_supervisor_started(&s, now);
        nts_supervisor_ended(&s, 1, now + SEC(31));
        now += SEC(31);
        tap_ok(!nts_supervisor_is_due(&s, now),
               "start-up error %d: not at once, however long it took", i + 1);
        now = s.next_start;
    }
    nts_supervisor_started(&s, now);
    nts_supervisor_ended(&s, 1, now);
    tap_int(s.next_start, now + SEC(60), "and after ten of them another try comes every minute");
}

static void test_clock_steps(void)
{
    nts_supervisor_t s = { 0 };

    nts_supervisor_started(&s, T0);
    nts_supervisor_ended(&s, 0, T0 - SEC(3600));
    tap_int(s.next_start, T0 - SEC(3600) + SEC(1), "a clock set back is no long life");
    tap_ok(nts_supervisor_is_due(&s, T0 - SEC(7200)),
           "a clock set back by an hour does not delay the start by an hour");
}

int main(void)
{
    (void)apr_initialize();
    test_long_life();
    test_back_off();
    test_startup_errors();
    test_clock_steps();
    apr_terminate();
    return tap_done();
}
