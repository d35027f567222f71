/* judge_person.c - what a person commanded, and what was decided about a field (S2.9). */
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
