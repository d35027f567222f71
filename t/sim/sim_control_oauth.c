/* Control: OAuth clients, what their person does, and what became of their grants. */
#include <stdlib.h>
#include <string.h>

#include "sim_control.h"
#include "sim_oauth_private.h"

#define CODE_TTL_MS 600000

static void put_grant(sim_buf_t *b, const sim_grant_t *g)
{
    sim_json_open(b, '{');
    sim_json_kstr(b, "access_token", g->token->token);
    sim_json_kstr(b, "refresh_token", g->refresh);
    sim_id_json(b, "bot_id", &g->token->user->id);
    sim_id_json(b, "workspace_id", &g->workspace_id);
    sim_json_kint(b, "refreshes", g->refreshes);
    sim_json_kbool(b, "active", !g->dead);
    sim_json_close(b, '}');
}

static void put_client(sim_buf_t *b, const sim_client_t *c)
{
    const sim_grant_t *g;

    sim_json_open(b, '{');
    sim_json_kstr(b, "client_id", c->id);
    sim_id_json(b, "workspace_id", &c->workspace_id);
    sim_json_key(b, "grants");
    sim_json_open(b, '[');
    for (g = c->grants; g; g = g->next) {
        put_grant(b, g);
    }
    sim_json_close(b, ']');
    sim_json_close(b, '}');
}

static void free_redirects(sim_client_t *c)
{
    while (c->nredirects > 0) {
        free(c->redirects[--c->nredirects]);
    }
    free(c->redirects);
    c->redirects = NULL;
}

static void free_grants(sim_client_t *c)
{
    sim_grant_t *g, *next;

    for (g = c->grants; g; g = next) {
        next = g->next;
        while (g->nspent > 0) {
            free(g->spent[--g->nspent]);
        }
        free(g->spent);
        free(g->refresh);
        free(g->workspace_name);
        free(g);
    }
}

static void free_codes(sim_client_t *c)
{
    sim_code_t *code, *next;

    for (code = c->codes; code; code = next) {
        next = code->next;
        free(code->code);
        free(code->redirect);
        free(code);
    }
}

void sim_oauth_reset(void)
{
    sim_client_t *c, *next;

    for (c = sim_oauth_clients; c; c = next) {
        next = c->next;
        free_codes(c);
        free_grants(c);
        free_redirects(c);
        free(c->workspace_name);
        free(c->id);
        free(c->secret);
        free(c);
    }
    sim_oauth_clients = NULL;
}

static sim_client_t *add_client(const char *id)
{
    sim_client_t *c = sim_mem_alloc(sizeof(*c));

    c->id = sim_mem_dup(id);
    c->secret = sim_mem_dup("secret");
    c->workspace_id = sim_w.workspace_id;
    c->workspace_name = sim_mem_dup("Acme");
    c->code_ttl_ms = CODE_TTL_MS;
    c->reuse_revokes = 1;
    c->next = sim_oauth_clients;
    sim_oauth_clients = c;
    return c;
}

static void take_redirects(sim_client_t *c, json_object *list)
{
    size_t i, n = sim_is(list, json_type_array) ? json_object_array_length(list) : 0;

    free_redirects(c);
    c->redirects = sim_mem_alloc((n + 1) * sizeof(*c->redirects));
    for (i = 0; i < n; i++) {
        c->redirects[c->nredirects++] =
            sim_mem_dup(json_object_get_string(json_object_array_get_idx(list, i)));
    }
}

static void take_text(char **to, json_object *o, const char *key)
{
    const char *text = sim_member_str(o, key);

    if (text) {
        free(*to);
        *to = sim_mem_dup(text);
    }
}

/* what happens to all that it was granted */
static void strike(sim_client_t *c, int revoke, int expire)
{
    sim_grant_t *g;

    for (g = c->grants; g; g = g->next) {
        if (revoke) {
            sim_oauth_end(g);
        }
        if (expire) {
            g->token->expires_ms = sim_time_now();
        }
    }
}

static void set_client(sim_req_t *q)
{
    static const char *const known[] = {
        "client_id",      "client_secret", "redirect_uris", "cancels",     "workspace_id",
        "workspace_name", "code_ttl_ms",   "access_ttl_ms", "tell_expiry", "no_refresh",
        "reuse_revokes",  "revoke",        "expire_access", NULL
    };
    const char *id = sim_member_str(q->json, "client_id");
    const char *workspace = sim_member_str(q->json, "workspace_id");
    json_object *o = q->json, *v;
    sim_client_t *c;
    sim_id_t uuid;

    if (!sim_control_known(o, known, &q->fail) || !id ||
        (workspace && !sim_control_id(q, workspace, &uuid))) {
        sim_fail_set(&q->fail, 400, "", "client_id is missing");
        return;
    }
    c = sim_oauth_client(id);
    c = c ? c : add_client(id);
    if (sim_member(o, "redirect_uris", &v)) {
        take_redirects(c, v);
    }
    if (workspace) {
        c->workspace_id = uuid;
    }
    take_text(&c->secret, o, "client_secret");
    take_text(&c->workspace_name, o, "workspace_name");
    c->cancels = sim_control_flag(o, "cancels", c->cancels);
    c->tell_expiry = sim_control_flag(o, "tell_expiry", c->tell_expiry);
    c->no_refresh = sim_control_flag(o, "no_refresh", c->no_refresh);
    c->reuse_revokes = sim_control_flag(o, "reuse_revokes", c->reuse_revokes);
    c->code_ttl_ms = sim_control_int(o, "code_ttl_ms", c->code_ttl_ms);
    c->access_ttl_ms = sim_control_int(o, "access_ttl_ms", c->access_ttl_ms);
    strike(c, sim_control_flag(o, "revoke", 0), sim_control_flag(o, "expire_access", 0));
    put_client(&q->out, c);
}

void sim_control_oauth(sim_req_t *q)
{
    const sim_client_t *c;

    if (strcmp(q->method, "POST") == 0) {
        set_client(q);
        return;
    }
    sim_json_open(&q->out, '{');
    sim_json_key(&q->out, "clients");
    sim_json_open(&q->out, '[');
    for (c = sim_oauth_clients; c; c = c->next) {
        put_client(&q->out, c);
    }
    sim_json_close(&q->out, ']');
    sim_json_close(&q->out, '}');
}
