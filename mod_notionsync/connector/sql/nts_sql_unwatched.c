/* nts_sql_unwatched.c - what no trigger of ours can tell of: views, and tables on which we may create none.
 *
 * A column that holds the time of the last change (modified=) is looked at instead, and what it shows is put into the change
 * table, where it is like any entry. Deletes, and what does not move the column, are found by comparing everything. Our own writes are
 * entered by ourselves, so that other mappings hear of them.
 */
#include <string.h>

#include "base/nts_str.h"
#include "connector/sql/nts_sql_impl.h"

/* Transactions that commit later than this after the time they noted are found by comparing only; a minute also covers clocks
 * of applications that are off. */
#define OVERLAP_MS 60000
/* How far behind the noted place may be. */
#define MARK_MS 30000
#define LOOK_EVERY apr_time_from_msec(250)
/* Bounds the transaction that enters edits. */
#define AT_ONCE 5000

/* --- what there is */

static apr_status_t find_modified(nts_sql_table_t *table, nts_sql_session_t *s)
{
    const char *name = s->ask->mapping->modified;
    const nts_zone_t *zone;

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
        return nts_sql_refuse(
            s, "sql.schema",
            apr_psprintf(s->p, "name a column of the type %s", s->dialect->unwatched->kinds),
            apr_psprintf(s->p, "modified=%s: the column's type is \"%s\"", name,
                         table->modified->type.native));
    }
    return nts_sql_zone(&zone, s, NULL);
}

apr_status_t nts_sql_say_unwatched(nts_sql_table_t *table, nts_sql_session_t *s, const char *why,
                                   apr_pool_t *p)
{
    if (find_modified(table, s) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (!why) {
        table->modified = NULL;
        return APR_SUCCESS;
    }
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

/* How many parts of the key of row "t" are NULL. */
static void add_nulls(nts_sql_stmt_t *stmt, const nts_sql_table_t *table)
{
    int i;

    for (i = 0; i < table->key_count; i++) {
        nts_sql_add(stmt, i ? " + " : "", "CASE WHEN t.", NULL);
        nts_sql_add_name(stmt, table->key[i]->name);
        nts_sql_add(stmt, " IS NULL THEN 1 ELSE 0 END", NULL);
    }
}

/* A view has no index that would prove anything of its key: it is looked at each time the view is described. */
apr_status_t nts_sql_has_keyless(int *found, nts_sql_session_t *s, const nts_sql_table_t *table)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "SELECT MAX(k.nulls), k.stored FROM (SELECT ");
    nts_sql_rows_t rows;

    *found = 0;
    if (!table->is_view) {
        return APR_SUCCESS; /* a key is NOT NULL there, or it is none */
    }
    add_nulls(stmt, table);
    nts_sql_add(stmt, " AS nulls, ", NULL);
    s->dialect->add_stored_key(stmt, table);
    nts_sql_add(stmt, " AS stored FROM ", table->sql,
                " AS t) AS k GROUP BY k.stored HAVING COUNT(*) > 1 OR MAX(k.nulls) > 0 "
                "ORDER BY 1 LIMIT 1",
                NULL);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (rows.count == 1 && nts_sql_int_at(&rows, 0, 0) == 0) {
        return nts_sql_fail(s, NTS_RESULT_BLOCKED, NTS_REMEDY_PERSON, "sql.key",
                            "name columns that tell its rows apart with key=",
                            "key= of %s is not unique: %s is there more than once", table->name,
                            nts_sql_string_at(&rows, 0, 1));
    }
    *found = rows.count == 1;
    return APR_SUCCESS;
}

/* --- the column that tells */

void nts_sql_add_changed(nts_sql_stmt_t *stmt, const nts_sql_table_t *table)
{
    const nts_sql_unwatched_t *u = stmt->session->dialect->unwatched;

    if (!table->modified) {
        nts_sql_add(stmt, "c.at, CASE WHEN c.intent IS NULL THEN 0 ELSE 1 END", NULL);
        return;
    }
    /* Not yet entered, it is newer than what is. */
    nts_sql_add(stmt, "CASE WHEN c.at IS NULL OR ", NULL);
    u->add_ms(stmt, table->modified);
    nts_sql_add(stmt, " > c.at THEN ", NULL);
    u->add_ms(stmt, table->modified);
    nts_sql_add(stmt, " ELSE c.at END, CASE WHEN c.intent IS NULL OR ", NULL);
    u->add_ms(stmt, table->modified);
    nts_sql_add(stmt, " > c.at THEN 0 ELSE 1 END", NULL);
}

