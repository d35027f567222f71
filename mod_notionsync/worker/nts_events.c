/* nts_events.c - the inbox: what each notice asks for. */
#include <stdlib.h>
#include <string.h>

#include "base/nts_log.h"
#include "worker/nts_contact.h"
#include "worker/nts_driver.h"
#include "worker/nts_events_impl.h"
#include "worker/nts_flow.h"
#include "worker/nts_gather.h"
#include "worker/nts_mirror.h"
#include "worker/nts_reconcile.h"
#include "worker/nts_work.h"

#define PAGE 200
/* Records waiting in memory; the inbox keeps the rest. */
#define SCHEDULED_MAX 5000
#define READ_AGAIN apr_time_from_sec(1)
/* Notices that ask for nothing may wait for company: settling is no hurry. */
#define SETTLE_DELAY apr_time_from_msec(100)
/* A wake-up that was lost must not be for ever. */
#define SAFETY apr_time_from_sec(60)

static void read_inbox(void *baton);

/* --- settling */

static apr_status_t store_settled(void *baton, nts_store_t *store, int again)
{
    const nts_events_t *e = baton;

    (void)again;
    return nts_store_settle(store, (const apr_int64_t *)(const void *)e->settling->elts,
                            e->settling->nelts);
}

static void have_settled(void *baton, apr_status_t rv)
{
    nts_events_t *e = baton;

    if (rv != APR_SUCCESS) {
        /* They are read again with the next start, and found to ask for nothing again. */
        nts_log(NTS_LOG_WARNING, rv, "mapping %s: %d notices could not be settled", e->flow->label,
                e->settling->nelts);
    }
    apr_array_clear(e->settling);
    if (e->settled->nelts > 0) {
        nts_timer_hasten(e->flow->host->loop, &e->settle, SETTLE_DELAY);
    }
}

static void settle_now(void *baton)
{
    nts_events_t *e = baton;
    apr_array_header_t *empty = e->settling;

    if (nts_unit_is_added(&e->settle_unit) || e->settled->nelts == 0) {
        return;
    }
    e->settling = e->settled;
    e->settled = empty;
    nts_commits_add(e->flow->host->commits, &e->settle_unit, 0);
}

void nts_events_settle(nts_flow_t *flow, apr_int64_t notice)
{
    nts_events_t *e = flow->events;

    APR_ARRAY_PUSH(e->settled, apr_int64_t) = notice;
    nts_timer_hasten(flow->host->loop, &e->settle, SETTLE_DELAY);
}

/* --- what a notice says */

static int begins_with(const char *text, const char *prefix)
{
    return text && strncmp(text, prefix, strlen(prefix)) == 0;
}

static int is_kind(const nts_notice_t *notice, const char *kind)
{
    return notice->kind && strcmp(notice->kind, kind) == 0;
}

/* S3.9: every author is our bot. */
static int is_by_us(const nts_flow_t *flow, const nts_notice_t *notice, apr_pool_t *ptemp)
{
    const nts_end_t *end = &flow->end[notice->side];
    const nts_json_t *authors = NULL;
    int i;

    if (!notice->authors || !end->who || !end->who_is_bot) {
        return 0;
    }
    if (nts_json_parse(&authors, notice->authors, strlen(notice->authors), NULL, ptemp) !=
        APR_SUCCESS) {
        return 0;
    }
    for (i = 0; i < nts_json_count(authors); i++) {
        const char *author = nts_json_string(nts_json_at(authors, i));

        if (!author || strcmp(author, end->who) != 0) {
            return 0;
        }
    }
    return i > 0;
}

/* In a pair, or in the filter: a record may leave by it (S5.3). */
static int is_mapped(const nts_flow_t *flow, nts_side_t side, const char *property)
{
    const nts_filter_t *filter = flow->mapping->filter[side];
    int i;

    for (i = 0; filter && i < filter->field_count; i++) {
        if (strcmp(filter->fields[i].id, property) == 0) {
            return 1;
        }
    }
    for (i = 0; i < flow->mapping->pair_count; i++) {
        const nts_pair_t *pair = &flow->mapping->pairs[i];
        const char *id = nts_pair_field_id(pair, side);

        if ((!id && !(pair->is_key && side == NTS_EXTERNAL)) || (id && strcmp(id, property) == 0)) {
            return 1;
        }
    }
    return 0;
}

