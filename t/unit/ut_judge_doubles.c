/* How many copies of a record there may be (S6.6): a row whose delete is ignored is another record when it comes back (S4.4), and a page
 * that was moved before anybody knew of it may have been made twice (S3.7). What a person had deleted or made is another record to the other
 * mappings (S5.5, S2.7). */
#include <apr_general.h>

#include "judge_world.h"
#include "tap/tap.h"

static void row_and_page(void)
{
    begin();
    make(1, "k", "one");
    (void)request(HISTORY_ASK_READ, 1, "k", now, now);
    copy_by_us(0, "p", "one");
}

/* A row is deleted and comes back, for another mapping or with an older copy of the database; we make it a second page. */
static void come_back(judge_deletes_t deletes)
{
    judge_link_t former = { .id = 2, .page = "p", .state = JUDGE_LINK_IGNORED };
    int number;

    deletes_of_worlds = deletes;
    row_and_page();
    deletes_of_worlds = JUDGE_PROPAGATE;
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, place(1), "k", NULL, NULL);
    now += 5 * SEC;
    number = request(HISTORY_ASK_REVIVE, 1, "k", now, now);
    history_do(h, HISTORY_ACT, number, now, HISTORY_MAKE, 1, place(1), "k", NULL, NULL);
    history_set(h, HISTORY_ACT, number, now, 1, place(1), "k", "mark", NULL, "one");
    copy_by_us(0, "q", "one");
    link_up("q", "k", 0, NULL);
    judge_add_link(judge, &former);
}

/* Nobody heard whether the page was made; another one is made, and both are there in the end. @a gone: people had moved the first away
 * meanwhile. */
static void make_again(int gone)
{
    history_item_t item = { .kind = HISTORY_REQUEST,
                            .op = HISTORY_ASK_CREATE,
                            .connection = "n",
                            .end = HISTORY_CUT,
                            .worker = 1 };

    begin();
    make(1, "k", "one");
    (void)request(HISTORY_ASK_READ, 1, "k", now, now);
    now += SEC;
    item.request = history_request(h);
    history_do(h, HISTORY_ACT, item.request, now, HISTORY_MAKE, 0, place(0), "p", NULL, NULL);
    history_set(h, HISTORY_ACT, item.request, now, 0, place(0), "p", "Mark", NULL, "one");
    item.sent = now;
    item.answered = item.at = now + SEC;
    (void)history_add(h, &item);
    told(0, "p", MARK, NULL, "one", NULL);
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, gone ? HISTORY_HIDE : HISTORY_NOTHING, 0, place(0), "p",
               NULL, NULL);
    now += 200 * SEC;
    copy_by_us(0, "q", "one");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SHOW, 0, place(0), "p", NULL, NULL);
    copy_by_us(1, "l", "one");
    link_up("q", "k", 0, NULL);
    link_up("p", "l", 0, NULL);
}

/* A row's key is changed, and its page follows; then the database is set back to when it had the first one, or not. */
static void set_key_back(int is_back)
{
    judge_link_t held = { .id = 2, .page = "p", .key = "l", .state = JUDGE_LINK_ACTIVE };

    row_and_page();
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REKEY, 1, place(1), "k", "k", "l");
    now += 10 * SEC;
    if (is_back) {
        history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, place(1), NULL, NULL, NULL);
        make(1, "k", "one");
    }
    copy_by_us(0, "q", "one");
    link_up("q", is_back ? "k" : "l", 0, NULL);
    held.trouble = 2;
    held.code = "held.delete_limit";
    held.what = "the last one";
    judge_add_link(judge, &held);
}

/* The same where the data source has another table, too, whose mapping makes a row of each page. */
static void set_key_back_beside(int is_back)
{
    judge_mapping_t second = { .name = "m2", .fields = fields, .field_count = FIELDS };
    int i;

    set_key_back(is_back);
    second.place[0] = "ds";
    second.place[1] = "t2";
    second.mark = MARK;
    mapping_now = judge_add_mapping(judge, &second);
    for (i = 0; i < 2; i++) {
        const char *key = i ? "2" : "1";
        int number = history_request(h);

        now += SEC;
        history_do(h, HISTORY_ACT, number, now, HISTORY_MAKE, 1, "t2", key, NULL, NULL);
        history_set(h, HISTORY_ACT, number, now, 1, "t2", key, "mark", NULL, "one");
        told(1, key, MARK, NULL, "one", NULL);
        link_up(i ? "q" : "p", key, 0, NULL);
    }
    mapping_now = 0;
}

