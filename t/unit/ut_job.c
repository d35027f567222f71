/* Proves sync.md sections 3 and 4 and the invariants of section 6 on single records: the order of reads and
 * writes, what is sent, what is settled, and what happens when the process dies or the answer never comes. */
#include <string.h>

#include "sync_world.h"
#include "tap/tap.h"

static apr_pool_t *p;

static void test_create(void)
{
    world_t *w = world_linked(p);

    tap_ok(world_key_of(w, "p1") != NULL, "a new page gets a row");
    tap_str(world_text_of(world_row(w, world_key_of(w, "p1")), NAME), "one", "with its values");
    tap_int(world_differences(w), 0, "1 convergence: both sides are equal");
    (void)world_add(w, NTS_EXTERNAL, "x1", "two");
    w->requests = 0;
    (void)world_run(w, NTS_EXTERNAL, "x1");
    tap_int(w->requests, 1, "P4: a create in Notion costs one request");
    tap_int(world_differences(w), 0, "a new row gets a page");
}

static void test_update_and_cost(void)
{
    world_t *w = world_linked(p);

    world_edit(w, NTS_NOTION, "p1", NAME, world_text("uno"));
    (void)world_run(w, NTS_NOTION, "p1");
    tap_int(w->requests, 1, "P4: notion -> external costs one request");
    tap_str(world_text_of(world_row(w, world_key_of(w, "p1")), NAME), "uno",
            "3 the one changed value survives");
    w->requests = 0;
    world_wait(w, apr_time_from_sec(300));
    world_edit(w, NTS_EXTERNAL, world_key_of(w, "p1"), NAME, world_text("eins"));
    (void)world_run(w, NTS_EXTERNAL, world_key_of(w, "p1"));
    tap_int(w->requests, 2, "P4: external -> notion costs two");
    tap_str(world_text_of(world_page(w, "p1"), NAME), "eins", "and arrives");
    w->requests = 0;
    world_notice(w, NTS_EXTERNAL, world_key_of(w, "p1"));
    tap_int(world_run(w, NTS_EXTERNAL, world_key_of(w, "p1")), NTS_STEP_DONE,
            "an unmapped column changed");
    tap_int(w->requests, 0, "3.11 that costs no request");
    world_notice(w, NTS_EXTERNAL, world_key_of(w, "p1"));
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("zwei"));
    (void)world_run(w, NTS_EXTERNAL, world_key_of(w, "p1"));
    tap_str(world_text_of(world_row(w, world_key_of(w, "p1")), NAME), "zwei",
            "3.11 but an edit in Notion with it is seen");
    w->writes[0] = w->writes[1] = 0;
    world_notice(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    tap_int(w->writes[0] + w->writes[1], 0, "2 quiescence: looking again writes nothing");
}

static void test_disjoint_and_conflict(void)
{
    world_t *w = world_linked(p);
    const nts_entry_t *entry;

    world_edit(w, NTS_NOTION, "p1", NAME, world_text("uno"));
    world_edit(w, NTS_EXTERNAL, world_key_of(w, "p1"), STAGE, world_text("Won"));
    (void)world_settle(w);
    tap_str(world_text_of(world_row(w, world_key_of(w, "p1")), NAME), "uno",
            "5 disjoint edits: notion's kept");
    tap_str(world_page(w, "p1")->values[STAGE].as.option.name, "Won", "5 and external's");
    world_wait(w, apr_time_from_sec(300));
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("n"));
    world_edit(w, NTS_EXTERNAL, world_key_of(w, "p1"), NAME, world_text("e"));
    (void)world_settle(w);
    tap_int(world_differences(w), 0, "a conflict ends equal");
    entry = world_last_entry(w, NTS_ENTRY_UPDATE);
    tap_ok(entry && entry->field_count == 1 && entry->fields[0].lost.kind == NTS_VALUE_TEXT,
           "4 no silent loss: the losing value is in the audit");
    tap_ok(entry && strstr(entry->fields[0].reason, "conflict"), "4 with the reason");
}

/* Edits the row just before the external write, once. */
static spoil_t edit_row_before_write(world_t *w, const nts_call_t *call)
{
    if (call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_UPDATE &&
        call->ask.side == NTS_EXTERNAL && !w->hook_count++) {
        world_edit(w, NTS_EXTERNAL, call->ask.id, STAGE, world_text("Lost"));
    }
    return SPOIL_NOTHING;
}

