/* nts_sql_mysql_error.c - what the server's error numbers mean for what to do next. */
#include <string.h>

#include "connector/sql/mysql/nts_sql_mysql.h"

const nts_sql_words_t nts_sql_mysql_words[] = {
    { NTS_SQL_BUSY, "was not done in time, or another transaction holds the row",
      "if this persists, look in information_schema.innodb_trx for a transaction that stays open" },
    { NTS_SQL_DISK, "stands on a disk that failed or is full",
      "free space on the server, or look at its health" },
    { NTS_SQL_UNREACHABLE, "cannot be reached",
      "check that the server runs, and the connection info and the password" },
    { NTS_SQL_DENIED, "does not allow it",
      "grant the account what it lacks: SELECT, INSERT, UPDATE, DELETE and TRIGGER; to provision, "
      "also CREATE, INDEX and DROP, and with a binary log log_bin_trust_function_creators=1 or "
      "SUPER" },
    { NTS_SQL_BROKEN, "is damaged", "look at the server's log" },
    { NTS_SQL_FINE, NULL, NULL },
};

typedef struct code_t {
    unsigned int code;
    nts_sql_class_t kind;
    const char *constraint;
    int reopen;
} code_t;

static const code_t codes[] = {
    { 1205, NTS_SQL_BUSY, NULL, 0 }, /* a lock */
    { 1213, NTS_SQL_BUSY, NULL, 0 }, /* a deadlock */
    { 1020, NTS_SQL_BUSY, NULL, 0 },
    { 1412, NTS_SQL_BUSY, NULL, 0 }, /* the table was altered since the snapshot */
    { 1615, NTS_SQL_BUSY, NULL, 0 },
    { 1969, NTS_SQL_BUSY, NULL, 0 }, /* max_statement_time */
    { 3024, NTS_SQL_BUSY, NULL, 0 },
    { 1317, NTS_SQL_BUSY, NULL, 1 }, /* somebody said KILL QUERY */
    { 1243, NTS_SQL_BUSY, NULL, 1 }, /* a proxy gave us another session */
    { 1305, NTS_SQL_BUSY, NULL, 1 }, /* our savepoint is gone */
    { 1062, NTS_SQL_CONSTRAINT, "UNIQUE", 0 },
    { 1586, NTS_SQL_CONSTRAINT, "UNIQUE", 0 },
    { 1048, NTS_SQL_CONSTRAINT, "NOT NULL", 0 },
    { 1364, NTS_SQL_CONSTRAINT, "NOT NULL", 0 },
    { 1423, NTS_SQL_CONSTRAINT, "NOT NULL", 0 }, /* of a view, which does not name the column */
    { 1216, NTS_SQL_CONSTRAINT, "FOREIGN KEY", 0 },
    { 1217, NTS_SQL_CONSTRAINT, "FOREIGN KEY", 0 },
    { 1451, NTS_SQL_CONSTRAINT, "FOREIGN KEY", 0 },
    { 1452, NTS_SQL_CONSTRAINT, "FOREIGN KEY", 0 },
    { 4025, NTS_SQL_CONSTRAINT, "CHECK", 0 },
    { 1369, NTS_SQL_CONSTRAINT, "WITH CHECK OPTION", 0 },
    { 1644, NTS_SQL_CONSTRAINT, "trigger", 0 }, /* SIGNAL */
    { 1054, NTS_SQL_SCHEMA, NULL, 0 },
    { 1064, NTS_SQL_SCHEMA, NULL, 0 },
    { 1146, NTS_SQL_SCHEMA, NULL, 0 },
    { 1356, NTS_SQL_SCHEMA, NULL, 0 }, /* what a view names is gone */
    { 1932, NTS_SQL_SCHEMA, NULL, 0 },
    { 1021, NTS_SQL_DISK, NULL, 0 },
    { 1030, NTS_SQL_DISK, NULL, 0 },
    { 1114, NTS_SQL_DISK, NULL, 0 },
    { 3, NTS_SQL_DISK, NULL, 0 },
    { 1034, NTS_SQL_BROKEN, NULL, 1 },
    { 1194, NTS_SQL_BROKEN, NULL, 1 },
    { 1712, NTS_SQL_BROKEN, NULL, 1 },
    { 1044, NTS_SQL_DENIED, NULL, 1 },
    { 1045, NTS_SQL_DENIED, NULL, 1 },
    { 1142, NTS_SQL_DENIED, NULL, 1 },
    { 1143, NTS_SQL_DENIED, NULL, 1 },
    { 1227, NTS_SQL_DENIED, NULL, 0 },
    { 1370, NTS_SQL_DENIED, NULL, 0 },
    { 1419, NTS_SQL_DENIED, NULL, 0 }, /* the binary log and CREATE TRIGGER */
    { 1665, NTS_SQL_DENIED, NULL, 0 }, /* binlog_format=STATEMENT */
    { 1290, NTS_SQL_DENIED, NULL, 1 }, /* read only: what is opened next may be the primary */
    { 1792, NTS_SQL_DENIED, NULL, 1 },
    { 1836, NTS_SQL_DENIED, NULL, 1 },
    { 1040, NTS_SQL_UNREACHABLE, NULL, 1 },
    { 1053, NTS_SQL_UNREACHABLE, NULL, 1 },
    { 1203, NTS_SQL_UNREACHABLE, NULL, 1 },
    { 1226, NTS_SQL_UNREACHABLE, NULL, 1 },
    { 1927, NTS_SQL_UNREACHABLE, NULL, 1 }, /* KILL */
    { 4031, NTS_SQL_UNREACHABLE, NULL, 1 },
};

