/* nts_inline_parser.h - the state of parsing inline Markdown, which its two files share; for no one else. */
#ifndef NTS_INLINE_PARSER_H
#define NTS_INLINE_PARSER_H

#include "model/nts_inline_impl.h"

#define NTS_INLINE_NONE (-1)
#define NTS_INLINE_STYLES 6
#define NTS_INLINE_LINK NTS_INLINE_TAGS /* behind the tags: the kind of a bracket */

typedef struct nts_inline_node_t {
    const char *text;
    apr_size_t len;
    int style; /* its own: code, equation */
    int begins
        [NTS_INLINE_STYLES]; /* ranges of each style that begin here, less those that end before it */
    const char *link;        /* from here on, up to the node whose `ends_link` */
    int ends_link;
} nts_inline_node_t;

typedef struct nts_inline_delimiter_t {
    int node;
    char mark;
    int count; /* left */
    int whole; /* at first */
    int can_open;
    int can_close;
    int before; /* in the list of those not yet used up; NTS_INLINE_NONE */
    int behind;
} nts_inline_delimiter_t;

/* An opened tag, or "[" */
typedef struct nts_inline_opener_t {
    int kind; /* index of nts_inline_tags; NTS_INLINE_LINK */
    int node;
    int delimiter; /* the last before it */
    int same;      /* the one of its kind before it */
} nts_inline_opener_t;

typedef struct nts_inline_parser_t {
    const char *source;
    apr_size_t len;
    apr_size_t at;
    apr_array_header_t *nodes;      /* nts_inline_node_t */
    apr_array_header_t *delimiters; /* nts_inline_delimiter_t */
    apr_array_header_t *openers;    /* nts_inline_opener_t */
    int last_delimiter;             /* in the list */
    int last[NTS_INLINE_TAGS + 1];  /* the last opener of each kind that can still be closed */
    apr_size_t *
        fences; /* by length, the place of the last run of backticks that is so long, and one more */
    apr_size_t longest;
    apr_pool_t *p; /* of the result */
    apr_pool_t *ptemp;
} nts_inline_parser_t;

/* --- nts_inline_parse.c */

nts_inline_node_t *nts_inline_node_at(const nts_inline_parser_t *parser, int i);
/** The node's index. */
int nts_inline_add_node(nts_inline_parser_t *parser, const char *text, apr_size_t len, int style);
/** Text as it stands, from where the parser is. */
void nts_inline_add_text(nts_inline_parser_t *parser, apr_size_t len);
/** Nodes @a from to @a to, exclusive, have the style. */
void nts_inline_add_style(const nts_inline_parser_t *parser, int from, int to, int style);

/* --- nts_inline_emphasis.c */

void nts_inline_take_delimiters(nts_inline_parser_t *parser);
/** Delimiters behind @a bottom find each other; what is left of them is text. */
void nts_inline_match_delimiters(nts_inline_parser_t *parser, int bottom);

#endif /* NTS_INLINE_PARSER_H */
