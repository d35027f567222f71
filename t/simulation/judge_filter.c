/* judge_filter.c - records outside the filter (S5.3): what made one leave is carried, and then nothing is. */
#include <stdlib.h>

#include "simulation/judge_impl.h"

/* What was under way when a record left may still arrive. */
#define LEFT_BEFORE apr_time_from_sec(90)
/* From a write of a row to one of its page. */
#define SAME_JOB apr_time_from_sec(2)
/* By then the change that made it leave has arrived. */
#define TOLD_WITHIN apr_time_from_sec(300)

/* The cell that decides on which side of the filter the record stands; NULL: none does. */
static judge_cell_t *deciding_cell(judge_t *j, int mapping, judge_record_t *record)
{
    const judge_mapping_t *m = JUDGE_MAPPING(j, mapping);

    return m->outside && (m->filter_sides >> record->side & 1)
               ? judge_cell(j, record, m->fields[m->filter_field].name[record->side], NULL)
               : NULL;
}

int judge_is_outside(judge_t *j, int mapping, judge_record_t *record, apr_time_t from,
                     apr_time_t to)
{
    const judge_cell_t *cell = deciding_cell(j, mapping, record);
    const char *outside = JUDGE_MAPPING(j, mapping)->outside;
    int i;

    if (!cell || !judge_same(judge_then(cell, from)->value, outside)) {
        return 0;
    }
    for (i = 0; i < cell->stays->nelts; i++) {
        const judge_stay_t *stay = &APR_ARRAY_IDX(cell->stays, i, judge_stay_t);

        if (stay->from > from && stay->from <= to && !judge_same(stay->version->value, outside)) {
            return 0;
        }
    }
    return 1;
}

static int was_outside(judge_t *j, int mapping, judge_record_t *record)
{
    const judge_cell_t *cell = deciding_cell(j, mapping, record);
    int i;

    for (i = 0; cell && i < cell->stays->nelts; i++) {
        if (judge_same(APR_ARRAY_IDX(cell->stays, i, judge_stay_t).version->value,
                       JUDGE_MAPPING(j, mapping)->outside)) {
            return 1;
        }
    }
    return 0;
}

int judge_was_ever_outside(judge_t *j, int mapping, judge_record_t *record, judge_record_t *partner)
{
    return was_outside(j, mapping, record) || (partner && was_outside(j, mapping, partner));
}

/* Did we read it, by itself or in a listing, at any time from @a from to @a to? */
static int was_read(judge_t *j, const judge_record_t *record, apr_time_t from, apr_time_t to)
{
    int i;

    for (i = 0; i <= j->request_count; i++) {
        const history_item_t *request = j->requests[i];

        if (request && request->side == record->side && request->at >= from && request->at <= to &&
            (request->op == HISTORY_ASK_LIST ||
             (request->op == HISTORY_ASK_READ &&
              (!request->record || judge_same(request->record, record->id))))) {
            return 1;
        }
    }
    return 0;
}

/* When it left, if it stands outside at that time. */
static apr_time_t left_at(judge_t *j, int mapping, judge_record_t *record, apr_time_t at)
{
    const judge_cell_t *cell = deciding_cell(j, mapping, record);
    apr_time_t left = at;
    int i;

    for (i = cell->stays->nelts - 1; i >= 0; i--) {
        const judge_stay_t *stay = &APR_ARRAY_IDX(cell->stays, i, judge_stay_t);

        if (stay->from <= at &&
            !judge_same(stay->version->value, JUDGE_MAPPING(j, mapping)->outside)) {
            break;
        }
        left = stay->from < left ? stay->from : left;
    }
    return left;
}

/* It was deleted before we had read it outside, and was still gone when that time began: then its link never slept, and its delete was
 * decided as any (S5.3). Brought back, it may be told what made it leave. */
static int went_unread(judge_t *j, int mapping, judge_record_t *record, apr_time_t from)
{
    int i;

    for (i = 0; i < record->deaths->nelts; i++) {
        const judge_death_t *death = &APR_ARRAY_IDX(record->deaths, i, judge_death_t);

        if (death->from <= from && (!death->to || death->to > from)) {
            return record->side == HISTORY_EXTERNAL &&
                   !was_read(j, record, left_at(j, mapping, record, death->from), death->from);
        }
    }
    return 0;
}

