/* Databases, data sources and properties as the API shows them. */
#include <string.h>

#include "sim_render.h"
#include "sim_schema.h"

void sim_object_url(sim_buf_t *b, const char *title, const sim_id_t *id)
{
    char text[SIM_ID_TEXT], *p;
    sim_buf_t slug = SIM_BUF_INIT;

    for (; title && *title && slug.len < 60; title++) {
        int word = (*title >= 'a' && *title <= 'z') || (*title >= 'A' && *title <= 'Z') ||
                   (*title >= '0' && *title <= '9');

        if (word || (slug.len && slug.s[slug.len - 1] != '-')) {
            sim_buf_add(&slug, word ? title : "-", 1);
        }
    }
    if (slug.len && slug.s[slug.len - 1] != '-') {
        sim_buf_add(&slug, "-", 1);
    }
    sim_id_format(text, id);
    sim_json_raw(b, "\"https://app.notion.com/p/");
    sim_buf_str(b, slug.s ? slug.s : "");
    for (p = text; *p; p++) {
        if (*p != '-') {
            sim_buf_add(b, p, 1);
        }
    }
    sim_buf_str(b, "\"");
    sim_buf_free(&slug);
}

void sim_option_json(sim_buf_t *b, const sim_option_t *o, int with_description)
{
    sim_json_open(b, '{');
    sim_json_kstr(b, "id", o->id);
    sim_json_kstr(b, "name", o->name);
    sim_json_kstr(b, "color", o->color);
    if (with_description) {
        sim_json_knull(b, "description");
    }
    sim_json_close(b, '}');
}

static void put_options(sim_buf_t *b, const sim_prop_t *p)
{
    size_t i;

    sim_json_key(b, "options");
    sim_json_open(b, '[');
    for (i = 0; i < p->noptions; i++) {
        if (!p->options[i]->removed) {
            sim_option_json(b, p->options[i], 1);
        }
    }
    sim_json_close(b, ']');
}

static void put_groups(sim_buf_t *b, const sim_prop_t *p)
{
    static const char *const names[] = { "To-do", "In progress", "Complete" };
    static const char *const colors[] = { "gray", "blue", "green" };
    int g;
    size_t i;

    sim_json_key(b, "groups");
    sim_json_open(b, '[');
    for (g = 0; g < 3; g++) {
        char id[64];
        sim_id_t uuid = sim_w.workspace_id;

        /* made up, but the same at each reading */
        uuid.b[0] = (unsigned char)(uuid.b[0] + g);
        uuid.b[1] = (unsigned char)(uuid.b[1] + (unsigned)p->slot);
        sim_id_format(id, &uuid);
        sim_json_open(b, '{');
        sim_json_kstr(b, "id", id);
        sim_json_kstr(b, "name", names[g]);
        sim_json_kstr(b, "color", colors[g]);
        sim_json_key(b, "option_ids");
        sim_json_open(b, '[');
        for (i = 0; i < p->noptions; i++) {
            if (!p->options[i]->removed && p->options[i]->group == g) {
                sim_json_str(b, p->options[i]->id);
            }
        }
        sim_json_close(b, ']');
        sim_json_close(b, '}');
    }
    sim_json_close(b, ']');
}

static void put_relation(sim_buf_t *b, const sim_prop_t *p)
{
    sim_ds_t *ds = sim_ds_find(&p->rel);
    sim_prop_t *dual = ds && p->dual ? sim_prop_by_id(ds, p->dual) : NULL;

    sim_id_json(b, "database_id", ds ? &ds->db->id : &p->rel);
    sim_id_json(b, "data_source_id", &p->rel);
    sim_json_kstr(b, "type", dual ? "dual_property" : "single_property");
    sim_json_key(b, dual ? "dual_property" : "single_property");
    sim_json_open(b, '{');
    if (dual) {
        sim_json_kstr(b, "synced_property_id", dual->enc);
        sim_json_kstr(b, "synced_property_name", dual->name);
    }
    sim_json_close(b, '}');
}

static void put_rollup(sim_buf_t *b, const sim_prop_t *p)
{
    sim_json_kstr(b, "function", p->text ? p->text : "show_original");
    sim_json_kstr(b, "rollup_property_name", p->target ? p->target : "Name");
    sim_json_kstr(b, "relation_property_name", p->via ? p->via : "Items");
    sim_json_kstr(b, "rollup_property_id", "title");
    sim_json_kstr(b, "relation_property_id", "rel1");
}