/* Of the row, and we hear that it was made. */
static void make_page(const char *page)
{
    int number;

    (void)request(HISTORY_ASK_READ, 1, "k", now, now);
    number = request(HISTORY_ASK_CREATE, 0, page, now, now + SEC);
    now += SEC;
    history_do(h, HISTORY_ACT, number, now, HISTORY_MAKE, 0, place(0), page, NULL, NULL);
    history_set(h, HISTORY_ACT, number, now, 0, place(0), page, "Mark", NULL, "one");
    told(0, page, MARK, NULL, "one", NULL);
}

/* Its row goes, and the page, and comes back for another mapping, and gets a page; then the former page comes back. @a asked: since a
 * person has had its delete taken back. */
static void take_delete_back(int asked)
{
    judge_link_t held = { .id = 2, .page = "p", .key = "k", .state = JUDGE_LINK_ACTIVE };
    judge_entry_t restore = {
        .id = 7, .side = 0, .op = "restore", .state = "applied", .page = "p"
    };
    int number;

    begin();
    make(1, "k", "one");
    make_page("p");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, place(1), "k", NULL, NULL);
    remove_by_us(0, "p");
    now += 5 * SEC;
    number = request(HISTORY_ASK_REVIVE, 1, "k", now, now);
    history_do(h, HISTORY_ACT, number, now, HISTORY_MAKE, 1, place(1), "k", NULL, NULL);
    history_set(h, HISTORY_ACT, number, now, 1, place(1), "k", "mark", NULL, "one");
    copy_by_us(0, "q", "one");
    now += 10 * SEC;
    history_do(h, HISTORY_OPERATOR, 0, now, HISTORY_UNDO, 0, place(0), NULL, NULL, NULL);
    (void)request(HISTORY_ASK_READ, 0, "p", now - SEC / 2, now - SEC / 4);
    number = request(HISTORY_ASK_REVIVE, 0, "p", now, now + SEC / 10);
    history_do(h, HISTORY_ACT, number, now, HISTORY_REVIVE, 0, place(0), "p", NULL, NULL);
    restore.at = now;
    restore.undoes = asked ? 6 : 0;
    judge_add_entry(judge, &restore);
    link_up("q", "k", 0, NULL);
    held.trouble = 2;
    held.code = "held.restore";
    held.what = "another record has its key";
    judge_add_link(judge, &held);
}

static void command(history_op_t op)
{
    history_item_t item = { .kind = HISTORY_OPERATOR, .op = op, .side = -1, .place = "m" };

    now += 10 * SEC;
    item.at = now;
    (void)history_add(h, &item);
}

static void happens(history_op_t op, int worker)
{
    history_item_t item = { .kind = HISTORY_PROCESS, .op = op };

    now += 10 * SEC;
    item.at = now;
    item.worker = worker;
    (void)history_add(h, &item);
}

/* A database is read from a dump into another one, which is gone on with. */
static void exchange(void)
{
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, place(1), NULL, NULL, NULL);
    make(1, "l", "one");
    command(HISTORY_RESUME);
    (void)request(HISTORY_ASK_READ, 1, "l", now, now);
    copy_by_us(0, "q", "one");
    link_up("q", "l", 0, NULL);
}

/* The same while none of our processes is there; or @a early: one is again before the database goes. */
static void exchange_after_crash(int early)
{
    judge_link_t held = { .id = 2, .page = "p", .key = "k", .state = JUDGE_LINK_ACTIVE };

    row_and_page();
    happens(HISTORY_START, 2);
    happens(HISTORY_START, 3);
    happens(HISTORY_CRASH, 3);
    happens(HISTORY_STOP, 2);
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REKEY, 1, place(1), "k", "k", "l");
    happens(early ? HISTORY_START : HISTORY_CRASH, 4);
    exchange();
    held.trouble = 2;
    held.code = "held.restore";
    held.what = "no image";
    judge_add_link(judge, &held);
}

