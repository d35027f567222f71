/* judge_end.c - both sides, when everybody has come to rest (S6.1). */
#include <string.h>

#include "simulation/judge_impl.h"

/* ---- is the history complete? ---- */

/* By what any of the mappings makes of the field. */
static int agrees(judge_t *j, judge_record_t *record, const judge_shown_t *shown)
{
    int m, known = 0;

    for (m = 0; m < j->mappings->nelts; m++) {
        int index = judge_find_field(j, m, shown->side, shown->field);
        const judge_field_t *field = index < 0 ? NULL : &JUDGE_MAPPING(j, m)->fields[index];

        if (!field || field->sort == JUDGE_SET ||
            JUDGE_MAPPING(j, m)->place[shown->side] != shown->place) {
            continue;
        }
        known = 1;
        if (judge_alike(j, field, judge_whole(j, field, shown->value),
                        judge_now(judge_cell(j, record, shown->field, NULL))->value)) {
            return 1;
        }
    }
    return !known;
}

static void compare_shown(judge_t *j)
{
    apr_hash_t *seen = apr_hash_make(j->p);
    int i;

    for (i = 0; i < j->shown->nelts; i++) {
        const judge_shown_t *shown = &APR_ARRAY_IDX(j->shown, i, judge_shown_t);
        judge_record_t *record = judge_record(j, shown->side, shown->place, shown->record);

        if (!record || !record->live) {
            judge_blame(j, "history", -1, "%s is there, and the history does not know it",
                        shown->record);
            continue;
        }
        apr_hash_set(seen, &record->item, sizeof(record->item), record);
        if (shown->field && !agrees(j, record, shown)) {
            judge_blame(j, "history", -1, "%s.%s is '%s', the history says '%s'", shown->record,
                        shown->field, shown->value ? shown->value : "null",
                        judge_now(judge_cell(j, record, shown->field, NULL))->value);
        }
    }
    for (i = 0; j->shown->nelts && i < j->all->nelts; i++) {
        const judge_record_t *record = APR_ARRAY_IDX(j->all, i, judge_record_t *);

        if (record->live && !record->hidden &&
            !apr_hash_get(seen, &record->item, sizeof(record->item))) {
            judge_blame(j, "history", -1, "%s should be there", record->id);
        }
    }
}

/* ---- one pair ---- */

const judge_link_t *judge_link_of(judge_t *j, int mapping, const judge_record_t *record)
{
    const judge_link_t *found = NULL;
    int i;

    for (i = 0; i < j->links->nelts; i++) {
        const judge_link_t *link = &APR_ARRAY_IDX(j->links, i, judge_link_t);

        if (link->mapping == mapping &&
            judge_same(record->side == HISTORY_NOTION ? link->page : link->key, record->id) &&
            (!found || found->state == JUDGE_LINK_TOMBSTONE)) {
            found = link;
        }
    }
    return found;
}

static int excused(judge_t *j, int mapping, judge_record_t *record, judge_record_t *partner,
                   int field)
{
    const judge_link_t *link = judge_link_of(j, mapping, record);

    if (!link && partner) {
        link = judge_link_of(j, mapping, partner);
    }
    if (!link || !judge_is_excused(j, link, record, partner, field)) {
        return 0;
    }
    j->figures.excluded++;
    return 1;
}

static const char *trouble_words(judge_t *j, int mapping, const judge_record_t *record)
{
    const judge_link_t *link = judge_link_of(j, mapping, record);

    if (!link) {
        return "no link";
    }
    return apr_psprintf(
        j->p, "link %" APR_INT64_T_FMT " state %d%s%s%s", link->id, link->state,
        link->trouble ? ", in trouble: " : "", link->trouble && link->code ? link->code : "",
        link->trouble && link->what ? apr_pstrcat(j->p, " ", link->what, NULL) : "");
}

