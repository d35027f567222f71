/* nts_sql_mysql_type.c - MariaDB's types: what can hold a value of Notion's, choices, and what can be a key's text. */
#include <string.h>

#include "base/nts_json.h"
#include "base/nts_str.h"
#include "connector/sql/mysql/nts_sql_mysql.h"

#define MEMBERS_MAX 64 /* of a SET */

typedef struct type_t {
    const char *name;
    nts_type_kind_t kind;
    nts_sql_mysql_native_t native;
} type_t;

static const type_t types[] = {
    { "tinyint", NTS_TYPE_NUMBER, NTS_SQL_MYSQL_INT },
    { "smallint", NTS_TYPE_NUMBER, NTS_SQL_MYSQL_INT },
    { "mediumint", NTS_TYPE_NUMBER, NTS_SQL_MYSQL_INT },
    { "int", NTS_TYPE_NUMBER, NTS_SQL_MYSQL_INT },
    { "bigint", NTS_TYPE_NUMBER, NTS_SQL_MYSQL_INT },
    { "year", NTS_TYPE_NUMBER, NTS_SQL_MYSQL_YEAR },
    { "bit", NTS_TYPE_NUMBER, NTS_SQL_MYSQL_BIT },
    { "decimal", NTS_TYPE_NUMBER, NTS_SQL_MYSQL_DECIMAL },
    { "float", NTS_TYPE_NUMBER, NTS_SQL_MYSQL_FLOAT },
    { "double", NTS_TYPE_NUMBER, NTS_SQL_MYSQL_DOUBLE },
    { "char", NTS_TYPE_TEXT, NTS_SQL_MYSQL_TEXT },
    { "varchar", NTS_TYPE_TEXT, NTS_SQL_MYSQL_TEXT },
    { "tinytext", NTS_TYPE_TEXT, NTS_SQL_MYSQL_TEXT },
    { "text", NTS_TYPE_TEXT, NTS_SQL_MYSQL_TEXT },
    { "mediumtext", NTS_TYPE_TEXT, NTS_SQL_MYSQL_TEXT },
    { "longtext", NTS_TYPE_TEXT, NTS_SQL_MYSQL_TEXT },
    { "date", NTS_TYPE_DAY, NTS_SQL_MYSQL_DATE },
    { "time", NTS_TYPE_TEXT, NTS_SQL_MYSQL_TIME },
    { "datetime", NTS_TYPE_INSTANT, NTS_SQL_MYSQL_DATETIME },
    { "timestamp", NTS_TYPE_INSTANT, NTS_SQL_MYSQL_TIMESTAMP },
    { "enum", NTS_TYPE_OPTION, NTS_SQL_MYSQL_ENUM },
    /* The JSON array that a set of choices has in a column of text. */
    { "set", NTS_TYPE_TEXT, NTS_SQL_MYSQL_SET },
    { "uuid", NTS_TYPE_TEXT, NTS_SQL_MYSQL_UUID },
    { "inet4", NTS_TYPE_TEXT, NTS_SQL_MYSQL_OTHER },
    { "inet6", NTS_TYPE_TEXT, NTS_SQL_MYSQL_OTHER },
};

/* enum('sad','it''s ok') */
static void read_options(nts_type_t *type, const char *declared, apr_pool_t *p)
{
    apr_array_header_t *options = apr_array_make(p, 8, sizeof(nts_option_t));
    const char *at = strchr(declared, '(');

    while (at && at[1] == '\'') {
        const char *end = nts_sql_literal_end(at + 1);
        nts_option_t *option;
        apr_size_t len;

        if (!end) {
            break;
        }
        option = apr_array_push(options);
        memset(option, 0, sizeof(*option));
        option->name = nts_sql_unquote(at + 1, end, &len, p);
        at = *end == ',' ? end : NULL;
    }
    type->options = (nts_option_t *)options->elts;
    type->option_count = options->nelts;
}

