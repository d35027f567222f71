/* A growing text buffer and a JSON writer on it. */
#include "sim_buf.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *sim_mem_alloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);

    if (!p) {
        abort();
    }
    return p;
}

void *sim_mem_grow(void *p, size_t size)
{
    void *n = realloc(p, size ? size : 1);

    if (!n) {
        abort();
    }
    return n;
}

char *sim_mem_dup_n(const char *s, size_t len)
{
    char *d = sim_mem_alloc(len + 1);

    memcpy(d, s, len);
    return d;
}

char *sim_mem_dup(const char *s)
{
    return s ? sim_mem_dup_n(s, strlen(s)) : NULL;
}

void sim_buf_free(sim_buf_t *b)
{
    free(b->s);
    b->s = NULL;
    b->len = b->cap = 0;
}

static void make_room(sim_buf_t *b, size_t len)
{
    if (b->len + len + 1 > b->cap) {
        size_t cap = b->cap ? b->cap : 256;

        while (cap < b->len + len + 1) {
            cap *= 2;
        }
        b->s = sim_mem_grow(b->s, cap);
        b->cap = cap;
    }
}

void sim_buf_add(sim_buf_t *b, const char *s, size_t len)
{
    make_room(b, len);
    if (len) {
        memcpy(b->s + b->len, s, len);
    }
    b->len += len;
    b->s[b->len] = '\0';
}

void sim_buf_str(sim_buf_t *b, const char *s)
{
    sim_buf_add(b, s, strlen(s));
}

void sim_buf_vfmt(sim_buf_t *b, const char *fmt, va_list ap)
{
    va_list again;
    int n;

    make_room(b, 256);
    va_copy(again, ap);
    n = vsnprintf(b->s + b->len, b->cap - b->len, fmt, ap);
    if (n < 0) {
        abort();
    }
    if ((size_t)n >= b->cap - b->len) {
        make_room(b, (size_t)n);
        vsnprintf(b->s + b->len, b->cap - b->len, fmt, again);
    }
    va_end(again);
    b->len += (size_t)n;
}

void sim_buf_fmt(sim_buf_t *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    sim_buf_vfmt(b, fmt, ap);
    va_end(ap);
}

/* a comma, unless this is the first thing in its bracket or follows a key */
static void put_comma(sim_buf_t *b)
{
    char last = b->len ? b->s[b->len - 1] : '[';

    if (last != '{' && last != '[' && last != ':') {
        sim_buf_add(b, ",", 1);
    }
}

void sim_json_open(sim_buf_t *b, char bracket)
{
    put_comma(b);
    sim_buf_add(b, &bracket, 1);
}

void sim_json_close(sim_buf_t *b, char bracket)
{
    sim_buf_add(b, &bracket, 1);
}

void sim_json_str_n(sim_buf_t *b, const char *s, size_t len)
{
    size_t i, from = 0;

    put_comma(b);
    sim_buf_add(b, "\"", 1);
    for (i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];

        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        sim_buf_add(b, s + from, i - from);
        from = i + 1;
        switch (c) {
        case '"':
            sim_buf_str(b, "\\\"");
            break;
        case '\\':
            sim_buf_str(b, "\\\\");
            break;
        case '\n':
            sim_buf_str(b, "\\n");
            break;
        case '\r':
            sim_buf_str(b, "\\r");
            break;
        case '\t':
            sim_buf_str(b, "\\t");
            break;
        default:
            sim_buf_fmt(b, "\\u%04x", c);
            break;
        }
    }
    sim_buf_add(b, s + from, len - from);
    sim_buf_add(b, "\"", 1);
}

void sim_json_str(sim_buf_t *b, const char *s)
{
    if (s) {
        sim_json_str_n(b, s, strlen(s));
    }
    else {
        sim_json_null(b);
    }
}

void sim_json_key(sim_buf_t *b, const char *key)
{
    sim_json_str(b, key);
    sim_buf_add(b, ":", 1);
}

void sim_json_raw(sim_buf_t *b, const char *json)
{
    put_comma(b);
    sim_buf_str(b, json);
}

void sim_json_int(sim_buf_t *b, int64_t n)
{
    put_comma(b);
    sim_buf_fmt(b, "%lld", (long long)n);
}

void sim_json_bool(sim_buf_t *b, int flag)
{
    sim_json_raw(b, flag ? "true" : "false");
}

void sim_json_null(sim_buf_t *b)
{
    sim_json_raw(b, "null");
}

/* ECMAScript's Number::toString: the shortest digits that read back, an exponent only beyond 1e21 and 1e-6 */
void sim_json_num(sim_buf_t *b, double d)
{
    char sci[40], digits[32];
    int prec, exp10, n = 0, i;
    const char *p;

    put_comma(b);
    if (d == 0 || !isfinite(d)) {
        sim_buf_str(b, isfinite(d) ? "0" : "null");
        return;
    }
    for (prec = 0; prec < 17; prec++) {
        snprintf(sci, sizeof(sci), "%.*e", prec, d);
        if (strtod(sci, NULL) == d) {
            break;
        }
    }
    p = sci;
    if (*p == '-') {
        sim_buf_add(b, "-", 1);
        p++;
    }
    for (; *p && *p != 'e'; p++) {
        if (*p != '.') {
            digits[n++] = *p;
        }
    }
    exp10 = (int)strtol(p + 1, NULL, 10);
    if (exp10 >= 21 || exp10 < -6) {
        sim_buf_add(b, digits, 1);
        if (n > 1) {
            sim_buf_add(b, ".", 1);
            sim_buf_add(b, digits + 1, (size_t)(n - 1));
        }
        sim_buf_fmt(b, "e%+d", exp10);
    }
    else if (exp10 < 0) {
        sim_buf_str(b, "0.");
        for (i = -1; i > exp10; i--) {
            sim_buf_add(b, "0", 1);
        }
        sim_buf_add(b, digits, (size_t)n);
    }
    else {
        for (i = 0; i < n || i <= exp10; i++) {
            if (i == exp10 + 1) {
                sim_buf_add(b, ".", 1);
            }
            sim_buf_add(b, i < n ? digits + i : "0", 1);
        }
    }
}

void sim_json_kstr(sim_buf_t *b, const char *key, const char *s)
{
    sim_json_key(b, key);
    sim_json_str(b, s);
}

void sim_json_kint(sim_buf_t *b, const char *key, int64_t n)
{
    sim_json_key(b, key);
    sim_json_int(b, n);
}

void sim_json_kbool(sim_buf_t *b, const char *key, int flag)
{
    sim_json_key(b, key);
    sim_json_bool(b, flag);
}

void sim_json_knull(sim_buf_t *b, const char *key)
{
    sim_json_key(b, key);
    sim_json_null(b);
}

void sim_json_kraw(sim_buf_t *b, const char *key, const char *json)
{
    sim_json_key(b, key);
    sim_buf_str(b, json);
}
