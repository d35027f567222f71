/* judge_pair.c - which records of both sides belong together: by their marks, by the links that the store shows, and, where copies
 * share a mark or a key was another record's before, by the entries of the audit.
 */
#include <string.h>

#include "simulation/judge_impl.h"

int judge_has_mark(const judge_record_t *record, const char *mark)
{
    int i;

    for (i = 0; i < record->marks->nelts; i++) {
        if (APR_ARRAY_IDX(record->marks, i, const char *) == mark) {
            return 1;
        }
    }
    return 0;
}

int judge_had_id(const judge_record_t *record, const char *id)
{
    int i;

    for (i = 0; i < record->ids->nelts; i++) {
        if (judge_same(APR_ARRAY_IDX(record->ids, i, judge_id_t).id, id)) {
            return 1;
        }
    }
    return 0;
}

/* From when on it had the id that it had at @a at; -1: not that one. */
static apr_time_t had_since(const judge_record_t *record, const char *id, apr_time_t at)
{
    int i = record->ids->nelts - 1;

    while (i > 0 && APR_ARRAY_IDX(record->ids, i, judge_id_t).from > at) {
        i--;
    }
    return judge_same(APR_ARRAY_IDX(record->ids, i, judge_id_t).id, id)
               ? APR_ARRAY_IDX(record->ids, i, judge_id_t).from
               : -1;
}

judge_record_t *judge_had_id_at(judge_t *j, int side, const char *place, const char *id,
                                apr_time_t at)
{
    judge_record_t *best = NULL;
    apr_time_t best_since = 0;
    int i;

    for (i = 0; i < j->all->nelts; i++) {
        judge_record_t *record = APR_ARRAY_IDX(j->all, i, judge_record_t *);
        apr_time_t since =
            record->side == side && record->place == place ? had_since(record, id, at) : -1;

        /* the last that got it by then; or the first, if only a clock says that it was not there yet */
        if (since >= 0 && (!best || (since <= at && since >= best_since))) {
            best = record;
            best_since = since;
        }
    }
    return best;
}

int judge_share_mark(const judge_record_t *a, const judge_record_t *b)
{
    int i;

    for (i = 0; i < a->marks->nelts; i++) {
        if (judge_has_mark(b, APR_ARRAY_IDX(a->marks, i, const char *))) {
            return 1;
        }
    }
    return 0;
}

/* Are @a page and @a key those of the two records, one of either side? */
static int are_theirs(const char *page, const char *key, const judge_record_t *a,
                      const judge_record_t *b)
{
    return judge_same(page, a->side == HISTORY_NOTION ? a->id : b->id) &&
           judge_same(key, a->side == HISTORY_NOTION ? b->id : a->id);
}

static int links_join(judge_t *j, int mapping, const judge_record_t *a, const judge_record_t *b)
{
    int i;

    for (i = 0; i < j->links->nelts; i++) {
        const judge_link_t *link = &APR_ARRAY_IDX(j->links, i, judge_link_t);

        if (link->mapping == mapping && are_theirs(link->page, link->key, a, b)) {
            return 1;
        }
    }
    return 0;
}

/* Links of deleted records are not shown at the end; their entries are. */
int judge_entries_join(judge_t *j, int mapping, const judge_record_t *a, const judge_record_t *b)
{
    int i;

    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

        if (entry->mapping == mapping && are_theirs(entry->page, entry->key, a, b)) {
            return 1;
        }
    }
    return 0;
}

static int partners_by_link(judge_t *j, int mapping, const judge_record_t *record,
                            judge_record_t *partners[], int room)
{
    const judge_mapping_t *m = JUDGE_MAPPING(j, mapping);
    int other = !record->side, i, n = 0;

    for (i = 0; i < j->links->nelts && n < room; i++) {
        const judge_link_t *link = &APR_ARRAY_IDX(j->links, i, judge_link_t);

        if (link->mapping == mapping &&
            judge_same(record->side == HISTORY_NOTION ? link->page : link->key, record->id)) {
            judge_record_t *partner = judge_record(
                j, other, m->place[other], other == HISTORY_NOTION ? link->page : link->key);

            if (partner) {
                partners[n++] = partner;
            }
        }
    }
    return n;
}

static int is_among(judge_record_t *const partners[], int n, const judge_record_t *record)
{
    int i;

    for (i = 0; i < n && partners[i] != record; i++) {
    }
    return i < n;
}

static int partners_by_mark(judge_t *j, const judge_mapping_t *m, const judge_record_t *record,
                            judge_record_t *partners[], int room)
{
    int i, k, n = 0;

    for (k = record->marks->nelts - 1; k >= 0; k--) {
        const apr_array_header_t *same = apr_hash_get(
            j->marks, APR_ARRAY_IDX(record->marks, k, const char *), APR_HASH_KEY_STRING);

        for (i = 0; i < same->nelts && n < room; i++) {
            judge_record_t *partner = APR_ARRAY_IDX(same, i, judge_record_t *);

            if (partner->side != record->side && partner->place == m->place[partner->side] &&
                !is_among(partners, n, partner)) {
                partners[n++] = partner;
            }
        }
    }
    return n;
}

