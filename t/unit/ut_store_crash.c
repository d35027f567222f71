/* S6.6, R2: a process that writes to the store is killed at any instant. What it had reported stored is
 * there, what it had not is there whole or not at all, and the next process goes on at once. Several
 * writers, a reader and changes of the schema (D3) do not get in each other's way. */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_general.h>

#include "db/nts_db.h"
#include "db/nts_lock.h"
#include "store_kit.h"
#include "tap/tap.h"

#define MSEC apr_time_from_msec(1)
#define ROWS 5 /* in one unit */

typedef struct shared_t {
    volatile long begun;
    volatile long stored; /* units that were reported */
    volatile long bad;
    volatile long ready;
} shared_t;

static apr_pool_t *p;
static shared_t *shared;

/* Unit number n of writer w: a link with an intent, and notices. */
static apr_status_t write_unit(nts_store_t *store, const kit_t *kit, int w, long n, apr_pool_t *sub)
{
    nts_inbox_row_t rows[ROWS];
    nts_commit_t commit = { 0 };
    nts_commit_result_t result;
    nts_entry_t *entry = kit_entry(apr_psprintf(sub, "i-%d-%ld", w, n), NTS_ENTRY_UPDATE,
                                   NTS_NOTION, NTS_ENTRY_PENDING, sub);
    int known;
    int i;
    apr_status_t rv = nts_store_begin(store, apr_time_from_sec(20));

    if (rv != APR_SUCCESS) {
        return rv;
    }
    commit.link = kit_link(apr_psprintf(sub, "p-%d-%ld", w, n), NULL, NTS_LINK_NEW, sub);
    commit.entries = &entry;
    commit.entry_count = 1;
    rv = nts_store_apply(&result, NULL, store, kit->mapping, "g", kit->epoch, &commit, sub);
    memset(rows, 0, sizeof(rows));
    for (i = 0; i < ROWS; i++) {
        rows[i].mapping = kit->mapping->id;
        rows[i].notice.side = NTS_NOTION;
        rows[i].notice.record = commit.link->page;
        rows[i].notice.event = apr_psprintf(sub, "e-%d-%ld-%d", w, n, i);
        rows[i].notice.at = kit_now;
    }
    if (rv == APR_SUCCESS) {
        rv = nts_store_put_notices(&known, store, rows, ROWS);
    }
    if (rv != APR_SUCCESS || result != NTS_COMMIT_OK) {
        nts_store_rollback(store);
        return rv == APR_SUCCESS ? APR_EGENERAL : rv;
    }
    return nts_store_commit(store);
}

/* 1 whole, 0 not there, -1 half. */
static int look_at_unit(nts_store_t *store, const kit_t *kit, int w, long n, apr_pool_t *sub)
{
    nts_target_t target = { 0, NULL, NULL };
    nts_loaded_t *loaded;

    target.page = apr_psprintf(sub, "p-%d-%ld", w, n);
    if (nts_store_load(&loaded, store, kit->mapping, &target, sub) != APR_SUCCESS) {
        return -1;
    }
    if (loaded->link && loaded->pending_count == 1 && loaded->notice_count == ROWS) {
        return 1;
    }
    return loaded->link || loaded->pending_count || loaded->notice_count ? -1 : 0;
}

static void write_for_ever(const kit_t *kit, long n)
{
    nts_store_t *store = kit_connect(kit, p);
    apr_pool_t *sub;

    (void)apr_pool_create(&sub, p);
    shared->ready = 1;
    for (;; n++) {
        apr_pool_clear(sub);
        shared->begun = n + 1;
        if (write_unit(store, kit, 0, n, sub) != APR_SUCCESS) {
            shared->bad++;
            _exit(1);
        }
        shared->stored = n + 1;
    }
}

static pid_t start(void)
{
    (void)fflush(stdout);
    return fork();
}

