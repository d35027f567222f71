/* nts_helper.h - the thread of one connection whose client library blocks.
 *
 * The loop hands over plain asks and gets plain answers; the thread touches nothing else of the
 * worker's. It does one ask at a time, live ones first, but for writes that wait one behind the other: a
 * connector may take these together. A thread that is stuck in its library delays whoever waits for it
 * and nobody else; at the end it is left behind, and the process goes by _exit.
 */
#ifndef NTS_HELPER_H
#define NTS_HELPER_H

#include "connector/nts_connector.h"
#include "queue/nts_urgency.h"
#include "worker/nts_loop.h"

typedef struct nts_helper_t nts_helper_t;

/** The answer is the receiver's, with the pool it lives in: a root of its own. Called by the loop. */
typedef void nts_helper_done_fn(void *baton, const nts_answer_t *answer, apr_pool_t *pool);

/** Opens the connection (which does no I/O) and starts its thread. @a out begins all zero. */
apr_status_t nts_helper_create(nts_helper_t **helper, nts_loop_t *loop,
                               const nts_connector_t *connector, const nts_service_t *service,
                               const char *secret, const nts_clock_t *clock, nts_outcome_t *out,
                               apr_pool_t *p);

/** Queue an ask. It, and what it points to, must live until @a done is called; that happens exactly
 *  once, from a turn of the loop. Asks of one class are done in order. */
void nts_helper_ask(nts_helper_t *helper, const nts_ask_t *ask, nts_urgency_t urgency,
                    nts_helper_done_fn *done, void *baton, apr_pool_t *p);

/** Most updates that are performed together. */
#define NTS_HELPER_TOGETHER_MAX 8

typedef struct nts_helper_order_t {
    const nts_ask_t *ask;
    void *baton;
    apr_pool_t *p;
} nts_helper_order_t;

/** Queue updates for connector->perform_together, at most NTS_HELPER_TOGETHER_MAX; each as with nts_helper_ask. */
void nts_helper_ask_together(nts_helper_t *helper, const nts_helper_order_t *orders, int count,
                             nts_urgency_t urgency, nts_helper_done_fn *done);

/** For connector->watch and watch_drain, which belong to the loop's thread. */
nts_connection_t *nts_helper_connection(nts_helper_t *helper);

/** Asks queued and not answered yet. */
int nts_helper_load(const nts_helper_t *helper);
/** How long the ask being performed has taken so far; 0: none is. */
apr_interval_time_t nts_helper_busy(nts_helper_t *helper);

/** Forget what is queued, wait at most @a wait for what is being performed, close the connection.
 *  APR_TIMEUP: the thread is stuck; nothing of it was freed, and the process must end by _exit (or
 *  ask again later). */
apr_status_t nts_helper_stop(nts_helper_t *helper, apr_interval_time_t wait);

#endif /* NTS_HELPER_H */
