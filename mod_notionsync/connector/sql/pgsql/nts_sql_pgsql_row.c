/* nts_sql_pgsql_row.c - reaching rows by key, and writing them.
 *
 * Keys travel as texts. Each part is compared twice: as the column's type does, which uses the index, and byte for byte,
 * so that "042" does not find 42, nor "abc" the row "ABC" of a collation without case. A text that the type does not
 * take is no row's key, and is kept from the server, where it would be an error.
 */
#include <string.h>

#include "connector/sql/pgsql/nts_sql_pgsql.h"

static const char *name_of(const nts_sql_column_t *column, const char *row, apr_pool_t *p)
{
    return apr_pstrcat(p, row, ".", nts_sql_quote(column->name, p), NULL);
}

static const char *as_text(const nts_sql_column_t *column, const char *row, apr_pool_t *p)
{
    return apr_pstrcat(p, name_of(column, row, p), "::text", NULL);
}

/* As nts_sql_stored_key makes it. */
const char *nts_sql_pgsql_stored_expression(const nts_sql_table_t *table, const char *row,
                                            apr_pool_t *p)
{
    const char *all = NULL;
    int i;

    if (table->key_count == 1) {
        return as_text(table->key[0], row, p);
    }
    for (i = 0; i < table->key_count; i++) {
        const char *one = apr_pstrcat(p, "'''' || replace(", as_text(table->key[i], row, p),
                                      ", '''', '''''') || ''''", NULL);

        all = all ? apr_pstrcat(p, all, " || ',' || ", one, NULL) : one;
    }
    return all;
}

void nts_sql_pgsql_add_stored_key(nts_sql_stmt_t *stmt, const nts_sql_table_t *table)
{
    nts_sql_add(stmt, "(", nts_sql_pgsql_stored_expression(table, "t", stmt->session->ptemp), ")",
                NULL);
}

void nts_sql_pgsql_add_key_columns(nts_sql_stmt_t *stmt, const nts_sql_table_t *table)
{
    int i;

    for (i = 0; i < table->key_count; i++) {
        nts_sql_add(stmt, i ? ", " : "", as_text(table->key[i], "t", stmt->session->ptemp), NULL);
    }
}

static int are_keys(const nts_sql_table_t *table, const char *const *parts, apr_pool_t *p)
{
    int i;

    for (i = 0; i < table->key_count; i++) {
        if (!nts_sql_pgsql_is_key_text(table->key[i], parts[i], p)) {
            return 0;
        }
    }
    return 1;
}

void nts_sql_pgsql_add_key_is(nts_sql_stmt_t *stmt, const nts_sql_table_t *table,
                              const char *const *parts)
{
    apr_pool_t *p = stmt->session->ptemp;
    int i;

    if (!are_keys(table, parts, p)) {
        nts_sql_add(stmt, "false", NULL);
        return;
    }
    for (i = 0; i < table->key_count; i++) {
        nts_sql_add(stmt, i ? " AND " : "", name_of(table->key[i], "t", p), " = ", NULL);
        nts_sql_add_text(stmt, parts[i]);
        nts_sql_add(stmt, " AND ", as_text(table->key[i], "t", p), " COLLATE \"C\" = ", NULL);
        nts_sql_add_text(stmt, parts[i]);
    }
}

const char *nts_sql_pgsql_key_column(const nts_sql_table_t *table, const nts_sql_column_t *column,
                                     apr_pool_t *p)
{
    (void)table;
    return name_of(column, "t", p);
}

void nts_sql_pgsql_add_key_after(nts_sql_stmt_t *stmt, const nts_sql_table_t *table,
                                 const char *const *parts)
{
    apr_pool_t *p = stmt->session->ptemp;
    int i;

    for (i = 0; i < table->key_count; i++) {
        if (!table->key[i]->not_null) {
            nts_sql_add(stmt, name_of(table->key[i], "t", p), " IS NOT NULL AND ", NULL);
        }
    }
    if (!parts || !are_keys(table, parts, p)) {
        nts_sql_add(stmt, parts ? "false" : "true", NULL);
        return;
    }
    nts_sql_add_key_beyond(stmt, table, parts);
}

/* --- rows that hold a value */

