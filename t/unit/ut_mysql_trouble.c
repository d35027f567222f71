/* Proves that whatever goes wrong with a MariaDB server is told as what it is; see trouble_cases.c. Here: what is MariaDB's own,
 * how deadlocks end, rights and encryption. */
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mysql_kit.h"
#include "tap/tap.h"
#include "trouble_cases.h"

static nts_mapping_t *m;

/* The server counts who waits for a row. */
#define UNTIL_WAITED                                                                               \
    "BEGIN NOT ATOMIC DECLARE n int DEFAULT 0; WHILE n < 3000 AND "                                \
    "(SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = "          \
    "'INNODB_ROW_LOCK_CURRENT_WAITS') = 0 DO DO SLEEP(0.01); SET n = n + 1; END WHILE; END"

static const trouble_words_t words = {
    .until_waited = UNTIL_WAITED,
    .locked = "CREATE USER locked@localhost IDENTIFIED BY 'open sesame'; GRANT ALL ON `%s`.* TO "
              "locked@localhost",
    .single = "CREATE USER single@localhost WITH MAX_USER_CONNECTIONS 1; GRANT ALL ON `%s`.* TO "
              "single@localhost",
    .denied = "Access denied",
    .unsecured = "sslmode=disable",
};

static void test_killed(void)
{
    static const char others[] = "SELECT MAX(ID) FROM information_schema.PROCESSLIST WHERE ID <> "
                                 "CONNECTION_ID()";
    int i;

    m = begin_trouble("killed");
    tap_str(result_of(update(m, "x", "w1")), "ok", "a session");
    my_run(my, apr_psprintf(pool, "KILL %s", my_text(my, others)));
    for (i = 0; i < 3000 && strcmp(my_text(my, others), "(null)") != 0; i++) {
        (void)usleep(10000);
    }
    tap_str(value_of(read_row(m, "1"), 0), "text:x", "cut off between two asks nobody notices");
    end_case();
}

/* The server itself ends what of ours takes too long, whatever it prefers. What ends a wait of the client's: trouble_cases.c. */
static void test_limits(void)
{
    const char *said;

    m = begin_trouble("endings");
    my_run(my, "CREATE TRIGGER tell BEFORE UPDATE ON deals FOR EACH ROW BEGIN "
               "DECLARE words varchar(100) DEFAULT CONCAT_WS(' ', @@max_statement_time + 0, "
               "@@innodb_lock_wait_timeout, @@lock_wait_timeout, @@idle_transaction_timeout); "
               "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = words; END");
    said = update(m, "x", "w1")->outcome.words;
    tap_str(said ? said : "(none)", "12.000000 2 2 60",
            "statements, locks and open transactions have an end");
    end_case();
}

#define LATER UNTIL_WAITED "; UPDATE deals SET name = 'theirs' WHERE id = 1; COMMIT"

static const char *deadlocks(void)
{
    return my_text(my, "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE "
                       "VARIABLE_NAME = 'INNODB_DEADLOCKS'");
}

/* They hold 2 and want 1, we hold 1 and want 2: whom the server chooses, nothing is half done. */
static void meet(int turn)
{
    const nts_ask_t *ask_of_each[2];
    nts_answer_t *answer_of_each[2];
    nts_answer_t answers[2];
    apr_pool_t *pools[2] = { pool, pool };
    const char *intents[2];
    session_t *other = open_session("app", "deadlocked");
    nts_ask_t asks[2];
    int done;
    int i;

    /* They have changed more, so that it is us whom the server undoes. */
    run_in(other, "BEGIN; INSERT INTO weight SELECT seq FROM seq_1_to_500;"
                  "UPDATE deals SET name = 'theirs' WHERE id = 2");
    for (i = 0; i < 2; i++) {
        intents[i] = apr_psprintf(pool, "w%d/%d", turn, i);
        asks[i] = update_of(m, i ? "2" : "1", i ? "two" : "one", intents[i]);
        ask_of_each[i] = &asks[i];
        answer_of_each[i] = &answers[i];
    }
    tap_ok(send_in(other, LATER), "a deadlock under way");
    done = nts_connector_sql.perform_writes(connection, ask_of_each, answer_of_each, pools, 2);
    tap_ok(done >= 1, "writes that meet a deadlock are answered");
    tap_str(result_of(&answers[0]), "ok", "the one that was undone is done again");
    while (done < 2 || answers[1].result == NTS_RESULT_NOT_DONE) {
        nts_connector_sql.perform(connection, &asks[1], &answers[1], pool);
        done = 2;
    }
    tap_str(result_of(&answers[1]), "ok", "the other as soon as they are through");
    tap_ok(is_applied(m, intents[0]) && is_applied(m, intents[1]), "each with its intent");
    (void)await_in(other);
    end_session(other);
}

