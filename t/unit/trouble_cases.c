/* trouble_cases.c - whatever goes wrong with a server is told as what it is, a write is never reported as done when it was not, nor
 * the other way round, nothing waits for ever, and work goes on by itself. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap/tap.h"
#include "trouble_cases.h"

static const trouble_words_t *w;
static nts_mapping_t *m;

nts_mapping_t *begin_trouble(const char *name)
{
    nts_mapping_t *mapping = mapping_of("deals", NULL, "name", NULL);

    begin_case(name, "CREATE TABLE deals (id integer PRIMARY KEY, name varchar(20));"
                     "INSERT INTO deals VALUES (1, 'Ada'), (2, 'Bob')");
    provision(mapping);
    return mapping;
}

nts_ask_t update_of(const nts_mapping_t *mapping, const char *id, const char *name,
                    const char *intent)
{
    nts_ask_t ask = ask_of(NTS_ASK_UPDATE, mapping);
    nts_value_t *values = values_of(mapping);

    values[0] = nts_value_text(name);
    ask.id = id;
    ask.intent = intent;
    ask.values = values;
    return ask;
}

nts_answer_t *update(const nts_mapping_t *mapping, const char *name, const char *intent)
{
    nts_ask_t ask = update_of(mapping, "1", name, intent);

    return perform(&ask);
}

/* S3.7 */
int is_applied(const nts_mapping_t *mapping, const char *intent)
{
    nts_ask_t ask = ask_of(NTS_ASK_INTENT, mapping);

    ask.intent = intent;
    return perform(&ask)->applied;
}

static void test_away(void)
{
    nts_answer_t *answer;

    m = begin_trouble("away");
    tap_str(value_of(read_row(m, "1"), 0), "text:Ada", "a row");
    stop_server();
    answer = read_row(m, "1");
    tap_str(result_of(answer), "blocked sql.unreachable", "the server stops");
    tap_int(answer->outcome.remedy, NTS_REMEDY_RETRY, "which time may mend");
    tap_str(result_of(update(m, "x", "w1")), "blocked sql.unreachable", "nothing is written");
    start_server();
    reopen_application();
    tap_str(result_of(read_row(m, "1")), "blocked sql.unreachable",
            "a hundred asks would not try in turn: for a while none does");
    mono_time += apr_time_from_sec(10);
    tap_str(value_of(read_row(m, "1"), 0), "text:Ada", "it is back, and so are we");
    tap_str(result_of(update(m, "x", "w1")), "ok", "and write");
    stop_server();
    start_server();
    reopen_application();
    tap_str(value_of(read_row(m, "1"), 0), "text:x", "between two asks nobody notices");
    end_case();
}

static void test_locks(void)
{
    nts_answer_t *answer;
    nts_value_t *expected;
    session_t *other;
    nts_ask_t ask;
    int i;

    m = begin_trouble("locked");
    other = open_session("app", "locked");
    run_in(other, "BEGIN; UPDATE deals SET name = 'theirs' WHERE id = 1");
    tap_str(result_of(update(m, "ours", "w1")), "not done sql.busy",
            "another holds the row, which is not waited for without end");
    tap_str(value_of(read_row(m, "1"), 0), "text:Ada", "it can be read all the same");
    run_in(other, "COMMIT");
    tap_str(result_of(update(m, "ours", "w1")), "ok", "then it is ours");
    /* Their commit comes while we wait: what is compared is what they left. */
    run_in(other, "BEGIN; UPDATE deals SET name = 'late' WHERE id = 1");
    tap_ok(send_in(other, apr_pstrcat(pool, w->until_waited, "; COMMIT", NULL)),
           "a commit under way");
    ask = update_of(m, "1", "again", "w2");
    expected = values_of(m);
    expected[0] = nts_value_text("ours");
    ask.expected = expected;
    answer = perform(&ask);
    for (i = 0; i < 10 && answer->result == NTS_RESULT_NOT_DONE; i++) {
        answer = perform(&ask); /* it came later than we wait */
    }
    tap_str(result_of(answer), "stale sql.stale", "is seen, and nothing is overwritten");
    tap_str(value_of(answer, 0), "text:late", "with what they wrote");
    tap_ok(await_in(other), "and they are through");
    end_session(other);
    end_case();
}

