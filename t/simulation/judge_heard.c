/* judge_heard.c - events and listings do what they are for: whatever was announced, and then whatever an incremental listing
 * shows, is dealt with before a full reconciliation finds it (S3.6, S3.9, S3.10).
 *
 * Without this a full reconciliation at the end of each run would heal every notice that was lost on the way.
 */
#include "simulation/judge_impl.h"

#define MINUTE apr_time_from_sec(60)

static int waited(judge_t *j, apr_time_t at, int mapping, const judge_record_t *record)
{
    int i;

    for (i = 0; i < j->waiting->nelts; i++) {
        const judge_waiting_t *w = &APR_ARRAY_IDX(j->waiting, i, judge_waiting_t);

        if (w->at == at && w->mapping == mapping &&
            ((!w->page && !w->key) ||
             (record &&
              judge_same(record->side == HISTORY_NOTION ? w->page : w->key, record->id)))) {
            return 1;
        }
    }
    return 0;
}

/* S3.9: the event was delivered before @a at, too, and is known by its id: what happened after that it does not tell of (seed 49008). */
static int is_repeated(judge_t *j, const history_item_t *notice, apr_time_t at)
{
    int i;

    for (i = 0; notice->before && i < notice->number; i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_NOTICE && item->op == HISTORY_DELIVERED &&
            item->before == notice->before && item->at < at &&
            !judge_forgot(j, item->at, notice->at)) {
            return 1;
        }
    }
    return 0;
}

/* A notice that came from @a at on, for the mappings of that data source, and was not forgotten with the state store. */
static int is_news(judge_t *j, const history_item_t *item, const char *id, const char *place,
                   apr_time_t at)
{
    return item->kind == HISTORY_NOTICE && item->op == HISTORY_DELIVERED && item->record == id &&
           item->at >= at && item->at < j->phases->heard - MINUTE &&
           (!item->place || item->place == place || judge_same(item->note, "page.moved")) &&
           !judge_forgot(j, item->at, j->phases->heard) && !is_repeated(j, item, at);
}

static int was_schema_told(judge_t *j, const char *source, apr_time_t at)
{
    int i;

    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (is_news(j, item, source, source, at) &&
            judge_same(item->note, "data_source.schema_updated")) {
            return 1;
        }
    }
    return 0;
}

/* S3.11: it names properties, and the mapping has none of them: nothing is asked for its sake. */
static int names_others(judge_t *j, int mapping, const history_item_t *notice)
{
    const char *names[16];
    int i, n = judge_members(notice->field, names, 16, j->p);

    for (i = 0; i < n; i++) {
        int index = judge_find_field(j, mapping, notice->side, names[i]);

        if (index >= 0 && judge_field_at(j, mapping, index, notice->at)) {
            return 0;
        }
    }
    return notice->field != NULL;
}

/* Whoever looked for it found nothing, for it, or its data source, was not shared with us then: to share it again is no news, and a full
 * reconciliation sees it (seed 75679). */
static int was_hidden(judge_t *j, const judge_record_t *record, const history_item_t *notice)
{
    int i;

    for (i = notice->number + 1; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->at > j->phases->heard) {
            break;
        }
        if (item->kind == HISTORY_REQUEST && item->op == HISTORY_ASK_READ && item->status == 404 &&
            item->record == record->id && item->sent >= notice->at &&
            judge_was_out_of_sight(j, record, 1, item->sent, item->at)) {
            return 1;
        }
    }
    return 0;
}

/* The table of changes tells of every edit of a row. Of a page an event has to arrive that names what is mapped, or no property. One that names no person tells of what we did ourselves, and not of what a person did meanwhile. */
static int was_announced(judge_t *j, int mapping, const judge_record_t *record, apr_time_t at,
                         int by_person)
{
    int i;

    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (is_news(j, item, record->id, record->place, at) && (item->after || !by_person) &&
            !names_others(j, mapping, item) && !was_hidden(j, record, item)) {
            return 1;
        }
    }
    return !j->has_pages[record->side];
}

/* Not the page was edited, but the list of choices (S5.4). */
static int is_renaming(judge_t *j, const judge_version_t *version)
{
    int i;

    for (i = version->item; i >= 0 && history_item(j->history, i)->at == version->at; i--) {
        const history_item_t *item = history_item(j->history, i);

        if (j->has_pages[version->side] &&
            (item->op == HISTORY_RENAME || item->op == HISTORY_REMOVE_OPTION) &&
            item->field == history_item(j->history, version->item)->field) {
            return 1;
        }
    }
    return 0;
}

