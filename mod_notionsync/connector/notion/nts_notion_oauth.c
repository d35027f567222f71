/* nts_notion_oauth.c - Notion's OAuth: the authorize address, the token endpoint, and what its answers mean. */
#include <string.h>

#include <apr_base64.h>

#include "base/nts_str.h"
#include "connector/notion/nts_notion_impl.h"

#define TIMEOUT apr_time_from_sec(70)
#define RETRY_LONGEST apr_time_from_sec(3600)
/* An hour is what services usually give; beyond ten years it is a mistake of somebody's. */
#define LIFETIME_MAX ((apr_int64_t)3600 * 24 * 3660)
#define HEADERS 4

static const char *endpoint_of(const nts_service_t *service)
{
    return service->endpoint ? service->endpoint : NTS_NOTION_ENDPOINT;
}

static const char *authorize(const nts_service_t *service, const char *state, apr_pool_t *p)
{
    return apr_pstrcat(p, endpoint_of(service), "/v1/oauth/authorize?client_id=",
                       nts_percent_encode(service->oauth_client, p),
                       "&redirect_uri=", nts_percent_encode(service->oauth_redirect, p),
                       "&response_type=code&owner=user&state=", nts_percent_encode(state, p), NULL);
}

static const char *basic(const char *client, const char *secret, apr_pool_t *p)
{
    const char *plain = apr_pstrcat(p, client, ":", secret, NULL);
    int len = (int)strlen(plain);
    char *text = apr_palloc(p, (apr_size_t)apr_base64_encode_len(len) + 1);

    (void)apr_base64_encode(text, plain, len);
    return apr_pstrcat(p, "Basic ", text, NULL);
}

static const nts_http_request_t *make_request(const nts_service_t *service, const char *secret,
                                              const nts_json_t *body, apr_pool_t *p)
{
    nts_http_request_t *request = apr_pcalloc(p, sizeof(*request));
    nts_http_header_t *headers = apr_pcalloc(p, HEADERS * sizeof(*headers));

    headers[0] = (nts_http_header_t){ "Authorization", basic(service->oauth_client, secret, p) };
    headers[1] = (nts_http_header_t){ "Notion-Version", NTS_NOTION_VERSION };
    headers[2] = (nts_http_header_t){ "Accept", "application/json" };
    headers[3] = (nts_http_header_t){ "Content-Type", "application/json" };
    request->method = "POST";
    request->url = apr_pstrcat(p, endpoint_of(service), "/v1/oauth/token", NULL);
    request->headers = headers;
    request->header_count = HEADERS;
    request->body = nts_json_text(body, p);
    request->body_len = strlen(request->body);
    request->timeout = TIMEOUT;
    return request;
}

static const nts_http_request_t *exchange(const nts_service_t *service, const char *secret,
                                          const char *code, apr_pool_t *p)
{
    nts_json_t *body = nts_json_make_object(p);

    nts_json_add_string(body, "grant_type", "authorization_code");
    nts_json_add_string(body, "code", code);
    nts_json_add_string(body, "redirect_uri", service->oauth_redirect);
    return make_request(service, secret, body, p);
}

static const nts_http_request_t *refresh(const nts_service_t *service, const char *secret,
                                         const char *token, apr_pool_t *p)
{
    nts_json_t *body = nts_json_make_object(p);

    nts_json_add_string(body, "grant_type", "refresh_token");
    nts_json_add_string(body, "refresh_token", token);
    return make_request(service, secret, body, p);
}

/* Notion's own word for it stands in `code`, or, as in RFC 6749, in `error`: sources differ. */
static const char *error_code(const nts_json_t *body)
{
    const char *code = nts_json_get_string(body, "code");

    code = code ? code : nts_json_get_string(body, "error");
    return code ? code : "";
}

static void set_words(nts_outcome_t *out, const nts_json_t *body, const char *sent, apr_pool_t *p)
{
    const char *words = nts_json_get_string(body, "message");

    words = words ? words : nts_json_get_string(body, "error_description");
    words = words ? words : error_code(body);
    if (!strstr(words, sent)) {
        nts_outcome_set_words(out, p, words, strlen(words));
    }
}

