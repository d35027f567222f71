/* The judge on deletes: which record is the last one (S4.2), and who may be left without its row (S2.7, S4.4). */
#include <apr_general.h>
#include <string.h>

#include "judge_world.h"
#include "tap/tap.h"

/* ---- the last one (S4.2) ---- */

static void test_last(void)
{
    begin();
    pair_up("p", "1", "one");
    pair_up("q", "2", "two");
    link_up("q", "2", 0, NULL);
    delete_by_people(1, "1");
    delete_after("p", "1");
    verdict("", "of two one is left");

    begin();
    pair_up("p", "1", "one");
    pair_up("q", "2", "two");
    delete_by_people(1, "1");
    delete_after("p", "1");
    delete_by_people(1, "2");
    delete_after("q", "2");
    verdict("S4.2", "then it is the last");

    begin();
    pair_up("p", "1", "one");
    pair_up("q", "2", "two");
    delete_by_people(0, "p");
    delete_by_people(1, "1");
    delete_by_people(1, "2");
    delete_after("q", "2");
    verdict("", "people deleted the other on both sides, and nobody had looked");

    begin();
    pair_up("p", "1", "one");
    pair_up("q", "2", "two");
    delete_by_people(0, "p");
    delete_by_people(1, "1");
    (void)request(HISTORY_ASK_READ, 1, "1", now + SEC, now + SEC);
    (void)request(HISTORY_ASK_READ, 0, "p", now + SEC, now + 2 * SEC);
    delete_by_people(1, "2");
    delete_after("q", "2");
    verdict("S4.2", "somebody had looked");
}

/* Two mappings of one table, and two rows, each with a page of either; the second is at work. */
static void begin_in_both(void)
{
    begin();
    (void)add_second();
    pair_up("p", "1", "one");
    pair_up("q", "2", "two");
    mapping_now = 1;
    copy_by_us(0, "p2", "one");
    copy_by_us(0, "q2", "two");
}

/* Two mappings of one table: what the other deleted there is there still as long as its page is. */
static void test_last_of_one(void)
{
    begin_in_both();
    told_done("create", 0, "p2", "1");
    told_done("create", 0, "q2", "2");
    delete_by_people(0, "p2");
    remove_by_us(1, "1");
    told_done("remove", 1, "p2", "1");
    mapping_now = 0;
    delete_by_people(0, "q");
    remove_by_us(1, "2");
    told_done("remove", 1, "q", "2");
    link_up("p", "1", 2, "held.delete_limit");
    mapping_now = 1;
    link_up("q2", "2", 2, "held.delete_limit");
    verdict("", "each mapping has a page left, of which a person is asked");
}

/* A page is deleted, restored, and deleted again, by one mapping or by each; with four others that is five or six. */
static void delete_twice(int second_by)
{
    static const char *const pages[] = { "p", "q", "r", "s", "t", "u", "v" };
    static const char *const keys[] = { "1", "2", "3", "4", "5", "6", "7" };
    judge_entry_t entry = {
        .op = "remove", .state = "applied", .side = 1, .page = "p", .key = "1"
    };
    int i;

    begin();
    (void)add_second();
    for (i = 0; i < 7; i++) {
        pair_up(pages[i], keys[i], pages[i]);
    }
    mapping_now = 1;
    copy_by_us(0, "p2", "p");
    copy_by_us(0, "v2", "v");
    link_up("v2", "7", 0, NULL);
    mapping_now = 0;
    link_up("v", "7", 0, NULL);
    for (i = 0; i < 2; i++) {
        mapping_now = i ? second_by : 0;
        delete_by_people(0, mapping_now ? "p2" : "p");
        remove_by_us(1, "1");
        entry.id = 10 + i;
        entry.mapping = mapping_now;
        judge_add_entry(judge, &entry);
        if (!i) {
            now += SEC;
            history_do(h, HISTORY_ACT, 0, now, HISTORY_REVIVE, 0, "ds", "p", NULL, NULL);
            make(1, "1", "p");
        }
    }
    mapping_now = 0;
    for (i = 1; i < 5; i++) {
        delete_by_people(0, pages[i]);
        remove_by_us(1, keys[i]);
        entry.id = 20 + i;
        entry.mapping = 0;
        entry.page = pages[i];
        entry.key = keys[i];
        judge_add_entry(judge, &entry);
    }
}

/* We delete p, hear no answer, and it is brought back: before its fate could be told, or after that. Then we delete it once more, and four
 * others. */
