/* Which records belong together where copies share a mark: what was made for a record is that one's, whatever keys they have in the
 * end. */
#include <apr_general.h>
#include <string.h>
#include <apr_strings.h>

#include "judge_world.h"
#include "tap/tap.h"

/* We make a page of a row of that mark, with what the row shows in NAME. */
static void copy_marked(const char *mark, int entry, const char *key, const char *page,
                        const char *name)
{
    judge_entry_field_t *f = apr_pcalloc(pool, 2 * sizeof(*f));
    judge_entry_t told = {
        .id = entry, .op = "create", .state = "applied", .fields = f, .field_count = 2
    };
    int number;

    now += 5 * SEC;
    (void)request(HISTORY_ASK_READ, 1, key, now, now);
    number = request(HISTORY_ASK_CREATE, 0, NULL, now, now + SEC / 10);
    history_do(h, HISTORY_ACT, number, now, HISTORY_MAKE, 0, place(0), page, NULL, NULL);
    history_set(h, HISTORY_ACT, number, now, 0, place(0), page, "Mark", NULL, mark);
    history_set(h, HISTORY_ACT, number, now, 0, place(0), page, "Name", NULL, name);
    told.at = now;
    told.page = page;
    told.key = key;
    f[0].name = "Mark";
    f[0].after = mark;
    f[1].name = "Name";
    f[1].after = name;
    judge_add_entry(judge, &told);
}

static void copy_row(int entry, const char *key, const char *page, const char *name)
{
    copy_marked("one", entry, key, page, name);
}

static void insert(const char *key, const char *name)
{
    make(1, key, "one");
    history_set(h, HISTORY_ACT, 0, now, 1, place(1), key, "name", NULL, name);
}

static void rekey(const char *from, const char *to)
{
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REKEY, 1, place(1), from, from, to);
}

/* The row k is deleted, and one with the same mark made; both had a page. The new one gets the key of the old one, and its page is the
 * one with that key in the end. */
static void take_key_over(const char *copied)
{
    begin();
    insert("k", "Ada");
    copy_row(1, "k", "p", "Ada");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, place(1), "k", NULL, NULL);
    insert("K", "Eve");
    copy_row(2, "K", "q", copied);
    remove_by_us(0, "p");
    rekey("K", "k");
    link_up("q", "k", 0, NULL);
}

static void test_key_of_former(void)
{
    take_key_over("Eve");
    verdict("", "a row gets the key that another one had before it");
    take_key_over("Ada");
    verdict("S6.3 S6.1", "its page is not made of the former one's values");
}

/* The database is an older copy of itself: what had got the key K is k again, to us another row, which gets a page of its own. */
static void set_key_back(const char *after)
{
    begin();
    insert("k", "Ada");
    copy_row(1, "k", "p", "Ada");
    rekey("k", "K");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, NULL, NULL, NULL, NULL);
    insert("k", "Ada");
    remove_by_us(0, "p");
    copy_row(2, "k", "q", "Ada");
    edit(1, "k", NAME, "Ada", "Eve");
    write_by_us(0, "q", NAME, "Ada", after);
    rekey("k", "K");
    link_up("q", "K", 0, NULL);
}

static void test_key_set_back(void)
{
    set_key_back("Eve");
    verdict("", "a row gets a key once more that it had before the database was set back");
    set_key_back("Bob");
    verdict("S6.3 S6.1", "its page gets nothing but its own values");
}

static void restore_row(const char *key, const char *name)
{
    int number;

    now += 5 * SEC;
    number = request(HISTORY_ASK_REVIVE, 1, key, now, now);
    history_do(h, HISTORY_ACT, number, now, HISTORY_MAKE, 1, place(1), key, NULL, NULL);
    history_set(h, HISTORY_ACT, number, now, 1, place(1), key, "mark", NULL, "one");
    if (name) {
        history_set(h, HISTORY_ACT, number, now, 1, place(1), key, "name", NULL, name);
    }
}

/* Seed 402300: people bring back the page of a deleted row, whose key has another row. When that gets a key of its own, the deleted one
 * comes back from its image, whose values the audit need not tell. */
static void restore_under_key(const char *name)
{
    begin();
    insert("k", "Ada");
    copy_row(1, "k", "p", "Ada");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, place(1), "k", NULL, NULL);
    remove_by_us(0, "p");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REVIVE, 0, place(0), "p", NULL, NULL);
    make(1, "k", "two");
    copy_marked("two", 2, "k", "q", NULL);
    rekey("k", "K");
    restore_row("k", name);
    link_up("p", "k", 0, NULL);
    link_up("q", "K", 0, NULL);
}

