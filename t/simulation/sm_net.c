/* sm_net.c - in place of net/nts_net.c: exchanges with services in memory, and the wait of a worker's loop. */
#include <string.h>

#include <apr_allocator.h>

#include "base/nts_str.h"
#include "net/nts_net.h"
#include "simulation/sm_kernel.h"

#define DEFAULT_TIMEOUT SM_SEC(60)

typedef struct exchange_t exchange_t;
typedef struct flight_t flight_t;

typedef struct sm_service_t {
    struct sm_service_t *next;
    const char *prefix;
    apr_interval_time_t fastest;
    apr_interval_time_t slowest;
    sm_serve_fn *serve;
    void *baton;
} sm_service_t;

struct nts_net_t {
    exchange_t *ready; /* answered, to be told by the next poll */
    exchange_t **ready_end;
    int active;
    sm_thread_t *poller;
    const nts_clock_t *clock;
};

/* What the process knows of an exchange; goes with its pool. */
struct exchange_t {
    exchange_t *next;
    nts_net_t *net;
    flight_t *flight;
    int is_ready;
    nts_net_done_fn *done;
    void *baton;
    nts_http_answer_t answer;
    apr_pool_t *p;
};

/* What is on its way, whatever becomes of the process. */
struct flight_t {
    apr_pool_t *p;
    exchange_t *exchange; /* NULL: nobody waits any more */
    const sm_service_t *service;
    sm_request_t request;
    sm_reply_t reply;
    apr_time_t deadline; /* true time */
    int refs;            /* of events that are still to come, and of the exchange */
};

/* --- services */

void sm_serve(sm_t *sm, const char *prefix, apr_interval_time_t fastest,
              apr_interval_time_t slowest, sm_serve_fn *serve, void *baton)
{
    sm_service_t *service = apr_pcalloc(sm->p, sizeof(*service));

    service->prefix = apr_pstrdup(sm->p, prefix);
    service->fastest = fastest;
    service->slowest = slowest;
    service->serve = serve;
    service->baton = baton;
    service->next = sm->kernel->services;
    sm->kernel->services = service;
}

static const sm_service_t *find_service(const sm_t *sm, const char *url)
{
    const sm_service_t *service = sm->kernel->services;

    while (service && strncmp(url, service->prefix, strlen(service->prefix)) != 0) {
        service = service->next;
    }
    return service;
}

static apr_interval_time_t way(sm_t *sm, const sm_service_t *service)
{
    return sm_between(&sm->kernel->latency, service->fastest, service->slowest);
}

/* --- the end of an exchange, as the process sees it */

static void make_ready(exchange_t *x)
{
    x->is_ready = 1;
    x->next = NULL;
    *x->net->ready_end = x;
    x->net->ready_end = &x->next;
    if (x->net->poller) {
        sm_wake(x->net->poller);
    }
}

static void fail(exchange_t *x, nts_transport_t transport, const char *words)
{
    x->answer.transport = transport;
    x->answer.body = "";
    x->answer.body_len = 0;
    x->answer.words = words;
    make_ready(x);
}

static void copy_answer(exchange_t *x, const sm_reply_t *reply)
{
    nts_http_header_t *headers =
        apr_pcalloc(x->p, sizeof(*headers) * ((apr_size_t)reply->header_count + 1));
    int i;

    for (i = 0; i < reply->header_count; i++) {
        headers[i].name = apr_pstrdup(x->p, reply->headers[i].name);
        headers[i].value = apr_pstrdup(x->p, reply->headers[i].value);
    }
    x->answer.transport = NTS_HTTP_ANSWERED;
    x->answer.status = reply->status;
    x->answer.headers = headers;
    x->answer.header_count = reply->header_count;
    x->answer.body = reply->body ? apr_pstrmemdup(x->p, reply->body, reply->body_len) : "";
    x->answer.body_len = reply->body ? reply->body_len : 0;
}

static void drop_ref(flight_t *flight)
{
    if (--flight->refs == 0) {
        apr_pool_destroy(flight->p);
        sm_the->kernel->requests_open--;
    }
}

static void note_unheard(sm_t *sm, const flight_t *flight)
{
    sm_note_t note = { SM_NOTE_UNHEARD,      flight->request.process,
                       flight->reply.status, NULL,
                       &flight->request,     NULL };

    sm_note(sm, &note);
}

