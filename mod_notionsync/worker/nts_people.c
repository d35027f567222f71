/* nts_people.c - commands about records, one record after the other. */
#include <string.h>

#include "base/nts_log.h"
#include "worker/nts_driver.h"
#include "worker/nts_flow.h"
#include "worker/nts_people_impl.h"

/* A record that another job has in hand, or that is never left alone, or a service that has no time: so long, and each time longer by so much
 * where nothing is said of when. */
#define AGAIN apr_time_from_msec(500)
#define LONGER_MAX 8
#define WAIT_MAX apr_time_from_sec(60)
#define TRIES_MAX 60
#define REFUSALS_MAX 200 /* that are told one by one; all are counted */

static void run_next(void *baton);

/* --- what came of it */

static void add_refusals(nts_json_t *object, const nts_people_t *people)
{
    nts_json_t *list = nts_json_add_array(object, "refused");
    int i;

    for (i = 0; i < people->refusal_count && i < REFUSALS_MAX; i++) {
        const nts_refusal_t *refusal = &people->refusals[i];
        nts_json_t *item = nts_json_add_object(list, NULL);

        nts_json_add_string(item, "record", refusal->record);
        if (refusal->entry) {
            nts_json_add_int(item, "entry", refusal->entry);
        }
        nts_json_add_string(item, "why", refusal->why);
    }
    nts_json_add_int(object, "refused_count", people->refusal_count);
}

static const char *tally(const nts_people_t *people)
{
    return apr_psprintf(
        people->p, "%" APR_INT64_T_FMT " done, %" APR_INT64_T_FMT " had nothing to do, %d refused",
        people->done_count, people->idle_count, people->refusal_count);
}

apr_status_t nts_people_store(nts_people_t *people)
{
    nts_json_t *progress = nts_json_make_object(people->p);
    apr_status_t rv;

    nts_json_add_string(progress, "text", tally(people));
    nts_json_add_int(progress, "place", people->place);
    nts_json_add_int(progress, "top", people->top);
    nts_json_add_int(progress, "done", people->done_count);
    nts_json_add_int(progress, "nothing", people->idle_count);
    add_refusals(progress, people);
    people->command->progress = nts_json_text(progress, people->p);
    rv = nts_store_update_command(people->flow->host->store, people->command);
    if (rv != APR_SUCCESS) {
        nts_log(NTS_LOG_ERROR, rv, "mapping %s: command %" APR_INT64_T_FMT " could not be updated",
                people->flow->label, people->command->id);
    }
    return rv;
}

void nts_people_end(nts_people_t *people, int ok, const char *text)
{
    nts_json_t *result = nts_json_make_object(people->p);

    nts_json_add_bool(result, "ok", ok);
    nts_json_add_string(result, "text", text);
    nts_json_add_int(result, "done", people->done_count);
    nts_json_add_int(result, "nothing", people->idle_count);
    nts_json_add_bool(result, "bulk", !people->is_single && people->place);
    add_refusals(result, people);
    people->p = NULL;
    people->done(people->baton, ok, result);
}

static void end_all(nts_people_t *people)
{
    const nts_refusal_t *only = people->refusals;

    if (people->done_count + people->idle_count + people->refusal_count == 1 && people->is_single) {
        nts_people_end(people, !people->refusal_count,
                       people->refusal_count ? only->why
                       : people->done_count  ? people->word
                                             : people->idle_word);
        return;
    }
    nts_people_end(people, !people->refusal_count, tally(people));
}

static void refuse_item(nts_people_t *people, const char *why)
{
    const nts_item_t *item = &people->items[people->item_at];
    nts_refusal_t *refusal;

    if (people->refusal_count < REFUSALS_MAX) {
        refusal = &people->refusals[people->refusal_count];
        refusal->record = apr_pstrdup(people->p, item->record);
        refusal->entry = item->entry ? item->entry->id : 0;
        refusal->why = apr_pstrdup(people->p, why);
    }
    people->refusal_count++;
}

/* --- one record */

