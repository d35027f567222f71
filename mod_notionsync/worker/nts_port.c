/* nts_port.c - asks to one service: queues, budget, exchanges or helper thread. */
#include <stdlib.h>
#include <string.h>

#include "base/nts_log.h"
#include "worker/nts_port.h"

#define IN_FLIGHT_MAX 8
/* A guarded write follows a read that soon is too old; then the job had better read again (S3.1). */
#define WRITE_WAIT apr_time_from_msec(500)
#define GATE_LONGEST apr_time_from_sec(3600)
#define GATE_SHORTEST apr_time_from_sec(1)
/* A helper that takes this long for one ask is worth a line in the log. */
#define HELPER_SLOW apr_time_from_sec(30)

typedef struct asking_t asking_t;

struct asking_t {
    asking_t *next;
    nts_port_t *port;
    nts_ask_t ask;
    nts_urgency_t urgency;
    int started; /* its first request was sent */
    nts_grant_t *grant;
    nts_port_answered_fn *answered;
    void *baton;
    apr_pool_t *p;
    nts_op_t *op;
    const nts_http_request_t *request; /* to be sent next */
    int slot;                          /* of the request in flight */
    apr_time_t deadline;        /* monotonic: answered NOT_DONE if it is not sent by then; 0 */
    const nts_answer_t *answer; /* refused: to be told in the next turn */
};

typedef struct queue_t {
    asking_t *first;
    asking_t **last;
} queue_t;

struct nts_port_t {
    int is_closed;
    nts_port_config_t config;
    const nts_connector_t *connector;
    nts_connection_t *connection; /* HTTP */
    nts_helper_t *helper;         /* blocking */
    nts_budget_t *budget;         /* HTTP */
    nts_outcome_t refused;        /* remedy NONE: it works */
    queue_t live;
    queue_t bulk;
    queue_t ready; /* answers to be told in the next turn */
    nts_timer_t tell;
    nts_timer_t late; /* the earliest deadline, or a slow helper */
    int in_flight;
    int load;
    int told_slow;
    nts_skew_t skew; /* of the service's clock */
    int told_skew;
    apr_int64_t requests;
    apr_pool_t *p;
};

static void pump(nts_port_t *port);

/* --- queues */

static void queue_clear(queue_t *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
}

static void queue_push(queue_t *queue, asking_t *asking)
{
    asking->next = NULL;
    *queue->last = asking;
    queue->last = &asking->next;
}

static void queue_push_front(queue_t *queue, asking_t *asking)
{
    asking->next = queue->first;
    queue->first = asking;
    if (!asking->next) {
        queue->last = &asking->next;
    }
}

static asking_t *queue_pop(queue_t *queue)
{
    asking_t *asking = queue->first;

    if (asking) {
        queue->first = asking->next;
        if (!queue->first) {
            queue->last = &queue->first;
        }
    }
    return asking;
}

static queue_t *queue_of(asking_t *asking)
{
    return asking->urgency == NTS_LIVE ? &asking->port->live : &asking->port->bulk;
}

/* --- answering */

static void finish(asking_t *asking, const nts_answer_t *answer)
{
    nts_answer_t *ours = apr_pmemdup(asking->p, answer, sizeof(*answer));

    asking->port->load--;
    nts_answer_from_clock(ours, &asking->port->skew, asking->p);
    nts_answer_add_keys(ours, &asking->ask, asking->p);
    asking->answered(asking->baton, ours); /* asking and its pool may be gone afterwards */
}

/* Answer in the next turn. */
static void finish_later(asking_t *asking, const nts_answer_t *answer)
{
    asking->answer = answer;
    queue_push(&asking->port->ready, asking);
    nts_timer_hasten(asking->port->config.loop, &asking->port->tell, 0);
}

static void tell_ready(void *baton)
{
    nts_port_t *port = baton;
    queue_t ready = port->ready;
    asking_t *asking;

    if (ready.first) {
        queue_clear(&port->ready);
        while ((asking = ready.first) != NULL) {
            ready.first = asking->next;
            finish(asking, asking->answer);
        }
    }
}

