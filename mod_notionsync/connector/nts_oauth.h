/* nts_oauth.h - installing through OAuth as plain data: an address for a browser, two requests, and what their answers mean.
 *
 * Who asks, when, and what is kept of it is not decided here (worker/nts_keeper.h).
 */
#ifndef NTS_OAUTH_H
#define NTS_OAUTH_H

#include "model/nts_mapping.h"
#include "net/nts_http.h"

/** What a service grants. Secrets: never in a log, a page or an outcome. */
typedef struct nts_tokens_t {
    const char *access;
    const char *refresh;        /* NULL: none was given */
    apr_time_t expires;         /* of the access token, by our wall clock; 0: nobody said */
    const char *workspace;      /* its id */
    const char *workspace_name; /* may be NULL */
    const char *bot;            /* user id that writes are made under; may be NULL */
} nts_tokens_t;

typedef enum nts_token_result_t {
    NTS_TOKEN_OK = 0,
    NTS_TOKEN_INVALID, /* the code, or the refresh token, is worth nothing: nothing helps but to install again */
    NTS_TOKEN_REFUSED,  /* the request as such: what was sent with it may still be good */
    NTS_TOKEN_NOT_DONE, /* certain: nothing happened; later */
    NTS_TOKEN_UNKNOWN   /* it may have been carried out, and what was granted is not known */
} nts_token_result_t;

typedef struct nts_oauth_t {
    /** Where the administrator's browser is sent; @a state comes back with it. */
    const char *(*authorize)(const nts_service_t *service, const char *state, apr_pool_t *p);
    /** The requests; of @a p. @a secret: of the client. */
    const nts_http_request_t *(*exchange)(const nts_service_t *service, const char *secret,
                                          const char *code, apr_pool_t *p);
    const nts_http_request_t *(*refresh)(const nts_service_t *service, const char *secret,
                                         const char *refresh, apr_pool_t *p);
    /** The answer to either. With OK @a tokens is filled in, else @a out, whose words do not repeat @a sent, the code or
     *  refresh token of the request. */
    nts_token_result_t (*take)(nts_tokens_t *tokens, nts_outcome_t *out,
                               const nts_http_answer_t *http, const char *sent, apr_time_t now,
                               apr_pool_t *p);
} nts_oauth_t;

#endif /* NTS_OAUTH_H */