/* It came to stand outside with another database, of which a person has to say that it is the right one; that may take long, and until then
 * nobody reads it (700182 with `plans=1,restores=1,set_back=1,keys=1`). */
static int waits_unread(judge_t *j, int mapping, judge_record_t *record, apr_time_t from)
{
    apr_time_t left = left_at(j, mapping, record, from);
    int i;

    for (i = 0; record->side == HISTORY_EXTERNAL && i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->op == HISTORY_SWAP && item->place == record->place && item->at == left) {
            return !was_read(j, record, left, from);
        }
    }
    return 0;
}

static int stood_outside(judge_t *j, int mapping, judge_record_t *record, apr_time_t from,
                         apr_time_t to)
{
    return judge_is_outside(j, mapping, record, from, to) &&
           !went_unread(j, mapping, record, from) && !waits_unread(j, mapping, record, from);
}

int judge_lacks_choice(judge_t *j, int mapping)
{
    const judge_mapping_t *m = JUDGE_MAPPING(j, mapping);
    int i;

    for (i = 0; i < j->all->nelts; i++) {
        judge_record_t *page = APR_ARRAY_IDX(j->all, i, judge_record_t *);

        if (page->side == HISTORY_NOTION && page->place == m->place[HISTORY_NOTION] &&
            was_outside(j, mapping, page)) {
            return 0;
        }
    }
    return m->outside && (m->filter_sides >> HISTORY_NOTION & 1);
}

/* One of the two stood outside all the while. */
static int is_asleep(judge_t *j, int mapping, judge_record_t *a, judge_record_t *b, apr_time_t from,
                     apr_time_t to)
{
    return stood_outside(j, mapping, a, from, to) || stood_outside(j, mapping, b, from, to);
}

/* ---- nothing is created, changed or deleted through a link that sleeps */

/* A page in the trash still shows where it stood; of a row that is gone only is known where it had been for a while. */
static int died_outside(judge_t *j, int mapping, judge_record_t *record, apr_time_t before)
{
    int i;

    for (i = record->deaths->nelts - 1; i >= 0; i--) {
        const judge_death_t *death = &APR_ARRAY_IDX(record->deaths, i, judge_death_t);

        if (death->from < before) {
            apr_interval_time_t known = record->side == HISTORY_NOTION ? 0 : LEFT_BEFORE;

            return judge_is_outside(j, mapping, record, death->from - known, death->from);
        }
    }
    return 0;
}

static int lives_at(const judge_record_t *record, apr_time_t at)
{
    int i;

    for (i = 0; i < record->deaths->nelts; i++) {
        const judge_death_t *death = &APR_ARRAY_IDX(record->deaths, i, judge_death_t);

        if (death->from <= at && (!death->to || death->to > at)) {
            return 0;
        }
    }
    return record->made <= at;
}

/* Another row of the table held the value in that column then. */
static int stood_elsewhere(judge_t *j, const judge_record_t *row, const char *column,
                           const char *value, apr_time_t at)
{
    int i;

    for (i = 0; i < j->all->nelts; i++) {
        judge_record_t *other = APR_ARRAY_IDX(j->all, i, judge_record_t *);

        if (other->side == HISTORY_EXTERNAL && other->place == row->place && other != row &&
            lives_at(other, at) &&
            judge_same(judge_then(judge_cell(j, other, column, NULL), at)->value, value)) {
            return 1;
        }
    }
    return 0;
}

/* The last try to write the row from @a since to @a until, but for the request @a but (0: all); NULL: none, or it was answered. */
static const history_item_t *last_refused(judge_t *j, const judge_record_t *row, apr_time_t since,
                                          apr_time_t until, int but)
{
    const history_item_t *last = NULL;
    int i;

    for (i = 1; i <= j->request_count; i++) {
        const history_item_t *request = j->requests[i];

        if (request && request->side == HISTORY_EXTERNAL && request->op == HISTORY_ASK_UPDATE &&
            judge_same(request->record, row->id) && request->at >= since && request->at <= until &&
            request->request != but) {
            last = request;
        }
    }
    return last && last->end == HISTORY_CUT ? last : NULL;
}

