/* The judge on fields that both sides fight over (S2.10), what becomes of them when they are held (S2.6, S2.9), and on
 * texts that a property cannot take. */
#include <apr_general.h>
#include <string.h>

#include "judge_world.h"
#include "tap/tap.h"

/* A person sets the row to something else, and a trigger takes that back @a after it. */
static void blink(apr_interval_time_t after)
{
    now += SEC;
    history_set(h, HISTORY_ACT, 0, now, 1, place(1), "1", "name", NULL, "Bob");
    now += after;
    history_set(h, HISTORY_TRIGGER, 0, now, 1, place(1), "1", "name", "Bob", NULL);
}

/* Somebody on each side puts back what was there, until it is held. @a blinks: see above; -1: not. */
static void fight(apr_interval_time_t blinks)
{
    int i;

    begin();
    make(0, "p", "one");
    copy_by_us(1, "1", "one");
    link_up("p", "1", 2, "held.contested");
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    for (i = 0; i < 2; i++) {
        edit(1, "1", NAME, "Ada", NULL);
        write_by_us(0, "p", NAME, "Ada", NULL);
        if (i && blinks >= 0) {
            blink(blinks);
        }
        edit(0, "p", NAME, NULL, "Ada");
        write_by_us(1, "1", NAME, NULL, "Ada");
    }
    edit(1, "1", NAME, "Ada", NULL);
}

/* Then, after a while, a person edits the page. */
static void edit_later(void)
{
    fight(-1);
    now += 600 * SEC;
    edit(0, "p", NAME, "Ada", "Eve");
}

/* What a second page, which rules the row, has of the name: nothing. That goes to the row, where a trigger makes "New" of it, then or @a later. */
static void empty_by_other(apr_interval_time_t later)
{
    mapping_now = 1;
    write_by_us(1, "1", NAME, "Won", NULL);
    history_set(h, HISTORY_TRIGGER, 0, now - SEC + SEC / 20 + later, 1, "t", "1", "name", NULL,
                "New");
    mapping_now = 0;
}

/* Somebody makes "Won" of the page's "New" whenever it is that, until it is held. */
static void fight_for_three(apr_interval_time_t later)
{
    static judge_field_t others[FIELDS];
    judge_mapping_t second = { .name = "m2", .fields = others, .field_count = FIELDS };
    int i;

    begin();
    memcpy(others, fields, sizeof(others));
    others[NAME].way = JUDGE_TO_EXTERNAL;
    make(0, "p", "one");
    copy_by_us(1, "1", "one");
    link_up("p", "1", 2, "held.contested");
    second.place[0] = "ds2";
    second.place[1] = "t";
    second.mark = MARK;
    mapping_now = judge_add_mapping(judge, &second);
    copy_by_us(0, "q", "one");
    link_up("q", "1", 2, "held.contested");
    mapping_now = 0;
    edit(0, "p", NAME, NULL, "New");
    write_by_us(1, "1", NAME, NULL, "New");
    for (i = 0; i < 2; i++) {
        edit(0, "p", NAME, "New", "Won");
        write_by_us(1, "1", NAME, "New", "Won");
        empty_by_other(later);
        write_by_us(0, "p", NAME, "Won", "New");
    }
    edit(0, "p", NAME, "New", "Won");
}

/* The property becomes one of @a type, then people write a text into the row. */
static void write_after(const char *type, const char *text)
{
    history_item_t item = { .kind = HISTORY_ACT, .op = HISTORY_RETYPE, .side = HISTORY_NOTION };

    begin();
    make(0, "p", "one");
    copy_by_us(1, "1", "one");
    item.at = now += SEC;
    item.place = place(0);
    item.field = "Name";
    item.after = type;
    (void)history_add(h, &item);
    edit(1, "1", NAME, NULL, text);
    link_up("p", "1", 2, "field.unfit");
}

static void test_unfit(void)
{
    write_after("number", "v1639");
    verdict("", "a property of numbers takes no other text (58613)");
    write_after("number", "-16.5");
    verdict("S6.1", "a number it does");
    write_after("rich_text", "v1639");
    verdict("S6.1", "one of texts takes any");
}

/* Both have tags of their own, which are held. We made the page of that row, or for another table, and the audit tells how the two were
 * linked. */
static void hold_sets(const char *note)
{
    judge_entry_t linked = {
        .op = "link", .state = "noted", .page = "p", .key = "1", .note = note
    };

    begin();
    fields[TAGS].initial = JUDGE_INITIAL_HOLD;
    make(1, "1", "one");
    copy_by_us(0, "p", "one");
    judge_add_entry(judge, &linked);
    link_up("p", "1", 2, "held.initial");
    edit(0, "p", TAGS, NULL, "a");
    edit(1, "1", TAGS, NULL, "b");
}

static void test_sets(void)
{
    hold_sets("paired by its match fields");
    verdict("", "of two that were paired no member was ever agreed on (700249)");
    hold_sets(NULL);
    verdict("S6.1 S6.1 S6.1", "of a copy it was");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    fight(0);
    verdict("", "what was taken back at once is no change between (13266)");
    fight(5 * SEC);
    verdict("S6.1", "what stood there for a while is");
    edit_later();
    verdict("S6.1", "what shows another value by now is not held any more");
    edit_later();
    now += 600 * SEC;
    edit(0, "p", NAME, "Eve", "Ada");
    verdict("", "it is, when both show again what they showed then (454166, 454805)");
    fight_for_three(0);
    verdict("", "what another mapping wrote is answered by what was made of it at once (81252)");
    fight_for_three(SEC / 2);
    verdict("S6.1 S6.1", "what stood there for a while is an answer itself");
    test_unfit();
    test_sets();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
