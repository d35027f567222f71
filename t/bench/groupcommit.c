/* groupcommit - how many small commits this disk takes when all that wait share one sync.
 *
 *   groupcommit FILE THREADS SECONDS BYTES
 *   groupcommit FILE THREADS SECONDS rows
 *
 * Each thread appends BYTES, then waits until a sync that began afterwards has ended; whoever finds none under way does
 * it for all. Nothing else is done: no program that commits can be quicker. With "rows" it is a row of an SQLite table in
 * WAL mode, synchronous=FULL, with what a webhook stores and its indexes: no program that does so can be much quicker.
 * Prints one line of JSON.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#define THREADS_MAX 256
#define SYNCS_MAX 1000000

static int file;
static size_t bytes; /* 0: rows */
static sqlite3 *db;
static sqlite3_stmt *begin, *insert, *commit;
static double end_at;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned long written, durable, commits, syncs;
static int syncing;
static float *sync_ms;

static double now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
    fprintf(stderr, "groupcommit: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void step(sqlite3_stmt *stmt)
{
    if (sqlite3_step(stmt) != SQLITE_DONE || sqlite3_reset(stmt) != SQLITE_OK) {
        fprintf(stderr, "groupcommit: %s\n", sqlite3_errmsg(db));
        exit(1);
    }
}

static void prepare(sqlite3_stmt **stmt, const char *sql)
{
    if (sqlite3_prepare_v2(db, sql, -1, stmt, NULL) != SQLITE_OK) {
        fprintf(stderr, "groupcommit: %s: %s\n", sql, sqlite3_errmsg(db));
        exit(1);
    }
}

/* As the module's own inbox (nts_store_schema.c). */
static void open_rows(const char *path)
{
    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(
            db,
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=8000;"
            "CREATE TABLE inbox (id INTEGER PRIMARY KEY, mapping INTEGER NOT NULL, side INTEGER "
            "NOT NULL,"
            " record TEXT, event TEXT, kind TEXT, properties TEXT, authors TEXT, at INTEGER NOT "
            "NULL,"
            " stored INTEGER NOT NULL, settled INTEGER NOT NULL DEFAULT 0);"
            "CREATE UNIQUE INDEX inbox_event"
            " ON inbox (mapping, side, CASE WHEN side = 0 THEN at ELSE coalesce(record, '') END, "
            "event);"
            "CREATE INDEX inbox_open ON inbox (mapping, id >> 8, side, substr(record, -6))"
            " WHERE settled = 0",
            NULL, NULL, NULL) != SQLITE_OK) {
        fprintf(stderr, "groupcommit: %s\n", sqlite3_errmsg(db));
        exit(1);
    }
    prepare(&begin, "BEGIN IMMEDIATE");
    prepare(&commit, "COMMIT");
    prepare(
        &insert,
        "INSERT INTO inbox (mapping, side, record, event, kind, properties, authors, at, stored)"
        " VALUES (1, 0, printf('10000000-0000-4000-8000-%012d', abs(random()) % 1000),"
        " printf('%s-0000-4000-8000-%s', hex(randomblob(4)), hex(randomblob(6))),"
        " 'page.properties_updated', '[\"title\"]',"
        " '[\"00000000-0000-4000-8000-000000000004\"]',"
        " CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000, 1800000000000000)");
}

static void store_rows(unsigned long count)
{
    step(begin);
    while (count-- > 0) {
        step(insert);
    }
    step(commit);
}

/* Under the lock, which is open while syncing. */
static void lead(void)
{
    unsigned long upto = written;
    double start;

    syncing = 1;
    (void)pthread_mutex_unlock(&lock);
    start = now();
    if (db) {
        store_rows(upto - durable);
    }
    else if (fdatasync(file) != 0) {
        die("fdatasync");
    }
    (void)pthread_mutex_lock(&lock);
    if (syncs < SYNCS_MAX) {
        sync_ms[syncs] = (float)((now() - start) * 1000);
    }
    syncs++;
    syncing = 0;
    durable = upto;
    (void)pthread_cond_broadcast(&changed);
}

static void *run(void *baton)
{
    char *text = malloc(bytes + 1);

    (void)baton;
    if (!text) {
        die("malloc");
    }
    memset(text, 'x', bytes);
    (void)pthread_mutex_lock(&lock);
    while (now() < end_at) {
        unsigned long mine;

        if (bytes && write(file, text, bytes) != (ssize_t)bytes) {
            die("write");
        }
        mine = ++written;
        while (durable < mine) {
            if (syncing) {
                (void)pthread_cond_wait(&changed, &lock);
            }
            else {
                lead();
            }
        }
        commits++;
    }
    (void)pthread_mutex_unlock(&lock);
    free(text);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS_MAX];
    double start, seconds;
    size_t n;
    int count, i;

    if (argc != 5) {
        fprintf(stderr, "usage: groupcommit FILE THREADS SECONDS BYTES|rows\n");
        return 2;
    }
    count = (int)strtol(argv[2], NULL, 10);
    sync_ms = malloc(SYNCS_MAX * sizeof(*sync_ms));
    if (!sync_ms || count < 1 || count > THREADS_MAX) {
        die(argv[2]);
    }
    if (strcmp(argv[4], "rows") == 0) {
        open_rows(argv[1]);
    }
    else {
        bytes = strtoul(argv[4], NULL, 10);
        file = open(argv[1], O_CREAT | O_WRONLY | O_APPEND | O_TRUNC, 0600);
        if (file < 0 || bytes < 1) {
            die(argv[1]);
        }
    }
    start = now();
    end_at = start + strtod(argv[3], NULL);
    for (i = 0; i < count; i++) {
        if (pthread_create(&threads[i], NULL, run, NULL) != 0) {
            die("thread");
        }
    }
    for (i = 0; i < count; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    seconds = now() - start;
    n = syncs < SYNCS_MAX ? syncs : SYNCS_MAX;
    qsort(sync_ms, n, sizeof(*sync_ms), compare);
    printf("{\"commits\":%lu,\"syncs\":%lu,\"seconds\":%.3f,\"rate\":%.1f,\"sync_p50_ms\":%.3f,"
           "\"sync_p99_ms\":%.3f}\n",
           commits, syncs, seconds, (double)commits / seconds, n ? (double)sync_ms[n / 2] : 0.0,
           n ? (double)sync_ms[n * 99 / 100] : 0.0);
    if (db) {
        (void)sqlite3_finalize(begin);
        (void)sqlite3_finalize(insert);
        (void)sqlite3_finalize(commit);
        (void)sqlite3_close(db);
    }
    (void)unlink(argv[1]);
    return 0;
}
