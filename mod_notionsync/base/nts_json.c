/* nts_json.c - trees of JSON in a pool.
 *
 * Built by hand: reading a listing of records and their bases is most of what a reconciliation computes,
 * and with a tree whose every node is allocated and freed singly it takes three times the instructions. json-c
 * has other peculiarities too (D44 to D52).
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "base/nts_json_impl.h"
#include "base/nts_str.h"

/* Objects of more members than this are looked into by a hash table, so that a hostile one of a hundred
 * thousand costs no more than its bytes. */
#define SEARCHED_MAX 16
#define FIRST_ROOM 8

/* --- lists */

nts_json_t *nts_json_make(nts_json_type_t type, apr_pool_t *p)
{
    nts_json_t *node = apr_palloc(p, sizeof(*node));

    memset(node, 0, sizeof(*node));
    node->type = (unsigned char)type;
    if (type == NTS_JSON_ARRAY || type == NTS_JSON_OBJECT) {
        node->as.list = apr_palloc(p, sizeof(*node->as.list));
        memset(node->as.list, 0, sizeof(*node->as.list));
        node->as.list->p = p;
    }
    return node;
}

static void make_room(nts_json_list_t *list)
{
    int room = list->room ? 2 * list->room : FIRST_ROOM;
    nts_json_t **items = apr_palloc(list->p, (apr_size_t)room * sizeof(nts_json_t *));

    if (list->count > 0) {
        memcpy(items, list->items, (apr_size_t)list->count * sizeof(nts_json_t *));
    }
    list->items = items;
    list->room = room;
}

static void note_key(nts_json_list_t *list, nts_json_t *node)
{
    int i;

    if (!list->by_key) {
        list->by_key = apr_hash_make(list->p);
        for (i = 0; i < list->count; i++) {
            apr_hash_set(list->by_key, list->items[i]->key, (apr_ssize_t)list->items[i]->key_len,
                         list->items[i]);
        }
    }
    apr_hash_set(list->by_key, node->key, (apr_ssize_t)node->key_len, node);
}

void nts_json_append(nts_json_list_t *list, nts_json_t *node)
{
    if (list->count == list->room) {
        make_room(list);
    }
    if (node->key && list->count >= SEARCHED_MAX) {
        note_key(list, node);
    }
    list->items[list->count++] = node;
}

nts_json_t *nts_json_find(const nts_json_list_t *list, const char *key, apr_size_t len)
{
    int i;

    if (list->by_key) {
        return apr_hash_get(list->by_key, key, (apr_ssize_t)len);
    }
    for (i = 0; i < list->count; i++) {
        nts_json_t *node = list->items[i];

        if (node->key_len == len && memcmp(node->key, key, len) == 0) {
            return node;
        }
    }
    return NULL;
}

static const nts_json_list_t *list_of(const nts_json_t *node, nts_json_type_t type)
{
    return node && node->type == type ? node->as.list : NULL;
}

/* --- reading */

nts_json_type_t nts_json_type(const nts_json_t *node)
{
    return node ? (nts_json_type_t)node->type : NTS_JSON_NULL;
}

const nts_json_t *nts_json_get(const nts_json_t *node, const char *key)
{
    const nts_json_list_t *object = list_of(node, NTS_JSON_OBJECT);

    return object ? nts_json_find(object, key, strlen(key)) : NULL;
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
    const nts_json_list_t *array = list_of(node, NTS_JSON_ARRAY);

    return array ? array->count : 0;
}

const nts_json_t *nts_json_at(const nts_json_t *node, int index)
{
    return index >= 0 && index < nts_json_count(node) ? node->as.list->items[index] : NULL;
}

void nts_json_each(const nts_json_t *node, nts_json_member_fn *fn, void *baton)
{
    const nts_json_list_t *object = list_of(node, NTS_JSON_OBJECT);
    int i;

    for (i = 0; object && i < object->count; i++) {
        if (fn(baton, object->items[i]->key, object->items[i])) {
            return;
        }
    }
}

const char *nts_json_string(const nts_json_t *node)
{
    return nts_json_type(node) == NTS_JSON_STRING ? node->as.text : NULL;
}

const char *nts_json_get_string(const nts_json_t *node, const char *key)
{
    return nts_json_string(nts_json_get(node, key));
}

int nts_json_is_mended(const nts_json_t *node)
{
    return node && node->mended;
}

int nts_json_bool(const nts_json_t *node, int otherwise)
{
    return nts_json_type(node) == NTS_JSON_BOOL ? node->as.truth : otherwise;
}

apr_status_t nts_json_int(apr_int64_t *value, const nts_json_t *node)
{
    *value = 0;
    if (nts_json_type(node) != NTS_JSON_INT) {
        return APR_EINVAL;
    }
    *value = node->as.number;
    return APR_SUCCESS;
}

apr_int64_t nts_json_get_int(const nts_json_t *node, const char *key, apr_int64_t otherwise)
{
    apr_int64_t value;

    return nts_json_int(&value, nts_json_get(node, key)) == APR_SUCCESS ? value : otherwise;
}

