/* The body of a page as Markdown. */
#include <stdlib.h>
#include <string.h>

#include "sim_api.h"
#include "sim_auth.h"
#include "sim_body.h"
#include "sim_limits.h"
#include "sim_page.h"

static void answer_body(sim_req_t *q, const sim_page_t *p)
{
    sim_body_json(&q->out, p);
}

void sim_api_body_read(sim_req_t *q)
{
    sim_page_t *p = sim_api_page(q, 2);

    if (p) {
        answer_body(q, p);
    }
}

/* 0 with a failure unless o has exactly members of the list */
static int has_only(json_object *o, const char *path, const char *const *known, sim_fail_t *f)
{
    json_object_object_foreach(o, key, val)
    {
        if (!sim_text_in(key, known)) {
            sim_fail_shape(f, "%s.%s should be not present, instead was `%.100s`.", path, key,
                           json_object_to_json_string(val));
            return 0;
        }
    }
    return 1;
}

static const char *take_text(json_object *o, const char *path, const char *key, sim_fail_t *f)
{
    json_object *v;
    int present = sim_member(o, key, &v);
    sim_buf_t where = SIM_BUF_INIT;

    if (!sim_is(v, json_type_string)) {
        sim_buf_fmt(&where, "%s.%s", path, key);
        sim_fail_should(f, where.s, "a string", v, present);
        sim_buf_free(&where);
        return NULL;
    }
    return json_object_get_string(v);
}

static int is_set(json_object *o, const char *key)
{
    json_object *v;

    return sim_member(o, key, &v) && sim_is(v, json_type_boolean) && json_object_get_boolean(v);
}

static sim_update_t take_update(json_object *o, sim_fail_t *f)
{
    static const char *const known[] = { "old_str", "new_str", "replace_all_matches", NULL };
    static const char path[] = "body.update_content.content_updates[]";
    sim_update_t u = { NULL, NULL, 0 };

    if (!sim_is(o, json_type_object)) {
        sim_fail_should(f, path, "an object", o, 1);
    }
    else if (has_only(o, path, known, f)) {
        u.old_str = take_text(o, path, "old_str", f);
        u.new_str = take_text(o, path, "new_str", f);
        u.all = is_set(o, "replace_all_matches");
    }
    return u;
}

static sim_update_t *take_updates(json_object *command, size_t *n, sim_fail_t *f)
{
    sim_update_t *updates;
    json_object *list;
    int present = sim_member(command, "content_updates", &list);
    size_t i;

    *n = 0;
    if (!sim_is(list, json_type_array)) {
        sim_fail_should(f, "body.update_content.content_updates", "an array", list, present);
        return NULL;
    }
    *n = json_object_array_length(list);
    if (*n > SIM_MAX_ARRAY) {
        sim_fail_shape(
            f, "body.update_content.content_updates.length should be ≤ `%d`, instead was `%zu`.",
            SIM_MAX_ARRAY, *n);
        return NULL;
    }
    updates = sim_mem_alloc((*n + 1) * sizeof(*updates));
    for (i = 0; i < *n && !f->status; i++) {
        updates[i] = take_update(json_object_array_get_idx(list, i), f);
    }
    return updates;
}

static int64_t lines_of(const char *text)
{
    int64_t n = 0;

    for (; text && *text; text++) {
        n += *text != '\n' && (text[1] == '\n' || text[1] == '\0');
    }
    return n;
}

/* blocks that the body gets more; a search may stand in several places */
static int64_t growth(const sim_page_t *p, const sim_update_t *updates, size_t n, const char *whole)
{
    int64_t more = whole ? lines_of(whole) - lines_of(sim_body_get(p)) : 0;
    size_t i;

    for (i = 0; i < n; i++) {
        more += lines_of(updates[i].new_str) - lines_of(updates[i].old_str);
    }
    return more;
}

static void perform(sim_req_t *q, sim_page_t *p, const char *type, json_object *command)
{
    static const char *const of_update[] = { "content_updates", "allow_deleting_content", NULL };
    static const char *const of_replace[] = { "new_str", "allow_deleting_content", NULL };
    int is_update = strcmp(type, "update_content") == 0, changed = 0;
    sim_change_t how = SIM_CHANGE_INIT;
    sim_flags_t flags = SIM_FLAGS_INIT;
    sim_update_t *updates = NULL;
    const char *whole = NULL;
    size_t n = 0;

    if (!has_only(command, is_update ? "body.update_content" : "body.replace_content",
                  is_update ? of_update : of_replace, &q->fail)) {
        return;
    }
    if (is_update) {
        updates = take_updates(command, &n, &q->fail);
    }
    else {
        whole = take_text(command, "body.replace_content", "new_str", &q->fail);
    }
    if (!q->fail.status && sim_auth_has_room(q, growth(p, updates, n, whole)) &&
        sim_body_update(p, updates, n, whole, is_set(command, "allow_deleting_content"), &changed,
                        &q->fail)) {
        if (changed) {
            how.by = q->token->user;
            how.keep_time = !sim_set.body_stamps;
            flags.content = 1;
            sim_page_update(p, NULL, 0, &flags, &how);
        }
        answer_body(q, p);
    }
    free(updates);
}

void sim_api_body_update(sim_req_t *q)
{
    static const char *const known[] = { "type",
                                         "update_content",
                                         "replace_content",
                                         "insert_content",
                                         "replace_content_range",
                                         "allow_async",
                                         NULL };
    sim_page_t *p = sim_api_page(q, 2);
    const char *type = sim_member_str(q->json, "type");
    json_object *command = NULL;

    if (!p || !sim_req_known(q, known)) {
        return;
    }
    if (!type || (strcmp(type, "update_content") != 0 && strcmp(type, "replace_content") != 0)) {
        sim_fail_shape(&q->fail, "body.type should be `\"update_content\"` or "
                                 "`\"replace_content\"`."); /* the legacy ones are not simulated */
        return;
    }
    if (!sim_member(q->json, type, &command) || !sim_is(command, json_type_object)) {
        sim_fail_shape(&q->fail, "body.%s should be defined, instead was `undefined`.", type);
        return;
    }
    if (p->live->in_trash || p->ds->in_trash) {
        sim_fail_meaning(
            &q->fail,
            "Can't edit block that is archived. You must unarchive the block before editing.");
        return;
    }
    perform(q, p, type, command);
}