/* For the sake of another row, or by a CHECK (seed 77905). */
static int is_refused(judge_t *j, const judge_field_t *field, const judge_record_t *row,
                      const char *value, apr_time_t at)
{
    return (field->above && atof(value) <= atof(field->above)) ||
           (field->unique && stood_elsewhere(j, row, field->name[HISTORY_EXTERNAL], value, at));
}

/* It sleeps when all is written that was changed before it left (S5.3). A value that its page had by then, or has got since while that one
 * had not arrived, was still refused when its row was last written, and has not arrived since (seed 10913). */
static int has_yet_to_tell(judge_t *j, int mapping, judge_record_t *a, judge_record_t *b,
                           const history_item_t *effect)
{
    const judge_mapping_t *m = JUDGE_MAPPING(j, mapping);
    judge_record_t *page = a->side == HISTORY_NOTION ? a : b;
    judge_record_t *row = a->side == HISTORY_NOTION ? b : a;
    apr_time_t left = effect->at - 1;
    const history_item_t *refused;
    int i;

    left = deciding_cell(j, mapping, page) ? left_at(j, mapping, page, left) : left;
    left = deciding_cell(j, mapping, row) ? left_at(j, mapping, row, left) : left;
    refused = last_refused(j, row, left, effect->at, effect->request);
    if (!refused) { /* it has just arrived, and what a trigger made of the row goes back before the link sleeps */
        refused = last_refused(j, row, left, effect->at - SAME_JOB, effect->request);
    }
    for (i = 0; refused && i < m->field_count; i++) {
        const judge_field_t *field = &m->fields[i];
        const judge_cell_t *wanted, *theirs;
        const char *value, *before;

        if (field->sort == JUDGE_SET || field->way == JUDGE_TO_NOTION ||
            !field->name[HISTORY_NOTION] || !field->name[HISTORY_EXTERNAL]) {
            continue;
        }
        wanted = judge_cell(j, page, field->name[HISTORY_NOTION], NULL);
        theirs = judge_cell(j, row, field->name[HISTORY_EXTERNAL], NULL);
        value = judge_then(wanted, refused->at)->value;
        before = judge_then(wanted, left - 1)->value;
        if (value &&
            (judge_same(before, value) ||
             !judge_same(before, judge_then(theirs, left - 1)->value)) &&
            !judge_same(judge_then(theirs, effect->at - 1)->value, value) &&
            is_refused(j, field, row, value, refused->at)) {
            return 1;
        }
    }
    return 0;
}

/* The database was not to be had until less than LEFT_BEFORE before @a effect: since somebody saw that, nobody got through (534). */
static int was_away(judge_t *j, const history_item_t *effect)
{
    int i, is_away = 0;

    for (i = 0; i < effect->number; i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_REQUEST && item->side == HISTORY_EXTERNAL &&
            judge_same(item->place, effect->place) && item->at < effect->at - LEFT_BEFORE) {
            is_away = item->end == HISTORY_CUT && item->status >= 500;
        }
    }
    return is_away;
}

/* Somebody who was told that it was deleted outside wants it back: it comes back as it was, and sleeps on (seed 1121). */
static int is_wanted_back(judge_t *j, const history_item_t *effect, const judge_record_t *record)
{
    const history_item_t *request = judge_request(j, effect);

    return request && request->op == HISTORY_ASK_REVIVE && judge_was_commanded(j, effect, record);
}

static void judge_effect(judge_t *j, int mapping, const history_item_t *effect,
                         judge_record_t *record)
{
    judge_record_t *partners[8];
    int n = judge_partners(j, mapping, record, partners, 8);

    if (n == 1 && effect->op == HISTORY_MAKE && !partners[0]->made_by_us &&
        judge_is_outside(j, mapping, partners[0], partners[0]->made, effect->at - 1)) {
        judge_blame(j, "S5.3", effect->number,
                    "%s was made, and its origin was never inside the filter", record->id);
    }
    else if (n == 1 && effect->op == HISTORY_DELETE) {
        if (died_outside(j, mapping, partners[0], effect->at)) {
            judge_blame(j, "S5.3", effect->number,
                        "%s was deleted, and its partner went when it was outside the filter",
                        record->id);
        }
    }
    else if (n == 1 && partners[0]->made < effect->at - LEFT_BEFORE &&
             is_asleep(j, mapping, record, partners[0], effect->at - LEFT_BEFORE, effect->at - 1) &&
             !has_yet_to_tell(j, mapping, record, partners[0], effect) && !was_away(j, effect) &&
             !is_wanted_back(j, effect, record)) {
        judge_blame(j, "S5.3", effect->number, "%s was written, and stood outside the filter",
                    record->id);
    }
}

