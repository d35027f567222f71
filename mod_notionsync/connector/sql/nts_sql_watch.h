/* nts_sql_watch.h - a thread that writes an eventfd when something may have changed.
 *
 * The loop must not wait for a server, and the helper thread waits for answers; so whoever listens for changes, or looks
 * for them, does so on a thread of its own, with a session of its own.
 */
#ifndef NTS_SQL_WATCH_H
#define NTS_SQL_WATCH_H

#include "connector/sql/nts_sql_dialect.h"

/** What the thread does, until nts_sql_watch_rest or the stop descriptor says so. */
typedef void nts_sql_watch_body_t(nts_sql_watch_t *watch);

/** Starts the thread; NULL: it cannot be. @a database and @a secret must outlive it. */
nts_sql_watch_t *nts_sql_watch_start(const char *database, const char *secret,
                                     nts_sql_watch_body_t *body, apr_pool_t *p);

/* For the loop, as a dialect has them. */
int nts_sql_watch_descriptor(nts_sql_watch_t *watch);
int nts_sql_watch_drain(nts_sql_watch_t *watch);
/** Ends the thread and waits for it. */
void nts_sql_watch_close(nts_sql_watch_t *watch);

/* For the thread. */
const char *nts_sql_watch_database(const nts_sql_watch_t *watch);
const char *nts_sql_watch_secret(const nts_sql_watch_t *watch);
/** A root of the thread's own (C.4). */
apr_pool_t *nts_sql_watch_pool(const nts_sql_watch_t *watch);
/** Readable when the thread is to end. */
int nts_sql_watch_stop_fd(const nts_sql_watch_t *watch);
/** Makes the loop's descriptor readable. */
void nts_sql_watch_tell(nts_sql_watch_t *watch);
/** Zero: told to stop. */
int nts_sql_watch_rest(const nts_sql_watch_t *watch, apr_interval_time_t pause);

#endif /* NTS_SQL_WATCH_H */
