/* nts_sql_write.c - one write is one transaction: read under lock, compare, write, read back (S3.3).
 *
 * The transaction holds the database's write lock from its first statement, so every change entry
 * above the counter read there is of our making. That is how an entry learns its intent: it is marked
 * afterwards, by key; other rows that triggers of the application changed meanwhile stay unmarked and
 * are looked at like anybody's edit.
 */
#include <string.h>

#include "connector/sql/nts_sql_write.h"

/* --- failures of a write */

/* What the write leaves as it is stands in the row itself; a new row has none. Zero: nobody knows. */
static int add_own_value(nts_sql_stmt_t *stmt, const nts_sql_column_t *column,
                         const nts_sql_assignment_t *one, const char *const *parts)
{
    nts_sql_session_t *s = stmt->session;

    if (one) {
        nts_sql_add_cell(stmt, &one->cell);
        return 1;
    }
    if (!column || !parts) {
        return 0;
    }
    nts_sql_add(stmt, "(SELECT t.", NULL);
    nts_sql_add_name(stmt, column->name);
    nts_sql_add(stmt, " FROM ", s->table->sql, " AS t WHERE ", NULL);
    s->dialect->add_key_is(stmt, s->table, parts);
    nts_sql_add(stmt, ")", NULL);
    return 1;
}

/* S5.8: who holds the unique value. A query of its own, whose failure changes nothing. */
static const char *find_blocker(nts_sql_session_t *s, const nts_sql_set_t *set,
                                const char *const *own)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "SELECT ");
    char *names = apr_pstrdup(s->ptemp, s->answer->outcome.field);
    char *state = NULL;
    const char *parts[NTS_SQL_KEY_MAX];
    const char *name;
    nts_sql_rows_t rows;
    int i;

    s->dialect->add_key_columns(stmt, s->table);
    nts_sql_add(stmt, " FROM ", s->table->sql, " AS t WHERE 1 = 1", NULL);
    for (name = apr_strtok(names, ", ", &state); name; name = apr_strtok(NULL, ", ", &state)) {
        const nts_sql_column_t *column = nts_sql_find_column(s->table, name);
        const nts_sql_assignment_t *one = column ? nts_sql_assigned(set, column) : NULL;

        nts_sql_add(stmt, " AND t.", NULL);
        nts_sql_add_name(stmt, column ? column->name : name);
        nts_sql_add(stmt, " = ", NULL);
        if (!add_own_value(stmt, column, one, own)) {
            return NULL;
        }
    }
    nts_sql_add(stmt, " LIMIT 1", NULL);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS || rows.count == 0) {
        return NULL;
    }
    for (i = 0; i < s->table->key_count; i++) {
        parts[i] = nts_sql_text_of(&rows.cells[i]);
        if (!parts[i]) {
            return NULL;
        }
    }
    return nts_sql_key_id(parts, s->table->key_count, s->ptemp);
}

apr_status_t nts_sql_explain_refusal(nts_sql_session_t *s, const nts_sql_set_t *set,
                                     const char *const *own)
{
    nts_answer_t before = *s->answer;
    const char *blocker;

    if (strcmp(before.outcome.code, "sql.constraint") != 0 || !before.outcome.field ||
        !strstr(before.outcome.what, "UNIQUE")) {
        return APR_EGENERAL;
    }
    blocker = find_blocker(s, set, own);
    *s->answer = before;
    if (blocker) {
        s->answer->outcome.what = apr_psprintf(s->p, "%s: the row with key %s has that value",
                                               before.outcome.what, blocker);
        s->answer->outcome.blocker = apr_pstrdup(s->p, blocker);
    }
    return APR_EGENERAL;
}

static apr_status_t fail_ignored(nts_sql_session_t *s, const char *what)
{
    return nts_sql_fail(
        s, NTS_RESULT_REFUSED, NTS_REMEDY_WAIT, "sql.ignored", "look at the triggers of the table",
        "a trigger of table %s kept this record from being %s", s->table->name, what);
}

