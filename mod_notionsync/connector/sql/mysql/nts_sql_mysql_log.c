/* nts_sql_mysql_log.c - reading the change table that the triggers fill.
 *
 * As in PostgreSQL an entry has an id when it is made and a number when it was seen to be committed, so that a late commit is
 * never skipped: see docs/design/sql.md. What is different here: a statement that changes rows may wait for rows that
 * others have inserted and not committed, though it does not want them. So ours first find out, in a consistent read,
 * which rows they mean. An UPDATE that names them steps over what others hold (a semi-consistent read, which READ
 * COMMITTED has for UPDATE alone), even where the server prefers to read the whole table; a DELETE does not, so that
 * each takes one row, by its whole primary key.
 */
#include <string.h>

#include "base/nts_json.h"
#include "connector/sql/mysql/nts_sql_mysql.h"

/* Bounds the transaction, whose row locks nobody but another numberer waits for. */
#define AT_ONCE 500
#define INTENTS_AT_ONCE 50

/* "5, 6, 9": the first column of @a rows. */
static const char *id_list(const nts_sql_rows_t *rows, apr_pool_t *p)
{
    apr_array_header_t *ids = apr_array_make(p, rows->count + 1, sizeof(const char *));
    int i;

    for (i = 0; i < rows->count; i++) {
        APR_ARRAY_PUSH(ids, const char *) =
            apr_psprintf(p, "%" APR_INT64_T_FMT, rows->cells[i * rows->columns].integer);
    }
    return apr_array_pstrcat(p, ids, ',');
}

/* --- giving numbers */

