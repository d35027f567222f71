/* Proves that what can go wrong with a database file has an outcome that says what, that nothing is made
 * or written by mistake, and that work goes on once it is mended; and that changes wake the loop. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_atomic.h>
#include <apr_thread_proc.h>

#include "sql_kit.h"
#include "tap/tap.h"

#define DEALS                                                                                      \
    "CREATE TABLE deals (id INTEGER PRIMARY KEY, name TEXT);"                                      \
    "INSERT INTO deals VALUES (1, 'Ada')"

static nts_mapping_t *m;

static void begin(const char *name, const char *journal)
{
    begin_database_with(name, journal, DEALS);
    m = mapping_of("deals", NULL, "name", NULL);
    provision(m);
}

static nts_answer_t *update(const char *name, const char *intent)
{
    nts_ask_t ask = ask_of(NTS_ASK_UPDATE, m);
    nts_value_t *values = values_of(m);

    values[0] = nts_value_text(name);
    ask.id = "1";
    ask.intent = intent;
    ask.values = values;
    return perform(&ask);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    if (!file || fputs(text, file) < 0 || fclose(file) != 0) {
        tap_ok(0, "%s is written", path);
    }
}

static void test_opening(void)
{
    const char *missing = path_of("missing.db");
    const char *text = path_of("text.db");
    nts_service_t unknown = { 0 };
    nts_connection_t *none = NULL;
    nts_outcome_t out = { 0 };
    nts_answer_t *answer;

    m = mapping_of("deals", NULL, "name", NULL);
    open_connector(missing);
    answer = perform_kind(NTS_ASK_DESCRIBE, m);
    tap_str(result_of(answer), "blocked sql.unreachable", "a missing file");
    tap_int(answer->outcome.remedy, NTS_REMEDY_RETRY, "is tried again");
    tap_ok(strstr(answer->outcome.what, missing) != NULL, "is named: %s", answer->outcome.what);
    tap_ok(access(missing, F_OK) != 0, "and not made");
    app = open_app(missing);
    app_run(DEALS);
    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, m)), "ok", "once it is there it is used");
    end_database();

    write_file(text,
               "this is not a database, but it is long enough to look like one: it has more than "
               "the hundred bytes of a header");
    open_connector(text);
    answer = perform_kind(NTS_ASK_DESCRIBE, m);
    tap_str(result_of(answer), "blocked sql.corrupt", "a file that is no database");
    tap_str(answer->outcome.words, "file is not a database", "in SQLite's words");
    close_connector();

    open_connector(path_of(""));
    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, m)), "blocked sql.unreachable", "a folder");
    close_connector();
    open_connector("relative.db");
    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, m)), "blocked sql.unreachable",
            "no full path");
    close_connector();
    open_connector("file:/tmp/x?mode=memory");
    tap_str(result_of(perform_kind(NTS_ASK_DESCRIBE, m)), "blocked sql.unreachable", "a URI");
    tap_str(result_of(perform_kind(NTS_ASK_WHO, m)), "blocked sql.unreachable",
            "whatever is asked");
    close_connector();

    unknown.name = "crm";
    unknown.database_driver = "oracle";
    tap_ok(nts_connector_sql.open(&none, &unknown, NULL, &nts_clock_system, &out, pool) !=
               APR_SUCCESS,
           "a driver that this build does not know");
    tap_str(out.code, "sql.config", "is a mistake of the configuration");
}

static void test_busy(void)
{
    nts_answer_t *answer;
    apr_time_t start;

    begin("busy.db", "WAL");
    app_run("BEGIN IMMEDIATE; UPDATE deals SET name = 'Bob'");
    tap_str(value_of(read_row(m, "1"), 0), "text:Ada", "WAL: readers read while others write");
    start = apr_time_now();
    answer = update("Eve", "i-1");
    tap_str(result_of(answer), "not done sql.busy", "a write waits for the lock, then gives up");
    tap_int(answer->outcome.remedy, NTS_REMEDY_RETRY, "for now");
    tap_ok(apr_time_now() - start < apr_time_from_sec(60), "within bounds");
    app_run("COMMIT");
    tap_str(result_of(update("Eve", "i-1")), "ok", "and is done once the lock is free");
    end_database();

    begin("busy-delete.db", "DELETE");
    app_run("BEGIN EXCLUSIVE");
    tap_str(result_of(read_row(m, "1")), "not done sql.busy",
            "rollback journal: readers wait, too");
    tap_str(result_of(changes_after(m, 0)), "not done sql.busy", "changes cannot be told either");
    app_run("COMMIT");
    tap_str(value_of(read_row(m, "1"), 0), "text:Ada", "then they read");

    /* A reader keeps our commit from going through. */
    app_run("BEGIN; SELECT * FROM deals");
    tap_str(result_of(update("Eve", "i-2")), "not done sql.busy", "a commit that others hold up");
    app_run("COMMIT");
    tap_str(app_text("SELECT name FROM deals"), "Ada", "was undone");
    tap_str(result_of(update("Eve", "i-2")), "ok", "and works the next time");
    end_database();
}

