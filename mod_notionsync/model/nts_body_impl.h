/* nts_body_impl.h - what nts_body.c (texts), nts_body_diff.c (lines) and nts_body_edit.c (updates) share; for no one else. */
#ifndef NTS_BODY_IMPL_H
#define NTS_BODY_IMPL_H

#include <apr_tables.h>

#include "model/nts_body.h"

/** One line of a text, without its end. */
typedef struct nts_body_line_t {
    const char *raw; /* in the text as shown, `length` bytes */
    apr_size_t length;
    const char *text; /* as it is compared, NUL-terminated */
    int has_file;     /* an address in it was signed: the next time Notion shows another one */
} nts_body_line_t;

/** Old lines from..to become new lines new_from..new_to; ends are exclusive. */
typedef struct nts_body_hunk_t {
    int from;
    int to;
    int new_from;
    int new_to;
    int ends; /* what of the ends of lines around it an update takes in; 0 at first */
} nts_body_hunk_t;

/** Lines of @a text but for empty ones outside of code: nts_body_line_t. */
apr_array_header_t *nts_body_lines(const char *text, int without_signatures, apr_pool_t *p);
/** What changed between two arrays of lines: nts_body_hunk_t in their order, none that touch. With very many changes one
 *  that spans them all. */
apr_array_header_t *nts_body_diff(const apr_array_header_t *old_lines,
                                  const apr_array_header_t *new_lines, apr_pool_t *p);
/** Their texts. */
const char *nts_body_text(const apr_array_header_t *lines, apr_pool_t *p);
/** @a text has the address of a file that Notion holds: signed, or one that @a page shows signed, or of a place where
 *  Notion keeps files. */
int nts_body_names_file(const char *text, const char *page);

#endif /* NTS_BODY_IMPL_H */
