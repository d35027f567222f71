/* mns_commit.c - group commit: a leader stores what it and its followers wait for. */
#include <errno.h>

#include "httpd/mns_commit.h"

/* No transaction longer than about 5 ms, or live work of the workers waits for it. */
#define BATCH_MAX 128
/* For the writer lock. A sender that is told to come back does so. */
#define STORE_WAIT apr_time_from_sec(3)
#define SLOTS_MAX 32

struct mns_commits_t {
    mns_child_t *child;
    apr_thread_mutex_t *lock; /* of what follows; held for a few instructions at a time */
    mns_ticket_t *first;
    mns_ticket_t **end;
    int leading; /* somebody stores, or has been told to */
};

apr_status_t mns_commits_create(mns_commits_t **pcommits, mns_child_t *child, apr_pool_t *pchild)
{
    mns_commits_t *commits = apr_pcalloc(pchild, sizeof(*commits));
    apr_status_t rv = apr_thread_mutex_create(&commits->lock, APR_THREAD_MUTEX_DEFAULT, pchild);

    commits->child = child;
    commits->end = &commits->first;
    *pcommits = commits;
    return rv;
}

/* ---- the queue; all under the lock ---- */

static void put_ticket(mns_commits_t *commits, mns_ticket_t *ticket)
{
    ticket->next = NULL;
    *commits->end = ticket;
    commits->end = &ticket->next;
}

static mns_ticket_t *take_batch(mns_commits_t *commits)
{
    mns_ticket_t *list = commits->first;
    mns_ticket_t **end = &commits->first;
    int n;

    for (n = 0; n < BATCH_MAX && *end; n++) {
        end = &(*end)->next;
    }
    commits->first = *end;
    if (!commits->first) {
        commits->end = &commits->first;
    }
    *end = NULL;
    return list;
}

/* ---- storing ---- */

typedef struct batch_t {
    mns_commits_t *commits;
    mns_ticket_t *list; /* NULL: not taken yet */
} batch_t;

/* Whoever is waiting by now. */
static void fill_batch(batch_t *batch)
{
    if (!batch->list) {
        (void)apr_thread_mutex_lock(batch->commits->lock);
        batch->list = take_batch(batch->commits);
        (void)apr_thread_mutex_unlock(batch->commits->lock);
    }
}

static apr_status_t store_ticket(nts_store_t *store, mns_ticket_t *ticket)
{
    apr_status_t rv = APR_SUCCESS;

    if (ticket->count > 0) {
        rv = nts_store_put_notices(&ticket->duplicates, store, ticket->rows, ticket->count);
    }
    if (rv == APR_SUCCESS && ticket->hook) {
        rv = nts_store_put_hook(store, ticket->service, ticket->hook);
    }
    return rv;
}

/* One transaction for a batch; a mns_handle_fn. Another child or a worker may be writing: who comes while
 * we wait for it goes along. */
static apr_status_t store_batch(void *baton, nts_store_t *store)
{
    batch_t *batch = baton;
    mns_ticket_t *ticket;
    apr_status_t rv = nts_store_begin(store, STORE_WAIT);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    fill_batch(batch);
    for (ticket = batch->list; ticket && rv == APR_SUCCESS; ticket = ticket->next) {
        rv = store_ticket(store, ticket);
    }
    if (rv == APR_SUCCESS) {
        return nts_store_commit(store);
    }
    nts_store_rollback(store);
    return rv;
}

/* True if the store as a whole could not take it: then no single ticket will fare better. */
static int is_general(apr_status_t rv)
{
    return APR_STATUS_IS_TIMEUP(rv) || rv == APR_EBUSY || APR_STATUS_IS_EAGAIN(rv) ||
           APR_STATUS_IS_ENOSPC(rv);
}

/* Something in one of them, perhaps: it must not cost the others. */
static void store_singly(batch_t *batch)
{
    mns_ticket_t *ticket;
    mns_ticket_t *next;

    for (ticket = batch->list; ticket; ticket = next) {
        batch_t single = { batch->commits, ticket };

        next = ticket->next;
        ticket->next = NULL;
        ticket->rv = mns_handle_run(batch->commits->child->writer, store_batch, &single);
        ticket->next = next;
    }
}

