/* nts_inline_parse.c - inline Markdown as runs.
 *
 * The text is cut into nodes. What opens is remembered, and when it is closed a range of nodes gets a style or a link. What is never closed
 * stays text.
 */
#include <stdlib.h>
#include <string.h>

#include "base/nts_str.h"
#include "model/nts_inline_parser.h"

nts_inline_node_t *nts_inline_node_at(const nts_inline_parser_t *parser, int i)
{
    return &APR_ARRAY_IDX(parser->nodes, i, nts_inline_node_t);
}

static int bit_of(int style)
{
    int bit = 0;

    while (style > 1) {
        style >>= 1;
        bit++;
    }
    return bit;
}

int nts_inline_add_node(nts_inline_parser_t *parser, const char *text, apr_size_t len, int style)
{
    nts_inline_node_t *node = apr_array_push(parser->nodes);

    memset(node, 0, sizeof(*node));
    node->text = text;
    node->len = len;
    node->style = style;
    return parser->nodes->nelts - 1;
}

void nts_inline_add_text(nts_inline_parser_t *parser, apr_size_t len)
{
    nts_inline_add_node(parser, parser->source + parser->at, len, 0);
    parser->at += len;
}

void nts_inline_add_style(const nts_inline_parser_t *parser, int from, int to, int style)
{
    nts_inline_node_at(parser, from)->begins[bit_of(style)]++;
    nts_inline_node_at(parser, to)->begins[bit_of(style)]--;
}

/* ---- brackets and tags ---- */

static void open_range(nts_inline_parser_t *parser, int kind, apr_size_t len)
{
    APR_ARRAY_PUSH(parser->openers, nts_inline_opener_t) =
        (nts_inline_opener_t){ kind, parser->nodes->nelts, parser->last_delimiter,
                               parser->last[kind] };
    parser->last[kind] = parser->openers->nelts - 1;
    nts_inline_add_text(parser, len);
}

/* The opener and all behind it are done with. */
static void close_openers(nts_inline_parser_t *parser, int from)
{
    while (parser->openers->nelts > from) {
        const nts_inline_opener_t *gone = apr_array_pop(parser->openers);

        if (parser->last[gone->kind] == parser->openers->nelts) {
            parser->last[gone->kind] = gone->same;
        }
    }
}

/* "]": a link, if an address follows. Links are not in links. */
static void take_bracket(nts_inline_parser_t *parser)
{
    int i = parser->last[NTS_INLINE_LINK];
    const char *url = NULL;
    apr_size_t len;
    nts_inline_opener_t opener;

    if (i == NTS_INLINE_NONE) {
        nts_inline_add_text(parser, 1);
        return;
    }
    opener = APR_ARRAY_IDX(parser->openers, i, nts_inline_opener_t);
    len = nts_inline_destination(&url, parser->source + parser->at + 1, parser->p);
    if (!len || opener.node == parser->nodes->nelts - 1) {
        parser->last[NTS_INLINE_LINK] = opener.same;
        nts_inline_add_text(parser, 1);
        return;
    }
    nts_inline_match_delimiters(parser, opener.delimiter);
    close_openers(parser, i);
    parser->last[NTS_INLINE_LINK] = NTS_INLINE_NONE;
    nts_inline_node_at(parser, opener.node)->len = 0;
    nts_inline_node_at(parser, opener.node)->link = url;
    nts_inline_add_node(parser, "", 0, 0);
    nts_inline_node_at(parser, parser->nodes->nelts - 1)->ends_link = 1;
    parser->at += len + 1;
}

