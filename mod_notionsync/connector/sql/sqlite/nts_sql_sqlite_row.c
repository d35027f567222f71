/* nts_sql_sqlite_row.c - reaching rows by key, and writing them.
 *
 * Keys travel as texts. A parameter compared with a column takes that column's affinity, so "42" finds
 * the integer 42 through the index; the second comparison, by bytes, keeps "042" and, under NOCASE,
 * "ABC" from finding the rows of "42" and "abc", which are other keys to everybody else.
 */
#include <string.h>

#include "connector/sql/sqlite/nts_sql_sqlite.h"

/* t."id", compared as the unique index does, or the index would not be used. */
const char *nts_sql_sqlite_key_column(const nts_sql_table_t *table, const nts_sql_column_t *column,
                                      apr_pool_t *p)
{
    const char *name = apr_pstrcat(p, "t.", nts_sql_quote(column->name, p), NULL);

    (void)table;
    if (!column->collation) {
        return name;
    }
    return apr_pstrcat(p, name, " COLLATE ", nts_sql_quote(column->collation, p), NULL);
}

static const char *as_text(const nts_sql_column_t *column, const char *row, apr_pool_t *p)
{
    return apr_pstrcat(p, "CAST(", row, ".", nts_sql_quote(column->name, p), " AS TEXT)", NULL);
}

const char *nts_sql_sqlite_usable(const nts_sql_table_t *table, const char *row, apr_pool_t *p)
{
    const char *all = NULL;
    int i;

    for (i = 0; !table->key_is_rowid && i < table->key_count; i++) {
        const char *one = apr_pstrcat(p, "typeof(", row, ".", nts_sql_quote(table->key[i]->name, p),
                                      ") IN ('integer', 'text')", NULL);

        all = all ? apr_pstrcat(p, all, " AND ", one, NULL) : one;
    }
    return all;
}

/* Several columns are kept as SQL literals with commas between: quote() is in every build of SQLite
 * that an application may bring, the functions for JSON are not. */
static const char *stored(const nts_sql_table_t *table, const char *row, apr_pool_t *p)
{
    const char *all = NULL;
    int i;

    if (table->key_count == 1) {
        return as_text(table->key[0], row, p);
    }
    for (i = 0; i < table->key_count; i++) {
        const char *one = apr_pstrcat(p, "quote(", as_text(table->key[i], row, p), ")", NULL);

        all = all ? apr_pstrcat(p, all, " || ',' || ", one, NULL) : one;
    }
    return all;
}

const char *nts_sql_sqlite_stored_expression(const nts_sql_table_t *table, const char *row,
                                             apr_pool_t *p)
{
    const char *usable = nts_sql_sqlite_usable(table, row, p);

    if (!usable) {
        return stored(table, row, p);
    }
    return apr_pstrcat(p, "CASE WHEN ", usable, " THEN ", stored(table, row, p), " END", NULL);
}

void nts_sql_sqlite_add_stored_key(nts_sql_stmt_t *stmt, const nts_sql_table_t *table)
{
    nts_sql_add(stmt, stored(table, "t", stmt->session->ptemp), NULL);
}

void nts_sql_sqlite_add_key_columns(nts_sql_stmt_t *stmt, const nts_sql_table_t *table)
{
    int i;

    for (i = 0; i < table->key_count; i++) {
        nts_sql_add(stmt, i ? ", " : "", as_text(table->key[i], "t", stmt->session->ptemp), NULL);
    }
}

void nts_sql_sqlite_add_key_is(nts_sql_stmt_t *stmt, const nts_sql_table_t *table,
                               const char *const *parts)
{
    apr_pool_t *p = stmt->session->ptemp;
    int i;

    for (i = 0; i < table->key_count; i++) {
        nts_sql_add(stmt, i ? " AND " : "", nts_sql_sqlite_key_column(table, table->key[i], p),
                    " = ", NULL);
        nts_sql_add_text(stmt, parts[i]);
        nts_sql_add(stmt, " AND ", as_text(table->key[i], "t", p), " COLLATE BINARY = ", NULL);
        nts_sql_add_text(stmt, parts[i]);
    }
}

void nts_sql_sqlite_add_key_after(nts_sql_stmt_t *stmt, const nts_sql_table_t *table,
                                  const char *const *parts)
{
    apr_pool_t *p = stmt->session->ptemp;
    const char *usable = nts_sql_sqlite_usable(table, "t", p);

    nts_sql_add(stmt, usable ? usable : "1", NULL);
    if (!parts) {
        return;
    }
    nts_sql_add(stmt, " AND ", NULL);
    nts_sql_add_key_beyond(stmt, table, parts);
}

