/* nts_sql_pgsql_unwatched.c - what no trigger of ours can tell of: views, and tables on which we may create none.
 *
 * A column that holds the time of the last change (modified=) is looked at instead, and what it shows is put into the change
 * table, where it is like any entry. Deletes, and what does not move the column, are found by comparing everything. Our own writes are
 * entered by ourselves, so that other mappings hear of them.
 */
#include <string.h>

#include "connector/sql/pgsql/nts_sql_pgsql.h"

/* Transactions that commit later than this after the time they noted are found by comparing only; a minute also covers clocks
 * of applications that are off. */
#define OVERLAP_MS 60000
/* How far behind the noted place may be. */
#define MARK_MS 30000
#define LOOK_EVERY apr_time_from_msec(250)

/* --- what there is */

static apr_status_t find_modified(nts_sql_table_t *table, nts_sql_session_t *s)
{
    const char *name = s->ask->mapping->modified;

    if (!name) {
        return APR_SUCCESS;
    }
    table->modified = nts_sql_find_column(table, name);
    if (!table->modified) {
        return nts_sql_refuse(
            s, "sql.schema", "correct modified= in NotionSyncExternal",
            apr_psprintf(s->p, "modified=%s: %s has no such column", name, table->name));
    }
    if (table->modified->type.kind != NTS_TYPE_INSTANT) {
        return nts_sql_refuse(s, "sql.schema", "name a column of the type timestamp or timestamptz",
                              apr_psprintf(s->p, "modified=%s: the column's type is \"%s\"", name,
                                           table->modified->type.native));
    }
    return APR_SUCCESS;
}

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

apr_status_t nts_sql_pgsql_look_who_watches(nts_sql_table_t *table, nts_sql_session_t *s,
                                            const char *kind, apr_pool_t *p)
{
    const char *why;
    int may = 0;

    if (find_modified(table, s) != APR_SUCCESS ||
        (!table->is_view && may_have_triggers(&may, s, table) != APR_SUCCESS)) {
        return APR_EGENERAL;
    }
    if (may) {
        table->modified = NULL;
        return APR_SUCCESS;
    }
    why = table->is_view ? apr_psprintf(p, "%s is a %s, on which no trigger tells of changes",
                                        table->name, kind)
                         : apr_psprintf(p,
                                        "this role may not create triggers on %s (GRANT TRIGGER "
                                        "would allow it)",
                                        table->name);
    table->unwatched =
        table->modified
            ? apr_psprintf(
                  p,
                  "%s: edits are noticed by the column %s, within seconds if it is "
                  "kept; deletes are found by full reconciliation only, which reads every row",
                  why, table->modified->name)
            : apr_psprintf(p,
                           "%s: edits and deletes are found by full reconciliation only, which "
                           "reads every row each time; name a column with modified=, or see "
                           "NotionSyncReconcile full=",
                           why);
    return APR_SUCCESS;
}

static void add_nulls(nts_sql_stmt_t *stmt, const nts_sql_table_t *table)
{
    int i;

    nts_sql_add(stmt, "num_nulls(", NULL);
    for (i = 0; i < table->key_count; i++) {
        nts_sql_add(stmt, i ? ", t." : "t.", NULL);
        nts_sql_add_name(stmt, table->key[i]->name);
    }
    nts_sql_add(stmt, ")", NULL);
}

