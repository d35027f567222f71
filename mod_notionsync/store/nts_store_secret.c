/* nts_store_secret.c - sealed secrets, and the webhook handshake that brings one in. */
#include <string.h>

#include "store/nts_store_impl.h"

#define PURPOSE_HOOK "hook"

static const nts_stmt_t put_secret = {
    "INSERT OR REPLACE INTO secret (service, purpose, sealed, at)"
    " VALUES (%lld, %s, %s, %lld)"
};
static const nts_stmt_t get_secret = { "SELECT sealed FROM secret WHERE service = %lld"
                                       " AND purpose = %s" };
static const nts_stmt_t put_hook = { "INSERT OR REPLACE INTO hook (service, state, expires, "
                                     "last_event) VALUES (%lld, %s, %lld, %lld)" };
static const nts_stmt_t get_hook = { "SELECT state, expires, last_event FROM hook"
                                     " WHERE service = %lld" };
static const nts_stmt_t end_pending = { "UPDATE hook SET state = 'arrived' WHERE service = %lld"
                                        " AND state = 'pending' AND expires > %lld" };

/* A sealed text opens only where it was put. Names contain no line breaks. */
static const char *binding_of(const nts_service_t *service, const char *purpose, apr_pool_t *p)
{
    return apr_pstrcat(p, service->vhost ? service->vhost : "", "\n", service->name, "\n", purpose,
                       NULL);
}

static apr_status_t seal_and_put(nts_store_t *store, const nts_service_t *service,
                                 const char *purpose, const nts_key_t *key, const char *secret,
                                 apr_pool_t *ptemp)
{
    const char *sealed;
    apr_status_t rv = nts_seal(&sealed, key, binding_of(service, purpose, ptemp), secret, ptemp);

    if (rv == APR_SUCCESS) {
        rv = nts_db_exec(NULL, store->db, &put_secret,
                         NTS_ARGS(nts_int(service->id), nts_text(purpose), nts_text(sealed),
                                  nts_int(nts_store_now(store))));
    }
    return rv;
}

apr_status_t nts_store_put_secret(nts_store_t *store, const nts_service_t *service,
                                  const char *purpose, const nts_key_t *key, const char *secret)
{
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = seal_and_put(store, service, purpose, key, secret, nts_store_scratch(store));
    return nts_unit_leave(store, own, rv);
}

apr_status_t nts_store_get_secret(const char **secret, nts_store_t *store,
                                  const nts_service_t *service, const char *purpose,
                                  const nts_key_t *key, apr_pool_t *p)
{
    apr_pool_t *ptemp = nts_store_scratch(store);
    nts_rows_t rows;
    apr_status_t rv;

    *secret = NULL;
    rv = nts_db_select(&rows, store->db, &get_secret,
                       NTS_ARGS(nts_int(service->id), nts_text(purpose)), ptemp);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!nts_rows_next(&rows)) {
        return APR_ENOENT;
    }
    return nts_unseal(secret, key, binding_of(service, purpose, ptemp), nts_rows_text(&rows, 0), p);
}

apr_status_t nts_store_get_hook(nts_hook_t *hook, nts_store_t *store, apr_int64_t service,
                                apr_pool_t *p)
{
    nts_rows_t rows;
    int found;
    apr_status_t rv = nts_get_of_service(&rows, &found, store, &get_hook, service);

    memset(hook, 0, sizeof(*hook));
    hook->state = "none";
    if (found) {
        hook->state = nts_row_copy(&rows, 0, p);
        hook->expires = nts_rows_int(&rows, 1);
        hook->last_event = nts_rows_int(&rows, 2);
    }
    return rv;
}

apr_status_t nts_store_put_hook(nts_store_t *store, apr_int64_t service, const nts_hook_t *hook)
{
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = nts_db_exec(NULL, store->db, &put_hook,
                     NTS_ARGS(nts_int(service), nts_text(hook->state), nts_int(hook->expires),
                              nts_int(hook->last_event)));
    return nts_unit_leave(store, own, rv);
}

apr_status_t nts_store_take_handshake(nts_store_t *store, const nts_service_t *service,
                                      const nts_key_t *key, const char *token)
{
    int changed = 0;
    int own;
    apr_status_t rv = nts_unit_enter(&own, store);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = nts_db_exec(&changed, store->db, &end_pending,
                     NTS_ARGS(nts_int(service->id), nts_int(nts_store_now(store))));
    if (rv == APR_SUCCESS && changed == 0) {
        rv = APR_EEXIST;
    }
    if (rv == APR_SUCCESS) {
        rv = seal_and_put(store, service, PURPOSE_HOOK, key, token, nts_store_scratch(store));
    }
    return nts_unit_leave(store, own, rv);
}