typedef int joins_fn(judge_t *j, int mapping, const judge_record_t *a, const judge_record_t *b);

static int is_making(judge_t *j, const judge_entry_t *entry, const judge_record_t *record)
{
    return entry->side == record->side && !strcmp(entry->op, "create") &&
           !strcmp(entry->state, "applied") &&
           JUDGE_MAPPING(j, entry->mapping)->place[record->side] == record->place &&
           judge_same(record->side == HISTORY_NOTION ? entry->page : entry->key, record->born);
}

/* The entry that made it: of several with one key the nth made the nth. NULL: people made it, or it is not known. */
static const judge_entry_t *maker_of(judge_t *j, const judge_record_t *record)
{
    const judge_entry_t *maker = NULL;
    apr_int64_t after = 0;
    int i, nth = 0;

    for (i = 0; record->made_by_us && i < j->all->nelts; i++) {
        const judge_record_t *other = APR_ARRAY_IDX(j->all, i, judge_record_t *);

        nth += other->made_by_us && other->side == record->side && other->place == record->place &&
               other->born == record->born;
        if (other == record) {
            break;
        }
    }
    for (; nth; nth--) {
        maker = NULL;
        for (i = 0; i < j->entries->nelts; i++) {
            const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

            if (entry->id > after && (!maker || entry->id < maker->id) &&
                is_making(j, entry, record)) {
                maker = entry;
            }
        }
        if (!maker) {
            return NULL;
        }
        after = maker->id;
    }
    return maker;
}

/* The id that it had then; NULL: it was not there yet. */
static const char *id_at(const judge_record_t *record, apr_time_t at)
{
    const char *id = NULL;
    int i;

    for (i = 0; i < record->ids->nelts && APR_ARRAY_IDX(record->ids, i, judge_id_t).from <= at;
         i++) {
        id = APR_ARRAY_IDX(record->ids, i, judge_id_t).id;
    }
    return id;
}

/* Whether @a maker, of @a record, says that it was made for what had the id @a id of the other side. */
static int names(const judge_entry_t *maker, const judge_record_t *record, const char *id)
{
    return judge_same(record->side == HISTORY_NOTION ? maker->key : maker->page, id);
}

/* @a whose was deleted, and another record had that id, when @a copy was made, and when what that was made of was looked at. */
static int was_followed_by(judge_t *j, const judge_record_t *copy, const judge_record_t *whose,
                           const char *id)
{
    return judge_was_away(whose, copy->begun, copy->made) &&
           judge_had_id_at(j, whose->side, whose->place, id, copy->begun) != whose &&
           judge_had_id_at(j, whose->side, whose->place, id, copy->made) != whose;
}

/* @a copy was made for @a whose: by the key that had then, or, since it may have changed while the answer was awaited, has now; not for what
 * got that key only later, nor for what had had it before another one (99763). */
static int is_made_for(judge_t *j, const judge_entry_t *maker, const judge_record_t *copy,
                       const judge_record_t *whose)
{
    const char *then = id_at(whose, copy->made);

    return then && (names(maker, copy, then) ? !was_followed_by(j, copy, whose, then)
                                             : names(maker, copy, whose->id));
}

/* What it was made for, if that is among @a partners under the name it had then; NULL: any of them may be its own. */
static const judge_record_t *made_for(judge_t *j, int mapping, const judge_record_t *record,
                                      judge_record_t *const partners[], int n)
{
    const judge_entry_t *maker = j->phases->store_forgot ? NULL : maker_of(j, record);
    int i, then;

    for (then = 1; maker && maker->mapping == mapping && then >= 0; then--) {
        for (i = 0; i < n; i++) {
            const judge_record_t *other = partners[i];

            if (names(maker, record, then ? id_at(other, record->made) : other->id)) {
                return other;
            }
        }
    }
    return NULL;
}

/* Between the making of @a partner and @a create the mapping wrote to one of the two what the other showed: till then they were one
 * record's (98105). */
static int was_carried_over(judge_t *j, const judge_record_t *record, const judge_record_t *partner,
                            const judge_entry_t *create)
{
    int i;

    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

        if (entry->mapping == create->mapping && !strcmp(entry->op, "update") &&
            !strcmp(entry->state, "applied") && entry->id < create->id &&
            entry->at > partner->made + j->phases->skew &&
            are_theirs(entry->page, entry->key, record, partner)) {
            return 1;
        }
    }
    return 0;
}

/* The mapping makes another copy of @a partner than @a record, sooner or later; that may get the key of one that people had made
 * (96242). */
