/* nts_json.c - trees of json-c objects that belong to a pool. A node is a json_object seen through
 * an opaque type; only JSON null, which json-c represents by NULL, is a marker of this file. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nts_json_impl.h"
#include "base/nts_str.h"

static const char null_marker;
static char mended_marker;

struct json_object *nts_json_must(struct json_object *made)
{
    if (!made) {
        (void)fputs("notionsync: out of memory\n", stderr);
        abort();
    }
    return made;
}

const nts_json_t *nts_json_wrap(struct json_object *object)
{
    return object ? (const nts_json_t *)object : (const nts_json_t *)&null_marker;
}

/* NULL for both "not there" and null; json-c takes it for null. json-c wants its objects without
 * const even to read them: reading caches text inside. */
static struct json_object *unwrap(const nts_json_t *node)
{
    union {
        const nts_json_t *node;
        struct json_object *object;
    } u = { node };

    return (const void *)node == &null_marker ? NULL : u.object;
}

static apr_status_t put_root(void *root)
{
    (void)json_object_put(root);
    return APR_SUCCESS;
}

void nts_json_own(struct json_object *root, apr_pool_t *p)
{
    if (root) {
        apr_pool_cleanup_register(p, root, put_root, apr_pool_cleanup_null);
    }
}

/* --- reading */

nts_json_type_t nts_json_type(const nts_json_t *node)
{
    switch (json_object_get_type(unwrap(node))) {
    case json_type_boolean:
        return NTS_JSON_BOOL;
    case json_type_int:
        return NTS_JSON_INT;
    case json_type_double:
        return NTS_JSON_DOUBLE;
    case json_type_string:
        return NTS_JSON_STRING;
    case json_type_array:
        return NTS_JSON_ARRAY;
    case json_type_object:
        return NTS_JSON_OBJECT;
    case json_type_null:
    default:
        return NTS_JSON_NULL;
    }
}

const nts_json_t *nts_json_get(const nts_json_t *node, const char *key)
{
    struct json_object *object = unwrap(node);
    struct json_object *value = NULL;

    if (!json_object_is_type(object, json_type_object) ||
        !json_object_object_get_ex(object, key, &value)) {
        return NULL;
    }
    return nts_json_wrap(value);
}

const nts_json_t *nts_json_path(const nts_json_t *node, ...)
{
    const char *key;
    va_list keys;

    va_start(keys, node);
    while (node && (key = va_arg(keys, const char *)) != NULL) {
        node = nts_json_get(node, key);
    }
    va_end(keys);
    return node;
}

int nts_json_count(const nts_json_t *node)
{
    struct json_object *array = unwrap(node);

    return json_object_is_type(array, json_type_array) ? (int)json_object_array_length(array) : 0;
}

const nts_json_t *nts_json_at(const nts_json_t *node, int index)
{
    if (index < 0 || index >= nts_json_count(node)) {
        return NULL;
    }
    return nts_json_wrap(json_object_array_get_idx(unwrap(node), (size_t)index));
}

void nts_json_each(const nts_json_t *node, nts_json_member_fn *fn, void *baton)
{
    struct json_object *object = unwrap(node);
    struct json_object_iter iter;

    if (!json_object_is_type(object, json_type_object)) {
        return;
    }
    json_object_object_foreachC(object, iter)
    {
        if (fn(baton, iter.key, nts_json_wrap(iter.val))) {
            return;
        }
    }
}

const char *nts_json_string(const nts_json_t *node)
{
    struct json_object *string = unwrap(node);

    return json_object_is_type(string, json_type_string) ? json_object_get_string(string) : NULL;
}

const char *nts_json_get_string(const nts_json_t *node, const char *key)
{
    return nts_json_string(nts_json_get(node, key));
}

void nts_json_mark_mended(struct json_object *string)
{
    json_object_set_userdata(string, &mended_marker, NULL);
}

static int is_marked_mended(struct json_object *object)
{
    return json_object_is_type(object, json_type_string) &&
           json_object_get_userdata(object) == &mended_marker;
}

int nts_json_is_mended(const nts_json_t *node)
{
    return is_marked_mended(unwrap(node));
}

int nts_json_bool(const nts_json_t *node, int otherwise)
{
    struct json_object *value = unwrap(node);

    return json_object_is_type(value, json_type_boolean) ? json_object_get_boolean(value)
                                                         : otherwise;
}

apr_status_t nts_json_int(apr_int64_t *value, const nts_json_t *node)
{
    struct json_object *number = unwrap(node);

    *value = 0;
    if (!json_object_is_type(number, json_type_int)) {
        return APR_EINVAL;
    }
    *value = json_object_get_int64(number);
    return APR_SUCCESS;
}

apr_int64_t nts_json_get_int(const nts_json_t *node, const char *key, apr_int64_t otherwise)
{
    apr_int64_t value;

    return nts_json_int(&value, nts_json_get(node, key)) == APR_SUCCESS ? value : otherwise;
}

const char *nts_json_number_text(const nts_json_t *node, apr_pool_t *p)
{
    struct json_object *number = unwrap(node);

    switch (json_object_get_type(number)) {
    case json_type_int:
        return apr_psprintf(p, "%" APR_INT64_T_FMT, (apr_int64_t)json_object_get_int64(number));
    case json_type_double:
        /* Every double here was made from its text, which json-c keeps beside it. */
        return apr_pstrdup(p, json_object_get_userdata(number));
    default:
        return NULL;
    }
}

