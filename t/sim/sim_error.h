/* Errors as the API words them. */
#ifndef SIM_ERROR_H
#define SIM_ERROR_H

#include "sim_buf.h"
#include "sim_util.h"

/* what is wrong with a request; the first shape error counts alone, others are joined into one message */
typedef struct sim_fail_t {
    int status; /* 0: nothing is wrong */
    const char *code;
    sim_buf_t message;
    sim_buf_t extra; /* additional_data as JSON, if any */
    int is_oauth;    /* also in the words of RFC 6749 */
} sim_fail_t;

#define SIM_FAIL_INIT                                                                              \
    {                                                                                              \
        0, NULL, SIM_BUF_INIT, SIM_BUF_INIT, 0                                                     \
    }

void sim_fail_free(sim_fail_t *f);
/* "body failed validation: …" */
void sim_fail_shape(sim_fail_t *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "path should be X, instead was `value`."; what is there may be NULL with present 0 (undefined) or 1 (null) */
void sim_fail_should(sim_fail_t *f, const char *path, const char *should, json_object *is,
                     int present);
/* a sentence about the meaning, after those already there */
void sim_fail_meaning(sim_fail_t *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* any other error; replaces nothing that is already there */
void sim_fail_set(sim_fail_t *f, int status, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* kind: page, database, data_source, user, block */
void sim_fail_missing(sim_fail_t *f, const char *kind, const sim_id_t *id, const char *integration);

/* the official body of a status, with its usual code and message where those are NULL */
const char *sim_error_code(int status);
const char *sim_error_message(int status);
void sim_error_json(sim_buf_t *b, int status, const char *code, const char *message,
                    const char *extra, const char *request_id);

#endif
