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

/* The entry of the restore that @a make tells of; NULL: unknown. */
static const judge_entry_t *restoring(judge_t *j, const history_item_t *make)
{
    const judge_entry_t *best = NULL;
    apr_interval_time_t least = JUDGE_TOLD_WITHIN + j->phases->skew;
    int i;

    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);
        apr_interval_time_t apart =
            entry->at < make->at ? make->at - entry->at : entry->at - make->at;

        if (apart < least && entry->side == make->side && !strcmp(entry->op, "restore") &&
            JUDGE_MAPPING(j, entry->mapping)->place[make->side] == make->place &&
            judge_same(entry->key, make->record)) {
            best = entry;
            least = apart;
        }
    }
    return best;
}

/* When a row was last given by hand the key that @a make brings back; 0: never. */
static apr_time_t was_rekeyed(judge_t *j, const history_item_t *make)
{
    int i;

    for (i = make->number - 1; i >= 0; i--) {
        const history_item_t *item = history_item(j->history, i);

        if (item->op == HISTORY_REKEY && item->place == make->place &&
            judge_same(item->after, make->record)) {
            return item->at;
        }
    }
    return 0;
}

/* When the mapping that restores a row began to take the row of its key for another record's, for which it made a page; 0: never. What
 * it made before the row came to that key was for the one that had it then (19903). */
static apr_time_t was_another_from(judge_t *j, const judge_entry_t *restore,
                                   const history_item_t *make)
{
    const char *place = JUDGE_MAPPING(j, restore->mapping)->place[HISTORY_NOTION];
    const judge_record_t *page = judge_record(j, HISTORY_NOTION, place, restore->page);
    apr_time_t since = was_rekeyed(j, make);
    apr_time_t from = 0;
    int i;

    for (i = 0; page && i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);
        const judge_record_t *made =
            entry->mapping == restore->mapping && entry->side == HISTORY_NOTION &&
                    !strcmp(entry->op, "create") && judge_same(entry->key, restore->key)
                ? judge_record(j, HISTORY_NOTION, place, entry->page)
                : NULL;

        if (made && made != page && made->made > page->made && made->made >= since &&
            (!from || made->made < from)) {
            from = made->made;
        }
    }
    return from;
}

/* When it died last before @a at; 0: it did not. */
static apr_time_t died_before(const judge_record_t *record, apr_time_t at)
{
    int i = record->deaths->nelts - 1;

    while (i >= 0 && APR_ARRAY_IDX(record->deaths, i, judge_death_t).from >= at) {
        i--;
    }
    return i < 0 ? 0 : APR_ARRAY_IDX(record->deaths, i, judge_death_t).from;
}

/* S2.7: as it was when it died before it was another one's, from its own image. To whoever else has this row that is what was done
 * last. */
static void bring_from_image(judge_t *j, const history_item_t *make, judge_record_t *record,
                             apr_time_t died)
{
    apr_hash_index_t *at;

    for (at = apr_hash_first(j->p, record->cells); at; at = apr_hash_next(at)) {
        judge_cell_t *cell = apr_hash_this_val(at);
        judge_version_t *then = judge_then(cell, died), *again;

        if (!judge_same(then->value, judge_now(cell)->value)) {
            again = judge_new_version(j, make, record->side, then->value, then->origin,
                                      judge_now(cell));
            judge_join(j, again, then);
            judge_put(cell, again, make);
        }
    }
}

int judge_was_looked_into(judge_t *j, const char *table, int from, int to)
{
    int i;

    for (i = from + 1; i < to; i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_REQUEST && item->side == HISTORY_EXTERNAL &&
            judge_same(item->place, table)) {
            return 1;
        }
    }
    return 0;
}

/* What the row that @a make tells of has in that field, a set's members between separators. */
static const char *shown_ahead(judge_t *j, const history_item_t *make, const char *field)
{
    int i;

    for (i = make->number + 1; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind <= HISTORY_TRIGGER && item->at != make->at) {
            break;
        }
        if (item->op == HISTORY_SET && item->kind <= HISTORY_TRIGGER &&
            item->record == make->record && item->place == make->place &&
            judge_same(item->field, field)) {
            return item->after;
        }
    }
    return NULL;
}

