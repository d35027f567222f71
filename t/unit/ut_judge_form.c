/* A database that takes several forms of a key for one, and is set back: which record a row is whose key has another form there. */
#include <apr_general.h>

#include "judge_world.h"
#include "tap/tap.h"

/* People gave the row's key another form, then its database was set back to before that, and to what `p` held then. */
static void set_back(judge_keys_t keys)
{
    keys_of_worlds = keys;
    pair();
    keys_of_worlds = JUDGE_KEYS_EXACT;
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    edit(0, "p", NAME, "Ada", "Bob");
    write_by_us(1, "1", NAME, "Ada", "Bob");
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REKEY, 1, "t", "1", "1", "1 ");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, "t", NULL, NULL, NULL);
    make(1, "1", "one");
    history_set(h, HISTORY_ACT, 0, now, 1, "t", "1", "name", NULL, "Ada");
    write_by_us(0, "p", NAME, "Bob", "Ada");
}

static void test_key_in_its_former_form(void)
{
    set_back(JUDGE_KEYS_BARE);
    verdict("", "to a database that takes both forms for one it is the row that it was");

    set_back(JUDGE_KEYS_EXACT);
    verdict("S2.5", "to another one it is a row of its own");
}

/* In the older copy the row is deleted, and another one made under the key that `p` knows it by; before we looked into the copy, or after. */
static void make_under_known_form(int is_seen)
{
    keys_of_worlds = JUDGE_KEYS_BARE;
    begin();
    keys_of_worlds = JUDGE_KEYS_EXACT;
    make(0, "p", "one");
    copy_by_us(1, "1 ", "one");
    link_up("p", "1 ", 0, NULL);
    edit(0, "p", NAME, NULL, "Bob");
    write_by_us(1, "1 ", NAME, NULL, "Bob");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, "t", NULL, NULL, NULL);
    make(1, "1", "one");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, "t", "1", NULL, NULL);
    if (is_seen) {
        now += SEC;
        (void)request(HISTORY_ASK_LIST, 1, NULL, now, now);
    }
    now += SEC;
    make(1, "1 ", "one");
    history_set(h, HISTORY_ACT, 0, now, 1, "t", "1 ", "name", NULL, "Eve");
    write_by_us(0, "p", NAME, "Bob", "Eve");
}

static void test_known_form(void)
{
    make_under_known_form(0);
    verdict("", "who finds a row under the key that it knows finds that record, edited (64361)");
    make_under_known_form(1);
    verdict("S2.5", "when we looked into the copy the row was gone");
}

/* The row is deleted; another one gets its key in another form, and a page `q`. Then the database is set back to before that. */
static void set_back_to_former(const char *mark)
{
    keys_of_worlds = JUDGE_KEYS_BARE;
    pair();
    keys_of_worlds = JUDGE_KEYS_EXACT;
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, "t", "1", NULL, NULL);
    now += 60 * SEC;
    make(1, "1 ", "two");
    history_set(h, HISTORY_ACT, 0, now, 1, "t", "1 ", "name", NULL, "Eve");
    copy_by_us(0, "q", "two");
    write_by_us(0, "q", NAME, NULL, "Eve");
    edit(0, "p", NAME, "Ada", "Bob");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, "t", NULL, NULL, NULL);
    make(1, "1", mark);
    history_set(h, HISTORY_ACT, 0, now, 1, "t", "1", "name", NULL, "Ada");
}

static void test_former_of_its_form(void)
{
    set_back_to_former("one");
    write_by_us(1, "1", NAME, "Ada", "Bob");
    remove_by_us(0, "q");
    verdict("", "by its mark it is the row that had just this key before, as it was");

    set_back_to_former("two");
    write_by_us(1, "1", NAME, "Ada", "Bob");
    verdict("S6.3 S6.6 S6.1",
            "with the mark of the one that has another form of it, it is that one");
}

/* The row is replaced by one with its mark and its key in another form, and the database set back to before it had that
 * name. The page shows @a shown by then. */
static void set_back_over(const char *shown)
{
    keys_of_worlds = JUDGE_KEYS_BARE;
    pair();
    keys_of_worlds = JUDGE_KEYS_EXACT;
    fields[NAME].rule = JUDGE_NOTION_WINS;
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    edit(0, "p", NAME, "Ada", shown);
    now += 10 * SEC;
    make(1, "1 ", "one");
    history_set(h, HISTORY_ACT, 0, now, 1, "t", "1 ", "name", NULL, "Eve");
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, "t", "1", NULL, NULL);
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, "t", NULL, NULL, NULL);
    make(1, "1", "one");
    write_by_us(0, "p", NAME, shown, NULL);
}

