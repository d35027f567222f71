/* mns_page_frame.c - what surrounds every page, and which page is drawn. */
#include <string.h>

#include <httpd.h>
#include <http_protocol.h>

#include "base/nts_str.h"
#include "httpd/mns_html.h"

#define REFRESH_DEFAULT 5
#define REFRESH_FORMS 60 /* where people tick boxes and type, which a fresh page would undo */

typedef struct tab_t {
    const char *page;
    const char *label;
} tab_t;

static const tab_t tabs[] = {
    { "overview", "Overview" }, { "audit", "Audit" },       { "conflicts", "Conflicts" },
    { "held", "Held" },         { "failures", "Failures" },
};

static int has_forms(const mns_page_t *page)
{
    static const char *const names[] = { "audit", "conflicts", "held", "record" };
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!strcmp(page->name, names[i])) {
            return 1;
        }
    }
    return 0;
}

/* Seconds; 0: the page stands still. */
static int refresh_seconds(const mns_page_t *page)
{
    const char *text = apr_table_get(page->args, "refresh");
    apr_int64_t seconds;

    if (!text || !*text) {
        return has_forms(page) ? REFRESH_FORMS : REFRESH_DEFAULT;
    }
    return nts_int_parse(&seconds, text, 1, 3600) == APR_SUCCESS ? (int)seconds : 0;
}

static void write_navigation(const mns_page_t *page)
{
    size_t i;

    mns_put(page, "<nav>");
    for (i = 0; i < sizeof(tabs) / sizeof(tabs[0]) && page->access.full; i++) {
        mns_put(page, "<a href=\"");
        mns_address(page, "page", tabs[i].page, NULL);
        mns_put(page, "\"");
        if (!strcmp(tabs[i].page, page->name)) {
            mns_put(page, " aria-current=page");
        }
        mns_put(page, ">");
        mns_text(page, tabs[i].label);
        mns_put(page, "</a>");
    }
    mns_put(page, "</nav>");
}

/* The same page, standing still or moving. */
static void write_pause(const mns_page_t *page)
{
    int seconds = refresh_seconds(page);

    mns_put(page, "<small>");
    if (seconds) {
        (void)ap_rprintf(page->r, "every %d s · ", seconds);
    }
    mns_put(page, "<a href=\"");
    mns_address(page, "page", page->name, "mapping", apr_table_get(page->args, "mapping"), "id",
                apr_table_get(page->args, "id"), "before", apr_table_get(page->args, "before"),
                "refresh", seconds ? "off" : "5", NULL);
    mns_put(page, "\">");
    mns_text(page, seconds ? "pause" : "refresh by itself");
    mns_put(page, "</a></small>");
}

static void write_policy(const mns_page_t *page)
{
    request_rec *r = page->r;

    apr_table_setn(r->headers_out, "Content-Security-Policy",
                   apr_pstrcat(r->pool, "default-src 'none'; style-src '", mns_style_hash(r->pool),
                               "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
                               NULL));
    ap_set_content_type(r, "text/html; charset=utf-8");
}

void mns_frame_begin(const mns_page_t *page, const char *title)
{
    const nts_json_t *server = nts_json_get(page->facts, "server");
    int seconds = refresh_seconds(page);

    write_policy(page);
    mns_put(page, "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8>"
                  "<meta name=viewport content=\"width=device-width,initial-scale=1\">"
                  "<meta name=robots content=noindex>");
    if (seconds) {
        (void)ap_rprintf(page->r, "<meta http-equiv=refresh content=%d>", seconds);
    }
    mns_put(page, "<title>");
    mns_text(page, title);
    mns_put(page, " · NotionSync</title><style>");
    (void)ap_rputs(mns_style, page->r);
    mns_put(page, "</style></head>\n<body><header><strong><a href=\"");
    mns_address(page, NULL);
    mns_put(page, "\">NotionSync</a></strong><small>");
    mns_text_of(page, server, "host");
    mns_put(page, "</small>");
    write_navigation(page);
    write_pause(page);
    mns_put(page, "</header>\n<main>");
    if (!page->access.full) {
        mns_put(page, "<p class=notice>");
        mns_text(page, page->access.why);
        mns_put(page, "</p>");
    }
}

void mns_frame_end(const mns_page_t *page)
{
    const nts_json_t *server = nts_json_get(page->facts, "server");

    mns_put(page, "</main>\n<footer><span>mod_notionsync ");
    mns_text_of(page, server, "version");
    mns_put(page, "</span><span>this generation began ");
    mns_time_of(page, server, "started");
    mns_put(page, "</span><span>");
    mns_text_of(page, server, "now");
    mns_put(page, "</span><span>the same as <a href=\"");
    mns_address(page, "page", page->name, "mapping", apr_table_get(page->args, "mapping"), "id",
                apr_table_get(page->args, "id"), NULL);
    mns_put(page, "&amp;json\">JSON</a> or <a href=\"");
    mns_address(page, "page", page->name, "mapping", apr_table_get(page->args, "mapping"), "id",
                apr_table_get(page->args, "id"), NULL);
    mns_put(page, "&amp;auto\">lines</a></span></footer></body></html>\n");
}

void mns_render_html(const mns_page_t *page)
{
    if (!strcmp(page->name, "overview")) {
        mns_page_overview(page);
    }
    else if (!strcmp(page->name, "mapping")) {
        mns_page_mapping(page);
    }
    else if (!strcmp(page->name, "record")) {
        mns_page_record(page);
    }
    else if (!strcmp(page->name, "plan")) {
        mns_page_plan(page);
    }
    else {
        mns_page_list(page);
    }
}
