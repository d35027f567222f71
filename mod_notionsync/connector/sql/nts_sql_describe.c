/* nts_sql_describe.c - a table as a schema, and whether its triggers are in place. */
#include <string.h>

#include "connector/sql/nts_sql_impl.h"
#include "model/nts_auto.h"

/* The text that the database shows for an object of ours; NULL if it is not there. */
static const char *installed_text(const nts_sql_rows_t *rows, const char *name)
{
    int i;

    for (i = 0; i < rows->count; i++) {
        const char *found = nts_sql_text_of(&rows->cells[i * rows->columns]);

        if (found && strcmp(found, name) == 0) {
            const char *text = nts_sql_text_of(&rows->cells[i * rows->columns + 1]);

            return text ? text : "";
        }
    }
    return NULL;
}

/* Shared objects may be of an older version, and then still serve; triggers must be as they would be
 * made now, or a column added later would change unseen. */
nts_sql_presence_t nts_sql_presence(const nts_sql_rows_t *installed, const nts_sql_object_t *object)
{
    const char *text = installed_text(installed, object->name);

    if (!text) {
        return NTS_SQL_ABSENT;
    }
    return object->is_shared || strcmp(text, object->shown ? object->shown : object->create) == 0
               ? NTS_SQL_PRESENT
               : NTS_SQL_OUTDATED;
}

static apr_status_t look_at_objects(nts_sql_session_t *s)
{
    nts_sql_known_table_t *known = s->known_table;
    const nts_sql_object_t *objects;
    nts_sql_rows_t installed;
    int count;
    int i;

    if (nts_sql_run(&installed, nts_sql_stmt(s, s->dialect->installed_objects), s->ptemp) !=
        APR_SUCCESS) {
        return APR_EGENERAL;
    }
    known->is_checked = 1;
    objects = s->dialect->objects(&count, s->table, s->ptemp);
    for (i = 0; i < count && !known->problem; i++) {
        nts_sql_presence_t presence = nts_sql_presence(&installed, &objects[i]);

        if (presence != NTS_SQL_PRESENT) {
            known->problem =
                apr_psprintf(s->known->p,
                             presence == NTS_SQL_ABSENT
                                 ? "%s is missing in the database: changes of %s are not noticed"
                                 : "%s does not match the columns or the key of %s any more",
                             objects[i].name, s->table->name);
        }
    }
    return APR_SUCCESS;
}

apr_status_t nts_sql_check_installed(const char **problem, nts_sql_session_t *s)
{
    *problem = NULL;
    if (!s->state.installed || !s->state.is_tracked) {
        *problem =
            apr_psprintf(s->p, "the table %s has no change table and triggers yet", s->table->name);
        return APR_SUCCESS;
    }
    if (!s->known_table->is_checked && look_at_objects(s) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *problem = apr_pstrdup(s->p, s->known_table->problem);
    return APR_SUCCESS;
}

void nts_sql_read_clock(nts_sql_session_t *s)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "SELECT ");
    nts_sql_rows_t rows;

    nts_sql_add(stmt, s->dialect->now, NULL);
    if (nts_sql_run(&rows, stmt, s->ptemp) == APR_SUCCESS && rows.count == 1) {
        /* A millisecond either way for how the database rounds. */
        s->answer->clock = apr_time_from_msec(rows.cells[0].integer - 1);
        s->answer->clock_unit = apr_time_from_msec(3);
    }
}

static const char *key_text(const nts_sql_table_t *table, apr_pool_t *p)
{
    const char *text = "";
    int i;

    for (i = 0; i < table->key_count; i++) {
        text = apr_pstrcat(p, text, i ? "," : "", table->key[i]->name, NULL);
    }
    return text;
}

static nts_schema_t *schema_of(const nts_sql_table_t *table, apr_pool_t *p)
{
    nts_schema_t *schema = apr_pcalloc(p, sizeof(*schema));
    nts_schema_field_t *fields = apr_pcalloc(p, (apr_size_t)(table->count + 1) * sizeof(*fields));
    int i;

    for (i = 0; i < table->count; i++) {
        fields[i].id = apr_pstrdup(p, table->columns[i].name);
        fields[i].name = fields[i].id;
        fields[i].type = table->columns[i].type;
        fields[i].type.native = apr_pstrdup(p, table->columns[i].type.native);
        fields[i].type.options = nts_options_copy(table->columns[i].type.options,
                                                  table->columns[i].type.option_count, p);
    }
    schema->fields = fields;
    schema->count = table->count;
    schema->title = apr_pstrdup(p, table->name);
    schema->key = key_text(table, p);
    return schema;
}

