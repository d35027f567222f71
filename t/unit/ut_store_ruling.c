/* Proves what the store promises of people's decisions (S2.9): met by the jobs of their record, taken with the intent
 * in one transaction, free again when the intent came to nothing, and what is shown of a record comes back as it was. */
#include <string.h>

#include "store_kit.h"
#include "tap/tap.h"

static kit_t kit;

static apr_int64_t rule(apr_int64_t link, const char *page, apr_int64_t pair, nts_choice_t choice)
{
    nts_ruling_t ruling = { 0 };

    ruling.link = link;
    ruling.page = page;
    ruling.pair = pair;
    ruling.choice = choice;
    ruling.fingerprint = "0123456789abcdef";
    ruling.by = "alice";
    ruling.command = 7;
    tap_int(nts_store_put_ruling(kit.store, kit.mapping->id, &ruling), APR_SUCCESS, "put");
    return ruling.id;
}

static nts_commit_result_t apply(nts_commit_t *commit)
{
    nts_commit_result_t result = NTS_COMMIT_CLASH;
    const char *words;

    tap_int(nts_store_apply(&result, &words, kit.store, kit.mapping, "g", kit.epoch, commit, kit.p),
            APR_SUCCESS, "applied");
    return result;
}

/* An intent that takes the ruling; or its end. */
static void intend(nts_link_t *link, nts_entry_t *entry, apr_int64_t ruling)
{
    nts_ruling_end_t end = { ruling, entry->intent };
    nts_commit_t commit = { 0 };

    commit.link = link;
    commit.entries = &entry;
    commit.entry_count = 1;
    commit.ruled = &end;
    commit.ruled_count = ruling != 0;
    tap_int(apply(&commit), NTS_COMMIT_OK, "stored");
}

static void test_life(nts_link_t *link)
{
    nts_entry_t *entry = kit_entry("i1", NTS_ENTRY_UPDATE, NTS_NOTION, NTS_ENTRY_PENDING, kit.p);
    apr_int64_t older = rule(link->id, NULL, 3, NTS_CHOICE_NOTION);
    apr_int64_t id = rule(link->id, NULL, 3, NTS_CHOICE_EXTERNAL);
    nts_loaded_t *loaded = kit_load(&kit, 0, "p1", NULL);
    nts_ruling_t *list;
    int count;

    tap_int(loaded->ruling_count, 1, "a later decision about the same field replaces the earlier");
    tap_ok(id != older && loaded->rulings[0].id == id, "it is the later one");
    tap_int(loaded->rulings[0].choice, NTS_CHOICE_EXTERNAL, "its choice");
    tap_int(loaded->rulings[0].pair, 3, "its field");
    tap_str(loaded->rulings[0].fingerprint, "0123456789abcdef", "its fingerprint");
    tap_str(loaded->rulings[0].by, "alice", "by whom");
    tap_int(kit_load(&kit, 0, NULL, "k1")->ruling_count, 1, "found by the key, too");
    tap_int(kit_load(&kit, 0, "p2", NULL)->ruling_count, 0, "but not for another record");
    (void)nts_store_get_rulings(&list, &count, kit.store, kit.mapping->id, 7, 0, 10, kit.p);
    tap_int(count, 1, "and as one of its command");

    intend(link, entry, id);
    tap_int(kit_load(&kit, 0, "p1", NULL)->ruling_count, 0, "taken together with the intent");
    entry->state = NTS_ENTRY_NOT_APPLIED;
    intend(link, entry, 0);
    tap_int(kit_load(&kit, 0, "p1", NULL)->ruling_count, 1, "free again when it came to nothing");
    entry = kit_entry("i2", NTS_ENTRY_UPDATE, NTS_NOTION, NTS_ENTRY_PENDING, kit.p);
    intend(link, entry, id);
    entry->state = NTS_ENTRY_APPLIED;
    intend(link, entry, 0);
    tap_int(kit_load(&kit, 0, "p1", NULL)->ruling_count, 0, "used up when it is done");
    (void)nts_store_get_rulings(&list, &count, kit.store, kit.mapping->id, 7, 0, 10, kit.p);
    tap_int(count, 0, "of its command, too");
}

