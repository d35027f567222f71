/* nts_sql_together.c - rows that exchange their unique values are written in one transaction (S5.8).
 *
 * Alone each would be refused for the sake of another one. Here every write is what it is alone: the row is read under lock and compared,
 * written by its key, its entries marked, its intent stored. Only their order is free, and a row that none of them can do without may get a
 * value in between that nobody else has, in a column that its own write fills at last. Others see nothing of it, and if anything is in the
 * way nothing of it has happened, and each is performed alone.
 */
#include <string.h>

#include "connector/sql/nts_sql_together.h"
#include "connector/sql/nts_sql_write.h"

typedef struct member_t {
    nts_sql_session_t s;
    const char *const *parts; /* the key */
    const char *const *now;   /* written: the key since; NULL: not yet */
    nts_sql_set_t set;
    int *has_made_way; /* for each assignment: something stands in for it */
    nts_record_t *record;
} member_t;

typedef struct circle_t {
    nts_connection_t *c;
    member_t *members;
    int count;
    member_t
        *refused; /* its answer says why none of them is written; NULL: alone each will find out */
    const char *no_way; /* why nobody can make way, a clause for people; NULL: that is not why */
} circle_t;

/* --- one statement */

static void clear_answer(nts_sql_session_t *s)
{
    s->answer->result = NTS_RESULT_OK;
    s->answer->outcome = (nts_outcome_t){ 0 };
}

