/* Never more than B requests in any W (S6.8), over crashes and clean ends: whoever comes next counts what its
 * predecessors sent. */
#include <stdlib.h>

#include <apr_general.h>

#include "store_kit.h"
#include "tap/tap.h"
#include "worker/nts_budget.h"

#define SEC(n) apr_time_from_sec(n)
#define B 20
#define W SEC(60)
#define REQUESTS_MAX 20000

/* One process life: everything it has in memory. */
typedef struct life_t {
    apr_pool_t *p;
    nts_store_t *store;
    nts_net_t *net;
    nts_loop_t *loop;
    nts_commits_t *commits;
    nts_budget_t *budget;
    int readies;
} life_t;

typedef struct request_t {
    apr_time_t sent;
    apr_time_t answered; /* 0: under way, or its process died */
} request_t;

static apr_pool_t *pool;
static kit_t kit;
static request_t requests[REQUESTS_MAX];
static int request_count;
static unsigned int seed = 11;

static unsigned int dice(unsigned int below)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 16) % below;
}

/* How far the wall clock was set. */
static apr_interval_time_t set_by;

static apr_time_t read_wall(void *baton)
{
    (void)baton;
    return kit_now + set_by;
}

static apr_time_t read_mono(void *baton)
{
    (void)baton;
    return kit_now;
}

static const nts_clock_t settable = { read_wall, read_mono, NULL };

static void count_ready(void *baton)
{
    life_t *life = baton;

    life->readies++;
}

static void trouble(void *baton, apr_status_t rv)
{
    (void)baton;
    if (rv != APR_SUCCESS) {
        abort();
    }
}

static void begin(life_t *life)
{
    nts_budget_config_t config = { 0 };

    memset(life, 0, sizeof(*life));
    (void)apr_pool_create(&life->p, pool);
    life->store = kit_connect(&kit, life->p);
    if (nts_net_create(&life->net, &kit_clock, "ut_budget", life->p) != APR_SUCCESS ||
        nts_loop_create(&life->loop, life->net, &kit_clock, life->p) != APR_SUCCESS) {
        abort();
    }
    life->commits = nts_commits_create(life->store, life->loop, &kit_clock, trouble, life, life->p);
    config.service = kit.notion;
    config.store = life->store;
    config.commits = life->commits;
    config.loop = life->loop;
    config.clock = &settable;
    config.ready = count_ready;
    config.baton = life;
    if (nts_budget_open(&life->budget, &config, life->p) != APR_SUCCESS) {
        abort();
    }
}

/* Timers that are due, and commits. */
static void turn(life_t *life)
{
    (void)nts_loop_turn(life->loop, 0);
    while (nts_commits_flush(life->commits)) {
        continue;
    }
}

static void crash(life_t *life)
{
    nts_store_close(life->store);
    apr_pool_destroy(life->p);
}

static void end_cleanly(life_t *life)
{
    nts_budget_close(life->budget);
    while (nts_commits_flush(life->commits)) {
        continue;
    }
    crash(life);
}

/* As many as may be had now. */
static int take_all(life_t *life, int *slots, nts_urgency_t urgency)
{
    int taken = 0;
    int tries;

    for (tries = 0; tries < 200 && taken < 100; tries++) {
        if (nts_budget_take(life->budget, 1, urgency, &slots[taken])) {
            taken++;
        }
        else {
            turn(life);
        }
    }
    return taken;
}

static void answer_all(life_t *life, const int *slots, int count)
{
    int i;

    for (i = 0; i < count; i++) {
        nts_budget_answered(life->budget, slots[i]);
    }
}

static void test_one_life(void)
{
    life_t life;
    int slots[100];
    int count;

    begin(&life);
    count = take_all(&life, slots, NTS_LIVE);
    tap_int(count, B, "live requests may use the whole window at once");
    kit_now += SEC(10);
    answer_all(&life, slots, count);
    kit_now += W - 1;
    tap_int(take_all(&life, slots, NTS_LIVE), 0, "nothing before W after the answers");
    kit_now += 2;
    life.readies = 0;
    turn(&life);
    tap_ok(life.readies > 0, "who was refused is told when there is room");
    tap_int(take_all(&life, slots, NTS_LIVE), B, "then all again");
    kit_now += SEC(1);
    answer_all(&life, slots, B);
    kit_now += W + SEC(1);
    count = take_all(&life, slots, NTS_BULK);
    tap_ok(count <= 2, "bulk requests never burst (%d)", count);
    answer_all(&life, slots, count);
    end_cleanly(&life);
}

