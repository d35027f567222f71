/* nts_sql_pgsql.h - what the files of the PostgreSQL dialect share. */
#ifndef NTS_SQL_PGSQL_H
#define NTS_SQL_PGSQL_H

#include <apr_hash.h>

#include <libpq-fe.h>

#include "connector/sql/nts_sql_impl.h"

/** Types by number; these are the same in every PostgreSQL. */
#define NTS_SQL_PGSQL_BOOL 16
#define NTS_SQL_PGSQL_BYTEA 17
#define NTS_SQL_PGSQL_INT8 20
#define NTS_SQL_PGSQL_INT2 21
#define NTS_SQL_PGSQL_INT4 23
#define NTS_SQL_PGSQL_TEXT 25
#define NTS_SQL_PGSQL_OID 26
#define NTS_SQL_PGSQL_FLOAT4 700
#define NTS_SQL_PGSQL_FLOAT8 701
#define NTS_SQL_PGSQL_TEXT_ARRAY 1009
#define NTS_SQL_PGSQL_BPCHAR 1042
#define NTS_SQL_PGSQL_VARCHAR 1043
#define NTS_SQL_PGSQL_DATE 1082
#define NTS_SQL_PGSQL_TIMESTAMP 1114
#define NTS_SQL_PGSQL_TIMESTAMPTZ 1184
#define NTS_SQL_PGSQL_NUMERIC 1700
#define NTS_SQL_PGSQL_UUID 2950

/** Sessions that want to be woken listen here; nothing secret, and never more than this one word. */
#define NTS_SQL_PGSQL_CHANNEL "_notionsync"

struct nts_sql_db_t {
    PGconn *conn;
    apr_pool_t *p;
    apr_hash_t *prepared; /* text -> name */
    apr_pool_t *prepared_pool;
    unsigned int prepared_count; /* ever, so that no name comes twice */
    apr_hash_t *prints;          /* collection -> what its table looked like */
    apr_int64_t generation;      /* moves when one of them looks otherwise */
    apr_uint64_t begun;          /* transactions, ever */
    apr_hash_t *lists;           /* numbers (int) of the types of arrays that are lists of texts */
    const char *home;            /* the schema where our own objects are, or would be made */
};

/* --- nts_sql_pgsql_wire.c: never longer than a deadline */

/** Connects within @a wait, or until @a stop_fd (-1: none) is readable. The connection, to be finished whatever its
 *  status; NULL: no memory. */
PGconn *nts_sql_pgsql_connect(const char *database, const char *secret, apr_interval_time_t wait,
                              int stop_fd);
/** Sends a statement without parameters and drops what it answers; zero: failed. */
int nts_sql_pgsql_say(PGconn *conn, const char *sql, apr_interval_time_t wait, int stop_fd);
/** The next result, NULL at the end. *is_late set: none came within the deadline (monotonic, apr_time_t), and the
 *  connection is not to be used again. */
PGresult *nts_sql_pgsql_result(PGconn *conn, apr_time_t deadline, int stop_fd, int *is_late);
/** Monotonic, whatever the ask's clock says: it measures the wait for a real server. */
apr_time_t nts_sql_pgsql_mono(void);

/* --- nts_sql_pgsql_error.c */

/** @a result may be NULL: the connection itself failed. Texts belong to @a p. */
apr_status_t nts_sql_pgsql_fail(nts_sql_error_t *error, PGconn *conn, const PGresult *result,
                                apr_pool_t *p);
extern const nts_sql_words_t nts_sql_pgsql_words[];

/* --- nts_sql_pgsql.c */

apr_status_t nts_sql_pgsql_run(nts_sql_db_t *db, const char *sql, const nts_sql_cell_t *params,
                               int count, apr_size_t max_bytes, nts_sql_rows_t *rows,
                               nts_sql_error_t *error, apr_pool_t *p);
/** Results of that type are lists of texts. */
void nts_sql_pgsql_note_list(nts_sql_db_t *db, int oid);
/** Statements compiled before the schema changed are of no use. */
void nts_sql_pgsql_forget_prepared(nts_sql_db_t *db);

/* --- nts_sql_pgsql_type.c */

/** @a oid: domains resolved; @a declared: as people know it; @a is_enum: options follow. */
nts_type_t nts_sql_pgsql_type(apr_int64_t oid, apr_int64_t modifier, const char *name,
                              const char *declared, int is_enum, apr_pool_t *p);
/** The same of an array whose elements are of the type @a element; @a is_enum: of them. One of integers is `whole`. */
nts_type_t nts_sql_pgsql_list(const char *element, const char *declared, int is_enum,
                              apr_pool_t *p);
/** {a,"b c"} to ["a","b c"] and back, numbers as texts too; NULL: it is no plain list. */
const char *nts_sql_pgsql_array_to_json(const char *literal, apr_pool_t *p);
const char *nts_sql_pgsql_array_from_json(const char *json, apr_pool_t *p);
/** True if a key part can be compared with this column without an error of the server's. */
int nts_sql_pgsql_is_key_text(const nts_sql_column_t *column, const char *text, apr_pool_t *p);

/* --- nts_sql_pgsql_table.c: what is there */

apr_status_t nts_sql_pgsql_schema_version(apr_int64_t *version, nts_sql_session_t *s);
void nts_sql_pgsql_add_referrers(nts_sql_stmt_t *stmt, const nts_sql_table_t *table);
apr_status_t nts_sql_pgsql_describe(nts_sql_table_t **table, nts_sql_session_t *s,
                                    const char *collection, const char *key, apr_pool_t *p);

