/* nts_sql_sqlite.c - SQLite as a dialect; the only file that knows its C interface.
 *
 * One handle per connection, used by the helper thread alone. The user's file keeps its own settings:
 * nothing here changes journal mode, synchronous or page size.
 */
#include <string.h>

#include <sqlite3.h>

#include "connector/sql/sqlite/nts_sql_sqlite.h"

/* Longer than any application holds the write lock in good health; the helper thread waits, no loop. */
#define BUSY_MS 2000

/* Compiling a statement takes as long as running it, and the connector says the same few again and again. */
#define KEPT_MAX 64
#define KEPT_LENGTH_MAX 4096

typedef struct kept_t {
    sqlite3_stmt *stmt; /* reset, and nobody's while it is here; NULL: free */
    unsigned int used;  /* when it was last taken */
} kept_t;

struct nts_sql_db_t {
    sqlite3 *handle;
    kept_t kept[KEPT_MAX];
    unsigned int clock;
};

static const char *placeholder(int number, apr_pool_t *p)
{
    return apr_psprintf(p, "?%d", number);
}

/* --- failures */

static const char *constraint_name(int code)
{
    switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return "UNIQUE";
    case SQLITE_CONSTRAINT_NOTNULL:
        return "NOT NULL";
    case SQLITE_CONSTRAINT_CHECK:
        return "CHECK";
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return "FOREIGN KEY";
    case SQLITE_CONSTRAINT_TRIGGER:
        return "trigger";
    case SQLITE_CONSTRAINT_DATATYPE:
        return "of the column's type";
    default:
        return NULL;
    }
}

/* "UNIQUE constraint failed: deals.email, deals.region" to "email, region". */
static const char *constraint_columns(const char *words, int code, apr_pool_t *p)
{
    const char *list = strstr(words, "failed: ");
    const char *columns = "";

    if (!list || code == SQLITE_CONSTRAINT_TRIGGER) {
        return NULL;
    }
    list += 8;
    if (code == SQLITE_CONSTRAINT_CHECK) {
        return apr_pstrdup(p, list); /* the constraint's name, or its expression */
    }
    while (*list) {
        const char *end = strstr(list, ", ");
        apr_size_t len = end ? (apr_size_t)(end - list) : strlen(list);
        const char *dot = memchr(list, '.', len);
        const char *name = dot ? dot + 1 : list;

        columns = apr_pstrcat(p, columns, *columns ? ", " : "",
                              apr_pstrmemdup(p, name, len - (apr_size_t)(name - list)), NULL);
        list += end ? len + 2 : len;
    }
    return *columns ? columns : NULL;
}

static nts_sql_class_t class_of_error(const char *words, int stepped)
{
    return stepped && strncmp(words, "no such ", 8) != 0 ? NTS_SQL_RUNTIME : NTS_SQL_SCHEMA;
}

static nts_sql_class_t class_of(int code, const char *words, int stepped)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_INTERRUPT:
    case SQLITE_NOMEM:
    case SQLITE_SCHEMA:
        return NTS_SQL_BUSY;
    case SQLITE_CONSTRAINT:
        return NTS_SQL_CONSTRAINT;
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
        return NTS_SQL_RUNTIME;
    case SQLITE_FULL:
    case SQLITE_IOERR:
        return NTS_SQL_DISK;
    case SQLITE_CANTOPEN:
        return NTS_SQL_UNREACHABLE;
    case SQLITE_READONLY:
        return code == SQLITE_READONLY_DBMOVED ? NTS_SQL_BUSY : NTS_SQL_DENIED;
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return NTS_SQL_DENIED;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return NTS_SQL_BROKEN;
    default:
        return class_of_error(words, stepped);
    }
}

