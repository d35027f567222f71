/* judge_audit.c - does the audit know what we wrote, and what that cost (S6.4, S3.4)? */
#include <string.h>

#include "simulation/judge_impl.h"

/* By its id; a create that was stored before its answer came, or that clashed, knows only what it was the copy of. */
static int is_entry_of(judge_t *j, const judge_entry_t *entry, const judge_record_t *record)
{
    judge_record_t *partners[8];
    int i, n;

    if (judge_same(record->side == HISTORY_NOTION ? entry->page : entry->key, record->id)) {
        return 1;
    }
    n = strcmp(entry->op, "create") ? 0 : judge_partners(j, entry->mapping, record, partners, 8);
    for (i = 0; i < n; i++) {
        if (judge_same(record->side == HISTORY_NOTION ? entry->key : entry->page,
                       partners[i]->id)) {
            return 1;
        }
    }
    return 0;
}

/* What a column holds against its declared type the audit tells in a sentence. */
static int tells_opaque(const char *told, const char *value)
{
    return told && value && told[0] == '?' && strstr(told, value);
}

static int tells_loss(judge_t *j, const judge_field_t *field, const judge_entry_field_t *told,
                      const judge_outcome_t *o)
{
    if (field->sort == JUDGE_SET) {
        return told->reason != NULL;
    }
    if (told->reason && told->has_lost && told->lost && told->lost[0] == '?' && o->was->value &&
        strstr(told->lost, o->was->value + (o->was->value[0] == '?'))) {
        return 1; /* in words, for that side itself cannot make sense of it */
    }
    return told->reason &&
           (judge_same(judge_whole(j, field, told->before), o->was->value) ||
            (told->has_lost && (judge_same(judge_whole(j, field, told->lost), o->was->value) ||
                                tells_opaque(told->lost, o->was->value))));
}

/* S5.4: the column was another then, in which that made no sense. */
static int tells_of_another(judge_t *j, int mapping, int index, const judge_entry_field_t *told,
                            const judge_outcome_t *o)
{
    return told->reason && told->has_lost && told->lost && o->was->value &&
           (told->lost[0] == '?' || judge_same(told->lost, o->was->value + 1)) &&
           judge_was_other(j, mapping, index, o->was->at, o->effect->at);
}

/* S5.4: what the choice that had this name is called by the time of @a effect: it was sent by its id. */
static const char *renamed(judge_t *j, int mapping, int index, const char *name,
                           const history_item_t *effect)
{
    int i;

    for (i = 0; name && i < effect->number; i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->op == HISTORY_RENAME &&
            item->place == JUDGE_MAPPING(j, mapping)->place[HISTORY_NOTION] &&
            judge_find_field(j, mapping, HISTORY_NOTION, item->field) == index &&
            judge_same(item->before, name)) {
            name = item->after;
        }
    }
    return name;
}

static int tells_write(judge_t *j, int mapping, int index, const judge_entry_field_t *told,
                       const judge_outcome_t *o)
{
    const judge_field_t *field = &JUDGE_MAPPING(j, mapping)->fields[index];

    return field->sort == JUDGE_SET ||
           judge_alike(j, field, judge_whole(j, field, told->after), o->value) ||
           (field->sort == JUDGE_OPTION && o->record->side == HISTORY_NOTION &&
            judge_same(renamed(j, mapping, index, told->after, o->effect), o->value));
}

/* It says that nothing was written. S3.3: what was written to a database can be proven while it is that one; S3.7: of a page
 * only a write whose answer could not be kept may look as if it had never been. */
static int is_denied(judge_t *j, const judge_entry_t *entry, const judge_outcome_t *o)
{
    return !strcmp(entry->state, "not applied") && !judge_is_uncertain(j, o->effect) &&
           !(o->effect->side == HISTORY_EXTERNAL && judge_was_set_back(j, o->effect));
}

static int names(const judge_entry_t *entry, const judge_outcome_t *o,
                 const judge_record_t *partner)
{
    int is_page = o->record->side == HISTORY_NOTION;

    return entry->side == o->record->side &&
           judge_same(entry->page, is_page ? o->record->id : partner->id) &&
           judge_same(entry->key, is_page ? partner->id : o->record->id);
}

apr_interval_time_t judge_told_within(judge_t *j, int mapping, const judge_outcome_t *o,
                                      const judge_record_t *partner)
{
    int is_made = o->record->made_by_us && o->effect->at == o->record->made;
    apr_interval_time_t least = JUDGE_TOLD_WITHIN + j->phases->skew;
    int i, f;

    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);
        apr_interval_time_t apart =
            entry->at < o->effect->at ? o->effect->at - entry->at : entry->at - o->effect->at;

        if (entry->mapping != mapping || apart >= least || !names(entry, o, partner) ||
            (strcmp(entry->op, "create") == 0) != is_made || is_denied(j, entry, o)) {
            continue;
        }
        for (f = 0; f < entry->field_count; f++) {
            int index = judge_find_field(j, mapping, HISTORY_NOTION, entry->fields[f].name);

            if (index >= 0 && index == judge_find_field(j, mapping, o->record->side, o->field) &&
                tells_write(j, mapping, index, &entry->fields[f], o)) {
                least = apart;
            }
        }
    }
    return least < JUDGE_TOLD_WITHIN + j->phases->skew ? least : JUDGE_NEVER_TOLD;
}

/* S6.4, S3.4: the audit knows the write, and what it cost. */
void judge_look_into_audit(judge_t *j, const judge_outcome_t *o, int loss)
{
    int i, f, m, written = 0, lost = 0;

    for (i = 0; i < j->entries->nelts && !(written && lost); i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

        m = entry->mapping;
        if (entry->side != o->record->side ||
            JUDGE_MAPPING(j, m)->place[o->record->side] != o->record->place ||
            !is_entry_of(j, entry, o->record) || is_denied(j, entry, o)) {
            continue;
        }
        for (f = 0; f < entry->field_count; f++) {
            int index = judge_find_field(j, m, HISTORY_NOTION, entry->fields[f].name);

            if (index >= 0 && index == judge_find_field(j, m, o->record->side, o->field)) {
                const judge_field_t *field = &JUDGE_MAPPING(j, m)->fields[index];

                written |= tells_write(j, m, index, &entry->fields[f], o);
                lost |= tells_loss(j, field, &entry->fields[f], o) ||
                        tells_of_another(j, m, index, &entry->fields[f], o);
            }
        }
    }
    if (!written) {
        judge_blame(j, "S3.4", o->effect->number, "a write that no audit entry tells of: %s",
                    o->field);
    }
    else if (loss && !lost) {
        judge_blame(j, "S6.4", o->effect->number,
                    "'%s' was overwritten in %s, and no audit entry has it",
                    o->was->value ? o->was->value : "null", o->field);
    }
}
