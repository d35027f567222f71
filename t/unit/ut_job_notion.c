/* Both sides are data sources of Notion (docs/design/sides.md): neither compares what it writes, keeps intents or images; both have a
 * trash, times of whole minutes, and choices with ids of their own. */
#include <string.h>

#include <apr_general.h>

#include "sync_world.h"
#include "tap/tap.h"

#define SEC(n) apr_time_from_sec(n)

static apr_pool_t *pool;

/* p1 and its partner in the other workspace. */
static world_t *linked(void)
{
    world_t *w;

    apr_pool_clear(pool);
    w = world_create(pool);
    world_two_notions(w);
    (void)world_add(w, NTS_NOTION, "p1", "one");
    (void)world_settle(w);
    world_wait(w, SEC(300));
    w->requests = w->writes[NTS_NOTION] = w->writes[NTS_EXTERNAL] = 0;
    return w;
}

static const char *far_of(world_t *w)
{
    const char *key = world_key_of(w, "p1");

    return key ? key : "none";
}

static const char *name_on(world_t *w, nts_side_t side)
{
    return world_text_of(side == NTS_NOTION ? world_page(w, "p1") : world_row(w, far_of(w)), NAME);
}

static const char *id_on(world_t *w, nts_side_t side)
{
    return side == NTS_NOTION ? "p1" : far_of(w);
}

static const char *choice_on(world_t *w, nts_side_t side, int pair)
{
    const world_thing_t *thing = side == NTS_NOTION ? world_page(w, "p1") : world_row(w, far_of(w));
    const nts_value_t *value = &thing->values[pair];

    return value->kind == NTS_VALUE_OPTION                            ? value->as.option.id
           : value->kind == NTS_VALUE_SET && value->as.set.count == 1 ? value->as.set.options[0].id
                                                                      : "none";
}

static const char *title(nts_side_t side)
{
    return side == NTS_NOTION ? "in the first workspace" : "in the other workspace";
}

/* ---- edits ---- */

static void test_edits(void)
{
    nts_side_t side;
    world_t *w;

    for (side = NTS_NOTION; side <= NTS_EXTERNAL; side++) {
        nts_side_t far = nts_side_other(side);
        nts_value_t tag;

        w = linked();
        world_edit(w, side, id_on(w, side), NAME, world_text("two"));
        (void)world_settle(w);
        tap_str(name_on(w, far), "two", "an edit %s is carried over", title(side));
        tap_int(w->writes[side], 0, "... and does not come back");
        tap_int(w->requests, side == NTS_NOTION ? 4 : 3,
                "... by a read of each side and one write");
        world_edit(w, side, id_on(w, side), STAGE, world_choice(w, side, STAGE, "Won"));
        tag = world_choice(w, side, TAGS, "b");
        world_edit(w, side, id_on(w, side), TAGS, nts_value_set(&tag.as.option, 1, w->p));
        (void)world_settle(w);
        tap_str(choice_on(w, far, STAGE), far == NTS_NOTION ? "o2" : "other-o2",
                "a choice is the one of that name");
        tap_str(choice_on(w, far, TAGS), far == NTS_NOTION ? "t2" : "other-t2", "in a set, too");
        tap_int(world_differences(w), 0, "both are equal");
    }
}

static void test_sets_merge(void)
{
    world_t *w = linked();
    nts_option_t a = world_choice(w, NTS_NOTION, TAGS, "a").as.option;
    nts_option_t b = world_choice(w, NTS_EXTERNAL, TAGS, "b").as.option;

    world_edit(w, NTS_NOTION, "p1", TAGS, nts_value_set(&a, 1, w->p));
    world_edit(w, NTS_EXTERNAL, far_of(w), TAGS, nts_value_set(&b, 1, w->p));
    (void)world_settle(w);
    tap_int(world_page(w, "p1")->values[TAGS].as.set.count, 2, "members added on both sides merge");
    tap_int(world_differences(w), 0, "... on both");
}

