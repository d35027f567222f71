/* worker_world.c - a worker between two services in memory, and the people who use them. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <apr_file_io.h>

#include "base/nts_log.h"
#include "store_kit.h"
#include "worker_world_impl.h"

#define MAPPINGS_MAX 1000 /* nobody has so many */
/* What is awaited ends the wait, so a busy machine is no failure. */
#define PATIENCE apr_time_from_sec(60)
#define LOOK apr_time_from_msec(5)

/* --- the world */

static void make_setup(worker_world_t *w, int mappings)
{
    const nts_service_t **services = apr_pcalloc(w->p, 2 * sizeof(*services));
    nts_mapping_t **list_of = apr_pcalloc(w->p, (apr_size_t)mappings * sizeof(*list_of));
    int i;

    for (i = 0; i < 2; i++) {
        nts_service_t *service = apr_pcalloc(w->p, sizeof(*service));

        service->vhost = "";
        service->name = i ? "db" : "workspace";
        service->kind = i ? NTS_SERVICE_SQL : NTS_SERVICE_NOTION;
        service->budget_requests = 1000;
        service->budget_window = apr_time_from_sec(1);
        services[i] = service;
    }
    for (i = 0; i < mappings; i++) {
        nts_mapping_t *mapping = apr_pcalloc(w->p, sizeof(*mapping));

        mapping->vhost = "";
        mapping->name = apr_psprintf(w->p, "m%d", i);
        mapping->notion = services[0];
        mapping->external = services[1];
        mapping->data_source = apr_psprintf(w->p, "d0000000-0000-4000-8000-%012d", i);
        mapping->collection = apr_psprintf(w->p, "table%d", i);
        mapping->pair_count = 1;
        mapping->pairs = apr_pcalloc(w->p, sizeof(nts_pair_t));
        mapping->pairs[0].notion = "Name";
        mapping->pairs[0].external = "name";
        mapping->conflict = NTS_CONFLICT_LAST_WRITE;
        mapping->grace = apr_time_from_sec(5);
        mapping->delete_limit_percent = 10;
        mapping->reconcile = apr_time_from_sec(3600);
        mapping->full = apr_time_from_sec(86400);
        list_of[i] = mapping;
    }
    w->setup.services = services;
    w->setup.service_count = 2;
    w->setup.mappings = list_of;
    w->setup.mapping_count = mappings;
}

static apr_status_t lock_ring(void *baton)
{
    worker_world_t *w = baton;

    return pthread_mutex_lock(&w->ring);
}

static void unlock_ring(void *baton)
{
    worker_world_t *w = baton;

    (void)pthread_mutex_unlock(&w->ring);
}

static void open_state(worker_world_t *w)
{
    const char *dir = kit_dir(w->p);
    nts_segment_size_t size = { WORKERS_MAX, 64, 8, 2, 0 };
    nts_segment_lock_t lock = { lock_ring, unlock_ring, w };
    nts_outcome_t out = { 0 };
    apr_file_t *file;

    w->store_config.driver = "sqlite3";
    w->store_config.params = apr_pstrcat(w->p, dir, "/state.db", NULL);
    w->store_config.lock_path = apr_pstrcat(w->p, dir, "/state.lock", NULL);
    w->store_config.clock = &nts_clock_system;
    w->wake_path = apr_pstrcat(w->p, dir, "/wake", NULL);
    if (nts_store_migrate(&w->store_config, &out, w->p) != APR_SUCCESS ||
        nts_store_open(&w->store, &w->store_config, &out, w->p) != APR_SUCCESS ||
        nts_store_put_setup(w->store, &w->setup, w->p) != APR_SUCCESS) {
        world_die(nts_outcome_text(&out, w->p));
    }
    (void)pthread_mutex_init(&w->ring, NULL);
    if (nts_segment_create(&w->segment, &size, &lock, w->p) != APR_SUCCESS ||
        apr_file_open(&file, w->wake_path, APR_FOPEN_WRITE | APR_FOPEN_CREATE, APR_OS_DEFAULT,
                      w->p) != APR_SUCCESS) {
        world_die("segment or wake file");
    }
    (void)apr_file_close(file);
}

static void log_line(void *baton, int level, apr_status_t rv, const char *message)
{
    char cause[120];

    (void)baton;
    if (getenv("WORLD_LOG") || level <= NTS_LOG_ERROR) {
        printf("# [%d] %s%s%s\n", level, message, rv ? ": " : "",
               rv ? apr_strerror(rv, cause, sizeof(cause)) : "");
    }
}

