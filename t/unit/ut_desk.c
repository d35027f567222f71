/* ut_desk.c - what httpd's children ask a worker is answered while they wait; nobody waits for ever, and no answer goes to another. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_proc_mutex.h>

#include "queue/nts_segment_impl.h"
#include "tap/tap.h"

#define WORKER 1
#define SOON apr_time_from_sec(60)

static apr_pool_t *pool;
static apr_proc_mutex_t *mutex;

static apr_status_t lock(void *baton)
{
    (void)baton;
    return apr_proc_mutex_lock(mutex);
}

static void unlock(void *baton)
{
    (void)baton;
    (void)apr_proc_mutex_unlock(mutex);
}

/* The clock of all, children too, goes on when the test says so. */
static _Atomic apr_time_t *ahead;

static apr_time_t mono(void *baton)
{
    (void)baton;
    return nts_clock_system.mono(nts_clock_system.baton) + *ahead;
}

static apr_time_t wall(void *baton)
{
    (void)baton;
    return nts_clock_system.wall(nts_clock_system.baton);
}

static const nts_clock_t test_clock = { wall, mono, NULL };

static nts_segment_t *segment(int places)
{
    nts_segment_size_t size = { 2, 4, 1, 1, places };
    nts_segment_lock_t how = { lock, unlock, NULL };
    nts_segment_t *seg;

    if (nts_segment_create(&seg, &size, &how, pool) != APR_SUCCESS) {
        tap_ok(0, "no segment");
        exit(1);
    }
    return seg;
}

/* A child that asks and ends with 0 if it was answered with what it asked, else with the status; 99: with something else. */
static pid_t child_asks(nts_segment_t *seg, const char *words, apr_interval_time_t longest)
{
    nts_desk_reply_t reply;
    apr_status_t rv;
    pid_t pid = fork();

    if (pid != 0) {
        return pid;
    }
    rv = nts_desk_ask(&reply, seg, WORKER, words, strlen(words), longest, &test_clock);
    _exit(rv == APR_SUCCESS    ? (strcmp(reply.text, words) == 0 && reply.status == 200 ? 0 : 99)
          : rv == APR_TIMEUP   ? 2
          : rv == APR_EAGAIN   ? 3
          : rv == APR_EGENERAL ? 4
                               : 5);
}

