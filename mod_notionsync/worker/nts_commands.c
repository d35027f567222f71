/* nts_commands.c - one command of a mapping at a time, from the store and back into it. */
#include <string.h>

#include "base/nts_log.h"
#include "model/nts_offer.h"
#include "worker/nts_commands.h"
#include "worker/nts_contact.h"
#include "worker/nts_driver.h"
#include "worker/nts_events.h"
#include "worker/nts_flow.h"
#include "worker/nts_making.h"
#include "worker/nts_people.h"
#include "worker/nts_planning.h"
#include "worker/nts_reconcile.h"

#define PROGRESS apr_time_from_sec(1)
#define RETRY_PAGE 500
/* How long a command waits for contact, or the first match, to show whether the mapping can work. */
#define KNOWN_WITHIN apr_time_from_sec(20)

struct nts_commands_t {
    nts_flow_t *flow;
    apr_pool_t *p; /* of the command under way; NULL: none */
    nts_command_t *command;
    const nts_json_t *args;
    int looked; /* commands that a former owner left running were taken over */
    const struct verb_t *verb;
    apr_time_t known_by; /* monotonic: it waits for contact no longer than this */
    int awaiting;        /* contact */
    int asking;
    int stopped;
    nts_people_t *people;
    apr_time_t shown; /* monotonic: progress was last stored */
    nts_timer_t look;
};

/* What a command needs: to ask the services (contact was made), or to work on records (and not paused, and the
 * first match is over). */
typedef enum needs_t { NEEDS_NOTHING = 0, NEEDS_SERVICES, NEEDS_WORK } needs_t;

typedef struct verb_t {
    const char *name;
    void (*run)(nts_commands_t *c);
    needs_t needs;
} verb_t;

/* --- answers */

static void store_command(nts_commands_t *c)
{
    apr_status_t rv = nts_store_update_command(c->flow->host->store, c->command);

    if (rv != APR_SUCCESS) {
        nts_log(NTS_LOG_ERROR, rv, "mapping %s: command %" APR_INT64_T_FMT " could not be updated",
                c->flow->label, c->command->id);
    }
}

static void end(nts_commands_t *c, const char *state, const nts_json_t *result)
{
    apr_pool_t *p = c->p;

    c->command->state = state;
    c->command->result = nts_json_text(result, c->p);
    store_command(c);
    nts_log(NTS_LOG_INFO, 0, "mapping %s: %s, asked for by %s: %s", c->flow->label,
            c->command->verb, c->command->by ? c->command->by : "?", state);
    c->p = NULL;
    c->command = NULL;
    apr_pool_destroy(p);
    nts_timer_set(c->flow->host->loop, &c->flow->commands->look, 0);
}

static nts_json_t *say(nts_commands_t *c, int ok, const char *text)
{
    nts_json_t *result = nts_json_make_object(c->p);

    nts_json_add_bool(result, "ok", ok);
    nts_json_add_string(result, "text", text);
    return result;
}

static void succeed(nts_commands_t *c, const char *text)
{
    end(c, "done", say(c, 1, text));
}

static void refuse(nts_commands_t *c, const char *text)
{
    end(c, "failed", say(c, 0, text));
}

static int arg_bool(const nts_commands_t *c, const char *name)
{
    return nts_json_bool(nts_json_get(c->args, name), 0);
}

/* --- runs */

static void run_progress(void *baton, const nts_run_t *run, const char *phase)
{
    nts_commands_t *c = baton;
    apr_time_t now = nts_host_mono(c->flow->host);
    nts_json_t *progress;

    if (!c->p || now - c->shown < PROGRESS) {
        return;
    }
    c->shown = now;
    progress = nts_json_make_object(c->p);
    nts_json_add_string(progress, "phase", phase);
    nts_json_add_string(
        progress, "text",
        apr_psprintf(c->p, "%s: %" APR_INT64_T_FMT " pages and %" APR_INT64_T_FMT " rows so far",
                     phase, run->seen[NTS_NOTION], run->seen[NTS_EXTERNAL]));
    nts_json_add_int(progress, "pages", run->seen[NTS_NOTION]);
    nts_json_add_int(progress, "rows", run->seen[NTS_EXTERNAL]);
    nts_json_add_int(progress, "expected", run->expected);
    c->command->progress = nts_json_text(progress, c->p);
    store_command(c);
}

