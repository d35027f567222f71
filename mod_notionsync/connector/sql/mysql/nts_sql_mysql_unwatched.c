/* nts_sql_mysql_unwatched.c - where no trigger of ours tells of changes: on views, and where this account may create none. See
 * nts_sql_unwatched.c.
 *
 * information_schema tells nothing of rights that come by a role, and nothing of triggers to who may create none. So rights are
 * read from SHOW GRANTS; and triggers that somebody else has made count only for an account that may see them.
 */
#include <string.h>

#include "connector/sql/mysql/nts_sql_mysql.h"

#define NOT_UPDATABLE_TABLE 1288
#define NOT_UPDATABLE_COLUMN 1348

/* --- rights; GRANT SELECT, UPDATE ("a"), TRIGGER ON "crm".* TO "app"@"localhost" */

/* What is between the quotes, or what stands there without; *at moves behind it. */
static const char *take_name(const char **at, apr_pool_t *p)
{
    const char *from = *at;
    char *name = apr_palloc(p, strlen(from) + 1);
    char *to = name;

    if (*from != '"') {
        apr_size_t len = strcspn(from, ". @");

        *at = from + len;
        return apr_pstrmemdup(p, from, len);
    }
    for (from++; *from && (*from != '"' || from[1] == '"'); from++) {
        from += *from == '"';
        *to++ = *from;
    }
    *to = '\0';
    *at = from + (*from == '"');
    return name;
}

static const char *behind_quotes(const char *at)
{
    for (at++; *at && (*at != '"' || at[1] == '"'); at++) {
        at += *at == '"';
    }
    return at + (*at == '"');
}

/* Up to " ON "; *has set if TRIGGER is among what is granted. */
static const char *skip_rights(int *has, const char *at)
{
    int is_start = 1;

    *has = 0;
    while (*at && strncmp(at, " ON ", 4) != 0) {
        *has |=
            is_start && (strncmp(at, "TRIGGER", 7) == 0 || strncmp(at, "ALL PRIVILEGES", 14) == 0);
        is_start = *at == ',' || (is_start && *at == ' ');
        at = *at == '"' ? behind_quotes(at) : at + 1;
    }
    return *at ? at + 4 : at;
}

/* As LIKE does: a database's name may be granted as a pattern. */
static int is_like(const char *text, const char *pattern)
{
    for (; *pattern; pattern++, text++) {
        if (*pattern == '%') {
            for (; *text && !is_like(text, pattern + 1); text++) {
            }
            return is_like(text, pattern + 1);
        }
        if (!*text || (*pattern != '_' &&
                       *text != (*pattern == '\\' && pattern[1] ? *++pattern : *pattern))) {
            return 0;
        }
    }
    return *text == '\0';
}

static int is_enabled(const nts_sql_rows_t *roles, const char *role)
{
    int i;

    for (i = 0; i < roles->count && strcmp(nts_sql_string_at(roles, i, 0), role) != 0; i++) {
    }
    return i < roles->count || strcmp(role, "PUBLIC") == 0;
}

/* To us, or to a role that is in force. */
static int grants_trigger(const char *grant, const nts_sql_session_t *s, const char *name,
                          const nts_sql_rows_t *roles)
{
    const char *database;
    const char *table;
    const char *grantee;
    int has;

    if (strncmp(grant, "GRANT ", 6) != 0) {
        return 0;
    }
    grant = skip_rights(&has, grant + 6);
    if (!has || (*grant != '"' && *grant != '*')) {
        return 0; /* on a procedure */
    }
    database = take_name(&grant, s->ptemp);
    if (*grant++ != '.') {
        return 0;
    }
    table = take_name(&grant, s->ptemp);
    if (strncmp(grant, " TO ", 4) != 0 || (strcmp(table, "*") != 0 && strcmp(table, name) != 0) ||
        (strcmp(database, "*") != 0 && !is_like(s->connection->db->home, database))) {
        return 0;
    }
    grant += 4;
    grantee = take_name(&grant, s->ptemp);
    return *grant == '@' || is_enabled(roles, grantee);
}

