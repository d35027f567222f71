/* nts_sql_value.c - cells of a typed column to canonical values, and back.
 *
 * Some databases type values, not columns (SQLite): a cell may hold anything. What does not fit its
 * column's declared type becomes OPAQUE, which parks that one field, and is never guessed at.
 */
#include <string.h>

#include "base/nts_str.h"
#include "connector/sql/nts_sql_impl.h"

#define SHOWN_MAX 40

/* What was found, for the person who will look for it. */
static nts_value_t opaque(const nts_sql_column_t *column, const nts_sql_cell_t *cell, apr_pool_t *p)
{
    const char *declared =
        column->type.native && *column->type.native ? column->type.native : "TEXT";
    const char *text = nts_sql_text_of(cell);
    const char *found;
    nts_value_t shown;

    switch (cell->kind) {
    case NTS_SQL_INTEGER:
        found = apr_psprintf(p, "the integer %" APR_INT64_T_FMT, cell->integer);
        break;
    case NTS_SQL_REAL:
        found = nts_decimal_from_double(&found, cell->real, p) == APR_SUCCESS
                    ? apr_pstrcat(p, "the number ", found, NULL)
                    : "an infinite number";
        break;
    case NTS_SQL_TEXT:
        if (text) {
            shown = nts_value_text(text);
            found = apr_psprintf(p, "the text \"%s\"", nts_value_display(&shown, SHOWN_MAX, p));
        }
        else {
            found = apr_psprintf(p, "%" APR_SIZE_T_FMT " bytes of text that is %s", cell->len,
                                 cell->bytes ? "not UTF-8" : "too long");
        }
        break;
    case NTS_SQL_BLOB:
    case NTS_SQL_NULL:
    default:
        found = apr_psprintf(p, "a BLOB of %" APR_SIZE_T_FMT " bytes", cell->len);
        break;
    }
    return nts_value_opaque(apr_pstrcat(p, found, " in a column of type ", declared, NULL));
}

/* The number in a cell, as normal form; NULL if it holds none. */
static const char *number_of(const nts_sql_cell_t *cell, apr_pool_t *p)
{
    const char *text = NULL;

    if (cell->kind == NTS_SQL_INTEGER) {
        text = apr_psprintf(p, "%" APR_INT64_T_FMT, cell->integer);
    }
    else if (cell->kind == NTS_SQL_REAL &&
             nts_decimal_from_double(&text, cell->real, p) != APR_SUCCESS) {
        text = NULL;
    }
    return text;
}

static int text_value(nts_value_t *value, const nts_sql_cell_t *cell, apr_pool_t *p)
{
    const char *text = cell->kind == NTS_SQL_TEXT ? nts_sql_text_of(cell) : number_of(cell, p);

    if (text) {
        *value = nts_value_text(text);
    }
    return text != NULL;
}

static int number_value(nts_value_t *value, const nts_sql_column_t *column,
                        const nts_sql_cell_t *cell, apr_pool_t *p)
{
    const char *text = column->is_decimal ? nts_sql_text_of(cell) : number_of(cell, p);

    return text && !(column->type.whole && strchr(text, '.')) &&
           nts_value_number(value, text, p) == APR_SUCCESS;
}

static int bool_value(nts_value_t *value, const nts_sql_cell_t *cell)
{
    if (cell->kind == NTS_SQL_INTEGER && (cell->integer == 0 || cell->integer == 1)) {
        *value = nts_value_bool((int)cell->integer);
        return 1;
    }
    return 0;
}

static int day_value(nts_value_t *value, const nts_sql_cell_t *cell, apr_pool_t *p)
{
    const char *text = nts_sql_text_of(cell);

    return text && strlen(text) == 10 && nts_value_date(value, text, NULL, p) == APR_SUCCESS &&
           nts_value_is_day(value);
}

static int instant_value(nts_value_t *value, const nts_sql_cell_t *cell, const nts_zone_t *zone,
                         apr_pool_t *p)
{
    const char *text = nts_sql_text_of(cell);
    apr_time_t at;

    return text && nts_sql_instant_parse(&at, text, zone, p) &&
           nts_value_date(value, nts_value_instant_text(at, p), NULL, p) == APR_SUCCESS;
}

static int option_value(nts_value_t *value, const nts_sql_cell_t *cell)
{
    const char *text = nts_sql_text_of(cell);

    if (text) {
        *value = nts_value_option(NULL, text);
    }
    return text != NULL;
}