/* Edits the page between its read and its write, another field. */
static spoil_t edit_page_before_write(world_t *w, const nts_call_t *call)
{
    if (call->kind == NTS_CALL_ASK && call->ask.kind == NTS_ASK_UPDATE &&
        call->ask.side == NTS_NOTION && !w->hook_count++) {
        world_edit(w, NTS_NOTION, "p1", QTY, world_number(w, "7"));
    }
    return SPOIL_NOTHING;
}

static void test_races(void)
{
    world_t *w = world_linked(p);

    w->hook = edit_row_before_write;
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("uno"));
    (void)world_run(w, NTS_NOTION, "p1");
    tap_str(world_text_of(world_row(w, world_key_of(w, "p1")), STAGE), "Lost",
            "3.3 a row changed under us is stale, not overwritten");
    (void)world_settle(w);
    tap_int(world_differences(w), 0, "3.3 and both edits arrive");
    tap_str(world_text_of(world_row(w, world_key_of(w, "p1")), NAME), "uno", "3.3 notion's too");
    w = world_linked(p);
    w->hook = edit_page_before_write;
    world_edit(w, NTS_EXTERNAL, world_key_of(w, "p1"), NAME, world_text("eins"));
    (void)world_run(w, NTS_EXTERNAL, world_key_of(w, "p1"));
    tap_str(world_row(w, world_key_of(w, "p1"))->values[QTY].as.text, "7",
            "3.5 another field of the answer counts as changed meanwhile");
    tap_int(world_differences(w), 0, "3.5 and both sides end equal");
}

static spoil_t fresh_read_only(world_t *w, const nts_call_t *call)
{
    if (call->kind == NTS_CALL_COMMIT && call->commit.entry_count && !w->hook_count++) {
        world_wait(w, apr_time_from_sec(3)); /* the store is slow: the read grows old */
    }
    return SPOIL_NOTHING;
}

static void test_read_freshness(void)
{
    world_t *w = world_linked(p);

    w->hook = fresh_read_only;
    world_edit(w, NTS_EXTERNAL, world_key_of(w, "p1"), NAME, world_text("eins"));
    (void)world_run(w, NTS_EXTERNAL, world_key_of(w, "p1"));
    tap_int(w->requests, 3, "3.1 a write not sent within 1 s of its read reads again");
    tap_int(world_differences(w), 0, "3.1 and then goes through");
    w = world_linked(p);
    w->notion_takes = apr_time_from_sec(4);
    world_edit(w, NTS_EXTERNAL, world_key_of(w, "p1"), NAME, world_text("eins"));
    (void)world_run(w, NTS_EXTERNAL, world_key_of(w, "p1"));
    tap_int(w->requests, 2, "3.1 while Notion answers slowly, reading again would gain nothing");
    tap_int(world_differences(w), 0, "3.1 and the write goes through");
}

static int kill_at;
static int kills;

static spoil_t kill_nth(world_t *w, const nts_call_t *call)
{
    (void)call;
    if (w->hook_count++ == kill_at / 2) {
        kills++;
        return kill_at % 2 ? SPOIL_KILL_AFTER : SPOIL_KILL;
    }
    return SPOIL_NOTHING;
}

