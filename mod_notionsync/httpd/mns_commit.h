/* mns_commit.h - one durable commit for all requests of a child that are waiting for one.
 *
 * A commit costs a sync of the disk, whatever is in it. Who comes while one is under way waits for the
 * next, which one of those who wait then makes for all of them, and tells the workers.
 */
#ifndef MNS_COMMIT_H
#define MNS_COMMIT_H

#include <semaphore.h>

#include "httpd/mns_child.h"

/** What one request wants stored. Lives in the request, which waits until it is done. */
typedef struct mns_ticket_t {
    nts_inbox_row_t *rows;
    const int *groups; /* of each row: whose worker is told */
    int count;
    apr_int64_t service;    /* 0: none of these */
    const nts_hook_t *hook; /* NULL, or what has become of the service's handshake */
    /* the answer */
    int duplicates;
    apr_status_t rv;
    /* of mns_commit.c */
    sem_t called; /* once: it is done, or should lead */
    int done;
    struct mns_ticket_t *next;
} mns_ticket_t;

typedef struct mns_commits_t mns_commits_t;

apr_status_t mns_commits_create(mns_commits_t **commits, mns_child_t *child, apr_pool_t *pchild);

/** Returns when it is durable, or why it could not be stored. Bounded by the store's time-outs. */
apr_status_t mns_commits_store(mns_commits_t *commits, mns_ticket_t *ticket);

#endif /* MNS_COMMIT_H */
