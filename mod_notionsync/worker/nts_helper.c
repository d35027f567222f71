/* nts_helper.c - the thread of one blocking connection: two queues in, one list out. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>

#include "worker/nts_helper.h"
#include "worker/nts_root.h"

/* Writes that are waiting are handed over together, at most so many. */
#define BUNDLE_MAX 64

typedef struct order_t order_t;

struct order_t {
    order_t *next;
    order_t
        *with; /* to be performed together with it, and so on; of the first only `next` is used */
    const nts_ask_t *ask;
    nts_helper_done_fn *done;
    void *baton;
    nts_answer_t *answer;
    apr_pool_t *pool; /* of the answer */
};

typedef struct queue_t {
    order_t *first;
    order_t **last;
} queue_t;

struct nts_helper_t {
    nts_loop_t *loop;
    const nts_connector_t *connector;
    const nts_clock_t *clock;
    nts_connection_t *connection;
    apr_pool_t *own; /* the thread's root, which holds the connection */
    int done_fd;
    int load;

    /* Below the mutex. */
    apr_thread_mutex_t *mutex;
    apr_thread_cond_t *changed;
    queue_t live;
    queue_t bulk;
    queue_t done;
    apr_time_t began; /* monotonic; 0: idle */
    int stop;
    int ended;
    apr_thread_t *thread;
};

/* --- queues */

static void queue_clear(queue_t *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
}

static void queue_push(queue_t *queue, order_t *order)
{
    order->next = NULL;
    *queue->last = order;
    queue->last = &order->next;
}

static void queue_push_front(queue_t *queue, order_t *order)
{
    order->next = queue->first;
    queue->first = order;
    if (!order->next) {
        queue->last = &order->next;
    }
}

static order_t *queue_pop(queue_t *queue)
{
    order_t *order = queue->first;

    if (order) {
        queue->first = order->next;
        if (!queue->first) {
            queue->last = &queue->first;
        }
    }
    return order;
}

/* --- the thread */

typedef struct bundle_t {
    queue_t *from;
    order_t *orders[BUNDLE_MAX];
    int count;
    int done; /* from the first on */
    int is_together;
} bundle_t;

static int is_write(const nts_ask_t *ask)
{
    return ask->kind == NTS_ASK_CREATE || ask->kind == NTS_ASK_UPDATE ||
           ask->kind == NTS_ASK_REMOVE || ask->kind == NTS_ASK_RESTORE;
}

/* May be in a transaction with others that know nothing of it. */
static int can_share(const order_t *order)
{
    return order && !order->with && is_write(order->ask);
}

/* One order, or those that belong to it, or the writes at the front of its queue if they can be done together. Zero: stop. */
static int next_orders(nts_helper_t *helper, bundle_t *bundle)
{
    order_t *more;

    bundle->count = 0;
    bundle->done = 0;
    while (!helper->stop && !helper->live.first && !helper->bulk.first) {
        (void)apr_thread_cond_wait(helper->changed, helper->mutex);
    }
    if (helper->stop) {
        return 0;
    }
    bundle->from = helper->live.first ? &helper->live : &helper->bulk;
    do {
        bundle->orders[bundle->count++] = queue_pop(bundle->from);
    } while (helper->connector->perform_writes && bundle->count < BUNDLE_MAX &&
             can_share(bundle->orders[0]) && can_share(bundle->from->first));
    bundle->is_together = bundle->orders[0]->with != NULL;
    for (more = bundle->orders[0]->with; more; more = more->with) {
        bundle->orders[bundle->count++] = more;
    }
    return bundle->count;
}

/* What was not reached stands in front again. */
static void put_back(bundle_t *bundle)
{
    int i;

    for (i = bundle->count - 1; i >= bundle->done; i--) {
        order_t *order = bundle->orders[i];

        apr_pool_destroy(order->pool);
        order->pool = NULL;
        queue_push_front(bundle->from, order);
    }
}

