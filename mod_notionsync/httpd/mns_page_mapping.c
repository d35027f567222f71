/* mns_page_mapping.c - one mapping. */
#include <string.h>

#include <httpd.h>
#include <http_protocol.h>

#include "base/nts_str.h"
#include "httpd/mns_html.h"

static void write_refused(const mns_page_t *page, const nts_json_t *list)
{
    int i;

    if (!nts_json_count(list)) {
        return;
    }
    mns_put(page, "<div class=card><table><thead><tr><th>Not done<th class=n>Entry<th>Why</thead>"
                  "<tbody>");
    for (i = 0; i < nts_json_count(list); i++) {
        const nts_json_t *item = nts_json_at(list, i);

        mns_put(page, "<tr><td data-label=Record>");
        mns_value(page, nts_json_get_string(item, "record"));
        mns_put(page, "</td><td class=n data-label=Entry>");
        if (nts_json_get_int(item, "entry", 0)) {
            mns_number_of(page, item, "entry");
        }
        mns_put(page, "</td><td data-label=Why>");
        mns_value(page, nts_json_get_string(item, "why"));
        mns_put(page, "</td></tr>");
    }
    mns_put(page, "</tbody></table></div>");
}

static void write_command(const mns_page_t *page)
{
    const nts_json_t *command = nts_json_get(page->facts, "command");

    if (!command) {
        return;
    }
    mns_put(page, "<p class=notice>");
    mns_text_of(page, command, "verb");
    mns_put(page, ", asked for by ");
    mns_value(page, nts_json_get_string(command, "by"));
    mns_put(page, " ");
    mns_time_of(page, command, "at");
    mns_put(page, ": ");
    mns_badge(page, nts_json_get_string(command, "state"));
    mns_put(page, " ");
    mns_value(page, nts_json_get_string(command, "text"));
    mns_put(page, "</p>");
    write_refused(page, nts_json_get(command, "refused"));
}

static void write_heading(const mns_page_t *page, const nts_json_t *mapping)
{
    const char *title = nts_json_get_string(page->facts, "title");

    mns_put(page, "<h1>");
    mns_text_of(page, mapping, "name");
    mns_put(page, " ");
    mns_badge(page, nts_json_get_string(mapping, "state"));
    mns_put(page, "</h1><p class=faint>");
    if (title) {
        mns_value(page, title);
        mns_put(page, " in ");
    }
    mns_text_of(page, mapping, "notion_service");
    mns_put(page, " <span class=arrow>↔</span> ");
    if (nts_json_get_string(mapping, "collection")) {
        mns_text_of(page, mapping, "collection");
        mns_put(page, " in ");
    }
    mns_text_of(page, mapping, "external_service");
    mns_put(page, "</p>");
    if (nts_json_get(mapping, "outcome")) {
        mns_put(page, "<p class=\"notice bad\">");
        mns_part_outcome(page, nts_json_get(mapping, "outcome"));
        mns_put(page, "</p>");
    }
    if (nts_json_get_int(mapping, "suspended_fields", 0)) {
        mns_put(page, "<p class=\"notice bad\">");
        mns_part_suspended(page, mapping);
        mns_put(page, "</p>");
    }
}

static void write_actions(const mns_page_t *page, const nts_json_t *mapping)
{
    const char *name = nts_json_get_string(mapping, "name");
    const char *state = nts_json_get_string(mapping, "state");

    if (!page->access.full) {
        return;
    }
    mns_put(page, "<p class=actions>");
    mns_button(page, "Reconcile now", "reconcile", name, NULL);
    if (state && !strcmp(state, "paused")) {
        mns_button(page, "Resume", "resume", name, NULL);
    }
    else {
        mns_button(page, "Pause", "pause", name, NULL);
    }
    mns_button(page, "Plan", "plan", name, NULL);
    mns_put(page, " <a href=\"");
    mns_address(page, "page", "plan", "mapping", name, NULL);
    mns_put(page, "\">the last plan</a></p>");
}

static void write_tile(const mns_page_t *page, const char *label, apr_int64_t number,
                       const char *tone)
{
    mns_put(page, "<div class=tile><b class=\"");
    mns_text(page, number ? tone : "");
    mns_put(page, "\">");
    mns_number(page, number);
    mns_put(page, "</b><span>");
    mns_text(page, label);
    mns_put(page, "</span></div>");
}