/* Invariant 6: killed at every single step, before and after its effect, the end is the same. */
static void test_crash_everywhere(void)
{
    int scenario, bad = 0, runs = 0;

    for (scenario = 0; scenario < 5; scenario++) {
        for (kill_at = 0; kill_at < 60; kill_at++) {
            world_t *w = scenario ? world_linked(p) : world_create(p);
            const char *key = world_key_of(w, "p1");
            int before = kills, differ;

            switch (scenario) {
            case 0:
                (void)world_add(w, NTS_NOTION, "p1", "one");
                (void)world_add(w, NTS_EXTERNAL, "x1", "two");
                break;
            case 1:
                world_edit(w, NTS_NOTION, "p1", NAME, world_text("uno"));
                world_edit(w, NTS_EXTERNAL, key, STAGE, world_text("Won"));
                break;
            case 2:
                world_edit(w, NTS_NOTION, "p1", TAGS, world_tags(w, NTS_NOTION, "ab"));
                world_edit(w, NTS_EXTERNAL, key, TAGS, world_tags(w, NTS_EXTERNAL, "cd"));
                break;
            case 3:
                (void)world_add(w, NTS_NOTION, "p9", "spare");
                (void)world_settle(w);
                world_remove(w, NTS_NOTION, "p1");
                break;
            default:
                (void)world_add(w, NTS_NOTION, "p9", "spare");
                (void)world_settle(w);
                world_remove(w, NTS_EXTERNAL, key);
                break;
            }
            w->hook = kill_nth;
            w->hook_count = 0;
            if (world_settle(w) < 0) {
                bad++;
            }
            differ = world_differences(w);
            bad += differ != 0 || w->stuck;
            if (differ || w->stuck) {
                tap_diag("scenario %d killed at %d: %d differences", scenario, kill_at, differ);
            }
            if (scenario == 0) {
                bad += w->count[NTS_NOTION] != 2 || w->count[NTS_EXTERNAL] != 2;
            }
            if (kills == before) {
                break; /* past the last step */
            }
            runs++;
        }
    }
    tap_ok(runs > 50, "6 killed at %d different instants", runs);
    tap_int(bad, 0, "6 crash: always equal in the end, and no duplicate create");
}

static spoil_t spoil_write;
static nts_ask_kind_t spoil_kind;

static spoil_t spoil_first_write(world_t *w, const nts_call_t *call)
{
    if (call->kind == NTS_CALL_ASK && call->ask.kind == spoil_kind &&
        call->ask.side == NTS_NOTION && !w->hook_count++) {
        return spoil_write;
    }
    return SPOIL_NOTHING;
}

static void test_unknown_fate(void)
{
    static const spoil_t spoils[] = { SPOIL_LOST, SPOIL_DONE_UNKNOWN, SPOIL_NOT_DONE };
    static const char *const names[] = { "lost", "done but unanswered", "refused with 429" };
    unsigned i;

    for (i = 0; i < 3; i++) {
        world_t *w = world_linked(p);
        apr_time_t start = w->now;

        spoil_write = spoils[i];
        spoil_kind = NTS_ASK_UPDATE;
        w->hook = spoil_first_write;
        world_edit(w, NTS_EXTERNAL, world_key_of(w, "p1"), NAME, world_text("eins"));
        (void)world_settle(w);
        tap_str(world_text_of(world_page(w, "p1"), NAME), "eins",
                "3.7 an update that was %s arrives", names[i]);
        tap_int(w->writes[NTS_NOTION], 1, "3.7 and is written once");
        if (spoils[i] != SPOIL_NOT_DONE) {
            tap_ok(w->now - start >= apr_time_from_sec(90), "3.7 it was not judged before 90 s");
        }
        w = world_linked(p);
        spoil_kind = NTS_ASK_CREATE;
        w->hook = spoil_first_write;
        (void)world_add(w, NTS_EXTERNAL, "x1", "two");
        (void)world_settle(w);
        tap_int(w->count[NTS_NOTION], 2, "3.7 a create that was %s makes one page", names[i]);
        tap_int(world_differences(w), 0, "3.7 and both sides are equal");
    }
}

/* Seed 936 of the simulation: what was told of the new row was settled with the old record's delete. */
static void test_key_used_again_meanwhile(void)
{
    world_t *w = world_linked(p);
    const char *key = world_key_of(w, "p1");
    const nts_link_t *link;

    (void)world_add(w, NTS_NOTION, "p2", "two");
    (void)world_settle(w);
    world_wait(w, apr_time_from_sec(300));
    spoil_write = SPOIL_DONE_UNKNOWN;
    spoil_kind = NTS_ASK_REMOVE;
    w->hook = spoil_first_write;
    world_remove(w, NTS_EXTERNAL, key);
    (void)world_run(w, NTS_EXTERNAL, key);
    world_row(w, key)->there = 1;
    world_edit(w, NTS_EXTERNAL, key, NAME, world_text("somebody else"));
    (void)world_settle(w);
    link = world_link(w, NTS_EXTERNAL, key);
    tap_ok(world_page(w, "p1")->trashed, "3.7 a delete of unknown fate is found to have happened");
    tap_ok(link && link->page && strcmp(link->page, "p1") != 0,
           "4.4 and a row that got the key meanwhile is a record of its own");
    tap_int(world_differences(w), 0, "4.4 with a page");
}

