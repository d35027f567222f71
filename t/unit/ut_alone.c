/* Proves S2.7 for rows that have children: one that would come back without what its delete took along waits for a person, who is told what that
 * was; so does one that somebody else deleted from a table to whose rows others refer; all others come back as ever. */
#include <string.h>

#include "sync_world.h"
#include "tap/tap.h"

#define TAKEN "3 rows of orders were deleted with it"

static apr_pool_t *p;

static nts_link_t *link_of(world_t *w)
{
    return world_link(w, NTS_NOTION, "p1");
}

static world_thing_t *row_of(world_t *w)
{
    return world_row(w, world_key_of(w, "p1"));
}

static const char *code_of(world_t *w)
{
    const nts_issue_t *issue = nts_link_issue(link_of(w), 0);

    return link_of(w)->trouble == NTS_TROUBLE_HELD && issue ? issue->code : "none";
}

static int says(world_t *w, const char *text)
{
    return link_of(w)->outcome.what && strstr(link_of(w)->outcome.what, text) != NULL;
}

static world_t *with_children(const char *children)
{
    world_t *w = world_create(p);

    (void)world_add(w, NTS_NOTION, "p1", "one");
    (void)world_add(w, NTS_NOTION, "p2", "two");
    (void)world_add(w, NTS_NOTION, "p3", "three");
    (void)world_settle(w);
    world_wait(w, apr_time_from_sec(300));
    row_of(w)->children = children;
    return w;
}

