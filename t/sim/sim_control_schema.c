/* Control: data sources and their properties. */
#include <stdlib.h>
#include <string.h>

#include "sim_control.h"
#include "sim_hook.h"
#include "sim_page.h"
#include "sim_schema.h"
#include "sim_simple.h"

static const char *const prop_keys[] = { "type",     "id",     "description", "options",
                                         "default",  "format", "expression",  "value",
                                         "function", "prefix", "data_source", "dual",
                                         "relation", "rollup", NULL };

static void take_options(sim_req_t *q, sim_prop_t *p, json_object *options)
{
    size_t i;

    for (i = 0; i < json_object_array_length(options); i++) {
        json_object *o = json_object_array_get_idx(options, i);
        const char *name =
            sim_is(o, json_type_string) ? json_object_get_string(o) : sim_member_str(o, "name");

        if (!name || sim_option_by_name(p, name)) {
            sim_fail_meaning(&q->fail, "%s: options need different names.", p->name);
            return;
        }
        sim_option_add(p, sim_member_str(o, "id"), name, sim_member_str(o, "color"))->group =
            (int)sim_control_int(o, "group",
                                 i == 0                                       ? 0
                                 : i + 1 == json_object_array_length(options) ? 2
                                                                              : 1);
    }
}

static void take_relation(sim_req_t *q, sim_ds_t *ds, sim_prop_t *p, json_object *o)
{
    const char *to = sim_member_str(o, "data_source"), *dual = sim_member_str(o, "dual");
    sim_ds_t *other;
    sim_prop_t *twin;

    if (!to || strcmp(to, "self") == 0) {
        p->rel = ds->id;
    }
    else if (!sim_control_id(q, to, &p->rel)) {
        return;
    }
    other = sim_ds_find(&p->rel);
    if (dual && other) {
        twin = sim_prop_add(other, NULL, dual, SIM_T_RELATION);
        twin->rel = ds->id;
        twin->dual = sim_mem_dup(p->id);
        p->dual = sim_mem_dup(twin->id);
    }
    else if (dual) {
        sim_fail_meaning(&q->fail, "%s: a dual relation needs an existing data source.", p->name);
    }
}

static void take_status(sim_prop_t *p, json_object *o)
{
    json_object *v;

    if (!p->noptions) {
        sim_status_defaults(p);
    }
    if (sim_member(o, "default", &v)) {
        p->fallback = v ? sim_option_by_name(p, json_object_get_string(v)) : NULL;
    }
    else {
        p->fallback = p->options[0];
    }
}

static sim_prop_t *add_prop(sim_req_t *q, sim_ds_t *ds, const char *name, json_object *o)
{
    static const char *const texts[] = { "format", "expression", "function", "prefix" };
    sim_type_t type = SIM_T_COUNT;
    sim_prop_t *p;
    json_object *v;
    size_t i;

    if (!sim_control_known(o, prop_keys, &q->fail)) {
        return NULL;
    }
    if (!sim_type_parse(sim_member_str(o, "type"), &type) || sim_prop_find(ds, name) ||
        (type == SIM_T_TITLE && sim_prop_title(ds))) {
        sim_fail_meaning(&q->fail, "%s: no such type, or there already.", name);
        return NULL;
    }
    p = sim_prop_add(ds, sim_member_str(o, "id"), name, type);
    p->description = sim_mem_dup(sim_member_str(o, "description"));
    for (i = 0; i < 4 && !p->text; i++) {
        p->text = sim_mem_dup(sim_member_str(o, texts[i]));
    }
    p->via = sim_mem_dup(sim_member_str(o, "relation"));
    p->target = sim_mem_dup(sim_member_str(o, "rollup"));
    if (sim_member(o, "options", &v) && sim_type_has_options(type) && sim_is(v, json_type_array)) {
        take_options(q, p, v);
    }
    if (type == SIM_T_STATUS) {
        take_status(p, o);
    }
    if (type == SIM_T_RELATION) {
        take_relation(q, ds, p, o);
    }
    if ((type == SIM_T_FORMULA || type == SIM_T_ROLLUP) && sim_member(o, "value", &v)) {
        p->constant = sim_simple_computed(p, v);
    }
    return p;
}

static void put_made(sim_buf_t *b, const sim_ds_t *ds)
{
    size_t i;

    sim_json_open(b, '{');
    sim_id_json(b, "id", &ds->id);
    sim_id_json(b, "database_id", &ds->db->id);
    sim_json_kstr(b, "name", ds->name);
    sim_json_key(b, "properties");
    sim_json_open(b, '{');
    for (i = 0; i < ds->nprops; i++) {
        sim_json_kstr(b, ds->props[i]->name, ds->props[i]->enc);
    }
    sim_json_close(b, '}');
    sim_json_close(b, '}');
}

