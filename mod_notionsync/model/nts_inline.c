/* nts_inline.c - runs of a formatted text, and the characters that Markdown tells apart. */
#include <stdlib.h>
#include <string.h>

#include "base/nts_str.h"
#include "model/nts_inline_impl.h"

const nts_inline_tag_t nts_inline_tags[NTS_INLINE_TAGS] = {
    { "strong", NTS_INLINE_BOLD }, { "b", NTS_INLINE_BOLD },        { "em", NTS_INLINE_ITALIC },
    { "i", NTS_INLINE_ITALIC },    { "del", NTS_INLINE_STRIKE },    { "s", NTS_INLINE_STRIKE },
    { "u", NTS_INLINE_UNDERLINE }, { "ins", NTS_INLINE_UNDERLINE },
};

/* ---- characters ---- */

/* `text` is valid UTF-8 up to there. */
static apr_uint32_t decode(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;

    if (c[0] < 0x80) {
        return c[0];
    }
    if (c[0] < 0xE0) {
        return ((c[0] & 0x1Fu) << 6) | (c[1] & 0x3Fu);
    }
    if (c[0] < 0xF0) {
        return ((c[0] & 0x0Fu) << 12) | ((c[1] & 0x3Fu) << 6) | (c[2] & 0x3Fu);
    }
    return ((c[0] & 0x07u) << 18) | ((c[1] & 0x3Fu) << 12) | ((c[2] & 0x3Fu) << 6) | (c[3] & 0x3Fu);
}

apr_uint32_t nts_inline_char_at(const char *text, apr_size_t at, apr_size_t len)
{
    return at < len ? decode(text + at) : '\n';
}

apr_uint32_t nts_inline_char_before(const char *text, apr_size_t at)
{
    if (at == 0) {
        return '\n';
    }
    do {
        at--;
    } while (at > 0 && ((unsigned char)text[at] & 0xC0) == 0x80);
    return decode(text + at);
}

int nts_inline_is_space(apr_uint32_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == 0xA0 ||
           c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F || c == 0x3000;
}

int nts_inline_is_ascii_punct(apr_uint32_t c)
{
    return (c > ' ' && c < '0') || (c > '9' && c < 'A') || (c > 'Z' && c < 'a') ||
           (c > 'z' && c < 0x7F);
}

/* Punctuation and symbols beyond ASCII, in ranges that hold little else (Unicode 15). */
static int is_other_punct(apr_uint32_t c)
{
    static const apr_uint32_t ranges[][2] = {
        { 0xA1, 0xA9 },     { 0xAB, 0xB1 },     { 0xB4, 0xB4 },       { 0xB6, 0xB8 },
        { 0xBB, 0xBB },     { 0xBF, 0xBF },     { 0xD7, 0xD7 },       { 0xF7, 0xF7 },
        { 0x055A, 0x055F }, { 0x0589, 0x058A }, { 0x05BE, 0x05BE },   { 0x060C, 0x060D },
        { 0x061B, 0x061B }, { 0x061F, 0x061F }, { 0x066A, 0x066D },   { 0x06D4, 0x06D4 },
        { 0x0964, 0x0965 }, { 0x0E3F, 0x0E3F }, { 0x2010, 0x2027 },   { 0x2030, 0x205E },
        { 0x207A, 0x207E }, { 0x208A, 0x208E }, { 0x20A0, 0x20C0 },   { 0x2190, 0x2BFF },
        { 0x2E00, 0x2E7F }, { 0x3001, 0x3004 }, { 0x3008, 0x3020 },   { 0x3030, 0x3030 },
        { 0x303D, 0x303F }, { 0x30A0, 0x30A0 }, { 0x30FB, 0x30FB },   { 0xFE10, 0xFE19 },
        { 0xFE30, 0xFE6B }, { 0xFF01, 0xFF0F }, { 0xFF1A, 0xFF20 },   { 0xFF3B, 0xFF40 },
        { 0xFF5B, 0xFF65 }, { 0xFFE0, 0xFFEE }, { 0x1F000, 0x1FAFF },
    };

    for (int i = 0; i < (int)(sizeof(ranges) / sizeof(ranges[0])); i++) {
        if (c >= ranges[i][0] && c <= ranges[i][1]) {
            return 1;
        }
    }
    return 0;
}

