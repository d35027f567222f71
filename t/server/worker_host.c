/* Hosts workers without httpd, for t/server/worker.t: forks them as the module does, and does what hook
 * handlers and the tool do, in processes of their own, on commands read from standard input:
 *
 *     worker_host DIR SETUP.json WORKERS
 *
 *     start N | stop N HOW | kill N          a worker; prints its pid, or how it ended
 *     notice MAPPING KIND RECORD AUTHOR PROPERTY EVENT      "-" for none
 *     command MAPPING VERB JSON              prints its number
 *     result NUMBER                          waits, prints the result
 *     status MAPPING                         prints a JSON object
 *     quit
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_proc_mutex.h>

#include "base/nts_log.h"
#include "base/nts_secret.h"
#include "worker/nts_grouping.h"
#include "worker/nts_worker.h"

#define WORKERS_MAX 4

static apr_pool_t *pool;
static nts_setup_t setup;
static nts_store_config_t store_config;
static nts_segment_t *segment;
static apr_proc_mutex_t *ring;
static const char *wake_path;
static const char **secrets;
static nts_outcome_t *secret_outcomes;
static int worker_count;
static pid_t workers[WORKERS_MAX];
static int lifeline[2];
static volatile int stop_flag;
static int stop_fd;

static void die(const char *what)
{
    (void)fprintf(stderr, "worker_host: %s\n", what);
    _exit(1);
}

static void log_line(void *baton, int level, apr_status_t rv, const char *message)
{
    static const char *const names[] = { "emerg", "alert",  "crit", "error",
                                         "warn",  "notice", "info", "debug" };
    char cause[120];
    char time[APR_RFC822_DATE_LEN + 1];
    apr_time_exp_t exploded;
    apr_size_t len;

    (void)baton;
    (void)apr_time_exp_lt(&exploded, apr_time_now());
    (void)apr_strftime(time, &len, sizeof(time), "%H:%M:%S", &exploded);
    (void)fprintf(stderr, "%s.%06d [%s] [pid %d] %s%s%s\n", time, exploded.tm_usec,
                  names[level & 7], (int)getpid(), message, rv ? ": " : "",
                  rv ? apr_strerror(rv, cause, sizeof(cause)) : "");
}

static apr_status_t lock_ring(void *baton)
{
    (void)baton;
    return apr_proc_mutex_lock(ring);
}

static void unlock_ring(void *baton)
{
    (void)baton;
    (void)apr_proc_mutex_unlock(ring);
}

static const nts_service_t *service_named(const char *name)
{
    int i;

    for (i = 0; name && i < setup.service_count; i++) {
        if (strcmp(setup.services[i]->name, name) == 0) {
            return setup.services[i];
        }
    }
    die("the setup names an unknown service");
    return NULL;
}

static void read_setup(const char *path)
{
    const nts_json_t *root = NULL;
    const nts_json_t *list;
    const nts_service_t **services;
    nts_mapping_t **mappings;
    const char *problem = NULL;
    apr_file_t *file;
    apr_finfo_t info;
    char *text;
    int i;

    if (apr_file_open(&file, path, APR_FOPEN_READ, 0, pool) != APR_SUCCESS ||
        apr_file_info_get(&info, APR_FINFO_SIZE, file) != APR_SUCCESS) {
        die("no setup");
        return;
    }
    text = apr_pcalloc(pool, (apr_size_t)info.size + 1);
    if (apr_file_read_full(file, text, (apr_size_t)info.size, NULL) != APR_SUCCESS ||
        nts_json_parse(&root, text, (apr_size_t)info.size, &problem, pool) != APR_SUCCESS) {
        die(problem ? problem : "unreadable setup");
    }
    list = nts_json_get(root, "services");
    services = apr_pcalloc(pool, sizeof(*services) * ((apr_size_t)nts_json_count(list) + 1));
    setup.services = services;
    for (i = 0; i < nts_json_count(list); i++) {
        nts_service_t *service;

        if (nts_service_from_json(&service, nts_json_at(list, i), pool) != APR_SUCCESS) {
            die("bad service");
        }
        services[setup.service_count++] = service;
    }
    list = nts_json_get(root, "mappings");
    mappings = apr_pcalloc(pool, sizeof(*mappings) * ((apr_size_t)nts_json_count(list) + 1));
    setup.mappings = mappings;
    for (i = 0; i < nts_json_count(list); i++) {
        const nts_json_t *node = nts_json_at(list, i);

        if (nts_mapping_from_json(
                &mappings[i], node, service_named(nts_json_get_string(node, "notion")),
                service_named(nts_json_get_string(node, "external")), pool) != APR_SUCCESS) {
            die("bad mapping");
        }
        setup.mapping_count++;
    }
    (void)apr_file_close(file);
}

/* --- workers */

