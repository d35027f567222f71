/* nts_sql_stmt.c - statements are put together from pieces, with every value as a parameter. */
#include <stdarg.h>
#include <string.h>

#include "base/nts_str.h"
#include "connector/sql/nts_sql_impl.h"

nts_sql_stmt_t *nts_sql_stmt(nts_sql_session_t *s, const char *text)
{
    nts_sql_stmt_t *stmt = apr_pcalloc(s->ptemp, sizeof(*stmt));

    stmt->session = s;
    stmt->pieces = apr_array_make(s->ptemp, 16, sizeof(const char *));
    stmt->params = apr_array_make(s->ptemp, 4, sizeof(nts_sql_cell_t));
    nts_sql_add(stmt, text, NULL);
    return stmt;
}

void nts_sql_add(nts_sql_stmt_t *stmt, ...)
{
    const char *piece;
    va_list args;

    va_start(args, stmt);
    while ((piece = va_arg(args, const char *)) != NULL) {
        APR_ARRAY_PUSH(stmt->pieces, const char *) = piece;
    }
    va_end(args);
}

void nts_sql_add_name(nts_sql_stmt_t *stmt, const char *name)
{
    nts_sql_add(stmt, nts_sql_quote(name, stmt->session->ptemp), NULL);
}

void nts_sql_add_cell(nts_sql_stmt_t *stmt, const nts_sql_cell_t *cell)
{
    APR_ARRAY_PUSH(stmt->params, nts_sql_cell_t) = *cell;
    nts_sql_add(
        stmt, stmt->session->dialect->placeholder(stmt->params->nelts, stmt->session->ptemp), NULL);
}

void nts_sql_add_text(nts_sql_stmt_t *stmt, const char *text)
{
    nts_sql_cell_t cell = nts_sql_cell_text(text);

    nts_sql_add_cell(stmt, &cell);
}

void nts_sql_add_int(nts_sql_stmt_t *stmt, apr_int64_t number)
{
    nts_sql_cell_t cell = nts_sql_cell_int(number);

    nts_sql_add_cell(stmt, &cell);
}

static apr_status_t run(nts_sql_rows_t *rows, nts_sql_stmt_t *stmt, apr_size_t max_bytes,
                        apr_pool_t *p)
{
    nts_sql_session_t *s = stmt->session;
    const char *sql = apr_array_pstrcat(s->ptemp, stmt->pieces, 0);
    nts_sql_rows_t ignored;
    nts_sql_error_t error;

    if (s->dialect->run(s->connection->db, sql, (const nts_sql_cell_t *)stmt->params->elts,
                        stmt->params->nelts, max_bytes, rows ? rows : &ignored, &error,
                        p) == APR_SUCCESS) {
        return APR_SUCCESS;
    }
    return nts_sql_fail_with(s, &error);
}

apr_status_t nts_sql_run(nts_sql_rows_t *rows, nts_sql_stmt_t *stmt, apr_pool_t *p)
{
    return run(rows, stmt, 0, p);
}

apr_status_t nts_sql_run_page(nts_sql_rows_t *rows, nts_sql_stmt_t *stmt, apr_pool_t *p)
{
    return run(rows, stmt, NTS_SQL_PAGE_BYTES, p);
}

apr_status_t nts_sql_run_text(nts_sql_session_t *s, const char *sql)
{
    return nts_sql_run(NULL, nts_sql_stmt(s, sql), s->ptemp);
}

nts_sql_cell_t nts_sql_cell_null(void)
{
    nts_sql_cell_t cell;

    memset(&cell, 0, sizeof(cell));
    return cell;
}

nts_sql_cell_t nts_sql_cell_int(apr_int64_t number)
{
    nts_sql_cell_t cell = nts_sql_cell_null();

    cell.kind = NTS_SQL_INTEGER;
    cell.integer = number;
    return cell;
}

nts_sql_cell_t nts_sql_cell_text(const char *text)
{
    nts_sql_cell_t cell = nts_sql_cell_null();

    if (text) {
        cell.kind = NTS_SQL_TEXT;
        cell.bytes = text;
        cell.len = strlen(text);
    }
    return cell;
}

const char *nts_sql_text_of(const nts_sql_cell_t *cell)
{
    return cell->kind == NTS_SQL_TEXT && cell->bytes && nts_utf8_is_valid(cell->bytes, cell->len)
               ? cell->bytes
               : NULL;
}

const char *nts_sql_text_at(const nts_sql_rows_t *rows, int row, int column)
{
    return nts_sql_text_of(&rows->cells[row * rows->columns + column]);
}

const char *nts_sql_string_at(const nts_sql_rows_t *rows, int row, int column)
{
    const char *text = nts_sql_text_at(rows, row, column);

    return text ? text : "";
}

apr_int64_t nts_sql_int_at(const nts_sql_rows_t *rows, int row, int column)
{
    return rows->cells[row * rows->columns + column].integer;
}