static nts_answer_t *make_answer(asking_t *asking, nts_result_t result)
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
static void take_clock(nts_port_t *port, apr_time_t shown, apr_interval_time_t unit,
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

/* --- HTTP: a request is sent when there is a slot for it */

static int is_guarded_write(const nts_ask_t *ask)
{
    return ask->kind == NTS_ASK_UPDATE || ask->kind == NTS_ASK_REMOVE ||
           ask->kind == NTS_ASK_RESTORE;
}

static int is_write(const nts_ask_t *ask)
{
    return is_guarded_write(ask) || ask->kind == NTS_ASK_CREATE;
}

/* The service asked for silence: whatever the connector makes of the answer, the budget listens. */
static void heed(nts_port_t *port, const nts_http_answer_t *http)
{
    apr_time_t now = port->config.clock->wall(port->config.clock->baton);
    apr_time_t until;

    if (http->transport != NTS_HTTP_ANSWERED || (http->status != 429 && http->status != 529)) {
        return;
    }
    until = nts_http_retry_after(http, now, GATE_LONGEST);
    if (until < now + GATE_SHORTEST) {
        until = now + GATE_SHORTEST;
    }
    nts_budget_gate(port->budget, until);
}

static void step(asking_t *asking, const nts_http_answer_t *http)
{
    nts_port_t *port = asking->port;
    const nts_answer_t *answer = NULL;
    const nts_http_request_t *request = NULL;

    if (port->connector->step(asking->op, http, &request, &answer) == NTS_OP_SEND) {
        asking->request = request;
        queue_push_front(queue_of(asking), asking);
        return;
    }
    if (http && http->status == 429 && answer->outcome.retry_at) {
        /* The body may say more than the header, of the whole workspace too. */
        nts_budget_gate(port->budget, answer->outcome.retry_at);
    }
    if (http) {
        finish(asking, answer);
    }
    else {
        finish_later(asking, answer);
    }
}

/* For the dashboard. */
static void count(const nts_port_t *port, const nts_http_answer_t *http)
{
    nts_segment_t *segment = port->config.segment;

    if (!segment || http->transport == NTS_HTTP_NOT_SENT) {
        return;
    }
    nts_segment_add(segment, NTS_COUNT_REQUESTS, 1);
    if (http->transport != NTS_HTTP_ANSWERED || (http->status >= 500 && http->status != 529)) {
        nts_segment_add(segment, NTS_COUNT_REQUESTS_FAILED, 1);
    }
    else if (http->status == 429 || http->status == 529) {
        nts_segment_add(segment, NTS_COUNT_REQUESTS_LIMITED, 1);
    }
}

static void exchange_done(void *baton, const nts_http_answer_t *http)
{
    asking_t *asking = baton;
    nts_port_t *port = asking->port;

    port->in_flight--;
    if (http->transport == NTS_HTTP_NOT_SENT) {
        nts_budget_return(port->budget, asking->slot);
    }
    else {
        nts_budget_answered(port->budget, asking->slot);
    }
    count(port, http);
    if (http->transport == NTS_HTTP_ANSWERED) {
        take_clock(port, nts_http_date(http), APR_USEC_PER_SEC, http->sent_at, http->answered_at);
    }
    heed(port, http);
    step(asking, http);
    pump(port);
}

static void send_request(asking_t *asking)
{
    nts_port_t *port = asking->port;

    asking->deadline = 0;
    asking->started = 1;
    port->in_flight++;
    port->requests++;
    nts_net_start(port->config.net, asking->request, exchange_done, asking, asking->p);
}

/* Take what the asking needs for its next request. Non-zero: asking->slot is set. */
static int take_slot(asking_t *asking)
{
    nts_port_t *port = asking->port;
    nts_grant_t *grant = asking->grant;
    int slots[NTS_GRANT_MAX];
    int wanted = 1;
    int i;

    if (nts_budget_gated_until(port->budget)) {
        return 0;
    }
    if (grant && grant->count > 0 && is_write(&asking->ask)) {
        asking->slot = grant->slots[--grant->count];
        return 1;
    }
    if (port->in_flight >= IN_FLIGHT_MAX) {
        return 0;
    }
    if (grant && !asking->started && asking->ask.follow_writes > 0) {
        wanted += asking->ask.follow_writes;
        wanted -= grant->count;
        wanted = wanted < 1 ? 1 : wanted > NTS_GRANT_MAX ? NTS_GRANT_MAX : wanted;
    }
    /* A write whose read did not foresee it has half a second: at the pace of bulk work it might never be sent. */
    if (!nts_budget_take(port->budget, wanted,
                         is_guarded_write(&asking->ask) ? NTS_LIVE : asking->urgency, slots)) {
        return 0;
    }
    asking->slot = slots[0];
    for (i = 1; i < wanted; i++) {
        if (grant->count < NTS_GRANT_MAX) {
            grant->slots[grant->count++] = slots[i];
        }
        else {
            nts_budget_return(port->budget, slots[i]);
        }
    }
    return 1;
}

/* Whoever holds a slot already, or came to write, need not stand in line behind readers. */
static void pump_writes(queue_t *queue)
{
    asking_t **link = &queue->first;

    while (*link) {
        asking_t *asking = *link;

        if (((asking->grant && asking->grant->count > 0 && is_write(&asking->ask)) ||
             (!asking->started && is_guarded_write(&asking->ask))) &&
            take_slot(asking)) {
            *link = asking->next;
            if (!*link) {
                queue->last = link;
            }
            send_request(asking);
        }
        else {
            link = &asking->next;
        }
    }
}

static int pump_queue(queue_t *queue)
{
    while (queue->first) {
        if (!take_slot(queue->first)) {
            return 0;
        }
        send_request(queue_pop(queue));
    }
    return 1;
}

static void pump(nts_port_t *port)
{
    if (port->helper || !port->budget || (!port->live.first && !port->bulk.first)) {
        return;
    }
    pump_writes(&port->live);
    pump_writes(&port->bulk);
    /* What live work waits for, bulk work must not take away. */
    if (pump_queue(&port->live)) {
        (void)pump_queue(&port->bulk);
    }
}

static void budget_ready(void *baton)
{
    pump(baton);
}

/* Writes that found no slot in time: nothing happened, and their jobs read again. The timer is set for the next. */
static void refuse_late(nts_port_t *port, queue_t *queue, apr_time_t now)
{
    queue_t old = *queue;
    asking_t *asking;
    asking_t *next;

    queue_clear(queue);
    for (asking = old.first; asking; asking = next) {
        next = asking->next;
        if (asking->deadline && asking->deadline <= now) {
            nts_answer_t *answer = make_answer(asking, NTS_RESULT_NOT_DONE);

            nts_outcome_set(&answer->outcome, asking->p, NTS_REMEDY_RETRY, "budget.late",
                            "the request budget of %s left no room for the write in time",
                            port->config.service->name);
            answer->outcome.retry_at = nts_budget_gated_until(port->budget);
            finish_later(asking, answer);
        }
        else {
            queue_push(queue, asking);
            if (asking->deadline) {
                nts_timer_hasten(port->config.loop, &port->late, asking->deadline - now);
            }
        }
    }
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

static void look_for_late(void *baton)
{
    nts_port_t *port = baton;
    apr_time_t now = nts_loop_mono(port->config.loop);

    if (port->helper) {
        watch_slowness(port);
        return;
    }
    refuse_late(port, &port->live, now);
    refuse_late(port, &port->bulk, now);
}

static void ask_http(asking_t *asking)
{
    nts_port_t *port = asking->port;
    apr_status_t rv =
        port->connector->begin(&asking->op, port->connection, &asking->ask, asking->p);

    if (rv != APR_SUCCESS) {
        nts_answer_t *answer = make_answer(asking, NTS_RESULT_REFUSED);
        char cause[120];

        nts_outcome_set(&answer->outcome, asking->p, NTS_REMEDY_PERSON, "service.request",
                        "no request could be made to %s %s: %s", nts_ask_name(asking->ask.kind),
                        asking->ask.id ? asking->ask.id : "",
                        apr_strerror(rv, cause, sizeof(cause)));
        finish_later(asking, answer);
        return;
    }
    step(asking, NULL);
    pump(port);
    if (asking->request && !asking->started && is_guarded_write(&asking->ask)) {
        asking->deadline = nts_loop_mono(port->config.loop) + WRITE_WAIT;
        nts_timer_hasten(port->config.loop, &port->late, WRITE_WAIT);
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
    asking_t *asking = baton;
    nts_port_t *port = asking->port;

    apr_pool_cleanup_register(asking->p, pool, destroy_pool, apr_pool_cleanup_null);
    take_clock(port, answer->clock, answer->clock_unit, answer->sent_at, answer->answered_at);
    if (port->told_slow && nts_helper_busy(port->helper) < HELPER_SLOW) {
        port->told_slow = 0;
        nts_log(NTS_LOG_NOTICE, 0, "service %s: the database answers again",
                port->config.service->name);
    }
    finish(asking, answer);
}

/* --- the port */

void nts_port_ask(nts_port_t *port, const nts_ask_t *ask, nts_urgency_t urgency, nts_grant_t *grant,
                  nts_port_answered_fn *answered, void *baton, apr_pool_t *p)
{
    asking_t *asking = apr_pcalloc(p, sizeof(*asking));

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
        nts_answer_t *answer = make_answer(asking, NTS_RESULT_BLOCKED);

        answer->outcome = port->refused;
        finish_later(asking, answer);
    }
    else if (port->helper) {
        nts_helper_ask(port->helper, &asking->ask, urgency, helper_done, asking, p);
        nts_timer_hasten(port->config.loop, &port->late, HELPER_SLOW);
    }
    else {
        ask_http(asking);
    }
}

void nts_port_return(nts_port_t *port, nts_grant_t *grant)
{
    while (grant->count > 0) {
        nts_budget_return(port->budget, grant->slots[--grant->count]);
    }
}

static void open_http(nts_port_t *port, apr_pool_t *p)
{
    const nts_port_config_t *config = &port->config;
    apr_status_t rv = port->connector->open(&port->connection, config->service, config->secret,
                                            config->clock, &port->refused, p);

    if (rv == APR_SUCCESS) {
        nts_budget_config_t budget = {
            config->service, config->store, config->commits, config->loop, config->clock,
            budget_ready,    port
        };

        rv = nts_budget_open(&port->budget, &budget, p);
    }
    if (rv != APR_SUCCESS && port->refused.remedy == NTS_REMEDY_NONE) {
        nts_outcome_set(&port->refused, p, NTS_REMEDY_RETRY, "service.open",
                        "the connection to %s could not be set up", config->service->name);
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
    queue_clear(&port->live);
    queue_clear(&port->bulk);
    queue_clear(&port->ready);
    nts_timer_init(&port->tell, tell_ready, port);
    nts_timer_init(&port->late, look_for_late, port);
    if (config->secret_outcome && config->secret_outcome->remedy != NTS_REMEDY_NONE) {
        nts_outcome_copy(&port->refused, config->secret_outcome, p);
    }
    else if (port->connector->perform) {
        open_helper(port, p);
    }
    else {
        open_http(port, p);
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
