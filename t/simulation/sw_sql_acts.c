/* sw_sql_acts.c - what people and applications do in the database. */
#include <string.h>

#include <apr_strings.h>

#include "simulation/sm_kernel.h"
#include "simulation/sw.h"

static int table_of(const sw_world_t *w, const sm_action_t *a)
{
    return (int)(a->n[0] & 0xff) % w->tables;
}

static sw_row_t *row_of(sw_world_t *w, const sm_action_t *a, apr_int64_t mark)
{
    return sw_sql_find(w, table_of(w, a), sw_mark_of(mark, w->ptemp));
}

static int field_of(apr_int64_t n)
{
    int field = (int)(n & 0xff) % SW_FIELDS;

    return field == SW_MARK ? SW_REMARK : field;
}

/* "UPDATE t SET f = v WHERE id = k" for an edit action. NULL: nothing to edit. */
static const char *update(sw_world_t *w, const sm_action_t *a)
{
    int table = table_of(w, a);
    int field = field_of(a->n[2]);
    const sw_row_t *row = row_of(w, a, a->n[1]);
    const char *value;

    if (!row) {
        return NULL;
    }
    value = sw_value_edited((sw_field_id_t)field, (int)a->n[4], a->n[3], row->values[field],
                            row->before[field], w->ptemp);
    return apr_psprintf(w->ptemp, "UPDATE %s SET %s = %s WHERE id = %s", w->table[table].name,
                        sw_fields[field].column, sw_sql_literal(w, table, field, value, w->ptemp),
                        sw_sql_key(w, table, row->text, w->ptemp));
}

static void edit(sm_t *sm, const sm_action_t *a)
{
    sw_world_t *w = sw_world(sm);
    const char *sql = update(w, a);

    if (sql) {
        (void)sw_sql_run(w, sql);
    }
}

static const sm_kind_t edit_kind = { "sql.edit",
                                     edit,
                                     { "table", "mark", "field", "value", "how" } };

const char *sw_sql_insert(sw_world_t *w, int table, const char *verb, const char *key,
                          const char *const *values, apr_int64_t parent)
{
    const char *columns = key ? "id" : "";
    const char *cells = key ? sw_sql_key(w, table, key, w->ptemp) : "";
    int k;

    for (k = 0; k < SW_FIELDS; k++) {
        if (values[k] || k == SW_MARK) {
            const char *comma = *columns ? ", " : "";

            columns = apr_pstrcat(w->ptemp, columns, comma, sw_fields[k].column, NULL);
            cells = apr_pstrcat(w->ptemp, cells, comma,
                                sw_sql_literal(w, table, k, values[k], w->ptemp), NULL);
        }
    }
    if (w->table[table].parent && w->rows[0].count) {
        columns = apr_pstrcat(w->ptemp, columns, ", parent", NULL);
        cells = apr_pstrcat(
            w->ptemp, cells, ", ",
            sw_sql_key(w, 0, w->rows[0].rows[parent % w->rows[0].count].text, w->ptemp), NULL);
    }
    return apr_psprintf(w->ptemp, "%s INTO %s (%s) VALUES (%s)", verb, w->table[table].name,
                        columns, cells);
}

void sw_sql_values(sw_world_t *w, const char **values, apr_int64_t mark, apr_int64_t value,
                   apr_int64_t fields)
{
    int k;

    memset(values, 0, SW_FIELDS * sizeof(*values));
    for (k = 1; k < SW_FIELDS; k++) {
        if (fields >> k & 1) {
            values[k] = sw_value_of((sw_field_id_t)k, value + k, w->ptemp);
        }
    }
    values[SW_MARK] = sw_mark_of(mark, w->ptemp);
}

static void make(sm_t *sm, const sm_action_t *a)
{
    sw_world_t *w = sw_world(sm);
    const char *values[SW_FIELDS];
    /* A text is typed, most of the time; a number the database gives. */
    const char *key = w->table[table_of(w, a)].key == SW_KEY_INTEGER || a->n[2] % 4 == 0
                          ? NULL
                          : sw_key_of(a->n[2], w->ptemp);

    sw_sql_values(w, values, a->n[1], a->n[2], a->n[3]);
    (void)sw_sql_run(w, sw_sql_insert(w, table_of(w, a), "INSERT", key, values, a->n[4] & 0xff));
}

static const sm_kind_t make_kind = { "sql.make",
                                     make,
                                     { "table", "mark", "value", "fields", "parent" } };

