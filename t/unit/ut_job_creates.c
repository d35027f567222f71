/* S3.7, S3.8: creates in Notion that were never answered, and pages of which nobody can tell which of them made it. */
#include <string.h>

#include <apr_general.h>

#include "sync_world.h"
#include "tap/tap.h"

static apr_pool_t *p;

static spoil_t spoil_all_creates(world_t *w, const nts_call_t *call)
{
    (void)w;
    return call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_CREATE &&
                   call->ask.side == NTS_NOTION
               ? SPOIL_LOST
               : SPOIL_NOTHING;
}

/* While what became of the create of x1, which was lost, is looked for, the page of x2 is made, and nobody has heard of that yet. */
static spoil_t make_another_meanwhile(world_t *w, const nts_call_t *call)
{
    if (call->kind != NTS_CALL_ASK || call->ask.side != NTS_NOTION) {
        return SPOIL_NOTHING;
    }
    if (call->ask.kind == NTS_ASK_CREATE && w->hook_count < 2) {
        return w->hook_count++ ? SPOIL_DONE_UNKNOWN : SPOIL_LOST;
    }
    if (call->ask.kind == NTS_ASK_FIND && w->hook_count == 1) {
        (void)world_add(w, NTS_EXTERNAL, "x2", "two");
        (void)world_run(w, NTS_EXTERNAL, "x2");
    }
    return SPOIL_NOTHING;
}

/* Seed 12786 of the simulation: x1 took the page of x2 for its own, edited, and got its values. */
static void test_create_beside_another(void)
{
    world_t *w = world_linked(p);

    w->hook = make_another_meanwhile;
    (void)world_add(w, NTS_EXTERNAL, "x1", "one");
    (void)world_run(w, NTS_EXTERNAL, "x1");
    world_wait(w, apr_time_from_sec(100));
    (void)world_run(w, NTS_EXTERNAL, "x1");
    tap_ok(w->hook_count == 2 && !world_link(w, NTS_EXTERNAL, "x1")->page,
           "3.7 a page that another record's create may have made since is not taken");
    (void)world_settle(w);
    tap_int(w->count[NTS_NOTION], 3, "3.7 each has its own");
    tap_int(world_differences(w), 0, "3.7 and what it holds");
    tap_str(world_text_of(world_row(w, "x1"), NAME), "one", "3.3 nobody's values are changed");
}

/* Two creates were lost, and one page that fits neither is there: nobody can tell. That stops these three, no other. */
static void test_creates_nobody_can_tell(void)
{
    static const nts_match_t match = { "Name", "name" };
    world_t *w = world_linked(p);
    world_thing_t *whose;
    int i;

    w->hook = spoil_all_creates;
    (void)world_add(w, NTS_EXTERNAL, "x1", "one");
    (void)world_run(w, NTS_EXTERNAL, "x1");
    (void)world_add(w, NTS_EXTERNAL, "x2", "two");
    (void)world_run(w, NTS_EXTERNAL, "x2");
    whose = world_add(w, NTS_NOTION, "whose", "three");
    whose->by_us = whose->touched = 1;
    (void)world_run(w, NTS_NOTION, "whose");
    tap_int(w->last, NTS_STEP_WAIT, "3.8 a page of ours waits for creates without an answer");
    world_wait(w, apr_time_from_sec(400));
    for (i = 0; i < 2; i++) {
        (void)world_run(w, NTS_EXTERNAL, i ? "x2" : "x1");
        tap_str(world_link(w, NTS_EXTERNAL, i ? "x2" : "x1")->outcome.code,
                "notion.create_ambiguous", "3.7 which may have made it both: parked");
    }
    (void)world_run(w, NTS_NOTION, "whose");
    tap_ok(world_link(w, NTS_NOTION, "whose") &&
               world_link(w, NTS_NOTION, "whose")->trouble == NTS_TROUBLE_PARKED,
           "3.8 then it is parked as well, and seen");
    w->mapping.matches = &match;
    w->mapping.match_count = 1;
    (void)world_add(w, NTS_NOTION, "copy", "two");
    (void)world_run(w, NTS_NOTION, "copy");
    w->mapping.match_count = 0;
    tap_ok(world_link(w, NTS_NOTION, "copy") &&
               world_link(w, NTS_NOTION, "copy")->trouble == NTS_TROUBLE_PARKED,
           "3.8 and so is somebody's page that matches a row whose own may be there");
    w->made_by_other = "theirs";
    world_add(w, NTS_NOTION, "theirs", "four")->by_us = 1;
    (void)world_run(w, NTS_NOTION, "theirs");
    tap_ok(world_link(w, NTS_NOTION, "theirs") && world_link(w, NTS_NOTION, "theirs")->key,
           "3.8 what another mapping is known to have made waits for nobody");
    w->hook = NULL;
    world_page(w, "whose")->values[NAME] = world_text("two");
    world_wait(w, apr_time_from_sec(3600));
    (void)world_run(w, NTS_EXTERNAL, "x2");
    (void)world_settle(w);
    tap_str(world_link(w, NTS_EXTERNAL, "x2")->page, "whose",
            "3.7 the page is taken over with what was stored of it");
    tap_int(world_differences(w), 0, "3.7 and all are equal");
}