/* A choice gets another name in the workspace that is not asked for ids. */
static void test_renamed(void)
{
    world_t *w = linked();
    nts_option_t renamed;

    world_edit(w, NTS_EXTERNAL, far_of(w), STAGE, world_choice(w, NTS_EXTERNAL, STAGE, "Won"));
    (void)world_settle(w);
    renamed = world_choice(w, NTS_EXTERNAL, STAGE, "Won").as.option;
    renamed.name = "Lost";
    world_row(w, far_of(w))->values[STAGE] = nts_value_option(renamed.id, renamed.name);
    world_wait(w, SEC(300));
    (void)world_scan(w, NTS_SCAN_FULL);
    (void)world_settle(w);
    tap_str(choice_on(w, NTS_NOTION, STAGE), "o3",
            "S5.4: a choice that is renamed there is the one of the new name here");
}

/* ---- S3.1: neither side compares ---- */

/* While the page is read, which comes last, somebody edits the record of the other side, which was read before. */
static spoil_t edit_beside_read(world_t *w, const nts_call_t *call)
{
    if (call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_READ &&
        call->ask.side == NTS_NOTION && !w->hook_count++) {
        world_edit(w, NTS_EXTERNAL, far_of(w), NAME, world_text("of the other"));
    }
    return SPOIL_NOTHING;
}

static void test_read_again(void)
{
    world_t *w = linked();

    w->mapping.conflict = NTS_CONFLICT_EXTERNAL;
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("of the first"));
    w->hook = edit_beside_read;
    (void)world_settle(w);
    tap_str(name_on(w, NTS_NOTION), "of the other",
            "an edit between the two reads is seen before the write");
    tap_str(name_on(w, NTS_EXTERNAL), "of the other", "... and not written over");
}

static apr_time_t read_at[NTS_SIDE_COUNT];
static int late;

static spoil_t watch_order(world_t *w, const nts_call_t *call)
{
    const nts_ask_t *ask = &call->ask;

    if (call->kind == NTS_CALL_ASK && ask->kind == NTS_ASK_READ) {
        read_at[ask->side] = w->now;
    }
    if (call->kind == NTS_CALL_ASK && ask->kind == NTS_ASK_UPDATE) {
        late += read_at[ask->side] < read_at[nts_side_other(ask->side)] ||
                w->now - read_at[ask->side] > w->notion_takes + SEC(1) || !ask->send_within;
    }
    return SPOIL_NOTHING;
}

static void test_slow(void)
{
    nts_side_t side;

    for (side = NTS_NOTION; side <= NTS_EXTERNAL; side++) {
        world_t *w = linked();

        late = 0;
        w->notion_takes = SEC(3);
        w->hook = watch_order;
        world_edit(w, NTS_NOTION, "p1", QTY, world_number(w, "7"));
        world_edit(w, NTS_EXTERNAL, far_of(w), NAME, world_text("two"));
        tap_ok(world_settle(w) > 0,
               "services that take longer than a read is good for come to rest");
        tap_int(world_differences(w), 0, "... equal");
        tap_int(w->writes[NTS_NOTION] + w->writes[NTS_EXTERNAL], 2, "... by two writes");
        tap_int(late, 0, "S3.1: each just after a read of its side, which came after the other's");
    }
}

/* ---- conflicts ---- */

static void test_conflict(void)
{
    nts_side_t tie;

    for (tie = NTS_NOTION; tie <= NTS_EXTERNAL; tie++) {
        world_t *w = linked();

        w->mapping.tie = tie;
        world_edit(w, NTS_NOTION, "p1", NAME, world_text("in notion"));
        world_wait(w, SEC(20));
        world_edit(w, NTS_EXTERNAL, far_of(w), NAME, world_text("in external"));
        (void)world_settle(w);
        tap_str(name_on(w, NTS_NOTION), tie == NTS_NOTION ? "in notion" : "in external",
                "edits of one minute are a tie, for both times are floored");
        tap_int(world_differences(w), 0, "... and both sides end with it");
    }
}

