/* nts_sql_mysql_row.c - reaching rows by key, and by what they hold.
 *
 * Keys travel as texts. A text that no row of that type is spelled by ("042", "x" for an integer) is kept from the server,
 * which would find 42, or compare as floating point numbers. Of texts each part is compared twice: as the column's
 * collation does, which uses the index, and byte for byte.
 */
#include <string.h>

#include "base/nts_str.h"
#include "connector/sql/mysql/nts_sql_mysql.h"

#define EXACTLY " COLLATE utf8mb4_nopad_bin"

static const char *name_of(const nts_sql_column_t *column, const char *row, apr_pool_t *p)
{
    return row ? apr_pstrcat(p, row, ".", nts_sql_quote(column->name, p), NULL)
               : nts_sql_quote(column->name, p);
}

const char *nts_sql_mysql_as_text(const nts_sql_column_t *column, const char *row, apr_pool_t *p)
{
    return column->native == NTS_SQL_MYSQL_TEXT
               ? apr_pstrcat(p, "CONVERT(", name_of(column, row, p), " USING utf8mb4)", NULL)
               : apr_pstrcat(p, "CAST(", name_of(column, row, p), " AS CHAR CHARACTER SET utf8mb4)",
                             NULL);
}

/* As nts_sql_stored_key makes it, compared byte for byte. */
const char *nts_sql_mysql_stored_expression(const nts_sql_table_t *table, const char *row,
                                            apr_pool_t *p)
{
    const char *all = NULL;
    int i;

    if (table->key_count == 1) {
        return apr_pstrcat(p, nts_sql_mysql_as_text(table->key[0], row, p), EXACTLY, NULL);
    }
    for (i = 0; i < table->key_count; i++) {
        const char *one =
            apr_pstrcat(p, "'''', REPLACE(", nts_sql_mysql_as_text(table->key[i], row, p),
                        ", '''', ''''''), ''''", NULL);

        all = all ? apr_pstrcat(p, all, ", ',', ", one, NULL) : one;
    }
    return apr_pstrcat(p, "CONCAT(", all, ")", EXACTLY, NULL);
}

void nts_sql_mysql_add_stored_key(nts_sql_stmt_t *stmt, const nts_sql_table_t *table)
{
    nts_sql_add(stmt, "(", nts_sql_mysql_stored_expression(table, "t", stmt->session->ptemp), ")",
                NULL);
}

void nts_sql_mysql_add_key_columns(nts_sql_stmt_t *stmt, const nts_sql_table_t *table)
{
    int i;

    for (i = 0; i < table->key_count; i++) {
        nts_sql_add(stmt, i ? ", " : "",
                    nts_sql_mysql_as_text(table->key[i], "t", stmt->session->ptemp), NULL);
    }
}

static int are_keys(const nts_sql_table_t *table, const char *const *parts, apr_pool_t *p)
{
    int i;

    for (i = 0; i < table->key_count; i++) {
        if (!nts_sql_mysql_is_key_text(table->key[i], parts[i], p)) {
            return 0;
        }
    }
    return 1;
}

/* A text as one of the column's character set: what the set lacks becomes a question mark, where the server would refuse to
 * compare. Whoever needs to know compares byte for byte besides. */
static void add_comparable(nts_sql_stmt_t *stmt, const nts_sql_column_t *column,
                           const nts_sql_cell_t *cell)
{
    const char *collation = column->collation;
    const char *end = collation ? strchr(collation, '_') : NULL;

    if (!end || strncmp(collation, "utf8mb4_", 8) == 0) {
        nts_sql_add_cell(stmt, cell);
        return;
    }
    nts_sql_add(stmt, "CONVERT(", NULL);
    nts_sql_add_cell(stmt, cell);
    nts_sql_add(stmt, " USING ",
                apr_pstrmemdup(stmt->session->ptemp, collation, (apr_size_t)(end - collation)),
                ") COLLATE ", collation, NULL);
}