static void delete_unheard(int is_judged)
{
    static const char *const pages[] = { "p", "q", "r", "s", "t", "u" };
    static const char *const keys[] = { "1", "2", "3", "4", "5", "6" };
    judge_entry_t entry = { .op = "remove", .state = "not applied", .page = "p", .key = "1" };
    history_item_t cut = { .kind = HISTORY_REQUEST,
                           .op = HISTORY_ASK_DELETE,
                           .record = "p",
                           .connection = "n",
                           .end = HISTORY_CUT,
                           .worker = 1 };
    int i;

    begin();
    for (i = 0; i < 6; i++) {
        pair_up(pages[i], keys[i], pages[i]);
    }
    delete_by_people(1, "1");
    now += 10 * SEC;
    (void)request(HISTORY_ASK_READ, 0, "p", now - SEC, now - SEC / 2);
    entry.at = now;
    judge_add_entry(judge, &entry);
    cut.place = place(0);
    cut.sent = now;
    cut.at = cut.answered = now + SEC;
    cut.request = history_request(h);
    history_do(h, HISTORY_ACT, cut.request, now + SEC / 2, HISTORY_DELETE, 0, place(0), "p", NULL,
               NULL);
    (void)history_add(h, &cut);
    now += 10 * SEC;
    if (is_judged) {
        now += 90 * SEC;
        (void)request(HISTORY_ASK_READ, 0, "p", now - SEC, now - SEC / 2);
    }
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REVIVE, 0, place(0), "p", NULL, NULL);
    for (i = 0; i < 5; i++) {
        if (i) {
            delete_by_people(1, keys[i]);
        }
        remove_by_us(0, pages[i]);
        entry.state = "applied";
        entry.at = now;
        entry.page = pages[i];
        entry.key = keys[i];
        judge_add_entry(judge, &entry);
    }
}

static void test_unheard(void)
{
    delete_unheard(0);
    tap_ok(strstr(rules(), "S4.2") == NULL,
           "a delete that was undone before it could be told of is none");
    delete_unheard(1);
    tap_ok(strstr(rules(), "S4.2") != NULL, "one that was seen is");
}

static void test_whose(void)
{
    delete_twice(0);
    tap_ok(strstr(rules(), "S4.2") != NULL, "six deletes of one mapping");
    delete_twice(1);
    tap_ok(strstr(rules(), "S4.2") == NULL, "five of one, and one of another");
}

/* ---- pages without a row (S2.7, S4.4) ---- */

static void link_back(const char *page, const char *key, judge_link_state_t state, const char *code)
{
    judge_link_t link = { .id = 7, .page = page, .key = key, .state = state };

    link.trouble = code ? 2 : 0;
    link.code = code;
    link.what = code ? "something" : NULL;
    judge_add_link(judge, &link);
}

/* A page is in the trash, we see it there, and it comes back. */
static void bin_for_a_while(const char *page, const char *key)
{
    delete_by_people(0, page);
    remove_by_us(1, key);
    (void)request(HISTORY_ASK_READ, 0, page, now + SEC, now + 2 * SEC);
    now += 3 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REVIVE, 0, "ds", page, NULL, NULL);
    now += SEC;
}

/* A page that was in the trash with its row comes back, and has another row made; that one goes too, which the mapping ignores. */
static void ignore_second(int is_ignored)
{
    judge_entry_t made = { .op = "create", .state = "applied", .side = 1, .page = "p" };
    int i;

    begin();
    make(0, "p", "one");
    for (i = 0; i < 2; i++) {
        made.id = i + 1;
        made.key = i ? "2" : "1";
        copy_by_us(1, made.key, "one");
        judge_add_entry(judge, &made);
        if (!i) {
            bin_for_a_while("p", "1");
        }
    }
    if (is_ignored) {
        delete_by_people(1, "2");
    }
    else {
        bin_for_a_while("p", "2");
    }
    link_back("p", "2", JUDGE_LINK_IGNORED, NULL);
}

