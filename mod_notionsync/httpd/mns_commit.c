/* mns_commit.c - group commit: a leader stores what it and its followers wait for. */
#include <apr_thread_cond.h>

#include "httpd/mns_commit.h"

/* No transaction longer than about 5 ms, or live work of the workers waits for it. */
#define BATCH_MAX 128
/* For the writer lock. A sender that is told to come back does so. */
#define STORE_WAIT apr_time_from_sec(3)

struct mns_commits_t {
    mns_child_t *child;
    apr_thread_mutex_t *lock;
    /* Those whose batch is being stored, and those who wait for the next, take turns at these: a batch
     * that ends wakes its own, and one of the others to lead. */
    apr_thread_cond_t *changed[2];
    int turn; /* of those who come now */
    mns_ticket_t *first;
    mns_ticket_t **end;
    int leading; /* somebody stores */
};

apr_status_t mns_commits_create(mns_commits_t **pcommits, mns_child_t *child, apr_pool_t *pchild)
{
    mns_commits_t *commits = apr_pcalloc(pchild, sizeof(*commits));
    apr_status_t rv = apr_thread_mutex_create(&commits->lock, APR_THREAD_MUTEX_DEFAULT, pchild);

    if (rv == APR_SUCCESS) {
        rv = apr_thread_cond_create(&commits->changed[0], pchild);
    }
    if (rv == APR_SUCCESS) {
        rv = apr_thread_cond_create(&commits->changed[1], pchild);
    }
    commits->child = child;
    commits->end = &commits->first;
    *pcommits = commits;
    return rv;
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

/* One transaction for a list of tickets; a mns_handle_fn. */
static apr_status_t store_list(void *baton, nts_store_t *store)
{
    mns_ticket_t *ticket = baton;
    apr_status_t rv = nts_store_begin(store, STORE_WAIT);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    for (; ticket && rv == APR_SUCCESS; ticket = ticket->next) {
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

static void store_batch(mns_commits_t *commits, mns_ticket_t *list)
{
    mns_handle_t *writer = commits->child->writer;
    mns_ticket_t *ticket;
    mns_ticket_t *next;
    apr_status_t rv = mns_handle_run(writer, store_list, list);

    for (ticket = list; ticket; ticket = next) {
        next = ticket->next;
        /* Something in one of them, perhaps: it must not cost the others. */
        if (rv != APR_SUCCESS && !is_general(rv) && (ticket != list || next)) {
            ticket->next = NULL;
            ticket->rv = mns_handle_run(writer, store_list, ticket);
            ticket->next = next;
        }
        else {
            ticket->rv = rv;
        }
    }
    if (rv == APR_SUCCESS) {
        nts_segment_add(commits->child->core->segment, NTS_COUNT_HOOKS_COMMITS, 1);
    }
}

/* Take at most a batch from the queue. Under the lock. */
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

/* Under the lock, which is open while storing. */
static void lead(mns_commits_t *commits)
{
    mns_ticket_t *list = take_batch(commits);
    mns_ticket_t *next;
    int turn = commits->turn;

    commits->turn = !turn;
    for (next = commits->first; next; next = next->next) {
        next->turn = commits->turn; /* too many for one batch: they wake with it, and wait again */
    }
    commits->leading = 1;
    (void)apr_thread_mutex_unlock(commits->lock);
    store_batch(commits, list);
    (void)apr_thread_mutex_lock(commits->lock);
    commits->leading = 0;
    for (; list; list = next) {
        /* Once done it is gone as soon as its thread runs. */
        next = list->next;
        list->done = 1;
    }
    (void)apr_thread_cond_broadcast(commits->changed[turn]);
    (void)apr_thread_cond_signal(commits->changed[!turn]);
}

apr_status_t mns_commits_store(mns_commits_t *commits, mns_ticket_t *ticket)
{
    apr_status_t rv = apr_thread_mutex_lock(commits->lock);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    ticket->done = 0;
    ticket->next = NULL;
    ticket->turn = commits->turn;
    *commits->end = ticket;
    commits->end = &ticket->next;
    while (!ticket->done) {
        if (commits->leading) {
            (void)apr_thread_cond_wait(commits->changed[ticket->turn], commits->lock);
        }
        else {
            lead(commits);
        }
    }
    (void)apr_thread_mutex_unlock(commits->lock);
    return ticket->rv;
}
