/* nts_store_oauth.c - installations through OAuth. */
#include <string.h>

#include "store/nts_store_impl.h"
#include "store/nts_store_oauth.h"

/* Of one service: more than administrators begin within ten minutes. */
#define STATES_MAX "20"

static const nts_stmt_t put_state = {
    "INSERT INTO oauth_state (hash, service, browser, by, expires)"
    " VALUES (%s, %lld, %s, %s, %lld)"
};
static const nts_stmt_t get_state = { "SELECT service, browser, by, expires FROM oauth_state"
                                      " WHERE hash = %s" };
static const nts_stmt_t drop_state = { "DELETE FROM oauth_state WHERE hash = %s" };
/* One that seems to expire later than any can was made by a clock that was set back since (D56). */
static const nts_stmt_t drop_old = { "DELETE FROM oauth_state WHERE expires <= %lld"
                                     " OR expires > %lld" };
static const nts_stmt_t drop_many = {
    "DELETE FROM oauth_state WHERE service = %lld AND hash NOT IN (SELECT hash FROM oauth_state"
    " WHERE service = %lld ORDER BY expires DESC LIMIT " STATES_MAX ")"
};

static const nts_stmt_t get_attempt = { "SELECT number, state, by, at, outcome FROM oauth_attempt"
                                        " WHERE service = %lld" };
static const nts_stmt_t put_attempt = {
    "INSERT INTO oauth_attempt (service, number, state, by, at, outcome)"
    " VALUES (%lld, 1, %s, %s, %lld, %s)"
    " ON CONFLICT (service) DO UPDATE SET number = number + 1, state = excluded.state,"
    " by = excluded.by, at = excluded.at, outcome = excluded.outcome"
};
static const nts_stmt_t carry_attempt = { "UPDATE oauth_attempt SET state = %s, outcome = %s"
                                          " WHERE service = %lld AND number = %lld" };
static const nts_stmt_t answer_attempt = { "UPDATE oauth_attempt SET state = %s"
                                           " WHERE service = %lld AND number = %lld"
                                           " AND state = 'held'" };

static const nts_stmt_t get_grant = {
    "SELECT state, outcome, workspace, workspace_name, bot, by, installed, refreshed, expires,"
    " held, held_name FROM oauth_grant WHERE service = %lld"
};
static const nts_stmt_t put_grant = {
    "INSERT OR REPLACE INTO oauth_grant (service, state, outcome, workspace, workspace_name, bot,"
    " by, installed, refreshed, expires, held, held_name)"
    " VALUES (%lld, %s, %s, %s, %s, %s, %s, %lld, %lld, %lld, %s, %s)"
};
static const nts_stmt_t drop_secret = { "DELETE FROM secret WHERE service = %lld"
                                        " AND purpose = %s" };

/* ---- reading */

apr_status_t nts_store_get_attempt(nts_oauth_attempt_t *attempt, nts_store_t *store,
                                   apr_int64_t service, apr_pool_t *p)
{
    nts_rows_t rows;
    int found;
    apr_status_t rv = nts_get_of_service(&rows, &found, store, &get_attempt, service);

    memset(attempt, 0, sizeof(*attempt));
    attempt->state = "none";
    if (found) {
        attempt->number = nts_rows_int(&rows, 0);
        attempt->state = nts_row_copy(&rows, 1, p);
        attempt->by = nts_row_copy(&rows, 2, p);
        attempt->at = nts_rows_int(&rows, 3);
        rv = nts_outcome_fetch(&attempt->outcome, nts_rows_text(&rows, 4), p);
    }
    return rv;
}

