/* nts_sql_mysql_write.c - writing one row, and why the server refuses it. */
#include <string.h>

#include "connector/sql/mysql/nts_sql_mysql.h"

/* --- failures */

/* The columns of the index that the server has named, if this table has one of that name. */
static const char *index_columns(nts_sql_session_t *s, const nts_sql_table_t *table,
                                 const char *name)
{
    const char *dot = strrchr(name, '.');
    nts_sql_stmt_t *stmt = nts_sql_stmt(
        s, "SELECT GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX SEPARATOR ', ') FROM "
           "information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ");
    nts_sql_rows_t rows;
    nts_sql_error_t error;

    nts_sql_add_text(stmt, table->name);
    nts_sql_add(stmt, " AND INDEX_NAME = ", NULL);
    nts_sql_add_text(stmt, dot ? dot + 1 : name);
    if (s->dialect->run(s->connection->db, apr_array_pstrcat(s->ptemp, stmt->pieces, 0),
                        (const nts_sql_cell_t *)stmt->params->elts, stmt->params->nelts, 0, &rows,
                        &error, s->ptemp) != APR_SUCCESS ||
        rows.count == 0) {
        return NULL;
    }
    return nts_sql_text_of(&rows.cells[0]);
}

/* A constraint of another table, which a trigger wrote to, is that trigger's word. */
static void find_owner(nts_sql_session_t *s, const nts_sql_table_t *table, nts_sql_error_t *error)
{
    int is_ours = 1;

    if (strcmp(error->constraint, "UNIQUE") == 0) {
        const char *columns = error->column ? index_columns(s, table, error->column) : NULL;

        is_ours = columns != NULL;
        error->column = columns;
    }
    else if (strcmp(error->constraint, "NOT NULL") == 0) {
        is_ours = error->column && nts_sql_find_column(table, error->column) != NULL;
    }
    else if (strcmp(error->constraint, "FOREIGN KEY") == 0 && error->table) {
        is_ours = strcmp(error->table, table->name) == 0;
    }
    if (!is_ours) {
        error->constraint = "trigger";
        error->column = NULL;
    }
}

/* Of the tables behind a view nothing is known. An index is often named as its column; a column without a DEFAULT for which there is no
 * value may be one that the view shows. */
static void find_in_view(const nts_sql_table_t *table, const nts_sql_assignment_t *set, int count,
                         nts_sql_error_t *error)
{
    const char *dot = error->column ? strrchr(error->column, '.') : NULL;
    int i;
    int j;

    if (strcmp(error->constraint, "UNIQUE") == 0 && error->column) {
        error->column = dot ? dot + 1 : error->column;
        error->column = nts_sql_find_column(table, error->column) ? error->column : NULL;
    }
    for (i = 0; strcmp(error->constraint, "NOT NULL") == 0 && !error->column && i < table->count;
         i++) {
        const nts_sql_column_t *column = &table->columns[i];

        for (j = 0; j < count && set[j].column != column; j++) {
        }
        if (j == count && column->not_null && !column->has_default) {
            error->column = column->name;
        }
    }
}

static apr_status_t fail_write(nts_sql_session_t *s, const nts_sql_table_t *table,
                               const nts_sql_assignment_t *set, int count, nts_sql_error_t *error)
{
    if (error->kind == NTS_SQL_RUNTIME) {
        (void)nts_sql_fail_with(s, error);
        if (error->column && nts_sql_find_column(table, error->column)) {
            s->answer->outcome.field = apr_pstrdup(s->p, error->column);
        }
        return APR_EGENERAL;
    }
    if (error->kind != NTS_SQL_CONSTRAINT || !error->constraint) {
        return nts_sql_fail_with(s, error);
    }
    if (table->is_view) {
        find_in_view(table, set, count, error);
    }
    else {
        find_owner(s, table, error);
    }
    return strcmp(error->constraint, "NOT NULL") == 0 && error->column
               ? nts_sql_fail_required(s, error->column, error->words)
               : nts_sql_fail_with(s, error);
}

/* Zero: failed, and the answer says so. */
static int run(nts_sql_rows_t *rows, nts_sql_stmt_t *stmt, const nts_sql_table_t *table,
               const nts_sql_assignment_t *set, int count)
{
    nts_sql_session_t *s = stmt->session;
    nts_sql_error_t error;

    if (s->dialect->run(s->connection->db, apr_array_pstrcat(s->ptemp, stmt->pieces, 0),
                        (const nts_sql_cell_t *)stmt->params->elts, stmt->params->nelts, 0, rows,
                        &error, s->ptemp) != APR_SUCCESS) {
        (void)fail_write(s, table, set, count, &error);
        return 0;
    }
    return 1;
}

/* --- values */

/* An instant without its offset, in our session's zone. Left as it is: what is none, for the server to refuse or to take
 * ('0000-00-00 00:00:00', from an image). */
static const char *utc_text(const char *text, apr_pool_t *p)
{
    apr_time_t at;

    return nts_sql_instant_parse(&at, text, NULL, p) ? nts_sql_instant_text(at, NULL, 0, NULL, p)
                                                     : text;
}