static void take_signal(int number)
{
    const apr_uint64_t one = 1;

    stop_flag = number == SIGTERM ? 1 : 2;
    if (write(stop_fd, &one, sizeof(one)) < 0) {
        _exit(9);
    }
}

static void fetch_secrets(void)
{
    int i;

    secrets = apr_pcalloc(pool, sizeof(*secrets) * ((apr_size_t)setup.service_count + 1));
    secret_outcomes =
        apr_pcalloc(pool, sizeof(*secret_outcomes) * ((apr_size_t)setup.service_count + 1));
    for (i = 0; i < setup.service_count; i++) {
        if (setup.services[i]->token) {
            (void)nts_secret_fetch(&secrets[i], setup.services[i]->token, &secret_outcomes[i],
                                   pool);
        }
    }
}

static void run_worker(int index)
{
    nts_worker_config_t config = { 0 };
    apr_pool_t *p;

    (void)close(lifeline[1]);
    stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    (void)signal(SIGTERM, take_signal);
    (void)signal(SIGINT, take_signal);
    (void)signal(SIGPIPE, SIG_IGN);
    fetch_secrets();
    config.setup = &setup;
    config.store = store_config;
    config.segment = segment;
    config.index = index;
    config.worker_count = worker_count;
    config.lifeline = lifeline[0];
    config.wake_path = wake_path;
    config.secrets = secrets;
    config.secret_outcomes = secret_outcomes;
    config.stop = &stop_flag;
    config.stop_fd = stop_fd;
    config.user_agent = "worker_host";
    config.clock = &nts_clock_system;
    config.random = &nts_random_system;
    (void)apr_pool_create_unmanaged_ex(&p, NULL, NULL);
    _exit(nts_worker_run(&config, p));
}

static void start_worker(int index)
{
    pid_t pid = fork();

    if (pid == 0) {
        (void)close(0);
        run_worker(index);
    }
    workers[index] = pid;
    printf("%d\n", (int)pid);
}

static void end_worker(int index, int number)
{
    int status = 0;

    (void)kill(workers[index], number);
    (void)waitpid(workers[index], &status, 0);
    workers[index] = 0;
    if (WIFEXITED(status)) {
        printf("exit %d\n", WEXITSTATUS(status));
    }
    else {
        printf("signal %d\n", WTERMSIG(status));
    }
}

/* --- hands: what httpd's children and the tool do; the parent itself never opens the store (D25) */

static nts_store_t *open_store(void)
{
    nts_outcome_t out = { 0 };
    nts_store_t *store = NULL;

    if (nts_store_open(&store, &store_config, &out, pool) != APR_SUCCESS) {
        die(nts_outcome_text(&out, pool));
    }
    return store;
}

static apr_int64_t mapping_id(nts_store_t *store, const char *name)
{
    nts_setup_t *stored = NULL;
    int i;

    if (nts_store_get_setup(&stored, store, pool) == APR_SUCCESS) {
        for (i = 0; i < stored->mapping_count; i++) {
            if (strcmp(stored->mappings[i]->name, name) == 0) {
                return stored->mappings[i]->id;
            }
        }
    }
    die("no such mapping");
    return 0;
}

