/* nts_sql_provision.c - installing, repairing and removing what notices changes, or printing how.
 *
 * The statements are what a person could run as well; nothing is done that is not in them.
 */
#include <string.h>

#include "connector/sql/nts_sql_impl.h"

static void plan(apr_array_header_t *statements, const char *sql)
{
    APR_ARRAY_PUSH(statements, const char *) = sql;
}

/* What is missing or out of date. */
static void plan_objects(apr_array_header_t *statements, nts_sql_session_t *s,
                         const nts_sql_rows_t *installed)
{
    int count;
    const nts_sql_object_t *objects;
    nts_sql_table_t table = *s->table;
    int triggers_changed = 0;
    int i;

    if (s->ask->dry && !table.is_view) {
        table.unwatched = NULL; /* whom this is shown may be allowed more than we are */
    }
    objects = s->dialect->objects(&count, &table, s->ptemp);
    for (i = 0; i < count; i++) {
        nts_sql_presence_t presence = nts_sql_presence(installed, &objects[i]);

        if (presence == NTS_SQL_OUTDATED && objects[i].drop) {
            plan(statements, objects[i].drop);
        }
        if (presence != NTS_SQL_PRESENT) {
            plan(statements, objects[i].create);
            triggers_changed |= !objects[i].is_shared;
        }
    }
    if (!s->state.installed) {
        plan(statements, s->dialect->new_instance);
    }
    if (!s->state.is_tracked) {
        plan(statements, s->dialect->enrol(s->table->name, s->ptemp));
    }
    else if (triggers_changed) {
        /* What happened while they were missing or wrong went unseen. */
        plan(statements, s->dialect->missed(s->table->name, s->ptemp));
    }
}

static const char *script(nts_sql_session_t *s, const apr_array_header_t *statements)
{
    const char *begin = s->dialect->script_begin;
    const char *next = s->dialect->script_next ? s->dialect->script_next : ";\n";
    const char *text;
    int i;

    if (statements->nelts == 0) {
        return "";
    }
    text = begin ? begin : apr_pstrcat(s->p, s->dialect->begin_write, next, NULL);
    for (i = 0; i < statements->nelts; i++) {
        text = apr_pstrcat(s->p, text, APR_ARRAY_IDX(statements, i, const char *), next, NULL);
    }
    return apr_pstrcat(s->p, text, s->dialect->script_end ? s->dialect->script_end : "COMMIT;\n",
                       NULL);
}

/* That there is no table is what is to be mended. */
static apr_status_t begin(nts_sql_session_t *s)
{
    if (nts_sql_begin(s, !s->ask->dry) == APR_SUCCESS) {
        return APR_SUCCESS;
    }
    if (s->ask->kind != NTS_ASK_PROVISION || !s->ask->may_make_table || !s->answer->no_table) {
        return APR_EGENERAL;
    }
    s->answer->result = NTS_RESULT_OK;
    memset(&s->answer->outcome, 0, sizeof(s->answer->outcome));
    s->answer->no_table = 0;
    s->table = NULL;
    return APR_SUCCESS;
}

static void provision(nts_sql_session_t *s)
{
    apr_array_header_t *statements = apr_array_make(s->ptemp, 16, sizeof(const char *));
    nts_sql_rows_t installed;
    int i;

    if (begin(s) != APR_SUCCESS ||
        nts_sql_run(&installed, nts_sql_stmt(s, s->dialect->installed_objects), s->ptemp) !=
            APR_SUCCESS) {
        return;
    }
    if (s->ask->kind == NTS_ASK_PROVISION) {
        if (nts_sql_plan_fields(statements, s) != APR_SUCCESS) {
            return;
        }
        plan_objects(statements, s, &installed);
    }
    else if (nts_sql_plan_removal(statements, s) != APR_SUCCESS) {
        return;
    }
    s->known = NULL; /* from here on the schema is another one, and may be the old one again */
    for (i = 0; !s->ask->dry && i < statements->nelts; i++) {
        if (nts_sql_run_text(s, APR_ARRAY_IDX(statements, i, const char *)) != APR_SUCCESS) {
            return;
        }
    }
    if (!s->ask->dry && nts_sql_read_state(s) != APR_SUCCESS) {
        return;
    }
    if (nts_sql_commit(s) != APR_SUCCESS) {
        return;
    }
    s->answer->statements = script(s, statements);
    s->answer->instance = s->state.instance;
    s->answer->counter = s->state.counter;
    if (!s->ask->dry) {
        /* A first instance id is nobody's surprise; DESCRIBE tells it to those who compare. */
        s->connection->has_instance = 0;
    }
}

/* Two at once would plan the same statements, and one of them would be refused what the other has made. */
static apr_status_t lock(nts_sql_session_t *s)
{
    nts_sql_rows_t rows;

    if (nts_sql_run(&rows, nts_sql_stmt(s, s->dialect->lock), s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (rows.count == 1 && rows.cells[0].integer == 1) {
        return APR_SUCCESS;
    }
    return nts_sql_fail(s, NTS_RESULT_NOT_DONE, NTS_REMEDY_RETRY, "sql.busy", NULL,
                        "somebody else provisions the database %s", s->connection->database);
}

static void unlock(nts_sql_session_t *s)
{
    nts_sql_rows_t rows;
    nts_sql_error_t error;

    nts_sql_rollback(s); /* what has failed */
    if (s->dialect->run(s->connection->db, s->dialect->unlock, NULL, 0, 0, &rows, &error,
                        s->ptemp) != APR_SUCCESS) {
        s->reopen = 1; /* the end of the session gives it back */
    }
}

void nts_sql_provision(nts_sql_session_t *s)
{
    int is_exclusive = s->dialect->lock && !s->ask->dry;

    if (is_exclusive && lock(s) != APR_SUCCESS) {
        return;
    }
    provision(s);
    if (is_exclusive) {
        unlock(s);
    }
}
