/* A row that is deleted again in an older copy of its database, and then brought back: of which of its deletes is the image? */
#include <apr_general.h>
#include <string.h>

#include "judge_world.h"
#include "tap/tap.h"

/* Row and page of a record are deleted. In a copy of the database the row is there once more, and deleted again, after somebody looked into
 * the copy or before. Then the page comes back, and we bring the row back. */
static void delete_in_copy(int is_seen)
{
    int number;

    agree_twice();
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, place(1), "1", NULL, NULL);
    remove_by_us(0, "p");
    set_back_to("Ada");
    now += 10 * SEC;
    if (is_seen) {
        (void)request(HISTORY_ASK_LIST, 1, NULL, now - 2 * SEC, now - SEC);
    }
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, place(1), "1", NULL, NULL);
    now += 10 * SEC;
    (void)request(HISTORY_ASK_LIST, 1, NULL, now - 2 * SEC, now - SEC);
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REVIVE, 0, place(0), "p", NULL, NULL);
    now += 5 * SEC;
    number = request(HISTORY_ASK_REVIVE, 1, "1", now, now);
    history_do(h, HISTORY_ACT, number, now, HISTORY_MAKE, 1, place(1), "1", NULL, NULL);
    history_set(h, HISTORY_ACT, number, now, 1, place(1), "1", "mark", NULL, "one");
    history_set(h, HISTORY_ACT, number, now, 1, place(1), "1", "name", NULL, "Bob");
}

static void test_deleted_in_copy(void)
{
    delete_in_copy(0);
    fields[NAME].rule = JUDGE_EXTERNAL_WINS;
    verdict("", "a row that nobody saw live again in a copy comes back as it was before (46564)");
    delete_in_copy(1);
    fields[NAME].rule = JUDGE_EXTERNAL_WINS;
    verdict("S2.5", "one that was seen there comes back as it was there");
}

/* We bring the row back for its page, with that name. */
static void bring_back(const char *name)
{
    judge_entry_t restore = {
        .op = "restore", .state = "applied", .side = 1, .page = "p", .key = "1"
    };
    int number;

    now += 5 * SEC;
    number = request(HISTORY_ASK_REVIVE, 1, "1", now, now);
    history_do(h, HISTORY_ACT, number, now, HISTORY_MAKE, 1, place(1), "1", NULL, NULL);
    history_set(h, HISTORY_ACT, number, now, 1, place(1), "1", "mark", NULL, "one");
    if (name) {
        history_set(h, HISTORY_ACT, number, now, 1, place(1), "1", "name", NULL, name);
    }
    told(1, "1", NAME, NULL, name, NULL);
    restore.at = now;
    judge_add_entry(judge, &restore);
}

enum { ROW_STAYS = 0, ROW_GOES, ROW_GOES_UNSEEN };

/* People delete a row, which we see, or not, or its page, or both. In a copy of the database the row is edited and deleted again, and then we bring it back, as it
 * was when it was deleted first, or last. */
static void delete_twice(int row, int page_goes, int is_seen, const char *edited, const char *name)
{
    agree_twice();
    now += 10 * SEC;
    if (row != ROW_STAYS) {
        history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, place(1), "1", NULL, NULL);
    }
    if (row == ROW_GOES) {
        (void)request(HISTORY_ASK_READ, 1, "1", now + SEC, now + SEC);
    }
    if (page_goes) {
        history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 0, place(0), "p", NULL, NULL);
    }
    set_back_to("Ada");
    edit(1, "1", NAME, "Ada", edited);
    if (is_seen) {
        (void)request(HISTORY_ASK_LIST, 1, NULL, now + SEC, now + 2 * SEC);
    }
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, place(1), "1", NULL, NULL);
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REVIVE, 0, place(0), "p", NULL, NULL);
    bring_back(name);
}

static void test_deleted_twice(void)
{
    delete_twice(ROW_GOES, 1, 0, "Eve", "Bob");
    verdict("", "who was deleted before the copy comes back as it was then (37231)");
    delete_twice(ROW_GOES, 1, 1, "Eve", "Bob");
    verdict("S6.3", "unless somebody looked into the copy");
    delete_twice(ROW_GOES, 1, 0, NULL, NULL);
    write_by_us(0, "p", NAME, "Bob", NULL);
    verdict("", "or as it was in the copy, when that was seen by then (59346)");
    delete_twice(ROW_GOES, 1, 0, "Eve", NULL);
    write_by_us(0, "p", NAME, "Bob", NULL);
    verdict("S6.1", "but as it was, and not without what it had there");
    delete_twice(ROW_GOES, 0, 0, "Eve", "Bob");
    verdict("S6.3", "or its page was there all the time");
    delete_twice(ROW_STAYS, 1, 0, NULL, NULL);
    write_by_us(0, "p", NAME, "Bob", NULL);
    verdict("", "a row that was not gone before comes back as it was in the copy (76693)");
    delete_twice(ROW_STAYS, 1, 0, "Eve", "Bob");
    verdict("S6.3", "and not as it was before that");
    delete_twice(ROW_GOES_UNSEEN, 1, 0, NULL, NULL);
    write_by_us(0, "p", NAME, "Bob", NULL);
    verdict("", "nor is one that nobody saw gone before the copy came (48722)");
    delete_twice(ROW_GOES_UNSEEN, 1, 0, "Eve", "Bob");
    verdict("S6.3", "which left no image of that");
}