/* ---- telling the workers ---- */

typedef struct push_t {
    const mns_core_t *core;
    nts_slot_t slots[SLOTS_MAX];
    int count;
    int group;
    int orphaned;
} push_t;

static void push_slots(push_t *push)
{
    if (push->count > 0) {
        nts_segment_notify(push->core->segment, push->group, push->slots, push->count);
        push->orphaned |= nts_segment_owner(push->core->segment, push->group) < 0;
        push->count = 0;
    }
}

/* Known events too: the child that stored them first may have died before it could. A child of an earlier
 * generation finds its rings without owners: the new workers have read the inbox by now, and do not
 * see those rings. */
static void push_batch(const batch_t *batch)
{
    push_t push = { .core = batch->commits->child->core };
    const mns_ticket_t *ticket;
    int i;

    for (ticket = batch->list; ticket; ticket = ticket->next) {
        for (i = 0; ticket->rv == APR_SUCCESS && i < ticket->count; i++) {
            const nts_inbox_row_t *row = &ticket->rows[i];

            if (push.count == SLOTS_MAX || ticket->groups[i] != push.group) {
                push_slots(&push);
            }
            push.group = ticket->groups[i];
            nts_slot_set(&push.slots[push.count++], row->mapping, row->notice.id, row->notice.side,
                         row->notice.record, NTS_LIVE, 0);
        }
    }
    push_slots(&push);
    if (push.orphaned) {
        mns_workers_wake(push.core);
    }
}

/* ---- leading ---- */

static void run_batch(batch_t *batch)
{
    mns_child_t *child = batch->commits->child;
    mns_ticket_t *ticket;
    apr_status_t rv = mns_handle_run(child->writer, store_batch, batch);

    /* Could not even begin: those who wait are told now, and not one after the other. */
    fill_batch(batch);
    for (ticket = batch->list; ticket; ticket = ticket->next) {
        ticket->rv = rv;
    }
    if (rv == APR_SUCCESS) {
        nts_segment_add(child->core->segment, NTS_COUNT_HOOKS_COMMITS, 1);
    }
    else if (!is_general(rv) && batch->list && batch->list->next) {
        store_singly(batch);
    }
    push_batch(batch);
}

/* Of those who came meanwhile the first leads next, and its commit should begin before the others are
 * told: so it is called first. Nobody that is called needs the lock: sixteen threads that all wake up
 * to wait for it cost more than the commit.
 */
static void lead(mns_commits_t *commits, const mns_ticket_t *own)
{
    batch_t batch = { commits, NULL };
    mns_ticket_t *ticket;
    mns_ticket_t *next;

    run_batch(&batch);
    (void)apr_thread_mutex_lock(commits->lock);
    next = commits->first;
    commits->leading = next != NULL;
    (void)apr_thread_mutex_unlock(commits->lock);
    if (next) {
        (void)sem_post(&next->called);
    }
    for (ticket = batch.list; ticket; ticket = next) {
        next = ticket->next; /* a ticket is gone as soon as its owner knows */
        if (ticket != own) {
            ticket->done = 1;
            (void)sem_post(&ticket->called);
        }
    }
}

apr_status_t mns_commits_store(mns_commits_t *commits, mns_ticket_t *ticket)
{
    int leads;
    apr_status_t rv;

    ticket->done = 0;
    if (sem_init(&ticket->called, 0, 0) != 0) {
        return errno;
    }
    rv = apr_thread_mutex_lock(commits->lock);
    if (rv == APR_SUCCESS) {
        put_ticket(commits, ticket);
        leads = !commits->leading;
        commits->leading = 1;
        (void)apr_thread_mutex_unlock(commits->lock);
        while (!leads && sem_wait(&ticket->called) != 0) {
            continue; /* a signal */
        }
        /* Called, and not served: to lead. Whoever leads is the first of its batch. */
        if (!ticket->done) {
            lead(commits, ticket);
        }
        rv = ticket->rv;
    }
    (void)sem_destroy(&ticket->called);
    return rv;
}
