/* mns_install.c - installing a service through OAuth: an administrator begins, a browser comes back with a code.
 *
 * The state is random, known to the store by its hash, used up by whoever brings it, for ten minutes, for the user who began, and for a
 * browser that has the cookie made with it. The redirect address is the configuration's. What came back is sealed and left to the
 * group's worker, who alone has the client's secret: nothing here waits for Notion.
 */
#include <string.h>

#include <httpd.h>
#include <http_core.h>
#include <http_log.h>
#include <http_request.h>
#include <scoreboard.h>
#include <util_cookies.h>

#include "base/nts_clock.h"
#include "base/nts_str.h"
#include "connector/nts_connector.h"
#include "httpd/mns_install.h"
#include "httpd/mns_query.h"
#include "httpd/mns_serve.h"
#include "httpd/mns_vault.h"
#include "store/nts_store_oauth.h"

APLOG_USE_MODULE(notionsync);

#define FORM_MAX 8192
#define RANDOM_LEN 32
#define CODE_MAX 2048
#define COOKIE "notionsync-oauth-"
#define STORE_WAIT apr_time_from_sec(5)

typedef struct install_t {
    mns_page_t page;
    const nts_service_t *service;
    int number; /* of it, in the setup */
    const apr_table_t *form;
    /* begin, and coming back */
    const char *state;
    const char *hash;    /* of it */
    const char *browser; /* hash of the cookie */
    const char *code;    /* NULL: none came back */
    nts_outcome_t refused;
    /* confirm, discard */
    apr_int64_t attempt;
    int accept;
} install_t;

/* ---- what nobody else may read */

static int holds_answer(const char *args)
{
    return args && (strstr(args, "code=") || strstr(args, "state="));
}

/* Before anybody can refuse the request, and with that log it; the handler finds what was there. */
int mns_install_hide(request_rec *r)
{
    const mns_dir_t *dir = ap_get_module_config(r->per_dir_config, &notionsync_module);

    if (dir->serve == MNS_SERVE_OAUTH && holds_answer(r->args)) {
        ap_set_module_config(r->request_config, &notionsync_module, r->args);
        r->args = apr_pstrdup(r->pool, "(hidden)");
        r->unparsed_uri = apr_pstrcat(r->pool, r->uri, "?", r->args, NULL);
        r->the_request =
            apr_pstrcat(r->pool, r->method, " ", r->unparsed_uri, " ", r->protocol, NULL);
        (void)ap_update_child_status(r->connection->sbh, SERVER_BUSY_WRITE, r);
    }
    return DECLINED;
}

/* ---- addresses */

/* "https://example.org:8443/x" -> "example.org:8443"; browsers do not name the port that is meant anyway. */
static const char *host_of(const char *address, apr_pool_t *p)
{
    const char *usual = strncmp(address, "https:", 6) == 0 ? ":443" : ":80";
    char *host = apr_pstrdup(p, strstr(address, "://") + 3);
    char *end = host + strcspn(host, "/");

    *end = '\0';
    if (end - host > (long)strlen(usual) && !strcmp(end - strlen(usual), usual)) {
        end[-(long)strlen(usual)] = '\0';
    }
    return host;
}

static const char *path_of(const char *address)
{
    const char *host = strstr(address, "://") + 3;

    return host + strcspn(host, "/");
}

static int go_to(install_t *in, const char *address)
{
    request_rec *r = in->page.r;

    apr_table_setn(r->headers_out, "Location", address);
    return mns_answer(r, HTTP_SEE_OTHER, "Go on there.");
}

static int go_to_page(install_t *in)
{
    return go_to(in, path_of(nts_service_install_address(in->service, in->page.r->pool)));
}

/* Why nobody can begin; NULL: he can. */
static const char *find_problem(const install_t *in)
{
    request_rec *r = in->page.r;
    const char *wanted = host_of(in->service->oauth_redirect, r->pool);
    const char *host = apr_table_get(r->headers_in, "Host");

    if (in->page.core->grouping->of_service[in->number] < 0) {
        return "No mapping uses this service, so no worker would take what Notion grants: "
               "configure a "
               "<NotionSyncMapping> first, and reload.";
    }
    if (!host || !nts_str_equal_nocase(host, wanted)) {
        return apr_psprintf(
            r->pool,
            "Notion sends browsers back to %s, where this browser would not be known. Begin at %s",
            wanted, nts_service_install_address(in->service, r->pool));
    }
    return NULL;
}

