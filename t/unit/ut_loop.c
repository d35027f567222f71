/* The loop calls what is due and what is readable, ends its turns, and sleeps when there is nothing. */
#include <stdlib.h>
#include <unistd.h>

#include <apr_general.h>

#include "tap/tap.h"
#include "worker/nts_loop.h"

#define MS(n) apr_time_from_msec(n)

static apr_pool_t *pool;
static nts_loop_t *loop;
static char trace[256];

static void note(const char *what)
{
    (void)strncat(trace, what, sizeof(trace) - strlen(trace) - 1);
}

static void note_timer(void *baton)
{
    note(baton);
}

static void turns(int n)
{
    while (n-- > 0) {
        if (nts_loop_turn(loop, MS(50)) != APR_SUCCESS) {
            abort();
        }
    }
}

static void test_timers(void)
{
    static char names[][2] = { "a", "b", "c", "d" };
    nts_timer_t t[4];
    int i;

    for (i = 0; i < 4; i++) {
        nts_timer_init(&t[i], note_timer, names[i]);
    }
    nts_timer_set(loop, &t[2], MS(30));
    nts_timer_set(loop, &t[0], MS(10));
    nts_timer_set(loop, &t[3], MS(40));
    nts_timer_set(loop, &t[1], MS(20));
    nts_timer_cancel(loop, &t[3]);
    nts_timer_hasten(loop, &t[2], MS(60));
    tap_ok(nts_timer_is_set(&t[0]) && !nts_timer_is_set(&t[3]), "set and cancelled");
    turns(4);
    tap_str(trace, "abc", "timers run in the order of their times, cancelled ones do not");
    tap_ok(!nts_timer_is_set(&t[0]), "a timer that ran is not set");
}

static void test_many_timers(void)
{
    enum { COUNT = 200 };
    static nts_timer_t t[COUNT];
    unsigned int seed = 7;
    int wrong = 0;
    int i;

    for (i = 0; i < COUNT; i++) {
        nts_timer_init(&t[i], note_timer, trace);
        seed = seed * 1103515245u + 12345u;
        nts_timer_set(loop, &t[i], MS(1000 + (seed >> 16) % 5000));
    }
    for (i = 0; i < COUNT; i += 3) {
        nts_timer_cancel(loop, &t[i]);
    }
    for (i = 1; i < COUNT; i += 3) {
        seed = seed * 1103515245u + 12345u;
        nts_timer_set(loop, &t[i], MS(1000 + (seed >> 16) % 5000));
    }
    for (i = 0; i < COUNT; i++) {
        wrong += nts_timer_is_set(&t[i]) != (i % 3 != 0);
        nts_timer_cancel(loop, &t[i]);
    }
    tap_int(wrong, 0, "each of many timers is set when it should be");
}

static int fds[2];

static void note_readable(void *baton)
{
    char c;

    (void)baton;
    if (read(fds[0], &c, 1) == 1) {
        note("r");
    }
    else {
        note("e");
        nts_loop_unwatch(loop, fds[0]);
    }
}

static void test_descriptors(void)
{
    trace[0] = '\0';
    if (pipe(fds) != 0) {
        abort();
    }
    nts_loop_watch(loop, fds[0], note_readable, NULL);
    turns(1);
    tap_str(trace, "", "nothing readable, nothing called");
    tap_ok(write(fds[1], "x", 1) == 1, "a byte is written");
    turns(1);
    tap_str(trace, "r", "a readable descriptor is told");
    (void)close(fds[1]);
    turns(3);
    tap_str(trace, "re", "its end is told too, and nothing after unwatch");
    (void)close(fds[0]);
}

static int ends;

static int count_ends(void *baton)
{
    (void)baton;
    return ++ends < 3;
}

static void test_turn_end(void)
{
    apr_time_t before;

    nts_loop_at_turn_end(loop, count_ends, NULL);
    turns(1);
    tap_int(ends, 3, "the turn's end is repeated as long as it did something");
    before = nts_loop_mono(loop);
    turns(1);
    tap_ok(nts_loop_mono(loop) - before >= MS(45), "with nothing to do the loop sleeps");
}

int main(void)
{
    nts_net_t *net;

    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    if (nts_net_create(&net, &nts_clock_system, "ut_loop", pool) != APR_SUCCESS ||
        nts_loop_create(&loop, net, &nts_clock_system, pool) != APR_SUCCESS) {
        abort();
    }
    test_timers();
    test_many_timers();
    test_descriptors();
    test_turn_end();
    nts_net_destroy(net);
    apr_terminate();
    return tap_done();
}
