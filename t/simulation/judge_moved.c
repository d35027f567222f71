/* judge_moved.c - what was done to rows without anybody being told: their key looks like a delete and a new row (S4.4). */
#include "simulation/judge_impl.h"

/* The database that came in the place of another has a row under the key that it had had there before @a rekey. */
static int was_undone(judge_t *j, const history_item_t *rekey)
{
    int i;

    for (i = rekey->number + 1; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->op == HISTORY_MAKE && item->place == rekey->place &&
            judge_same(item->record, rekey->record) && judge_is_of_copy(j, item)) {
            return 1;
        }
    }
    return 0;
}

static int is_paused(judge_t *j, int mapping, const history_item_t *before)
{
    int i;

    for (i = before->number - 1; i >= 0; i--) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_OPERATOR &&
            (item->op == HISTORY_PAUSE || item->op == HISTORY_RESUME) &&
            judge_same(item->place, JUDGE_MAPPING(j, mapping)->name)) {
            return item->op == HISTORY_PAUSE;
        }
    }
    return 0;
}

static int has_ended(judge_t *j, const history_item_t *start, const history_item_t *before)
{
    int i;

    for (i = start->number + 1; i < before->number; i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_PROCESS && item->worker == start->worker &&
            (item->op == HISTORY_CRASH || item->op == HISTORY_STOP)) {
            return 1;
        }
    }
    return 0;
}

/* Whoever had run before was gone. */
static int is_nobody_there(judge_t *j, const history_item_t *before)
{
    int i, ended = 0;

    for (i = 0; i < before->number; i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_PROCESS && item->op == HISTORY_START) {
            if (!has_ended(j, item, before)) {
                return 0;
            }
            ended = 1;
        }
    }
    return ended;
}

/* Who had asked last, and so the one that would have looked, was frozen all the time from before @a change to @a end, and nobody took over. */
static int was_held_up(judge_t *j, const history_item_t *change, const history_item_t *end)
{
    const history_item_t *last = NULL;
    int i, frozen = 0;

    for (i = 0; i < end->number; i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_REQUEST) {
            last = item;
            frozen = 0;
        }
        else if (last && item->kind == HISTORY_PROCESS && item->worker == last->worker) {
            frozen = item->op == HISTORY_FREEZE ? item->number : 0;
        }
    }
    for (; frozen && frozen < change->number && i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_REQUEST && item->sent < end->at && item->answered > change->at) {
            return 0; /* under way then */
        }
    }
    return frozen && frozen < change->number;
}

/* Notion had refused the mapping its data source before @a change, and had not shown it again by @a end: meanwhile it looks at no database. */
static int was_blocked(judge_t *j, int mapping, const history_item_t *change,
                       const history_item_t *end)
{
    const char *source = JUDGE_MAPPING(j, mapping)->place[HISTORY_NOTION];
    apr_time_t hidden = 0;
    int i, refused = 0;

    for (i = 0; i < end->number; i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->place == source && !item->record && item->op == HISTORY_HIDE) {
            hidden = item->at;
        }
        else if (item->place == source && !item->record && item->op == HISTORY_SHOW) {
            hidden = 0;
        }
        else if (item->kind == HISTORY_REQUEST && item->side == HISTORY_NOTION &&
                 (item->op == HISTORY_ASK_LIST || item->op == HISTORY_ASK_OTHER)) {
            refused &= hidden || item->status != 200;
            refused |= hidden && item->status == 404 && item->sent >= hidden && i < change->number;
        }
    }
    return refused;
}

int judge_slept_through(judge_t *j, int mapping, const history_item_t *change)
{
    int i, paused = is_paused(j, mapping, change), alone = is_nobody_there(j, change);

    for (i = change->number + 1; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->op == HISTORY_SWAP && item->place == change->place) {
            return paused || alone || was_held_up(j, change, item) ||
                   was_blocked(j, mapping, change, item);
        }
        alone &= item->kind != HISTORY_PROCESS || item->op != HISTORY_START;
        paused &= !judge_same(item->place, JUDGE_MAPPING(j, mapping)->name) ||
                  !judge_goes_on(j, item, change->place);
    }
    return 0;
}

static int is_exchanged_after(judge_t *j, const history_item_t *rekey)
{
    int i;

    for (i = rekey->number + 1; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->op == HISTORY_SWAP && item->place == rekey->place) {
            return 1;
        }
    }
    return 0;
}

/* An older store may not know that somebody said to go on with the database, or not of the key, which went with one (seed 26007). */
static int was_forgotten(judge_t *j, const history_item_t *rekey, int was_swapped)
{
    return judge_went_back(j, rekey->at, j->phases->end) &&
           (was_swapped || is_exchanged_after(j, rekey));
}

int judge_moved_unseen(judge_t *j, int mapping, const char *from, const char *to)
{
    const judge_mapping_t *m = JUDGE_MAPPING(j, mapping);
    int i, waits = 0, wakes = 0, hidden = 0, swapped = 0, was_unseen;

    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->place == m->place[HISTORY_NOTION] && !item->record) {
            hidden = item->op == HISTORY_HIDE || (hidden && item->op != HISTORY_SHOW);
        }
        /* Without its data source the mapping looks at no database. */
        if (!hidden && judge_same(item->place, m->name) &&
            judge_goes_on(j, item, m->place[HISTORY_EXTERNAL])) {
            wakes = is_paused(j, mapping, item); /* which looks first (seed 21689) */
            waits &= wakes;
        }
        if (wakes && item->kind == HISTORY_REQUEST && item->side == HISTORY_EXTERNAL &&
            judge_same(item->place, m->place[HISTORY_EXTERNAL])) {
            wakes = waits = 0;
        }
        swapped |= item->op == HISTORY_SWAP && item->place == m->place[HISTORY_EXTERNAL];
        waits |= item->op == HISTORY_SWAP && item->place == m->place[HISTORY_EXTERNAL];
        if (item->op != HISTORY_REKEY || item->place != m->place[HISTORY_EXTERNAL]) {
            continue;
        }
        was_unseen = waits || item->unseen || was_forgotten(j, item, swapped) ||
                     judge_slept_through(j, mapping, item);
        if ((was_unseen && (!from || judge_same(item->record, from)) &&
             (!to || judge_same(item->after, to))) ||
            ((!from || judge_same(item->after, from)) && (!to || judge_same(item->record, to)) &&
             was_undone(j, item))) {
            return 1;
        }
    }
    return 0;
}
