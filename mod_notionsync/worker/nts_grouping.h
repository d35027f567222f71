/* nts_grouping.h - which services and mappings belong together. Pure.
 *
 * Connections that mappings join form a group, and a group has one owner: so no two processes ever
 * share a record, a budget or a token. The numbers are those of the shared segment.
 */
#ifndef NTS_GROUPING_H
#define NTS_GROUPING_H

#include "model/nts_mapping.h"

typedef struct nts_grouping_t {
    int count;                /* groups with at least one mapping */
    const char *const *names; /* per group: the smallest of its services' identities */
    const int *of_mapping;    /* per mapping of the setup: its group */
    const int *of_service;    /* per service of the setup: its group, or -1: no mapping uses it */
} nts_grouping_t;

/** Groups are numbered in the order of their first mapping. */
const nts_grouping_t *nts_grouping_make(const nts_setup_t *setup, apr_pool_t *p);

/** "vhost/name": stable over restarts, and what is locked (nts_group.h). */
const char *nts_service_identity(const nts_service_t *service, apr_pool_t *p);

#endif /* NTS_GROUPING_H */
