/* judge_remove.c - may we have made this record, or deleted it? */
#include <string.h>

#include "simulation/judge_impl.h"

void judge_made_by_us(judge_t *j, const history_item_t *effect, judge_record_t *record)
{
    int m, n = 0;

    for (m = 0; m < j->mappings->nelts; m++) {
        judge_record_t *partners[8];

        n += judge_partners(j, m, record, partners, 8);
        if (JUDGE_MAPPING(j, m)->mark < 0) {
            return; /* the links tell at the end */
        }
    }
    if (!n) {
        judge_blame(j, "S6.6", effect->number, "we made a record that has no origin");
    }
}

/* ---- what both sides had surely agreed on (S1) ---- */

/* A field of two records that belong together. */
typedef struct couple_t {
    judge_t *j;
    int mapping, index;
    const judge_field_t *field;
    judge_record_t *record[HISTORY_SIDES];
    const judge_cell_t *cell[HISTORY_SIDES];
    apr_time_t since, until; /* what happened earlier, or later, does not count */
} couple_t;

typedef struct stretch_t {
    apr_time_t from, to;
} stretch_t;

static const judge_stay_t *stay_at(const judge_cell_t *cell, int i)
{
    return &APR_ARRAY_IDX(cell->stays, i, judge_stay_t);
}

/* When the record was deleted after that time; or @a to, if it was not before. */
static apr_time_t gone_after(const judge_record_t *record, apr_time_t from, apr_time_t to)
{
    int i;

    for (i = 0; i < record->deaths->nelts; i++) {
        apr_time_t at = APR_ARRAY_IDX(record->deaths, i, judge_death_t).from;

        if (at > from) {
            return at < to ? at : to;
        }
    }
    return to;
}

/* S5.7: since when the field is in the configuration of @a until; what was agreed on before it was taken out is no base. */
static apr_time_t configured_since(judge_t *j, int mapping, int field, apr_time_t until)
{
    int i, absent = judge_field_at(j, mapping, field, 0) == NULL;
    apr_time_t since = 0;

    for (i = 0; i < j->changes->nelts; i++) {
        const judge_field_change_t *change = &APR_ARRAY_IDX(j->changes, i, judge_field_change_t);

        if (change->mapping == mapping && change->field == field && change->at <= until) {
            since = absent && !change->now.absent ? change->at : since;
            absent = change->now.absent;
        }
    }
    return since;
}

/* ... and since when the state store knows it. */
static apr_time_t remembered_since(judge_t *j, int mapping, int field, apr_time_t until)
{
    apr_time_t configured = configured_since(j, mapping, field, until);
    apr_time_t forgot = judge_forgot_last(j, until);

    return forgot > configured ? forgot : configured;
}

/* When the audit first names them as one record's, by a worker's clock: what both showed before was not compared. 0: it never does. */
static apr_time_t linked_since(const couple_t *c)
{
    apr_time_t first = 0;
    int i;

    for (i = 0; i < c->j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(c->j->entries, i, judge_entry_t);

        if (entry->mapping == c->mapping && (!first || entry->at < first) &&
            judge_same(entry->page, c->record[HISTORY_NOTION]->id) &&
            judge_had_id(c->record[HISTORY_EXTERNAL], entry->key)) {
            first = entry->at;
        }
    }
    return first;
}

/* When the field showed it, and a look at it could tell: not while the fate of a write of ours was unknown (S3.7), nor when the
 * record was gone. */
static stretch_t stretch_of(const couple_t *c, int side, int i)
{
    const judge_cell_t *cell = c->cell[side];
    const judge_stay_t *stay = stay_at(cell, i);
    const history_item_t *item = stay->item >= 0 ? history_item(c->j->history, stay->item) : NULL;
    stretch_t s = { stay->from, c->until };

    if (s.from < c->record[side]->made) {
        s.from = c->record[side]->made;
    }
    s.from = s.from < c->since ? c->since : s.from;
    if (item && item->kind == HISTORY_EFFECT && judge_is_uncertain(c->j, item)) {
        s.from = judge_gap(c->j, item).sent + JUDGE_FATE_WAIT;
    }
    if (i + 1 < cell->stays->nelts && stay_at(cell, i + 1)->from < s.to) {
        s.to = stay_at(cell, i + 1)->from;
    }
    s.to = gone_after(c->record[side], s.from, s.to);
    return s;
}

