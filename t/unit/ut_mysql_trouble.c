/* Proves that whatever goes wrong with a MariaDB server is told as what it is, that a write is never reported as done
 * when it was not, nor the other way round, that nothing waits for ever, and that work goes on by itself. */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mysql_kit.h"
#include "tap/tap.h"

#define DEALS                                                                                      \
    "CREATE TABLE deals (id int PRIMARY KEY, name varchar(20));"                                   \
    "INSERT INTO deals VALUES (1, 'Ada'), (2, 'Bob')"

static nts_mapping_t *m;

static void begin(const char *name)
{
    begin_my(name, DEALS);
    m = mapping_of("deals", NULL, "name", NULL);
    provision(m);
}

static nts_ask_t update_of(const char *id, const char *name, const char *intent)
{
    nts_ask_t ask = ask_of(NTS_ASK_UPDATE, m);
    nts_value_t *values = values_of(m);

    values[0] = nts_value_text(name);
    ask.id = id;
    ask.intent = intent;
    ask.values = values;
    return ask;
}

static nts_answer_t *update(const char *name, const char *intent)
{
    nts_ask_t ask = update_of("1", name, intent);

    return perform(&ask);
}

/* S3.7 */
static int is_applied(const char *intent)
{
    nts_ask_t ask = ask_of(NTS_ASK_INTENT, m);

    ask.intent = intent;
    return perform(&ask)->applied;
}

static void reconnect(const char *database)
{
    mysql_close(my);
    my = my_session("app", database);
}

static void test_away(void)
{
    nts_answer_t *answer;
    apr_time_t before;
    int i;

    begin("away");
    tap_str(value_of(read_row(m, "1"), 0), "text:Ada", "a row");
    stop_server();
    answer = read_row(m, "1");
    tap_str(result_of(answer), "blocked sql.unreachable", "the server stops");
    tap_int(answer->outcome.remedy, NTS_REMEDY_RETRY, "which time may mend");
    tap_str(result_of(update("x", "w1")), "blocked sql.unreachable", "nothing is written");
    before = apr_time_now();
    for (i = 0; i < 100; i++) {
        (void)read_row(m, "1");
    }
    tap_ok(apr_time_now() - before < apr_time_from_sec(2), "a hundred asks do not try in turn");
    start_server();
    reconnect("away");
    mono_step += apr_time_from_sec(10);
    tap_str(value_of(read_row(m, "1"), 0), "text:Ada", "it is back, and so are we");
    tap_str(result_of(update("x", "w1")), "ok", "and write");
    my_run(my, apr_psprintf(pool, "KILL %s",
                            my_text(my, "SELECT ID FROM information_schema.PROCESSLIST WHERE ID <> "
                                        "CONNECTION_ID() LIMIT 1")));
    (void)usleep(100000);
    tap_str(value_of(read_row(m, "1"), 0), "text:x", "cut off between two asks nobody notices");
    end_my();
}

static void test_locks(void)
{
    nts_answer_t *answer;
    nts_value_t *expected;
    apr_time_t before;
    nts_ask_t ask;
    MYSQL *other;

    begin("locked");
    other = my_session("app", "locked");
    my_run(other, "BEGIN; UPDATE deals SET name = 'theirs' WHERE id = 1");
    before = apr_time_now();
    tap_str(result_of(update("ours", "w1")), "not done sql.busy", "another holds the row");
    tap_ok(apr_time_now() - before < apr_time_from_sec(8), "which is not waited for without end");
    tap_str(value_of(read_row(m, "1"), 0), "text:Ada", "it can be read all the same");
    my_run(other, "COMMIT");
    tap_str(result_of(update("ours", "w1")), "ok", "then it is ours");
    /* Their commit comes while we wait: what is compared is what they left. */
    my_run(other, "BEGIN; UPDATE deals SET name = 'late' WHERE id = 1");
    tap_int(mysql_send_query(other, "SELECT SLEEP(0.3); COMMIT", 25), 0, "a commit under way");
    ask = update_of("1", "again", "w2");
    expected = values_of(m);
    expected[0] = nts_value_text("ours");
    ask.expected = expected;
    answer = perform(&ask);
    tap_str(result_of(answer), "stale sql.stale", "is seen, and nothing is overwritten");
    tap_str(value_of(answer, 0), "text:late", "with what they wrote");
    my_end(other);
    end_my();
}

