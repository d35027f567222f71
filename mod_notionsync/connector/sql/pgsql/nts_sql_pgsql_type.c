/* nts_sql_pgsql_type.c - PostgreSQL's types: what can hold a value of Notion's, and lists of texts and numbers. */
#include <string.h>

#include "base/nts_json.h"
#include "base/nts_str.h"
#include "connector/sql/pgsql/nts_sql_pgsql.h"

#define HEADER 4 /* what modifiers of sized types count besides */
/* Elements of a list; more than any multi-select has. */
#define MEMBERS_MAX 1000

/* Their texts are taken and given as they are. */
static int is_textual(const char *name)
{
    static const char *const names[] = { "text",     "varchar",  "bpchar", "name", "citext",
                                         "uuid",     "json",     "jsonb",  "xml",  "time",
                                         "timetz",   "interval", "inet",   "cidr", "macaddr",
                                         "macaddr8", "ltree" };
    apr_size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) == 0) {
            return 1;
        }
    }
    return 0;
}

static void decimal(nts_type_t *type, apr_int64_t modifier)
{
    type->kind = NTS_TYPE_NUMBER;
    if (modifier >= HEADER) {
        int scale = (int)((modifier - HEADER) & 0x7ff);

        scale = scale > 1000 ? scale - 2048 : scale; /* since 15 it may be negative */
        type->precision = (int)(((modifier - HEADER) >> 16) & 0xffff);
        type->scale = scale;
        if (scale <= 0) {
            type->precision -= scale;
            type->scale = 0;
            type->whole = 1;
        }
    }
}

static void instant(nts_type_t *type, apr_int64_t modifier, int zoned)
{
    type->kind = NTS_TYPE_INSTANT;
    type->zoned = zoned;
    type->whole = modifier == 0;
    type->scale = modifier > 0 && modifier < 6 ? (int)modifier : 0;
}

nts_type_t nts_sql_pgsql_type(apr_int64_t oid, apr_int64_t modifier, const char *name,
                              const char *declared, int is_enum, apr_pool_t *p)
{
    nts_type_t type;

    memset(&type, 0, sizeof(type));
    type.native = apr_pstrdup(p, declared);
    switch (oid) {
    case NTS_SQL_PGSQL_INT2:
    case NTS_SQL_PGSQL_INT4:
    case NTS_SQL_PGSQL_INT8:
    case NTS_SQL_PGSQL_OID:
        type.kind = NTS_TYPE_NUMBER;
        type.whole = 1;
        break;
    case NTS_SQL_PGSQL_FLOAT4:
    case NTS_SQL_PGSQL_FLOAT8:
        type.kind = NTS_TYPE_NUMBER;
        type.binary = 1;
        type.single = oid == NTS_SQL_PGSQL_FLOAT4;
        break;
    case NTS_SQL_PGSQL_NUMERIC:
        decimal(&type, modifier);
        break;
    case NTS_SQL_PGSQL_BOOL:
        type.kind = NTS_TYPE_BOOL;
        break;
    case NTS_SQL_PGSQL_DATE:
        type.kind = NTS_TYPE_DAY;
        break;
    case NTS_SQL_PGSQL_TIMESTAMP:
        instant(&type, modifier, 0);
        break;
    case NTS_SQL_PGSQL_TIMESTAMPTZ:
        instant(&type, modifier, 1);
        break;
    default:
        type.kind = is_enum            ? NTS_TYPE_OPTION
                    : is_textual(name) ? NTS_TYPE_TEXT
                                       : NTS_TYPE_UNSUPPORTED;
        if ((oid == NTS_SQL_PGSQL_VARCHAR || oid == NTS_SQL_PGSQL_BPCHAR) && modifier >= HEADER) {
            type.max_length = (int)(modifier - HEADER);
        }
        type.padded = oid == NTS_SQL_PGSQL_BPCHAR;
        break;
    }
    return type;
}

static int is_integral(const char *name)
{
    return strcmp(name, "int8") == 0 || strcmp(name, "int4") == 0 || strcmp(name, "int2") == 0;
}

