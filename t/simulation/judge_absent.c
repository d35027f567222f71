/* judge_absent.c - may a record be left out because one side of it was deleted, or is not shown to us? */
#include <string.h>

#include "simulation/judge_plea.h"

int judge_pleads_missing(const plea_t *plea)
{
    const judge_mapping_t *m = JUDGE_MAPPING(plea->j, plea->mapping);
    int i, s;

    for (s = 0; s < HISTORY_SIDES; s++) {
        const judge_record_t *page = judge_record(
            plea->j, s, m->place[s], s == HISTORY_NOTION ? plea->link->page : plea->link->key);

        if (page && (page->hidden || (page->purged && page != plea->record))) {
            return 1;
        }
    }
    for (i = 0; i < history_count(plea->j->history); i++) { /* a whole data source */
        const history_item_t *item = history_item(plea->j->history, i);

        if (item->op == HISTORY_HIDE && !item->record) {
            return 1;
        }
    }
    return 0;
}

int judge_pleads_delete(const plea_t *plea)
{
    return plea->j->phases->store_forgot ||
           judge_was_ever_outside(plea->j, plea->mapping, plea->record, plea->partner) ||
           JUDGE_MAPPING(plea->j, plea->mapping)->deletes[plea->record->side] == JUDGE_DELETES_HOLD;
}

/* S4.2: how many records had both sides at @a at, or were only now deleted on one; and how many of those were. */
static void count_pairs(const plea_t *plea, apr_time_t at, int *all, int *gone)
{
    judge_t *j = plea->j;
    int i, k, n;

    *all = *gone = 0;
    for (i = 0; i < j->all->nelts; i++) {
        judge_record_t *record = APR_ARRAY_IDX(j->all, i, judge_record_t *);
        judge_record_t *partners[8];

        if (record->side != plea->record->side || record->made > at ||
            judge_was_away(record, at, at)) {
            continue;
        }
        n = judge_partners(j, plea->mapping, record, partners, 8);
        for (k = 0; k < n && partners[k]->made > at; k++) {
        }
        *all += k < n;
        *gone += k < n && judge_was_away(partners[k], at, at);
    }
}

/* S4.2: the last one, or more than half of four or more, at the time of the delete. */
static int was_too_much(const plea_t *plea)
{
    const judge_record_t *dead = plea->partner;
    int i, all, gone;

    for (i = 0; dead && i < dead->deaths->nelts; i++) {
        count_pairs(plea, APR_ARRAY_IDX(dead->deaths, i, judge_death_t).from, &all, &gone);
        if (gone && (gone == all || (all >= 4 && 2 * gone > all))) {
            return 1;
        }
    }
    return 0;
}

/* S4.2: as many deletes lie within an hour as the rule lets go by, or so many records that it is half of all. */
int judge_pleads_limit(const plea_t *plea)
{
    judge_t *j = plea->j;
    const judge_mapping_t *m = JUDGE_MAPPING(j, plea->mapping);
    int i, gone = 0, all = 0, live = 0;

    for (i = 0; i < j->all->nelts; i++) {
        const judge_record_t *record = APR_ARRAY_IDX(j->all, i, judge_record_t *);

        if (record->place == m->place[record->side]) {
            gone += record->deaths->nelts;
            live += record->live;
            all++;
        }
    }
    return live <= 2 || gone >= 5 || (gone + 1) * 4 > all || was_too_much(plea);
}

/* S4.4: the record was gone on both sides at one time. What came under its key then is a new one, whatever it looks like, and has a
 * page of its own since. */
static int is_new_under_key(const plea_t *plea, const judge_record_t *row,
                            const judge_record_t *page)
{
    int i, k;

    for (i = 0; page->made_by_us && i < plea->j->all->nelts; i++) {
        const judge_record_t *former = APR_ARRAY_IDX(plea->j->all, i, judge_record_t *);

        if (former->side != row->side || former->place != row->place ||
            !judge_same(former->id, row->id)) {
            continue;
        }
        for (k = 0; k < former->deaths->nelts; k++) {
            const judge_death_t *death = &APR_ARRAY_IDX(former->deaths, k, judge_death_t);

            if (death->from < page->made &&
                judge_was_out_of_sight(plea->j, plea->record, 1, death->from,
                                       death->to ? death->to : page->made)) {
                return 1;
            }
        }
    }
    return 0;
}

/* The key that its row has or had: who left it to another record shows it with a remark on that. */
static const char *key_of(const plea_t *plea)
{
    const char *key = plea->link->key;
    const char *remark = key ? strstr(key, " (replaced, ") : NULL;

    return remark ? apr_pstrmemdup(plea->j->p, key, (apr_size_t)(remark - key)) : key;
}

