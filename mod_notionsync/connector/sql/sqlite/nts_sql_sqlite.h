/* nts_sql_sqlite.h - what the files of the SQLite dialect share. */
#ifndef NTS_SQL_SQLITE_H
#define NTS_SQL_SQLITE_H

#include "connector/sql/nts_sql_impl.h"

/** Numbers in the file that move with its contents and with its schema. */
#define NTS_SQL_SQLITE_DATA_VERSION "PRAGMA data_version"
#define NTS_SQL_SQLITE_SCHEMA_VERSION "PRAGMA schema_version"

/** The collation that a column was declared with. */
const char *nts_sql_sqlite_collation(nts_sql_db_t *db, const char *table, const char *column);

/* --- nts_sql_sqlite_type.c: declared types */

/** SQLite's own rules: 'I' INTEGER, 'T' TEXT, 'B' BLOB or none, 'R' REAL, 'N' NUMERIC. */
char nts_sql_sqlite_affinity(const char *declared);
nts_type_t nts_sql_sqlite_type(const char *declared, apr_pool_t *p);

/* --- nts_sql_sqlite_table.c: what is there */

apr_status_t nts_sql_sqlite_schema_version(apr_int64_t *version, nts_sql_session_t *s);
apr_status_t nts_sql_sqlite_describe(nts_sql_table_t **table, nts_sql_session_t *s,
                                     const char *collection, const char *key, apr_pool_t *p);
apr_status_t nts_sql_sqlite_has_keyless(int *found, nts_sql_session_t *s,
                                        const nts_sql_table_t *table);
void nts_sql_sqlite_add_referrers(nts_sql_stmt_t *stmt, const nts_sql_table_t *table);

/* --- nts_sql_sqlite_row.c: reaching rows */

/** The key of row @a row ("t", "NEW", "OLD") as change entries spell it; SQL NULL if unusable. */
const char *nts_sql_sqlite_stored_expression(const nts_sql_table_t *table, const char *row,
                                             apr_pool_t *p);
/** A condition that row @a row has a usable key; NULL: all rows have. */
const char *nts_sql_sqlite_usable(const nts_sql_table_t *table, const char *row, apr_pool_t *p);
void nts_sql_sqlite_add_key_columns(nts_sql_stmt_t *stmt, const nts_sql_table_t *table);
void nts_sql_sqlite_add_key_is(nts_sql_stmt_t *stmt, const nts_sql_table_t *table,
                               const char *const *parts);
void nts_sql_sqlite_add_key_after(nts_sql_stmt_t *stmt, const nts_sql_table_t *table,
                                  const char *const *parts);
const char *nts_sql_sqlite_key_column(const nts_sql_table_t *table, const nts_sql_column_t *column,
                                      apr_pool_t *p);
void nts_sql_sqlite_add_stored_key(nts_sql_stmt_t *stmt, const nts_sql_table_t *table);
void nts_sql_sqlite_add_holds(nts_sql_stmt_t *stmt, const nts_sql_column_t *column,
                              const nts_sql_cell_t *cell);
apr_status_t nts_sql_sqlite_insert(const char *const **parts, nts_sql_session_t *s,
                                   const nts_sql_table_t *table, const nts_sql_assignment_t *set,
                                   int count);
apr_status_t nts_sql_sqlite_update(const char *const **parts, nts_sql_session_t *s,
                                   const nts_sql_table_t *table, const char *const *key,
                                   const nts_sql_assignment_t *set, int count);

/* --- nts_sql_sqlite_log.c: entries of the change table */

apr_status_t nts_sql_sqlite_commit_token(apr_int64_t *token, nts_sql_session_t *s);
void nts_sql_sqlite_add_witness(nts_sql_stmt_t *stmt, apr_int64_t number);
void nts_sql_sqlite_add_shared(nts_sql_stmt_t *stmt, apr_int64_t ms);
void nts_sql_sqlite_add_changes(nts_sql_stmt_t *stmt, const char *tbl, apr_int64_t since,
                                int limit);
const char *nts_sql_sqlite_change_image(const char *stored, apr_pool_t *p);

/* --- nts_sql_sqlite_ddl.c: what is installed */

#define NTS_SQL_SQLITE_NOW "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"

const nts_sql_object_t *nts_sql_sqlite_objects(int *count, const nts_sql_table_t *table,
                                               apr_pool_t *p);
void nts_sql_sqlite_plan_table_removal(apr_array_header_t *statements, nts_sql_session_t *s,
                                       const char *tbl);
void nts_sql_sqlite_plan_shared_removal(apr_array_header_t *statements, nts_sql_session_t *s);
const char *nts_sql_sqlite_make_column(nts_sql_column_t *column, const nts_type_t *like,
                                       apr_pool_t *p); /* nts_sql_sqlite_make.c */
const char *nts_sql_sqlite_make_table(nts_sql_table_t *table, nts_sql_column_t *key,
                                      nts_sql_session_t *s, const char *collection);
const char *nts_sql_sqlite_enrol(const char *tbl, apr_pool_t *p);
const char *nts_sql_sqlite_missed(const char *tbl, apr_pool_t *p);
extern const char nts_sql_sqlite_new_instance[];

/* --- nts_sql_sqlite_watch.c */

nts_sql_watch_t *nts_sql_sqlite_watch_open(const char *database, const char *secret, apr_pool_t *p);
int nts_sql_sqlite_watch_descriptor(nts_sql_watch_t *watch);
int nts_sql_sqlite_watch_drain(nts_sql_watch_t *watch);
void nts_sql_sqlite_watch_close(nts_sql_watch_t *watch);

#endif /* NTS_SQL_SQLITE_H */
