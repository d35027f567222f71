/* nts_stmt.c - prepared statements: prepared on first use, bound in binary, read strictly. */
#include <string.h>

#include "base/nts_str.h"
#include "db/nts_db_impl.h"

typedef struct prepared_t {
    apr_dbd_prepared_t *statement;
    int count;                /* of placeholders */
    char kinds[NTS_ARGS_MAX]; /* nts_arg_t.kind of each */
} prepared_t;

/* The placeholders' kinds, read as apr_dbd_prepare reads them (D23). */
static apr_status_t read_kinds(prepared_t *prepared, const char *sql)
{
    const char *c;

    for (c = strchr(sql, '%'); c; c = strchr(c, '%')) {
        int kind;

        if (strncmp(c, "%%", 2) == 0) {
            c += 2;
            continue;
        }
        if (strncmp(c, "%lld", 4) == 0) {
            kind = NTS_ARG_INT;
            c += 4;
        }
        else if (strncmp(c, "%s", 2) == 0) {
            kind = NTS_ARG_TEXT;
            c += 2;
        }
        else {
            return APR_EINVAL;
        }
        if (prepared->count == NTS_ARGS_MAX) {
            return APR_EINVAL;
        }
        prepared->kinds[prepared->count++] = (char)kind;
    }
    return APR_SUCCESS;
}

static apr_status_t prepare(prepared_t **pprepared, nts_db_t *db, const nts_stmt_t *stmt)
{
    prepared_t *prepared = apr_hash_get(db->prepared, &stmt, sizeof(stmt));
    apr_status_t rv;

    *pprepared = prepared;
    if (prepared) {
        return APR_SUCCESS;
    }
    prepared = apr_pcalloc(db->conn, sizeof(*prepared));
    rv = read_kinds(prepared, stmt->sql);
    if (rv != APR_SUCCESS) {
        (void)nts_db_fail(db, rv, "a placeholder that is neither %lld nor %s");
        return rv;
    }
    rv = nts_db_note(db, apr_dbd_prepare(db->driver, db->conn, db->handle, stmt->sql, NULL,
                                         &prepared->statement));
    if (rv == APR_SUCCESS) {
        apr_hash_set(db->prepared, apr_pmemdup(db->conn, &stmt, sizeof(stmt)), sizeof(stmt),
                     prepared);
        *pprepared = prepared;
    }
    return rv;
}

/* D18: only the binary functions bind numbers as numbers; D19: with texts and numbers only, a NULL
 * pointer is NULL and shifts nothing. */
static apr_status_t bind_args(const void **values, nts_db_t *db, const prepared_t *prepared,
                              const nts_arg_t *args, int count)
{
    int i;

    if (count != prepared->count) {
        return nts_db_fail(db, APR_EINVAL, "wrong number of arguments");
    }
    for (i = 0; i < count; i++) {
        if ((int)args[i].kind != prepared->kinds[i]) {
            return nts_db_fail(db, APR_EINVAL, "an argument of the wrong kind");
        }
        values[i] = args[i].kind == NTS_ARG_INT ? (const void *)&args[i].number : args[i].text;
    }
    return APR_SUCCESS;
}

/* Prepares and binds; the caller runs. */
static apr_status_t get_ready(prepared_t **prepared, const void **values, nts_db_t *db,
                              const nts_stmt_t *stmt, const nts_arg_t *args, int count)
{
    apr_status_t rv = nts_db_ready(db);

    if (rv == APR_SUCCESS) {
        rv = prepare(prepared, db, stmt);
    }
    if (rv == APR_SUCCESS) {
        rv = bind_args(values, db, *prepared, args, count);
    }
    return rv;
}

apr_status_t nts_db_exec(int *changed, nts_db_t *db, const nts_stmt_t *stmt, const nts_arg_t *args,
                         int count)
{
    const void *values[NTS_ARGS_MAX];
    prepared_t *prepared;
    int rows = 0; /* D5 */
    int tries;
    apr_status_t rv = APR_EGENERAL;

    if (changed) {
        *changed = 0;
    }
    for (tries = 0; tries < 2; tries++) {
        rv = get_ready(&prepared, values, db, stmt, args, count);
        if (rv == APR_SUCCESS) {
            rv = nts_db_note(db, apr_dbd_pbquery(db->driver, db->conn, db->handle, &rows,
                                                 prepared->statement, values));
        }
        /* Stale means that it did not run (D3). */
        if (rv != APR_EAGAIN || db->txn) {
            break;
        }
    }
    if (rv == APR_SUCCESS && changed) {
        *changed = rows;
    }
    return rv;
}

apr_status_t nts_db_select(nts_rows_t *rows, nts_db_t *db, const nts_stmt_t *stmt,
                           const nts_arg_t *args, int count, apr_pool_t *p)
{
    const void *values[NTS_ARGS_MAX];
    prepared_t *prepared;
    int tries;
    apr_status_t rv = APR_EGENERAL;

    memset(rows, 0, sizeof(*rows));
    rows->db = db;
    rows->p = p;
    for (tries = 0; tries < 2; tries++) {
        rv = get_ready(&prepared, values, db, stmt, args, count);
        if (rv == APR_SUCCESS) {
            rows->results = NULL;
            rv = nts_db_note(db, apr_dbd_pbselect(db->driver, p, db->handle, &rows->results,
                                                  prepared->statement, 0, values));
        }
        if (rv != APR_EAGAIN || db->txn) {
            break;
        }
    }
    if (rv != APR_SUCCESS) {
        rows->results = NULL;
    }
    return rv;
}

int nts_rows_next(nts_rows_t *rows)
{
    /* D22: to the end, and the row is never reset in between. */
    return rows->results &&
           apr_dbd_get_row(rows->db->driver, rows->p, rows->results, &rows->row, -1) == 0;
}

const char *nts_rows_text(nts_rows_t *rows, int column)
{
    const char *text = NULL;

    /* D22: get_entry cannot tell NULL from "" with every driver. */
    if (apr_dbd_datum_get(rows->db->driver, rows->row, column, APR_DBD_TYPE_STRING, &text) !=
        APR_SUCCESS) {
        return NULL;
    }
    return text;
}

apr_int64_t nts_rows_int(nts_rows_t *rows, int column)
{
    const char *text = nts_rows_text(rows, column);
    apr_int64_t value = 0;

    /* D20: the driver would read "12abc" as 12 and "" as 0. */
    if (text && nts_int_parse(&value, text, INT64_MIN, INT64_MAX) != APR_SUCCESS) {
        rows->problem = APR_EMISMATCH;
        return 0;
    }
    return value;
}

apr_status_t nts_db_get_int(apr_int64_t *value, nts_db_t *db, const nts_stmt_t *stmt,
                            const nts_arg_t *args, int count, apr_pool_t *ptemp)
{
    nts_rows_t rows;
    apr_status_t rv;

    *value = 0;
    rv = nts_db_select(&rows, db, stmt, args, count, ptemp);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!nts_rows_next(&rows) || !nts_rows_text(&rows, 0)) {
        return APR_ENOENT;
    }
    *value = nts_rows_int(&rows, 0);
    return rows.problem;
}

static const nts_stmt_t last_id = { "SELECT last_insert_rowid()" };

apr_status_t nts_db_last_id(apr_int64_t *id, nts_db_t *db, apr_pool_t *ptemp)
{
    return nts_db_get_int(id, db, &last_id, NTS_NO_ARGS, ptemp);
}
