/* Proves S2.9 and what a person decides (S2.5 hold, S2.6, S2.7, S2.10, S4.2, S5.1): a decision is carried out if the
 * values are those that were shown, refused if not; it is used once, or not at all, wherever the process dies. */
#include <string.h>

#include "sync/nts_fingerprint.h"
#include "sync_world.h"
#include "tap/tap.h"

static apr_pool_t *p;

static nts_link_t *link_of(world_t *w)
{
    return world_link(w, NTS_NOTION, "p1");
}

static const char *key_of(world_t *w)
{
    return link_of(w)->key;
}

static world_t *conflict(void)
{
    world_t *w = world_linked(p);

    w->mapping.conflict = NTS_CONFLICT_HOLD;
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("uno"));
    world_edit(w, NTS_EXTERNAL, key_of(w), NAME, world_text("eins"));
    (void)world_settle(w);
    w->writes[0] = w->writes[1] = 0;
    return w;
}

static void test_fingerprint(void)
{
    world_t *w = world_create(p);
    nts_value_t a = world_text("a"), b = world_text("b");
    nts_base_t base = { 0 };
    nts_shown_t shown = { &w->pairs[NAME], { &a, &b }, &base }, other;
    const char *print = nts_fingerprint_make("held.conflict", &shown, 1, p);

    tap_int((int)strlen(print), NTS_FINGERPRINT_LEN, "a fingerprint can be typed");
    tap_str(nts_fingerprint_make("held.conflict", &shown, 1, p), print, "the same is the same");
    tap_ok(strcmp(nts_fingerprint_make("held.initial", &shown, 1, p), print) != 0,
           "another decision about the same values is another one");
    other = shown;
    other.value[NTS_EXTERNAL] = &a;
    tap_ok(strcmp(nts_fingerprint_make("held.conflict", &other, 1, p), print) != 0,
           "another value of one side");
    other = shown;
    other.pair = &w->pairs[STAGE];
    tap_ok(strcmp(nts_fingerprint_make("held.conflict", &other, 1, p), print) != 0,
           "another field");
    base.value[NTS_NOTION] = base.value[NTS_EXTERNAL] = a;
    tap_ok(strcmp(nts_fingerprint_make("held.conflict", &shown, 1, p), print) != 0, "another base");
    w->pairs[NAME].computed[NTS_NOTION] = 1;
    print = nts_fingerprint_make("delete", &shown, 1, p);
    shown.value[NTS_NOTION] = &b;
    tap_str(nts_fingerprint_make("delete", &shown, 1, p), print,
            "what a side computes itself is no part of it");
}

static void test_conflict(void)
{
    world_t *w = conflict();
    const nts_issue_t *issue = nts_link_issue(link_of(w), w->pairs[NAME].id);
    nts_entry_t *entry;

    tap_ok(link_of(w)->trouble == NTS_TROUBLE_HELD && issue, "a conflict under hold is shown");
    tap_str(issue ? issue->value[NTS_NOTION].as.text : "", "uno", "with the value of Notion");
    tap_str(issue ? issue->value[NTS_EXTERNAL].as.text : "", "eins", "and of the table");
    tap_str(issue ? issue->code : "", "held.conflict", "and why");
    (void)world_rule(w, link_of(w), NAME, NTS_CHOICE_EXTERNAL);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_str(world_text_of(world_page(w, "p1"), NAME), "eins", "the side that was chosen");
    tap_int(w->writes[NTS_NOTION], 1, "in one write");
    tap_int(w->writes[NTS_EXTERNAL], 0, "and none to the side that stays");
    tap_int(link_of(w)->trouble, NTS_TROUBLE_NONE, "nothing is held any more");
    tap_int(link_of(w)->issue_count, 0, "or shown");
    tap_int(world_open_rulings(w), 0, "the decision is used up");
    entry = world_last_entry(w, NTS_ENTRY_UPDATE);
    tap_str(entry->fields[0].reason, "alice decided: external", "the audit says who");
    tap_str(entry->fields[0].lost.as.text, "uno", "and what was lost");
    (void)world_settle(w);
    tap_int(world_differences(w), 0, "both are equal");
}

