/* mns_relation.h - fields with relation=: whether the mapping that they name can be referred to (S5.2); with format=markdown: that
 * nothing is matched by them. */
#ifndef MNS_RELATION_H
#define MNS_RELATION_H

#include "httpd/mns_shared.h"

/** @a mappings and @a report as for mns_shared_check(). */
void mns_relation_check(const apr_array_header_t *mappings, mns_shared_report_t report, void *baton,
                        apr_pool_t *ptemp);

#endif /* MNS_RELATION_H */
