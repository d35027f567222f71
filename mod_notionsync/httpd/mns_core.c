/* mns_core.c - the parent's part: files, keys, shared memory, store, workers. */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include <apr_file_io.h>

#include <httpd.h>
#include <ap_mpm.h>
#include <http_core.h>
#include <http_log.h>
#include <unixd.h>
#include <util_mutex.h>

#include "base/nts_state.h"
#include "httpd/mns_check.h"
#include "httpd/mns_migrate.h"
#include "httpd/mns_process.h"
#include "httpd/mns_spawn.h"
#include "httpd/mns_vault.h"

APLOG_USE_MODULE(notionsync);

#define MUTEX_NAME "notionsync"
#define RING_SLOTS 1024
#define PLACES_LEAST 2
#define PLACES_MOST 64
/* Pages of the log of the state store (32 MB). Workers write it back (nts_worker.c): a webhook's commit that
 * had to would keep all others waiting. This is for when they cannot keep up. */
#define AUTOCHECKPOINT 8000

mns_core_t *mns_core_get(const server_rec *s)
{
    return mns_server_config(s)->main->core;
}

int mns_core_prepare(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    (void)plog;
    (void)ptemp;
    return ap_mutex_register(pconf, MUTEX_NAME, NULL, APR_LOCK_DEFAULT, 0) == APR_SUCCESS
               ? OK
               : HTTP_INTERNAL_SERVER_ERROR;
}

/* ---- the state directory ---- */

/* The directory must belong to httpd's user, for SQLite keeps files beside the database (D37). One that
 * is there is left as it is: whoever made it knows why. */
static apr_status_t make_directory(const mns_core_t *core, const char *database, apr_pool_t *ptemp)
{
    const char *slash = strrchr(database, '/');
    const char *path = apr_pstrmemdup(ptemp, database, (apr_size_t)(slash - database));
    apr_status_t rv =
        apr_dir_make(path, APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_UEXECUTE, ptemp);

    if (APR_STATUS_IS_EEXIST(rv)) {
        return APR_SUCCESS;
    }
    if (rv == APR_SUCCESS && geteuid() == 0 &&
        chown(path, ap_unixd_config.user_id, ap_unixd_config.group_id) != 0) {
        rv = errno;
    }
    if (rv != APR_SUCCESS) {
        ap_log_error(
            APLOG_MARK, APLOG_CRIT, rv, core->main,
            "NotionSyncStateDB: the directory %s cannot be created for httpd's user; create "
            "it, or name a database elsewhere",
            path);
    }
    return rv;
}

/* ---- shared memory ---- */

static apr_status_t lock_segment(void *baton)
{
    const mns_core_t *core = baton;

    return apr_global_mutex_lock(core->mutex);
}

static void unlock_segment(void *baton)
{
    const mns_core_t *core = baton;

    (void)apr_global_mutex_unlock(core->mutex);
}

static apr_status_t make_mutex(mns_core_t *core, apr_pool_t *pconf)
{
    apr_status_t rv =
        ap_global_mutex_create(&core->mutex, NULL, MUTEX_NAME, NULL, core->main, pconf, 0);

    /* D33: when its holder is killed, nobody ever gets such a mutex again. */
    if (rv == APR_SUCCESS && apr_global_mutex_mech(core->mutex) == APR_LOCK_POSIXSEM) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, core->main,
                     "Mutex: posixsem cannot be used for " MUTEX_NAME
                     ", because it stays locked when "
                     "its holder is killed; say, for example: Mutex default " MUTEX_NAME);
        return APR_ENOTIMPL;
    }
    return rv;
}

/* So many of httpd's threads may wait for a worker's answer at once: a quarter, so that none is kept from taking events. */
static int count_places(void)
{
    int children = 0;
    int threads = 0;

    if (ap_mpm_query(AP_MPMQ_MAX_DAEMONS, &children) != APR_SUCCESS ||
        ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads) != APR_SUCCESS) {
        return PLACES_LEAST;
    }
    children *= threads > 0 ? threads : 1;
    return children / 4 < PLACES_LEAST  ? PLACES_LEAST
           : children / 4 > PLACES_MOST ? PLACES_MOST
                                        : children / 4;
}

