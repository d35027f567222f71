/* A plan for a database of which a person has not said yet that it is the right one, and in which people go on. */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "store/nts_store_plan.h"
#include "tap/tap.h"
#include "worker_world.h"

#define MS(n) apr_time_from_msec(n)

static apr_pool_t *pool;
static worker_world_t *world;

static int says(const char *result, const char *what)
{
    int found = result && strstr(result, what) != NULL;

    if (!found) {
        tap_diag("found %s, wanted %s", result ? result : "NULL", what);
    }
    return found;
}

/* The items of the last plan that are about a row of this key. */
static int items_about(const nts_plan_t *plan, const char *key)
{
    nts_plan_row_t *rows = NULL;
    int i, count = 0, about = 0;

    (void)nts_store_get_plan_items(&rows, &count, world_store(world), plan->id, NTS_PLAN_OPEN, 0,
                                   100, pool);
    for (i = 0; i < count; i++) {
        about += rows[i].item->key && !strcmp(rows[i].item->key, key);
    }
    return about;
}

/* S4.4: a key that is changed in a database that was set back, or in another one, before a person says to go on, is followed then. A plan by
 * which it goes on leaves that record alone (seed 96191 of the simulation: it made a page for the key, and the record's own page was
 * held, its row being gone). */
static void test_key_changed(int is_another, const char *from, const char *to)
{
    nts_plan_t *plan = NULL;
    const char *name = apr_psprintf(pool, "edited with %s", to);
    const char *result;
    apr_int64_t made;

    if (is_another) {
        world_swap_database(world);
    }
    (void)world_set_back(world, is_another ? 0 : 3);
    tap_ok(world_is_state_soon(world, 0, NTS_MAPPING_WAITING), "the mapping waits for a person");
    world_rest(world, MS(200));
    world_change_key(world, 0, from, to);
    (void)world_edit_row(world, 0, "k1", name);
    made = world_command(world, 0, "plan", "{}");
    tap_ok(says(world_result(world, made, pool), "\"plan\":"), "a plan is made");
    (void)nts_store_last_plan(&plan, world_store(world), world_mapping(world, 0)->id, pool);
    if (!plan) {
        tap_ok(0, "there is a plan");
        return;
    }
    tap_int(items_about(plan, "k1"), 1, "it has what was edited");
    tap_int(items_about(plan, from) + items_about(plan, to), 0,
            "and nothing on the record whose key was changed");
    tap_ok(says(plan->note, "keys were changed"), "which it says");
    result =
        world_result(world,
                     world_command(world, 0, "apply",
                                   apr_psprintf(pool, "{\"plan\":%" APR_INT64_T_FMT "}", plan->id)),
                     pool);
    tap_ok(says(result, "\"ok\":true"), "it is applied");
    tap_ok(world_is_state_soon(world, 0, NTS_MAPPING_RUNNING), "the mapping goes on");
    tap_ok(world_is_equal_soon(world, 0), "with one page for each row");
    world_rest(world, MS(200));
    (void)world_edit_row(world, 0, to, apr_psprintf(pool, "under %s", to));
    tap_ok(world_is_equal_soon(world, 0), "and the page is that of the key it has now");
    world_rest(world, MS(200));
}

int main(void)
{
    int i;

    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    world = world_create(1, pool);
    for (i = 0; i < 6; i++) {
        (void)world_edit_page(world, 0, NULL, apr_psprintf(pool, "page %d", i));
    }
    world_start(world, 0);
    tap_ok(world_is_equal_soon(world, 0), "pages become rows");
    world_rest(world, MS(300));
    test_key_changed(0, "k3", "k30");
    test_key_changed(1, "k4", "k40");
    tap_int(world_stop(world, 0, 1), NTS_WORKER_EXIT_OK, "the worker ends");
    apr_terminate();
    return tap_done();
}
