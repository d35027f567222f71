/* ut_schedule.c - every record that was noticed is looked at: once at a time, in time, not too often. */
#include <stdlib.h>

#include "queue/nts_schedule.h"
#include "tap/tap.h"

#define MSEC(n) ((apr_time_t)(n)*1000)
#define SEC(n) ((apr_time_t)(n)*APR_USEC_PER_SEC)
#define T0 SEC(1000)

static apr_pool_t *pool;

static nts_schedule_t *schedule(void)
{
    return nts_schedule_create(MSEC(300), pool);
}

/* The key of the next task, which begins to run; "-" if none is due. */
static const char *pop(nts_schedule_t *s, nts_urgency_t least, apr_time_t now)
{
    nts_task_t *task = nts_schedule_pop(s, least, now);

    return task ? nts_task_key(task) : "-";
}

static void a_burst_of_notices_is_one_run(void)
{
    nts_schedule_t *s = schedule();
    nts_task_t *task;
    int i;

    task = nts_schedule_add(s, "a", NTS_LIVE, T0);
    tap_int(nts_schedule_next_due(s, NTS_LIVE), T0 + MSEC(300), "due after the debounce");
    tap_ok(nts_schedule_add(s, "a", NTS_LIVE, T0 + MSEC(200)) == task, "the same task");
    tap_int(nts_schedule_next_due(s, NTS_LIVE), T0 + MSEC(500), "each notice moves it");
    tap_str(pop(s, NTS_BULK, T0 + MSEC(499)), "-", "not before its time");
    for (i = 400; i < 1000; i += 200) {
        (void)nts_schedule_add(s, "a", NTS_LIVE, T0 + MSEC(i));
    }
    tap_int(nts_schedule_next_due(s, NTS_LIVE), T0 + MSEC(1000),
            "a second after the first at last");
    tap_str(pop(s, NTS_BULK, T0 + MSEC(1000)), "a", "it runs");
    tap_int(nts_task_noticed(task), T0, "and knows its first notice");
    tap_str(pop(s, NTS_BULK, T0 + SEC(99)), "-", "once");
    nts_schedule_finish(s, task);
    tap_str(pop(s, NTS_BULK, T0 + SEC(99)), "-", "and is over");
    tap_int(nts_schedule_next_due(s, NTS_LIVE), NTS_NEVER, "nothing is left");
}

static void a_late_notice_waits_for_others(void)
{
    nts_schedule_t *s = schedule();
    nts_task_t *task = nts_schedule_add_late(s, "a", NTS_LIVE, T0 + SEC(10));

    tap_int(nts_schedule_next_due(s, NTS_LIVE), T0 + SEC(10), "due when it says");
    tap_ok(nts_schedule_add_late(s, "a", NTS_LIVE, T0 + SEC(15)) == task, "the next");
    tap_int(nts_schedule_next_due(s, NTS_LIVE), T0 + SEC(10), "moves it no further");
    (void)nts_schedule_add(s, "a", NTS_LIVE, T0 + SEC(2));
    tap_int(nts_schedule_next_due(s, NTS_LIVE), T0 + SEC(2) + MSEC(300), "a usual one hastens it");
    tap_str(pop(s, NTS_LIVE, T0 + SEC(3)), "a", "it runs");
    (void)nts_schedule_add_late(s, "a", NTS_LIVE, T0 + SEC(13));
    (void)nts_schedule_add_late(s, "a", NTS_LIVE, T0 + SEC(14));
    nts_schedule_finish(s, task);
    tap_int(nts_schedule_next_due(s, NTS_LIVE), T0 + SEC(13),
            "one that came meanwhile is not lost");
    (void)pop(s, NTS_LIVE, T0 + SEC(13));
    nts_schedule_wait(s, task, "x", NTS_NEVER, T0 + SEC(13));
    (void)nts_schedule_add_late(s, "a", NTS_LIVE, T0 + SEC(20));
    tap_int(nts_schedule_next_due(s, NTS_LIVE), T0 + SEC(20), "nor one for a task that lies");
}