static int group_of(const char *name)
{
    const nts_grouping_t *grouping = nts_grouping_make(&setup, pool);
    int i;

    for (i = 0; i < setup.mapping_count; i++) {
        if (strcmp(setup.mappings[i]->name, name) == 0) {
            return grouping->of_mapping[i];
        }
    }
    return 0;
}

static const char *word(const char *text)
{
    return text && strcmp(text, "-") != 0 ? text : NULL;
}

/* A list of one, as the hook handler stores it: ids of properties hold any character. */
static const char *list_of(const char *text)
{
    nts_json_t *list = nts_json_make_array(pool);

    nts_json_add_string(list, NULL, text);
    return nts_json_text(list, pool);
}

static void put_notice(char **words)
{
    nts_store_t *store = open_store();
    nts_inbox_row_t row = { 0 };
    nts_slot_t slot;
    int duplicates = 0;

    row.mapping = mapping_id(store, words[1]);
    row.notice.side = NTS_NOTION;
    row.notice.kind = words[2];
    row.notice.record = word(words[3]);
    row.notice.authors = word(words[4]) ? list_of(words[4]) : NULL;
    row.notice.properties = word(words[5]) ? list_of(words[5]) : NULL;
    row.notice.event = words[6];
    row.notice.at = apr_time_now();
    if (nts_store_put_notices(&duplicates, store, &row, 1) != APR_SUCCESS) {
        die("the notice could not be stored");
    }
    nts_slot_set(&slot, row.mapping, row.notice.id, NTS_NOTION,
                 row.notice.record ? row.notice.record : "", NTS_LIVE, 0);
    nts_segment_notify(segment, group_of(words[1]), &slot, 1);
    printf("%s\n", duplicates ? "duplicate" : "stored");
}

static void put_command(char **words)
{
    nts_store_t *store = open_store();
    nts_command_t command = { 0 };
    apr_int64_t id = 0;

    command.mapping = mapping_id(store, words[1]);
    command.verb = words[2];
    command.args = words[3] ? words[3] : "{}";
    command.by = "worker_host";
    command.state = "queued";
    command.at = apr_time_now();
    if (nts_store_put_command(&id, store, &command) != APR_SUCCESS) {
        die("the command could not be stored");
    }
    (void)apr_file_mtime_set(wake_path, apr_time_now(), pool);
    printf("%" APR_INT64_T_FMT "\n", id);
}

static void show_result(char **words)
{
    nts_store_t *store = open_store();
    apr_time_t end = apr_time_now() + apr_time_from_sec(120);

    while (apr_time_now() < end) {
        nts_command_t *command = NULL;

        if (nts_store_get_command(&command, store, apr_atoi64(words[1]), pool) == APR_SUCCESS &&
            (strcmp(command->state, "done") == 0 || strcmp(command->state, "failed") == 0)) {
            printf("%s\n", command->result);
            return;
        }
        apr_sleep(5000);
    }
    printf("{\"ok\":false,\"text\":\"never answered\"}\n");
}

static void show_status(char **words)
{
    static const char *const states[] = { "starting", "running", "paused", "blocked", "waiting" };
    nts_store_t *store = open_store();
    nts_json_t *root = nts_json_make_object(pool);
    nts_mapping_status_t status = { 0 };
    nts_counts_t counts = { 0 };
    apr_int64_t id = mapping_id(store, words[1]);

    if (nts_store_get_status(&status, store, id, pool) != APR_SUCCESS ||
        nts_store_count(&counts, store, id) != APR_SUCCESS) {
        die("no status");
    }
    nts_json_add_string(root, "state", states[status.state]);
    nts_json_add_string(root, "why", nts_outcome_text(&status.outcome, pool));
    nts_json_add_bool(root, "matched", status.matched);
    nts_json_add_bool(root, "full_done", status.full_done != 0);
    nts_json_add_int(root, "latency_notion", status.latency[NTS_NOTION]);
    nts_json_add_int(root, "latency_external", status.latency[NTS_EXTERNAL]);
    nts_json_add_int(root, "active", counts.links[NTS_LINK_ACTIVE]);
    nts_json_add_int(root, "parked", counts.parked);
    nts_json_add_int(root, "held", counts.held);
    nts_json_add_int(root, "waiting", counts.waiting);
    nts_json_add_int(root, "pending", counts.pending);
    printf("%s\n", nts_json_text(root, pool));
}

