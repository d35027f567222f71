/* nts_sql_outcome.c - what a failure means for the ask, and what the administrator reads. */
#include <stdarg.h>
#include <string.h>

#include "base/nts_str.h"
#include "connector/sql/nts_sql_impl.h"
#include "model/nts_reference.h"

apr_status_t nts_sql_fail(nts_sql_session_t *s, nts_result_t result, nts_remedy_t remedy,
                          const char *code, const char *advice, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    s->answer->result = result;
    nts_outcome_set(&s->answer->outcome, s->p, remedy, code, "%s", apr_pvsprintf(s->p, fmt, args));
    s->answer->outcome.advice = advice;
    va_end(args);
    return APR_EGENERAL;
}

apr_status_t nts_sql_refuse(nts_sql_session_t *s, const char *code, const char *advice,
                            const char *what)
{
    return nts_sql_fail(s, NTS_RESULT_BLOCKED, NTS_REMEDY_PERSON, code, advice, "%s", what);
}

typedef struct failure_t {
    nts_sql_class_t kind;
    nts_result_t result;
    nts_remedy_t remedy;
    const char *code;
    const char *what; /* after "the database NAME" */
    const char *advice;
} failure_t;

static const failure_t failures[] = {
    { NTS_SQL_BUSY, NTS_RESULT_NOT_DONE, NTS_REMEDY_RETRY, "sql.busy",
      "is locked by another program",
      "if this persists, look for a program that keeps a transaction open" },
    { NTS_SQL_RUNTIME, NTS_RESULT_REFUSED, NTS_REMEDY_WAIT, "sql.refused", "refused this record",
      "change the value, or what refuses it" },
    { NTS_SQL_SCHEMA, NTS_RESULT_BLOCKED, NTS_REMEDY_PERSON, "sql.schema",
      "no longer has what the mapping names",
      "make the mapping and the database agree, then restart or 'notionsyncctl resume'" },
    { NTS_SQL_DISK, NTS_RESULT_NOT_DONE, NTS_REMEDY_RETRY, "sql.disk",
      "stands on a disk that failed or is full", "free space on it, or look at its health" },
    { NTS_SQL_UNREACHABLE, NTS_RESULT_BLOCKED, NTS_REMEDY_RETRY, "sql.unreachable",
      "cannot be opened",
      "check that it exists and that httpd's user may read and write it and its folder" },
    { NTS_SQL_DENIED, NTS_RESULT_BLOCKED, NTS_REMEDY_PERSON, "sql.denied", "may not be written",
      "give httpd's user write access to it and to its folder" },
    { NTS_SQL_BROKEN, NTS_RESULT_BLOCKED, NTS_REMEDY_PERSON, "sql.corrupt",
      "is damaged or is no database", "check the file, restore it from a backup" },
};

/* S5.2: a reference is among what was to be written. Which key it is that has no row SQLite does not say. */
static int writes_reference(const nts_sql_session_t *s)
{
    const nts_ask_t *ask = s->ask;
    int i;

    for (i = 0; ask->mapping && ask->values && i < ask->mapping->pair_count; i++) {
        const nts_pair_t *pair = &ask->mapping->pairs[i];

        if (pair->domain && nts_domain_is_reference(pair->domain) &&
            (ask->values[i].kind == NTS_VALUE_TEXT || ask->values[i].kind == NTS_VALUE_NUMBER)) {
            return 1;
        }
    }
    return 0;
}

/* SQLite: "NOT NULL constraint failed: deals.name" of the table itself, and not of one that a trigger writes to. The other
 * dialects have looked already. */
static int is_required(const nts_sql_session_t *s, const nts_sql_error_t *error)
{
    return error->constraint && error->column && error->words && s->table &&
           strcmp(error->constraint, "NOT NULL") == 0 &&
           strstr(error->words, apr_pstrcat(s->ptemp, "failed: ", s->table->name, ".", NULL));
}

