/* The judge on deletes: what is no edit of a record that is deleted (S2.7); and when a value was given (S1). */
#include <apr_general.h>
#include <string.h>

#include "judge_world.h"
#include "tap/tap.h"

/* The row is made of a page whose date it cannot hold, or (by a query that lags) could not before; then a person edits that. */
static void edit_unfit(const char *shown)
{
    begin();
    fields[NAME].sort = JUDGE_DATE;
    fields[NAME].days = 1;
    make(0, "p", "one");
    history_set(h, HISTORY_ACT, 0, now, 0, "ds", "p", "Name", NULL, shown);
    now += SEC;
    history_set(h, HISTORY_ACT, 0, now, 0, "ds", "p", "Name", shown, NULL);
    copy_by_us(1, "1", "one");
    told_done("create", 1, "p", "1");
    make(0, "q", "two");
    copy_by_us(1, "2", "two");
    link_up("q", "2", 0, NULL);
    edit(0, "p", NAME, NULL, "2026-12-02");
    delete_by_people(1, "1");
    delete_after("p", "1");
}

static void test_unfit(void)
{
    edit_unfit("2026-12-02/2026-12-30");
    verdict("", "of a value that the query may have shown, and the row cannot hold, nothing was "
                "ever agreed");
    edit_unfit("2026-12-03");
    verdict("S2.7", "if it could hold that, it would have");
}

/* Both were there before us; we look at the row and then at the page, in time or when the row is gone; then the page is edited. */
static void test_seen_too_late(void)
{
    int late;

    for (late = 0; late < 2; late++) {
        begin();
        make(0, "p", "one");
        make(1, "1", "one");
        pair_up("q", "2", "two");
        link_up("q", "2", 0, NULL);
        link_up("p", "1", 0, NULL);
        (void)request(HISTORY_ASK_READ, 1, "1", now + SEC, now + SEC);
        if (late) {
            delete_by_people(1, "1");
        }
        (void)request(HISTORY_ASK_READ, 0, "p", now + SEC, now + 2 * SEC);
        now += 2 * SEC;
        edit(0, "p", NAME, NULL, "Ada");
        if (!late) {
            delete_by_people(1, "1");
        }
        delete_after("p", "1");
        verdict(late ? "" : "S2.7",
                late ? "what a page shows when its row is gone is agreed by nobody"
                     : "both were seen before the edit");
    }
}

/* Two mappings of one data source: we look at the row of the first, and read that of the other or make it, then read the page, which is edited
 * after that. @a how: HISTORY_ASK_READ, HISTORY_ASK_CREATE; anything else: the row of the other was there, and was not looked at */
static void read_for_another(history_op_t how)
{
    judge_mapping_t second = { .name = "m2", .fields = fields, .field_count = FIELDS };
    int is_made = how == HISTORY_ASK_CREATE, is_asked = is_made || how == HISTORY_ASK_READ;
    history_item_t ask = { .kind = HISTORY_REQUEST, .op = how, .side = 1, .place = "t2" };

    begin();
    second.place[0] = place(0);
    second.place[1] = "t2";
    second.mark = MARK;
    (void)judge_add_mapping(judge, &second);
    ask.request = is_asked ? history_request(h) : 0;
    make(0, "p", "one");
    make(1, "1", "one");
    pair_up("q", "2", "two");
    (void)request(HISTORY_ASK_READ, 1, "1", now + SEC, now + SEC);
    history_do(h, HISTORY_ACT, is_made ? ask.request : 0, is_made ? now + 2 * SEC : now,
               HISTORY_MAKE, 1, "t2", "k", NULL, NULL);
    history_set(h, HISTORY_ACT, is_made ? ask.request : 0, is_made ? now + 2 * SEC : now, 1, "t2",
                "k", "mark", NULL, "one");
    ask.at = ask.sent = ask.answered = now + 2 * SEC;
    ask.worker = 1;
    ask.connection = "s";
    ask.record = is_made ? NULL : "k";
    if (is_asked) {
        (void)history_add(h, &ask);
    }
    (void)request(HISTORY_ASK_READ, 0, "p", now + 3 * SEC, now + 4 * SEC);
    now += 4 * SEC;
    edit(0, "p", NAME, NULL, "Ada");
    delete_by_people(1, "1");
    delete_after("p", "1");
}

