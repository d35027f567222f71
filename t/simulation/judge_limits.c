/* judge_limits.c - what is for a person to decide: many deletes at once, and that of the last record (S4.2). */
#include <string.h>

#include "simulation/judge_impl.h"

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

static int is_entry_of(judge_t *j, const judge_entry_t *entry, const history_item_t *effect)
{
    return entry->side == effect->side && !strcmp(entry->op, "remove") &&
           JUDGE_MAPPING(j, entry->mapping)->place[effect->side] == effect->place &&
           judge_same(effect->side == HISTORY_NOTION ? entry->page : entry->key, effect->record);
}

/* Of a record that we deleted several times, if the audit has each of them: the nth that it knows is the nth that happened.
 * @return which mapping did; -1: that cannot be told */
static int deleter_of(judge_t *j, const history_item_t *effect)
{
    int i, k, nth = 0, deletes = 0, entries = 0, mapping = -1;

    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_EFFECT && item->op == HISTORY_DELETE &&
            item->side == effect->side && item->place == effect->place &&
            judge_same(item->record, effect->record)) {
            deletes++;
            nth += item->number < effect->number;
        }
    }
    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);
        int before = 0;

        if (!is_entry_of(j, entry, effect) || strcmp(entry->state, "applied") != 0) {
            continue;
        }
        for (k = 0; k < j->entries->nelts; k++) {
            const judge_entry_t *other = &APR_ARRAY_IDX(j->entries, k, judge_entry_t);

            before += other->id < entry->id && is_entry_of(j, other, effect) &&
                      !strcmp(other->state, "applied");
        }
        entries++;
        mapping = before == nth ? entry->mapping : mapping;
    }
    return deletes > 1 && deletes == entries ? mapping : -1;
}

/* By this mapping: another one's may lead to the same page. Of two that both tried, the one that found it done did not do it. */
static int is_ours(judge_t *j, int mapping, const history_item_t *effect)
{
    int i, tried = 0, others = 0, deleter = deleter_of(j, effect);

    if (deleter >= 0) {
        return deleter == mapping;
    }
    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

        if (!is_entry_of(j, entry, effect)) {
            continue;
        }
        if (entry->mapping == mapping && strcmp(entry->state, "not applied") != 0) {
            return 1;
        }
        tried |= entry->mapping == mapping;
        others |= entry->mapping != mapping && !strcmp(entry->state, "applied");
    }
    return tried && !others;
}

/* When @a record was deleted as it is away at @a at; NULL: it is there. */
static const judge_death_t *death_at(const judge_record_t *record, apr_time_t at)
{
    int i;

    for (i = 0; i < record->deaths->nelts; i++) {
        const judge_death_t *death = &APR_ARRAY_IDX(record->deaths, i, judge_death_t);

        if (death->from <= at && (!death->to || death->to >= at)) {
            return death;
        }
    }
    return NULL;
}

static int was_deleted_by(judge_t *j, int mapping, const judge_death_t *death)
{
    return death && death->by_us && is_ours(j, mapping, history_item(j->history, death->item));
}

/* Had the process that sent @a gap's request asked for the record itself since it was deleted, and heard before it made up its
 * mind? */
static int was_found_gone(judge_t *j, const judge_record_t *record, const judge_death_t *death,
                          const judge_gap_t *gap)
{
    int i;

    for (i = gap->request->number - 1; i >= 0; i--) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_REQUEST && item->op == HISTORY_ASK_READ &&
            item->side == record->side && item->place == record->place &&
            item->worker == gap->request->worker && item->end == HISTORY_ANSWERED &&
            item->sent >= death->from && item->answered <= gap->read &&
            (judge_same(item->record, record->id) || judge_same(item->record, record->born))) {
            return 1;
        }
    }
    return 0;
}

/* As far as the mapping could know: a record that others deleted on both sides, people or another mapping, is there until it was
 * found gone on both. */