static void test_later_wins(void)
{
    nts_side_t first;

    for (first = NTS_NOTION; first <= NTS_EXTERNAL; first++) {
        world_t *w = linked();
        nts_side_t last = nts_side_other(first);

        w->mapping.tie = first;
        w->pairs[NAME].external_id = "id0";
        world_edit(w, first, id_on(w, first), NAME, world_text("first"));
        w->notices[w->notice_count - 1].properties = "[\"id0\"]";
        world_wait(w, SEC(200));
        world_edit(w, last, id_on(w, last), NAME, world_text("last"));
        w->notices[w->notice_count - 1].properties = "[\"id0\"]";
        (void)world_settle(w);
        tap_str(name_on(w, first), "last",
                "S1: minutes apart, and named by events, the later one %s wins", title(last));
    }
}

/* ---- deletes ---- */

/* One of three, so that its delete is within the limit. */
static world_t *linked_among_others(void)
{
    world_t *w = linked();

    (void)world_add(w, NTS_NOTION, "p2", "stays");
    (void)world_add(w, NTS_NOTION, "p3", "stays");
    (void)world_settle(w);
    return w;
}

static void test_deletes(void)
{
    nts_side_t side;

    for (side = NTS_NOTION; side <= NTS_EXTERNAL; side++) {
        world_t *w = linked_among_others();
        const char *far = far_of(w);

        world_remove(w, side, id_on(w, side));
        (void)world_settle(w);
        tap_ok(world_page(w, "p1")->trashed && world_row(w, far)->trashed &&
                   world_row(w, far)->there,
               "a record trashed %s is trashed on both sides", title(side));
        tap_int(world_link(w, NTS_NOTION, "p1")->state, NTS_LINK_TOMBSTONE, "... and kept in mind");
        world_wait(w, SEC(600));
        (side == NTS_NOTION ? world_page(w, "p1") : world_row(w, far))->trashed = 0;
        world_notice(w, side, side == NTS_NOTION ? "p1" : far);
        (void)world_settle(w);
        tap_ok(!world_page(w, "p1")->trashed && !world_row(w, far)->trashed,
               "taken out of the trash %s it is back on both", title(side));
        tap_str(far_of(w), far, "... the same two records");
        tap_int(w->count[NTS_EXTERNAL], 3, "... and no copy was made");
        tap_int(world_link(w, NTS_NOTION, "p1")->state, NTS_LINK_ACTIVE, "... synced as before");
    }
}

static void test_delete_against_edit(void)
{
    nts_side_t side;

    for (side = NTS_NOTION; side <= NTS_EXTERNAL; side++) {
        world_t *w = linked();
        nts_side_t far = nts_side_other(side);

        world_edit(w, far, id_on(w, far), NAME, world_text("edited"));
        world_remove(w, side, id_on(w, side));
        (void)world_settle(w);
        tap_ok(!world_page(w, "p1")->trashed && !world_row(w, far_of(w))->trashed,
               "S2.7: an edit wins over a delete %s", title(side));
        tap_str(name_on(w, side), "edited", "... and is carried over");
    }
}

static int removed_unread;

/* The page goes as its partner is made. */
static spoil_t trash_origin(world_t *w, const nts_call_t *call)
{
    const nts_ask_t *ask = &call->ask;

    if (call->kind != NTS_CALL_ASK) {
        return SPOIL_NOTHING;
    }
    if (ask->kind == NTS_ASK_READ) {
        read_at[ask->side] = w->now;
    }
    if (ask->kind == NTS_ASK_CREATE) {
        world_remove(w, NTS_NOTION, "p1");
    }
    if (ask->kind == NTS_ASK_REMOVE) {
        removed_unread += read_at[ask->side] < read_at[nts_side_other(ask->side)];
    }
    return SPOIL_NOTHING;
}

