/* nts_port_impl.h - a port: what nts_port.c (asks and answers, blocking services), nts_port_http.c (slots and requests) and
 * nts_port_queue.c share. */
#ifndef NTS_PORT_IMPL_H
#define NTS_PORT_IMPL_H

#include "worker/nts_keeper.h"
#include "worker/nts_port.h"

typedef struct nts_asking_t nts_asking_t;

/** An ask until it is answered. */
struct nts_asking_t {
    nts_asking_t *next;
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
    int generation;                    /* of the token that it was sent with */
    apr_time_t deadline;        /* monotonic: answered NOT_DONE if it is not sent by then; 0 */
    const nts_answer_t *answer; /* refused: to be told in the next turn */
};

typedef struct nts_asking_queue_t {
    nts_asking_t *first;
    nts_asking_t **last;
} nts_asking_queue_t;

/** What a port does for its keeper (nts_port_keeper.c). */
typedef struct nts_keeping_t {
    apr_pool_t *p; /* of the request under way; NULL: none is */
    int slot;
    int generation; /* of the token that the connection has; -1: none */
    int is_usable;  /* it was, when last looked at */
    int is_drained;
    const char *bot; /* of that token */
    nts_timer_t wake;
} nts_keeping_t;

struct nts_port_t {
    int is_closed;
    int is_shut;
    nts_port_config_t config;
    const nts_connector_t *connector;
    nts_connection_t *connection; /* HTTP */
    nts_helper_t *helper;         /* blocking */
    nts_budget_t *budget;         /* HTTP */
    nts_keeper_t *keeper;         /* HTTP, and installed; else NULL */
    nts_keeping_t *keeping;       /* with a keeper */
    nts_outcome_t refused;        /* remedy NONE: it works */
    nts_asking_queue_t live;
    nts_asking_queue_t bulk;
    nts_asking_queue_t ready; /* answers to be told in the next turn */
    nts_timer_t tell;
    nts_timer_t late; /* the earliest deadline, or a slow helper */
    int in_flight;
    int careful; /* answers to come before as many requests as ever are in flight again */
    int load;
    int told_slow;
    nts_skew_t skew; /* of the service's clock */
    int told_skew;
    apr_int64_t requests;
    apr_pool_t *p;
};

/* nts_port.c */
/** Answer; @a asking and its pool may be gone afterwards. */
void nts_asking_finish(nts_asking_t *asking, const nts_answer_t *answer);
/** Answer in the next turn. */
void nts_asking_finish_later(nts_asking_t *asking, const nts_answer_t *answer);
/** One of our own making, in the ask's pool. */
nts_answer_t *nts_asking_make_answer(nts_asking_t *asking, nts_result_t result);
/** The service's clock showed this, to the @a unit, at some instant between sending and answering; 0: it showed nothing. */
void nts_port_take_clock(nts_port_t *port, apr_time_t shown, apr_interval_time_t unit,
                         apr_time_t sent, apr_time_t answered);

/* nts_port_http.c */
void nts_port_open_http(nts_port_t *port, apr_pool_t *p);
void nts_port_ask_http(nts_asking_t *asking);
/** Writes that found no slot by @a now (monotonic) are answered NOT_DONE: nothing happened, and their jobs read again. */
void nts_port_refuse_late(nts_port_t *port, apr_time_t now);

/** Requests may be sent, others are answered: what waits in the queues. */
void nts_port_pump(nts_port_t *port);
/** Answer what waits: nothing was done; @a outcome of whatever pool. */
void nts_port_refuse_waiting(nts_port_t *port, nts_result_t result, const nts_outcome_t *outcome);
/** For the dashboard and the budget: an answer of the service has arrived. */
void nts_port_note_answer(nts_port_t *port, const nts_http_answer_t *http);

/* nts_port_keeper.c */
void nts_port_open_keeper(nts_port_t *port, apr_pool_t *p);
void nts_port_close_keeper(nts_port_t *port);
/** Give the connection its token, send what the keeper wants. Zero: nothing else may be sent now; what had to be answered is. */
int nts_port_tend_keeper(nts_port_t *port);
/** An answer: non-zero if it was 401 and the asking is dealt with. */
int nts_port_is_unauthorized(nts_asking_t *asking, const nts_http_answer_t *http);

/* nts_port_queue.c */
void nts_asking_queue_clear(nts_asking_queue_t *queue);
void nts_asking_queue_push(nts_asking_queue_t *queue, nts_asking_t *asking);
void nts_asking_queue_push_front(nts_asking_queue_t *queue, nts_asking_t *asking);
/** Take the first out; NULL: there is none. */
nts_asking_t *nts_asking_queue_pop(nts_asking_queue_t *queue);

#endif /* NTS_PORT_IMPL_H */