static void in_a_hand(void (*fn)(char **words), char **words)
{
    int status = 0;
    pid_t pid;

    (void)fflush(stdout);
    pid = fork();
    if (pid == 0) {
        fn(words);
        (void)fflush(stdout);
        _exit(0);
    }
    (void)waitpid(pid, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        printf("failed\n");
    }
}

static void migrate(char **words)
{
    nts_outcome_t out = { 0 };

    (void)words;
    if (nts_store_migrate(&store_config, &out, pool) != APR_SUCCESS) {
        die(nts_outcome_text(&out, pool));
    }
    if (nts_store_put_setup(open_store(), &setup, pool) != APR_SUCCESS) {
        die("the setup could not be stored");
    }
}

static void prepare(const char *dir, const char *setup_path)
{
    nts_segment_size_t size = { WORKERS_MAX, 256, 16, 16, 0 };
    nts_segment_lock_t lock = { lock_ring, unlock_ring, NULL };
    apr_file_t *file;

    read_setup(setup_path);
    store_config.driver = "sqlite3";
    store_config.params = apr_pstrcat(pool, dir, "/state.db", NULL);
    store_config.lock_path = apr_pstrcat(pool, dir, "/state.lock", NULL);
    store_config.clock = &nts_clock_system;
    wake_path = apr_pstrcat(pool, dir, "/wake", NULL);
    if (apr_file_open(&file, wake_path, APR_FOPEN_WRITE | APR_FOPEN_CREATE, APR_OS_DEFAULT, pool) !=
            APR_SUCCESS ||
        apr_proc_mutex_create(&ring, NULL, APR_LOCK_PROC_PTHREAD, pool) != APR_SUCCESS ||
        nts_segment_create(&segment, &size, &lock, pool) != APR_SUCCESS || pipe(lifeline) != 0) {
        die("cannot prepare");
    }
    in_a_hand(migrate, NULL);
}

int main(int argc, char **argv)
{
    char line[4096];

    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    if (argc != 4) {
        die("usage: worker_host DIR SETUP.json WORKERS");
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    nts_log_set_sink(log_line, NULL, NTS_LOG_DEBUG);
    worker_count = atoi(argv[3]);
    prepare(argv[1], argv[2]);
    printf("ready\n");
    while (fgets(line, sizeof(line), stdin)) {
        char *words[16] = { NULL };
        char *state = NULL;
        char *next;
        int count = 0;

        line[strcspn(line, "\n")] = '\0';
        for (next = apr_strtok(line, " ", &state); next && count < 15;
             next = apr_strtok(NULL, " ", &state)) {
            words[count++] = next;
        }
        if (!words[0] || strcmp(words[0], "quit") == 0) {
            break;
        }
        if (strcmp(words[0], "start") == 0) {
            start_worker(atoi(words[1]));
        }
        else if (strcmp(words[0], "stop") == 0) {
            end_worker(atoi(words[1]), words[2] && atoi(words[2]) == 2 ? SIGINT : SIGTERM);
        }
        else if (strcmp(words[0], "kill") == 0) {
            end_worker(atoi(words[1]), SIGKILL);
        }
        else if (strcmp(words[0], "notice") == 0) {
            in_a_hand(put_notice, words);
        }
        else if (strcmp(words[0], "command") == 0) {
            in_a_hand(put_command, words);
        }
        else if (strcmp(words[0], "result") == 0) {
            in_a_hand(show_result, words);
        }
        else if (strcmp(words[0], "status") == 0) {
            in_a_hand(show_status, words);
        }
        else {
            printf("unknown\n");
        }
    }
    return 0; /* the workers see the end of their lifeline */
}