/* ---- begin */

static const char *make_random(apr_pool_t *p)
{
    unsigned char bytes[RANDOM_LEN];

    nts_random_system.bytes(nts_random_system.baton, bytes, sizeof(bytes));
    return nts_hex_text(bytes, sizeof(bytes), p);
}

/* A name for each, so that two that are under way in one browser do not disturb each other. */
static const char *cookie_name(const install_t *in)
{
    return apr_pstrcat(in->page.r->pool, COOKIE, apr_pstrmemdup(in->page.r->pool, in->hash, 16),
                       NULL);
}

/* Lax: it has to come along when Notion sends the browser back. @a value NULL: it goes. */
static void set_cookie(const install_t *in, const char *redirect, const char *value)
{
    request_rec *r = in->page.r;
    const char *secure = strncmp(redirect, "https:", 6) == 0 ? "; Secure" : "";

    apr_table_addn(r->err_headers_out, "Set-Cookie",
                   apr_psprintf(r->pool, "%s=%s; Path=%s; Max-Age=%d; HttpOnly; SameSite=Lax%s",
                                cookie_name(in), value ? value : "", path_of(redirect),
                                value ? (int)apr_time_sec(NTS_OAUTH_LIFETIME) : 0, secure));
}

/* A mns_handle_fn. */
static apr_status_t put_state(void *baton, nts_store_t *store)
{
    const install_t *in = baton;

    return nts_store_put_oauth_state(store, in->service->id, in->hash, in->browser,
                                     in->page.access.user);
}

static int answer_store(install_t *in, apr_status_t rv)
{
    request_rec *r = in->page.r;

    ap_log_rerror(APLOG_MARK, APLOG_ERR, rv, r, "an installation could not be stored");
    apr_table_setn(r->headers_out, "Retry-After", "5");
    return mns_answer(r, HTTP_SERVICE_UNAVAILABLE,
                      "The state store cannot be used now; the server's error log says why.");
}

static int begin(install_t *in)
{
    request_rec *r = in->page.r;
    const char *problem = find_problem(in);
    const char *cookie = make_random(r->pool);
    apr_status_t rv;

    if (problem) {
        return mns_answer(r, HTTP_CONFLICT, "%s", problem);
    }
    in->state = make_random(r->pool);
    in->hash = nts_sha256_text(in->state, r->pool);
    in->browser = nts_sha256_text(cookie, r->pool);
    rv = mns_handle_run(in->page.child->writer, put_state, in);
    if (rv != APR_SUCCESS) {
        return answer_store(in, rv);
    }
    ap_log_rerror(APLOG_MARK, APLOG_NOTICE, 0, r, "%s begins to install the service %s",
                  in->page.access.user, in->service->name);
    set_cookie(in, in->service->oauth_redirect, cookie);
    return go_to(
        in,
        nts_connector_find(in->service->kind)->oauth->authorize(in->service, in->state, r->pool));
}

/* ---- another workspace */

/* A mns_handle_fn. */
static apr_status_t put_answer(void *baton, nts_store_t *store)
{
    const install_t *in = baton;

    return nts_store_answer_held(store, in->service->id, in->attempt, in->accept);
}

static int decide(install_t *in, int accept)
{
    request_rec *r = in->page.r;
    const char *number = apr_table_get(in->form, "attempt");
    apr_status_t rv;

    if (!number || nts_int_parse(&in->attempt, number, 1, APR_INT64_MAX) != APR_SUCCESS) {
        return mns_answer(r, HTTP_BAD_REQUEST, "Which attempt is meant?");
    }
    in->accept = accept;
    rv = mns_handle_run(in->page.child->writer, put_answer, in);
    if (APR_STATUS_IS_ENOENT(rv)) {
        return mns_answer(r, HTTP_CONFLICT,
                          "That installation is not held any more: load the page again.");
    }
    if (rv != APR_SUCCESS) {
        return answer_store(in, rv);
    }
    ap_log_rerror(APLOG_MARK, APLOG_NOTICE, 0, r, "%s %s the other workspace of the service %s",
                  in->page.access.user, accept ? "confirms" : "discards", in->service->name);
    mns_workers_wake(in->page.core);
    return go_to_page(in);
}

