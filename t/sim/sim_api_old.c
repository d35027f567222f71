/* Version 2022-06-28, in which a database is what a data source has been since: one schema, and rows whose parent it is. */
#include <string.h>

#include "sim_api.h"
#include "sim_query.h"
#include "sim_schema.h"

/* one that is there: what was purged is hidden from everyone */
static int is_source_of(const sim_ds_t *ds, const sim_id_t *id)
{
    return !ds->unshared && sim_id_cmp(&ds->db->id, id) == 0;
}

/* in Notion's words and with all that it tells; extra is its additional_data */
static void refuse_several(sim_req_t *q, const sim_id_t *id)
{
    sim_buf_t *b = &q->fail.extra;
    size_t i;

    sim_fail_set(&q->fail, 400, "validation_error",
                 "Databases with multiple data sources are not supported in this API version.");
    sim_json_open(b, '{');
    sim_json_kstr(b, "error_type", "multiple_data_sources_for_database");
    sim_id_json(b, "database_id", id);
    sim_json_key(b, "child_data_source_ids");
    sim_json_open(b, '[');
    for (i = 0; i < sim_w.ndss; i++) {
        if (is_source_of(sim_w.dss[i], id)) {
            char text[SIM_ID_TEXT];

            sim_id_format(text, &sim_w.dss[i]->id);
            sim_json_str(b, text);
        }
    }
    sim_json_close(b, ']');
    sim_json_kstr(b, "minimum_api_version", "2025-09-03");
    sim_json_close(b, '}');
}

sim_ds_t *sim_api_only_source(sim_req_t *q, const sim_id_t *id)
{
    sim_ds_t *found = NULL;
    size_t i, n = 0, seen = 0;

    for (i = 0; i < sim_w.ndss; i++) {
        sim_ds_t *ds = sim_w.dss[i];

        if (is_source_of(ds, id)) {
            n++;
            seen += sim_token_can_see(q->token, ds) ? 1 : 0;
            found = ds;
        }
    }
    if (!seen) {
        sim_fail_missing(&q->fail, "database", id, q->token->name);
        return NULL;
    }
    if (n > 1) {
        refuse_several(q, id);
        return NULL;
    }
    return found;
}

static sim_ds_t *source_in_path(sim_req_t *q)
{
    sim_id_t id;

    return sim_api_id(q, 2, "database_id", &id) ? sim_api_only_source(q, &id) : NULL;
}

void sim_api_old_database(sim_req_t *q)
{
    sim_ds_t *ds = source_in_path(q);

    if (ds) {
        sim_ds_json(&q->out, ds, q->token, 1);
    }
}

void sim_api_old_query(sim_req_t *q)
{
    sim_ds_t *ds = NULL;

    if (!sim_req_is_first(q)) {
        sim_fail_set(&q->fail, 400, "invalid_request_url", "Invalid request URL.");
        return;
    }
    ds = source_in_path(q);
    if (ds && ds->in_trash) {
        sim_fail_missing(&q->fail, "database", &ds->db->id, q->token->name);
    }
    else if (ds) {
        sim_query_perform(q, ds);
    }
}

/* --- what an answer looked like then */

static void rename_type(json_object *o, const char *key, const char *was, const char *is)
{
    const char *text = sim_member_str(o, key);

    if (text && strcmp(text, was) == 0) {
        json_object_object_add(o, key, json_object_new_string(is));
    }
}

/* A data source is the database that it is in. */
static void as_database(json_object *o)
{
    json_object *parent, *above;

    if (sim_member(o, "parent", &parent) && sim_member_str(parent, "database_id")) {
        json_object_object_add(o, "id",
                               json_object_new_string(sim_member_str(parent, "database_id")));
    }
    if (sim_member(o, "database_parent", &above)) {
        json_object_object_add(o, "parent", json_object_get(above));
        json_object_object_del(o, "database_parent");
    }
    rename_type(o, "object", "data_source", "database");
}

static void make_old(json_object *o)
{
    size_t i;

    if (sim_is(o, json_type_array)) {
        for (i = 0; i < json_object_array_length(o); i++) {
            make_old(json_object_array_get_idx(o, i));
        }
    }
    if (!sim_is(o, json_type_object)) {
        return;
    }
    if (sim_member_str(o, "object") && strcmp(sim_member_str(o, "object"), "data_source") == 0) {
        as_database(o);
    }
    rename_type(o, "type", "page_or_data_source", "page_or_database");
    rename_type(o, "type", "data_source_id", "database_id");
    if (sim_member_str(o, "database_id")) {
        json_object_object_del(o, "data_source_id"); /* of a parent, of a relation */
    }
    if (sim_member_str(o, "type") && strcmp(sim_member_str(o, "type"), "page_or_database") == 0) {
        json_object_object_del(o, "page_or_data_source");
        json_object_object_add(o, "page_or_database", json_object_new_object());
    }
    json_object_object_foreach(o, key, value)
    {
        (void)key;
        make_old(value);
    }
}

void sim_api_old_answer(sim_req_t *q)
{
    int err = 0;
    json_object *o = sim_parse(q->out.s, q->out.len, &err);

    if (!err) {
        make_old(o);
        q->out.len = 0;
        sim_buf_str(&q->out, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
                                                                   JSON_C_TO_STRING_NOSLASHESCAPE));
    }
    json_object_put(o);
}
