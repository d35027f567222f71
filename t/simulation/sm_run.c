/* sm_run.c - a run: set up, go on, calm down, judge. */
#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "simulation/sm_host.h"
#include "simulation/sm_run.h"
#include "simulation/sm_script.h"

/* Nothing may be busy for so long before the run is judged. */
#define QUIET SM_MIN(4)
#define LOOK_EVERY SM_SEC(20)
/* Judgement has to come within this after the last action. */
#define CALM_MAX SM_MIN(12 * 60)
#define ROUNDS_MAX 12

static char folder[64];
static int is_always_real; /* the state store is in real files in every run */

/* Among seeds one in so many has it there anyway. */
#define REAL_EVERY 32
#define REAL_AT 5

const char *sm_folder(const sm_t *sm)
{
    (void)sm;
    return folder;
}

/* --- once */

static const char *path_of(const char *name, apr_pool_t *p)
{
    return apr_pstrcat(p, folder, name, NULL);
}

/* An empty, current store, to be copied for each run. */
static apr_status_t make_template(apr_pool_t *p)
{
    static const nts_clock_t no_clock;
    nts_store_config_t config = { 0 };
    nts_outcome_t out = { 0 };
    apr_status_t rv;

    config.driver = "sqlite3";
    config.params = path_of("/template.db", p);
    config.lock_path = path_of("/template.lock", p);
    config.clock = &no_clock;
    rv = nts_store_migrate(&config, &out, p);
    if (rv != APR_SUCCESS) {
        (void)fprintf(stderr, "simulation: %s\n", nts_outcome_text(&out, p));
    }
    return rv;
}

static void put_mark(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    if (fd >= 0) {
        (void)close(fd);
    }
}

apr_status_t sm_prepare(int real_state)
{
    apr_pool_t *p;
    apr_status_t rv;

    (void)apr_cpystrn(folder,
                      access("/dev/shm", W_OK) == 0 ? "/dev/shm/nts-simulation-XXXXXX"
                                                    : "/tmp/nts-simulation-XXXXXX",
                      sizeof(folder));
    if (!mkdtemp(folder)) {
        return APR_EGENERAL;
    }
    /* What a run gives back the next one takes. */
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 30);
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 30);
    sm_vfs_register(folder);
    (void)apr_pool_create(&p, NULL);
    rv = make_template(p);
    is_always_real = real_state;
    return rv; /* the pool stays: the driver that was loaded with it does */
}

void sm_clean(void)
{
    DIR *dir = opendir(folder);
    const struct dirent *file;

    if (!dir) {
        return;
    }
    while ((file = readdir(dir)) != NULL) {
        (void)unlinkat(dirfd(dir), file->d_name, 0);
    }
    (void)closedir(dir);
    (void)rmdir(folder);
}

/* --- a run */

static void remove_real_state(apr_pool_t *p)
{
    static const char *const names[] = { "/state.db-wal", "/state.db-shm", "/state.db-journal",
                                         "/state.kept0", "/state.kept1" };
    apr_size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)unlink(path_of(names[i], p));
    }
    (void)unlink(path_of("/state.db", p));
}

static void place_state(sm_t *sm)
{
    int is_real = is_always_real || sm->seed % REAL_EVERY == REAL_AT;

    sm_vfs_real_state(is_real);
    remove_real_state(sm->p);
    if (!is_real) {
        /* For those who ask the file system whether it is there. */
        put_mark(path_of("/state.db", sm->p));
        (void)sm_file_copy(path_of("/template.db", sm->p), path_of("/state.db", sm->p));
    }
}

static int set_up(sm_t *sm, const char *scenario)
{
    const sm_part_t *const *part;
    const char *problem;

    sm_script_create(sm, scenario);
    place_state(sm);
    for (part = sm->kernel->parts; *part; part++) {
        if ((*part)->setup) {
            (*part)->setup(sm);
        }
    }
    if (scenario) {
        if (sm_script_read(sm, &problem) != APR_SUCCESS) {
            sm_violation(sm, "scenario", "a line that cannot be read: %s", problem);
            return 0;
        }
    }
    else {
        for (part = sm->kernel->parts; *part; part++) {
            if ((*part)->plan) {
                (*part)->plan(sm);
            }
        }
    }
    sm_script_start(sm);
    sm_file_expect_power_cut(sm_script_has(sm, "host.crash"));
    return 1;
}

