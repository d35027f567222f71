/* judge_prompt.c - what was announced is dealt with soon (S3.6, S3.9), and no record in trouble delays another (S6.11).
 *
 * Listings heal within minutes what a notice should have brought about within seconds, so at the end of a run nothing is seen of
 * a notice that was dropped. Here each edit is looked at by itself: a field on which both sides were equal was changed on one,
 * the news of it arrived, nothing went wrong, nobody touched the field again; then the other side has it soon.
 */
#include <string.h>

#include "simulation/judge_impl.h"

/* From the news to the write: polling, debouncing, a few requests. Less than any listing takes to find it. */
#define SOON apr_time_from_sec(45)
/* What went wrong has consequences for so long: writes of unknown fate (to which a key that changed under a write may lead, S4.4),
 * retries. */
#define AFTERMATH apr_time_from_sec(600)
/* An event is sent at most so long after the edit that it is about. */
#define TOLD_WITHIN apr_time_from_sec(130)
#define SLOW apr_time_from_sec(5)

typedef struct trouble_t {
    apr_time_t at;
    const char *record; /* NULL: may be of any */
} trouble_t;

typedef struct prompt_t {
    judge_t *j;
    apr_array_header_t *troubles; /* trouble_t */
    apr_array_header_t *asks;     /* const history_item_t *: requests to a Notion */
    apr_time_t halted;            /* from then on all may stand still; 0: never */
} prompt_t;

/* ---- what went wrong */

static void add_trouble(prompt_t *prompt, apr_time_t at, const char *record)
{
    trouble_t *trouble = apr_array_push(prompt->troubles);

    trouble->at = at;
    trouble->record = record;
}

static void look_at_request(prompt_t *prompt, const history_item_t *item)
{
    if (!prompt->j->has_pages[item->side]) {
        if (item->end != HISTORY_ANSWERED) {
            add_trouble(prompt, item->at, item->record);
        }
        return;
    }
    APR_ARRAY_PUSH(prompt->asks, const history_item_t *) = item;
    if (item->end != HISTORY_ANSWERED || item->status != 200 || item->at - item->sent > SLOW) {
        add_trouble(prompt, item->at, NULL);
    }
    if (item->at - item->sent > SLOW) {
        add_trouble(prompt, item->sent, NULL); /* its answer may come when it ought to be over */
    }
}

/* People who hide, rename, pause or take back may stop a mapping, or a record, until they see to it. */
static int may_halt(const history_item_t *item)
{
    switch (item->op) {
    case HISTORY_HIDE:
    case HISTORY_RENAME:
    case HISTORY_REMOVE_OPTION:
    case HISTORY_RESHAPE:
    case HISTORY_MIGRATE: /* a column went, or is back, and the triggers went with it */
    case HISTORY_RETYPE:
    case HISTORY_SWAP:
    case HISTORY_PAUSE:
    case HISTORY_UNDO:
    case HISTORY_APPROVE:
    case HISTORY_CONFIGURE:
        return 1;
    default:
        return 0;
    }
}

static void look_back(prompt_t *prompt)
{
    int i;

    for (i = 0; i < history_count(prompt->j->history); i++) {
        const history_item_t *item = history_item(prompt->j->history, i);

        if (may_halt(item) && !prompt->halted) {
            prompt->halted = item->at;
        }
        if (item->kind == HISTORY_REQUEST) {
            look_at_request(prompt, item);
        }
        else if ((item->kind == HISTORY_PROCESS && item->op != HISTORY_DISK_FAILS &&
                  item->op != HISTORY_DISK_WORKS) ||
                 item->kind == HISTORY_FAULT || item->kind == HISTORY_OPERATOR ||
                 item->op == HISTORY_REKEY) {
            add_trouble(prompt, item->at, NULL);
        }
    }
}

