/* Users, values and pages as the API shows them. */
#include "sim_render.h"

#include <string.h>

#include "sim_file.h"
#include "sim_page.h"
#include "sim_rich.h"
#include "sim_schema.h"

void sim_user_partial_json(sim_buf_t *b, const sim_user_t *u)
{
    sim_json_open(b, '{');
    sim_json_kstr(b, "object", "user");
    sim_id_json(b, "id", &u->id);
    sim_json_close(b, '}');
}

static void put_user_head(sim_buf_t *b, const sim_user_t *u)
{
    sim_json_open(b, '{');
    sim_json_kstr(b, "object", "user");
    sim_id_json(b, "id", &u->id);
    sim_json_kstr(b, "name", u->name);
    sim_json_knull(b, "avatar_url");
    sim_json_kstr(b, "type", u->type == SIM_BOT ? "bot" : "person");
}

static void put_person(sim_buf_t *b, const sim_user_t *u, const sim_view_t *view)
{
    sim_json_key(b, "person");
    sim_json_open(b, '{');
    if (u->email && (!view->token || (view->token->can & SIM_CAN_EMAIL))) {
        sim_json_kstr(b, "email", u->email);
    }
    sim_json_close(b, '}');
}

void sim_user_json(sim_buf_t *b, const sim_user_t *u, const sim_view_t *view)
{
    if (view->token && !view->token->is_person && !(view->token->can & SIM_CAN_USERS)) {
        sim_user_partial_json(b, u);
        return;
    }
    if (u->type == SIM_GROUP) {
        sim_json_open(b, '{');
        sim_json_kstr(b, "object", "group");
        sim_id_json(b, "id", &u->id);
        sim_json_kstr(b, "name", u->name);
        sim_json_close(b, '}');
        return;
    }
    put_user_head(b, u);
    if (u->type == SIM_BOT) {
        sim_json_kraw(b, "bot", "{}");
    }
    else {
        put_person(b, u, view);
    }
    sim_json_close(b, '}');
}

void sim_user_me_json(sim_buf_t *b, const sim_user_t *u, const sim_view_t *view)
{
    put_user_head(b, u);
    if (u->type == SIM_BOT) {
        sim_json_key(b, "bot");
        sim_json_open(b, '{');
        sim_json_kraw(b, "owner", "{\"type\":\"workspace\",\"workspace\":true}");
        sim_id_json(b, "workspace_id", &sim_w.workspace_id);
        sim_json_kraw(b, "workspace_limits", "{\"max_file_upload_size_in_bytes\":5242880}");
        sim_json_kstr(b, "workspace_name", "Acme");
        sim_json_close(b, '}');
    }
    else {
        put_person(b, u, view);
    }
    sim_json_close(b, '}');
}

void sim_person_json(sim_buf_t *b, const sim_id_t *id, const sim_view_t *view)
{
    sim_user_t *u = sim_user_find(id);

    if (u) {
        sim_user_json(b, u, view);
    }
    else {
        sim_json_open(b, '{');
        sim_json_kstr(b, "object", "user");
        sim_id_json(b, "id", id);
        sim_json_close(b, '}');
    }
}

void sim_date_json(sim_buf_t *b, const sim_value_t *v)
{
    if (!v) {
        sim_json_null(b);
        return;
    }
    sim_json_open(b, '{');
    sim_json_kstr(b, "start", sim_value_chars(v));
    sim_json_kstr(b, "end", sim_value_date_end(v));
    sim_json_knull(b, "time_zone");
    sim_json_close(b, '}');
}

/* files held by Notion get another signed address each time they are shown */
static void put_files(sim_buf_t *b, const sim_value_t *v)
{
    json_object *files = NULL;
    size_t i;
    int err;

    if (v) {
        files = sim_parse(sim_value_chars(v), strlen(sim_value_chars(v)), &err);
    }
    sim_json_open(b, '[');
    for (i = 0; files && i < json_object_array_length(files); i++) {
        json_object *o = json_object_array_get_idx(files, i);
        const char *key = sim_member_str(o, "hosted"), *name = sim_member_str(o, "name");

        sim_json_open(b, '{');
        sim_json_kstr(b, "name", name);
        sim_json_kstr(b, "type", key ? "file" : "external");
        sim_json_key(b, key ? "file" : "external");
        sim_json_open(b, '{');
        if (key) {
            sim_file_json(b, o);
        }
        else {
            sim_json_kstr(b, "url", sim_member_str(o, "url"));
        }
        sim_json_close(b, '}');
        sim_json_close(b, '}');
    }
    sim_json_close(b, ']');
    json_object_put(files);
}