static void add_differences(nts_json_t *result, const nts_scan_report_t *report)
{
    nts_json_t *list = nts_json_add_array(result, "differences");
    int i;

    for (i = 0; i < report->difference_count; i++) {
        const nts_difference_t *difference = &report->differences[i];
        nts_json_t *item = nts_json_add_object(list, NULL);

        nts_json_add_string(item, "page", difference->page);
        nts_json_add_string(item, "key", difference->key);
        nts_json_add_string(item, "what", difference->what);
        nts_json_add_bool(item, "excused", difference->excused);
    }
}

static void run_done(void *baton, const nts_scan_report_t *report, const nts_run_t *run,
                     const nts_outcome_t *outcome)
{
    nts_commands_t *c = baton;
    nts_json_t *result;

    if (!c->p || c->stopped) {
        return;
    }
    if (!report || strcmp(run->state, "done") != 0) {
        refuse(c, report ? nts_outcome_text(outcome, c->p) : "the run was broken off");
        return;
    }
    result = say(c, 1, "done");
    nts_json_add_int(result, "run", run->id);
    nts_json_add_int(result, "pages", run->seen[NTS_NOTION]);
    nts_json_add_int(result, "rows", run->seen[NTS_EXTERNAL]);
    nts_json_add_int(result, "requests", run->requests);
    if (strcmp(run->kind, "verify") == 0) {
        nts_json_add_int(result, "equal", report->equal);
        nts_json_add_int(result, "different", report->different);
        nts_json_add_int(result, "excused", report->excused);
        nts_json_add_int(result, "outside", report->outside);
        (void)nts_offer_suspended(c->flow->mapping, result);
        add_differences(result, report);
    }
    else {
        nts_json_add_int(result, "written_to_notion", run->written[NTS_NOTION]);
        nts_json_add_int(result, "written_to_external", run->written[NTS_EXTERNAL]);
        nts_json_add_int(result, "troubles", run->troubles);
    }
    end(c, "done", result);
}

static void start_run(nts_commands_t *c, nts_scan_kind_t kind)
{
    const char *cause = apr_psprintf(c->p, "command %" APR_INT64_T_FMT, c->command->id);

    if (nts_reconcile_ask(c->flow, kind, cause, run_progress, run_done, c) != APR_SUCCESS) {
        refuse(c, "another run is asked for already");
    }
}

static void start_reconcile(nts_commands_t *c)
{
    start_run(c, arg_bool(c, "full") ? NTS_SCAN_FULL : NTS_SCAN_INCREMENTAL);
}

static void start_verify(nts_commands_t *c)
{
    start_run(c, NTS_SCAN_VERIFY);
}

/* --- plans */

static void plan_done(void *baton, const nts_planned_t *planned)
{
    nts_commands_t *c = baton;
    const nts_plan_t *plan = planned->plan;
    nts_json_t *result;

    if (!c->p || c->stopped) {
        return;
    }
    result = say(c, !planned->problem, planned->problem ? planned->problem : "done");
    if (plan) {
        nts_json_add_int(result, "plan", plan->id);
        nts_json_add_int(result, "requests", plan->requests);
        nts_plan_counts_to_json(&plan->counts, result, "counts");
    }
    if (planned->fates) {
        nts_json_add_int(result, "done", planned->fates[NTS_PLAN_DONE]);
        nts_json_add_int(result, "refused", planned->fates[NTS_PLAN_REFUSED]);
        nts_json_add_int(result, "partly", planned->fates[NTS_PLAN_PARTLY]);
        nts_json_add_int(result, "open", planned->fates[NTS_PLAN_OPEN]);
        nts_json_add_bool(result, "released", planned->released);
    }
    nts_json_add_bool(result, "incomplete", planned->incomplete);
    end(c, planned->problem ? "failed" : "done", result);
}

static void start_plan(nts_commands_t *c)
{
    if (nts_planning_make(c->flow, c->command->by, run_progress, plan_done, c) != APR_SUCCESS) {
        refuse(c, "another plan is under way");
    }
}