static int was_disturbed(const prompt_t *prompt, apr_time_t from, apr_time_t to,
                         const judge_record_t *a, const judge_record_t *b)
{
    int i;

    if (prompt->halted && prompt->halted <= to) {
        return 1;
    }
    for (i = 0; i < prompt->troubles->nelts; i++) {
        const trouble_t *trouble = &APR_ARRAY_IDX(prompt->troubles, i, trouble_t);

        if (trouble->at >= from && trouble->at <= to &&
            (!trouble->record || judge_same(trouble->record, a->id) ||
             judge_same(trouble->record, b->id))) {
            return 1;
        }
    }
    return 0;
}

/* Who waits for the budget waits with reason. */
static int was_budget_short(const prompt_t *prompt, apr_time_t from, apr_time_t to)
{
    int i, k, n;

    for (k = 0; k < prompt->j->connections->nelts; k++) {
        const judge_connection_t *c = &APR_ARRAY_IDX(prompt->j->connections, k, judge_connection_t);

        for (i = n = 0; i < prompt->asks->nelts; i++) {
            const history_item_t *ask = APR_ARRAY_IDX(prompt->asks, i, const history_item_t *);

            n += ask->side == c->side && ask->sent >= from - c->window && ask->sent <= to;
        }
        if (n * 2 > c->requests) {
            return 1;
        }
    }
    return 0;
}

/* ---- when the news arrived */

/* Of an edit of a page: when the last event that may tell of it was delivered; 0: that is not known. */
static apr_time_t told_of_page(judge_t *j, const history_item_t *edit)
{
    apr_time_t last = 0;
    int i;

    for (i = edit->number + 1; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind != HISTORY_NOTICE || item->record != edit->record || item->sent < edit->at ||
            item->sent > edit->at + TOLD_WITHIN) {
            continue;
        }
        if (item->op == HISTORY_LOST) {
            return 0;
        }
        if (item->op == HISTORY_DELIVERED && item->after) {
            last = item->at;
        }
    }
    return last;
}

/* Our own write of a page is told to other mappings when its answer is here. */
static apr_time_t told_of_write(judge_t *j, const history_item_t *effect)
{
    judge_gap_t gap = judge_gap(j, effect);

    return gap.request && !judge_is_uncertain(j, effect) ? gap.request->at : 0;
}

static apr_time_t told_at(judge_t *j, const history_item_t *item)
{
    if (!j->has_pages[item->side]) {
        return item->at;
    }
    return item->kind == HISTORY_EFFECT ? told_of_write(j, item) : told_of_page(j, item);
}

/* ---- one edit */

/* It showed one value all the time. */
static int is_still(const judge_cell_t *cell, apr_time_t from, apr_time_t to)
{
    int i;

    for (i = 0; i < cell->stays->nelts; i++) {
        apr_time_t at = APR_ARRAY_IDX(cell->stays, i, judge_stay_t).from;

        if (at > from && at <= to) {
            return 0;
        }
    }
    return 1;
}

/* A trigger that writes this field may fight with us over it: then it is held. */
static int is_triggered(judge_t *j, const char *name)
{
    int i;

    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_TRIGGER && item->op == HISTORY_SET &&
            judge_same(item->field, name)) {
            return 1;
        }
    }
    return 0;
}

static int leads_away(const judge_field_t *field, int side)
{
    return field->way == JUDGE_BOTH_WAYS ||
           field->way == (side == HISTORY_NOTION ? JUDGE_TO_EXTERNAL : JUDGE_TO_NOTION);
}

static int was_whole(const judge_record_t *record, apr_time_t since)
{
    return record->live && !record->hidden && !record->deaths->nelts && !record->copied &&
           record->marks->nelts == 1 && record->made < since;
}

static const judge_field_t *field_throughout(judge_t *j, int mapping, int index, apr_time_t from,
                                             apr_time_t to)
{
    const judge_field_t *field = judge_field_at(j, mapping, index, from);

    return field && judge_field_at(j, mapping, index, to) == field && field->sort != JUDGE_SET &&
                   field->name[0] && field->name[1] && !field->unique && !field->required &&
                   !field->above
               ? field
               : NULL;
}

