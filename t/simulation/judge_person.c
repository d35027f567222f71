/* judge_person.c - what is for a person to decide: many deletes at once (S4.2), and taking something back (S5.5). */
#include <string.h>

#include "simulation/judge_impl.h"

/* ---- commands ---- */

/* By the id of either side: that is what people are shown of a record. */
static int is_about(judge_t *j, int mapping, const judge_record_t *record, const char *id)
{
    judge_record_t *partners[8];
    int i, n = judge_partners(j, mapping, record, partners, 8);

    for (i = 0; i < n && !judge_had_id(partners[i], id); i++) {
    }
    return i < n || judge_had_id(record, id);
}

/* The audit has that write as one that takes another back. */
static int is_undo(judge_t *j, int mapping, const history_item_t *effect,
                   const judge_record_t *record)
{
    int i;

    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);
        const char *id = record->side == HISTORY_NOTION ? entry->page : entry->key;

        if (entry->undoes && entry->mapping == mapping && entry->side == record->side && id &&
            judge_had_id(record, id) &&
            entry->at < effect->at + JUDGE_TOLD_WITHIN + j->phases->skew &&
            entry->at > effect->at - JUDGE_TOLD_WITHIN - j->phases->skew) {
            return 1;
        }
    }
    return 0;
}

/* What an undo was for its entries tell. Of a plan they do not: it brings about nothing that could not be without it, but deletes, and rows
 * that come back. */
static int is_command_for(judge_t *j, int mapping, const history_item_t *item,
                          const history_item_t *effect, const judge_record_t *record)
{
    if (item->op == HISTORY_UNDO) {
        return judge_forgot(j, effect->at, j->phases->end) || is_undo(j, mapping, effect, record);
    }
    return item->op == HISTORY_APPROVE &&
           (item->record ? is_about(j, mapping, record, item->record) : effect->op != HISTORY_SET);
}

int judge_was_commanded(judge_t *j, const history_item_t *effect, const judge_record_t *record)
{
    int i, m;

    for (i = effect->number - 1; i >= 0; i--) {
        const history_item_t *item = history_item(j->history, i);

        for (m = 0; item->kind == HISTORY_OPERATOR && m < j->mappings->nelts; m++) {
            if (JUDGE_MAPPING(j, m)->place[record->side] == record->place &&
                judge_same(item->place, JUDGE_MAPPING(j, m)->name) &&
                is_command_for(j, m, item, effect, record)) {
                return 1;
            }
        }
    }
    return 0;
}

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

/* ---- decisions about a field ---- */

/* When it was last decided about that record before @a until: what was shown stood there then. 0: never. */
static apr_time_t decided_at(judge_t *j, int mapping, const judge_record_t *record,
                             apr_time_t until)
{
    apr_time_t at = 0;
    int i;

    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_OPERATOR && item->op == HISTORY_APPROVE && item->record &&
            item->at <= until && judge_same(item->place, JUDGE_MAPPING(j, mapping)->name) &&
            is_about(j, mapping, record, item->record)) {
            at = item->at;
        }
    }
    return at;
}

static int had_shown(judge_t *j, const judge_field_t *field, const judge_cell_t *cell,
                     const char *value, apr_time_t until)
{
    int i;

    for (i = 0; i < cell->stays->nelts; i++) {
        const judge_stay_t *stay = &APR_ARRAY_IDX(cell->stays, i, judge_stay_t);

        if (stay->from <= until && judge_same(judge_common(j, field, stay->version->value),
                                              judge_common(j, field, value))) {
            return 1;
        }
    }
    return 0;
}

/* A person was told of what a column holds against its declared type in a sentence, in which that stands by itself or in quotes. */
static int had_shown_opaque(judge_t *j, const judge_cell_t *cell, const char *told,
                            apr_time_t until)
{
    int i;

    for (i = 0; i < cell->stays->nelts; i++) {
        const judge_stay_t *stay = &APR_ARRAY_IDX(cell->stays, i, judge_stay_t);
        const char *value = stay->version->value;

        value = value && value[0] == '?' ? value + 1 : value;
        if (stay->from <= until && value &&
            (strstr(told, apr_pstrcat(j->p, " ", value, " ", NULL)) ||
             strstr(told, apr_pstrcat(j->p, "\"", value, "\"", NULL)))) {
            return 1;
        }
    }
    return 0;
}

/* What stood there when it was written: whole, where the other side could not hold it so (S6.4). */
static const char *stood(const judge_entry_field_t *told)
{
    return told->has_lost && told->lost ? told->lost : told->before;
}

static int was_shown(judge_t *j, const judge_field_t *field, const judge_cell_t *cell,
                     const char *value, apr_time_t until)
{
    return value && value[0] == '?' ? had_shown_opaque(j, cell, value, until)
                                    : had_shown(j, field, cell, value, until);
}

