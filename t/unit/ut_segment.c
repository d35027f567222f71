/* ut_segment.c - notices reach the worker through the segment, or it is told that they did not. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_proc_mutex.h>

#include "queue/nts_segment_impl.h"
#include "tap/tap.h"

static apr_pool_t *pool;
static apr_proc_mutex_t *mutex;
static int lock_fails;

static apr_status_t lock(void *baton)
{
    (void)baton;
    return lock_fails ? APR_EINVAL : apr_proc_mutex_lock(mutex);
}

static void unlock(void *baton)
{
    (void)baton;
    (void)apr_proc_mutex_unlock(mutex);
}

static nts_segment_t *segment(int workers, int slots)
{
    nts_segment_size_t size = { workers, slots, 3, 2, 0 };
    nts_segment_lock_t how = { lock, unlock, NULL };
    nts_segment_t *seg;

    if (nts_segment_create(&seg, &size, &how, pool) != APR_SUCCESS) {
        tap_ok(0, "no segment");
        exit(1);
    }
    return seg;
}

static nts_slot_t slot_for(const char *record)
{
    nts_slot_t slot;

    nts_slot_set(&slot, 7, 8, NTS_EXTERNAL, record, NTS_BULK, 9);
    return slot;
}

static int is_awake(const nts_segment_t *seg, int worker)
{
    struct pollfd fd = { nts_segment_fd(seg, worker), POLLIN, 0 };

    return poll(&fd, 1, 0) == 1;
}

static void slots_arrive_in_order_and_wake(void)
{
    nts_segment_t *seg = segment(2, 4);
    nts_slot_t slots[4];
    nts_slot_t taken[8];
    const char *problem;
    int overflowed = 1;
    char name[16];
    int round;

    tap_int(nts_segment_validate(&problem, seg), APR_SUCCESS, "a new segment is sound");
    tap_ok(!is_awake(seg, 0) && !is_awake(seg, 1), "nobody is awake");
    slots[0] = slot_for("a");
    slots[1] = slot_for("b");
    nts_segment_push(seg, 1, slots, 2);
    tap_ok(!is_awake(seg, 0) && is_awake(seg, 1), "the one meant is woken");
    nts_segment_clear(seg, 1);
    tap_ok(!is_awake(seg, 1), "and sleeps when it has seen that");
    tap_int(nts_segment_drain(seg, 0, taken, 8, &overflowed), 0, "nothing for the other");
    tap_int(nts_segment_drain(seg, 1, taken, 8, &overflowed), 2, "two for it");
    tap_int(overflowed, 0, "all of them");
    tap_ok(memcmp(taken, slots, 2 * sizeof(slots[0])) == 0, "as they were pushed");
    tap_int(nts_segment_drain(seg, 1, taken, 8, &overflowed), 0, "once");
    for (round = 0; round < 1000; round++) {
        (void)snprintf(name, sizeof(name), "%d", round);
        slots[0] = slot_for(name);
        nts_segment_push(seg, 0, slots, 1 + (round % 3 == 0));
        while (nts_segment_drain(seg, 0, taken, 1, &overflowed) == 1 &&
               strcmp(taken[0].record, round % 3 == 0 ? "b" : name) != 0) {
        }
        (void)nts_segment_drain(seg, 0, taken + 1, 4, &overflowed);
        if (strcmp(taken[0].record, round % 3 == 0 ? "b" : name) != 0 || overflowed) {
            break;
        }
    }
    tap_int(round, 1000, "round and round the ring");
    nts_segment_wake_all(seg);
    tap_ok(is_awake(seg, 0) && is_awake(seg, 1), "all can be woken");
}

static void a_full_ring_says_so(void)
{
    nts_segment_t *seg = segment(1, 4);
    nts_slot_t slots[6];
    nts_slot_t taken[8];
    int overflowed = 0;
    int i;

    for (i = 0; i < 6; i++) {
        slots[i] = slot_for("x");
    }
    nts_segment_push(seg, 0, slots, 3);
    nts_segment_clear(seg, 0);
    nts_segment_push(seg, 0, slots, 3);
    tap_ok(is_awake(seg, 0), "woken though the ring is full");
    tap_int(nts_segment_drain(seg, 0, taken, 8, &overflowed), 4, "what fitted");
    tap_int(overflowed, 1, "and that there was more");
    tap_int(nts_segment_counter(seg, NTS_COUNT_RING_OVERFLOWS), 2, "counted");
    (void)nts_segment_drain(seg, 0, taken, 8, &overflowed);
    tap_int(overflowed, 0, "told once");
    nts_segment_push(seg, 0, slots, 6);
    tap_int(nts_segment_drain(seg, 0, taken, 8, &overflowed), 4, "more than a ring at once");

    nts_segment_clear(seg, 0);
    lock_fails = 1;
    nts_segment_push(seg, 0, slots, 2);
    tap_ok(is_awake(seg, 0), "without the lock the worker is woken");
    tap_int(nts_segment_drain(seg, 0, taken, 8, &overflowed), 0, "finds nothing");
    tap_int(overflowed, 1, "and reads the inbox");
    lock_fails = 0;
    (void)nts_segment_drain(seg, 0, taken, 8, &overflowed);
    tap_int(overflowed, 1, "so does the one that gets the lock again");
}

static void long_names_are_left_to_the_inbox(void)
{
    char name[NTS_SLOT_RECORD_MAX + 1];
    nts_slot_t slot;

    memset(name, 'x', sizeof(name));
    name[NTS_SLOT_RECORD_MAX] = '\0';
    nts_slot_set(&slot, 1, 2, NTS_NOTION, name, NTS_LIVE, 0);
    tap_str(slot.record, "", "too long by one");
    name[NTS_SLOT_RECORD_MAX - 1] = '\0';
    nts_slot_set(&slot, 1, 2, NTS_NOTION, name, NTS_LIVE, 0);
    tap_str(slot.record, name, "the longest");
    nts_slot_set(&slot, 1, 2, NTS_NOTION, NULL, NTS_LIVE, 0);
    tap_str(slot.record, "", "none");
}

static void owners_are_notified(void)
{
    nts_segment_t *seg = segment(2, 4);
    nts_slot_t slot = slot_for("a");
    nts_slot_t taken[4];
    int overflowed;

    tap_int(nts_segment_owner(seg, 2), -1, "nobody owns a group at first");
    nts_segment_notify(seg, 2, &slot, 1);
    tap_ok(!is_awake(seg, 0) && !is_awake(seg, 1), "nobody is told");
    nts_segment_set_owner(seg, 2, 1);
    nts_segment_notify(seg, 2, &slot, 1);
    tap_ok(!is_awake(seg, 0) && is_awake(seg, 1), "the owner is");
    tap_int(nts_segment_drain(seg, 1, taken, 4, &overflowed), 1, "with the slot");
}

/* A page that ends the process that reads it. */
static const nts_slot_t *deadly_slots(void)
{
    void *page = mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return page;
}

