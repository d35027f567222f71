/* Proves S5.3 on the engine: a record that leaves the filter hands over the change that made it leave and sleeps;
 * inside again it goes on from its bases; nothing is created, updated or deleted for what is outside. */
#include <string.h>

#include "sync_world.h"
#include "tap/tap.h"

static apr_pool_t *p;

static const char *stage_of(const world_thing_t *thing)
{
    return thing->values[STAGE].kind == NTS_VALUE_OPTION ? thing->values[STAGE].as.option.name : "";
}

/* Notion's filter: Stage != "Lost". */
static int is_lost(const world_thing_t *page)
{
    return strcmp(stage_of(page), "Lost") == 0;
}

/* The external filter: qty is empty, or less than 100. */
static int is_big(const world_thing_t *row)
{
    return row->values[QTY].kind == NTS_VALUE_NUMBER && strlen(row->values[QTY].as.text) > 2;
}

static nts_link_state_t state_of(world_t *w, const char *page)
{
    nts_link_t *link = world_link(w, NTS_NOTION, page);

    return link ? link->state : NTS_LINK_NEW;
}

/* Page p1 and its row, both filters in force. */
static world_t *linked(const char **key)
{
    world_t *w = world_create(p);

    w->is_outside[NTS_NOTION] = is_lost;
    w->is_outside[NTS_EXTERNAL] = is_big;
    (void)world_add(w, NTS_NOTION, "p1", "one");
    (void)world_settle(w);
    world_wait(w, apr_time_from_sec(300));
    *key = world_link(w, NTS_NOTION, "p1")->key;
    w->requests = w->writes[0] = w->writes[1] = 0;
    return w;
}

static int writes(world_t *w)
{
    int n = w->writes[0] + w->writes[1];

    w->writes[0] = w->writes[1] = 0;
    return n;
}

static void test_leaving(void)
{
    const char *key;
    world_t *w = linked(&key);

    w->page_size = 50;
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("last words"));
    world_edit(w, NTS_NOTION, "p1", STAGE, world_stage(w, "Lost"));
    (void)world_settle(w);
    tap_str(world_text_of(world_row(w, key), STAGE), "Lost",
            "5.3 the change that made it leave arrives");
    tap_str(world_text_of(world_row(w, key), NAME), "last words",
            "5.3 with what was changed beside it");
    tap_int(state_of(w, "p1"), NTS_LINK_DORMANT, "5.3 then the link sleeps");
    tap_str(world_last_entry(w, NTS_ENTRY_LINK)->note,
            "left the filter of notion: nothing is synced until it is inside again",
            "and the audit says why");
    tap_int(writes(w), 1, "one write");
    world_wait(w, apr_time_from_sec(300));
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("unheard"));
    world_edit(w, NTS_EXTERNAL, key, QTY, world_number(w, "7"));
    (void)world_settle(w);
    (void)world_scan(w, NTS_SCAN_FULL);
    (void)world_settle(w);
    tap_int(writes(w), 0, "5.3 nothing goes through it");
    tap_int(world_differences(w), 0, "verify excuses it");
    tap_int(world_scan(w, NTS_SCAN_VERIFY)->outside, 1, "and counts it");
    tap_int(world_scan(w, NTS_SCAN_FULL)->outside, 1, "so does a full run");
    tap_int(world_scan(w, NTS_SCAN_FULL)->spawned, 0, "which hands nothing to jobs");
    world_wait(w, apr_time_from_sec(300));
    world_edit(w, NTS_NOTION, "p1", STAGE, world_stage(w, "Won"));
    (void)world_settle(w);
    tap_int(state_of(w, "p1"), NTS_LINK_ACTIVE, "5.3 inside again it is awake");
    tap_str(world_text_of(world_row(w, key), NAME), "unheard",
            "and what was edited meanwhile is decided by its base:");
    tap_str(world_text_of(world_row(w, key), STAGE), "Won", "Notion's edits");
    tap_ok(world_page(w, "p1")->values[QTY].kind == NTS_VALUE_NUMBER, "and the row's");
    tap_int(world_differences(w), 0, "1 both are equal");
    tap_int((int)world_scan(w, NTS_SCAN_VERIFY)->outside, 0, "and none is outside");
}

