/* nts_notion_rich_markdown.c - a formatted text as Markdown, and Markdown as a formatted text that keeps what Markdown cannot say.
 *
 * The old text and the new one are compared word by word. A word that stayed keeps its colour; a mention all of whose words
 * stayed is one still. How all of it looks besides is what the Markdown says.
 */
#include <stdlib.h>
#include <string.h>

#include "base/nts_str.h"
#include "connector/notion/nts_notion_rich_impl.h"
#include "model/nts_diff.h"

/* A text as it was, or shall be: runs in one piece of memory. */
typedef struct side_t {
    const apr_array_header_t *runs; /* normal */
    const char *text;
    int len;
    int *run_of;               /* of each byte */
    apr_array_header_t *words; /* word_t */
} side_t;

typedef struct word_t {
    int at;
    int len;
    int is_equation;
} word_t;

typedef struct made_t {
    nts_notion_piece_t piece;
    int is_equation; /* a new one */
} made_t;

/* How much of the old text is kept: the less, the nearer is what comes out to what the Markdown says. */
typedef enum kept_t { KEEP_LOOKS, KEEP_SPECIALS, KEEP_COLORS } kept_t;

typedef struct edit_t {
    const nts_notion_piece_t *pieces; /* old */
    int count;
    int *piece_of; /* of each old byte */
    side_t was;
    side_t now;
    int *from; /* of each new byte, the old one that it was; -1: it is new */
    kept_t kept;
    int empty; /* pieces up to here were looked at: those without text stay where they are */
    apr_array_header_t *made; /* made_t */
    apr_pool_t *p;
} edit_t;

/* ---- runs ---- */

static void add_piece(apr_array_header_t *runs, const nts_notion_piece_t *piece)
{
    const char *type = piece->special ? nts_json_get_string(piece->special, "type") : "";
    int is_equation = strcmp(type, "equation") == 0;

    nts_inline_add(runs, piece->text, piece->len,
                   piece->style | (is_equation ? NTS_INLINE_EQUATION : 0),
                   piece->special ? NULL : piece->link);
}

static apr_array_header_t *runs_of(const nts_notion_piece_t *pieces, int count, apr_pool_t *p)
{
    apr_array_header_t *runs = apr_array_make(p, count + 1, sizeof(nts_inline_run_t));

    for (int i = 0; i < count; i++) {
        add_piece(runs, &pieces[i]);
    }
    return runs;
}

const char *nts_notion_rich_markdown(const nts_json_t *array, apr_pool_t *p)
{
    const char *shown;
    int count;
    const nts_notion_piece_t *pieces = nts_notion_rich_pieces(&shown, &count, array, p);

    return nts_inline_text(runs_of(pieces, count, p), p);
}

static const nts_inline_run_t *run_at(const side_t *side, int at)
{
    return &APR_ARRAY_IDX(side->runs, side->run_of[at], nts_inline_run_t);
}

/* ---- words ---- */

static int class_of(const char *text, apr_size_t len)
{
    char c = *text;

    if (len > 1) {
        return len == 2
                   ? 'a'
                   : 0; /* scripts of three bytes are mostly without blanks: each character is a word */
    }
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) {
        return 'a';
    }
    return c == ' ' ? ' ' : 0;
}

static void split(side_t *side, int at, int end)
{
    while (at < end) {
        int from = at;
        int len = (int)nts_utf8_sequence(side->text + at, (apr_size_t)(end - at));
        int class = class_of(side->text + at, (apr_size_t)len);

        do {
            at += len;
            len = at < end ? (int)nts_utf8_sequence(side->text + at, (apr_size_t)(end - at)) : 0;
        } while (class && len && class_of(side->text + at, (apr_size_t)len) == class);
        APR_ARRAY_PUSH(side->words, word_t) = (word_t){ from, at - from, 0 };
    }
}

static void read_side(side_t *side, const apr_array_header_t *runs, apr_pool_t *p)
{
    int at = 0;
    int text = 0; /* where that which is no equation began */

    side->runs = runs;
    side->text = runs->nelts ? APR_ARRAY_IDX(runs, 0, nts_inline_run_t).text : "";
    side->words = apr_array_make(p, 64, sizeof(word_t));
    for (int i = 0; i < runs->nelts; i++) {
        side->len += (int)APR_ARRAY_IDX(runs, i, nts_inline_run_t).len;
    }
    side->run_of = apr_palloc(p, ((apr_size_t)side->len + 1) * sizeof(int));
    for (int i = 0; i < runs->nelts; i++) {
        const nts_inline_run_t *run = &APR_ARRAY_IDX(runs, i, nts_inline_run_t);
        int end = at + (int)run->len;

        if (run->style & NTS_INLINE_EQUATION) {
            split(side, text, at);
            APR_ARRAY_PUSH(side->words, word_t) = (word_t){ at, (int)run->len, 1 };
            text = end;
        }
        while (at < end) {
            side->run_of[at++] = i;
        }
    }
    split(side, text, at);
}

