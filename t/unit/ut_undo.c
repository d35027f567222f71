/* Proves S5.5 and S6.10: what is undone is as it was before, on both sides; undoing the undo brings it back; and what was
 * edited since is left alone, and named. */
#include <string.h>

#include "sync_world.h"
#include "tap/tap.h"

static apr_pool_t *p;

static world_t *linked(void)
{
    world_t *w = world_create(p);

    (void)world_add(w, NTS_NOTION, "p1", "one");
    (void)world_add(w, NTS_NOTION, "p2", "two");
    (void)world_add(w, NTS_NOTION, "p3", "three");
    (void)world_settle(w);
    world_wait(w, apr_time_from_sec(300));
    return w;
}

static nts_link_t *link_of(world_t *w)
{
    return world_link(w, NTS_NOTION, "p1");
}

static nts_entry_t *last_of(world_t *w, nts_entry_op_t op)
{
    nts_entry_t *entry = world_last_entry(w, op);

    if (!entry) {
        printf("Bail out! no such entry\n");
    }
    return entry;
}

static const char *both(world_t *w)
{
    return apr_psprintf(p, "%s/%s", world_text_of(world_page(w, "p1"), NAME),
                        world_text_of(world_row(w, link_of(w)->key), NAME));
}

static nts_outcome_t refused; /* the last undo */

static int says(const char *text)
{
    return refused.what && strstr(refused.what, text);
}

static void undo(world_t *w, nts_entry_t *entry)
{
    (void)world_undo(w, entry);
    refused = w->refused;
    (void)world_settle(w);
}

static void test_update(void)
{
    world_t *w = linked();
    nts_entry_t *entry;

    world_edit(w, NTS_NOTION, "p1", NAME, world_text("uno"));
    (void)world_settle(w);
    entry = last_of(w, NTS_ENTRY_UPDATE);
    undo(w, entry);
    tap_str(both(w), "one/one", "an undo, on both sides");
    undo(w, last_of(w, NTS_ENTRY_UPDATE));
    tap_str(both(w), "uno/uno", "an undo of the undo");
    world_edit(w, NTS_EXTERNAL, link_of(w)->key, NAME, world_text("due"));
    (void)world_settle(w);
    undo(w, entry);
    tap_str(both(w), "due/due", "edited since: left alone");
    tap_str(refused.code, "undo.edited", "and refused");
    tap_ok(says("Name <-> name") && says("'uno'") && says("'due'"),
           "with the field and its values: %s", refused.what);
}

/* Two fields in one entry, one of them edited since: neither goes half the way. */
static void test_half(void)
{
    world_t *w = linked();
    nts_entry_t *entry;

    world_page(w, "p1")->values[QTY] = world_number(w, "7");
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("uno"));
    (void)world_settle(w);
    entry = last_of(w, NTS_ENTRY_UPDATE);
    tap_int(entry->field_count, 2, "an entry of two fields");
    world_edit(w, NTS_NOTION, "p1", QTY, world_number(w, "8"));
    (void)world_settle(w);
    undo(w, entry);
    tap_str(both(w), "uno/uno", "one edited since: none is taken back");
    tap_ok(says("Qty") && !says("Name"), "it says which");
}

static void test_create(void)
{
    world_t *w = linked();
    const char *key = link_of(w)->key;
    nts_entry_t *entry = w->entries[0], *removed;

    world_edit(w, NTS_NOTION, "p1", NAME, world_text("uno"));
    (void)world_settle(w);
    undo(w, entry);
    tap_ok(world_row(w, key)->there, "a created copy that has changed since stays");
    tap_str(refused.code, "undo.edited", "refused");
    undo(w, last_of(w, NTS_ENTRY_UPDATE));
    undo(w, entry);
    tap_ok(!world_row(w, key)->there, "once the later change is taken back, it goes");
    tap_int(link_of(w)->state, NTS_LINK_IGNORED, "its origin is not synced any more");
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("eins"));
    (void)world_settle(w);
    tap_ok(!world_row(w, key)->there, "whatever is edited there");
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("one"));
    (void)world_settle(w);
    removed = last_of(w, NTS_ENTRY_REMOVE);
    undo(w, removed);
    tap_ok(world_row(w, key)->there, "an undo of that undo: the copy is back");
    tap_int(link_of(w)->state, NTS_LINK_ACTIVE, "and the record is synced again");
    tap_str(both(w), "one/one", "equal");
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("uno"));
    (void)world_settle(w);
    tap_str(both(w), "uno/uno", "and goes on");
}

