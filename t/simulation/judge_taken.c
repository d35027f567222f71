/* judge_taken.c - a row that may have been taken for that of another record, since nobody could tell that it was none (S4.4). */
#include "simulation/judge_impl.h"

/* By which it has its key. */
static const history_item_t *named_by(judge_t *j, const judge_record_t *row, int before)
{
    int i;

    for (i = before - 1; i >= 0; i--) {
        const history_item_t *item = history_item(j->history, i);

        if (item->place == row->place &&
            ((item->op == HISTORY_MAKE && judge_same(item->record, row->id)) ||
             (item->op == HISTORY_REKEY && judge_same(item->after, row->id)))) {
            return item;
        }
    }
    return NULL;
}

/* Was the database then one that came in the place of another, and nobody had said yet that the mapping goes on with it? */
static int was_not_accepted(judge_t *j, int mapping, const history_item_t *item)
{
    int i;

    for (i = item->number - 1; i >= 0; i--) {
        const history_item_t *earlier = history_item(j->history, i);

        if (earlier->op == HISTORY_SWAP && earlier->place == item->place) {
            return 1;
        }
        if (judge_same(earlier->place, JUDGE_MAPPING(j, mapping)->name) &&
            judge_goes_on(j, earlier, item->place)) {
            return 0;
        }
    }
    return 0;
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

/* S4.4: people inserted it while the mapping waited for a person, or it came with the database (a key that was changed there is
 * followed, unless that database was exchanged before anybody could); or the store has forgotten how it came. */
static int came_unseen(judge_t *j, int mapping, const judge_record_t *row,
                       const history_item_t *effect)
{
    const history_item_t *item = named_by(j, row, effect->number);

    if (!item) {
        return 0;
    }
    if (judge_forgot(j, item->at, effect->at)) {
        return 1;
    }
    return item->kind == HISTORY_ACT && was_not_accepted(j, mapping, item) &&
           (item->op == HISTORY_MAKE || was_exchanged(j, item, effect->number));
}

/* Its own row had that key before. */
static int had_key(judge_t *j, const judge_record_t *page, const judge_record_t *row)
{
    int i;

    for (i = 0; i < j->all->nelts; i++) {
        const judge_record_t *own = APR_ARRAY_IDX(j->all, i, judge_record_t *);

        if (own != row && own->side == row->side && own->place == row->place &&
            judge_share_mark(own, page) &&
            (judge_same(own->id, row->id) || judge_same(own->born, row->id))) {
            return 1;
        }
    }
    return 0;
}

judge_version_t *judge_taken_for(judge_t *j, const history_item_t *effect, judge_record_t *page,
                                 const char *field, const char *member, const char *value)
{
    int m, i;

    for (m = 0; page->side == HISTORY_NOTION && m < j->mappings->nelts; m++) {
        int index = judge_find_field(j, m, HISTORY_NOTION, field);
        const judge_mapping_t *mapping = JUDGE_MAPPING(j, m);
        const judge_field_t *pair = index < 0 ? NULL : &mapping->fields[index];

        for (i = 0; pair && pair->name[HISTORY_EXTERNAL] && i < j->all->nelts; i++) {
            judge_record_t *row = APR_ARRAY_IDX(j->all, i, judge_record_t *);

            if (row->place == mapping->place[HISTORY_EXTERNAL] && row->live &&
                mapping->place[HISTORY_NOTION] == page->place &&
                judge_entries_join(j, m, page, row) && had_key(j, page, row) &&
                came_unseen(j, m, row, effect)) {
                judge_version_t *version =
                    judge_now(judge_cell(j, row, pair->name[HISTORY_EXTERNAL], member));

                if (judge_alike(j, pair, version->value, value)) {
                    return version;
                }
            }
        }
    }
    return NULL;
}
