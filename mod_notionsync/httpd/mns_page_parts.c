/* mns_page_parts.c - parts of pages: reasons, records in trouble, entries of the audit. */
#include <string.h>

#include <httpd.h>
#include <http_protocol.h>

#include "base/nts_str.h"
#include "httpd/mns_html.h"

/* ---- reasons ---- */

void mns_part_outcome(const mns_page_t *page, const nts_json_t *outcome)
{
    const char *what = nts_json_get_string(outcome, "what");
    const char *words = nts_json_get_string(outcome, "words");
    const char *advice = nts_json_get_string(outcome, "advice");

    if (what) {
        mns_value(page, what);
    }
    else {
        mns_put(page, "<code>");
        mns_text_of(page, outcome, "code");
        mns_put(page, "</code>");
    }
    if (words) {
        mns_put(page, "<br><span class=faint>In its own words: ");
        mns_value(page, words);
        mns_put(page, "</span>");
    }
    if (advice) {
        mns_put(page, "<br><span class=faint>");
        mns_value(page, advice);
        mns_put(page, "</span>");
    }
}

void mns_part_suspended(const mns_page_t *page, const nts_json_t *mapping)
{
    const nts_json_t *list = nts_json_get(mapping, "suspended");
    int i;

    if (nts_json_count(list) == 0 && nts_json_get_int(mapping, "suspended_fields", 0)) {
        mns_number_of(page, mapping, "suspended_fields");
        mns_put(page, " of its fields cannot be synced now; the others go on.");
    }
    for (i = 0; i < nts_json_count(list); i++) {
        const nts_json_t *field = nts_json_at(list, i);

        if (i) {
            mns_put(page, "<br>");
        }
        mns_put(page, "<b>");
        mns_value(page, nts_json_get_string(field, "notion"));
        mns_put(page, "</b> <span class=arrow>↔</span> <b>");
        mns_value(page, nts_json_get_string(field, "external"));
        mns_put(page, "</b> is suspended, the other fields go on: ");
        mns_part_outcome(page, field);
    }
}

/* ---- records ---- */

/* The key if there is one: it is shorter, and people know it. */
static void write_record(const mns_page_t *page, const char *mapping, apr_int64_t number,
                         const char *key, const char *notion)
{
    if (number > 0) {
        mns_put(page, "<a href=\"");
        mns_address(page, "page", "record", "mapping", mapping, "id",
                    notion ? notion
                    : key  ? key
                           : apr_psprintf(page->r->pool, "%" APR_INT64_T_FMT, number),
                    NULL);
        mns_put(page, "\">");
    }
    if (key || notion) {
        mns_value(page, key ? key : apr_pstrmemdup(page->r->pool, notion, strcspn(notion, "-")));
    }
    else {
        (void)ap_rprintf(page->r, "no. %" APR_INT64_T_FMT, number);
    }
    if (number > 0) {
        mns_put(page, "</a>");
    }
}

static void write_mapping(const mns_page_t *page, const nts_json_t *node)
{
    mns_put(page, "<td class=w data-label=Mapping><a href=\"");
    mns_address(page, "page", "mapping", "mapping", nts_json_get_string(node, "mapping"), NULL);
    mns_put(page, "\">");
    mns_text_of(page, node, "mapping");
    mns_put(page, "</a></td>");
}

/* Held: nothing will be tried until a person has decided. */
static int is_held(const nts_json_t *link)
{
    const char *trouble = nts_json_get_string(link, "trouble");

    return trouble && !strcmp(trouble, "held");
}

static void write_link(const mns_page_t *page, const nts_json_t *link, int several)
{
    mns_put(page, "<tr>");
    if (several) {
        write_mapping(page, link);
    }
    mns_put(page, "<td data-label=Record>");
    write_record(page, nts_json_get_string(link, "mapping"), nts_json_get_int(link, "id", 0),
                 nts_json_get_string(link, "external_key"),
                 nts_json_get_string(link, "notion_page"));
    mns_put(page, "</td><td data-label=Reason>");
    mns_part_outcome(page, nts_json_get(link, "outcome"));
    mns_part_issues(page, link);
    if (is_held(link)) {
        mns_part_choices(page, link);
        mns_put(page, "</td><td class=w data-label=Since>");
        mns_time_of(page, link, nts_json_get_string(link, "since") ? "since" : "touched");
        mns_put(page, "</td></tr>");
        return;
    }
    mns_part_choices(page, link);
    mns_put(page, "</td><td class=n data-label=Attempts>");
    mns_number_of(page, link, "attempts");
    mns_put(page, "</td><td class=w data-label=\"Next try\">");
    if (nts_json_get_string(link, "next_try")) {
        mns_time_of(page, link, "next_try");
    }
    else {
        mns_put(page, "<span class=faint>when something changes</span>");
    }
    mns_put(page, "</td></tr>");
}