/* The password comes from elsewhere, and is told to nobody. */
static void test_password(void)
{
    nts_answer_t *answer;
    const char *text;

    m = begin_trouble("passwords");
    as_administrator("passwords", w->locked);
    close_connector();
    secret = "open sesame";
    open_connector(conninfo_of("locked", "passwords"));
    tap_str(result_of(update(m, "x", "w1")), "ok", "an account with a password");
    close_connector();
    secret = "a wrong one";
    open_connector(conninfo_of("locked", "passwords"));
    answer = read_row(m, "1");
    text = nts_outcome_text(&answer->outcome, pool);
    tap_str(result_of(answer), "blocked sql.unreachable", "a wrong password");
    tap_ok(strstr(text, w->denied) && !strstr(text, secret), "is told, but not shown: %s", text);
    secret = NULL;
    reopen_connector("app", "no_such_database");
    tap_str(result_of(read_row(m, "1")), "blocked sql.unreachable", "no such database");
    end_case();
}

static void test_limit(void)
{
    nts_answer_t *answer;
    session_t *only;
    int i;

    m = begin_trouble("limits");
    as_administrator("limits", w->single);
    close_connector();
    only = open_session("single", "limits");
    open_connector(conninfo_of("single", "limits"));
    tap_str(result_of(read_row(m, "1")), "blocked sql.unreachable", "too many connections");
    end_session(only);
    answer = read_row(m, "1");
    for (i = 0; i < 3000 && answer->result != NTS_RESULT_OK; i++) {
        (void)usleep(10000); /* the server has to notice that it is gone */
        mono_time += apr_time_from_sec(10);
        answer = read_row(m, "1");
    }
    tap_str(result_of(answer), "ok", "until there is one");
    end_case();
}

/* --- a proxy that can swallow what it is sent */

typedef enum mood_t { FORWARD = 'f', CUT_AT_COMMIT = 'c', CUT_AFTER_COMMIT = 'a' } mood_t;

int listening(int *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 5) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0) {
        return -1;
    }
    *port = ntohs(at.sin_port);
    return fd;
}

/* The last word of a statement, of READ COMMITTED none; some end it with a zero. */
static int has_commit(const char *bytes, ssize_t len)
{
    static const char word[] = "COMMIT";
    ssize_t size = (ssize_t)sizeof(word) - 1;

    len -= len > 0 && bytes[len - 1] == '\0';
    return len >= size && memcmp(bytes + len - size, word, (size_t)size) == 0;
}

/* One connection at a time, until either end closes it. */
static void relay(int client, int back, mood_t mood)
{
    char bytes[65536];
    int committed = 0;

    for (;;) {
        struct pollfd fds[2] = { { client, POLLIN, 0 }, { back, POLLIN, 0 } };
        ssize_t n;
        int from;

        if (poll(fds, 2, -1) <= 0) {
            return;
        }
        from = fds[0].revents ? client : back;
        n = read(from, bytes, sizeof(bytes));
        if (n <= 0 || (from == back && committed && mood == CUT_AFTER_COMMIT)) {
            return;
        }
        if (from == client && has_commit(bytes, n)) {
            committed = 1;
            if (mood == CUT_AT_COMMIT) {
                return;
            }
        }
        if (write(from == client ? back : client, bytes, (size_t)n) != n) {
            return;
        }
    }
}

static pid_t start_proxy(int *port, mood_t mood)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd = listening(port);
    pid_t pid;

    apr_cpystrn(at.sun_path, socket_path(), sizeof(at.sun_path));
    pid = fork();

    if (pid == 0) {
        (void)signal(SIGPIPE, SIG_IGN);
        for (;;) {
            int client = accept(fd, NULL, NULL);
            int back = socket(AF_UNIX, SOCK_STREAM, 0);

            if (client >= 0 && connect(back, (struct sockaddr *)&at, sizeof(at)) == 0) {
                relay(client, back, mood);
            }
            (void)close(back);
            (void)close(client);
        }
    }
    (void)close(fd);
    return pid;
}