static int take_tokens(nts_tokens_t *tokens, const nts_json_t *body, const nts_http_answer_t *http,
                       apr_pool_t *p)
{
    const char *access = nts_json_get_string(body, "access_token");
    const char *workspace = nts_json_get_string(body, "workspace_id");
    apr_int64_t lifetime = nts_json_get_int(body, "expires_in", 0);

    memset(tokens, 0, sizeof(*tokens));
    if (!access || !*access || !workspace ||
        nts_uuid_normalise(&tokens->workspace, workspace, p) != APR_SUCCESS) {
        return 0;
    }
    tokens->access = access;
    tokens->refresh = nts_json_get_string(body, "refresh_token");
    tokens->workspace_name = nts_json_get_string(body, "workspace_name");
    tokens->bot = nts_json_get_string(body, "bot_id");
    if (lifetime > 0 && lifetime < LIFETIME_MAX) {
        tokens->expires = http->sent_at + apr_time_from_sec(lifetime);
    }
    return 1;
}

/* 429 and 529 are turned away at the door; any other failure of the service may be one after the deed. */
static nts_token_result_t fail_service(nts_outcome_t *out, const nts_http_answer_t *http,
                                       apr_time_t now, apr_pool_t *p)
{
    nts_outcome_set(out, p, NTS_REMEDY_RETRY, "oauth.unavailable",
                    "Notion answered %d when asked for a token", http->status);
    out->retry_at = nts_http_retry_after(http, now, RETRY_LONGEST);
    return http->status == 429 || http->status == 529 ? NTS_TOKEN_NOT_DONE : NTS_TOKEN_UNKNOWN;
}

static nts_token_result_t fail_request(nts_outcome_t *out, const nts_json_t *body,
                                       const nts_http_answer_t *http, const char *sent,
                                       apr_pool_t *p)
{
    const char *code = error_code(body);
    nts_token_result_t result = NTS_TOKEN_REFUSED;

    if (strcmp(code, "invalid_grant") == 0) {
        nts_outcome_set(out, p, NTS_REMEDY_PERSON, "oauth.invalid_grant",
                        "Notion does not accept what stands for the installation any more");
        result = NTS_TOKEN_INVALID;
    }
    else if (http->status == 401 || strcmp(code, "invalid_client") == 0 ||
             strcmp(code, "unauthorized_client") == 0) {
        nts_outcome_set(out, p, NTS_REMEDY_PERSON, "oauth.client",
                        "Notion does not accept the client's id and secret");
        out->advice = "compare client-id and client-secret of NotionSyncOAuth with the "
                      "connection's page in Notion, "
                      "and reload";
    }
    else {
        nts_outcome_set(out, p, NTS_REMEDY_PERSON, "oauth.refused",
                        "Notion refused to give a token: HTTP status %d", http->status);
        out->advice = "compare NotionSyncOAuth, its redirect address above all, with the "
                      "connection's page in Notion, "
                      "and reload";
    }
    set_words(out, body, sent, p);
    return result;
}

static nts_token_result_t take(nts_tokens_t *tokens, nts_outcome_t *out,
                               const nts_http_answer_t *http, const char *sent, apr_time_t now,
                               apr_pool_t *p)
{
    const nts_json_t *body = NULL;

    memset(out, 0, sizeof(*out));
    if (http->transport != NTS_HTTP_ANSWERED) {
        nts_outcome_set(out, p, NTS_REMEDY_RETRY, "oauth.unreachable", "%s",
                        http->transport == NTS_HTTP_NOT_SENT
                            ? "Notion could not be reached for a token"
                            : "Notion's answer, which held a token, did not arrive");
        nts_outcome_set_words(out, p, http->words ? http->words : "",
                              http->words ? strlen(http->words) : 0);
        return http->transport == NTS_HTTP_NOT_SENT ? NTS_TOKEN_NOT_DONE : NTS_TOKEN_UNKNOWN;
    }
    (void)nts_json_parse(&body, http->body, http->body_len, NULL, p);
    if (http->status == 200 && take_tokens(tokens, body, http, p)) {
        return NTS_TOKEN_OK;
    }
    if (http->status == 200) {
        nts_outcome_set(out, p, NTS_REMEDY_RETRY, "oauth.unreadable",
                        "Notion's answer, which should hold a token, cannot be read");
        return NTS_TOKEN_UNKNOWN;
    }
    return http->status >= 400 && http->status < 500 && http->status != 408 && http->status != 429
               ? fail_request(out, body, http, sent, p)
               : fail_service(out, http, now, p);
}

const nts_oauth_t nts_notion_oauth = { authorize, exchange, refresh, take };
