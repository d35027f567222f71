/* sm_host.c - what httpd's parent does: generations, workers, and starting them again. */
#include <string.h>
#include <sys/inotify.h>

#include "base/nts_log.h"
#include "simulation/sm_host.h"

#define SLOTS 64
#define START_AGAIN SM_SEC(5)

/* --- what production is lent */

static apr_time_t read_wall(void *baton)
{
    return sm_wall(baton, SM_HOST);
}

static apr_time_t read_mono(void *baton)
{
    return sm_now(baton) - SM_T0 + SM_SEC(1000);
}

static void read_dice(void *baton, unsigned char *to, apr_size_t len)
{
    apr_size_t i;

    for (i = 0; i < len; i++) {
        to[i] = (unsigned char)(sm_roll(baton) >> 56);
    }
}

static apr_status_t lock_ring(void *baton)
{
    (void)baton;
    return APR_SUCCESS;
}

static void unlock_ring(void *baton)
{
    (void)baton;
}

void sm_host_configure(sm_t *sm, int workers, sm_configure_fn *configure, void *baton,
                       const char *token)
{
    sm_host_t *host = sm->host;

    host->workers = workers < 1 ? 1 : workers > SM_WORKERS_MAX ? SM_WORKERS_MAX : workers;
    host->configure = configure;
    host->baton = baton;
    host->token = apr_pstrdup(sm->p, token);
}

/* --- the kernel's own look into the store */

void sm_host_look_away(sm_t *sm)
{
    if (sm->host->look) {
        apr_pool_destroy(sm->host->look_pool);
        sm->host->look = NULL;
    }
}

nts_store_t *sm_host_store(sm_t *sm)
{
    sm_host_t *host = sm->host;
    nts_outcome_t out = { 0 };

    if (!host->look) {
        (void)apr_pool_create(&host->look_pool, sm->p);
        if (nts_store_open(&host->look, &host->store, &out, host->look_pool) != APR_SUCCESS) {
            sm_remark(sm, "the state store cannot be opened: %s",
                      nts_outcome_text(&out, host->look_pool));
            apr_pool_destroy(host->look_pool);
            host->look = NULL;
        }
    }
    return host->look;
}

const nts_setup_t *sm_host_setup(sm_t *sm)
{
    return sm->host->generations ? sm->host->generations->setup : NULL;
}

/* --- workers */

static int run_worker(sm_process_t *process)
{
    const sm_worker_t *worker = process->baton;

    return nts_worker_run(&worker->config, sm_the->p);
}

static void start_worker(sm_t *sm, sm_worker_t *worker);

static void look_after(sm_t *sm, void *baton)
{
    sm_worker_t *worker = baton;

    if (!worker->generation->is_retired && nts_supervisor_is_due(&worker->supervisor, sm_now(sm))) {
        start_worker(sm, worker);
    }
}

static void worker_ended(sm_process_t *process, int code)
{
    sm_worker_t *worker = process->baton;
    sm_note_t note = { SM_NOTE_EXITED, process->number, code, NULL, NULL, NULL };
    nts_supervisor_t *s = &worker->supervisor;
    sm_t *sm = sm_the;

    sm_trace(sm, "%s ended with code %d", process->name, code);
    if (code < 0) {
        note.kind = SM_NOTE_KILLED;
    }
    sm_note(sm, &note);
    if (code == NTS_WORKER_EXIT_BROKEN) {
        sm_violation(sm, "S6", "%s found an invariant of its own broken", process->name);
    }
    if (!worker->generation->is_retired) {
        nts_supervisor_ended(s, code == NTS_WORKER_EXIT_STARTUP, sm_now(sm));
        sm_after(sm, s->next_start - sm_now(sm), look_after, worker);
    }
}

