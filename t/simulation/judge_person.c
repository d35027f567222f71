/* judge_person.c - what is for a person to decide: many deletes at once (S4.2), and taking something back (S5.5). */
#include <string.h>

#include "simulation/judge_impl.h"

/* ---- deletes ---- */

static int live_at(judge_t *j, const char *place, int side, apr_time_t at)
{
    int i, n = 0;

    for (i = 0; i < j->all->nelts; i++) {
        const judge_record_t *record = APR_ARRAY_IDX(j->all, i, judge_record_t *);

        n += record->side == side && record->place == place && record->made <= at &&
             !judge_was_away(record, at, at);
    }
    return n;
}

static int is_commanded(judge_t *j, int before)
{
    int i;

    for (i = before - 1; i >= 0; i--) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_OPERATOR &&
            (item->op == HISTORY_UNDO || item->op == HISTORY_APPROVE)) {
            return 1;
        }
    }
    return 0;
}

/* By this mapping: another one's may lead to the same page. */
static int is_ours(judge_t *j, int mapping, const history_item_t *effect)
{
    int i;

    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

        if (entry->mapping == mapping && entry->side == effect->side &&
            !strcmp(entry->op, "remove") &&
            judge_same(effect->side == HISTORY_NOTION ? entry->page : entry->key, effect->record)) {
            return 1;
        }
    }
    return 0;
}

/* Generous, since only the engine knows which records were linked when: what goes beyond this was not held by any reading. */
static void judge_delete(judge_t *j, int mapping, const history_item_t *last)
{
    const judge_mapping_t *m = JUDGE_MAPPING(j, mapping);
    apr_time_t hour = last->at - apr_time_from_sec(3600);
    int i, n = 0, limit, at_start;

    for (i = last->number; i >= 0; i--) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind > HISTORY_TRIGGER) {
            continue;
        }
        if (item->at <= hour) {
            break;
        }
        if (item->side >= 0 && item->place == m->place[item->side]) {
            n += item->kind == HISTORY_EFFECT && item->op == HISTORY_DELETE &&
                 is_ours(j, mapping, item);
        }
    }
    at_start = live_at(j, m->place[last->side], last->side, hour);
    limit = at_start * m->delete_percent / 100;
    limit = limit < 5 ? 5 : limit;
    if (n > limit || (at_start >= 4 && n * 2 > at_start)) {
        judge_blame(
            j, "S4.2", last->number,
            "delete number %d of ours within an hour; there were %d records at most when it began",
            n, at_start);
    }
    if (!live_at(j, m->place[last->side], last->side, last->at)) {
        judge_blame(j, "S4.2", last->number, "the last record was deleted");
    }
}

void judge_limits(judge_t *j)
{
    int i, m;

    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind != HISTORY_EFFECT || item->op != HISTORY_DELETE || is_commanded(j, i)) {
            continue;
        }
        for (m = 0; m < j->mappings->nelts; m++) {
            if (JUDGE_MAPPING(j, m)->place[item->side] == item->place && is_ours(j, m, item)) {
                judge_delete(j, m, item);
            }
        }
    }
}

/* ---- undo ---- */

static const judge_entry_t *entry_by_id(judge_t *j, apr_int64_t id)
{
    int i;

    for (i = 0; i < j->entries->nelts; i++) {
        if (APR_ARRAY_IDX(j->entries, i, judge_entry_t).id == id) {
            return &APR_ARRAY_IDX(j->entries, i, judge_entry_t);
        }
    }
    return NULL;
}

/* What is taken back must still be there: an edit since forbids it. */
static void judge_taken_back(judge_t *j, const judge_entry_t *undo, const judge_entry_t *undone)
{
    int f, g;

    for (f = 0; f < undo->field_count; f++) {
        for (g = 0; g < undone->field_count; g++) {
            int index = judge_find_field(j, undo->mapping, HISTORY_NOTION, undo->fields[f].name);
            const judge_field_t *field =
                index < 0 ? NULL : &JUDGE_MAPPING(j, undo->mapping)->fields[index];

            if (field && !strcmp(undo->fields[f].name, undone->fields[g].name) &&
                !judge_same(judge_common(j, field, undo->fields[f].before),
                            judge_common(j, field, undone->fields[g].after))) {
                judge_blame(
                    j, "S5.5", -1,
                    "entry %" APR_INT64_T_FMT " takes back '%s' of %s, which was '%s' by then",
                    undo->id, undone->fields[g].after ? undone->fields[g].after : "null",
                    undo->fields[f].name, undo->fields[f].before ? undo->fields[f].before : "null");
            }
        }
    }
}

/* S5.5: the origin of a copy that was taken back is left alone. */
static void judge_copy_taken_back(judge_t *j, const judge_entry_t *undo)
{
    const judge_mapping_t *m = JUDGE_MAPPING(j, undo->mapping);
    judge_record_t *copy = judge_record(j, undo->side, m->place[undo->side],
                                        undo->side == HISTORY_NOTION ? undo->page : undo->key);
    int i;

    for (i = 0; copy && copy->mark && i < j->all->nelts; i++) {
        const judge_record_t *record = APR_ARRAY_IDX(j->all, i, judge_record_t *);

        if (record->side == undo->side && record->place == copy->place && record->made_by_us &&
            record->live && judge_same(record->mark, copy->mark)) {
            judge_blame(j, "S5.5", record->item, "%s was taken back, and is there again",
                        record->id);
        }
    }
}

void judge_undo(judge_t *j)
{
    int i;

    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *undo = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);
        const judge_entry_t *undone = undo->undoes ? entry_by_id(j, undo->undoes) : NULL;

        if (!undone || strcmp(undo->state, "applied") != 0) {
            continue;
        }
        if (!strcmp(undo->op, "update")) {
            judge_taken_back(j, undo, undone);
        }
        else if (!strcmp(undone->op, "create") && !j->phases->store_forgot) {
            judge_copy_taken_back(j, undo);
        }
    }
}