apr_status_t nts_sql_check_key(nts_sql_session_t *s, const char *const *parts)
{
    int i;

    for (i = 0; i < s->table->key_count; i++) {
        if (!parts[i]) {
            return nts_sql_fail(
                s, NTS_RESULT_REFUSED, NTS_REMEDY_WAIT, "sql.no_key",
                apr_psprintf(s->p,
                             "map a Notion property to %s, or let the database fill it "
                             "(INTEGER PRIMARY KEY, or a DEFAULT such as "
                             "(lower(hex(randomblob(16)))))",
                             s->table->key[i]->name),
                "the row has no value for its key column %s", s->table->key[i]->name);
        }
    }
    return APR_SUCCESS;
}

apr_status_t nts_sql_ask_parts(const char *const **parts, nts_sql_session_t *s)
{
    *parts = nts_sql_key_parts(s->table, s->ask->id, s->ptemp);
    if (*parts) {
        return APR_SUCCESS;
    }
    return nts_sql_fail(s, NTS_RESULT_REFUSED, NTS_REMEDY_PERSON, "sql.key",
                        "look whether key= of the mapping was changed",
                        "\"%s\" is no key of the table %s", s->ask->id ? s->ask->id : "",
                        s->table->name);
}

/* --- the end of a write */

static apr_status_t mark_changes(nts_sql_session_t *s, const char *const *now,
                                 const char *const *before)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "UPDATE _notionsync_change SET intent = ");
    const char *const *sides[2] = { now, before };
    int i;

    if (s->dialect->mark_entries) {
        return s->dialect->mark_entries(s, now, before);
    }
    nts_sql_add_text(stmt, s->ask->intent);
    nts_sql_add(stmt, " WHERE id > ", NULL);
    nts_sql_add_int(stmt, s->state.entries);
    if (s->dialect->own_entries) {
        nts_sql_add(stmt, " AND ", s->dialect->own_entries, NULL);
    }
    nts_sql_add(stmt, " AND tbl = ", NULL);
    nts_sql_add_text(stmt, s->table->name);
    nts_sql_add(stmt, " AND \"key\" IN (", NULL);
    for (i = 0; i < 2; i++) {
        nts_sql_add(stmt, i ? ", " : "", NULL);
        nts_sql_add_text(stmt, sides[i] ? nts_sql_stored_key(s->table, sides[i], s->ptemp) : NULL);
    }
    nts_sql_add(stmt, ")", NULL);
    return nts_sql_run(NULL, stmt, s->ptemp);
}