static void bulk_may_hurry(void)
{
    nts_schedule_t *s = schedule();
    nts_task_t *task = nts_schedule_add(s, "a", NTS_BULK, T0);

    (void)nts_schedule_add(s, "b", NTS_BULK, T0);
    nts_schedule_hurry(s, task);
    tap_int(nts_schedule_next_due(s, NTS_LIVE), T0, "it is live now, without any debounce");
    tap_str(pop(s, NTS_LIVE, T0), "a", "and runs");
    nts_schedule_hurry(s, task);
    tap_str(pop(s, NTS_LIVE, T0), "-", "the other is as it was");
    nts_schedule_finish(s, task);
    tap_str(pop(s, NTS_BULK, T0), "b", "and has its turn");
}

static void debounce_may_be_none_or_long(void)
{
    nts_schedule_t *s = nts_schedule_create(0, pool);

    (void)nts_schedule_add(s, "a", NTS_LIVE, T0);
    tap_str(pop(s, NTS_LIVE, T0), "a", "without a debounce it is due at once");
    s = nts_schedule_create(SEC(5), pool);
    (void)nts_schedule_add(s, "a", NTS_LIVE, T0);
    (void)nts_schedule_add(s, "a", NTS_LIVE, T0 + SEC(2));
    tap_int(nts_schedule_next_due(s, NTS_LIVE), T0 + SEC(5), "a long one is its own limit");
}

static void live_goes_before_bulk(void)
{
    nts_schedule_t *s = schedule();

    (void)nts_schedule_add(s, "b1", NTS_BULK, T0);
    (void)nts_schedule_add(s, "b2", NTS_BULK, T0);
    (void)nts_schedule_add(s, "b3", NTS_BULK, T0);
    (void)nts_schedule_add(s, "l", NTS_LIVE, T0);
    tap_str(pop(s, NTS_LIVE, T0), "-", "live is debounced");
    tap_str(pop(s, NTS_BULK, T0), "b1", "bulk is not, in order");
    (void)nts_schedule_add(s, "b3", NTS_LIVE, T0 + MSEC(10));
    (void)nts_schedule_add(s, "l", NTS_BULK, T0 + MSEC(100));
    tap_int(nts_schedule_next_due(s, NTS_LIVE), T0 + MSEC(100), "bulk makes live earlier at most");
    tap_str(pop(s, NTS_BULK, T0 + MSEC(310)), "l", "live first");
    tap_str(pop(s, NTS_LIVE, T0 + MSEC(310)), "b3", "an edit makes bulk work live");
    tap_str(pop(s, NTS_LIVE, T0 + MSEC(310)), "-", "no bulk work when live is asked for");
    tap_str(pop(s, NTS_BULK, T0 + MSEC(310)), "b2", "it waits its turn");
}

static void a_notice_during_a_run_makes_another(void)
{
    nts_schedule_t *s = schedule();
    nts_task_t *task = nts_schedule_add(s, "a", NTS_BULK, T0);

    (void)nts_schedule_pop(s, NTS_BULK, T0);
    tap_ok(nts_schedule_add(s, "a", NTS_LIVE, T0 + SEC(1)) == task, "noticed while it runs");
    (void)nts_schedule_add(s, "a", NTS_BULK, T0 + SEC(2));
    tap_str(pop(s, NTS_BULK, T0 + SEC(9)), "-", "it does not run twice at once");
    nts_schedule_finish(s, task);
    tap_int(nts_schedule_next_due(s, NTS_LIVE), T0 + SEC(1) + MSEC(300), "due again, live");
    tap_str(pop(s, NTS_LIVE, T0 + SEC(9)), "a", "runs");
    tap_int(nts_task_noticed(task), T0 + SEC(1), "for that notice");
    (void)nts_schedule_add(s, "a", NTS_BULK, T0 + SEC(10));
    nts_schedule_retry(s, task, T0 + SEC(100));
    tap_int(nts_schedule_next_due(s, NTS_BULK), T0 + SEC(10), "a failed run too is noticed again");
    tap_str(pop(s, NTS_BULK, T0 + SEC(10)), "a", "runs");
    tap_int(nts_task_failures(task), 1, "its failure counted");
    (void)nts_schedule_add(s, "a", NTS_LIVE, T0 + SEC(11));
    nts_schedule_wait(s, task, "x", NTS_NEVER, T0 + SEC(12));
    tap_str(pop(s, NTS_LIVE, T0 + SEC(13)), "a", "and does not lie down");
}

