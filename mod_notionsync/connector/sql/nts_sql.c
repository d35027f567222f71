/* nts_sql.c - the connector of SQL databases: opening, one ask at a time, transactions.
 *
 * Two threads meet here. The loop thread opens, watches and closes; everything between runs on the
 * connection's helper thread, which owns the database handle and a root pool of its own.
 */
#include <string.h>

#include <apr_strings.h>

#include "connector/sql/nts_sql_together.h"

/* Others wait for the write lock meanwhile, live work among them. */
#define BUNDLE_LONGEST apr_time_from_msec(10)
/* After the first failure to reach a server; twice as long after each further one. */
#define OPEN_PAUSE apr_time_from_msec(250)

void nts_sql_close_database(nts_connection_t *c)
{
    if (c->db) {
        c->dialect->close(c->db);
        c->db = NULL;
    }
    /* With it goes what was known: it says nothing about what will be opened next. */
    c->readers = NULL;
    c->known = NULL;
    apr_pool_clear(c->db_pool);
}

static apr_status_t release(void *baton)
{
    nts_connection_t *c = baton;

    if (c->watch) {
        c->dialect->watch_close(c->watch);
        c->watch = NULL;
    }
    if (c->thread_pool) {
        nts_sql_close_database(c);
        apr_pool_destroy(c->thread_pool);
        c->thread_pool = NULL;
    }
    return APR_SUCCESS;
}

/* A root with an allocator of its own: a sub-pool of the loop's would be shared with it (C.4). */
static apr_status_t make_thread_pool(nts_connection_t *c)
{
    apr_allocator_t *allocator;
    apr_status_t rv = apr_allocator_create(&allocator);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = apr_pool_create_unmanaged_ex(&c->thread_pool, NULL, allocator);
    if (rv != APR_SUCCESS) {
        apr_allocator_destroy(allocator);
        return rv;
    }
    apr_allocator_owner_set(allocator, c->thread_pool);
    apr_pool_tag(c->thread_pool, "nts_sql_thread");
    rv = apr_pool_create(&c->db_pool, c->thread_pool);
    if (rv == APR_SUCCESS) {
        c->zones = apr_hash_make(c->thread_pool);
    }
    return rv;
}

static apr_status_t sql_open(nts_connection_t **connection, const nts_service_t *service,
                             const char *secret, const nts_clock_t *clock, nts_outcome_t *out,
                             apr_pool_t *p)
{
    nts_connection_t *c = apr_pcalloc(p, sizeof(*c));
    apr_status_t rv;

    *connection = NULL;
    c->dialect = nts_sql_dialect_find(service->database_driver);
    if (!c->dialect || !service->database) {
        nts_outcome_set(
            out, p, NTS_REMEDY_PERSON, "sql.config",
            "service %s names the database driver \"%s\", which this build does not know",
            service->name, service->database_driver ? service->database_driver : "(none)");
        return APR_EINVAL;
    }
    c->service = apr_pstrdup(p, service->name);
    c->database = apr_pstrdup(p, service->database);
    c->secret = apr_pstrdup(p, secret);
    c->clock = clock;
    c->p = p;
    rv = make_thread_pool(c);
    if (rv != APR_SUCCESS) {
        (void)release(c);
        return rv;
    }
    apr_pool_cleanup_register(p, c, release, apr_pool_cleanup_null);
    *connection = c;
    return APR_SUCCESS;
}

static void sql_close(nts_connection_t *c)
{
    apr_pool_cleanup_run(c->p, c, release);
}

static int sql_watch(nts_connection_t *c, const nts_mapping_t *mapping)
{
    (void)mapping; /* the whole database has one descriptor */
    if (!c->watch && c->dialect->watch_open) {
        c->watch = c->dialect->watch_open(c->database, c->secret, c->p);
    }
    return c->watch ? c->dialect->watch_descriptor(c->watch) : -1;
}

static int sql_watch_drain(nts_connection_t *c, int descriptor)
{
    if (!c->watch || c->dialect->watch_descriptor(c->watch) != descriptor) {
        return 0;
    }
    return c->dialect->watch_drain(c->watch);
}

/* --- transactions */

