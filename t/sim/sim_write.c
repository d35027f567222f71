/* Property values as API requests bring them: the properties object and the simple types. */
#include "sim_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_limits.h"
#include "sim_rich.h"
#include "sim_schema.h"

static int check_date(json_object *o, const char *key, const char *path, int need, sim_date_t *d,
                      sim_fail_t *f)
{
    json_object *v;
    char where[256];
    int present = sim_member(o, key, &v);

    if (!v && !need) {
        return 0;
    }
    if (!sim_is(v, json_type_string) || !sim_date_parse(d, json_object_get_string(v))) {
        snprintf(where, sizeof(where), "%s.%s", path, key);
        sim_fail_should(f, where, "a valid ISO 8601 date string", v, present);
        return 0;
    }
    if (strcmp(sim_set.date_precision, "minute") == 0) {
        d->local_ms = sim_time_floor(d->local_ms);
        d->utc_ms = sim_time_floor(d->utc_ms);
    }
    return 1;
}

static void put_zone(sim_date_t *d, const char *zone, const char *path, sim_fail_t *f)
{
    if (!d->has_time) {
        sim_fail_meaning(f, "%s must include a time when time_zone is provided.", path);
    }
    else if (d->has_offset) {
        sim_fail_meaning(f, "%s must not include a UTC offset when time_zone is provided.", path);
    }
    else if (!sim_date_set_zone(d, zone)) {
        sim_fail_shape(f, "%s.time_zone should be a valid IANA time zone, instead was `\"%.80s\"`.",
                       path, zone);
    }
}

sim_value_t *sim_date_take(json_object *o, const char *path, sim_fail_t *f)
{
    static const char *const known[] = { "start", "end", "time_zone", NULL };
    sim_date_t start, end;
    const char *zone = sim_member_str(o, "time_zone");
    sim_buf_t s = SIM_BUF_INIT, e = SIM_BUF_INIT;
    sim_value_t *v;
    int ranged;

    if (!sim_is(o, json_type_object)) {
        sim_fail_should(f, path, "an object or `null`", o, 1);
        return NULL;
    }
    json_object_object_foreach(o, key, val)
    {
        if (!sim_text_in(key, known)) {
            sim_fail_shape(f, "%s.%s should be not present, instead was `%s`.", path, key,
                           json_object_to_json_string(val));
        }
    }
    if (!check_date(o, "start", path, 1, &start, f)) {
        return NULL;
    }
    ranged = check_date(o, "end", path, 0, &end, f);
    if (zone) {
        put_zone(&start, zone, path, f);
        if (ranged) {
            put_zone(&end, zone, path, f);
        }
    }
    if (ranged && start.has_time != end.has_time) {
        sim_fail_meaning(f, "%s: start and end must both be dates or both be date times.", path);
    }
    else if (ranged && end.utc_ms < start.utc_ms) {
        sim_fail_meaning(f, "%s: end must not be before start.", path);
    }
    if (f->status) {
        return NULL;
    }
    sim_date_print(&s, &start);
    if (ranged) {
        sim_date_print(&e, &end);
    }
    v = sim_value_date(s.s, e.s);
    sim_buf_free(&s);
    sim_buf_free(&e);
    return v;
}

static sim_value_t *take_string(sim_writer_t *w, json_object *val, const char *path, size_t max)
{
    const char *s = json_object_get_string(val);
    size_t units;

    if (!sim_is(val, json_type_string)) {
        sim_fail_should(w->fail, path, "a string or `null`", val, 1);
        return NULL;
    }
    units = sim_text_units(s, strlen(s));
    if (units == 0) {
        sim_fail_shape(w->fail, "%s.length should be ≥ `1`, instead was `0`.", path);
    }
    else if (units > max) {
        sim_fail_shape(w->fail, "%s.length should be ≤ `%zu`, instead was `%zu`.", path, max,
                       units);
    }
    return sim_value_string(s);
}