static void end_tag(nts_inline_parser_t *parser, int kind, apr_size_t len)
{
    int i = parser->last[kind];
    nts_inline_opener_t opener;

    if (i == NTS_INLINE_NONE ||
        APR_ARRAY_IDX(parser->openers, i, nts_inline_opener_t).node == parser->nodes->nelts - 1) {
        nts_inline_add_text(parser, len);
        return;
    }
    opener = APR_ARRAY_IDX(parser->openers, i, nts_inline_opener_t);
    nts_inline_match_delimiters(parser, opener.delimiter);
    close_openers(parser, i);
    nts_inline_node_at(parser, opener.node)->len = 0;
    nts_inline_add_style(parser, opener.node + 1, nts_inline_add_node(parser, "", 0, 0),
                         nts_inline_tags[kind].style);
    parser->at += len;
}

static void take_angle(nts_inline_parser_t *parser)
{
    const char *from = parser->source + parser->at;
    const char *url = NULL;
    int kind = 0;
    int is_end;
    apr_size_t len = nts_inline_tag(&kind, &is_end, from);

    if (len && is_end) {
        end_tag(parser, kind, len);
        return;
    }
    if (len) {
        open_range(parser, kind, len);
        return;
    }
    len = nts_inline_autolink(&url, from, parser->p);
    if (!len) {
        nts_inline_add_text(parser, 1);
        return;
    }
    parser->last[NTS_INLINE_LINK] = NTS_INLINE_NONE;
    nts_inline_node_at(parser, nts_inline_add_node(parser, from + 1, len - 2, 0))->link = url;
    nts_inline_add_node(parser, "", 0, 0);
    nts_inline_node_at(parser, parser->nodes->nelts - 1)->ends_link = 1;
    parser->at += len;
}

/* ---- code and equations ---- */

static void find_fences(nts_inline_parser_t *parser)
{
    const char *text = parser->source;

    for (apr_size_t at = strcspn(text, "`"); text[at]; at += strcspn(text + at, "`")) {
        apr_size_t len = strspn(text + at, "`");

        parser->longest = len > parser->longest ? len : parser->longest;
        at += len;
    }
    parser->fences = apr_pcalloc(parser->ptemp, (parser->longest + 1) * sizeof(apr_size_t));
    for (apr_size_t at = strcspn(text, "`"); text[at]; at += strcspn(text + at, "`")) {
        apr_size_t len = strspn(text + at, "`");

        parser->fences[len] = at + 1;
        at += len;
    }
}

/* Bytes of the code span that begins at @a at, with its fences; 0: none does. */
static apr_size_t find_code(const nts_inline_parser_t *parser, apr_size_t at, const char **text,
                            apr_size_t *length)
{
    const char *from = parser->source + at;
    apr_size_t fence = strspn(from, "`");
    apr_size_t end = fence;

    if (!fence || parser->fences[fence] <= at + fence) {
        return 0;
    }
    for (end += strcspn(from + end, "`"); strspn(from + end, "`") != fence;
         end += strcspn(from + end, "`")) {
        end += strspn(from + end, "`");
    }
    *text = from + fence;
    *length = end - fence;
    if (*length > 2 && from[fence] == ' ' && from[end - 1] == ' ' &&
        strspn(from + fence, " ") < *length) {
        *text += 1;
        *length -= 2;
    }
    return end + fence;
}

static void take_code(nts_inline_parser_t *parser)
{
    const char *text;
    apr_size_t length;
    apr_size_t len = find_code(parser, parser->at, &text, &length);

    if (!len) {
        nts_inline_add_text(parser, strspn(parser->source + parser->at, "`"));
        return;
    }
    nts_inline_add_node(parser, text, length, NTS_INLINE_CODE);
    parser->at += len;
}

/* $x$, or $`x`$ with any number of backticks for an expression that has dollars, or blanks at its ends. */
static void take_equation(nts_inline_parser_t *parser)
{
    const char *from = parser->source + parser->at;
    const char *text;
    apr_size_t length;
    apr_size_t len = find_code(parser, parser->at + 1, &text, &length);

    if (len && from[len + 1] == '$') {
        nts_inline_add_node(parser, text, length, NTS_INLINE_EQUATION);
        parser->at += len + 2;
        return;
    }
    len = nts_inline_equation(from);
    if (!len) {
        nts_inline_add_text(parser, 1);
        return;
    }
    nts_inline_add_node(parser, from + 1, len - 2, NTS_INLINE_EQUATION);
    parser->at += len;
}

