/* The judge on another database in the place of the one that was synced: nothing is written there before a person's word (S4.1). */
#include <apr_general.h>

#include "judge_world.h"
#include "tap/tap.h"

static void exchange(const char *with)
{
    now += SEC;
    history_do(h, HISTORY_ACT, 0, now, HISTORY_SWAP, 1, "t", NULL, NULL, with);
    history_do(h, HISTORY_ACT, 0, now, HISTORY_MAKE, 1, "t", "1", NULL, NULL);
    history_set(h, HISTORY_ACT, 0, now, 1, "t", "1", fields[MARK].name[1], NULL, "one");
    history_set(h, HISTORY_ACT, 0, now, 1, "t", "1", fields[NAME].name[1], NULL, "Ada");
}

static history_op_t said; /* in the next word */
static const char *about; /* of which record; NULL: of the mapping */
static const char *with_note = HISTORY_ACCEPTED;

static void go_on(const char *mapping)
{
    history_item_t item = {
        .kind = HISTORY_OPERATOR, .op = said, .place = mapping, .record = about, .side = -1
    };

    now += SEC;
    item.at = now;
    item.note = with_note;
    (void)history_add(h, &item);
}

static void lose_store(void)
{
    history_item_t item = { .kind = HISTORY_PROCESS, .op = HISTORY_STORE_LOST, .side = -1 };

    now += SEC;
    item.at = now;
    (void)history_add(h, &item);
}

/* Both hold the same; then the database is exchanged, and something said; and what people write in Notion comes to it. */
static void write_there(const char *with, const char *word)
{
    pair();
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    exchange(with);
    if (word) {
        go_on(word);
    }
    edit(0, "p", NAME, "Ada", "Eve");
    write_by_us(1, "1", NAME, "Ada", "Eve");
}

int main(void)
{
    (void)apr_initialize();
    (void)apr_pool_create(&pool, NULL);
    said = HISTORY_RESUME;
    write_there(HISTORY_ANOTHER, NULL);
    verdict("S4.1", "nobody had said that the mapping may go on");
    write_there(HISTORY_ANOTHER, "m");
    verdict("", "a person had");
    write_there(HISTORY_ANOTHER, "another mapping");
    verdict("S4.1", "a word about another mapping is none");
    with_note = "resume";
    write_there(HISTORY_ANOTHER, "m");
    verdict("S4.1", "who ends a pause has not accepted it");
    said = HISTORY_APPROVE;
    write_there(HISTORY_ANOTHER, "m");
    verdict("S4.1", "nor who has a plan made");
    with_note = HISTORY_APPLIED;
    write_there(HISTORY_ANOTHER, "m");
    verdict("", "who applies one has (76053), whenever it was asked for (763)");
    about = "p";
    write_there(HISTORY_ANOTHER, "m");
    verdict("S4.1", "who decided about a record has not said so");
    write_there(HISTORY_ANOTHER, NULL);
    phases.calm = now - 40 * SEC;
    verdict("", "when all is calm an operator says so of every mapping");
    write_there(HISTORY_ANOTHER, NULL);
    phases.calm = now - 20 * SEC;
    verdict("S4.1", "some time after that");
    pair();
    edit(0, "p", NAME, NULL, "Ada");
    write_by_us(1, "1", NAME, NULL, "Ada");
    lose_store();
    exchange(HISTORY_ANOTHER);
    edit(0, "p", NAME, "Ada", "Eve");
    write_by_us(1, "1", NAME, "Ada", "Eve");
    verdict("", "whose store was lost before knows no other database");
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
