/* OAuth as the reference has it, in its strictest reading: a code is for once and ten minutes, the redirect address has to be
 * the same three times, a refresh ends both former tokens at once, and a refresh token that comes a second time ends the grant. */
#include "sim_oauth.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "sim_oauth_private.h"
#include "sim_state.h"

sim_client_t *sim_oauth_clients SIM_STATE;

static const char *const oauth_classes[] = { "oauth_authorize", "oauth_token", "oauth_introspect",
                                             "oauth_revoke", NULL };

int sim_oauth_is(const sim_req_t *q)
{
    return sim_text_in(q->class, oauth_classes);
}

sim_client_t *sim_oauth_client(const char *id)
{
    sim_client_t *c;

    for (c = sim_oauth_clients; c && strcmp(c->id, id) != 0; c = c->next) {
    }
    return c;
}

char *sim_oauth_text(const char *prefix)
{
    sim_buf_t b = SIM_BUF_INIT;

    sim_buf_fmt(&b, "%s%016llx%016llx", prefix, (unsigned long long)sim_rand_u64(),
                (unsigned long long)sim_rand_u64());
    return b.s;
}

/* ---- who asks */

/* "id:secret", or NULL */
static char *decode_basic(const char *text)
{
    size_t len = text ? strlen(text) : 0;
    char *plain;
    int n;

    if (!len || len % 4) {
        return NULL;
    }
    plain = sim_mem_alloc(len + 1);
    n = EVP_DecodeBlock((unsigned char *)plain, (const unsigned char *)text, (int)len);
    if (n < 0) {
        free(plain);
        return NULL;
    }
    plain[n] = '\0';
    return plain;
}

static sim_client_t *find_client(const sim_req_t *q)
{
    char *plain = decode_basic(q->basic);
    char *colon = plain ? strchr(plain, ':') : NULL;
    sim_client_t *c = NULL;

    if (colon) {
        *colon = '\0';
        c = sim_oauth_client(plain);
        if (c && strcmp(c->secret, colon + 1) != 0) {
            c = NULL;
        }
    }
    free(plain);
    return c;
}

int sim_oauth_check(sim_req_t *q)
{
    if (strcmp(q->class, "oauth_authorize") == 0) {
        return 1;
    }
    if (!find_client(q)) {
        sim_fail_set(&q->fail, 401, "invalid_client", "Client authentication failed.");
        q->fail.is_oauth = 1;
        return 0;
    }
    return 1;
}

static void refuse(sim_req_t *q, const char *code, const char *message)
{
    sim_fail_set(&q->fail, 400, code, "%s", message);
    q->fail.is_oauth = 1;
}

/* ---- authorize: a browser, and a person who decides at once */

static int has_redirect(const sim_client_t *c, const char *redirect)
{
    size_t i;

    for (i = 0; redirect && i < c->nredirects; i++) {
        if (strcmp(c->redirects[i], redirect) == 0) {
            return 1;
        }
    }
    return 0;
}

static void send_back(sim_req_t *q, sim_client_t *c, const char *redirect, const char *state)
{
    char *enc = state ? sim_percent_encode(state) : NULL;
    sim_buf_t b = SIM_BUF_INIT;

    sim_buf_fmt(&b, "%s%c", redirect, strchr(redirect, '?') ? '&' : '?');
    if (c->cancels) {
        sim_buf_str(&b, "error=access_denied");
    }
    else {
        sim_code_t *code = sim_mem_alloc(sizeof(*code));

        code->code = sim_oauth_text("");
        code->redirect = sim_mem_dup(redirect);
        code->due = sim_time_now() + c->code_ttl_ms;
        code->next = c->codes;
        c->codes = code;
        sim_buf_fmt(&b, "code=%s", code->code);
    }
    if (enc) {
        sim_buf_fmt(&b, "&state=%s", enc);
    }
    free(enc);
    q->location = b.s;
    q->status = 302;
}

