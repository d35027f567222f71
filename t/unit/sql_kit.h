/* sql_kit.h - a real SQLite file, the connector on it, and a second connection playing the application. */
#ifndef SQL_KIT_H
#define SQL_KIT_H

#include <sqlite3.h>

#include "connector/nts_connector.h"

extern apr_pool_t *pool;
extern sqlite3 *app;                 /* the application's connection */
extern nts_connection_t *connection; /* ours */
extern const char *driver;           /* of the connector; "sqlite" */
extern const char *secret;           /* that it is given; NULL */
extern apr_time_t mono_time; /* our monotonic clock, which goes on only where a test says so */

/** A folder of its own, and at the end nothing of it left. */
void begin_tests(void);
void end_tests(void);

/** A file in that folder. */
const char *path_of(const char *name);

/** A new database (WAL, or as @a journal says) with these statements run in it, and the connector
 *  opened on it. */
void begin_database(const char *name, const char *sql);
void begin_database_with(const char *name, const char *journal, const char *sql);
/** The connector alone. */
void open_connector(const char *path);
void close_connector(void);
void end_database(void);

sqlite3 *open_app(const char *path);
/** Runs statements as the application; its error text, or NULL. */
const char *app_try(const char *sql);
/** As app_try, but a failure ends the test. */
void app_run(const char *sql);
/** The first column of the first row, as text; "(none)" without a row, "(null)" for NULL. */
const char *app_text(const char *sql);

/** A mapping of a table; columns up to a NULL. */
nts_mapping_t *mapping_of(const char *table, const char *key, ...) __attribute__((sentinel));
nts_ask_t ask_of(nts_ask_kind_t kind, const nts_mapping_t *mapping);
nts_answer_t *perform(const nts_ask_t *ask);
nts_answer_t *perform_kind(nts_ask_kind_t kind, const nts_mapping_t *mapping);
nts_answer_t *read_row(const nts_mapping_t *mapping, const char *id);
nts_answer_t *changes_after(const nts_mapping_t *mapping, apr_int64_t since);
/** Installs; a failure ends the test. */
nts_answer_t *provision(const nts_mapping_t *mapping);

/** The field of that name, which there is. */
const nts_schema_field_t *field_named(const nts_schema_t *schema, const char *name);

/** All ABSENT, to be filled in. */
nts_value_t *values_of(const nts_mapping_t *mapping);
nts_value_t number_of(const char *text);
nts_value_t date_of(const char *text);

/** A value in one line: "text:Ada", "number:1.5", "opaque:..." */
const char *shown(const nts_value_t *value);
const char *value_of(const nts_answer_t *answer, int pair);
/** The result with its code: "refused sql.constraint". */
const char *result_of(const nts_answer_t *answer);
/** Change entries in one line: "i1 u1@intent k2<1 d2". */
const char *entries(const nts_answer_t *answer);

#endif /* SQL_KIT_H */
