/* nts_json_text.c - trees as text. The same tree always gives the same text: hashes of it are compared. */
#include <string.h>

#include <apr_strings.h>

#include "base/nts_json_impl.h"

#define FIRST_SIZE 256

/* A text that grows. What it has outgrown stays in the pool: as much again, at most. */
typedef struct text_t {
    char *start;
    apr_size_t len;
    apr_size_t size;
    apr_pool_t *p;
} text_t;

static void put_node(text_t *text, const nts_json_t *node);

/* Room for so many bytes more, and a NUL. */
static char *room_for(text_t *text, apr_size_t more)
{
    if (text->len + more >= text->size) {
        apr_size_t size = 2 * (text->len + more) + FIRST_SIZE;
        char *start = apr_palloc(text->p, size);

        if (text->len > 0) {
            memcpy(start, text->start, text->len);
        }
        text->start = start;
        text->size = size;
    }
    return text->start + text->len;
}

static void put(text_t *text, const char *bytes, apr_size_t len)
{
    memcpy(room_for(text, len), bytes, len);
    text->len += len;
}

/* NULL: as it stands. */
static const char *escape_of(unsigned char c, char spelled[8])
{
    static const char hex[] = "0123456789abcdef";

    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\b':
        return "\\b";
    case '\f':
        return "\\f";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        break;
    }
    if (c >= 0x20) {
        return NULL;
    }
    memcpy(spelled, "\\u00", 4);
    spelled[4] = hex[c >> 4];
    spelled[5] = hex[c & 15];
    spelled[6] = '\0';
    return spelled;
}

static void put_string(text_t *text, const char *string)
{
    const char *plain = string;
    const char *c;

    put(text, "\"", 1);
    for (c = string; *c; c++) {
        char spelled[8];
        const char *escape = escape_of((unsigned char)*c, spelled);

        if (escape) {
            put(text, plain, (apr_size_t)(c - plain));
            put(text, escape, strlen(escape));
            plain = c + 1;
        }
    }
    put(text, plain, (apr_size_t)(c - plain));
    put(text, "\"", 1);
}

static void put_list(text_t *text, const nts_json_list_t *list, const char *brackets)
{
    int i;

    put(text, brackets, 1);
    for (i = 0; i < list->count; i++) {
        if (i) {
            put(text, ",", 1);
        }
        if (list->items[i]->key) {
            put_string(text, list->items[i]->key);
            put(text, ":", 1);
        }
        put_node(text, list->items[i]);
    }
    put(text, brackets + 1, 1);
}

static void put_node(text_t *text, const nts_json_t *node)
{
    char digits[32];

    switch ((nts_json_type_t)node->type) {
    case NTS_JSON_BOOL:
        put(text, node->as.truth ? "true" : "false", node->as.truth ? 4 : 5);
        break;
    case NTS_JSON_INT:
        put(text, digits,
            (apr_size_t)apr_snprintf(digits, sizeof(digits), "%" APR_INT64_T_FMT, node->as.number));
        break;
    case NTS_JSON_DOUBLE:
        put(text, node->as.text, strlen(node->as.text));
        break;
    case NTS_JSON_STRING:
        put_string(text, node->as.text);
        break;
    case NTS_JSON_ARRAY:
        put_list(text, node->as.list, "[]");
        break;
    case NTS_JSON_OBJECT:
        put_list(text, node->as.list, "{}");
        break;
    case NTS_JSON_NULL:
    default:
        put(text, "null", 4);
        break;
    }
}

const char *nts_json_text(const nts_json_t *node, apr_pool_t *p)
{
    text_t text = { NULL, 0, 0, p };

    if (!node) {
        return "null";
    }
    put_node(&text, node);
    *room_for(&text, 0) = '\0';
    return text.start;
}
