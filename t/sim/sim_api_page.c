/* Creating, reading and updating pages. */
#include <stdlib.h>
#include <string.h>

#include "sim_api.h"
#include "sim_auth.h"
#include "sim_body.h"
#include "sim_hook.h"
#include "sim_outline.h"
#include "sim_page.h"
#include "sim_schema.h"
#include "sim_send.h"
#include "sim_write.h"

static void answer_page(sim_req_t *q, const sim_page_t *p)
{
    sim_view_t view;

    sim_req_view(q, &view);
    sim_page_json(&q->out, p, p->live, &view);
    sim_view_free(&view);
}

static sim_ds_t *take_parent(sim_req_t *q)
{
    json_object *parent, *v;
    sim_id_t id;
    sim_ds_t *ds;
    int present = sim_member(q->json, "parent", &parent);

    if (!sim_is(parent, json_type_object)) {
        sim_fail_should(&q->fail, "body.parent", "defined", parent, present);
        return NULL;
    }
    if (sim_member(parent, "data_source_id", &v) && !sim_req_is_first(q)) {
        if (!sim_id_parse(&id, json_object_get_string(v))) {
            sim_fail_should(&q->fail, "body.parent.data_source_id", "a valid uuid", v, 1);
            return NULL;
        }
        ds = sim_ds_find(&id);
        if (!ds || !sim_token_can_see(q->token, ds) || ds->in_trash) {
            sim_fail_missing(&q->fail, "data_source", &id, q->token->name);
            return NULL;
        }
        return ds;
    }
    if (sim_member(parent, "database_id", &v) && sim_id_parse(&id, json_object_get_string(v))) {
        return sim_api_only_source(q, &id);
    }
    if (sim_member(parent, "page_id", &v) && sim_id_parse(&id, json_object_get_string(v))) {
        sim_fail_missing(&q->fail, "page", &id,
                         q->token->name); /* pages below pages are not simulated */
        return NULL;
    }
    sim_fail_shape(&q->fail,
                   "body.parent.data_source_id should be defined, instead was `undefined`.");
    return NULL;
}

/* What the product allows: rows of a data source, and on the free plan blocks that connections ever make; a page is one. */
static int has_room(sim_req_t *q, const sim_ds_t *ds, int64_t blocks)
{
    if ((int64_t)ds->npages >= sim_set.row_limit) {
        sim_fail_set(&q->fail, 409, "row_limit_exceeded",
                     "This database has reached its limit of %lld rows.",
                     (long long)sim_set.row_limit);
        return 0;
    }
    return sim_auth_has_room(q, 1 + blocks);
}

/* The body that the new page is given: blocks, or Markdown, but not both.  malloc'd by b. */
static size_t take_body(sim_req_t *q, sim_buf_t *b)
{
    static const char *const keys[] = { "children", "content" };
    const char *markdown = sim_member_str(q->json, "markdown");
    size_t i, n = 0;
    json_object *v;

    for (i = 0; i < 2; i++) {
        if (sim_member(q->json, keys[i], &v)) {
            sim_buf_t path = SIM_BUF_INIT;

            sim_buf_fmt(&path, "body.%s", keys[i]);
            if (markdown || n > 0) {
                sim_fail_should(&q->fail, path.s, "not present", v, 1);
            }
            else {
                n = sim_outline_take(b, v, path.s, 0, q->token, &q->fail);
            }
            sim_buf_free(&path);
        }
    }
    if (markdown) {
        sim_buf_str(b, markdown);
    }
    return n;
}

/* What would happen later, by itself, is not simulated: better refused than forgotten. */
static void refuse_later(sim_req_t *q)
{
    json_object *v;

    if (sim_member(q->json, "template", &v) &&
        !(sim_member_str(v, "type") && strcmp(sim_member_str(v, "type"), "none") == 0)) {
        sim_fail_should(&q->fail, "body.template", "not present", v, 1);
    }
    if (sim_member(q->json, "allow_async", &v) && json_object_get_boolean(v)) {
        sim_fail_should(&q->fail, "body.allow_async", "not present", v, 1);
    }
}

void sim_api_page_create(sim_req_t *q)
{
    static const char *const known[] = { "parent",   "properties",  "icon",     "cover",
                                         "content",  "children",    "markdown", "template",
                                         "position", "allow_async", NULL };
    sim_change_t how = SIM_CHANGE_INIT;
    sim_writer_t w = { q->token, &q->fail, 0 };
    sim_set_t *sets;
    size_t nsets, blocks;
    sim_ds_t *ds;
    sim_page_t *p;
    sim_buf_t body = SIM_BUF_INIT;
    json_object *props;

    if (!sim_req_known(q, known) || !(ds = take_parent(q))) {
        return;
    }
    blocks = take_body(q, &body);
    refuse_later(q);
    sim_member(q->json, "properties", &props);
    sim_write_properties(&w, ds, props, &sets, &nsets);
    if (!q->fail.status && has_room(q, ds, (int64_t)blocks)) {
        how.by = q->token->user;
        p = sim_page_create(ds, NULL, 0, sets, nsets, &how);
        q->page_id = p->id;
        q->created = 1;
        sim_body_set(p, body.s);
        answer_page(q, p);
    }
    free(sets);
    sim_buf_free(&body);
}