/* Where several mappings read the same pages, what one of them read of many rows tells nothing of what the others did. */
static int is_sole_reader(judge_t *j, const judge_record_t *page)
{
    int m, n = 0;

    for (m = 0; m < j->mappings->nelts; m++) {
        n += JUDGE_MAPPING(j, m)->place[HISTORY_NOTION] == page->place;
    }
    return n == 1;
}

static int is_read_of(const history_item_t *item, const couple_t *c,
                      const history_item_t *page_read, apr_time_t from)
{
    const judge_record_t *row = c->record[HISTORY_EXTERNAL];

    return item->kind == HISTORY_REQUEST && item->op == HISTORY_ASK_READ &&
           item->side == row->side && (item->place == row->place || c->j->has_pages[row->side]) &&
           item->worker == page_read->worker && item->end == HISTORY_ANSWERED &&
           item->sent >= from && item->answered <= page_read->sent &&
           (item->record ? item->record == row->id || item->record == row->born
                         : is_sole_reader(c->j, c->record[HISTORY_NOTION]));
}

/* We made the row by that request, which reads it back. */
static int is_making(judge_t *j, const history_item_t *request, const judge_record_t *row)
{
    return request->op == HISTORY_ASK_CREATE && row->made_by_us &&
           judge_request(j, history_item(j->history, row->item)) == request;
}

/* The page's row of another mapping: whoever reads, or makes, that and then reads the page does so for that one, and tells the first nothing
 * (seeds 51803, 96709). */
static int is_read_for_another(const history_item_t *item, const couple_t *c,
                               const history_item_t *page_read)
{
    judge_record_t *page = c->record[HISTORY_NOTION], *partners[8];
    int m, i, n;

    if (item->kind != HISTORY_REQUEST || item->side != HISTORY_EXTERNAL ||
        (item->op != HISTORY_ASK_CREATE && (item->op != HISTORY_ASK_READ || !item->record)) ||
        item->worker != page_read->worker || item->answered > page_read->sent) {
        return 0;
    }
    for (m = 0; m < c->j->mappings->nelts; m++) {
        const judge_mapping_t *other = JUDGE_MAPPING(c->j, m);

        n = m != c->mapping && other->place[HISTORY_NOTION] == page->place &&
                    (other->place[HISTORY_EXTERNAL] == item->place ||
                     c->j->has_pages[HISTORY_EXTERNAL])
                ? judge_partners(c->j, m, page, partners, 8)
                : 0;
        for (i = 0; i < n; i++) {
            if (item->op == HISTORY_ASK_CREATE
                    ? is_making(c->j, item, partners[i])
                    : partners[i]->id == item->record || partners[i]->born == item->record) {
                return 1;
            }
        }
    }
    return 0;
}

/* Whoever looks then compares nothing: one of them stands outside the filter (S5.3), or nobody knows yet that they are one record (S5.1). */
static int is_out_of_sync(const couple_t *c, const history_item_t *read)
{
    int s;

    for (s = 0; s < HISTORY_SIDES; s++) {
        if (judge_is_outside(c->j, c->mapping, c->record[s], read->sent, read->answered)) {
            return 1;
        }
    }
    if (judge_was_suspended(c->j, c->mapping, c->index, read->sent)) {
        return 1; /* S5.4 */
    }
    return read->answered + c->j->phases->skew + JUDGE_KEPT_WITHIN < linked_since(c);
}

/* Did one of our processes read the row and after it the page within that time? */
static int were_both_read(const couple_t *c, stretch_t s)
{
    const apr_array_header_t *list =
        apr_hash_get(c->j->page_requests, c->record[HISTORY_NOTION]->id, APR_HASH_KEY_STRING);
    int i, k;

    for (i = 0; list && i < list->nelts; i++) {
        const history_item_t *read = APR_ARRAY_IDX(list, i, const history_item_t *);

        if (read->op != HISTORY_ASK_READ || read->status != 200 || read->sent < s.from ||
            read->answered > s.to || is_out_of_sync(c, read)) {
            continue;
        }
        for (k = read->number - 1; k >= 0 && history_item(c->j->history, k)->at >= s.from; k--) {
            const history_item_t *item = history_item(c->j->history, k);

            if (is_read_of(item, c, read, s.from)) {
                return 1;
            }
            if (is_read_for_another(item, c, read)) {
                break;
            }
        }
    }
    return 0;
}

