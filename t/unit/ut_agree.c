/* Proves what is known to be agreed. Both sides' bases move as soon as both were seen equal (S1), also while another field of the record cannot be
 * written: else what one side changes later looks like a conflict, and an untouched side like an edited one. */
#include <string.h>

#include "sync_world.h"
#include "tap/tap.h"

static apr_pool_t *p;

/* No update of a row is accepted: a constraint forbids the value of one field. */
static spoil_t refuse_rows(world_t *w, const nts_call_t *call)
{
    (void)w;
    return call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_UPDATE &&
                   call->ask.side == NTS_EXTERNAL
               ? SPOIL_REFUSED
               : SPOIL_NOTHING;
}

static void refuse_some_rounds(world_t *w, const char *key)
{
    world_wait(w, apr_time_from_sec(300));
    world_notice(w, NTS_NOTION, "p1");
    tap_int(world_run(w, NTS_EXTERNAL, key), NTS_STEP_TROUBLE, "a field is refused: parked");
    world_wait(w, apr_time_from_sec(300));
}

/* Page and row, whose names people changed to the same, and a number that the row does not take. @return its key */
static const char *agreed_beside_refused(world_t *w)
{
    const char *key;

    w->mapping.conflict = NTS_CONFLICT_NOTION;
    (void)world_add(w, NTS_NOTION, "p1", "one");
    (void)world_add(w, NTS_NOTION, "p2", "two");
    (void)world_add(w, NTS_NOTION, "p3", "three");
    (void)world_settle(w);
    key = world_link(w, NTS_NOTION, "p1")->key;
    w->hook = refuse_rows;
    world_wait(w, apr_time_from_sec(300));
    world_edit(w, NTS_NOTION, "p1", QTY, world_number(w, "7"));
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("same"));
    world_edit(w, NTS_EXTERNAL, key, NAME, world_text("same"));
    refuse_some_rounds(w, key);
    return key;
}

static void test_edit_afterwards(void)
{
    world_t *w = world_create(p);
    const char *key = agreed_beside_refused(w);

    world_edit(w, NTS_EXTERNAL, key, NAME, world_text("later"));
    (void)world_run(w, NTS_EXTERNAL, key);
    w->hook = NULL;
    (void)world_settle(w);
    tap_str(world_page(w, "p1")->values[NAME].as.text, "later",
            "6.3: only the row was edited since: no rule lets the page win");
    tap_str(world_row(w, key)->values[NAME].as.text, "later", "on both sides");
    tap_int(world_differences(w), 0, "and the refused field arrives when it is taken");
}