/* S4.4, seed 406776 of the simulation: a new row got the key of a copy that had been taken back. Nobody ever synced it, and an undo of
 * what had been written to the copy went to it. */
static void test_key_of_copy(void)
{
    world_t *w = linked();
    const char *key = link_of(w)->key;
    nts_entry_t *created = w->entries[0], *update, *removed;
    nts_link_t *link;

    world_edit(w, NTS_NOTION, "p1", NAME, world_text("uno"));
    (void)world_settle(w);
    update = last_of(w, NTS_ENTRY_UPDATE);
    undo(w, update);
    undo(w, created);
    removed = last_of(w, NTS_ENTRY_REMOVE);
    (void)world_add(w, NTS_EXTERNAL, key, "new");
    (void)world_settle(w);
    link = world_link(w, NTS_EXTERNAL, key);
    tap_ok(link && link->page && strcmp(link->page, "p1") != 0,
           "a new row under the key of a copy that was taken back gets a page of its own");
    undo(w, update);
    tap_str(refused.code, "undo.impossible", "what was written to the copy cannot be taken back");
    undo(w, removed);
    tap_str(refused.code, "undo.nothing", "nor does the copy come back under that key");
    tap_str(world_text_of(world_row(w, key), NAME), "new", "the new row is as it was");
    tap_int(link_of(w)->state, NTS_LINK_IGNORED, "the page is still not synced");
    world_remove(w, NTS_EXTERNAL, key);
    (void)world_settle(w);
    undo(w, removed);
    tap_ok(world_row(w, key)->there, "it comes back when the key is free");
    tap_str(link_of(w)->key, key, "under that");
    tap_int(link_of(w)->state, NTS_LINK_ACTIVE, "and is synced again");
}

static void test_create_in_notion(void)
{
    world_t *w = linked();
    const char *page;

    (void)world_add(w, NTS_EXTERNAL, "x1", "new");
    (void)world_settle(w);
    page = world_link(w, NTS_EXTERNAL, "x1")->page;
    undo(w, last_of(w, NTS_ENTRY_CREATE));
    tap_int(world_page(w, page)->trashed, 1, "a created page goes to the trash");
    tap_ok(world_row(w, "x1")->there, "its origin stays");
    undo(w, last_of(w, NTS_ENTRY_REMOVE));
    tap_int(world_page(w, page)->trashed, 0, "and comes back");
    tap_int(world_link(w, NTS_EXTERNAL, "x1")->state, NTS_LINK_ACTIVE, "synced again");
    tap_int(world_differences(w), 0, "equal");
}

/* Seed 440007 of the simulation: the undo of a create was tried twice. Who took back the try that came to nothing got the page back. */
static void test_not_applied(void)
{
    world_t *w = linked();
    nts_entry_t failed;
    const char *page;

    (void)world_add(w, NTS_EXTERNAL, "x1", "new");
    (void)world_settle(w);
    page = world_link(w, NTS_EXTERNAL, "x1")->page;
    undo(w, last_of(w, NTS_ENTRY_CREATE));
    failed = *last_of(w, NTS_ENTRY_REMOVE);
    failed.state = NTS_ENTRY_NOT_APPLIED;
    undo(w, &failed);
    tap_str(refused.code, "undo.nothing", "what did not happen is not taken back");
    tap_int(world_page(w, page)->trashed, 1, "what came of a later try is left alone");
}

