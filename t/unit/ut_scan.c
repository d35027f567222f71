/* Proves that a scan finds what events missed (invariant 1), pairs on first contact (5.1), takes absence only as
 * a question (invariant 7), and that verify compares live sides. */
#include <string.h>

#include "sync_world.h"
#include "tap/tap.h"

static apr_pool_t *p;

static void test_lost_events(void)
{
    world_t *w = world_linked_many(30, p);
    const nts_scan_report_t *report;
    const char *key;

    w->page_size = 7; /* several pages */
    report = world_scan(w, NTS_SCAN_FULL);
    tap_int(report->spawned, 0, "2 an unchanged mapping hands nothing to jobs");
    tap_int(w->requests, 5, "P8 and costs its listing only");
    key = world_link(w, NTS_NOTION, "p5")->key;
    world_edit(w, NTS_NOTION, "p3", NAME, world_text("changed"));
    world_edit(w, NTS_EXTERNAL, key, NAME, world_text("changed too"));
    (void)world_add(w, NTS_NOTION, "px", "new page");
    (void)world_add(w, NTS_EXTERNAL, "kx", "new row");
    world_remove(w, NTS_NOTION, "p7");
    world_remove(w, NTS_EXTERNAL, world_link(w, NTS_NOTION, "p9")->key);
    world_forget_events(w);
    tap_int(world_differences(w), 6, "six differences, all events lost");
    world_wait(w, apr_time_from_sec(300));
    (void)world_scan(w, NTS_SCAN_FULL);
    tap_int(world_differences(w), 0, "1 one full reconciliation finds them all");
    w->writes[0] = w->writes[1] = 0;
    (void)world_scan(w, NTS_SCAN_FULL);
    tap_int(w->writes[0] + w->writes[1], 0, "2 the next one writes nothing");
}

static void test_initial(void)
{
    world_t *w = world_create(p);
    int i;

    for (i = 0; i < 30; i++) {
        (void)world_add(w, NTS_NOTION, apr_psprintf(p, "p%d", i), apr_psprintf(p, "name %d", i));
    }
    world_forget_events(w);
    world_wait(w, apr_time_from_sec(300));
    tap_ok(!world_scan(w, NTS_SCAN_FIRST)->matched, "5.1 an empty table needs no match");
    tap_int(w->requests, 0, "5.1 and nothing is asked of Notion for that");
    (void)world_scan(w, NTS_SCAN_FULL);
    tap_int(w->count[NTS_EXTERNAL], 30, "an initial sync creates every row");
    tap_int(w->requests, 1, "P6 from the listing alone");
    tap_int(world_differences(w), 0, "equal");
}

static void test_fresh_rows_are_read(void)
{
    world_t *w = world_create(p);

    (void)world_add(w, NTS_NOTION, "p0", "just made");
    world_forget_events(w);
    world_wait(w, apr_time_from_sec(30));
    (void)world_scan(w, NTS_SCAN_FULL);
    tap_int(w->requests, 2,
            "3.2 a page whose last edit may be younger than the lag is read itself");
}

/* Seed 57559 of the simulation. */
static void test_match_outdated(void)
{
    static const nts_match_t match = { "Name", "name" };
    world_t *w = world_create(p);

    (void)world_add(w, NTS_NOTION, "p1", "ada");
    (void)world_add(w, NTS_EXTERNAL, "x1", "bob");
    w->mapping.matches = &match;
    w->mapping.match_count = 1;
    w->max_entry = 42;
    w->outdated = 1;
    (void)world_scan(w, NTS_SCAN_FIRST);
    tap_int(w->match_after, 42, "4.4 a join is told since when rows that others made are new");
    tap_ok(w->last == NTS_STEP_BLOCKED && w->outcome.remedy == NTS_REMEDY_RETRY,
           "if a pair is of such a row, both sides are matched again, by nobody's doing");
    w->outdated = 0;
    (void)world_scan(w, NTS_SCAN_FIRST);
    tap_int(w->last, NTS_STEP_DONE, "until there is none");
}

