/* nts_keeper.c - when a service is asked for tokens, and what its answers mean. */
#include <string.h>

#include "base/nts_log.h"
#include "base/nts_str.h"
#include "queue/nts_schedule.h"
#include "worker/nts_keeper_impl.h"

/* A known expiry is not waited for, by this or a quarter of the lifetime. */
#define EARLY apr_time_from_sec(300)
/* Two refreshes are never closer: tokens that last no longer would be refreshed without end. */
#define PAUSE apr_time_from_sec(10)
#define BUSY_BASE apr_time_from_sec(4)
#define PERSON_BASE apr_time_from_sec(120)
#define RETRY_MAX apr_time_from_sec(600)
#define STORE_AGAIN apr_time_from_sec(1)

/* ---- what requests may do */

static int is_expired(const nts_keeper_t *k)
{
    return k->tokens.refresh && k->grant.expires && nts_keeper_wall(k) >= k->grant.expires;
}

nts_keeper_state_t nts_keeper_state(const nts_keeper_t *k)
{
    if (k->lost || k->doing == NTS_KEEPER_REFRESH || k->fresh.access) {
        return NTS_KEEPER_WAIT;
    }
    if (k->why.remedy != NTS_REMEDY_NONE &&
        (!k->tokens.access || k->wants_refresh || is_expired(k))) {
        return NTS_KEEPER_REFUSE;
    }
    return k->wants_refresh || is_expired(k) ? NTS_KEEPER_WAIT : NTS_KEEPER_USE;
}

const nts_outcome_t *nts_keeper_why(const nts_keeper_t *k)
{
    return &k->why;
}

const char *nts_keeper_token(const nts_keeper_t *k)
{
    return k->tokens.access;
}

int nts_keeper_generation(const nts_keeper_t *k)
{
    return k->generation;
}

const char *nts_keeper_bot(const nts_keeper_t *k)
{
    return k->grant.bot;
}

/* ---- when to refresh */

static apr_time_t refresh_at(const nts_keeper_t *k)
{
    apr_interval_time_t life = k->grant.expires - k->grant.refreshed;
    apr_interval_time_t early = life > 0 && life / 4 < EARLY ? life / 4 : EARLY;

    return k->grant.expires - early;
}

static int wants_refresh(const nts_keeper_t *k)
{
    if (!k->tokens.refresh) {
        return 0;
    }
    return k->wants_refresh || (k->grant.expires && nts_keeper_wall(k) >= refresh_at(k));
}

int nts_keeper_is_due(const nts_keeper_t *k)
{
    apr_time_t now = nts_keeper_mono(k);

    if (k->lost || k->doing) {
        return 0; /* also while the answer waits to be stored */
    }
    return (k->has_code && now >= k->store_at) || (wants_refresh(k) && now >= k->not_before);
}

apr_time_t nts_keeper_wakes(const nts_keeper_t *k)
{
    apr_interval_time_t left;

    if (k->lost || (k->doing && !k->fresh.access)) {
        return 0;
    }
    if (k->fresh.access || k->has_code) {
        return k->store_at ? k->store_at : nts_keeper_mono(k);
    }
    if (wants_refresh(k)) {
        return k->not_before ? k->not_before : nts_keeper_mono(k);
    }
    if (!k->grant.expires || !k->tokens.refresh) {
        return 0;
    }
    left = refresh_at(k) - nts_keeper_wall(k);
    return nts_keeper_mono(k) + (left > 0 ? left : 0);
}

void nts_keeper_accepted(nts_keeper_t *k, int generation)
{
    if (generation == k->generation) {
        k->tries = 0;
    }
}

/* ---- the end of a grant */

