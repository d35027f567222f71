/* worker_world.c - two services in memory and a worker between them. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <apr_file_io.h>
#include <apr_thread_proc.h>
#include <apr_thread_mutex.h>

#include "base/nts_log.h"
#include "store_kit.h"
#include "worker_world.h"

#define RECORDS_MAX 600
#define CHANGES_MAX 4000
#define WORKERS_MAX 4
#define PATIENCE apr_time_from_sec(10)

typedef struct record_t {
    char id[64];
    char name[64];
    char intent[64]; /* external: of our last write, while it is the last change */
    int mapping;
    int there;
    int by_us;
    apr_time_t edited;
} record_t;

typedef struct change_t {
    char op;
    char key[64];
    char intent[64];
    int mapping;
    apr_time_t at;
} change_t;

typedef struct worker_slot_t {
    worker_world_t *world;
    nts_worker_config_t config;
    volatile int stop;
    int stop_fd;
    int lifeline[2];
    apr_pool_t *p;
    apr_thread_t *thread;
    int code;
} worker_slot_t;

struct worker_world_t {
    apr_pool_t *p;
    apr_thread_mutex_t *mutex;
    record_t records[NTS_SIDE_COUNT][RECORDS_MAX];
    int count[NTS_SIDE_COUNT];
    change_t changes[CHANGES_MAX];
    int change_count;
    char applied[CHANGES_MAX][64]; /* intents */
    int applied_count;
    char instance[64];
    int changed_fd;
    int asks[NTS_SIDE_COUNT];
    nts_result_t spoil[NTS_SIDE_COUNT];
    apr_interval_time_t slow[NTS_SIDE_COUNT];
    nts_setup_t setup;
    nts_store_config_t store_config;
    nts_store_t *store;
    nts_segment_t *segment;
    pthread_mutex_t ring;
    const char *wake_path;
    const char *secrets[2];
    worker_slot_t workers[WORKERS_MAX];
    int events;
};

/* The connectors know no world but this one. */
static worker_world_t *the_world;

struct nts_connection_t {
    nts_side_t side;
};

static void die(const char *what)
{
    printf("Bail out! %s\n", what);
    exit(1);
}

/* --- records */

static record_t *find(worker_world_t *w, nts_side_t side, int mapping, const char *id)
{
    int i;

    for (i = 0; id && i < w->count[side]; i++) {
        if ((mapping < 0 || w->records[side][i].mapping == mapping) &&
            strcmp(w->records[side][i].id, id) == 0) {
            return &w->records[side][i];
        }
    }
    return NULL;
}

static record_t *make(worker_world_t *w, nts_side_t side, int mapping, const char *id)
{
    record_t *record;

    if (w->count[side] == RECORDS_MAX) {
        die("too many records");
    }
    record = &w->records[side][w->count[side]++];
    memset(record, 0, sizeof(*record));
    if (id) {
        apr_cpystrn(record->id, id, sizeof(record->id));
    }
    else if (side == NTS_NOTION) {
        (void)apr_snprintf(record->id, sizeof(record->id), WORLD_PAGE "%012d", w->count[side]);
    }
    else {
        (void)apr_snprintf(record->id, sizeof(record->id), "k%d", w->count[side]);
    }
    record->mapping = mapping;
    record->there = 1;
    return record;
}

/* For a person's edit: it must be there. */
static record_t *find_or_make(worker_world_t *w, nts_side_t side, int mapping, const char *id)
{
    record_t *record = id ? find(w, side, mapping, id) : make(w, side, mapping, NULL);

    if (!record) {
        die("no such record");
        abort();
    }
    return record;
}

static void note_change(worker_world_t *w, record_t *row, char op, const char *intent)
{
    const apr_uint64_t one = 1;
    change_t *change;

    if (w->change_count == CHANGES_MAX) {
        die("too many changes");
    }
    change = &w->changes[w->change_count++];
    memset(change, 0, sizeof(*change));
    change->op = op;
    change->mapping = row->mapping;
    change->at = apr_time_now();
    apr_cpystrn(change->key, row->id, sizeof(change->key));
    apr_cpystrn(change->intent, intent ? intent : "", sizeof(change->intent));
    apr_cpystrn(row->intent, intent ? intent : "", sizeof(row->intent));
    if (intent && w->applied_count < CHANGES_MAX) {
        apr_cpystrn(w->applied[w->applied_count++], intent, sizeof(w->applied[0]));
    }
    if (write(w->changed_fd, &one, sizeof(one)) < 0) {
        die("eventfd");
    }
}

