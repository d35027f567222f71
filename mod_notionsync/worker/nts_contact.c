/* nts_contact.c - who, describe, provision if need be, bind. One ask after the other. */
#include <string.h>

#include "base/nts_log.h"
#include "worker/nts_commands.h"
#include "worker/nts_contact.h"
#include "worker/nts_driver.h"
#include "worker/nts_flow.h"
#include "worker/nts_reconcile.h"

/* Probing a blocked mapping: a service that was merely busy is asked sooner than one that refused. */
#define BUSY_BASE apr_time_from_sec(2)
#define BLOCKED_BASE apr_time_from_sec(60) /* half of it at the least: 30 s */
#define PROBE_MAX apr_time_from_sec(600)
/* Another mark, at the next contact after that. */
#define MARK_AGAIN apr_time_from_sec(3600)
/* The database was busy. */
#define MARK_RETRY apr_time_from_sec(5)

struct nts_contact_t {
    nts_flow_t *flow;
    apr_pool_t *p; /* of the contact under way; NULL: none */
    nts_ask_t ask;
    int asking;
    int again;       /* start once more when this one is over */
    int provisioned; /* triggers were installed in this contact */
    int stopped;
    nts_schema_t *schema[NTS_SIDE_COUNT];
    const char *text[NTS_SIDE_COUNT];  /* of the schemas */
    int wants_quiet;                   /* ready to bind, but for work under way */
    const char *bound[NTS_SIDE_COUNT]; /* what the mapping is bound to; in its pool */
    int accept_instance;
    int is_changed; /* what was kept of the last binding is not what it is now */
    nts_timer_t probe;
    int failures;
    const char *instance; /* that the external database had last; NULL: not known */
    apr_int64_t counter;
    const char *mark;   /* that was found there */
    apr_time_t marked;  /* monotonic: our own was left there; 0: not yet */
    int is_news;        /* bound anew, or what it covers has changed */
    int looks;          /* what waits for a person goes on waiting */
    nts_outcome_t wait; /* what a person has to look at first; code NULL: nothing */
    apr_pool_t *why_pool;
    const char *why; /* the last contact failed; NULL: it did not */
};

static void who_known(nts_contact_t *c);
static void ask(nts_contact_t *c, nts_side_t side, nts_ask_kind_t kind);
static void describe(nts_contact_t *c, nts_side_t side);

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
    return c->wants_quiet;
}

void nts_contact_accept_instance(nts_contact_t *c)
{
    c->accept_instance = 1;
}

void nts_contact_stop(nts_contact_t *c)
{
    c->stopped = 1;
    nts_timer_cancel(c->flow->host->loop, &c->probe);
}

/* --- ends */

