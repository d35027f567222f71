/* mns_facts_lists.c - facts of the lists: audit, conflicts, held, failures. Of one mapping, or of all. */
#include "base/nts_str.h"
#include "httpd/mns_status.h"
#include "sync/nts_fingerprint.h"

#define ENTRIES_SHOWN 50
#define ENTRIES_SEARCHED 500
#define TROUBLES_SHOWN 100
#define VALUE_WIDTH 200

static apr_int64_t read_before(const mns_page_t *page)
{
    const char *text = apr_table_get(page->args, "before");
    apr_int64_t before;

    return text && nts_int_parse(&before, text, 1, APR_INT64_C(0x7fffffffffffffff)) == APR_SUCCESS
               ? before
               : 0;
}

static void name_mapping(const mns_page_t *page)
{
    if (page->mapping) {
        nts_json_add_string(page->facts, "mapping", page->mapping->name);
    }
}

static apr_status_t list_entries(mns_page_t *page, const char *key, int search,
                                 int (*wanted)(const nts_entry_t *))
{
    mns_listing_t listing = { read_before(page), search, ENTRIES_SHOWN, VALUE_WIDTH, wanted };
    apr_int64_t next;
    apr_status_t rv;

    name_mapping(page);
    rv = mns_fact_entries(nts_json_add_array(page->facts, key), &next, page, &listing);
    if (rv == APR_SUCCESS && next) {
        nts_json_add_int(page->facts, "next_before", next);
    }
    return rv;
}

static int is_listed(const mns_page_t *page, const nts_mapping_t *mapping)
{
    return page->mapping ? page->mapping == mapping : mns_page_shows(page, mapping);
}

/* Held for the sake of a field. */
static int is_field(const nts_link_t *link)
{
    return link->issue_count && link->issues[0].pair;
}

static apr_status_t list_troubles(mns_page_t *page, const char *key, nts_trouble_t which,
                                  int (*wanted)(const nts_link_t *))
{
    const nts_setup_t *setup = &page->core->setup;
    nts_json_t *list;
    apr_status_t rv = APR_SUCCESS;
    int i;

    name_mapping(page);
    list = nts_json_add_array(page->facts, key);
    for (i = 0; i < setup->mapping_count && rv == APR_SUCCESS; i++) {
        if (is_listed(page, setup->mappings[i])) {
            rv = mns_fact_troubles(list, page, setup->mappings[i], which, TROUBLES_SHOWN, wanted);
        }
    }
    return rv;
}

static int has_loser(const nts_entry_t *entry)
{
    int i;

    for (i = 0; i < entry->field_count; i++) {
        if (entry->fields[i].lost.kind != NTS_VALUE_ABSENT) {
            return 1;
        }
    }
    return 0;
}

apr_status_t mns_facts_audit(mns_page_t *page)
{
    return list_entries(page, "audit", ENTRIES_SHOWN, NULL);
}

/* Those that wait for a person, then those that a rule or a person has decided. */
apr_status_t mns_facts_conflicts(mns_page_t *page)
{
    apr_status_t rv = list_troubles(page, "open", NTS_TROUBLE_HELD, is_field);

    return rv == APR_SUCCESS ? list_entries(page, "conflicts", ENTRIES_SEARCHED, has_loser) : rv;
}

/* What a bulk approval would be about: just what is listed. */
static apr_status_t add_bulk(mns_page_t *page, const nts_mapping_t *mapping, nts_json_t *list)
{
    nts_link_t **links;
    nts_json_t *node;
    int count;
    apr_status_t rv = nts_store_get_held_deletes(&links, &count, page->store, mapping->id,
                                                 TROUBLES_SHOWN, page->r->pool);

    if (rv == APR_SUCCESS && count > 1 && count < TROUBLES_SHOWN) {
        node = nts_json_add_object(list, NULL);
        nts_json_add_string(node, "mapping", mapping->name);
        nts_json_add_int(node, "count", count);
        nts_json_add_string(node, "fingerprint",
                            nts_fingerprint_links(links, count, page->r->pool));
    }
    return rv;
}

apr_status_t mns_facts_held(mns_page_t *page)
{
    const nts_setup_t *setup = &page->core->setup;
    apr_status_t rv = list_troubles(page, "held", NTS_TROUBLE_HELD, NULL);
    nts_json_t *list = nts_json_add_array(page->facts, "bulk");
    int i;

    for (i = 0; i < setup->mapping_count && rv == APR_SUCCESS; i++) {
        if (is_listed(page, setup->mappings[i])) {
            rv = add_bulk(page, setup->mappings[i], list);
        }
    }
    return rv;
}

apr_status_t mns_facts_failures(mns_page_t *page)
{
    return list_troubles(page, "failures", NTS_TROUBLE_PARKED, NULL);
}