/* The same while the one who looked last is frozen: @a woken before the database goes, or @a asked: another one is at work by then. */
static void exchange_in_freeze(int woken, int asked)
{
    judge_link_t held = { .id = 2, .page = "p", .key = "k", .state = JUDGE_LINK_ACTIVE };

    row_and_page();
    happens(HISTORY_FREEZE, 1);
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REKEY, 1, place(1), "k", "k", "l");
    happens(HISTORY_FREEZE, 4);
    if (woken) {
        happens(HISTORY_WAKE, 1);
    }
    if (asked) {
        (void)request(HISTORY_ASK_OTHER, 0, NULL, now, now + SEC);
        now += SEC;
    }
    exchange();
    held.trouble = 2;
    held.code = "held.restore";
    held.what = "no image";
    judge_add_link(judge, &held);
}

/* The same while the data source is not shown to us, which we know since @a early; or @a shown: it is again before the database goes. */
static void exchange_in_hiding(int early, int shown)
{
    judge_link_t held = { .id = 2, .page = "p", .key = "k", .state = JUDGE_LINK_ACTIVE };
    history_item_t asked = { .kind = HISTORY_REQUEST, .op = HISTORY_ASK_OTHER, .status = 404 };

    row_and_page();
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_HIDE, 0, place(0), NULL, NULL, NULL);
    if (!early) {
        history_do(h, HISTORY_ACT, 0, now + SEC, HISTORY_REKEY, 1, place(1), "k", "k", "l");
    }
    asked.sent = now + 2 * SEC;
    asked.at = asked.answered = now + 3 * SEC;
    asked.connection = "n";
    asked.worker = 1;
    asked.request = history_request(h);
    (void)history_add(h, &asked);
    now += 4 * SEC;
    if (early) {
        history_do(h, HISTORY_ACT, 0, now, HISTORY_REKEY, 1, place(1), "k", "k", "l");
    }
    if (shown) {
        history_do(h, HISTORY_ACT, 0, now += SEC, HISTORY_SHOW, 0, place(0), NULL, NULL, NULL);
        (void)request(HISTORY_ASK_OTHER, 0, NULL, now + SEC, now + 2 * SEC);
        now += 2 * SEC;
    }
    exchange();
    history_do(h, HISTORY_ACT, 0, now += SEC, HISTORY_SHOW, 0, place(0), NULL, NULL, NULL);
    held.trouble = 2;
    held.code = "held.restore";
    held.what = "no image";
    judge_add_link(judge, &held);
}

/* A row's key is changed, maybe while the mapping is paused; then the database is exchanged. */
static void exchange_after_key(int is_paused, int is_resumed)
{
    judge_link_t held = { .id = 2, .page = "p", .key = "k", .state = JUDGE_LINK_ACTIVE };

    row_and_page();
    command(is_paused ? HISTORY_PAUSE : HISTORY_OTHER);
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REKEY, 1, place(1), "k", "k", "l");
    if (is_resumed) {
        command(HISTORY_RESUME);
        (void)request(HISTORY_ASK_READ, 1, "l", now, now);
    }
    exchange();
    held.trouble = 2;
    held.code = "held.restore";
    held.what = "no image";
    judge_add_link(judge, &held);
}

/* The database is exchanged while the mapping is paused; it is resumed, and before it looks a key is changed. */
static void wake_after_key(int is_paused)
{
    judge_link_t held = { .id = 2, .page = "p", .key = "k", .state = JUDGE_LINK_ACTIVE };

    row_and_page();
    command(is_paused ? HISTORY_PAUSE : HISTORY_OTHER);
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, place(1), NULL, NULL, NULL);
    make(1, "k", "one");
    command(HISTORY_RESUME);
    now += SEC / 2;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REKEY, 1, place(1), "k", "k", "l");
    (void)request(HISTORY_ASK_READ, 1, "l", now, now);
    copy_by_us(0, "q", "one");
    link_up("q", "l", 0, NULL);
    held.trouble = 2;
    held.code = "held.restore";
    held.what = "no image";
    judge_add_link(judge, &held);
}

