/* mns_spawn.c - the workers as the parent sees them: forked, watched, replaced, drained. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <apr_thread_proc.h>

#include <httpd.h>
#include <ap_mpm.h>
#include <http_log.h>

#include "httpd/mns_spawn.h"
#include "httpd/mns_worker.h"
#include "worker/nts_supervisor.h"
#include "worker/nts_worker.h"

APLOG_USE_MODULE(notionsync);

/* What outlives a generation is plain data, found by name: the module itself is unloaded and loaded again
 * in between, perhaps in another version (D32). The name changes with the layout. */
#define RETAINED "mod_notionsync-1"
#define DRAINING_MAX 256
/* How often the MPMs call the monitor hook. */
#define MONITOR_EVERY apr_time_from_sec(10)

typedef struct retained_t {
    pid_t parent;    /* whose pipe it is */
    int lifeline[2]; /* nothing is ever written: its end is the message */
    int count;
    pid_t draining[DRAINING_MAX]; /* workers of earlier generations */
} retained_t;

typedef struct worker_t {
    mns_core_t *core;
    int index;
    apr_proc_t proc; /* pid 0: none runs */
    nts_supervisor_t supervisor;
} worker_t;

typedef struct pack_t {
    mns_core_t *core;
    apr_pool_t *p;
    int count;
    worker_t *workers;
} pack_t;

/* A worker of an earlier generation, as this one waits for it (D28). */
typedef struct leaver_t {
    retained_t *retained;
    apr_proc_t proc;
} leaver_t;

static pack_t *pack; /* of this generation */

static void start_worker(worker_t *worker);

static retained_t *get_retained(void)
{
    retained_t *retained = ap_retained_data_get(RETAINED);

    return retained ? retained : ap_retained_data_create(RETAINED, sizeof(*retained));
}

/* ---- the lifeline ---- */

static apr_status_t open_lifeline(retained_t *retained)
{
    int i;

    if (retained->parent == getpid()) {
        return APR_SUCCESS;
    }
    if (pipe(retained->lifeline) != 0) {
        return errno;
    }
    for (i = 0; i < 2; i++) {
        (void)fcntl(retained->lifeline[i], F_SETFD, FD_CLOEXEC);
    }
    retained->parent = getpid();
    return APR_SUCCESS;
}

void mns_lifeline_leave(void)
{
    retained_t *retained = ap_retained_data_get(RETAINED);

    if (retained && retained->parent && retained->parent != getpid()) {
        (void)close(retained->lifeline[0]);
        (void)close(retained->lifeline[1]);
        retained->parent = 0;
    }
}

/* ---- workers that are on their way out ---- */

static void forget_leaver(retained_t *retained, pid_t pid)
{
    int i;

    for (i = 0; i < retained->count; i++) {
        if (retained->draining[i] == pid) {
            retained->draining[i] = retained->draining[--retained->count];
            return;
        }
    }
}

static void tend_leaver(int reason, void *data, int status)
{
    leaver_t *leaver = data;

    (void)status;
    if (reason == APR_OC_REASON_DEATH || reason == APR_OC_REASON_LOST) {
        forget_leaver(leaver->retained, leaver->proc.pid);
        /* D30: calls us once more, to no effect. */
        apr_proc_other_child_unregister(leaver);
    }
}

void mns_workers_adopt(apr_pool_t *pconf)
{
    retained_t *retained = get_retained();
    int i;

    for (i = 0; i < retained->count; i++) {
        leaver_t *leaver = apr_pcalloc(pconf, sizeof(*leaver));

        leaver->retained = retained;
        leaver->proc.pid = retained->draining[i];
        apr_proc_other_child_register(&leaver->proc, tend_leaver, leaver, NULL, pconf);
    }
}

/* Tell a worker to finish what it is doing, and do not wait for it (D31). */
static void drain_worker(worker_t *worker)
{
    retained_t *retained = get_retained();

    (void)kill(worker->proc.pid, SIGUSR1);
    if (retained->count < DRAINING_MAX) {
        retained->draining[retained->count++] = worker->proc.pid;
    }
    worker->proc.pid = 0;
}

/* ---- workers of this generation ---- */

static int is_stopping(void)
{
    int state = AP_MPMQ_STOPPING;

    return ap_mpm_query(AP_MPMQ_MPM_STATE, &state) != APR_SUCCESS || state == AP_MPMQ_STOPPING;
}

/* What became of it, and whether anybody should care. @a status is no wait status: MPMs hand on what apr_proc_wait
 * made of that, an exit code or the number of a signal, and not which of them. */
static const char *describe_end(int *level, int status, apr_pool_t *p)
{
    *level = APLOG_ERR;
    switch (status) {
    case NTS_WORKER_EXIT_OK:
        *level = APLOG_INFO;
        return "has ended";
    case NTS_WORKER_EXIT_STARTUP:
        return "could not start working, for the reason it gave above";
    case NTS_WORKER_EXIT_BROKEN:
        return "ended itself, for the reason it gave above";
    default:
        return apr_psprintf(p, "was ended by signal %d", status);
    }
}

