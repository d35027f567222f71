/* nts_sql_sqlite_table.c - what an SQLite database says about a table, and about us. */
#include <string.h>

#include "base/nts_str.h"
#include "connector/sql/sqlite/nts_sql_sqlite.h"

/* The name as the schema spells it: triggers and entries carry that one. */
static apr_status_t find_table(const char **name, nts_sql_session_t *s, const char *collection)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "SELECT name, type, sql LIKE 'CREATE VIRTUAL%' "
                                           "FROM sqlite_schema WHERE type IN ('table', 'view') "
                                           "AND name = ");
    nts_sql_rows_t rows;

    nts_sql_add_text(stmt, collection);
    nts_sql_add(stmt, " COLLATE NOCASE", NULL);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (rows.count == 0) {
        s->answer->no_table = 1;
        return nts_sql_refuse(s, "sql.schema", "correct NotionSyncExternal, or create the table",
                              apr_psprintf(s->p, "the database %s has no table %s",
                                           s->connection->database, collection));
    }
    *name = nts_sql_string_at(&rows, 0, 0);
    if (strcmp(nts_sql_string_at(&rows, 0, 1), "view") == 0 || nts_sql_int_at(&rows, 0, 2)) {
        return nts_sql_refuse(s, "sql.view", "name the table behind it in NotionSyncExternal",
                              apr_psprintf(s->p, "%s is a %s; only tables can be synced", *name,
                                           nts_sql_int_at(&rows, 0, 2) ? "virtual table" : "view"));
    }
    if (strncmp(*name, "sqlite_", 7) == 0 ||
        strncmp(*name, NTS_SQL_PREFIX, sizeof(NTS_SQL_PREFIX) - 1) == 0) {
        return nts_sql_refuse(
            s, "sql.view", "name a table of the application in NotionSyncExternal",
            apr_psprintf(s->p, "%s is an internal table and cannot be synced", *name));
    }
    return APR_SUCCESS;
}

/* @a primary: the columns of the primary key, in its order. */
static apr_status_t read_columns(nts_sql_table_t *table, int *primary, int *primary_count,
                                 nts_sql_session_t *s, apr_pool_t *p)
{
    nts_sql_stmt_t *stmt =
        nts_sql_stmt(s, "SELECT name, type, \"notnull\", dflt_value IS NOT NULL, "
                        "pk, hidden FROM pragma_table_xinfo(");
    nts_sql_column_t *columns;
    nts_sql_rows_t rows;
    int i;

    nts_sql_add_text(stmt, table->name);
    nts_sql_add(stmt, ")", NULL);
    if (nts_sql_run(&rows, stmt, p) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    columns = apr_pcalloc(p, (apr_size_t)(rows.count + 1) * sizeof(*columns));
    *primary_count = 0;
    for (i = 0; i < rows.count; i++) {
        nts_sql_column_t *column = &columns[i];
        apr_int64_t place = nts_sql_int_at(&rows, i, 4);

        column->name = nts_sql_string_at(&rows, i, 0);
        column->affinity = nts_sql_sqlite_affinity(nts_sql_string_at(&rows, i, 1));
        column->type = nts_sql_sqlite_type(nts_sql_string_at(&rows, i, 1), p);
        column->not_null = nts_sql_int_at(&rows, i, 2) != 0;
        column->has_default = nts_sql_int_at(&rows, i, 3) != 0;
        column->generated = nts_sql_int_at(&rows, i, 5) != 0;
        column->type.computed = column->generated;
        column->type.nullable = !column->not_null;
        if (place > 0 && place <= rows.count) {
            primary[place - 1] = i;
            (*primary_count)++;
        }
    }
    table->columns = columns;
    table->count = rows.count;
    return APR_SUCCESS;
}

/* --- the key */

/* Columns of one index that makes rows unique. */
typedef struct index_t {
    int columns[NTS_SQL_KEY_MAX];
    const char *collations[NTS_SQL_KEY_MAX];
    int count; /* NTS_SQL_KEY_MAX + 1: too many, or an expression */
    int is_primary;
} index_t;

/* Key columns of every unique index; *has_rowid: row numbers exist (a table WITHOUT ROWID has an index
 * for its primary key, and no index of it mentions the row number, -1). */
static apr_status_t read_indexes(apr_array_header_t **indexes, int *has_rowid, nts_sql_session_t *s,
                                 const char *table, apr_pool_t *p)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(
        s, "SELECT l.seq, l.\"unique\" AND NOT l.partial, l.origin = 'pk', x.cid, x.key, x.coll "
           "FROM pragma_index_list(");
    apr_int64_t last = -1;
    nts_sql_rows_t rows;
    int i;

    nts_sql_add_text(stmt, table);
    nts_sql_add(stmt, ") AS l, pragma_index_xinfo(l.name) AS x ORDER BY l.seq, x.seqno", NULL);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *indexes = apr_array_make(s->ptemp, 4, sizeof(index_t));
    *has_rowid = rows.count == 0;
    for (i = 0; i < rows.count; i++) {
        index_t *index;

        *has_rowid |= nts_sql_int_at(&rows, i, 3) == -1 && !nts_sql_int_at(&rows, i, 4);
        if (!nts_sql_int_at(&rows, i, 1) || !nts_sql_int_at(&rows, i, 4)) {
            continue;
        }
        if (nts_sql_int_at(&rows, i, 0) != last) {
            last = nts_sql_int_at(&rows, i, 0);
            index = apr_array_push(*indexes);
            memset(index, 0, sizeof(*index));
            index->is_primary = nts_sql_int_at(&rows, i, 2) != 0;
        }
        index = &APR_ARRAY_IDX(*indexes, (*indexes)->nelts - 1, index_t);
        if (index->count >= NTS_SQL_KEY_MAX || nts_sql_int_at(&rows, i, 3) < 0) {
            index->count = NTS_SQL_KEY_MAX + 1;
            continue;
        }
        index->columns[index->count] = (int)nts_sql_int_at(&rows, i, 3);
        index->collations[index->count] = apr_pstrdup(p, nts_sql_string_at(&rows, i, 5));
        index->count++;
    }
    return APR_SUCCESS;
}

