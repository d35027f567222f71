/* mns_page_plan.c - what a run would do, with a button to do just that. */
#include <string.h>

#include <httpd.h>
#include <http_protocol.h>

#include "httpd/mns_html.h"
#include "sync/nts_plan.h"

static void write_count(const mns_page_t *page, const char *word, apr_int64_t number)
{
    if (number) {
        mns_put(page, "<div class=tile><b>");
        mns_number(page, number);
        mns_put(page, "</b><span>");
        mns_text(page, word);
        mns_put(page, "</span></div>");
    }
}

static void write_counts(const mns_page_t *page, const nts_json_t *counts)
{
    int kind;

    mns_put(page, "<div class=tiles>");
    for (kind = 0; kind < NTS_PLAN_KIND_COUNT; kind++) {
        const char *word = nts_plan_kind_name((nts_plan_kind_t)kind);

        write_count(page, word, nts_json_get_int(nts_json_get(counts, word), "items", 0));
    }
    write_count(page, "with a conflict", nts_json_get_int(counts, "conflicts", 0));
    write_count(page, "deletes beyond the limit", nts_json_get_int(counts, "over_limit", 0));
    mns_put(page, "</div>");
}

static void write_field(const mns_page_t *page, const nts_json_t *field)
{
    int to_notion = nts_json_bool(nts_json_get(field, "to_notion"), 0);
    int to_external = nts_json_bool(nts_json_get(field, "to_external"), 0);

    mns_put(page, "<br><small>");
    mns_value(page, nts_json_get_string(field, "field"));
    mns_put(page, ": ");
    mns_value(page, nts_json_get_string(field, "notion"));
    mns_put(page, " | ");
    mns_value(page, nts_json_get_string(field, "external"));
    if (to_notion || to_external) {
        mns_put(page, " <span class=arrow>→</span> ");
        mns_value(page, nts_json_get_string(field, "after"));
        mns_text(page, to_notion && to_external ? " on both sides"
                       : to_notion              ? " in Notion"
                                                : " outside");
    }
    mns_put(page, " <span class=faint>");
    mns_value(page, nts_json_get_string(field, "reason"));
    mns_put(page, "</span></small>");
}

static void write_item(const mns_page_t *page, const nts_json_t *item)
{
    const nts_json_t *fields = nts_json_get(item, "fields");
    const char *id = nts_json_get_string(item, "page");
    const char *fate = nts_json_get_string(item, "fate");
    int i;

    mns_put(page, "<tr><td class=w data-label=What>");
    mns_text_of(page, item, "kind");
    if (nts_json_get_string(item, "side")) {
        mns_put(page, " in ");
        mns_text_of(page, item, "side");
    }
    mns_put(page, "</td><td data-label=Record><a href=\"");
    mns_address(page, "page", "record", "mapping", page->mapping->name, "id",
                id ? id : nts_json_get_string(item, "key"), NULL);
    mns_put(page, "\">");
    mns_value(page, nts_json_get_string(item, "title")
                        ? nts_json_get_string(item, "title")
                        : nts_json_get_string(item, id ? "page" : "key"));
    mns_put(page, "</a>");
    for (i = 0; i < nts_json_count(fields); i++) {
        write_field(page, nts_json_at(fields, i));
    }
    mns_put(page, "</td><td data-label=Note>");
    if (nts_json_bool(nts_json_get(item, "over_limit"), 0)) {
        mns_put(page, "a run holds it: beyond the hourly limit ");
    }
    mns_value(page, nts_json_get_string(item, "note"));
    if (fate && strcmp(fate, "open") != 0) {
        mns_put(page, " ");
        mns_badge(page, fate);
        mns_put(page, " <small>");
        mns_value(page, nts_json_get_string(item, "why"));
        mns_put(page, "</small>");
    }
    mns_put(page, "</td></tr>");
}

static void write_items(const mns_page_t *page)
{
    const nts_json_t *items = nts_json_get(page->facts, "items");
    apr_int64_t next = nts_json_get_int(page->facts, "next_after", 0);
    int i;

    if (nts_json_count(items) == 0) {
        mns_put(page, "<p class=notice>Nothing to do.</p>");
        return;
    }
    mns_put(page, "<div class=card><table><thead><tr><th>What<th>Record: Notion | external"
                  "<th>Note</thead><tbody>");
    for (i = 0; i < nts_json_count(items); i++) {
        write_item(page, nts_json_at(items, i));
    }
    mns_put(page, "</tbody></table></div>");
    if (next) {
        mns_put(page, "<p><a href=\"");
        mns_address(page, "page", "plan", "mapping", page->mapping->name, "after",
                    apr_psprintf(page->r->pool, "%" APR_INT64_T_FMT, next), NULL);
        mns_put(page, "\">more</a></p>");
    }
}

static void write_plan(const mns_page_t *page, const nts_json_t *plan)
{
    const char *id =
        apr_psprintf(page->r->pool, "%" APR_INT64_T_FMT, nts_json_get_int(plan, "id", 0));

    mns_put(page, "<p class=faint>made by ");
    mns_value(page, nts_json_get_string(plan, "by"));
    mns_put(page, " ");
    mns_time_of(page, plan, "made");
    mns_put(page, " with ");
    mns_number_of(page, plan, "requests");
    mns_put(page, " requests: ");
    mns_badge(page, nts_json_get_string(plan, "state"));
    if (nts_json_get(plan, "applied")) {
        mns_put(page, ", applied ");
        mns_time_of(page, plan, "applied");
    }
    mns_put(page, " ");
    mns_value(page, nts_json_get_string(plan, "note"));
    mns_put(page, "</p>");
    if (nts_json_bool(nts_json_get(plan, "fresh"), 0)) {
        mns_put(page, "<p class=actions>");
        mns_button(page, "Apply this plan", "apply", page->mapping->name, "plan", id, NULL);
        mns_put(page, "</p>");
    }
    write_counts(page, nts_json_get(plan, "counts"));
    write_items(page);
}

void mns_page_plan(const mns_page_t *page)
{
    const nts_json_t *plan = nts_json_get(page->facts, "plan");

    mns_frame_begin(page, apr_pstrcat(page->r->pool, "Plan of ", page->mapping->name, NULL));
    mns_put(page, "<h1>Plan of <a href=\"");
    mns_address(page, "page", "mapping", "mapping", page->mapping->name, NULL);
    mns_put(page, "\">");
    mns_text(page, page->mapping->name);
    mns_put(page, "</a></h1><p class=actions>");
    mns_button(page, "Make a plan", "plan", page->mapping->name, NULL);
    mns_put(page, "</p>");
    if (plan) {
        write_plan(page, plan);
    }
    else {
        mns_put(page,
                "<p class=notice>No plan has been made yet. A plan shows what a run would do, "
                "and writes nothing.</p>");
    }
    mns_frame_end(page);
}
