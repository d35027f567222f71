/* The simulation's machine: a seed always goes the same way, and whatever dies in it, the sync comes to its end. */
#include <apr_general.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "simulation/sm_host.h"
#include "simulation/sm_run.h"
#include "simulation_world.h"
#include "tap/tap.h"

static const sm_part_t *const parts[] = { &sm_part_host, &small_world, NULL };
static apr_pool_t *pool;

static void run(sm_verdict_t *verdict, apr_uint64_t seed, const char *actions)
{
    const char *scenario =
        actions ? apr_psprintf(pool, "seed %d\nset minutes 5\nset host.clock_ms 0\n%s", (int)seed,
                               actions)
                : NULL;

    sm_run(verdict, seed, scenario, parts, getenv("SIMULATION_TRACE") != NULL, pool);
    if (verdict->violation) {
        tap_diag("%s", verdict->violation);
    }
}

static void is_fine(const char *what, const char *actions)
{
    sm_verdict_t verdict;

    run(&verdict, 1, actions);
    tap_ok(!verdict.violation, "%s", what);
    tap_int(small_rows, 8, "as many rows as there should be");
}

static const struct {
    const char *what;
    const char *actions;
} faults[] = {
    { "a host that dies, and its disk with what was not synced",
      "+0.9 host.crash 1 5000\n+45.0 host.crash 1 100\n" },
    { "a host that dies", "+0.6 host.crash 0 60000\n" },
    { "a worker that stands still", "+0.5 host.freeze 0 90000 0\n" },
    { "a worker that stands still while another takes its group",
      "+0.5 host.freeze 0 60000 1\n+20.5 host.freeze 1 30000 1\n" },
    { "graceful restarts", "+0.4 host.restart 1\n+0.9 host.restart 1\n+20.3 host.restart 1\n" },
    { "a hard restart", "+0.4 host.restart 0\n+20.2 host.restart 0\n" },
    { "a stop", "+0.7 host.stop 30000\n" },
    { "a parent that is gone", "+0.7 host.orphan 8000\n" },
    { "a full disk", "+0.3 host.disk 0 20000\n" },
    { "a slow disk, and one who stops in the middle of writing",
      "+0.3 host.slow_disk 3000000 15000\n+2.0 host.freeze 0 20000 0\n+2.0 host.freeze 1 9000 "
      "1\n" },
    { "a broken disk", "+0.3 host.disk 1 20000\n" },
    { "a file that cannot be opened", "+0.3 host.disk 2 20000\n+0.4 host.restart 0\n" },
    { "clocks that step", "+0.5 host.clock -90000\n+20.5 host.clock 90000\n" },
    { "a child that dies with a hook", "+0.2 host.kill_child 0\n+20.1 host.kill_child 1\n" },
    { "an older copy of the state", "+10.0 host.keep_state 0\n+11.0 host.restore_state 0 500\n" },
};

static void test_faults(void)
{
    apr_size_t i;

    for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        is_fine(faults[i].what,
                apr_pstrcat(pool, faults[i].actions, "+20.0 test.add 1\n+40.0 test.add 2\n", NULL));
    }
}

static void test_deaths(void)
{
    int point;
    int n;

    for (point = 0; point < SM_POINTS; point++) {
        for (n = 1; n < 30; n += 4) {
            is_fine(
                apr_psprintf(pool, "a worker that dies at its %d. %s", n, sm_point_names[point]),
                apr_psprintf(pool,
                             "+0.0 host.kill 0 %d %d\n+0.0 host.kill 1 %d %d\n"
                             "+20.0 test.add 1\n+40.0 test.add 2\n+50.0 host.kill 0 %d %d\n",
                             point, n, point, n, point, 1 + n / 5));
        }
    }
}

/* Who asked last, at what time, by process. */
static apr_time_t last_request[8];

static void note_request(sm_t *sm, const sm_note_t *note)
{
    if (note->kind == SM_NOTE_SENT && note->process < 8) {
        last_request[note->process] = sm_now(sm);
    }
}

/* Seed 113: one that only reads finds out, too, that its group is another's. */
static void test_lost_group(void)
{
    static const sm_part_t listener = { .name = "listener", .note = note_request };
    static const sm_part_t *const with[] = { &sm_part_host, &small_world, &listener, NULL };
    sm_verdict_t verdict;
    int asking = 0;
    int i;

    memset(last_request, 0, sizeof(last_request));
    sm_run(&verdict, 1,
           "seed 1\nset minutes 5\nset host.clock_ms 0\n+60.0 host.freeze 0 20000 1\n"
           "+200.0 test.page 1 7\n",
           with, 0, pool);
    for (i = 0; i < 8; i++) {
        asking += last_request[i] > SM_T0 + SM_SEC(90);
    }
    tap_int(asking, 1, "of two workers that both had a group one goes on asking");
}

static apr_time_t heard_at[64];
static char heard_of[64][40];
static int heard_count;
static int late_writes;
static int writes;

/* The read of each page, and how long after it the page was written. */
static void note_age(sm_t *sm, const sm_note_t *note)
{
    const char *page = note->request ? strstr(note->request->path, "/v1/pages/") : NULL;
    int i;

    for (i = heard_count - 1; page && i >= 0 && strncmp(heard_of[i], page + 10, 36) != 0; i--) {
    }
    if (page && note->kind == SM_NOTE_ANSWERED && strcmp(note->request->method, "GET") == 0 &&
        heard_count < 64) {
        apr_cpystrn(heard_of[heard_count], page + 10, 37);
        heard_at[heard_count++] = sm_now(sm);
    }
    else if (page && note->kind == SM_NOTE_SENT && strcmp(note->request->method, "PATCH") == 0 &&
             i >= 0) {
        writes++;
        late_writes += sm_now(sm) - heard_at[i] > SM_MS(1100);
    }
}

