/* One property of a page in full, search, and the children of a page. */
#include <stdlib.h>
#include <string.h>

#include "sim_api.h"
#include "sim_cursor.h"
#include "sim_rich.h"
#include "sim_schema.h"

static const int plain_flags = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;

static int is_listed(sim_type_t t)
{
    return t == SIM_T_TITLE || t == SIM_T_RICH_TEXT || t == SIM_T_PEOPLE || t == SIM_T_RELATION ||
           t == SIM_T_ROLLUP;
}

static int is_group(const sim_prop_t *p, const sim_value_t *v, size_t i)
{
    const sim_user_t *u = p->type == SIM_T_PEOPLE ? sim_user_find(sim_value_id(v, i)) : NULL;

    return u && u->type == SIM_GROUP;
}

/* What is known of these items knows users only: a group is left out, or a user without a name. */
static void put_listed_person(sim_buf_t *b, const sim_prop_t *p, const sim_value_t *v, size_t i,
                              const sim_view_t *view)
{
    if (is_group(p, v, i)) {
        sim_user_partial_json(b, sim_user_find(sim_value_id(v, i)));
    }
    else {
        sim_person_json(b, sim_value_id(v, i), view);
    }
}

static void put_item(sim_req_t *q, const sim_prop_t *p, const sim_value_t *v, json_object *rich,
                     size_t i, const sim_view_t *view)
{
    sim_buf_t *b = &q->out;

    sim_json_open(b, '{');
    sim_json_kstr(b, "object", "property_item");
    sim_json_kstr(b, "type", sim_type_name(p->type));
    sim_json_kstr(b, "id", p->enc);
    sim_json_key(b, sim_type_name(p->type));
    if (rich) {
        sim_json_raw(
            b, json_object_to_json_string_ext(json_object_array_get_idx(rich, i), plain_flags));
    }
    else if (p->type == SIM_T_PEOPLE) {
        put_listed_person(b, p, v, i, view);
    }
    else {
        sim_json_open(b, '{');
        sim_id_json(b, "id", sim_value_id(v, i));
        sim_json_close(b, '}');
    }
    sim_json_close(b, '}');
}

/* What is rolled up, of title and text each piece by itself; without the values' own ids. NULL: no list. */
static json_object *rollup_items(const sim_value_t *v)
{
    json_object *rollup, *array = NULL, *items = NULL;
    size_t i, k;
    int err;

    rollup = v ? sim_parse(sim_value_chars(v), strlen(sim_value_chars(v)), &err) : NULL;
    if (rollup && sim_member(rollup, "array", &array) && sim_is(array, json_type_array)) {
        items = json_object_new_array();
        for (i = 0; i < json_object_array_length(array); i++) {
            json_object *o = json_object_array_get_idx(array, i), *pieces = NULL;
            const char *type = sim_member_str(o, "type");
            int is_text = type && (!strcmp(type, "title") || !strcmp(type, "rich_text")) &&
                          sim_member(o, type, &pieces);

            for (k = 0; is_text && k < json_object_array_length(pieces); k++) {
                json_object *one = json_object_new_object();

                json_object_object_add(one, "type", json_object_new_string(type));
                json_object_object_add(one, type,
                                       json_object_get(json_object_array_get_idx(pieces, k)));
                json_object_array_add(items, one);
            }
            if (!is_text) {
                json_object_array_add(items, json_object_get(o));
            }
        }
    }
    json_object_put(rollup);
    return items;
}

static void put_rolled(sim_req_t *q, const sim_prop_t *p, json_object *item)
{
    sim_json_open(&q->out, '{');
    sim_json_kstr(&q->out, "object", "property_item");
    sim_json_kstr(&q->out, "id", p->enc);
    json_object_object_foreach(item, key, val)
    {
        sim_json_kraw(&q->out, key, json_object_to_json_string_ext(val, plain_flags));
    }
    sim_json_close(&q->out, '}');
}

/* The list itself stands in the results, and the rollup is not finished before the last of them. */
static void put_rollup_head(sim_buf_t *b, const sim_prop_t *p, const sim_value_t *v, int has_more,
                            int is_list)
{
    json_object *rollup;
    const char *function;
    int err;

    if (!is_list) {
        sim_json_raw(b, v ? sim_value_chars(v)
                          : "{\"type\":\"number\",\"number\":0,\"function\":\"count\"}");
        return;
    }
    rollup = sim_parse(sim_value_chars(v), strlen(sim_value_chars(v)), &err);
    function = sim_member_str(rollup, "function");
    sim_json_open(b, '{');
    sim_json_kstr(b, "type", has_more ? "incomplete" : "array");
    sim_json_kraw(b, has_more ? "incomplete" : "array", has_more ? "{}" : "[]");
    sim_json_kstr(b, "function", function ? function : p->text ? p->text : "show_original");
    sim_json_close(b, '}');
    json_object_put(rollup);
}

/* property_item: what the list is of, and the address of its next part; cursor: where it stands in the answer, or 0 */
static void put_tail(sim_req_t *q, const sim_prop_t *p, const sim_page_t *page, size_t cursor,
                     int is_list)
{
    sim_buf_t *b = &q->out;
    char id[SIM_ID_TEXT];
    sim_buf_t url = SIM_BUF_INIT;

    if (cursor) {
        sim_id_format(id, &page->id);
        sim_buf_fmt(&url, "https://api.notion.com/v1/pages/%s/properties/%s?start_cursor=%.*s", id,
                    p->enc, (int)strcspn(b->s + cursor, "\""), b->s + cursor);
    }
    sim_json_key(b, "property_item");
    sim_json_open(b, '{');
    sim_json_kstr(b, "id", p->enc);
    sim_json_kstr(b, "next_url", url.s);
    sim_json_kstr(b, "type", sim_type_name(p->type));
    sim_json_key(b, sim_type_name(p->type));
    if (p->type == SIM_T_ROLLUP) {
        put_rollup_head(b, p, sim_prop_value(p, page->live), cursor != 0, is_list);
    }
    else {
        sim_json_raw(b, "{}");
    }
    sim_json_close(b, '}');
    sim_buf_free(&url);
}

