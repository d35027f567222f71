/* nts_sql_mysql_state.c - finding a table by the name that the mapping gives it, what of ours is there, and whether anything
 * has changed about them. */
#include <string.h>

#include "connector/sql/mysql/nts_sql_mysql.h"

/* What a table looked like when it was last asked. */
typedef struct print_t {
    const char *name;     /* NULL: it was not there */
    const char *text;     /* as SHOW CREATE TABLE has it; NULL: it was not there */
    const char *triggers; /* NULL: not looked at */
    int is_view;
    int may; /* we may create triggers on it; -1: not looked at */
} print_t;

static apr_status_t find_by(nts_sql_rows_t *rows, nts_sql_session_t *s, const char *condition,
                            const char *name)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(
        s, "SELECT TABLE_NAME, TABLE_TYPE, COALESCE(ENGINE, '') FROM information_schema.TABLES "
           "WHERE TABLE_SCHEMA = DATABASE() AND ");

    nts_sql_add(stmt, condition, NULL);
    nts_sql_add_text(stmt, name);
    nts_sql_add(stmt, ") LIMIT 1", NULL);
    return nts_sql_run(rows, stmt, s->ptemp);
}

/* A name in exactly this spelling goes before one in another case. The database that the service names is meant, and may
 * be said: "crm.people". */
apr_status_t nts_sql_mysql_find(const char **name, const char **kind, const char **engine,
                                nts_sql_session_t *s, const char *collection, apr_pool_t *p)
{
    apr_size_t len = strlen(s->connection->db->home);
    nts_sql_rows_t rows;

    if (strncmp(collection, s->connection->db->home, len) == 0 && collection[len] == '.') {
        collection += len + 1;
    }
    if (find_by(&rows, s, "TABLE_NAME = (", collection) != APR_SUCCESS ||
        (rows.count == 0 &&
         find_by(&rows, s, "LOWER(TABLE_NAME) = LOWER(", collection) != APR_SUCCESS)) {
        return APR_EGENERAL;
    }
    *name = rows.count == 1 ? apr_pstrdup(p, nts_sql_string_at(&rows, 0, 0)) : NULL;
    *kind = rows.count == 1 ? apr_pstrdup(p, nts_sql_string_at(&rows, 0, 1)) : NULL;
    *engine = rows.count == 1 ? apr_pstrdup(p, nts_sql_string_at(&rows, 0, 2)) : NULL;
    return APR_SUCCESS;
}

/* --- noticing that the schema changed */

/* What the server says it would take to make the table anew costs it next to nothing, as information_schema does not; up
 * to where it tells the next number. */
static apr_status_t read_print(const char **text, nts_sql_session_t *s, const print_t *print)
{
    const char *sql =
        apr_pstrcat(s->ptemp, "SHOW CREATE TABLE ", nts_sql_quote(print->name, s->ptemp), NULL);
    nts_sql_rows_t rows;
    nts_sql_error_t error;
    const char *end;

    *text = NULL;
    if (s->dialect->run(s->connection->db, sql, NULL, 0, 0, &rows, &error, s->ptemp) !=
        APR_SUCCESS) {
        return error.kind == NTS_SQL_SCHEMA ? APR_SUCCESS : nts_sql_fail_with(s, &error);
    }
    if (rows.count == 1 && rows.columns > 1) {
        end = strstr(nts_sql_string_at(&rows, 0, 1), "\n) ENGINE=");
        *text = end ? apr_pstrmemdup(s->ptemp, nts_sql_string_at(&rows, 0, 1),
                                     (apr_size_t)(end - nts_sql_string_at(&rows, 0, 1)))
                    : nts_sql_string_at(&rows, 0, 1);
    }
    return APR_SUCCESS;
}

/* Of a view it takes a right of its own to see how it was made, and says nothing of the columns behind it. NULL, too: these are
 * gone. */
static apr_status_t read_view(const char **text, nts_sql_session_t *s, const print_t *print)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(
        s, "SELECT MD5(CONCAT(COALESCE((SELECT v.VIEW_DEFINITION FROM information_schema.VIEWS "
           "AS v WHERE v.TABLE_SCHEMA = DATABASE() AND v.TABLE_NAME = ");
    nts_sql_rows_t rows;

    nts_sql_add_text(stmt, print->name);
    nts_sql_add(stmt,
                "), ''), GROUP_CONCAT(c.COLUMN_NAME, ' ', c.COLUMN_TYPE, ' ', c.IS_NULLABLE, ' ', "
                "COALESCE(c.COLUMN_DEFAULT, ''), ' ', COALESCE(c.COLLATION_NAME, '') ORDER BY "
                "c.ORDINAL_POSITION))) FROM information_schema.COLUMNS AS c WHERE "
                "c.TABLE_SCHEMA = DATABASE() AND c.TABLE_NAME = ",
                NULL);
    nts_sql_add_text(stmt, print->name);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *text = nts_sql_text_at(&rows, 0, 0);
    return APR_SUCCESS;
}