/* FIELD tells the place in the list, which is in order of ids. */
static apr_status_t number(nts_sql_session_t *s, apr_int64_t counter, const nts_sql_rows_t *fresh)
{
    const char *ids = id_list(fresh, s->ptemp);
    nts_sql_stmt_t *stmt = nts_sql_stmt(s, "UPDATE _notionsync_change SET number = ");

    nts_sql_add(stmt, apr_psprintf(s->ptemp, "%" APR_INT64_T_FMT, counter), " + FIELD(id, ", ids,
                ") WHERE number IS NULL AND id IN (", ids, ")", NULL);
    if (nts_sql_run(NULL, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    stmt = nts_sql_stmt(s, "UPDATE _notionsync_instance SET counter = ");
    nts_sql_add_int(stmt, counter + fresh->count);
    return nts_sql_run(NULL, stmt, s->ptemp);
}

/* The counter's row is locked first, so that numbers are given by one at a time; the read after it sees what the last
 * holder did. *left set: there may be more. */
static apr_status_t give_numbers(int *left, nts_sql_session_t *s)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(
        s, "SELECT id FROM _notionsync_change WHERE number IS NULL ORDER BY id LIMIT ");
    nts_sql_rows_t counter;
    nts_sql_rows_t fresh;

    nts_sql_add_int(stmt, AT_ONCE);
    if (nts_sql_run_text(s, s->dialect->begin_write) != APR_SUCCESS ||
        nts_sql_run(&counter,
                    nts_sql_stmt(s, "SELECT counter FROM _notionsync_instance LIMIT 1 FOR UPDATE"),
                    s->ptemp) != APR_SUCCESS ||
        nts_sql_run(&fresh, stmt, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *left = fresh.count == AT_ONCE;
    if (counter.count == 1 && fresh.count > 0 &&
        number(s, counter.cells[0].integer, &fresh) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    return nts_sql_run_text(s, "COMMIT");
}

static apr_status_t look(apr_int64_t *token, int *has_fresh, nts_sql_session_t *s)
{
    nts_sql_error_t error;
    nts_sql_rows_t rows;

    *has_fresh = 0;
    if (s->dialect->run(s->connection->db,
                        "SELECT counter, EXISTS (SELECT 1 FROM _notionsync_change WHERE number IS "
                        "NULL), CAST(CRC32(id) AS SIGNED) FROM _notionsync_instance LIMIT 1",
                        NULL, 0, 0, &rows, &error, s->ptemp) != APR_SUCCESS) {
        return error.kind == NTS_SQL_SCHEMA
                   ? APR_SUCCESS /* the transaction that follows says what is wrong */
                   : nts_sql_fail_with(s, &error);
    }
    if (rows.count == 1) {
        *token ^= rows.cells[0].integer ^ (rows.cells[2].integer << 16);
        *has_fresh = rows.cells[1].integer != 0;
    }
    return APR_SUCCESS;
}

apr_status_t nts_sql_mysql_commit_token(apr_int64_t *token, nts_sql_session_t *s)
{
    apr_int64_t version;
    int has_fresh;
    int left;

    *token = 0;
    if (nts_sql_mysql_schema_version(&version, s) != APR_SUCCESS ||
        nts_sql_look_at_modified(s) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    /* Nor was anything done to the table, or to what notices its changes. */
    *token = version << 48;
    if (look(token, &has_fresh, s) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    left = has_fresh;
    while (left) {
        if (give_numbers(&left, s) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
    }
    if (has_fresh) {
        *token = version << 48;
        return look(token, &has_fresh, s);
    }
    return APR_SUCCESS;
}

/* --- reading */

/*
 * S4.4: whether a delete and an insert of one key were one transaction. Triggers cannot see transactions, but which
 * session they run in. If a reader ever saw the row gone, there were two, and it got the delete as such. If both are of
 * one session, of no two asks of ours, and close in time, they are reported as a replace, as in SQLite and with the same consequence if not.
 */
void nts_sql_mysql_add_changes(nts_sql_stmt_t *stmt, const char *tbl, apr_int64_t since, int limit)
{
    nts_sql_add(stmt,
                "SELECT c.number, c.op, c.key, c.old_key, c.intent, c.image, c.at, "
                "CASE c.op WHEN 'd' THEN COALESCE((SELECT n.op = 'i' AND n.conn = c.conn AND "
                "n.intent <=> c.intent AND n.at - c.at BETWEEN 0 AND ",
                NULL);
    nts_sql_add_int(stmt, NTS_SQL_REPLACE_MS);
    nts_sql_add(stmt,
                " FROM _notionsync_change AS n WHERE n.tbl = c.tbl AND n.key = c.key "
                "AND n.id > c.id AND n.number IS NOT NULL ORDER BY n.id LIMIT 1), 0) ELSE 0 END "
                "FROM _notionsync_change AS c WHERE c.number > ",
                NULL);
    nts_sql_add_int(stmt, since);
    nts_sql_add(stmt, " AND c.tbl = ", NULL);
    nts_sql_add_text(stmt, tbl);
    nts_sql_add(stmt, " ORDER BY c.number LIMIT ", NULL);
    nts_sql_add_int(stmt, limit);
}

void nts_sql_mysql_add_witness(nts_sql_stmt_t *stmt, apr_int64_t number)
{
    nts_sql_add(stmt,
                "SELECT (SELECT MAX(c.at) FROM _notionsync_change AS c WHERE c.number = ", NULL);
    nts_sql_add_int(stmt, number);
    nts_sql_add(stmt,
                "), n.number, n.at FROM (SELECT 1) AS one LEFT JOIN (SELECT number, at "
                "FROM _notionsync_change WHERE number IS NOT NULL ORDER BY number DESC LIMIT 1) "
                "AS n ON 1 = 1",
                NULL);
}

/* --- marking, and tidying up */

/* Deletes what @a which has found, row by row. */
static apr_status_t delete_found(nts_sql_stmt_t *which, const char *from)
{
    nts_sql_session_t *s = which->session;
    nts_sql_rows_t rows;
    int i;

    if (nts_sql_run(&rows, which, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    for (i = 0; i < rows.count; i++) {
        nts_sql_stmt_t *stmt = nts_sql_stmt(s, from);

        nts_sql_add_cell(stmt, &rows.cells[i]);
        if (nts_sql_run(NULL, stmt, s->ptemp) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
    }
    return APR_SUCCESS;
}

apr_status_t nts_sql_mysql_mark_entries(nts_sql_session_t *s, const char *const *now,
                                        const char *const *before)
{
    nts_sql_stmt_t *which = nts_sql_stmt(s, "SELECT id FROM _notionsync_change WHERE id > ");
    nts_sql_stmt_t *what = nts_sql_stmt(s, "UPDATE _notionsync_change SET intent = ");
    const char *const *sides[2] = { now, before };
    nts_sql_rows_t rows;
    int i;

    nts_sql_add(what, nts_sql_literal(s->ask->intent, s->ptemp), NULL);
    nts_sql_add_int(which, s->state.entries);
    nts_sql_add(which, " AND ", s->dialect->own_entries, " AND tbl = ", NULL);
    nts_sql_add_text(which, s->table->name);
    nts_sql_add(which, " AND \"key\" IN (", NULL);
    for (i = 0; i < 2; i++) {
        nts_sql_add(which, i ? ", " : "", NULL);
        nts_sql_add_text(which, sides[i] ? nts_sql_stored_key(s->table, sides[i], s->ptemp) : NULL);
    }
    nts_sql_add(which, ")", NULL);
    if (nts_sql_run(&rows, which, s->ptemp) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    nts_sql_add(what, " WHERE id IN (", id_list(&rows, s->ptemp), ")", NULL);
    return rows.count ? nts_sql_run(NULL, what, s->ptemp) : APR_SUCCESS;
}

apr_status_t nts_sql_mysql_delete_entries(nts_sql_session_t *s, const char *tbl, apr_int64_t last)
{
    nts_sql_stmt_t *which = nts_sql_stmt(s, "SELECT id FROM _notionsync_change WHERE number <= ");

    nts_sql_add_int(which, last);
    nts_sql_add(which, " AND tbl = ", NULL);
    nts_sql_add_text(which, tbl);
    return delete_found(which, "DELETE c FROM _notionsync_change AS c WHERE c.id = ");
}

apr_status_t nts_sql_mysql_prune_intents(nts_sql_session_t *s)
{
    nts_sql_stmt_t *stmt = nts_sql_stmt(
        s, "SELECT intent FROM _notionsync_intent WHERE op <> 'state' AND at < " NTS_SQL_MYSQL_NOW
           " - ");

    nts_sql_add_int(stmt, NTS_SQL_INTENT_KEEP_MS);
    nts_sql_add(stmt, " ORDER BY at LIMIT ", NULL);
    nts_sql_add_int(stmt, INTENTS_AT_ONCE);
    return delete_found(stmt, "DELETE i FROM _notionsync_intent AS i WHERE i.intent = ");
}

/* --- images */

/* {"blob":null} is what a trigger makes of a NULL in a column of bytes. */
static int copy_member(void *baton, const char *name, const nts_json_t *member)
{
    nts_json_t *image = baton;

    if (nts_json_type(member) == NTS_JSON_OBJECT &&
        nts_json_type(nts_json_get(member, "blob")) == NTS_JSON_NULL) {
        nts_json_add_null(image, name);
    }
    else {
        nts_json_add_copy(image, name, member);
    }
    return 0;
}

/* The trigger has made it as the connector reads it; but what was cut or written by another hand is no image. */
const char *nts_sql_mysql_change_image(const char *stored, apr_pool_t *p)
{
    nts_json_t *image = nts_json_make_object(p);
    const nts_json_t *root;

    if (nts_json_parse(&root, stored, strlen(stored), NULL, p) != APR_SUCCESS ||
        nts_json_type(root) != NTS_JSON_OBJECT) {
        return NULL;
    }
    nts_json_each(root, copy_member, image);
    return nts_json_text(image, p);
}