nts_value_t nts_sql_value(const nts_sql_column_t *column, const nts_sql_cell_t *cell,
                          const nts_zone_t *zone, apr_pool_t *p)
{
    nts_value_t value = nts_value_null;
    int held = 0;

    if (cell->kind == NTS_SQL_NULL) {
        return nts_value_null;
    }
    switch (column->type.kind) {
    case NTS_TYPE_TEXT:
        held = text_value(&value, cell, p);
        break;
    case NTS_TYPE_NUMBER:
        held = number_value(&value, column, cell, p);
        break;
    case NTS_TYPE_BOOL:
        held = bool_value(&value, cell);
        break;
    case NTS_TYPE_DAY:
        held = day_value(&value, cell, p);
        break;
    case NTS_TYPE_INSTANT:
        held = instant_value(&value, cell, zone, p);
        break;
    case NTS_TYPE_OPTION:
        held = option_value(&value, cell);
        break;
    case NTS_TYPE_UNSUPPORTED:
    case NTS_TYPE_DATE:
    case NTS_TYPE_SET:
    case NTS_TYPE_REFERENCE:
    case NTS_TYPE_FILES:
    case NTS_TYPE_PLACE:
    case NTS_TYPE_PEOPLE:
    default:
        break;
    }
    return held ? value : opaque(column, cell, p);
}

static apr_status_t number_cell(nts_sql_cell_t *cell, const nts_sql_column_t *column,
                                const char *text, const char **problem, apr_pool_t *p)
{
    if (column->is_decimal) {
        *cell = nts_sql_cell_text(apr_pstrdup(p, text));
        return APR_SUCCESS;
    }
    if (!strchr(text, '.') &&
        nts_int_parse(&cell->integer, text, APR_INT64_MIN, APR_INT64_MAX) == APR_SUCCESS) {
        cell->kind = NTS_SQL_INTEGER;
        return APR_SUCCESS;
    }
    if (column->type.whole) {
        *problem = strchr(text, '.') ? "the column holds whole numbers only"
                                     : "the column holds numbers of 64 bits only";
        return APR_EINVAL;
    }
    cell->kind = NTS_SQL_REAL;
    if (nts_decimal_to_double(&cell->real, text) != APR_SUCCESS) {
        *problem = "it is too large for a floating point number";
        return APR_EINVAL;
    }
    return APR_SUCCESS;
}

static apr_status_t date_cell(nts_sql_cell_t *cell, const nts_sql_column_t *column,
                              const nts_value_t *value, const nts_zone_t *zone,
                              const nts_sql_cell_t *like, const char **problem, apr_pool_t *p)
{
    int is_day = nts_value_is_day(value);
    apr_time_t at;

    if (value->as.date.end) {
        *problem = "the column holds no range";
        return APR_EINVAL;
    }
    if (column->type.kind == NTS_TYPE_INSTANT ? is_day
                                              : column->type.kind == NTS_TYPE_DAY && !is_day) {
        *problem = is_day ? "the column wants a time of day" : "the column holds days only";
        return APR_EINVAL;
    }
    if (column->type.kind != NTS_TYPE_INSTANT) {
        *cell = nts_sql_cell_text(apr_pstrdup(p, value->as.date.start));
        return APR_SUCCESS;
    }
    if (nts_value_instant_parse(&at, value->as.date.start, p) != APR_SUCCESS) {
        *problem = "it is no time";
        return APR_EINVAL;
    }
    *cell = nts_sql_cell_text(
        nts_sql_instant_text(at, zone, column->type.zoned, like ? nts_sql_text_of(like) : NULL, p));
    return APR_SUCCESS;
}

apr_status_t nts_sql_cell(nts_sql_cell_t *cell, const nts_sql_column_t *column,
                          const nts_value_t *value, const nts_zone_t *zone,
                          const nts_sql_cell_t *like, const char **problem, apr_pool_t *p)
{
    *cell = nts_sql_cell_null();
    *problem = NULL;
    switch (value->kind) {
    case NTS_VALUE_NULL:
        return APR_SUCCESS;
    case NTS_VALUE_TEXT:
        *cell = nts_sql_cell_text(apr_pstrdup(p, value->as.text));
        return APR_SUCCESS;
    case NTS_VALUE_NUMBER:
        if (column->type.kind == NTS_TYPE_TEXT) {
            *cell = nts_sql_cell_text(apr_pstrdup(p, value->as.text));
            return APR_SUCCESS;
        }
        return number_cell(cell, column, value->as.text, problem, p);
    case NTS_VALUE_BOOL:
        *cell = nts_sql_cell_int(value->as.truth);
        return APR_SUCCESS;
    case NTS_VALUE_DATE:
        return date_cell(cell, column, value, zone, like, problem, p);
    case NTS_VALUE_OPTION:
        *cell = nts_sql_cell_text(apr_pstrdup(p, value->as.option.name));
        return APR_SUCCESS;
    case NTS_VALUE_ABSENT:
    case NTS_VALUE_SET:
    case NTS_VALUE_OPAQUE:
    default:
        *problem = "a column cannot hold such a value";
        return APR_EINVAL;
    }
}
