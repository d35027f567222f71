/* nts_inline_impl.h - what the files of inline Markdown share; for no one else. */
#ifndef NTS_INLINE_IMPL_H
#define NTS_INLINE_IMPL_H

#include "model/nts_inline.h"

/* --- nts_inline.c: characters */

/** The character that begins at @a at, or ends before it; a line's end where there is none. */
apr_uint32_t nts_inline_char_at(const char *text, apr_size_t at, apr_size_t len);
apr_uint32_t nts_inline_char_before(const char *text, apr_size_t at);
/** White space as CommonMark has it: Zs, tab, line ends. */
int nts_inline_is_space(apr_uint32_t c);
int nts_inline_is_ascii_punct(apr_uint32_t c);

/** CommonMark lets a run of delimiters open or close by the characters around it, and means punctuation of all of Unicode.
 *  NTS_INLINE_ALL_PUNCT knows the common ranges of that; with NTS_INLINE_ASCII_PUNCT brackets and quotes of other scripts are letters. */
typedef enum nts_inline_punct_t { NTS_INLINE_ASCII_PUNCT, NTS_INLINE_ALL_PUNCT } nts_inline_punct_t;

/** @a mark is '*', '_' or '~'. */
int nts_inline_can_open(char mark, apr_uint32_t before, apr_uint32_t behind,
                        nts_inline_punct_t punct);
int nts_inline_can_close(char mark, apr_uint32_t before, apr_uint32_t behind,
                         nts_inline_punct_t punct);

/** True for what can be the address of a link: it has a scheme, or is a path from the root, as Notion's own are. */
int nts_inline_is_address(const char *url);

/** Styles that have tags, and their tags. The first of a style is the one that is written. */
typedef struct nts_inline_tag_t {
    const char *name;
    int style;
} nts_inline_tag_t;
#define NTS_INLINE_TAGS 8
extern const nts_inline_tag_t nts_inline_tags[NTS_INLINE_TAGS];

/* --- nts_inline_scan.c: what is read at one place. Each answers the bytes that it takes, 0: it is not there */

/** "&amp;", "&#33;", "&#x21;": *text is the character. */
apr_size_t nts_inline_entity(const char **text, const char *at, apr_pool_t *p);
/** True if a reader of Markdown would see an entity here, known to us or not. */
int nts_inline_is_entity(const char *at);
/** "(address)" behind the text of a link. */
apr_size_t nts_inline_destination(const char **url, const char *at, apr_pool_t *p);
/** "<https://example.org/>" */
apr_size_t nts_inline_autolink(const char **url, const char *at, apr_pool_t *p);
/** "<u>" or "</u>": *tag is its index in nts_inline_tags. */
apr_size_t nts_inline_tag(int *tag, int *is_end, const char *at);
/** "$x^2$" */
apr_size_t nts_inline_equation(const char *at);

#endif /* NTS_INLINE_IMPL_H */
