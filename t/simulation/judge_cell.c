/* judge_cell.c - what a field shows: the versions that stood there one after the other, and those that stood opposite. */
#include <string.h>

#include "simulation/judge_impl.h"

judge_version_t *judge_new_version(judge_t *j, const history_item_t *item, int side,
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

const judge_field_t *judge_field_of(judge_t *j, int side, const char *name)
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
    const judge_field_t *known = judge_field_of(j, record->side, field);

    return judge_new_version(j, NULL, record->side, known ? judge_whole(j, known, NULL) : NULL,
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

/* What a copy was made of was read so long before, or, of a page, when the last answer of a read was asked for: it may have taken its time
 * (3829 with `away=1`). */
static apr_time_t read_until(judge_t *j, const judge_record_t *origin, apr_time_t begun)
{
    const apr_array_header_t *list =
        apr_hash_get(j->page_requests, origin->id, APR_HASH_KEY_STRING);
    apr_time_t read = begun - READ_WITHIN;
    int i;

    for (i = list ? list->nelts - 1 : -1; i >= 0; i--) {
        const history_item_t *request = APR_ARRAY_IDX(list, i, const history_item_t *);

        if (request->op == HISTORY_ASK_READ && request->status == 200 &&
            request->answered <= begun) {
            return request->sent < read ? request->sent : read;
        }
    }
    return read;
}

/* What a field holds before anybody filled it in is what its origin showed when the record was made, if we made it as a copy. A
 * value that the origin showed shortly before, or that stood opposite at any time since, may have been agreed on. */
static judge_version_t *look_at_origin(judge_t *j, const judge_record_t *record, int is_copy,
                                       judge_version_t *mine, const judge_record_t *older,
                                       const judge_cell_t *origin)
{
    judge_version_t *then = judge_then(origin, record->begun);
    apr_time_t read = read_until(j, older, record->begun);
    int i;

    if (is_copy && judge_same(then->value, mine->value)) {
        return then;
    }
    for (i = origin->stays->nelts - 1; i >= 0; i--) {
        const judge_stay_t *stay = &APR_ARRAY_IDX(origin->stays, i, judge_stay_t);

        if (judge_same(stay->version->value, mine->value)) {
            judge_join(j, mine, stay->version);
        }
        if (stay->from < read) {
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
                                      partners[i], judge_cell(j, partners[i], name, member));
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

int judge_was_converted(judge_t *j, const judge_stay_t *stay, const judge_record_t *page)
{
    const history_item_t *shown = stay->item < 0 ? NULL : history_item(j->history, stay->item);
    int i;

    for (i = shown && shown->kind == HISTORY_ACT ? stay->item - 1 : -1; i >= 0; i--) {
        const history_item_t *item = history_item(j->history, i);

        if (item->at != shown->at || item->place != page->place ||
            !judge_same(item->field, shown->field)) {
            return 0; /* all pages of the source in one go */
        }
        if (item->op == HISTORY_RETYPE || item->op == HISTORY_RENAME ||
            item->op == HISTORY_MIGRATE) {
            return 1;
        }
    }
    return 0;
}

/* ---- what stands opposite ---- */

/* S2.7: we bring a page back for what its row showed when we read that, and decide its fields by that, too, however long Notion let us
 * wait (56795), and also if the row is gone by then (69245). @return when we read that for what @a record shows at @a at; 0: not so */
static apr_time_t read_before(judge_t *j, const judge_record_t *record,
                              const judge_record_t *partner, apr_time_t at)
{
    int i;

    for (i = history_count(j->history) - 1; record->restored == at && i >= 0; i--) {
        const history_item_t *item = history_item(j->history, i);

        if (item->at <= at && item->kind == HISTORY_REQUEST && item->op == HISTORY_ASK_READ &&
            item->side == partner->side &&
            (j->has_pages[item->side] || judge_same(item->place, partner->place)) &&
            judge_same(item->record, partner->id)) {
            return item->at;
        }
    }
    return 0;
}

static int is_there(const judge_record_t *record, apr_time_t read)
{
    return record->live ||
           (read && record->deaths->nelts &&
            APR_ARRAY_IDX(record->deaths, record->deaths->nelts - 1, judge_death_t).from > read);
}

/* Equal values that stand opposite each other, or did shortly after each other, may have been seen, and agreed on. */
static void join_cell(judge_t *j, const judge_field_t *field, const judge_cell_t *cell,
                      judge_version_t *now, apr_time_t at, apr_time_t since)
{
    apr_time_t until = at;
    int i;

    for (i = cell->stays->nelts - 1; i >= 0 && until >= since; i--) {
        const judge_stay_t *stay = &APR_ARRAY_IDX(cell->stays, i, judge_stay_t);

        int was_seen = stay->from < until ||
                       i == cell->stays->nelts - 1; /* not what a trigger altered at once */

        if (was_seen && judge_alike(j, field, stay->version->value, now->value)) {
            judge_join(j, stay->version, now);
        }
        until = stay->from;
    }
}

void judge_join_partners(judge_t *j, judge_record_t *record, const char *field, const char *member,
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
            apr_time_t read = read_before(j, record, partners[i], at);

            if (cell && is_there(partners[i], read) &&
                (member || judge_can_be_agreed(f, now->value))) {
                join_cell(j, f, cell, now, at,
                          read && read < at - READ_WITHIN ? read : at - READ_WITHIN);
            }
        }
    }
}
