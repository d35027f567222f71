/* nts_timetable.h - when the runs of a mapping fall due.
 *
 * Full and incremental runs by the configuration; a minute in which Notion showed an edit once more after it has ended (S3.10). All
 * times are of the wall clock, in microseconds. Nothing of it is stored: a restart begins with what the mapping's status says.
 */
#ifndef NTS_TIMETABLE_H
#define NTS_TIMETABLE_H

#include <apr_tables.h>

#include "worker/nts_group.h"

typedef struct nts_timetable_t {
    nts_host_t *host;
    apr_time_t full;             /* 0: not by time */
    apr_time_t incremental;      /* 0: not by time */
    apr_array_header_t *minutes; /* apr_time_t, ascending: to be listed once more */
} nts_timetable_t;

/** Nothing is due. */
void nts_timetable_init(nts_timetable_t *t, nts_host_t *host, apr_pool_t *p);
/** When the next run is due: @a every after @a last and up to a twentieth later, so that mappings do not run in step. A time in the past,
 *  or one that only a stepped clock explains, becomes now, spread over some seconds. @return 0 if @a every is */
apr_time_t nts_timetable_after(const nts_timetable_t *t, apr_time_t last,
                               apr_interval_time_t every);
/** Put down the minute of an edit. @return its time; 0 if it was there already; NTS_NEVER if there were too many: all of them are dropped,
 *  and an incremental run is due now instead */
apr_time_t nts_timetable_add_minute(nts_timetable_t *t, apr_time_t at);
/** A listing of edits from @a since, before @a before (0: all), sent at @a sent, is complete: minutes that it showed late enough are
 *  done with. */
void nts_timetable_cover(nts_timetable_t *t, apr_time_t since, apr_time_t before, apr_time_t sent);
/** When the first minute may be listed once more; NTS_NEVER: there is none. */
apr_time_t nts_timetable_minute_due(const nts_timetable_t *t);
/** The first minute and those due next to it, as one listing. There must be one. */
void nts_timetable_minutes(const nts_timetable_t *t, apr_time_t now, apr_time_t *since,
                           apr_time_t *before);
/** The earliest of all that is due; NTS_NEVER: nothing ever. */
apr_time_t nts_timetable_next(const nts_timetable_t *t);
/** What an incremental listing has to start from when the last was sent at @a listed; 0: from the beginning (S3.10). */
apr_time_t nts_timetable_since(apr_time_t listed);

#endif /* NTS_TIMETABLE_H */