void mns_part_links(const mns_page_t *page, const nts_json_t *links, int several)
{
    int i;

    mns_put(page, "<div class=card><table><thead><tr>");
    if (several) {
        mns_put(page, "<th>Mapping");
    }
    mns_put(page, "<th>Record<th>Reason");
    if (is_held(nts_json_at(links, 0))) {
        mns_put(page, "<th>Since</thead><tbody>");
    }
    else {
        mns_put(page, "<th class=n>Attempts<th>Next try</thead><tbody>");
    }
    for (i = 0; i < nts_json_count(links); i++) {
        write_link(page, nts_json_at(links, i), several);
    }
    mns_put(page, "</tbody></table></div>");
}

/* ---- entries ---- */

/* "Phone <-> phone": the property is enough to know it by. */
static const char *short_name(const nts_json_t *field, apr_pool_t *p)
{
    const char *name = nts_json_get_string(field, "name");
    const char *end = name ? strstr(name, " <-> ") : NULL;

    end = name && !end ? strstr(name, " -> ") : end;
    end = name && !end ? strstr(name, " <- ") : end;
    return end && end > name ? apr_pstrmemdup(p, name, (apr_size_t)(end - name)) : name;
}

/* That the other side changed is what every entry is about. */
static int is_telling(const char *reason)
{
    return reason && strcmp(reason, "notion changed") != 0 &&
           strcmp(reason, "external changed") != 0;
}

static void write_change(const mns_page_t *page, const nts_json_t *field)
{
    const char *before = nts_json_get_string(field, "before_text");
    const char *after = nts_json_get_string(field, "after_text");
    const char *lost = nts_json_get_string(field, "lost_text");
    const char *reason = nts_json_get_string(field, "reason");

    if (!before && !lost && after && !strcmp(after, "—")) {
        return; /* created empty; without any value: NotionSyncAudit values=off */
    }
    mns_put(page, "<li><span class=faint title=\"");
    mns_text_of(page, field, "name");
    mns_put(page, "\">");
    mns_text(page, short_name(field, page->r->pool));
    mns_put(page, "</span> ");
    if (before && after) {
        mns_put(page, "<del>");
        mns_value(page, before);
        mns_put(page, "</del><span class=arrow>→</span>");
    }
    if (after || before) {
        mns_value(page, after ? after : before);
    }
    if (is_telling(reason)) {
        mns_put(page, " <span class=faint>· ");
        mns_text(page, reason);
        mns_put(page, "</span>");
    }
    if (lost) {
        mns_put(page, " <span class=faint>· lost, and kept: ");
        mns_value(page, lost);
        mns_put(page, "</span>");
    }
    mns_put(page, "</li>");
}

static void write_changes(const mns_page_t *page, const nts_json_t *entry)
{
    const nts_json_t *fields = nts_json_get(entry, "fields");
    const char *note = nts_json_get_string(entry, "note");
    const char *taken = nts_json_get_string(entry, "taken"); /* with the row that was deleted */
    int i;

    mns_put(page, "<td data-label=Change>");
    if (note) {
        mns_value(page, note);
    }
    if (taken) {
        mns_put(page, " <span class=faint>· ");
        mns_value(page, taken);
        mns_put(page, "</span>");
    }
    if (nts_json_count(fields) > 0) {
        mns_put(page, "<ul class=\"changes");
        if (!nts_json_get_string(nts_json_at(fields, 0), "before_text")) {
            mns_put(page, " values");
        }
        mns_put(page, "\">");
        for (i = 0; i < nts_json_count(fields); i++) {
            write_change(page, nts_json_at(fields, i));
        }
        mns_put(page, "</ul>");
    }
    mns_put(page, "</td>");
}

