/* mns_spawn.h - the workers as the parent sees them: forked, watched, replaced, drained. */
#ifndef MNS_SPAWN_H
#define MNS_SPAWN_H

#include "httpd/mns_core.h"

/** In post_config, last: start the workers of this generation, and go on waiting for those of earlier
 *  ones. Nothing that must not be inherited is open at that time, and none of it is opened later: the
 *  parent forks again whenever a worker has to be replaced (D25). */
apr_status_t mns_workers_start(mns_core_t *core, apr_pool_t *pconf);
/** Also when nothing is configured any more: workers of the generation before are still ending. */
void mns_workers_adopt(apr_pool_t *pconf);
/** The monitor hook: start again what is due. */
int mns_workers_tend(apr_pool_t *p, server_rec *s);
/** In an httpd child: give up the end of the pipe by which workers see that the parent is there. */
void mns_lifeline_leave(void);

#endif /* MNS_SPAWN_H */
