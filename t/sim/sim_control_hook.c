/* Control: webhook subscriptions and events of the tester's own making.  What is sent here is sent by the calling thread,
 * without the world's lock. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_control.h"
#include "sim_event.h"
#include "sim_log.h"
#include "sim_send.h"

/* sends the verification token; with the lock held before and after, not meanwhile */
static void send_handshake(sim_req_t *q, sim_sub_t *s)
{
    sim_buf_t body = SIM_BUF_INIT, answer = SIM_BUF_INIT;
    char *url = sim_mem_dup(s->url), sig[72], line[128], error[256];
    const char *headers[] = { sim_set.sign_handshake ? line : NULL, NULL };
    char record[SIM_SETTING_TEXT_MAX];
    uint32_t generation = sim_w.generation;
    long status, timeout = (long)sim_set.webhook_timeout_ms;

    sim_json_open(&body, '{');
    sim_json_kstr(&body, "verification_token", s->secret);
    sim_json_close(&body, '}');
    sim_send_sign(sig, s->secret, body.s, body.len);
    snprintf(line, sizeof(line), "X-Notion-Signature: %s", sig);
    memcpy(record, sim_set.record, sizeof(record));
    s->handshake_ms = sim_time_now();
    sim_world_unlock();
    status = sim_send_once(url, body.s, body.len, headers, timeout, &answer, error);
    sim_log_record_hook(record, url, status, sig, body.s, body.len);
    sim_world_lock();
    if (generation == sim_w.generation) {
        s->handshake_status = status; /* subscriptions live until a reset */
        sim_sub_json(&q->out, s);
    }
    sim_buf_free(&body);
    sim_buf_free(&answer);
    free(url);
}

static void take_types(sim_sub_t *s, json_object *list)
{
    size_t i;

    if (!sim_is(list, json_type_array)) {
        return;
    }
    s->types = sim_mem_alloc((json_object_array_length(list) + 1) * sizeof(char *));
    for (i = 0; i < json_object_array_length(list); i++) {
        const char *type = json_object_get_string(json_object_array_get_idx(list, i));

        s->types[s->ntypes++] = sim_mem_dup(type ? type : "");
    }
}

static void make_secret(sim_buf_t *b)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    int i;

    sim_buf_str(b, "secret_");
    for (i = 0; i < 43; i++) {
        sim_buf_add(b, &letters[sim_rand_below((int64_t)sizeof(letters) - 1)], 1);
    }
}

static void subscribe(sim_req_t *q)
{
    static const char *const known[] = { "url",        "send_handshake", "token", "active",
                                         "connection", "types",          "id",    NULL };
    const char *url = sim_member_str(q->json, "url"), *secret = sim_member_str(q->json, "token");
    const char *conn = sim_member_str(q->json, "connection"), *text = sim_member_str(q->json, "id");
    sim_token_t *t = sim_token_find(conn ? conn : "ntn_sim_token");
    sim_buf_t made = SIM_BUF_INIT;
    sim_sub_t *s = NULL;
    json_object *types;
    sim_id_t id;

    if (!sim_control_known(q->json, known, &q->fail)) {
        return;
    }
    if (text) {
        s = sim_id_parse(&id, text) ? sim_sub_find(&id) : NULL;
    }
    else if (url && t) {
        make_secret(&made);
        s = sim_sub_add(url, secret ? secret : made.s, t, sim_control_flag(q->json, "active", 0));
        sim_member(q->json, "types", &types);
        take_types(s, types);
    }
    sim_buf_free(&made);
    if (!s) {
        sim_fail_set(&q->fail, 400, "", "no such webhook or connection, or no url");
    }
    else if (sim_control_flag(q->json, "send_handshake", 0)) {
        send_handshake(q, s);
    }
    else {
        sim_sub_json(&q->out, s);
    }
}

static void verify(sim_req_t *q)
{
    const char *secret = sim_member_str(q->json, "token");
    sim_sub_t *s = secret ? sim_sub_by_secret(secret) : NULL;

    if (!s) {
        sim_fail_set(&q->fail, 404, "", "no webhook has this verification token");
        return;
    }
    s->active = 1;
    sim_sub_json(&q->out, s);
}