static void test_refused(nts_link_t *link)
{
    apr_int64_t id = rule(link->id, NULL, 0, NTS_CHOICE_DELETE);
    nts_ruling_end_t end = { id, NULL };
    nts_commit_t commit = { 0 };

    commit.link = link;
    commit.ruled = &end;
    commit.ruled_count = 1;
    commit.key_was = "other";
    tap_int(apply(&commit), NTS_COMMIT_CLASH, "a commit that is refused");
    tap_int(kit_load(&kit, 0, "p1", NULL)->ruling_count, 1, "ends no decision");
    commit.key_was = NULL;
    tap_int(apply(&commit), NTS_COMMIT_OK, "one that is not");
    tap_int(kit_load(&kit, 0, "p1", NULL)->ruling_count, 0, "does");
    (void)rule(0, "p77", 0, NTS_CHOICE_APART);
    tap_int(kit_load(&kit, 0, "p77", NULL)->ruling_count, 1, "a record without a link has its own");
}

static void test_absorb(void)
{
    nts_link_t *page = kit_link("pa", NULL, NTS_LINK_NEW, kit.p);
    nts_link_t *row = kit_link(NULL, "ka", NTS_LINK_NEW, kit.p);
    nts_link_t *pair = kit_link("pb", "kb", NTS_LINK_ACTIVE, kit.p);
    nts_entry_t *create = kit_entry("ic", NTS_ENTRY_CREATE, NTS_NOTION, NTS_ENTRY_PENDING, kit.p);
    nts_commit_t of_row = { 0 };
    nts_target_t target = { 0 };
    nts_commit_t commit = { 0 };
    nts_loaded_t *loaded;

    (void)kit_put_link(&kit, page);
    (void)kit_put_link(&kit, row);
    (void)kit_put_link(&kit, pair);
    target.link = row->id;
    target.page = "pa";
    (void)nts_store_load(&loaded, kit.store, kit.mapping, &target, kit.p);
    tap_int(loaded->counterpart ? loaded->counterpart->id : 0, page->id,
            "a row's load finds the page that is named with it");
    page->key = "ka";
    page->state = NTS_LINK_ACTIVE;
    commit.link = page;
    tap_int(apply(&commit), NTS_COMMIT_CLASH, "two records cannot have one key");
    commit.absorb = row->id;
    of_row.link = row;
    of_row.entries = &create;
    of_row.entry_count = 1;
    tap_int(apply(&of_row), NTS_COMMIT_OK, "a page is being made for the row");
    tap_int(apply(&commit), NTS_COMMIT_CLASH, "then no other takes it in");
    create->state = NTS_ENTRY_NOT_APPLIED;
    tap_int(apply(&of_row), NTS_COMMIT_OK, "that came to nothing");
    tap_int(apply(&commit), NTS_COMMIT_OK, "unless one takes in the other");
    tap_int(kit_load(&kit, 0, NULL, "ka")->link->id, page->id, "whose own row is gone");
    page = kit_link("pc", NULL, NTS_LINK_NEW, kit.p);
    (void)kit_put_link(&kit, page);
    page->key = "kb";
    page->state = NTS_LINK_ACTIVE;
    commit.link = page;
    commit.absorb = pair->id;
    tap_int(apply(&commit), NTS_COMMIT_CLASH, "which must not be a pair itself");
    tap_int(kit_load(&kit, 0, "pb", NULL)->link->id, pair->id, "nothing has happened to it");
}

