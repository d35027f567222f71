/* nts_sql_children.c - what a row's delete takes along: rows whose foreign keys say ON DELETE CASCADE go, others lose their reference
 * (SET NULL, SET DEFAULT). A row that is put back from its image does not bring that back (S2.7).
 *
 * They are counted where the row is deleted: in the same transaction, after the row is locked, for whoever inserts one that refers to it
 * needs a lock of it as well. Afterwards nobody can tell. Of each key at most COUNT_MAX, and only what refers to the row itself: that is enough
 * to say that it was not alone.
 */
#include <string.h>

#include "connector/sql/nts_sql_impl.h"

#define COUNT_MAX 1000
/* So many clauses, or names of tables, are for people to read. */
#define LISTED_MAX 10

typedef struct foreign_key_t {
    const char *table; /* that has it: for people, and for statements */
    const char *sql;
    int deletes; /* 1: its rows; 0: what is in their columns; -1: the account is not told which, or neither */
    int is_own; /* it is the ask's own table */
    int may_count;
    int first; /* of its columns among the rows that tell them */
    int columns;
} foreign_key_t;

/* Of which column of the table that has it is which one of ours the reference. */
enum { OF_KEY = 0, OF_SCHEMA, OF_TABLE, OF_DELETES, OF_COLUMN, OF_PARENT, OF_IS_OWN, OF_MAY_COUNT };

static void name_table(foreign_key_t *key, const nts_sql_rows_t *rows, int row, apr_pool_t *p)
{
    const char *schema = nts_sql_text_at(rows, row, OF_SCHEMA);
    const char *name = nts_sql_string_at(rows, row, OF_TABLE);

    key->table = schema ? apr_pstrcat(p, schema, ".", name, NULL) : name;
    key->sql = schema ? apr_pstrcat(p, nts_sql_quote(schema, p), ".", nts_sql_quote(name, p), NULL)
                      : nts_sql_quote(name, p);
}

static apr_status_t read_keys(apr_array_header_t **keys, nts_sql_rows_t *rows, nts_sql_session_t *s)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "");
    foreign_key_t *key = NULL;
    int i;

    *keys = apr_array_make(s->ptemp, 4, sizeof(foreign_key_t));
    s->dialect->add_referrers(stmt, s->table);
    if (nts_sql_run(rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    for (i = 0; i < rows->count; i++) {
        if (!key || strcmp(nts_sql_string_at(rows, i, OF_KEY),
                           nts_sql_string_at(rows, key->first, OF_KEY)) != 0) {
            key = apr_array_push(*keys);
            memset(key, 0, sizeof(*key));
            name_table(key, rows, i, s->ptemp);
            key->deletes = (int)nts_sql_int_at(rows, i, OF_DELETES);
            key->is_own = nts_sql_int_at(rows, i, OF_IS_OWN) != 0;
            key->may_count = 1;
            key->first = i;
        }
        key->may_count = key->may_count && nts_sql_int_at(rows, i, OF_MAY_COUNT) != 0;
        key->columns++;
    }
    return APR_SUCCESS;
}

/* --- counting */

static nts_sql_stmt_t *count_statement(nts_sql_session_t *s, const foreign_key_t *key,
                                       const nts_sql_rows_t *rows, const char *const *parts)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "SELECT count(*) FROM (SELECT 1 FROM ");
    int i;

    nts_sql_add(stmt, s->table->sql, " AS t JOIN ", key->sql, " AS c ON ", NULL);
    for (i = 0; i < key->columns; i++) {
        nts_sql_add(stmt, i ? " AND t." : "t.", NULL); /* the referred column's collation counts */
        nts_sql_add_name(stmt, nts_sql_string_at(rows, key->first + i, OF_PARENT));
        nts_sql_add(stmt, " = c.", NULL);
        nts_sql_add_name(stmt, nts_sql_string_at(rows, key->first + i, OF_COLUMN));
    }
    nts_sql_add(stmt, " WHERE ", NULL);
    s->dialect->add_key_is(stmt, s->table, parts);
    for (i = 0; key->is_own && i < s->table->key_count; i++) { /* a row may refer to itself */
        nts_sql_add(stmt, i ? " OR c." : " AND (c.", NULL);
        nts_sql_add_name(stmt, s->table->key[i]->name);
        nts_sql_add(stmt, " <> t.", NULL);
        nts_sql_add_name(stmt, s->table->key[i]->name);
    }
    nts_sql_add(stmt, key->is_own ? ") LIMIT " : " LIMIT ", apr_itoa(s->ptemp, COUNT_MAX + 1),
                ") AS n", NULL);
    return stmt;
}

