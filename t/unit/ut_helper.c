/* The helper thread performs asks one at a time, live ones first, and never holds up the loop. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <apr_general.h>

#include "tap/tap.h"
#include "worker/nts_helper.h"

#define MS(n) apr_time_from_msec(n)
#define LONG apr_time_from_sec(60)

struct nts_connection_t {
    apr_pool_t *p;
    char log[256]; /* of the thread alone, read after it has ended */
};

static char final_log[256];
static apr_pool_t *pool;
static nts_loop_t *loop;
static pthread_t main_thread;

/* --- a connector whose asks, where `since` says so, take until the test lets them go */

static apr_status_t fake_open(nts_connection_t **connection, const nts_service_t *service,
                              const char *secret, const nts_clock_t *clock, nts_outcome_t *out,
                              apr_pool_t *p)
{
    (void)clock;
    if (!secret) {
        nts_outcome_set(out, p, NTS_REMEDY_PERSON, "fake.secret", "%s has no password",
                        service->name);
        return APR_EGENERAL;
    }
    *connection = apr_pcalloc(p, sizeof(**connection));
    (*connection)->p = p;
    return APR_SUCCESS;
}

/* How many asks the thread has begun. */
static pthread_mutex_t begun_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t begun_more = PTHREAD_COND_INITIALIZER;
static int begun;
static int let_go; /* those that wait for it, now and from now on */
static int looks;  /* at the clock, until they are let go; 0: it is not for the clock to do */

static void set_let_go(int on)
{
    (void)pthread_mutex_lock(&begun_mutex);
    let_go = on;
    (void)pthread_cond_broadcast(&begun_more);
    (void)pthread_mutex_unlock(&begun_mutex);
}

/* Who stops the helper looks when it begins, and again when the thread has been told. */
static apr_time_t look(void *baton)
{
    (void)baton;
    if (pthread_equal(pthread_self(), main_thread) && looks && --looks == 0) {
        set_let_go(1);
    }
    return nts_clock_system.mono(nts_clock_system.baton);
}

static apr_time_t wall(void *baton)
{
    (void)baton;
    return nts_clock_system.wall(nts_clock_system.baton);
}

static const nts_clock_t looked_at = { wall, look, NULL };

static void await_begun(int count)
{
    (void)pthread_mutex_lock(&begun_mutex);
    while (begun < count) {
        (void)pthread_cond_wait(&begun_more, &begun_mutex);
    }
    (void)pthread_mutex_unlock(&begun_mutex);
}

static void fake_perform(nts_connection_t *connection, const nts_ask_t *ask, nts_answer_t *answer,
                         apr_pool_t *p)
{
    (void)strncat(connection->log, ask->id, 8);
    (void)pthread_mutex_lock(&begun_mutex);
    begun++;
    (void)pthread_cond_broadcast(&begun_more);
    while (ask->since && !let_go) {
        (void)pthread_cond_wait(&begun_more, &begun_mutex);
    }
    (void)pthread_mutex_unlock(&begun_mutex);
    answer->id = apr_pstrcat(p, "answer to ", ask->id, NULL);
}

static void fake_together(nts_connection_t *connection, const nts_ask_t *const *asks,
                          nts_answer_t *const *answers, apr_pool_t *const *pools, int count)
{
    int i;

    (void)strncat(connection->log, "(", 2);
    for (i = 0; i < count; i++) {
        fake_perform(connection, asks[i], answers[i], pools[i]);
    }
    (void)strncat(connection->log, ")", 2);
}

static void fake_close(nts_connection_t *connection)
{
    memcpy(final_log, connection->log, sizeof(final_log));
}

static const nts_connector_t fake = {
    .name = "fake",
    .open = fake_open,
    .perform = fake_perform,
    .perform_together = fake_together,
    .close = fake_close,
};

static char answers[512];

static void take_answer(void *baton, const nts_answer_t *answer, apr_pool_t *p)
{
    const nts_ask_t *ask = baton;

    if (strcmp(answer->id, apr_pstrcat(p, "answer to ", ask->id, NULL)) == 0) {
        (void)strncat(answers, ask->id, 8);
    }
    apr_pool_destroy(p);
}

static void turns(apr_interval_time_t total)
{
    apr_time_t end = nts_loop_mono(loop) + total;

    while (nts_loop_mono(loop) < end) {
        if (nts_loop_turn(loop, MS(5)) != APR_SUCCESS) {
            abort();
        }
    }
}

