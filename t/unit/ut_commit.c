/* ut_commit.c - many requests share commits: each is stored once or told why not, and one that cannot be
 * stored costs the others nothing. Meant for ThreadSanitizer too. */
#include <string.h>

#include <apr_general.h>
#include <apr_thread_proc.h>

#include "httpd/mns_commit.h"
#include "store_kit.h"
#include "tap/tap.h"

#define THREADS 16
#define EACH 25

static apr_pool_t *p;
static kit_t kit;
static mns_child_t child;
static mns_core_t core;
static mns_commits_t *commits;
static apr_thread_mutex_t *turn;
static int wakes;           /* by the leader */
static apr_status_t broken; /* what the store answers, if not APR_SUCCESS */

/* In place of mns_child.c: one connection, in turns. */
apr_status_t mns_handle_run(mns_handle_t *handle, mns_handle_fn *fn, void *baton)
{
    apr_status_t rv;

    (void)handle;
    (void)apr_thread_mutex_lock(turn);
    /* As long as a disk takes, so that others come meanwhile. */
    apr_sleep(2000);
    rv = broken ? broken : fn(baton, kit.store);
    (void)apr_thread_mutex_unlock(turn);
    return rv;
}

/* In place of the same: nobody owns the rings, so each commit wakes by file. */
void mns_workers_wake(const mns_core_t *asked)
{
    wakes += asked == &core;
}

typedef struct sender_t {
    int number;
    int good;
    int wrong; /* what should have been refused and was not, or the other way round */
} sender_t;

static apr_status_t send_one(int number, int i, int side)
{
    nts_inbox_row_t row = { 0 };
    mns_ticket_t ticket = { 0 };
    int group = 0;
    char event[64];

    (void)apr_snprintf(event, sizeof(event), "event-%d-%d", number, i);
    row.mapping = kit.mapping->id;
    row.notice.side = (nts_side_t)side;
    row.notice.record = "page";
    row.notice.event = event;
    row.notice.kind = "page.created";
    row.notice.at = KIT_T0;
    ticket.rows = &row;
    ticket.groups = &group;
    ticket.count = 1;
    return mns_commits_store(commits, &ticket);
}

static void *APR_THREAD_FUNC send_all(apr_thread_t *thread, void *data)
{
    sender_t *sender = data;
    int i;

    for (i = 0; i < EACH; i++) {
        /* A side that does not exist: the store refuses the row. */
        int bad = sender->number == 0 && i % 5 == 0;
        apr_status_t rv = send_one(sender->number, i, bad ? 7 : NTS_NOTION);

        sender->good += rv == APR_SUCCESS;
        sender->wrong += (rv == APR_SUCCESS) == bad;
    }
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

static void run_threads(sender_t *senders)
{
    apr_thread_t *threads[THREADS];
    apr_status_t rv;
    int i;

    for (i = 0; i < THREADS; i++) {
        senders[i].number = i;
        (void)apr_thread_create(&threads[i], NULL, send_all, &senders[i], p);
    }
    for (i = 0; i < THREADS; i++) {
        (void)apr_thread_join(&rv, threads[i]);
    }
}

static apr_status_t lock_nothing(void *baton)
{
    (void)baton;
    return APR_SUCCESS;
}

static void unlock_nothing(void *baton)
{
    (void)baton;
}

static void prepare(void)
{
    const nts_segment_size_t size = { 1, 8, 1, 1, 0 };
    const nts_segment_lock_t lock = { lock_nothing, unlock_nothing, NULL };

    kit_open(&kit, p);
    (void)nts_segment_create(&core.segment, &size, &lock, p);
    (void)apr_thread_mutex_create(&turn, APR_THREAD_MUTEX_DEFAULT, p);
    child.core = &core;
    (void)mns_commits_create(&commits, &child, p);
}

int main(void)
{
    sender_t senders[THREADS] = { { 0 } };
    mns_ticket_t hook_only = { 0 };
    nts_hook_t hook = { "verified", 0, KIT_T0 };
    nts_hook_t found;
    nts_notice_t *notices;
    apr_int64_t made;
    int stored;
    int good = 0;
    int wrong = 0;
    int i;

    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    prepare();
    run_threads(senders);
    for (i = 0; i < THREADS; i++) {
        good += senders[i].good;
        wrong += senders[i].wrong;
    }
    tap_int(wrong, 0, "what cannot be stored is refused, and nothing else");
    tap_int(good, THREADS * EACH - EACH / 5, "all others are stored");
    (void)nts_store_get_notices(&notices, &stored, kit.store, kit.mapping->id, 0, 1000, p);
    tap_int(stored, good, "each once");
    made = nts_segment_counter(core.segment, NTS_COUNT_HOOKS_COMMITS);
    tap_ok(made > 0 && made <= good / 2, "by far fewer commits (%d of %d)", (int)made, good);

    tap_ok(wakes >= made && wakes < good, "and the workers were told as often");
    tap_int(send_one(1, 1, NTS_NOTION), APR_SUCCESS, "what is known already is no failure");
    hook_only.service = kit.notion->id;
    hook_only.hook = &hook;
    tap_int(mns_commits_store(commits, &hook_only), APR_SUCCESS, "a ticket without rows");
    (void)nts_store_get_hook(&found, kit.store, kit.notion->id, p);
    tap_str(found.state, "verified", "notes what became of the handshake");

    broken = APR_TIMEUP;
    tap_int(send_one(99, 1, NTS_NOTION), APR_TIMEUP, "a store that is busy is told");
    broken = APR_ENOSPC;
    tap_int(send_one(99, 2, NTS_NOTION), APR_ENOSPC, "so is one that is full");
    broken = 0;
    tap_int(send_one(99, 1, NTS_NOTION), APR_SUCCESS, "and later it is taken");
    nts_store_close(kit.store);
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