static void test_moved_on(void)
{
    world_t *w = conflict();
    const char *shown = link_of(w)->fingerprint;

    (void)world_rule(w, link_of(w), NAME, NTS_CHOICE_EXTERNAL);
    world_wait(w, apr_time_from_sec(60));
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("un"));
    (void)world_run(w, NTS_NOTION, "p1");
    tap_str(world_text_of(world_page(w, "p1"), NAME), "un",
            "S2.9: the values have moved on: refused");
    tap_int(w->writes[0] + w->writes[1], 0, "nothing is written");
    tap_str(w->refused.code, "ruling.refused", "who decided can be told");
    tap_ok(strstr(world_last_entry(w, NTS_ENTRY_REFUSE)->note, "moved on") != NULL,
           "the audit says so");
    tap_int(world_open_rulings(w), 0, "it is used up");
    tap_int(link_of(w)->trouble, NTS_TROUBLE_HELD, "the field is held still");
    tap_ok(strcmp(link_of(w)->fingerprint, shown) != 0, "and shown again");
    tap_str(link_of(w)->issues[0].value[NTS_NOTION].as.text, "un", "with its new value");
    (void)world_rule(w, link_of(w), NAME, NTS_CHOICE_NOTION);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_str(world_text_of(world_row(w, key_of(w)), NAME), "un", "decided again, it is done");
}

static void test_equal_otherwise(void)
{
    world_t *w = conflict();

    (void)world_rule(w, link_of(w), NAME, NTS_CHOICE_EXTERNAL);
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("eins"));
    (void)world_run(w, NTS_NOTION, "p1");
    tap_int(w->writes[0] + w->writes[1], 0,
            "both sides became equal meanwhile: nothing is written");
    tap_int(link_of(w)->trouble, NTS_TROUBLE_NONE, "nothing is held");
    tap_int(world_open_rulings(w), 0, "and the decision has lost its object");
}

static void test_two_fields(void)
{
    world_t *w = world_linked(p);
    const char *shown;

    w->mapping.conflict = NTS_CONFLICT_HOLD;
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("uno"));
    world_edit(w, NTS_NOTION, "p1", QTY, world_number(w, "1"));
    world_edit(w, NTS_EXTERNAL, key_of(w), NAME, world_text("eins"));
    world_edit(w, NTS_EXTERNAL, key_of(w), QTY, world_number(w, "2"));
    (void)world_settle(w);
    tap_int(link_of(w)->issue_count, 2, "two held fields are two issues");
    shown = nts_link_issue(link_of(w), w->pairs[QTY].id)->fingerprint;
    (void)world_rule(w, link_of(w), NAME, NTS_CHOICE_EXTERNAL);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_str(world_text_of(world_page(w, "p1"), NAME), "eins", "one is decided");
    tap_int(link_of(w)->trouble, NTS_TROUBLE_HELD, "the other is held still");
    tap_int(link_of(w)->issue_count, 1, "alone");
    tap_str(nts_link_issue(link_of(w), w->pairs[QTY].id)->fingerprint, shown,
            "and is the same decision as before");
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("later"));
    (void)world_rule(w, link_of(w), QTY, NTS_CHOICE_NOTION);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_str(world_row(w, key_of(w))->values[QTY].as.text, "1",
            "an edit of another field does not touch it");
    tap_str(world_text_of(world_row(w, key_of(w)), NAME), "later", "and goes its own way");
}

