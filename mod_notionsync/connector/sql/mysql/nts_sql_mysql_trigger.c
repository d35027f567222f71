/* nts_sql_mysql_trigger.c - what the triggers of a table do.
 *
 * They run in the application's transaction with the rights of who provisioned, and must not make it fail: columns that a
 * migration has dropped or renamed, a key too long for the index, all end in an entry that says "look at everything";
 * where even that cannot be stored (a full disk), in nothing. They wait for nobody: they insert at the end of a table
 * whose gaps nobody locks, and of what is too old they delete only what nobody holds.
 */
#include <string.h>

#include "connector/sql/mysql/nts_sql_mysql.h"

#define TEXT_OF_(n) #n
#define TEXT_OF(n) TEXT_OF_(n)

/* A deleted row larger than this is logged without its image: it then cannot be restored (S2.7). */
#define IMAGE_MAX "1000000"

static const char *column_of(const char *row, const nts_sql_column_t *column, apr_pool_t *p)
{
    return apr_pstrcat(p, row, ".", nts_sql_quote(column->name, p), NULL);
}

/* One column of the deleted row, so that the connector can put it back exactly. A TIMESTAMP would be shown in the zone of
 * whoever deletes; a FLOAT with six digits; JSON would become part of ours. */
static const char *member(const nts_sql_column_t *column, apr_pool_t *p)
{
    const char *old = column_of("OLD", column, p);

    switch (column->native) {
    case NTS_SQL_MYSQL_BYTES:
        return apr_pstrcat(p, "JSON_OBJECT('blob', LOWER(HEX(", old, ")))", NULL);
    case NTS_SQL_MYSQL_TEXT:
    case NTS_SQL_MYSQL_ENUM:
    case NTS_SQL_MYSQL_SET:
        return apr_pstrcat(p, "CONCAT('', ", old, ")", NULL);
    case NTS_SQL_MYSQL_FLOAT:
        return apr_pstrcat(p, "CAST(", old, " + 0e0 AS CHAR)", NULL);
    case NTS_SQL_MYSQL_BIT:
        return apr_pstrcat(p, "CAST(", old, " + 0 AS CHAR)", NULL);
    case NTS_SQL_MYSQL_TIMESTAMP:
        return apr_pstrcat(p, "IF(UNIX_TIMESTAMP(", old, ") = 0, '0000-00-00 00:00:00', CONCAT(",
                           "TIMESTAMP '1970-01-01 00:00:00.000000' + INTERVAL UNIX_TIMESTAMP(", old,
                           ") SECOND, '+00:00'))", NULL);
    default:
        return apr_pstrcat(p, "CAST(", old, " AS CHAR)", NULL);
    }
}

/* Generated ones follow from the others. */
static const char *image(const nts_sql_table_t *table, apr_pool_t *p)
{
    apr_array_header_t *parts = apr_array_make(p, table->count, sizeof(const char *));
    int i;

    for (i = 0; i < table->count; i++) {
        const nts_sql_column_t *column = &table->columns[i];

        if (!column->generated) {
            APR_ARRAY_PUSH(parts, const char *) =
                apr_pstrcat(p, nts_sql_literal(column->name, p), ", ", member(column, p), NULL);
        }
    }
    return apr_pstrcat(p, "JSON_OBJECT(", apr_array_pstrcat(p, parts, ','), ")", NULL);
}

/* Byte for byte: 'a' equals 'A' in most collations. */
static const char *is_unchanged(const nts_sql_table_t *table, apr_pool_t *p)
{
    const char *all = "TRUE";
    int i;

    for (i = 0; i < table->count; i++) {
        const nts_sql_column_t *column = &table->columns[i];
        int is_text = column->native == NTS_SQL_MYSQL_TEXT;
        int is_bytes = column->native == NTS_SQL_MYSQL_BYTES;
        const char *before = is_text ? "BINARY " : is_bytes ? "HEX(" : "";
        const char *after = is_bytes ? ")" : "";

        if (!column->generated) {
            all = apr_pstrcat(p, all, " AND ", before, column_of("OLD", column, p), after, " <=> ",
                              before, column_of("NEW", column, p), after, NULL);
        }
    }
    return all;
}

static const char *change_table(const nts_sql_table_t *table, apr_pool_t *p)
{
    return apr_pstrcat(p, nts_sql_quote(table->home, p), "._notionsync_change", NULL);
}

/* "Look at everything"; and if not even that can be stored, nothing. */
static const char *handler(const nts_sql_table_t *table, apr_pool_t *p)
{
    return apr_pstrcat(p,
                       "  DECLARE EXIT HANDLER FOR SQLEXCEPTION\n"
                       "  BEGIN\n"
                       "    DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN END;\n"
                       "    INSERT INTO ",
                       change_table(table, p), " (conn, tbl, op, at) VALUES (CONNECTION_ID(), ",
                       nts_sql_literal(table->name, p),
                       ", 't', " NTS_SQL_MYSQL_NOW ");\n"
                       "  END;\n",
                       NULL);
}