static void compare_cells(judge_t *j, int mapping, int index, const char *member,
                          judge_record_t *page, judge_record_t *row)
{
    const judge_field_t *field = judge_field_at(j, mapping, index, j->phases->end);
    judge_version_t *a = judge_now(judge_cell(j, page, field->name[HISTORY_NOTION], member));
    judge_version_t *b = judge_now(judge_cell(j, row, field->name[HISTORY_EXTERNAL], member));

    j->figures.outcomes++;
    j->figures.certain++; /* equal, or a reason: nothing else is allowed here */
    if ((member ? judge_same(a->value, b->value) : judge_alike(j, field, a->value, b->value)) ||
        excused(j, mapping, page, row, index)) {
        return;
    }
    judge_blame(j, "S6.1", a->at > b->at ? a->item : b->item,
                "%s%s%s of %s and %s differ: '%s' and '%s' (%s)", field->name[HISTORY_NOTION],
                member ? ", member " : "", member ? member : "", page->id, row->id,
                a->value ? a->value : "null", b->value ? b->value : "null",
                trouble_words(j, mapping, page));
}

static void compare_members(judge_t *j, int mapping, int index, judge_record_t *page,
                            judge_record_t *row)
{
    const judge_field_t *field = judge_field_at(j, mapping, index, j->phases->end);
    judge_record_t *both[2];
    int i;

    both[0] = page;
    both[1] = row;
    for (i = 0; i < 2; i++) {
        apr_hash_index_t *at;
        const char *name = field->name[both[i]->side];
        apr_size_t length = strlen(name);

        for (at = apr_hash_first(j->p, both[i]->cells); at; at = apr_hash_next(at)) {
            const char *cell = apr_hash_this_key(at);

            if (!strncmp(cell, name, length) && cell[length] == HISTORY_MEMBER[0]) {
                compare_cells(j, mapping, index, cell + length + 1, page, row);
            }
        }
    }
}

static void compare_pair(judge_t *j, int mapping, judge_record_t *page, judge_record_t *row)
{
    const judge_mapping_t *m = JUDGE_MAPPING(j, mapping);
    int f;

    if (page->mark && row->mark && !judge_share_mark(page, row)) {
        const history_item_t *last = history_item(j->history, history_count(j->history) - 1);

        if (judge_is_paired_by_key(j, mapping, page, row) ||
            (judge_is_taken_for(j, mapping, page, row, last) &&
             excused(j, mapping, page, row, m->mark))) {
            return;
        }
        judge_blame(j, "S6.6", -1, "%s and %s are linked, and are different records", page->id,
                    row->id);
        return;
    }
    for (f = 0; f < m->field_count; f++) {
        const judge_field_t *field = judge_field_at(j, mapping, f, j->phases->end);

        if (!field || !field->name[0] || !field->name[1]) {
            continue;
        }
        if (field->sort == JUDGE_SET) {
            compare_members(j, mapping, f, page, row);
        }
        else {
            compare_cells(j, mapping, f, NULL, page, row);
        }
    }
}

/* ---- who belongs to whom ---- */

judge_record_t *judge_linked(judge_t *j, int mapping, const judge_record_t *record)
{
    const judge_mapping_t *m = JUDGE_MAPPING(j, mapping);
    int i, other = !record->side;

    for (i = 0; i < j->links->nelts; i++) {
        const judge_link_t *link = &APR_ARRAY_IDX(j->links, i, judge_link_t);
        judge_record_t *partner;

        if (link->mapping != mapping || link->state == JUDGE_LINK_TOMBSTONE ||
            !judge_same(record->side == HISTORY_NOTION ? link->page : link->key, record->id)) {
            continue;
        }
        partner = judge_record(j, other, m->place[other],
                               other == HISTORY_NOTION ? link->page : link->key);
        if (partner && partner->live) {
            return partner;
        }
    }
    return NULL;
}

/* A row that came back has two pages that are gone, if the former was trashed for its sake: that of its link counts. */
static judge_record_t *gone_partner(judge_t *j, int mapping, const judge_record_t *record)
{
    const judge_link_t *link = judge_link_of(j, mapping, record);
    judge_record_t *partners[8], *gone = NULL;
    int i, n = judge_partners(j, mapping, record, partners, 8);

    for (i = 0; i < n; i++) {
        if (partners[i]->live) {
            continue;
        }
        if (link && judge_same(partners[i]->side == HISTORY_NOTION ? link->page : link->key,
                               partners[i]->id)) {
            return partners[i];
        }
        gone = gone ? gone : partners[i];
    }
    return gone;
}

