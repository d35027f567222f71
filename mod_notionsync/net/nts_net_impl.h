/* nts_net_impl.h - what nts_net.c and nts_transfer.c share; for no one else. */
#ifndef NTS_NET_IMPL_H
#define NTS_NET_IMPL_H

#include <sys/types.h>

#include <apr_tables.h>
#include <curl/curl.h>

#include "net/nts_net.h"

typedef struct nts_transfer_t nts_transfer_t;

struct nts_net_t {
    CURLM *multi;
    const nts_clock_t *clock;
    const char *user_agent;
    const char *proxy;
    const char *ca_file;
    pid_t pid;                 /* handles inherited over a fork must not be touched (D41) */
    nts_transfer_t *running;   /* inside libcurl */
    nts_transfer_t *refused;   /* never given to libcurl; answered by the next poll */
    int active;                /* in either list */
    apr_array_header_t *idle;  /* CURL *: easy handles to use again */
    struct curl_waitfd *waits; /* malloc'ed */
    int wait_size;
    apr_pool_t *p;
};

struct nts_transfer_t {
    nts_net_t *net;
    nts_transfer_t *next;
    nts_transfer_t **back; /* what points to this one; NULL: in no list */
    const nts_http_request_t *request;
    nts_net_done_fn *done;
    void *baton;
    apr_pool_t *p;
    CURL *easy;
    struct curl_slist *headers_sent;
    char error[CURL_ERROR_SIZE];
    const char *broken_off; /* why we ended it ourselves */
    int sends;              /* times libcurl was about to send the request */
    char *body;             /* malloc'ed: it may grow large */
    apr_size_t body_size;
    apr_size_t header_bytes;
    apr_array_header_t *headers; /* nts_http_header_t */
    nts_http_answer_t answer;
};

/** Make x->easy ready to send x->request. NULL, or why that may not be done. */
const char *nts_transfer_prepare(nts_transfer_t *x);
/** Fill in x->answer, for the result that libcurl gave. */
void nts_transfer_conclude(nts_transfer_t *x, CURLcode code);

#endif /* NTS_NET_IMPL_H */