apr_status_t nts_store_get_grant(nts_oauth_grant_t *grant, nts_store_t *store, apr_int64_t service,
                                 apr_pool_t *p)
{
    nts_rows_t rows;
    int found;
    apr_status_t rv = nts_get_of_service(&rows, &found, store, &get_grant, service);

    memset(grant, 0, sizeof(*grant));
    grant->state = "none";
    if (found) {
        grant->state = nts_row_copy(&rows, 0, p);
        rv = nts_outcome_fetch(&grant->outcome, nts_rows_text(&rows, 1), p);
        grant->workspace = nts_row_copy(&rows, 2, p);
        grant->workspace_name = nts_row_copy(&rows, 3, p);
        grant->bot = nts_row_copy(&rows, 4, p);
        grant->by = nts_row_copy(&rows, 5, p);
        grant->installed = nts_rows_int(&rows, 6);
        grant->refreshed = nts_rows_int(&rows, 7);
        grant->expires = nts_rows_int(&rows, 8);
        grant->held = nts_row_copy(&rows, 9, p);
        grant->held_name = nts_row_copy(&rows, 10, p);
    }
    return rv;
}

/* ---- states */

apr_status_t nts_store_put_oauth_state(nts_store_t *store, apr_int64_t service, const char *hash,
                                       const char *browser, const char *by)
{
    apr_time_t now = nts_store_now(store);
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = nts_db_exec(NULL, store->db, &drop_old,
                     NTS_ARGS(nts_int(now), nts_int(now + NTS_OAUTH_LIFETIME)));
    if (rv == APR_SUCCESS) {
        rv = nts_db_exec(NULL, store->db, &put_state,
                         NTS_ARGS(nts_text(hash), nts_int(service), nts_text(browser), nts_text(by),
                                  nts_int(now + NTS_OAUTH_LIFETIME)));
    }
    if (rv == APR_SUCCESS) {
        rv = nts_db_exec(NULL, store->db, &drop_many, NTS_ARGS(nts_int(service), nts_int(service)));
    }
    return nts_unit_leave(store, own, rv);
}

typedef struct state_t {
    apr_int64_t service;
    const char *browser;
    const char *by;
    apr_time_t expires;
} state_t;

static apr_status_t find_state(state_t *state, nts_store_t *store, const char *hash)
{
    apr_pool_t *ptemp = nts_store_scratch(store);
    nts_rows_t rows;
    apr_status_t rv = nts_db_select(&rows, store->db, &get_state, NTS_ARGS(nts_text(hash)), ptemp);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!nts_rows_next(&rows)) {
        return APR_ENOENT;
    }
    state->service = nts_rows_int(&rows, 0);
    state->browser = nts_row_copy(&rows, 1, ptemp);
    state->by = nts_row_copy(&rows, 2, ptemp);
    state->expires = nts_rows_int(&rows, 3);
    return APR_SUCCESS;
}

/* What an unsuccessful one changes, that it is used up, is stored as well: hence no failure inside the unit. */
apr_status_t nts_store_take_oauth_state(apr_int64_t *service, nts_store_t *store, const char *hash,
                                        const char *browser, const char *by)
{
    apr_time_t now = nts_store_now(store);
    apr_status_t verdict = APR_SUCCESS;
    state_t state = { 0 };
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    *service = 0;
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = find_state(&state, store, hash);
    if (APR_STATUS_IS_ENOENT(rv)) {
        rv = nts_unit_leave(store, own, APR_SUCCESS);
        return rv == APR_SUCCESS ? APR_ENOENT : rv;
    }
    if (rv == APR_SUCCESS) {
        if (state.expires <= now || state.expires > now + NTS_OAUTH_LIFETIME) {
            verdict = APR_ENOENT;
        }
        else if (strcmp(state.browser, browser) != 0 || strcmp(state.by, by) != 0) {
            verdict = APR_EACCES;
        }
        *service = state.service;
        rv = nts_db_exec(NULL, store->db, &drop_state, NTS_ARGS(nts_text(hash)));
    }
    rv = nts_unit_leave(store, own, rv);
    return rv == APR_SUCCESS ? verdict : rv;
}

/* ---- attempts */

static apr_status_t forget_secret(nts_store_t *store, const nts_service_t *service,
                                  const char *purpose)
{
    return nts_db_exec(NULL, store->db, &drop_secret,
                       NTS_ARGS(nts_int(service->id), nts_text(purpose)));
}

