/* mns_migrate.c - the short-lived helper that reads hook secrets, migrates the store and writes the setup
 * into it. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_shm.h>
#include <apr_thread_proc.h>

#include <httpd.h>
#include <http_log.h>
#include <mpm_common.h>

#include "httpd/mns_migrate.h"
#include "httpd/mns_process.h"
#include "httpd/mns_vault.h"

APLOG_USE_MODULE(notionsync);

/* A migration may have to wait for writers of the generation before, and may have much to copy. */
#define HELPER_TIMEOUT apr_time_from_sec(600)
#define PROPERTY_MAX 120

/* What a pair brings back. */
typedef struct pair_answer_t {
    apr_int64_t id;
    char property[PROPERTY_MAX]; /* "" unknown */
} pair_answer_t;

/* In memory shared with the helper. The parent takes numbers and bounded texts from it, nothing else:
 * the helper is less privileged. */
typedef struct answer_t {
    int done;
    char problem[4096];
    mns_hook_key_t *keys; /* behind the pairs */
    pair_answer_t pairs[];
} answer_t;

static int count_pairs(const nts_setup_t *setup)
{
    int count = 0;
    int i;

    for (i = 0; i < setup->mapping_count; i++) {
        count += setup->mappings[i]->pair_count;
    }
    return count;
}

/* ---- in the helper ---- */

static void write_ids(answer_t *answer, const nts_setup_t *setup)
{
    pair_answer_t *next = answer->pairs;
    int i;
    int k;

    for (i = 0; i < setup->service_count; i++) {
        next++->id = setup->services[i]->id;
    }
    for (i = 0; i < setup->mapping_count; i++) {
        const nts_mapping_t *mapping = setup->mappings[i];

        next++->id = mapping->id;
        for (k = 0; k < mapping->pair_count; k++, next++) {
            const char *property = mapping->pairs[k].notion_id;

            next->id = mapping->pairs[k].id;
            if (property && strlen(property) < PROPERTY_MAX) {
                apr_cpystrn(next->property, property, PROPERTY_MAX);
            }
        }
    }
}

/* The tool touches this file to wake the workers; it must be there to be watched. */
static void create_wake_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);

    if (fd >= 0) {
        (void)close(fd);
    }
}

static void run_helper(mns_core_t *core, answer_t *answer)
{
    apr_pool_t *p = mns_process_begin(core);
    nts_store_t *store = NULL;
    nts_outcome_t out = { 0 };
    apr_status_t rv;

    mns_hook_keys_fetch(answer->keys, core, p);
    if (ap_run_drop_privileges(p, core->main) != OK) {
        apr_cpystrn(answer->problem, "its privileges could not be dropped",
                    sizeof(answer->problem));
        _exit(1);
    }
    rv = nts_store_migrate(&core->store, &out, p);
    if (rv == APR_SUCCESS) {
        rv = nts_store_open(&store, &core->store, &out, p);
    }
    if (rv == APR_SUCCESS) {
        rv = nts_store_put_setup(store, &core->setup, p);
    }
    if (rv == APR_SUCCESS) {
        create_wake_file(core->wake_path);
        write_ids(answer, &core->setup);
    }
    else if (out.what) {
        apr_cpystrn(answer->problem, nts_outcome_text(&out, p), sizeof(answer->problem));
    }
    else {
        char cause[200];

        (void)apr_snprintf(answer->problem, sizeof(answer->problem),
                           "The configuration cannot be written into it: %s",
                           apr_strerror(rv, cause, sizeof(cause)));
    }
    if (store) {
        nts_store_close(store);
    }
    answer->done = rv == APR_SUCCESS;
    _exit(rv == APR_SUCCESS ? 0 : 1);
}

/* ---- in the parent ---- */

static void read_ids(nts_setup_t *setup, const answer_t *answer, apr_pool_t *p)
{
    const pair_answer_t *next = answer->pairs;
    int i;
    int k;

    for (i = 0; i < setup->service_count; i++) {
        /* Ours: mns_service_t holds it, and only readers get it as const. */
        ((nts_service_t *)setup->services[i])->id = next++->id;
    }
    for (i = 0; i < setup->mapping_count; i++) {
        nts_mapping_t *mapping = setup->mappings[i];

        mapping->id = next++->id;
        for (k = 0; k < mapping->pair_count; k++, next++) {
            mapping->pairs[k].id = next->id;
            if (next->property[0]) {
                mapping->pairs[k].notion_id = apr_pstrndup(p, next->property, PROPERTY_MAX - 1);
            }
        }
    }
    nts_setup_join(setup);
}

/* Wait; a helper that hangs is ended. False if it did not end by itself. */
static int await_helper(pid_t pid)
{
    apr_time_t end = apr_time_now() + HELPER_TIMEOUT;
    apr_interval_time_t pause = 500;
    int status;
    pid_t done;

    while ((done = waitpid(pid, &status, WNOHANG)) == 0) {
        if (apr_time_now() > end) {
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, &status, 0);
            return 0;
        }
        apr_sleep(pause);
        pause = pause < 20000 ? pause * 2 : pause;
    }
    return done == pid;
}

/* Room for what comes back. The keys' address is taken here, before the helper can write to it. */
static apr_status_t make_answer(apr_shm_t **shm, answer_t **panswer, apr_size_t *size,
                                const nts_setup_t *setup, apr_pool_t *ptemp)
{
    apr_size_t pairs =
        (apr_size_t)(setup->service_count + setup->mapping_count + count_pairs(setup));
    apr_size_t keys = (apr_size_t)setup->service_count;
    answer_t *answer;
    apr_status_t rv;

    *size = sizeof(answer_t) + pairs * sizeof(pair_answer_t) + keys * sizeof(mns_hook_key_t);
    rv = apr_shm_create(shm, *size, NULL, ptemp);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    answer = apr_shm_baseaddr_get(*shm);
    memset(answer, 0, *size);
    answer->keys = (mns_hook_key_t *)(void *)(answer->pairs + pairs);
    *panswer = answer;
    return APR_SUCCESS;
}

apr_status_t mns_store_prepare(const char **problem, mns_core_t *core, apr_pool_t *ptemp)
{
    apr_pool_t *p = core->main->process->pconf;
    const mns_hook_key_t *keys;
    answer_t *answer;
    apr_size_t size;
    apr_shm_t *shm;
    apr_proc_t proc;
    apr_status_t rv;

    *problem = NULL;
    rv = make_answer(&shm, &answer, &size, &core->setup, ptemp);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    keys = answer->keys;
    rv = apr_proc_fork(&proc, ptemp);
    if (rv == APR_INCHILD) {
        run_helper(core, answer);
    }
    if (rv == APR_INPARENT) {
        int ended = await_helper(proc.pid);

        answer->problem[sizeof(answer->problem) - 1] = '\0';
        rv = ended && answer->done ? APR_SUCCESS : APR_EGENERAL;
        if (rv == APR_SUCCESS) {
            read_ids(&core->setup, answer, p);
            mns_hook_keys_put(core->vault, keys, core->setup.service_count);
        }
        else {
            *problem = answer->problem[0] ? apr_pstrdup(ptemp, answer->problem)
                       : ended            ? "the helper process that prepares it crashed"
                                          : "the helper process that prepares it hung";
        }
    }
    explicit_bzero(answer, size);
    (void)apr_shm_destroy(shm);
    return rv;
}