static void test_swapped(void)
{
    const char *other = path_of("other.db");
    nts_answer_t *answer;
    const char *instance;
    nts_ask_t ask;

    begin("other.db", "DELETE");
    end_database();
    begin("live.db", "DELETE");
    instance = perform_kind(NTS_ASK_DESCRIBE, m)->schema->instance;
    (void)changes_after(m, 0);
    tap_ok(rename(path_of("live.db"), path_of("aside.db")) == 0 &&
               rename(other, path_of("live.db")) == 0,
           "another database takes the file's name");
    tap_str(result_of(changes_after(m, 0)), "blocked sql.other_instance", "that is noticed");
    tap_str(result_of(read_row(m, "7")), "blocked sql.other_instance", "no row is missed in it");
    answer = update("Eve", "i-1");
    tap_str(result_of(answer), "blocked sql.other_instance", "none is written");
    tap_ok(answer->instance && strcmp(answer->instance, instance) != 0, "the answer says which");
    tap_ok(rename(path_of("live.db"), other) == 0 &&
               rename(path_of("aside.db"), path_of("live.db")) == 0,
           "the right one comes back");
    tap_str(result_of(read_row(m, "1")), "ok", "and all is well");

    ask = ask_of(NTS_ASK_READ, m);
    ask.id = "1";
    ask.instance = "0123";
    tap_str(result_of(perform(&ask)), "blocked sql.other_instance", "an ask can name its instance");
    ask.instance = instance;
    tap_str(result_of(perform(&ask)), "ok", "the one it is");

    app_run("DELETE FROM _notionsync_instance");
    tap_str(result_of(read_row(m, "1")), "blocked sql.other_instance", "an id that was deleted");
    app_run("DROP TABLE _notionsync_intent");
    tap_str(result_of(read_row(m, "1")), "blocked sql.other_instance", "our tables gone");
    provision(m);
    tap_ok(strcmp(perform_kind(NTS_ASK_DESCRIBE, m)->schema->instance, instance) != 0,
           "provisioned again it is another instance");
    tap_str(result_of(read_row(m, "1")), "ok", "which is known from then on");

    tap_ok(unlink(path_of("live.db")) == 0, "the file is deleted");
    tap_str(result_of(read_row(m, "1")), "blocked sql.unreachable", "which is no delete of rows");
    end_database();
}

