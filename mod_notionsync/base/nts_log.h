/* nts_log.h - logging without httpd: the host program installs a sink, the library calls it.
 *
 * Level numbers are httpd's (APLOG_*), so no table translates them. An error or warning names the
 * mapping and the record, the cause, and what happens next. Secrets are never logged.
 */
#ifndef NTS_LOG_H
#define NTS_LOG_H

#include "base/nts_base.h"

#define NTS_LOG_CRIT 2
#define NTS_LOG_ERROR 3
#define NTS_LOG_WARNING 4
#define NTS_LOG_NOTICE 5
#define NTS_LOG_INFO 6
#define NTS_LOG_DEBUG 7

/** Where lines go. @a rv is 0 or the cause, whose text the sink appends. */
typedef void nts_log_fn(void *baton, int level, apr_status_t rv, const char *message);

/** Install the sink, once, before any thread or fork. Lines above @a max_level are not formatted.
 *  Without a sink errors and warnings go to stderr. */
void nts_log_set_sink(nts_log_fn *sink, void *baton, int max_level);

/** True if a line of @a level would be written. */
int nts_log_is_level(int level);

/** Format (at most 8 KiB) and hand to the sink. */
void nts_log(int level, apr_status_t rv, const char *fmt, ...) NTS_PRINTF(3, 4);

#endif /* NTS_LOG_H */