/* The other end of a two-way relation: changed by whoever writes that end. */
static int is_mirrored(const nts_flow_t *flow, nts_side_t side, const char *property)
{
    int i;

    for (i = 0; i < flow->mapping->pair_count; i++) {
        const nts_pair_t *pair = &flow->mapping->pairs[i];
        const char *id = nts_pair_field_id(pair, side);

        if (nts_pair_is_mirrored(pair, side) && (!id || strcmp(id, property) == 0)) {
            return 1;
        }
    }
    return 0;
}

typedef int is_such_fn(const nts_flow_t *flow, nts_side_t side, const char *property);

/* It names properties, and none of them is such a one. */
static int names_only_others(const nts_flow_t *flow, const nts_notice_t *notice,
                             is_such_fn *is_such, apr_pool_t *ptemp)
{
    const nts_json_t *properties = NULL;
    int i;

    if (!is_kind(notice, "page.properties_updated") || !notice->properties ||
        nts_json_parse(&properties, notice->properties, strlen(notice->properties), NULL, ptemp) !=
            APR_SUCCESS) {
        return 0;
    }
    for (i = 0; i < nts_json_count(properties); i++) {
        const char *property = nts_json_string(nts_json_at(properties, i));

        if (!property || is_such(flow, notice->side, property)) {
            return 0;
        }
    }
    return i > 0;
}

/* S3.11: it names properties, and none of them is ours. */
static int is_unmapped(const nts_flow_t *flow, const nts_notice_t *notice, apr_pool_t *ptemp)
{
    if (flow->has_computed[notice->side]) {
        return 0;
    }
    if (is_kind(notice, "page.content_updated")) {
        return !flow->has_content[notice->side];
    }
    return names_only_others(flow, notice, is_mapped, ptemp);
}

/* S3.9: ours alone, and the answer to our write has shown all that it changed, computed values too. The answer to a write of the body shows
 * no property, and that to a write of one end of a relation not the page at the other end. */
static int is_echo(const nts_flow_t *flow, const nts_notice_t *notice, apr_pool_t *ptemp)
{
    if (!is_by_us(flow, notice, ptemp)) {
        return 0;
    }
    if (flow->has_computed[notice->side] && flow->writes_body[notice->side] &&
        is_kind(notice, "page.content_updated")) {
        return 0;
    }
    return !flow->has_mirrored[notice->side] || names_only_others(flow, notice, is_mirrored, ptemp);
}

/* --- echoes of our own writes */

typedef struct echo_t {
    apr_int64_t id;
    nts_side_t side;
    char *record; /* malloc'ed */
} echo_t;

static void keep_echo(nts_events_t *e, const nts_notice_t *notice)
{
    echo_t *echo = apr_array_push(e->echoes);
    char *record = strdup(notice->record);

    if (!record) {
        abort();
    }
    echo->id = notice->id;
    echo->side = notice->side;
    echo->record = record;
}

/* Nothing of ours is unsettled for the record. */
static int is_settled(const nts_flow_t *flow, const echo_t *echo, apr_pool_t *ptemp)
{
    nts_target_t target = { 0 };
    nts_loaded_t *loaded = NULL;

    *(echo->side == NTS_NOTION ? &target.page : &target.key) = echo->record;
    if (nts_store_load(&loaded, flow->host->store, flow->mapping, &target, ptemp) != APR_SUCCESS) {
        return 0;
    }
    return loaded->link ? loaded->pending_count == 0 : loaded->creates_pending[echo->side] == 0;
}

