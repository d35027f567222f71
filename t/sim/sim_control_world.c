/* Control: the world as a whole, settings, tokens, users, time. */
#include <stdlib.h>
#include <string.h>

#include "sim_auth.h"
#include "sim_control.h"
#include "sim_event.h"
#include "sim_schema.h"
#include "sim_send.h"
#include "sim_serve.h"

static const struct {
    const char *name;
    int bit;
} rights[] = {
    { "read", SIM_CAN_READ },   { "update", SIM_CAN_UPDATE },     { "insert", SIM_CAN_INSERT },
    { "users", SIM_CAN_USERS }, { "users_email", SIM_CAN_EMAIL },
};

static void put_token(sim_buf_t *b, const sim_token_t *t)
{
    size_t i;

    sim_json_open(b, '{');
    sim_json_kstr(b, "token", t->token);
    sim_json_kstr(b, "name", t->name);
    sim_id_json(b, "bot_id", &t->user->id);
    sim_id_json(b, "integration_id", &t->integration_id);
    sim_json_kstr(b, "type", t->is_person ? "person" : "bot");
    sim_json_key(b, "capabilities");
    sim_json_open(b, '[');
    for (i = 0; i < 5; i++) {
        if (t->can & rights[i].bit) {
            sim_json_str(b, rights[i].name);
        }
    }
    sim_json_close(b, ']');
    sim_json_kbool(b, "revoked", t->revoked);
    sim_json_close(b, '}');
}

static void put_users(sim_buf_t *b)
{
    static const char *const types[] = { "person", "bot", "group" };
    size_t i;

    sim_json_key(b, "users");
    sim_json_open(b, '[');
    for (i = 0; i < sim_w.nusers; i++) {
        const sim_user_t *u = sim_w.users[i];

        sim_json_open(b, '{');
        sim_id_json(b, "id", &u->id);
        sim_json_kstr(b, "type", types[u->type]);
        sim_json_kstr(b, "name", u->name);
        sim_json_kstr(b, "email", u->email);
        sim_json_kbool(b, "guest", u->guest);
        sim_json_close(b, '}');
    }
    sim_json_close(b, ']');
}

static void put_world(sim_buf_t *b)
{
    size_t i;

    sim_json_open(b, '{');
    sim_json_key(b, "settings");
    sim_settings_json(b);
    sim_id_json(b, "workspace_id", &sim_w.workspace_id);
    sim_json_key(b, "tokens");
    sim_json_open(b, '[');
    for (i = 0; i < sim_w.ntokens; i++) {
        put_token(b, sim_w.tokens[i]);
    }
    sim_json_close(b, ']');
    put_users(b);
    sim_json_key(b, "data_sources");
    sim_json_open(b, '[');
    for (i = 0; i < sim_w.ndss; i++) {
        sim_json_open(b, '{');
        sim_id_json(b, "id", &sim_w.dss[i]->id);
        sim_id_json(b, "database_id", &sim_w.dss[i]->db->id);
        sim_json_kstr(b, "name", sim_w.dss[i]->name);
        sim_json_close(b, '}');
    }
    sim_json_close(b, ']');
    sim_json_key(b, "webhooks");
    sim_subs_json(b);
    sim_json_close(b, '}');
}

static void set_settings(sim_req_t *q)
{
    int64_t limit = sim_set.rate_limit, window = sim_set.window_ms,
            workspace = sim_set.workspace_limit;
    json_object *v;
    const char *bad =
        sim_member(q->json, "seed", &v) ? "seed (only in reset)" : sim_settings_merge(q->json, 1);

    if (bad) {
        sim_fail_set(&q->fail, 400, "", "bad setting: %s", bad);
        return;
    }
    sim_settings_merge(q->json, 0);
    sim_time_shift(sim_set.clock_offset_ms);
    if (limit != sim_set.rate_limit || window != sim_set.window_ms ||
        workspace != sim_set.workspace_limit) {
        sim_auth_forget();
    }
    sim_send_wake();
}

