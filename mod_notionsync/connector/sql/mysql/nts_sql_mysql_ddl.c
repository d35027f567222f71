/* nts_sql_mysql_ddl.c - what provisioning installs in a MariaDB database.
 *
 * DDL ends transactions there. So the shared tables come first, then the triggers, and last the row that says that the table
 * is looked after: whoever dies in between leaves what the next attempt completes.
 */
#include <string.h>

#include "connector/sql/mysql/nts_sql_mysql.h"

#define TEXT_OF_(n) #n
#define TEXT_OF(n) TEXT_OF_(n)

/* The one collation that tells all texts apart, also by spaces at their ends. */
#define ENGINE ") ENGINE=InnoDB ROW_FORMAT=DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"
#define KEY "VARCHAR(" TEXT_OF(NTS_SQL_MYSQL_KEY_MAX) ")"

/* The client takes DELIMITER, and needs it; names and literals are quoted as in all databases. */
const char nts_sql_mysql_script[] =
    "SET SESSION sql_mode = 'PIPES_AS_CONCAT,ANSI_QUOTES,NO_AUTO_VALUE_ON_ZERO,"
    "NO_BACKSLASH_ESCAPES,STRICT_TRANS_TABLES,STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION';\nSET NAMES utf8mb4;\nDELIMITER $$\n";

const char nts_sql_mysql_new_instance[] =
    "INSERT INTO _notionsync_instance (id, version, counter) "
    "SELECT MD5(CONCAT(UUID(), RAND(), CONNECTION_ID())), " TEXT_OF(
        NTS_SQL_VERSION) ", 0 FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM _notionsync_instance AS i)";

/* Compared with what provisioning would make now, by the parts that decide what an object does; the modes are those under
 * which a trigger's text is read. */
const char nts_sql_mysql_installed[] =
    "SELECT TABLE_NAME, '' FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND "
    "LEFT(TABLE_NAME, 12) = '_notionsync_' UNION ALL "
    "SELECT TRIGGER_NAME, CONCAT(EVENT_OBJECT_TABLE, ' ', ACTION_TIMING, ' ', EVENT_MANIPULATION, "
    "' ', IF(SQL_MODE = @@SESSION.sql_mode, '', SQL_MODE), ACTION_STATEMENT) "
    "FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() AND "
    "LEFT(TRIGGER_NAME, 12) = '_notionsync_'";

typedef struct shared_t {
    const char *name;
    const char *columns;
} shared_t;

/* No constraint on the change table but its id: nothing there may refuse the application's row. `number` is empty until the
 * entry was seen to be committed. */
static const shared_t shared[] = {
    { "_notionsync_instance",
      "id VARCHAR(64) NOT NULL, version INT NOT NULL, counter BIGINT NOT NULL" },
    { "_notionsync_table", "tbl VARCHAR(64) NOT NULL PRIMARY KEY, pruned BIGINT NOT NULL" },
    { "_notionsync_change",
      "id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, number BIGINT, conn BIGINT, "
      "tbl VARCHAR(64), op CHAR(1), \"key\" " KEY ", old_key " KEY ", intent VARCHAR(190), "
      "image LONGTEXT, at BIGINT, KEY _notionsync_change_key (tbl, \"key\", id), "
      "KEY _notionsync_change_number (number)" },
    { "_notionsync_intent",
      "intent VARCHAR(190) NOT NULL PRIMARY KEY, tbl VARCHAR(64) NOT NULL, op VARCHAR(20) NOT "
      "NULL, \"key\" " KEY ", record LONGTEXT, at BIGINT NOT NULL, KEY _notionsync_intent_at (at), "
      "KEY _notionsync_intent_key (tbl, \"key\", at)" },
};
#define SHARED_COUNT ((int)(sizeof(shared) / sizeof(shared[0])))

typedef struct trigger_t {
    char op;
    const char *prefix;
    const char *event;
} trigger_t;

