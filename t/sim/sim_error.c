/* Errors as the API words them. */
#include "sim_error.h"

#include <stdarg.h>
#include <string.h>

void sim_fail_free(sim_fail_t *f)
{
    sim_buf_free(&f->message);
    sim_buf_free(&f->extra);
}

static int is_shape(const sim_fail_t *f)
{
    return f->status && f->message.s && strncmp(f->message.s, "body failed", 11) == 0;
}

void sim_fail_shape(sim_fail_t *f, const char *fmt, ...)
{
    va_list ap;

    if (is_shape(f) || (f->status && f->status != 400)) {
        return;
    }
    f->status = 400;
    f->code = "validation_error";
    f->message.len = 0;
    sim_buf_str(&f->message, "body failed validation: ");
    va_start(ap, fmt);
    sim_buf_vfmt(&f->message, fmt, ap);
    va_end(ap);
}

void sim_fail_should(sim_fail_t *f, const char *path, const char *should, json_object *is,
                     int present)
{
    const char *text = !present ? "undefined"
                                : json_object_to_json_string_ext(
                                      is, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

    sim_fail_shape(f, "%s should be %s, instead was `%.200s%s`.", path, should, text,
                   strlen(text) > 200 ? "..." : "");
}

void sim_fail_meaning(sim_fail_t *f, const char *fmt, ...)
{
    va_list ap;

    if (is_shape(f) || (f->status && f->status != 400)) {
        return;
    }
    if (f->message.len) {
        sim_buf_str(&f->message, " ");
    }
    f->status = 400;
    f->code = "validation_error";
    va_start(ap, fmt);
    sim_buf_vfmt(&f->message, fmt, ap);
    va_end(ap);
}

void sim_fail_set(sim_fail_t *f, int status, const char *code, const char *fmt, ...)
{
    va_list ap;

    if (f->status) {
        return;
    }
    f->status = status;
    f->code = code;
    va_start(ap, fmt);
    sim_buf_vfmt(&f->message, fmt, ap);
    va_end(ap);
}

void sim_fail_missing(sim_fail_t *f, const char *kind, const sim_id_t *id, const char *integration)
{
    char text[SIM_ID_TEXT];

    sim_id_format(text, id);
    sim_fail_set(f, 404, "object_not_found",
                 "Could not find %s with ID: %s. Make sure the relevant pages and databases "
                 "are shared with your integration \"%s\".",
                 kind, text, integration);
}

typedef struct usual_t {
    int status;
    const char *code;
    const char *message;
} usual_t;

static const usual_t usual[] = {
    { 400, "validation_error", "body failed validation." },
    { 401, "unauthorized", "API token is invalid." },
    { 403, "restricted_resource", "API token does not have access to this resource." },
    { 404, "object_not_found",
      "Could not find object with ID. Make sure the relevant pages and databases are shared "
      "with your integration." },
    { 409, "conflict_error", "Conflict occurred while saving. Please try again." },
    { 413, "validation_error", "The request body is too large." },
    { 429, "rate_limited", "You have been rate limited. Please try again in a few minutes." },
    { 500, "internal_server_error", "Unexpected error occurred." },
    { 502, "bad_gateway", "Bad Gateway" },
    { 503, "service_unavailable", "Notion is unavailable, please try again later." },
    { 504, "gateway_timeout", "Gateway Timeout" },
    { 529, "service_overload", "Notion is overloaded. Please try again later." },
    { 0, "internal_server_error", "Unexpected error occurred." }
};

static const usual_t *usual_of(int status)
{
    const usual_t *u;

    for (u = usual; u->status && u->status != status; u++) {
    }
    return u;
}

const char *sim_error_code(int status)
{
    return usual_of(status)->code;
}

const char *sim_error_message(int status)
{
    return usual_of(status)->message;
}

void sim_error_json(sim_buf_t *b, int status, const char *code, const char *message,
                    const char *extra, const char *request_id)
{
    sim_json_open(b, '{');
    sim_json_kstr(b, "object", "error");
    sim_json_kint(b, "status", status);
    sim_json_kstr(b, "code", code ? code : sim_error_code(status));
    sim_json_kstr(b, "message", message ? message : sim_error_message(status));
    if (extra && *extra) {
        sim_json_kraw(b, "additional_data", extra);
    }
    sim_json_kstr(b, "request_id", request_id);
    sim_json_close(b, '}');
}