static int has_member(const char *set, const char *member)
{
    apr_size_t length = strlen(member);
    const char *at = set;

    while (at &&
           (strncmp(at, member, length) != 0 || (at[length] && at[length] != HISTORY_MEMBER[0]))) {
        at = strchr(at, HISTORY_MEMBER[0]);
        at = at ? at + 1 : NULL;
    }
    return at != NULL;
}

/* All that @a record had when it died then, @a make brings back. */
static int comes_with_all(judge_t *j, const history_item_t *make, const judge_record_t *record,
                          apr_time_t died)
{
    apr_hash_index_t *at;

    for (at = apr_hash_first(j->p, record->cells); at; at = apr_hash_next(at)) {
        const char *name = apr_hash_this_key(at);
        const char *member = strchr(name, HISTORY_MEMBER[0]);
        const char *field = member ? apr_pstrmemdup(j->p, name, (apr_size_t)(member - name)) : name;
        const char *value = judge_then(apr_hash_this_val(at), died)->value;
        const char *shown = shown_ahead(j, make, field);
        const judge_field_t *kind = judge_field_of(j, record->side, field);

        shown = kind && !member ? judge_whole(j, kind, shown) : shown;
        if (value && *value &&
            !(member ? has_member(shown, member + 1) : judge_same(shown, value))) {
            return 0;
        }
    }
    return 1;
}

/* The row of a deleted record was there again in a copy of the database, and people deleted it once more before we looked into that: there
 * is no other image of it than that of its own delete (46564). */
static int lived_unseen(judge_t *j, const judge_record_t *record)
{
    const judge_death_t *death =
        record->deaths->nelts == 1 ? &APR_ARRAY_IDX(record->deaths, 0, judge_death_t) : NULL;

    return death && record->older && !death->by_us &&
           judge_is_of_copy(j, history_item(j->history, record->item)) &&
           !judge_was_looked_into(j, record->place, record->item, death->item);
}

/* The page that @a restore brings a row back for; NULL: unknown. */
static const judge_record_t *restored_for(judge_t *j, const judge_entry_t *restore)
{
    return restore ? judge_record(j, HISTORY_NOTION,
                                  JUDGE_MAPPING(j, restore->mapping)->place[HISTORY_NOTION],
                                  restore->page)
                   : NULL;
}

/* People deleted the row, and its page was gone, too, before the row was there again with a copy: which was seen. */
static int was_gone_before_copy(judge_t *j, const judge_record_t *page,
                                const judge_record_t *record, const judge_death_t *death)
{
    const history_item_t *again = history_item(j->history, record->item);

    return page && judge_is_of_copy(j, again) &&
           history_item(j->history, death->item)->op != HISTORY_SWAP &&
           judge_was_looked_into(j, record->place, death->item, again->number) &&
           judge_was_away(page, death->from, again->at);
}

/* The same of a row that counts as the one before, which people had deleted: when its page was gone, too, before the copy came, the record
 * was deleted, and what was done to its row there nobody saw (37231). If nobody saw it gone either, its image went with that database (48722).
 * That the copy was seen by then does not stand in the history, but what comes back tells it, if that is all of the later image, and not of
 * the former (59346). @return when it died; 0: it was not so */
static apr_time_t died_for_good(judge_t *j, const judge_entry_t *restore,
                                const history_item_t *make, const judge_record_t *record)
{
    const judge_death_t *deaths = (const judge_death_t *)(const void *)record->deaths->elts;
    int last = record->deaths->nelts - 1;

    return last > 0 && !deaths[last].by_us &&
                   was_gone_before_copy(j, restored_for(j, restore), record, &deaths[last - 1]) &&
                   !judge_was_looked_into(j, record->place, record->item, deaths[last].item) &&
                   (!comes_with_all(j, make, record, deaths[last].from) ||
                    comes_with_all(j, make, record, deaths[last - 1].from))
               ? deaths[last - 1].from
               : 0;
}

