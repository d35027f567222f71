/* nts_sql_image.c - whole rows as JSON, exactly: an undo must be able to put back what was there. */
#include <math.h>
#include <string.h>

#include "base/nts_str.h"
#include "connector/sql/nts_sql_impl.h"

/* Not a number of JSON's range, but spelled like one: the database reads it back as infinity. */
#define INFINITE "9.0e+999"

static const char *real_text(double real, apr_pool_t *p)
{
    const char *text;

    if (nts_decimal_from_double(&text, real, p) != APR_SUCCESS) {
        return real < 0 ? "-" INFINITE : INFINITE;
    }
    /* The point is what tells it from an integer when it comes back. */
    return strchr(text, '.') ? text : apr_pstrcat(p, text, ".0", NULL);
}

static void add_hex(nts_json_t *object, const char *column, const char *kind,
                    const nts_sql_cell_t *cell, apr_pool_t *p)
{
    nts_json_t *member = nts_json_add_object(object, column);

    nts_json_add_string(member, kind,
                        nts_hex_text((const unsigned char *)cell->bytes, cell->len, p));
}

void nts_sql_image_add(nts_json_t *object, const char *column, const nts_sql_cell_t *cell,
                       apr_pool_t *ptemp)
{
    switch (cell->kind) {
    case NTS_SQL_INTEGER:
        nts_json_add_int(object, column, cell->integer);
        break;
    case NTS_SQL_REAL:
        nts_json_add_number(object, column, real_text(cell->real, ptemp));
        break;
    case NTS_SQL_TEXT:
        if (nts_sql_text_of(cell)) {
            nts_json_add_string(object, column, cell->bytes);
        }
        else {
            add_hex(object, column, "text", cell, ptemp);
        }
        break;
    case NTS_SQL_BLOB:
        add_hex(object, column, "blob", cell, ptemp);
        break;
    case NTS_SQL_NULL:
    default:
        nts_json_add_null(object, column);
        break;
    }
}

static apr_status_t number_cell(nts_sql_cell_t *cell, const nts_json_t *member, apr_pool_t *p)
{
    const char *text;
    const char *normal;

    if (nts_json_type(member) == NTS_JSON_INT) {
        cell->kind = NTS_SQL_INTEGER;
        return nts_json_int(&cell->integer, member);
    }
    cell->kind = NTS_SQL_REAL;
    text = nts_json_number_text(member, p);
    if (!text) {
        return APR_EINVAL;
    }
    if (nts_decimal_normalise(&normal, text, p) == APR_SUCCESS &&
        nts_decimal_to_double(&cell->real, normal) == APR_SUCCESS) {
        return APR_SUCCESS;
    }
    cell->real = text[0] == '-' ? -HUGE_VAL : HUGE_VAL;
    return strstr(text, "e+") ? APR_SUCCESS : APR_EINVAL;
}

static apr_status_t hex_cell(nts_sql_cell_t *cell, const nts_json_t *member, apr_pool_t *p)
{
    const char *hex = nts_json_get_string(member, "blob");
    unsigned char *bytes;

    cell->kind = NTS_SQL_BLOB;
    if (!hex) {
        hex = nts_json_get_string(member, "text");
        cell->kind = NTS_SQL_TEXT;
    }
    if (!hex || strlen(hex) % 2 != 0) {
        return APR_EINVAL;
    }
    cell->len = strlen(hex) / 2;
    bytes = apr_pcalloc(p, cell->len + 1);
    cell->bytes = (const char *)bytes;
    return nts_hex_parse(bytes, cell->len, hex);
}

apr_status_t nts_sql_image_cell(nts_sql_cell_t *cell, const nts_json_t *member, apr_pool_t *p)
{
    *cell = nts_sql_cell_null();
    switch (nts_json_type(member)) {
    case NTS_JSON_NULL:
        return APR_SUCCESS;
    case NTS_JSON_INT:
    case NTS_JSON_DOUBLE:
        return number_cell(cell, member, p);
    case NTS_JSON_STRING:
        *cell = nts_sql_cell_text(nts_json_string(member));
        return APR_SUCCESS;
    case NTS_JSON_OBJECT:
        return hex_cell(cell, member, p);
    case NTS_JSON_BOOL:
    case NTS_JSON_ARRAY:
    default:
        return APR_EINVAL;
    }
}