/* A list of texts is a JSON array to everybody but the column. */
static void add_value(nts_sql_stmt_t *stmt, const nts_sql_assignment_t *one)
{
    apr_pool_t *p = stmt->session->ptemp;
    nts_sql_cell_t cell = one->cell;
    const char *text = nts_sql_text_of(&cell);

    if (!text) {
        nts_sql_add_cell(stmt, &cell);
        return;
    }
    switch (one->column->native) {
    case NTS_SQL_MYSQL_TIMESTAMP:
        nts_sql_add_text(stmt, utc_text(text, p));
        break;
    case NTS_SQL_MYSQL_SET:
        if (*text == '[' && nts_sql_mysql_set_from_json(text, p)) {
            text = nts_sql_mysql_set_from_json(text, p);
        }
        nts_sql_add_text(stmt, text);
        break;
    case NTS_SQL_MYSQL_BIT:
        /* A text would be stored as its bytes. */
        nts_sql_add(stmt, "CAST(", NULL);
        nts_sql_add_text(stmt, text);
        nts_sql_add(stmt, " AS UNSIGNED)", NULL);
        break;
    default:
        nts_sql_add_cell(stmt, &cell);
        break;
    }
}

/* --- writing */

apr_status_t nts_sql_mysql_insert(const char *const **parts, nts_sql_session_t *s,
                                  const nts_sql_table_t *table, const nts_sql_assignment_t *set,
                                  int count)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "INSERT INTO ");
    nts_sql_rows_t rows;
    const char **found;
    int i;

    *parts = NULL;
    nts_sql_add(stmt, table->sql, " (", NULL);
    for (i = 0; i < count; i++) {
        nts_sql_add(stmt, i ? ", " : "", NULL);
        nts_sql_add_name(stmt, set[i].column->name);
    }
    nts_sql_add(stmt, ") VALUES (", NULL);
    for (i = 0; i < count; i++) {
        nts_sql_add(stmt, i ? ", " : "", NULL);
        add_value(stmt, &set[i]);
    }
    nts_sql_add(stmt, ") RETURNING ", NULL);
    for (i = 0; i < table->key_count; i++) {
        nts_sql_add(stmt, i ? ", " : "", nts_sql_mysql_as_text(table->key[i], NULL, s->ptemp),
                    NULL);
    }
    if (!run(&rows, stmt, table, set, count)) {
        return APR_EGENERAL;
    }
    if (rows.count == 0) {
        return APR_SUCCESS;
    }
    found = apr_pcalloc(s->p, (apr_size_t)table->key_count * sizeof(*found));
    for (i = 0; i < table->key_count; i++) {
        found[i] = apr_pstrdup(s->p, nts_sql_text_of(&rows.cells[i]));
    }
    *parts = found;
    return nts_sql_enter_written(s, table, found, NULL);
}

/* An UPDATE returns nothing; but our trigger has seen what became of the key, whoever changed it. Without the trigger it is
 * what was assigned. */
static apr_status_t find_key(const char *const **parts, nts_sql_session_t *s,
                             const nts_sql_table_t *table, const char *const *key,
                             const nts_sql_assignment_t *set, int count)
{
    const char **assigned = apr_pmemdup(s->p, key, (apr_size_t)table->key_count * sizeof(*key));
    nts_sql_stmt_t *stmt;
    nts_sql_rows_t rows;
    int i;

    *parts = assigned;
    for (i = 0; i < count; i++) {
        const char *text = nts_sql_text_of(&set[i].cell);

        if (set[i].column->key > 0) {
            assigned[set[i].column->key - 1] =
                text ? text : apr_psprintf(s->p, "%" APR_INT64_T_FMT, set[i].cell.integer);
        }
    }
    if (!s->state.is_tracked) {
        return APR_SUCCESS;
    }
    stmt = nts_sql_stmt(s, "SELECT c.key FROM _notionsync_change AS c WHERE c.id > ");
    nts_sql_add_int(stmt, s->state.entries);
    nts_sql_add(stmt, " AND c.conn = CONNECTION_ID() AND c.op = 'k' AND c.tbl = ", NULL);
    nts_sql_add_text(stmt, table->name);
    nts_sql_add(stmt, " AND c.old_key = ", NULL);
    nts_sql_add_text(stmt, nts_sql_stored_key(table, key, s->ptemp));
    nts_sql_add(stmt, " ORDER BY c.id DESC LIMIT 1", NULL);
    if (nts_sql_run(&rows, stmt, s->p) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (rows.count == 1 && nts_sql_text_of(&rows.cells[0])) {
        const char *const *found = nts_sql_change_key(table, nts_sql_text_of(&rows.cells[0]), s->p);

        *parts = found ? found : *parts;
    }
    return APR_SUCCESS;
}

apr_status_t nts_sql_mysql_update(const char *const **parts, nts_sql_session_t *s,
                                  const nts_sql_table_t *table, const char *const *key,
                                  const nts_sql_assignment_t *set, int count)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "UPDATE ");
    nts_sql_rows_t rows;
    int i;

    *parts = NULL;
    nts_sql_add(stmt, table->sql, " AS t SET ", NULL);
    for (i = 0; i < count; i++) {
        nts_sql_add(stmt, i ? ", " : "", NULL);
        nts_sql_add_name(stmt, set[i].column->name);
        nts_sql_add(stmt, " = ", NULL);
        add_value(stmt, &set[i]);
    }
    nts_sql_add(stmt, " WHERE ", NULL);
    nts_sql_mysql_add_key_is(stmt, table, key);
    if (!run(&rows, stmt, table, set, count)) {
        return APR_EGENERAL;
    }
    /* Found, also where it already was so (CLIENT_FOUND_ROWS). */
    if (rows.affected == 0) {
        return APR_SUCCESS;
    }
    return find_key(parts, s, table, key, set, count) == APR_SUCCESS
               ? nts_sql_enter_written(s, table, *parts, key)
               : APR_EGENERAL;
}
