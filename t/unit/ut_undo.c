/* Proves S5.5 and S6.10: what is undone is as it was before, on both sides; undoing the undo brings it back; and what was
 * edited since is left alone, and named. */
#include <string.h>

#include "sync_world.h"
#include "tap/tap.h"

static apr_pool_t *p;

static const char *text_of(const world_thing_t *thing, int pair)
{
    return thing && thing->values[pair].kind == NTS_VALUE_TEXT ? thing->values[pair].as.text : "";
}

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
    return apr_psprintf(p, "%s/%s", text_of(world_page(w, "p1"), NAME),
                        text_of(world_row(w, link_of(w)->key), NAME));
}

static void undo(world_t *w, nts_entry_t *entry)
{
    (void)world_undo(w, entry);
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
    tap_str(w->outcome.code, "undo.edited", "and refused");
    tap_ok(strstr(w->outcome.what, "Name <-> name") && strstr(w->outcome.what, "'uno'") &&
               strstr(w->outcome.what, "'due'"),
           "with the field and its values: %s", w->outcome.what);
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
    tap_ok(strstr(w->outcome.what, "Qty") && !strstr(w->outcome.what, "Name"), "it says which");
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
    tap_str(w->outcome.code, "undo.edited", "refused");
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
    test_create_in_notion();
    test_delete(NTS_NOTION);
    test_delete(NTS_EXTERNAL);
    test_death();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