static sim_value_t *take_value(sim_writer_t *w, sim_prop_t *p, json_object *val, const char *path)
{
    double d;

    switch (p->type) {
    case SIM_T_TITLE:
    case SIM_T_RICH_TEXT:
        return sim_rich_take(val, path, 1, w->token, w->fail);
    case SIM_T_CHECKBOX:
        if (!sim_is(val, json_type_boolean)) {
            sim_fail_should(w->fail, path, "a boolean", val, 1);
        }
        return sim_value_bool(json_object_get_boolean(val));
    case SIM_T_MULTI_SELECT:
        return sim_write_options(w, p, val, path);
    case SIM_T_PEOPLE:
    case SIM_T_RELATION:
        return sim_write_ids(w, p, val, path);
    case SIM_T_FILES:
        return sim_write_files(w, val, path);
    case SIM_T_VERIFICATION:
        return sim_write_verification(w, val, path);
    case SIM_T_PLACE:
        return sim_write_place(w, val, path);
    default:
        break;
    }
    if (!val) {
        if (p->type == SIM_T_STATUS && strcmp(sim_set.null_status, "refused") == 0) {
            sim_fail_should(w->fail, path, "defined", NULL, 1);
        }
        return NULL;
    }
    switch (p->type) {
    case SIM_T_NUMBER:
        if (!sim_number(val, &d)) {
            sim_fail_should(w->fail, path, "a number or `null`", val, 1);
            return NULL;
        }
        return sim_value_number(d);
    case SIM_T_DATE:
        return sim_date_take(val, path, w->fail);
    case SIM_T_URL:
        return take_string(w, val, path, SIM_MAX_URL);
    case SIM_T_EMAIL:
    case SIM_T_PHONE_NUMBER:
        return take_string(w, val, path, (size_t)sim_set.short_max);
    default:
        return sim_write_options(w, p, val, path);
    }
}

/* the union of everything that could have stood there, as Notion reports it */
static void fail_union(sim_fail_t *f, const char *name)
{
    int i;

    if (f->status && f->status != 400) {
        return;
    }
    f->status = 400;
    f->code = "validation_error";
    f->message.len = 0;
    sim_buf_str(&f->message, "body failed validation. Fix one:");
    for (i = 0; i < SIM_T_COUNT; i++) {
        if (sim_type_writable((sim_type_t)i)) {
            sim_buf_fmt(&f->message,
                        "\nbody.properties.%s.%s should be defined, instead was `undefined`.", name,
                        sim_type_name((sim_type_t)i));
        }
    }
}

/* the one member that names a writable type */
static int find_member(sim_writer_t *w, const char *name, json_object *o, sim_type_t *type,
                       json_object **val)
{
    sim_type_t t;
    int found = 0;

    if (!sim_is(o, json_type_object)) {
        fail_union(w->fail, name);
        return 0;
    }
    json_object_object_foreach(o, key, v)
    {
        if (strcmp(key, "type") == 0) {
            continue;
        }
        if (!found && sim_type_parse(key, &t) && sim_type_writable(t)) {
            *type = t;
            *val = v;
            found = 1;
        }
        else if (found || strcmp(key, "id") == 0 || strcmp(key, "name") == 0) {
            sim_fail_shape(w->fail,
                           "body.properties.%s.%s should be not present, instead was `%.100s`.",
                           name, key, json_object_to_json_string_ext(v, JSON_C_TO_STRING_PLAIN));
            return 0;
        }
    }
    if (!found) {
        fail_union(w->fail, name);
    }
    return found;
}

static void take_property(sim_writer_t *w, sim_ds_t *ds, const char *name, json_object *o,
                          sim_set_t *sets, size_t *n)
{
    sim_prop_t *p = sim_prop_find(ds, name);
    json_object *val = NULL;
    sim_type_t type;
    char path[200];

    if (!find_member(w, name, o, &type, &val)) {
        return;
    }
    if (!p || !sim_prop_is_visible(p, w->token)) {
        sim_fail_meaning(w->fail, "%s is not a property that exists.", name);
        return;
    }
    if (p->type != type) {
        sim_fail_meaning(w->fail, "%s is expected to be %s.", p->name, sim_type_name(p->type));
        return;
    }
    snprintf(path, sizeof(path), "body.properties.%.120s.%s", name, sim_type_name(type));
    sets[*n].prop = p;
    sets[*n].value = take_value(w, p, val, path);
    (*n)++;
}

void sim_write_properties(sim_writer_t *w, sim_ds_t *ds, json_object *properties, sim_set_t **sets,
                          size_t *nsets)
{
    size_t i;

    *sets = NULL;
    *nsets = 0;
    if (!properties) {
        return;
    }
    if (!sim_is(properties, json_type_object)) {
        sim_fail_should(w->fail, "body.properties", "an object or `undefined`", properties, 1);
        return;
    }
    *sets = sim_mem_alloc(((size_t)json_object_object_length(properties) + 1) * sizeof(**sets));
    for (w->check_only = 1; w->check_only >= 0; w->check_only--) {
        json_object_object_foreach(properties, key, val)
        {
            take_property(w, ds, key, val, *sets, nsets);
        }
        if (w->fail->status || w->check_only) {
            for (i = 0; i < *nsets; i++) {
                sim_value_unref((*sets)[i].value);
            }
            *nsets = 0;
            if (w->fail->status) {
                return;
            }
        }
    }
}