apr_status_t nts_store_put_attempt(nts_store_t *store, const nts_service_t *service,
                                   const nts_key_t *key, const char *code, const char *by,
                                   const nts_outcome_t *out)
{
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = code ? nts_store_put_secret(store, service, NTS_OAUTH_CODE, key, code)
              : forget_secret(store, service, NTS_OAUTH_CODE);
    if (rv == APR_SUCCESS) {
        rv = nts_db_exec(
            NULL, store->db, &put_attempt,
            NTS_ARGS(nts_int(service->id), nts_text(code ? "arrived" : "failed"), nts_text(by),
                     nts_int(nts_store_now(store)),
                     nts_text(out ? nts_outcome_store(out, nts_store_scratch(store)) : NULL)));
    }
    return nts_unit_leave(store, own, rv);
}

apr_status_t nts_store_answer_held(nts_store_t *store, apr_int64_t service, apr_int64_t number,
                                   int accept)
{
    int changed = 0;
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = nts_db_exec(
        &changed, store->db, &answer_attempt,
        NTS_ARGS(nts_text(accept ? "accepted" : "discarded"), nts_int(service), nts_int(number)));
    rv = nts_unit_leave(store, own, rv);
    return rv == APR_SUCCESS && changed == 0 ? APR_ENOENT : rv;
}

/* ---- what the worker changes */

static apr_status_t write_grant(nts_store_t *store, apr_int64_t service,
                                const nts_oauth_grant_t *grant)
{
    return nts_db_exec(
        NULL, store->db, &put_grant,
        NTS_ARGS(nts_int(service), nts_text(grant->state),
                 nts_text(nts_outcome_store(&grant->outcome, nts_store_scratch(store))),
                 nts_text(grant->workspace), nts_text(grant->workspace_name), nts_text(grant->bot),
                 nts_text(grant->by), nts_int(grant->installed), nts_int(grant->refreshed),
                 nts_int(grant->expires), nts_text(grant->held), nts_text(grant->held_name)));
}

static apr_status_t write_attempt(nts_store_t *store, const nts_service_t *service,
                                  const nts_oauth_change_t *change)
{
    const char *outcome = change->attempt_outcome
                              ? nts_outcome_store(change->attempt_outcome, nts_store_scratch(store))
                              : NULL;
    int changed = 0;
    apr_status_t rv = nts_db_exec(&changed, store->db, &carry_attempt,
                                  NTS_ARGS(nts_text(change->attempt_state), nts_text(outcome),
                                           nts_int(service->id), nts_int(change->attempt)));

    /* A newer attempt has a code of its own. */
    return rv == APR_SUCCESS && changed ? forget_secret(store, service, NTS_OAUTH_CODE) : rv;
}

static apr_status_t write_secrets(nts_store_t *store, const nts_service_t *service,
                                  const nts_key_t *key, const nts_oauth_change_t *change)
{
    apr_status_t rv = APR_SUCCESS;

    if (change->drop_tokens) {
        rv = forget_secret(store, service, NTS_OAUTH_TOKENS);
    }
    if (change->drop_held && rv == APR_SUCCESS) {
        rv = forget_secret(store, service, NTS_OAUTH_HELD);
    }
    if (change->tokens && rv == APR_SUCCESS) {
        rv = nts_store_put_secret(store, service, NTS_OAUTH_TOKENS, key, change->tokens);
    }
    if (change->held && rv == APR_SUCCESS) {
        rv = nts_store_put_secret(store, service, NTS_OAUTH_HELD, key, change->held);
    }
    return rv;
}

apr_status_t nts_store_change_oauth(nts_store_t *store, const char *group, apr_int64_t epoch,
                                    const nts_service_t *service, const nts_key_t *key,
                                    const nts_oauth_change_t *change)
{
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!nts_store_owns_group(store, group, epoch)) {
        return nts_unit_leave(store, own, APR_EBUSY);
    }
    rv = write_secrets(store, service, key, change);
    if (rv == APR_SUCCESS && change->grant) {
        rv = write_grant(store, service->id, change->grant);
    }
    if (rv == APR_SUCCESS && change->attempt_state) {
        rv = write_attempt(store, service, change);
    }
    return nts_unit_leave(store, own, rv);
}
