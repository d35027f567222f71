/* judge_doubles.c - of a record that people made once there is never more than one on a side (S6.6). */
#include <string.h>

#include "simulation/judge_impl.h"

int judge_was_taken_back(judge_t *j, const judge_link_t *link)
{
    int i;

    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

        if (entry->undoes && entry->mapping == link->mapping && entry->link == link->id &&
            !strcmp(entry->op, "remove") && !strcmp(entry->state, "applied")) {
            return 1;
        }
    }
    return 0;
}

/* Its partner was deleted, and the mapping ignores that, or a person had it deleted: the partner is another record's from then on, also if
 * another mapping brings it back (S4.4). */
static int was_let_go(judge_t *j, int mapping, const judge_record_t *record)
{
    const judge_link_t *link = judge_link_of(j, mapping, record);
    judge_record_t *partners[8];
    int i, n;

    if (!link || link->state != JUDGE_LINK_IGNORED ||
        (JUDGE_MAPPING(j, mapping)->deletes[record->side] != JUDGE_DELETES_IGNORE &&
         !judge_was_taken_back(j, link))) {
        return 0;
    }
    n = judge_partners(j, mapping, record, partners, 8);
    for (i = 0; i < n && !partners[i]->deaths->nelts; i++) {
    }
    return i < n;
}

/* S4.4: that row is what a person had another mapping make of its own page; it got a key of its own. */
static int was_made_elsewhere(judge_t *j, int mapping, const judge_record_t *row)
{
    int i;

    for (i = 0; row->made_by_us && i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

        if (entry->mapping != mapping && entry->side == HISTORY_EXTERNAL &&
            !strcmp(entry->op, "create") && !strcmp(entry->state, "applied") &&
            judge_same(entry->key, row->born)) {
            return 1;
        }
    }
    return 0;
}

/* Its row is gone, and a person has been asked what is to become of the page (S4.2, S2.7): to its mapping a row that another one makes
 * meanwhile is a new record, with a page of its own. */
static int waits_beside_new(judge_t *j, int mapping, const judge_record_t *page,
                            const apr_array_header_t *same)
{
    const judge_link_t *link = judge_link_of(j, mapping, page);
    const judge_record_t *row;
    int i;

    if (page->side != HISTORY_NOTION || !link || link->state != JUDGE_LINK_ACTIVE ||
        link->trouble != 2 /* held */ || !link->key) {
        return 0;
    }
    row = judge_record(j, HISTORY_EXTERNAL, JUDGE_MAPPING(j, mapping)->place[HISTORY_EXTERNAL],
                       link->key);
    if (!row || row->live || !judge_same(row->mark, page->mark)) {
        return 0;
    }
    for (i = 0; i < same->nelts; i++) {
        const judge_record_t *other = APR_ARRAY_IDX(same, i, judge_record_t *);

        if (other->side == row->side && other->place == row->place && other->live &&
            other->order > row->order && was_made_elsewhere(j, mapping, other)) {
            return 1;
        }
    }
    return 0;
}

int judge_was_asked_back(judge_t *j, int mapping, const char *page)
{
    int i;

    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

        if (entry->undoes && entry->mapping == mapping && entry->side == HISTORY_NOTION &&
            !strcmp(entry->op, "restore") && !strcmp(entry->state, "applied") &&
            judge_same(entry->page, page)) {
            return 1;
        }
    }
    return 0;
}

/* S4.4: its row was gone, and the page with it, when there was a row under that key again: to this mapping a new record, whatever another one
 * takes it for that still asks a person about the former. Then people took the page out of the trash (90339). */
static int was_brought_out(judge_t *j, int mapping, const judge_record_t *page, const char *key)
{
    const judge_death_t *away =
        page->deaths->nelts ? &APR_ARRAY_IDX(page->deaths, page->deaths->nelts - 1, judge_death_t)
                            : NULL;
    const judge_record_t *row =
        key ? judge_record(j, HISTORY_EXTERNAL, JUDGE_MAPPING(j, mapping)->place[HISTORY_EXTERNAL],
                           key)
            : NULL;
    int i;

    if (!row || !away || !away->by_us || away->to == page->restored) {
        return 0;
    }
    for (i = 0; i < row->deaths->nelts; i++) {
        const judge_death_t *gone = &APR_ARRAY_IDX(row->deaths, i, judge_death_t);

        if (gone->from < away->from && gone->to > away->from) {
            return 1;
        }
    }
    return 0;
}

/* Its row is another record's by now, and the person is asked; for the page is there because a person had that asked for (seed 7310), or took
 * it out of the trash. */
static int waits_beside_heir(judge_t *j, int mapping, const judge_record_t *page)
{
    const judge_link_t *link = judge_link_of(j, mapping, page);

    return page->side == HISTORY_NOTION && link && link->trouble == 2 /* held */ &&
           judge_same(link->code, "held.restore") &&
           (judge_was_asked_back(j, mapping, page->id) ||
            was_brought_out(j, mapping, page, link->key));
}

/* S4.4: how often the row went, which the mapping ignores, and came back: as another record. */
static int came_as_new(judge_t *j, int mapping, const judge_record_t *row)
{
    const judge_mapping_t *m = JUDGE_MAPPING(j, mapping);
    int i, times = 0;

    for (i = 0; row->place == m->place[HISTORY_EXTERNAL] &&
                m->deletes[HISTORY_NOTION] == JUDGE_DELETES_IGNORE && i < row->deaths->nelts;
         i++) {
        const judge_death_t *death = &APR_ARRAY_IDX(row->deaths, i, judge_death_t);

        times += death->to > death->from;
    }
    return times;
}

