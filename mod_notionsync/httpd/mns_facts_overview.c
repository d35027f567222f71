/* mns_facts_overview.c - facts of the first page: how everything is doing now. */
#include <string.h>

#include "base/nts_str.h"
#include "httpd/mns_install.h"
#include "httpd/mns_status.h"

#define ENTRIES_SHOWN 6
#define TROUBLES_SHOWN 5

static void add_workers(const mns_page_t *page)
{
    static const char *const states[] = { "absent", "starting", "ready", "draining" };
    nts_json_t *list = nts_json_add_array(page->facts, "workers");
    int count = page->core->setup.mapping_count > 0
                    ? mns_server_config(page->core->main)->global.workers
                    : 0;
    int i;

    for (i = 0; i < count; i++) {
        nts_json_t *node = nts_json_add_object(list, NULL);
        nts_worker_view_t view;

        nts_segment_get_worker(&view, page->core->segment, i);
        nts_json_add_int(node, "index", i);
        nts_json_add_int(node, "pid", view.pid);
        nts_json_add_string(node, "state", states[view.state % 4]);
        mns_fact_time(node, "started", view.started, page->r->pool);
        mns_fact_time(node, "heartbeat", view.heartbeat, page->r->pool);
        nts_json_add_int(node, "groups", view.groups);
        nts_json_add_int(node, "running", view.running);
    }
}

typedef struct counter_t {
    const char *group;
    const char *name;
    nts_count_t what;
} counter_t;

static const counter_t counters[] = {
    { "hooks", "stored", NTS_COUNT_HOOKS_STORED },
    { "hooks", "duplicate", NTS_COUNT_HOOKS_DUPLICATE },
    { "hooks", "irrelevant", NTS_COUNT_HOOKS_IRRELEVANT },
    { "hooks", "commits", NTS_COUNT_HOOKS_COMMITS },
    { "hooks", "refused_signature", NTS_COUNT_REFUSED_SIGNATURE },
    { "hooks", "refused_size", NTS_COUNT_REFUSED_SIZE },
    { "hooks", "refused_syntax", NTS_COUNT_REFUSED_SYNTAX },
    { "hooks", "refused_method", NTS_COUNT_REFUSED_METHOD },
    { "hooks", "refused_store", NTS_COUNT_REFUSED_STORE },
    { "requests", "sent", NTS_COUNT_REQUESTS },
    { "requests", "failed", NTS_COUNT_REQUESTS_FAILED },
    { "requests", "limited", NTS_COUNT_REQUESTS_LIMITED },
    { "jobs", "done", NTS_COUNT_JOBS_DONE },
    { "jobs", "failed", NTS_COUNT_JOBS_FAILED },
    { "jobs", "own_echoes", NTS_COUNT_NOTICES_ECHO },
    { "memory", "ring_overflows", NTS_COUNT_RING_OVERFLOWS },
    { "memory", "repairs", NTS_COUNT_SEGMENT_REPAIRS },
    { "memory", "worker_starts", NTS_COUNT_WORKER_STARTS },
};

static void add_counters(const mns_page_t *page)
{
    nts_json_t *group = NULL;
    const char *name = "";
    size_t i;

    for (i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
        if (strcmp(counters[i].group, name) != 0) {
            name = counters[i].group;
            group = nts_json_add_object(page->facts, name);
        }
        nts_json_add_int(group, counters[i].name,
                         nts_segment_counter(page->core->segment, counters[i].what));
    }
}

/* Events that should have come and have not: the first mapping that misses some speaks for the service. */
static apr_status_t add_silence(nts_json_t *hook, const mns_page_t *page,
                                const nts_service_t *service)
{
    const nts_setup_t *setup = &page->core->setup;
    nts_outcome_t silence = { 0 };
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < setup->mapping_count && rv == APR_SUCCESS && !silence.code; i++) {
        const nts_mapping_t *mapping = setup->mappings[i];

        if (mapping->notion == service || mapping->external == service) {
            rv = nts_store_get_silence(&silence, page->store, mapping,
                                       mapping->notion == service ? NTS_NOTION : NTS_EXTERNAL,
                                       page->r->pool);
        }
    }
    if (silence.code) {
        nts_outcome_to_json(&silence, nts_json_add_object(hook, "silence"));
    }
    return rv;
}

