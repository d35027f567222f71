/* mns_worker.h - a worker process from its fork to its end. */
#ifndef MNS_WORKER_H
#define MNS_WORKER_H

#include "httpd/mns_core.h"

/** In the forked process; never returns. @a lifeline: pipe whose writing end only @a parent holds. */
void mns_worker_run(const mns_core_t *core, int index, int count, const int lifeline[2],
                    pid_t parent) __attribute__((noreturn));

#endif /* MNS_WORKER_H */
