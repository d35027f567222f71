/* nts_contact_judge.c - are the state store and the external database those that they were? */
#include <string.h>

#include "base/nts_log.h"
#include "base/nts_str.h"
#include "worker/nts_contact_impl.h"
#include "worker/nts_driver.h"
#include "worker/nts_flow.h"

/* Another mark, at the next contact after that. */
#define MARK_AGAIN apr_time_from_sec(3600)
/* The database was busy. */
#define MARK_RETRY apr_time_from_sec(5)

/* It is bound, so that a plan can be made, but nothing is done until a person has acted. */
static void wait_for_person(nts_contact_t *c, const char *code, const char *what,
                            const char *advice)
{
    nts_outcome_set(&c->wait, c->p, NTS_REMEDY_PERSON, code, "%s", what);
    c->wait.advice = advice;
}

/* --- the state store */

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

    if (!status.doubt && found && !nts_str_same(found, status.mark) &&
        !nts_str_same(found, status.mark_next)) {
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
int nts_contact_mark_begin(nts_contact_t *c)
{
    nts_flow_t *flow = c->flow;
    nts_host_t *host = flow->host;
    nts_mapping_status_t status = flow->status;
    apr_time_t now = nts_host_mono(host);

    if (!flow->given->traits[NTS_EXTERNAL]->tells_changes || status.doubt || flow->group->lost ||
        (c->marked && now - c->marked < MARK_AGAIN)) {
        return 0;
    }
    c->marked = now;
    if (!status.mark_next) {
        status.mark_next = nts_random_uuid(host->random, c->p);
        nts_flow_set_status(flow, &status);
    }
    if (nts_store_put_status(host->store, flow->group->name, flow->group->epoch, flow->given->id,
                             &flow->status) != APR_SUCCESS) {
        return 0;
    }
    nts_contact_ask(c, NTS_EXTERNAL, NTS_ASK_MARK);
    return 1;
}

void nts_contact_marked(nts_contact_t *c, const nts_answer_t *answer)
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
    nts_contact_reached(c);
    if (!c->marked && !c->stopped && !c->p) {
        nts_timer_set(c->flow->host->loop, &c->probe, MARK_RETRY);
    }
}

/* --- the external database */

/* That its counter passes ours again while it waits makes it no other than the one that was set back; nor does a worker
 * that takes over meanwhile. Another one in its place has numbers of its own. What was done in a copy before it was seen is taken,
 * too (seed 456713 of the simulation: a row got the key of one that was lost). */
static void note_waiting(nts_contact_t *c, const nts_answer_t *seen)
{
    nts_mapping_status_t status = c->flow->status;
    const char *instance = seen->instance;
    apr_int64_t counter = seen->counter;
    int is_known = instance && nts_str_same(status.waiting_instance, instance);
    int is_same = instance && nts_str_same(status.instance, instance);
    int is_wrong;

    if (instance && nts_str_same(status.seen_instance, instance) && status.seen_from < counter) {
        counter = status.seen_from;
    }
    status.seen_instance = NULL;
    is_wrong =
        status.instance && instance && (seen->is_rewritten || !is_same || counter < status.counter);
    if (is_same && seen->shared_to < counter) {
        counter = seen->shared_to;
    }
    if (is_wrong && (!is_known || counter < status.waiting_from)) {
        status.waiting_instance = instance;
        status.waiting_from = counter;
        /* A copy is told by it once; while another one is there it stays, for ours may come back set back (seed 55892). */
        status.witness_at = is_same ? 0 : status.witness_at;
    }
    else if (!is_known) {
        status.waiting_instance = NULL;
    }
    if (c->flow->status.seen_instance ||
        !nts_str_same(status.waiting_instance, c->flow->status.waiting_instance) ||
        status.waiting_from != c->flow->status.waiting_from) {
        nts_flow_set_status(c->flow, &status);
    }
}

/* What it knows already of a database that shows that number is as much. */
static int is_known_to(const nts_mapping_status_t *status, const char *instance,
                       apr_int64_t counter)
{
    if (status->seen_instance) {
        return nts_str_same(status->seen_instance, instance) && status->seen_from <= counter;
    }
    return status->waiting_instance
               ? nts_str_same(status->waiting_instance, instance) && status->waiting_from <= counter
               : nts_str_same(status->instance, instance) && status->counter <= counter;
}

