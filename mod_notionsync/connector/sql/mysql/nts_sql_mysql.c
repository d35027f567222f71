/* nts_sql_mysql.c - MariaDB as a dialect: statements, and the table of functions. */
#include <string.h>

#include "connector/sql/mysql/nts_sql_mysql.h"
#include "connector/sql/nts_sql_watch.h"

#define KEPT_MAX 64
#define KEPT_LENGTH_MAX 4096

/* Not READ ONLY: which columns of a view can be written only a statement tells that would write (nts_sql_mysql_unwatched.c). */
static const char begin_read[] = "START TRANSACTION";
static const char begin_write[] = "START TRANSACTION READ WRITE";

static const char *placeholder(int number, apr_pool_t *p)
{
    (void)number;
    (void)p;
    return "?";
}

/* An error's packet does not say whether the transaction goes on; and DDL, which ends it, does no harm to what comes after. */
static int is_in_transaction(nts_sql_db_t *db)
{
    return db->in_transaction;
}

static apr_status_t fail(nts_sql_db_t *db, nts_sql_error_t *error, unsigned int code,
                         const char *words, apr_pool_t *p)
{
    (void)nts_sql_mysql_fail(error, code, words, p);
    if (nts_sql_mysql_undoes(code) || error->kind == NTS_SQL_UNREACHABLE) {
        db->in_transaction = 0;
    }
    return APR_EGENERAL;
}

/* --- statements without parameters and rows: transactions and DDL */

static apr_status_t say(nts_sql_db_t *db, const char *sql, nts_sql_error_t *error, apr_pool_t *p)
{
    if (mysql_real_query(db->mysql, sql, strlen(sql)) != 0) {
        return fail(db, error, mysql_errno(db->mysql), mysql_error(db->mysql), p);
    }
    return APR_SUCCESS;
}

