/* worker_world_services.c - the made-up Notion and database, and the connectors to both. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker_world_impl.h"

worker_world_t *the_world;

struct nts_connection_t {
    nts_side_t side;
};

void world_die(const char *what)
{
    printf("Bail out! %s\n", what);
    exit(1);
}

/* --- records */

world_record_t *world_find(worker_world_t *w, nts_side_t side, int mapping, const char *id)
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

static world_record_t *make(worker_world_t *w, nts_side_t side, int mapping, const char *id)
{
    world_record_t *record;

    if (w->count[side] == RECORDS_MAX) {
        world_die("too many records");
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

world_record_t *world_find_or_make(worker_world_t *w, nts_side_t side, int mapping, const char *id)
{
    world_record_t *record = id ? world_find(w, side, mapping, id) : make(w, side, mapping, NULL);

    if (!record) {
        world_die("no such record");
    }
    return record;
}

void world_wake(worker_world_t *w)
{
    const apr_uint64_t one = 1;

    if (write(w->changed_fd, &one, sizeof(one)) < 0) {
        world_die("eventfd");
    }
}

void world_note_change(worker_world_t *w, world_record_t *row, char op, const char *intent)
{
    world_change_t *change;

    if (w->change_count == CHANGES_MAX) {
        world_die("too many changes");
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
    world_wake(w);
}

static void show(nts_record_t *to, const world_record_t *from, apr_pool_t *p)
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

static void set_name(world_record_t *record, const nts_value_t *values)
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

/* S4.1: the entry that was seen last is not the same any more; S4.4: what came after it here was made later than it. */
static void compare_witness(const worker_world_t *w, const nts_ask_t *ask, nts_answer_t *answer)
{
    int is_there = ask->witness > 0 && ask->witness <= w->change_count;

    answer->shared_to = w->change_count;
    if (!ask->witness_at || (is_there && w->changes[ask->witness - 1].at == ask->witness_at)) {
        return;
    }
    answer->is_rewritten = is_there;
    while (answer->shared_to > 0 && w->changes[answer->shared_to - 1].at > ask->witness_at) {
        answer->shared_to--;
    }
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
    schema->fields = side == NTS_EXTERNAL && w->is_nameless ? fields + 1 : fields;
    schema->count = side == NTS_EXTERNAL && w->is_nameless ? 1 : 2;
    schema->title = "made up";
    if (side == NTS_EXTERNAL) {
        schema->instance = apr_pstrdup(p, w->instance);
        schema->counter = w->change_count;
        schema->key = "id";
        schema->provisioned = !w->is_bare;
    }
    answer->schema = schema;
}

static void list(worker_world_t *w, const nts_ask_t *ask, nts_answer_t *answer, apr_pool_t *p)
{
    int mapping = mapping_of(w, ask);
    int i;

    answer->records = apr_pcalloc(p, ((apr_size_t)w->count[ask->side] + 1) * sizeof(nts_record_t));
    for (i = 0; i < w->count[ask->side]; i++) {
        const world_record_t *record = &w->records[ask->side][i];

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
        const world_record_t *record = world_find(w, ask->side, mapping_of(w, ask), ask->ids[i]);

        if (record && record->there) {
            show(&answer->records[answer->record_count++], record, p);
        }
    }
}

static void read_one(worker_world_t *w, const nts_ask_t *ask, nts_answer_t *answer, apr_pool_t *p)
{
    const world_record_t *record = world_find(w, ask->side, mapping_of(w, ask), ask->id);

    if (!record || (ask->side == NTS_EXTERNAL && !record->there)) {
        answer->result = ask->side == NTS_EXTERNAL ? NTS_RESULT_GONE : NTS_RESULT_MISSING;
        return;
    }
    answer->record = apr_pcalloc(p, sizeof(*answer->record));
    show(answer->record, record, p);
}

/* A row of that mapping, other than the one to be written, that has the name. */
static const world_record_t *owner(const worker_world_t *w, const world_record_t *record,
                                   const nts_value_t *values)
{
    world_record_t wanted = *record;
    int i;

    set_name(&wanted, values);
    for (i = 0; i < w->count[NTS_EXTERNAL]; i++) {
        const world_record_t *row = &w->records[NTS_EXTERNAL][i];

        if (row != record && row->there && row->mapping == record->mapping &&
            strcmp(row->name, wanted.name) == 0) {
            return row;
        }
    }
    return NULL;
}

/* Zero: another row's value keeps it out. */
static int has_room(const worker_world_t *w, const world_record_t *record, const nts_ask_t *ask,
                    nts_answer_t *answer, apr_pool_t *p)
{
    const world_record_t *other =
        w->is_unique && ask->side == NTS_EXTERNAL && ask->kind == NTS_ASK_UPDATE
            ? owner(w, record, ask->values)
            : NULL;

    if (!other) {
        return 1;
    }
    answer->result = NTS_RESULT_REFUSED;
    nts_outcome_set(&answer->outcome, p, NTS_REMEDY_WAIT, "sql.constraint",
                    "the row with key %s has that value", other->id);
    answer->outcome.blocker = apr_pstrdup(p, other->id);
    return 0;
}

static void write_one(worker_world_t *w, const nts_ask_t *ask, nts_answer_t *answer, apr_pool_t *p)
{
    world_record_t *record = world_find(w, ask->side, mapping_of(w, ask), ask->id);
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
    if (!has_room(w, record, ask, answer, p)) {
        return;
    }
    record->there = ask->kind != NTS_ASK_REMOVE;
    set_name(record, ask->values);
    if (ask->side == NTS_EXTERNAL) {
        world_note_change(w, record, ask->kind == NTS_ASK_REMOVE ? 'd' : op, ask->intent);
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
    int *from = &w->taken_from[mapping_of(w, ask)];
    int i;

    if (*from < 0 || ask->since < *from) {
        *from = (int)ask->since;
    }
    for (i = (int)ask->since; i < w->change_count; i++) {
        const world_change_t *change = &w->changes[i];
        nts_change_t *to = &changes[answer->change_count];

        if (change->mapping == mapping_of(w, ask)) {
            to->number = i + 1;
            to->op = change->op;
            to->key = apr_pstrdup(p, change->key);
            to->old_key = change->old_key[0] ? apr_pstrdup(p, change->old_key) : NULL;
            to->intent = change->intent[0] ? apr_pstrdup(p, change->intent) : NULL;
            to->at = change->at;
            answer->change_count++;
        }
    }
    answer->changes = changes;
    answer->last_change = w->change_count;
    if (w->change_count > 0) {
        answer->witness = w->change_count;
        answer->witness_at = w->changes[w->change_count - 1].at;
    }
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

/* With the mutex held, which others have meanwhile. */
static void wait_while_held(worker_world_t *w, nts_side_t side)
{
    int number;

    if (w->let_go[side] < 0) {
        return;
    }
    number = ++w->came[side];
    w->in_hand--;
    while (w->let_go[side] >= 0 && w->let_go[side] < number) {
        (void)apr_thread_cond_wait(w->released, w->mutex);
    }
    w->in_hand++;
}

static void perform(nts_connection_t *connection, const nts_ask_t *ask, nts_answer_t *answer,
                    apr_pool_t *p)
{
    worker_world_t *w = the_world;
    apr_interval_time_t slow;

    (void)apr_thread_mutex_lock(w->mutex);
    w->in_hand++;
    wait_while_held(w, connection->side);
    slow = w->slow[connection->side];
    if (slow) {
        (void)apr_thread_mutex_unlock(w->mutex);
        apr_sleep(slow);
        (void)apr_thread_mutex_lock(w->mutex);
    }
    answer->sent_at = apr_time_now();
    if (connection->side == NTS_EXTERNAL) {
        answer->instance = apr_pstrdup(p, w->instance);
        answer->counter = w->change_count;
        compare_witness(w, ask, answer);
    }
    do_ask(w, ask, answer, p);
    answer->answered_at = apr_time_now();
    w->asks[connection->side]++;
    w->in_hand--;
    (void)apr_thread_mutex_unlock(w->mutex);
}

static void perform_together(nts_connection_t *connection, const nts_ask_t *const *asks,
                             nts_answer_t *const *answers, apr_pool_t *const *pools, int count)
{
    worker_world_t *w = the_world;
    int i;

    (void)apr_thread_mutex_lock(w->mutex);
    w->together = count;
    w->is_unique = 0;
    w->in_hand++;
    (void)apr_thread_mutex_unlock(w->mutex);
    for (i = 0; i < count; i++) {
        perform(connection, asks[i], answers[i], pools[i]);
    }
    (void)apr_thread_mutex_lock(w->mutex);
    w->is_unique = 1;
    w->in_hand--;
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
    .perform_together = perform_together,
    .watch = watch,
    .watch_drain = watch_drain,
    .close = close_made_up,
};

/* In place of the library's. */
const nts_connector_t *nts_connector_find(nts_service_kind_t kind)
{
    static nts_connector_t of[2];
    nts_connector_t *made = &of[kind == NTS_SERVICE_SQL];

    *made = made_up;
    made->kind = kind;
    made->traits = kind == NTS_SERVICE_SQL ? &nts_traits_sql : &nts_traits_notion;
    return made;
}