static void end(nts_contact_t *c)
{
    apr_pool_t *p = c->p;

    c->p = NULL;
    c->wants_quiet = 0;
    c->schema[NTS_NOTION] = c->schema[NTS_EXTERNAL] = NULL;
    if (p) {
        apr_pool_destroy(p);
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

    if (why->retry_at) {
        apr_interval_time_t asked = nts_host_until(host, why->retry_at, PROBE_MAX);

        wait = asked > wait ? asked : wait;
    }
    if (!c->stopped) {
        nts_timer_set(host->loop, &c->probe, wait);
    }
    return nts_host_wall(host) + wait;
}

static void fail(nts_contact_t *c, const nts_outcome_t *why)
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

static void fail_store(nts_contact_t *c, apr_status_t rv)
{
    nts_outcome_t outcome = { 0 };
    char cause[120];

    nts_outcome_set(&outcome, c->p, NTS_REMEDY_RETRY, "store.failed",
                    "the state store could not keep what first contact found: %s",
                    apr_strerror(rv, cause, sizeof(cause)));
    fail(c, &outcome);
}

/* It is bound, so that a plan can be made, but nothing is done until a person has acted. */
static void wait_for_person(nts_contact_t *c, const char *code, const char *what,
                            const char *advice)
{
    nts_outcome_set(&c->wait, c->p, NTS_REMEDY_PERSON, code, "%s", what);
    c->wait.advice = advice;
}

/* --- binding */

static int same_text(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

/* All fields that cannot be synced, in one outcome. */
static void suspended(nts_outcome_t *out, const nts_mapping_t *mapping,
                      const nts_outcome_t *outcomes, apr_pool_t *p)
{
    const nts_outcome_t *first = NULL;
    const char *all = "";
    int count = 0;
    int i;

    for (i = 0; i < mapping->pair_count; i++) {
        const nts_pair_t *pair = &mapping->pairs[i];

        if (pair->domain) {
            continue;
        }
        first = first ? first : &outcomes[i];
        all = apr_psprintf(p, "%s%s\"%s\" and %s: %s", all, count ? "; " : "", pair->notion,
                           pair->external, outcomes[i].what ? outcomes[i].what : "no reason known");
        count++;
    }
    if (!first) {
        nts_outcome_set(out, p, NTS_REMEDY_PERSON, "mapping.bind", "the mapping cannot be bound");
        return;
    }
    if (count == 1) {
        *out = *first;
        out->remedy = NTS_REMEDY_PERSON;
        out->field = apr_pstrdup(p, first->field);
        return;
    }
    nts_outcome_set(out, p, NTS_REMEDY_PERSON, first->code ? first->code : "mapping.bind",
                    "%d fields cannot be synced: %s", count, all);
    out->advice = first->advice;
}

/* Property ids that first contact has shown outlive a rename in Notion. */
static apr_status_t keep_properties(nts_contact_t *c, const nts_mapping_t *bound)
{
    nts_flow_t *flow = c->flow;
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < bound->pair_count && rv == APR_SUCCESS; i++) {
        nts_pair_t *given = &flow->given->pairs[i];
        const nts_pair_t *pair = &bound->pairs[i];

        if (pair->notion_id && !same_text(given->notion_id, pair->notion_id)) {
            rv = nts_store_put_property(flow->host->store, pair->id, pair->notion_id);
            given->notion_id = apr_pstrdup(flow->p, pair->notion_id);
        }
    }
    return rv;
}

static apr_status_t keep_schemas(nts_contact_t *c)
{
    nts_store_t *store = c->flow->host->store;
    apr_int64_t mapping = c->flow->given->id;
    apr_status_t rv = APR_SUCCESS;
    int side;

    for (side = 0; side < NTS_SIDE_COUNT && rv == APR_SUCCESS; side++) {
        const char *old = NULL;

        rv = nts_store_get_schema(&old, store, mapping, (nts_side_t)side, c->p);
        c->is_changed |= rv == APR_SUCCESS && !same_text(old, c->text[side]);
        if (rv == APR_ENOENT || (rv == APR_SUCCESS && !same_text(old, c->text[side]))) {
            rv = nts_store_put_schema(store, mapping, (nts_side_t)side, c->text[side]);
        }
    }
    return rv;
}

/* Another schema or configuration than records were compared by: all of them are compared again, also if we die before
 * that (S5.7). */
static apr_status_t forget_full_run(nts_contact_t *c)
{
    nts_flow_t *flow = c->flow;

    if (!c->is_changed || !flow->status.full_done) {
        return APR_SUCCESS;
    }
    flow->status.full_done = 0;
    return nts_store_put_status(flow->host->store, flow->given->id, &flow->status);
}

/* What can be decided once about the pairs and the filter. */
static void look_at_pairs(nts_flow_t *flow)
{
    const nts_filter_t *filter = flow->mapping->filter[NTS_NOTION];
    int i;

    flow->has_computed = nts_mapping_has_computed(flow->mapping);
    flow->has_title = 0;
    for (i = 0; i < flow->mapping->pair_count; i++) {
        flow->has_title |= same_text(flow->mapping->pairs[i].notion_id, "title");
    }
    for (i = 0; filter && i < filter->field_count; i++) {
        flow->has_title |= same_text(filter->fields[i].id, "title");
    }
}

/* The new binding takes the place of the old one, which no work uses any more. */
static void take_binding(nts_contact_t *c, nts_mapping_t *bound, apr_pool_t *p)
{
    nts_flow_t *flow = c->flow;
    int side;

    if (flow->bound_pool) {
        apr_pool_destroy(flow->bound_pool);
    }
    flow->bound_pool = p;
    flow->mapping = bound;
    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        c->bound[side] = apr_pstrdup(p, c->text[side]);
    }
    look_at_pairs(flow);
}

/* The mapping can work. */
static void reached(nts_contact_t *c)
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

static int begin_mark(nts_contact_t *c);