static void show(nts_record_t *to, const record_t *from, apr_pool_t *p)
{
    nts_value_t *values = apr_pcalloc(p, 2 * sizeof(*values));

    memset(to, 0, sizeof(*to));
    to->id = apr_pstrdup(p, from->id);
    values[0] = nts_value_text(apr_pstrdup(p, from->name));
    values[1] = nts_value_null;
    to->values = values;
    to->by_us = from->by_us;
    to->edited = from->edited;
    to->trashed = !from->there;
    if (from->intent[0]) {
        to->intent = apr_pstrdup(p, from->intent);
    }
}

static void set_name(record_t *record, const nts_value_t *values)
{
    if (values && values[0].kind == NTS_VALUE_TEXT) {
        apr_cpystrn(record->name, values[0].as.text, sizeof(record->name));
    }
    else if (values && values[0].kind == NTS_VALUE_NULL) {
        record->name[0] = '\0';
    }
    record->edited = apr_time_now() / apr_time_from_sec(60) * apr_time_from_sec(60);
}

/* --- the made-up connectors: both block, as a database does */

static int mapping_of(const worker_world_t *w, const nts_ask_t *ask)
{
    int i;

    for (i = 0; ask->mapping && i < w->setup.mapping_count; i++) {
        if (strcmp(w->setup.mappings[i]->data_source, ask->mapping->data_source) == 0) {
            return i;
        }
    }
    return 0;
}

static void describe(worker_world_t *w, nts_side_t side, nts_answer_t *answer, apr_pool_t *p)
{
    nts_schema_field_t *fields = apr_pcalloc(p, 2 * sizeof(*fields));
    nts_schema_t *schema = apr_pcalloc(p, sizeof(*schema));

    fields[0].id = side == NTS_NOTION ? "title" : "name";
    fields[0].name = side == NTS_NOTION ? "Name" : "name";
    fields[0].type.kind = NTS_TYPE_TEXT;
    fields[0].type.nullable = 1;
    fields[0].type.native = "text";
    fields[1] = fields[0];
    fields[1].id = side == NTS_NOTION ? "n%te" : "note";
    fields[1].name = side == NTS_NOTION ? "Note" : "note";
    schema->fields = fields;
    schema->count = 2;
    schema->title = "made up";
    if (side == NTS_EXTERNAL) {
        schema->instance = apr_pstrdup(p, w->instance);
        schema->counter = w->change_count;
        schema->key = "id";
        schema->provisioned = 1;
    }
    answer->schema = schema;
}

static void list(worker_world_t *w, const nts_ask_t *ask, nts_answer_t *answer, apr_pool_t *p)
{
    int mapping = mapping_of(w, ask);
    int i;

    answer->records = apr_pcalloc(p, ((apr_size_t)w->count[ask->side] + 1) * sizeof(nts_record_t));
    for (i = 0; i < w->count[ask->side]; i++) {
        const record_t *record = &w->records[ask->side][i];

        if (record->mapping == mapping && record->there &&
            record->edited >= ask->listing.edited_since &&
            (!ask->listing.edited_before || record->edited < ask->listing.edited_before)) {
            show(&answer->records[answer->record_count++], record, p);
        }
    }
    answer->complete = 1;
}

static void read_many(worker_world_t *w, const nts_ask_t *ask, nts_answer_t *answer, apr_pool_t *p)
{
    int i;

    answer->records = apr_pcalloc(p, ((apr_size_t)ask->id_count + 1) * sizeof(nts_record_t));
    for (i = 0; i < ask->id_count; i++) {
        const record_t *record = find(w, ask->side, mapping_of(w, ask), ask->ids[i]);

        if (record && record->there) {
            show(&answer->records[answer->record_count++], record, p);
        }
    }
}

static void read_one(worker_world_t *w, const nts_ask_t *ask, nts_answer_t *answer, apr_pool_t *p)
{
    const record_t *record = find(w, ask->side, mapping_of(w, ask), ask->id);

    if (!record || (ask->side == NTS_EXTERNAL && !record->there)) {
        answer->result = ask->side == NTS_EXTERNAL ? NTS_RESULT_GONE : NTS_RESULT_MISSING;
        return;
    }
    answer->record = apr_pcalloc(p, sizeof(*answer->record));
    show(answer->record, record, p);
}