static void perform(nts_helper_t *helper, bundle_t *bundle)
{
    const nts_ask_t *asks[BUNDLE_MAX];
    nts_answer_t *answers[BUNDLE_MAX];
    apr_pool_t *pools[BUNDLE_MAX];
    int i;

    for (i = 0; i < bundle->count; i++) {
        order_t *order = bundle->orders[i];

        order->pool = nts_root_create("nts_answer", 0); /* an answer may be large */
        order->answer = apr_pcalloc(order->pool, sizeof(*order->answer));
        asks[i] = order->ask;
        answers[i] = order->answer;
        pools[i] = order->pool;
    }
    bundle->done = 1;
    if (bundle->is_together) {
        helper->connector->perform_together(helper->connection, asks, answers, pools,
                                            bundle->count);
        bundle->done = bundle->count;
    }
    else if (bundle->count > 1) {
        bundle->done = helper->connector->perform_writes(helper->connection, asks, answers, pools,
                                                         bundle->count);
    }
    else {
        order_t *only = bundle->orders[0];

        helper->connector->perform(helper->connection, only->ask, only->answer, only->pool);
    }
}

static void *APR_THREAD_FUNC run_thread(apr_thread_t *thread, void *baton)
{
    nts_helper_t *helper = baton;
    const apr_uint64_t one = 1;
    bundle_t bundle;
    int i;

    (void)thread;
    (void)apr_thread_mutex_lock(helper->mutex);
    while (next_orders(helper, &bundle)) {
        helper->began = helper->clock->mono(helper->clock->baton);
        (void)apr_thread_mutex_unlock(helper->mutex);
        perform(helper, &bundle);
        (void)apr_thread_mutex_lock(helper->mutex);
        helper->began = 0;
        for (i = 0; i < bundle.done; i++) {
            queue_push(&helper->done, bundle.orders[i]);
        }
        put_back(&bundle);
        /* An eventfd refuses only a counter near 2^64. */
        while (write(helper->done_fd, &one, sizeof(one)) < 0 && errno == EINTR) {
            continue;
        }
    }
    helper->ended = 1;
    (void)apr_thread_cond_broadcast(helper->changed);
    (void)apr_thread_mutex_unlock(helper->mutex);
    return NULL;
}

/* Signals are the loop's: the thread must not take them in the middle of a database call. */
static apr_status_t start_thread(nts_helper_t *helper, apr_pool_t *p)
{
    sigset_t all, before;
    apr_status_t rv;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    rv = apr_thread_create(&helper->thread, NULL, run_thread, helper, p);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rv;
}

/* --- the loop's side */

static void take_done(void *baton)
{
    nts_helper_t *helper = baton;
    apr_uint64_t count;
    order_t *order;

    while (read(helper->done_fd, &count, sizeof(count)) < 0 && errno == EINTR) {
        continue;
    }
    for (;;) {
        (void)apr_thread_mutex_lock(helper->mutex);
        order = queue_pop(&helper->done);
        (void)apr_thread_mutex_unlock(helper->mutex);
        if (!order) {
            break;
        }
        helper->load--;
        order->done(order->baton, order->answer, order->pool);
    }
}

apr_status_t nts_helper_create(nts_helper_t **helper, nts_loop_t *loop,
                               const nts_connector_t *connector, const nts_service_t *service,
                               const char *secret, const nts_clock_t *clock, nts_outcome_t *out,
                               apr_pool_t *p)
{
    nts_helper_t *h = apr_pcalloc(p, sizeof(*h));
    apr_status_t rv;

    *helper = NULL;
    h->loop = loop;
    h->connector = connector;
    h->clock = clock;
    queue_clear(&h->live);
    queue_clear(&h->bulk);
    queue_clear(&h->done);
    h->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (h->done_fd < 0) {
        return APR_FROM_OS_ERROR(errno);
    }
    h->own = nts_root_create("nts_helper", 0);
    rv = connector->open(&h->connection, service, secret, clock, out, h->own);
    if (rv == APR_SUCCESS) {
        rv = apr_thread_mutex_create(&h->mutex, APR_THREAD_MUTEX_DEFAULT, p);
    }
    if (rv == APR_SUCCESS) {
        rv = apr_thread_cond_create(&h->changed, p);
    }
    if (rv == APR_SUCCESS) {
        rv = start_thread(h, p);
    }
    if (rv != APR_SUCCESS) {
        if (h->connection) {
            connector->close(h->connection);
        }
        nts_outcome_copy(out, out, p); /* its words may be in the pool that goes now */
        apr_pool_destroy(h->own);
        (void)close(h->done_fd);
        return rv;
    }
    nts_loop_watch(loop, h->done_fd, take_done, h);
    *helper = h;
    return APR_SUCCESS;
}

