/* nts_sql_sqlite_ddl.c - what provisioning installs in an SQLite database.
 *
 * Triggers run inside the application's own process, with its version of SQLite and in its
 * transaction. So they use only functions that every build has, insert into a table without
 * constraints (the application's ON CONFLICT clause would rule them), and are bounded: nothing of ours
 * may make a statement of the application fail.
 */
#include <string.h>

#include "connector/sql/sqlite/nts_sql_sqlite.h"

/* A deleted row larger than this is logged without its image: it then cannot be restored (S2.7). */
#define IMAGE_MAX "1000000"

#define TEXT_OF_(n) #n
#define TEXT_OF(n) TEXT_OF_(n)

const char nts_sql_sqlite_new_instance[] =
    "INSERT INTO _notionsync_instance (id, version, dropped) "
    "SELECT lower(hex(randomblob(16))), " TEXT_OF(
        NTS_SQL_VERSION) ", 0 "
                         "WHERE NOT EXISTS (SELECT 1 FROM _notionsync_instance)";

/* AUTOINCREMENT: a number is never given twice, not even after all entries were deleted. The cap is
 * paid once in a thousand entries; `dropped` tells readers that they have missed some. */
static const nts_sql_object_t shared[] = {
    { "_notionsync_instance",
      "CREATE TABLE _notionsync_instance "
      "(id TEXT NOT NULL, version INTEGER NOT NULL, dropped INTEGER NOT NULL)",
      NULL, "DROP TABLE IF EXISTS _notionsync_instance", 1 },
    { "_notionsync_table",
      "CREATE TABLE _notionsync_table (tbl TEXT NOT NULL PRIMARY KEY, pruned INTEGER NOT NULL)",
      NULL, "DROP TABLE IF EXISTS _notionsync_table", 1 },
    { "_notionsync_change",
      "CREATE TABLE _notionsync_change (id INTEGER PRIMARY KEY AUTOINCREMENT, tbl TEXT, op TEXT, "
      "key TEXT, old_key TEXT, intent TEXT, image TEXT, at INTEGER)",
      NULL, "DROP TABLE IF EXISTS _notionsync_change", 1 },
    { "_notionsync_change_key",
      "CREATE INDEX _notionsync_change_key ON _notionsync_change (tbl, key, id)", NULL,
      "DROP INDEX IF EXISTS _notionsync_change_key", 1 },
    { "_notionsync_change_cap",
      "CREATE TRIGGER _notionsync_change_cap AFTER INSERT ON _notionsync_change "
      "WHEN NEW.id % 1000 = 0 BEGIN "
      "UPDATE _notionsync_instance SET dropped = NEW.id - " TEXT_OF(
          NTS_SQL_CHANGES_MAX) " "
                               "WHERE EXISTS (SELECT 1 FROM _notionsync_change WHERE id <= NEW.id "
                               "- " TEXT_OF(NTS_SQL_CHANGES_MAX) "); "
                                                                 "DELETE FROM _notionsync_change "
                                                                 "WHERE id <= NEW.id - " TEXT_OF(
                                                                     NTS_SQL_CHANGES_MAX) "; END",
      NULL, "DROP TRIGGER IF EXISTS _notionsync_change_cap", 1 },
    { "_notionsync_intent",
      "CREATE TABLE _notionsync_intent (intent TEXT NOT NULL PRIMARY KEY, tbl TEXT NOT NULL, "
      "op TEXT NOT NULL, key TEXT, record TEXT, at INTEGER NOT NULL)",
      NULL, "DROP TABLE IF EXISTS _notionsync_intent", 1 },
    { "_notionsync_intent_at", "CREATE INDEX _notionsync_intent_at ON _notionsync_intent (at)",
      NULL, "DROP INDEX IF EXISTS _notionsync_intent_at", 1 },
    { "_notionsync_intent_key",
      "CREATE INDEX _notionsync_intent_key ON _notionsync_intent (tbl, key, at)", NULL,
      "DROP INDEX IF EXISTS _notionsync_intent_key", 1 },
};
#define SHARED_COUNT ((int)(sizeof(shared) / sizeof(shared[0])))
#define TRIGGER_COUNT 3

