/* sw_schema.c - properties and columns go, or become others, and are put right (S5.4).
 *
 * A property that was removed is restored with its values, or made again without them, under its id, since Notion promises neither; one whose
 * type was changed gets the former one, and what was made of its values stays made. A column of another type is another column, filled from the
 * first, which goes.
 */
#include <string.h>

#include <apr_strings.h>

#include "simulation/sw.h"

/* ---- properties */

static const sim_ds_t *source_now(sw_notion_t *notion, int source)
{
    sim_id_t id;

    sw_notion_enter(notion);
    (void)sim_id_parse(&id, notion->source_ids[source]);
    return sim_ds_find(&id);
}

/* By which name it went; NULL: it did not, or nobody can restore it. */
static const char *name_of_gone(const sim_ds_t *ds, const char *id)
{
    size_t i;

    for (i = ds->ndead; i-- > 0;) {
        if (!strcmp(ds->dead[i]->id, id)) {
            return ds->dead[i]->name;
        }
    }
    return NULL;
}

/* An object with one member, which is left open. */
static void open_property(sim_buf_t *b, const char *key)
{
    sim_json_open(b, '{');
    sim_json_key(b, "properties");
    sim_json_open(b, '{');
    sim_json_key(b, key);
}

static void patch(sw_notion_t *notion, int source, sim_buf_t *b)
{
    sim_json_close(b, '}');
    sim_json_close(b, '}');
    sw_notion_patch_source(notion, source, b);
}

static void remove_property(sw_notion_t *notion, int source, int field)
{
    sim_buf_t b = SIM_BUF_INIT;

    sw_notion_tell_schema(notion, source, field, HISTORY_RESHAPE, NULL, NULL);
    open_property(&b, sw_notion_property(notion, field));
    sim_json_null(&b);
    patch(notion, source, &b);
}

static void retype_property(sw_notion_t *notion, int source, int field, const char *type,
                            int keeps_id)
{
    sim_buf_t b = SIM_BUF_INIT;

    if (keeps_id) {
        sw_notion_tell_schema(notion, source, field, HISTORY_RETYPE, NULL, type);
    }
    else { /* to us the property that had that id is gone */
        sw_notion_tell_schema(notion, source, field, HISTORY_RESHAPE, NULL, NULL);
    }
    open_property(&b, sw_notion_property(notion, field));
    sim_json_open(&b, '{');
    sim_json_kstr(&b, "retype", type);
    sim_json_kbool(&b, "keep_id", keeps_id);
    sim_json_close(&b, '}');
    patch(notion, source, &b);
}

static void restore_property(sw_notion_t *notion, int source, int field, const char *name,
                             int is_cleared)
{
    const char *type = sw_field_type(notion, field);
    sim_buf_t b = SIM_BUF_INIT;

    sw_notion_tell_schema(notion, source, field, HISTORY_RETYPE, NULL, type);
    open_property(&b, name);
    sim_json_open(&b, '{');
    if (is_cleared) {
        sim_json_kstr(&b, "type", type);
        sim_json_kstr(&b, "id", sw_notion_property(notion, field));
    }
    else {
        sim_json_kbool(&b, "restore", 1);
    }
    sim_json_close(&b, '}');
    patch(notion, source, &b);
}

static void mend_property(sw_notion_t *notion, int source, int field, int is_cleared)
{
    const sim_ds_t *ds = source_now(notion, source);
    const sim_prop_t *prop = sim_prop_by_id(ds, sw_notion_property(notion, field));
    const char *name = prop ? NULL : name_of_gone(ds, sw_notion_property(notion, field));

    if (name) {
        restore_property(notion, source, field, apr_pstrdup(notion->w->ptemp, name),
                         is_cleared && !(field == SW_STAGE && notion->w->is_status));
        prop = sim_prop_by_id(ds, sw_notion_property(notion, field));
    }
    if (prop && strcmp(sim_type_name(prop->type), sw_field_type(notion, field)) != 0) {
        retype_property(notion, source, field, sw_field_type(notion, field), 1);
    }
}

enum { REMOVE = 0, RETYPE, REPLACE, MEND };

static void reshape_property(sm_t *sm, const sm_action_t *a)
{
    static const char *const types[] = { "rich_text", "number",   "select",       "url",
                                         "date",      "checkbox", "multi_select", "people" };
    sw_notion_t *notion = sw_notion_of(sm, a);
    int source = (int)(a->n[0] & 0xff) % notion->sources;
    int field = (int)(a->n[1] & 0xff) % SW_REMARK;
    const sim_prop_t *prop =
        sim_prop_by_id(source_now(notion, source), sw_notion_property(notion, field));

    if (field == SW_MARK || !strcmp(sw_notion_property(notion, field), "title")) {
        return;
    }
    if (a->n[2] == MEND) {
        mend_property(notion, source, field, a->n[4] != 0);
    }
    else if (prop && (a->n[2] == REMOVE || (field == SW_STAGE && notion->w->is_status))) {
        remove_property(notion, source, field); /* the list of a status stays as it is */
    }
    else if (prop) {
        retype_property(notion, source, field, types[a->n[3] & 7], a->n[2] == RETYPE);
    }
}

static const sm_kind_t property_kind = { "notion.reshape",
                                         reshape_property,
                                         { "source", "field", "op", "to", "cleared" } };

/* ---- columns */

