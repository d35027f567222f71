/* nts_sql_mysql_table.c - what information_schema says about a table. */
#include <stdlib.h>
#include <string.h>

#include "base/nts_str.h"
#include "connector/sql/mysql/nts_sql_mysql.h"

static apr_status_t name_table(nts_sql_table_t *table, nts_sql_session_t *s, const char *collection,
                               apr_pool_t *p)
{
    const char *name;
    const char *kind;
    const char *engine;

    if (nts_sql_mysql_find(&name, &kind, &engine, s, collection, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (!name) {
        s->answer->no_table = 1;
        return nts_sql_refuse(s, "sql.schema", "correct NotionSyncExternal, or create the table",
                              apr_psprintf(s->p, "the database %s has no table %s",
                                           s->connection->db->home, collection));
    }
    table->is_view = strcmp(kind, "VIEW") == 0;
    if (!table->is_view && strcmp(kind, "BASE TABLE") != 0 &&
        strcmp(kind, "SYSTEM VERSIONED") != 0) {
        return nts_sql_refuse(
            s, "sql.view", "name a table or a view in NotionSyncExternal",
            apr_psprintf(s->p, "%s is a %s; only tables and views can be synced", name, kind));
    }
    if (strncmp(name, NTS_SQL_PREFIX, sizeof(NTS_SQL_PREFIX) - 1) == 0) {
        return nts_sql_refuse(
            s, "sql.view", "name a table of the application in NotionSyncExternal",
            apr_psprintf(s->p, "%s is an internal table and cannot be synced", name));
    }
    if (!table->is_view && !nts_str_equal_nocase(engine, "InnoDB")) {
        return nts_sql_refuse(
            s, "sql.view",
            apr_psprintf(s->p, "ALTER TABLE %s ENGINE=InnoDB", nts_sql_quote(name, s->p)),
            apr_psprintf(s->p,
                         "the table %s is of the engine %s, which knows no transactions; "
                         "expected InnoDB",
                         name, engine));
    }
    table->name = apr_pstrdup(p, name);
    table->sql = nts_sql_quote(name, p);
    table->home = apr_pstrdup(p, s->connection->db->home);
    return APR_SUCCESS;
}

/* --- columns */

static const char select_columns[] =
    "SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, CAST(COALESCE(CHARACTER_MAXIMUM_LENGTH, 0) AS "
    "SIGNED), CAST(COALESCE(NUMERIC_PRECISION, 0) AS SIGNED), "
    "CAST(COALESCE(NUMERIC_SCALE, DATETIME_PRECISION, 0) AS SIGNED), "
    "CHARACTER_SET_NAME IS NULL AND CHARACTER_MAXIMUM_LENGTH IS NOT NULL, IS_NULLABLE = 'NO', "
    "COALESCE(COLUMN_DEFAULT, 'NULL') <> 'NULL' OR EXTRA LIKE '%auto_increment%', "
    "IS_GENERATED <> 'NEVER' OR EXTRA LIKE '%GENERATED%', COLLATION_NAME "
    "FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ";

static apr_status_t read_columns(nts_sql_table_t *table, nts_sql_session_t *s, apr_pool_t *p)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, select_columns);
    nts_sql_column_t *columns;
    nts_sql_rows_t rows;
    int i;

    nts_sql_add_text(stmt, table->name);
    nts_sql_add(stmt, " ORDER BY ORDINAL_POSITION", NULL);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    columns = apr_pcalloc(p, ((apr_size_t)rows.count + 1) * sizeof(*columns));
    for (i = 0; i < rows.count; i++) {
        nts_sql_column_t *column = &columns[i];

        column->name = apr_pstrdup(p, nts_sql_string_at(&rows, i, 0));
        nts_sql_mysql_type(column, nts_sql_string_at(&rows, i, 1), nts_sql_string_at(&rows, i, 2),
                           nts_sql_int_at(&rows, i, 3), nts_sql_int_at(&rows, i, 4),
                           nts_sql_int_at(&rows, i, 5), nts_sql_int_at(&rows, i, 6) != 0, p);
        column->not_null = nts_sql_int_at(&rows, i, 7) != 0;
        column->has_default = nts_sql_int_at(&rows, i, 8) != 0;
        column->generated = nts_sql_int_at(&rows, i, 9) != 0;
        column->collation = apr_pstrdup(p, nts_sql_string_at(&rows, i, 10));
        column->type.computed = column->generated;
        column->type.nullable = !column->not_null;
    }
    table->columns = columns;
    table->count = rows.count;
    return APR_SUCCESS;
}

