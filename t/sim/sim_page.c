/* Pages: their states and the back-relations between them. */
#include "sim_page.h"

#include <stdlib.h>
#include <string.h>

#include "sim_hook.h"
#include "sim_schema.h"
#include "sim_stale.h"

static sim_state_t *state_make(size_t nvalues)
{
    sim_state_t *st = sim_mem_alloc(sizeof(*st) + nvalues * sizeof(st->values[0]));

    st->refs = 1;
    st->nvalues = (uint32_t)nvalues;
    return st;
}

static sim_state_t *state_copy(const sim_state_t *from, size_t nvalues)
{
    sim_state_t *st = state_make(nvalues);
    size_t i;

    st->edited_ms = from->edited_ms;
    st->edited_by = from->edited_by;
    st->in_trash = from->in_trash;
    st->archived = from->archived;
    st->locked = from->locked;
    for (i = 0; i < from->nvalues && i < nvalues; i++) {
        st->values[i] = sim_value_ref(from->values[i]);
    }
    return st;
}

sim_state_t *sim_state_ref(sim_state_t *st)
{
    if (st) {
        st->refs++;
    }
    return st;
}

void sim_state_unref(sim_state_t *st)
{
    size_t i;

    if (st && --st->refs == 0) {
        for (i = 0; i < st->nvalues; i++) {
            sim_value_unref(st->values[i]);
        }
        free(st);
    }
}

static void state_set(sim_state_t *st, size_t slot, sim_value_t *v)
{
    sim_value_unref(st->values[slot]);
    st->values[slot] = v;
}

/* the page's new state, which becomes visible later */
static void put_state(sim_page_t *p, sim_state_t *st, const sim_change_t *how)
{
    sim_state_unref(p->live);
    p->live = st;
    p->edits++;
    sim_stale_push(p, how->stale_ms);
}

static void stamp_state(sim_state_t *st, const sim_change_t *how)
{
    if (!how->keep_time) {
        st->edited_ms = how->edited_ms ? how->edited_ms : sim_time_now();
        st->edited_by = how->by;
    }
}

/* one id comes to or goes from the property that mirrors a relation */
static void mirror_id(const sim_prop_t *rel, const sim_id_t *target, const sim_id_t *self, int add,
                      const sim_change_t *how)
{
    sim_page_t *t = sim_page_find(target);
    sim_prop_t *dual = t ? sim_prop_by_id(t->ds, rel->dual) : NULL;
    sim_change_t silent = *how;
    sim_state_t *st;
    sim_value_t *v;

    if (!dual || dual->type != SIM_T_RELATION || sim_id_cmp(&t->ds->id, &rel->rel) != 0) {
        return;
    }
    v = sim_prop_value(dual, t->live);
    if (sim_value_has_id(v, self) == add) {
        return;
    }
    st = state_copy(t->live, t->ds->nslots);
    state_set(st, dual->slot, add ? sim_value_ids_with(v, self) : sim_value_ids_without(v, self));
    if (sim_set.mirror_stamps) {
        sim_set_t set = { dual, NULL };

        stamp_state(st, how);
        sim_hook_page(t, SIM_EV_PROPS, &set, how->quiet ? 0 : 1, how->by);
    }
    put_state(t, st, &silent);
}

static void mirror_change(const sim_page_t *p, const sim_prop_t *rel, const sim_value_t *old,
                          const sim_value_t *new, const sim_change_t *how)
{
    size_t i;

    for (i = 0; i < sim_value_count(old); i++) {
        if (!sim_value_has_id(new, sim_value_id(old, i))) {
            mirror_id(rel, sim_value_id(old, i), &p->id, 0, how);
        }
    }
    for (i = 0; i < sim_value_count(new); i++) {
        if (!sim_value_has_id(old, sim_value_id(new, i))) {
            mirror_id(rel, sim_value_id(new, i), &p->id, 1, how);
        }
    }
}

