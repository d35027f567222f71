/* judge_copy.c - a database in the place of another: how old is what stands in it, and what went with the former one? */
#include <string.h>
#include <strings.h>

#include "simulation/judge_impl.h"

int judge_same_key(judge_keys_t keys, const char *a, const char *b)
{
    apr_size_t a_end = strlen(a);
    apr_size_t b_end = strlen(b);

    while (keys == JUDGE_KEYS_BARE && a_end > 0 && a[a_end - 1] == ' ') {
        a_end--;
    }
    while (keys == JUDGE_KEYS_BARE && b_end > 0 && b[b_end - 1] == ' ') {
        b_end--;
    }
    return a_end == b_end && (keys == JUDGE_KEYS_ANY_CASE ? strncasecmp(a, b, a_end) == 0
                                                          : strncmp(a, b, a_end) == 0);
}

int judge_is_of_copy(judge_t *j, const history_item_t *item)
{
    int i;

    for (i = item->number - 1; i >= 0 && history_item(j->history, i)->at == item->at; i--) {
        if (history_item(j->history, i)->op == HISTORY_SWAP &&
            history_item(j->history, i)->place == item->place) {
            return 1;
        }
    }
    return 0;
}

/* The other side showed @a version, or what came after it: then it was agreed on as it was, or is past (S3.5). */
static int went_on(judge_t *j, const judge_record_t *record, const char *field, const char *member,
                   const judge_version_t *version)
{
    judge_record_t *partners[8];
    int m, i, k;

    for (m = 0; m < j->mappings->nelts; m++) {
        int index = judge_find_field(j, m, record->side, field);
        int n = index < 0 ? 0 : judge_partners(j, m, record, partners, 8);

        for (i = 0; i < n; i++) {
            const char *name = JUDGE_MAPPING(j, m)->fields[index].name[partners[i]->side];
            const judge_cell_t *cell = name ? judge_cell(j, partners[i], name, member) : NULL;

            for (k = 0; cell && k < cell->stays->nelts; k++) {
                if (judge_is_known(j, version,
                                   APR_ARRAY_IDX(cell->stays, k, judge_stay_t).version)) {
                    return 1;
                }
            }
        }
    }
    return 0;
}

/* It stands there again as what the database made of what it was given, and whoever looks knows what the copy took away. */
static void stand_again(judge_version_t *version, const judge_version_t *stood, judge_t *j)
{
    judge_version_t *gone = (judge_version_t *)version->parent;

    version->origin = JUDGE_BY_REWRITE;
    version->parent = stood->parent;
    if (gone) {
        judge_supersede(j, version, gone);
    }
}

static int is_about_then(apr_time_t a, apr_time_t b)
{
    return a <= b + JUDGE_TOLD_WITHIN && b <= a + JUDGE_TOLD_WITHIN;
}

/* The entry is, by what it says, of such a write. */
static int may_tell(judge_t *j, const judge_entry_t *entry, const history_item_t *effect,
                    const char *value)
{
    int index = judge_find_field(j, entry->mapping, HISTORY_EXTERNAL, effect->field);
    int k;

    if (entry->side != HISTORY_EXTERNAL || index < 0 || !judge_same(entry->key, effect->record) ||
        !is_about_then(entry->at, effect->at)) {
        return 0;
    }
    for (k = 0; k < entry->field_count; k++) {
        if (!strcmp(entry->fields[k].name,
                    JUDGE_MAPPING(j, entry->mapping)->fields[index].name[HISTORY_NOTION]) &&
            judge_same(entry->fields[k].after, value)) {
            return 1;
        }
    }
    return 0;
}

/* How often we wrote the same there about then. */
static int writes_like(judge_t *j, const history_item_t *effect)
{
    int count = 0;
    int i;

    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        count += item->kind == HISTORY_EFFECT && item->op == effect->op &&
                 item->place == effect->place && item->record == effect->record &&
                 item->field == effect->field && judge_same(item->after, effect->after) &&
                 is_about_then(item->at, effect->at);
    }
    return count;
}

/* S3.7: what became of a write of a row tells the id of its intent, which stands in the database: if that is set back before anybody kept
 * the answer, the write has not been (seed 410407). So says the audit, and nothing more: of a write that was refused it says why, and
 * that is another attempt than the one that was done (seed 1145), as is one that says nothing if the audit knows of each that was done
 * (631). */
