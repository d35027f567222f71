/* nts_flow.c - the states of a mapping, its schedule, and what is known of its own writes. */
#include <stdlib.h>
#include <string.h>

#include "base/nts_log.h"
#include "base/nts_str.h"
#include "connector/nts_connector.h"
#include "worker/nts_commands.h"
#include "worker/nts_contact.h"
#include "worker/nts_driver.h"
#include "worker/nts_events.h"
#include "worker/nts_files.h"
#include "worker/nts_gather.h"
#include "worker/nts_flow.h"
#include "worker/nts_meeting.h"
#include "worker/nts_planning.h"
#include "worker/nts_reconcile.h"

/* Intents of our own external writes that are remembered: at least so many, at most twice as many. */
#define INTENTS_MAX 2000
#define DUE_PAGE 500
#define SHOW_AFTER apr_time_from_sec(3) /* how long a service may fail until people are told */
#define DUE_LATEST apr_time_from_sec(24 * 3600)

/* --- status */

static apr_status_t store_status(void *baton, nts_store_t *store, int again)
{
    const nts_flow_t *flow = baton;

    (void)again;
    return nts_store_put_status(store, flow->group->name, flow->group->epoch, flow->given->id,
                                &flow->status);
}

void nts_flow_put_status(nts_flow_t *flow)
{
    if (!flow->group->lost) {
        nts_commits_add(flow->host->commits, &flow->put_status, 1);
    }
}

/* Replace texts of the status without keeping the old ones for ever. */
static void renew_status(nts_flow_t *flow, const nts_mapping_status_t *status)
{
    nts_mapping_status_t renewed = *status;
    apr_pool_t *old = flow->status_pool;
    apr_pool_t *p;

    (void)apr_pool_create(&p, flow->p);
    apr_pool_tag(p, "nts_flow status");
    nts_outcome_copy(&renewed.outcome, &status->outcome, p);
    renewed.instance = apr_pstrdup(p, status->instance);
    renewed.triggers = apr_pstrdup(p, status->triggers);
    renewed.mark = apr_pstrdup(p, status->mark);
    renewed.mark_next = apr_pstrdup(p, status->mark_next);
    renewed.doubt = apr_pstrdup(p, status->doubt);
    renewed.waiting_instance = apr_pstrdup(p, status->waiting_instance);
    renewed.seen_instance = apr_pstrdup(p, status->seen_instance);
    flow->status = renewed;
    flow->status_pool = p;
    if (old) {
        apr_pool_destroy(old);
    }
}

void nts_flow_set_status(nts_flow_t *flow, const nts_mapping_status_t *status)
{
    renew_status(flow, status);
    nts_flow_put_status(flow);
}

void nts_flow_set_instance(nts_flow_t *flow, const char *instance)
{
    nts_mapping_status_t status = flow->status;
    apr_status_t rv = status.instance
                          ? nts_store_renumber_changes(flow->host->store, flow->given->id)
                          : APR_SUCCESS;

    if (rv != APR_SUCCESS) {
        nts_log(NTS_LOG_WARNING, rv,
                "mapping %s: changes that the database numbers anew may count as known until the "
                "next full reconciliation",
                flow->label);
    }
    status.instance = instance;
    renew_status(flow, &status);
    nts_flow_put_status(flow);
    nts_reconcile_begin_anew(flow);
}

void nts_flow_set_triggers(nts_flow_t *flow, const char *triggers)
{
    nts_mapping_status_t status = flow->status;

    if (!status.triggers || strcmp(status.triggers, triggers) != 0) {
        status.triggers = triggers;
        renew_status(flow, &status);
        nts_flow_put_status(flow);
    }
}

static void log_state(const nts_flow_t *flow, apr_pool_t *p)
{
    const char *why = nts_outcome_text(&flow->status.outcome, p);

    switch (flow->status.state) {
    case NTS_MAPPING_RUNNING:
        if (flow->status.outcome.code) {
            nts_log(NTS_LOG_WARNING, 0, "mapping %s: does not get on: %s", flow->label, why);
        }
        else {
            nts_log(NTS_LOG_INFO, 0, "mapping %s: running", flow->label);
        }
        break;
    case NTS_MAPPING_PAUSED:
        nts_log(NTS_LOG_NOTICE, 0, "mapping %s: paused", flow->label);
        break;
    case NTS_MAPPING_BLOCKED:
        nts_log(NTS_LOG_ERROR, 0, "mapping %s: blocked: %s", flow->label, why);
        break;
    case NTS_MAPPING_WAITING:
        nts_log(NTS_LOG_WARNING, 0, "mapping %s: waiting for a person: %s", flow->label, why);
        break;
    case NTS_MAPPING_STARTING:
    default:
        break;
    }
}