static void test_schema(void)
{
    begin("schema.db", "WAL");
    app_run("ALTER TABLE deals RENAME TO archive");
    tap_str(result_of(read_row(m, "1")), "blocked sql.schema", "a table that went away");
    app_run("ALTER TABLE archive RENAME TO deals");
    app_run("UPDATE _notionsync_instance SET version = 99");
    tap_str(result_of(read_row(m, "1")), "blocked sql.version", "tables of a later version");
    app_run("UPDATE _notionsync_instance SET version = 1");
    app_run("CREATE TRIGGER broken AFTER UPDATE ON deals BEGIN SELECT no_such_function(1); END");
    tap_str(result_of(update("x", "i-1")), "blocked sql.schema", "a function only others have");
    app_run("DROP TRIGGER broken; CREATE TRIGGER odd AFTER UPDATE ON deals "
            "BEGIN SELECT json(NEW.name); END");
    tap_str(result_of(update("no json", "i-2")), "refused sql.refused",
            "a trigger that fails on this value is this record's trouble");
    tap_str(result_of(update("[]", "i-3")), "ok", "and no other's");
    tap_str(result_of(perform_kind(NTS_ASK_WHO, m)), "refused sql.ask", "a strange ask");
    end_database();
}

static void test_denied(void)
{
    if (geteuid() != 0) {
        tap_skip(3, "only root can become somebody else");
        return;
    }
    begin("denied.db", "DELETE");
    end_database();
    (void)chmod(path_of("denied.db"), 0644);
    (void)chmod(path_of(""), 0755);
    open_connector(path_of("denied.db"));
    if (seteuid(65534) != 0) {
        tap_skip(3, "cannot become somebody else");
        return;
    }
    tap_str(value_of(read_row(m, "1"), 0), "text:Ada", "a file that may only be read is read");
    tap_str(result_of(update("Eve", "i-1")), "blocked sql.denied", "and not written");
    tap_str(result_of(perform_kind(NTS_ASK_UNPROVISION, m)), "blocked sql.denied",
            "nor cleared of what is ours");
    if (seteuid(0) != 0) {
        tap_ok(0, "root again");
    }
    end_database();
}

/* Writes beyond a size fail, as they do on a full disk. */
static void test_disk(void)
{
    struct rlimit limit;
    struct rlimit small;
    nts_answer_t *answer;
    nts_ask_t ask;

    begin("disk.db", "WAL");
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)getrlimit(RLIMIT_FSIZE, &limit);
    small = limit;
    small.rlim_cur = 1024;
    (void)setrlimit(RLIMIT_FSIZE, &small);
    answer = update("Eve", "i-1");
    (void)setrlimit(RLIMIT_FSIZE, &limit);
    tap_str(result_of(answer), "unknown sql.disk", "a commit that the disk fails");
    ask = ask_of(NTS_ASK_INTENT, m);
    ask.intent = "i-1";
    tap_int(perform(&ask)->applied, 0, "the intent tells what became of it");
    tap_str(result_of(update("Eve", "i-2")), "ok", "and the next try works");
    end_database();
}

static nts_answer_t *ask_about(const char *intent)
{
    nts_ask_t ask = ask_of(NTS_ASK_INTENT, m);

    ask.intent = intent;
    return perform(&ask);
}

/* Who is stopped in the middle of a write goes on some time: what becomes of it is not judged before. */
static void test_late_commit(void)
{
    static const char start[] = "BEGIN IMMEDIATE; INSERT INTO _notionsync_intent (intent, tbl, op, "
                                "at) VALUES ('i-%d', 'deals', 'update', strftime('%%s') * 1000)";

    begin("late.db", "WAL");
    app_run(apr_psprintf(pool, start, 1));
    tap_str(result_of(ask_about("i-1")), "not done sql.busy", "a write that is not over yet");
    app_run("COMMIT");
    tap_int(ask_about("i-1")->applied, 1, "then it was done");
    app_run(apr_psprintf(pool, start, 2));
    app_run("ROLLBACK");
    tap_int(ask_about("i-2")->applied, 0, "one that was not done");
    tap_str(result_of(update("Eve", "i-2")), "not done sql.given_up",
            "is not done from then on, whoever still comes with it");
    tap_str(app_text("SELECT name FROM deals WHERE id = 1"), "Ada", "nothing of it is there");
    tap_str(result_of(ask_about("i-2")), "ok", "who asks again");
    tap_int(ask_about("i-2")->applied, 0, "hears the same");
    end_database();
}