static void create(sim_req_t *q)
{
    static const char *const known[] = { "name", "id", "database_id", "properties", "by", NULL };
    const char *id = sim_member_str(q->json, "id"), *db_id = sim_member_str(q->json, "database_id");
    const char *name = sim_member_str(q->json, "name");
    sim_id_t ds_uuid, db_uuid;
    json_object *props;
    sim_user_t *by;
    sim_db_t *db;
    sim_ds_t *ds;

    if (!sim_control_known(q->json, known, &q->fail) || (id && !sim_control_id(q, id, &ds_uuid)) ||
        (db_id && !sim_control_id(q, db_id, &db_uuid))) {
        return;
    }
    if (id && sim_ds_find(&ds_uuid)) {
        sim_fail_set(&q->fail, 400, "", "there is a data source with this id");
        return;
    }
    by = sim_control_by(q->json, &q->fail);
    db = db_id ? sim_db_find(&db_uuid) : NULL;
    if (!db) {
        db = sim_db_add(db_id ? &db_uuid : NULL, name ? name : "Untitled");
    }
    ds = sim_ds_add(id ? &ds_uuid : NULL, db, name ? name : "Untitled", by);
    if (sim_member(q->json, "properties", &props) && sim_is(props, json_type_object)) {
        json_object_object_foreach(props, key, val)
        {
            add_prop(q, ds, key, val);
        }
    }
    if (!sim_prop_title(ds)) {
        sim_prop_add(ds, NULL, "Name", SIM_T_TITLE);
    }
    put_made(&q->out, ds);
}

static void put_truth(sim_buf_t *b, const sim_ds_t *ds)
{
    size_t i, k;

    sim_json_open(b, '{');
    sim_id_json(b, "id", &ds->id);
    sim_id_json(b, "database_id", &ds->db->id);
    sim_json_kstr(b, "name", ds->name);
    sim_json_kbool(b, "shared", !ds->unshared);
    sim_json_kbool(b, "in_trash", ds->in_trash);
    sim_json_kint(b, "pages", (int64_t)ds->npages);
    sim_json_key(b, "properties");
    sim_json_open(b, '{');
    for (i = 0; i < ds->nprops; i++) {
        const sim_prop_t *p = ds->props[i];

        sim_json_key(b, p->name);
        sim_json_open(b, '{');
        sim_json_kstr(b, "id", p->enc);
        sim_json_kstr(b, "type", sim_type_name(p->type));
        if (sim_type_has_options(p->type)) {
            sim_json_key(b, "options");
            sim_json_open(b, '[');
            for (k = 0; k < p->noptions; k++) {
                if (!p->options[k]->removed) {
                    sim_option_json(b, p->options[k], 0);
                }
            }
            sim_json_close(b, ']');
        }
        sim_json_close(b, '}');
    }
    sim_json_close(b, '}');
    sim_json_close(b, '}');
}

static void rename_options(sim_req_t *q, sim_prop_t *p, json_object *o)
{
    if (!sim_is(o, json_type_object)) {
        return;
    }
    json_object_object_foreach(o, from, to)
    {
        sim_option_t *opt = sim_option_by_name(p, from);

        if (!opt || !sim_is(to, json_type_string)) {
            sim_fail_meaning(&q->fail, "%s: no option %s.", p->name, from);
        }
        else {
            free(opt->name);
            opt->name = sim_mem_dup(json_object_get_string(to));
        }
    }
}

static void change_options(sim_req_t *q, sim_prop_t *p, json_object *o)
{
    const char *add = sim_member_str(o, "add_option"), *gone = sim_member_str(o, "remove_option");
    json_object *v;
    sim_option_t *opt;

    if (sim_member(o, "rename_option", &v)) {
        rename_options(q, p, v);
    }
    if (add && !sim_option_by_name(p, add)) {
        sim_option_add(p, NULL, add, NULL);
    }
    if (gone) {
        opt = sim_option_by_name(p, gone);
        if (opt) {
            opt->removed = 1;
            p->fallback = p->fallback == opt ? NULL : p->fallback;
        }
        else {
            sim_fail_meaning(&q->fail, "%s: no option %s.", p->name, gone);
        }
    }
}

static void retype(sim_req_t *q, sim_ds_t *ds, sim_prop_t *p, const char *to, int keep_id,
                   sim_user_t *by)
{
    sim_type_t type;

    if (!sim_type_parse(to, &type) || (type == SIM_T_TITLE) != (p->type == SIM_T_TITLE)) {
        sim_fail_meaning(&q->fail, "%s cannot become %s.", p->name, to);
        return;
    }
    if (!keep_id) {
        sim_hook_schema(ds, p, "deleted", by);
    }
    sim_prop_retype(ds, p, type, keep_id);
    if (!keep_id) {
        sim_hook_schema(ds, p, "created", by);
    }
}