static const word_t *word_at(const side_t *side, int i)
{
    return &APR_ARRAY_IDX(side->words, i, word_t);
}

static int is_same_word(const void *baton, int old, int now)
{
    const edit_t *e = baton;
    const word_t *a = word_at(&e->was, old);
    const word_t *b = word_at(&e->now, now);

    return a->len == b->len && a->is_equation == b->is_equation &&
           memcmp(e->was.text + a->at, e->now.text + b->at, (apr_size_t)a->len) == 0;
}

static void compare(edit_t *e)
{
    int count = e->was.words->nelts;
    const int *became = nts_diff(count, e->now.words->nelts, is_same_word, e, e->p);

    e->from = apr_palloc(e->p, ((apr_size_t)e->now.len + 1) * sizeof(int));
    for (int i = 0; i < e->now.len; i++) {
        e->from[i] = -1;
    }
    for (int i = 0; i < count; i++) {
        const word_t *word = word_at(&e->was, i);

        for (int k = 0; became[i] >= 0 && k < word->len; k++) {
            e->from[word_at(&e->now, became[i])->at + k] = word->at + k;
        }
    }
}

/* ---- looks ---- */

static const nts_notion_piece_t *piece_at(const edit_t *e, int at)
{
    return &e->pieces[e->piece_of[at]];
}

static int is_same_look(const edit_t *e, int at)
{
    const nts_inline_run_t *now = run_at(&e->now, at);
    const nts_inline_run_t *was = run_at(&e->was, e->from[at]);

    return now->style == was->style && nts_str_same(now->link, was->link);
}

/* New text has the colour of what it replaces; where nothing is replaced, of what is on both sides of it. */
static const char *color_of_new(const edit_t *e, int at)
{
    int from = at;
    int to = at;

    while (from > 0 && e->from[from - 1] < 0) {
        from--;
    }
    while (to < e->now.len && e->from[to] < 0) {
        to++;
    }
    from = from > 0 ? e->from[from - 1] + 1 : 0;
    to = to < e->now.len ? e->from[to] : e->was.len;
    if (from < to) {
        return piece_at(e, from)->color;
    }
    return from > 0 && to < e->was.len &&
                   nts_str_same(piece_at(e, from - 1)->color, piece_at(e, to)->color)
               ? piece_at(e, to)->color
               : NULL;
}

/* ---- pieces ---- */

static void make(edit_t *e, const nts_notion_piece_t *piece, int is_equation)
{
    APR_ARRAY_PUSH(e->made, made_t) = (made_t){ *piece, is_equation };
}

/* Mentions that show no text, before piece @a to. */
static void make_empty(edit_t *e, int to)
{
    for (; e->empty < to; e->empty++) {
        if (e->pieces[e->empty].special && !e->pieces[e->empty].len) {
            make(e, &e->pieces[e->empty], 0);
        }
    }
}

/* A mention or an equation that stands in the new text as it stood in the old one: its bytes; 0: there is none. */
static int make_special(edit_t *e, int at)
{
    int from = e->from[at];
    nts_notion_piece_t piece = *piece_at(e, from);
    const nts_inline_run_t *run = run_at(&e->now, at);
    int len = (int)piece.len;
    int is_same = 1;

    if (!piece.special || e->kept == KEEP_COLORS || at + len > e->now.len || run->link ||
        (from > 0 && e->piece_of[from - 1] == e->piece_of[from])) {
        return 0;
    }
    for (int k = 0; k < len; k++) {
        if (e->from[at + k] != from + k) {
            return 0;
        }
        is_same = is_same && is_same_look(e, at + k);
    }
    if (!is_same) {
        if (e->now.run_of[at] != e->now.run_of[at + len - 1]) {
            return 0;
        }
        piece.style = run->style & ~NTS_INLINE_EQUATION;
    }
    make(e, &piece, 0);
    return len;
}

