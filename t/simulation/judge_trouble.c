/* judge_trouble.c - may a record be left out because it is in trouble? Only for a reason that the history knows of.
 *
 * An engine that parks everything would keep all other invariants. So each outcome has to be justified by what happened.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "simulation/judge_plea.h"

typedef int plea_fn(const plea_t *plea);

static const judge_field_t *plea_field(const plea_t *plea, int field)
{
    return judge_field_at(plea->j, plea->mapping, field, plea->j->phases->end);
}

/* Both cells of a field; 0 if there are not two. */
static int both_versions(const plea_t *plea, int field, judge_version_t **mine,
                         judge_version_t **theirs)
{
    const judge_field_t *f = plea_field(plea, field);

    if (!f || !plea->partner || !f->name[0] || !f->name[1] || f->sort == JUDGE_SET) {
        return 0;
    }
    *mine = judge_now(judge_cell(plea->j, plea->record, f->name[plea->record->side], NULL));
    *theirs = judge_now(judge_cell(plea->j, plea->partner, f->name[plea->partner->side], NULL));
    return 1;
}

typedef int field_fn(const plea_t *plea, int field);

static int any_field(const plea_t *plea, field_fn *test)
{
    int f;

    if (plea->field >= 0) {
        return test(plea, plea->field);
    }
    for (f = 0; f < JUDGE_MAPPING(plea->j, plea->mapping)->field_count; f++) {
        if (test(plea, f)) {
            return 1;
        }
    }
    return 0;
}

static int holds(const judge_field_t *field, const void *baton)
{
    (void)baton;
    return field->rule == JUDGE_HOLD;
}

static int holds_initially(const judge_field_t *field, const void *baton)
{
    (void)baton;
    return field->initial == JUDGE_INITIAL_HOLD;
}

#define EVER apr_time_from_sec(864000)

/* One of our writes put that value there, and it was never known whether it did. */
static int came_uncertainly(const plea_t *plea, int field, const judge_version_t *version)
{
    const judge_field_t *f = plea_field(plea, field);

    return judge_came_uncertainly(
               plea->j, judge_cell(plea->j, plea->record, f->name[plea->record->side], NULL),
               version) ||
           judge_came_uncertainly(
               plea->j, judge_cell(plea->j, plea->partner, f->name[plea->partner->side], NULL),
               version);
}

/* We brought the value to that side, in place of others, one of which the older state store that was put back later may take for what
 * both agreed on: then both were changed since. */
static int is_agreed_before(const plea_t *plea, int field, judge_record_t *record,
                            const judge_version_t *earlier, const judge_version_t *later)
{
    const judge_field_t *f = plea_field(plea, field);
    const judge_cell_t *cell = judge_cell(plea->j, record, f->name[record->side], NULL);
    int i, was_other = 0;

    for (i = 0; i < cell->stays->nelts; i++) {
        const judge_stay_t *stay = &APR_ARRAY_IDX(cell->stays, i, judge_stay_t);

        if (was_other && stay->version == earlier && stay->item >= 0 &&
            history_item(plea->j->history, stay->item)->kind == HISTORY_EFFECT &&
            judge_went_back(plea->j, stay->from, plea->j->phases->end)) {
            return 1;
        }
        was_other |= !judge_alike(plea->j, f, stay->version->value, earlier->value) &&
                     !judge_alike(plea->j, f, stay->version->value, later->value);
    }
    return 0;
}

/* One was made by who knew the other. It may not look like that if it was not known what became of the write that brought it. */
static int is_later(const plea_t *plea, int field, judge_version_t *later, judge_version_t *earlier)
{
    return judge_is_known(plea->j, earlier, later) && !came_uncertainly(plea, field, earlier) &&
           !is_agreed_before(plea, field, plea->record, earlier, later) &&
           !is_agreed_before(plea, field, plea->partner, earlier, later);
}

