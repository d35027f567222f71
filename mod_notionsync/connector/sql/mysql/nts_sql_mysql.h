/* nts_sql_mysql.h - what the files of the MariaDB dialect share. */
#ifndef NTS_SQL_MYSQL_H
#define NTS_SQL_MYSQL_H

#include <apr_hash.h>

#include <mysql.h>

#include "connector/sql/nts_sql_impl.h"

/** Keys longer than this many characters are logged as "look at everything": an index takes no longer ones. */
#define NTS_SQL_MYSQL_KEY_MAX 512

/** What a column is made of, as far as its values are read, written or compared in a way of their own. */
typedef enum nts_sql_mysql_native_t {
    NTS_SQL_MYSQL_OTHER = 0, /* a text to us: JSON, INET6 */
    NTS_SQL_MYSQL_INT,
    NTS_SQL_MYSQL_BIGINT_UNSIGNED, /* travels as text */
    NTS_SQL_MYSQL_DECIMAL,
    NTS_SQL_MYSQL_FLOAT,
    NTS_SQL_MYSQL_DOUBLE,
    NTS_SQL_MYSQL_BOOL, /* TINYINT(1) */
    NTS_SQL_MYSQL_BIT,  /* of one bit: truth; of more: a number that travels as text */
    NTS_SQL_MYSQL_YEAR,
    NTS_SQL_MYSQL_TEXT,
    NTS_SQL_MYSQL_DATE,
    NTS_SQL_MYSQL_TIME,
    NTS_SQL_MYSQL_DATETIME,
    NTS_SQL_MYSQL_TIMESTAMP,
    NTS_SQL_MYSQL_ENUM,
    NTS_SQL_MYSQL_SET,
    NTS_SQL_MYSQL_UUID,
    NTS_SQL_MYSQL_BYTES /* BLOB, BINARY, geometry: cannot be mapped */
} nts_sql_mysql_native_t;

struct nts_sql_db_t {
    MYSQL *mysql;
    apr_pool_t *p;
    int in_transaction;
    apr_hash_t *prepared; /* text -> MYSQL_STMT */
    apr_pool_t *prepared_pool;
    apr_hash_t *prints;     /* collection -> what its table looked like */
    apr_int64_t generation; /* moves when one of them looks otherwise */
    const char *home;       /* the database */
};

/* --- nts_sql_mysql_wire.c: the session */

const char *nts_sql_mysql_check(const char *database, apr_pool_t *p);
apr_status_t nts_sql_mysql_open(nts_sql_db_t **db, const char *database, const char *secret,
                                nts_sql_error_t *error, apr_pool_t *p);
void nts_sql_mysql_close(nts_sql_db_t *db);
int nts_sql_mysql_is_current(nts_sql_db_t *db);

/* --- nts_sql_mysql_error.c */

/** Fills in @a error; texts belong to @a p. Returns APR_EGENERAL. */
apr_status_t nts_sql_mysql_fail(nts_sql_error_t *error, unsigned int code, const char *words,
                                apr_pool_t *p);
/** True if the server has undone the whole transaction with that. */
int nts_sql_mysql_undoes(unsigned int code);
extern const nts_sql_words_t nts_sql_mysql_words[];

/* --- nts_sql_mysql.c */

apr_status_t nts_sql_mysql_run(nts_sql_db_t *db, const char *sql, const nts_sql_cell_t *params,
                               int count, apr_size_t max_bytes, nts_sql_rows_t *rows,
                               nts_sql_error_t *error, apr_pool_t *p);
/** Statements compiled before the schema changed are of no use. */
void nts_sql_mysql_forget_prepared(nts_sql_db_t *db);

/* --- nts_sql_mysql_cell.c: parameters and results, in the protocol's own types */

typedef struct nts_sql_mysql_result_t nts_sql_mysql_result_t;

