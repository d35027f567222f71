/* nts_body.h - the body of a page as Markdown: what of it is compared, and how a change is written (S5.9).
 *
 * Notion shows the addresses of files that it holds with a signature, which is another one each time and expires. So its
 * text is compared and carried over without it, and a line with such an address is never written. Pure.
 */
#ifndef NTS_BODY_H
#define NTS_BODY_H

#include "model/nts_value.h"

/** Bytes of a body that is synced: each agreed body is kept twice, each edit up to four times in the audit. */
#define NTS_BODY_MAX 100000

/** What the pair of the body calls its Notion side: no property can be meant by that, for it is a pair of its own kind. */
#define NTS_BODY_FIELD "(body)"

/** The text as it is compared: lines end in LF; outside of code there are no empty lines and no blanks at the ends of lines, and lists
 *  have dashes. Notion keeps none of that, and people write it as they like. */
const char *nts_body_canonical(const char *text, apr_pool_t *p);

/** The value of a body that Notion showed: its text is canonical, and has no signatures; `rich` keeps what was shown, and whether it
 *  is only a part: truncated, or with blocks that Notion does not show. */
nts_value_t nts_body_value(const char *markdown, int is_partial, apr_pool_t *p);

/** The value of a body that people wrote outside: its text is canonical, `rich` keeps how it was written, which is what Notion gets. */
nts_value_t nts_body_written(const char *text, apr_pool_t *p);

/** "old_str" occurs once in the page, in its first text and in what earlier updates have made of it. */
typedef struct nts_body_update_t {
    const char *old_str;
    const char *new_str;
} nts_body_update_t;

typedef struct nts_body_edit_t {
    const nts_body_update_t *updates;
    int count;
    const char *whole;   /* the page is empty: all of its new text; else NULL */
    const char *problem; /* it cannot be done safely: a clause that says why; else NULL */
} nts_body_edit_t;

/** Outcome code of a change that Notion, or the connector, refused: of the body, not of the record. */
#define NTS_BODY_REFUSED "notion.body_refused"

/** So many updates Notion takes at once. */
#define NTS_BODY_UPDATES_MAX 100

/**
 * What makes @a wanted of @a shown, values of nts_body_written() and nts_body_value(), whether Notion applies updates one after the other or each to the
 * first text. Lines that nobody changed are part of an update only where its place could not be told otherwise. Neither taken out
 * nor put in are child pages, databases, unknown blocks and files that Notion holds. Both may be null.
 */
void nts_body_edit(nts_body_edit_t *edit, const nts_value_t *shown, const nts_value_t *wanted,
                   apr_pool_t *p);

#endif /* NTS_BODY_H */