/* The index over exactly these columns, in any order. */
static const index_t *find_index(const apr_array_header_t *indexes, const int *columns, int count)
{
    int i;
    int j;
    int k;

    for (i = 0; i < indexes->nelts; i++) {
        const index_t *index = &APR_ARRAY_IDX(indexes, i, index_t);
        int matched = 0;

        for (j = 0; index->count == count && j < count; j++) {
            for (k = 0; k < count && index->columns[j] != columns[k]; k++) {
            }
            matched += k < count;
        }
        if (matched == count) {
            return index;
        }
    }
    return NULL;
}

/* The columns that key= names, by their places. */
static apr_status_t columns_of(int *columns, int *count, nts_sql_session_t *s,
                               const nts_sql_table_t *table, const char *key)
{
    const nts_sql_column_t *named[NTS_SQL_KEY_MAX];
    int i;

    if (nts_sql_named_key(named, count, s, table, key) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    for (i = 0; i < *count; i++) {
        columns[i] = (int)(named[i] - table->columns);
    }
    return APR_SUCCESS;
}

static apr_status_t choose_key(nts_sql_table_t *table, nts_sql_session_t *s, const int *columns,
                               int count, const index_t *index, apr_pool_t *p)
{
    nts_sql_column_t *all = (nts_sql_column_t *)table->columns;
    const nts_sql_column_t **key = apr_palloc(p, (apr_size_t)count * sizeof(*key));
    int i;
    int j;

    for (i = 0; i < count; i++) {
        nts_sql_column_t *column = &all[columns[i]];
        int fits = column->affinity != 'B' && column->affinity != 'R';

        if (!table->key_is_rowid &&
            nts_sql_check_key_column(s, table, column, fits ? NULL : "an integer or text type",
                                     index->is_primary) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
        for (j = 0; index && j < index->count; j++) {
            /* Named only where it differs: SQLite searches no index by a row of named ones. */
            if (index->columns[j] == columns[i] &&
                !nts_str_equal_nocase(
                    index->collations[j],
                    nts_sql_sqlite_collation(s->connection->db, table->name, column->name))) {
                column->collation = index->collations[j];
            }
        }
        column->key = i + 1;
        key[i] = column;
    }
    table->key = key;
    table->key_count = count;
    return APR_SUCCESS;
}

static apr_status_t find_key(nts_sql_table_t *table, nts_sql_session_t *s, const int *primary,
                             int primary_count, const char *key, apr_pool_t *p)
{
    const int *columns;
    int count = primary_count;
    int named[NTS_SQL_KEY_MAX];
    apr_array_header_t *indexes;
    const index_t *index;
    int has_rowid;

    if (key && columns_of(named, &count, s, table, key) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    columns = key ? named : primary;
    if (count == 0 || count > NTS_SQL_KEY_MAX) {
        return nts_sql_refuse(
            s, "sql.key", "give it one, or name a unique column with key= in NotionSyncExternal",
            apr_psprintf(s->p, "the table %s has no primary key", table->name));
    }
    if (read_indexes(&indexes, &has_rowid, s, table->name, p) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (has_rowid) {
        table->row_id = !nts_sql_find_column(table, "rowid")     ? "rowid"
                        : !nts_sql_find_column(table, "_rowid_") ? "_rowid_"
                                                                 : "oid";
    }
    index = find_index(indexes, columns, count);
    /* INTEGER PRIMARY KEY is the row number itself and has no index. */
    table->key_is_rowid =
        !index && has_rowid && count == 1 && primary_count == 1 && columns[0] == primary[0];
    if (!index && !table->key_is_rowid) {
        return nts_sql_refuse(
            s, "sql.key",
            apr_psprintf(s->p, "CREATE UNIQUE INDEX %s ON %s (%s), or choose another key=",
                         nts_sql_quote("notionsync_key", s->p), nts_sql_quote(table->name, s->p),
                         key ? key : ""),
            apr_psprintf(s->p, "key=%s of table %s is not unique", key ? key : "", table->name));
    }
    return choose_key(table, s, columns, count, index, p);
}

/* SQLite keeps it in the file's header and compares it itself before each statement. */
apr_status_t nts_sql_sqlite_schema_version(apr_int64_t *version, nts_sql_session_t *s)
{
    nts_sql_rows_t rows;

    if (nts_sql_run(&rows, nts_sql_stmt(s, NTS_SQL_SQLITE_SCHEMA_VERSION), s->ptemp) !=
        APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *version = nts_sql_int_at(&rows, 0, 0);
    return APR_SUCCESS;
}

apr_status_t nts_sql_sqlite_describe(nts_sql_table_t **table, nts_sql_session_t *s,
                                     const char *collection, const char *key, apr_pool_t *p)
{
    nts_sql_table_t *found = apr_pcalloc(p, sizeof(*found));
    int *primary = apr_pcalloc(s->ptemp, 2001 * sizeof(*primary)); /* SQLite's limit of columns */
    int primary_count;
    const char *name = NULL;

    if (find_table(&name, s, collection) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    found->name = apr_pstrdup(p, name);
    found->sql = nts_sql_quote(name, p);
    if (read_columns(found, primary, &primary_count, s, p) != APR_SUCCESS ||
        find_key(found, s, primary, primary_count, key, p) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *table = found;
    return APR_SUCCESS;
}

apr_status_t nts_sql_sqlite_has_keyless(int *found, nts_sql_session_t *s,
                                        const nts_sql_table_t *table)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "SELECT 0");
    nts_sql_rows_t rows;
    int i;

    for (i = 0; !table->key_is_rowid && i < table->key_count; i++) {
        if (!table->key[i]->not_null) {
            nts_sql_add(stmt, " OR EXISTS (SELECT 1 FROM ", NULL);
            nts_sql_add_name(stmt, table->name);
            nts_sql_add(stmt, " AS t WHERE t.", NULL);
            nts_sql_add_name(stmt, table->key[i]->name);
            nts_sql_add(stmt, " IS NULL)", NULL);
        }
    }
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *found = nts_sql_int_at(&rows, 0, 0) != 0;
    return APR_SUCCESS;
}

/* A key that names no columns refers to the primary key. */
void nts_sql_sqlite_add_referrers(nts_sql_stmt_t *stmt, const nts_sql_table_t *table)
{
    nts_sql_add(stmt,
                "SELECT m.name || ' ' || f.id, NULL, m.name, f.on_delete = 'CASCADE', f.\"from\", "
                "coalesce(f.\"to\", p.name), m.name = ",
                NULL);
    nts_sql_add_text(stmt, table->name);
    nts_sql_add(stmt,
                " COLLATE NOCASE, 1 FROM sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f "
                "LEFT JOIN pragma_table_info(",
                NULL);
    nts_sql_add_text(stmt, table->name);
    nts_sql_add(stmt,
                ") AS p ON f.\"to\" IS NULL AND p.pk = f.seq + 1 WHERE m.type = 'table' "
                "AND f.on_delete IN ('CASCADE', 'SET NULL', 'SET DEFAULT') AND f.\"table\" = ",
                NULL);
    nts_sql_add_text(stmt, table->name);
    nts_sql_add(stmt, " COLLATE NOCASE ORDER BY m.name, f.id, f.seq", NULL);
}
