/* nts_notion_rich_edit.c - one span of a formatted text is replaced, the rest stays.
 *
 * The old text is cut at the ends of the span that differs, never within a character, nor within a mention or an equation.
 */
#include <string.h>

#include "connector/notion/nts_notion_rich_impl.h"

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

static int is_boundary(const nts_notion_piece_t *pieces, int count, apr_size_t at)
{
    apr_size_t end = 0;

    for (int i = 0; i < count && end < at; i++) {
        end += pieces[i].len;
    }
    return end == at;
}

/* What was deleted may be told in several ways: "two " from "one two three", or "wo t". Preferred is one that begins with a
 * piece, so that no letter of it is left behind in its look. */
static void slide(apr_size_t *from, apr_size_t *old_to, const char *old,
                  const nts_notion_piece_t *pieces, int count)
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

/* ---- all of it ---- */

/* A special piece that the span reaches into is part of it. */
static void widen(apr_size_t *from, apr_size_t *old_to, apr_size_t *new_to,
                  const nts_notion_piece_t *pieces, int count)
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
static nts_notion_piece_t look_of_span(const nts_notion_piece_t *pieces, int count, apr_size_t from,
                                       apr_size_t to)
{
    nts_notion_piece_t look = { "", 0, 0, NULL, NULL, NULL };
    apr_size_t at = 0;

    for (int i = 0; i < count; at += pieces[i++].len) {
        apr_size_t end = at + pieces[i].len;

        if (pieces[i].special || from < at || from >= end) {
            continue;
        }
        if (to > from || from > at) {
            look.style = pieces[i].style;
            look.color = pieces[i].color;
        }
        if (from > at && to < end) {
            look.link = pieces[i].link;
        }
    }
    return look;
}

/* What is before the span, the span, what is behind it. */
static void put_pieces(nts_notion_rich_writer_t *w, const nts_notion_piece_t *pieces, int count,
                       apr_size_t from, apr_size_t to, const char *between, apr_size_t len)
{
    nts_notion_piece_t look = look_of_span(pieces, count, from, to);
    apr_size_t at = 0;
    int i;

    for (i = 0; i < count; at += pieces[i++].len) {
        apr_size_t end = at + pieces[i].len;

        if (pieces[i].special && end <= from) {
            nts_notion_rich_put_special(w, &pieces[i]);
        }
        else if (!pieces[i].special && at < from) {
            nts_notion_rich_put_text(w, &pieces[i], pieces[i].text, (end < from ? end : from) - at);
        }
    }
    nts_notion_rich_put_text(w, &look, between, len);
    for (i = 0, at = 0; i < count; at += pieces[i++].len) {
        apr_size_t end = at + pieces[i].len;
        apr_size_t skip = to > at ? to - at : 0;

        if (pieces[i].special && at >= to && end > from) {
            nts_notion_rich_put_special(w, &pieces[i]);
        }
        else if (!pieces[i].special && end > to) {
            nts_notion_rich_put_text(w, &pieces[i], pieces[i].text + skip, pieces[i].len - skip);
        }
    }
    nts_notion_rich_end(w);
}

const char *nts_notion_rich_edit(nts_json_t *items, const nts_json_t *old, const char *text,
                                 apr_pool_t *p)
{
    nts_notion_rich_writer_t w = nts_notion_rich_writer(items, p);
    const char *shown;
    int count;
    const nts_notion_piece_t *pieces = nts_notion_rich_pieces(&shown, &count, old, p);
    apr_size_t from;
    apr_size_t old_to;
    apr_size_t new_to;

    find_span(&from, &old_to, &new_to, shown, text);
    if (new_to == from && old_to > from) {
        slide(&from, &old_to, shown, pieces, count);
        new_to = from;
    }
    widen(&from, &old_to, &new_to, pieces, count);
    put_pieces(&w, pieces, count, from, old_to, text + from, new_to - from);
    return w.problem;
}
