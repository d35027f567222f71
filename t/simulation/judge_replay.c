/* judge_replay.c - goes through the history, keeping for every field which version it showed when. */
#include <string.h>

#include "simulation/judge_impl.h"

static const char *record_key(judge_t *j, int side, const char *place, const char *id)
{
    return apr_psprintf(j->p, "%d %s %s", side, place, id);
}

judge_record_t *judge_record(judge_t *j, int side, const char *place, const char *id)
{
    if (!place || !id) {
        return NULL;
    }
    return apr_hash_get(j->records, record_key(j, side, place, id), APR_HASH_KEY_STRING);
}

void judge_keep(judge_t *j, judge_record_t *record)
{
    apr_hash_set(j->records, record_key(j, record->side, record->place, record->id),
                 APR_HASH_KEY_STRING, record);
}

static void note_id(judge_record_t *record, const char *id, apr_time_t from)
{
    judge_id_t *given = apr_array_push(record->ids);

    record->id = given->id = id;
    given->from = from;
}

static judge_record_t *make_record(judge_t *j, const history_item_t *item)
{
    judge_record_t *record = apr_pcalloc(j->p, sizeof(*record));

    record->side = item->side;
    record->place = item->place;
    record->born = item->record;
    record->ids = apr_array_make(j->p, 1, sizeof(judge_id_t));
    note_id(record, item->record, item->at);
    record->made_by_us = item->kind == HISTORY_EFFECT;
    record->item = item->number;
    record->made = item->at;
    record->begun = record->made_by_us /* it may be done long after it was sent */
                        ? judge_gap(j, item).sent
                        : item->at;
    record->live = 1;
    record->copied = item->after;
    record->deaths = apr_array_make(j->p, 2, sizeof(judge_death_t));
    record->marks = apr_array_make(j->p, 1, sizeof(const char *));
    record->cells = apr_hash_make(j->p);
    record->older = judge_record(j, item->side, item->place, item->record);
    record->order = j->all->nelts;
    judge_keep(j, record);
    APR_ARRAY_PUSH(j->all, judge_record_t *) = record;
    return record;
}

/* ---- people, and services by themselves ---- */

/* Did we write this very field in the same instant? Then the service altered what we sent (S3.5). */
static int follows_ours(judge_t *j, const history_item_t *item)
{
    int i;

    for (i = item->number - 1; i >= 0; i--) {
        const history_item_t *before = history_item(j->history, i);

        if (before->kind <= HISTORY_TRIGGER) {
            if (before->at != item->at) {
                return 0;
            }
            if (before->side == item->side && before->place == item->place &&
                before->record == item->record && before->op == HISTORY_SET &&
                before->field == item->field && before->kind == HISTORY_EFFECT) {
                return 1;
            }
        }
    }
    return 0;
}

/* S3.5: a field that we made the record without, or that the copied side shows empty, was filled in by the service as it made it
 * (a status). */
static int comes_with_ours(const history_item_t *item, const judge_record_t *record)
{
    return item->kind == HISTORY_TRIGGER && record->made_by_us && item->at == record->made;
}

static judge_origin_t origin_of(judge_t *j, const history_item_t *item,
                                const judge_record_t *record)
{
    return item->kind == HISTORY_ACT                                ? JUDGE_BY_PERSON
           : follows_ours(j, item) || comes_with_ours(item, record) ? JUDGE_BY_REWRITE
                                                                    : JUDGE_BY_TRIGGER;
}

static void set_by_others(judge_t *j, const history_item_t *item, judge_record_t *record,
                          const char *member, const char *after)
{
    judge_cell_t *cell = judge_cell(j, record, item->field, member);
    judge_version_t *version;

    if (judge_same(judge_now(cell)->value, after)) {
        return; /* another way to write the same value */
    }
    version = judge_new_version(j, item, record->side, after, origin_of(j, item, record),
                                judge_now(cell));
    judge_date_copy(j, item, record, item->field, member, version);
    judge_know_older(j, item, record, item->field, member, version);
    if (item->at == record->made && cell->stays->nelts == 1 &&
        judge_now(cell)->origin == JUDGE_BY_NOBODY) {
        const judge_version_t *heirloom = judge_now(cell)->parent;

        cell->stays->nelts = 0; /* made with it: nobody ever saw it empty */
        version->parent = version->origin == JUDGE_BY_REWRITE ? version->parent : heirloom;
    }
    judge_put(cell, version, item);
    judge_join_partners(j, record, item->field, member, item->at);
}

