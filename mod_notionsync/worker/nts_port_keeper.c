/* nts_port_keeper.c - a port whose service was installed through OAuth: requests wait for its token, and the token's own
 * requests are sent in their budget. */
#include "base/nts_log.h"
#include "base/nts_str.h"
#include "worker/nts_port_impl.h"

static void set_wake(nts_port_t *port)
{
    nts_loop_t *loop = port->config.loop;
    apr_time_t at = nts_keeper_wakes(port->keeper);
    apr_interval_time_t left = at - nts_loop_mono(loop);

    nts_timer_cancel(loop, &port->keeping->wake);
    /* What is due and does not go waits for a slot of the budget, which tells. */
    if (at && !port->keeping->is_drained && !(left <= 0 && nts_keeper_is_due(port->keeper))) {
        nts_timer_set(loop, &port->keeping->wake, left > 0 ? left : 0);
    }
}

/* ---- the connection's token */

static void forget_token(nts_port_t *port)
{
    (void)port->connector->set_token(port->connection, NULL);
    port->keeping->generation = -1;
    port->keeping->bot = NULL;
}

/* Somebody else than before: nothing that is known of "us" holds any more. */
static int is_other(const nts_port_t *port)
{
    const char *bot = nts_keeper_bot(port->keeper);

    return !port->keeping->bot || !nts_str_same(port->keeping->bot, bot ? bot : "");
}

static void give_token(nts_port_t *port)
{
    const char *token = nts_keeper_token(port->keeper);
    const char *bot = nts_keeper_bot(port->keeper);

    if (is_other(port)) {
        forget_token(port);
        port->keeping->bot = apr_pstrdup(port->p, bot ? bot : "");
    }
    if (port->connector->set_token(port->connection, token) != APR_SUCCESS) {
        nts_log(NTS_LOG_ERROR, 0, "service %s: what it gave as an access token is none",
                port->config.service->name);
    }
    port->keeping->generation = nts_keeper_generation(port->keeper);
}

/* After every step of the keeper. */
static void follow(nts_port_t *port)
{
    nts_keeping_t *keeping = port->keeping;
    const char *token = nts_keeper_token(port->keeper);
    int usable = nts_keeper_state(port->keeper) == NTS_KEEPER_USE;
    int other = token && is_other(port);

    if (!token && keeping->generation >= 0) {
        forget_token(port);
    }
    else if (token && keeping->generation != nts_keeper_generation(port->keeper)) {
        give_token(port);
    }
    if (nts_keeper_state(port->keeper) == NTS_KEEPER_REFUSE) {
        keeping->is_usable = 0;
    }
    if (usable && (!keeping->is_usable || other)) {
        keeping->is_usable = 1;
        port->config.renewed(port->config.baton, port, other);
    }
}

static void wake(void *baton)
{
    nts_port_t *port = baton;

    nts_keeper_retry(port->keeper);
    follow(port);
    nts_port_pump(port);
    set_wake(port);
}

/* ---- the keeper's requests */

static void keeper_done(void *baton, const nts_http_answer_t *http)
{
    nts_port_t *port = baton;
    nts_keeping_t *keeping = port->keeping;
    apr_pool_t *p = keeping->p;

    port->in_flight--;
    port->load--;
    if (http->transport == NTS_HTTP_NOT_SENT) {
        nts_budget_return(port->budget, keeping->slot);
    }
    else {
        nts_budget_answered(port->budget, keeping->slot);
    }
    nts_port_note_answer(port, http);
    keeping->p = NULL;
    nts_keeper_take(port->keeper, http);
    nts_keeper_look(port->keeper); /* somebody may have begun again meanwhile */
    apr_pool_destroy(p);
    follow(port);
    nts_port_pump(port);
    set_wake(port);
}

