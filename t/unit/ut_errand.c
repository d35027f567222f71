/* ut_errand.c - whoever handed a record on hears of its end, whoever else asked for the same record meanwhile. */
#include <stdlib.h>
#include <string.h>

#include "tap/tap.h"
#include "worker/nts_flow.h"
#include "worker/nts_work.h"

static apr_pool_t *pool;

/* A scan that waits for the end of what it handed on. */
typedef struct scan_t {
    nts_starter_t starter;
    int told;
    apr_int64_t writes;
} scan_t;

static void job_ended(void *baton, const nts_ended_t *ended)
{
    scan_t *scan = baton;

    scan->told++;
    scan->writes += ended->writes[NTS_NOTION] + ended->writes[NTS_EXTERNAL];
}

static void begin(scan_t *scan)
{
    memset(scan, 0, sizeof(*scan));
    scan->starter.job_ended = job_ended;
    scan->starter.baton = scan;
}

static nts_errand_t *hand_on(nts_flow_t *flow, scan_t *scan, int only_told)
{
    nts_spawn_t spawn = { 0 };

    spawn.target.page = "p";
    spawn.only_told = only_told;
    scan->starter.jobs++;
    return nts_errand_make(flow, &spawn, &scan->starter);
}

/* Another scan hands the record on while its job runs; then the job has to wait for Notion. */
static void a_record_that_was_handed_on_again_while_it_ran(void)
{
    nts_schedule_t *schedule = nts_schedule_create(0, pool);
    nts_flow_t flow = { 0 };
    nts_errand_t *older, *newer;
    nts_task_t *task;
    scan_t query, run;

    flow.p = pool;
    begin(&query);
    begin(&run);
    older = hand_on(&flow, &query, 1);
    task = nts_schedule_add(schedule, nts_errand_key(older), NTS_BULK, 0);
    tap_ok(nts_schedule_pop(schedule, NTS_BULK, 0) == task, "the job runs");
    newer = hand_on(&flow, &run, 0);
    tap_ok(nts_schedule_add(schedule, nts_errand_key(newer), NTS_BULK, 0) == task, "the same task");
    nts_task_set_data(task, newer);

    nts_errand_return(task, older);
    tap_ok(nts_task_data(task) == older, "one job does for both");
    tap_ok(!older->spawn.only_told, "and all that either wants");
    tap_int(query.starter.jobs, 1, "the first scan waits for it");
    tap_int(query.told, 0, "and is not told yet");
    tap_int(run.starter.jobs, 0, "the second does not, and so can end");
    tap_int(run.told, 1, "of which it is told");
    tap_int(run.writes, 0, "nothing was written for it");
    apr_pool_destroy(older->p);
}

/* The same scan saw the record twice. */
static void a_record_that_one_scan_handed_on_twice(void)
{
    nts_schedule_t *schedule = nts_schedule_create(0, pool);
    nts_flow_t flow = { 0 };
    nts_errand_t *older;
    nts_task_t *task;
    scan_t run;

    flow.p = pool;
    begin(&run);
    older = hand_on(&flow, &run, 0);
    task = nts_schedule_add(schedule, nts_errand_key(older), NTS_BULK, 0);
    (void)nts_schedule_pop(schedule, NTS_BULK, 0);
    nts_task_set_data(task, hand_on(&flow, &run, 0));
    nts_errand_return(task, older);
    tap_int(run.starter.jobs, 1, "is one job");
    apr_pool_destroy(older->p);
}

static void a_record_that_nobody_else_wants(void)
{
    nts_schedule_t *schedule = nts_schedule_create(0, pool);
    nts_flow_t flow = { 0 };
    nts_errand_t *errand;
    nts_task_t *task;
    scan_t run;

    flow.p = pool;
    begin(&run);
    errand = hand_on(&flow, &run, 0);
    task = nts_schedule_add(schedule, nts_errand_key(errand), NTS_BULK, 0);
    (void)nts_schedule_pop(schedule, NTS_BULK, 0);
    nts_errand_return(task, errand);
    tap_ok(nts_task_data(task) == errand, "comes back as it was");
    tap_int(run.starter.jobs, 1, "and is waited for");
    tap_int(run.told, 0, "in silence");
    apr_pool_destroy(errand->p);
}

/* A run that a plan does not wait for: one record waits for its turn, a job has the other, and has to wait for Notion. */
static void a_run_that_is_given_up(void)
{
    nts_errand_t *waiting, *under_way, *other;
    nts_flow_t flow = { 0 };
    nts_task_t *task, *busy, *of_query;
    scan_t run, query;

    flow.p = pool;
    flow.schedule = nts_schedule_create(0, pool);
    begin(&run);
    begin(&query);
    under_way = hand_on(&flow, &run, 0);
    busy = nts_schedule_add(flow.schedule, "n:busy", NTS_BULK, 0);
    (void)nts_schedule_pop(flow.schedule, NTS_BULK, 0);
    waiting = hand_on(&flow, &run, 0);
    task = nts_schedule_add(flow.schedule, "n:waiting", NTS_BULK, 0);
    nts_task_set_data(task, waiting);
    other = hand_on(&flow, &query, 0);
    of_query = nts_schedule_add(flow.schedule, "n:other", NTS_BULK, 0);
    nts_task_set_data(of_query, other);

    nts_driver_give_up(&flow, &run.starter);
    tap_ok(!nts_task_data(task), "what waits for its turn is nobody's");
    tap_int(nts_schedule_count(flow.schedule).waiting[NTS_BULK], 2, "and stays to be done");
    tap_int(run.starter.jobs, 1, "the run waits for what is under way");
    nts_errand_return(busy, under_way);
    tap_ok(!nts_task_data(busy), "which does not come back to it");
    tap_int(run.starter.jobs, 0, "so it is over");
    tap_int(run.told, 2, "and was told of both");
    tap_ok(nts_task_data(of_query) == other, "others keep theirs");
    apr_pool_destroy(other->p);
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    a_record_that_was_handed_on_again_while_it_ran();
    a_record_that_one_scan_handed_on_twice();
    a_record_that_nobody_else_wants();
    a_run_that_is_given_up();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