static apr_status_t run_text(nts_sql_db_t *db, const char *sql, nts_sql_error_t *error,
                             apr_pool_t *p)
{
    /* One snapshot for all that is read; sessions have another level, for writing. */
    if (strcmp(sql, begin_read) == 0 &&
        say(db, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", error, p) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (say(db, sql, error, p) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (strncmp(sql, "START ", 6) == 0) {
        db->in_transaction = 1;
    }
    else if (strcmp(sql, "COMMIT") == 0 || strcmp(sql, "ROLLBACK") == 0) {
        db->in_transaction = 0;
    }
    return APR_SUCCESS;
}

/* --- the others */

void nts_sql_mysql_forget_prepared(nts_sql_db_t *db)
{
    apr_hash_index_t *hi;

    for (hi = apr_hash_first(NULL, db->prepared); hi; hi = apr_hash_next(hi)) {
        (void)mysql_stmt_close(apr_hash_this_val(hi));
    }
    apr_pool_clear(db->prepared_pool);
    db->prepared = apr_hash_make(db->prepared_pool);
}

static int has_rows(const char *sql)
{
    return strncmp(sql, "SELECT ", 7) == 0 || strncmp(sql, "SHOW ", 5) == 0;
}

/* Compiling what the connector says again and again takes the server as long as doing it. *is_kept 0: to be closed. */
static MYSQL_STMT *prepare(int *is_kept, nts_sql_db_t *db, const char *sql, nts_sql_error_t *error,
                           apr_pool_t *p)
{
    MYSQL_STMT *stmt = apr_hash_get(db->prepared, sql, APR_HASH_KEY_STRING);

    *is_kept = stmt || strlen(sql) < KEPT_LENGTH_MAX;
    if (stmt) {
        return stmt;
    }
    if (*is_kept && apr_hash_count(db->prepared) >= KEPT_MAX) {
        nts_sql_mysql_forget_prepared(db);
    }
    stmt = mysql_stmt_init(db->mysql);
    if (!stmt) {
        (void)fail(db, error, mysql_errno(db->mysql), "no memory", p);
        return NULL;
    }
    if (mysql_stmt_prepare(stmt, sql, strlen(sql)) != 0) {
        (void)fail(db, error, mysql_stmt_errno(stmt), mysql_stmt_error(stmt), p);
        (void)mysql_stmt_close(stmt);
        return NULL;
    }
    if (*is_kept) {
        apr_hash_set(db->prepared, apr_pstrdup(db->prepared_pool, sql), APR_HASH_KEY_STRING, stmt);
    }
    return stmt;
}

/* Zero: failed in the middle. */
static int fetch(nts_sql_rows_t *rows, MYSQL_STMT *stmt, const MYSQL_RES *meta,
                 apr_size_t max_bytes, apr_pool_t *p)
{
    apr_array_header_t *cells = apr_array_make(p, 64, sizeof(nts_sql_cell_t));
    nts_sql_mysql_result_t *result;
    apr_size_t bytes = 0;
    int status;
    int i;

    if (!nts_sql_mysql_expect(&result, stmt, meta, p)) {
        return 0;
    }
    rows->columns = (int)mysql_num_fields((MYSQL_RES *)meta);
    while ((status = mysql_stmt_fetch(stmt)) == 0 || status == MYSQL_DATA_TRUNCATED) {
        if (max_bytes && bytes > max_bytes) {
            rows->cut = 1; /* the rest is dropped as it comes */
            break;
        }
        for (i = 0; i < rows->columns; i++) {
            (void)apr_array_push(cells);
        }
        bytes += nts_sql_mysql_take_row(
            (nts_sql_cell_t *)cells->elts + rows->count++ * rows->columns, result, stmt, p);
    }
    rows->cells = (const nts_sql_cell_t *)cells->elts;
    return status != 1;
}

static int execute(MYSQL_STMT *stmt, const nts_sql_cell_t *params, int count, apr_size_t max_bytes,
                   nts_sql_rows_t *rows, apr_pool_t *p)
{
    MYSQL_RES *meta;
    int is_fine;

    if (!nts_sql_mysql_bind(stmt, params, count, p) || mysql_stmt_execute(stmt) != 0) {
        return 0;
    }
    meta = mysql_stmt_result_metadata(stmt);
    if (!meta) {
        rows->affected = (apr_int64_t)mysql_stmt_affected_rows(stmt);
        return 1;
    }
    is_fine = fetch(rows, stmt, meta, max_bytes, p);
    mysql_free_result(meta);
    return is_fine && mysql_stmt_free_result(stmt) == 0;
}

apr_status_t nts_sql_mysql_run(nts_sql_db_t *db, const char *sql, const nts_sql_cell_t *params,
                               int count, apr_size_t max_bytes, nts_sql_rows_t *rows,
                               nts_sql_error_t *error, apr_pool_t *p)
{
    apr_status_t rv = APR_SUCCESS;
    MYSQL_STMT *stmt;
    int is_kept;

    memset(rows, 0, sizeof(*rows));
    memset(error, 0, sizeof(*error));
    if (count == 0 && !has_rows(sql) && !strstr(sql, " RETURNING ")) {
        return run_text(db, sql, error, p);
    }
    stmt = prepare(&is_kept, db, sql, error, p);
    if (!stmt) {
        return APR_EGENERAL;
    }
    if (!execute(stmt, params, count, max_bytes, rows, p)) {
        /* What fails between two rows is told with the session only. */
        rv = mysql_stmt_errno(stmt)
                 ? fail(db, error, mysql_stmt_errno(stmt), mysql_stmt_error(stmt), p)
                 : fail(db, error, mysql_errno(db->mysql), mysql_error(db->mysql), p);
        (void)mysql_stmt_free_result(stmt);
    }
    if (!is_kept) {
        (void)mysql_stmt_close(stmt);
    }
    return rv;
}

const nts_sql_dialect_t nts_sql_mysql = {
    .driver = "mysql",
    .entry_number = "number",
    .entry_table = "tbl",
    .begin_read = begin_read,
    .begin_write = begin_write,
    .own_entries = "conn = CONNECTION_ID()",
    .words = nts_sql_mysql_words,
    .unwatched = &nts_sql_mysql_unwatched,
    .delete_from = "DELETE t FROM ",
    .script_begin = nts_sql_mysql_script,
    .script_next = "$$\n",
    .script_end = "DELIMITER ;\n",
    .open_pause = apr_time_from_sec(8),
    .check = nts_sql_mysql_check,
    .open = nts_sql_mysql_open,
    .close = nts_sql_mysql_close,
    .is_current = nts_sql_mysql_is_current,
    .is_in_transaction = is_in_transaction,
    .run = nts_sql_mysql_run,
    .commit_token = nts_sql_mysql_commit_token,
    .schema_version = nts_sql_mysql_schema_version,
    .placeholder = placeholder,
    .describe = nts_sql_mysql_describe,
    .find_missing_right = nts_sql_mysql_find_missing_right,
    .has_keyless = nts_sql_has_keyless,
    /* In a write each statement sees what is committed by then, and our own. So whatever we make after the last of these numbers was read
     * has a higher id than all that it saw; entries of others may have, too, which is why own_entries names the session. */
    .count_objects =
        "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND "
        "TABLE_NAME IN ('_notionsync_instance', '_notionsync_table', '_notionsync_change', "
        "'_notionsync_intent')",
    .select_state = "SELECT i.id, i.version, i.counter, t.tbl IS NOT NULL, COALESCE(t.pruned, 0), "
                    "(SELECT COALESCE(MAX(c.id), 0) FROM _notionsync_change AS c) "
                    "FROM _notionsync_instance AS i "
                    "LEFT JOIN _notionsync_table AS t ON t.tbl = ",
    .entry_name = nts_sql_mysql_entry_name,
    .add_key_columns = nts_sql_mysql_add_key_columns,
    .add_key_is = nts_sql_mysql_add_key_is,
    .add_key_after = nts_sql_mysql_add_key_after,
    .key_column = nts_sql_mysql_key_column,
    .add_stored_key = nts_sql_mysql_add_stored_key,
    .lock_row = nts_sql_mysql_lock_row,
    .add_holds = nts_sql_mysql_add_holds,
    .add_referrers = nts_sql_mysql_add_referrers,
    .insert = nts_sql_mysql_insert,
    .update = nts_sql_mysql_update,
    .add_changes = nts_sql_mysql_add_changes,
    .add_witness = nts_sql_mysql_add_witness,
    .mark_entries = nts_sql_mysql_mark_entries,
    .delete_entries = nts_sql_mysql_delete_entries,
    .prune_intents = nts_sql_mysql_prune_intents,
    .change_image = nts_sql_mysql_change_image,
    .lock = "SELECT GET_LOCK(CONCAT('_notionsync_', MD5(DATABASE())), 10)",
    .unlock = "SELECT RELEASE_LOCK(CONCAT('_notionsync_', MD5(DATABASE())))",
    .name_max = 64,
    .if_no_column = "IF NOT EXISTS ",
    .table_options = " ENGINE=InnoDB ROW_FORMAT=DYNAMIC CHARACTER SET utf8mb4",
    .make_column = nts_sql_mysql_make_column,
    .make_table = nts_sql_mysql_make_table,
    .objects = nts_sql_mysql_objects,
    .installed_objects = nts_sql_mysql_installed,
    .plan_table_removal = nts_sql_mysql_plan_table_removal,
    .plan_shared_removal = nts_sql_mysql_plan_shared_removal,
    .enrol = nts_sql_mysql_enrol,
    .new_instance = nts_sql_mysql_new_instance,
    .missed = nts_sql_mysql_missed,
    .now = NTS_SQL_MYSQL_NOW,
    .watch_open = nts_sql_mysql_watch_open,
    .watch_descriptor = nts_sql_watch_descriptor,
    .watch_drain = nts_sql_watch_drain,
    .watch_close = nts_sql_watch_close,
};