/* S4.1: what is read from, or written to, another instance than the one that was synced would look
 * like edits and deletes by the thousand. */
static apr_status_t check_instance(nts_sql_session_t *s)
{
    const nts_connection_t *c = s->connection;
    const char *expected = s->ask->instance;

    if (!expected && c->has_instance) {
        expected = c->instance;
    }
    if (s->ask->kind == NTS_ASK_DESCRIBE || s->ask->kind == NTS_ASK_PROVISION ||
        s->ask->kind == NTS_ASK_UNPROVISION || !expected ||
        (s->state.instance && strcmp(s->state.instance, expected) == 0)) {
        return APR_SUCCESS;
    }
    return nts_sql_fail(s, NTS_RESULT_BLOCKED, NTS_REMEDY_PERSON, "sql.other_instance",
                        "see what changed with 'notionsyncctl plan', then apply that plan",
                        "the database %s is not the one that was synced: its instance id is %s, "
                        "expected %s",
                        c->database, s->state.instance ? s->state.instance : "missing", expected);
}

static const char *begin_text(const nts_sql_session_t *s, int writes)
{
    const nts_sql_dialect_t *dialect = s->dialect;
    int provisions = s->ask->kind == NTS_ASK_PROVISION || s->ask->kind == NTS_ASK_UNPROVISION;

    if (s->connection->bundled) {
        return "SAVEPOINT one";
    }
    if (writes && provisions && dialect->begin_provision) {
        return dialect->begin_provision;
    }
    return writes ? dialect->begin_write : dialect->begin_read;
}

