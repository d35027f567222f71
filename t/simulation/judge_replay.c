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

/* ---- cells ---- */

static judge_version_t *new_version(judge_t *j, const history_item_t *item, int side,
                                    const char *value, judge_origin_t origin,
                                    const judge_version_t *parent)
{
    judge_version_t *version = apr_pcalloc(j->p, sizeof(*version));

    version->value = value;
    version->at = item ? item->at : 0;
    version->item = item ? item->number : -1;
    version->origin = origin;
    version->side = side;
    version->parent = parent;
    return version;
}

static const char *cell_name(judge_t *j, const char *field, const char *member)
{
    return member ? apr_pstrcat(j->p, field, HISTORY_MEMBER, member, NULL) : field;
}

static judge_cell_t *partner_cell(judge_t *j, int mapping, int index, judge_record_t *partner,
                                  const char *member)
{
    const char *name =
        APR_ARRAY_IDX(j->mappings, mapping, judge_mapping_t).fields[index].name[partner->side];

    return name ? apr_hash_get(partner->cells, cell_name(j, name, member), APR_HASH_KEY_STRING)
                : NULL;
}

static const judge_field_t *field_of(judge_t *j, int side, const char *name)
{
    int m;

    for (m = 0; m < j->mappings->nelts; m++) {
        int index = judge_find_field(j, m, side, name);

        if (index >= 0) {
            return &JUDGE_MAPPING(j, m)->fields[index];
        }
    }
    return NULL;
}

/* Sides are read one after the other: so long apart. */
#define READ_WITHIN apr_time_from_sec(15)

static judge_version_t *own_empty(judge_t *j, const judge_record_t *record, const char *field)
{
    const judge_field_t *known = field_of(j, record->side, field);

    return new_version(j, NULL, record->side, known ? judge_whole(j, known, NULL) : NULL,
                       JUDGE_BY_NOBODY, NULL);
}

/* The same of a row that counts as an earlier one of its key come back: what differs are edits of what that one held (S4.4). */
static judge_version_t *first_version(judge_t *j, const judge_record_t *record, const char *field,
                                      const char *member)
{
    judge_version_t *own = own_empty(j, record, field);

    if (record->heir_of) {
        own->parent = judge_now(judge_cell(j, record->heir_of, field, member));
    }
    return own;
}

/* What a field holds before anybody filled it in is what its origin showed when the record was made, if we made it as a copy. A
 * value that the origin showed shortly before, or that stood opposite at any time since, may have been agreed on. */
static judge_version_t *look_at_origin(judge_t *j, const judge_record_t *record, int is_copy,
                                       judge_version_t *mine, const judge_cell_t *origin)
{
    judge_version_t *then = judge_then(origin, record->made);
    int i;

    if (is_copy && judge_same(then->value, mine->value)) {
        return then;
    }
    for (i = origin->stays->nelts - 1; i >= 0; i--) {
        const judge_stay_t *stay = &APR_ARRAY_IDX(origin->stays, i, judge_stay_t);

        if (judge_same(stay->version->value, mine->value)) {
            judge_join(j, mine, stay->version);
        }
        if (stay->from < record->made - READ_WITHIN) {
            break;
        }
    }
    return mine;
}

static judge_version_t *empty_version(judge_t *j, judge_record_t *record, const char *field,
                                      const char *member)
{
    judge_version_t *own = first_version(j, record, field, member);
    judge_version_t *mine = own;
    int m, i;

    for (m = 0; m < j->mappings->nelts; m++) {
        judge_record_t *partners[8];
        int index = judge_find_field(j, m, record->side, field);
        int n = index < 0 ? 0 : judge_partners(j, m, record, partners, 8);

        for (i = 0; i < n; i++) {
            const char *name = JUDGE_MAPPING(j, m)->fields[index].name[partners[i]->side];

            if (name && partners[i]->order < record->order) { /* the younger looks at the older */
                mine = look_at_origin(j, record, record->made_by_us && mine == own, mine,
                                      judge_cell(j, partners[i], name, member));
            }
        }
    }
    return mine;
}

void judge_put(judge_cell_t *cell, judge_version_t *version, const history_item_t *item)
{
    judge_stay_t *stay = apr_array_push(cell->stays);

    stay->version = version;
    stay->from = item ? item->at : 0;
    stay->item = item ? item->number : -1;
}

static judge_cell_t *begin_cell(judge_t *j, const judge_record_t *record, const char *name,
                                judge_version_t *version)
{
    judge_cell_t *cell = apr_pcalloc(j->p, sizeof(*cell));

    cell->stays = apr_array_make(j->p, 4, sizeof(judge_stay_t));
    judge_put(cell, version, NULL);
    apr_hash_set(record->cells, name, APR_HASH_KEY_STRING, cell);
    return cell;
}

judge_cell_t *judge_cell(judge_t *j, judge_record_t *record, const char *field, const char *member)
{
    const char *name = cell_name(j, field, member);
    judge_cell_t *cell = apr_hash_get(record->cells, name, APR_HASH_KEY_STRING);

    return cell ? cell : begin_cell(j, record, name, empty_version(j, record, field, member));
}

judge_cell_t *judge_cell_made(judge_t *j, judge_record_t *record, const char *field,
                              const char *member, const char *value)
{
    const char *name = cell_name(j, field, member);
    judge_version_t *own = own_empty(j, record, field);

    if (judge_same(own->value, value) ||
        apr_hash_get(record->cells, name, APR_HASH_KEY_STRING) != NULL) {
        return judge_cell(j, record, field, member);
    }
    return begin_cell(j, record, name, own);
}

/* ---- people, and services by themselves ---- */

