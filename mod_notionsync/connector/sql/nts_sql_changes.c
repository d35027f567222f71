/* nts_sql_changes.c - what the triggers have logged, in order, and tidying it up.
 *
 * Asked after every wake-up and by the slow poll, so it must cost next to nothing when nothing
 * happened: the commit token tells without reading a page of the table.
 */
#include <string.h>

#include "connector/sql/nts_sql_impl.h"

#define BATCH 1000
#define PRUNE_ROWS 500
#define PRUNE_EVERY apr_time_from_sec(60)
#define CLOCK_EVERY apr_time_from_sec(30)
/* Entries of other tables are stepped over once they are this many, or each look would read them. */
#define STEP_OVER 1000

/* --- nothing new? */

nts_sql_reader_t *nts_sql_reader(nts_sql_session_t *s)
{
    nts_connection_t *c = s->connection;
    const char *name = s->ask->mapping->collection;
    nts_sql_reader_t *reader = apr_hash_get(c->readers, name, APR_HASH_KEY_STRING);

    if (!reader) {
        reader = apr_pcalloc(c->db_pool, sizeof(*reader));
        apr_hash_set(c->readers, apr_pstrdup(c->db_pool, name), APR_HASH_KEY_STRING, reader);
    }
    return reader;
}

/* True if no other connection has committed since this table was read to its end, nor have we. */
static int is_caught_up(const nts_sql_reader_t *reader, const nts_sql_session_t *s,
                        apr_int64_t token)
{
    return reader->is_caught_up && reader->commit_token == token &&
           reader->own_commits == s->connection->own_commits && reader->last == s->ask->since;
}

static void note(nts_sql_reader_t *reader, const nts_sql_session_t *s, apr_int64_t token)
{
    const char *instance = s->answer->instance;

    reader->is_caught_up = s->answer->complete;
    reader->last = s->answer->last_change;
    reader->commit_token = token;
    reader->own_commits = s->connection->own_commits;
    reader->counter = s->answer->counter;
    if (!reader->instance || !instance || strcmp(reader->instance, instance) != 0) {
        reader->instance = apr_pstrdup(s->connection->db_pool, instance);
    }
}

/* --- reading */

/* A stored key as the engine spells it; NULL if it was written for another key=. */
static const char *key_at(nts_sql_session_t *s, const nts_sql_rows_t *rows, int row, int column)
{
    const char *stored = nts_sql_text_at(rows, row, column);
    const char *const *parts = stored ? nts_sql_change_key(s->table, stored, s->ptemp) : NULL;

    return parts ? nts_sql_key_id(parts, s->table->key_count, s->p) : NULL;
}

static void read_change(nts_change_t *change, nts_sql_session_t *s, const nts_sql_rows_t *rows,
                        int row)
{
    const char *op = nts_sql_text_at(rows, row, 1);
    /* Not text_at: it may hold bytes that are no UTF-8, and says so itself. */
    const char *image = rows->cells[row * rows->columns + 5].bytes;

    memset(change, 0, sizeof(*change));
    change->number = nts_sql_int_at(rows, row, 0);
    change->op = op ? *op : 't';
    change->key = key_at(s, rows, row, 2);
    change->old_key = change->op == 'k' ? key_at(s, rows, row, 3) : NULL;
    change->intent = apr_pstrdup(s->p, nts_sql_text_at(rows, row, 4));
    change->image = image ? s->dialect->change_image(image, s->p) : NULL;
    change->at = nts_sql_int_at(rows, row, 6) * 1000;
    if (change->op == 'd' && nts_sql_int_at(rows, row, 7)) {
        change->op = 'r';
    }
    if (!change->key || (change->op == 'k' && !change->old_key)) {
        change->op = 't'; /* which row it was cannot be told: look at everything */
    }
}

