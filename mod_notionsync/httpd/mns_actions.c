/* mns_actions.c - buttons of the dashboard: each becomes a command, which the mapping's worker carries
 * out. */
#include <string.h>

#include <httpd.h>
#include <http_log.h>

#include "base/nts_str.h"
#include "httpd/mns_plan.h"
#include "httpd/mns_query.h"
#include "httpd/mns_serve.h"
#include "httpd/mns_status.h"

APLOG_USE_MODULE(notionsync);

#define FORM_MAX 8192

typedef struct action_t {
    mns_page_t page;
    const nts_mapping_t *mapping; /* that it is for */
    const apr_table_t *form;
    nts_command_t command;
    apr_int64_t id;    /* of the command, once stored */
    apr_int64_t entry; /* undo */
    nts_plan_t *plan;  /* apply */
} action_t;

/* A mns_handle_fn. */
static apr_status_t check_entry(void *baton, nts_store_t *store)
{
    const action_t *action = baton;
    nts_entry_t *entry;
    apr_int64_t mapping;
    apr_status_t rv =
        nts_store_get_entry(&entry, &mapping, store, action->entry, action->page.r->pool);

    return rv == APR_SUCCESS && mapping != action->command.mapping ? APR_ENOENT : rv;
}

/* A mns_handle_fn. */
static apr_status_t put_command(void *baton, nts_store_t *store)
{
    action_t *action = baton;

    return nts_store_put_command(&action->id, store, &action->command);
}

/* ---- what was asked for ---- */

/* Numbers of the form that are arguments; non-zero: one of them is none. */
static int add_numbers(const action_t *action, nts_json_t *args)
{
    static const char *const names[] = { "entry", "link", "pair", "run" };
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *text = apr_table_get(action->form, names[i]);
        apr_int64_t number;

        if (text && nts_int_parse(&number, text, 1, APR_INT64_MAX) != APR_SUCCESS) {
            return 1;
        }
        if (text) {
            nts_json_add_int(args, names[i], number);
        }
    }
    return 0;
}

/* As the tool takes it: so long ago, or an instant. */
static int add_since(const action_t *action, nts_json_t *args)
{
    const char *text = apr_table_get(action->form, "since");
    apr_interval_time_t ago;
    apr_time_t since;

    if (!text) {
        return 0;
    }
    if (nts_duration_parse(&ago, text) == APR_SUCCESS) {
        since = apr_time_now() - ago;
    }
    else if (nts_value_instant_parse(&since, text, action->page.r->pool) != APR_SUCCESS) {
        return 1;
    }
    nts_json_add_int(args, "since", since);
    return 0;
}

static void add_words(const action_t *action, nts_json_t *args)
{
    static const char *const names[] = { "choice", "fingerprint", "other" };
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *text = apr_table_get(action->form, names[i]);

        if (text && *text) {
            nts_json_add_string(args, names[i], text);
        }
    }
    if (apr_table_get(action->form, "all")) {
        nts_json_add_bool(args, "all", 1);
    }
}

/* What touches many records at once has a box to be ticked. */
static int needs_sure(const action_t *action, const nts_json_t *args)
{
    return nts_json_get(args, "all") || nts_json_get(args, "run") || nts_json_get(args, "since") ||
           (!strcmp(action->command.verb, "undo") && nts_json_get(args, "link"));
}

static int check_undo(action_t *action, const nts_json_t *args)
{
    request_rec *r = action->page.r;
    apr_status_t rv;

    action->entry = nts_json_get_int(args, "entry", 0);
    if (!action->entry) {
        return nts_json_get(args, "link") || nts_json_get(args, "run") ||
                       nts_json_get(args, "since")
                   ? DECLINED
                   : mns_answer(r, HTTP_BAD_REQUEST, "Which entry of the audit is to be undone?");
    }
    rv = mns_handle_run(action->page.child->reader, check_entry, action);
    if (rv != APR_SUCCESS) {
        return APR_STATUS_IS_ENOENT(rv)
                   ? mns_answer(r, HTTP_NOT_FOUND, "There is no such entry of the audit.")
                   : mns_answer(r, HTTP_SERVICE_UNAVAILABLE, "The state store cannot be read now.");
    }
    return DECLINED;
}

/* Arguments; whether they make sense the worker says, who knows what waits. DECLINED: go on. */
static int read_args(action_t *action)
{
    request_rec *r = action->page.r;
    nts_json_t *args = nts_json_make_object(r->pool);
    int status = DECLINED;

    if (add_numbers(action, args) || add_since(action, args)) {
        return mns_answer(r, HTTP_BAD_REQUEST,
                          "A number, or a time such as 2h or 2026-01-31T12:00:00Z, was expected.");
    }
    add_words(action, args);
    if (!strcmp(action->command.verb, "undo")) {
        status = check_undo(action, args);
    }
    if (status == DECLINED && needs_sure(action, args) && !apr_table_get(action->form, "sure")) {
        return mns_answer(r, HTTP_BAD_REQUEST, "This concerns many records: tick the box first.");
    }
    action->command.args = nts_json_text(args, r->pool);
    return status;
}

