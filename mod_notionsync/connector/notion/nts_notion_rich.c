/* nts_notion_rich.c - a formatted text as a row of pieces, and pieces as items of a request. */
#include <string.h>

#include "base/nts_str.h"
#include "connector/notion/nts_notion_impl.h"
#include "connector/notion/nts_notion_rich_impl.h"

/* ---- reading ---- */

/* What Notion calls the styles; in the order in which it shows them. */
static const struct {
    const char *name;
    int style;
} styles[] = {
    { "bold", NTS_INLINE_BOLD },
    { "italic", NTS_INLINE_ITALIC },
    { "strikethrough", NTS_INLINE_STRIKE },
    { "underline", NTS_INLINE_UNDERLINE },
    { "code", NTS_INLINE_CODE },
};
#define STYLES ((int)(sizeof(styles) / sizeof(styles[0])))

static int style_of(const nts_json_t *item)
{
    const nts_json_t *annotations = nts_json_get(item, "annotations");
    int style = 0;

    for (int i = 0; i < STYLES; i++) {
        style |= nts_json_bool(nts_json_get(annotations, styles[i].name), 0) ? styles[i].style : 0;
    }
    return style;
}

static const char *color_of(const nts_json_t *item)
{
    const char *color = nts_json_string(nts_json_path(item, "annotations", "color", NULL));

    return color && strcmp(color, "default") != 0 ? color : NULL;
}

static int is_type(const nts_json_t *item, const char *type)
{
    const char *found = nts_json_get_string(item, "type");

    return found && strcmp(found, type) == 0;
}