/* What keeps an unread change table below a million entries: the oldest go, by one statement in a thousand, and entries
 * say so. Rows that others hold are left. */
static const char *cap(const nts_sql_table_t *table, apr_pool_t *p)
{
    const char *change = change_table(table, p);

    return apr_pstrcat(
        p,
        "  IF LAST_INSERT_ID() % 1000 = 0 THEN\n"
        "  BEGIN\n"
        "    DECLARE old BIGINT;\n"
        "    DECLARE deleted INT DEFAULT 0;\n"
        "    DECLARE is_done INT DEFAULT 0;\n"
        "    DECLARE stale CURSOR FOR SELECT c.id FROM ",
        change,
        " AS c WHERE c.id <= made - " TEXT_OF(
            NTS_SQL_CHANGES_MAX) " ORDER BY c.id LIMIT 2000 FOR UPDATE SKIP LOCKED;\n"
                                 "    DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN END;\n"
                                 "    DECLARE CONTINUE HANDLER FOR NOT FOUND SET is_done = 1;\n"
                                 "    SET made = LAST_INSERT_ID();\n"
                                 "    OPEN stale;\n"
                                 "    FETCH stale INTO old;\n"
                                 "    WHILE NOT is_done DO\n"
                                 "      DELETE FROM ",
        change,
        " WHERE id = old;\n"
        "      SET deleted = deleted + 1;\n"
        "      FETCH stale INTO old;\n"
        "    END WHILE;\n"
        "    CLOSE stale;\n"
        "    IF deleted > 0 THEN\n"
        "      INSERT INTO ",
        change,
        " (conn, tbl, op, at) SELECT CONNECTION_ID(), t.tbl, 't', " NTS_SQL_MYSQL_NOW " FROM ",
        nts_sql_quote(table->home, p),
        "._notionsync_table AS t;\n"
        "    END IF;\n"
        "  END;\n"
        "  END IF;\n",
        NULL);
}

static const char *insert_entry(const nts_sql_table_t *table, const char *columns,
                                const char *values, apr_pool_t *p)
{
    return apr_pstrcat(p, "  INSERT INTO ", change_table(table, p), " (conn, tbl, at, ", columns,
                       ") VALUES (CONNECTION_ID(), ", nts_sql_literal(table->name, p),
                       ", " NTS_SQL_MYSQL_NOW ", ", values, ");\n", cap(table, p), NULL);
}

static const char *on_update(const nts_sql_table_t *table, apr_pool_t *p)
{
    return apr_pstrcat(
        p, "  IF NOT (", is_unchanged(table, p),
        ") THEN\n"
        "  SET was = ",
        nts_sql_mysql_stored_expression(table, "OLD", p),
        ", becomes = ", nts_sql_mysql_stored_expression(table, "NEW", p), ";\n",
        insert_entry(table, "op, \"key\", old_key",
                     "IF(was = becomes, 'u', 'k'), becomes, IF(was = becomes, NULL, was)", p),
        "  END IF;\n", NULL);
}

static const char *on_delete(const nts_sql_table_t *table, apr_pool_t *p)
{
    return apr_pstrcat(
        p, "  SET kept = ", image(table, p), ";\n",
        insert_entry(table, "op, \"key\", image",
                     apr_pstrcat(p, "'d', ", nts_sql_mysql_stored_expression(table, "OLD", p),
                                 ", IF(LENGTH(kept) > " IMAGE_MAX ", NULL, kept)", NULL),
                     p),
        NULL);
}

static const char *on_insert(const nts_sql_table_t *table, apr_pool_t *p)
{
    return insert_entry(
        table, "op, \"key\"",
        apr_pstrcat(p, "'i', ", nts_sql_mysql_stored_expression(table, "NEW", p), NULL), p);
}

const char *nts_sql_mysql_trigger_body(const nts_sql_table_t *table, char op, apr_pool_t *p)
{
    return apr_pstrcat(p,
                       "BEGIN\n"
                       "  DECLARE made BIGINT;\n"
                       "  DECLARE types CHAR(8) DEFAULT '",
                       nts_sql_types_print(table, p), "';\n",
                       op == 'u' ? "  DECLARE was, becomes TEXT CHARACTER SET utf8mb4 COLLATE "
                                   "utf8mb4_nopad_bin;\n"
                                 : "",
                       op == 'd' ? "  DECLARE kept LONGTEXT CHARACTER SET utf8mb4;\n" : "",
                       handler(table, p),
                       op == 'u'   ? on_update(table, p)
                       : op == 'd' ? on_delete(table, p)
                                   : on_insert(table, p),
                       "END", NULL);
}