apr_status_t nts_sql_begin(nts_sql_session_t *s, int writes)
{
    apr_status_t rv;

    rv = nts_sql_run_text(s, begin_text(s, writes));
    if (rv != APR_SUCCESS) {
        return rv;
    }
    s->saved = s->connection->bundled;
    s->writes = writes;
    rv = nts_sql_look_at_schema(s);
    if (rv == APR_SUCCESS) {
        rv = nts_sql_read_state(s);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    s->answer->instance = apr_pstrdup(s->p, s->state.instance);
    s->answer->counter = s->answer->shared_to = s->state.counter;
    if (s->state.version > NTS_SQL_VERSION) {
        return nts_sql_fail(s, NTS_RESULT_BLOCKED, NTS_REMEDY_PERSON, "sql.version",
                            "run the newer version of mod_notionsync everywhere",
                            "the change table of %s was installed by a newer version of "
                            "mod_notionsync",
                            s->connection->database);
    }
    rv = check_instance(s);
    if (rv != APR_SUCCESS || s->ask->kind == NTS_ASK_UNPROVISION) {
        return rv; /* unprovisioning must not depend on the table being there */
    }
    return nts_sql_look_at_table(s);
}

apr_status_t nts_sql_commit(nts_sql_session_t *s)
{
    nts_sql_rows_t rows;
    nts_sql_error_t error;

    if (s->dialect->run(s->connection->db, s->saved ? "RELEASE SAVEPOINT one" : "COMMIT", NULL, 0,
                        0, &rows, &error, s->ptemp) == APR_SUCCESS) {
        if (s->writes) {
            s->connection->own_commits++;
        }
        s->writes = 0;
        s->saved = 0;
        return APR_SUCCESS;
    }
    (void)nts_sql_fail_with(s, &error);
    if (s->writes && (error.kind == NTS_SQL_DISK || error.is_unanswered)) {
        /* It may have become durable before the failure; the intent table will tell (S3.7). */
        s->answer->result = NTS_RESULT_UNKNOWN;
    }
    return APR_EGENERAL;
}

static void undo(nts_sql_session_t *s, const char *sql)
{
    nts_sql_rows_t rows;
    nts_sql_error_t error;

    if (s->dialect->run(s->connection->db, sql, NULL, 0, 0, &rows, &error, s->ptemp) !=
        APR_SUCCESS) {
        s->reopen = 1;
    }
}

void nts_sql_rollback(nts_sql_session_t *s)
{
    const nts_connection_t *c = s->connection;

    s->writes = 0;
    if (!c->db || !s->dialect->is_in_transaction(c->db)) {
        s->saved = 0;
    }
    else if (!c->bundled) {
        undo(s, "ROLLBACK");
    }
    else if (s->saved) {
        s->saved = 0;
        undo(s, "ROLLBACK TO one");
        undo(s, "RELEASE SAVEPOINT one");
    }
}

/* --- asks */

/* A server that is away is not asked by each of a hundred asks in turn, which would wait for it one by one. */
static void note_failure(nts_connection_t *c, const nts_sql_error_t *error)
{
    if (!c->dialect->open_pause) {
        return;
    }
    c->pause = c->pause ? 2 * c->pause : OPEN_PAUSE;
    c->pause = c->pause < c->dialect->open_pause ? c->pause : c->dialect->open_pause;
    c->pause_until = c->clock->mono(c->clock->baton) + c->pause;
    c->open_error = *error;
    apr_cpystrn(c->open_words, error->words ? error->words : "", sizeof(c->open_words));
    c->open_error.words = c->open_words;
}

/* Opened at the first ask, and again when the file was replaced or the last handle broke. */
apr_status_t nts_sql_open_database(nts_sql_session_t *s)
{
    nts_connection_t *c = s->connection;
    nts_sql_error_t error;

    if (c->db && !c->bundled && !c->dialect->is_current(c->db)) {
        nts_sql_close_database(c);
    }
    if (c->db) {
        return APR_SUCCESS;
    }
    if (c->pause && c->clock->mono(c->clock->baton) < c->pause_until) {
        return nts_sql_fail_with(s, &c->open_error);
    }
    if (c->dialect->open(&c->db, c->database, c->secret, &error, c->db_pool) == APR_SUCCESS) {
        c->readers = apr_hash_make(c->db_pool);
        c->pause = 0;
        return APR_SUCCESS;
    }
    (void)nts_sql_fail_with(s, &error);
    note_failure(c, &error);
    nts_sql_close_database(c);
    return APR_EGENERAL;
}

static void dispatch(nts_sql_session_t *s)
{
    switch (s->ask->kind) {
    case NTS_ASK_DESCRIBE:
        nts_sql_describe(s);
        break;
    case NTS_ASK_READ:
    case NTS_ASK_READ_MANY:
    case NTS_ASK_LIST:
    case NTS_ASK_FIND:
        nts_sql_read(s);
        break;
    case NTS_ASK_CREATE:
    case NTS_ASK_UPDATE:
    case NTS_ASK_REMOVE:
    case NTS_ASK_RESTORE:
        nts_sql_write(s);
        break;
    case NTS_ASK_INTENT:
        nts_sql_intent(s);
        break;
    case NTS_ASK_CHANGES:
        nts_sql_changes(s);
        break;
    case NTS_ASK_MARK:
        nts_sql_mark(s);
        break;
    case NTS_ASK_PROVISION:
    case NTS_ASK_UNPROVISION:
        nts_sql_provision(s);
        break;
    case NTS_ASK_WHO:
    default:
        (void)nts_sql_fail(s, NTS_RESULT_REFUSED, NTS_REMEDY_PERSON, "sql.ask", NULL,
                           "a database cannot be asked this (%d)", (int)s->ask->kind);
        break;
    }
}

void nts_sql_start_session(nts_sql_session_t *s, nts_connection_t *c, const nts_ask_t *ask,
                           nts_answer_t *answer, apr_pool_t *p)
{
    memset(s, 0, sizeof(*s));
    s->connection = c;
    s->dialect = c->dialect;
    s->ask = ask;
    s->answer = answer;
    s->p = p;
    apr_pool_create(&s->ptemp, p);
}

void nts_sql_perform(nts_connection_t *c, const nts_ask_t *ask, nts_answer_t *answer, apr_pool_t *p)
{
    nts_sql_session_t s;

    memset(answer, 0, sizeof(*answer));
    nts_sql_start_session(&s, c, ask, answer, p);
    answer->sent_at = c->clock->wall(c->clock->baton);
    if (nts_sql_open_database(&s) == APR_SUCCESS) {
        dispatch(&s);
        nts_sql_rollback(&s);
    }
    if (s.reopen) {
        nts_sql_close_database(c);
    }
    answer->answered_at = c->clock->wall(c->clock->baton);
    apr_pool_destroy(s.ptemp);
}

/* --- a bundle: writes of several records in one transaction, each in a savepoint, because a database
 * that syncs its disk for every single one takes minutes for what takes seconds together */

static int begin_bundle(nts_sql_session_t *s)
{
    nts_sql_rows_t rows;
    nts_sql_error_t error;

    return nts_sql_open_database(s) == APR_SUCCESS &&
           s->dialect->run(s->connection->db, s->dialect->begin_write, NULL, 0, 0, &rows, &error,
                           s->ptemp) == APR_SUCCESS;
}

/* What was answered as done did not become durable. */
static void withdraw(nts_sql_session_t *s, nts_answer_t *answer, apr_pool_t *p,
                     const nts_sql_error_t *error)
{
    if (answer->result != NTS_RESULT_OK && answer->result != NTS_RESULT_GONE) {
        return;
    }
    s->answer = answer;
    s->p = p;
    answer->record = NULL;
    answer->id = NULL;
    (void)nts_sql_fail_with(s, error);
    if (error->kind == NTS_SQL_DISK || error->is_unanswered) {
        /* It may have become durable before the failure; the intent table will tell (S3.7). */
        answer->result = NTS_RESULT_UNKNOWN;
    }
}

/* Non-zero: it is durable, or its answers say that it is not. */
static int end_bundle(nts_sql_session_t *s, nts_answer_t *const *answers, apr_pool_t *const *pools,
                      int count)
{
    nts_connection_t *c = s->connection;
    nts_sql_error_t error;
    nts_sql_rows_t rows;
    int i;

    if (!c->db || !s->dialect->is_in_transaction(c->db)) {
        return 0; /* a failure inside has ended it, such as RAISE(ROLLBACK) of a trigger */
    }
    if (s->dialect->run(c->db, "COMMIT", NULL, 0, 0, &rows, &error, s->ptemp) == APR_SUCCESS) {
        return 1;
    }
    s->writes = 1;
    for (i = 0; i < count && error.kind != NTS_SQL_CONSTRAINT; i++) {
        withdraw(s, answers[i], pools[i], &error);
    }
    nts_sql_rollback(s);
    if (s->reopen) {
        nts_sql_close_database(c);
    }
    return error.kind != NTS_SQL_CONSTRAINT; /* else one of them is to blame: who, is seen singly */
}

static int sql_perform_writes(nts_connection_t *c, const nts_ask_t *const *asks,
                              nts_answer_t *const *answers, apr_pool_t *const *pools, int count)
{
    apr_time_t until = c->clock->mono(c->clock->baton) + BUNDLE_LONGEST;
    nts_sql_session_t s;
    int is_settled = 0;
    int n = 0;
    int i;

    nts_sql_start_session(&s, c, asks[0], answers[0], pools[0]);
    if (count > 1 && begin_bundle(&s)) {
        c->bundled = 1;
        do {
            nts_sql_perform(c, asks[n], answers[n], pools[n]);
            n++;
        } while (n < count && c->db && c->dialect->is_in_transaction(c->db) &&
                 c->clock->mono(c->clock->baton) < until);
        c->bundled = 0;
        is_settled = end_bundle(&s, answers, pools, n);
    }
    apr_pool_destroy(s.ptemp);
    n = n ? n : 1;
    for (i = 0; i < n && !is_settled; i++) {
        nts_sql_perform(c, asks[i], answers[i], pools[i]); /* nothing of it happened: one by one */
    }
    return n;
}

const nts_traits_t nts_traits_sql = {
    .compares = 1,
    .keeps_intents = 1,
    .reuses_keys = 1,
    .reads_many = 1,
    .finds_values = 1,
    .tells_changes = 1,
};

const nts_connector_t nts_connector_sql = {
    .kind = NTS_SERVICE_SQL,
    .name = "sql",
    .traits = &nts_traits_sql,
    .open = sql_open,
    .perform = nts_sql_perform,
    .perform_writes = sql_perform_writes,
    .perform_together = nts_sql_perform_together,
    .watch = sql_watch,
    .watch_drain = sql_watch_drain,
    .close = sql_close,
};