/* The answer reaches the worker's machine. */
static void come_back(sm_t *sm, void *baton)
{
    flight_t *flight = baton;
    exchange_t *x = flight->exchange;

    if (!x) {
        sm_trace(sm, "request %d: its answer finds nobody", flight->request.number);
        note_unheard(sm, flight);
    }
    else {
        flight->exchange = NULL;
        sm_trace(sm, "request %d: fate %d, status %d", flight->request.number,
                 (int)flight->reply.fate, flight->reply.status);
        if (flight->reply.body) {
            sm->kernel->hash =
                sm_hash_bytes(sm->kernel->hash, flight->reply.body, flight->reply.body_len);
        }
        switch (flight->reply.fate) {
        case SM_FATE_ANSWERED:
            copy_answer(x, &flight->reply);
            make_ready(x);
            break;
        case SM_FATE_REFUSED:
            fail(x, NTS_HTTP_NOT_SENT, "Could not connect to server (libcurl 7)");
            break;
        case SM_FATE_CUT:
        case SM_FATE_SILENT:
        default:
            fail(x, NTS_HTTP_FATE_UNKNOWN, "the connection was closed before an answer came");
            break;
        }
    }
    drop_ref(flight);
}

static void time_out(sm_t *sm, void *baton)
{
    flight_t *flight = baton;
    exchange_t *x = flight->exchange;

    if (x) {
        flight->exchange = NULL;
        sm_trace(sm, "request %d: timed out", flight->request.number);
        fail(x, NTS_HTTP_FATE_UNKNOWN, "Timeout was reached (libcurl 28)");
    }
    drop_ref(flight);
}

/* The request reaches the service. */
static void arrive(sm_t *sm, void *baton)
{
    flight_t *flight = baton;
    sm_note_t note = { SM_NOTE_ARRIVED, flight->request.process, 0, NULL, &flight->request, NULL };

    sm_note(sm, &note);
    flight->service->serve(sm, flight->service->baton, &flight->request, &flight->reply, flight->p);
    if (flight->reply.fate == SM_FATE_SILENT) {
        drop_ref(flight);
        return;
    }
    sm_after(sm, flight->reply.delay + way(sm, flight->service), come_back, flight);
}

/* --- starting one */

static void unlink_ready(exchange_t *x)
{
    exchange_t **at = &x->net->ready;

    while (*at && *at != x) {
        at = &(*at)->next;
    }
    if (*at) {
        *at = x->next;
        if (x->net->ready_end == &x->next) {
            x->net->ready_end = at;
        }
    }
}

/* The pool goes, with the exchange running or done; if it is done, its process died before it was told so. */
static apr_status_t break_off(void *baton)
{
    exchange_t *x = baton;

    if (x->flight) {
        if (x->is_ready && !sm_the->kernel->is_over) {
            note_unheard(sm_the, x->flight);
        }
        unlink_ready(x);
        x->flight->exchange = NULL;
        drop_ref(x->flight);
        x->flight = NULL;
        x->net->active--;
    }
    return APR_SUCCESS;
}

static flight_t *make_flight(exchange_t *x, const nts_http_request_t *request)
{
    sm_t *sm = sm_the;
    apr_pool_t *p;
    flight_t *flight;
    nts_http_header_t *headers;
    int i;

    (void)apr_pool_create(&p, sm->p);
    flight = apr_pcalloc(p, sizeof(*flight));
    flight->p = p;
    flight->exchange = x;
    flight->service = find_service(sm, request->url);
    flight->request.number = ++sm->kernel->request_count;
    flight->request.process = sm_current() ? sm_current()->number : 0;
    flight->request.method = apr_pstrdup(p, request->method);
    flight->request.url = apr_pstrdup(p, request->url);
    flight->request.path =
        flight->request.url + (flight->service ? strlen(flight->service->prefix) : 0);
    headers = apr_pcalloc(p, sizeof(*headers) * ((apr_size_t)request->header_count + 1));
    for (i = 0; i < request->header_count; i++) {
        headers[i].name = apr_pstrdup(p, request->headers[i].name);
        headers[i].value = apr_pstrdup(p, request->headers[i].value);
    }
    flight->request.headers = headers;
    flight->request.header_count = request->header_count;
    flight->request.body =
        request->body ? apr_pstrmemdup(p, request->body, request->body_len) : NULL;
    flight->request.body_len = request->body ? request->body_len : 0;
    flight->request.sent = sm_now(sm);
    sm->kernel->requests_open++;
    return flight;
}

