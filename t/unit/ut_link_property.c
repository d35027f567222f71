/* NotionSyncLinkProperty: pages keep the external key (S5.1). It travels with creates, pairs what was lost or copied
 * rightly, decides what became of a create (S3.7), and is nobody's but ours. */
#include <string.h>

#include <apr_general.h>

#include "sync_world.h"
#include "tap/tap.h"

static apr_pool_t *p;

static world_t *new_world(void)
{
    world_t *w;

    apr_pool_clear(p);
    w = world_create(p);
    world_keep_keys(w);
    return w;
}

static const char *key_on(world_t *w, const char *page)
{
    const nts_value_t *value = &world_page(w, page)->values[KEY];

    return value->kind == NTS_VALUE_TEXT ? value->as.text : NULL;
}

static int live(const world_t *w, nts_side_t side)
{
    int i, n = 0;

    for (i = 0; i < w->count[side]; i++) {
        n += w->side[side][i].there && !w->side[side][i].trashed;
    }
    return n;
}

/* The state store is gone; both services are as they were. */
static void lose_state(world_t *w)
{
    world_forget_events(w);
    w->link_count = w->entry_count = 0;
    w->match_count[NTS_NOTION] = w->match_count[NTS_EXTERNAL] = 0;
    w->writes[NTS_NOTION] = w->writes[NTS_EXTERNAL] = w->requests = 0;
    world_wait(w, apr_time_from_sec(300));
}

static void test_writing(void)
{
    world_t *w = new_world();
    nts_entry_t *entry;
    int requests;

    (void)world_add(w, NTS_EXTERNAL, "k7", "ada");
    (void)world_settle(w);
    tap_str(key_on(w, "p1"), "k7", "a page that is created for a row carries its key");
    tap_ok(w->writes[NTS_NOTION] == 1 && w->requests == 1, "which costs no request more");

    requests = w->requests;
    (void)world_add(w, NTS_NOTION, "p2", "bob");
    (void)world_settle(w);
    tap_str(key_on(w, "p2"), world_key_of(w, "p2"),
            "a page that was there first gets its row's key");
    tap_ok(w->requests - requests <= 3, "for a read and a write (%d)", w->requests - requests);

    world_edit(w, NTS_NOTION, "p1", KEY, world_text("mine"));
    (void)world_settle(w);
    tap_str(key_on(w, "p1"), "k7", "what a person writes there is overwritten");
    entry = world_last_entry(w, NTS_ENTRY_UPDATE);
    tap_ok(entry && entry->field_count == 1 && entry->fields[0].lost.kind == NTS_VALUE_TEXT &&
               !strcmp(entry->fields[0].lost.as.text, "mine"),
           "and kept in the audit");
    tap_str(world_row(w, "k7")->values[NAME].as.text, "ada", "the row is left as it is");

    world_row(w, "k7")->id = "k8"; /* the store moves the link when it takes the change (S4.4) */
    world_link(w, NTS_EXTERNAL, "k7")->key = "k8";
    world_notice(w, NTS_EXTERNAL, "k8");
    (void)world_settle(w);
    tap_str(key_on(w, "p1"), "k8", "a changed key is changed on its page");

    world_edit(w, NTS_NOTION, "p1", KEY, nts_value_null);
    world_edit(w, NTS_EXTERNAL, "k8", NAME, world_text("ada l."));
    w->writes[NTS_NOTION] = 0;
    (void)world_settle(w);
    tap_ok(w->writes[NTS_NOTION] == 1 && key_on(w, "p1") && !strcmp(key_on(w, "p1"), "k8"),
           "it travels with another write where there is one");
    (void)world_undo(w, world_last_entry(w, NTS_ENTRY_UPDATE));
    (void)world_settle(w);
    tap_str(world_page(w, "p1")->values[NAME].as.text, "ada", "which can be undone all the same");
    tap_str(key_on(w, "p1"), "k8", "and the key stays");
    tap_int(world_differences(w), 0, "all is equal");
}

