/* The judge on what both sides had agreed on: not what was never seen there, nor what nobody compared. */
#include <apr_general.h>

#include "judge_world.h"
#include "tap/tap.h"

static void read_both(void)
{
    now += 5 * SEC;
    (void)request(HISTORY_ASK_READ, 1, "1", now, now);
    (void)request(HISTORY_ASK_READ, 0, "p", now, now + SEC / 10);
    now += SEC;
}

static void audited(apr_time_t at)
{
    judge_entry_t entry = { .op = "update", .state = "applied", .page = "p", .key = "1", .at = at };

    judge_add_entry(judge, &entry);
}

/* ---- what a write of unknown fate hides (S3.7) ---- */

/* Both have Ada. The row was changed to Bob and then to Cid while the page became Eve; Cid is brought to the page, which nobody knows, or
 * everybody. Then the row has Ada again, and the page is edited. */
static void go_round(int is_cut)
{
    pair();
    fields[NAME].rule = JUDGE_EXTERNAL_WINS;
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    edit(1, "1", NAME, "Ada", "Bob");
    edit(1, "1", NAME, "Bob", "Cid");
    edit(0, "p", NAME, "Ada", "Eve");
    ending = is_cut ? HISTORY_CUT : HISTORY_ANSWERED;
    write_by_us(0, "p", NAME, "Eve", "Cid");
    ending = HISTORY_ANSWERED;
    edit(1, "1", NAME, "Cid", "Ada");
    edit(0, "p", NAME, "Cid", "Dan");
    write_by_us(1, "1", NAME, "Ada", "Dan");
}

static void test_way_of_unknown_fate(void)
{
    go_round(1);
    verdict("", "what is known by way of a write of unknown fate only was not agreed on (431234)");
    go_round(0);
    verdict("S2.5", "of one that was answered all is known");
}

enum { UNSEEN = 0, SEEN_LATER, AGREED_BEFORE, KNOWN };

/* Each side has a name when they are joined, or the same one; the row's goes to the page, nobody knows whether, and the page is edited. */
static void lose_first(int how)
{
    begin();
    fields[NAME].rule = JUDGE_NOTION_WINS;
    fields[NAME].initial = JUDGE_INITIAL_EXTERNAL;
    make(0, "p", "one");
    history_set(h, HISTORY_ACT, 0, now, 0, "ds", "p", "Name", NULL, "Ada");
    make(1, "1", "one");
    history_set(h, HISTORY_ACT, 0, now, 1, "t", "1", "name", NULL,
                how == AGREED_BEFORE ? "Ada" : "Eve");
    link_up("p", "1", 0, NULL);
    if (how == AGREED_BEFORE) {
        edit(1, "1", NAME, "Ada", "Eve");
    }
    ending = how == KNOWN ? HISTORY_ANSWERED : HISTORY_CUT;
    write_by_us(0, "p", NAME, "Ada", "Eve");
    ending = HISTORY_ANSWERED;
    if (how == SEEN_LATER) {
        now += 100 * SEC;
        read_both();
    }
    edit(0, "p", NAME, "Eve", "Bob");
    now += 100 * SEC;
    write_by_us(0, "p", NAME, "Bob", "Eve");
}

static void test_first_of_unknown_fate(void)
{
    lose_first(UNSEEN);
    verdict("", "a first value of which nobody knew whether it arrived was not agreed on (422347)");
    lose_first(SEEN_LATER);
    verdict("S3.7", "it was, if the page was seen with it when that could be told");
    lose_first(AGREED_BEFORE);
    verdict("S3.7", "and it was not the first, if there was one on both sides before");
    lose_first(KNOWN);
    verdict("S6.3", "nor is there a doubt about one that was answered");
}

/* The page takes a part of the row's name only, nobody knows whether, and is edited. */
static void lose_part(judge_rule_t rule, int is_cut)
{
    pair();
    fields[NAME].length = 3;
    fields[NAME].lossy = 1;
    fields[NAME].rule = rule;
    edit(1, "1", NAME, NULL, "Adalbert");
    ending = is_cut ? HISTORY_CUT : HISTORY_ANSWERED;
    write_by_us(0, "p", NAME, NULL, "Ada");
    ending = HISTORY_ANSWERED;
    edit(0, "p", NAME, "Ada", "Eve");
    now += 100 * SEC;
    write_by_us(0, "p", NAME, "Eve", "Ada");
}

static void test_part_of_unknown_fate(void)
{
    lose_part(JUDGE_EXTERNAL_WINS, 1);
    verdict("", "of a part of a value, too, nobody knows whether it arrived (37141)");
    lose_part(JUDGE_NOTION_WINS, 1);
    verdict("S3.7", "then the rule decides");
    lose_part(JUDGE_EXTERNAL_WINS, 0);
    verdict("S6.3", "and one that was answered is known");
}

