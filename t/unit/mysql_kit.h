/* mysql_kit.h - a real MariaDB server in a folder of its own, and sessions that play the application. See database_kit.h. */
#ifndef MYSQL_KIT_H
#define MYSQL_KIT_H

#include <mysql.h>

#include "database_kit.h"

extern MYSQL *my; /* the application's session */

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
