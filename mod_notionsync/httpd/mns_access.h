/* mns_access.h - who may see values and act, and forms that only they can send. */
#ifndef MNS_ACCESS_H
#define MNS_ACCESS_H

#include "httpd/mns_child.h"

typedef struct mns_access_t {
    int full;         /* values, audit and actions; else counters */
    const char *user; /* whom the audit names; NULL without full access */
    const char *why;  /* not full: what would help */
} mns_access_t;

/** An authenticated user of any kind, or somebody at this very machine who came without a proxy. */
void mns_access_judge(mns_access_t *access, request_rec *r);

/** For a hidden field of a form. */
const char *mns_csrf_make(const mns_core_t *core, const mns_access_t *access, const request_rec *r);
/** NULL, or why this request was not sent from a page of ours. */
const char *mns_csrf_check(const mns_core_t *core, const mns_access_t *access, request_rec *r,
                           const char *token);

#endif /* MNS_ACCESS_H */
