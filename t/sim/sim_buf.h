/* A growing text buffer and a JSON writer on it.  Memory is malloc'd; running out of it aborts the process. */
#ifndef SIM_BUF_H
#define SIM_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sim_buf_t {
    char *s; /* NUL-terminated once anything was added */
    size_t len;
    size_t cap;
} sim_buf_t;

#define SIM_BUF_INIT                                                                               \
    {                                                                                              \
        NULL, 0, 0                                                                                 \
    }

void *sim_mem_alloc(size_t size);
void *sim_mem_grow(void *p, size_t size);
char *sim_mem_dup(const char *s);
char *sim_mem_dup_n(const char *s, size_t len);

void sim_buf_free(sim_buf_t *b);
void sim_buf_add(sim_buf_t *b, const char *s, size_t len);
void sim_buf_str(sim_buf_t *b, const char *s);
void sim_buf_fmt(sim_buf_t *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sim_buf_vfmt(sim_buf_t *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* The JSON writer puts commas by itself: it looks at the last character written. */
void sim_json_open(sim_buf_t *b, char bracket);
void sim_json_close(sim_buf_t *b, char bracket);
void sim_json_key(sim_buf_t *b, const char *key);
void sim_json_str(sim_buf_t *b, const char *s); /* NULL is written as null */
void sim_json_str_n(sim_buf_t *b, const char *s, size_t len);
void sim_json_int(sim_buf_t *b, int64_t n);
void sim_json_bool(sim_buf_t *b, int flag);
void sim_json_null(sim_buf_t *b);
void sim_json_raw(sim_buf_t *b, const char *json); /* ready-made JSON */
void sim_json_num(sim_buf_t *b, double d);         /* as JavaScript prints numbers */

/* key and value in one call */
void sim_json_kstr(sim_buf_t *b, const char *key, const char *s);
void sim_json_kint(sim_buf_t *b, const char *key, int64_t n);
void sim_json_kbool(sim_buf_t *b, const char *key, int flag);
void sim_json_knull(sim_buf_t *b, const char *key);
void sim_json_kraw(sim_buf_t *b, const char *key, const char *json);

#endif