/* Its page was trashed, the row deleted for it; then the page comes out of the trash. */
static world_t *restored_page(const char *children)
{
    world_t *w = with_children(children);

    world_remove(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    world_page(w, "p1")->trashed = 0;
    world_notice(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    return w;
}

static void test_page_restored(void)
{
    world_t *w = restored_page(NULL);

    tap_ok(row_of(w)->there, "S2.7: a row without children comes back with its page");
    tap_int(w->referrers_asked, 0, "and nobody is asked: our own delete has counted");

    w = restored_page(TAKEN);
    tap_ok(!row_of(w)->there, "S2.7: one whose children went with it does not");
    tap_str(code_of(w), "held.children", "it is held");
    tap_ok(says(w, TAKEN), "what went with it is said: %s", link_of(w)->outcome.what);
    tap_str(world_last_entry(w, NTS_ENTRY_REMOVE)->taken, TAKEN, "the audit keeps that");
    tap_int(nts_link_is_held_delete(link_of(w)), 1, "shown with both choices");
    w->writes[NTS_EXTERNAL] = 0;
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("uno"));
    (void)world_settle(w);
    world_wait(w, apr_time_from_sec(90000));
    world_notice(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    tap_int(w->writes[NTS_EXTERNAL], 0, "nothing is written, however often it is looked at");
    tap_str(code_of(w), "held.children", "it is held still");

    (void)world_rule(w, link_of(w), -1, NTS_CHOICE_RESTORE);
    (void)world_settle(w);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_ok(row_of(w)->there, "a person says restore: it comes back");
    tap_str(world_last_entry(w, NTS_ENTRY_RESTORE)->note, "alice decided: restore",
            "the audit says who");
    tap_int(link_of(w)->trouble, NTS_TROUBLE_NONE, "and is not held a second time");
    tap_int(world_differences(w), 0, "equal");

    w = restored_page(TAKEN);
    (void)world_rule(w, link_of(w), -1, NTS_CHOICE_DELETE);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_int(world_page(w, "p1")->trashed, 1, "or delete: the page goes again");
    tap_str(world_last_entry(w, NTS_ENTRY_REMOVE)->taken, TAKEN, "and what went is still known");
    world_page(w, "p1")->trashed = 0;
    world_notice(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    tap_str(code_of(w), "held.children", "so that the next time it is held, too");

    w = restored_page(TAKEN);
    world_remove(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    tap_str(code_of(w), "none", "whoever trashes the page again has decided");
}

/* Somebody else deleted it: what went with it nobody has counted. */
static world_t *lost_row(const char *referrers)
{
    world_t *w = with_children(NULL);

    w->referrers = referrers;
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("uno"));
    world_remove(w, NTS_EXTERNAL, row_of(w)->id);
    (void)world_settle(w);
    return w;
}

static void test_edit_against_delete(void)
{
    world_t *w = lost_row(NULL);

    tap_ok(row_of(w)->there, "S2.7: an edit brings a row back to whose table nobody refers");
    tap_str(world_text_of(row_of(w), NAME), "uno", "with the edit");
    tap_int(w->referrers_asked, 1, "the database was asked once");

    w = lost_row("orders, notes");
    tap_ok(!row_of(w)->there, "S2.7: to whose table others refer, it is held");
    tap_str(code_of(w), "held.children", "as one that would come back alone");
    tap_ok(says(w, "orders, notes") && says(w, "not known"), "and says so: %s",
           link_of(w)->outcome.what);
    tap_str(world_text_of(world_page(w, "p1"), NAME), "uno", "the page keeps the edit");
    (void)world_rule(w, link_of(w), -1, NTS_CHOICE_RESTORE);
    (void)world_settle(w);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_ok(row_of(w)->there, "a person says restore: it comes back");
    tap_int(world_differences(w), 0, "equal");

    w = lost_row("orders");
    (void)world_rule(w, link_of(w), -1, NTS_CHOICE_DELETE);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_int(world_page(w, "p1")->trashed, 1, "or delete: the page goes, edit and all");

    w = lost_row("orders");
    row_of(w)->there = 1;
    world_notice(w, NTS_EXTERNAL, row_of(w)->id);
    (void)world_settle(w);
    tap_int(link_of(w)->trouble, NTS_TROUBLE_NONE, "whoever puts the row back has decided");
    tap_int(world_differences(w), 0, "equal");
}

/* The delete was held for another reason, and a person has said restore: that is not asked again. */
static void test_ruled_before(void)
{
    world_t *w = with_children(NULL);

    w->referrers = "orders";
    w->mapping.deletes[NTS_NOTION] = NTS_DELETES_HOLD;
    world_remove(w, NTS_EXTERNAL, row_of(w)->id);
    (void)world_settle(w);
    tap_str(code_of(w), "held.delete", "a delete is held");
    (void)world_rule(w, link_of(w), -1, NTS_CHOICE_RESTORE);
    (void)world_settle(w);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_ok(row_of(w)->there, "S2.9: restore is carried out without a second question");
}

static void test_undo(void)
{
    world_t *w = with_children(TAKEN);
    nts_entry_t *removed;

    world_remove(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    removed = world_last_entry(w, NTS_ENTRY_REMOVE);
    (void)world_undo(w, removed);
    tap_ok(!row_of(w)->there, "S5.5: the undo of a delete does not bring the row back alone");
    tap_int(world_page(w, "p1")->trashed, 0, "though its page");
    tap_str(code_of(w), "held.children", "the row waits for a person");
    (void)world_undo(w, removed);
    tap_ok(!row_of(w)->there, "nor does a second one");
    tap_str(w->refused.code, "undo.alone", "it is refused");
    tap_ok(strstr(w->refused.what, TAKEN) != NULL, "with the reason: %s", w->refused.what);
    (void)world_settle(w);
    tap_str(code_of(w), "held.children", "and the row still waits");
    (void)world_rule(w, link_of(w), -1, NTS_CHOICE_RESTORE);
    (void)world_settle(w);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_ok(row_of(w)->there, "until a person says so");

    w = with_children(NULL);
    world_remove(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    (void)world_undo(w, world_last_entry(w, NTS_ENTRY_REMOVE));
    (void)world_settle(w);
    tap_ok(row_of(w)->there, "one without children is undone on both sides");
}

/* S5.5: the copy is a row that has children by the time its create is taken back. */
static void test_undo_of_create(void)
{
    world_t *w = with_children(TAKEN);

    (void)world_undo(w, w->entries[0]);
    tap_int(link_of(w)->state, NTS_LINK_IGNORED, "S5.5: a create is taken back");
    (void)world_undo(w, world_last_entry(w, NTS_ENTRY_REMOVE));
    tap_str(w->refused.code, "undo.alone", "the undo of that does not make the row anew, alone");
    tap_ok(strstr(w->refused.advice, "sync") != NULL, "and says what does");
    (void)world_settle(w);
    tap_int(link_of(w)->state, NTS_LINK_IGNORED, "the record stays as it was");
    (void)world_rule(w, link_of(w), -1, NTS_CHOICE_SYNC);
    (void)world_run(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    tap_int(link_of(w)->state, NTS_LINK_ACTIVE, "to sync it again is a person's word");
    tap_int(world_differences(w), 0, "equal");
}

static spoil_t die_after_delete(world_t *w, const nts_call_t *call)
{
    if (call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_REMOVE &&
        call->ask.side == NTS_EXTERNAL && !w->hook_count++) {
        return SPOIL_KILL_AFTER;
    }
    return SPOIL_NOTHING;
}

/* S3.7: the answer that said what went with the row was never heard. */
static void test_death(void)
{
    world_t *w = with_children(TAKEN);

    w->hook = die_after_delete;
    world_remove(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    tap_ok(w->hook_count > 0 && !row_of(w)->there, "the process dies when the row is deleted");
    tap_str(world_last_entry(w, NTS_ENTRY_REMOVE)->taken, TAKEN,
            "S3.7: the next one learns what went with it");
    world_page(w, "p1")->trashed = 0;
    world_notice(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    tap_str(code_of(w), "held.children", "and holds it");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_page_restored();
    test_edit_against_delete();
    test_ruled_before();
    test_undo();
    test_undo_of_create();
    test_death();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
