/* nts_sql_pgsql_table.c - what the catalogue says about a table. */
#include <stdlib.h>
#include <string.h>

#include "base/nts_str.h"
#include "connector/sql/pgsql/nts_sql_pgsql.h"

static const char *kind_name(char kind)
{
    return kind == 'v' ? "view" : kind == 'm' ? "materialized view" : "foreign table";
}

static apr_status_t name_table(nts_sql_table_t *table, const char **what, nts_sql_session_t *s,
                               const char *collection, apr_pool_t *p)
{
    const char *schema;
    const char *name;
    char kind;
    int found;

    if (nts_sql_pgsql_find(&found, &schema, &name, &kind, s, collection, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (!found) {
        s->answer->no_table = 1;
        return nts_sql_refuse(s, "sql.schema", "correct NotionSyncExternal, or create the table",
                              apr_psprintf(s->p, "the database %s has no table %s",
                                           s->connection->database, collection));
    }
    table->is_view = kind != 'r' && kind != 'p';
    *what = kind_name(kind);
    if (strncmp(name, NTS_SQL_PREFIX, sizeof(NTS_SQL_PREFIX) - 1) == 0 ||
        strcmp(schema, "pg_catalog") == 0 || strcmp(schema, "information_schema") == 0) {
        return nts_sql_refuse(
            s, "sql.view", "name a table of the application in NotionSyncExternal",
            apr_psprintf(s->p, "%s is an internal table and cannot be synced", name));
    }
    table->name = apr_pstrcat(p, schema, ".", name, NULL);
    table->sql = apr_pstrcat(p, nts_sql_quote(schema, p), ".", nts_sql_quote(name, p), NULL);
    table->home = apr_pstrdup(p, s->connection->db->home);
    return APR_SUCCESS;
}

/* --- columns */

/* Domains are followed to what they are made of. */
static const char select_columns[] =
    "SELECT a.attname, format_type(a.atttypid, a.atttypmod), b.oid, b.modifier, "
    "a.attnotnull OR b.not_null, "
    "(a.atthasdef AND a.attgenerated = '') OR a.attidentity <> '' OR b.has_default, "
    "a.attgenerated <> '', a.attidentity = 'a', a.attnum, t.typname, t.typtype = 'e', "
    "pg_column_is_updatable(a.attrelid, a.attnum, true), e.oid, e.typname, e.typtype = 'e' "
    "FROM pg_catalog.pg_attribute AS a CROSS JOIN LATERAL ("
    "WITH RECURSIVE r(oid, modifier, not_null, has_default, depth) AS ("
    "SELECT a.atttypid, a.atttypmod, false, false, 0 UNION ALL "
    "SELECT t.typbasetype, t.typtypmod, r.not_null OR t.typnotnull, "
    "r.has_default OR t.typdefault IS NOT NULL, r.depth + 1 "
    "FROM r JOIN pg_catalog.pg_type AS t ON t.oid = r.oid WHERE t.typtype = 'd') "
    "SELECT * FROM r ORDER BY depth DESC LIMIT 1) AS b "
    "JOIN pg_catalog.pg_type AS t ON t.oid = b.oid "
    "LEFT JOIN pg_catalog.pg_type AS e ON e.oid = t.typelem AND t.typcategory = 'A' "
    "WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid = ";

static apr_status_t read_options(nts_sql_column_t *column, apr_int64_t oid, nts_sql_session_t *s,
                                 apr_pool_t *p)
{
    nts_sql_stmt_t *stmt =
        nts_sql_stmt(s, "SELECT enumlabel FROM pg_catalog.pg_enum WHERE enumtypid = ");
    nts_option_t *options;
    nts_sql_rows_t rows;
    int i;

    nts_sql_add_int(stmt, oid);
    nts_sql_add(stmt, " ORDER BY enumsortorder", NULL);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    options = apr_pcalloc(p, ((apr_size_t)rows.count + 1) * sizeof(*options));
    for (i = 0; i < rows.count; i++) {
        options[i].name = apr_pstrdup(p, nts_sql_string_at(&rows, i, 0));
    }
    column->type.options = options;
    column->type.option_count = rows.count;
    return APR_SUCCESS;
}

/* Leaves each column's number in the table, by which indexes name it, in `key` until the key is known. */
static apr_status_t read_columns(nts_sql_table_t *table, nts_sql_session_t *s, apr_pool_t *p)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, select_columns);
    nts_sql_column_t *columns;
    nts_sql_rows_t rows;
    int i;

    nts_sql_add_text(stmt, table->sql);
    nts_sql_add(stmt, "::regclass ORDER BY a.attnum", NULL);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    columns = apr_pcalloc(p, ((apr_size_t)rows.count + 1) * sizeof(*columns));
    for (i = 0; i < rows.count; i++) {
        nts_sql_column_t *column = &columns[i];
        const char *element = nts_sql_text_at(&rows, i, 13);
        int is_enum = nts_sql_int_at(&rows, i, element ? 14 : 10) != 0;

        column->name = apr_pstrdup(p, nts_sql_string_at(&rows, i, 0));
        column->native = (int)nts_sql_int_at(&rows, i, 2);
        column->type = element
                           ? nts_sql_pgsql_list(element, nts_sql_string_at(&rows, i, 1), is_enum, p)
                           : nts_sql_pgsql_type(column->native, nts_sql_int_at(&rows, i, 3),
                                                nts_sql_string_at(&rows, i, 9),
                                                nts_sql_string_at(&rows, i, 1), is_enum, p);
        if (column->type.list) {
            nts_sql_pgsql_note_list(s->connection->db, column->native);
        }
        column->is_decimal = column->native == NTS_SQL_PGSQL_NUMERIC;
        column->not_null = nts_sql_int_at(&rows, i, 4) != 0;
        column->has_default = nts_sql_int_at(&rows, i, 5) != 0;
        column->generated = nts_sql_int_at(&rows, i, 6) != 0;
        /* GENERATED ALWAYS AS IDENTITY: never written by a mapping, but put back with its row. */
        column->type.computed = column->generated || nts_sql_int_at(&rows, i, 7) ||
                                (table->is_view && !nts_sql_int_at(&rows, i, 11));
        column->type.nullable = !column->not_null;
        column->key = (int)nts_sql_int_at(&rows, i, 8);
        if (is_enum &&
            read_options(column, nts_sql_int_at(&rows, i, element ? 12 : 2), s, p) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
    }
    table->columns = columns;
    table->count = rows.count;
    return APR_SUCCESS;
}

/* --- the key */

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* "1,3": the way in which the query below tells the columns of an index. */
static const char *number_list(const int *numbers, int count, apr_pool_t *p)
{
    const char *text = "";
    int i;

    for (i = 0; i < count; i++) {
        text = apr_psprintf(p, "%s%s%d", text, i ? "," : "", numbers[i]);
    }
    return text;
}

/* Indexes over plain columns that no two rows ever break, the primary key first: their columns in order of number, and in
 * their own order. */
static const char select_indexes[] =
    "SELECT i.indisprimary, string_agg(k.number::text, ',' ORDER BY k.number), "
    "string_agg(k.number::text, ',' ORDER BY k.place) "
    "FROM pg_catalog.pg_index AS i CROSS JOIN LATERAL unnest(i.indkey::int2[]) "
    "WITH ORDINALITY AS k(number, place) "
    "WHERE i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL "
    "AND i.indexprs IS NULL AND k.place <= i.indnkeyatts AND i.indrelid = ";

static apr_status_t read_indexes(nts_sql_rows_t *rows, nts_sql_session_t *s,
                                 const nts_sql_table_t *table)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, select_indexes);

    nts_sql_add_text(stmt, table->sql);
    nts_sql_add(stmt,
                "::regclass GROUP BY i.indexrelid, i.indisprimary "
                "ORDER BY i.indisprimary DESC, i.indexrelid",
                NULL);
    return nts_sql_run(rows, stmt, s->ptemp);
}

