/* The lock file excludes: between processes, between threads, between handles of one process (D53);
 * it lets go when its holder is killed (D33); nobody waits much longer than it takes the others to
 * work, and nobody waits for ever. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_general.h>

#include "db/nts_lock.h"
#include "store_kit.h"
#include "tap/tap.h"

#define SEC apr_time_from_sec(1)
#define MSEC apr_time_from_msec(1)

static apr_pool_t *p;
static const char *path;

static nts_lock_t *open_lock(void)
{
    nts_lock_t *lock;

    if (nts_lock_open(&lock, path, p) != APR_SUCCESS) {
        printf("Bail out! cannot open the lock file\n");
        exit(1);
    }
    return lock;
}

/* Runs fn in a process of its own and gives what it returns. */
static int in_child(int (*fn)(void *), void *data)
{
    pid_t pid;
    int status = 0;

    (void)fflush(stdout);
    pid = fork();
    if (pid == 0) {
        _exit(fn(data));
    }
    (void)waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* 1 if another process can take the writer lock now. */
static int try_writer(void *data)
{
    (void)data;
    return nts_lock_writer(open_lock(), 0) == APR_SUCCESS;
}

static int try_group(void *data)
{
    return nts_lock_try_group(open_lock(), *(const apr_int64_t *)data) == APR_SUCCESS;
}

static void test_exclusion(void)
{
    nts_lock_t *a = open_lock();
    nts_lock_t *b = open_lock();
    apr_int64_t n = 5;
    apr_int64_t other = 6;

    tap_int(nts_lock_writer(a, 0), APR_SUCCESS, "the writer lock is taken");
    tap_int(nts_lock_writer(a, SEC), APR_EINVAL, "not twice by one handle");
    tap_int(nts_lock_writer(b, 0), APR_TIMEUP, "nor by another of the same process");
    tap_int(in_child(try_writer, NULL), 0, "nor by another process");
    nts_lock_close(b);
    tap_int(in_child(try_writer, NULL), 0, "D53: closing the other handle lets nobody in");
    nts_lock_release_writer(b = open_lock());
    tap_int(in_child(try_writer, NULL), 0, "nor does a release by who has nothing");
    nts_lock_release_writer(a);
    tap_int(in_child(try_writer, NULL), 1, "a release does");

    tap_int(nts_lock_try_group(a, n), APR_SUCCESS, "a group is taken");
    tap_int(nts_lock_try_group(b, n), APR_EBUSY, "not by two handles");
    tap_int(in_child(try_group, &n), 0, "nor by two processes");
    tap_int(in_child(try_group, &other), 1, "another group is free");
    tap_int(in_child(try_writer, NULL), 1, "and so is the writer lock");
    nts_lock_release_group(a, n);
    tap_int(nts_lock_try_group(b, n), APR_SUCCESS, "released, it can be taken");
    tap_int(nts_lock_writer(b, 0), APR_SUCCESS, "with the writer lock");
    nts_lock_close(b);
    tap_int(in_child(try_group, &n), 1, "closing a handle releases its group");
    tap_int(in_child(try_writer, NULL), 1, "and its writer lock");
    tap_int(nts_lock_try_group(a, 0), APR_EINVAL, "there is no group 0");
    tap_int(nts_lock_try_group(a, NTS_LOCK_GROUP_MAX + 1), APR_EINVAL, "nor one beyond the end");
    nts_lock_close(a);
    tap_ok(nts_lock_open(&a, "/nonexistent/lock", p) != APR_SUCCESS && !a,
           "a file that cannot be made is an error");
}

static void test_owner(void)
{
    const char *dir = kit_dir(p);
    const char *own = apr_pstrcat(p, dir, "/lock", NULL);
    nts_lock_t *lock;
    struct stat st;

    if (geteuid() != 0 || chown(dir, 65534, 65534) != 0) {
        tap_skip(3, "needs root");
        return;
    }
    tap_int(nts_lock_open(&lock, own, p), APR_SUCCESS, "D37: a lock file made by root");
    tap_ok(stat(own, &st) == 0 && st.st_uid == 65534, "belongs to the owner of its directory");
    nts_lock_close(lock);
    (void)unlink(own);
    tap_ok(symlink("/etc/hostname", own) == 0 && nts_lock_open(&lock, own, p) != APR_SUCCESS,
           "R5: a link in its place is not followed");
}

static int use_inherited(void *data)
{
    nts_lock_t *lock = data;
    int bad = nts_lock_writer(lock, 0) != APR_EINVAL || nts_lock_try_group(lock, 9) != APR_EINVAL;

    nts_lock_release_writer(lock);
    nts_lock_close(lock);
    return bad || nts_lock_writer(open_lock(), 0) != APR_TIMEUP;
}

static void test_fork(void)
{
    nts_lock_t *lock = open_lock();

    (void)nts_lock_writer(lock, 0);
    tap_int(in_child(use_inherited, lock), 0,
            "D53: a handle from before the fork refuses to work, and one opened after it works");
    tap_int(in_child(try_writer, NULL), 0, "what the child closed was not the parent's lock");
    nts_lock_close(lock);
}

static void test_time(void)
{
    nts_lock_t *a = open_lock();
    nts_lock_t *b = open_lock();
    apr_time_t start;
    apr_interval_time_t took;
    pid_t pid;
    int ready[2];
    char c;

    (void)nts_lock_writer(a, 0);
    start = apr_time_now();
    tap_int(nts_lock_writer(b, 30 * MSEC), APR_TIMEUP, "waiting ends");
    took = apr_time_now() - start;
    tap_ok(took >= 30 * MSEC && took < 60 * SEC, "when it should (%d ms)", (int)(took / MSEC));
    nts_lock_close(b);
    nts_lock_close(a);

    if (pipe(ready) != 0) {
        return;
    }
    (void)fflush(stdout);
    pid = fork();
    if (pid == 0) {
        a = open_lock();
        (void)nts_lock_writer(a, 0);
        (void)nts_lock_try_group(a, 3);
        if (write(ready[1], "x", 1) == 1) {
            (void)pause();
        }
        _exit(0);
    }
    (void)!read(ready[0], &c, 1);
    a = open_lock();
    tap_int(nts_lock_writer(a, 0), APR_TIMEUP, "a process holds the lock");
    tap_int(nts_lock_try_group(a, 3), APR_EBUSY, "and a group");
    (void)kill(pid, SIGKILL);
    tap_int(nts_lock_writer(a, 60 * SEC), APR_SUCCESS, "D33: killed, it holds nothing");
    tap_int(nts_lock_try_group(a, 3), APR_SUCCESS, "the group is free too");
    (void)waitpid(pid, NULL, 0);
    nts_lock_close(a);
}

static void *wait_for_writer(void *data)
{
    (void)nts_lock_writer(data, 120 * SEC);
    return NULL;
}

/* The holder asks again while another one has the turn: neither may wait for the other. */
static void test_held_already(void)
{
    nts_lock_t *a = open_lock();
    nts_lock_t *b = open_lock();
    nts_lock_t *c = open_lock();
    pthread_t waiter;
    apr_time_t start;

    (void)nts_lock_writer(a, 0);
    if (pthread_create(&waiter, NULL, wait_for_writer, b) != 0) {
        return;
    }
    start = apr_time_now();
    while (nts_lock_writer(c, MSEC) == APR_TIMEUP && apr_time_now() - start < 50 * MSEC) {
        continue; /* by then the waiter has the turn */
    }
    start = apr_time_now();
    tap_int(nts_lock_writer(a, 60 * SEC), APR_EINVAL, "nor while others wait for it");
    tap_ok(apr_time_now() - start < 60 * SEC, "which is told before the time is up");
    nts_lock_close(a);
    (void)pthread_join(waiter, NULL);
    nts_lock_close(b);
    nts_lock_close(c);
}

/* --- many at once */

#define CONTENDERS 8
#define ROUNDS_MAX 20
#define LONG_ENOUGH (600 * MSEC)

typedef struct shared_t {
    volatile long inside; /* not atomic: two writers at once would show */
    volatile long turns;
    volatile long bad;
    long count[CONTENDERS];
    apr_interval_time_t longest[CONTENDERS];
} shared_t;

static void contend(shared_t *shared, int me, nts_lock_t *lock)
{
    apr_time_t end = apr_time_now() + LONG_ENOUGH;
    apr_time_t now = apr_time_now();

    while (now < end) {
        apr_time_t asked = now;

        if (nts_lock_writer(lock, 60 * SEC) != APR_SUCCESS) {
            shared->bad++;
            return;
        }
        now = apr_time_now();
        if (now - asked > shared->longest[me]) {
            shared->longest[me] = now - asked;
        }
        shared->bad += shared->inside != 0;
        shared->inside = me + 1;
        shared->turns++;
        (void)usleep(50);
        shared->bad += shared->inside != me + 1;
        shared->inside = 0;
        shared->count[me]++;
        nts_lock_release_writer(lock);
        now = apr_time_now();
    }
}

static long sum_of(const shared_t *shared, int count, long *least)
{
    long sum = 0;
    int i;

    *least = shared->count[0];
    for (i = 0; i < count; i++) {
        sum += shared->count[i];
        *least = shared->count[i] < *least ? shared->count[i] : *least;
    }
    return sum;
}

static int is_fair(const shared_t *shared, int count)
{
    long least;
    long sum = sum_of(shared, count, &least);

    return sum > 0 && least * count * 4 >= sum && LONG_ENOUGH / sum < 10 * MSEC;
}

/* A machine that has so much else to do that one of them does not get to run shows nothing of the lock: then once more, but not where two
 * were inside at once. */
static int contend_again(shared_t *shared, int count, int *rounds)
{
    if (++*rounds == ROUNDS_MAX || shared->bad || is_fair(shared, count)) {
        return 0;
    }
    memset(shared, 0, sizeof(*shared));
    return 1;
}

static void judge(const shared_t *shared, int count, const char *who)
{
    long least;
    long sum = sum_of(shared, count, &least);
    apr_interval_time_t longest = 0;
    int i;

    for (i = 0; i < count; i++) {
        longest = shared->longest[i] > longest ? shared->longest[i] : longest;
    }
    tap_int(shared->bad, 0, "%s: never two at once, nobody gave up", who);
    tap_int(shared->turns, sum, "%s: no turn was lost", who);
    tap_ok(least * count * 4 >= sum, "%s: everybody had a fair share (least %ld of %ld)", who,
           least, sum);
    tap_ok(sum > 0 && LONG_ENOUGH / sum < 10 * MSEC,
           "%s: handing over takes %d us with a hold of 50", who,
           sum ? (int)(LONG_ENOUGH / sum) : 0);
    tap_diag("%s: longest wait %d us", who, (int)longest);
}

static void test_processes(void)
{
    shared_t *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int rounds = 0;
    int i;

    do {
        (void)fflush(stdout);
        for (i = 0; i < CONTENDERS; i++) {
            if (fork() == 0) {
                contend(shared, i, open_lock());
                _exit(0);
            }
        }
        while (wait(NULL) > 0) {
        }
    } while (contend_again(shared, CONTENDERS, &rounds));
    judge(shared, CONTENDERS, "processes");
    (void)munmap(shared, sizeof(*shared));
}

static shared_t of_threads;

static void *thread_main(void *data)
{
    int me = (int)(long)data;
    apr_pool_t *own;
    nts_lock_t *lock;

    /* C.4: a root of its own for each thread. */
    (void)apr_pool_create(&own, NULL);
    if (nts_lock_open(&lock, path, own) == APR_SUCCESS) {
        contend(&of_threads, me, lock);
    }
    apr_pool_destroy(own);
    return NULL;
}

static void test_threads(void)
{
    pthread_t threads[4];
    int rounds = 0;
    long i;

    do {
        for (i = 0; i < 4; i++) {
            (void)pthread_create(&threads[i], NULL, thread_main, (void *)i);
        }
        for (i = 0; i < 4; i++) {
            (void)pthread_join(threads[i], NULL);
        }
    } while (contend_again(&of_threads, 4, &rounds));
    judge(&of_threads, 4, "threads");
}

/* Holders and waiters are killed all the time; the others go on. */
static void test_killing(void)
{
    shared_t *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    nts_lock_t *lock;
    apr_time_t start = apr_time_now();
    pid_t pids[4] = { 0 };
    int i;
    int killed = 0;

    (void)fflush(stdout);
    while (apr_time_now() - start < LONG_ENOUGH ||
           (apr_time_now() - start < 60 * SEC && (killed <= 20 || shared->turns <= killed))) {
        for (i = 0; i < 4; i++) {
            if (pids[i] == 0 && (pids[i] = fork()) == 0) {
                contend(shared, i, open_lock());
                _exit(0);
            }
        }
        (void)usleep(3000);
        (void)kill(pids[killed % 4], SIGKILL);
        (void)waitpid(pids[killed % 4], NULL, 0);
        pids[killed++ % 4] = 0;
    }
    for (i = 0; i < 4; i++) {
        if (pids[i] > 0) {
            (void)kill(pids[i], SIGKILL);
            (void)waitpid(pids[i], NULL, 0);
        }
    }
    tap_ok(killed > 20 && shared->turns > killed, "%d killed while %ld turns were taken", killed,
           shared->turns);
    lock = open_lock();
    tap_int(nts_lock_writer(lock, 60 * SEC), APR_SUCCESS, "and the lock can still be had");
    nts_lock_close(lock);
    (void)munmap(shared, sizeof(*shared));
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    path = apr_pstrcat(p, kit_dir(p), "/lock", NULL);
    test_exclusion();
    test_owner();
    test_fork();
    test_time();
    test_held_already();
    test_processes();
    test_threads();
    test_killing();
    apr_pool_destroy(p);
    return tap_done();
}