static spoil_t spoil_three_creates(world_t *w, const nts_call_t *call)
{
    if (call->kind != NTS_CALL_ASK || call->ask.kind != NTS_ASK_CREATE ||
        call->ask.side != NTS_NOTION || w->hook_count >= 3) {
        return SPOIL_NOTHING;
    }
    return ++w->hook_count == 2 ? SPOIL_LOST : SPOIL_DONE_UNKNOWN;
}

/* Several creates of unknown fate at once, and a service that fills in what was left empty. */
static void test_unknown_creates(void)
{
    static const char *const keys[] = { "x1", "x2", "x3" };
    world_t *w = world_linked(p);
    int i;

    w->hook = spoil_three_creates;
    for (i = 0; i < 3; i++) {
        (void)world_add(w, NTS_EXTERNAL, keys[i], keys[i]);
        (void)world_run(w, NTS_EXTERNAL, keys[i]);
    }
    tap_int(w->count[NTS_NOTION], 3, "3.7 two of three creates arrived");
    for (i = 1; i < 3; i++) {
        w->side[NTS_NOTION][i].values[STAGE] = world_stage(w, "Lead");
    }
    (void)world_settle(w);
    tap_int(w->count[NTS_NOTION], 4,
            "3.7 each finds its own page, and only the third is sent again");
    tap_int(world_differences(w), 0, "3.7 all are equal");
    tap_str(world_text_of(world_row(w, "x3"), STAGE), "Lead",
            "3.7 with the default, which is Notion's edit");
    tap_ok(w->now - w->entries[w->entry_count - 1]->at < apr_time_from_sec(200),
           "3.7 and none had to wait for a person");
}

/* Another mapping with the same bot makes pages in the same data source. */
static void test_unknown_create_beside_sibling(void)
{
    world_t *w = world_linked(p);

    spoil_write = SPOIL_LOST;
    spoil_kind = NTS_ASK_CREATE;
    w->hook = spoil_first_write;
    (void)world_add(w, NTS_EXTERNAL, "x1", "two");
    (void)world_run(w, NTS_EXTERNAL, "x1");
    world_add(w, NTS_NOTION, "theirs", "two")->by_us = 1;
    w->settled[w->notice_count - 1] = 1;
    w->made_by_other = "theirs";
    (void)world_settle(w);
    tap_int(w->count[NTS_NOTION], 3, "3.7 a page that another mapping made is not taken for ours");
    tap_ok(!world_link(w, NTS_NOTION, "theirs"), "3.7 and stays unlinked here");
    w = world_linked(p);
    spoil_write = SPOIL_LOST;
    w->hook = spoil_first_write;
    w->hook_count = 0;
    (void)world_add(w, NTS_EXTERNAL, "x1", "two");
    (void)world_run(w, NTS_EXTERNAL, "x1");
    world_add(w, NTS_NOTION, "whose", "three")->by_us = 1;
    w->settled[w->notice_count - 1] = 1;
    w->others_pending = 1;
    world_wait(w, apr_time_from_sec(100));
    (void)world_run(w, NTS_EXTERNAL, "x1");
    tap_ok(!world_link(w, NTS_NOTION, "whose"), "3.7 nor one that another mapping may have made");
    tap_int(w->last, NTS_STEP_WAIT, "3.7 until that has found its own");
}

/* Before the page that a 503 named is read a person edits it, and the row before that edit is written there. */
static spoil_t edit_what_503_named(world_t *w, const nts_call_t *call)
{
    if (call->kind != NTS_CALL_ASK) {
        return SPOIL_NOTHING;
    }
    if (call->ask.kind == NTS_ASK_CREATE && call->ask.side == NTS_NOTION) {
        w->hook_count = 1;
        return SPOIL_COMMITTED_ID;
    }
    if (w->hook_count == 1 && call->ask.kind == NTS_ASK_READ && call->ask.side == NTS_NOTION) {
        w->hook_count = 2;
        world_edit(w, NTS_NOTION, call->ask.id, QTY, world_number(w, "7"));
    }
    if (w->hook_count == 2 && call->ask.kind == NTS_ASK_UPDATE) {
        w->hook_count = 3;
        world_edit(w, NTS_EXTERNAL, "x1", NAME, world_text("zwei"));
    }
    return SPOIL_NOTHING;
}

