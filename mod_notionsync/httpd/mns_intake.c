/* mns_intake.c - webhooks: verify, store durably, wake a worker, answer. Nothing else: the sender waits
 * (D60). */
#include <string.h>

#include <httpd.h>
#include <http_log.h>

#include "httpd/mns_commit.h"
#include "httpd/mns_event.h"
#include "httpd/mns_hook.h"
#include "httpd/mns_serve.h"
#include "httpd/mns_vault.h"

APLOG_USE_MODULE(notionsync);

#define BODY_MAX ((apr_size_t)1 << 20)
/* Unsigned requests are only read as a handshake, which is short. */
#define HANDSHAKE_MAX 4096
#define RETRY_AFTER "30"

typedef struct intake_t {
    request_rec *r;
    mns_child_t *child;
    const nts_service_t *service;
    int index; /* of the service in the setup */
    char *body;
    apr_size_t len;
} intake_t;

static void count(const intake_t *in, nts_count_t what)
{
    nts_segment_add(in->child->core->segment, what, 1);
}

/* ---- which service ---- */

static int find_service(intake_t *in, const char *name)
{
    const mns_service_t *service =
        name ? mns_service_find(mns_server_config(in->r->server), name) : NULL;

    if (!service || service->model.kind != NTS_SERVICE_NOTION) {
        return 0;
    }
    in->service = &service->model;
    in->index = mns_service_number(in->child->core, in->service);
    return in->index >= 0;
}

/* ---- handshake ---- */

static int answer_handshake(intake_t *in, const char *token)
{
    apr_status_t rv = mns_hook_take(in->child, in->index, token);

    if (rv == APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, APLOG_NOTICE, 0, in->r,
                      "the verification token of the service %s has arrived; notionsyncctl hook %s "
                      "shows it",
                      in->service->name, in->service->name);
        return mns_answer(in->r, HTTP_OK, "Token taken.");
    }
    if (APR_STATUS_IS_EEXIST(rv)) {
        count(in, NTS_COUNT_REFUSED_SIGNATURE);
        ap_log_rerror(
            APLOG_MARK, APLOG_NOTICE, 0, in->r,
            "a verification token came for the service %s, and nobody is waiting for one: "
            "refused; if it was yours, run notionsyncctl hook %s and have it sent again",
            in->service->name, in->service->name);
        return mns_answer(
            in->r, HTTP_UNAUTHORIZED,
            "No handshake is open for this service; run notionsyncctl hook %s and have "
            "the token sent again.",
            in->service->name);
    }
    count(in, NTS_COUNT_REFUSED_STORE);
    apr_table_setn(in->r->headers_out, "Retry-After", RETRY_AFTER);
    return mns_answer(in->r, HTTP_SERVICE_UNAVAILABLE,
                      "The token could not be stored; send it again.");
}

/* Not signed by the service's key. */
static int answer_unsigned(intake_t *in, const char *signature)
{
    const nts_json_t *root = NULL;
    const char *token = NULL;
    int status;

    if (in->len <= HANDSHAKE_MAX &&
        nts_json_parse(&root, in->body, in->len, NULL, in->r->pool) == APR_SUCCESS) {
        token = mns_event_handshake(root);
    }
    if (token) {
        status = answer_handshake(in, token);
        explicit_bzero((void *)token, strlen(token));
        explicit_bzero(in->body, in->len);
        return status;
    }
    count(in, NTS_COUNT_REFUSED_SIGNATURE);
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, in->r, "an event for the service %s was refused: %s",
                  in->service->name,
                  signature ? "its signature is not that of the service's key"
                            : "it is not signed");
    return mns_answer(in->r, HTTP_UNAUTHORIZED,
                      signature ? "The signature does not fit." : "The signature is missing.");
}

/* ---- events ---- */

static int answer_problem(intake_t *in, const char *problem)
{
    count(in, NTS_COUNT_REFUSED_SYNTAX);
    ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, in->r,
                  "a signed event for the service %s was refused: %s", in->service->name, problem);
    return mns_answer(in->r, HTTP_BAD_REQUEST, "%s", problem);
}