static void test_delete_afterwards(void)
{
    world_t *w = world_create(p);
    const char *key = agreed_beside_refused(w);

    w->hook = NULL;
    world_remove(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    tap_ok(!world_row(w, key)->there, "2.7: nobody edited the row since both were equal");

    w = world_create(p);
    key = agreed_beside_refused(w);
    world_edit(w, NTS_EXTERNAL, key, NAME, world_text("one"));
    w->hook = NULL;
    world_remove(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    tap_ok(world_row(w, key)->there && !world_page(w, "p1")->trashed,
           "2.7: what stood there before both were equal is an edit when it comes again");
    tap_str(world_page(w, "p1")->values[NAME].as.text, "one", "and the page gets it");
}

/* The first update of a page arrives, and nobody hears of it. */
static spoil_t lose_update(world_t *w, const nts_call_t *call)
{
    return call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_UPDATE &&
                   call->ask.side == NTS_NOTION && !w->hook_count++
               ? SPOIL_DONE_UNKNOWN
               : SPOIL_NOTHING;
}

/* What we added, and of which nobody knows whether it arrived, is taken out again on one side, while people edit the other. */
static void test_members_of_unknown_fate(void)
{
    world_t *w = world_create(p);
    const char *key;

    (void)world_add(w, NTS_NOTION, "p1", "one");
    world_page(w, "p1")->values[TAGS] = world_tags(w, NTS_NOTION, "ab");
    (void)world_settle(w);
    key = world_link(w, NTS_NOTION, "p1")->key;
    world_wait(w, apr_time_from_sec(300));
    w->hook = lose_update;
    world_edit(w, NTS_EXTERNAL, key, TAGS, world_tags(w, NTS_EXTERNAL, "abc"));
    (void)world_run(w, NTS_EXTERNAL, key);
    world_wait(w, apr_time_from_sec(30));
    world_edit(w, NTS_EXTERNAL, key, TAGS, world_tags(w, NTS_EXTERNAL, "ad"));
    world_edit(w, NTS_NOTION, "p1", TAGS, world_tags(w, NTS_NOTION, "bc"));
    (void)world_settle(w);
    tap_str(world_row(w, key)->values[TAGS].as.text, world_tags(w, NTS_EXTERNAL, "d").as.text,
            "3.7: a member that arrived and was taken out since stays out");
    tap_int(world_differences(w), 0, "on both sides");
}

/* S4.4: while our update of the page is answered, the store learns that the row has another key. */
static spoil_t move_key(world_t *w, const nts_call_t *call)
{
    if (call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_UPDATE &&
        call->ask.side == NTS_NOTION && !w->hook_count++) {
        world_row(w, w->links[0]->key)->id = "moved";
        w->links[0]->key = "moved";
        world_notice(w, NTS_EXTERNAL, "moved");
    }
    return SPOIL_NOTHING;
}

static void test_key_moves_meanwhile(void)
{
    world_t *w = world_create(p);
    const char *key;

    w->mapping.tie = NTS_EXTERNAL;
    (void)world_add(w, NTS_NOTION, "p1", "one");
    (void)world_settle(w);
    key = world_link(w, NTS_NOTION, "p1")->key;
    world_wait(w, apr_time_from_sec(300));
    w->hook = move_key;
    world_edit(w, NTS_EXTERNAL, key, NAME, world_text("two"));
    (void)world_run(w, NTS_EXTERNAL, key);
    tap_str(world_last_entry(w, NTS_ENTRY_UPDATE)->state == NTS_ENTRY_APPLIED ? "applied" : "open",
            "applied", "3.6: the answer to our write is not forgotten because the key moved");
    world_wait(w, apr_time_from_sec(10));
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("later"));
    (void)world_settle(w);
    tap_str(world_row(w, "moved")->values[NAME].as.text, "later", "6.3: and a later edit wins");
    tap_int(world_differences(w), 0, "on both sides");
}

static spoil_t move_key_and_refuse(world_t *w, const nts_call_t *call)
{
    int is_first = !w->hook_count;

    (void)move_key(w, call);
    return is_first && w->hook_count ? SPOIL_NOT_DONE : SPOIL_NOTHING;
}

static int updates_of(const world_t *w, nts_entry_state_t state)
{
    int i, n = 0;

    for (i = 0; i < w->entry_count; i++) {
        n += w->entries[i]->op == NTS_ENTRY_UPDATE && w->entries[i]->side == NTS_NOTION &&
             w->entries[i]->state == state;
    }
    return n;
}

/* Seed 51034 of the simulation: Notion refused our update (409) as the key moved. That nobody knew for 90 s, so that what a person
 * then gave the page counted as our write. */
static void test_key_moves_as_refused(void)
{
    world_t *w = world_create(p);
    const char *key;

    w->mapping.conflict = NTS_CONFLICT_NOTION;
    (void)world_add(w, NTS_NOTION, "p1", "one");
    (void)world_settle(w);
    key = world_link(w, NTS_NOTION, "p1")->key;
    world_wait(w, apr_time_from_sec(300));
    w->hook = move_key_and_refuse;
    world_edit(w, NTS_EXTERNAL, key, NAME, world_text("two"));
    (void)world_run(w, NTS_EXTERNAL, key);
    tap_int(updates_of(w, NTS_ENTRY_PENDING), 0,
            "3.6: that our write was refused is not forgotten because the key moved");
    tap_int(updates_of(w, NTS_ENTRY_NOT_APPLIED), 1, "the audit has it");
    tap_str(world_page(w, "p1")->values[NAME].as.text, "two", "and it is done again at once");
    tap_int(world_differences(w), 0, "on both sides");
}

/* A create is done, and its answer lost. */
static spoil_t lose_create(world_t *w, const nts_call_t *call)
{
    return call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_CREATE &&
                   call->ask.side == NTS_NOTION && !w->hook_count++
               ? SPOIL_DONE_UNKNOWN
               : SPOIL_NOTHING;
}

/* Seed 408629 of the simulation: Notion fills in the status that a row left empty, nobody knows yet that the page was made, and
 * meanwhile somebody gives the row one. */
static void test_default_of_unknown_create(void)
{
    int is_touched;

    for (is_touched = 0; is_touched < 2; is_touched++) {
        world_t *w = world_create(p);
        world_thing_t *page;

        w->mapping.conflict = NTS_CONFLICT_NOTION;
        w->hook = lose_create;
        (void)world_add(w, NTS_EXTERNAL, "x1", "one");
        (void)world_run(w, NTS_EXTERNAL, "x1");
        page = &w->side[NTS_NOTION][0];
        page->values[STAGE] = world_stage(w, "Lead");
        world_wait(w, apr_time_from_sec(10));
        world_edit(w, NTS_EXTERNAL, "x1", STAGE, world_text("Won"));
        if (is_touched) {
            world_edit(w, NTS_NOTION, page->id, NAME, world_text("two"));
        }
        (void)world_settle(w);
        tap_int(w->count[NTS_NOTION], 1, "3.7: the page was found");
        tap_str(world_row(w, "x1")->values[STAGE].as.text, is_touched ? "Lead" : "Won",
                is_touched ? "3.7: of a page that people edited nobody can tell: the rule decides"
                           : "3.5: a default is no edit, and loses to one");
        tap_int(world_differences(w), 0, "on both sides");
    }
}

/* S4.4: the row that we brought back has another key before its page was read again. */
static spoil_t move_restored(world_t *w, const nts_call_t *call)
{
    const nts_entry_t *restore = world_last_entry(w, NTS_ENTRY_RESTORE);

    if (restore && call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_READ &&
        call->ask.side == NTS_NOTION && !w->hook_count++) {
        world_thing_t *row = world_row(w, w->links[0]->key);

        (void)world_add(w, NTS_EXTERNAL, "moved", world_text_of(row, NAME));
        row->there = 0;
        w->links[0]->key = "moved";
        world_notice(w, NTS_EXTERNAL, "moved");
    }
    return SPOIL_NOTHING;
}

static void test_key_of_restored_moves(void)
{
    world_t *w = world_create(p);
    const char *key;
    int i, rows = 0;

    (void)world_add(w, NTS_NOTION, "p1", "one");
    (void)world_add(w, NTS_NOTION, "p2", "two");
    (void)world_settle(w);
    key = world_link(w, NTS_NOTION, "p1")->key;
    world_wait(w, apr_time_from_sec(300));
    w->hook = move_restored;
    world_remove(w, NTS_EXTERNAL, key);
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("edited"));
    (void)world_settle(w);
    for (i = 0; i < w->count[NTS_EXTERNAL]; i++) {
        rows += w->side[NTS_EXTERNAL][i].there;
    }
    tap_int(w->hook_count > 0, 1, "2.7: the row came back, and got another key");
    tap_int(rows, 2, "4.4, 6.6: it is not brought back a second time under the former one");
    tap_str(world_key_of(w, "p1"), "moved", "4.4: the record has the key that its row has now");
    tap_int(world_differences(w), 0, "6.1: and both sides are equal");
}