/* ---- what made a record leave is told to the other side */

/* Else it was never inside to us, and what was never agreed on is not written outside (S5.3). */
static int was_seen(judge_t *j, const judge_record_t *record, apr_time_t from, apr_time_t to)
{
    return record->made_by_us || was_read(j, record, from, to);
}

/* The whole record waits since it left, as is shown and is so: its row was last refused, for the sake of another field (seed 46033). */
static int is_kept_from_telling(judge_t *j, int mapping, judge_record_t *record,
                                judge_record_t *partner, apr_time_t left)
{
    const judge_link_t *link = judge_link_of(j, mapping, record);

    return record->side == HISTORY_NOTION && link && link == judge_link_of(j, mapping, partner) &&
           judge_is_excused(j, link, record, partner, -1) &&
           last_refused(j, partner, left, APR_INT64_MAX, 0);
}

static void judge_leaving(judge_t *j, int mapping, judge_record_t *record)
{
    const judge_mapping_t *m = JUDGE_MAPPING(j, mapping);
    const judge_field_t *field = &m->fields[m->filter_field];
    const judge_cell_t *cell = deciding_cell(j, mapping, record), *theirs;
    judge_record_t *partners[8];
    const judge_stay_t *last;

    if (!cell || cell->stays->nelts < 2 || record->copied ||
        judge_partners(j, mapping, record, partners, 8) != 1 || !partners[0]->live ||
        partners[0]->deaths->nelts || record->deaths->nelts) {
        return;
    }
    last = &APR_ARRAY_IDX(cell->stays, cell->stays->nelts - 1, judge_stay_t);
    theirs = judge_cell(j, partners[0], field->name[partners[0]->side], NULL);
    if (!judge_same(last->version->value, m->outside) || last->version->origin != JUDGE_BY_PERSON ||
        last->version->side != record->side || last->from < record->made + TOLD_WITHIN ||
        last->from < partners[0]->made + TOLD_WITHIN ||
        last->from + TOLD_WITHIN > j->phases->calm ||
        APR_ARRAY_IDX(theirs->stays, theirs->stays->nelts - 1, judge_stay_t).from >=
            last->from - LEFT_BEFORE ||
        !judge_alike(j, field, judge_then(cell, last->from - 1)->value, judge_now(theirs)->value) ||
        !was_seen(j, record, record->made, last->from) ||
        is_kept_from_telling(j, mapping, record, partners[0], last->from)) {
        return;
    }
    judge_blame(j, "S5.3", last->item, "%s left the filter, and %s was not told", record->id,
                partners[0]->id);
}

static void judge_mapping_filter(judge_t *j, int mapping)
{
    int i;

    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);
        judge_record_t *record;

        if (item->kind != HISTORY_EFFECT ||
            (item->op != HISTORY_SET && item->op != HISTORY_MAKE && item->op != HISTORY_DELETE) ||
            item->place != JUDGE_MAPPING(j, mapping)->place[item->side]) {
            continue;
        }
        record = judge_had_id_at(j, item->side, item->place, item->record, item->at);
        if (record) {
            judge_effect(j, mapping, item, record);
        }
    }
    for (i = 0; i < j->all->nelts; i++) {
        judge_record_t *record = APR_ARRAY_IDX(j->all, i, judge_record_t *);

        if (record->live && record->place == JUDGE_MAPPING(j, mapping)->place[record->side]) {
            judge_leaving(j, mapping, record);
        }
    }
}

void judge_filters(judge_t *j)
{
    int m;

    for (m = 0; j->phases->peaceful && m < j->mappings->nelts; m++) {
        if (JUDGE_MAPPING(j, m)->outside) {
            judge_mapping_filter(j, m);
        }
    }
}
