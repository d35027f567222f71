/* The judge on rows that went with the row they referred to (S2.7): it comes back if somebody has said so, and else waits; one that was alone
 * has nothing to wait for. */
#include <string.h>

#include <apr_general.h>

#include "judge_world.h"
#include "tap/tap.h"

static int deletes;    /* what the foreign key of "t2" does; -1: there is none */
static int by_trigger; /* the database took the row of "t2" along */

static void say(const char *what)
{
    history_item_t item = { .kind = HISTORY_OPERATOR,
                            .op = HISTORY_APPROVE,
                            .place = "m",
                            .record = "p",
                            .side = -1,
                            .note = what };

    now += SEC;
    item.at = now;
    (void)history_add(h, &item);
}

/* A page is trashed, its row deleted for it, and the page is taken out of the trash. */
static void lose_row(void)
{
    judge_reference_t reference = { "t2", "t", deletes };

    begin();
    if (deletes >= 0) {
        judge_add_reference(judge, &reference);
    }
    pair_up("p", "1", "one");
    delete_by_people(0, "p");
    remove_by_us(1, "1");
    told_done("remove", 1, "p", "1");
    if (by_trigger) {
        history_do(h, HISTORY_TRIGGER, 0, now, HISTORY_DELETE, 1, "t2", "7", NULL, NULL);
    }
    now += 20 * SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_REVIVE, 0, place(0), "p", NULL, NULL);
}

/* @a said: by a person; NULL: nothing. */
static int is_blamed(const char *said)
{
    int number;

    lose_row();
    if (said) {
        say(said);
    }
    now += SEC;
    number = request(HISTORY_ASK_REVIVE, 1, "1", now, now);
    history_do(h, HISTORY_ACT, number, now, HISTORY_MAKE, 1, place(1), "1", NULL, NULL);
    history_set(h, HISTORY_ACT, number, now, 1, place(1), "1", fields[MARK].name[1], NULL, "one");
    told_done("restore", 1, "p", "1");
    link_up("p", "1", 0, NULL);
    return strstr(rules(), "S2.7") != NULL;
}

static int is_excused(void)
{
    lose_row();
    link_up("p", "1", 2, "held.children");
    return strstr(rules(), "S6.1") == NULL;
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    deletes = by_trigger = 1;
    tap_ok(is_blamed(NULL), "a row whose children went with it is put back without a word");
    tap_ok(is_blamed("delete"), "or against it");
    tap_ok(!is_blamed("restore"), "somebody said so");
    tap_ok(is_excused(), "without that it may be held");
    by_trigger = 0;
    tap_ok(!is_blamed(NULL), "a row that was alone may come back");
    tap_ok(!is_excused(), "and must: what we deleted was counted");
    deletes = 0;
    tap_ok(is_excused(), "what a key has emptied nobody sees: it may be held");
    deletes = -1;
    by_trigger = 1;
    tap_ok(!is_blamed(NULL), "what no foreign key took along is nobody's child");
    tap_ok(!is_excused(), "and no reason to wait");
    apr_pool_destroy(pool);
    return tap_done();
}