/* What the row shows goes to the page, nobody knows whether; who looks 90 s later is answered with @a status. Then the row is edited, and gets what
 * the page shows. */
static void look_in_vain(judge_rule_t rule, history_end_t how, int status)
{
    history_item_t read = { .kind = HISTORY_REQUEST,
                            .op = HISTORY_ASK_READ,
                            .side = HISTORY_NOTION,
                            .record = "p",
                            .connection = "n",
                            .worker = 1 };

    pair();
    fields[NAME].rule = rule;
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    edit(1, "1", NAME, "Ada", "Bob");
    ending = how;
    write_by_us(0, "p", NAME, "Ada", "Bob");
    ending = HISTORY_ANSWERED;
    read.sent = now += 100 * SEC;
    read.at = read.answered = now + SEC;
    read.status = status;
    read.request = history_request(h);
    (void)history_add(h, &read);
    edit(1, "1", NAME, "Bob", "Cid");
    write_by_us(1, "1", NAME, "Cid", "Bob");
}

static void test_page_of_unknown_fate(void)
{
    look_in_vain(JUDGE_NOTION_WINS, HISTORY_CUT, 404);
    verdict("", "what became of a write to a page that is not there when it could be told stays "
                "unknown (98151)");
    look_in_vain(JUDGE_EXTERNAL_WINS, HISTORY_CUT, 404);
    verdict("S3.7", "then the rule decides");
    look_in_vain(JUDGE_NOTION_WINS, HISTORY_CUT, 200);
    verdict("S6.3", "if it was there, it was told");
    look_in_vain(JUDGE_NOTION_WINS, HISTORY_ANSWERED, 404);
    verdict("S6.3", "and one that was answered is known");
}

/* ---- what nobody compared (S2.7) ---- */

/* Page p and row 1 were made by people, another record keeps them from being the last. */
static void two_made(void)
{
    begin();
    make(0, "p", "one");
    make(1, "1", "one");
    make(0, "q", "two");
    copy_by_us(1, "2", "two");
    link_up("q", "2", 0, NULL);
    link_up("p", "1", 0, NULL);
}

/* The row goes, and the page goes after it. */
static void row_goes(void)
{
    now += 20 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, "t", "1", NULL, NULL);
    remove_by_us(0, "p");
}

/* Both were read when they showed the same; a minute later, or before, they became one record. */
static void test_not_linked(void)
{
    int is_linked;

    for (is_linked = 0; is_linked < 2; is_linked++) {
        two_made();
        read_both();
        audited(is_linked ? now - 2 * SEC : now + 60 * SEC);
        edit(0, "p", QTY, NULL, "5");
        now += 60 * SEC;
        row_goes();
        verdict(is_linked ? "S2.7" : "",
                is_linked ? "what both show when they are one record is agreed on"
                          : "but not before anybody knows that they are (410036)");
    }
}

/* Both are read while the page stands outside the filter, or inside. */
static void test_outside(void)
{
    int is_outside;

    outside_of_worlds = "out";
    for (is_outside = 0; is_outside < 2; is_outside++) {
        two_made();
        edit(0, "p", NAME, NULL, is_outside ? "out" : "in");
        read_both();
        edit(0, "p", NAME, is_outside ? "out" : "in", NULL);
        edit(0, "p", QTY, NULL, "5");
        row_goes();
        verdict(is_outside ? "" : "S2.7",
                is_outside ? "what is outside the filter is compared with nothing (445585)"
                           : "inside it is");
    }
    outside_of_worlds = NULL;
}

static void configure(int field, int is_absent)
{
    judge_field_t then = fields[field];

    now += 300 * SEC;
    then.absent = is_absent;
    judge_change_field(judge, now, 0, field, &then);
}

enum { IN_ALWAYS = 0, BACK, BACK_AND_BROUGHT, BACK_AND_SEEN };

/* A name is brought to the row, or both show none, when that is seen; the field is taken out of the configuration, and comes back; then the
 * page is edited. */
static void edit_after(int is_brought, int how)
{
    const char *agreed = is_brought ? "Ada" : NULL;

    two_made();
    audited(now);
    if (is_brought) {
        edit(0, "p", NAME, NULL, "Ada");
        write_by_us(1, "1", NAME, NULL, "Ada");
    }
    read_both();
    if (how != IN_ALWAYS) {
        configure(NAME, 1);
        configure(NAME, 0);
        now += 300 * SEC;
    }
    if (how == BACK_AND_BROUGHT) {
        edit(0, "p", NAME, agreed, "Bob");
        write_by_us(1, "1", NAME, agreed, "Bob");
        agreed = "Bob";
    }
    if (how == BACK_AND_SEEN) {
        read_both();
    }
    edit(0, "p", NAME, agreed, "Eve");
    row_goes();
}