/* Neither knew of the other's value: only then a conflict can be held. */
static int is_held_conflict(const plea_t *plea, int field)
{
    judge_version_t *mine, *theirs;

    return both_versions(plea, field, &mine, &theirs) &&
           !judge_alike(plea->j, plea_field(plea, field), mine->value, theirs->value) &&
           !is_later(plea, field, theirs, mine) && !is_later(plea, field, mine, theirs) &&
           judge_was_field(plea->j, plea->mapping, field, plea->j->phases->end, EVER, holds, NULL);
}

/* Then it was never sent, and nothing was ever agreed. */
static int was_unfit(const plea_t *plea, int field)
{
    const judge_field_t *f = plea_field(plea, field);
    const judge_record_t *both[2];
    int i, k;

    both[0] = plea->record;
    both[1] = plea->partner;
    for (i = 0; i < 2; i++) {
        const judge_cell_t *cell =
            judge_cell(plea->j, (judge_record_t *)both[i], f->name[both[i]->side], NULL);

        for (k = 0; k < cell->stays->nelts; k++) {
            if (!judge_fits(f, APR_ARRAY_IDX(cell->stays, k, judge_stay_t).version->value)) {
                return 1;
            }
        }
    }
    return 0;
}

/* Of what they were both made we never knew that it had been on both sides: nothing was ever agreed. */
static int was_origin_uncertain(const plea_t *plea, int field, const judge_version_t *mine,
                                const judge_version_t *theirs)
{
    const judge_version_t *origin, *other;

    for (origin = theirs; origin; origin = origin->parent) {
        if (came_uncertainly(plea, field, origin)) {
            return 1;
        }
        for (other = mine; other && other != origin; other = other->parent) {
        }
        if (other) {
            return 0;
        }
    }
    return 0;
}

static int looks_never_agreed(const plea_t *plea, int field, const judge_version_t *base)
{
    const judge_field_t *f = plea_field(plea, field);
    judge_contest_t contest = { plea->j, plea->mapping, field, { NULL, NULL }, { NULL, NULL } };

    contest.cell[plea->record->side] =
        judge_cell(plea->j, plea->record, f->name[plea->record->side], NULL);
    contest.cell[plea->partner->side] =
        judge_cell(plea->j, plea->partner, f->name[plea->partner->side], NULL);
    return judge_has_no_base(&contest, base, plea->j->phases->end);
}

/* A value that we gave the record when we made it last; NULL: none, or we did not. */
static const history_item_t *given_when_made(judge_t *j, const judge_record_t *record)
{
    const history_item_t *made = NULL, *given = NULL;
    int i;

    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind != HISTORY_EFFECT || item->side != record->side ||
            item->place != record->place || !judge_same(item->record, record->id)) {
            continue;
        }
        if (item->op == HISTORY_MAKE) {
            made = item;
            given = NULL;
        }
        else if (item->op == HISTORY_SET && made && item->request == made->request) {
            given = given
                        ? given
                        : item; /* the mark: what a trigger rewrites would look as if it had gone */
        }
    }
    return given;
}

/* We made the one of the other, and the audit says that it was not made, for the database that knew is gone (S3.6): nothing was ever agreed. */
static int was_made_unknown(const plea_t *plea, const judge_record_t *made,
                            const judge_record_t *origin)
{
    judge_t *j = plea->j;
    const history_item_t *given = given_when_made(j, made);
    int i, is_denied = 0;

    if (!given || !judge_was_set_back(j, given)) {
        return 0;
    }
    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

        if (entry->mapping == plea->mapping && !strcmp(entry->op, "create") &&
            entry->side == made->side &&
            judge_same(made->side == HISTORY_NOTION ? entry->key : entry->page, origin->id)) {
            if (strcmp(entry->state, "not applied") != 0) {
                return 0;
            }
            is_denied = 1;
        }
    }
    return is_denied;
}