static void succeed(nts_contact_t *c, int is_changed)
{
    nts_flow_t *flow = c->flow;

    c->failures = 0;
    c->why = NULL;
    nts_timer_cancel(flow->host->loop, &c->probe);
    if (c->wait.code) {
        /* A paused one stays so until somebody resumes it. */
        if (flow->status.state != NTS_MAPPING_PAUSED) {
            nts_flow_enter(flow, NTS_MAPPING_WAITING, &c->wait);
        }
        end(c);
        return;
    }
    c->is_news = is_changed;
    if (!begin_mark(c)) {
        reached(c);
    }
}

static void bind_mapping(nts_contact_t *c)
{
    nts_flow_t *flow = c->flow;
    apr_time_t full_done = flow->status.full_done;
    int was_bound = flow->mapping != NULL;
    nts_outcome_t *outcomes;
    nts_mapping_t *bound;
    nts_outcome_t why = { 0 };
    apr_pool_t *p;
    apr_status_t rv;

    (void)apr_pool_create(&p, flow->p);
    apr_pool_tag(p, "nts_flow binding");
    bound = apr_pmemdup(p, flow->given, sizeof(*bound));
    bound->pairs =
        apr_pmemdup(p, flow->given->pairs, (apr_size_t)bound->pair_count * sizeof(*bound->pairs));
    outcomes = apr_pcalloc(p, ((apr_size_t)bound->pair_count + 1) * sizeof(*outcomes));
    rv = nts_mapping_bind(bound, c->schema[NTS_NOTION], c->schema[NTS_EXTERNAL], outcomes, p);
    if (rv != APR_SUCCESS) {
        suspended(&why, bound, outcomes, c->p);
    }
    else {
        rv = nts_mapping_bind_filters(bound, c->schema[NTS_NOTION], c->schema[NTS_EXTERNAL], &why,
                                      p);
    }
    if (rv != APR_SUCCESS) {
        nts_outcome_copy(&why, &why, c->p);
        apr_pool_destroy(p);
        fail(c, &why);
        return;
    }
    rv = nts_store_begin(flow->host->store, apr_time_from_sec(5));
    if (rv == APR_SUCCESS) {
        rv = keep_properties(c, bound);
        rv = rv == APR_SUCCESS ? keep_schemas(c) : rv;
        rv = rv == APR_SUCCESS ? forget_full_run(c) : rv;
        rv = rv == APR_SUCCESS ? nts_store_commit(flow->host->store) : rv;
        if (rv != APR_SUCCESS) {
            nts_store_rollback(flow->host->store);
        }
    }
    if (rv != APR_SUCCESS) {
        flow->status.full_done = full_done;
        apr_pool_destroy(p);
        fail_store(c, rv);
        return;
    }
    take_binding(c, bound, p);
    succeed(c, was_bound && full_done);
}

/* What a binding depends on: the side's schema and what the configuration makes of it. */
static const char *schema_text(const nts_schema_t *schema, const nts_mapping_t *given,
                               apr_pool_t *p)
{
    nts_json_t *root = nts_json_make_object(p);
    nts_schema_t lasting = *schema;

    lasting.mark = NULL;
    lasting.counter = 0; /* moves with every change and says nothing about the schema */
    nts_schema_to_json(&lasting, root);
    nts_mapping_cover_to_json(given, nts_json_add_object(root, "cover"));
    return nts_json_text(root, p);
}

/* Both sides are known: bind, unless nothing has changed since the last time. */
static void described(nts_contact_t *c)
{
    nts_flow_t *flow = c->flow;
    int side;

    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        c->text[side] = schema_text(c->schema[side], flow->given, c->p);
    }
    if (flow->mapping && same_text(c->bound[NTS_NOTION], c->text[NTS_NOTION]) &&
        same_text(c->bound[NTS_EXTERNAL], c->text[NTS_EXTERNAL])) {
        succeed(c, 0);
        return;
    }
    if (nts_driver_load(flow) > 0) {
        /* Jobs hold on to the old binding; what is broken off begins again, but not in the midst of a write. */
        c->wants_quiet = 1;
        flow->is_on = 0;
        nts_driver_quieten(flow);
        return;
    }
    bind_mapping(c);
}

void nts_contact_work_ended(nts_contact_t *c)
{
    if (c->wants_quiet && !c->stopped && nts_driver_load(c->flow) == 0) {
        c->wants_quiet = 0;
        bind_mapping(c);
    }
}

/* --- the state store: is it the one it was? */

/*
 * Whoever works on a mapping leaves a mark in its database, another one each time, and keeps it here: before, as the next
 * one, and after, as the one that is there. A store that finds a mark of neither kind is not the one that worked here
 * last: it is new, or an older copy, and does not know links that there are. What would it do? Create what it does not
 * find linked, a second time.
 */
