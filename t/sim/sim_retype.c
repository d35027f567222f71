/* A property changes its type: values follow where text allows it. */
#include <stdlib.h>
#include <string.h>

#include "sim_page.h"
#include "sim_schema.h"
#include "sim_simple.h"

typedef struct retype_t {
    sim_prop_t *prop; /* already of the new type */
    sim_type_t from;
} retype_t;

/* A name for each part between commas. */
static json_object *split(const char *s)
{
    json_object *list = json_object_new_array();

    while (*s) {
        size_t n = strcspn(s, ",");

        if (n) {
            json_object_array_add(list, json_object_new_string_len(s, (int)n));
        }
        s += n + (s[n] == ',');
        s += strspn(s, " ");
    }
    return list;
}

static sim_value_t *from_text(sim_prop_t *p, const char *s)
{
    json_object *o = json_object_new_string(s);
    sim_fail_t f = SIM_FAIL_INIT;
    sim_value_t *v;

    if (p->type == SIM_T_MULTI_SELECT) {
        json_object_put(o);
        o = split(s);
    }
    if (p->type == SIM_T_CHECKBOX) {
        v = sim_value_bool(strcmp(s, "Yes") == 0);
    }
    else if (p->type == SIM_T_PEOPLE || p->type == SIM_T_RELATION || p->type == SIM_T_FILES ||
             p->type > SIM_T_RELATION) {
        v = NULL;
    }
    else {
        v = sim_simple_take(p, o, 1, &f);
    }
    if (f.status) {
        v = NULL;
    }
    sim_fail_free(&f);
    json_object_put(o);
    return v;
}

static sim_value_t *convert(void *ctx, sim_value_t *old)
{
    retype_t *r = ctx;
    sim_buf_t b = SIM_BUF_INIT;
    sim_value_t *v = NULL;

    sim_simple_text(&b, r->from, old);
    if (b.len) {
        v = from_text(r->prop, b.s);
    }
    sim_buf_free(&b);
    sim_value_unref(old);
    return v;
}

static void forget_settings(sim_prop_t *p)
{
    size_t i;

    for (i = 0; i < p->noptions; i++) {
        p->options[i]->removed = 1; /* kept, for values may point to them until converted */
    }
    p->fallback = NULL;
    free(p->text);
    free(p->dual);
    p->text = p->dual = NULL;
    sim_value_unref(p->constant);
    p->constant = NULL;
}

void sim_prop_retype(sim_ds_t *ds, sim_prop_t *p, sim_type_t type, int keep_id)
{
    retype_t r;
    sim_prop_t *twin;

    if (!keep_id) {
        twin = sim_prop_add(ds, NULL, "", type); /* only for its fresh id */
        sim_prop_set_id(p, twin->id);
        sim_prop_remove(ds, twin);
        sim_prop_set_id(twin, "");
    }
    r.prop = p;
    r.from = p->type;
    forget_settings(p);
    p->type = type;
    if (type == SIM_T_STATUS) {
        sim_status_defaults(p);
    }
    sim_page_convert_all(ds, p->slot, convert, &r);
}