/* A mns_handle_fn. */
static apr_status_t get_plan(void *baton, nts_store_t *store)
{
    action_t *action = baton;

    action->mapping = mns_page_whole(action->mapping, store, action->page.r->pool);
    return nts_store_last_plan(&action->plan, store, action->command.mapping, action->page.r->pool);
}

/* What was shown is what is applied: the last plan, while it is fresh. */
static int read_apply(action_t *action)
{
    request_rec *r = action->page.r;
    const char *text = apr_table_get(action->form, "plan");
    apr_int64_t id = 0;
    nts_json_t *args;
    apr_status_t rv;

    if (!text || nts_int_parse(&id, text, 1, APR_INT64_C(0x7fffffffffffffff)) != APR_SUCCESS) {
        return mns_answer(r, HTTP_BAD_REQUEST, "Which plan is to be applied?");
    }
    rv = mns_handle_run(action->page.child->reader, get_plan, action);
    if (rv != APR_SUCCESS && !APR_STATUS_IS_ENOENT(rv)) {
        return mns_answer(r, HTTP_SERVICE_UNAVAILABLE, "The state store cannot be read now.");
    }
    if (rv != APR_SUCCESS || action->plan->id != id ||
        !mns_plan_is_fresh(action->plan, action->mapping, action->page.now, r->pool)) {
        return mns_answer(r, HTTP_CONFLICT,
                          "That plan is not the last one, or not fresh any more: make a new one.");
    }
    args = nts_json_make_object(r->pool);
    nts_json_add_int(args, "plan", id);
    action->command.args = nts_json_text(args, r->pool);
    return DECLINED;
}

/* DECLINED: go on; OK: answered. */
static int read_action(action_t *action)
{
    static const char *const verbs[] = { "reconcile", "pause", "resume", "undo", "resolve",
                                         "approve",   "retry", "plan",   "apply" };
    request_rec *r = action->page.r;
    const char *verb = apr_table_get(action->form, "action");
    const char *name = apr_table_get(action->form, "mapping");
    const nts_mapping_t *mapping = name ? mns_page_find(&action->page, name) : NULL;
    size_t i;

    for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]) && verb; i++) {
        if (!strcmp(verb, verbs[i])) {
            action->command.verb = verbs[i];
        }
    }
    if (!action->command.verb) {
        return mns_answer(r, HTTP_BAD_REQUEST, "There is no such action.");
    }
    if (!mapping) {
        return mns_answer(r, HTTP_NOT_FOUND, "There is no such mapping.");
    }
    action->mapping = mapping;
    action->command.mapping = mapping->id;
    action->command.args = "{}";
    action->command.by = action->page.access.user;
    action->command.state = "queued";
    return strcmp(action->command.verb, "apply") == 0 ? read_apply(action) : read_args(action);
}

/* ---- what comes of it ---- */

static int answer_done(action_t *action)
{
    request_rec *r = action->page.r;
    const char *mapping = apr_table_get(action->form, "mapping");

    ap_log_rerror(APLOG_MARK, APLOG_NOTICE, 0, r,
                  "%s asked for %s of the mapping %s (command %" APR_INT64_T_FMT ")",
                  action->command.by, action->command.verb, mapping, action->id);
    if (apr_table_get(action->page.args, "json")) {
        return mns_answer(r, HTTP_ACCEPTED, "{\"command\":%" APR_INT64_T_FMT "}", action->id);
    }
    apr_table_setn(r->headers_out, "Location",
                   apr_psprintf(r->pool, "%s?page=mapping&mapping=%s&command=%" APR_INT64_T_FMT,
                                ap_escape_uri(r->pool, r->uri),
                                nts_percent_encode(mapping, r->pool), action->id));
    return mns_answer(r, HTTP_SEE_OTHER, "The worker of the mapping does it now.");
}

static int run_action(action_t *action)
{
    request_rec *r = action->page.r;
    apr_status_t rv;
    int status = read_action(action);

    if (status != DECLINED) {
        return status;
    }
    rv = mns_handle_run(action->page.child->writer, put_command, action);
    if (rv != APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, rv, r, "a command could not be stored");
        apr_table_setn(r->headers_out, "Retry-After", "5");
        return mns_answer(r, HTTP_SERVICE_UNAVAILABLE,
                          "The command could not be stored; the server's error log says why.");
    }
    mns_workers_wake(action->page.core);
    return answer_done(action);
}

int mns_actions_serve(request_rec *r, mns_child_t *child)
{
    action_t action = { 0 };
    const char *problem;
    apr_size_t len;
    char *body;
    int status;

    (void)mns_page_begin(&action.page, r, child);
    if (!action.page.access.full) {
        return mns_answer(r, HTTP_FORBIDDEN, "%s", action.page.access.why);
    }
    status = mns_body_read(&body, &len, r, FORM_MAX);
    if (status != OK) {
        return mns_answer(r, status, "The form was not complete, or too long.");
    }
    action.form = mns_query_read(body, r->pool);
    problem =
        mns_csrf_check(child->core, &action.page.access, r, apr_table_get(action.form, "token"));
    if (problem) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, "a form was refused: %s", problem);
        return mns_answer(r, HTTP_FORBIDDEN, "%s", problem);
    }
    return run_action(&action);
}