static void set_one(judge_t *j, const history_item_t *item, judge_record_t *record,
                    const char *member, const char *after)
{
    if (item->kind == HISTORY_EFFECT) {
        judge_set_by_us(j, item, record, item->field, member, after);
        judge_join_partners(j, record, item->field, member, item->at);
    }
    else {
        set_by_others(j, item, record, member, after);
    }
}

#define MEMBERS_MAX 64

static void set_members(judge_t *j, const history_item_t *item, judge_record_t *record)
{
    const char *before[MEMBERS_MAX], *after[MEMBERS_MAX];
    int b = 0, a = 0, nb = judge_members(item->before, before, MEMBERS_MAX, j->p),
        na = judge_members(item->after, after, MEMBERS_MAX, j->p);

    while (a < na || b < nb) {
        int order = a == na ? -1 : b == nb ? 1 : strcmp(before[b], after[a]);

        if (order < 0) {
            set_one(j, item, record, before[b++], NULL);
        }
        else if (order > 0) {
            set_one(j, item, record, after[a++], "1");
        }
        else {
            a++;
            b++;
        }
    }
}

/* A row that is replaced may come with another mark, and hand it on to its page. */
static void note_mark(judge_t *j, const history_item_t *item, judge_record_t *record, int mapping,
                      int index)
{
    apr_array_header_t *same;

    if (JUDGE_MAPPING(j, mapping)->mark != index || judge_same(record->mark, item->after) ||
        !item->after) {
        return;
    }
    record->mark = item->after;
    if (judge_has_mark(record, item->after)) {
        return;
    }
    APR_ARRAY_PUSH(record->marks, const char *) = item->after;
    same = apr_hash_get(j->marks, record->mark, APR_HASH_KEY_STRING);
    if (!same) {
        same = apr_array_make(j->p, 2, sizeof(judge_record_t *));
        apr_hash_set(j->marks, record->mark, APR_HASH_KEY_STRING, same);
    }
    APR_ARRAY_PUSH(same, judge_record_t *) = record;
}

static void set_field(judge_t *j, const history_item_t *item)
{
    judge_record_t *record = judge_record(j, item->side, item->place, item->record);
    const judge_field_t *field = NULL;
    int m;

    if (!record) {
        judge_blame(j, "history", item->number, "a field of an unknown record changed");
        return;
    }
    for (m = 0; m < j->mappings->nelts; m++) {
        int index = judge_find_field(j, m, item->side, item->field);

        if (index >= 0 && JUDGE_MAPPING(j, m)->place[item->side] == item->place) {
            field = &JUDGE_MAPPING(j, m)->fields[index];
            note_mark(j, item, record, m, index);
        }
    }
    if (!field) {
        if (item->kind == HISTORY_EFFECT && record->refilled != item->at) {
            judge_blame(j, "S6.3", item->number, "we changed a field that no mapping has");
        }
        return;
    }
    if (field->sort == JUDGE_SET) {
        set_members(j, item, record);
    }
    else {
        set_one(j, item, record, NULL, judge_whole(j, field, item->after));
    }
}

/* ---- records ---- */

static void look_ahead_for_mark(judge_t *j, const history_item_t *make, judge_record_t *record)
{
    int m;
    const history_item_t *item = judge_mark_ahead(j, make, &m);

    if (item) {
        note_mark(j, item, record, m, JUDGE_MAPPING(j, m)->mark);
    }
}

/* The field that a cell of this name is of, and which of its members. */
static const char *field_name(judge_t *j, const char *cell, const char **member)
{
    const char *end = strchr(cell, HISTORY_MEMBER[0]);

    *member = end ? end + 1 : NULL;
    return end ? apr_pstrmemdup(j->p, cell, (apr_size_t)(end - cell)) : cell;
}