/* All that helps is another installation. */
static void bury(nts_keeper_t *k, const nts_outcome_t *said, const char *what)
{
    nts_oauth_grant_t grant = k->grant;
    nts_oauth_change_t change = { .grant = &grant, .drop_tokens = 1 };
    apr_pool_t *ptemp;

    (void)apr_pool_create(&ptemp, k->p);
    memset(&grant.outcome, 0, sizeof(grant.outcome));
    nts_outcome_set(&grant.outcome, ptemp, NTS_REMEDY_PERSON, "oauth.ended", "%s", what);
    grant.outcome.words = said ? said->words : NULL;
    grant.outcome.advice = nts_keeper_advice(k, ptemp);
    grant.state = "dead";
    grant.expires = 0;
    /* If this cannot be stored, a successor comes to the same end by the same way. */
    if (nts_keeper_change(k, &change) == APR_SUCCESS || !k->lost) {
        nts_log(NTS_LOG_ERROR, 0, "service %s: %s", k->config.service->name,
                nts_outcome_text(&grant.outcome, ptemp));
        nts_keeper_become(k, &grant, NULL, &grant.outcome);
        k->wants_refresh = 0;
        k->is_doubtful = 0;
    }
    apr_pool_destroy(ptemp);
}

void nts_keeper_refused(nts_keeper_t *k, int generation)
{
    if (generation != k->generation || !k->tokens.access || k->wants_refresh) {
        return; /* of a token that is gone, or known already */
    }
    if (!k->tokens.refresh) {
        bury(k, NULL,
             "the service does not accept the access token any more, and gave none to refresh it "
             "with");
    }
    else if (k->tries > 0) {
        bury(k, NULL,
             "the service does not accept the access token, although it was refreshed just now");
    }
    else {
        k->wants_refresh = 1;
    }
}

/* ---- asking */

static apr_pool_t *begin_asking(nts_keeper_t *k)
{
    (void)apr_pool_create(&k->asking, k->p);
    apr_pool_tag(k->asking, "nts_keeper");
    return k->asking;
}

static void end_asking(nts_keeper_t *k)
{
    nts_keeper_wipe(k->sent);
    nts_keeper_wipe(k->fresh.access);
    nts_keeper_wipe(k->fresh.refresh);
    k->doing = NTS_KEEPER_IDLE;
    k->sent = NULL;
    memset(&k->fresh, 0, sizeof(k->fresh));
    k->store_at = 0;
    apr_pool_destroy(k->asking);
    k->asking = NULL;
}

/* An attempt comes to this end; what was granted before goes on. */
static void fail_attempt(nts_keeper_t *k, apr_int64_t attempt, const nts_outcome_t *out)
{
    nts_oauth_change_t change = { .attempt_state = "failed",
                                  .attempt = attempt,
                                  .attempt_outcome = out };
    apr_pool_t *ptemp;

    (void)apr_pool_create(&ptemp, k->p);
    nts_log(NTS_LOG_WARNING, 0, "service %s: the installation failed: %s", k->config.service->name,
            nts_outcome_text(out, ptemp));
    apr_pool_destroy(ptemp);
    (void)nts_keeper_change(k, &change); /* else a successor, or the next look, finds it "sent" */
}

/* A code that cannot be used. */
static const nts_http_request_t *refuse_code(nts_keeper_t *k, apr_int64_t attempt, const char *code,
                                             const char *what)
{
    nts_outcome_t out = { 0 };

    nts_outcome_set(&out, k->asking, NTS_REMEDY_PERSON, code, "%s", what);
    out.advice = nts_keeper_advice(k, k->asking);
    fail_attempt(k, attempt, &out);
    end_asking(k);
    return NULL;
}

/* From here on the code counts as spent, so that nobody sends it twice; and what was held makes room. */
static int take_code(nts_keeper_t *k, const nts_oauth_attempt_t *attempt)
{
    static const nts_outcome_t none = { 0 };
    nts_oauth_grant_t grant = k->grant;
    nts_oauth_change_t change = { .drop_held = 1,
                                  .attempt_state = "sent",
                                  .attempt = attempt->number,
                                  .attempt_outcome = &none };

    grant.held = grant.held_name = NULL;
    change.grant = k->grant.held ? &grant : NULL;
    if (nts_keeper_change(k, &change) != APR_SUCCESS) {
        return 0;
    }
    k->grant.held = k->grant.held_name = NULL;
    k->attempt = attempt->number;
    k->by = attempt->by;
    return 1;
}

