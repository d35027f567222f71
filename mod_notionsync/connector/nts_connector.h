/* nts_connector.h - the one interface of all services.
 *
 * A service whose protocol is HTTP is written sans-I/O (begin, step): it builds a request, takes the
 * answer, and says what is next; the loop carries the bytes and spends the budget. A service whose client
 * library blocks (perform) runs on the connection's helper thread, one plain ask at a time, with a pool
 * of its own; `watch` then gives the loop a descriptor that becomes readable when something changed.
 * A new service is a new folder and a line in nts_connectors[].
 */
#ifndef NTS_CONNECTOR_H
#define NTS_CONNECTOR_H

#include "base/nts_clock.h"
#include "connector/nts_oauth.h"
#include "model/nts_exchange.h"
#include "net/nts_http.h"

/** A connection to one service, made after the fork by its worker. */
typedef struct nts_connection_t nts_connection_t;

/** An ask under way at an HTTP service. */
typedef struct nts_op_t nts_op_t;

typedef enum nts_op_state_t {
    NTS_OP_SEND = 0, /* send the request, step with its answer */
    NTS_OP_DONE      /* the answer is complete, whatever its result */
} nts_op_state_t;

typedef struct nts_connector_t {
    nts_service_kind_t kind;
    const char *name;
    const nts_traits_t *traits;

    /** Open. @a secret: the token or password, already fetched; NULL none, or (of a service that is installed) not yet. The connection copies what it
     *  keeps. For blocking services no I/O happens here but on the first perform. */
    apr_status_t (*open)(nts_connection_t **connection, const nts_service_t *service,
                         const char *secret, const nts_clock_t *clock, nts_outcome_t *out,
                         apr_pool_t *p);

    /** HTTP services; NULL for blocking ones. The op, its requests and the answer belong to @a p. */
    apr_status_t (*begin)(nts_op_t **op, nts_connection_t *connection, const nts_ask_t *ask,
                          apr_pool_t *p);
    /** First with @a http NULL, then with each answer. With NTS_OP_SEND *request is set, with
     *  NTS_OP_DONE *answer. A read that got 500, 502, 503, 504 or was cut is NOT_DONE (repeatable), a
     *  write UNKNOWN. */
    nts_op_state_t (*step)(nts_op_t *op, const nts_http_answer_t *http,
                           const nts_http_request_t **request, const nts_answer_t **answer);

    /** Blocking services; NULL for HTTP ones. On the helper thread only. All of the answer belongs to
     *  @a p. Never fails otherwise than through answer->result. */
    void (*perform)(nts_connection_t *connection, const nts_ask_t *ask, nts_answer_t *answer,
                    apr_pool_t *p);
    /** Blocking services, may be NULL: writes (CREATE, UPDATE, REMOVE, RESTORE) in the order given, which
     *  become durable together; each is answered as perform would. Returns how many of them were done, at
     *  least one: it stops when it has taken long. */
    int (*perform_writes)(nts_connection_t *connection, const nts_ask_t *const *asks,
                          nts_answer_t *const *answers, apr_pool_t *const *pools, int count);
    /** Blocking services, may be NULL: updates of rows of one mapping, each of which another one's value keeps out (S5.8). All of them
     *  are done, and become durable together, without anybody seeing a state in between; or each is answered as perform would, or tells
     *  what kept them all from it. */
    void (*perform_together)(nts_connection_t *connection, const nts_ask_t *const *asks,
                             nts_answer_t *const *answers, apr_pool_t *const *pools, int count);
    /** Blocking services: a descriptor for poll that becomes readable when @a mapping's collection may
     *  have changed, or -1. Loop thread. The descriptor belongs to the connection. */
    int (*watch)(nts_connection_t *connection, const nts_mapping_t *mapping);
    /** Take what made the descriptor readable; loop thread, never blocks. Non-zero: look at CHANGES. */
    int (*watch_drain)(nts_connection_t *connection, int descriptor);

    void (*close)(nts_connection_t *connection);

    /** Services that can be installed through OAuth; NULL for others. */
    const nts_oauth_t *oauth;
    /** With `oauth`: the token of all requests from now on, those that were built before among them. NULL: none is known, and the
     *  next may be of somebody else.
     *  @return APR_EINVAL if it is no token */
    apr_status_t (*set_token)(nts_connection_t *connection, const char *token);
    /** Services that keep files of their own; NULL for others. @a key signs links to them (nts_file.h) and outlives the connection. */
    void (*set_file_key)(nts_connection_t *connection, const nts_key_t *key);
} nts_connector_t;

extern const nts_connector_t nts_connector_notion; /* connector/notion/ */
extern const nts_connector_t nts_connector_sql;    /* connector/sql/ */

/** Theirs. */
extern const nts_traits_t nts_traits_notion;
extern const nts_traits_t nts_traits_sql;

/** By kind; never NULL for a valid kind. */
const nts_connector_t *nts_connector_find(nts_service_kind_t kind);

#endif /* NTS_CONNECTOR_H */