/* We wait for two seconds: where the machine has so much else to do that they see it later than that, there is none, and then once more. */
static void test_deadlock(void)
{
    const char *before;
    int i;

    m = begin_trouble("deadlocked");
    my_run(my, "CREATE TABLE weight (n int)");
    before = deadlocks();
    for (i = 0; i < 10 && strcmp(before, deadlocks()) == 0; i++) {
        meet(i);
    }
    tap_ok(strcmp(before, deadlocks()) != 0, "there was a deadlock");
    tap_str(my_text(my, "SELECT GROUP_CONCAT(name ORDER BY id) FROM deals"), "one,two",
            "and both are there");
    end_case();
}

static void test_rights(void)
{
    MYSQL *admin;

    m = begin_trouble("rights");
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
    tap_str(result_of(update(m, "x", "w1")), "ok", "who may only use it can sync");
    tap_str(entries(changes_after(m, 0)), "u1@w1", "and notices changes");
    my_run(admin, "REVOKE UPDATE ON rights.deals FROM poor@localhost");
    tap_str(result_of(update(m, "y", "w2")), "blocked sql.denied", "a right is taken away");
    my_run(admin, "GRANT UPDATE ON rights.deals TO poor@localhost");
    tap_str(result_of(update(m, "y", "w2")), "ok", "and given back");
    my_run(my, "CREATE TABLE fresh (id int PRIMARY KEY)");
    my_run(admin, "GRANT SELECT ON rights.fresh TO poor@localhost");
    tap_str(result_of(perform_kind(NTS_ASK_PROVISION, mapping_of("fresh", NULL, NULL))),
            "blocked sql.denied", "nobody without the right makes triggers");
    my_run(admin, "SET GLOBAL read_only = 1");
    tap_str(result_of(update(m, "z", "w3")), "blocked sql.denied",
            "a server that may only be read");
    my_run(admin, "SET GLOBAL read_only = 0");
    tap_str(result_of(update(m, "z", "w3")), "ok", "until it may be written");
    my_end(admin);
    end_case();
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

    m = begin_trouble("encrypted");
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
    end_case();
}

/* --- servers of another make */

/* A greeting of protocol 10, from a server of that version that lets everybody in. */
static apr_size_t greeting(char *packet, const char *version)
{
    static const char middle[] =
        "\0\0\0\1" /* connection */
        "12345678\0"
        "\x09\xa2" /* PROTOCOL_41, CONNECT_WITH_DB, SECURE_CONNECTION ... */
        "\x2d\2\0" /* utf8mb4; autocommit */
        "\x08\0"   /* PLUGIN_AUTH */
        "\x15\0\0\0\0\0\0\0\0\0\0"
        "123456789012\0"
        "mysql_native_password";
    apr_size_t len = strlen(version) + 1;

    packet[4] = 10;
    memcpy(packet + 5, version, len);
    memcpy(packet + 5 + len, middle, sizeof(middle));
    len += 1 + sizeof(middle);
    packet[0] = (char)len;
    packet[1] = packet[2] = packet[3] = 0;
    return len + 4;
}

static pid_t start_other(int fd, const char *version)
{
    static const char fine[] = "\7\0\0\2\0\0\0\2\0\0";
    char packet[256];
    char ignored[4096];
    apr_size_t len = greeting(packet, version);
    pid_t pid = fork();

    if (pid == 0) {
        int client = accept(fd, NULL, NULL);

        if (write(client, packet, len) == (ssize_t)len &&
            read(client, ignored, sizeof(ignored)) > 0 &&
            write(client, fine, sizeof(fine)) == (ssize_t)sizeof(fine)) {
            while (read(client, ignored, sizeof(ignored)) > 0) {
            }
        }
        _exit(0);
    }
    return pid;
}

/* What nobody has tested is refused, and called by its name. */
static void test_others(void)
{
    static const char *const versions[] = { "8.0.36", "8.4.0-commercial", "5.5.5-10.5.23-MariaDB" };
    apr_size_t i;

    for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        int port = 0;
        int fd = listening(&port);
        pid_t other = start_other(fd, versions[i]);
        nts_answer_t *answer;

        m = mapping_of("deals", NULL, "name", NULL);
        open_connector(apr_psprintf(
            pool, "host=127.0.0.1 port=%d user=app dbname=x sslmode=disable connect_timeout=5",
            port));
        answer = read_row(m, "1");
        tap_str(result_of(answer), "blocked sql.unreachable", "a server %s", versions[i]);
        tap_ok(answer->outcome.words &&
                   strstr(answer->outcome.words, "is MySQL, or older than MariaDB 10.6"),
               "and why: %s", answer->outcome.words ? answer->outcome.words : "(none)");
        close_connector();
        (void)close(fd);
        (void)kill(other, SIGKILL);
        (void)waitpid(other, NULL, 0);
    }
}

int main(void)
{
    int has_tls;

    begin_tests();
    has_tls = offer_tls();
    if (begin_server()) {
        test_trouble(&words);
        test_killed();
        test_limits();
        test_deadlock();
        test_rights();
        test_others();
        if (has_tls) {
            test_encryption();
        }
        else {
            tap_skip(1, "openssl is not installed");
        }
        end_server();
    }
    else {
        tap_skip(1, "MariaDB is not installed (on Debian: apt-get install mariadb-server)");
    }
    end_tests();
    return tap_done();
}
