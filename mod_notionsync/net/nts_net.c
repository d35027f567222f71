/* nts_net.c - libcurl's multi interface as one step of an event loop. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/nts_net_impl.h"

#define IDLE_HANDLES_MAX 32
#define KEPT_CONNECTIONS 64L

static apr_status_t cleanup_net(void *net)
{
    nts_net_destroy(net);
    return APR_SUCCESS;
}

apr_status_t nts_net_create(nts_net_t **net, const nts_clock_t *clock, const char *user_agent,
                            apr_pool_t *p)
{
    nts_net_t *n = apr_pcalloc(p, sizeof(*n));

    *net = NULL;
    if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK) {
        return APR_EGENERAL;
    }
    n->multi = curl_multi_init();
    if (!n->multi) {
        curl_global_cleanup();
        return APR_ENOMEM;
    }
    (void)curl_multi_setopt(n->multi, CURLMOPT_MAXCONNECTS, KEPT_CONNECTIONS);
    n->clock = clock;
    n->user_agent = apr_pstrdup(p, user_agent);
    n->pid = getpid();
    n->idle = apr_array_make(p, IDLE_HANDLES_MAX, sizeof(CURL *));
    n->p = p;
    apr_pool_cleanup_register(p, n, cleanup_net, apr_pool_cleanup_null);
    *net = n;
    return APR_SUCCESS;
}

void nts_net_set_proxy(nts_net_t *net, const char *proxy)
{
    net->proxy = apr_pstrdup(net->p, proxy);
}

void nts_net_set_ca_file(nts_net_t *net, const char *ca_file)
{
    net->ca_file = apr_pstrdup(net->p, ca_file);
}

/* --- lists of exchanges */

static void link_into(nts_transfer_t **list, nts_transfer_t *x)
{
    x->next = *list;
    if (x->next) {
        x->next->back = &x->next;
    }
    x->back = list;
    *list = x;
    x->net->active++;
}

static void unlink_from_list(nts_transfer_t *x)
{
    if (x->back) {
        *x->back = x->next;
        if (x->next) {
            x->next->back = x->back;
        }
        x->back = NULL;
        x->net->active--;
    }
}

/* --- one exchange from start to end */

static CURL *take_handle(nts_net_t *net)
{
    CURL **idle = apr_array_pop(net->idle);

    return idle ? *idle : curl_easy_init();
}

/* Take the exchange out of libcurl. A handle that saw a failure is not used again (D41). */
static void release_handle(nts_transfer_t *x, int is_healthy)
{
    nts_net_t *net = x->net;

    if (x->easy) {
        (void)curl_multi_remove_handle(net->multi, x->easy);
        if (is_healthy && net->idle->nelts < IDLE_HANDLES_MAX) {
            curl_easy_reset(x->easy); /* what it points to goes away */
            APR_ARRAY_PUSH(net->idle, CURL *) = x->easy;
        }
        else {
            curl_easy_cleanup(x->easy);
        }
        x->easy = NULL;
    }
    /* Only now: libcurl borrows them while the handle has them. */
    curl_slist_free_all(x->headers_sent);
    x->headers_sent = NULL;
}

/* The pool goes, with the exchange running or done. */
static apr_status_t cleanup_exchange(void *baton)
{
    nts_transfer_t *x = baton;

    if (x->net && x->net->pid == getpid()) {
        unlink_from_list(x);
        release_handle(x, 0);
    }
    free(x->body);
    x->body = NULL;
    return APR_SUCCESS;
}

void nts_net_start(nts_net_t *net, const nts_http_request_t *request, nts_net_done_fn *done,
                   void *baton, apr_pool_t *p)
{
    nts_transfer_t *x = apr_pcalloc(p, sizeof(*x));
    const char *problem;

    x->net = net;
    x->request = request;
    x->done = done;
    x->baton = baton;
    x->p = p;
    x->headers = apr_array_make(p, 16, sizeof(nts_http_header_t));
    x->answer.sent_at = net->clock->wall(net->clock->baton);
    apr_pool_cleanup_register(p, x, cleanup_exchange, apr_pool_cleanup_null);

    x->easy = take_handle(net);
    problem = x->easy ? nts_transfer_prepare(x) : "out of memory";
    if (!problem && curl_multi_add_handle(net->multi, x->easy) != CURLM_OK) {
        problem = "libcurl refused the request";
    }
    if (problem) {
        x->broken_off = problem;
        release_handle(x, 0);
        link_into(&net->refused, x);
    }
    else {
        link_into(&net->running, x);
    }
}

