/* nts_sql_make.c - a table and columns that are lacking: the statements that make them, and what the table is like then.
 *
 * Nothing is dropped, renamed or made narrower. What is there by now, made by somebody else or by an attempt that was broken
 * off, is left as it is.
 */
#include <string.h>

#include "base/nts_str.h"
#include "connector/sql/nts_sql_impl.h"
#include "model/nts_auto.h"

static apr_status_t refuse_name(nts_sql_session_t *s, const char *name, const char *unit)
{
    return nts_sql_fail(s, NTS_RESULT_BLOCKED, NTS_REMEDY_PERSON, "sql.name",
                        "choose a shorter name in the configuration",
                        "the name %s is longer than the %d %s that the database takes", name,
                        s->dialect->name_max, unit);
}

/* PostgreSQL would cut it, and never be found to have the column. */
static apr_status_t check_name(nts_sql_session_t *s, const char *name)
{
    const nts_sql_dialect_t *dialect = s->dialect;
    apr_size_t length = dialect->name_in_bytes ? strlen(name) : nts_utf8_length(name);

    if (dialect->name_max && length > (apr_size_t)dialect->name_max) {
        return refuse_name(s, name, dialect->name_in_bytes ? "bytes" : "characters");
    }
    return APR_SUCCESS;
}

/* Columns of the ask that the table has not got, behind those that it has; their definitions into @a made. */
static apr_status_t add_columns(nts_sql_table_t *table, apr_array_header_t *made,
                                nts_sql_session_t *s)
{
    const nts_ask_t *ask = s->ask;
    nts_sql_column_t *columns =
        apr_pcalloc(s->ptemp, (apr_size_t)(table->count + ask->make_count + 1) * sizeof(*columns));
    int i;

    if (table->count) {
        memcpy(columns, table->columns, (apr_size_t)table->count * sizeof(*columns));
    }
    table->columns = columns;
    for (i = 0; i < ask->make_count; i++) {
        const nts_schema_field_t *field = &ask->make[i];
        nts_sql_column_t *column = &columns[table->count];

        if (nts_sql_find_column(table, field->name)) {
            continue;
        }
        if (check_name(s, field->name) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
        APR_ARRAY_PUSH(made, const char *) =
            apr_pstrcat(s->ptemp, nts_sql_quote(field->name, s->ptemp), " ",
                        s->dialect->make_column(column, &field->type, s->ptemp), NULL);
        column->name = field->name;
        column->type.nullable = 1;
        table->count++;
    }
    return APR_SUCCESS;
}

static apr_status_t plan_columns(apr_array_header_t *statements, nts_sql_session_t *s)
{
    nts_sql_table_t *table = apr_pmemdup(s->ptemp, s->table, sizeof(*table));
    apr_array_header_t *made = apr_array_make(s->ptemp, 8, sizeof(const char *));
    int i;

    if (add_columns(table, made, s) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (made->nelts && table->is_view) {
        return nts_sql_fail(s, NTS_RESULT_BLOCKED, NTS_REMEDY_PERSON, "sql.view",
                            "add the columns to what the view is made of, and to the view",
                            "%s is a view, and lacks %d columns", table->name, made->nelts);
    }
    for (i = 0; i < made->nelts; i++) {
        APR_ARRAY_PUSH(statements, const char *) =
            apr_pstrcat(s->ptemp, "ALTER TABLE ", table->sql, " ADD COLUMN ",
                        s->dialect->if_no_column ? s->dialect->if_no_column : "",
                        APR_ARRAY_IDX(made, i, const char *), NULL);
    }
    s->table = table;
    return APR_SUCCESS;
}

static apr_status_t plan_table(apr_array_header_t *statements, nts_sql_session_t *s)
{
    const nts_mapping_t *mapping = s->ask->mapping;
    nts_sql_table_t *table = apr_pcalloc(s->ptemp, sizeof(*table));
    nts_sql_column_t *key = apr_pcalloc(s->ptemp, sizeof(*key));
    const nts_sql_column_t **keys = apr_palloc(s->ptemp, sizeof(*keys));
    apr_array_header_t *made = apr_array_make(s->ptemp, 8, sizeof(const char *));
    const char *key_sql;
    const char *text;
    int i;

    key->name = mapping->key ? mapping->key : NTS_NEW_KEY;
    if (strchr(key->name, ',')) {
        return nts_sql_fail(s, NTS_RESULT_BLOCKED, NTS_REMEDY_PERSON, "sql.key",
                            "create the table, or name one column with key=",
                            "a table is made with a key of one column that the database numbers, "
                            "and key=%s names several",
                            key->name);
    }
    key->key = 1;
    keys[0] = key;
    table->columns = key;
    table->count = table->key_count = 1;
    table->key = keys;
    key_sql = s->dialect->make_table(table, key, s, mapping->collection);
    if (!key_sql || check_name(s, key->name) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (add_columns(table, made, s) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    text =
        apr_pstrcat(s->ptemp, "CREATE TABLE ", s->dialect->if_no_column ? "IF NOT EXISTS " : "",
                    table->sql, " (\n  ", nts_sql_quote(key->name, s->ptemp), " ", key_sql, NULL);
    for (i = 0; i < made->nelts; i++) {
        text = apr_pstrcat(s->ptemp, text, ",\n  ", APR_ARRAY_IDX(made, i, const char *), NULL);
    }
    APR_ARRAY_PUSH(statements, const char *) = apr_pstrcat(
        s->ptemp, text, "\n)", s->dialect->table_options ? s->dialect->table_options : "", NULL);
    s->table = table;
    return APR_SUCCESS;
}

const char *nts_sql_new_name(nts_sql_session_t *s, const char *name)
{
    if (!*name || strncmp(name, NTS_SQL_PREFIX, sizeof(NTS_SQL_PREFIX) - 1) == 0) {
        (void)nts_sql_fail(s, NTS_RESULT_BLOCKED, NTS_REMEDY_PERSON, "sql.view",
                           "choose another name in NotionSyncExternal",
                           "'%s' is no name for a table of the application", name);
        return NULL;
    }
    return check_name(s, name) == APR_SUCCESS ? name : NULL;
}

apr_status_t nts_sql_plan_fields(apr_array_header_t *statements, nts_sql_session_t *s)
{
    if (!s->table) {
        return plan_table(statements, s);
    }
    return s->ask->make_count ? plan_columns(statements, s) : APR_SUCCESS;
}
