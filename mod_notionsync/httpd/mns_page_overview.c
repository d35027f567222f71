/* mns_page_overview.c - the first page: how everything is doing now. */
#include <string.h>

#include <httpd.h>
#include <http_protocol.h>

#include "base/nts_str.h"
#include "httpd/mns_html.h"
#include "httpd/mns_install.h"

/* ---- tiles ---- */

static apr_int64_t sum_of(const nts_json_t *list, const char *group, const char *key)
{
    apr_int64_t sum = 0;
    int i;

    for (i = 0; i < nts_json_count(list); i++) {
        const nts_json_t *node = nts_json_at(list, i);

        sum += nts_json_get_int(group ? nts_json_get(node, group) : node, key, 0);
    }
    return sum;
}

static void begin_tile(const mns_page_t *page, const char *tone)
{
    mns_put(page, "<div class=tile><b class=\"");
    mns_text(page, tone);
    mns_put(page, "\">");
}

static void end_tile(const mns_page_t *page, const char *label)
{
    mns_put(page, "</b><span>");
    mns_text(page, label);
    mns_put(page, "</span></div>");
}

static void write_tile(const mns_page_t *page, const char *label, apr_int64_t number,
                       const char *tone)
{
    begin_tile(page, number ? tone : "");
    mns_number(page, number);
    end_tile(page, label);
}

/* The longest of the last ones, over all mappings. */
static void write_latency_tile(const mns_page_t *page, const nts_json_t *mappings)
{
    apr_int64_t most = 0;
    int i;

    for (i = 0; i < nts_json_count(mappings); i++) {
        const nts_json_t *latency = nts_json_get(nts_json_at(mappings, i), "latency_ms");
        apr_int64_t a = nts_json_get_int(latency, "to_notion", 0);
        apr_int64_t b = nts_json_get_int(latency, "to_external", 0);

        most = a > most ? a : most;
        most = b > most ? b : most;
    }
    begin_tile(page, "");
    mns_text(page, most ? nts_duration_text(apr_time_from_msec(most), page->r->pool) : "–");
    end_tile(page, "latency of the last write");
}

static void write_tiles(const mns_page_t *page)
{
    const nts_json_t *mappings = nts_json_get(page->facts, "mappings");

    mns_put(page, "<div class=tiles>");
    write_tile(page, "records linked", sum_of(mappings, "records", "active"), "");
    write_tile(page, "notices waiting", sum_of(mappings, NULL, "waiting"), "");
    write_tile(page, "writes under way", sum_of(mappings, NULL, "pending"), "");
    write_latency_tile(page, mappings);
    write_tile(page, "failed, tried again", sum_of(mappings, NULL, "parked"), "bad");
    write_tile(page, "held for a person", sum_of(mappings, NULL, "held"), "warn");
    mns_put(page, "</div>");
}

/* ---- mappings ---- */

static void write_sides(const mns_page_t *page, const nts_json_t *mapping)
{
    mns_put(page, "<td data-label=Sides>");
    mns_text_of(page, mapping, "notion_service");
    mns_put(page, "<span class=arrow>↔</span>");
    mns_text_of(page, mapping, "external_service");
    mns_put(page, "<span class=faint> ");
    mns_text_of(page, mapping, "collection");
    mns_put(page, "</span></td>");
}

static void write_latency(const mns_page_t *page, const nts_json_t *mapping)
{
    const nts_json_t *latency = nts_json_get(mapping, "latency_ms");
    apr_int64_t out = nts_json_get_int(latency, "to_external", 0);
    apr_int64_t in = nts_json_get_int(latency, "to_notion", 0);

    mns_put(page, "<td class=w data-label=Latency>");
    if (out) {
        mns_put(page, "<span class=arrow>→</span>");
        mns_text(page, nts_duration_text(apr_time_from_msec(out), page->r->pool));
    }
    if (in) {
        mns_put(page, " <span class=arrow>←</span>");
        mns_text(page, nts_duration_text(apr_time_from_msec(in), page->r->pool));
    }
    if (!in && !out) {
        mns_put(page, "<span class=faint>–</span>");
    }
    mns_put(page, "</td>");
}

static void write_run(const mns_page_t *page, const nts_json_t *run)
{
    const char *state = nts_json_get_string(run, "state");
    apr_int64_t percent = nts_json_get_int(run, "percent", -1);

    if (!run) {
        mns_put(page, "<span class=faint>none yet</span>");
        return;
    }
    mns_text_of(page, run, "kind");
    mns_put(page, " ");
    if (!strcmp(state, "running") && percent >= 0) {
        (void)ap_rprintf(page->r,
                         "<span class=keep><progress max=100 value=%d></progress>%d %%</span>",
                         (int)percent, (int)percent);
        return;
    }
    if (strcmp(state, "done") != 0) {
        mns_badge(page, state);
        mns_put(page, " ");
    }
    mns_time_of(page, run, nts_json_get_string(run, "finished") ? "finished" : "started");
}

