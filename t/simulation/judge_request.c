/* judge_request.c - which request brought something about, what was read before it, and what became known of it. */
#include <string.h>

#include "simulation/judge_impl.h"

/* Asks to databases are numbered downwards from -1. */
static int slot_of(int request)
{
    return request >= 0 ? 2 * request : -2 * request - 1;
}

void judge_index_requests(judge_t *j)
{
    int i, count = history_count(j->history);

    for (i = 0; i < count; i++) {
        int slot = slot_of(history_item(j->history, i)->request);

        j->request_count = slot > j->request_count ? slot : j->request_count;
    }
    j->requests = apr_pcalloc(j->p, (apr_size_t)(j->request_count + 1) * sizeof(*j->requests));
    for (i = 0; i < count; i++) {
        const history_item_t *item = history_item(j->history, i);
        apr_array_header_t *list;

        if (item->kind != HISTORY_REQUEST) {
            continue;
        }
        j->requests[slot_of(item->request)] = item;
        if (!j->has_pages[item->side] || !item->record) {
            continue;
        }
        list = apr_hash_get(j->page_requests, item->record, APR_HASH_KEY_STRING);
        if (!list) {
            list = apr_array_make(j->p, 8, sizeof(history_item_t *));
            apr_hash_set(j->page_requests, item->record, APR_HASH_KEY_STRING, list);
        }
        APR_ARRAY_PUSH(list, const history_item_t *) = item;
    }
}

const history_item_t *judge_request(judge_t *j, const history_item_t *effect)
{
    return effect->request ? j->requests[slot_of(effect->request)] : NULL;
}

judge_gap_t judge_gap(judge_t *j, const history_item_t *effect)
{
    judge_gap_t gap = { NULL, effect->at, effect->at, effect->at };
    apr_array_header_t *list;
    int i;

    gap.request = judge_request(j, effect);
    if (!gap.request) {
        return gap;
    }
    gap.sent = gap.read = gap.heard = gap.request->sent;
    list = apr_hash_get(j->page_requests, effect->record, APR_HASH_KEY_STRING);
    for (i = list ? list->nelts - 1 : -1; i >= 0; i--) {
        const history_item_t *request = APR_ARRAY_IDX(list, i, const history_item_t *);

        if (request->worker == gap.request->worker && request != gap.request && request->answered &&
            request->answered <= gap.sent && request->status == 200) {
            gap.read = request->sent;
            gap.heard = request->answered;
            return gap;
        }
    }
    return gap;
}

static int stops_sender(const history_item_t *item, const history_item_t *request)
{
    return item->kind == HISTORY_PROCESS && item->worker == request->worker &&
           item->op != HISTORY_START && item->op != HISTORY_TAKE;
}

int judge_is_uncertain(judge_t *j, const history_item_t *effect)
{
    const history_item_t *request = judge_request(j, effect);
    int i;

    if (!j->has_pages[effect->side]) {
        return 0; /* the database itself tells, by the intent's id */
    }
    if (!request || request->end != HISTORY_ANSWERED || request->status != 200) {
        return 1;
    }
    for (i = request->number; i >= 0 && history_item(j->history, i)->at >= request->sent; i--) {
        if (stops_sender(history_item(j->history, i), request)) {
            return 1; /* the answer came, and nobody listened */
        }
    }
    for (i = request->number; i < history_count(j->history) &&
                              history_item(j->history, i)->at <= request->at + JUDGE_KEPT_WITHIN;
         i++) {
        if (stops_sender(history_item(j->history, i), request)) {
            return 1;
        }
    }
    return 0;
}

/* That version, or the part of it that the cell's side can hold (seed 37141). */
static int is_of(const judge_version_t *shown, const judge_version_t *version)
{
    return shown == version || (shown->parent == version && shown->item == version->item);
}

