/* nts_notion_rich.h - editing a formatted text by its plain text, or as Markdown (S5.6). Pure. */
#ifndef NTS_NOTION_RICH_H
#define NTS_NOTION_RICH_H

#include "base/nts_json.h"

/** True if the array holds anything that its plain text does not: formatting, links, mentions, equations. */
int nts_notion_rich_is_formatted(const nts_json_t *array);

/**
 * Adds to @a items, an array, what makes @a old show @a text: the span that differs is replaced, what stands before and
 * after it stays as it is. A mention or an equation that the span touches is replaced whole. The new span looks as what
 * it replaces, and goes on with a link only inside one. What Notion shows but does not take (previews of links) becomes
 * text with the link.
 * @param old  rich text items as Notion shows them; NULL or no array: none
 * @param text valid UTF-8
 * @return NULL, or a clause for people: why the result is nothing that Notion takes
 */
const char *nts_notion_rich_edit(nts_json_t *items, const nts_json_t *old, const char *text,
                                 apr_pool_t *p);

/** What Markdown says of the items, in its one spelling (nts_inline.h): mentions are their text, previews of links are links. */
const char *nts_notion_rich_markdown(const nts_json_t *array, apr_pool_t *p);

/**
 * As nts_notion_rich_edit(), with a text in Markdown: it says how all of the text looks. What it cannot say, colours and mentions,
 * stays with the words that stay; a mention becomes text if a part of it goes, looks otherwise than the rest, or is a link. What
 * comes out is in Markdown what was given.
 */
const char *nts_notion_rich_edit_markdown(nts_json_t *items, const nts_json_t *old,
                                          const char *markdown, apr_pool_t *p);

#endif /* NTS_NOTION_RICH_H */