/* The text belongs to the handle and dies with the next call, so it is copied here. */
static apr_status_t fail(nts_sql_error_t *error, sqlite3 *handle, int code, int stepped,
                         apr_pool_t *p)
{
    const char *words = handle ? sqlite3_errmsg(handle) : sqlite3_errstr(code);

    if (handle) {
        code = sqlite3_extended_errcode(handle);
    }
    memset(error, 0, sizeof(*error));
    error->words = apr_pstrdup(p, words);
    error->kind = class_of(code, words, stepped);
    if (error->kind == NTS_SQL_CONSTRAINT) {
        error->constraint = constraint_name(code);
        error->column = constraint_columns(words, code, p);
    }
    error->reopen = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_READONLY ||
                    error->kind == NTS_SQL_UNREACHABLE || error->kind == NTS_SQL_BROKEN;
    return APR_EGENERAL;
}

/* --- the handle */

static apr_status_t open_file(nts_sql_db_t **db, const char *database, const char *secret,
                              nts_sql_error_t *error, apr_pool_t *p)
{
    sqlite3 *handle = NULL;
    int rc = SQLITE_CANTOPEN;

    (void)secret;
    *db = NULL;
    memset(error, 0, sizeof(*error));
    if (database[0] != '/') {
        /* It would depend on the working folder, or be read as a URI. */
        error->kind = NTS_SQL_UNREACHABLE;
        error->words = "the path of the database must be absolute";
        return APR_EGENERAL;
    }
    /* Without SQLITE_OPEN_CREATE: a missing file is a mistake, never a new database. */
    rc = sqlite3_open_v2(database, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK) {
        (void)sqlite3_extended_result_codes(handle, 1);
        (void)sqlite3_busy_timeout(handle, BUSY_MS);
        /* Of this connection only; without it cascades and their triggers would not happen. */
        rc = sqlite3_exec(handle, "PRAGMA foreign_keys=ON", NULL, NULL, NULL);
    }
    if (rc != SQLITE_OK) {
        (void)fail(error, handle, rc, 0, p);
        (void)sqlite3_close(handle);
        /* The caller's pool is about to be cleared with the texts of this attempt. */
        return APR_EGENERAL;
    }
    *db = apr_pcalloc(p, sizeof(**db));
    (*db)->handle = handle;
    return APR_SUCCESS;
}

static void close_file(nts_sql_db_t *db)
{
    int i;

    for (i = 0; i < KEPT_MAX; i++) {
        (void)sqlite3_finalize(db->kept[i].stmt);
        db->kept[i].stmt = NULL;
    }
    (void)sqlite3_close(db->handle);
    db->handle = NULL;
}

/* A file put in the place of the old one has another inode; our handle would go on reading the old
 * one for ever. SQLite looks by stat, which harms no locks (D53). */
static int is_current(nts_sql_db_t *db)
{
    int moved = 0;

    return sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK ||
           !moved;
}

static int is_in_transaction(nts_sql_db_t *db)
{
    return !sqlite3_get_autocommit(db->handle);
}

const char *nts_sql_sqlite_collation(nts_sql_db_t *db, const char *table, const char *column)
{
    const char *collation = NULL;

    (void)sqlite3_table_column_metadata(db->handle, "main", table, column, NULL, &collation, NULL,
                                        NULL, NULL);
    return collation ? collation : "BINARY";
}

/* --- compiled statements; one whose tables have changed since is compiled anew by SQLite itself */

/* Not those of the schema, which are said once, and of PRAGMAs, some of which do their work while they are compiled, only
 * those that read a number when they run. */
static int is_kept(const char *sql)
{
    static const char *const verbs[] = { "SELECT ",
                                         "INSERT ",
                                         "UPDATE ",
                                         "DELETE ",
                                         "BEGIN",
                                         "SAVEPOINT",
                                         "COMMIT",
                                         "ROLLBACK",
                                         "RELEASE ",
                                         NTS_SQL_SQLITE_DATA_VERSION,
                                         NTS_SQL_SQLITE_SCHEMA_VERSION };
    apr_size_t i;

    for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strncmp(sql, verbs[i], strlen(verbs[i])) == 0) {
            return strlen(sql) < KEPT_LENGTH_MAX;
        }
    }
    return 0;
}