/* --- numbers as text */

static apr_size_t digits_length(const char *text, const char *end)
{
    const char *c = text;

    while (c < end && *c >= '0' && *c <= '9') {
        c++;
    }
    return (apr_size_t)(c - text);
}

apr_size_t nts_json_number_length(const char *text, apr_size_t len)
{
    const char *end = text + len;
    const char *c = text;
    apr_size_t digits;

    if (c < end && *c == '-') {
        c++;
    }
    digits = digits_length(c, end);
    if (digits == 0 || (digits > 1 && *c == '0')) {
        return 0;
    }
    c += digits;
    if (c < end && *c == '.') {
        digits = digits_length(c + 1, end);
        if (digits == 0) {
            return 0;
        }
        c += 1 + digits;
    }
    if (c < end && (*c == 'e' || *c == 'E')) {
        c++;
        if (c < end && (*c == '+' || *c == '-')) {
            c++;
        }
        digits = digits_length(c, end);
        if (digits == 0) {
            return 0;
        }
        c += digits;
    }
    return (apr_size_t)(c - text);
}

struct json_object *nts_json_make_number(const char *text)
{
    apr_int64_t value;

    if (nts_int_parse(&value, text, INT64_MIN, INT64_MAX) == APR_SUCCESS &&
        !(value == 0 && text[0] == '-')) {
        return nts_json_must(json_object_new_int64(value));
    }
    /* Nobody asks for the double; the text is the number. */
    return nts_json_must(json_object_new_double_s(0.0, text));
}

/* --- building */

static nts_json_t *make_root(struct json_object *root, apr_pool_t *p)
{
    nts_json_own(nts_json_must(root), p);
    return (nts_json_t *)root;
}

nts_json_t *nts_json_make_object(apr_pool_t *p)
{
    return make_root(json_object_new_object(), p);
}

nts_json_t *nts_json_make_array(apr_pool_t *p)
{
    return make_root(json_object_new_array(), p);
}

static nts_json_t *add(nts_json_t *parent, const char *key, struct json_object *value)
{
    struct json_object *to = unwrap(parent);
    int rc = -1;

    if (key && json_object_is_type(to, json_type_object)) {
        rc = json_object_object_add(to, key, value);
    }
    else if (!key && json_object_is_type(to, json_type_array)) {
        rc = json_object_array_add(to, value);
    }
    if (rc != 0) {
        (void)fputs("notionsync: JSON added to what cannot hold it\n", stderr);
        abort(); /* our own mistake: sending a text without this member would be worse */
    }
    return (nts_json_t *)value;
}

nts_json_t *nts_json_add_object(nts_json_t *parent, const char *key)
{
    return add(parent, key, nts_json_must(json_object_new_object()));
}

nts_json_t *nts_json_add_array(nts_json_t *parent, const char *key)
{
    return add(parent, key, nts_json_must(json_object_new_array()));
}

void nts_json_add_string(nts_json_t *parent, const char *key, const char *value)
{
    (void)add(parent, key, value ? nts_json_must(json_object_new_string(value)) : NULL);
}

void nts_json_add_int(nts_json_t *parent, const char *key, apr_int64_t value)
{
    (void)add(parent, key, nts_json_must(json_object_new_int64(value)));
}

void nts_json_add_bool(nts_json_t *parent, const char *key, int value)
{
    (void)add(parent, key, nts_json_must(json_object_new_boolean(value != 0)));
}

void nts_json_add_null(nts_json_t *parent, const char *key)
{
    (void)add(parent, key, NULL);
}

void nts_json_add_number(nts_json_t *parent, const char *key, const char *decimal)
{
    apr_size_t len = strlen(decimal);

    if (len == 0 || nts_json_number_length(decimal, len) != len) {
        nts_json_add_string(parent, key, decimal);
        return;
    }
    (void)add(parent, key, nts_json_make_number(decimal));
}

/* json-c knows how to copy a number's text but not our mark. */
static int copy_node(struct json_object *from, struct json_object *parent, const char *key,
                     size_t index, struct json_object **to)
{
    if (!is_marked_mended(from)) {
        return json_c_shallow_copy_default(from, parent, key, index, to);
    }
    *to = nts_json_must(
        json_object_new_string_len(json_object_get_string(from), json_object_get_string_len(from)));
    nts_json_mark_mended(*to);
    return 2; /* "and what belongs to its serialiser" */
}

void nts_json_add_copy(nts_json_t *parent, const char *key, const nts_json_t *node)
{
    struct json_object *copy = NULL;

    if (unwrap(node) && json_object_deep_copy(unwrap(node), &copy, copy_node) != 0) {
        (void)nts_json_must(NULL);
    }
    (void)add(parent, key, copy);
}

const char *nts_json_text(const nts_json_t *node, apr_pool_t *p)
{
    struct json_object *object = unwrap(node);
    size_t len = 0;
    const char *text;

    if (!object) {
        return "null";
    }
    text = json_object_to_json_string_length(
        object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
    if (!text) {
        (void)nts_json_must(NULL);
    }
    return apr_pstrmemdup(p, text, len);
}
