/* mns_facts.c - parts that facts of several pages are made of. */
#include <string.h>

#include "base/nts_str.h"
#include "httpd/mns_status.h"

void mns_fact_time(nts_json_t *parent, const char *key, apr_time_t at, apr_pool_t *p)
{
    nts_json_add_string(parent, key, at ? nts_time_text(at, p) : NULL);
}

/* A sentence may quote a value, so whoever sees counters sees its code. */
void mns_fact_outcome(nts_json_t *parent, const char *key, const nts_outcome_t *out,
                      const mns_page_t *page)
{
    nts_outcome_t shown = *out;

    if (out->remedy == NTS_REMEDY_NONE && !out->what) {
        return;
    }
    if (!page->access.full) {
        shown.what = NULL;
        shown.field = NULL;
        shown.words = NULL;
        shown.advice = NULL;
    }
    nts_outcome_to_json(&shown, nts_json_add_object(parent, key));
}

/* ---- runs ---- */

/* Of a run that reads both sides, as far as the last complete one tells how much there is. */
static int run_percent(const nts_run_t *run)
{
    apr_int64_t seen = run->seen[NTS_NOTION] > run->seen[NTS_EXTERNAL] ? run->seen[NTS_NOTION]
                                                                       : run->seen[NTS_EXTERNAL];

    if (strcmp(run->state, "done") == 0) {
        return 100;
    }
    if (run->expected <= 0) {
        return -1;
    }
    return seen >= run->expected ? 99 : (int)(seen * 100 / run->expected);
}

void mns_fact_run(nts_json_t *parent, const nts_run_t *run, const mns_page_t *page)
{
    apr_pool_t *p = page->r->pool;
    int percent = run_percent(run);

    nts_json_add_int(parent, "id", run->id);
    nts_json_add_string(parent, "kind", run->kind);
    nts_json_add_string(parent, "state", run->state);
    mns_fact_time(parent, "started", run->started, p);
    mns_fact_time(parent, "finished", run->finished, p);
    if (percent >= 0) {
        nts_json_add_int(parent, "percent", percent);
    }
    nts_json_add_int(parent, "seen_notion", run->seen[NTS_NOTION]);
    nts_json_add_int(parent, "seen_external", run->seen[NTS_EXTERNAL]);
    nts_json_add_int(parent, "expected", run->expected);
    nts_json_add_int(parent, "written_notion", run->written[NTS_NOTION]);
    nts_json_add_int(parent, "written_external", run->written[NTS_EXTERNAL]);
    nts_json_add_int(parent, "troubles", run->troubles);
    nts_json_add_int(parent, "requests", run->requests);
    if (run->note && page->access.full) {
        nts_json_add_string(parent, "note", run->note);
    }
}

/* ---- mappings ---- */

static const char *state_name(nts_mapping_state_t state)
{
    static const char *const names[] = { "starting", "running", "paused", "blocked", "waiting" };

    return (size_t)state < sizeof(names) / sizeof(names[0]) ? names[state] : "unknown";
}

static void add_counts(nts_json_t *parent, const nts_counts_t *counts)
{
    nts_json_t *records = nts_json_add_object(parent, "records");
    int i;

    for (i = 0; i <= NTS_LINK_IGNORED; i++) {
        nts_json_add_int(records, nts_link_state_name((nts_link_state_t)i), counts->links[i]);
    }
    nts_json_add_int(parent, "parked", counts->parked);
    nts_json_add_int(parent, "held", counts->held);
    nts_json_add_int(parent, "waiting", counts->waiting);
    nts_json_add_int(parent, "pending", counts->pending);
}

static void add_status(nts_json_t *parent, const mns_page_t *page,
                       const nts_mapping_status_t *status)
{
    nts_json_t *latency;

    nts_json_add_string(parent, "state", state_name(status->state));
    mns_fact_outcome(parent, "outcome", &status->outcome, page);
    latency = nts_json_add_object(parent, "latency_ms");
    nts_json_add_int(latency, "to_notion", apr_time_as_msec(status->latency[NTS_NOTION]));
    nts_json_add_int(latency, "to_external", apr_time_as_msec(status->latency[NTS_EXTERNAL]));
    mns_fact_time(parent, "listed", status->listed, page->r->pool);
    mns_fact_time(parent, "full_done", status->full_done, page->r->pool);
    if (status->triggers && page->access.full) {
        nts_json_add_string(parent, "triggers", status->triggers);
    }
}

/* The group whose queue the mapping is in, or -1. */
static int find_group(const mns_core_t *core, const nts_mapping_t *mapping)
{
    int i;

    for (i = 0; i < core->setup.mapping_count; i++) {
        if (core->setup.mappings[i] == mapping) {
            return core->grouping->of_mapping[i];
        }
    }
    return -1;
}

