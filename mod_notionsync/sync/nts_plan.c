/* nts_plan.c - items of a plan: names, and as JSON. */
#include "sync/nts_plan.h"

#include <string.h>

static const char *const kinds[NTS_PLAN_KIND_COUNT] = { "create",    "update", "delete",
                                                        "restore",   "match",  "held",
                                                        "ambiguous", "parked", "busy" };
static const char *const sides[NTS_SIDE_COUNT] = { "notion", "external" };

const char *nts_plan_kind_name(nts_plan_kind_t kind)
{
    return kinds[kind];
}

int nts_plan_kind_acts(nts_plan_kind_t kind)
{
    return kind <= NTS_PLAN_MATCH;
}

int nts_plan_item_writes(const nts_plan_item_t *item, nts_side_t side)
{
    int i;

    if (item->kind == NTS_PLAN_CREATE || item->kind == NTS_PLAN_DELETE ||
        item->kind == NTS_PLAN_RESTORE) {
        if (item->side == side) {
            return 1;
        }
    }
    for (i = 0; i < item->field_count; i++) {
        if (item->fields[i].write[side]) {
            return 1;
        }
    }
    return 0;
}

/* --- writing */

static void add_text(nts_json_t *node, const char *name, const char *text)
{
    if (text) {
        nts_json_add_string(node, name, text);
    }
}

static void add_value(nts_json_t *node, const char *name, const nts_value_t *value)
{
    if (value->kind != NTS_VALUE_ABSENT) {
        nts_value_to_json(value, node, name);
    }
}

static void add_field(nts_json_t *list, const nts_plan_field_t *field)
{
    nts_json_t *node = nts_json_add_object(list, NULL);
    nts_json_t *to = nts_json_add_array(node, "to");
    int side;

    nts_json_add_int(node, "pair", field->pair);
    add_text(node, "name", field->name);
    for (side = 0; side < NTS_SIDE_COUNT; side++) {
        add_value(node, sides[side], &field->now[side]);
        if (field->write[side]) {
            nts_json_add_string(to, NULL, sides[side]);
        }
    }
    add_value(node, "after", &field->after);
    add_value(node, "lost", &field->lost);
    add_text(node, "reason", field->reason);
}

void nts_plan_item_to_json(const nts_plan_item_t *item, nts_json_t *node)
{
    nts_json_t *list;
    int i;

    nts_json_add_string(node, "kind", kinds[item->kind]);
    if (item->kind == NTS_PLAN_CREATE || item->kind == NTS_PLAN_DELETE ||
        item->kind == NTS_PLAN_RESTORE) {
        nts_json_add_string(node, "side", sides[item->side]);
    }
    add_text(node, "page", item->page);
    add_text(node, "key", item->key);
    add_text(node, "title", item->title);
    if (item->pairs) {
        nts_json_add_bool(node, "pairs", 1);
    }
    if (item->over_limit) {
        nts_json_add_bool(node, "over_limit", 1);
    }
    if (item->conflicts) {
        nts_json_add_int(node, "conflicts", item->conflicts);
    }
    add_text(node, "code", item->code);
    add_text(node, "note", item->note);
    add_text(node, "fingerprint", item->fingerprint);
    list = nts_json_add_array(node, "fields");
    for (i = 0; i < item->field_count; i++) {
        add_field(list, &item->fields[i]);
    }
}

/* --- reading */

/* The place of a word in a list, or -1. */
static int find_word(const char *const *words, int count, const char *word)
{
    int i;

    for (i = 0; word && i < count; i++) {
        if (!strcmp(words[i], word)) {
            return i;
        }
    }
    return -1;
}

static apr_status_t read_field(nts_plan_field_t *field, const nts_json_t *node, apr_pool_t *p)
{
    const nts_json_t *to = nts_json_get(node, "to");
    apr_status_t rv = nts_json_int(&field->pair, nts_json_get(node, "pair"));
    int i;

    field->name = nts_json_get_string(node, "name");
    field->reason = nts_json_get_string(node, "reason");
    for (i = 0; i < NTS_SIDE_COUNT && rv == APR_SUCCESS; i++) {
        rv = nts_value_from_json(&field->now[i], nts_json_get(node, sides[i]), p);
    }
    for (i = 0; i < nts_json_count(to) && rv == APR_SUCCESS; i++) {
        int side = find_word(sides, NTS_SIDE_COUNT, nts_json_string(nts_json_at(to, i)));

        if (side < 0) {
            return APR_EMISMATCH;
        }
        field->write[side] = 1;
    }
    if (rv == APR_SUCCESS) {
        rv = nts_value_from_json(&field->after, nts_json_get(node, "after"), p);
    }
    if (rv == APR_SUCCESS) {
        rv = nts_value_from_json(&field->lost, nts_json_get(node, "lost"), p);
    }
    return rv == APR_SUCCESS && field->name ? APR_SUCCESS : APR_EMISMATCH;
}

apr_status_t nts_plan_item_from_json(nts_plan_item_t **pitem, const nts_json_t *node, apr_pool_t *p)
{
    nts_plan_item_t *item = apr_pcalloc(p, sizeof(*item));
    const nts_json_t *list = nts_json_get(node, "fields");
    const char *side = nts_json_get_string(node, "side");
    int kind = find_word(kinds, NTS_PLAN_KIND_COUNT, nts_json_get_string(node, "kind"));
    int i;

    *pitem = NULL;
    item->page = nts_json_get_string(node, "page");
    item->key = nts_json_get_string(node, "key");
    item->title = nts_json_get_string(node, "title");
    item->pairs = nts_json_bool(nts_json_get(node, "pairs"), 0);
    item->over_limit = nts_json_bool(nts_json_get(node, "over_limit"), 0);
    item->conflicts = (int)nts_json_get_int(node, "conflicts", 0);
    item->code = nts_json_get_string(node, "code");
    item->note = nts_json_get_string(node, "note");
    item->fingerprint = nts_json_get_string(node, "fingerprint");
    if (kind < 0 || (side && find_word(sides, NTS_SIDE_COUNT, side) < 0) ||
        (!item->page && !item->key) || !item->fingerprint) {
        return APR_EMISMATCH;
    }
    item->kind = (nts_plan_kind_t)kind;
    item->side = side ? (nts_side_t)find_word(sides, NTS_SIDE_COUNT, side) : NTS_NOTION;
    item->field_count = nts_json_count(list);
    item->fields = apr_pcalloc(p, ((apr_size_t)item->field_count + 1) * sizeof(*item->fields));
    for (i = 0; i < item->field_count; i++) {
        apr_status_t rv = read_field(&item->fields[i], nts_json_at(list, i), p);

        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    *pitem = item;
    return APR_SUCCESS;
}