static apr_status_t fail_constraint(nts_sql_session_t *s, const nts_sql_error_t *error)
{
    const char *column = error->column;

    if (is_required(s, error)) {
        return nts_sql_fail_required(s, column, error->words);
    }
    if (error->constraint && strcmp(error->constraint, "FOREIGN KEY") == 0 && writes_reference(s)) {
        (void)nts_sql_fail(s, NTS_RESULT_REFUSED, NTS_REMEDY_RETRY, NTS_REFERENCE_HIDDEN,
                           "put the row back, or let the page refer to another",
                           "the row that is to be referred to is not there");
        return APR_EGENERAL;
    }
    if (error->constraint && strcmp(error->constraint, "trigger") == 0) {
        (void)nts_sql_fail(s, NTS_RESULT_REFUSED, NTS_REMEDY_WAIT, "sql.constraint",
                           "change the value, or the trigger",
                           "a trigger of the database refused this record");
    }
    else {
        (void)nts_sql_fail(s, NTS_RESULT_REFUSED, NTS_REMEDY_WAIT, "sql.constraint",
                           "change the value in Notion, or the constraint in the database",
                           "the constraint %s%s%s forbids this record",
                           error->constraint ? error->constraint : "of the table",
                           column ? " on " : "", column ? column : "");
    }
    s->answer->outcome.field = apr_pstrdup(s->p, column);
    return APR_EGENERAL;
}

/* What that class of failure is called where the database is no file. */
static const nts_sql_words_t *words_of(const nts_sql_session_t *s, nts_sql_class_t kind)
{
    const nts_sql_words_t *words = s->dialect->words;

    while (words && words->kind != NTS_SQL_FINE) {
        if (words->kind == kind) {
            return words;
        }
        words++;
    }
    return NULL;
}

apr_status_t nts_sql_fail_with(nts_sql_session_t *s, const nts_sql_error_t *error)
{
    const nts_sql_words_t *words = words_of(s, error->kind);
    apr_size_t i;

    s->reopen |= error->reopen;
    if (error->kind == NTS_SQL_CONSTRAINT) {
        (void)fail_constraint(s, error);
    }
    for (i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        const failure_t *f = &failures[i];

        if (f->kind == error->kind) {
            (void)nts_sql_fail(s, f->result, f->remedy, f->code, words ? words->advice : f->advice,
                               "the database %s %s", s->connection->database,
                               words ? words->what : f->what);
        }
    }
    if (error->kind == NTS_SQL_RUNTIME && !s->writes) {
        /* Not this record's fault alone: nothing of the table can be read. */
        s->answer->result = NTS_RESULT_BLOCKED;
        s->answer->outcome.remedy = NTS_REMEDY_PERSON;
    }
    if (error->words) {
        nts_outcome_set_words(&s->answer->outcome, s->p, error->words, strlen(error->words));
    }
    return APR_EGENERAL;
}

apr_status_t nts_sql_fail_required(nts_sql_session_t *s, const char *column, const char *words)
{
    const nts_mapping_t *mapping = s->ask->mapping;
    const char *advice = "give the column a DEFAULT, or map a property of Notion to it";
    int i;

    for (i = 0; i < mapping->pair_count; i++) {
        if (nts_str_equal_nocase(mapping->pairs[i].external, column)) {
            advice = apr_psprintf(s->p, "fill in the property \"%s\" in Notion",
                                  mapping->pairs[i].notion);
        }
    }
    (void)nts_sql_fail(s, NTS_RESULT_REFUSED, NTS_REMEDY_WAIT, "sql.required", advice,
                       "the record waits for a value of the column %s, which must not be empty",
                       column);
    s->answer->outcome.field = apr_pstrdup(s->p, column);
    if (words) {
        nts_outcome_set_words(&s->answer->outcome, s->p, words, strlen(words));
    }
    return APR_EGENERAL;
}

apr_status_t nts_sql_zone(const nts_zone_t **zone, nts_sql_session_t *s, const nts_pair_t *pair)
{
    apr_hash_t *zones = s->connection->zones;
    const char *name =
        pair && pair->options.timezone ? pair->options.timezone : s->ask->mapping->timezone;
    apr_status_t rv;

    *zone = name ? apr_hash_get(zones, name, APR_HASH_KEY_STRING) : NULL;
    if (!name || *zone) {
        return APR_SUCCESS; /* no zone is UTC */
    }
    rv = nts_zone_load(zone, name, s->connection->thread_pool);
    if (rv != APR_SUCCESS) {
        return nts_sql_fail(s, NTS_RESULT_BLOCKED, NTS_REMEDY_PERSON, "sql.timezone",
                            "install the tzdata package, or correct timezone= in the mapping",
                            "the time zone \"%s\" is not known on this machine", name);
    }
    apr_hash_set(zones, apr_pstrdup(s->connection->thread_pool, name), APR_HASH_KEY_STRING, *zone);
    return APR_SUCCESS;
}
