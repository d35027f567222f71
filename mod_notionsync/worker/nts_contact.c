/* nts_contact.c - who, describe, provision if need be, bind. One ask after the other. */
#include <string.h>

#include "base/nts_log.h"
#include "base/nts_str.h"
#include "worker/nts_commands.h"
#include "worker/nts_contact_impl.h"
#include "worker/nts_driver.h"
#include "worker/nts_flow.h"
#include "worker/nts_reconcile.h"

/* Probing a blocked mapping: a service that was merely busy is asked sooner than one that refused. */
#define BUSY_BASE apr_time_from_sec(2)
#define BLOCKED_BASE apr_time_from_sec(60) /* half of it at the least: 30 s */
#define PROBE_MAX apr_time_from_sec(600)
/* Whatever is told, it is probed this often at the most. */
#define TOLD_AGAIN apr_time_from_sec(5)

/* Who is not found in Notion may be there soon, and a field that is suspended may be put right; to ask costs requests. */
#define LATER apr_time_from_sec(600)
/* What does not fit the schema is a reason to look at it, but if that was no help not again and again. */
#define DOUBTED_AGAIN apr_time_from_sec(10)

static void probe_now(void *baton)
{
    nts_contact_start(baton);
}

nts_contact_t *nts_contact_create(nts_flow_t *flow)
{
    nts_contact_t *c = apr_pcalloc(flow->p, sizeof(*c));

    c->flow = flow;
    (void)apr_pool_create(&c->why_pool, flow->p);
    apr_pool_tag(c->why_pool, "nts_contact why");
    nts_timer_init(&c->probe, probe_now, c);
    nts_timer_init(&c->later, probe_now, c);
    return c;
}

int nts_contact_is_open(const nts_contact_t *c)
{
    return c->p != NULL;
}

const char *nts_contact_words(const nts_contact_t *c, apr_pool_t *p)
{
    const nts_service_t *service =
        c->ask.side == NTS_NOTION ? c->flow->given->notion : c->flow->given->external;

    if (c->asking) {
        return apr_psprintf(p, "the service %s has not answered yet (%s)", service->name,
                            nts_ask_name(c->ask.kind));
    }
    if (c->wants_quiet) {
        return "work on the former schema has to end first";
    }
    return apr_pstrdup(p, c->why);
}

const char *nts_contact_instance(const nts_contact_t *c)
{
    return c->instance;
}

const char *nts_contact_mark(const nts_contact_t *c)
{
    return c->mark;
}

apr_int64_t nts_contact_counter(const nts_contact_t *c)
{
    return c->counter;
}

int nts_contact_is_busy(const nts_contact_t *c)
{
    return c->asking;
}

int nts_contact_wants_quiet(const nts_contact_t *c)
{
    return c->wants_quiet || c->is_doubtful;
}

void nts_contact_accept_instance(nts_contact_t *c)
{
    const nts_mapping_status_t *status = &c->flow->status;

    if (status->waiting_instance) {
        c->accepted = apr_pstrdup(c->flow->p, status->waiting_instance);
        c->accepted_from = status->waiting_from;
    }
}

void nts_contact_stop(nts_contact_t *c)
{
    c->stopped = 1;
    nts_timer_cancel(c->flow->host->loop, &c->probe);
    nts_timer_cancel(c->flow->host->loop, &c->later);
}

void nts_contact_miss_person(nts_contact_t *c)
{
    apr_interval_time_t gone = nts_host_mono(c->flow->host) - c->started;

    if (!c->stopped) {
        nts_timer_hasten(c->flow->host->loop, &c->later, gone < LATER ? LATER - gone : 0);
    }
}

void nts_contact_told(nts_contact_t *c)
{
    const nts_mapping_status_t *status = &c->flow->status;
    apr_interval_time_t gone = nts_host_mono(c->flow->host) - c->started;

    if (!c->stopped && status->state == NTS_MAPPING_BLOCKED &&
        !nts_str_same(status->outcome.code, NTS_ACCESS_BLOCKED)) {
        nts_timer_hasten(c->flow->host->loop, &c->probe, gone < TOLD_AGAIN ? TOLD_AGAIN - gone : 0);
    }
}

int nts_contact_doubt_schema(nts_contact_t *c)
{
    apr_time_t now = nts_host_mono(c->flow->host);

    if (c->p) {
        return 1;
    }
    if (c->stopped || (c->doubted && now - c->doubted < DOUBTED_AGAIN)) {
        return 0;
    }
    c->doubted = now;
    nts_contact_start(c);
    return 1;
}

/* --- ends */

static void end(nts_contact_t *c)
{
    apr_pool_t *p = c->p;

    c->p = NULL;
    c->wants_quiet = 0;
    c->is_doubtful &= c->again;
    c->schema[NTS_NOTION] = c->schema[NTS_EXTERNAL] = NULL;
    if (p) {
        apr_pool_destroy(p);
    }
    if (!c->stopped && nts_contact_has_suspended(c)) {
        nts_timer_set(c->flow->host->loop, &c->later, LATER);
    }
    if (c->again) {
        c->again = 0;
        nts_contact_start(c);
    }
    nts_commands_look(c->flow);
    if (!c->stopped) {
        nts_reconcile_soon(c->flow);
    }
}

