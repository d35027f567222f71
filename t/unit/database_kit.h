/* database_kit.h - what pgsql_kit.c and mysql_kit.c do under one name, so that a case can be written once for both servers. With
 * sql_kit.h. */
#ifndef DATABASE_KIT_H
#define DATABASE_KIT_H

#include "sql_kit.h"

/** A session with the server that is not the connector's. */
typedef struct session_t session_t;

/** After begin_tests: makes a server and starts it. Zero: it is not installed, which ends the test where
 *  everything must be there. */
int begin_server(void);
void end_server(void);
/** As an administrator would: at once, losing nothing; and again. */
void stop_server(void);
void start_server(void);
/** Its socket. */
const char *socket_path(void);

/** How a session of @a account reaches @a database. */
const char *conninfo_of(const char *account, const char *database);

/** A database of its own, of which the account "app" may do everything, with these statements run in it; the connector opened on it. */
void begin_case(const char *name, const char *sql);
void end_case(void);

/** The account that may do everything. */
extern const char administrator[];

/** Statements of that account; "%s" in them is the database's name. */
void as_administrator(const char *database, const char *sql);
/** The connector as another account. */
void reopen_connector(const char *account, const char *database);

session_t *open_session(const char *account, const char *database);
void end_session(session_t *session);
/** Runs statements; a failure ends the test. */
void run_in(session_t *session, const char *sql);
/** The first column of the first row; "(none)" without a row, "(null)" for NULL. */
const char *text_in(session_t *session, const char *sql);
/** Its error text, or NULL. */
const char *try_in(session_t *session, const char *sql);
/** One that does not wait for what it answers, and one that does: nothing else may be said to the session in between. Zero: failed. */
int send_in(session_t *session, const char *sql);
int await_in(session_t *session);

/** The application's session, as long as the case; opened anew where the server was away. */
session_t *application(void);
void reopen_application(void);

#endif /* DATABASE_KIT_H */
