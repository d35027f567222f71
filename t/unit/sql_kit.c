/* sql_kit.c - what the tests of the SQL connector share. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_general.h>

#include "sql_kit.h"

apr_pool_t *pool;
sqlite3 *app;
nts_connection_t *connection;
const char *driver = "sqlite";
const char *secret;
apr_time_t mono_time = APR_USEC_PER_SEC;

static char folder[] = "/tmp/ut_sql_XXXXXX";
static nts_service_t service;

/* Going on would only report what follows from it. */
__attribute__((format(printf, 1, 2), noreturn)) static void stop(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)fputs("Bail out! cannot see to it that ", stdout);
    (void)vprintf(fmt, args);
    (void)puts("");
    va_end(args);
    (void)fflush(stdout);
    _exit(1); /* not exit: it would look for leaks */
}

void begin_tests(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    if (!mkdtemp(folder)) {
        stop("there is a folder for the test");
    }
}

void end_tests(void)
{
    if (system(apr_pstrcat(pool, "rm -rf ", folder, NULL)) != 0) {
        stop("%s is removed", folder);
    }
    apr_pool_destroy(pool);
    apr_terminate();
}

static apr_time_t test_wall(void *baton)
{
    (void)baton;
    return apr_time_now();
}

static apr_time_t test_mono(void *baton)
{
    (void)baton;
    return mono_time;
}

static const nts_clock_t test_clock = { test_wall, test_mono, NULL };

/* A file in the test's own folder. */
const char *path_of(const char *name)
{
    return apr_pstrcat(pool, folder, "/", name, NULL);
}

/* Runs statements as the application; its error text, or NULL. */
const char *app_try(const char *sql)
{
    char *words = NULL;
    const char *copy = NULL;

    if (sqlite3_exec(app, sql, NULL, NULL, &words) != SQLITE_OK) {
        copy = apr_pstrdup(pool, words ? words : "failed");
    }
    sqlite3_free(words);
    return copy;
}

void app_run(const char *sql)
{
    const char *words = app_try(sql);

    if (words) {
        stop("the application runs %s: %s", sql, words);
    }
}

/* The first column of the first row, as text; "(none)" without a row, "(null)" for NULL. */
const char *app_text(const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    const char *text = "(none)";

    if (sqlite3_prepare_v2(app, sql, -1, &stmt, NULL) != SQLITE_OK) {
        text = apr_pstrdup(pool, sqlite3_errmsg(app));
    }
    else if (sqlite3_step(stmt) == SQLITE_ROW) {
        const char *found = (const char *)sqlite3_column_text(stmt, 0);

        text = found ? apr_pstrdup(pool, found) : "(null)";
    }
    sqlite3_finalize(stmt);
    return text;
}

sqlite3 *open_app(const char *path)
{
    sqlite3 *handle = NULL;

    if (sqlite3_open(path, &handle) != SQLITE_OK) {
        stop("the application opens %s: %s", path, sqlite3_errmsg(handle));
    }
    (void)sqlite3_busy_timeout(handle, 5000);
    return handle;
}

void open_connector(const char *path)
{
    nts_outcome_t out = { 0 };

    service.name = "crm";
    service.vhost = "";
    service.kind = NTS_SERVICE_SQL;
    service.database_driver = driver;
    service.database = path;
    if (nts_connector_sql.open(&connection, &service, secret, &test_clock, &out, pool) !=
        APR_SUCCESS) {
        stop("the connector opens %s: %s", path, out.what);
    }
}

void close_connector(void)
{
    if (connection) {
        nts_connector_sql.close(connection);
        connection = NULL;
    }
}

void begin_database_with(const char *name, const char *journal, const char *sql)
{
    app = open_app(path_of(name));
    app_run(apr_pstrcat(pool, "PRAGMA journal_mode=", journal, NULL));
    app_run("PRAGMA foreign_keys=ON");
    app_run(sql);
    open_connector(path_of(name));
}

void begin_database(const char *name, const char *sql)
{
    begin_database_with(name, "WAL", sql);
}

void end_database(void)
{
    close_connector();
    sqlite3_close(app);
    app = NULL;
}

/* A mapping of a table; columns up to a NULL. */
nts_mapping_t *mapping_of(const char *table, const char *key, ...)
{
    nts_mapping_t *mapping = apr_pcalloc(pool, sizeof(*mapping));
    const char *column;
    va_list args;

    mapping->name = "deals";
    mapping->vhost = "";
    mapping->external = &service;
    mapping->collection = table;
    mapping->key = key;
    mapping->pairs = apr_pcalloc(pool, 32 * sizeof(nts_pair_t));
    va_start(args, key);
    while ((column = va_arg(args, const char *)) != NULL) {
        mapping->pairs[mapping->pair_count].id = mapping->pair_count + 1;
        mapping->pairs[mapping->pair_count].notion = column;
        mapping->pairs[mapping->pair_count++].external = column;
    }
    va_end(args);
    return mapping;
}

