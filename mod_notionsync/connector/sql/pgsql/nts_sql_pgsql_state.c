/* nts_sql_pgsql_state.c - finding a table by the name that the mapping gives it, and what of ours is there. */
#include <string.h>

#include "connector/sql/pgsql/nts_sql_pgsql.h"

/* What a table looked like when it was last asked. */
typedef struct print_t {
    const char *schema;
    const char *name;
    const char *text;    /* NULL: it was not there */
    apr_uint64_t bundle; /* of which it was asked last; 0: of none */
} print_t;

/* "people", as the search path finds it, or "crm.people"; without quotes, since nothing else could be meant. A name
 * in exactly this spelling goes before one in another case. */
apr_status_t nts_sql_pgsql_find(int *found, const char **schema, const char **name, char *kind,
                                nts_sql_session_t *s, const char *collection, apr_pool_t *p)
{
    const char *dot = strchr(collection, '.');
    nts_sql_stmt_t *stmt = nts_sql_stmt(
        s, "SELECT n.nspname, c.relname, c.relkind::text FROM pg_catalog.pg_class AS c "
           "JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace "
           "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND "
           "((pg_table_is_visible(c.oid) AND lower(c.relname) = lower(");
    nts_sql_rows_t rows;

    nts_sql_add_text(stmt, collection);
    nts_sql_add(stmt, ")) OR (lower(n.nspname) = lower(", NULL);
    nts_sql_add_text(
        stmt, dot ? apr_pstrmemdup(s->ptemp, collection, (apr_size_t)(dot - collection)) : NULL);
    nts_sql_add(stmt, ") AND lower(c.relname) = lower(", NULL);
    nts_sql_add_text(stmt, dot ? dot + 1 : NULL);
    nts_sql_add(stmt, "))) ORDER BY pg_table_is_visible(c.oid) AND c.relname = ", NULL);
    nts_sql_add_text(stmt, collection);
    nts_sql_add(stmt, " DESC, n.nspname || '.' || c.relname = ", NULL);
    nts_sql_add_text(stmt, collection);
    nts_sql_add(stmt, " DESC, c.oid LIMIT 1", NULL);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *found = rows.count == 1;
    if (*found) {
        *schema = apr_pstrdup(p, nts_sql_string_at(&rows, 0, 0));
        *name = apr_pstrdup(p, nts_sql_string_at(&rows, 0, 1));
        *kind = *nts_sql_string_at(&rows, 0, 2);
    }
    return APR_SUCCESS;
}

/* --- noticing that the schema changed */

/*
 * Rows of the catalogue get a new xmin with each change, whoever makes it; counters that VACUUM and ANALYZE keep there do
 * not move it. What is cheap to read this way: the table, its columns, indexes, triggers, the choices of its enums,
 * and our own functions and tables.
 */
static const char fingerprint[] =
    "SELECT concat_ws(' ', c.oid, c.xmin, "
    "(SELECT string_agg(concat(a.attnum, '/', a.xmin, '/', t.xmin), ' ' ORDER BY a.attnum) "
    "FROM pg_catalog.pg_attribute AS a LEFT JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid "
    "WHERE a.attrelid = c.oid AND a.attnum > 0), "
    "(SELECT string_agg(concat('i', i.indexrelid, '/', i.xmin), ' ' ORDER BY i.indexrelid) "
    "FROM pg_catalog.pg_index AS i WHERE i.indrelid = c.oid), "
    "(SELECT string_agg(concat('t', g.oid, '/', g.xmin), ' ' ORDER BY g.oid) "
    "FROM pg_catalog.pg_trigger AS g WHERE g.tgrelid = c.oid), "
    "(SELECT string_agg(concat('e', e.oid, '/', e.xmin), ' ' ORDER BY e.oid) "
    "FROM pg_catalog.pg_enum AS e WHERE e.enumtypid IN (SELECT a.atttypid "
    "FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0)), "
    "(SELECT string_agg(concat('f', f.oid, '/', f.xmin), ' ' ORDER BY f.oid) "
    "FROM pg_catalog.pg_proc AS f WHERE f.proname >= '_notionsync_' AND f.proname < "
    "'_notionsync`'), "
    "'o', to_regclass('_notionsync_instance')::oid, to_regclass('_notionsync_table')::oid, "
    "to_regclass('_notionsync_change')::oid, to_regclass('_notionsync_intent')::oid) "
    "FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace "
    "WHERE c.relname = ";

static apr_status_t read_print(const char **text, nts_sql_session_t *s, const print_t *print)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, fingerprint);
    nts_sql_rows_t rows;

    nts_sql_add_text(stmt, print->name);
    nts_sql_add(stmt, " AND n.nspname = ", NULL);
    nts_sql_add_text(stmt, print->schema);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *text = rows.count == 1 ? nts_sql_string_at(&rows, 0, 0) : NULL;
    return APR_SUCCESS;
}

static int is_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* A bundle asks once: who has written to a table keeps others from altering it until the end of the transaction. Should nobody have
 * written after all, the server refuses statements that no longer fit.
 *
 * Of the ask's table; what was known of others is looked at when they are asked for, and all is forgotten together. */
apr_status_t nts_sql_pgsql_schema_version(apr_int64_t *version, nts_sql_session_t *s)
{
    nts_sql_db_t *db = s->connection->db;
    const char *collection = s->ask->mapping->collection;
    print_t *print = apr_hash_get(db->prints, collection, APR_HASH_KEY_STRING);
    const char *text = NULL;
    int is_found = 1;
    char kind;

    if (!print) {
        print = apr_pcalloc(db->p, sizeof(*print));
        apr_hash_set(db->prints, apr_pstrdup(db->p, collection), APR_HASH_KEY_STRING, print);
    }
    if (s->connection->bundled && print->bundle == db->begun) {
        *version = db->generation;
        return APR_SUCCESS;
    }
    if (!print->text && nts_sql_pgsql_find(&is_found, &print->schema, &print->name, &kind, s,
                                           collection, db->p) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (is_found && read_print(&text, s, print) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (!is_same(text, print->text)) {
        print->text = apr_pstrdup(db->p, text);
        db->generation++;
        nts_sql_pgsql_forget_prepared(db);
    }
    print->bundle = s->connection->bundled ? db->begun : 0;
    *version = db->generation;
    return APR_SUCCESS;
}

/* --- our own objects */

const char *nts_sql_pgsql_entry_name(nts_sql_session_t *s, const char *collection)
{
    const nts_sql_db_t *db = s->connection->db;
    const print_t *print = apr_hash_get(db->prints, collection, APR_HASH_KEY_STRING);

    if (print && print->name) {
        return apr_pstrcat(s->ptemp, print->schema, ".", print->name, NULL);
    }
    return strchr(collection, '.') ? collection
                                   : apr_pstrcat(s->ptemp, db->home, ".", collection, NULL);
}