/* Somebody came back with a code. */
static const nts_http_request_t *begin_exchange(nts_keeper_t *k, apr_pool_t *p)
{
    apr_pool_t *asking = begin_asking(k);
    nts_oauth_attempt_t attempt;
    apr_status_t rv =
        nts_store_get_attempt(&attempt, k->config.store, k->config.service->id, asking);

    k->has_code = 0;
    if (rv != APR_SUCCESS || strcmp(attempt.state, "arrived") != 0) {
        end_asking(k);
        return NULL;
    }
    if (nts_keeper_wall(k) - attempt.at > NTS_OAUTH_LIFETIME) {
        return refuse_code(k, attempt.number, "oauth.late",
                           "the code was not exchanged within its ten minutes");
    }
    rv = k->config.code_key && k->config.tokens_key
             ? nts_store_get_secret(&k->sent, k->config.store, k->config.service, NTS_OAUTH_CODE,
                                    k->config.code_key, asking)
             : APR_EMISMATCH;
    if (rv != APR_SUCCESS) {
        return refuse_code(k, attempt.number, "oauth.code",
                           "the code that came back cannot be opened with the server's key");
    }
    if (!take_code(k, &attempt)) {
        end_asking(k);
        k->has_code = 1;
        k->store_at = nts_keeper_mono(k) + STORE_AGAIN;
        return NULL;
    }
    k->doing = NTS_KEEPER_EXCHANGE;
    return k->config.oauth->exchange(k->config.service, k->config.client_secret, k->sent, p);
}

static const nts_http_request_t *begin_refresh(nts_keeper_t *k, apr_pool_t *p)
{
    nts_oauth_grant_t grant = k->grant;
    nts_oauth_change_t change = { .grant = &grant };
    apr_pool_t *asking = begin_asking(k);

    grant.state = "refreshing";
    if (nts_keeper_change(k, &change) != APR_SUCCESS) {
        k->not_before = nts_keeper_mono(k) + STORE_AGAIN;
        end_asking(k);
        return NULL;
    }
    k->sent = apr_pstrdup(asking, k->tokens.refresh);
    k->doing = NTS_KEEPER_REFRESH;
    k->tries++;
    k->not_before = nts_keeper_mono(k) + PAUSE;
    return k->config.oauth->refresh(k->config.service, k->config.client_secret, k->sent, p);
}

const nts_http_request_t *nts_keeper_next(nts_keeper_t *k, apr_pool_t *p)
{
    if (!nts_keeper_is_due(k)) {
        return NULL;
    }
    return k->has_code && nts_keeper_mono(k) >= k->store_at ? begin_exchange(k, p)
                                                            : begin_refresh(k, p);
}

/* ---- what was granted */

static nts_oauth_grant_t grant_of(const nts_keeper_t *k, const nts_tokens_t *tokens)
{
    nts_oauth_grant_t grant = k->grant;

    memset(&grant.outcome, 0, sizeof(grant.outcome));
    grant.state = "good";
    grant.bot = tokens->bot ? tokens->bot : grant.bot;
    grant.refreshed = nts_keeper_wall(k);
    grant.expires = tokens->expires;
    if (tokens->workspace_name) {
        grant.workspace_name = tokens->workspace_name;
    }
    return grant;
}