static void test_delete(nts_side_t side)
{
    world_t *w = linked();
    const char *key = link_of(w)->key, *name = nts_side_name(side);
    nts_entry_t *restored;

    world_remove(w, side, side == NTS_NOTION ? "p1" : key);
    (void)world_settle(w);
    undo(w, last_of(w, NTS_ENTRY_REMOVE));
    tap_ok(!world_page(w, "p1")->trashed && world_row(w, key)->there,
           "a delete in %s is taken back on both sides", name);
    restored = last_of(w, NTS_ENTRY_RESTORE);
    undo(w, restored);
    tap_ok(world_page(w, "p1")->trashed && !world_row(w, key)->there,
           "and the undo of that deletes both again");
    tap_int(link_of(w)->state, NTS_LINK_TOMBSTONE, "as a delete, not as a record not to be synced");
    tap_int(world_differences(w), 0, "equal");
    undo(w, last_of(w, NTS_ENTRY_REMOVE));
    tap_ok(!world_page(w, "p1")->trashed && world_row(w, key)->there, "and back once more");
}

/* What was edited since a record came back does not go with it. */
static void test_restore_edited(nts_side_t edited, int synced)
{
    world_t *w = linked();
    const char *key = link_of(w)->key, *name = nts_side_name(edited);
    nts_entry_t *restored;

    world_remove(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    undo(w, last_of(w, NTS_ENTRY_REMOVE));
    restored = last_of(w, NTS_ENTRY_RESTORE);
    tap_ok(restored->field_count > 0, "a restore tells what came back");
    world_edit(w, edited, edited == NTS_NOTION ? "p1" : key, NAME, world_text("edited"));
    if (synced) {
        (void)world_settle(w);
    }
    undo(w, restored);
    tap_str(both(w), "edited/edited", "edited in %s since, %s: both stay", name,
            synced ? "synced" : "not synced yet");
    tap_ok(world_row(w, key)->there && !world_page(w, "p1")->trashed, "and live");
    tap_str(refused.code, "undo.edited", "refused");
    tap_ok(says("Name"), "with the field: %s", refused.what);
}

/* The edit falls between the two deletes: the record lives, with the edit. */
static spoil_t edit_page_at_remove(world_t *w, const nts_call_t *call)
{
    if (call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_REMOVE && !w->hook_count++) {
        world_edit(w, NTS_NOTION, "p1", NAME, world_text("edited"));
    }
    return SPOIL_NOTHING;
}

static void test_restore_edited_between(void)
{
    world_t *w = linked();
    const char *key = link_of(w)->key;

    world_remove(w, NTS_EXTERNAL, key);
    (void)world_settle(w);
    undo(w, last_of(w, NTS_ENTRY_REMOVE));
    w->hook = edit_page_at_remove;
    undo(w, last_of(w, NTS_ENTRY_RESTORE));
    tap_int(w->hook_count > 0, 1, "an edit while the first side is deleted");
    tap_str(both(w), "edited/edited", "is on both sides, and both live");
    tap_ok(world_row(w, key)->there && !world_page(w, "p1")->trashed, "and live");
}

/* Somebody edits another field of the row just before the undo writes it: it reads again, and is done. */
static spoil_t edit_row_at_update(world_t *w, const nts_call_t *call)
{
    if (call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_UPDATE &&
        call->ask.side == NTS_EXTERNAL && !w->hook_count++) {
        world_edit(w, NTS_EXTERNAL, link_of(w)->key, QTY, world_number(w, "7"));
    }
    return SPOIL_NOTHING;
}

static void test_stale(void)
{
    world_t *w = linked();
    nts_entry_t *entry;

    world_edit(w, NTS_NOTION, "p1", NAME, world_text("uno"));
    (void)world_settle(w);
    entry = last_of(w, NTS_ENTRY_UPDATE);
    w->hook = edit_row_at_update;
    undo(w, entry);
    tap_int(w->hook_count > 0, 1, "another field was edited under the undo");
    tap_str(both(w), "one/one", "it is taken back all the same");
    tap_ok(nts_value_equal(&world_page(w, "p1")->values[QTY],
                           &world_row(w, link_of(w)->key)->values[QTY]),
           "and the edit is on both sides");
}

/* The entries of an undo say so; what else the job finds to do is an edit like any other. */
static void test_follows(void)
{
    world_t *w = linked();
    nts_entry_t *entry;
    int i, own = 0, others = 0;

    world_edit(w, NTS_NOTION, "p1", NAME, world_text("uno"));
    (void)world_settle(w);
    entry = last_of(w, NTS_ENTRY_UPDATE);
    i = w->entry_count;
    world_edit(w, NTS_EXTERNAL, link_of(w)->key, QTY, world_number(w, "7"));
    undo(w, entry);
    for (; i < w->entry_count; i++) {
        own += w->entries[i]->op == NTS_ENTRY_UPDATE && w->entries[i]->undoes == entry->id;
        others += w->entries[i]->op == NTS_ENTRY_UPDATE && !w->entries[i]->undoes;
    }
    tap_str(both(w), "one/one", "taken back");
    tap_int(own, 1, "one entry is the undo");
    tap_int(others, 1, "what followed is not");
}

/* A job whose undo is refused settles the notices it was given only with what they are about. */
static void test_refused_goes_on(void)
{
    world_t *w = linked();
    nts_entry_t *entry;

    world_edit(w, NTS_NOTION, "p1", NAME, world_text("uno"));
    (void)world_settle(w);
    entry = last_of(w, NTS_ENTRY_UPDATE);
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("due"));
    undo(w, entry);
    tap_str(refused.code, "undo.edited", "refused for an edit that was not synced yet");
    tap_str(both(w), "due/due", "which is synced");
}