static void note_end(worker_t *worker, int status, apr_pool_t *p)
{
    nts_supervisor_t *supervisor = &worker->supervisor;
    nts_worker_view_t nobody = { 0 };
    pid_t pid = worker->proc.pid;
    apr_time_t now = apr_time_now();
    apr_interval_time_t wait;
    int level;
    const char *end = describe_end(&level, status, p);

    worker->proc.pid = 0;
    nts_segment_set_worker(worker->core->segment, worker->index, &nobody);
    nts_supervisor_ended(supervisor, status == NTS_WORKER_EXIT_STARTUP, now);
    wait = supervisor->next_start > now ? supervisor->next_start - now : 0;
    ap_log_error(APLOG_MARK, level, 0, worker->core->main,
                 "worker %d (pid %" APR_PID_T_FMT ") %s; another one starts %s", worker->index, pid,
                 end,
                 wait ? apr_psprintf(p, "in at most %d s",
                                     (int)((wait + MONITOR_EVERY) / APR_USEC_PER_SEC) + 1)
                      : "at once");
}

static void tend_worker(int reason, void *data, int status)
{
    worker_t *worker = data;
    apr_pool_t *p;

    if (worker->proc.pid == 0) {
        return;
    }
    switch (reason) {
    case APR_OC_REASON_DEATH:
    case APR_OC_REASON_LOST:
        if (is_stopping()) {
            worker->proc.pid = 0;
            apr_proc_other_child_unregister(worker);
            break;
        }
        if (apr_pool_create(&p, pack->p) != APR_SUCCESS) {
            break;
        }
        note_end(worker, status, p);
        apr_pool_destroy(p);
        /* D30: calls us once more; no pid, no effect. */
        apr_proc_other_child_unregister(worker);
        if (nts_supervisor_is_due(&worker->supervisor, apr_time_now())) {
            start_worker(worker);
        }
        break;
    case APR_OC_REASON_RESTART:
        /* The server stops or restarts at once; UNREGISTER follows within a second. */
        (void)kill(worker->proc.pid, SIGUSR1);
        break;
    case APR_OC_REASON_UNREGISTER:
        drain_worker(worker);
        break;
    default:
        break;
    }
}

/* A worker may be told to end before it has run at all, on a busy machine. What it is told then would end in the handlers that it has from
 * the parent, which only set flags, and it would outlive its generation; so that it waits for mns_process_begin. */
static void hold_signals(sigset_t *before)
{
    static const int signals[] = { SIGUSR1, SIGHUP, SIGTERM, SIGINT };
    sigset_t held;
    size_t i;

    (void)sigemptyset(&held);
    for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        (void)sigaddset(&held, signals[i]);
    }
    (void)pthread_sigmask(SIG_BLOCK, &held, before);
}

static void start_worker(worker_t *worker)
{
    mns_core_t *core = worker->core;
    sigset_t before;
    nts_worker_view_t view = { 0 };
    apr_time_t now = apr_time_now();
    apr_status_t rv;

    nts_supervisor_started(&worker->supervisor, now);
    /* Before the fork: afterwards the worker may have said more already. */
    view.state = NTS_WORKER_STARTING;
    view.started = now;
    view.heartbeat = now;
    nts_segment_set_worker(core->segment, worker->index, &view);
    hold_signals(&before);
    rv = apr_proc_fork(&worker->proc, pack->p);
    if (rv == APR_INCHILD) {
        const retained_t *retained = ap_retained_data_get(RETAINED);
        mns_worker_run(core, worker->index, pack->count, retained->lifeline, retained->parent);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rv != APR_INPARENT) {
        worker->proc.pid = 0;
        nts_supervisor_ended(&worker->supervisor, 0, now);
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, core->main,
                     "worker %d cannot be started; tried again soon", worker->index);
        return;
    }
    nts_segment_add(core->segment, NTS_COUNT_WORKER_STARTS, 1);
    apr_proc_other_child_register(&worker->proc, tend_worker, worker, NULL, pack->p);
}

static apr_status_t leave_pack(void *data)
{
    (void)data;
    pack = NULL;
    return APR_SUCCESS;
}

apr_status_t mns_workers_start(mns_core_t *core, apr_pool_t *pconf)
{
    retained_t *retained = get_retained();
    apr_status_t rv = open_lifeline(retained);
    int i;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    pack = apr_pcalloc(pconf, sizeof(*pack));
    apr_pool_cleanup_register(pconf, NULL, leave_pack, apr_pool_cleanup_null);
    pack->core = core;
    pack->p = pconf;
    pack->count = core->setup.mapping_count > 0 ? mns_server_config(core->main)->global.workers : 0;
    pack->workers = apr_pcalloc(pconf, (apr_size_t)pack->count * sizeof(worker_t));
    for (i = 0; i < pack->count; i++) {
        pack->workers[i].core = core;
        pack->workers[i].index = i;
        start_worker(&pack->workers[i]);
    }
    return APR_SUCCESS;
}

int mns_workers_tend(apr_pool_t *p, server_rec *s)
{
    apr_time_t now = apr_time_now();
    int i;

    (void)p;
    (void)s;
    for (i = 0; pack && !is_stopping() && i < pack->count; i++) {
        worker_t *worker = &pack->workers[i];

        if (worker->proc.pid == 0 && nts_supervisor_is_due(&worker->supervisor, now)) {
            start_worker(worker);
        }
    }
    return OK;
}