static spoil_t die_after_create(world_t *w, const nts_call_t *call)
{
    (void)w;
    return call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_CREATE ? SPOIL_KILL_AFTER
                                                                          : SPOIL_NOTHING;
}

/* While the copy looks for its row, a row is made for its original, and not settled yet. */
static spoil_t make_original(world_t *w, const nts_call_t *call)
{
    if (call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_FIND &&
        call->ask.side == NTS_EXTERNAL && !w->hook_count) {
        w->hook_count = 1;
        w->hook = die_after_create;
        (void)world_run(w, NTS_NOTION, "original");
        w->hook = make_original;
    }
    return SPOIL_NOTHING;
}

/* Seed 458364 of the simulation: the copy took the row, which went to its original in the end, and the copy into the trash. */
static void test_row_made_meanwhile(void)
{
    static const nts_match_t match = { "Name", "name" };
    world_t *w = world_linked(p);

    w->mapping.matches = &match;
    w->mapping.match_count = 1;
    (void)world_add(w, NTS_NOTION, "original", "one");
    (void)world_add(w, NTS_NOTION, "copy", "one");
    w->hook = make_original;
    (void)world_run(w, NTS_NOTION, "copy");
    w->hook = NULL;
    tap_int(w->hook_count, 1, "a row was made meanwhile");
    tap_ok(!world_link(w, NTS_NOTION, "copy") || !world_link(w, NTS_NOTION, "copy")->key,
           "3.8 a row that we made for one page is not another's, however late that began");
}

/* Seed 407 (`status=1`) of the simulation: the state store was an older copy, and the only page that it did not know had been made of
 * another record since. Nobody had edited it, so it shows what was sent for it. */
static void test_page_of_another(void)
{
    world_t *w = world_linked(p);

    w->hook = spoil_all_creates;
    (void)world_add(w, NTS_EXTERNAL, "x1", "one");
    (void)world_run(w, NTS_EXTERNAL, "x1");
    w->hook = NULL;
    world_add(w, NTS_NOTION, "theirs", "another")->by_us = 1;
    world_wait(w, apr_time_from_sec(400));
    (void)world_run(w, NTS_EXTERNAL, "x1");
    world_wait(w, apr_time_from_sec(60));
    (void)world_run(w, NTS_EXTERNAL, "x1");
    tap_ok(world_link(w, NTS_EXTERNAL, "x1")->page &&
               strcmp(world_link(w, NTS_EXTERNAL, "x1")->page, "theirs") != 0,
           "3.7 a page that nobody edited, and that shows nothing of what was sent, is another's");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_creates_nobody_can_tell();
    test_create_beside_another();
    test_row_made_meanwhile();
    test_page_of_another();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