worker_world_t *world_create(int mappings, apr_pool_t *p)
{
    worker_world_t *w = apr_pcalloc(p, sizeof(*w));

    w->p = p;
    the_world = w;
    nts_log_set_sink(log_line, NULL, NTS_LOG_DEBUG);
    (void)apr_thread_mutex_create(&w->mutex, APR_THREAD_MUTEX_DEFAULT, p);
    (void)apr_thread_cond_create(&w->released, p);
    w->let_go[NTS_NOTION] = w->let_go[NTS_EXTERNAL] = -1;
    (void)strcpy(w->instance, "instance-1");
    w->changed_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    make_setup(w, mappings);
    open_state(w);
    return w;
}

const nts_mapping_t *world_mapping(worker_world_t *w, int mapping)
{
    return w->setup.mappings[mapping];
}

nts_store_t *world_store(worker_world_t *w)
{
    return w->store;
}

static void *APR_THREAD_FUNC run_worker(apr_thread_t *thread, void *baton)
{
    worker_slot_t *slot = baton;

    (void)thread;
    slot->code = nts_worker_run(&slot->config, slot->p);
    return NULL;
}

void world_start(worker_world_t *w, int index)
{
    worker_slot_t *slot = &w->workers[index];
    nts_worker_config_t *config = &slot->config;

    memset(slot, 0, sizeof(*slot));
    slot->world = w;
    (void)apr_pool_create_unmanaged_ex(&slot->p, NULL, NULL);
    slot->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (pipe(slot->lifeline) != 0) {
        world_die("pipe");
    }
    config->setup = &w->setup;
    config->store = w->store_config;
    config->segment = w->segment;
    config->index = index;
    config->worker_count = 2;
    config->lifeline = slot->lifeline[0];
    config->wake_path = w->wake_path;
    config->secrets = w->secrets;
    config->stop = &slot->stop;
    config->stop_fd = slot->stop_fd;
    config->user_agent = "ut_worker";
    config->clock = &nts_clock_system;
    config->random = &nts_random_system;
    if (apr_thread_create(&slot->thread, NULL, run_worker, slot, w->p) != APR_SUCCESS) {
        world_die("thread");
    }
}

int world_stop(worker_world_t *w, int index, int how)
{
    worker_slot_t *slot = &w->workers[index];
    const apr_uint64_t one = 1;
    apr_status_t rv;

    if (how == 0) {
        (void)close(slot->lifeline[1]); /* the parent is gone */
    }
    __atomic_store_n(&slot->stop, how, __ATOMIC_RELAXED);
    if (write(slot->stop_fd, &one, sizeof(one)) < 0) {
        world_die("eventfd");
    }
    (void)apr_thread_join(&rv, slot->thread);
    (void)close(slot->stop_fd);
    (void)close(slot->lifeline[0]);
    if (how != 0) {
        (void)close(slot->lifeline[1]);
    }
    apr_pool_destroy(slot->p);
    return slot->code;
}

/* --- people */

const char *world_edit_page(worker_world_t *w, int mapping, const char *page, const char *name)
{
    world_record_t *record;

    (void)apr_thread_mutex_lock(w->mutex);
    record = world_find_or_make(w, NTS_NOTION, mapping, page);
    record->there = name != NULL;
    if (name) {
        apr_cpystrn(record->name, name, sizeof(record->name));
    }
    record->edited = apr_time_now() / apr_time_from_sec(60) * apr_time_from_sec(60);
    (void)apr_thread_mutex_unlock(w->mutex);
    return record->id;
}

const char *world_edit_row(worker_world_t *w, int mapping, const char *key, const char *name)
{
    world_record_t *record;

    (void)apr_thread_mutex_lock(w->mutex);
    record = world_find_or_make(w, NTS_EXTERNAL, mapping, key);
    record->there = name != NULL;
    if (name) {
        apr_cpystrn(record->name, name, sizeof(record->name));
    }
    world_note_change(w, record, name ? key ? 'u' : 'i' : 'd', NULL);
    (void)apr_thread_mutex_unlock(w->mutex);
    return record->id;
}