static int is_held_initial(const plea_t *plea, int field)
{
    judge_version_t *mine, *theirs;

    if (!both_versions(plea, field, &mine, &theirs) ||
        judge_alike(plea->j, plea_field(plea, field), mine->value, theirs->value) || !mine->value ||
        !theirs->value ||
        !judge_was_field(plea->j, plea->mapping, field, plea->j->phases->end, EVER, holds_initially,
                         NULL)) {
        return 0;
    }
    return looks_never_agreed(plea, field, judge_common_ancestor(plea->j, mine, theirs)) ||
           was_unfit(plea, field) || was_origin_uncertain(plea, field, mine, theirs) ||
           was_origin_uncertain(plea, field, theirs, mine) ||
           was_made_unknown(plea, plea->record, plea->partner) ||
           was_made_unknown(plea, plea->partner, plea->record);
}

/* The cell showed @a value when the service made that of @a sent. */
static int was_made_of(const plea_t *plea, const judge_field_t *f, const judge_cell_t *cell,
                       const char *value, const char *sent)
{
    int i;

    for (i = 0; i < cell->stays->nelts; i++) {
        const judge_version_t *version = APR_ARRAY_IDX(cell->stays, i, judge_stay_t).version;

        if (version->origin == JUDGE_BY_REWRITE && version->parent &&
            judge_same(version->value, value) &&
            judge_alike(plea->j, f, version->parent->value, sent)) {
            return 1;
        }
    }
    return 0;
}

/* S2.8: the side that is written one-way made of our value what it shows, and the source still has just that value. That it was set
 * there once more, or came with another database, is no news. */
static int is_rewritten(const plea_t *plea, int field)
{
    const judge_field_t *f = plea_field(plea, field);
    judge_version_t *shown[HISTORY_SIDES];
    int to = f && f->way == JUDGE_TO_NOTION ? HISTORY_NOTION : HISTORY_EXTERNAL;
    judge_record_t *written = plea->record->side == to ? plea->record : plea->partner;

    if (!f || f->way == JUDGE_BOTH_WAYS ||
        !both_versions(plea, field, &shown[plea->record->side], &shown[!plea->record->side])) {
        return 0;
    }
    if (shown[to]->origin == JUDGE_BY_TRIGGER && !shown[to]->parent && !shown[!to]->value) {
        return 1; /* it came with the record, where nothing was sent */
    }
    return was_made_of(plea, f, judge_cell(plea->j, written, f->name[to], NULL), shown[to]->value,
                       shown[!to]->value);
}

/* We made the one of the other for this mapping. What we made for another one, and this one paired, it never agreed on (700249). */
static int was_copied_here(const plea_t *plea)
{
    const judge_record_t *page =
        plea->record->side == HISTORY_NOTION ? plea->record : plea->partner;
    const judge_record_t *row = page == plea->record ? plea->partner : plea->record;
    int i;

    for (i = 0; (page->made_by_us || row->made_by_us) && i < plea->j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(plea->j->entries, i, judge_entry_t);

        if (entry->mapping == plea->mapping && !strcmp(entry->op, "link") && entry->note &&
            !strcmp(entry->note, "paired by its match fields") &&
            judge_same(entry->page, page->id) && judge_same(entry->key, row->id)) {
            return 0;
        }
    }
    return page->made_by_us || row->made_by_us;
}

/* Of a set it is not known which of its members were ever agreed on before both sides were seen equal. */
static int is_set_never_agreed(const plea_t *plea, int field)
{
    const judge_field_t *f = plea_field(plea, field);

    return f && f->sort == JUDGE_SET && plea->partner &&
           (plea->j->phases->store_forgot || plea->j->changes->nelts || !was_copied_here(plea)) &&
           judge_was_field(plea->j, plea->mapping, field, plea->j->phases->end, EVER,
                           holds_initially, NULL);
}