static void failures_wait(void)
{
    nts_schedule_t *s = schedule();
    nts_task_t *task = nts_schedule_add(s, "a", NTS_LIVE, T0);

    (void)nts_schedule_pop(s, NTS_LIVE, T0 + SEC(1));
    nts_schedule_retry(s, task, T0 + SEC(60));
    tap_int(nts_schedule_next_due(s, NTS_LIVE), T0 + SEC(60), "again when said");
    (void)nts_schedule_add(s, "a", NTS_LIVE, T0 + SEC(10));
    tap_int(nts_schedule_next_due(s, NTS_LIVE), T0 + SEC(10) + MSEC(300), "or after an edit");
    (void)nts_schedule_add(s, "a", NTS_LIVE, T0 + SEC(10) + MSEC(900));
    tap_int(nts_schedule_next_due(s, NTS_LIVE), T0 + SEC(11), "debounced like any");
    (void)nts_schedule_pop(s, NTS_LIVE, T0 + SEC(11));
    tap_int(nts_task_failures(task), 1, "one failure");
    nts_schedule_retry(s, task, T0 + SEC(12));
    (void)nts_schedule_add(s, "a", NTS_BULK, T0 + SEC(13));
    tap_int(nts_schedule_next_due(s, NTS_LIVE), T0 + SEC(12), "bulk work delays no retry");
    (void)nts_schedule_pop(s, NTS_LIVE, T0 + SEC(12));
    tap_int(nts_task_failures(task), 2, "two");
    nts_schedule_put_back(s, task);
    tap_str(pop(s, NTS_LIVE, T0 + SEC(12)), "a", "put back it is due as before");
    tap_int(nts_task_failures(task), 2, "and has not failed");
    nts_schedule_finish(s, task);
    task = nts_schedule_add_at(s, "a", NTS_BULK, T0 + SEC(50));
    tap_int(nts_task_failures(task), 0, "done, its failures are forgotten");
    (void)nts_schedule_add_at(s, "a", NTS_LIVE, T0);
    tap_int(nts_schedule_next_due(s, NTS_BULK), T0 + SEC(50), "brought in once");
}

static void lying_tasks_are_woken_by_name(void)
{
    nts_schedule_t *s = schedule();
    nts_task_t *a = nts_schedule_add(s, "a", NTS_BULK, T0);
    nts_task_t *b = nts_schedule_add(s, "b", NTS_BULK, T0);
    nts_task_t *c = nts_schedule_add(s, "c", NTS_BULK, T0);
    nts_task_t *d = nts_schedule_add(s, "d", NTS_BULK, T0);

    while (nts_schedule_pop(s, NTS_BULK, T0)) {
    }
    nts_schedule_wait(s, a, "link 7", NTS_NEVER, T0);
    nts_schedule_wait(s, b, "link 8", T0 + SEC(5), T0);
    nts_schedule_wait(s, c, "link 7", NTS_NEVER, T0);
    tap_int(nts_schedule_count(s).lying, 3, "three lie");
    tap_str(pop(s, NTS_BULK, T0 + SEC(4)), "-", "and stay");
    tap_int(nts_schedule_wake(s, "link 7", T0 + SEC(4)), 2, "two are woken");
    tap_int(nts_schedule_wake(s, "link 7", T0 + SEC(4)), 0, "once");
    tap_str(pop(s, NTS_BULK, T0 + SEC(4)), "a", "in their order");
    tap_str(pop(s, NTS_BULK, T0 + SEC(4)), "c", "both");
    tap_str(pop(s, NTS_BULK, T0 + SEC(5)), "b", "one rises by itself");
    nts_schedule_wait(s, b, "link 9", NTS_NEVER, T0);
    (void)nts_schedule_add(s, "b", NTS_LIVE, T0 + SEC(6));
    tap_int(nts_schedule_next_due(s, NTS_LIVE), T0 + SEC(6) + MSEC(300), "or for an edit");
    nts_schedule_wait(s, d, "link 7", NTS_NEVER, T0 + SEC(7));
    tap_str(pop(s, NTS_BULK, T0 + SEC(7)), "b", "b, live, first");
    tap_str(pop(s, NTS_BULK, T0 + SEC(7)), "d", "d, for what was woken while it ran");
    nts_schedule_wait(s, d, "link 7", NTS_NEVER, T0 + SEC(7));
    tap_str(pop(s, NTS_BULK, T0 + SEC(8)), "-", "but not for ever");
}