/* The audit has a delete of that page, or of its row. */
static int is_remove_told(judge_t *j, int mapping, const judge_record_t *page)
{
    int i;

    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

        if (entry->mapping == mapping && judge_same(entry->page, page->id) &&
            judge_same(entry->op, "remove") && judge_same(entry->state, "applied")) {
            return 1;
        }
    }
    return 0;
}

/* A page that was in the trash when its row went, and came back before we looked, looks as if it had never been away. So does a row that was
 * not in the database of then when its page went (85485), or that we brought back for an edit of its page before we saw that this had gone
 * (31616). An older copy of the state store that came meanwhile, and does not know of the delete, knows of no look either (99582). */
static int came_back_unseen(judge_t *j, int mapping, const judge_record_t *record,
                            const judge_record_t *gone, const judge_death_t *of_gone)
{
    const judge_record_t *page = j->has_pages[record->side] ? record : gone;
    const apr_array_header_t *reads = apr_hash_get(j->page_requests, page->id, APR_HASH_KEY_STRING);
    apr_time_t back = 0;
    int i;

    for (i = 0; i < record->deaths->nelts; i++) {
        const judge_death_t *death = &APR_ARRAY_IDX(record->deaths, i, judge_death_t);

        back = death->from <= of_gone->from && death->to > of_gone->from ? death->to : back;
    }
    for (i = 0; reads && i < reads->nelts; i++) {
        const history_item_t *read = APR_ARRAY_IDX(reads, i, const history_item_t *);

        if (read->op == HISTORY_ASK_READ && read->sent >= of_gone->from && read->answered <= back &&
            (!judge_went_back(j, read->answered, back) || is_remove_told(j, mapping, page))) {
            return 0;
        }
    }
    return back && judge_was_away(gone, back, back);
}

/* NotionSyncDeletes says ignore: the record was deleted there, by people or for another mapping, while the other side still had it.
 * One of the two may be unknown. */
static int was_delete_ignored(judge_t *j, int mapping, const judge_record_t *gone,
                              const judge_record_t *other)
{
    int i, to = gone ? !gone->side : other->side;

    if (JUDGE_MAPPING(j, mapping)->deletes[to] != JUDGE_DELETES_IGNORE) {
        return 0;
    }
    for (i = 0; gone && i < gone->deaths->nelts; i++) {
        const judge_death_t *death = &APR_ARRAY_IDX(gone->deaths, i, judge_death_t);

        if (!other || !judge_was_away(other, death->from, death->from) ||
            came_back_unseen(j, mapping, other, gone, death)) {
            return 1;
        }
    }
    return !gone;
}

/* From then on the record is not synced, whatever becomes of it, until a person says otherwise. */
static int is_left_alone(judge_t *j, int mapping, const judge_record_t *record,
                         const judge_record_t *partner)
{
    const judge_link_t *link = judge_link_of(j, mapping, record);

    if (!link || link->state != JUDGE_LINK_IGNORED) {
        return 0;
    }
    return judge_was_taken_back(j, link) ||
           (partner && was_delete_ignored(j, mapping, record, partner)) ||
           was_delete_ignored(j, mapping, partner, record);
}

static void judge_record_end(judge_t *j, int mapping, judge_record_t *record)
{
    const judge_mapping_t *m = JUDGE_MAPPING(j, mapping);
    judge_record_t *partner;

    if (record->place != m->place[record->side] || !record->live || record->hidden) {
        return;
    }
    partner = judge_linked(j, mapping, record);
    if (judge_is_outside(j, mapping, record, j->phases->end, j->phases->end)) {
        return; /* S5.3: nothing is asked of it */
    }
    if (partner && partner->hidden) {
        if (!is_left_alone(j, mapping, record, partner) &&
            !judge_was_ever_outside(j, mapping, record, partner) && /* S5.3: it may sleep */
            !excused(j, mapping, record, partner, -1)) {
            judge_blame(j, "S4.1", -1, "the page of %s is not shown to us, and nobody is told (%s)",
                        record->id, trouble_words(j, mapping, record));
        }
        return;
    }
    if (partner) {
        if (record->side == HISTORY_NOTION && !is_left_alone(j, mapping, record, partner) &&
            !judge_is_outside(j, mapping, partner, j->phases->end, j->phases->end) &&
            !is_left_alone(j, mapping, partner, record)) {
            compare_pair(j, mapping, record, partner);
        }
        return;
    }
    j->figures.outcomes++;
    j->figures.certain++;
    partner = gone_partner(j, mapping, record);
    if (is_left_alone(j, mapping, record, partner) || excused(j, mapping, record, partner, -1)) {
        return;
    }
    judge_blame(j, "S6.1", record->item, "%s is on one side only (%s)", record->id,
                trouble_words(j, mapping, record));
}