/* People made a number of the property: since then it takes no text of a row that is none. */
static int is_no_number(const plea_t *plea, int field)
{
    const judge_mapping_t *m = JUDGE_MAPPING(plea->j, plea->mapping);
    const judge_field_t *f = plea_field(plea, field);
    judge_version_t *mine, *theirs;
    const char *type = NULL, *text;
    int i, side = HISTORY_NOTION;

    if (!both_versions(plea, field, &mine, &theirs)) {
        return 0;
    }
    for (i = 0; i < history_count(plea->j->history); i++) {
        const history_item_t *item = history_item(plea->j->history, i);

        if (item->op == HISTORY_RETYPE && item->place == m->place[item->side] &&
            judge_same(item->field, f->name[item->side])) {
            type = item->after;
            side = item->side;
        }
    }
    text = (plea->record->side != side ? mine : theirs)->value;
    return judge_same(type, "number") && text && text[strspn(text, "0123456789.-+eE")];
}

/* Several fields of a record may be held or unfit, each for a reason of its own; the trouble that is shown names one. */
static int is_any_of_these(const plea_t *plea, int field)
{
    return is_held_conflict(plea, field) || is_held_initial(plea, field) ||
           is_set_never_agreed(plea, field) || is_rewritten(plea, field) ||
           judge_is_held_retyped(plea, field) || judge_is_no_set(plea, field) ||
           judge_is_fought_over(plea->j, plea_field(plea, field), plea->record, plea->partner) ||
           judge_is_unfit(plea->j, plea_field(plea, field), plea->record, plea->partner) ||
           is_no_number(plea, field);
}

static int pleads_field(const plea_t *plea)
{
    return any_field(plea, is_any_of_these);
}

/* So many creates of pages on one side ended so that nobody knows what became of them. */
static int were_creates_cut(const plea_t *plea, int times)
{
    int i, cut[HISTORY_SIDES] = { 0, 0 };

    for (i = 1; i <= plea->j->request_count; i++) {
        const history_item_t *request = plea->j->requests[i];

        if (request && request->op == HISTORY_ASK_CREATE && plea->j->has_pages[request->side] &&
            (request->end != HISTORY_ANSWERED || request->status >= 500)) {
            cut[request->side]++;
        }
    }
    return cut[HISTORY_NOTION] >= times || cut[HISTORY_EXTERNAL] >= times;
}

/* S3.7: several creates of which nobody knows what became of them, and a page of ours that has no row and may be any one's. */
static int is_several_ones_on(const plea_t *plea, int side)
{
    judge_t *j = plea->j;
    int i, pending = 0, loose = 0;

    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

        pending += entry->side == side && !strcmp(entry->op, "create") &&
                   !strcmp(entry->state, "pending") &&
                   JUDGE_MAPPING(j, entry->mapping)->place[side] ==
                       JUDGE_MAPPING(j, plea->mapping)->place[side];
    }
    for (i = 0; pending >= 2 && !loose && i < j->all->nelts; i++) {
        const judge_record_t *page = APR_ARRAY_IDX(j->all, i, judge_record_t *);

        loose = page->side == side && page->made_by_us && page->live &&
                page->place == JUDGE_MAPPING(j, plea->mapping)->place[side] &&
                !judge_linked(j, plea->mapping, page);
    }
    return loose;
}

static int is_several_ones(const plea_t *plea)
{
    return is_several_ones_on(plea, HISTORY_NOTION) ||
           (plea->j->has_pages[HISTORY_EXTERNAL] && is_several_ones_on(plea, HISTORY_EXTERNAL));
}

/* One such create, and a page of this very record that a state store made which has been forgotten. */
static int is_beside_forgotten(const plea_t *plea)
{
    judge_t *j = plea->j;
    int i, of_it[HISTORY_SIDES] = { 0, 0 };

    for (i = 0; j->phases->store_forgot && i < j->all->nelts; i++) {
        const judge_record_t *page = APR_ARRAY_IDX(j->all, i, judge_record_t *);

        of_it[page->side] += j->has_pages[page->side] && page->made_by_us && page->live &&
                             page->mark && judge_same(page->mark, plea->record->mark) &&
                             page->place == JUDGE_MAPPING(j, plea->mapping)->place[page->side];
    }
    return (of_it[HISTORY_NOTION] >= 2 || of_it[HISTORY_EXTERNAL] >= 2) &&
           were_creates_cut(plea, 1);
}