static void write_mapping(const mns_page_t *page, const nts_json_t *mapping)
{
    const nts_json_t *outcome = nts_json_get(mapping, "outcome");

    mns_put(page, "<tr><td class=w data-label=Mapping><a href=\"");
    mns_address(page, "page", "mapping", "mapping", nts_json_get_string(mapping, "name"), NULL);
    mns_put(page, "\"><b>");
    mns_text_of(page, mapping, "name");
    mns_put(page, "</b></a></td><td data-label=State>");
    mns_badge(page, nts_json_get_string(mapping, "state"));
    mns_put(page, "</td>");
    write_sides(page, mapping);
    mns_put(page, "<td class=n data-label=Records>");
    mns_number_of(page, nts_json_get(mapping, "records"), "active");
    mns_put(page, "</td><td class=n data-label=Waiting>");
    mns_number_of(page, mapping, "waiting");
    mns_put(page, "</td><td class=n data-label=Failed>");
    mns_number_of(page, mapping, "parked");
    mns_put(page, "</td><td class=n data-label=Held>");
    mns_number_of(page, mapping, "held");
    mns_put(page, "</td>");
    write_latency(page, mapping);
    mns_put(page, "<td data-label=Reconciled>");
    write_run(page, nts_json_get(mapping, "reconciliation"));
    mns_put(page, "</td></tr>");
    if (outcome) {
        mns_put(page, "<tr><td class=wide colspan=9>");
        mns_part_outcome(page, outcome);
        mns_put(page, "</td></tr>");
    }
    if (nts_json_get_int(mapping, "suspended_fields", 0)) {
        mns_put(page, "<tr><td class=wide colspan=9>");
        mns_part_suspended(page, mapping);
        mns_put(page, "</td></tr>");
    }
}

static void write_mappings(const mns_page_t *page)
{
    const nts_json_t *mappings = nts_json_get(page->facts, "mappings");
    int i;

    mns_put(page, "<h2>Mappings</h2>");
    if (nts_json_count(mappings) == 0) {
        mns_put(page, "<p class=faint>No mapping is configured here.</p>");
        return;
    }
    mns_put(page, "<div class=card><table><thead><tr><th>Mapping<th>State<th>Sides"
                  "<th class=n>Records<th class=n>Waiting<th class=n>Failed<th class=n>Held"
                  "<th>Latency<th>Reconciled</thead><tbody>");
    for (i = 0; i < nts_json_count(mappings); i++) {
        write_mapping(page, nts_json_at(mappings, i));
    }
    mns_put(page, "</tbody></table></div>");
}

/* ---- services, workers, hooks ---- */

/* A service that is installed through OAuth: how that stands, and where it is done. */
static void write_install(const mns_page_t *page, const nts_json_t *oauth)
{
    if (!oauth) {
        return;
    }
    mns_put(page, "<br>");
    mns_part_install(page, oauth);
    if (page->access.full) {
        mns_put(page, " <a href=\"");
        mns_text_of(page, oauth, "address");
        mns_put(page, "\">installation</a>");
    }
}

static void write_service(const mns_page_t *page, const nts_json_t *service)
{
    const nts_json_t *budget = nts_json_get(service, "budget");
    const nts_json_t *hook = nts_json_get(service, "hook");

    mns_put(page, "<tr><td data-label=Service><b>");
    mns_text_of(page, service, "name");
    mns_put(page, "</b> <span class=faint>");
    mns_text_of(page, service, "kind");
    mns_put(page, "</span>");
    write_install(page, nts_json_get(service, "oauth"));
    mns_put(page, "</td><td data-label=\"Requests used\">");
    if (budget) {
        int used = (int)nts_json_get_int(budget, "used", 0);
        int capacity = (int)nts_json_get_int(budget, "capacity", 0);

        (void)ap_rprintf(
            page->r,
            "<span class=keep><meter max=%d value=%d></meter>%d of %d</span> <span class=faint>in ",
            capacity, used, used, capacity);
        mns_text(page,
                 nts_duration_text(apr_time_from_msec(nts_json_get_int(budget, "window_ms", 0)),
                                   page->r->pool));
        mns_put(page, "</span>");
        if (nts_json_get_string(budget, "closed_until")) {
            mns_put(page, "<br>told to wait; goes on ");
            mns_time_of(page, budget, "closed_until");
        }
    }
    else {
        mns_put(page, "<span class=faint>no limit</span>");
    }
    mns_put(page, "</td><td data-label=Events>");
    if (hook) {
        mns_badge(page,
                  nts_json_get(hook, "silence") ? "silent" : nts_json_get_string(hook, "state"));
        if (nts_json_get_string(hook, "last_event")) {
            mns_put(page, " <span class=faint>last </span>");
            mns_time_of(page, hook, "last_event");
        }
    }
    mns_put(page, "</td></tr>");
}