static int is_punct(apr_uint32_t c, nts_inline_punct_t punct)
{
    return c < 0x80 ? nts_inline_is_ascii_punct(c)
                    : punct == NTS_INLINE_ALL_PUNCT && is_other_punct(c);
}

/* Delimiters before `b` and behind `a` lean to b: "left-flanking" of CommonMark; with both turned round "right-flanking". */
static int leans_to(apr_uint32_t a, apr_uint32_t b, nts_inline_punct_t punct)
{
    return !nts_inline_is_space(b) &&
           (!is_punct(b, punct) || nts_inline_is_space(a) || is_punct(a, punct));
}

int nts_inline_can_open(char mark, apr_uint32_t before, apr_uint32_t behind,
                        nts_inline_punct_t punct)
{
    return leans_to(before, behind, punct) &&
           (mark != '_' || !leans_to(behind, before, punct) || is_punct(before, punct));
}

int nts_inline_can_close(char mark, apr_uint32_t before, apr_uint32_t behind,
                         nts_inline_punct_t punct)
{
    return leans_to(behind, before, punct) &&
           (mark != '_' || !leans_to(before, behind, punct) || is_punct(behind, punct));
}

int nts_inline_is_address(const char *url)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    apr_size_t scheme = strspn(url, letters);

    for (const char *c = url; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7F) {
            return 0;
        }
    }
    if (url[0] == '/') {
        return 1;
    }
    scheme = scheme ? scheme + strspn(url + scheme, "0123456789+-.") : 0;
    scheme = scheme ? scheme + strspn(url + scheme, letters) : 0;
    return scheme > 1 && url[scheme] == ':' && url[scheme + 1] != '\0';
}

/* ---- runs ---- */

void nts_inline_add(apr_array_header_t *runs, const char *text, apr_size_t len, int style,
                    const char *link)
{
    nts_inline_run_t *last =
        runs->nelts ? &APR_ARRAY_IDX(runs, runs->nelts - 1, nts_inline_run_t) : NULL;

    if (len == 0) {
        return;
    }
    if (last && last->text + last->len == text && last->style == style &&
        !(style & NTS_INLINE_EQUATION) && nts_str_same(last->link, link)) {
        last->len += len;
        return;
    }
    APR_ARRAY_PUSH(runs, nts_inline_run_t) = (nts_inline_run_t){ text, len, style, link };
}

int nts_inline_equal(const apr_array_header_t *a, const apr_array_header_t *b)
{
    for (int i = 0; i < a->nelts && i < b->nelts; i++) {
        const nts_inline_run_t *x = &APR_ARRAY_IDX(a, i, nts_inline_run_t);
        const nts_inline_run_t *y = &APR_ARRAY_IDX(b, i, nts_inline_run_t);

        if (x->len != y->len || memcmp(x->text, y->text, x->len) != 0 || x->style != y->style ||
            !nts_str_same(x->link, y->link)) {
            return 0;
        }
    }
    return a->nelts == b->nelts;
}

/* All runs in one piece of memory, so that neighbours can be joined. */
typedef struct flat_t {
    char *text;
    unsigned char *styles; /* of each byte */
    apr_size_t len;
} flat_t;

