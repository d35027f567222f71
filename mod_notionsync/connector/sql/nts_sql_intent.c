/* nts_sql_intent.c - what was written under which intent, kept in the same database (S3.3, S3.7); and in the same table
 * a mark that a state store knows its own by (S4.1). */
#include <string.h>

#include "connector/sql/nts_sql_impl.h"

#define PRUNE_ROWS 50

/* The op of an intent that is given up. */
#define GIVEN_UP "given up"

/* By column name, so that it can still be read when the mapping has changed. */
static const char *record_text(nts_sql_session_t *s, const nts_record_t *record)
{
    const nts_mapping_t *mapping = s->ask->mapping;
    nts_json_t *object = nts_json_make_object(s->ptemp);
    nts_json_t *values = nts_json_add_object(object, "values");
    int i;

    nts_json_add_string(object, "id", record->id);
    nts_json_add_int(object, "changed", record->changed);
    for (i = 0; i < mapping->pair_count; i++) {
        if (record->values[i].kind != NTS_VALUE_ABSENT) {
            nts_value_to_json(&record->values[i], values, mapping->pairs[i].external);
        }
    }
    return nts_json_text(object, s->ptemp);
}

/* Of a delete: what it took along, which nobody could count any more. */
static const char *taken_text(nts_sql_session_t *s)
{
    nts_json_t *object;

    if (!s->answer->taken) {
        return NULL;
    }
    object = nts_json_make_object(s->ptemp);
    nts_json_add_string(object, "taken", s->answer->taken);
    return nts_json_text(object, s->ptemp);
}

static apr_status_t prune(nts_sql_session_t *s)
{
    nts_sql_stmt_t *stmt =
        nts_sql_stmt(s, "DELETE FROM _notionsync_intent WHERE intent IN (SELECT "
                        "intent FROM _notionsync_intent WHERE op <> 'state' AND at < ");

    nts_sql_add(stmt, s->dialect->now, " - ", NULL);
    nts_sql_add_int(stmt, NTS_SQL_INTENT_KEEP_MS);
    nts_sql_add(stmt, " ORDER BY at LIMIT ", NULL);
    nts_sql_add_int(stmt, PRUNE_ROWS);
    nts_sql_add(stmt, ")", NULL);
    return nts_sql_run(NULL, stmt, s->ptemp);
}

