/* mysql_kit.c - what the tests of the MariaDB dialect share. */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mysql_kit.h"
#include "server_kit.h"

#define PROGRAM "/usr/sbin/mariadbd"
#define TABLES "/usr/share/mysql/mysql_system_tables"

MYSQL *my;
static const char *dbname;

static const char *data(void)
{
    return path_of("data");
}

const char *socket_path(void)
{
    return path_of("data/socket");
}

const char *conninfo_of(const char *account, const char *database)
{
    return apr_psprintf(pool, "socket=%s user=%s dbname=%s", socket_path(), account, database);
}

/* What is tested here needs no power cut, and little room. Each server has a folder of its own for what is temporary: when it
 * starts it removes whatever it finds there, of other servers, too. */
#define SMALL                                                                                      \
    "--innodb-log-file-size=4M", "--innodb-data-file-path=ibdata1:10M:autoextend",                 \
        "--innodb-temp-data-file-path=ibtmp1:10M:autoextend", "--innodb-flush-method=nosync",      \
        "--innodb-buffer-pool-size=16M", "--aria-log-file-size=8M", "--skip-sync-frm",             \
        "--lc-messages-dir=/usr/share/mysql"

int tcp_port;

const char *certificate(int is_other)
{
    return path_of(is_other ? "other.pem" : "server.pem");
}

static int make_certificate(const char *key, const char *file)
{
    const char *const argv[] = { "/usr/bin/openssl",
                                 "req",
                                 "-x509",
                                 "-newkey",
                                 "ec",
                                 "-pkeyopt",
                                 "ec_paramgen_curve:prime256v1",
                                 "-nodes",
                                 "-days",
                                 "2",
                                 "-subj",
                                 "/CN=localhost",
                                 "-keyout",
                                 key,
                                 "-out",
                                 file,
                                 NULL };

    return run_program(argv, NULL);
}

static int free_port(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0) {
        cannot("there is a port");
    }
    (void)close(fd);
    return ntohs(at.sin_port);
}

int offer_tls(void)
{
    if (access("/usr/bin/openssl", X_OK) != 0) {
        return 0;
    }
    make_log();
    give_to_server(path_of("."));
    if (!make_certificate(path_of("server.key"), certificate(0)) ||
        !make_certificate(path_of("other.key"), certificate(1))) {
        show_log();
        cannot("there is a certificate");
    }
    tcp_port = free_port();
    return 1;
}

static MYSQL *try_session(const char *account, const char *database)
{
    MYSQL *session = mysql_init(NULL);

    if (mysql_real_connect(session, NULL, account, NULL, database, 0, socket_path(),
                           CLIENT_MULTI_STATEMENTS)) {
        (void)mysql_set_character_set(session, "utf8mb4");
        return session;
    }
    mysql_close(session);
    return NULL;
}

void start_server(void)
{
    const char *const argv[] = {
        PROGRAM,
        "--no-defaults",
        apr_pstrcat(pool, "--datadir=", data(), NULL),
        apr_pstrcat(pool, "--tmpdir=", data(), NULL),
        apr_pstrcat(pool, "--socket=", socket_path(), NULL),
        tcp_port ? "--bind-address=127.0.0.1" : "--skip-networking",
        apr_psprintf(pool, "--port=%d", tcp_port ? tcp_port : 3306),
        tcp_port ? apr_pstrcat(pool, "--ssl-cert=", certificate(0), NULL) : "--skip-ssl",
        tcp_port ? apr_pstrcat(pool, "--ssl-key=", path_of("server.key"), NULL) : "--skip-ssl",
        "--skip-name-resolve",
        "--performance-schema=off",
        "--default-time-zone=+09:00", /* nobody may rely on it */
        "--log-bin",
        "--log-bin-trust-function-creators=1",
        SMALL,
        NULL
    };
    int i;

    server = spawn(argv, NULL);
    for (i = 0; i < 1200; i++) {
        MYSQL *session = try_session("root", "mysql");

        if (session) {
            mysql_close(session);
            return;
        }
        if (waitpid(server, NULL, WNOHANG) != 0) {
            break;
        }
        (void)usleep(25000);
    }
    show_log();
    cannot("MariaDB starts");
}

void stop_server(void)
{
    if (server && (kill(server, SIGTERM) != 0 || waitpid(server, NULL, 0) != server)) {
        cannot("MariaDB stops");
    }
    server = 0;
}

static int copy_into(FILE *to, const char *path)
{
    FILE *from = fopen(path, "r");
    char buffer[8192];
    size_t n;

    while (from && (n = fread(buffer, 1, sizeof(buffer), from)) > 0) {
        if (fwrite(buffer, 1, n, to) != n) {
            return 0;
        }
    }
    return from && fclose(from) == 0;
}