static void read_digits(nts_sql_column_t *column, const char *declared, apr_int64_t precision,
                        apr_int64_t scale)
{
    nts_type_t *type = &column->type;

    switch (column->native) {
    case NTS_SQL_MYSQL_INT:
        type->whole = 1;
        if (strcmp(declared, "tinyint(1)") == 0) {
            column->native = NTS_SQL_MYSQL_BOOL;
            type->kind = NTS_TYPE_BOOL;
        }
        else if (strncmp(declared, "bigint", 6) == 0 && strstr(declared, "unsigned")) {
            column->native = NTS_SQL_MYSQL_BIGINT_UNSIGNED;
            column->is_decimal = 1;
        }
        break;
    case NTS_SQL_MYSQL_YEAR:
        type->whole = 1;
        break;
    case NTS_SQL_MYSQL_BIT:
        type->kind = precision == 1 ? NTS_TYPE_BOOL : NTS_TYPE_NUMBER;
        type->whole = column->is_decimal = precision != 1;
        break;
    case NTS_SQL_MYSQL_DECIMAL:
        column->is_decimal = 1;
        type->precision = (int)precision;
        type->scale = (int)scale;
        type->whole = scale == 0;
        break;
    case NTS_SQL_MYSQL_FLOAT:
    case NTS_SQL_MYSQL_DOUBLE:
        type->binary = 1;
        type->single = column->native == NTS_SQL_MYSQL_FLOAT;
        break;
    case NTS_SQL_MYSQL_DATETIME:
    case NTS_SQL_MYSQL_TIMESTAMP:
        type->zoned = column->native == NTS_SQL_MYSQL_TIMESTAMP;
        type->whole = scale == 0;
        type->scale = scale < 6 ? (int)scale : 0;
        break;
    default:
        break;
    }
}

void nts_sql_mysql_type(nts_sql_column_t *column, const char *name, const char *declared,
                        apr_int64_t length, apr_int64_t precision, apr_int64_t scale, int is_binary,
                        apr_pool_t *p)
{
    nts_type_t *type = &column->type;
    apr_size_t i;

    memset(type, 0, sizeof(*type));
    type->native = apr_pstrdup(p, declared);
    type->kind = NTS_TYPE_UNSUPPORTED;
    column->native = NTS_SQL_MYSQL_BYTES;
    for (i = 0; !is_binary && i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(types[i].name, name) == 0) {
            type->kind = types[i].kind;
            column->native = (int)types[i].native;
        }
    }
    read_digits(column, declared, precision, scale);
    type->list = column->native == NTS_SQL_MYSQL_SET;
    if (column->native == NTS_SQL_MYSQL_ENUM || type->list) {
        read_options(type, declared, p);
    }
    if (strcmp(name, "char") == 0 || strcmp(name, "varchar") == 0) {
        type->max_length = (int)length;
        type->padded = strcmp(name, "char") == 0;
    }
}

/* --- sets */

const char *nts_sql_mysql_set_to_json(const char *members, apr_pool_t *p)
{
    nts_json_t *array = nts_json_make_array(p);
    char *state = NULL;
    char *member;

    if (!nts_utf8_is_valid(members, strlen(members))) {
        return NULL;
    }
    for (member = apr_strtok(apr_pstrdup(p, members), ",", &state); member;
         member = apr_strtok(NULL, ",", &state)) {
        nts_json_add_string(array, NULL, member);
    }
    return nts_json_text(array, p);
}

const char *nts_sql_mysql_set_from_json(const char *json, apr_pool_t *p)
{
    apr_array_header_t *members = apr_array_make(p, 8, sizeof(const char *));
    const nts_json_t *root;
    int i;

    if (nts_json_parse(&root, json, strlen(json), NULL, p) != APR_SUCCESS ||
        nts_json_type(root) != NTS_JSON_ARRAY || nts_json_count(root) > MEMBERS_MAX) {
        return NULL;
    }
    for (i = 0; i < nts_json_count(root); i++) {
        const char *member = nts_json_string(nts_json_at(root, i));

        if (!member || strchr(member, ',')) {
            return NULL;
        }
        APR_ARRAY_PUSH(members, const char *) = member;
    }
    return members->nelts ? apr_array_pstrcat(p, members, ',') : "";
}

/* --- keys */

static int is_whole(const char *text)
{
    const char *digits = text + (*text == '-');

    return *digits && strspn(digits, "0123456789") == strlen(digits) &&
           (*digits != '0' || (digits[1] == '\0' && digits == text));
}

int nts_sql_mysql_is_key_text(const nts_sql_column_t *column, const char *text, apr_pool_t *p)
{
    const char *normal;
    apr_int64_t number;

    switch (column->native) {
    case NTS_SQL_MYSQL_INT:
    case NTS_SQL_MYSQL_BOOL:
        return is_whole(text) &&
               nts_int_parse(&number, text, APR_INT64_MIN, APR_INT64_MAX) == APR_SUCCESS;
    case NTS_SQL_MYSQL_BIGINT_UNSIGNED:
        return is_whole(text) && *text != '-' &&
               (strlen(text) < 20 ||
                (strlen(text) == 20 && strcmp(text, "18446744073709551615") <= 0));
    case NTS_SQL_MYSQL_DECIMAL:
        return is_whole(text) && strlen(text) <= 65;
    case NTS_SQL_MYSQL_UUID:
        return nts_uuid_normalise(&normal, text, p) == APR_SUCCESS;
    default:
        return 1;
    }
}
