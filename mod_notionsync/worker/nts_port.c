/* nts_port.c - asks to one service and their answers: blocking ones on a helper thread, others over HTTP. */
#include <stdlib.h>

#include "base/nts_log.h"
#include "worker/nts_port_impl.h"

/* A helper that takes this long for one ask is worth a line in the log. */
#define HELPER_SLOW apr_time_from_sec(30)

/* --- references (S5.2): the engine knows records by their links, the services by their own names */

static apr_status_t find_referent(void *baton, nts_referent_t *found, const nts_pair_t *pair,
                                  nts_side_t side, const char *name, apr_int64_t link,
                                  apr_pool_t *p)
{
    nts_port_t *port = baton;

    return nts_store_referent(found, port->config.store, pair->relation_id, side, name, link, p);
}

/* --- answering */

void nts_asking_finish(nts_asking_t *asking, const nts_answer_t *answer)
{
    nts_answer_t *ours = apr_pmemdup(asking->p, answer, sizeof(*answer));

    asking->port->load--;
    nts_answer_from_clock(ours, &asking->port->skew, asking->p);
    nts_answer_add_keys(ours, &asking->ask, asking->p);
    nts_answer_resolve(ours, &asking->ask, find_referent, asking->port, asking->p);
    asking->answered(asking->baton, ours); /* asking and its pool may be gone afterwards */
}

/* Answer in the next turn. */
void nts_asking_finish_later(nts_asking_t *asking, const nts_answer_t *answer)
{
    asking->answer = answer;
    nts_asking_queue_push(&asking->port->ready, asking);
    nts_timer_hasten(asking->port->config.loop, &asking->port->tell, 0);
}

static void tell_ready(void *baton)
{
    nts_port_t *port = baton;
    nts_asking_queue_t ready = port->ready;
    nts_asking_t *asking;

    if (ready.first) {
        nts_asking_queue_clear(&port->ready);
        while ((asking = ready.first) != NULL) {
            ready.first = asking->next;
            nts_asking_finish(asking, asking->answer);
        }
    }
}

nts_answer_t *nts_asking_make_answer(nts_asking_t *asking, nts_result_t result)
{
    nts_answer_t *answer = apr_pcalloc(asking->p, sizeof(*answer));

    answer->result = result;
    answer->sent_at = answer->answered_at =
        asking->port->config.clock->wall(asking->port->config.clock->baton);
    return answer;
}

/* --- the service's clock */

/* It showed this at some instant between sending and answering. People are told when it is far off, and again
 * when it is not any more. */
void nts_port_take_clock(nts_port_t *port, apr_time_t shown, apr_interval_time_t unit,
                         apr_time_t sent, apr_time_t answered)
{
    apr_interval_time_t offset;

    if (!shown) {
        return;
    }
    nts_skew_measure(&port->skew, shown, unit, sent, answered);
    if (nts_skew_is_notable(&port->skew) != port->told_skew) {
        offset = nts_skew_offset(&port->skew);
        port->told_skew = !port->told_skew;
        nts_log(NTS_LOG_NOTICE, 0, "service %s: its clock is %d.%d s %s ours%s",
                port->config.service->name, abs((int)(offset / APR_USEC_PER_SEC)),
                abs((int)(offset / 100000 % 10)), offset < 0 ? "behind" : "ahead of",
                port->told_skew ? "; its times are corrected by that" : "");
    }
}

/* --- blocking services */

static apr_status_t destroy_pool(void *pool)
{
    apr_pool_destroy(pool);
    return APR_SUCCESS;
}

static void helper_done(void *baton, const nts_answer_t *answer, apr_pool_t *pool)
{
    nts_asking_t *asking = baton;
    nts_port_t *port = asking->port;

    apr_pool_cleanup_register(asking->p, pool, destroy_pool, apr_pool_cleanup_null);
    nts_port_take_clock(port, answer->clock, answer->clock_unit, answer->sent_at,
                        answer->answered_at);
    if (port->told_slow && nts_helper_busy(port->helper) < HELPER_SLOW) {
        port->told_slow = 0;
        nts_log(NTS_LOG_NOTICE, 0, "service %s: the database answers again",
                port->config.service->name);
    }
    nts_asking_finish(asking, answer);
}

