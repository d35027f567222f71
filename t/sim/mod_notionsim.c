/* mod_notionsim: hosts the Notion simulator in an httpd of its own.  This file is all that knows httpd. */
#include <httpd.h>

#include <ap_mpm.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_connection.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>

#include <string.h>

#include "sim_block.h"
#include "sim_send.h"
#include "sim_serve.h"

#define MAX_BODY (256 * 1024 * 1024)

static int read_body(request_rec *r, sim_buf_t *body)
{
    char chunk[65536];
    long n;
    int rc = ap_setup_client_block(r, REQUEST_CHUNKED_DECHUNK);

    if (rc != OK) {
        return rc;
    }
    if (ap_should_client_block(r)) {
        while ((n = ap_get_client_block(r, chunk, sizeof(chunk))) > 0) {
            if (body->len + (size_t)n > MAX_BODY) {
                return HTTP_REQUEST_ENTITY_TOO_LARGE;
            }
            sim_buf_add(body, chunk, (size_t)n);
        }
        if (n < 0) {
            return HTTP_BAD_REQUEST;
        }
    }
    return OK;
}

/* ends the connection as a crashed server or a broken line would */
static void cut_connection(request_rec *r)
{
    apr_socket_t *s = ap_get_conn_socket(r->connection);

    r->connection->keepalive = AP_CONN_CLOSE;
    r->connection->aborted = 1;
    if (s) {
        apr_socket_shutdown(s, APR_SHUTDOWN_READWRITE);
    }
}

static void send_answer(request_rec *r, const sim_req_t *q)
{
    size_t len = q->out.len;
    char *date;

    r->status = q->status;
    if (q->status == 529) {
        r->status_line = "529 Service Overloaded";
    }
    ap_set_content_type(r, apr_pstrdup(r->pool, q->type));
    if (!q->no_request_id) {
        apr_table_setn(r->headers_out, "x-notion-request-id", apr_pstrdup(r->pool, q->request_id));
    }
    apr_table_setn(r->headers_out, "cf-ray", "8f1d0a5c2b7e4d31-FRA");
    if (q->location) {
        apr_table_setn(r->headers_out, "Location", apr_pstrdup(r->pool, q->location));
    }
    if (q->retry_after >= 0) {
        apr_table_setn(r->headers_out, "Retry-After", apr_itoa(r->pool, q->retry_after));
    }
    /* httpd leaves a Date alone in what it takes for a proxy's answer */
    date = apr_palloc(r->pool, APR_RFC822_DATE_LEN);
    apr_rfc822_date(date, apr_time_from_msec(sim_time_now()));
    apr_table_setn(r->headers_out, "Date", date);
    r->proxyreq = PROXYREQ_REVERSE;
    ap_set_content_length(r, (apr_off_t)len);
    if (q->ending == SIM_TRUNCATE) {
        len /= 2;
    }
    if (len) {
        ap_rwrite(q->out.s, (int)len, r);
    }
    if (q->ending == SIM_TRUNCATE) {
        ap_rflush(r);
        cut_connection(r);
    }
}

static int handle_request(request_rec *r)
{
    sim_buf_t body = SIM_BUF_INIT;
    const char *auth, *type, *path, *mark;
    sim_req_t *q;
    int rc;

    if (!r->handler || strcmp(r->handler, "notionsim") != 0) {
        return DECLINED;
    }
    rc = read_body(r, &body);
    if (rc != OK) {
        sim_buf_free(&body);
        return rc;
    }
    path = r->unparsed_uri; /* r->uri is decoded already */
    mark = strchr(path, '?');
    auth = apr_table_get(r->headers_in, "Authorization");
    type = apr_table_get(r->headers_in, "Content-Type");
    q = sim_req_make(
        r->method, mark ? apr_pstrmemdup(r->pool, path, (apr_size_t)(mark - path)) : path,
        mark ? mark + 1 : NULL, auth && strncasecmp(auth, "Bearer ", 7) == 0 ? auth + 7 : NULL,
        apr_table_get(r->headers_in, "Notion-Version"), body.s, body.len,
        (type && strncasecmp(type, "application/json", 16) == 0) ||
            strncmp(path, "/_control", 9) == 0);
    sim_buf_free(&body);
    q->basic = sim_mem_dup(auth && strncasecmp(auth, "Basic ", 6) == 0 ? auth + 6 : NULL);
    q->agent = sim_mem_dup(apr_table_get(r->headers_in, "User-Agent"));
    sim_block_serve(q);
    if (q->ending == SIM_CUT) {
        cut_connection(r);
    }
    else {
        send_answer(r, q);
    }
    sim_req_free(q);
    return OK;
}

static apr_status_t stop_sender(void *unused)
{
    (void)unused;
    sim_send_stop();
    return APR_SUCCESS;
}

static void init_child(apr_pool_t *p, server_rec *s)
{
    ap_log_error(APLOG_MARK, APLOG_DEBUG, 0, s, "notionsim: a new world");
    sim_world_lock();
    sim_serve_reset(NULL);
    sim_world_unlock();
    sim_send_start();
    /* before any sub-pool goes: the thread must not outlive what it uses */
    apr_pool_pre_cleanup_register(p, NULL, stop_sender);
}

static void register_hooks(apr_pool_t *p)
{
    (void)p;
    ap_hook_child_init(init_child, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(handle_request, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(notionsim) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks, AP_MODULE_FLAG_NONE
};