static void start_apply(nts_commands_t *c)
{
    apr_status_t rv = nts_planning_apply(c->flow, nts_json_get_int(c->args, "plan", 0),
                                         c->command->by, run_progress, plan_done, c);

    if (rv != APR_SUCCESS) {
        refuse(c, rv == APR_EBUSY    ? "another plan is under way"
                  : rv == APR_ENOENT ? "there is no such plan (any more)"
                                     : "the state store failed");
    }
}

/* --- records */

static void people_done(void *baton, int ok, const nts_json_t *result)
{
    nts_commands_t *c = baton;

    /* Of many some may have been refused: that is a result. */
    end(c, ok || nts_json_bool(nts_json_get(result, "bulk"), 0) ? "done" : "failed", result);
}

static void start_people(nts_commands_t *c)
{
    nts_people_start(c->people, c->command, c->args, people_done, c, c->p);
}

/* --- triggers */

static void provision_done(nts_commands_t *c, const nts_answer_t *answer)
{
    nts_json_t *result;
    const char *verb;

    if (answer->result != NTS_RESULT_OK) {
        refuse(c, nts_outcome_text(&answer->outcome, c->p));
        return;
    }
    verb = c->command->verb;
    result = say(c, 1, arg_bool(c, "print") ? "these statements would be run" : "done");
    nts_json_add_string(result, "statements", answer->statements ? answer->statements : "");
    if (!arg_bool(c, "print")) {
        nts_log(NTS_LOG_NOTICE, 0, "mapping %s: %sed by %s", c->flow->label, verb,
                c->command->by ? c->command->by : "?");
        nts_contact_start(c->flow->contact);
    }
    end(c, "done", result);
}

static void provision_answered(void *baton, const nts_answer_t *answer)
{
    nts_commands_t *c = baton;

    c->asking = 0;
    if (c->p && !c->stopped) {
        provision_done(c, answer);
    }
    nts_contact_work_ended(c->flow->contact);
}

static void fields_made(void *baton, const nts_made_t *made)
{
    nts_commands_t *c = baton;
    const char *done = arg_bool(c, "print") ? "would be made" : "was made";
    nts_json_t *result;

    c->asking = 0;
    if (c->p && !c->stopped && made->why.code) {
        refuse(c, nts_outcome_text(&made->why, c->p));
    }
    else if (c->p && !c->stopped) {
        result = say(c, 1,
                     made->summary          ? apr_psprintf(c->p, "%s: %s", done, made->summary)
                     : arg_bool(c, "print") ? "these statements would be run"
                                            : "done");
        nts_json_add_string(result, "statements", made->statements);
        nts_json_add_string(result, "request", made->request);
        if (!arg_bool(c, "print")) {
            nts_log(NTS_LOG_NOTICE, 0, "mapping %s: provisioned by %s", c->flow->label,
                    c->command->by ? c->command->by : "?");
            nts_contact_start(c->flow->contact);
        }
        end(c, "done", result);
    }
    nts_contact_work_ended(c->flow->contact);
}

static void start_provision(nts_commands_t *c)
{
    nts_ask_t ask = { 0 };

    if (strcmp(c->verb->name, "provision") == 0 && nts_making_is_wanted(c->flow->given)) {
        c->asking = 1;
        nts_making_start(c->flow, arg_bool(c, "print"), fields_made, c, c->p);
        return;
    }

    ask.kind = strcmp(c->verb->name, "provision") == 0 ? NTS_ASK_PROVISION : NTS_ASK_UNPROVISION;
    ask.side = NTS_EXTERNAL;
    ask.mapping = c->flow->mapping ? c->flow->mapping : c->flow->given;
    ask.dry = arg_bool(c, "print");
    c->asking = 1;
    nts_port_ask(c->flow->end[NTS_EXTERNAL].port, &ask, NTS_LIVE, NULL, provision_answered, c,
                 c->p);
}

/* --- states */

static void pause_flow(nts_commands_t *c)
{
    nts_flow_enter(c->flow, NTS_MAPPING_PAUSED, NULL);
    succeed(c, "paused");
}

