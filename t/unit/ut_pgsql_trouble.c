/* Proves that whatever goes wrong with a PostgreSQL server is told as what it is, that a write is never reported as done
 * when it was not, nor the other way round, that nothing waits for ever, and that work goes on by itself. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pgsql_kit.h"
#include "tap/tap.h"

#define DEALS                                                                                      \
    "CREATE TABLE deals (id integer PRIMARY KEY, name text);"                                      \
    "INSERT INTO deals VALUES (1, 'Ada'), (2, 'Bob')"

static nts_mapping_t *m;

static void begin(const char *name)
{
    begin_pg(name, DEALS);
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

/* S3.7 */
static int is_applied(const char *intent)
{
    nts_ask_t ask = ask_of(NTS_ASK_INTENT, m);

    ask.intent = intent;
    return perform(&ask)->applied;
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
    PQreset(pg);
    mono_step += apr_time_from_sec(10);
    tap_str(value_of(read_row(m, "1"), 0), "text:Ada", "it is back, and so are we");
    tap_str(result_of(update("x", "w1")), "ok", "and write");
    stop_server();
    start_server();
    PQreset(pg);
    tap_str(value_of(read_row(m, "1"), 0), "text:x", "between two asks nobody notices");
    end_pg();
}

static void test_locks(void)
{
    PGconn *other;
    apr_time_t before;

    begin("locks");
    other = pg_session("app", "locks");
    pg_run(other, "BEGIN; UPDATE deals SET name = 'theirs' WHERE id = 1");
    before = apr_time_now();
    tap_str(result_of(update("ours", "w1")), "not done sql.busy", "another holds the row");
    tap_ok(apr_time_now() - before < apr_time_from_sec(8), "which is not waited for without end");
    tap_str(value_of(read_row(m, "1"), 0), "text:Ada", "it can be read all the same");
    pg_run(other, "COMMIT");
    tap_str(result_of(update("ours", "w1")), "ok", "then it is ours");
    /* Their commit comes while we wait: what is compared is what they left. */
    pg_run(other, "BEGIN; UPDATE deals SET name = 'late' WHERE id = 1");
    tap_int(PQsendQuery(other, "SELECT pg_sleep(0.3); COMMIT"), 1, "a commit under way");
    {
        nts_ask_t ask = ask_of(NTS_ASK_UPDATE, m);
        nts_value_t *expected = values_of(m);
        nts_value_t *values = values_of(m);
        nts_answer_t *answer;

        expected[0] = nts_value_text("ours");
        values[0] = nts_value_text("again");
        ask.id = "1";
        ask.intent = "w2";
        ask.values = values;
        ask.expected = expected;
        answer = perform(&ask);
        tap_str(result_of(answer), "stale sql.stale", "is seen, and nothing is overwritten");
        tap_str(value_of(answer, 0), "text:late", "with what they wrote");
    }
    PQfinish(other);
    end_pg();
}

/* What is only a matter of who came first, or of room on a disk, is not done and decided again; never half of it. */
static void test_clashes(void)
{
    PGconn *other;
    PGconn *admin;

    begin("clashes");
    admin = pg_session("postgres", "clashes");
    pg_run(admin, "ALTER DATABASE clashes SET deadlock_timeout = '50ms'");
    pg_run(pg, "CREATE FUNCTION next() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
               "IF NEW.name = 'ours' THEN UPDATE deals SET name = 'next' WHERE id = NEW.id + 1; "
               "END IF; RETURN NEW; END $$;"
               "CREATE TRIGGER next AFTER UPDATE ON deals FOR EACH ROW EXECUTE FUNCTION next()");
    close_connector();
    open_connector(conninfo_of("app", "clashes"));
    /* Of two that wait for each other the server ends who has waited longest without an answer: us. */
    other = pg_session("postgres", "clashes");
    pg_run(other, "SET deadlock_timeout = '20s'; BEGIN; UPDATE deals SET name = 'theirs' WHERE id "
                  "= 2");
    tap_int(PQsendQuery(other, "SELECT pg_sleep(0.2); UPDATE deals SET name = 'theirs' WHERE id = "
                               "1; COMMIT"),
            1, "another comes the other way");
    tap_str(result_of(update("ours", "w1")), "not done sql.busy", "a deadlock");
    tap_int(is_applied("w1"), 0, "leaves nothing");
    PQfinish(other);
    pg_run(pg, "UPDATE deals SET name = 'Ada' WHERE id = 1");
    tap_str(result_of(update("ours", "w1")), "ok", "and goes well the next time");
    tap_str(pg_text(pg, "SELECT string_agg(name, ',' ORDER BY id) FROM deals"), "ours,next",
            "with all that belongs to it");

    /* The numbers of a sequence stay taken when the transaction is undone: each word is said once. */
    pg_run(pg, "CREATE SEQUENCE said; CREATE TABLE word (n bigint, code text);"
               "INSERT INTO word VALUES (1, '40001'), (2, '53100');"
               "CREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE c text; "
               "k bigint := nextval('said'); BEGIN SELECT code INTO c FROM word WHERE n = k; "
               "IF c IS NOT NULL THEN RAISE EXCEPTION USING ERRCODE = c, MESSAGE = 'as if'; "
               "END IF; RETURN NEW; END $$;"
               "CREATE TRIGGER say BEFORE UPDATE ON deals FOR EACH ROW EXECUTE FUNCTION say()");
    tap_str(result_of(update("again", "w2")), "not done sql.busy", "a serialization failure");
    tap_str(result_of(update("again", "w2")), "not done sql.disk", "a full disk");
    tap_str(result_of(update("again", "w2")), "ok", "and then it is done");
    PQfinish(admin);
    end_pg();
}

