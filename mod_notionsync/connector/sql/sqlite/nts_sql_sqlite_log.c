/* nts_sql_sqlite_log.c - reading the change table that the triggers fill. */
#include <math.h>
#include <string.h>

#include "base/nts_str.h"
#include "connector/sql/sqlite/nts_sql_sqlite.h"

/* Moves with the commits of all other connections and not with ours; a checkpoint by another one may
 * move it, too (a false alarm). */
apr_status_t nts_sql_sqlite_commit_token(apr_int64_t *token, nts_sql_session_t *s)
{
    nts_sql_rows_t rows;

    if (nts_sql_run(&rows, nts_sql_stmt(s, NTS_SQL_SQLITE_DATA_VERSION), s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *token = rows.cells[0].integer;
    return APR_SUCCESS;
}

/*
 * Commit order is the order of ids: SQLite has one writer at a time, and AUTOINCREMENT never gives a
 * number twice. So everything after the last number taken is all there is.
 *
 * S4.4 wants to know whether a delete and an insert of one key were one transaction. Triggers cannot
 * see transactions. What can be told: if a reader ever saw the row gone, there were two, and it got
 * the delete as such. If both became visible together, and are close in time, they are reported as a
 * replace. Should they have been two after all (a key that was used again at once), the page is
 * updated with the new row instead of being trashed: the audit has the old values, and nothing is
 * deleted on a guess.
 *
 * The plus sign keeps the planner on the order of ids.
 */
void nts_sql_sqlite_add_changes(nts_sql_stmt_t *stmt, const char *tbl, apr_int64_t since, int limit)
{
    nts_sql_add(stmt,
                "SELECT c.id, c.op, c.key, c.old_key, c.intent, c.image, c.at, "
                "CASE c.op WHEN 'd' THEN (SELECT n.op = 'i' AND n.at - c.at BETWEEN 0 AND ",
                NULL);
    nts_sql_add_int(stmt, NTS_SQL_REPLACE_MS);
    nts_sql_add(stmt,
                " FROM _notionsync_change AS n WHERE n.tbl = c.tbl AND n.key = c.key "
                "AND n.id > c.id ORDER BY n.id LIMIT 1) END "
                "FROM _notionsync_change AS c WHERE c.id > ",
                NULL);
    nts_sql_add_int(stmt, since);
    nts_sql_add(stmt, " AND +c.tbl = ", NULL);
    nts_sql_add_text(stmt, tbl);
    nts_sql_add(stmt, " ORDER BY c.id LIMIT ", NULL);
    nts_sql_add_int(stmt, limit);
}

void nts_sql_sqlite_add_witness(nts_sql_stmt_t *stmt, apr_int64_t number)
{
    nts_sql_add(stmt, "SELECT (SELECT at FROM _notionsync_change WHERE id = ", NULL);
    nts_sql_add_int(stmt, number);
    nts_sql_add(stmt,
                "), n.id, n.at FROM (SELECT 1) LEFT JOIN (SELECT id, at FROM _notionsync_change "
                "ORDER BY id DESC LIMIT 1) AS n",
                NULL);
}

void nts_sql_sqlite_add_shared(nts_sql_stmt_t *stmt, apr_int64_t ms)
{
    nts_sql_add(stmt, "SELECT coalesce((SELECT id FROM _notionsync_change WHERE at <= ", NULL);
    nts_sql_add_int(stmt, ms);
    nts_sql_add(stmt, " ORDER BY id DESC LIMIT 1), (SELECT min(id) - 1 FROM _notionsync_change))",
                NULL);
}

/* X'00FF'. */
static int blob_of(nts_sql_cell_t *cell, const char *text, const char *end, apr_pool_t *p)
{
    apr_size_t len = (apr_size_t)(end - text - 3) / 2;
    unsigned char *bytes = apr_pcalloc(p, len + 1);

    cell->kind = NTS_SQL_BLOB;
    cell->bytes = (const char *)bytes;
    cell->len = len;
    return nts_hex_parse(bytes, len, apr_pstrmemdup(p, text + 2, 2 * len)) == APR_SUCCESS;
}

/* One value of an image: NULL, 12, 1.5, 'text', X'00FF'. */
static int add_member(nts_json_t *image, const char *column, const char *text, const char *end,
                      apr_pool_t *p)
{
    nts_sql_cell_t cell = nts_sql_cell_null();
    const char *word = apr_pstrmemdup(p, text, (apr_size_t)(end - text));
    const char *normal;

    if (*text == '\'') {
        cell.kind = NTS_SQL_TEXT;
        cell.bytes = nts_sql_unquote(text, end, &cell.len, p);
    }
    else if (*text == 'X' && text[1] == '\'') {
        if (!blob_of(&cell, text, end, p)) {
            return 0;
        }
    }
    else if (strcmp(word, "Inf") == 0 || strcmp(word, "-Inf") == 0) {
        cell.kind = NTS_SQL_REAL;
        cell.real = *word == '-' ? -HUGE_VAL : HUGE_VAL;
    }
    else if (nts_decimal_normalise(&normal, word, p) == APR_SUCCESS) {
        nts_json_add_number(image, column, word); /* as it is: 1.0 is no integer */
        return 1;
    }
    else if (strcmp(word, "NULL") != 0) {
        return 0;
    }
    nts_sql_image_add(image, column, &cell, p);
    return 1;
}

/* 'a',1,'b','x' to {"a":1,"b":"x"}. */
const char *nts_sql_sqlite_change_image(const char *stored, apr_pool_t *p)
{
    nts_json_t *image = nts_json_make_object(p);

    while (*stored) {
        const char *name_end = *stored == '\'' ? nts_sql_literal_end(stored) : NULL;
        const char *name;
        const char *value;
        const char *end;
        apr_size_t len;

        if (!name_end || *name_end != ',') {
            return NULL;
        }
        name = nts_sql_unquote(stored, name_end, &len, p);
        value = name_end + 1;
        end = nts_sql_literal_end(value);
        if (!nts_utf8_is_valid(name, len) || !end || (*end != ',' && *end != '\0') ||
            !add_member(image, name, value, end, p)) {
            return NULL;
        }
        stored = *end == ',' ? end + 1 : end;
    }
    return nts_json_text(image, p);
}