/* A row goes and its page is edited, so we bring it back; before that people trash the page, which we saw, if @a seen, in time. */
static void trash_before_restore(int seen)
{
    int number;

    begin();
    pair_up("p", "1", "one");
    delete_by_people(1, "1");
    edit(0, "p", NAME, NULL, "Ada");
    now += SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 0, place(0), "p", NULL, NULL);
    now += SEC;
    (void)request(HISTORY_ASK_READ, 0, "p", now - 2 * SEC, now - SEC / 2);
    (void)request(HISTORY_ASK_READ, 0, seen ? "p" : "x", now - SEC / 4, now);
    now += SEC;
    number = request(HISTORY_ASK_REVIVE, 1, "1", now, now);
    history_do(h, HISTORY_ACT, number, now, HISTORY_MAKE, 1, place(1), "1", NULL, NULL);
    history_set(h, HISTORY_ACT, number, now, 1, place(1), "1", "mark", NULL, "one");
    link_back("p", "1", JUDGE_LINK_IGNORED, NULL);
}

/* While another database is in the place of that of a row people trash its page, which we see, if @a seen, before the row is there again. */
static void trash_without_row(int seen)
{
    begin();
    pair_up("p", "1", "one");
    now += SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, place(1), NULL, NULL, "another");
    delete_by_people(0, "p");
    now += SEC;
    (void)request(HISTORY_ASK_READ, 0, seen ? "p" : "x", now - SEC / 4, now);
    now += SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, place(1), NULL, NULL, NULL);
    make(1, "1", "one");
    link_back("p", "1", JUDGE_LINK_IGNORED, NULL);
}

/* A row of two mappings is deleted, so one of them trashes its page; that is @a forgotten with an older copy of the state store, but for the
 * audit if @a told, and then the row comes back with an older database. */
static void trash_unremembered(int forgotten, int told)
{
    history_item_t old = { .kind = HISTORY_PROCESS, .op = HISTORY_STORE_OLD, .worker = 1 };

    begin_in_both();
    link_up("p2", "1", 0, NULL);
    link_up("q2", "2", 0, NULL);
    mapping_now = 0;
    link_up("q", "2", 0, NULL);
    delete_by_people(1, "1");
    remove_by_us(0, "p");
    if (told) {
        told_done("remove", 0, "p", "1");
    }
    (void)request(HISTORY_ASK_READ, 0, "p", now + SEC, now + 2 * SEC);
    old.at = now += 3 * SEC;
    if (forgotten) {
        (void)history_add(h, &old);
        phases.store_forgot = 1;
    }
    now += SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, place(1), NULL, NULL, NULL);
    make(1, "1", "one");
    make(1, "2", "two");
    link_back("p", "1", JUDGE_LINK_IGNORED, NULL);
}

static void test_trashed_since(void)
{
    deletes_of_rows = JUDGE_DELETES_IGNORE;
    trash_before_restore(0);
    verdict("", "the row was there again when we saw that its page was trashed (31616)");
    trash_before_restore(1);
    verdict("S6.1", "both were seen to be gone before");
    trash_without_row(0);
    verdict("", "or it was only in another database meanwhile (85485)");
    trash_without_row(1);
    verdict("S6.1", "where it was missed when its page was seen in the trash");
    trash_unremembered(1, 0);
    verdict("", "an older state store takes our own delete for that of people (99582)");
    trash_unremembered(1, 1);
    verdict("S6.1", "unless its audit has it");
    trash_unremembered(0, 0);
    verdict("S6.1", "and one that was not set back knows what it saw");
    deletes_of_rows = JUDGE_PROPAGATE;
}

static void test_ignored(void)
{
    deletes_of_worlds = JUDGE_DELETES_IGNORE;
    ignore_second(1);
    verdict("",
            "the delete that is ignored is that of the link's row, not of the former one (445875)");
    ignore_second(0);
    verdict("S6.1", "one that went because of its page is not ignored");
    deletes_of_worlds = JUDGE_PROPAGATE;
}

/* Both sides of a record are deleted; its row comes back, a page is there for it, made by us or by people; then the old page comes
 * back. */
static void come_back(int is_ours)
{
    begin();
    pair_up("p", "1", "one");
    delete_by_people(0, "p");
    remove_by_us(1, "1");
    now += 20 * SEC;
    make(1, "1", "one");
    if (is_ours) {
        copy_by_us(0, "q", "one");
    }
    else {
        make(0, "q", "one");
    }
    now += SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REVIVE, 0, "ds", "p", NULL, NULL);
    link_back("p", "1", JUDGE_LINK_TOMBSTONE, "held.restore");
    link_back("q", "1", JUDGE_LINK_ACTIVE, NULL);
}

