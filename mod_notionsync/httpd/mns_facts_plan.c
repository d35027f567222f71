/* mns_facts_plan.c - facts of a mapping's last plan: what a run would do. */
#include <string.h>

#include "base/nts_str.h"
#include "httpd/mns_plan.h"

#define ITEMS_SHOWN 100
#define VALUE_WIDTH 200

int mns_plan_is_fresh(const nts_plan_t *plan, const nts_mapping_t *mapping, apr_time_t now,
                      apr_pool_t *p)
{
    return !strcmp(plan->state, "ready") && now - plan->made < MNS_PLAN_FRESH &&
           !strcmp(plan->revision, nts_plan_revision(mapping, p));
}

static void add_value(nts_json_t *node, const char *key, const nts_value_t *value, apr_pool_t *p)
{
    if (value->kind != NTS_VALUE_ABSENT) {
        nts_json_add_string(node, key, nts_value_display(value, VALUE_WIDTH, p));
    }
}

static void add_field(nts_json_t *list, const nts_plan_field_t *field, apr_pool_t *p)
{
    nts_json_t *node = nts_json_add_object(list, NULL);

    nts_json_add_string(node, "field", field->name);
    add_value(node, "notion", &field->now[NTS_NOTION], p);
    add_value(node, "external", &field->now[NTS_EXTERNAL], p);
    add_value(node, "after", &field->after, p);
    nts_json_add_bool(node, "to_notion", field->write[NTS_NOTION]);
    nts_json_add_bool(node, "to_external", field->write[NTS_EXTERNAL]);
    nts_json_add_string(node, "reason", field->reason);
}

static void add_item(nts_json_t *list, const nts_plan_row_t *row, apr_pool_t *p)
{
    nts_json_t *node = nts_json_add_object(list, NULL), *fields;
    const nts_plan_item_t *item = row->item;
    int i;

    nts_json_add_int(node, "id", row->id);
    nts_json_add_string(node, "kind", nts_plan_kind_name(item->kind));
    if (item->kind == NTS_PLAN_CREATE || item->kind == NTS_PLAN_DELETE ||
        item->kind == NTS_PLAN_RESTORE) {
        nts_json_add_string(node, "side", nts_side_name(item->side));
    }
    nts_json_add_string(node, "title", item->title);
    nts_json_add_string(node, "page", item->page);
    nts_json_add_string(node, "key", item->key);
    nts_json_add_bool(node, "conflict", item->conflicts > 0);
    nts_json_add_bool(node, "over_limit", item->over_limit);
    nts_json_add_string(node, "note", item->note);
    nts_json_add_string(node, "fate", nts_plan_fate_name(row->fate));
    nts_json_add_string(node, "why", row->why);
    fields = nts_json_add_array(node, "fields");
    for (i = 0; i < item->field_count; i++) {
        const nts_value_t *after = &item->fields[i].after;

        if (item->kind != NTS_PLAN_CREATE || after->kind == NTS_VALUE_ABSENT ||
            !nts_value_is_empty(after)) {
            add_field(fields, &item->fields[i], p);
        }
    }
}

static apr_status_t add_items(mns_page_t *page, const nts_plan_t *plan)
{
    const char *text = apr_table_get(page->args, "after");
    nts_json_t *list = nts_json_add_array(page->facts, "items");
    apr_int64_t after = 0;
    nts_plan_row_t *rows;
    int count = 0;
    int i;
    apr_status_t rv;

    if (text && nts_int_parse(&after, text, 1, APR_INT64_C(0x7fffffffffffffff)) != APR_SUCCESS) {
        after = 0;
    }
    rv = nts_store_get_plan_items(&rows, &count, page->store, plan->id, NTS_PLAN_OPEN, after,
                                  ITEMS_SHOWN, page->r->pool);
    for (i = 0; i < count && rv == APR_SUCCESS; i++) {
        add_item(list, &rows[i], page->r->pool);
    }
    if (rv == APR_SUCCESS && count == ITEMS_SHOWN) {
        nts_json_add_int(page->facts, "next_after", rows[count - 1].id);
    }
    return rv;
}

apr_status_t mns_facts_plan(mns_page_t *page)
{
    apr_pool_t *p = page->r->pool;
    nts_plan_t *plan = NULL;
    nts_json_t *node;
    apr_status_t rv = nts_store_last_plan(&plan, page->store, page->mapping->id, p);

    nts_json_add_string(page->facts, "mapping", page->mapping->name);
    if (rv != APR_SUCCESS) {
        return APR_STATUS_IS_ENOENT(rv) ? APR_SUCCESS : rv; /* none yet */
    }
    node = nts_json_add_object(page->facts, "plan");
    nts_json_add_int(node, "id", plan->id);
    nts_json_add_string(node, "state", plan->state);
    nts_json_add_string(node, "by", plan->by);
    mns_fact_time(node, "made", plan->made, p);
    if (plan->applied) {
        mns_fact_time(node, "applied", plan->applied, p);
    }
    nts_json_add_int(node, "requests", plan->requests);
    nts_json_add_string(node, "note", plan->note);
    nts_json_add_bool(
        node, "fresh",
        mns_plan_is_fresh(plan, mns_page_whole(page->mapping, page->store, p), page->now, p));
    nts_plan_counts_to_json(&plan->counts, node, "counts");
    return add_items(page, plan);
}