static void a_death_inside_is_repaired(void)
{
    nts_segment_t *seg = segment(2, 4);
    const nts_slot_t *deadly = deadly_slots();
    nts_slot_t slots[2] = { slot_for("a"), slot_for("b") };
    nts_slot_t taken[4];
    const char *problem;
    int overflowed = 0;
    int status = 0;
    pid_t pid;

    nts_segment_push(seg, 0, slots, 1);
    pid = fork();
    if (pid == 0) {
        (void)signal(SIGSEGV, SIG_DFL);
        (void)apr_proc_mutex_child_init(&mutex, NULL, pool);
        nts_segment_push(seg, 0, deadly, 1);
        _exit(0);
    }
    (void)waitpid(pid, &status, 0);
    tap_ok(WIFSIGNALED(status), "a child died while it pushed");
    tap_int(atomic_load(&seg->head->writing), 1, "which can be seen");
    nts_segment_clear(seg, 0);
    nts_segment_push(seg, 1, slots + 1, 1);
    tap_ok(is_awake(seg, 0), "the next to come wakes everybody");
    tap_int(nts_segment_validate(&problem, seg), APR_SUCCESS, "all is sound again");
    tap_int(nts_segment_drain(seg, 0, taken, 4, &overflowed), 0, "that ring was emptied");
    tap_int(overflowed, 1, "its worker is sent to the inbox");
    tap_int(nts_segment_drain(seg, 1, taken, 4, &overflowed), 1, "the new slot has arrived");
    tap_int(overflowed, 1, "that worker is sent too");
    tap_int(nts_segment_counter(seg, NTS_COUNT_SEGMENT_REPAIRS), 1, "repaired once");
    tap_int(nts_segment_drain(seg, 0, taken, 4, &overflowed), 0, "and then");
    tap_int(overflowed, 0, "all is as ever");
}

