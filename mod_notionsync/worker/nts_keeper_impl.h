/* nts_keeper_impl.h - what nts_keeper.c (when to ask, and what answers mean) and nts_keeper_store.c (what is kept) share. */
#ifndef NTS_KEEPER_IMPL_H
#define NTS_KEEPER_IMPL_H

#include "worker/nts_keeper.h"

typedef enum nts_keeper_doing_t {
    NTS_KEEPER_IDLE = 0,
    NTS_KEEPER_EXCHANGE,
    NTS_KEEPER_REFRESH
} nts_keeper_doing_t;

struct nts_keeper_t {
    nts_keeper_config_t config;
    apr_pool_t *p;
    apr_pool_t *texts; /* of grant, tokens and why; replaced with them */
    nts_oauth_grant_t grant;
    nts_tokens_t tokens; /* access NULL: none */
    nts_outcome_t why;   /* remedy NONE: nothing stands in the way */
    int generation;
    int lost; /* another worker has the group */

    nts_keeper_doing_t doing; /* a request is under way */
    const char *sent;         /* its code or refresh token; of asking */
    apr_pool_t *asking;       /* NULL: none is under way, or to be stored */
    apr_int64_t attempt;      /* that the code belongs to */
    const char *by;           /* ... and whose it is; of asking */

    nts_tokens_t fresh;    /* answered, not stored yet; access NULL: none. Of asking */
    int has_code;          /* an attempt has arrived */
    int wants_refresh;     /* the access token was refused, or a refresh was interrupted */
    int is_doubtful;       /* the refresh token may be spent: an answer was lost */
    int tries;             /* refreshes since a request was accepted last */
    int failures;          /* of refreshes, one after the other */
    apr_time_t not_before; /* monotonic: of the next refresh */
    apr_time_t store_at;   /* monotonic: what could not be stored is stored again; 0: nothing */
};

static inline apr_time_t nts_keeper_wall(const nts_keeper_t *k)
{
    return k->config.clock->wall(k->config.clock->baton);
}

static inline apr_time_t nts_keeper_mono(const nts_keeper_t *k)
{
    return k->config.clock->mono(k->config.clock->baton);
}

/* nts_keeper_store.c */

/** What the store knows at the start. */
void nts_keeper_load(nts_keeper_t *k);
/** Change what is stored. Anything but APR_SUCCESS: nothing was; k->lost, or it is to be tried again. */
apr_status_t nts_keeper_change(nts_keeper_t *k, const nts_oauth_change_t *change);
/** Grant, tokens and why are these from now on; all texts are copied. @a tokens NULL: none. */
void nts_keeper_become(nts_keeper_t *k, const nts_oauth_grant_t *grant, const nts_tokens_t *tokens,
                       const nts_outcome_t *why);
/** Tokens to be sealed, as text. */
const char *nts_keeper_pack(const nts_tokens_t *tokens, apr_pool_t *p);
/** The sealed ones of another workspace become the grant, or go. */
void nts_keeper_settle_held(nts_keeper_t *k, const nts_oauth_attempt_t *attempt);
/** Overwrite a secret text. */
void nts_keeper_wipe(const char *secret);
/** The page where an administrator installs. */
const char *nts_keeper_advice(const nts_keeper_t *k, apr_pool_t *p);

#endif /* NTS_KEEPER_IMPL_H */