static int is_readable(int descriptor)
{
    struct pollfd one = { .fd = descriptor, .events = POLLIN };

    return poll(&one, 1, 0) == 1;
}

/* inotify reports before the writer's call returns, so there is nothing to wait for. */
static int woken(int descriptor)
{
    return is_readable(descriptor) && nts_connector_sql.watch_drain(connection, descriptor);
}

static void test_watch(const char *journal)
{
    int fd;
    sqlite3 *other;
    apr_int64_t since;

    begin(apr_pstrcat(pool, "watch-", journal, ".db", NULL), journal);
    fd = nts_connector_sql.watch(connection, m);
    tap_ok(fd >= 0, "%s: there is a descriptor", journal);
    tap_int(nts_connector_sql.watch(connection, m), fd, "one for the whole database");
    tap_ok(!is_readable(fd), "quiet");
    app_run("UPDATE deals SET name = 'Bob'");
    tap_ok(woken(fd), "a write of the application wakes");
    since = changes_after(m, 0)->last_change;
    (void)read_row(m, "1");
    (void)changes_after(m, since);
    tap_ok(!is_readable(fd), "looking for changes does not");
    (void)app_text("SELECT * FROM deals");
    tap_ok(!woken(fd), "reading does not");
    (void)update("Eve", "i-1");
    (void)woken(fd);
    tap_str(entries(changes_after(m, since)), "u1@i-1", "our own write is seen as ours");
    tap_ok(!woken(fd), "and then it is quiet: no loop");
    write_file(path_of("noise.txt"), "x");
    tap_ok(!woken(fd), "other files of the folder do not count");

    /* The last connection of the application goes, and with it, under WAL, the journal file. */
    close_connector();
    sqlite3_close(app);
    open_connector(path_of(apr_pstrcat(pool, "watch-", journal, ".db", NULL)));
    fd = nts_connector_sql.watch(connection, m);
    other = open_app(path_of(apr_pstrcat(pool, "watch-", journal, ".db", NULL)));
    app = other;
    app_run("UPDATE deals SET name = 'Mallory'");
    tap_ok(woken(fd), "a journal file that is new wakes as well");
    tap_int(nts_connector_sql.watch_drain(connection, fd + 1000), 0, "not our descriptor");
    end_database();
}

#define EDITS 300

/* SQLite's lock has no queue: who looks for it at an unlucky moment, each time, waits for as long as the disk
 * is slow and others write, which no number of seconds bounds. */
static int wait_on(void *unused, int count)
{
    (void)unused;
    (void)count;
    apr_sleep(1000);
    return 1;
}

/* An application in a process of its own: so many commits, each of one row. Forked while no database
 * is open here, since SQLite does not survive that; it begins when `go` is closed. */
static pid_t start_writer(const char *path, int go[2])
{
    pid_t child = pipe(go) == 0 ? fork() : -1;

    if (child == 0) {
        sqlite3 *own;
        int failed = 0;
        char byte;

        (void)close(go[1]);
        failed = read(go[0], &byte, 1) != 0;
        own = open_app(path);
        (void)sqlite3_busy_handler(own, wait_on, NULL);
        for (int i = 1; i <= EDITS && !failed; i++) {
            char sql[100];

            (void)snprintf(sql, sizeof(sql), "UPDATE deals SET name = 'edit %d' WHERE id = 1", i);
            failed = sqlite3_exec(own, sql, NULL, NULL, NULL) != SQLITE_OK;
        }
        (void)sqlite3_close(own);
        _exit(failed);
    }
    return child;
}

typedef struct worker_t {
    apr_pool_t *p;               /* of the thread */
    volatile apr_uint32_t ended; /* the application has */
    int edits;
    int ours;
    int disordered;
    int failed;
} worker_t;

