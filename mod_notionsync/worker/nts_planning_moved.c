/* nts_planning_moved.c - keys that were changed in a database for which a person's word is awaited.
 *
 * When the mapping goes on with it, they are followed before anything else is done (S4.4). Until then no link may know of them, for the
 * database that was there before may come back; and a plan is made until then: to it the record would be one that was deleted, and
 * another that is new (seed 96191 of the simulation). So it leaves out whatever had or has such a key.
 */
#include "base/nts_str.h"
#include "worker/nts_planning_impl.h"

static void ask_from(nts_planning_run_t *run, apr_int64_t since);

/* What the plan's mapping is to take first when it goes on. */
static void note_move(nts_planning_run_t *run, const nts_change_t *change)
{
    if (!run->moved) {
        run->moved = apr_hash_make(run->p);
    }
    apr_hash_set(run->moved, apr_pstrdup(run->p, change->old_key), APR_HASH_KEY_STRING, run);
    apr_hash_set(run->moved, apr_pstrdup(run->p, change->key), APR_HASH_KEY_STRING, run);
    if (change->number <= run->plan->counter) {
        run->plan->counter = change->number - 1;
    }
    run->plan->note = "keys were changed in this database: the records that have or had them "
                      "follow when the mapping goes on, and are not in the plan";
}

static void answered(void *baton, const nts_answer_t *answer)
{
    nts_planning_run_t *run = baton;
    apr_pool_t *asked = run->asked;
    apr_int64_t last = answer->last_change;
    int i, more = answer->change_count > 0 && answer->counter > last;

    run->asked = NULL;
    if (answer->result != NTS_RESULT_OK) {
        nts_planning_fail(run, nts_outcome_text(&answer->outcome, run->p));
    }
    for (i = 0; !run->problem && i < answer->change_count; i++) {
        if (answer->changes[i].old_key && answer->changes[i].key) {
            note_move(run, &answer->changes[i]);
        }
    }
    apr_pool_destroy(asked);
    if (run->problem) {
        nts_planning_over(run);
    }
    else if (more) {
        ask_from(run, last);
    }
    else {
        nts_planning_begin(run);
    }
}

static void ask_from(nts_planning_run_t *run, apr_int64_t since)
{
    nts_ask_t ask = { 0 };

    (void)apr_pool_create(&run->asked, run->p);
    apr_pool_tag(run->asked, "nts_planning moved");
    ask.kind = NTS_ASK_CHANGES;
    ask.side = NTS_EXTERNAL;
    ask.mapping = run->flow->mapping;
    ask.instance = run->plan->instance;
    ask.since = since;
    nts_port_ask(run->flow->end[NTS_EXTERNAL].port, &ask, NTS_BULK, NULL, answered, run,
                 run->asked);
}

int nts_planning_find_moved(nts_planning_run_t *run)
{
    const nts_mapping_status_t *status = &run->flow->status;

    if (!status->waiting_instance || !nts_str_same(status->waiting_instance, run->plan->instance) ||
        status->waiting_from >= run->plan->counter) {
        return 0;
    }
    ask_from(run, status->waiting_from);
    return 1;
}

int nts_planning_is_moved(const nts_planning_run_t *run, const char *key)
{
    return run->moved && key && apr_hash_get(run->moved, key, APR_HASH_KEY_STRING);
}