/* Decide those whose record no job has in hand. */
static void decide_echoes(nts_events_t *e)
{
    nts_flow_t *flow = e->flow;
    apr_pool_t *ptemp = NULL;
    int kept = 0;
    int i;

    for (i = 0; i < e->echoes->nelts; i++) {
        echo_t echo = APR_ARRAY_IDX(e->echoes, i, echo_t);

        if (nts_driver_is_busy_with(flow, echo.side, echo.record)) {
            APR_ARRAY_IDX(e->echoes, kept++, echo_t) = echo;
            continue;
        }
        if (!ptemp) {
            (void)apr_pool_create(&ptemp, flow->p);
        }
        if (is_settled(flow, &echo, ptemp)) {
            nts_segment_count(flow->host, NTS_COUNT_NOTICES_ECHO);
            nts_events_settle(flow, echo.id);
        }
        else {
            nts_flow_notice(flow, echo.side, echo.record, NTS_LIVE);
        }
        apr_pool_clear(ptemp);
        free(echo.record);
    }
    e->echoes->nelts = kept;
    if (ptemp) {
        apr_pool_destroy(ptemp);
    }
}

static void forget_echoes(nts_events_t *e)
{
    int i;

    for (i = 0; i < e->echoes->nelts; i++) {
        free(APR_ARRAY_IDX(e->echoes, i, echo_t).record);
    }
    apr_array_clear(e->echoes);
}

/* --- routing */

/* When the service says it happened, by our clock, as listings are asked for (nts_ask_to_clock). */
static apr_time_t happened(const nts_flow_t *flow, const nts_notice_t *notice)
{
    const nts_skew_t *skew = nts_port_skew(flow->end[notice->side].port);

    return nts_skew_is_notable(skew) ? nts_skew_earliest(skew, notice->at) : notice->at;
}

/* It is about the whole side. */
static void route_side(nts_flow_t *flow, const nts_notice_t *notice)
{
    if (begins_with(notice->kind, "data_source.") || begins_with(notice->kind, "database.")) {
        nts_contact_start(flow->contact);
        nts_events_settle(flow, notice->id);
    }
    else {
        nts_reconcile_full_soon(flow, notice->id);
    }
}

static void route(nts_events_t *e, const nts_notice_t *notice, apr_pool_t *ptemp)
{
    nts_flow_t *flow = e->flow;

    if (!notice->record) {
        route_side(flow, notice);
        return;
    }
    if (is_kind(notice, NTS_NOTICE_REFERENCES)) {
        nts_flow_notice_late(flow, notice->side, notice->record, NTS_REFERENCES_WAIT);
        return;
    }
    if (flow->given->traits[notice->side]->tells_events) {
        apr_time_t at = happened(flow, notice);

        nts_gather_note(flow, notice, at);
        if (is_unmapped(flow, notice, ptemp)) {
            /* Nor is its minute listed once more (S3.10): what is mapped and was edited then has an event of its own. */
            nts_events_settle(flow, notice->id);
            return;
        }
        nts_reconcile_note_edit(flow, at);
        if (is_echo(flow, notice, ptemp)) {
            keep_echo(e, notice);
            return;
        }
        nts_gather_join(flow, notice, at);
        return;
    }
    nts_flow_notice(flow, notice->side, notice->record, NTS_LIVE);
}

static int is_full(const nts_flow_t *flow)
{
    nts_schedule_counts_t counts = nts_schedule_count(flow->schedule);

    return counts.waiting[NTS_LIVE] + counts.waiting[NTS_BULK] + nts_gather_count(flow) >
           SCHEDULED_MAX;
}

/* One page of the inbox. Non-zero: there may be more. */
static int read_page(nts_events_t *e, apr_pool_t *ptemp)
{
    nts_flow_t *flow = e->flow;
    nts_notice_t *notices = NULL;
    int count = 0;
    int i;
    apr_status_t rv = nts_store_get_notices(&notices, &count, flow->host->store, flow->given->id,
                                            e->seen, PAGE, ptemp);

    if (rv != APR_SUCCESS) {
        nts_log(NTS_LOG_ERROR, rv, "mapping %s: cannot read the inbox; trying again in %d s",
                flow->label, (int)apr_time_sec(READ_AGAIN));
        nts_timer_set(flow->host->loop, &e->look, READ_AGAIN);
        return 0;
    }
    for (i = 0; i < count; i++) {
        e->seen = notices[i].id;
        route(e, &notices[i], ptemp);
    }
    return count == PAGE;
}

