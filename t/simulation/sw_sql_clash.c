/* sw_sql_clash.c - rows that get into each other's way: by a unique value, by a key that SQLite takes for another's. */
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "simulation/sm_kernel.h"
#include "simulation/sw.h"

static int table_of(const sw_world_t *w, const sm_action_t *a)
{
    return (int)(a->n[0] & 0xff) % w->tables;
}

/* ---- rows that are displaced */

/* A row other than @a but that has a unique value, from the one with @a mark on. */
static const sw_row_t *owner(sw_world_t *w, int table, const sw_row_t *but, apr_int64_t mark)
{
    const sw_rows_t *rows = &w->rows[table];
    const sw_row_t *first = sw_sql_find(w, table, sw_mark_of(mark, w->ptemp));
    int from = first ? (int)(first - rows->rows) : 0;
    int i;

    for (i = 0; i < rows->count; i++) {
        const sw_row_t *row = &rows->rows[(from + i) % rows->count];

        if (row != but && row->values[SW_CODE]) {
            return row;
        }
    }
    return NULL;
}

enum { BY_NEW = 0, BY_SAME_KEY, BY_UPDATE };

/* The other row goes without a trigger of its own, unless the writer lets triggers call triggers. */
static void displace(sm_t *sm, const sm_action_t *a)
{
    sw_world_t *w = sw_world(sm);
    int table = table_of(w, a);
    int how = (int)(a->n[5] & 3);
    const sw_row_t *row = sw_sql_find(w, table, sw_mark_of(a->n[1], w->ptemp));
    const sw_row_t *other = owner(w, table, row, a->n[2]);
    const char *values[SW_FIELDS];
    const char *sql;

    if (!other || (how == BY_NEW) != !row) {
        return;
    }
    if (how == BY_UPDATE) {
        sql = apr_psprintf(w->ptemp, "UPDATE OR REPLACE %s SET code = %s WHERE id = %s",
                           w->table[table].name,
                           sw_sql_literal(w, table, SW_CODE, other->values[SW_CODE], w->ptemp),
                           sw_sql_key(w, table, row->text, w->ptemp));
    }
    else {
        sw_sql_values(w, values, a->n[1], a->n[3], a->n[4]);
        values[SW_CODE] = other->values[SW_CODE];
        sql = sw_sql_insert(w, table, "INSERT OR REPLACE", row ? row->text : NULL, values, 0);
    }
    (void)sw_sql_run(w, (a->n[5] & 4)
                            ? apr_pstrcat(w->ptemp, "PRAGMA recursive_triggers = ON;", sql, NULL)
                            : sql);
    (void)sqlite3_exec(w->db, "PRAGMA recursive_triggers = OFF", NULL, NULL, NULL);
}

static const sm_kind_t displace_kind = { "sql.displace",
                                         displace,
                                         { "table", "mark", "other", "value", "fields", "how" } };

/* ---- keys in other forms */

enum { BLANK = 0, CASE, BOTH, BARE };

static const char *other_form(const char *key, apr_int64_t how, apr_pool_t *p)
{
    char *text = apr_pstrcat(p, key, how == CASE ? "" : " ", NULL);
    char *at;

    for (at = text; (how == CASE || how == BOTH) && *at; at++) {
        *at = (char)(apr_islower(*at) ? apr_toupper(*at) : apr_tolower(*at));
    }
    for (at = text + strlen(text); how == BARE && at > text + 1 && at[-1] == ' '; at--) {
        at[-1] = '\0';
    }
    return text;
}

enum { CHANGED = 0, TOGETHER, REPLACED, LATER };

static void insert_later(sm_t *sm, void *baton)
{
    (void)sw_sql_run(sw_world(sm), baton);
}

/* Its key gets another form; or it goes, and another row comes under that, at once, in its place, or later. */
static void reform(sm_t *sm, const sm_action_t *a)
{
    sw_world_t *w = sw_world(sm);
    int table = table_of(w, a);
    const sw_row_t *row = sw_sql_find(w, table, sw_mark_of(a->n[1], w->ptemp));
    const char *name = w->table[table].name;
    const char *values[SW_FIELDS];
    const char *key, *out, *in;

    if (!row || w->table[table].key == SW_KEY_INTEGER) {
        return;
    }
    key = other_form(row->text, a->n[5], w->ptemp);
    sw_sql_values(w, values, a->n[4] == TOGETHER ? a->n[1] : a->n[2], a->n[3], 0xffff);
    out = apr_psprintf(w->ptemp, "DELETE FROM %s WHERE id = %s", name,
                       sw_sql_key(w, table, row->text, w->ptemp));
    in = sw_sql_insert(w, table, a->n[4] == REPLACED ? "INSERT OR REPLACE" : "INSERT", key, values,
                       0);
    switch (a->n[4]) {
    case CHANGED:
        w->rekeyed_from = row->text;
        w->rekeyed_to = key;
        (void)sw_sql_run(w, apr_psprintf(w->ptemp, "UPDATE %s SET id = %s WHERE id = %s", name,
                                         sw_sql_key(w, table, key, w->ptemp),
                                         sw_sql_key(w, table, row->text, w->ptemp)));
        break;
    case TOGETHER:
        (void)sw_sql_run(w, apr_pstrcat(w->ptemp, "BEGIN;", out, ";", in, ";COMMIT", NULL));
        break;
    case REPLACED:
        (void)sw_sql_run(w, in);
        break;
    case LATER:
    default:
        in = apr_pstrdup(sm->p, in);
        if (sw_sql_run(w, out) == 0) {
            sm_after(sm, SM_MS(2500 + a->n[3] * 3), insert_later, (void *)in);
        }
        break;
    }
}

static const sm_kind_t form_kind = { "sql.form",
                                     reform,
                                     { "table", "mark", "new_mark", "value", "how", "form" } };

const sm_kind_t *const sw_sql_clash_kinds[] = { &displace_kind, &form_kind, NULL };