/** Zero: the client library refuses. */
int nts_sql_mysql_bind(MYSQL_STMT *stmt, const nts_sql_cell_t *params, int count, apr_pool_t *p);
/** Zero: the client library refuses. */
int nts_sql_mysql_expect(nts_sql_mysql_result_t **result, MYSQL_STMT *stmt, const MYSQL_RES *meta,
                         apr_pool_t *p);
/** The row that was fetched, into @a cells; returns how large it is. */
apr_size_t nts_sql_mysql_take_row(nts_sql_cell_t *cells, nts_sql_mysql_result_t *result,
                                  MYSQL_STMT *stmt, apr_pool_t *p);

/* --- nts_sql_mysql_type.c */

/** What information_schema says of a type: "bigint" and "bigint(20) unsigned"; digits and length are 0 where there are none. */
void nts_sql_mysql_type(nts_sql_column_t *column, const char *name, const char *declared,
                        apr_int64_t length, apr_int64_t precision, apr_int64_t scale, int is_binary,
                        apr_pool_t *p);
/** a,b to ["a","b"] and back; NULL: it is no list of texts without commas. */
const char *nts_sql_mysql_set_to_json(const char *members, apr_pool_t *p);
const char *nts_sql_mysql_set_from_json(const char *json, apr_pool_t *p);
/** True if a row's key can be spelled so in this column. */
int nts_sql_mysql_is_key_text(const nts_sql_column_t *column, const char *text, apr_pool_t *p);

/* --- nts_sql_mysql_table.c: what is there */

void nts_sql_mysql_add_referrers(nts_sql_stmt_t *stmt, const nts_sql_table_t *table);
apr_status_t nts_sql_mysql_describe(nts_sql_table_t **table, nts_sql_session_t *s,
                                    const char *collection, const char *key, apr_pool_t *p);

/* --- nts_sql_mysql_state.c: what of ours is there, and whether anything has changed */

/** The name that entries bear for a collection. */
const char *nts_sql_mysql_entry_name(nts_sql_session_t *s, const char *collection);
apr_status_t nts_sql_mysql_schema_version(apr_int64_t *version, nts_sql_session_t *s);
/** The name, kind and engine of a table as the database has them; *name NULL: there is none. */
apr_status_t nts_sql_mysql_find(const char **name, const char **kind, const char **engine,
                                nts_sql_session_t *s, const char *collection, apr_pool_t *p);

/* --- nts_sql_mysql_unwatched.c: tables and views without triggers of ours */

/** Whether this account may create and see triggers on the table @a name. */
apr_status_t nts_sql_mysql_may_have_triggers(int *may, nts_sql_session_t *s, const char *name);
apr_status_t nts_sql_mysql_find_missing_right(const char **right, nts_sql_session_t *s);
/** Fills in which columns of a view can be written. */
apr_status_t nts_sql_mysql_look_behind_view(nts_sql_table_t *table, nts_sql_session_t *s);
/** False: no column of it can be. */
int nts_sql_mysql_is_updatable(const nts_sql_table_t *table);
/** Fills in `modified`, and `unwatched` if nothing can tell of changes. */
apr_status_t nts_sql_mysql_look_who_watches(nts_sql_table_t *table, nts_sql_session_t *s,
                                            apr_pool_t *p);
extern const nts_sql_unwatched_t nts_sql_mysql_unwatched;

/* --- nts_sql_mysql_row.c: reaching rows, and writing them */

/** A column of the row @a row ("t", "OLD"; NULL: of the statement's table) as a text. */
const char *nts_sql_mysql_as_text(const nts_sql_column_t *column, const char *row, apr_pool_t *p);
const char *nts_sql_mysql_stored_expression(const nts_sql_table_t *table, const char *row,
                                            apr_pool_t *p);
void nts_sql_mysql_add_key_columns(nts_sql_stmt_t *stmt, const nts_sql_table_t *table);
void nts_sql_mysql_add_key_is(nts_sql_stmt_t *stmt, const nts_sql_table_t *table,
                              const char *const *parts);
