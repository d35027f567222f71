/* nts_sql_pgsql.c - PostgreSQL as a dialect: the session and its statements.
 *
 * One session per connection, used by the helper thread alone. It changes settings of its own session only, so that
 * texts of values mean the same whatever the server, the role or the database was told to prefer.
 */
#include <poll.h>
#include <string.h>

#include "base/nts_str.h"
#include "connector/sql/nts_sql_watch.h"
#include "connector/sql/pgsql/nts_sql_pgsql.h"

/* The server ends a statement before we give it up, so that nothing of ours goes on there unattended. */
#define CONNECT_WAIT apr_time_from_sec(5)
#define STATEMENT_WAIT apr_time_from_sec(15)
#define SETTINGS                                                                                   \
    "SET statement_timeout = '12s'; SET lock_timeout = '2s'; "                                     \
    "SET idle_in_transaction_session_timeout = '60s'; SET TimeZone = 'UTC'; "                      \
    "SET DateStyle = 'ISO, MDY'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 1; "     \
    "SET bytea_output = 'hex'; SET standard_conforming_strings = on; "                             \
    "SET default_transaction_read_only = off; SET client_min_messages = 'error'"
#define OLDEST 130000
#define BEGIN_WRITE "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"

#define KEPT_MAX 64
#define KEPT_LENGTH_MAX 4096
#define PARAMS_MAX 65535

static const char *placeholder(int number, apr_pool_t *p)
{
    return apr_psprintf(p, "$%d", number);
}

/* --- the session */

static apr_status_t refuse(nts_sql_error_t *error, PGconn *conn, nts_sql_class_t kind,
                           const char *words)
{
    memset(error, 0, sizeof(*error));
    error->kind = kind;
    error->words = words;
    PQfinish(conn);
    return APR_EGENERAL;
}

/* Where our objects are, or else where this role may make them. */
static const char find_home[] =
    "SELECT coalesce((SELECT n.nspname FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace "
    "AS n "
    "ON n.oid = c.relnamespace WHERE c.oid = to_regclass('_notionsync_instance')), "
    "(SELECT s.name FROM unnest(current_schemas(false)) WITH ORDINALITY AS s(name, n) "
    "WHERE has_schema_privilege(s.name, 'CREATE') ORDER BY s.n LIMIT 1), current_schema())";

