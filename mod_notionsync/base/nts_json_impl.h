/* nts_json_impl.h - what nts_json.c and nts_json_parse.c share; for no one else. */
#ifndef NTS_JSON_IMPL_H
#define NTS_JSON_IMPL_H

#include <json-c/json.h>

#include "base/nts_json.h"

/** Out of memory must not become a JSON null: json-c means null by NULL. Ends the process then. */
struct json_object *nts_json_must(struct json_object *made);
/** A node as its users see it: JSON null is NULL in json-c, and a marker of its own here. */
const nts_json_t *nts_json_wrap(struct json_object *object);
/** The tree goes with the pool. */
void nts_json_own(struct json_object *root, apr_pool_t *p);

/** Length of the JSON number at the start of @a text, 0 if there is none. */
apr_size_t nts_json_number_length(const char *text, apr_size_t len);
/** A node for such a number; @a text ends with NUL. What does not fit 64 bits keeps its text. */
struct json_object *nts_json_make_number(const char *text);

/** Mark, and see, a string that held a lone surrogate. */
void nts_json_mark_mended(struct json_object *string);

#endif /* NTS_JSON_IMPL_H */