static apr_status_t read_changes(nts_sql_session_t *s)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "");
    apr_int64_t since = s->ask->since;
    apr_array_header_t *changes;
    nts_sql_rows_t rows;
    int i;

    changes = apr_array_make(s->p, 16, sizeof(nts_change_t));
    if (since < s->state.lost_to) {
        nts_change_t *lost = apr_array_push(changes);

        memset(lost, 0, sizeof(*lost));
        lost->op = 't';
        lost->number = s->state.lost_to;
        lost->at = s->answer->sent_at;
        since = s->state.lost_to;
    }
    s->dialect->add_changes(stmt, s->table->name, since, BATCH);
    if (nts_sql_run_page(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    for (i = 0; i < rows.count; i++) {
        read_change(apr_array_push(changes), s, &rows, i);
        since = nts_sql_int_at(&rows, i, 0);
    }
    s->answer->changes = (const nts_change_t *)changes->elts;
    s->answer->change_count = changes->nelts;
    s->answer->last_change = since;
    s->answer->complete = !rows.cut && rows.count < BATCH;
    if (s->answer->complete && s->state.counter - since > STEP_OVER) {
        s->answer->last_change = s->state.counter;
    }
    return APR_SUCCESS;
}

/* S4.4: what was done in a copy before anybody looked into it was done after the last thing that was seen of the other. */
static apr_status_t find_shared(nts_sql_session_t *s)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "");
    nts_sql_rows_t rows;

    s->dialect->add_shared(stmt, apr_time_as_msec(s->ask->witness_at));
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (rows.count == 1 && rows.cells[0].kind == NTS_SQL_INTEGER &&
        rows.cells[0].integer < s->answer->shared_to) {
        s->answer->shared_to = rows.cells[0].integer;
    }
    return APR_SUCCESS;
}

/* S4.1: a database that was set back and then changed as often as was undone gives no lower number away. But the entry that was seen
 * last was made at another time there. One that was pruned tells nothing. */
apr_status_t nts_sql_compare_witness(nts_sql_session_t *s)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "");
    nts_sql_rows_t rows;
    apr_time_t found;

    s->dialect->add_witness(stmt, s->ask->witness);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    found = nts_sql_int_at(&rows, 0, 0) * 1000;
    s->answer->is_rewritten = s->ask->witness_at && found && found != s->ask->witness_at;
    s->answer->witness = nts_sql_int_at(&rows, 0, 1);
    s->answer->witness_at = nts_sql_int_at(&rows, 0, 2) * 1000;
    return s->dialect->add_shared && s->ask->witness_at &&
                   (s->answer->is_rewritten || s->state.counter < s->ask->witness)
               ? find_shared(s)
               : APR_SUCCESS;
}

/* --- tidying up */

/* Up to which number entries may be deleted now, a few at a time; 0: none. */
static apr_status_t find_prunable(apr_int64_t *last, nts_sql_session_t *s)
{
    const char *number = s->dialect->entry_number;
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "SELECT max(");
    nts_sql_rows_t rows;

    nts_sql_add(stmt, number, ") FROM (SELECT ", number, " FROM _notionsync_change WHERE ", number,
                " <= ", NULL);
    nts_sql_add_int(stmt, s->ask->settled_to);
    nts_sql_add(stmt, " AND ", s->dialect->entry_table, " = ", NULL);
    nts_sql_add_text(stmt, s->table->name);
    nts_sql_add(stmt, " AND at < ", s->dialect->now, " - ", NULL);
    nts_sql_add_int(stmt, NTS_SQL_CHANGE_KEEP_MS);
    nts_sql_add(stmt, " ORDER BY ", number, " LIMIT ", NULL);
    nts_sql_add_int(stmt, PRUNE_ROWS);
    nts_sql_add(stmt, ") AS old", NULL);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *last = rows.cells[0].integer;
    return APR_SUCCESS;
}

static apr_status_t delete_entries(nts_sql_session_t *s, apr_int64_t last)
{
    nts_sql_stmt_t *stmt;

    if (s->dialect->delete_entries) {
        return s->dialect->delete_entries(s, s->table->name, last);
    }
    stmt = nts_sql_stmt(s, "DELETE FROM _notionsync_change WHERE ");
    nts_sql_add(stmt, s->dialect->entry_number, " <= ", NULL);
    nts_sql_add_int(stmt, last);
    nts_sql_add(stmt, " AND ", s->dialect->entry_table, " = ", NULL);
    nts_sql_add_text(stmt, s->table->name);
    return nts_sql_run(NULL, stmt, s->ptemp);
}