/* The group's: mappings that share a service share a queue. */
static void add_queue(nts_json_t *parent, const mns_page_t *page, const nts_mapping_t *mapping)
{
    int group = find_group(page->core, mapping);
    nts_group_view_t view;
    nts_json_t *queue;

    if (group < 0) {
        return;
    }
    queue = nts_json_add_object(parent, "queue");
    nts_segment_get_group(&view, page->core->segment, group);
    nts_json_add_int(queue, "live", view.waiting[NTS_LIVE]);
    nts_json_add_int(queue, "bulk", view.waiting[NTS_BULK]);
    nts_json_add_int(queue, "lying", view.lying);
    nts_json_add_int(queue, "running", view.running);
    mns_fact_time(queue, "oldest", view.oldest, page->r->pool);
    nts_json_add_int(queue, "worker", nts_segment_owner(page->core->segment, group));
}

/* How many fields are suspended; which and why, for who may see values. */
static apr_status_t add_suspended(nts_json_t *parent, const mns_page_t *page,
                                  const nts_mapping_t *mapping)
{
    nts_json_t *list = page->access.full ? parent : nts_json_make_object(page->r->pool);
    int count = 0;
    apr_status_t rv = nts_store_show_fields(list, &count, page->store, mapping, 0, page->r->pool);

    nts_json_add_int(parent, "suspended_fields", count);
    return rv;
}

apr_status_t mns_fact_mapping(nts_json_t *parent, const mns_page_t *page,
                              const nts_mapping_t *mapping)
{
    apr_pool_t *p = page->r->pool;
    nts_mapping_status_t status;
    nts_counts_t counts;
    nts_run_t *runs;
    int run_count = 0;
    apr_status_t rv = nts_store_get_status(&status, page->store, mapping->id, p);

    if (rv == APR_SUCCESS) {
        rv = nts_store_count(&counts, page->store, mapping->id);
    }
    if (rv == APR_SUCCESS) {
        rv = nts_store_get_runs(&runs, &run_count, page->store, mapping->id, 1, p);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    nts_json_add_string(parent, "name", mapping->name);
    nts_json_add_string(parent, "notion_service", mapping->notion->name);
    nts_json_add_string(parent, "external_service", mapping->external->name);
    if (page->access.full) {
        nts_json_add_string(parent, "collection", mapping->collection);
    }
    add_status(parent, page, &status);
    add_counts(parent, &counts);
    add_queue(parent, page, mapping);
    rv = add_suspended(parent, page, mapping);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (run_count > 0) {
        mns_fact_run(nts_json_add_object(parent, "reconciliation"), &runs[0], page);
    }
    return APR_SUCCESS;
}

/* ---- records ---- */

#define ISSUE_WIDTH 200 /* characters of a value that a person is to decide about */

void mns_fact_link(nts_json_t *parent, const nts_link_t *link, const nts_mapping_t *mapping,
                   const mns_page_t *page)
{
    static const char *const troubles[] = { "none", "parked", "held" };
    apr_pool_t *p = page->r->pool;

    nts_json_add_int(parent, "id", link->id);
    nts_json_add_string(parent, "mapping", mapping->name);
    nts_json_add_string(parent, "notion_page", link->page);
    nts_json_add_string(parent, "external_key", link->key);
    nts_json_add_string(parent, "state", nts_link_state_name(link->state));
    nts_json_add_string(parent, "trouble", troubles[link->trouble]);
    mns_fact_outcome(parent, "outcome", &link->outcome, page);
    nts_json_add_int(parent, "attempts", link->attempts);
    mns_fact_time(parent, "next_try", link->next_try, p);
    mns_fact_time(parent, "touched", link->touched, p);
    mns_fact_time(parent, "missing_since", link->missing, p);
    mns_fact_time(parent, "since", link->issue_count ? link->issues[0].since : 0, p);
    nts_link_issues_show(link, mapping, ISSUE_WIDTH, parent, p);
}

apr_status_t mns_fact_troubles(nts_json_t *list, const mns_page_t *page,
                               const nts_mapping_t *mapping, nts_trouble_t which, int limit,
                               int (*wanted)(const nts_link_t *link))
{
    nts_link_t **links;
    int count = 0;
    int i;
    apr_status_t rv = nts_store_get_troubles(&links, &count, page->store, mapping->id, which, limit,
                                             page->r->pool);

    for (i = 0; i < count && rv == APR_SUCCESS; i++) {
        if (!wanted || wanted(links[i])) {
            mns_fact_link(nts_json_add_object(list, NULL), links[i], mapping, page);
        }
    }
    return rv;
}