static void go_on(nts_people_t *people, apr_interval_time_t wait)
{
    nts_timer_set(people->flow->host->loop, &people->again, wait);
}

/* On to the next. What was stored before a death is not done again; what was not shows that it is done. */
static void item_done(nts_people_t *people)
{
    people->place = people->items[people->item_at++].place;
    people->tries = 0;
    (void)nts_people_store(people);
    go_on(people, 0);
}

/* The decision about this record was carried out, or is gone. */
static int is_ruled(nts_people_t *people, const nts_item_t *item)
{
    nts_ruling_t *rulings;
    int count, i;

    if (!item->ruling ||
        nts_store_get_rulings(&rulings, &count, people->flow->host->store, people->flow->given->id,
                              people->command->id, item->ruling - 1, NTS_PEOPLE_BATCH,
                              people->batch) != APR_SUCCESS) {
        return 0;
    }
    for (i = 0; i < count; i++) {
        if (rulings[i].link == item->link) {
            return 0;
        }
    }
    return 1;
}

static void judge(nts_people_t *people, const nts_ended_t *ended)
{
    const nts_item_t *item = &people->items[people->item_at];
    const nts_outcome_t *outcome = ended->outcome;
    int written = ended->writes[NTS_NOTION] + ended->writes[NTS_EXTERNAL];

    if (ended->refused->code && strcmp(ended->refused->code, NTS_UNDO_NOTHING) == 0) {
        people->idle_count++;
    }
    else if (ended->refused->remedy != NTS_REMEDY_NONE) {
        refuse_item(people, nts_outcome_text(ended->refused, people->batch));
    }
    else if (ended->step == NTS_STEP_DONE && outcome->remedy == NTS_REMEDY_NONE) {
        *(written || item->ruling ? &people->done_count : &people->idle_count) += 1;
    }
    else if (is_ruled(people, item)) {
        people->done_count++; /* something else of the record is still to be decided */
    }
    else {
        refuse_item(people, nts_outcome_text(outcome, people->batch));
    }
}

static apr_interval_time_t until_again(const nts_people_t *people, const nts_ended_t *ended)
{
    if (ended->failed != APR_SUCCESS) {
        return AGAIN;
    }
    if (ended->until) {
        return AGAIN + nts_host_until(people->flow->host, ended->until, WAIT_MAX);
    }
    return AGAIN * (people->tries < LONGER_MAX ? people->tries : LONGER_MAX);
}

static void item_ended(void *baton, const nts_ended_t *ended)
{
    nts_people_t *people = baton;
    nts_flow_t *flow = people->flow;
    const nts_item_t *item = &people->items[people->item_at];

    people->running = 0;
    if (!people->p || people->stopped) {
        return;
    }
    if (ended->failed != APR_SUCCESS || ended->step == NTS_STEP_WAIT ||
        ended->step == NTS_STEP_BLOCKED) {
        if (++people->tries < TRIES_MAX) {
            go_on(people, until_again(people, ended));
            return;
        }
        refuse_item(people, ended->failed ? "the state store failed"
                                          : nts_outcome_text(ended->outcome, people->batch));
        item_done(people);
        return;
    }
    if (ended->step == NTS_STEP_TROUBLE && ended->until) {
        nts_flow_remember(flow, item->link, ended->until);
    }
    judge(people, ended);
    item_done(people);
}

/* S6.6: an undo of this command that is in the audit already is not done again. */
static int is_undone(nts_people_t *people, const nts_item_t *item)
{
    nts_entry_t *entries;
    int count, i;

    if (!item->entry ||
        nts_store_get_entries(&entries, &count, people->flow->host->store, people->flow->given->id,
                              item->link, 0, NTS_PEOPLE_BATCH, people->batch) != APR_SUCCESS) {
        return 0;
    }
    for (i = 0; i < count && entries[i].id > people->top; i++) {
        if (entries[i].undoes == item->entry->id && entries[i].state == NTS_ENTRY_APPLIED) {
            return 1;
        }
    }
    return 0;
}

