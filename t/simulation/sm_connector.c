/* sm_connector.c - in place of connector/nts_connector.c: the same services, with databases that take their time
 * and whose helper may die before and after each ask. */
#include <string.h>

#include "connector/nts_connector.h"
#include "simulation/sm_server.h"

static nts_connector_t sql;

static void before(void)
{
    sm_point(SM_POINT_ASK_BEFORE);
    sm_the->kernel->slept = 0;
    sm_sleep(sm_between(&sm_the->kernel->latency, 20, 400));
}

static void after(void)
{
    /* What SQLite waited for a lock, and we for a server. */
    sm_sleep(sm_the->kernel->slept + sm_server_waited(sm_the) +
             sm_between(&sm_the->kernel->latency, 20, 800));
    sm_point(SM_POINT_ASK_AFTER);
}

void sm_on_ask(sm_t *sm, const sm_ask_watch_t *watch)
{
    sm->kernel->ask_watch = watch;
}

/* What an ask points to must live until it is answered. The ids of databases are the one thing of it that shows: 32 hexadecimal
 * digits, where memory that was given back holds anything. */
static void check_ask(const nts_ask_t *ask)
{
    if (ask->instance &&
        (strlen(ask->instance) != 32 || strspn(ask->instance, "0123456789abcdef") != 32)) {
        sm_violation(sm_the, "S6", "%s asks to %s with an instance that is none: '%.40s'",
                     sm_current()->name, nts_ask_name(ask->kind), ask->instance);
    }
}

static void begins(const nts_ask_t *ask)
{
    const sm_ask_watch_t *watch = sm_the->kernel->ask_watch;

    check_ask(ask);
    if (watch && watch->begins) {
        watch->begins(sm_the, sm_current()->number, ask);
    }
}

/* For the reader: what was to be written, and what stands there now. */
static void show_values(const char *what, const nts_mapping_t *mapping, const nts_value_t *values,
                        apr_pool_t *p)
{
    const char *text = "";
    int i;

    for (i = 0; mapping && values && i < mapping->pair_count; i++) {
        if (values[i].kind != NTS_VALUE_ABSENT) {
            text = apr_psprintf(p, "%s %s=%s", text, mapping->pairs[i].external,
                                nts_value_display(&values[i], 60, p));
        }
    }
    if (*text) {
        sm_remark(sm_the, "    %s%s", what, text);
    }
}

static void show_ask(const nts_ask_t *ask, const nts_answer_t *answer)
{
    if (!sm_is_traced(sm_the)) {
        return;
    }
    show_values("writes", ask->mapping, ask->values, sm_the->p);
    show_values("expects", ask->mapping, ask->expected, sm_the->p);
    show_values("sees", ask->mapping, answer->record ? answer->record->values : NULL, sm_the->p);
    if (answer->result != NTS_RESULT_OK) {
        sm_remark(sm_the, "    %s", nts_outcome_text(&answer->outcome, sm_the->p));
    }
}

static void ended(const nts_ask_t *ask, const nts_answer_t *answer)
{
    const sm_ask_watch_t *watch = sm_the->kernel->ask_watch;

    sm_trace(sm_the, "%s asks its database to %s %s: %d", sm_current()->name,
             nts_ask_name(ask->kind), ask->id ? ask->id : "", (int)answer->result);
    show_ask(ask, answer);
    if (watch && watch->ended) {
        watch->ended(sm_the, sm_current()->number, ask, answer);
    }
}

static void perform(nts_connection_t *connection, const nts_ask_t *ask, nts_answer_t *answer,
                    apr_pool_t *p)
{
    before();
    begins(ask);
    nts_connector_sql.perform(connection, ask, answer, p);
    ended(ask, answer);
    after();
}

/* Of a bundle all begin together; which of them were reached is known at its end. */
static int perform_writes(nts_connection_t *connection, const nts_ask_t *const *asks,
                          nts_answer_t *const *answers, apr_pool_t *const *pools, int count)
{
    int done;
    int i;

    before();
    for (i = 0; i < count; i++) {
        begins(asks[i]);
    }
    done = nts_connector_sql.perform_writes(connection, asks, answers, pools, count);
    for (i = 0; i < done; i++) {
        ended(asks[i], answers[i]);
    }
    after();
    return done;
}

/* One transaction: all begin, and all end. */
static void perform_together(nts_connection_t *connection, const nts_ask_t *const *asks,
                             nts_answer_t *const *answers, apr_pool_t *const *pools, int count)
{
    int i;

    before();
    for (i = 0; i < count; i++) {
        begins(asks[i]);
    }
    nts_connector_sql.perform_together(connection, asks, answers, pools, count);
    sm_trace(sm_the, "%s writes %d rows together", sm_current()->name, count);
    sm_count(sm_the, answers[0]->result == NTS_RESULT_OK ? "ask: rows exchange values"
                                                         : "ask: rows cannot exchange values");
    for (i = 0; i < count; i++) {
        ended(asks[i], answers[i]);
    }
    after();
}

const nts_connector_t *nts_connector_find(nts_service_kind_t kind)
{
    if (kind == NTS_SERVICE_NOTION) {
        return &nts_connector_notion;
    }
    if (!sql.perform) {
        sql = nts_connector_sql;
        sql.perform = perform;
        sql.perform_writes = perform_writes;
        sql.perform_together = perform_together;
    }
    return &sql;
}