static int was_never_kept(judge_t *j, const history_item_t *effect, const char *value)
{
    int kept = 0;
    int denied = 0;
    int i;

    for (i = 0; effect->kind == HISTORY_EFFECT && i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

        if (may_tell(j, entry, effect, value)) {
            kept += !strcmp(entry->state, "applied");
            denied += !strcmp(entry->state, "not applied") && !entry->note;
        }
    }
    return denied && kept < writes_like(j, effect);
}

/* What came before such a write is what the copy shows again. What the database made of it went with it, though it may look the same
 * (seed 22555). @a shown: what the copy shows. @return how many stays are left */
static int forget_unkept(judge_t *j, const judge_cell_t *cell, const history_item_t *shown,
                         judge_version_t *version)
{
    int i, left = cell->stays->nelts;

    for (i = cell->stays->nelts - 1; i > 0; i--) {
        const judge_stay_t *stay = &APR_ARRAY_IDX(cell->stays, i, judge_stay_t);
        const history_item_t *item = stay->item < 0 ? NULL : history_item(j->history, stay->item);

        if (item && (item->kind == HISTORY_TRIGGER || item->at == shown->at)) {
            continue;
        }
        if (!item || !was_never_kept(j, item, stay->version->value)) {
            break;
        }
        version->parent = APR_ARRAY_IDX(cell->stays, i - 1, judge_stay_t).version;
        left = i;
    }
    return left;
}

void judge_date_copy(judge_t *j, const history_item_t *item, const judge_record_t *record,
                     const char *field, const char *member, judge_version_t *version)
{
    int i, k;

    for (i = 0; judge_is_of_copy(j, item) && i < j->all->nelts; i++) {
        judge_record_t *former = APR_ARRAY_IDX(j->all, i, judge_record_t *);
        const judge_cell_t *cell;
        int left;

        if (former->side != record->side || former->place != record->place || !record->mark ||
            !judge_same(former->mark, record->mark)) {
            continue;
        }
        cell = judge_cell(j, former, field, member);
        left = forget_unkept(j, cell, item, version);
        for (k = 0; k < left; k++) {
            const judge_version_t *stood = APR_ARRAY_IDX(cell->stays, k, judge_stay_t).version;

            if (judge_same(stood->value, version->value)) {
                version->first = stood->first ? stood->first : stood->at ? stood->at : former->made;
                if (stood->origin == JUDGE_BY_REWRITE &&
                    !went_on(j, former, field, member, stood)) {
                    stand_again(version, stood, j);
                }
            }
        }
    }
}

void judge_know_older(judge_t *j, const history_item_t *item, const judge_record_t *record,
                      const char *field, const char *member, judge_version_t *version)
{
    judge_record_t *older = record->older;
    const judge_id_t *id = &APR_ARRAY_IDX(record->ids, record->ids->nelts - 1, judge_id_t);

    if (older && !older->live && id->from == item->at && record->made != item->at &&
        judge_is_of_copy(j, item) && record->mark && judge_same(older->mark, record->mark)) {
        judge_supersede(j, version, judge_now(judge_cell(j, older, field, member)));
    }
}

/* The rule of the key of the mappings of @a table. */
static judge_keys_t keys_of(judge_t *j, const char *table)
{
    int m;

    for (m = 0; m < j->mappings->nelts && JUDGE_MAPPING(j, m)->place[HISTORY_EXTERNAL] != table;
         m++) {
    }
    return m < j->mappings->nelts ? JUDGE_MAPPING(j, m)->keys : JUDGE_KEYS_EXACT;
}

int judge_goes_on(judge_t *j, const history_item_t *resume, const char *table)
{
    int i;

    if (resume->kind != HISTORY_OPERATOR || resume->op != HISTORY_RESUME) {
        return 0;
    }
    for (i = resume->number + 1; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->op == HISTORY_SWAP && item->place == table) {
            return 0;
        }
        if (item->kind == HISTORY_REQUEST && item->side == HISTORY_EXTERNAL &&
            judge_same(item->place, table)) {
            return 1;
        }
    }
    return 0;
}

#define FOLLOWED "the key changed from "

/* The mapping says that it followed @a rekey: it did not see that the database had been exchanged for one that looks the same, and waited
 * for nobody (18589). */
static int was_told_of(judge_t *j, int mapping, const history_item_t *rekey, apr_time_t until)
{
    int i;

    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

        if (entry->mapping == mapping && !strcmp(entry->op, "link") && entry->note &&
            !strncmp(entry->note, FOLLOWED, sizeof(FOLLOWED) - 1) &&
            judge_same(entry->key, rekey->after) && entry->at >= rekey->at - j->phases->skew &&
            entry->at <= until + j->phases->skew) {
            return 1;
        }
    }
    return 0;
}