/* What both sides show when it is there again can be agreed on. */
static void join_all(judge_t *j, judge_record_t *record, apr_time_t at)
{
    apr_hash_index_t *cell;

    for (cell = apr_hash_first(j->p, record->cells); cell; cell = apr_hash_next(cell)) {
        const char *member, *field = field_name(j, apr_hash_this_key(cell), &member);

        judge_join_partners(j, record, field, member, at);
    }
}

static void live_again(judge_t *j, judge_record_t *record, apr_time_t at)
{
    record->live = 1;
    APR_ARRAY_IDX(record->deaths, record->deaths->nelts - 1, judge_death_t).to = at;
    join_all(j, record, at);
}

/* What the new row holds in that field follows at once: the member, or something else than it would hold without being given anything. */
static int is_filled(judge_t *j, const history_item_t *make, const char *field, const char *member)
{
    const judge_field_t *known = judge_field_of(j, make->side, field);
    const char *members[MEMBERS_MAX];
    const history_item_t *item = NULL;
    int i, n;

    for (i = make->number + 1;
         i < history_count(j->history) && history_item(j->history, i)->at == make->at; i++) {
        item = history_item(j->history, i);
        if (item->op == HISTORY_SET && item->side == make->side && item->place == make->place &&
            item->record == make->record && judge_same(item->field, field)) {
            break;
        }
        item = NULL;
    }
    if (!item || !member) {
        return item && !judge_same(judge_whole(j, known, item->after), judge_whole(j, known, NULL));
    }
    n = judge_members(item->after, members, MEMBERS_MAX, j->p);
    for (i = 0; i < n && strcmp(members[i], member) != 0; i++) {
    }
    return i < n;
}

/* The new row begins empty; what it holds follows in the history. Where nothing follows, both sides may agree on that. */
static void empty_cells(judge_t *j, const history_item_t *item, judge_record_t *record)
{
    apr_hash_index_t *at;

    for (at = apr_hash_first(j->p, record->cells); at; at = apr_hash_next(at)) {
        judge_cell_t *cell = apr_hash_this_val(at);
        const char *member, *field = field_name(j, apr_hash_this_key(at), &member);
        const char *empty =
            member ? NULL : judge_whole(j, judge_field_of(j, record->side, field), NULL);

        if (!judge_same(judge_now(cell)->value, empty)) {
            judge_version_t *version =
                judge_new_version(j, item, record->side, empty, JUDGE_BY_PERSON, judge_now(cell));

            if (!member) {
                judge_date_copy(j, item, record, field, NULL, version);
            }
            judge_know_older(j, item, record, field, member, version);
            judge_put(cell, version, item);
            if (!is_filled(j, item, field, member)) {
                judge_join_partners(j, record, field, member, item->at);
            }
        }
    }
}

void judge_rename(judge_t *j, judge_record_t *record, const char *id, apr_time_t at)
{
    apr_hash_set(j->records, record_key(j, record->side, record->place, record->id),
                 APR_HASH_KEY_STRING, record->older);
    note_id(record, id, at);
    record->older = judge_record(j, record->side, record->place, id);
    judge_keep(j, record);
}

static void make(judge_t *j, const history_item_t *item)
{
    judge_record_t *old = judge_record(j, item->side, item->place, item->record), *record;
    judge_record_t *former = judge_under_other_key(j, item);

    former = former ? former : judge_under_former_key(j, item);
    if (old && old->live) {
        judge_blame(j, "history", item->number, "a record was made that is there already");
        return;
    }
    if (former && former != old) {
        judge_rename(j, former, item->record, item->at);
        old = former;
    }
    if (old && item->kind == HISTORY_EFFECT &&
        judge_is_restore(j, item)) { /* brought back from its image: the record it was */
        old = judge_restored(j, item, old);
        live_again(j, old, item->at);
        old->refilled = item->at;
        judge_set_back(j, item, old);
        judge_lose_columns(j, item, old);
        return;
    }
    if (old && judge_is_replaced(j, old, item)) {
        live_again(j, old, item->at);
        empty_cells(j, item, old);
        old->item = item->number;
        return;
    }
    record = make_record(j, item);
    record->heir_of = judge_is_heir(j, old, item) ? old : NULL;
    look_ahead_for_mark(j, item, record);
    if (record->made_by_us) {
        judge_made_by_us(j, item, record);
    }
}