/* The page of the record that has that row, if it cannot be seen any more. */
static const judge_record_t *unseen_page(const plea_t *plea, const judge_record_t *row)
{
    int i;

    for (i = 0; i < plea->j->links->nelts; i++) {
        const judge_link_t *link = &APR_ARRAY_IDX(plea->j->links, i, judge_link_t);
        const judge_record_t *page;

        if (link->mapping != plea->mapping || link->state != JUDGE_LINK_ACTIVE ||
            !judge_same(link->key, row->id)) {
            continue;
        }
        page =
            judge_record(plea->j, HISTORY_NOTION,
                         JUDGE_MAPPING(plea->j, plea->mapping)->place[HISTORY_NOTION], link->page);
        if (page && (page->purged || page->hidden)) {
            return page;
        }
    }
    return NULL;
}

/* S2.7: under the key that the page's row had is a row with a record of its own; or was, and its delete is held. Of several pages that a
 * person asked back one may have the row (402455). */
static int is_key_taken(const plea_t *plea)
{
    judge_t *j = plea->j;
    const judge_record_t *row =
        plea->record->side == HISTORY_NOTION
            ? judge_record(j, HISTORY_EXTERNAL,
                           JUDGE_MAPPING(j, plea->mapping)->place[HISTORY_EXTERNAL], key_of(plea))
            : NULL;
    const judge_record_t *page = row ? judge_linked(j, plea->mapping, row) : NULL;

    page = row && !page ? unseen_page(plea, row) : page;
    if (!row || (!row->live && (!page || page == plea->record))) {
        return 0;
    }
    if (row->mark && plea->record->mark && !judge_same(row->mark, plea->record->mark)) {
        return 1;
    }
    return row->live && page && page != plea->record &&
           (!row->mark || !plea->record->mark || is_new_under_key(plea, row, page) ||
            judge_was_asked_back(j, plea->mapping, plea->record->id));
}

/* What we delete we keep (S4.3); for another mapping, it is in the change table of a database that may be gone before the mapping sees
 * that (seed 24861). */
static int was_lost(const plea_t *plea, const judge_record_t *row, apr_time_t since)
{
    int last = row->deaths->nelts - 1;
    const judge_death_t *death = last < 0 ? NULL : &APR_ARRAY_IDX(row->deaths, last, judge_death_t);

    return death && death->from >= since &&
           (!death->by_us || judge_slept_through(plea->j, plea->mapping,
                                                 history_item(plea->j->history, death->item)));
}

/* The audit paired the page with that row. */
static int was_its_row(const plea_t *plea, const judge_record_t *row)
{
    int i;

    for (i = 0; i < plea->j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(plea->j->entries, i, judge_entry_t);

        if (entry->mapping == plea->mapping && judge_same(entry->page, plea->record->id) &&
            judge_same(entry->key, row->id) && strcmp(entry->state, "not applied") != 0) {
            return 1;
        }
    }
    return 0;
}

/* No row has that key since a database came in the place of the one in which a row had it. */
static int went_with_database(judge_t *j, const char *table, const char *key)
{
    int i, is_there = 0, is_lost = 0;

    for (i = 0; key && i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind > HISTORY_TRIGGER || item->place != table) {
            continue;
        }
        if (item->op == HISTORY_SWAP) {
            is_lost |= is_there;
            is_there = 0;
        }
        else if ((item->op == HISTORY_MAKE && judge_same(item->record, key)) ||
                 (item->op == HISTORY_REKEY && judge_same(item->after, key))) {
            is_there = 1;
            is_lost = 0;
        }
        else if ((item->op == HISTORY_DELETE || item->op == HISTORY_REKEY) &&
                 judge_same(item->record, key)) {
            is_there = 0;
        }
    }
    return is_lost;
}

/* Its row went; another one may have its mark now, of a copy of the page, or its key. */
int judge_pleads_restore(const plea_t *plea)
{
    const judge_mapping_t *m = JUDGE_MAPPING(plea->j, plea->mapping);
    const char *key = key_of(plea);
    int i;

    for (i = 0; i < plea->j->all->nelts; i++) {
        const judge_record_t *row = APR_ARRAY_IDX(plea->j->all, i, judge_record_t *);

        if (row->side != HISTORY_EXTERNAL || row->place != m->place[HISTORY_EXTERNAL]) {
            continue;
        }
        if ((row == plea->partner ||
             (!row->live && row->mark && judge_same(row->mark, plea->record->mark))) &&
            was_lost(plea, row, 0)) {
            return 1;
        }
        if (was_its_row(plea, row) && was_lost(plea, row, plea->record->made)) {
            return 1;
        }
    }
    return is_key_taken(plea) || went_with_database(plea->j, m->place[HISTORY_EXTERNAL], key) ||
           (key && judge_moved_unseen(plea->j, plea->mapping, key, NULL));
}