nts_type_t nts_sql_pgsql_list(const char *element, const char *declared, int is_enum, apr_pool_t *p)
{
    nts_type_t type;

    memset(&type, 0, sizeof(type));
    type.native = apr_pstrdup(p, declared);
    type.whole = !is_enum && is_integral(element);
    if (is_enum || type.whole || (is_textual(element) && strcmp(element, "bpchar") != 0)) {
        type.kind = NTS_TYPE_TEXT; /* the JSON array that a set has in a column of text */
        type.list = 1;
    }
    return type;
}

/* --- lists */

/* One element of {a,"b \"c\"",NULL}; *at moves behind it. NULL: none, or none of a plain list. */
static const char *take_element(const char **at, apr_pool_t *p)
{
    const char *from = *at;
    char *element = apr_palloc(p, strlen(from) + 1);
    char *to = element;

    if (*from == '"') {
        for (from++; *from && *from != '"'; from++) {
            from += *from == '\\' && from[1];
            *to++ = *from;
        }
        if (*from++ != '"') {
            return NULL;
        }
    }
    else {
        while (*from && !strchr(",{}\"\\", *from)) {
            *to++ = *from++;
        }
        *to = '\0';
        if (to == element || nts_str_equal_nocase(element, "NULL")) {
            return NULL;
        }
    }
    *to = '\0';
    *at = from;
    return element;
}

const char *nts_sql_pgsql_array_to_json(const char *literal, apr_pool_t *p)
{
    nts_json_t *array = nts_json_make_array(p);
    const char *at = literal + 1;
    int count = 0;

    if (*literal != '{') {
        return NULL;
    }
    while (*at != '}') {
        const char *element = take_element(&at, p);

        if (!element || ++count > MEMBERS_MAX || !nts_utf8_is_valid(element, strlen(element)) ||
            (*at != ',' && *at != '}')) {
            return NULL;
        }
        nts_json_add_string(array, NULL, element);
        at += *at == ',';
    }
    return at[1] ? NULL : nts_json_text(array, p);
}

static const char *quoted_element(const char *text, apr_pool_t *p)
{
    char *quoted = apr_palloc(p, 2 * strlen(text) + 3);
    char *to = quoted;

    *to++ = '"';
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') {
            *to++ = '\\';
        }
        *to++ = *text;
    }
    *to++ = '"';
    *to = '\0';
    return quoted;
}

const char *nts_sql_pgsql_array_from_json(const char *json, apr_pool_t *p)
{
    apr_array_header_t *parts = apr_array_make(p, 8, sizeof(const char *));
    const nts_json_t *root;
    int i;

    if (nts_json_parse(&root, json, strlen(json), NULL, p) != APR_SUCCESS ||
        nts_json_type(root) != NTS_JSON_ARRAY) {
        return NULL;
    }
    for (i = 0; i < nts_json_count(root); i++) {
        const char *text = nts_json_string(nts_json_at(root, i));

        if (!text) {
            return NULL;
        }
        APR_ARRAY_PUSH(parts, const char *) = quoted_element(text, p);
    }
    return apr_pstrcat(p, "{", apr_array_pstrcat(p, parts, ','), "}", NULL);
}

/* --- keys */

int nts_sql_pgsql_is_key_text(const nts_sql_column_t *column, const char *text, apr_pool_t *p)
{
    const char *normal;
    apr_int64_t number;
    int i;

    switch (column->native) {
    case NTS_SQL_PGSQL_INT2:
        return nts_int_parse(&number, text, INT16_MIN, INT16_MAX) == APR_SUCCESS;
    case NTS_SQL_PGSQL_INT4:
        return nts_int_parse(&number, text, INT32_MIN, INT32_MAX) == APR_SUCCESS;
    case NTS_SQL_PGSQL_INT8:
        return nts_int_parse(&number, text, APR_INT64_MIN, APR_INT64_MAX) == APR_SUCCESS;
    case NTS_SQL_PGSQL_NUMERIC:
        return nts_decimal_normalise(&normal, text, p) == APR_SUCCESS;
    case NTS_SQL_PGSQL_UUID:
        return nts_uuid_normalise(&normal, text, p) == APR_SUCCESS;
    default:
        break;
    }
    for (i = 0; i < column->type.option_count; i++) {
        if (strcmp(column->type.options[i].name, text) == 0) {
            return 1;
        }
    }
    return column->type.option_count == 0;
}
