/* Proves what becomes of a record that people, or a program, change again each time before it can be written: its job gives up soon, comes back
 * later each time, and loses nothing. */
#include "sync_world.h"
#include "tap/tap.h"

static apr_pool_t *p;

/* Before each write of the row somebody changes what is to be replaced. */
static spoil_t edit_before_write(world_t *w, const nts_call_t *call)
{
    if (call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_UPDATE &&
        call->ask.side == NTS_EXTERNAL) {
        world_row(w, call->ask.id)->values[QTY] =
            world_number(w, apr_psprintf(w->p, "%d", ++w->hook_count));
    }
    return SPOIL_NOTHING;
}

static world_t *busy_row(void)
{
    world_t *w = world_linked(p);

    w->mapping.conflict = NTS_CONFLICT_NOTION;
    world_wait(w, apr_time_from_sec(300));
    w->hook = edit_before_write;
    world_edit(w, NTS_NOTION, "p1", QTY, world_number(w, "-1"));
    return w;
}

static void test_left_alone(void)
{
    world_t *w = busy_row();

    tap_int(world_run(w, NTS_NOTION, "p1"), NTS_STEP_WAIT, "a row that is never left alone waits");
    tap_str(w->outcome.code, "record.busy", "as busy");
    tap_int(w->hook_count, 4, "after four tries");
    tap_int(w->until, 0, "for no set time: later each time");
    tap_ok(!w->settled[w->notice_count - 1], "what was told is not settled");
}

static void test_in_the_end(void)
{
    world_t *w = busy_row();

    (void)world_run(w, NTS_NOTION, "p1");
    (void)world_run(w, NTS_NOTION, "p1");
    w->hook = NULL;
    (void)world_settle(w);
    tap_int(world_differences(w), 0, "left alone at last, it is written");
    tap_str(world_row(w, world_key_of(w, "p1"))->values[QTY].as.text, "-1",
            "with what the page says");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_left_alone();
    test_in_the_end();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