static void start_worker(sm_t *sm, sm_worker_t *worker)
{
    sm_note_t note = { SM_NOTE_STARTED, 0, 0, NULL, NULL, NULL };
    nts_worker_config_t *config = &worker->config;
    sm_generation_t *g = worker->generation;
    const char *name = apr_psprintf(sm->p, "worker %d.%d", g->number, worker->index);

    worker->stop = 0;
    sm_dice_init(&worker->dice, sm, apr_psprintf(sm->p, "%s %d", name, sm->kernel->process_count));
    worker->random.bytes = read_dice;
    worker->random.baton = &worker->dice;
    memset(config, 0, sizeof(*config));
    config->setup = g->setup;
    config->store = sm->host->store;
    config->segment = g->segment;
    config->index = worker->index;
    config->worker_count = g->worker_count;
    sm_fd_pipe(&config->lifeline, &worker->lifeline);
    config->wake_path = sm->host->wake_path;
    config->secrets = g->secrets;
    config->stop = &worker->stop;
    config->stop_fd = sm_fd_event();
    config->user_agent = "simulation";
    config->clock = &sm->host->clock;
    config->random = &worker->random;
    nts_supervisor_started(&worker->supervisor, sm_now(sm));
    worker->process = sm_process_start(sm, name, run_worker, worker_ended, worker);
    sm_trace(sm, "%s starts as process %d", name, worker->process->number);
    note.process = worker->process->number;
    sm_note(sm, &note);
}

/* --- generations */

static apr_status_t make_segment(sm_t *sm, sm_generation_t *g)
{
    nts_segment_size_t size = { g->worker_count, SLOTS, g->grouping->count + 1,
                                g->setup->service_count + 1, 0 };
    nts_segment_lock_t lock = { lock_ring, unlock_ring, sm };

    return nts_segment_create(&g->segment, &size, &lock, g->p);
}

/* What the short-lived helper does before the workers start. */
static apr_status_t store_setup(sm_t *sm, sm_generation_t *g)
{
    nts_outcome_t out = { 0 };
    apr_status_t rv = APR_SUCCESS;
    nts_store_t *store;

    if (!sm_host_store(sm)) {
        rv = nts_store_migrate(&sm->host->store, &out, g->p);
    }
    store = rv == APR_SUCCESS ? sm_host_store(sm) : NULL;
    return store ? nts_store_put_setup(store, g->setup, g->p) : APR_EGENERAL;
}

static void start_again(sm_t *sm, void *baton)
{
    (void)baton;
    if (sm->host->is_on) {
        sm_host_start(sm);
    }
}

void sm_host_start(sm_t *sm)
{
    sm_host_t *host = sm->host;
    sm_generation_t *g = apr_pcalloc(sm->p, sizeof(*g));
    apr_status_t rv;
    int i;

    if (!host->configure) {
        return; /* a machine without a world */
    }
    (void)apr_pool_create(&g->p, sm->p);
    host->is_on = 1;
    g->number = host->generations ? host->generations->number + 1 : 0;
    g->setup = host->configure(sm, host->baton, g->p);
    g->grouping = nts_grouping_make(g->setup, g->p);
    g->worker_count = host->workers;
    rv = store_setup(sm, g);
    if (rv == APR_SUCCESS) {
        rv = make_segment(sm, g);
    }
    if (rv != APR_SUCCESS) {
        sm_trace(sm, "httpd does not start: the state store does not work");
        apr_pool_destroy(g->p);
        sm_after(sm, START_AGAIN, start_again, NULL);
        return;
    }
    g->secrets = apr_pcalloc(g->p, sizeof(*g->secrets) * ((apr_size_t)g->setup->service_count + 1));
    for (i = 0; i < g->setup->service_count; i++) {
        g->secrets[i] = g->setup->services[i]->kind == NTS_SERVICE_NOTION ? host->token : NULL;
    }
    g->next = host->generations;
    host->generations = g;
    sm_trace(sm, "generation %d: %d mappings, %d workers", g->number, g->setup->mapping_count,
             g->worker_count);
    sm_door_open(sm, g);
    for (i = 0; i < g->worker_count; i++) {
        g->workers[i].generation = g;
        g->workers[i].index = i;
        start_worker(sm, &g->workers[i]);
    }
}

static void retire(sm_generation_t *g, int how)
{
    int i;

    g->is_retired = 1;
    sm_door_retire(g);
    for (i = 0; i < g->worker_count; i++) {
        g->workers[i].stop = how;
        sm_fd_signal(g->workers[i].config.stop_fd);
        if (how == 0) {
            sm_fd_close(g->workers[i].lifeline);
        }
    }
}