void sim_oauth_authorize(sim_req_t *q)
{
    char *id = sim_req_param(q, "client_id"), *redirect = sim_req_param(q, "redirect_uri");
    char *type = sim_req_param(q, "response_type"), *owner = sim_req_param(q, "owner");
    char *state = sim_req_param(q, "state");
    sim_client_t *c = id ? sim_oauth_client(id) : NULL;

    if (!c || !has_redirect(c, redirect)) {
        /* never a redirect to an address that is not the client's */
        refuse(q, "invalid_request", "Missing or invalid client_id or redirect_uri.");
    }
    else if (!type || strcmp(type, "code") != 0 || !owner || strcmp(owner, "user") != 0) {
        refuse(q, "invalid_request", "response_type should be code, and owner user.");
    }
    else {
        send_back(q, c, redirect, state);
    }
    free(id);
    free(redirect);
    free(type);
    free(owner);
    free(state);
}

/* ---- the token endpoint */

static void put_owner(sim_buf_t *b)
{
    const sim_user_t *u = sim_user_default();

    sim_json_key(b, "owner");
    sim_json_open(b, '{');
    sim_json_kstr(b, "type", "user");
    sim_json_key(b, "user");
    sim_json_open(b, '{');
    sim_json_kstr(b, "object", "user");
    sim_id_json(b, "id", &u->id);
    sim_json_kstr(b, "type", "person");
    sim_json_kstr(b, "name", u->name);
    sim_json_knull(b, "avatar_url");
    sim_json_key(b, "person");
    sim_json_open(b, '{');
    sim_json_kstr(b, "email", u->email);
    sim_json_close(b, '}');
    sim_json_close(b, '}');
    sim_json_close(b, '}');
}

static void put_tokens(sim_req_t *q, const sim_client_t *c, const sim_grant_t *g)
{
    sim_buf_t *b = &q->out;

    sim_json_open(b, '{');
    sim_json_kstr(b, "access_token", g->token->token);
    sim_json_kstr(b, "token_type", "bearer");
    sim_json_kstr(b, "refresh_token", g->refresh);
    sim_id_json(b, "bot_id", &g->token->user->id);
    sim_json_knull(b, "workspace_icon");
    sim_json_kstr(b, "workspace_name", g->workspace_name);
    sim_id_json(b, "workspace_id", &g->workspace_id);
    put_owner(b);
    sim_json_knull(b, "duplicated_template_id");
    if (c->tell_expiry) {
        sim_json_kint(b, "expires_in", c->access_ttl_ms / 1000);
    }
    sim_json_close(b, '}');
}

/* New tokens; those before are nobody's from now on. The connection, with its rate window, stays the same. */
static void renew(const sim_client_t *c, sim_grant_t *g)
{
    free(g->token->token);
    g->token->token = sim_oauth_text("ntn_");
    g->token->expires_ms = c->access_ttl_ms ? sim_time_now() + c->access_ttl_ms : 0;
    if (g->refresh) {
        g->spent = sim_mem_grow(g->spent, (g->nspent + 1) * sizeof(*g->spent));
        g->spent[g->nspent++] = g->refresh;
    }
    g->refresh = c->no_refresh ? NULL : sim_oauth_text("nrt_");
}

static sim_grant_t *make_grant(sim_client_t *c)
{
    sim_grant_t *g = sim_mem_alloc(sizeof(*g));

    g->token = sim_token_add("", c->id);
    g->token->user = sim_user_add(NULL, SIM_BOT, c->id, NULL);
    g->workspace_id = c->workspace_id;
    g->workspace_name = sim_mem_dup(c->workspace_name);
    g->token->foreign = sim_id_cmp(&c->workspace_id, &sim_w.workspace_id) != 0;
    renew(c, g);
    g->next = c->grants;
    c->grants = g;
    return g;
}

void sim_oauth_end(sim_grant_t *g)
{
    g->dead = 1;
    g->token->revoked = 1;
}

