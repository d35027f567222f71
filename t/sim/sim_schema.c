/* Databases, data sources and their properties: making, finding and changing them. */
#include "sim_schema.h"

#include <stdlib.h>
#include <string.h>

const char *const sim_colors[] = { "default", "gray",   "brown", "orange", "yellow", "green",
                                   "blue",    "purple", "pink",  "red",    NULL };

static const char *const type_names[SIM_T_COUNT] = { "title",
                                                     "rich_text",
                                                     "number",
                                                     "select",
                                                     "multi_select",
                                                     "status",
                                                     "date",
                                                     "checkbox",
                                                     "url",
                                                     "email",
                                                     "phone_number",
                                                     "people",
                                                     "files",
                                                     "relation",
                                                     "formula",
                                                     "rollup",
                                                     "created_time",
                                                     "created_by",
                                                     "last_edited_time",
                                                     "last_edited_by",
                                                     "unique_id",
                                                     "button",
                                                     "verification",
                                                     "place",
                                                     "unsupported" };

const char *sim_type_name(sim_type_t t)
{
    return type_names[t];
}

int sim_type_parse(const char *s, sim_type_t *t)
{
    int i;

    for (i = 0; s && i < SIM_T_COUNT; i++) {
        if (strcmp(s, type_names[i]) == 0) {
            *t = (sim_type_t)i;
            return 1;
        }
    }
    return 0;
}

int sim_type_writable(sim_type_t t)
{
    return t <= SIM_T_RELATION || t == SIM_T_VERIFICATION || t == SIM_T_PLACE;
}

int sim_type_has_options(sim_type_t t)
{
    return t == SIM_T_SELECT || t == SIM_T_MULTI_SELECT || t == SIM_T_STATUS;
}

int sim_type_is_text(sim_type_t t)
{
    return t == SIM_T_TITLE || t == SIM_T_RICH_TEXT || t == SIM_T_URL || t == SIM_T_EMAIL ||
           t == SIM_T_PHONE_NUMBER;
}

const char *sim_color_find(const char *s)
{
    const char *const *c;

    for (c = sim_colors; s && *c; c++) {
        if (strcmp(*c, s) == 0) {
            return *c;
        }
    }
    return NULL;
}

sim_db_t *sim_db_find(const sim_id_t *id)
{
    size_t i;

    for (i = 0; i < sim_w.ndbs; i++) {
        if (sim_id_cmp(&sim_w.dbs[i]->id, id) == 0) {
            return sim_w.dbs[i];
        }
    }
    return NULL;
}

sim_ds_t *sim_ds_find(const sim_id_t *id)
{
    size_t i;

    for (i = 0; i < sim_w.ndss; i++) {
        if (sim_id_cmp(&sim_w.dss[i]->id, id) == 0) {
            return sim_w.dss[i];
        }
    }
    return NULL;
}

sim_db_t *sim_db_add(const sim_id_t *id, const char *name)
{
    sim_db_t *db = sim_mem_alloc(sizeof(*db));

    if (id && !sim_id_is_null(id)) {
        db->id = *id;
    }
    else {
        sim_rand_id(&db->id);
    }
    db->name = sim_mem_dup(name);
    db->created_ms = db->edited_ms = sim_time_now();
    sim_w.dbs = sim_mem_grow(sim_w.dbs, (sim_w.ndbs + 1) * sizeof(*sim_w.dbs));
    sim_w.dbs[sim_w.ndbs++] = db;
    return db;
}

sim_ds_t *sim_ds_add(const sim_id_t *id, sim_db_t *db, const char *name, sim_user_t *by)
{
    sim_ds_t *ds = sim_mem_alloc(sizeof(*ds));

    if (id && !sim_id_is_null(id)) {
        ds->id = *id;
    }
    else {
        sim_rand_id(&ds->id);
    }
    ds->db = db;
    ds->name = sim_mem_dup(name);
    ds->created_ms = ds->edited_ms = sim_time_now();
    ds->created_by = ds->edited_by = by;
    sim_w.dss = sim_mem_grow(sim_w.dss, (sim_w.ndss + 1) * sizeof(*sim_w.dss));
    sim_w.dss[sim_w.ndss++] = ds;
    return ds;
}

void sim_ds_touch(sim_ds_t *ds, sim_user_t *by)
{
    ds->edited_ms = ds->db->edited_ms = sim_time_now();
    ds->edited_by = by;
}

static void free_option(sim_option_t *o)
{
    free(o->id);
    free(o->name);
    free(o);
}

static void free_prop(sim_prop_t *p)
{
    size_t i;

    for (i = 0; i < p->noptions; i++) {
        free_option(p->options[i]);
    }
    free(p->options);
    free(p->id);
    free(p->enc);
    free(p->name);
    free(p->description);
    free(p->text);
    free(p->via);
    free(p->target);
    free(p->dual);
    sim_value_unref(p->constant);
    free(p);
}

void sim_ds_free(sim_ds_t *ds)
{
    size_t i;

    for (i = 0; i < ds->nprops; i++) {
        free_prop(ds->props[i]);
    }
    for (i = 0; i < ds->ndead; i++) {
        free_prop(ds->dead[i]);
    }
    free(ds->props);
    free(ds->dead);
    free(ds->hidden);
    free(ds->name);
    free(ds);
}