/* What comes before and after the parameter; a type that spells one value in several ways is not asked. */
static int comparison(const char **before, const char **after, const nts_sql_column_t *column,
                      const nts_sql_cell_t *cell)
{
    *before = " = ";
    *after = "";
    switch (column->native) {
    case NTS_SQL_PGSQL_INT2:
    case NTS_SQL_PGSQL_INT4:
    case NTS_SQL_PGSQL_INT8:
        *after = "::bigint";
        return 1;
    case NTS_SQL_PGSQL_FLOAT8:
        *after = "::double precision";
        return 1;
    case NTS_SQL_PGSQL_NUMERIC:
    case NTS_SQL_PGSQL_BOOL:
    case NTS_SQL_PGSQL_DATE:
    case NTS_SQL_PGSQL_TEXT:
    case NTS_SQL_PGSQL_VARCHAR:
    case NTS_SQL_PGSQL_BPCHAR:
        return 1;
    case NTS_SQL_PGSQL_UUID:
        *before = "::text = ";
        return 1;
    default:
        *before = "::text = ";
        return column->type.kind == NTS_TYPE_OPTION && cell->kind == NTS_SQL_TEXT;
    }
}

void nts_sql_pgsql_add_holds(nts_sql_stmt_t *stmt, const nts_sql_column_t *column,
                             const nts_sql_cell_t *cell)
{
    const char *name = name_of(column, "t", stmt->session->ptemp);
    int is_text = column->type.kind == NTS_TYPE_TEXT;
    const char *before;
    const char *after;

    if (cell->kind == NTS_SQL_NULL || (is_text && cell->len == 0)) {
        /* In the common domain an empty text is null, and so is an empty list. */
        nts_sql_add(stmt, " AND (", name, " IS NULL", is_text ? " OR " : "", is_text ? name : "",
                    is_text ? "::text IN ('', '{}', '[]')" : "", ")", NULL);
        return;
    }
    if (column->type.kind == NTS_TYPE_INSTANT) {
        const char *type = column->type.zoned ? "::timestamptz" : "::timestamp";

        /* The column may keep fewer digits of the second. */
        nts_sql_add(stmt, " AND ", name, " BETWEEN ", NULL);
        nts_sql_add_cell(stmt, cell);
        nts_sql_add(stmt, type, " - interval '1 second' AND ", NULL);
        nts_sql_add_cell(stmt, cell);
        nts_sql_add(stmt, type, " + interval '1 second'", NULL);
        return;
    }
    if (comparison(&before, &after, column, cell)) {
        nts_sql_add(stmt, " AND ", name, before, NULL);
        nts_sql_add_cell(stmt, cell);
        nts_sql_add(stmt, after, NULL);
    }
}

/* --- writing */

/* The rows behind a view can be locked unless it groups, or joins outer rows; then the write is as safe as its trigger. */
static apr_status_t lock_behind_view(nts_sql_session_t *s, const nts_sql_stmt_t *stmt)
{
    nts_sql_rows_t rows;
    nts_sql_error_t error;

    if (nts_sql_run_text(s, "SAVEPOINT looking") != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (s->dialect->run(s->connection->db, apr_array_pstrcat(s->ptemp, stmt->pieces, 0),
                        (const nts_sql_cell_t *)stmt->params->elts, stmt->params->nelts, 0, &rows,
                        &error, s->ptemp) != APR_SUCCESS) {
        return error.kind == NTS_SQL_SCHEMA || error.kind == NTS_SQL_DENIED
                   ? nts_sql_run_text(s, "ROLLBACK TO looking")
                   : nts_sql_fail_with(s, &error);
    }
    return nts_sql_run_text(s, "RELEASE looking");
}

/*
 * S3.3. READ COMMITTED is enough, because all that a write depends on is this one row: once it is locked nobody else
 * changes it, and each later statement has a snapshot of its own that was taken after the lock was got, so what
 * is compared, with its change entries, is the row's last committed state. Waiting in a statement that also reads would
 * show the new row with entries from before it. A key that is not to change may still be referred to by others.
 */
apr_status_t nts_sql_pgsql_lock_row(nts_sql_session_t *s, const nts_sql_table_t *table,
                                    const char *const *parts)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "SELECT 1 FROM ");

    nts_sql_add(stmt, table->sql, " AS t WHERE ", NULL);
    nts_sql_pgsql_add_key_is(stmt, table, parts);
    nts_sql_add(stmt, s->ask->kind == NTS_ASK_REMOVE ? " FOR UPDATE" : " FOR NO KEY UPDATE", NULL);
    if ((table->is_view ? lock_behind_view(s, stmt) : nts_sql_run(NULL, stmt, s->ptemp)) !=
        APR_SUCCESS) {
        return APR_EGENERAL;
    }
    return nts_sql_enter_removal(s, table, parts);
}

