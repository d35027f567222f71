/* mns_access.c - who may see values and act, and forms that only they can send. */
#include <string.h>

#include <httpd.h>
#include <http_core.h>
#include <http_protocol.h>

#include "base/nts_str.h"
#include "httpd/mns_access.h"
#include "httpd/mns_vault.h"

#define TOKEN_AGE_MAX apr_time_from_sec(12 * 3600)

/* ---- who ---- */

/* Added by proxies. Whoever sends one of them himself only loses. */
static int is_forwarded(const request_rec *r)
{
    static const char *const names[] = { "Via",
                                         "Forwarded",
                                         "X-Forwarded-For",
                                         "X-Real-IP",
                                         "X-Forwarded-Host",
                                         "X-Forwarded-Proto",
                                         "X-Client-IP",
                                         "CF-Connecting-IP",
                                         "True-Client-IP",
                                         "X-Forwarded-By",
                                         "X-Forwarded-Server" };
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (apr_table_get(r->headers_in, names[i])) {
            return 1;
        }
    }
    return 0;
}

static int is_loopback_address(const apr_sockaddr_t *address)
{
    const char *text = NULL;

    if (apr_sockaddr_ip_get((char **)&text, (apr_sockaddr_t *)address) != APR_SUCCESS) {
        return 0;
    }
    return !strcmp(text, "::1") || !strncmp(text, "127.", 4) || !strncmp(text, "::ffff:127.", 11);
}

/* The name by which the page was asked for. A page of another site could make the browser of somebody at
 * this machine ask us, under a name of its own that leads here. */
static int is_loopback_name(const char *name)
{
    return name && (nts_str_equal_nocase(name, "localhost") || !strcmp(name, "::1") ||
                    !strcmp(name, "[::1]") ||
                    (!strncmp(name, "127.", 4) && strspn(name, "0123456789.") == strlen(name)));
}

void mns_access_judge(mns_access_t *access, request_rec *r)
{
    const apr_sockaddr_t *peer = r->connection->client_addr;

    memset(access, 0, sizeof(*access));
    if (r->user && *r->user) {
        access->full = 1;
        access->user = r->user;
        return;
    }
    /* mod_remoteip changes useragent_addr alone: then somebody stands between. */
    if (is_loopback_address(peer) && is_loopback_address(r->useragent_addr) && !is_forwarded(r) &&
        is_loopback_name(r->hostname)) {
        access->full = 1;
        access->user = "local user";
        return;
    }
    access->why = "Values, audit and actions are shown to users who have logged in (any of httpd's "
                  "authentication modules), or at the server itself under the name localhost.";
}

/* ---- forms ---- */

static const char *sign_token(const mns_core_t *core, const mns_access_t *access,
                              const request_rec *r, const char *issued)
{
    unsigned char mac[NTS_SHA256_LEN];
    const char *text = apr_pstrcat(r->pool, issued, "\n",
                                   r->server->server_hostname ? r->server->server_hostname : "",
                                   "\n", access->user ? access->user : "", NULL);

    if (nts_hmac_sha256(mac, &core->vault->csrf, sizeof(core->vault->csrf), text, strlen(text)) !=
        APR_SUCCESS) {
        return NULL;
    }
    return nts_hex_text(mac, sizeof(mac), r->pool);
}

const char *mns_csrf_make(const mns_core_t *core, const mns_access_t *access, const request_rec *r)
{
    const char *issued =
        apr_psprintf(r->pool, "%" APR_INT64_T_FMT, (apr_int64_t)apr_time_sec(apr_time_now()));
    const char *mac = sign_token(core, access, r, issued);

    return mac ? apr_pstrcat(r->pool, issued, ".", mac, NULL) : "";
}

static int is_token_good(const mns_core_t *core, const mns_access_t *access, const request_rec *r,
                         const char *token)
{
    const char *dot = token ? strchr(token, '.') : NULL;
    apr_int64_t issued;
    apr_time_t age;
    const char *mac;

    if (!dot || nts_int_parse(&issued, apr_pstrmemdup(r->pool, token, (apr_size_t)(dot - token)), 1,
                              APR_INT64_C(1) << 40) != APR_SUCCESS) {
        return 0;
    }
    age = apr_time_now() - apr_time_from_sec(issued);
    mac = sign_token(core, access, r, apr_pstrmemdup(r->pool, token, (apr_size_t)(dot - token)));
    return mac && strlen(dot + 1) == strlen(mac) &&
           nts_equal_constant_time(mac, dot + 1, strlen(mac)) && age < TOKEN_AGE_MAX &&
           age > -TOKEN_AGE_MAX;
}

/* "https://example.org:8443/x" -> "example.org:8443". */
static const char *host_of(const char *address, apr_pool_t *p)
{
    const char *host = address ? strstr(address, "://") : NULL;

    return host ? apr_pstrmemdup(p, host + 3, strcspn(host + 3, "/?#")) : NULL;
}

const char *mns_csrf_check(const mns_core_t *core, const mns_access_t *access, request_rec *r,
                           const char *token)
{
    const char *site = apr_table_get(r->headers_in, "Sec-Fetch-Site");
    const char *origin = apr_table_get(r->headers_in, "Origin");
    const char *host = apr_table_get(r->headers_in, "Host");
    const char *from;

    if (site && strcmp(site, "same-origin") != 0) {
        return "The request comes from another site.";
    }
    from = host_of(origin ? origin : apr_table_get(r->headers_in, "Referer"), r->pool);
    /* The scheme may differ where a proxy ends TLS. */
    if (!from || !host || !nts_str_equal_nocase(from, host)) {
        return "The request does not come from a page of this server.";
    }
    if (!is_token_good(core, access, r, token)) {
        return "The form is too old, or was not made for you: load the page again.";
    }
    return NULL;
}
