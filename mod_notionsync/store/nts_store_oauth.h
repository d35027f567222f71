/* nts_store_oauth.h - installations through OAuth: states that wait for a browser, attempts, grants.
 *
 * Who writes what: httpd's children make and use up states, begin attempts, and seal the code with a key that opens nothing
 * else. The group's worker alone writes grants and tokens, under its epoch, and carries attempts on.
 */
#ifndef NTS_STORE_OAUTH_H
#define NTS_STORE_OAUTH_H

#include "store/nts_store.h"

/** How long a state, and then a code, is waited for. */
#define NTS_OAUTH_LIFETIME apr_time_from_sec(600)

/* What is sealed, by purpose. */
#define NTS_OAUTH_CODE "oauth-code"
#define NTS_OAUTH_TOKENS "oauth"
#define NTS_OAUTH_HELD "oauth-held"

/** An installation that somebody has begun and come back from. */
typedef struct nts_oauth_attempt_t {
    apr_int64_t number; /* of the service's attempts; 0: there was none */
    /* "none"; "arrived" with a code; "sent": the code is spent; "done"; "held": for another workspace; "accepted",
     * "discarded": what an administrator said of that; "failed" */
    const char *state;
    const char *by;
    apr_time_t at;
    nts_outcome_t outcome;
} nts_oauth_attempt_t;

/** What the service has granted. */
typedef struct nts_oauth_grant_t {
    /* "none", "good"; "refreshing": a refresh was sent, or is about to be, and its answer is not stored; "dead" */
    const char *state;
    nts_outcome_t
        outcome; /* dead: why; else what stands in the way of a refresh, if anything does */
    const char *workspace; /* pinned by the first installation */
    const char *workspace_name;
    const char *bot;
    const char *by;
    apr_time_t installed;
    apr_time_t refreshed; /* the tokens are of this instant */
    apr_time_t expires;   /* of the access token; 0: nobody said */
    const char *held;     /* another workspace, whose grant waits for an administrator; NULL none */
    const char *held_name;
} nts_oauth_grant_t;

apr_status_t nts_store_get_attempt(nts_oauth_attempt_t *attempt, nts_store_t *store,
                                   apr_int64_t service, apr_pool_t *p);
apr_status_t nts_store_get_grant(nts_oauth_grant_t *grant, nts_store_t *store, apr_int64_t service,
                                 apr_pool_t *p);

/* ---- httpd's children ---- */

/** Remember a state, by its hash, for NTS_OAUTH_LIFETIME; old ones, and too many of one service, are forgotten. */
apr_status_t nts_store_put_oauth_state(nts_store_t *store, apr_int64_t service, const char *hash,
                                       const char *browser, const char *by);
/** It came back: it is used up, whatever else. APR_ENOENT: unknown, used, or too old. APR_EACCES: of another browser or
 *  user. @a service is set with both. */
apr_status_t nts_store_take_oauth_state(apr_int64_t *service, nts_store_t *store, const char *hash,
                                        const char *browser, const char *by);
/** A new attempt: with a code, sealed by @a key; or, @a code NULL, failed at once with @a out. */
apr_status_t nts_store_put_attempt(nts_store_t *store, const nts_service_t *service,
                                   const nts_key_t *key, const char *code, const char *by,
                                   const nts_outcome_t *out);
/** An administrator on what is held. APR_ENOENT: nothing is, or this is not the last attempt. */
apr_status_t nts_store_answer_held(nts_store_t *store, apr_int64_t service, apr_int64_t number,
                                   int accept);

/* ---- the group's worker ---- */

/** What changes in one transaction. */
typedef struct nts_oauth_change_t {
    const nts_oauth_grant_t *grant; /* NULL: stays as it is */
    const char *tokens;             /* to be sealed; NULL: stay as they are */
    const char *held;               /* the same, of the workspace that is held */
    int drop_tokens, drop_held;
    /* NULL: stays. Otherwise only if that is still the last attempt; its code goes in any case */
    const char *attempt_state;
    apr_int64_t attempt;
    const nts_outcome_t *attempt_outcome; /* NULL: nothing is wrong */
} nts_oauth_change_t;

/** APR_EBUSY: another worker has the group by now, and nothing was stored. @a key seals tokens. */
apr_status_t nts_store_change_oauth(nts_store_t *store, const char *group, apr_int64_t epoch,
                                    const nts_service_t *service, const nts_key_t *key,
                                    const nts_oauth_change_t *change);

#endif /* NTS_STORE_OAUTH_H */