/* The shortest time, in ms, by which two values of the column differ. */
static int unit_of(const nts_sql_column_t *column)
{
    static const int units[] = { 1, 100, 10 };

    return column->type.whole ? 1000 : column->type.scale < 3 ? units[column->type.scale] : 1;
}

static const char *mark_name(const nts_sql_session_t *s)
{
    return apr_pstrcat(s->ptemp, "modified:", s->table->name, NULL);
}

/* Up to when was looked; *now: the server's clock. *mark 0: never. */
static apr_status_t read_mark(apr_int64_t *mark, apr_int64_t *now, nts_sql_session_t *s)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "SELECT ");
    nts_sql_rows_t rows;

    nts_sql_add(stmt, s->dialect->now,
                ", (SELECT i.record FROM _notionsync_intent AS i WHERE i.intent = ", NULL);
    nts_sql_add_text(stmt, mark_name(s));
    nts_sql_add(stmt, ")", NULL);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *now = nts_sql_int_at(&rows, 0, 0);
    if (nts_int_parse(mark, nts_sql_string_at(&rows, 0, 1), 1, APR_INT64_MAX) != APR_SUCCESS) {
        *mark = 0;
    }
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
    nts_sql_add(stmt, ", ", s->dialect->now, ") ", s->dialect->unwatched->replace_mark, NULL);
    return nts_sql_run(NULL, stmt, s->ptemp);
}

/*
 * An entry of its time makes a row known, ours too: what we enter of our own write has the time that the column got by it. (By our
 * clock instead, an edit that began before our write and waited for it would count as ours.) A column of whole seconds cannot
 * tell two edits of one second apart. So its second must be over, and what we wrote in it is looked at once more.
 */
static void add_unknown(nts_sql_stmt_t *stmt, const nts_sql_session_t *s, apr_int64_t now)
{
    const nts_sql_table_t *table = s->table;
    int unit = unit_of(table->modified);

    nts_sql_add(stmt, "r.stored IS NOT NULL AND OCTET_LENGTH(r.stored) <= ",
                s->dialect->unwatched->longest, " AND r.at IS NOT NULL", NULL);
    if (unit > 1) {
        nts_sql_add(stmt, " AND r.at <= ", NULL);
        nts_sql_add_int(stmt, now - unit);
    }
    nts_sql_add(stmt,
                " AND NOT EXISTS (SELECT 1 FROM _notionsync_change AS c WHERE c.tbl = ", NULL);
    nts_sql_add_text(stmt, table->name);
    nts_sql_add(stmt, " AND c.\"key\" = r.stored AND c.at = r.at",
                unit > 1 ? " AND c.intent IS NULL)" : ")", NULL);
}

static apr_status_t enter_edits(apr_int64_t *entered, nts_sql_session_t *s, apr_int64_t since,
                                apr_int64_t now)
{
    const nts_sql_unwatched_t *u = s->dialect->unwatched;
    const nts_sql_table_t *table = s->table;
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "INSERT INTO _notionsync_change (");
    nts_sql_rows_t rows;

    nts_sql_add(stmt, u->entry_columns, "tbl, op, \"key\", at) SELECT ", u->entry_values, NULL);
    nts_sql_add_text(stmt, table->name);
    nts_sql_add(stmt, ", 'u', r.stored, r.at FROM (SELECT ", NULL);
    s->dialect->add_stored_key(stmt, table);
    nts_sql_add(stmt, " AS stored, ", NULL);
    u->add_ms(stmt, table->modified);
    nts_sql_add(stmt, " AS at FROM ", table->sql, " AS t WHERE ", NULL);
    u->add_bound(stmt, table->modified, since);
    nts_sql_add(stmt, ") AS r WHERE ", NULL);
    add_unknown(stmt, s, now);
    nts_sql_add(stmt, " LIMIT ", NULL);
    nts_sql_add_int(stmt, AT_ONCE);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *entered = rows.affected;
    return APR_SUCCESS;
}

