/* What is permitted on the external side is another matter if that is a Notion as well: it compares nothing, proves nothing, and tells of
 * changes by events (docs/design/sides.md). Each history is judged with a database there, and with a Notion. */
#include <apr_general.h>
#include <apr_strings.h>

#include "judge_world.h"
#include "tap/tap.h"

typedef void story_fn(void);

/* The same history on a table, and in a second Notion. */
static void both(story_fn *tell, const char *of_table, const char *of_notion, const char *name)
{
    for (two_notions = 0; two_notions < 2; two_notions++) {
        tell();
        verdict(two_notions ? of_notion : of_table,
                apr_pstrcat(pool, two_notions ? "two Notions: " : "a database: ", name, NULL));
    }
    two_notions = 0;
}

/* ---- the gap between a read and a write ---- */

static void begin_linked(void)
{
    pair();
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    now += 200 * SEC;
}

/* Our write of a row: read so long before, sent, done, answered. */
static void write_row(apr_interval_time_t read_before, const char *before, const char *after,
                      history_end_t end)
{
    int number = history_request(h);
    history_item_t item = { .kind = HISTORY_REQUEST,
                            .op = HISTORY_ASK_UPDATE,
                            .side = HISTORY_EXTERNAL,
                            .record = "1",
                            .worker = 1,
                            .sent = now,
                            .answered = now + SEC / 5,
                            .at = now + SEC / 5,
                            .request = number,
                            .end = end,
                            .connection = "s" };

    if (read_before) {
        (void)request(HISTORY_ASK_READ, 1, "1", now - read_before, now - read_before + SEC / 20);
    }
    history_set(h, HISTORY_ACT, number, now + SEC / 10, 1, place(1), "1", "name", before, after);
    item.status = two_notions && end == HISTORY_ANSWERED ? 200 : 0;
    (void)history_add(h, &item);
    now += SEC;
    told(1, "1", NAME, before, after, "changed");
}

/* People edit the row after we have read it; we write what the page showed. */
static void edit_in_the_gap(void)
{
    tie_of_worlds = HISTORY_EXTERNAL;
    begin_linked();
    tie_of_worlds = HISTORY_NOTION;
    edit(0, "p", NAME, "Ada", "Bob");
    now += 200 * SEC;
    (void)request(HISTORY_ASK_READ, 1, "1", now, now + SEC / 20);
    history_set(h, HISTORY_ACT, 0, now + SEC / 10, 1, place(1), "1", "name", "Ada", "Eve");
    now += SEC / 5;
    write_row(0, "Eve", "Bob", HISTORY_ANSWERED);
}

static void write_unread(void)
{
    begin_linked();
    edit(0, "p", NAME, "Ada", "Bob");
    now += 5 * SEC;
    write_row(0, "Ada", "Bob", HISTORY_ANSWERED);
}

static void write_long_after_read(void)
{
    begin_linked();
    edit(0, "p", NAME, "Ada", "Bob");
    now += 5 * SEC;
    write_row(3 * SEC, "Ada", "Bob", HISTORY_ANSWERED);
}

static void test_gap(void)
{
    both(edit_in_the_gap, "S2.5", "", "an edit between our read and our write is lost (S7.4)");
    both(write_unread, "", "S3.1", "nothing was read before the write");
    both(write_long_after_read, "", "S3.1", "it was read three seconds before");
}

/* ---- writes of unknown fate ---- */

static void deny_what_was_cut(void)
{
    begin_linked();
    edit(0, "p", NAME, "Ada", "Bob");
    told_as = "not applied";
    write_row(SEC / 2, "Ada", "Bob", HISTORY_CUT);
}

static void deny_what_was_answered(void)
{
    begin_linked();
    edit(0, "p", NAME, "Ada", "Bob");
    told_as = "not applied";
    write_row(SEC / 2, "Ada", "Bob", HISTORY_ANSWERED);
}

/* Two creates there of which nobody knows what became, and a record that waits for that. */
static void wait_for_creates(void)
{
    history_item_t item = { .kind = HISTORY_REQUEST,
                            .op = HISTORY_ASK_CREATE,
                            .side = HISTORY_EXTERNAL,
                            .end = HISTORY_CUT,
                            .connection = "s" };
    int i;

    begin();
    make(0, "p", "one");
    for (i = 0; i < 2; i++) {
        item.request = history_request(h);
        item.sent = now += SEC;
        item.at = item.answered = now += SEC;
        (void)history_add(h, &item);
    }
    link_up("p", NULL, 2, "notion.create_ambiguous");
}

static void test_fate(void)
{
    both(deny_what_was_cut, "S3.4", "", "the audit denies a write whose answer was cut off");
    both(deny_what_was_answered, "S3.4", "S3.4", "it denies one that was answered");
    both(wait_for_creates, "S6.1", "", "a record waits for creates of unknown fate");
}

/* ---- what is heard ---- */

static void hear(int is_told)
{
    history_item_t item = { .kind = HISTORY_NOTICE,
                            .op = HISTORY_DELIVERED,
                            .side = HISTORY_EXTERNAL,
                            .record = "1",
                            .place = "t",
                            .field = "name",
                            .after = "person",
                            .note = "page.properties_updated" };

    begin_linked();
    edit(1, "1", NAME, "Ada", "Bob");
    if (is_told) {
        item.at = item.sent = now += 10 * SEC;
        (void)history_add(h, &item);
    }
    phases.heard = now + 300 * SEC;
    phases.listed = now + 600 * SEC;
    now = phases.heard;
    write_by_us(0, "p", NAME, "Ada", "Bob");
}

static void hear_nothing(void)
{
    hear(0);
}

static void hear_of_it(void)
{
    hear(1);
}

static void test_heard(void)
{
    both(hear_nothing, "S3.6", "", "an edit of which no event tells comes with a listing");
    both(hear_of_it, "S3.6", "S3.6", "an event told of it, and it came with a listing");
}

/* ---- what is not shown, and what is called otherwise ---- */

static void hide(const char *excuse)
{
    pair();
    history_do(h, HISTORY_ACT, 0, now += SEC, HISTORY_HIDE, 1, place(1), "1", NULL, NULL);
    link_up("p", "1", excuse ? 1 : 0, excuse);
}

static void hide_unnoticed(void)
{
    hide(NULL);
}

static void rename_there(void)
{
    history_item_t item = { .kind = HISTORY_ACT,
                            .op = HISTORY_RENAME,
                            .side = HISTORY_EXTERNAL,
                            .place = "t",
                            .field = "name",
                            .before = "Bob",
                            .after = "Eve" };

    begin_linked();
    item.at = now += 10 * SEC;
    (void)history_add(h, &item);
    edit(0, "p", NAME, "Ada", "Bob");
    write_by_us(1, "1", NAME, "Ada", "Eve");
    write_by_us(0, "p", NAME, "Bob", "Eve");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    test_gap();
    test_fate();
    test_heard();
    two_notions = 1;
    hide_unnoticed();
    verdict("S4.1", "two Notions: a page there is not shown to us, and nobody is told");
    rename_there();
    verdict("",
            "two Notions: a choice that got another name there, and is given by its former one");
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
