/* mns_serve.c - requests to the module's locations. */
#include <stdarg.h>
#include <string.h>

#include <httpd.h>
#include <http_core.h>
#include <http_log.h>

#include "httpd/mns_serve.h"

APLOG_USE_MODULE(notionsync);

#define BODY_PAUSE_MAX apr_time_from_sec(5)
#define BODY_TIME_MAX apr_time_from_sec(15)
#define BODY_CHUNK 16384

void mns_headers_set(request_rec *r)
{
    apr_table_t *out = r->headers_out;

    apr_table_setn(out, "Cache-Control", "no-store");
    apr_table_setn(out, "X-Content-Type-Options", "nosniff");
    apr_table_setn(out, "Referrer-Policy", "same-origin");
    apr_table_setn(out, "X-Frame-Options", "DENY");
}

int mns_answer(request_rec *r, int status, const char *fmt, ...)
{
    const char *text;
    va_list list;

    va_start(list, fmt);
    text = apr_pvsprintf(r->pool, fmt, list);
    va_end(list);
    /* What is left of a body that nobody wants would be taken for the next request. */
    if (status >= 400) {
        r->connection->keepalive = AP_CONN_CLOSE;
    }
    r->status = status;
    mns_headers_set(r);
    apr_table_setn(r->headers_out, "Content-Security-Policy", "default-src 'none'");
    ap_set_content_type(r, "text/plain; charset=utf-8");
    ap_rvputs(r, text, "\n", NULL);
    return OK;
}

/* ---- bodies ---- */

typedef struct body_t {
    char *bytes;
    apr_size_t len;
    apr_size_t size; /* room, without the final NUL */
} body_t;

static void make_room(body_t *body, apr_size_t max, apr_pool_t *p)
{
    apr_size_t size = body->size * 2 > max + 1 ? max + 1 : body->size * 2;
    char *bytes = apr_palloc(p, size + 1);

    memcpy(bytes, body->bytes, body->len);
    body->bytes = bytes;
    body->size = size;
}

static int read_all(body_t *body, request_rec *r, apr_size_t max)
{
    apr_time_t end = apr_time_now() + BODY_TIME_MAX;

    for (;;) {
        long n;

        if (body->len == body->size) {
            make_room(body, max, r->pool);
        }
        n = ap_get_client_block(r, body->bytes + body->len, body->size - body->len);
        if (n == 0) {
            body->bytes[body->len] = '\0';
            return OK;
        }
        if (n < 0) {
            return apr_time_now() >= end ? HTTP_REQUEST_TIME_OUT : HTTP_BAD_REQUEST;
        }
        body->len += (apr_size_t)n;
        if (body->len > max) {
            return HTTP_REQUEST_ENTITY_TOO_LARGE;
        }
        if (apr_time_now() > end) {
            return HTTP_REQUEST_TIME_OUT;
        }
    }
}

int mns_body_read(char **bytes, apr_size_t *len, request_rec *r, apr_size_t max)
{
    apr_socket_t *socket = ap_get_conn_socket(r->connection);
    apr_interval_time_t before = -1;
    body_t body = { NULL, 0, 0 };
    int status = ap_setup_client_block(r, REQUEST_CHUNKED_DECHUNK);

    *bytes = NULL;
    *len = 0;
    if (status != OK) {
        return status;
    }
    if (r->remaining > (apr_off_t)max) {
        return HTTP_REQUEST_ENTITY_TOO_LARGE;
    }
    body.size = r->remaining > 0 ? (apr_size_t)r->remaining + 1 : BODY_CHUNK;
    body.bytes = apr_palloc(r->pool, body.size + 1);
    body.bytes[0] = '\0';
    if (ap_should_client_block(r)) {
        /* mod_reqtimeout may be absent (D60). */
        if (socket && apr_socket_timeout_get(socket, &before) == APR_SUCCESS &&
            (before < 0 || before > BODY_PAUSE_MAX)) {
            (void)apr_socket_timeout_set(socket, BODY_PAUSE_MAX);
        }
        status = read_all(&body, r, max);
        if (socket && before != -1) {
            (void)apr_socket_timeout_set(socket, before);
        }
    }
    *bytes = body.bytes;
    *len = body.len;
    return status;
}

/* ---- addresses ---- */

const char *mns_rest_of(const request_rec *r, const mns_dir_t *dir)
{
    const char *rest = strrchr(r->uri, '/');

    if (!ap_is_matchexp(dir->path)) {
        apr_size_t len = strlen(dir->path);

        len -= len > 0 && dir->path[len - 1] == '/';
        rest = strncmp(r->uri, dir->path, len) == 0 ? r->uri + len : NULL;
    }
    return rest && *rest == '/' && !strchr(rest + 1, '/') ? rest + 1 : NULL;
}

int mns_service_number(const mns_core_t *core, const nts_service_t *service)
{
    int i;

    for (i = 0; i < core->setup.service_count; i++) {
        if (core->setup.services[i] == service) {
            return i;
        }
    }
    return -1;
}

/* ---- dispatch ---- */

/* Chosen by the <Location> alone: what SetHandler says in a .htaccess makes no difference. */
int mns_serve(request_rec *r)
{
    const mns_dir_t *dir = ap_get_module_config(r->per_dir_config, &notionsync_module);
    mns_core_t *core;

    if (dir->serve == MNS_SERVE_NOTHING) {
        return DECLINED;
    }
    core = mns_core_get(r->server);
    if (!core) {
        return mns_answer(r, HTTP_NOT_FOUND, "No NotionSyncService is configured in this server.");
    }
    if (!core->child) {
        return mns_answer(r, HTTP_SERVICE_UNAVAILABLE,
                          "This server process could not be set up; see "
                          "its error log.");
    }
    if (dir->serve == MNS_SERVE_HOOK) {
        return mns_intake_serve(r, dir, core->child);
    }
    if (dir->serve == MNS_SERVE_FILE) {
        return mns_file_serve(r, dir, core->child);
    }
    if (dir->serve == MNS_SERVE_OAUTH) {
        return mns_install_serve(r, dir, core->child);
    }
    return r->method_number == M_POST ? mns_actions_serve(r, core->child)
                                      : mns_status_serve(r, core->child);
}
