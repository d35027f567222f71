/* nts_notion_rich_impl.h - pieces of a formatted text, which the files about it share; for no one else. */
#ifndef NTS_NOTION_RICH_IMPL_H
#define NTS_NOTION_RICH_IMPL_H

#include <apr_tables.h>

#include "connector/notion/nts_notion_rich.h"
#include "model/nts_inline.h"

typedef struct nts_notion_piece_t {
    const char *text; /* plain */
    apr_size_t len;
    int style;                 /* NTS_INLINE_BOLD to NTS_INLINE_CODE */
    const char *color;         /* NULL: the default */
    const char *link;          /* NULL none */
    const nts_json_t *special; /* the item of a mention or an equation; NULL: text */
} nts_notion_piece_t;

/** Adds items to an array; texts of one look are joined, and cut to Notion's size. */
typedef struct nts_notion_rich_writer_t {
    nts_json_t *items;
    int count;
    apr_array_header_t *run; /* texts of one look that are still to be written */
    nts_notion_piece_t look; /* theirs */
    const char *problem;     /* a clause for people; NULL so far */
    apr_pool_t *p;
} nts_notion_rich_writer_t;

/** The pieces of an array of items (NULL: none); their plain text is @a *shown. */
nts_notion_piece_t *nts_notion_rich_pieces(const char **shown, int *count, const nts_json_t *array,
                                           apr_pool_t *p);
nts_notion_rich_writer_t nts_notion_rich_writer(nts_json_t *items, apr_pool_t *p);
void nts_notion_rich_put_text(nts_notion_rich_writer_t *w, const nts_notion_piece_t *look,
                              const char *text, apr_size_t len);
/** A mention or an equation as it was. */
void nts_notion_rich_put_special(nts_notion_rich_writer_t *w, const nts_notion_piece_t *piece);
/** A new equation; the look's text is its expression. */
void nts_notion_rich_put_equation(nts_notion_rich_writer_t *w, const nts_notion_piece_t *look);
/** After the last piece. */
void nts_notion_rich_end(nts_notion_rich_writer_t *w);

#endif /* NTS_NOTION_RICH_IMPL_H */