static int pleads_creates(const plea_t *plea)
{
    return were_creates_cut(plea, 2) || is_several_ones(plea) || is_beside_forgotten(plea);
}

static int pleads_create_fate(const plea_t *plea)
{
    return were_creates_cut(plea, 1);
}

/* People made the one while the other was there, or will be again. */
static int are_doubles(const judge_record_t *first, const judge_record_t *second)
{
    return first->side == second->side && first->place == second->place && !second->made_by_us &&
           (!judge_was_away(first, second->made, second->made) || first->live);
}

/* People made doubles: several records that nobody could tell apart. */
static int pleads_doubles(const plea_t *plea)
{
    judge_t *j = plea->j;
    const apr_array_header_t *same =
        plea->record->mark ? apr_hash_get(j->marks, plea->record->mark, APR_HASH_KEY_STRING) : NULL;
    int i, k;

    for (i = 0; same && i < same->nelts; i++) {
        const judge_record_t *second = APR_ARRAY_IDX(same, i, judge_record_t *);

        if (JUDGE_MAPPING(j, plea->mapping)->place[second->side] != second->place) {
            continue;
        }
        for (k = 0; k < same->nelts; k++) {
            const judge_record_t *first = APR_ARRAY_IDX(same, k, judge_record_t *);

            if (first->order < second->order && are_doubles(first, second)) {
                return 1;
            }
        }
    }
    return plea->j->phases->store_forgot || JUDGE_MAPPING(plea->j, plea->mapping)->mark < 0;
}

/* Another row of the table holds the value in that field. */
static int stands_elsewhere(const plea_t *plea, const judge_field_t *f, const char *value)
{
    judge_t *j = plea->j;
    int i;

    for (i = 0; value && i < j->all->nelts; i++) {
        judge_record_t *row = APR_ARRAY_IDX(j->all, i, judge_record_t *);

        if (row->side == HISTORY_EXTERNAL && row->live && row != plea->record &&
            row != plea->partner &&
            row->place == JUDGE_MAPPING(j, plea->mapping)->place[HISTORY_EXTERNAL] &&
            judge_same(judge_now(judge_cell(j, row, f->name[HISTORY_EXTERNAL], NULL))->value,
                       value)) {
            return 1;
        }
    }
    return 0;
}

/* The value that would have to be written stands in another row: that of the page, or of a row that comes back as it was,
 * with columns that are not synced. */
static int is_taken(const plea_t *plea, int field)
{
    const judge_field_t *column = &JUDGE_MAPPING(plea->j, plea->mapping)->fields[field];
    judge_record_t *both[2];
    int i;

    both[0] = plea->record;
    both[1] = plea->partner;
    for (i = 0; column->unique && column->name[HISTORY_EXTERNAL] && i < 2; i++) {
        if (both[i] && column->name[both[i]->side] &&
            (both[i]->side == HISTORY_NOTION ? plea_field(plea, field) != NULL : !both[i]->live) &&
            stands_elsewhere(
                plea, column,
                judge_now(judge_cell(plea->j, both[i], column->name[both[i]->side], NULL))
                    ->value)) {
            return 1;
        }
    }
    return 0;
}

/* The same of the row that the page had when that died, before another one came under its key, which went with its database: the image of the
 * former is what comes back (70251 with `plans=1,restores=1,keys=1`). */
