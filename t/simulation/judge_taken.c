/* judge_taken.c - a row that may have been taken for that of another record, since nobody could tell that it was none (S4.4). */
#include "simulation/judge_impl.h"

/* By which a row got the @a nth of its keys, the last time before @a before. */
static const history_item_t *named_by(judge_t *j, const judge_record_t *row, int nth, int before)
{
    const char *key = APR_ARRAY_IDX(row->ids, nth, judge_id_t).id;
    int i;

    for (i = before - 1; i >= 0; i--) {
        const history_item_t *item = history_item(j->history, i);

        if (nth + 1 < row->ids->nelts &&
            item->at >= APR_ARRAY_IDX(row->ids, nth + 1, judge_id_t).from) {
            continue; /* whose it was after that */
        }
        if (item->at < APR_ARRAY_IDX(row->ids, nth, judge_id_t).from) {
            return NULL;
        }
        if (item->place == row->place &&
            ((item->op == HISTORY_MAKE && judge_same(item->record, key)) ||
             (item->op == HISTORY_REKEY && judge_same(item->after, key)))) {
            return item;
        }
    }
    return NULL;
}

/* The database that came in the place of another before @a item, if nobody had said by then that the mapping goes on with it; NULL. */
static const history_item_t *not_accepted(judge_t *j, int mapping, const history_item_t *item)
{
    int i;

    for (i = item->number - 1; i >= 0; i--) {
        const history_item_t *earlier = history_item(j->history, i);

        if (earlier->op == HISTORY_SWAP && earlier->place == item->place) {
            return earlier;
        }
        if (judge_same(earlier->place, JUDGE_MAPPING(j, mapping)->name) &&
            judge_goes_on(j, earlier, item->place)) {
            return NULL;
        }
    }
    return NULL;
}

static int was_exchanged(judge_t *j, const history_item_t *from, int before)
{
    int i;

    for (i = from->number + 1; i < before; i++) {
        if (history_item(j->history, i)->op == HISTORY_SWAP &&
            history_item(j->history, i)->place == from->place) {
            return 1;
        }
    }
    return 0;
}

/* Whoever finds another database asks Notion for the data source before looking into it: did anybody, between the two? */
static int was_looked_into(judge_t *j, const history_item_t *swap, const history_item_t *item)
{
    int i;

    for (i = swap->number + 1; i < item->number; i++) {
        const history_item_t *earlier = history_item(j->history, i);

        if (earlier->kind == HISTORY_REQUEST && earlier->op == HISTORY_ASK_OTHER &&
            earlier->sent >= swap->at) {
            return 1;
        }
    }
    return 0;
}

/* S4.4: a key that people changed is followed, unless nobody was told of it: our triggers were gone, or the database was not seen yet,
 * or it was exchanged before anybody could. */
static int was_not_followed(judge_t *j, int mapping, const history_item_t *rekey, int before)
{
    const history_item_t *swap = not_accepted(j, mapping, rekey);

    return rekey->unseen ||
           (swap && (was_exchanged(j, rekey, before) || !was_looked_into(j, swap, rekey)));
}

/* S4.4: people inserted the row while the mapping waited for a person, or it came with the database; or it got its key unseen; or the
 * store has forgotten how it came. */
static int came_unseen(judge_t *j, int mapping, const judge_record_t *row, int nth, int before)
{
    const history_item_t *item = named_by(j, row, nth, before);

    if (!item) {
        return 0;
    }
    if (judge_forgot(j, item->at, history_item(j->history, before)->at)) {
        return 1;
    }
    return item->kind == HISTORY_ACT &&
           (item->op == HISTORY_MAKE ? not_accepted(j, mapping, item) != NULL
                                     : was_not_followed(j, mapping, item, before));
}

/* By a mark that the page had before it was filled with what is in @a row; that may have been another record under its key. */
static int is_own(const judge_record_t *own, const judge_record_t *page, const judge_record_t *row)
{
    int i;

    for (i = 0; i < page->marks->nelts; i++) {
        const char *mark = APR_ARRAY_IDX(page->marks, i, const char *);

        if (!judge_same(mark, row->mark) && judge_has_mark(own, mark)) {
            return 1;
        }
    }
    return 0;
}

/* The page's own row had that key once. */
static int had_key(judge_t *j, const judge_record_t *page, const judge_record_t *row,
                   const char *key)
{
    int i;

    for (i = 0; i < j->all->nelts; i++) {
        const judge_record_t *own = APR_ARRAY_IDX(j->all, i, judge_record_t *);

        if (own->side == row->side && own->place == row->place && is_own(own, page, row) &&
            judge_had_id(own, key)) {
            return 1;
        }
    }
    return 0;
}