/* Triggers are read from files, which takes longer than most of what we ask; only who relies on them looks. */
static apr_status_t read_triggers(const char **text, nts_sql_session_t *s, const print_t *print)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(
        s, "SELECT COALESCE(MD5(GROUP_CONCAT(TRIGGER_NAME, EVENT_MANIPULATION, SQL_MODE, "
           "ACTION_STATEMENT ORDER BY TRIGGER_NAME)), '') FROM information_schema.TRIGGERS "
           "WHERE TRIGGER_SCHEMA = DATABASE() AND EVENT_OBJECT_TABLE = ");
    nts_sql_rows_t rows;

    nts_sql_add_text(stmt, print->name);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *text = nts_sql_string_at(&rows, 0, 0);
    return APR_SUCCESS;
}

static int relies_on_rights(nts_ask_kind_t kind)
{
    return kind == NTS_ASK_DESCRIBE || kind == NTS_ASK_PROVISION || kind == NTS_ASK_UNPROVISION;
}

static int relies_on_triggers(nts_ask_kind_t kind)
{
    return kind == NTS_ASK_CHANGES || relies_on_rights(kind);
}

static int is_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void moved(nts_sql_db_t *db)
{
    db->generation++;
    nts_sql_mysql_forget_prepared(db);
}

static apr_status_t compare_triggers(print_t *print, nts_sql_session_t *s)
{
    nts_sql_db_t *db = s->connection->db;
    const char *text;
    int may = print->may;

    if (read_triggers(&text, s, print) != APR_SUCCESS ||
        (relies_on_rights(s->ask->kind) &&
         nts_sql_mysql_may_have_triggers(&may, s, print->name) != APR_SUCCESS)) {
        return APR_EGENERAL;
    }
    if (!is_same(text, print->triggers) || may != print->may) {
        print->triggers = apr_pstrdup(db->p, text);
        print->may = may;
        moved(db);
    }
    return APR_SUCCESS;
}

static apr_status_t compare(print_t *print, nts_sql_session_t *s)
{
    nts_sql_db_t *db = s->connection->db;
    const char *text;

    if ((print->is_view ? read_view(&text, s, print) : read_print(&text, s, print)) !=
        APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (!is_same(text, print->text)) {
        print->text = apr_pstrdup(db->p, text);
        moved(db);
    }
    if (!text) {
        print->name = NULL; /* perhaps there is one in another case, or soon */
    }
    return text && !print->is_view && relies_on_triggers(s->ask->kind) ? compare_triggers(print, s)
                                                                       : APR_SUCCESS;
}

/* The rights on a whole database that a session goes by are those of the time when it last chose that. */
static apr_status_t renew_rights(nts_sql_session_t *s)
{
    nts_sql_db_t *db = s->connection->db;
    nts_sql_error_t error;

    if (!relies_on_rights(s->ask->kind) || mysql_select_db(db->mysql, db->home) == 0) {
        return APR_SUCCESS;
    }
    (void)nts_sql_mysql_fail(&error, mysql_errno(db->mysql), mysql_error(db->mysql), s->ptemp);
    return nts_sql_fail_with(s, &error);
}

/* Of the ask's table; what was known of others is looked at when they are asked for, and all is forgotten together. */
apr_status_t nts_sql_mysql_schema_version(apr_int64_t *version, nts_sql_session_t *s)
{
    nts_sql_db_t *db = s->connection->db;
    const char *collection = s->ask->mapping->collection;
    print_t *print = apr_hash_get(db->prints, collection, APR_HASH_KEY_STRING);
    const char *kind;
    const char *engine;

    if (!print) {
        print = apr_pcalloc(db->p, sizeof(*print));
        print->may = -1;
        apr_hash_set(db->prints, apr_pstrdup(db->p, collection), APR_HASH_KEY_STRING, print);
    }
    if (renew_rights(s) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (!print->name) {
        if (nts_sql_mysql_find(&print->name, &kind, &engine, s, collection, db->p) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
        print->is_view = kind && strcmp(kind, "VIEW") == 0;
    }
    if (print->name && compare(print, s) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *version = db->generation;
    return APR_SUCCESS;
}

/* --- our own objects */

const char *nts_sql_mysql_entry_name(nts_sql_session_t *s, const char *collection)
{
    const print_t *print = apr_hash_get(s->connection->db->prints, collection, APR_HASH_KEY_STRING);

    return print && print->name ? print->name : collection;
}
