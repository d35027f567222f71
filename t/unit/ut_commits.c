/* What one turn wants stored is stored together; a unit that fails is alone in that; a store that fails as a
 * whole loses nothing. */
#include <stdlib.h>

#include <apr_general.h>

#include "store_kit.h"
#include "tap/tap.h"
#include "worker/nts_commits.h"

#define COUNT 6

typedef struct thing_t {
    nts_unit_t unit;
    char name;
    int fails;
    int again;
} thing_t;

static apr_pool_t *pool;
static kit_t kit;
static nts_loop_t *loop;
static nts_commits_t *commits;
static char trace[256];
static int troubles;
static int recoveries;

static void note(char c)
{
    apr_size_t len = strlen(trace);

    if (len + 1 < sizeof(trace)) {
        trace[len] = c;
        trace[len + 1] = '\0';
    }
}

static apr_status_t store_thing(void *baton, nts_store_t *store, int again)
{
    thing_t *thing = baton;
    apr_status_t rv;

    thing->again += again;
    if (thing->fails) {
        return APR_EGENERAL;
    }
    rv = nts_store_gate(store, thing->name, 1);
    note(thing->name);
    return rv;
}

static void stored(void *baton, apr_status_t rv)
{
    const thing_t *thing = baton;

    note(rv == APR_SUCCESS ? '+' : '-');
    note(thing->name);
}

/* Time that passes at once. */
static apr_interval_time_t ahead;

static apr_time_t mono_ahead(void *baton)
{
    return nts_clock_system.mono(baton) + ahead;
}

static apr_time_t wall_ahead(void *baton)
{
    return nts_clock_system.wall(baton) + ahead;
}

static const nts_clock_t clock_ahead = { wall_ahead, mono_ahead, NULL };

static void trouble(void *baton, apr_status_t rv)
{
    (void)baton;
    troubles += rv != APR_SUCCESS;
    recoveries += rv == APR_SUCCESS;
}

static thing_t things[COUNT];

static void prepare(void)
{
    int i;

    trace[0] = '\0';
    troubles = recoveries = 0;
    memset(things, 0, sizeof(things));
    for (i = 0; i < COUNT; i++) {
        things[i].name = (char)('a' + i);
        nts_unit_init(&things[i].unit, store_thing, stored, &things[i]);
    }
}

static int flush_all(void)
{
    int flushes = 0;

    while (nts_commits_flush(commits)) {
        flushes++;
    }
    return flushes;
}

static void test_together(void)
{
    prepare();
    tap_int(nts_commits_flush(commits), 0, "nothing to store, nothing done");
    nts_commits_add(commits, &things[0].unit, 0);
    nts_commits_add(commits, &things[1].unit, 1);
    nts_commits_add(commits, &things[2].unit, 0);
    nts_commits_add(commits, &things[2].unit, 0);
    nts_commits_add(commits, &things[3].unit, 1);
    nts_commits_forget(commits, &things[0].unit);
    nts_commits_forget(commits, &things[0].unit);
    tap_ok(!nts_unit_is_added(&things[0].unit) && nts_unit_is_added(&things[2].unit),
           "added, and taken out");
    tap_int(flush_all(), 1, "one transaction");
    tap_str(trace, "bdc+b+d+c", "live ones first, each once, told when all is durable");
    tap_ok(nts_commits_is_empty(commits), "nothing is left");
}

static void test_failing_unit(void)
{
    int i;

    prepare();
    things[2].fails = 1;
    for (i = 0; i < 5; i++) {
        nts_commits_add(commits, &things[i].unit, 0);
    }
    (void)flush_all();
    tap_ok(strstr(trace, "-c") != NULL, "the one that fails is told: %s", trace);
    tap_ok(strstr(trace, "+a") && strstr(trace, "+b") && strstr(trace, "+d") && strstr(trace, "+e"),
           "the others are stored");
    tap_int(things[0].again, 1, "and know that they are stored again");
    tap_int(troubles, 0, "the store as a whole is well");
}

static void test_failing_store(void)
{
    nts_store_t *other = kit_connect(&kit, pool);
    apr_time_t begun = nts_clock_system.mono(NULL);

    prepare();
    if (nts_store_begin(other, apr_time_from_sec(5)) != APR_SUCCESS) {
        abort();
    }
    nts_commits_add(commits, &things[0].unit, 1);
    tap_int(nts_commits_flush(commits), 0, "while another process writes nothing is stored");
    tap_ok(nts_clock_system.mono(NULL) - begun < apr_time_from_sec(20), "and the loop goes on");
    tap_int(nts_commits_flush(commits), 0, "it is not tried again at once");
    tap_int(troubles, 0, "that others write is no trouble");
    ahead = apr_time_from_sec(10);
    while (!troubles) {
        (void)nts_loop_turn(loop, apr_time_from_msec(10));
        (void)nts_commits_flush(commits);
    }
    tap_int(troubles, 1, "that it lasts is told");
    nts_store_rollback(other);
    while (!nts_commits_is_empty(commits)) {
        (void)nts_loop_turn(loop, apr_time_from_msec(10));
        (void)nts_commits_flush(commits);
    }
    tap_str(trace, "a+a", "later it is stored");
    tap_int(recoveries, 1, "and the recovery is told");

    prepare();
    if (nts_store_begin(other, apr_time_from_sec(5)) != APR_SUCCESS) {
        abort();
    }
    nts_commits_add(commits, &things[1].unit, 1);
    (void)nts_commits_flush(commits);
    nts_store_rollback(other);
    while (!nts_commits_is_empty(commits)) {
        (void)nts_loop_turn(loop, apr_time_from_msec(10));
        (void)nts_commits_flush(commits);
    }
    tap_str(trace, "b+b", "once more others wrote for a while");
    tap_int(troubles + recoveries, 0, "of which nothing is told");
}

static int made;

static void add_more(void *baton, apr_status_t rv)
{
    thing_t *thing = baton;

    (void)rv;
    note('+');
    if (++made < 3) {
        nts_commits_add(commits, &thing->unit, 1);
    }
}

static void test_adding_from_within(void)
{
    prepare();
    nts_unit_init(&things[0].unit, store_thing, add_more, &things[0]);
    nts_commits_add(commits, &things[0].unit, 1);
    tap_int(flush_all(), 3, "what is added when told comes next");
    tap_str(trace, "a+a+a+", "in turn");
}

int main(void)
{
    nts_net_t *net;

    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    kit_open(&kit, pool);
    if (nts_net_create(&net, &nts_clock_system, "ut_commits", pool) != APR_SUCCESS ||
        nts_loop_create(&loop, net, &nts_clock_system, pool) != APR_SUCCESS) {
        abort();
    }
    commits = nts_commits_create(kit.store, loop, &clock_ahead, trouble, NULL, pool);
    test_together();
    test_failing_unit();
    test_failing_store();
    test_adding_from_within();
    apr_terminate();
    return tap_done();
}