static void test_key_slept_through(void)
{
    wake_after_key(1);
    verdict("", "a key that was changed before who wakes looks (21689)");
    wake_after_key(0);
    verdict("S6.6 S6.1", "who was awake had looked");

    exchange_after_key(1, 0);
    verdict("", "a key that was changed in a pause, before the database was exchanged, was told to "
                "nobody (612723)");
    exchange_after_key(0, 0);
    verdict("S6.6 S6.1", "without a pause it is followed");
    exchange_after_key(1, 1);
    verdict("S6.6 S6.1", "and when that was over before the exchange");
    exchange_after_crash(0);
    verdict("", "nor was there anybody after a crash (9031)");
    exchange_after_crash(1);
    verdict("S6.6 S6.1", "who is there again follows it");
    exchange_in_freeze(0, 0);
    verdict("", "nor did who was frozen all the time hear of it (40475)");
    exchange_in_freeze(1, 0);
    verdict("S6.6 S6.1", "who wakes before does");
    exchange_in_freeze(0, 1);
    verdict("S6.6 S6.1", "and so does who takes over");
    exchange_in_hiding(1, 0);
    verdict("", "without its data source a mapping looks at no database (56733)");
    exchange_in_hiding(0, 0);
    verdict("S6.6 S6.1", "before it knows of that it does");
    exchange_in_hiding(1, 1);
    verdict("S6.6 S6.1", "and when it is shown again");
}

/* The row comes back from its image under @a key. */
static void bring_row(const char *key, const char *name)
{
    int number;

    now += 10 * SEC;
    number = request(HISTORY_ASK_REVIVE, 1, key, now, now);
    history_do(h, HISTORY_ACT, number, now, HISTORY_MAKE, 1, place(1), key, NULL, NULL);
    history_set(h, HISTORY_ACT, number, now, 1, place(1), key, "mark", NULL, "one");
    history_set(h, HISTORY_ACT, number, now, 1, place(1), key, "name", NULL, name);
    told(1, key, MARK, NULL, "one", "restored");
    told(1, key, NAME, NULL, name, "restored");
}

static void lose_row_and(const char *page)
{
    write_by_us(0, page, NAME, NULL, "Ada");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, place(1), "k", NULL, NULL);
    remove_by_us(0, page);
}

/* Out of the trash; @a asked: for a person had its delete taken back. */
static void bring_page(const char *page, int asked)
{
    judge_entry_t restore = { .side = 0, .op = "restore", .state = "applied", .page = page };
    int number;

    now += 10 * SEC;
    (void)request(HISTORY_ASK_READ, 0, page, now - SEC / 2, now - SEC / 4);
    number = request(HISTORY_ASK_REVIVE, 0, page, now, now + SEC / 10);
    history_do(h, HISTORY_ACT, number, now, HISTORY_REVIVE, 0, place(0), page, NULL, NULL);
    restore.at = now;
    restore.undoes = asked ? 6 : 0;
    judge_add_entry(judge, &restore);
}

/* Three pages were made of one row, one after the other, as it went and came back; a person asks the first two back, if so. The third has
 * the row, which gets another key, so that the first gets one under @a key again, with that name. */