static int is_taken_from_image(const plea_t *plea, int field)
{
    judge_t *j = plea->j;
    const judge_mapping_t *m = JUDGE_MAPPING(j, plea->mapping);
    const char *column = m->fields[field].unique ? m->fields[field].name[HISTORY_EXTERNAL] : NULL;
    judge_record_t *row =
        column && m->mark >= 0 && plea->record->side == HISTORY_NOTION && plea->link->key
            ? judge_record(j, HISTORY_EXTERNAL, m->place[HISTORY_EXTERNAL], plea->link->key)
            : NULL;
    int i;

    for (i = 0; row && !row->live && i < row->deaths->nelts; i++) {
        apr_time_t died = APR_ARRAY_IDX(row->deaths, i, judge_death_t).from;
        const judge_cell_t *mark =
            judge_cell(j, row, m->fields[m->mark].name[HISTORY_EXTERNAL], NULL);

        if (judge_same(judge_then(mark, died - 1)->value, plea->record->mark) &&
            stands_elsewhere(plea, &m->fields[field],
                             judge_then(judge_cell(j, row, column, NULL), died - 1)->value)) {
            return 1;
        }
    }
    return 0;
}

static int has_no_value(const plea_t *plea, int field)
{
    const judge_field_t *f = plea_field(plea, field);
    const judge_record_t *page =
        plea->record->side == HISTORY_NOTION ? plea->record : plea->partner;

    return f && f->required && page && f->name[HISTORY_NOTION] && f->sort != JUDGE_SET &&
           !judge_now(judge_cell(plea->j, (judge_record_t *)page, f->name[HISTORY_NOTION], NULL))
                ->value;
}

static int is_out_of_bounds(const plea_t *plea, int field)
{
    const judge_field_t *f = plea_field(plea, field);
    const judge_record_t *page =
        plea->record->side == HISTORY_NOTION ? plea->record : plea->partner;
    const char *value =
        f && f->above && page && f->name[HISTORY_NOTION]
            ? judge_now(judge_cell(plea->j, (judge_record_t *)page, f->name[HISTORY_NOTION], NULL))
                  ->value
            : NULL;

    return value && atof(value) <= atof(f->above);
}

/* A row that comes back from its image refers to a row that is gone meanwhile. */
static int lost_its_parent(const plea_t *plea)
{
    return plea->record->deaths->nelts + (plea->partner ? plea->partner->deaths->nelts : 1) > 0 &&
           plea->link->what && strstr(plea->link->what, "FOREIGN KEY");
}

/* The key under which a row would come back is that of another one in another form. */
static int is_form_taken(const plea_t *plea)
{
    judge_t *j = plea->j;
    const judge_mapping_t *m = JUDGE_MAPPING(j, plea->mapping);
    int i;

    for (i = 0; m->keys != JUDGE_KEYS_EXACT && plea->link->key && i < j->all->nelts; i++) {
        const judge_record_t *row = APR_ARRAY_IDX(j->all, i, judge_record_t *);

        if (row->side == HISTORY_EXTERNAL && row->live &&
            row->place == m->place[HISTORY_EXTERNAL] && !judge_same(row->id, plea->link->key) &&
            judge_same_key(m->keys, row->id, plea->link->key)) {
            return 1;
        }
    }
    return 0;
}

/* "the row with key K has that value": K; NULL: it is not said. */
static const char *waits_for(const judge_t *j, const judge_link_t *link)
{
    static const char before[] = "the row with key ", after[] = " has that value";
    const char *key = !strcmp(link->code, "sql.constraint") ? strstr(link->what, before) : NULL;
    const char *end = key ? strstr(key, after) : NULL;

    return end ? apr_pstrmemdup(j->p, key + sizeof(before) - 1,
                                (apr_size_t)(end - key) - sizeof(before) + 1)
               : NULL;
}

static const judge_link_t *link_with_key(const judge_t *j, int mapping, const char *key)
{
    int i;

    for (i = 0; i < j->links->nelts; i++) {
        const judge_link_t *link = &APR_ARRAY_IDX(j->links, i, judge_link_t);

        if (link->mapping == mapping && link->trouble == 1 && link->code && link->what &&
            judge_same(link->key, key)) {
            return link;
        }
    }
    return NULL;
}

