/* Proves S7.1, the clauses of "batch or single", and what of S3.2 and S3.6 it stands on: which rows of a query settle what was told
 * of a page, and that all others cost the read that they always cost.
 */
#include <string.h>

#include "sync/nts_batch.h"
#include "sync_world.h"
#include "tap/tap.h"

#define SEC(n) apr_time_from_sec(n)
#define MS(n) apr_time_from_msec(n)
#define NOW SEC(100000)
#define WALL SEC(1790000040) /* a whole minute */
#define MANY 2000
#define BUDGET 180, SEC(60)

static apr_pool_t *p;
static nts_batch_page_t pages[MANY];
static nts_batch_minute_t minutes[4];

/* `count` pages, told of from `first` ago to `last` ago, one after the other, edited a second before. */
static nts_batch_state_t told(int count, apr_interval_time_t first, apr_interval_time_t last)
{
    nts_batch_state_t state = { 0 };
    int i;

    memset(pages, 0, sizeof(pages));
    for (i = 0; i < count; i++) {
        apr_interval_time_t ago = count > 1 ? first - (first - last) * i / (count - 1) : last;

        pages[i].first = pages[i].last = NOW - ago;
        pages[i].edited = WALL + SEC(50) - ago - SEC(1);
    }
    state.now = NOW;
    state.few = nts_batch_few(BUDGET);
    state.allowance = state.few;
    state.joined = NOW - last;
    state.minutes = minutes;
    return state;
}

static int verdicts(nts_batch_verdict_t verdict, int count)
{
    int i, n = 0;

    for (i = 0; i < count; i++) {
        n += pages[i].verdict == verdict;
    }
    return n;
}

static nts_batch_plan_t decide(const nts_batch_state_t *state, int count)
{
    nts_batch_plan_t plan;

    nts_batch_decide(&plan, state, pages, count);
    if (plan.singles != verdicts(NTS_BATCH_SINGLE, count) ||
        plan.queried != verdicts(NTS_BATCH_QUERY, count)) {
        tap_ok(0, "the plan counts its verdicts");
    }
    return plan;
}

static void test_few(void)
{
    nts_batch_state_t state = told(1, 0, 0);
    nts_batch_plan_t plan;

    tap_int(nts_batch_few(BUDGET), 10, "with Notion's budget ten pages are few");
    tap_int(nts_batch_few(1, SEC(60)), 2, "two are few with any budget");
    tap_int(nts_batch_few(100000, SEC(60)), 10, "and ten with any, too");
    tap_int(decide(&state, 1).singles, 1, "P4 one page is read itself, at once");
    state = told(10, 0, 0);
    plan = decide(&state, 10);
    tap_int(plan.singles, 10, "so are a few");
    tap_int(plan.again, 0, "and nothing waits");
    state.in_hand = 7;
    tap_int(decide(&state, 3).singles, 3, "what is in hand counts");
    tap_int(decide(&state, 4).singles, 0, "more than a few wait");
    state.in_hand = 0;
    state.allowance = 5;
    tap_int(decide(&state, 6).singles, 0, "and so does what the pace does not allow");
}

static void test_gathering(void)
{
    nts_batch_state_t state = told(12, MS(400), MS(200));
    nts_batch_plan_t plan = decide(&state, 12);

    tap_ok(!plan.singles && !plan.queried && plan.again == state.joined + SEC(1),
           "a burst is gathered until none joined for a second");
    state = told(12, MS(1400), MS(1000));
    tap_int(decide(&state, 12).singles, 10, "a small one is read singly then, few at a time");
    state.allowance = -30;
    tap_int(decide(&state, 12).singles, 0, "but not if one small burst follows the other");
    state = told(31, MS(1400), MS(1000));
    plan = decide(&state, 31);
    tap_ok(!plan.singles && !plan.queried && plan.again == pages[30].last + NTS_BATCH_RIPE,
           "a large one waits for a query, until that may settle it all");
}

static void test_query(void)
{
    nts_batch_state_t state = told(1000, MS(23500), NTS_BATCH_RIPE - 1);
    nts_batch_plan_t plan = decide(&state, 1000);

    tap_ok(!plan.queried && plan.again == NOW + 1, "S3.6 a query waits for the youngest notice");
    state = told(1000, MS(23500), NTS_BATCH_RIPE);
    plan = decide(&state, 1000);
    tap_int(plan.queried, 1000, "and then reads them all");
    tap_int(plan.requests, 10, "P5 in a hundredth of the requests");
    tap_ok(plan.since == WALL, "S7.1 from the earliest stamp, floored to its minute");
    tap_int(plan.again, 0, "nothing else is left");
    state.querying = 1;
    tap_int(decide(&state, 1000).queried, 0, "one query at a time");
    state.querying = 0;
    state.minutes = minutes;
    minutes[0].minute = WALL - SEC(60);
    minutes[1].minute = WALL;
    minutes[0].pages = 90000;
    minutes[1].pages = 2400;
    state.minute_count = 2;
    plan = decide(&state, 1000);
    tap_int(plan.requests, 24, "pages that others edited in that minute are read along");
    minutes[1].pages = 3000;
    state = told(30, SEC(30), SEC(25));
    state.minutes = minutes;
    state.minute_count = 2;
    state.allowance = -30;
    plan = decide(&state, 30);
    tap_ok(!plan.queried && plan.singles == 10,
           "S7.1 a query that needs as many requests is not sent: single reads, few at a time");
    state.in_hand = 10;
    plan = decide(&state, 30);
    tap_ok(!plan.queried && !plan.singles && plan.again > NOW, "as these are answered");
}