static void run_item(nts_people_t *people)
{
    const nts_item_t *item = &people->items[people->item_at];

    if (!people->tries && people->resumed && is_undone(people, item)) {
        people->done_count++;
        item_done(people);
        return;
    }
    memset(&people->starter, 0, sizeof(people->starter));
    people->starter.ended = item_ended;
    people->starter.baton = people;
    people->starter.cause =
        item->entry
            ? apr_psprintf(people->batch, "undo of %" APR_INT64_T_FMT ", command %" APR_INT64_T_FMT,
                           item->entry->id, people->command->id)
            : apr_psprintf(people->batch, "command %" APR_INT64_T_FMT, people->command->id);
    people->running = 1;
    (void)nts_driver_record(people->flow, item->link, item->entry, &people->starter);
}

static void run_next(void *baton)
{
    nts_people_t *people = baton;

    if (!people->p || people->stopped || people->running) {
        return;
    }
    if (!nts_flow_is_running(people->flow)) {
        if (++people->tries < TRIES_MAX) {
            go_on(people, apr_time_from_sec(1));
            return;
        }
        nts_people_end(
            people, 0,
            apr_pstrcat(people->p, "the mapping does not run; broken off: ", tally(people), NULL));
        return;
    }
    if (people->item_at == people->item_count) {
        apr_status_t rv;

        apr_pool_clear(people->batch);
        people->item_at = people->item_count = 0;
        rv = nts_people_fetch(people);
        if (rv != APR_SUCCESS) {
            nts_people_end(people, 0, "the state store failed");
            return;
        }
    }
    if (people->item_at == people->item_count) {
        end_all(people);
        return;
    }
    run_item(people);
}

/* --- life */

static void take_progress(nts_people_t *people)
{
    const char *text = people->command->progress;
    const nts_json_t *progress, *list;
    int i;

    if (!text || nts_json_parse(&progress, text, strlen(text), NULL, people->p) != APR_SUCCESS ||
        !nts_json_get(progress, "place")) {
        return;
    }
    people->resumed = 1;
    people->place = nts_json_get_int(progress, "place", 0);
    people->top = nts_json_get_int(progress, "top", 0);
    people->done_count = nts_json_get_int(progress, "done", 0);
    people->idle_count = nts_json_get_int(progress, "nothing", 0);
    people->refusal_count = (int)nts_json_get_int(progress, "refused_count", 0);
    list = nts_json_get(progress, "refused");
    for (i = 0; i < nts_json_count(list) && i < REFUSALS_MAX; i++) {
        const nts_json_t *item = nts_json_at(list, i);

        people->refusals[i].record = nts_json_get_string(item, "record");
        people->refusals[i].entry = nts_json_get_int(item, "entry", 0);
        people->refusals[i].why = nts_json_get_string(item, "why");
    }
}

nts_people_t *nts_people_create(nts_flow_t *flow)
{
    nts_people_t *people = apr_pcalloc(flow->p, sizeof(*people));

    people->flow = flow;
    nts_timer_init(&people->again, run_next, people);
    return people;
}

void nts_people_start(nts_people_t *people, nts_command_t *command, const nts_json_t *args,
                      nts_people_done_fn *done, void *baton, apr_pool_t *p)
{
    nts_flow_t *flow = people->flow;
    nts_timer_t again = people->again;
    const char *why = NULL;

    memset(people, 0, sizeof(*people));
    people->flow = flow;
    people->again = again;
    people->p = p;
    (void)apr_pool_create(&people->batch, p);
    people->command = command;
    people->args = args;
    people->done = done;
    people->baton = baton;
    people->refusals = apr_pcalloc(p, REFUSALS_MAX * sizeof(*people->refusals));
    take_progress(people);
    if (nts_people_prepare(people, &why) != APR_SUCCESS) {
        nts_people_end(people, 0, why ? why : "the state store failed");
        return;
    }
    go_on(people, 0);
}

void nts_people_stop(nts_people_t *people)
{
    people->stopped = 1;
    nts_timer_cancel(people->flow->host->loop, &people->again);
}