void nts_sql_sqlite_add_holds(nts_sql_stmt_t *stmt, const nts_sql_column_t *column,
                              const nts_sql_cell_t *cell)
{
    const char *name = apr_pstrcat(stmt->session->ptemp, "t.",
                                   nts_sql_quote(column->name, stmt->session->ptemp), NULL);
    int is_text = column->type.kind == NTS_TYPE_TEXT;

    if (cell->kind == NTS_SQL_NULL || (is_text && cell->len == 0)) {
        /* In the common domain an empty text is null. */
        nts_sql_add(stmt, " AND (", name, " IS NULL", is_text ? " OR " : "", is_text ? name : "",
                    is_text ? " = ''" : "", ")", NULL);
        return;
    }
    if (column->type.kind == NTS_TYPE_INSTANT) {
        /* One instant has many spellings, all of which begin with a day that is not far away. */
        nts_sql_add(stmt, " AND substr(", name, ", 1, 10) BETWEEN date(substr(", NULL);
        nts_sql_add_cell(stmt, cell);
        nts_sql_add(stmt, ", 1, 10), '-1 day') AND date(substr(", NULL);
        nts_sql_add_cell(stmt, cell);
        nts_sql_add(stmt, ", 1, 10), '+1 day')", NULL);
        return;
    }
    if (cell->kind == NTS_SQL_TEXT && column->affinity != 'T') {
        nts_sql_add(stmt, " AND CAST(", name, " AS TEXT) COLLATE BINARY = ", NULL);
    }
    else {
        nts_sql_add(stmt, " AND ", name, cell->kind == NTS_SQL_TEXT ? " COLLATE BINARY = " : " = ",
                    NULL);
    }
    nts_sql_add_cell(stmt, cell);
}

/* --- writing */

/* What identifies the row just written: its number, or its key where there are no numbers. Reported
 * by RETURNING, because triggers of the application can move last_insert_rowid. */
static void add_returning(nts_sql_stmt_t *stmt, const nts_sql_table_t *table)
{
    apr_pool_t *p = stmt->session->ptemp;
    int i;

    nts_sql_add(stmt, " RETURNING ", NULL);
    if (table->row_id) {
        nts_sql_add(stmt, table->row_id, NULL);
        return;
    }
    for (i = 0; i < table->key_count; i++) {
        nts_sql_add(stmt, i ? ", CAST(" : "CAST(", nts_sql_quote(table->key[i]->name, p),
                    " AS TEXT)", NULL);
    }
}

/* Runs the statement and reads the key afterwards, when all triggers are through. */
static apr_status_t run_returning(const char *const **parts, nts_sql_stmt_t *stmt,
                                  const nts_sql_table_t *table)
{
    nts_sql_session_t *s = stmt->session;
    nts_sql_rows_t rows;
    const char **found;
    int i;

    *parts = NULL;
    add_returning(stmt, table);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (rows.count == 0) {
        return APR_SUCCESS;
    }
    if (table->row_id) {
        nts_sql_cell_t number = rows.cells[0];

        stmt = nts_sql_stmt(s, "SELECT ");
        nts_sql_sqlite_add_key_columns(stmt, table);
        nts_sql_add(stmt, " FROM ", nts_sql_quote(table->name, s->ptemp), " AS t WHERE t.",
                    table->row_id, " = ", NULL);
        nts_sql_add_cell(stmt, &number);
        if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
        if (rows.count == 0) {
            return APR_SUCCESS; /* a trigger has deleted it */
        }
    }
    found = apr_pcalloc(s->p, (apr_size_t)table->key_count * sizeof(*found));
    for (i = 0; i < table->key_count; i++) {
        found[i] = apr_pstrdup(s->p, nts_sql_text_of(&rows.cells[i]));
    }
    *parts = found;
    return APR_SUCCESS;
}

apr_status_t nts_sql_sqlite_insert(const char *const **parts, nts_sql_session_t *s,
                                   const nts_sql_table_t *table, const nts_sql_assignment_t *set,
                                   int count)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "INSERT INTO ");
    int i;

    nts_sql_add_name(stmt, table->name);
    for (i = 0; i < count; i++) {
        nts_sql_add(stmt, i ? ", " : " (", NULL);
        nts_sql_add_name(stmt, set[i].column->name);
    }
    nts_sql_add(stmt, count ? ") VALUES (" : " DEFAULT VALUES", NULL);
    for (i = 0; i < count; i++) {
        nts_sql_add(stmt, i ? ", " : "", NULL);
        nts_sql_add_cell(stmt, &set[i].cell);
    }
    nts_sql_add(stmt, count ? ")" : "", NULL);
    return run_returning(parts, stmt, table);
}

apr_status_t nts_sql_sqlite_update(const char *const **parts, nts_sql_session_t *s,
                                   const nts_sql_table_t *table, const char *const *key,
                                   const nts_sql_assignment_t *set, int count)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "UPDATE ");
    int i;

    nts_sql_add_name(stmt, table->name);
    nts_sql_add(stmt, " AS t SET ", NULL);
    for (i = 0; i < count; i++) {
        nts_sql_add(stmt, i ? ", " : "", NULL);
        nts_sql_add_name(stmt, set[i].column->name);
        nts_sql_add(stmt, " = ", NULL);
        nts_sql_add_cell(stmt, &set[i].cell);
    }
    nts_sql_add(stmt, " WHERE ", NULL);
    nts_sql_sqlite_add_key_is(stmt, table, key);
    return run_returning(parts, stmt, table);
}
