/* mns_worker.c - a worker process from its fork to its end: secrets, privileges, then the library. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <httpd.h>
#include <http_log.h>
#include <mpm_common.h>
#include <util_mutex.h>

#include "base/nts_secret.h"
#include "base/nts_state.h"
#include "httpd/mns_process.h"
#include "httpd/mns_worker.h"
#include "model/nts_file.h"
#include "store/nts_store_oauth.h"
#include "worker/nts_worker.h"

APLOG_USE_MODULE(notionsync);

/* For the signal handler: how to stop, and the pipe that wakes the loop. */
static volatile int stop_level;
static int stop_pipe[2] = { -1, -1 };

static void note_signal(int number)
{
    int before = errno;
    int level = number == SIGTERM || number == SIGINT ? 2 : 1;

    if (level > stop_level) {
        stop_level = level;
    }
    if (write(stop_pipe[1], "", 1) < 0) {
        /* Full: it is readable already. */
    }
    errno = before;
}

/* USR1 is the parent's word for "finish". HUP and TERM may come to the whole process group: the prefork
 * MPM restarts and stops in that way. */
static apr_status_t watch_signals(void)
{
    static const int signals[] = { SIGUSR1, SIGHUP, SIGTERM, SIGINT };
    struct sigaction action = { 0 };
    size_t i;

    if (pipe(stop_pipe) != 0) {
        return errno;
    }
    for (i = 0; i < 2; i++) {
        (void)fcntl(stop_pipe[i], F_SETFD, FD_CLOEXEC);
        (void)fcntl(stop_pipe[i], F_SETFL, O_NONBLOCK);
    }
    action.sa_handler = note_signal;
    for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        (void)sigaction(signals[i], &action, NULL);
    }
    return APR_SUCCESS;
}

/* While still privileged: files that only root can read. Afterwards nobody here can read them again. */
static void fetch_secrets(nts_worker_config_t *config, apr_pool_t *p)
{
    int count = config->setup->service_count;
    const char **secrets = apr_pcalloc(p, (apr_size_t)count * sizeof(*secrets));
    nts_outcome_t *outcomes = apr_pcalloc(p, (apr_size_t)count * sizeof(*outcomes));
    int i;

    for (i = 0; i < count; i++) {
        const nts_service_t *service = config->setup->services[i];
        const char *reference = service->kind != NTS_SERVICE_NOTION ? service->password
                                : service->oauth_client             ? service->oauth_secret
                                                                    : service->token;

        if (reference && nts_secret_fetch(&secrets[i], reference, &outcomes[i], p) != APR_SUCCESS) {
            secrets[i] = NULL;
        }
    }
    config->secrets = secrets;
    config->secret_outcomes = outcomes;
}

typedef struct keys_t {
    nts_key_t tokens, code, file;
} keys_t;

static int uses_oauth(const nts_setup_t *setup)
{
    int found = 0;
    int i;

    for (i = 0; i < setup->service_count; i++) {
        found |= setup->services[i]->oauth_client != NULL;
    }
    return found;
}

/* Keys of what OAuth has brought: the one opens tokens, which nobody else can, the other what httpd's children sealed; and the key of links
 * to files. The server's own is not kept. Without keys no installation works, and its service says so. */
static void fetch_keys(nts_worker_config_t *config, keys_t *keys, const mns_core_t *core,
                       apr_pool_t *p)
{
    nts_outcome_t out = { 0 };
    nts_key_t master;

    if (nts_key_read(&master, core->key_path, &out, p) == APR_SUCCESS &&
        nts_key_derive(&keys->tokens, &master, NTS_OAUTH_TOKENS) == APR_SUCCESS &&
        nts_key_derive(&keys->code, &master, NTS_OAUTH_CODE) == APR_SUCCESS &&
        nts_key_derive(&keys->file, &master, NTS_FILE_PURPOSE) == APR_SUCCESS) {
        config->tokens_key = uses_oauth(&core->setup) ? &keys->tokens : NULL;
        config->code_key = config->tokens_key ? &keys->code : NULL;
        config->file_key = &keys->file;
    }
    else {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, core->main,
                     "NotionSyncSecretKey: %s; services that are installed through OAuth cannot be "
                     "used, and files that Notion keeps have no links",
                     nts_outcome_text(&out, p));
    }
    explicit_bzero(&master, sizeof(master));
}

/* The pipe tells when the parent is gone, but a program that another module started may still hold its
 * other end. So the kernel is asked too, which it forgets whenever the user changes: hence afterwards. */
static int watch_parent(pid_t parent)
{
#ifdef PR_SET_PDEATHSIG
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
    return getppid() == parent;
}

static void set_name(int index)
{
#ifdef PR_SET_NAME
    char name[16];

    (void)apr_snprintf(name, sizeof(name), "notionsync-w%d", index);
    (void)prctl(PR_SET_NAME, name);
#else
    (void)index;
#endif
}

void mns_worker_run(const mns_core_t *core, int index, int count, const int lifeline[2],
                    pid_t parent)
{
    apr_pool_t *p = mns_process_begin(core);
    nts_worker_config_t config = { 0 };
    keys_t keys = { 0 };
    apr_global_mutex_t *mutex = core->mutex;
    apr_status_t rv;

    (void)close(lifeline[1]);
    set_name(index);
    rv = watch_signals();
    config.setup = &core->setup;
    fetch_secrets(&config, p);
    fetch_keys(&config, &keys, core, p);
    if (rv != APR_SUCCESS || ap_run_drop_privileges(p, core->main) != OK) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, core->main,
                     "worker %d cannot drop its privileges and ends", index);
        _exit(NTS_WORKER_EXIT_STARTUP);
    }
    rv = apr_global_mutex_child_init(&mutex, apr_global_mutex_lockfile(mutex), p);
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, core->main,
                     "worker %d cannot use the mutex notionsync and ends", index);
        _exit(NTS_WORKER_EXIT_STARTUP);
    }
    if (!watch_parent(parent)) {
        _exit(NTS_WORKER_EXIT_OK);
    }
    config.store = core->store;
    config.store.no_values = !mns_server_config(core->main)->global.audit_values;
    config.segment = core->segment;
    config.index = index;
    config.worker_count = count;
    config.lifeline = lifeline[0];
    config.wake_path = core->wake_path;
    config.stop = &stop_level;
    config.stop_fd = stop_pipe[0];
    config.audit_keep = mns_server_config(core->main)->global.audit_keep;
    config.user_agent = "mod_notionsync/" NTS_VERSION;
    config.clock = &nts_clock_system;
    config.random = &nts_random_system;
    /* _exit: a transfer or a helper thread may still be running, and inherited cleanups are not ours. */
    _exit(nts_worker_run(&config, p));
}
