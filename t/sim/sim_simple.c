/* Simple values, as the control interface takes and gives them. */
#include "sim_simple.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_render.h"
#include "sim_rich.h"
#include "sim_schema.h"
#include "sim_write.h"

static sim_value_t *wrong(sim_fail_t *f, const sim_prop_t *p, const char *should)
{
    sim_fail_meaning(f, "%s should be %s.", p->name, should);
    return NULL;
}

static sim_value_t *take_text(sim_prop_t *p, json_object *val, sim_fail_t *f)
{
    if (sim_is(val, json_type_array)) {
        return sim_rich_take(val, p->name, 0, NULL, f);
    }
    if (!sim_is(val, json_type_string)) {
        return wrong(f, p, "a string or an array of rich text items");
    }
    return sim_value_text(json_object_get_string(val), (size_t)json_object_get_string_len(val));
}

static sim_option_t *take_option(sim_prop_t *p, json_object *val, sim_fail_t *f)
{
    const char *name = json_object_get_string(val);
    sim_option_t *o;

    if (!sim_is(val, json_type_string) || !*name) {
        wrong(f, p, "the name of an option");
        return NULL;
    }
    o = sim_option_by_name(p, name);
    return o ? o : sim_option_add(p, NULL, name, NULL);
}

static sim_value_t *take_options(sim_prop_t *p, json_object *val, sim_fail_t *f)
{
    size_t i, n = sim_is(val, json_type_array) ? json_object_array_length(val) : 0;
    sim_option_t **list;
    sim_value_t *v;

    if (p->type != SIM_T_MULTI_SELECT) {
        sim_option_t *o = take_option(p, val, f);

        return o ? sim_value_options(&o, 1) : NULL;
    }
    if (!sim_is(val, json_type_array)) {
        return wrong(f, p, "a list of names");
    }
    list = sim_mem_alloc((n + 1) * sizeof(*list));
    for (i = 0; i < n; i++) {
        list[i] = take_option(p, json_object_array_get_idx(val, i), f);
    }
    v = f->status ? NULL : sim_value_options(list, n);
    free(list);
    return v;
}

static sim_value_t *take_ids(sim_prop_t *p, json_object *val, sim_fail_t *f)
{
    size_t i, n = sim_is(val, json_type_array) ? json_object_array_length(val) : 0;
    sim_id_t *ids;
    sim_value_t *v;

    if (!sim_is(val, json_type_array)) {
        return wrong(f, p, "a list of ids");
    }
    ids = sim_mem_alloc((n + 1) * sizeof(*ids));
    for (i = 0; i < n; i++) {
        json_object *o = json_object_array_get_idx(val, i);

        if (!sim_is(o, json_type_string) || !sim_id_parse(&ids[i], json_object_get_string(o))) {
            wrong(f, p, "a list of ids");
        }
    }
    v = sim_value_ids(ids, n);
    free(ids);
    return v;
}

static sim_value_t *take_files(sim_prop_t *p, json_object *val, sim_fail_t *f)
{
    sim_buf_t b = SIM_BUF_INIT;
    sim_value_t *v;
    size_t i;

    if (!sim_is(val, json_type_array)) {
        return wrong(f, p, "a list of files");
    }
    sim_json_open(&b, '[');
    for (i = 0; i < json_object_array_length(val); i++) {
        json_object *o = json_object_array_get_idx(val, i);
        const char *name = sim_member_str(o, "name"), *url = sim_member_str(o, "url");
        sim_id_t key;

        if (!name) {
            wrong(f, p, "a list of {name, url} or {name, hosted}");
        }
        sim_json_open(&b, '{');
        sim_json_kstr(&b, "name", name);
        if (url) {
            sim_json_kstr(&b, "url", url);
        }
        else {
            sim_rand_id(&key);
            sim_id_json(&b, "hosted", &key);
            sim_json_kstr(&b, "at", name);
        }
        sim_json_close(&b, '}');
    }
    sim_json_close(&b, ']');
    v = i ? sim_value_json(b.s) : NULL;
    sim_buf_free(&b);
    return v;
}

static sim_value_t *take_date(sim_prop_t *p, json_object *val, sim_fail_t *f)
{
    json_object *o;
    sim_value_t *v;

    if (!sim_is(val, json_type_string)) {
        return sim_date_take(val, p->name, f);
    }
    o = json_object_new_object();
    json_object_object_add(o, "start", json_object_get(val));
    v = sim_date_take(o, p->name, f);
    json_object_put(o);
    return v;
}

static sim_value_t *take_number(sim_prop_t *p, json_object *val, int lenient, sim_fail_t *f)
{
    double d;
    char *end;

    if (sim_number(val, &d)) {
        return sim_value_number(d);
    }
    if (lenient && sim_is(val, json_type_string)) {
        d = strtod(json_object_get_string(val), &end);
        if (!*end && end != json_object_get_string(val)) {
            return sim_value_number(d);
        }
    }
    return wrong(f, p, "a number");
}

sim_value_t *sim_simple_computed(const sim_prop_t *p, json_object *val)
{
    sim_buf_t b = SIM_BUF_INIT;
    const char *type = sim_is(val, json_type_boolean)  ? "boolean"
                       : sim_is(val, json_type_string) ? "string"
                                                       : "number";
    const int plain = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
    sim_value_t *v;
    double d;

    sim_json_open(&b, '{');
    if (sim_is(val, json_type_object)) {
        json_object_object_foreach(val, key, o)
        {
            sim_json_kraw(&b, key, json_object_to_json_string_ext(o, plain));
        }
    }
    else {
        if (!val && p->type == SIM_T_FORMULA) {
            type = "string";
        }
        sim_json_kstr(&b, "type", type);
        sim_json_key(&b, type);
        if (sim_number(val, &d)) {
            sim_json_num(&b, d);
        }
        else {
            sim_json_raw(&b, json_object_to_json_string_ext(val, plain));
        }
    }
    if (p->type == SIM_T_ROLLUP && !sim_member_str(val, "function")) {
        sim_json_kstr(&b, "function", p->text ? p->text : "show_original");
    }
    sim_json_close(&b, '}');
    v = sim_value_json(b.s);
    sim_buf_free(&b);
    return v;
}