static void test_rights(void)
{
    PGconn *admin;

    begin("rights");
    admin = pg_session("postgres", "rights");
    pg_run(admin, "REVOKE UPDATE ON deals FROM app");
    tap_str(result_of(update("x", "w1")), "blocked sql.denied", "a right is taken away");
    pg_run(admin, "GRANT UPDATE ON deals TO app");
    tap_str(result_of(update("x", "w1")), "ok", "and given back");
    pg_run(admin, "ALTER DATABASE rights SET default_transaction_read_only = on");
    close_connector();
    open_connector(conninfo_of("app", "rights"));
    tap_str(result_of(update("y", "w2")), "ok",
            "what a database prefers does not rule our session");
    pg_run(admin, "CREATE ROLE poor LOGIN");
    close_connector();
    open_connector(conninfo_of("poor", "rights"));
    tap_str(result_of(perform_kind(NTS_ASK_PROVISION, mapping_of("deals", NULL, "name", NULL))),
            "blocked sql.denied", "a role that may not even look");
    close_connector();
    open_connector(conninfo_of("app", "no_such_database"));
    tap_str(result_of(read_row(m, "1")), "blocked sql.unreachable", "no such database");
    PQfinish(admin);
    end_pg();
}

/* The password comes from elsewhere, and is told to nobody. */
static void test_password(void)
{
    PGconn *admin;
    nts_answer_t *answer;
    const char *text;

    begin("passwords");
    admin = pg_session("postgres", "passwords");
    pg_run(admin,
           "CREATE ROLE locked LOGIN PASSWORD 'open sesame'; GRANT ALL ON ALL TABLES IN "
           "SCHEMA public TO locked; GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO locked");
    close_connector();
    secret = "open sesame";
    open_connector(conninfo_of("locked", "passwords"));
    tap_str(result_of(update("x", "w1")), "ok", "a role with a password");
    close_connector();
    secret = "a wrong one";
    open_connector(conninfo_of("locked", "passwords"));
    answer = read_row(m, "1");
    text = nts_outcome_text(&answer->outcome, pool);
    tap_str(result_of(answer), "blocked sql.unreachable", "a wrong password");
    tap_ok(strstr(text, "password authentication failed") && !strstr(text, secret),
           "is told, but not shown: %s", text);
    secret = NULL;
    PQfinish(admin);
    end_pg();
}

static void test_limit(void)
{
    PGconn *admin;

    begin("limits");
    admin = pg_session("postgres", "limits");
    close_connector();
    pg_run(admin, "ALTER ROLE app CONNECTION LIMIT 1");
    open_connector(conninfo_of("app", "limits"));
    tap_str(result_of(read_row(m, "1")), "blocked sql.unreachable", "too many connections");
    pg_run(admin, "ALTER ROLE app CONNECTION LIMIT -1");
    mono_step += apr_time_from_sec(10);
    tap_str(result_of(read_row(m, "1")), "ok", "until there is one");
    PQfinish(admin);
    end_pg();
}

/* --- a proxy that can swallow what it is sent */

typedef enum mood_t { FORWARD = 'f', CUT_AT_COMMIT = 'c', CUT_AFTER_COMMIT = 'a' } mood_t;

static int listening(int *port)
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

static int has_commit(const char *bytes, ssize_t len)
{
    return memmem(bytes, (size_t)len, "COMMIT", sizeof("COMMIT")) != NULL; /* not READ COMMITTED */
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

    apr_cpystrn(at.sun_path, path_of("cluster/.s.PGSQL.5432"), sizeof(at.sun_path));
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

    begin("proxied");
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *intent = apr_psprintf(pool, "w%d", (int)i);
        nts_answer_t *answer;
        int port = 0;
        pid_t proxy = start_proxy(&port, cases[i].mood);

        close_connector();
        open_connector(apr_psprintf(pool,
                                    "host=127.0.0.1 port=%d user=app dbname=proxied "
                                    "sslmode=disable gssencmode=disable",
                                    port));
        answer = update(apr_psprintf(pool, "name %d", (int)i), intent);
        tap_str(result_of(answer), cases[i].result, "%s", cases[i].what);
        (void)kill(proxy, SIGKILL);
        (void)waitpid(proxy, NULL, 0);
        close_connector();
        open_connector(conninfo_of("app", "proxied"));
        tap_int(is_applied(intent), cases[i].applied, "and the intent tells: %s", cases[i].what);
    }
    end_pg();
}

/* Nothing answers at all: neither opening nor closing waits without end. */
static void test_silence(void)
{
    apr_time_t before = apr_time_now();
    int port = 0;
    int fd = listening(&port);

    driver = "pgsql";
    m = mapping_of("deals", NULL, "name", NULL);
    open_connector(apr_psprintf(pool,
                                "host=127.0.0.1 port=%d user=app dbname=x sslmode=disable "
                                "gssencmode=disable connect_timeout=1",
                                port));
    (void)nts_connector_sql.watch(connection, m);
    tap_str(result_of(read_row(m, "1")), "blocked sql.unreachable", "a server that says nothing");
    close_connector();
    tap_ok(apr_time_now() - before < apr_time_from_sec(4),
           "is given up after the time that the connection info gives it");
    (void)close(fd);
}

int main(void)
{
    begin_tests();
    if (begin_server()) {
        test_away();
        test_locks();
        test_clashes();
        test_rights();
        test_password();
        test_limit();
        test_cut();
        test_silence();
        end_server();
    }
    else {
        tap_skip(1, "PostgreSQL is not installed (on Debian: apt-get install postgresql)");
    }
    end_tests();
    return tap_done();
}
