/* Proves S5.4 on the worker: a column that went, and was seen to be gone while the mapping could not be bound at all, is still known to have
 * gone when it is back: what it does not hold any more is no edit. */
#include <apr_general.h>
#include <apr_strings.h>

#include "tap/tap.h"
#include "worker_world.h"

#define PAGES 6

static apr_pool_t *pool;
static worker_world_t *world;

/* Looked at for any other reason than a restart: the same process goes on, with what it is bound to. */
static void look(void)
{
    world_hook(world, 0, "data_source.schema_updated", NULL, NULL, NULL);
}

static void restart(void)
{
    tap_int(world_stop(world, 0, 1), NTS_WORKER_EXIT_OK, "another process takes over");
    world_start(world, 0);
}

static void check(int is_bare, int is_restarted)
{
    int i;

    world_drop_name(world, is_bare);
    look();
    tap_ok(world_is_state_soon(world, 0, NTS_MAPPING_BLOCKED), "%s: the mapping is blocked",
           is_bare ? "column and triggers are gone" : "the only column is gone");
    world_put_name_back(world);
    if (is_restarted) {
        restart();
    }
    (void)world_result(world, world_command(world, 0, "resume", "{}"), pool);
    tap_ok(world_is_state_soon(world, 0, NTS_MAPPING_RUNNING), "put right, it goes on");
    tap_ok(world_is_equal_soon(world, 0), "both sides become equal");
    for (i = 1; i <= PAGES; i++) {
        const char *page = apr_psprintf(pool, WORLD_PAGE "%012d", i);

        tap_str(world_page_name(world, page, pool), apr_psprintf(pool, "page %d", i),
                "page %d keeps its name", i);
    }
    world_rest(world, apr_time_from_msec(200));
}

int main(void)
{
    int i;

    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    world = world_create(1, pool);
    for (i = 1; i <= PAGES; i++) {
        (void)world_edit_page(world, 0, NULL, apr_psprintf(pool, "page %d", i));
    }
    world_start(world, 0);
    tap_ok(world_is_matched_soon(world, 0) && world_is_equal_soon(world, 0), "pages become rows");
    world_rest(world, apr_time_from_msec(300));
    check(1, 0);
    check(1, 1);
    check(0, 0);
    check(0, 1);
    tap_int(world_stop(world, 0, 1), NTS_WORKER_EXIT_OK, "the worker ends");
    apr_terminate();
    return tap_done();
}
