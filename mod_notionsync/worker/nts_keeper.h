/* nts_keeper.h - keeps what a service was granted through OAuth: one per installed service, in the group's worker only.
 *
 * Decides and stores, and sends nothing itself: it hands out a request (nts_keeper_next) and takes its answer. Before a request
 * leaves that may end the former tokens this is stored; before new tokens are used they are. So whoever comes after a crash knows
 * what may have happened. What is stored is sealed, and the group's epoch is looked at with every change.
 *
 *     no tokens       nothing was installed yet: everything is refused until an administrator has done it
 *     tokens          used; refreshed when the service refuses the access token (401), or before a known expiry
 *     refreshing      a refresh was stored as begun. Found so by a successor, the answer was lost: the refresh token is tried once
 *                     more, for it may not have arrived. A service that knows it as spent says so, and that is the end
 *     dead            revoked, or spent: refused until somebody installs again; nothing is asked meanwhile
 *
 * An authorization code is sent once, whatever happens; after that somebody has to begin again.
 */
#ifndef NTS_KEEPER_H
#define NTS_KEEPER_H

#include "connector/nts_connector.h"
#include "store/nts_store_oauth.h"

typedef struct nts_keeper_t nts_keeper_t;

typedef struct nts_keeper_config_t {
    const nts_service_t *service;
    const nts_oauth_t *oauth;
    const char *client_secret;
    const nts_key_t *tokens_key; /* seals tokens; NULL: the server's key cannot be read */
    const nts_key_t *code_key;   /* httpd's children seal codes with it */
    nts_store_t *store;
    const char *group;
    apr_int64_t epoch;
    const nts_clock_t *clock;
    const nts_random_t *random;
} nts_keeper_config_t;

/** What its service's requests may do. */
typedef enum nts_keeper_state_t {
    NTS_KEEPER_USE,   /* go, with nts_keeper_token */
    NTS_KEEPER_WAIT,  /* wait: something will happen soon */
    NTS_KEEPER_REFUSE /* be answered with nts_keeper_why */
} nts_keeper_state_t;

/** Reads what the store knows. */
nts_keeper_t *nts_keeper_create(const nts_keeper_config_t *config, apr_pool_t *p);
/** Wipes what it knows. */
void nts_keeper_close(nts_keeper_t *keeper);

nts_keeper_state_t nts_keeper_state(const nts_keeper_t *keeper);
const nts_outcome_t *nts_keeper_why(const nts_keeper_t *keeper);
/** The access token, until the next nts_keeper_take; NULL: there is none. */
const char *nts_keeper_token(const nts_keeper_t *keeper);
/** Counts access tokens: whoever sends a request notes it. */
int nts_keeper_generation(const nts_keeper_t *keeper);
/** User id that writes are made under; NULL: not known. */
const char *nts_keeper_bot(const nts_keeper_t *keeper);

/** Look for what httpd's children have stored: a code, a decision. */
void nts_keeper_look(nts_keeper_t *keeper);
/** The request that is to be sent now, of @a p; NULL: none. What it may cost is stored. If it cannot be sent at all, answer it
 *  with NTS_HTTP_NOT_SENT. */
const nts_http_request_t *nts_keeper_next(nts_keeper_t *keeper, apr_pool_t *p);
/** Is there one? Asks nothing and changes nothing. */
int nts_keeper_is_due(const nts_keeper_t *keeper);
/** Its answer. */
void nts_keeper_take(nts_keeper_t *keeper, const nts_http_answer_t *http);
/** Store again what could not be stored. */
void nts_keeper_retry(nts_keeper_t *keeper);
/** Monotonic: when to look whether it is due; 0: when something happens. */
apr_time_t nts_keeper_wakes(const nts_keeper_t *keeper);

/** The service has answered 401 to a request with this generation of the token. */
void nts_keeper_refused(nts_keeper_t *keeper, int generation);
/** ... anything else. */
void nts_keeper_accepted(nts_keeper_t *keeper, int generation);

#endif /* NTS_KEEPER_H */