static void test_taken_out(void)
{
    int is_brought;

    for (is_brought = 0; is_brought < 2; is_brought++) {
        edit_after(is_brought, BACK);
        verdict("", "what was agreed on before a field was taken out is no base (445426)");
        edit_after(is_brought, IN_ALWAYS);
        verdict("S2.7", "if it stays it is");
        edit_after(is_brought, BACK_AND_BROUGHT);
        verdict("S2.7", "and so is what was brought since it is back");
        edit_after(is_brought, BACK_AND_SEEN);
        verdict("S2.7", "or seen on both sides");
    }
}

/* ---- what the state store has forgotten ---- */

static void lose_store(void)
{
    history_item_t item = { .kind = HISTORY_PROCESS, .op = HISTORY_STORE_LOST, .worker = 1 };

    now += 10 * SEC;
    item.at = now;
    (void)history_add(h, &item);
    phases.store_forgot = 1;
    now += 10 * SEC;
}

/* A name is agreed on before the store is lost, or after that; the page is edited, and its row goes. */
static void edit_and_forget(int is_lost_first)
{
    two_made();
    audited(now);
    if (is_lost_first) {
        lose_store();
    }
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    if (!is_lost_first) {
        lose_store();
    }
    edit(0, "p", NAME, "Ada", "Eve");
    row_goes();
}

static void test_forgotten(void)
{
    edit_and_forget(0);
    verdict("", "what a store that was lost knew is no base");
    edit_and_forget(1);
    verdict("S2.7", "what was agreed on since is");
}

enum { LOST_BEFORE = 0, LOST_SINCE, OTHER_TAKEN_OUT, TAKEN_OUT };

/* Both have Ada; then each side has another name, and it is said that nothing was agreed on. */
static void hold_as_first(int how)
{
    begin();
    make(0, "p", "one");
    copy_by_us(1, "1", "one");
    link_up("p", "1", 2, "held.initial");
    if (how == LOST_BEFORE) {
        lose_store();
    }
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    if (how == LOST_SINCE) {
        lose_store();
    }
    if (how == OTHER_TAKEN_OUT || how == TAKEN_OUT) {
        configure(how == TAKEN_OUT ? NAME : QTY, 1);
        configure(how == TAKEN_OUT ? NAME : QTY, 0);
    }
    now += 300 * SEC;
    edit(0, "p", NAME, "Ada", "Bob");
    edit(1, "1", NAME, "Ada", "Eve");
}

static void test_held_as_first(void)
{
    hold_as_first(LOST_SINCE);
    verdict("", "what a store that was lost knew may be held as if it had never been");
    hold_as_first(LOST_BEFORE);
    verdict("S6.1", "but not what the new one knows");
    hold_as_first(TAKEN_OUT);
    verdict("", "or what a field that was taken out had");
    hold_as_first(OTHER_TAKEN_OUT);
    verdict("S6.1", "but not because another field was");
}

/* ---- what a copy is made of ---- */

/* The page of a row is made half a minute after it was asked for, and Notion fills in its name; the row got one after that was sent, or long
 * before. */
static void make_late(int is_edited_before)
{
    int number;
    history_item_t item = { .kind = HISTORY_REQUEST,
                            .op = HISTORY_ASK_CREATE,
                            .connection = "n",
                            .end = HISTORY_CUT,
                            .worker = 1 };

    begin();
    fields[NAME].rule = JUDGE_NOTION_WINS;
    make(1, "1", "one");
    if (is_edited_before) {
        edit(1, "1", NAME, NULL, "Eve");
    }
    now += 60 * SEC;
    number = item.request = history_request(h);
    item.sent = now;
    if (!is_edited_before) {
        edit(1, "1", NAME, NULL, "Eve");
    }
    now += 20 * SEC;
    history_do(h, HISTORY_ACT, number, now, HISTORY_MAKE, 0, "ds", "p", NULL, NULL);
    history_set(h, HISTORY_ACT, number, now, 0, "ds", "p", "Mark", NULL, "one");
    history_set(h, HISTORY_TRIGGER, 0, now, 0, "ds", "p", "Name", NULL, "Nobody");
    item.answered = item.at = now + SEC;
    item.record = "p";
    (void)history_add(h, &item);
    told(0, "p", MARK, NULL, "one", NULL);
    link_up("p", "1", 0, NULL);
    now += 100 * SEC;
    write_by_us(0, "p", NAME, "Nobody", "Eve");
}

static void test_made_late(void)
{
    make_late(0);
    verdict("", "a late copy was made of what its origin showed when it was sent (472389)");
    make_late(1);
    verdict("S2.5", "not of what that had shown before");
}