/* *left set: there are more. */
static apr_status_t look(int *left, nts_sql_session_t *s)
{
    apr_int64_t mark;
    apr_int64_t now;
    apr_int64_t entered = 0;

    if (read_mark(&mark, &now, s) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (!mark) {
        /* What was edited until now may have been seen by nobody. */
        if (nts_sql_run_text(s, s->dialect->missed(s->table->name, s->ptemp)) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
    }
    else if (enter_edits(&entered, s, mark - OVERLAP_MS, now) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *left = entered == AT_ONCE;
    if (!entered && mark && now - mark < MARK_MS) {
        nts_sql_rollback(s);
        return APR_SUCCESS;
    }
    if (!*left && write_mark(s, now) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    return nts_sql_commit(s);
}

apr_status_t nts_sql_look_at_modified(nts_sql_session_t *s)
{
    const nts_clock_t *clock = s->connection->clock;
    nts_sql_reader_t *reader = nts_sql_reader(s);
    apr_time_t mono = clock->mono(clock->baton);
    int left = 1;

    if (!s->ask->mapping->modified || (reader->looked && mono - reader->looked < LOOK_EVERY)) {
        return APR_SUCCESS;
    }
    while (left) {
        if (nts_sql_begin(s, 1) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
        if (!s->table->modified || !s->state.is_tracked) {
            nts_sql_rollback(s);
            return APR_SUCCESS;
        }
        reader->looked = mono;
        if (look(&left, s) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
    }
    return APR_SUCCESS;
}

/* --- our own writes */

/* When the row was changed, as the column says; else, and of a row that goes, the clock. */
static void add_time(nts_sql_stmt_t *stmt, const nts_sql_table_t *table, char op,
                     const char *const *parts)
{
    const nts_sql_dialect_t *dialect = stmt->session->dialect;

    if (!table->modified || op == 'd') {
        nts_sql_add(stmt, dialect->unwatched->clock, NULL);
        return;
    }
    nts_sql_add(stmt, "COALESCE((SELECT MAX(", NULL);
    dialect->unwatched->add_ms(stmt, table->modified);
    nts_sql_add(stmt, ") FROM ", table->sql, " AS t WHERE ", NULL);
    dialect->add_key_is(stmt, table, parts);
    nts_sql_add(stmt, "), ", dialect->unwatched->clock, ")", NULL);
}

static apr_status_t enter(nts_sql_session_t *s, const nts_sql_table_t *table, char op,
                          const char *const *parts, const char *const *before)
{
    const nts_sql_unwatched_t *u = s->dialect->unwatched;
    const char name[2] = { op, '\0' };
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "INSERT INTO _notionsync_change (");
    int i;

    for (i = 0; i < table->key_count; i++) {
        if (!parts[i]) {
            return APR_SUCCESS; /* a row without a key is refused */
        }
    }
    nts_sql_add(stmt, u->entry_columns, "tbl, op, \"key\", old_key, at) VALUES (", u->entry_values,
                NULL);
    nts_sql_add_text(stmt, table->name);
    nts_sql_add(stmt, ", ", NULL);
    nts_sql_add_text(stmt, name);
    nts_sql_add(stmt, ", ", NULL);
    nts_sql_add_text(stmt, nts_sql_stored_key(table, parts, s->ptemp));
    nts_sql_add(stmt, ", ", NULL);
    nts_sql_add_text(stmt, op == 'k' ? nts_sql_stored_key(table, before, s->ptemp) : NULL);
    nts_sql_add(stmt, ", ", NULL);
    add_time(stmt, table, op, parts);
    nts_sql_add(stmt, ")", NULL);
    return nts_sql_run(NULL, stmt, s->ptemp);
}

apr_status_t nts_sql_enter_written(nts_sql_session_t *s, const nts_sql_table_t *table,
                                   const char *const *now, const char *const *before)
{
    char op = before ? 'u' : 'i';
    int i;

    if (!table->unwatched) {
        return APR_SUCCESS;
    }
    for (i = 0; before && i < table->key_count; i++) {
        if (now[i] && strcmp(now[i], before[i]) != 0) {
            op = 'k';
        }
    }
    return enter(s, table, op, now, before);
}

apr_status_t nts_sql_enter_removal(nts_sql_session_t *s, const nts_sql_table_t *table,
                                   const char *const *parts)
{
    return table->unwatched && s->ask->kind == NTS_ASK_REMOVE ? enter(s, table, 'd', parts, NULL)
                                                              : APR_SUCCESS;
}
