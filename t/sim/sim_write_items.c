/* Property values as API requests bring them: the types that hold lists or objects. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_file.h"
#include "sim_limits.h"
#include "sim_render.h"
#include "sim_schema.h"
#include "sim_write.h"

static sim_option_t *option_by_id(sim_writer_t *w, sim_prop_t *p, const char *id)
{
    sim_option_t *o = sim_option_by_id(p, id);

    if (!o) {
        sim_fail_meaning(w->fail, "%s option with id \"%s\" does not exist.",
                         p->type == SIM_T_STATUS ? "Status" : "Select", id);
    }
    return o;
}

static sim_option_t *option_by_name(sim_writer_t *w, sim_prop_t *p, const char *name,
                                    const char *color, const char *path)
{
    size_t units = sim_text_units(name, strlen(name));
    sim_option_t *o = sim_option_by_name(p, name);

    if (units == 0) {
        sim_fail_shape(w->fail, "%s.name.length should be ≥ `1`, instead was `0`.", path);
    }
    else if (units > SIM_MAX_NAME) {
        sim_fail_shape(w->fail, "%s.name.length should be ≤ `%d`, instead was `%zu`.", path,
                       SIM_MAX_NAME, units);
    }
    else if (o) {
        return o;
    }
    else if (p->type == SIM_T_STATUS && strcmp(sim_set.unknown_status, "made") != 0) {
        sim_fail_meaning(w->fail, "Status option \"%s\" does not exist.", name);
    }
    else if (strchr(name, ',')) {
        sim_fail_meaning(w->fail, "Invalid select option, commas not allowed: %s", name);
    }
    else if (!w->check_only) {
        return sim_option_add(p, NULL, name, color);
    }
    return NULL;
}

/* NULL with no failure: it would be made if this were not only the check */
static sim_option_t *take_option(sim_writer_t *w, sim_prop_t *p, json_object *o, const char *path)
{
    const char *id = sim_member_str(o, "id"), *name = sim_member_str(o, "name"),
               *color = sim_member_str(o, "color");
    sim_option_t *found;

    if (!id && !name) {
        if (sim_is(o, json_type_object)) {
            sim_fail_shape(w->fail, "%s.name should be defined, instead was `undefined`.", path);
        }
        else {
            sim_fail_should(w->fail, path, "an object", o, 1);
        }
        return NULL;
    }
    found = id ? option_by_id(w, p, id) : option_by_name(w, p, name, color, path);
    if (found && color && strcmp(color, found->color) != 0) {
        sim_fail_meaning(w->fail, "Select option color doesn't match existing");
    }
    return found;
}

static int check_array(sim_writer_t *w, json_object *val, const char *path)
{
    if (!sim_is(val, json_type_array)) {
        sim_fail_should(w->fail, path, "an array", val, 1);
        return 0;
    }
    if (json_object_array_length(val) > SIM_MAX_ARRAY) {
        sim_fail_shape(w->fail, "%s.length should be ≤ `%d`, instead was `%zu`.", path,
                       SIM_MAX_ARRAY, json_object_array_length(val));
        return 0;
    }
    return 1;
}

sim_value_t *sim_write_options(sim_writer_t *w, sim_prop_t *p, json_object *val, const char *path)
{
    sim_option_t *list[SIM_MAX_ARRAY], *o;
    size_t i, k, n = 0;
    char where[256];

    if (p->type != SIM_T_MULTI_SELECT) {
        o = take_option(w, p, val, path);
        return o ? sim_value_options(&o, 1) : NULL;
    }
    if (!check_array(w, val, path)) {
        return NULL;
    }
    for (i = 0; i < json_object_array_length(val); i++) {
        snprintf(where, sizeof(where), "%s[%zu]", path, i);
        o = take_option(w, p, json_object_array_get_idx(val, i), where);
        for (k = 0; k < n && list[k] != o; k++) {
        }
        if (o && k == n) {
            list[n++] = o;
        }
    }
    return sim_value_options(list, n);
}

static int check_target(sim_writer_t *w, const sim_prop_t *p, const sim_id_t *id)
{
    if (p->type == SIM_T_PEOPLE) {
        if (!sim_user_find(id)) {
            sim_fail_missing(w->fail, "user", id, w->token->name);
            return 0;
        }
        return 1;
    }
    else {
        sim_page_t *t = sim_page_find(id);

        if (!t || t->unshared || !sim_token_can_see(w->token, t->ds) ||
            sim_id_cmp(&t->ds->id, &p->rel) != 0) {
            sim_fail_missing(w->fail, "page", id, w->token->name);
            return 0;
        }
        return 1;
    }
}