static void change_prop(sim_req_t *q, sim_ds_t *ds, const char *key, json_object *o, sim_user_t *by)
{
    static const char *const known[] = { "rename",     "retype",        "keep_id",
                                         "value",      "description",   "rename_option",
                                         "add_option", "remove_option", NULL };
    sim_prop_t *p = sim_prop_find(ds, key);
    const char *s;
    json_object *v;

    if (!p) {
        p = sim_control_flag(o, "restore", 0) ? sim_prop_restore(ds, key) : add_prop(q, ds, key, o);
        if (p) {
            sim_hook_schema(ds, p, "created", by);
        }
        return;
    }
    if (!o) {
        sim_hook_schema(ds, p, "deleted", by);
        sim_prop_remove(ds, p);
        return;
    }
    if (!sim_control_known(o, known, &q->fail)) {
        return;
    }
    s = sim_member_str(o, "rename");
    if (s) {
        sim_prop_rename(p, s);
    }
    s = sim_member_str(o, "description");
    if (s) {
        free(p->description);
        p->description = sim_mem_dup(s);
    }
    s = sim_member_str(o, "retype");
    if (s) {
        retype(q, ds, p, s, sim_control_flag(o, "keep_id", 1), by);
    }
    change_options(q, p, o);
    if (sim_member(o, "value", &v)) {
        sim_value_unref(p->constant);
        p->constant = sim_simple_computed(p, v);
        return; /* a recomputed value is no change of the schema */
    }
    sim_hook_schema(ds, p, "updated", by);
}

static void share(sim_req_t *q, sim_ds_t *ds, int shared)
{
    const char *token = sim_member_str(q->json, "token");
    sim_token_t *t = token ? sim_token_find(token) : NULL;
    size_t i, n = 0;

    if (!token) {
        ds->unshared = !shared;
        return;
    }
    if (!t) {
        sim_fail_set(&q->fail, 400, "", "no such token");
        return;
    }
    for (i = 0; i < ds->nhidden; i++) {
        if (ds->hidden[i] != t) {
            ds->hidden[n++] = ds->hidden[i];
        }
    }
    ds->hidden = sim_mem_grow(ds->hidden, (n + 1) * sizeof(sim_token_t *));
    if (!shared) {
        ds->hidden[n++] = t;
    }
    ds->nhidden = n;
}

static void purge(sim_ds_t *ds)
{
    size_t i;

    for (i = 0; i < sim_w.nbuckets; i++) {
        sim_page_t *p, *next;

        for (p = sim_w.pages[i]; p; p = next) {
            next = p->next;
            if (p->ds == ds) {
                sim_page_purge(p);
            }
        }
    }
    ds->unshared = 1; /* it stays in memory: events may still name it */
}

static void patch(sim_req_t *q, sim_ds_t *ds)
{
    static const char *const known[] = { "name", "in_trash",   "shared", "token",
                                         "by",   "properties", "purge",  NULL };
    const char *name = sim_member_str(q->json, "name");
    sim_user_t *by;
    json_object *v;
    int flag;

    if (!sim_control_known(q->json, known, &q->fail)) {
        return;
    }
    by = sim_control_by(q->json, &q->fail);
    if (name) {
        free(ds->name);
        ds->name = sim_mem_dup(name);
    }
    if (sim_member(q->json, "shared", &v)) {
        share(q, ds, json_object_get_boolean(v));
    }
    flag = sim_control_flag(q->json, "in_trash", ds->in_trash);
    if (flag != ds->in_trash) {
        ds->in_trash = flag;
        sim_hook_ds(ds, flag ? SIM_EV_DELETED : SIM_EV_UNDELETED, NULL, by);
    }
    if (sim_member(q->json, "properties", &v) && sim_is(v, json_type_object)) {
        json_object_object_foreach(v, key, val)
        {
            change_prop(q, ds, key, val, by);
        }
    }
    sim_ds_touch(ds, by);
    if (sim_control_flag(q->json, "purge", 0)) {
        purge(ds);
    }
    put_truth(&q->out, ds);
}

void sim_control_schema(sim_req_t *q)
{
    sim_id_t id;
    sim_ds_t *ds;

    if (q->nseg == 2 && strcmp(q->method, "POST") == 0) {
        create(q);
        return;
    }
    if (q->nseg != 3 || !sim_control_id(q, q->seg[2], &id)) {
        sim_fail_set(&q->fail, 404, "", "no such control");
        return;
    }
    ds = sim_ds_find(&id);
    if (!ds) {
        sim_fail_set(&q->fail, 404, "", "no such data source");
    }
    else if (strcmp(q->method, "PATCH") == 0) {
        patch(q, ds);
    }
    else {
        put_truth(&q->out, ds);
    }
}
