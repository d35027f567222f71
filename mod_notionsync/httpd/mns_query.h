/* mns_query.h - parameters of pages and forms. */
#ifndef MNS_QUERY_H
#define MNS_QUERY_H

#include "base/nts_base.h"

#include <apr_tables.h>

/** "a=1&b" and forms: names to decoded values ("" where there is none). The first of a name counts; what
 *  cannot be decoded is left out. Never NULL. */
apr_table_t *mns_query_read(const char *text, apr_pool_t *p);

#endif /* MNS_QUERY_H */