static const char *delete_sql(sw_world_t *w, const sm_action_t *a, const sw_row_t *row)
{
    return apr_psprintf(w->ptemp, "DELETE FROM %s WHERE id = %s", w->table[table_of(w, a)].name,
                        sw_sql_key(w, table_of(w, a), row->text, w->ptemp));
}

static void delete_row(sm_t *sm, const sm_action_t *a)
{
    sw_world_t *w = sw_world(sm);
    const sw_row_t *row = row_of(w, a, a->n[1]);

    if (row) {
        (void)sw_sql_run(w, delete_sql(w, a, row));
    }
}

static const sm_kind_t delete_kind = { "sql.delete", delete_row, { "table", "mark" } };

static void rekey(sm_t *sm, const sm_action_t *a)
{
    sw_world_t *w = sw_world(sm);
    const sw_row_t *row = row_of(w, a, a->n[1]);

    int table = table_of(w, a);

    if (row) {
        w->rekeyed_from = row->text;
        w->rekeyed_to = w->table[table].key == SW_KEY_INTEGER
                            ? apr_psprintf(w->ptemp, "%" APR_INT64_T_FMT, a->n[2] > 0 ? a->n[2] : 1)
                            : sw_key_of(a->n[2], w->ptemp);
        (void)sw_sql_run(w, apr_psprintf(w->ptemp, "UPDATE %s SET id = %s WHERE id = %s",
                                         w->table[table].name,
                                         sw_sql_key(w, table, w->rekeyed_to, w->ptemp),
                                         sw_sql_key(w, table, row->text, w->ptemp)));
    }
}

static const sm_kind_t rekey_kind = { "sql.rekey", rekey, { "table", "mark", "key" } };

/* A row goes, and another comes under its key. In one transaction that is the same record with new values (S4.4); in two it
 * is a record of its own, if they are so far apart that nobody can take them for one. */
typedef struct reuse_t {
    const char *sql;
} reuse_t;

static void come_back(sm_t *sm, void *baton)
{
    const reuse_t *r = baton;

    (void)sw_sql_run(sw_world(sm), r->sql);
}

static void reuse(sm_t *sm, const sm_action_t *a)
{
    sw_world_t *w = sw_world(sm);
    const sw_row_t *row = row_of(w, a, a->n[1]);
    int together = a->n[5] <= 0;
    const char *values[SW_FIELDS];
    const char *out;
    const char *in;
    apr_array_header_t *losers;

    if (!row) {
        return;
    }
    sw_sql_values(w, values, together ? a->n[1] : a->n[2], a->n[3], a->n[4]);
    out = delete_sql(w, a, row);
    in = sw_sql_insert(w, table_of(w, a), "INSERT", row->text, values, a->n[3] & 0xff);
    if (together) {
        losers = sw_relation_losers(w, table_of(w, a), row);
        if (sw_sql_run(w, apr_pstrcat(w->ptemp, "BEGIN;", out, ";", in, ";COMMIT", NULL)) == 0) {
            sw_relation_lost(w, losers);
        }
    }
    else if (sw_sql_run(w, out) == 0) {
        reuse_t *r = apr_pcalloc(sm->p, sizeof(*r));

        r->sql = apr_pstrdup(sm->p, in);
        sm_after(sm, SM_MS(2500 + a->n[5]), come_back, r);
    }
}

static const sm_kind_t reuse_kind = { "sql.reuse",
                                      reuse,
                                      { "table", "mark", "new_mark", "value", "fields", "ms" } };

static void replace(sm_t *sm, const sm_action_t *a)
{
    sw_world_t *w = sw_world(sm);
    const sw_row_t *row = row_of(w, a, a->n[1]);
    const char *values[SW_FIELDS];

    if (row) {
        sw_sql_values(w, values, a->n[1], a->n[2], a->n[3]);
        (void)sw_sql_run(w, sw_sql_insert(w, table_of(w, a), "INSERT OR REPLACE", row->text, values,
                                          a->n[2] & 0xff));
    }
}

static const sm_kind_t replace_kind = { "sql.replace",
                                        replace,
                                        { "table", "mark", "value", "fields" } };

static void empty(sm_t *sm, const sm_action_t *a)
{
    sw_world_t *w = sw_world(sm);

    (void)sw_sql_run(w, apr_psprintf(w->ptemp, "DELETE FROM %s", w->table[table_of(w, a)].name));
}

static const sm_kind_t truncate_kind = { "sql.truncate", empty, { "table" } };