static apr_status_t look_around(nts_sql_db_t *db, nts_sql_error_t *error, apr_pool_t *p)
{
    nts_sql_rows_t rows;
    const char *home;

    if (nts_sql_pgsql_run(db, find_home, NULL, 0, 0, &rows, error, p) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    home = rows.count == 1 ? nts_sql_text_of(&rows.cells[0]) : NULL;
    db->home = home ? home : "public";
    return APR_SUCCESS;
}

static void close_session(nts_sql_db_t *db)
{
    PQfinish(db->conn);
    db->conn = NULL;
}

static apr_status_t open_session(nts_sql_db_t **db, const char *database, const char *secret,
                                 nts_sql_error_t *error, apr_pool_t *p)
{
    PGconn *conn = nts_sql_pgsql_connect(database, secret, CONNECT_WAIT, -1);
    nts_sql_db_t *made;

    *db = NULL;
    if (!conn) {
        return refuse(error, NULL, NTS_SQL_BUSY, "no memory");
    }
    if (PQstatus(conn) == CONNECTION_BAD) {
        (void)nts_sql_pgsql_fail(error, conn, NULL, p);
        PQfinish(conn);
        return APR_EGENERAL;
    }
    if (PQstatus(conn) != CONNECTION_OK) {
        return refuse(error, conn, NTS_SQL_UNREACHABLE, "the server did not answer in time");
    }
    if (PQserverVersion(conn) < OLDEST) {
        return refuse(error, conn, NTS_SQL_UNREACHABLE,
                      "the server is older than PostgreSQL 13, which is the first that will do");
    }
    if (!nts_sql_pgsql_say(conn, SETTINGS, STATEMENT_WAIT, -1)) {
        (void)nts_sql_pgsql_fail(error, conn, NULL, p);
        PQfinish(conn);
        return APR_EGENERAL;
    }
    made = apr_pcalloc(p, sizeof(*made));
    made->conn = conn;
    made->p = p;
    made->prints = apr_hash_make(p);
    made->lists = apr_hash_make(p);
    apr_pool_create(&made->prepared_pool, p);
    made->prepared = apr_hash_make(made->prepared_pool);
    if (look_around(made, error, p) != APR_SUCCESS) {
        PQfinish(conn);
        return APR_EGENERAL;
    }
    *db = made;
    return APR_SUCCESS;
}

/* A server that went away since the last ask is noticed here, before anything depends on it. Its last words, which come
 * before the end of the connection, are read first. */
static int is_current(nts_sql_db_t *db)
{
    struct pollfd fd = { PQsocket(db->conn), POLLIN, 0 };
    int i;

    for (i = 0; i < 8 && PQstatus(db->conn) == CONNECTION_OK && poll(&fd, 1, 0) > 0; i++) {
        if (!PQconsumeInput(db->conn)) {
            return 0;
        }
    }
    return PQstatus(db->conn) == CONNECTION_OK;
}

static int is_in_transaction(nts_sql_db_t *db)
{
    PGTransactionStatusType state = PQtransactionStatus(db->conn);

    return state == PQTRANS_INTRANS || state == PQTRANS_INERROR || state == PQTRANS_ACTIVE;
}

/* --- parameters and results; all of them travel as texts, whose types the server infers */

static const char *param_text(const nts_sql_cell_t *cell, apr_pool_t *p)
{
    const char *text = NULL;

    switch (cell->kind) {
    case NTS_SQL_INTEGER:
        return apr_psprintf(p, "%" APR_INT64_T_FMT, cell->integer);
    case NTS_SQL_REAL:
        if (nts_decimal_from_double(&text, cell->real, p) != APR_SUCCESS) {
            text = cell->real < 0 ? "-Infinity" : "Infinity";
        }
        return text;
    case NTS_SQL_TEXT:
        return cell->bytes;
    case NTS_SQL_BLOB:
        return apr_pstrcat(p, "\\x", nts_hex_text((const unsigned char *)cell->bytes, cell->len, p),
                           NULL);
    case NTS_SQL_NULL:
    default:
        return NULL;
    }
}

static void text_cell(nts_sql_cell_t *cell, const char *bytes, apr_size_t len, apr_pool_t *p)
{
    cell->kind = NTS_SQL_TEXT;
    cell->len = len;
    cell->bytes = len > NTS_SQL_CELL_MAX ? NULL : apr_pstrmemdup(p, bytes, len);
}

static void real_cell(nts_sql_cell_t *cell, const char *text, apr_size_t len, apr_pool_t *p)
{
    const char *normal;

    cell->kind = NTS_SQL_REAL;
    if (nts_decimal_normalise(&normal, text, p) != APR_SUCCESS ||
        nts_decimal_to_double(&cell->real, normal) != APR_SUCCESS) {
        text_cell(cell, text, len, p); /* NaN, Infinity */
    }
}

static void array_cell(nts_sql_cell_t *cell, const char *text, apr_size_t len, apr_pool_t *p)
{
    const char *json = nts_sql_pgsql_array_to_json(text, p);

    text_cell(cell, json ? json : text, json ? strlen(json) : len, p);
}

void nts_sql_pgsql_note_list(nts_sql_db_t *db, int oid)
{
    if (!apr_hash_get(db->lists, &oid, sizeof(oid))) {
        apr_hash_set(db->lists, apr_pmemdup(db->p, &oid, sizeof(oid)), sizeof(oid), db);
    }
}

static void other_cell(nts_sql_cell_t *cell, const nts_sql_db_t *db, int oid, const char *text,
                       apr_size_t len, apr_pool_t *p)
{
    if (*text == '{' && apr_hash_get(db->lists, &oid, sizeof(oid))) {
        array_cell(cell, text, len, p);
    }
    else {
        text_cell(cell, text, len, p);
    }
}

static apr_size_t take_cell(nts_sql_cell_t *cell, const nts_sql_db_t *db, const PGresult *result,
                            int row, int column, apr_pool_t *p)
{
    const char *text = PQgetvalue(result, row, column);
    apr_size_t len = (apr_size_t)PQgetlength(result, row, column);

    memset(cell, 0, sizeof(*cell));
    if (PQgetisnull(result, row, column)) {
        return sizeof(*cell);
    }
    switch (PQftype(result, column)) {
    case NTS_SQL_PGSQL_BOOL:
        cell->kind = NTS_SQL_INTEGER;
        cell->integer = *text == 't';
        break;
    case NTS_SQL_PGSQL_INT2:
    case NTS_SQL_PGSQL_INT4:
    case NTS_SQL_PGSQL_INT8:
    case NTS_SQL_PGSQL_OID:
        cell->kind = NTS_SQL_INTEGER;
        (void)nts_int_parse(&cell->integer, text, APR_INT64_MIN, APR_INT64_MAX);
        break;
    case NTS_SQL_PGSQL_FLOAT4:
    case NTS_SQL_PGSQL_FLOAT8:
        real_cell(cell, text, len, p);
        break;
    case NTS_SQL_PGSQL_BPCHAR:
        for (; len > 0 && text[len - 1] == ' '; len--) {
            /* padding, which belongs to the type and not to the value */
        }
        text_cell(cell, text, len, p);
        break;
    default:
        other_cell(cell, db, (int)PQftype(result, column), text, len, p);
        break;
    }
    return sizeof(*cell) + (cell->kind == NTS_SQL_TEXT ? cell->len : 0);
}

/* --- running */

/* What a statement has answered so far. */
typedef struct taking_t {
    nts_sql_rows_t *rows;
    apr_array_header_t *cells;
    apr_size_t bytes;
    apr_size_t max_bytes;
    int has_failed;
} taking_t;

static void take_rows(taking_t *t, const nts_sql_db_t *db, const PGresult *result, apr_pool_t *p)
{
    int count = PQntuples(result);
    int row;
    int i;

    t->rows->columns = PQnfields(result);
    for (row = 0; row < count; row++) {
        if (t->max_bytes && t->bytes > t->max_bytes) {
            t->rows->cut = 1; /* the rest is dropped as it comes */
            return;
        }
        for (i = 0; i < t->rows->columns; i++) {
            t->bytes += take_cell(apr_array_push(t->cells), db, result, row, i, p);
        }
        t->rows->count++;
    }
}

static void take_result(taking_t *t, nts_sql_db_t *db, const PGresult *result, const char *sql,
                        nts_sql_error_t *error, apr_pool_t *p)
{
    const char *tag = PQcmdTuples((PGresult *)result);

    switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_SINGLE_TUPLE:
        take_rows(t, db, result, p);
        if (nts_int_parse(&t->rows->affected, tag, 0, APR_INT64_MAX) != APR_SUCCESS) {
            t->rows->affected = 0;
        }
        break;
    default:
        if (!t->has_failed) {
            t->has_failed = 1;
            (void)nts_sql_pgsql_fail(error, db->conn, result, p);
        }
        return;
    }
    /* COMMIT of a transaction that has failed is no error there, but undoes it. */
    if (strcmp(sql, "COMMIT") == 0 && strcmp(PQcmdStatus((PGresult *)result), "COMMIT") != 0) {
        t->has_failed = 1;
        memset(error, 0, sizeof(*error));
        error->kind = NTS_SQL_BUSY;
        error->words = "the transaction was undone";
    }
}