static void test_committed_id(void)
{
    world_t *w = world_linked(p);

    spoil_write = SPOIL_COMMITTED_ID;
    spoil_kind = NTS_ASK_CREATE;
    w->hook = spoil_first_write;
    (void)world_add(w, NTS_EXTERNAL, "x1", "two");
    (void)world_run(w, NTS_EXTERNAL, "x1");
    tap_int(w->count[NTS_NOTION], 2, "3.7 a 503 that names the page is an applied create");
    tap_int(world_differences(w), 0, "3.7 settled by reading it");
    w = world_linked(p);
    w->hook = edit_what_503_named;
    (void)world_add(w, NTS_EXTERNAL, "x1", "two");
    (void)world_run(w, NTS_EXTERNAL, "x1");
    (void)world_settle(w);
    tap_int(w->hook_count, 3, "3.7 both sides were edited before that");
    tap_int(world_differences(w), 0, "3.7 what the create sent is what was agreed");
    tap_str(world_text_of(world_page(w, world_link(w, NTS_EXTERNAL, "x1")->page), NAME), "zwei",
            "3.7 so the row's edit arrives");
}

/* A person edits the same field while a write of ours is of unknown fate. */
static void test_unknown_against_edit(void)
{
    world_t *w = world_linked(p);

    spoil_write = SPOIL_DONE_UNKNOWN;
    spoil_kind = NTS_ASK_UPDATE;
    w->hook = spoil_first_write;
    world_edit(w, NTS_EXTERNAL, world_key_of(w, "p1"), NAME, world_text("eins"));
    (void)world_run(w, NTS_EXTERNAL, world_key_of(w, "p1"));
    world_wait(w, apr_time_from_sec(30));
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("person"));
    (void)world_run(w, NTS_NOTION, "p1");
    tap_int(w->writes[NTS_EXTERNAL], 0, "3.7 until judged the record is not written");
    (void)world_settle(w);
    tap_int(world_differences(w), 0, "3.7 both sides end equal");
    tap_ok(world_last_entry(w, NTS_ENTRY_UPDATE) != NULL, "3.7 with an audit");
}

static void test_refused(void)
{
    world_t *w = world_linked(p);

    spoil_write = SPOIL_REFUSED;
    spoil_kind = NTS_ASK_UPDATE;
    w->hook = spoil_first_write;
    world_edit(w, NTS_EXTERNAL, world_key_of(w, "p1"), NAME, world_text("eins"));
    tap_int(world_run(w, NTS_EXTERNAL, world_key_of(w, "p1")), NTS_STEP_TROUBLE, "a refusal parks");
    tap_ok(world_link(w, NTS_NOTION, "p1")->next_try > w->now, "and is tried again later");
    (void)world_add(w, NTS_EXTERNAL, "x1", "two");
    (void)world_run(w, NTS_EXTERNAL, "x1");
    tap_int(w->count[NTS_NOTION], 2, "11 isolation: another record is not held up");
    (void)world_settle(w);
    tap_int(world_differences(w), 0, "and the parked one arrives when it is accepted");
}

