/* nts_sql_literal.c - names and texts between quotes, and keys as change entries spell them: all databases agree on these. */
#include <string.h>

#include "connector/sql/nts_sql_impl.h"

const char *nts_sql_quote(const char *name, apr_pool_t *p)
{
    char *quoted = apr_palloc(p, 2 * strlen(name) + 3);
    char *to = quoted;

    *to++ = '"';
    for (; *name; name++) {
        if (*name == '"') {
            *to++ = '"';
        }
        *to++ = *name;
    }
    *to++ = '"';
    *to = '\0';
    return quoted;
}

const char *nts_sql_literal(const char *text, apr_pool_t *p)
{
    char *quoted = apr_palloc(p, 2 * strlen(text) + 3);
    char *to = quoted;

    *to++ = '\'';
    for (; *text; text++) {
        if (*text == '\'') {
            *to++ = '\'';
        }
        *to++ = *text;
    }
    *to++ = '\'';
    *to = '\0';
    return quoted;
}

const char *nts_sql_literal_end(const char *text)
{
    if (*text == '\'' || (*text == 'X' && text[1] == '\'')) {
        text += *text != '\'';
        for (text++; *text; text++) {
            if (*text == '\'' && *++text != '\'') {
                return text;
            }
        }
        return NULL;
    }
    return *text ? text + strcspn(text, ",") : NULL;
}

const char *nts_sql_unquote(const char *text, const char *end, apr_size_t *len, apr_pool_t *p)
{
    char *plain = apr_palloc(p, (apr_size_t)(end - text) + 1);
    char *to = plain;

    for (text++; text < end - 1; text++) {
        *to++ = *text;
        text += *text == '\'';
    }
    *to = '\0';
    *len = (apr_size_t)(to - plain);
    return plain;
}

const char *nts_sql_stored_key(const nts_sql_table_t *table, const char *const *parts,
                               apr_pool_t *p)
{
    const char *all = NULL;
    int i;

    if (table->key_count == 1) {
        return parts[0];
    }
    for (i = 0; i < table->key_count; i++) {
        const char *one = nts_sql_literal(parts[i], p);

        all = all ? apr_pstrcat(p, all, ",", one, NULL) : one;
    }
    return all;
}

const char *const *nts_sql_change_key(const nts_sql_table_t *table, const char *stored,
                                      apr_pool_t *p)
{
    const char **parts = apr_pcalloc(p, (apr_size_t)table->key_count * sizeof(*parts));
    int i;

    if (table->key_count == 1) {
        parts[0] = stored;
        return parts;
    }
    for (i = 0; i < table->key_count; i++) {
        const char *end = *stored == '\'' ? nts_sql_literal_end(stored) : NULL;
        apr_size_t len;

        if (!end || *end != (i + 1 < table->key_count ? ',' : '\0')) {
            return NULL; /* written for another key= */
        }
        parts[i] = nts_sql_unquote(stored, end, &len, p);
        stored = end + 1;
    }
    return parts;
}