/* Joins with parentheses by halves: SQLite bounds the depth of an expression, not its length. */
static const char *join(const char *const *parts, int count, const char *between, apr_pool_t *p)
{
    int half = count / 2;

    if (count == 1) {
        return parts[0];
    }
    return apr_pstrcat(p, "(", join(parts, half, between, p), between,
                       join(parts + half, count - half, between, p), ")", NULL);
}

/* Each stored column through @a form; generated ones follow from the others. */
typedef const char *column_fn(const char *quoted, const char *name, apr_pool_t *p);

static const char *each_column(const nts_sql_table_t *table, column_fn *form, const char *between,
                               apr_pool_t *p)
{
    const char **parts = apr_palloc(p, (apr_size_t)(table->count + 1) * sizeof(*parts));
    int count = 0;
    int i;

    for (i = 0; i < table->count; i++) {
        if (!table->columns[i].generated) {
            const char *name = table->columns[i].name;

            parts[count++] = form(nts_sql_quote(name, p), name, p);
        }
    }
    return join(parts, count, between, p);
}

/* By bytes: under NOCASE a change from "abc" to "ABC" would go unseen. */
static const char *differs(const char *quoted, const char *name, apr_pool_t *p)
{
    (void)name;
    return apr_pstrcat(p, "OLD.", quoted, " COLLATE BINARY IS NOT NEW.", quoted, NULL);
}

static const char *length(const char *quoted, const char *name, apr_pool_t *p)
{
    (void)name;
    return apr_pstrcat(p, "ifnull(length(OLD.", quoted, "), 0)", NULL);
}

/* 'name',value with quote() for both, the name ready made. */
static const char *pair(const char *quoted, const char *name, apr_pool_t *p)
{
    const char *literal = apr_pstrcat(p, nts_sql_literal(name, p), ",", NULL);

    return apr_pstrcat(p, nts_sql_literal(literal, p), " || quote(OLD.", quoted, ")", NULL);
}

static const char *trigger_name(const char *word, const char *tbl, apr_pool_t *p)
{
    return apr_pstrcat(p, NTS_SQL_PREFIX, word, "_", tbl, NULL);
}

static const char *drop_trigger(const char *name, apr_pool_t *p)
{
    return apr_pstrcat(p, "DROP TRIGGER IF EXISTS ", nts_sql_quote(name, p), NULL);
}

/* "CREATE TRIGGER "_notionsync_insert_deals" AFTER INSERT ON "deals"" and what follows. */
static nts_sql_object_t trigger(const char *event, const char *word, const nts_sql_table_t *table,
                                const char *when, const char *body, apr_pool_t *p)
{
    nts_sql_object_t object;

    object.name = trigger_name(word, table->name, p);
    object.create =
        apr_pstrcat(p, "CREATE TRIGGER ", nts_sql_quote(object.name, p), " AFTER ", event, " ON ",
                    nts_sql_quote(table->name, p), when ? " WHEN " : "", when ? when : "",
                    " BEGIN INSERT INTO _notionsync_change ", body, "; END", NULL);
    object.shown = NULL;
    object.drop = drop_trigger(object.name, p);
    object.is_shared = 0;
    return object;
}

static nts_sql_object_t insert_trigger(const nts_sql_table_t *table, apr_pool_t *p)
{
    const char *body = apr_pstrcat(
        p, "(tbl, op, key, at) VALUES (", nts_sql_literal(table->name, p), ", 'i', ",
        nts_sql_sqlite_stored_expression(table, "NEW", p), ", " NTS_SQL_SQLITE_NOW ")", NULL);

    return trigger("INSERT", "insert", table, nts_sql_sqlite_usable(table, "NEW", p), body, p);
}

