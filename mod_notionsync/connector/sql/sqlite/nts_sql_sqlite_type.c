/* nts_sql_sqlite_type.c - SQLite's declared types, which are words that it mostly ignores.
 *
 * What a column stores follows from five rules about substrings (affinity); what an application means
 * by it follows from the name. Names decide here, affinity where no name is known.
 */
#include <string.h>

#include "base/nts_str.h"
#include "connector/sql/sqlite/nts_sql_sqlite.h"

static char *upper(const char *text, apr_pool_t *p)
{
    char *copy = apr_pstrdup(p, text);
    char *c;

    for (c = copy; *c; c++) {
        if (*c >= 'a' && *c <= 'z') {
            *c = (char)(*c - 'a' + 'A');
        }
    }
    return copy;
}

static char affinity_of(const char *name)
{
    if (strstr(name, "INT")) {
        return 'I';
    }
    if (strstr(name, "CHAR") || strstr(name, "CLOB") || strstr(name, "TEXT")) {
        return 'T';
    }
    if (*name == '\0' || strstr(name, "BLOB")) {
        return 'B';
    }
    if (strstr(name, "REAL") || strstr(name, "FLOA") || strstr(name, "DOUB")) {
        return 'R';
    }
    return 'N';
}

char nts_sql_sqlite_affinity(const char *declared)
{
    char name[64];
    apr_size_t i;

    /* Long enough for every type name that means something; the rules look at the whole text. */
    for (i = 0; i < sizeof(name) - 1 && declared[i]; i++) {
        char c = declared[i];

        name[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    name[i] = '\0';
    return affinity_of(name);
}

static int begins(const char *name, const char *with)
{
    return strncmp(name, with, strlen(with)) == 0;
}

/* The numbers of "DECIMAL(10,2)"; 0 where there is none. */
static void arguments(const char *name, int *first, int *second)
{
    const char *at = strchr(name, '(');
    int *target[2] = { first, second };
    int i;

    *first = 0;
    *second = 0;
    for (i = 0; at && i < 2; i++) {
        apr_int64_t n = 0;

        at += 1 + strspn(at + 1, " ");
        for (; *at >= '0' && *at <= '9' && n < 1000000; at++) {
            n = n * 10 + (*at - '0');
        }
        *target[i] = (int)n;
        at += strspn(at, " ");
        at = *at == ',' ? at : NULL;
    }
}

static void number(nts_type_t *type, int whole, int binary)
{
    type->kind = NTS_TYPE_NUMBER;
    type->whole = whole;
    type->binary = binary;
}

static int is_decimal(const char *name)
{
    return begins(name, "DECIMAL") || begins(name, "NUMERIC") || begins(name, "NUMBER") ||
           begins(name, "DEC(") || strcmp(name, "DEC") == 0 || begins(name, "MONEY") ||
           begins(name, "CURRENCY");
}

static void by_affinity(nts_type_t *type, const char *name)
{
    int length;
    int ignored;

    switch (affinity_of(name)) {
    case 'I':
        number(type, 1, 0);
        break;
    case 'R':
        number(type, 0, 1);
        break;
    case 'B':
        /* A column without a type takes what it is given; a BLOB is declared to be no text. */
        type->kind = *name == '\0' ? NTS_TYPE_TEXT : NTS_TYPE_UNSUPPORTED;
        break;
    case 'T':
        arguments(name, &length, &ignored);
        type->kind = NTS_TYPE_TEXT;
        type->max_length = length;
        break;
    case 'N':
    default:
        type->kind = NTS_TYPE_TEXT; /* JSON, UUID, ENUM, TIME and whatever else people write */
        break;
    }
}

nts_type_t nts_sql_sqlite_type(const char *declared, apr_pool_t *p)
{
    const char *name = upper(declared, p);
    nts_type_t type;

    memset(&type, 0, sizeof(type));
    type.native = apr_pstrdup(p, declared);
    type.nullable = 1;
    if (begins(name, "BOOL")) {
        type.kind = NTS_TYPE_BOOL;
    }
    else if (begins(name, "DATETIME") || begins(name, "TIMESTAMP")) {
        type.kind = NTS_TYPE_INSTANT;
        type.zoned = begins(name, "TIMESTAMPTZ") || strstr(name, "WITH TIME ZONE") != NULL ||
                     begins(name, "DATETIMEOFFSET");
    }
    else if (strcmp(name, "DATE") == 0) {
        type.kind = NTS_TYPE_DAY;
    }
    else if (is_decimal(name)) {
        /* SQLite keeps it as an integer or a double: exact up to 15 digits. */
        number(&type, 0, 1);
        arguments(name, &type.precision, &type.scale);
        if (type.precision > 0 && type.scale == 0) {
            type.whole = 1;
        }
    }
    else {
        by_affinity(&type, name);
    }
    return type;
}
