/* mns_facts_mapping.c - facts of one mapping: its sides, fields, rules, runs and last changes. */
#include <string.h>

#include "base/nts_str.h"
#include "httpd/mns_status.h"

#define RUNS_SHOWN 8
#define ENTRIES_SHOWN 20
#define TROUBLES_SHOWN 10

static const char *conflict_name(nts_conflict_t conflict)
{
    static const char *const names[] = { "as the mapping", "last-write-wins", "notion-wins",
                                         "external-wins", "hold" };

    return names[conflict];
}

static const char *deletes_name(nts_deletes_t deletes)
{
    static const char *const names[] = { "propagate", "hold", "ignore" };

    return names[deletes];
}

static void add_rules(const mns_page_t *page)
{
    const nts_mapping_t *mapping = page->mapping;
    apr_pool_t *p = page->r->pool;
    nts_json_t *rules = nts_json_add_object(page->facts, "rules");

    nts_json_add_string(rules, "conflict", conflict_name(mapping->conflict));
    if (mapping->conflict == NTS_CONFLICT_LAST_WRITE) {
        nts_json_add_string(rules, "grace", nts_duration_text(mapping->grace, p));
        nts_json_add_string(rules, "tie", nts_side_name(mapping->tie));
    }
    nts_json_add_string(rules, "deletes_to_notion", deletes_name(mapping->deletes[NTS_NOTION]));
    nts_json_add_string(rules, "deletes_to_external", deletes_name(mapping->deletes[NTS_EXTERNAL]));
    nts_json_add_string(rules, "delete_limit",
                        apr_psprintf(p, "%d%%", mapping->delete_limit_percent));
    nts_json_add_string(rules, "reconcile",
                        mapping->reconcile ? nts_duration_text(mapping->reconcile, p) : "off");
    nts_json_add_string(rules, "full", mapping->full ? nts_duration_text(mapping->full, p) : "off");
    nts_json_add_string(rules, "debounce", nts_duration_text(mapping->debounce, p));
    if (mapping->filter[NTS_NOTION]) {
        nts_json_add_string(rules, "filter_notion", mapping->filter[NTS_NOTION]->text);
    }
    if (mapping->filter[NTS_EXTERNAL]) {
        nts_json_add_string(rules, "filter_external", mapping->filter[NTS_EXTERNAL]->text);
    }
}

static void add_fields(const mns_page_t *page)
{
    static const char *const directions[] = { "both", "to-external", "to-notion" };
    nts_json_t *list = nts_json_add_array(page->facts, "fields");
    const nts_mapping_t *mapping = mns_page_whole(page->mapping, page->store, page->r->pool);
    int i;

    for (i = 0; i < mapping->pair_count; i++) {
        const nts_pair_t *pair = &mapping->pairs[i];
        nts_json_t *node = nts_json_add_object(list, NULL);

        nts_json_add_string(node, "notion", pair->notion);
        nts_json_add_string(node, "direction", directions[pair->direction]);
        nts_json_add_string(node, "external", pair->external);
        nts_json_add_string(node, "conflict", conflict_name(pair->conflict));
    }
}

/* What the data source is called by people; unknown before first contact. */
static apr_status_t add_title(const mns_page_t *page)
{
    const char *text = NULL;
    const nts_json_t *schema;
    const char *title;
    apr_status_t rv =
        nts_store_get_schema(&text, page->store, page->mapping->id, NTS_NOTION, page->r->pool);

    if (rv == APR_SUCCESS && text &&
        nts_json_parse(&schema, text, strlen(text), NULL, page->r->pool) == APR_SUCCESS) {
        title = nts_json_get_string(schema, "title");
        if (title) {
            nts_json_add_string(page->facts, "title", title);
        }
    }
    return APR_STATUS_IS_ENOENT(rv) ? APR_SUCCESS : rv;
}

static apr_status_t add_runs(const mns_page_t *page)
{
    nts_json_t *list = nts_json_add_array(page->facts, "runs");
    nts_run_t *runs;
    int count = 0;
    int i;
    apr_status_t rv = nts_store_get_runs(&runs, &count, page->store, page->mapping->id, RUNS_SHOWN,
                                         page->r->pool);

    for (i = 0; i < count && rv == APR_SUCCESS; i++) {
        mns_fact_run(nts_json_add_object(list, NULL), &runs[i], page);
    }
    return rv;
}