/* The last value that both sides showed while we looked at both. @return the version on @a side; NULL: none */
static const judge_version_t *seen_agreed(const couple_t *c, int side)
{
    const judge_version_t *agreed = NULL;
    apr_time_t latest = 0;
    int i, k;

    for (i = 0; i < c->cell[0]->stays->nelts; i++) {
        const judge_version_t *notion = stay_at(c->cell[0], i)->version;
        stretch_t s = stretch_of(c, 0, i);

        for (k = 0; k < c->cell[1]->stays->nelts; k++) {
            const judge_version_t *external = stay_at(c->cell[1], k)->version;
            stretch_t e = stretch_of(c, 1, k);
            stretch_t both = { s.from > e.from ? s.from : e.from, s.to < e.to ? s.to : e.to };

            if (both.from < both.to && both.from >= latest &&
                judge_can_be_agreed(c->field, notion->value) &&
                judge_can_be_agreed(c->field, external->value) &&
                judge_alike(c->j, c->field, notion->value, external->value) &&
                were_both_read(c, both)) {
                agreed = side == HISTORY_NOTION ? notion : external;
                latest = both.from;
            }
        }
    }
    return agreed;
}

/* S5.7: we brought it to one of them since that is remembered. */
static int was_brought_since(const couple_t *c, const judge_version_t *version)
{
    int s, i;

    for (s = 0; s < HISTORY_SIDES; s++) {
        for (i = 0; i < c->cell[s]->stays->nelts; i++) {
            const judge_stay_t *stay = stay_at(c->cell[s], i);

            if (stay->version == version && stay->from >= c->since) {
                return 1;
            }
        }
    }
    return 0;
}

typedef struct agreed_t {
    const couple_t *couple;
    const judge_version_t *other, *now;
    int is_same;      /* what may have been agreed on is what is there now */
    int is_uncertain; /* ... and whether it was nobody could tell */
    const judge_version_t *base;
} agreed_t;

/* S3.2: a query may show a page as it was so long before. */
#define QUERY_LAG apr_time_from_sec(30)

/* What we took for the origin's value when we made the copy on side @a s may have been one that the copy cannot hold. */
static int may_have_been_unfit(const couple_t *c, int s)
{
    const judge_cell_t *origin = c->cell[!s];
    apr_time_t made = c->record[s]->made;
    int i;

    for (i = 0; i < origin->stays->nelts; i++) {
        apr_time_t to = i + 1 < origin->stays->nelts ? stay_at(origin, i + 1)->from : made;

        if (stay_at(origin, i)->from <= made && to >= made - QUERY_LAG &&
            !judge_fits(c->field, stay_at(origin, i)->version->value)) {
            return 1;
        }
    }
    return 0;
}

/* It stands in a copy of ours since that was made, in a field that is not ours to fill in there, or that we could not: nobody
 * compared it yet. */
static int was_not_sent(const couple_t *c, const judge_version_t *version)
{
    int s, found = 0;

    for (s = 0; s < HISTORY_SIDES; s++) {
        found |= c->record[s]->made_by_us && stay_at(c->cell[s], 0)->version == version &&
                 stay_at(c->cell[s], 0)->item < 0 &&
                 (!judge_leads_to(c->field, &s) || may_have_been_unfit(c, s) ||
                  judge_was_suspended(c->j, c->mapping, c->index, c->record[s]->made));
    }
    return found;
}

/* The newest that we surely brought from one side to the other. What may have come there is not to differ either; and what is
 * known by way of that only, and was never on both sides, is nothing they agreed on. */