/* *count -1: the account may not look there. */
static apr_status_t count_rows(apr_int64_t *count, nts_sql_session_t *s, const foreign_key_t *key,
                               const nts_sql_rows_t *rows, const char *const *parts)
{
    nts_sql_stmt_t *stmt;
    nts_sql_rows_t counted;
    nts_sql_error_t error;

    *count = -1;
    if (!key->may_count) {
        return APR_SUCCESS;
    }
    stmt = count_statement(s, key, rows, parts);
    if (s->dialect->run(s->connection->db, apr_array_pstrcat(s->ptemp, stmt->pieces, 0),
                        (const nts_sql_cell_t *)stmt->params->elts, stmt->params->nelts, 0,
                        &counted, &error, s->ptemp) == APR_SUCCESS) {
        *count = nts_sql_int_at(&counted, 0, 0);
        return APR_SUCCESS;
    }
    /* MariaDB: the transaction goes on. */
    return error.kind == NTS_SQL_DENIED && s->dialect->is_in_transaction(s->connection->db)
               ? APR_SUCCESS
               : nts_sql_fail_with(s, &error);
}

/* A key that does neither would have kept the row from being deleted. */
static const char *clause_of(const foreign_key_t *key, apr_int64_t count, apr_pool_t *p)
{
    static const char *const fates[3][2] = {
        { "were deleted with it, or do not refer to it any more",
          "was deleted with it, or does not refer to it any more" },
        { "do not refer to it any more", "does not refer to it any more" },
        { "were deleted with it", "was deleted with it" },
    };
    const char *fate = fates[key->deletes + 1][count == 1];

    if (count < 0) {
        return apr_psprintf(p,
                            "an unknown number of rows of %s, which this account cannot count, %s",
                            key->table, fate);
    }
    if (count > COUNT_MAX) {
        return apr_psprintf(p, "more than %d rows of %s %s", COUNT_MAX, key->table, fate);
    }
    return apr_psprintf(p, "%d %s of %s %s", (int)count, count == 1 ? "row" : "rows", key->table,
                        fate);
}

/* @a listed: what the list has already; nothing is left out unsaid. */
static const char *append(const char *list, int listed, const char *item, apr_pool_t *p)
{
    if (listed > LISTED_MAX) {
        return list;
    }
    item = listed == LISTED_MAX ? "and more" : item;
    return *list ? apr_pstrcat(p, list, ", ", item, NULL) : item;
}

apr_status_t nts_sql_count_children(nts_sql_session_t *s, const char *const *parts)
{
    apr_array_header_t *keys;
    const char *taken = "";
    nts_sql_rows_t rows;
    int i, listed = 0;

    if (read_keys(&keys, &rows, s) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    for (i = 0; i < keys->nelts; i++) {
        const foreign_key_t *key = &APR_ARRAY_IDX(keys, i, foreign_key_t);
        apr_int64_t count;

        if (count_rows(&count, s, key, &rows, parts) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
        if (count) {
            taken = append(taken, listed++, clause_of(key, count, s->ptemp), s->ptemp);
        }
    }
    s->answer->taken = apr_pstrdup(s->p, taken);
    return APR_SUCCESS;
}

apr_status_t nts_sql_name_referrers(nts_sql_session_t *s)
{
    apr_array_header_t *keys;
    const char *last = "";
    const char *names = "";
    nts_sql_rows_t rows;
    int i, listed = 0;

    if (read_keys(&keys, &rows, s) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    for (i = 0; i < keys->nelts; i++) {
        const char *table = APR_ARRAY_IDX(keys, i, foreign_key_t).table;

        if (strcmp(last, table) != 0) {
            names = append(names, listed++, table, s->ptemp);
        }
        last = table;
    }
    s->answer->referrers = apr_pstrdup(s->p, names);
    return APR_SUCCESS;
}