/* S2.9: somebody decided between two values that were shown: both stood there by then. */
static void judge_decision(judge_t *j, const judge_entry_t *entry, const judge_entry_field_t *told)
{
    const judge_mapping_t *m = JUDGE_MAPPING(j, entry->mapping);
    int index = judge_find_field(j, entry->mapping, HISTORY_NOTION, told->name);
    judge_record_t *both[HISTORY_SIDES];
    apr_time_t at;
    int s;

    for (s = 0; s < HISTORY_SIDES; s++) {
        both[s] = judge_had_id_at(j, s, m->place[s], s == HISTORY_NOTION ? entry->page : entry->key,
                                  entry->at);
    }
    if (index < 0 || m->fields[index].sort == JUDGE_SET || !both[0] || !both[1]) {
        return;
    }
    at = decided_at(j, entry->mapping, both[entry->side], entry->at + j->phases->skew);
    for (s = 0; at && s < HISTORY_SIDES; s++) {
        const judge_field_t *field = &m->fields[index];
        const char *value = s == entry->side ? stood(told) : told->after;

        if (field->name[s] &&
            !was_shown(j, field, judge_cell(j, both[s], field->name[s], NULL), value, at)) {
            judge_blame(j, "S2.9", -1,
                        "entry %" APR_INT64_T_FMT
                        " is what somebody decided about %s, who was not shown '%s'",
                        entry->id, told->name, value ? value : "null");
        }
    }
}

void judge_decisions(judge_t *j)
{
    int i, f;

    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

        for (f = 0; f < entry->field_count && !strcmp(entry->op, "update"); f++) {
            if (entry->fields[f].reason && strstr(entry->fields[f].reason, " decided: ")) {
                judge_decision(j, entry, &entry->fields[f]);
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

#define MEMBERS_MAX 64

static int holds(const char *const members[], int count, const char *name)
{
    int i;

    for (i = 0; i < count && strcmp(members[i], name) != 0; i++) {
    }
    return i < count;
}

/* S5.4: a choice's new name is no edit. Does it show what @a undone had written, by the names that its choices had got by some instant
 * since? */
static int is_renamed(judge_t *j, int mapping, int index, const judge_entry_t *undone,
                      const judge_entry_t *undo, const char *written, const char *shown)
{
    const char *was[MEMBERS_MAX], *now[MEMBERS_MAX];
    int n = judge_members(written, was, MEMBERS_MAX, j->p), same, i, k;

    if (judge_members(shown, now, MEMBERS_MAX, j->p) != n) {
        return 0;
    }
    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->op != HISTORY_RENAME || item->at < undone->at - j->phases->skew ||
            item->at > undo->at + j->phases->skew ||
            item->place != JUDGE_MAPPING(j, mapping)->place[HISTORY_NOTION] ||
            judge_find_field(j, mapping, HISTORY_NOTION, item->field) != index) {
            continue;
        }
        for (k = 0, same = 1; k < n; k++) {
            was[k] = judge_same(was[k], item->before) ? item->after : was[k];
            same &= holds(now, n, was[k]);
        }
        if (same) {
            return 1;
        }
    }
    return 0;
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
                            judge_common(j, field, undone->fields[g].after)) &&
                !is_renamed(j, undo->mapping, index, undone, undo, undone->fields[g].after,
                            undo->fields[f].before)) {
                judge_blame(
                    j, "S5.5", -1,
                    "entry %" APR_INT64_T_FMT " takes back '%s' of %s, which was '%s' by then",
                    undo->id, undone->fields[g].after ? undone->fields[g].after : "null",
                    undo->fields[f].name, undo->fields[f].before ? undo->fields[f].before : "null");
            }
        }
    }
}

static int has_field(const judge_entry_t *entry, const char *name)
{
    int f;

    for (f = 0; f < entry->field_count && strcmp(entry->fields[f].name, name) != 0; f++) {
    }
    return f < entry->field_count;
}

/* What is taken back is what was done: the fields that were written, or the copy that was made, and no other. */
static void judge_what_is_taken_back(judge_t *j, const judge_entry_t *undo,
                                     const judge_entry_t *undone)
{
    int f;

    for (f = 0; f < undo->field_count && !strcmp(undo->op, "update"); f++) {
        const judge_entry_field_t *field = &undo->fields[f];

        /* else it is what follows from that */
        if (field->reason && !strncmp(field->reason, "undo of", 7) &&
            !has_field(undone, field->name)) {
            judge_blame(j, "S5.5", -1,
                        "entry %" APR_INT64_T_FMT " takes back a write of %s, which was none",
                        undo->id, field->name);
        }
    }
    if (!strcmp(undo->op, "remove") && !strcmp(undone->op, "create") &&
        undo->side != undone->side) {
        judge_blame(j, "S5.5", -1, "entry %" APR_INT64_T_FMT " deletes what the copy was made of",
                    undo->id);
    }
}