static void test_deletes(void)
{
    world_t *w = world_linked(p);
    const char *key = world_key_of(w, "p1");
    int i;

    (void)world_add(w, NTS_NOTION, "p2", "two");
    (void)world_add(w, NTS_NOTION, "p3", "three");
    (void)world_settle(w);
    world_remove(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    tap_ok(!world_row(w, key)->there, "4 a trashed page deletes its row");
    tap_ok(world_last_entry(w, NTS_ENTRY_REMOVE)->image != NULL, "4.3 the whole row is kept");
    world_remove(w, NTS_EXTERNAL, world_key_of(w, "p2"));
    (void)world_settle(w);
    tap_ok(world_page(w, "p2")->trashed, "4 a deleted row trashes its page");
    world_remove(w, NTS_NOTION, "p3");
    (void)world_settle(w);
    tap_ok(world_row(w, world_key_of(w, "p3"))->there,
           "4.2 the last record is never deleted by itself");
    tap_int(world_link(w, NTS_NOTION, "p3")->trouble, NTS_TROUBLE_HELD, "4.2 it is held");
    w = world_create(p);
    for (i = 0; i < 20; i++) {
        (void)world_add(w, NTS_EXTERNAL, apr_psprintf(p, "x%d", i), apr_psprintf(p, "n%d", i));
    }
    (void)world_settle(w);
    for (i = 0; i < 20; i++) {
        world_remove(w, NTS_EXTERNAL, apr_psprintf(p, "x%d", i));
    }
    (void)world_settle(w);
    tap_int(w->writes[NTS_NOTION], 20 + 5, "4.2 a mass delete stops at the limit");
}

static void test_delete_against_edit(void)
{
    world_t *w = world_linked(p);
    const char *key = world_key_of(w, "p1");

    world_remove(w, NTS_NOTION, "p1");
    world_edit(w, NTS_EXTERNAL, key, NAME, world_text("still here"));
    (void)world_settle(w);
    tap_ok(!world_page(w, "p1")->trashed, "2.7 an edit wins over a delete: the page is restored");
    tap_str(world_text_of(world_page(w, "p1"), NAME), "still here",
            "2.7 then its fields are decided");
    world_wait(w, apr_time_from_sec(300));
    world_remove(w, NTS_EXTERNAL, key);
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("and here"));
    (void)world_settle(w);
    tap_ok(world_row(w, key)->there, "2.7 the row comes back from its image");
    tap_str(world_text_of(world_row(w, key), NAME), "and here", "2.7 with the edit");
}

static void test_ignored_delete(void)
{
    world_t *w = world_linked(p);
    const char *key = world_key_of(w, "p1");

    w->mapping.deletes[NTS_NOTION] = NTS_DELETES_IGNORE;
    world_remove(w, NTS_EXTERNAL, key);
    (void)world_settle(w);
    tap_ok(!world_page(w, "p1")->trashed, "deletes=ignore leaves the page");
    tap_int(world_link(w, NTS_NOTION, "p1")->state, NTS_LINK_IGNORED,
            "which is not synced any more");
    tap_ok(!world_link(w, NTS_EXTERNAL, key), "4.4 the key is free for a new record");
}

static void test_undo(void)
{
    world_t *w = world_linked(p);
    const char *key = world_key_of(w, "p1");
    nts_entry_t *entry;

    world_edit(w, NTS_NOTION, "p1", NAME, world_text("uno"));
    (void)world_settle(w);
    entry = world_last_entry(w, NTS_ENTRY_UPDATE);
    (void)world_undo(w, entry);
    (void)world_settle(w);
    tap_str(world_text_of(world_page(w, "p1"), NAME), "one", "10 undo gives back the agreed value");
    tap_str(world_text_of(world_row(w, key), NAME), "one", "10 on both sides");
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("due"));
    (void)world_settle(w);
    entry = world_last_entry(w, NTS_ENTRY_UPDATE);
    world_edit(w, NTS_EXTERNAL, key, NAME, world_text("tre"));
    (void)world_settle(w);
    (void)world_undo(w, entry);
    tap_str(w->refused.code ? w->refused.code : "", "undo.edited",
            "10 or says it was edited since");
    tap_str(world_text_of(world_page(w, "p1"), NAME), "tre", "10 and leaves it");
    entry = world_last_entry(w, NTS_ENTRY_CREATE);
    (void)world_add(w, NTS_NOTION, "p2", "two");
    (void)world_settle(w);
    entry = world_last_entry(w, NTS_ENTRY_CREATE);
    (void)world_undo(w, entry);
    (void)world_settle(w);
    tap_ok(!world_row(w, entry->key)->there, "5.5 undo of a create removes the copy");
    tap_ok(!world_page(w, "p2")->trashed, "5.5 and leaves the origin");
    tap_int(world_link(w, NTS_NOTION, "p2")->state, NTS_LINK_IGNORED, "5.5 marked do not sync");
}