static void test_read_for_another(void)
{
    read_for_another(HISTORY_ASK_READ);
    tap_ok(!strstr(rules(), "S2.7"), "the page was read for another mapping (51803)");
    read_for_another(HISTORY_ASK_CREATE);
    tap_ok(!strstr(rules(), "S2.7"), "or for the row that we had just made for that (96709)");
    read_for_another(HISTORY_SET);
    tap_ok(strstr(rules(), "S2.7") != NULL, "for this one: both were seen before the edit");
}

/* People change the property of the name, and all pages show another form of what they have there; a person edits that after it, or
 * before, or not at all. */
static void convert(history_op_t how, int is_edited, int is_edited_before)
{
    history_item_t item = { .kind = HISTORY_ACT, .op = how, .side = HISTORY_NOTION };
    const char *then = is_edited_before ? "6" : "5";

    begin();
    pair_up("p", "1", "one");
    pair_up("q", "2", "two");
    link_up("q", "2", 0, NULL);
    edit(0, "p", NAME, NULL, "5");
    write_by_us(1, "1", NAME, NULL, "5");
    edit(0, "q", NAME, NULL, "7");
    write_by_us(1, "2", NAME, NULL, "7");
    if (is_edited_before) {
        edit(0, "p", NAME, "5", "6");
    }
    item.at = now += SEC;
    item.place = place(0);
    item.field = "Name";
    (void)history_add(h, &item);
    history_set(h, HISTORY_ACT, 0, now, 0, place(0), "q", "Name", "7", "7.00");
    history_set(h, HISTORY_ACT, 0, now, 0, place(0), "p", "Name", then, "new");
    if (is_edited) {
        edit(0, "p", NAME, "new", "8");
    }
    delete_by_people(1, "1");
    delete_after("p", "1");
    history_set(h, HISTORY_ACT, 0, now += SEC, 0, place(0), "q", "Name", "7.00", "7");
}

static void test_converted(void)
{
    convert(HISTORY_RETYPE, 0, 0);
    verdict("", "what a value is in another type nobody gave (43450)");
    convert(HISTORY_RENAME, 0, 0);
    verdict("", "a choice's new name is no edit (61255)");
    convert(HISTORY_RESHAPE, 0, 0);
    verdict("S2.7", "a property's new name leaves its values alone");
    convert(HISTORY_RETYPE, 1, 0);
    verdict("S2.7", "what stands there after that, somebody did");
    convert(HISTORY_RETYPE, 0, 1);
    verdict("S2.7", "and what stood there before");
}

/* A page and its row have a set. The property gets a type that shows it as one value, or a person gives the page that value; then the row gets
 * another set, which we bring over as it can be. */
static void join_set(int is_converted)
{
    history_item_t item = { .kind = HISTORY_ACT, .op = HISTORY_RETYPE, .side = HISTORY_NOTION };

    begin();
    pair_up("p", "1", "one");
    link_up("p", "1", 0, NULL);
    edit(1, "1", TAGS, NULL, "a" HISTORY_MEMBER "b");
    write_by_us(0, "p", TAGS, NULL, "a" HISTORY_MEMBER "b");
    item.at = now += SEC;
    item.place = place(0);
    item.field = "Tags";
    (void)history_add(h, &item);
    now += is_converted ? 0 : SEC;
    history_set(h, HISTORY_ACT, 0, now, 0, place(0), "p", "Tags", "a" HISTORY_MEMBER "b", "a, b");
    edit(1, "1", TAGS, "a" HISTORY_MEMBER "b", "c");
    write_by_us(0, "p", TAGS, "a, b", "[\"c\"]");
    edit(0, "p", TAGS, "[\"c\"]", "c"); /* and is a set again */
}

static void test_joined_set(void)
{
    join_set(1);
    verdict("", "a set shown as one value was given by nobody (89455)");
    join_set(0);
    verdict("S6.3", "one that a person gave was");
}