static apr_status_t receive(nts_sql_db_t *db, const char *sql, apr_size_t max_bytes,
                            nts_sql_rows_t *rows, nts_sql_error_t *error, apr_pool_t *p)
{
    apr_time_t deadline = nts_sql_pgsql_mono() + STATEMENT_WAIT;
    taking_t t = { rows, apr_array_make(p, 16, sizeof(nts_sql_cell_t)), 0, max_bytes, 0 };
    PGresult *result;
    int is_late;

    if (max_bytes) {
        (void)PQsetSingleRowMode(db->conn);
    }
    while ((result = nts_sql_pgsql_result(db->conn, deadline, -1, &is_late)) != NULL) {
        take_result(&t, db, result, sql, error, p);
        PQclear(result);
    }
    rows->cells = (const nts_sql_cell_t *)t.cells->elts;
    if (is_late) {
        memset(error, 0, sizeof(*error));
        error->kind = NTS_SQL_UNREACHABLE;
        error->words = "the server did not answer in time";
        error->reopen = 1;
        error->is_unanswered = 1;
        return APR_EGENERAL;
    }
    if (!t.has_failed && PQstatus(db->conn) != CONNECTION_OK) {
        t.has_failed = 1;
        (void)nts_sql_pgsql_fail(error, db->conn, NULL, p);
    }
    return t.has_failed ? APR_EGENERAL : APR_SUCCESS;
}

