/* change_cases.c - of what applications change nothing is missed, told twice or held up, in whatever order they commit. */
#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change_cases.h"
#include "tap/tap.h"

static const change_words_t *w;

nts_mapping_t *deals;
apr_int64_t since;

void begin_changes(const char *name, const char *sql)
{
    begin_case(name, sql);
    deals = mapping_of("deals", NULL, "name", NULL);
    provision(deals);
    since = 0;
}

const char *news(void)
{
    nts_answer_t *answer = changes_after(deals, since);

    since = answer->last_change;
    return entries(answer);
}

const char *logged(const char *sql)
{
    run_in(application(), sql);
    return news();
}

int is_woken(int fd, int milliseconds)
{
    struct pollfd wait = { fd, POLLIN, 0 };

    return poll(&wait, 1, milliseconds) > 0 && nts_connector_sql.watch_drain(connection, fd);
}

static void insert_series(int from, int to)
{
    run_in(application(), apr_psprintf(pool, "INSERT INTO deals (id) %s%d%s%d%s", w->series[0],
                                       from, w->series[1], to, w->series[2]));
}

static const char *text(const char *sql)
{
    return text_in(application(), sql);
}

static nts_answer_t *update(const char *id, const char *name, const char *intent)
{
    nts_ask_t ask = ask_of(NTS_ASK_UPDATE, deals);
    nts_value_t *values = values_of(deals);

    values[0] = nts_value_text(name);
    ask.id = id;
    ask.intent = intent;
    ask.values = values;
    return perform(&ask);
}

static void test_order(void)
{
    session_t *slow;
    session_t *second;

    begin_changes("orders", DEALS ", (2, 'Bob')");
    slow = open_session("app", "orders");
    second = open_session("app", "orders");
    /* Whoever waited for it would wait until the time is up, and say so. */
    run_in(slow, "BEGIN; UPDATE deals SET name = 'slow' WHERE id = 1");
    tap_str(logged("UPDATE deals SET name = 'fast' WHERE id = 2"), "u2",
            "an open transaction of this table holds nothing up");
    tap_str(result_of(update("2", "ours", "w1")), "ok", "nor does it keep us from writing");
    tap_str(news(), "u2@w1", "and being told");
    run_in(slow, "COMMIT");
    tap_str(news(), "u1", "and what is committed late is not skipped");
    tap_str(news(), "", "nor seen twice");
    run_in(slow, "BEGIN; DELETE FROM deals WHERE id = 1");
    run_in(application(), "BEGIN; UPDATE deals SET name = 'x' WHERE id = 2; ROLLBACK");
    tap_str(logged("UPDATE deals SET name = 'y' WHERE id = 2"), "u2",
            "a number that was rolled back is waited for by nobody");
    run_in(slow, "ROLLBACK");
    tap_str(news(), "", "nor an entry that never came");
    /* One row, changed by both: the second waits for the first. */
    run_in(slow, "BEGIN; UPDATE deals SET name = 'first' WHERE id = 1");
    tap_ok(send_in(second, "UPDATE deals SET id = 7 WHERE id = 1"), "a second writer");
    (void)usleep(50000);
    run_in(slow, "COMMIT");
    tap_ok(await_in(second), "that has to wait");
    tap_str(news(), "u1 k7<1", "of one row comes after the first");
    end_session(second);
    end_session(slow);
    end_case();
}

/* Whoever dies between giving numbers and reading leaves entries that have theirs. */
static void test_numbering(void)
{
    const char *numbers =
        apr_pstrcat(pool, "SELECT ", w->numbers, " FROM _notionsync_change", NULL);
    const char *all = apr_psprintf(pool, "%d %d", w->many + 3, w->many + 3);
    session_t *other;

    begin_changes("numbers", DEALS);
    other = open_session("app", "numbers");
    run_in(other, w->read_committed);
    run_in(application(), "INSERT INTO deals (id) VALUES (2), (3)");
    tap_str(text(numbers), "-,-", "entries are made without numbers");
    run_in(other, "BEGIN; SELECT 1 FROM _notionsync_instance FOR UPDATE");
    tap_str(result_of(changes_after(deals, 0)), "not done sql.busy",
            "somebody else is giving them");
    run_in(other, "UPDATE _notionsync_change SET number = id;"
                  "UPDATE _notionsync_instance SET counter = 2");
    run_in(application(), "INSERT INTO deals (id) VALUES (4)");
    run_in(other, "COMMIT");
    tap_str(news(), "i2 i3 i4", "then they are there for all");
    tap_str(text(numbers), "1,2,3", "and the next go on from there");
    tap_int(changes_after(deals, 3)->counter, 3, "with the counter");
    insert_series(100, 99 + w->many);
    tap_int(changes_after(deals, 0)->counter, w->many + 3, "many are numbered in several goes");
    tap_str(
        text("SELECT CONCAT(COUNT(DISTINCT number), ' ', SUM(CASE WHEN number = id THEN 1 ELSE 0 "
             "END)) FROM _notionsync_change"),
        all, "each has its own, in order");
    end_session(other);
    end_case();
}