/* Text from `at` on that looks alike, and did before. */
static int make_text(edit_t *e, int at)
{
    int from = e->from[at];
    const nts_notion_piece_t *old = from >= 0 ? piece_at(e, from) : NULL;
    const nts_inline_run_t *run = run_at(&e->now, at);
    nts_notion_piece_t piece = { 0 };
    int end = at + 1;

    if (run->style & NTS_INLINE_EQUATION) {
        end = at + (int)run->len;
    }
    while (end < e->now.len && e->now.run_of[end] == e->now.run_of[at] &&
           (from < 0 ? e->from[end] < 0
                     : e->from[end] == e->from[end - 1] + 1 &&
                           e->piece_of[e->from[end]] == e->piece_of[from] &&
                           e->was.run_of[e->from[end]] == e->was.run_of[from])) {
        end++;
    }
    piece.style = run->style & ~NTS_INLINE_EQUATION;
    piece.link = run->link;
    piece.color = old ? old->color : color_of_new(e, at);
    if (old && !old->special && e->kept == KEEP_LOOKS && is_same_look(e, at)) {
        piece = *old;
    }
    piece.text = e->now.text + at;
    piece.len = (apr_size_t)(end - at);
    make(e, &piece, (run->style & NTS_INLINE_EQUATION) != 0);
    return end - at;
}

static void compose(edit_t *e, kept_t kept)
{
    int at = 0;

    e->kept = kept;
    e->empty = 0;
    e->made = apr_array_make(e->p, 16, sizeof(made_t));
    while (at < e->now.len) {
        int done = 0;

        if (e->from[at] >= 0) {
            make_empty(e, e->piece_of[e->from[at]]);
            done = make_special(e, at);
        }
        at += done ? done : make_text(e, at);
    }
    make_empty(e, e->count);
}

/* True if the pieces say in Markdown what is wanted. */
static int is_wanted(const edit_t *e)
{
    apr_array_header_t *runs = apr_array_make(e->p, e->made->nelts + 1, sizeof(nts_inline_run_t));

    for (int i = 0; i < e->made->nelts; i++) {
        const made_t *made = &APR_ARRAY_IDX(e->made, i, made_t);

        if (made->is_equation) {
            nts_inline_add(runs, made->piece.text, made->piece.len,
                           made->piece.style | NTS_INLINE_EQUATION, NULL);
        }
        else {
            add_piece(runs, &made->piece);
        }
    }
    return nts_inline_equal(nts_inline_normal(runs, e->p), e->now.runs);
}

static const char *put(const edit_t *e, nts_json_t *items, apr_pool_t *p)
{
    nts_notion_rich_writer_t w = nts_notion_rich_writer(items, p);

    for (int i = 0; i < e->made->nelts; i++) {
        const made_t *made = &APR_ARRAY_IDX(e->made, i, made_t);

        if (made->piece.special) {
            nts_notion_rich_put_special(&w, &made->piece);
        }
        else if (made->is_equation) {
            nts_notion_rich_put_equation(&w, &made->piece);
        }
        else {
            nts_notion_rich_put_text(&w, &made->piece, made->piece.text, made->piece.len);
        }
    }
    nts_notion_rich_end(&w);
    return w.problem;
}

const char *nts_notion_rich_edit_markdown(nts_json_t *items, const nts_json_t *old,
                                          const char *markdown, apr_pool_t *p)
{
    edit_t e = { 0 };
    const char *shown;
    const char *problem;
    int at = 0;

    if (apr_pool_create(&e.p, p) != APR_SUCCESS) {
        abort();
    }
    e.pieces = nts_notion_rich_pieces(&shown, &e.count, old, e.p);
    read_side(&e.was, nts_inline_normal(runs_of(e.pieces, e.count, e.p), e.p), e.p);
    read_side(&e.now, nts_inline_parse(markdown, e.p), e.p);
    e.piece_of = apr_palloc(e.p, (strlen(shown) + 1) * sizeof(int));
    for (int i = 0; i < e.count; i++) {
        for (apr_size_t k = 0; k < e.pieces[i].len; k++) {
            e.piece_of[at++] = i;
        }
    }
    compare(&e);
    compose(&e, KEEP_LOOKS);
    for (int kept = KEEP_SPECIALS; kept <= KEEP_COLORS && !is_wanted(&e); kept++) {
        compose(&e, (kept_t)kept); /* what was bold of a blank may be seen now */
    }
    problem = put(&e, items, p);
    apr_pool_destroy(e.p);
    return problem;
}
