/* Control: pages as persons make and edit them, and the truth about them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_body.h"
#include "sim_control.h"
#include "sim_page.h"
#include "sim_render.h"
#include "sim_send.h"
#include "sim_simple.h"

static sim_ds_t *take_ds(sim_req_t *q, const char *text)
{
    sim_id_t id;
    sim_ds_t *ds;

    if (!sim_control_id(q, text, &id)) {
        return NULL;
    }
    ds = sim_ds_find(&id);
    if (!ds) {
        sim_fail_set(&q->fail, 404, "", "no such data source");
    }
    return ds;
}

/* one page out of o; how holds what is common to all */
static sim_page_t *create_one(sim_req_t *q, sim_ds_t *ds, json_object *o, sim_change_t *how,
                              int lenient)
{
    const char *text = sim_member_str(o, "id");
    sim_ms_t created = sim_control_time(o, "created_time", &q->fail);
    json_object *props;
    sim_set_t *sets = NULL;
    size_t nsets = 0;
    sim_id_t id;
    sim_page_t *p = NULL;

    memset(&id, 0, sizeof(id));
    if ((text && !sim_control_id(q, text, &id)) || (text && sim_page_find(&id))) {
        sim_fail_set(&q->fail, 400, "", "there is a page with this id");
        return NULL;
    }
    sim_member(o, "properties", &props);
    sim_simple_sets(ds, props, lenient, &sets, &nsets, &q->fail);
    if (!q->fail.status) {
        p = sim_page_create(ds, &id, created, sets, nsets, how);
        sim_body_set(p, sim_member_str(o, "body"));
    }
    free(sets);
    return p;
}

static void create_page(sim_req_t *q)
{
    static const char *const known[] = { "data_source", "properties",   "id",
                                         "by",          "created_time", "created_ago_ms",
                                         "stale_ms",    "quiet",        "body",
                                         NULL };
    sim_change_t how = SIM_CHANGE_INIT;
    sim_ds_t *ds;
    sim_page_t *p;

    if (!sim_control_known(q->json, known, &q->fail) ||
        !(ds = take_ds(q, sim_member_str(q->json, "data_source")))) {
        return;
    }
    how.by = sim_control_by(q->json, &q->fail);
    how.stale_ms = sim_control_int(q->json, "stale_ms", -1);
    how.quiet = sim_control_flag(q->json, "quiet", 0);
    p = create_one(q, ds, q->json, &how, 0);
    if (p) {
        sim_json_open(&q->out, '{');
        sim_id_json(&q->out, "id", &p->id);
        sim_json_close(&q->out, '}');
    }
}

/* a copy of the properties with {n} replaced */
static json_object *fill_in(json_object *props, int64_t n)
{
    json_object *out = json_object_new_object();
    char number[24];

    snprintf(number, sizeof(number), "%lld", (long long)n);
    json_object_object_foreach(props, key, val)
    {
        const char *s = sim_is(val, json_type_string) ? json_object_get_string(val) : NULL, *at;
        sim_buf_t b = SIM_BUF_INIT;

        if (!s || !strstr(s, "{n}")) {
            json_object_object_add(out, key, json_object_get(val));
            continue;
        }
        for (; (at = strstr(s, "{n}")) != NULL; s = at + 3) {
            sim_buf_add(&b, s, (size_t)(at - s));
            sim_buf_str(&b, number);
        }
        sim_buf_str(&b, s);
        json_object_object_add(out, key, json_object_new_string(b.s));
        sim_buf_free(&b);
    }
    return out;
}

static void create_series(sim_req_t *q, sim_ds_t *ds, sim_change_t *how)
{
    int64_t i, count = sim_control_int(q->json, "count", 0),
               first = sim_control_int(q->json, "first", 1);
    int64_t per_minute = sim_control_int(q->json, "per_minute", 0);
    sim_ms_t end = sim_time_now() - sim_control_int(q->json, "ended_ago_ms", 0);
    sim_id_t ends[2];
    json_object *props;

    memset(ends, 0, sizeof(ends));
    sim_member(q->json, "properties", &props);
    for (i = 0; i < count && !q->fail.status; i++) {
        json_object *o = json_object_new_object();
        sim_page_t *p;

        if (sim_is(props, json_type_object)) {
            json_object_object_add(o, "properties", fill_in(props, first + i));
        }
        if (per_minute > 0) {
            json_object_object_add(
                o, "created_time",
                json_object_new_int64(end - (count - i) * SIM_MINUTE / per_minute));
        }
        p = create_one(q, ds, o, how, 1);
        if (p) {
            ends[i > 0] = p->id;
        }
        json_object_put(o);
    }
    sim_json_open(&q->out, '{');
    sim_json_kint(&q->out, "count", i);
    sim_id_json(&q->out, "first_id", &ends[0]);
    sim_id_json(&q->out, "last_id", &ends[count > 1]);
    sim_json_close(&q->out, '}');
}