/* That we had just made it, before its origin was seen to be gone, tells nothing of what people gave it since. */
static void test_deleted_as_made(void)
{
    world_t *w = world_create(pool);

    world_two_notions(w);
    removed_unread = 0;
    read_at[NTS_NOTION] = read_at[NTS_EXTERNAL] = 0;
    (void)world_add(w, NTS_NOTION, "p1", "one");
    (void)world_add(w, NTS_NOTION, "p2", "two");
    (void)world_add(w, NTS_NOTION, "p3", "three");
    world_forget_events(w);
    world_wait(w, SEC(300));
    w->hook = trash_origin;
    (void)world_scan(w, NTS_SCAN_FULL);
    (void)world_settle(w);
    tap_ok(world_page(w, "p1")->trashed && world_row(w, far_of(w))->trashed,
           "a page that is trashed while its partner is made takes that along");
    tap_int(removed_unread, 0, "S3.1: ... which is read before");
}

/* To bring a page back it has to be read last, to delete its partner that one: neither waits for the other. */
static void test_slow_restore(void)
{
    nts_side_t side;

    for (side = NTS_NOTION; side <= NTS_EXTERNAL; side++) {
        world_t *w = linked();
        nts_side_t far = nts_side_other(side);

        late = 0;
        w->notion_takes = SEC(3);
        w->hook = watch_order;
        world_edit(w, far, id_on(w, far), NAME, world_text("edited"));
        world_remove(w, side, id_on(w, side));
        tap_ok(world_settle(w) > 0, "a record that was deleted %s and edited comes to rest",
               title(side));
        tap_ok(!world_page(w, "p1")->trashed && !world_row(w, far_of(w))->trashed,
               "... where reads take three seconds");
        tap_str(name_on(w, side), "edited", "... with the edit");
        tap_int(late, 0, "S3.1: each write comes just after a read of its side");
    }
}

/* 404, or another data source: proof of nothing, on either side. */
static void test_missing(void)
{
    nts_side_t side;
    int moved;

    for (side = NTS_NOTION; side <= NTS_EXTERNAL; side++) {
        for (moved = 0; moved < 2; moved++) {
            world_t *w = linked();
            world_thing_t *thing =
                side == NTS_NOTION ? world_page(w, "p1") : world_row(w, far_of(w));
            const nts_link_t *link;

            thing->moved = moved;
            thing->there = moved;
            world_notice(w, side, id_on(w, side));
            (void)world_run(w, side, id_on(w, side));
            link = world_link(w, NTS_NOTION, "p1");
            tap_str(link->outcome.code, moved ? "notion.moved" : "notion.missing",
                    "S4.1: a record that is not shown %s is parked", title(side));
            tap_int(w->writes[0] + w->writes[1], 0, "... and nothing is written");
        }
    }
}

/* ---- S3.7: writes of unknown fate ---- */

static nts_side_t spoiled_side;
static nts_ask_kind_t spoiled_kind;
static spoil_t how;

static spoil_t spoil_once(world_t *w, const nts_call_t *call)
{
    if (call->kind == NTS_CALL_ASK && call->ask.kind == spoiled_kind &&
        call->ask.side == spoiled_side && !w->hook_count) {
        w->hook_count = 1;
        return how;
    }
    return SPOIL_NOTHING;
}