void nts_sql_pgsql_forget_prepared(nts_sql_db_t *db)
{
    nts_sql_rows_t rows = { 0 };
    nts_sql_error_t error;

    if (apr_hash_count(db->prepared) > 0) {
        apr_pool_clear(db->prepared_pool);
        db->prepared = apr_hash_make(db->prepared_pool);
        if (PQsendQuery(db->conn, "DEALLOCATE ALL")) {
            (void)receive(db, "", 0, &rows, &error, db->prepared_pool);
        }
    }
}

/* Planning what the connector says again and again takes the server as long as doing it. */
static int is_kept(const char *sql)
{
    return (strncmp(sql, "SELECT ", 7) == 0 || strncmp(sql, "INSERT ", 7) == 0 ||
            strncmp(sql, "UPDATE ", 7) == 0 || strncmp(sql, "DELETE ", 7) == 0) &&
           strlen(sql) < KEPT_LENGTH_MAX;
}

/* *name NULL without failure: it is not to be kept. */
static apr_status_t prepare(const char **name, nts_sql_db_t *db, const char *sql,
                            nts_sql_error_t *error, apr_pool_t *p)
{
    nts_sql_rows_t rows = { 0 };

    *name = NULL;
    if (!is_kept(sql)) {
        return APR_SUCCESS;
    }
    *name = apr_hash_get(db->prepared, sql, APR_HASH_KEY_STRING);
    if (*name) {
        return APR_SUCCESS;
    }
    if (apr_hash_count(db->prepared) >= KEPT_MAX) {
        nts_sql_pgsql_forget_prepared(db);
    }
    *name = apr_psprintf(db->prepared_pool, "n%u", ++db->prepared_count);
    if (!PQsendPrepare(db->conn, *name, sql, 0, NULL)) {
        return nts_sql_pgsql_fail(error, db->conn, NULL, p);
    }
    if (receive(db, "", 0, &rows, error, p) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    apr_hash_set(db->prepared, apr_pstrdup(db->prepared_pool, sql), APR_HASH_KEY_STRING, *name);
    return APR_SUCCESS;
}

apr_status_t nts_sql_pgsql_run(nts_sql_db_t *db, const char *sql, const nts_sql_cell_t *params,
                               int count, apr_size_t max_bytes, nts_sql_rows_t *rows,
                               nts_sql_error_t *error, apr_pool_t *p)
{
    const char **values = apr_palloc(p, ((apr_size_t)count + 1) * sizeof(*values));
    const char *name;
    int sent;
    int i;

    memset(rows, 0, sizeof(*rows));
    memset(error, 0, sizeof(*error));
    for (i = 0; i < count; i++) {
        values[i] = param_text(&params[i], p);
    }
    db->begun += strncmp(sql, "BEGIN ", 6) == 0;
    if (prepare(&name, db, sql, error, p) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (name) {
        sent = PQsendQueryPrepared(db->conn, name, count, values, NULL, NULL, 0);
    }
    else if (count > 0) {
        sent = PQsendQueryParams(db->conn, sql, count, NULL, values, NULL, NULL, 0);
    }
    else {
        sent = PQsendQuery(db->conn, sql);
    }
    if (!sent) {
        return nts_sql_pgsql_fail(error, db->conn, NULL, p);
    }
    return receive(db, sql, max_bytes, rows, error, p);
}

const nts_sql_dialect_t nts_sql_pgsql = {
    .driver = "pgsql",
    .entry_number = "number",
    .entry_table = "tbl",
    .begin_read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    .begin_write = BEGIN_WRITE,
    .own_entries = "xid = pg_current_xact_id()",
    .words = nts_sql_pgsql_words,
    .unwatched = &nts_sql_pgsql_unwatched,
    .open_pause = apr_time_from_sec(8),
    .open = open_session,
    .close = close_session,
    .is_current = is_current,
    .is_in_transaction = is_in_transaction,
    .run = nts_sql_pgsql_run,
    .commit_token = nts_sql_pgsql_commit_token,
    .schema_version = nts_sql_pgsql_schema_version,
    .placeholder = placeholder,
    .describe = nts_sql_pgsql_describe,
    .find_missing_right = nts_sql_pgsql_find_missing_right,
    .has_keyless = nts_sql_has_keyless,
    .count_objects = "SELECT num_nonnulls(to_regclass('_notionsync_instance'), "
                     "to_regclass('_notionsync_table'), to_regclass('_notionsync_change'), "
                     "to_regclass('_notionsync_intent'))",
    .select_state = "SELECT i.id, i.version, i.counter, t.tbl IS NOT NULL, coalesce(t.pruned, 0), "
                    "(SELECT CASE WHEN is_called THEN last_value ELSE 0 END "
                    "FROM _notionsync_change_id_seq) FROM _notionsync_instance AS i "
                    "LEFT JOIN _notionsync_table AS t ON t.tbl = ",
    .entry_name = nts_sql_pgsql_entry_name,
    .add_key_columns = nts_sql_pgsql_add_key_columns,
    .add_key_is = nts_sql_pgsql_add_key_is,
    .add_key_after = nts_sql_pgsql_add_key_after,
    .key_column = nts_sql_pgsql_key_column,
    .add_stored_key = nts_sql_pgsql_add_stored_key,
    .lock_row = nts_sql_pgsql_lock_row,
    .add_holds = nts_sql_pgsql_add_holds,
    .add_referrers = nts_sql_pgsql_add_referrers,
    .insert = nts_sql_pgsql_insert,
    .update = nts_sql_pgsql_update,
    .add_changes = nts_sql_pgsql_add_changes,
    .add_witness = nts_sql_pgsql_add_witness,
    .change_image = nts_sql_pgsql_change_image,
    .begin_provision = BEGIN_WRITE "; SELECT pg_advisory_xact_lock(7957145012)",
    .name_max = 63,
    .name_in_bytes = 1,
    .if_no_column = "IF NOT EXISTS ",
    .has_lists = 1,
    .make_column = nts_sql_pgsql_make_column,
    .make_table = nts_sql_pgsql_make_table,
    .objects = nts_sql_pgsql_objects,
    .installed_objects = nts_sql_pgsql_installed,
    .plan_table_removal = nts_sql_pgsql_plan_table_removal,
    .plan_shared_removal = nts_sql_pgsql_plan_shared_removal,
    .enrol = nts_sql_pgsql_enrol,
    .new_instance = nts_sql_pgsql_new_instance,
    .missed = nts_sql_pgsql_missed,
    .now = NTS_SQL_PGSQL_NOW,
    .watch_open = nts_sql_pgsql_watch_open,
    .watch_descriptor = nts_sql_watch_descriptor,
    .watch_drain = nts_sql_watch_drain,
    .watch_close = nts_sql_watch_close,
};
