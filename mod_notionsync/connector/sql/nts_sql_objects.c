/* nts_sql_objects.c - what of ours there is in a database: looked for, read, and planned to be taken out again. */
#include <string.h>

#include "connector/sql/nts_sql_impl.h"

static const char *entry_name(nts_sql_session_t *s)
{
    const char *collection = s->ask->mapping->collection;

    return s->dialect->entry_name ? s->dialect->entry_name(s, collection) : collection;
}

static const char *collated(const nts_sql_session_t *s)
{
    return s->dialect->entry_collation ? s->dialect->entry_collation : "";
}

/* All four. */
static apr_status_t find_objects(int *found, nts_sql_session_t *s)
{
    nts_sql_rows_t rows;

    *found = s->known && s->known->has_objects;
    if (*found) {
        return APR_SUCCESS;
    }
    if (nts_sql_run(&rows, nts_sql_stmt(s, s->dialect->count_objects), s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *found = nts_sql_int_at(&rows, 0, 0) == 4;
    if (s->known) {
        s->known->has_objects = *found;
    }
    return APR_SUCCESS;
}

static void take_state(nts_sql_state_t *state, const nts_sql_rows_t *rows, apr_pool_t *p)
{
    if (rows->count != 1 || !*nts_sql_string_at(rows, 0, 0)) {
        return;
    }
    state->installed = 1;
    state->instance = apr_pstrdup(p, nts_sql_string_at(rows, 0, 0));
    state->version = nts_sql_int_at(rows, 0, 1);
    state->counter = nts_sql_int_at(rows, 0, 2);
    state->is_tracked = nts_sql_int_at(rows, 0, 3) != 0;
    state->lost_to = nts_sql_int_at(rows, 0, 4);
    state->entries = rows->columns > 5 ? nts_sql_int_at(rows, 0, 5) : state->counter;
}

apr_status_t nts_sql_read_state(nts_sql_session_t *s)
{
    nts_sql_stmt_t *stmt;
    nts_sql_rows_t rows;
    int found;

    memset(&s->state, 0, sizeof(s->state));
    if (find_objects(&found, s) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (!found) {
        return APR_SUCCESS;
    }
    stmt = nts_sql_stmt(s, s->dialect->select_state);
    nts_sql_add_text(stmt, entry_name(s));
    nts_sql_add(stmt, collated(s), " LIMIT 1", NULL);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        if (s->known) {
            s->known->has_objects = 0; /* somebody has dropped them: the next ask looks */
        }
        return APR_EGENERAL;
    }
    take_state(&s->state, &rows, s->p);
    return APR_SUCCESS;
}

static apr_status_t is_last_table(int *is_last, nts_sql_session_t *s, const char *tbl)
{
    nts_sql_stmt_t *stmt;
    nts_sql_rows_t rows;

    *is_last = 1;
    if (!s->state.installed) {
        return APR_SUCCESS;
    }
    stmt = nts_sql_stmt(s, "SELECT COUNT(*) FROM _notionsync_table WHERE tbl <> ");
    nts_sql_add_text(stmt, tbl);
    nts_sql_add(stmt, collated(s), NULL);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *is_last = nts_sql_int_at(&rows, 0, 0) == 0;
    return APR_SUCCESS;
}

apr_status_t nts_sql_plan_removal(apr_array_header_t *statements, nts_sql_session_t *s)
{
    static const char *const shared[] = { "_notionsync_table", "_notionsync_change",
                                          "_notionsync_intent" };
    const char *tbl = entry_name(s);
    apr_size_t i;
    int is_last;

    if (is_last_table(&is_last, s, tbl) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    s->dialect->plan_table_removal(statements, s, tbl);
    if (is_last) {
        s->dialect->plan_shared_removal(statements, s);
        return APR_SUCCESS;
    }
    for (i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) {
        APR_ARRAY_PUSH(statements, const char *) =
            apr_pstrcat(s->ptemp, "DELETE FROM ", shared[i],
                        " WHERE tbl = ", nts_sql_literal(tbl, s->ptemp), collated(s), NULL);
    }
    return APR_SUCCESS;
}