const char *nts_json_number_text(const nts_json_t *node, apr_pool_t *p)
{
    switch (nts_json_type(node)) {
    case NTS_JSON_INT:
        return apr_psprintf(p, "%" APR_INT64_T_FMT, node->as.number);
    case NTS_JSON_DOUBLE:
        return apr_pstrdup(p, node->as.text);
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

/* Digits that cannot overflow; "-0" is another number than 0 to whoever wrote it. Zero: it needs a closer look. */
static int read_small(apr_int64_t *value, const char *text, apr_size_t len)
{
    apr_size_t i = text[0] == '-';

    if (len > 18 || (i && text[1] == '0')) {
        return 0;
    }
    for (*value = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return 0;
        }
        *value = *value * 10 + (text[i] - '0');
    }
    *value = text[0] == '-' ? -*value : *value;
    return 1;
}

void nts_json_set_number(nts_json_t *node, const char *text, apr_size_t len, apr_pool_t *p)
{
    apr_int64_t value = 0;

    node->type = NTS_JSON_INT;
    if (!read_small(&value, text, len)) {
        text = apr_pstrmemdup(p, text, len);
        if (nts_int_parse(&value, text, INT64_MIN, INT64_MAX) != APR_SUCCESS ||
            (value == 0 && text[0] == '-')) {
            node->type = NTS_JSON_DOUBLE;
            node->as.text = text; /* nobody asks for the double; the text is the number */
            return;
        }
    }
    node->as.number = value;
}

/* --- building */

nts_json_t *nts_json_make_object(apr_pool_t *p)
{
    return nts_json_make(NTS_JSON_OBJECT, p);
}

nts_json_t *nts_json_make_array(apr_pool_t *p)
{
    return nts_json_make(NTS_JSON_ARRAY, p);
}

/* The list that takes a member or an element. */
static nts_json_list_t *list_for(nts_json_t *parent, const char *key)
{
    if (nts_json_type(parent) != (key ? NTS_JSON_OBJECT : NTS_JSON_ARRAY)) {
        (void)fputs("notionsync: JSON added to what cannot hold it\n", stderr);
        abort(); /* our own mistake: sending a text without this member would be worse */
    }
    return parent->as.list;
}

/* A new node of the parent's, or the old one of that name, to be filled in. */
static nts_json_t *add(nts_json_t *parent, const char *key, nts_json_type_t type)
{
    nts_json_list_t *list = list_for(parent, key);
    nts_json_t *node = nts_json_make(type, list->p);
    nts_json_t *old;

    if (key) {
        node->key_len = (unsigned)strlen(key);
        old = nts_json_find(list, key, node->key_len);
        if (old) {
            node->key = old->key;
            *old = *node;
            return old;
        }
        node->key = apr_pstrmemdup(list->p, key, node->key_len);
    }
    nts_json_append(list, node);
    return node;
}

nts_json_t *nts_json_add_object(nts_json_t *parent, const char *key)
{
    return add(parent, key, NTS_JSON_OBJECT);
}

nts_json_t *nts_json_add_array(nts_json_t *parent, const char *key)
{
    return add(parent, key, NTS_JSON_ARRAY);
}

void nts_json_add_string(nts_json_t *parent, const char *key, const char *value)
{
    nts_json_t *node = add(parent, key, value ? NTS_JSON_STRING : NTS_JSON_NULL);

    if (value) {
        node->as.text = apr_pstrdup(parent->as.list->p, value);
    }
}

void nts_json_add_int(nts_json_t *parent, const char *key, apr_int64_t value)
{
    add(parent, key, NTS_JSON_INT)->as.number = value;
}

void nts_json_add_bool(nts_json_t *parent, const char *key, int value)
{
    add(parent, key, NTS_JSON_BOOL)->as.truth = value != 0;
}

void nts_json_add_null(nts_json_t *parent, const char *key)
{
    (void)add(parent, key, NTS_JSON_NULL);
}

void nts_json_add_number(nts_json_t *parent, const char *key, const char *decimal)
{
    apr_size_t len = strlen(decimal);

    if (len == 0 || nts_json_number_length(decimal, len) != len) {
        nts_json_add_string(parent, key, decimal);
        return;
    }
    nts_json_set_number(add(parent, key, NTS_JSON_INT), decimal, len, parent->as.list->p);
}

void nts_json_add_copy(nts_json_t *parent, const char *key, const nts_json_t *node)
{
    nts_json_t *copy = add(parent, key, nts_json_type(node));
    int i;

    switch (nts_json_type(node)) {
    case NTS_JSON_ARRAY:
    case NTS_JSON_OBJECT:
        for (i = 0; i < node->as.list->count; i++) {
            nts_json_add_copy(copy, node->as.list->items[i]->key, node->as.list->items[i]);
        }
        break;
    case NTS_JSON_STRING:
    case NTS_JSON_DOUBLE:
        copy->as.text = apr_pstrdup(parent->as.list->p, node->as.text);
        copy->mended = node->mended;
        break;
    case NTS_JSON_NULL:
        break;
    default:
        copy->as = node->as;
        break;
    }
}