/* ---- all of it ---- */

static void take_plain(nts_inline_parser_t *parser)
{
    const char *from = parser->source + parser->at;
    const char *text;
    apr_size_t len = strcspn(from, "\\&*_~[]<`$");

    if (len) {
        nts_inline_add_text(parser, len);
        return;
    }
    if (*from == '\\' && nts_inline_is_ascii_punct((unsigned char)from[1])) {
        nts_inline_add_node(parser, from + 1, 1, 0);
        parser->at += 2;
        return;
    }
    len = nts_inline_entity(&text, from, parser->ptemp);
    if (!len) {
        nts_inline_add_text(parser, 1);
        return;
    }
    nts_inline_add_node(parser, text, strlen(text), 0);
    parser->at += len;
}

static void take(nts_inline_parser_t *parser)
{
    switch (parser->source[parser->at]) {
    case '*':
    case '_':
    case '~':
        nts_inline_take_delimiters(parser);
        break;
    case '[':
        open_range(parser, NTS_INLINE_LINK, 1);
        break;
    case ']':
        take_bracket(parser);
        break;
    case '<':
        take_angle(parser);
        break;
    case '`':
        take_code(parser);
        break;
    case '$':
        take_equation(parser);
        break;
    default:
        take_plain(parser);
        break;
    }
}

/* The nodes' texts in one piece of memory, as runs. */
static apr_array_header_t *runs_of(const nts_inline_parser_t *parser)
{
    apr_array_header_t *runs = apr_array_make(parser->ptemp, 8, sizeof(nts_inline_run_t));
    char *text = apr_palloc(parser->ptemp, parser->len + 1);
    const char *link = NULL;
    int counts[NTS_INLINE_STYLES] = { 0 };

    for (int i = 0; i < parser->nodes->nelts; i++) {
        const nts_inline_node_t *node = nts_inline_node_at(parser, i);
        int style = node->style;

        for (int bit = 0; bit < NTS_INLINE_STYLES; bit++) {
            counts[bit] += node->begins[bit];
            style |= counts[bit] > 0 ? 1 << bit : 0;
        }
        link = node->ends_link ? NULL : node->link ? node->link : link;
        memcpy(text, node->text, node->len);
        nts_inline_add(runs, text, node->len, style, link);
        text += node->len;
    }
    return runs;
}

apr_array_header_t *nts_inline_parse(const char *markdown, apr_pool_t *p)
{
    nts_inline_parser_t parser = {
        .source = markdown, .len = strlen(markdown), .last_delimiter = NTS_INLINE_NONE, .p = p
    };
    apr_array_header_t *normal;

    if (apr_pool_create(&parser.ptemp, p) != APR_SUCCESS) {
        abort();
    }
    parser.nodes = apr_array_make(parser.ptemp, 64, sizeof(nts_inline_node_t));
    parser.delimiters = apr_array_make(parser.ptemp, 16, sizeof(nts_inline_delimiter_t));
    parser.openers = apr_array_make(parser.ptemp, 16, sizeof(nts_inline_opener_t));
    for (int i = 0; i <= NTS_INLINE_LINK; i++) {
        parser.last[i] = NTS_INLINE_NONE;
    }
    find_fences(&parser);
    while (parser.at < parser.len) {
        take(&parser);
    }
    nts_inline_match_delimiters(&parser, NTS_INLINE_NONE);
    nts_inline_add_node(&parser, "", 0, 0); /* where a style ends that goes on to the end */
    normal = nts_inline_normal(runs_of(&parser), p);
    apr_pool_destroy(parser.ptemp);
    return normal;
}