static void test_copies(void)
{
    world_t *w = new_world();
    world_thing_t *copy;

    (void)world_add(w, NTS_EXTERNAL, "k7", "ada");
    (void)world_settle(w);
    copy = world_add(w, NTS_NOTION, "p2", "ada");
    copy->values[KEY] = world_text("k7");
    (void)world_settle(w);
    tap_int(live(w, NTS_EXTERNAL), 2, "S4.4 a duplicated page is a new record");
    tap_str(world_key_of(w, "p1"), "k7", "the first keeps its row");
    tap_str(key_on(w, "p2"), world_key_of(w, "p2"), "the copy carries the key of its own");
    tap_ok(strcmp(key_on(w, "p2"), "k7") != 0, "which is another");

    (void)world_add(w, NTS_EXTERNAL, "k8", "bob");
    world_forget_events(w);
    copy = world_add(w, NTS_NOTION, "p3", "bob, as people call him");
    copy->values[KEY] = world_text("k8");
    w->pairs[NAME].initial = NTS_INITIAL_NOTION;
    (void)world_settle(w);
    tap_str(world_key_of(w, "p3"), "k8",
            "a page that names a row nobody has linked is paired with it");
    copy = world_add(w, NTS_NOTION, "p4", "cleo");
    copy->values[KEY] = world_text("no such key");
    (void)world_settle(w);
    tap_str(key_on(w, "p4"), world_key_of(w, "p4"), "one that names no row gets a row and its key");
    tap_int(live(w, NTS_EXTERNAL), 4, "four rows in all");
    tap_int(world_differences(w), 0, "all is equal");
}

static void test_lost_state(void)
{
    world_t *w = new_world();
    const nts_scan_report_t *report;
    int i;

    for (i = 0; i < 12; i++) { /* names are no help: all are the same */
        (void)world_add(w, i % 2 ? NTS_NOTION : NTS_EXTERNAL,
                        apr_psprintf(w->p, i % 2 ? "n%d" : "x%d", i), "ada");
    }
    (void)world_settle(w);
    lose_state(w);
    report = world_scan(w, NTS_SCAN_FIRST);
    tap_ok(report->matched && report->matched->linked == 12,
           "S5.1 all links are made again from the keys");
    (void)world_scan(w, NTS_SCAN_FULL);
    (void)world_settle(w);
    tap_int(w->writes[NTS_NOTION] + w->writes[NTS_EXTERNAL], 0, "without a write");
    tap_ok(live(w, NTS_NOTION) == 12 && live(w, NTS_EXTERNAL) == 12, "and nothing is there twice");
    tap_int(world_differences(w), 0, "all is equal");
}

static void test_first_match(void)
{
    static const nts_match_t match = { "Name", "name" };
    world_t *w = new_world();
    const nts_scan_report_t *report;

    world_add(w, NTS_NOTION, "p1", "ada")->values[KEY] = world_text("k2");
    (void)world_add(w, NTS_NOTION, "p2", "ada");
    (void)world_add(w, NTS_NOTION, "p3", "bob");
    world_add(w, NTS_NOTION, "p4", "dan")->values[KEY] = world_text("gone");
    world_add(w, NTS_NOTION, "p5", "eve")->values[KEY] = world_text("k5");
    world_add(w, NTS_NOTION, "p6", "eve")->values[KEY] = world_text("k5");
    (void)world_add(w, NTS_EXTERNAL, "k1", "ada");
    (void)world_add(w, NTS_EXTERNAL, "k2", "bob");
    (void)world_add(w, NTS_EXTERNAL, "k3", "bob");
    (void)world_add(w, NTS_EXTERNAL, "k4", "dan");
    (void)world_add(w, NTS_EXTERNAL, "k5", "eve");
    world_forget_events(w);
    w->mapping.matches = &match;
    w->mapping.match_count = 1;
    w->pairs[NAME].initial = NTS_INITIAL_NOTION;
    report = world_scan(w, NTS_SCAN_FIRST);
    tap_ok(report->matched && report->matched->linked == 4, "S5.1 keys and match fields pair four");
    tap_str(world_key_of(w, "p1"), "k2", "a key goes before match fields");
    tap_str(world_key_of(w, "p2"), "k1", "and leaves the rest unambiguous");
    tap_str(world_key_of(w, "p3"), "k3", "on both sides");
    tap_str(world_key_of(w, "p4"), "k4", "a key that names nothing does not stand in the way");
    tap_ok(!world_key_of(w, "p5") && !world_key_of(w, "p6"),
           "one key on two pages is ambiguous, and held");
    (void)world_scan(w, NTS_SCAN_FULL);
    (void)world_settle(w);
    tap_str(key_on(w, "p3"), "k3", "what match fields have paired gets its key afterwards");
    tap_int(live(w, NTS_EXTERNAL), 5, "nothing was created");
    tap_int(live(w, NTS_NOTION), 6, "on either side");
}

