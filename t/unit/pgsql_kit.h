/* pgsql_kit.h - a real PostgreSQL server in a folder of its own, and sessions that play the application. See database_kit.h. */
#ifndef PGSQL_KIT_H
#define PGSQL_KIT_H

#include <libpq-fe.h>

#include "database_kit.h"

extern PGconn *pg; /* the application's session */

/** A database of its own that the role "app" owns, with these statements run in it; the connector opened on it. */
void begin_pg(const char *name, const char *sql);
void end_pg(void);

PGconn *pg_session(const char *role, const char *database);
/** Runs statements; a failure ends the test. */
void pg_run(PGconn *session, const char *sql);
/** Its error text, or NULL. */
const char *pg_try(PGconn *session, const char *sql);
/** The first column of the first row; "(none)" without a row, "(null)" for NULL. */
const char *pg_text(PGconn *session, const char *sql);

#endif /* PGSQL_KIT_H */
