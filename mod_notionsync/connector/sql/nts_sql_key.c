/* nts_sql_key.c - external keys as the engine knows them, and columns by name. */
#include <string.h>

#include "base/nts_str.h"
#include "connector/sql/nts_sql_impl.h"

const char *const *nts_sql_key_parts(const nts_sql_table_t *table, const char *id, apr_pool_t *p)
{
    const char **parts = apr_pcalloc(p, (apr_size_t)table->key_count * sizeof(*parts));
    const nts_json_t *root;
    int i;

    if (!id) {
        return NULL;
    }
    if (table->key_count == 1) {
        parts[0] = id;
        return parts;
    }
    if (nts_json_parse(&root, id, strlen(id), NULL, p) != APR_SUCCESS ||
        nts_json_type(root) != NTS_JSON_ARRAY || nts_json_count(root) != table->key_count) {
        return NULL;
    }
    for (i = 0; i < table->key_count; i++) {
        parts[i] = nts_json_string(nts_json_at(root, i));
        if (!parts[i]) {
            return NULL;
        }
    }
    return parts;
}

const char *nts_sql_key_id(const char *const *parts, int count, apr_pool_t *p)
{
    nts_json_t *array;
    int i;

    if (count == 1) {
        return apr_pstrdup(p, parts[0]);
    }
    array = nts_json_make_array(p);
    for (i = 0; i < count; i++) {
        nts_json_add_string(array, NULL, parts[i]);
    }
    return nts_json_text(array, p);
}

static void add_key_columns(nts_sql_stmt_t *stmt, const nts_sql_table_t *table)
{
    nts_sql_session_t *s = stmt->session;
    int i;

    for (i = 0; i < table->key_count; i++) {
        nts_sql_add(stmt, i ? ", " : "", s->dialect->key_column(table, table->key[i], s->ptemp),
                    NULL);
    }
}

void nts_sql_add_key_order(nts_sql_stmt_t *stmt, const nts_sql_table_t *table)
{
    nts_sql_add(stmt, " ORDER BY ", NULL);
    add_key_columns(stmt, table);
}

void nts_sql_add_key_beyond(nts_sql_stmt_t *stmt, const nts_sql_table_t *table,
                            const char *const *parts)
{
    int i;

    nts_sql_add(stmt, "(", NULL);
    add_key_columns(stmt, table);
    nts_sql_add(stmt, ") > (", NULL);
    for (i = 0; i < table->key_count; i++) {
        nts_sql_add(stmt, i ? ", " : "", NULL);
        nts_sql_add_text(stmt, parts[i]);
    }
    nts_sql_add(stmt, ")", NULL);
}

const nts_sql_column_t *nts_sql_find_column(const nts_sql_table_t *table, const char *name)
{
    int i;

    for (i = 0; i < table->count; i++) {
        if (strcmp(table->columns[i].name, name) == 0) {
            return &table->columns[i];
        }
    }
    for (i = 0; i < table->count; i++) {
        if (nts_str_equal_nocase(table->columns[i].name, name)) {
            return &table->columns[i];
        }
    }
    return NULL;
}

apr_status_t nts_sql_named_key(const nts_sql_column_t **columns, int *count, nts_sql_session_t *s,
                               const nts_sql_table_t *table, const char *key)
{
    char *state = NULL;
    char *name;

    *count = 0;
    for (name = apr_strtok(apr_pstrdup(s->ptemp, key), ",", &state); name;
         name = apr_strtok(NULL, ",", &state)) {
        const nts_sql_column_t *column;

        apr_collapse_spaces(name, name);
        column = nts_sql_find_column(table, name);
        if (!column || *count >= NTS_SQL_KEY_MAX) {
            return nts_sql_refuse(s, "sql.schema", "correct key= in NotionSyncExternal",
                                  apr_psprintf(s->p, "key=%s: the table %s has no column %s", key,
                                               table->name, name));
        }
        columns[(*count)++] = column;
    }
    return APR_SUCCESS;
}

apr_status_t nts_sql_check_key_column(nts_sql_session_t *s, const nts_sql_table_t *table,
                                      const nts_sql_column_t *column, const char *expected,
                                      int may_be_null)
{
    if (expected) {
        return nts_sql_refuse(
            s, "sql.key", "name another unique column with key= in NotionSyncExternal",
            apr_psprintf(s->p,
                         "column %s of table %s cannot be the key: its type is \"%s\", "
                         "expected %s",
                         column->name, table->name, column->type.native, expected));
    }
    if (!may_be_null && !column->not_null) {
        return nts_sql_refuse(
            s, "sql.key", "declare the column NOT NULL, or name another one with key=",
            apr_psprintf(s->p, "column %s of table %s cannot be the key: it may be NULL",
                         column->name, table->name));
    }
    return APR_SUCCESS;
}

apr_status_t nts_sql_pair_column(const nts_sql_column_t **column, nts_sql_session_t *s, int pair)
{
    const nts_pair_t *wanted = &s->ask->mapping->pairs[pair];

    *column = wanted->is_key || wanted->bound.why.code
                  ? NULL
                  : nts_sql_find_column(s->table, wanted->external);
    if (*column || !wanted->domain || wanted->is_key) {
        return APR_SUCCESS;
    }
    (void)nts_sql_fail(s, NTS_RESULT_BLOCKED, NTS_REMEDY_PERSON, "sql.schema",
                       "correct the NotionSyncField line, or put the column back",
                       "the table %s has no column %s any more", s->table->name, wanted->external);
    s->answer->outcome.field = apr_pstrdup(s->p, wanted->external);
    return APR_EGENERAL;
}

const char *nts_sql_missing_right(const nts_sql_rows_t *missing, const nts_sql_session_t *s)
{
    const nts_mapping_t *mapping = s->ask->mapping;
    int i;
    int j;

    for (i = 0; i < mapping->pair_count; i++) {
        const nts_pair_t *pair = &mapping->pairs[i];
        const nts_sql_column_t *column =
            pair->is_key ? NULL : nts_sql_find_column(s->table, pair->external);

        for (j = 0; column && pair->direction != NTS_TO_NOTION && j < missing->count; j++) {
            if (strcmp(nts_sql_string_at(missing, j, 0), column->name) == 0) {
                return apr_psprintf(s->p, "%s of the column %s of %s",
                                    nts_sql_string_at(missing, j, 1), column->name, s->table->name);
            }
        }
    }
    return NULL;
}