/* Notion shows more kinds of mentions than it takes. */
static int is_writable_mention(const nts_json_t *item)
{
    static const char *const kinds[] = {
        "user", "page", "database", "date", "template_mention", "custom_emoji"
    };
    const char *kind = nts_json_get_string(nts_json_get(item, "mention"), "type");

    for (int i = 0; kind && i < (int)(sizeof(kinds) / sizeof(kinds[0])); i++) {
        if (strcmp(kind, kinds[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

static void read_piece(nts_notion_piece_t *piece, const nts_json_t *item)
{
    const char *text = nts_json_get_string(item, "plain_text");

    if (!text) {
        text = nts_json_string(nts_json_path(item, "text", "content", NULL));
    }
    piece->text = text ? text : "";
    piece->len = strlen(piece->text);
    piece->style = style_of(item);
    piece->color = color_of(item);
    piece->special = NULL;
    piece->link = nts_json_string(nts_json_path(item, "text", "link", "url", NULL));
    if (is_type(item, "equation") || (is_type(item, "mention") && is_writable_mention(item))) {
        piece->special = item;
    }
    else if (!is_type(item, "text")) {
        piece->link = nts_json_get_string(item, "href");
    }
}

nts_notion_piece_t *nts_notion_rich_pieces(const char **shown, int *count, const nts_json_t *array,
                                           apr_pool_t *p)
{
    apr_array_header_t *plain = apr_array_make(p, 8, sizeof(const char *));
    nts_notion_piece_t *pieces;

    *count = nts_json_count(array);
    pieces = apr_pcalloc(p, ((apr_size_t)*count + 1) * sizeof(*pieces));
    for (int i = 0; i < *count; i++) {
        read_piece(&pieces[i], nts_json_at(array, i));
        APR_ARRAY_PUSH(plain, const char *) = pieces[i].text;
    }
    *shown = *count ? apr_array_pstrcat(p, plain, '\0') : "";
    return pieces;
}

int nts_notion_rich_is_formatted(const nts_json_t *array)
{
    for (int i = 0; i < nts_json_count(array); i++) {
        const nts_json_t *item = nts_json_at(array, i);

        if (!is_type(item, "text") || nts_json_get_string(item, "href") ||
            nts_json_path(item, "text", "link", "url", NULL) || color_of(item) || style_of(item)) {
            return 1;
        }
    }
    return 0;
}

/* ---- writing ---- */

nts_notion_rich_writer_t nts_notion_rich_writer(nts_json_t *items, apr_pool_t *p)
{
    nts_notion_rich_writer_t w = { 0 };

    w.items = items;
    w.run = apr_array_make(p, 8, sizeof(const char *));
    w.p = p;
    return w;
}

static nts_json_t *new_item(nts_notion_rich_writer_t *w, const char *type,
                            const nts_notion_piece_t *look)
{
    nts_json_t *annotations = NULL;
    nts_json_t *item;

    if (++w->count > NTS_NOTION_ARRAY_MAX) {
        w->problem = "the text is longer than the 100 pieces of 2000 characters that Notion takes, "
                     "or has so many changes of its formatting";
        return NULL;
    }
    item = nts_json_add_object(w->items, NULL);
    nts_json_add_string(item, "type", type);
    if (look->style || look->color) {
        annotations = nts_json_add_object(item, "annotations");
    }
    for (int i = 0; i < STYLES; i++) {
        if (look->style & styles[i].style) {
            nts_json_add_bool(annotations, styles[i].name, 1);
        }
    }
    if (look->color) {
        nts_json_add_string(annotations, "color", look->color);
    }
    return item;
}

/* Bytes of the longest start that fits into one item, at a character's end; Notion counts UTF-16 units. */
static apr_size_t item_length(const char *text)
{
    apr_size_t len = 0;
    int units = 0;

    while (text[len]) {
        apr_size_t step = nts_utf8_sequence(text + len, 4);

        units += (unsigned char)text[len] >= 0xF0 ? 2 : 1;
        if (step == 0 || units > NTS_NOTION_TEXT_UNITS) {
            break;
        }
        len += step;
    }
    return len;
}

void nts_notion_rich_end(nts_notion_rich_writer_t *w)
{
    const char *text = apr_array_pstrcat(w->p, w->run, '\0');

    apr_array_clear(w->run);
    while (text && *text && !w->problem) {
        apr_size_t len = item_length(text);
        nts_json_t *item = len ? new_item(w, "text", &w->look) : NULL;
        nts_json_t *content;

        if (!item) {
            w->problem = w->problem ? w->problem : "the text is not valid UTF-8";
            return;
        }
        content = nts_json_add_object(item, "text");
        nts_json_add_string(content, "content", apr_pstrmemdup(w->p, text, len));
        if (w->look.link) {
            nts_json_add_string(nts_json_add_object(content, "link"), "url", w->look.link);
        }
        text += len;
    }
}

static int is_same_look(const nts_notion_piece_t *a, const nts_notion_piece_t *b)
{
    return a->style == b->style && nts_str_same(a->color, b->color) &&
           nts_str_same(a->link, b->link);
}

void nts_notion_rich_put_text(nts_notion_rich_writer_t *w, const nts_notion_piece_t *look,
                              const char *text, apr_size_t len)
{
    if (len == 0) {
        return;
    }
    if (w->run->nelts && !is_same_look(&w->look, look)) {
        nts_notion_rich_end(w);
    }
    w->look = *look;
    APR_ARRAY_PUSH(w->run, const char *) = apr_pstrmemdup(w->p, text, len);
}

static int copy_member(void *baton, const char *key, const nts_json_t *value)
{
    /* "object" and the like of a user, which are shown and not taken */
    if (strcmp(key, "id") == 0) {
        nts_json_add_copy(baton, key, value);
    }
    return 0;
}

void nts_notion_rich_put_special(nts_notion_rich_writer_t *w, const nts_notion_piece_t *piece)
{
    const char *type = nts_json_get_string(piece->special, "type");
    const nts_json_t *value = nts_json_get(piece->special, type);
    const char *kind = nts_json_get_string(value, "type");
    nts_json_t *item;
    nts_json_t *mention;

    nts_notion_rich_end(w);
    item = new_item(w, type, piece);
    if (!item) {
        return;
    }
    if (strcmp(type, "mention") != 0 || !kind || strcmp(kind, "user") != 0) {
        nts_json_add_copy(item, type, value);
        return;
    }
    mention = nts_json_add_object(item, type);
    nts_json_add_string(mention, "type", kind);
    nts_json_each(nts_json_get(value, kind), copy_member, nts_json_add_object(mention, kind));
}

void nts_notion_rich_put_equation(nts_notion_rich_writer_t *w, const nts_notion_piece_t *look)
{
    nts_json_t *item;

    nts_notion_rich_end(w);
    item = new_item(w, "equation", look);
    if (item) {
        nts_json_add_string(nts_json_add_object(item, "equation"), "expression",
                            apr_pstrmemdup(w->p, look->text, look->len));
    }
}