static void test_undo_delete(void)
{
    world_t *w = world_linked(p);
    const char *key = world_key_of(w, "p1");

    (void)world_add(w, NTS_NOTION, "p2", "two");
    (void)world_add(w, NTS_NOTION, "p3", "three");
    (void)world_settle(w);
    world_remove(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    tap_ok(!world_row(w, key)->there, "deleted on both sides");
    (void)world_undo(w, world_last_entry(w, NTS_ENTRY_REMOVE));
    (void)world_settle(w);
    tap_ok(!world_page(w, "p1")->trashed && world_row(w, key)->there,
           "10 undo of a delete brings both records back");
    tap_int(world_differences(w), 0, "10 equal");
}

static void shout(world_t *w, world_thing_t *row)
{
    if (row->values[NAME].kind == NTS_VALUE_TEXT && row->values[NAME].as.text[0] >= 'a') {
        char *text = apr_pstrdup(w->p, row->values[NAME].as.text);

        text[0] = (char)(text[0] - 32);
        row->values[NAME] = world_text(text);
    }
}

static void test_rewriting_trigger(void)
{
    world_t *w = world_linked(p);

    w->rewrite = shout;
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("uno"));
    (void)world_settle(w);
    tap_str(world_text_of(world_page(w, "p1"), NAME), "Uno",
            "3.5 a trigger's rewriting flows back");
    w->writes[0] = w->writes[1] = 0;
    world_notice(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    tap_int(w->writes[0] + w->writes[1], 0, "2 and then all is quiet");
}

/* S3.7: the database remembers intents for a week; the server was off for longer. */
static spoil_t die_after_write(world_t *w, const nts_call_t *call)
{
    (void)w;
    return call->kind == NTS_CALL_ASK && call->ask.side == NTS_EXTERNAL &&
                   (call->ask.kind == NTS_ASK_CREATE || call->ask.kind == NTS_ASK_UPDATE)
               ? SPOIL_KILL_AFTER
               : SPOIL_NOTHING;
}

/* S3.8, S4.4: the row that a create made got another key before it was known what had become of the create (seed 62749). */
static void test_moved_before_known(void)
{
    world_t *w = world_linked(p);

    w->hook = die_after_write;
    (void)world_add(w, NTS_NOTION, "p2", "two");
    (void)world_run(w, NTS_NOTION, "p2");
    w->hook = NULL;
    (void)world_add(w, NTS_EXTERNAL, "moved", "two");
    w->notices[w->notice_count - 1].old_key = "x2";
    (void)world_run(w, NTS_EXTERNAL, "moved");
    tap_int(w->count[NTS_NOTION], 2,
            "3.8 a row whose key was changed makes no page while a create "
            "is unsettled");
    w->notices[w->notice_count - 1].old_key = NULL;
    (void)world_run(w, NTS_EXTERNAL, "moved");
    tap_int(w->count[NTS_NOTION], 3, "3.8 any other row does");
}

static void test_forgotten_intents(void)
{
    world_t *w = world_linked(p);
    const char *key = world_link(w, NTS_NOTION, "p1")->key;
    int rows = w->count[NTS_EXTERNAL];

    w->hook = die_after_write;
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("eins"));
    (void)world_run(w, NTS_NOTION, "p1");
    (void)world_add(w, NTS_NOTION, "p9", "neun");
    (void)world_run(w, NTS_NOTION, "p9");
    w->hook = NULL;
    tap_int(w->count[NTS_EXTERNAL], rows + 1, "a row was updated, and one made, when we died");
    world_edit(w, NTS_EXTERNAL, key, STAGE, world_text("Won"));
    world_wait(w, apr_time_from_sec(8 * 86400));
    w->done_count = 0; /* what the database kept of our intents */
    (void)world_settle(w);
    tap_int(world_last_entry(w, NTS_ENTRY_UPDATE)->state == NTS_ENTRY_PENDING, 0,
            "3.7 after a week no intent is left open");
    tap_int(world_last_entry(w, NTS_ENTRY_CREATE)->state, NTS_ENTRY_UNKNOWN,
            "3.7 what the database has forgotten is of unknown fate, not undone");
    tap_str(world_text_of(world_row(w, key), NAME), "eins", "3.7 the update stands");
    tap_str(nts_value_display(&world_page(w, "p1")->values[STAGE], 20, w->p), "Won",
            "3.7 and later edits travel");
    tap_int(w->count[NTS_EXTERNAL], rows + 1, "3.7 the create is not repeated");
    tap_int(world_link(w, NTS_NOTION, "p9")->trouble, NTS_TROUBLE_HELD, "3.7 a person is asked");
    world_edit(w, NTS_NOTION, "p9", NAME, world_text("edited"));
    (void)world_settle(w);
    tap_int(w->count[NTS_EXTERNAL], rows + 1, "3.7 nor does an edit make a second row");
}