/* An edit of that record that should be dealt with by then: no listing shows a choice's new name, and only the event of the schema
 * tells of it. */
static int is_known_by(judge_t *j, int mapping, apr_time_t phase, const judge_record_t *record,
                       const judge_version_t *edit)
{
    const judge_stay_t made = { .version = NULL, .from = edit->at, .item = edit->item };

    if (judge_was_converted(j, &made, record)) {
        return 0; /* what another type makes of a value no listing shows: the run does that looks at all records when it is put right */
    }
    if (is_renaming(j, edit)) {
        return was_schema_told(j, record->place, edit->at);
    }
    return phase == j->phases->listed ||
           was_announced(j, mapping, record, edit->at, edit->origin == JUDGE_BY_PERSON);
}

/* S5.4: they show one choice, the row by its former name, and no event told of the renaming: it was written by what it is. */
static int is_one_choice(judge_t *j, const judge_record_t *page, const char *field,
                         const char *shown, const char *row, apr_time_t until)
{
    int i;

    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->at > until) {
            break;
        }
        if (item->op == HISTORY_RENAME && item->place == page->place &&
            judge_same(item->field, field) && judge_same(item->before, row) &&
            judge_same(item->after, shown) && !was_schema_told(j, page->place, item->at)) {
            return 1;
        }
    }
    return 0;
}

static int is_edit(const judge_version_t *version)
{
    return version->origin == JUDGE_BY_PERSON || version->origin == JUDGE_BY_TRIGGER ||
           version->origin == JUDGE_BY_REWRITE;
}

/* What a copy of a database shows was edited when it was given first, not when the copy came. */
static apr_time_t given_at(const judge_version_t *version)
{
    return version->first ? version->first : version->at;
}

/* We may have looked at a row between these. */
static int was_row_read(judge_t *j, const judge_record_t *row, apr_time_t from, apr_time_t to)
{
    int i;

    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_REQUEST && item->side == HISTORY_EXTERNAL &&
            item->op != HISTORY_ASK_OTHER && item->sent <= to && item->at >= from &&
            (!item->record || judge_had_id(row, item->record))) {
            return 1;
        }
    }
    return 0;
}

static int showed_alike(judge_t *j, const judge_field_t *field, const judge_cell_t *page,
                        const char *value, apr_time_t from, apr_time_t to)
{
    int i;

    for (i = 0; i < page->stays->nelts; i++) {
        const judge_stay_t *stay = &APR_ARRAY_IDX(page->stays, i, judge_stay_t);

        if (stay->from < to && (i + 1 == page->stays->nelts || stay[1].from > from) &&
            judge_alike(j, field, stay->version->value, value)) {
            return 1;
        }
    }
    return 0;
}

/* S3.11: people changed a row and took that back before we looked at it: it is compared with what was agreed, what both sides showed before, and
 * Notion is not asked. So it tells nobody that the page shows another value (seed 24966). */
static int is_taken_back(judge_t *j, const judge_field_t *field, const judge_cell_t *page,
                         const judge_record_t *row, const judge_cell_t *cell,
                         const judge_version_t *edit)
{
    const judge_stay_t *stays = (const judge_stay_t *)cell->stays->elts;
    int i, last;

    for (last = cell->stays->nelts - 1; last > 0 && stays[last].version != edit; last--) {
    }
    for (i = last - 1; i >= 0 && is_edit(stays[i + 1].version); i--) {
        if (judge_alike(j, field, stays[i].version->value, edit->value) &&
            showed_alike(j, field, page, edit->value, stays[i].from, stays[i + 1].from)) {
            return !was_row_read(j, row, stays[i + 1].from, edit->at);
        }
    }
    return 0;
}