static void test_both_ways_at_once(void)
{
    world_t *w = world_linked(p);

    w->mapping.conflict = NTS_CONFLICT_HOLD;
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("uno"));
    world_edit(w, NTS_NOTION, "p1", QTY, world_number(w, "1"));
    world_edit(w, NTS_EXTERNAL, key_of(w), NAME, world_text("eins"));
    world_edit(w, NTS_EXTERNAL, key_of(w), QTY, world_number(w, "2"));
    (void)world_settle(w);
    (void)world_rule(w, link_of(w), NAME, NTS_CHOICE_EXTERNAL);
    (void)world_rule(w, link_of(w), QTY, NTS_CHOICE_NOTION);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_str(world_text_of(world_page(w, "p1"), NAME), "eins",
            "two fields decided either way: this one");
    tap_str(world_row(w, key_of(w))->values[QTY].as.text, "1", "and that one");
    tap_int(world_open_rulings(w), 0, "both decisions are used up");
    (void)world_settle(w);
    tap_int(world_differences(w), 0, "equal");
}

static void test_initial(void)
{
    world_t *w = world_create(p);
    nts_link_t *link = apr_pcalloc(p, sizeof(*link));

    (void)world_add(w, NTS_NOTION, "p1", "one");
    (void)world_add(w, NTS_EXTERNAL, "k1", "eins");
    link->id = ++w->link_count;
    link->page = "p1";
    link->key = "k1";
    link->state = NTS_LINK_ACTIVE;
    w->links[0] = link;
    (void)world_settle(w);
    tap_str(link_of(w)->issues[0].code, "held.initial", "S2.6: first contact under initial=hold");
    (void)world_rule(w, link_of(w), NAME, NTS_CHOICE_NOTION);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_str(world_text_of(world_row(w, "k1"), NAME), "one", "a person decides it");
    tap_int(world_differences(w), 0, "equal");
}

static void insist(world_t *w, world_thing_t *row)
{
    (void)w;
    row->values[NAME] = world_text("always this");
}

static void test_contested(void)
{
    world_t *w = world_linked(p);
    int i, written;

    world_edit(w, NTS_EXTERNAL, key_of(w), NAME, world_text("always this"));
    (void)world_settle(w);
    w->rewrite = insist;
    for (i = 0; i < 8 && link_of(w)->trouble != NTS_TROUBLE_HELD; i++) {
        world_wait(w, apr_time_from_sec(10));
        world_edit(w, NTS_NOTION, "p1", NAME, world_text("and this"));
        (void)world_settle(w);
    }
    tap_str(link_of(w)->issue_count ? link_of(w)->issues[0].code : "none", "held.contested",
            "S2.10: a trigger fights an automation: held");
    world_wait(w, apr_time_from_sec(600));
    written = w->writes[NTS_EXTERNAL];
    world_edit(w, NTS_EXTERNAL, key_of(w), STAGE, world_text("Won"));
    (void)world_settle(w);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_int(w->writes[NTS_EXTERNAL], written,
            "S2.10: that another field was edited since makes it no later edit");
    tap_int(link_of(w)->trouble, NTS_TROUBLE_HELD, "it is held as before");
    tap_int(world_page(w, "p1")->values[STAGE].kind, NTS_VALUE_OPTION, "the other fields go on");
    w->rewrite = NULL;
    (void)world_rule(w, link_of(w), NAME, NTS_CHOICE_NOTION);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_str(world_text_of(world_row(w, key_of(w)), NAME), "and this",
            "a person decides once the trigger is mended");
    tap_int(link_of(w)->trouble, NTS_TROUBLE_NONE, "and it is free");
}

/* ---- deletes ---- */

/* Of the last record of the mapping: always held. */
static world_t *held_delete(nts_side_t deleted)
{
    world_t *w = world_linked(p);

    world_remove(w, deleted, deleted == NTS_NOTION ? "p1" : key_of(w));
    (void)world_settle(w);
    w->writes[0] = w->writes[1] = 0;
    return w;
}