static void finish(nts_transfer_t *x, CURLcode code)
{
    unlink_from_list(x);
    nts_transfer_conclude(x, code);
    release_handle(x, code == CURLE_OK);
    x->done(x->baton, &x->answer); /* x may be gone afterwards */
}

static void finish_all(nts_net_t *net)
{
    CURLMsg *message;
    nts_transfer_t *x;
    int left;

    /* Those that a callback starts and that are refused too come in the next turn. */
    nts_transfer_t *refused = net->refused;

    net->refused = NULL;
    if (refused) {
        refused->back = &refused;
    }
    while ((x = refused) != NULL) {
        finish(x, CURLE_FAILED_INIT);
    }
    while ((message = curl_multi_info_read(net->multi, &left)) != NULL) {
        char *private = NULL;

        if (message->msg == CURLMSG_DONE &&
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private) == CURLE_OK) {
            x = (nts_transfer_t *)(void *)private;
            finish(x, message->data.result);
        }
    }
}

/* --- waiting */

static short wait_events(short events)
{
    int wanted = 0;

    if (events & POLLIN) {
        wanted |= CURL_WAIT_POLLIN;
    }
    if (events & POLLPRI) {
        wanted |= CURL_WAIT_POLLPRI;
    }
    if (events & POLLOUT) {
        wanted |= CURL_WAIT_POLLOUT;
    }
    return (short)wanted;
}

static apr_status_t fill_waits(nts_net_t *net, const struct pollfd *fds, int count)
{
    int i;

    if (count > net->wait_size) {
        struct curl_waitfd *grown = realloc(net->waits, (size_t)count * sizeof(*grown));

        if (!grown) {
            return APR_ENOMEM;
        }
        net->waits = grown;
        net->wait_size = count;
    }
    for (i = 0; i < count; i++) {
        net->waits[i].fd = fds[i].fd;
        net->waits[i].events = wait_events(fds[i].events);
        net->waits[i].revents = 0;
    }
    return APR_SUCCESS;
}

static int wait_ms(const nts_net_t *net, apr_interval_time_t timeout)
{
    /* Long waits end now and then, for libcurl takes no "for ever"; the loop does not mind. */
    const apr_interval_time_t longest = apr_time_from_sec(3600);

    if (net->refused) {
        return 0;
    }
    if (timeout < 0 || timeout > longest) {
        timeout = longest;
    }
    return (int)((timeout + 999) / 1000);
}

apr_status_t nts_net_poll(nts_net_t *net, struct pollfd *fds, int count,
                          apr_interval_time_t timeout)
{
    apr_status_t rv = fill_waits(net, fds, count);
    int running;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (curl_multi_poll(net->multi, count ? net->waits : NULL, (unsigned int)count,
                        wait_ms(net, timeout), NULL) != CURLM_OK) {
        return APR_EGENERAL;
    }
    /* libcurl does not pass on POLLHUP and POLLERR, and the end of a pipe is nothing else. */
    if (count > 0 && poll(fds, (nfds_t)count, 0) < 0 && errno != EINTR) {
        return APR_FROM_OS_ERROR(errno);
    }
    if (curl_multi_perform(net->multi, &running) != CURLM_OK) {
        return APR_EGENERAL;
    }
    finish_all(net);
    return APR_SUCCESS;
}

void nts_net_wakeup(nts_net_t *net)
{
    (void)curl_multi_wakeup(net->multi);
}

int nts_net_active(const nts_net_t *net)
{
    return net->active;
}

void nts_net_destroy(nts_net_t *net)
{
    CURL **idle;

    apr_pool_cleanup_kill(net->p, net, cleanup_net);
    if (net->pid != getpid()) {
        return;
    }
    while (net->running || net->refused) {
        nts_transfer_t *x = net->running ? net->running : net->refused;

        unlink_from_list(x);
        release_handle(x, 0);
        x->net = NULL; /* its pool may live on */
    }
    while ((idle = apr_array_pop(net->idle)) != NULL) {
        curl_easy_cleanup(*idle);
    }
    (void)curl_multi_cleanup(net->multi);
    net->multi = NULL;
    free(net->waits);
    net->waits = NULL;
    curl_global_cleanup();
}

const char *nts_net_version(void)
{
    return curl_version();
}
