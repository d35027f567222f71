/* nts_net.h - carries HTTP exchanges for a single-threaded event loop; the only door to libcurl.
 *
 * One nts_net_t a process, created after the last fork (D39). Exchanges are started, and finished
 * inside nts_net_poll, which also waits for the loop's other descriptors.
 *
 * An exchange sends its request at most once. libcurl by itself repeats a request, a POST too, when
 * a kept connection dies without an answer; here that is NTS_HTTP_FATE_UNKNOWN.
 */
#ifndef NTS_NET_H
#define NTS_NET_H

#include <poll.h>

#include "base/nts_clock.h"
#include "net/nts_http.h"

typedef struct nts_net_t nts_net_t;

/** @a user_agent is sent with every request. The environment decides nothing: no proxy is taken
 *  from it. Destroyed with @a p. */
apr_status_t nts_net_create(nts_net_t **net, const nts_clock_t *clock, const char *user_agent,
                            apr_pool_t *p);
/** "http://host:port" for everything that does not go to this machine; NULL: none. */
void nts_net_set_proxy(nts_net_t *net, const char *proxy);
/** Certificates to trust instead of the system's (PEM); NULL: the system's. */
void nts_net_set_ca_file(nts_net_t *net, const char *ca_file);

/** The answer lives in the pool given to nts_net_start. It may start other exchanges, and destroy
 *  that pool, but not the net. */
typedef void nts_net_done_fn(void *baton, const nts_http_answer_t *answer);

/**
 * Start an exchange. @a done is called once, from nts_net_poll, never from here, whatever
 * happens; a request that may not be sent (no https, credentials in the address, line breaks in a
 * header) is answered NTS_HTTP_NOT_SENT. The request must live as long as @a p. Destroying @a p
 * before breaks the exchange off, and @a done is not called.
 */
void nts_net_start(nts_net_t *net, const nts_http_request_t *request, nts_net_done_fn *done,
                   void *baton, apr_pool_t *p);

/**
 * Wait until something happens to an exchange or one of @a fds (their revents are set as poll(2)
 * does), at most @a timeout; then do what is to be done.
 * @param timeout 0: do not wait; < 0: as long as it takes
 */
apr_status_t nts_net_poll(nts_net_t *net, struct pollfd *fds, int count,
                          apr_interval_time_t timeout);
/** End the wait of nts_net_poll, from a signal handler or another thread too. */
void nts_net_wakeup(nts_net_t *net);
/** Exchanges started and not yet done. */
int nts_net_active(const nts_net_t *net);
/** Breaks all exchanges off without calling anyone. */
void nts_net_destroy(nts_net_t *net);

/** "libcurl/7.88.1 OpenSSL/3.0.15 ...": for the log line at a worker's start. */
const char *nts_net_version(void);

#endif /* NTS_NET_H */