/* Tokens of another workspace than the pinned one: kept apart until an administrator has said what he meant. */
static apr_status_t store_held(nts_keeper_t *k)
{
    nts_oauth_grant_t grant = k->grant;
    nts_oauth_change_t change = { .grant = &grant, .attempt_state = "held", .attempt = k->attempt };
    apr_status_t rv;

    grant.held = k->fresh.workspace;
    grant.held_name = k->fresh.workspace_name;
    change.held = nts_keeper_pack(&k->fresh, k->asking);
    rv = nts_keeper_change(k, &change);
    nts_keeper_wipe(change.held);
    if (rv == APR_SUCCESS) {
        nts_outcome_t why = k->why;

        nts_log(NTS_LOG_WARNING, 0,
                "service %s: the installation is for another workspace, %s instead of %s: it is "
                "held until an "
                "administrator confirms it",
                k->config.service->name, grant.held_name ? grant.held_name : grant.held,
                grant.workspace_name ? grant.workspace_name : grant.workspace);
        nts_keeper_become(k, &grant, k->tokens.access ? &k->tokens : NULL, &why);
    }
    return rv;
}

static apr_status_t store_grant(nts_keeper_t *k)
{
    int is_new = k->doing == NTS_KEEPER_EXCHANGE;
    nts_oauth_grant_t grant = grant_of(k, &k->fresh);
    nts_oauth_change_t change = { .grant = &grant };
    static const nts_outcome_t fine = { 0 };
    apr_status_t rv;

    if (is_new) {
        grant.workspace = k->fresh.workspace;
        grant.by = k->by;
        grant.installed = grant.refreshed;
        grant.held = grant.held_name = NULL;
        change.drop_held = 1;
        change.attempt_state = "done";
        change.attempt = k->attempt;
    }
    change.tokens = nts_keeper_pack(&k->fresh, k->asking);
    rv = nts_keeper_change(k, &change);
    nts_keeper_wipe(change.tokens);
    if (rv == APR_SUCCESS) {
        nts_log(NTS_LOG_NOTICE, 0, "service %s: %s", k->config.service->name,
                is_new ? "was installed" : "its access token was refreshed");
        nts_keeper_become(k, &grant, &k->fresh, &fine);
        k->generation++;
        k->wants_refresh = k->is_doubtful = k->failures = 0;
        k->tries = is_new ? 0 : k->tries;
    }
    return rv;
}

/* What was answered is in memory only until this has worked: nobody uses it before. */
static void store_fresh(nts_keeper_t *k)
{
    int is_other = k->doing == NTS_KEEPER_EXCHANGE && k->grant.workspace &&
                   strcmp(k->grant.workspace, k->fresh.workspace) != 0;
    apr_status_t rv = is_other ? store_held(k) : store_grant(k);

    if (rv == APR_SUCCESS || k->lost) {
        end_asking(k);
        return;
    }
    if (!k->store_at) {
        nts_log(
            NTS_LOG_ERROR, rv,
            "service %s: new tokens cannot be stored; nothing is asked with them until they are",
            k->config.service->name);
    }
    k->store_at = nts_keeper_mono(k) + STORE_AGAIN;
}

void nts_keeper_retry(nts_keeper_t *k)
{
    if (k->fresh.access && nts_keeper_mono(k) >= k->store_at) {
        store_fresh(k);
    }
}

/* ---- answers */

static void exchange_failed(nts_keeper_t *k, nts_outcome_t *out)
{
    out->remedy = NTS_REMEDY_PERSON; /* a code is for once: nobody but a person can begin again */
    out->retry_at = 0;
    out->advice = out->advice ? out->advice : nts_keeper_advice(k, k->asking);
    fail_attempt(k, k->attempt, out);
}