/* --- the key */

/* Indexes over whole columns that no two rows ever break, the primary key first, column by column. */
static const char select_indexes[] =
    "SELECT INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS WHERE NON_UNIQUE = 0 AND "
    "TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ";

typedef struct index_t {
    const char *name;
    const nts_sql_column_t *columns[NTS_SQL_KEY_MAX];
    int count;
    int is_partial; /* of some column only the beginning, or too many */
} index_t;

/* Those over the beginning of a column (SUB_PART) are taken out. */
static apr_status_t read_indexes(apr_array_header_t *indexes, nts_sql_session_t *s,
                                 const nts_sql_table_t *table)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, select_indexes);
    nts_sql_rows_t rows;
    int i;

    nts_sql_add_text(stmt, table->name);
    nts_sql_add(stmt,
                " AND INDEX_NAME NOT IN (SELECT INDEX_NAME FROM information_schema.STATISTICS "
                "WHERE SUB_PART IS NOT NULL AND TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ",
                NULL);
    nts_sql_add_text(stmt, table->name);
    nts_sql_add(stmt, ") ORDER BY INDEX_NAME <> 'PRIMARY', INDEX_NAME, SEQ_IN_INDEX", NULL);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    for (i = 0; i < rows.count; i++) {
        const char *name = nts_sql_string_at(&rows, i, 0);
        index_t *index =
            indexes->nelts ? &APR_ARRAY_IDX(indexes, indexes->nelts - 1, index_t) : NULL;

        if (!index || strcmp(index->name, name) != 0) {
            index = apr_array_push(indexes);
            memset(index, 0, sizeof(*index));
            index->name = name;
        }
        if (index->count < NTS_SQL_KEY_MAX) {
            index->columns[index->count++] =
                nts_sql_find_column(table, nts_sql_string_at(&rows, i, 1));
        }
        else {
            index->is_partial = 1;
        }
    }
    return APR_SUCCESS;
}

static int has_column(const index_t *index, const nts_sql_column_t *column)
{
    int i;

    for (i = 0; i < index->count; i++) {
        if (index->columns[i] == column) {
            return 1;
        }
    }
    return 0;
}

static int is_unique(const apr_array_header_t *indexes, const index_t *wanted)
{
    int i;
    int j;

    for (i = 0; i < indexes->nelts; i++) {
        const index_t *index = &APR_ARRAY_IDX(indexes, i, index_t);

        for (j = 0; j < index->count && has_column(wanted, index->columns[j]); j++) {
        }
        if (!index->is_partial && j == index->count && index->count == wanted->count) {
            return 1;
        }
    }
    return 0;
}

/* Types whose text is the same for equal values, whatever a session's settings. */
static int may_be_key(const nts_sql_column_t *column)
{
    switch (column->native) {
    case NTS_SQL_MYSQL_INT:
    case NTS_SQL_MYSQL_BOOL:
    case NTS_SQL_MYSQL_BIGINT_UNSIGNED:
    case NTS_SQL_MYSQL_TEXT:
    case NTS_SQL_MYSQL_ENUM:
    case NTS_SQL_MYSQL_UUID:
        return 1;
    case NTS_SQL_MYSQL_DECIMAL:
        return column->type.whole && !strstr(column->type.native, "zerofill");
    default:
        return 0;
    }
}

static apr_status_t choose_key(nts_sql_table_t *table, nts_sql_session_t *s, const index_t *wanted,
                               apr_pool_t *p)
{
    nts_sql_column_t *columns = (nts_sql_column_t *)table->columns;
    int i;

    for (i = 0; i < wanted->count; i++) {
        const char *expected =
            may_be_key(wanted->columns[i]) ? NULL : "an integer, text, uuid or enum type";

        if (nts_sql_check_key_column(s, table, wanted->columns[i], expected, table->is_view) !=
            APR_SUCCESS) {
            return APR_EGENERAL;
        }
        columns[wanted->columns[i] - table->columns].key = i + 1;
    }
    table->key =
        apr_pmemdup(p, wanted->columns, (apr_size_t)wanted->count * sizeof(wanted->columns[0]));
    table->key_count = wanted->count;
    return APR_SUCCESS;
}

