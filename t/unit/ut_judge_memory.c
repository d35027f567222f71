/* What the judge forgives because the module could not know, it forgives only where the module could not: what was agreed after
 * the state store was lost, or after a field came back into the configuration, is known; and so is a write that was answered. */
#include <apr_general.h>

#include "judge_world.h"
#include "tap/tap.h"

static void replace_store(history_op_t how)
{
    history_item_t item = { .kind = HISTORY_PROCESS, .op = how, .worker = 1 };

    now += 10 * SEC;
    item.at = now;
    (void)history_add(h, &item);
    phases.store_forgot = 1;
    now += 10 * SEC;
}

static void lose_store(void)
{
    replace_store(HISTORY_STORE_LOST);
}

/* For 200 s the field is not configured. */
static void take_out(int field)
{
    judge_field_t then = fields[field];

    now += 300 * SEC;
    then.absent = 1;
    judge_change_field(judge, now, 0, field, &then);
    now += 200 * SEC;
    judge_change_field(judge, now, 0, field, &fields[field]);
    now += 300 * SEC;
}

static void agree(const char *value)
{
    edit(0, "p", NAME, NULL, value);
    write_by_us(1, "1", NAME, NULL, value);
}

static void test_older_value(void)
{
    pair();
    lose_store();
    agree("Ada");
    edit(1, "1", NAME, "Ada", "Eve");
    write_by_us(1, "1", NAME, "Eve", "Ada");
    verdict("S6.3", "an edit of what was agreed after the store was lost is put back");

    pair();
    agree("Ada");
    lose_store();
    edit(1, "1", NAME, "Ada", "Eve");
    write_by_us(1, "1", NAME, "Eve", "Ada");
    verdict("", "of what was agreed before, only the difference is left to see");
}

/* The row of an older database has no name; the field is taken out of the configuration, before anybody looks into that or after. */
static void empty_and_take_out(int is_read)
{
    pair();
    agree("Ada");
    (void)request(HISTORY_ASK_READ, 1, "1", now, now);
    set_back_to(NULL);
    if (is_read) {
        (void)request(HISTORY_ASK_READ, 1, "1", now + SEC, now + SEC);
    }
    take_out(NAME);
    write_by_us(1, "1", NAME, NULL, "Ada");
}

static void test_taken_out(void)
{
    empty_and_take_out(0);
    verdict("", "nothing in place of a value was no edit to anybody, and takes it (710145)");
    empty_and_take_out(1);
    verdict("S6.3", "unless it was read before the field went");
}

/* Both agreed on Ada, then on Eve; then Ada came back in Notion. */
static void go_there_and_back(void)
{
    pair();
    agree("Ada");
    edit(1, "1", NAME, "Ada", "Eve");
    write_by_us(0, "p", NAME, "Ada", "Eve");
    edit(0, "p", NAME, "Eve", "Ada");
}

/* A trigger made "ADA" of the "ada" that we brought, which went to the page, and was edited there. */
static void edit_rewritten(void)
{
    pair();
    fields[NAME].rule = JUDGE_EXTERNAL_WINS;
    edit(0, "p", NAME, NULL, "ada");
    write_by_us(1, "1", NAME, NULL, "ada");
    history_set(h, HISTORY_TRIGGER, 0, now - SEC + SEC / 20, 1, place(1), "1", "name", "ada",
                "ADA");
    write_by_us(0, "p", NAME, "ada", "ADA");
    edit(0, "p", NAME, "ADA", "Eve");
}

/* Both have Ada, and the row then a person's Eve; an older store is put back after or before they agreed. */
static void hold(int after)
{
    begin();
    fields[NAME].rule = JUDGE_HOLD;
    fields[NAME].initial = JUDGE_INITIAL_NOTION;
    make(0, "p", "one");
    copy_by_us(1, "1", "one");
    link_up("p", "1", 2, "held.conflict");
    if (!after) {
        replace_store(HISTORY_STORE_OLD);
    }
    agree("Ada");
    if (after) {
        replace_store(HISTORY_STORE_OLD);
    }
    edit(1, "1", NAME, "Ada", "Eve");
}

static void test_held_by_older_store(void)
{
    hold(1);
    verdict("", "by what an older store knows both sides were edited (423065, 430075, 454597)");
    hold(0);
    verdict("S6.1", "what was agreed on since it was put back it knows");
}

/* The row was deleted and is there again in another database, where it is edited and deleted once more; then it comes back as it was first. An
 * older store is put back after the edit, or before. */
