/* What was asked of the API: a bounded log, exact counters, and the uncut record in a file. */
#include "sim_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim_state.h"

#define LOG_SIZE 20000

typedef struct entry_t {
    int64_t seq;
    sim_ms_t ms;
    int64_t took_us;
    int64_t fault;
    char *method, *path, *query, *request, *response, *token;
    const char *class;
    sim_id_t page;
    int status;
} entry_t;

static const char *const classes[] = {
    "users_me",        "users",       "database",         "data_source",  "data_source_update",
    "query",           "page_read",   "page_create",      "page_update",  "property_item",
    "search",          "blocks",      "blocks_append",    "body_read",    "body_update",
    "oauth_authorize", "oauth_token", "oauth_introspect", "oauth_revoke", "other"
};

#define NCLASSES (sizeof(classes) / sizeof(classes[0]))

static entry_t **entries SIM_STATE; /* LOG_SIZE, by seq modulo that; NULL: there was none yet */
static int64_t last_seq SIM_STATE, cleared_seq SIM_STATE, total SIM_STATE;
static int64_t by_class[NCLASSES] SIM_STATE, by_status[1000] SIM_STATE;

static void free_entry(entry_t *e)
{
    if (e) {
        free(e->method);
        free(e->path);
        free(e->query);
        free(e->request);
        free(e->response);
        free(e->token);
        free(e);
    }
}

/* at most the set number of bytes, and no split character */
static char *cut_body(const char *s, size_t len)
{
    size_t max = sim_set.log_bodies > 0 ? (size_t)sim_set.log_bodies : 0;

    if (len > max) {
        for (len = max; len > 0 && ((unsigned char)s[len] & 0xc0) == 0x80; len--) {
        }
    }
    return sim_mem_dup_n(s ? s : "", len);
}

void sim_log_add(const sim_req_t *q, sim_ms_t came_ms, int64_t took_us)
{
    entry_t *e = sim_mem_alloc(sizeof(*e)), **at;
    size_t i;

    e->seq = ++last_seq;
    e->ms = came_ms;
    e->took_us = took_us;
    e->fault = q->fault_id;
    e->method = sim_mem_dup(q->method);
    e->path = sim_mem_dup(q->path);
    e->query = sim_mem_dup(q->query);
    e->request = cut_body(q->body, q->body_len);
    e->response = sim_set.log_responses ? cut_body(q->out.s, q->out.len) : NULL;
    e->token = sim_mem_dup(q->token ? q->token->name : NULL);
    e->class = q->class;
    e->page = q->page_id;
    e->status = q->status;
    if (!entries) {
        entries = sim_mem_alloc(LOG_SIZE * sizeof(entry_t *));
    }
    at = &entries[e->seq % LOG_SIZE];
    free_entry(*at);
    *at = e;
    total++;
    for (i = 0; i < NCLASSES - 1 && strcmp(classes[i], q->class) != 0; i++) {
    }
    by_class[i]++;
    by_status[q->status > 0 && q->status < 1000 ? q->status : 0]++;
}

static void put_entry(sim_buf_t *b, const entry_t *e)
{
    sim_json_open(b, '{');
    sim_json_kint(b, "seq", e->seq);
    sim_json_kint(b, "ms", e->ms);
    sim_json_kint(b, "took_us", e->took_us);
    sim_json_kstr(b, "method", e->method);
    sim_json_kstr(b, "path", e->path);
    sim_json_kstr(b, "query", e->query);
    sim_json_kstr(b, "class", e->class);
    sim_json_kint(b, "status", e->status);
    sim_json_kstr(b, "token", e->token);
    if (sim_id_is_null(&e->page)) {
        sim_json_knull(b, "page");
    }
    else {
        sim_id_json(b, "page", &e->page);
    }
    sim_json_kstr(b, "request", e->request);
    if (e->response) {
        sim_json_kstr(b, "response", e->response);
    }
    if (e->fault) {
        sim_json_kint(b, "fault", e->fault);
    }
    sim_json_close(b, '}');
}

void sim_log_json(sim_buf_t *b, int64_t since, int64_t limit)
{
    int64_t seq = last_seq - LOG_SIZE + 1;

    if (seq <= since) {
        seq = since + 1;
    }
    sim_json_open(b, '{');
    sim_json_kint(b, "last", last_seq);
    sim_json_key(b, "log");
    sim_json_open(b, '[');
    for (; seq <= last_seq && limit > 0; seq++) {
        const entry_t *e = seq > 0 ? entries[seq % LOG_SIZE] : NULL;

        if (e && e->seq == seq) {
            put_entry(b, e);
            limit--;
        }
    }
    sim_json_close(b, ']');
    sim_json_close(b, '}');
}