static void test_kill(void)
{
    apr_pool_t *sub;
    apr_time_t start_time;
    apr_interval_time_t longest = 0;
    long checked = 0;
    long n = 0;
    int lost = 0;
    int half = 0;
    int ahead = 0;
    int round;
    kit_t kit;

    kit_open(&kit, p);
    nts_store_close(kit.store);
    (void)apr_pool_create(&sub, p);
    srand(20260);
    for (round = 0; round < 60; round++) {
        apr_pool_t *own;
        nts_store_t *store;
        pid_t pid;
        int found;

        shared->ready = 0;
        pid = start();
        if (pid == 0) {
            write_for_ever(&kit, n);
        }
        /* Every other one gets to store something, however slow it is today. */
        while ((!shared->ready || (round % 2 && shared->stored <= n)) && !shared->bad) {
            (void)usleep(200);
        }
        (void)usleep((useconds_t)(rand() % 12000));
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
        start_time = apr_time_now();
        (void)apr_pool_create(&own, p);
        store = kit_connect(&kit, own);
        for (n = checked; n < shared->stored; n++) {
            apr_pool_clear(sub);
            found = look_at_unit(store, &kit, 0, n, sub);
            lost += found == 0;
            half += found < 0;
        }
        checked = n;
        found = look_at_unit(store, &kit, 0, n, sub);
        half += found < 0;
        ahead += found > 0;
        n += found > 0;
        checked = n;
        half += look_at_unit(store, &kit, 0, n, sub) != 0;
        nts_store_close(store);
        apr_pool_destroy(own);
        if (apr_time_now() - start_time > longest) {
            longest = apr_time_now() - start_time;
        }
    }
    tap_int(shared->bad, 0, "writers had no other trouble");
    tap_ok(n >= 30, "%ld units were stored by 60 processes that were killed", n);
    tap_int(lost, 0, "none that was reported is lost");
    tap_int(half, 0, "none is there in part");
    tap_diag("%d units were stored but not reported; reopening took at most %d ms", ahead,
             (int)(longest / MSEC));
    tap_ok(longest < apr_time_from_sec(60), "the next process did not wait");
}

static void test_kill_migration(void)
{
    nts_outcome_t out = { 0 };
    nts_store_config_t config = { .driver = "sqlite3", .clock = &kit_clock };
    int done = 0;
    int round;

    for (round = 0; round < 25; round++) {
        pid_t pid;
        nts_store_t *store;
        int status = 0;

        config.params = apr_psprintf(p, "%s/m.db", kit_dir(p));
        pid = start();
        if (pid == 0) {
            _exit(nts_store_migrate(&config, &out, p) == APR_SUCCESS ? 0 : 1);
        }
        (void)usleep((useconds_t)(rand() % 20000));
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, &status, 0);
        if (nts_store_migrate(&config, &out, p) != APR_SUCCESS ||
            nts_store_open(&store, &config, &out, p) != APR_SUCCESS) {
            tap_diag("%s", nts_outcome_text(&out, p));
            break;
        }
        nts_store_close(store);
        done++;
    }
    tap_int(done, 25, "a migration that was killed is done again by the next start");
}

/* --- together */

#define WRITERS 3
#define UNITS 60

/* Each gives 0, or what went wrong. */
static int be_writer(const kit_t *kit, int w)
{
    nts_store_t *store = kit_connect(kit, p);
    apr_pool_t *sub;
    long n;

    (void)apr_pool_create(&sub, p);
    for (n = 0; n < UNITS; n++) {
        apr_status_t rv;

        apr_pool_clear(sub);
        rv = write_unit(store, kit, w, n, sub);
        if (rv != APR_SUCCESS) {
            tap_diag("writer %d, unit %ld: %d", w, n, rv);
            return 1;
        }
    }
    nts_store_close(store);
    return 0;
}