/* A row is deleted, and then a column dropped. */
static history_item_t drop_of_gone(const char *column)
{
    history_item_t item = { .kind = HISTORY_ACT, .op = HISTORY_MIGRATE, .side = HISTORY_EXTERNAL };

    begin();
    insert("k", "Ada");
    copy_row(1, "k", "p", "Ada");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, place(1), "k", NULL, NULL);
    item.at = now += 10 * SEC;
    item.place = place(1);
    item.field = column;
    (void)history_add(h, &item);
    return item;
}

/* A column is dropped, and comes back empty; meanwhile the row was gone, and came back without what stood there. */
static void restore_without(const char *column)
{
    history_item_t item = drop_of_gone(column);

    edit(0, "p", QTY, NULL, "5");
    restore_row("k", NULL);
    write_by_us(1, "k", QTY, NULL, "5");
    item.at = now += 10 * SEC;
    item.after = "TEXT";
    (void)history_add(h, &item);
    write_by_us(0, "p", NAME, "Ada", NULL);
    link_up("p", "k", 0, NULL);
}

/* A column is dropped while the row is gone; then another database comes, which has it, and in that the row comes back. */
static void restore_elsewhere(const char *name)
{
    (void)drop_of_gone("name");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, place(1), NULL, NULL, HISTORY_ANOTHER);
    edit(0, "p", QTY, NULL, "5");
    restore_row("k", name);
    write_by_us(1, "k", QTY, NULL, "5");
    link_up("p", "k", 0, NULL);
}

static void test_column_of_another(void)
{
    restore_elsewhere("Ada");
    verdict("", "a column that another database has takes what stood in it (40092)");
    restore_elsewhere("Eve");
    verdict("S6.3 S3.4 S6.1", "and nothing else");
}

static void test_dropped_column(void)
{
    restore_without("name");
    verdict("", "what stood in a column that people dropped is gone, as in any other row (600249)");
    restore_without("tags");
    verdict("S6.3 S6.1", "what stood in another one has to come back");
}

static void test_key_in_between(void)
{
    restore_under_key("Ada");
    verdict("", "a row comes back after another one had its key");
    restore_under_key("Eve");
    verdict("S6.3 S3.4 S6.1", "with its own values");
}

/* A deleted row comes back with an older copy of the database, and gets another page; the state store that knew of that page is lost or
 * not. */
static void lose_maker(int is_lost)
{
    history_item_t lost = { .kind = HISTORY_PROCESS, .op = HISTORY_STORE_OLD, .worker = 1 };
    judge_entry_t elsewhere = { .id = 9,
                                .op = "create",
                                .state = "applied",
                                .side = HISTORY_NOTION,
                                .page = "q",
                                .key = "another" };
    int number;

    begin();
    insert("k", "Ada");
    copy_row(1, "k", "p", "Ada");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, place(1), "k", NULL, NULL);
    remove_by_us(0, "p");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, NULL, NULL, NULL, NULL);
    insert("k", "Ada");
    if (!is_lost) {
        copy_row(8, "k", "r", "Ada");
    }
    now += 5 * SEC;
    (void)request(HISTORY_ASK_READ, 1, "k", now, now);
    number = request(HISTORY_ASK_CREATE, 0, NULL, now, now + SEC / 10);
    history_do(h, HISTORY_ACT, number, now, HISTORY_MAKE, 0, place(0), "q", NULL, NULL);
    history_set(h, HISTORY_ACT, number, now, 0, place(0), "q", "Mark", NULL, "one");
    history_set(h, HISTORY_ACT, number, now, 0, place(0), "q", "Name", NULL, "Ada");
    edit(0, "q", NAME, "Ada", "Eve");
    write_by_us(1, "k", NAME, "Ada", "Eve");
    if (is_lost) {
        lost.at = now;
        (void)history_add(h, &lost);
        phases.store_forgot = 1;
    }
    else {
        judge_add_entry(judge, &elsewhere);
    }
}

/* Seed 405831 */
static void test_forgotten(void)
{
    lose_maker(1);
    judge_add_stop(judge, 0, "waiting", "state.restored");
    verdict("", "who made the page for what went with the state store");
    lose_maker(0);
    verdict("S6.3 S6.1 S6.1 S6.1", "but a store that was not lost knows what it was made for");
}

/* p was made of the row when that had another key; the database is set back, and its row, a new one with the key of then, is paired with
 * q, which people edit. */