/* Equal values that stand opposite each other, or did shortly after each other, may have been seen, and agreed on. */
static void join_cell(judge_t *j, const judge_field_t *field, const judge_cell_t *cell,
                      judge_version_t *now, apr_time_t at)
{
    apr_time_t until = at;
    int i;

    for (i = cell->stays->nelts - 1; i >= 0 && until >= at - READ_WITHIN; i--) {
        const judge_stay_t *stay = &APR_ARRAY_IDX(cell->stays, i, judge_stay_t);

        int was_seen = stay->from < until ||
                       i == cell->stays->nelts - 1; /* not what a trigger altered at once */

        if (was_seen && judge_alike(j, field, stay->version->value, now->value)) {
            judge_join(j, stay->version, now);
        }
        until = stay->from;
    }
}

static void join_partners(judge_t *j, judge_record_t *record, const char *field, const char *member,
                          apr_time_t at)
{
    judge_version_t *now = judge_now(judge_cell(j, record, field, member));
    int m, i, n;

    for (m = 0; m < j->mappings->nelts; m++) {
        judge_record_t *partners[8];
        int index = judge_find_field(j, m, record->side, field);

        n = index < 0 ? 0 : judge_partners(j, m, record, partners, 8);
        for (i = 0; i < n; i++) {
            const judge_field_t *f = &JUDGE_MAPPING(j, m)->fields[index];
            judge_cell_t *cell = partner_cell(j, m, index, partners[i], member);

            if (cell && partners[i]->live && (member || judge_can_be_agreed(f, now->value))) {
                join_cell(j, f, cell, now, at);
            }
        }
    }
}

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

static void set_by_others(judge_t *j, const history_item_t *item, judge_record_t *record,
                          const char *member, const char *after)
{
    judge_cell_t *cell = judge_cell(j, record, item->field, member);
    judge_origin_t origin = item->kind == HISTORY_ACT ? JUDGE_BY_PERSON
                            : follows_ours(j, item)   ? JUDGE_BY_REWRITE
                                                      : JUDGE_BY_TRIGGER;
    judge_version_t *version;

    if (judge_same(judge_now(cell)->value, after)) {
        return; /* another way to write the same value */
    }
    version = new_version(j, item, record->side, after, origin, judge_now(cell));
    judge_date_copy(j, item, record, member, version);
    if (item->at == record->made && cell->stays->nelts == 1 &&
        judge_now(cell)->origin == JUDGE_BY_NOBODY) {
        const judge_version_t *heirloom = judge_now(cell)->parent;

        cell->stays->nelts = 0; /* made with it: nobody ever saw it empty */
        version->parent = version->origin == JUDGE_BY_REWRITE ? version->parent : heirloom;
    }
    judge_put(cell, version, item);
    join_partners(j, record, item->field, member, item->at);
}

static void set_one(judge_t *j, const history_item_t *item, judge_record_t *record,
                    const char *member, const char *after)
{
    if (item->kind == HISTORY_EFFECT) {
        judge_set_by_us(j, item, record, item->field, member, after);
        join_partners(j, record, item->field, member, item->at);
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

/* What both sides show when it is there again can be agreed on. */
static void join_all(judge_t *j, judge_record_t *record, apr_time_t at)
{
    apr_hash_index_t *cell;

    for (cell = apr_hash_first(j->p, record->cells); cell; cell = apr_hash_next(cell)) {
        const char *name = apr_hash_this_key(cell);
        const char *member = strchr(name, HISTORY_MEMBER[0]);

        join_partners(j, record,
                      member ? apr_pstrmemdup(j->p, name, (apr_size_t)(member - name)) : name,
                      member ? member + 1 : NULL, at);
    }
}

static void live_again(judge_t *j, judge_record_t *record, apr_time_t at)
{
    record->live = 1;
    APR_ARRAY_IDX(record->deaths, record->deaths->nelts - 1, judge_death_t).to = at;
    join_all(j, record, at);
}

/* The new row begins empty; what it holds follows in the history. */
static void empty_cells(judge_t *j, const history_item_t *item, judge_record_t *record)
{
    apr_hash_index_t *at;

    for (at = apr_hash_first(j->p, record->cells); at; at = apr_hash_next(at)) {
        judge_cell_t *cell = apr_hash_this_val(at);
        const judge_field_t *field =
            field_of(j, record->side, apr_hash_this_key(at)); /* none: a set's member */
        const char *empty = field ? judge_whole(j, field, NULL) : NULL;

        if (!judge_same(judge_now(cell)->value, empty)) {
            judge_put(cell,
                      new_version(j, item, record->side, empty, JUDGE_BY_PERSON, judge_now(cell)),
                      item);
        }
    }
}

static void make(judge_t *j, const history_item_t *item)
{
    judge_record_t *old = judge_record(j, item->side, item->place, item->record), *record;

    if (old && old->live) {
        judge_blame(j, "history", item->number, "a record was made that is there already");
        return;
    }
    if (old && item->kind == HISTORY_EFFECT &&
        judge_is_restore(j, item)) { /* brought back from its image: the record it was */
        old = judge_restored(j, item, old);
        live_again(j, old, item->at);
        old->refilled = item->at;
        judge_set_back(j, item, old);
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

static void revive(judge_t *j, judge_record_t *record, apr_time_t at)
{
    if (!record->live && record->deaths->nelts) {
        live_again(j, record, at);
    }
}

static void rekey(judge_t *j, const history_item_t *item, judge_record_t *record)
{
    apr_hash_set(j->records, record_key(j, item->side, item->place, item->record),
                 APR_HASH_KEY_STRING, record->older);
    note_id(record, item->after, item->at);
    record->older = judge_record(j, item->side, item->place, item->after);
    judge_keep(j, record);
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
        revive(j, record, item->at);
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