/* Deleted on one side meanwhile: that is decided as any delete, and nothing was taken back. */
static void test_deleted_meanwhile(void)
{
    world_t *w = linked();
    const char *key = link_of(w)->key;
    nts_entry_t *entry;

    world_edit(w, NTS_NOTION, "p1", NAME, world_text("uno"));
    (void)world_settle(w);
    entry = last_of(w, NTS_ENTRY_UPDATE);
    world_remove(w, NTS_NOTION, "p1");
    undo(w, entry);
    tap_str(refused.code, "undo.impossible", "an undo on a record that is deleted is refused");
    tap_ok(!world_row(w, key)->there, "the delete goes its way");
    tap_int(link_of(w)->state, NTS_LINK_TOMBSTONE, "to its end");
    tap_int(last_of(w, NTS_ENTRY_REMOVE)->undoes, 0, "and is no undo");
    tap_int(w->counted[last_of(w, NTS_ENTRY_REMOVE)->id - 1], 1, "S4.2: so it counts as a delete");
}

static int die_at;

static spoil_t die(world_t *w, const nts_call_t *call)
{
    (void)call;
    if (w->hook_count++ == die_at / 2) {
        return die_at % 2 ? SPOIL_KILL_AFTER : SPOIL_KILL;
    }
    return SPOIL_NOTHING;
}

static void test_death(void)
{
    int bad = 0;

    for (die_at = 0; die_at < 40; die_at++) {
        world_t *w = linked();
        nts_entry_t *entry;

        world_edit(w, NTS_NOTION, "p1", NAME, world_text("uno"));
        (void)world_settle(w);
        entry = last_of(w, NTS_ENTRY_UPDATE);
        w->writes[0] = w->writes[1] = 0;
        w->hook = die;
        w->hook_count = 0;
        (void)world_undo(w, entry);
        w->hook = NULL;
        undo(w, entry);
        if (strcmp(both(w), "one/one") != 0 || w->writes[0] > 1 || w->writes[1] > 1) {
            tap_diag("death %d: %s, %d and %d writes", die_at, both(w), w->writes[0], w->writes[1]);
        }
        bad += strcmp(both(w), "one/one") != 0 || w->writes[0] > 1 || w->writes[1] > 1;
    }
    tap_int(bad, 0, "an undo that dies anywhere is done by asking again, once");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_update();
    test_half();
    test_create();
    test_key_of_copy();
    test_create_in_notion();
    test_not_applied();
    test_delete(NTS_NOTION);
    test_delete(NTS_EXTERNAL);
    test_restore_edited(NTS_NOTION, 0);
    test_restore_edited(NTS_NOTION, 1);
    test_restore_edited(NTS_EXTERNAL, 0);
    test_restore_edited(NTS_EXTERNAL, 1);
    test_restore_edited_between();
    test_stale();
    test_follows();
    test_refused_goes_on();
    test_deleted_meanwhile();
    test_death();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