/* A page is named, then its row; then an event tells of an edit of these properties, so long after the row's. */
static void give_again(const char *author, const char *names, apr_interval_time_t after)
{
    history_item_t notice = { .kind = HISTORY_NOTICE,
                              .op = HISTORY_DELIVERED,
                              .side = HISTORY_NOTION,
                              .record = "p",
                              .place = "ds",
                              .field = names,
                              .after = author,
                              .note = "page.properties_updated" };

    tie_of_worlds = HISTORY_EXTERNAL;
    pair();
    tie_of_worlds = HISTORY_NOTION;
    fields[NAME].rule = JUDGE_LAST_WRITE;
    edit(0, "p", NAME, NULL, "Ada");
    edit(1, "1", NAME, NULL, "Eve");
    notice.sent = now + after;
    notice.at = now += after + 60 * SEC;
    (void)history_add(h, &notice);
    write_by_us(1, "1", NAME, "Eve", "Ada");
}

static void test_given_again(void)
{
    give_again("person", "Name" HISTORY_MEMBER "Qty", 90 * SEC);
    verdict("", "a value that people gave once more was given when that was told of (92655)");

    give_again("person", "Name", 50 * SEC);
    verdict("S2.5", "that is as old as a minute before");

    give_again("person", "Qty", 90 * SEC);
    verdict("S2.5", "an event of another property tells nothing of it");

    give_again(NULL, "Name", 90 * SEC);
    verdict("S2.5", "nor does one of a write of ours");
}

/* We bring the row back from its image. */
static void restore_row(const char *name)
{
    int number;

    now += 5 * SEC;
    number = request(HISTORY_ASK_REVIVE, 1, "1", now, now);
    history_do(h, HISTORY_ACT, number, now, HISTORY_MAKE, 1, "t", "1", NULL, NULL);
    history_set(h, HISTORY_ACT, number, now, 1, "t", "1", "mark", NULL, "one");
    history_set(h, HISTORY_ACT, number, now, 1, "t", "1", "name", NULL, name);
    told_done("restore", 1, "p", "1");
}

/* A row is edited to "Bob", read, edited again, and deleted. People give "Bob" to its page as well, so long after we read that, and we, who
 * heard only of the first, send it. Then the row is back, and its newer name comes. */
static void give_as_sent(apr_interval_time_t given, const char *newer_over)
{
    static judge_entry_field_t name = {
        .name = "Name", .before = "Ada", .after = "Bob", .reason = "changed"
    };
    judge_entry_t entry = { .op = "update",
                            .state = "applied",
                            .page = "p",
                            .key = "1",
                            .fields = &name,
                            .field_count = 1 };
    apr_time_t read;
    int is_late = given > SEC;

    pair();
    fields[NAME].rule = JUDGE_NOTION_WINS;
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    edit(1, "1", NAME, "Ada", newer_over);
    read = now += SEC;
    (void)request(HISTORY_ASK_READ, 1, "1", read, read);
    history_set(h, HISTORY_ACT, 0, read + SEC / 10, 1, "t", "1", "name", newer_over, "Eve");
    history_do(h, HISTORY_ACT, 0, read + SEC / 8, HISTORY_DELETE, 1, "t", "1", NULL, NULL);
    (void)request(HISTORY_ASK_READ, 0, "p", read, read + SEC / 5);
    if (!is_late) {
        history_set(h, HISTORY_ACT, 0, read + given, 0, "ds", "p", "Name", "Ada", "Bob");
    }
    (void)request(HISTORY_ASK_UPDATE, 0, "p", read + SEC / 5, read + SEC);
    if (is_late) {
        history_set(h, HISTORY_ACT, 0, read + given, 0, "ds", "p", "Name", "Ada", "Bob");
    }
    entry.at = read + SEC / 5;
    judge_add_entry(judge, &entry);
    now = read + 20 * SEC;
    restore_row("Eve");
    write_by_us(0, "p", NAME, "Bob", "Eve");
}

static void test_given_as_sent(void)
{
    give_as_sent(SEC / 2, "Bob");
    verdict("", "what people gave as we sent just that counts as our write (17538)");

    give_as_sent(5 * SEC, "Bob");
    verdict("S2.5", "what they gave later does not");

    give_as_sent(SEC / 2, "Joe");
    verdict("S2.5", "nor does what we had not read");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    test_unfit();
    test_seen_too_late();
    test_read_for_another();
    test_converted();
    test_joined_set();
    test_given_again();
    test_given_as_sent();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