static void test_match(void)
{
    static const nts_match_t match = { "Name", "name" };
    world_t *w = world_create(p);
    const nts_scan_report_t *report;

    (void)world_add(w, NTS_NOTION, "p1", "ada");
    (void)world_add(w, NTS_NOTION, "p2", "bob");
    (void)world_add(w, NTS_NOTION, "p3", "bob");
    (void)world_add(w, NTS_EXTERNAL, "x1", "ada");
    (void)world_add(w, NTS_EXTERNAL, "x2", "bob");
    (void)world_add(w, NTS_EXTERNAL, "x3", "cleo");
    world_forget_events(w);
    report = world_scan(w, NTS_SCAN_FIRST);
    tap_ok(report->needs_match, "5.1 records on both sides and no match field: a person decides");
    w->mapping.matches = &match;
    w->mapping.match_count = 1;
    report = world_scan(w, NTS_SCAN_FIRST);
    tap_int(w->last, NTS_STEP_DONE, "5.1 with one, both sides are matched");
    tap_ok(report->matched && report->matched->linked == 1, "5.1 one unambiguous pair is linked");
    tap_ok(report->matched && report->matched->ambiguous == 2, "5.1 the ambiguous ones are not");
    tap_int(w->writes[0] + w->writes[1], 0, "5.1 and nothing is created by matching");
    tap_str(world_link(w, NTS_NOTION, "p1")->key, "x1", "5.1 the right one");
    (void)world_scan(w, NTS_SCAN_FULL);
    world_edit(w, NTS_NOTION, "p3", NAME, world_text("robert"));
    world_edit(w, NTS_EXTERNAL, "x2", STAGE, world_text("Won"));
    (void)world_add(w, NTS_NOTION, "q", "bob");
    (void)world_settle(w);
    tap_ok(world_link(w, NTS_NOTION, "p3")->key == NULL &&
               world_link(w, NTS_EXTERNAL, "x2")->page == NULL,
           "5.1 neither a full run nor an edit makes something of an ambiguous record");
    tap_ok(!world_link(w, NTS_NOTION, "q")->key,
           "5.1 nor does a new one that could be its partner");
    tap_int(world_link(w, NTS_NOTION, "q")->trouble, NTS_TROUBLE_HELD, "5.1 which is held as well");
    tap_ok(world_link(w, NTS_EXTERNAL, "x3")->page != NULL, "5.1 all others are synced");
}

static void test_absence(void)
{
    world_t *w = world_linked_many(5, p);
    int i;

    for (i = 0; i < 5; i++) { /* unshared: in no listing, and 404 one by one */
        world_page(w, apr_psprintf(p, "p%d", i))->there = 0;
    }
    (void)world_scan(w, NTS_SCAN_FULL);
    tap_int(w->writes[NTS_EXTERNAL], 0, "7 an empty listing deletes nothing");
    world_wait(w, apr_time_from_sec(90000));
    (void)world_scan(w, NTS_SCAN_FULL);
    tap_int(w->writes[NTS_EXTERNAL], 0, "4.1 nor do two a day apart");
    tap_int(world_link(w, NTS_NOTION, "p1")->trouble, NTS_TROUBLE_HELD, "4.1 they are held then");
}

static void test_verify(void)
{
    world_t *w = world_linked_many(5, p);
    const nts_scan_report_t *report;

    world_row(w, world_link(w, NTS_NOTION, "p2")->key)->values[NAME] = world_text("tampered");
    report = world_scan(w, NTS_SCAN_VERIFY);
    tap_int(report->different, 1, "verify sees a difference that nobody announced");
    tap_int(report->equal, 4, "and the others equal");
    tap_ok(report->difference_count == 1 && strstr(report->differences[0].what, "tampered"),
           "and names both values");
    world_link(w, NTS_NOTION, "p2")->bases[0].value[NTS_EXTERNAL] = world_text("tampered");
    world_link(w, NTS_NOTION, "p2")->bases[0].value[NTS_NOTION] = world_text("tampered");
    tap_int(world_scan(w, NTS_SCAN_VERIFY)->different, 1, "whatever the bases say");
    world_link(w, NTS_NOTION, "p2")->trouble = NTS_TROUBLE_PARKED;
    report = world_scan(w, NTS_SCAN_VERIFY);
    tap_ok(report->different == 0 && report->excused == 1, "a parked record is excused, visibly");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_lost_events();
    test_initial();
    test_fresh_rows_are_read();
    test_match();
    test_match_outdated();
    test_absence();
    test_verify();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