static void put_list(sim_req_t *q, const sim_prop_t *p, const sim_page_t *page,
                     const sim_view_t *view)
{
    const sim_value_t *v = sim_prop_value(p, page->live);
    json_object *rich =
        p->type == SIM_T_TITLE || p->type == SIM_T_RICH_TEXT ? sim_rich_items(v) : NULL;
    json_object *rolled = p->type == SIM_T_ROLLUP ? rollup_items(v) : NULL;
    uint64_t hash = sim_cursor_hash(0, p->id);
    int64_t start, size, i,
        n = rich     ? (int64_t)json_object_array_length(rich)
            : rolled ? (int64_t)json_object_array_length(rolled)
                     : (int64_t)sim_value_count(v);

    if ((p->type == SIM_T_ROLLUP && !rolled) || !sim_prop_is_visible(p, q->token)) {
        n = 0;
    }
    if (sim_api_list_from(q, hash, &start, &size)) {
        sim_api_list_open(q, "property_item");
        for (i = start; i < n && i < start + size; i++) {
            if (rolled) {
                put_rolled(q, p, json_object_array_get_idx(rolled, (size_t)i));
            }
            else if (!is_group(p, v, (size_t)i) || strcmp(sim_set.group_items, "left_out") != 0) {
                put_item(q, p, v, rich, (size_t)i, view);
            }
        }
        put_tail(q, p, page, sim_api_list_close(q, i < n ? i : -1, hash), rolled != NULL);
        sim_json_close(&q->out, '}');
    }
    json_object_put(rich);
    json_object_put(rolled);
}

void sim_api_property_item(sim_req_t *q)
{
    sim_page_t *page = sim_api_page(q, 2);
    sim_prop_t *p = page ? sim_prop_by_id(page->ds, q->seg[4]) : NULL;
    sim_view_t view;

    if (!page) {
        return;
    }
    if (!p) {
        sim_fail_meaning(&q->fail, "%s is not a property that exists.", q->seg[4]);
        return;
    }
    sim_req_view(q, &view);
    view.limit = 0;
    if (is_listed(p->type)) {
        put_list(q, p, page, &view);
    }
    else {
        sim_json_open(&q->out, '{');
        sim_json_kstr(&q->out, "object", "property_item");
        sim_json_kstr(&q->out, "type", sim_type_name(p->type));
        sim_json_kstr(&q->out, "id", p->enc);
        sim_json_key(&q->out, sim_type_name(p->type));
        sim_value_json_of(&q->out, p, page, page->live, &view);
        sim_json_close(&q->out, '}');
    }
    sim_view_free(&view);
}

/* what a search can find, as it is listed */
typedef struct search_t {
    sim_req_t *q;
    sim_view_t view;
    const char *query;
    const char *only; /* page or data_source, or NULL */
    int in_trash;
    int64_t start, size, n, more;
} search_t;

/* counts one more hit; 1 if it belongs to this answer */
static int take_hit(search_t *s)
{
    int64_t at = s->n++;

    if (at >= s->start + s->size) {
        s->more = s->start + s->size;
        return 0;
    }
    return at >= s->start;
}

static void search_pages(search_t *s, const sim_ds_t *ds)
{
    sim_node_t *node;

    for (node = sim_index_last(&ds->by_edited); node && s->more < 0; node = sim_index_prev(node)) {
        sim_page_t *p = node->owner;

        if (!p->unshared && p->seen->in_trash == s->in_trash && !p->seen->archived &&
            sim_text_has(sim_value_chars(sim_prop_value(sim_prop_title(ds), p->seen)), s->query) &&
            take_hit(s)) {
            sim_page_json(&s->q->out, p, p->seen, &s->view);
        }
    }
}

void sim_api_search(sim_req_t *q)
{
    static const char *const known[] = { "query",        "sort",      "filter",
                                         "start_cursor", "page_size", NULL };
    search_t s;
    json_object *filter, *v;
    size_t i;

    memset(&s, 0, sizeof(s));
    s.q = q;
    s.more = -1;
    if (!sim_req_known(q, known) || !sim_api_list_from(q, 2, &s.start, &s.size)) {
        return;
    }
    s.query = sim_member_str(q->json, "query") ? sim_member_str(q->json, "query") : "";
    sim_member(q->json, "filter", &filter);
    s.only = sim_member_str(filter, "value");
    s.in_trash = sim_member(filter, "in_trash", &v) && json_object_get_boolean(v);
    sim_req_view(q, &s.view);
    sim_api_list_open(q, "page_or_data_source");
    for (i = 0; i < sim_w.ndss && s.more < 0; i++) {
        const sim_ds_t *ds = sim_w.dss[i];

        if (!sim_token_can_see(q->token, ds)) {
            continue;
        }
        if ((!s.only || strcmp(s.only, "data_source") == 0) && ds->in_trash == s.in_trash &&
            sim_text_has(ds->name, s.query) && take_hit(&s)) {
            sim_ds_json(&q->out, ds, q->token, s.view.old_version);
        }
        if ((!s.only || strcmp(s.only, "page") == 0) && !ds->in_trash) {
            search_pages(&s, ds);
        }
    }
    sim_api_list_close(q, s.more, 2);
    sim_json_kraw(&q->out, "page_or_data_source", "{}");
    sim_json_close(&q->out, '}');
    sim_view_free(&s.view);
}