/* ---- what a page was brought back for ---- */

/* Both had Ada; people make Bob of it in the page, which goes, and in the row, and then Eve there. We bring the page back, for the row that we
 * read before that, or after it. */
static void bring_back(int is_read_before, int goes)
{
    int number;

    pair();
    fields[NAME].rule = JUDGE_HOLD;
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    edit(0, "p", NAME, "Ada", "Bob");
    now += 10 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 0, "ds", "p", NULL, NULL);
    edit(1, "1", NAME, "Ada", "Bob");
    if (is_read_before) {
        (void)request(HISTORY_ASK_READ, 1, "1", now + SEC, now + SEC);
    }
    edit(1, "1", NAME, "Bob", "Eve");
    if (!is_read_before) {
        (void)request(HISTORY_ASK_READ, 1, "1", now + SEC, now + SEC);
    }
    if (goes) {
        now += 2 * SEC;
        history_do(h, HISTORY_ACT, 0, now, HISTORY_DELETE, 1, "t", "1", NULL, NULL);
    }
    now += 30 * SEC;
    (void)request(HISTORY_ASK_READ, 0, "p", now - SEC / 2, now - SEC / 4);
    number = request(HISTORY_ASK_REVIVE, 0, "p", now, now + SEC);
    history_do(h, HISTORY_ACT, number, now, HISTORY_REVIVE, 0, "ds", "p", NULL, NULL);
    if (goes) {
        now += 5 * SEC;
        number = request(HISTORY_ASK_REVIVE, 1, "1", now, now);
        history_do(h, HISTORY_ACT, number, now, HISTORY_MAKE, 1, "t", "1", NULL, NULL);
        history_set(h, HISTORY_ACT, number, now, 1, "t", "1", "mark", NULL, "one");
        history_set(h, HISTORY_ACT, number, now, 1, "t", "1", "name", NULL, "Eve");
    }
    write_by_us(0, "p", NAME, "Bob", "Eve");
}

static void test_brought_back(void)
{
    bring_back(1, 0);
    verdict("", "what the row showed when it was read is agreed on, and what it shows later is an "
                "edit (56795)");
    bring_back(0, 0);
    verdict("S2.5", "as long as nobody saw that, the page's edit stands against the row's");
    bring_back(1, 1);
    verdict("", "so it is if the row is gone when the page is back (69245)");
    bring_back(0, 1);
    verdict("S2.5", "if it was read when it showed that");
}

/* ---- what stood in a copy of the database ---- */

/* Ties go to the database. Both have Bob, and the page then Eve; the database is set back to a copy in which the row is Ada, which it was
 * long ago, or somebody who was never there. */
static void set_back(const char *shown)
{
    tie_of_worlds = HISTORY_EXTERNAL;
    pair();
    tie_of_worlds = HISTORY_NOTION;
    edit(1, "1", NAME, NULL, "Ada");
    edit(1, "1", NAME, "Ada", "Bob");
    write_by_us(0, "p", NAME, NULL, "Bob");
    edit(0, "p", NAME, "Bob", "Eve");
    now += 100 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, "t", NULL, NULL, NULL);
    make(1, "1", "one");
    history_set(h, HISTORY_ACT, 0, now, 1, "t", "1", "name", NULL, shown);
    write_by_us(1, "1", NAME, shown, "Eve");
}

static void test_dated(void)
{
    set_back("Ada");
    verdict("", "what stands in a copy may be as old as it was there first (406384)");
    set_back("Dan");
    verdict("S2.5", "but what never stood there is as young as the copy");
}

/* The page was read for its row, and the answer took forty seconds; meanwhile people filled in what the row was made without. Then they filled
 * it in there. */
static void test_slow_read(void)
{
    begin();
    make(0, "p", "one");
    now += 100 * SEC;
    (void)request(HISTORY_ASK_READ, 0, "p", now, now + 40 * SEC);
    history_set(h, HISTORY_ACT, 0, now + 2 * SEC, 0, place(0), "p", "Name", NULL, "Ada");
    now += 40 * SEC;
    copy_by_us(1, "1", "one");
    edit(1, "1", NAME, NULL, "Eve");
    write_by_us(0, "p", NAME, "Ada", "Eve");
    told(0, "p", NAME, "Ada", "Eve", "conflict: later edit in external");
    link_up("p", "1", 0, NULL);
    verdict("", "a row is made of what a slow read of its page showed");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    test_way_of_unknown_fate();
    test_first_of_unknown_fate();
    test_part_of_unknown_fate();
    test_page_of_unknown_fate();
    test_not_linked();
    test_outside();
    test_taken_out();
    test_forgotten();
    test_held_as_first();
    test_made_late();
    test_brought_back();
    test_dated();
    test_slow_read();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