static const char *by_port(int port, const char *database, const char *more)
{
    return apr_psprintf(pool, "host=127.0.0.1 port=%d user=app dbname=%s %s %s", port, database,
                        w->unsecured, more);
}

static void test_cut(void)
{
    static const struct {
        mood_t mood;
        const char *result;
        int applied;
        const char *what;
    } cases[] = {
        { FORWARD, "ok", 1, "through a proxy" },
        { CUT_AT_COMMIT, "unknown sql.unreachable", 0, "the commit never arrives" },
        { CUT_AFTER_COMMIT, "unknown sql.unreachable", 1, "its answer never arrives" },
    };
    apr_size_t i;

    m = begin_trouble("proxied");
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *intent = apr_psprintf(pool, "w%d", (int)i);
        nts_answer_t *answer;
        int port = 0;
        pid_t proxy = start_proxy(&port, cases[i].mood);

        close_connector();
        open_connector(by_port(port, "proxied", ""));
        answer = update(m, apr_psprintf(pool, "name %d", (int)i), intent);
        tap_str(result_of(answer), cases[i].result, "%s", cases[i].what);
        (void)kill(proxy, SIGKILL);
        (void)waitpid(proxy, NULL, 0);
        reopen_connector("app", "proxied");
        tap_int(is_applied(m, intent), cases[i].applied, "and the intent tells: %s", cases[i].what);
    }
    end_case();
}

static nts_answer_t *ask_about(const char *intent)
{
    nts_ask_t ask = ask_of(NTS_ASK_INTENT, m);

    ask.intent = intent;
    return perform(&ask);
}

/* A COMMIT that we heard nothing of may still be under way when we ask what became of it: of seeds of the simulation, a
 * create was made again, and then there were two. */
static void test_late_commit(void)
{
    static const char start[] =
        "BEGIN; INSERT INTO _notionsync_intent (intent, tbl, op, at) VALUES ('%s', 'deals', "
        "'update', %" APR_INT64_T_FMT ")";
    apr_int64_t now = apr_time_as_msec(apr_time_now());
    session_t *other;

    m = begin_trouble("late");
    other = open_session("app", "late");
    run_in(other, apr_psprintf(pool, start, "w1", now));
    tap_str(result_of(ask_about("w1")), "not done sql.busy", "a write that is not over yet");
    tap_ok(send_in(other, apr_pstrcat(pool, w->until_waited, "; COMMIT", NULL)), "it is done");
    tap_str(result_of(ask_about("w1")), "not done sql.busy", "while somebody asks");
    tap_ok(await_in(other), "who has not kept it from its end");
    tap_int(is_applied(m, "w1"), 1, "then it was done");
    end_session(other);
    other = open_session("app", "late");
    run_in(other, apr_psprintf(pool, start, "w2", now));
    tap_str(result_of(ask_about("w2")), "not done sql.busy", "another one");
    run_in(other, "ROLLBACK");
    tap_int(is_applied(m, "w2"), 0, "then it was not done");
    tap_str(result_of(update(m, "late", "w2")), "not done sql.given_up",
            "nor is it from then on, whoever still comes with it");
    tap_str(value_of(read_row(m, "1"), 0), "text:Ada", "nothing of it is there");
    tap_str(result_of(ask_about("w2")), "ok", "who asks again");
    tap_int(is_applied(m, "w2"), 0, "hears the same");
    end_session(other);
    end_case();
}

/* Nothing answers at all: neither opening nor closing waits without end. */
static void test_silence(void)
{
    apr_time_t before = apr_time_now();
    int port = 0;
    int fd = listening(&port);

    m = mapping_of("deals", NULL, "name", NULL);
    open_connector(by_port(port, "x", "connect_timeout=1"));
    (void)nts_connector_sql.watch(connection, m);
    tap_str(result_of(read_row(m, "1")), "blocked sql.unreachable", "a server that says nothing");
    close_connector();
    tap_ok(apr_time_now() - before < apr_time_from_sec(60), "is given up");
    (void)close(fd);
}

void test_trouble(const trouble_words_t *words)
{
    w = words;
    test_away();
    test_locks();
    test_password();
    test_limit();
    test_cut();
    test_late_commit();
    test_silence();
}