#define LATER "SELECT SLEEP(0.5); UPDATE deals SET name = 'theirs' WHERE id = 1; COMMIT"

/* They hold 2 and want 1, we hold 1 and want 2: whom the server chooses, nothing is half done. */
static void test_deadlock(void)
{
    const nts_ask_t *ask_of_each[2];
    nts_answer_t *answer_of_each[2];
    nts_answer_t answers[2];
    apr_pool_t *pools[2] = { pool, pool };
    nts_ask_t asks[2];
    MYSQL *other;
    int done;

    begin("deadlocked");
    other = my_session("app", "deadlocked");
    /* They have changed more, so that it is us whom the server undoes. */
    my_run(my, "CREATE TABLE weight (n int)");
    my_run(other, "BEGIN; INSERT INTO weight SELECT seq FROM seq_1_to_500;"
                  "UPDATE deals SET name = 'theirs' WHERE id = 2");
    asks[0] = update_of("1", "one", "w1");
    asks[1] = update_of("2", "two", "w2");
    ask_of_each[0] = &asks[0];
    ask_of_each[1] = &asks[1];
    answer_of_each[0] = &answers[0];
    answer_of_each[1] = &answers[1];
    /* By then the other side holds 1 and waits for 2. */
    tap_int(mysql_send_query(other, LATER, sizeof(LATER) - 1), 0, "a deadlock under way");
    done = nts_connector_sql.perform_writes(connection, ask_of_each, answer_of_each, pools, 2);
    tap_ok(done >= 1, "writes that meet a deadlock are answered");
    tap_str(result_of(&answers[0]), "ok", "the one that was undone is done again");
    while (done < 2 || answers[1].result == NTS_RESULT_NOT_DONE) {
        nts_connector_sql.perform(connection, &asks[1], &answers[1], pool);
        done = 2;
    }
    tap_str(result_of(&answers[1]), "ok", "the other as soon as they are through");
    tap_str(my_text(my, "SELECT GROUP_CONCAT(name ORDER BY id) FROM deals"), "one,two",
            "and both are there");
    tap_ok(is_applied("w1") && is_applied("w2"), "each with its intent");
    my_end(other);
    end_my();
}

static void test_rights(void)
{
    MYSQL *admin;

    begin("rights");
    admin = my_session("root", "rights");
    my_run(admin, "CREATE USER poor@localhost;"
                  "GRANT SELECT, INSERT, UPDATE, DELETE, TRIGGER ON rights.deals TO poor@localhost;"
                  "GRANT SELECT ON rights._notionsync_instance TO poor@localhost;"
                  "GRANT UPDATE ON rights._notionsync_instance TO poor@localhost;"
                  "GRANT SELECT, UPDATE ON rights._notionsync_table TO poor@localhost;"
                  "GRANT SELECT, UPDATE, DELETE ON rights._notionsync_change TO poor@localhost;"
                  "GRANT SELECT, INSERT, DELETE ON rights._notionsync_intent TO poor@localhost");
    close_connector();
    open_connector(conninfo_of("poor", "rights"));
    tap_str(result_of(update("x", "w1")), "ok", "who may only use it can sync");
    tap_str(entries(changes_after(m, 0)), "u1@w1", "and notices changes");
    my_run(admin, "REVOKE UPDATE ON rights.deals FROM poor@localhost");
    tap_str(result_of(update("y", "w2")), "blocked sql.denied", "a right is taken away");
    my_run(admin, "GRANT UPDATE ON rights.deals TO poor@localhost");
    tap_str(result_of(update("y", "w2")), "ok", "and given back");
    my_run(my, "CREATE TABLE fresh (id int PRIMARY KEY)");
    my_run(admin, "GRANT SELECT ON rights.fresh TO poor@localhost");
    tap_str(result_of(perform_kind(NTS_ASK_PROVISION, mapping_of("fresh", NULL, NULL))),
            "blocked sql.denied", "nobody without the right makes triggers");
    my_run(admin, "SET GLOBAL read_only = 1");
    tap_str(result_of(update("z", "w3")), "blocked sql.denied", "a server that may only be read");
    my_run(admin, "SET GLOBAL read_only = 0");
    tap_str(result_of(update("z", "w3")), "ok", "until it may be written");
    close_connector();
    open_connector(conninfo_of("app", "no_such_database"));
    tap_str(result_of(read_row(m, "1")), "blocked sql.unreachable", "no such database");
    my_end(admin);
    end_my();
}

