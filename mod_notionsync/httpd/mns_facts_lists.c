/* mns_facts_lists.c - facts of the lists: audit, conflicts, held, failures. Of one mapping, or of all. */
#include "base/nts_str.h"
#include "httpd/mns_status.h"

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

static apr_status_t list_troubles(mns_page_t *page, const char *key, nts_trouble_t which)
{
    const nts_setup_t *setup = &page->core->setup;
    nts_json_t *list;
    apr_status_t rv = APR_SUCCESS;
    int i;

    name_mapping(page);
    list = nts_json_add_array(page->facts, key);
    for (i = 0; i < setup->mapping_count && rv == APR_SUCCESS; i++) {
        if (page->mapping ? page->mapping == setup->mappings[i]
                          : mns_page_shows(page, setup->mappings[i])) {
            rv = mns_fact_troubles(list, page, setup->mappings[i], which, TROUBLES_SHOWN);
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

apr_status_t mns_facts_conflicts(mns_page_t *page)
{
    return list_entries(page, "conflicts", ENTRIES_SEARCHED, has_loser);
}

apr_status_t mns_facts_held(mns_page_t *page)
{
    return list_troubles(page, "held", NTS_TROUBLE_HELD);
}

apr_status_t mns_facts_failures(mns_page_t *page)
{
    return list_troubles(page, "failures", NTS_TROUBLE_PARKED);
}