/* Nobody looked into a table from the copy that came before item @a from until a person let another of its mappings go on with that. */
static int was_waited_for(judge_t *j, const char *table, int mapping, int from,
                          const history_item_t *word)
{
    int m;

    for (m = 0; m < j->mappings->nelts; m++) {
        if (m != mapping && judge_same(JUDGE_MAPPING(j, m)->name, word->place) &&
            JUDGE_MAPPING(j, m)->place[HISTORY_EXTERNAL] == table) {
            return !judge_was_looked_into(j, table, from, word->number);
        }
    }
    return 0;
}

/* It was for that one that the table was looked into by item @a to; the mapping itself was told nothing, and waited all the time (91399). */
static int has_waited(judge_t *j, int mapping, const char *table, int from, int to)
{
    int i, is_waited_for = 0;

    for (i = from + 1; i < to; i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_OPERATOR &&
            judge_same(item->place, JUDGE_MAPPING(j, mapping)->name)) {
            return 0;
        }
        is_waited_for |= item->op == HISTORY_RESUME && judge_same(item->note, HISTORY_ACCEPTED) &&
                         was_waited_for(j, table, mapping, from, item);
    }
    return is_waited_for;
}

/* So it is if others lived and died with it meanwhile, brought it back even, but the mapping that brings it back now waited all the time until
 * it died last: to that one it was deleted before the copy came, and comes back as it was then. */
static apr_time_t died_before_wait(judge_t *j, const judge_entry_t *restore,
                                   const history_item_t *make, const judge_record_t *record)
{
    const judge_death_t *deaths = (const judge_death_t *)(const void *)record->deaths->elts;
    int last = record->deaths->nelts - 1, then = last;

    while (then >= 0 && deaths[then].item > record->item) {
        then--;
    }
    return then >= 0 && then < last && !deaths[last].by_us &&
                   was_gone_before_copy(j, restored_for(j, restore), record, &deaths[then]) &&
                   has_waited(j, restore->mapping, record->place, record->item,
                              deaths[last].item) &&
                   comes_with_all(j, make, record, deaths[then].from)
               ? deaths[then].from
               : 0;
}

/* We trashed the page in that time. */
static int was_trashed_by_us(const judge_record_t *page, apr_time_t from, apr_time_t to)
{
    int i;

    for (i = 0; i < page->deaths->nelts; i++) {
        const judge_death_t *death = &APR_ARRAY_IDX(page->deaths, i, judge_death_t);

        if (death->by_us && death->from >= from && death->from <= to) {
            return 1;
        }
    }
    return 0;
}

/* S4.4: the same where another mapping brought the row back, as the page went after it: to the page's own mapping it is another record's from
 * then on, also if no page was made for that before it was deleted again (48121). */
static apr_time_t died_for_page(judge_t *j, const judge_entry_t *restore,
                                const judge_record_t *record)
{
    const judge_death_t *deaths = (const judge_death_t *)(const void *)record->deaths->elts;
    int i, last = record->deaths->nelts - 1;
    const judge_entry_t *other = NULL;
    const judge_record_t *page = restored_for(j, restore);

    if (!page || last < 1 || deaths[last].by_us ||
        !was_trashed_by_us(page, deaths[last - 1].from, deaths[last].from)) {
        return 0;
    }
    for (i = deaths[last].item; i > deaths[last - 1].item && !other; i--) {
        const history_item_t *item = history_item(j->history, i);

        if (item->op == HISTORY_MAKE && item->side == record->side &&
            item->place == record->place && judge_same(item->record, record->id) &&
            judge_is_restore(j, item)) {
            other = restoring(j, item);
        }
    }
    return other && other->mapping != restore->mapping ? deaths[last - 1].from : 0;
}

/* Its edits since then nobody had read when it went with its database, and it comes back without them, as an image shows it that we kept
 * ourselves (700299 with `plans=1,restores=1,set_back=1,keys=1`). @return when anybody looked last; 0: it was not so */
