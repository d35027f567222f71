/* nts_inline_write.c - runs as inline Markdown, in one spelling.
 *
 * Each style has delimiters of its own (** _ ~~), so that none is taken for a part of another. Where CommonMark would not read
 * them, next to blanks or within words, a tag stands in their place.
 */
#include <stdlib.h>
#include <string.h>

#include "base/nts_str.h"
#include "model/nts_inline_impl.h"

/* What can be round a run; where several begin at once and end at once, the first is outermost. */
enum { LINK, UNDERLINE, BOLD, ITALIC, STRIKE, KINDS };

static const struct {
    int style;
    const char *delimiter; /* NULL: always a tag, or a link */
    const char *open;
    const char *close;
} kinds[KINDS] = {
    { 0, NULL, "[", NULL },
    { NTS_INLINE_UNDERLINE, NULL, "<u>", "</u>" },
    { NTS_INLINE_BOLD, "**", "<strong>", "</strong>" },
    { NTS_INLINE_ITALIC, "_", "<em>", "</em>" },
    { NTS_INLINE_STRIKE, "~~", "<del>", "</del>" },
};

typedef enum part_t { OPEN, CLOSE, TEXT, CODE, EQUATION } part_t;

typedef struct token_t {
    part_t part;
    int kind;         /* OPEN, CLOSE */
    int partner;      /* OPEN, CLOSE: the other */
    const char *text; /* OPEN and CLOSE of a link: its address; else what it stands for */
    const char *out;  /* NULL: not written yet */
} token_t;

typedef struct writer_t {
    const apr_array_header_t *runs; /* normal */
    int (*ends)[KINDS]; /* of each run, where what is round it ends; 0: it is not round it */
    apr_array_header_t *tokens;
    int open[KINDS]; /* stack: tokens */
    int depth;
    apr_pool_t *p;
} writer_t;

static token_t *token_at(const writer_t *w, int i)
{
    return &APR_ARRAY_IDX(w->tokens, i, token_t);
}

static const nts_inline_run_t *run_at(const writer_t *w, int i)
{
    return &APR_ARRAY_IDX(w->runs, i, nts_inline_run_t);
}

static int add_token(writer_t *w, part_t part, int kind, const char *text)
{
    APR_ARRAY_PUSH(w->tokens, token_t) = (token_t){ part, kind, -1, text, NULL };
    return w->tokens->nelts - 1;
}

/* ---- nesting ---- */

static int has(const nts_inline_run_t *run, int kind)
{
    return kind == LINK ? run->link != NULL : (run->style & kinds[kind].style) != 0;
}

static void find_ends(writer_t *w)
{
    w->ends = apr_pcalloc(w->p, ((apr_size_t)w->runs->nelts + 1) * sizeof(*w->ends));
    for (int i = w->runs->nelts - 1; i >= 0; i--) {
        const nts_inline_run_t *run = run_at(w, i);

        for (int kind = 0; kind < KINDS; kind++) {
            int goes_on =
                i + 1 < w->runs->nelts && w->ends[i + 1][kind] &&
                (kind != LINK || strcmp(run->link ? run->link : "", run_at(w, i + 1)->link) == 0);

            w->ends[i][kind] = !has(run, kind) ? 0 : goes_on ? w->ends[i + 1][kind] : i + 1;
        }
    }
}

/* What ends before run i, and what was opened within that. */
static void close_kinds(writer_t *w, int i)
{
    int from = w->depth;

    for (int level = w->depth - 1; level >= 0; level--) {
        const token_t *open = token_at(w, w->open[level]);

        if (i == w->runs->nelts || !has(run_at(w, i), open->kind) ||
            (open->kind == LINK && strcmp(open->text, run_at(w, i)->link) != 0)) {
            from = level;
        }
    }
    while (w->depth > from) {
        int open = w->open[--w->depth];
        int close = add_token(w, CLOSE, token_at(w, open)->kind, token_at(w, open)->text);

        token_at(w, open)->partner = close;
        token_at(w, close)->partner = open;
    }
}

/* Of the kinds that are missing (any is) the one that lasts longest from run i on. */
static int longest_of(const writer_t *w, int i, int missing)
{
    int longest = 0;

    for (int kind = 1; kind < KINDS; kind++) {
        if (!(missing & (1 << longest)) ||
            (missing & (1 << kind) && w->ends[i][kind] > w->ends[i][longest])) {
            longest = kind;
        }
    }
    return longest;
}