static void test_unknown_create(void)
{
    static const spoil_t ways[] = { SPOIL_LOST, SPOIL_DONE_UNKNOWN, SPOIL_COMMITTED_ID,
                                    SPOIL_KILL, SPOIL_KILL_AFTER,   SPOIL_NOT_DONE };
    nts_side_t side;
    int i;

    for (side = NTS_NOTION; side <= NTS_EXTERNAL; side++) {
        for (i = 0; i < (int)(sizeof(ways) / sizeof(ways[0])); i++) {
            world_t *w = linked();

            spoiled_side = side;
            spoiled_kind = NTS_ASK_CREATE;
            how = ways[i];
            w->hook = spoil_once;
            (void)world_add(w, nts_side_other(side), "new", "new");
            (void)world_settle(w);
            (void)world_settle(w);
            tap_int(w->count[side], 2, "a create %s is made once (%d)", title(side), i);
            tap_int(world_differences(w), 0, "... and linked");
        }
    }
}

static void test_unknown_update(void)
{
    static const spoil_t ways[] = { SPOIL_LOST, SPOIL_DONE_UNKNOWN, SPOIL_KILL, SPOIL_KILL_AFTER };
    nts_side_t side;
    int i;

    for (side = NTS_NOTION; side <= NTS_EXTERNAL; side++) {
        for (i = 0; i < (int)(sizeof(ways) / sizeof(ways[0])); i++) {
            world_t *w = linked();
            apr_time_t before = w->now;

            spoiled_side = side;
            spoiled_kind = NTS_ASK_UPDATE;
            how = ways[i];
            w->hook = spoil_once;
            world_edit(w, nts_side_other(side), id_on(w, nts_side_other(side)), NAME,
                       world_text("two"));
            (void)world_settle(w);
            (void)world_settle(w);
            tap_ok(w->now - before >= SEC(90), "S3.7: a write %s is judged after 90 s",
                   title(side));
            tap_str(name_on(w, side), "two", "... and is there in the end (%d)", i);
            tap_int(world_differences(w), 0, "... on both");
        }
    }
}

/* ---- runs ---- */

static void test_lost_events(void)
{
    world_t *w = linked();
    const nts_scan_report_t *report;

    (void)world_add(w, NTS_EXTERNAL, "k9", "found");
    world_edit(w, NTS_EXTERNAL, far_of(w), NAME, world_text("two"));
    world_edit(w, NTS_NOTION, "p1", QTY, world_number(w, "3"));
    world_forget_events(w);
    world_wait(w, SEC(300));
    report = world_scan(w, NTS_SCAN_FULL);
    (void)world_settle(w);
    tap_int(world_differences(w), 0, "a full run finds on both sides what nobody told of");
    tap_int(report->seen[NTS_EXTERNAL], 2, "... for it lists the other side, too");
    w->requests = w->spawned = 0;
    world_wait(w, SEC(300));
    (void)world_scan(w, NTS_SCAN_FULL);
    tap_int(w->spawned, 0, "when all is equal nothing is handed on");
    tap_int(w->requests, 2, "... and a listing of each side is all it costs");
}

static void test_lost_delete(void)
{
    nts_side_t side;

    for (side = NTS_NOTION; side <= NTS_EXTERNAL; side++) {
        world_t *w = linked_among_others();
        const char *far = far_of(w);

        world_remove(w, side, id_on(w, side));
        world_forget_events(w);
        world_wait(w, SEC(300));
        (void)world_scan(w, NTS_SCAN_FULL);
        (void)world_settle(w);
        tap_ok(world_page(w, "p1")->trashed && world_row(w, far)->trashed,
               "a full run misses what was trashed %s, and asks", title(side));
    }
}

/* ---- outside the filter (S5.3) ---- */

static int is_lost(const world_thing_t *thing)
{
    const nts_value_t *name = &thing->values[NAME];

    return name->kind == NTS_VALUE_TEXT && !strcmp(name->as.text, "Lost");
}