static int be_reader(const kit_t *kit)
{
    nts_store_t *store = kit_connect(kit, p);
    apr_pool_t *sub;
    int bad = 0;
    long n = 0;

    (void)apr_pool_create(&sub, p);
    while (n < UNITS && !bad) {
        int found;

        apr_pool_clear(sub);
        found = look_at_unit(store, kit, 1, n, sub);
        /* Each load is several statements: a unit may arrive between two of them. */
        if (found < 0) {
            found = look_at_unit(store, kit, 1, n, sub);
        }
        if (found < 0) {
            tap_diag("reader, unit %ld", n);
            bad = 2;
        }
        n += found > 0;
        if (found == 0) {
            (void)usleep(500);
        }
    }
    nts_store_close(store);
    return bad;
}

/* What the helper of a next generation does: under the writer lock, as nts_store_migrate. */
static int be_migrator(const kit_t *kit)
{
    nts_lock_t *lock;
    nts_db_t *db;
    int i;
    int bad = nts_lock_open(&lock, kit->config.lock_path, p) != APR_SUCCESS;

    for (i = 0; i < 12 && !bad; i++) {
        bad = nts_lock_writer(lock, apr_time_from_sec(60)) != APR_SUCCESS ||
              nts_db_open(&db, "sqlite3", kit->config.params, NULL, p) != APR_SUCCESS;
        if (!bad) {
            bad = nts_db_run(db, i % 2 ? "DROP INDEX extra" : "CREATE INDEX extra ON run (kind)") !=
                  APR_SUCCESS;
            if (bad) {
                tap_diag("migrator: %s", nts_db_error(db));
            }
            nts_db_close(db);
            nts_lock_release_writer(lock);
        }
        (void)usleep(5000);
    }
    return bad ? 3 : 0;
}

static void test_together(void)
{
    apr_time_t began = apr_time_now();
    apr_pool_t *sub;
    int whole = 0;
    int bad = 0;
    int status;
    int i;
    int w;
    kit_t kit;

    kit_open(&kit, p);
    nts_store_close(kit.store);
    for (i = 0; i < WRITERS + 2; i++) {
        if (start() == 0) {
            _exit(i < WRITERS    ? be_writer(&kit, i)
                  : i == WRITERS ? be_reader(&kit)
                                 : be_migrator(&kit));
        }
    }
    while (wait(&status) > 0) {
        bad += status != 0;
        if (status) {
            tap_diag("a process ended with %x", (unsigned)status);
        }
    }
    tap_int(bad, 0, "three writers, a reader and changes of the schema: nobody failed");
    tap_diag("together they took %d ms", (int)((apr_time_now() - began) / MSEC));
    kit.store = kit_connect(&kit, p);
    (void)apr_pool_create(&sub, p);
    for (w = 0; w < WRITERS; w++) {
        for (i = 0; i < UNITS; i++) {
            apr_pool_clear(sub);
            whole += look_at_unit(kit.store, &kit, w, i, sub) == 1;
        }
    }
    tap_int(whole, WRITERS * UNITS, "and all that was stored is there");
    nts_store_close(kit.store);
}

static void test_newer(void)
{
    apr_pool_t *sub;
    nts_db_t *db;
    kit_t kit;

    kit_open(&kit, p);
    (void)apr_pool_create(&sub, p);
    tap_int(write_unit(kit.store, &kit, 0, 0, sub), APR_SUCCESS, "a worker of this generation");
    (void)nts_db_open(&db, "sqlite3", kit.config.params, NULL, p);
    (void)nts_db_run(db, "ALTER TABLE link ADD COLUMN novelty TEXT");
    tap_int(write_unit(kit.store, &kit, 0, 1, sub), APR_SUCCESS,
            "D3: goes on after a change of the schema that it can live with");
    (void)nts_db_run(db, "UPDATE meta SET value = value + 1 WHERE name = 'schema'");
    tap_int(write_unit(kit.store, &kit, 0, 2, sub), APR_EMISMATCH,
            "D36: but writes nothing once the next generation has migrated");
    tap_int(look_at_unit(kit.store, &kit, 0, 2, sub), 0, "indeed");
    nts_db_close(db);
    nts_store_close(kit.store);
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    test_kill();
    test_kill_migration();
    test_together();
    test_newer();
    apr_pool_destroy(p);
    return tap_done();
}
