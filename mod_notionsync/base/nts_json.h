/* nts_json.h - JSON trees owned by a pool; the only door to json-c.
 *
 * A tree belongs to the pool it was parsed or made in; nodes are borrowed from it and never freed
 * singly. JSON null is a node of its own: NULL always means "not there" (D50). Trees are not for
 * sharing between threads (D52).
 */
#ifndef NTS_JSON_H
#define NTS_JSON_H

#include "base/nts_base.h"

typedef struct nts_json_t nts_json_t;

typedef enum nts_json_type_t {
    NTS_JSON_NULL,
    NTS_JSON_BOOL,
    NTS_JSON_INT,    /* fits 64 bits */
    NTS_JSON_DOUBLE, /* any other number, integers beyond 64 bits too; only its text is kept */
    NTS_JSON_STRING,
    NTS_JSON_ARRAY,
    NTS_JSON_OBJECT
} nts_json_type_t;

#define NTS_JSON_DEPTH_MAX 64
#define NTS_JSON_TEXT_MAX ((apr_size_t)1 << 30)

/**
 * Parse one JSON text, strictly: RFC 8259 and nothing more, valid UTF-8, nothing after it, no NUL
 * inside strings, no two members of one name (D45, D46, D48, D49), depth at most NTS_JSON_DEPTH_MAX
 * (D51). Half of a surrogate pair, which JavaScript programs do send where they cut a text, becomes
 * U+FFFD and marks its string (nts_json_is_mended): one such text must not cost a whole listing.
 * @param problem may be NULL; set to a sentence with the position on failure
 * @return APR_EINVAL if it is not that
 */
apr_status_t nts_json_parse(const nts_json_t **root, const char *text, apr_size_t len,
                            const char **problem, apr_pool_t *p);

nts_json_type_t nts_json_type(const nts_json_t *node);
/** Member of an object; NULL if @a node is NULL, no object, or has no such member. */
const nts_json_t *nts_json_get(const nts_json_t *node, const char *key);
/** As nts_json_get through several keys, NULL-terminated: nts_json_path(n, "data", "parent", NULL) */
const nts_json_t *nts_json_path(const nts_json_t *node, ...);
/** Array length; 0 for anything else. */
int nts_json_count(const nts_json_t *node);
/** Element @a index of an array, NULL beyond it. */
const nts_json_t *nts_json_at(const nts_json_t *node, int index);
/** Visit members in order; a non-zero answer of @a fn stops. */
typedef int nts_json_member_fn(void *baton, const char *key, const nts_json_t *value);
void nts_json_each(const nts_json_t *node, nts_json_member_fn *fn, void *baton);

/** The string, or NULL if the node is not a string. Lives as long as the tree. */
const char *nts_json_string(const nts_json_t *node);
/** The string member @a key of @a node, or NULL. */
const char *nts_json_get_string(const nts_json_t *node, const char *key);
/** True if the string held half a surrogate pair: writing it back would lose that. */
int nts_json_is_mended(const nts_json_t *node);
/** The boolean, or @a otherwise if the node is not one. */
int nts_json_bool(const nts_json_t *node, int otherwise);
/** APR_EINVAL if the node is not an integer of 64 bits; never clamped, "1.0" is none. */
apr_status_t nts_json_int(apr_int64_t *value, const nts_json_t *node);
/** The integer member @a key, or @a otherwise. */
apr_int64_t nts_json_get_int(const nts_json_t *node, const char *key, apr_int64_t otherwise);
/** A number as its exact source text (D47), of any length; NULL if not a number. */
const char *nts_json_number_text(const nts_json_t *node, apr_pool_t *p);

/* Building: a root belongs to the pool, everything added belongs to its parent. `key` is NULL when
 * the parent is an array. Strings are copied. A NULL string adds JSON null. Adding under a key that
 * is there replaces the old value; nodes of that are gone. */
nts_json_t *nts_json_make_object(apr_pool_t *p);
nts_json_t *nts_json_make_array(apr_pool_t *p);
nts_json_t *nts_json_add_object(nts_json_t *parent, const char *key);
nts_json_t *nts_json_add_array(nts_json_t *parent, const char *key);
void nts_json_add_string(nts_json_t *parent, const char *key, const char *value);
void nts_json_add_int(nts_json_t *parent, const char *key, apr_int64_t value);
void nts_json_add_bool(nts_json_t *parent, const char *key, int value);
void nts_json_add_null(nts_json_t *parent, const char *key);
/** Adds a number given as its decimal text, which is written as it stands; a text that is no JSON
 *  number ("NaN", "1.") is added as a string, so that the whole stays JSON. */
void nts_json_add_number(nts_json_t *parent, const char *key, const char *decimal);
/** Adds a deep copy of another tree's node (NULL adds null). */
void nts_json_add_copy(nts_json_t *parent, const char *key, const nts_json_t *node);

/** Compact text without escaped slashes. */
const char *nts_json_text(const nts_json_t *node, apr_pool_t *p);

#endif /* NTS_JSON_H */
