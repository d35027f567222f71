/* nts_sql_pgsql_unwatched.c - where no trigger of ours tells of changes: whose table it is, what we may, and times as the server has them. See
 * nts_sql_unwatched.c. */
#include "connector/sql/pgsql/nts_sql_pgsql.h"

/* Triggers that somebody else has installed serve as well. */
static apr_status_t may_have_triggers(int *may, nts_sql_session_t *s, const nts_sql_table_t *table)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "SELECT has_table_privilege(");
    nts_sql_rows_t rows;

    nts_sql_add_text(stmt, table->sql);
    nts_sql_add(stmt,
                "::regclass, 'TRIGGER') OR EXISTS (SELECT 1 FROM pg_catalog.pg_trigger "
                "WHERE tgname = '_notionsync_update' AND tgrelid = ",
                NULL);
    nts_sql_add_text(stmt, table->sql);
    nts_sql_add(stmt, "::regclass)", NULL);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *may = rows.cells[0].integer != 0;
    return APR_SUCCESS;
}

apr_status_t nts_sql_pgsql_find_missing_right(const char **right, nts_sql_session_t *s)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(
        s, "SELECT a.attname, CASE WHEN has_column_privilege(a.attrelid, a.attnum, 'UPDATE') THEN "
           "'INSERT' ELSE 'UPDATE' END FROM pg_catalog.pg_attribute AS a WHERE a.attnum > 0 AND "
           "NOT a.attisdropped AND NOT (has_column_privilege(a.attrelid, a.attnum, 'UPDATE') AND "
           "has_column_privilege(a.attrelid, a.attnum, 'INSERT')) AND a.attrelid = ");
    nts_sql_rows_t rows;

    nts_sql_add_text(stmt, s->table->sql);
    nts_sql_add(stmt, "::regclass ORDER BY a.attnum", NULL);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *right = nts_sql_missing_right(&rows, s);
    return APR_SUCCESS;
}

apr_status_t nts_sql_pgsql_look_who_watches(nts_sql_table_t *table, nts_sql_session_t *s,
                                            const char *kind, apr_pool_t *p)
{
    const char *why = NULL;
    int may = 0;

    if (table->is_view) {
        why =
            apr_psprintf(p, "%s is a %s, on which no trigger tells of changes", table->name, kind);
    }
    else if (may_have_triggers(&may, s, table) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    else if (!may) {
        why = apr_psprintf(p,
                           "this role may not create triggers on %s (GRANT TRIGGER would allow it)",
                           table->name);
    }
    return nts_sql_say_unwatched(table, s, why, p);
}

/* --- the column that tells */

/* NULL for infinity. */
static void add_ms(nts_sql_stmt_t *stmt, const nts_sql_column_t *column)
{
    const nts_sql_session_t *s = stmt->session;
    const char *zone = s->ask->mapping->timezone ? s->ask->mapping->timezone : "UTC";
    const char *name = apr_pstrcat(s->ptemp, "t.", nts_sql_quote(column->name, s->ptemp), NULL);

    nts_sql_add(stmt, "CASE WHEN isfinite(", name, ") THEN (extract(epoch FROM ", name, NULL);
    if (!column->type.zoned) {
        nts_sql_add(stmt, " AT TIME ZONE ", nts_sql_literal(zone, s->ptemp), NULL);
    }
    nts_sql_add(stmt, ") * 1000)::bigint END", NULL);
}

static void add_bound(nts_sql_stmt_t *stmt, const nts_sql_column_t *column, apr_int64_t ms)
{
    const nts_sql_session_t *s = stmt->session;
    const char *zone = s->ask->mapping->timezone ? s->ask->mapping->timezone : "UTC";

    nts_sql_add(stmt, "t.", nts_sql_quote(column->name, s->ptemp), " >= to_timestamp(", NULL);
    nts_sql_add_int(stmt, ms);
    nts_sql_add(stmt, "::bigint / 1000.0)", NULL);
    if (!column->type.zoned) {
        nts_sql_add(stmt, " AT TIME ZONE ", nts_sql_literal(zone, s->ptemp), NULL);
    }
}

const nts_sql_unwatched_t nts_sql_pgsql_unwatched = {
    .kinds = "timestamp or timestamptz",
    .entry_columns = "",
    .entry_values = "",
    .longest = "2000",
    .clock = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
    .replace_mark = "ON CONFLICT (intent) DO UPDATE SET record = excluded.record, at = excluded.at",
    .add_ms = add_ms,
    .add_bound = add_bound,
};
