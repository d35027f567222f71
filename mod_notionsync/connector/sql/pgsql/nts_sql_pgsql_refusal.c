/* nts_sql_pgsql_refusal.c - why a row was not taken: which constraint, which column, which value.
 *
 * The server names constraints, but for a value that its type does not take only the type, and nothing for what a domain
 * forbids. It is asked then for each value alone.
 */
#include <string.h>

#include "base/nts_str.h"
#include "connector/sql/pgsql/nts_sql_pgsql.h"

/* The columns of the constraint that the server has named. */
static const char *constraint_columns(nts_sql_session_t *s, const nts_sql_table_t *table,
                                      const char *constraint)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(
        s, "SELECT string_agg(a.attname, ', ' ORDER BY k.place) FROM (SELECT i.indkey::int2[] AS "
           "numbers FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c "
           "ON c.oid = i.indexrelid WHERE i.indexprs IS NULL AND i.indrelid = ");
    nts_sql_rows_t rows;
    nts_sql_error_t error;

    nts_sql_add_text(stmt, table->sql);
    nts_sql_add(stmt, "::regclass AND c.relname = ", NULL);
    nts_sql_add_text(stmt, constraint);
    nts_sql_add(stmt,
                " UNION ALL SELECT r.conkey FROM pg_catalog.pg_constraint AS r WHERE "
                "r.contype = 'f' AND r.conrelid = ",
                NULL);
    nts_sql_add_text(stmt, table->sql);
    nts_sql_add(stmt, "::regclass AND r.conname = ", NULL);
    nts_sql_add_text(stmt, constraint);
    nts_sql_add(stmt,
                ") AS f CROSS JOIN LATERAL unnest(f.numbers) WITH ORDINALITY AS k(number, place) "
                "JOIN pg_catalog.pg_attribute AS a ON a.attnum = k.number AND a.attrelid = ",
                NULL);
    nts_sql_add_text(stmt, table->sql);
    nts_sql_add(stmt, "::regclass", NULL);
    if (s->dialect->run(s->connection->db, apr_array_pstrcat(s->ptemp, stmt->pieces, 0),
                        (const nts_sql_cell_t *)stmt->params->elts, stmt->params->nelts, 0, &rows,
                        &error, s->ptemp) != APR_SUCCESS ||
        rows.count == 0) {
        return NULL;
    }
    return nts_sql_text_of(&rows.cells[0]);
}

/* A transaction in which a statement has failed answers nothing any more. What is left of this one is to say why, which
 * needs another snapshot, and to be undone. */
static void start_over(nts_sql_session_t *s)
{
    nts_sql_rows_t rows;
    nts_sql_error_t error;
    const char *sql = s->saved ? "ROLLBACK TO one" : "ROLLBACK";

    if (s->dialect->run(s->connection->db, sql, NULL, 0, 0, &rows, &error, s->ptemp) !=
            APR_SUCCESS ||
        (!s->saved && s->dialect->run(s->connection->db, s->dialect->begin_read, NULL, 0, 0, &rows,
                                      &error, s->ptemp) != APR_SUCCESS)) {
        s->reopen = 1;
    }
}

/* --- values */

/* The server cuts what is cast where it refuses what is stored. */
static int is_too_long(const nts_sql_column_t *column, const nts_sql_cell_t *cell)
{
    return column->type.max_length > 0 && cell->kind == NTS_SQL_TEXT && cell->bytes &&
           nts_utf8_length(cell->bytes) > (apr_size_t)column->type.max_length;
}

static int is_taken(nts_sql_session_t *s, const nts_sql_assignment_t *one)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "SELECT CAST(");
    nts_sql_cell_t cell = nts_sql_pgsql_stored_cell(one, s->ptemp);
    nts_sql_rows_t rows;
    nts_sql_error_t error;

    if (is_too_long(one->column, &cell)) {
        return 0;
    }
    nts_sql_add_cell(stmt, &cell);
    nts_sql_add(stmt, " AS ", one->column->type.native, ")", NULL);
    return s->dialect->run(s->connection->db, apr_array_pstrcat(s->ptemp, stmt->pieces, 0),
                           (const nts_sql_cell_t *)stmt->params->elts, stmt->params->nelts, 0,
                           &rows, &error, s->ptemp) == APR_SUCCESS;
}

/* The column whose value its type does not take; NULL: each of them does. */
static const char *unfit_column(nts_sql_session_t *s, const nts_sql_assignment_t *set, int count)
{
    int i;

    for (i = 0; i < count && !s->reopen; i++) {
        if (!is_taken(s, &set[i])) {
            return set[i].column->name; /* and this transaction, too, answers no more */
        }
    }
    return NULL;
}

/* --- what people are told */

static const char *find_column(nts_sql_session_t *s, const nts_sql_table_t *table,
                               const nts_sql_error_t *error)
{
    const char *columns = NULL;

    if (strcmp(error->constraint, "UNIQUE") == 0 || strcmp(error->constraint, "FOREIGN KEY") == 0) {
        columns = constraint_columns(s, table, error->column);
    }
    return columns ? columns : error->column;
}

apr_status_t nts_sql_pgsql_fail_write(nts_sql_session_t *s, const nts_sql_table_t *table,
                                      const nts_sql_assignment_t *set, int count,
                                      nts_sql_error_t *error)
{
    const char *dot = strchr(table->name, '.');
    const char *unfit = NULL;

    if (error->kind == NTS_SQL_RUNTIME ||
        (error->kind == NTS_SQL_CONSTRAINT && error->constraint)) {
        start_over(s);
    }
    if (error->kind == NTS_SQL_RUNTIME) {
        unfit = unfit_column(s, set, count);
        (void)nts_sql_fail_with(s, error);
        s->answer->outcome.field = apr_pstrdup(s->p, unfit);
        return APR_EGENERAL;
    }
    if (error->kind != NTS_SQL_CONSTRAINT || !error->constraint) {
        return nts_sql_fail_with(s, error);
    }
    if (!error->table && strcmp(error->constraint, "trigger") != 0) {
        unfit = unfit_column(s, set, count); /* a domain's */
    }
    if (!unfit && !table->is_view &&
        (!error->table || !dot || strcmp(error->table, dot + 1) != 0)) {
        error->constraint =
            "trigger"; /* of another table, which a trigger wrote to, or its own words */
        error->column = NULL;
        return nts_sql_fail_with(s, error);
    }
    error->column = unfit ? unfit : s->reopen ? error->column : find_column(s, table, error);
    return strcmp(error->constraint, "NOT NULL") == 0 && error->column
               ? nts_sql_fail_required(s, error->column, error->words)
               : nts_sql_fail_with(s, error);
}
