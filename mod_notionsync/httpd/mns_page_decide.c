/* mns_page_decide.c - what waits for a person, and the buttons with which it is decided. Each form carries the
 * fingerprint of what the page shows (S2.9). */
#include <string.h>

#include <httpd.h>
#include <http_protocol.h>

#include "httpd/mns_html.h"

static const char *number_text(const mns_page_t *page, apr_int64_t number)
{
    return apr_psprintf(page->r->pool, "%" APR_INT64_T_FMT, number);
}

static void write_side(const mns_page_t *page, const char *label, const nts_json_t *issue,
                       const char *key)
{
    if (nts_json_get_string(issue, key)) {
        mns_put(page, "<dt>");
        mns_text(page, label);
        mns_put(page, "</dt><dd>");
        mns_value(page, nts_json_get_string(issue, key));
        mns_put(page, "</dd>");
    }
}

static void write_field_buttons(const mns_page_t *page, const nts_json_t *link,
                                const nts_json_t *issue)
{
    const char *mapping = nts_json_get_string(link, "mapping");
    const char *number = number_text(page, nts_json_get_int(link, "id", 0));
    const char *pair = number_text(page, nts_json_get_int(issue, "pair", 0));
    const char *print = nts_json_get_string(issue, "fingerprint");

    mns_put(page, "<div class=actions>");
    mns_button(page, "Take Notion's", "resolve", mapping, "link", number, "pair", pair, "choice",
               "notion", "fingerprint", print, NULL);
    mns_button(page, "Take the table's", "resolve", mapping, "link", number, "pair", pair, "choice",
               "external", "fingerprint", print, NULL);
    mns_put(page, "</div>");
}

void mns_part_issues(const mns_page_t *page, const nts_json_t *link)
{
    const nts_json_t *issues = nts_json_get(link, "issues");
    const char *decide = nts_json_get_string(link, "decide");
    int i;

    if (decide && nts_json_get_string(link, "agreed_text")) {
        mns_put(page, "<div class=issue>");
        mns_value(page, nts_json_get_string(link, "agreed_text"));
        mns_put(page, "</div>");
    }

    for (i = 0; i < nts_json_count(issues); i++) {
        const nts_json_t *issue = nts_json_at(issues, i);

        if (!nts_json_get_string(issue, "field")) {
            continue;
        }
        mns_put(page, "<div class=issue><b>");
        mns_value(page, nts_json_get_string(issue, "field"));
        mns_put(page, "</b> <span class=faint>· ");
        mns_value(page, nts_json_get_string(issue, "column"));
        mns_put(page, "</span><dl>");
        write_side(page, "Notion", issue, "notion_text");
        write_side(page, "Table", issue, "external_text");
        write_side(page, "Agreed before", issue, "agreed_text");
        mns_put(page, "</dl>");
        if (decide && !strcmp(decide, "field")) {
            write_field_buttons(page, link, issue);
        }
        mns_put(page, "</div>");
    }
}

static void write_delete_buttons(const mns_page_t *page, const nts_json_t *link)
{
    const char *mapping = nts_json_get_string(link, "mapping");
    const char *number = number_text(page, nts_json_get_int(link, "id", 0));
    const char *print = nts_json_get_string(link, "fingerprint");

    mns_button(page, "Delete it", "approve", mapping, "link", number, "choice", "delete",
               "fingerprint", print, NULL);
    mns_button(page, "Restore it", "approve", mapping, "link", number, "choice", "restore",
               "fingerprint", print, NULL);
}

static void write_match_buttons(const mns_page_t *page, const nts_json_t *link)
{
    static const mns_input_t other = { "other", "key or page id", 0 };
    const char *mapping = nts_json_get_string(link, "mapping");
    const char *number = number_text(page, nts_json_get_int(link, "id", 0));
    const char *print = nts_json_get_string(link, "fingerprint");

    mns_input_button(page, "It belongs to this", "resolve", mapping, &other, "link", number,
                     "choice", "pair", "fingerprint", print, NULL);
    mns_button(page, "It is a record of its own", "resolve", mapping, "link", number, "choice",
               "apart", "fingerprint", print, NULL);
}

void mns_part_choices(const mns_page_t *page, const nts_json_t *link)
{
    const char *decide = nts_json_get_string(link, "decide");
    const char *state = nts_json_get_string(link, "state");
    const char *trouble = nts_json_get_string(link, "trouble");

    if (!page->access.full) {
        return;
    }
    mns_put(page, "<div class=actions>");
    if (decide && !strcmp(decide, "delete")) {
        write_delete_buttons(page, link);
    }
    else if (decide && !strcmp(decide, "match")) {
        write_match_buttons(page, link);
    }
    if ((trouble && strcmp(trouble, "none") != 0) || (state && !strcmp(state, "ignored"))) {
        mns_button(page, state && !strcmp(state, "ignored") ? "Sync it again" : "Try again now",
                   "retry", nts_json_get_string(link, "mapping"), "link",
                   number_text(page, nts_json_get_int(link, "id", 0)), NULL);
    }
    mns_put(page, "</div>");
}

void mns_part_bulk(const mns_page_t *page)
{
    const nts_json_t *list = nts_json_get(page->facts, "bulk");
    int i;

    for (i = 0; i < nts_json_count(list); i++) {
        const nts_json_t *bulk = nts_json_at(list, i);
        const char *mapping = nts_json_get_string(bulk, "mapping");
        const char *print = nts_json_get_string(bulk, "fingerprint");

        mns_put(page, "<div class=notice>All ");
        mns_number_of(page, bulk, "count");
        mns_put(page, " held deletes of ");
        mns_text(page, mapping);
        mns_put(page, "<div class=actions>");
        mns_sure_button(page, "Delete all", "approve", mapping, "all", "1", "choice", "delete",
                        "fingerprint", print, NULL);
        mns_sure_button(page, "Restore all", "approve", mapping, "all", "1", "choice", "restore",
                        "fingerprint", print, NULL);
        mns_put(page, "</div></div>");
    }
}