/* A clock that is far off (S1); events that should have come. */
static void write_hint(const mns_page_t *page, const nts_json_t *service)
{
    const nts_json_t *clock = nts_json_get(service, "clock");
    const nts_json_t *silence = nts_json_get(nts_json_get(service, "hook"), "silence");

    if (silence) {
        mns_put(page, "<p class=notice>");
        mns_part_outcome(page, silence);
        mns_put(page, "</p>");
    }
    if (nts_json_get_string(clock, "hint")) {
        mns_put(page, "<p class=faint>");
        mns_text_of(page, service, "name");
        mns_put(page, ": ");
        mns_text_of(page, clock, "hint");
        mns_put(page, "</p>");
    }
}

static void write_services(const mns_page_t *page)
{
    const nts_json_t *services = nts_json_get(page->facts, "services");
    int i;

    mns_put(page, "<section><h2>Services</h2><div class=card><table><thead><tr><th>Service"
                  "<th>Requests used<th>Events</thead><tbody>");
    for (i = 0; i < nts_json_count(services); i++) {
        write_service(page, nts_json_at(services, i));
    }
    mns_put(page, "</tbody></table></div>");
    for (i = 0; i < nts_json_count(services); i++) {
        write_hint(page, nts_json_at(services, i));
    }
    mns_put(page, "</section>");
}

static void write_workers(const mns_page_t *page)
{
    const nts_json_t *workers = nts_json_get(page->facts, "workers");
    int i;

    mns_put(page, "<section><h2>Workers</h2><div class=card><table><thead><tr><th>Worker<th>State"
                  "<th class=n>Groups<th class=n>Jobs<th>Started<th>Heard of</thead><tbody>");
    for (i = 0; i < nts_json_count(workers); i++) {
        const nts_json_t *worker = nts_json_at(workers, i);

        (void)ap_rprintf(page->r,
                         "<tr><td data-label=Worker>%" APR_INT64_T_FMT
                         " <span class=faint>pid %" APR_INT64_T_FMT "</span></td>",
                         nts_json_get_int(worker, "index", 0), nts_json_get_int(worker, "pid", 0));
        mns_put(page, "<td data-label=State>");
        mns_badge(page, nts_json_get_string(worker, "state"));
        mns_put(page, "</td><td class=n data-label=Groups>");
        mns_number_of(page, worker, "groups");
        mns_put(page, "</td><td class=n data-label=Jobs>");
        mns_number_of(page, worker, "running");
        mns_put(page, "</td><td class=w data-label=Started>");
        mns_time_of(page, worker, "started");
        mns_put(page, "</td><td class=w data-label=\"Heard of\">");
        mns_time_of(page, worker, "heartbeat");
        mns_put(page, "</td></tr>");
    }
    mns_put(page, "</tbody></table></div></section>");
}

static void write_term(const mns_page_t *page, const char *label, const nts_json_t *node,
                       const char *key)
{
    mns_put(page, "<dt>");
    mns_text(page, label);
    mns_put(page, "</dt><dd>");
    mns_number_of(page, node, key);
    mns_put(page, "</dd>");
}

static void write_counters(const mns_page_t *page)
{
    const nts_json_t *hooks = nts_json_get(page->facts, "hooks");
    const nts_json_t *requests = nts_json_get(page->facts, "requests");
    const nts_json_t *jobs = nts_json_get(page->facts, "jobs");

    mns_put(page, "<div class=columns><section><h2>Events received</h2><div class=card><dl>");
    write_term(page, "stored", hooks, "stored");
    write_term(page, "received twice", hooks, "duplicate");
    write_term(page, "about nothing mapped", hooks, "irrelevant");
    write_term(page, "commits for them", hooks, "commits");
    write_term(page, "wrong signature", hooks, "refused_signature");
    write_term(page, "not an event", hooks, "refused_syntax");
    write_term(page, "too large", hooks, "refused_size");
    write_term(page, "could not be stored", hooks, "refused_store");
    mns_put(page, "</dl></div></section><section><h2>Work done</h2><div class=card><dl>");
    write_term(page, "records looked at", jobs, "done");
    write_term(page, "of these failed", jobs, "failed");
    write_term(page, "own echoes dropped", jobs, "own_echoes");
    write_term(page, "requests sent", requests, "sent");
    write_term(page, "without a good answer", requests, "failed");
    write_term(page, "told to wait", requests, "limited");
    mns_put(page, "</dl></div></section></div>");
}

void mns_page_overview(const mns_page_t *page)
{
    const nts_json_t *failures = nts_json_get(page->facts, "failures");
    const nts_json_t *audit = nts_json_get(page->facts, "audit");
    int several = nts_json_count(nts_json_get(page->facts, "mappings")) > 1;

    mns_frame_begin(page, "Overview");
    write_tiles(page);
    write_mappings(page);
    if (nts_json_count(failures) > 0) {
        mns_put(page, "<h2>Failures</h2>");
        mns_part_links(page, failures, several);
    }
    mns_put(page, "<div class=columns>");
    write_services(page);
    write_workers(page);
    mns_put(page, "</div>");
    if (nts_json_count(audit) > 0) {
        mns_put(page, "<h2>Last changes</h2>");
        mns_part_entries(page, audit, several, 0);
    }
    write_counters(page);
    mns_frame_end(page);
}