static apr_interval_time_t page_awaited; /* for so long the page's first read stands in line */

/* Meanwhile the page gets what was read of the row, which gets something else. */
static spoil_t edit_crosswise(world_t *w, const nts_call_t *call)
{
    if (call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_READ &&
        call->ask.side == NTS_NOTION && !w->hook_count++) {
        world_wait(w, page_awaited / 2);
        world_edit(w, NTS_EXTERNAL, w->links[0]->key, NAME, world_text("three"));
        world_wait(w, page_awaited / 2);
        world_edit(w, NTS_NOTION, "p1", NAME, world_text("two"));
    }
    return SPOIL_NOTHING;
}

/* A row is edited to "two", and read; then its page is awaited. @return what both sides show in the end */
static const char *cross(world_t *w, apr_interval_time_t awaited)
{
    const char *key;

    (void)world_add(w, NTS_NOTION, "p1", "one");
    (void)world_settle(w);
    key = world_link(w, NTS_NOTION, "p1")->key;
    world_wait(w, apr_time_from_sec(300));
    page_awaited = awaited;
    w->hook = edit_crosswise;
    world_edit(w, NTS_EXTERNAL, key, NAME, world_text("two"));
    (void)world_settle(w);
    tap_int(world_differences(w), 0, "6.1: both sides are equal");
    return world_text_of(world_page(w, "p1"), NAME);
}