/* A part as the column's own type, so that its index is used. */
static void add_part(nts_sql_stmt_t *stmt, const nts_sql_column_t *column, const char *text)
{
    nts_sql_cell_t cell = nts_sql_cell_text(text);
    apr_int64_t number;

    switch (column->native) {
    case NTS_SQL_MYSQL_INT:
    case NTS_SQL_MYSQL_BOOL:
        (void)nts_int_parse(&number, text, APR_INT64_MIN, APR_INT64_MAX);
        nts_sql_add_int(stmt, number);
        break;
    case NTS_SQL_MYSQL_BIGINT_UNSIGNED:
        nts_sql_add(stmt, "CAST(", NULL);
        nts_sql_add_text(stmt, text);
        nts_sql_add(stmt, " AS UNSIGNED)", NULL);
        break;
    case NTS_SQL_MYSQL_DECIMAL:
        nts_sql_add(stmt, "CAST(", NULL);
        nts_sql_add_text(stmt, text);
        nts_sql_add(stmt, " AS DECIMAL(65))", NULL);
        break;
    default:
        add_comparable(stmt, column, &cell);
        break;
    }
}

/* Of these a text that is_key_text has passed is the only one. */
static int is_exact(const nts_sql_column_t *column)
{
    return column->native != NTS_SQL_MYSQL_TEXT && column->native != NTS_SQL_MYSQL_ENUM &&
           column->native != NTS_SQL_MYSQL_UUID;
}

void nts_sql_mysql_add_key_is(nts_sql_stmt_t *stmt, const nts_sql_table_t *table,
                              const char *const *parts)
{
    apr_pool_t *p = stmt->session->ptemp;
    int i;

    if (!are_keys(table, parts, p)) {
        nts_sql_add(stmt, "1 = 0", NULL);
        return;
    }
    for (i = 0; i < table->key_count; i++) {
        const nts_sql_column_t *column = table->key[i];

        nts_sql_add(stmt, i ? " AND " : "", name_of(column, "t", p), " = ", NULL);
        add_part(stmt, column, parts[i]);
        if (!is_exact(column)) {
            nts_sql_add(stmt, " AND ", nts_sql_mysql_as_text(column, "t", p), EXACTLY, " = ", NULL);
            nts_sql_add_text(stmt, parts[i]);
        }
    }
}

/* Choices are compared as texts but sorted by number, unless they are made texts. Of a view nothing says that there are no two
 * rows whose keys its collation does not tell apart. */
static int is_sorted_exactly(const nts_sql_table_t *table, const nts_sql_column_t *column)
{
    return column->native == NTS_SQL_MYSQL_ENUM ||
           (table->is_view && column->native == NTS_SQL_MYSQL_TEXT);
}

const char *nts_sql_mysql_key_column(const nts_sql_table_t *table, const nts_sql_column_t *column,
                                     apr_pool_t *p)
{
    return is_sorted_exactly(table, column)
               ? apr_pstrcat(p, nts_sql_mysql_as_text(column, "t", p), EXACTLY, NULL)
               : name_of(column, "t", p);
}

static void add_sorted_part(nts_sql_stmt_t *stmt, const nts_sql_table_t *table,
                            const nts_sql_column_t *column, const char *text)
{
    if (is_sorted_exactly(table, column)) {
        nts_sql_add_text(stmt, text);
    }
    else {
        add_part(stmt, column, text);
    }
}

static void add_has_key(nts_sql_stmt_t *stmt, const nts_sql_table_t *table)
{
    int i;

    nts_sql_add(stmt, "1 = 1", NULL);
    for (i = 0; table->is_view && i < table->key_count; i++) {
        nts_sql_add(stmt, " AND ", name_of(table->key[i], "t", stmt->session->ptemp),
                    " IS NOT NULL", NULL);
    }
}

/* a >= ? AND (a > ? OR (b > ?)): the server searches an index by the first, but not by (a, b) > (?, ?). */
void nts_sql_mysql_add_key_after(nts_sql_stmt_t *stmt, const nts_sql_table_t *table,
                                 const char *const *parts)
{
    apr_pool_t *p = stmt->session->ptemp;
    int i;

    add_has_key(stmt, table);
    if (!parts || !are_keys(table, parts, p)) {
        nts_sql_add(stmt, parts ? " AND 1 = 0" : "", NULL);
        return;
    }
    nts_sql_add(stmt, " AND (", NULL);
    for (i = 0; i < table->key_count; i++) {
        const char *name = nts_sql_mysql_key_column(table, table->key[i], p);
        int is_last = i + 1 == table->key_count;

        if (!is_last) {
            nts_sql_add(stmt, name, " >= ", NULL);
            add_sorted_part(stmt, table, table->key[i], parts[i]);
            nts_sql_add(stmt, " AND (", NULL);
        }
        nts_sql_add(stmt, name, " > ", NULL);
        add_sorted_part(stmt, table, table->key[i], parts[i]);
        nts_sql_add(stmt, is_last ? "" : " OR (", NULL);
    }
    for (i = 0; i + 1 < table->key_count; i++) {
        nts_sql_add(stmt, "))", NULL);
    }
    nts_sql_add(stmt, ")", NULL);
}

