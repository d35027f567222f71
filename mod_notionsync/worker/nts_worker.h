/* nts_worker.h - a worker process: owns groups, drains their queue, runs their jobs.
 *
 * Single-threaded but for one helper thread per blocking connection. Knows nothing of httpd: the host
 * forks, drops privileges, and calls nts_worker_run.
 */
#ifndef NTS_WORKER_H
#define NTS_WORKER_H

#include "base/nts_crypto.h"
#include "queue/nts_segment.h"
#include "store/nts_store.h"

/** Exit codes, so that the supervisor can tell a crash from a refusal: none that is a signal's number, too, for httpd tells its
 *  modules either by the same integer. */
#define NTS_WORKER_EXIT_OK 0       /* drained, or the parent is gone */
#define NTS_WORKER_EXIT_BROKEN 70  /* an invariant of our own was found broken */
#define NTS_WORKER_EXIT_STARTUP 78 /* cannot work: the reason was logged */

typedef struct nts_worker_config_t {
    /** Services and mappings. Where ids are 0 the worker stores the setup itself and fills them in. */
    const nts_setup_t *setup;
    nts_store_config_t store;
    nts_segment_t *segment; /* groups and services numbered as nts_grouping_make does; NULL: none */
    int index;              /* of the worker, in the segment */
    int worker_count;
    /* read end of a pipe the parent holds; end of file: the parent is gone; -1 none */
    int lifeline;
    /* touched by the tool after it has placed a command; watched by inotify; NULL none */
    const char *wake_path;
    /* per service of the setup, fetched before privileges were dropped; NULL where it could not
     * be fetched */
    const char *const *secrets;
    const nts_outcome_t *secret_outcomes; /* per service: why not */
    /* of services that are installed through OAuth; NULL: they could not be had, or there is no such service */
    const nts_key_t *tokens_key;    /* seals tokens */
    const nts_key_t *code_key;      /* opens the codes that httpd's children have sealed */
    const nts_key_t *file_key;      /* signs links to files (nts_file.h); NULL: there are none */
    const volatile int *stop;       /* set by the signal handler: 1 drain, 2 at once */
    int stop_fd;                    /* becomes readable when *stop was set; -1 none */
    apr_interval_time_t audit_keep; /* NotionSyncAudit keep=; 0: 90 days */
    const char *user_agent;
    const char *proxy;   /* nts_net_set_proxy; NULL none */
    const char *ca_file; /* nts_net_set_ca_file; NULL the system's */
    const nts_clock_t *clock;
    const nts_random_t *random;
} nts_worker_config_t;

/** Runs until stopped; returns an exit code. The process should then end by _exit: a helper thread may
 *  be stuck in its library. */
int nts_worker_run(const nts_worker_config_t *config, apr_pool_t *p);

#endif /* NTS_WORKER_H */