static void damaged_counters_are_repaired(void)
{
    nts_segment_t *seg = segment(1, 4);
    nts_slot_t slot = slot_for("a");
    nts_slot_t taken[4];
    int overflowed = 0;

    nts_segment_worker(seg, 0)->taken = 7;
    tap_int(nts_segment_drain(seg, 0, taken, 4, &overflowed), 0, "a ring of 2^64 slots is none");
    tap_int(overflowed, 1, "its worker is sent to the inbox");
    tap_int(nts_segment_counter(seg, NTS_COUNT_SEGMENT_REPAIRS), 1, "repaired");
    nts_segment_push(seg, 0, &slot, 1);
    tap_int(nts_segment_drain(seg, 0, taken, 4, &overflowed), 1, "and works again");
    tap_int(overflowed, 0, "as ever");
}

#define PUSHERS 4
#define EACH 5000

static void nothing_is_lost_between_processes(void)
{
    nts_segment_t *seg = segment(1, 64);
    nts_slot_t taken[16];
    int arrived = 0;
    int missed;
    int gone = 0;
    int idle = 0;
    int i;

    for (i = 0; i < PUSHERS; i++) {
        if (fork() == 0) {
            nts_slot_t slot = slot_for("x");
            int n;

            (void)apr_proc_mutex_child_init(&mutex, NULL, pool);
            for (n = 0; n < EACH; n++) {
                nts_segment_push(seg, 0, &slot, 1);
            }
            _exit(0);
        }
    }
    while (idle < 2) {
        struct pollfd fd = { nts_segment_fd(seg, 0), POLLIN, 0 };
        int overflowed;
        int n;

        (void)poll(&fd, 1, 50);
        nts_segment_clear(seg, 0);
        do {
            n = nts_segment_drain(seg, 0, taken, 16, &overflowed);
            arrived += n;
        } while (n > 0);
        while (waitpid(-1, NULL, WNOHANG) > 0) {
            gone++;
        }
        idle += gone == PUSHERS;
    }
    missed = (int)nts_segment_counter(seg, NTS_COUNT_RING_OVERFLOWS);
    tap_diag("%d arrived, %d were left to the inbox", arrived, missed);
    tap_int(arrived + missed, PUSHERS * EACH, "every slot arrives or is counted as left out");
}

