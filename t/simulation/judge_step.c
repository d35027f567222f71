/* judge_step.c - steps that no rule allows, whatever comes of them: what is made of too young a row of a query (S3.2), what is
 * made although it is there (S5.1), what is done although it was held (S4.2).
 */
#include <string.h>

#include "simulation/judge_impl.h"

/* S3.2: how old all of a record must be before a query's row of it may be trusted. */
#define QUERY_LAG apr_time_from_sec(21)
/* Between looking for a match and making a record, at most. */
#define MATCHED_WITHIN apr_time_from_sec(20)

/* ---- rows that we made */

/* Pages of the other side with this mark that were there; *only: the last of them. */
static int pages_before(judge_t *j, const judge_record_t *row, const judge_record_t **only)
{
    const apr_array_header_t *same = apr_hash_get(j->marks, row->mark, APR_HASH_KEY_STRING);
    int i, n = 0;

    for (i = 0; same && i < same->nelts; i++) {
        const judge_record_t *page = APR_ARRAY_IDX(same, i, const judge_record_t *);

        if (page->side != row->side && page->made <= row->made) {
            *only = page;
            n++;
        }
    }
    return n;
}

static int was_read(judge_t *j, const judge_record_t *page, apr_time_t until)
{
    const apr_array_header_t *list = apr_hash_get(j->page_requests, page->id, APR_HASH_KEY_STRING);
    int i;

    for (i = 0; list && i < list->nelts; i++) {
        const history_item_t *request = APR_ARRAY_IDX(list, i, const history_item_t *);

        if (request->op == HISTORY_ASK_READ && request->status == 200 &&
            request->answered <= until) {
            return 1;
        }
    }
    return 0;
}

/* When the last query to that side was sent of which the answer was there. */
static apr_time_t last_query(judge_t *j, int side, apr_time_t until)
{
    apr_time_t last = 0;
    int i;

    for (i = 1; i <= j->request_count; i++) {
        const history_item_t *request = j->requests[i];

        if (request && request->side == side && request->op == HISTORY_ASK_LIST &&
            request->status == 200 && request->answered <= until && request->sent > last) {
            last = request->sent;
        }
    }
    return last;
}

static void judge_age(judge_t *j, const judge_record_t *row, const judge_record_t *page)
{
    apr_time_t sent = last_query(j, page->side, row->made);

    if (sent && page->made > j->phases->start && !was_read(j, page, row->made) &&
        sent + j->phases->skew < page->made + QUERY_LAG) {
        judge_blame(j, "S3.2", row->item,
                    "%s was made of a query's row that was too young to be trusted", row->id);
    }
}

/* The page is the only one with this mark: a row of it that stood there was its partner. A Notion is not asked for one (sides.md). */
static void judge_match(judge_t *j, const judge_record_t *made)
{
    const apr_array_header_t *same = apr_hash_get(j->marks, made->mark, APR_HASH_KEY_STRING);
    apr_time_t looked = made->made - MATCHED_WITHIN;
    int i;

    for (i = 0; same && i < same->nelts; i++) {
        const judge_record_t *row = APR_ARRAY_IDX(same, i, const judge_record_t *);

        if (row != made && !j->has_pages[row->side] && row->place == made->place &&
            !row->made_by_us && row->made < looked && row->mark == made->mark &&
            !judge_was_away(row, looked, made->made)) {
            judge_blame(j, "S5.1", made->item, "%s was made, and %s was there, which matches",
                        made->id, row->id);
            return;
        }
    }
}

static void judge_made(judge_t *j)
{
    int i;

    for (i = 0; i < j->all->nelts; i++) {
        const judge_record_t *row = APR_ARRAY_IDX(j->all, i, const judge_record_t *);
        const judge_record_t *page = NULL;

        if (j->has_pages[!row->side] && row->made_by_us && row->marks->nelts == 1 &&
            pages_before(j, row, &page) == 1 && !page->made_by_us && page->marks->nelts == 1 &&
            !page->deaths->nelts) {
            judge_age(j, row, page);
            judge_match(j, row);
        }
    }
}

/* ---- deletes that were held */

static int is_about(const judge_entry_t *entry, const judge_entry_t *other)
{
    return entry->mapping == other->mapping && entry->link && entry->link == other->link;
}

/* A person decided something, or the record came back and was deleted anew. */
static int was_reopened(judge_t *j, const judge_entry_t *held, const judge_entry_t *removed)
{
    int i;

    for (i = 0; i < history_count(j->history); i++) {
        const history_item_t *item = history_item(j->history, i);

        if (item->kind == HISTORY_OPERATOR &&
            (item->op == HISTORY_APPROVE || item->op == HISTORY_UNDO)) {
            return 1;
        }
        if (item->kind <= HISTORY_TRIGGER &&
            (item->op == HISTORY_REVIVE || item->op == HISTORY_MAKE) &&
            (judge_same(item->record, held->page) || judge_same(item->record, removed->page) ||
             judge_same(item->record, held->key) || judge_same(item->record, removed->key)) &&
            item->at > held->at - j->phases->skew) {
            return 1;
        }
    }
    return 0;
}

static void judge_held(judge_t *j)
{
    int i, k;

    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *held = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

        if (strcmp(held->op, "hold") != 0 || !held->note ||
            strncmp(held->note, "held.delete_limit", 17) != 0) {
            continue;
        }
        for (k = 0; k < j->entries->nelts; k++) {
            const judge_entry_t *removed = &APR_ARRAY_IDX(j->entries, k, judge_entry_t);

            if (!strcmp(removed->op, "remove") && !strcmp(removed->state, "applied") &&
                removed->id > held->id && is_about(held, removed) &&
                !was_reopened(j, held, removed)) {
                judge_blame(j, "S4.2", -1,
                            "entry %" APR_INT64_T_FMT
                            " is a delete that was held, and nobody let go",
                            removed->id);
            }
        }
    }
}

void judge_steps(judge_t *j)
{
    if (j->phases->store_forgot) {
        return;
    }
    judge_made(j);
    judge_held(j);
}