static void write_one(worker_world_t *w, const nts_ask_t *ask, nts_answer_t *answer, apr_pool_t *p)
{
    record_t *record = find(w, ask->side, mapping_of(w, ask), ask->id);
    char op = 'u';

    if (!record && ask->kind == NTS_ASK_CREATE) {
        record = make(w, ask->side, mapping_of(w, ask), ask->id);
        record->by_us = 1;
        op = 'i';
    }
    if (!record) {
        answer->result = NTS_RESULT_GONE;
        return;
    }
    record->there = ask->kind != NTS_ASK_REMOVE;
    set_name(record, ask->values);
    if (ask->side == NTS_EXTERNAL) {
        note_change(w, record, ask->kind == NTS_ASK_REMOVE ? 'd' : op, ask->intent);
    }
    answer->id = apr_pstrdup(p, record->id);
    answer->record = apr_pcalloc(p, sizeof(*answer->record));
    show(answer->record, record, p);
}

static void ask_intent(const worker_world_t *w, const nts_ask_t *ask, nts_answer_t *answer)
{
    int i;

    for (i = 0; i < w->applied_count; i++) {
        answer->applied |= strcmp(w->applied[i], ask->intent) == 0;
    }
}

static void list_changes(worker_world_t *w, const nts_ask_t *ask, nts_answer_t *answer,
                         apr_pool_t *p)
{
    nts_change_t *changes = apr_pcalloc(p, ((apr_size_t)w->change_count + 1) * sizeof(*changes));
    int i;

    for (i = (int)ask->since; i < w->change_count; i++) {
        const change_t *from = &w->changes[i];
        nts_change_t *to = &changes[answer->change_count];

        if (from->mapping == mapping_of(w, ask)) {
            to->number = i + 1;
            to->op = from->op;
            to->key = apr_pstrdup(p, from->key);
            to->intent = from->intent[0] ? apr_pstrdup(p, from->intent) : NULL;
            to->at = from->at;
            answer->change_count++;
        }
    }
    answer->changes = changes;
    answer->last_change = w->change_count;
}

static void do_ask(worker_world_t *w, const nts_ask_t *ask, nts_answer_t *answer, apr_pool_t *p)
{
    if (w->spoil[ask->side] != NTS_RESULT_OK) {
        answer->result = w->spoil[ask->side];
        nts_outcome_set(&answer->outcome, p,
                        answer->result == NTS_RESULT_BLOCKED ? NTS_REMEDY_PERSON : NTS_REMEDY_RETRY,
                        "world.spoilt", "the test said so");
        return;
    }
    if (ask->side == NTS_EXTERNAL && ask->instance && strcmp(ask->instance, w->instance) != 0) {
        answer->result = NTS_RESULT_BLOCKED;
        nts_outcome_set(&answer->outcome, p, NTS_REMEDY_PERSON, "sql.other_instance",
                        "the database is another one");
        return;
    }
    switch (ask->kind) {
    case NTS_ASK_DESCRIBE:
        describe(w, ask->side, answer, p);
        break;
    case NTS_ASK_WHO:
        answer->who = WORLD_BOT;
        answer->who_is_bot = 1;
        break;
    case NTS_ASK_READ:
        read_one(w, ask, answer, p);
        break;
    case NTS_ASK_READ_MANY:
        read_many(w, ask, answer, p);
        break;
    case NTS_ASK_LIST:
        list(w, ask, answer, p);
        break;
    case NTS_ASK_CREATE:
    case NTS_ASK_UPDATE:
    case NTS_ASK_REMOVE:
    case NTS_ASK_RESTORE:
        write_one(w, ask, answer, p);
        break;
    case NTS_ASK_INTENT:
        ask_intent(w, ask, answer);
        break;
    case NTS_ASK_CHANGES:
        list_changes(w, ask, answer, p);
        break;
    case NTS_ASK_FIND:
        answer->records = apr_pcalloc(p, sizeof(nts_record_t));
        break;
    case NTS_ASK_PROVISION:
    case NTS_ASK_UNPROVISION:
    default:
        answer->statements = "CREATE TRIGGER made_up";
        break;
    }
}

static void perform(nts_connection_t *connection, const nts_ask_t *ask, nts_answer_t *answer,
                    apr_pool_t *p)
{
    worker_world_t *w = the_world;

    if (w->slow[connection->side]) {
        apr_sleep(w->slow[connection->side]);
    }
    (void)apr_thread_mutex_lock(w->mutex);
    answer->sent_at = apr_time_now();
    if (connection->side == NTS_EXTERNAL) {
        answer->instance = apr_pstrdup(p, w->instance);
        answer->counter = w->change_count;
    }
    do_ask(w, ask, answer, p);
    answer->answered_at = apr_time_now();
    w->asks[connection->side]++;
    (void)apr_thread_mutex_unlock(w->mutex);
}