/* --- nts_sql_pgsql_state.c: what of ours is there */

/** The name that entries bear for a collection. */
const char *nts_sql_pgsql_entry_name(nts_sql_session_t *s, const char *collection);
/** The schema and the name of a table, as the database has them; *found 0: there is none. */
apr_status_t nts_sql_pgsql_find(int *found, const char **schema, const char **name, char *kind,
                                nts_sql_session_t *s, const char *collection, apr_pool_t *p);

/* --- nts_sql_pgsql_unwatched.c: tables and views without triggers of ours */

apr_status_t nts_sql_pgsql_find_missing_right(const char **right, nts_sql_session_t *s);
/** Fills in `modified`, and `unwatched` if nothing can tell of changes; @a kind: what it is called if it is a view. */
apr_status_t nts_sql_pgsql_look_who_watches(nts_sql_table_t *table, nts_sql_session_t *s,
                                            const char *kind, apr_pool_t *p);
extern const nts_sql_unwatched_t nts_sql_pgsql_unwatched;

/* --- nts_sql_pgsql_row.c: reaching rows, and writing them */

const char *nts_sql_pgsql_stored_expression(const nts_sql_table_t *table, const char *row,
                                            apr_pool_t *p);
void nts_sql_pgsql_add_key_columns(nts_sql_stmt_t *stmt, const nts_sql_table_t *table);
void nts_sql_pgsql_add_key_is(nts_sql_stmt_t *stmt, const nts_sql_table_t *table,
                              const char *const *parts);
void nts_sql_pgsql_add_key_after(nts_sql_stmt_t *stmt, const nts_sql_table_t *table,
                                 const char *const *parts);
const char *nts_sql_pgsql_key_column(const nts_sql_table_t *table, const nts_sql_column_t *column,
                                     apr_pool_t *p);
void nts_sql_pgsql_add_stored_key(nts_sql_stmt_t *stmt, const nts_sql_table_t *table);
void nts_sql_pgsql_add_holds(nts_sql_stmt_t *stmt, const nts_sql_column_t *column,
                             const nts_sql_cell_t *cell);
apr_status_t nts_sql_pgsql_lock_row(nts_sql_session_t *s, const nts_sql_table_t *table,
                                    const char *const *parts);
apr_status_t nts_sql_pgsql_insert(const char *const **parts, nts_sql_session_t *s,
                                  const nts_sql_table_t *table, const nts_sql_assignment_t *set,
                                  int count);
apr_status_t nts_sql_pgsql_update(const char *const **parts, nts_sql_session_t *s,
                                  const nts_sql_table_t *table, const char *const *key,
                                  const nts_sql_assignment_t *set, int count);

/** A list of texts is a JSON array to everybody but the column; {...} of an image is left as it is. */
nts_sql_cell_t nts_sql_pgsql_stored_cell(const nts_sql_assignment_t *one, apr_pool_t *p);

/* --- nts_sql_pgsql_refusal.c */

/** A row with these values was not taken: finds out why, and fills in the answer. */
apr_status_t nts_sql_pgsql_fail_write(nts_sql_session_t *s, const nts_sql_table_t *table,
                                      const nts_sql_assignment_t *set, int count,
                                      nts_sql_error_t *error);

/* --- nts_sql_pgsql_log.c: entries of the change table */

apr_status_t nts_sql_pgsql_commit_token(apr_int64_t *token, nts_sql_session_t *s);
void nts_sql_pgsql_add_witness(nts_sql_stmt_t *stmt, apr_int64_t number);
void nts_sql_pgsql_add_changes(nts_sql_stmt_t *stmt, const char *tbl, apr_int64_t since, int limit);
const char *nts_sql_pgsql_change_image(const char *stored, apr_pool_t *p);

/* --- nts_sql_pgsql_ddl.c: what is installed */

/** Milliseconds of the statement's beginning: the same throughout it, so that an index can be searched by it. */
#define NTS_SQL_PGSQL_NOW "(extract(epoch FROM statement_timestamp()) * 1000)::bigint"

const nts_sql_object_t *nts_sql_pgsql_objects(int *count, const nts_sql_table_t *table,
                                              apr_pool_t *p);
void nts_sql_pgsql_plan_table_removal(apr_array_header_t *statements, nts_sql_session_t *s,
                                      const char *tbl);
void nts_sql_pgsql_plan_shared_removal(apr_array_header_t *statements, nts_sql_session_t *s);
const char *nts_sql_pgsql_make_column(nts_sql_column_t *column, const nts_type_t *like,
                                      apr_pool_t *p); /* nts_sql_pgsql_make.c */
const char *nts_sql_pgsql_make_table(nts_sql_table_t *table, nts_sql_column_t *key,
                                     nts_sql_session_t *s, const char *collection);
const char *nts_sql_pgsql_enrol(const char *tbl, apr_pool_t *p);
const char *nts_sql_pgsql_missed(const char *tbl, apr_pool_t *p);
extern const char nts_sql_pgsql_new_instance[];
extern const char nts_sql_pgsql_installed[];

/* --- nts_sql_pgsql_watch.c */

nts_sql_watch_t *nts_sql_pgsql_watch_open(const char *database, const char *secret, apr_pool_t *p);

#endif /* NTS_SQL_PGSQL_H */