static int take_rights(sim_req_t *q, json_object *list)
{
    size_t i, k;
    int can = 0;

    for (i = 0; sim_is(list, json_type_array) && i < json_object_array_length(list); i++) {
        const char *s = json_object_get_string(json_object_array_get_idx(list, i));

        for (k = 0; k < 5 && (!s || strcmp(rights[k].name, s) != 0); k++) {
        }
        if (k == 5) {
            sim_fail_set(&q->fail, 400, "", "unknown capability: %s", s ? s : "null");
            return 0;
        }
        can |= rights[k].bit;
    }
    return can;
}

static void set_token(sim_req_t *q)
{
    static const char *const known[] = { "token",   "name",   "type", "capabilities",
                                         "revoked", "bot_id", NULL };
    const char *text = sim_member_str(q->json, "token"), *name = sim_member_str(q->json, "name");
    const char *type = sim_member_str(q->json, "type"), *bot = sim_member_str(q->json, "bot_id");
    sim_token_t *t;
    sim_id_t id;
    json_object *v;

    if (!sim_control_known(q->json, known, &q->fail) || !text ||
        (bot && !sim_control_id(q, bot, &id))) {
        sim_fail_set(&q->fail, 400, "", "token is missing");
        return;
    }
    t = sim_token_find(text);
    if (!t) {
        t = sim_token_add(text, name ? name : text);
        if (type && strcmp(type, "person") == 0) {
            t->is_person = 1;
            t->user = bot ? sim_user_find(&id) : sim_user_default();
        }
        else {
            t->user = sim_user_add(bot ? &id : NULL, SIM_BOT, t->name, NULL);
        }
        if (!t->user) {
            t->user = sim_user_default();
            sim_fail_set(&q->fail, 400, "", "bot_id is no user");
            return;
        }
    }
    else if (name) {
        free(t->name);
        t->name = sim_mem_dup(name);
    }
    if (sim_member(q->json, "capabilities", &v)) {
        t->can = take_rights(q, v);
    }
    t->revoked = sim_control_flag(q->json, "revoked", t->revoked);
    put_token(&q->out, t);
}

static void add_user(sim_req_t *q)
{
    static const char *const known[] = { "name", "type", "email", "guest", "id", NULL };
    const char *type = sim_member_str(q->json, "type"), *text = sim_member_str(q->json, "id");
    sim_user_t *u;
    sim_id_t id;

    if (!sim_control_known(q->json, known, &q->fail) || (text && !sim_control_id(q, text, &id))) {
        return;
    }
    u = sim_user_add(text ? &id : NULL,
                     !type || strcmp(type, "person") == 0 ? SIM_PERSON
                     : strcmp(type, "bot") == 0           ? SIM_BOT
                                                          : SIM_GROUP,
                     sim_member_str(q->json, "name"), sim_member_str(q->json, "email"));
    u->guest = sim_control_flag(q->json, "guest", 0);
    sim_json_open(&q->out, '{');
    sim_id_json(&q->out, "id", &u->id);
    sim_json_close(&q->out, '}');
}

static void put_time(sim_buf_t *b)
{
    sim_json_open(b, '{');
    sim_json_kint(b, "now_ms", sim_time_now());
    sim_time_json_exact(b, "now", sim_time_now());
    sim_json_kint(b, "clock_offset_ms", sim_set.clock_offset_ms);
    sim_json_kint(b, "started_ms", sim_w.started_ms);
    sim_json_close(b, '}');
}

void sim_control_world(sim_req_t *q)
{
    const char *what = q->seg[1];
    const char *bad;
    int post = strcmp(q->method, "POST") == 0;

    if (strcmp(what, "reset") == 0 && post) {
        bad = sim_serve_reset(q->json);
        if (bad) {
            sim_fail_set(&q->fail, 400, "", "bad setting: %s", bad);
        }
        else {
            put_world(&q->out);
        }
    }
    else if (strcmp(what, "world") == 0) {
        put_world(&q->out);
    }
    else if (strcmp(what, "settings") == 0) {
        if (post) {
            set_settings(q);
        }
        sim_settings_json(&q->out);
    }
    else if (strcmp(what, "token") == 0 && post) {
        set_token(q);
    }
    else if (strcmp(what, "user") == 0 && post) {
        add_user(q);
    }
    else if (strcmp(what, "time") == 0) {
        put_time(&q->out);
    }
    else {
        sim_fail_set(&q->fail, 404, "", "no such control");
    }
}