/* S3.7: nobody knew what became of its create, and when it was looked for it was in no listing, in the trash or moved; so another one was
 * made. */
static int was_lost_sight_of(judge_t *j, const judge_record_t *page, const apr_array_header_t *same)
{
    int i;

    if (!j->has_pages[page->side] || !page->made_by_us ||
        !judge_is_uncertain(j, history_item(j->history, page->item))) {
        return 0;
    }
    for (i = 0; i < same->nelts; i++) {
        const judge_record_t *second = APR_ARRAY_IDX(same, i, judge_record_t *);

        if (second->order > page->order && second->place == page->place && second->made_by_us &&
            judge_was_out_of_sight(j, page, 0, page->made, second->made)) {
            return 1;
        }
    }
    return 0;
}

/* S4.4: its key was free again, for the row of its mark that had it has another one since. */
static int has_freed_key(const judge_record_t *row, const apr_array_header_t *same)
{
    int i;

    for (i = 0; i < same->nelts; i++) {
        const judge_record_t *other = APR_ARRAY_IDX(same, i, judge_record_t *);

        if (other->side == row->side && other->place == row->place && other->order < row->order &&
            judge_had_id(other, row->born) && !judge_same(other->id, row->born)) {
            return 1;
        }
    }
    return 0;
}

/* Then the row of such a page comes back under it: each of both is a record (402455). */
static int came_back_beside(judge_t *j, const judge_record_t *row, const apr_array_header_t *same)
{
    int i;

    if (row->side != HISTORY_EXTERNAL || !row->made_by_us || !has_freed_key(row, same)) {
        return 0;
    }
    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

        if (entry->side == HISTORY_EXTERNAL && !strcmp(entry->op, "restore") &&
            !strcmp(entry->state, "applied") && judge_same(entry->key, row->born) &&
            JUDGE_MAPPING(j, entry->mapping)->place[HISTORY_EXTERNAL] == row->place &&
            entry->at > row->made - JUDGE_TOLD_WITHIN - j->phases->skew &&
            entry->at < row->made + JUDGE_TOLD_WITHIN + j->phases->skew &&
            judge_was_asked_back(j, entry->mapping, entry->page)) {
            return 1;
        }
    }
    return 0;
}

/* To a mapping of its table the row is a new record, and has one more page in the data source (seed 4411: of another table's mapping). */
static int became_new(judge_t *j, int mapping, const judge_record_t *row)
{
    int m;

    for (m = 0; row->side == HISTORY_EXTERNAL && m < j->mappings->nelts; m++) {
        if (JUDGE_MAPPING(j, m)->place[HISTORY_EXTERNAL] == row->place &&
            JUDGE_MAPPING(j, m)->place[HISTORY_NOTION] ==
                JUDGE_MAPPING(j, mapping)->place[HISTORY_NOTION] &&
            judge_moved_unseen(j, m, NULL, row->id)) {
            return 1;
        }
    }
    return 0;
}

/* What people did make of it. What another mapping brings counts. */
static int by_people(judge_t *j, int mapping, const judge_record_t *record)
{
    /* A row that was replaced, and came with the mark, is one made by people. */
    return (!record->made_by_us || record->mark != APR_ARRAY_IDX(record->marks, 0, const char *)) +
           became_new(j, mapping, record);
}

/* How often the rules let it be made again. */
static int made_again(judge_t *j, const judge_record_t *record, const apr_array_header_t *same)
{
    int m, again = was_lost_sight_of(j, record, same) + came_back_beside(j, record, same);

    for (m = 0; m < j->mappings->nelts; m++) {
        again += came_as_new(j, m, record);
    }
    return again;
}

static int judge_mark(judge_t *j, int mapping, const char *mark)
{
    const judge_mapping_t *m = JUDGE_MAPPING(j, mapping);
    const apr_array_header_t *same = apr_hash_get(j->marks, mark, APR_HASH_KEY_STRING);
    int made[HISTORY_SIDES] = { 0, 0 }, live[HISTORY_SIDES] = { 0, 0 }, again = 0, all, k;

    for (k = 0; k < same->nelts; k++) {
        const judge_record_t *record = APR_ARRAY_IDX(same, k, judge_record_t *);

        made[record->side] += by_people(j, mapping, record);
        again += made_again(j, record, same);
        live[record->side] +=
            record->live && !record->hidden && record->mark == mark &&
            record->place == m->place[record->side] && !was_let_go(j, mapping, record) &&
            !waits_beside_new(j, mapping, record, same) && !waits_beside_heir(j, mapping, record);
    }
    all = made[0] + made[1];
    if (m->matches && j->mappings->nelts == 1) {
        all = made[0] > made[1] ? made[0] : made[1];
    }
    all += again;
    if (live[0] > all || live[1] > all) {
        judge_blame(j, "S6.6", -1, "people made %d of '%s', there are %d pages and %d rows", all,
                    mark, live[0], live[1]);
        return 1;
    }
    return 0;
}

void judge_doubles(judge_t *j, int mapping)
{
    int i;

    for (i = 0; i < j->all->nelts; i++) {
        const judge_record_t *first = APR_ARRAY_IDX(j->all, i, judge_record_t *);

        if (first->mark && judge_mark(j, mapping, first->mark)) {
            return;
        }
    }
}