/* A key that was unusable (NULL) before or after makes the change an insert or a delete. */
static nts_sql_object_t update_trigger(const nts_sql_table_t *table, apr_pool_t *p)
{
    const char *body =
        apr_pstrcat(p, "(tbl, op, key, old_key, at) SELECT ", nts_sql_literal(table->name, p),
                    ", CASE WHEN k.o COLLATE BINARY IS k.n THEN 'u' WHEN k.o IS NULL THEN 'i' "
                    "WHEN k.n IS NULL THEN 'd' ELSE 'k' END, ifnull(k.n, k.o), "
                    "CASE WHEN k.n IS NOT NULL AND k.o COLLATE BINARY IS NOT k.n THEN k.o "
                    "END, " NTS_SQL_SQLITE_NOW " FROM (SELECT ",
                    nts_sql_sqlite_stored_expression(table, "OLD", p), " AS o, ",
                    nts_sql_sqlite_stored_expression(table, "NEW", p),
                    " AS n) AS k WHERE ifnull(k.n, k.o) IS NOT NULL", NULL);

    return trigger("UPDATE", "update", table, each_column(table, differs, " OR ", p), body, p);
}

static nts_sql_object_t delete_trigger(const nts_sql_table_t *table, apr_pool_t *p)
{
    const char *body = apr_pstrcat(
        p, "(tbl, op, key, image, at) VALUES (", nts_sql_literal(table->name, p), ", 'd', ",
        nts_sql_sqlite_stored_expression(table, "OLD", p), ", CASE WHEN ",
        each_column(table, length, " + ", p), " <= " IMAGE_MAX " THEN ",
        each_column(table, pair, " || ',' || ", p), " END, " NTS_SQL_SQLITE_NOW ")", NULL);

    return trigger("DELETE", "delete", table, nts_sql_sqlite_usable(table, "OLD", p), body, p);
}

const nts_sql_object_t *nts_sql_sqlite_objects(int *count, const nts_sql_table_t *table,
                                               apr_pool_t *p)
{
    nts_sql_object_t *objects =
        apr_palloc(p, (SHARED_COUNT + TRIGGER_COUNT) * sizeof(nts_sql_object_t));

    memcpy(objects, shared, sizeof(shared));
    objects[SHARED_COUNT] = insert_trigger(table, p);
    objects[SHARED_COUNT + 1] = update_trigger(table, p);
    objects[SHARED_COUNT + 2] = delete_trigger(table, p);
    *count = SHARED_COUNT + TRIGGER_COUNT;
    return objects;
}

void nts_sql_sqlite_plan_table_removal(apr_array_header_t *statements, nts_sql_session_t *s,
                                       const char *tbl)
{
    static const char *const words[TRIGGER_COUNT] = { "insert", "update", "delete" };
    int i;

    for (i = 0; i < TRIGGER_COUNT; i++) {
        APR_ARRAY_PUSH(statements, const char *) =
            drop_trigger(trigger_name(words[i], tbl, s->ptemp), s->ptemp);
    }
}

void nts_sql_sqlite_plan_shared_removal(apr_array_header_t *statements, nts_sql_session_t *s)
{
    int i;

    (void)s;
    for (i = SHARED_COUNT - 1; i >= 0; i--) {
        APR_ARRAY_PUSH(statements, const char *) = shared[i].drop;
    }
}

const char *nts_sql_sqlite_enrol(const char *tbl, apr_pool_t *p)
{
    const char *name = nts_sql_literal(tbl, p);

    return apr_pstrcat(p, "INSERT INTO _notionsync_table (tbl, pruned) SELECT ", name,
                       ", 0 WHERE NOT EXISTS (SELECT 1 FROM _notionsync_table WHERE tbl = ", name,
                       ")", NULL);
}

const char *nts_sql_sqlite_missed(const char *tbl, apr_pool_t *p)
{
    return apr_pstrcat(p, "INSERT INTO _notionsync_change (tbl, op, at) VALUES (",
                       nts_sql_literal(tbl, p), ", 't', " NTS_SQL_SQLITE_NOW ")", NULL);
}