static void free_key(int first, int second, const char *key, const char *name)
{
    judge_link_t links[] = {
        { .id = 1, .page = "q", .key = "l", .state = JUDGE_LINK_ACTIVE },
        { .id = 2, .page = "p", .key = key, .state = JUDGE_LINK_ACTIVE },
        { .id = 3, .page = "o", .key = key, .state = JUDGE_LINK_TOMBSTONE, .trouble = 2 }
    };
    judge_entry_t restore = {
        .side = 1, .op = "restore", .state = "applied", .page = "p", .key = key
    };
    int i;

    begin();
    make(1, "k", "one");
    make_page("p");
    edit(1, "k", NAME, NULL, "Ada");
    lose_row_and("p");
    bring_row("k", "Ada");
    make_page("o");
    lose_row_and("o");
    bring_row("k", "Ada");
    make_page("q");
    write_by_us(0, "q", NAME, NULL, "Ada");
    edit(1, "k", NAME, "Ada", "Eve");
    write_by_us(0, "q", NAME, "Ada", "Eve");
    command(HISTORY_UNDO);
    bring_page("p", first);
    bring_page("o", second);
    edit(0, "p", NAME, "Ada", "Bob");
    edit(0, "o", NAME, "Ada", "Bob");
    now += 900 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REKEY, 1, place(1), "k", "k", "l");
    bring_row(key, name);
    restore.at = now;
    judge_add_entry(judge, &restore);
    write_by_us(1, key, NAME, name, "Bob");
    links[2].code = "held.restore";
    links[2].what = "another record has its key";
    for (i = 0; i < 3; i++) {
        judge_add_link(judge, &links[i]);
    }
}

static void test_freed_key(void)
{
    free_key(1, 1, "k", "Ada");
    verdict("", "who was asked back gets a row when the key is free, as it was, and the next one "
                "waits (402455)");
    free_key(1, 1, "k", "Zoe");
    verdict("S6.3 S2.5", "it has no name that it never had");
    free_key(1, 0, "k", "Ada");
    verdict("S6.6 S6.1", "who was not asked back does not wait");
    free_key(0, 1, "k", "Ada");
    verdict("S6.6", "nor is who was not asked back one more");
    free_key(1, 1, "m", "Ada");
    verdict("S6.3 S2.5 S6.6", "nor one with a key that was never its");
}

/* Another mapping brings the row back that we deleted; it gets a page. @a undone: because a person took its create back. */
static void bring_back(int undone)
{
    judge_link_t former = { .id = 2, .page = "p", .state = JUDGE_LINK_IGNORED };
    judge_entry_t create = {
        .id = 1, .link = 2, .side = 1, .op = "create", .state = "applied", .page = "p", .key = "k"
    };
    judge_entry_t undo = create;
    int number;

    begin();
    make(0, "p", "one");
    copy_by_us(1, "k", "one");
    create.at = now;
    judge_add_entry(judge, &create);
    now += 10 * SEC;
    history_do(h, HISTORY_OPERATOR, 0, now, undone ? HISTORY_UNDO : HISTORY_APPROVE, 0, "m",
               undone ? NULL : "p", NULL, NULL);
    remove_by_us(1, "k");
    undo.id = 2;
    undo.undoes = undone ? 1 : 0;
    undo.op = "remove";
    undo.at = now;
    judge_add_entry(judge, &undo);
    now += 5 * SEC;
    number = request(HISTORY_ASK_REVIVE, 1, "k", now, now);
    history_do(h, HISTORY_ACT, number, now, HISTORY_MAKE, 1, place(1), "k", NULL, NULL);
    history_set(h, HISTORY_ACT, number, now, 1, place(1), "k", "mark", NULL, "one");
    copy_by_us(0, "q", "one");
    link_up("q", "k", 0, NULL);
    judge_add_link(judge, &former);
}

/* A row goes; a person is asked about both pages, and has a row made of that of the other mapping, if @a approved. */
static void make_elsewhere(int approved)
{
    judge_entry_t create = {
        .mapping = 1, .side = 1, .op = "create", .state = "applied", .page = "o", .key = "l"
    };

    deletes_of_worlds = JUDGE_DELETES_HOLD;
    row_and_page();
    deletes_of_worlds = JUDGE_PROPAGATE;
    mapping_now = add_second();
    copy_by_us(0, "o", "one");
    mapping_now = 0;
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, place(1), "k", NULL, NULL);
    now += 10 * SEC;
    history_do(h, HISTORY_OPERATOR, 0, now, HISTORY_APPROVE, 0, place(0), NULL, NULL, NULL);
    copy_by_us(1, "l", "one");
    create.at = now;
    create.mapping = approved ? 1 : 0;
    judge_add_entry(judge, &create);
    copy_by_us(0, "q", "one");
    link_up("q", "l", 0, NULL);
    link_up("p", "k", 2, "held.delete");
    mapping_now = 1;
    link_up("o", "l", 0, NULL);
    mapping_now = 0;
}

