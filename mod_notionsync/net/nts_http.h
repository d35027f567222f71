/* nts_http.h - one HTTP exchange as plain data.
 *
 * Connectors build requests and take answers without knowing how they travel; net/nts_net.h carries
 * them, tests and the simulation hand in answers of their own.
 */
#ifndef NTS_HTTP_H
#define NTS_HTTP_H

#include "base/nts_base.h"

typedef struct nts_http_header_t {
    const char *name;
    const char *value;
} nts_http_header_t;

typedef struct nts_http_request_t {
    const char *method; /* "GET", "POST", "PATCH", "DELETE" */
    const char *url;    /* absolute */
    const nts_http_header_t *headers;
    int header_count;
    const char *body; /* NULL: none */
    apr_size_t body_len;
    apr_interval_time_t timeout; /* whole exchange; 0: 60 s */
    apr_size_t max_answer;       /* bytes of body accepted; 0: 16 MiB */
    int allow_http;              /* without TLS to any host; else to this machine only */
} nts_http_request_t;

/** How far the exchange is known to have come. */
typedef enum nts_transport_t {
    NTS_HTTP_ANSWERED,    /* a whole answer arrived */
    NTS_HTTP_NOT_SENT,    /* certain: the server never saw the request */
    NTS_HTTP_FATE_UNKNOWN /* cut, timed out, truncated or too large: it may have been acted on */
} nts_transport_t;

typedef struct nts_http_answer_t {
    nts_transport_t transport;
    int status; /* with NTS_HTTP_ANSWERED */
    const nts_http_header_t *headers;
    int header_count;
    const char *body; /* NUL-terminated for convenience; body_len counts */
    apr_size_t body_len;
    const char *words;      /* without an answer: what went wrong, for the administrator */
    apr_time_t sent_at;     /* the request left at this instant or after it, */
    apr_time_t answered_at; /* and all that happened had happened at this one (wall clock) */
} nts_http_answer_t;

/** First header of that name (any case), or NULL. */
const char *nts_http_header(const nts_http_answer_t *answer, const char *name);

/** The server's clock as its Date header shows it, in whole seconds; 0: it does not. */
apr_time_t nts_http_date(const nts_http_answer_t *answer);

/** Retry-After as an instant: seconds or an HTTP date (compared with the answer's own Date where it
 *  has one, for the server's clock is not ours), clamped to [now, now + max]; 0 if there is none or
 *  it cannot be read. */
apr_time_t nts_http_retry_after(const nts_http_answer_t *answer, apr_time_t now,
                                apr_interval_time_t max);

#endif /* NTS_HTTP_H */