apr_time_t nts_contact_probe(nts_contact_t *c, const nts_outcome_t *why)
{
    nts_host_t *host = c->flow->host;
    apr_interval_time_t wait =
        nts_backoff(++c->failures, host->random,
                    why->remedy == NTS_REMEDY_RETRY ? BUSY_BASE : BLOCKED_BASE, PROBE_MAX);

    if (nts_str_same(why->code, NTS_ACCESS_BLOCKED)) {
        nts_timer_cancel(host->loop, &c->probe);
        return 0;
    }
    if (why->retry_at) {
        apr_interval_time_t asked = nts_host_until(host, why->retry_at, PROBE_MAX);

        wait = asked > wait ? asked : wait;
    }
    if (!c->stopped) {
        nts_timer_set(host->loop, &c->probe, wait);
    }
    return nts_host_wall(host) + wait;
}

void nts_contact_fail(nts_contact_t *c, const nts_outcome_t *why)
{
    nts_flow_t *flow = c->flow;
    nts_outcome_t outcome = *why;

    if (outcome.remedy == NTS_REMEDY_NONE) {
        outcome.remedy = NTS_REMEDY_RETRY;
    }
    apr_pool_clear(c->why_pool);
    c->why = nts_outcome_text(&outcome, c->why_pool);
    if (flow->status.state == NTS_MAPPING_PAUSED) {
        nts_log(NTS_LOG_WARNING, 0, "mapping %s is paused, and could not work: %s", flow->label,
                nts_outcome_text(&outcome, c->p));
        (void)nts_contact_probe(c, &outcome);
    }
    else if (flow->mapping && outcome.remedy == NTS_REMEDY_RETRY &&
             flow->status.state == NTS_MAPPING_RUNNING) {
        /* A running mapping goes on; its jobs will find out for themselves. */
        (void)nts_contact_probe(c, &outcome);
    }
    else {
        outcome.retry_at = nts_contact_probe(c, &outcome);
        nts_flow_enter(flow, NTS_MAPPING_BLOCKED, &outcome);
    }
    end(c);
}

/* The mapping can work. */
void nts_contact_reached(nts_contact_t *c)
{
    nts_flow_t *flow = c->flow;

    if (c->looks && flow->status.state == NTS_MAPPING_WAITING) {
        end(c);
        return;
    }
    if (flow->status.state == NTS_MAPPING_RUNNING && c->is_news) {
        nts_reconcile_full_soon(flow, 0);
    }
    end(c);
    if (!nts_contact_is_busy(c) && !c->stopped) {
        nts_flow_run(flow);
    }
}

void nts_contact_succeed(nts_contact_t *c, int is_changed)
{
    nts_flow_t *flow = c->flow;

    c->failures = 0;
    c->why = NULL;
    nts_timer_cancel(flow->host->loop, &c->probe);
    if (c->wait.code) {
        if (flow->status.state == NTS_MAPPING_RUNNING) {
            nts_driver_quieten(flow); /* what was read before is not written either */
        }
        /* A paused one stays so until somebody resumes it. */
        if (flow->status.state != NTS_MAPPING_PAUSED) {
            nts_flow_enter(flow, NTS_MAPPING_WAITING, &c->wait);
        }
        end(c);
        return;
    }
    c->is_news = is_changed;
    if (!nts_contact_mark_begin(c)) {
        nts_contact_reached(c);
    }
}

/* --- asking */

static void answered(void *baton, const nts_answer_t *answer);

void nts_contact_ask(nts_contact_t *c, nts_side_t side, nts_ask_kind_t kind)
{
    memset(&c->ask, 0, sizeof(c->ask));
    c->ask.kind = kind;
    c->ask.side = side;
    c->ask.mapping = c->flow->given;
    c->ask.intent = kind == NTS_ASK_MARK ? apr_pstrdup(c->p, c->flow->status.mark_next) : NULL;
    c->ask.witness = c->flow->status.witness;
    c->ask.witness_at = c->flow->status.witness_at;
    c->asking = 1;
    nts_port_ask(c->flow->end[side].port, &c->ask, NTS_LIVE, NULL, answered, c, c->p);
}

static void not_provisioned(nts_contact_t *c, const nts_schema_t *schema)
{
    const nts_service_t *service = c->flow->given->external;
    nts_outcome_t why = { 0 };

    if (!nts_contact_note_fields(c)) {
        return;
    }
    nts_flow_set_triggers(c->flow, schema->problem ? schema->problem : "triggers are missing");
    if (service->provision_auto && !c->provisioned) {
        c->provisioned = 1;
        nts_contact_ask(c, NTS_EXTERNAL, NTS_ASK_PROVISION);
        return;
    }
    nts_outcome_set(&why, c->p, NTS_REMEDY_PERSON, "external.not_provisioned",
                    "the triggers that tell of changes are not in place: %s",
                    schema->problem ? schema->problem : "they are missing");
    why.advice = apr_pstrcat(c->p, "run notionsyncctl provision ", c->flow->label, NULL);
    nts_contact_fail(c, &why);
}