static void test_order(nts_helper_t *helper)
{
    static const char *const ids[] = { "1", "b", "c", "L", "M", "d" };
    static const nts_urgency_t urgency[] = { NTS_BULK, NTS_BULK, NTS_BULK,
                                             NTS_LIVE, NTS_LIVE, NTS_BULK };
    nts_ask_t asks[6];
    int i;

    memset(asks, 0, sizeof(asks));
    asks[0].since = 1;
    for (i = 0; i < 6; i++) {
        asks[i].id = ids[i];
        nts_helper_ask(helper, &asks[i], urgency[i], take_answer, &asks[i], pool);
        if (i == 0) {
            await_begun(1);
        }
    }
    tap_int(nts_helper_load(helper), 6, "asking does not wait: all are under way");
    tap_ok(nts_helper_busy(helper) > 0, "one is being performed");
    set_let_go(1);
    while (nts_helper_load(helper) > 0) {
        turns(MS(5));
    }
    tap_str(answers, "1LMbcd", "live ones go first, each class in order");
    tap_int(nts_helper_busy(helper), 0, "then the thread is idle");
}

static void test_stop(nts_helper_t *helper)
{
    static nts_ask_t asks[2];

    answers[0] = '\0';
    set_let_go(0);
    asks[0].id = "x";
    asks[0].since = 1;
    asks[1].id = "y";
    nts_helper_ask(helper, &asks[0], NTS_BULK, take_answer, &asks[0], pool);
    nts_helper_ask(helper, &asks[1], NTS_BULK, take_answer, &asks[1], pool);
    await_begun(7);
    looks = 2;
    tap_int(nts_helper_stop(helper, LONG), APR_SUCCESS, "a busy thread ends with its ask");
    tap_str(final_log, "1LMbcdx", "what was queued is not begun");
    tap_str(answers, "", "and nobody is told after the stop");
}

static void test_stuck(nts_helper_t *helper)
{
    static nts_ask_t ask;

    set_let_go(0);
    ask.id = "z";
    ask.since = 1;
    nts_helper_ask(helper, &ask, NTS_BULK, take_answer, &ask, pool);
    await_begun(8);
    tap_int(nts_helper_stop(helper, MS(50)), APR_TIMEUP,
            "a stuck thread is left behind after the time that was given");
    set_let_go(1);
    tap_int(nts_helper_stop(helper, LONG), APR_SUCCESS, "and can be asked again later");
}

/* What belongs together is one turn of the thread, in its place among the others; each is answered for itself. */
static void test_together(nts_helper_t *helper)
{
    static const char *const ids[] = { "s", "L", "a", "b", "c" };
    static nts_ask_t asks[5];
    nts_helper_order_t orders[2];
    int i;

    answers[0] = '\0';
    for (i = 0; i < 5; i++) {
        asks[i].id = ids[i];
        asks[i].kind = NTS_ASK_UPDATE;
    }
    set_let_go(0);
    asks[0].since = 1;
    orders[0] = (nts_helper_order_t){ &asks[2], &asks[2], pool };
    orders[1] = (nts_helper_order_t){ &asks[3], &asks[3], pool };
    nts_helper_ask(helper, &asks[0], NTS_LIVE, take_answer, &asks[0], pool);
    await_begun(9);
    nts_helper_ask(helper, &asks[1], NTS_LIVE, take_answer, &asks[1], pool);
    nts_helper_ask_together(helper, orders, 2, NTS_LIVE, take_answer);
    nts_helper_ask(helper, &asks[4], NTS_LIVE, take_answer, &asks[4], pool);
    tap_int(nts_helper_load(helper), 5, "those that belong together count, too");
    set_let_go(1);
    while (nts_helper_load(helper) > 0) {
        turns(MS(5));
    }
    tap_str(answers, "sLabc", "each is answered");
    tap_int(nts_helper_stop(helper, LONG), APR_SUCCESS, "the thread ends");
    tap_str(final_log, "sL(ab)c", "two were one turn of it");
}

int main(void)
{
    nts_net_t *net;
    nts_helper_t *helper;
    nts_service_t service = { 0 };
    nts_outcome_t out = { 0 };

    main_thread = pthread_self();
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    if (nts_net_create(&net, &nts_clock_system, "ut_helper", pool) != APR_SUCCESS ||
        nts_loop_create(&loop, net, &nts_clock_system, pool) != APR_SUCCESS) {
        abort();
    }
    service.name = "db";
    tap_ok(nts_helper_create(&helper, loop, &fake, &service, NULL, &nts_clock_system, &out, pool) !=
                   APR_SUCCESS &&
               helper == NULL,
           "a connection that cannot be opened has no thread");
    tap_str(out.code, "fake.secret", "and says why");
    if (nts_helper_create(&helper, loop, &fake, &service, "s", &looked_at, &out, pool) !=
        APR_SUCCESS) {
        abort();
    }
    test_order(helper);
    test_stop(helper);
    if (nts_helper_create(&helper, loop, &fake, &service, "s", &looked_at, &out, pool) !=
        APR_SUCCESS) {
        abort();
    }
    test_stuck(helper);
    if (nts_helper_create(&helper, loop, &fake, &service, "s", &looked_at, &out, pool) !=
        APR_SUCCESS) {
        abort();
    }
    test_together(helper);
    nts_net_destroy(net);
    return tap_done();
}