static apr_status_t find_key(nts_sql_table_t *table, nts_sql_session_t *s, const char *key,
                             apr_pool_t *p)
{
    apr_array_header_t *indexes = apr_array_make(s->ptemp, 4, sizeof(index_t));
    index_t wanted = { 0 };

    if (table->is_view && !key) {
        return nts_sql_refuse(
            s, "sql.key", "name the columns that tell its rows apart with key=",
            apr_psprintf(s->p, "%s is a view, which has no primary key", table->name));
    }
    if (read_indexes(indexes, s, table) != APR_SUCCESS ||
        (key && nts_sql_named_key(wanted.columns, &wanted.count, s, table, key) != APR_SUCCESS)) {
        return APR_EGENERAL;
    }
    if (!key && indexes->nelts > 0 &&
        strcmp(APR_ARRAY_IDX(indexes, 0, index_t).name, "PRIMARY") == 0) {
        wanted = APR_ARRAY_IDX(indexes, 0, index_t);
    }
    if (wanted.count == 0) {
        return nts_sql_refuse(
            s, "sql.key", "give it one, or name a unique column with key= in NotionSyncExternal",
            apr_psprintf(s->p, "the table %s has no primary key", table->name));
    }
    if (!table->is_view && !is_unique(indexes, &wanted)) {
        return nts_sql_refuse(
            s, "sql.key",
            apr_psprintf(s->p, "CREATE UNIQUE INDEX … ON %s (%s), or choose another key=",
                         table->name, key ? key : ""),
            apr_psprintf(s->p, "key=%s of table %s is not unique", key ? key : "", table->name));
    }
    return choose_key(table, s, &wanted, p);
}

apr_status_t nts_sql_mysql_describe(nts_sql_table_t **table, nts_sql_session_t *s,
                                    const char *collection, const char *key, apr_pool_t *p)
{
    nts_sql_table_t *found = apr_pcalloc(p, sizeof(*found));

    if (name_table(found, s, collection, p) != APR_SUCCESS ||
        read_columns(found, s, p) != APR_SUCCESS ||
        (found->is_view && nts_sql_mysql_look_behind_view(found, s) != APR_SUCCESS) ||
        find_key(found, s, key, p) != APR_SUCCESS ||
        nts_sql_mysql_look_who_watches(found, s, p) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *table = found;
    return APR_SUCCESS;
}

/* --- who refers to it */

/* What a key does is told to who has rights on a whole database other than to read it; to others only that there is one. */
static const char select_referrers[] =
    "SELECT CONCAT(k.TABLE_SCHEMA, ' ', k.TABLE_NAME, ' ', k.CONSTRAINT_NAME), "
    "NULLIF(k.TABLE_SCHEMA, DATABASE()), k.TABLE_NAME, "
    "CASE WHEN r.DELETE_RULE IS NULL THEN -1 ELSE r.DELETE_RULE = 'CASCADE' END, k.COLUMN_NAME, "
    "k.REFERENCED_COLUMN_NAME, k.TABLE_SCHEMA = DATABASE() AND k.TABLE_NAME = "
    "k.REFERENCED_TABLE_NAME, ";
static const char referrers_from[] =
    " FROM information_schema.KEY_COLUMN_USAGE AS k "
    "LEFT JOIN information_schema.REFERENTIAL_CONSTRAINTS AS r "
    "ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME "
    "AND r.TABLE_NAME = k.TABLE_NAME WHERE COALESCE(r.DELETE_RULE, 'CASCADE') IN ('CASCADE', "
    "'SET NULL', 'SET DEFAULT') AND k.REFERENCED_TABLE_SCHEMA = DATABASE() AND ";
/* Which tables are behind a view the server tells in its text only, and to who may see that. */
static const char is_behind_view[] =
    "EXISTS (SELECT 1 FROM information_schema.VIEWS AS v WHERE v.TABLE_SCHEMA = DATABASE() "
    "AND LOCATE(CONCAT('`', REPLACE(k.REFERENCED_TABLE_NAME, '`', '``'), '`'), v.VIEW_DEFINITION) "
    "AND v.TABLE_NAME = ";

void nts_sql_mysql_add_referrers(nts_sql_stmt_t *stmt, const nts_sql_table_t *table)
{
    nts_sql_add(stmt, select_referrers, table->is_view ? "0" : "1", referrers_from,
                table->is_view ? is_behind_view : "(k.REFERENCED_TABLE_NAME = ", NULL);
    nts_sql_add_text(stmt, table->name);
    nts_sql_add(stmt,
                ") ORDER BY k.TABLE_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME, "
                "k.ORDINAL_POSITION",
                NULL);
}