void nts_flow_enter(nts_flow_t *flow, nts_mapping_state_t state, const nts_outcome_t *outcome)
{
    nts_mapping_status_t status = flow->status;
    int is_news;

    flow->is_on &= state == NTS_MAPPING_RUNNING;
    status.state = state;
    memset(&status.outcome, 0, sizeof(status.outcome));
    if (outcome) {
        status.outcome = *outcome;
    }
    is_news = state != flow->status.state ||
              !nts_str_same(status.outcome.code, flow->status.outcome.code) ||
              !nts_str_same(status.outcome.what, flow->status.outcome.what);
    if (!is_news && status.outcome.retry_at == flow->status.outcome.retry_at) {
        return;
    }
    renew_status(flow, &status);
    nts_flow_put_status(flow);
    if (is_news) {
        log_state(flow, flow->status_pool);
        nts_commands_look(flow); /* one may have waited for this */
    }
}

/* Waits that belong to the work itself; nobody has to know. */
static int is_ordinary(const char *code)
{
    static const char *const codes[] = { "notion.fate_unknown", "notion.read_too_old",
                                         "store.clash", "record.busy", "budget.late" };
    apr_size_t i;

    for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strcmp(code, codes[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

void nts_flow_note_retry(nts_flow_t *flow, const nts_outcome_t *why)
{
    apr_time_t now = nts_host_mono(flow->host);
    nts_outcome_t shown = *why;

    if (why->remedy != NTS_REMEDY_RETRY || !why->code || is_ordinary(why->code) ||
        flow->status.state != NTS_MAPPING_RUNNING) {
        return;
    }
    if (!flow->failing_since) {
        flow->failing_since = now;
    }
    if (now - flow->failing_since >= SHOW_AFTER) {
        shown.retry_at = 0; /* each record has its own time */
        nts_flow_enter(flow, NTS_MAPPING_RUNNING, &shown);
    }
}

void nts_flow_note_success(nts_flow_t *flow, int asked_notion)
{
    const char *shown = flow->status.outcome.code;

    if (flow->status.state != NTS_MAPPING_RUNNING ||
        (shown && strncmp(shown, "notion.", 7) == 0 && !asked_notion)) {
        return;
    }
    flow->failing_since = 0;
    if (shown) {
        nts_flow_enter(flow, NTS_MAPPING_RUNNING, NULL);
    }
}

static void show_latency(void *baton)
{
    nts_flow_t *flow = baton;

    flow->latency_shown = nts_host_mono(flow->host);
    nts_flow_put_status(flow);
}

/* --- life */

static apr_status_t read_status(nts_flow_t *flow)
{
    nts_mapping_status_t status = { 0 };
    apr_pool_t *p;
    apr_status_t rv;

    (void)apr_pool_create(&p, flow->p);
    rv = nts_store_get_status(&status, flow->host->store, flow->given->id, p);
    if (rv == APR_SUCCESS || rv == APR_ENOENT) {
        renew_status(flow, &status);
        rv = APR_SUCCESS;
    }
    apr_pool_destroy(p);
    return rv;
}

static nts_port_t *port_of(const nts_group_t *group, const nts_service_t *service)
{
    int i;

    for (i = 0; i < group->port_count; i++) {
        if (nts_port_service(group->ports[i]) == service) {
            return group->ports[i];
        }
    }
    return NULL;
}

/* The configuration, with pairs of our own: contact fixes their property ids. */
static nts_mapping_t *copy_given(const nts_mapping_t *given, apr_pool_t *p)
{
    nts_mapping_t *copy = apr_pmemdup(p, given, sizeof(*given));

    copy->pairs =
        apr_pmemdup(p, given->pairs, (apr_size_t)given->pair_count * sizeof(*given->pairs));
    return copy;
}

apr_status_t nts_flow_create(nts_flow_t **flow, nts_group_t *group, const nts_mapping_t *given,
                             apr_pool_t *p)
{
    nts_flow_t *f = apr_pcalloc(p, sizeof(*f));
    int i;

    *flow = NULL;
    f->group = group;
    f->host = group->host;
    f->p = p;
    f->given = copy_given(given, p);
    f->label = nts_mapping_label(given, p);
    f->end[NTS_NOTION].port = port_of(group, given->notion);
    f->end[NTS_EXTERNAL].port = port_of(group, given->external);
    f->given->traits[NTS_NOTION] = nts_connector_find(given->notion->kind)->traits;
    f->given->traits[NTS_EXTERNAL] = nts_connector_find(given->external->kind)->traits;
    for (i = 0; i < 2; i++) {
        (void)apr_pool_create(&f->intents_pool[i], p);
        f->intents[i] = apr_hash_make(f->intents_pool[i]);
    }
    nts_unit_init(&f->put_status, store_status, NULL, f);
    nts_timer_init(&f->show_latency, show_latency, f);
    f->schedule = nts_schedule_create(given->debounce, p);
    f->contact = nts_contact_create(f);
    nts_gather_create(f);
    f->events = nts_events_create(f);
    f->reconcile = nts_reconcile_create(f);
    f->commands = nts_commands_create(f);
    f->planning = nts_planning_create(f);
    *flow = f;
    if (given->auto_fields) {
        apr_status_t rv = nts_store_get_pairs(f->host->store, f->given, p);

        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    return read_status(f);
}

void nts_flow_start(nts_flow_t *flow)
{
    if (flow->status.state == NTS_MAPPING_STARTING && flow->given->paused) {
        nts_flow_enter(flow, NTS_MAPPING_PAUSED, NULL);
    }
    nts_contact_start(flow->contact);
    nts_commands_look(flow);
}

void nts_flow_drain(nts_flow_t *flow)
{
    nts_contact_stop(flow->contact);
    nts_events_stop(flow);
    nts_reconcile_stop(flow);
    nts_commands_stop(flow);
    nts_planning_stop(flow);
    nts_meeting_close(flow);
    nts_timer_cancel(flow->host->loop, &flow->show_latency);
}

void nts_flow_stop(nts_flow_t *flow)
{
    nts_flow_drain(flow);
    nts_driver_break_off(flow);
}

int nts_flow_is_readable(const nts_flow_t *flow)
{
    return flow->mapping && !flow->group->lost && !flow->host->draining &&
           !nts_contact_wants_quiet(flow->contact) &&
           (flow->status.state == NTS_MAPPING_RUNNING || flow->status.state == NTS_MAPPING_PAUSED ||
            flow->status.state == NTS_MAPPING_WAITING);
}

int nts_flow_is_usable(const nts_flow_t *flow)
{
    return nts_flow_is_readable(flow) && flow->status.state != NTS_MAPPING_WAITING;
}

int nts_flow_is_running(const nts_flow_t *flow)
{
    return nts_flow_is_usable(flow) && flow->status.state == NTS_MAPPING_RUNNING &&
           flow->status.matched;
}

static int is_about_schema(const char *code)
{
    return nts_str_same(code, "sql.schema") || nts_str_same(code, "sql.triggers");
}

void nts_flow_block(nts_flow_t *flow, const nts_outcome_t *outcome)
{
    nts_outcome_t why = *outcome;

    if (why.code && strcmp(why.code, "sql.other_instance") == 0) {
        /* Contact says what it is and what a person can do. */
        nts_contact_start(flow->contact);
        return;
    }
    if (is_about_schema(why.code) && nts_contact_doubt_schema(flow->contact)) {
        return; /* S5.4: perhaps only a field is concerned */
    }
    if (flow->status.state == NTS_MAPPING_PAUSED || flow->status.state == NTS_MAPPING_WAITING) {
        return;
    }
    why.retry_at = nts_contact_probe(flow->contact, &why);
    nts_flow_enter(flow, NTS_MAPPING_BLOCKED, &why);
}

/* Failures and unfinished writes of the last run, which no notice tells of. */
static void remember_due(nts_flow_t *flow)
{
    apr_int64_t after = 0;
    apr_pool_t *p;
    int count;

    (void)apr_pool_create(&p, flow->p);
    do {
        nts_link_t **links = NULL;
        apr_status_t rv;
        int i;

        apr_pool_clear(p);
        count = 0;
        rv = nts_store_get_due(&links, &count, flow->host->store, flow->given->id, after, DUE_PAGE,
                               p);
        if (rv != APR_SUCCESS) {
            nts_log(NTS_LOG_ERROR, rv,
                    "mapping %s: cannot read what is due; reconciliation will find it",
                    flow->label);
            break;
        }
        for (i = 0; i < count; i++) {
            nts_flow_remember(flow, links[i]->id, links[i]->next_try);
            after = links[i]->id;
        }
    } while (count == DUE_PAGE);
    apr_pool_destroy(p);
}

void nts_flow_run(nts_flow_t *flow)
{
    if (flow->status.state != NTS_MAPPING_PAUSED) {
        nts_flow_enter(flow, NTS_MAPPING_RUNNING, NULL);
    }
    if (nts_flow_is_running(flow) && !flow->is_on) {
        flow->is_on = 1;
        remember_due(flow);
        nts_events_start(flow);
    }
    nts_reconcile_start(flow);
    nts_commands_look(flow);
    nts_driver_pump_soon(flow->group);
}

/* --- schedule */

/* @a wait 0: as any notice. */
static void notice(nts_flow_t *flow, nts_side_t side, const char *record, nts_urgency_t urgency,
                   apr_interval_time_t wait)
{
    char name[NTS_SLOT_RECORD_MAX + 8];
    char *key = name;
    apr_time_t now = nts_host_mono(flow->host);

    nts_files_forget(flow, record);
    if (strlen(record) + 3 > sizeof(name)) {
        key = malloc(strlen(record) + 3);
        if (!key) {
            abort();
        }
    }
    key[0] = side == NTS_NOTION ? 'n' : 'e';
    key[1] = ':';
    memcpy(key + 2, record, strlen(record) + 1);
    if (wait) {
        (void)nts_schedule_add_late(flow->schedule, key, urgency, now + wait);
    }
    else {
        (void)nts_schedule_add(flow->schedule, key, urgency, now);
    }
    if (key != name) {
        free(key);
    }
    nts_driver_pump_soon(flow->group);
}

static const char *link_key(char key[32], apr_int64_t link)
{
    (void)apr_snprintf(key, 32, "l:%" APR_INT64_T_FMT, link);
    return key;
}

void nts_flow_wake(nts_flow_t *flow, apr_int64_t link)
{
    char key[32];

    (void)nts_schedule_add(flow->schedule, link_key(key, link), NTS_BULK,
                           nts_host_mono(flow->host));
    nts_driver_pump_soon(flow->group);
}

void nts_flow_notice(nts_flow_t *flow, nts_side_t side, const char *record, nts_urgency_t urgency)
{
    notice(flow, side, record, urgency, 0);
}

void nts_flow_notice_late(nts_flow_t *flow, nts_side_t side, const char *record,
                          apr_interval_time_t wait)
{
    notice(flow, side, record, NTS_LIVE, wait);
}

void nts_flow_remember(nts_flow_t *flow, apr_int64_t link, apr_time_t at)
{
    char key[32];

    (void)nts_schedule_add_at(flow->schedule, link_key(key, link), NTS_BULK,
                              nts_host_mono(flow->host) +
                                  nts_host_until(flow->host, at, DUE_LATEST));
}

/* --- our own writes */

void nts_flow_add_intent(nts_flow_t *flow, const char *intent)
{
    char *copy;

    if (apr_hash_count(flow->intents[0]) >= INTENTS_MAX) {
        apr_pool_t *oldest = flow->intents_pool[1];

        apr_pool_clear(oldest);
        flow->intents_pool[1] = flow->intents_pool[0];
        flow->intents[1] = flow->intents[0];
        flow->intents_pool[0] = oldest;
        flow->intents[0] = apr_hash_make(oldest);
    }
    copy = apr_pstrdup(flow->intents_pool[0], intent);
    apr_hash_set(flow->intents[0], copy, APR_HASH_KEY_STRING, copy);
}

int nts_flow_has_intent(const nts_flow_t *flow, const char *intent)
{
    return apr_hash_get(flow->intents[0], intent, APR_HASH_KEY_STRING) ||
           apr_hash_get(flow->intents[1], intent, APR_HASH_KEY_STRING);
}