static const trigger_t triggers[] = {
    { 'i', NTS_SQL_PREFIX "insert_", "INSERT" },
    { 'u', NTS_SQL_PREFIX "update_", "UPDATE" },
    { 'd', NTS_SQL_PREFIX "delete_", "DELETE" },
};
#define TRIGGER_COUNT ((int)(sizeof(triggers) / sizeof(triggers[0])))

static const char *trigger_name(const trigger_t *trigger, const char *tbl, apr_pool_t *p)
{
    return apr_pstrcat(p, trigger->prefix, nts_sql_short_name(tbl, p), NULL);
}

static nts_sql_object_t trigger_object(const trigger_t *trigger, const nts_sql_table_t *table,
                                       apr_pool_t *p)
{
    const char *body = nts_sql_mysql_trigger_body(table, trigger->op, p);
    nts_sql_object_t object;

    object.name = trigger_name(trigger, table->name, p);
    object.create = apr_pstrcat(p, "CREATE TRIGGER ", nts_sql_quote(object.name, p), " AFTER ",
                                trigger->event, " ON ", table->sql, " FOR EACH ROW\n", body, NULL);
    object.shown = apr_pstrcat(p, table->name, " AFTER ", trigger->event, " ", body, NULL);
    object.drop = apr_pstrcat(p, "DROP TRIGGER IF EXISTS ", nts_sql_quote(object.name, p), NULL);
    object.is_shared = 0;
    return object;
}

const nts_sql_object_t *nts_sql_mysql_objects(int *count, const nts_sql_table_t *table,
                                              apr_pool_t *p)
{
    nts_sql_object_t *objects =
        apr_pcalloc(p, (SHARED_COUNT + TRIGGER_COUNT) * sizeof(nts_sql_object_t));
    int n = 0;
    int i;

    for (i = 0; i < SHARED_COUNT; i++) {
        objects[n].name = shared[i].name;
        objects[n].create = apr_pstrcat(p, "CREATE TABLE IF NOT EXISTS ", shared[i].name, " (",
                                        shared[i].columns, ENGINE, NULL);
        objects[n++].is_shared = 1;
    }
    for (i = 0; i < TRIGGER_COUNT && !table->unwatched; i++) {
        objects[n++] = trigger_object(&triggers[i], table, p);
    }
    *count = n;
    return objects;
}

void nts_sql_mysql_plan_table_removal(apr_array_header_t *statements, nts_sql_session_t *s,
                                      const char *tbl)
{
    int i;

    for (i = 0; i < TRIGGER_COUNT; i++) {
        APR_ARRAY_PUSH(statements, const char *) =
            apr_pstrcat(s->ptemp, "DROP TRIGGER IF EXISTS ",
                        nts_sql_quote(trigger_name(&triggers[i], tbl, s->ptemp), s->ptemp), NULL);
    }
}

void nts_sql_mysql_plan_shared_removal(apr_array_header_t *statements, nts_sql_session_t *s)
{
    int i;

    for (i = SHARED_COUNT - 1; i >= 0; i--) {
        APR_ARRAY_PUSH(statements, const char *) =
            apr_pstrcat(s->ptemp, "DROP TABLE IF EXISTS ", shared[i].name, NULL);
    }
}

const char *nts_sql_mysql_enrol(const char *tbl, apr_pool_t *p)
{
    return apr_pstrcat(p, "INSERT IGNORE INTO _notionsync_table (tbl, pruned) VALUES (",
                       nts_sql_literal(tbl, p), ", 0)", NULL);
}

const char *nts_sql_mysql_missed(const char *tbl, apr_pool_t *p)
{
    return apr_pstrcat(
        p, "INSERT INTO _notionsync_change (conn, tbl, op, at) VALUES (CONNECTION_ID(), ",
        nts_sql_literal(tbl, p), ", 't', " NTS_SQL_MYSQL_NOW ")", NULL);
}