/* consumes the values; tells mirrors after the page has its new state */
static void apply_sets(sim_page_t *p, sim_state_t *st, sim_set_t *sets, size_t nsets,
                       const sim_change_t *how)
{
    size_t i;

    for (i = 0; i < nsets; i++) {
        sim_value_t *v = sets[i].value;

        if (!v && sets[i].prop->type == SIM_T_STATUS && sets[i].prop->fallback &&
            strcmp(sim_set.null_status, "unset") != 0) {
            v = sim_value_options(&sets[i].prop->fallback, 1);
        }
        state_set(st, sets[i].prop->slot, v);
        sets[i].value = NULL;
    }
    {
        sim_state_t *old = sim_state_ref(p->live);

        put_state(p, st, how);
        for (i = 0; i < nsets; i++) {
            const sim_prop_t *prop = sets[i].prop;

            if (prop->type == SIM_T_RELATION && prop->dual) {
                mirror_change(p, prop, old ? sim_prop_value(prop, old) : NULL,
                              sim_prop_value(prop, st), how);
            }
        }
        sim_state_unref(old);
    }
}

sim_page_t *sim_page_create(sim_ds_t *ds, const sim_id_t *id, sim_ms_t created_ms, sim_set_t *sets,
                            size_t nsets, const sim_change_t *how)
{
    sim_page_t *p = sim_mem_alloc(sizeof(*p));
    sim_state_t *st = state_make(ds->nslots);
    size_t i;

    if (id && !sim_id_is_null(id)) {
        p->id = *id;
    }
    else {
        sim_rand_id(&p->id);
    }
    p->ds = ds;
    p->created_ms = created_ms ? created_ms : sim_time_now();
    p->created_by = how->by;
    p->number = (uint32_t)++ds->next_number;
    st->edited_ms = how->edited_ms ? how->edited_ms : p->created_ms;
    st->edited_by = how->by;
    for (i = 0; i < ds->nprops; i++) {
        if (ds->props[i]->type == SIM_T_STATUS && ds->props[i]->fallback) {
            state_set(st, ds->props[i]->slot, sim_value_options(&ds->props[i]->fallback, 1));
        }
    }
    sim_page_hash_add(p);
    ds->npages++;
    apply_sets(p, st, sets, nsets, how);
    if (!how->quiet) {
        sim_hook_page(p, SIM_EV_CREATED, NULL, 0, how->by);
        sim_hook_ds(ds, SIM_EV_CONTENT, &p->id, how->by);
    }
    return p;
}

static unsigned apply_flags(sim_state_t *st, const sim_flags_t *flags)
{
    unsigned kinds = flags->content ? SIM_EV_CONTENT : 0;

    if (flags->in_trash >= 0 && st->in_trash != flags->in_trash) {
        st->in_trash = flags->in_trash != 0;
        kinds |= flags->in_trash ? SIM_EV_DELETED : SIM_EV_UNDELETED;
    }
    if (flags->locked >= 0 && st->locked != flags->locked) {
        st->locked = flags->locked != 0;
        kinds |= flags->locked ? SIM_EV_LOCKED : SIM_EV_UNLOCKED;
    }
    if (flags->archived >= 0) {
        if (st->archived != (flags->archived != 0) && sim_set.archive_event) {
            kinds |= SIM_EV_CONTENT; /* no event of its own is known */
        }
        st->archived = flags->archived != 0;
    }
    return kinds;
}

void sim_page_update(sim_page_t *p, sim_set_t *sets, size_t nsets, const sim_flags_t *flags,
                     const sim_change_t *how)
{
    sim_state_t *st = state_copy(p->live, p->ds->nslots);
    unsigned kinds = apply_flags(st, flags);

    stamp_state(st, how);
    apply_sets(p, st, sets, nsets, how);
    if (nsets) {
        kinds |= SIM_EV_PROPS;
    }
    if (kinds && !how->quiet) {
        sim_hook_page(p, kinds, sets, nsets, how->by);
        if (kinds & (SIM_EV_DELETED | SIM_EV_UNDELETED)) {
            sim_hook_ds(p->ds, SIM_EV_CONTENT, &p->id, how->by);
        }
    }
}