static judge_climb_t look_for_brought(judge_t *j, const judge_version_t *version, void *baton)
{
    agreed_t *agreed = baton;
    const couple_t *c = agreed->couple;

    if (!judge_is_known(j, version, agreed->other)) {
        return JUDGE_ON;
    }
    if (was_not_sent(c, version)) {
        agreed->is_uncertain = 1;
        return JUDGE_ON;
    }
    agreed->is_same |= judge_alike(j, c->field, version->value, agreed->now->value);
    if (judge_came_uncertainly_to(j, c->cell, version)) {
        agreed->is_uncertain = 1;
        return JUDGE_ON;
    }
    if (agreed->is_uncertain &&
        !(judge_was_shown(c->cell[0], version) && judge_was_shown(c->cell[1], version))) {
        return JUDGE_ON;
    }
    if (!agreed->base || version->item > agreed->base->item) {
        agreed->base = version;
    }
    return JUDGE_ABOVE_NOT;
}

/* ---- deletes ---- */

/* Is what the survivor shows another value than what both sides had agreed on? What was never agreed on is a difference, and no
 * edit: of that a person is asked. */
static int is_edit(const couple_t *c, int survivor, const judge_version_t *now,
                   const judge_version_t *then)
{
    agreed_t agreed = { .couple = c, .other = then, .now = now };

    (void)judge_climb(c->j, now, look_for_brought, &agreed);
    if (agreed.is_same) {
        return 0;
    }
    if (agreed.base && !was_brought_since(c, agreed.base)) {
        agreed.base = NULL;
    }
    if (!agreed.base && judge_fits(c->field, then->value)) {
        agreed.base = seen_agreed(c, survivor);
    }
    return agreed.base && !judge_alike(c->j, c->field, agreed.base->value, now->value);
}

/* The last that was given it until then. */
static judge_version_t *given_until(judge_t *j, const judge_cell_t *cell,
                                    const judge_record_t *record, apr_time_t until)
{
    int i = cell->stays->nelts - 1;

    while (i > 0 &&
           (stay_at(cell, i)->from > until || judge_was_converted(j, stay_at(cell, i), record))) {
        i--;
    }
    return stay_at(cell, i)->version;
}

/* S5.4: what people gave it went with its column, or when that got another type: to have edited it saves no record (seed 1899). */
static int went_with_field(judge_t *j, const judge_cell_t *cell, const judge_record_t *record,
                           apr_time_t until)
{
    int i = cell->stays->nelts - 1;

    while (i > 0 && stay_at(cell, i)->from > until) {
        i--;
    }
    return !stay_at(cell, i)->version->value && judge_was_converted(j, stay_at(cell, i), record);
}

/* S5.4: the field was gone, or another, and what is empty in it now is no edit, whoever emptied it. */
static int is_emptied_in_doubt(const couple_t *c, int field, int survivor,
                               const judge_version_t *now, int before)
{
    judge_contest_t contest = {
        c->j, c->mapping, field, { c->cell[0], c->cell[1] }, { c->record[0], c->record[1] }
    };

    return !now->value && judge_doubt(&contest, survivor, before) != JUDGE_NO_DOUBT;
}

/* Did people edit the survivor in a way that its deleted partner never showed? (S2.7) */
static int has_unknown_edit(judge_t *j, int mapping, judge_record_t *survivor, judge_record_t *gone,
                            apr_time_t until, int before)
{
    const judge_mapping_t *m = JUDGE_MAPPING(j, mapping);
    int f, s, other = gone->side;

    for (f = 0; f < m->field_count; f++) {
        const judge_field_t *field = judge_field_at(j, mapping, f, until);
        couple_t c = { .j = j, .mapping = mapping, .index = f, .field = field, .until = until };
        judge_version_t *now, *then;

        if (!field || field->sort == JUDGE_SET || !field->name[other] ||
            !field->name[survivor->side] || !judge_leads_to(field, &other) ||
            judge_was_suspended(j, mapping, f, until)) {
            continue;
        }
        c.since = remembered_since(j, mapping, f, until);
        c.record[survivor->side] = survivor;
        c.record[other] = gone;
        for (s = 0; s < HISTORY_SIDES; s++) {
            c.cell[s] = judge_cell(j, c.record[s], field->name[s], NULL);
        }
        now = given_until(j, c.cell[survivor->side], survivor, until);
        then = judge_now(c.cell[other]);
        if (now->origin == JUDGE_BY_PERSON && !now->lost &&
            !went_with_field(j, c.cell[survivor->side], survivor, until) &&
            !judge_alike(j, field, now->value, then->value) && !judge_may_be_known(j, now, then) &&
            !is_emptied_in_doubt(&c, f, survivor->side, now, before) &&
            is_edit(&c, survivor->side, now, then)) {
            return 1;
        }
    }
    return 0;
}