void world_change_key(worker_world_t *w, int mapping, const char *key, const char *new_key)
{
    world_record_t *record;

    (void)apr_thread_mutex_lock(w->mutex);
    record = world_find_or_make(w, NTS_EXTERNAL, mapping, key);
    apr_cpystrn(record->id, new_key, sizeof(record->id));
    world_note_change(w, record, 'u', NULL);
    apr_cpystrn(w->changes[w->change_count - 1].old_key, key, sizeof(w->changes[0].old_key));
    (void)apr_thread_mutex_unlock(w->mutex);
}

void world_hook(worker_world_t *w, int mapping, const char *kind, const char *page,
                const char *author, const char *property)
{
    nts_inbox_row_t row = { 0 };
    nts_slot_t slot;
    int duplicates;

    row.mapping = w->setup.mappings[mapping]->id;
    row.notice.side = NTS_NOTION;
    row.notice.record = page;
    row.notice.event = apr_psprintf(w->p, "event-%d", ++w->events);
    row.notice.kind = kind;
    row.notice.authors = author ? apr_psprintf(w->p, "[\"%s\"]", author) : NULL;
    row.notice.properties = property ? apr_psprintf(w->p, "[\"%s\"]", property) : NULL;
    row.notice.at = apr_time_now();
    if (nts_store_put_notices(&duplicates, w->store, &row, 1) != APR_SUCCESS) {
        world_die("notice");
    }
    nts_slot_set(&slot, row.mapping, row.notice.id, NTS_NOTION, page ? page : "", NTS_LIVE, 0);
    nts_segment_notify(w->segment, 0, &slot, 1);
}

apr_int64_t world_command(worker_world_t *w, int mapping, const char *verb, const char *args)
{
    nts_command_t command = { 0 };
    apr_int64_t id = 0;

    command.mapping = w->setup.mappings[mapping]->id;
    command.verb = verb;
    command.args = args;
    command.by = "ut_worker";
    command.state = "queued";
    command.at = apr_time_now();
    if (nts_store_put_command(&id, w->store, &command) != APR_SUCCESS) {
        world_die("command");
    }
    (void)apr_file_mtime_set(w->wake_path, apr_time_now(), w->p);
    return id;
}

/* --- waiting */

int world_is_equal(worker_world_t *w, int mapping)
{
    int equal = 1;
    int there[NTS_SIDE_COUNT] = { 0, 0 };
    int side;
    int i;
    int j;

    (void)apr_thread_mutex_lock(w->mutex);
    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        for (i = 0; i < w->count[side]; i++) {
            const world_record_t *record = &w->records[side][i];
            int found = 0;

            if (record->mapping != mapping || !record->there) {
                continue;
            }
            there[side]++;
            for (j = 0; j < w->count[!side] && !found; j++) {
                const world_record_t *other = &w->records[!side][j];

                found = other->there && other->mapping == mapping &&
                        strcmp(other->name, record->name) == 0;
            }
            equal &= found;
        }
    }
    (void)apr_thread_mutex_unlock(w->mutex);
    return equal && there[NTS_NOTION] == there[NTS_EXTERNAL];
}

int world_is_equal_soon(worker_world_t *w, int mapping)
{
    apr_time_t end = apr_time_now() + PATIENCE;

    while (apr_time_now() < end) {
        if (world_is_equal(w, mapping)) {
            return 1;
        }
        apr_sleep(1000);
    }
    return 0;
}

void world_move_page(worker_world_t *w, const char *page, int mapping)
{
    (void)apr_thread_mutex_lock(w->mutex);
    world_find_or_make(w, NTS_NOTION, -1, page)->mapping = mapping < 0 ? MAPPINGS_MAX : mapping;
    (void)apr_thread_mutex_unlock(w->mutex);
}

static const char *name_of(worker_world_t *w, nts_side_t side, int mapping, const char *id,
                           apr_pool_t *p)
{
    const char *name = NULL;
    const world_record_t *record;

    (void)apr_thread_mutex_lock(w->mutex);
    record = world_find(w, side, mapping, id);
    if (record && record->there) {
        name = apr_pstrdup(p, record->name);
    }
    (void)apr_thread_mutex_unlock(w->mutex);
    return name;
}

const char *world_page_name(worker_world_t *w, const char *page, apr_pool_t *p)
{
    return name_of(w, NTS_NOTION, -1, page, p);
}

const char *world_row_name(worker_world_t *w, int mapping, const char *key, apr_pool_t *p)
{
    return name_of(w, NTS_EXTERNAL, mapping, key, p);
}