/* What stands in a column, the most frequent first, as the options of its type. */
static apr_status_t read_choices(nts_schema_field_t *field, nts_sql_session_t *s)
{
    const nts_sql_column_t *column = nts_sql_find_column(s->table, field->name);
    const char *name = apr_pstrcat(s->ptemp, "t.", nts_sql_quote(field->name, s->ptemp), NULL);
    int is_list = field->type.list && s->dialect->has_lists;
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "SELECT d.v FROM (SELECT ");
    nts_option_t *options;
    nts_sql_rows_t rows;
    int i;

    if (!column || column->type.kind != NTS_TYPE_TEXT || (field->type.list && !is_list)) {
        return APR_SUCCESS;
    }
    nts_sql_add(stmt, is_list ? "unnest(" : "", name, is_list ? ")" : "", " AS v FROM ",
                s->table->sql,
                " AS t) AS d WHERE d.v IS NOT NULL GROUP BY d.v ORDER BY count(*) DESC, d.v LIMIT ",
                apr_itoa(s->ptemp, NTS_AUTO_CHOICES_MAX + 1), NULL);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    options = apr_pcalloc(s->p, ((apr_size_t)rows.count + 1) * sizeof(*options));
    for (i = 0; i < rows.count; i++) {
        const char *text = nts_sql_text_of(&rows.cells[i * rows.columns]);

        if (text) {
            options[field->type.option_count++].name = apr_pstrdup(s->p, text);
        }
    }
    field->type.options = options;
    return APR_SUCCESS;
}

static apr_status_t add_choices(nts_schema_t *schema, nts_sql_session_t *s)
{
    int i;

    for (i = 0; i < s->ask->id_count; i++) {
        /* schema_of made it just now. */
        nts_schema_field_t *field =
            (nts_schema_field_t *)nts_schema_find_id(schema, s->ask->ids[i]);

        if (field && read_choices(field, s) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
    }
    return APR_SUCCESS;
}

/* Later asks without an instance of their own are held to this one. */
static void remember_instance(nts_connection_t *c, const char *instance)
{
    if (!c->has_instance || !instance || !c->instance || strcmp(instance, c->instance) != 0) {
        c->instance = apr_pstrdup(c->thread_pool, instance);
        c->has_instance = 1;
    }
}

static apr_status_t check_rights(nts_sql_session_t *s)
{
    const char *right = NULL;

    if (s->dialect->find_missing_right &&
        s->dialect->find_missing_right(&right, s) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    s->reopen |=
        right != NULL; /* rights on a database are those that it had when the session began */
    return right ? nts_sql_refuse(s, "sql.denied",
                                  "grant it, or write <- in place of <-> or -> for that column",
                                  apr_psprintf(s->p, "this account lacks the right %s", right))
                 : APR_SUCCESS;
}

void nts_sql_describe(nts_sql_session_t *s)
{
    nts_schema_t *schema;
    const char *problem;
    const char *mark;
    int keyless;

    if (nts_sql_begin(s, 0) != APR_SUCCESS || check_rights(s) != APR_SUCCESS ||
        nts_sql_check_installed(&problem, s) != APR_SUCCESS ||
        s->dialect->has_keyless(&keyless, s, s->table) != APR_SUCCESS ||
        nts_sql_find_mark(&mark, s) != APR_SUCCESS) {
        return;
    }
    nts_sql_read_clock(s);
    if (s->state.installed && s->ask->witness_at && nts_sql_compare_witness(s) != APR_SUCCESS) {
        return;
    }
    schema = schema_of(s->table, s->p);
    if (add_choices(schema, s) != APR_SUCCESS || nts_sql_commit(s) != APR_SUCCESS) {
        return;
    }
    schema->instance = s->answer->instance;
    schema->counter = s->state.counter;
    schema->mark = mark;
    schema->provisioned = problem == NULL;
    schema->problem = problem ? problem : apr_pstrdup(s->p, s->table->unwatched);
    if (!problem && keyless) {
        schema->problem =
            apr_psprintf(s->p, "rows of %s with NULL in the key (%s) cannot be synced",
                         s->table->name, schema->key);
    }
    remember_instance(s->connection, schema->instance);
    s->answer->schema = schema;
}