static apr_status_t make_segment(mns_core_t *core, apr_pool_t *pconf)
{
    nts_segment_lock_t lock = { lock_segment, unlock_segment, core };
    nts_segment_size_t size = { 0 };
    apr_status_t rv;

    size.workers = mns_server_config(core->main)->global.workers;
    size.slots = RING_SLOTS;
    size.groups = core->grouping->count;
    size.services = core->setup.service_count;
    size.places = count_places();
    rv = nts_segment_create(&core->segment, &size, &lock, pconf);
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, core->main,
                     "%" APR_UINT64_T_FMT " bytes of shared memory cannot be had; lower "
                     "NotionSyncWorkers",
                     nts_segment_bytes(&size));
    }
    return rv;
}

/* ---- start ---- */

static void choose_paths(mns_core_t *core, apr_pool_t *p)
{
    const mns_global_t *global = &mns_server_config(core->main)->global;
    const char *database = global->db_path ? global->db_path : NTS_STATE_DATABASE;

    core->store.driver = "sqlite3";
    core->store.params = database;
    core->store.lock_path = nts_state_lock_path(database, p);
    core->store.autocheckpoint = AUTOCHECKPOINT;
    core->store.clock = &nts_clock_system;
    core->wake_path = nts_state_wake_path(database, p);
    core->key_path = global->key_path ? global->key_path : nts_state_key_path(database, p);
}

static apr_status_t make_vault(mns_core_t *core, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    nts_outcome_t out = { 0 };
    apr_status_t rv = mns_vault_make(&core->vault, core, core->key_path, &out, pconf, ptemp);

    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, out.what ? 0 : rv, core->main,
                     "NotionSyncSecretKey: %s",
                     out.what ? nts_outcome_text(&out, ptemp) : "the keys cannot be made");
    }
    return rv;
}

static apr_status_t prepare_store(mns_core_t *core, apr_pool_t *ptemp)
{
    const char *problem;
    apr_status_t rv = mns_store_prepare(&problem, core, ptemp);

    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, problem ? 0 : rv, core->main,
                     "the state store %s cannot be used: %s", core->store.params,
                     problem ? problem : "its helper process cannot be started");
    }
    return rv;
}

static apr_status_t start(mns_core_t *core, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    apr_status_t rv;

    choose_paths(core, pconf);
    rv = make_directory(core, core->store.params, ptemp);

    if (rv == APR_SUCCESS) {
        rv = make_vault(core, pconf, ptemp);
    }
    if (rv == APR_SUCCESS) {
        rv = make_mutex(core, pconf);
    }
    if (rv == APR_SUCCESS) {
        rv = make_segment(core, pconf);
    }
    if (rv == APR_SUCCESS) {
        rv = prepare_store(core, ptemp);
    }
    if (rv == APR_SUCCESS) {
        rv = mns_workers_start(core, pconf);
    }
    return rv;
}

int mns_core_start(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    mns_core_t *core;

    (void)plog;
    /* D26: the first pass at start runs before httpd has detached. */
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    mns_workers_adopt(pconf);
    core = apr_pcalloc(pconf, sizeof(*core));
    core->main = s;
    core->started = apr_time_now();
    mns_setup_make(&core->setup, s, pconf);
    if (core->setup.service_count == 0) {
        return OK;
    }
    core->grouping = nts_grouping_make(&core->setup, pconf);
    mns_log_open(s);
    if (start(core, pconf, ptemp) != APR_SUCCESS) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    mns_server_config(s)->core = core;
    ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, s,
                 "mod_notionsync/%s: %d mapping%s, %d service%s, state in %s", NTS_VERSION,
                 core->setup.mapping_count, core->setup.mapping_count == 1 ? "" : "s",
                 core->setup.service_count, core->setup.service_count == 1 ? "" : "s",
                 core->store.params);
    return OK;
}
