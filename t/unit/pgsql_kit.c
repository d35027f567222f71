/* pgsql_kit.c - what the tests of the PostgreSQL dialect share. */
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pgsql_kit.h"
#include "server_kit.h"

PGconn *pg;

static const char *folder; /* of the programs */
static const char *dbname;

static const char *data(void)
{
    return path_of("cluster");
}

static int find_programs(void)
{
    glob_t found;
    int there = glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) == 0;

    if (there) {
        char *path = apr_pstrdup(pool, found.gl_pathv[found.gl_pathc - 1]);

        *strrchr(path, '/') = '\0';
        folder = path;
        globfree(&found);
    }
    return there;
}

const char *conninfo_of(const char *account, const char *database)
{
    return apr_psprintf(pool, "host=%s user=%s dbname=%s", path_of("cluster"), account, database);
}

void start_server(void)
{
    const char *const argv[] = { apr_pstrcat(pool, folder, "/postgres", NULL),
                                 "-D",
                                 data(),
                                 "-k",
                                 data(),
                                 "-h",
                                 "",
                                 "-F", /* what is tested here needs no power cut */
                                 "-c",
                                 "max_connections=30",
                                 "-c",
                                 "shared_buffers=16MB",
                                 "-c",
                                 "log_statement=none",
                                 NULL };
    int i;

    server = spawn(argv, NULL);
    for (i = 0; i < 600; i++) {
        if (PQping(conninfo_of("postgres", "postgres")) == PQPING_OK) {
            return;
        }
        if (waitpid(server, NULL, WNOHANG) != 0) {
            break;
        }
        (void)usleep(50000);
    }
    show_log();
    cannot("PostgreSQL starts");
}

void stop_server(void)
{
    if (server && (kill(server, SIGINT) != 0 || waitpid(server, NULL, 0) != server)) {
        cannot("PostgreSQL stops");
    }
    server = 0;
}

/* Of the role "locked"; others are trusted. */
static void demand_password(void)
{
    FILE *rules = fopen(path_of("cluster/pg_hba.conf"), "w");

    if (!rules || fputs("local all locked scram-sha-256\nlocal all all trust\n", rules) < 0 ||
        fclose(rules) != 0) {
        cannot("a role needs its password");
    }
}

int begin_server(void)
{
    const char *const argv[] = {
        NULL,    NULL, "-D",   data(),       "-U",        "postgres",          "-A",
        "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions", NULL
    };
    const char **args = (const char **)argv;
    PGconn *session;

    if (!find_programs()) {
        if (getenv("NTS_NO_SKIP")) {
            cannot("PostgreSQL is installed");
        }
        return 0;
    }
    args[0] = apr_pstrcat(pool, folder, "/initdb", NULL);
    args[1] = "-N";
    make_log();
    if (mkdir(data(), 0700) != 0) {
        cannot("there is a folder");
    }
    give_to_server(data());
    if (!run_program(args, NULL)) {
        show_log();
        cannot("there is a cluster");
    }
    demand_password();
    start_server();
    session = pg_session("postgres", "postgres");
    pg_run(session, "CREATE ROLE app LOGIN CREATEDB");
    PQfinish(session);
    return 1;
}

void end_server(void)
{
    stop_server();
}

/* --- sessions */

PGconn *pg_session(const char *role, const char *database)
{
    PGconn *session = PQconnectdb(conninfo_of(role, database));

    if (PQstatus(session) != CONNECTION_OK) {
        cannot("%s reaches %s: %s", role, database, PQerrorMessage(session));
    }
    pg_run(session, "SET client_min_messages = error");
    return session;
}

const char *pg_try(PGconn *session, const char *sql)
{
    PGresult *result = PQexec(session, sql);
    ExecStatusType status = PQresultStatus(result);
    const char *words = NULL;

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        words = apr_pstrdup(pool, PQresultErrorMessage(result));
    }
    PQclear(result);
    return words;
}

void pg_run(PGconn *session, const char *sql)
{
    const char *words = pg_try(session, sql);

    if (words) {
        cannot("the application runs %s: %s", sql, words);
    }
}

const char *pg_text(PGconn *session, const char *sql)
{
    PGresult *result = PQexec(session, sql);
    const char *text = "(none)";

    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        text = apr_pstrdup(pool, PQresultErrorMessage(result));
    }
    else if (PQntuples(result) > 0) {
        text = PQgetisnull(result, 0, 0) ? "(null)" : apr_pstrdup(pool, PQgetvalue(result, 0, 0));
    }
    PQclear(result);
    return text;
}

void begin_pg(const char *name, const char *sql)
{
    PGconn *session = pg_session("postgres", "postgres");

    pg_run(session, apr_psprintf(pool, "CREATE DATABASE %s OWNER app", name));
    PQfinish(session);
    dbname = name;
    session = pg_session("postgres", name);
    pg_run(session, "ALTER SCHEMA public OWNER TO app");
    PQfinish(session);
    pg = pg_session("app", name);
    pg_run(pg, sql);
    driver = "pgsql";
    open_connector(conninfo_of("app", name));
}

void end_pg(void)
{
    close_connector();
    PQfinish(pg);
    pg = NULL;
}

/* --- under the names of database_kit.h */

const char administrator[] = "postgres";

const char *socket_path(void)
{
    return path_of("cluster/.s.PGSQL.5432");
}

void begin_case(const char *name, const char *sql)
{
    begin_pg(name, sql);
}

void end_case(void)
{
    end_pg();
}

session_t *open_session(const char *account, const char *database)
{
    return (session_t *)pg_session(account, database);
}

void end_session(session_t *session)
{
    PQfinish((PGconn *)session);
}

void run_in(session_t *session, const char *sql)
{
    pg_run((PGconn *)session, sql);
}

const char *text_in(session_t *session, const char *sql)
{
    return pg_text((PGconn *)session, sql);
}

int send_in(session_t *session, const char *sql)
{
    return PQsendQuery((PGconn *)session, sql);
}

int await_in(session_t *session)
{
    PGresult *result;
    int is_fine = 1;

    while ((result = PQgetResult((PGconn *)session)) != NULL) {
        is_fine = is_fine && PQresultStatus(result) != PGRES_FATAL_ERROR;
        PQclear(result);
    }
    return is_fine;
}

const char *try_in(session_t *session, const char *sql)
{
    return pg_try((PGconn *)session, sql);
}

session_t *application(void)
{
    return (session_t *)pg;
}

void reopen_application(void)
{
    PQreset(pg);
}
