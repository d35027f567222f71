/* mns_page_install.c - the page of an installation: what is, what was tried, and the buttons. */
#include <string.h>

#include <httpd.h>
#include <http_protocol.h>

#include "httpd/mns_html.h"
#include "httpd/mns_install.h"

/* While the worker is at it. */
#define REFRESH "2"

void mns_part_install(const mns_page_t *page, const nts_json_t *oauth)
{
    const char *workspace = nts_json_get_string(oauth, "workspace");
    const nts_json_t *outcome = nts_json_get(oauth, "outcome");
    const char *attempt = nts_json_string(nts_json_path(oauth, "attempt", "state", NULL));

    mns_badge(page, nts_json_get_string(oauth, "state"));
    if (workspace) {
        mns_put(page, " <span class=faint>workspace </span>");
        mns_value(page, workspace);
    }
    if (attempt && strcmp(attempt, "held") == 0) {
        mns_put(page, "<br>");
        mns_badge(page, "held");
        mns_put(
            page,
            " <span class=faint>an installation in another workspace waits for a decision</span>");
    }
    if (nts_json_get(outcome, "code") && page->access.full) {
        mns_put(page, "<br>");
        mns_part_outcome(page, outcome);
    }
}

static int is_under_way(const nts_json_t *oauth)
{
    static const char *const states[] = { "arrived", "sent", "accepted", "discarded" };
    const char *state = nts_json_string(nts_json_path(oauth, "attempt", "state", NULL));
    size_t i;

    for (i = 0; state && i < sizeof(states) / sizeof(states[0]); i++) {
        if (!strcmp(state, states[i])) {
            return 1;
        }
    }
    return 0;
}

/* The policy says nothing of forms: browsers would hold it against where the form's answer leads, and from there on. */
static void write_head(const mns_page_t *page, const char *name, int moves)
{
    request_rec *r = page->r;

    apr_table_setn(r->headers_out, "Content-Security-Policy",
                   apr_pstrcat(r->pool, "default-src 'none'; style-src '", mns_style_hash(r->pool),
                               "'; base-uri 'none'; frame-ancestors 'none'", NULL));
    ap_set_content_type(r, "text/html; charset=utf-8");
    mns_put(page, "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8>"
                  "<meta name=viewport content=\"width=device-width,initial-scale=1\">"
                  "<meta name=robots content=noindex>");
    if (moves) {
        mns_put(page, "<meta http-equiv=refresh content=" REFRESH ">");
    }
    mns_put(page, "<title>");
    mns_text(page, name);
    mns_put(page, " · NotionSync</title><style>");
    (void)ap_rputs(mns_style, r);
    mns_put(page, "</style></head>\n<body><main><h1>Installation of ");
    mns_text(page, name);
    mns_put(page, "</h1>");
}

static void write_form(const mns_page_t *page, const char *action, const char *label)
{
    apr_int64_t number =
        nts_json_get_int(nts_json_path(page->facts, "oauth", "attempt", NULL), "number", 0);

    mns_put(page, "<form method=post><input type=hidden name=token value=\"");
    mns_text(page, mns_csrf_make(page->core, &page->access, page->r));
    mns_put(page, "\"><input type=hidden name=action value=\"");
    mns_text(page, action);
    mns_put(page, "\"><input type=hidden name=attempt value=\"");
    mns_text(page, apr_psprintf(page->r->pool, "%" APR_INT64_T_FMT, number));
    mns_put(page, "\"><button>");
    mns_text(page, label);
    mns_put(page, "</button></form>");
}

static void write_grant(const mns_page_t *page, const nts_json_t *oauth)
{
    mns_put(page, "<p>");
    mns_part_install(page, oauth);
    mns_put(page, "</p>");
    if (nts_json_get_string(oauth, "installed")) {
        mns_put(page, "<p class=faint>Installed by ");
        mns_value(page, nts_json_get_string(oauth, "by"));
        mns_put(page, " ");
        mns_time_of(page, oauth, "installed");
        mns_put(page, "; tokens of ");
        mns_time_of(page, oauth, "refreshed");
        if (nts_json_get_string(oauth, "expires")) {
            mns_put(page, ", refreshed before they expire ");
            mns_time_of(page, oauth, "expires");
        }
        mns_put(page, "</p>");
    }
}

static void write_attempt(const mns_page_t *page, const nts_json_t *oauth)
{
    const nts_json_t *attempt = nts_json_get(oauth, "attempt");
    const char *state = nts_json_get_string(attempt, "state");

    if (is_under_way(oauth)) {
        mns_put(page, "<p class=notice>The worker is at it; this page looks again by itself.</p>");
    }
    else if (state && !strcmp(state, "failed")) {
        mns_put(page, "<p class=\"notice bad\">The last attempt failed, ");
        mns_time_of(page, attempt, "at");
        mns_put(page, ": ");
        mns_part_outcome(page, nts_json_get(attempt, "outcome"));
        mns_put(page, "</p>");
    }
    else if (state && !strcmp(state, "held")) {
        mns_put(page, "<p class=notice>Notion granted access to another workspace than the one "
                      "that is synced: ");
        mns_value(page, nts_json_get_string(attempt, "workspace"));
        mns_put(page, " instead of ");
        mns_value(page, nts_json_get_string(oauth, "workspace"));
        mns_put(page, ". Nothing uses it until you say so. Data sources of the former workspace "
                      "cannot be reached "
                      "with it.</p><div class=actions>");
        write_form(page, "confirm", "Use the other workspace");
        write_form(page, "discard", "Keep the former one");
        mns_put(page, "</div>");
    }
}

void mns_page_install(const mns_page_t *page)
{
    const nts_json_t *oauth = nts_json_get(page->facts, "oauth");
    const char *state = nts_json_get_string(oauth, "state");
    const char *problem = nts_json_get_string(page->facts, "problem");
    int moves = is_under_way(oauth);

    write_head(page, nts_json_get_string(page->facts, "service"), moves);
    write_grant(page, oauth);
    write_attempt(page, oauth);
    if (problem) {
        mns_put(page, "<p class=\"notice bad\">");
        mns_text(page, problem);
        mns_put(page, "</p>");
    }
    else if (!moves) {
        mns_put(page, "<div class=actions>");
        write_form(page, "begin",
                   state && !strcmp(state, "not installed") ? "Install" : "Install again");
        mns_put(page, "</div><p class=faint>You are sent to Notion, choose a workspace and the "
                      "pages to share, and come back "
                      "here.</p>");
    }
    mns_put(page, "</main></body></html>\n");
}