static void go_on(const char *mapping)
{
    history_item_t word = { .kind = HISTORY_OPERATOR,
                            .op = HISTORY_RESUME,
                            .side = -1,
                            .place = mapping,
                            .note = HISTORY_ACCEPTED };

    now += SEC;
    word.at = now;
    (void)history_add(h, &word);
}

enum { WORD_IN_TIME = 1, WORD_TO_BOTH = 2, WORD_TOO_LATE = 4 };

/* Row and page of a record are deleted, which we see. In a copy of the database a person lets another mapping of the table go on, which looks
 * there; the row is edited and deleted again. Then we bring it back, as it was when it was deleted first. */
static void delete_while_waiting(int words)
{
    judge_mapping_t other = { .name = "m2", .fields = fields, .field_count = FIELDS };

    agree_twice();
    other.place[0] = "ds2";
    other.place[1] = "t";
    other.mark = MARK;
    (void)judge_add_mapping(judge, &other);
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, place(1), "1", NULL, NULL);
    (void)request(HISTORY_ASK_READ, 1, "1", now + SEC, now + SEC);
    history_do(h, HISTORY_ACT, 0, now + SEC, HISTORY_DELETE, 0, place(0), "p", NULL, NULL);
    set_back_to("Ada");
    if (words & WORD_IN_TIME) {
        go_on("m2");
    }
    (void)request(HISTORY_ASK_LIST, 1, NULL, now + SEC, now + 2 * SEC);
    now += 2 * SEC;
    if (words & WORD_TO_BOTH) {
        go_on("m");
    }
    if (words & WORD_TOO_LATE) {
        go_on("m2");
    }
    edit(1, "1", NAME, "Ada", "Eve");
    delete_by_people(1, "1");
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REVIVE, 0, place(0), "p", NULL, NULL);
    bring_back("Bob");
}

static void test_deleted_while_waiting(void)
{
    delete_while_waiting(WORD_IN_TIME);
    tap_ok(!strstr(rules(), "S6.3"),
           "what others did meanwhile a mapping that waits does not know (91399)");
    delete_while_waiting(WORD_IN_TIME | WORD_TO_BOTH);
    tap_ok(strstr(rules(), "S6.3") != NULL, "one that was told to go on does");
    delete_while_waiting(WORD_TOO_LATE);
    tap_ok(strstr(rules(), "S6.3") != NULL,
           "nor did it wait if the table was looked into before a word");
    delete_while_waiting(0);
    tap_ok(strstr(rules(), "S6.3") != NULL, "or if there was none");
}

/* A row is edited, which is read or not, and its database exchanged for an empty one. We bring it back, as it was before that edit. */
static void lose_edit(int is_read)
{
    agree_twice();
    (void)request(HISTORY_ASK_READ, 1, "1", now, now);
    edit(1, "1", NAME, "Bob", "Eve");
    if (is_read) {
        (void)request(HISTORY_ASK_READ, 1, "1", now + SEC, now + SEC);
    }
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, place(1), NULL, NULL, NULL);
    now += 5 * SEC;
    bring_back("Bob");
}

static void test_lost_edit(void)
{
    lose_edit(0);
    verdict("", "an edit that nobody read is lost with its database (700299)");
    lose_edit(1);
    verdict("S6.3", "one that was read is not");
}

/* A row is deleted, another one comes under its key and goes with the database; in that which comes then a third has the @a value. The page,
 * which has none by now, waits for its row. */
static void wait_for_value(const char *value)
{
    begin();
    fields[QTY].unique = 1;
    make(0, "p", "one");
    copy_by_us(1, "1", "one");
    told_done("create", 1, "p", "1");
    edit(1, "1", QTY, NULL, "7");
    write_by_us(0, "p", QTY, NULL, "7");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, place(1), "1", NULL, NULL);
    edit(0, "p", QTY, "7", NULL);
    now += 10 * SEC;
    make(1, "1", "two");
    now += SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, place(1), NULL, NULL, NULL);
    make(1, "2", "three");
    history_set(h, HISTORY_ACT, 0, now, 1, place(1), "2", fields[QTY].name[1], NULL, value);
    now += 10 * SEC;
    copy_by_us(0, "q", "three");
    history_set(h, HISTORY_ACT, 0, now, 0, place(0), "q", fields[QTY].name[0], NULL, value);
    link_up("q", "2", 0, NULL);
    link_up("p", "1", 2, "sql.constraint");
}

static void test_value_of_image(void)
{
    wait_for_value("7");
    verdict("", "an image does not come back beside a row that has its value (70251)");
    wait_for_value("8");
    verdict("S6.1", "one with another value is in nobody's way");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    test_deleted_in_copy();
    test_deleted_twice();
    test_deleted_while_waiting();
    test_lost_edit();
    test_value_of_image();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