static void test_key_of_another(void)
{
    come_back(1);
    verdict("", "what came under its key when both sides were gone is a new record");
    come_back(0);
    verdict("S6.1", "a page that people made is no copy of it");

    begin();
    pair_up("p", "1", "one");
    delete_by_people(0, "p");
    remove_by_us(1, "1");
    now += SEC;
    make(1, "1", "two");
    copy_by_us(0, "q", "two");
    delete_by_people(1, "1");
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REVIVE, 0, "ds", "p", NULL, NULL);
    link_back("p", "1", JUDGE_LINK_TOMBSTONE, "held.restore");
    link_back("q", "1", JUDGE_LINK_ACTIVE, "held.delete_limit");
    make(0, "x", "three");
    copy_by_us(1, "3", "three");
    link_up("x", "3", 0, NULL);
    verdict("", "a record whose delete is held keeps its key");
}

/* Somebody says to go on with the database that is there, which is done. */
static void resume(void)
{
    history_item_t item = { .kind = HISTORY_OPERATOR, .op = HISTORY_RESUME, .place = "m" };

    item.at = now;
    (void)history_add(h, &item);
    now += SEC;
    (void)request(HISTORY_ASK_READ, 1, NULL, now, now);
}

static void swap_database(void)
{
    now += 20 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, "t", NULL, NULL, NULL);
    resume();
}

static void change_key(const char *from, const char *to, int unseen)
{
    history_item_t item = { .kind = HISTORY_ACT, .op = HISTORY_REKEY, .side = 1, .place = "t" };

    now += SEC;
    item.at = now;
    item.record = item.before = from;
    item.after = to;
    item.unseen = unseen;
    (void)history_add(h, &item);
}

/* The row of `p` goes with the database; that of `q` gets its key, and another one; and is there with the key again in a copy of the
 * database (seed 408403). */
static void test_lost_row(void)
{
    int is_audited;

    for (is_audited = 0; is_audited < 2; is_audited++) {
        begin();
        make(0, "p", "one");
        copy_by_us(1, "1", "one");
        if (is_audited) {
            told_done("create", 1, "p", "1");
        }
        swap_database();
        make(0, "q", "two");
        copy_by_us(1, "1", "two");
        change_key("1", "9", 0);
        swap_database();
        make(1, "1", "two");
        link_back("p", NULL, JUDGE_LINK_ACTIVE, "held.restore");
        link_back("q", "1", JUDGE_LINK_ACTIVE, NULL);
        verdict(is_audited ? "" : "S6.1", is_audited ? "the audit tells which row it had"
                                                     : "nothing tells of a row that it lost");
    }
}

static void move_key(int unseen)
{
    begin();
    pair_up("p", "1", "one");
    change_key("1", "2", unseen);
    copy_by_us(0, "q", "one");
    link_back("p", "1", JUDGE_LINK_ACTIVE, "held.restore");
    link_back("q", "2", JUDGE_LINK_ACTIVE, NULL);
}

enum { NEVER = 0, BEFORE, AFTER };

/* A row gets another key in a database, and maybe @a swapped another one takes its place, which is gone on with; then an older state
 * store is put back. */
static void forget_swap(int swapped)
{
    history_item_t old = { .kind = HISTORY_PROCESS, .op = HISTORY_STORE_OLD, .worker = 1 };

    begin();
    pair_up("p", "1", "one");
    if (swapped == BEFORE) {
        swap_database();
        make(1, "1", "one");
    }
    change_key("1", "2", 0);
    if (swapped == AFTER) {
        swap_database();
        make(1, "2", "one");
    }
    old.at = now + SEC;
    (void)history_add(h, &old);
    phases.store_forgot = 1;
    now += 2 * SEC;
    copy_by_us(0, "q", "one");
    link_back("p", swapped == BEFORE ? "1 (replaced, notice 9)" : "1", JUDGE_LINK_ACTIVE,
              "held.restore");
    link_back("q", "2", JUDGE_LINK_ACTIVE, NULL);
}

static void test_forgotten_key(void)
{
    forget_swap(BEFORE);
    verdict("",
            "a key that was changed in a database of which an older store does not know (457739)");
    forget_swap(AFTER);
    verdict("", "or in one that is gone when that is put back (26007)");
    forget_swap(NEVER);
    verdict("S6.1", "in the database that it knows it is told of again");
    phases.store_forgot = 0;
}