static void live_twice(int after)
{
    int number;

    pair();
    agree("Ada");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, place(1), "1", NULL, NULL);
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, place(1), NULL, NULL, HISTORY_ANOTHER);
    make(1, "1", "one");
    if (!after) {
        replace_store(HISTORY_STORE_OLD);
    }
    edit(1, "1", NAME, NULL, "Eve");
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, place(1), "1", NULL, NULL);
    if (after) {
        replace_store(HISTORY_STORE_OLD);
    }
    now += 5 * SEC;
    number = request(HISTORY_ASK_REVIVE, 1, "1", now, now);
    history_do(h, HISTORY_ACT, number, now, HISTORY_MAKE, 1, place(1), "1", NULL, NULL);
    history_set(h, HISTORY_ACT, number, now, 1, place(1), "1", "mark", NULL, "one");
    history_set(h, HISTORY_ACT, number, now, 1, place(1), "1", "name", NULL, "Ada");
    told(1, "1", NAME, NULL, "Ada", NULL);
}

static void test_lived_unknown(void)
{
    live_twice(1);
    verdict("", "an older store knows nothing of what a row was when it was deleted again (68060)");
    live_twice(0);
    verdict("S6.4", "one that was there by then was told");
}

static void test_older_store(void)
{
    edit_rewritten();
    replace_store(HISTORY_STORE_OLD);
    write_by_us(0, "p", NAME, "Eve", "ADA");
    verdict("", "to an older store what a trigger made of ours may be an edit");

    edit_rewritten();
    write_by_us(0, "p", NAME, "Eve", "ADA");
    verdict("S6.3", "who remembers knows better");

    go_there_and_back();
    replace_store(HISTORY_STORE_OLD);
    write_by_us(0, "p", NAME, "Ada", "Eve");
    verdict("", "an older store may know only the first agreement: then the row alone was edited");

    go_there_and_back();
    replace_store(HISTORY_STORE_LOST);
    write_by_us(0, "p", NAME, "Ada", "Eve");
    verdict("S2.5", "a new store knows none, and has to hold them");

    go_there_and_back();
    write_by_us(0, "p", NAME, "Ada", "Eve");
    verdict("S6.3", "and one that was there all the time knows both");
}

static void test_first_value(void)
{
    pair();
    fields[NAME].rule = JUDGE_HOLD;
    fields[NAME].initial = JUDGE_INITIAL_NOTION;
    take_out(NAME);
    agree("Ada");
    edit(0, "p", NAME, "Ada", "Bob");
    edit(1, "1", NAME, "Ada", "Eve");
    write_by_us(1, "1", NAME, "Eve", "Bob");
    verdict("S2.5", "what was agreed since the field is back has a conflict rule");

    pair();
    fields[NAME].rule = JUDGE_HOLD;
    fields[NAME].initial = JUDGE_INITIAL_NOTION;
    agree("Ada");
    take_out(NAME);
    edit(0, "p", NAME, "Ada", "Bob");
    edit(1, "1", NAME, "Ada", "Eve");
    write_by_us(1, "1", NAME, "Eve", "Bob");
    verdict("", "what was agreed before it was taken out has none");

    pair();
    fields[NAME].rule = JUDGE_HOLD;
    fields[NAME].initial = JUDGE_INITIAL_NOTION;
    lose_store();
    agree("Ada");
    edit(0, "p", NAME, "Ada", "Bob");
    edit(1, "1", NAME, "Ada", "Eve");
    write_by_us(1, "1", NAME, "Eve", "Bob");
    verdict("S2.5", "nor does the loss of a store excuse what came after it");
}

static void test_audit(void)
{
    int number, is_lost_after;

    for (is_lost_after = 0; is_lost_after < 2; is_lost_after++) {
        pair();
        if (!is_lost_after) {
            lose_store();
        }
        edit(0, "p", NAME, NULL, "Ada");
        number = request(HISTORY_ASK_UPDATE, 1, "1", now + SEC, now + 2 * SEC);
        history_set(h, HISTORY_ACT, number, now + 2 * SEC, 1, "t", "1", "name", NULL, "Ada");
        now += 3 * SEC;
        if (is_lost_after) {
            lose_store();
        }
        verdict(is_lost_after ? "" : "S3.4",
                is_lost_after ? "what the audit knew went with the store"
                              : "a write that the audit of the new store does not know");
    }
}

static void test_denied(void)
{
    pair();
    told_as = "not applied";
    edit(1, "1", NAME, NULL, "Eve");
    write_by_us(0, "p", NAME, NULL, "Eve");
    verdict("S3.4", "a page was written, and answered so, and the audit denies it");

    pair();
    told_as = "not applied";
    ending = HISTORY_CUT;
    edit(1, "1", NAME, NULL, "Eve");
    write_by_us(0, "p", NAME, NULL, "Eve");
    verdict("", "without an answer it may look as if nothing had been written");

    pair();
    told_as = "not applied";
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    verdict("S3.4", "a database can prove what was written, answered or not");
}

