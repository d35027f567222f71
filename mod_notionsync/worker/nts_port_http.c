/* nts_port_http.c - asks to a service over HTTP: a request is sent when there is a slot for it. */
#include "worker/nts_port_impl.h"

#define IN_FLIGHT_MAX 8
/* After a refusal for want of room that others took, so many answers come one at a time: reads that fill what room there is all at once
 * would leave none for the writes they were sent for, again and again. */
#define CAREFUL 16
/* A guarded write follows a read that soon is too old; then the job had better read again (S3.1), and no later than this. */
#define WRITE_WAIT apr_time_from_msec(500)
#define GATE_LONGEST apr_time_from_sec(3600)
#define GATE_SHORTEST apr_time_from_sec(1)

static nts_asking_queue_t *queue_of(nts_asking_t *asking)
{
    return asking->urgency == NTS_LIVE ? &asking->port->live : &asking->port->bulk;
}

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
        port->careful -= port->careful > 0;
        return;
    }
    port->careful = CAREFUL;
    until = nts_http_retry_after(http, now, GATE_LONGEST);
    if (until < now + GATE_SHORTEST) {
        until = now + GATE_SHORTEST;
    }
    nts_budget_gate(port->budget, until);
}

static void step(nts_asking_t *asking, const nts_http_answer_t *http)
{
    nts_port_t *port = asking->port;
    const nts_answer_t *answer = NULL;
    const nts_http_request_t *request = NULL;

    if (port->connector->step(asking->op, http, &request, &answer) == NTS_OP_SEND) {
        asking->request = request;
        nts_asking_queue_push_front(queue_of(asking), asking);
        return;
    }
    if (http && http->status == 429 && answer->outcome.retry_at) {
        /* The body may say more than the header, of the whole workspace too. */
        nts_budget_gate(port->budget, answer->outcome.retry_at);
    }
    if (http) {
        nts_asking_finish(asking, answer);
    }
    else {
        nts_asking_finish_later(asking, answer);
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

void nts_port_note_answer(nts_port_t *port, const nts_http_answer_t *http)
{
    count(port, http);
    if (http->transport == NTS_HTTP_ANSWERED) {
        nts_port_take_clock(port, nts_http_date(http), APR_USEC_PER_SEC, http->sent_at,
                            http->answered_at);
    }
    heed(port, http);
}

static void exchange_done(void *baton, const nts_http_answer_t *http)
{
    nts_asking_t *asking = baton;
    nts_port_t *port = asking->port;

    port->in_flight--;
    if (http->transport == NTS_HTTP_NOT_SENT) {
        nts_budget_return(port->budget, asking->slot);
    }
    else {
        nts_budget_answered(port->budget, asking->slot);
    }
    nts_port_note_answer(port, http);
    if (!nts_port_is_unauthorized(asking, http)) {
        step(asking, http);
    }
    nts_port_pump(port);
}

static void send_request(nts_asking_t *asking)
{
    nts_port_t *port = asking->port;

    asking->deadline = 0;
    asking->started = 1;
    asking->generation = port->keeper ? nts_keeper_generation(port->keeper) : 0;
    port->in_flight++;
    port->requests++;
    nts_net_start(port->config.net, asking->request, exchange_done, asking, asking->p);
}

/* While the loop was held up (a slow disk) a write may have become too late, and its timer is still to be heard. */
static int is_late(const nts_asking_t *asking)
{
    return asking->deadline && asking->deadline <= nts_loop_mono(asking->port->config.loop);
}

/* Take what the asking needs for its next request. Non-zero: asking->slot is set. */
static int take_slot(nts_asking_t *asking)
{
    nts_port_t *port = asking->port;
    nts_grant_t *grant = asking->grant;
    int slots[NTS_GRANT_MAX];
    int wanted = 1;
    int i;

    if (is_late(asking) || nts_budget_gated_until(port->budget)) {
        return 0;
    }
    if (grant && grant->count > 0 && is_write(&asking->ask)) {
        asking->slot = grant->slots[--grant->count];
        return 1;
    }
    if (port->in_flight >= (port->careful > 0 ? 1 : IN_FLIGHT_MAX)) {
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
static void pump_writes(nts_asking_queue_t *queue)
{
    nts_asking_t **link = &queue->first;

    while (*link) {
        nts_asking_t *asking = *link;

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

static int pump_queue(nts_asking_queue_t *queue)
{
    while (queue->first) {
        if (!take_slot(queue->first)) {
            return 0;
        }
        send_request(nts_asking_queue_pop(queue));
    }
    return 1;
}

/* What was not sent is not done. */
static void refuse_all(nts_asking_queue_t *queue, nts_result_t result, const nts_outcome_t *outcome)
{
    nts_asking_t *asking;

    while ((asking = nts_asking_queue_pop(queue)) != NULL) {
        nts_answer_t *answer = nts_asking_make_answer(asking, result);

        nts_outcome_copy(&answer->outcome, outcome, asking->p);
        nts_asking_finish_later(asking, answer);
    }
}

void nts_port_refuse_waiting(nts_port_t *port, nts_result_t result, const nts_outcome_t *outcome)
{
    refuse_all(&port->live, result, outcome);
    refuse_all(&port->bulk, result, outcome);
}

static void refuse_lost(nts_port_t *port)
{
    nts_outcome_t out = { 0 };
    apr_pool_t *ptemp;

    (void)apr_pool_create(&ptemp, port->p);
    nts_outcome_set(&out, ptemp, NTS_REMEDY_RETRY, "group.lost", "this worker asks %s no more",
                    port->config.service->name);
    nts_port_refuse_waiting(port, NTS_RESULT_NOT_DONE, &out);
    apr_pool_destroy(ptemp);
}

void nts_port_pump(nts_port_t *port)
{
    int waits = port->live.first || port->bulk.first;

    if (port->helper || !port->budget || (!waits && !port->keeper)) {
        return;
    }
    if (port->is_shut) {
        refuse_lost(port);
        return;
    }
    if (!waits && !nts_keeper_is_due(port->keeper)) {
        return;
    }
    if (port->config.is_ours && !port->config.is_ours(port->config.baton)) {
        return;
    }
    if (port->keeper && !nts_port_tend_keeper(port)) {
        return;
    }
    pump_writes(&port->live);
    pump_writes(&port->bulk);
    /* What live work waits for, bulk work must not take away. */
    if (pump_queue(&port->live)) {
        (void)pump_queue(&port->bulk);
    }
}

void nts_port_shut(nts_port_t *port)
{
    port->is_shut = 1;
    nts_port_pump(port);
}

static void budget_ready(void *baton)
{
    nts_port_pump(baton);
}

static void withdraw_from(nts_asking_queue_t *queue, const void *baton)
{
    nts_asking_queue_t old = *queue;
    nts_asking_t *asking;
    nts_asking_t *next;

    nts_asking_queue_clear(queue);
    for (asking = old.first; asking; asking = next) {
        next = asking->next;
        if (asking->baton == baton) {
            nts_answer_t *answer = nts_asking_make_answer(asking, NTS_RESULT_NOT_DONE);

            nts_outcome_set(&answer->outcome, asking->p, NTS_REMEDY_RETRY, "budget.withdrawn",
                            "%s was not asked: nobody waits for it any more",
                            asking->port->config.service->name);
            nts_asking_finish_later(asking, answer);
        }
        else {
            nts_asking_queue_push(queue, asking);
        }
    }
}

void nts_port_withdraw(nts_port_t *port, const void *baton)
{
    withdraw_from(&port->live, baton);
    withdraw_from(&port->bulk, baton);
}

/* The timer is set for the next. */
static void refuse_late_in(nts_port_t *port, nts_asking_queue_t *queue, apr_time_t now)
{
    nts_asking_queue_t old = *queue;
    nts_asking_t *asking;
    nts_asking_t *next;

    nts_asking_queue_clear(queue);
    for (asking = old.first; asking; asking = next) {
        next = asking->next;
        if (asking->deadline && asking->deadline <= now) {
            nts_answer_t *answer = nts_asking_make_answer(asking, NTS_RESULT_NOT_DONE);

            nts_outcome_set(&answer->outcome, asking->p, NTS_REMEDY_RETRY, "budget.late",
                            "the request budget of %s left no room for the write in time",
                            port->config.service->name);
            answer->outcome.retry_at = nts_budget_gated_until(port->budget);
            nts_asking_finish_later(asking, answer);
        }
        else {
            nts_asking_queue_push(queue, asking);
            if (asking->deadline) {
                nts_timer_hasten(port->config.loop, &port->late, asking->deadline - now);
            }
        }
    }
}

void nts_port_refuse_late(nts_port_t *port, apr_time_t now)
{
    refuse_late_in(port, &port->live, now);
    refuse_late_in(port, &port->bulk, now);
}

void nts_port_ask_http(nts_asking_t *asking)
{
    nts_port_t *port = asking->port;
    apr_status_t rv =
        port->connector->begin(&asking->op, port->connection, &asking->ask, asking->p);

    if (rv != APR_SUCCESS) {
        nts_answer_t *answer = nts_asking_make_answer(asking, NTS_RESULT_REFUSED);
        char cause[120];

        nts_outcome_set(&answer->outcome, asking->p, NTS_REMEDY_PERSON, "service.request",
                        "no request could be made to %s %s: %s", nts_ask_name(asking->ask.kind),
                        asking->ask.id ? asking->ask.id : "",
                        apr_strerror(rv, cause, sizeof(cause)));
        nts_asking_finish_later(asking, answer);
        return;
    }
    step(asking, NULL);
    nts_port_pump(port);
    if (asking->request && !asking->started && is_guarded_write(&asking->ask)) {
        apr_interval_time_t within = asking->ask.send_within;

        within = within > 0 && within < WRITE_WAIT ? within : WRITE_WAIT;
        asking->deadline = nts_loop_mono(port->config.loop) + within;
        nts_timer_hasten(port->config.loop, &port->late, within);
    }
}

void nts_port_open_http(nts_port_t *port, apr_pool_t *p)
{
    const nts_port_config_t *config = &port->config;
    apr_status_t rv = port->connector->open(&port->connection, config->service, config->secret,
                                            config->clock, &port->refused, p);

    if (rv == APR_SUCCESS && port->connector->set_file_key) {
        port->connector->set_file_key(port->connection, config->file_key);
    }
    if (rv == APR_SUCCESS) {
        nts_budget_config_t budget = {
            config->service, config->store, config->commits, config->loop, config->clock,
            budget_ready,    port
        };

        rv = nts_budget_open(&port->budget, &budget, p);
    }
    if (rv == APR_SUCCESS && config->service->oauth_client) {
        nts_port_open_keeper(port, p);
    }
    if (rv != APR_SUCCESS && port->refused.remedy == NTS_REMEDY_NONE) {
        nts_outcome_set(&port->refused, p, NTS_REMEDY_RETRY, "service.open",
                        "the connection to %s could not be set up", config->service->name);
    }
}