static void external_described(nts_contact_t *c, const nts_answer_t *answer)
{
    nts_schema_t *schema = answer->schema;

    if (!c->flow->given->traits[NTS_EXTERNAL]->tells_changes) {
        schema->instance = c->flow->given->collection;
        schema->provisioned = 1;
    }
    c->schema[NTS_EXTERNAL] = schema;
    c->counter = schema->counter;
    if (!nts_str_same(c->mark, schema->mark)) {
        c->mark = apr_pstrdup(c->flow->p, schema->mark);
    }
    if (!nts_str_same(c->instance, schema->instance)) {
        c->instance = apr_pstrdup(c->flow->p, schema->instance);
    }
    if (c->flow->given->auto_fields && !nts_contact_auto_look(c)) {
        return;
    }
    if (!schema->provisioned) {
        not_provisioned(c, schema);
        return;
    }
    if (c->flow->given->auto_fields && nts_contact_auto_is_empty(c)) {
        return;
    }
    /* What it costs that there are none, or rows that cannot be synced. */
    nts_flow_set_triggers(
        c->flow, nts_contact_auto_words(c, schema->problem ? schema->problem : "provisioned"));
    nts_contact_judge(c, answer);
    nts_contact_described(c);
}

/* Whose authors are told of has to be asked who we are, before. */
static void describe(nts_contact_t *c, nts_side_t side)
{
    int has_authors = c->flow->given->traits[side]->tells_events;

    nts_contact_ask(c, side,
                    has_authors && !c->flow->end[side].who ? NTS_ASK_WHO : NTS_ASK_DESCRIBE);
}

static void took_who(nts_contact_t *c, const nts_answer_t *answer)
{
    nts_group_t *group = c->flow->group;
    int i;

    /* All mappings of the connection are the same bot. */
    for (i = 0; i < group->flow_count * NTS_SIDE_COUNT; i++) {
        nts_end_t *end = &group->flows[i / NTS_SIDE_COUNT]->end[i % NTS_SIDE_COUNT];

        if (end->port == c->flow->end[c->ask.side].port) {
            end->who = apr_pstrdup(group->p, answer->who);
            end->who_is_bot = answer->who_is_bot;
        }
    }
    nts_contact_ask(c, c->ask.side, NTS_ASK_DESCRIBE);
}

static void answered(void *baton, const nts_answer_t *answer)
{
    nts_contact_t *c = baton;

    c->asking = 0;
    if (c->stopped || c->flow->group->lost) {
        return;
    }
    if (c->ask.kind == NTS_ASK_MARK) {
        nts_contact_marked(c, answer);
        return;
    }
    if (answer->result != NTS_RESULT_OK) {
        if (!nts_contact_auto_table(c, answer)) {
            nts_contact_fail(c, &answer->outcome);
        }
        return;
    }
    switch (c->ask.kind) {
    case NTS_ASK_WHO:
        took_who(c, answer);
        break;
    case NTS_ASK_PROVISION:
        nts_log(NTS_LOG_NOTICE, 0, "mapping %s: triggers were installed", c->flow->label);
        c->doubted = 0;
        nts_contact_ask(c, NTS_EXTERNAL, NTS_ASK_DESCRIBE);
        break;
    default:
        if (!answer->schema) {
            c->flow->host->broken = "a connector described nothing";
            return;
        }
        if (c->ask.side == NTS_EXTERNAL) {
            external_described(c, answer);
        }
        else {
            c->schema[NTS_NOTION] = answer->schema;
            describe(c, NTS_EXTERNAL);
        }
        break;
    }
}

void nts_contact_start(nts_contact_t *c)
{
    nts_flow_t *flow = c->flow;

    if (c->p) {
        c->again = 1;
        return;
    }
    if (c->stopped || flow->group->lost || flow->host->draining) {
        return;
    }
    nts_timer_cancel(flow->host->loop, &c->probe);
    nts_timer_cancel(flow->host->loop, &c->later);
    c->started = nts_host_mono(flow->host);
    (void)apr_pool_create(&c->p, flow->p);
    apr_pool_tag(c->p, "nts_contact");
    c->provisioned = 0;
    c->is_made = 0;
    c->with = NULL;
    c->looks = 0;
    memset(&c->wait, 0, sizeof(c->wait));
    c->is_changed = 0;
    describe(c, NTS_NOTION);
}

void nts_contact_look(nts_contact_t *c)
{
    if (!c->p) {
        nts_contact_start(c);
        c->looks = 1;
    }
}
