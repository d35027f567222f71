/* Who asks, in which version, and how often. */
#include "sim_auth.h"

#include <string.h>

#include "sim_oauth.h"

static void refuse_rate(sim_req_t *q, const char *reason, sim_ms_t left)
{
    int seconds = (int)((left + 999) / 1000);

    q->retry_after = seconds > 0 ? seconds : 1;
    sim_fail_set(&q->fail, 429, "rate_limited", "%s", sim_error_message(429));
    sim_json_open(&q->fail.extra, '{');
    sim_json_kstr(&q->fail.extra, "rate_limit_reason", reason);
    sim_json_key(&q->fail.extra, "retry_after");
    sim_json_raw(&q->fail.extra, "\"");
    sim_buf_fmt(&q->fail.extra, "%d\"", q->retry_after);
    sim_json_close(&q->fail.extra, '}');
}

/* counts in the fixed window that now lies in; 0 if it is full */
static int count_one(int64_t limit, sim_ms_t phase, int64_t *window, int64_t *used, sim_ms_t *left)
{
    sim_ms_t now = sim_time_now() + phase, length = sim_set.window_ms > 0 ? sim_set.window_ms : 1;

    *left = length - now % length;
    if (*window != now / length) {
        *window = now / length;
        *used = 0;
    }
    if (limit > 0 && *used >= limit) {
        return 0;
    }
    (*used)++;
    return 1;
}

static int check_rate(sim_req_t *q)
{
    sim_token_t *t = q->token;
    sim_ms_t left;

    if (!count_one(sim_set.rate_limit, t->phase, &t->window, &t->used, &left)) {
        refuse_rate(q, sim_set.rate_reason, left);
        return 0;
    }
    if (!count_one(sim_set.workspace_limit, sim_w.ws_phase, &sim_w.ws_window, &sim_w.ws_used,
                   &left)) {
        refuse_rate(q, "public_api_space_request_rate_limit", left + sim_set.workspace_wait);
        return 0;
    }
    if (strcmp(q->class, sim_set.limited_endpoint) == 0 &&
        !count_one(sim_set.endpoint_limit, sim_w.ws_phase, &sim_w.ep_window, &sim_w.ep_used,
                   &left)) {
        refuse_rate(q, "public_api_endpoint_rate_limit", left);
        return 0;
    }
    return 1;
}

static int check_version(sim_req_t *q)
{
    if (!q->version) {
        sim_fail_set(&q->fail, 400, "missing_version",
                     "Notion-Version header failed validation: Notion-Version header "
                     "should be defined, instead was `undefined`.");
        return 0;
    }
    if (strcmp(q->version, "2026-03-11") != 0 && !sim_req_is_old(q)) {
        sim_fail_set(&q->fail, 400, "validation_error",
                     "Notion-Version header failed validation: Notion-Version header "
                     "should be `\"2026-03-11\"`, `\"2025-09-03\"` or `\"2022-06-28\"`, instead "
                     "was `\"%.40s\"`.",
                     q->version);
        return 0;
    }
    return 1;
}

static int is_good(const sim_token_t *t)
{
    return t && !t->revoked && (!t->expires_ms || t->expires_ms > sim_time_now());
}

/* A client's requests are nobody's connection's; what limits them is not known. */
static int check_client(sim_req_t *q)
{
    return sim_oauth_check(q) && (strcmp(q->class, "oauth_authorize") == 0 || check_version(q));
}

int sim_auth_check(sim_req_t *q)
{
    if (sim_oauth_is(q)) {
        return check_client(q);
    }
    q->token = q->bearer ? sim_token_find(q->bearer) : NULL;
    if (!is_good(q->token)) {
        sim_fail_set(&q->fail, 401, "unauthorized", "%s", sim_error_message(401));
        return 0;
    }
    return check_version(q) && check_rate(q);
}

int sim_auth_can(sim_req_t *q, int rights)
{
    if ((q->token->can & rights) == rights) {
        return 1;
    }
    sim_fail_set(&q->fail, 403, "restricted_resource",
                 "Insufficient permissions for this endpoint.");
    return 0;
}

int sim_auth_has_room(sim_req_t *q, int64_t blocks)
{
    if (sim_set.block_limit == 0 || q->token->user->type == SIM_PERSON || blocks <= 0) {
        return 1;
    }
    if (sim_w.nblocks + blocks > sim_set.block_limit) {
        sim_fail_set(&q->fail, 403, "restricted_resource",
                     "This workspace has reached the block limit of its plan.");
        sim_json_open(&q->fail.extra, '{');
        sim_json_kstr(&q->fail.extra, "block_limit", "block_creation");
        sim_json_close(&q->fail.extra, '}');
        return 0;
    }
    sim_w.nblocks += blocks;
    return 1;
}

void sim_auth_forget(void)
{
    size_t i;

    for (i = 0; i < sim_w.ntokens; i++) {
        sim_w.tokens[i]->used = 0;
        sim_w.tokens[i]->phase = sim_rand_below(sim_set.window_ms);
    }
    sim_w.ws_used = sim_w.ep_used = 0;
    sim_w.ws_phase = sim_rand_below(sim_set.window_ms);
}