static void watch_slowness(nts_port_t *port)
{
    apr_interval_time_t busy = nts_helper_busy(port->helper);

    if (busy >= HELPER_SLOW && !port->told_slow) {
        port->told_slow = 1;
        nts_log(NTS_LOG_WARNING, 0,
                "service %s: the database has not answered for %d s; its mappings wait",
                port->config.service->name, (int)apr_time_sec(busy));
    }
    if (nts_helper_load(port->helper) > 0) {
        nts_timer_set(port->config.loop, &port->late, HELPER_SLOW);
    }
}

/* --- the port */

static void look_for_late(void *baton)
{
    nts_port_t *port = baton;
    apr_time_t now = nts_loop_mono(port->config.loop);

    if (port->helper) {
        watch_slowness(port);
        return;
    }
    nts_port_refuse_late(port, now);
}

/* False: it cannot be asked, and is answered. */
static int spell_references(nts_asking_t *asking)
{
    nts_outcome_t out = { 0 };
    nts_answer_t *answer;
    apr_status_t rv = nts_ask_spell(&asking->ask, find_referent, asking->port, &out, asking->p);

    if (rv == APR_SUCCESS) {
        return 1;
    }
    answer =
        nts_asking_make_answer(asking, rv == APR_ENOENT ? NTS_RESULT_REFUSED : NTS_RESULT_NOT_DONE);
    if (rv != APR_ENOENT) {
        nts_outcome_set(&out, asking->p, NTS_REMEDY_RETRY, "store.failed",
                        "the state store could not be read");
    }
    answer->outcome = out;
    nts_asking_finish_later(asking, answer);
    return 0;
}

/* NULL: it is refused, and will be answered. */
static nts_asking_t *take_ask(nts_port_t *port, const nts_ask_t *ask, nts_urgency_t urgency,
                              nts_grant_t *grant, nts_port_answered_fn *answered, void *baton,
                              apr_pool_t *p)
{
    nts_asking_t *asking = apr_pcalloc(p, sizeof(*asking));

    asking->port = port;
    asking->ask = *ask;
    nts_ask_to_clock(&asking->ask, &port->skew);
    asking->urgency = urgency;
    asking->grant = grant;
    asking->answered = answered;
    asking->baton = baton;
    asking->p = p;
    port->load++;
    if (port->refused.remedy != NTS_REMEDY_NONE) {
        nts_answer_t *answer = nts_asking_make_answer(asking, NTS_RESULT_BLOCKED);

        answer->outcome = port->refused;
        nts_asking_finish_later(asking, answer);
        return NULL;
    }
    return spell_references(asking) ? asking : NULL;
}

static void perform(nts_asking_t *asking)
{
    nts_port_t *port = asking->port;

    if (port->helper) {
        nts_helper_ask(port->helper, &asking->ask, asking->urgency, helper_done, asking, asking->p);
        nts_timer_hasten(port->config.loop, &port->late, HELPER_SLOW);
    }
    else {
        nts_port_ask_http(asking);
    }
}

void nts_port_ask(nts_port_t *port, const nts_ask_t *ask, nts_urgency_t urgency, nts_grant_t *grant,
                  nts_port_answered_fn *answered, void *baton, apr_pool_t *p)
{
    nts_asking_t *asking = take_ask(port, ask, urgency, grant, answered, baton, p);

    if (asking) {
        perform(asking);
    }
}

void nts_port_ask_together(nts_port_t *port, const nts_port_asker_t *askers, int count,
                           nts_urgency_t urgency, nts_port_answered_fn *answered)
{
    nts_helper_order_t orders[NTS_HELPER_TOGETHER_MAX];
    nts_asking_t *asking = NULL;
    int taken = 0;
    int i;

    for (i = 0; i < count; i++) {
        asking =
            take_ask(port, askers[i].ask, urgency, NULL, answered, askers[i].baton, askers[i].p);
        if (asking) {
            orders[taken++] = (nts_helper_order_t){ &asking->ask, asking, asking->p };
        }
    }
    if (taken == count && port->helper && port->connector->perform_together) {
        nts_helper_ask_together(port->helper, orders, taken, urgency, helper_done);
        nts_timer_hasten(port->config.loop, &port->late, HELPER_SLOW);
        return;
    }
    for (i = 0; i < taken; i++) {
        perform(orders[i].baton);
    }
}