static int is_there_still(judge_t *j, int mapping, const judge_record_t *record,
                          const judge_record_t *partner, const judge_gap_t *gap, apr_time_t at)
{
    const judge_death_t *death = death_at(record, at), *other = death_at(partner, at);

    return partner->made <= at && death && other && !was_deleted_by(j, mapping, death) &&
           !was_deleted_by(j, mapping, other) &&
           (!gap->request || !was_found_gone(j, record, death, gap) ||
            !was_found_gone(j, partner, other, gap));
}

/* Is anything left of any record of the mapping, on either side? */
static int is_any_left(judge_t *j, int mapping, const history_item_t *deleted)
{
    judge_gap_t gap = judge_gap(j, deleted);
    int i, k;

    for (i = 0; i < j->all->nelts; i++) {
        judge_record_t *record = APR_ARRAY_IDX(j->all, i, judge_record_t *);
        judge_record_t *partners[8];
        int n = judge_partners(j, mapping, record, partners, 8);

        if (record->place != JUDGE_MAPPING(j, mapping)->place[record->side] ||
            record->made > deleted->at) {
            continue;
        }
        if (!judge_was_away(record, deleted->at, deleted->at)) {
            return 1;
        }
        for (k = 0; k < n; k++) {
            if (is_there_still(j, mapping, record, partners[k], &gap, deleted->at)) {
                return 1;
            }
        }
    }
    return 0;
}

/* What we deleted there; NULL: nothing, or nothing was. */
static const judge_record_t *deleted_by(judge_t *j, const history_item_t *item)
{
    int i, k;

    for (i = 0; item->kind == HISTORY_EFFECT && item->op == HISTORY_DELETE && i < j->all->nelts;
         i++) {
        const judge_record_t *record = APR_ARRAY_IDX(j->all, i, judge_record_t *);

        for (k = 0; k < record->deaths->nelts; k++) {
            if (APR_ARRAY_IDX(record->deaths, k, judge_death_t).item == item->number) {
                return record;
            }
        }
    }
    return NULL;
}

/* S3.7: nobody knew what had become of it, and before that could be told the page was brought back: it was never deleted, as far as the
 * mapping could see, and so says its audit (seed 610884). */
static int was_brought_back_unseen(judge_t *j, int mapping, const history_item_t *deleted)
{
    int i, is_denied = 0;

    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

        is_denied |= entry->mapping == mapping && is_entry_of(j, entry, deleted) &&
                     !strcmp(entry->state, "not applied") &&
                     entry->at >= deleted->at - JUDGE_TOLD_WITHIN - j->phases->skew &&
                     entry->at <= deleted->at + j->phases->skew;
    }
    for (i = deleted->number + 1;
         is_denied && judge_is_uncertain(j, deleted) && i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->op == HISTORY_REVIVE && item->place == deleted->place &&
            judge_same(item->record, deleted->record)) {
            return !judge_was_judged(j, deleted->record, judge_gap(j, deleted).sent, item->at);
        }
    }
    return 0;
}

/* S4.2: a delete of the mapping that nobody asked for: those count. */
static int is_counted(judge_t *j, int mapping, const history_item_t *item)
{
    const judge_record_t *record = deleted_by(j, item);

    return record && JUDGE_MAPPING(j, mapping)->place[item->side] == item->place &&
           is_ours(j, mapping, item) && !judge_was_commanded(j, item, record) &&
           !was_brought_back_unseen(j, mapping, item);
}

/* Generous, since only the engine knows which records were linked when: what goes beyond this was not held by any reading. */
static void judge_delete(judge_t *j, int mapping, const history_item_t *last)
{
    const judge_mapping_t *m = JUDGE_MAPPING(j, mapping);
    apr_time_t hour = last->at - apr_time_from_sec(3600);
    int i, n = 0, limit, at_start;

    for (i = last->number; i >= 0; i--) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind <= HISTORY_TRIGGER && item->at <= hour) {
            break;
        }
        n += is_counted(j, mapping, item);
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
    if (!is_any_left(j, mapping, last)) {
        judge_blame(j, "S4.2", last->number, "the last record was deleted");
    }
}

void judge_limits(judge_t *j)
{
    int i, m;

    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        for (m = 0; m < j->mappings->nelts; m++) {
            if (is_counted(j, m, item)) {
                judge_delete(j, m, item);
            }
        }
    }
}