/* What is in the trash still shows that it stood outside. */
static void test_deleted_asleep(void)
{
    nts_side_t side;

    for (side = NTS_NOTION; side <= NTS_EXTERNAL; side++) {
        world_t *w = linked();
        const char *far = far_of(w);

        w->is_outside[side] = is_lost;
        world_edit(w, side, id_on(w, side), NAME, world_text("Lost"));
        (void)world_settle(w);
        tap_int(world_link(w, NTS_NOTION, "p1")->state, NTS_LINK_DORMANT,
                "a record sleeps that left the filter %s", title(side));
        world_remove(w, side, side == NTS_NOTION ? "p1" : far);
        (void)world_settle(w);
        tap_str(world_link(w, NTS_NOTION, "p1")->outcome.code, "held.delete",
                "S5.3: to have deleted it there is held for a person");
        tap_int(world_differences(w), 0, "... and excused");
    }
}

static void test_verify(void)
{
    world_t *w = linked();
    const nts_scan_report_t *report = world_scan(w, NTS_SCAN_VERIFY);

    tap_ok(report->equal == 1 && !report->different, "verify finds both sides equal");
    world_edit(w, NTS_EXTERNAL, far_of(w), NAME, world_text("two"));
    report = world_scan(w, NTS_SCAN_VERIFY);
    tap_ok(!report->equal && report->different == 1, "... and a difference");
    world_row(w, far_of(w))->trashed = 1;
    report = world_scan(w, NTS_SCAN_VERIFY);
    tap_ok(report->different == 1 &&
               !strcmp(report->differences[0].what, "only Notion has this record"),
           "... and that a record is in the trash");
}

/* ---- S7.1, S3.2: what a listing shows is enough to write the other side ---- */

#define MANY 20

static const char *many_ids[MANY];

/* MANY records in both workspaces, all of which somebody edits on @a side, which was told of @a ago. */
static world_t *burst(nts_side_t side, apr_interval_time_t ago)
{
    world_t *w;
    int i;

    apr_pool_clear(pool);
    w = world_create(pool);
    world_two_notions(w);
    for (i = 0; i < MANY; i++) {
        (void)world_add(w, NTS_NOTION, apr_psprintf(pool, "n%d", i), "one");
    }
    (void)world_settle(w);
    world_wait(w, SEC(300));
    for (i = 0; i < MANY; i++) {
        const char *page = apr_psprintf(pool, "n%d", i);

        many_ids[i] = side == NTS_NOTION ? page : world_key_of(w, page);
        world_edit(w, side, many_ids[i], NAME, world_text("two"));
    }
    w->page_size = 10;
    w->wanted_side = side;
    w->wanted = many_ids;
    w->wanted_count = MANY;
    w->since = w->now - w->now % SEC(60);
    w->requests = w->writes[NTS_NOTION] = w->writes[NTS_EXTERNAL] = 0;
    world_wait(w, ago);
    return w;
}

static void test_bursts(void)
{
    nts_side_t side;

    for (side = NTS_NOTION; side <= NTS_EXTERNAL; side++) {
        world_t *w = burst(side, SEC(21));
        const nts_scan_report_t *report = world_scan(w, NTS_SCAN_BATCH);

        tap_int(report->found, MANY, "S7.1: a query shows a burst %s", title(side));
        tap_int(w->requests, 2 + 2 * MANY, "... and spares a read of each record");
        tap_int(w->writes[nts_side_other(side)], MANY, "S3.2: the other side is written by it");
        tap_int(world_unsettled(w), 0, "S3.6: what was told is settled");
        tap_int(world_differences(w), 0, "... and both are equal");
        w = burst(side, SEC(19));
        (void)world_scan(w, NTS_SCAN_BATCH);
        tap_int(w->requests, 2 + (side == NTS_NOTION ? 4 : 3) * MANY,
                "S3.6: sooner than 21 s after it was told each is read itself");
        tap_int(world_differences(w) + world_unsettled(w), 0, "... and all is well just the same");
    }
}

/* What a query of the external side shows is no more than a row of a query: what one costs beyond the others for which it will not do. */
static int cost_of_doubt(world_t *w)
{
    int requests;

    (void)world_scan(w, NTS_SCAN_BATCH);
    requests = w->requests;
    tap_int(world_unsettled(w), 0, "all is settled");
    tap_int(world_differences(w), 0, "... and equal");
    return requests - 2 - 2 * MANY;
}