static void create_pages(sim_req_t *q)
{
    static const char *const known[] = { "data_source", "pages",        "count", "first",
                                         "properties",  "per_minute",   "by",    "stale_ms",
                                         "quiet",       "ended_ago_ms", NULL };
    sim_change_t how = SIM_CHANGE_INIT;
    sim_ds_t *ds;
    json_object *pages, *v;
    size_t i;

    if (!sim_control_known(q->json, known, &q->fail) ||
        !(ds = take_ds(q, sim_member_str(q->json, "data_source")))) {
        return;
    }
    how.by = sim_control_by(q->json, &q->fail);
    how.quiet = sim_control_flag(q->json, "quiet", 1);
    how.stale_ms = sim_control_int(q->json, "stale_ms", how.quiet ? 0 : -1);
    if (sim_member(q->json, "count", &v)) {
        create_series(q, ds, &how);
        return;
    }
    sim_member(q->json, "pages", &pages);
    if (!sim_is(pages, json_type_array)) {
        sim_fail_set(&q->fail, 400, "", "pages or count is missing");
        return;
    }
    sim_json_open(&q->out, '{');
    sim_json_key(&q->out, "ids");
    sim_json_open(&q->out, '[');
    for (i = 0; i < json_object_array_length(pages) && !q->fail.status; i++) {
        sim_page_t *p = create_one(q, ds, json_object_array_get_idx(pages, i), &how, 0);

        if (p) {
            sim_id_json(&q->out, NULL, &p->id);
        }
    }
    sim_json_close(&q->out, ']');
    sim_json_close(&q->out, '}');
}

void sim_control_edit_page(sim_page_t *p, json_object *o, sim_fail_t *f)
{
    static const char *const known[] = { "page",
                                         "properties",
                                         "in_trash",
                                         "archived",
                                         "locked",
                                         "shared",
                                         "purge",
                                         "move_to",
                                         "content",
                                         "body",
                                         "body_cut",
                                         "last_edited_time",
                                         "last_edited_ago_ms",
                                         "by",
                                         "stale_ms",
                                         "quiet",
                                         NULL };
    sim_change_t how = SIM_CHANGE_INIT;
    sim_flags_t flags = SIM_FLAGS_INIT;
    sim_set_t *sets = NULL;
    size_t nsets = 0;
    json_object *v;
    sim_id_t id;
    sim_ds_t *to;

    if (!sim_control_known(o, known, f)) {
        return;
    }
    how.by = sim_control_by(o, f);
    how.edited_ms = sim_control_time(o, "last_edited_time", f);
    how.stale_ms = sim_control_int(o, "stale_ms", -1);
    how.quiet = sim_control_flag(o, "quiet", 0);
    flags.in_trash = sim_control_flag(o, "in_trash", -1);
    flags.archived = sim_control_flag(o, "archived", -1);
    flags.locked = sim_control_flag(o, "locked", -1);
    flags.content = sim_control_flag(o, "content", 0);
    p->body_cut = sim_control_flag(o, "body_cut", p->body_cut);
    if (sim_member(o, "body", &v)) {
        flags.content |= strcmp(sim_body_get(p), v ? json_object_get_string(v) : "") != 0;
        sim_body_set(p, v ? json_object_get_string(v) : NULL);
    }
    p->unshared = (uint16_t)!sim_control_flag(o, "shared", !p->unshared);
    sim_member(o, "properties", &v);
    sim_simple_sets(p->ds, v, 0, &sets, &nsets, f);
    if (!f->status && (nsets || flags.in_trash >= 0 || flags.archived >= 0 || flags.locked >= 0 ||
                       flags.content || how.edited_ms)) {
        sim_page_update(p, sets, nsets, &flags, &how);
    }
    free(sets);
    if (!f->status && sim_member(o, "move_to", &v)) {
        to = sim_id_parse(&id, json_object_get_string(v)) ? sim_ds_find(&id) : NULL;
        if (to) {
            sim_page_move(p, to, &how);
        }
        else {
            sim_fail_meaning(f, "move_to is no data source.");
        }
    }
    if (!f->status && sim_control_flag(o, "purge", 0)) {
        sim_page_purge(p);
    }
}