static void the_backoff_doubles_within_bounds(void)
{
    static const struct {
        int failures;
        apr_interval_time_t most;
    } cases[] = {
        { 1, SEC(1) },  { 2, SEC(2) },     { 3, SEC(4) },
        { 7, SEC(60) }, { 1000, SEC(60) }, { 2147483647, SEC(60) },
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        apr_interval_time_t least = NTS_NEVER;
        apr_interval_time_t most = 0;
        int n;

        for (n = 0; n < 1000; n++) {
            apr_interval_time_t wait =
                nts_backoff(cases[i].failures, &nts_random_system, SEC(1), SEC(60));

            least = wait < least ? wait : least;
            most = wait > most ? wait : most;
        }
        tap_ok(least >= cases[i].most / 2 && least < cases[i].most * 6 / 10 &&
                   most <= cases[i].most && most > cases[i].most * 9 / 10,
               "failure %d: %ld to %ld ms", cases[i].failures, (long)(least / 1000),
               (long)(most / 1000));
    }
    tap_ok(nts_backoff(90, &nts_random_system, 1, NTS_NEVER) > 0, "no overflow");
    tap_ok(nts_backoff(1, &nts_random_system, SEC(9), SEC(5)) <= SEC(5), "never above the most");
}

/* --- an independent model: what must be true of each record, over random histories */

#define RECORDS 40

typedef struct model_t {
    nts_schedule_t *s;
    unsigned int seed;
    struct {
        nts_task_t *running;
        apr_time_t promised; /* it must run by then; 0: nothing is promised */
        apr_time_t noticed_running;
        int is_debounced;
    } records[RECORDS];
    const char *wrong;
} model_t;

static int chance(model_t *m, int below)
{
    m->seed = m->seed * 1103515245 + 12345;
    return (int)((m->seed >> 16) % (unsigned int)below);
}

static const char *name_of(const char *kind, int n)
{
    static char name[4][32];
    static int next;

    next = (next + 1) % 4;
    (void)snprintf(name[next], sizeof(name[next]), "%s %d", kind, n);
    return name[next];
}

static void promise(model_t *m, int i, apr_time_t by)
{
    if (m->records[i].promised == 0 || by < m->records[i].promised) {
        m->records[i].promised = by;
    }
}

static void notice(model_t *m, apr_time_t now)
{
    int i = chance(m, RECORDS);
    nts_urgency_t urgency = chance(m, 2) ? NTS_LIVE : NTS_BULK;

    (void)nts_schedule_add(m->s, name_of("record", i), urgency, now);
    if (m->records[i].running) {
        if (!m->records[i].noticed_running) {
            m->records[i].noticed_running = now;
        }
    }
    else if (urgency == NTS_BULK) {
        promise(m, i, now);
    }
    else if (!m->records[i].is_debounced) {
        m->records[i].is_debounced = 1;
        m->records[i].promised = now + SEC(1);
    }
}

static void start_all_due(model_t *m, apr_time_t now)
{
    nts_task_t *task;
    int i;

    while ((task = nts_schedule_pop(m->s, NTS_BULK, now)) != NULL) {
        i = atoi(nts_task_key(task) + 7);
        if (m->records[i].running) {
            m->wrong = "a record runs twice at once";
        }
        if (m->records[i].promised == 0) {
            m->wrong = "a record runs that nobody asked for";
        }
        m->records[i].running = task;
        m->records[i].promised = 0;
        m->records[i].is_debounced = 0;
    }
    for (i = 0; i < RECORDS; i++) {
        if (m->records[i].promised && m->records[i].promised <= now) {
            m->wrong = "a record was not run in time";
        }
    }
}