static void put_ids(sim_buf_t *b, const sim_prop_t *p, const sim_value_t *v, const sim_view_t *view)
{
    size_t i, n = sim_value_count(v);

    if (view->limit && n > view->limit) {
        n = view->limit;
    }
    if (p->type == SIM_T_RELATION && !sim_prop_is_visible(p, view->token)) {
        n = 0;
    }
    sim_json_open(b, '[');
    for (i = 0; i < n; i++) {
        if (p->type == SIM_T_PEOPLE) {
            sim_person_json(b, sim_value_id(v, i), view);
        }
        else {
            sim_json_open(b, '{');
            sim_id_json(b, "id", sim_value_id(v, i));
            sim_json_close(b, '}');
        }
    }
    sim_json_close(b, ']');
}

static void put_options(sim_buf_t *b, const sim_prop_t *p, const sim_value_t *v)
{
    size_t i;
    int any = 0;

    if (p->type == SIM_T_MULTI_SELECT) {
        sim_json_open(b, '[');
    }
    for (i = 0; i < sim_value_count(v); i++) {
        if (!sim_value_option(v, i)->removed) {
            sim_option_json(b, sim_value_option(v, i), 0);
            any = 1;
        }
    }
    if (p->type == SIM_T_MULTI_SELECT) {
        sim_json_close(b, ']');
    }
    else if (!any) {
        sim_json_null(b);
    }
}

static void put_unique_id(sim_buf_t *b, const sim_prop_t *p, const sim_page_t *page)
{
    sim_json_open(b, '{');
    sim_json_kstr(b, "prefix", p->text);
    sim_json_kint(b, "number", page->number);
    sim_json_close(b, '}');
}

/* A list of what is rolled up, cut as relations are, which is not told. */
static void put_rollup(sim_buf_t *b, const sim_value_t *v, const sim_view_t *view)
{
    const int plain = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
    json_object *rollup = NULL, *array = NULL;
    size_t n;
    int err;

    if (v && view->limit) {
        rollup = sim_parse(sim_value_chars(v), strlen(sim_value_chars(v)), &err);
    }
    if (rollup && sim_member(rollup, "array", &array) && sim_is(array, json_type_array) &&
        (n = json_object_array_length(array)) > view->limit) {
        json_object_array_del_idx(array, view->limit, n - view->limit);
        sim_json_raw(b, json_object_to_json_string_ext(rollup, plain));
    }
    else {
        sim_json_raw(b, v ? sim_value_chars(v)
                          : "{\"type\":\"number\",\"number\":0,\"function\":\"count\"}");
    }
    json_object_put(rollup);
}

static void put_json(sim_buf_t *b, const sim_value_t *v, const char *empty)
{
    sim_json_raw(b, v ? sim_value_chars(v) : empty);
}

/* The one expression that is computed: prop("Name"). */
static const sim_prop_t *property_meant(const sim_ds_t *ds, const char *expression)
{
    static const char head[] = "prop(\"";
    size_t i;

    for (i = 0; expression && strncmp(expression, head, strlen(head)) == 0 && i < ds->nprops; i++) {
        const char *name = ds->props[i]->name, *said = expression + strlen(head);

        if (strncmp(said, name, strlen(name)) == 0 && strcmp(said + strlen(name), "\")") == 0) {
            return ds->props[i];
        }
    }
    return NULL;
}

static void put_formula(sim_buf_t *b, const sim_prop_t *p, const sim_page_t *page,
                        const sim_state_t *st)
{
    const sim_value_t *own = sim_prop_value(p, st), *v;
    const sim_prop_t *of = own ? NULL : property_meant(page->ds, p->text);

    if (!of) {
        put_json(b, own, "{\"type\":\"string\",\"string\":null}");
        return;
    }
    st = sim_set.computed_late ? page->seen : st;
    v = st ? sim_prop_value(of, st) : NULL;
    sim_json_open(b, '{');
    sim_json_kstr(b, "type", of->type == SIM_T_NUMBER ? "number" : "string");
    sim_json_key(b, of->type == SIM_T_NUMBER ? "number" : "string");
    if (of->type == SIM_T_NUMBER && v) {
        sim_json_num(b, sim_value_as_number(v));
    }
    else {
        sim_json_str(b, v ? sim_value_chars(v) : NULL);
    }
    sim_json_close(b, '}');
}

