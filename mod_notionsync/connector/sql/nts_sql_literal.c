/* nts_sql_literal.c - names and texts between quotes, and keys as change entries spell them: all databases agree on these. */
#include <string.h>

#include "connector/sql/nts_sql_impl.h"

#define SHORT_NAME_MAX 40

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

#define HASH_BEGIN 2166136261u

static apr_uint32_t hash_more(apr_uint32_t hash, const char *text)
{
    const char *c;

    for (c = text; *c; c++) {
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    }
    return hash;
}

const char *nts_sql_short_name(const char *tbl, apr_pool_t *p)
{
    apr_size_t len = strlen(tbl);

    if (len <= SHORT_NAME_MAX) {
        return tbl;
    }
    for (len = SHORT_NAME_MAX - 10; len > 0 && ((unsigned char)tbl[len] & 0xc0) == 0x80; len--) {
        /* not in the middle of a character */
    }
    return apr_psprintf(p, "%.*s_%08x", (int)len, tbl, hash_more(HASH_BEGIN, tbl));
}

const char *nts_sql_types_print(const nts_sql_table_t *table, apr_pool_t *p)
{
    apr_uint32_t hash = HASH_BEGIN;
    int i;

    for (i = 0; i < table->count; i++) {
        hash = hash_more(hash_more(hash, table->columns[i].name), table->columns[i].type.native);
    }
    return apr_psprintf(p, "%08x", hash);
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