/* The columns that key= names, by number. */
static apr_status_t numbers_of(int *numbers, int *count, nts_sql_session_t *s,
                               const nts_sql_table_t *table, const char *key)
{
    const nts_sql_column_t *columns[NTS_SQL_KEY_MAX];
    int i;

    if (nts_sql_named_key(columns, count, s, table, key) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    for (i = 0; i < *count; i++) {
        numbers[i] = columns[i]->key;
    }
    return APR_SUCCESS;
}

/* The primary key's columns, in its order. */
static void primary_numbers(int *numbers, int *count, const nts_sql_rows_t *indexes, apr_pool_t *p)
{
    char *state = NULL;
    char *word;

    *count = 0;
    if (indexes->count == 0 || !nts_sql_int_at(indexes, 0, 0)) {
        return;
    }
    for (word = apr_strtok(apr_pstrdup(p, nts_sql_string_at(indexes, 0, 2)), ",", &state);
         word && *count < NTS_SQL_KEY_MAX; word = apr_strtok(NULL, ",", &state)) {
        apr_int64_t number = 0;

        (void)nts_int_parse(&number, word, 1, INT16_MAX);
        numbers[(*count)++] = (int)number;
    }
}

static int is_unique(const nts_sql_rows_t *indexes, const int *numbers, int count, apr_pool_t *p)
{
    int *sorted = apr_pmemdup(p, numbers, (apr_size_t)count * sizeof(*numbers));
    const char *wanted;
    int i;

    qsort(sorted, (apr_size_t)count, sizeof(*sorted), by_number);
    wanted = number_list(sorted, count, p);
    for (i = 0; i < indexes->count; i++) {
        if (strcmp(nts_sql_string_at(indexes, i, 1), wanted) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Types whose text is the same for equal values, whatever a session's settings. */
static int may_be_key(const nts_sql_column_t *column)
{
    switch (column->native) {
    case NTS_SQL_PGSQL_INT2:
    case NTS_SQL_PGSQL_INT4:
    case NTS_SQL_PGSQL_INT8:
    case NTS_SQL_PGSQL_TEXT:
    case NTS_SQL_PGSQL_VARCHAR:
    case NTS_SQL_PGSQL_BPCHAR:
    case NTS_SQL_PGSQL_UUID:
        return 1;
    case NTS_SQL_PGSQL_NUMERIC:
        return column->type.whole;
    default:
        return column->type.kind == NTS_TYPE_OPTION ||
               strncmp(column->type.native, "citext", 6) == 0;
    }
}

static apr_status_t choose_key(nts_sql_table_t *table, nts_sql_session_t *s, const int *numbers,
                               int count, apr_pool_t *p)
{
    nts_sql_column_t *columns = (nts_sql_column_t *)table->columns;
    const nts_sql_column_t **key = apr_palloc(p, (apr_size_t)count * sizeof(*key));
    int i;
    int j;

    for (i = 0; i < count; i++) {
        const char *expected;

        for (j = 0; columns[j].key != numbers[i]; j++) {
        }
        expected = may_be_key(&columns[j]) ? NULL : "an integer, text, uuid or enum type";
        if (nts_sql_check_key_column(s, table, &columns[j], expected, table->is_view) !=
            APR_SUCCESS) {
            return APR_EGENERAL;
        }
        key[i] = &columns[j];
    }
    for (j = 0; j < table->count; j++) {
        columns[j].key = 0;
    }
    for (i = 0; i < count; i++) {
        columns[key[i] - columns].key = i + 1;
    }
    table->key = key;
    table->key_count = count;
    return APR_SUCCESS;
}

static apr_status_t find_key(nts_sql_table_t *table, nts_sql_session_t *s, const char *key,
                             apr_pool_t *p)
{
    int numbers[NTS_SQL_KEY_MAX];
    nts_sql_rows_t indexes;
    int count;

    if (table->is_view && !key) {
        return nts_sql_refuse(
            s, "sql.key", "name the columns that tell its rows apart with key=",
            apr_psprintf(s->p, "%s is a view, which has no primary key", table->name));
    }
    if (read_indexes(&indexes, s, table) != APR_SUCCESS ||
        (key && numbers_of(numbers, &count, s, table, key) != APR_SUCCESS)) {
        return APR_EGENERAL;
    }
    if (!key) {
        primary_numbers(numbers, &count, &indexes, s->ptemp);
    }
    if (count == 0) {
        return nts_sql_refuse(
            s, "sql.key", "give it one, or name a unique column with key= in NotionSyncExternal",
            apr_psprintf(s->p, "the table %s has no primary key", table->name));
    }
    if (!table->is_view && !is_unique(&indexes, numbers, count, s->ptemp)) {
        return nts_sql_refuse(
            s, "sql.key",
            apr_psprintf(s->p, "CREATE UNIQUE INDEX ON %s (%s), or choose another key=", table->sql,
                         key ? key : ""),
            apr_psprintf(s->p, "key=%s of table %s is not unique", key ? key : "", table->name));
    }
    return choose_key(table, s, numbers, count, p);
}

/* S5.8: what is looked at in COMMIT only does not tell which row is in the way. */
static apr_status_t find_deferred(nts_sql_table_t *table, nts_sql_session_t *s, apr_pool_t *p)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(
        s, "SELECT string_agg(quote_ident(n.nspname) || '.' || quote_ident(r.conname), ', ') "
           "FROM pg_catalog.pg_constraint AS r JOIN pg_catalog.pg_namespace AS n "
           "ON n.oid = r.connamespace WHERE r.condeferred AND r.contype IN ('p', 'u') "
           "AND r.conrelid = ");
    nts_sql_rows_t rows;
    const char *names;

    nts_sql_add_text(stmt, table->sql);
    nts_sql_add(stmt, "::regclass", NULL);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    names = rows.count ? nts_sql_text_at(&rows, 0, 0) : NULL;
    table->look_at_unique =
        names ? apr_pstrcat(p, "SET CONSTRAINTS ", names, " IMMEDIATE", NULL) : NULL;
    return APR_SUCCESS;
}

apr_status_t nts_sql_pgsql_describe(nts_sql_table_t **table, nts_sql_session_t *s,
                                    const char *collection, const char *key, apr_pool_t *p)
{
    nts_sql_table_t *found = apr_pcalloc(p, sizeof(*found));
    const char *what = NULL;

    if (name_table(found, &what, s, collection, p) != APR_SUCCESS ||
        read_columns(found, s, p) != APR_SUCCESS || find_key(found, s, key, p) != APR_SUCCESS ||
        find_deferred(found, s, p) != APR_SUCCESS ||
        nts_sql_pgsql_look_who_watches(found, s, what, p) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *table = found;
    return APR_SUCCESS;
}

/* --- who refers to it */

/* Partitions, tables that inherit and tables behind a view have keys of others of their own; a key of a partitioned table is there once for
 * each partition, too. Rows that row security hides, or that the role may not read, go all the same. */
static const char select_referrers[] =
    "::regclass::oid), place(oid) AS (SELECT oid FROM t UNION SELECT n.oid FROM place AS o CROSS "
    "JOIN LATERAL ("
    "SELECT i.inhrelid FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = o.oid UNION ALL "
    "SELECT d.refobjid FROM pg_catalog.pg_rewrite AS w JOIN pg_catalog.pg_depend AS d "
    "ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = "
    "'pg_class'::regclass WHERE w.ev_class = o.oid) AS n(oid)) "
    "SELECT c.oid::text, n.nspname, r.relname, c.confdeltype = 'c', a.attname, b.attname, "
    "r.oid = t.oid, v.relkind IN ('r', 'p') AND has_schema_privilege(n.oid, 'USAGE') "
    "AND has_column_privilege(r.oid, a.attnum, 'SELECT') AND NOT row_security_active(r.oid) "
    "FROM t JOIN pg_catalog.pg_class AS v ON v.oid = t.oid CROSS JOIN place AS o "
    "JOIN pg_catalog.pg_constraint AS c ON c.confrelid = o.oid AND c.contype = 'f' "
    "AND c.confdeltype IN ('c', 'n', 'd') JOIN pg_catalog.pg_class AS r ON r.oid = c.conrelid "
    "JOIN pg_catalog.pg_namespace AS n ON n.oid = r.relnamespace "
    "CROSS JOIN LATERAL unnest(c.conkey, c.confkey) WITH ORDINALITY AS k(child, parent, place) "
    "JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.child "
    "JOIN pg_catalog.pg_attribute AS b ON b.attrelid = c.confrelid AND b.attnum = k.parent "
    "WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint AS p JOIN place AS q "
    "ON q.oid = p.confrelid WHERE p.oid = c.conparentid) "
    "ORDER BY n.nspname, r.relname, c.oid, k.place";

void nts_sql_pgsql_add_referrers(nts_sql_stmt_t *stmt, const nts_sql_table_t *table)
{
    nts_sql_add(stmt, "WITH RECURSIVE t(oid) AS (SELECT ", NULL);
    nts_sql_add_text(stmt, table->sql);
    nts_sql_add(stmt, select_referrers, NULL);
}