int world_asks(worker_world_t *w, nts_side_t side)
{
    int asks;

    (void)apr_thread_mutex_lock(w->mutex);
    asks = w->asks[side];
    (void)apr_thread_mutex_unlock(w->mutex);
    return asks;
}

/* Does every other thread of this process sleep? One that wants a processor, or waits for a disk, does not: see proc(5), stat. */
static int all_sleep(void)
{
    DIR *dir = opendir("/proc/self/task");
    const struct dirent *entry;
    int is_awake = 0;

    while (dir && (entry = readdir(dir)) != NULL) {
        char text[300];
        FILE *file = NULL;
        const char *after;

        (void)apr_snprintf(text, sizeof(text), "/proc/self/task/%s/stat", entry->d_name);
        if (entry->d_name[0] != '.' && atoi(entry->d_name) != gettid()) {
            file = fopen(text, "r");
        }
        if (file) {
            after = fgets(text, sizeof(text), file) ? strrchr(text, ')') : NULL;
            is_awake |= after && after[1] && after[2] != 'S';
            (void)fclose(file);
        }
    }
    if (dir) {
        (void)closedir(dir);
    }
    return !is_awake;
}

/* Counted in looks, not by the clock: on a busy machine the worker may stand still for long, and so may who looks. */
void world_rest(worker_world_t *w, apr_interval_time_t time)
{
    apr_time_t end = apr_time_now() + PATIENCE + time;
    apr_interval_time_t quiet = 0;
    int last = -1;

    while (apr_time_now() < end && quiet < time) {
        int asks, in_hand;

        apr_sleep(LOOK);
        (void)apr_thread_mutex_lock(w->mutex);
        asks = w->asks[NTS_NOTION] + w->asks[NTS_EXTERNAL];
        in_hand = w->in_hand;
        (void)apr_thread_mutex_unlock(w->mutex);
        quiet = asks == last && !in_hand && all_sleep() ? quiet + LOOK : 0;
        last = asks;
    }
}

const char *world_result(worker_world_t *w, apr_int64_t id, apr_pool_t *p)
{
    apr_time_t end = apr_time_now() + PATIENCE;

    while (apr_time_now() < end) {
        nts_command_t *command = NULL;

        if (nts_store_get_command(&command, w->store, id, p) == APR_SUCCESS &&
            (strcmp(command->state, "done") == 0 || strcmp(command->state, "failed") == 0)) {
            return command->result;
        }
        apr_sleep(5000);
    }
    return "never answered";
}

int world_is_state_soon(worker_world_t *w, int mapping, nts_mapping_state_t state)
{
    apr_time_t end = apr_time_now() + PATIENCE;

    while (apr_time_now() < end) {
        nts_mapping_status_t status = { 0 };

        if (nts_store_get_status(&status, w->store, w->setup.mappings[mapping]->id, w->p) ==
                APR_SUCCESS &&
            status.state == state) {
            return 1;
        }
        apr_sleep(5000);
    }
    return 0;
}

int world_is_matched_soon(worker_world_t *w, int mapping)
{
    apr_time_t end = apr_time_now() + PATIENCE;

    while (apr_time_now() < end) {
        nts_mapping_status_t status = { 0 };

        if (nts_store_get_status(&status, w->store, w->setup.mappings[mapping]->id, w->p) ==
                APR_SUCCESS &&
            status.state == NTS_MAPPING_RUNNING && status.matched && status.full_done) {
            return 1;
        }
        apr_sleep(5000);
    }
    return 0;
}

const nts_link_t *world_link_soon(worker_world_t *w, const char *page, int missing)
{
    apr_time_t end = apr_time_now() + PATIENCE;

    while (apr_time_now() < end) {
        nts_link_t *link = NULL;

        if (nts_store_find_link(&link, w->store, w->setup.mappings[0]->id, page, w->p) ==
                APR_SUCCESS &&
            !link->missing == !missing) {
            return link;
        }
        apr_sleep(5000);
    }
    return NULL;
}

int world_is_settled_soon(worker_world_t *w, int mapping)
{
    apr_time_t end = apr_time_now() + PATIENCE;

    while (apr_time_now() < end) {
        nts_counts_t counts = { 0 };

        if (nts_store_count(&counts, w->store, w->setup.mappings[mapping]->id) == APR_SUCCESS &&
            counts.waiting == 0) {
            return 1;
        }
        apr_sleep(5000);
    }
    return 0;
}

