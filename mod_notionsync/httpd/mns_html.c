/* mns_html.c - writing pages: texts, numbers, times, addresses, buttons. */
#include <stdarg.h>
#include <string.h>

#include <httpd.h>
#include <http_protocol.h>

#include "base/nts_str.h"
#include "httpd/mns_html.h"

void mns_text(const mns_page_t *page, const char *text)
{
    if (text) {
        (void)ap_rputs(ap_escape_html(page->r->pool, text), page->r);
    }
}

void mns_text_of(const mns_page_t *page, const nts_json_t *node, const char *key)
{
    mns_text(page, nts_json_get_string(node, key));
}

void mns_number(const mns_page_t *page, apr_int64_t number)
{
    const char *digits = apr_psprintf(page->r->pool, "%" APR_INT64_T_FMT, number);
    apr_size_t left = strlen(digits);

    for (; *digits; digits++, left--) {
        (void)ap_rputc(*digits, page->r);
        if (left > 1 && (left - 1) % 3 == 0 && *digits != '-') {
            (void)ap_rputs("&#8239;", page->r);
        }
    }
}

void mns_number_of(const mns_page_t *page, const nts_json_t *node, const char *key)
{
    mns_number(page, nts_json_get_int(node, key, 0));
}

void mns_value(const mns_page_t *page, const char *text)
{
    mns_put(page, "<bdi class=value>");
    mns_text(page, text);
    mns_put(page, "</bdi>");
}

static const char *relate_time(apr_interval_time_t ago, apr_pool_t *p)
{
    apr_interval_time_t length = ago < 0 ? -ago : ago;
    const char *text;

    if (length < apr_time_from_sec(1)) {
        return "now";
    }
    length -= length % apr_time_from_sec(1);
    text = nts_duration_text(length, p);
    return ago < 0 ? apr_pstrcat(p, "in ", text, NULL) : apr_pstrcat(p, text, " ago", NULL);
}

void mns_time_of(const mns_page_t *page, const nts_json_t *node, const char *key)
{
    const char *text = nts_json_get_string(node, key);
    apr_time_t at;

    if (!text || nts_time_parse(&at, text) != APR_SUCCESS) {
        mns_put(page, "<span class=faint>never</span>");
        return;
    }
    mns_put(page, "<time datetime=\"");
    mns_text(page, text);
    mns_put(page, "\" title=\"");
    mns_text(page, text);
    mns_put(page, "\">");
    mns_text(page, relate_time(page->now - at, page->r->pool));
    mns_put(page, "</time>");
}

/* ---- states ---- */

typedef struct tone_t {
    const char *word;
    const char *tone;
} tone_t;

static const tone_t tones[] = {
    { "running", "good" },    { "ready", "good" },    { "applied", "good" },
    { "done", "good" },       { "verified", "good" }, { "installed", "good" },
    { "in sync", "good" },    { "active", "good" },   { "starting", "busy" },
    { "queued", "busy" },     { "pending", "busy" },  { "arrived", "busy" },
    { "new", "busy" },        { "draining", "busy" }, { "paused", "warn" },
    { "waiting", "warn" },    { "held", "warn" },     { "unknown", "warn" },
    { "silent", "warn" },     { "stopped", "warn" },  { "blocked", "bad" },
    { "parked", "bad" },      { "ended", "bad" },     { "not installed", "bad" },
    { "refreshing", "busy" }, { "failed", "bad" },    { "absent", "bad" },
    { "not applied", "bad" }, { NULL, NULL },
};

void mns_badge(const mns_page_t *page, const char *word)
{
    const tone_t *tone;

    if (!word) {
        return;
    }
    for (tone = tones; tone->word && strcmp(tone->word, word) != 0; tone++) {
        /* the last one is for all others */
    }
    mns_put(page, "<span class=\"badge ");
    mns_text(page, tone->word ? tone->tone : "calm");
    mns_put(page, "\">");
    mns_text(page, word);
    mns_put(page, "</span>");
}

/* ---- addresses and forms ---- */

static void add_parameter(const mns_page_t *page, const char **sign, const char *name,
                          const char *value)
{
    (void)ap_rputs(*sign, page->r);
    *sign = "&amp;";
    (void)ap_rvputs(page->r, name, "=", nts_percent_encode(value, page->r->pool), NULL);
}

void mns_address(const mns_page_t *page, ...)
{
    const char *refresh = apr_table_get(page->args, "refresh");
    const char *sign = "?";
    const char *name;
    va_list list;

    va_start(list, page);
    while ((name = va_arg(list, const char *)) != NULL) {
        const char *value = va_arg(list, const char *);

        if (!strcmp(name, "refresh")) {
            refresh = value;
        }
        else if (value) {
            add_parameter(page, &sign, name, value);
        }
    }
    va_end(list);
    if (refresh && *refresh) {
        add_parameter(page, &sign, "refresh", refresh);
    }
    if (*sign == '?') {
        add_parameter(page, &sign, "page", "overview");
    }
}

static void hide_field(const mns_page_t *page, const char *name, const char *value)
{
    mns_put(page, "<input type=hidden name=\"");
    mns_text(page, name);
    mns_put(page, "\" value=\"");
    mns_text(page, value);
    mns_put(page, "\">");
}

static void begin_form(const mns_page_t *page, const char *verb, const char *mapping, va_list ap)
{
    const char *name;

    mns_put(page, "<form method=post action=\"?\">");
    hide_field(page, "token", mns_csrf_make(page->core, &page->access, page->r));
    hide_field(page, "action", verb);
    hide_field(page, "mapping", mapping);
    while ((name = va_arg(ap, const char *)) != NULL) {
        const char *value = va_arg(ap, const char *);

        if (value) {
            hide_field(page, name, value);
        }
    }
}

static void end_form(const mns_page_t *page, const char *label)
{
    mns_put(page, "<button>");
    mns_text(page, label);
    mns_put(page, "</button></form>");
}

void mns_button(const mns_page_t *page, const char *label, const char *verb, const char *mapping,
                ...)
{
    va_list ap;

    if (!page->access.full) {
        return;
    }
    va_start(ap, mapping);
    begin_form(page, verb, mapping, ap);
    va_end(ap);
    end_form(page, label);
}

static void put_sure(const mns_page_t *page)
{
    mns_put(page, "<label><input type=checkbox name=sure value=1 required> sure</label> ");
}

void mns_sure_button(const mns_page_t *page, const char *label, const char *verb,
                     const char *mapping, ...)
{
    va_list ap;

    if (!page->access.full) {
        return;
    }
    va_start(ap, mapping);
    begin_form(page, verb, mapping, ap);
    va_end(ap);
    put_sure(page);
    end_form(page, label);
}

void mns_input_button(const mns_page_t *page, const char *label, const char *verb,
                      const char *mapping, const mns_input_t *input, ...)
{
    va_list ap;

    if (!page->access.full) {
        return;
    }
    va_start(ap, input);
    begin_form(page, verb, mapping, ap);
    va_end(ap);
    mns_put(page, "<input name=\"");
    mns_text(page, input->name);
    mns_put(page, "\" required size=12 placeholder=\"");
    mns_text(page, input->hint);
    mns_put(page, "\" aria-label=\"");
    mns_text(page, input->hint);
    mns_put(page, "\"> ");
    if (input->sure) {
        put_sure(page);
    }
    end_form(page, label);
}
