/* nts_inline.h - a formatted text as runs, and the same as inline Markdown (S5.6, docs/design/markdown.md).
 *
 * Inline only: what begins a line in other Markdown (#, -, >) is text, and a line's end is one. Pure.
 */
#ifndef NTS_INLINE_H
#define NTS_INLINE_H

#include <apr_tables.h>

#include "base/nts_base.h"

/** How a run looks. */
enum {
    NTS_INLINE_BOLD = 1,
    NTS_INLINE_ITALIC = 2,
    NTS_INLINE_STRIKE = 4,
    NTS_INLINE_UNDERLINE = 8,
    NTS_INLINE_CODE = 16,
    NTS_INLINE_EQUATION =
        32 /* the text is an expression; such a run is a thing of its own, never joined with the next */
};

/** UTF-16 units of an equation; what is longer is text. */
#define NTS_INLINE_EQUATION_MAX 1000

typedef struct nts_inline_run_t {
    const char *text; /* not NUL-terminated */
    apr_size_t len;   /* bytes, never 0 */
    int style;
    const char *link; /* address; NULL none */
} nts_inline_run_t;

/** Adds a run, or makes the last one longer if it looks the same and this one follows it in memory; nothing if @a len is 0.
 *  Texts are borrowed. */
void nts_inline_add(apr_array_header_t *runs, const char *text, apr_size_t len, int style,
                    const char *link);

/**
 * What Markdown can say of the runs, in one way only: the text is the same, neighbours that look the same are joined,
 * blanks at the ends of what is bold, italic or struck are not, an address that is none is no link.
 * @return nts_inline_run_t
 */
apr_array_header_t *nts_inline_normal(const apr_array_header_t *runs, apr_pool_t *p);

int nts_inline_equal(const apr_array_header_t *a, const apr_array_header_t *b);

/** Markdown as normal runs. Every text is Markdown: what is no markup is text. Takes time in proportion to the length.
 *  @param markdown valid UTF-8 */
apr_array_header_t *nts_inline_parse(const char *markdown, apr_pool_t *p);

/** Runs as Markdown, in one spelling: parsing it gives nts_inline_normal() of them. CommonMark and GFM read it as the same text,
 *  but for equations. */
const char *nts_inline_text(const apr_array_header_t *runs, apr_pool_t *p);

/** That one spelling of a Markdown text. */
const char *nts_inline_canonical(const char *markdown, apr_pool_t *p);

#endif /* NTS_INLINE_H */