/* What is round run i and not open, that which lasts longest first. */
static void open_kinds(writer_t *w, int i)
{
    int missing = 0;

    for (int kind = 0; kind < KINDS; kind++) {
        missing |= has(run_at(w, i), kind) ? 1 << kind : 0;
    }
    for (int level = 0; level < w->depth; level++) {
        missing &= ~(1 << token_at(w, w->open[level])->kind);
    }
    while (missing) {
        int longest = longest_of(w, i, missing);

        w->open[w->depth++] =
            add_token(w, OPEN, longest, longest == LINK ? run_at(w, i)->link : NULL);
        missing &= ~(1 << longest);
    }
}

static void make_tokens(writer_t *w)
{
    for (int i = 0; i < w->runs->nelts; i++) {
        const nts_inline_run_t *run = run_at(w, i);
        part_t part = run->style & NTS_INLINE_EQUATION ? EQUATION
                      : run->style & NTS_INLINE_CODE   ? CODE
                                                       : TEXT;

        close_kinds(w, i);
        open_kinds(w, i);
        add_token(w, part, 0, apr_pstrmemdup(w->p, run->text, run->len));
    }
    close_kinds(w, w->runs->nelts);
}

/* ---- text ---- */

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int is_blank(const char *text, apr_size_t at)
{
    return nts_inline_is_space(nts_inline_char_at(text, at, at + 1));
}

/* The last place in the text where an equation could end, and one more. */
static apr_size_t last_dollar(const char *text)
{
    apr_size_t at = strlen(text);

    while (at-- > 0) {
        if (text[at] == '$' && !is_digit(text[at + 1]) &&
            (at == 0 || !nts_inline_is_space(nts_inline_char_before(text, at)))) {
            return at + 1;
        }
    }
    return 0;
}

/* What a text says about its place: what follows it, and the dollars. */
typedef struct place_t {
    const token_t *next;
    int more_dollars;   /* in the tokens behind it */
    apr_size_t dollars; /* last_dollar() */
} place_t;

/* True if the character would be markup, or be taken for that by others who read Markdown. */
static int is_special(const char *text, apr_size_t at, const place_t *place)
{
    char next = text[at + 1];

    switch (text[at]) {
    case '*':
    case '~':
    case '`':
    case '[':
    case ']':
        return 1;
    case '_':
        return !(at > 0 && (is_letter(text[at - 1]) || is_digit(text[at - 1])) &&
                 (is_letter(next) || is_digit(next)));
    case '\\':
        return next == '\0' || nts_inline_is_ascii_punct((unsigned char)next);
    case '<':
        return is_letter(next) || (next && strchr("/!?", next));
    case '&':
        return nts_inline_is_entity(text + at);
    case '!':
        return next == '\0' && place->next && place->next->part == OPEN &&
               place->next->kind == LINK;
    case '$':
        return (next == '\0' || !is_blank(text, at + 1)) &&
               (place->more_dollars || place->dollars > at + 1);
    default:
        return 0;
    }
}

static const char *escape(const writer_t *w, const char *text, const place_t *place)
{
    char *out = apr_palloc(w->p, 2 * strlen(text) + 1);
    char *to = out;

    for (apr_size_t at = 0; text[at]; at++) {
        if (is_special(text, at, place)) {
            *to++ = '\\';
        }
        *to++ = text[at];
    }
    *to = '\0';
    return out;
}

/* The shortest run of backticks that the text does not have. */
static const char *fence_for(const char *text, apr_pool_t *p)
{
    apr_size_t len = strlen(text);
    char *seen = apr_pcalloc(p, len + 2);
    apr_size_t fence = 1;
    char *fences;

    for (apr_size_t at = strcspn(text, "`"); text[at]; at += strcspn(text + at, "`")) {
        apr_size_t run = strspn(text + at, "`");

        seen[run] = 1;
        at += run;
    }
    while (seen[fence]) {
        fence++;
    }
    fences = apr_pcalloc(p, fence + 1);
    memset(fences, '`', fence);
    return fences;
}

static const char *code(const char *text, apr_pool_t *p)
{
    apr_size_t last = strlen(text) - 1;
    const char *fence = fence_for(text, p);
    int has_blanks = text[0] == ' ' && text[last] == ' ' && strspn(text, " ") <= last;
    const char *blank = has_blanks || text[0] == '`' || text[last] == '`' ? " " : "";

    return apr_pstrcat(p, fence, blank, text, blank, fence, NULL);
}