static apr_status_t add_hook(nts_json_t *parent, const mns_page_t *page,
                             const nts_service_t *service)
{
    apr_pool_t *p = page->r->pool;
    nts_json_t *node = nts_json_add_object(parent, "hook");
    nts_hook_t hook;
    apr_status_t rv = nts_store_get_hook(&hook, page->store, service->id, p);

    if (rv == APR_SUCCESS) {
        nts_json_add_string(node, "state", hook.state);
        mns_fact_time(node, "last_event", hook.last_event, p);
        if (!strcmp(hook.state, "pending")) {
            mns_fact_time(node, "expires", hook.expires, p);
        }
        rv = add_silence(node, page, service);
    }
    return rv;
}

static void add_budget(nts_json_t *parent, const mns_page_t *page, int index)
{
    const nts_service_t *service = page->core->setup.services[index];
    nts_json_t *node = nts_json_add_object(parent, "budget");
    nts_budget_view_t view;

    nts_segment_get_budget(&view, page->core->segment, index);
    nts_json_add_int(node, "used", view.used);
    nts_json_add_int(node, "capacity", service->budget_requests);
    nts_json_add_int(node, "window_ms", apr_time_as_msec(service->budget_window));
    mns_fact_time(node, "closed_until", view.closed_until > page->now ? view.closed_until : 0,
                  page->r->pool);
}

/* S1: told once it is known; people are to know where it is far off. */
static void add_clock(nts_json_t *parent, const mns_page_t *page, int index)
{
    apr_pool_t *p = page->r->pool;
    nts_json_t *node;
    nts_skew_t skew;
    apr_interval_time_t offset;

    nts_segment_get_clock(&skew, page->core->segment, index);
    if (!skew.is_known) {
        return;
    }
    node = nts_json_add_object(parent, "clock");
    offset = nts_skew_offset(&skew);
    nts_json_add_int(node, "offset_ms", offset / 1000);
    nts_json_add_int(node, "uncertainty_ms", nts_skew_uncertainty(&skew) / 1000);
    if (nts_skew_is_notable(&skew)) {
        nts_json_add_string(node, "hint",
                            apr_psprintf(p, "its clock is %s %s ours; times are corrected by that",
                                         nts_duration_text((offset < 0 ? -offset : offset) /
                                                               APR_USEC_PER_SEC * APR_USEC_PER_SEC,
                                                           p),
                                         offset < 0 ? "behind" : "ahead of"));
    }
}

static apr_status_t add_services(const mns_page_t *page)
{
    nts_json_t *list = nts_json_add_array(page->facts, "services");
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < page->core->setup.service_count && rv == APR_SUCCESS; i++) {
        const nts_service_t *service = page->core->setup.services[i];
        nts_json_t *node;

        if (!mns_page_shows_service(page, service)) {
            continue;
        }
        node = nts_json_add_object(list, NULL);
        nts_json_add_string(node, "name", service->name);
        nts_json_add_string(node, "kind", service->kind == NTS_SERVICE_NOTION ? "notion" : "sql");
        add_clock(node, page, i);
        if (service->kind == NTS_SERVICE_NOTION) {
            add_budget(node, page, i);
            rv = add_hook(node, page, service);
        }
        if (service->oauth_client && rv == APR_SUCCESS) {
            rv = mns_fact_install(node, page, service);
        }
    }
    return rv;
}

static apr_status_t add_audit(const mns_page_t *page)
{
    mns_listing_t listing = { 0, ENTRIES_SHOWN, ENTRIES_SHOWN, 80, NULL };
    apr_int64_t next;

    return mns_fact_entries(nts_json_add_array(page->facts, "audit"), &next, page, &listing);
}

apr_status_t mns_facts_overview(mns_page_t *page)
{
    const nts_setup_t *setup = &page->core->setup;
    nts_json_t *mappings;
    nts_json_t *failures;
    apr_status_t rv;
    int i;

    add_workers(page);
    add_counters(page);
    rv = add_services(page);
    mappings = nts_json_add_array(page->facts, "mappings");
    for (i = 0; i < setup->mapping_count && rv == APR_SUCCESS; i++) {
        if (mns_page_shows(page, setup->mappings[i])) {
            rv = mns_fact_mapping(nts_json_add_object(mappings, NULL), page, setup->mappings[i]);
        }
    }
    if (rv != APR_SUCCESS || !page->access.full) {
        return rv;
    }
    failures = nts_json_add_array(page->facts, "failures");
    for (i = 0; i < setup->mapping_count && rv == APR_SUCCESS; i++) {
        if (mns_page_shows(page, setup->mappings[i])) {
            rv = mns_fact_troubles(failures, page, setup->mappings[i], NTS_TROUBLE_PARKED,
                                   TROUBLES_SHOWN, NULL);
        }
    }
    return rv == APR_SUCCESS ? add_audit(page) : rv;
}
