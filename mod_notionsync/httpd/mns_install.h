/* mns_install.h - installing a service through OAuth: what is shown of it, here and on the dashboard. */
#ifndef MNS_INSTALL_H
#define MNS_INSTALL_H

#include "httpd/mns_status.h"

/** As member "oauth" of @a parent: what was granted, and how the last attempt came out. No secret is in it, and without full access no
 *  names. */
apr_status_t mns_fact_install(nts_json_t *parent, const mns_page_t *page,
                              const nts_service_t *service);
/** The page of a service: page->facts has "service" and "oauth". */
void mns_page_install(const mns_page_t *page);
/** What is known of an installation, in a few words; also for the dashboard. */
void mns_part_install(const mns_page_t *page, const nts_json_t *oauth);

#endif /* MNS_INSTALL_H */