static void what_is_shown_is_what_was_set(void)
{
    nts_segment_t *seg = segment(2, 4);
    nts_worker_view_t worker = { 123, NTS_WORKER_READY, 4, 5, 6, 7 };
    nts_group_view_t group = { { 1, 2 }, 3, 4, 5 };
    nts_budget_view_t budget = { 1, 180, 3 };
    nts_worker_view_t worker_seen;
    nts_group_view_t group_seen;
    nts_budget_view_t budget_seen;

    memset(&worker_seen, 0, sizeof(worker_seen));
    nts_segment_set_worker(seg, 1, &worker);
    nts_segment_heartbeat(seg, 1, 55);
    nts_segment_get_worker(&worker_seen, seg, 1);
    tap_ok(worker_seen.pid == 123 && worker_seen.state == NTS_WORKER_READY &&
               worker_seen.started == 4 && worker_seen.heartbeat == 55 && worker_seen.groups == 6 &&
               worker_seen.running == 7,
           "a worker");
    nts_segment_get_worker(&worker_seen, seg, 0);
    tap_int(worker_seen.state, NTS_WORKER_ABSENT, "another is absent");
    nts_segment_set_group(seg, 2, &group);
    nts_segment_get_group(&group_seen, seg, 2);
    tap_ok(memcmp(&group, &group_seen, sizeof(group)) == 0, "a group");
    nts_segment_set_budget(seg, 1, &budget);
    nts_segment_get_budget(&budget_seen, seg, 1);
    tap_ok(memcmp(&budget, &budget_seen, sizeof(budget)) == 0, "a budget");
    nts_segment_add(seg, NTS_COUNT_HOOKS_STORED, 2);
    nts_segment_add(seg, NTS_COUNT_HOOKS_STORED, 3);
    tap_int(nts_segment_counter(seg, NTS_COUNT_HOOKS_STORED), 5, "a counter");
    tap_int(nts_segment_counter(seg, NTS_COUNT_REQUESTS), 0, "another");
}

static void damage_is_seen(const nts_segment_t *seg, const char *what)
{
    const char *problem;
    apr_status_t rv = nts_segment_validate(&problem, seg);

    tap_int(rv, APR_EMISMATCH, "%s: %s", what, problem);
}

static void sizes_are_bounded(void)
{
    static const nts_segment_size_t bad[] = {
        { 0, 4, 1, 1, 0 },       { 1025, 4, 1, 1, 0 },  { 1, 0, 1, 1, 0 },
        { 1, 1 << 23, 1, 1, 0 }, { 1, 4, -1, 1, 0 },    { 1, 4, 1 << 21, 1, 0 },
        { 1, 4, 1, 1 << 21, 0 }, { -1, -1, -1, -1, 0 }, { 1, 4, 1, 1, -1 },
        { 1, 4, 1, 1, 257 },
    };
    nts_segment_lock_t how = { lock, unlock, NULL };
    nts_segment_size_t least = { 1, 1, 0, 0, 0 };
    nts_segment_size_t usual = { 4, 4096, 10, 10, 32 };
    nts_segment_t *seg;
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        tap_int(nts_segment_bytes(&bad[i]), 0, "no size for case %d", (int)i);
        tap_int(nts_segment_create(&seg, &bad[i], &how, pool), APR_EINVAL, "and no segment");
    }
    tap_int(nts_segment_create(&seg, &least, &how, pool), APR_SUCCESS, "the smallest");
    tap_diag("four workers of 4096 slots take %d KiB", (int)(nts_segment_bytes(&usual) / 1024));

    seg = segment(2, 4);
    nts_segment_worker(seg, 1)->pushed = 99;
    damage_is_seen(seg, "an impossible ring");
    seg = segment(2, 4);
    nts_segment_set_owner(seg, 0, 2);
    damage_is_seen(seg, "an impossible owner");
    tap_int(nts_segment_owner(seg, 0), -1, "and he owns nothing");
    nts_segment_notify(seg, 0, NULL, 0);
    tap_ok(!is_awake(seg, 0), "who is not notified");
    seg = segment(2, 4);
    seg->head->parts.size.slots = 5;
    damage_is_seen(seg, "another layout");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    if (apr_proc_mutex_create(&mutex, NULL, APR_LOCK_PROC_PTHREAD, pool) != APR_SUCCESS) {
        tap_skip(1, "no robust mutexes here");
        return tap_done();
    }
    slots_arrive_in_order_and_wake();
    a_full_ring_says_so();
    long_names_are_left_to_the_inbox();
    owners_are_notified();
    a_death_inside_is_repaired();
    damaged_counters_are_repaired();
    nothing_is_lost_between_processes();
    what_is_shown_is_what_was_set();
    sizes_are_bounded();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