/* Who waits for a person, or is paused, does not look. What another mapping of the database sees there counts for it when it looks again:
 * it takes what is done from then on, above all what that one does (seeds 404034 and 452781 of the simulation: a row that it made under a
 * key was taken for the record that had had the key, edited), also if another worker looks then (44498). What it is seen to wait for
 * stays what a person was told (S2.9). */
static void note_for_others(const nts_contact_t *c, const char *instance, apr_int64_t counter)
{
    const nts_flow_t *flow = c->flow;
    int i;

    for (i = 0; i < flow->group->flow_count; i++) {
        nts_flow_t *other = flow->group->flows[i];
        nts_mapping_status_t its = other->status;

        if (other == flow || (!its.waiting_instance && its.state != NTS_MAPPING_PAUSED) ||
            other->end[NTS_EXTERNAL].port != flow->end[NTS_EXTERNAL].port ||
            is_known_to(&its, instance, counter)) {
            continue;
        }
        its.seen_instance = instance;
        its.seen_from = counter;
        nts_flow_set_status(other, &its);
    }
}

void nts_contact_set_back(nts_contact_t *c, const nts_answer_t *seen)
{
    nts_flow_t *flow = c->flow;
    nts_answer_t copy = *seen;

    copy.is_rewritten = 1; /* by whichever sign */
    copy.instance = flow->status.instance;
    note_waiting(c, &copy);
    if (flow->status.waiting_instance) {
        /* S4.1: both sides are looked at before a person is asked, which may take a while (seed 401699 of the simulation: a row
         * that the copy held under another key by then was written again). */
        c->is_doubtful = 1;
        nts_driver_quieten(flow);
    }
    nts_contact_start(c);
}

void nts_contact_judge(nts_contact_t *c, const nts_answer_t *seen)
{
    const nts_schema_t *schema = seen->schema;
    nts_flow_t *flow = c->flow;
    nts_mapping_status_t *status = &flow->status;
    int accepted, is_same;
    const char *advice = apr_psprintf(c->p,
                                      "notionsyncctl plan %s shows what would follow, and "
                                      "applying that plan goes on with this one; to accept it "
                                      "unseen: notionsyncctl resume %s",
                                      flow->label, flow->label);

    is_same = status->instance && nts_str_same(status->instance, schema->instance);
    note_waiting(c, seen);
    note_for_others(c, schema->instance, schema->counter);
    accepted = c->accepted && nts_str_same(c->accepted, status->waiting_instance) &&
               status->waiting_from >= c->accepted_from;
    c->accepted = NULL;
    if (is_same && !status->waiting_instance) {
        judge_state(
            c, schema->mark); /* and what the triggers told of since then is still to be taken */
        return;
    }
    if (!status->instance || accepted || !status->matched) {
        if (!accepted) {
            judge_state(c, schema->mark);
        }
        /* Keys that were changed since it was seen are still to be followed, and rows that another mapping made under the keys of
         * those that are gone are new (S4.4). */
        status->counter = status->waiting_instance ? status->waiting_from : schema->counter;
        status->full_done = 0;
        status->mark = schema->mark;
        status->witness_at = is_same ? status->witness_at : 0; /* it was another one's */
        status->waiting_instance = NULL;
        nts_flow_set_instance(flow, schema->instance);
        return;
    }
    if (!is_same) {
        wait_for_person(c, "external.other_instance",
                        apr_psprintf(c->p,
                                     "the database is another one: found instance %s, "
                                     "expected %s",
                                     schema->instance, status->instance),
                        advice);
    }
    else if (status->waiting_from >= status->counter) {
        wait_for_person(c, "external.restored",
                        apr_psprintf(c->p,
                                     "the database was restored from an older copy and changed "
                                     "since: its change number %" APR_INT64_T_FMT
                                     " is not the one that had been taken",
                                     status->witness),
                        advice);
    }
    else {
        wait_for_person(
            c, "external.restored",
            apr_psprintf(c->p,
                         "the database was restored from an older copy: it holds the changes up "
                         "to number %" APR_INT64_T_FMT ", and %" APR_INT64_T_FMT " had been taken",
                         status->waiting_from, status->counter),
            advice);
    }
}
