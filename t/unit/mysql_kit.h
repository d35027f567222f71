/* mysql_kit.h - a real MariaDB server in a folder of its own, and sessions that play the application. With sql_kit.h. */
#ifndef MYSQL_KIT_H
#define MYSQL_KIT_H

#include <mysql.h>

#include "sql_kit.h"

extern MYSQL *my; /* the application's session */

/** After begin_tests: makes a server and starts it. Zero: MariaDB is not installed, which ends the test where
 *  everything must be there. */
int begin_server(void);
void end_server(void);
/** As an administrator would: at once, losing nothing; and again. */
void stop_server(void);
void start_server(void);

/** How a session of @a account reaches @a database. */
const char *conninfo_of(const char *account, const char *database);
const char *socket_path(void);
/** Before begin_server: it also listens on the loopback, with TLS, by a certificate for "localhost". Zero: no openssl. */
int offer_tls(void);
extern int tcp_port;
/** The certificate of that server, or (@a is_other) of another. */
const char *certificate(int is_other);

/** A database of its own of which the account "app" may do everything, with these statements run in it; the connector
 *  opened on it. */
void begin_my(const char *name, const char *sql);
void end_my(void);

MYSQL *my_session(const char *account, const char *database);
void my_end(MYSQL *session);
/** Runs statements; a failure ends the test. */
void my_run(MYSQL *session, const char *sql);
/** Its error text, or NULL. */
const char *my_try(MYSQL *session, const char *sql);
/** The first column of the first row; "(none)" without a row, "(null)" for NULL. */
const char *my_text(MYSQL *session, const char *sql);

#endif /* MYSQL_KIT_H */