static void write_tiles(const mns_page_t *page, const nts_json_t *mapping)
{
    const nts_json_t *records = nts_json_get(mapping, "records");
    const nts_json_t *queue = nts_json_get(mapping, "queue");

    mns_put(page, "<div class=tiles>");
    write_tile(page, "records linked", nts_json_get_int(records, "active", 0), "");
    write_tile(page, "to be created", nts_json_get_int(records, "new", 0), "");
    if (nts_json_get_int(records, "dormant", 0)) {
        write_tile(page, "outside the filter", nts_json_get_int(records, "dormant", 0), "");
    }
    write_tile(page, "notices waiting", nts_json_get_int(mapping, "waiting", 0), "");
    write_tile(page, "live in the queue", nts_json_get_int(queue, "live", 0), "");
    write_tile(page, "bulk in the queue", nts_json_get_int(queue, "bulk", 0), "");
    write_tile(page, "failed, tried again", nts_json_get_int(mapping, "parked", 0), "bad");
    write_tile(page, "held for a person", nts_json_get_int(mapping, "held", 0), "warn");
    mns_put(page, "</div>");
}

/* ---- fields and rules ---- */

static void write_fields(const mns_page_t *page)
{
    const nts_json_t *fields = nts_json_get(page->facts, "fields");
    int i;

    mns_put(page, "<section><h2>Fields</h2><div class=card><table><thead><tr><th>Notion<th>"
                  "<th>External<th>On conflict</thead><tbody>");
    for (i = 0; i < nts_json_count(fields); i++) {
        const nts_json_t *field = nts_json_at(fields, i);
        const char *direction = nts_json_get_string(field, "direction");

        mns_put(page, "<tr><td data-label=Notion>");
        mns_value(page, nts_json_get_string(field, "notion"));
        mns_put(page, "</td><td data-label=Direction><span class=arrow>");
        mns_text(page, !strcmp(direction, "both")          ? "↔"
                       : !strcmp(direction, "to-external") ? "→"
                                                           : "←");
        mns_put(page, "</span></td><td data-label=External>");
        mns_value(page, nts_json_get_string(field, "external"));
        mns_put(page, "</td><td data-label=\"On conflict\"><span class=faint>");
        mns_text(page, !strcmp(direction, "both") ? nts_json_get_string(field, "conflict") : "–");
        mns_put(page, "</span></td></tr>");
    }
    mns_put(page, "</tbody></table></div></section>");
}

/* Properties that nobody has mapped, with the line that would. */
static void write_offered(const mns_page_t *page)
{
    const nts_json_t *schema = nts_json_get(page->facts, "schema");
    const nts_json_t *offered = nts_json_get(schema, "offered");
    apr_int64_t more = nts_json_get_int(schema, "offered_more", 0);
    int i;

    if (nts_json_count(offered) == 0) {
        return;
    }
    mns_put(page, "<section><h2>Not mapped</h2><div class=card><table><thead><tr><th>Property"
                  "<th>Type<th>To map it</thead><tbody>");
    for (i = 0; i < nts_json_count(offered); i++) {
        const nts_json_t *field = nts_json_at(offered, i);

        mns_put(page, "<tr><td data-label=Property>");
        mns_value(page, nts_json_get_string(field, "property"));
        mns_put(page, "</td><td data-label=Type>");
        mns_value(page, nts_json_get_string(field, "type"));
        mns_put(page, "</td><td data-label=\"To map it\"><code>");
        mns_value(page, nts_json_get_string(field, "line"));
        mns_put(page, "</code>");
        if (nts_json_get_string(field, "lacks")) {
            mns_put(page, "<br><small class=faint>");
            mns_value(page, nts_json_get_string(field, "lacks"));
            mns_put(page, "</small>");
        }
        mns_put(page, "</td></tr>");
    }
    mns_put(page, "</tbody></table></div>");
    if (more) {
        mns_put(page, "<p class=faint>and ");
        mns_number(page, more);
        mns_put(page, " more</p>");
    }
    mns_put(page, "</section>");
}

static void write_rule(const mns_page_t *page, const nts_json_t *rules, const char *label,
                       const char *key)
{
    if (nts_json_get_string(rules, key)) {
        mns_put(page, "<dt>");
        mns_text(page, label);
        mns_put(page, "</dt><dd>");
        mns_text_of(page, rules, key);
        mns_put(page, "</dd>");
    }
}

