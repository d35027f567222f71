/* judge_bound.c - properties and columns that go, or become others (S5.4): which of them was there when, what of it one of our processes was
 * shown, and so whether what both sides had agreed on was in doubt.
 */
#include <string.h>

#include "simulation/judge_plea.h"

#define GONE ""

/* What the field of that side is from this item on; NULL: it tells nothing of it. */
static const char *type_after(judge_t *j, int mapping, int field, int side,
                              const history_item_t *item)
{
    const judge_mapping_t *m = JUDGE_MAPPING(j, mapping);

    if (!m->fields[field].type[side]) {
        return NULL; /* nobody has said what it was at first */
    }
    if (item->kind > HISTORY_TRIGGER || item->side != side || item->place != m->place[side] ||
        !judge_same(item->field, m->fields[field].name[side])) {
        return NULL;
    }
    if (item->op == HISTORY_RETYPE || item->op == HISTORY_MIGRATE) {
        return item->after ? item->after : GONE;
    }
    return item->op == HISTORY_RESHAPE && !item->after ? GONE : NULL;
}

/* A longer column holds what the shorter one held, and one of numbers what another one of numbers held. */
static int kind_of(const char *declared)
{
    static const char *const kinds[] = { "TEXT",    "VARCHAR", "REAL", "DECIMAL",
                                         "INTEGER", "DATE",    "BLOB", "DATETIME" };
    static const int numbers[] = { 1, 1, 2, 2, 2, 3, 4, 5 };
    apr_size_t length = strcspn(declared, "(");
    int i;

    for (i = 0; i < 8; i++) {
        if (strlen(kinds[i]) == length && !strncmp(kinds[i], declared, length)) {
            return numbers[i];
        }
    }
    return 0;
}

static int is_same_type(int side, const char *a, const char *b)
{
    int kind = side == HISTORY_NOTION ? 0 : kind_of(a);

    return kind ? kind == kind_of(b) : !strcmp(a, b);
}

static const char *first_type(judge_t *j, int mapping, int field, int side)
{
    const char *type = JUDGE_MAPPING(j, mapping)->fields[field].type[side];

    return type ? type : "?";
}

/* One of our processes was shown what that side has. */
static int is_sight(judge_t *j, int mapping, int side, const history_item_t *item)
{
    return item->kind == HISTORY_SIGHT && item->side == side &&
           item->place == JUDGE_MAPPING(j, mapping)->place[side];
}

/* ---- suspended */

int judge_was_suspended(judge_t *j, int mapping, int field, apr_time_t at)
{
    int side, i;

    for (side = 0; side < HISTORY_SIDES; side++) {
        const char *first = first_type(j, mapping, field, side), *now = first;
        int is_suspended = 0;

        for (i = 0; i < history_count(j->history) && history_item(j->history, i)->at <= at; i++) {
            const history_item_t *item = history_item(j->history, i);
            const char *type = type_after(j, mapping, field, side, item);

            now = type ? type : now;
            is_suspended |= !is_same_type(side, now, first);
            is_suspended &= !is_sight(j, mapping, side, item) || !is_same_type(side, now, first);
        }
        if (is_suspended) {
            return 1;
        }
    }
    return 0;
}

int judge_was_other(judge_t *j, int mapping, int field, apr_time_t from, apr_time_t to)
{
    int side, i;

    for (side = 0; side < HISTORY_SIDES; side++) {
        const char *first = first_type(j, mapping, field, side), *now = first;

        for (i = 0; i < history_count(j->history) && history_item(j->history, i)->at <= to; i++) {
            const history_item_t *item = history_item(j->history, i);
            const char *type = type_after(j, mapping, field, side, item);

            if (*now && !is_same_type(side, now, first) && item->at >= from) {
                return 1;
            }
            now = type ? type : now;
        }
        if (*now && !is_same_type(side, now, first)) {
            return 1;
        }
    }
    return 0;
}

/* ---- in doubt */

static int were_alike(const judge_contest_t *c, apr_time_t at)
{
    int side;

    for (side = 0; side < HISTORY_SIDES; side++) {
        if (!c->cell[side] || (c->record[side] && judge_was_away(c->record[side], at, at))) {
            return 0;
        }
    }
    return judge_alike(c->j, &JUDGE_MAPPING(c->j, c->mapping)->fields[c->index],
                       judge_then(c->cell[HISTORY_NOTION], at)->value,
                       judge_then(c->cell[HISTORY_EXTERNAL], at)->value);
}