/* What the helper thread does: own writes between looks, until a look after the application's end shows
 * nothing new. That the lock was not to be had is an answer, too: it is asked for again. */
static void *APR_THREAD_FUNC work(apr_thread_t *thread, void *data)
{
    worker_t *w = data;
    nts_value_t value = nts_value_text("ours");
    apr_int64_t since = 0;

    for (int turn = 0, over = 0; !over && !w->failed; turn++) {
        nts_ask_t ask = ask_of(turn % 4 ? NTS_ASK_CHANGES : NTS_ASK_UPDATE, m);
        int last = apr_atomic_read32(&w->ended) && ask.kind == NTS_ASK_CHANGES;
        nts_answer_t answer;
        apr_pool_t *p;

        apr_pool_create(&p, w->p);
        ask.since = since;
        ask.id = "2";
        ask.values = &value;
        value = nts_value_text(apr_psprintf(p, "ours %d", turn));
        ask.intent = ask.kind == NTS_ASK_UPDATE ? apr_psprintf(p, "i-%d", turn) : NULL;
        nts_connector_sql.perform(connection, &ask, &answer, p);
        for (int i = 0; i < answer.change_count; i++) {
            w->disordered += answer.changes[i].number <= since;
            since = answer.changes[i].number;
            w->ours += answer.changes[i].intent != NULL;
            w->edits += answer.changes[i].intent == NULL;
        }
        over = last && answer.result == NTS_RESULT_OK && answer.change_count == 0;
        w->failed = answer.result != NTS_RESULT_OK &&
                    (!answer.outcome.code || strcmp(answer.outcome.code, "sql.busy") != 0);
        apr_pool_destroy(p);
    }
    return thread; /* not apr_thread_exit, which leaves this frame in a way that ASan cannot follow */
}

/* The loop's thread watches, the helper's works, another process writes. */
static void test_together(void)
{
    apr_thread_t *thread = NULL;
    apr_status_t rv = APR_SUCCESS;
    worker_t worker = { 0 };
    pid_t writer;
    int go[2];
    int status = 1;
    int fd;

    writer = start_writer(path_of("together.db"), go);
    begin("together.db", "WAL");
    app_run("INSERT INTO deals (id) VALUES (2); DELETE FROM _notionsync_change");
    fd = nts_connector_sql.watch(connection, m);
    apr_pool_create_unmanaged_ex(&worker.p, NULL, NULL);
    (void)close(go[1]);
    (void)close(go[0]);
    tap_ok(writer > 0 && apr_thread_create(&thread, NULL, work, &worker, pool) == APR_SUCCESS,
           "an application writes while we read and write");
    (void)waitpid(writer, &status, 0);
    apr_atomic_set32(&worker.ended, 1);
    tap_int(status, 0, "none of its statements failed");
    tap_ok(woken(fd), "the loop was woken");
    (void)apr_thread_join(&rv, thread);
    tap_int(worker.failed, 0, "none of ours failed");
    tap_int(worker.edits, EDITS, "each edit was seen, and once");
    tap_ok(worker.ours > 0, "our own were known as ours: %d", worker.ours);
    tap_int(worker.disordered, 0, "all in order");
    apr_pool_destroy(worker.p);
    end_database();
}

static void test_watch_missing(void)
{
    open_connector(path_of("no/such/folder.db"));
    tap_int(nts_connector_sql.watch(connection, m), -1, "nothing to watch: the slow poll remains");
    close_connector();
}

int main(void)
{
    begin_tests();
    test_opening();
    test_busy();
    test_swapped();
    test_schema();
    test_denied();
    test_disk();
    test_late_commit();
    test_watch("WAL");
    test_watch("DELETE");
    test_watch("TRUNCATE");
    test_watch("PERSIST");
    test_watch_missing();
    test_together();
    end_tests();
    return tap_done();
}