static void exchange(sim_req_t *q, sim_client_t *c)
{
    const char *text = sim_member_str(q->json, "code");
    const char *redirect = sim_member_str(q->json, "redirect_uri");
    sim_code_t *code;

    for (code = c->codes; text && code && strcmp(code->code, text) != 0; code = code->next) {
    }
    if (!text) {
        refuse(q, "invalid_request", "body.code should be defined.");
    }
    else if (!code) {
        refuse(q, "invalid_grant", "Invalid code.");
    }
    else if (code->used) {
        /* RFC 6749 4.1.2: what was granted for it is revoked, too */
        if (code->grant) {
            sim_oauth_end(code->grant);
        }
        refuse(q, "invalid_grant", "Invalid code: this code has been revoked.");
    }
    else {
        code->used = 1; /* also if what follows fails */
        if (code->due <= sim_time_now()) {
            refuse(q, "invalid_grant", "Invalid code: this code has expired.");
        }
        else if (!redirect || strcmp(redirect, code->redirect) != 0) {
            refuse(q, "invalid_grant", "Invalid redirect_uri.");
        }
        else {
            code->grant = make_grant(c);
            put_tokens(q, c, code->grant);
        }
    }
}

static int was_spent(const sim_grant_t *g, const char *refresh)
{
    size_t i;

    for (i = 0; i < g->nspent; i++) {
        if (strcmp(g->spent[i], refresh) == 0) {
            return 1;
        }
    }
    return 0;
}

static void refresh_grant(sim_req_t *q, sim_client_t *c)
{
    const char *text = sim_member_str(q->json, "refresh_token");
    sim_grant_t *g;

    if (!text) {
        refuse(q, "invalid_request", "body.refresh_token should be defined.");
        return;
    }
    for (g = c->grants; g; g = g->next) {
        if (!g->dead && g->refresh && strcmp(g->refresh, text) == 0) {
            renew(c, g);
            g->refreshes++;
            put_tokens(q, c, g);
            return;
        }
        if (!g->dead && was_spent(g, text) && c->reuse_revokes) {
            sim_oauth_end(g);
        }
    }
    refuse(q, "invalid_grant", "Invalid refresh token.");
}

void sim_oauth_token(sim_req_t *q)
{
    static const char *const known[] = { "grant_type",       "code",
                                         "redirect_uri",     "refresh_token",
                                         "external_account", NULL };
    sim_client_t *c = find_client(q);
    const char *type = sim_member_str(q->json, "grant_type");

    if (!sim_req_known(q, known)) {
        return;
    }
    if (type && strcmp(type, "authorization_code") == 0) {
        exchange(q, c);
    }
    else if (type && strcmp(type, "refresh_token") == 0) {
        refresh_grant(q, c);
    }
    else {
        refuse(q, "unsupported_grant_type",
               "grant_type should be authorization_code or refresh_token.");
    }
}

/* ---- looking at a token, and giving it back */

static sim_grant_t *grant_of(const sim_client_t *c, const char *text)
{
    sim_grant_t *g;

    for (g = c->grants; g; g = g->next) {
        if (strcmp(g->token->token, text) == 0 || (g->refresh && strcmp(g->refresh, text) == 0)) {
            return g;
        }
    }
    return NULL;
}

static int is_active(const sim_grant_t *g, const char *text)
{
    return g && !g->dead &&
           (strcmp(g->token->token, text) != 0 || !g->token->expires_ms ||
            g->token->expires_ms > sim_time_now());
}

static const char *token_of(sim_req_t *q)
{
    static const char *const known[] = { "token", NULL };
    const char *text = sim_req_known(q, known) ? sim_member_str(q->json, "token") : NULL;

    if (!text) {
        refuse(q, "invalid_request", "body.token should be defined.");
    }
    return text;
}

void sim_oauth_introspect(sim_req_t *q)
{
    const char *text = token_of(q);

    if (text) {
        sim_json_open(&q->out, '{');
        sim_json_kbool(&q->out, "active", is_active(grant_of(find_client(q), text), text));
        sim_json_close(&q->out, '}');
    }
}

void sim_oauth_revoke(sim_req_t *q)
{
    const char *text = token_of(q);
    sim_grant_t *g = text ? grant_of(find_client(q), text) : NULL;

    if (g) {
        sim_oauth_end(g);
    }
    if (text) {
        sim_buf_str(&q->out, "{}");
    }
}
