/* sw_sql_ask.c - the processes' asks of the database: who did what the look at it finds. */
#include <string.h>

#include "simulation/sw.h"

static history_op_t op_of(nts_ask_kind_t kind)
{
    switch (kind) {
    case NTS_ASK_READ:
    case NTS_ASK_READ_MANY:
        return HISTORY_ASK_READ;
    case NTS_ASK_LIST:
    case NTS_ASK_FIND:
        return HISTORY_ASK_LIST;
    case NTS_ASK_CREATE:
        return HISTORY_ASK_CREATE;
    case NTS_ASK_UPDATE:
        return HISTORY_ASK_UPDATE;
    case NTS_ASK_REMOVE:
        return HISTORY_ASK_DELETE;
    case NTS_ASK_RESTORE:
        return HISTORY_ASK_REVIVE;
    default:
        return HISTORY_ASK_OTHER;
    }
}

static int is_about(const sw_ask_t *a, const char *table)
{
    return a->table && !strcmp(a->table, table);
}

/* Of asks that were performed together, the one about this row; a row that came to be belongs to the first create
 * that has none yet. What none of them is about (a cascade) the database did by itself. */
void sw_sql_blame(sw_world_t *w, history_kind_t *kind, int *request, const char *table,
                  history_op_t op, const char *key)
{
    int i;

    if (*kind != HISTORY_EFFECT) {
        return;
    }
    for (i = 0; i < w->asks->nelts; i++) {
        const sw_ask_t *a = &APR_ARRAY_IDX(w->asks, i, sw_ask_t);

        if (a->key && is_about(a, table) && !strcmp(a->key, key)) {
            *request = a->request;
            return;
        }
    }
    for (i = 0; op == HISTORY_MAKE && i < w->asks->nelts; i++) {
        sw_ask_t *a = &APR_ARRAY_IDX(w->asks, i, sw_ask_t);

        if (!a->key && is_about(a, table) && a->op == HISTORY_ASK_CREATE) {
            a->key = history_text(w->history, key);
            *request = a->request;
            return;
        }
    }
    *kind = HISTORY_TRIGGER;
    *request = 0;
}

static void begins(sm_t *sm, int process, const nts_ask_t *ask)
{
    sw_world_t *w = sw_world(sm);
    sw_ask_t *a;

    if (w->asks_ended) {
        apr_array_clear(w->asks);
        w->asks_ended = 0;
    }
    a = apr_array_push(w->asks);
    a->ask = ask;
    a->op = op_of(ask->kind);
    a->table = ask->mapping ? history_text(w->history, ask->mapping->collection) : NULL;
    a->key = history_text(w->history, ask->id);
    a->request = a->op == HISTORY_ASK_OTHER ? 0 : sj_sql_begin(sm, process);
}

/* The row was changed between our read and our write; or nobody can be reached. */
static void count(sm_t *sm, const nts_answer_t *answer)
{
    if (answer->result == NTS_RESULT_STALE) {
        sm_count(sm, "database: stale, the row was changed since we read it");
    }
    else if (answer->outcome.code && !strcmp(answer->outcome.code, "sql.unreachable")) {
        sm_count(sm, "database: an ask was answered that it is unreachable");
    }
}

static void ended(sm_t *sm, int process, const nts_ask_t *ask, const nts_answer_t *answer)
{
    sw_world_t *w = sw_world(sm);
    const sw_ask_t *a = NULL;
    int i;

    (void)process;
    for (i = 0; i < w->asks->nelts; i++) {
        a = &APR_ARRAY_IDX(w->asks, i, sw_ask_t);
        if (a->ask == ask) {
            break;
        }
    }
    w->asks_ended = 1;
    count(sm, answer);
    if (ask->kind == NTS_ASK_DESCRIBE && ask->mapping && answer->result == NTS_RESULT_OK) {
        sj_sight(sm, HISTORY_EXTERNAL, ask->mapping->collection, sm_now(sm));
    }
    if (!a || a->op == HISTORY_ASK_OTHER) {
        return;
    }
    if (a->op != HISTORY_ASK_READ && a->op != HISTORY_ASK_LIST) {
        sw_sql_look(w, HISTORY_EFFECT, a->request);
    }
    sj_sql_end(sm, a->request, a->op, ask->mapping ? ask->mapping->collection : NULL, ask->id,
               answer->result);
    apr_pool_clear(w->ptemp);
}

/* What is asked in a transaction whose end nobody hears of. */
static void *left(sm_t *sm)
{
    return apr_array_copy(sm->p, sw_world(sm)->asks);
}

static void happened(sm_t *sm, void *asks)
{
    sw_world_t *w = sw_world(sm);
    apr_array_header_t *latest = w->asks;

    w->asks = asks;
    sw_sql_look(w, HISTORY_EFFECT, APR_ARRAY_IDX(w->asks, 0, sw_ask_t).request);
    w->asks = latest;
}

const sm_ask_watch_t sw_sql_watch = { begins, ended, left, happened };