static void write_rules(const mns_page_t *page, const nts_json_t *mapping)
{
    const nts_json_t *rules = nts_json_get(page->facts, "rules");

    mns_put(page, "<section><h2>Rules</h2><div class=card><dl>");
    write_rule(page, rules, "conflicts", "conflict");
    write_rule(page, rules, "grace", "grace");
    write_rule(page, rules, "ties go to", "tie");
    write_rule(page, rules, "deletes in Notion", "deletes_to_notion");
    write_rule(page, rules, "deletes outside", "deletes_to_external");
    write_rule(page, rules, "deletes an hour", "delete_limit");
    write_rule(page, rules, "reconciled every", "reconcile");
    write_rule(page, rules, "in full every", "full");
    write_rule(page, rules, "edits settle for", "debounce");
    write_rule(page, rules, "pages covered", "filter_notion");
    write_rule(page, rules, "rows covered", "filter_external");
    write_rule(page, mapping, "triggers", "triggers");
    mns_put(page, "<dt>Notion listed</dt><dd>");
    mns_time_of(page, mapping, "listed");
    mns_put(page, "</dd><dt>compared in full</dt><dd>");
    mns_time_of(page, mapping, "full_done");
    mns_put(page, "</dd></dl></div></section>");
}

/* ---- runs ---- */

static void write_run(const mns_page_t *page, const nts_json_t *run)
{
    const char *state = nts_json_get_string(run, "state");
    apr_int64_t percent = nts_json_get_int(run, "percent", -1);

    mns_put(page, "<tr><td class=w data-label=Began>");
    mns_time_of(page, run, "started");
    mns_put(page, "</td><td data-label=Kind>");
    mns_text_of(page, run, "kind");
    mns_put(page, "</td><td class=w data-label=State>");
    mns_badge(page, state);
    if (!strcmp(state, "running") && percent >= 0) {
        (void)ap_rprintf(page->r, " <progress max=100 value=%d></progress>%d %%", (int)percent,
                         (int)percent);
    }
    mns_put(page, "</td><td class=n data-label=Read>");
    mns_number_of(page, run, "seen_notion");
    mns_put(page, ", ");
    mns_number_of(page, run, "seen_external");
    mns_put(page, "</td><td class=n data-label=Written>");
    mns_number_of(page, run, "written_notion");
    mns_put(page, ", ");
    mns_number_of(page, run, "written_external");
    mns_put(page, "</td><td class=n data-label=Troubles>");
    mns_number_of(page, run, "troubles");
    mns_put(page, "</td><td class=n data-label=Requests>");
    mns_number_of(page, run, "requests");
    mns_put(page, "</td><td data-label=Note><small>");
    mns_value(page, nts_json_get_string(run, "note"));
    mns_put(page, "</small></td></tr>");
}

static void write_runs(const mns_page_t *page)
{
    const nts_json_t *runs = nts_json_get(page->facts, "runs");
    int i;

    if (nts_json_count(runs) == 0) {
        return;
    }
    mns_put(page, "<h2>Reconciliations</h2><div class=card><table><thead><tr><th>Began<th>Kind"
                  "<th>State<th class=n>Read: Notion, external<th class=n>Written<th class=n>"
                  "Troubles<th class=n>Requests<th>Note</thead><tbody>");
    for (i = 0; i < nts_json_count(runs); i++) {
        write_run(page, nts_json_at(runs, i));
    }
    mns_put(page, "</tbody></table></div>");
}

/* A list with a way to all of it. */
static void write_more(const mns_page_t *page, const char *title, const char *name)
{
    mns_put(page, "<h2>");
    mns_text(page, title);
    mns_put(page, " <small><a href=\"");
    mns_address(page, "page", name, "mapping", page->mapping->name, NULL);
    mns_put(page, "\">all</a></small></h2>");
}

void mns_page_mapping(const mns_page_t *page)
{
    const nts_json_t *mapping = nts_json_get(page->facts, "mapping");
    const nts_json_t *held = nts_json_get(page->facts, "held");
    const nts_json_t *failures = nts_json_get(page->facts, "failures");
    const nts_json_t *audit = nts_json_get(page->facts, "audit");

    mns_frame_begin(page, page->mapping->name);
    write_command(page);
    write_heading(page, mapping);
    write_actions(page, mapping);
    write_tiles(page, mapping);
    if (nts_json_count(held) > 0) {
        write_more(page, "Held for a person", "held");
        mns_part_links(page, held, 0);
    }
    if (nts_json_count(failures) > 0) {
        write_more(page, "Failures", "failures");
        mns_part_links(page, failures, 0);
    }
    if (nts_json_count(audit) > 0) {
        write_more(page, "Last changes", "audit");
        mns_part_entries(page, audit, 0, 1);
    }
    write_runs(page);
    if (page->access.full) {
        mns_put(page, "<div class=columns>");
        write_fields(page);
        write_rules(page, mapping);
        mns_put(page, "</div>");
        write_offered(page);
    }
    mns_frame_end(page);
}