/* A view has no index that would prove anything of its key: it is looked at each time the view is described. */
apr_status_t nts_sql_pgsql_has_keyless(int *found, nts_sql_session_t *s,
                                       const nts_sql_table_t *table)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "SELECT ");
    nts_sql_rows_t rows;
    int i;

    *found = 0;
    if (!table->is_view) {
        return APR_SUCCESS; /* a key is NOT NULL there, or it is none */
    }
    add_nulls(stmt, table);
    nts_sql_add(stmt, ", ", NULL);
    nts_sql_pgsql_add_key_columns(stmt, table);
    nts_sql_add(stmt, " FROM ", table->sql, " AS t GROUP BY ", NULL);
    for (i = 0; i < table->key_count; i++) {
        nts_sql_add(stmt, i ? ", t." : "t.", NULL);
        nts_sql_add_name(stmt, table->key[i]->name);
    }
    nts_sql_add(stmt, " HAVING count(*) > 1 OR ", NULL);
    add_nulls(stmt, table);
    nts_sql_add(stmt, " > 0 ORDER BY 1 LIMIT 1", NULL);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (rows.count == 1 && rows.cells[0].integer == 0) {
        return nts_sql_fail(s, NTS_RESULT_BLOCKED, NTS_REMEDY_PERSON, "sql.key",
                            "name columns that tell its rows apart with key=",
                            "key= of %s is not unique: %s is there more than once", table->name,
                            nts_sql_text_of(&rows.cells[1]));
    }
    *found = rows.count == 1;
    return APR_SUCCESS;
}

/* --- the column that tells */

/* Milliseconds of the column, NULL for infinity. */
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

/* A bound for the column itself, so that an index on it serves. */
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

void nts_sql_pgsql_add_changed(nts_sql_stmt_t *stmt, const nts_sql_table_t *table)
{
    if (!table->modified) {
        nts_sql_add(stmt, "c.at, CASE WHEN c.intent IS NULL THEN 0 ELSE 1 END", NULL);
        return;
    }
    /* Not yet entered, it is newer than what is. */
    nts_sql_add(stmt, "greatest(c.at, ", NULL);
    add_ms(stmt, table->modified);
    nts_sql_add(stmt, "), CASE WHEN c.intent IS NULL OR ", NULL);
    add_ms(stmt, table->modified);
    nts_sql_add(stmt, " > c.at THEN 0 ELSE 1 END", NULL);
}

static const char *mark_name(const nts_sql_session_t *s)
{
    return apr_pstrcat(s->ptemp, "modified:", s->table->name, NULL);
}

/* Up to when was looked; *now: the server's clock. *mark 0: never. */
static apr_status_t read_mark(apr_int64_t *mark, apr_int64_t *now, nts_sql_session_t *s)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "SELECT " NTS_SQL_PGSQL_NOW ", (SELECT record::bigint "
                                           "FROM _notionsync_intent WHERE intent = ");
    nts_sql_rows_t rows;

    nts_sql_add_text(stmt, mark_name(s));
    nts_sql_add(stmt, ")", NULL);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *now = rows.cells[0].integer;
    *mark = rows.cells[1].integer;
    return APR_SUCCESS;
}

static apr_status_t write_mark(nts_sql_session_t *s, apr_int64_t now)
{
    nts_sql_stmt_t *stmt =
        nts_sql_stmt(s, "INSERT INTO _notionsync_intent (intent, tbl, op, record, at) VALUES (");

    nts_sql_add_text(stmt, mark_name(s));
    nts_sql_add(stmt, ", ", NULL);
    nts_sql_add_text(stmt, s->table->name);
    nts_sql_add(stmt, ", 'state', ", NULL);
    nts_sql_add_text(stmt, apr_psprintf(s->ptemp, "%" APR_INT64_T_FMT, now));
    nts_sql_add(stmt,
                ", " NTS_SQL_PGSQL_NOW ") ON CONFLICT (intent) DO UPDATE SET record = "
                "excluded.record, at = excluded.at",
                NULL);
    return nts_sql_run(NULL, stmt, s->ptemp);
}

