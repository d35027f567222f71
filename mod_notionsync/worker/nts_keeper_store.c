/* nts_keeper_store.c - what a keeper keeps: in memory, and sealed in the state store. */
#include <string.h>

#include "base/nts_log.h"
#include "base/nts_str.h"
#include "worker/nts_keeper_impl.h"

/* Through volatile, so that it is not optimised away. */
void nts_keeper_wipe(const char *secret)
{
    volatile char *c = (volatile char *)secret;

    while (c && *c) {
        *c++ = '\0';
    }
}

const char *nts_keeper_advice(const nts_keeper_t *k, apr_pool_t *p)
{
    return apr_pstrcat(p, "install it as an administrator: ",
                       nts_service_install_address(k->config.service, p), NULL);
}

const char *nts_keeper_pack(const nts_tokens_t *tokens, apr_pool_t *p)
{
    nts_json_t *root = nts_json_make_object(p);

    nts_json_add_string(root, "access", tokens->access);
    if (tokens->refresh) {
        nts_json_add_string(root, "refresh", tokens->refresh);
    }
    nts_json_add_int(root, "expires", tokens->expires);
    if (tokens->bot) {
        nts_json_add_string(root, "bot", tokens->bot);
    }
    return nts_json_text(root, p);
}

static apr_status_t unpack(nts_tokens_t *tokens, const char *text, apr_pool_t *p)
{
    const nts_json_t *root;

    memset(tokens, 0, sizeof(*tokens));
    if (nts_json_parse(&root, text, strlen(text), NULL, p) != APR_SUCCESS) {
        return APR_EMISMATCH;
    }
    tokens->access = nts_json_get_string(root, "access");
    tokens->refresh = nts_json_get_string(root, "refresh");
    tokens->expires = nts_json_get_int(root, "expires", 0);
    tokens->bot = nts_json_get_string(root, "bot");
    return tokens->access ? APR_SUCCESS : APR_EMISMATCH;
}

static apr_status_t open_tokens(nts_tokens_t *tokens, nts_keeper_t *k, const char *purpose,
                                apr_pool_t *p)
{
    const char *text;
    apr_status_t rv;

    if (!k->config.tokens_key) {
        return APR_EMISMATCH;
    }
    rv = nts_store_get_secret(&text, k->config.store, k->config.service, purpose,
                              k->config.tokens_key, p);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = unpack(tokens, text, p);
    nts_keeper_wipe(text);
    return rv;
}

void nts_keeper_become(nts_keeper_t *k, const nts_oauth_grant_t *grant, const nts_tokens_t *tokens,
                       const nts_outcome_t *why)
{
    nts_oauth_grant_t renewed = *grant;
    nts_tokens_t kept = { 0 };
    nts_outcome_t reason;
    apr_pool_t *old = k->texts;
    apr_pool_t *p;

    (void)apr_pool_create(&p, k->p);
    apr_pool_tag(p, "nts_keeper texts");
    nts_outcome_copy(&renewed.outcome, &grant->outcome, p);
    nts_outcome_copy(&reason, why, p);
    renewed.state = apr_pstrdup(p, grant->state);
    renewed.workspace = apr_pstrdup(p, grant->workspace);
    renewed.workspace_name = apr_pstrdup(p, grant->workspace_name);
    renewed.bot = apr_pstrdup(p, grant->bot);
    renewed.by = apr_pstrdup(p, grant->by);
    renewed.held = apr_pstrdup(p, grant->held);
    renewed.held_name = apr_pstrdup(p, grant->held_name);
    if (tokens) {
        kept.access = apr_pstrdup(p, tokens->access);
        kept.refresh = apr_pstrdup(p, tokens->refresh);
    }
    nts_keeper_wipe(k->tokens.access);
    nts_keeper_wipe(k->tokens.refresh);
    k->grant = renewed;
    k->tokens = kept;
    k->why = reason;
    k->texts = p;
    if (old) {
        apr_pool_destroy(old);
    }
}

apr_status_t nts_keeper_change(nts_keeper_t *k, const nts_oauth_change_t *change)
{
    const nts_keeper_config_t *config = &k->config;
    apr_status_t rv;

    if ((change->tokens || change->held) && !config->tokens_key) {
        return APR_EACCES;
    }
    rv = nts_store_change_oauth(config->store, config->group, config->epoch, config->service,
                                config->tokens_key, change);
    k->lost |= rv == APR_EBUSY;
    return rv;
}

static void load_good(nts_keeper_t *k, const nts_oauth_grant_t *grant, apr_pool_t *ptemp)
{
    nts_tokens_t tokens;
    nts_outcome_t why = { 0 };

    if (open_tokens(&tokens, k, NTS_OAUTH_TOKENS, ptemp) == APR_SUCCESS) {
        nts_keeper_become(k, grant, &tokens, &why);
        nts_keeper_wipe(tokens.access);
        nts_keeper_wipe(tokens.refresh);
        /* Whoever was about to refresh did not come to an end: the answer, if there was one, is lost. */
        k->wants_refresh = k->is_doubtful = strcmp(grant->state, "refreshing") == 0;
        return;
    }
    nts_outcome_set(
        &why, ptemp, NTS_REMEDY_PERSON, "oauth.sealed",
        "the stored tokens cannot be opened with the server's key (NotionSyncSecretKey)");
    why.advice =
        apr_pstrcat(ptemp, "put the former key back, or ", nts_keeper_advice(k, ptemp), NULL);
    nts_keeper_become(k, grant, NULL, &why);
}