static void judge_state(nts_contact_t *c, const char *found)
{
    nts_mapping_status_t status = c->flow->status;
    int is_new = !status.mark && !status.mark_next;

    if (!status.doubt && found && !same_text(found, status.mark) &&
        !same_text(found, status.mark_next)) {
        status.doubt = is_new ? "state.lost" : "state.restored";
        nts_flow_set_status(c->flow, &status);
    }
    if (c->flow->status.doubt && strcmp(c->flow->status.doubt, "state.restored") == 0) {
        wait_for_person(c, "state.restored",
                        "the state store and the database do not fit: one of them is an older "
                        "copy, so there may be pairs of records that are not known any more",
                        nts_contact_advice(c->flow, c->p));
    }
}

const char *nts_contact_advice(const nts_flow_t *flow, apr_pool_t *p)
{
    return apr_psprintf(p,
                        "notionsyncctl plan %s --save FILE shows what would follow; applying that "
                        "plan goes on. Pairs that it would make twice are found by NotionSyncMatch "
                        "lines",
                        flow->label);
}

/* The next mark is in the store before it is in the database. One of unknown fate stays the next one. */
static int begin_mark(nts_contact_t *c)
{
    nts_flow_t *flow = c->flow;
    nts_host_t *host = flow->host;
    nts_mapping_status_t status = flow->status;
    apr_time_t now = nts_host_mono(host);

    if (status.doubt || flow->group->lost || (c->marked && now - c->marked < MARK_AGAIN)) {
        return 0;
    }
    c->marked = now;
    if (!status.mark_next) {
        status.mark_next = nts_random_uuid(host->random, c->p);
        nts_flow_set_status(flow, &status);
    }
    if (nts_store_put_status(host->store, flow->given->id, &flow->status) != APR_SUCCESS) {
        return 0;
    }
    ask(c, NTS_EXTERNAL, NTS_ASK_MARK);
    return 1;
}

static void have_marked(nts_contact_t *c, const nts_answer_t *answer)
{
    nts_mapping_status_t status = c->flow->status;

    if (answer->result == NTS_RESULT_OK) {
        status.mark = status.mark_next;
        status.mark_next = NULL;
        nts_flow_set_status(c->flow, &status);
    }
    else {
        nts_log(NTS_LOG_DEBUG, 0, "mapping %s: no mark could be left in the database: %s",
                c->flow->label, nts_outcome_text(&answer->outcome, c->p));
        c->marked = 0;
    }
    reached(c);
    if (!c->marked && !c->stopped && !c->p) {
        nts_timer_set(c->flow->host->loop, &c->probe, MARK_RETRY);
    }
}

/* --- the external database: is it the one it was? */

static void judge_database(nts_contact_t *c, const nts_schema_t *schema)
{
    nts_flow_t *flow = c->flow;
    nts_mapping_status_t *status = &flow->status;
    int accepted;
    const char *advice = apr_psprintf(c->p,
                                      "notionsyncctl plan %s shows what would follow, and "
                                      "applying that plan goes on with this one; to accept it "
                                      "unseen: notionsyncctl resume %s",
                                      flow->label, flow->label);

    accepted = c->accept_instance;
    c->accept_instance = 0;
    if (same_text(status->instance, schema->instance) && schema->counter >= status->counter) {
        judge_state(
            c, schema->mark); /* and what the triggers told of since then is still to be taken */
        return;
    }
    if (!status->instance || accepted || !status->matched) {
        if (!accepted) {
            judge_state(c, schema->mark);
        }
        status->counter = schema->counter;
        status->full_done = 0;
        status->mark = schema->mark;
        nts_flow_set_instance(flow, schema->instance);
        return;
    }
    if (!same_text(status->instance, schema->instance)) {
        wait_for_person(c, "external.other_instance",
                        apr_psprintf(c->p,
                                     "the database is another one: found instance %s, "
                                     "expected %s",
                                     schema->instance, status->instance),
                        advice);
    }
    else {
        wait_for_person(
            c, "external.restored",
            apr_psprintf(c->p,
                         "the database was restored from an older copy: its last change "
                         "is number %" APR_INT64_T_FMT ", and %" APR_INT64_T_FMT " had been taken",
                         schema->counter, status->counter),
            advice);
    }
}

/* --- asking */

static void answered(void *baton, const nts_answer_t *answer);

