/* The endpoints of the API: which request goes where, users and lists. */
#include "sim_api.h"

#include <stdlib.h>
#include <string.h>

#include "sim_auth.h"
#include "sim_cursor.h"
#include "sim_oauth.h"
#include "sim_query.h"
#include "sim_schema.h"

typedef struct endpoint_t {
    const char *method;
    int nseg;
    const char *path[6]; /* NULL: anything */
    const char *class;
    int rights;
    int page; /* segment of the page's id, for the log; 0: none */
    void (*perform)(sim_req_t *q);
} endpoint_t;

static const endpoint_t endpoints[] = {
    { "GET", 3, { "v1", "users", "me" }, "users_me", 0, 0, sim_api_users_me },
    { "GET", 3, { "v1", "users", NULL }, "users", SIM_CAN_USERS, 0, sim_api_user },
    { "GET", 2, { "v1", "users" }, "users", SIM_CAN_USERS, 0, sim_api_users },
    { "GET", 3, { "v1", "databases", NULL }, "database", SIM_CAN_READ, 0, sim_api_database },
    { "POST",
      4,
      { "v1", "databases", NULL, "query" },
      "query",
      SIM_CAN_READ,
      0,
      sim_api_old_query },
    { "GET",
      3,
      { "v1", "data_sources", NULL },
      "data_source",
      SIM_CAN_READ,
      0,
      sim_api_data_source },
    { "PATCH",
      3,
      { "v1", "data_sources", NULL },
      "data_source_update",
      SIM_CAN_UPDATE,
      0,
      sim_api_data_source_update },
    { "POST", 4, { "v1", "data_sources", NULL, "query" }, "query", SIM_CAN_READ, 0, sim_api_query },
    { "POST", 2, { "v1", "pages" }, "page_create", SIM_CAN_INSERT, 0, sim_api_page_create },
    { "GET", 3, { "v1", "pages", NULL }, "page_read", SIM_CAN_READ, 2, sim_api_page_read },
    { "PATCH", 3, { "v1", "pages", NULL }, "page_update", SIM_CAN_UPDATE, 2, sim_api_page_update },
    { "GET",
      5,
      { "v1", "pages", NULL, "properties", NULL },
      "property_item",
      SIM_CAN_READ,
      2,
      sim_api_property_item },
    { "GET",
      4,
      { "v1", "pages", NULL, "markdown" },
      "body_read",
      SIM_CAN_READ,
      2,
      sim_api_body_read },
    { "PATCH",
      4,
      { "v1", "pages", NULL, "markdown" },
      "body_update",
      SIM_CAN_UPDATE,
      2,
      sim_api_body_update },
    { "POST", 2, { "v1", "search" }, "search", SIM_CAN_READ, 0, sim_api_search },
    { "GET", 4, { "v1", "blocks", NULL, "children" }, "blocks", SIM_CAN_READ, 2, sim_api_blocks },
    { "PATCH",
      4,
      { "v1", "blocks", NULL, "children" },
      "blocks_append",
      SIM_CAN_INSERT,
      2,
      sim_api_blocks_append },
    { "GET", 3, { "v1", "oauth", "authorize" }, "oauth_authorize", 0, 0, sim_oauth_authorize },
    { "POST", 3, { "v1", "oauth", "token" }, "oauth_token", 0, 0, sim_oauth_token },
    { "POST", 3, { "v1", "oauth", "introspect" }, "oauth_introspect", 0, 0, sim_oauth_introspect },
    { "POST", 3, { "v1", "oauth", "revoke" }, "oauth_revoke", 0, 0, sim_oauth_revoke },
};

static const endpoint_t *find(const sim_req_t *q)
{
    size_t i;
    int k;

    for (i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
        const endpoint_t *e = &endpoints[i];

        if (q->nseg == e->nseg && strcmp(q->method, e->method) == 0) {
            for (k = 0; k < e->nseg && (!e->path[k] || strcmp(e->path[k], q->seg[k]) == 0); k++) {
            }
            if (k == e->nseg) {
                return e;
            }
        }
    }
    return NULL;
}

int sim_api_find(sim_req_t *q)
{
    const endpoint_t *e = find(q);

    if (!e || (sim_req_is_first(q) && strcmp(q->seg[1], "data_sources") == 0)) {
        sim_fail_set(&q->fail, 400, "invalid_request_url", "Invalid request URL.");
        return 0;
    }
    q->class = e->class;
    if (e->page) {
        sim_id_parse(&q->page_id, q->seg[e->page]);
    }
    return 1;
}

void sim_api_perform(sim_req_t *q)
{
    const endpoint_t *e = find(q);

    if (!e->rights || sim_auth_can(q, e->rights)) {
        e->perform(q);
    }
    if (sim_req_is_first(q) && !q->fail.status && q->out.len) {
        sim_api_old_answer(q);
    }
}

int sim_api_id(sim_req_t *q, int n, const char *what, sim_id_t *id)
{
    if (sim_id_parse(id, q->seg[n])) {
        return 1;
    }
    sim_fail_set(&q->fail, 400, "validation_error",
                 "path failed validation: path.%s should be a valid uuid, instead was "
                 "`\"%.100s\"`.",
                 what, q->seg[n]);
    return 0;
}