static order_t *make_order(nts_helper_t *helper, const nts_ask_t *ask, nts_helper_done_fn *done,
                           void *baton, apr_pool_t *p)
{
    order_t *order = apr_pcalloc(p, sizeof(*order));

    order->ask = ask;
    order->done = done;
    order->baton = baton;
    helper->load++;
    return order;
}

static void queue(nts_helper_t *helper, order_t *order, nts_urgency_t urgency)
{
    (void)apr_thread_mutex_lock(helper->mutex);
    queue_push(urgency == NTS_LIVE ? &helper->live : &helper->bulk, order);
    (void)apr_thread_cond_signal(helper->changed);
    (void)apr_thread_mutex_unlock(helper->mutex);
}

void nts_helper_ask(nts_helper_t *helper, const nts_ask_t *ask, nts_urgency_t urgency,
                    nts_helper_done_fn *done, void *baton, apr_pool_t *p)
{
    queue(helper, make_order(helper, ask, done, baton, p), urgency);
}

void nts_helper_ask_together(nts_helper_t *helper, const nts_helper_order_t *orders, int count,
                             nts_urgency_t urgency, nts_helper_done_fn *done)
{
    order_t *first = make_order(helper, orders[0].ask, done, orders[0].baton, orders[0].p);
    order_t *last = first;
    int i;

    for (i = 1; i < count; i++) {
        last->with = make_order(helper, orders[i].ask, done, orders[i].baton, orders[i].p);
        last = last->with;
    }
    queue(helper, first, urgency);
}

nts_connection_t *nts_helper_connection(nts_helper_t *helper)
{
    return helper->connection;
}

int nts_helper_load(const nts_helper_t *helper)
{
    return helper->load;
}

apr_interval_time_t nts_helper_busy(nts_helper_t *helper)
{
    apr_time_t began;

    (void)apr_thread_mutex_lock(helper->mutex);
    began = helper->began;
    (void)apr_thread_mutex_unlock(helper->mutex);
    return began ? helper->clock->mono(helper->clock->baton) - began : 0;
}

/* Ask the thread to end and wait for it; non-zero: it ended. */
static int wait_for_end(nts_helper_t *helper, apr_interval_time_t wait)
{
    apr_time_t deadline = helper->clock->mono(helper->clock->baton) + wait;
    int ended;

    (void)apr_thread_mutex_lock(helper->mutex);
    helper->stop = 1;
    queue_clear(&helper->live);
    queue_clear(&helper->bulk);
    (void)apr_thread_cond_broadcast(helper->changed);
    for (;;) {
        apr_interval_time_t left = deadline - helper->clock->mono(helper->clock->baton);

        if (helper->ended || left <= 0) {
            break;
        }
        (void)apr_thread_cond_timedwait(helper->changed, helper->mutex, left);
    }
    ended = helper->ended;
    (void)apr_thread_mutex_unlock(helper->mutex);
    return ended;
}

apr_status_t nts_helper_stop(nts_helper_t *helper, apr_interval_time_t wait)
{
    apr_status_t thread_rv;
    order_t *order;

    nts_loop_unwatch(helper->loop, helper->done_fd);
    if (!wait_for_end(helper, wait)) {
        return APR_TIMEUP;
    }
    (void)apr_thread_join(&thread_rv, helper->thread);
    while ((order = queue_pop(&helper->done)) != NULL) {
        apr_pool_destroy(order->pool);
    }
    helper->connector->close(helper->connection);
    apr_pool_destroy(helper->own);
    (void)close(helper->done_fd);
    return APR_SUCCESS;
}