/* Two rows swap their unique values. */
static void swap(sm_t *sm, const sm_action_t *a)
{
    sw_world_t *w = sw_world(sm);
    const sw_row_t *one = row_of(w, a, a->n[1]);
    const sw_row_t *two = row_of(w, a, a->n[2]);
    const char *table = w->table[table_of(w, a)].name;

    if (one && two && one != two) {
        (void)sw_sql_run(
            w,
            apr_psprintf(w->ptemp,
                         "BEGIN; UPDATE %s SET code = NULL WHERE id = %s; "
                         "UPDATE %s SET code = %s WHERE id = %s; "
                         "UPDATE %s SET code = %s WHERE id = %s; COMMIT",
                         table, sw_sql_key(w, table_of(w, a), one->text, w->ptemp), table,
                         sw_sql_literal(w, table_of(w, a), SW_CODE, one->values[SW_CODE], w->ptemp),
                         sw_sql_key(w, table_of(w, a), two->text, w->ptemp), table,
                         sw_sql_literal(w, table_of(w, a), SW_CODE, two->values[SW_CODE], w->ptemp),
                         sw_sql_key(w, table_of(w, a), one->text, w->ptemp)));
    }
}

static const sm_kind_t swap_kind = { "sql.swap", swap, { "table", "mark", "mark" } };

/* All rows get one value at once. */
static void batch(sm_t *sm, const sm_action_t *a)
{
    sw_world_t *w = sw_world(sm);
    int table = table_of(w, a);
    int field = field_of(a->n[1]);

    if (field != SW_CODE) {
        (void)sw_sql_run(
            w, apr_psprintf(
                   w->ptemp, "UPDATE %s SET %s = %s", w->table[table].name, sw_fields[field].column,
                   sw_sql_literal(w, table, field,
                                  sw_value_of((sw_field_id_t)field, a->n[2], w->ptemp), w->ptemp)));
    }
}

static const sm_kind_t batch_kind = { "sql.batch", batch, { "table", "field", "value" } };

/* ---- locks and long transactions */