/* S5.8: they wait for each other, though the column takes NULL and nothing of the table would mind. */
static int waits_in_circle(const plea_t *plea)
{
    const judge_link_t *link = plea->link;
    int steps;

    for (steps = 0; link && steps < 8; steps++) {
        const char *key = waits_for(plea->j, link);

        link = key ? link_with_key(plea->j, plea->mapping, key) : NULL;
        if (link && link->id == plea->link->id) {
            return 1;
        }
    }
    return 0;
}

static int pleads_constraint(const plea_t *plea)
{
    if (waits_in_circle(plea)) {
        return 0;
    }
    return lost_its_parent(plea) || is_form_taken(plea) || any_field(plea, is_taken) ||
           any_field(plea, is_taken_from_image) || any_field(plea, has_no_value) ||
           any_field(plea, is_out_of_bounds);
}

static int pleads_required(const plea_t *plea)
{
    return any_field(plea, has_no_value);
}

static int is_unfit(const plea_t *plea, int field)
{
    return judge_is_unfit(plea->j, plea_field(plea, field), plea->record, plea->partner);
}

static int pleads_unfit(const plea_t *plea)
{
    return any_field(plea, is_unfit);
}

static int never(const plea_t *plea)
{
    (void)plea;
    return 0;
}

static int pleads_trash(const plea_t *plea)
{
    const judge_record_t *both[2];
    int i;

    both[0] = plea->record;
    both[1] = plea->partner;
    for (i = 0; i < 2; i++) {
        if (both[i] && plea->j->has_pages[both[i]->side] && both[i]->deaths->nelts) {
            return 1;
        }
    }
    return 0;
}

static const struct {
    const char *code;
    plea_fn *is_true;
    int whole; /* the record as a whole waits, for the sake of any field */
} pleas[] = {
    { "held.conflict", pleads_field, 0 },
    { "held.initial", pleads_field, 0 },
    { "held.retyped", pleads_field, 0 },
    { "held.contested", pleads_field, 0 },
    { "held.missing", judge_pleads_missing, 0 },
    { "notion.missing", judge_pleads_missing, 0 },
    { "notion.moved", judge_pleads_missing, 0 },
    { "held.delete", judge_pleads_delete, 0 },
    { "held.delete_limit", judge_pleads_limit, 0 },
    { "held.restore", judge_pleads_restore, 0 },
    { "held.children", judge_pleads_children, 0 },
    { "held.ambiguous", pleads_doubles, 0 },
    { "match.ambiguous", pleads_doubles, 0 },
    { "notion.create_ambiguous", pleads_creates, 0 },
    { "notion.fate_unknown", pleads_create_fate, 0 },
    { "notion.trashed", pleads_trash, 0 },
    { "sql.constraint", pleads_constraint, 1 },
    { "sql.required", pleads_required, 1 },
    { "sql.refused", pleads_constraint, 1 },
    { "sql.value", pleads_unfit, 1 },
    { "field.unfit", pleads_field, 0 },
    { "field.lossy", pleads_field, 0 },
    { "field.opaque", pleads_field, 0 },
    { "field.format", pleads_field, 0 },
    { "notion.refused", pleads_unfit, 1 },
    { "record.busy", never, 0 },
};

int judge_is_excused(judge_t *j, const judge_link_t *link, judge_record_t *record,
                     judge_record_t *partner, int field)
{
    plea_t plea = { j, link, record, partner, link->mapping, field };
    apr_size_t i;

    if (!link->trouble || !link->code || !link->what) {
        return 0;
    }
    for (i = 0; i < sizeof(pleas) / sizeof(*pleas); i++) {
        if (!strcmp(link->code, pleas[i].code)) {
            plea.field = pleas[i].whole ? -1 : field;
            return pleas[i].is_true(&plea);
        }
    }
    return 0;
}
