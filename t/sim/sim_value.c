/* Property values: immutable, counted, compact. */
#include "sim_value.h"

#include <stdlib.h>
#include <string.h>

struct sim_value_t {
    uint32_t refs;
    uint32_t kind;
    size_t n;    /* elements, mentions, or 1 for a date with an end */
    char data[]; /* aligned for pointers and doubles */
};

static sim_value_t *make(sim_kind_t kind, size_t n, const void *data, size_t size, size_t room)
{
    sim_value_t *v = sim_mem_alloc(sizeof(*v) + room);

    v->refs = 1;
    v->kind = kind;
    v->n = n;
    if (size) {
        memcpy(v->data, data, size);
    }
    return v;
}

sim_value_t *sim_value_text(const char *s, size_t len)
{
    return len ? make(SIM_V_TEXT, 0, s, len, len + 1) : NULL;
}

sim_value_t *sim_value_rich(const char *plain, const char *json, size_t mentions)
{
    size_t len = strlen(plain) + 1, jlen = strlen(json) + 1;
    sim_value_t *v = make(SIM_V_RICH, mentions, plain, len, len + jlen);

    memcpy(v->data + len, json, jlen);
    return v;
}

sim_value_t *sim_value_number(double d)
{
    return make(SIM_V_NUMBER, 0, &d, sizeof(d), sizeof(d));
}

sim_value_t *sim_value_bool(int flag)
{
    return flag ? make(SIM_V_BOOL, 1, NULL, 0, 0) : NULL;
}

sim_value_t *sim_value_string(const char *s)
{
    return s && *s ? make(SIM_V_STRING, 0, s, strlen(s), strlen(s) + 1) : NULL;
}

sim_value_t *sim_value_options(struct sim_option_t *const *options, size_t n)
{
    return n ? make(SIM_V_OPTIONS, n, options, n * sizeof(*options), n * sizeof(*options)) : NULL;
}

sim_value_t *sim_value_date(const char *start, const char *end)
{
    size_t len = strlen(start) + 1, elen = end ? strlen(end) + 1 : 0;
    sim_value_t *v = make(SIM_V_DATE, end != NULL, start, len, len + elen);

    if (end) {
        memcpy(v->data + len, end, elen);
    }
    return v;
}

sim_value_t *sim_value_ids(const sim_id_t *ids, size_t n)
{
    return n ? make(SIM_V_IDS, n, ids, n * sizeof(*ids), n * sizeof(*ids)) : NULL;
}

sim_value_t *sim_value_json(const char *json)
{
    return make(SIM_V_JSON, 0, json, strlen(json), strlen(json) + 1);
}

sim_value_t *sim_value_ref(sim_value_t *v)
{
    if (v) {
        v->refs++;
    }
    return v;
}

void sim_value_unref(sim_value_t *v)
{
    if (v && --v->refs == 0) {
        free(v);
    }
}

sim_kind_t sim_value_kind(const sim_value_t *v)
{
    return (sim_kind_t)v->kind;
}

const char *sim_value_chars(const sim_value_t *v)
{
    return v ? v->data : "";
}

const char *sim_value_rich_json(const sim_value_t *v)
{
    return v->data + strlen(v->data) + 1;
}

size_t sim_value_mentions(const sim_value_t *v)
{
    return v && v->kind == SIM_V_RICH ? v->n : 0;
}

double sim_value_as_number(const sim_value_t *v)
{
    double d;

    memcpy(&d, v->data, sizeof(d));
    return d;
}

int sim_value_as_bool(const sim_value_t *v)
{
    return v != NULL;
}

const char *sim_value_date_end(const sim_value_t *v)
{
    return v->n ? v->data + strlen(v->data) + 1 : NULL;
}

size_t sim_value_count(const sim_value_t *v)
{
    return v ? v->n : 0;
}

struct sim_option_t *sim_value_option(const sim_value_t *v, size_t i)
{
    struct sim_option_t *o;

    memcpy(&o, v->data + i * sizeof(o), sizeof(o));
    return o;
}

const sim_id_t *sim_value_id(const sim_value_t *v, size_t i)
{
    return (const sim_id_t *)(const void *)v->data + i;
}

int sim_value_has_id(const sim_value_t *v, const sim_id_t *id)
{
    size_t i;

    for (i = 0; i < sim_value_count(v); i++) {
        if (sim_id_cmp(sim_value_id(v, i), id) == 0) {
            return 1;
        }
    }
    return 0;
}

sim_value_t *sim_value_ids_without(const sim_value_t *v, const sim_id_t *id)
{
    size_t i, n = 0, count = sim_value_count(v);
    sim_id_t *ids = sim_mem_alloc(count * sizeof(*ids));
    sim_value_t *out;

    for (i = 0; i < count; i++) {
        if (sim_id_cmp(sim_value_id(v, i), id) != 0) {
            ids[n++] = *sim_value_id(v, i);
        }
    }
    out = sim_value_ids(ids, n);
    free(ids);
    return out;
}

sim_value_t *sim_value_ids_with(const sim_value_t *v, const sim_id_t *id)
{
    size_t count = sim_value_count(v);
    sim_id_t *ids = sim_mem_alloc((count + 1) * sizeof(*ids));
    sim_value_t *out;

    if (count) {
        memcpy(ids, sim_value_id(v, 0), count * sizeof(*ids));
    }
    ids[count] = *id;
    out = sim_value_ids(ids, count + 1);
    free(ids);
    return out;
}