/* S4.4: keys that were changed in a database for which nobody gave the mapping the word to go on, since it had come in the place of another
 * or since a table had lost its triggers, or while nobody could look (86653), before yet another one came in its place, were never followed.
 * @return the last that the row with the key of @a make had there */
static const char *unfollowed_key(judge_t *j, int mapping, const history_item_t *make)
{
    const char *key = make->record;
    int i, waits = 0;

    for (i = 0; i < make->number; i++) {
        const history_item_t *item = history_item(j->history, i);

        if (judge_same(item->place, JUDGE_MAPPING(j, mapping)->name) &&
            judge_goes_on(j, item, make->place)) {
            waits = 0;
            key = make->record;
        }
        waits |=
            (item->op == HISTORY_SWAP || item->op == HISTORY_MIGRATE) && item->place == make->place;
        if (item->op == HISTORY_REKEY && item->place == make->place && item->record == key &&
            (waits || judge_slept_through(j, mapping, item)) &&
            !was_told_of(j, mapping, item, make->at)) {
            key = item->after;
        }
    }
    return key;
}

/* To one of the mappings of the table at least it never had another key. */
static int is_unfollowed(judge_t *j, const history_item_t *make, const judge_record_t *row)
{
    int m;

    for (m = 0; m < j->mappings->nelts; m++) {
        if (JUDGE_MAPPING(j, m)->place[HISTORY_EXTERNAL] == make->place &&
            judge_same(row->id, unfollowed_key(j, m, make))) {
            return 1;
        }
    }
    return 0;
}

/* By its mark the row that @a make tells of is the one that had just this key before, deleted since, and not @a row; or by that key, where a
 * page of the deleted one lives, and waits for it (61901). */
static int is_of_older(judge_t *j, const history_item_t *make, const judge_record_t *row)
{
    const judge_record_t *old = judge_record(j, make->side, make->place, make->record);
    int m;
    const history_item_t *mark = judge_mark_ahead(j, make, &m);

    return old && old != row && mark && judge_has_mark(old, mark->after) &&
           (!judge_has_mark(row, mark->after) || judge_is_heir(j, old, make));
}

static const history_item_t *last_swap(judge_t *j, const history_item_t *before)
{
    int i;

    for (i = before->number - 1; i >= 0; i--) {
        const history_item_t *item = history_item(j->history, i);

        if (item->op == HISTORY_SWAP && item->place == before->place) {
            return item;
        }
    }
    return NULL;
}

/* When the row got the key that it has; NULL: it was made with it. */
static const history_item_t *last_rekey(judge_t *j, const judge_record_t *row)
{
    int i;

    for (i = history_count(j->history) - 1; i >= 0 && row->ids->nelts > 1; i--) {
        const history_item_t *item = history_item(j->history, i);

        if (item->op == HISTORY_REKEY && item->place == row->place &&
            judge_same(item->after, row->id) &&
            item->at == APR_ARRAY_IDX(row->ids, row->ids->nelts - 1, judge_id_t).from) {
            return item;
        }
    }
    return NULL;
}

/* People deleted the row in the copy before, into which nobody looked (400081 with `set_back=1,restores=1`), or before anybody had looked
 * since it got its last key (710106 with `set_back=1,forms=1`). */
static int went_unseen(judge_t *j, const history_item_t *make, const judge_record_t *row)
{
    const judge_death_t *death = &APR_ARRAY_IDX(row->deaths, row->deaths->nelts - 1, judge_death_t);
    const history_item_t *copy = last_swap(j, make), *before = copy ? last_swap(j, copy) : NULL;
    const history_item_t *rekey = last_rekey(j, row);

    if (!copy || row->live || death->by_us || !judge_had_id(row, make->record)) {
        return 0;
    }
    return (before && death->from >= before->at &&
            !judge_was_looked_into(j, make->place, before->number, copy->number)) ||
           (rekey && rekey->number < copy->number &&
            !judge_was_looked_into(j, make->place, rekey->number, copy->number));
}

/* By its mark the row that @a make tells of is not @a row, which got this key in the database that went, but the one that had it before (453490). */
static int is_before(judge_t *j, const history_item_t *make, const judge_record_t *row)
{
    int m;
    const history_item_t *mark = judge_mark_ahead(j, make, &m);

    return mark && row->older && row->ids->nelts > 1 && !row->older->live &&
           !judge_has_mark(row, mark->after) && judge_has_mark(row->older, mark->after);
}