int judge_came_uncertainly(judge_t *j, const judge_cell_t *cell, const judge_version_t *version)
{
    int i;

    for (i = 0; i < cell->stays->nelts; i++) {
        const judge_stay_t *stay = &APR_ARRAY_IDX(cell->stays, i, judge_stay_t);
        const history_item_t *item = stay->item >= 0 ? history_item(j->history, stay->item) : NULL;

        if (is_of(stay->version, version) && item && item->kind == HISTORY_EFFECT &&
            judge_is_uncertain(j, item)) {
            return 1;
        }
    }
    return 0;
}

int judge_came_uncertainly_to(judge_t *j, const judge_cell_t *const cells[HISTORY_SIDES],
                              const judge_version_t *version)
{
    return judge_came_uncertainly(j, cells[HISTORY_NOTION], version) ||
           judge_came_uncertainly(j, cells[HISTORY_EXTERNAL], version);
}

int judge_was_judged(judge_t *j, const char *page, apr_time_t sent, apr_time_t before)
{
    const apr_array_header_t *list = apr_hash_get(j->page_requests, page, APR_HASH_KEY_STRING);
    int i;

    for (i = 0; list && i < list->nelts; i++) {
        const history_item_t *request = APR_ARRAY_IDX(list, i, const history_item_t *);

        if (request->op == HISTORY_ASK_READ && request->status == 200 &&
            request->sent >= sent + JUDGE_FATE_WAIT && request->answered <= before) {
            return 1;
        }
    }
    return 0;
}

/* How the first look at the page was answered after which the fate of a write of it, sent then, is judged; 0: nobody looked. */
static int first_answer(judge_t *j, const char *page, apr_time_t sent)
{
    const apr_array_header_t *list = apr_hash_get(j->page_requests, page, APR_HASH_KEY_STRING);
    const history_item_t *first = NULL;
    int i;

    for (i = 0; list && i < list->nelts; i++) {
        const history_item_t *request = APR_ARRAY_IDX(list, i, const history_item_t *);

        if (request->op == HISTORY_ASK_READ && request->end == HISTORY_ANSWERED &&
            (request->status == 200 || request->status == 404) &&
            request->sent >= sent + JUDGE_FATE_WAIT && (!first || request->sent < first->sent)) {
            first = request;
        }
    }
    return first ? first->status : 0;
}

int judge_was_missed(judge_t *j, const judge_cell_t *cell, const judge_version_t *version)
{
    int i;

    for (i = 0; i < cell->stays->nelts; i++) {
        const judge_stay_t *stay = &APR_ARRAY_IDX(cell->stays, i, judge_stay_t);
        const history_item_t *item = stay->item >= 0 ? history_item(j->history, stay->item) : NULL;

        if (is_of(stay->version, version) && item && item->kind == HISTORY_EFFECT &&
            judge_is_uncertain(j, item) &&
            first_answer(j, item->record, judge_gap(j, item).sent) == 404) {
            return 1;
        }
    }
    return 0;
}

/* What we send was read so long before, at most. */
#define SENT_WITHIN apr_time_from_sec(15)

static int showed(const judge_cell_t *cell, const char *value, apr_time_t from, apr_time_t to)
{
    int i;

    for (i = cell->stays->nelts - 1; i >= 0; i--) {
        const judge_stay_t *stay = &APR_ARRAY_IDX(cell->stays, i, judge_stay_t);

        if (stay->from <= to && judge_same(stay->version->value, value)) {
            return 1;
        }
        if (stay->from <= from) {
            break;
        }
    }
    return 0;
}

/* An update of the page of which its sender does not know what became. */
static int is_unknown(const history_item_t *request)
{
    return request->op == HISTORY_ASK_UPDATE &&
           (request->end != HISTORY_ANSWERED || request->status >= 500); /* 78859 */
}

/* Who had read the page may have stored what it was about to send, and was gone, or frozen, before that left: to its successor it may
 * arrive still (seed 78921). */
static int ended_before_sending(judge_t *j, const history_item_t *request)
{
    int i;

    for (i = request->number + 1;
         request->op == HISTORY_ASK_READ && request->status == 200 &&
         i < history_count(j->history) &&
         history_item(j->history, i)->at <= request->answered + SENT_WITHIN;
         i++) {
        if (stops_sender(history_item(j->history, i), request)) {
            return 1;
        }
    }
    return 0;
}

