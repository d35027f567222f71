/* mns_facts_record.c - facts of one record: is it in sync, why not, and what has happened to it. */
#include "httpd/mns_status.h"

#define ENTRIES_SHOWN 50
#define VALUE_WIDTH 2000

static const nts_pair_t *find_pair(const nts_mapping_t *mapping, apr_int64_t id)
{
    int i;

    for (i = 0; i < mapping->pair_count; i++) {
        if (mapping->pairs[i].id == id) {
            return &mapping->pairs[i];
        }
    }
    return NULL;
}

/* What both sides last agreed on. */
static void add_bases(const mns_page_t *page, const nts_link_t *link)
{
    nts_json_t *list = nts_json_add_array(page->facts, "agreed");
    const nts_mapping_t *mapping = mns_page_whole(page->mapping, page->store, page->r->pool);
    apr_pool_t *p = page->r->pool;
    int i;

    for (i = 0; i < link->base_count; i++) {
        const nts_base_t *base = &link->bases[i];
        const nts_pair_t *pair = find_pair(mapping, base->pair);
        nts_json_t *node;

        if (!pair) {
            continue;
        }
        node = nts_json_add_object(list, NULL);
        nts_json_add_string(node, "notion", pair->notion);
        nts_json_add_string(node, "external", pair->external);
        nts_json_add_string(node, "notion_text",
                            nts_value_display(&base->value[NTS_NOTION], VALUE_WIDTH, p));
        nts_json_add_string(node, "external_text",
                            nts_value_display(&base->value[NTS_EXTERNAL], VALUE_WIDTH, p));
        mns_fact_time(node, "notion_seen", base->seen[NTS_NOTION], p);
        mns_fact_time(node, "external_seen", base->seen[NTS_EXTERNAL], p);
    }
}

/* " (Notion: Stage != "Lost")". */
static const char *filters(const mns_page_t *page)
{
    const nts_filter_t *const *filter = page->mapping->filter;
    const char *of[NTS_SIDE_COUNT] = { "", "" };
    apr_pool_t *p = page->r->pool;

    if (filter[NTS_NOTION]) {
        of[NTS_NOTION] = apr_pstrcat(p, " (Notion: ", filter[NTS_NOTION]->text, ")", NULL);
    }
    if (filter[NTS_EXTERNAL]) {
        of[NTS_EXTERNAL] = apr_pstrcat(p, " (external: ", filter[NTS_EXTERNAL]->text, ")", NULL);
    }
    return apr_pstrcat(p, of[NTS_NOTION], of[NTS_EXTERNAL], NULL);
}

/* The answer to "why is this not in sync?", in a sentence. */
static const char *explain(const mns_page_t *page, const nts_link_t *link, int pending)
{
    if (link->trouble == NTS_TROUBLE_HELD) {
        return "It waits for a person to decide; the reason says what.";
    }
    if (link->trouble == NTS_TROUBLE_PARKED) {
        return link->next_try ? "It failed and is tried again at the time shown."
                              : "It failed and is looked at again as soon as something changes.";
    }
    if (pending) {
        return "A write is under way: it was sent, and its end is not known yet.";
    }
    switch (link->state) {
    case NTS_LINK_NEW:
        return "It exists on one side only and is about to be created on the other.";
    case NTS_LINK_DORMANT:
        return apr_pstrcat(page->r->pool, "It lies outside the filter", filters(page),
                           " and rests; it goes on when it comes back.", NULL);
    case NTS_LINK_TOMBSTONE:
        return "It was deleted on both sides.";
    case NTS_LINK_IGNORED:
        return "Somebody said that it is not to be synced.";
    case NTS_LINK_ACTIVE:
    default:
        return "It was in sync when it was last looked at.";
    }
}

apr_status_t mns_facts_record(mns_page_t *page)
{
    const char *id = apr_table_get(page->args, "id");
    nts_entry_t *entries;
    nts_link_t *link;
    nts_json_t *list;
    int pending = 0;
    int count = 0;
    int i;
    apr_status_t rv;

    if (!id || !*id) {
        return APR_ENOENT;
    }
    rv = nts_store_find_link(&link, page->store, page->mapping->id, id, page->r->pool);
    if (rv == APR_SUCCESS) {
        rv = nts_store_get_entries(&entries, &count, page->store, page->mapping->id, link->id, 0,
                                   ENTRIES_SHOWN, page->r->pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    mns_fact_link(nts_json_add_object(page->facts, "record"), link, page->mapping, page);
    list = nts_json_add_array(page->facts, "audit");
    for (i = 0; i < count; i++) {
        pending |= entries[i].state == NTS_ENTRY_PENDING;
        mns_fact_entry(nts_json_add_object(list, NULL), &entries[i], page->mapping, VALUE_WIDTH,
                       page->r->pool);
    }
    nts_json_add_string(page->facts, "explanation", explain(page, link, pending));
    add_bases(page, link);
    return APR_SUCCESS;
}