sim_value_t *sim_write_ids(sim_writer_t *w, sim_prop_t *p, json_object *val, const char *path)
{
    sim_id_t list[SIM_MAX_ARRAY], id;
    size_t i, k, n = 0;
    char where[256];

    if (!check_array(w, val, path)) {
        return NULL;
    }
    for (i = 0; i < json_object_array_length(val); i++) {
        json_object *o = json_object_array_get_idx(val, i), *v;
        int present = sim_member(o, "id", &v);

        snprintf(where, sizeof(where), "%s[%zu].id", path, i);
        if (!sim_is(v, json_type_string) || !sim_id_parse(&id, json_object_get_string(v))) {
            sim_fail_should(w->fail, where, present ? "a valid uuid" : "defined", v, present);
            return NULL;
        }
        for (k = 0; k < n && sim_id_cmp(&list[k], &id) != 0; k++) {
        }
        if (check_target(w, p, &id) && k == n) {
            list[n++] = id;
        }
    }
    return sim_value_ids(list, n);
}

static void take_file(sim_writer_t *w, json_object *o, const char *path, sim_buf_t *out)
{
    json_object *v;
    const char *name = sim_member_str(o, "name"), *url;

    if (sim_member(o, "file_upload", &v)) {
        sim_fail_set(w->fail, 404, "object_not_found", "Could not find file_upload with ID: %s.",
                     sim_member_str(v, "id") ? sim_member_str(v, "id") : "");
        return;
    }
    if (!name || !*name || sim_text_units(name, strlen(name)) > SIM_MAX_NAME) {
        sim_fail_shape(w->fail, "%s.name.length should be ≤ `%d` and ≥ `1`.", path, SIM_MAX_NAME);
        return;
    }
    sim_json_open(out, '{');
    sim_json_kstr(out, "name", name);
    if (sim_member(o, "external", &v)) {
        url = sim_member_str(v, "url");
        if (!url || !*url || sim_text_units(url, strlen(url)) > SIM_MAX_URL) {
            sim_fail_shape(w->fail, "%s.external.url.length should be ≤ `%d` and ≥ `1`.", path,
                           SIM_MAX_URL);
        }
        sim_json_kstr(out, "url", url);
    }
    else if (sim_member(o, "file", &v)) {
        if (!sim_file_take(out, sim_member_str(v, "url"))) {
            sim_fail_meaning(w->fail, "%s.file.url is not a file hosted by Notion.", path);
        }
    }
    else {
        sim_fail_shape(w->fail, "%s.external should be defined, instead was `undefined`.", path);
    }
    sim_json_close(out, '}');
}

sim_value_t *sim_write_files(sim_writer_t *w, json_object *val, const char *path)
{
    sim_buf_t b = SIM_BUF_INIT;
    sim_value_t *v;
    size_t i;
    char where[256];

    if (!check_array(w, val, path) || json_object_array_length(val) == 0) {
        return NULL;
    }
    sim_json_open(&b, '[');
    for (i = 0; i < json_object_array_length(val); i++) {
        snprintf(where, sizeof(where), "%s[%zu]", path, i);
        take_file(w, json_object_array_get_idx(val, i), where, &b);
    }
    sim_json_close(&b, ']');
    v = sim_value_json(b.s);
    sim_buf_free(&b);
    return v;
}

sim_value_t *sim_write_place(sim_writer_t *w, json_object *val, const char *path)
{
    static const char *const texts[] = { "name", "address", "aws_place_id", "google_place_id" };
    json_object *lat, *lon;
    double d;
    size_t i;
    sim_buf_t b = SIM_BUF_INIT;
    sim_value_t *v;

    if (!val) {
        return NULL;
    }
    sim_member(val, "lat", &lat);
    sim_member(val, "lon", &lon);
    if (!sim_number(lat, &d) || !sim_number(lon, &d)) {
        sim_fail_shape(w->fail, "%s.lat and lon should be numbers.", path);
        return NULL;
    }
    sim_json_open(&b, '{');
    sim_number(lat, &d);
    sim_json_key(&b, "lat");
    sim_json_num(&b, d);
    sim_number(lon, &d);
    sim_json_key(&b, "lon");
    sim_json_num(&b, d);
    for (i = 0; i < 4; i++) {
        sim_json_kstr(&b, texts[i], sim_member_str(val, texts[i]));
    }
    sim_json_close(&b, '}');
    v = sim_value_json(b.s);
    sim_buf_free(&b);
    return v;
}

sim_value_t *sim_write_verification(sim_writer_t *w, json_object *val, const char *path)
{
    const char *state = sim_member_str(val, "state");
    json_object *date;
    sim_value_t *d = NULL, *v;
    sim_buf_t b = SIM_BUF_INIT;
    char where[256];

    if (state && strcmp(state, "unverified") == 0) {
        return NULL;
    }
    if (!state || strcmp(state, "verified") != 0) {
        sim_fail_shape(w->fail, "%s.state should be `\"verified\"` or `\"unverified\"`.", path);
        return NULL;
    }
    if (sim_member(val, "date", &date) && date) {
        snprintf(where, sizeof(where), "%s.date", path);
        d = sim_date_take(date, where, w->fail);
    }
    sim_json_open(&b, '{');
    sim_json_kstr(&b, "state", "verified");
    sim_json_key(&b, "date");
    sim_date_json(&b, d);
    sim_json_key(&b, "verified_by");
    sim_user_partial_json(&b, w->token->user);
    sim_json_close(&b, '}');
    v = sim_value_json(b.s);
    sim_buf_free(&b);
    sim_value_unref(d);
    return v;
}