static void test_delete(void)
{
    world_t *w = held_delete(NTS_EXTERNAL);
    const nts_issue_t *issue = nts_link_issue(link_of(w), 0);
    const char *key = key_of(w);

    tap_str(issue ? issue->code : "none", "held.delete_limit", "S4.2: the last record is held");
    (void)world_rule(w, link_of(w), -1, NTS_CHOICE_DELETE);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_int(world_page(w, "p1")->trashed, 1, "approved: the page goes, too");
    tap_int(link_of(w)->state, NTS_LINK_TOMBSTONE, "the record is gone");
    tap_int(link_of(w)->trouble, NTS_TROUBLE_NONE, "nothing is held");
    tap_str(world_last_entry(w, NTS_ENTRY_REMOVE)->note, "alice decided: delete",
            "the audit says who");
    tap_int(world_open_rulings(w), 0, "used up");

    w = held_delete(NTS_EXTERNAL);
    key = key_of(w);
    (void)world_rule(w, link_of(w), -1, NTS_CHOICE_RESTORE);
    (void)world_settle(w);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_ok(world_row(w, key)->there, "or restored: the row is back under its key");
    tap_int(link_of(w)->state, NTS_LINK_ACTIVE, "alive");
    tap_int(world_differences(w), 0, "equal");

    w = held_delete(NTS_NOTION);
    (void)world_rule(w, link_of(w), -1, NTS_CHOICE_DELETE);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_int(world_row(w, key_of(w))->there, 0, "a delete in Notion, approved: the row goes");
    tap_ok(world_last_entry(w, NTS_ENTRY_REMOVE)->image != NULL, "S4.3: with its image kept");

    w = held_delete(NTS_NOTION);
    (void)world_rule(w, link_of(w), -1, NTS_CHOICE_RESTORE);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_int(world_page(w, "p1")->trashed, 0, "or restored: the page is out of the trash");
    tap_int(world_differences(w), 0, "equal");
}

static void test_delete_moved_on(void)
{
    world_t *w = held_delete(NTS_EXTERNAL);
    const char *key = key_of(w);

    (void)world_rule(w, link_of(w), -1, NTS_CHOICE_DELETE);
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("edited since"));
    (void)world_settle(w);
    tap_int(world_page(w, "p1")->trashed, 0, "S2.9: edited since it was shown: not deleted");
    tap_ok(world_row(w, key)->there, "S2.7: the edit wins, the record is restored");
    tap_str(world_text_of(world_row(w, key), NAME), "edited since", "and decided as usual");
    tap_ok(strstr(world_last_entry(w, NTS_ENTRY_REFUSE)->note, "has changed") != NULL,
           "the audit says so");
    tap_int(world_open_rulings(w), 0, "used up");

    w = held_delete(NTS_EXTERNAL);
    world_page(w, "p1")->trashed = 1;
    world_notice(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    tap_int(link_of(w)->trouble, NTS_TROUBLE_NONE,
            "deleted on the other side, too: lifted by becoming equal");
    tap_int(w->writes[0] + w->writes[1], 0, "without a write");
}

static void test_limit_not_used_up(void)
{
    world_t *w = world_create(p);
    int i;

    for (i = 0; i < 30; i++) {
        (void)world_add(w, NTS_NOTION, apr_psprintf(p, "q%d", i), "x");
    }
    (void)world_settle(w);
    for (i = 0; i < 8; i++) {
        world_remove(w, NTS_NOTION, apr_psprintf(p, "q%d", i));
    }
    (void)world_settle(w);
    for (i = 0; i < w->link_count; i++) {
        if (w->links[i]->trouble == NTS_TROUBLE_HELD) {
            (void)world_rule(w, w->links[i], -1, NTS_CHOICE_DELETE);
        }
    }
    tap_int(w->ruling_count, 3, "S4.2: 5 of 8 deletes go by themselves, 3 are held");
    for (i = 0; i < 8; i++) {
        (void)world_run(w, NTS_NOTION, apr_psprintf(p, "q%d", i));
    }
    tap_int(world_open_rulings(w), 0, "the others go as approved");
    tap_int(world_differences(w), 0, "equal");
    world_wait(w, apr_time_from_sec(3601));
    world_remove(w, NTS_NOTION, "q20");
    (void)world_settle(w);
    tap_int(world_link(w, NTS_NOTION, "q20")->state, NTS_LINK_TOMBSTONE,
            "approved deletes do not count against later ones");
}