static void ask(nts_contact_t *c, nts_side_t side, nts_ask_kind_t kind)
{
    memset(&c->ask, 0, sizeof(c->ask));
    c->ask.kind = kind;
    c->ask.side = side;
    c->ask.mapping = c->flow->given;
    c->ask.intent = kind == NTS_ASK_MARK ? apr_pstrdup(c->p, c->flow->status.mark_next) : NULL;
    c->asking = 1;
    nts_port_ask(c->flow->end[side].port, &c->ask, NTS_LIVE, NULL, answered, c, c->p);
}

static void not_provisioned(nts_contact_t *c, const nts_schema_t *schema)
{
    const nts_service_t *service = c->flow->given->external;
    nts_outcome_t why = { 0 };

    nts_flow_set_triggers(c->flow, schema->problem ? schema->problem : "triggers are missing");
    if (service->provision_auto && !c->provisioned) {
        c->provisioned = 1;
        ask(c, NTS_EXTERNAL, NTS_ASK_PROVISION);
        return;
    }
    nts_outcome_set(&why, c->p, NTS_REMEDY_PERSON, "external.not_provisioned",
                    "the triggers that tell of changes are not in place: %s",
                    schema->problem ? schema->problem : "they are missing");
    why.advice = apr_pstrcat(c->p, "run notionsyncctl provision ", c->flow->label, NULL);
    fail(c, &why);
}

static void external_described(nts_contact_t *c, nts_schema_t *schema)
{
    c->schema[NTS_EXTERNAL] = schema;
    c->counter = schema->counter;
    if (!same_text(c->mark, schema->mark)) {
        c->mark = apr_pstrdup(c->flow->p, schema->mark);
    }
    if (!same_text(c->instance, schema->instance)) {
        c->instance = apr_pstrdup(c->flow->p, schema->instance);
    }
    if (!schema->provisioned) {
        not_provisioned(c, schema);
        return;
    }
    nts_flow_set_triggers(c->flow, "provisioned");
    judge_database(c, schema);
    described(c);
}

static void took_who(nts_contact_t *c, const nts_answer_t *answer)
{
    nts_group_t *group = c->flow->group;
    int i;

    /* All mappings of the connection are the same bot. */
    for (i = 0; i < group->flow_count; i++) {
        nts_end_t *notion = &group->flows[i]->end[NTS_NOTION];

        if (notion->port == c->flow->end[NTS_NOTION].port) {
            notion->who = apr_pstrdup(group->p, answer->who);
            notion->who_is_bot = answer->who_is_bot;
        }
    }
    who_known(c);
}

static void answered(void *baton, const nts_answer_t *answer)
{
    nts_contact_t *c = baton;

    c->asking = 0;
    if (c->stopped || c->flow->group->lost) {
        return;
    }
    if (c->ask.kind == NTS_ASK_MARK) {
        have_marked(c, answer);
        return;
    }
    if (answer->result != NTS_RESULT_OK) {
        fail(c, &answer->outcome);
        return;
    }
    switch (c->ask.kind) {
    case NTS_ASK_WHO:
        took_who(c, answer);
        break;
    case NTS_ASK_PROVISION:
        nts_log(NTS_LOG_NOTICE, 0, "mapping %s: triggers were installed", c->flow->label);
        describe(c, NTS_EXTERNAL);
        break;
    default:
        if (!answer->schema) {
            c->flow->host->broken = "a connector described nothing";
            return;
        }
        if (c->ask.side == NTS_EXTERNAL) {
            external_described(c, answer->schema);
        }
        else {
            c->schema[NTS_NOTION] = answer->schema;
            describe(c, NTS_EXTERNAL);
        }
        break;
    }
}

static void describe(nts_contact_t *c, nts_side_t side)
{
    ask(c, side, NTS_ASK_DESCRIBE);
}

static void who_known(nts_contact_t *c)
{
    describe(c, NTS_NOTION);
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
    (void)apr_pool_create(&c->p, flow->p);
    apr_pool_tag(c->p, "nts_contact");
    c->provisioned = 0;
    c->looks = 0;
    memset(&c->wait, 0, sizeof(c->wait));
    c->is_changed = 0;
    if (flow->end[NTS_NOTION].who) {
        who_known(c);
    }
    else {
        ask(c, NTS_NOTION, NTS_ASK_WHO);
    }
}

void nts_contact_look(nts_contact_t *c)
{
    if (!c->p) {
        nts_contact_start(c);
        c->looks = 1;
    }
}