static void test_crash(void)
{
    life_t life;
    int slots[100];
    int count;

    kit_now += 3 * W;
    begin(&life);
    count = take_all(&life, slots, NTS_LIVE);
    tap_int(count, B, "a life that sends all it may");
    crash(&life);
    kit_now += SEC(30);
    begin(&life);
    tap_int(take_all(&life, slots, NTS_LIVE), 0, "its successor sends nothing");
    kit_now += W + 1;
    tap_int(take_all(&life, slots, NTS_LIVE), B, "until all that can still be answered is W old");
    answer_all(&life, slots, B);
    end_cleanly(&life);
    kit_now += SEC(30);
    begin(&life);
    tap_int(take_all(&life, slots, NTS_LIVE), 0, "after a clean end its answers still count");
    end_cleanly(&life);
}

static void test_gate(void)
{
    life_t life;
    int slots[100];

    kit_now += 3 * W;
    begin(&life);
    nts_budget_gate(life.budget, kit_now + SEC(90));
    turn(&life);
    tap_int(take_all(&life, slots, NTS_LIVE), 0, "a Retry-After closes the gate");
    tap_int(nts_budget_gated_until(life.budget), kit_now + SEC(90), "until when");
    crash(&life);
    begin(&life);
    tap_int(take_all(&life, slots, NTS_LIVE), 0, "for the successor too");
    kit_now += SEC(90) + 1;
    life.readies = 0;
    turn(&life);
    tap_ok(life.readies > 0, "its end is told");
    tap_ok(nts_budget_gated_until(life.budget) == 0, "then the gate is open");
    tap_int(take_all(&life, slots, NTS_LIVE), B, "and the budget is there");
    answer_all(&life, slots, B);
    end_cleanly(&life);
}

/* Seeds 401600, 402706 of the simulation: after the clock was set back an earlier gate seemed to end later than a new one. */
static void test_gate_after_a_step(void)
{
    life_t life;
    int slots[100];

    kit_now += 3 * W;
    begin(&life);
    nts_budget_gate(life.budget, kit_now + SEC(30));
    kit_now += SEC(31);
    turn(&life);
    set_by = -SEC(84);
    nts_budget_gate(life.budget, read_wall(NULL) + SEC(58));
    tap_int(take_all(&life, slots, NTS_LIVE), 0, "a gate closes after the clock was set back, too");
    kit_now += SEC(57);
    tap_int(take_all(&life, slots, NTS_LIVE), 0, "for as long as was asked for");
    kit_now += SEC(1) + 1;
    turn(&life);
    tap_int(take_all(&life, slots, NTS_LIVE), B, "and then it is open");
    answer_all(&life, slots, B);
    end_cleanly(&life);
    set_by = 0;
}

/* Seed 405795 of the simulation: the clock was set forward, and the successor found the gate open. */
static void test_gate_kept_after_a_step(void)
{
    life_t life;
    int slots[100];

    kit_now += 3 * W;
    begin(&life);
    nts_budget_gate(life.budget, read_wall(NULL) + SEC(46));
    turn(&life);
    set_by = SEC(70);
    nts_budget_look_at_clock(life.budget);
    turn(&life);
    crash(&life);
    begin(&life);
    tap_int(take_all(&life, slots, NTS_LIVE), 0, "a gate is kept over a clock that is set forward");
    kit_now += SEC(46) + 1;
    turn(&life);
    tap_int(nts_budget_gated_until(life.budget), 0, "for its time and no longer");
    end_cleanly(&life);
    set_by = 0;
}

/* Seed 471774 of the simulation: the clock was set forward while the worker came to its end, after its last look at it. */
static void test_gate_kept_by_the_last_act(void)
{
    life_t life;
    int slots[100];

    kit_now += 3 * W;
    begin(&life);
    nts_budget_gate(life.budget, read_wall(NULL) + SEC(23));
    turn(&life);
    set_by = SEC(44);
    end_cleanly(&life);
    begin(&life);
    tap_int(take_all(&life, slots, NTS_LIVE), 0,
            "a gate is kept over a clock that is set forward before a worker ends");
    kit_now += SEC(23) + 1;
    turn(&life);
    tap_int(nts_budget_gated_until(life.budget), 0, "for its time and no longer");
    end_cleanly(&life);
    set_by = 0;
}