static int has_its_own(judge_t *j, int mapping, const judge_record_t *record,
                       const judge_record_t *partner)
{
    int i;

    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

        if (entry->mapping == mapping && entry->side == record->side &&
            !strcmp(entry->op, "create") && !strcmp(entry->state, "applied") &&
            entry->at > partner->made - j->phases->skew && names(entry, record, partner->id) &&
            !(record->made_by_us && names(entry, partner, record->id)) &&
            !was_carried_over(j, record, partner, entry)) {
            return 1;
        }
    }
    return 0;
}

/* A page stays with the row that it was made for as long as that is there; a row that was made with its page, unless its key was changed
 * and nobody told of it: then it looks like a new one, which may be paired anew (38394). */
static int is_bound(judge_t *j, int mapping, const judge_record_t *record,
                    const judge_record_t *origin)
{
    return origin &&
           (record->side == HISTORY_EXTERNAL ? judge_same(record->born, record->id) ||
                                                   !judge_moved_unseen(j, mapping, NULL, record->id)
                                             : origin->live);
}

/* We made it, and what we knew of that went with the state store: nothing tells what it was made for. */
static int is_forgotten(judge_t *j, const judge_record_t *record)
{
    return record->made_by_us && !maker_of(j, record) &&
           judge_forgot(j, record->made, j->phases->end);
}

/* @a joins them; or, where the row counts as an earlier one of its key come back, the audit does: its link may be gone, while that of the
 * earlier one needs none (80473). */
static int are_joined(judge_t *j, int mapping, const judge_record_t *record,
                      const judge_record_t *partner, joins_fn *joins)
{
    return joins(j, mapping, record, partner) ||
           (partner->heir_of && judge_entries_join(j, mapping, record, partner));
}

/* @a joins them, or @a origin says so. */
static int is_partner(judge_t *j, int mapping, const judge_record_t *record,
                      const judge_record_t *partner, const judge_record_t *origin, joins_fn *joins)
{
    const judge_entry_t *maker = maker_of(j, partner);

    if (maker && maker->mapping == mapping) {
        return is_made_for(j, maker, partner, record);
    }
    if (is_bound(j, mapping, record, origin)) {
        return partner == origin;
    }
    return partner == judge_record(j, partner->side, partner->place, partner->id) &&
           (partner == origin || (are_joined(j, mapping, record, partner, joins) &&
                                  !has_its_own(j, mapping, record, partner)));
}

/* Only those that it joins with @a record; of several with one key that which was made for it, or the last. What was made for it
 * is its own whatever joins others with it: a key that another record gets later has that one's link at the end. Besides them may be what
 * nobody knows any more. @return how many; 0: all stay. */
static int keep_joined(judge_t *j, int mapping, const judge_record_t *record,
                       judge_record_t *partners[], int n, joins_fn *joins)
{
    const judge_record_t *origin = made_for(j, mapping, record, partners, n);
    int i, kept = 0, found = 0;

    for (i = 0; i < n && !found; i++) {
        found = is_partner(j, mapping, record, partners[i], origin, joins);
    }
    for (i = 0; i < n && found; i++) {
        if (is_forgotten(j, partners[i]) ||
            is_partner(j, mapping, record, partners[i], origin, joins)) {
            partners[kept++] = partners[i];
        }
    }
    return kept;
}

int judge_partners(judge_t *j, int mapping, const judge_record_t *record,
                   judge_record_t *partners[], int room)
{
    const judge_mapping_t *m = JUDGE_MAPPING(j, mapping);
    int n, kept = 0;

    if (m->place[record->side] != record->place) {
        return 0;
    }
    if (m->mark < 0) {
        return partners_by_link(j, mapping, record, partners, room);
    }
    n = partners_by_mark(j, m, record, partners, room);
    if (n >
        1) { /* copies share a mark, and a key may have been another one's: then the links tell */
        kept = keep_joined(j, mapping, record, partners, n, links_join);
        kept = kept ? kept : keep_joined(j, mapping, record, partners, n, judge_entries_join);
    }
    return kept ? kept : n;
}

/* It was made for it; or people made both, and they were paired (90846). */
static int was_its_own(judge_t *j, const judge_record_t *record, const judge_record_t *origin)
{
    apr_time_t both = record->made > origin->made ? record->made : origin->made;

    return record->made_by_us ? origin->order < record->order &&
                                    !judge_was_away(origin, record->begun, record->begun)
                              : !origin->made_by_us && judge_forgot(j, both, j->phases->end);
}

int judge_forgotten_origins(judge_t *j, int mapping, const judge_record_t *record,
                            judge_record_t *origins[], int room)
{
    const judge_mapping_t *m = JUDGE_MAPPING(j, mapping);
    int i, n, kept = 0;

    if (m->place[record->side] != record->place || m->mark < 0 ||
        (record->made_by_us && !is_forgotten(j, record))) {
        return 0;
    }
    n = partners_by_mark(j, m, record, origins, room);
    for (i = 0; i < n; i++) {
        if (was_its_own(j, record, origins[i])) {
            origins[kept++] = origins[i];
        }
    }
    return kept;
}