/* The refresh token may be good still: later again, and say so meanwhile. */
static void refresh_later(nts_keeper_t *k, nts_outcome_t *out, nts_token_result_t result)
{
    apr_interval_time_t wait =
        nts_backoff(++k->failures, k->config.random,
                    result == NTS_TOKEN_REFUSED ? PERSON_BASE : BUSY_BASE, RETRY_MAX);
    apr_interval_time_t asked = out->retry_at ? out->retry_at - nts_keeper_wall(k) : 0;
    nts_oauth_grant_t grant = k->grant;
    nts_oauth_change_t change = { .grant = &grant };
    nts_tokens_t tokens = k->tokens;

    asked = asked > RETRY_MAX ? RETRY_MAX : asked;
    wait = asked > wait ? asked : wait;
    wait = wait < PAUSE && result == NTS_TOKEN_UNKNOWN ? PAUSE : wait;
    k->not_before = nts_keeper_mono(k) + wait;
    k->is_doubtful |= result == NTS_TOKEN_UNKNOWN;
    k->tries--; /* nothing came of it */
    out->retry_at = nts_keeper_wall(k) + wait;
    grant.state = k->is_doubtful ? "refreshing" : "good";
    grant.outcome = *out;
    (void)nts_keeper_change(
        k, &change); /* "refreshing" is stored already, which is on the safe side */
    nts_log(NTS_LOG_WARNING, 0, "service %s: the access token cannot be refreshed: %s",
            k->config.service->name, nts_outcome_text(out, k->asking));
    nts_keeper_become(k, &grant, &tokens, out);
}

static void refresh_failed(nts_keeper_t *k, nts_outcome_t *out, nts_token_result_t result)
{
    if (result == NTS_TOKEN_INVALID) {
        bury(k, out,
             k->is_doubtful ? "the answer to a refresh was lost, and the service knows the refresh "
                              "token as spent"
                            : "the service has ended the installation: it was removed there, or "
                              "its refresh token "
                              "was used elsewhere");
        return;
    }
    refresh_later(k, out, result);
}

void nts_keeper_take(nts_keeper_t *k, const nts_http_answer_t *http)
{
    int is_exchange = k->doing == NTS_KEEPER_EXCHANGE;
    nts_outcome_t out = { 0 };
    nts_token_result_t result =
        k->config.oauth->take(&k->fresh, &out, http, k->sent, nts_keeper_wall(k), k->asking);

    if (result == NTS_TOKEN_OK && !is_exchange &&
        !nts_str_same(k->grant.workspace, k->fresh.workspace)) {
        bury(k, NULL, "a refresh was answered with tokens of another workspace");
        end_asking(k);
        return;
    }
    if (result == NTS_TOKEN_OK) {
        if (!is_exchange && !k->fresh.refresh) {
            k->fresh.refresh = apr_pstrdup(k->asking, k->tokens.refresh); /* RFC 6749, 6 */
        }
        store_fresh(k);
        return;
    }
    memset(&k->fresh, 0, sizeof(k->fresh));
    if (is_exchange) {
        exchange_failed(k, &out);
    }
    else {
        refresh_failed(k, &out, result);
    }
    end_asking(k);
}

/* ---- news */

void nts_keeper_look(nts_keeper_t *k)
{
    nts_oauth_attempt_t attempt;
    nts_outcome_t out = { 0 };
    apr_pool_t *ptemp;

    if (k->lost || k->doing || k->fresh.access) {
        return; /* looked at again when that has ended */
    }
    (void)apr_pool_create(&ptemp, k->p);
    if (nts_store_get_attempt(&attempt, k->config.store, k->config.service->id, ptemp) ==
        APR_SUCCESS) {
        k->has_code = strcmp(attempt.state, "arrived") == 0;
        if (strcmp(attempt.state, "accepted") == 0 || strcmp(attempt.state, "discarded") == 0) {
            nts_keeper_settle_held(k, &attempt);
        }
        else if (strcmp(attempt.state, "sent") == 0) {
            nts_outcome_set(&out, ptemp, NTS_REMEDY_PERSON, "oauth.interrupted",
                            "the server stopped while it exchanged the code, and does not know "
                            "what came of it");
            out.advice = nts_keeper_advice(k, ptemp);
            fail_attempt(k, attempt.number, &out);
        }
    }
    apr_pool_destroy(ptemp);
}