/* The key is spelled as change entries spell it, so that reading can join by one expression. */
apr_status_t nts_sql_store_intent(nts_sql_session_t *s, const char *const *parts,
                                  const nts_record_t *record)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(
        s, "INSERT INTO _notionsync_intent (intent, tbl, op, \"key\", record, at) VALUES (");

    nts_sql_add_text(stmt, s->ask->intent);
    nts_sql_add(stmt, ", ", NULL);
    nts_sql_add_text(stmt, s->table->name);
    nts_sql_add(stmt, ", ", NULL);
    nts_sql_add_text(stmt, nts_ask_name(s->ask->kind));
    nts_sql_add(stmt, ", ", NULL);
    nts_sql_add_text(stmt, nts_sql_stored_key(s->table, parts, s->ptemp));
    nts_sql_add(stmt, ", ", NULL);
    nts_sql_add_text(stmt, record ? record_text(s, record) : taken_text(s));
    nts_sql_add(stmt, ", ", s->dialect->now, ")", NULL);
    if (nts_sql_run(NULL, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    return s->dialect->prune_intents ? s->dialect->prune_intents(s) : prune(s);
}

/* A row that is gone is no record; its delete says what it took along. */
static nts_record_t *record_of(nts_sql_session_t *s, const char *text)
{
    const nts_mapping_t *mapping = s->ask->mapping;
    nts_record_t *record = apr_pcalloc(s->p, sizeof(*record));
    nts_value_t *values =
        apr_pcalloc(s->p, (apr_size_t)(mapping->pair_count + 1) * sizeof(*values));
    const nts_json_t *root;
    int i;

    if (!text || nts_json_parse(&root, text, strlen(text), NULL, s->p) != APR_SUCCESS) {
        return NULL;
    }
    s->answer->taken = nts_json_get_string(root, "taken");
    record->id = nts_json_get_string(root, "id");
    record->changed = nts_json_get_int(root, "changed", 0);
    record->intent = apr_pstrdup(s->p, s->ask->intent);
    record->standing = mapping->filter[NTS_EXTERNAL] ? NTS_STANDING_UNKNOWN : NTS_STANDING_INSIDE;
    for (i = 0; i < mapping->pair_count; i++) {
        if (nts_value_from_json(&values[i],
                                nts_json_path(root, "values", mapping->pairs[i].external, NULL),
                                s->p) != APR_SUCCESS) {
            values[i] = nts_value_absent;
        }
    }
    record->values = values;
    return record->id ? record : NULL;
}

apr_status_t nts_sql_find_intent(nts_sql_fate_t *fate, nts_record_t **record, nts_sql_session_t *s)
{
    nts_sql_stmt_t *stmt;
    nts_sql_rows_t rows;

    *fate = NTS_SQL_UNHEARD_OF;
    *record = NULL;
    if (!s->state.installed || !s->ask->intent) {
        return APR_SUCCESS;
    }
    stmt = nts_sql_stmt(s, "SELECT record, op FROM _notionsync_intent WHERE intent = ");
    nts_sql_add_text(stmt, s->ask->intent);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (rows.count > 0) {
        *fate =
            strcmp(nts_sql_string_at(&rows, 0, 1), GIVEN_UP) == 0 ? NTS_SQL_GIVEN_UP : NTS_SQL_DONE;
        *record = record_of(s, nts_sql_text_of(&rows.cells[0]));
    }
    return APR_SUCCESS;
}

/*
 * Not to see a write is no proof that it was not done: the server may still be at its COMMIT, of which we have heard nothing, and
 * whoever was stopped in the middle of it may go on. So the intent is taken. That waits for the write, which has stored the
 * same id before its COMMIT; and one that comes later fails. (Seed 53 of the simulation with `unsteady=1`: a create was taken
 * for not done, made again, and then there were two.)
 */
static apr_status_t give_up(nts_sql_session_t *s)
{
    nts_sql_stmt_t *stmt =
        nts_sql_stmt(s, "INSERT INTO _notionsync_intent (intent, tbl, op, at) VALUES (");

    nts_sql_add_text(stmt, s->ask->intent);
    nts_sql_add(stmt, ", ", NULL);
    nts_sql_add_text(stmt, s->table->name);
    nts_sql_add(stmt, ", '" GIVEN_UP "', ", s->dialect->now, ")", NULL);
    if (nts_sql_run(NULL, stmt, s->ptemp) == APR_SUCCESS) {
        return nts_sql_commit(s);
    }
    if (s->answer->result == NTS_RESULT_REFUSED) { /* it was done while we waited for it */
        (void)nts_sql_fail(s, NTS_RESULT_NOT_DONE, NTS_REMEDY_RETRY, "sql.busy", NULL,
                           "the write was just being done in the database %s",
                           s->connection->database);
    }
    return APR_EGENERAL;
}

static apr_status_t look_up(nts_sql_fate_t *fate, nts_record_t **record, nts_sql_session_t *s,
                            int writes)
{
    apr_status_t rv = nts_sql_begin(s, writes);

    return rv == APR_SUCCESS ? nts_sql_find_intent(fate, record, s) : rv;
}

/* What is there stays there, however this transaction ends; and to see it takes no lock. */
void nts_sql_intent(nts_sql_session_t *s)
{
    nts_record_t *record;
    nts_sql_fate_t fate;

    if (look_up(&fate, &record, s, 0) != APR_SUCCESS) {
        return;
    }
    if (fate == NTS_SQL_UNHEARD_OF && s->state.installed) {
        nts_sql_rollback(s);
        if (look_up(&fate, &record, s, 1) != APR_SUCCESS ||
            (fate == NTS_SQL_UNHEARD_OF && give_up(s) != APR_SUCCESS)) {
            return;
        }
    }
    s->answer->applied = fate == NTS_SQL_DONE;
    s->answer->record = record;
    s->answer->id = record ? record->id : NULL;
}

/* --- marks: one row for each data source that the table is synced with */

static const char *mark_id(nts_sql_session_t *s)
{
    const char *source = s->ask->mapping->data_source;

    return apr_pstrcat(s->ptemp, "state:", source ? source : "", ":", s->table->name, NULL);
}

apr_status_t nts_sql_find_mark(const char **mark, nts_sql_session_t *s)
{
    nts_sql_stmt_t *stmt;
    nts_sql_rows_t rows;

    *mark = NULL;
    if (!s->state.installed) {
        return APR_SUCCESS;
    }
    stmt = nts_sql_stmt(s, "SELECT record FROM _notionsync_intent WHERE intent = ");
    nts_sql_add_text(stmt, mark_id(s));
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *mark = rows.count > 0 ? apr_pstrdup(s->p, nts_sql_text_of(&rows.cells[0])) : NULL;
    return APR_SUCCESS;
}

static apr_status_t put_mark(nts_sql_session_t *s)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "DELETE FROM _notionsync_intent WHERE intent = ");

    nts_sql_add_text(stmt, mark_id(s));
    if (nts_sql_run(NULL, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    stmt = nts_sql_stmt(s, "INSERT INTO _notionsync_intent (intent, tbl, op, record, at) VALUES (");
    nts_sql_add_text(stmt, mark_id(s));
    nts_sql_add(stmt, ", ", NULL);
    nts_sql_add_text(stmt, s->table->name);
    nts_sql_add(stmt, ", 'state', ", NULL);
    nts_sql_add_text(stmt, s->ask->intent);
    nts_sql_add(stmt, ", ", s->dialect->now, ")", NULL);
    return nts_sql_run(NULL, stmt, s->ptemp);
}

void nts_sql_mark(nts_sql_session_t *s)
{
    if (nts_sql_begin(s, 1) != APR_SUCCESS) {
        return;
    }
    if (!s->state.installed) {
        (void)nts_sql_fail(s, NTS_RESULT_REFUSED, NTS_REMEDY_PERSON, "sql.triggers",
                           "run 'notionsyncctl provision' for this mapping",
                           "the table %s has no change table and triggers yet", s->table->name);
        return;
    }
    if (put_mark(s) == APR_SUCCESS) {
        (void)nts_sql_commit(s);
    }
}
