/* Proves S4.1 on the engine: a page that is not there for us, or not where it was, deletes nothing, and people are told which; that a
 * deleted page that lives again is no new row's (S4.4); and that a state store that was lost tells itself where no mark can be left. */
#include <string.h>

#include "sync_world.h"
#include "tap/tap.h"

#define SEC(n) apr_time_from_sec(n)

static apr_pool_t *p;

static void test_absence(void)
{
    world_t *w = world_linked(p);

    world_page(w, "p1")->there = 0; /* unshared: 404 */
    world_notice(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    tap_ok(world_row(w, world_key_of(w, "p1"))->there, "7 a 404 deletes nothing");
    tap_int(world_link(w, NTS_NOTION, "p1")->trouble, NTS_TROUBLE_PARKED, "7 and is visible");
    tap_str(world_link(w, NTS_NOTION, "p1")->outcome.code, "notion.missing", "as what it is");
}

/* A page that people moved to another data source is neither deleted nor ours to write; back again it is the record it was. */
static void test_moved(void)
{
    world_t *w = world_linked(p);
    const char *key = world_key_of(w, "p1");

    world_page(w, "p1")->moved = 1;
    world_edit(w, NTS_EXTERNAL, key, NAME, world_text("due"));
    world_notice(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    tap_ok(world_row(w, key)->there, "4.1 a page that was moved away is no delete");
    tap_str(world_text_of(world_page(w, "p1"), NAME), "one", "nothing is written to it there");
    tap_str(world_link(w, NTS_NOTION, "p1")->outcome.code, "notion.moved", "people are told");
    world_page(w, "p1")->moved = 0;
    world_notice(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    tap_str(world_text_of(world_page(w, "p1"), NAME), "due", "moved back it is what it was");
    tap_int(world_link(w, NTS_NOTION, "p1")->trouble, NTS_TROUBLE_NONE, "without trouble");
    world_page(w, "p1")->moved = 1;
    world_remove(w, NTS_EXTERNAL, key);
    (void)world_settle(w);
    tap_ok(!world_page(w, "p1")->trashed, "4.1 its row's delete does not follow it there");
    (void)world_add(w, NTS_NOTION, "p2", "new");
    world_page(w, "p2")->moved = 1;
    world_notice(w, NTS_NOTION, "p2");
    (void)world_settle(w);
    tap_ok(!world_link(w, NTS_NOTION, "p2"), "no record is made of a page that is not here");
}

static void look(world_t *w, int full_run)
{
    nts_spawn_t spawn = { 0 };

    spawn.target.page = "p1";
    if (full_run) {
        (void)world_run_spawn(w, &spawn, NULL, 7);
    }
    else {
        (void)world_run(w, NTS_NOTION, "p1");
    }
}

/* Nothing is known of the page because its row is deleted (seed 51331 of the simulation): shown again it is one whose row was deleted,
 * not a deleted page that lives again, and until then nobody takes the row's key for a new record's. */
static void test_row_deleted_meanwhile(void)
{
    world_t *w = world_linked(p);
    const char *key = world_key_of(w, "p1");
    const nts_link_t *link;

    world_page(w, "p1")->there = 0;
    world_remove(w, NTS_EXTERNAL, key);
    (void)world_settle(w);
    look(w, 1);
    link = world_link(w, NTS_NOTION, "p1");
    tap_int(link->state, NTS_LINK_ACTIVE, "4.1 a 404 is no proof, also where the row is gone");
    tap_str(link->outcome.code, "notion.missing", "people see it");
    world_page(w, "p1")->there = 1;
    look(w, 0);
    link = world_link(w, NTS_NOTION, "p1");
    tap_ok(!world_row(w, key) || !world_row(w, key)->there, "shown again it brings back no row");
    tap_str(link->outcome.code, "held.delete_limit", "its row's delete is decided then");

    w = world_linked(p);
    key = world_key_of(w, "p1");
    world_page(w, "p1")->there = 0;
    world_remove(w, NTS_EXTERNAL, key);
    (void)world_settle(w);
    look(w, 1);
    world_wait(w, apr_time_from_sec(90000));
    look(w, 0);
    tap_int(world_link(w, NTS_NOTION, "p1")->state, NTS_LINK_ACTIVE, "only a full run can say");
    look(w, 1);
    tap_int(world_link(w, NTS_NOTION, "p1")->state, NTS_LINK_TOMBSTONE,
            "gone for full runs a day apart, and the row with it: nobody has to be asked");
    tap_int(world_link(w, NTS_NOTION, "p1")->trouble, NTS_TROUBLE_NONE, "nor to see it");
}

static const char *made_by; /* the intent of another mapping; NULL: people */

/* While the page's job reads, it becomes known that somebody made a row under the key. */
static spoil_t hear_of_row(world_t *w, const nts_call_t *call)
{
    if (call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_READ &&
        call->ask.side == NTS_EXTERNAL && !w->hook_count) {
        w->hook_count = 1;
        world_notice(w, NTS_EXTERNAL, call->ask.id);
        w->notices[w->notice_count - 1].kind = "change.i";
        w->notices[w->notice_count - 1].intent = made_by;
        w->notices[w->notice_count - 1].made_elsewhere = made_by != NULL;
    }
    return SPOIL_NOTHING;
}

/* Seed 448222 of the simulation (with status=1, restores=1, set_back=1): a deleted page lives again, and its row's key has been used again;
 * the page's job came before the row's, and gave the page a stranger's values. Seed 452666: another mapping had made that row. */
static void test_key_used_again(const char *by)
{
    world_t *w = world_linked(p);
    const char *key = world_key_of(w, "p1");
    const nts_link_t *link;

    (void)world_add(w, NTS_NOTION, "p2", "two");
    (void)world_settle(w);
    world_remove(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    tap_int(world_link(w, NTS_NOTION, "p1")->state, NTS_LINK_TOMBSTONE, "a record is deleted");
    world_row(w, key)->there = 1;
    world_row(w, key)->values[NAME] = world_text("stranger");
    world_page(w, "p1")->trashed = 0;
    world_notice(w, NTS_NOTION, "p1");
    made_by = by;
    w->hook = hear_of_row;
    (void)world_run(w, NTS_NOTION, "p1");
    tap_int(w->hook_count, 1, "its key's new row is told of while its page is looked at");
    tap_ok(world_settle(w) >= 0, "it comes to rest");
    tap_str(world_text_of(world_page(w, "p1"), NAME), "one",
            "4.4 the page that lives again keeps its values");
    link = world_link(w, NTS_EXTERNAL, key);
    tap_ok(link && link->page && strcmp(link->page, "p1") != 0,
           "4.4 the row is a record of its own");
    tap_str(world_link(w, NTS_NOTION, "p1")->outcome.code, "held.restore", "and people see that");
}

/* S4.2: the limit holds a delete, and then the page is not there for us for a while: the delete is held still, also when other records
 * were made, so that it is the last one's no longer (seed 4994 of the simulation). */
static void test_held_and_missing(nts_side_t deleted)
{
    world_t *w = world_linked(p);
    const char *key = world_key_of(w, "p1");
    const nts_link_t *link;

    world_remove(w, deleted, deleted == NTS_NOTION ? "p1" : key);
    (void)world_settle(w);
    world_page(w, "p1")->there = 0;
    world_notice(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    link = world_link(w, NTS_NOTION, "p1");
    tap_int(link->trouble, NTS_TROUBLE_HELD, "4.2 a held delete stays held while its page is gone");
    tap_str(link->outcome.code, "held.delete_limit", "for the same reason");
    (void)world_add(w, NTS_NOTION, "p2", "two");
    (void)world_add(w, NTS_NOTION, "p3", "three");
    (void)world_settle(w);
    world_page(w, "p1")->there = 1;
    world_notice(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    link = world_link(w, NTS_NOTION, "p1");
    tap_str(link->outcome.code, "held.delete_limit", "and when it is shown again");
    tap_ok(deleted == NTS_NOTION ? world_row(w, key)->there : !world_page(w, "p1")->trashed,
           "4.2 the other side is not deleted");
}

/* ---- a page that people move from one side of its mapping to the other, where one service leads to both ---- */

/* p1 and its partner, in two data sources. */
static world_t *two_notions(void)
{
    world_t *w = world_create(p);

    world_two_notions(w);
    (void)world_add(w, NTS_NOTION, "p1", "one");
    (void)world_settle(w);
    world_wait(w, SEC(300));
    w->requests = w->writes[NTS_NOTION] = w->writes[NTS_EXTERNAL] = 0;
    return w;
}

static const char *id_on(world_t *w, nts_side_t side)
{
    return side == NTS_NOTION ? "p1" : world_key_of(w, "p1");
}

static const char *name_on(world_t *w, nts_side_t side)
{
    const char *id = id_on(w, side);

    return world_text_of(side == NTS_NOTION ? world_page(w, id) : world_row(w, id), NAME);
}

/* p1, or its partner, is in the other side's data source now, under its own id. */
static const char *moved_over(world_t *w, nts_side_t from)
{
    const char *id = id_on(w, from);
    world_thing_t *there;

    (from == NTS_NOTION ? world_page(w, id) : world_row(w, id))->moved = 1;
    there = world_add(w, nts_side_other(from), id, "one");
    there->created = there->edited = w->now - SEC(600); /* its listing is enough */
    world_notice(w, from, id);
    (void)world_settle(w);
    return id;
}

static void moved_back(world_t *w, nts_side_t from, const char *id)
{
    (from == NTS_NOTION ? world_page(w, id) : world_row(w, id))->moved = 0;
    (from == NTS_NOTION ? world_row(w, id) : world_page(w, id))->moved = 1;
    world_notice(w, from, id);
    world_notice(w, nts_side_other(from), id);
    (void)world_settle(w);
}

static void test_moved_over(void)
{
    nts_side_t from;

    for (from = NTS_NOTION; from <= NTS_EXTERNAL; from++) {
        world_t *w = two_notions();
        const char *partner = id_on(w, nts_side_other(from));
        const char *id = moved_over(w, from);
        const nts_link_t *link = world_link(w, nts_side_other(from), id);

        tap_str(world_link(w, from, id)->outcome.code, "notion.moved",
                "a record that was moved from %s waits there", nts_side_name(from));
        tap_ok(link && link->trouble == NTS_TROUBLE_HELD, "where it is now it is held");
        tap_str(link ? link->outcome.code : NULL, "held.moved", "for that reason");
        tap_int(w->writes[0] + w->writes[1], 0, "nothing is written, and no copy made");
        world_wait(w, SEC(300));
        (void)world_scan(w, NTS_SCAN_FULL);
        (void)world_settle(w);
        tap_int(w->writes[0] + w->writes[1], 0, "by no run either");
        moved_back(w, from, id);
        tap_ok(!world_link(w, nts_side_other(from), id), "moved back there is nothing to decide");
        world_edit(w, from, id, NAME, world_text("two"));
        (void)world_settle(w);
        tap_str(name_on(w, nts_side_other(from)), "two", "and it is synced as before");
        tap_str(id_on(w, nts_side_other(from)), partner, "with the partner that it had");
        tap_int(world_differences(w), 0, "both are equal");
    }
}

/* A person says that it is a new record there, or its partner goes for good. */
static void test_moved_for_good(void)
{
    nts_side_t from;

    for (from = NTS_NOTION; from <= NTS_EXTERNAL; from++) {
        world_t *w = two_notions();
        const char *id = moved_over(w, from);
        const nts_link_t *link = world_link(w, nts_side_other(from), id);

        tap_ok(link != NULL && link->trouble == NTS_TROUBLE_HELD, "it is held");
        if (!link) {
            continue;
        }
        (void)world_rule(w, link, -1, NTS_CHOICE_APART);
        (void)world_run(w, nts_side_other(from), id);
        (void)world_settle(w);
        link = world_link(w, nts_side_other(from), id);
        tap_ok(link->state == NTS_LINK_ACTIVE && link->page && link->key,
               "S2.9: apart: it is a record of its own");
        tap_int(w->writes[from], 1, "of which a copy is made where it came from");
        tap_str(world_link(w, from, id)->outcome.code, "notion.moved", "its former partner waits");
        w->writes[0] = w->writes[1] = 0;
        world_wait(w, SEC(300));
        (void)world_scan(w, NTS_SCAN_FULL);
        (void)world_settle(w);
        tap_int(w->writes[0] + w->writes[1], 0, "and that is all");
    }
}

static void test_moved_and_partner_gone(void)
{
    nts_side_t from;
    int runs;

    for (from = NTS_NOTION; from <= NTS_EXTERNAL; from++) {
        world_t *w = two_notions();
        const char *id = moved_over(w, from);
        const nts_link_t *link;

        world_remove(w, nts_side_other(from), id_on(w, nts_side_other(from)));
        for (runs = 0; runs < 3; runs++) {
            (void)world_settle(w);
            world_wait(w, SEC(90000));
            (void)world_scan(w, NTS_SCAN_FULL);
        }
        (void)world_settle(w);
        link = world_link(w, nts_side_other(from), id);
        tap_ok(link->state == NTS_LINK_ACTIVE && link->trouble == NTS_TROUBLE_NONE,
               "S4.1: once its former partner is gone for good it is a new record where it is");
        tap_int(w->writes[from], 1, "and a copy of it is made where it came from");
        tap_int(world_differences(w), 0, "both are equal");
    }
}

/* ---- a state store that was lost ---- */

/* One record in both workspaces, which the state store does not know, and one more in the first. */
static world_t *lost(void)
{
    world_t *w = two_notions();

    w->links[0] = NULL;
    w->link_count = w->entry_count = 0;
    (void)world_add(w, NTS_NOTION, "p9", "another");
    world_forget_events(w);
    w->tells_own = 1;
    return w;
}

static void test_lost_state(void)
{
    static const nts_match_t match = { "Name", "Title" };
    world_t *w = lost();
    const nts_scan_report_t *report;

    w->mapping.matches = &match;
    w->mapping.match_count = 1;
    report = world_scan(w, NTS_SCAN_FIRST);
    tap_int(report->strangers, 1, "S4.1: what we made and nobody knows tells of a lost store");
    tap_ok(report->matched && report->matched->linked == 1, "... while records are paired");
    w = lost();
    w->made_by_other = w->side[NTS_EXTERNAL][0].id;
    tap_int(world_scan(w, NTS_SCAN_FIRST)->strangers, 0, "not what another mapping knows");
    w = lost();
    w->side[NTS_EXTERNAL][0].by_us = 0;
    tap_int(world_scan(w, NTS_SCAN_FIRST)->strangers, 0, "nor what people made");
    w = lost();
    w->tells_own = 0;
    tap_int(world_scan(w, NTS_SCAN_FIRST)->strangers, 0, "nor where we are known as a person");
    tap_int(world_scan(w, NTS_SCAN_FIRST)->needs_match, 1,
            "S5.1: without match fields nothing is made of two full sides");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_absence();
    test_moved();
    test_row_deleted_meanwhile();
    test_held_and_missing(NTS_NOTION);
    test_held_and_missing(NTS_EXTERNAL);
    test_key_used_again(NULL);
    test_key_used_again("another mapping's create");
    test_moved_over();
    test_moved_for_good();
    test_moved_and_partner_gone();
    test_lost_state();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