/* S3.1, seeds 264 and 506: of several writes that waited for the gate only the first was given up in time. */
static void test_late_writes(void)
{
    static const sm_part_t listener = { .name = "listener", .note = note_age };
    static const sm_part_t *const with[] = { &sm_part_host, &small_world, &listener, NULL };
    sm_verdict_t verdict;
    int i;

    for (i = 0; i < 24; i++) {
        heard_count = 0;
        sm_run(&verdict, (apr_uint64_t)i + 1,
               apr_psprintf(pool,
                            "seed %d\nset minutes 5\nset host.clock_ms 0\n+60.0 test.busy %d\n"
                            "+60.0 test.row 0 1\n+60.02 test.row 1 2\n+60.04 test.row 2 3\n"
                            "+60.06 test.row 3 4\n+60.08 test.row 4 5\n",
                            i + 1, 2 + i % 4),
               with, 0, pool);
    }
    tap_ok(writes > 24, "pages are written");
    tap_int(late_writes, 0, "none longer than a second after it was read");
}

static int owned_before;
static int owned_meanwhile;
static int owned_otherwise;

/* A fresh connection has nothing of the file in memory. */
static int look_whose(sm_t *sm)
{
    nts_outcome_t out = { 0 };
    nts_store_t *store;
    int epoch = 0;

    if (nts_store_open(&store, &sm->host->store, &out, sm->p) != APR_SUCCESS) {
        return 0;
    }
    while (++epoch < 99 && !nts_store_owns_group(store, "/db", epoch)) {
    }
    nts_store_close(store);
    if (nts_store_open(&store, &sm->host->store, &out, sm->p) == APR_SUCCESS) {
        owned_before = epoch < 99;
        sm_file_spoil(sm->host->store.params, SQLITE_IOERR);
        owned_meanwhile = nts_store_owns_group(store, "/db", epoch);
        sm_file_spoil(sm->host->store.params, 0);
        owned_otherwise = nts_store_owns_group(store, "/db", epoch + 1);
        nts_store_close(store);
    }
    return 0;
}

static int look_once(sm_t *sm, int round)
{
    return round == 0 ? look_whose(sm) : 0;
}

/* Seeds 350 and 398: a worker whose disk did not answer believed that its groups were another's, and closed them twice. */
static void test_silent_disk(void)
{
    static const sm_part_t looker = { .name = "looker", .quiet = look_once };
    static const sm_part_t *const with[] = { &sm_part_host, &small_world, &looker, NULL };
    sm_verdict_t verdict;

    sm_run(&verdict, 1, "seed 1\nset minutes 5\nset host.clock_ms 0\n", with, 0, pool);
    tap_ok(owned_before, "a group has an owner");
    tap_ok(owned_meanwhile, "and keeps it while the disk does not say");
    tap_ok(!owned_otherwise, "but not for whoever says another epoch");
}

static int requests_open;

static void note_end(sm_t *sm, const sm_note_t *note)
{
    (void)sm;
    requests_open += note->kind == SM_NOTE_SENT;
    requests_open -= note->kind == SM_NOTE_ANSWERED || note->kind == SM_NOTE_UNHEARD;
}

/* Seeds 407330 and 409858: nothing was noted of a request whose worker died when its answer had come, and before it was told. */
static void test_ends(void)
{
    static const sm_part_t listener = { .name = "listener", .note = note_end };
    static const sm_part_t *const with[] = { &sm_part_host, &small_world, &listener, NULL };
    sm_verdict_t verdict;
    int point;

    for (point = SM_POINT_SEND; point <= SM_POINT_ANSWER; point++) {
        requests_open = 0;
        sm_run(&verdict, 1,
               apr_psprintf(pool,
                            "seed 1\nset minutes 5\nset host.clock_ms 0\n+0.0 host.kill 0 %d 3\n"
                            "+0.0 host.kill 1 %d 3\n+20.0 test.add 1\n",
                            point, point),
               with, 0, pool);
        tap_int(requests_open, 0, "a worker dies at its 3. %s, and each request has an end",
                sm_point_names[point]);
    }
}

/* S6.9 */
static void test_sameness(void)
{
    sm_verdict_t first;
    sm_verdict_t second;
    int seed;

    for (seed = 1; seed <= 12; seed++) {
        run(&first, (apr_uint64_t)seed, NULL);
        tap_ok(!first.violation, "the scenario of seed %d", seed);
        run(&second, (apr_uint64_t)seed, NULL);
        tap_ok(first.hash == second.hash, "goes the same way a second time");
        sm_run(&second, (apr_uint64_t)seed, first.scenario, parts, 0, pool);
        tap_ok(first.hash == second.hash, "and from its text");
    }
}

int main(int argc, char **argv)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    if (sm_prepare(argc > 1 && strcmp(argv[1], "file") == 0) != APR_SUCCESS) {
        printf("Bail out! no folder\n");
        return 1;
    }
    is_fine("a first sync, and one edit",
            "+30.0 test.add 1\n+60.0 test.add 2\n+90.0 test.page 1 7\n");
    test_faults();
    test_deaths();
    test_lost_group();
    test_silent_disk();
    test_late_writes();
    test_ends();
    test_sameness();
    sm_clean();
    return tap_done();
}
