/* The control interface: dispatch and what its parts share. */
#include "sim_control.h"

#include <stdlib.h>
#include <string.h>

#include "sim_oauth.h"
#include "sim_serve.h"

int sim_control_id(sim_req_t *q, const char *text, sim_id_t *id)
{
    if (text && sim_id_parse(id, text)) {
        return 1;
    }
    sim_fail_set(&q->fail, 400, "", "not an id: %s", text ? text : "nothing");
    return 0;
}

sim_user_t *sim_control_by(json_object *o, sim_fail_t *f)
{
    json_object *v;
    sim_id_t id;
    sim_user_t *u;

    if (!sim_member(o, "by", &v)) {
        return sim_user_default();
    }
    u = sim_id_parse(&id, json_object_get_string(v)) ? sim_user_find(&id) : NULL;
    if (!u) {
        sim_fail_meaning(f, "by is no user.");
        return sim_user_default();
    }
    return u;
}

sim_ms_t sim_control_time(json_object *o, const char *key, sim_fail_t *f)
{
    json_object *v;
    sim_date_t d;
    sim_buf_t ago = SIM_BUF_INIT;
    sim_ms_t t = 0;
    size_t stem = strlen(key) - strlen("_time");

    sim_buf_add(&ago, key, stem);
    sim_buf_str(&ago, "_ago_ms");
    if (sim_member(o, ago.s, &v)) {
        t = sim_time_now() - json_object_get_int64(v);
    }
    else if (sim_member(o, key, &v)) {
        if (sim_is(v, json_type_int)) {
            t = json_object_get_int64(v);
        }
        else if (sim_is(v, json_type_string) && sim_date_parse(&d, json_object_get_string(v))) {
            t = d.utc_ms;
        }
        else {
            sim_fail_meaning(f, "%s should be milliseconds or an ISO 8601 time.", key);
        }
    }
    sim_buf_free(&ago);
    return t;
}

int sim_control_flag(json_object *o, const char *key, int def)
{
    json_object *v;

    return sim_member(o, key, &v) ? json_object_get_boolean(v) : def;
}

int64_t sim_control_int(json_object *o, const char *key, int64_t def)
{
    json_object *v;

    return sim_member(o, key, &v) ? json_object_get_int64(v) : def;
}

int sim_control_known(json_object *o, const char *const *known, sim_fail_t *f)
{
    if (!sim_is(o, json_type_object)) {
        sim_fail_meaning(f, "a JSON object is expected.");
        return 0;
    }
    json_object_object_foreach(o, key, val)
    {
        (void)val;
        if (!sim_text_in(key, known)) {
            sim_fail_meaning(f, "unknown key: %s", key);
            return 0;
        }
    }
    return 1;
}

typedef struct part_t {
    const char *name;
    void (*serve)(sim_req_t *q);
    int unlocked;
} part_t;

static const part_t parts[] = {
    { "reset", sim_control_world, 0 },        { "world", sim_control_world, 0 },
    { "settings", sim_control_world, 0 },     { "token", sim_control_world, 0 },
    { "user", sim_control_world, 0 },         { "time", sim_control_world, 0 },
    { "data_source", sim_control_schema, 0 }, { "page", sim_control_pages, 0 },
    { "pages", sim_control_pages, 0 },        { "fault", sim_control_watch, 0 },
    { "faults", sim_control_watch, 0 },       { "log", sim_control_watch, 0 },
    { "counts", sim_control_watch, 0 },       { "events", sim_control_watch, 0 },
    { "idle", sim_control_watch, 0 },         { "flush", sim_control_watch, 0 },
    { "oauth", sim_control_oauth, 0 },        { "webhook", sim_control_webhook, 1 },
    { "event", sim_control_event, 1 },
};

static void answer_failure(sim_req_t *q)
{
    q->status = q->fail.status == 404 ? 404 : 400;
    q->out.len = 0;
    sim_json_open(&q->out, '{');
    sim_json_kstr(&q->out, "error", q->fail.message.s);
    sim_json_close(&q->out, '}');
}

void sim_control_serve(sim_req_t *q)
{
    size_t i;
    const size_t n = sizeof(parts) / sizeof(parts[0]);

    q->no_request_id = 1;
    for (i = 0; i < n && (q->nseg < 2 || strcmp(parts[i].name, q->seg[1]) != 0); i++) {
    }
    if (i == n) {
        sim_fail_set(&q->fail, 404, "", "no such control");
    }
    else if (q->json_bad) {
        sim_fail_set(&q->fail, 400, "", "not JSON");
    }
    else if (parts[i].unlocked) {
        parts[i].serve(q);
    }
    else {
        sim_world_lock();
        sim_serve_tick();
        parts[i].serve(q);
        sim_world_unlock();
    }
    if (q->fail.status) {
        answer_failure(q);
    }
    else if (!q->out.len) {
        sim_buf_str(&q->out, "{}");
    }
}