/* --- rows that hold a value */

/* Whether a comparison by the server passes all rows that hold it. FLOAT has fewer digits than what it is compared with;
 * texts that are no value of the type are errors of some types. */
static int is_compared(const nts_sql_column_t *column)
{
    switch (column->native) {
    case NTS_SQL_MYSQL_INT:
    case NTS_SQL_MYSQL_BOOL:
    case NTS_SQL_MYSQL_BIGINT_UNSIGNED:
    case NTS_SQL_MYSQL_DECIMAL:
    case NTS_SQL_MYSQL_DOUBLE:
    case NTS_SQL_MYSQL_TEXT:
    case NTS_SQL_MYSQL_DATE:
    case NTS_SQL_MYSQL_ENUM:
        return 1;
    default:
        return 0;
    }
}

static void add_empty(nts_sql_stmt_t *stmt, const nts_sql_column_t *column, const char *name)
{
    int may_be_empty = column->native == NTS_SQL_MYSQL_TEXT || column->native == NTS_SQL_MYSQL_SET;

    /* In the common domain an empty text is null, and so is an empty list. */
    nts_sql_add(stmt, " AND (", name, " IS NULL", may_be_empty ? " OR " : "",
                may_be_empty ? name : "", may_be_empty ? " IN ('', '[]')" : "", ")", NULL);
}

void nts_sql_mysql_add_holds(nts_sql_stmt_t *stmt, const nts_sql_column_t *column,
                             const nts_sql_cell_t *cell)
{
    const char *name = name_of(column, "t", stmt->session->ptemp);

    if (cell->kind == NTS_SQL_NULL ||
        (column->type.kind == NTS_TYPE_TEXT && cell->kind == NTS_SQL_TEXT && cell->len == 0)) {
        add_empty(stmt, column, name);
        return;
    }
    if (column->native == NTS_SQL_MYSQL_DATETIME) {
        /* The column may keep fewer digits of the second. */
        nts_sql_add(stmt, " AND ", name, " BETWEEN CAST(", NULL);
        nts_sql_add_cell(stmt, cell);
        nts_sql_add(stmt, " AS DATETIME(6)) - INTERVAL 1 SECOND AND CAST(", NULL);
        nts_sql_add_cell(stmt, cell);
        nts_sql_add(stmt, " AS DATETIME(6)) + INTERVAL 1 SECOND", NULL);
        return;
    }
    if (is_compared(column)) {
        nts_sql_add(stmt, " AND ", name, " = ", NULL);
        add_comparable(stmt, column, cell);
    }
}

/* --- holding a row */

/*
 * S3.3. READ COMMITTED is enough, because all that a write depends on is this one row: once it is locked nobody else
 * changes it, and each later statement has a snapshot of its own that was taken after the lock was got, so what
 * is compared, with its change entries, is the row's last committed state. REPEATABLE READ would show what was before the
 * wait, and lock the gaps between rows, into which the application's triggers insert their entries.
 */
apr_status_t nts_sql_mysql_lock_row(nts_sql_session_t *s, const nts_sql_table_t *table,
                                    const char *const *parts)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "SELECT 1 FROM ");

    if (table->is_view && !nts_sql_mysql_is_updatable(table)) {
        return APR_SUCCESS; /* the server would hold all rows behind it, for a write that it refuses */
    }
    nts_sql_add(stmt, table->sql, " AS t WHERE ", NULL);
    nts_sql_mysql_add_key_is(stmt, table, parts);
    nts_sql_add(stmt, " FOR UPDATE", NULL);
    return nts_sql_run(NULL, stmt, s->ptemp) == APR_SUCCESS ? nts_sql_enter_removal(s, table, parts)
                                                            : APR_EGENERAL;
}