static void pair_set_back(int is_followed)
{
    judge_entry_t paired = { .id = 9, .op = "link", .state = "noted", .page = "q", .key = "k" };

    begin();
    insert("k", "Ada");
    copy_row(1, "k", "p", "Ada");
    if (is_followed) {
        rekey("k", "K");
    }
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, NULL, NULL, NULL, NULL);
    insert("k", "Ada");
    make(0, "q", "one");
    history_set(h, HISTORY_ACT, 0, now, 0, place(0), "q", "Name", NULL, "Ada");
    judge_add_entry(judge, &paired);
    remove_by_us(0, "p");
    edit(0, "q", NAME, "Ada", "Eve");
    write_by_us(1, "k", NAME, "Ada", "Eve");
}

/* Seed 610626 */
static void test_key_of_then(void)
{
    pair_set_back(1);
    tap_ok(strstr(rules(), "S6.3") == NULL,
           "a page was not made for a row that got that key later");
    pair_set_back(0);
    tap_ok(strstr(rules(), "S6.3") != NULL, "but for one that had it then");
}

/* A second mapping leaves out what is Bob, and is blocked as there is no such choice. */
static void filter_bob(const char *name, int sides)
{
    judge_mapping_t second = { .name = "m2", .fields = fields, .field_count = FIELDS };

    pair();
    second.place[0] = "ds2";
    second.place[1] = "t2";
    second.mark = MARK;
    second.filter_sides = sides;
    second.filter_field = NAME;
    second.outside = "Bob";
    mapping_now = judge_add_mapping(judge, &second);
    make(0, "q", "two");
    edit(0, "q", NAME, NULL, name);
    mapping_now = 0;
    judge_add_stop(judge, 1, "blocked", "filter.choice");
}

static void test_no_such_choice(void)
{
    filter_bob("Ada", 1 << HISTORY_NOTION);
    verdict("", "a choice that no page ever had need not be there (6673)");
    filter_bob("Bob", 1 << HISTORY_NOTION);
    verdict("S6.1", "one that a page has is");
    filter_bob("Ada", 1 << HISTORY_EXTERNAL);
    verdict("S6.1", "and a filter of rows names none of Notion's");
}

/* A row was made of p by a state store that was lost. Another one, to which p is the page of a row that is gone, made it the row of q,
 * which people made. */
static void pair_anew(const char *name)
{
    history_item_t lost = { .kind = HISTORY_PROCESS, .op = HISTORY_STORE_OLD, .worker = 1 };
    int number;

    begin();
    insert("k", "Ada");
    copy_row(1, "k", "p", "Ada");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, place(1), "k", NULL, NULL);
    make(0, "q", "one");
    now += 5 * SEC;
    (void)request(HISTORY_ASK_READ, 0, "p", now, now + SEC / 10);
    number = request(HISTORY_ASK_CREATE, 1, "K", now, now);
    history_do(h, HISTORY_ACT, number, now, HISTORY_MAKE, 1, place(1), "K", NULL, NULL);
    history_set(h, HISTORY_ACT, number, now, 1, place(1), "K", "mark", NULL, "one");
    history_set(h, HISTORY_ACT, number, now, 1, place(1), "K", "name", NULL, name);
    now += 10 * SEC;
    lost.at = now;
    (void)history_add(h, &lost);
    phases.store_forgot = 1;
    write_by_us(0, "q", NAME, NULL, name);
    link_up("q", "K", 0, NULL);
}

/* Seed 4036 */
static void test_forgotten_origin(void)
{
    pair_anew("Ada");
    remove_by_us(0, "p");
    verdict("", "what a row was made of may be another row's page by what an older store knows");

    pair_anew("Eve");
    remove_by_us(0, "p");
    verdict("S6.3", "what that page never showed the row was not made of");

    pair_anew("Ada");
    edit(0, "p", NAME, "Ada", "Bob");
    write_by_us(1, "K", NAME, "Ada", "Bob");
    write_by_us(0, "q", NAME, "Ada", "Bob");
    remove_by_us(0, "p");
    verdict("S6.3", "and with the store it ceased to be that page's");
}

/* People made p and the row, which were paired; the row got a name, and p that of it. The state store was lost, or is an
 * older one, or neither, and the row went; p is paired with another one of that mark by now. */