/* By any of its keys: that of who is taken for another is followed from then on. */
int judge_is_taken_for(judge_t *j, int mapping, const judge_record_t *page,
                       const judge_record_t *row, const history_item_t *effect)
{
    const judge_mapping_t *m = JUDGE_MAPPING(j, mapping);
    int i;

    if (row->place != m->place[HISTORY_EXTERNAL] || page->place != m->place[HISTORY_NOTION] ||
        !judge_entries_join(j, mapping, page, row)) {
        return 0;
    }
    for (i = 0; i < row->ids->nelts; i++) {
        const char *key = APR_ARRAY_IDX(row->ids, i, judge_id_t).id;

        if (had_key(j, page, row, key) && came_unseen(j, mapping, row, i, effect->number)) {
            return 1;
        }
    }
    return 0;
}

/* The row by whose key the audit says that they were paired; since when it had that. 0: it says no such thing. */
static apr_time_t paired_by_key(judge_t *j, int mapping, const judge_record_t *page,
                                const judge_record_t *row, const char **key)
{
    int i, k;

    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

        for (k = row->ids->nelts - 1; k >= 0; k--) {
            const judge_id_t *id = &APR_ARRAY_IDX(row->ids, k, judge_id_t);

            if (entry->mapping == mapping && !strcmp(entry->op, "link") &&
                judge_same(entry->page, page->id) && judge_same(entry->key, id->id) &&
                judge_same(entry->note, "paired by its link property")) {
                *key = id->id;
                return id->from > row->made ? id->from : row->made;
            }
        }
    }
    return 0;
}

int judge_is_paired_by_key(judge_t *j, int mapping, const judge_record_t *page,
                           const judge_record_t *row)
{
    const char *key = NULL;
    apr_time_t since = paired_by_key(j, mapping, page, row, &key);
    int i;

    if (!since || !page->made_by_us || page->made >= since ||
        !judge_forgot(j, since, j->phases->end)) {
        return 0;
    }
    for (i = 0; i < j->all->nelts; i++) {
        const judge_record_t *own = APR_ARRAY_IDX(j->all, i, judge_record_t *);

        if (own->side == row->side && own->place == row->place && own != row && !own->live &&
            own->made <= page->made && judge_had_id(own, key) && judge_share_mark(page, own)) {
            return 1;
        }
    }
    return 0;
}

/* What an answer of Notion's showed that was on its way while another mapping filled the page: who wrote a row by it could not know of that
 * (450015). Only the last thing that stood there before; NULL: no answer was on its way. */
static judge_version_t *shown_before(judge_t *j, const judge_record_t *page,
                                     const judge_cell_t *cell, const history_item_t *effect)
{
    const apr_array_header_t *list = apr_hash_get(j->page_requests, page->id, APR_HASH_KEY_STRING);
    const judge_stay_t *stays = (const judge_stay_t *)(const void *)cell->stays->elts;
    int last = cell->stays->nelts - 1;
    int i, filled = last > 0 && stays[last].item >= 0
                        ? history_item(j->history, stays[last].item)->request
                        : 0;

    for (i = 0; list && last > 0 && i < list->nelts; i++) {
        const history_item_t *request = APR_ARRAY_IDX(list, i, const history_item_t *);

        if (request->sent < stays[last].from && request->sent >= stays[last - 1].from &&
            request->answered > stays[last].from && request->answered <= effect->at &&
            request->status == 200 && request->request != filled) {
            return stays[last - 1].version;
        }
    }
    return NULL;
}

static int takes_from(judge_t *j, int mapping, const judge_record_t *page,
                      const judge_record_t *row, const history_item_t *effect)
{
    return row->live && judge_is_taken_for(j, mapping, page, row, effect);
}

judge_version_t *judge_taken_for(judge_t *j, const history_item_t *effect, judge_record_t *record,
                                 const char *field, const char *member, const char *value)
{
    int m, i, far = !record->side;

    for (m = 0; m < j->mappings->nelts; m++) {
        int index = judge_find_field(j, m, record->side, field);
        const judge_field_t *pair = index < 0 ? NULL : &JUDGE_MAPPING(j, m)->fields[index];

        for (i = 0; pair && pair->name[far] && i < j->all->nelts; i++) {
            judge_record_t *other = APR_ARRAY_IDX(j->all, i, judge_record_t *);

            if (other->side == far &&
                (far == HISTORY_EXTERNAL ? takes_from(j, m, record, other, effect)
                                         : takes_from(j, m, other, record, effect))) {
                const judge_cell_t *cell = judge_cell(j, other, pair->name[far], member);
                judge_version_t *version = judge_now(cell);

                if (judge_alike(j, pair, version->value, value)) {
                    return version;
                }
                version = far == HISTORY_NOTION ? shown_before(j, other, cell, effect) : NULL;
                if (version && judge_alike(j, pair, version->value, value)) {
                    return version;
                }
            }
        }
    }
    return NULL;
}