/* A conflict made while it slept is one afterwards. */
static void test_conflict_asleep(void)
{
    const char *key;
    world_t *w = linked(&key);

    w->mapping.conflict = NTS_CONFLICT_HOLD;
    world_edit(w, NTS_NOTION, "p1", STAGE, world_stage(w, "Lost"));
    (void)world_settle(w);
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("left"));
    world_edit(w, NTS_EXTERNAL, key, NAME, world_text("right"));
    (void)world_settle(w);
    tap_int(world_link(w, NTS_NOTION, "p1")->trouble, NTS_TROUBLE_NONE, "asleep nothing is held");
    (void)writes(w);
    world_edit(w, NTS_NOTION, "p1", STAGE, world_stage(w, "Lead"));
    (void)world_settle(w);
    tap_int(world_link(w, NTS_NOTION, "p1")->trouble, NTS_TROUBLE_HELD,
            "2.5 awake the conflict is held");
    tap_str(world_text_of(world_row(w, key), STAGE), "Lead", "and the other fields go on");
}

static void test_never_linked(void)
{
    const char *key;
    world_t *w = linked(&key);

    (void)world_add(w, NTS_NOTION, "p2", "outside");
    world_page(w, "p2")->values[STAGE] = world_stage(w, "Lost");
    (void)world_add(w, NTS_EXTERNAL, "x2", "outside too");
    world_row(w, "x2")->values[QTY] = world_number(w, "1000");
    (void)world_settle(w);
    (void)world_scan(w, NTS_SCAN_FULL);
    (void)world_settle(w);
    tap_int(writes(w), 0, "5.3 what was never inside is not copied");
    tap_int(w->count[NTS_EXTERNAL] + w->count[NTS_NOTION], 4, "from either side");
    tap_int(world_differences(w), 0, "and is no difference");
    tap_int(world_scan(w, NTS_SCAN_VERIFY)->outside, 2, "but is counted");
    world_edit(w, NTS_NOTION, "p2", STAGE, world_stage(w, "Won"));
    world_edit(w, NTS_EXTERNAL, "x2", QTY, world_number(w, "5"));
    (void)world_settle(w);
    tap_int(writes(w), 2, "once inside both are copied");
    tap_int(world_differences(w), 0, "1 and equal");
}

/* The copy satisfies not its own side's filter. */
static void test_copy_outside(void)
{
    const char *key;
    world_t *w = linked(&key);
    nts_link_t *link;

    (void)world_add(w, NTS_EXTERNAL, "x2", "new");
    world_row(w, "x2")->values[STAGE] = world_text("Lost");
    (void)world_settle(w);
    link = world_link(w, NTS_EXTERNAL, "x2");
    tap_ok(link && link->page && world_page(w, link->page), "5.3 the copy is made");
    tap_int(link->state, NTS_LINK_DORMANT, "5.3 and sleeps");
    tap_int(writes(w), 1, "by one write");
    world_edit(w, NTS_EXTERNAL, "x2", NAME, world_text("unheard"));
    (void)world_settle(w);
    (void)world_scan(w, NTS_SCAN_FULL);
    tap_int(writes(w), 0, "and nothing more");
}

static void test_external_filter(void)
{
    const char *key;
    world_t *w = linked(&key);

    world_edit(w, NTS_EXTERNAL, key, QTY, world_number(w, "500"));
    (void)world_settle(w);
    tap_ok(world_page(w, "p1")->values[QTY].kind == NTS_VALUE_NUMBER,
           "5.3 a row leaves with its change");
    tap_int(state_of(w, "p1"), NTS_LINK_DORMANT, "and sleeps");
    (void)writes(w);
    world_wait(w, apr_time_from_sec(300));
    w->requests = 0;
    world_edit(w, NTS_EXTERNAL, key, NAME, world_text("unheard"));
    (void)world_settle(w);
    tap_int(w->requests, 0, "7 a sleeping row's edits ask nothing of Notion");
    world_edit(w, NTS_EXTERNAL, key, QTY, world_number(w, "5"));
    (void)world_settle(w);
    tap_str(world_text_of(world_page(w, "p1"), NAME), "unheard", "inside again it goes on");
    tap_int(world_differences(w), 0, "1 and is equal");
}

static spoil_t refuse_rows(world_t *w, const nts_call_t *call)
{
    (void)w;
    return call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_UPDATE &&
                   call->ask.side == NTS_EXTERNAL
               ? SPOIL_REFUSED
               : SPOIL_NOTHING;
}