/* The mapping got as far as to its table, or to pages of its second Notion: who names a choice in a filter that nobody has made yet is blocked from the start. */
static int had_begun(judge_t *j, int mapping, apr_time_t at)
{
    const char *table = JUDGE_MAPPING(j, mapping)->place[HISTORY_EXTERNAL];
    int i;

    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->at >= at) {
            break;
        }
        if (item->kind == HISTORY_REQUEST && item->side == HISTORY_EXTERNAL &&
            (j->has_pages[HISTORY_EXTERNAL] ? item->op != HISTORY_ASK_OTHER
                                            : item->place == table)) {
            return 1;
        }
    }
    return 0;
}

static void judge_carried(prompt_t *prompt, const history_item_t *item, int mapping, int index,
                          judge_record_t *record, judge_record_t *partner, apr_time_t told)
{
    judge_t *j = prompt->j;
    apr_time_t from = item->at - AFTERMATH, to = told + SOON;
    const judge_field_t *field = field_throughout(j, mapping, index, item->at, to);
    judge_cell_t *mine, *theirs;

    if (!field || judge_was_ever_outside(j, mapping, record, partner) ||
        !leads_away(field, record->side) || !was_whole(partner, item->at) ||
        is_triggered(j, field->name[0]) || is_triggered(j, field->name[1]) ||
        was_disturbed(prompt, from, to, record, partner) ||
        was_budget_short(prompt, item->at, to) || !had_begun(j, mapping, item->at)) {
        return;
    }
    mine = judge_cell(j, record, field->name[record->side], NULL);
    theirs = judge_cell(j, partner, field->name[partner->side], NULL);
    if (!is_still(mine, item->at, to) || !is_still(theirs, item->at - SOON, to) ||
        !judge_fits(field, judge_then(mine, item->at)->value) ||
        !judge_fits(field, judge_then(mine, item->at - 1)->value) ||
        !judge_alike(j, field, judge_then(mine, item->at - 1)->value,
                     judge_then(theirs, item->at)->value) ||
        judge_alike(j, field, judge_then(mine, to)->value, judge_then(theirs, to)->value)) {
        return;
    }
    judge_blame(j, j->has_pages[record->side] && item->kind != HISTORY_EFFECT ? "S3.6" : "S3.9",
                item->number, "%s has not heard of it %d s after the news arrived", partner->id,
                (int)apr_time_sec(SOON));
}

static void judge_edit(prompt_t *prompt, const history_item_t *item)
{
    judge_t *j = prompt->j;
    judge_record_t *record = judge_record(j, item->side, item->place, item->record);
    apr_time_t told = record && was_whole(record, item->at) ? told_at(j, item) : 0;
    int m;

    if (!told || told + SOON >= j->phases->calm) {
        return;
    }
    for (m = 0; m < j->mappings->nelts; m++) {
        judge_record_t *partners[8];
        int index = judge_find_field(j, m, item->side, item->field);
        int n = index < 0 ? 0 : judge_partners(j, m, record, partners, 8);

        if (n == 1) {
            judge_carried(prompt, item, m, index, record, partners[0], told);
        }
    }
}

void judge_prompt(judge_t *j)
{
    prompt_t prompt = { 0 };
    int i;

    if (!j->phases->peaceful || !j->connections->nelts) {
        return;
    }
    prompt.j = j;
    prompt.troubles = apr_array_make(j->p, 64, sizeof(trouble_t));
    prompt.asks = apr_array_make(j->p, 256, sizeof(history_item_t *));
    look_back(&prompt);
    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind <= HISTORY_TRIGGER && item->op == HISTORY_SET) {
            judge_edit(&prompt, item);
        }
    }
}