/* Seeds 33471 and 8495 of the simulation: what the row showed long before the page was read counted as what both agreed on, so that a
 * newer edit of the page was overwritten as if it was none. */
static void test_equal_at_different_times(void)
{
    nts_conflict_t rules[] = { NTS_CONFLICT_NOTION, NTS_CONFLICT_EXTERNAL };
    int i;

    for (i = 0; i < 2; i++) {
        world_t *w = world_create(p);

        w->mapping.conflict = rules[i];
        tap_str(
            cross(w, apr_time_from_sec(40)), i ? "three" : "two",
            "2.5: values that were equal at different times are a conflict, and the rule decides");
        tap_ok(!world_last_entry(w, NTS_ENTRY_AGREE), "2.3: nothing was agreed on");
    }
}

/* Meanwhile a member that the row showed without is taken out of the page, and put into the row again. */
static spoil_t edit_members(world_t *w, const nts_call_t *call)
{
    if (call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_READ &&
        call->ask.side == NTS_NOTION && !w->hook_count++) {
        world_wait(w, page_awaited / 2);
        world_edit(w, NTS_EXTERNAL, w->links[0]->key, TAGS, world_tags(w, NTS_EXTERNAL, "b"));
        world_wait(w, page_awaited / 2);
        world_edit(w, NTS_NOTION, "p1", TAGS, world_tags(w, NTS_NOTION, "a"));
    }
    return SPOIL_NOTHING;
}

static void test_members_at_different_times(void)
{
    world_t *w = world_create(p);
    const char *key;

    (void)world_add(w, NTS_NOTION, "p1", "one");
    world_page(w, "p1")->values[TAGS] = world_tags(w, NTS_NOTION, "ab");
    (void)world_settle(w);
    key = world_link(w, NTS_NOTION, "p1")->key;
    world_wait(w, apr_time_from_sec(300));
    page_awaited = apr_time_from_sec(40);
    w->hook = edit_members;
    world_edit(w, NTS_EXTERNAL, key, TAGS, nts_value_null);
    (void)world_settle(w);
    tap_int(world_row(w, key)->values[TAGS].kind, NTS_VALUE_NULL,
            "2.4: a member that both were without at different times only is still an edit");
    tap_int(world_differences(w), 0, "6.1: both sides are equal");
}

/* The same while another field of the row is new, and each read of the page is awaited: what both do show is agreed on at once. */
static spoil_t await_pages(world_t *w, const nts_call_t *call)
{
    if (call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_READ &&
        call->ask.side == NTS_NOTION) {
        world_wait(w, apr_time_from_sec(40));
        w->hook_count++;
    }
    return SPOIL_NOTHING;
}

static void test_agreed_in_a_long_line(void)
{
    world_t *w = world_create(p);
    const char *key;

    (void)world_add(w, NTS_NOTION, "p1", "one");
    (void)world_settle(w);
    key = world_link(w, NTS_NOTION, "p1")->key;
    world_wait(w, apr_time_from_sec(300));
    w->hook = await_pages;
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("same"));
    world_edit(w, NTS_EXTERNAL, key, NAME, world_text("same"));
    world_edit(w, NTS_EXTERNAL, key, QTY, world_number(w, "7"));
    tap_int(world_run(w, NTS_EXTERNAL, key), NTS_STEP_DONE, "2.3: a long line does not keep it");
    tap_int(w->hook_count, 2, "3.1: the page is read once more, to be written after the row");
    tap_ok(world_last_entry(w, NTS_ENTRY_AGREE) != NULL, "2.3: the names are agreed on");
    tap_int(world_differences(w), 0, "6.1: both sides are equal");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_edit_afterwards();
    test_delete_afterwards();
    test_members_of_unknown_fate();
    test_key_moves_meanwhile();
    test_key_moves_as_refused();
    test_key_of_restored_moves();
    test_default_of_unknown_create();
    test_equal_at_different_times();
    test_members_at_different_times();
    test_agreed_in_a_long_line();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
