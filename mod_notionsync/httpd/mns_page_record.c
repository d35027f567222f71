/* mns_page_record.c - one record, and the lists. */
#include <string.h>

#include <httpd.h>
#include <http_protocol.h>

#include "httpd/mns_html.h"

/* ---- a record ---- */

static void write_identity(const mns_page_t *page, const nts_json_t *record)
{
    mns_put(page, "<div class=card><dl><dt>Notion page</dt><dd><code>");
    mns_text(page, nts_json_get_string(record, "notion_page")
                       ? nts_json_get_string(record, "notion_page")
                       : "none");
    mns_put(page, "</code></dd><dt>external key</dt><dd><code>");
    mns_text(page, nts_json_get_string(record, "external_key")
                       ? nts_json_get_string(record, "external_key")
                       : "none");
    mns_put(page, "</code></dd><dt>last touched</dt><dd>");
    mns_time_of(page, record, "touched");
    mns_put(page, "</dd>");
    if (nts_json_get_string(record, "next_try")) {
        mns_put(page, "<dt>next try</dt><dd>");
        mns_time_of(page, record, "next_try");
        mns_put(page, " <span class=faint>after ");
        mns_number_of(page, record, "attempts");
        mns_put(page, " in vain</span></dd>");
    }
    mns_put(page, "</dl></div>");
}

static void write_agreed(const mns_page_t *page)
{
    const nts_json_t *list = nts_json_get(page->facts, "agreed");
    int i;

    if (nts_json_count(list) == 0) {
        return;
    }
    mns_put(page, "<h2>What both sides last agreed on</h2><div class=card><table><thead><tr>"
                  "<th>Field<th>Notion<th>External</thead><tbody>");
    for (i = 0; i < nts_json_count(list); i++) {
        const nts_json_t *base = nts_json_at(list, i);

        mns_put(page, "<tr><td data-label=Field>");
        mns_value(page, nts_json_get_string(base, "notion"));
        mns_put(page, "<span class=faint> · ");
        mns_value(page, nts_json_get_string(base, "external"));
        mns_put(page, "</span></td><td data-label=Notion>");
        mns_value(page, nts_json_get_string(base, "notion_text"));
        mns_put(page, "<br><small>seen ");
        mns_time_of(page, base, "notion_seen");
        mns_put(page, "</small></td><td data-label=External>");
        mns_value(page, nts_json_get_string(base, "external_text"));
        mns_put(page, "<br><small>seen ");
        mns_time_of(page, base, "external_seen");
        mns_put(page, "</small></td></tr>");
    }
    mns_put(page, "</tbody></table></div>");
}

void mns_page_record(const mns_page_t *page)
{
    const nts_json_t *record = nts_json_get(page->facts, "record");
    const nts_json_t *audit = nts_json_get(page->facts, "audit");
    const char *trouble = nts_json_get_string(record, "trouble");
    const char *key = nts_json_get_string(record, "external_key");

    if (!key) {
        key = nts_json_get_string(record, "notion_page");
    }
    mns_frame_begin(page, key ? key : "Record");
    mns_put(page, "<h1>");
    mns_value(page, key);
    mns_put(page, " ");
    mns_badge(page, trouble && strcmp(trouble, "none") != 0 ? trouble
                                                            : nts_json_get_string(record, "state"));
    mns_put(page, "</h1><p class=faint>in <a href=\"");
    mns_address(page, "page", "mapping", "mapping", page->mapping->name, NULL);
    mns_put(page, "\">");
    mns_text(page, page->mapping->name);
    mns_put(page, "</a></p><p>");
    mns_text_of(page, page->facts, "explanation");
    mns_put(page, "</p>");
    if (nts_json_get(record, "outcome")) {
        mns_put(page, "<p class=\"notice bad\">");
        mns_part_outcome(page, nts_json_get(record, "outcome"));
        mns_put(page, "</p>");
        mns_part_issues(page, record);
    }
    mns_part_choices(page, record);
    write_identity(page, record);
    write_agreed(page);
    if (nts_json_count(audit) > 0) {
        mns_put(page, "<h2>What has happened to it</h2><p class=actions>");
        mns_sure_button(
            page, "Undo all of it, newest first", "undo", page->mapping->name, "link",
            apr_psprintf(page->r->pool, "%" APR_INT64_T_FMT, nts_json_get_int(record, "id", 0)),
            NULL);
        mns_put(page, "</p>");
        mns_part_entries(page, audit, 0, 1);
    }
    mns_frame_end(page);
}

/* ---- lists ---- */

typedef struct list_t {
    const char *name;
    const char *title;
    const char *none;
    int entries; /* of the audit; else records */
} list_t;

static const list_t lists[] = {
    { "audit", "Audit", "Nothing has been written yet.", 1 },
    { "conflicts", "Conflicts", "No value has lost to another one.", 1 },
    { "held", "Held for a person", "Nothing waits for a person.", 0 },
    { "failures", "Failures", "Nothing has failed.", 0 },
};

static const list_t *find_list(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (!strcmp(lists[i].name, name)) {
            return &lists[i];
        }
    }
    return &lists[0];
}

static void write_older(const mns_page_t *page)
{
    apr_int64_t next = nts_json_get_int(page->facts, "next_before", 0);

    if (next) {
        mns_put(page, "<p><a href=\"");
        mns_address(page, "page", page->name, "mapping", apr_table_get(page->args, "mapping"),
                    "before", apr_psprintf(page->r->pool, "%" APR_INT64_T_FMT, next), "refresh",
                    "off", NULL);
        mns_put(page, "\">older ones</a></p>");
    }
}

/* What can be decided or taken back at once. */
static void write_above(const mns_page_t *page)
{
    static const mns_input_t since = { "since", "2h, or an instant", 1 };
    const nts_json_t *open = nts_json_get(page->facts, "open");

    if (page->mapping && !strcmp(page->name, "audit")) {
        mns_put(page, "<p class=actions>");
        mns_input_button(page, "Undo everything since", "undo", page->mapping->name, &since, NULL);
        mns_put(page, "</p>");
    }
    mns_part_bulk(page);
    if (nts_json_count(open) > 0) {
        mns_put(page, "<h2>Waiting for a person</h2>");
        mns_part_links(page, open, !page->mapping);
    }
    if (open) {
        mns_put(page, "<h2>Decided</h2>");
    }
}

void mns_page_list(const mns_page_t *page)
{
    const list_t *list = find_list(page->name);
    const nts_json_t *items = nts_json_get(page->facts, list->name);

    mns_frame_begin(page, list->title);
    mns_put(page, "<h1>");
    mns_text(page, list->title);
    mns_put(page, "</h1>");
    if (page->mapping) {
        mns_put(page, "<p class=faint>of <a href=\"");
        mns_address(page, "page", "mapping", "mapping", page->mapping->name, NULL);
        mns_put(page, "\">");
        mns_text(page, page->mapping->name);
        mns_put(page, "</a></p>");
    }
    write_above(page);
    if (nts_json_count(items) == 0) {
        mns_put(page, "<p class=faint>");
        mns_text(page, list->none);
        mns_put(page, "</p>");
    }
    else if (list->entries) {
        mns_part_entries(page, items, !page->mapping, 1);
    }
    else {
        mns_part_links(page, items, !page->mapping);
    }
    write_older(page);
    mns_frame_end(page);
}