sim_value_t *sim_simple_take(sim_prop_t *p, json_object *val, int lenient, sim_fail_t *f)
{
    if (!val) {
        return NULL;
    }
    switch (p->type) {
    case SIM_T_TITLE:
    case SIM_T_RICH_TEXT:
        return take_text(p, val, f);
    case SIM_T_NUMBER:
        return take_number(p, val, lenient, f);
    case SIM_T_SELECT:
    case SIM_T_MULTI_SELECT:
    case SIM_T_STATUS:
        return take_options(p, val, f);
    case SIM_T_DATE:
        return take_date(p, val, f);
    case SIM_T_CHECKBOX:
        if (lenient && sim_is(val, json_type_string)) {
            return sim_value_bool(strcmp(json_object_get_string(val), "true") == 0);
        }
        return sim_is(val, json_type_boolean) ? sim_value_bool(json_object_get_boolean(val))
                                              : wrong(f, p, "a boolean");
    case SIM_T_URL:
    case SIM_T_EMAIL:
    case SIM_T_PHONE_NUMBER:
        return sim_is(val, json_type_string) ? sim_value_string(json_object_get_string(val))
                                             : wrong(f, p, "a string");
    case SIM_T_PEOPLE:
    case SIM_T_RELATION:
        return take_ids(p, val, f);
    case SIM_T_FILES:
        return take_files(p, val, f);
    case SIM_T_FORMULA:
    case SIM_T_ROLLUP:
        return sim_simple_computed(p, val);
    case SIM_T_VERIFICATION:
    case SIM_T_PLACE:
        return sim_is(val, json_type_object)
                   ? sim_value_json(json_object_to_json_string_ext(val, JSON_C_TO_STRING_PLAIN))
                   : wrong(f, p, "an object");
    default:
        return wrong(f, p, "left alone: nobody can write it");
    }
}

void sim_simple_sets(sim_ds_t *ds, json_object *properties, int lenient, sim_set_t **sets,
                     size_t *nsets, sim_fail_t *f)
{
    size_t i;

    *sets = NULL;
    *nsets = 0;
    if (!properties) {
        return;
    }
    if (!sim_is(properties, json_type_object)) {
        sim_fail_meaning(f, "properties should be an object.");
        return;
    }
    *sets = sim_mem_alloc(((size_t)json_object_object_length(properties) + 1) * sizeof(**sets));
    json_object_object_foreach(properties, key, val)
    {
        sim_prop_t *p = sim_prop_find(ds, key);

        if (!p) {
            sim_fail_meaning(f, "%s is not a property.", key);
            continue;
        }
        (*sets)[*nsets].prop = p;
        (*sets)[(*nsets)++].value = sim_simple_take(p, val, lenient, f);
    }
    if (f->status) {
        for (i = 0; i < *nsets; i++) {
            sim_value_unref((*sets)[i].value);
        }
        *nsets = 0;
    }
}

void sim_simple_json(sim_buf_t *b, const sim_prop_t *p, const sim_page_t *page,
                     const sim_state_t *st)
{
    static const sim_view_t all = { NULL, 0, 0, NULL, 0 };
    sim_value_t *v = sim_prop_value(p, st);
    size_t i;

    switch (p->type) {
    case SIM_T_TITLE:
    case SIM_T_RICH_TEXT:
        sim_json_str(b, sim_value_chars(v));
        break;
    case SIM_T_SELECT:
    case SIM_T_STATUS:
        sim_json_str(b,
                     v && !sim_value_option(v, 0)->removed ? sim_value_option(v, 0)->name : NULL);
        break;
    case SIM_T_MULTI_SELECT:
        sim_json_open(b, '[');
        for (i = 0; i < sim_value_count(v); i++) {
            if (!sim_value_option(v, i)->removed) {
                sim_json_str(b, sim_value_option(v, i)->name);
            }
        }
        sim_json_close(b, ']');
        break;
    case SIM_T_DATE:
        if (v && !sim_value_date_end(v)) {
            sim_json_str(b, sim_value_chars(v));
        }
        else {
            sim_date_json(b, v);
        }
        break;
    case SIM_T_PEOPLE:
    case SIM_T_RELATION:
        sim_json_open(b, '[');
        for (i = 0; i < sim_value_count(v); i++) {
            sim_id_json(b, NULL, sim_value_id(v, i));
        }
        sim_json_close(b, ']');
        break;
    case SIM_T_FILES:
        sim_json_raw(b, v ? sim_value_chars(v) : "[]");
        break;
    default:
        sim_value_json_of(b, p, page, st, &all);
        break;
    }
}

void sim_simple_text(sim_buf_t *b, sim_type_t type, const sim_value_t *v)
{
    size_t i;

    if (!v) {
        return;
    }
    if (type == SIM_T_NUMBER) {
        sim_json_num(b, sim_value_as_number(v));
    }
    else if (type == SIM_T_CHECKBOX) {
        sim_buf_str(b, "Yes");
    }
    else if (sim_type_is_text(type) || type == SIM_T_DATE) {
        sim_buf_str(b, sim_value_chars(v));
    }
    else if (sim_type_has_options(type)) {
        for (i = 0; i < sim_value_count(v); i++) {
            sim_buf_fmt(b, "%s%s", i ? ", " : "", sim_value_option(v, i)->name);
        }
    }
}