static void read_inbox(void *baton)
{
    nts_events_t *e = baton;
    nts_flow_t *flow = e->flow;
    apr_pool_t *ptemp;
    int more = 1;

    nts_timer_set(flow->host->loop, &e->look, SAFETY);
    if (!nts_flow_is_running(flow)) {
        return;
    }
    (void)apr_pool_create(&ptemp, flow->p);
    while (more) {
        if (is_full(flow)) {
            nts_timer_set(flow->host->loop, &e->look, READ_AGAIN);
            break;
        }
        apr_pool_clear(ptemp);
        more = read_page(e, ptemp);
    }
    apr_pool_destroy(ptemp);
    nts_gather_decide(flow);
    decide_echoes(e);
}

void nts_events_look(nts_flow_t *flow)
{
    if (flow->is_on) {
        nts_timer_hasten(flow->host->loop, &flow->events->look, 0);
    }
}

/* Two tables may have one name in two databases; then it is looked in vain. */
static int share_place(const nts_mapping_t *a, const nts_mapping_t *b)
{
    int i;

    for (i = 0; i < NTS_SIDE_COUNT * NTS_SIDE_COUNT; i++) {
        if (!strcmp(nts_mapping_collection(a, (nts_side_t)(i / NTS_SIDE_COUNT)),
                    nts_mapping_collection(b, (nts_side_t)(i % NTS_SIDE_COUNT)))) {
            return 1;
        }
    }
    return 0;
}

void nts_events_tell_siblings(nts_flow_t *flow)
{
    nts_host_t *host = flow->host;
    const nts_setup_t *setup = host->config->setup;
    int i;

    for (i = 0; i < flow->group->flow_count; i++) {
        nts_flow_t *other = flow->group->flows[i];

        if (other != flow && share_place(other->given, flow->given)) {
            nts_events_look(other);
        }
    }
    /* Through another connection it may be in a group of another worker. */
    for (i = 0; host->segment && i < setup->mapping_count; i++) {
        const nts_mapping_t *other = setup->mappings[i];
        int group = host->grouping->of_mapping[i];
        nts_slot_t slot;

        if (group != flow->group->number && share_place(other, flow->given)) {
            nts_slot_set(&slot, other->id, 0, NTS_NOTION, "", NTS_LIVE, 0);
            nts_segment_notify(host->segment, group, &slot, 1);
        }
    }
}

void nts_events_tell_referrers(nts_flow_t *flow)
{
    int i;
    int k;

    for (i = 0; i < flow->group->flow_count; i++) {
        nts_flow_t *other = flow->group->flows[i];

        for (k = 0; k < other->given->pair_count; k++) {
            if (other->given->pairs[k].relation) {
                nts_events_look(other);
                break;
            }
        }
    }
}

void nts_events_work_ended(nts_flow_t *flow)
{
    nts_contact_work_ended(flow->contact);
    if (flow->events->echoes->nelts > 0 && nts_flow_is_running(flow)) {
        decide_echoes(flow->events);
    }
}

/* --- life */

nts_events_t *nts_events_create(nts_flow_t *flow)
{
    nts_events_t *e = apr_pcalloc(flow->p, sizeof(*e));

    e->flow = flow;
    e->settled = apr_array_make(flow->p, 16, sizeof(apr_int64_t));
    e->settling = apr_array_make(flow->p, 16, sizeof(apr_int64_t));
    e->echoes = apr_array_make(flow->p, 16, sizeof(echo_t));
    nts_timer_init(&e->look, read_inbox, e);
    nts_timer_init(&e->settle, settle_now, e);
    nts_unit_init(&e->settle_unit, store_settled, have_settled, e);
    nts_outside_init(e);
    return e;
}

void nts_events_start(nts_flow_t *flow)
{
    nts_events_t *e = flow->events;

    e->seen = 0;
    forget_echoes(e);
    nts_gather_forget(flow);
    nts_timer_set(flow->host->loop, &e->look, 0);
    nts_outside_start(e);
}

void nts_events_stop(nts_flow_t *flow)
{
    nts_events_t *e = flow->events;

    nts_timer_cancel(flow->host->loop, &e->look);
    nts_timer_cancel(flow->host->loop, &e->settle);
    settle_now(e);
    forget_echoes(e);
    nts_gather_forget(flow);
    nts_outside_stop(e);
}

int nts_events_is_busy(const nts_events_t *e)
{
    return e->outside_asking;
}