/* The row is written, and another database takes the place of the one that was, in which it shows @a shown. */
static void write_and_set_back(apr_time_t after, const char *shown)
{
    pair();
    told_as = "not applied";
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    now += after;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, NULL, NULL, NULL, NULL);
    make(1, "1", "one");
    history_set(h, HISTORY_ACT, 0, now, 1, "t", "1", "name", NULL, shown);
    told_as = "applied";
    if (!shown) {
        write_by_us(0, "p", NAME, "Ada", NULL);
    }
}

/* Seeds 401853, 402522 */
static void test_denied_after_restore(void)
{
    write_and_set_back(10 * SEC, NULL);
    verdict("", "a database that was set back proves nothing of what was written before");
    write_and_set_back(10 * SEC, "Ada");
    verdict("S3.4", "but what it holds");
    write_and_set_back(1000 * SEC, NULL);
    verdict("S3.4", "and what was written to its former self long ago was known");
}

static void name_choice(const char *from, const char *to)
{
    history_item_t item = { .kind = HISTORY_ACT, .op = HISTORY_RENAME, .field = "Name" };

    now += 10 * SEC;
    item.at = now;
    item.place = place(0);
    item.before = from;
    item.after = to;
    (void)history_add(h, &item);
}

/* We send a choice by its id; @a named is what we knew it by. */
static void write_choice(const char *named)
{
    int number;

    pair();
    fields[NAME].sort = JUDGE_OPTION;
    name_choice("Won", "Made");
    edit(1, "1", NAME, NULL, "Won");
    now += SEC;
    (void)request(HISTORY_ASK_READ, 0, "p", now, now + SEC / 10);
    now += SEC / 5;
    number = request(HISTORY_ASK_UPDATE, 0, "p", now, now + SEC / 10);
    history_set(h, HISTORY_ACT, number, now, 0, place(0), "p", "Name", NULL, "Made");
    told(0, "p", NAME, NULL, named, "changed");
    now += SEC;
    write_by_us(1, "1", NAME, "Won", "Made");
}

/* Seed 405662 */
static void test_renamed_choice(void)
{
    write_choice("Won");
    verdict("", "the audit tells of a choice by the name it had");
    write_choice("Lost");
    verdict("S3.4", "not by that of another");
}

/* The audit has page p and row 1 as one record. */
static void taken_for_one(void)
{
    judge_entry_t entry = { .op = "update", .state = "applied", .page = "p", .key = "1" };

    judge_add_entry(judge, &entry);
}

/* Another database, in which row 1 is gone: its page goes too. Then people insert another row 1, before or after a person says to
 * go on with that database; its values go to the page. */
static void insert_in_another(int is_accepted)
{
    history_item_t resume = {
        .kind = HISTORY_OPERATOR, .op = HISTORY_RESUME, .place = "m", .side = 0
    };

    pair();
    make(0, "q", "other");
    copy_by_us(1, "9", "other");
    link_up("q", "9", 0, NULL);
    make(0, "r", "third");
    copy_by_us(1, "8", "third");
    link_up("r", "8", 0, NULL);
    now += 100 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, "t", NULL, NULL, NULL);
    history_do(h, HISTORY_ACT, 0, now, HISTORY_MAKE, 1, "t", "9", NULL, NULL);
    history_set(h, HISTORY_ACT, 0, now, 1, "t", "9", "mark", NULL, "other");
    history_do(h, HISTORY_ACT, 0, now, HISTORY_MAKE, 1, "t", "8", NULL, NULL);
    history_set(h, HISTORY_ACT, 0, now, 1, "t", "8", "mark", NULL, "third");
    now += 10 * SEC;
    remove_by_us(0, "p");
    resume.at = now += SEC;
    if (is_accepted) {
        (void)history_add(h, &resume);
        (void)request(HISTORY_ASK_LIST, 1, NULL, now + SEC, now + 2 * SEC);
    }
    now += 10 * SEC;
    make(1, "1", "two");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REVIVE, 0, "ds", "p", NULL, NULL);
    write_by_us(0, "p", MARK, "one", "two");
    taken_for_one();
}

/* The row that was taken for that of p goes, and p after it; before that people may have edited p. */
static void delete_taken(int is_edited)
{
    insert_in_another(0);
    now += 10 * SEC;
    if (is_edited) {
        edit(0, "p", MARK, "two", "three");
    }
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, "t", "1", NULL, NULL);
    remove_by_us(0, "p");
}

static void test_taken_and_gone(void)
{
    delete_taken(0);
    verdict("", "a page goes with the row that was taken for its own (431052)");
    delete_taken(1);
    verdict("S2.7", "unless people edited it since");
}