/* Seed 613435 of the simulation: all requests were used and answered, and the clock was set forward before somebody else took over. */
enum { CLEAN, SEEN, UNSEEN };

static void test_answers_after_a_step(int how)
{
    life_t life;
    int slots[100];

    kit_now += 3 * W;
    begin(&life);
    tap_int(nts_budget_was_set(life.budget), 0, "the clock was not set");
    tap_int(take_all(&life, slots, NTS_LIVE), B, "all is used");
    answer_all(&life, slots, B);
    kit_now += SEC(3);
    turn(&life);
    set_by = 2 * W;
    if (how == CLEAN) {
        end_cleanly(&life);
    }
    else {
        if (how == SEEN) {
            nts_budget_look_at_clock(life.budget);
            turn(&life);
        }
        crash(&life); /* before anybody had looked: 61786 */
    }
    begin(&life);
    tap_ok(nts_budget_was_set(life.budget) || how != UNSEEN,
           "who comes next is told of a step that nobody saw (61656)");
    tap_int(take_all(&life, slots, NTS_LIVE), 0, "it counts for a successor, by whatever clock");
    kit_now += W + 1;
    turn(&life);
    tap_int(take_all(&life, slots, NTS_LIVE), B, "for its time and no longer");
    answer_all(&life, slots, B);
    end_cleanly(&life);
    set_by = 0;
}

/* --- any order of sending, answering, dying */

/* The most requests that a window of W touches, each from its sending to its answer. */
static int worst_window(void)
{
    int worst = 0;
    int first = 0;
    int i;
    int j;

    for (i = 0; i < request_count; i++) {
        /* A window that ends when request i is sent touches those that were not answered W before. */
        int touched = 0;

        while (first < i && requests[first].sent + 20 * W < requests[i].sent) {
            first++;
        }
        for (j = first; j <= i; j++) {
            touched += requests[j].answered == 0 || requests[j].answered + W > requests[i].sent;
        }
        worst = touched > worst ? touched : worst;
    }
    return worst;
}

static void test_any_order(void)
{
    life_t life;
    int slots[100];
    int of_slot[100];
    int under_way = 0;
    int lives = 1;
    int step;

    kit_now += 3 * W;
    begin(&life);
    for (step = 0; step < 6000 && request_count < REQUESTS_MAX; step++) {
        unsigned int what = dice(100);

        kit_now += (apr_time_t)dice(2000) * 1000;
        turn(&life);
        if (what < 60 && under_way < 90) {
            if (nts_budget_take(life.budget, 1, dice(2) ? NTS_LIVE : NTS_BULK, &slots[under_way])) {
                of_slot[under_way++] = request_count;
                requests[request_count].answered = 0;
                requests[request_count++].sent = kit_now;
            }
        }
        else if (what < 97 && under_way > 0) {
            int which = (int)dice((unsigned int)under_way);

            requests[of_slot[which]].answered = kit_now;
            nts_budget_answered(life.budget, slots[which]);
            under_way--;
            slots[which] = slots[under_way];
            of_slot[which] = of_slot[under_way];
        }
        else if (what >= 97) {
            /* What was under way is answered at the latest when the next life begins, for the
             * exchanges died with their process. */
            while (under_way > 0) {
                requests[of_slot[--under_way]].answered = kit_now;
            }
            if (what == 97) {
                end_cleanly(&life);
            }
            else {
                crash(&life);
            }
            kit_now += (apr_time_t)dice(30000) * 1000;
            begin(&life);
            lives++;
        }
    }
    end_cleanly(&life);
    tap_ok(request_count > 200 && lives > 50, "%d requests in %d lives", request_count, lives);
    tap_ok(worst_window() <= B, "never more than %d in any window (%d)", B, worst_window());
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    kit_open(&kit, pool);
    kit.notion->budget_requests = B;
    kit.notion->budget_window = W;
    test_one_life();
    test_crash();
    test_gate();
    test_gate_after_a_step();
    test_gate_kept_after_a_step();
    test_gate_kept_by_the_last_act();
    test_answers_after_a_step(CLEAN);
    test_answers_after_a_step(SEEN);
    test_answers_after_a_step(UNSEEN);
    test_any_order();
    apr_terminate();
    return tap_done();
}