/* We wrote it on either side last, so that it was as the other one's, and agreed on. @return the item; -1: we did not */
static int last_written(judge_t *j, const judge_contest_t *c, int before)
{
    int side, i, last = -1;

    for (side = 0; side < HISTORY_SIDES; side++) {
        for (i = 0; c->cell[side] && i < c->cell[side]->stays->nelts; i++) {
            const judge_stay_t *stay = &APR_ARRAY_IDX(c->cell[side]->stays, i, judge_stay_t);
            int item = stay->item;

            if (item > last && item < before &&
                history_item(j->history, item)->kind == HISTORY_EFFECT &&
                were_alike(c, stay->from)) {
                last = item;
            }
        }
    }
    return last;
}

/* At any time in between: then somebody may have looked. */
static int were_ever_alike(const judge_contest_t *c, apr_time_t from, apr_time_t to)
{
    int side, i;

    for (side = 0; c->cell[0] && side < HISTORY_SIDES; side++) {
        for (i = 0; i < c->cell[side]->stays->nelts; i++) {
            apr_time_t at = APR_ARRAY_IDX(c->cell[side]->stays, i, judge_stay_t).from;

            if (at >= from && at < to && were_alike(c, at)) {
                return 1;
            }
        }
    }
    return were_alike(c, from);
}

/* A run that looks at all records takes so long, with what it meets. */
#define RUN_TAKES apr_time_from_sec(120)

/* Both showed the same when all was listed after somebody had seen what the field is by then, and for long enough after that. */
static int was_found_alike(const judge_contest_t *c, apr_time_t seen, apr_time_t until)
{
    apr_time_t listed = 0, at;
    int i;

    if (JUDGE_MAPPING(c->j, c->mapping)->filter_sides) {
        return 0; /* of what is outside nothing is compared (S5.3) */
    }
    for (i = 0; i < history_count(c->j->history); i++) {
        const history_item_t *item = history_item(c->j->history, i);

        if (item->kind == HISTORY_REQUEST && item->side == HISTORY_NOTION &&
            item->op == HISTORY_ASK_LIST && item->sent > seen && item->status == 200) {
            listed = item->sent;
            break;
        }
    }
    if (!listed || listed + RUN_TAKES > until ||
        (c->record[HISTORY_NOTION] &&
         judge_was_out_of_sight(c->j, c->record[HISTORY_NOTION], 1, listed, listed + RUN_TAKES))) {
        return 0;
    }
    for (at = listed; at <= listed + RUN_TAKES; at += apr_time_from_sec(1)) {
        if (!were_alike(c, at)) {
            return 0;
        }
    }
    return 1;
}

static int mappings_of(judge_t *j, int side, const char *place)
{
    int m, n = 0;

    for (m = 0; m < j->mappings->nelts; m++) {
        n += JUDGE_MAPPING(j, m)->place[side] == place;
    }
    return n;
}

/* How often each side was shown since the field is what it is. Once for each mapping proves nothing: who was shown it may have died, or
 * have lost the other side, before it was kept. */
typedef struct shown_t {
    int times[HISTORY_SIDES];
} shown_t;

static int is_noted(const judge_contest_t *c, const shown_t *shown)
{
    const char *const *place = JUDGE_MAPPING(c->j, c->mapping)->place;

    return shown->times[0] > mappings_of(c->j, 0, place[0]) &&
           shown->times[1] > mappings_of(c->j, 1, place[1]);
}

static void look_at_sight(const judge_contest_t *c, const history_item_t *item, shown_t *shown)
{
    int side;

    for (side = 0; side < HISTORY_SIDES; side++) {
        shown->times[side] += is_sight(c->j, c->mapping, side, item);
    }
}