void sim_value_json_of(sim_buf_t *b, const sim_prop_t *p, const sim_page_t *page,
                       const sim_state_t *st, const sim_view_t *view)
{
    sim_value_t *v = sim_prop_value(p, st);

    switch (p->type) {
    case SIM_T_TITLE:
    case SIM_T_RICH_TEXT:
        sim_rich_json(b, v, view->limit);
        break;
    case SIM_T_NUMBER:
        if (v) {
            sim_json_num(b, sim_value_as_number(v));
        }
        else {
            sim_json_null(b);
        }
        break;
    case SIM_T_SELECT:
    case SIM_T_STATUS:
    case SIM_T_MULTI_SELECT:
        put_options(b, p, v);
        break;
    case SIM_T_DATE:
        sim_date_json(b, v);
        break;
    case SIM_T_CHECKBOX:
        sim_json_bool(b, sim_value_as_bool(v));
        break;
    case SIM_T_URL:
    case SIM_T_EMAIL:
    case SIM_T_PHONE_NUMBER:
        sim_json_str(b, v ? sim_value_chars(v) : NULL);
        break;
    case SIM_T_PEOPLE:
    case SIM_T_RELATION:
        put_ids(b, p, v, view);
        break;
    case SIM_T_FILES:
        put_files(b, v);
        break;
    case SIM_T_FORMULA:
        put_formula(b, p, page, st);
        break;
    case SIM_T_ROLLUP:
        put_rollup(b, v, view);
        break;
    case SIM_T_CREATED_TIME:
        sim_time_json(b, NULL, page->created_ms);
        break;
    case SIM_T_LAST_EDITED_TIME:
        sim_time_json(b, NULL, st->edited_ms);
        break;
    case SIM_T_CREATED_BY:
        sim_user_json(b, page->created_by, view);
        break;
    case SIM_T_LAST_EDITED_BY:
        sim_user_json(b, st->edited_by, view);
        break;
    case SIM_T_UNIQUE_ID:
        put_unique_id(b, p, page);
        break;
    case SIM_T_BUTTON:
        sim_json_raw(b, "{}");
        break;
    case SIM_T_VERIFICATION:
        put_json(b, v, "{\"state\":\"unverified\",\"date\":null,\"verified_by\":null}");
        break;
    case SIM_T_PLACE:
        put_json(b, v, "null");
        break;
    default:
        sim_json_null(b);
        break;
    }
}

void sim_novelty_json(sim_buf_t *b)
{
    if (sim_set.novelties) {
        sim_json_kraw(b, "novelty", "{\"since\":\"2027-01-01\",\"of\":[null,1.5,true]}");
    }
}

void sim_prop_value_json(sim_buf_t *b, const sim_prop_t *p, const sim_page_t *page,
                         const sim_state_t *st, const sim_view_t *view)
{
    sim_json_open(b, '{');
    sim_json_kstr(b, "id", p->enc);
    sim_json_kstr(b, "type", sim_type_name(p->type));
    sim_json_key(b, sim_type_name(p->type));
    sim_value_json_of(b, p, page, st, view);
    if (p->type == SIM_T_RELATION) {
        size_t n = sim_value_count(sim_prop_value(p, st));

        sim_json_kbool(b, "has_more",
                       view->limit && n > view->limit && sim_prop_is_visible(p, view->token));
    }
    sim_novelty_json(b);
    sim_json_close(b, '}');
}

static int is_wanted(const sim_prop_t *p, const sim_view_t *view)
{
    size_t i;

    if (!sim_prop_is_visible(p, view->token) && strcmp(sim_set.unshared_relation, "missing") == 0) {
        return 0;
    }
    if (!view->only) {
        return 1;
    }
    for (i = 0; i < view->nonly; i++) {
        if (strcmp(view->only[i], p->id) == 0 || strcmp(view->only[i], p->name) == 0 ||
            strcmp(view->only[i], p->enc) == 0) {
            return 1;
        }
    }
    return 0;
}

void sim_page_json(sim_buf_t *b, const sim_page_t *page, const sim_state_t *st,
                   const sim_view_t *view)
{
    const sim_ds_t *ds = page->ds;
    size_t i;

    sim_json_open(b, '{');
    sim_json_kstr(b, "object", "page");
    sim_id_json(b, "id", &page->id);
    sim_time_json(b, "created_time", page->created_ms);
    sim_time_json(b, "last_edited_time", st->edited_ms);
    sim_json_key(b, "created_by");
    sim_user_partial_json(b, page->created_by);
    sim_json_key(b, "last_edited_by");
    sim_user_partial_json(b, st->edited_by);
    sim_json_knull(b, "cover");
    sim_json_knull(b, "icon");
    sim_json_key(b, "parent");
    sim_json_open(b, '{');
    sim_json_kstr(b, "type", "data_source_id");
    sim_id_json(b, "data_source_id", &ds->id);
    sim_id_json(b, "database_id", &ds->db->id);
    sim_json_close(b, '}');
    sim_json_kbool(b, "in_trash", st->in_trash || ds->in_trash);
    if (view->old_version) {
        sim_json_kbool(b, "archived", st->in_trash || ds->in_trash);
    }
    sim_json_kbool(b, "is_archived", st->archived);
    sim_json_kbool(b, "is_locked", st->locked);
    sim_json_key(b, "properties");
    sim_json_open(b, '{');
    for (i = 0; i < ds->nprops; i++) {
        if (is_wanted(ds->props[i], view)) {
            sim_json_key(b, ds->props[i]->name);
            sim_prop_value_json(b, ds->props[i], page, st, view);
        }
    }
    sim_json_close(b, '}');
    sim_json_key(b, "url");
    sim_object_url(b, sim_value_chars(sim_prop_value(sim_prop_title(ds), st)), &page->id);
    sim_json_knull(b, "public_url");
    sim_novelty_json(b);
    sim_json_close(b, '}');
}
