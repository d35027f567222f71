/* nts_sql_pgsql_log.c - reading the change table that the triggers fill.
 *
 * An entry gets its id when it is made, but is seen when its transaction commits: in order of ids a late commit would be
 * skipped. So the triggers leave `number` empty, and before we read, a short transaction of our own gives the next
 * numbers, in order of ids, to all entries that are visible and have none. Readers go by numbers. They are given
 * under the lock of one row, so in one order for all, and become visible together with the counter. A transaction
 * that stays open holds nobody back: its entries get later numbers when they come.
 *
 * Two entries of one row are numbered as they happened: the later of two writers of a row makes its entry after the
 * earlier has committed, so its id is higher, and it is visible no sooner.
 */
#include <string.h>

#include "base/nts_json.h"
#include "connector/sql/pgsql/nts_sql_pgsql.h"

/* Bounds the transaction, whose row locks nobody but another numberer waits for. */
#define AT_ONCE "5000"

static apr_status_t run(nts_sql_rows_t *rows, nts_sql_session_t *s, const char *sql)
{
    nts_sql_error_t error;

    return s->dialect->run(s->connection->db, sql, NULL, 0, 0, rows, &error, s->ptemp);
}

static apr_status_t give_numbers(nts_sql_session_t *s)
{
    nts_sql_rows_t rows;

    /* The statement after the lock has a snapshot of its own, which shows what the last holder did. */
    return nts_sql_run_text(s, s->dialect->begin_write) == APR_SUCCESS &&
                   nts_sql_run(&rows,
                               nts_sql_stmt(s, "SELECT 1 FROM _notionsync_instance FOR UPDATE"),
                               s->ptemp) == APR_SUCCESS &&
                   nts_sql_run_text(
                       s,
                       "WITH fresh AS (SELECT id, row_number() OVER (ORDER BY id) AS place "
                       "FROM (SELECT id FROM _notionsync_change WHERE number IS NULL "
                       "ORDER BY id LIMIT " AT_ONCE ") AS f), "
                       "given AS (UPDATE _notionsync_change AS c SET number = i.counter + f.place "
                       "FROM fresh AS f, _notionsync_instance AS i "
                       "WHERE c.id = f.id AND c.number IS NULL RETURNING c.number) "
                       "UPDATE _notionsync_instance SET counter = greatest(counter, "
                       "(SELECT max(number) FROM given))") == APR_SUCCESS &&
                   nts_sql_run_text(s, "COMMIT") == APR_SUCCESS
               ? APR_SUCCESS
               : APR_EGENERAL;
}

static const char look[] =
    "SELECT hashtextextended(concat(id, ' ', counter), 0), "
    "EXISTS (SELECT 1 FROM _notionsync_change WHERE number IS NULL) FROM _notionsync_instance";

apr_status_t nts_sql_pgsql_commit_token(apr_int64_t *token, nts_sql_session_t *s)
{
    nts_sql_rows_t rows;
    apr_int64_t version;

    *token = 0;
    if (nts_sql_pgsql_schema_version(&version, s) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (run(&rows, s,
            "SELECT to_regclass('_notionsync_instance') IS NULL OR "
            "to_regclass('_notionsync_change') IS NULL") != APR_SUCCESS ||
        rows.count != 1 || rows.cells[0].integer) {
        return APR_SUCCESS; /* the transaction that follows says what is wrong */
    }
    if (nts_sql_look_at_modified(s) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    do {
        if (nts_sql_run(&rows, nts_sql_stmt(s, look), s->ptemp) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
        if (rows.count == 0) {
            return APR_SUCCESS;
        }
        /* Nor was anything done to the table, or to what notices its changes. */
        *token = rows.cells[0].integer ^ (version << 32);
        if (rows.cells[1].integer && give_numbers(s) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
    } while (rows.cells[1].integer);
    return APR_SUCCESS;
}

/* S4.4: a delete and an insert of one key in one transaction are a replace, which the entries tell exactly. */
void nts_sql_pgsql_add_changes(nts_sql_stmt_t *stmt, const char *tbl, apr_int64_t since, int limit)
{
    nts_sql_add(stmt,
                "SELECT c.number, c.op, c.key, c.old_key, c.intent, c.image, c.at, "
                "CASE c.op WHEN 'd' THEN (SELECT n.op = 'i' FROM _notionsync_change AS n "
                "WHERE n.tbl = c.tbl AND n.key = c.key AND n.id > c.id AND n.xid = c.xid "
                "ORDER BY n.id LIMIT 1) END FROM _notionsync_change AS c WHERE c.number > ",
                NULL);
    nts_sql_add_int(stmt, since);
    nts_sql_add(stmt, " AND c.tbl = ", NULL);
    nts_sql_add_text(stmt, tbl);
    nts_sql_add(stmt, " ORDER BY c.number LIMIT ", NULL);
    nts_sql_add_int(stmt, limit);
}

void nts_sql_pgsql_add_witness(nts_sql_stmt_t *stmt, apr_int64_t number)
{
    nts_sql_add(stmt, "SELECT (SELECT max(at) FROM _notionsync_change WHERE number = ", NULL);
    nts_sql_add_int(stmt, number);
    nts_sql_add(stmt,
                "), n.number, n.at FROM (SELECT 1) AS one LEFT JOIN (SELECT number, at "
                "FROM _notionsync_change WHERE number IS NOT NULL ORDER BY number DESC LIMIT 1) "
                "AS n ON true",
                NULL);
}

/* The trigger has made it as the connector reads it; but what was cut or written by another hand is no image. */
const char *nts_sql_pgsql_change_image(const char *stored, apr_pool_t *p)
{
    const nts_json_t *root;

    if (nts_json_parse(&root, stored, strlen(stored), NULL, p) != APR_SUCCESS ||
        nts_json_type(root) != NTS_JSON_OBJECT) {
        return NULL;
    }
    return nts_json_text(root, p);
}