static int take_stmt(sqlite3_stmt **stmt, nts_sql_db_t *db, const char *sql)
{
    int i;

    for (i = 0; i < KEPT_MAX; i++) {
        if (db->kept[i].stmt && strcmp(sqlite3_sql(db->kept[i].stmt), sql) == 0) {
            *stmt = db->kept[i].stmt;
            db->kept[i].stmt = NULL;
            return SQLITE_OK;
        }
    }
    return sqlite3_prepare_v3(db->handle, sql, -1, is_kept(sql) ? SQLITE_PREPARE_PERSISTENT : 0,
                              stmt, NULL);
}

/* A statement that stepped without failure is kept, in the place of the one that was not taken for longest. */
static void give_stmt(nts_sql_db_t *db, sqlite3_stmt *stmt, const char *sql)
{
    kept_t *place = &db->kept[0];
    int i;

    if (!is_kept(sql)) {
        (void)sqlite3_finalize(stmt);
        return;
    }
    for (i = 0; i < KEPT_MAX && place->stmt; i++) {
        if (!db->kept[i].stmt || db->kept[i].used - db->clock < place->used - db->clock) {
            place = &db->kept[i];
        }
    }
    (void)sqlite3_reset(stmt);
    (void)sqlite3_clear_bindings(stmt); /* they point to the caller's memory */
    (void)sqlite3_finalize(place->stmt);
    place->stmt = stmt;
    place->used = ++db->clock;
}

/* --- running */

static int bind_cell(sqlite3_stmt *stmt, int number, const nts_sql_cell_t *cell)
{
    switch (cell->kind) {
    case NTS_SQL_INTEGER:
        return sqlite3_bind_int64(stmt, number, cell->integer);
    case NTS_SQL_REAL:
        return sqlite3_bind_double(stmt, number, cell->real);
    case NTS_SQL_TEXT:
        return sqlite3_bind_text64(stmt, number, cell->bytes, cell->len, SQLITE_STATIC,
                                   SQLITE_UTF8);
    case NTS_SQL_BLOB:
        /* A NULL pointer would bind NULL, so an empty blob needs an address. */
        return sqlite3_bind_blob64(stmt, number, cell->len ? cell->bytes : "", cell->len,
                                   SQLITE_STATIC);
    case NTS_SQL_NULL:
    default:
        return sqlite3_bind_null(stmt, number);
    }
}

static apr_size_t take_cell(nts_sql_cell_t *cell, sqlite3_stmt *stmt, int column, apr_pool_t *p)
{
    const void *bytes;

    memset(cell, 0, sizeof(*cell));
    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_INTEGER:
        cell->kind = NTS_SQL_INTEGER;
        cell->integer = sqlite3_column_int64(stmt, column);
        return sizeof(*cell);
    case SQLITE_FLOAT:
        cell->kind = NTS_SQL_REAL;
        cell->real = sqlite3_column_double(stmt, column);
        return sizeof(*cell);
    case SQLITE_TEXT:
        cell->kind = NTS_SQL_TEXT;
        bytes = sqlite3_column_text(stmt, column);
        break;
    case SQLITE_BLOB:
        cell->kind = NTS_SQL_BLOB;
        bytes = sqlite3_column_blob(stmt, column);
        break;
    default:
        return sizeof(*cell);
    }
    cell->len = (apr_size_t)sqlite3_column_bytes(stmt, column);
    if (cell->len > NTS_SQL_CELL_MAX) {
        return sizeof(*cell);
    }
    cell->bytes = cell->len ? apr_pstrmemdup(p, bytes, cell->len) : "";
    return sizeof(*cell) + cell->len;
}

static int take_rows(nts_sql_rows_t *rows, sqlite3_stmt *stmt, apr_size_t max_bytes, apr_pool_t *p)
{
    apr_array_header_t *cells = apr_array_make(p, 16, sizeof(nts_sql_cell_t));
    apr_size_t bytes = 0;
    int rc;
    int i;

    rows->columns = sqlite3_column_count(stmt);
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (max_bytes && bytes > max_bytes) {
            rows->cut = 1;
            rc = SQLITE_DONE;
            break;
        }
        for (i = 0; i < rows->columns; i++) {
            bytes += take_cell(apr_array_push(cells), stmt, i, p);
        }
        rows->count++;
    }
    rows->cells = (const nts_sql_cell_t *)cells->elts;
    return rc;
}