static void end_some(model_t *m, apr_time_t now)
{
    int i;

    for (i = 0; i < RECORDS; i++) {
        nts_task_t *task = m->records[i].running;

        if (!task || chance(m, 3)) {
            continue;
        }
        m->records[i].running = NULL;
        if (m->records[i].noticed_running) {
            promise(m, i, m->records[i].noticed_running + SEC(1));
            m->records[i].noticed_running = 0;
        }
        switch (chance(m, 4)) {
        case 0:
            nts_schedule_retry(m->s, task, now + SEC(2));
            promise(m, i, now + SEC(2));
            break;
        case 1:
            nts_schedule_wait(m->s, task, name_of("thing", chance(m, 5)), now + SEC(20), now);
            promise(m, i, now + SEC(20));
            break;
        default:
            nts_schedule_finish(m->s, task);
            break;
        }
        /* The end may be late for what was promised meanwhile: it is due now. */
        if (m->records[i].promised && m->records[i].promised <= now) {
            m->records[i].promised = now + 1;
        }
    }
}

static void counts_agree(model_t *m)
{
    nts_schedule_counts_t counts = nts_schedule_count(m->s);
    int running = 0;
    int resting = 0;
    int i;

    for (i = 0; i < RECORDS; i++) {
        running += m->records[i].running != NULL;
        resting += !m->records[i].running && m->records[i].promised;
    }
    if (counts.running != running) {
        m->wrong = "the count of running tasks is wrong";
    }
    if (counts.waiting[0] + counts.waiting[1] + counts.lying != resting) {
        m->wrong = "the count of resting tasks is wrong";
    }
}

static void whatever_happens_every_notice_is_answered(void)
{
    int wrong = 0;
    int seed;

    for (seed = 1; seed <= 300; seed++) {
        model_t m;
        apr_time_t now = T0;
        int i;

        memset(&m, 0, sizeof(m));
        m.seed = (unsigned int)seed;
        m.s = schedule();
        for (i = 0; i < 500 && !m.wrong; i++) {
            now += chance(&m, 200000);
            switch (chance(&m, 4)) {
            case 0:
                (void)nts_schedule_wake(m.s, name_of("thing", chance(&m, 5)), now);
                break;
            case 1:
                end_some(&m, now);
                break;
            default:
                notice(&m, now);
                break;
            }
            counts_agree(&m);
            start_all_due(&m, now);
        }
        if (m.wrong) {
            tap_ok(0, "seed %d, step %d: %s", seed, i, m.wrong);
            wrong++;
        }
        apr_pool_clear(pool);
    }
    tap_int(wrong, 0, "300 histories without a wrong");
}

static void a_hundred_thousand_records_come_in_order(void)
{
    nts_schedule_t *s = schedule();
    apr_time_t last = 0;
    apr_time_t began = apr_time_now();
    nts_task_t *task;
    model_t m;
    int sorted = 1;
    int n = 0;
    int i;

    memset(&m, 0, sizeof(m));
    for (i = 0; i < 100000; i++) {
        (void)nts_schedule_add_at(s, name_of("record", i), NTS_BULK, T0 + chance(&m, 32768));
    }
    while ((task = nts_schedule_pop(s, NTS_BULK, T0 + SEC(9))) != NULL) {
        apr_time_t due = T0 + SEC(9);

        sorted &= nts_schedule_next_due(s, NTS_BULK) >= last;
        last = nts_schedule_next_due(s, NTS_BULK) == NTS_NEVER ? due
                                                               : nts_schedule_next_due(s, NTS_BULK);
        nts_schedule_finish(s, task);
        n++;
    }
    tap_int(n, 100000, "all of them");
    tap_ok(sorted, "in order");
    tap_diag("%d ms", (int)((apr_time_now() - began) / 1000));
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    a_burst_of_notices_is_one_run();
    a_late_notice_waits_for_others();
    bulk_may_hurry();
    debounce_may_be_none_or_long();
    live_goes_before_bulk();
    a_notice_during_a_run_makes_another();
    failures_wait();
    lying_tasks_are_woken_by_name();
    the_backoff_doubles_within_bounds();
    whatever_happens_every_notice_is_answered();
    a_hundred_thousand_records_come_in_order();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
