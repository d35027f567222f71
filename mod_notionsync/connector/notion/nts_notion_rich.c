/* nts_notion_rich.c - one span of a formatted text is replaced, the rest stays.
 *
 * A text is a row of pieces. The old one is cut at the ends of the span that differs, never within a character, nor
 * within a mention or an equation, and what has the same look is joined again before it is cut to Notion's size.
 */
#include <apr_tables.h>
#include <string.h>

#include "base/nts_str.h"
#include "connector/notion/nts_notion_impl.h"
#include "connector/notion/nts_notion_rich.h"

typedef struct piece_t {
    const char *text; /* plain */
    apr_size_t len;
    const char *style;         /* annotations other than the default, as JSON; "" none */
    const char *link;          /* NULL none */
    const nts_json_t *special; /* the item of a mention or an equation; NULL: text */
} piece_t;

/* ---- reading ---- */

static const char *style_of(const nts_json_t *item, apr_pool_t *p)
{
    static const char *const flags[] = { "bold", "italic", "strikethrough", "underline", "code" };
    const nts_json_t *annotations = nts_json_get(item, "annotations");
    const char *color = nts_json_get_string(annotations, "color");
    nts_json_t *style = nts_json_make_object(p);
    int count = 0;

    for (int i = 0; i < (int)(sizeof(flags) / sizeof(flags[0])); i++) {
        if (nts_json_bool(nts_json_get(annotations, flags[i]), 0)) {
            nts_json_add_bool(style, flags[i], 1);
            count++;
        }
    }
    if (color && strcmp(color, "default") != 0) {
        nts_json_add_string(style, "color", color);
        count++;
    }
    return count ? nts_json_text(style, p) : "";
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

static void read_piece(piece_t *piece, const nts_json_t *item, apr_pool_t *p)
{
    const char *text = nts_json_get_string(item, "plain_text");

    if (!text) {
        text = nts_json_string(nts_json_path(item, "text", "content", NULL));
    }
    piece->text = text ? text : "";
    piece->len = strlen(piece->text);
    piece->style = style_of(item, p);
    piece->special = NULL;
    piece->link = nts_json_string(nts_json_path(item, "text", "link", "url", NULL));
    if (is_type(item, "equation") || (is_type(item, "mention") && is_writable_mention(item))) {
        piece->special = item;
    }
    else if (!is_type(item, "text")) {
        piece->link = nts_json_get_string(item, "href");
    }
}

int nts_notion_rich_is_formatted(const nts_json_t *array)
{
    for (int i = 0; i < nts_json_count(array); i++) {
        const nts_json_t *item = nts_json_at(array, i);
        const nts_json_t *annotations = nts_json_get(item, "annotations");
        const char *color = nts_json_get_string(annotations, "color");

        if (!is_type(item, "text") || nts_json_get_string(item, "href") ||
            nts_json_path(item, "text", "link", "url", NULL) ||
            (color && strcmp(color, "default") != 0) ||
            nts_json_bool(nts_json_get(annotations, "bold"), 0) ||
            nts_json_bool(nts_json_get(annotations, "italic"), 0) ||
            nts_json_bool(nts_json_get(annotations, "strikethrough"), 0) ||
            nts_json_bool(nts_json_get(annotations, "underline"), 0) ||
            nts_json_bool(nts_json_get(annotations, "code"), 0)) {
            return 1;
        }
    }
    return 0;
}

/* ---- the span that differs ---- */

static int is_inside_character(const char *text, apr_size_t at)
{
    return ((unsigned char)text[at] & 0xC0) == 0x80;
}

/* *from, *old_to, *new_to: bytes [from, old_to) of the one are [from, new_to) of the other. */
static void find_span(apr_size_t *from, apr_size_t *old_to, apr_size_t *new_to, const char *old,
                      const char *now)
{
    apr_size_t a = strlen(old);
    apr_size_t b = strlen(now);
    apr_size_t start = 0;

    while (start < a && start < b && old[start] == now[start]) {
        start++;
    }
    while (start > 0 && (is_inside_character(old, start) || is_inside_character(now, start))) {
        start--;
    }
    while (a > start && b > start && old[a - 1] == now[b - 1]) {
        a--;
        b--;
    }
    while (is_inside_character(old, a) || is_inside_character(now, b)) {
        a++;
        b++;
    }
    *from = start;
    *old_to = a;
    *new_to = b;
}

static int is_boundary(const piece_t *pieces, int count, apr_size_t at)
{
    apr_size_t end = 0;

    for (int i = 0; i < count && end < at; i++) {
        end += pieces[i].len;
    }
    return end == at;
}

/* What was deleted may be told in several ways: "two " from "one two three", or "wo t". Preferred is one that begins with a
 * piece, so that no letter of it is left behind in its look. */
static void slide(apr_size_t *from, apr_size_t *old_to, const char *old, const piece_t *pieces,
                  int count)
{
    apr_size_t start = *from;
    apr_size_t end = *old_to;

    while (start > 0 && old[start - 1] == old[end - 1] && !is_boundary(pieces, count, start)) {
        start--;
        end--;
    }
    if (is_boundary(pieces, count, start) && !is_inside_character(old, start) &&
        !is_inside_character(old, end)) {
        *from = start;
        *old_to = end;
    }
}

/* ---- writing ---- */

typedef struct writer_t {
    nts_json_t *items;
    int count;
    apr_array_header_t *run; /* texts of one look that are still to be written */
    piece_t look;            /* theirs */
    const char *problem;
    apr_pool_t *p;
} writer_t;

static nts_json_t *new_item(writer_t *w, const char *type, const char *style)
{
    const nts_json_t *annotations;
    nts_json_t *item;

    if (++w->count > NTS_NOTION_ARRAY_MAX) {
        w->problem = "the text is longer than the 100 pieces of 2000 characters that Notion takes, "
                     "or has so "
                     "many changes of its formatting";
        return NULL;
    }
    item = nts_json_add_object(w->items, NULL);
    nts_json_add_string(item, "type", type);
    if (*style && nts_json_parse(&annotations, style, strlen(style), NULL, w->p) == APR_SUCCESS) {
        nts_json_add_copy(item, "annotations", annotations);
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

static void end_run(writer_t *w)
{
    const char *text = apr_array_pstrcat(w->p, w->run, '\0');

    apr_array_clear(w->run);
    while (text && *text && !w->problem) {
        apr_size_t len = item_length(text);
        nts_json_t *item = len ? new_item(w, "text", w->look.style) : NULL;
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

static int is_same_look(const piece_t *a, const piece_t *b)
{
    return strcmp(a->style, b->style) == 0 && nts_str_same(a->link, b->link);
}

static void put_text(writer_t *w, const piece_t *look, const char *text, apr_size_t len)
{
    if (len == 0) {
        return;
    }
    if (w->run->nelts && !is_same_look(&w->look, look)) {
        end_run(w);
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

static void put_special(writer_t *w, const piece_t *piece)
{
    const char *type = nts_json_get_string(piece->special, "type");
    const nts_json_t *value = nts_json_get(piece->special, type);
    const char *kind = nts_json_get_string(value, "type");
    nts_json_t *item;
    nts_json_t *mention;

    end_run(w);
    item = new_item(w, type, piece->style);
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

/* ---- all of it ---- */

/* A special piece that the span reaches into is part of it. */
static void widen(apr_size_t *from, apr_size_t *old_to, apr_size_t *new_to, const piece_t *pieces,
                  int count)
{
    apr_size_t at = 0;

    for (int i = 0; i < count; at += pieces[i++].len) {
        apr_size_t end = at + pieces[i].len;

        if (!pieces[i].special || *old_to <= at || *from >= end) {
            continue;
        }
        *from = at < *from ? at : *from;
        if (end > *old_to) {
            *new_to += end - *old_to;
            *old_to = end;
        }
    }
}

/* As what it replaces; where nothing is replaced, as what is on both sides of it. */
static piece_t look_of_span(const piece_t *pieces, int count, apr_size_t from, apr_size_t to)
{
    piece_t look = { "", 0, "", NULL, NULL };
    apr_size_t at = 0;

    for (int i = 0; i < count; at += pieces[i++].len) {
        apr_size_t end = at + pieces[i].len;

        if (pieces[i].special || from < at || from >= end) {
            continue;
        }
        if (to > from || from > at) {
            look.style = pieces[i].style;
        }
        if (from > at && to < end) {
            look.link = pieces[i].link;
        }
    }
    return look;
}

/* What is before the span, the span, what is behind it. */
static void put_pieces(writer_t *w, const piece_t *pieces, int count, apr_size_t from,
                       apr_size_t to, const char *between, apr_size_t len)
{
    piece_t look = look_of_span(pieces, count, from, to);
    apr_size_t at = 0;
    int i;

    for (i = 0; i < count; at += pieces[i++].len) {
        apr_size_t end = at + pieces[i].len;

        if (pieces[i].special && end <= from) {
            put_special(w, &pieces[i]);
        }
        else if (!pieces[i].special && at < from) {
            put_text(w, &pieces[i], pieces[i].text, (end < from ? end : from) - at);
        }
    }
    put_text(w, &look, between, len);
    for (i = 0, at = 0; i < count; at += pieces[i++].len) {
        apr_size_t end = at + pieces[i].len;
        apr_size_t skip = to > at ? to - at : 0;

        if (pieces[i].special && at >= to && end > from) {
            put_special(w, &pieces[i]);
        }
        else if (!pieces[i].special && end > to) {
            put_text(w, &pieces[i], pieces[i].text + skip, pieces[i].len - skip);
        }
    }
    end_run(w);
}

const char *nts_notion_rich_edit(nts_json_t *items, const nts_json_t *old, const char *text,
                                 apr_pool_t *p)
{
    writer_t w = { items, 0, apr_array_make(p, 8, sizeof(const char *)), { "", 0, "", NULL, NULL },
                   NULL,  p };
    int count = nts_json_count(old);
    piece_t *pieces = apr_pcalloc(p, ((apr_size_t)count + 1) * sizeof(*pieces));
    apr_array_header_t *plain = apr_array_make(p, 8, sizeof(const char *));
    const char *shown;
    apr_size_t from;
    apr_size_t old_to;
    apr_size_t new_to;

    for (int i = 0; i < count; i++) {
        read_piece(&pieces[i], nts_json_at(old, i), p);
        APR_ARRAY_PUSH(plain, const char *) = pieces[i].text;
    }
    shown = count ? apr_array_pstrcat(p, plain, '\0') : "";
    find_span(&from, &old_to, &new_to, shown, text);
    if (new_to == from && old_to > from) {
        slide(&from, &old_to, shown, pieces, count);
        new_to = from;
    }
    widen(&from, &old_to, &new_to, pieces, count);
    put_pieces(&w, pieces, count, from, old_to, text + from, new_to - from);
    return w.problem;
}