int judge_looks_like_ours(judge_t *j, const judge_record_t *page, const judge_cell_t *cell,
                          const judge_cell_t *far, apr_time_t given)
{
    const apr_array_header_t *list = apr_hash_get(j->page_requests, page->id, APR_HASH_KEY_STRING);
    const char *value = judge_now(cell)->value;
    int i;

    for (i = 0; list && i < list->nelts; i++) {
        const history_item_t *request = APR_ARRAY_IDX(list, i, const history_item_t *);

        if ((is_unknown(request) || ended_before_sending(j, request)) && request->sent < given &&
            !judge_same(judge_then(cell, request->sent)->value, value) &&
            showed(far, value, request->sent - SENT_WITHIN, request->sent) &&
            !judge_was_judged(j, page->id, request->sent, given)) {
            return 1;
        }
    }
    return 0;
}

/* The audit has our update of the page with that value in that field. */
static int tells_sent(const judge_contest_t *c, const judge_record_t *page, const char *value,
                      const history_item_t *request)
{
    judge_t *j = c->j;
    int i, f;

    for (i = 0; i < j->entries->nelts; i++) {
        const judge_entry_t *entry = &APR_ARRAY_IDX(j->entries, i, judge_entry_t);

        if (entry->mapping != c->mapping || entry->side != page->side ||
            strcmp(entry->op, "update") != 0 || strcmp(entry->state, "applied") != 0 ||
            !judge_same(page->side == HISTORY_NOTION ? entry->page : entry->key, page->id) ||
            entry->at < request->sent - SENT_WITHIN - j->phases->skew ||
            entry->at > request->answered + j->phases->skew) {
            continue;
        }
        for (f = 0; f < entry->field_count; f++) {
            const judge_entry_field_t *field = &entry->fields[f];

            if (judge_find_field(j, c->mapping, HISTORY_NOTION, field->name) == c->index &&
                judge_alike(j, &JUDGE_MAPPING(j, c->mapping)->fields[c->index], field->after,
                            value)) {
                return 1;
            }
        }
    }
    return 0;
}

/* What the other side, @a far, showed of that value when we read it is what @a source was made over. */
static int was_made_over(const judge_contest_t *c, const judge_cell_t *far,
                         const judge_version_t *source, const char *value, apr_time_t from,
                         apr_time_t to)
{
    int i;

    for (i = 0; i < far->stays->nelts; i++) {
        const judge_stay_t *stay = &APR_ARRAY_IDX(far->stays, i, judge_stay_t);

        if (stay->from <= to &&
            (i + 1 == far->stays->nelts ||
             APR_ARRAY_IDX(far->stays, i + 1, judge_stay_t).from >= from) &&
            judge_same(stay->version->value, value) &&
            judge_is_known(c->j, stay->version, source)) {
            return 1;
        }
    }
    return 0;
}

int judge_is_given_as_sent(const judge_contest_t *c, const judge_record_t *page,
                           const judge_version_t *source, apr_time_t given)
{
    const apr_array_header_t *list =
        apr_hash_get(c->j->page_requests, page->id, APR_HASH_KEY_STRING);
    const char *value = judge_now(c->cell[page->side])->value;
    int i;

    for (i = 1; list && i < list->nelts; i++) {
        const history_item_t *update = APR_ARRAY_IDX(list, i, const history_item_t *);
        const history_item_t *read = APR_ARRAY_IDX(list, i - 1, const history_item_t *);

        if (update->op == HISTORY_ASK_UPDATE && update->status == 200 &&
            read->op == HISTORY_ASK_READ && read->status == 200 && read->sent < given &&
            given <= update->answered &&
            was_made_over(c, c->cell[!page->side], source, value, read->sent - SENT_WITHIN,
                          update->sent) &&
            tells_sent(c, page, value, update)) {
            return 1;
        }
    }
    return 0;
}