static void pair_with_another(history_op_t how, const char *name)
{
    history_item_t lost = { .kind = HISTORY_PROCESS, .op = how, .worker = 1 };

    begin();
    make(0, "p", "one");
    make(1, "k", "one");
    make(1, "l", "one");
    edit(1, "k", NAME, NULL, name);
    write_by_us(0, "p", NAME, NULL, "Ada");
    now += 10 * SEC;
    lost.at = now;
    if (how) {
        (void)history_add(h, &lost);
        phases.store_forgot = 1;
    }
    delete_by_people(1, "k");
    link_up("p", "l", 0, NULL);
    write_by_us(1, "l", NAME, NULL, "Ada");
}

static void test_forgotten_pair(void)
{
    pair_with_another(HISTORY_STORE_LOST, "Ada");
    verdict("", "what was paired before the store was lost nothing tells any more (90846)");

    pair_with_another(HISTORY_STORE_LOST, "Eve");
    verdict("S6.3", "but only what the row showed came of it");

    pair_with_another(HISTORY_NOTHING, "Ada");
    verdict("S6.3", "and a store that was not lost tells");
}

/* A row's key changed, its database is set back to before that, which looks like a new row under the old key: that has a page of
 * its own, and the former page goes. */
static void undo_key_change(int has_page)
{
    begin();
    make(0, "p", "one");
    insert("k", NULL);
    link_up("p", has_page ? "K" : "k", 0, NULL);
    rekey("k", "K");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, "t", NULL, NULL, NULL);
    insert("k", NULL);
    judge_add_entry(judge, &(judge_entry_t){
                               .id = 1, .op = "link", .state = "noted", .page = "p", .key = "k" });
    if (has_page) {
        copy_row(2, "k", "q", NULL);
        link_up("q", "k", 0, NULL);
    }
    remove_by_us(0, "p");
}

static void test_key_change_undone(void)
{
    undo_key_change(1);
    verdict("", "the page of a row whose key is not there any more is deleted");

    undo_key_change(0);
    verdict("S6.7 S6.1", "not if the row under the former key is its own");
}

/* Another mapping of the table deleted the row, which is back with an older copy of the database; this one brings it what its page got meanwhile,
 * before or after that by its own clock. Then people delete the row, its page goes, and when the other mapping brings the row back, this one makes
 * a page of it. */
static void make_page_after(apr_time_t told_later)
{
    judge_mapping_t other = { .name = "m2", .fields = fields, .field_count = FIELDS };
    static const judge_entry_field_t name = { .name = "Name", .after = "Eve" };
    judge_entry_t carried = { .id = 2,
                              .op = "update",
                              .state = "applied",
                              .side = 1,
                              .page = "p",
                              .key = "k",
                              .fields = &name,
                              .field_count = 1 };
    judge_entry_t made = {
        .id = 1, .op = "create", .state = "applied", .side = 1, .page = "p", .key = "k"
    };
    judge_entry_t created = {
        .id = 9, .op = "create", .state = "applied", .page = "q", .key = "k"
    };

    begin();
    other.place[0] = "ds2";
    other.place[1] = place(1);
    other.mark = MARK;
    mapping_now = judge_add_mapping(judge, &other);
    make(0, "x", "one");
    mapping_now = 0;
    make(0, "p", "one");
    copy_by_us(1, "k", "one");
    judge_add_entry(judge, &made);
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "k", NAME, NULL, "Ada");
    mapping_now = 1;
    delete_by_people(0, "x");
    remove_by_us(1, "k");
    told_done("remove", 1, "x", "k");
    mapping_now = 0;
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, place(1), NULL, NULL, NULL);
    carried.at = now + told_later;
    insert("k", "Ada");
    edit(0, "p", NAME, "Ada", "Eve");
    write_by_us(1, "k", NAME, "Ada", "Eve");
    judge_add_entry(judge, &carried);
    delete_by_people(1, "k");
    delete_after("p", "k");
    restore_row("k", "Eve");
    created.at = now + SEC;
    judge_add_entry(judge, &created);
}

static void test_page_after(void)
{
    make_page_after(15 * SEC);
    tap_ok(!strstr(rules(), "S2.7"),
           "who was brought what the page got was its row, though it gets another (98105)");
    make_page_after(-15 * SEC);
    tap_ok(strstr(rules(), "S2.7") != NULL, "what was brought to the one before it says nothing");
}

static void happens(history_op_t op)
{
    history_item_t item = { .kind = HISTORY_PROCESS, .op = op, .side = -1, .worker = 1 };

    item.at = now += SEC;
    (void)history_add(h, &item);
}

/* A row's key changes while who would be told of it is frozen, or not, and the row may be deleted under it; then the database is set back to
 * before that and to a former name. */