static void test_no_image(void)
{
    world_t *w = world_linked(p);
    const char *key = key_of(w);

    world_edit(w, NTS_NOTION, "p1", NAME, world_text("uno"));
    world_remove(w, NTS_EXTERNAL, key);
    w->images[link_of(w)->id] = NULL;
    (void)world_settle(w);
    tap_str(link_of(w)->issue_count ? link_of(w)->issues[0].code : "none", "held.restore",
            "S2.7: nothing to restore from: held");
    (void)world_rule(w, link_of(w), -1, NTS_CHOICE_RESTORE);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_ok(link_of(w)->key && strcmp(link_of(w)->key, key) != 0, "restored as a new row");
    tap_str(world_text_of(world_row(w, key_of(w)), NAME), "uno", "of what the page holds");
    tap_int(world_differences(w), 0, "equal");

    w = world_linked(p);
    world_edit(w, NTS_NOTION, "p1", NAME, world_text("uno"));
    world_remove(w, NTS_EXTERNAL, key_of(w));
    w->images[link_of(w)->id] = NULL;
    (void)world_settle(w);
    (void)world_rule(w, link_of(w), -1, NTS_CHOICE_DELETE);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_int(world_page(w, "p1")->trashed, 1, "or deleted, with the edit in the audit");
}

static void test_key_taken(void)
{
    world_t *w = world_linked(p);
    const char *key = key_of(w);

    (void)world_add(w, NTS_NOTION, "p0", "another");
    (void)world_settle(w);
    world_remove(w, NTS_EXTERNAL, key);
    (void)world_settle(w);
    tap_int(link_of(w)->state, NTS_LINK_TOMBSTONE, "a record is deleted");
    (void)world_add(w, NTS_EXTERNAL, key, "somebody else");
    (void)world_settle(w);
    world_page(w, "p1")->trashed = 0;
    world_notice(w, NTS_NOTION, "p1");
    (void)world_settle(w);
    tap_str(link_of(w)->issue_count ? link_of(w)->issues[0].code : "none", "held.restore",
            "S2.7: it comes back, and its key is another's: held");
    tap_str(world_text_of(world_row(w, key), NAME), "somebody else", "which is left alone");
    (void)world_rule(w, link_of(w), -1, NTS_CHOICE_RESTORE);
    (void)world_run(w, NTS_NOTION, "p1");
    tap_ok(link_of(w)->key && strcmp(link_of(w)->key, key) != 0, "restored under a key of its own");
    tap_int(world_differences(w), 0, "equal");
}

static void run_missing(int is_moved)
{
    world_t *w = world_linked(p);
    const char *key = key_of(w);
    int i;

    world_page(w, "p1")->there = is_moved;
    world_page(w, "p1")->moved = is_moved;
    for (i = 0; i < 2; i++) {
        nts_spawn_t spawn = { 0 };

        spawn.target.page = "p1";
        (void)world_run_spawn(w, &spawn, NULL, 7);
        world_wait(w, apr_time_from_sec(90000));
    }
    tap_str(link_of(w)->issue_count ? link_of(w)->issues[0].code : "none", "held.missing",
            "S4.1: two 404s a day apart, or so long in another data source: held");
    tap_int(strstr(link_of(w)->outcome.what, "another data source") != NULL, is_moved,
            "and said as it is");
    (void)world_rule(w, link_of(w), -1, NTS_CHOICE_RESTORE);
    (void)world_run(w, NTS_EXTERNAL, key);
    tap_ok(world_link(w, NTS_EXTERNAL, key)->page != NULL &&
               strcmp(world_link(w, NTS_EXTERNAL, key)->page, "p1") != 0,
           "restored: a new page is made of the row");
    tap_int(world_differences(w), 0, "equal");
}