apr_status_t nts_sql_prove_write(nts_record_t **record, nts_sql_session_t *s,
                                 const char *const *now, const char *const *before)
{
    nts_sql_row_t *row = NULL;

    if (s->ask->intent && mark_changes(s, now, before) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (now) {
        if (nts_sql_fetch(&row, s, now, s->ask->want_image) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
        *record = row ? &row->record : NULL;
    }
    return s->ask->intent ? nts_sql_store_intent(s, now ? now : before, now ? *record : NULL)
                          : APR_SUCCESS;
}

void nts_sql_answer_written(nts_sql_session_t *s, nts_record_t *record)
{
    if (!record) {
        s->answer->result = NTS_RESULT_GONE;
        return;
    }
    if (s->ask->intent) {
        record->intent = s->ask->intent; /* read back before the intent was stored */
    }
    s->answer->record = record;
    s->answer->id = record->id;
}

/* Commits, and answers with the row as it is now, which triggers may have rewritten or deleted. */
static apr_status_t finish(nts_sql_session_t *s, const char *const *now, const char *const *before,
                           nts_record_t *removed)
{
    nts_record_t *record = removed;

    if (nts_sql_prove_write(&record, s, now, before) != APR_SUCCESS ||
        nts_sql_commit(s) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    nts_sql_answer_written(s, record);
    return APR_SUCCESS;
}

/* --- the kinds */

apr_status_t nts_sql_fetch_expected(nts_sql_row_t **row, nts_sql_session_t *s,
                                    const char *const *parts)
{
    if ((s->dialect->lock_row && s->dialect->lock_row(s, s->table, parts) != APR_SUCCESS) ||
        nts_sql_fetch(row, s, parts, s->ask->want_image) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (!*row) {
        nts_sql_answer_gone(s);
        return APR_SUCCESS;
    }
    if (!nts_sql_is_as_expected(s, (*row)->record.values, s->ask->expected)) {
        (void)nts_sql_fail(s, NTS_RESULT_STALE, NTS_REMEDY_RETRY, "sql.stale", NULL,
                           "the row %s of table %s was changed meanwhile", s->ask->id,
                           s->table->name);
        s->answer->record = &(*row)->record;
        *row = NULL;
    }
    return APR_SUCCESS;
}

static apr_status_t update(nts_sql_session_t *s)
{
    nts_sql_set_t set = nts_sql_set_make(s);
    const char *const *parts;
    const char *const *now;
    nts_sql_row_t *row;

    if (nts_sql_ask_parts(&parts, s) != APR_SUCCESS ||
        nts_sql_fetch_expected(&row, s, parts) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (!row) {
        return APR_SUCCESS;
    }
    if (nts_sql_assign_values(&set, s, row) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (set.count == 0) {
        return finish(s, parts, NULL, NULL);
    }
    if (s->dialect->update(&now, s, s->table, parts, set.set, set.count) != APR_SUCCESS) {
        return nts_sql_explain_refusal(s, &set, parts);
    }
    if (!now) {
        if (nts_sql_fetch(&row, s, parts, 0) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
        return row ? fail_ignored(s, "changed") : finish(s, parts, NULL, NULL);
    }
    return nts_sql_check_key(s, now) == APR_SUCCESS ? finish(s, now, parts, NULL) : APR_EGENERAL;
}

static apr_status_t remove_row(nts_sql_session_t *s)
{
    nts_sql_stmt_t *stmt =
        nts_sql_stmt(s, s->dialect->delete_from ? s->dialect->delete_from : "DELETE FROM ");
    const char *const *parts;
    nts_sql_rows_t rows;
    nts_sql_row_t *row;

    if (nts_sql_ask_parts(&parts, s) != APR_SUCCESS ||
        nts_sql_fetch_expected(&row, s, parts) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (!row) {
        return APR_SUCCESS;
    }
    if (nts_sql_count_children(s, parts) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    nts_sql_add(stmt, s->table->sql, " AS t WHERE ", NULL);
    s->dialect->add_key_is(stmt, s->table, parts);
    if (nts_sql_run(&rows, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (rows.affected == 0) {
        return fail_ignored(s, "deleted");
    }
    return finish(s, NULL, parts, &row->record);
}

static apr_status_t insert(nts_sql_session_t *s, const nts_sql_set_t *set)
{
    const char *const *now;

    if (s->dialect->insert(&now, s, s->table, set->set, set->count) != APR_SUCCESS) {
        return nts_sql_explain_refusal(s, set, NULL);
    }
    if (!now) {
        return fail_ignored(s, "created");
    }
    return nts_sql_check_key(s, now) == APR_SUCCESS ? finish(s, now, NULL, NULL) : APR_EGENERAL;
}

/* Key columns from ask->id; @a always: even where another value was given. */
static apr_status_t assign_key(nts_sql_set_t *set, nts_sql_session_t *s, int always)
{
    const char *const *parts;
    int i;

    if (!s->ask->id) {
        return APR_SUCCESS;
    }
    if (nts_sql_ask_parts(&parts, s) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    for (i = 0; i < s->table->key_count; i++) {
        nts_sql_cell_t cell = nts_sql_cell_text(parts[i]);

        if (!s->table->key[i]->generated && (always || !nts_sql_assigned(set, s->table->key[i]))) {
            nts_sql_assign(set, s->table->key[i], &cell);
        }
    }
    return APR_SUCCESS;
}

static apr_status_t create(nts_sql_session_t *s)
{
    nts_sql_set_t set = nts_sql_set_make(s);

    if (nts_sql_assign_values(&set, s, NULL) != APR_SUCCESS ||
        assign_key(&set, s, 0) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    return insert(s, &set);
}

typedef struct image_baton_t {
    nts_sql_session_t *s;
    nts_sql_set_t *set;
    int failed;
} image_baton_t;

static int assign_member(void *baton, const char *name, const nts_json_t *member)
{
    image_baton_t *b = baton;
    const nts_sql_column_t *column = nts_sql_find_column(b->s->table, name);
    nts_sql_cell_t cell;

    /* A column that was dropped since has nowhere to go, nor has one that a view computes. */
    if (column && !column->generated && !(b->s->table->is_view && column->type.computed)) {
        b->failed = nts_sql_image_cell(&cell, member, b->s->ptemp) != APR_SUCCESS;
        if (!b->failed) {
            nts_sql_assign(b->set, column, &cell);
        }
    }
    return b->failed;
}

/* S2.7: from the row as it was, under its key if that is free. */
static apr_status_t restore(nts_sql_session_t *s)
{
    nts_sql_set_t set = nts_sql_set_make(s);
    image_baton_t baton = { s, &set, 0 };
    const nts_json_t *image = NULL;
    const char *const *parts;
    nts_sql_row_t *row;

    if (nts_sql_ask_parts(&parts, s) != APR_SUCCESS ||
        nts_sql_fetch(&row, s, parts, 0) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (row) {
        s->answer->record = &row->record;
        return nts_sql_fail(s, NTS_RESULT_REFUSED, NTS_REMEDY_PERSON, "sql.key_taken",
                            "delete or rename the row that has the key now",
                            "the row %s of table %s cannot be restored: its key is in use",
                            s->ask->id, s->table->name);
    }
    if (s->ask->image) {
        if (nts_json_parse(&image, s->ask->image, strlen(s->ask->image), NULL, s->ptemp) ==
            APR_SUCCESS) {
            nts_json_each(image, assign_member, &baton);
        }
        if (nts_json_type(image) != NTS_JSON_OBJECT || baton.failed) {
            return nts_sql_fail(s, NTS_RESULT_REFUSED, NTS_REMEDY_PERSON, "sql.image", NULL,
                                "the kept image of row %s cannot be read", s->ask->id);
        }
    }
    if (nts_sql_assign_values(&set, s, NULL) != APR_SUCCESS ||
        assign_key(&set, s, 1) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    return insert(s, &set);
}

void nts_sql_write(nts_sql_session_t *s)
{
    nts_record_t *record;
    nts_sql_fate_t fate;

    if (nts_sql_begin(s, 1) != APR_SUCCESS) {
        return;
    }
    if (!s->state.installed) {
        (void)nts_sql_fail(
            s, NTS_RESULT_BLOCKED, NTS_REMEDY_PERSON, "sql.not_provisioned",
            "run 'notionsyncctl provision' for this mapping",
            "the database %s has no change table yet, so a write could not be proven",
            s->connection->database);
        return;
    }
    if (nts_sql_find_intent(&fate, &record, s) != APR_SUCCESS) {
        return;
    }
    if (fate == NTS_SQL_GIVEN_UP) {
        (void)nts_sql_fail(s, NTS_RESULT_NOT_DONE, NTS_REMEDY_RETRY, "sql.given_up", NULL,
                           "the write comes too late: it was asked about before, and was not done");
        return;
    }
    if (fate == NTS_SQL_DONE) {
        /* Asked before, and done: the answer was lost on its way (S3.7). */
        s->answer->record = record;
        s->answer->id = record ? record->id : NULL;
        if (!record && s->ask->kind != NTS_ASK_REMOVE) {
            s->answer->result = NTS_RESULT_GONE;
        }
        return;
    }
    switch (s->ask->kind) {
    case NTS_ASK_CREATE:
        (void)create(s);
        break;
    case NTS_ASK_REMOVE:
        (void)remove_row(s);
        break;
    case NTS_ASK_RESTORE:
        (void)restore(s);
        break;
    default:
        (void)update(s);
        break;
    }
}