static const char *id_on(const judge_entry_t *entry, int side)
{
    return side == HISTORY_NOTION ? entry->page : entry->key;
}

static int is_delete_of(const judge_entry_t *entry, const judge_entry_t *undo)
{
    return entry->side == undo->side && !strcmp(entry->op, "remove") &&
           !strcmp(entry->state, "applied") &&
           judge_same(id_on(entry, entry->side), id_on(undo, undo->side));
}

/* When the copy went: clocks may be off, so the nth delete that the audit knows is the nth that happened; -1: none did. */
static int find_delete(judge_t *j, const judge_entry_t *undo)
{
    const char *place = JUDGE_MAPPING(j, undo->mapping)->place[undo->side];
    int i, nth = 0, found = -1;

    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

        nth += is_delete_of(entry, undo) && entry->id <= undo->id &&
               JUDGE_MAPPING(j, entry->mapping)->place[undo->side] == place;
    }
    for (i = 0; i < history_count(j->history) && nth; i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_EFFECT && item->op == HISTORY_DELETE &&
            item->side == undo->side && item->place == place &&
            judge_same(item->record, id_on(undo, undo->side))) {
            found = i;
            nth--;
        }
    }
    return found;
}

/* An older delete of the same record is taken back in turn: who takes back all of a record, or of some time, begins with the newest. */
static int takes_back_delete(judge_t *j, const judge_entry_t *entry)
{
    const judge_entry_t *undone = entry->undoes ? entry_by_id(j, entry->undoes) : NULL;

    return undone && !strcmp(entry->op, "restore") && !strcmp(undone->op, "remove") &&
           !strcmp(undone->state, "applied") && undone->mapping == entry->mapping &&
           undone->link == entry->link && undone->side == entry->side;
}

/* Somebody took the undo back; or another mapping, which never heard of it, brought back what people had edited there. */
static int was_wanted_again(judge_t *j, const judge_entry_t *undo, const judge_record_t *record)
{
    int i;

    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

        if (entry->id <= undo->id || strcmp(entry->state, "applied") != 0) {
            continue;
        }
        if (judge_same(id_on(entry, record->side), record->id) &&
            (entry->undoes == undo->id || takes_back_delete(j, entry) ||
             (entry->mapping != undo->mapping && entry->side == record->side &&
              (!strcmp(entry->op, "create") || !strcmp(entry->op, "restore"))))) {
            return 1;
        }
    }
    return 0;
}

/* Is @a record a copy of @a origin? Its mark says so, unless it is the copy of another record with that mark. */
static int is_copy_of(judge_t *j, int mapping, const judge_record_t *record,
                      const judge_record_t *origin)
{
    int i;

    for (i = 0; i < j->links->nelts; i++) {
        const judge_link_t *link = &APR_ARRAY_IDX(j->links, i, judge_link_t);
        const char *near = record->side == HISTORY_NOTION ? link->page : link->key;
        const char *far = record->side == HISTORY_NOTION ? link->key : link->page;

        if (link->mapping == mapping && link->state == JUDGE_LINK_ACTIVE &&
            judge_same(near, record->id)) {
            return judge_same(far, origin->id);
        }
    }
    return judge_share_mark(record, origin);
}

/* S5.5: the origin of a copy that was taken back is left alone. Other records may well share its mark (copies that people made),
 * and what stands under its key after its own delete is a new one (S4.4). */
static void judge_copy_taken_back(judge_t *j, const judge_entry_t *undo)
{
    const judge_mapping_t *m = JUDGE_MAPPING(j, undo->mapping);
    const judge_record_t *origin =
        judge_record(j, !undo->side, m->place[!undo->side], id_on(undo, !undo->side));
    int i = find_delete(j, undo);
    apr_time_t gone = i < 0 ? 0 : history_item(j->history, i)->at;

    while (origin && origin->made > gone) {
        origin = origin->older; /* that one has its key since */
    }
    for (; origin && i >= 0 && i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);
        const judge_record_t *record;

        if (item->kind != HISTORY_EFFECT ||
            (item->op != HISTORY_MAKE && item->op != HISTORY_REVIVE) || item->side != undo->side ||
            item->place != m->place[undo->side]) {
            continue;
        }
        record = judge_record(j, item->side, item->place, item->record);
        if (record && record->live && is_copy_of(j, undo->mapping, record, origin) &&
            !was_wanted_again(j, undo, record) && !judge_was_away(origin, gone, item->at)) {
            judge_blame(j, "S5.5", i, "%s was taken back, and is there again", record->id);
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
        judge_what_is_taken_back(j, undo, undone);
        if (!strcmp(undo->op, "update")) {
            judge_taken_back(j, undo, undone);
        }
        else if (!strcmp(undone->op, "create") && !j->phases->store_forgot) {
            judge_copy_taken_back(j, undo);
        }
    }
}