static spoil_t lose_creates(world_t *w, const nts_call_t *call)
{
    if (call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_CREATE &&
        call->ask.side == NTS_NOTION && w->hook_count) {
        return --w->hook_count == 1 ? SPOIL_LOST : SPOIL_DONE_UNKNOWN;
    }
    return SPOIL_NOTHING;
}

/* One create did not happen and one did; a person edits its page before anybody looks. Fields cannot tell. */
static void test_fate(void)
{
    world_t *w = new_world();

    w->hook = lose_creates;
    w->hook_count = 2;
    (void)world_add(w, NTS_EXTERNAL, "k1", "ada");
    (void)world_add(w, NTS_EXTERNAL, "k2", "ada");
    (void)world_run(w, NTS_EXTERNAL, "k1");
    (void)world_run(w, NTS_EXTERNAL, "k2");
    tap_int(live(w, NTS_NOTION), 1, "S3.7 one of two creates without an answer has happened");
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("edited meanwhile"));
    (void)world_settle(w);
    tap_str(world_key_of(w, "p1"), "k2", "its page is known by the key");
    tap_int(live(w, NTS_NOTION), 2, "the other create is repeated, and no third one");
    tap_str(world_row(w, "k2")->values[NAME].as.text, "edited meanwhile", "the edit is kept");
    tap_int(world_differences(w), 0, "all is equal");
}

static spoil_t exchange_database(world_t *w, const nts_call_t *call)
{
    if (w->hook_count || !w->writes[NTS_EXTERNAL] || call->kind != NTS_CALL_ASK) {
        return SPOIL_NOTHING;
    }
    w->hook_count++;
    w->done_count = 0;
    return SPOIL_KILL;
}

/* S3.3, seed 455117 of the simulation: a row was made, and before its key was on the page another database came, which has the row and
 * no proof of who made it. */
static void test_other_database(void)
{
    world_t *w = new_world();

    w->leaves = 1;
    w->hook = exchange_database;
    (void)world_add(w, NTS_NOTION, "p1", "ada");
    (void)world_run(w, NTS_NOTION, "p1");
    tap_int(w->hook_count, 1, "a job is broken off between its two writes");
    tap_int(world_last_entry(w, NTS_ENTRY_CREATE)->state, NTS_ENTRY_APPLIED,
            "what it knows of the first is stored");
    tap_ok(!key_on(w, "p1"), "the second is not made");
    (void)world_settle(w);
    tap_int(live(w, NTS_EXTERNAL), 1, "the record is not made once more");
    tap_str(key_on(w, "p1"), world_key_of(w, "p1"), "and goes on from there");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_writing();
    test_copies();
    test_lost_state();
    test_first_match();
    test_fate();
    test_other_database();
    apr_terminate();
    return tap_done();
}
