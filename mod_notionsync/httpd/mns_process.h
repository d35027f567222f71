/* mns_process.h - what any process that the parent forks must do first (D27). */
#ifndef MNS_PROCESS_H
#define MNS_PROCESS_H

#include "httpd/mns_core.h"

/** Set signals back, give up the listening and all other sockets, and answer a root pool of our own:
 *  pconf and the process pool hold cleanups that would remove what belongs to everybody. Such a process
 *  leaves by _exit only. */
apr_pool_t *mns_process_begin(const mns_core_t *core);

/** Library messages go to the error log of @a s. */
void mns_log_open(server_rec *s);

#endif /* MNS_PROCESS_H */