/* How it is declared now, in memory of the connection; NULL: it is not there. */
static const char *declared_now(const sw_world_t *w, int table, int field)
{
    const char *declared = NULL;

    return sqlite3_table_column_metadata(w->db, NULL, w->table[table].name, sw_fields[field].column,
                                         &declared, NULL, NULL, NULL, NULL) == SQLITE_OK
               ? declared
               : NULL;
}

/* Our triggers name columns, so whoever alters a table drops them. */
static const char *altering(const sw_world_t *w, const char *table, const char *statements)
{
    return apr_psprintf(w->ptemp,
                        "BEGIN;DROP TRIGGER IF EXISTS _notionsync_insert_%s;"
                        "DROP TRIGGER IF EXISTS _notionsync_update_%s;"
                        "DROP TRIGGER IF EXISTS _notionsync_delete_%s;%s;COMMIT",
                        table, table, table, statements);
}

static void drop_column(sw_world_t *w, int table, int field)
{
    const char *name = w->table[table].name, *column = sw_fields[field].column;

    sw_sql_reshape(
        w, table, column, NULL,
        altering(w, name, apr_psprintf(w->ptemp, "ALTER TABLE %s DROP COLUMN %s", name, column)));
}

static void add_column(sw_world_t *w, int table, int field, const char *declared)
{
    const char *name = w->table[table].name, *column = sw_fields[field].column;

    sw_sql_reshape(w, table, column, declared,
                   altering(w, name,
                            apr_psprintf(w->ptemp, "ALTER TABLE %s ADD COLUMN %s %s", name, column,
                                         declared)));
}

static void retype_column(sw_world_t *w, int table, int field, const char *declared)
{
    const char *name = w->table[table].name, *column = sw_fields[field].column;
    /* a day cast to a date would be the number of its year */
    const char *value = !strncmp(declared, "DATE", 4)
                            ? apr_psprintf(w->ptemp, "CAST(%s AS TEXT)", column)
                            : apr_psprintf(w->ptemp, "CAST(%s AS %s)", column, declared);

    sw_sql_reshape(w, table, column, declared,
                   altering(w, name,
                            apr_psprintf(w->ptemp,
                                         "ALTER TABLE %s ADD COLUMN reshaped %s;"
                                         "UPDATE %s SET reshaped = %s;"
                                         "ALTER TABLE %s DROP COLUMN %s;"
                                         "ALTER TABLE %s RENAME COLUMN reshaped TO %s",
                                         name, declared, name, value, name, column, name, column)));
}

static void mend_column(sw_world_t *w, int table, int field)
{
    const char *now = declared_now(w, table, field);
    const char *declared = w->table[table].columns[field].declared;

    if (!now) {
        add_column(w, table, field, declared);
    }
    else if (strcmp(now, declared) != 0) {
        retype_column(w, table, field, declared);
    }
}

static void reshape_column(sm_t *sm, const sm_action_t *a)
{
    static const char *const types[] = { "BLOB", "INTEGER", "DATE", "DATETIME" };
    sw_world_t *w = sw_world(sm);
    int table = (int)(a->n[0] & 0xff) % w->tables;
    int field = (int)(a->n[1] & 0xff) % SW_REMARK;
    const char *now = declared_now(w, table, field);
    /* numbers of another sort are numbers */
    const char *type = types[field == SW_AMOUNT && (a->n[3] & 3) == 1 ? 0 : a->n[3] & 3];

    if (field == SW_MARK) {
        return;
    }
    if (a->n[2] == MEND) {
        mend_column(w, table, field);
    }
    else if (now && a->n[2] == REMOVE) {
        drop_column(w, table, field);
    }
    else if (now && strcmp(now, type) != 0) {
        retype_column(w, table, field, type);
    }
}

static const sm_kind_t column_kind = { "sql.reshape",
                                       reshape_column,
                                       { "table", "field", "op", "to" } };

const sm_kind_t *const sw_property_kinds[] = { &property_kind, NULL };
const sm_kind_t *const sw_column_kinds[] = { &column_kind, NULL };

/* ---- when people have time for it */

void sw_schema_mend(sw_world_t *w)
{
    int i, k, n;

    for (k = 1; k < SW_REMARK; k++) {
        for (n = 0; n < w->notions; n++) {
            for (i = 0; i < w->notion[n].sources; i++) {
                mend_property(&w->notion[n], i, k, 0);
            }
        }
        for (i = 0; w->notions == 1 && i < w->tables; i++) {
            mend_column(w, i, k);
        }
    }
}

/* Another database has come in the place of the one that people knew, maybe with other columns. */
void sw_schema_tell_columns(sw_world_t *w)
{
    int i, k;

    for (i = 0; i < w->tables; i++) {
        for (k = 1; k < SW_REMARK; k++) {
            const char *now = history_text(w->history, declared_now(w, i, k));

            if (w->declared[i][k].is_known && w->declared[i][k].now != now) {
                sw_sql_tell_column(w, i, sw_fields[k].column, now);
            }
            w->declared[i][k].now = now;
            w->declared[i][k].is_known = 1;
        }
    }
}

int sw_schema_lacks_column(const sw_world_t *w, int table, int field)
{
    const char *now = declared_now(w, table, field);

    return !now || strcmp(now, w->table[table].columns[field].declared) != 0;
}

const char *sw_schema_type_now(sw_notion_t *notion, int source, int field)
{
    const sim_ds_t *ds = source_now(notion, source);
    const sim_prop_t *prop = ds ? sim_prop_by_id(ds, sw_notion_property(notion, field)) : NULL;

    return prop ? sim_type_name(prop->type) : NULL;
}