judge_doubt_t judge_doubt(const judge_contest_t *c, int side, int before)
{
    judge_t *j = c->j;
    const char *now = first_type(j, c->mapping, c->index, side), *noted = now;
    int from = last_written(j, c, before), i, count = history_count(j->history);
    apr_time_t until = before < count ? history_item(j->history, before)->at : j->phases->end;
    apr_time_t began = 0;   /* there has been a doubt since */
    apr_time_t there = 0;   /* and the field, whatever it is, since */
    apr_time_t settled = 0; /* it is what it is, and that was noted, if anything was, since */
    int is_sure = 0, is_glimpsed = 0;
    shown_t shown = { { 0, 0 } };

    for (i = 0; i < before && i < count; i++) {
        const history_item_t *item = history_item(j->history, i);
        const char *type = type_after(j, c->mapping, c->index, side, item);

        if (type) {
            now = type;
            settled = is_glimpsed ? 0 : item->at;
            shown = (shown_t){ { 0, 0 } };
            began = i > from && !began ? item->at : began;
            there = began && *type && !there ? item->at : there;
        }
        look_at_sight(c, item, &shown);
        is_glimpsed |= !is_same_type(side, noted, now) && is_sight(j, c->mapping, side, item);
        if (is_glimpsed && !settled && is_noted(c, &shown)) {
            settled = item->at;
        }
        if (!is_same_type(side, noted, now) && is_noted(c, &shown)) {
            is_sure |= i > from;
            began = i > from && !began ? item->at : began;
            noted = now;
            settled = item->at;
        }
    }
    return !began ||
                   (settled && is_same_type(side, noted, now) && was_found_alike(c, settled, until))
               ? JUDGE_NO_DOUBT
           : is_sure && !judge_forgot(j, began, until) &&
                   !(there && were_ever_alike(c, there, until))
               ? JUDGE_SURELY_DOUBT
               : JUDGE_MAY_DOUBT;
}

/* ---- what is left of it at the end */

static int is_unreadable_member(const char *field, apr_hash_index_t *at)
{
    const char *name = apr_hash_this_key(at);
    apr_size_t length = strlen(field);

    return !strncmp(name, field, length) && name[length] == HISTORY_MEMBER[0] &&
           name[length + 1] == '?' && judge_now(apr_hash_this_val(at))->value;
}

int judge_is_held_retyped(const plea_t *plea, int field)
{
    const judge_field_t *f = judge_field_at(plea->j, plea->mapping, field, plea->j->phases->end);
    judge_contest_t contest = { plea->j, plea->mapping, field, { NULL, NULL }, { NULL, NULL } };
    int side, last = history_count(plea->j->history);

    for (side = 0; f && plea->partner && f->sort != JUDGE_SET && side < HISTORY_SIDES; side++) {
        judge_record_t *record = plea->record->side == side ? plea->record : plea->partner;

        contest.record[side] = record;
        contest.cell[side] = judge_cell(plea->j, record, f->name[side], NULL);
    }
    for (side = 0; f && plea->partner && side < HISTORY_SIDES; side++) {
        int to = !side;
        int has_value = !contest.cell[side] || judge_now(contest.cell[side])->value;
        judge_initial_t lets =
            side == HISTORY_NOTION ? JUDGE_INITIAL_NOTION : JUDGE_INITIAL_EXTERNAL;

        if (judge_leads_to(f, &to) &&
            (f->way == JUDGE_BOTH_WAYS ? f->initial == JUDGE_INITIAL_HOLD && has_value
                                       : f->initial != lets) &&
            judge_doubt(&contest, side, last) != JUDGE_NO_DOUBT) {
            return 1;
        }
    }
    return 0;
}

int judge_is_no_set(const plea_t *plea, int field)
{
    const judge_field_t *f = judge_field_at(plea->j, plea->mapping, field, plea->j->phases->end);
    apr_hash_index_t *at;

    if (!f || f->sort != JUDGE_SET || !plea->partner) {
        return 0;
    }
    for (at = apr_hash_first(plea->j->p, plea->record->cells); at; at = apr_hash_next(at)) {
        if (is_unreadable_member(f->name[plea->record->side], at)) {
            return 1;
        }
    }
    for (at = apr_hash_first(plea->j->p, plea->partner->cells); at; at = apr_hash_next(at)) {
        if (is_unreadable_member(f->name[plea->partner->side], at)) {
            return 1;
        }
    }
    return 0;
}