static apr_status_t run(nts_sql_db_t *db, const char *sql, const nts_sql_cell_t *params, int count,
                        apr_size_t max_bytes, nts_sql_rows_t *rows, nts_sql_error_t *error,
                        apr_pool_t *p)
{
    sqlite3_stmt *stmt = NULL;
    int rc = take_stmt(&stmt, db, sql);
    int stepped = 0;
    int i;

    memset(rows, 0, sizeof(*rows));
    memset(error, 0, sizeof(*error));
    for (i = 0; rc == SQLITE_OK && i < count; i++) {
        rc = bind_cell(stmt, i + 1, &params[i]);
    }
    if (rc == SQLITE_OK) {
        stepped = 1;
        rc = take_rows(rows, stmt, max_bytes, p);
    }
    if (rc != SQLITE_DONE) {
        (void)fail(error, db->handle, rc, stepped, p);
        (void)sqlite3_finalize(stmt);
        return APR_EGENERAL;
    }
    rows->affected = sqlite3_changes(db->handle);
    give_stmt(db, stmt, sql);
    return APR_SUCCESS;
}

const nts_sql_dialect_t nts_sql_sqlite = {
    .driver = "sqlite",
    .entry_number = "id",
    .entry_table = "+tbl", /* by number, not by the index of tables */
    .begin_read = "BEGIN",
    .begin_write = "BEGIN IMMEDIATE",
    .open = open_file,
    .close = close_file,
    .is_current = is_current,
    .is_in_transaction = is_in_transaction,
    .run = run,
    .commit_token = nts_sql_sqlite_commit_token,
    .schema_version = nts_sql_sqlite_schema_version,
    .placeholder = placeholder,
    .describe = nts_sql_sqlite_describe,
    .has_keyless = nts_sql_sqlite_has_keyless,
    .count_objects =
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN "
        "('_notionsync_instance', '_notionsync_table', '_notionsync_change', '_notionsync_intent')",
    .select_state = "SELECT i.id, i.version, coalesce((SELECT seq FROM sqlite_sequence "
                    "WHERE name = '_notionsync_change'), 0), t.tbl IS NOT NULL, "
                    "max(i.dropped, coalesce(t.pruned, 0)) FROM _notionsync_instance AS i "
                    "LEFT JOIN _notionsync_table AS t ON t.tbl = ",
    .entry_collation = " COLLATE NOCASE",
    .add_key_columns = nts_sql_sqlite_add_key_columns,
    .add_key_is = nts_sql_sqlite_add_key_is,
    .add_key_after = nts_sql_sqlite_add_key_after,
    .key_column = nts_sql_sqlite_key_column,
    .add_stored_key = nts_sql_sqlite_add_stored_key,
    .add_holds = nts_sql_sqlite_add_holds,
    .add_referrers = nts_sql_sqlite_add_referrers,
    .insert = nts_sql_sqlite_insert,
    .update = nts_sql_sqlite_update,
    .add_changes = nts_sql_sqlite_add_changes,
    .add_witness = nts_sql_sqlite_add_witness,
    .add_shared = nts_sql_sqlite_add_shared,
    .change_image = nts_sql_sqlite_change_image,
    .make_column = nts_sql_sqlite_make_column,
    .make_table = nts_sql_sqlite_make_table,
    .objects = nts_sql_sqlite_objects,
    .installed_objects = "SELECT name, sql FROM sqlite_schema WHERE name GLOB '_notionsync_*'",
    .plan_table_removal = nts_sql_sqlite_plan_table_removal,
    .plan_shared_removal = nts_sql_sqlite_plan_shared_removal,
    .enrol = nts_sql_sqlite_enrol,
    .new_instance = nts_sql_sqlite_new_instance,
    .missed = nts_sql_sqlite_missed,
    .now = NTS_SQL_SQLITE_NOW,
    .watch_open = nts_sql_sqlite_watch_open,
    .watch_descriptor = nts_sql_sqlite_watch_descriptor,
    .watch_drain = nts_sql_sqlite_watch_drain,
    .watch_close = nts_sql_sqlite_watch_close,
};
