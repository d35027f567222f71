/* judge_undo.c - what a person has taken back (S5.5): what was done and still stands, and nothing else. */
#include <string.h>

#include "simulation/judge_impl.h"

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
            item->place != JUDGE_MAPPING(j, mapping)->place[item->side] ||
            judge_find_field(j, mapping, item->side, item->field) != index) {
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