void nts_keeper_load(nts_keeper_t *k)
{
    nts_oauth_grant_t grant;
    nts_outcome_t why = { 0 };
    apr_pool_t *ptemp;
    apr_status_t rv;

    (void)apr_pool_create(&ptemp, k->p);
    rv = nts_store_get_grant(&grant, k->config.store, k->config.service->id, ptemp);
    if (rv != APR_SUCCESS) {
        nts_outcome_set(&why, ptemp, NTS_REMEDY_PERSON, "oauth.store",
                        "the state store did not say what was granted");
        why.advice = "see the server's error log, and restart httpd";
        nts_keeper_become(k, &grant, NULL, &why);
    }
    else if (strcmp(grant.state, "none") == 0) {
        nts_outcome_set(&why, ptemp, NTS_REMEDY_PERSON, "oauth.not_installed",
                        "the service %s was not installed yet", k->config.service->name);
        why.advice = nts_keeper_advice(k, ptemp);
        nts_keeper_become(k, &grant, NULL, &why);
    }
    else if (strcmp(grant.state, "dead") == 0) {
        nts_keeper_become(k, &grant, NULL, &grant.outcome);
    }
    else {
        load_good(k, &grant, ptemp);
    }
    apr_pool_destroy(ptemp);
}

/* ---- another workspace */

static void discard_held(nts_keeper_t *k, apr_int64_t number)
{
    nts_oauth_grant_t grant = k->grant;
    nts_oauth_change_t change = {
        .grant = &grant, .drop_held = 1, .attempt_state = "done", .attempt = number
    };

    grant.held = grant.held_name = NULL;
    if (nts_keeper_change(k, &change) == APR_SUCCESS) {
        nts_outcome_t why = k->why;
        nts_tokens_t tokens = k->tokens;

        nts_keeper_become(k, &grant, tokens.access ? &tokens : NULL, &why);
    }
}

static void adopt_held(nts_keeper_t *k, const nts_oauth_attempt_t *attempt, apr_pool_t *ptemp)
{
    static const nts_outcome_t fine = { 0 };
    nts_oauth_grant_t grant = k->grant;
    nts_oauth_change_t change = {
        .grant = &grant, .drop_held = 1, .attempt_state = "done", .attempt = attempt->number
    };
    nts_tokens_t tokens;

    if (open_tokens(&tokens, k, NTS_OAUTH_HELD, ptemp) != APR_SUCCESS || !grant.held) {
        discard_held(k, attempt->number);
        return;
    }
    memset(&grant.outcome, 0, sizeof(grant.outcome));
    grant.state = "good";
    grant.workspace = grant.held;
    grant.workspace_name = grant.held_name;
    grant.bot = tokens.bot;
    grant.by = attempt->by;
    grant.installed = attempt->at;
    grant.refreshed = attempt->at;
    grant.expires = tokens.expires;
    grant.held = grant.held_name = NULL;
    change.tokens = nts_keeper_pack(&tokens, ptemp);
    if (nts_keeper_change(k, &change) == APR_SUCCESS) {
        nts_log(
            NTS_LOG_NOTICE, 0, "service %s: was installed in another workspace, %s, as confirmed",
            k->config.service->name, grant.workspace_name ? grant.workspace_name : grant.workspace);
        nts_keeper_become(k, &grant, &tokens, &fine);
        k->generation++;
        k->wants_refresh = k->is_doubtful = k->tries = k->failures = 0;
    }
    nts_keeper_wipe(change.tokens);
    nts_keeper_wipe(tokens.access);
    nts_keeper_wipe(tokens.refresh);
}

void nts_keeper_settle_held(nts_keeper_t *k, const nts_oauth_attempt_t *attempt)
{
    apr_pool_t *ptemp;

    if (strcmp(attempt->state, "discarded") == 0) {
        discard_held(k, attempt->number);
        return;
    }
    (void)apr_pool_create(&ptemp, k->p);
    adopt_held(k, attempt, ptemp);
    apr_pool_destroy(ptemp);
}

/* ---- begin and end */

nts_keeper_t *nts_keeper_create(const nts_keeper_config_t *config, apr_pool_t *p)
{
    nts_keeper_t *k = apr_pcalloc(p, sizeof(*k));

    k->config = *config;
    k->p = p;
    nts_keeper_load(k);
    nts_keeper_look(k);
    return k;
}

void nts_keeper_close(nts_keeper_t *k)
{
    nts_keeper_wipe(k->tokens.access);
    nts_keeper_wipe(k->tokens.refresh);
    nts_keeper_wipe(k->sent);
    nts_keeper_wipe(k->fresh.access);
    nts_keeper_wipe(k->fresh.refresh);
    k->lost = 1; /* whatever still comes is nobody's */
}