int nts_sql_mysql_undoes(unsigned int code)
{
    return code == 1213 || code == 1020;
}

/* What stands in the last pair of quotes before @a end. */
static const char *last_quoted(const char *words, apr_pool_t *p)
{
    const char *end = strrchr(words, '\'');
    const char *start = end;

    while (start && start > words && *--start != '\'') {
    }
    return start && start < end && *start == '\''
               ? apr_pstrmemdup(p, start + 1, (apr_size_t)(end - start - 1))
               : NULL;
}

/* The name after @a what: `boss`, or with ANSI_QUOTES "boss". */
static const char *name_after(const char *words, const char *what, apr_pool_t *p)
{
    const char *at = strstr(words, what);
    char quote;
    const char *end;

    if (!at) {
        return NULL;
    }
    at += strlen(what);
    quote = *at;
    end = quote == '`' || quote == '"' ? strchr(at + 1, quote) : NULL;
    return end ? apr_pstrmemdup(p, at + 1, (apr_size_t)(end - at - 1)) : NULL;
}

/* Data too long for column 'v' at row 1; Incorrect string value: '...' for column `crm`.`people`.`name` at row 1. */
static const char *unfit_column(const char *words, apr_pool_t *p)
{
    static const char marks[] = "`'\"";
    const char *at = strstr(words, " for column ");
    const char *end;
    const char *start;

    while (at && strstr(at + 1, " for column ")) {
        at = strstr(at + 1, " for column "); /* the value itself may say so */
    }
    end = at ? strstr(at, " at row ") : NULL;
    if (!end || !strchr(marks, end[-1])) {
        return NULL;
    }
    start = --end;
    while (start > at && !strchr(marks, *--start)) {
    }
    return apr_pstrmemdup(p, start + 1, (apr_size_t)(end - start - 1));
}

/* The server tells in words alone what it is about; our sessions ask for English ones. */
static void find_column(nts_sql_error_t *error, unsigned int code, apr_pool_t *p)
{
    const char *words = error->words;

    switch (code) {
    case 1062:
    case 1586:
        error->column = last_quoted(words, p); /* the index */
        break;
    case 1048: /* Column 'name' cannot be null */
    case 1364: /* Field 'name' doesn't have a default value */
        words = strchr(words, '\'');
        if (words) {
            error->column = apr_pstrmemdup(p, words + 1, strcspn(words + 1, "'"));
        }
        break;
    case 1451:
    case 1452:
        error->column = name_after(words, "FOREIGN KEY (", p);
        error->table = name_after(words, code == 1452 ? "." : "REFERENCES ", p);
        break;
    case 4025: /* CONSTRAINT `grown` failed for `crm`.`people` */
        error->column = name_after(words, "CONSTRAINT ", p);
        break;
    default:
        break;
    }
}

apr_status_t nts_sql_mysql_fail(nts_sql_error_t *error, unsigned int code, const char *words,
                                apr_pool_t *p)
{
    apr_size_t i;

    memset(error, 0, sizeof(*error));
    /* Numbers from 2000 on are the client library's own: the connection has failed. */
    error->kind = code >= 2000 && code < 3000 ? NTS_SQL_UNREACHABLE : NTS_SQL_RUNTIME;
    error->reopen = error->kind == NTS_SQL_UNREACHABLE;
    for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i].code == code) {
            error->kind = codes[i].kind;
            error->constraint = codes[i].constraint;
            error->reopen = codes[i].reopen;
        }
    }
    /* It ended us, or we did not hear: perhaps after it was done. */
    error->is_unanswered = error->kind == NTS_SQL_UNREACHABLE;
    error->words = apr_pstrdup(p, words);
    if (error->kind == NTS_SQL_CONSTRAINT) {
        find_column(error, code, p);
    }
    else if (error->kind == NTS_SQL_RUNTIME) {
        error->column = unfit_column(error->words, p);
    }
    return APR_EGENERAL;
}
