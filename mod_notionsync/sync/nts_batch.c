/* nts_batch.c - batch or single: the decision of S7.1. */
#include "sync/nts_batch.h"

#define MINUTE apr_time_from_sec(60)
/* An event may be stamped a moment later than the edit it is about. */
#define STAMP_SLACK apr_time_from_sec(5)
#define FEW_MIN 2
#define FEW_MAX 10
/* Of these few that can begin at once; what a small burst may be. */
#define SMALL_BURST 3

int nts_batch_few(int requests, apr_interval_time_t window)
{
    /* a third of what the budget gives in ten seconds */
    apr_int64_t few = window > 0 ? apr_time_from_sec(10) * requests / window / 3 : FEW_MAX;

    return few < FEW_MIN ? FEW_MIN : few > FEW_MAX ? FEW_MAX : (int)few;
}

/* ---- the pace of single reads */

void nts_pace_init(nts_pace_t *pace, int few, apr_time_t now)
{
    pace->left = few;
    pace->at = now;
}

int nts_pace_left(nts_pace_t *pace, int few, int requests, apr_interval_time_t window,
                  apr_time_t now)
{
    int left;

    if (now > pace->at && window > 0) {
        pace->left += (double)(now - pace->at) * requests / (double)window / 2;
        pace->at = now;
    }
    if (pace->left > few) {
        pace->left = few;
    }
    left = (int)pace->left;
    return pace->left < left ? left - 1 : left;
}

void nts_pace_spend(nts_pace_t *pace, int few, int reads)
{
    pace->left -= reads;
    if (pace->left < -SMALL_BURST * few) {
        pace->left = -SMALL_BURST * few;
    }
}

/* ---- the decision */

static int is_ripe(const nts_batch_page_t *page, apr_time_t now)
{
    return page->last + NTS_BATCH_RIPE <= now;
}

/* The longest waiting first: as many as fit beside those that are in hand. */
static void read_singly(nts_batch_plan_t *plan, const nts_batch_state_t *state,
                        nts_batch_page_t *pages, int count, int only_ripe)
{
    int room = state->few - state->in_hand;
    int i;

    for (i = 0; i < count && plan->singles < room; i++) {
        if (pages[i].verdict == NTS_BATCH_WAIT && (!only_ripe || is_ripe(&pages[i], state->now))) {
            pages[i].verdict = NTS_BATCH_SINGLE;
            plan->singles++;
        }
    }
}

/* Requests of a query that shows all ripe pages: rows come in the order of their edits, and it stops at the last of these. */
static void estimate(nts_batch_plan_t *plan, const nts_batch_state_t *state,
                     const nts_batch_page_t *pages, int count)
{
    apr_time_t first = 0, last = 0;
    int ripe = 0, rows = 0;
    int i;

    for (i = 0; i < count; i++) {
        if (is_ripe(&pages[i], state->now)) {
            first = !ripe || pages[i].edited < first ? pages[i].edited : first;
            last = pages[i].edited > last ? pages[i].edited : last;
            ripe++;
        }
    }
    first -= STAMP_SLACK;
    plan->since = first - first % MINUTE;
    for (i = 0; i < state->minute_count; i++) {
        if (state->minutes[i].minute >= plan->since && state->minutes[i].minute <= last) {
            rows += state->minutes[i].pages;
        }
    }
    plan->queried = ripe;
    plan->requests = ((rows > ripe ? rows : ripe) + NTS_BATCH_ROWS - 1) / NTS_BATCH_ROWS;
}

/* All that is ripe is read now, one way or the other. */
static void read_ripe(nts_batch_plan_t *plan, const nts_batch_state_t *state,
                      nts_batch_page_t *pages, int count)
{
    int i;

    estimate(plan, state, pages, count);
    if (plan->queried <= state->few || plan->requests >= plan->queried) {
        plan->queried = plan->requests = 0;
        read_singly(plan, state, pages, count, 1);
        return;
    }
    for (i = 0; i < count; i++) {
        if (is_ripe(&pages[i], state->now)) {
            pages[i].verdict = NTS_BATCH_QUERY;
        }
    }
}

/* Who has waited long enough, and is told of again and again. */
static void read_unripe(nts_batch_plan_t *plan, const nts_batch_state_t *state,
                        nts_batch_page_t *pages, int count)
{
    int room = state->few - state->in_hand;
    int i;

    for (i = 0; i < count && plan->singles < room; i++) {
        if (pages[i].verdict == NTS_BATCH_WAIT && !is_ripe(&pages[i], state->now) &&
            pages[i].first + NTS_BATCH_LONGEST <= state->now) {
            pages[i].verdict = NTS_BATCH_SINGLE;
            plan->singles++;
        }
    }
}

static void earlier(apr_time_t *at, apr_time_t now, apr_time_t then)
{
    if (then > now && (!*at || then < *at)) {
        *at = then;
    }
}

/* When the next decision may be another one. The end of a single read or of a query is told anyway. */
static apr_time_t next_look(const nts_batch_state_t *state, const nts_batch_page_t *pages,
                            int count)
{
    apr_time_t ripe = 0, again = 0;
    int waiting = 0;
    int i;

    for (i = 0; i < count; i++) {
        if (pages[i].verdict == NTS_BATCH_WAIT) {
            waiting = 1;
            ripe = pages[i].last > ripe ? pages[i].last : ripe;
            earlier(&again, state->now, pages[i].first + NTS_BATCH_LONGEST);
        }
    }
    if (waiting) {
        earlier(&again, state->now, state->joined + NTS_BATCH_LULL);
        earlier(&again, state->now, ripe + NTS_BATCH_RIPE);
        if (!again) {
            again = state->now + NTS_BATCH_LULL; /* it waits for what is in hand */
        }
    }
    return again;
}

void nts_batch_decide(nts_batch_plan_t *plan, const nts_batch_state_t *state,
                      nts_batch_page_t *pages, int count)
{
    int few = state->few, ripe = 0, overdue = 0;
    int is_few = count <= few - state->in_hand && count <= state->allowance;
    int is_small_burst = count <= SMALL_BURST * few && state->allowance > -SMALL_BURST * few &&
                         state->joined + NTS_BATCH_LULL <= state->now;
    int i;

    *plan = (nts_batch_plan_t){ 0 };
    for (i = 0; i < count; i++) {
        pages[i].verdict = NTS_BATCH_WAIT;
        ripe += is_ripe(&pages[i], state->now);
        overdue |= pages[i].first + NTS_BATCH_LONGEST <= state->now;
    }
    if (is_few || is_small_burst) {
        read_singly(plan, state, pages, count, 0);
    }
    else if (count > 0 && (ripe == count || overdue) && !state->querying) {
        if (ripe) {
            read_ripe(plan, state, pages, count);
        }
        read_unripe(plan, state, pages, count);
    }
    plan->again = next_look(state, pages, count);
}