static void let_go(sm_t *sm, void *baton)
{
    sw_world_t *w = sw_world(sm);

    if (w->holder && w->holding == (int)(intptr_t)baton) {
        if (sqlite3_exec(w->holder, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
            sm_remark(sm, "a long transaction is rolled back: %s", sqlite3_errmsg(w->holder));
        }
        (void)sqlite3_close(w->holder);
        w->holder = NULL;
        sw_sql_look(w, HISTORY_ACT, 0);
    }
}

static void hold(sw_world_t *w, const char *sql, apr_int64_t ms)
{
    if (w->holder) {
        return;
    }
    if (sqlite3_open(w->path, &w->holder) != SQLITE_OK ||
        sqlite3_exec(w->holder, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK) {
        (void)sqlite3_close(w->holder);
        w->holder = NULL;
        return;
    }
    if (sql) {
        (void)sqlite3_exec(w->holder, sql, NULL, NULL, NULL);
    }
    w->holding++;
    sm_after(w->sm, SM_MS(ms), let_go, (void *)(intptr_t)w->holding);
}

static void lock(sm_t *sm, const sm_action_t *a)
{
    hold(sw_world(sm), NULL, a->n[0]);
}

static const sm_kind_t lock_kind = { "sql.lock", lock, { "ms" } };

static void slowly(sm_t *sm, const sm_action_t *a)
{
    sw_world_t *w = sw_world(sm);
    const char *sql = update(w, a);

    if (sql) {
        hold(w, sql, a->n[5]);
    }
}

static const sm_kind_t slow_kind = { "sql.slow",
                                     slowly,
                                     { "table", "mark", "field", "value", "how", "ms" } };

/* ---- the whole database */

static const char *copy_name(sw_world_t *w, apr_int64_t slot)
{
    return apr_psprintf(w->ptemp, "%s.copy%d", w->path, (int)(slot & 1));
}

static void keep(sm_t *sm, const sm_action_t *a)
{
    sw_world_t *w = sw_world(sm);

    if (!sw_sql_is_held(w)) {
        sm_file_remove(copy_name(w, a->n[0]));
        (void)sqlite3_exec(w->db, apr_psprintf(w->ptemp, "VACUUM INTO '%s'", copy_name(w, a->n[0])),
                           NULL, NULL, NULL);
    }
}

static const sm_kind_t keep_kind = { "sql.keep", keep, { "slot" } };

static void restore(sm_t *sm, const sm_action_t *a)
{
    sw_world_t *w = sw_world(sm);

    if (sm_file_exists(copy_name(w, a->n[0]))) {
        sw_sql_replace(w, (int)(a->n[0] & 1));
    }
}

static const sm_kind_t restore_kind = { "sql.restore", restore, { "slot" } };

/* As a dump is read into a new database: the tables that people know. */
static void dump(sw_world_t *w)
{
    const char *path = apr_psprintf(w->ptemp, "%s.copy%d", w->path, SW_OTHERS_COPY);
    const char *drops = "";
    sqlite3 *db;
    int i;

    sm_file_remove(path);
    (void)sqlite3_exec(w->db, apr_psprintf(w->ptemp, "VACUUM INTO '%s'", path), NULL, NULL, NULL);
    for (i = 0; i < w->tables; i++) {
        drops = apr_psprintf(w->ptemp,
                             "%sDROP TRIGGER IF EXISTS _notionsync_insert_%s;"
                             "DROP TRIGGER IF EXISTS _notionsync_update_%s;"
                             "DROP TRIGGER IF EXISTS _notionsync_delete_%s;",
                             drops, w->table[i].name, w->table[i].name, w->table[i].name);
    }
    if (sqlite3_open(path, &db) == SQLITE_OK) {
        (void)sqlite3_exec(db,
                           apr_pstrcat(w->ptemp, drops,
                                       "DROP TABLE IF EXISTS _notionsync_change;"
                                       "DROP TABLE IF EXISTS _notionsync_intent;"
                                       "DROP TABLE IF EXISTS _notionsync_table;"
                                       "DROP TABLE IF EXISTS _notionsync_instance;",
                                       NULL),
                           NULL, NULL, NULL);
    }
    (void)sqlite3_close(db);
}

static void other(sm_t *sm, const sm_action_t *a)
{
    sw_world_t *w = sw_world(sm);

    if (a->n[0] && !sw_sql_is_held(w)) {
        dump(w);
        sw_sql_replace(w, SW_OTHERS_COPY);
    }
    else {
        sw_sql_replace(w, -1);
    }
}

static const sm_kind_t other_kind = { "sql.other", other, { "with_rows" } };

/* A migration: a column goes, or comes back. What SQLite refuses (a trigger names it) does not happen. */
static void migrate(sm_t *sm, const sm_action_t *a)
{
    static const int which[] = { SW_MAIL, SW_AMOUNT, SW_STAGE, SW_DUE };
    sw_world_t *w = sw_world(sm);
    int table = table_of(w, a);
    const char *name = w->table[table].name;
    int field = which[a->n[1] & 3];
    const char *column = sw_fields[field].column,
               *declared = w->table[table].columns[field].declared;
    const char *drops = apr_psprintf(w->ptemp,
                                     "DROP TRIGGER IF EXISTS _notionsync_insert_%s;"
                                     "DROP TRIGGER IF EXISTS _notionsync_update_%s;"
                                     "DROP TRIGGER IF EXISTS _notionsync_delete_%s;",
                                     name, name, name);

    sw_sql_reshape(w, table, column, a->n[2] ? declared : NULL,
                   a->n[2]
                       ? apr_psprintf(w->ptemp, "BEGIN;%sALTER TABLE %s ADD COLUMN %s %s;COMMIT",
                                      drops, name, column, declared)
                       : apr_psprintf(w->ptemp, "BEGIN;%sALTER TABLE %s DROP COLUMN %s;COMMIT",
                                      drops, name, column));
}

static const sm_kind_t migrate_kind = { "sql.migrate", migrate, { "table", "field", "add" } };

/* The first rows of a table refer to this row of table 0 from now on. */
static void adopt(sm_t *sm, const sm_action_t *a)
{
    sw_world_t *w = sw_world(sm);
    const sw_row_t *parent = sw_sql_find(w, 0, sw_mark_of(a->n[1], w->ptemp));
    int i;

    for (i = 1; parent && i < w->tables; i++) {
        if (w->table[i].parent) {
            (void)sw_sql_run(
                w, apr_psprintf(w->ptemp,
                                "UPDATE %s SET parent = %s WHERE id IN (SELECT id FROM %s ORDER BY "
                                "id LIMIT %d)",
                                w->table[i].name, sw_sql_key(w, 0, parent->text, w->ptemp),
                                w->table[i].name, (int)(a->n[0] & 7)));
        }
    }
}

static const sm_kind_t adopt_kind = { "sql.adopt", adopt, { "rows", "mark" } };

const sm_kind_t *const sw_sql_kinds[] = { &edit_kind,    &make_kind,    &delete_kind,   &rekey_kind,
                                          &reuse_kind,   &replace_kind, &truncate_kind, &swap_kind,
                                          &batch_kind,   &lock_kind,    &slow_kind,     &keep_kind,
                                          &restore_kind, &other_kind,   &migrate_kind,  &adopt_kind,
                                          NULL };