static int end_of(pid_t pid)
{
    int status = -1;

    (void)waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* As the worker's loop does: wait for the descriptor, then take. */
static int take(nts_segment_t *seg, nts_desk_question_t *question)
{
    struct pollfd fd = { nts_segment_fd(seg, WORKER), POLLIN, 0 };

    for (int i = 0; i < 100; i++) {
        if (nts_desk_take(question, seg, WORKER, &test_clock)) {
            return 1;
        }
        (void)poll(&fd, 1, 200);
        nts_segment_clear(seg, WORKER);
    }
    return 0;
}

static void answer(nts_segment_t *seg, const nts_desk_question_t *question)
{
    char words[NTS_QUESTION_MAX + 1] = { 0 };

    memcpy(words, question->bytes, question->length);
    nts_desk_answer(seg, question, 200, 7, words);
}

static void everybody_hears_his_own(void)
{
    nts_segment_t *seg = segment(8);
    nts_desk_question_t questions[8];
    pid_t pids[8];
    int good = 0;

    for (int i = 0; i < 8; i++) {
        pids[i] = child_asks(seg, apr_psprintf(pool, "question %d", i), SOON);
    }
    for (int i = 0; i < 8; i++) {
        tap_ok(take(seg, &questions[i]), "the worker has a question");
    }
    tap_ok(!nts_desk_take(&questions[0], seg, WORKER, &test_clock), "and no more");
    for (int i = 7; i >= 0; i--) {
        answer(seg, &questions[i]);
    }
    for (int i = 0; i < 8; i++) {
        good += end_of(pids[i]) == 0;
    }
    tap_int(good, 8, "each is answered with what he asked, in whatever order");
    tap_ok(!nts_desk_take(&questions[0], seg, 0, &test_clock), "another worker has none");
}

static void no_more_wait_than_there_are_places(void)
{
    nts_segment_t *seg = segment(1);
    nts_desk_question_t question;
    nts_desk_reply_t reply;
    pid_t pid = child_asks(seg, "first", SOON);

    tap_ok(take(seg, &question), "one has the place");
    tap_int(nts_desk_ask(&reply, seg, WORKER, "x", 1, SOON, &test_clock), APR_EAGAIN,
            "the next is told at once");
    answer(seg, &question);
    tap_int(end_of(pid), 0, "and does not disturb");
    pid = child_asks(seg, "second", SOON);
    tap_ok(take(seg, &question), "then the place is free");
    answer(seg, &question);
    tap_int(end_of(pid), 0, "and another one hears");
    seg = segment(0);
    tap_int(nts_desk_ask(&reply, seg, WORKER, "x", 1, SOON, &test_clock), APR_EAGAIN,
            "without places nobody asks");
    tap_ok(!nts_desk_take(&question, seg, WORKER, &test_clock), "and there is no question");
    tap_int(nts_desk_ask(&reply, seg, 2, "x", 1, SOON, &test_clock), APR_EINVAL,
            "a worker who cannot be is not asked");
    tap_int(nts_desk_ask(&reply, segment(1), WORKER, apr_pcalloc(pool, 65), 65, SOON, &test_clock),
            APR_EINVAL, "nor is a question that is too long");
}

static void nobody_waits_for_ever(void)
{
    nts_segment_t *seg = segment(1);
    nts_desk_question_t old;
    nts_desk_question_t question;
    pid_t pid = child_asks(seg, "patient", SOON);

    tap_ok(take(seg, &old), "a question that gets no answer");
    *ahead += SOON;
    tap_int(end_of(pid), 2, "is over in time");
    pid = child_asks(seg, "next", SOON);
    tap_ok(take(seg, &question), "the place is another's");
    answer(seg, &old);
    answer(seg, &question);
    tap_int(end_of(pid), 0, "who does not hear the late answer");
}

static void the_dead_hold_no_place(void)
{
    nts_segment_t *seg = segment(1);
    nts_desk_question_t question;
    nts_desk_reply_t reply;
    pid_t pid = child_asks(seg, "killed", SOON);

    tap_ok(take(seg, &question), "one asks");
    (void)kill(pid, SIGKILL);
    (void)end_of(pid);
    tap_int(nts_desk_ask(&reply, seg, WORKER, "x", 1, 1, &test_clock), APR_EAGAIN,
            "and dies, with the place");
    *ahead += SOON;
    pid = child_asks(seg, "heir", SOON);
    tap_ok(take(seg, &question), "which is free when his time is over");
    answer(seg, &question);
    tap_int(end_of(pid), 0, "for the next");
}

static void a_repair_ends_the_waiting(void)
{
    nts_segment_t *seg = segment(1);
    nts_desk_question_t question;
    pid_t pid = child_asks(seg, "waits", SOON);
    int overflowed;
    nts_slot_t slot;

    tap_ok(take(seg, &question), "one asks");
    atomic_store(&seg->head->writing, 1); /* somebody died inside */
    (void)nts_segment_drain(seg, WORKER, &slot, 1, &overflowed);
    tap_int(end_of(pid), 4, "whose question is gone after a repair");
    answer(seg, &question);
    pid = child_asks(seg, "again", SOON);
    tap_ok(take(seg, &question), "and who asks again");
    answer(seg, &question);
    tap_int(end_of(pid), 0, "is answered");
}

static void long_answers_are_cut(void)
{
    nts_segment_t *seg = segment(1);
    nts_desk_question_t question;
    char *text = apr_palloc(pool, NTS_REPLY_MAX + 10);
    pid_t pid = child_asks(seg, "x", SOON);

    memset(text, 'a', NTS_REPLY_MAX + 9);
    text[NTS_REPLY_MAX + 9] = '\0';
    (void)take(seg, &question);
    nts_desk_answer(seg, &question, 200, 0, text);
    tap_int(end_of(pid), 99, "an answer that is too long");
    tap_int(nts_segment_validate((const char **)&text, seg), APR_SUCCESS, "breaks nothing");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    ahead = mmap(NULL, sizeof(*ahead), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (ahead == MAP_FAILED) {
        tap_ok(0, "no memory");
        return tap_done();
    }
    if (apr_proc_mutex_create(&mutex, NULL, APR_LOCK_PROC_PTHREAD, pool) != APR_SUCCESS) {
        tap_ok(0, "no mutex");
        return tap_done();
    }
    everybody_hears_his_own();
    no_more_wait_than_there_are_places();
    nobody_waits_for_ever();
    the_dead_hold_no_place();
    a_repair_ends_the_waiting();
    long_answers_are_cut();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