/* A second mapping of the same table that lags behind learns from `pruned` that it has missed some. */
static apr_status_t prune_to(nts_sql_session_t *s, apr_int64_t last)
{
    nts_sql_stmt_t *stmt;

    if (delete_entries(s, last) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    stmt = nts_sql_stmt(s, "UPDATE _notionsync_table SET pruned = ");
    nts_sql_add_int(stmt, last);
    nts_sql_add(stmt, " WHERE tbl = ", NULL);
    nts_sql_add_text(stmt, s->table->name);
    return nts_sql_run(NULL, stmt, s->ptemp);
}

/* Entries that are in the inbox and old enough that nobody asks for their time any more. A convenience
 * that must not spoil the answer: what fails here is tried again in a minute. The write lock, which
 * the application needs, is taken only when there is something to delete. */
static void prune(nts_sql_reader_t *reader, nts_sql_session_t *s)
{
    apr_time_t mono = s->connection->clock->mono(s->connection->clock->baton);
    nts_answer_t answer = *s->answer;
    apr_int64_t last = 0;

    if (s->ask->settled_to <= 0 || (reader->pruned && mono - reader->pruned < PRUNE_EVERY)) {
        return;
    }
    reader->pruned = mono;
    if (nts_sql_begin(s, 0) == APR_SUCCESS && find_prunable(&last, s) == APR_SUCCESS && last > 0) {
        nts_sql_rollback(s);
        if (nts_sql_begin(s, 1) == APR_SUCCESS && prune_to(s, last) == APR_SUCCESS &&
            nts_sql_commit(s) == APR_SUCCESS) {
            reader->pruned = 0; /* there may be more: go on at the next look */
        }
    }
    nts_sql_rollback(s);
    *s->answer = answer;
}

/* S1: the changes bear the database's times. */
static void look_at_clock(nts_sql_reader_t *reader, nts_sql_session_t *s)
{
    apr_time_t mono = s->connection->clock->mono(s->connection->clock->baton);

    if (!reader->clock_read || mono - reader->clock_read >= CLOCK_EVERY) {
        reader->clock_read = mono;
        nts_sql_read_clock(s);
    }
}

static void read_all(nts_sql_reader_t *reader, nts_sql_session_t *s, apr_int64_t token)
{
    const char *problem;

    if (nts_sql_begin(s, 0) != APR_SUCCESS || nts_sql_check_installed(&problem, s) != APR_SUCCESS) {
        return;
    }
    if (problem) {
        (void)nts_sql_fail(s, NTS_RESULT_BLOCKED, NTS_REMEDY_PERSON, "sql.triggers",
                           "run 'notionsyncctl provision' for this mapping", "%s", problem);
        return;
    }
    look_at_clock(reader, s);
    if (nts_sql_compare_witness(s) == APR_SUCCESS && read_changes(s) == APR_SUCCESS &&
        nts_sql_commit(s) == APR_SUCCESS) {
        note(reader, s, token);
    }
}

void nts_sql_changes(nts_sql_session_t *s)
{
    nts_sql_reader_t *reader = nts_sql_reader(s);
    apr_int64_t token;

    /* Before the snapshot: a commit between the two only makes the next look a full one. */
    if (s->dialect->commit_token(&token, s) != APR_SUCCESS) {
        return;
    }
    if (is_caught_up(reader, s, token)) {
        s->answer->last_change = s->ask->since;
        s->answer->complete = 1;
        s->answer->instance = apr_pstrdup(s->p, reader->instance);
        s->answer->counter = s->answer->shared_to = reader->counter;
    }
    else {
        read_all(reader, s, token);
    }
    if (s->answer->result == NTS_RESULT_OK) {
        prune(reader, s);
    }
}