void sim_prop_json(sim_buf_t *b, const sim_prop_t *p)
{
    sim_json_open(b, '{');
    sim_json_kstr(b, "id", p->enc);
    sim_json_kstr(b, "name", p->name);
    sim_json_kstr(b, "description", p->description);
    sim_json_kstr(b, "type", sim_type_name(p->type));
    sim_json_key(b, sim_type_name(p->type));
    sim_json_open(b, '{');
    switch (p->type) {
    case SIM_T_NUMBER:
        sim_json_kstr(b, "format", p->text ? p->text : "number");
        break;
    case SIM_T_STATUS:
        put_options(b, p);
        put_groups(b, p);
        break;
    case SIM_T_SELECT:
    case SIM_T_MULTI_SELECT:
        put_options(b, p);
        break;
    case SIM_T_RELATION:
        put_relation(b, p);
        break;
    case SIM_T_FORMULA:
        sim_json_kstr(b, "expression", p->text ? p->text : "");
        break;
    case SIM_T_ROLLUP:
        put_rollup(b, p);
        break;
    case SIM_T_UNIQUE_ID:
        sim_json_kstr(b, "prefix", p->text);
        break;
    default:
        break;
    }
    sim_json_close(b, '}');
    sim_json_close(b, '}');
}

int sim_prop_is_visible(const sim_prop_t *p, const sim_token_t *t)
{
    sim_ds_t *ds;

    if (p->type != SIM_T_RELATION || !t) {
        return 1;
    }
    ds = sim_ds_find(&p->rel);
    return ds && sim_token_can_see(t, ds);
}

static void put_partial_user(sim_buf_t *b, const char *key, const sim_user_t *u)
{
    sim_json_key(b, key);
    sim_user_partial_json(b, u);
}

void sim_ds_json(sim_buf_t *b, const sim_ds_t *ds, const sim_token_t *t, int old_version)
{
    size_t i;

    sim_json_open(b, '{');
    sim_json_kstr(b, "object", "data_source");
    sim_id_json(b, "id", &ds->id);
    sim_json_key(b, "title");
    sim_plain_rich_json(b, ds->name);
    sim_json_kraw(b, "description", "[]");
    sim_json_key(b, "parent");
    sim_json_open(b, '{');
    sim_json_kstr(b, "type", "database_id");
    sim_id_json(b, "database_id", &ds->db->id);
    sim_json_close(b, '}');
    sim_json_kraw(b, "database_parent", "{\"type\":\"workspace\",\"workspace\":true}");
    sim_json_kbool(b, "is_inline", 0);
    sim_json_kbool(b, "in_trash", ds->in_trash);
    if (old_version) {
        sim_json_kbool(b, "archived", ds->in_trash);
    }
    sim_time_json(b, "created_time", ds->created_ms);
    sim_time_json(b, "last_edited_time", ds->edited_ms);
    put_partial_user(b, "created_by", ds->created_by);
    put_partial_user(b, "last_edited_by", ds->edited_by);
    sim_json_key(b, "properties");
    sim_json_open(b, '{');
    for (i = 0; i < ds->nprops; i++) {
        if (sim_prop_is_visible(ds->props[i], t)) {
            sim_json_key(b, ds->props[i]->name);
            sim_prop_json(b, ds->props[i]);
        }
    }
    sim_json_close(b, '}');
    sim_json_knull(b, "icon");
    sim_json_knull(b, "cover");
    sim_json_key(b, "url");
    sim_object_url(b, "", &ds->db->id);
    sim_json_knull(b, "public_url");
    sim_novelty_json(b);
    sim_json_close(b, '}');
}

void sim_db_json(sim_buf_t *b, const sim_db_t *db, const sim_token_t *t, int old_version)
{
    size_t i;

    sim_json_open(b, '{');
    sim_json_kstr(b, "object", "database");
    sim_id_json(b, "id", &db->id);
    sim_json_key(b, "title");
    sim_plain_rich_json(b, db->name);
    sim_json_kraw(b, "description", "[]");
    sim_json_kraw(b, "parent", "{\"type\":\"workspace\",\"workspace\":true}");
    sim_json_kbool(b, "is_inline", 0);
    sim_json_kbool(b, "in_trash", 0);
    if (old_version) {
        sim_json_kbool(b, "archived", 0);
    }
    sim_json_kbool(b, "is_locked", 0);
    sim_time_json(b, "created_time", db->created_ms);
    sim_time_json(b, "last_edited_time", db->edited_ms);
    sim_json_key(b, "data_sources");
    sim_json_open(b, '[');
    for (i = 0; i < sim_w.ndss; i++) {
        if (sim_w.dss[i]->db == db && sim_token_can_see(t, sim_w.dss[i])) {
            sim_json_open(b, '{');
            sim_id_json(b, "id", &sim_w.dss[i]->id);
            sim_json_kstr(b, "name", sim_w.dss[i]->name);
            sim_json_close(b, '}');
        }
    }
    sim_json_close(b, ']');
    sim_json_knull(b, "icon");
    sim_json_knull(b, "cover");
    sim_json_key(b, "url");
    sim_object_url(b, "", &db->id);
    sim_json_knull(b, "public_url");
    sim_json_close(b, '}');
}
