/* nts_meeting.c - see nts_meeting.h. What is held is a job's ask and nothing else: its intent is stored, so whoever dies here has left a
 * write that did not happen. */
#include <stdlib.h>
#include <string.h>

#include "base/nts_str.h"
#include "worker/nts_flow.h"
#include "worker/nts_meeting.h"

/* The others have to be read first, which takes its time where the budget is short. */
#define HELD_LONGEST apr_time_from_sec(30)
/* The others need room to be started. */
#define HELD_MAX 24

static void let_go(nts_work_t *w)
{
    w->held = NULL;
    w->flow->held_count--;
    nts_timer_cancel(w->flow->host->loop, &w->patience);
}

static void go_alone(nts_work_t *w)
{
    const nts_ask_t *ask = w->held;

    let_go(w);
    nts_port_ask(w->flow->end[ask->side].port, ask, w->urgency, NULL, nts_work_answered, w, w->p);
}

static void be_dismissed(nts_work_t *w)
{
    nts_answer_t *answer = apr_pcalloc(w->p, sizeof(*answer));

    let_go(w);
    answer->result = NTS_RESULT_NOT_DONE;
    answer->sent_at = answer->answered_at = nts_host_wall(w->flow->host);
    nts_outcome_set(&answer->outcome, w->p, NTS_REMEDY_RETRY, "record.company",
                    "the records that it exchanges a value with are not written now");
    nts_work_answered(w, answer);
}

void nts_meeting_lose_patience(void *baton)
{
    nts_work_t *w = baton;

    if (w->is_dismissed) {
        be_dismissed(w);
    }
    else {
        go_alone(w);
    }
}

/* --- who is here */

static nts_work_t *held_with(const nts_flow_t *flow, const char *key)
{
    nts_work_t *w;

    for (w = flow->works; w; w = w->next) {
        if (w->held && !w->is_dismissed && nts_str_same(w->held->id, key)) {
            return w;
        }
    }
    return NULL;
}

static int waits_for(const nts_work_t *w, const char *key)
{
    int i;

    for (i = 0; w->held && i < w->held->company_count; i++) {
        if (nts_str_same(w->held->company[i], key)) {
            return 1;
        }
    }
    return 0;
}

static int by_key(const void *left, const void *right)
{
    const nts_work_t *const *a = left;
    const nts_work_t *const *b = right;

    return strcmp((*a)->held->id, (*b)->held->id);
}

/* In the order of their keys, so that no two transactions wait for each other's rows. */
static void go_together(nts_work_t **works, int count)
{
    nts_port_t *port = works[0]->flow->end[NTS_EXTERNAL].port;
    nts_port_asker_t askers[NTS_COMPANY_MAX];
    int i;

    qsort(works, (size_t)count, sizeof(*works), by_key);
    for (i = 0; i < count; i++) {
        askers[i] = (nts_port_asker_t){ works[i]->held, works[i], works[i]->p };
        let_go(works[i]);
        works[i]->meets = 1;
    }
    nts_port_ask_together(port, askers, count, NTS_LIVE, nts_work_answered);
}

/* --- coming and going */

static void call_others(nts_work_t *w)
{
    const nts_ask_t *ask = w->held;
    int i;

    for (i = 0; i < ask->company_count; i++) {
        const nts_work_t *other;

        for (other = w->flow->works; other; other = other->next) {
            if (other != w && waits_for(other, ask->company[i])) {
                break; /* and has called it */
            }
        }
        if (!other && !held_with(w->flow, ask->company[i])) {
            nts_flow_notice(w->flow, NTS_EXTERNAL, ask->company[i], NTS_LIVE);
        }
    }
}

void nts_meeting_join(nts_work_t *w, const nts_ask_t *ask)
{
    nts_flow_t *flow = w->flow;
    nts_work_t *works[NTS_COMPANY_MAX];
    int i, here = 1;

    w->held = ask;
    w->held_since = flow->works_made;
    flow->held_count++;
    works[0] = w;
    for (i = 0; i < ask->company_count && here < NTS_COMPANY_MAX; i++) {
        works[here] = held_with(flow, ask->company[i]);
        here += works[here] != NULL;
    }
    if (here == ask->company_count + 1) {
        go_together(works, here);
    }
    else if (flow->held_count > HELD_MAX || !nts_flow_is_running(flow)) {
        go_alone(w);
    }
    else {
        nts_timer_set(flow->host->loop, &w->patience, HELD_LONGEST);
        call_others(w);
    }
}

void nts_meeting_over(const nts_work_t *w)
{
    nts_work_t *other;

    for (other = w->flow->works; w->key && other; other = other->next) {
        if (!other->is_dismissed && other->held_since < w->number && waits_for(other, w->key)) {
            go_alone(other);
        }
    }
}

void nts_meeting_dismiss(nts_work_t *w)
{
    if (w->held && !w->is_dismissed) {
        w->is_dismissed = 1;
        nts_timer_set(w->flow->host->loop, &w->patience, 0);
    }
}

void nts_meeting_close(nts_flow_t *flow)
{
    nts_work_t *w;

    for (w = flow->works; w; w = w->next) {
        nts_meeting_dismiss(w);
    }
}

int nts_meeting_wrote(const nts_flow_t *flow, apr_int64_t link)
{
    const nts_work_t *w;

    for (w = flow->works; w; w = w->next) {
        if (w->has_met && w->link == link) {
            return 1;
        }
    }
    return 0;
}