/* The audit says for which mapping it was done; if it does not, it may have been any. */
static int is_delete_of(judge_t *j, int mapping, const judge_record_t *record)
{
    int i, told = 0;

    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

        if (entry->side == record->side && !strcmp(entry->op, "remove") &&
            JUDGE_MAPPING(j, entry->mapping)->place[record->side] == record->place &&
            judge_same(record->side == HISTORY_NOTION ? entry->page : entry->key, record->id)) {
            if (entry->mapping == mapping) {
                return 1;
            }
            told = 1;
        }
    }
    return !told;
}

/* A person who saw what is left of it said so; a bulk approval names no record. */
static int was_approved(judge_t *j, const history_item_t *effect, const judge_record_t *record)
{
    int i;

    for (i = effect->number - 1; i >= 0; i--) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_OPERATOR && item->op == HISTORY_APPROVE &&
            (!item->record ||
             (judge_same(item->record, record->id) && judge_same(item->note, "delete")))) {
            return 1;
        }
    }
    return 0;
}

/* Its key was changed, once or several times, and nobody could tell us of one of those. */
static int was_moved_unseen(judge_t *j, int mapping, const judge_record_t *row)
{
    int i;

    for (i = 1; row->side == HISTORY_EXTERNAL && i < row->ids->nelts; i++) {
        if (judge_moved_unseen(j, mapping, NULL, APR_ARRAY_IDX(row->ids, i, judge_id_t).id)) {
            return 1;
        }
    }
    return 0;
}

/* Deleted; or under another key that nobody could tell us of. */
static int is_away_to_us(judge_t *j, int mapping, const judge_record_t *partner,
                         const judge_gap_t *gap)
{
    return judge_was_away(partner, gap->read - JUDGE_ON_ITS_WAY, gap->sent) ||
           (partner->born != partner->id && was_moved_unseen(j, mapping, partner));
}

/* Those that belong to it, and rows that may have been taken for one of them (S4.4, seed 431052). */
static int partners_of(judge_t *j, int mapping, const history_item_t *effect,
                       judge_record_t *record, judge_record_t *partners[], int room)
{
    int i, n = judge_partners(j, mapping, record, partners, room);

    for (i = 0; record->side == HISTORY_NOTION && i < j->all->nelts && n < room; i++) {
        judge_record_t *row = APR_ARRAY_IDX(j->all, i, judge_record_t *);

        if (row->side == HISTORY_EXTERNAL && judge_is_taken_for(j, mapping, record, row, effect)) {
            partners[n++] = row;
        }
    }
    return n;
}

void judge_removed_by_us(judge_t *j, const history_item_t *effect, judge_record_t *record)
{
    judge_gap_t gap = judge_gap(j, effect);
    /* a read shows what was there at some time between its sending and its answer */
    apr_time_t from = j->has_pages[record->side] ? gap.read : effect->at;
    apr_time_t to = j->has_pages[record->side] ? gap.heard : effect->at;
    int m, i, n, allowed = 0, unedited = 0;

    for (m = 0; m < j->mappings->nelts; m++) {
        judge_record_t *partners[16];

        n = is_delete_of(j, m, record) ? partners_of(j, m, effect, record, partners, 16) : 0;
        for (i = 0; i < n; i++) {
            if (is_away_to_us(j, m, partners[i], &gap) &&
                JUDGE_MAPPING(j, m)->deletes[record->side] == JUDGE_PROPAGATE) {
                allowed = 1;
                unedited |= !has_unknown_edit(j, m, record, partners[i], from, effect->number) ||
                            !has_unknown_edit(j, m, record, partners[i], to, effect->number);
            }
        }
    }
    j->figures.outcomes++;
    j->figures.certain += allowed;
    if (!allowed && !judge_was_commanded(j, effect, record)) {
        judge_blame(j, "S6.7", effect->number,
                    "we deleted a record whose partner nobody had deleted");
    }
    else if (allowed && !unedited && !was_approved(j, effect, record)) {
        judge_blame(j, "S2.7", effect->number, "we deleted a record that people had edited since");
    }
}