static void test_long(void)
{
    nts_batch_state_t state = told(600, NTS_BATCH_LONGEST - 1, 0);
    nts_batch_plan_t plan = decide(&state, 600);

    tap_ok(!plan.queried && plan.again == NOW + 1, "a burst that goes on is gathered for 37 s");
    state = told(600, NTS_BATCH_LONGEST, 0);
    plan = decide(&state, 600);
    tap_ok(plan.queried > 240 && plan.queried < 260 && plan.requests == 3,
           "then what is old enough is read (%d in %d)", plan.queried, plan.requests);
    tap_int(verdicts(NTS_BATCH_WAIT, 600), 600 - plan.queried, "and the rest goes on waiting");
    pages[0].last = pages[1].last = NOW - SEC(3);
    plan = decide(&state, 600);
    tap_ok(pages[0].verdict == NTS_BATCH_SINGLE && pages[1].verdict == NTS_BATCH_WAIT,
           "who is told of again and again is read singly after 37 s");
    state = told(3, SEC(50), SEC(45));
    state.allowance = 0;
    state.joined = NOW;
    tap_int(decide(&state, 3).singles, 3, "few that are old enough are not worth a query");
}

static void test_pace(void)
{
    nts_pace_t pace;

    nts_pace_init(&pace, 10, NOW);
    tap_int(nts_pace_left(&pace, 10, BUDGET, NOW), 10, "a few single reads may begin at once");
    nts_pace_spend(&pace, 10, 10);
    tap_int(nts_pace_left(&pace, 10, BUDGET, NOW), 0, "then no more");
    tap_int(nts_pace_left(&pace, 10, BUDGET, NOW + SEC(4)), 6, "but for half of the budget");
    tap_int(nts_pace_left(&pace, 10, BUDGET, NOW + SEC(600)), 10, "unused it is lost");
    nts_pace_spend(&pace, 10, 100);
    tap_int(nts_pace_left(&pace, 10, BUDGET, NOW + SEC(600)), -30, "debts have an end");
    tap_int(nts_pace_left(&pace, 10, BUDGET, NOW), -30, "and time that goes back gives nothing");
}

/* ---- what a row of a query settles */

static const char **ids(int n)
{
    const char **list = apr_palloc(p, (apr_size_t)n * sizeof(*list));
    int i;

    for (i = 0; i < n; i++) {
        list[i] = apr_psprintf(p, "p%d", i);
    }
    return list;
}

static world_t *edited(int n, int others, apr_interval_time_t ago)
{
    world_t *w = world_linked_many(n + others, p);
    int i;

    w->page_size = 10;
    w->wanted = ids(n);
    w->wanted_count = n;
    w->since = w->now - w->now % SEC(60);
    for (i = 0; i < n + others; i++) {
        world_edit(w, NTS_NOTION, apr_psprintf(p, "p%d", i), NAME,
                   world_text(apr_psprintf(p, "new %d", i)));
    }
    world_wait(w, ago);
    return w;
}

static void test_rows(void)
{
    world_t *w = edited(30, 0, SEC(21));
    const nts_scan_report_t *report = world_scan(w, NTS_SCAN_BATCH);

    tap_int(w->requests, 3, "S7.1 thirty pages, three requests");
    tap_int(report->found, 30, "all of them shown");
    tap_int(w->writes[NTS_EXTERNAL], 30, "S3.2 and their rows written");
    tap_int(world_unsettled(w), 0, "S3.6 and their notices settled");
    w = edited(30, 0, SEC(19));
    (void)world_scan(w, NTS_SCAN_BATCH);
    tap_int(w->requests, 33, "S3.6 sooner than 21 s after the notice each page is read itself");
    tap_int(world_unsettled(w), 0, "and all is settled just the same");
}

