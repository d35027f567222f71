/* nts_inline_emphasis.c - which delimiters belong together: the algorithm in the appendix of CommonMark 0.31, and ~~ as GFM has it.
 */
#include <string.h>

#include "model/nts_inline_parser.h"

static nts_inline_delimiter_t *delimiter_at(const nts_inline_parser_t *parser, int i)
{
    return &APR_ARRAY_IDX(parser->delimiters, i, nts_inline_delimiter_t);
}

static int can(const nts_inline_parser_t *parser, apr_size_t len,
               int (*rule)(char, apr_uint32_t, apr_uint32_t, nts_inline_punct_t))
{
    apr_uint32_t before = nts_inline_char_before(parser->source, parser->at);
    apr_uint32_t behind = nts_inline_char_at(parser->source, parser->at + len, parser->len);
    char mark = parser->source[parser->at];

    return rule(mark, before, behind, NTS_INLINE_ASCII_PUNCT) ||
           rule(mark, before, behind, NTS_INLINE_ALL_PUNCT);
}

void nts_inline_take_delimiters(nts_inline_parser_t *parser)
{
    const char *from = parser->source + parser->at;
    apr_size_t len = 1;
    nts_inline_delimiter_t *made;

    while (from[len] == *from) {
        len++;
    }
    if (*from == '~' && len != 2) {
        nts_inline_add_text(parser, len);
        return;
    }
    made = apr_array_push(parser->delimiters);
    *made = (nts_inline_delimiter_t){ .node = parser->nodes->nelts,
                                      .mark = *from,
                                      .count = (int)len,
                                      .whole = (int)len,
                                      .can_open = can(parser, len, nts_inline_can_open),
                                      .can_close = can(parser, len, nts_inline_can_close),
                                      .before = parser->last_delimiter,
                                      .behind = NTS_INLINE_NONE };
    if (parser->last_delimiter != NTS_INLINE_NONE) {
        delimiter_at(parser, parser->last_delimiter)->behind = parser->delimiters->nelts - 1;
    }
    parser->last_delimiter = parser->delimiters->nelts - 1;
    nts_inline_add_text(parser, len);
}

static void drop_delimiter(nts_inline_parser_t *parser, int i)
{
    const nts_inline_delimiter_t *d = delimiter_at(parser, i);

    if (d->before != NTS_INLINE_NONE) {
        delimiter_at(parser, d->before)->behind = d->behind;
    }
    if (d->behind != NTS_INLINE_NONE) {
        delimiter_at(parser, d->behind)->before = d->before;
    }
    else {
        parser->last_delimiter = d->before;
    }
}

static int goes_with(const nts_inline_delimiter_t *opener, const nts_inline_delimiter_t *closer)
{
    return opener->mark == closer->mark && opener->can_open &&
           !((closer->can_open || opener->can_close) && closer->whole % 3 != 0 &&
             (opener->whole + closer->whole) % 3 == 0);
}

/* Where the search for an opener can stop from then on: by mark, whether the closer can open, its length. */
static int *bottom_for(int bottoms[18], const nts_inline_delimiter_t *closer)
{
    int mark = closer->mark == '*' ? 0 : closer->mark == '_' ? 1 : 2;

    return &bottoms[mark * 6 + (closer->can_open != 0) * 3 + closer->whole % 3];
}

/* What is between them gets their style, and both are shorter; what was opened between is text. */
static void join_delimiters(nts_inline_parser_t *parser, int from, int to)
{
    nts_inline_delimiter_t *opener = delimiter_at(parser, from);
    nts_inline_delimiter_t *closer = delimiter_at(parser, to);
    int used = opener->count >= 2 && closer->count >= 2 ? 2 : 1;
    int style = opener->mark == '~' ? NTS_INLINE_STRIKE
                : used == 2         ? NTS_INLINE_BOLD
                                    : NTS_INLINE_ITALIC;

    while (opener->behind != to) {
        drop_delimiter(parser, opener->behind);
    }
    opener->count -= used;
    closer->count -= used;
    nts_inline_node_at(parser, opener->node)->len -= (apr_size_t)used;
    nts_inline_node_at(parser, closer->node)->len -= (apr_size_t)used;
    nts_inline_add_style(parser, opener->node + 1, closer->node, style);
    if (!opener->count) {
        drop_delimiter(parser, from);
    }
}

void nts_inline_match_delimiters(nts_inline_parser_t *parser, int bottom)
{
    int bottoms[18];
    int at = parser->last_delimiter;
    int next;

    for (int i = 0; i < 18; i++) {
        bottoms[i] = bottom;
    }
    if (at == bottom) {
        return;
    }
    while (delimiter_at(parser, at)->before != bottom) {
        at = delimiter_at(parser, at)->before;
    }
    while (at != NTS_INLINE_NONE) {
        const nts_inline_delimiter_t *closer = delimiter_at(parser, at);
        int *stop = bottom_for(bottoms, closer);
        int opener = closer->before;

        next = closer->behind;
        if (!closer->can_close) {
            at = next;
            continue;
        }
        while (opener > *stop && !goes_with(delimiter_at(parser, opener), closer)) {
            opener = delimiter_at(parser, opener)->before;
        }
        if (opener > *stop) {
            join_delimiters(parser, opener, at);
            if (!closer->count) {
                drop_delimiter(parser, at);
                at = next;
            }
            continue;
        }
        *stop = closer->before;
        if (!closer->can_open) {
            drop_delimiter(parser, at);
        }
        at = next;
    }
    while (parser->last_delimiter != bottom) {
        drop_delimiter(parser, parser->last_delimiter);
    }
}