static void put_properties(sim_buf_t *b, const sim_page_t *p, int raw)
{
    static const sim_view_t all = { NULL, 0, 0, NULL, 0 };
    size_t i;

    sim_json_key(b, "properties");
    sim_json_open(b, '{');
    for (i = 0; i < p->ds->nprops; i++) {
        sim_json_key(b, p->ds->props[i]->name);
        if (raw) {
            sim_prop_value_json(b, p->ds->props[i], p, p->live, &all);
        }
        else {
            sim_simple_json(b, p->ds->props[i], p, p->live);
        }
    }
    sim_json_close(b, '}');
}

static void put_truth(sim_buf_t *b, const sim_page_t *p, int with_properties, int raw)
{
    const sim_state_t *st = p->live;

    sim_json_open(b, '{');
    sim_id_json(b, "id", &p->id);
    sim_id_json(b, "data_source", &p->ds->id);
    sim_json_kint(b, "created_ms", p->created_ms);
    sim_json_kint(b, "last_edited_ms", st->edited_ms);
    sim_id_json(b, "created_by", &p->created_by->id);
    sim_id_json(b, "last_edited_by", &st->edited_by->id);
    sim_json_kbool(b, "in_trash", st->in_trash);
    sim_json_kbool(b, "archived", st->archived);
    sim_json_kbool(b, "locked", st->locked);
    sim_json_kbool(b, "shared", !p->unshared);
    sim_json_kbool(b, "visible", p->seen == p->live);
    sim_json_kint(b, "edits", p->edits - 1);
    if (p->body) {
        sim_json_kstr(b, "body", p->body);
    }
    if (with_properties) {
        put_properties(b, p, raw);
    }
    sim_json_close(b, '}');
}

static int compare_age(const void *pa, const void *pb)
{
    const sim_page_t *a = *(sim_page_t *const *)pa, *b = *(sim_page_t *const *)pb;

    return a->created_ms != b->created_ms ? (a->created_ms < b->created_ms ? -1 : 1)
                                          : sim_id_cmp(&a->id, &b->id);
}

static void list_pages(sim_req_t *q)
{
    char *text = sim_req_param(q, "data_source"), *props = sim_req_param(q, "properties");
    sim_ds_t *ds = take_ds(q, text);
    int64_t i, n = 0, from = sim_req_int(q, "offset", 0),
               limit = sim_req_int(q, "limit", INT64_MAX / 2);
    sim_page_t **all, *p;
    size_t k;

    if (ds) {
        all = sim_mem_alloc((ds->npages + 1) * sizeof(*all));
        for (k = 0; k < sim_w.nbuckets; k++) {
            for (p = sim_w.pages[k]; p; p = p->next) {
                if (p->ds == ds) {
                    all[n++] = p;
                }
            }
        }
        qsort(all, (size_t)n, sizeof(*all), compare_age);
        sim_json_open(&q->out, '{');
        sim_json_kint(&q->out, "total", n);
        sim_json_key(&q->out, "pages");
        sim_json_open(&q->out, '[');
        for (i = from; i >= 0 && i < n && i < from + limit; i++) {
            put_truth(&q->out, all[i], !props || strcmp(props, "0") != 0, 0);
        }
        sim_json_close(&q->out, ']');
        sim_json_close(&q->out, '}');
        free(all);
    }
    free(text);
    free(props);
}

static void one_page(sim_req_t *q)
{
    sim_id_t id;
    sim_page_t *p;
    char *raw;

    if (!sim_control_id(q, q->seg[2], &id)) {
        return;
    }
    p = sim_page_find(&id);
    if (!p) {
        sim_fail_set(&q->fail, 404, "", "no such page");
    }
    else if (strcmp(q->method, "PATCH") == 0) {
        sim_control_edit_page(p, q->json, &q->fail);
        sim_json_open(&q->out, '{');
        sim_id_json(&q->out, "id", &id);
        sim_json_close(&q->out, '}');
    }
    else {
        raw = sim_req_param(q, "raw");
        put_truth(&q->out, p, 1, raw && strcmp(raw, "1") == 0);
        free(raw);
    }
}

void sim_control_pages(sim_req_t *q)
{
    int post = strcmp(q->method, "POST") == 0;

    if (strcmp(q->seg[1], "pages") == 0) {
        if (post) {
            create_pages(q);
        }
        else {
            list_pages(q);
        }
    }
    else if (q->nseg == 3) {
        one_page(q);
    }
    else if (post) {
        create_page(q);
    }
    else {
        sim_fail_set(&q->fail, 404, "", "no such control");
    }
    sim_send_wake();
}