/* The password comes from elsewhere, and is told to nobody. */
static void test_password(void)
{
    nts_answer_t *answer;
    MYSQL *admin;
    const char *text;

    begin("passwords");
    admin = my_session("root", "passwords");
    my_run(admin, "CREATE USER locked@localhost IDENTIFIED BY 'open sesame';"
                  "GRANT ALL ON passwords.* TO locked@localhost");
    close_connector();
    secret = "open sesame";
    open_connector(conninfo_of("locked", "passwords"));
    tap_str(result_of(update("x", "w1")), "ok", "an account with a password");
    close_connector();
    secret = "a wrong one";
    open_connector(conninfo_of("locked", "passwords"));
    answer = read_row(m, "1");
    text = nts_outcome_text(&answer->outcome, pool);
    tap_str(result_of(answer), "blocked sql.unreachable", "a wrong password");
    tap_ok(strstr(text, "Access denied") && !strstr(text, secret), "is told, but not shown: %s",
           text);
    secret = NULL;
    my_end(admin);
    end_my();
}

/* An account that is let in with encryption only tells whether a session has it. */
static void test_encryption(void)
{
    static const struct {
        const char *info; /* %s: its certificate, %other: of another server */
        const char *result;
        const char *what;
    } cases[] = {
        { "host=127.0.0.1", "ok", "a server that offers encryption" },
        { "host=localhost", "ok", "under whatever name" },
        { "host=127.0.0.1 sslmode=require", "ok", "that is asked for it" },
        { "host=127.0.0.1 sslmode=disable", "blocked sql.unreachable", "not, if it is not wanted" },
        { "host=127.0.0.1 sslmode=verify-ca sslrootcert=%s", "ok", "with a certificate" },
        { "host=127.0.0.1 sslmode=verify-ca sslrootcert=%other", "blocked sql.unreachable",
          "of nobody we know" },
        { "host=localhost sslmode=verify-full sslrootcert=%s", "ok", "for this name" },
        { "host=127.0.0.1 sslmode=verify-full sslrootcert=%s", "blocked sql.unreachable",
          "for another name" },
        { "host=localhost sslmode=verify-full", "blocked sql.unreachable",
          "that no authority of this machine has signed" },
    };
    MYSQL *admin;
    apr_size_t i;

    begin("encrypted");
    admin = my_session("root", "encrypted");
    my_run(admin, "CREATE USER tls@127.0.0.1 REQUIRE SSL;"
                  "GRANT ALL ON encrypted.* TO tls@127.0.0.1");
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *parts = cases[i].info;
        const char *at = strchr(parts, '%');
        const char *info =
            at ? apr_pstrcat(pool, apr_pstrmemdup(pool, parts, (apr_size_t)(at - parts)),
                             certificate(at[1] != 's'), NULL)
               : parts;

        close_connector();
        open_connector(apr_psprintf(pool, "%s port=%d user=tls dbname=encrypted", info, tcp_port));
        tap_str(result_of(read_row(m, "1")), cases[i].result, "%s", cases[i].what);
    }
    my_end(admin);
    end_my();
}

