/* nts_sql_mysql_cell.c - parameters and results in the protocol's own types.
 *
 * The text protocol would show a FLOAT with six digits; the binary one has its four bytes. Numbers that 64 signed bits do
 * not hold, and all DECIMALs, travel as texts. A TIMESTAMP is shown in our session's zone, which is UTC, and says so,
 * because a DATETIME means the zone of the mapping.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connector/sql/mysql/nts_sql_mysql.h"

#define BINARY_CHARSET 63

typedef union room_t {
    long long integer;
    float f;
    double d;
    MYSQL_TIME time;
} room_t;

struct nts_sql_mysql_result_t {
    unsigned int columns;
    const MYSQL_FIELD *fields;
    MYSQL_BIND *binds;
    room_t *rooms;
    unsigned long *lengths;
    my_bool *nulls;
};

/* --- parameters */

static void bind_param(MYSQL_BIND *bind, const nts_sql_cell_t *cell, apr_pool_t *p)
{
    static my_bool yes = 1;
    room_t *room = apr_pcalloc(p, sizeof(*room));

    memset(bind, 0, sizeof(*bind));
    bind->buffer = room;
    switch (cell->kind) {
    case NTS_SQL_INTEGER:
        bind->buffer_type = MYSQL_TYPE_LONGLONG;
        room->integer = cell->integer;
        break;
    case NTS_SQL_REAL:
        bind->buffer_type = MYSQL_TYPE_DOUBLE;
        room->d = cell->real;
        break;
    case NTS_SQL_TEXT:
    case NTS_SQL_BLOB:
        bind->buffer_type = cell->kind == NTS_SQL_TEXT ? MYSQL_TYPE_STRING : MYSQL_TYPE_BLOB;
        bind->buffer = (void *)cell->bytes;
        bind->buffer_length = cell->len;
        break;
    case NTS_SQL_NULL:
    default:
        bind->buffer_type = MYSQL_TYPE_NULL;
        bind->is_null = &yes;
        break;
    }
}

int nts_sql_mysql_bind(MYSQL_STMT *stmt, const nts_sql_cell_t *params, int count, apr_pool_t *p)
{
    MYSQL_BIND *binds = apr_pcalloc(p, ((apr_size_t)count + 1) * sizeof(*binds));
    int i;

    if (mysql_stmt_param_count(stmt) != (unsigned long)count) {
        return 0;
    }
    for (i = 0; i < count; i++) {
        bind_param(&binds[i], &params[i], p);
        if (params[i].kind == NTS_SQL_TEXT || params[i].kind == NTS_SQL_BLOB) {
            binds[i].length = &binds[i].buffer_length;
        }
    }
    return count == 0 || mysql_stmt_bind_param(stmt, binds) == 0;
}

/* --- results */

static int is_time(const MYSQL_FIELD *field)
{
    return field->type == MYSQL_TYPE_DATE || field->type == MYSQL_TYPE_DATETIME ||
           field->type == MYSQL_TYPE_TIMESTAMP || field->type == MYSQL_TYPE_TIME;
}

static int is_integer(const MYSQL_FIELD *field)
{
    switch (field->type) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
    case MYSQL_TYPE_YEAR:
        return 1;
    default:
        return 0;
    }
}

static void expect(MYSQL_BIND *bind, const MYSQL_FIELD *field, room_t *room)
{
    bind->buffer = room;
    bind->buffer_length = sizeof(*room);
    if (is_integer(field)) {
        bind->buffer_type = MYSQL_TYPE_LONGLONG;
        bind->is_unsigned = (field->flags & UNSIGNED_FLAG) != 0;
    }
    else if (is_time(field) || field->type == MYSQL_TYPE_FLOAT ||
             field->type == MYSQL_TYPE_DOUBLE) {
        bind->buffer_type = field->type;
    }
    else {
        /* Its length is told first, then it is fetched. */
        bind->buffer_type = MYSQL_TYPE_STRING;
        bind->buffer_length = 0;
    }
}

int nts_sql_mysql_expect(nts_sql_mysql_result_t **result, MYSQL_STMT *stmt, const MYSQL_RES *meta,
                         apr_pool_t *p)
{
    nts_sql_mysql_result_t *made = apr_pcalloc(p, sizeof(*made));
    unsigned int i;

    *result = made;
    made->columns = mysql_num_fields((MYSQL_RES *)meta);
    made->fields = mysql_fetch_fields((MYSQL_RES *)meta);
    made->binds = apr_pcalloc(p, made->columns * sizeof(*made->binds));
    made->rooms = apr_pcalloc(p, made->columns * sizeof(*made->rooms));
    made->lengths = apr_pcalloc(p, made->columns * sizeof(*made->lengths));
    made->nulls = apr_pcalloc(p, made->columns * sizeof(*made->nulls));
    for (i = 0; i < made->columns; i++) {
        expect(&made->binds[i], &made->fields[i], &made->rooms[i]);
        made->binds[i].length = &made->lengths[i];
        made->binds[i].is_null = &made->nulls[i];
    }
    return mysql_stmt_bind_result(stmt, made->binds) == 0;
}

static void text_cell(nts_sql_cell_t *cell, const char *text)
{
    cell->kind = NTS_SQL_TEXT;
    cell->bytes = text;
    cell->len = strlen(text);
}