judge_record_t *judge_under_other_key(judge_t *j, const history_item_t *make)
{
    judge_keys_t keys = keys_of(j, make->place);
    judge_record_t *other = NULL;
    int i;

    if (!judge_is_of_copy(j, make)) {
        return NULL;
    }
    for (i = 0; i < j->all->nelts; i++) {
        judge_record_t *row = APR_ARRAY_IDX(j->all, i, judge_record_t *);

        if (row->side != make->side || row->place != make->place || !row->deaths->nelts) {
            continue;
        }
        if (APR_ARRAY_IDX(row->deaths, row->deaths->nelts - 1, judge_death_t).from != make->at) {
            other = is_unfollowed(j, make, row) && went_unseen(j, make, row) ? row : other;
            continue;
        }
        if (judge_same_key(keys, row->id, make->record) && !is_of_older(j, make, row)) {
            return is_before(j, make, row) ? row->older : row;
        }
        other = is_unfollowed(j, make, row) ? row : other;
    }
    return other;
}

judge_record_t *judge_under_former_key(judge_t *j, const history_item_t *make)
{
    const history_item_t *copy = make->kind == HISTORY_ACT ? last_swap(j, make) : NULL;
    int i;

    if (!copy || judge_was_looked_into(j, make->place, copy->number, make->number)) {
        return NULL;
    }
    for (i = 0; i < j->all->nelts; i++) {
        judge_record_t *row = APR_ARRAY_IDX(j->all, i, judge_record_t *);
        const judge_id_t *ids = (const judge_id_t *)(const void *)row->ids->elts;
        int n = row->ids->nelts;

        if (row->side == make->side && row->place == make->place && !row->live && n > 1 &&
            ids[n - 1].from == copy->at && judge_same(ids[n - 2].id, make->record)) {
            return row;
        }
    }
    return NULL;
}

/* What the database holds from the swap on follows it at once. */
static int holds_write(judge_t *j, const history_item_t *swap, const history_item_t *effect)
{
    int i;

    for (i = swap->number + 1;
         i < history_count(j->history) && history_item(j->history, i)->at == swap->at; i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->op == HISTORY_SET && item->record == effect->record &&
            item->place == effect->place && item->field == effect->field &&
            judge_same(item->after, effect->after)) {
            return 1;
        }
    }
    return 0;
}

/* Somebody asked for rows of the table after @a request, and was answered, before the database was gone. */
static int got_through(judge_t *j, const char *table, const history_item_t *request,
                       const history_item_t *swap)
{
    int i;

    for (i = request->number + 1; i < swap->number; i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_REQUEST && item->side == HISTORY_EXTERNAL &&
            judge_same(item->place, table) && item->end == HISTORY_ANSWERED) {
            return 1;
        }
    }
    return 0;
}

/* S3.6: another database may show what was written to the former, but has no proof of it, and whoever wrote it died before it was stored;
 * nobody else was there to look for the proof until the former was gone. Who ends in an orderly way stores what he knows. Or its answer was
 * lost with the connection, and nobody got through any more (475). */
static int was_never_proven(judge_t *j, const history_item_t *swap, const history_item_t *effect)
{
    const history_item_t *request = judge_request(j, effect);
    int has_died = 0;
    int i;

    if (!request || !judge_same(swap->after, HISTORY_ANOTHER)) {
        return 0;
    }
    if (request->end == HISTORY_CUT && !got_through(j, effect->place, request, swap)) {
        return 1;
    }
    for (i = effect->number + 1; i < swap->number; i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_PROCESS && item->op == HISTORY_START) {
            return 0;
        }
        has_died |= item->kind == HISTORY_PROCESS && item->op == HISTORY_CRASH &&
                    item->worker == request->worker;
    }
    return has_died;
}

int judge_was_set_back(judge_t *j, const history_item_t *effect)
{
    int i;

    for (i = effect->number + 1; i < history_count(j->history) &&
                                 history_item(j->history, i)->at <= effect->at + JUDGE_ON_ITS_WAY;
         i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->op == HISTORY_SWAP && item->side == effect->side &&
            (!item->place || item->place == effect->place)) {
            return !holds_write(j, item, effect) || was_never_proven(j, item, effect);
        }
    }
    return 0;
}