static void send_next(nts_port_t *port)
{
    nts_keeping_t *keeping = port->keeping;
    const nts_http_request_t *request;

    if (keeping->p || keeping->is_drained || !nts_keeper_is_due(port->keeper) ||
        nts_budget_gated_until(port->budget) ||
        !nts_budget_take(port->budget, 1, NTS_LIVE, &keeping->slot)) {
        return;
    }
    (void)apr_pool_create(&keeping->p, port->p);
    apr_pool_tag(keeping->p, "nts_port keeper");
    request = nts_keeper_next(port->keeper, keeping->p);
    if (!request) {
        nts_budget_return(port->budget, keeping->slot);
        apr_pool_destroy(keeping->p);
        keeping->p = NULL;
        return;
    }
    port->in_flight++;
    port->load++;
    port->requests++;
    nts_net_start(port->config.net, request, keeper_done, port, keeping->p);
}

int nts_port_tend_keeper(nts_port_t *port)
{
    const nts_outcome_t *why = nts_keeper_why(port->keeper);

    send_next(port);
    follow(port);
    set_wake(port);
    switch (nts_keeper_state(port->keeper)) {
    case NTS_KEEPER_USE:
        return 1;
    case NTS_KEEPER_REFUSE:
        nts_port_refuse_waiting(
            port, why->remedy == NTS_REMEDY_RETRY ? NTS_RESULT_NOT_DONE : NTS_RESULT_BLOCKED, why);
        return 0;
    default:
        return 0;
    }
}

/* A read is repeated with the next token. A write that relies on a read is not: that would be too old by then (S3.1). */
int nts_port_is_unauthorized(nts_asking_t *asking, const nts_http_answer_t *http)
{
    nts_port_t *port = asking->port;
    nts_answer_t *answer;

    if (!port->keeper || http->transport != NTS_HTTP_ANSWERED) {
        return 0;
    }
    if (http->status != 401) {
        nts_keeper_accepted(port->keeper, asking->generation);
        return 0;
    }
    nts_keeper_refused(port->keeper, asking->generation);
    if (asking->ask.kind != NTS_ASK_UPDATE && asking->ask.kind != NTS_ASK_REMOVE &&
        asking->ask.kind != NTS_ASK_RESTORE) {
        nts_asking_queue_push_front(asking->urgency == NTS_LIVE ? &port->live : &port->bulk,
                                    asking);
        return 1;
    }
    answer = nts_asking_make_answer(asking, NTS_RESULT_NOT_DONE);
    nts_outcome_set(&answer->outcome, asking->p, NTS_REMEDY_RETRY, "oauth.expired",
                    "the access token of %s was not accepted any more; it is refreshed",
                    port->config.service->name);
    nts_asking_finish_later(asking, answer);
    return 1;
}

/* ---- begin and end */

void nts_port_look(nts_port_t *port)
{
    if (port->keeper && !port->is_closed && !port->is_shut) {
        nts_keeper_look(port->keeper);
        follow(port);
        nts_port_pump(port);
        set_wake(port);
    }
}

void nts_port_drain(nts_port_t *port)
{
    if (port->keeper) {
        port->keeping->is_drained = 1;
    }
}

void nts_port_open_keeper(nts_port_t *port, apr_pool_t *p)
{
    const nts_port_config_t *config = &port->config;
    nts_keeper_config_t keeper = { .service = config->service,
                                   .oauth = port->connector->oauth,
                                   .client_secret = config->secret,
                                   .tokens_key = config->tokens_key,
                                   .code_key = config->code_key,
                                   .store = config->store,
                                   .group = config->group,
                                   .epoch = config->epoch,
                                   .clock = config->clock,
                                   .random = config->random };

    port->keeping = apr_pcalloc(p, sizeof(*port->keeping));
    port->keeping->generation = -1;
    nts_timer_init(&port->keeping->wake, wake, port);
    port->keeper = nts_keeper_create(&keeper, p);
    /* Whoever opens it begins with contact anyway. */
    if (nts_keeper_token(port->keeper)) {
        give_token(port);
    }
    port->keeping->is_usable = nts_keeper_state(port->keeper) != NTS_KEEPER_REFUSE;
    nts_timer_set(config->loop, &port->keeping->wake, 0);
}

void nts_port_close_keeper(nts_port_t *port)
{
    nts_timer_cancel(port->config.loop, &port->keeping->wake);
    nts_keeper_close(port->keeper);
}