static const char *equation(const char *text, const token_t *next, apr_pool_t *p)
{
    const char *simple = apr_pstrcat(p, "$", text, "$", NULL);
    int is_price = next && next->part == TEXT && is_digit(next->text[0]);

    return strchr(text, '$') || is_price || nts_inline_equation(simple) != strlen(simple)
               ? apr_pstrcat(p, "$", code(text, p), "$", NULL)
               : simple;
}

/* "](address)" */
static const char *destination(const char *url, apr_pool_t *p)
{
    int is_bare = strpbrk(url, " ()<>\\") == NULL;
    char *out = apr_palloc(p, 2 * strlen(url) + 1);
    char *to = out;

    for (const char *c = url; *c; c++) {
        if (*c == '<' || *c == '>' || *c == '\\' || nts_inline_is_entity(c)) {
            *to++ = '\\';
        }
        *to++ = *c;
    }
    *to = '\0';
    return apr_pstrcat(p, is_bare ? "](" : "](<", out, is_bare ? ")" : ">)", NULL);
}

static int has_dollar(const token_t *token)
{
    return token->part == EQUATION || (token->text && strchr(token->text, '$'));
}

static void write_texts(const writer_t *w)
{
    place_t place = { NULL, 0, 0 };

    for (int i = w->tokens->nelts - 1; i >= 0; i--) {
        token_t *token = token_at(w, i);

        switch (token->part) {
        case TEXT:
            place.dollars = last_dollar(token->text);
            token->out = escape(w, token->text, &place);
            break;
        case CODE:
            token->out = code(token->text, w->p);
            break;
        case EQUATION:
            token->out = equation(token->text, place.next, w->p);
            break;
        case OPEN:
        case CLOSE:
            break;
        }
        place.more_dollars |= has_dollar(token);
        place.next = token;
    }
}

/* ---- delimiters ---- */

/* The character next to token i; every delimiter, bracket and tag ends in one that is ASCII punctuation. */
static apr_uint32_t before(const writer_t *w, int i)
{
    const token_t *token = i > 0 ? token_at(w, i - 1) : NULL;

    return !token        ? '\n'
           : !token->out ? '*'
                         : nts_inline_char_before(token->out, strlen(token->out));
}

static apr_uint32_t behind(const writer_t *w, int i)
{
    const token_t *token = i + 1 < w->tokens->nelts ? token_at(w, i + 1) : NULL;

    return !token ? '\n' : !token->out ? '*' : nts_inline_char_at(token->out, 0, 1);
}

/* True if CommonMark reads delimiters here, and so do those who know ASCII only. */
static int can_delimit(const writer_t *w, int open, int close)
{
    char mark = *kinds[token_at(w, open)->kind].delimiter;

    for (int punct = NTS_INLINE_ASCII_PUNCT; punct <= NTS_INLINE_ALL_PUNCT; punct++) {
        if (!nts_inline_can_open(mark, before(w, open), behind(w, open),
                                 (nts_inline_punct_t)punct) ||
            !nts_inline_can_close(mark, before(w, close), behind(w, close),
                                  (nts_inline_punct_t)punct)) {
            return 0;
        }
    }
    return 1;
}

static const char *join(const writer_t *w)
{
    apr_array_header_t *texts = apr_array_make(w->p, w->tokens->nelts + 1, sizeof(const char *));

    for (int i = 0; i < w->tokens->nelts; i++) {
        const token_t *token = token_at(w, i);
        const char *text = token->out;

        if (token->part == OPEN || token->part == CLOSE) {
            int open = token->part == OPEN ? i : token->partner;

            text = token->part == OPEN ? kinds[token->kind].open : kinds[token->kind].close;
            if (token->kind == LINK && token->part == CLOSE) {
                text = destination(token->text, w->p);
            }
            else if (kinds[token->kind].delimiter &&
                     can_delimit(w, open, token_at(w, open)->partner)) {
                text = kinds[token->kind].delimiter;
            }
        }
        APR_ARRAY_PUSH(texts, const char *) = text;
    }
    return apr_array_pstrcat(w->p, texts, '\0');
}

const char *nts_inline_text(const apr_array_header_t *runs, apr_pool_t *p)
{
    writer_t w = { NULL, NULL, NULL, { 0 }, 0, NULL };
    const char *text;

    if (apr_pool_create(&w.p, p) != APR_SUCCESS) {
        abort();
    }
    w.runs = nts_inline_normal(runs, w.p);
    w.tokens = apr_array_make(w.p, w.runs->nelts + 1, sizeof(token_t));
    find_ends(&w);
    make_tokens(&w);
    write_texts(&w);
    text = apr_pstrdup(p, join(&w));
    apr_pool_destroy(w.p);
    return text;
}
