/* One request to the simulator and its answer: its parts and parameters. */
#include "sim_req.h"

#include <stdlib.h>
#include <string.h>

#include "sim_limits.h"

static void split_path(sim_req_t *q)
{
    const char *p = q->path;

    while (*p && q->nseg < SIM_SEGMENTS) {
        size_t n;

        p += strspn(p, "/");
        n = strcspn(p, "/");
        if (n) {
            char *s = sim_percent_decode(p, n, 0);

            q->seg[q->nseg++] = s ? s : sim_mem_dup("%");
        }
        p += n;
    }
}

sim_req_t *sim_req_make(const char *method, const char *path, const char *query, const char *bearer,
                        const char *version, const char *body, size_t body_len, int body_is_json)
{
    sim_req_t *q = sim_mem_alloc(sizeof(*q));

    q->method = sim_mem_dup(method);
    q->path = sim_mem_dup(path);
    q->query = sim_mem_dup(query ? query : "");
    q->bearer = sim_mem_dup(bearer);
    q->version = sim_mem_dup(version);
    q->body = sim_mem_dup_n(body ? body : "", body_len);
    q->body_len = body_len;
    q->body_is_json = body_is_json;
    q->class = "other";
    q->type = "application/json; charset=utf-8";
    q->retry_after = -1;
    q->status = 200;
    split_path(q);
    if (body_len && body_is_json) {
        q->json = sim_parse(q->body, body_len, &q->json_bad);
    }
    return q;
}

sim_req_t *sim_req_copy(const sim_req_t *q)
{
    sim_req_t *copy = sim_req_make(q->method, q->path, q->query, q->bearer, q->version, q->body,
                                   q->body_len, q->body_is_json);

    copy->basic = sim_mem_dup(q->basic);
    copy->agent = sim_mem_dup(q->agent);
    copy->ctx = q->ctx;
    return copy;
}

void sim_req_free(sim_req_t *q)
{
    int i;

    for (i = 0; i < q->nseg; i++) {
        free(q->seg[i]);
    }
    free(q->method);
    free(q->path);
    free(q->query);
    free(q->bearer);
    free(q->basic);
    free(q->location);
    free(q->version);
    free(q->agent);
    free(q->body);
    json_object_put(q->json);
    sim_fail_free(&q->fail);
    sim_buf_free(&q->out);
    free(q);
}

size_t sim_req_params(const sim_req_t *q, const char *name, char ***list)
{
    const char *p = q->query;
    size_t n = 0;

    *list = NULL;
    while (*p) {
        size_t len = strcspn(p, "&"), klen = strcspn(p, "=&");
        char *key = sim_percent_decode(p, klen, 1);
        size_t nlen = strlen(name);

        if (key && strncmp(key, name, nlen) == 0 &&
            (key[nlen] == '\0' || strcmp(key + nlen, "[]") == 0)) {
            char *val =
                klen < len ? sim_percent_decode(p + klen + 1, len - klen - 1, 1) : sim_mem_dup("");

            if (val) {
                *list = sim_mem_grow(*list, (n + 1) * sizeof(**list));
                (*list)[n++] = val;
            }
        }
        free(key);
        p += len + (p[len] == '&');
    }
    return n;
}

void sim_req_params_free(char **list, size_t n)
{
    while (n > 0) {
        free(list[--n]);
    }
    free(list);
}

char *sim_req_param(const sim_req_t *q, const char *name)
{
    char **list, *first;
    size_t n = sim_req_params(q, name, &list);

    first = n ? sim_mem_dup(list[0]) : NULL;
    sim_req_params_free(list, n);
    return first;
}

int64_t sim_req_int(const sim_req_t *q, const char *name, int64_t def)
{
    char *s = sim_req_param(q, name), *end;
    int64_t n = def;

    if (s && *s) {
        n = strtoll(s, &end, 10);
        if (*end) {
            n = def;
        }
    }
    free(s);
    return n;
}

int sim_req_is_old(const sim_req_t *q)
{
    return sim_req_is_first(q) || (q->version && strcmp(q->version, "2025-09-03") == 0);
}

int sim_req_is_first(const sim_req_t *q)
{
    return q->version && strcmp(q->version, "2022-06-28") == 0;
}

void sim_req_view(const sim_req_t *q, sim_view_t *view)
{
    memset(view, 0, sizeof(*view));
    view->token = q->token;
    view->old_version = sim_req_is_old(q);
    view->limit = (size_t)sim_set.reference_limit;
    view->nonly = sim_req_params(q, "filter_properties", &view->only);
}

void sim_view_free(sim_view_t *view)
{
    sim_req_params_free(view->only, view->nonly);
    view->only = NULL;
}

int sim_req_known(sim_req_t *q, const char *const *known)
{
    if (q->json && !sim_is(q->json, json_type_object)) {
        sim_fail_should(&q->fail, "body", "an object", q->json, 1);
        return 0;
    }
    if (q->json) {
        json_object_object_foreach(q->json, key, val)
        {
            if (!sim_text_in(key, known)) {
                sim_fail_shape(&q->fail, "body.%.100s should be not present, instead was `%.200s`.",
                               key, json_object_to_json_string_ext(val, JSON_C_TO_STRING_PLAIN));
                return 0;
            }
        }
    }
    return 1;
}

static int check_size(sim_req_t *q, const char *where, double n, int64_t *page_size)
{
    if (n != (double)(int64_t)n || n < 1) {
        sim_fail_shape(&q->fail, "%s.page_size should be ≥ `1`, instead was `%g`.", where, n);
        return 0;
    }
    if (n > SIM_MAX_PAGE_SIZE) {
        sim_fail_shape(&q->fail, "%s.page_size should be ≤ `%d`, instead was `%g`.", where,
                       SIM_MAX_PAGE_SIZE, n);
        return 0;
    }
    *page_size = (int64_t)n;
    return 1;
}

int sim_req_paging(sim_req_t *q, int64_t *page_size, char **cursor)
{
    json_object *v;
    double n;
    char *s, *end;

    *page_size = SIM_MAX_PAGE_SIZE;
    *cursor = NULL;
    if (strcmp(q->method, "POST") == 0) {
        if (sim_member(q->json, "page_size", &v)) {
            if (!sim_number(v, &n)) {
                sim_fail_should(&q->fail, "body.page_size", "a number or `undefined`", v, 1);
                return 0;
            }
            if (!check_size(q, "body", n, page_size)) {
                return 0;
            }
        }
        if (sim_member(q->json, "start_cursor", &v)) {
            if (!sim_is(v, json_type_string)) {
                sim_fail_should(&q->fail, "body.start_cursor", "a string or `undefined`", v, 1);
                return 0;
            }
            *cursor = sim_mem_dup(json_object_get_string(v));
        }
        return 1;
    }
    s = sim_req_param(q, "page_size");
    if (s) {
        n = strtod(s, &end);
        if (*end || !check_size(q, "query", n, page_size)) {
            sim_fail_shape(&q->fail, "query.page_size should be a number, instead was `\"%.40s\"`.",
                           s);
            free(s);
            return 0;
        }
        free(s);
    }
    *cursor = sim_req_param(q, "start_cursor");
    return 1;
}