apr_status_t nts_sql_mysql_may_have_triggers(int *may, nts_sql_session_t *s, const char *name)
{
    nts_sql_rows_t roles;
    nts_sql_rows_t grants;
    int i;

    *may = 0;
    if (nts_sql_run(&roles,
                    nts_sql_stmt(s, "SELECT ROLE_NAME FROM information_schema.ENABLED_ROLES"),
                    s->ptemp) != APR_SUCCESS ||
        nts_sql_run(&grants, nts_sql_stmt(s, "SHOW GRANTS"), s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    for (i = 0; i < grants.count && !*may; i++) {
        *may = grants_trigger(nts_sql_string_at(&grants, i, 0), s, name, &roles);
    }
    return APR_SUCCESS;
}

apr_status_t nts_sql_mysql_find_missing_right(const char **right, nts_sql_session_t *s)
{
    nts_sql_stmt_t *stmt =
        nts_sql_stmt(s, "SELECT COLUMN_NAME, IF(FIND_IN_SET('update', PRIVILEGES), 'INSERT', "
                        "'UPDATE') FROM information_schema.COLUMNS WHERE NOT "
                        "(FIND_IN_SET('update', PRIVILEGES) AND FIND_IN_SET('insert', PRIVILEGES)) "
                        "AND TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ");
    nts_sql_rows_t rows;

    nts_sql_add_text(stmt, s->table->name);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *right = nts_sql_missing_right(&rows, s);
    return APR_SUCCESS;
}

/* --- views */

/* The server says it of a statement that would change nothing. That it denies us all writing, or writes nothing itself, is another matter.
 */
static apr_status_t look_at_column(nts_sql_column_t *column, nts_sql_session_t *s,
                                   const nts_sql_table_t *table)
{
    const char *name = nts_sql_quote(column->name, s->ptemp);
    const char *sql = apr_pstrcat(s->ptemp, "UPDATE ", table->sql, " SET ", name, " = ", name,
                                  " WHERE 1 = 0", NULL);
    nts_sql_db_t *db = s->connection->db;
    nts_sql_error_t error;
    nts_sql_rows_t rows;

    if (nts_sql_mysql_run(db, sql, NULL, 0, 0, &rows, &error, s->ptemp) == APR_SUCCESS) {
        return APR_SUCCESS;
    }
    if (error.kind == NTS_SQL_BUSY || error.kind == NTS_SQL_UNREACHABLE ||
        error.kind == NTS_SQL_SCHEMA) {
        return nts_sql_fail_with(s, &error);
    }
    column->type.computed = mysql_errno(db->mysql) == NOT_UPDATABLE_COLUMN ||
                            mysql_errno(db->mysql) == NOT_UPDATABLE_TABLE;
    return APR_SUCCESS;
}

apr_status_t nts_sql_mysql_look_behind_view(nts_sql_table_t *table, nts_sql_session_t *s)
{
    nts_sql_column_t *columns = (nts_sql_column_t *)table->columns;
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "SELECT 1 FROM ");
    int i;

    if (table->count == 0) {
        /* What the view names is not there any more, which the server says as soon as it is read. */
        nts_sql_add(stmt, table->sql, " AS t LIMIT 1", NULL);
        return nts_sql_run(NULL, stmt, s->ptemp);
    }
    for (i = 0; i < table->count; i++) {
        if (look_at_column(&columns[i], s, table) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
    }
    return APR_SUCCESS;
}

int nts_sql_mysql_is_updatable(const nts_sql_table_t *table)
{
    int i;

    for (i = 0; i < table->count && table->columns[i].type.computed; i++) {
    }
    return i < table->count;
}

apr_status_t nts_sql_mysql_look_who_watches(nts_sql_table_t *table, nts_sql_session_t *s,
                                            apr_pool_t *p)
{
    const char *why = NULL;
    int may;

    if (table->is_view) {
        why = apr_psprintf(p, "%s is a view, on which no trigger tells of changes", table->name);
    }
    else if (nts_sql_mysql_may_have_triggers(&may, s, table->name) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    else if (!may) {
        why = apr_psprintf(
            p, "this account may not create triggers on %s (GRANT TRIGGER would allow it)",
            table->name);
    }
    return nts_sql_say_unwatched(table, s, why, p);
}

/* --- the column that tells */

/* A zone that the server need not know, and that names no place in a statement: what a clock there shows now. */
static const nts_zone_t *zone_of(nts_sql_session_t *s, const nts_sql_column_t *column)
{
    const nts_zone_t *zone = NULL;

    if (column->native == NTS_SQL_MYSQL_DATETIME) {
        (void)nts_sql_zone(&zone, s, NULL); /* known, or the table would not have been described */
    }
    return zone;
}

static void add_ms(nts_sql_stmt_t *stmt, const nts_sql_column_t *column)
{
    nts_sql_session_t *s = stmt->session;
    const nts_clock_t *clock = s->connection->clock;
    const char *name = apr_pstrcat(s->ptemp, "t.", nts_sql_quote(column->name, s->ptemp), NULL);
    int east = nts_zone_offset(zone_of(s, column), clock->wall(clock->baton));

    if (column->native == NTS_SQL_MYSQL_TIMESTAMP) {
        nts_sql_add(stmt, "CAST(FLOOR(NULLIF(UNIX_TIMESTAMP(", name, "), 0) * 1000) AS SIGNED)",
                    NULL);
        return;
    }
    nts_sql_add(stmt, "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', ", name, ") DIV 1000 - ",
                apr_psprintf(s->ptemp, "%d", east * 1000), ")", NULL);
}

static void add_bound(nts_sql_stmt_t *stmt, const nts_sql_column_t *column, apr_int64_t ms)
{
    nts_sql_session_t *s = stmt->session;

    nts_sql_add(stmt, "t.", nts_sql_quote(column->name, s->ptemp), " >= ", NULL);
    nts_sql_add_text(
        stmt, nts_sql_instant_text(apr_time_from_msec(ms), zone_of(s, column), 0, NULL, s->ptemp));
}

const nts_sql_unwatched_t nts_sql_mysql_unwatched = {
    .kinds = "TIMESTAMP or DATETIME",
    .entry_columns = "conn, ",
    .entry_values = "CONNECTION_ID(), ",
    .longest = "512",
    .clock = NTS_SQL_MYSQL_NOW,
    .replace_mark = "ON DUPLICATE KEY UPDATE record = VALUES(record), at = VALUES(at)",
    .add_ms = add_ms,
    .add_bound = add_bound,
};