/* While the mapping is paused we delete its page's row for another one; with the database goes what tells of that. */
static void delete_in_pause(int is_paused)
{
    history_item_t pause = { .kind = HISTORY_OPERATOR, .op = HISTORY_PAUSE, .place = "m" };

    begin();
    pair_up("p", "1", "one");
    now += SEC;
    pause.at = now;
    pause.op = is_paused ? HISTORY_PAUSE : HISTORY_OTHER;
    (void)history_add(h, &pause);
    pair_up("q", "2", "two");
    delete_by_people(0, "q");
    now += SEC;
    history_do(h, HISTORY_ACT, request(HISTORY_ASK_DELETE, 1, "1", now, now), now, HISTORY_DELETE,
               1, "t", "1", NULL, NULL);
    swap_database();
    link_back("p", "1", JUDGE_LINK_ACTIVE, "held.restore");
}

static void test_deleted_in_pause(void)
{
    delete_in_pause(1);
    tap_ok(strstr(rules(), "S6.1") == NULL, "an image that went with the database (24861)");
    delete_in_pause(0);
    tap_ok(strstr(rules(), "S6.1") != NULL, "before that it was seen, and is kept (S4.3)");
}

/* Its row is deleted by us, for another mapping; the page waits, and leaves the key to a new record (seed 423304). */
static void leave_key(const char *mark)
{
    begin();
    pair_up("p", "1", "one");
    delete_by_people(0, "p");
    remove_by_us(1, "1");
    now += SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REVIVE, 0, "ds", "p", NULL, NULL);
    make(0, "q", mark);
    copy_by_us(1, "1", mark);
    link_back("p", "1 (replaced, entry 9)", JUDGE_LINK_ACTIVE, "held.restore");
    link_back("q", "1", JUDGE_LINK_ACTIVE, NULL);
}

static void test_left_key(void)
{
    leave_key("two");
    verdict("", "a key that was left to another record is taken");
    leave_key("one");
    verdict("S6.1", "to a copy that people made of the page it is not: they cannot be told apart");
}

/* With the database goes the key that the row had got in it; the row is there under its former one, gets a page of its own, and both
 * are deleted (seed 420755). The next database does not have it either (seed 613962). */
static void set_back(int has_moved, int times)
{
    int i;

    begin();
    pair_up("p", "1", "one");
    if (has_moved) {
        change_key("1", "12", 0);
    }
    for (i = 0; i < times; i++) {
        swap_database();
        make(1, "1", "one");
    }
    copy_by_us(0, "q", "one");
    told_done("create", 0, "q", "1");
    delete_by_people(0, "q");
    remove_by_us(1, "1");
    make(0, "x", "two");
    copy_by_us(1, "3", "two");
    link_up("x", "3", 0, NULL);
    link_back("p", has_moved ? "12" : "1", JUDGE_LINK_ACTIVE, "held.restore");
}

static void test_moved_key(void)
{
    int unseen;

    set_back(1, 1);
    verdict("", "a key that went with a database");
    set_back(1, 2);
    verdict("", "which was exchanged once more");
    set_back(0, 1);
    verdict("S6.7 S6.1", "one that did not");
    set_back(0, 2);
    verdict("S6.7 S6.1", "nor with the next");
    move_key(1);
    verdict("", "a key that was changed while our triggers were gone");
    move_key(0);
    verdict("S6.6 S6.1", "with them there is no excuse");
    for (unseen = 0; unseen < 2; unseen++) {
        begin();
        pair_up("p", "1", "one");
        change_key("1", "2", unseen);
        copy_by_us(0, "q", "one");
        remove_by_us(0, "p");
        link_back("q", "2", JUDGE_LINK_ACTIVE, NULL);
        verdict(unseen ? "" : "S6.7", "a key that was changed unseen looks like a delete");
    }
}

/* ---- a page that is not there for us (S4.1) ---- */

static void test_purged(void)
{
    begin();
    pair_up("p", "1", "one");
    history_do(h, HISTORY_ACT, 0, now, HISTORY_PURGE, 0, "ds", "p", NULL, NULL);
    now += SEC;
    copy_by_us(0, "q", "one");
    now += SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_PURGE, 0, "ds", "q", NULL, NULL);
    link_back("q", "1", JUDGE_LINK_ACTIVE, "notion.missing");
    verdict("", "the page that is missing is the link's, whatever other page the row had before");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    test_last();
    test_last_of_one();
    test_whose();
    test_unheard();
    test_ignored();
    test_trashed_since();
    test_key_of_another();
    test_lost_row();
    test_left_key();
    test_deleted_in_pause();
    test_moved_key();
    test_forgotten_key();
    test_purged();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