static apr_time_t lost_unread(judge_t *j, const history_item_t *make, const judge_record_t *record)
{
    int i, last = record->deaths->nelts - 1;
    const judge_death_t *death =
        last < 0 ? NULL : &APR_ARRAY_IDX(record->deaths, last, judge_death_t);

    if (!death || history_item(j->history, death->item)->op != HISTORY_SWAP) {
        return 0;
    }
    for (i = death->item; i > 0; i--) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_REQUEST && item->side == HISTORY_EXTERNAL &&
            judge_same(item->place, record->place)) {
            return comes_with_all(j, make, record, item->at) &&
                           !comes_with_all(j, make, record, death->from)
                       ? item->at
                       : 0;
        }
    }
    return 0;
}

judge_record_t *judge_restored(judge_t *j, const history_item_t *make, judge_record_t *last)
{
    int m;
    const history_item_t *mark = judge_mark_ahead(j, make, &m);
    const judge_entry_t *restore = restoring(j, make);
    apr_time_t until = restore ? was_another_from(j, restore, make) : 0;
    judge_record_t *record, *later = NULL;

    for (record = last; mark && record &&
                        (!judge_has_mark(record, mark->after) || lived_unseen(j, record) ||
                         (until && record->older && !died_before(record, until)));
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
    const judge_entry_t *restore = restoring(j, make);
    apr_time_t until = restore ? was_another_from(j, restore, make) : 0;
    apr_time_t died_once = until ? died_before(record, until) : 0;
    apr_hash_index_t *at;

    died_once = died_once ? died_once : died_for_good(j, restore, make, record);
    died_once = died_once ? died_once : died_before_wait(j, restore, make, record);
    died_once = died_once ? died_once : died_for_page(j, restore, record);
    died_once = died_once ? died_once : lost_unread(j, make, record);
    if (died_once) {
        bring_from_image(j, make, record, died_once);
    }
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

/* By which people took the column away that @a make could have filled; NULL: it is there. */
static const history_item_t *dropped_before(judge_t *j, const history_item_t *make,
                                            const char *column)
{
    int i;

    for (i = make->number - 1; i >= 0; i--) {
        const history_item_t *item = history_item(j->history, i);

        if (item->op == HISTORY_MIGRATE && item->place == make->place &&
            judge_same(item->field, column)) {
            return item->after ? NULL : item;
        }
    }
    return NULL;
}

/* It shows a value there, so the column is there: another database may have it still (40092). */
static int comes_with(judge_t *j, const history_item_t *make, const char *column)
{
    int i;

    for (i = make->number + 1;
         i < history_count(j->history) && history_item(j->history, i)->at == make->at; i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->op == HISTORY_SET && item->record == make->record && item->place == make->place &&
            judge_same(item->field, column)) {
            return 1;
        }
    }
    return 0;
}

void judge_lose_columns(judge_t *j, const history_item_t *make, judge_record_t *record)
{
    apr_hash_index_t *at;

    for (at = apr_hash_first(j->p, record->cells); at; at = apr_hash_next(at)) {
        judge_cell_t *cell = apr_hash_this_val(at);
        const judge_field_t *field = judge_field_of(j, record->side, apr_hash_this_key(at));
        const history_item_t *dropped = dropped_before(j, make, apr_hash_this_key(at));
        const char *empty = dropped && field ? judge_whole(j, field, NULL) : NULL;
        judge_version_t *version;

        if (dropped && !judge_same(judge_now(cell)->value, empty) &&
            !comes_with(j, make, apr_hash_this_key(at))) {
            version =
                judge_new_version(j, make, record->side, empty, JUDGE_BY_PERSON, judge_now(cell));
            version->first = dropped->at;
            judge_put(cell, version, make);
        }
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

/* It went with its database, and nobody looked into the table before there was a row under its key again: whoever deleted its page did so
 * for a row of another table (40569). */
static int went_unseen(judge_t *j, const judge_record_t *gone, const history_item_t *make)
{
    int death = APR_ARRAY_IDX(gone->deaths, gone->deaths->nelts - 1, judge_death_t).item;

    return !judge_was_looked_into(j, make->place, death, make->number) &&
           history_item(j->history, death)->op == HISTORY_SWAP;
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

/* The mapping says that it let the row of @a page go in that time. */
static int tells_of_letting_go(judge_t *j, int mapping, const judge_record_t *page, apr_time_t from,
                               apr_time_t to)
{
    int i;

    for (i = 0; JUDGE_MAPPING(j, mapping)->deletes[HISTORY_NOTION] == JUDGE_DELETES_IGNORE &&
                i < j->entries->nelts;
         i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

        if (entry->mapping == mapping && entry->side == HISTORY_NOTION &&
            !strcmp(entry->op, "refuse") && judge_same(entry->page, page->id) &&
            entry->at >= from - j->phases->skew && entry->at <= to + j->phases->skew) {
            return 1;
        }
    }
    return 0;
}

/* NotionSyncDeletes says ignore: each mapping that had the row found it gone, and let it go, before there was one under its key again.
 * That is another record, with whatever page it is paired or made (12504). */
static int was_let_go(judge_t *j, const judge_record_t *gone, apr_time_t from, apr_time_t to)
{
    int m, i, n, had = 0;

    for (m = 0; m < j->mappings->nelts; m++) {
        judge_record_t *partners[8];
        int is_told = 0;

        n = judge_partners(j, m, gone, partners, 8);
        for (i = 0; i < n; i++) {
            is_told |= tells_of_letting_go(j, m, partners[i], from, to);
        }
        if (n && !is_told) {
            return 0;
        }
        had |= n;
    }
    return had;
}

int judge_is_replaced(judge_t *j, const judge_record_t *old, const history_item_t *make)
{
    const judge_death_t *death =
        old->deaths->nelts ? &APR_ARRAY_IDX(old->deaths, old->deaths->nelts - 1, judge_death_t)
                           : NULL;

    return death && old->side == HISTORY_EXTERNAL && make->kind != HISTORY_EFFECT &&
           !death->by_us && (went_unseen(j, old, make) || !was_followed(j, old, death->from)) &&
           !was_let_go(j, old, death->from, make->at);
}

/* @a page is in the trash when the row is back with a copy of the database, and is taken out, by people or for the sake of another table's
 * row (80473), before anybody looks into that. */
static int comes_back_unseen(judge_t *j, const judge_record_t *page, const history_item_t *make)
{
    int i;

    for (i = make->number + 1; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_REQUEST && item->side == make->side &&
            judge_same(item->place, make->place)) {
            return 0;
        }
        if (item->kind <= HISTORY_EFFECT && item->op == HISTORY_REVIVE &&
            item->side == page->side && item->place == page->place &&
            judge_same(item->record, page->id)) {
            return 1;
        }
    }
    return 0;
}

/* Whoever looks then finds both of the record, under their former ids (40027). */
static int is_back_with_page(judge_t *j, const judge_record_t *old, const history_item_t *make)
{
    const history_item_t *mark;
    int m, i, n;

    mark = judge_is_of_copy(j, make) ? judge_mark_ahead(j, make, &m) : NULL;
    if (!mark || !judge_has_mark(old, mark->after)) {
        return 0;
    }
    for (m = 0; m < j->mappings->nelts; m++) {
        judge_record_t *partners[8];

        n = judge_partners(j, m, old, partners, 8);
        for (i = 0; i < n; i++) {
            if (comes_back_unseen(j, partners[i], make)) {
                return 1;
            }
        }
    }
    return 0;
}

int judge_is_heir(judge_t *j, const judge_record_t *old, const history_item_t *make)
{
    int m, i, n;

    if (!old || old->side != HISTORY_EXTERNAL || make->kind != HISTORY_ACT || !old->deaths->nelts) {
        return 0;
    }
    if (judge_forgot(j, APR_ARRAY_IDX(old->deaths, old->deaths->nelts - 1, judge_death_t).from,
                     j->phases->end)) {
        return 1;
    }
    for (m = 0; m < j->mappings->nelts; m++) {
        judge_record_t *partners[8];

        n = judge_partners(j, m, old, partners, 8);
        for (i = 0; i < n; i++) {
            if (partners[i]->live) {
                return 1;
            }
        }
    }
    return is_back_with_page(j, old, make);
}