static void test_missing(void)
{
    run_missing(0);
    run_missing(1);
}

/* ---- matches ---- */

static world_t *ambiguous(void)
{
    world_t *w = world_create(p);
    static const char *const ids[] = { "a", "b", "x", "y" };
    int i;

    for (i = 0; i < 4; i++) {
        nts_link_t *link = apr_pcalloc(p, sizeof(*link));

        (void)world_add(w, i < 2 ? NTS_NOTION : NTS_EXTERNAL, ids[i], "twin");
        link->id = ++w->link_count;
        *(i < 2 ? &link->page : &link->key) = ids[i];
        link->trouble = NTS_TROUBLE_HELD;
        nts_outcome_set(&link->outcome, p, NTS_REMEDY_PERSON, NTS_MATCH_AMBIGUOUS, "ambiguous");
        w->links[i] = link;
    }
    (void)world_settle(w);
    return w;
}

static void test_match(void)
{
    world_t *w = ambiguous();
    nts_link_t *a = world_link(w, NTS_NOTION, "a");

    tap_ok(a->fingerprint != NULL, "an ambiguous record is shown");
    world_rule(w, a, -1, NTS_CHOICE_PAIR)->other = "y";
    (void)world_run(w, NTS_NOTION, "a");
    a = world_link(w, NTS_NOTION, "a");
    tap_str(a->key, "y", "S5.1: a person says which one it is");
    tap_int(a->state, NTS_LINK_ACTIVE, "they are one record");
    tap_ok(world_link(w, NTS_EXTERNAL, "y") == a, "and the other's own row is gone");
    tap_int(w->writes[0] + w->writes[1], 0, "nothing had to be written");
    tap_int(world_open_rulings(w), 0, "used up");

    world_rule(w, world_link(w, NTS_EXTERNAL, "x"), -1, NTS_CHOICE_PAIR)->other = "a";
    (void)world_run(w, NTS_EXTERNAL, "x");
    tap_ok(strstr(w->refused.what ? w->refused.what : "", "paired already") != NULL,
           "one that has a partner cannot be named");
    tap_int(world_link(w, NTS_EXTERNAL, "x")->trouble, NTS_TROUBLE_HELD, "it stays held");
    world_rule(w, world_link(w, NTS_EXTERNAL, "x"), -1, NTS_CHOICE_PAIR)->other = "b";
    (void)world_run(w, NTS_EXTERNAL, "x");
    tap_str(world_link(w, NTS_EXTERNAL, "x")->page, "b", "from the other side, too");

    w = ambiguous();
    (void)world_rule(w, world_link(w, NTS_NOTION, "a"), -1, NTS_CHOICE_APART);
    (void)world_run(w, NTS_NOTION, "a");
    a = world_link(w, NTS_NOTION, "a");
    tap_ok(a->key && strcmp(a->key, "x") != 0 && strcmp(a->key, "y") != 0,
           "or that it is none of them: a new row");
    tap_int(w->writes[NTS_EXTERNAL], 1, "made once");
}

/* ---- do not sync ---- */

static void test_ignored(void)
{
    world_t *w = world_linked(p);
    const char *key = key_of(w);

    (void)world_undo(w, world_last_entry(w, NTS_ENTRY_CREATE));
    tap_int(link_of(w)->state, NTS_LINK_IGNORED, "S5.5: undo of a create: do not sync");
    tap_int(world_row(w, key)->there, 0, "the copy is gone");
    (void)world_rule(w, link_of(w), -1, NTS_CHOICE_SYNC);
    w->hook = NULL;
    (void)world_run(w, NTS_NOTION, "p1");
    tap_int(link_of(w)->state, NTS_LINK_ACTIVE, "and the way back");
    tap_ok(world_row(w, key)->there, "the copy is restored");
    tap_int(world_differences(w), 0, "equal");
}