/* S5.8: a parked record names whom it waits for, and is due when that one has settled; not when it parks, too. */
static void test_wake(void)
{
    nts_link_t *waits = kit_link("pw", "kw", NTS_LINK_ACTIVE, kit.p);
    nts_link_t *holds = kit_link("ph", "kh", NTS_LINK_ACTIVE, kit.p);
    nts_entry_t *entry = kit_entry("iw", NTS_ENTRY_UPDATE, NTS_EXTERNAL, NTS_ENTRY_PENDING, kit.p);
    nts_commit_t commit = { 0 };
    nts_link_t **due;
    int count;

    waits->trouble = NTS_TROUBLE_PARKED;
    waits->outcome.remedy = NTS_REMEDY_WAIT;
    waits->outcome.code = "sql.constraint";
    waits->outcome.blocker = "kh";
    (void)kit_put_link(&kit, waits);
    tap_str(kit_load(&kit, waits->id, NULL, NULL)->link->outcome.blocker, "kh",
            "a parked record names whom it waits for");
    (void)kit_put_link(&kit, holds);
    commit.link = holds;
    commit.entries = &entry;
    commit.entry_count = 1;
    (void)apply(&commit);
    tap_int(commit.woken_count, 0, "an intent wakes nobody");
    holds->trouble = NTS_TROUBLE_PARKED;
    entry->state = NTS_ENTRY_NOT_APPLIED;
    (void)apply(&commit);
    tap_int(commit.woken_count, 0, "nor does a record that parks: no two wake each other for ever");
    entry->state = NTS_ENTRY_APPLIED;
    holds->trouble = NTS_TROUBLE_NONE;
    (void)apply(&commit);
    tap_ok(commit.woken_count == 1 && commit.woken[0] == waits->id, "one that was written does");
    (void)nts_store_get_due(&due, &count, kit.store, kit.mapping->id, waits->id - 1, 1, kit.p);
    tap_ok(count == 1 && due[0]->id == waits->id, "which the next owner of the group knows, too");
    waits->trouble = NTS_TROUBLE_NONE;
    memset(&waits->outcome, 0, sizeof(waits->outcome));
    (void)kit_put_link(&kit, waits);
    (void)apply(&commit);
    tap_int(commit.woken_count, 0, "and once it is well, nobody");
}

/* S5.8: a record that loses its row for good names no key any more, but the value is free (seed 11336 of the simulation: who waited for it
 * was tried again in the next full run). */
static void test_wake_without_key(void)
{
    nts_link_t *waits = kit_link("px", "kx", NTS_LINK_ACTIVE, kit.p);
    nts_link_t *holds = kit_link("py", "ky", NTS_LINK_ACTIVE, kit.p);
    nts_commit_t commit = { 0 };

    waits->trouble = NTS_TROUBLE_PARKED;
    waits->outcome.remedy = NTS_REMEDY_WAIT;
    waits->outcome.code = "sql.constraint";
    waits->outcome.blocker = "ky";
    (void)kit_put_link(&kit, waits);
    (void)kit_put_link(&kit, holds);
    commit.link = holds;
    (void)apply(&commit);
    tap_int(commit.woken_count, 0,
            "a record that keeps its key, and was not settled, wakes nobody");
    holds->key = NULL;
    holds->state = NTS_LINK_IGNORED;
    (void)apply(&commit);
    tap_ok(commit.woken_count == 1 && commit.woken[0] == waits->id,
           "one that loses it wakes who waited for that");
    (void)apply(&commit);
    tap_int(commit.woken_count, 0, "once");
}

static void test_issues(nts_link_t *link)
{
    nts_issue_t issues[2] = { { 0 }, { 0 } };
    const nts_link_t *back;

    issues[0].pair = 3;
    issues[0].code = "held.conflict";
    issues[0].what = "both sides changed this field";
    issues[0].value[NTS_NOTION] = nts_value_text("uno");
    issues[0].value[NTS_EXTERNAL] = nts_value_null;
    issues[0].fingerprint = "f1";
    issues[0].since = KIT_T0;
    issues[1].pair = 4;
    link->issues = issues;
    link->issue_count = 2;
    link->trouble = NTS_TROUBLE_HELD;
    (void)kit_put_link(&kit, link);
    back = kit_load(&kit, 0, "p1", NULL)->link;
    tap_int(back->issue_count, 2, "what is shown comes back");
    tap_str(back->issues[0].code, "held.conflict", "its code");
    tap_str(back->issues[0].value[NTS_NOTION].as.text, "uno", "a value");
    tap_int(back->issues[0].value[NTS_EXTERNAL].kind, NTS_VALUE_NULL, "an empty one");
    tap_str(back->issues[0].fingerprint, "f1", "the fingerprint");
    tap_ok(back->issues[0].since == KIT_T0, "and since when");
    tap_ok(nts_link_issue(back, 4) && !nts_link_issue(back, 5), "found by field");
}

int main(void)
{
    nts_link_t *link;
    apr_pool_t *p;

    (void)apr_initialize();
    (void)apr_pool_create(&p, NULL);
    kit_open(&kit, p);
    link = kit_link("p1", "k1", NTS_LINK_ACTIVE, p);
    (void)kit_put_link(&kit, link);
    test_life(link);
    test_refused(link);
    test_absorb();
    test_wake();
    test_wake_without_key();
    test_issues(link);
    nts_store_close(kit.store);
    apr_pool_destroy(p);
    apr_terminate();
    return tap_done();
}