static int take_form(install_t *in)
{
    request_rec *r = in->page.r;
    const char *problem, *action;
    apr_size_t len;
    char *body;
    int status = mns_body_read(&body, &len, r, FORM_MAX);

    if (status != OK) {
        return mns_answer(r, status, "The form was not complete, or too long.");
    }
    in->form = mns_query_read(body, r->pool);
    problem = mns_csrf_check(in->page.core, &in->page.access, r, apr_table_get(in->form, "token"));
    if (problem) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, "a form was refused: %s", problem);
        return mns_answer(r, HTTP_FORBIDDEN, "%s", problem);
    }
    action = apr_table_get(in->form, "action");
    if (action && !strcmp(action, "begin")) {
        return begin(in);
    }
    if (action && (!strcmp(action, "confirm") || !strcmp(action, "discard"))) {
        return decide(in, *action == 'c');
    }
    return mns_answer(r, HTTP_BAD_REQUEST, "There is no such action.");
}

/* ---- coming back */

static const nts_service_t *service_of(const install_t *in, apr_int64_t id)
{
    const nts_setup_t *setup = &in->page.core->setup;
    int i;

    for (i = 0; i < setup->service_count; i++) {
        if (setup->services[i]->id == id && setup->services[i]->oauth_client) {
            return setup->services[i];
        }
    }
    return NULL;
}

/* A mns_handle_fn: the state is used up and the code stored together; or the state alone, if it is not this browser's. */
static apr_status_t take_return(void *baton, nts_store_t *store)
{
    install_t *in = baton;
    apr_int64_t id = 0;
    apr_status_t verdict, rv = nts_store_begin(store, STORE_WAIT);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    in->service = NULL;
    verdict = nts_store_take_oauth_state(&id, store, in->hash, in->browser, in->page.access.user);
    if (verdict == APR_SUCCESS) {
        in->service = service_of(in, id);
        verdict =
            in->service
                ? nts_store_put_attempt(store, in->service, &in->page.core->vault->code, in->code,
                                        in->page.access.user, in->code ? NULL : &in->refused)
                : APR_ENOENT;
    }
    if (verdict != APR_SUCCESS && verdict != APR_EACCES && !APR_STATUS_IS_ENOENT(verdict)) {
        nts_store_rollback(store);
        return verdict;
    }
    rv = nts_store_commit(store);
    return rv == APR_SUCCESS ? verdict : rv;
}

/* What a service says instead of a code (RFC 6749, 4.1.2.1). */
static void note_refusal(install_t *in)
{
    const char *error = apr_table_get(in->page.args, "error");
    const char *words = apr_table_get(in->page.args, "error_description");
    apr_pool_t *p = in->page.r->pool;

    if (error && !strcmp(error, "access_denied")) {
        nts_outcome_set(&in->refused, p, NTS_REMEDY_PERSON, "oauth.cancelled",
                        "the installation was cancelled in Notion");
        return;
    }
    nts_outcome_set(&in->refused, p, NTS_REMEDY_PERSON, "oauth.no_code",
                    "the browser came back from Notion without a code");
    words = words ? words : error ? error : "";
    nts_outcome_set_words(&in->refused, p, words, strlen(words));
}

static int is_code(const char *code)
{
    const char *c;

    for (c = code; (unsigned char)*c > ' ' && (unsigned char)*c < 0x7f; c++) {
        /* as far as it is plain */
    }
    return *c == '\0' && c > code && c - code <= CODE_MAX;
}

