/* mns_query.c - parameters of pages and forms. */
#include <string.h>

#include "base/nts_str.h"
#include "httpd/mns_query.h"

#define PARAMETERS_MAX 32

static const char *decode(const char *text, apr_size_t len, apr_pool_t *p)
{
    char *copy = apr_pstrmemdup(p, text, len);
    const char *decoded;
    char *c;

    for (c = copy; *c; c++) {
        if (*c == '+') {
            *c = ' ';
        }
    }
    return nts_percent_decode(&decoded, copy, p) == APR_SUCCESS ? decoded : NULL;
}

apr_table_t *mns_query_read(const char *text, apr_pool_t *p)
{
    apr_table_t *table = apr_table_make(p, 8);
    int i;

    for (i = 0; text && *text && i < PARAMETERS_MAX; i++) {
        apr_size_t len = strcspn(text, "&");
        const char *equals = memchr(text, '=', len);
        const char *name = decode(text, equals ? (apr_size_t)(equals - text) : len, p);
        const char *value =
            equals ? decode(equals + 1, len - (apr_size_t)(equals + 1 - text), p) : "";

        if (name && *name && value && !apr_table_get(table, name)) {
            apr_table_setn(table, name, value);
        }
        text += len + (text[len] == '&');
    }
    return table;
}
