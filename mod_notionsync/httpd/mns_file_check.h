/* mns_file_check.h - links to files that Notion keeps: whether they lead to a location that serves them. */
#ifndef MNS_FILE_CHECK_H
#define MNS_FILE_CHECK_H

#include "httpd/mns_shared.h"

/** @a mappings and @a report as for mns_shared_check(). A location that serves no mapping is told of in the log, unless @a is_quiet. */
void mns_file_check(server_rec *main, const apr_array_header_t *mappings,
                    mns_shared_report_t report, void *baton, int is_quiet, apr_pool_t *ptemp);

#endif /* MNS_FILE_CHECK_H */