static void go(judge_t *j, const history_item_t *item, judge_record_t *record)
{
    judge_death_t *death;

    if (!record->live) {
        return; /* trashed twice */
    }
    if (item->kind == HISTORY_EFFECT) {
        judge_removed_by_us(j, item, record);
    }
    death = apr_array_push(record->deaths);
    death->from = item->at;
    death->by_us = item->kind == HISTORY_EFFECT;
    death->item = item->number;
    record->live = 0;
}

static void revive(judge_t *j, const history_item_t *item, judge_record_t *record)
{
    if (!record->live && record->deaths->nelts) {
        record->restored = item->kind == HISTORY_EFFECT ? item->at : record->restored;
        live_again(j, record, item->at);
    }
}

static void rekey(judge_t *j, const history_item_t *item, judge_record_t *record)
{
    judge_rename(j, record, item->after, item->at);
    if (item->kind == HISTORY_EFFECT) {
        judge_blame(j, "S4.4", item->number, "we changed a key");
    }
}

/* Another database, or an older copy: what it holds follows in the history; a row with a key that was there before is that row,
 * set back. */
static void swap(judge_t *j, const history_item_t *item)
{
    int i;

    for (i = 0; i < j->all->nelts; i++) {
        judge_record_t *record = APR_ARRAY_IDX(j->all, i, judge_record_t *);

        if (record->side == item->side && (!item->place || record->place == item->place) &&
            record->live) {
            go(j, item, record);
        }
    }
}

static void happen(judge_t *j, const history_item_t *item)
{
    judge_record_t *record;

    switch (item->op) {
    case HISTORY_SET:
        set_field(j, item);
        return;
    case HISTORY_MAKE:
        make(j, item);
        return;
    case HISTORY_SWAP:
        swap(j, item);
        return;
    default:
        break;
    }
    record = judge_record(j, item->side, item->place, item->record);
    if (!record) {
        return; /* a whole data source hidden, an option renamed */
    }
    switch (item->op) {
    case HISTORY_DELETE:
        go(j, item, record);
        break;
    case HISTORY_REVIVE:
        revive(j, item, record);
        break;
    case HISTORY_PURGE:
        if (record->live) {
            go(j, item, record);
        }
        record->purged = 1;
        break;
    case HISTORY_HIDE:
        record->hidden = 1;
        break;
    case HISTORY_SHOW:
        record->hidden = 0;
        record->shown = item->at;
        break;
    case HISTORY_REKEY:
        rekey(j, item, record);
        break;
    default:
        break;
    }
}

int judge_was_away(const judge_record_t *record, apr_time_t from, apr_time_t to)
{
    int i;

    for (i = 0; i < record->deaths->nelts; i++) {
        const judge_death_t *death = &APR_ARRAY_IDX(record->deaths, i, judge_death_t);

        if (death->from <= to && (!death->to || death->to >= from)) {
            return 1;
        }
    }
    return 0;
}

int judge_was_out_of_sight(judge_t *j, const judge_record_t *page, int with_source, apr_time_t from,
                           apr_time_t to)
{
    int i, hidden = 0;

    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind > HISTORY_TRIGGER || item->side != page->side ||
            item->place != page->place ||
            (item->record ? !judge_same(item->record, page->id) : !with_source)) {
            continue;
        }
        if (item->at > to) {
            break;
        }
        hidden &= item->op != HISTORY_SHOW || item->at > from;
        hidden |= item->op == HISTORY_HIDE;
    }
    return hidden || judge_was_away(page, from, to);
}

void judge_replay(judge_t *j)
{
    int i, count = history_count(j->history);

    judge_index_requests(j);
    for (i = 0; i < count; i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind <= HISTORY_TRIGGER) {
            happen(j, item);
        }
    }
}