static int is_busy(sm_t *sm)
{
    int i;

    for (i = 0; sm->kernel->parts[i]; i++) {
        if (sm->kernel->parts[i]->is_busy && sm->kernel->parts[i]->is_busy(sm)) {
            return 1;
        }
    }
    return 0;
}

/* Zero: it never got quiet. */
static int wait_for_quiet(sm_t *sm, apr_time_t until)
{
    apr_time_t since = sm_now(sm);
    int requests = sm->kernel->request_count;

    while (!sm_is_violated(sm)) {
        sm_run_until(sm, sm_now(sm) + LOOK_EVERY);
        if (is_busy(sm) || sm->kernel->request_count != requests) {
            requests = sm->kernel->request_count;
            since = sm_now(sm);
        }
        if (sm_now(sm) - since >= QUIET) {
            return 1;
        }
        if (sm_now(sm) > until) {
            sm_violation(sm, "S6.1", "no end %d hours after the last action",
                         (int)(CALM_MAX / SM_MIN(60)));
        }
    }
    return 0;
}

static void judge(sm_t *sm)
{
    apr_time_t until = sm_now(sm) + CALM_MAX;
    int again = 1;
    int round;
    int i;

    sm->stage = "calm";
    sm_trace(sm, "---- calm");
    for (i = 0; sm->kernel->parts[i]; i++) {
        if (sm->kernel->parts[i]->calm) {
            sm->kernel->parts[i]->calm(sm);
        }
    }
    for (round = 0; again && round < ROUNDS_MAX && wait_for_quiet(sm, until); round++) {
        sm_trace(sm, "---- quiet %d", round);
        again = 0;
        for (i = 0; sm->kernel->parts[i] && !sm_is_violated(sm); i++) {
            again |= sm->kernel->parts[i]->quiet && sm->kernel->parts[i]->quiet(sm, round);
        }
    }
}

static void end_parts(sm_t *sm)
{
    int i;

    sm->stage = "over";
    for (i = 0; sm->kernel->parts[i]; i++) {
        if (sm->kernel->parts[i]->end) {
            sm->kernel->parts[i]->end(sm);
        }
    }
}

void sm_plan_only(sm_verdict_t *verdict, apr_uint64_t seed, const sm_part_t *const *parts,
                  apr_pool_t *p)
{
    sm_t *sm = sm_create(seed, parts, 0);

    memset(verdict, 0, sizeof(*verdict));
    (void)set_up(sm, NULL);
    end_parts(sm);
    verdict->scenario = sm_script_text(sm, p);
    sm_destroy(sm);
}

void sm_run(sm_verdict_t *verdict, apr_uint64_t seed, const char *scenario,
            const sm_part_t *const *parts, int is_traced, apr_pool_t *p)
{
    sm_t *sm = sm_create(seed, parts, is_traced);

    memset(verdict, 0, sizeof(*verdict));
    if (set_up(sm, scenario)) {
        sm->stage = "running";
        sm_host_start(sm);
        sm_run_until(sm, SM_T0 + sm_length(sm));
        if (!sm_is_violated(sm)) {
            judge(sm);
        }
    }
    end_parts(sm);
    verdict->violation = sm->kernel->violation ? apr_pstrdup(p, sm->kernel->violation) : NULL;
    verdict->scenario = sm_script_text(sm, p);
    verdict->hash = sm->kernel->hash;
    verdict->steps = sm->kernel->steps;
    verdict->length = sm_now(sm) - SM_T0;
    verdict->requests = sm->kernel->request_count;
    verdict->counts = sm_count_text(sm, p);
    sm_destroy(sm);
}