/* Refused by a busy service: the ruling is free again and the origin is not taken for a delete. */
static spoil_t busy(world_t *w, const nts_call_t *call)
{
    if (call->kind == NTS_CALL_ASK && call->ask.kind >= NTS_ASK_CREATE &&
        call->ask.kind <= NTS_ASK_RESTORE && w->hook_count++ < 1) {
        return SPOIL_NOT_DONE;
    }
    return SPOIL_NOTHING;
}

static void test_busy(void)
{
    world_t *w = world_linked(p);

    (void)world_undo(w, world_last_entry(w, NTS_ENTRY_CREATE));
    (void)world_rule(w, link_of(w), -1, NTS_CHOICE_SYNC);
    w->hook = busy;
    (void)world_run(w, NTS_NOTION, "p1");
    tap_int(world_open_rulings(w), 1, "a write that was not taken frees the decision again");
    tap_int(world_page(w, "p1")->trashed, 0, "the origin is not touched");
    (void)world_run(w, NTS_NOTION, "p1");
    tap_int(link_of(w)->state, NTS_LINK_ACTIVE, "next time it is carried out");
    tap_int(world_open_rulings(w), 0, "and used up");

    w = conflict();
    (void)world_rule(w, link_of(w), NAME, NTS_CHOICE_EXTERNAL);
    w->hook = busy;
    (void)world_run(w, NTS_NOTION, "p1");
    tap_int(world_open_rulings(w), 1, "the same for a field");
    (void)world_run(w, NTS_NOTION, "p1");
    tap_str(world_text_of(world_page(w, "p1"), NAME), "eins", "carried out next time");
}

/* ---- death anywhere ---- */

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
    int kind, bad = 0, cases = 0;

    for (kind = 0; kind < 3; kind++) {
        for (die_at = 0; die_at < 30; die_at++) {
            world_t *w = kind == 0   ? conflict()
                         : kind == 1 ? held_delete(NTS_EXTERNAL)
                                     : world_linked(p);
            int ok;

            if (kind == 2) {
                (void)world_undo(w, world_last_entry(w, NTS_ENTRY_CREATE));
            }
            (void)world_rule(w, link_of(w), kind == 0 ? NAME : -1,
                             kind == 0   ? NTS_CHOICE_EXTERNAL
                             : kind == 1 ? NTS_CHOICE_DELETE
                                         : NTS_CHOICE_SYNC);
            w->writes[0] = w->writes[1] = 0;
            w->hook = die;
            w->hook_count = 0;
            (void)world_run(w, NTS_NOTION, "p1");
            w->hook = NULL;
            (void)world_run(w, NTS_NOTION, "p1");
            (void)world_settle(w);
            (void)world_run(w, NTS_NOTION, "p1");
            (void)world_settle(w);
            ok = world_open_rulings(w) == 0 && link_of(w)->trouble == NTS_TROUBLE_NONE &&
                 w->writes[0] + w->writes[1] == 1 && world_differences(w) == 0;
            if (!ok) {
                tap_diag("decision %d, death %d: open %d, trouble %d, writes %d", kind, die_at,
                         world_open_rulings(w), link_of(w)->trouble, w->writes[0] + w->writes[1]);
            }
            bad += !ok;
            cases++;
        }
    }
    tap_ok(!bad,
           "S2.9: a death before or after any step leaves it usable or used, done once (%d cases)",
           cases);
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    test_fingerprint();
    test_conflict();
    test_moved_on();
    test_equal_otherwise();
    test_two_fields();
    test_both_ways_at_once();
    test_initial();
    test_contested();
    test_delete();
    test_delete_moved_on();
    test_limit_not_used_up();
    test_no_image();
    test_key_taken();
    test_missing();
    test_match();
    test_ignored();
    test_busy();
    test_death();
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