sim_ds_t *sim_api_ds(sim_req_t *q, int n)
{
    sim_id_t id;
    sim_ds_t *ds;

    if (!sim_api_id(q, n, "data_source_id", &id)) {
        return NULL;
    }
    ds = sim_ds_find(&id);
    if (!ds || !sim_token_can_see(q->token, ds)) {
        sim_fail_missing(&q->fail, "data_source", &id, q->token->name);
        return NULL;
    }
    return ds;
}

sim_page_t *sim_api_page(sim_req_t *q, int n)
{
    sim_id_t id;
    sim_page_t *p;

    if (!sim_api_id(q, n, "page_id", &id)) {
        return NULL;
    }
    p = sim_page_find(&id);
    if (!p || p->unshared || !sim_token_can_see(q->token, p->ds)) {
        sim_fail_missing(&q->fail, "page", &id, q->token->name);
        return NULL;
    }
    return p;
}

void sim_api_list_open(sim_req_t *q, const char *type)
{
    sim_json_open(&q->out, '{');
    sim_json_kstr(&q->out, "object", "list");
    sim_json_kstr(&q->out, "type", type);
    sim_json_key(&q->out, "results");
    sim_json_open(&q->out, '[');
}

size_t sim_api_list_close(sim_req_t *q, int64_t i, uint64_t hash)
{
    sim_cursor_t c;
    size_t at;

    memset(&c, 0, sizeof(c));
    c.count = i;
    c.query = hash;
    sim_json_close(&q->out, ']');
    at = q->out.len + strlen(",\"next_cursor\":\"");
    sim_cursor_json(&q->out, i >= 0 ? &c : NULL);
    return i >= 0 ? at : 0;
}

int sim_api_list_from(sim_req_t *q, uint64_t hash, int64_t *start, int64_t *page_size)
{
    char *text;
    sim_cursor_t c;
    int ok = sim_req_paging(q, page_size, &text);

    *start = 0;
    if (ok && text) {
        ok = sim_cursor_parse(&c, text, hash, &q->fail);
        *start = c.count;
    }
    free(text);
    if (ok && (q->short_page || sim_rand_hit(sim_set.short_pages))) {
        *page_size = 1 + *page_size / 2; /* fewer than asked for, although there may be more */
    }
    return ok;
}

void sim_api_users_me(sim_req_t *q)
{
    sim_view_t view;

    sim_req_view(q, &view);
    sim_user_me_json(&q->out, q->token->user, &view);
    sim_view_free(&view);
}

void sim_api_user(sim_req_t *q)
{
    sim_view_t view;
    sim_id_t id;
    sim_user_t *u;

    if (!sim_api_id(q, 2, "user_id", &id)) {
        return;
    }
    u = sim_user_find(&id);
    if (!u || u->type == SIM_GROUP) {
        sim_fail_missing(&q->fail, "user", &id, q->token->name);
        return;
    }
    sim_req_view(q, &view);
    sim_user_json(&q->out, u, &view);
    sim_view_free(&view);
}

void sim_api_users(sim_req_t *q)
{
    sim_view_t view;
    int64_t start, size, n = 0, more = -1;
    size_t i;

    if (q->token->is_person) {
        sim_fail_set(&q->fail, 403, "restricted_resource",
                     "Insufficient permissions for this endpoint.");
        return;
    }
    if (!sim_api_list_from(q, 1, &start, &size)) {
        return;
    }
    sim_req_view(q, &view);
    sim_api_list_open(q, "user");
    for (i = 0; i < sim_w.nusers && more < 0; i++) {
        const sim_user_t *u = sim_w.users[i];

        if (u->guest || u->type == SIM_GROUP || n++ < start) {
            continue;
        }
        if (n > start + size) {
            more = start + size;
        }
        else {
            sim_user_json(&q->out, u, &view);
        }
    }
    sim_api_list_close(q, more, 1);
    sim_json_kraw(&q->out, "user", "{}");
    sim_json_close(&q->out, '}');
    sim_view_free(&view);
}

void sim_api_database(sim_req_t *q)
{
    sim_id_t id;
    sim_db_t *db;
    size_t i;

    if (sim_req_is_first(q)) {
        sim_api_old_database(q);
        return;
    }
    if (!sim_api_id(q, 2, "database_id", &id)) {
        return;
    }
    db = sim_db_find(&id);
    for (i = 0; db && i < sim_w.ndss; i++) {
        if (sim_w.dss[i]->db == db && sim_token_can_see(q->token, sim_w.dss[i])) {
            sim_db_json(&q->out, db, q->token, sim_req_is_old(q));
            return;
        }
    }
    sim_fail_missing(&q->fail, "database", &id, q->token->name);
}

void sim_api_data_source(sim_req_t *q)
{
    sim_ds_t *ds = sim_api_ds(q, 2);

    if (ds) {
        sim_ds_json(&q->out, ds, q->token, sim_req_is_old(q));
    }
}

void sim_api_query(sim_req_t *q)
{
    sim_ds_t *ds = sim_api_ds(q, 2);

    if (ds && ds->in_trash) {
        sim_fail_missing(&q->fail, "data_source", &ds->id, q->token->name);
    }
    else if (ds) {
        sim_query_perform(q, ds);
    }
}