/* four characters, some of them such that percent-encoding matters */
static char *make_prop_id(const sim_ds_t *ds)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
    static const char odd[] = ":;<>=?@[]^`{|}~\\";
    char id[5] = "";
    int i;

    do {
        for (i = 0; i < 4; i++) {
            id[i] = sim_rand_hit(0.4) ? odd[sim_rand_below((int64_t)sizeof(odd) - 1)]
                                      : plain[sim_rand_below((int64_t)sizeof(plain) - 1)];
        }
    } while (sim_prop_by_id(ds, id));
    return sim_mem_dup(id);
}

void sim_prop_set_id(sim_prop_t *p, const char *id)
{
    char *copy = sim_mem_dup(id);

    free(p->id);
    free(p->enc);
    p->id = copy;
    p->enc = sim_percent_encode(copy);
}

sim_prop_t *sim_prop_add(sim_ds_t *ds, const char *id, const char *name, sim_type_t type)
{
    sim_prop_t *p = sim_mem_alloc(sizeof(*p));
    char *made = NULL;

    if (type == SIM_T_TITLE) {
        id = "title";
    }
    else if (!id) {
        id = made = make_prop_id(ds);
    }
    sim_prop_set_id(p, id);
    free(made);
    p->name = sim_mem_dup(name);
    p->type = type;
    p->slot = ds->nslots++;
    ds->props = sim_mem_grow(ds->props, (ds->nprops + 1) * sizeof(*ds->props));
    ds->props[ds->nprops++] = p;
    return p;
}

void sim_prop_remove(sim_ds_t *ds, sim_prop_t *p)
{
    size_t i;

    for (i = 0; ds->props[i] != p; i++) {
    }
    memmove(ds->props + i, ds->props + i + 1, (ds->nprops - i - 1) * sizeof(*ds->props));
    ds->nprops--;
    ds->dead = sim_mem_grow(ds->dead, (ds->ndead + 1) * sizeof(*ds->dead));
    ds->dead[ds->ndead++] = p;
}

sim_prop_t *sim_prop_restore(sim_ds_t *ds, const char *name)
{
    size_t i = ds->ndead;

    while (i-- > 0) {
        sim_prop_t *p = ds->dead[i];

        if (strcmp(p->name, name) == 0 && *p->id) {
            memmove(ds->dead + i, ds->dead + i + 1, (ds->ndead - i - 1) * sizeof(*ds->dead));
            ds->ndead--;
            ds->props = sim_mem_grow(ds->props, (ds->nprops + 1) * sizeof(*ds->props));
            ds->props[ds->nprops++] = p;
            return p;
        }
    }
    return NULL;
}

void sim_prop_rename(sim_prop_t *p, const char *name)
{
    char *copy = sim_mem_dup(name);

    free(p->name);
    p->name = copy;
}

sim_prop_t *sim_prop_by_id(const sim_ds_t *ds, const char *id)
{
    size_t i;

    for (i = 0; i < ds->nprops; i++) {
        if (strcmp(ds->props[i]->id, id) == 0) {
            return ds->props[i];
        }
    }
    return NULL;
}

sim_prop_t *sim_prop_find(const sim_ds_t *ds, const char *key)
{
    size_t i;

    for (i = 0; i < ds->nprops; i++) {
        if (strcmp(ds->props[i]->name, key) == 0) {
            return ds->props[i];
        }
    }
    for (i = 0; i < ds->nprops; i++) {
        if (strcmp(ds->props[i]->id, key) == 0 || strcmp(ds->props[i]->enc, key) == 0) {
            return ds->props[i];
        }
    }
    return NULL;
}

sim_prop_t *sim_prop_title(const sim_ds_t *ds)
{
    return sim_prop_by_id(ds, "title");
}

sim_value_t *sim_prop_value(const sim_prop_t *p, const sim_state_t *st)
{
    sim_value_t *v = p->slot < st->nvalues ? st->values[p->slot] : NULL;

    return v ? v : p->constant;
}

sim_option_t *sim_option_by_id(const sim_prop_t *p, const char *id)
{
    size_t i;

    for (i = 0; i < p->noptions; i++) {
        if (!p->options[i]->removed && strcmp(p->options[i]->id, id) == 0) {
            return p->options[i];
        }
    }
    return NULL;
}

sim_option_t *sim_option_by_name(const sim_prop_t *p, const char *name)
{
    size_t i;

    for (i = 0; i < p->noptions; i++) {
        if (!p->options[i]->removed && sim_text_same(p->options[i]->name, name)) {
            return p->options[i];
        }
    }
    return NULL;
}

sim_option_t *sim_option_add(sim_prop_t *p, const char *id, const char *name, const char *color)
{
    sim_option_t *o = sim_mem_alloc(sizeof(*o));
    sim_id_t random;
    char text[SIM_ID_TEXT];

    if (!id) {
        sim_rand_id(&random);
        sim_id_format(text, &random);
        id = text;
    }
    o->id = sim_mem_dup(id);
    o->name = sim_mem_dup(name);
    o->color = sim_color_find(color);
    if (!o->color) {
        o->color = sim_colors[sim_rand_below(10)];
    }
    p->options = sim_mem_grow(p->options, (p->noptions + 1) * sizeof(sim_option_t *));
    p->options[p->noptions++] = o;
    return o;
}

void sim_status_defaults(sim_prop_t *p)
{
    sim_option_add(p, NULL, "Not started", "default")->group = 0;
    sim_option_add(p, NULL, "In progress", "blue")->group = 1;
    sim_option_add(p, NULL, "Done", "green")->group = 2;
}