static void resume_flow(nts_commands_t *c)
{
    nts_flow_t *flow = c->flow;
    int accept = arg_bool(c, "accept_instance");

    if (flow->status.state == NTS_MAPPING_RUNNING) {
        if (nts_contact_has_suspended(flow->contact)) {
            nts_contact_start(flow->contact); /* whoever has put a field right need not wait */
            succeed(c, "it is running; its fields are looked at again");
            return;
        }
        succeed(c, "it is running");
        return;
    }
    if (accept) {
        nts_contact_accept_instance(flow->contact);
    }
    /* Contact decides whether it can work, and says so in the status. */
    nts_flow_enter(flow, NTS_MAPPING_STARTING, NULL);
    nts_contact_start(flow->contact);
    succeed(c, "resumed");
}

/* All records in trouble are tried now. */
static void retry_troubles(nts_commands_t *c)
{
    nts_flow_t *flow = c->flow;
    static const nts_trouble_t kinds[] = { NTS_TROUBLE_PARKED, NTS_TROUBLE_HELD };
    int total = 0;
    int k;

    for (k = 0; k < 2; k++) {
        nts_link_t **links = NULL;
        int count = 0;
        int i;

        if (nts_store_get_troubles(&links, &count, flow->host->store, flow->given->id, kinds[k],
                                   RETRY_PAGE, c->p) != APR_SUCCESS) {
            refuse(c, "the state store failed");
            return;
        }
        for (i = 0; i < count; i++) {
            if (links[i]->page) {
                nts_flow_notice(flow, NTS_NOTION, links[i]->page, NTS_BULK);
            }
            else if (links[i]->key) {
                nts_flow_notice(flow, NTS_EXTERNAL, links[i]->key, NTS_BULK);
            }
        }
        total += count;
    }
    succeed(c, apr_psprintf(c->p, "%d records are tried again", total));
}

static void start_retry(nts_commands_t *c)
{
    if (nts_json_get(c->args, "link")) {
        start_people(c);
    }
    else {
        retry_troubles(c);
    }
}

/* --- taking commands */

static const verb_t verbs[] = {
    { "reconcile", start_reconcile, NEEDS_WORK },
    { "verify", start_verify, NEEDS_SERVICES },
    { "pause", pause_flow, NEEDS_NOTHING },
    { "resume", resume_flow, NEEDS_NOTHING },
    { "retry", start_retry, NEEDS_WORK },
    { "resolve", start_people, NEEDS_WORK },
    { "approve", start_people, NEEDS_WORK },
    { "plan", start_plan, NEEDS_NOTHING }, /* contact is part of it */
    { "apply", start_apply, NEEDS_NOTHING },
    { "undo", start_people, NEEDS_WORK },
    { "provision", start_provision, NEEDS_NOTHING },
    { "unprovision", start_provision, NEEDS_NOTHING },
};

