/* mns_status.h - the dashboard: facts are gathered into one tree, which is then shown as HTML, as JSON,
 * or as lines. */
#ifndef MNS_STATUS_H
#define MNS_STATUS_H

#include "httpd/mns_access.h"

/** One request for a page. */
typedef struct mns_page_t {
    request_rec *r;
    mns_child_t *child;
    const mns_core_t *core;
    const mns_server_t *server; /* whose mappings are shown */
    const apr_table_t *args;
    mns_access_t access;
    const char *name;       /* "overview", "mapping" ... */
    nts_mapping_t *mapping; /* that mapping= names, or NULL */
    apr_time_t now;
    nts_json_t *facts;
    nts_store_t *store; /* while facts are gathered */
} mns_page_t;

/** True if pages of @a server show the mapping: its own, or the main server's where it has none. */
int mns_page_shows(const mns_page_t *page, const nts_mapping_t *mapping);
int mns_page_shows_service(const mns_page_t *page, const nts_service_t *service);
/** The mapping of that name which the page may show. */
nts_mapping_t *mns_page_find(const mns_page_t *page, const char *name);
/** A mapping with the pairs that its worker has found by their names too. */
const nts_mapping_t *mns_page_whole(const nts_mapping_t *mapping, nts_store_t *store,
                                    apr_pool_t *p);
/** Begin a page: who asks, for what. APR_ENOENT: mapping= names nothing. */
apr_status_t mns_page_begin(mns_page_t *page, request_rec *r, mns_child_t *child);

/* Facts: each adds to page->facts; the store is open. Anything but APR_SUCCESS and APR_ENOENT is the
 * store's. Secrets are in none of them; values only where access is full. */
apr_status_t mns_facts_overview(mns_page_t *page); /* mns_facts_overview.c */
apr_status_t mns_facts_mapping(mns_page_t *page);  /* mns_facts_mapping.c */
apr_status_t mns_facts_record(mns_page_t *page);   /* mns_facts_record.c */
apr_status_t mns_facts_plan(mns_page_t *page);     /* mns_facts_plan.c */
apr_status_t mns_facts_audit(mns_page_t *page);    /* mns_facts_lists.c: these four */
apr_status_t mns_facts_conflicts(mns_page_t *page);
apr_status_t mns_facts_held(mns_page_t *page);
apr_status_t mns_facts_failures(mns_page_t *page);

/* Parts of facts. */
void mns_fact_time(nts_json_t *parent, const char *key, apr_time_t at, apr_pool_t *p);
void mns_fact_outcome(nts_json_t *parent, const char *key, const nts_outcome_t *out,
                      const mns_page_t *page);
apr_status_t mns_fact_mapping(nts_json_t *parent, const mns_page_t *page,
                              const nts_mapping_t *mapping);
void mns_fact_run(nts_json_t *parent, const nts_run_t *run, const mns_page_t *page);
void mns_fact_entry(nts_json_t *parent, const nts_entry_t *entry, const nts_mapping_t *mapping,
                    int width, apr_pool_t *p);
/** Which entries of the audit to list. */
typedef struct mns_listing_t {
    apr_int64_t before;                      /* older than this one; 0: from the newest */
    int search;                              /* entries looked at, of each mapping */
    int limit;                               /* entries shown at most */
    int width;                               /* of values, in characters */
    int (*wanted)(const nts_entry_t *entry); /* NULL: all */
} mns_listing_t;

/** Newest first, of page->mapping or of all. @a next: `before` of the next page, 0 if this is the end. */
apr_status_t mns_fact_entries(nts_json_t *list, apr_int64_t *next, const mns_page_t *page,
                              const mns_listing_t *listing);
void mns_fact_link(nts_json_t *parent, const nts_link_t *link, const nts_mapping_t *mapping,
                   const mns_page_t *page);
apr_status_t mns_fact_troubles(nts_json_t *list, const mns_page_t *page,
                               const nts_mapping_t *mapping, nts_trouble_t which, int limit,
                               int (*wanted)(const nts_link_t *link));

/* Three ways to show them. */
void mns_render_json(const mns_page_t *page);
void mns_render_lines(const mns_page_t *page);
void mns_render_html(const mns_page_t *page);

#endif /* MNS_STATUS_H */