/* Only what is certain to have been done can be taken back. */
static void write_undo(const mns_page_t *page, const nts_json_t *entry)
{
    const char *state = nts_json_get_string(entry, "state");

    mns_put(page, "<td data-label=\"\">");
    if (state && !strcmp(state, "applied") &&
        mns_server_config(page->core->main)->global.audit_values) {
        mns_button(
            page, "Undo", "undo", nts_json_get_string(entry, "mapping"), "entry",
            apr_psprintf(page->r->pool, "%" APR_INT64_T_FMT, nts_json_get_int(entry, "id", 0)),
            NULL);
    }
    mns_put(page, "</td>");
}

/* "updated in Notion"; what concerns no side alone has none. */
static void write_operation(const mns_page_t *page, const nts_json_t *entry)
{
    static const struct {
        const char *operation;
        const char *word;
        int sided;
    } words[] = {
        { "create", "created", 1 },   { "update", "updated", 1 },    { "remove", "removed", 1 },
        { "restore", "restored", 1 }, { "link", "linked", 0 },       { "agree", "agreed", 0 },
        { "hold", "held", 0 },        { "refuse", "not synced", 0 },
    };
    const char *operation = nts_json_get_string(entry, "operation");
    const char *side = nts_json_get_string(entry, "side");
    const char *external = nts_json_get_string(entry, "external_service");
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (operation && side && !strcmp(operation, words[i].operation)) {
            mns_text(page, words[i].word);
            if (words[i].sided) {
                mns_put(page, " in ");
                mns_text(page, !external || !strcmp(side, "notion") ? "Notion" : external);
            }
        }
    }
}

/* Ids of events are long, and their beginning tells them apart. */
static void write_cause(const mns_page_t *page, const nts_json_t *entry)
{
    const char *cause = nts_json_get_string(entry, "cause");
    const char *number = cause && !strncmp(cause, "change:", 7) ? strrchr(cause + 7, ':') : NULL;
    const char *uuid;

    if (cause && nts_uuid_normalise(&uuid, cause, page->r->pool) == APR_SUCCESS) {
        mns_put(page, "<span title=\"");
        mns_text(page, cause);
        mns_put(page, "\">event ");
        mns_text(page, apr_pstrndup(page->r->pool, cause, 8));
        mns_put(page, "</span>");
    }
    else if (number) {
        mns_put(page, "<span title=\"");
        mns_text(page, cause);
        mns_put(page, "\">change ");
        mns_text(page, number + 1);
        mns_put(page, " of the table</span>");
    }
    else {
        mns_value(page, cause);
    }
}

static void write_entry(const mns_page_t *page, const nts_json_t *entry, int several, int undo)
{
    const char *state = nts_json_get_string(entry, "state");

    mns_put(page, "<tr><td class=w data-label=When>");
    mns_time_of(page, entry, "at");
    mns_put(page, "</td>");
    if (several) {
        write_mapping(page, entry);
    }
    mns_put(page, "<td data-label=Record>");
    write_record(page, nts_json_get_string(entry, "mapping"), nts_json_get_int(entry, "record", 0),
                 nts_json_get_string(entry, "external_key"),
                 nts_json_get_string(entry, "notion_page"));
    mns_put(page, "</td><td class=w data-label=What>");
    write_operation(page, entry);
    if (state && strcmp(state, "applied") != 0 && strcmp(state, "noted") != 0) {
        mns_put(page, " ");
        mns_badge(page, state);
    }
    mns_put(page, "</td>");
    write_changes(page, entry);
    mns_put(page, "<td data-label=Cause><small>");
    write_cause(page, entry);
    mns_put(page, "</small></td>");
    if (undo) {
        write_undo(page, entry);
    }
    mns_put(page, "</tr>");
}

void mns_part_entries(const mns_page_t *page, const nts_json_t *entries, int several, int undo)
{
    int i;

    mns_put(page, "<div class=card><table><thead><tr><th>When");
    if (several) {
        mns_put(page, "<th>Mapping");
    }
    mns_put(page, "<th>Record<th>What<th>Change<th>Cause");
    if (undo) {
        mns_put(page, "<th>");
    }
    mns_put(page, "</thead><tbody>");
    for (i = 0; i < nts_json_count(entries); i++) {
        write_entry(page, nts_json_at(entries, i), several, undo);
    }
    mns_put(page, "</tbody></table></div>");
}