static const verb_t *find_verb(const char *name)
{
    apr_size_t i;

    for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(name, verbs[i].name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

/* Why the command cannot be done as things are; NULL: it can. */
static const char *obstacle(const nts_commands_t *c)
{
    const nts_flow_t *flow = c->flow;
    const char *contact;

    if (c->verb->needs == NEEDS_NOTHING) {
        return NULL;
    }
    if (!nts_flow_is_usable(flow)) {
        if (flow->status.outcome.what) {
            return apr_pstrcat(c->p, "the mapping cannot work now: ",
                               nts_outcome_text(&flow->status.outcome, c->p), NULL);
        }
        contact = nts_contact_words(flow->contact, c->p);
        return contact ? apr_pstrcat(c->p, "the mapping cannot work now: ", contact, NULL)
                       : "the mapping stops, because the server stops or is restarted";
    }
    if (c->verb->needs == NEEDS_WORK && !nts_flow_is_running(flow)) {
        return flow->status.state == NTS_MAPPING_PAUSED ? "the mapping is paused: resume it first"
                                                        : "the first match is not over yet";
    }
    return NULL;
}

/* After a start, a resume or a change of schema nobody knows yet whether the mapping can work: contact will
 * tell, and a first match soon after it. */
static int may_come_true(const nts_commands_t *c)
{
    const nts_flow_t *flow = c->flow;

    return nts_host_mono(flow->host) < c->known_by &&
           (nts_flow_is_usable(flow) ? flow->status.state == NTS_MAPPING_RUNNING
                                     : nts_contact_is_open(flow->contact));
}

static void begin(nts_commands_t *c)
{
    const char *why = obstacle(c);

    if (c->verb == find_verb("undo") && c->flow->host->config->store.no_values) {
        refuse(
            c,
            "undo is off: with NotionSyncAudit values=off the audit keeps no values to go back to");
        return;
    }

    c->awaiting = why && may_come_true(c);
    if (c->awaiting) {
        nts_timer_set(c->flow->host->loop, &c->look, c->known_by - nts_host_mono(c->flow->host));
    }
    else if (why) {
        refuse(c, why);
    }
    else {
        c->verb->run(c);
    }
}

static void start(nts_commands_t *c)
{
    const char *args = c->command->args ? c->command->args : "{}";

    if (nts_json_parse(&c->args, args, strlen(args), NULL, c->p) != APR_SUCCESS) {
        refuse(c, "the arguments are not JSON");
        return;
    }
    c->verb = find_verb(c->command->verb);
    if (!c->verb) {
        refuse(c, "this server does not know that command");
        return;
    }
    c->command->state = "running";
    store_command(c);
    c->known_by = nts_host_mono(c->flow->host) + KNOWN_WITHIN;
    begin(c);
}

/* Whoever pauses does not want to wait for the end of what is under way, which may take hours; and what was paused goes on
 * with the resume that stands behind it. */
static void take_switches(nts_commands_t *c)
{
    nts_flow_t *flow = c->flow;
    apr_status_t rv = APR_SUCCESS;

    while (rv == APR_SUCCESS && c->verb && c->verb->needs != NEEDS_NOTHING) {
        nts_commands_t aside = { 0 }; /* ends at once, and so is never looked for */

        (void)apr_pool_create(&aside.p, flow->p);
        apr_pool_tag(aside.p, "nts_commands");
        rv = nts_store_next_switch(&aside.command, flow->host->store, flow->given->id, aside.p);
        if (rv == APR_SUCCESS) {
            aside.flow = flow;
            start(&aside);
        }
        else {
            apr_pool_destroy(aside.p);
        }
    }
}

static void look_now(void *baton)
{
    nts_commands_t *c = baton;
    nts_flow_t *flow = c->flow;
    nts_command_t *command = NULL;
    apr_pool_t *p;
    apr_status_t rv;

    if (c->stopped || flow->host->draining || flow->group->lost) {
        return;
    }
    if (c->p) {
        take_switches(c);
        if (c->p && c->awaiting) {
            begin(c);
        }
        return;
    }
    (void)apr_pool_create(&p, flow->p);
    apr_pool_tag(p, "nts_commands");
    rv = nts_store_next_command(&command, flow->host->store, flow->given->id, !c->looked, p);
    if (rv != APR_SUCCESS || !command) {
        c->looked = 1;
        if (rv != APR_SUCCESS && rv != APR_ENOENT) {
            nts_log(NTS_LOG_ERROR, rv, "mapping %s: commands cannot be read", flow->label);
        }
        apr_pool_destroy(p);
        return;
    }
    c->p = p;
    c->command = command;
    start(c);
}

nts_commands_t *nts_commands_create(nts_flow_t *flow)
{
    nts_commands_t *c = apr_pcalloc(flow->p, sizeof(*c));

    c->flow = flow;
    nts_timer_init(&c->look, look_now, c);
    c->people = nts_people_create(flow);
    return c;
}

void nts_commands_look(nts_flow_t *flow)
{
    if (!flow->commands->stopped) {
        nts_timer_hasten(flow->host->loop, &flow->commands->look, 0);
    }
}

void nts_commands_stop(nts_flow_t *flow)
{
    nts_commands_t *c = flow->commands;

    c->stopped = 1;
    nts_timer_cancel(flow->host->loop, &c->look);
    nts_people_stop(c->people);
}

int nts_commands_is_busy(const nts_commands_t *c)
{
    return c->asking;
}