static int store_event(intake_t *in, const mns_event_t *event)
{
    mns_core_t *core = in->child->core;
    mns_ticket_t ticket = { 0 };
    nts_hook_t hook;
    int *groups;
    apr_status_t rv = APR_SUCCESS;

    mns_event_rows(&ticket.rows, &groups, &ticket.count, event, in->service, &core->setup,
                   core->grouping, in->r->pool);
    ticket.groups = groups;
    if (mns_hook_progress(&hook, in->child, in->index, apr_time_now(), in->r->pool)) {
        ticket.service = in->service->id;
        ticket.hook = &hook;
    }
    if (ticket.count > 0 || ticket.hook) {
        rv = mns_commits_store(in->child->commits, &ticket);
    }
    if (rv != APR_SUCCESS) {
        count(in, NTS_COUNT_REFUSED_STORE);
        ap_log_rerror(APLOG_MARK, APLOG_ERR, rv, in->r,
                      "the event %s of the service %s could not be stored; its sender was told to "
                      "send it again later",
                      event->id, in->service->name);
        apr_table_setn(in->r->headers_out, "Retry-After", RETRY_AFTER);
        return mns_answer(in->r, HTTP_SERVICE_UNAVAILABLE,
                          "The event could not be stored; send it again.");
    }
    count(in, ticket.count == 0                   ? NTS_COUNT_HOOKS_IRRELEVANT
              : ticket.duplicates == ticket.count ? NTS_COUNT_HOOKS_DUPLICATE
                                                  : NTS_COUNT_HOOKS_STORED);
    return mns_answer(in->r, HTTP_OK, ticket.count ? "Stored." : "Nothing here concerns that.");
}

/* The handshake may come again, and Notion signs it with the token that it brings: is that the key we have? */
static int is_known_token(const intake_t *in, const char *signature, const nts_json_t *root)
{
    const char *token = mns_event_handshake(root);
    mns_hook_key_t own = { 0 };
    int is_known;

    if (!token) {
        return 0;
    }
    mns_hook_key_set(&own, token);
    is_known = mns_hook_key_verify(&own, signature, in->body, in->len);
    explicit_bzero(&own, sizeof(own));
    explicit_bzero((void *)token, strlen(token));
    return is_known;
}

static int answer_signed(intake_t *in, const char *signature)
{
    const nts_json_t *root;
    const char *problem;
    mns_event_t event;

    if (nts_json_parse(&root, in->body, in->len, &problem, in->r->pool) != APR_SUCCESS) {
        return answer_problem(in, problem);
    }
    if (is_known_token(in, signature, root)) {
        return mns_answer(in->r, HTTP_OK, "Token taken.");
    }
    if (mns_event_read(&event, &problem, root, in->r->pool) != APR_SUCCESS) {
        return answer_problem(in, problem);
    }
    if (event.at < in->r->request_time - MNS_EVENT_AGE_MAX) {
        return answer_problem(in, "the event is older than 48 hours");
    }
    return store_event(in, &event);
}

int mns_intake_serve(request_rec *r, const mns_dir_t *dir, mns_child_t *child)
{
    intake_t in = { .r = r, .child = child };
    const char *signature = apr_table_get(r->headers_in, "X-Notion-Signature");
    int status;

    if (!find_service(&in, mns_rest_of(r, dir))) {
        return mns_answer(r, HTTP_NOT_FOUND, "There is no such service.");
    }
    if (r->method_number != M_POST) {
        count(&in, NTS_COUNT_REFUSED_METHOD);
        apr_table_setn(r->headers_out, "Allow", "POST");
        return mns_answer(r, HTTP_METHOD_NOT_ALLOWED,
                          "Events are sent here with POST; there is nothing to see.");
    }
    status = mns_body_read(&in.body, &in.len, r, BODY_MAX);
    if (status == HTTP_REQUEST_ENTITY_TOO_LARGE) {
        count(&in, NTS_COUNT_REFUSED_SIZE);
        return mns_answer(r, status, "More than %d bytes are no event.", (int)BODY_MAX);
    }
    if (status != OK) {
        count(&in, NTS_COUNT_REFUSED_SYNTAX);
        return mns_answer(r, status, "The request was not complete.");
    }
    if (!signature || !mns_hook_is_signed(child, in.index, signature, in.body, in.len)) {
        return answer_unsigned(&in, signature);
    }
    return answer_signed(&in, signature);
}
