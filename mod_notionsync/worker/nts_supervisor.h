/* nts_supervisor.h - when to start a worker again. Pure: the host forks and waits. */
#ifndef NTS_SUPERVISOR_H
#define NTS_SUPERVISOR_H

#include "base/nts_base.h"

/** All zero at the beginning. */
typedef struct nts_supervisor_t {
    apr_time_t started;    /* of the running worker; 0 not running */
    apr_time_t next_start; /* not before */
    int failures;          /* short lives in a row */
} nts_supervisor_t;

void nts_supervisor_started(nts_supervisor_t *s, apr_time_t now);
/** A worker ended. Sets next_start: at once if it lived longer than 30 s, else by exponential back-off from 1 s to 60 s.
 *  It is never given up: what kept it from working, a full disk say, may be over without anybody restarting httpd.
 *  @param startup_error it ended with NTS_WORKER_EXIT_STARTUP: however long that took, it did not live */
void nts_supervisor_ended(nts_supervisor_t *s, int startup_error, apr_time_t now);
/** True if one should be started now. */
int nts_supervisor_is_due(const nts_supervisor_t *s, apr_time_t now);

#endif /* NTS_SUPERVISOR_H */