/* What was changed before it left is refused. */
static void test_refused_leaving(void)
{
    const char *key;
    world_t *w = linked(&key);

    w->hook = refuse_rows;
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("last words"));
    world_edit(w, NTS_EXTERNAL, key, STAGE, world_text("Lost"));
    (void)world_run(w, NTS_EXTERNAL, key);
    tap_str(stage_of(world_page(w, "p1")), "Lost", "5.3 what made it leave arrives");
    tap_int(state_of(w, "p1"), NTS_LINK_ACTIVE, "what the database refuses keeps it awake,");
    tap_int(world_link(w, NTS_NOTION, "p1")->trouble, NTS_TROUBLE_PARKED, "in sight");
    w->hook = NULL;
    (void)world_settle(w);
    tap_str(world_text_of(world_row(w, key), NAME), "last words", "until it is accepted:");
    tap_int(state_of(w, "p1"), NTS_LINK_DORMANT, "then it sleeps");
}

static void test_deleted_asleep(void)
{
    const char *key;
    world_t *w = linked(&key);

    world_edit(w, NTS_NOTION, "p1", STAGE, world_stage(w, "Lost"));
    (void)world_settle(w);
    (void)writes(w);
    world_remove(w, NTS_EXTERNAL, key);
    (void)world_settle(w);
    (void)world_scan(w, NTS_SCAN_FULL);
    (void)world_settle(w);
    tap_int(writes(w), 0, "5.3 a delete asleep is nobody's business");
    tap_ok(!world_page(w, "p1")->trashed, "the page stays");
    world_edit(w, NTS_NOTION, "p1", STAGE, world_stage(w, "Won"));
    (void)world_settle(w);
    (void)world_scan(w, NTS_SCAN_FULL);
    (void)world_settle(w);
    tap_int(writes(w), 0,
            "5.3 awake it is no delete to be carried over, and no record to be made again");
    tap_str(world_link(w, NTS_NOTION, "p1")->outcome.code, "held.delete",
            "it is held for a person");
    tap_int(world_differences(w), 0, "and excused");
    world_remove(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    tap_int(state_of(w, "p1"), NTS_LINK_TOMBSTONE, "who deletes the other too settles it");
    tap_int(world_link(w, NTS_NOTION, "p1")->trouble, NTS_TROUBLE_NONE, "without trouble");
}

/* Left and deleted before we looked: the delete is not carried over. */
static void test_deleted_outside(void)
{
    const char *key;
    world_t *w = linked(&key);

    world_edit(w, NTS_NOTION, "p1", STAGE, world_stage(w, "Lost"));
    world_remove(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    tap_ok(world_row(w, key)->there, "7 the row of a page that had left the filter is not deleted");
    tap_int(state_of(w, "p1"), NTS_LINK_DORMANT, "its link sleeps");
    tap_int(writes(w), 0, "and nothing was written");
    tap_str(world_link(w, NTS_NOTION, "p1")->outcome.code, "held.delete",
            "what is left is inside: a person decides");
    w = linked(&key);
    world_edit(w, NTS_EXTERNAL, key, QTY, world_number(w, "500"));
    world_remove(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    tap_ok(world_row(w, key)->there, "nor is a row that has left its filter");
}

static void test_other_ends(void)
{
    const char *key;
    world_t *w = linked(&key);
    nts_entry_t *update;

    world_edit(w, NTS_NOTION, "p1", STAGE, world_stage(w, "Lost"));
    (void)world_settle(w);
    update = world_last_entry(w, NTS_ENTRY_UPDATE);
    (void)writes(w);
    (void)world_undo(w, update);
    tap_str(w->refused.code, "undo.outside",
            "5.5 undo of a sleeping record is refused with the reason");
    tap_int(writes(w), 0, "and writes nothing");
    w->side[NTS_NOTION][0].there = 0; /* purged, or not shared any more */
    world_notice(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    tap_int(state_of(w, "p1"), NTS_LINK_DORMANT, "a 404 proves nothing of it either");
    world_remove(w, NTS_EXTERNAL, key);
    (void)world_settle(w);
    tap_int(state_of(w, "p1"), NTS_LINK_DORMANT, "S4.1 nor when its row is gone");
    (void)world_scan(w, NTS_SCAN_FULL);
    w->now += apr_time_from_sec(86401);
    (void)world_scan(w, NTS_SCAN_FULL);
    tap_int(state_of(w, "p1"), NTS_LINK_TOMBSTONE,
            "missing in full runs a day apart, and its row gone, is gone");
}

/* What happened while it slept, without any event: a full run finds it. */
static void test_lost_events(void)
{
    const char *key;
    world_t *w = linked(&key);
    int i;

    world_edit(w, NTS_EXTERNAL, key, QTY, world_number(w, "500"));
    (void)world_settle(w);
    (void)writes(w);
    world_remove(w, NTS_NOTION, "p1");
    world_edit(w, NTS_EXTERNAL, key, QTY, world_number(w, "5"));
    for (i = 0; i < w->notice_count; i++) {
        w->settled[i] = 1;
    }
    (void)world_scan(w, NTS_SCAN_FULL);
    tap_int(world_link(w, NTS_NOTION, "p1")->trouble, NTS_TROUBLE_HELD,
            "S6.1 a full run finds a delete while it slept");
    tap_int(writes(w), 0, "and asks");
}

/* S3.2: a listing may be late to show that a page has left. */
static int times_looked;

static int is_lost_for_reads(const world_thing_t *page)
{
    return is_lost(page) && times_looked++ > 0;
}

static void test_verify_late(void)
{
    const char *key;
    world_t *w = linked(&key);

    world_edit(w, NTS_NOTION, "p1", STAGE, world_stage(w, "Lost"));
    (void)world_settle(w);
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("unheard"));
    (void)world_settle(w);
    times_looked = 0;
    w->is_outside[NTS_NOTION] = is_lost_for_reads;
    tap_int((int)world_scan(w, NTS_SCAN_VERIFY)->different, 0,
            "what only the listing shows inside is read, and excused");
    tap_ok(times_looked > 1, "it was looked at twice");
}

static void test_match(void)
{
    world_t *w = world_create(p);
    static const nts_match_t match = { "Name", "name" };
    int i;

    w->is_outside[NTS_NOTION] = is_lost;
    (void)world_add(w, NTS_NOTION, "p1", "Ada");
    world_page(w, "p1")->values[STAGE] = world_stage(w, "Lost");
    (void)world_add(w, NTS_EXTERNAL, "x1", "Ada");
    (void)world_add(w, NTS_EXTERNAL, "x2", "Bob");
    for (i = 0; i < w->notice_count; i++) {
        w->settled[i] = 1;
    }
    tap_int(world_scan(w, NTS_SCAN_FIRST)->needs_match, 0,
            "5.1 without match fields what is outside asks for none");
    w->mapping.matches = &match;
    w->mapping.match_count = 1;
    world_wait(w, apr_time_from_sec(300));
    (void)world_scan(w, NTS_SCAN_FIRST);
    (void)world_scan(w, NTS_SCAN_FULL);
    (void)world_settle(w);
    tap_int(state_of(w, "p1"), NTS_LINK_DORMANT, "5.3 a page outside is paired, and sleeps");
    tap_int(w->count[NTS_NOTION], 2, "5.1 so its partner is not copied beside it; the other is");
    tap_int(w->writes[NTS_EXTERNAL], 0, "what was never agreed is not written");
    world_edit(w, NTS_NOTION, "p1", STAGE, world_stage(w, "Won"));
    (void)world_settle(w);
    tap_str(world_text_of(world_row(w, "x1"), STAGE), "Won", "inside, it is synced");
}

/* S6.6: a death between any two steps of leaving and coming back. */
static int steps_to_live;

static spoil_t die(world_t *w, const nts_call_t *call)
{
    (void)w;
    (void)call;
    return steps_to_live-- == 0 ? SPOIL_KILL_AFTER : SPOIL_NOTHING;
}

static void test_crashes(void)
{
    int step, wrong = 0;

    for (step = 0; step < 24; step++) {
        const char *key;
        world_t *w = linked(&key);

        w->hook = die;
        steps_to_live = step;
        world_edit(w, NTS_NOTION, "p1", STAGE, world_stage(w, "Lost"));
        (void)world_settle(w);
        wrong += state_of(w, "p1") != NTS_LINK_DORMANT ||
                 strcmp(world_text_of(world_row(w, key), STAGE), "Lost") != 0;
        world_wait(w, apr_time_from_sec(300));
        world_edit(w, NTS_EXTERNAL, key, NAME, world_text("meanwhile"));
        world_edit(w, NTS_NOTION, "p1", STAGE, world_stage(w, "Won"));
        (void)world_settle(w);
        wrong += state_of(w, "p1") != NTS_LINK_ACTIVE || world_differences(w) != 0 ||
                 strcmp(world_text_of(world_page(w, "p1"), NAME), "meanwhile") != 0;
    }
    tap_int(wrong, 0, "6 wherever the process dies, it ends as without");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_leaving();
    test_conflict_asleep();
    test_never_linked();
    test_copy_outside();
    test_external_filter();
    test_refused_leaving();
    test_deleted_asleep();
    test_deleted_outside();
    test_other_ends();
    test_lost_events();
    test_verify_late();
    test_match();
    test_crashes();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