static void test_end_of_reading(void)
{
    world_t *w = edited(20, 40, SEC(30));

    (void)world_scan(w, NTS_SCAN_BATCH);
    tap_int(w->requests, 2, "S7.1 reading stops when all were seen");
    tap_int(world_unsettled(w), 40, "who was not asked for is left alone");
    w = edited(20, 0, SEC(30));
    world_page(w, "p3")->trashed = 1;
    world_page(w, "p4")->edited = w->since - SEC(120);
    (void)world_scan(w, NTS_SCAN_BATCH);
    tap_int(w->spawned, 20, "all of them are handed on");
    tap_int(w->requests, 4, "S7.1 pages that are not returned are read singly");
    tap_int(world_unsettled(w), 0, "and settled");
    tap_ok(!world_row(w, world_link(w, NTS_NOTION, "p4")->key)->trashed &&
               world_differences(w) == 0,
           "both as they should be");
}

static void test_doubts(void)
{
    world_t *w = edited(4, 0, SEC(30));
    nts_link_t *link = world_link(w, NTS_NOTION, "p0");

    (void)world_run(w, NTS_NOTION, "p0");
    world_edit(w, NTS_EXTERNAL, world_link(w, NTS_NOTION, "p1")->key, STAGE, world_text("Won"));
    world_notice(w, NTS_NOTION, "p2");
    w->requests = 0;
    (void)world_scan(w, NTS_SCAN_BATCH);
    tap_int(w->requests, 4,
            "a query; nothing of who was read meanwhile; S3.1 two for whose row was edited; one "
            "for whom there is news of");
    tap_int(world_unsettled(w), 0, "settled all");
    tap_int(world_differences(w), 0, "and equal");
    w = edited(2, 0, SEC(30));
    link = world_link(w, NTS_NOTION, "p0");
    link->touched = w->now - SEC(20);
    (void)world_scan(w, NTS_SCAN_BATCH);
    tap_int(w->requests, 2, "S3.2 one for what we did to the record a moment ago");
    w = edited(2, 0, SEC(30));
    world_wait(w, -(w->now % SEC(60)) + SEC(60) + SEC(40));
    (void)world_add(w, NTS_NOTION, "px", "new");
    world_wait(w, SEC(30));
    w->wanted = apr_pmemdup(p, (const char *[]){ "px" }, sizeof(*w->wanted));
    w->wanted_count = 1;
    w->requests = 0;
    (void)world_scan(w, NTS_SCAN_BATCH);
    tap_int(w->requests, 2,
            "S3.2 a page that we never saw is read itself while its minute is young");
}

/* Stale rows: nothing is put back to what it was before we looked. */
static void test_stale(void)
{
    world_t *w = world_linked_many(1, p);
    nts_link_t *link = world_link(w, NTS_NOTION, "p0");
    nts_record_t stale = { 0 };
    nts_value_t values[PAIRS];
    nts_spawn_t spawn = { 0 };
    int i;

    for (i = 0; i < PAIRS; i++) {
        values[i] = world_page(w, "p0")->values[i];
    }
    stale.id = "p0";
    stale.values = values;
    stale.standing = NTS_STANDING_INSIDE;
    stale.edited = world_page(w, "p0")->edited;
    world_edit(w, NTS_NOTION, "p0", NAME, world_text("later"));
    (void)world_settle(w);
    world_notice(w, NTS_NOTION, "p0");
    world_wait(w, SEC(19));
    spawn.target.page = "p0";
    spawn.candidate = &stale;
    spawn.candidate_sent = w->now;
    (void)world_run_spawn(w, &spawn, NULL, 1);
    tap_str(world_row(w, link->key)->values[NAME].as.text, "later",
            "S3.2 a row that is 19 s behind does not bring back what was");
}

static spoil_t busy_once(world_t *w, const nts_call_t *call)
{
    return call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_LIST && w->hook_count++ == 1
               ? SPOIL_NOT_DONE
               : SPOIL_NOTHING;
}

static void test_retries(void)
{
    world_t *w = edited(20, 0, SEC(30));
    nts_scan_config_t config = { 0 };
    nts_scan_t *scan;

    w->hook = busy_once;
    (void)world_scan(w, NTS_SCAN_BATCH);
    tap_int(w->last, NTS_STEP_WAIT, "a busy service makes it wait");
    tap_int(w->writes[NTS_EXTERNAL], 10, "with what it has seen so far done");
    config.kind = NTS_SCAN_BATCH;
    config.mapping = &w->mapping;
    config.since = SEC(6000);
    config.wanted = w->wanted;
    config.wanted_count = w->wanted_count;
    scan = nts_scan_create(&config, p);
    (void)nts_scan_step(scan, NULL, w->now);
    tap_ok(nts_scan_call(scan)->ask.listing.edited_since == SEC(6000), "from that minute on");
    (void)nts_scan_step(scan, NULL, w->now);
    tap_ok(nts_scan_call(scan)->ask.listing.edited_since == SEC(6000),
           "S7.1 a retry does not widen the window");
    tap_ok(!nts_scan_has_spawned(scan, "p0"), "whose pages nobody has seen");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_few();
    test_gathering();
    test_query();
    test_long();
    test_pace();
    test_rows();
    test_end_of_reading();
    test_doubts();
    test_stale();
    test_retries();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
