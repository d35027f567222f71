/* history.c - the record of a simulated run: an array that only grows, with strings kept once. */
#include "simulation/history.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <stdlib.h>
#include <string.h>

struct history_t {
    apr_pool_t *p;
    apr_hash_t *texts;
    apr_array_header_t *items; /* history_item_t */
    int requests;
    apr_time_t last; /* commit */
    apr_uint64_t hash;
};

history_t *history_create(apr_pool_t *p)
{
    history_t *h = apr_pcalloc(p, sizeof(*h));

    h->p = p;
    h->texts = apr_hash_make(p);
    h->items = apr_array_make(p, 1024, sizeof(history_item_t));
    h->hash = 14695981039346656037u;
    return h;
}

const char *history_text(history_t *h, const char *text)
{
    const char *kept;

    if (!text) {
        return NULL;
    }
    kept = apr_hash_get(h->texts, text, APR_HASH_KEY_STRING);
    if (!kept) {
        kept = apr_pstrdup(h->p, text);
        apr_hash_set(h->texts, kept, APR_HASH_KEY_STRING, kept);
    }
    return kept;
}

/* FNV-1a */
static void stir(history_t *h, const void *bytes, apr_size_t size)
{
    const unsigned char *b = bytes;
    apr_size_t i;

    for (i = 0; i < size; i++) {
        h->hash = (h->hash ^ b[i]) * 1099511628211u;
    }
}

static void stir_text(history_t *h, const char *text)
{
    stir(h, text ? text : "\x02", text ? strlen(text) + 1 : 1);
}

static void stir_number(history_t *h, apr_int64_t number)
{
    stir(h, &number, sizeof(number));
}

static void stir_item(history_t *h, const history_item_t *item)
{
    const apr_int64_t numbers[] = { item->kind,   item->op,      item->at,          item->side,
                                    item->unseen, item->request, item->sent,        item->answered,
                                    item->end,    item->status,  item->retry_after, item->host,
                                    item->worker };
    apr_size_t i;

    for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        stir_number(h, numbers[i]);
    }
    stir_text(h, item->place);
    stir_text(h, item->record);
    stir_text(h, item->field);
    stir_text(h, item->before);
    stir_text(h, item->after);
    stir_text(h, item->connection);
    stir_text(h, item->note);
}

int history_add(history_t *h, const history_item_t *item)
{
    history_item_t *kept = apr_array_push(h->items);

    *kept = *item;
    kept->number = h->items->nelts - 1;
    kept->place = history_text(h, item->place);
    kept->record = history_text(h, item->record);
    kept->field = history_text(h, item->field);
    kept->before = history_text(h, item->before);
    kept->after = history_text(h, item->after);
    kept->connection = history_text(h, item->connection);
    kept->note = history_text(h, item->note);
    if (item->kind <= HISTORY_TRIGGER) {
        if (item->at < h->last) {
            abort(); /* the world is wrong, and nothing that is said about it would be right */
        }
        h->last = item->at;
    }
    stir_item(h, kept);
    return kept->number;
}

int history_request(history_t *h)
{
    return ++h->requests;
}

int history_count(const history_t *h)
{
    return h->items->nelts;
}

const history_item_t *history_item(const history_t *h, int number)
{
    return &APR_ARRAY_IDX(h->items, number, history_item_t);
}

apr_uint64_t history_hash(const history_t *h)
{
    return h->hash;
}

void history_set(history_t *h, history_kind_t kind, int request, apr_time_t at, int side,
                 const char *place, const char *record, const char *field, const char *before,
                 const char *after)
{
    history_item_t item = { 0 };

    if (before == after || (before && after && !strcmp(before, after))) {
        return;
    }
    item.kind = request ? HISTORY_EFFECT : kind;
    item.op = HISTORY_SET;
    item.request = request;
    item.at = at;
    item.side = side;
    item.place = place;
    item.record = record;
    item.field = field;
    item.before = before;
    item.after = after;
    (void)history_add(h, &item);
}

void history_do(history_t *h, history_kind_t kind, int request, apr_time_t at, history_op_t op,
                int side, const char *place, const char *record, const char *before,
                const char *after)
{
    history_item_t item = { 0 };

    item.kind = request ? HISTORY_EFFECT : kind;
    item.op = op;
    item.request = request;
    item.at = at;
    item.side = side;
    item.place = place;
    item.record = record;
    item.before = before;
    item.after = after;
    (void)history_add(h, &item);
}

static const char *const kinds[] = { "act",     "effect",   "trigger", "request", "notice",
                                     "process", "operator", "fault",   "sight" };
static const char *const ops[] = {
    "",        "set",       "make",   "delete",        "revive",    "purge",      "hide",
    "show",    "rekey",     "rename", "remove-option", "reshape",   "swap",       "retype",
    "migrate", "delivered", "lost",   "repeated",      "start",     "crash",      "stop",
    "freeze",  "wake",      "take",   "store-lost",    "store-old", "disk-fails", "disk-works",
    "read",    "list",      "create", "update",        "delete",    "revive",     "other",
    "pause",   "resume",    "undo",   "approve",       "configure", "other"
};
static const char *const ends[] = { "answered", "cut off", "orphaned" };

static const char *shown(const char *value, apr_pool_t *p)
{
    char *copy, *c;

    if (!value) {
        return "null";
    }
    copy = apr_psprintf(p, "'%.60s'", value);
    for (c = copy; *c; c++) {
        *c = *c == HISTORY_MEMBER[0] ? ',' : *c;
    }
    return copy;
}

static const char *request_words(const history_item_t *item, apr_pool_t *p)
{
    if (item->kind != HISTORY_REQUEST) {
        return item->request ? apr_psprintf(p, " (request %d)", item->request) : "";
    }
    return apr_psprintf(
        p, " %d to %s by %d: took %.3f s, %s %d%s", item->request,
        item->connection ? item->connection : "?", item->worker,
        item->answered ? (double)(item->answered - item->sent) / 1e6 : 0.0, ends[item->end],
        item->status,
        item->retry_after ? apr_psprintf(p, ", retry after %.3f s", (double)item->retry_after / 1e6)
                          : "");
}

static const char *const sides[] = { "", " notion", " external" };

const char *history_sort(const history_item_t *item, apr_pool_t *p)
{
    return apr_pstrcat(p, kinds[item->kind], " ", ops[item->op],
                       sides[item->side >= 0 && item->side <= 1 ? item->side + 1 : 0], NULL);
}

const char *history_line(const history_item_t *item, apr_time_t start, apr_pool_t *p)
{
    int changes = item->op == HISTORY_SET || item->before || item->after;

    return apr_psprintf(
        p, "%12.3f %-8s %-9s%s%s%s%s%s%s%s%s", (double)(item->at - start) / 1e6, kinds[item->kind],
        ops[item->op], sides[item->side >= 0 && item->side <= 1 ? item->side + 1 : 0],
        item->record ? " " : "", item->record ? item->record : "", item->field ? "." : "",
        item->field ? item->field : "",
        changes ? apr_pstrcat(p, ": ", shown(item->before, p), " -> ", shown(item->after, p), NULL)
                : "",
        request_words(item, p),
        item->note                      ? apr_pstrcat(p, "  [", item->note, "]", NULL)
        : item->kind == HISTORY_PROCESS ? apr_psprintf(p, " %d", item->worker)
                                        : "");
}