void nts_port_return(nts_port_t *port, nts_grant_t *grant)
{
    while (grant->count > 0) {
        nts_budget_return(port->budget, grant->slots[--grant->count]);
    }
}

static void open_helper(nts_port_t *port, apr_pool_t *p)
{
    const nts_port_config_t *config = &port->config;
    apr_status_t rv =
        nts_helper_create(&port->helper, config->loop, port->connector, config->service,
                          config->secret, config->clock, &port->refused, p);

    if (rv != APR_SUCCESS && port->refused.remedy == NTS_REMEDY_NONE) {
        char cause[120];

        nts_outcome_set(&port->refused, p, NTS_REMEDY_RETRY, "service.open",
                        "the connection to %s could not be set up: %s", config->service->name,
                        apr_strerror(rv, cause, sizeof(cause)));
    }
}

nts_port_t *nts_port_open(const nts_port_config_t *config, apr_pool_t *p)
{
    nts_port_t *port = apr_pcalloc(p, sizeof(*port));

    port->config = *config;
    port->p = p;
    port->connector = nts_connector_find(config->service->kind);
    nts_asking_queue_clear(&port->live);
    nts_asking_queue_clear(&port->bulk);
    nts_asking_queue_clear(&port->ready);
    nts_timer_init(&port->tell, tell_ready, port);
    nts_timer_init(&port->late, look_for_late, port);
    if (config->secret_outcome && config->secret_outcome->remedy != NTS_REMEDY_NONE) {
        nts_outcome_copy(&port->refused, config->secret_outcome, p);
    }
    else if (port->connector->perform) {
        open_helper(port, p);
    }
    else {
        nts_port_open_http(port, p);
    }
    return port;
}

const nts_service_t *nts_port_service(const nts_port_t *port)
{
    return port->config.service;
}

int nts_port_watch(nts_port_t *port, const nts_mapping_t *mapping)
{
    return port->helper && port->connector->watch
               ? port->connector->watch(nts_helper_connection(port->helper), mapping)
               : -1;
}

int nts_port_watch_drain(nts_port_t *port, int descriptor)
{
    return port->connector->watch_drain(nts_helper_connection(port->helper), descriptor);
}

const nts_skew_t *nts_port_skew(const nts_port_t *port)
{
    return &port->skew;
}

int nts_port_load(const nts_port_t *port)
{
    return port->load;
}

apr_int64_t nts_port_requests(const nts_port_t *port)
{
    return port->requests;
}

int nts_port_was_set(const nts_port_t *port)
{
    return port->budget && nts_budget_was_set(port->budget);
}

void nts_port_look_at_clock(nts_port_t *port)
{
    if (port->budget) {
        nts_budget_look_at_clock(port->budget);
    }
}

void nts_port_show(nts_port_t *port)
{
    nts_budget_view_t view = { 0 };
    int capacity = 0;

    if (port->budget && port->config.segment) {
        view.used = nts_budget_used(port->budget, &capacity);
        view.capacity = capacity;
        view.closed_until = nts_budget_gated_until(port->budget);
        nts_segment_set_budget(port->config.segment, port->config.number, &view);
    }
    if (port->config.segment) {
        nts_segment_set_clock(port->config.segment, port->config.number, &port->skew);
    }
}

apr_status_t nts_port_close(nts_port_t *port, apr_interval_time_t wait)
{
    apr_status_t rv = APR_SUCCESS;

    if (port->is_closed) {
        return APR_SUCCESS;
    }
    nts_timer_cancel(port->config.loop, &port->tell);
    nts_timer_cancel(port->config.loop, &port->late);
    if (port->keeper) {
        nts_port_close_keeper(port);
    }
    if (port->budget) {
        nts_budget_close(port->budget);
    }
    if (port->helper) {
        rv = nts_helper_stop(port->helper, wait);
    }
    else if (port->connection) {
        port->connector->close(port->connection);
    }
    port->is_closed = rv == APR_SUCCESS;
    return rv;
}