static void test_former_of_one_mark(void)
{
    set_back_over("Ada");
    verdict("", "with the mark of both it is the row that each was, set back (17230)");

    set_back_over("Bob");
    verdict("S2.5", "it knows nothing that neither had shown");
}

static void page_made(const char *page, const char *key, apr_int64_t id)
{
    judge_entry_t entry = { .id = id, .op = "create", .state = "applied", .at = now };

    copy_by_us(0, page, "one");
    entry.page = page;
    entry.key = key;
    judge_add_entry(judge, &entry);
}

/* A row is replaced by one with its mark and its key in another form, which gets a page `q` of its own, as its own page `p` was edited, and
 * people delete `p`, or not. Then the database is set back to before that, and the edit of `p` brought over. */
static void set_back_beside(int is_gone)
{
    keys_of_worlds = JUDGE_KEYS_BARE;
    begin();
    keys_of_worlds = JUDGE_KEYS_EXACT;
    make(1, "1", "one");
    page_made("p", "1", 1);
    link_up("p", "1", 0, NULL);
    edit(1, "1", NAME, NULL, "Ada");
    write_by_us(0, "p", NAME, NULL, "Ada");
    edit(0, "p", NAME, "Ada", "Bob");
    make(1, "1 ", "one");
    history_set(h, HISTORY_ACT, 0, now, 1, "t", "1 ", "name", NULL, "Eve");
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, "t", "1", NULL, NULL);
    page_made("q", "1 ", 2);
    write_by_us(0, "q", NAME, NULL, "Eve");
    now += 10 * SEC;
    if (is_gone) {
        history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 0, "ds", "p", NULL, NULL);
    }
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, "t", NULL, NULL, NULL);
    make(1, "1", "one");
    history_set(h, HISTORY_ACT, 0, now, 1, "t", "1", "name", NULL, "Ada");
    remove_by_us(0, "q");
    write_by_us(1, "1", NAME, "Ada", "Bob");
}

static void test_former_with_page(void)
{
    set_back_beside(0);
    verdict("", "whose page lives and waits for it is the record that had just this key (61901)");

    set_back_beside(1);
    verdict("S6.3 S6.1", "once that is gone, too, the row is that of the other form");
}

/* A row has a page; or another one had its key before, and a page, and both were deleted. */
static void make_row(int is_second)
{
    pair_up("q", "2", "two");
    link_up("q", "2", 0, NULL);
    if (is_second) {
        make(1, "1", "one");
        page_made("o", "1", 2);
        delete_by_people(1, "1");
        delete_after("o", "1");
        now += SEC;
    }
    make(1, "1", "one");
    page_made("p", "1", 3);
}

/* A row's key gets another form, which its link follows, and what people give its page then. The database is set back to before that: under the
 * key that the link has nothing is there, the page goes, and the row gets another. */
static void lose_form(int is_second, const char *given_after)
{
    keys_of_worlds = JUDGE_KEYS_BARE;
    begin();
    keys_of_worlds = JUDGE_KEYS_EXACT;
    make_row(is_second);
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REKEY, 1, "t", "1", "1", "1 ");
    edit(0, "p", NAME, "Ada", "Bob");
    write_by_us(1, "1 ", NAME, "Ada", "Bob");
    if (given_after) {
        edit(0, "p", NAME, "Bob", given_after);
    }
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, "t", NULL, NULL, NULL);
    make(1, "2", "two");
    make(1, "1", "one");
    history_set(h, HISTORY_ACT, 0, now, 1, "t", "1", "name", NULL, "Ada");
    delete_after("p", "1 ");
    page_made("r", "1", 4);
    write_by_us(0, "r", NAME, NULL, "Ada");
    link_up("r", "1", 0, NULL);
}

static void test_form_lost(void)
{
    lose_form(0, NULL);
    verdict("", "a row that is gone under its key looks like a delete and a new one");

    lose_form(1, NULL);
    verdict("", "its page was not made for the one that had its key before it (99763)");

    lose_form(0, "Cid");
    verdict("S2.7", "what its page got since is an edit");

    lose_form(1, "Cid");
    verdict("S2.7", "whoever had that key before");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    test_key_in_its_former_form();
    test_known_form();
    test_former_of_its_form();
    test_former_of_one_mark();
    test_former_with_page();
    test_form_lost();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
