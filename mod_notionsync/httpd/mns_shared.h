/* mns_shared.h - mappings that share data sources or tables: whether a record, or a value, would go round in them for ever. */
#ifndef MNS_SHARED_H
#define MNS_SHARED_H

#include "httpd/mns_config.h"

/** A problem of @a mapping; @a where is its section, or the line in it. */
typedef void (*mns_shared_report_t)(void *baton, const mns_mapping_t *mapping,
                                    const ap_directive_t *where, const char *problem);

/** @a mappings: all of the configuration (mns_mapping_t *), joined to their services. Each problem is reported once. */
void mns_shared_check(const apr_array_header_t *mappings, mns_shared_report_t report, void *baton,
                      apr_pool_t *ptemp);

#endif /* MNS_SHARED_H */