static apr_status_t open_made_up(nts_connection_t **connection, const nts_service_t *service,
                                 const char *secret, const nts_clock_t *clock, nts_outcome_t *out,
                                 apr_pool_t *p)
{
    (void)secret;
    (void)clock;
    (void)out;
    *connection = apr_pcalloc(p, sizeof(**connection));
    (*connection)->side = service->kind == NTS_SERVICE_NOTION ? NTS_NOTION : NTS_EXTERNAL;
    return APR_SUCCESS;
}

static int watch(nts_connection_t *connection, const nts_mapping_t *mapping)
{
    (void)mapping;
    return connection->side == NTS_EXTERNAL ? the_world->changed_fd : -1;
}

static int watch_drain(nts_connection_t *connection, int descriptor)
{
    apr_uint64_t count;

    (void)connection;
    return read(descriptor, &count, sizeof(count)) > 0;
}

static void close_made_up(nts_connection_t *connection)
{
    (void)connection;
}

static const nts_connector_t made_up = {
    .name = "made up",
    .open = open_made_up,
    .perform = perform,
    .watch = watch,
    .watch_drain = watch_drain,
    .close = close_made_up,
};

/* In place of the library's. */
const nts_connector_t *nts_connector_find(nts_service_kind_t kind)
{
    (void)kind;
    return &made_up;
}

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
    nts_segment_size_t size = { WORKERS_MAX, 64, 8, 2 };
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
        die(nts_outcome_text(&out, w->p));
    }
    (void)pthread_mutex_init(&w->ring, NULL);
    if (nts_segment_create(&w->segment, &size, &lock, w->p) != APR_SUCCESS ||
        apr_file_open(&file, w->wake_path, APR_FOPEN_WRITE | APR_FOPEN_CREATE, APR_OS_DEFAULT,
                      w->p) != APR_SUCCESS) {
        die("segment or wake file");
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
        die("pipe");
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
        die("thread");
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
        die("eventfd");
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
    record_t *record;

    (void)apr_thread_mutex_lock(w->mutex);
    record = find_or_make(w, NTS_NOTION, mapping, page);
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
    record_t *record;

    (void)apr_thread_mutex_lock(w->mutex);
    record = find_or_make(w, NTS_EXTERNAL, mapping, key);
    record->there = name != NULL;
    if (name) {
        apr_cpystrn(record->name, name, sizeof(record->name));
    }
    note_change(w, record, name ? key ? 'u' : 'i' : 'd', NULL);
    (void)apr_thread_mutex_unlock(w->mutex);
    return record->id;
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
        die("notice");
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
        die("command");
    }
    (void)apr_file_mtime_set(w->wake_path, apr_time_now(), w->p);
    return id;
}

/* --- waiting */

static int is_equal(worker_world_t *w, int mapping)
{
    int equal = 1;
    int there[NTS_SIDE_COUNT] = { 0, 0 };
    int side;
    int i;
    int j;

    (void)apr_thread_mutex_lock(w->mutex);
    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        for (i = 0; i < w->count[side]; i++) {
            const record_t *record = &w->records[side][i];
            int found = 0;

            if (record->mapping != mapping || !record->there) {
                continue;
            }
            there[side]++;
            for (j = 0; j < w->count[!side] && !found; j++) {
                const record_t *other = &w->records[!side][j];

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
        if (is_equal(w, mapping)) {
            return 1;
        }
        apr_sleep(1000);
    }
    return 0;
}

static const char *name_of(worker_world_t *w, nts_side_t side, int mapping, const char *id,
                           apr_pool_t *p)
{
    const char *name = NULL;
    const record_t *record;

    (void)apr_thread_mutex_lock(w->mutex);
    record = find(w, side, mapping, id);
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

void world_rest(worker_world_t *w, apr_interval_time_t time)
{
    apr_time_t since = apr_time_now();
    apr_time_t end = since + PATIENCE + time;
    int last = -1;

    while (apr_time_now() < end && apr_time_now() - since < time) {
        int asks = world_asks(w, NTS_NOTION) + world_asks(w, NTS_EXTERNAL);

        if (asks != last) {
            last = asks;
            since = apr_time_now();
        }
        apr_sleep(2000);
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

/* --- faults */

void world_spoil(worker_world_t *w, nts_side_t side, nts_result_t result)
{
    (void)apr_thread_mutex_lock(w->mutex);
    w->spoil[side] = result;
    (void)apr_thread_mutex_unlock(w->mutex);
}

void world_swap_database(worker_world_t *w)
{
    (void)apr_thread_mutex_lock(w->mutex);
    (void)strcpy(w->instance, "instance-2");
    (void)apr_thread_mutex_unlock(w->mutex);
}

void world_slow(worker_world_t *w, nts_side_t side, apr_interval_time_t time)
{
    w->slow[side] = time;
}