void nts_net_start(nts_net_t *net, const nts_http_request_t *request, nts_net_done_fn *done,
                   void *baton, apr_pool_t *p)
{
    sm_t *sm = sm_the;
    exchange_t *x = apr_pcalloc(p, sizeof(*x));
    apr_interval_time_t timeout = request->timeout > 0 ? request->timeout : DEFAULT_TIMEOUT;
    sm_note_t note = { SM_NOTE_SENT, 0, 0, NULL, NULL, NULL };
    flight_t *flight;

    sm_point(SM_POINT_SEND);
    x->net = net;
    x->done = done;
    x->baton = baton;
    x->p = p;
    x->answer.sent_at = net->clock->wall(net->clock->baton);
    net->active++;
    apr_pool_cleanup_register(p, x, break_off, apr_pool_cleanup_null);
    flight = make_flight(x, request);
    x->flight = flight;
    sm_trace(sm, "request %d by %s: %s %s", flight->request.number,
             sm_current() ? sm_current()->name : "?", flight->request.method, flight->request.url);
    if (flight->request.body) {
        sm_remark(sm, "    %s", flight->request.body);
        sm->kernel->hash =
            sm_hash_bytes(sm->kernel->hash, flight->request.body, flight->request.body_len);
    }
    note.process = flight->request.process;
    note.request = &flight->request;
    sm_note(sm, &note);
    if (flight->service) {
        flight->refs = 3;
        sm_after(sm, way(sm, flight->service), arrive, flight);
        sm_after(sm, timeout, time_out, flight);
    }
    else {
        flight->refs = 2;
        flight->reply.fate = SM_FATE_REFUSED;
        sm_after(sm, 0, come_back, flight);
    }
    sm_point(SM_POINT_SENT);
}

/* --- the loop's wait */

static void tell(nts_net_t *net, exchange_t *x)
{
    sm_note_t note = { SM_NOTE_ANSWERED, 0, 0, NULL, NULL, NULL };
    flight_t *flight = x->flight;

    sm_point(SM_POINT_ANSWER);
    unlink_ready(x);
    x->flight = NULL;
    x->answer.answered_at = net->clock->wall(net->clock->baton);
    net->active--;
    note.process = flight->request.process;
    note.request = &flight->request;
    note.answer = &x->answer;
    sm_note(sm_the, &note);
    drop_ref(flight);
    x->done(x->baton, &x->answer); /* x may be gone afterwards */
}

/* Those that come while these are told wait for the next poll. */
static void tell_ready(nts_net_t *net)
{
    const exchange_t *x;
    int count = 0;

    for (x = net->ready; x; x = x->next) {
        count++;
    }
    while (count-- > 0 && net->ready) {
        tell(net, net->ready);
    }
}

static int look(struct pollfd *fds, int count, sm_thread_t *poller)
{
    int found = 0;
    int i;

    for (i = 0; i < count; i++) {
        fds[i].revents = sm_fd_poll(fds[i].fd, poller) ? POLLIN : 0;
        found += fds[i].revents != 0;
    }
    return found;
}

apr_status_t nts_net_poll(nts_net_t *net, struct pollfd *fds, int count,
                          apr_interval_time_t timeout)
{
    sm_point(SM_POINT_TURN);
    net->poller = sm_self();
    if (!look(fds, count, sm_self()) && !net->ready && timeout != 0) {
        (void)sm_block(timeout);
    }
    net->poller = NULL;
    (void)look(fds, count, NULL);
    tell_ready(net);
    return APR_SUCCESS;
}

/* --- the rest of the interface */

static apr_status_t forget(void *baton)
{
    (void)baton;
    return APR_SUCCESS;
}

apr_status_t nts_net_create(nts_net_t **net, const nts_clock_t *clock, const char *user_agent,
                            apr_pool_t *p)
{
    /* Of the run's memory: a killed process's exchanges go in whatever order. */
    nts_net_t *n = apr_pcalloc(sm_the->p, sizeof(*n));

    (void)user_agent;
    n->ready_end = &n->ready;
    n->clock = clock;
    apr_pool_cleanup_register(p, n, forget, apr_pool_cleanup_null);
    *net = n;
    return APR_SUCCESS;
}

void nts_net_set_proxy(nts_net_t *net, const char *proxy)
{
    (void)net;
    (void)proxy;
}

void nts_net_set_ca_file(nts_net_t *net, const char *ca_file)
{
    (void)net;
    (void)ca_file;
}

void nts_net_wakeup(nts_net_t *net)
{
    if (net->poller) {
        sm_wake(net->poller);
    }
}

int nts_net_active(const nts_net_t *net)
{
    return net->active;
}

void nts_net_destroy(nts_net_t *net)
{
    (void)net;
}

const char *nts_net_version(void)
{
    return "simulated";
}