void sm_host_orphan(sm_t *sm)
{
    if (sm->host->generations && !sm->host->generations->is_retired) {
        retire(sm->host->generations, 0);
    }
    sm->host->is_on = 0;
}

void sm_host_kill_all(sm_t *sm)
{
    sm_generation_t *g;
    sm_process_t *process;

    for (g = sm->host->generations; g; g = g->next) {
        g->is_retired = 1;
        sm_door_retire(g);
    }
    for (process = sm->kernel->processes; process; process = process->next) {
        sm_process_kill(sm, process);
    }
}

void sm_host_restart(sm_t *sm, int gracefully)
{
    sm_generation_t *g = sm->host->generations;

    sm_trace(sm, "httpd restarts%s", gracefully ? " gracefully" : "");
    if (!gracefully) {
        sm_host_kill_all(sm);
    }
    else if (g && !g->is_retired) {
        retire(g, 1);
    }
    sm_host_start(sm);
}

void sm_host_switch(sm_t *sm, int on)
{
    sm_generation_t *g = sm->host->generations;

    if (!on && g && !g->is_retired) {
        sm_trace(sm, "httpd stops");
        retire(g, 1);
    }
    else if (on && !sm->host->is_on) {
        sm_trace(sm, "httpd starts");
        sm_host_start(sm);
    }
    sm->host->is_on = on;
}

sm_worker_t *sm_host_pick(sm_t *sm, apr_int64_t pick)
{
    sm_generation_t *g = sm->host->generations;
    sm_worker_t *alive[SM_WORKERS_MAX];
    int count = 0;
    int i;

    for (i = 0; g && i < g->worker_count; i++) {
        if (g->workers[i].process && g->workers[i].process->state != SM_DEAD) {
            alive[count++] = &g->workers[i];
        }
    }
    return count ? alive[(pick < 0 ? -pick : pick) % count] : NULL;
}

/* --- the part */

static void take_log(void *baton, int level, apr_status_t rv, const char *message)
{
    sm_note_t note = { SM_NOTE_LOG, 0, level, message, NULL, NULL };
    char cause[120];

    (void)baton;
    if (!sm_the) {
        return;
    }
    sm_remark(sm_the, "  [%s] %d %s%s%s", sm_current() ? sm_current()->name : "kernel", level,
              message, rv ? ": " : "", rv ? apr_strerror(rv, cause, sizeof(cause)) : "");
    note.process = sm_current() ? sm_current()->number : 0;
    sm_note(sm_the, &note);
}

static void set_up(sm_t *sm)
{
    sm_host_t *host = apr_pcalloc(sm->p, sizeof(*host));

    sm->host = host;
    host->store.driver = "sqlite3";
    host->store.params = apr_pstrcat(sm->p, sm_folder(sm), "/state.db", NULL);
    host->store.lock_path = apr_pstrcat(sm->p, sm_folder(sm), "/state.lock", NULL);
    host->store.clock = &host->clock;
    host->wake_path = apr_pstrcat(sm->p, sm_folder(sm), "/wake", NULL);
    host->clock.wall = read_wall;
    host->clock.mono = read_mono;
    host->clock.baton = sm;
    host->workers = 1;
    nts_log_set_sink(take_log, NULL, sm_is_traced(sm) ? NTS_LOG_DEBUG : NTS_LOG_WARNING);
    sm_faults_register(sm);
    sm_clock_step(sm, SM_HOST, SM_MS(sm_setting_of(sm, "host.clock_ms")));
}

static void calm(sm_t *sm)
{
    sm_process_t *process;

    sm_faults_calm(sm);
    for (process = sm->kernel->processes; process; process = process->next) {
        process->armed = 0;
        sm_process_thaw(sm, process);
    }
    if (!sm->host->is_on) {
        sm_host_switch(sm, 1);
    }
}

static int is_busy(sm_t *sm)
{
    return sm->kernel->requests_open > 0;
}

static void end(sm_t *sm)
{
    sm_host_look_away(sm);
}

const sm_part_t sm_part_host = {
    .name = "host",
    .setup = set_up,
    .plan = sm_faults_plan,
    .calm = calm,
    .is_busy = is_busy,
    .end = end,
    .blackout = sm_host_look_away,
};
