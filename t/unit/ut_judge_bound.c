/* The judge on properties that go, or become others, and are put right (S5.4): what was emptied with its field is no edit once somebody has
 * seen that it was away, a difference that is left then may be held, and an edit of what is suspended saves no record.
 */
#include <apr_general.h>

#include "judge_world.h"
#include "tap/tap.h"

static void change(history_op_t op, const char *type)
{
    history_item_t item = { .kind = HISTORY_ACT, .op = op, .field = "Name", .after = type };

    now += 10 * SEC;
    item.at = now;
    item.place = place(0);
    (void)history_add(h, &item);
}

/* One of our processes is shown both sides, once or again after that. */
static void look(int times)
{
    int side;

    for (; times > 0; times--) {
        for (side = 0; side < HISTORY_SIDES; side++) {
            history_item_t item = { .kind = HISTORY_SIGHT, .side = side, .place = place(side) };

            now += SEC;
            item.at = item.sent = now;
            (void)history_add(h, &item);
        }
    }
}

/* A page and the row we made of it, which agreed on Ada long ago. */
static void pair_long_ago(void)
{
    begin();
    make(0, "p", "one");
    copy_by_us(1, "1", "one");
    fields[NAME].type[0] = "rich_text";
    fields[NAME].type[1] = "TEXT";
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    now += 1300 * SEC;
}

/* A pair that agreed on Ada; then the property goes, and is made again, with or without what it had. */
static void go_and_return(int looks, int is_emptied)
{
    pair_long_ago();
    change(HISTORY_RESHAPE, NULL);
    look(looks);
    change(HISTORY_RETYPE, "rich_text");
    if (is_emptied) {
        history_set(h, HISTORY_ACT, 0, now, 0, place(0), "p", "Name", "Ada", NULL);
    }
}

/* What ends well is in no trouble. */
#define judged(wanted, name)                                                                       \
    do {                                                                                           \
        link_up("p", "1", 0, NULL);                                                                \
        verdict(wanted, name);                                                                     \
    } while (0)

static void test_emptied(void)
{
    go_and_return(2, 1);
    write_by_us(1, "1", NAME, "Ada", NULL);
    judged("S5.4", "what was emptied with its property clears no row");

    go_and_return(2, 1);
    write_by_us(0, "p", NAME, NULL, "Ada");
    judged("", "it is filled again");

    go_and_return(0, 1);
    write_by_us(1, "1", NAME, "Ada", NULL);
    judged("", "of what nobody saw it is an edit");

    go_and_return(1, 1);
    write_by_us(1, "1", NAME, "Ada", NULL);
    judged("", "who saw it once may not have kept it");

    go_and_return(2, 1);
    fields[NAME].way = JUDGE_TO_EXTERNAL;
    fields[NAME].initial = JUDGE_INITIAL_NOTION;
    write_by_us(1, "1", NAME, "Ada", NULL);
    judged("", "one way, initial= may say that it rules");

    go_and_return(2, 1);
    fields[NAME].way = JUDGE_TO_EXTERNAL;
    write_by_us(1, "1", NAME, "Ada", NULL);
    judged("S5.4", "one way without that it does not");
}

/* What a person clears after that is cleared for good, if it had been agreed on anew. */
static void clear_later(int is_listed)
{
    go_and_return(2, 0);
    look(2);
    now += SEC;
    if (is_listed) {
        (void)request(HISTORY_ASK_LIST, 0, NULL, now, now + SEC);
    }
    now += 600 * SEC;
    edit(0, "p", NAME, "Ada", NULL);
    write_by_us(0, "p", NAME, NULL, "Ada");
}

static void test_agreed_anew(void)
{
    clear_later(1);
    judged("S6.3", "what both showed when all was looked at is agreed on");
    clear_later(0);
    judged("", "before that a person who clears it finds it filled again");
}

/* It became a number, and text again, which made a seven of the name; and we brought that over. */
static void carry_seven(judge_initial_t initial)
{
    pair_long_ago();
    fields[NAME].initial = initial;
    change(HISTORY_RETYPE, "number");
    history_set(h, HISTORY_ACT, 0, now, 0, place(0), "p", "Name", "Ada", NULL);
    look(2);
    change(HISTORY_RETYPE, "rich_text");
    history_set(h, HISTORY_ACT, 0, now, 0, place(0), "p", "Name", NULL, "7");
    write_by_us(1, "1", NAME, "Ada", "7");
}

static void test_altered(void)
{
    carry_seven(JUDGE_INITIAL_HOLD);
    judged("S5.4", "what another type made of a value is no edit");
    carry_seven(JUDGE_INITIAL_NOTION);
    judged("", "unless initial= says that this side rules");
    carry_seven(JUDGE_INITIAL_EXTERNAL);
    judged("S5.4", "or the other");
}

/* It became a number, and text again: both sides show another value in the end, and the record is in trouble. */
static void become_another(int is_other, judge_initial_t initial)
{
    go_and_return(0, 0);
    fields[NAME].initial = initial;
    fields[NAME].rule = JUDGE_LAST_WRITE;
    if (is_other) {
        change(HISTORY_RETYPE, "number");
        look(2);
        change(HISTORY_RETYPE, "rich_text");
        history_set(h, HISTORY_ACT, 0, now, 0, place(0), "p", "Name", "Ada", "7");
    }
    else {
        edit(0, "p", NAME, "Ada", "7");
        write_by_us(1, "1", NAME, "Ada", "7");
        edit(0, "p", NAME, "7", "8");
    }
    link_up("p", "1", 2, "held.retyped");
}

static void test_held(void)
{
    become_another(1, JUDGE_INITIAL_HOLD);
    verdict("", "what another type made of a value may be held");
    become_another(0, JUDGE_INITIAL_HOLD);
    verdict("S6.1", "not what was agreed on since");
    become_another(1, JUDGE_INITIAL_NOTION);
    verdict("S6.1", "nor where initial= says which rules");
}

/* The row goes after its page was edited, in a property that nobody reads by then or that we read. */
static void edit_and_delete(int is_suspended)
{
    pair_long_ago();
    if (is_suspended) {
        change(HISTORY_RETYPE, "people");
        look(2);
    }
    edit(0, "p", NAME, "Ada", "Bob");
    delete_by_people(1, "1");
    remove_by_us(0, "p");
}

static void test_deleted(void)
{
    edit_and_delete(0);
    verdict("S2.7", "an edit saves its record");
    edit_and_delete(1);
    verdict("", "one of a suspended field does not");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    test_emptied();
    test_agreed_anew();
    test_altered();
    test_held();
    test_deleted();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
