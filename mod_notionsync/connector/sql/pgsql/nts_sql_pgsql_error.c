/* nts_sql_pgsql_error.c - what the server's five characters mean for what to do next. */
#include <string.h>

#include "connector/sql/pgsql/nts_sql_pgsql.h"

const nts_sql_words_t nts_sql_pgsql_words[] = {
    { NTS_SQL_BUSY, "was not done in time, or another transaction holds the row",
      "if this persists, look in pg_stat_activity for a transaction that stays open" },
    { NTS_SQL_DISK, "stands on a disk that failed or is full",
      "free space on the server, or look at its health" },
    { NTS_SQL_UNREACHABLE, "cannot be reached",
      "check that the server runs, and the connection info and the password" },
    { NTS_SQL_DENIED, "does not allow it",
      "grant the role what it lacks: SELECT, INSERT, UPDATE and DELETE on the table; to provision, "
      "also CREATE on a schema of its search_path, and to be the owner of the table" },
    { NTS_SQL_BROKEN, "is damaged", "look at the server's log" },
    { NTS_SQL_FINE, NULL, NULL },
};

typedef struct state_t {
    const char *begins; /* the code, or its class of two characters */
    const char *constraint;
    nts_sql_class_t kind;
    int reopen;
} state_t;

/* The first that fits. */
static const state_t states[] = {
    { "08", NULL, NTS_SQL_UNREACHABLE, 1 },
    { "0A", NULL, NTS_SQL_SCHEMA, 0 },
    { "22", NULL, NTS_SQL_RUNTIME, 0 },
    { "23502", "NOT NULL", NTS_SQL_CONSTRAINT, 0 },
    { "23503", "FOREIGN KEY", NTS_SQL_CONSTRAINT, 0 },
    { "23001", "FOREIGN KEY", NTS_SQL_CONSTRAINT, 0 },
    { "23505", "UNIQUE", NTS_SQL_CONSTRAINT, 0 },
    { "23514", "CHECK", NTS_SQL_CONSTRAINT, 0 },
    { "23P01", "EXCLUDE", NTS_SQL_CONSTRAINT, 0 },
    { "23", NULL, NTS_SQL_CONSTRAINT, 0 },
    { "44", "WITH CHECK OPTION", NTS_SQL_CONSTRAINT, 0 },
    { "P0001", "trigger", NTS_SQL_CONSTRAINT, 0 },
    { "25006", NULL, NTS_SQL_DENIED, 1 }, /* a standby: what is opened next may be the primary */
    { "25P03", NULL, NTS_SQL_UNREACHABLE, 1 },
    { "25", NULL, NTS_SQL_BUSY, 1 },
    { "26", NULL, NTS_SQL_BUSY, 1 }, /* a pooler gave us another session */
    { "28", NULL, NTS_SQL_DENIED, 1 },
    { "3D", NULL, NTS_SQL_UNREACHABLE, 1 },
    { "40", NULL, NTS_SQL_BUSY, 0 },
    { "42501", NULL, NTS_SQL_DENIED, 0 },
    { "42", NULL, NTS_SQL_SCHEMA, 0 },
    { "3F", NULL, NTS_SQL_SCHEMA, 0 },
    { "53100", NULL, NTS_SQL_DISK, 0 },
    { "53300", NULL, NTS_SQL_UNREACHABLE, 1 },
    { "53", NULL, NTS_SQL_BUSY, 0 },
    { "55000", NULL, NTS_SQL_RUNTIME, 0 }, /* a view that takes no such write */
    { "55", NULL, NTS_SQL_BUSY, 0 },
    { "57014", NULL, NTS_SQL_BUSY, 0 },
    { "57", NULL, NTS_SQL_UNREACHABLE, 1 },
    { "58", NULL, NTS_SQL_DISK, 1 },
    { "XX001", NULL, NTS_SQL_BROKEN, 1 },
    { "XX002", NULL, NTS_SQL_BROKEN, 1 },
};

static const char *field(const PGresult *result, int code, apr_pool_t *p)
{
    const char *text = PQresultErrorField(result, code);

    return text && *text ? apr_pstrdup(p, text) : NULL;
}

/* libpq ends its own messages with a line feed, and says some of them in several lines. */
static const char *one_line(const char *text, apr_pool_t *p)
{
    char *copy = apr_pstrdup(p, text);
    apr_size_t len = strlen(copy);
    char *c;

    while (len > 0 && copy[len - 1] == '\n') {
        copy[--len] = '\0';
    }
    for (c = copy; *c; c++) {
        if (*c == '\n' || *c == '\t') {
            *c = ' ';
        }
    }
    return copy;
}

static void classify(nts_sql_error_t *error, const char *state)
{
    apr_size_t i;

    error->kind = NTS_SQL_RUNTIME;
    for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (strncmp(state, states[i].begins, strlen(states[i].begins)) == 0) {
            error->kind = states[i].kind;
            error->constraint = states[i].constraint;
            error->reopen = states[i].reopen;
            return;
        }
    }
}

apr_status_t nts_sql_pgsql_fail(nts_sql_error_t *error, PGconn *conn, const PGresult *result,
                                apr_pool_t *p)
{
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;

    memset(error, 0, sizeof(*error));
    if (!state || PQstatus(conn) != CONNECTION_OK) {
        error->kind = NTS_SQL_UNREACHABLE;
        error->reopen = 1;
        error->is_unanswered = 1;
        error->words = one_line(PQerrorMessage(conn), p);
        return APR_EGENERAL;
    }
    classify(error, state);
    error->is_unanswered =
        error->kind == NTS_SQL_UNREACHABLE; /* it ended us, perhaps after it was done */
    error->words = field(result, PG_DIAG_MESSAGE_PRIMARY, p);
    if (strcmp(state, "0A000") == 0 && error->words && strstr(error->words, "cached plan")) {
        error->kind = NTS_SQL_BUSY; /* the schema changed between two statements: look again */
    }
    if (error->kind == NTS_SQL_CONSTRAINT) {
        error->column = field(result, PG_DIAG_COLUMN_NAME, p);
        error->column = error->column ? error->column : field(result, PG_DIAG_CONSTRAINT_NAME, p);
        error->table = field(result, PG_DIAG_TABLE_NAME, p);
    }
    return APR_EGENERAL;
}
