/* judge_again.c - what comes under an id that there was before: the same record once more, or another? (S2.7, S4.4) */
#include <string.h>

#include "simulation/judge_impl.h"

const history_item_t *judge_mark_ahead(judge_t *j, const history_item_t *make, int *mapping)
{
    int i, m;

    for (i = make->number + 1; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind > HISTORY_TRIGGER) {
            continue;
        }
        if (item->at != make->at) {
            return NULL;
        }
        for (m = 0; m < j->mappings->nelts; m++) {
            int index = item->op == HISTORY_SET && item->record == make->record &&
                                item->place == make->place && item->after
                            ? judge_find_field(j, m, item->side, item->field)
                            : -1;

            if (index >= 0 && JUDGE_MAPPING(j, m)->mark == index) {
                *mapping = m;
                return item;
            }
        }
    }
    return NULL;
}

int judge_is_restore(judge_t *j, const history_item_t *effect)
{
    const history_item_t *request = judge_request(j, effect);

    return request && request->op == HISTORY_ASK_REVIVE;
}

judge_record_t *judge_restored(judge_t *j, const history_item_t *make, judge_record_t *last)
{
    int m;
    const history_item_t *mark = judge_mark_ahead(j, make, &m);
    judge_record_t *record, *later = NULL;

    for (record = last; mark && record && !judge_has_mark(record, mark->after);
         record = record->older) {
        later = record;
    }
    if (!mark || !record || !later) {
        return last;
    }
    later->older = record->older;
    record->older = last;
    judge_keep(j, record);
    return record;
}

void judge_set_back(judge_t *j, const history_item_t *make, judge_record_t *record)
{
    int m, i;
    const history_item_t *item = judge_mark_ahead(j, make, &m);
    apr_hash_index_t *at;

    if (!item || judge_same(item->after, record->mark)) {
        return;
    }
    for (i = record->deaths->nelts - 1; i >= 0; i--) {
        apr_time_t died = APR_ARRAY_IDX(record->deaths, i, judge_death_t).from;

        if (!judge_same(judge_then(judge_cell(j, record, item->field, NULL), died)->value,
                        item->after)) {
            continue;
        }
        for (at = apr_hash_first(j->p, record->cells); at; at = apr_hash_next(at)) {
            judge_cell_t *cell = apr_hash_this_val(at);

            if (judge_then(cell, died) != judge_now(cell)) {
                judge_put(cell, judge_then(cell, died), make);
            }
        }
        record->mark = item->after;
        return;
    }
}

static int was_deleted_by_us(const judge_record_t *record, apr_time_t since)
{
    int i;

    for (i = 0; i < record->deaths->nelts; i++) {
        const judge_death_t *death = &APR_ARRAY_IDX(record->deaths, i, judge_death_t);

        if (death->by_us && death->from >= since) {
            return 1;
        }
    }
    return 0;
}

/* All that belonged to it was deleted by us since, whatever people brought back of it: the delete was seen by every mapping. */
static int was_followed(judge_t *j, const judge_record_t *gone, apr_time_t since)
{
    int m, i, n, followed = 0;

    for (m = 0; m < j->mappings->nelts; m++) {
        judge_record_t *partners[8];

        n = judge_partners(j, m, gone, partners, 8);
        for (i = 0; i < n; i++) {
            if (!was_deleted_by_us(partners[i], since)) {
                return 0;
            }
            followed++;
        }
    }
    return followed;
}

int judge_is_replaced(judge_t *j, const judge_record_t *old, const history_item_t *make)
{
    const judge_death_t *death =
        old->deaths->nelts ? &APR_ARRAY_IDX(old->deaths, old->deaths->nelts - 1, judge_death_t)
                           : NULL;

    return death && old->side == HISTORY_EXTERNAL && make->kind != HISTORY_EFFECT &&
           !death->by_us && !was_followed(j, old, death->from);
}

int judge_is_heir(judge_t *j, const judge_record_t *old, const history_item_t *make)
{
    int m, i, n;

    if (!old || old->side != HISTORY_EXTERNAL || make->kind != HISTORY_ACT) {
        return 0;
    }
    for (m = 0; m < j->mappings->nelts && !j->phases->store_forgot; m++) {
        judge_record_t *partners[8];

        n = judge_partners(j, m, old, partners, 8);
        for (i = 0; i < n; i++) {
            if (partners[i]->live) {
                return 1;
            }
        }
    }
    return j->phases->store_forgot;
}