static void test_limit(void)
{
    MYSQL *admin;

    begin("limits");
    admin = my_session("root", "limits");
    my_run(admin, "CREATE USER single@localhost WITH MAX_USER_CONNECTIONS 1;"
                  "GRANT ALL ON limits.* TO single@localhost");
    close_connector();
    {
        MYSQL *only = my_session("single", "limits");

        open_connector(conninfo_of("single", "limits"));
        tap_str(result_of(read_row(m, "1")), "blocked sql.unreachable", "too many connections");
        my_end(only);
    }
    mono_step += apr_time_from_sec(10);
    (void)usleep(100000);
    tap_str(result_of(read_row(m, "1")), "ok", "until there is one");
    my_end(admin);
    end_my();
}

/* --- a proxy that can swallow what it is sent */

typedef enum mood_t { FORWARD = 'f', CUT_AT_COMMIT = 'c', CUT_AFTER_COMMIT = 'a' } mood_t;

static struct sockaddr_un address(const char *path)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };

    apr_cpystrn(at.sun_path, path, sizeof(at.sun_path));
    return at;
}

static int listening(const char *path)
{
    struct sockaddr_un at = address(path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)unlink(path);
    return fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, 5) == 0 ? fd
                                                                                              : -1;
}

/* READ COMMITTED is none. */
static int has_commit(const char *bytes, ssize_t len)
{
    return len == 11 && memcmp(bytes + 5, "COMMIT", 6) == 0;
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

static pid_t start_proxy(const char *path, mood_t mood)
{
    struct sockaddr_un at = address(socket_path());
    int fd = listening(path);
    pid_t pid = fork();

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
    const char *path = path_of("proxy");
    apr_size_t i;

    begin("proxied");
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *intent = apr_psprintf(pool, "w%d", (int)i);
        pid_t proxy = start_proxy(path, cases[i].mood);
        nts_answer_t *answer;

        close_connector();
        open_connector(apr_psprintf(pool, "socket=%s user=app dbname=proxied", path));
        answer = update(apr_psprintf(pool, "name %d", (int)i), intent);
        tap_str(result_of(answer), cases[i].result, "%s", cases[i].what);
        (void)kill(proxy, SIGKILL);
        (void)waitpid(proxy, NULL, 0);
        close_connector();
        open_connector(conninfo_of("app", "proxied"));
        tap_int(is_applied(intent), cases[i].applied, "and the intent tells: %s", cases[i].what);
    }
    end_my();
}

/* Nothing answers at all. */
static void test_silence(void)
{
    const char *path = path_of("silent");
    apr_time_t before = apr_time_now();
    int fd = listening(path);

    m = mapping_of("deals", NULL, "name", NULL);
    open_connector(apr_psprintf(pool, "socket='%s' user=app dbname=x connect_timeout=1", path));
    tap_str(result_of(read_row(m, "1")), "blocked sql.unreachable", "a server that says nothing");
    close_connector();
    tap_ok(apr_time_now() - before < apr_time_from_sec(4),
           "is given up after the time that the connection info gives it");
    (void)close(fd);
}

int main(void)
{
    int has_tls;

    begin_tests();
    has_tls = offer_tls();
    if (begin_server()) {
        test_away();
        test_locks();
        test_deadlock();
        test_rights();
        test_password();
        if (has_tls) {
            test_encryption();
        }
        else {
            tap_skip(1, "openssl is not installed");
        }
        test_limit();
        test_cut();
        test_silence();
        end_server();
    }
    else {
        tap_skip(1, "MariaDB is not installed (on Debian: apt-get install mariadb-server)");
    }
    end_tests();
    return tap_done();
}