static void flatten(flat_t *flat, const apr_array_header_t *runs, apr_pool_t *p, apr_pool_t *ptemp)
{
    flat->len = 0;
    for (int i = 0; i < runs->nelts; i++) {
        flat->len += APR_ARRAY_IDX(runs, i, nts_inline_run_t).len;
    }
    flat->text = apr_pcalloc(p, flat->len + 1);
    flat->styles = apr_palloc(ptemp, flat->len + 1);
    flat->len = 0;
    for (int i = 0; i < runs->nelts; i++) {
        const nts_inline_run_t *run = &APR_ARRAY_IDX(runs, i, nts_inline_run_t);

        memcpy(flat->text + flat->len, run->text, run->len);
        memset(flat->styles + flat->len, run->style, run->len);
        flat->len += run->len;
    }
}

static int is_blank(const flat_t *flat, apr_size_t at)
{
    return !(flat->styles[at] & (NTS_INLINE_CODE | NTS_INLINE_EQUATION)) &&
           nts_inline_is_space(nts_inline_char_at(flat->text, at, flat->len));
}

/* Blanks are bold only between what is bold, and on one line: `**` stands next to a letter. */
static void trim(flat_t *flat)
{
    static const int trimmed = NTS_INLINE_BOLD | NTS_INLINE_ITALIC | NTS_INLINE_STRIKE;
    apr_size_t at = 0;

    while (at < flat->len) {
        apr_size_t from = at;
        int kept = from ? flat->styles[from - 1] : 0;

        while (at < flat->len && is_blank(flat, at)) {
            kept &= flat->text[at] == '\n' || flat->text[at] == '\r' ? 0 : flat->styles[at];
            at += nts_utf8_sequence(flat->text + at, flat->len - at);
        }
        if (at == from) {
            at += nts_utf8_sequence(flat->text + at, flat->len - at);
            continue;
        }
        kept &= at < flat->len ? flat->styles[at] : 0;
        for (; from < at; from++) {
            flat->styles[from] &= (unsigned char)(~trimmed | kept);
        }
    }
}

/* What Notion takes for no equation is none. */
static int style_of(const nts_inline_run_t *run, apr_pool_t *ptemp)
{
    if (run->style & NTS_INLINE_EQUATION &&
        nts_utf16_length(apr_pstrmemdup(ptemp, run->text, run->len)) <= NTS_INLINE_EQUATION_MAX) {
        return run->style & ~NTS_INLINE_CODE;
    }
    return run->style & ~NTS_INLINE_EQUATION;
}

apr_array_header_t *nts_inline_normal(const apr_array_header_t *runs, apr_pool_t *p)
{
    apr_array_header_t *normal = apr_array_make(p, runs->nelts + 1, sizeof(nts_inline_run_t));
    apr_array_header_t *given;
    apr_pool_t *ptemp = NULL;
    apr_size_t at = 0;
    flat_t flat;

    if (apr_pool_create(&ptemp, p) != APR_SUCCESS) {
        abort();
    }
    given = apr_array_copy(ptemp, runs);
    for (int i = 0; i < given->nelts; i++) {
        nts_inline_run_t *run = &APR_ARRAY_IDX(given, i, nts_inline_run_t);

        run->style = style_of(run, ptemp);
    }
    flatten(&flat, given, p, ptemp);
    trim(&flat);
    for (int i = 0; i < given->nelts; i++) {
        const nts_inline_run_t *run = &APR_ARRAY_IDX(given, i, nts_inline_run_t);
        const char *link =
            run->link && !(run->style & NTS_INLINE_EQUATION) && nts_inline_is_address(run->link)
                ? run->link
                : NULL;
        apr_size_t end = at + run->len;

        while (at < end) {
            apr_size_t from = at;

            while (at < end && flat.styles[at] == flat.styles[from]) {
                at++;
            }
            nts_inline_add(normal, flat.text + from, at - from, flat.styles[from], link);
        }
    }
    apr_pool_destroy(ptemp);
    return normal;
}

const char *nts_inline_canonical(const char *markdown, apr_pool_t *p)
{
    return nts_inline_text(nts_inline_parse(markdown, p), p);
}