/* Changes two rows at a time, and often thinks better of it. Deadlocks are part of it. */
static void write_about(int who)
{
    session_t *session = open_session("app", "writers");
    unsigned int dice = (unsigned int)who;
    int i;

    for (i = 0; i < 80; i++) {
        int first = 1 + rand_r(&dice) % 20;
        int second = 1 + rand_r(&dice) % 20;
        const char *end = rand_r(&dice) % 4 ? "COMMIT" : "ROLLBACK";

        (void)try_in(session, apr_psprintf(pool,
                                           "BEGIN; UPDATE deals SET name = '%d/%d' WHERE id = %d;"
                                           "UPDATE deals SET name = '%d/%d+' WHERE id = %d; %s",
                                           who, i, first, who, i, second, end));
        (void)try_in(session, "ROLLBACK");
    }
    end_session(session);
    _exit(0);
}

static void test_writers(void)
{
    pid_t writers[4];
    int running = 4;
    int told = 0;
    int rounds = 0;
    int i;

    begin_changes("writers", "CREATE TABLE deals (id integer PRIMARY KEY, name varchar(20))");
    insert_series(1, 20);
    since = changes_after(deals, 0)->last_change;
    for (i = 0; i < 4; i++) {
        writers[i] = fork();
        if (writers[i] == 0) {
            write_about(i + 1);
        }
    }
    while (running > 0) {
        nts_answer_t *answer;

        for (i = 0; i < 4; i++) {
            if (writers[i] > 0 && waitpid(writers[i], NULL, WNOHANG) == writers[i]) {
                writers[i] = 0;
                running--;
            }
        }
        answer = changes_after(deals, since);
        told += answer->result == NTS_RESULT_OK ? answer->change_count : 0;
        since = answer->result == NTS_RESULT_OK ? answer->last_change : since;
        rounds++;
    }
    tap_ok(told > 0 && rounds > 1, "%d entries of four writers at once, in %d looks", told, rounds);
    tap_str(text("SELECT COUNT(*) FROM _notionsync_change WHERE op <> 'i'"),
            apr_psprintf(pool, "%d", told), "each is told once");
    tap_str(text("SELECT COUNT(*) FROM _notionsync_change AS a JOIN _notionsync_change AS b "
                 "ON b.key = a.key AND b.id > a.id AND b.number < a.number"),
            "0", "those of one row in the order in which they happened");
    tap_str(text("SELECT MAX(number) - COUNT(DISTINCT number) FROM _notionsync_change"), "0",
            "without a gap");
    end_case();
}

static void test_pruning(void)
{
    session_t *slow;
    nts_ask_t ask;

    begin_changes("pruning", DEALS);
    slow = open_session("app", "pruning");
    insert_series(2, 701);
    (void)changes_after(deals, 0);
    run_in(application(), "UPDATE _notionsync_change SET at = at - 3700000;"
                          "INSERT INTO deals (id) VALUES (800)");
    run_in(slow, "BEGIN; INSERT INTO deals (id) VALUES (801)");
    ask = ask_of(NTS_ASK_CHANGES, deals);
    ask.since = 701;
    ask.settled_to = 701;
    (void)perform(&ask);
    (void)perform(&ask);
    (void)perform(&ask);
    run_in(slow, "ROLLBACK");
    tap_str(text("SELECT COUNT(*) FROM _notionsync_change"), "1",
            "old settled entries go, whatever is open");
    tap_str(entries(changes_after(deals, 700)), "i800", "a reader that was there misses nothing");
    tap_str(entries(changes_after(deals, 300)), "t i800", "one that lagged behind is told");
    end_session(slow);
    end_case();
}

void test_changes(const change_words_t *words)
{
    w = words;
    test_order();
    test_numbering();
    test_writers();
    test_pruning();
}