/* an option of the same name in the other data source's property */
static sim_value_t *carry_value(const sim_value_t *v, sim_prop_t *to)
{
    size_t i, n = sim_value_count(v);
    sim_option_t **options = sim_mem_alloc((n + 1) * sizeof(*options));
    sim_value_t *out;

    for (i = 0; i < n; i++) {
        const char *name = sim_value_option(v, i)->name;

        options[i] = sim_option_by_name(to, name);
        if (!options[i]) {
            options[i] = sim_option_add(to, NULL, name, NULL);
        }
    }
    out = sim_value_options(options, n);
    free(options);
    return out;
}

void sim_page_move(sim_page_t *p, sim_ds_t *to, const sim_change_t *how)
{
    sim_state_t *st = state_make(to->nslots);
    sim_ds_t *from = p->ds;
    size_t i;

    for (i = 0; i < to->nprops; i++) {
        sim_prop_t *dst = to->props[i], *src = dst->type == SIM_T_TITLE
                                                   ? sim_prop_title(from)
                                                   : sim_prop_find(from, dst->name);
        sim_value_t *v = src && src->type == dst->type ? sim_prop_value(src, p->live) : NULL;

        if (v) {
            state_set(st, dst->slot,
                      sim_type_has_options(dst->type) ? carry_value(v, dst) : sim_value_ref(v));
        }
    }
    st->in_trash = p->live->in_trash;
    st->archived = p->live->archived;
    st->locked = p->live->locked;
    stamp_state(st, how);
    sim_stale_forget(p);
    sim_index_remove(&from->by_created, &p->by_created);
    sim_index_remove(&from->by_edited, &p->by_edited);
    sim_state_unref(p->seen);
    p->seen = NULL;
    from->npages--;
    to->npages++;
    p->ds = to;
    p->number = (uint32_t)++to->next_number;
    put_state(p, st, how);
    if (!how->quiet) {
        sim_hook_page(p, SIM_EV_MOVED, NULL, 0, how->by);
        sim_hook_ds(from, SIM_EV_CONTENT, &p->id, how->by);
        sim_hook_ds(to, SIM_EV_CONTENT, &p->id, how->by);
    }
}

void sim_page_purge(sim_page_t *p)
{
    sim_stale_forget(p);
    sim_index_remove(&p->ds->by_created, &p->by_created);
    sim_index_remove(&p->ds->by_edited, &p->by_edited);
    sim_page_hash_remove(p);
    p->ds->npages--;
    sim_page_free(p);
}

void sim_page_free(sim_page_t *p)
{
    sim_state_unref(p->live);
    sim_state_unref(p->seen);
    free(p->body);
    free(p->blocks);
    free(p);
}

static void convert_state(sim_state_t *st, size_t slot, sim_convert_fn *fn, void *ctx,
                          uint32_t mark)
{
    if (st && st->mark != mark && slot < st->nvalues) {
        st->mark = mark;
        st->values[slot] = fn(ctx, st->values[slot]);
    }
}

void sim_page_convert_all(sim_ds_t *ds, size_t slot, sim_convert_fn *fn, void *ctx)
{
    static uint32_t mark;
    sim_page_t *p;
    sim_state_t *st;
    void *at = NULL;
    size_t i;

    mark++;
    for (i = 0; i < sim_w.nbuckets; i++) {
        for (p = sim_w.pages[i]; p; p = p->next) {
            if (p->ds == ds) {
                convert_state(p->live, slot, fn, ctx, mark);
                convert_state(p->seen, slot, fn, ctx, mark);
            }
        }
    }
    while ((st = sim_stale_each(&at, ds)) != NULL) {
        convert_state(st, slot, fn, ctx, mark);
    }
}