static int happened(judge_t *j, history_op_t op)
{
    int i;

    for (i = 0; i < history_count(j->history); i++) {
        if (history_item(j->history, i)->op == op) {
            return 1;
        }
    }
    return 0;
}

/* S5.4: without the field of its filter nobody knows which records it covers; people gave up on putting that right. */
static int is_filter_field_lost(judge_t *j, const judge_stop_t *stop)
{
    const judge_mapping_t *m = JUDGE_MAPPING(j, stop->mapping);

    return stop->code && !strncmp(stop->code, "filter.", 7) && m->filter_sides &&
           !judge_field_at(j, stop->mapping, m->filter_field, j->phases->end);
}

/* A mapping that stands still needs a reason, as a record does. */
static void judge_stops(judge_t *j)
{
    int i;

    for (i = 0; i < j->stops->nelts; i++) {
        const judge_stop_t *stop = &APR_ARRAY_IDX(j->stops, i, judge_stop_t);
        int forgot = j->phases->store_forgot || happened(j, HISTORY_SWAP);
        int reason = 0;

        if (!strcmp(stop->state, "paused")) {
            reason = happened(j, HISTORY_PAUSE);
        }
        else if (!strcmp(stop->state, "waiting")) {
            reason = forgot || JUDGE_MAPPING(j, stop->mapping)->mark < 0;
        }
        else if (!strcmp(stop->state, "blocked")) {
            reason =
                forgot || happened(j, HISTORY_HIDE) || happened(j, HISTORY_RENAME) ||
                happened(j, HISTORY_CONFIGURE) ||
                (judge_same(stop->code, "filter.choice") && judge_lacks_choice(j, stop->mapping)) ||
                is_filter_field_lost(j, stop);
        }
        if (!reason) {
            judge_blame(j, "S6.1", -1, "mapping %s is %s without a reason (%s)",
                        JUDGE_MAPPING(j, stop->mapping)->name, stop->state,
                        stop->code ? stop->code : "none told");
        }
    }
}

int judge_is_stopped(judge_t *j, int mapping)
{
    int i;

    for (i = 0; i < j->stops->nelts; i++) {
        if (APR_ARRAY_IDX(j->stops, i, judge_stop_t).mapping == mapping) {
            return 1;
        }
    }
    return 0;
}

/* S3.7: of every write it is known in the end what became of it. */
static void judge_intents(judge_t *j)
{
    int i;

    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);
        int k, excused_by = 0;

        if (strcmp(entry->state, "pending") != 0 || judge_is_stopped(j, entry->mapping)) {
            continue;
        }
        for (k = 0; k < j->links->nelts; k++) {
            const judge_link_t *link = &APR_ARRAY_IDX(j->links, k, judge_link_t);

            excused_by |= link->id == entry->link && link->trouble;
        }
        if (!excused_by) {
            judge_blame(j, "S3.7", -1, "intent %" APR_INT64_T_FMT " (%s) has no end", entry->id,
                        entry->op);
        }
    }
}

void judge_end(judge_t *j)
{
    int m, i;

    compare_shown(j);
    judge_stops(j);
    judge_intents(j);
    for (m = 0; m < j->mappings->nelts; m++) {
        if (JUDGE_MAPPING(j, m)->mark >= 0 && !j->phases->store_forgot) {
            judge_doubles(j, m);
        }
        for (i = 0; !judge_is_stopped(j, m) && i < j->all->nelts; i++) {
            judge_record_end(j, m, APR_ARRAY_IDX(j->all, i, judge_record_t *));
        }
    }
}