static int take_back(install_t *in)
{
    request_rec *r = in->page.r;
    const char *cookie = NULL;
    apr_status_t rv;

    in->state = apr_table_get(in->page.args, "state");
    in->code = apr_table_get(in->page.args, "code");
    in->hash = nts_sha256_text(in->state, r->pool);
    (void)ap_cookie_read(r, cookie_name(in), &cookie, 0);
    in->browser = nts_sha256_text(cookie ? cookie : "", r->pool);
    if (in->code && !is_code(in->code)) {
        in->code = NULL;
    }
    if (!in->code) {
        note_refusal(in);
    }
    rv = mns_handle_run(in->page.child->writer, take_return, in);
    if (rv == APR_EACCES || APR_STATUS_IS_ENOENT(rv)) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "a browser came back from an installation and was refused: %s",
                      rv == APR_EACCES
                          ? "another browser, or another user, began it"
                          : "nobody began it here within ten minutes, or it came back before");
        return mns_answer(r, HTTP_FORBIDDEN,
                          "This browser has not begun an installation here within the last ten "
                          "minutes, or it came back "
                          "before. Nothing was changed; begin again.");
    }
    if (rv != APR_SUCCESS) {
        return answer_store(in, rv);
    }
    ap_log_rerror(APLOG_MARK, APLOG_NOTICE, 0, r, "%s came back from installing the service %s %s",
                  in->page.access.user, in->service->name,
                  in->code ? "with a code" : "without a code");
    set_cookie(in, in->service->oauth_redirect, NULL);
    mns_workers_wake(in->page.core);
    return go_to_page(in);
}

/* ---- the page */

/* A mns_handle_fn: may be called twice, so it begins anew. */
static apr_status_t gather(void *baton, nts_store_t *store)
{
    install_t *in = baton;
    const char *problem = find_problem(in);
    apr_status_t rv;

    in->page.facts = nts_json_make_object(in->page.r->pool);
    in->page.store = store;
    nts_json_add_string(in->page.facts, "service", in->service->name);
    if (problem) {
        nts_json_add_string(in->page.facts, "problem", problem);
    }
    rv = mns_fact_install(in->page.facts, &in->page, in->service);
    in->page.store = NULL;
    return rv;
}

static int show(install_t *in)
{
    request_rec *r = in->page.r;
    apr_status_t rv = mns_handle_run(in->page.child->reader, gather, in);

    if (rv != APR_SUCCESS) {
        return answer_store(in, rv);
    }
    mns_headers_set(r);
    if (apr_table_get(in->page.args, "json")) {
        mns_render_json(&in->page);
    }
    else {
        mns_page_install(&in->page);
    }
    return OK;
}

static int find_service(install_t *in, const char *name)
{
    const mns_service_t *service =
        name ? mns_service_find(mns_server_config(in->page.r->server), name) : NULL;

    if (!service || !service->model.oauth_client) {
        return 0;
    }
    in->service = &service->model;
    in->number = mns_service_number(in->page.core, in->service);
    return in->number >= 0;
}

int mns_install_serve(request_rec *r, const mns_dir_t *dir, mns_child_t *child)
{
    install_t in = { 0 };
    const char *hidden = ap_get_module_config(r->request_config, &notionsync_module);

    (void)mns_page_begin(&in.page, r, child);
    if (hidden) {
        in.page.args = mns_query_read(hidden, r->pool);
    }
    if (!in.page.access.full) {
        return mns_answer(r, HTTP_FORBIDDEN, "%s", in.page.access.why);
    }
    if (r->method_number != M_POST && (r->method_number != M_GET || r->header_only)) {
        apr_table_setn(r->headers_out, "Allow", "GET, POST");
        return mns_answer(r, HTTP_METHOD_NOT_ALLOWED, "Pages are asked for with GET.");
    }
    if (apr_table_get(in.page.args, "state") && r->method_number == M_GET) {
        return take_back(&in);
    }
    if (!find_service(&in, mns_rest_of(r, dir))) {
        return mns_answer(r, HTTP_NOT_FOUND,
                          "There is no service of that name with NotionSyncOAuth; its name stands "
                          "behind this address.");
    }
    return r->method_number == M_POST ? take_form(&in) : show(&in);
}