/* In words, and what of it was refused. */
static void add_result(nts_json_t *node, const char *result, apr_pool_t *p)
{
    const nts_json_t *root;
    const nts_json_t *refused;
    nts_json_t *list;
    int i;

    if (!result || nts_json_parse(&root, result, strlen(result), NULL, p) != APR_SUCCESS) {
        return;
    }
    nts_json_add_string(node, "text", nts_json_get_string(root, "text"));
    refused = nts_json_get(root, "refused");
    list = nts_json_add_array(node, "refused");
    for (i = 0; i < nts_json_count(refused); i++) {
        const nts_json_t *item = nts_json_at(refused, i);
        nts_json_t *copy = nts_json_add_object(list, NULL);

        nts_json_add_string(copy, "record", nts_json_get_string(item, "record"));
        nts_json_add_int(copy, "entry", nts_json_get_int(item, "entry", 0));
        nts_json_add_string(copy, "why", nts_json_get_string(item, "why"));
    }
}

/* What became of the button that led here. */
static apr_status_t add_command(const mns_page_t *page)
{
    const char *wanted = apr_table_get(page->args, "command");
    nts_command_t *command;
    nts_json_t *node;
    apr_int64_t id;
    apr_status_t rv;

    if (!wanted || nts_int_parse(&id, wanted, 1, APR_INT64_C(0x7fffffffffffffff)) != APR_SUCCESS) {
        return APR_SUCCESS;
    }
    rv = nts_store_get_command(&command, page->store, id, page->r->pool);
    if (rv != APR_SUCCESS || command->mapping != page->mapping->id) {
        return APR_STATUS_IS_ENOENT(rv) ? APR_SUCCESS : rv;
    }
    node = nts_json_add_object(page->facts, "command");
    nts_json_add_int(node, "id", command->id);
    nts_json_add_string(node, "verb", command->verb);
    nts_json_add_string(node, "by", command->by);
    nts_json_add_string(node, "state", command->state);
    mns_fact_time(node, "at", command->at, page->r->pool);
    nts_json_add_string(node, "progress", command->progress);
    nts_json_add_string(node, "result", command->result);
    add_result(node, command->result ? command->result : command->progress, page->r->pool);
    return APR_SUCCESS;
}

static apr_status_t add_audit(const mns_page_t *page)
{
    mns_listing_t listing = { 0, ENTRIES_SHOWN, ENTRIES_SHOWN, 120, NULL };
    apr_int64_t next;

    return mns_fact_entries(nts_json_add_array(page->facts, "audit"), &next, page, &listing);
}

apr_status_t mns_facts_mapping(mns_page_t *page)
{
    apr_status_t rv;

    rv = mns_fact_mapping(nts_json_add_object(page->facts, "mapping"), page, page->mapping);
    if (rv == APR_SUCCESS) {
        rv = add_runs(page);
    }
    if (rv != APR_SUCCESS || !page->access.full) {
        return rv;
    }
    add_rules(page);
    add_fields(page);
    nts_json_add_string(page->facts, "data_source", page->mapping->data_source);
    rv = add_title(page);
    if (rv == APR_SUCCESS) {
        rv = nts_store_show_fields(nts_json_add_object(page->facts, "schema"), NULL, page->store,
                                   page->mapping, 1, page->r->pool);
    }
    if (rv == APR_SUCCESS) {
        rv = add_command(page);
    }
    if (rv == APR_SUCCESS) {
        rv = mns_fact_troubles(nts_json_add_array(page->facts, "failures"), page, page->mapping,
                               NTS_TROUBLE_PARKED, TROUBLES_SHOWN, NULL);
    }
    if (rv == APR_SUCCESS) {
        rv = mns_fact_troubles(nts_json_add_array(page->facts, "held"), page, page->mapping,
                               NTS_TROUBLE_HELD, TROUBLES_SHOWN, NULL);
    }
    return rv == APR_SUCCESS ? add_audit(page) : rv;
}