void sim_log_counts_json(sim_buf_t *b)
{
    size_t i;
    char text[8];

    sim_json_open(b, '{');
    sim_json_kint(b, "total", total);
    sim_json_key(b, "classes");
    sim_json_open(b, '{');
    for (i = 0; i < NCLASSES; i++) {
        sim_json_kint(b, classes[i], by_class[i]);
    }
    sim_json_close(b, '}');
    sim_json_key(b, "status");
    sim_json_open(b, '{');
    for (i = 0; i < 1000; i++) {
        if (by_status[i]) {
            text[0] = (char)('0' + i / 100);
            text[1] = (char)('0' + i / 10 % 10);
            text[2] = (char)('0' + i % 10);
            text[3] = '\0';
            sim_json_kint(b, i ? text : "0", by_status[i]);
        }
    }
    sim_json_close(b, '}');
    sim_json_close(b, '}');
}

void sim_log_clear(void)
{
    int64_t seq = last_seq - LOG_SIZE > cleared_seq ? last_seq - LOG_SIZE : cleared_seq;

    while (++seq <= last_seq) {
        free_entry(entries[seq % LOG_SIZE]);
        entries[seq % LOG_SIZE] = NULL;
    }
    cleared_seq = last_seq;
    total = 0;
    memset(by_class, 0, sizeof(by_class));
    memset(by_status, 0, sizeof(by_status));
}

static void append_line(const char *file, sim_buf_t *b)
{
    int fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);

    sim_buf_str(b, "\n");
    if (fd >= 0) {
        /* one write, so that lines of several threads do not mix; a failure only loses the line */
        while (write(fd, b->s, b->len) < 0 && errno == EINTR) {
        }
        close(fd);
    }
    sim_buf_free(b);
}

static void put_body(sim_buf_t *b, const char *key, const char *s, size_t len)
{
    int err = 1;
    json_object *o = len ? sim_parse(s, len, &err) : NULL;

    sim_json_key(b, key);
    if (!len) {
        sim_json_null(b);
    }
    else if (!err && !memchr(s, '\n', len)) {
        sim_json_raw(b, s); /* as it was, numbers and all */
    }
    else if (!err) {
        sim_json_raw(b, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
                                                              JSON_C_TO_STRING_NOSLASHESCAPE));
    }
    else {
        sim_json_str_n(b, s, len);
    }
    json_object_put(o);
}

/* how the answer was spoilt on purpose, if it was */
static const char *spoilt(const sim_req_t *q)
{
    return q->ending == SIM_CUT        ? "cut"
           : q->ending == SIM_TRUNCATE ? "truncated"
           : q->bad_json               ? "not JSON"
                                       : NULL;
}

void sim_log_record_api(const char *file, const sim_req_t *q)
{
    sim_buf_t b = SIM_BUF_INIT;

    if (!*file) {
        return;
    }
    sim_json_open(&b, '{');
    sim_json_kstr(&b, "kind", "api");
    sim_json_kint(&b, "ms", q->came_ms);
    sim_json_kstr(&b, "agent", q->agent);
    sim_json_kstr(&b, "method", q->method);
    sim_json_kstr(&b, "path", q->path);
    sim_json_kstr(&b, "query", q->query);
    sim_json_kstr(&b, "token", q->bearer);
    sim_json_kstr(&b, "version", q->version);
    sim_json_kbool(&b, "json", q->body_is_json);
    sim_json_kint(&b, "status", q->ending == SIM_CUT ? 0 : q->status);
    sim_json_kstr(&b, "type", q->type);
    sim_json_kstr(&b, "spoilt", spoilt(q));
    put_body(&b, "request", q->body, q->body_len);
    put_body(&b, "response", q->out.s, q->out.len);
    sim_json_close(&b, '}');
    append_line(file, &b);
}

void sim_log_record_hook(const char *file, const char *url, long status, const char *signature,
                         const char *body, size_t len)
{
    sim_buf_t b = SIM_BUF_INIT;

    if (!*file) {
        return;
    }
    sim_json_open(&b, '{');
    sim_json_kstr(&b, "kind", "webhook");
    sim_json_kint(&b, "ms", sim_time_now());
    sim_json_kstr(&b, "url", url);
    sim_json_kint(&b, "status", status);
    sim_json_kstr(&b, "signature", signature);
    put_body(&b, "body", body, len);
    sim_json_close(&b, '}');
    append_line(file, &b);
}
