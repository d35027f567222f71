/* mns_render.c - facts as JSON, and as "Key: value" lines. */
#include <string.h>

#include <httpd.h>
#include <http_protocol.h>

#include "base/nts_str.h"
#include "httpd/mns_status.h"

void mns_render_json(const mns_page_t *page)
{
    request_rec *r = page->r;

    apr_table_setn(r->headers_out, "Content-Security-Policy", "default-src 'none'");
    ap_set_content_type(r, "application/json");
    ap_rvputs(r, nts_json_text(page->facts, r->pool), "\n", NULL);
}

/* ---- lines ---- */

typedef struct line_t {
    request_rec *r;
    const char *path; /* so far */
} line_t;

static void write_node(request_rec *r, const char *path, const nts_json_t *node);

static int write_member(void *baton, const char *key, const nts_json_t *value)
{
    const line_t *line = baton;

    write_node(line->r, *line->path ? apr_pstrcat(line->r->pool, line->path, ".", key, NULL) : key,
               value);
    return 0;
}

/* What tells an element from its neighbours, or its place. */
static const char *element_name(const nts_json_t *element, int index, apr_pool_t *p)
{
    static const char *const keys[] = { "name", "index", "id" };
    size_t i;

    for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const nts_json_t *node = nts_json_get(element, keys[i]);
        const char *text =
            nts_json_string(node) ? nts_json_string(node) : nts_json_number_text(node, p);

        if (text && *text && !strpbrk(text, " :.\r\n")) {
            return text;
        }
    }
    return apr_itoa(p, index);
}

/* One line whatever is in the value: a line break would let it say something of its own. */
static const char *flatten(const char *text, apr_pool_t *p)
{
    char *flat = apr_pstrdup(p, text);
    char *c;

    for (c = flat; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = ' ';
        }
    }
    return flat;
}

static void write_node(request_rec *r, const char *path, const nts_json_t *node)
{
    line_t line = { r, path };
    const char *text = NULL;
    int i;

    switch (nts_json_type(node)) {
    case NTS_JSON_OBJECT:
        nts_json_each(node, write_member, &line);
        return;
    case NTS_JSON_ARRAY:
        for (i = 0; i < nts_json_count(node); i++) {
            const nts_json_t *element = nts_json_at(node, i);

            write_node(r, apr_pstrcat(r->pool, path, ".", element_name(element, i, r->pool), NULL),
                       element);
        }
        return;
    case NTS_JSON_STRING:
        text = flatten(nts_json_string(node), r->pool);
        break;
    case NTS_JSON_BOOL:
        text = nts_json_bool(node, 0) ? "true" : "false";
        break;
    case NTS_JSON_INT:
    case NTS_JSON_DOUBLE:
        text = nts_json_number_text(node, r->pool);
        break;
    case NTS_JSON_NULL:
    default:
        return;
    }
    ap_rvputs(r, path, ": ", text, "\n", NULL);
}

void mns_render_lines(const mns_page_t *page)
{
    request_rec *r = page->r;

    apr_table_setn(r->headers_out, "Content-Security-Policy", "default-src 'none'");
    ap_set_content_type(r, "text/plain; charset=utf-8");
    write_node(r, "", page->facts);
}
