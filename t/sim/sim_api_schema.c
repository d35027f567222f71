/* PATCH /v1/data_sources/{id}. */
#include <stdlib.h>
#include <string.h>

#include "sim_api.h"
#include "sim_hook.h"
#include "sim_page.h"
#include "sim_rich.h"
#include "sim_schema.h"

/* options listed by id or name stay, new names are added, the others are removed */
static void set_options(sim_req_t *q, sim_prop_t *p, json_object *options)
{
    size_t i, k, n = json_object_array_length(options), before = p->noptions;
    char *keep = sim_mem_alloc(before + 1);

    for (i = 0; i < n; i++) {
        json_object *o = json_object_array_get_idx(options, i);
        const char *id = sim_member_str(o, "id"), *name = sim_member_str(o, "name"),
                   *color = sim_member_str(o, "color");
        sim_option_t *have = id     ? sim_option_by_id(p, id)
                             : name ? sim_option_by_name(p, name)
                                    : NULL;

        if (!have && id && !name) {
            sim_fail_meaning(&q->fail, "Option with id \"%s\" does not exist.", id);
        }
        else if (have && ((name && strcmp(name, have->name) != 0) ||
                          (color && strcmp(color, have->color) != 0))) {
            sim_fail_meaning(&q->fail, "Cannot update color of select with name: %s.", have->name);
        }
        else if (!have && name && p->type != SIM_T_STATUS && strchr(name, ',')) {
            sim_fail_meaning(&q->fail, "Invalid select option, commas not allowed: %s", name);
        }
        else if (!have && name) {
            sim_option_add(p, NULL, name, color);
        }
        for (k = 0; have && k < before; k++) {
            keep[k] = (char)(keep[k] | (p->options[k] == have));
        }
    }
    for (k = 0; !q->fail.status && k < before; k++) {
        p->options[k]->removed |= !keep[k];
    }
    free(keep);
}

/* the member that names a type and configures it; 0: none */
static int find_type(json_object *o, sim_type_t *type, json_object **config)
{
    if (!sim_is(o, json_type_object)) {
        return 0;
    }
    json_object_object_foreach(o, key, val)
    {
        if (sim_type_parse(key, type) && sim_is(val, json_type_object)) {
            *config = val;
            return 1;
        }
    }
    return 0;
}

static void configure(sim_req_t *q, sim_prop_t *p, json_object *config)
{
    json_object *v;
    const char *s;

    if (sim_type_has_options(p->type) && sim_member(config, "options", &v)) {
        if (sim_is(v, json_type_array) && json_object_array_length(v) <= 100) {
            set_options(q, p, v);
        }
        else {
            sim_fail_shape(&q->fail, "body.properties.%s.%s.options.length should be ≤ `100`.",
                           p->name, sim_type_name(p->type));
        }
    }
    s = sim_member_str(config, p->type == SIM_T_NUMBER      ? "format"
                               : p->type == SIM_T_UNIQUE_ID ? "prefix"
                                                            : "expression");
    if (s) {
        free(p->text);
        p->text = sim_mem_dup(s);
    }
    if (p->type == SIM_T_RELATION) {
        sim_id_parse(&p->rel, sim_member_str(config, "data_source_id"));
    }
}

static void add_property(sim_req_t *q, sim_ds_t *ds, const char *name, json_object *o)
{
    sim_type_t type;
    json_object *config = NULL;
    sim_prop_t *p;

    if (!find_type(o, &type, &config)) {
        sim_fail_meaning(&q->fail, "%s is not a property that exists.", name);
        return;
    }
    if (type == SIM_T_TITLE) {
        sim_fail_meaning(&q->fail, "Cannot create a second title property.");
        return;
    }
    if ((int64_t)ds->nprops >= sim_set.property_limit) {
        sim_fail_meaning(&q->fail, "A database cannot have more than %lld properties.",
                         (long long)sim_set.property_limit);
        return;
    }
    p = sim_prop_add(ds, NULL, name, type);
    if (type == SIM_T_STATUS && !json_object_object_length(config)) {
        sim_status_defaults(p);
        p->fallback = p->options[0];
    }
    configure(q, p, config);
    sim_hook_schema(ds, p, "created", q->token->user);
}

static void change_property(sim_req_t *q, sim_ds_t *ds, sim_prop_t *p, json_object *o)
{
    const char *name = sim_member_str(o, "name");
    sim_type_t type;
    json_object *config = NULL;

    if (!o) {
        if (p->type == SIM_T_TITLE) {
            sim_fail_meaning(&q->fail, "Cannot delete the title property.");
            return;
        }
        sim_hook_schema(ds, p, "deleted", q->token->user);
        sim_prop_remove(ds, p);
        return;
    }
    if (find_type(o, &type, &config)) {
        if (type != p->type && (p->type == SIM_T_TITLE || type == SIM_T_TITLE)) {
            sim_fail_meaning(&q->fail, "Cannot change the type of the title property.");
            return;
        }
        if (type != p->type) {
            sim_prop_retype(ds, p, type, 1);
        }
        configure(q, p, config);
    }
    if (name) {
        if (sim_prop_find(ds, name) && sim_prop_find(ds, name) != p) {
            sim_fail_meaning(&q->fail, "A property named %s already exists.", name);
            return;
        }
        sim_prop_rename(p, name);
    }
    sim_hook_schema(ds, p, "updated", q->token->user);
}

void sim_api_data_source_update(sim_req_t *q)
{
    static const char *const known[] = { "title",  "icon",     "properties", "in_trash",
                                         "parent", "archived", NULL };
    sim_ds_t *ds = sim_api_ds(q, 2);
    json_object *props, *title, *trash;
    sim_value_t *name;

    if (!ds || !sim_req_known(q, known)) {
        return;
    }
    if (sim_member(q->json, "archived", &trash) && !sim_req_is_old(q)) {
        sim_fail_should(&q->fail, "body.archived", "not present", trash, 1);
        return;
    }
    if (sim_member(q->json, "title", &title)) {
        name = sim_rich_take(title, "body.title", 1, q->token, &q->fail);
        if (!q->fail.status) {
            free(ds->name);
            ds->name = sim_mem_dup(sim_value_chars(name));
        }
        sim_value_unref(name);
    }
    if (sim_member(q->json, "properties", &props) && sim_is(props, json_type_object)) {
        json_object_object_foreach(props, key, val)
        {
            sim_prop_t *p = sim_prop_find(ds, key);

            if (p) {
                change_property(q, ds, p, val);
            }
            else {
                add_property(q, ds, key, val);
            }
        }
    }
    if ((sim_member(q->json, "in_trash", &trash) || sim_member(q->json, "archived", &trash)) &&
        !q->fail.status) {
        int flag = json_object_get_boolean(trash);

        if (flag != ds->in_trash) {
            ds->in_trash = flag;
            sim_hook_ds(ds, flag ? SIM_EV_DELETED : SIM_EV_UNDELETED, NULL, q->token->user);
        }
    }
    if (!q->fail.status) {
        sim_ds_touch(ds, q->token->user);
        sim_ds_json(&q->out, ds, q->token, sim_req_is_old(q));
    }
}