/* The tables that a server needs, and no more: a tenth of the time of mariadb-install-db. */
static void write_first_statements(const char *path)
{
    FILE *file = fopen(path, "w");

    if (!file ||
        fputs("CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n", file) < 0 ||
        !copy_into(file, TABLES ".sql") || !copy_into(file, TABLES "_data.sql") ||
        fclose(file) != 0 || chmod(path, 0644) != 0) {
        cannot("there are statements for a new server");
    }
}

int begin_server(void)
{
    const char *const argv[] = { PROGRAM,
                                 "--no-defaults",
                                 "--bootstrap",
                                 apr_pstrcat(pool, "--datadir=", data(), NULL),
                                 apr_pstrcat(pool, "--tmpdir=", data(), NULL),
                                 SMALL,
                                 NULL };
    const char *statements = path_of("first.sql");
    MYSQL *session;

    if (access(PROGRAM, X_OK) != 0 || access(TABLES ".sql", R_OK) != 0) {
        if (getenv("NTS_NO_SKIP")) {
            cannot("MariaDB is installed");
        }
        return 0;
    }
    if (access(path_of("log"), F_OK) != 0) {
        make_log();
    }
    if (mkdir(data(), 0755) != 0) {
        cannot("there is a folder");
    }
    give_to_server(data());
    write_first_statements(statements);
    if (!run_program(argv, statements)) {
        show_log();
        cannot("there is a new server");
    }
    start_server();
    session = my_session("root", "mysql");
    my_run(session, "CREATE USER app@localhost");
    mysql_close(session);
    return 1;
}

void end_server(void)
{
    if (server) {
        (void)kill(server, SIGKILL); /* nobody needs it any more */
        (void)waitpid(server, NULL, 0);
        server = 0;
    }
    mysql_library_end();
}

/* --- sessions */

MYSQL *my_session(const char *account, const char *database)
{
    MYSQL *session = try_session(account, database);

    if (!session) {
        cannot("%s reaches %s", account, database);
    }
    return session;
}

void my_end(MYSQL *session)
{
    mysql_close(session);
}

/* The first column of the first row of the last result that has rows. */
static const char *take_results(const char **text, MYSQL *session)
{
    int status = 0;

    while (status == 0) {
        MYSQL_RES *result = mysql_store_result(session);
        MYSQL_ROW row = result ? mysql_fetch_row(result) : NULL;

        if (result) {
            *text = !row ? "(none)" : row[0] ? apr_pstrdup(pool, row[0]) : "(null)";
            mysql_free_result(result);
        }
        status = mysql_next_result(session);
    }
    return status > 0 ? apr_pstrdup(pool, mysql_error(session)) : NULL;
}

const char *my_try(MYSQL *session, const char *sql)
{
    const char *ignored;

    if (mysql_query(session, sql) != 0) {
        return apr_pstrdup(pool, mysql_error(session));
    }
    return take_results(&ignored, session);
}

void my_run(MYSQL *session, const char *sql)
{
    const char *words = my_try(session, sql);

    if (words) {
        cannot("the application runs %s: %s", sql, words);
    }
}

const char *my_text(MYSQL *session, const char *sql)
{
    const char *text = "(none)";
    const char *words;

    if (mysql_query(session, sql) != 0) {
        return apr_pstrdup(pool, mysql_error(session));
    }
    words = take_results(&text, session);
    return words ? words : text;
}

void begin_my(const char *name, const char *sql)
{
    MYSQL *session = my_session("root", "mysql");

    my_run(session,
           apr_psprintf(pool,
                        "CREATE DATABASE %s CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;"
                        "GRANT ALL ON %s.* TO app@localhost",
                        name, name));
    mysql_close(session);
    dbname = name;
    my = my_session("app", name);
    my_run(my, sql);
    driver = "mysql";
    open_connector(conninfo_of("app", name));
}

void end_my(void)
{
    close_connector();
    mysql_close(my);
    my = NULL;
}

/* --- under the names of database_kit.h */

const char administrator[] = "root";

void begin_case(const char *name, const char *sql)
{
    begin_my(name, sql);
}

void end_case(void)
{
    end_my();
}

session_t *open_session(const char *account, const char *database)
{
    return (session_t *)my_session(account, database);
}

void end_session(session_t *session)
{
    my_end((MYSQL *)session);
}

void run_in(session_t *session, const char *sql)
{
    my_run((MYSQL *)session, sql);
}

const char *text_in(session_t *session, const char *sql)
{
    return my_text((MYSQL *)session, sql);
}

int send_in(session_t *session, const char *sql)
{
    return mysql_send_query((MYSQL *)session, sql, strlen(sql)) == 0;
}

int await_in(session_t *session)
{
    const char *ignored;

    return mysql_read_query_result((MYSQL *)session) == 0 &&
           take_results(&ignored, (MYSQL *)session) == NULL;
}

const char *try_in(session_t *session, const char *sql)
{
    return my_try((MYSQL *)session, sql);
}

session_t *application(void)
{
    return (session_t *)my;
}

void reopen_application(void)
{
    my_end(my);
    my = my_session("app", dbname);
}
