/* judge_accept.c - nothing is done in a database that nobody accepted (S4.1). */
#include "simulation/judge_impl.h"

/* When another database came in the place of the one that held @a effect's table, for the last time before it; NULL: never. */
static const history_item_t *last_exchange(judge_t *j, const history_item_t *effect)
{
    int i;

    for (i = effect->number - 1; i >= 0; i--) {
        const history_item_t *item = history_item(j->history, i);

        if (item->op == HISTORY_SWAP && item->place == effect->place) {
            return judge_same(item->after, HISTORY_ANOTHER) ? item : NULL;
        }
    }
    return NULL;
}

/* Whoever wrote to the former database, and whose store remembers it, knows which it was. */
static int was_known(judge_t *j, const history_item_t *swap)
{
    apr_time_t since = judge_forgot_last(j, swap->at);
    int i;

    for (i = swap->number - 1; i >= 0; i--) {
        const history_item_t *item = history_item(j->history, i);

        if (item->at < since || (item->op == HISTORY_SWAP && item->place == swap->place)) {
            return 0;
        }
        if (item->kind == HISTORY_EFFECT && item->place == swap->place) {
            return 1;
        }
    }
    return 0;
}

/* So long after all is calm an operator accepts what databases there are, which is no action of the scenario (sw_world.c). */
#define ACCEPTED_AFTER apr_time_from_sec(30)

/* The mapping may go on with it (who only ends a pause says nothing of it); or a plan that was made there is
 * applied (76053), which may have been asked for before (763). What is decided about a record is another word. */
static int is_word(const history_item_t *item)
{
    return item->kind == HISTORY_OPERATOR &&
           ((item->op == HISTORY_RESUME && judge_same(item->note, HISTORY_ACCEPTED)) ||
            (item->op == HISTORY_APPROVE && !item->record &&
             judge_same(item->note, HISTORY_APPLIED)));
}

/* The word of a person about a mapping of that table. */
static int was_accepted(judge_t *j, const history_item_t *swap, const history_item_t *effect)
{
    int i, m;

    if (effect->at >= j->phases->calm + ACCEPTED_AFTER) {
        return 1;
    }
    for (i = swap->number + 1; i < effect->number; i++) {
        const history_item_t *item = history_item(j->history, i);

        if (!is_word(item)) {
            continue;
        }
        for (m = 0; m < j->mappings->nelts; m++) {
            if (judge_same(item->place, JUDGE_MAPPING(j, m)->name) &&
                judge_same(JUDGE_MAPPING(j, m)->place[HISTORY_EXTERNAL], effect->place)) {
                return 1;
            }
        }
    }
    return 0;
}

void judge_accepted(judge_t *j)
{
    int i;

    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *effect = history_item(j->history, i), *swap;

        if (effect->kind != HISTORY_EFFECT || effect->side != HISTORY_EXTERNAL) {
            continue;
        }
        swap = last_exchange(j, effect);
        if (swap && was_known(j, swap) && !judge_forgot(j, swap->at, effect->at) &&
            !was_accepted(j, swap, effect)) {
            judge_blame(j, "S4.1", effect->number,
                        "we wrote into a database that nobody had accepted");
        }
    }
}