/* The shortest text that is this number in the column's own width: 0.1, not 0.100000001490116. */
static double widened(float f)
{
    char text[40];
    int digits;

    for (digits = 6; digits < 9; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, (double)f);
        if (!(strtof(text, NULL) < f) && !(strtof(text, NULL) > f)) {
            break;
        }
    }
    (void)snprintf(text, sizeof(text), "%.*g", digits, (double)f);
    return strtod(text, NULL);
}

static const char *fraction(const MYSQL_TIME *t, unsigned int decimals, apr_pool_t *p)
{
    char digits[8];

    (void)snprintf(digits, sizeof(digits), "%06lu", t->second_part % 1000000);
    decimals = decimals > 6 ? 6 : decimals;
    return decimals ? apr_psprintf(p, ".%.*s", (int)decimals, digits) : "";
}

static const char *time_text(const MYSQL_TIME *t, const MYSQL_FIELD *field, apr_pool_t *p)
{
    const char *rest = fraction(t, field->decimals, p);

    switch (field->type) {
    case MYSQL_TYPE_DATE:
        return apr_psprintf(p, "%04u-%02u-%02u", t->year, t->month, t->day);
    case MYSQL_TYPE_TIME:
        return apr_psprintf(p, "%s%02u:%02u:%02u%s", t->neg ? "-" : "", t->day * 24 + t->hour,
                            t->minute, t->second, rest);
    default:
        return apr_psprintf(p, "%04u-%02u-%02u %02u:%02u:%02u%s%s", t->year, t->month, t->day,
                            t->hour, t->minute, t->second, rest,
                            field->type == MYSQL_TYPE_TIMESTAMP ? "+00:00" : "");
    }
}

static void integer_cell(nts_sql_cell_t *cell, const MYSQL_FIELD *field, long long integer,
                         apr_pool_t *p)
{
    if (field->type == MYSQL_TYPE_LONGLONG && (field->flags & UNSIGNED_FLAG) &&
        field->org_table_length > 0) {
        text_cell(cell, apr_psprintf(p, "%" APR_UINT64_T_FMT, (apr_uint64_t)integer));
    }
    else {
        cell->kind = NTS_SQL_INTEGER;
        cell->integer = integer;
    }
}

/* The highest byte first; one bit is truth. */
static void bit_cell(nts_sql_cell_t *cell, const MYSQL_FIELD *field, const char *bytes,
                     unsigned long len, apr_pool_t *p)
{
    apr_uint64_t number = 0;
    unsigned long i;

    for (i = 0; i < len; i++) {
        number = number << 8 | (unsigned char)bytes[i];
    }
    if (field->length == 1) {
        cell->kind = NTS_SQL_INTEGER;
        cell->integer = number != 0;
    }
    else {
        text_cell(cell, apr_psprintf(p, "%" APR_UINT64_T_FMT, number));
    }
}

static void bytes_cell(nts_sql_cell_t *cell, const nts_sql_mysql_result_t *result, unsigned int i,
                       MYSQL_STMT *stmt, apr_pool_t *p)
{
    const MYSQL_FIELD *field = &result->fields[i];
    unsigned long len = result->lengths[i];
    MYSQL_BIND bind;
    char *bytes;

    cell->kind = field->charsetnr == BINARY_CHARSET && field->type != MYSQL_TYPE_NEWDECIMAL
                     ? NTS_SQL_BLOB
                     : NTS_SQL_TEXT;
    cell->len = len;
    if (len > NTS_SQL_CELL_MAX) {
        return;
    }
    bytes = apr_pcalloc(p, len + 1);
    memset(&bind, 0, sizeof(bind));
    bind.buffer_type = MYSQL_TYPE_STRING;
    bind.buffer = bytes;
    bind.buffer_length = len;
    bind.length = &len;
    if (len > 0 && mysql_stmt_fetch_column(stmt, &bind, i, 0) != 0) {
        return; /* as if it were too long */
    }
    cell->bytes = bytes;
    if (field->type == MYSQL_TYPE_BIT) {
        bit_cell(cell, field, bytes, cell->len, p);
    }
    else if (field->flags & SET_FLAG) {
        const char *json = nts_sql_mysql_set_to_json(bytes, p);

        text_cell(cell, json ? json : bytes);
    }
}

static void take_cell(nts_sql_cell_t *cell, const nts_sql_mysql_result_t *result, unsigned int i,
                      MYSQL_STMT *stmt, apr_pool_t *p)
{
    const MYSQL_FIELD *field = &result->fields[i];
    const room_t *room = &result->rooms[i];

    memset(cell, 0, sizeof(*cell));
    if (result->nulls[i]) {
        return;
    }
    if (is_integer(field)) {
        integer_cell(cell, field, room->integer, p);
    }
    else if (is_time(field)) {
        text_cell(cell, time_text(&room->time, field, p));
    }
    else if (field->type == MYSQL_TYPE_FLOAT || field->type == MYSQL_TYPE_DOUBLE) {
        cell->kind = NTS_SQL_REAL;
        cell->real = field->type == MYSQL_TYPE_FLOAT ? widened(room->f) : room->d;
    }
    else {
        bytes_cell(cell, result, i, stmt, p);
    }
}

apr_size_t nts_sql_mysql_take_row(nts_sql_cell_t *cells, nts_sql_mysql_result_t *result,
                                  MYSQL_STMT *stmt, apr_pool_t *p)
{
    apr_size_t bytes = 0;
    unsigned int i;

    for (i = 0; i < result->columns; i++) {
        take_cell(&cells[i], result, i, stmt, p);
        bytes += sizeof(cells[i]) + cells[i].len;
    }
    return bytes;
}
