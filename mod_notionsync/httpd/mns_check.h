/* mns_check.h - what only the whole configuration can tell: check_config, also under httpd -t. */
#ifndef MNS_CHECK_H
#define MNS_CHECK_H

#include "httpd/mns_config.h"

/** The check_config hook: joins mappings to services, looks at the files that are named; logs every
 *  problem, not only the first. What would stop a mapping but not httpd is an error under httpd -t
 *  only: a server must come up after a reboot although a token file is missing. */
int mns_config_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);

/** All services and mappings of all servers, as the library wants them. */
void mns_setup_make(nts_setup_t *setup, server_rec *s, apr_pool_t *p);

#endif /* MNS_CHECK_H */
