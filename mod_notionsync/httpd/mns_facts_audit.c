/* mns_facts_audit.c - entries of the audit as facts, newest first, of one mapping or of all that a page shows. */
#include <stdlib.h>

#include "httpd/mns_status.h"

/* The value for programs, and as people read it. */
static void add_value(nts_json_t *parent, const char *key, const nts_value_t *value, int width,
                      apr_pool_t *p)
{
    if (value->kind == NTS_VALUE_ABSENT) {
        return;
    }
    nts_value_to_json(value, parent, key);
    nts_json_add_string(parent, apr_pstrcat(p, key, "_text", NULL),
                        nts_value_display(value, width, p));
}

void mns_fact_entry(nts_json_t *parent, const nts_entry_t *entry, const nts_mapping_t *mapping,
                    int width, apr_pool_t *p)
{
    nts_json_t *fields;
    int i;

    nts_json_add_int(parent, "id", entry->id);
    nts_json_add_string(parent, "mapping", mapping->name);
    nts_json_add_string(parent, "external_service", mapping->external->name);
    mns_fact_time(parent, "at", entry->at, p);
    nts_json_add_string(parent, "operation", nts_entry_op_name(entry->op));
    nts_json_add_string(parent, "side", nts_side_name(entry->side));
    nts_json_add_string(parent, "state", nts_entry_state_name(entry->state));
    nts_json_add_int(parent, "record", entry->link);
    nts_json_add_string(parent, "notion_page", entry->page);
    nts_json_add_string(parent, "external_key", entry->key);
    nts_json_add_string(parent, "cause", entry->cause);
    if (entry->run) {
        nts_json_add_int(parent, "run", entry->run);
    }
    if (entry->note) {
        nts_json_add_string(parent, "note", entry->note);
    }
    if (entry->taken && *entry->taken) {
        nts_json_add_string(parent, "taken", entry->taken);
    }
    if (entry->undoes) {
        nts_json_add_int(parent, "undoes", entry->undoes);
    }
    fields = nts_json_add_array(parent, "fields");
    for (i = 0; i < entry->field_count; i++) {
        const nts_entry_field_t *field = &entry->fields[i];
        nts_json_t *node = nts_json_add_object(fields, NULL);

        nts_json_add_string(node, "name", field->name);
        nts_json_add_string(node, "reason", field->reason);
        add_value(node, "agreed", &field->agreed, width, p);
        add_value(node, "before", &field->before, width, p);
        add_value(node, "after", &field->after, width, p);
        add_value(node, "lost", &field->lost, width, p);
    }
}

/* ---- lists ---- */

typedef struct found_t {
    const nts_entry_t *entry;
    const nts_mapping_t *mapping;
} found_t;

static int compare_newest(const void *a, const void *b)
{
    apr_int64_t x = ((const found_t *)a)->entry->id;
    apr_int64_t y = ((const found_t *)b)->entry->id;

    return x < y ? 1 : x > y ? -1 : 0;
}

/* @param last raised to the oldest entry up to which this mapping is known, if there are older ones */
static apr_status_t collect(apr_array_header_t *found, apr_int64_t *last, const mns_page_t *page,
                            const nts_mapping_t *mapping, const mns_listing_t *listing)
{
    nts_entry_t *entries;
    int count = 0;
    int i;
    apr_status_t rv = nts_store_get_entries(&entries, &count, page->store, mapping->id, 0,
                                            listing->before, listing->search, page->r->pool);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    for (i = 0; i < count; i++) {
        if (!listing->wanted || listing->wanted(&entries[i])) {
            found_t *item = apr_array_push(found);

            item->entry = &entries[i];
            item->mapping = mapping;
        }
    }
    if (count == listing->search && entries[count - 1].id > *last) {
        *last = entries[count - 1].id;
    }
    return APR_SUCCESS;
}

apr_status_t mns_fact_entries(nts_json_t *list, apr_int64_t *next, const mns_page_t *page,
                              const mns_listing_t *listing)
{
    const nts_setup_t *setup = &page->core->setup;
    apr_array_header_t *found = apr_array_make(page->r->pool, 64, sizeof(found_t));
    apr_status_t rv = APR_SUCCESS;
    int shown = 0;
    int i;

    *next = 0;
    for (i = 0; i < setup->mapping_count && rv == APR_SUCCESS; i++) {
        if (page->mapping ? page->mapping == setup->mappings[i]
                          : mns_page_shows(page, setup->mappings[i])) {
            rv = collect(found, next, page, setup->mappings[i], listing);
        }
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    qsort(found->elts, (size_t)found->nelts, sizeof(found_t), compare_newest);
    for (i = 0; i < found->nelts; i++) {
        const found_t *item = &APR_ARRAY_IDX(found, i, found_t);

        if (item->entry->id < *next) {
            break;
        }
        if (shown == listing->limit) {
            *next = APR_ARRAY_IDX(found, i - 1, found_t).entry->id;
            break;
        }
        mns_fact_entry(nts_json_add_object(list, NULL), item->entry, item->mapping, listing->width,
                       page->r->pool);
        shown++;
    }
    return APR_SUCCESS;
}