/* A list of texts is a JSON array to everybody but the column; {…} of an image is left as it is. */
nts_sql_cell_t nts_sql_pgsql_stored_cell(const nts_sql_assignment_t *one, apr_pool_t *p)
{
    nts_sql_cell_t cell = one->cell;

    if (cell.kind == NTS_SQL_TEXT && *cell.bytes == '[' && one->column->type.list) {
        const char *literal = nts_sql_pgsql_array_from_json(cell.bytes, p);

        cell = literal ? nts_sql_cell_text(literal) : cell;
    }
    return cell;
}

/* Runs the statement; the row's key as it was stored, after all triggers that could still change it. */
static apr_status_t run_returning(const char *const **parts, nts_sql_stmt_t *stmt,
                                  const nts_sql_table_t *table, const char *const *before,
                                  const nts_sql_assignment_t *set, int count)
{
    nts_sql_session_t *s = stmt->session;
    nts_sql_rows_t rows, none;
    nts_sql_error_t error;
    const char **found;
    int i;

    *parts = NULL;
    nts_sql_add(stmt, " RETURNING ", NULL);
    nts_sql_pgsql_add_key_columns(stmt, table);
    if (s->dialect->run(s->connection->db, apr_array_pstrcat(s->ptemp, stmt->pieces, 0),
                        (const nts_sql_cell_t *)stmt->params->elts, stmt->params->nelts, 0, &rows,
                        &error, s->ptemp) != APR_SUCCESS ||
        (table->look_at_unique && s->dialect->run(s->connection->db, table->look_at_unique, NULL, 0,
                                                  0, &none, &error, s->ptemp) != APR_SUCCESS)) {
        return nts_sql_pgsql_fail_write(s, table, set, count, &error);
    }
    if (rows.count == 0) {
        return APR_SUCCESS;
    }
    found = apr_pcalloc(s->p, (apr_size_t)table->key_count * sizeof(*found));
    for (i = 0; i < table->key_count; i++) {
        found[i] = apr_pstrdup(s->p, nts_sql_text_of(&rows.cells[i]));
    }
    *parts = found;
    return nts_sql_enter_written(s, table, found, before);
}

apr_status_t nts_sql_pgsql_insert(const char *const **parts, nts_sql_session_t *s,
                                  const nts_sql_table_t *table, const nts_sql_assignment_t *set,
                                  int count)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "INSERT INTO ");
    int i;

    nts_sql_add(stmt, table->sql, " AS t", NULL);
    for (i = 0; i < count; i++) {
        nts_sql_add(stmt, i ? ", " : " (", NULL);
        nts_sql_add_name(stmt, set[i].column->name);
    }
    /* A restored row has its old number, also where the database always gives a new one. */
    nts_sql_add(stmt, count ? ") OVERRIDING SYSTEM VALUE VALUES (" : " DEFAULT VALUES", NULL);
    for (i = 0; i < count; i++) {
        nts_sql_cell_t cell = nts_sql_pgsql_stored_cell(&set[i], s->ptemp);

        nts_sql_add(stmt, i ? ", " : "", NULL);
        nts_sql_add_cell(stmt, &cell);
    }
    nts_sql_add(stmt, count ? ")" : "", NULL);
    return run_returning(parts, stmt, table, NULL, set, count);
}

apr_status_t nts_sql_pgsql_update(const char *const **parts, nts_sql_session_t *s,
                                  const nts_sql_table_t *table, const char *const *key,
                                  const nts_sql_assignment_t *set, int count)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "UPDATE ");
    int i;

    nts_sql_add(stmt, table->sql, " AS t SET ", NULL);
    for (i = 0; i < count; i++) {
        nts_sql_cell_t cell = nts_sql_pgsql_stored_cell(&set[i], s->ptemp);

        nts_sql_add(stmt, i ? ", " : "", NULL);
        nts_sql_add_name(stmt, set[i].column->name);
        nts_sql_add(stmt, " = ", NULL);
        nts_sql_add_cell(stmt, &cell);
    }
    nts_sql_add(stmt, " WHERE ", NULL);
    nts_sql_pgsql_add_key_is(stmt, table, key);
    return run_returning(parts, stmt, table, key, set, count);
}