void sim_control_webhook(sim_req_t *q)
{
    int post = strcmp(q->method, "POST") == 0;
    sim_id_t id;

    sim_world_lock();
    if (strcmp(q->method, "DELETE") == 0) {
        if (q->nseg > 2 && (!sim_control_id(q, q->seg[2], &id) || !sim_sub_remove(&id))) {
            sim_fail_set(&q->fail, 404, "", "no such webhook");
        }
        else if (q->nseg == 2) {
            sim_sub_remove(NULL);
        }
    }
    else if (post && q->nseg == 3 && strcmp(q->seg[2], "verify") == 0) {
        verify(q);
    }
    else if (post && q->nseg == 2) {
        subscribe(q);
    }
    else {
        sim_json_open(&q->out, '{');
        sim_json_key(&q->out, "webhooks");
        sim_subs_json(&q->out);
        sim_json_close(&q->out, '}');
    }
    sim_world_unlock();
}

/* the body as text, with "@id" and "@now" replaced */
static void fill_in(sim_buf_t *out, json_object *body)
{
    const char *s = json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN |
                                                             JSON_C_TO_STRING_NOSLASHESCAPE);

    while (*s) {
        if (strncmp(s, "\"@id\"", 5) == 0) {
            sim_id_t id;
            char text[SIM_ID_TEXT];

            sim_rand_id(&id);
            sim_id_format(text, &id);
            sim_buf_fmt(out, "\"%s\"", text);
            s += 5;
        }
        else if (strncmp(s, "\"@now\"", 6) == 0) {
            sim_buf_t t = SIM_BUF_INIT;

            sim_time_json_exact(&t, NULL, sim_time_now());
            sim_buf_str(out, t.s);
            sim_buf_free(&t);
            s += 6;
        }
        else {
            sim_buf_add(out, s++, 1);
        }
    }
}

/* everything that goes out, taken from the request and the first subscription; malloc'd */
typedef struct outgoing_t {
    char *url;
    sim_buf_t body;
    char *headers[34];
    long timeout_ms;
} outgoing_t;

static void add_header(outgoing_t *o, const char *name, const char *value)
{
    sim_buf_t b = SIM_BUF_INIT;
    size_t i;

    for (i = 0; i < 33 && o->headers[i]; i++) {
    }
    if (i < 33) {
        sim_buf_fmt(&b, "%s: %s", name, value);
        o->headers[i] = b.s;
    }
}

static void prepare(sim_req_t *q, outgoing_t *o)
{
    sim_sub_t *s = sim_sub_first();
    const char *url = sim_member_str(q->json, "url"), *secret = sim_member_str(q->json, "token");
    const char *raw = sim_member_str(q->json, "raw"), *given = sim_member_str(q->json, "signature");
    json_object *v;
    char sig[72];

    url = url ? url : s ? s->url : NULL;
    secret = secret ? secret : s ? s->secret : "";
    if (!url) {
        sim_fail_set(&q->fail, 400, "", "no url, and no webhook to take it from");
        return;
    }
    o->url = sim_mem_dup(url);
    o->timeout_ms = (long)sim_set.webhook_timeout_ms;
    if (raw) {
        sim_buf_str(&o->body, raw);
    }
    else if (sim_member(q->json, "body", &v)) {
        fill_in(&o->body, v);
    }
    sim_buf_str(&o->body, "");
    if (given) {
        add_header(o, "X-Notion-Signature", given);
    }
    else if (!sim_member(q->json, "signature", &v)) {
        sim_send_sign(sig, secret, o->body.s, o->body.len);
        add_header(o, "X-Notion-Signature", sig);
    }
    if (sim_member(q->json, "headers", &v) && sim_is(v, json_type_object)) {
        json_object_object_foreach(v, key, val)
        {
            add_header(o, key, json_object_get_string(val));
        }
    }
}

void sim_control_event(sim_req_t *q)
{
    static const char *const known[] = {
        "url", "body", "raw", "token", "signature", "headers", NULL
    };
    outgoing_t o;
    sim_buf_t answer = SIM_BUF_INIT;
    char error[256] = "";
    long status;
    size_t i;

    memset(&o, 0, sizeof(o));
    if (!sim_control_known(q->json, known, &q->fail)) {
        return;
    }
    sim_world_lock();
    prepare(q, &o);
    sim_world_unlock();
    if (!q->fail.status) {
        status = sim_send_once(o.url, o.body.s, o.body.len, (const char *const *)o.headers,
                               o.timeout_ms, &answer, error);
        sim_json_open(&q->out, '{');
        sim_json_kint(&q->out, "status", status);
        sim_json_kstr(&q->out, "error", *error ? error : NULL);
        sim_json_kstr(&q->out, "response", answer.s ? answer.s : "");
        sim_json_close(&q->out, '}');
    }
    for (i = 0; i < 34; i++) {
        free(o.headers[i]);
    }
    free(o.url);
    sim_buf_free(&o.body);
    sim_buf_free(&answer);
}
