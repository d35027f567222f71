/* mns_facts_install.c - what is known of an installation through OAuth. */
#include <string.h>

#include "httpd/mns_install.h"
#include "store/nts_store_oauth.h"

static void add_grant(nts_json_t *node, const nts_oauth_grant_t *grant, const mns_page_t *page)
{
    apr_pool_t *p = page->r->pool;
    int is_none = strcmp(grant->state, "none") == 0;

    nts_json_add_string(node, "state",
                        is_none                             ? "not installed"
                        : strcmp(grant->state, "good") == 0 ? "installed"
                        : strcmp(grant->state, "dead") == 0 ? "ended"
                                                            : "refreshing");
    if (is_none) {
        return;
    }
    mns_fact_time(node, "installed", grant->installed, p);
    mns_fact_time(node, "refreshed", grant->refreshed, p);
    mns_fact_time(node, "expires", grant->expires, p);
    mns_fact_outcome(node, "outcome", &grant->outcome, page);
    if (page->access.full) {
        nts_json_add_string(node, "workspace",
                            grant->workspace_name ? grant->workspace_name : grant->workspace);
        nts_json_add_string(node, "by", grant->by ? grant->by : "");
    }
}

static void add_attempt(nts_json_t *parent, const nts_oauth_attempt_t *attempt,
                        const nts_oauth_grant_t *grant, const mns_page_t *page)
{
    nts_json_t *node;

    if (attempt->number == 0 || !page->access.full) {
        return;
    }
    node = nts_json_add_object(parent, "attempt");
    nts_json_add_int(node, "number", attempt->number);
    nts_json_add_string(node, "state", attempt->state);
    nts_json_add_string(node, "by", attempt->by);
    mns_fact_time(node, "at", attempt->at, page->r->pool);
    mns_fact_outcome(node, "outcome", &attempt->outcome, page);
    if (grant->held && strcmp(attempt->state, "held") == 0) {
        nts_json_add_string(node, "workspace", grant->held_name ? grant->held_name : grant->held);
        nts_json_add_string(node, "workspace_id", grant->held);
    }
}

apr_status_t mns_fact_install(nts_json_t *parent, const mns_page_t *page,
                              const nts_service_t *service)
{
    apr_pool_t *p = page->r->pool;
    nts_json_t *node = nts_json_add_object(parent, "oauth");
    nts_oauth_attempt_t attempt;
    nts_oauth_grant_t grant;
    apr_status_t rv = nts_store_get_grant(&grant, page->store, service->id, p);

    if (rv == APR_SUCCESS) {
        rv = nts_store_get_attempt(&attempt, page->store, service->id, p);
    }
    if (rv == APR_SUCCESS) {
        add_grant(node, &grant, page);
        add_attempt(node, &attempt, &grant, page);
        nts_json_add_string(node, "address", nts_service_install_address(service, p));
    }
    return rv;
}
