/* The sender: one thread that delivers due events and lets time pass for the world. */
#include "sim_send.h"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_event.h"
#include "sim_log.h"
#include "sim_serve.h"

#define MAX_RESPONSE 65536

typedef struct transfer_t {
    sim_event_t *event;
    CURL *curl;
    struct curl_slist *headers;
    char *url;
    char *body;
    size_t len;
    char signature[72];
    long timeout_ms;
    char record[SIM_SETTING_TEXT_MAX];
    sim_buf_t response;
    int64_t begun_us;
} transfer_t;

static pthread_t thread;
static CURLM *multi;
static _Atomic int stopping;
static long in_flight;

static size_t take_response(char *data, size_t size, size_t n, void *ctx)
{
    sim_buf_t *b = ctx;

    if (b->len + size * n <= MAX_RESPONSE) {
        sim_buf_add(b, data, size * n);
    }
    return size * n;
}

static void set_up(CURL *c, const char *url, const char *body, size_t len,
                   struct curl_slist *headers, long timeout_ms, sim_buf_t *response)
{
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(c, CURLOPT_POST, 1L);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_response);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, response);
}

static struct curl_slist *base_headers(const char *signature)
{
    char line[SIM_SETTING_TEXT_MAX + 32];
    struct curl_slist *l;

    snprintf(line, sizeof(line), "Content-Type:%s%s", *sim_set.webhook_type ? " " : "",
             sim_set.webhook_type); /* libcurl sends none that is empty */
    l = curl_slist_append(NULL, line);
    l = curl_slist_append(l, "User-Agent: notion-webhooks");
    l = curl_slist_append(l, "Expect:");
    if (signature) {
        snprintf(line, sizeof(line), "X-Notion-Signature: %s", signature);
        l = curl_slist_append(l, line);
    }
    return l;
}

long sim_send_once(const char *url, const char *body, size_t len, const char *const *headers,
                   long timeout_ms, sim_buf_t *response, char *error)
{
    CURL *c = curl_easy_init();
    struct curl_slist *l = base_headers(NULL);
    CURLcode rc;
    long status = 0;

    for (; headers && *headers; headers++) {
        l = curl_slist_append(l, *headers);
    }
    set_up(c, url, body, len, l, timeout_ms, response);
    rc = curl_easy_perform(c);
    if (rc == CURLE_OK) {
        curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    }
    snprintf(error, 256, "%s", rc == CURLE_OK ? "" : curl_easy_strerror(rc));
    curl_slist_free_all(l);
    curl_easy_cleanup(c);
    return status;
}

/* with the world's lock held: copies all that the transfer needs */
static transfer_t *make_transfer(sim_event_t *e)
{
    transfer_t *t = sim_mem_alloc(sizeof(*t));

    t->event = e;
    t->url = sim_mem_dup(e->sub->url);
    t->body = sim_mem_dup_n(e->body, e->body_len);
    t->len = e->body_len;
    t->timeout_ms = (long)sim_set.webhook_timeout_ms;
    memcpy(t->record, sim_set.record, sizeof(t->record));
    sim_send_sign(t->signature, e->sub->secret, t->body, t->len);
    return t;
}

static void begin(transfer_t *t)
{
    t->curl = curl_easy_init();
    t->headers = base_headers(t->signature);
    t->begun_us = sim_time_mono_us();
    set_up(t->curl, t->url, t->body, t->len, t->headers, t->timeout_ms, &t->response);
    curl_easy_setopt(t->curl, CURLOPT_PRIVATE, t);
    curl_multi_add_handle(multi, t->curl);
    in_flight++;
}

static void free_transfer(transfer_t *t)
{
    curl_multi_remove_handle(multi, t->curl);
    curl_easy_cleanup(t->curl);
    curl_slist_free_all(t->headers);
    sim_buf_free(&t->response);
    free(t->url);
    free(t->body);
    free(t);
    in_flight--;
}

static void end(CURLMsg *msg)
{
    transfer_t *t = NULL;
    long status = 0;
    CURLcode rc = msg->data.result;
    const char *error = rc == CURLE_OK ? NULL : curl_easy_strerror(rc);
    int64_t took_ms;

    curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&t);
    if (rc == CURLE_OK) {
        curl_easy_getinfo(msg->easy_handle, CURLINFO_RESPONSE_CODE, &status);
    }
    took_ms = (sim_time_mono_us() - t->begun_us) / 1000;
    sim_log_record_hook(t->record, t->url, status, t->signature, t->body, t->len);
    sim_world_lock();
    sim_event_done(t->event, status, error, took_ms);
    sim_world_unlock();
    free_transfer(t);
}

/* starts what is due; how long until something else will be */
static int64_t begin_due(void)
{
    transfer_t *list[64];
    size_t n = 0, i;
    int64_t wait;
    sim_event_t *e;

    sim_world_lock();
    sim_serve_tick();
    while (n < 64 && in_flight + (long)n < sim_set.webhook_parallel &&
           (e = sim_event_take(sim_time_now())) != NULL) {
        list[n++] = make_transfer(e);
    }
    wait = sim_serve_due() - sim_time_now();
    if (in_flight + (long)n < sim_set.webhook_parallel && sim_event_due() - sim_time_now() < wait) {
        wait = sim_event_due() - sim_time_now();
    }
    sim_world_unlock();
    for (i = 0; i < n; i++) {
        begin(list[i]);
    }
    return wait;
}

static void *run(void *unused)
{
    int running, left;
    int64_t wait;
    CURLMsg *msg;

    (void)unused;
    while (!stopping) {
        wait = begin_due();
        curl_multi_perform(multi, &running);
        while ((msg = curl_multi_info_read(multi, &left)) != NULL) {
            if (msg->msg == CURLMSG_DONE) {
                end(msg);
                wait = 0;
            }
        }
        if (wait > 0) {
            curl_multi_poll(multi, NULL, 0, wait > 1000 ? 1000 : (int)wait, NULL);
        }
    }
    return NULL;
}

void sim_send_start(void)
{
    sigset_t all, old;

    curl_global_init(CURL_GLOBAL_ALL);
    multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 64L);
    stopping = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* signals are for httpd's own threads */
    if (pthread_create(&thread, NULL, run, NULL) != 0) {
        abort();
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void sim_send_stop(void)
{
    stopping = 1;
    curl_multi_wakeup(multi);
    pthread_join(thread, NULL);
}

void sim_send_wake(void)
{
    curl_multi_wakeup(multi);
}