void nts_sql_mysql_add_key_after(nts_sql_stmt_t *stmt, const nts_sql_table_t *table,
                                 const char *const *parts);
const char *nts_sql_mysql_key_column(const nts_sql_table_t *table, const nts_sql_column_t *column,
                                     apr_pool_t *p);
void nts_sql_mysql_add_stored_key(nts_sql_stmt_t *stmt, const nts_sql_table_t *table);
void nts_sql_mysql_add_holds(nts_sql_stmt_t *stmt, const nts_sql_column_t *column,
                             const nts_sql_cell_t *cell);
apr_status_t nts_sql_mysql_lock_row(nts_sql_session_t *s, const nts_sql_table_t *table,
                                    const char *const *parts);

/* --- nts_sql_mysql_write.c */

apr_status_t nts_sql_mysql_insert(const char *const **parts, nts_sql_session_t *s,
                                  const nts_sql_table_t *table, const nts_sql_assignment_t *set,
                                  int count);
apr_status_t nts_sql_mysql_update(const char *const **parts, nts_sql_session_t *s,
                                  const nts_sql_table_t *table, const char *const *key,
                                  const nts_sql_assignment_t *set, int count);

/* --- nts_sql_mysql_log.c: entries of the change table */

apr_status_t nts_sql_mysql_commit_token(apr_int64_t *token, nts_sql_session_t *s);
void nts_sql_mysql_add_witness(nts_sql_stmt_t *stmt, apr_int64_t number);
void nts_sql_mysql_add_changes(nts_sql_stmt_t *stmt, const char *tbl, apr_int64_t since, int limit);
apr_status_t nts_sql_mysql_mark_entries(nts_sql_session_t *s, const char *const *now,
                                        const char *const *before);
apr_status_t nts_sql_mysql_delete_entries(nts_sql_session_t *s, const char *tbl, apr_int64_t last);
apr_status_t nts_sql_mysql_prune_intents(nts_sql_session_t *s);
const char *nts_sql_mysql_change_image(const char *stored, apr_pool_t *p);

/* --- nts_sql_mysql_ddl.c: what is installed */

/** Milliseconds of the statement's beginning, whatever the session's time zone. */
#define NTS_SQL_MYSQL_NOW "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000)"

const nts_sql_object_t *nts_sql_mysql_objects(int *count, const nts_sql_table_t *table,
                                              apr_pool_t *p);
void nts_sql_mysql_plan_table_removal(apr_array_header_t *statements, nts_sql_session_t *s,
                                      const char *tbl);
void nts_sql_mysql_plan_shared_removal(apr_array_header_t *statements, nts_sql_session_t *s);
const char *nts_sql_mysql_make_column(nts_sql_column_t *column, const nts_type_t *like,
                                      apr_pool_t *p); /* nts_sql_mysql_make.c */
const char *nts_sql_mysql_make_table(nts_sql_table_t *table, nts_sql_column_t *key,
                                     nts_sql_session_t *s, const char *collection);
const char *nts_sql_mysql_enrol(const char *tbl, apr_pool_t *p);
const char *nts_sql_mysql_missed(const char *tbl, apr_pool_t *p);
extern const char nts_sql_mysql_new_instance[];
extern const char nts_sql_mysql_installed[];
extern const char nts_sql_mysql_script[];

/* --- nts_sql_mysql_trigger.c: what the triggers of a table do */

/** The body of the trigger for 'i', 'u' or 'd'. */
const char *nts_sql_mysql_trigger_body(const nts_sql_table_t *table, char op, apr_pool_t *p);

/* --- nts_sql_mysql_watch.c */

nts_sql_watch_t *nts_sql_mysql_watch_open(const char *database, const char *secret, apr_pool_t *p);

#endif /* NTS_SQL_MYSQL_H */