nts_ask_t ask_of(nts_ask_kind_t kind, const nts_mapping_t *mapping)
{
    nts_ask_t ask = { 0 };

    ask.kind = kind;
    ask.side = NTS_EXTERNAL;
    ask.mapping = mapping;
    return ask;
}

nts_answer_t *perform(const nts_ask_t *ask)
{
    nts_answer_t *answer = apr_pcalloc(pool, sizeof(*answer));

    nts_connector_sql.perform(connection, ask, answer, pool);
    return answer;
}

nts_answer_t *perform_kind(nts_ask_kind_t kind, const nts_mapping_t *mapping)
{
    nts_ask_t ask = ask_of(kind, mapping);

    return perform(&ask);
}

nts_answer_t *read_row(const nts_mapping_t *mapping, const char *id)
{
    nts_ask_t ask = ask_of(NTS_ASK_READ, mapping);

    ask.id = id;
    return perform(&ask);
}

/* All ABSENT, to be filled in. */
const nts_schema_field_t *field_named(const nts_schema_t *schema, const char *name)
{
    int i;

    for (i = 0; i < schema->count && strcmp(schema->fields[i].name, name) != 0; i++) {
    }
    return &schema->fields[i];
}

nts_value_t *values_of(const nts_mapping_t *mapping)
{
    return apr_pcalloc(pool, (apr_size_t)(mapping->pair_count + 1) * sizeof(nts_value_t));
}

nts_value_t number_of(const char *text)
{
    nts_value_t value;

    (void)nts_value_number(&value, text, pool);
    return value;
}

nts_value_t date_of(const char *text)
{
    nts_value_t value;

    (void)nts_value_date(&value, text, NULL, pool);
    return value;
}

/* A value in one line: "text:Ada", "number:1.5", "opaque:..." */
const char *shown(const nts_value_t *value)
{
    switch (value->kind) {
    case NTS_VALUE_ABSENT:
        return "absent";
    case NTS_VALUE_NULL:
        return "null";
    case NTS_VALUE_TEXT:
        return apr_pstrcat(pool, "text:", value->as.text, NULL);
    case NTS_VALUE_NUMBER:
        return apr_pstrcat(pool, "number:", value->as.text, NULL);
    case NTS_VALUE_BOOL:
        return value->as.truth ? "bool:true" : "bool:false";
    case NTS_VALUE_DATE:
        return apr_pstrcat(pool, "date:", value->as.date.start, NULL);
    case NTS_VALUE_OPAQUE:
        return apr_pstrcat(pool, "opaque:", value->as.text, NULL);
    case NTS_VALUE_OPTION:
        return apr_pstrcat(pool, "option:", value->as.option.name, NULL);
    case NTS_VALUE_SET:
    default:
        return "other";
    }
}

const char *value_of(const nts_answer_t *answer, int pair)
{
    return answer->record ? shown(&answer->record->values[pair]) : "no record";
}

/* "OK", or the result with its code: "refused sql.constraint". */
const char *result_of(const nts_answer_t *answer)
{
    const char *code = answer->outcome.code;

    return apr_pstrcat(pool, nts_result_name(answer->result), code ? " " : "", code ? code : "",
                       NULL);
}

nts_answer_t *provision(const nts_mapping_t *mapping)
{
    nts_answer_t *answer = perform_kind(NTS_ASK_PROVISION, mapping);

    if (answer->result != NTS_RESULT_OK) {
        stop("%s is provisioned: %s", mapping->collection,
             nts_outcome_text(&answer->outcome, pool));
    }
    return answer;
}

nts_answer_t *changes_after(const nts_mapping_t *mapping, apr_int64_t since)
{
    nts_ask_t ask = ask_of(NTS_ASK_CHANGES, mapping);

    ask.since = since;
    return perform(&ask);
}

/* Entries in one line: "i1 u1 k2<1 d2". */
const char *entries(const nts_answer_t *answer)
{
    const char *text = "";
    int i;

    if (answer->result != NTS_RESULT_OK) {
        return result_of(answer);
    }
    for (i = 0; i < answer->change_count; i++) {
        const nts_change_t *c = &answer->changes[i];

        text =
            apr_psprintf(pool, "%s%s%c%s%s%s%s%s", text, i ? " " : "", c->op, c->key ? c->key : "",
                         c->old_key ? "<" : "", c->old_key ? c->old_key : "", c->intent ? "@" : "",
                         c->intent ? c->intent : "");
    }
    return text;
}