/* Half a character, a type nobody knows: what cannot be read is written nowhere, and its field alone waits. */
static void test_unreadable_value(void)
{
    world_t *w = world_linked(p);
    const char *key = world_link(w, NTS_NOTION, "p1")->key;
    const char *before = world_text_of(world_row(w, key), NAME);

    world_edit(w, NTS_NOTION, "p1", NAME, nts_value_opaque("a text with half a character in it"));
    world_edit(w, NTS_NOTION, "p1", STAGE, world_stage(w, "Won"));
    (void)world_settle(w);
    tap_str(world_text_of(world_row(w, key), NAME), before,
            "a value that cannot be read is not written");
    tap_str(world_text_of(world_row(w, key), STAGE), "Won", "the other fields go on");
    tap_int(world_page(w, "p1")->values[NAME].kind, NTS_VALUE_OPAQUE, "nor is it overwritten");
    tap_int(world_link(w, NTS_NOTION, "p1")->trouble, NTS_TROUBLE_PARKED, "the record is parked");
    tap_str(world_link(w, NTS_NOTION, "p1")->outcome.field, "Name", "for this field");
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("whole again"));
    (void)world_settle(w);
    tap_str(world_text_of(world_row(w, key), NAME), "whole again",
            "once it can be read it travels");
    tap_int(world_link(w, NTS_NOTION, "p1")->trouble, NTS_TROUBLE_NONE, "and nothing waits");
}

/* A generated column changes with columns that nobody mapped. */
static void test_generated_column(void)
{
    world_t *w = world_linked(p);

    w->pairs[QTY].direction = NTS_TO_NOTION;
    w->pairs[QTY].computed[NTS_EXTERNAL] = 1;
    world_edit(w, NTS_EXTERNAL, world_link(w, NTS_NOTION, "p1")->key, QTY, world_number(w, "5"));
    (void)world_settle(w);
    world_edit(w, NTS_EXTERNAL, world_link(w, NTS_NOTION, "p1")->key, QTY, world_number(w, "6"));
    (void)world_settle(w);
    tap_str(nts_value_display(&world_page(w, "p1")->values[QTY], 20, w->p), "6",
            "3.11 what the database computes anew is no unmapped change");
}

static nts_step_t run_and_trace(world_t *w, apr_uint32_t *trace)
{
    nts_step_t step = (nts_step_t)world_settle(w);
    int i;

    for (i = 0; i < w->entry_count; i++) {
        const char *c = w->entries[i]->intent;

        while (*c) {
            *trace = *trace * 31 + (unsigned char)*c++;
        }
        *trace = *trace * 31 + (apr_uint32_t)(w->entries[i]->at % 1000003);
    }
    return step;
}

static void test_determinism(void)
{
    apr_uint32_t traces[2] = { 0, 0 };
    int i;

    for (i = 0; i < 2; i++) {
        world_t *w = world_linked(p);

        world_edit(w, NTS_NOTION, "p1", NAME, world_text("uno"));
        world_edit(w, NTS_EXTERNAL, world_key_of(w, "p1"), NAME, world_text("eins"));
        (void)run_and_trace(w, &traces[i]);
    }
    tap_ok(traces[0] == traces[1] && traces[0], "9 the same seed gives the same trace");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_create();
    test_update_and_cost();
    test_disjoint_and_conflict();
    test_races();
    test_read_freshness();
    test_crash_everywhere();
    test_unknown_fate();
    test_key_used_again_meanwhile();
    test_unknown_creates();
    test_unknown_create_beside_sibling();
    test_committed_id();
    test_unknown_against_edit();
    test_refused();
    test_deletes();
    test_delete_against_edit();
    test_ignored_delete();
    test_undo();
    test_undo_delete();
    test_rewriting_trigger();
    test_moved_before_known();
    test_forgotten_intents();
    test_unreadable_value();
    test_generated_column();
    test_determinism();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