void sim_api_page_read(sim_req_t *q)
{
    sim_page_t *p = sim_api_page(q, 2);

    if (p && p->live->in_trash && !sim_set.trash_readable) {
        sim_fail_missing(&q->fail, "page", &p->id, q->token->name);
    }
    else if (p) {
        answer_page(q, p);
    }
}

/* a flag of the body, or -1 */
static int take_flag(sim_req_t *q, const char *key)
{
    json_object *v;
    sim_buf_t path = SIM_BUF_INIT;

    if (!sim_member(q->json, key, &v)) {
        return -1;
    }
    if (!sim_is(v, json_type_boolean)) {
        sim_buf_fmt(&path, "body.%s", key);
        sim_fail_should(&q->fail, path.s, "a boolean or `undefined`", v, 1);
        sim_buf_free(&path);
        return -1;
    }
    return json_object_get_boolean(v);
}

static void take_flags(sim_req_t *q, sim_flags_t *flags)
{
    flags->in_trash = take_flag(q, "in_trash");
    if (sim_req_is_old(q) && flags->in_trash < 0) {
        flags->in_trash = take_flag(q, "archived");
    }
    flags->archived = take_flag(q, "is_archived");
    flags->locked = take_flag(q, "is_locked");
    flags->content = take_flag(q, "erase_content") == 1;
}

static int changes_anything(const sim_req_t *q, const sim_flags_t *f, size_t nsets)
{
    json_object *v;

    return nsets || f->in_trash >= 0 || f->archived >= 0 || f->locked >= 0 || f->content ||
           sim_member(q->json, "icon", &v) || sim_member(q->json, "cover", &v);
}

static void add_options(sim_set_t *set, const sim_value_t *was)
{
    size_t i, k, n = sim_value_count(set->value), m = sim_value_count(was);
    sim_option_t **list = sim_mem_alloc((n + m + 1) * sizeof(sim_option_t *));

    for (i = 0; i < n; i++) {
        list[i] = sim_value_option(set->value, i);
    }
    for (i = 0; i < m; i++) {
        for (k = 0; k < n && list[k] != sim_value_option(was, i); k++) {
        }
        if (k == n) {
            list[n++] = sim_value_option(was, i);
        }
    }
    sim_value_unref(set->value);
    set->value = sim_value_options(list, n);
    free(list);
}

/* That lists replace what was there is documented for files alone. */
static void add_what_was(const sim_page_t *p, sim_set_t *sets, size_t nsets)
{
    size_t i, k;

    for (i = 0; i < nsets && strcmp(sim_set.array_writes, "add") == 0; i++) {
        const sim_value_t *was = sim_prop_value(sets[i].prop, p->live);

        for (k = 0; k < sim_value_count(was) &&
                    (sets[i].prop->type == SIM_T_PEOPLE || sets[i].prop->type == SIM_T_RELATION);
             k++) {
            if (!sim_value_has_id(sets[i].value, sim_value_id(was, k))) {
                sim_value_t *more = sim_value_ids_with(sets[i].value, sim_value_id(was, k));

                sim_value_unref(sets[i].value);
                sets[i].value = more;
            }
        }
        if (sets[i].prop->type == SIM_T_MULTI_SELECT) {
            add_options(&sets[i], was);
        }
    }
}

void sim_api_page_update(sim_req_t *q)
{
    static const char *const known[] = { "properties", "icon",        "cover",
                                         "is_locked",  "template",    "erase_content",
                                         "in_trash",   "is_archived", NULL };
    static const char *const known_old[] = { "properties", "icon",        "cover",
                                             "is_locked",  "template",    "erase_content",
                                             "in_trash",   "is_archived", "archived",
                                             NULL };
    sim_change_t how = SIM_CHANGE_INIT;
    sim_flags_t flags = SIM_FLAGS_INIT;
    sim_writer_t w = { q->token, &q->fail, 0 };
    sim_set_t *sets = NULL;
    size_t nsets = 0;
    json_object *props = NULL;
    sim_page_t *p = sim_api_page(q, 2);

    if (!p || !sim_req_known(q, sim_req_is_old(q) ? known_old : known)) {
        return;
    }
    take_flags(q, &flags);
    refuse_later(q);
    sim_member(q->json, "properties", &props);
    /* restoring is allowed, but not together with edits: whether Notion does both at once is unknown */
    if ((p->live->in_trash || p->ds->in_trash) && (flags.in_trash != 0 || props)) {
        sim_fail_meaning(
            &q->fail,
            "Can't edit block that is archived. You must unarchive the block before editing.");
        return;
    }
    sim_write_properties(&w, p->ds, props, &sets, &nsets);
    if (!q->fail.status) {
        add_what_was(p, sets, nsets);
        how.by = q->token->user;
        if (take_flag(q, "erase_content") == 1) {
            sim_body_set(p, NULL);
        }
        if (changes_anything(q, &flags, nsets)) {
            sim_page_update(p, sets, nsets, &flags, &how);
        }
        answer_page(q, p);
    }
    free(sets);
}