enum { COPY_AFTER_DELETE, COPY_BEFORE_DELETE, BROUGHT_BY_US, NOT_HELD };

/* A row of two mappings goes; the one deletes its page, the other asks a person first. With an older copy of the database the row is back, and
 * people take the page out of the trash; the row gets a new page. */
static void set_back_and_bring(int how)
{
    judge_mapping_t second = {
        .name = "m2", .place = { "ds2", "t" }, .fields = fields, .field_count = FIELDS, .mark = MARK
    };
    judge_link_t held = { .id = 2, .page = "p", .key = "k", .state = JUDGE_LINK_TOMBSTONE };
    int number = 0;

    begin();
    make(1, "k", "one");
    make_page("p");
    mapping_now = judge_add_mapping(judge, &second);
    copy_by_us(0, "o", "one");
    link_up("o", "k", 0, NULL);
    mapping_now = 0;
    delete_by_people(1, "k");
    if (how != COPY_BEFORE_DELETE) {
        remove_by_us(0, "p");
    }
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, place(1), NULL, NULL, NULL);
    make(1, "k", "one");
    if (how == COPY_BEFORE_DELETE) {
        remove_by_us(0, "p");
    }
    now += 10 * SEC;
    if (how == BROUGHT_BY_US) {
        (void)request(HISTORY_ASK_READ, 0, "p", now - SEC / 2, now - SEC / 4);
        number = request(HISTORY_ASK_REVIVE, 0, "p", now, now + SEC / 10);
    }
    history_do(h, HISTORY_ACT, number, now, HISTORY_REVIVE, 0, place(0), "p", NULL, NULL);
    now += 10 * SEC;
    (void)request(HISTORY_ASK_READ, 1, "k", now, now);
    copy_by_us(0, "q", "one");
    link_up("q", "k", 0, NULL);
    if (how != NOT_HELD) {
        held.trouble = 2;
        held.code = "held.restore";
        held.what = "another record has its key";
    }
    judge_add_link(judge, &held);
}

static void test_set_back_and_bring(void)
{
    set_back_and_bring(COPY_AFTER_DELETE);
    verdict("",
            "a page that people took out of the trash waits beside that of its former key (90339)");
    set_back_and_bring(COPY_BEFORE_DELETE);
    verdict("S6.6 S6.1", "not if it was deleted when its row was there again");
    set_back_and_bring(BROUGHT_BY_US);
    verdict("S6.6", "nor if we took it out");
    set_back_and_bring(NOT_HELD);
    verdict("S6.6 S6.1", "nor if nobody is asked");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    come_back(JUDGE_DELETES_IGNORE);
    verdict("", "where deletes are ignored a row that comes back is a new record");
    come_back(JUDGE_PROPAGATE);
    verdict("S6.6 S6.1", "but not elsewhere");
    make_again(1);
    verdict("", "a page that was away when it was looked for is made again");
    make_again(0);
    verdict("S6.6", "but not one that is there");
    set_key_back(1);
    verdict("", "a row that has its former key with an older copy of its database is a new record");
    set_key_back(0);
    verdict("S6.6", "a row whose key changes is not");
    set_key_back_beside(1);
    verdict("", "and has a second page, of which the mapping of another table makes a row (4411)");
    set_key_back_beside(0);
    verdict("S6.6 S6.6", "which else is one too many, as the page is");
    test_key_slept_through();
    take_delete_back(1);
    verdict("", "a page that a person had brought back waits beside the new record (7310)");
    take_delete_back(0);
    verdict("S6.6", "one that came back otherwise is one too many");
    bring_back(1);
    verdict(
        "",
        "a row whose create was taken back, and that another mapping brings back, is a new record");
    bring_back(0);
    verdict("S6.6 S6.1", "but not one that was deleted otherwise");
    make_elsewhere(1);
    verdict(
        "",
        "a row that a person has another mapping make is a new record beside a page that is held");
    make_elsewhere(0);
    verdict("S6.6", "but not one that its own mapping makes");
    test_freed_key();
    test_set_back_and_bring();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