static void test_doubts(void)
{
    world_t *w = burst(NTS_EXTERNAL, SEC(30));
    const nts_link_t *link;

    world_row(w, many_ids[3])->trashed = 1;
    tap_int(cost_of_doubt(w), 1, "S7.1: one that is not shown is read");
    tap_ok(world_page(w, "n3")->trashed, "... and was trashed there");
    w = burst(NTS_EXTERNAL, SEC(30));
    world_link(w, NTS_EXTERNAL, many_ids[5])->touched = w->now - SEC(20);
    tap_int(cost_of_doubt(w), 1, "S3.2: one we touched is read");
    w = burst(NTS_EXTERNAL, SEC(30));
    world_notice(w, NTS_EXTERNAL, many_ids[9]);
    tap_int(cost_of_doubt(w), 1, "S3.6: one there is news of is read");
    w = burst(NTS_EXTERNAL, SEC(30));
    link = world_link(w, NTS_EXTERNAL, many_ids[7]);
    world_remove(w, NTS_NOTION, link->page);
    (void)cost_of_doubt(w);
    tap_ok(!world_page(w, link->page)->trashed,
           "S2.7: an edit that a query shows saves its record");
}

static void test_new_ones(void)
{
    nts_side_t side;

    for (side = NTS_NOTION; side <= NTS_EXTERNAL; side++) {
        world_t *w = linked();
        int i;

        for (i = 0; i < 5; i++) {
            (void)world_add(w, side, apr_psprintf(pool, "new%d", i), "new");
        }
        world_forget_events(w);
        world_wait(w, SEC(300));
        w->requests = 0;
        (void)world_scan(w, NTS_SCAN_FULL);
        tap_int(w->count[nts_side_other(side)], 6, "a run makes what is new %s", title(side));
        tap_int(w->requests, 2 + 5, "S3.2: by its listing, without a read of each");
        tap_int(world_differences(w), 0, "... and both are equal");
    }
}

/* ---- undo ---- */

static void test_undo(void)
{
    world_t *w = linked();

    world_edit(w, NTS_EXTERNAL, far_of(w), NAME, world_text("two"));
    (void)world_settle(w);
    world_wait(w, SEC(300));
    (void)world_undo(w, world_last_entry(w, NTS_ENTRY_UPDATE));
    (void)world_settle(w);
    tap_str(name_on(w, NTS_NOTION), "one", "an edit is taken back here");
    tap_str(name_on(w, NTS_EXTERNAL), "one", "... and there");
    w->mapping.delete_limit_percent = 100;
    (void)world_add(w, NTS_NOTION, "p2", "stays");
    (void)world_add(w, NTS_NOTION, "p3", "stays");
    (void)world_settle(w);
    world_remove(w, NTS_EXTERNAL, far_of(w));
    (void)world_settle(w);
    world_wait(w, SEC(300));
    (void)world_undo(w, world_last_entry(w, NTS_ENTRY_REMOVE));
    (void)world_settle(w);
    tap_ok(!world_page(w, "p1")->trashed && !world_row(w, far_of(w))->trashed,
           "a delete is taken back on both sides, out of both trashes");
    tap_int(world_differences(w), 0, "... and both are equal");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    test_edits();
    test_sets_merge();
    test_renamed();
    test_read_again();
    test_slow();
    test_conflict();
    test_later_wins();
    test_deletes();
    test_delete_against_edit();
    test_deleted_as_made();
    test_slow_restore();
    test_missing();
    test_unknown_create();
    test_unknown_update();
    test_lost_events();
    test_lost_delete();
    test_deleted_asleep();
    test_verify();
    test_bursts();
    test_doubts();
    test_new_ones();
    test_undo();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
