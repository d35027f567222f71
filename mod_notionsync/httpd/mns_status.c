/* mns_status.c - requests for the dashboard. */
#include "config.h"

#include <string.h>

#include <httpd.h>
#include <http_log.h>

#include "httpd/mns_query.h"
#include "httpd/mns_serve.h"
#include "httpd/mns_status.h"

APLOG_USE_MODULE(notionsync);

typedef struct page_kind_t {
    const char *name;
    int needs_mapping;
    int needs_access; /* it has nothing but values */
    apr_status_t (*gather)(mns_page_t *page);
} page_kind_t;

static const page_kind_t kinds[] = {
    { "overview", 0, 0, mns_facts_overview },   { "mapping", 1, 0, mns_facts_mapping },
    { "record", 1, 1, mns_facts_record },       { "audit", 0, 1, mns_facts_audit },
    { "conflicts", 0, 1, mns_facts_conflicts }, { "held", 0, 1, mns_facts_held },
    { "failures", 0, 1, mns_facts_failures },   { "plan", 1, 1, mns_facts_plan },
};

/* ---- whose mappings ---- */

static int has_sections(const mns_server_t *server)
{
    return server->services->nelts > 0 || server->mappings->nelts > 0;
}

int mns_page_shows(const mns_page_t *page, const nts_mapping_t *mapping)
{
    return !strcmp(mapping->vhost, page->server->vhost);
}

int mns_page_shows_service(const mns_page_t *page, const nts_service_t *service)
{
    int i;

    if (!strcmp(service->vhost, page->server->vhost)) {
        return 1;
    }
    /* The main server's, that a mapping here uses. */
    for (i = 0; i < page->core->setup.mapping_count; i++) {
        const nts_mapping_t *mapping = page->core->setup.mappings[i];

        if (mns_page_shows(page, mapping) &&
            (mapping->notion == service || mapping->external == service)) {
            return 1;
        }
    }
    return 0;
}

nts_mapping_t *mns_page_find(const mns_page_t *page, const char *name)
{
    int i;

    for (i = 0; i < page->core->setup.mapping_count; i++) {
        nts_mapping_t *mapping = page->core->setup.mappings[i];

        if (mns_page_shows(page, mapping) && !strcmp(mapping->name, name)) {
            return mapping;
        }
    }
    return NULL;
}

const nts_mapping_t *mns_page_whole(const nts_mapping_t *mapping, nts_store_t *store, apr_pool_t *p)
{
    nts_mapping_t *whole;

    if (!mapping->auto_fields) {
        return mapping;
    }
    whole = apr_pmemdup(p, mapping, sizeof(*whole));
    return nts_store_get_pairs(store, whole, p) == APR_SUCCESS ? whole : mapping;
}

apr_status_t mns_page_begin(mns_page_t *page, request_rec *r, mns_child_t *child)
{
    const mns_server_t *server = mns_server_config(r->server);
    const char *name;

    memset(page, 0, sizeof(*page));
    page->r = r;
    page->child = child;
    page->core = child->core;
    page->server = has_sections(server) ? server : server->main;
    page->args = mns_query_read(r->args, r->pool);
    page->now = apr_time_now();
    mns_access_judge(&page->access, r);
    name = apr_table_get(page->args, "mapping");
    if (name) {
        page->mapping = mns_page_find(page, name);
        return page->mapping ? APR_SUCCESS : APR_ENOENT;
    }
    return APR_SUCCESS;
}

/* ---- gathering ---- */

static void begin_facts(mns_page_t *page)
{
    apr_pool_t *p = page->r->pool;
    nts_json_t *server;

    page->facts = nts_json_make_object(p);
    nts_json_add_string(page->facts, "page", page->name);
    server = nts_json_add_object(page->facts, "server");
    nts_json_add_string(server, "host",
                        page->r->server->server_hostname ? page->r->server->server_hostname : "");
    nts_json_add_string(server, "version", NTS_VERSION);
    mns_fact_time(server, "started", page->core->started, p);
    mns_fact_time(server, "now", page->now, p);
    nts_json_add_string(server, "access", page->access.full ? "full" : "counters");
    if (page->access.user) {
        nts_json_add_string(server, "user", page->access.user);
    }
}

typedef struct gathering_t {
    mns_page_t *page;
    const page_kind_t *kind;
} gathering_t;

/* A mns_handle_fn: may be called twice, so it begins anew. */
static apr_status_t gather(void *baton, nts_store_t *store)
{
    gathering_t *gathering = baton;
    mns_page_t *page = gathering->page;
    apr_status_t rv;

    begin_facts(page);
    page->store = store;
    rv = gathering->kind->gather(page);
    page->store = NULL;
    return rv;
}

static const page_kind_t *find_kind(const char *name)
{
    size_t i;

    if (!name) {
        return &kinds[0];
    }
    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (!strcmp(name, kinds[i].name)) {
            return &kinds[i];
        }
    }
    return NULL;
}

static int show(mns_page_t *page, const page_kind_t *kind)
{
    gathering_t gathering = { page, kind };
    apr_status_t rv;

    page->name = kind->name;
    rv = mns_handle_run(page->child->reader, gather, &gathering);
    if (APR_STATUS_IS_ENOENT(rv)) {
        return mns_answer(page->r, HTTP_NOT_FOUND, "There is no such record.");
    }
    if (rv != APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, rv, page->r,
                      "the dashboard cannot read the state store");
        apr_table_setn(page->r->headers_out, "Retry-After", "5");
        return mns_answer(page->r, HTTP_SERVICE_UNAVAILABLE,
                          "The state store cannot be read now; the server's error log says why.");
    }
    mns_headers_set(page->r);
    if (apr_table_get(page->args, "json")) {
        mns_render_json(page);
    }
    else if (apr_table_get(page->args, "auto")) {
        mns_render_lines(page);
    }
    else {
        mns_render_html(page);
    }
    return OK;
}

int mns_status_serve(request_rec *r, mns_child_t *child)
{
    const page_kind_t *kind;
    mns_page_t page;
    apr_status_t rv = mns_page_begin(&page, r, child);

    if (r->method_number != M_GET) {
        apr_table_setn(r->headers_out, "Allow", "GET, HEAD, POST");
        return mns_answer(r, HTTP_METHOD_NOT_ALLOWED, "Pages are asked for with GET.");
    }
    if (apr_table_get(page.args, "metrics")) {
        return mns_answer(r, HTTP_NOT_FOUND, "OpenMetrics are not available in this version (%s).",
                          NTS_VERSION);
    }
    kind = find_kind(apr_table_get(page.args, "page"));
    if (!kind) {
        return mns_answer(r, HTTP_NOT_FOUND, "There is no such page.");
    }
    if (kind->needs_access && !page.access.full) {
        return mns_answer(r, HTTP_FORBIDDEN, "%s", page.access.why);
    }
    if (rv != APR_SUCCESS || (kind->needs_mapping && !page.mapping)) {
        return mns_answer(r, HTTP_NOT_FOUND, "There is no such mapping.");
    }
    return show(&page, kind);
}