static void test_row_of_another(void)
{
    insert_in_another(1);
    verdict("S2.5", "a row that was inserted under a deleted one's key is not that record");

    insert_in_another(0);
    verdict("", "nobody can tell of one that came while a person was waited for");
}

/* The page is filled from such a row, while an answer is on its way that shows what it had before, or before one is asked for; then
 * that goes to the row. */
static void write_by_answer(int is_under_way)
{
    apr_time_t before;

    insert_in_another(0);
    edit(0, "p", NAME, NULL, "Ada");
    now += 1000 * SEC;
    edit(1, "1", NAME, NULL, "Eve");
    before = now + 4 * SEC;
    write_by_us(0, "p", NAME, "Ada", "Eve");
    (void)request(HISTORY_ASK_READ, 0, "p", is_under_way ? before : now, now + SEC / 10);
    write_by_us(1, "1", NAME, "Eve", "Ada");
    edit(0, "p", NAME, "Eve", "Ada");
}

/* Seed 450015 */
static void test_written_by_answer(void)
{
    write_by_answer(1);
    verdict("", "what a page showed before another mapping gave it a stranger's values");
    write_by_answer(0);
    verdict("S6.3", "is an older value to who read the page after that");
}

/* The row of our page goes, and another one that we make gets its key; the state store is lost before that, or after it; then both are paired. */
static void pair_by_key(int is_lost_before, const char *how)
{
    judge_entry_t paired = {
        .op = "link", .state = "noted", .side = 1, .page = "p", .key = "1", .note = how
    };

    begin();
    make(1, "1", "one");
    now += 10 * SEC;
    copy_by_us(0, "p", "one");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, place(1), "1", NULL, NULL);
    if (is_lost_before) {
        lose_store();
    }
    now += 10 * SEC;
    make(0, "q", "two");
    copy_by_us(1, "1", "two");
    if (!is_lost_before) {
        lose_store();
    }
    delete_by_people(0, "q");
    judge_add_entry(judge, &paired);
    link_up("p", "1", 0, NULL);
}

static void test_paired_by_key(void)
{
    pair_by_key(0, "paired by its link property");
    verdict("", "the key was all that was left to pair it by (45883)");
    pair_by_key(1, "paired by its link property");
    verdict("S6.6", "whose key another row got then was known to be gone");
    pair_by_key(0, "paired by its match fields");
    verdict("S6.6", "they have different marks");
}

/* The database is exchanged for an empty one, which a person accepts; we make a row there for another page, which people delete, under the key of the first one. Then the older store is back (@a older), which takes that row for its record's, and holds its mark (@a held). */
static void meet_stranger(int older, int held)
{
    judge_entry_t entry = { .op = "hold", .state = "noted", .side = 1, .page = "p", .key = "1" };
    history_item_t resume = { .kind = HISTORY_OPERATOR,
                              .op = HISTORY_RESUME,
                              .side = -1,
                              .place = "m",
                              .note = HISTORY_ACCEPTED };

    begin();
    fields[MARK].rule = JUDGE_HOLD;
    make(0, "p", "one");
    make(0, "q", "two");
    copy_by_us(1, "1", "one");
    link_up("p", "1", held ? 2 : 0, held ? "held.conflict" : NULL);
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, place(1), NULL, NULL, HISTORY_ANOTHER);
    resume.at = now += SEC;
    (void)history_add(h, &resume);
    (void)request(HISTORY_ASK_LIST, 1, NULL, now + SEC, now + 2 * SEC);
    now += 10 * SEC;
    copy_by_us(1, "1", "two");
    history_do(h, HISTORY_ACT, 0, now += SEC, HISTORY_DELETE, 0, place(0), "q", NULL, NULL);
    if (older) {
        replace_store(HISTORY_STORE_OLD);
    }
    judge_add_entry(judge, &entry);
    edit(0, "p", MARK, "one", "uno");
    edit(1, "1", MARK, "two", "due");
}

static void test_stranger(void)
{
    meet_stranger(1, 1);
    verdict("", "an older store takes a row that another one made in another database for its own "
                "(601179)");
    meet_stranger(1, 0);
    verdict("S6.6", "but does not leave it at that without a word");
    meet_stranger(0, 1);
    verdict("S6.6", "and one that was there all the time does not");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    test_older_value();
    test_taken_out();
    test_lived_unknown();
    test_older_store();
    test_held_by_older_store();
    test_first_value();
    test_audit();
    test_denied();
    test_denied_after_restore();
    test_renamed_choice();
    test_row_of_another();
    test_written_by_answer();
    test_taken_and_gone();
    test_paired_by_key();
    test_stranger();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