/* Without a trace where it fails. @a explain: the answer then names the row that is in the way. */
static apr_status_t attempt(member_t *m, const nts_sql_set_t *set, int explain,
                            const char *const **now)
{
    nts_sql_session_t *s = &m->s;
    apr_status_t rv;

    clear_answer(s);
    if (nts_sql_run_text(s, "SAVEPOINT one") != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    s->saved = 1;
    rv = s->dialect->update(now, s, s->table, m->parts, set->set, set->count);
    if (rv == APR_SUCCESS) {
        s->saved = 0;
        return nts_sql_run_text(s, "RELEASE SAVEPOINT one");
    }
    nts_sql_rollback(s);
    s->writes = 1;
    return explain ? nts_sql_explain_refusal(s, set, m->parts) : rv;
}

static int is_open(const circle_t *circle)
{
    nts_connection_t *c = circle->c;
    int i;

    for (i = 0; i < circle->count; i++) {
        if (circle->members[i].s.reopen) {
            return 0;
        }
    }
    return c->db && c->dialect->is_in_transaction(c->db);
}

/* --- making way */

static const char *refusal_text(const nts_sql_session_t *s)
{
    const nts_outcome_t *out = &s->answer->outcome;

    return out->words ? out->words : out->what ? out->what : "";
}

/* Something stands in for what the member's own write will put there. */
static int stand_in(circle_t *circle, member_t *m, int index)
{
    const nts_sql_column_t *column = m->set.set[index].column;
    nts_sql_assignment_t one = { column, nts_sql_cell_null() };
    nts_sql_set_t only = { &one, 1 };
    const char *const *now;
    int number;

    for (number = 0; nts_sql_stand_in(&one.cell, number, &m->s, column); number++) {
        if (attempt(m, &only, 0, &now) == APR_SUCCESS && now) {
            m->has_made_way[index] = 1;
            return 1;
        }
        if (!is_open(circle) ||
            (m->s.answer->result != NTS_RESULT_REFUSED && m->s.answer->result != NTS_RESULT_OK)) {
            return 0;
        }
    }
    circle->no_way = number ? apr_psprintf(m->s.p,
                                           "no value can stand in column %s of row %s for the "
                                           "moment that the exchange takes (%s)",
                                           column->name, m->s.ask->id, refusal_text(&m->s))
                            : apr_psprintf(m->s.p,
                                           "a column of the type of %s has no value to spare for "
                                           "the moment that the exchange takes",
                                           column->name);
    return 0;
}

static member_t *member_of(circle_t *circle, const char *key)
{
    int i;

    for (i = 0; key && i < circle->count; i++) {
        if (strcmp(circle->members[i].s.ask->id, key) == 0) {
            return &circle->members[i];
        }
    }
    return NULL;
}

static int is_named(const char *names, const char *column, apr_pool_t *p)
{
    char *copy = apr_pstrdup(p, names);
    char *state = NULL;
    const char *name;

    for (name = apr_strtok(copy, ", ", &state); name; name = apr_strtok(NULL, ", ", &state)) {
        if (strcmp(name, column) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The row that keeps this one out lets go of its value. */
static int make_way(circle_t *circle, member_t *waiting)
{
    const nts_outcome_t *out = &waiting->s.answer->outcome;
    member_t *other = member_of(circle, out->blocker);
    int i;

    for (i = 0; other && !other->now && i < other->set.count; i++) {
        const nts_sql_column_t *column = other->set.set[i].column;

        if (!column->key && !other->has_made_way[i] &&
            is_named(out->field, column->name, waiting->s.ptemp) && stand_in(circle, other, i)) {
            circle->no_way = NULL;
            return 1;
        }
    }
    circle->refused = !other || circle->no_way ? waiting : NULL;
    return 0;
}

/* --- the writes */

/* All from the first one's transaction. */
static apr_status_t begin(circle_t *circle)
{
    const nts_sql_session_t *first = &circle->members[0].s;
    int i;

    if (nts_sql_open_database(&circle->members[0].s) != APR_SUCCESS ||
        nts_sql_begin(&circle->members[0].s, 1) != APR_SUCCESS || !first->state.installed) {
        return APR_EGENERAL;
    }
    for (i = 1; i < circle->count; i++) {
        nts_sql_session_t *s = &circle->members[i].s;

        s->known = first->known;
        s->known_table = first->known_table;
        s->table = first->table;
        s->state = first->state;
        s->writes = 1;
        s->answer->instance = apr_pstrdup(s->p, first->state.instance);
        s->answer->counter = s->answer->shared_to = first->state.counter;
    }
    return APR_SUCCESS;
}

static apr_status_t prepare(member_t *m)
{
    nts_sql_session_t *s = &m->s;
    nts_sql_row_t *row = NULL;
    nts_record_t *record;
    nts_sql_fate_t fate;

    if (nts_sql_find_intent(&fate, &record, s) != APR_SUCCESS || fate != NTS_SQL_UNHEARD_OF ||
        nts_sql_ask_parts(&m->parts, s) != APR_SUCCESS ||
        nts_sql_fetch_expected(&row, s, m->parts) != APR_SUCCESS || !row) {
        return APR_EGENERAL;
    }
    m->set = nts_sql_set_make(s);
    if (nts_sql_assign_values(&m->set, s, row) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    m->has_made_way =
        apr_pcalloc(s->ptemp, (apr_size_t)(m->set.count + 1) * sizeof(*m->has_made_way));
    m->now = m->set.count ? NULL : m->parts;
    return APR_SUCCESS;
}

/* Non-zero: the transaction goes on, whether the member is written now or has to wait for another one. */
static int write_member(circle_t *circle, member_t *m)
{
    const char *const *now = NULL;

    if (attempt(m, &m->set, 1, &now) == APR_SUCCESS) {
        m->now = now;
        return now && nts_sql_check_key(&m->s, now) == APR_SUCCESS;
    }
    if (!is_open(circle)) {
        return 0;
    }
    if (!m->s.answer->outcome.blocker) {
        circle->refused = m->s.answer->result == NTS_RESULT_REFUSED ? m : NULL;
        return 0;
    }
    return 1;
}

/* In whatever order they can; if none can, one makes way. */
static int write_all(circle_t *circle)
{
    member_t *waiting;
    int written, i;

    do {
        waiting = NULL;
        written = 0;
        for (i = 0; i < circle->count; i++) {
            member_t *m = &circle->members[i];

            if (m->now) {
                continue;
            }
            if (!write_member(circle, m)) {
                return 0;
            }
            written += m->now != NULL;
            waiting = waiting || m->now ? waiting : m;
        }
    } while (waiting && (written || make_way(circle, waiting)));
    return !waiting;
}

static int prove_all(circle_t *circle)
{
    int i;

    for (i = 0; i < circle->count; i++) {
        member_t *m = &circle->members[i];

        clear_answer(&m->s);
        if (nts_sql_prove_write(&m->record, &m->s, m->now, m->parts) != APR_SUCCESS) {
            return 0;
        }
    }
    return 1;
}

/* Non-zero: all are answered. */
static int commit(circle_t *circle)
{
    nts_sql_session_t *first = &circle->members[0].s;
    int i;

    if (nts_sql_commit(first) != APR_SUCCESS && first->answer->result != NTS_RESULT_UNKNOWN) {
        return 0; /* nothing has happened */
    }
    for (i = 0; i < circle->count; i++) {
        member_t *m = &circle->members[i];

        if (first->answer->result != NTS_RESULT_UNKNOWN) {
            nts_sql_answer_written(&m->s, m->record);
        }
        else if (i) {
            m->s.answer->result = NTS_RESULT_UNKNOWN;
            nts_outcome_copy(&m->s.answer->outcome, &first->answer->outcome, m->s.p);
        }
    }
    return 1;
}

static int write_together(circle_t *circle)
{
    int done = begin(circle) == APR_SUCCESS;
    int i;

    for (i = 0; done && i < circle->count; i++) {
        done = prepare(&circle->members[i]) == APR_SUCCESS;
    }
    circle->c->bundled = done; /* what fails is undone to its savepoint only */
    done = done && write_all(circle) && prove_all(circle);
    circle->c->bundled = 0;
    done = done && commit(circle);
    nts_sql_rollback(&circle->members[0].s);
    for (i = 0; i < circle->count; i++) {
        if (circle->members[i].s.reopen) {
            nts_sql_close_database(circle->c);
        }
    }
    return done;
}

/* --- what is told */

/* Waiting for each other they would wait for ever. */
static void tell_no_way(circle_t *circle, nts_answer_t *answer, apr_pool_t *p)
{
    if (circle->no_way && answer->result == NTS_RESULT_REFUSED &&
        member_of(circle, answer->outcome.blocker)) {
        answer->outcome.remedy = NTS_REMEDY_PERSON;
        answer->outcome.what = apr_psprintf(p, "%s; it is to have this one's in exchange, and %s",
                                            answer->outcome.what, circle->no_way);
        answer->outcome.advice =
            "give one of the records another value for a moment, in Notion or in the "
            "database";
    }
}

void nts_sql_perform_together(nts_connection_t *c, const nts_ask_t *const *asks,
                              nts_answer_t *const *answers, apr_pool_t *const *pools, int count)
{
    circle_t circle = { c, NULL, count, NULL, NULL };
    apr_time_t began = c->clock->wall(c->clock->baton);
    int i, done;

    circle.members = apr_pcalloc(pools[0], (apr_size_t)count * sizeof(*circle.members));
    for (i = 0; i < count; i++) {
        memset(answers[i], 0, sizeof(*answers[i]));
        nts_sql_start_session(&circle.members[i].s, c, asks[i], answers[i], pools[i]);
        answers[i]->sent_at = began;
    }
    done = write_together(&circle);
    for (i = 0; i < count; i++) {
        if (!done && circle.refused != &circle.members[i]) {
            nts_sql_perform(c, asks[i], answers[i], pools[i]);
        }
        if (!done) {
            tell_no_way(&circle, answers[i], pools[i]);
        }
        answers[i]->answered_at = c->clock->wall(c->clock->baton);
    }
    for (i = 0; i < count; i++) {
        apr_pool_destroy(circle.members[i].s.ptemp);
    }
}