static void judge_cells(judge_t *j, apr_time_t at, int mapping, int index, judge_record_t *page,
                        judge_record_t *row)
{
    const judge_field_t *field = judge_field_at(j, mapping, index, j->phases->end);
    judge_cell_t *cells[HISTORY_SIDES];
    judge_version_t *a, *b, *edit;
    int all = at == j->phases->listed;

    if (!field || field->sort == JUDGE_SET || !field->name[0] || !field->name[1] ||
        judge_field_at(j, mapping, index, at - apr_time_from_sec(3600)) == NULL) {
        return;
    }
    cells[HISTORY_NOTION] = judge_cell(j, page, field->name[HISTORY_NOTION], NULL);
    cells[HISTORY_EXTERNAL] = judge_cell(j, row, field->name[HISTORY_EXTERNAL], NULL);
    a = judge_then(cells[HISTORY_NOTION], at);
    b = judge_then(cells[HISTORY_EXTERNAL], at);
    if (judge_alike(j, field, a->value, b->value)) {
        return;
    }
    /* What happened while the page was not shared with us is seen by a full reconciliation: to share it again is no edit.
     * Differences that are still there at the end have been judged, or have their reason. */
    if (!judge_alike(j, field, judge_now(cells[HISTORY_NOTION])->value,
                     judge_now(cells[HISTORY_EXTERNAL])->value)) {
        return;
    }
    if (!is_edit(a) &&
        is_one_choice(j, page, field->name[HISTORY_NOTION], a->value, b->value, at)) {
        return;
    }
    edit = is_edit(a) && (!is_edit(b) || given_at(a) > given_at(b)) ? a : b;
    if (edit == b && is_edit(a) && !all &&
        is_taken_back(j, field, cells[HISTORY_NOTION], row, cells[HISTORY_EXTERNAL], b)) {
        edit = a;
    }
    if (is_edit(edit) && edit->at > page->shown && edit->at > row->shown &&
        is_known_by(j, mapping, at, edit == a ? page : row, edit)) {
        judge_blame(j, all ? "S3.10" : "S3.6", edit->item,
                    "%s of %s and %s was still different when %s", field->name[0], page->id,
                    row->id,
                    all ? "an incremental reconciliation had ended"
                        : "all that was announced had been heard");
    }
}

static int was_there(const judge_record_t *record, apr_time_t at)
{
    return record->made <= at && !judge_was_away(record, at, at);
}

/* What was told of it before it went away and came back tells nobody that it is there. */
static apr_time_t is_there_since(const judge_record_t *record)
{
    int n = record->deaths->nelts;

    return n ? APR_ARRAY_IDX(record->deaths, n - 1, judge_death_t).to : record->made;
}

static void judge_at(judge_t *j, apr_time_t at, int mapping)
{
    const judge_mapping_t *m = JUDGE_MAPPING(j, mapping);
    int all = at == j->phases->listed;
    int i, f;

    for (i = 0; i < j->all->nelts; i++) {
        judge_record_t *record = APR_ARRAY_IDX(j->all, i, judge_record_t *);
        judge_record_t *partner;

        if (record->place != m->place[record->side] || !record->live || record->hidden ||
            !was_there(record, at) || (partner = judge_linked(j, mapping, record)) == NULL ||
            waited(j, at, mapping, record) || waited(j, at, mapping, partner) ||
            judge_was_ever_outside(j, mapping, record, partner)) {
            continue;
        }
        if (partner->made > at) {
            /* One that went and came back after that may have had another partner then. An event of ours is dropped unread (S3.9), also
             * by who does not know any more that the page had been linked. */
            if (partner->made_by_us && record->made >= record->shown &&
                is_there_since(record) <= at &&
                (all || was_announced(j, mapping, record, is_there_since(record),
                                      j->has_pages[record->side] && j->phases->store_forgot))) {
                judge_blame(j, all ? "S3.10" : "S3.6", record->item,
                            "%s had no partner yet when %s", record->id,
                            all ? "an incremental reconciliation had ended"
                                : "all that was announced had been heard");
            }
        }
        else if (record->side == HISTORY_NOTION && was_there(partner, at)) {
            for (f = 0; f < m->field_count; f++) {
                judge_cells(j, at, mapping, f, record, partner);
            }
        }
    }
}

void judge_heard(judge_t *j)
{
    int m;

    if (!j->phases->heard || !j->phases->listed) {
        return;
    }
    for (m = 0; m < j->mappings->nelts; m++) {
        if (!judge_is_stopped(j, m)) {
            if (!waited(j, j->phases->heard, m, NULL)) {
                judge_at(j, j->phases->heard, m);
            }
            if (!waited(j, j->phases->listed, m, NULL)) {
                judge_at(j, j->phases->listed, m);
            }
        }
    }
}