static void change_key_unwatched(int is_frozen, int is_deleted)
{
    pair();
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    edit(0, "p", NAME, "Ada", "Bob");
    write_by_us(1, "1", NAME, "Ada", "Bob");
    if (is_frozen) {
        happens(HISTORY_FREEZE);
    }
    rekey("1", "11");
    if (is_deleted) {
        delete_by_people(1, "11");
    }
    set_back_to("Ada");
    happens(HISTORY_WAKE);
    write_by_us(0, "p", NAME, "Bob", "Ada");
}

static void test_key_unwatched(void)
{
    change_key_unwatched(1, 0);
    verdict("",
            "a key that changed while nobody could look, and is back, was never another (86653)");

    change_key_unwatched(0, 0);
    verdict("S2.5", "one that was told of was");

    change_key_unwatched(1, 1);
    verdict("", "also if the row was deleted under it (710106)");

    change_key_unwatched(0, 1);
    verdict("S2.5", "which is told of, too");
}

/* We make a row of a page, people empty its name, copy the page, and change the row's key; then it is the copy's, which fills it. */
static void pair_with_copy(int unseen)
{
    judge_entry_t create = { .id = 1, .op = "create", .state = "applied", .side = 1 };
    history_item_t item = { .kind = HISTORY_ACT,
                            .op = HISTORY_REKEY,
                            .side = 1,
                            .place = "t",
                            .record = "k",
                            .before = "k",
                            .after = "K",
                            .unseen = unseen };

    begin();
    make(0, "p", "one");
    history_set(h, HISTORY_ACT, 0, now, 0, "ds", "p", "Name", NULL, "Ada");
    copy_by_us(1, "k", "one");
    create.page = "p";
    create.key = "k";
    create.at = now;
    judge_add_entry(judge, &create);
    write_by_us(1, "k", NAME, NULL, "Ada");
    edit(1, "k", NAME, "Ada", NULL);
    now += 10 * SEC;
    make(0, "q", "one");
    history_set(h, HISTORY_ACT, 0, now, 0, "ds", "q", "Name", NULL, "Ada");
    item.at = now += 10 * SEC;
    (void)history_add(h, &item);
    link_up("q", "K", 0, NULL);
    write_by_us(1, "K", NAME, NULL, "Ada");
    remove_by_us(0, "p");
}

static void test_paired_anew(void)
{
    pair_with_copy(1);
    verdict(
        "",
        "a row whose key was changed unseen looks like a new one, and may be anybody's (38394)");

    pair_with_copy(0);
    verdict("S6.3 S6.7", "where that was told it stays with the page that it was made of");
}

/* People copy a page, and its row gets the page's newer name. Then either the row is deleted, and we make the copy's, which gets the same
 * key; or the copy was that row's page. */
static void copy_gets_key(int is_made)
{
    judge_entry_t create = {
        .id = 2, .op = "create", .state = "applied", .side = 1, .page = "q", .key = "k"
    };

    begin();
    make(0, "p", "one");
    insert("k", "Ada");
    judge_add_entry(judge, &(judge_entry_t){
                               .id = 1, .op = "link", .state = "noted", .page = "p", .key = "k" });
    write_by_us(0, "p", NAME, NULL, "Ada");
    edit(1, "k", NAME, "Ada", "Bob");
    write_by_us(0, "p", NAME, "Ada", "Bob");
    edit(0, "p", NAME, "Bob", "Eve");
    now += 10 * SEC;
    make(0, "q", "one");
    history_set(h, HISTORY_ACT, 0, now, 0, place(0), "q", "Name", NULL, "Eve");
    write_by_us(1, "k", NAME, "Bob", "Eve");
    if (is_made) {
        delete_by_people(1, "k");
        remove_by_us(0, "p");
        copy_by_us(1, "k", "one");
        create.at = now;
        judge_add_entry(judge, &create);
        write_by_us(1, "k", NAME, NULL, "Eve");
    }
    link_up("q", "k", 0, NULL);
}

static void test_key_of_the_copys(void)
{
    copy_gets_key(1);
    verdict("", "whose row was made under a key is not the page of who had that before (96242)");

    copy_gets_key(0);
    verdict("S2.5 S6.1", "a page that the row was paired with is");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    test_key_of_former();
    test_key_set_back();
    test_key_in_between();
    test_dropped_column();
    test_column_of_another();
    test_forgotten();
    test_key_of_then();
    test_no_such_choice();
    test_forgotten_origin();
    test_forgotten_pair();
    test_key_change_undone();
    test_page_after();
    test_key_unwatched();
    test_paired_anew();
    test_key_of_the_copys();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