/* Rows whose time is not known yet; nor is it ours, since our write has seen the row as it was then. */
static apr_status_t enter_edits(apr_int64_t *entered, nts_sql_session_t *s, apr_int64_t since)
{
    const nts_sql_table_t *table = s->table;
    nts_sql_stmt_t *stmt =
        nts_sql_stmt(s, "INSERT INTO _notionsync_change (tbl, op, key, at) SELECT ");
    nts_sql_rows_t rows;

    nts_sql_add_text(stmt, table->name);
    nts_sql_add(stmt, ", 'u', r.key, r.at FROM (SELECT ", NULL);
    nts_sql_pgsql_add_stored_key(stmt, table);
    nts_sql_add(stmt, " AS key, ", NULL);
    add_ms(stmt, table->modified);
    nts_sql_add(stmt, " AS at FROM ", table->sql, " AS t WHERE ", NULL);
    add_bound(stmt, table->modified, since);
    nts_sql_add(stmt,
                ") AS r WHERE r.key IS NOT NULL AND r.at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "
                "_notionsync_change AS c WHERE c.tbl = ",
                NULL);
    nts_sql_add_text(stmt, table->name);
    nts_sql_add(stmt,
                " AND c.key = r.key AND (c.at = r.at OR (c.intent IS NOT NULL AND c.at >= r.at)))",
                NULL);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *entered = rows.affected;
    return APR_SUCCESS;
}

static apr_status_t look(nts_sql_session_t *s)
{
    apr_int64_t mark;
    apr_int64_t now;
    apr_int64_t entered = 0;

    if (read_mark(&mark, &now, s) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (!mark) {
        /* What was edited until now may have been seen by nobody. */
        if (nts_sql_run_text(s, nts_sql_pgsql_missed(s->table->name, s->ptemp)) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
    }
    else if (enter_edits(&entered, s, mark - OVERLAP_MS) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (!entered && mark && now - mark < MARK_MS) {
        nts_sql_rollback(s);
        return APR_SUCCESS;
    }
    return write_mark(s, now) == APR_SUCCESS ? nts_sql_commit(s) : APR_EGENERAL;
}

apr_status_t nts_sql_pgsql_look_at_modified(nts_sql_session_t *s)
{
    nts_sql_db_t *db = s->connection->db;
    apr_time_t mono = nts_sql_pgsql_mono();

    if (!s->ask->mapping->modified ||
        (db->looked_at && strcmp(db->looked_at, s->ask->mapping->collection) == 0 &&
         mono - db->looked < LOOK_EVERY)) {
        return APR_SUCCESS;
    }
    if (nts_sql_begin(s, 1) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (!s->table->modified || !s->state.is_tracked) {
        nts_sql_rollback(s);
        return APR_SUCCESS;
    }
    db->looked = mono;
    if (!db->looked_at || strcmp(db->looked_at, s->ask->mapping->collection) != 0) {
        db->looked_at = apr_pstrdup(db->p, s->ask->mapping->collection);
    }
    return look(s);
}

/* --- our own writes */

apr_status_t nts_sql_pgsql_enter_own(nts_sql_session_t *s, const nts_sql_table_t *table, char op,
                                     const char *const *parts, const char *const *before)
{
    char name[2] = { op, '\0' };
    nts_sql_stmt_t *stmt =
        nts_sql_stmt(s, "INSERT INTO _notionsync_change (tbl, op, key, old_key, at) VALUES (");
    int i;

    for (i = 0; i < table->key_count; i++) {
        if (!parts[i]) {
            return APR_SUCCESS; /* a row without a key is refused */
        }
    }
    nts_sql_add_text(stmt, table->name);
    nts_sql_add(stmt, ", ", NULL);
    nts_sql_add_text(stmt, name);
    nts_sql_add(stmt, ", ", NULL);
    nts_sql_add_text(stmt, nts_sql_stored_key(table, parts, s->ptemp));
    nts_sql_add(stmt, ", ", NULL);
    nts_sql_add_text(stmt, op == 'k' ? nts_sql_stored_key(table, before, s->ptemp) : NULL);
    nts_sql_add(stmt, ", (extract(epoch FROM clock_timestamp()) * 1000)::bigint)", NULL);
    return nts_sql_run(NULL, stmt, s->ptemp);
}