int world_is_asked_soon(worker_world_t *w, nts_side_t side, int asks)
{
    apr_time_t end = apr_time_now() + PATIENCE;

    while (apr_time_now() < end) {
        if (world_asks(w, side) >= asks) {
            return 1;
        }
        apr_sleep(1000);
    }
    return 0;
}

/* --- faults */

void world_spoil(worker_world_t *w, nts_side_t side, nts_result_t result)
{
    (void)apr_thread_mutex_lock(w->mutex);
    w->spoil[side] = result;
    (void)apr_thread_mutex_unlock(w->mutex);
}

void world_drop_name(worker_world_t *w, int is_bare)
{
    int i;

    (void)apr_thread_mutex_lock(w->mutex);
    w->is_nameless = 1;
    w->is_bare = is_bare;
    for (i = 0; i < w->count[NTS_EXTERNAL]; i++) {
        w->records[NTS_EXTERNAL][i].name[0] = '\0';
    }
    (void)apr_thread_mutex_unlock(w->mutex);
}

void world_put_name_back(worker_world_t *w)
{
    (void)apr_thread_mutex_lock(w->mutex);
    w->is_nameless = w->is_bare = 0;
    (void)apr_thread_mutex_unlock(w->mutex);
}

void world_swap_database(worker_world_t *w)
{
    (void)apr_thread_mutex_lock(w->mutex);
    (void)apr_snprintf(w->instance, sizeof(w->instance), "instance-%d", ++w->swaps + 1);
    (void)apr_thread_mutex_unlock(w->mutex);
}

void world_swap_back(worker_world_t *w)
{
    (void)apr_thread_mutex_lock(w->mutex);
    (void)apr_snprintf(w->instance, sizeof(w->instance), "instance-%d", w->swaps);
    (void)apr_thread_mutex_unlock(w->mutex);
}

int world_set_back(worker_world_t *w, int changes)
{
    int now;
    int i;

    (void)apr_thread_mutex_lock(w->mutex);
    now = w->change_count -= changes;
    for (i = 0; i < WORLD_MAPPINGS; i++) {
        w->taken_from[i] = -1;
    }
    world_wake(w);
    (void)apr_thread_mutex_unlock(w->mutex);
    return now;
}

int world_taken_from(worker_world_t *w, int mapping)
{
    int from;

    (void)apr_thread_mutex_lock(w->mutex);
    from = w->taken_from[mapping];
    (void)apr_thread_mutex_unlock(w->mutex);
    return from;
}

void world_be_unique(worker_world_t *w, int on)
{
    w->is_unique = on;
}

int world_is_together_soon(worker_world_t *w, int count)
{
    apr_time_t end = apr_time_now() + PATIENCE;

    while (apr_time_now() < end) {
        if (w->together == count) {
            return 1;
        }
        apr_sleep(1000);
    }
    return 0;
}

void world_slow(worker_world_t *w, nts_side_t side, apr_interval_time_t time)
{
    (void)apr_thread_mutex_lock(w->mutex);
    w->slow[side] = time;
    (void)apr_thread_mutex_unlock(w->mutex);
}

/* With the mutex held, which it gives back. */
static void set_let_go(worker_world_t *w, nts_side_t side, int count)
{
    w->let_go[side] = count;
    (void)apr_thread_cond_broadcast(w->released);
    (void)apr_thread_mutex_unlock(w->mutex);
}

void world_hold(worker_world_t *w, nts_side_t side)
{
    (void)apr_thread_mutex_lock(w->mutex);
    w->came[side] = 0;
    set_let_go(w, side, 0);
}

void world_let_one_go(worker_world_t *w, nts_side_t side)
{
    (void)apr_thread_mutex_lock(w->mutex);
    set_let_go(w, side, w->let_go[side] + (w->came[side] > w->let_go[side]));
}

void world_let_go(worker_world_t *w, nts_side_t side)
{
    (void)apr_thread_mutex_lock(w->mutex);
    set_let_go(w, side, -1);
}

int world_is_held_soon(worker_world_t *w, nts_side_t side)
{
    apr_time_t end = apr_time_now() + PATIENCE;

    while (apr_time_now() < end) {
        int waiting;

        (void)apr_thread_mutex_lock(w->mutex);
        waiting = w->came[side] > w->let_go[side];
        (void)apr_thread_mutex_unlock(w->mutex);
        if (waiting) {
            return 1;
        }
        apr_sleep(1000);
    }
    return 0;
}
